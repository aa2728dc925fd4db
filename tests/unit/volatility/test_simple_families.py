"""EWMA, realised measures, HAR, implied volatility and comparison against hand-worked or simulated truth."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from hf_platform.errors import ConfigError, DataError, ModelError
from hf_platform.volatility import comparison, ewma, har, implied, realised

RNG = np.random.default_rng(21)


def test_ewma_equals_its_definition():
    returns = RNG.standard_normal((50, 3)) * 0.01
    out = ewma.ewma_variance(returns, decay=0.9, initial=np.array([1e-4, 2e-4, 3e-4]))
    expected = 0.9**50 * np.array([1e-4, 2e-4, 3e-4])
    for t in range(50):
        expected = expected + 0.1 * 0.9 ** (49 - t) * returns[t] ** 2
    assert_allclose(out[-1], expected, rtol=1e-12)
    assert_array_equal(ewma.ewma_variance(returns[:, 0], 0.9, 1e-4), out[:, 0])


@pytest.mark.parametrize("decay", [0.0, 1.0, 1.2])
def test_ewma_refuses_a_decay_outside_the_unit_interval(decay):
    with pytest.raises(ConfigError, match="decay"):
        ewma.ewma_variance(np.ones(3), decay)
    with pytest.raises(ConfigError, match="decay"):
        ewma.EwmaSpec(decay=decay)


def test_ewma_refuses_missing_returns():
    with pytest.raises(DataError, match="finite"):
        ewma.ewma_variance(np.array([0.1, np.nan]))


def sessions(n_sessions=4000, n_bars=390, sigma=0.01, drift=0.0):
    rng = np.random.default_rng(5)
    steps = sigma / np.sqrt(n_bars) * rng.standard_normal((n_sessions, n_bars)) + drift / n_bars
    path = np.cumsum(steps, axis=1)
    opening = np.cumsum(np.concatenate([[0.0], path[:-1, -1]]))
    with_open = np.concatenate([np.zeros((n_sessions, 1)), path], axis=1)
    low, high = with_open.min(axis=1), with_open.max(axis=1)
    bars = [np.exp(opening + x) for x in (np.zeros(n_sessions), high, low, path[:, -1])]
    return steps, bars


def test_realised_measures_recover_a_constant_variance():
    steps, (o, h, low, c) = sessions()
    assert_allclose(realised.realised_variance(steps).mean(), 1e-4, rtol=0.01)
    assert_allclose(realised.bipower_variation(steps).mean(), 1e-4, rtol=0.01)
    # Extremes seen at 390 points fall short of those of the continuous path, hence the wider tolerance.
    assert_allclose(realised.parkinson(h, low).mean(), 1e-4, rtol=0.1)
    assert_allclose(realised.garman_klass(o, h, low, c).mean(), 1e-4, rtol=0.12)
    assert_allclose(realised.rogers_satchell(o, h, low, c).mean(), 1e-4, rtol=0.12)
    assert_allclose(np.nanmean(realised.yang_zhang(o, h, low, c)), 1e-4, rtol=0.12)


def test_bipower_ignores_a_jump_that_realised_variance_sees():
    steps, _ = sessions(n_sessions=200)
    jumpy = steps.copy()
    jumpy[:, 200] += 0.05
    assert_allclose(realised.realised_variance(jumpy).mean(), 1e-4 + 0.0025, rtol=0.05)
    assert realised.bipower_variation(jumpy).mean() < 3e-4
    assert (realised.jump_variation(jumpy) > 0.001).all()


def test_range_estimators_on_one_bar_by_hand():
    o, h, low, c = 100.0, 110.0, 95.0, 105.0
    span, body = np.log(h / low), np.log(c / o)
    assert_allclose(realised.parkinson(h, low), span**2 / (4 * np.log(2)))
    assert_allclose(realised.garman_klass(o, h, low, c), 0.5 * span**2 - (2 * np.log(2) - 1) * body**2)


def test_yang_zhang_reads_only_the_past():
    _, bars = sessions(n_sessions=60)
    full = realised.yang_zhang(*bars)
    part = realised.yang_zhang(*[x[:40] for x in bars])
    assert np.isnan(full[:21]).all()
    assert_allclose(full[21:40], part[21:])


def test_realised_measures_refuse_contradictions():
    with pytest.raises(DataError, match="must hold"):
        realised.parkinson(np.array([1.0]), np.array([2.0]))
    with pytest.raises(DataError, match="zero"):
        realised.garman_klass([1.0], [1.0], [-1.0], [1.0])
    with pytest.raises(DataError, match="shape"):
        realised.realised_variance(np.ones(5))
    assert np.isnan(realised.realised_variance(np.full((1, 4), np.nan))[0])


def simulated_har(n, seed=3):
    rng = np.random.default_rng(seed)
    log_rv = np.full(n, -9.0)
    for t in range(22, n):
        v = np.exp(log_rv[:t])
        mean = -0.9 + 0.35 * log_rv[t - 1] + 0.3 * np.log(v[-5:].mean()) + 0.25 * np.log(v[-22:].mean())
        log_rv[t] = mean + 0.3 * rng.standard_normal()
    return np.exp(log_rv)


def test_har_recovers_its_coefficients():
    fitted = har.fit(simulated_har(6000))
    assert_allclose(fitted.coefficients[1:], [0.35, 0.3, 0.25], atol=0.06)
    assert_allclose(fitted.residual_variance, 0.09, rtol=0.05)


@pytest.mark.parametrize("scale", ["log", "variance"])
def test_har_forecasts_are_positive_and_know_only_the_past(scale):
    variance = simulated_har(500)
    fitted = har.fit(variance[:400], har.HarSpec(scale=scale))
    origins = np.array([399, 450, 480])
    table = har.forecast(fitted, variance, origins, 10)
    assert (table > 0).all()
    shocked = variance.copy()
    shocked[481:] *= 50
    assert_array_equal(har.forecast(fitted, shocked, origins, 10), table)


def test_har_one_step_is_the_regression():
    variance = simulated_har(300)
    fitted = har.fit(variance, har.HarSpec(scale="variance"))
    rows = [1.0, variance[-1], variance[-5:].mean(), variance[-22:].mean()]
    assert_allclose(har.forecast(fitted, variance, np.array([299]), 1)[0, 0], fitted.coefficients @ rows)


def test_har_refuses_bad_input():
    with pytest.raises(DataError, match="sessions"):
        har.fit(np.ones(30))
    with pytest.raises(DataError, match="positive"):
        har.fit(np.zeros(300))
    with pytest.raises(ConfigError, match="lookbacks"):
        har.HarSpec(lookbacks=(5, 1))
    with pytest.raises(ConfigError, match="scale"):
        har.HarSpec(scale="root")


def test_implied_variance_is_scaled_to_the_bar():
    assert_allclose(implied.implied_variance(np.array([20.0])), 0.04 / 252)
    with pytest.raises(DataError, match="positive"):
        implied.implied_variance(np.array([-1.0]))


def test_premium_ratio_finds_the_premium_and_reads_no_future():
    returns = 0.01 * RNG.standard_normal(3000)
    index = np.full(3000, 100 * 0.012 * np.sqrt(252))
    assert_allclose(implied.premium_ratio(index, returns), (0.01 / 0.012) ** 2, rtol=0.1)
    with pytest.raises(DataError, match="length"):
        implied.premium_ratio(index[:10], returns[:10])


def test_akaike_weights_by_hand():
    weights = comparison.akaike_weights([2099.13, 2098.05, 2100.16])
    assert_allclose(weights, [0.302, 0.518, 0.180], atol=5e-4)
    assert_allclose(comparison.akaike_weights([np.nan, 5.0]), [0.0, 1.0])
    with pytest.raises(ModelError, match="weights"):
        comparison.akaike_weights([np.nan, np.nan])


def test_averaged_variance_weighs_models_per_series():
    aic = np.array([[0.0, np.nan], [0.0, 3.0]])
    variance = np.array([[[1.0, 2.0], [np.nan, np.nan]], [[3.0, 4.0], [5.0, 6.0]]])
    assert_allclose(comparison.averaged_variance(aic, variance), [[2.0, 3.0], [5.0, 6.0]])


def test_small_differences_name_no_winner():
    outcome = comparison.compare({"GARCH": 2099.13, "EGARCH": 2098.05, "GJR": 2103.0, "broken": np.nan})
    assert outcome.names == ("EGARCH", "GARCH", "GJR")
    assert outcome.not_distinguishable == ("EGARCH", "GARCH")
    assert "not distinguishable" in outcome.verdict
    assert "1.08" in outcome.verdict
    assert "preferred" in comparison.compare({"a": 1.0, "b": 9.0}).verdict
    with pytest.raises(ModelError, match="fitted"):
        comparison.compare({"a": np.nan})
