"""What the starts of one series have found: a short list of local optima for each lane.

`optima[lane, place]` is one record: value, projected gradient norm, outcome code, standard error of the mean given all
else, then the coordinates. The last place
keeps the best search that ran out of steps; it counts only where no start converges.
"""

# compiled code: numba infers types, and arrays travel one by one
# ruff: noqa: ANN001, ANN201, PLR0917
# pyright: basic

import numpy as np

from hf_platform.volatility.jit import compiled
from hf_platform.volatility.lanes import WIDTH
from hf_platform.volatility.workspace import (
    BEST,
    GRADIENT,
    INFORMATION,
    LOWER,
    MAX_PARAMS,
    N_OPTIMA,
    PHI,
    PREDICTED,
    SERIES,
    STEPS,
    UPPER,
)

VALUE, SIZE, CODE, SPREAD, POINT = 0, 1, 2, 3, 4
CONVERGED, STALLED, EXHAUSTED, BROKEN = 0, 1, 2, 3
SAME_OPTIMUM = 1e-3  # difference of log-likelihoods below which two searches ended in the same place
MERGE_BEHIND = 3.0


@compiled
def new_optima(n_searches):
    """Allocate room for one optimum per search, and the unfinished one."""
    return np.full((WIDTH, n_searches + 1, POINT + MAX_PARAMS), np.inf)


@compiled
def projected_gradient(work, box, lane, n):
    """Return the largest gradient component that does not push out of the box."""
    largest = 0.0
    for i in range(n):
        slope, at, lower, upper = work[GRADIENT + i, lane], work[PHI + i, lane], box[LOWER, i], box[UPPER, i]
        if lower == upper or (at <= lower and slope >= 0.0) or (at >= upper and slope <= 0.0):
            continue
        largest = max(largest, abs(slope))
    return largest


@compiled
def near_known(work, optima, lane, n, limit):
    """Tell whether a search is within a squared distance `limit`, in standard errors, of an optimum as good."""
    for known in range(int(work[N_OPTIMA, lane])):
        behind = work[BEST, lane] - optima[lane, known, VALUE]
        if behind > MERGE_BEHIND or behind < -1e-6:
            continue
        distance = 0.0
        for i in range(n):
            a = work[PHI + i, lane] - optima[lane, known, POINT + i]
            for j in range(n):
                b = work[PHI + j, lane] - optima[lane, known, POINT + j]
                distance += a * work[INFORMATION + i * n + j, lane] * b
        if distance < limit:
            return True
    return False


@compiled
def best_known(work, optima, lane):
    """Return the place of the best optimum; -1 where there is none."""
    best = -1
    for known in range(int(work[N_OPTIMA, lane])):
        if best < 0 or optima[lane, known, VALUE] < optima[lane, best, VALUE]:
            best = known
    return best


@compiled
def is_hopeless(work, optima, lane):
    """Tell whether a known optimum is far better than anything this start still promises."""
    best = best_known(work, optima, lane)
    if best < 0 or work[STEPS, lane] < 3.0:
        return False
    behind = work[BEST, lane] - optima[lane, best, VALUE]
    return behind > 0.05 and behind > 20.0 * work[PREDICTED, lane]


@compiled
def _write(work, optima, box, lane, n, place, code) -> None:
    optima[lane, place, VALUE] = work[BEST, lane]
    optima[lane, place, SIZE] = projected_gradient(work, box, lane, n)
    optima[lane, place, CODE] = code
    optima[lane, place, SPREAD] = 1.0 / np.sqrt(work[INFORMATION, lane])
    for i in range(n):
        optima[lane, place, POINT + i] = work[PHI + i, lane]


@compiled
def keep_unfinished(work, optima, box, lane, n):
    """Remember a search that ran out of steps."""
    last = optima.shape[1] - 1
    if work[BEST, lane] < optima[lane, last, VALUE]:
        _write(work, optima, box, lane, n, last, EXHAUSTED)


@compiled
def file_optimum(work, optima, box, lane, n, code):
    """Keep a new optimum, or replace a known one that this search has improved."""
    count = int(work[N_OPTIMA, lane])
    place = count
    for known in range(count):
        if abs(optima[lane, known, VALUE] - work[BEST, lane]) < SAME_OPTIMUM:
            if optima[lane, known, CODE] <= code and optima[lane, known, VALUE] <= work[BEST, lane]:
                return
            place = known
            break
    if place == count:
        work[N_OPTIMA, lane] += 1.0
    _write(work, optima, box, lane, n, place, code)


@compiled
def report(work, optima, lane, n, phi, value, gradient_norm, n_optima, code):
    """Write the best that was found for the series of a lane into its row of the results."""
    row, best = int(work[SERIES, lane]), best_known(work, optima, lane)
    n_optima[row] = int(work[N_OPTIMA, lane])
    if best < 0:
        best = optima.shape[1] - 1
    value[row], gradient_norm[row] = optima[lane, best, VALUE], optima[lane, best, SIZE]
    code[row] = int(optima[lane, best, CODE]) if np.isfinite(value[row]) else BROKEN
    for i in range(n):
        phi[row, i] = optima[lane, best, POINT + i]
