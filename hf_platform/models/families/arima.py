"""ARIMA: orders chosen by AICc on log returns; filtered exactly between refits."""

import threading
import time
import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, Literal

import numpy as np

from hf_platform.errors import ConfigError
from hf_platform.models.base import FitFailure, FitTask, Fitted, OriginSet, Schedule, Status
from hf_platform.models.checks import bad_returns, check_batch, data_failure
from hf_platform.models.series_family import DEPENDENCIES, SeriesFamily
from hf_platform.types import PROBABILITIES, FloatArray, ForecastDistribution, IntArray

_MIN_BARS: Final = 100
# The filter of warnings belongs to the whole process, and most of a fit holds the interpreter's lock anyway.
_ONE_AT_A_TIME: Final = threading.Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class ArimaSpec:
    """Largest orders. Log returns are the first difference of the log price: the d of its ARIMA is 1."""

    max_p: int = 1
    max_q: int = 1

    def __post_init__(self) -> None:
        """Check the ranges."""
        if not (0 <= self.max_p <= 5 and 0 <= self.max_q <= 5):
            raise ConfigError(f"ARIMA takes orders 0 to 5, found {self.max_p} and {self.max_q}. Change the spec.")


# AutoARIMA is slow, and orders of returns hardly change: a refit every eight years, filtered exactly in between.
_SCHEDULE: Final = Schedule(
    minimum={"1d": 1000, "1w": 260, "1mo": 120, "*": 1000},
    window={"1d": 1000, "1w": 520, "1mo": 240, "*": 1000},
    every={"1d": 2000, "1w": 416, "1mo": 96, "*": 2000},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArimaFamily(SeriesFamily):
    """ARMA with a mean for log returns; horizons of one frequency share a fit.

    Between refits the innovations are filtered with parameters held fixed. The return over the horizon
    is the sum of the forecast returns; its variance adds up the cumulated impulse responses.
    """

    spec_: ArimaSpec = ArimaSpec()
    name: str = "arima"
    kind: Literal["return"] = "return"
    description: str = (
        "ARIMA(p,1,q) with drift for the log price, orders by AICc (Hyndman and Khandakar 2008, Automatic Time Series "
        "Forecasting, Journal of Statistical Software 27(3)) as in statsforecast; refitted every 2000 daily bars and "
        "filtered exactly in between. Normal intervals from the cumulated impulse responses."
    )
    variants: tuple[str, ...] = ("auto",)
    schedule: Schedule = _SCHEDULE
    dependencies: tuple[str, ...] = (
        *DEPENDENCIES,
        "hf_platform.volatility.distributions",
        "hf_platform.volatility.specification",
        "statsforecast",
    )

    @property
    def search_space(self) -> dict[str, object]:
        """Largest orders, enumerated; below them AICc chooses."""
        return {"max_p": {"choices": [1, 2, 3]}, "max_q": {"choices": [1, 2, 3]}}

    def spec(self, variant: str) -> dict[str, object]:
        """Largest orders."""
        return {"variant": variant, **asdict(self.spec_)}

    def fit_many(self, batch: Sequence[FitTask]) -> list[Fitted | FitFailure]:
        """Fit each distinct window once."""
        check_batch(batch, self.variants)
        done: dict[tuple[int, int, int], Fitted | FitFailure] = {}
        outcomes: list[Fitted | FitFailure] = []
        for task in batch:
            window = (id(task.series), task.start, task.stop)
            if window not in done:
                done[window] = self._fit(task)
            outcomes.append(replace(done[window], task=task))
        return outcomes

    def _fit(self, task: FitTask) -> Fitted | FitFailure:
        from statsforecast.models import AutoARIMA  # pyright: ignore[reportMissingTypeStubs]

        began = time.perf_counter()
        failure = bad_returns(task)
        if failure is not None:
            return failure
        returns = task.series.log_return[task.start : task.stop]
        if returns.size < _MIN_BARS:
            return data_failure(task, f"ARIMA needs {_MIN_BARS} returns, found {returns.size}. Load more history.")
        scale = float(returns.std())
        limits = replace(self.spec_, **task.tuned)
        model: Any = AutoARIMA(d=0, seasonal=False, max_p=limits.max_p, max_q=limits.max_q, approximation=True)
        with _ONE_AT_A_TIME, warnings.catch_warnings():
            # Candidates that the search drops again complain of their precision; that of the winner is kept below.
            warnings.simplefilter("ignore", UserWarning)
            model.fit(returns / scale)  # its tolerances suit unit variance
        found: dict[str, Any] = model.model_
        coefficients = {name: float(value) for name, value in found["coef"].items()}
        p, q = int(found["arma"][0]), int(found["arma"][1])
        ar = [coefficients[f"ar{lag}"] for lag in range(1, p + 1)]
        if p and np.abs(np.roots(np.r_[1.0, -np.array(ar)])).max() >= 1.0:
            reason = f"the autoregressive part must be stationary, found coefficients {ar}. Look at the returns."
            return FitFailure(task, Status.NOT_CONVERGED, "fit", reason, seconds=time.perf_counter() - began)
        ma, variance = invertible(np.array([coefficients[f"ma{lag}"] for lag in range(1, q + 1)]), found["sigma2"])
        # The density of the returns themselves, not of the scaled ones.
        log_likelihood = float(found["loglik"]) - returns.size * np.log(scale)
        n_params = len(coefficients) + 1
        return Fitted(
            task=task,
            params={
                "ar": ar,
                "ma": ma.tolist(),
                "mean": coefficients.get("intercept", 0.0) * scale,
                "variance": variance * scale**2,
                "optimiser_code": int(found["code"]),
            },
            n_obs=returns.size,
            log_likelihood=log_likelihood,
            aic=2 * n_params - 2 * log_likelihood,
            bic=n_params * float(np.log(returns.size)) - 2 * log_likelihood,
            score=-log_likelihood / returns.size,
            seconds=time.perf_counter() - began,
        )

    def forecast_many(
        self, fitted: Sequence[Fitted], origins: Sequence[OriginSet]
    ) -> list[ForecastDistribution | FitFailure]:
        """Filter from the start of each training window to the origins, and add up the forecasts."""
        return [_forecast(fit, asked) for fit, asked in zip(fitted, origins, strict=True)]


def invertible(ma: FloatArray, variance: float) -> tuple[FloatArray, float]:
    """Write a moving average in its invertible form: the same autocovariances, shocks that can be filtered out.

    Parameters
    ----------
    ma : float64 array, shape (q,)
        Coefficients of ``e(t) + ma[0] e(t-1) + ...``.
    variance : float
        Of the shocks.

    Returns
    -------
    ma : float64 array, shape (q,)
    variance : float

    Notes
    -----
    The likelihood has a twin optimum at the inverse of each root, and a search may end at either. Filtering
    past shocks with a root inside the unit circle explodes.

    References
    ----------
    Hamilton, J. D. (1994). Time Series Analysis, section 3.7.
    """
    roots = np.roots(np.r_[ma[::-1], 1.0]).astype(np.complex128)  # leading zeros are trimmed by `roots`
    inside = np.abs(roots) < 1.0
    if not inside.any():
        return ma, float(variance)
    scaled = float(variance / np.prod(np.abs(roots[inside]) ** 2))
    roots[inside] = 1.0 / np.conj(roots[inside])
    found = np.zeros_like(ma)
    polynomial = np.poly(1.0 / roots).real[1:]
    found[: polynomial.size] = polynomial
    return found, scaled


def _forecast(fitted: Fitted, origins: OriginSet) -> ForecastDistribution:
    from scipy.signal import lfilter

    from hf_platform.volatility import distributions

    params: dict[str, Any] = fitted.params
    ar, ma = np.array(params["ar"], dtype=np.float64), np.array(params["ma"], dtype=np.float64)
    start, n_bars = fitted.task.start, fitted.task.horizon.n_bars
    deviation = origins.series.log_return[start : int(origins.indices[-1]) + 1] - params["mean"]
    innovation = np.asarray(lfilter(np.r_[1.0, -ar], np.r_[1.0, ma], deviation), dtype=np.float64)
    at = origins.indices - start
    total = n_bars * params["mean"] + _sum_of_steps(deviation, innovation, (ar, ma), at, n_bars)
    volatility = np.full(total.shape, np.sqrt(params["variance"] * np.square(_responses(ar, ma, n_bars)).sum()))
    grid = np.array(PROBABILITIES)
    return ForecastDistribution(
        mean=total,
        volatility=volatility,
        quantiles=total[:, None] + volatility[:, None] * distributions.quantile(grid, "normal"),
        tail_means=total[:, None] + volatility[:, None] * distributions.tail_mean(grid, "normal"),
    )


def _sum_of_steps(
    deviation: FloatArray, innovation: FloatArray, lags: tuple[FloatArray, FloatArray], at: IntArray, n_bars: int
) -> FloatArray:
    """Add up the forecast deviations of the next `n_bars` bars at each origin."""
    ar, ma = lags
    past = [deviation[at - lag] for lag in range(ar.size)]  # newest first
    shocks = [innovation[at - lag] for lag in range(ma.size)]
    total = np.zeros(at.shape)
    for _ in range(n_bars):
        step = np.zeros(at.shape)
        for weight, value in zip(ar, past, strict=True):
            step += weight * value
        for weight, value in zip(ma, shocks, strict=True):
            step += weight * value
        total += step
        past = [step, *past][: ar.size]
        shocks = [np.zeros(at.shape), *shocks][: ma.size]
    return total


def _responses(ar: FloatArray, ma: FloatArray, n_bars: int) -> FloatArray:
    """Give what a unit innovation adds to the sum of the bars from its own to the last, for each of the bars."""
    from scipy.signal import lfilter

    impulse = np.zeros(n_bars)
    impulse[0] = 1.0
    return np.cumsum(np.asarray(lfilter(np.r_[1.0, ma], np.r_[1.0, -ar], impulse), dtype=np.float64))


FAMILY: Final = ArimaFamily()
