"""Holt-Winters with a damped trend on windows of log prices: the statistical members of a stack."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from hf_platform.types import FloatArray


@dataclass(frozen=True, slots=True)
class Smoother:
    """Coefficients of level and trend, and the damping of the trend."""

    level: float
    trend: float
    damping: float


# Slow, medium and nearly naive; a stack weighs them, so that none has to be best.
ENSEMBLE: Final[dict[str, Smoother]] = {
    "holt_slow": Smoother(0.2, 0.05, 0.95),
    "holt_medium": Smoother(0.5, 0.1, 0.9),
    "holt_fast": Smoother(0.9, 0.2, 0.8),
}


def forecast(paths: FloatArray, smoother: Smoother, n_bars: int) -> FloatArray:
    """Smooth windows and forecast the level some bars on.

    Parameters
    ----------
    paths : float64 array, shape (n_rows, lookback)
        Log price minus that at the origin.
    smoother : Smoother
    n_bars : int

    Returns
    -------
    float64 array, shape (n_rows,)
        Log price after `n_bars` bars minus that at the origin.

    References
    ----------
    Gardner, E. S. and McKenzie, E. (1985). Forecasting Trends in Time Series. Management Science 31(10),
    1237-1246.
    """
    level, trend = paths[:, 0].copy(), np.zeros(paths.shape[0])
    for t in range(1, paths.shape[1]):
        ahead = level + smoother.damping * trend
        new = smoother.level * paths[:, t] + (1 - smoother.level) * ahead
        trend = smoother.trend * (new - level) + (1 - smoother.trend) * smoother.damping * trend
        level = new
    total = float(np.sum(smoother.damping ** np.arange(1, n_bars + 1)))
    return level + total * trend
