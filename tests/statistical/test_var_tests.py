"""Size and power of the battery, simulated: under a correct model each test rejects as often as it says."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from hf_platform.backtest import coverage, es_tests
from hf_platform.backtest.berkowitz import tail_probabilities

pytestmark = pytest.mark.slow
N_SIMULATIONS = 2000


def rejection_rate(
    p_value: Callable[[np.random.Generator], float | None], nominal: float, seed: int
) -> tuple[float, float]:
    """Share of samples rejected, and its standard error; samples without a value do not count."""
    rng = np.random.default_rng(seed)
    found = [p for p in (p_value(rng) for _ in range(N_SIMULATIONS)) if p is not None]
    rate = float(np.mean(np.array(found) < nominal))
    return rate, float(np.sqrt(max(rate, nominal) * (1 - nominal) / len(found)))


@pytest.mark.parametrize(("n", "confidence"), [(250, 0.99), (250, 0.975), (1000, 0.99), (1000, 0.95)])
@pytest.mark.parametrize("nominal", [0.05, 0.01])
def test_kupiec_has_its_enumerated_size(n, confidence, nominal):
    exact = coverage.kupiec_exact_size(n, confidence, nominal)
    rate, error = rejection_rate(
        lambda rng: coverage.kupiec_pof(rng.random(n) < 1 - confidence, confidence).p_value, nominal, n
    )
    assert abs(rate - exact) < 4 * max(error, np.sqrt(exact / N_SIMULATIONS))


@pytest.mark.parametrize(("true_rate", "n"), [(0.01, 250), (0.02, 250), (0.03, 250), (0.02, 500)])
def test_the_traffic_light_is_green_as_often_as_the_binomial_says(true_rate, n):
    rng = np.random.default_rng(n)
    greens = np.mean(
        [coverage.basel_traffic_light(rng.random(n) < true_rate).zone == "green" for _ in range(N_SIMULATIONS)]
    )
    expected = coverage.probability_of_green(true_rate, n)
    assert abs(greens - expected) < 4 * np.sqrt(expected * (1 - expected) / N_SIMULATIONS)


@pytest.mark.parametrize(("n", "rate"), [(1000, 0.05), (4000, 0.1), (4000, 0.01)])
def test_discrete_durations_have_their_nominal_size(n, rate):
    def p_value(rng: np.random.Generator) -> float | None:
        return coverage.duration_test(rng.random(n) < rate, 1 - rate, discrete=True).p_value

    found, error = rejection_rate(p_value, 0.05, n)
    assert found == pytest.approx(0.05, abs=max(0.025, 4 * error))


def test_the_published_duration_test_rejects_frequent_breaches_without_memory():
    found, _ = rejection_rate(lambda rng: coverage.duration_test(rng.random(4000) < 0.1, 0.9).p_value, 0.05, 1)
    assert found > 0.5


@pytest.mark.parametrize(("n", "rate", "slack"), [(2000, 0.05, 0.03), (4000, 0.025, 0.04)])
def test_dynamic_quantile_has_about_its_nominal_size(n, rate, slack):
    def p_value(rng: np.random.Generator) -> float | None:
        volatility = np.exp(0.3 * rng.standard_normal(n))
        losses = volatility * rng.standard_normal(n)
        return coverage.dynamic_quantile(losses, volatility * stats.norm.ppf(1 - rate), 1 - rate).p_value

    found, _ = rejection_rate(p_value, 0.05, n)
    assert abs(found - 0.05) < slack


@pytest.mark.parametrize("n", [1000, 4000])
def test_independence_is_conservative_and_finds_clusters(n):
    size, _ = rejection_rate(lambda rng: coverage.christoffersen_independence(rng.random(n) < 0.05).p_value, 0.05, n)
    assert size < 0.1

    def clustered(rng: np.random.Generator) -> float | None:
        calm = np.repeat(rng.random(n // 20) < 0.9, 20)
        return coverage.christoffersen_independence(rng.random(n) < np.where(calm, 0.01, 0.4)).p_value

    power, _ = rejection_rate(clustered, 0.05, n + 1)
    assert power > 0.9


@pytest.mark.parametrize("freedom", [4.0, 1e6])
@pytest.mark.parametrize("confidence", [0.975, 0.99])
def test_shortfall_judged_by_the_stored_tail_is_slow_to_accuse(freedom, confidence):
    quantile = stats.t.ppf(confidence, freedom)
    beyond = stats.t.pdf(quantile, freedom) / (1 - confidence) * (freedom + quantile**2) / (freedom - 1)
    n = 1000
    var, es = np.full(n, quantile), np.full(n, beyond)

    def p_value(scale: float) -> Callable[[np.random.Generator], float | None]:
        return lambda rng: (
            es_tests.z2_with_pareto_tail(
                scale * stats.t.rvs(freedom, size=n, random_state=rng),
                var,
                es,
                confidence,
                seed=int(rng.integers(1 << 30)),
            ).p_value
        )

    size, error = rejection_rate(p_value(1.0), 0.05, 7)
    assert size < 0.05 + 4 * error + 0.01
    power, _ = rejection_rate(p_value(1.4), 0.05, 8)
    assert power > 0.6


@pytest.mark.parametrize(("n", "confidence"), [(500, 0.95), (1000, 0.975), (4000, 0.99)])
def test_berkowitz_has_its_nominal_size_and_sees_a_wrong_spread(n, confidence):
    whole, error = rejection_rate(lambda rng: coverage.berkowitz(rng.random(n)).p_value, 0.05, n)
    assert abs(whole - 0.05) < 4 * error + 0.01
    tail, error = rejection_rate(lambda rng: coverage.berkowitz_tail(rng.random(n), confidence).p_value, 0.05, n + 1)
    assert abs(tail - 0.05) < 4 * error + 0.015

    def wider(rng: np.random.Generator) -> float | None:
        return coverage.berkowitz_tail(stats.norm.cdf(1.25 * rng.standard_normal(n)), confidence).p_value

    power, _ = rejection_rate(wider, 0.05, n + 2)
    assert power > 0.6


@pytest.mark.parametrize("freedom", [4.0, 1e6])
def test_the_tail_test_of_stored_var_and_shortfall_has_about_its_size(freedom):
    levels, n = np.array([0.9, 0.95, 0.975, 0.99]), 2000
    grid = stats.t.ppf(levels, freedom)
    shortfall = stats.t.pdf(grid[-1], freedom) / 0.01 * (freedom + grid[-1] ** 2) / (freedom - 1)

    def p_value(rng: np.random.Generator) -> float | None:
        losses = stats.t.rvs(freedom, size=n, random_state=rng)
        placed = tail_probabilities(losses, np.tile(grid, (n, 1)), np.full(n, shortfall), levels)
        return coverage.berkowitz_tail(placed, 0.95).p_value

    size, error = rejection_rate(p_value, 0.05, 3)
    assert abs(size - 0.05) < 4 * error + 0.01


@pytest.mark.parametrize(("test", "rate"), [("kupiec_pof", 0.02), ("conditional_coverage", 0.02)])
def test_power_against_twice_the_breaches(test, rate):
    """At 99 % over 1,000 days; Kupiec's power is enumerated, the joint test's simulated beside it."""
    n, confidence = 1000, 0.99
    accepted = coverage.kupiec_pof_of_counts(n, confidence) >= 0.05
    exact = 1.0 - float(stats.binom.pmf(np.flatnonzero(accepted), n, rate).sum())
    found, error = rejection_rate(
        lambda rng: getattr(coverage, test)(rng.random(n) < rate, confidence).p_value, 0.05, 9
    )
    slack = 0.0 if test == "kupiec_pof" else 0.15  # the joint test spends a degree of freedom on dependence
    assert abs(found - exact) < 4 * error + slack
    assert found > 0.5
