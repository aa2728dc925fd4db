"""The duration test against a direct maximisation of its likelihood."""

import numpy as np
import pytest
from scipy import optimize

from hf_platform.backtest.coverage import duration_test


def continuous_ratio(hits: np.ndarray) -> float:
    """Maximise the censored Weibull likelihood over both parameters by simplex."""
    at, n = np.flatnonzero(hits), hits.size
    whole = np.diff(at).astype(float)
    censored = [d for d in (at[0] + 1.0 if at[0] else 0.0, n - 1.0 - at[-1]) if d]

    def minus(theta: np.ndarray) -> float:
        scale, shape = np.exp(theta)
        logs = np.log(shape) + shape * np.log(scale) + (shape - 1) * np.log(whole) - (scale * whole) ** shape
        return -(logs.sum() - sum((scale * d) ** shape for d in censored))

    return _ratio(minus, hits.mean())


def discrete_ratio(hits: np.ndarray) -> float:
    """Maximise the likelihood of whole periods over both parameters by simplex."""
    at, n = np.flatnonzero(hits), hits.size
    whole = np.diff(at).astype(float)

    def minus(theta: np.ndarray) -> float:
        scale, shape = np.exp(theta)

        def alive(d: np.ndarray) -> np.ndarray:
            return np.exp(-((scale * d) ** shape))

        value = np.log(np.maximum(alive(whole - 1) - alive(whole), 1e-300)).sum()
        value += -((scale * at[0]) ** shape) if at[0] else 0.0
        return -(value - (scale * (n - 1.0 - at[-1])) ** shape)

    return _ratio(minus, hits.mean())


def _ratio(minus, rate: float) -> float:
    options = {"xatol": 1e-10, "fatol": 1e-12, "maxiter": 5000}
    free = min(
        optimize.minimize(minus, [np.log(rate), start], method="Nelder-Mead", options=options).fun
        for start in (0.0, -0.5, 0.5)
    )
    null = optimize.minimize_scalar(
        lambda s: minus([s, 0.0]), bounds=(-12, 1), method="bounded", options={"xatol": 1e-10}
    )
    return 2 * (null.fun - free)


@pytest.mark.parametrize(("n", "rate"), [(250, 0.05), (500, 0.02), (1000, 0.01), (300, 0.2)])
def test_both_forms_equal_a_direct_maximisation(n, rate):
    hits = np.random.default_rng(n).random(n) < rate
    assert duration_test(hits, 1 - rate).statistic == pytest.approx(continuous_ratio(hits), abs=1e-6)
    assert duration_test(hits, 1 - rate, discrete=True).statistic == pytest.approx(discrete_ratio(hits), abs=1e-6)


def test_samples_that_begin_and_end_with_a_breach_have_no_censored_ends():
    hits = np.zeros(200, dtype=bool)
    hits[[0, 3, 40, 41, 120, 199]] = True
    assert duration_test(hits, 0.97).statistic == pytest.approx(continuous_ratio(hits), abs=1e-6)


def test_clusters_are_rejected():
    hits = np.zeros(2000, dtype=bool)
    for start in (100, 700, 1500):
        hits[start : start + 7] = True
    assert duration_test(hits, 0.99).p_value < 1e-4
    assert duration_test(hits, 0.99, discrete=True).p_value < 1e-4


def test_frequent_breaches_without_memory_pass_the_discrete_form_only():
    hits = np.random.default_rng(0).random(20_000) < 0.1
    assert duration_test(hits, 0.9, discrete=True).p_value > 0.01
    assert duration_test(hits, 0.9).p_value < 1e-6


@pytest.mark.parametrize("discrete", [False, True])
@pytest.mark.parametrize("at", [(), (17,)])
def test_fewer_than_two_breaches_give_a_reason(at, discrete):
    hits = np.zeros(250, dtype=bool)
    hits[list(at)] = True
    found = duration_test(hits, 0.99, discrete=discrete)
    assert found.statistic is None
    assert found.p_value is None
    assert f"found {len(at)} (2.5 expected)" in found.reason


def test_perfect_regularity_has_no_maximum_in_continuous_time_and_is_rejected_in_whole_periods():
    regular = np.tile([True, False, False, False], 20)[:-3]
    found = duration_test(regular, 0.75)
    assert found.p_value is None
    assert "alike" in found.reason
    assert duration_test(regular, 0.75, discrete=True).p_value < 1e-6


def test_a_breach_in_every_period_leaves_no_duration_to_judge():
    for discrete in (False, True):
        assert duration_test(np.ones(30, dtype=bool), 0.99, discrete=discrete).p_value is None


def test_two_breaches_are_enough():
    hits = np.zeros(250, dtype=bool)
    hits[[50, 60]] = True
    assert 0 <= duration_test(hits, 0.99).p_value <= 1
