"""Standardised distributions against arch, scipy and quadrature."""

import numpy as np
import pytest
from arch.univariate import GeneralizedError, Normal, SkewStudent, StudentsT
from numpy.testing import assert_allclose
from scipy import integrate

from hf_platform.errors import ConfigError, DataError
from hf_platform.volatility import distributions as d

CASES = [
    ("normal", (), Normal()),
    ("t", (4.5,), StudentsT()),
    ("t", (2.3,), StudentsT()),
    ("skewt", (5.0, -0.3), SkewStudent()),
    ("skewt", (9.0, 0.6), SkewStudent()),
    ("ged", (1.2,), GeneralizedError()),
    ("ged", (3.0,), GeneralizedError()),
]
PROBABILITIES = np.array([0.001, 0.01, 0.05, 0.3, 0.5, 0.7, 0.95, 0.995])
ids = pytest.mark.parametrize(("name", "shape", "peer"), CASES, ids=[f"{c[0]}{c[1]}" for c in CASES])


@ids
def test_quantile_and_cdf_equal_arch(name, shape, peer):
    q = d.quantile(PROBABILITIES, name, shape)
    assert_allclose(q, peer.ppf(PROBABILITIES, np.array(shape)), rtol=1e-9, atol=1e-12)
    assert_allclose(d.cdf(q, name, shape), PROBABILITIES, rtol=1e-9)


@ids
def test_log_density_equals_arch(name, shape, peer):
    z = np.linspace(-5, 5, 41)
    assert_allclose(
        d.log_density(z, name, shape), peer.loglikelihood(np.array(shape), z, np.ones(41), individual=True), rtol=1e-10
    )


@ids
def test_mean_zero_variance_one(name, shape, peer):
    top = np.array([1e8])
    assert_allclose(d.lower_partial_moment(top, 1, name, shape), 0.0, atol=1e-6)
    if name != "t" or shape[0] > 3:
        assert_allclose(d.lower_partial_moment(top, 2, name, shape), 1.0, atol=1e-6)


@ids
def test_tail_mean_equals_quadrature(name, shape, peer):
    def integrand(z, power):
        return z**power * float(np.exp(d.log_density(z, name, shape)))

    q = d.quantile(PROBABILITIES, name, shape)
    for p, point, mean in zip(PROBABILITIES, q, d.tail_mean(PROBABILITIES, name, shape), strict=True):
        limits = (-np.inf, point) if p <= 0.5 else (point, np.inf)
        expected = integrate.quad(integrand, *limits, args=(1,), limit=200)[0] / (p if p <= 0.5 else 1 - p)
        assert_allclose(mean, expected, rtol=1e-5)
    square = integrate.quad(integrand, -np.inf, q[1], args=(2,), limit=200)[0]
    assert_allclose(d.lower_partial_moment(q[1], 2, name, shape), square, rtol=1e-5)


def test_shapes_broadcast_over_series():
    shapes = np.array([[4.0, 0.1], [8.0, -0.2], [30.0, 0.0]])
    table = d.quantile(PROBABILITIES, "skewt", shapes)
    assert table.shape == (3, 8)
    for row, shape in zip(table, shapes, strict=True):
        assert_allclose(row, d.quantile(PROBABILITIES, "skewt", shape))
    assert d.tail_mean(PROBABILITIES, "t", np.array([[4.0], [9.0]])).shape == (2, 8)


def test_draws_are_antithetic_seeded_and_standardised():
    z = d.draws(2000, "t", (6.0,), seed=4)
    assert_allclose(z[:1000], -z[1000:], atol=1e-12)
    assert abs(z.var() - 1) < 0.02
    assert (z == d.draws(2000, "t", (6.0,), seed=4)).all()
    assert not (z == d.draws(2000, "t", (6.0,), seed=5)).all()


def test_bad_arguments_are_refused():
    with pytest.raises(ConfigError, match="found"):
        d.quantile(0.1, "cauchy")
    with pytest.raises(ConfigError, match="found"):
        d.quantile(0.1, "skewt", (5.0,))
    with pytest.raises(DataError, match="found"):
        d.tail_mean(1.0, "normal")
    with pytest.raises(ConfigError, match="found"):
        d.lower_partial_moment(0.0, 3, "normal")
    with pytest.raises(ConfigError, match="found"):
        d.draws(7, "normal", (), 0)


def test_partial_moments_below_infinity_are_the_whole_moments():
    for order, whole in ((0, 1.0), (1, 0.0), (2, 1.0)):
        below = d.lower_partial_moment([-np.inf, np.inf], order, "t", 5.0)
        assert_allclose(below, [0.0, whole], atol=1e-12)
