"""Champions: parameters that a search found best, and the anchors that may use them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np

from hf_platform.lake import Lake
from hf_platform.types import GridKey

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
