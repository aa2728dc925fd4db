"""One chunk of work: fit what is new, forecast what is asked; runs anywhere, touches no lake."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from hf_platform.fitting.executors import Trouble
from hf_platform.fitting.frames import ModelResult
from hf_platform.fitting.isolation import fit_isolated, forecast_isolated
from hf_platform.fitting.limits import NO_GUARD, Guard
from hf_platform.fitting.parcels import BareTask, Shelf, bare, dress, strip
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
    """Some work of one family: a `Batch` of an executor."""

    family: ModelFamily
    works: Sequence[Work]

    def __len__(self) -> int:
        """Count the models."""
        return len(self.works)

    def run(self) -> list[ModelResult]:
        """Fit and forecast here; one result for each work, in order."""
        return run_chunk(self)

    def pack(self, shelf: Shelf) -> "ChunkParcel":
        """Leave the series on the shelf."""
        tasks = strip([work.planned.task for work in self.works], shelf)
        return ChunkParcel(self.family, tasks, tuple(_bare_work(work) for work in self.works))

    def restore(self, results: Sequence[ModelResult]) -> list[ModelResult]:
        """Put this chunk's own tasks back into results that travelled without."""
        return [_dressed(result, work.planned) for result, work in zip(results, self.works, strict=True)]

    def divide(self, *, fully: bool) -> "list[Chunk]":
        """Cut into a few parts, or into single models. One net of a panel is one fit, however many keys ask for it."""
        if self.family.scope == "panel" or len(self.works) < 2:
            return [self]
        size = 1 if fully else -(-len(self.works) // PARTS)
        return [Chunk(self.family, self.works[at : at + size]) for at in range(0, len(self.works), size)]

    def blame(self, trouble: Trouble) -> list[ModelResult]:
        """Give each model a failure with the reason why its process ended."""
        return [_blamed(work, trouble) for work in self.works]


@dataclass(frozen=True, slots=True, eq=False)
class ChunkParcel:
    """A chunk whose series lie on a shelf."""

    family: ModelFamily
    tasks: tuple[BareTask, ...]
    works: tuple[Work, ...]

    def code(self) -> str:
        """Version of the family's code where this runs."""
        from hf_platform.fitting.fit_grid import family_code_version

        return family_code_version(self.family)

    def run(self, guard: Guard) -> list[ModelResult]:
        """Fit and forecast in a worker; results without series."""
        works = [
            replace(
                work,
                planned=replace(work.planned, task=task),
                fitted=None if work.fitted is None else replace(work.fitted, task=task),
            )
            for work, task in zip(self.works, dress(self.tasks), strict=True)
        ]
        results = run_chunk(Chunk(self.family, works), guard)
        return [_dressed(result, work.planned) for result, work in zip(results, self.works, strict=True)]


PARTS: Final = 8  # each death costs a process that has to start again: fewer of them than by halves
_STATUS: Final = {"crash": Status.ERROR, "memory": Status.ERROR, "timeout": Status.TIMEOUT}
_ERROR: Final = {"crash": "WorkerDied", "memory": "OutOfMemory", "timeout": "ModelTimeout"}


def _bare_work(work: Work) -> Work:
    task = bare(work.planned.task)
    fitted = None if work.fitted is None else replace(work.fitted, task=task)
    return replace(work, planned=replace(work.planned, task=task), fitted=fitted)


def _dressed(result: ModelResult, planned: PlannedModel) -> ModelResult:
    """Give a result the tasks of a plan; which with series is the caller's choice."""
    fitted, failure = result.fitted, result.failure
    return replace(
        result,
        planned=planned,
        fitted=None if fitted is None else replace(fitted, task=planned.task),
        failure=None if failure is None else replace(failure, task=planned.task),
    )


def _blamed(work: Work, trouble: Trouble) -> ModelResult:
    stage = "fit" if work.fitted is None else "forecast"
    failure = FitFailure(work.planned.task, _STATUS[trouble.kind], stage, trouble.words, _ERROR[trouble.kind])
    none = np.empty(0, dtype=np.int64)
    return ModelResult(work.planned, work.fitted, work.fitted is None or work.is_new, failure, none, None)


def run_chunk(chunk: Chunk, guard: Guard = NO_GUARD) -> list[ModelResult]:
    """Fit and forecast a chunk; one result for each work, in order."""
    family, works = chunk.family, chunk.works
    new = [work for work in works if work.fitted is None]
    outcomes = iter(fit_isolated(family, [work.planned.task for work in new], guard))
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
    forecasts = forecast_isolated(family, [fit for fit, _ in asked], [origins for _, origins in asked], guard)
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
