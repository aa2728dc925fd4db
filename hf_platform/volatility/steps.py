"""One step of the optimiser: the quadratic model solved inside the box, damped to the trust region.

References
----------
Nocedal, J., Wright, S. (2006). Numerical Optimization, 2nd ed., chapters 4 and 16.7.
"""

# compiled code: numba infers types, and arrays travel one by one
# ruff: noqa: ANN001, ANN201, ANN202, PLR0912, PLR0917
# pyright: basic

import numpy as np

from hf_platform.volatility.jit import inlined


@inlined
def _solve_free(matrix, rhs, held, n, factor, out):
    # Cholesky over the coordinates that are not held; False when the matrix is not positive definite there.
    for i in range(n):
        if held[i]:
            continue
        for j in range(i + 1):
            if held[j]:
                continue
            total = matrix[i, j]
            for m in range(j):
                if not held[m]:
                    total -= factor[i, m] * factor[j, m]
            if i == j:
                if not total > 1e-10 * abs(matrix[i, i]):
                    return False
                factor[i, i] = np.sqrt(total)
            else:
                factor[i, j] = total / factor[j, j]
    for i in range(n):
        if not held[i]:
            total = rhs[i]
            for m in range(i):
                if not held[m]:
                    total -= factor[i, m] * out[m]
            out[i] = total / factor[i, i]
    for i in range(n - 1, -1, -1):
        if not held[i]:
            total = out[i]
            for m in range(i + 1, n):
                if not held[m]:
                    total -= factor[m, i] * out[m]
            out[i] = total / factor[i, i]
    return True


@inlined
def _hold_blocked(phi, gradient, n, scratch):
    # Hold what sits on a bound and is pushed against it; return how many coordinates are left.
    free = 0
    for i in range(n):
        at_low = phi[i] <= scratch.lower[i] and gradient[i] >= 0.0
        at_high = phi[i] >= scratch.upper[i] and gradient[i] <= 0.0
        scratch.held[i] = at_low or at_high or scratch.lower[i] == scratch.upper[i]
        scratch.step[i] = 0.0
        free += not scratch.held[i]
    return free


@inlined
def _boxed_step(phi, gradient, curvature, n, scratch):
    # Minimise gradient.step + step.curvature.step / 2 over the box: solve, hold the worst offender at its bound,
    # repeat.
    held, step = scratch.held, scratch.step
    for _ in range(n + 1):
        for i in range(n):
            total = -gradient[i]
            if not held[i]:
                for j in range(n):
                    if held[j]:
                        total -= curvature[i, j] * step[j]
            scratch.rhs[i] = total
        if not _solve_free(curvature, scratch.rhs, held, n, scratch.factor, step):
            return False
        worst, place, clipped = 0.0, -1, 0.0
        for i in range(n):
            if held[i]:
                continue
            low = max(scratch.lower[i] - phi[i], -scratch.reach[i])
            high = min(scratch.upper[i] - phi[i], scratch.reach[i])
            limit = min(max(step[i], low), high)
            excess = abs(step[i] - limit) / scratch.reach[i]
            if excess > worst:
                worst, place, clipped = excess, i, limit
        if place < 0:
            return True
        step[place] = clipped
        held[place] = True
    return True


@inlined
def _model_decrease(gradient, curvature, step, n):
    linear, quadratic = 0.0, 0.0
    for i in range(n):
        linear += gradient[i] * step[i]
        for j in range(n):
            quadratic += step[i] * curvature[i, j] * step[j]
    return -(linear + 0.5 * quadratic)


@inlined
def _newton_step(search, lane, n, n_obs, damping, scratch):
    # Unboxed damped step over the free coordinates into scratch.step; False if the curvature is not definite.
    matrix, information, correction = scratch.matrix, search.information[lane], search.correction[lane]
    for i in range(n):
        scratch.rhs[i] = -search.gradient[lane, i]
        for j in range(n):
            matrix[i, j] = information[i, j] + correction[i, j]
        matrix[i, i] += damping * information[i, i] + 1e-9 * n_obs
    return _solve_free(matrix, scratch.rhs, scratch.held, n, scratch.factor, scratch.step)


@inlined
def _damped_step(search, lane, n, n_obs, definite, scratch):
    # Hebden's iteration for the damping at which the step, in standard errors, is as long as the trust radius. Leaves
    # step and curvature in scratch; where the curvature is not definite, damping makes it so.
    damping, radius = 0.0, search.radius[lane]
    for attempt in range(16):
        if not (definite and attempt == 0) and not _newton_step(search, lane, n, n_obs, damping, scratch):
            damping = 3.0 * damping + 2e-3
            continue
        length, spread = 0.0, 0.0
        for i in range(n):
            if not scratch.held[i]:
                length += search.information[lane, i, i] * scratch.step[i] * scratch.step[i]
        length = np.sqrt(length)
        if length <= 1.3 * radius:
            return True
        for i in range(n):
            if not scratch.held[i]:
                weighted = search.information[lane, i, i] * scratch.step[i]
                for m in range(i):
                    if not scratch.held[m]:
                        weighted -= scratch.factor[i, m] * scratch.rhs[m]
                scratch.rhs[i] = weighted / scratch.factor[i, i]
                spread += scratch.rhs[i] * scratch.rhs[i]
        damping += length * length / spread * (length - radius) / radius
    return False


@inlined
def propose(search, lane, n, n_obs, scratch):
    """Write the next trial point of a lane, the predicted decrease and the length of the step in standard errors.

    Return the decrease that an unrestricted step promises: the measure of convergence.
    """
    phi, gradient, step = search.phi[lane], search.gradient[lane], scratch.step
    search.predicted[lane] = 0.0
    if _hold_blocked(phi, gradient, n, scratch) == 0:
        return 0.0
    definite = _newton_step(search, lane, n, n_obs, 0.0, scratch)
    promise = 0.5 * directional(gradient, step, n) if definite else np.inf
    if not _damped_step(search, lane, n, n_obs, definite, scratch):
        search.correction[lane, :, :] = 0.0
        if not _newton_step(search, lane, n, n_obs, 1.0, scratch):
            return np.inf
    # The fallback: as far along the straight line as the box and the reach allow.
    stretch = 1.0
    for i in range(n):
        low = max(scratch.lower[i] - phi[i], -scratch.reach[i])
        high = min(scratch.upper[i] - phi[i], scratch.reach[i])
        if step[i] < low:
            stretch = min(stretch, low / step[i])
        elif step[i] > high:
            stretch = min(stretch, high / step[i])
        search.trial[lane, i] = step[i]
    straight = stretch * (1.0 - 0.5 * stretch) * directional(gradient, step, n)
    predicted = straight
    if stretch < 1.0 and _boxed_step(phi, gradient, scratch.matrix, n, scratch):
        boxed = _model_decrease(gradient, scratch.matrix, step, n)
        if boxed > straight:
            predicted, stretch = boxed, 1.0
            for i in range(n):
                search.trial[lane, i] = step[i]
    search.length[lane] = 0.0
    for i in range(n):
        moved = stretch * search.trial[lane, i]
        search.length[lane] += search.information[lane, i, i] * moved * moved
        search.trial[lane, i] = min(max(phi[i] + moved, scratch.lower[i]), scratch.upper[i])
    search.length[lane] = np.sqrt(search.length[lane])
    search.predicted[lane] = predicted
    return promise


@inlined
def directional(gradient, step, n):
    """Return minus the slope along a step."""
    total = 0.0
    for i in range(n):
        total -= gradient[i] * step[i]
    return total
