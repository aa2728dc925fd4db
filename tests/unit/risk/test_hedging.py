"""Hedges against simulated truth and published laws of the hedging error."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose

from hf_platform.errors import ConfigError, DataError
from hf_platform.risk import dynamic_covariance as dynamics
from hf_platform.risk import hedging, options


def two_assets(n, seed):
    """A stock and an index whose volatilities and correlation move (a DCC with known truth)."""
    rng = np.random.default_rng(seed)
    mean = np.array([[1.0, 0.6], [0.6, 1.0]])
    q, h, out, true = mean.copy(), np.array([3e-4, 1e-4]), np.empty((n, 2)), np.empty(n)
    for t in range(n):
        scale = np.sqrt(np.diag(q))
        r = q / np.outer(scale, scale)
        true[t] = r[0, 1] * np.sqrt(h[0] / h[1])
        z = np.linalg.cholesky(r) @ rng.standard_normal(2)
        out[t] = np.sqrt(h) * z
        h = np.array([1.5e-5, 5e-6]) + 0.08 * out[t] ** 2 + 0.87 * h
        q = 0.04 * mean + 0.05 * np.outer(z, z) + 0.91 * q
    return out, true


def test_dynamic_ratios_save_variance_out_of_sample():
    returns, true = two_assets(2_500, 8)
    fit = dynamics.fit_anchor(returns, 1_500, 1_500)
    origins = np.arange(1_499, 2_499)
    ratios = hedging.minimum_variance_ratios(dynamics.forecast(fit, returns, 0, origins, 1).covariance, 0, 1)
    stock, index = returns[1_500:, 0], returns[1_500:, 1]
    effect = hedging.hedge_effect(stock, index, ratios)
    assert effect.hedged_deviation < effect.unhedged_deviation
    assert effect.variance_reduction > 0.2
    best = hedging.hedge_effect(stock, index, true[1_500:]).variance_reduction
    assert effect.variance_reduction > 0.9 * best
    assert np.corrcoef(ratios, true[1_500:])[0, 1] > 0.8


def test_the_constant_ratio_is_the_regression_slope():
    covariance = np.array([[4.0, 1.5], [1.5, 2.0]])
    assert_allclose(hedging.minimum_variance_ratios(covariance[None], 0, 1), [0.75])
    with pytest.raises(DataError, match="positive variance"):
        hedging.minimum_variance_ratios(np.zeros((1, 2, 2)), 0, 1)


@pytest.mark.parametrize(
    ("held", "message"),
    [(np.zeros(50), "100 returns, found 50"), (np.full(200, np.nan), "finite"), (np.zeros((200, 2)), "one length")],
)
def test_bad_returns_are_named(held, message):
    other = np.ones(held.shape[0])
    with pytest.raises(DataError, match=message):
        hedging.hedge_effect(held, other, other)


def straddle(maturity=0.25, volatility=0.2):
    return hedging.OptionBook(
        np.array([-1.0]), np.array([100.0]), np.array([maturity]), (True,), np.array([volatility])
    )


def trader(maturity=0.5, volatility=0.2):
    return hedging.OptionBook(np.ones(1), np.array([100.0]), np.array([maturity]), (True,), np.array([volatility]))


def paths(n_steps, volatility=0.2, maturity=0.25, n_paths=4_000):
    z = np.random.default_rng(4).standard_normal(50_000)
    step = volatility * np.sqrt(maturity / n_steps)
    return hedging.bootstrap_paths(100.0, z, step, n_steps, n_paths, seed=9)


def test_the_error_of_daily_hedging_is_derman_and_kamals():
    # Derman and Kamal (1999): deviation of about sqrt(pi / 4) * vega * sigma / sqrt(n) for an option at the money.
    vega = float(options.greeks(100, 100, 0.25, 0.0, 0.2).vega)
    for n in (21, 84):
        found = hedging.simulate_hedge(straddle(), trader(), paths(n), 0.25 / n)["delta"]
        assert_allclose(found.hedged_deviation, np.sqrt(np.pi / 4) * vega * 0.2 / np.sqrt(n), rtol=0.12)


def test_interest_is_paid_and_earned_by_the_hedge():
    # At the money forward, prices growing at the rate: the error stays that of rebalancing.
    rate, n, strike = 0.25, 84, 100 * np.exp(0.25 * 0.25)
    vega = float(options.greeks(100, strike, 0.25, rate, 0.2).vega)
    priced = replace(straddle(), rate=rate, strike=np.array([strike]))
    grown = paths(n) * np.exp(rate * 0.25 * np.arange(n + 1) / n)
    found = hedging.simulate_hedge(priced, replace(trader(), rate=rate), grown, 0.25 / n)
    assert_allclose(found["delta"].hedged_deviation, np.sqrt(np.pi / 4) * vega * 0.2 / np.sqrt(n), rtol=0.12)
    assert found["delta_gamma"].hedged_deviation < 0.5 * found["delta"].hedged_deviation
    # Rates move the price as put-call parity says.
    spot = np.array([100.0])
    put = replace(priced, is_call=(False,))
    gap = put.value(spot, 0.0) - priced.value(spot, 0.0)
    assert_allclose(gap, 100 - strike * np.exp(-rate * 0.25))


def test_more_hedging_leaves_less():
    found = hedging.simulate_hedge(straddle(), trader(), paths(60), 0.25 / 60)
    assert found["delta_gamma"].hedged_deviation < 0.5 * found["delta"].hedged_deviation
    assert found["delta"].hedged_deviation < 0.3 * found["delta"].unhedged_deviation
    seldom = hedging.simulate_hedge(straddle(), trader(), paths(60), 0.25 / 60, every=15)
    assert seldom["delta"].hedged_deviation > found["delta"].hedged_deviation


def test_hedge_units_neutralise_delta_and_gamma():
    book, tool = straddle(), trader()
    found = hedging.hedge_options(book, tool, 97.0)
    at = np.array([97.0])
    delta, gamma, _ = book.greeks(at, 0.0)
    tool_delta, tool_gamma, _ = tool.greeks(at, 0.0)
    assert_allclose(delta[0] + found.shares_for_delta, 0.0, atol=1e-12)
    assert_allclose(gamma[0] + found.hedge_options * tool_gamma[0], 0.0, atol=1e-12)
    assert_allclose(delta[0] + found.hedge_options * tool_delta[0] + found.shares_for_both, 0.0, atol=1e-12)


def test_paths_are_seeded_martingales():
    one, two = paths(10), paths(10)
    assert (one == two).all()
    assert_allclose(one.mean(axis=0), 100.0, rtol=0.01)
    assert_allclose(np.log(one[:, -1] / 100).std(), 0.2 * np.sqrt(0.25), rtol=0.05)


def test_bad_hedges_are_named():
    with pytest.raises(DataError, match="past its expiry"):
        straddle(maturity=0.0)
    with pytest.raises(DataError, match="live as long as the paths"):
        hedging.simulate_hedge(straddle(), trader(maturity=0.1), paths(10), 0.025)
    with pytest.raises(ConfigError, match="every 1 step"):
        hedging.simulate_hedge(straddle(), trader(), paths(10), 0.025, every=0)
    far = hedging.OptionBook(np.ones(1), np.array([1e6]), np.array([0.5]), (True,), np.array([0.2]))
    with pytest.raises(DataError, match="needs gamma"):
        hedging.hedge_options(straddle(), far, 100.0)
