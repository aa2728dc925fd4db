"""Simulate a GJR-GARCH filter over several bars with innovations from its own past, compiled.

Every origin uses the same random numbers: a result does not depend on which others are asked for, and
neighbouring origins differ by their state only.
"""

# compiled code: numba infers types, and arrays travel one by one
# ruff: noqa: ANN001, ANN202
# pyright: basic

from typing import Final

import numba
import numpy as np
from scipy import stats

from hf_platform.risk.filtered_historical import TailSpec
from hf_platform.types import FloatArray, IntArray

N_PATHS: Final = 1_000
_PRIOR_DRAWS: Final = 250


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _simulate(params, variance, innovations, bars, window, prior, share, uniforms, out):  # noqa: PLR0917  # plain arrays for numba
    n_paths, n_bars = uniforms.shape
    pool = np.empty(window)
    for row in range(variance.size):
        held = 0
        for slot in range(max(bars[row] - window, 0), bars[row]):
            if not np.isnan(innovations[slot]):
                pool[held] = innovations[slot]
                held += 1
        mu, omega, alpha, gamma, beta = params[row]
        for path in range(n_paths):
            h, total = variance[row], 0.0
            for step in range(n_bars):
                place = uniforms[path, step] * (held + share)
                if place < held:
                    z = pool[int(place)]
                else:
                    z = prior[min(int((place - held) / share * prior.size), prior.size - 1)]
                shock = np.sqrt(h) * z
                total += mu + shock
                h = omega + (alpha + (gamma if shock < 0 else 0.0)) * shock * shock + beta * h
            out[row, path] = total


def simulate_returns(
    params: FloatArray,
    variance: FloatArray,
    innovations: FloatArray,
    bars: IntArray,
    n_bars: int,
    *,
    spec: TailSpec | None = None,
    seed: int = 0,
    n_paths: int = N_PATHS,
) -> FloatArray:
    """Draw the log return over `n_bars` at some origins.

    Parameters
    ----------
    params : float64 array, shape (n_rows, 5)
        mu, omega, alpha, gamma, beta of the filter at each origin [decimal returns].
    variance : float64 array, shape (n_rows,)
        Of the next bar.
    innovations : float64 array, shape (n_series,)
        By bar: standardised innovation of the bar after it, NaN where unknown.
    bars : int64 array, shape (n_rows,)
        Origins; innovations at earlier bars had come true by then.
    n_bars : int
    spec : TailSpec, optional
        Window and prior of the innovations.
    seed : int
    n_paths : int

    Returns
    -------
    float64 array, shape (n_rows, n_paths)

    References
    ----------
    Barone-Adesi, G., Giannopoulos, K. and Vosper, L. (1999). VaR without Correlations for Portfolios of
    Derivative Securities. Journal of Futures Markets 19(5), 583-602.
    """
    spec = spec or TailSpec()
    # Each step is stratified over the paths, in an order of its own.
    rng = np.random.default_rng([seed, n_bars])
    strata = np.stack([rng.permutation(n_paths) for _ in range(n_bars)], axis=1)
    uniforms = (strata + rng.random((n_paths, n_bars))) / n_paths
    places = (np.arange(_PRIOR_DRAWS) + 0.5) / _PRIOR_DRAWS
    prior = stats.t.ppf(places, spec.freedom)
    prior /= prior.std()
    out = np.empty((bars.size, n_paths))
    _simulate(params, variance, innovations, bars, spec.window, prior, spec.prior_weight, uniforms, out)
    return out
