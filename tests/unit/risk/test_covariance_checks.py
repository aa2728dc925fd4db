"""Covariances: what is refused, roots, packing."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from hf_platform.errors import DataError
from hf_platform.risk import covariance

RNG = np.random.default_rng(5)


def some(n=4, count=3):
    roots = RNG.standard_normal((count, n, n))
    return roots @ np.swapaxes(roots, 1, 2) * 1e-4


def test_symmetric_roots_are_roots():
    matrices = some()
    root, inverse = covariance.symmetric_roots(matrices)
    assert_allclose(root @ root, matrices, rtol=1e-9, atol=1e-16)
    assert_allclose(root @ inverse, np.broadcast_to(np.eye(4), (3, 4, 4)), atol=1e-6)
    assert_allclose(root, np.swapaxes(root, 1, 2))


def test_packing_comes_back():
    matrices = some(6, 2)
    assert_allclose(covariance.unpack(covariance.pack(matrices)), matrices)
    with pytest.raises(DataError, match="lower triangle"):
        covariance.unpack(np.zeros((1, 4)))


def test_singular_covariances_are_refused_by_name_and_never_repaired():
    returns = RNG.standard_normal((200, 3))
    returns = np.column_stack([returns, returns[:, 1]])
    matrix = np.cov(returns.T)
    assert covariance.check_covariance(matrix, list("abcd")) is matrix  # its VaR exists
    with pytest.raises(DataError, match=r"singular.* b and d with correlation 1\.0000"):
        covariance.check_covariance(matrix, list("abcd"), invertible=True)
    with pytest.raises(DataError, match="singular"):
        covariance.symmetric_roots(np.ones((1, 2, 2)))


def test_asymmetry_is_refused():
    with pytest.raises(DataError, match="symmetric"):
        covariance.check_covariance(np.array([[1.0, 0.2], [0.3, 1.0]]), ["a", "b"])


def test_equicorrelation_keeps_the_variances():
    matrix = some()[0]
    changed = covariance.equicorrelated(matrix, 0.9)
    assert_allclose(np.diag(changed), np.diag(matrix))
    assert_allclose(covariance.correlation_of(changed)[0, 1:], 0.9)
    with pytest.raises(DataError, match=r"\[0, 1\]"):
        covariance.equicorrelated(matrix, -0.5)
