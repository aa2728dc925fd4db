import numpy as np
import pytest
from scipy import stats

from hf_platform.errors import ConfigError
from hf_platform.monitoring import evidence

BUDGET = 0.05


def false_alarms(paths):
    return sum(bool((path >= 1 / BUDGET).any()) for path in paths)


def within_budget(n_alarms, n):
    """One-sided 99 % binomial bound."""
    return n_alarms <= stats.binom.ppf(0.99, n, BUDGET)


def test_false_alarms_stay_within_the_budget_however_often_one_looks():
    rng = np.random.default_rng(1)
    n = 800
    breaches = [evidence.breach_evidence(rng.random(750) < 0.01, 0.99) for _ in range(n)]
    small = [evidence.small_value_evidence(1 - rng.random(500)) for _ in range(n)]
    shifted = [evidence.shift_evidence(1 - rng.random(500)) for _ in range(n)]
    for paths in (breaches, small, shifted):
        assert within_budget(false_alarms(paths), n)
    together = [evidence.combined([b[:500], s, t]) for b, s, t in zip(breaches, small, shifted, strict=True)]
    assert within_budget(false_alarms(together), n)


def test_an_e_process_has_expectation_one_at_any_time():
    """Exact for Bernoulli laws: sum over all outcomes of five forecasts, weighted by their probability."""
    outcomes = (np.arange(32)[:, None] >> np.arange(5)) & 1
    weights = np.prod(np.where(outcomes == 1, 0.1, 0.9), axis=1)
    ends = np.array([evidence.breach_evidence(row == 1, 0.9)[-1] for row in outcomes])
    assert weights @ ends == pytest.approx(1.0, abs=1e-12)
    grid = (np.arange(200_000) + 0.5) / 200_000  # the integral of the one-step bet over a uniform p-value
    assert np.mean([evidence.shift_evidence(grid[[i]])[0] for i in range(0, 200_000, 100)]) == pytest.approx(
        1, abs=1e-3
    )
    density = np.mean([k * grid ** (k - 1) for k in (0.35, 0.5, 0.65, 0.8)], axis=0)
    assert np.trapezoid(density, grid) == pytest.approx(1.0, abs=0.02)
    assert evidence.small_value_evidence(grid[[1000]])[0] == pytest.approx(density[1000])


@pytest.mark.parametrize(
    ("rate", "within"), [(0.03, 400), (0.05, 200)], ids=["thrice as many breaches", "five times as many"]
)
def test_breaches_that_doubled_and_more_are_found(rate, within):
    rng = np.random.default_rng(2)
    delays = []
    for _ in range(100):
        path = evidence.breach_evidence(rng.random(1_000) < rate, 0.99)
        hit = np.flatnonzero(path >= 1 / BUDGET)
        delays.append(int(hit[0]) if hit.size else 1_000)
    assert np.median(delays) < within


def test_ranks_are_uniform_while_nothing_changes_and_small_after_growth():
    rng = np.random.default_rng(3)
    quiet = evidence.rank_p_values(rng.standard_normal(3_000), rng.standard_normal(300), seed=4)
    assert stats.kstest(quiet, "uniform").pvalue > 0.01
    assert abs(stats.spearmanr(quiet[:-1], quiet[1:]).statistic) < 0.05
    ties = evidence.rank_p_values(np.zeros(3_000), np.zeros(10), seed=5)
    assert stats.kstest(ties, "uniform").pvalue > 0.01
    grown = evidence.rank_p_values(2.0 + rng.standard_normal(100), rng.standard_normal(300), seed=6)
    assert np.median(grown) < 0.1
    assert evidence.small_value_evidence(grown)[-1] > 1 / BUDGET
    assert evidence.shift_evidence(grown)[-1] > 1 / BUDGET
    assert evidence.shift_evidence(1 - grown)[-1] > 1 / BUDGET


def test_stability_index_is_zero_for_the_same_sample_and_known_for_a_shift():
    rng = np.random.default_rng(7)
    old = rng.standard_normal(100_000)
    assert evidence.population_stability_index(old, old) == pytest.approx(0.0, abs=1e-12)
    # Population value of a shift by one half over deciles of the normal.
    edges = stats.norm.ppf(np.linspace(0, 1, 11))
    now = np.diff(stats.norm.cdf(edges - 0.5))
    expected = np.sum((now - 0.1) * np.log(now / 0.1))
    found = evidence.population_stability_index(0.5 + rng.standard_normal(100_000), old)
    assert found == pytest.approx(expected, rel=0.03)
    assert evidence.population_stability_index(old, np.ones(50)) is None


def test_a_level_in_percent_is_refused():
    with pytest.raises(ConfigError, match=r"0\.99"):
        evidence.breach_evidence(np.zeros(3, dtype=bool), 99)
