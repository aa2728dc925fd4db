"""What an evaluation teaches the optimiser: move where it is better, correct the curvature, resize the trust region.

Every function acts on all eight lanes; masks choose.

References
----------
Nocedal, J., Wright, S. (2006). Numerical Optimization, 2nd ed., chapters 4.1 and 6.2.
"""

# compiled code: numba infers types, and arrays travel one by one
# ruff: noqa: ANN001, ANN201, ANN202
# pyright: basic, reportCallIssue=false

import numpy as np

from hf_platform.volatility.jit import inlined
from hf_platform.volatility.lanes import (
    absolute,
    both,
    fma,
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
from hf_platform.volatility.workspace import (
    ACCEPTED,
    BEST,
    BROKEN,
    CORRECTION,
    FRESH,
    GRADIENT,
    INFORMATION,
    LENGTH,
    NEW_GRADIENT,
    NEW_INFORMATION,
    NEW_VALUE,
    PHI,
    PREDICTED,
    RADIUS,
    RIGHT,
    STALLED,
    TRIAL,
)


@inlined
def take_in(work, n):
    """Take in the evaluations at `trial`: learn from each, move where it is better, resize the trust region."""
    zero, one = splat(0.0), splat(1.0)
    value, best, predicted = load(work, NEW_VALUE), load(work, BEST), load(work, PREDICTED)
    usable = less(absolute(value), splat(np.inf))
    for i in range(n):
        usable = both(usable, less(absolute(load(work, NEW_GRADIENT + i)), splat(np.inf)))
    fresh = less(zero, load(work, FRESH))
    gain = where(usable, best - value, splat(-np.inf))
    improved = both(less(splat(1e-4) * predicted, gain), less(zero, gain))
    accepted = where(fresh, where(usable, one, zero), where(improved, one, zero))
    rejected = both(negated(fresh), less(accepted, splat(0.5)))
    store(work, ACCEPTED, accepted)
    store(work, BROKEN, where(both(fresh, negated(usable)), one, zero))
    store(work, STALLED, where(both(both(rejected, usable), less(predicted, splat(1e-7))), one, zero))
    for cell in range(n * n):
        store(work, CORRECTION + cell, where(fresh, zero, load(work, CORRECTION + cell)))
    _learn(work, n, both(negated(fresh), less(splat(-5.0) * predicted, gain)))
    store(work, RADIUS, where(fresh, splat(1e6), _resized(work, gain / predicted)))
    _accept(work, n, less(splat(0.5), accepted))


@inlined
def _learn(work, n, wanted):
    # SR1: correct the information by what it failed to say about the change of the gradient.
    dot, size_r, size_s = splat(0.0), splat(0.0), splat(0.0)
    for i in range(n):
        moved = load(work, TRIAL + i) - load(work, PHI + i)
        total = load(work, NEW_GRADIENT + i) - load(work, GRADIENT + i)
        for j in range(n):
            curvature = load(work, INFORMATION + i * n + j) + load(work, CORRECTION + i * n + j)
            total = total - curvature * (load(work, TRIAL + j) - load(work, PHI + j))
        store(work, RIGHT + i, total)
        dot, size_r, size_s = fma(total, moved, dot), fma(total, total, size_r), fma(moved, moved, size_s)
    wanted = both(wanted, less(splat(1e-8) * square_root(size_r * size_s), absolute(dot)))
    for i in range(n):
        scaled = load(work, RIGHT + i) / dot
        for j in range(n):
            known = load(work, CORRECTION + i * n + j)
            store(work, CORRECTION + i * n + j, where(wanted, fma(scaled, load(work, RIGHT + j), known), known))


@inlined
def _resized(work, ratio):
    # Trust the quadratic model further, or less far, according to how well it predicted the last gain.
    radius, length = load(work, RADIUS), load(work, LENGTH)
    less_far = where(less(ratio, splat(0.0)), splat(0.3) * smaller(length, radius), splat(0.5) * length)
    further = where(less(splat(0.7), ratio), larger(radius, splat(2.0) * length), radius)
    return where(less(ratio, splat(0.25)), less_far, further)


@inlined
def _accept(work, n, accepted):
    store(work, BEST, where(accepted, load(work, NEW_VALUE), load(work, BEST)))
    for i in range(n):
        store(work, PHI + i, where(accepted, load(work, TRIAL + i), load(work, PHI + i)))
        store(work, GRADIENT + i, where(accepted, load(work, NEW_GRADIENT + i), load(work, GRADIENT + i)))
    for cell in range(n * n):
        store(
            work,
            INFORMATION + cell,
            where(accepted, load(work, NEW_INFORMATION + cell), load(work, INFORMATION + cell)),
        )
