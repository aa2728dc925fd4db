"""What a coverage test returns, and the checks that all of them share."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from hf_platform.errors import DataError
from hf_platform.types import BoolArray, FloatArray

Zone = Literal["green", "yellow", "red"]


@dataclass(frozen=True, slots=True)
class CoverageTest:
    """Outcome of one test of VaR or ES forecasts.

    Parameters
    ----------
    statistic, p_value : float or None
        None, never NaN, where the value cannot be had; `reason` then says why.
    degrees_of_freedom : int or None
        Of the chi-square law behind the p-value; None where the law is simulated.
    n_forecasts, n_breaches : int
        Forecasts tested, and how many of them were breached.
    reason : str or None
        Why a value is missing, or what limits a value that is given.
    """

    statistic: float | None
    p_value: float | None
    degrees_of_freedom: int | None
    n_forecasts: int
    n_breaches: int
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class TrafficLight:
    """Outcome of the Basel traffic light.

    Parameters
    ----------
    zone : {"green", "yellow", "red"}
    n_breaches, n_forecasts : int
    cumulative_probability : float
        Probability of at most `n_breaches` breaches under a correct model [probability].
    multiplier : float
        Factor on the capital charge [dimensionless].
    """

    zone: Zone
    n_breaches: int
    n_forecasts: int
    cumulative_probability: float
    multiplier: float


def chi_square_p_value(statistic: float, degrees_of_freedom: int) -> float:
    """Return the probability that a chi-square variable is above the statistic."""
    return float(special.chdtrc(degrees_of_freedom, statistic))


def check_confidence(confidence: float) -> float:
    """Return the confidence, or raise `DataError` when it is no probability strictly inside (0, 1)."""
    if not 0.0 < confidence < 1.0:
        hint = f"Write {confidence / 100:g}." if 1.0 < confidence < 100.0 else "Pass a probability such as 0.99."
        raise DataError(f"confidence must lie strictly between 0 and 1, found {confidence:g}. {hint}")
    return float(confidence)


def tail_probability(confidence: float) -> float:
    """Return one minus the confidence, free of the last-digit noise of the subtraction."""
    return round(1.0 - check_confidence(confidence), 12)


def check_breaches(breaches: ArrayLike) -> BoolArray:
    """Return breaches as a bool vector, or raise `DataError` (empty, not a vector, not 0/1, missing)."""
    array = np.asarray(breaches)
    if array.ndim != 1 or array.size == 0:
        raise DataError(f"breaches must be a vector with at least one forecast, found shape {array.shape}. Load more.")
    if array.dtype == np.bool_:
        return array
    if array.dtype.kind not in "iuf" or not np.isin(array, (0, 1)).all():
        raise DataError(
            f"breaches must be true/false or 0/1 without missing values, found dtype {array.dtype} with other values. "
            "Compute them as losses > value_at_risk."
        )
    return array.astype(np.bool_)


def check_forecasts(
    losses: ArrayLike, value_at_risk: ArrayLike, expected_shortfall: ArrayLike | None = None
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return losses, VaR and ES (VaR again where ES is not asked for) as float64 vectors of one length.

    Raises
    ------
    DataError
        If they are empty, misaligned or not finite, if every VaR is negative (the sign convention is
        a positive number for a loss), or if an ES lies below its VaR.
    """
    loss = np.asarray(losses, dtype=np.float64)
    var = np.asarray(value_at_risk, dtype=np.float64)
    es = var if expected_shortfall is None else np.asarray(expected_shortfall, dtype=np.float64)
    if loss.ndim != 1 or loss.size == 0 or var.shape != loss.shape or es.shape != loss.shape:
        raise DataError(
            "losses and forecasts must be vectors of one length with at least one row, found shapes "
            f"{loss.shape}, {var.shape}, {es.shape}. Join them by forecast origin first."
        )
    for name, values in (("losses", loss), ("value_at_risk", var), ("expected_shortfall", es)):
        bad = int((~np.isfinite(values)).sum())
        if bad:
            raise DataError(f"{name} must be finite, found {bad} NaN or infinite values. Drop those forecasts first.")
    if (var < 0).all():
        raise DataError(
            f"value_at_risk is a positive number for a loss, found only negative values (first {var[0]:g}). "
            "Pass minus the return quantile."
        )
    low = es < var - 1e-12 * np.maximum(1.0, np.abs(var))
    if low.any():
        at = int(np.flatnonzero(low)[0])
        raise DataError(
            f"expected_shortfall must be at least value_at_risk, found {es[at]:g} < {var[at]:g} in row {at}. "
            "Check its sign and confidence."
        )
    return loss, var, es
