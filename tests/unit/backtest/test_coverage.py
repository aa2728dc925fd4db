"""Kupiec and Christoffersen: laws, edges, bad input."""

import math
from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from hf_platform.backtest import coverage
from hf_platform.errors import DataError


def hits(n: int, *at: int) -> np.ndarray:
    array = np.zeros(n, dtype=bool)
    array[list(at)] = True
    return array


def markov_ratio(breaches: np.ndarray) -> float:
    """Likelihood ratio of a Markov chain against independence, term by term."""
    counts = {(i, j): 0 for i in (0, 1) for j in (0, 1)}
    for before, after in pairwise(breaches):
        counts[int(before), int(after)] += 1

    def term(k: int, p: float) -> float:
        return k * math.log(p) if k else 0.0

    def share(i: int) -> float:
        total = counts[i, 0] + counts[i, 1]
        return counts[i, 1] / total if total else 0.0

    pooled = (counts[0, 1] + counts[1, 1]) / (len(breaches) - 1)
    null = term(counts[0, 0] + counts[1, 0], 1 - pooled) + term(counts[0, 1] + counts[1, 1], pooled)
    free = sum(term(counts[i, 0], 1 - share(i)) + term(counts[i, 1], share(i)) for i in (0, 1))
    return 2 * (free - null)


@pytest.mark.parametrize("n", [10, 250, 1000, 10_000])
def test_zero_breaches_are_a_valid_sample(n):
    found = coverage.kupiec_pof(np.zeros(n, dtype=bool), 0.99)
    assert found.statistic == pytest.approx(-2 * n * math.log(0.99))
    assert found.p_value == pytest.approx(stats.chi2.sf(found.statistic, 1))
    both = coverage.conditional_coverage(np.zeros(n, dtype=bool), 0.99)
    assert both.statistic == pytest.approx(found.statistic)
    assert both.degrees_of_freedom == 2
    assert both.reason


def test_breaches_throughout_are_a_valid_sample():
    found = coverage.kupiec_pof(np.ones(10, dtype=bool), 0.99)
    assert found.statistic == pytest.approx(-20 * math.log(0.01))
    assert coverage.christoffersen_independence(np.ones(10, dtype=bool)).reason


def test_the_expected_number_of_breaches_has_ratio_zero():
    found = coverage.kupiec_pof(hits(1000, *range(10)), 0.99)
    assert (found.statistic, found.p_value) == (0.0, 1.0)


@pytest.mark.parametrize("seed", range(5))
def test_independence_equals_the_ratio_term_by_term(seed):
    breaches = np.random.default_rng(seed).random(400) < 0.05
    found = coverage.christoffersen_independence(breaches)
    assert found.statistic == pytest.approx(markov_ratio(breaches), abs=1e-9)
    assert found.p_value == pytest.approx(stats.chi2.sf(found.statistic, 1))


def test_clustered_breaches_fail_independence_though_their_rate_fits():
    clustered = hits(1000, *range(500, 510))
    assert coverage.kupiec_pof(clustered, 0.99).p_value == 1.0
    assert coverage.christoffersen_independence(clustered).p_value < 1e-6
    assert coverage.conditional_coverage(clustered, 0.99).p_value < 1e-5


def test_conditional_coverage_is_the_sum_of_its_parts():
    breaches = np.random.default_rng(3).random(500) < 0.02
    total = coverage.conditional_coverage(breaches, 0.99).statistic
    assert total == pytest.approx(coverage.kupiec_pof(breaches, 0.99).statistic + markov_ratio(breaches))


def test_one_forecast_has_no_transition():
    found = coverage.christoffersen_independence([True])
    assert found.statistic is None
    assert found.p_value is None
    assert "two" in found.reason
    assert coverage.conditional_coverage([False], 0.99).p_value is None


def test_no_breach_leaves_independence_open():
    found = coverage.christoffersen_independence(np.zeros(250, dtype=bool))
    assert (found.statistic, found.p_value) == (0.0, 1.0)
    assert "successor" in found.reason


def test_a_breach_in_the_last_period_only_leaves_independence_open():
    assert coverage.christoffersen_independence(hits(250, 249)).reason


def test_integers_of_zero_and_one_are_breaches():
    assert coverage.kupiec_pof([0, 1, 0, 0], 0.9) == coverage.kupiec_pof([False, True, False, False], 0.9)


@pytest.mark.parametrize("confidence", [99, 1.0, 0.0, -0.1, float("nan")])
def test_a_confidence_is_a_probability(confidence):
    with pytest.raises(DataError, match="between 0 and 1"):
        coverage.kupiec_pof([True, False], confidence)


def test_a_confidence_in_percent_is_told_what_to_write():
    with pytest.raises(DataError, match=r"found 99\. Write 0\.99"):
        coverage.kupiec_pof([True, False], 99)


@pytest.mark.parametrize("breaches", [[], [[True]], [0.5, 1.0], [float("nan"), 1.0], ["a"], [2, 0]])
def test_breaches_must_be_a_clean_vector(breaches):
    with pytest.raises(DataError):
        coverage.kupiec_pof(breaches, 0.99)


def test_p_values_of_counts_are_those_of_the_test():
    table = coverage.kupiec_pof_of_counts(250, 0.99)
    for count in (0, 1, 4, 10, 249, 250):
        assert table[count] == pytest.approx(coverage.kupiec_pof(hits(250, *range(count)), 0.99).p_value, abs=1e-12)
