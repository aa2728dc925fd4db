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
# ruff: noqa: ANN001, ANN201, ANN202, PLR0915, PLR0917
# pyright: basic

import math

import numpy as np

from hf_platform.volatility.jit import compiled
from hf_platform.volatility.scoring import GENERALISED, NORMAL, SKEWED, STUDENT

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
def box(process, p, o, q, distribution, free_mean, lower, upper, reach):
    """Write the box, and the longest step that one iteration may take in each coordinate."""
    n = n_coordinates(process, p, o, q, distribution)
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


@compiled
def to_natural(process, p, o, q, distribution, phi, theta, jacobian):
    """Write the natural parameters and d theta / d phi at the coordinates `phi`."""
    n = n_coordinates(process, p, o, q, distribution)
    jacobian[:n, :n] = 0.0
    theta[0] = phi[0]
    jacobian[0, 0] = 1.0
    if process == EGARCH:
        at = _egarch_part(p, o, q, phi, theta, jacobian)
    else:
        at = _garch_part(p, o, q, phi, theta, jacobian)
    if distribution != NORMAL:
        theta[at] = 1.0 / phi[at]
        jacobian[at, at] = -theta[at] * theta[at]
    if distribution == SKEWED:
        theta[at + 1] = phi[at + 1]
        jacobian[at + 1, at + 1] = 1.0


@compiled
def _egarch_part(p, o, q, phi, theta, jacobian):
    for i in range(1, 2 + p + o):
        theta[i] = phi[i]
        jacobian[i, i] = 1.0
    at = 2 + p + o
    persistence = phi[at] if q > 0 else 0.0
    theta[2] = phi[2] - INVERTIBLE * (1.0 - persistence)
    if q > 0:
        jacobian[2, at] = INVERTIBLE
    if p == 2:
        theta[2] -= phi[3]
        jacobian[2, 3] = -1.0
    if q == 1:
        theta[at] = persistence
        jacobian[at, at] = 1.0
    if q == 2:
        first = phi[at + 1]
        theta[at], theta[at + 1] = persistence * first, persistence * (1.0 - first)
        jacobian[at, at], jacobian[at, at + 1] = first, persistence
        jacobian[at + 1, at], jacobian[at + 1, at + 1] = 1.0 - first, -persistence
    return at + q


@compiled
def _garch_part(p, o, q, phi, theta, jacobian):
    persistence, at = phi[2], 3
    level = math.exp(phi[1])
    jacobian[1, 1] = level * (1.0 - persistence + UNIT_ROOT_DRIFT)
    jacobian[1, 2] = -level
    theta[1] = jacobian[1, 1] + LOWEST_OMEGA
    share, share_at = 1.0, -1
    if q > 0:
        share, share_at = phi[at], at
        at += 1
    fall, fall_at = 0.5, -1
    if o == 1:
        fall, fall_at = phi[at], at
        at += 1
    first, first_at = 1.0, -1
    if p == 2:
        first, first_at = phi[at], at
        at += 1
    # Symmetrised shock terms A1, A2 and their derivatives by persistence, share and first-lag share.
    shock = persistence * share
    rise = 2.0 * (1.0 - fall) if o == 1 else 1.0
    theta[2] = shock * first * rise
    jacobian[2, 2] = share * first * rise
    if share_at >= 0:
        jacobian[2, share_at] = persistence * first * rise
    if first_at >= 0:
        jacobian[2, first_at] = shock * rise
        theta[3] = shock * (1.0 - first)
        jacobian[3, 2] = share * (1.0 - first)
        if share_at >= 0:
            jacobian[3, share_at] = persistence * (1.0 - first)
        jacobian[3, first_at] = -shock
    if o == 1:
        g, tilt = 2 + p, 2.0 * (2.0 * fall - 1.0)
        jacobian[2, fall_at] = -2.0 * shock * first
        theta[g] = shock * first * tilt
        jacobian[g, 2] = share * first * tilt
        if share_at >= 0:
            jacobian[g, share_at] = persistence * first * tilt
        if first_at >= 0:
            jacobian[g, first_at] = shock * tilt
        jacobian[g, fall_at] = 4.0 * shock * first
    b = 2 + p + o
    if q > 0:
        memory = persistence * (1.0 - share)
        split, split_at = 1.0, -1
        if q == 2:
            split, split_at = phi[at], at
            at += 1
        theta[b] = memory * split
        jacobian[b, 2] = (1.0 - share) * split
        jacobian[b, share_at] = -persistence * split
        if q == 2:
            jacobian[b, split_at] = memory
            theta[b + 1] = memory * (1.0 - split)
            jacobian[b + 1, 2] = (1.0 - share) * (1.0 - split)
            jacobian[b + 1, share_at] = -persistence * (1.0 - split)
            jacobian[b + 1, split_at] = -memory
    return b + q


# Persistence and share (egarch: beta and alpha) of the starting points. The first suits most daily series; the others
# lie in the basins that it misses: a slowly drifting level, and strong shocks with little memory.
_PERSISTENCE = np.array([0.90, 0.995, 0.20, 0.97, 0.60, 0.99])
_SHARE = np.array([0.12, 0.01, 0.80, 0.05, 0.30, 0.15])
_LOG_BETA = np.array([0.95, 0.995, 0.30, 0.98, 0.70, 0.90])
_LOG_ALPHA = np.array([0.15, 0.03, 0.40, 0.08, 0.20, 0.30])
MAX_STARTS = 6


@compiled
def starting_point(process, p, o, q, distribution, which, phi):
    """Write the coordinates of starting point number `which`."""
    n = n_coordinates(process, p, o, q, distribution)
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
