"""Order statistics of a sliding window, compiled: one insertion and one removal a step instead of a sort."""

# compiled code: numba infers types, and arrays travel one by one
# ruff: noqa: ANN001, ANN202
# pyright: basic

import numba
import numpy as np

from hf_platform.types import FloatArray, IntArray


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _solve(ordered, at, held, levels, weight, n_below, place, below):  # noqa: PLR0917  # plain arrays for numba
    done, total = 0, 0.0
    for k in range(levels.size):
        target = levels[k] * (held + weight)
        low, high = done, held
        while low < high:
            middle = (low + high) // 2
            if middle + 1 + weight * at[middle] < target:
                low = middle + 1
            else:
                high = middle
        while done < low:
            total += ordered[done]
            done += 1
        n_below[k], below[k] = low, total
        free = (target - low) / weight
        # Between two innovations the prior moves on; at one of them the mixture jumps over the target.
        place[k] = at[low] if low < held and at[low] < free else free
    while done < held:
        total += ordered[done]
        done += 1
    return total


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _slide(values, places, first, window, levels, weight, n_known, n_below, place, below, total):  # noqa: PLR0917  # plain arrays for numba
    # Two windows sorted alike: values, and their probabilities under the prior.
    ordered, at = np.empty(window + 1), np.empty(window + 1)
    held, start = 0, max(first - window, 0)
    for slot in range(start, first + n_known.size):
        if slot >= first:  # the window holds slots slot - window to slot - 1
            row = slot - first
            n_known[row] = held
            total[row] = _solve(ordered, at, held, levels, weight, n_below[row], place[row], below[row])
        if slot >= values.size:
            break
        old = slot - window
        if old >= start and not np.isnan(values[old]):
            gone = np.searchsorted(ordered[:held], values[old])
            for k in range(gone, held - 1):
                ordered[k], at[k] = ordered[k + 1], at[k + 1]
            held -= 1
        if not np.isnan(values[slot]):
            new = np.searchsorted(ordered[:held], values[slot])
            for k in range(held, new, -1):
                ordered[k], at[k] = ordered[k - 1], at[k - 1]
            ordered[new], at[new] = values[slot], places[slot]
            held += 1


def slide(
    values: FloatArray, places: FloatArray, rows: range, *, window: int, levels: FloatArray, weight: float
) -> tuple[IntArray, IntArray, FloatArray, FloatArray, FloatArray]:
    """Solve the mixture of a window and its prior in each of some neighbouring slots.

    Parameters
    ----------
    values, places : float64 array, shape (n_slots,)
        Innovations, NaN where unknown, and their probabilities under the prior.
    rows : range
        Slots to solve for, step 1; each reads slots before its own only.
    window : int
    levels : float64 array, shape (n_levels,), increasing
    weight : float
        What the prior counts.

    Returns
    -------
    n_known : int64 array, shape (n_rows,)
    n_below : int64 array, shape (n_rows, n_levels)
        Innovations below the quantile.
    place : float64 array, shape (n_rows, n_levels)
        Probability of the quantile under the prior.
    below : float64 array, shape (n_rows, n_levels)
        Sum of the innovations below the quantile, added from the smallest on.
    total : float64 array, shape (n_rows,)
        Sum of all of them.
    """
    n_rows, shape = len(rows), (len(rows), levels.size)
    n_known, n_below = np.zeros(n_rows, dtype=np.int64), np.zeros(shape, dtype=np.int64)
    place, below, total = np.empty(shape), np.empty(shape), np.empty(n_rows)
    _slide(values, places, rows.start, window, levels, weight, n_known, n_below, place, below, total)
    return n_known, n_below, place, below, total
