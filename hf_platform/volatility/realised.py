"""Realised volatility from intraday returns or from daily bars.

All estimators return variances per session [decimal log return squared], never annualised. Jump-robust bipower
variation uses intraday returns; the range estimators use open, high, low and close.

References
----------
Andersen, T., Bollerslev, T., Diebold, F., Labys, P. (2003). Modeling and Forecasting Realized Volatility. Econometrica
71(2), 579-625.
Barndorff-Nielsen, O., Shephard, N. (2004). Power and Bipower Variation with Stochastic Volatility and Jumps. Journal of
Financial Econometrics 2(1), 1-37.
Parkinson, M. (1980). The Extreme Value Method for Estimating the Variance of the Rate of Return. Journal of Business
53(1), 61-65.
Garman, M., Klass, M. (1980). On the Estimation of Security Price Volatilities from Historical Data. Journal of Business
53(1), 67-78.
Yang, D., Zhang, Q. (2000). Drift-Independent Volatility Estimation Based on High, Low, Open, and Close Prices. Journal
of Business 73(3), 477-491.
"""

import math
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike

from hf_platform.errors import DataError
from hf_platform.types import FloatArray

_MEAN_ABS_NORMAL: Final = math.sqrt(2.0 / math.pi)


def _intraday(returns: ArrayLike) -> FloatArray:
    values = np.asarray(returns, dtype=np.float64)
    if values.ndim != 2 or values.shape[1] < 2:
        raise DataError(
            f"intraday returns need shape (n_sessions, n_bars) with two bars or more, found {values.shape}. "
            "Group the bars by session first."
        )
    return values


def realised_variance(returns: ArrayLike) -> FloatArray:
    """Sum the squared intraday returns of each session.

    Parameters
    ----------
    returns : float64 array, shape (n_sessions, n_bars)
        Intraday log returns [decimal]; NaN marks a bar that was not traded and is left out.

    Returns
    -------
    float64 array, shape (n_sessions,)
        NaN for a session without any bar.

    Raises
    ------
    DataError
        If the array is not a matrix of at least two bars a session.
    """
    values = _intraday(returns)
    traded = np.isfinite(values)
    total = np.where(traded, values, 0.0) ** 2
    return np.where(traded.any(axis=1), total.sum(axis=1), np.nan)


def bipower_variation(returns: ArrayLike) -> FloatArray:
    """Sum products of neighbouring absolute returns: the part of variance that is not jumps.

    Parameters and result are those of `realised_variance`; the sum is scaled by pi / 2 and by m / (m - 1) for m bars,
    so that both agree without jumps. Products that touch an untraded bar are left out and the sum scaled up for them.

    Raises
    ------
    DataError
        If the array is not a matrix of at least two bars a session.
    """
    size = np.abs(_intraday(returns))
    products = size[:, 1:] * size[:, :-1]
    n_products = np.isfinite(products).sum(axis=1)
    n_bars = np.isfinite(size).sum(axis=1)
    total = np.where(np.isfinite(products), products, 0.0).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(n_products > 0, total / _MEAN_ABS_NORMAL**2 * n_bars / n_products, np.nan)


def jump_variation(returns: ArrayLike) -> FloatArray:
    """Realised variance less bipower variation, floored at zero.

    Raises
    ------
    DataError
        If the array is not a matrix of at least two bars a session.
    """
    return np.maximum(realised_variance(returns) - bipower_variation(returns), 0.0)


def _bars(*columns: ArrayLike) -> list[FloatArray]:
    # Log prices of open, high, low, close (or the first few of them), checked against each other.
    arrays = [np.asarray(column, dtype=np.float64) for column in columns]
    if any(array.shape != arrays[0].shape for array in arrays):
        raise DataError(f"prices need one shape, found {[a.shape for a in arrays]}. Align them by session.")
    with np.errstate(invalid="ignore"):
        if any((array <= 0.0).any() for array in arrays):
            raise DataError("range estimators take logs, found a price at or below zero. Drop such sessions first.")
    return [np.log(array) for array in arrays]


def _check_range(high: FloatArray, low: FloatArray, *inside: FloatArray) -> None:
    with np.errstate(invalid="ignore"):
        broken = (high < low) | np.any([(x > high) | (x < low) for x in inside], axis=0)
    if np.any(broken):
        raise DataError(
            f"low <= open, close <= high must hold, found {int(np.count_nonzero(broken))} sessions that break it. "
            "Clean the bars first."
        )


def parkinson(high: ArrayLike, low: ArrayLike) -> FloatArray:
    """Squared log range over 4 ln 2: five times as efficient as a squared return, biased by drift and jumps.

    Parameters
    ----------
    high, low : float64 array, any one shape
        Prices of each session; NaN passes through.

    Returns
    -------
    float64 array
        Variance per session.

    Raises
    ------
    DataError
        If shapes differ, a price is not positive or a high lies below its low.
    """
    h, low_log = _bars(high, low)
    _check_range(h, low_log, h)
    return (h - low_log) ** 2 / (4.0 * math.log(2.0))


def garman_klass(open_: ArrayLike, high: ArrayLike, low: ArrayLike, close: ArrayLike) -> FloatArray:
    """Combine range and open-to-close return: 0.5 (h - l)^2 - (2 ln 2 - 1) (c - o)^2.

    Parameters and result are those of `parkinson`. Overnight moves are not seen.

    Raises
    ------
    DataError
        If shapes differ, a price is not positive or prices contradict each other.
    """
    o, h, low_log, c = _bars(open_, high, low, close)
    _check_range(h, low_log, o, c)
    return 0.5 * (h - low_log) ** 2 - (2.0 * math.log(2.0) - 1.0) * (c - o) ** 2


def rogers_satchell(open_: ArrayLike, high: ArrayLike, low: ArrayLike, close: ArrayLike) -> FloatArray:
    """Range estimator that stays unbiased under drift: (h - c)(h - o) + (l - c)(l - o).

    Parameters and result are those of `parkinson`.

    Raises
    ------
    DataError
        If shapes differ, a price is not positive or prices contradict each other.
    """
    o, h, low_log, c = _bars(open_, high, low, close)
    _check_range(h, low_log, o, c)
    return (h - c) * (h - o) + (low_log - c) * (low_log - o)


def yang_zhang(open_: ArrayLike, high: ArrayLike, low: ArrayLike, close: ArrayLike, lookback: int = 21) -> FloatArray:
    """Combine overnight, open-to-close and range variances over a lookback; sees opening jumps, ignores drift.

    Parameters
    ----------
    open_, high, low, close : float64 array, shape (n_sessions,)
    lookback : int
        Sessions averaged, at least 2.

    Returns
    -------
    float64 array, shape (n_sessions,)
        Variance per session; NaN until `lookback` sessions and the close before them are known.

    Raises
    ------
    DataError
        If prices are not vectors of one length, are not positive, contradict each other, or the lookback is below 2.
    """
    o, h, low_log, c = _bars(open_, high, low, close)
    if o.ndim != 1 or lookback < 2:
        raise DataError(
            f"yang_zhang needs vectors and a lookback of 2 or more, found {o.shape}, {lookback}. Mend them."
        )
    _check_range(h, low_log, o, c)
    out = np.full(o.shape, np.nan)
    if o.shape[0] <= lookback:
        return out
    overnight = sliding_window_view(o[1:] - c[:-1], lookback).var(axis=1, ddof=1)
    session = sliding_window_view((c - o)[1:], lookback).var(axis=1, ddof=1)
    ranges = sliding_window_view(((h - c) * (h - o) + (low_log - c) * (low_log - o))[1:], lookback).mean(axis=1)
    weight = 0.34 / (1.34 + (lookback + 1) / (lookback - 1))
    out[lookback:] = overnight + weight * session + (1.0 - weight) * ranges
    return out
