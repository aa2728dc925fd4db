"""Implied volatility: from an index such as the VIX to a variance per bar, with the premium taken out.

An implied volatility is a risk-neutral expectation over the option's life, quoted in annualised percent. It is scaled
to the bar and, where past realised variances are at hand, multiplied by the mean ratio of realised to implied variance.

References
----------
Cboe Global Markets (2023). Volatility Index Methodology: Cboe Volatility Index.
Bollerslev, T., Tauchen, G., Zhou, H. (2009). Expected Stock Returns and Variance Risk Premia. Review of Financial
Studies 22(11), 4463-4492.
"""

from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from hf_platform.errors import DataError
from hf_platform.types import FloatArray

TRADING_DAYS: Final = 252


def implied_variance(index_level: ArrayLike, bars_per_year: int = TRADING_DAYS) -> FloatArray:
    """Turn an annualised percent volatility into a variance per bar.

    Parameters
    ----------
    index_level : float64 array
        For example 20.0 for 20 % a year; NaN passes through.
    bars_per_year : int

    Returns
    -------
    float64 array
        Decimal log return squared per bar.

    Raises
    ------
    DataError
        If a level is not positive.
    """
    level = np.asarray(index_level, dtype=np.float64)
    with np.errstate(invalid="ignore"):
        if (level <= 0.0).any():
            raise DataError(f"implied volatility must be positive, found {np.nanmin(level)}. Drop such quotes first.")
    return (level / 100.0) ** 2 / bars_per_year


def premium_ratio(
    index_level: ArrayLike, returns: ArrayLike, life: int = 21, bars_per_year: int = TRADING_DAYS
) -> float:
    """Mean realised over mean implied variance, over spans that have ended.

    Parameters
    ----------
    index_level, returns : float64 array, shape (n_bars,)
        Quote at the close of each bar, and the log return of each bar [decimal].
    life : int
        Bars to expiry of the index, 21 for the VIX.

    Returns
    -------
    float
        Usually below one: options cost more than the variance they insure.

    Raises
    ------
    DataError
        If shapes differ or fewer than `life` + 1 bars are usable.

    Notes
    -----
    Quote t is paired with returns t + 1 to t + life, so the last `life` quotes are not used: nothing after the last
    return is read.
    """
    quoted, moves = implied_variance(index_level, bars_per_year), np.asarray(returns, dtype=np.float64)
    if quoted.shape != moves.shape or quoted.ndim != 1 or moves.shape[0] <= life:
        raise DataError(
            f"quotes and returns must be vectors of one length above {life}, found {quoted.shape} and {moves.shape}. "
            "Align them by bar."
        )
    squares = np.concatenate([[0.0], np.cumsum(np.where(np.isfinite(moves), moves, 0.0) ** 2)])
    realised = (squares[life + 1 :] - squares[1:-life]) / life
    usable = np.isfinite(quoted[: realised.shape[0]])
    if not usable.any():
        raise DataError("no quote is old enough to be compared with what followed. Load more history.")
    return float(realised[usable].mean() / quoted[: realised.shape[0]][usable].mean())
