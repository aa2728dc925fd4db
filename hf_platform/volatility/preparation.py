"""Look at each return series once: usable or not, its location, scale and pre-sample state, standardised copy."""

# compiled code: numba infers types, and arrays travel one by one
# ruff: noqa: ANN001, ANN201, ANN202, PLR0917
# pyright: basic, reportCallIssue=false

import numpy as np

from hf_platform.types import FloatArray, IntArray
from hf_platform.volatility.jit import compiled
from hf_platform.volatility.lanes import (
    WIDTH,
    absolute,
    both,
    either,
    is_finite,
    larger,
    less,
    load,
    negated,
    new_rows,
    splat,
    square_root,
    store,
    where,
)

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


class Scratch:
    """Memory for a block of series at a time, used again for every block: fresh pages cost as much as the work on them.

    Parameters
    ----------
    n_bars, n_series : int
        Largest block.
    """

    def __init__(self, n_bars: int, n_series: int) -> None:
        self._columns: FloatArray = np.empty(n_bars * n_series)
        self._series: FloatArray = np.empty((n_series, n_bars))

    def take(self, panel: FloatArray, block: slice) -> tuple[FloatArray, FloatArray]:
        """Copy the columns of a block; give them and room for as many standardised rows, both contiguous."""
        wanted = panel[:, block]
        columns = self._columns[: wanted.size].reshape(wanted.shape)
        columns[:] = wanted
        return columns, self._series[: wanted.shape[1]]


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
    columns, found = new_rows(n_bars), new_rows(_N_FOUND)
    for first in range(0, n_series, WIDTH):
        n_lanes = min(WIDTH, n_series - first)
        if n_lanes == WIDTH:  # a count known to the compiler makes each row one move
            for t in range(n_bars):
                for lane in range(WIDTH):
                    columns[t, lane] = returns[t, first + lane]
        else:
            columns[:] = np.nan
            for t in range(n_bars):
                for lane in range(n_lanes):
                    columns[t, lane] = returns[t, first + lane]
        _measure(columns, free_mean, found)
        _standardise(columns, found)
        for lane in range(n_lanes):
            i, n = first + lane, int(found[_COUNT, lane])
            location[i], scale[i], n_obs[i] = found[_MEAN, lane], found[_SCALE, lane], n
            verdict[i] = _judge(found, lane, min_obs)
            if verdict[i] != USABLE:
                n_obs[i] = 0.0
        _turn(columns, found, first, n_lanes, series)
        for i in range(first, first + n_lanes):
            if n_obs[i] > 0.0:
                presample[i] = presample_state(series[i], int(n_obs[i]), power_one, sample)


# Rows of what `_measure` finds: values from the first finite one on, infinities or gaps after it, the largest size,
# the range, mean and standard deviation.
_COUNT, _BAD, _LARGEST, _LOW, _HIGH, _MEAN, _SCALE, _N_FOUND = 0, 1, 2, 3, 4, 5, 6, 7


@compiled
def _measure(columns, free_mean, found):
    zero, one = splat(0.0), splat(1.0)
    started, bad, count, total, largest = zero, zero, zero, zero, zero
    low, high = splat(np.inf), splat(-np.inf)
    for t in range(columns.shape[0]):
        x = load(columns, t)
        finite = is_finite(x)
        infinite = less(splat(1.7976931348623157e308), absolute(x))
        bad = where(either(infinite, both(negated(finite), less(zero, started))), one, bad)
        started = where(finite, one, started)
        count = count + started
        known = where(finite, x, zero)
        total = total + known
        largest = larger(absolute(known), largest)
        low, high = where(less(x, low), x, low), where(less(high, x), x, high)
    mean = total / larger(count, one) if free_mean else zero
    square = zero
    for t in range(columns.shape[0]):
        x = load(columns, t)
        deviation = where(is_finite(x), x - mean, zero)
        square = square + deviation * deviation
    store(found, _COUNT, count)
    store(found, _BAD, bad)
    store(found, _LARGEST, largest)
    store(found, _LOW, low)
    store(found, _HIGH, high)
    store(found, _MEAN, mean)
    store(found, _SCALE, square_root(square / larger(count, one)))


@compiled
def _standardise(columns, found):
    mean, scale = load(found, _MEAN), load(found, _SCALE)
    for t in range(columns.shape[0]):
        store(columns, t, (load(columns, t) - mean) / scale)


@compiled
def _turn(columns, found, first, n_lanes, series):
    # Columns become rows without their padding; bars outside, so that memory is read in order.
    for t in range(columns.shape[0]):
        for lane in range(n_lanes):
            place = t - columns.shape[0] + int(found[_COUNT, lane])
            if place >= 0:
                series[first + lane, place] = columns[t, lane]


@compiled
def _judge(found, lane, min_obs):
    scale = found[_SCALE, lane]
    if found[_BAD, lane] > 0.0:
        return NON_FINITE
    if found[_COUNT, lane] < min_obs:
        return TOO_SHORT
    if found[_LOW, lane] == found[_HIGH, lane] or not scale > 1e-12 * found[_LARGEST, lane]:
        return CONSTANT
    return USABLE if np.isfinite(scale) and scale > 1e-150 else NON_FINITE
