"""Breaks: CUSUM against statsmodels, dates against brute force, drift against a planted jump."""

from itertools import combinations

import numpy as np
import pytest
from statsmodels.stats.diagnostic import breaks_cusumolsresid

from hf_platform.backtest.breaks import break_points, cusum_test, parameter_drift
from hf_platform.errors import DataError

RNG = np.random.default_rng(0)
NOISE = RNG.standard_normal(600)


@pytest.mark.parametrize("shift", [0.0, 0.2, 1.0])
def test_cusum_is_the_one_of_statsmodels(shift):
    series = NOISE + shift * (np.arange(600) > 350)
    statistic, p_value, _ = breaks_cusumolsresid(series - series.mean())
    found = cusum_test(series, n_lags=0)
    assert found.statistic == pytest.approx(statistic, rel=1e-12)
    assert found.p_value == pytest.approx(p_value, rel=1e-9)


def test_autocorrelation_is_no_break():
    rng = np.random.default_rng(5)
    rejected = 0
    for _ in range(200):
        noise = rng.standard_normal(1_001)
        rejected += cusum_test(noise[1:] + 0.5 * noise[:-1]).p_value < 0.05
    assert rejected / 200 < 0.1


def test_partitions_are_the_best_of_all():
    series = np.r_[NOISE[:20], 3 + NOISE[20:32], 1 + NOISE[32:60]]
    found = break_points(series, max_breaks=2, trimming=0.1)

    def cost(cuts: tuple[int, ...]) -> float:
        return sum(((part - part.mean()) ** 2).sum() for part in np.split(series, list(cuts)))

    for count in (1, 2):
        allowed = [c for c in combinations(range(1, 60), count) if min(np.diff([0, *c, 60])) >= 6]
        least = min(cost(c) for c in allowed)
        penalty = (2 * count + 1) * 0.299 * np.log(60) ** 2.1 / 60
        assert found.criterion[count] == pytest.approx(np.log(least / 60) + penalty, rel=1e-9)


def test_planted_breaks_are_dated_and_noise_has_none():
    series = NOISE + np.repeat([0.0, 1.5, -0.5], 200)
    found = break_points(series)
    np.testing.assert_allclose(found.starts, [200, 400], atol=8)
    np.testing.assert_allclose(found.means, [0.0, 1.5, -0.5], atol=0.25)
    assert break_points(NOISE).starts.size == 0
    long = np.r_[RNG.standard_normal(5_000), 1.0 + RNG.standard_normal(3_000)]
    np.testing.assert_allclose(break_points(long).starts, [5_000], atol=60)


def test_a_drifted_parameter_is_seen_from_its_own_past():
    past = 0.9 + 0.01 * NOISE[:40]
    assert not parameter_drift(past).has_drifted
    moved = parameter_drift(np.r_[past, 0.8])
    assert moved.has_drifted
    assert moved.distance == pytest.approx(
        (0.8 - np.median(past)) / (1.4826 * np.median(np.abs(past - np.median(past))))
    )
    for few in ([0.1, 0.2], np.full(20, 0.1)):
        drift = parameter_drift(few)
        assert drift.distance is None
        assert drift.reason
        assert not drift.has_drifted


def test_little_or_constant_data_say_why():
    for series in (np.ones(100), NOISE[:10]):
        found = cusum_test(series)
        assert found.p_value is None
        assert found.reason


@pytest.mark.parametrize(
    "call",
    [
        lambda: cusum_test([np.nan] * 50),
        lambda: cusum_test([]),
        lambda: break_points(NOISE, trimming=0.6),
        lambda: break_points(NOISE, max_breaks=-1),
        lambda: break_points(np.ones((3, 3))),
        lambda: parameter_drift([np.inf]),
    ],
)
def test_bad_input_is_refused(call):
    with pytest.raises(DataError, match="found"):
        call()
