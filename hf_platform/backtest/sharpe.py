"""Sharpe ratios with their uncertainty, and what is left of them after many trials."""

from dataclasses import dataclass
from math import sqrt
from typing import Final

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from hf_platform.backtest.comparison import MINIMUM, long_run_variance
from hf_platform.errors import DataError
from hf_platform.types import FloatArray

_EULER: Final = 0.5772156649015329


@dataclass(frozen=True, slots=True)
class SharpeRatio:
    """A Sharpe ratio and how well it is known.

    Parameters
    ----------
    per_bar : float or None
        Mean return over its standard deviation [per square root of a bar]; None with a reason.
    standard_error : float or None
        Of `per_bar`, robust to skewness, fat tails and autocorrelation.
    annual : float or None
        ``sqrt(bars_per_year) * per_bar``.
    annual_autocorrelated : float or None
        Lo's annual ratio, whose scale uses the autocorrelations up to one year less one bar, at most a
        tenth of the sample; it equals `annual` where returns are uncorrelated.
    annual_standard_error : float or None
    skewness, kurtosis : float or None
        Of the returns; kurtosis is 3 for a normal law.
    n_bars : int
    reason : str or None
    """

    per_bar: float | None
    standard_error: float | None
    annual: float | None
    annual_autocorrelated: float | None
    annual_standard_error: float | None
    skewness: float | None
    kurtosis: float | None
    n_bars: int
    reason: str | None = None


def sharpe_ratio(returns: ArrayLike, bars_per_year: int = 252, n_lags: int | None = None) -> SharpeRatio:
    """Measure the Sharpe ratio of excess returns with its standard error.

    Parameters
    ----------
    returns : float array, shape (n_bars,)
        Excess returns per bar [decimal], finite.
    bars_per_year : int
    n_lags : int, optional
        Lags of the Newey-West variance behind the standard error; 0 for independent returns; by
        default ``floor(4 (n / 100)^(2/9))``.

    Returns
    -------
    SharpeRatio

    Raises
    ------
    DataError
        If `returns` is not a finite vector or `bars_per_year` is below 1.

    Notes
    -----
    The standard error is the delta method's on (mean, variance): for independent normal returns it is
    Lo's ``sqrt((1 + ratio^2 / 2) / n)``.

    References
    ----------
    Lo, A. W. (2002). The Statistics of Sharpe Ratios. Financial Analysts Journal 58(4), 36-52.
    """
    series = np.asarray(returns, dtype=np.float64)
    if series.ndim != 1 or series.size == 0 or not np.isfinite(series).all() or bars_per_year < 1:
        raise DataError(
            f"returns must be a finite vector and bars_per_year at least 1, found shape {series.shape} with "
            f"{int((~np.isfinite(series)).sum())} NaN or infinite, and {bars_per_year}. Mend them."
        )
    n, deviation = series.size, float(series.std())
    if n < MINIMUM or not deviation > 1e-12 * max(1e-12, float(np.abs(series).max())):
        reason = f"{n} returns, {MINIMUM} are needed" if n < MINIMUM else "the returns do not vary"
        return SharpeRatio(None, None, None, None, None, None, None, n, reason)
    z: FloatArray = (series - series.mean()) / deviation
    ratio = float(series.mean()) / deviation
    influence = z - 0.5 * ratio * (z**2 - 1.0)
    error = float(np.sqrt(max(long_run_variance(influence, n_lags), 0.0) / n))
    scale = float(np.sqrt(bars_per_year))
    echoes = [(bars_per_year - lag) * float(z[lag:] @ z[:-lag]) / n for lag in range(1, min(bars_per_year, n // 10))]
    weight = float(bars_per_year + 2.0 * sum(echoes))
    adjusted = bars_per_year / float(np.sqrt(weight)) * ratio if weight > 0 else None
    return SharpeRatio(
        ratio, error, scale * ratio, adjusted, scale * error,
        float(np.mean(z**3)), float(np.mean(z**4)), n,
    )  # fmt: skip


def probabilistic_sharpe_ratio(
    per_bar: float, n_bars: int, skewness: float = 0.0, kurtosis: float = 3.0, benchmark: float = 0.0
) -> float:
    """Return the probability that the true Sharpe ratio is above a benchmark.

    Parameters
    ----------
    per_bar, benchmark : float
        Observed ratio and benchmark, neither annualised.
    n_bars : int
        Returns behind the observed ratio, at least 2.
    skewness, kurtosis : float
        Of the returns; 0 and 3 for a normal law.

    Raises
    ------
    DataError
        If there are fewer than two returns or the moments leave no positive variance.

    References
    ----------
    Bailey, D. H. and Lopez de Prado, M. (2012). The Sharpe Ratio Efficient Frontier. Journal of Risk 15(2), 3-44.
    """
    variance = 1.0 - skewness * per_bar + 0.25 * (kurtosis - 1.0) * per_bar**2
    if n_bars < 2 or not variance > 0:
        raise DataError(
            f"at least 2 returns and moments with a positive variance are needed, found {n_bars} and {variance:g}. "
            "Check skewness and kurtosis (3 for a normal law)."
        )
    distance = (per_bar - benchmark) * sqrt(n_bars - 1.0) / sqrt(variance)
    return float(special.ndtr(distance))


def expected_maximum_sharpe(trial_variance: float, n_trials: int) -> float:
    """Return the largest Sharpe ratio to expect from worthless trials.

    Parameters
    ----------
    trial_variance : float
        Variance of the trials' ratios, in the unit of the result squared.
    n_trials : int
        Independent trials, at least 1; one trial has an expected maximum of 0.

    Raises
    ------
    DataError
        If the variance is negative or there is no trial.

    References
    ----------
    Bailey, D. H. and Lopez de Prado, M. (2014). The Deflated Sharpe Ratio. Journal of Portfolio Management
    40(5), 94-107.
    """
    if trial_variance < 0 or n_trials < 1:
        raise DataError(
            f"the variance must not be negative and one trial is the least, found {trial_variance:g} and {n_trials}. "
            "Count every strategy that was tried."
        )
    if n_trials == 1:
        return 0.0
    first = float(special.ndtri(1.0 - 1.0 / n_trials))
    second = float(special.ndtri(1.0 - 1.0 / (n_trials * np.e)))
    return float(np.sqrt(trial_variance) * ((1.0 - _EULER) * first + _EULER * second))


def deflated_sharpe_ratio(  # noqa: PLR0917 - the five numbers of the source, in its order
    per_bar: float, n_bars: int, skewness: float, kurtosis: float, trial_variance: float, n_trials: int
) -> float:
    """Return the probability that the best of many trials is better than luck.

    Parameters
    ----------
    per_bar : float
        Ratio of the chosen strategy, not annualised.
    n_bars, skewness, kurtosis
        As in `probabilistic_sharpe_ratio`.
    trial_variance : float
        Variance of the ratios of all trials, not annualised.
    n_trials : int
        How many were tried.

    Raises
    ------
    DataError
        As `probabilistic_sharpe_ratio` and `expected_maximum_sharpe`.

    References
    ----------
    Bailey, D. H. and Lopez de Prado, M. (2014). The Deflated Sharpe Ratio. Journal of Portfolio Management
    40(5), 94-107.
    """
    lucky = expected_maximum_sharpe(trial_variance, n_trials)
    return probabilistic_sharpe_ratio(per_bar, n_bars, skewness, kurtosis, lucky)
