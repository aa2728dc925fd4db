"""Projected Fisher scoring with a secant correction, eight series at a time.

Each lane carries one series through all its starting points and is then refilled, so that kernels always run full.
A step solves the quadratic model (expected information plus an SR1 estimate of what it misses) inside the box, with
Levenberg damping when the likelihood disagrees. A start is dropped once it reaches an optimum that is already known.
All arithmetic runs on the lanes together (evaluation.py, steps.py); here each lane decides what comes next.

References
----------
Nocedal, J., Wright, S. (2006). Numerical Optimization, 2nd ed., chapters 4, 6.2 and 16.7.
"""

# compiled code: numba infers types, and arrays travel one by one
# ruff: noqa: ANN001, ANN202, ANN401, PLR0911, PLR0917
# pyright: basic

from typing import Any

import numpy as np
from numba import types

from hf_platform.types import BoolArray, FloatArray, IntArray
from hf_platform.volatility.coordinates import n_coordinates, new_box, starting_point, to_natural
from hf_platform.volatility.evaluation import place, read
from hf_platform.volatility.jit import compiled, compiled_as
from hf_platform.volatility.lanes import WIDTH, new_rows
from hf_platform.volatility.learning import take_in
from hf_platform.volatility.optima import (
    CONVERGED,
    STALLED,
    VALUE,
    file_optimum,
    is_hopeless,
    keep_unfinished,
    near_known,
    new_optima,
    report,
)
from hf_platform.volatility.second_look import N_LOOKS, merge_limit, place_look
from hf_platform.volatility.signatures import KERNEL_TYPE, MATRIX
from hf_platform.volatility.steps import propose
from hf_platform.volatility.workspace import (
    ACCEPTED,
    ACTIVE,
    BROKEN,
    CONSTANTS,
    FRESH,
    LOWER,
    MAX_PARAMS,
    N_CONSTANTS,
    N_OBS,
    N_OPTIMA,
    N_SUMS,
    PREDICTED,
    PRESAMPLE,
    PROMISE,
    SERIES,
    START,
    STEPS,
    SUMS,
    THETA,
    TRIAL,
    UPPER,
    new_workspace,
)
from hf_platform.volatility.workspace import STALLED as IS_STALLED

MAX_STEPS = 100
TOLERANCE = 1e-8  # log-likelihood that one more step could gain


@compiled
def _has_ended(work, optima, box, lane, n, process, n_starts):
    # Decide whether a start is over, and keep what it found.
    work[STEPS, lane] += 1.0
    if work[BROKEN, lane] > 0.0:
        return True
    limit = merge_limit(int(work[START, lane]) - n_starts, process)
    if work[FRESH, lane] == 0.0 and work[ACCEPTED, lane] > 0.0 and near_known(work, optima, lane, n, limit):
        return True
    if work[IS_STALLED, lane] > 0.0:
        file_optimum(work, optima, box, lane, n, STALLED)
        return True
    if work[PROMISE, lane] < TOLERANCE:
        file_optimum(work, optima, box, lane, n, CONVERGED)
        return True
    if is_hopeless(work, optima, lane):
        return True
    work[FRESH, lane] = 0.0
    if work[STEPS, lane] >= MAX_STEPS or work[PREDICTED, lane] < 1e-11:
        keep_unfinished(work, optima, box, lane, n)
        return True
    return False


@compiled_as(
    types.void(
        KERNEL_TYPE, types.int64[::1], types.boolean, types.boolean, types.int64, MATRIX, MATRIX, types.float64[::1],
        types.float64[::1], MATRIX, types.float64[::1], types.float64[::1], types.int64[::1], types.int64[::1],
    )
)  # fmt: skip
def search_optima(
    kernel: Any,
    model: IntArray,
    free_mean: bool,
    sample: bool,
    n_starts: int,
    warm: FloatArray,
    series: FloatArray,
    n_obs: FloatArray,
    presample: FloatArray,
    phi: FloatArray,
    value: FloatArray,
    gradient_norm: FloatArray,
    n_optima: IntArray,
    code: IntArray,
) -> None:
    """Fit each row of `series`; write coordinates, negative log-likelihood, gradient norm, optima seen and outcome.

    `model` is (process, p, o, q, distribution). Rows with `n_obs` zero are left alone. `warm` holds coordinates that
    take the place of the first start, a row for each series (NaN for none), or has no rows.
    """
    process, p, o, q, distribution = model[0], model[1], model[2], model[3], model[4]
    n = n_coordinates(process, p, o, q, distribution)
    box = new_box(process, p, o, q, distribution, free_mean)
    work, optima = new_workspace(), new_optima(n_starts + N_LOOKS)
    lengths, theta = work[N_OBS : N_OBS + 1], work[THETA : THETA + MAX_PARAMS]
    constants, sums = work[CONSTANTS : CONSTANTS + N_CONSTANTS], work[SUMS : SUMS + N_SUMS]
    returns = new_rows(max(series.shape[1], 1))
    upcoming, n_busy = 0, 0
    for lane in range(WIDTH):
        upcoming = _refill(work, optima, lane, upcoming, series, n_obs, presample, returns)
        if work[ACTIVE, lane] > 0.0:
            _begin(work, lane, process, p, o, q, distribution, warm)
            n_busy += 1
    while n_busy > 0:
        place(process, p, o, q, distribution, sample, work)
        kernel(returns, lengths, theta, constants, sums)
        read(process, p, o, q, distribution, work)
        take_in(work, n)
        propose(work, box, n)
        for lane in range(WIDTH):
            if work[ACTIVE, lane] == 0.0 or not _has_ended(work, optima, box, lane, n, process, n_starts):
                continue
            work[START, lane] += 1.0
            if work[START, lane] >= n_starts:
                if _looks_again(work, optima, box, lane, process, p, o, q, n, n_starts):
                    continue
                report(work, optima, lane, n, phi, value, gradient_norm, n_optima, code)
                upcoming = _refill(work, optima, lane, upcoming, series, n_obs, presample, returns)
                if work[ACTIVE, lane] == 0.0:
                    n_busy -= 1
                    continue
            _begin(work, lane, process, p, o, q, distribution, warm)


@compiled
def _begin(work, lane, process, p, o, q, distribution, warm):
    work[FRESH, lane] = 1.0
    work[STEPS, lane] = 0.0
    which = int(work[START, lane]) - (1 if warm.shape[0] > 0 else 0)
    starting_point(process, p, o, q, distribution, max(which, 0), work, lane)
    if which < 0:
        row = int(work[SERIES, lane])
        for i in range(warm.shape[1]):
            if np.isfinite(warm[row, i]):
                work[TRIAL + i, lane] = warm[row, i]


@compiled
def _looks_again(work, optima, box, lane, process, p, o, q, n, n_starts):
    # Begin the next second look that applies; False where none is left.
    if work[N_OPTIMA, lane] == 0.0:
        return False
    while work[START, lane] < n_starts + N_LOOKS:
        if place_look(int(work[START, lane]) - n_starts, process, p, o, q, work, optima, box, lane, n):
            work[FRESH, lane] = 1.0
            work[STEPS, lane] = 0.0
            return True
        work[START, lane] += 1.0
    return False


@compiled
def _refill(work, optima, lane, upcoming, series, n_obs, presample, returns):
    # Load the next series that is to be fitted into a lane; return the row after it.
    while upcoming < series.shape[0] and n_obs[upcoming] == 0.0:
        upcoming += 1
    work[N_OPTIMA, lane] = 0.0
    work[START, lane] = 0.0
    optima[lane, optima.shape[1] - 1, VALUE] = np.inf
    if upcoming == series.shape[0]:
        work[ACTIVE, lane] = 0.0
        work[N_OBS, lane] = 0.0
        return upcoming
    work[ACTIVE, lane] = 1.0
    work[SERIES, lane] = upcoming
    work[PRESAMPLE, lane] = presample[upcoming]
    work[N_OBS, lane] = n_obs[upcoming]
    for t in range(int(n_obs[upcoming])):
        returns[t, lane] = series[upcoming, t]
    return upcoming + 1


@compiled
def natural_parameters(model: IntArray, free_mean: bool, phi: FloatArray) -> tuple[FloatArray, BoolArray]:
    """Map rows of coordinates to natural parameters, and tell which rows lie on the boundary of the box."""
    process, p, o, q, distribution = model[0], model[1], model[2], model[3], model[4]
    n = n_coordinates(process, p, o, q, distribution)
    work, box = new_workspace(), new_box(process, p, o, q, distribution, free_mean)
    theta, at_boundary = np.zeros((phi.shape[0], n)), np.zeros(phi.shape[0], np.bool_)
    for first in range(0, phi.shape[0], WIDTH):
        n_lanes = min(WIDTH, phi.shape[0] - first)
        for lane in range(n_lanes):
            for i in range(n):
                work[TRIAL + i, lane] = phi[first + lane, i]
        to_natural(process, p, o, q, distribution, work)
        for lane in range(n_lanes):
            row = first + lane
            for i in range(n):
                theta[row, i] = work[THETA + i, lane]
            for i in range(1, n):
                at_boundary[row] |= phi[row, i] <= box[LOWER, i] or phi[row, i] >= box[UPPER, i]
    return theta, at_boundary
