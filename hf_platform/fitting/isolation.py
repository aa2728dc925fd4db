"""One bad model never harms the batch: the single place that catches every exception.

A family reports trouble with one series as a value. What it did not foresee (a library raising on a
degenerate window) lands here: the batch is halved until the culprit stands alone and becomes a
`FitFailure` with status `error`; all others are fitted as if it had not been there.

There is no time limit in a thread of this process: compiled code cannot be interrupted from
outside. An executor with worker processes can and should set one.
"""

import logging
from collections.abc import Callable, Sequence
from typing import Literal, TypeVar

from hf_platform.models.base import FitFailure, FitTask, Fitted, ModelFamily, OriginSet, Status
from hf_platform.types import ForecastDistribution

T = TypeVar("T")
R = TypeVar("R")
_LOG = logging.getLogger(__name__)


def fit_isolated(family: ModelFamily, tasks: Sequence[FitTask]) -> list[Fitted | FitFailure]:
    """Fit every task, in order; whatever one of them raises is its own `FitFailure`."""

    def blame(task: FitTask, error: Exception) -> FitFailure:
        return _failure(task, "fit", error)

    # The tasks of a panel share one net: halving them would train it again, to fail again.
    return _halving(family.fit_many, tasks, blame, can_split=family.scope == "series")


def forecast_isolated(
    family: ModelFamily, fitted: Sequence[Fitted], origins: Sequence[OriginSet]
) -> list[ForecastDistribution | FitFailure]:
    """Forecast every fit, in order; whatever one of them raises is its own `FitFailure`."""

    def call(batch: Sequence[tuple[Fitted, OriginSet]]) -> list[ForecastDistribution | FitFailure]:
        return family.forecast_many([fit for fit, _ in batch], [asked for _, asked in batch])

    def blame(item: tuple[Fitted, OriginSet], error: Exception) -> FitFailure:
        return _failure(item[0].task, "forecast", error)

    return _halving(call, list(zip(fitted, origins, strict=True)), blame)


def _halving(
    call: Callable[[Sequence[T]], list[R]],
    items: Sequence[T],
    blame: Callable[[T, Exception], R],
    *,
    can_split: bool = True,
) -> list[R]:
    if not items:
        return []
    try:
        return call(items)
    except Exception as error:  # noqa: BLE001  # any error of one model must become a row, see the module's text
        if len(items) == 1 or not can_split:
            return [blame(item, error) for item in items]
    middle = len(items) // 2
    return _halving(call, items[:middle], blame) + _halving(call, items[middle:], blame)


def _failure(task: FitTask, stage: Literal["fit", "forecast"], error: Exception) -> FitFailure:
    _LOG.warning("%s %s: %s raised %s: %s", task.key, task.variant, stage, type(error).__name__, error)
    reason = f"{type(error).__name__}: {error}"
    return FitFailure(task=task, status=Status.ERROR, stage=stage, reason=reason, error=type(error).__name__)
