"""Standard errors: from the Hessian, and robust to a wrong distribution (Bollerslev and Wooldridge).

The Hessian is the difference quotient of the analytic score, one parameter at a time for eight series at once. The
middle of the robust sandwich is the sum of outer products of scores, from kernels of their own. Both are in natural
parameters of the standardised series and are mapped to the caller's units at the end.

References
----------
Bollerslev, T., Wooldridge, J. (1992). Quasi-Maximum Likelihood Estimation and Inference in Dynamic Models with
Time-Varying Covariances. Econometric Reviews 11(2), 143-172.
"""

# compiled code: numba infers types, and arrays travel one by one
# ruff: noqa: ANN001, ANN201, ANN202, PLR0912, PLR0917
# pyright: basic

from typing import TYPE_CHECKING

import numpy as np
from numba import types

from hf_platform.types import BoolArray, FloatArray
from hf_platform.volatility import preparation
from hf_platform.volatility.coordinates import n_coordinates
from hf_platform.volatility.jit import compiled, compiled_as
from hf_platform.volatility.lanes import WIDTH
from hf_platform.volatility.optimiser import presample_constants
from hf_platform.volatility.scoring import fill_information, outer_constants, score_shapes, shape_constants
from hf_platform.volatility.search_state import new_scratch
from hf_platform.volatility.signatures import KERNEL_TYPE, MATRIX, N_CONSTANTS, kernel, model_codes
from hf_platform.volatility.units import to_standardised

if TYPE_CHECKING:
    from hf_platform.volatility.fits import GarchFits

STEP = 1e-5  # of the difference quotient, in standard errors: truncation and rounding are both near 1e-6 there
CUBE = types.float64[:, :, ::1]


@compiled
def _score(sums, lane, k, distribution, n_obs, theta, out):
    for i in range(k):
        out[i] = sums[1 + i, lane]
    first = 2 + 2 * k + k * (k + 1) // 2
    return score_shapes(distribution, k, n_obs, theta, sums, lane, first, out)


@compiled_as(types.void(KERNEL_TYPE, types.int64[::1], types.boolean, MATRIX, types.float64[::1], types.float64[::1],
                        MATRIX, CUBE))  # fmt: skip
def negative_hessians(kernel, model, sample, series, n_obs, presample, theta, out):
    """Write minus the Hessian of the log-likelihood of each row of `series` at each row of `theta`."""
    process, p, o, q, distribution = model[0], model[1], model[2], model[3], model[4]
    n, k = n_coordinates(process, p, o, q, distribution), 2 + p + o + q
    scratch = new_scratch()
    returns, lengths = np.zeros((max(series.shape[1], 1), WIDTH)), np.zeros((1, WIDTH))
    point, constants = np.zeros((n, WIDTH)), np.ones((N_CONSTANTS, WIDTH))
    sums = np.zeros((2 + 2 * k + k * (k + 1) // 2 + 5, WIDTH))
    steps, moved, scores = np.zeros((WIDTH, n)), np.zeros(n), np.zeros((WIDTH, n))
    for first in range(0, series.shape[0], WIDTH):
        n_lanes = min(WIDTH, series.shape[0] - first)
        _load(series, n_obs, first, n_lanes, returns, lengths)
        # Evaluation n is at the optimum and gives the step sizes; evaluation i moves parameter i up.
        for which in range(n, -1, -1):
            for lane in range(n_lanes):
                if n_obs[first + lane] > 0.0:
                    i = which % n
                    change = 0.0 if which == n else steps[lane, i]
                    _place(process, k, n, distribution, theta[first + lane], i, change, presample[first + lane], sample,
                           moved, point, constants, lane)  # fmt: skip
            kernel(returns, lengths, point, constants, sums)
            for lane in range(n_lanes):
                row = first + lane
                if n_obs[row] == 0.0:
                    continue
                _score(sums, lane, k, distribution, n_obs[row], point[:, lane], scratch.gradient)
                if which == n:
                    fill_information(distribution, k, n_obs[row], theta[row], sums, lane, scratch.per_observation,
                                     scratch.information)  # fmt: skip
                    for i in range(n):
                        steps[lane, i] = STEP / np.sqrt(scratch.information[i, i])
                        scores[lane, i] = scratch.gradient[i]
                    continue
                for j in range(n):
                    half = 0.5 * (scores[lane, j] - scratch.gradient[j]) / steps[lane, which]
                    out[row, which, j] += half
                    out[row, j, which] += half


@compiled
def _load(series, n_obs, first, n_lanes, returns, lengths):
    # Put series side by side.
    lengths[0, :] = 0.0
    for lane in range(n_lanes):
        lengths[0, lane] = n_obs[first + lane]
        for t in range(int(n_obs[first + lane])):
            returns[t, lane] = series[first + lane, t]


@compiled
def _place(process, k, n, distribution, theta, which, change, presample, sample, moved, point, constants, lane):
    # One lane at `theta` with one parameter changed.
    for j in range(n):
        moved[j] = theta[j] + (change if j == which else 0.0)
        point[j, lane] = moved[j]
    shape_constants(distribution, moved[k:], constants, lane)
    presample_constants(process, presample, sample, moved[0], constants, lane)


@compiled_as(types.void(KERNEL_TYPE, types.int64[::1], types.boolean, MATRIX, types.float64[::1], types.float64[::1],
                        MATRIX, CUBE))  # fmt: skip
def outer_products(kernel, model, sample, series, n_obs, presample, theta, out):
    """Write the sum over bars of the outer product of the score, for each row of `series`."""
    process, p, o, q, distribution = model[0], model[1], model[2], model[3], model[4]
    n, k = n_coordinates(process, p, o, q, distribution), 2 + p + o + q
    returns, lengths = np.zeros((max(series.shape[1], 1), WIDTH)), np.zeros((1, WIDTH))
    point, constants = np.zeros((n, WIDTH)), np.ones((N_CONSTANTS, WIDTH))
    sums, moved = np.zeros((n * (n + 1) // 2, WIDTH)), np.zeros(n)
    for first in range(0, series.shape[0], WIDTH):
        n_lanes = min(WIDTH, series.shape[0] - first)
        _load(series, n_obs, first, n_lanes, returns, lengths)
        for lane in range(n_lanes):
            row = first + lane
            if n_obs[row] > 0.0:
                _place(process, k, n, distribution, theta[row], 0, 0.0, presample[row], sample, moved, point, constants,
                       lane)  # fmt: skip
                outer_constants(distribution, theta[row, k:], constants, lane)
        kernel(returns, lengths, point, constants, sums)
        for lane in range(n_lanes):
            if n_obs[first + lane] > 0.0:
                cell = 0
                for i in range(n):
                    for j in range(i + 1):
                        out[first + lane, i, j] = sums[cell, lane]
                        out[first + lane, j, i] = sums[cell, lane]
                        cell += 1


@compiled
def _invert(matrix, n, first, out, factor):
    # Inverse over coordinates first..n-1 by Cholesky after scaling to a unit diagonal; False if not positive definite.
    for i in range(first, n):
        if not matrix[i, i] > 0.0:
            return False
    for i in range(first, n):
        for j in range(first, i + 1):
            total = matrix[i, j] / np.sqrt(matrix[i, i] * matrix[j, j])
            for m in range(first, j):
                total -= factor[i, m] * factor[j, m]
            if i == j:
                if not total > 1e-12:
                    return False
                factor[i, i] = np.sqrt(total)
            else:
                factor[i, j] = total / factor[j, j]
    for column in range(first, n):
        for i in range(first, n):
            total = 1.0 if i == column else 0.0
            for m in range(first, i):
                total -= factor[i, m] * out[m, column]
            out[i, column] = total / factor[i, i]
        for i in range(n - 1, first - 1, -1):
            total = out[i, column]
            for m in range(i + 1, n):
                total -= factor[m, i] * out[m, column]
            out[i, column] = total / factor[i, i]
    for i in range(first, n):
        for j in range(first, n):
            out[i, j] /= np.sqrt(matrix[i, i] * matrix[j, j])
    return True


@compiled
def sandwich(curvature, outer, first, unit, classic, robust):
    """Write standard errors, the roots of the diagonals of U A^-1 U' and U A^-1 B A^-1 U', U = `unit` of each row.

    Rows whose curvature A is not positive definite stay as they are (NaN).
    """
    n = curvature.shape[1]
    inverse, factor, left = np.zeros((n, n)), np.zeros((n, n)), np.zeros(n)
    for row in range(curvature.shape[0]):
        if not np.isfinite(curvature[row]).all() or not _invert(curvature[row], n, first, inverse, factor):
            continue
        for i in range(first, n):
            plain, full = 0.0, 0.0
            for j in range(first, n):
                left[j] = 0.0
                for m in range(first, n):
                    left[j] += unit[row, i, m] * inverse[m, j]
            for j in range(first, n):
                plain += left[j] * unit[row, i, j]
                for m in range(first, n):
                    full += left[j] * outer[row, j, m] * left[m]
            classic[row, i] = np.sqrt(plain)
            robust[row, i] = np.sqrt(full)


def standard_errors(fits: "GarchFits", chunk: int = 256) -> tuple[FloatArray, FloatArray]:
    """Compute Hessian and robust standard errors of all fits, each of the shape of ``fits.params``."""
    spec = fits.spec
    codes, sample, constant = model_codes(spec), fits.presample == "sample", spec.mean == "constant"
    n = spec.n_params + (not constant)
    good: BoolArray = np.asarray(np.isfinite(fits.params).all(axis=1))
    theta = to_standardised(spec, np.where(good[:, None], fits.params, 0.5), fits.location, fits.scale)
    classic, robust = np.full((len(good), n), np.nan), np.full((len(good), n), np.nan)
    for start in range(0, len(good), chunk):
        block = slice(start, min(start + chunk, len(good)))
        columns = np.ascontiguousarray(fits.returns[:, block])
        m = columns.shape[1]
        series, n_obs, presample = np.zeros((m, columns.shape[0])), np.zeros(m), np.ones(m)
        preparation.prepare(columns, constant, spec.process == "tarch", sample, spec.min_observations,
                            np.zeros(m, np.int64), n_obs, np.zeros(m), np.ones(m), presample, series)  # fmt: skip
        n_obs[~good[block]] = 0.0
        curvature, outer = np.zeros((m, n, n)), np.zeros((m, n, n))
        rows = np.ascontiguousarray(theta[block])
        negative_hessians(kernel(spec), codes, sample, series, n_obs, presample, rows, curvature)
        outer_products(kernel(spec, outer=True), codes, sample, series, n_obs, presample, rows, outer)
        sandwich(curvature, outer, 0 if constant else 1, _units(fits, block, n), classic[block], robust[block])
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
