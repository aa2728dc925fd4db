"""Is one forecast better than another, or can one not tell."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from hf_platform.errors import DataError
from hf_platform.types import FloatArray

WINNER: Final = 0.05  # two-sided p-value below which a winner is named
MINIMUM: Final = 30  # common forecasts below which the normal law is not trusted


@dataclass(frozen=True, slots=True)
class LossComparison:
    """Outcome of a test of equal predictive ability.

    Parameters
    ----------
    mean_difference : float
        Mean loss of the member minus the benchmark's: negative where the member is better.
    statistic, p_value : float or None
        Asymptotically standard normal, two-sided; None with a reason where they cannot be had.
    n_forecasts : int
    verdict : {"better", "worse", "cannot tell"}
        Of the member against the benchmark.
    reason : str or None
    """

    mean_difference: float
    statistic: float | None
    p_value: float | None
    n_forecasts: int
    verdict: str
    reason: str | None = None


def diebold_mariano(member: ArrayLike, benchmark: ArrayLike) -> LossComparison:
    """Test whether two forecasts of the same quantity are equally good.

    Parameters
    ----------
    member, benchmark : float array, shape (n_forecasts,)
        Losses of the two forecasts, lower is better, in time order, for the same targets. Finite.

    Returns
    -------
    LossComparison
        A winner is named at p < 0.05 only, otherwise the verdict is "cannot tell".

    Raises
    ------
    DataError
        If the vectors are misaligned, empty or not finite.

    Notes
    -----
    The variance of the mean difference is Newey and West's with ``floor(4 (n / 100)^(2/9))`` lags.

    References
    ----------
    Diebold, F. X. and Mariano, R. S. (1995). Comparing Predictive Accuracy. Journal of Business & Economic
    Statistics 13(3), 253-263.
    """
    one, other = (np.asarray(losses, dtype=np.float64) for losses in (member, benchmark))
    if one.ndim != 1 or one.shape != other.shape or one.size == 0:
        raise DataError(
            f"losses must be vectors of one length, found shapes {one.shape} and {other.shape}. "
            "Join them by forecast origin first."
        )
    difference = one - other
    if not np.isfinite(difference).all():
        raise DataError("losses must be finite, found NaN or infinity. Drop those forecasts first.")
    n, mean = difference.size, float(difference.mean())
    if n < MINIMUM:
        return LossComparison(mean, None, None, n, "cannot tell", f"{n} common forecasts, {MINIMUM} are needed")
    variance = long_run_variance(difference - mean)
    if not variance > 0:
        return LossComparison(
            mean, None, None, n, "cannot tell", "the losses differ by a constant: no noise to compare with"
        )
    statistic = mean / float(np.sqrt(variance / n))
    p_value = 2.0 * float(ndtr(-abs(statistic)))
    verdict = "cannot tell" if p_value >= WINNER else ("better" if mean < 0 else "worse")
    return LossComparison(mean, statistic, p_value, n, verdict)


def long_run_variance(centred: FloatArray, n_lags: int | None = None) -> float:
    """Estimate the variance of the mean times n, after Newey and West.

    Parameters
    ----------
    centred : float64 array, shape (n,)
        Values less their mean, in time order.
    n_lags : int, optional
        By default ``floor(4 (n / 100)^(2/9))``.
    """
    n = centred.size
    n_lags = min(int(4.0 * (n / 100.0) ** (2.0 / 9.0)) if n_lags is None else n_lags, n - 1)
    total = float(centred @ centred) / n
    for lag in range(1, n_lags + 1):
        total += 2.0 * (1.0 - lag / (n_lags + 1)) * float(centred[lag:] @ centred[:-lag]) / n
    return total
