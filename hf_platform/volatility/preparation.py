"""Look at each return series once: usable or not, its location, scale and pre-sample state, standardised copy."""

# compiled code: numba infers types, and arrays travel one by one
# ruff: noqa: ANN001, ANN201, PLR0912, PLR0917
# pyright: basic

import numpy as np

from hf_platform.types import FloatArray, IntArray
from hf_platform.volatility.jit import compiled

USABLE, NON_FINITE, TOO_SHORT, CONSTANT = 0, 1, 2, 3
BACKCAST_BARS, BACKCAST_DECAY = 75, 0.94  # arch's defaults
SMALLEST_PRESAMPLE = 1e-10  # of a standardised series; keeps the log finite when all early returns are zero


@compiled
def presample_state(standardised, n_obs, power_one, sample):
    """Arch's backcast of a standardised series (`power_one`: of its size), or its mean square for `sample`."""
    total, weights, weight = 0.0, 0.0, 1.0
    bars = n_obs if sample else min(BACKCAST_BARS, n_obs)
    for t in range(bars):
        size = abs(standardised[t])
        total += weight * (size if power_one and not sample else size * size)
        weights += weight
        weight *= 1.0 if sample else BACKCAST_DECAY
    return max(total / weights, SMALLEST_PRESAMPLE)


@compiled
def prepare(
    returns: FloatArray,
    free_mean: bool,
    power_one: bool,
    sample: bool,
    min_obs: int,
    verdict: IntArray,
    n_obs: FloatArray,
    location: FloatArray,
    scale: FloatArray,
    presample: FloatArray,
    series: FloatArray,
) -> None:
    """Inspect and standardise the columns of `returns`, shape (n_bars, n_series).

    Leading NaN is padding. Writes one entry per column, and into row i of `series` the standardised returns of column i
    from place 0 on. Columns that cannot be used get n_obs 0 in place of their count.
    """
    n_bars, n_series = returns.shape
    first = np.full(n_series, n_bars)
    largest, low, high = np.zeros(n_series), np.full(n_series, np.inf), np.full(n_series, -np.inf)
    total, square = np.zeros(n_series), np.zeros(n_series)
    verdict[:] = USABLE
    for t in range(n_bars):
        for i in range(n_series):
            x = returns[t, i]
            if np.isfinite(x):
                if first[i] == n_bars:
                    first[i] = t
                total[i] += x
                largest[i] = max(largest[i], abs(x))
                low[i], high[i] = min(low[i], x), max(high[i], x)
            elif first[i] < n_bars or np.isinf(x):
                verdict[i] = NON_FINITE
    for i in range(n_series):
        n = n_bars - first[i]
        location[i] = total[i] / n if free_mean and n > 0 else 0.0
    for t in range(n_bars):
        for i in range(n_series):
            if t >= first[i]:
                deviation = returns[t, i] - location[i]
                square[i] += deviation * deviation
    for i in range(n_series):
        n = n_bars - first[i]
        scale[i] = np.sqrt(square[i] / n) if n > 0 else 0.0
        n_obs[i] = n
        if verdict[i] == USABLE:
            if n < min_obs:
                verdict[i] = TOO_SHORT
            elif low[i] == high[i] or not scale[i] > 1e-12 * largest[i]:
                verdict[i] = CONSTANT
            elif not np.isfinite(scale[i]) or not scale[i] > 1e-150:
                verdict[i] = NON_FINITE
        if verdict[i] != USABLE:
            n_obs[i] = 0.0
    for t in range(n_bars):
        for i in range(n_series):
            if n_obs[i] > 0.0 and t >= first[i]:
                series[i, t - first[i]] = (returns[t, i] - location[i]) / scale[i]
    for i in range(n_series):
        if n_obs[i] > 0.0:
            presample[i] = presample_state(series[i], int(n_obs[i]), power_one, sample)
