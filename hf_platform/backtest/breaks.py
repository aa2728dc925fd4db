"""Did something change on the way: CUSUM of residuals, dates of breaks in a mean, drift of parameters."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from hf_platform.backtest.comparison import MINIMUM, long_run_variance
from hf_platform.errors import DataError
from hf_platform.types import FloatArray, IntArray

_GRID = 400  # candidate dates at most; longer series are searched on a grid of so many
DRIFTED: Final = 3.5  # robust standard deviations from the median at which a parameter has drifted


@dataclass(frozen=True, slots=True)
class StabilityTest:
    """Outcome of a test of constancy; statistic and p-value are None with a reason where they cannot be had."""

    statistic: float | None
    p_value: float | None
    n_forecasts: int
    reason: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class BreakPoints:
    """Dates at which a mean shifted.

    Parameters
    ----------
    starts : int64 array, shape (n_breaks,)
        First index of each new regime.
    means : float64 array, shape (n_breaks + 1,)
        Mean of each regime.
    criterion : float64 array, shape (max_breaks + 1,)
        Information criterion by number of breaks; the smallest was chosen.
    """

    starts: IntArray
    means: FloatArray
    criterion: FloatArray


@dataclass(frozen=True, slots=True)
class ParameterDrift:
    """How unusual the newest value of a parameter is among its own past estimates.

    Parameters
    ----------
    newest, median : float
    distance : float or None
        Newest minus median, in robust standard deviations; None with a reason where there is no past.
    n_estimates : int
    reason : str or None
    """

    newest: float
    median: float
    distance: float | None
    n_estimates: int
    reason: str | None = None

    @property
    def has_drifted(self) -> bool:
        """True where the distance is at least 3.5."""
        return self.distance is not None and abs(self.distance) >= DRIFTED


def cusum_test(values: ArrayLike, n_lags: int | None = None) -> StabilityTest:
    """Test whether the mean of a series is constant, by the largest cumulated residual.

    Parameters
    ----------
    values : float array, shape (n,)
        In time order, finite.
    n_lags : int, optional
        Lags of the Newey-West variance; by default ``floor(4 (n / 100)^(2/9))``, 0 for independent values.

    Returns
    -------
    StabilityTest
        Largest absolute cumulated residual from the mean, divided by ``sqrt(n)`` standard deviations; its
        law under a constant mean is that of the supremum of a Brownian bridge (Kolmogorov).

    Raises
    ------
    DataError
        If `values` is not a finite vector.

    References
    ----------
    Ploberger, W. and Kraemer, W. (1992). The CUSUM test with OLS residuals. Econometrica 60(2), 271-285.
    """
    series = _vector(values)
    n = series.size
    if n < MINIMUM:
        return StabilityTest(None, None, n, f"{n} values, {MINIMUM} are needed")
    residuals = series - series.mean()
    variance = long_run_variance(residuals, n_lags)
    if not variance > 1e-24 * max(float(series @ series) / n, 1e-300):
        return StabilityTest(None, None, n, "the values do not vary: there is nothing to cumulate")
    statistic = float(np.abs(np.cumsum(residuals)).max() / np.sqrt(n * variance))
    return StabilityTest(statistic, float(stats.kstwobign.sf(statistic)), n)


def break_points(values: ArrayLike, max_breaks: int = 5, trimming: float = 0.1) -> BreakPoints:
    """Date the shifts of a mean: least squares over all partitions, their number by an information criterion.

    Parameters
    ----------
    values : float array, shape (n,)
        In time order, finite.
    max_breaks : int
        At least 0.
    trimming : float in (0, 0.5)
        Shortest regime as a share of the sample.

    Returns
    -------
    BreakPoints

    Raises
    ------
    DataError
        If `values` is not a finite vector of at least two regimes' length, or an option is out of range.

    Notes
    -----
    Dynamic programming over segment sums of squares; series longer than 400 are searched on a grid of 400
    dates. The criterion is that of Liu, Wu and Zidek, ``log(SSR / n) + k 0.299 log(n)^2.1 / n`` with one
    parameter a mean and one a date; it is slower to see breaks than Schwarz's, as correlated data need.

    References
    ----------
    Bai, J. and Perron, P. (2003). Computation and analysis of multiple structural change models. Journal of
    Applied Econometrics 18(1), 1-22. Liu, J., Wu, S. and Zidek, J. V. (1997). On segmented multivariate
    regression. Statistica Sinica 7, 497-525.
    """
    series = _vector(values)
    n = series.size
    if max_breaks < 0 or not 0.0 < trimming < 0.5 or n < 2:
        raise DataError(
            f"at least 2 values, max_breaks of at least 0 and trimming inside (0, 0.5) are needed, found {n}, "
            f"{max_breaks}, {trimming:g}. Mend them."
        )
    edges: IntArray = np.unique(np.linspace(0, n, min(n, _GRID) + 1).astype(np.int64))
    costs = _segment_costs(series, edges, max(1, int(np.ceil(trimming * n))))
    best, origin = _partitions(costs, max_breaks)
    floor = 1e-12 * max(float(((series - series.mean()) ** 2).sum()), 1e-300)
    counts = np.arange(max_breaks + 1)
    penalty = (2 * counts + 1) * 0.299 * np.log(n) ** 2.1 / n
    criterion = np.where(np.isfinite(best), np.log(np.maximum(best, floor) / n) + penalty, np.inf)
    at = edges.size - 1
    cuts: list[int] = []
    for m in range(int(np.argmin(criterion)), 0, -1):
        at = int(origin[m, at])
        cuts.append(int(edges[at]))
    starts = np.asarray(cuts[::-1], dtype=np.int64)
    means = np.array([float(part.mean()) for part in np.split(series, starts)])
    return BreakPoints(starts, means, criterion)


def parameter_drift(estimates: ArrayLike) -> ParameterDrift:
    """Place the newest estimate of a parameter among its earlier ones.

    Parameters
    ----------
    estimates : float array, shape (n_estimates,)
        One per refit, in time order, finite.

    Returns
    -------
    ParameterDrift
        No p-value, on purpose: training windows overlap, so neither a normal law nor a permutation of the
        estimates holds under stability, and the tests of Nyblom (1989) and Hansen (1992) rest on the scores of
        one fit to the whole sample, which a backtest, reading stored numbers, does not make.

    Raises
    ------
    DataError
        If `estimates` is not a finite vector.
    """
    series = _vector(estimates)
    newest, past = float(series[-1]), series[:-1]
    if past.size < 4:
        return ParameterDrift(newest, float(np.median(series)), None, series.size, "fewer than 5 estimates")
    median = float(np.median(past))
    spread = 1.4826 * float(np.median(np.abs(past - median)))
    if not spread > 1e-9 * max(1.0, abs(median)):
        return ParameterDrift(newest, median, None, series.size, "the earlier estimates are all alike")
    return ParameterDrift(newest, median, (newest - median) / spread, series.size)


def _segment_costs(series: FloatArray, edges: IntArray, shortest: int) -> FloatArray:
    # Sum of squares around the mean of each segment [edge i, edge j); infinite where it is too short.
    sums = np.concatenate(([0.0], np.cumsum(series - series.mean())))[edges]
    squares = np.concatenate(([0.0], np.cumsum((series - series.mean()) ** 2)))[edges]
    sizes = edges[None, :] - edges[:, None]
    safe = np.maximum(sizes, 1)
    costs = squares[None, :] - squares[:, None] - (sums[None, :] - sums[:, None]) ** 2 / safe
    return np.where(sizes >= shortest, np.maximum(costs, 0.0), np.inf)


def _partitions(costs: FloatArray, max_breaks: int) -> tuple[FloatArray, IntArray]:
    # best[m]: least cost of the whole sample in m + 1 segments; origin[m, j]: where its last segment up to j starts.
    reach = costs[0]
    best = np.full(max_breaks + 1, np.inf)
    best[0] = reach[-1]
    origin = np.zeros((max_breaks + 1, costs.shape[0]), dtype=np.int64)
    for m in range(1, max_breaks + 1):
        total = reach[:, None] + costs
        origin[m] = np.argmin(total, axis=0)
        reach = total.min(axis=0)
        best[m] = reach[-1]
    return best, origin


def _vector(values: ArrayLike) -> FloatArray:
    series = np.asarray(values, dtype=np.float64)
    if series.ndim != 1 or series.size == 0 or not np.isfinite(series).all():
        raise DataError(
            f"values must be a finite vector with at least one row, found shape {series.shape} with "
            f"{int((~np.isfinite(series)).sum())} NaN or infinite. Drop those first."
        )
    return series
