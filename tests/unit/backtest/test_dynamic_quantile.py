"""The dynamic quantile test against the Wald statistic of an ordinary regression."""

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

from hf_platform.backtest.coverage import dynamic_quantile
from hf_platform.errors import DataError


def sample(n: int = 600, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    volatility = 0.01 * np.exp(0.4 * rng.standard_normal(n))
    return volatility * rng.standard_normal(n), volatility * stats.norm.ppf(0.95)


@pytest.mark.parametrize("n_lags", [0, 1, 4])
def test_it_is_the_wald_statistic_of_the_regression(n_lags):
    losses, var = sample()
    hits = (losses > var) - 0.05
    n = losses.size
    columns = [np.ones(n - n_lags)] + [hits[n_lags - k : n - k] for k in range(1, n_lags + 1)] + [var[n_lags:]]
    fit = sm.OLS(hits[n_lags:], np.column_stack(columns)).fit()
    wald = fit.params @ (fit.model.exog.T @ fit.model.exog) @ fit.params / (0.05 * 0.95)
    found = dynamic_quantile(losses, var, 0.95, n_lags=n_lags)
    assert found.statistic == pytest.approx(wald, rel=1e-8)
    assert found.degrees_of_freedom == n_lags + 2
    assert found.p_value == pytest.approx(stats.chi2.sf(wald, n_lags + 2))
    assert found.reason is None


def test_it_is_free_of_the_unit_of_losses():
    losses, var = sample()
    base, scaled = dynamic_quantile(losses, var, 0.95), dynamic_quantile(1e4 * losses, 1e4 * var, 0.95)
    assert scaled.statistic == pytest.approx(base.statistic, rel=1e-9)


def test_a_constant_var_loses_one_degree_of_freedom_and_says_so():
    losses, _ = sample()
    found = dynamic_quantile(losses, np.full(losses.size, 0.0164), 0.95)
    assert found.degrees_of_freedom == 5
    assert "collinear" in found.reason
    assert 0 <= found.p_value <= 1


def test_no_breach_is_a_valid_sample():
    losses, var = sample()
    found = dynamic_quantile(np.zeros_like(losses), var, 0.95)
    assert found.n_breaches == 0
    assert found.degrees_of_freedom == 2
    assert found.p_value < 1e-4


def test_too_few_rows_give_a_reason():
    losses, var = sample(9)
    found = dynamic_quantile(losses, var, 0.95)
    assert found.p_value is None
    assert "11 are needed" in found.reason


def test_breaches_that_follow_breaches_are_found():
    losses, var = sample(2000)
    losses[1000:1030] = 2 * var[1000:1030]
    assert dynamic_quantile(losses, var, 0.95).p_value < 1e-6


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x, v: (x[:-1], v), "one length"),
        (lambda x, v: (x, -v), "positive number for a loss"),
        (lambda x, v: (np.where(np.arange(x.size) == 3, np.nan, x), v), "1 NaN"),
        (lambda x, v: (x[:0], v[:0]), "at least one row"),
    ],
)
def test_bad_input_is_named(change, message):
    with pytest.raises(DataError, match=message):
        dynamic_quantile(*change(*sample()), 0.95)


def test_negative_lags_are_refused():
    with pytest.raises(DataError, match="n_lags"):
        dynamic_quantile(*sample(), 0.95, n_lags=-1)
