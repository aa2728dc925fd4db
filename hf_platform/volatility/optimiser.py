"""Projected Fisher scoring with a secant correction, eight series at a time.

Each lane carries one series through all its starting points and is then refilled, so that kernels always run full.
A step solves the quadratic model (expected information plus an SR1 estimate of what it misses) inside the box, with
Levenberg damping when the likelihood disagrees. A start is dropped once it reaches an optimum that is already known.

References
----------
Nocedal, J., Wright, S. (2006). Numerical Optimization, 2nd ed., chapters 4, 6.2 and 16.7.
"""

# compiled code: numba infers types, and arrays travel one by one
# ruff: noqa: ANN001, ANN201, ANN202, ANN401, PLR0911, PLR0917
# pyright: basic

from typing import Any

import numpy as np
from numba import types

from hf_platform.types import BoolArray, FloatArray, IntArray
from hf_platform.volatility.coordinates import EGARCH, TARCH, box, n_coordinates, starting_point, to_natural
from hf_platform.volatility.jit import compiled, compiled_as, inlined
from hf_platform.volatility.lanes import WIDTH
from hf_platform.volatility.scoring import fill_information, score_shapes, shape_constants
from hf_platform.volatility.search_state import MAX_PARAMS, new_scratch, new_search
from hf_platform.volatility.signatures import KERNEL_TYPE, MATRIX, N_CONSTANTS
from hf_platform.volatility.steps import propose

MAX_STEPS = 100
TOLERANCE = 1e-8  # log-likelihood that one more step could gain
MERGE_BEHIND, MERGE_DISTANCE = 1.0, 6.0
IDLE, FRESH, TRIAL = 0, 1, 2
CONVERGED, STALLED, EXHAUSTED, BROKEN = 0, 1, 2, 3


@inlined
def presample_constants(process, presample, sample, mu, constants, lane):
    """Write the pre-sample state and its derivative with respect to the mean (rows 0 and 1).

    `presample` holds arch's backcast of the squared innovation (tarch: of its size); for `sample` it is the mean
    squared return instead, to which the square of the mean is added (Fiorentini, Calzolari and Panattoni).
    """
    value, slope = presample, 0.0
    if sample:
        value = presample + mu * mu
        slope = 2.0 * mu
        if process == TARCH:
            value = np.sqrt(value)
            slope = mu / value
    if process == EGARCH:
        slope = slope / value
        value = np.log(value)
    constants[0, lane] = value
    constants[1, lane] = slope


@inlined
def prepare_lane(process, p, o, q, distribution, phi, scratch, presample, sample, theta, constants, lane):
    """Write one lane's parameters and constants for the kernel."""
    n = n_coordinates(process, p, o, q, distribution)
    to_natural(process, p, o, q, distribution, phi, scratch.theta, scratch.jacobian)
    for i in range(n):
        theta[i, lane] = scratch.theta[i]
    shape_constants(distribution, scratch.theta[2 + p + o + q :], constants, lane)
    presample_constants(process, presample, sample, scratch.theta[0], constants, lane)


@inlined
def read_lane(process, p, o, q, distribution, phi, n_obs, sums, lane, scratch):
    """Return the negative log-likelihood; write its gradient and expected information in box coordinates."""
    n = n_coordinates(process, p, o, q, distribution)
    k = 2 + p + o + q
    to_natural(process, p, o, q, distribution, phi, scratch.theta, scratch.jacobian)
    for i in range(k):
        scratch.natural_gradient[i] = sums[1 + i, lane]
    first = 2 + 2 * k + k * (k + 1) // 2
    value = score_shapes(distribution, k, n_obs, scratch.theta, sums, lane, first, scratch.natural_gradient)
    information = scratch.natural_information
    fill_information(distribution, k, n_obs, scratch.theta, sums, lane, scratch.per_observation, information)
    for i in range(n):
        total = 0.0
        for j in range(n):
            total += scratch.jacobian[j, i] * scratch.natural_gradient[j]
        scratch.gradient[i] = -total
        for j in range(n):
            total = 0.0
            for m in range(n):
                total += information[i, m] * scratch.jacobian[m, j]
            scratch.matrix[i, j] = total
    for i in range(n):
        for j in range(i + 1):
            total = 0.0
            for m in range(n):
                total += scratch.jacobian[m, i] * scratch.matrix[m, j]
            scratch.information[i, j] = total
            scratch.information[j, i] = total
    return -value


@inlined
def _learn(search, lane, n, scratch):
    # SR1: correct the information by what it failed to say about the change of the gradient.
    correction, information = search.correction[lane], search.information[lane]
    residual, dot, size_r, size_s = scratch.rhs, 0.0, 0.0, 0.0
    for i in range(n):
        moved = search.trial[lane, i] - search.phi[lane, i]
        total = scratch.gradient[i] - search.gradient[lane, i]
        for j in range(n):
            total -= (information[i, j] + correction[i, j]) * (search.trial[lane, j] - search.phi[lane, j])
        residual[i] = total
        dot += total * moved
        size_r += total * total
        size_s += moved * moved
    if abs(dot) > 1e-8 * np.sqrt(size_r * size_s):
        for i in range(n):
            for j in range(n):
                correction[i, j] += residual[i] * residual[j] / dot


@inlined
def _accept(search, lane, n, value, scratch):
    search.best[lane] = value
    for i in range(n):
        search.phi[lane, i] = search.trial[lane, i]
        search.gradient[lane, i] = scratch.gradient[i]
        for j in range(n):
            search.information[lane, i, j] = scratch.information[i, j]


@inlined
def _projected_gradient(search, lane, n, scratch):
    # Largest gradient component that does not push out of the box.
    largest = 0.0
    for i in range(n):
        slope, at = search.gradient[lane, i], search.phi[lane, i]
        if scratch.lower[i] == scratch.upper[i]:
            continue
        if (at <= scratch.lower[i] and slope >= 0.0) or (at >= scratch.upper[i] and slope <= 0.0):
            continue
        largest = max(largest, abs(slope))
    return largest


@inlined
def _near_known(search, lane, n):
    # True where this search is within the quadratic basin of an optimum that is at least as good.
    for known in range(search.n_optima[lane]):
        behind = search.best[lane] - search.optimum_value[lane, known]
        if behind > MERGE_BEHIND or behind < -1e-6:
            continue
        distance = 0.0
        for i in range(n):
            a = search.phi[lane, i] - search.optimum[lane, known, i]
            for j in range(n):
                b = search.phi[lane, j] - search.optimum[lane, known, j]
                distance += a * search.information[lane, i, j] * b
        if distance < MERGE_DISTANCE:
            return True
    return False


@inlined
def _keep_unfinished(search, lane, n, scratch):
    # Remember a search that ran out of steps; it counts only if no start converges.
    if search.best[lane] < search.unfinished_value[lane]:
        search.unfinished_value[lane] = search.best[lane]
        search.unfinished[lane, :n] = search.phi[lane, :n]
        search.unfinished_size[lane] = _projected_gradient(search, lane, n, scratch)


@inlined
def _file_optimum(search, lane, n, code, scratch):
    # Keep a new optimum, or replace a known one that this search has improved.
    size = _projected_gradient(search, lane, n, scratch)
    place = search.n_optima[lane]
    for known in range(search.n_optima[lane]):
        if abs(search.optimum_value[lane, known] - search.best[lane]) < 1e-3:
            place = known
            if search.optimum_code[lane, known] <= code and search.optimum_value[lane, known] <= search.best[lane]:
                return
            break
    if place == search.n_optima[lane]:
        search.n_optima[lane] += 1
    for i in range(n):
        search.optimum[lane, place, i] = search.phi[lane, i]
    search.optimum_value[lane, place] = search.best[lane]
    search.optimum_size[lane, place] = size
    search.optimum_code[lane, place] = code


@inlined
def _resize(search, lane, ratio):
    # Trust the quadratic model further, or less far, according to how well it predicted the last gain.
    length = search.length[lane]
    if ratio < 0.25:
        search.radius[lane] = 0.3 * min(length, search.radius[lane]) if ratio < 0.0 else 0.5 * length
    elif ratio > 0.7:
        search.radius[lane] = max(search.radius[lane], 2.0 * length)


@inlined
def _is_hopeless(search, lane):
    # True where a known optimum is far better than anything this start still promises.
    if search.n_optima[lane] == 0 or search.steps[lane] < 5:
        return False
    best = search.optimum_value[lane, 0]
    for known in range(1, search.n_optima[lane]):
        best = min(best, search.optimum_value[lane, known])
    behind = search.best[lane] - best
    return behind > 0.05 and behind > 20.0 * search.predicted[lane]


@inlined
def advance(search, lane, n, n_obs, value, scratch):
    """Take in an evaluation at `trial`. Return True when this start has ended."""
    usable = np.isfinite(value)
    for i in range(n):
        usable = usable and np.isfinite(scratch.gradient[i])
    search.steps[lane] += 1
    if search.phase[lane] == FRESH:
        if not usable:
            return True
        search.phase[lane] = TRIAL
        search.radius[lane] = 1e6
        search.correction[lane, :, :] = 0.0
        _accept(search, lane, n, value, scratch)
    else:
        predicted = search.predicted[lane]
        gain = search.best[lane] - value if usable else -np.inf
        accepted = gain > 1e-4 * predicted and gain > 0.0
        if gain > -5.0 * predicted:
            _learn(search, lane, n, scratch)
        _resize(search, lane, gain / predicted)
        if accepted:
            _accept(search, lane, n, value, scratch)
            if search.n_optima[lane] > 0 and _near_known(search, lane, n):
                return True
        elif predicted < 1e-7 and usable:
            _file_optimum(search, lane, n, STALLED, scratch)
            return True
    promise = propose(search, lane, n, n_obs, scratch)
    if promise < TOLERANCE:
        _file_optimum(search, lane, n, CONVERGED, scratch)
        return True
    if _is_hopeless(search, lane):
        return True
    if search.steps[lane] >= MAX_STEPS or search.predicted[lane] < 1e-11:
        _keep_unfinished(search, lane, n, scratch)
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
    k = 2 + p + o + q
    search, scratch = new_search(n_starts), new_scratch()
    box(process, p, o, q, distribution, free_mean, scratch.lower, scratch.upper, scratch.reach)
    returns = np.zeros((max(series.shape[1], 1), WIDTH))
    lengths, theta = np.zeros((1, WIDTH)), np.zeros((MAX_PARAMS, WIDTH))
    constants, sums = np.ones((N_CONSTANTS, WIDTH)), np.zeros((2 + 2 * k + k * (k + 1) // 2 + 5, WIDTH))
    upcoming, n_busy = 0, 0
    for lane in range(WIDTH):
        upcoming = _refill(
            search, lane, upcoming, process, p, o, q, distribution, warm, series, n_obs, returns, lengths
        )
        n_busy += search.phase[lane] != IDLE
    while n_busy > 0:
        for lane in range(WIDTH):
            if search.phase[lane] != IDLE:
                row = search.series[lane]
                prepare_lane(process, p, o, q, distribution, search.trial[lane], scratch, presample[row], sample,
                             theta, constants, lane)  # fmt: skip
        kernel(returns, lengths, theta, constants, sums)
        for lane in range(WIDTH):
            if search.phase[lane] == IDLE:
                continue
            row = search.series[lane]
            negative = read_lane(process, p, o, q, distribution, search.trial[lane], n_obs[row], sums, lane, scratch)
            if not advance(search, lane, n, n_obs[row], negative, scratch):
                continue
            search.start[lane] += 1
            if search.start[lane] < n_starts:
                _begin(search, lane, process, p, o, q, distribution, warm)
                continue
            _report(search, lane, n, phi, value, gradient_norm, n_optima, code)
            upcoming = _refill(
                search, lane, upcoming, process, p, o, q, distribution, warm, series, n_obs, returns, lengths
            )
            n_busy -= search.phase[lane] == IDLE


@inlined
def _begin(search, lane, process, p, o, q, distribution, warm):
    search.phase[lane] = FRESH
    search.steps[lane] = 0
    shift = 1 if warm.shape[0] > 0 else 0
    which = search.start[lane] - shift
    starting_point(process, p, o, q, distribution, max(which, 0), search.trial[lane])
    if which < 0:
        row = search.series[lane]
        for i in range(warm.shape[1]):
            if np.isfinite(warm[row, i]):
                search.trial[lane, i] = warm[row, i]


@inlined
def _refill(search, lane, upcoming, process, p, o, q, distribution, warm, series, n_obs, returns, lengths):
    # Load the next series that is to be fitted into a lane; return the row after it.
    while upcoming < series.shape[0] and n_obs[upcoming] == 0.0:
        upcoming += 1
    search.n_optima[lane] = 0
    search.unfinished_value[lane] = np.inf
    search.start[lane] = 0
    if upcoming == series.shape[0]:
        search.phase[lane] = IDLE
        lengths[0, lane] = 0.0
        return upcoming
    search.series[lane] = upcoming
    lengths[0, lane] = n_obs[upcoming]
    for t in range(int(n_obs[upcoming])):
        returns[t, lane] = series[upcoming, t]
    _begin(search, lane, process, p, o, q, distribution, warm)
    return upcoming + 1


@inlined
def _report(search, lane, n, phi, value, gradient_norm, n_optima, code):
    row = search.series[lane]
    n_optima[row] = search.n_optima[lane]
    if search.n_optima[lane] == 0:
        code[row] = EXHAUSTED if np.isfinite(search.unfinished_value[lane]) else BROKEN
        phi[row, :n] = search.unfinished[lane, :n]
        value[row], gradient_norm[row] = search.unfinished_value[lane], search.unfinished_size[lane]
        return
    best = 0
    for known in range(1, search.n_optima[lane]):
        if search.optimum_value[lane, known] < search.optimum_value[lane, best]:
            best = known
    phi[row, :n] = search.optimum[lane, best, :n]
    value[row] = search.optimum_value[lane, best]
    gradient_norm[row] = search.optimum_size[lane, best]
    code[row] = search.optimum_code[lane, best]


@compiled
def natural_parameters(model: IntArray, free_mean: bool, phi: FloatArray) -> tuple[FloatArray, BoolArray]:
    """Map rows of coordinates to natural parameters, and tell which rows lie on the boundary of the box."""
    process, p, o, q, distribution = model[0], model[1], model[2], model[3], model[4]
    n = n_coordinates(process, p, o, q, distribution)
    scratch = new_scratch()
    box(process, p, o, q, distribution, free_mean, scratch.lower, scratch.upper, scratch.reach)
    theta, at_boundary = np.zeros((phi.shape[0], n)), np.zeros(phi.shape[0], np.bool_)
    for row in range(phi.shape[0]):
        to_natural(process, p, o, q, distribution, phi[row], scratch.theta, scratch.jacobian)
        theta[row] = scratch.theta[:n]
        for i in range(1, n):
            at_boundary[row] |= phi[row, i] <= scratch.lower[i] or phi[row, i] >= scratch.upper[i]
    return theta, at_boundary
