"""The compiled loops of the elastic net; apart, so that the registry loads without numba.

All work on second moments: after one pass over the rows a sweep costs n_features squared, whatever
the number of rows, and targets that share a design share its Gram matrix.
"""

import numba
import numpy as np

from hf_platform.types import FloatArray, IntArray

Limits = tuple[float, int]  # smallest change of a coefficient worth another sweep, and most sweeps


@numba.njit(cache=True, nogil=True)
def solve(
    gram: FloatArray, cross: FloatArray, beta: FloatArray, penalties: tuple[float, float], limits: Limits
) -> tuple[int, float]:
    """Minimise ``b' G b / 2 - c' b + l1 |b|_1 + l2 / 2 |b|_2^2`` by cyclic coordinate descent, in place.

    `gram` (p, p) and `cross` (p,) are second moments, penalties (l1, l2). `beta` holds the start and then
    the minimum. Returns the sweeps and the largest change of a coefficient in the last one.
    """
    n_features = cross.shape[0]
    l1, l2 = penalties
    tolerance, most = limits
    change = 0.0
    for sweep in range(most):
        change = 0.0
        for j in range(n_features):
            pull = cross[j] + gram[j, j] * beta[j]
            for k in range(n_features):
                pull -= gram[j, k] * beta[k]
            shrunk = max(abs(pull) - l1, 0.0) / (gram[j, j] + l2)
            new = shrunk if pull > 0 else -shrunk
            change = max(change, abs(new - beta[j]))
            beta[j] = new
        if change <= tolerance:
            return sweep + 1, change
    return most, change


@numba.njit(cache=True, nogil=True)
def standard_moments(x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Correlations of the columns of x (n_rows, p) with each other and with those of y (n_rows, m).

    Returns (p, p) and (p, m), and means and population standard deviations, shape (2, p + m), first
    the columns of x. A column that does not vary, or holds NaN, correlates with nothing.
    """
    n, p = x.shape
    m = y.shape[1]
    moments = np.zeros((2, p + m))
    z = np.empty((p + m, n))
    for j in range(p + m):
        for i in range(n):
            z[j, i] = x[i, j] if j < p else y[i, j - p]
        mean = z[j].sum() / n
        spread = 0.0
        for i in range(n):
            z[j, i] -= mean
            spread += z[j, i] * z[j, i]
        moments[0, j] = mean
        moments[1, j] = np.sqrt(spread / n)
        scale = 1.0 / moments[1, j] if moments[1, j] > 1e-12 * abs(mean) else 0.0
        for i in range(n):
            z[j, i] *= scale
    gram = np.empty((p, p))
    cross = np.empty((p, m))
    for i in range(p):
        for j in range(i + 1):
            gram[i, j] = (z[i] * z[j]).sum() / n
            gram[j, i] = gram[i, j]
        for j in range(m):
            cross[i, j] = (z[i] * z[p + j]).sum() / n
    return gram, cross, moments[0], moments[1]


@numba.njit(cache=True, nogil=True)
def solve_designs(
    x: FloatArray, y: FloatArray, penalties: tuple[float, float], limits: Limits
) -> tuple[FloatArray, FloatArray, IntArray, FloatArray]:
    """Fit every target of every design: x (n_designs, n_rows, p), y (n_designs, n_rows, m).

    Returns coefficients (n_designs, m, p) and intercepts (n_designs, m) in the units of x and y, sweeps
    and last changes (n_designs, m). A target with NaN has NaN coefficients.
    """
    n_designs, _, p = x.shape
    m = y.shape[2]
    coefficients = np.zeros((n_designs, m, p))
    intercepts = np.empty((n_designs, m))
    sweeps = np.zeros((n_designs, m), dtype=np.int64)
    changes = np.zeros((n_designs, m))
    for d in range(n_designs):
        gram, cross, means, scales = standard_moments(x[d], y[d])
        for t in range(m):
            beta = np.zeros(p)
            sweeps[d, t], changes[d, t] = solve(gram, cross[:, t].copy(), beta, penalties, limits)
            intercept = means[p + t]
            for j in range(p):
                # A flat feature gets no weight.
                weight = beta[j] * scales[p + t] / scales[j] if scales[j] > 1e-12 * abs(means[j]) else 0.0
                coefficients[d, t, j] = weight
                intercept -= weight * means[j]
            intercepts[d, t] = intercept
            if not np.isfinite(means[p + t]):
                coefficients[d, t, :] = np.nan
    return coefficients, intercepts, sweeps, changes


@numba.njit(cache=True, nogil=True)
def fold_errors(x: FloatArray, y: FloatArray, folds: IntArray, penalties: FloatArray, limits: Limits) -> FloatArray:
    """Out-of-sample errors of every penalty, shape (n_test_rows, n_penalties), fold after fold.

    Fold f trains on rows up to ``folds[f, 0]`` and tests rows ``folds[f, 1]`` to ``folds[f, 2]`` (ends
    excluded), each standardised by its own training rows. Penalties (n_penalties, 2) are (l1, l2); each
    starts from the solution of the one before.
    """
    p = x.shape[1]
    errors = np.empty(((folds[:, 2] - folds[:, 1]).sum(), penalties.shape[0]))
    done = 0
    for f in range(folds.shape[0]):
        stop, low, high = folds[f]
        target = np.ascontiguousarray(y[:stop]).reshape(stop, 1)
        gram, cross, means, scales = standard_moments(x[:stop], target)
        beta = np.zeros(p)
        for q in range(penalties.shape[0]):
            solve(gram, cross[:, 0].copy(), beta, (penalties[q, 0], penalties[q, 1]), limits)
            for row in range(low, high):
                forecast = means[p]
                for j in range(p):
                    if scales[j] > 1e-12 * abs(means[j]):
                        forecast += beta[j] * scales[p] / scales[j] * (x[row, j] - means[j])
                errors[done + row - low, q] = y[row] - forecast
        done += high - low
    return errors
