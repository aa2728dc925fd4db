"""Covariances by origin: equal to a fit's own forecast, unmoved by the future, positive definite."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from hf_platform.errors import ConfigError, DataError
from hf_platform.risk import dynamic_covariance as dynamics


@pytest.fixture(scope="module")
def returns():
    rng = np.random.default_rng(11)
    mean = 0.5 * np.ones((3, 3)) + 0.5 * np.eye(3)
    q, h, out = mean.copy(), np.full(3, 1e-4), np.empty((900, 3))
    for t in range(900):
        scale = np.sqrt(np.diag(q))
        z = np.linalg.cholesky(q / np.outer(scale, scale)) @ rng.standard_normal(3)
        out[t] = np.sqrt(h) * z
        h = 5e-6 + 0.08 * out[t] ** 2 + 0.87 * h
        q = 0.04 * mean + 0.05 * np.outer(z, z) + 0.91 * q
    return out


@pytest.fixture(scope="module")
def fit(returns):
    return dynamics.fit_anchor(returns, 600, 500)


@pytest.mark.parametrize("n_bars", [1, 5])
def test_at_the_anchor_it_is_the_fits_own_forecast(returns, fit, n_bars):
    found = dynamics.forecast(fit, returns, 100, np.array([599]), n_bars)
    assert_allclose(found.covariance[0], fit.forecast_covariance(n_bars).sum(axis=0), rtol=1e-9)
    assert_allclose(found.mean, n_bars * fit.univariate.params[:, 0])


def test_the_future_changes_nothing(returns, fit):
    origins = np.arange(599, 800)
    before = dynamics.forecast(fit, returns, 100, origins, 1).covariance
    shocked = returns.copy()
    shocked[800:] = 0.2
    assert_array_equal(dynamics.forecast(fit, shocked[:850], 100, origins, 1).covariance, before)
    assert_array_equal(dynamics.forecast(fit, returns[:800], 100, origins[:-1], 1).covariance, before[:-1])


def test_every_covariance_is_positive_definite(returns, fit):
    found = dynamics.forecast(fit, returns, 100, np.arange(100, 900), 1)
    assert np.linalg.eigvalsh(found.covariance).min() > 0.0
    assert_allclose(found.covariance, np.swapaxes(found.covariance, 1, 2))


def test_q_follows_its_recursion():
    rng = np.random.default_rng(0)
    z, s = rng.standard_normal((50, 2)), np.array([[1.0, 0.3], [0.3, 1.0]])
    path, q = dynamics.filtered_q(z, s, 0.06, 0.9), s.copy()
    for t in range(50):
        assert_allclose(path[t], q, rtol=1e-10)
        q = 0.04 * s + 0.06 * np.outer(z[t], z[t]) + 0.9 * q


def test_anchors_and_origins_stay_when_history_grows():
    schedule = dynamics.Schedule(100, 30)
    assert schedule.anchors(80) == [80]
    assert schedule.anchors(165) == [100, 130, 160]
    assert schedule.anchors(190)[:3] == schedule.anchors(165)
    short, long = dynamics.origins_of(165, 100, 5), dynamics.origins_of(190, 100, 5)
    assert set(short[:-1]) <= set(long)
    assert short[-1] == 164
    assert_array_equal(dynamics.owners(np.array([99, 128, 129, 164]), [100, 130, 160]), [0, 0, 1, 2])


def test_one_instrument_has_variance_alone(returns):
    alone = dynamics.fit_anchor(returns[:, :1], 600, 500)
    found = dynamics.forecast(alone, returns[:, :1], 100, np.array([599, 700]), 3)
    assert found.covariance.shape == (2, 1, 1)
    assert_allclose(found.covariance[0, 0, 0], alone.univariate.forecast_variance(3).sum())


def test_bad_input_is_named(returns, fit):
    with pytest.raises(DataError, match="origins must lie"):
        dynamics.forecast(fit, returns, 100, np.array([50]), 1)
    broken = returns.copy()
    broken[300, 1] = np.nan
    with pytest.raises(DataError, match="found NaN"):
        dynamics.fit_anchor(broken, 600, 500)
    with pytest.raises(ConfigError, match="must be positive"):
        dynamics.Schedule(0, 5)
