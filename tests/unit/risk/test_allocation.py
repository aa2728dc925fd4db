"""Allocations of skfolio on a given covariance, against closed forms."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import minimize

from hf_platform.errors import DataError
from hf_platform.risk import allocation

NAMES = list("abcd")
COVARIANCE = np.array(
    [[4.0, 1.0, 0.5, 0.2], [1.0, 3.0, 0.3, 0.1], [0.5, 0.3, 2.0, 0.4], [0.2, 0.1, 0.4, 1.0]]
) * 1e-4  # fmt: skip


def test_minimum_variance_is_the_closed_form_where_no_weight_is_bound():
    inverse = np.linalg.solve(COVARIANCE, np.ones(4))
    assert_allclose(allocation.minimum_variance(COVARIANCE, NAMES), inverse / inverse.sum(), atol=1e-4)


def test_minimum_variance_never_goes_short():
    tight = COVARIANCE.copy()
    tight[0, 3] = tight[3, 0] = 1.9e-4
    found = allocation.minimum_variance(tight, NAMES)
    best = minimize(
        lambda w: w @ tight @ w * 1e4, np.full(4, 0.25), bounds=[(0, 1)] * 4, tol=1e-12,
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1},
    )  # fmt: skip
    assert_allclose(found, best.x, atol=2e-3)
    assert found.min() >= 0.0


def test_risk_parity_gives_equal_shares():
    weights = allocation.risk_parity(COVARIANCE, NAMES)
    assert_allclose(allocation.risk_shares(weights, COVARIANCE), 0.25, atol=1e-4)
    assert_allclose(weights.sum(), 1.0)


def test_a_singular_covariance_is_refused():
    twin = np.ones((2, 2)) * 1e-4
    for solve in (allocation.minimum_variance, allocation.risk_parity):
        with pytest.raises(DataError, match="singular"):
            solve(twin, ["a", "b"])
