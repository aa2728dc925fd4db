"""DCC: recovery, positive semi-definiteness, agreement of recursion and closed form, errors."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from hf_platform.errors import ConfigError, DataError, ModelError
from hf_platform.volatility import dcc
from hf_platform.volatility.dcc_likelihood import composite_terms, full_terms


def simulate(n_obs, n_series, a, b, seed):
    rng = np.random.default_rng(seed)
    mean = 0.4 + 0.6 * np.eye(n_series)
    q, h, out = mean.copy(), np.ones(n_series), np.empty((n_obs, n_series))
    for t in range(n_obs):
        scale = np.sqrt(np.diag(q))
        z = np.linalg.cholesky(q / np.outer(scale, scale)) @ rng.standard_normal(n_series)
        out[t] = np.sqrt(h) * z
        h = 0.05 + 0.08 * out[t] ** 2 + 0.87 * h
        q = (1 - a - b) * mean + a * np.outer(z, z) + b * q
    return out


@pytest.fixture(scope="module")
def fitted():
    return dcc.fit(simulate(1500, 4, 0.05, 0.90, 1))


@pytest.mark.parametrize(("n_series", "likelihood"), [(4, "full"), (4, "composite"), (30, "auto")])
def test_recovers_the_parameters(n_series, likelihood):
    result = dcc.fit(simulate(2500, n_series, 0.04, 0.93, 3), likelihood=likelihood)
    assert abs(result.a - 0.04) < 4 * result.std_errors[0]
    assert abs(result.b - 0.93) < 4 * result.std_errors[1]
    assert result.likelihood == ("composite" if n_series == 30 else likelihood)


def test_likelihood_terms_equal_the_multivariate_normal(fitted):
    z, s, a, b = fitted.innovations, fitted.intercept, 0.06, 0.88
    terms = np.zeros(len(z))
    full_terms(np.ascontiguousarray(z), s, a, b, terms)
    q = s.copy()
    for t in range(30):
        scale = np.sqrt(np.diag(q))
        density = stats.multivariate_normal(cov=q / np.outer(scale, scale)).logpdf(z[t])
        assert_allclose(terms[t], density - stats.norm.logpdf(z[t]).sum(), rtol=1e-9, atol=1e-9)
        q = (1 - a - b) * s + a * np.outer(z[t], z[t]) + b * q
    pair, both = np.ascontiguousarray(z[:, :2]), np.ascontiguousarray(s[:2, :2])
    one, two = np.zeros(len(z)), np.zeros(len(z))
    full_terms(pair, both, a, b, one)
    composite_terms(pair, both, a, b, two)
    assert_allclose(one, two, rtol=1e-9, atol=1e-10)


def test_correlations_follow_the_recursion_and_are_correlations(fitted):
    q, s, z = fitted.intercept.copy(), fitted.intercept, fitted.innovations
    for t in range(101):
        if t in (0, 1, 100):
            scale = np.sqrt(np.diag(q))
            assert_allclose(fitted.correlations_at(t), q / np.outer(scale, scale), rtol=1e-9)
        q = (1 - fitted.a - fitted.b) * s + fitted.a * np.outer(z[t], z[t]) + fitted.b * q
    assert_allclose(fitted.correlations, fitted.correlations_at(1499))
    for t in range(0, 1501, 50):
        matrix = fitted.correlations_at(t)
        assert_allclose(np.diag(matrix), 1.0)
        assert np.linalg.eigvalsh(matrix).min() > -1e-12


def test_forecasts_revert_to_the_mean_correlation(fitted):
    path = fitted.forecast_correlations(2000)
    assert_allclose(path[0], fitted.correlations_at(1500))
    scale = np.sqrt(np.diag(fitted.intercept))
    assert_allclose(path[-1], fitted.intercept / np.outer(scale, scale), atol=1e-6)
    covariance = fitted.forecast_covariance(3)
    assert_allclose(np.diagonal(covariance, axis1=1, axis2=2), fitted.univariate.forecast_variance(3).T)


def test_short_series_use_the_shared_bars():
    returns = simulate(900, 3, 0.05, 0.9, 2)
    returns[:200, 1] = np.nan
    assert dcc.fit(returns).innovations.shape == (700, 3)


def test_bad_input_is_refused():
    good = simulate(300, 2, 0.05, 0.9, 4)
    with pytest.raises(DataError, match="two series"):
        dcc.fit(good[:, :1])
    with pytest.raises(ConfigError, match="likelihood"):
        dcc.fit(good, likelihood="both")
    with pytest.raises(ModelError, match="columns 1"):
        dcc.fit(np.column_stack([good[:, 0], np.ones(300)]))
    result = dcc.fit(good)
    with pytest.raises(ConfigError, match="horizon"):
        result.forecast_correlations(0)
    with pytest.raises(DataError, match="bar"):
        result.correlations_at(301)
