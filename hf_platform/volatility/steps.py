"""Steps of the optimiser, eight series at a time: a quadratic model solved in the box, damped to the trust region.

Every function acts on all lanes; where lanes part ways, masks choose. A loop runs until the last lane is done, and
a lane that is done repeats its own result, so no lane's numbers depend on the others.

References
----------
Nocedal, J., Wright, S. (2006). Numerical Optimization, 2nd ed., chapters 4 and 16.7.
"""

# compiled code: numba infers types, and arrays travel one by one
# ruff: noqa: ANN001, ANN201, ANN202
# pyright: basic, reportCallIssue=false

import numpy as np

from hf_platform.volatility.jit import inlined
from hf_platform.volatility.lanes import (
    absolute,
    both,
    either,
    fma,
    in_any,
    larger,
    less,
    load,
    negated,
    smaller,
    splat,
    square_root,
    store,
    where,
)
from hf_platform.volatility.linear import factorise, solve_lower, solve_upper
from hf_platform.volatility.workspace import (
    ACTIVE,
    BOXED_HELD,
    BOXED_STEP,
    CORRECTION,
    CURVATURE,
    FACTOR,
    GRADIENT,
    HELD,
    INFORMATION,
    LENGTH,
    LOWER,
    N_OBS,
    PHI,
    PREDICTED,
    PROMISE,
    RADIUS,
    REACH,
    RIGHT,
    STEP,
    TRIAL,
    UPPER,
)

DEFINITE = 1e-10  # smallest pivot, relative to the diagonal, of a usable quadratic model
MAX_DAMPINGS = 16


@inlined
def _hold_blocked(work, box, n):
    # Hold what sits on a bound and is pushed against it.
    zero, one = splat(0.0), splat(1.0)
    for i in range(n):
        at, slope = load(work, PHI + i), load(work, GRADIENT + i)
        lower, upper = splat(box[LOWER, i]), splat(box[UPPER, i])
        at_low = both(negated(less(lower, at)), negated(less(slope, zero)))
        at_high = both(negated(less(at, upper)), negated(less(zero, slope)))
        fixed = negated(less(lower, upper))
        store(work, HELD + i, where(either(fixed, either(at_low, at_high)), one, zero))


@inlined
def _newton_step(work, n, damping):
    # Unboxed damped step over the free coordinates into STEP; return the lanes where the curvature is definite.
    for i in range(n):
        for j in range(n):
            cell = i * n + j
            store(work, CURVATURE + cell, load(work, INFORMATION + cell) + load(work, CORRECTION + cell))
        cell = i * n + i
        ridge = fma(damping, load(work, INFORMATION + cell), splat(1e-9) * load(work, N_OBS))
        store(work, CURVATURE + cell, load(work, CURVATURE + cell) + ridge)
        free = less(load(work, HELD + i), splat(0.5))
        store(work, RIGHT + i, where(free, splat(0.0) - load(work, GRADIENT + i), splat(0.0)))
    definite = factorise(work, CURVATURE, HELD, n, DEFINITE, FACTOR)
    solve_lower(work, FACTOR, RIGHT, n, STEP)
    solve_upper(work, FACTOR, n, STEP)
    return definite


@inlined
def _damped_step(work, n, active):
    # Hebden's iteration for the damping at which the step, in standard errors, is as long as the trust radius. Leaves
    # step and curvature in the workspace; where the curvature is not definite, damping makes it so. Returns the promise
    # of the undamped step.
    radius, damping = load(work, RADIUS), splat(0.0)
    pending = active
    promise = splat(np.inf)
    for attempt in range(MAX_DAMPINGS):
        definite = _newton_step(work, n, damping)
        if attempt == 0:
            promise = where(definite, splat(0.5) * _descent(work, n), promise)
        square = splat(0.0)
        for i in range(n):
            step = load(work, STEP + i)
            square = fma(load(work, INFORMATION + i * n + i) * step, step, square)
        length = square_root(square)
        pending = both(pending, negated(both(definite, negated(less(splat(1.3) * radius, length)))))
        if not in_any(pending):
            return promise
        for i in range(n):
            store(work, RIGHT + i, load(work, INFORMATION + i * n + i) * load(work, STEP + i))
        solve_lower(work, FACTOR, RIGHT, n, RIGHT)
        spread = splat(0.0)
        for i in range(n):
            part = load(work, RIGHT + i)
            spread = fma(part, part, spread)
        longer = damping + square / spread * (length - radius) / radius
        firmer = fma(splat(3.0), damping, splat(2e-3))
        damping = where(pending, where(definite, longer, firmer), damping)
    # Lanes left over: forget the correction, which is what can spoil the curvature, and take a short step.
    for cell in range(n * n):
        store(work, CORRECTION + cell, where(pending, splat(0.0), load(work, CORRECTION + cell)))
    _newton_step(work, n, where(pending, splat(1.0), damping))
    return promise


@inlined
def _descent(work, n):
    # Minus the slope along a step.
    total = splat(0.0)
    for i in range(n):
        total = total - load(work, GRADIENT + i) * load(work, STEP + i)
    return total


@inlined
def _boxed_step(work, box, n, wanted):
    # Minimise gradient.step + step.curvature.step / 2 over the box: solve, hold the worst offender at its bound,
    # repeat. Leaves BOXED_STEP; returns the lanes where it can be used.
    zero, one = splat(0.0), splat(1.0)
    for i in range(n):
        store(work, BOXED_STEP + i, zero)
        store(work, BOXED_HELD + i, load(work, HELD + i))
    pending, usable = wanted, wanted
    for _ in range(n + 1):
        for i in range(n):
            total = zero - load(work, GRADIENT + i)
            for j in range(n):
                total = total - where(
                    less(zero, load(work, BOXED_HELD + j)),
                    load(work, CURVATURE + i * n + j) * load(work, BOXED_STEP + j),
                    zero,
                )
            store(work, RIGHT + i, where(less(zero, load(work, BOXED_HELD + i)), zero, total))
        definite = factorise(work, CURVATURE, BOXED_HELD, n, DEFINITE, FACTOR)
        usable = both(usable, either(definite, negated(pending)))
        pending = both(pending, definite)
        solve_lower(work, FACTOR, RIGHT, n, RIGHT)
        solve_upper(work, FACTOR, n, RIGHT)
        worst, place, clipped = zero, splat(-1.0), zero
        for i in range(n):
            free = both(pending, less(load(work, BOXED_HELD + i), splat(0.5)))
            moved = where(free, load(work, RIGHT + i), load(work, BOXED_STEP + i))
            store(work, BOXED_STEP + i, moved)
            low, high = _limits(work, box, i)
            limit = smaller(larger(moved, low), high)
            excess = absolute(moved - limit) * splat(1.0 / box[REACH, i])
            worse = both(free, less(worst, excess))
            worst, place = where(worse, excess, worst), where(worse, splat(float(i)), place)
            clipped = where(worse, limit, clipped)
        pending = both(pending, less(splat(-0.5), place))
        if not in_any(pending):
            return usable
        for i in range(n):
            chosen = both(pending, less(absolute(place - splat(float(i))), splat(0.5)))
            store(work, BOXED_STEP + i, where(chosen, clipped, load(work, BOXED_STEP + i)))
            store(work, BOXED_HELD + i, where(chosen, one, load(work, BOXED_HELD + i)))
    return usable


@inlined
def _limits(work, box, i):
    # How far coordinate i may move.
    at, reach = load(work, PHI + i), splat(box[REACH, i])
    return larger(splat(box[LOWER, i]) - at, splat(0.0) - reach), smaller(splat(box[UPPER, i]) - at, reach)


@inlined
def _model_decrease(work, n):
    total = splat(0.0)
    for i in range(n):
        slope = load(work, GRADIENT + i)
        for j in range(n):
            slope = fma(splat(0.5) * load(work, CURVATURE + i * n + j), load(work, BOXED_STEP + j), slope)
        total = total - slope * load(work, BOXED_STEP + i)
    return total


@inlined
def propose(work, box, n):
    """Write next trial points, promises, predicted decreases and the lengths of the steps in standard errors."""
    zero, one, half = splat(0.0), splat(1.0), splat(0.5)
    active = less(zero, load(work, ACTIVE))
    _hold_blocked(work, box, n)
    store(work, PROMISE, _damped_step(work, n, active))
    # As far along the straight line as the box and the reach allow, or inside the box if that promises more.
    stretch = one
    for i in range(n):
        step = load(work, STEP + i)
        low, high = _limits(work, box, i)
        stretch = where(less(step, low), smaller(low / step, stretch), stretch)
        stretch = where(less(high, step), smaller(high / step, stretch), stretch)
    predicted = stretch * (one - half * stretch) * _descent(work, n)
    blocked = both(active, less(stretch, one))
    if in_any(blocked):
        usable = _boxed_step(work, box, n, blocked)
        boxed = _model_decrease(work, n)
        better = both(usable, less(predicted, boxed))
        predicted, stretch = where(better, boxed, predicted), where(better, one, stretch)
        for i in range(n):
            store(work, STEP + i, where(better, load(work, BOXED_STEP + i), load(work, STEP + i)))
    square = zero
    for i in range(n):
        moved = stretch * load(work, STEP + i)
        square = fma(load(work, INFORMATION + i * n + i) * moved, moved, square)
        landed = smaller(larger(load(work, PHI + i) + moved, splat(box[LOWER, i])), splat(box[UPPER, i]))
        store(work, TRIAL + i, landed)
    store(work, LENGTH, square_root(square))
    store(work, PREDICTED, predicted)
