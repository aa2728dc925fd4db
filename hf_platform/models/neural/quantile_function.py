"""From quantiles on the platform's grid to a whole distribution: moments and tail means."""

from typing import Final

import numpy as np
from scipy import special

from hf_platform.types import PROBABILITIES, FloatArray, ForecastDistribution

_GRID: Final = np.array(PROBABILITIES)


def normal_quantiles() -> FloatArray:
    """Quantiles of the standard normal on the grid, shape (len(PROBABILITIES),): where every net starts."""
    return special.ndtri(_GRID)


def from_quantiles(quantiles: FloatArray, mean: FloatArray | None = None) -> ForecastDistribution:
    """Complete forecasts of quantiles to distributions.

    Parameters
    ----------
    quantiles : float64 array, shape (n_origins, len(PROBABILITIES))
        [decimal log return over the horizon]; sorted here, since nets let them cross.
    mean : float64 array, shape (n_origins,), optional
        A mean forecast of its own; the distribution's otherwise.

    Returns
    -------
    ForecastDistribution

    Notes
    -----
    The quantile function is linear between grid points. Beyond the outermost two points on either side it
    goes on logarithmically through them, an exponential tail: lighter than financial returns have, so that
    the outermost tail means are the least one can claim from the quantiles, not an estimate of the extreme.
    """
    q = np.sort(quantiles, axis=1)
    low_step = (q[:, 1] - q[:, 0]) / np.log(_GRID[1] / _GRID[0])
    high_step = (q[:, -1] - q[:, -2]) / np.log((1 - _GRID[-2]) / (1 - _GRID[-1]))
    low, high = q[:, 0] - low_step, q[:, -1] + high_step  # means beyond the outermost quantiles
    width = np.diff(_GRID)
    # Integrals of the quantile function over each cell, the two tails first and last.
    first = np.column_stack([_GRID[0] * low, width * (q[:, 1:] + q[:, :-1]) / 2, (1 - _GRID[-1]) * high])
    second = np.column_stack(
        [
            _GRID[0] * (low**2 + low_step**2),
            width * (q[:, 1:] ** 2 + q[:, 1:] * q[:, :-1] + q[:, :-1] ** 2) / 3,
            (1 - _GRID[-1]) * (high**2 + high_step**2),
        ]
    )
    below = np.cumsum(first, axis=1)  # running sums: a row's result does not depend on how many rows there are
    above = np.cumsum(first[:, ::-1], axis=1)[:, ::-1]
    own_mean = below[:, -1]
    spread = np.cumsum(second, axis=1)[:, -1] - own_mean**2
    tails = np.where(_GRID <= 0.5, below[:, :-1] / _GRID, above[:, 1:] / (1 - _GRID))
    # Where quantiles coincide, rounding may put a mean a hair on the wrong side of its quantile.
    tails = np.where(_GRID <= 0.5, np.minimum(tails, q), np.maximum(tails, q))
    return ForecastDistribution(
        mean=own_mean if mean is None else mean,
        volatility=np.sqrt(np.maximum(spread, np.finfo(np.float64).tiny)),
        quantiles=q,
        tail_means=tails,
    )
