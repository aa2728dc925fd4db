"""Gamma functions over lanes against scipy."""

import numba
import numpy as np
from numpy.testing import assert_allclose
from scipy import special as oracle

from hf_platform.volatility.lanes import WIDTH, load, store
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
