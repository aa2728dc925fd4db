"""Baselines: what any return forecast has to beat."""

import time
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np

from hf_platform.models.base import FitFailure, FitTask, Fitted, OriginSet, Schedule
from hf_platform.models.checks import bad_returns, data_failure
from hf_platform.models.series_family import DEPENDENCIES, OneByOneFamily
from hf_platform.models.supervised import MIN_ROWS, residual_distribution, residual_params
from hf_platform.types import FloatArray, ForecastDistribution

_SCHEDULE: Final = Schedule(
    minimum={"1d": 250, "1w": 104, "1mo": 72, "*": 250},
    window={"1d": 2000, "1w": 1040, "1mo": 360, "*": 2000},
    every={"1d": 500, "1w": 104, "1mo": 24, "*": 500},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineFamily(OneByOneFamily):
    """Three forecasts without a model, each with the errors that it made in the training window.

    `random_walk`: the price stays, so the return is zero. `historical_mean`: the price drifts as it did
    on average in the window. `naive`: the return over the last `n_bars` bars repeats itself.
    """

    name: str = "baseline"
    kind: Literal["return"] = "return"
    description: str = (
        "What any forecast has to beat: a random walk of the price, its historical drift, and the last return "
        "repeated (Hyndman and Athanasopoulos 2021, Forecasting: Principles and Practice, 3rd ed., section 5.2). "
        "Spread and tails are those of each one's errors in the training window."
    )
    variants: tuple[str, ...] = ("random_walk", "historical_mean", "naive")
    schedule: Schedule = _SCHEDULE
    dependencies: tuple[str, ...] = (*DEPENDENCIES, "hf_platform.models.supervised")

    def spec(self, variant: str) -> dict[str, object]:
        """Give the name, which says everything."""
        return {"variant": variant}

    def fit_one(self, task: FitTask) -> Fitted | FitFailure:
        """Collect the errors of a baseline in its window."""
        return _fit(task)

    def forecast_one(self, fitted: Fitted, origins: OriginSet) -> ForecastDistribution:
        """Forecast without parameters, but for the drift."""
        return _forecast(fitted, origins)


def _fit(task: FitTask) -> Fitted | FitFailure:
    began = time.perf_counter()
    failure = bad_returns(task)
    if failure is not None:
        return failure
    n_bars = task.horizon.n_bars
    returns = task.series.log_return[task.start : task.stop]
    if returns.size - 2 * n_bars < min(MIN_ROWS, _SCHEDULE.minimum["1mo"] // 2):
        return data_failure(task, f"errors of {n_bars} bars need more bars than {returns.size}. Load more history.")
    total = _totals(returns, n_bars)
    drift = n_bars * float(returns.mean())
    forecasts = {"random_walk": 0.0, "historical_mean": drift, "naive": total[:-n_bars]}
    errors = total[n_bars:] - forecasts[task.variant]
    return Fitted(
        task=task,
        params={"drift": drift, **residual_params(errors, 1)},
        n_obs=returns.size,
        score=float(np.square(errors).mean() / np.square(total[n_bars:]).mean()),
        seconds=time.perf_counter() - began,
    )


def _totals(returns: FloatArray, n_bars: int) -> FloatArray:
    # Not a difference of running sums: each total must depend on its own bars alone.
    return np.lib.stride_tricks.sliding_window_view(returns, n_bars).sum(axis=1)


def _forecast(fitted: Fitted, origins: OriginSet) -> ForecastDistribution:
    params: dict[str, Any] = fitted.params
    n_bars, variant = fitted.task.horizon.n_bars, fitted.task.variant
    mean = np.full(origins.indices.shape, params["drift"] if variant == "historical_mean" else 0.0)
    if variant == "naive":
        mean = _totals(origins.series.log_return, n_bars)[origins.indices + 1 - n_bars]
    return residual_distribution(mean, params)


FAMILY: Final = BaselineFamily()
