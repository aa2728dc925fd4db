"""The dynamic quantile test: nothing known beforehand should forecast a breach."""

import numpy as np
from numpy.typing import ArrayLike

from hf_platform.backtest.results import CoverageTest, check_forecasts, chi_square_p_value, tail_probability
from hf_platform.errors import DataError
from hf_platform.types import FloatArray


def dynamic_quantile(losses: ArrayLike, value_at_risk: ArrayLike, confidence: float, n_lags: int = 4) -> CoverageTest:
    """Regress hits on a constant, their own past and today's VaR; all coefficients should be zero.

    Parameters
    ----------
    losses, value_at_risk : float array, shape (n_forecasts,)
        Realised losses and VaR forecasts, positive for a loss [decimal], in time order, finite.
    confidence : float in (0, 1)
        VaR confidence [probability].
    n_lags : int
        Lagged hits among the regressors, at least 0.

    Returns
    -------
    CoverageTest
        Wald statistic over the last n_forecasts - n_lags rows and its chi-square p-value with
        n_lags + 2 degrees of freedom. Where regressors are collinear (a constant VaR, no breach
        among the lags) the degrees of freedom are the rank, and `reason` says so. None with a
        reason where too few rows are left.

    Raises
    ------
    DataError
        If the vectors are misaligned or not finite, VaR has the wrong sign, `n_lags` is negative
        or `confidence` is outside (0, 1).

    Notes
    -----
    A hit is ``1(loss > VaR) - (1 - confidence)``; with X the regressors and p the tail probability,
    ``DQ = hit' X (X'X)^-1 X' hit / (p (1 - p))``.

    References
    ----------
    Engle, R. F. and Manganelli, S. (2004). CAViaR: Conditional Autoregressive Value at Risk by
    Regression Quantiles. Journal of Business & Economic Statistics 22(4), 367-381.
    """
    tail = tail_probability(confidence)
    loss, var, _ = check_forecasts(losses, value_at_risk)
    if n_lags < 0:
        raise DataError(f"n_lags must be at least 0, found {n_lags}. Pass the number of lagged hits, for example 4.")
    breaches = loss > var
    n, x, width = loss.size, int(breaches.sum()), n_lags + 2
    if n - n_lags <= width:
        reason = f"{n} forecasts are too few for {n_lags} lags and {width} regressors: {n_lags + width + 1} are needed"
        return CoverageTest(None, None, width, n, x, reason)
    hits: FloatArray = breaches.astype(np.float64) - tail
    constant = np.ones(n - n_lags, dtype=np.float64)
    columns = [constant, *(hits[n_lags - lag : n - lag] for lag in range(1, n_lags + 1)), var[n_lags:]]
    statistic, rank = _projection(np.column_stack(columns), hits[n_lags:])
    statistic /= tail * (1.0 - tail)
    reason = None if rank == width else f"collinear regressors: {rank} of {width} remain, as do degrees of freedom"
    return CoverageTest(statistic, chi_square_p_value(statistic, rank), rank, n, x, reason)


def _projection(design: FloatArray, target: FloatArray) -> tuple[float, int]:
    # Squared length of the target's projection on the columns, and their rank. Columns are brought to
    # unit length first: VaR is a hundred times smaller than the constant, and no reason to call it null.
    # The small Gram matrix is enough: it sees collinearity down to a relative spread of 1e-6.
    length = np.sqrt((design**2).sum(axis=0))
    unit = design[:, length > 0] / length[length > 0]
    values, vectors = np.linalg.eigh(unit.T @ unit)
    keep = values > 1e-12 * values[-1]
    along = vectors[:, keep].T @ (unit.T @ target)
    return float((along**2 / values[keep]).sum()), int(keep.sum())
