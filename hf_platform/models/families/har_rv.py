"""HAR-RV: daily, weekly and monthly averages of realised variance, from the range of each bar."""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

from hf_platform.models.base import FitFailure, FitTask, Fitted, OriginSet, Schedule, Status
from hf_platform.models.checks import bad_returns, data_failure, features_known
from hf_platform.models.series_family import DEPENDENCIES, OneByOneFamily
from hf_platform.models.supervised import standard_shape
from hf_platform.types import BoolArray, FloatArray, ForecastDistribution

if TYPE_CHECKING:
    from hf_platform.volatility.har import HarFit

_FEATURE: Final = "range_variance"
_LOOKBACKS: Final = (1, 5, 22)
_MOST_MISSING: Final = 0.05  # share of bars without a range that carry the last one's
_MIN_BARS: Final = 100
_SCHEDULE: Final = Schedule(
    minimum={"1d": 500, "1w": 260, "1mo": 120, "*": 500},
    window={"1d": 1000, "1w": 520, "1mo": 240, "*": 1000},
    every={"1d": 250, "1w": 52, "1mo": 12, "*": 500},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class HarRvFamily(OneByOneFamily):
    """Heterogeneous autoregression of the logarithm of realised variance.

    The variance of a bar is Parkinson's, from its high and low; a ratio estimated in the window brings
    it to the scale of close-to-close returns, which also hold the gap between bars. Shape and tails are
    those of the window's returns over their own forecast volatility.
    """

    name: str = "har_rv"
    kind: Literal["volatility"] = "volatility"
    description: str = (
        "Realised variance regressed on its own averages over 1, 5 and 22 bars, on the log scale (Corsi 2009, Journal "
        "of Financial Econometrics 7, 174-196). The variance of a bar comes from its high and low (Parkinson 1980, "
        "Journal of Business 53, 61-65); where a source has closes only the family does not apply and is skipped."
    )
    variants: tuple[str, ...] = ("har-range",)
    feature_names: tuple[str, ...] = (_FEATURE,)
    schedule: Schedule = _SCHEDULE
    dependencies: tuple[str, ...] = (*DEPENDENCIES, "hf_platform.models.supervised", "hf_platform.volatility.har")

    def spec(self, variant: str) -> dict[str, object]:
        """Lookbacks and the measure of variance."""
        return {"variant": variant, "lookbacks": list(_LOOKBACKS), "scale": "log", "features": [_FEATURE]}

    def fit_one(self, task: FitTask) -> Fitted | FitFailure:
        """Fit one task by least squares."""
        return _fit(task)

    def usable_origins(self, fitted: Fitted, origins: OriginSet) -> BoolArray:
        """Mark the origins whose own bar has a range."""
        return features_known(self.feature_names, origins)

    def forecast_one(self, fitted: Fitted, origins: OriginSet) -> ForecastDistribution:
        """Forecast the variance of each bar of the horizon and add up."""
        return _forecast(fitted, origins)


def _variances(features: FloatArray, names: tuple[str, ...]) -> FloatArray:
    """Variance of each bar; a bar without a range carries the last one's forward, NaN before the first."""
    column = features[:, names.index(_FEATURE)]
    known = np.isfinite(column) & (column > 0)
    last = np.maximum.accumulate(np.where(known, np.arange(column.size), -1))
    return np.where(last >= 0, column[last], np.nan)


def _fit(task: FitTask) -> Fitted | FitFailure:
    from hf_platform.volatility import har

    began = time.perf_counter()
    failure = bad_returns(task)
    if failure is not None:
        return failure
    window = task.series.features[task.start : task.stop]
    missing = float(np.mean(~(window[:, task.series.feature_names.index(_FEATURE)] > 0)))
    if missing > _MOST_MISSING:
        status = Status.SKIPPED if missing == 1.0 else Status.BAD_DATA
        reason = f"HAR-RV needs the high and low of each bar, found none in {missing:.0%} of the window."
        return FitFailure(task=task, status=status, stage="data", reason=reason)
    if window.shape[0] < _MIN_BARS:
        return data_failure(task, f"HAR-RV needs {_MIN_BARS} bars, found {window.shape[0]}. Load more history.")
    returns = task.series.log_return[task.start : task.stop]
    variance = _variances(window, task.series.feature_names)
    first = int(np.flatnonzero(np.isfinite(variance))[0])
    variance, returns = variance[first:], returns[first:]
    ratio = float(np.square(returns).mean() / variance.mean())
    fitted = har.fit(variance, har.HarSpec(lookbacks=_LOOKBACKS))
    origins = np.arange(_LOOKBACKS[-1] - 1, returns.size - 1, dtype=np.int64)
    one_bar = np.sqrt(ratio * har.forecast(fitted, variance, origins, 1)[:, 0])
    return Fitted(
        task=task,
        params={
            "coefficients": fitted.coefficients.tolist(),
            "residual_variance": fitted.residual_variance,
            "floor": fitted.floor,
            "ratio": ratio,
            **standard_shape(returns[origins + 1] / one_bar),
        },
        n_obs=fitted.n_obs,
        score=fitted.residual_variance,
        seconds=time.perf_counter() - began,
    )


def _forecast(fitted: Fitted, origins: OriginSet) -> ForecastDistribution:
    from hf_platform.volatility import har

    params: dict[str, Any] = fitted.params
    variance = _variances(origins.series.features, origins.series.feature_names)
    steps = har.forecast(_of(params), variance, origins.indices, fitted.task.horizon.n_bars)
    volatility = np.sqrt(params["ratio"] * steps.sum(axis=1))
    zero = np.zeros(volatility.shape)
    return ForecastDistribution(
        mean=zero,
        volatility=volatility,
        quantiles=volatility[:, None] * np.array(params["shape_quantiles"]),
        tail_means=volatility[:, None] * np.array(params["shape_tail_means"]),
    )


def _of(params: dict[str, Any]) -> "HarFit":
    from hf_platform.volatility.har import HarFit, HarSpec

    coefficients: FloatArray = np.array(params["coefficients"], dtype=np.float64)
    return HarFit(
        HarSpec(lookbacks=_LOOKBACKS), coefficients, params["residual_variance"], params["floor"], float("nan"), 0
    )


FAMILY: Final = HarRvFamily()
