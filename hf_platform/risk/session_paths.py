"""What is left of a session: simulated paths of a filter whose volatility has a profile, and the variance summed up.

Every origin uses the same random numbers, so that a result does not depend on which others are asked for.
"""

# compiled code: numba infers types, and arrays travel one by one
# ruff: noqa: ANN001, ANN202
# pyright: basic

import math
from typing import Final

import numba
import numpy as np
from scipy import stats

from hf_platform.risk.filtered_historical import TailSpec
from hf_platform.types import PROBABILITIES, FloatArray, IntArray
from hf_platform.volatility import distributions

N_PATHS: Final = 1_000
_PRIOR_DRAWS: Final = 250
_MOST_FREEDOM: Final = 200.0
_LEAST_FREEDOM: Final = 4.5  # below four a t has no kurtosis to add up


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _simulate(params, variance, scales, innovations, bars, window, prior, share, uniforms, out):  # noqa: PLR0917  # plain arrays for numba
    n_paths = uniforms.shape[0]
    pool = np.empty(window)
    for row in range(variance.size):
        held = 0
        for slot in range(max(bars[row] - window, 0), bars[row]):
            if not np.isnan(innovations[slot]):
                pool[held] = innovations[slot]
                held += 1
        omega, alpha, gamma, beta = params[row, 0], params[row, 1], params[row, 2], params[row, 3]
        for path in range(n_paths):
            h, total = variance[row], 0.0
            for step in range(scales.shape[1]):
                scale = scales[row, step]
                if scale == 0.0:
                    break
                place = uniforms[path, step] * (held + share)
                if place < held:
                    z = pool[int(place)]
                else:
                    z = prior[min(int((place - held) / share * prior.size), prior.size - 1)]
                shock = np.sqrt(h) * z
                total += scale * shock
                h = omega + (alpha + (gamma if shock < 0 else 0.0)) * shock * shock + beta * h
            out[row, path] = total


def simulated_sums(
    params: FloatArray,
    variance: FloatArray,
    scales: FloatArray,
    innovations: FloatArray,
    bars: IntArray,
    *,
    tail: TailSpec,
    seed: int = 0,
) -> tuple[FloatArray, FloatArray]:
    """Simulate the sum of the returns of the next bars, each with its own scale.

    Parameters
    ----------
    params : float64 array, shape (n_rows, 5)
        omega, alpha, gamma, beta, nu of the filter in force.
    variance : float64 array, shape (n_rows,)
        Of the first bar's standardised-for-the-time return.
    scales : float64 array, shape (n_rows, n_steps)
        Factor of each bar, 0 after the last.
    innovations : float64 array, shape (n_bars,)
        By bar, NaN where unknown.
    bars : int64 array, shape (n_rows,)
        First bar of each row; innovations before it are drawn from.
    tail : TailSpec
        Window and prior of the innovations.
    seed : int

    Returns
    -------
    quantiles, tail_means : float64 array, shape (n_rows, len(PROBABILITIES))

    References
    ----------
    Barone-Adesi, G., Giannopoulos, K. and Vosper, L. (1999). VaR without Correlations for Portfolios of
    Derivative Securities. Journal of Futures Markets 19(5), 583-602.
    """
    n_steps = scales.shape[1]
    # Each step is stratified over the paths, in an order of its own.
    rng = np.random.default_rng([seed, n_steps])
    strata = np.stack([rng.permutation(N_PATHS) for _ in range(n_steps)], axis=1)
    uniforms = (strata + rng.random((N_PATHS, n_steps))) / N_PATHS
    prior = stats.t.ppf((np.arange(_PRIOR_DRAWS) + 0.5) / _PRIOR_DRAWS, tail.freedom)
    prior /= prior.std()
    paths = np.empty((bars.size, N_PATHS))
    _simulate(params, variance, np.ascontiguousarray(scales), innovations, bars, tail.window, prior,
              tail.prior_weight, uniforms, paths)  # fmt: skip
    paths.sort(axis=1)
    quantiles, means = np.empty((2, bars.size, len(PROBABILITIES)))
    for column, probability in enumerate(PROBABILITIES):
        at = max(math.ceil(probability * N_PATHS - 1e-9), 1) - 1
        quantiles[:, column] = paths[:, at]
        means[:, column] = (paths[:, : at + 1] if probability <= 0.5 else paths[:, at:]).mean(axis=1)
    return quantiles, means


def aggregated_sums(
    params: FloatArray, variance: FloatArray, scales: FloatArray
) -> tuple[FloatArray, FloatArray]:  # fmt: skip
    """Sum the expected variances of the next bars; tails of a t with the kurtosis of the sum.

    Parameters
    ----------
    params, variance, scales
        As in `simulated_sums`.

    Returns
    -------
    quantiles, tail_means : float64 array, shape (n_rows, len(PROBABILITIES))

    Notes
    -----
    The kurtosis is that of independent t variables, weighted: ``nu' = 4 + (nu - 4) (sum w)^2 / sum w^2`` with the
    bars' variances w. One bar keeps its nu, a whole session comes close to the normal law.
    """
    omega, alpha, gamma, beta, freedom = params.T
    persistence = alpha + 0.5 * gamma + beta
    weights, path = np.empty_like(scales), variance.copy()
    for step in range(scales.shape[1]):
        weights[:, step] = scales[:, step] ** 2 * path
        path = omega + persistence * path
    total = weights.sum(axis=1)
    spread = total**2 / (weights**2).sum(axis=1)
    heavy = np.where(spread > 1.0 + 1e-9, np.maximum(freedom, _LEAST_FREEDOM), freedom)
    nu = np.where(spread > 1.0 + 1e-9, np.minimum(4.0 + (heavy - 4.0) * spread, _MOST_FREEDOM), freedom)
    levels, shape = np.array(PROBABILITIES)[None, :], nu[:, None]
    size = np.sqrt(total)[:, None]
    return size * distributions.quantile(levels, "t", shape), size * distributions.tail_mean(levels, "t", shape)


def flat_sums(variance: FloatArray, scales: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Sum a variance that stays as it is; normal tails, shapes as in `aggregated_sums`."""
    size = np.sqrt(variance * (scales**2).sum(axis=1))[:, None]
    levels = np.array(PROBABILITIES)[None, :]
    return size * distributions.quantile(levels, "normal"), size * distributions.tail_mean(levels, "normal")
