"""One chunk of work: fit what is new, forecast what is asked; runs anywhere, touches no lake."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hf_platform.fitting.frames import ModelResult
from hf_platform.fitting.isolation import fit_isolated, forecast_isolated
from hf_platform.fitting.plan import PlannedModel
from hf_platform.models.base import FitFailure, Fitted, ModelFamily, OriginSet, Status
from hf_platform.models.checks import data_failure
from hf_platform.types import ForecastDistribution, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Work:
    """One model with something left to do.

    Parameters
    ----------
    planned : PlannedModel
    origins : int64 array, shape (n_origins,)
        Bars to forecast, increasing.
    fitted : Fitted or None
        A fit of an earlier run; None to fit now.
    is_new : bool
        Whether the ledger has no row of this model yet; also true for the first forecasts of a key
        from a panel's net that another key had trained.
    """

    planned: PlannedModel
    origins: IntArray
    fitted: Fitted | None = None
    is_new: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Chunk:
    """Some work of one family."""

    family: ModelFamily
    works: Sequence[Work]


def run_chunk(chunk: Chunk) -> list[ModelResult]:
    """Fit and forecast a chunk; one result for each work, in order."""
    family, works = chunk.family, chunk.works
    new = [work for work in works if work.fitted is None]
    outcomes = iter(fit_isolated(family, [work.planned.task for work in new]))
    fits = [work.fitted if work.fitted is not None else next(outcomes) for work in works]
    asked: list[tuple[Fitted, OriginSet]] = []
    gaps: list[FitFailure | None] = []
    for work, fit in zip(works, fits, strict=True):
        if isinstance(fit, FitFailure) or fit.status is not Status.OK:
            gaps.append(fit if isinstance(fit, FitFailure) else None)
            continue
        origins = OriginSet(work.planned.task.series, work.origins)
        usable = family.usable_origins(fit, origins)
        gaps.append(None if usable.all() else _gap(fit, origins, work.origins[~usable]))
        if usable.any():
            asked.append((fit, OriginSet(origins.series, work.origins[usable])))
    forecasts = forecast_isolated(family, [fit for fit, _ in asked], [origins for _, origins in asked])
    by_model = {
        fit.task.model_id: (origins.indices, forecast)
        for (fit, origins), forecast in zip(asked, forecasts, strict=True)
    }
    return [_result(work, fit, gap, by_model) for work, fit, gap in zip(works, fits, gaps, strict=True)]


def _result(
    work: Work,
    fit: Fitted | FitFailure,
    gap: FitFailure | None,
    by_model: dict[str, tuple[IntArray, ForecastDistribution | FitFailure]],
) -> ModelResult:
    none = np.empty(0, dtype=np.int64)
    if isinstance(fit, FitFailure):
        return ModelResult(work.planned, None, is_new=True, failure=fit, origins=none, forecast=None)
    is_new = work.is_new
    indices, forecast = by_model.get(work.planned.task.model_id, (none, None))
    if isinstance(forecast, FitFailure) or forecast is None:
        return ModelResult(work.planned, fit, is_new, forecast or gap, none, None)
    return ModelResult(work.planned, fit, is_new, gap, indices, forecast)


def _gap(fit: Fitted, origins: OriginSet, missing: IntArray) -> FitFailure:
    first = str(origins.series.event_at[missing[0]])[:19]
    failure = data_failure(
        fit.task,
        f"every input must be known at a forecast origin, found a gap at {missing.size} of {origins.indices.size} "
        f"origins, the first at {first}. Clean the bars or rebuild the features.",
    )
    return FitFailure(failure.task, failure.status, "forecast", failure.reason)
