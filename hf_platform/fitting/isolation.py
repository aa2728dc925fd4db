"""One bad model never harms the batch: the single place that catches every exception.

A family reports trouble with one series as a value. What it did not foresee (a library raising on a
degenerate window) lands here: the batch is halved until the culprit stands alone and becomes a
`FitFailure` with status `error`; all others are fitted as if it had not been there.

In a worker process each call is also held to a time limit (`fitting.limits`). A batch may take as long
as one model may, since batches are cut to a few seconds; one that takes longer is done again model by
model, so that each has the whole limit to itself. In a thread of the platform's own process there is
no limit: compiled code cannot be interrupted from outside.
"""

import logging
from collections.abc import Callable, Sequence
from typing import Literal, TypeVar

from hf_platform.fitting.limits import NO_GUARD, Guard, ModelTimeout
from hf_platform.models.base import FitFailure, FitTask, Fitted, ModelFamily, OriginSet, Status
from hf_platform.types import ForecastDistribution

T = TypeVar("T")
R = TypeVar("R")
_LOG = logging.getLogger(__name__)


def fit_isolated(family: ModelFamily, tasks: Sequence[FitTask], guard: Guard = NO_GUARD) -> list[Fitted | FitFailure]:
    """Fit every task, in order; whatever one of them raises is its own `FitFailure`."""

    def blame(task: FitTask, error: Exception | ModelTimeout) -> FitFailure:
        return _failure(task, "fit", error, guard)

    # The tasks of a panel share one net: halving them would train it again, to fail again.
    return _dividing(family.fit_many, tasks, blame, guard, can_split=family.scope == "series")


def forecast_isolated(
    family: ModelFamily, fitted: Sequence[Fitted], origins: Sequence[OriginSet], guard: Guard = NO_GUARD
) -> list[ForecastDistribution | FitFailure]:
    """Forecast every fit, in order; whatever one of them raises is its own `FitFailure`."""

    def call(batch: Sequence[tuple[Fitted, OriginSet]]) -> list[ForecastDistribution | FitFailure]:
        return family.forecast_many([fit for fit, _ in batch], [asked for _, asked in batch])

    def blame(item: tuple[Fitted, OriginSet], error: Exception | ModelTimeout) -> FitFailure:
        return _failure(item[0].task, "forecast", error, guard)

    return _dividing(call, list(zip(fitted, origins, strict=True)), blame, guard)


def _dividing(
    call: Callable[[Sequence[T]], list[R]],
    items: Sequence[T],
    blame: Callable[[T, Exception | ModelTimeout], R],
    guard: Guard,
    *,
    can_split: bool = True,
) -> list[R]:
    if not items:
        return []
    is_one = len(items) == 1 or not can_split
    try:
        with guard.armed():
            return call(items)
    except ModelTimeout as error:
        if is_one:
            return [blame(item, error) for item in items]
        size = 1  # by halves, a model that hangs would cost its time limit at each level
    except Exception as error:  # noqa: BLE001  # any error of one model must become a row, see the module's text
        if is_one:
            return [blame(item, error) for item in items]
        size = -(-len(items) // 2)
    parts = [items[start : start + size] for start in range(0, len(items), size)]
    return [found for part in parts for found in _dividing(call, part, blame, guard, can_split=can_split)]


def _failure(
    task: FitTask, stage: Literal["fit", "forecast"], error: Exception | ModelTimeout, guard: Guard
) -> FitFailure:
    _LOG.warning("%s %s: %s raised %s: %s", task.key, task.variant, stage, type(error).__name__, error)
    if isinstance(error, ModelTimeout):
        return FitFailure(task, Status.TIMEOUT, stage, str(error), type(error).__name__, seconds=error.seconds)
    reason = f"{type(error).__name__}: {error}"
    if isinstance(error, MemoryError) and guard is not NO_GUARD:
        reason += ". A worker's limit is HFP_WORKER_MEMORY_GB, or memory of the family in HFP_PLACEMENT."
    return FitFailure(task=task, status=Status.ERROR, stage=stage, reason=reason, error=type(error).__name__)
