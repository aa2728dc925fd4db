"""Stress tests by hand: replays, shocks, broken models, reverse stress."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from hf_platform.errors import DataError, UnknownNameError
from hf_platform.risk import stress
from hf_platform.risk.book import Book
from hf_platform.risk.panel import PricePanel
from hf_platform.risk.scenarios import LIBRARY, NAMES, ModelStress, Shock, Worst, find_scenario

BLANK = np.empty(0)
COVARIANCE = np.array([[4.0, 1.0], [1.0, 1.0]]) * 1e-4


def book(quantity=(10.0, 20.0), cash=0.0):
    return Book("x", ("A", "B"), np.array([100.0, 50.0]), np.array(quantity), cash, (), BLANK.astype(np.int64), BLANK,
                BLANK)  # fmt: skip


def panel(closes, names=("A", "B")):
    times = np.datetime64("2008-09-12T20:00", "us") + np.arange(len(closes)) * np.timedelta64(1, "D")
    return PricePanel(names, "1d", times, times, np.array(closes, dtype=np.float64))


def test_a_replay_moves_todays_positions_by_yesterdays_returns():
    found = stress.replay(book(), panel([[10, 8], [12, 6], [5, 4]]))
    # 1,000 in each: A ends at half, B at half; on the way +20 % and -25 %.
    assert_allclose(found.contributions, [0.25, 0.25])
    assert_allclose(found.loss, 0.5)
    assert_allclose(found.path, [0.0, 0.025, 0.5])
    assert_allclose(found.max_drawdown, 0.5)
    assert found.dates == ("2008-09-12", "2008-09-13", "2008-09-14")


def test_what_had_no_prices_is_left_out_and_said():
    found = stress.replay(book(), panel([[8], [4]], names=("B",)))
    assert found.missing == ("A",)
    assert "A had no prices in this window: 50% of the gross exposure is left out" in str(found.reason)
    assert np.isnan(found.contributions[0])
    assert_allclose(found.loss, 0.25)
    with pytest.raises(DataError, match="two sessions"):
        stress.replay(book(), panel([[8]], names=("B",)))


def test_the_worst_sessions_are_found_for_these_positions():
    closes = [[100, 100], [90, 100], [90, 130], [95, 90], [96, 91]]
    long = stress.worst_window(book(), panel(closes), Worst(name="w", description="", n_sessions=1))
    assert long.dates[-1] == "2008-09-15"
    short = stress.worst_window(
        book((-10.0, -20.0), cash=5_000.0), panel(closes), Worst(name="w", description="", n_sessions=1)
    )
    assert short.dates[-1] == "2008-09-14"
    with pytest.raises(DataError, match="more than 9 sessions"):
        stress.worst_window(book(), panel(closes), Worst(name="w", description="", n_sessions=9))


def test_shocks_go_by_asset_class():
    scenario = Shock(name="s", description="", returns={"equity": -0.2}, otherwise=0.05)
    found = stress.shock(book(), scenario, {"A": "equity", "B": "commodity"})
    assert_allclose(found.contributions, [0.1, -0.025])
    with pytest.raises(DataError, match="above -100 %"):
        stress.shock(book(), Shock(name="s", description="", returns={}, otherwise=-1.0), {})


def test_doubling_volatility_doubles_var_and_correlation_one_adds_deviations():
    doubled = stress.break_model(book(), COVARIANCE, ModelStress(name="m", description="", volatility_scale=2.0))
    plain = stress.break_model(book(), COVARIANCE, ModelStress(name="m", description=""))
    assert_allclose(doubled.value_at_risk, 2 * plain.value_at_risk)
    perfect = stress.break_model(book(), COVARIANCE, ModelStress(name="m", description="", correlation=1.0))
    assert_allclose(perfect.value_at_risk, 2.3263478740 * 0.5 * (0.02 + 0.01), rtol=1e-9)
    assert perfect.loss is None


def test_the_library_is_whole():
    assert len(set(NAMES)) == len(LIBRARY)
    assert {"2008", "2020"} <= set(NAMES)
    kinds = {scenario.kind for scenario in LIBRARY}
    assert kinds == {"historical", "worst", "shock", "model", "reverse"}
    with pytest.raises(UnknownNameError, match=r"unknown scenario '1929'\. Known: 2008, 2020"):
        find_scenario("1929")
