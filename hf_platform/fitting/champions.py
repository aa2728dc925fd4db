"""Champions: what searches found, as rows of the lake, and the anchors that may use it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import numpy as np

from hf_platform.fitting.tune import Search, as_rows
from hf_platform.lake import Lake
from hf_platform.models.base import FitTask, ModelFamily
from hf_platform.models.identity import content_hash
from hf_platform.types import GridKey

EVERYONE: Final = "*"  # the instrument of a search whose net serves all
_NEWEST: Final = """
    SELECT instrument, horizon, variant, searched_until, is_champion, params_json
    FROM models.tuned_parameters
    WHERE family = $family AND instrument IN (SELECT unnest($instruments)) AND as_of <= $as_of
    QUALIFY row_number() OVER (
        PARTITION BY instrument, horizon, variant, searched_until ORDER BY as_of DESC, created_at DESC) = 1
    ORDER BY searched_until"""


@dataclass(frozen=True, slots=True)
class Champion:
    """What one search of one variant of a key ended with.

    Parameters
    ----------
    variant : str
    searched_until : datetime
        Last bar that the search read, UTC.
    tuned : dict
        Parameters that beat the family's own; empty where none did.
    """

    variant: str
    searched_until: datetime
    tuned: Mapping[str, object]


def search_row(
    family: ModelFamily,
    task: FitTask,
    found: Search,
    *,
    instrument: str,
    searched_until: datetime,
    as_of: datetime,
    sampler: str,
    n_asked: int,
    data_version: str,
    code: str,
    snapshot: int,
) -> dict[str, object]:
    """Write one search down as a row of `models.tuned_parameters`.

    Parameters
    ----------
    family : ModelFamily
    task : FitTask
        What was searched for: its variant, horizon and seed.
    found : Search
    instrument : str
        `EVERYONE` where one net serves all.
    searched_until : datetime
        Last moment that the search read, UTC.
    as_of : datetime
    sampler : str
    n_asked : int
        Points that the user asked for.
    data_version, code : str
    snapshot : int
        Of the lake that was read.
    """
    best = found.best(family.kind)
    return {
        "tuning_id": content_hash(task.model_id, str(as_of), str(n_asked), str(task.seed), code),
        "family": family.name,
        "variant": task.variant,
        "instrument": instrument,
        "horizon": task.key.horizon,
        "searched_until": searched_until,
        "as_of": as_of,
        "params_json": json.dumps(dict(best.params)),
        "score": best.score,
        "default_score": found.default.score,
        "is_champion": best is not found.default,
        "sampler": sampler,
        "n_trials": len(found.trials),
        "trials_json": json.dumps(as_rows(found)),
        "seed": task.seed,
        "data_version": data_version,
        "code_version": code,
        "lake_snapshot": snapshot,
        "created_at": datetime.now(UTC).replace(tzinfo=None),
    }


def read_champions(
    store: Lake, family: str, keys: Sequence[GridKey], as_of: datetime
) -> dict[GridKey, tuple[Champion, ...]]:
    """Read the searches of some keys that were known at `as_of`, oldest first."""
    params: dict[str, object] = {
        "family": family,
        "instruments": sorted({key.instrument for key in keys}),
        "as_of": as_of,
    }
    found: dict[GridKey, list[Champion]] = {}
    for instrument, horizon, variant, until, is_champion, params_json in store.query(_NEWEST, params).iter_rows():
        tuned: Mapping[str, object] = json.loads(params_json) if is_champion else {}
        found.setdefault(GridKey(instrument, horizon), []).append(Champion(variant, until, tuned))
    return {key: tuple(champions) for key, champions in found.items()}


def tuned_at(champions: Sequence[Champion], variant: str, anchor: np.datetime64) -> Mapping[str, object]:
    """Give the parameters that a model with this anchor may use.

    A search saw the returns up to `searched_until`: a model of an earlier anchor that used its outcome
    would know its own future, and its backtest would flatter it.
    """
    known = [
        champion
        for champion in champions
        if champion.variant == variant and np.datetime64(champion.searched_until, "us") <= anchor
    ]
    return known[-1].tuned if known else {}
