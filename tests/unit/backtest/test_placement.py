"""The probability integral transform of stored distributions, and Berkowitz's test on it."""

import numpy as np
import pytest
from scipy import stats

from hf_platform.backtest.berkowitz import berkowitz
from hf_platform.backtest.placement import place
from hf_platform.errors import DataError
from hf_platform.types import PROBABILITIES
from hf_platform.volatility import distributions

LEVELS = np.array(PROBABILITIES)
T = ("t", np.array([5.0]))


def grid(n, distribution, shapes=()):
    quantiles = distributions.quantile(LEVELS, distribution, shapes)
    means = distributions.tail_mean(LEVELS, distribution, shapes)
    return np.tile(quantiles, (n, 1)), np.tile(means, (n, 1))


def test_a_normal_law_is_placed_exactly_between_its_quantiles():
    points = np.linspace(-2.5, 2.5, 101)
    placed = place(points, *grid(points.size, "normal"))
    np.testing.assert_allclose(placed, stats.norm.cdf(points), atol=1e-9)
    assert (np.diff(place(np.linspace(-9, 9, 999), *grid(999, "normal"))) >= 0).all()


def test_a_heavy_tail_is_placed_by_its_quantile_and_its_mean():
    points = np.array([-9.0, -5.0, -3.6, 0.0, 3.6, 5.0, 9.0])
    placed = place(points, *grid(points.size, *T))
    truth = stats.t.cdf(points / np.sqrt(3 / 5), 5)
    np.testing.assert_allclose(placed[:3], truth[:3], rtol=0.3)
    np.testing.assert_allclose(placed[3:], truth[3:], atol=1e-3)
    np.testing.assert_allclose(placed + placed[::-1], 1.0, atol=1e-12)  # a symmetric law
    assert 0.0 < place(np.array([-1e6]), *grid(1, *T))[0] < 1e-9


def test_a_right_distribution_passes_and_a_narrow_or_shifted_one_does_not():
    rng = np.random.default_rng(1)
    drawn = stats.t.rvs(5, size=1500, random_state=rng) * np.sqrt(3 / 5)
    quantiles, means = grid(1500, *T)
    assert berkowitz(1 - place(drawn, quantiles, means)).p_value > 0.05
    assert berkowitz(1 - place(drawn, 0.8 * quantiles, 0.8 * means)).p_value < 1e-6
    assert berkowitz(1 - place(drawn, quantiles + 0.2, means + 0.2)).p_value < 1e-6


def test_a_distribution_that_is_a_gain_throughout_and_bad_input():
    quantiles, means = grid(2, "normal")
    placed = place(np.array([0.5, 7.5]), quantiles + 5.0, means + 5.0)
    assert 0.0 < placed[0] < 0.005
    assert placed[1] == pytest.approx(stats.norm.cdf(2.5), abs=1e-9)
    with pytest.raises(DataError, match="shape"):
        place(np.zeros(3), quantiles, means)
    with pytest.raises(DataError, match="finite"):
        place(np.array([np.nan, 0.0]), quantiles, means)


def test_the_stored_battery_holds_the_whole_distribution_beside_the_tail(backtested):
    tests = backtested.store.query(
        "SELECT horizon, method, confidence, n_forecasts, degrees_of_freedom, p_value, verdict "
        "FROM backtests.var_tests WHERE test = 'berkowitz' ORDER BY horizon, n_forecasts DESC"
    )
    assert set(tests["method"]) == {"ensemble"}
    assert set(tests["confidence"]) == {0.99}
    assert set(tests["degrees_of_freedom"]) == {3}
    daily = tests.filter(horizon="1d")
    assert daily["n_forecasts"].to_list() == [1300, 250]
    assert daily["verdict"].to_list() == ["pass", "pass"]  # the world's forecasts are its truth
    monthly = tests.filter(horizon="1mo")
    assert monthly.height == 1
