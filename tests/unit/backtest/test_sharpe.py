"""Sharpe ratios: standard errors against Lo's formula and simulation, the yearly scale, bad input."""

import numpy as np
import pytest
from scipy import stats

from hf_platform.backtest.sharpe import (
    deflated_sharpe_ratio,
    expected_maximum_sharpe,
    probabilistic_sharpe_ratio,
    sharpe_ratio,
)
from hf_platform.errors import DataError


def test_of_normal_returns_the_error_is_los():
    returns = 0.05 + np.random.default_rng(0).standard_normal(200_000)
    found = sharpe_ratio(returns, n_lags=0)
    assert found.per_bar == pytest.approx(returns.mean() / returns.std())
    assert found.standard_error == pytest.approx(np.sqrt((1 + 0.5 * found.per_bar**2) / 200_000), rel=0.01)
    assert found.annual == pytest.approx(np.sqrt(252) * found.per_bar)
    assert found.annual_standard_error == pytest.approx(np.sqrt(252) * found.standard_error)
    assert found.annual_autocorrelated == pytest.approx(found.annual, rel=0.15)
    assert found.skewness == pytest.approx(stats.skew(returns))
    assert found.kurtosis == pytest.approx(stats.kurtosis(returns, fisher=False))


def test_the_yearly_scale_follows_the_autocorrelation():
    # Lo (2002), table 2: with monthly returns of first-order autocorrelation rho the scale to a year is
    # 12 / sqrt(12 + 2 sum (12 - k) rho^k).
    rng = np.random.default_rng(1)
    noise = rng.standard_normal(60_000)
    returns = np.empty_like(noise)
    returns[0] = noise[0]
    for t in range(1, noise.size):
        returns[t] = 0.3 * returns[t - 1] + noise[t]
    found = sharpe_ratio(0.2 + returns, bars_per_year=12)
    k = np.arange(1, 12)
    scale = 12 / np.sqrt(12 + 2 * ((12 - k) * 0.3**k).sum())
    assert found.annual_autocorrelated / found.per_bar == pytest.approx(scale, rel=0.02)


def test_the_error_covers_the_truth_for_skewed_dependent_returns():
    rng = np.random.default_rng(2)
    inside, truth = 0, 0.1
    for _ in range(400):
        noise = rng.exponential(size=1_001) - 1.0
        returns = noise[1:] + 0.3 * noise[:-1]
        found = sharpe_ratio(returns + truth * np.sqrt(1.09))
        inside += abs(found.per_bar - truth) < 1.96 * found.standard_error
    assert inside / 400 == pytest.approx(0.95, abs=0.04)


def test_luck_alone_reaches_the_expected_maximum():
    rng = np.random.default_rng(3)
    best = rng.standard_normal((20_000, 50)).max(axis=1).mean()
    assert expected_maximum_sharpe(1.0, 50) == pytest.approx(best, rel=0.02)
    assert expected_maximum_sharpe(1.0, 1) == 0.0


def test_more_trials_leave_less():
    left = [deflated_sharpe_ratio(0.1, 1_000, -0.5, 6.0, 0.001, n) for n in (1, 2, 10, 100)]
    assert left == sorted(left, reverse=True)
    assert left[0] == probabilistic_sharpe_ratio(0.1, 1_000, -0.5, 6.0)


@pytest.mark.parametrize("returns", [np.zeros(100), np.ones(100) * 0.01, np.arange(10.0)])
def test_without_noise_or_data_the_reason_is_said(returns):
    found = sharpe_ratio(returns)
    assert found.per_bar is None
    assert found.annual is None
    assert found.reason


@pytest.mark.parametrize(
    "call",
    [
        lambda: sharpe_ratio([np.nan] * 40),
        lambda: sharpe_ratio(np.ones(40), bars_per_year=0),
        lambda: probabilistic_sharpe_ratio(0.5, 1),
        lambda: probabilistic_sharpe_ratio(0.5, 100, skewness=9.0, kurtosis=1.0),
        lambda: expected_maximum_sharpe(-1.0, 5),
        lambda: expected_maximum_sharpe(1.0, 0),
    ],
)
def test_bad_input_is_refused(call):
    with pytest.raises(DataError, match="found"):
        call()
