"""The traffic light beyond the published table."""

import numpy as np
import pytest
from scipy import stats

from hf_platform.backtest.coverage import basel_traffic_light, probability_of_green
from hf_platform.errors import ConfigError, DataError


def light(n: int, x: int, confidence: float = 0.99, framework: str = "basel2"):
    hits = np.zeros(n, dtype=bool)
    hits[:x] = True
    return basel_traffic_light(hits, confidence, framework)


@pytest.mark.parametrize(("n", "confidence"), [(100, 0.99), (250, 0.975), (500, 0.99), (1000, 0.95), (750, 0.995)])
def test_zones_follow_the_binomial_for_any_sample(n, confidence):
    multipliers = []
    for x in range(0, n // 4):
        found = light(n, x, confidence)
        cumulative = stats.binom.cdf(x, n, 1 - confidence)
        expected = "red" if cumulative >= 0.9999 else "yellow" if cumulative >= 0.95 else "green"
        assert found.zone == expected
        multipliers.append(found.multiplier)
    assert multipliers[0] == 3.0
    assert multipliers[-1] == 4.0
    assert (np.diff(multipliers) >= 0).all()


def test_a_correct_model_is_green_in_89_percent_of_years():
    assert probability_of_green(0.01) == pytest.approx(0.8922, abs=1e-4)


def test_a_worse_model_is_green_less_often():
    shares = [probability_of_green(rate) for rate in (0.005, 0.01, 0.02, 0.05, 0.2)]
    assert (np.diff(shares) < 0).all()
    assert probability_of_green(0.0) == 1.0


def test_unknown_framework_is_refused():
    with pytest.raises(ConfigError, match="basel2, basel3"):
        light(250, 3, framework="basel4")


@pytest.mark.parametrize("arguments", [(-0.1, 250), (1.5, 250), (0.01, 0)])
def test_power_needs_a_rate_and_a_sample(arguments):
    with pytest.raises(DataError):
        probability_of_green(*arguments)


def test_percent_is_refused():
    with pytest.raises(DataError, match=r"Write 0\.99"):
        light(250, 3, confidence=99)
