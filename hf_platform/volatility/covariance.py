"""Standard errors: from the Hessian, and robust to a wrong distribution (Bollerslev and Wooldridge).

The Hessian is the difference quotient of the analytic score, one parameter at a time for eight series at once. The
middle of the robust sandwich is the sum of outer products of scores, from kernels of their own. Both are in natural
parameters of the standardised series; the delta method maps them to the caller's units.

References
----------
Bollerslev, T., Wooldridge, J. (1992). Quasi-Maximum Likelihood Estimation and Inference in Dynamic Models with
Time-Varying Covariances. Econometric Reviews 11(2), 143-172.
"""

# compiled code: numba infers types, and arrays travel one by one
# ruff: noqa: ANN001, ANN202, PLR0917
# pyright: basic, reportCallIssue=false

from typing import TYPE_CHECKING

import numpy as np
from numba import types

from hf_platform.types import BoolArray, FloatArray
from hf_platform.volatility import preparation
from hf_platform.volatility.coordinates import n_coordinates
from hf_platform.volatility.evaluation import place_presample, read_natural
from hf_platform.volatility.jit import compiled, compiled_as
from hf_platform.volatility.lanes import WIDTH, both, fma, is_finite, load, new_rows, splat, square_root, store, where
from hf_platform.volatility.linear import factorise, solve_lower, solve_upper
from hf_platform.volatility.scoring import place_outer_shapes, place_shapes
from hf_platform.volatility.signatures import KERNEL_TYPE, MATRIX, kernel, model_codes
from hf_platform.volatility.units import to_standardised
from hf_platform.volatility.workspace import (
    CONSTANTS,
    CURVATURE,
    FACTOR,
    GRADIENT,
    HELD,
    INFORMATION,
    MAX_PARAMS,
    N_CONSTANTS,
    N_OBS,
    N_SUMS,
    NATURAL_INFORMATION,
    NEW_GRADIENT,
    PRESAMPLE,
    RIGHT,
    SCORE,
    STEP,
    SUMS,
    THETA,
    new_workspace,
)

if TYPE_CHECKING:
    from hf_platform.volatility.fits import GarchFits

RELATIVE_STEP = 1e-5  # of the difference quotient, in standard errors: truncation and rounding are both near 1e-6 there
DEFINITE = 1e-12  # smallest pivot, relative to the diagonal, of a Hessian that is inverted
CHUNK = 128  # series standardised at a time
CUBE = types.float64[:, :, ::1]


@compiled_as(types.void(KERNEL_TYPE, KERNEL_TYPE, types.int64[::1], types.boolean, types.boolean, MATRIX,
                        types.float64[::1], types.float64[::1], MATRIX, CUBE, MATRIX, MATRIX))  # fmt: skip
def write_errors(
    kernel, outer_kernel, model, sample, free_mean, series, n_obs, presample, theta, units, classic, robust
) -> None:
    """Write standard errors: roots of the diagonals of U A^-1 U' and U A^-1 B A^-1 U', U = `units` of each row.

    A is minus the Hessian, B the sum over bars of the outer product of the score, both at the row of `theta`. Rows with
    `n_obs` zero, and rows whose A is not positive definite, stay as they are (NaN).
    """
    process, p, o, q, distribution = model[0], model[1], model[2], model[3], model[4]
    n, k = n_coordinates(process, p, o, q, distribution), 2 + p + o + q
    work, products = new_workspace(), new_rows(n * (n + 1) // 2)
    lengths, point = work[N_OBS : N_OBS + 1], work[THETA : THETA + MAX_PARAMS]
    constants, sums = work[CONSTANTS : CONSTANTS + N_CONSTANTS], work[SUMS : SUMS + N_SUMS]
    returns = new_rows(max(series.shape[1], 1))
    store(work, HELD, splat(0.0 if free_mean else 1.0))
    for first in range(0, series.shape[0], WIDTH):
        n_lanes = min(WIDTH, series.shape[0] - first)
        _load(series, n_obs, presample, theta, first, n_lanes, returns, work)
        _place(process, k, distribution, sample, work)
        place_outer_shapes(distribution, k, work)
        outer_kernel(returns, lengths, point, constants, products)
        kernel(returns, lengths, point, constants, sums)
        read_natural(k, n, distribution, work)
        for i in range(n):
            store(work, GRADIENT + i, load(work, SCORE + i))
            store(work, STEP + i, splat(RELATIVE_STEP) / square_root(load(work, NATURAL_INFORMATION + i * n + i)))
            for j in range(n):
                store(work, CURVATURE + i * n + j, splat(0.0))
        for which in range(n):
            held = load(work, THETA + which)
            store(work, THETA + which, held + load(work, STEP + which))
            _place(process, k, distribution, sample, work)
            kernel(returns, lengths, point, constants, sums)
            read_natural(k, n, distribution, work)
            store(work, THETA + which, held)
            _add_slope(work, which, n)
        _write_roots(products, work, units, n_obs, first, n_lanes, n, classic, robust)


@compiled
def _load(series, n_obs, presample, theta, first, n_lanes, returns, work):
    # Put series and their optima side by side.
    work[N_OBS, :] = 0.0
    for lane in range(n_lanes):
        row = first + lane
        work[N_OBS, lane], work[PRESAMPLE, lane] = n_obs[row], presample[row]
        for i in range(theta.shape[1]):
            work[THETA + i, lane] = theta[row, i]
    for t in range(series.shape[1]):  # beyond a shorter series stands what nobody reads
        for lane in range(n_lanes):
            returns[t, lane] = series[first + lane, t]


@compiled
def _place(process, k, distribution, sample, work):
    place_shapes(distribution, k, work)
    place_presample(process, sample, work)


@compiled
def _add_slope(work, which, n):
    # Difference quotient of the score by parameter `which`, half into its row and half into its column.
    for j in range(n):
        change = load(work, GRADIENT + j) - load(work, SCORE + j)
        half = splat(0.5) * change / load(work, STEP + which)
        store(work, CURVATURE + which * n + j, load(work, CURVATURE + which * n + j) + half)
        store(work, CURVATURE + j * n + which, load(work, CURVATURE + j * n + which) + half)


@compiled
def _write_roots(products, work, units, n_obs, first, n_lanes, n, classic, robust):
    # One solution of A x = u per parameter: its variance is u.x, robust x.B.x.
    good, cell = is_finite(splat(0.0)), 0
    for i in range(n):
        for j in range(i + 1):
            good = both(good, is_finite(load(work, CURVATURE + i * n + j)))
            store(work, INFORMATION + i * n + j, load(products, cell))
            store(work, INFORMATION + j * n + i, load(products, cell))
            cell += 1
    good = both(good, factorise(work, CURVATURE, HELD, n, DEFINITE, FACTOR))
    for which in range(n):
        for i in range(n):
            for lane in range(n_lanes):
                work[RIGHT + i, lane] = units[first + lane, which, i]
        solve_lower(work, FACTOR, RIGHT, n, NEW_GRADIENT)
        solve_upper(work, FACTOR, n, NEW_GRADIENT)
        plain, full = splat(0.0), splat(0.0)
        for i in range(n):
            x = load(work, NEW_GRADIENT + i)
            plain = fma(load(work, RIGHT + i), x, plain)
            for j in range(n):
                full = fma(load(work, INFORMATION + i * n + j) * x, load(work, NEW_GRADIENT + j), full)
        store(work, GRADIENT, where(good, square_root(plain), splat(np.nan)))
        store(work, GRADIENT + 1, where(good, square_root(full), splat(np.nan)))
        for lane in range(n_lanes):
            if n_obs[first + lane] > 0.0:
                classic[first + lane, which] = work[GRADIENT, lane]
                robust[first + lane, which] = work[GRADIENT + 1, lane]


def standard_errors(fits: "GarchFits") -> tuple[FloatArray, FloatArray]:
    """Compute Hessian and robust standard errors of all fits, each of the shape of ``fits.params``."""
    spec = fits.spec
    codes, sample, constant = model_codes(spec), fits.presample == "sample", spec.mean == "constant"
    n = spec.n_params + (not constant)
    good: BoolArray = np.asarray(np.isfinite(fits.params).all(axis=1))
    theta = to_standardised(spec, np.where(good[:, None], fits.params, 0.5), fits.location, fits.scale)
    classic, robust = np.full((len(good), n), np.nan), np.full((len(good), n), np.nan)
    scratch = preparation.Scratch(fits.returns.shape[0], min(CHUNK, len(good)))
    for start in range(0, len(good), CHUNK):
        block = slice(start, min(start + CHUNK, len(good)))
        columns, series = scratch.take(fits.returns, block)
        m = columns.shape[1]
        n_obs, presample = np.zeros(m), np.ones(m)
        preparation.prepare(columns, constant, spec.process == "tarch", sample, spec.min_observations,
                            np.zeros(m, np.int64), n_obs, np.zeros(m), np.ones(m), presample, series)  # fmt: skip
        n_obs[~good[block]] = 0.0
        write_errors(
            kernel(spec), kernel(spec, outer=True), codes, sample, constant, series, n_obs, presample,
            np.ascontiguousarray(theta[block]), _units(fits, block, n), classic[block], robust[block],
        )  # fmt: skip
    return (classic, robust) if constant else (classic[:, 1:], robust[:, 1:])


def _units(fits: "GarchFits", block: slice, n: int) -> FloatArray:
    # d (caller's parameters) / d (standardised parameters), per series.
    spec, scale = fits.spec, fits.scale[block]
    unit = np.tile(np.eye(n), (scale.shape[0], 1, 1))
    unit[:, 0, 0] = scale
    if spec.process == "egarch":
        first = 2 + spec.p + spec.n_asymmetric
        unit[:, 1, first : first + spec.q] = -2.0 * np.log(scale)[:, None]
    else:
        unit[:, 1, 1] = scale if spec.process == "tarch" else scale**2
    return unit
