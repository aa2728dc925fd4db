"""HAR-RV: realised variance regressed on its own daily, weekly and monthly averages.

References
----------
Corsi, F. (2009). A Simple Approximate Long-Memory Model of Realized Volatility. Journal of Financial Econometrics 7(2),
174-196.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from hf_platform.errors import ConfigError, DataError
from hf_platform.types import FloatArray, IntArray


@dataclass(frozen=True, slots=True, kw_only=True)
class HarSpec:
    """Which averages enter and on which scale the regression runs.

    Parameters
    ----------
    lookbacks : tuple of int
        Sessions averaged; (1, 5, 22) in the paper.
    scale : {"log", "variance"}
        The log scale keeps forecasts positive; its forecasts are corrected by half the residual variance.

    Raises
    ------
    ConfigError
        If lookbacks do not increase from 1 or more, or the scale is unknown.
    """

    lookbacks: tuple[int, ...] = (1, 5, 22)
    scale: Literal["log", "variance"] = "log"

    def __post_init__(self) -> None:
        """Check both."""
        steps = np.diff((0, *self.lookbacks))
        if not self.lookbacks or (steps <= 0).any():
            raise ConfigError(
                f"lookbacks must increase from 1 or more, found {self.lookbacks}. The paper takes 1, 5, 22."
            )
        if self.scale not in ("log", "variance"):
            raise ConfigError(f"scale must be log or variance, found {self.scale!r}. Choose one of them.")


@dataclass(frozen=True, slots=True, eq=False)
class HarFit:
    """A fitted HAR regression.

    Parameters
    ----------
    coefficients : float64 array, shape (1 + n_lookbacks,)
        Intercept, then one per lookback.
    residual_variance : float
        Of the regression, on its scale.
    floor : float
        Smallest positive training variance; a variance-scale forecast is not let below it.
    """

    spec: HarSpec
    coefficients: FloatArray
    residual_variance: float
    floor: float
    log_likelihood: float
    n_obs: int


def _regressors(variance: FloatArray, spec: HarSpec) -> FloatArray:
    # Row t: intercept and the averages of the sessions up to and including t; NaN until the longest is full.
    columns = [np.ones(variance.shape[0])]
    sums = np.concatenate([[0.0], np.cumsum(variance)])
    for lookback in spec.lookbacks:
        average = np.full(variance.shape[0], np.nan)
        average[lookback - 1 :] = (sums[lookback:] - sums[:-lookback]) / lookback
        columns.append(np.log(average) if spec.scale == "log" else average)
    return np.column_stack(columns)


def _checked(variance: ArrayLike, spec: HarSpec) -> FloatArray:
    values = np.asarray(variance, dtype=np.float64)
    needed = spec.lookbacks[-1] + 10 * (1 + len(spec.lookbacks))
    if values.ndim != 1 or values.shape[0] < needed:
        raise DataError(
            f"HAR needs a vector of {needed} sessions or more, found shape {values.shape}. Load more history."
        )
    if not (np.isfinite(values).all() and (values > 0.0).all()):
        raise DataError("HAR needs positive, finite realised variances. Drop sessions without trades first.")
    return values


def fit(variance: ArrayLike, spec: HarSpec | None = None) -> HarFit:
    """Fit by least squares.

    Parameters
    ----------
    variance : float64 array, shape (n_sessions,)
        Realised variances [decimal per session], positive.
    spec : HarSpec, optional

    Returns
    -------
    HarFit

    Raises
    ------
    DataError
        If there are too few sessions or a variance is not positive and finite.
    """
    spec = spec or HarSpec()
    values = _checked(variance, spec)
    rows = _regressors(values, spec)[spec.lookbacks[-1] - 1 : -1]
    target = values[spec.lookbacks[-1] :]
    target = np.log(target) if spec.scale == "log" else target
    coefficients: FloatArray = np.asarray(np.linalg.lstsq(rows, target, rcond=None)[0], dtype=np.float64)
    residuals = target - rows @ coefficients
    n = target.shape[0]
    spread = float(residuals @ residuals) / n
    log_likelihood = -0.5 * n * (np.log(2.0 * np.pi * spread) + 1.0)
    unbiased = float(residuals @ residuals) / (n - rows.shape[1])
    return HarFit(spec, coefficients, unbiased, float(values.min()), float(log_likelihood), n)


def forecast(fitted: HarFit, variance: ArrayLike, origins: IntArray, horizon: int) -> FloatArray:
    """Forecast the variance of each of the next sessions at many origins.

    Parameters
    ----------
    fitted : HarFit
    variance : float64 array, shape (n_sessions,)
    origins : int64 array, shape (n_origins,)
        Each forecast reads variances up to and including its origin.
    horizon : int
        Steps ahead; later steps feed earlier forecasts back in.

    Returns
    -------
    float64 array, shape (n_origins, horizon)
        Per session, not cumulated.

    Raises
    ------
    DataError
        If an origin has fewer sessions before it than the longest lookback.
    """
    spec, values = fitted.spec, np.asarray(variance, dtype=np.float64)
    longest = spec.lookbacks[-1]
    places = np.asarray(origins, dtype=np.int64)
    if places.size and (places.min() < longest - 1 or places.max() >= values.shape[0]):
        raise DataError(f"origins must lie in {longest - 1}..{values.shape[0] - 1}, found {origins!r}. Move them.")
    path = np.empty((places.shape[0], longest + horizon))
    path[:, :longest] = values[places[:, None] + np.arange(1 - longest, 1)]
    for step in range(horizon):
        end = longest + step
        averages = [path[:, end - lookback : end].mean(axis=1) for lookback in spec.lookbacks]
        scaled = np.log(averages) if spec.scale == "log" else np.asarray(averages)
        value = fitted.coefficients[0] + fitted.coefficients[1:] @ scaled
        if spec.scale == "log":
            path[:, end] = np.exp(value + 0.5 * fitted.residual_variance)
        else:
            path[:, end] = np.maximum(value, fitted.floor)
    return path[:, longest:]
