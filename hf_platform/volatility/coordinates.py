"""Coordinates in which the admissible set is a box, so that projecting a step is clipping it.

For garch, gjr and tarch the stationarity triangle becomes a square: persistence (sum of all terms that carry the state
forward), the share of it carried by shocks, the part of the first shock term that falls on negative returns, and the
split between first and second lags. For egarch persistence is the sum of the betas and the shock terms are free, up to
one condition: the sum of alphas stays above -2.2 (1 - persistence), about where the filter ceases to be invertible.
Beyond it the fitted path depends on the first digits of its start for ever, and the likelihood grows without a
maximum. The shape nu is held as 1 / nu. All in units of the standardised series.

Reference: Wintenberger, O. (2013). Continuous Invertibility and Stable QML Estimation of the EGARCH(1,1) Model.
Scandinavian Journal of Statistics 40(4), 846-867.

Order: mean, level, [egarch: sum of alphas + 2.2 (1 - persistence), second alpha, gamma], persistence, share, fall
part, first-lag shares of shocks and of betas, shapes; entries that a model lacks are left out. The level of garch, gjr
and tarch is the log of the state to which forecasts return, omega = exp(level) (1 - persistence + 0.01) + 1e-8: a
change of persistence then leaves the level of the data where it was, which a change at fixed omega would not.
"""

# compiled code: numba infers types, and arrays travel one by one
# ruff: noqa: ANN001, ANN201, ANN202, PLR0917
# pyright: basic, reportCallIssue=false

import math

import numpy as np

from hf_platform.volatility.jit import compiled, inlined
from hf_platform.volatility.lanes import exponential, load, splat, store
from hf_platform.volatility.scoring import GENERALISED, NORMAL, SKEWED, STUDENT
from hf_platform.volatility.workspace import JACOBIAN, LOWER, MAX_PARAMS, REACH, THETA, TRIAL, UPPER

GARCH, GJR, TARCH, EGARCH = 0, 1, 2, 3
LOWEST_OMEGA = 1e-8  # arch's bound, relative to the mean of |e|**power
LOWEST_LEVEL, HIGHEST_LEVEL = 1e-6, 1e3
INVERTIBLE = 2.2
HEAVIEST_TAIL = 1.0 / 2.05
UNIT_ROOT_DRIFT = 1e-2  # share of the level that omega keeps at unit persistence, so that the level stays identified


@compiled
def n_coordinates(process, p, o, q, distribution):
    """Count the parameters, the mean included."""
    shapes = 2 if distribution == SKEWED else (0 if distribution == NORMAL else 1)
    return 2 + p + o + q + shapes


@compiled
def new_box(process, p, o, q, distribution, free_mean):
    """Make the box (rows LOWER, UPPER) and the longest step that one iteration may take in each coordinate (REACH)."""
    n = n_coordinates(process, p, o, q, distribution)
    box = np.zeros((3, MAX_PARAMS))
    lower, upper, reach = box[LOWER], box[UPPER], box[REACH]
    lower[:n] = 0.0
    upper[:n] = 1.0
    reach[:n] = 1.0
    lower[0], upper[0] = (-50.0, 50.0) if free_mean else (0.0, 0.0)
    if process == EGARCH:
        lower[1], upper[1] = -9.0, 9.0
        for i in range(2, 2 + p + o):
            lower[i], upper[i], reach[i] = -10.0, 10.0, 0.3
        lower[2] = 0.0
    else:
        lower[1], upper[1], reach[1] = math.log(LOWEST_LEVEL), math.log(HIGHEST_LEVEL), 3.0
    if distribution == STUDENT:
        lower[n - 1], upper[n - 1], reach[n - 1] = 1.0 / 500.0, HEAVIEST_TAIL, 0.15
    elif distribution == GENERALISED:
        lower[n - 1], upper[n - 1], reach[n - 1] = 1.0 / 500.0, 1.0 / 1.01, 0.3
    elif distribution == SKEWED:
        lower[n - 2], upper[n - 2], reach[n - 2] = 1.0 / 300.0, HEAVIEST_TAIL, 0.15
        lower[n - 1], upper[n - 1], reach[n - 1] = -0.999, 0.999, 0.3
    return box


@inlined
def to_natural(process, p, o, q, distribution, work):
    """Write natural parameters (THETA) and d theta / d phi (JACOBIAN) at the coordinates in TRIAL."""
    n = n_coordinates(process, p, o, q, distribution)
    for row in range(n * n):
        store(work, JACOBIAN + row, splat(0.0))
    store(work, THETA, load(work, TRIAL))
    store(work, JACOBIAN, splat(1.0))
    at = _egarch_part(n, p, o, q, work) if process == EGARCH else _garch_part(n, p, o, q, work)
    if distribution != NORMAL:
        shape = splat(1.0) / load(work, TRIAL + at)
        store(work, THETA + at, shape)
        store(work, JACOBIAN + at * n + at, splat(0.0) - shape * shape)
    if distribution == SKEWED:
        store(work, THETA + at + 1, load(work, TRIAL + at + 1))
        store(work, JACOBIAN + (at + 1) * n + at + 1, splat(1.0))


@inlined
def _egarch_part(n, p, o, q, work):
    one = splat(1.0)
    for i in range(1, 2 + p + o):
        store(work, THETA + i, load(work, TRIAL + i))
        store(work, JACOBIAN + i * n + i, one)
    at = 2 + p + o
    persistence = load(work, TRIAL + at) if q > 0 else splat(0.0)
    first = load(work, TRIAL + 2) - splat(INVERTIBLE) * (one - persistence)
    if q > 0:
        store(work, JACOBIAN + 2 * n + at, splat(INVERTIBLE))
    if p == 2:
        first = first - load(work, TRIAL + 3)
        store(work, JACOBIAN + 2 * n + 3, splat(-1.0))
    store(work, THETA + 2, first)
    if q == 1:
        store(work, THETA + at, persistence)
        store(work, JACOBIAN + at * n + at, one)
    if q == 2:
        split = load(work, TRIAL + at + 1)
        store(work, THETA + at, persistence * split)
        store(work, THETA + at + 1, persistence * (one - split))
        store(work, JACOBIAN + at * n + at, split)
        store(work, JACOBIAN + at * n + at + 1, persistence)
        store(work, JACOBIAN + (at + 1) * n + at, one - split)
        store(work, JACOBIAN + (at + 1) * n + at + 1, splat(0.0) - persistence)
    return at + q


@inlined
def _garch_part(n, p, o, q, work):
    zero, one, two = splat(0.0), splat(1.0), splat(2.0)
    persistence, level = load(work, TRIAL + 2), exponential(load(work, TRIAL + 1))
    omega = level * (one - persistence + splat(UNIT_ROOT_DRIFT))
    store(work, THETA + 1, omega + splat(LOWEST_OMEGA))
    store(work, JACOBIAN + n + 1, omega)
    store(work, JACOBIAN + n + 2, zero - level)
    # Where a model lacks a coordinate, its neutral value and a row that no jacobian entry uses.
    share_at = 3
    fall_at = share_at + (1 if q > 0 else 0)
    first_at = fall_at + o
    split_at = first_at + (1 if p == 2 else 0)
    share = load(work, TRIAL + share_at) if q > 0 else one
    fall = load(work, TRIAL + fall_at) if o == 1 else splat(0.5)
    first = load(work, TRIAL + first_at) if p == 2 else one
    split = load(work, TRIAL + split_at) if q == 2 else one
    # Symmetrised shock terms and their derivatives by persistence, share and first-lag share.
    shock = persistence * share
    rise, tilt = two * (one - fall), two * (two * fall - one)
    store(work, THETA + 2, shock * first * rise)
    store(work, JACOBIAN + 2 * n + 2, share * first * rise)
    if q > 0:
        store(work, JACOBIAN + 2 * n + share_at, persistence * first * rise)
    if p == 2:
        store(work, JACOBIAN + 2 * n + first_at, shock * rise)
        store(work, THETA + 3, shock * (one - first))
        store(work, JACOBIAN + 3 * n + 2, share * (one - first))
        if q > 0:
            store(work, JACOBIAN + 3 * n + share_at, persistence * (one - first))
        store(work, JACOBIAN + 3 * n + first_at, zero - shock)
    if o == 1:
        g = 2 + p
        store(work, JACOBIAN + 2 * n + fall_at, splat(-2.0) * shock * first)
        store(work, THETA + g, shock * first * tilt)
        store(work, JACOBIAN + g * n + 2, share * first * tilt)
        if q > 0:
            store(work, JACOBIAN + g * n + share_at, persistence * first * tilt)
        if p == 2:
            store(work, JACOBIAN + g * n + first_at, shock * tilt)
        store(work, JACOBIAN + g * n + fall_at, splat(4.0) * shock * first)
    b = 2 + p + o
    if q > 0:
        memory = persistence * (one - share)
        store(work, THETA + b, memory * split)
        store(work, JACOBIAN + b * n + 2, (one - share) * split)
        store(work, JACOBIAN + b * n + share_at, zero - persistence * split)
        if q == 2:
            store(work, JACOBIAN + b * n + split_at, memory)
            store(work, THETA + b + 1, memory * (one - split))
            store(work, JACOBIAN + (b + 1) * n + 2, (one - share) * (one - split))
            store(work, JACOBIAN + (b + 1) * n + share_at, zero - persistence * (one - split))
            store(work, JACOBIAN + (b + 1) * n + split_at, zero - memory)
    return b + q


# Persistence and share (egarch: beta and alpha) of the starting points. The first suits most daily series; the others
# lie in the basins that it misses: a slowly drifting level, and strong shocks with little memory.
_PERSISTENCE = np.array([0.90, 0.995, 0.20, 0.97, 0.60, 0.99])
_SHARE = np.array([0.12, 0.01, 0.80, 0.05, 0.30, 0.15])
_LOG_BETA = np.array([0.95, 0.995, 0.30, 0.98, 0.70, 0.90])
_LOG_ALPHA = np.array([0.15, 0.03, 0.40, 0.08, 0.20, 0.30])
MAX_STARTS = 6


@compiled
def starting_point(process, p, o, q, distribution, which, work, lane):
    """Write the coordinates of starting point number `which` into TRIAL of one lane."""
    n = n_coordinates(process, p, o, q, distribution)
    phi = work[TRIAL : TRIAL + n, lane]
    phi[:n] = 0.5
    phi[0] = 0.0
    if process == EGARCH:
        phi[1] = 0.0
        beta = _LOG_BETA[which] if q > 0 else 0.0
        phi[2] = _LOG_ALPHA[which] + INVERTIBLE * (1.0 - beta)
        if p == 2:
            phi[3] = 0.5 * _LOG_ALPHA[which]
        phi[2 + p] = -0.04
        if q > 0:
            phi[2 + p + o] = beta
    else:
        persistence, share = _PERSISTENCE[which], _SHARE[which]
        if q == 0:
            persistence = persistence * share + 0.1
            share = 1.0
        # The level at which the model's own long-run state is one (E|z| = 0.8).
        mean_abs = 0.2 * persistence * share if process == TARCH else 0.0
        phi[1] = math.log((1.0 - persistence + mean_abs) / (1.0 - persistence + UNIT_ROOT_DRIFT))
        phi[2] = persistence
        if q > 0:
            phi[3] = share
    if distribution == STUDENT:
        phi[n - 1] = 0.125
    elif distribution == GENERALISED:
        phi[n - 1] = 1.0 / 1.4
    elif distribution == SKEWED:
        phi[n - 2], phi[n - 1] = 0.125, 0.0
