"""Forecasts taken apart: the newest one of each key, as rows of `models.decompositions`."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from hf_platform.fitting.frames import ModelResult
from hf_platform.fitting.tally import bar_time
from hf_platform.models.base import Decomposable, ModelFamily, Parts

if TYPE_CHECKING:
    import polars as pl


def decomposition_frame(
    family: ModelFamily, results: Sequence[ModelResult], created_at: datetime
) -> "pl.DataFrame | None":
    """Take apart the newest forecast of each newest model; None where the family cannot, or nothing is new."""
    if not isinstance(family, Decomposable):
        return None
    rows = [row for result in results for row in _rows(family, result, created_at)]
    if not rows:
        return None
    import polars as pl

    return pl.DataFrame(rows, infer_schema_length=None)


def _rows(family: Decomposable, result: ModelResult, created_at: datetime) -> Iterator[dict[str, object]]:
    planned, fitted = result.planned, result.fitted
    if fitted is None or not planned.is_newest or result.forecast is None:
        return
    task, index = planned.task, int(result.origins[-1])
    common: dict[str, object] = {
        "model_id": task.model_id,
        "family": getattr(family, "name", ""),
        "variant": task.variant,
        "instrument": task.key.instrument,
        "horizon": task.key.horizon,
        "forecast_origin": bar_time(task.series, index),
        "created_at": created_at,
    }
    for step, component, value in _values(family.decompose(fitted, task.series, index)):
        yield common | {"step": step, "component": component, "value": value}


def _values(parts: Parts) -> Iterator[tuple[int, str, float]]:
    for component, past in parts.past.items():
        for step, value in enumerate(past.tolist(), 1 - past.size):
            yield step, component, value
    for component, ahead in parts.ahead.items():
        for step, value in enumerate(ahead.tolist(), 1):
            yield step, component, value
