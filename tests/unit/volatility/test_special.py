"""Functions over lanes against scipy and NumPy."""

import numba
import numpy as np
from numpy.testing import assert_allclose
from scipy import special as oracle

from hf_platform.volatility.lanes import WIDTH, exponential, inverse_volatility, load, logarithm, store
from hf_platform.volatility.special import gamma_terms


@numba.njit
def _terms(points, out):
    a, b, c = gamma_terms(load(points, 0))
    store(out, 0, a)
    store(out, 1, b)
    store(out, 2, c)


def test_gamma_terms_equal_scipy():
    for points in np.geomspace(2e-3, 300.0, 10 * WIDTH).reshape(-1, 1, WIDTH):
        out = np.zeros((3, WIDTH))
        _terms(points, out)
        assert_allclose(out[0], oracle.gammaln(points[0]), rtol=1e-13, atol=1e-14)
        assert_allclose(out[1], oracle.digamma(points[0]), rtol=1e-12, atol=1e-14)
        assert_allclose(out[2], oracle.polygamma(1, points[0]), rtol=1e-12)


@numba.njit
def _powers(points, out):
    x = load(points, 0)
    store(out, 0, exponential(x))
    store(out, 1, inverse_volatility(x))
    store(out, 2, logarithm(exponential(x)))


def test_exponentials_and_logarithm_equal_numpy():
    for points in np.random.default_rng(0).uniform(-40.0, 40.0, (2000, 1, WIDTH)):
        out = np.zeros((3, WIDTH))
        _powers(points, out)
        assert_allclose(out[0], np.exp(points[0]), rtol=4e-15)
        assert_allclose(out[1], np.exp(-0.5 * points[0]), rtol=4e-15)
        assert_allclose(out[2], np.log(out[0]), rtol=4e-16, atol=4e-16)


def test_exponentials_hold_wild_arguments_to_finite_ends():
    points, out = np.full((1, WIDTH), np.nan), np.zeros((3, WIDTH))
    points[0, :6] = [0.0, 1e5, -1e5, np.inf, -np.inf, 1e308]
    _powers(points, out)
    assert (out[:2, 0] == 1.0).all()
    assert_allclose(out[0, 1:6], np.exp([690.0, -690.0, 690.0, -690.0, 690.0]), rtol=1e-13)
    assert_allclose(out[1, 1:6], np.exp([-690.0, 690.0, -690.0, 690.0, -690.0]), rtol=1e-13)
    assert np.isfinite(out).all()
