"""Adaptive conformal intervals: coverage under drift, knowledge of the past only; agreement of members."""

import numpy as np
import pytest

from hf_platform.ensembles.intervals import IntervalSpec, adaptive_intervals, agreement
from hf_platform.errors import ConfigError


def test_coverage_holds_where_the_scores_drift() -> None:
    rng = np.random.default_rng(0)
    scores = np.abs(rng.standard_normal(6_000)) * np.exp(np.linspace(0.0, 1.5, 6_000))
    for rate, closest in ((0.005, 0.01), (0.02, 0.006)):
        radius, asked = adaptive_intervals(scores, IntervalSpec(rate=rate))
        assert abs((scores > radius).mean() - 0.1) < closest
        assert asked[0] == pytest.approx(0.1)
        assert asked[-1] < 0.1, "growing errors ask for wider intervals"
    fixed, _ = adaptive_intervals(scores, IntervalSpec(rate=0.0))
    assert (scores > fixed).mean() > 0.11


def test_a_radius_is_a_conformal_quantile_of_the_scores_before_it() -> None:
    scores = np.abs(np.random.default_rng(1).standard_normal(900))
    spec = IntervalSpec(rate=0.0, window=300, prior=1)
    radius, _ = adaptive_intervals(scores, spec)
    for slot in (400, 650, 899):
        place = int(np.ceil((300 + 1 + 1) * 0.9)) - 1
        middle = 0.5201  # the one pseudo-score, in the middle of the absolute t
        expected = np.sort(np.append(scores[slot - 300 : slot], middle))[place]
        assert radius[slot] == expected


def test_nothing_later_is_read_and_unknown_scores_count_for_nothing() -> None:
    scores = np.abs(np.random.default_rng(2).standard_normal(500))
    whole, asked = adaptive_intervals(scores)
    later = scores.copy()
    later[300:] = np.nan
    radius, again = adaptive_intervals(later)
    np.testing.assert_array_equal(radius[:301], whole[:301])
    assert (again[300:] == again[300]).all()
    assert (asked != again).any()


def test_a_run_that_goes_on_from_stored_miscoverage_equals_one_run() -> None:
    scores = np.abs(np.random.default_rng(4).standard_normal(900)) * np.linspace(1, 2, 900)
    spec = IntervalSpec(window=200)
    whole, asked = adaptive_intervals(scores, spec)
    start = 500
    known = np.full(900 - start, np.nan)
    known[:250] = asked[start : start + 250]
    radius, again = adaptive_intervals(scores[start:], spec, known)
    np.testing.assert_array_equal(radius[200:], whole[start + 200 :])
    np.testing.assert_array_equal(again, asked[start:])


def test_agreement_is_the_formula_in_units_of_the_scale() -> None:
    forecasts = np.array([[1.0, 1.0, np.nan], [1.0, 2.0, 3.0], [1.0, 3.0, 5.0], [7.0, np.nan, np.nan]])
    found = agreement(forecasts, np.array([1.0, 1.0, 1.0, 2.0]))
    spread = np.std([1.0, 2.0, 3.0])
    np.testing.assert_allclose(found, [1.0, 1 / (1 + spread), 1 / (1 + 2 * spread), 1.0])
    np.testing.assert_allclose(agreement(100 * forecasts, np.array([100.0, 100.0, 100.0, 200.0])), found)


@pytest.mark.parametrize("wrong", [{"coverage": 1.0}, {"rate": -0.1}, {"window": 0}, {"prior": 0}])
def test_a_specification_out_of_range_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="an interval needs"):
        IntervalSpec(**wrong)  # type: ignore[arg-type]
