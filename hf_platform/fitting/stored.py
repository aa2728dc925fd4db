"""What the lake already holds of a plan: models that were tried, and origins that were forecast."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import numpy as np

from hf_platform.fitting.chunk import Work
from hf_platform.fitting.plan import PlannedModel
from hf_platform.fitting.states import load_net, load_state
from hf_platform.lake import Lake
from hf_platform.models.base import FitTask, Fitted, ModelFamily, Status
from hf_platform.types import IntArray

_TRIED: Final = """
    SELECT model_id, bool_or(status = 'ok') AS is_ok, arg_max(status, created_at) AS status,
           arg_max(reason, created_at) AS reason
    FROM models.ledger
    WHERE family = $family AND instrument IN (SELECT unnest($instruments))
    GROUP BY model_id"""
_LAST: Final = """
    SELECT model_id, max(forecast_origin) AS last_origin
    FROM models.forecasts
    WHERE family = $family AND instrument IN (SELECT unnest($instruments))
    GROUP BY model_id"""
_ORIGINS: Final = """
    SELECT model_id, list(forecast_origin) AS origins
    FROM models.forecasts
    WHERE family = $family AND instrument IN (SELECT unnest($instruments))
      AND model_id IN (SELECT unnest($models))
    GROUP BY model_id"""
_FITS: Final = """
    SELECT model_id, any_value(params_json) AS params_json, any_value(state_uri) AS state_uri
    FROM models.ledger
    WHERE status = 'ok' AND family = $family AND instrument IN (SELECT unnest($instruments))
      AND model_id IN (SELECT unnest($models))
    GROUP BY model_id"""


@dataclass(frozen=True, slots=True)
class Tried:
    """How an earlier run ended with a model: its newest ledger row."""

    is_ok: bool
    status: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class Stored:
    """What the lake holds for some instruments of a family.

    Parameters
    ----------
    tried : dict of str to Tried
        By model id.
    last_origin : dict of str to datetime
        Newest forecast origin by model id.
    origins : dict of str to set of datetime
        All forecast origins of the models of the newest anchors.
    """

    tried: dict[str, Tried] = field(default_factory=dict[str, Tried])
    last_origin: dict[str, datetime] = field(default_factory=dict[str, datetime])
    origins: dict[str, set[datetime]] = field(default_factory=dict[str, set[datetime]])


def look_up(store: Lake, family: str, instruments: Sequence[str], newest: Sequence[str]) -> Stored:
    """Read what is stored; `newest` names the models of the newest anchors."""
    params: dict[str, object] = {"family": family, "instruments": list(instruments)}
    tried = store.query(_TRIED, params)
    if tried.height == 0:
        return Stored()
    origins = store.query(_ORIGINS, params | {"models": list(newest)})
    return Stored(
        tried={model: Tried(is_ok, status, reason) for model, is_ok, status, reason in tried.iter_rows()},
        last_origin=dict(store.query(_LAST, params).iter_rows()),
        origins={model: set(times) for model, times in origins.iter_rows()},
    )


def missing_origins(planned: PlannedModel, stored: Stored) -> IntArray:
    """Find the origins of a fitted model that still want a forecast.

    The model of an older anchor has written its origins in order, so only later ones can be missing;
    the newest anchor's are compared one by one, since a run with an older `as_of` asks for others.
    """
    times = planned.task.series.event_at[planned.origins]
    model = planned.task.model_id
    if planned.is_newest and model in stored.origins:
        known = np.array(sorted(stored.origins[model]), dtype="datetime64[us]")
        return planned.origins[~np.isin(times, known)]
    last = stored.last_origin.get(model)
    return planned.origins if last is None else planned.origins[times > np.datetime64(last, "us")]


def load_fits(store: Lake, family: ModelFamily, works: Sequence[Work]) -> list[Work]:
    """Load the fits of models that were fitted before; one whose files are gone is fitted again."""
    if not works:
        return []
    rows = store.query(
        _FITS,
        {
            "family": family.name,
            "instruments": sorted({work.planned.task.key.instrument for work in works}),
            "models": [work.planned.task.model_id for work in works],
        },
    )
    found = {model: (params, uri) for model, params, uri in rows.iter_rows()}
    loaded = [_load(store, family, work.planned.task, *found[work.planned.task.model_id]) for work in works]
    return [Work(w.planned, w.origins, fit, is_new=fit is None) for w, fit in zip(works, loaded, strict=True)]


def load_nets(store: Lake, family: ModelFamily, works: Sequence[Work]) -> list[Work]:
    """Load the nets of new models of a panel family that a run for other keys has trained already."""
    nets: dict[str, dict[str, bytes] | None] = {}
    loaded: list[Work] = []
    for work in works:
        task = work.planned.task
        if task.panel is None:
            loaded.append(work)
            continue
        net = task.panel.net_id
        if net not in nets:
            nets[net] = load_net(store.settings, family.name, net)
        state = nets[net]
        is_member = any(member.series is task.series for member in task.panel.members)
        fitted = None if state is None or not is_member else family.from_state(task, state)
        loaded.append(Work(work.planned, work.origins, fitted, is_new=True))
    return loaded


def _load(store: Lake, family: ModelFamily, task: FitTask, params_json: str, state_uri: str | None) -> Fitted | None:
    state = load_state(store.settings, params_json, state_uri)
    return None if state is None else family.from_state(task, state)


def is_failed(tried: Tried) -> bool:
    """Tell whether an earlier run left a model without a usable fit."""
    return not tried.is_ok and tried.status != Status.SKIPPED
