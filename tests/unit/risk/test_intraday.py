"""Intraday VaR: a profile of past sessions only, coverage at every time of day, and updates without refitting."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import numpy as np
import pytest

from hf_platform import calendar
from hf_platform.backtest import coverage, session_backtest
from hf_platform.errors import ConfigError, DataError
from hf_platform.fitting.outcome import KeyStatus
from hf_platform.market.bars import build_bars
from hf_platform.market.ingest import load_prices
from hf_platform.market.simulator import SimulationSpec, simulate
from hf_platform.market.sources.simulated import SimulatedSource
from hf_platform.risk import intraday, intraday_stage
from hf_platform.risk.diurnal import DiurnalSpec, lay_out, profile
from hf_platform.risk.session_filter import Fit, fit_spans, run_filter, unit_distribution
from hf_platform.risk.session_paths import N_PATHS, aggregated_sums, flat_sums, simulated_sums
from hf_platform.types import CONFIDENCES, PROBABILITIES, GridKey

QUIET = {"market_volatility": 0.0, "jump_probability": 0.0, "calendar_effects": False}
NAMES = ("SIM.A", "SIM.B", "SIM.C", "SIM.D", "SIM.E", "SIM.F")
LEVELS = (0.95, 0.99)


@pytest.fixture(scope="module")
def days():
    """Half-hour bars of six independent instruments over three years, laid on their sessions."""
    spec = SimulationSpec(
        instruments=NAMES, start=date(2021, 1, 1), end=date(2023, 12, 31), frequency="30min", **QUIET
    )  # fmt: skip
    world = simulate(spec, seed=4).bars
    return [
        lay_out(
            of["event_at"].to_numpy().astype("datetime64[us]"),
            of["open"].to_numpy(),
            of["close"].to_numpy(),
            "XNYS",
            "30min",
        )
        for of in (world.filter(instrument=name) for name in NAMES)
    ]


def breaches(bars, factors):
    """Breaches at each level by bar of the day, with a filter on returns over `factors`."""
    freed = bars.returns / factors
    start = int(np.flatnonzero(np.isfinite(freed))[0])
    y, slot = freed[start:], bars.slot[start:]
    spans = [(max(0, stop - 3000), stop) for stop in range(2000, y.size, 2000)]
    filtered = run_filter(y, spans, fit_spans(y, spans), decay=0.98)
    rows = np.arange(spans[0][1], y.size)
    size, quantiles, _ = unit_distribution(filtered, rows, "filtered_historical", intraday.TAIL)
    at = [PROBABILITIES.index(round(1 - level, 6)) for level in LEVELS]
    return slot[rows], y[rows, None] < size[:, None] * quantiles[:, at]


def p_values(days, with_profile):
    slots, hits = [], []
    for bars in days:
        table = profile(bars)
        factors = table[bars.session, bars.slot]
        # Without the profile the same bars are forecast, each with the factor one.
        slot, hit = breaches(bars, factors if with_profile else np.where(np.isfinite(factors), 1.0, np.nan))
        slots.append(slot)
        hits.append(hit)
    slot, hit = np.concatenate(slots), np.concatenate(hits)
    return np.array(
        [
            [coverage.kupiec_pof(hit[slot == at, level], LEVELS[level]).p_value for level in range(2)]
            for at in range(slot.max() + 1)
        ]
    )


def test_var_covers_at_every_bar_of_the_day_and_only_without_the_time_of_day(days):
    freed = p_values(days, with_profile=True)
    assert freed.shape == (13, 2)
    assert freed.min() > 0.001  # 26 tests of a level that is right
    plain = p_values(days, with_profile=False)
    # The open and the close have too many breaches, noon too few.
    assert (plain[[0, 1, 5, 6, 7, 11, 12]] < 1e-4).all()


def test_the_profile_is_the_true_one_and_knows_past_sessions_only(days):
    bars = days[0]
    table = profile(bars)
    assert np.isnan(table[:21]).all()  # the first session has no level behind it, then twenty are needed
    middle = (np.arange(13) + 0.5) / 13 - 0.5
    truth = 0.5 + 6.0 * middle**2
    np.testing.assert_allclose(table[-1] ** 2, truth / truth.mean(), rtol=0.35)
    np.testing.assert_allclose((table[30:] ** 2).mean(axis=1), 1.0, rtol=1e-12)
    day = 400
    later = bars.session >= day
    wild = replace(bars, returns=np.where(later, 50.0 * bars.returns, bars.returns))
    np.testing.assert_array_equal(profile(wild)[: day + 1], table[: day + 1])
    assert not np.array_equal(profile(wild)[day + 30], table[day + 30])


def test_one_wild_bar_hardly_moves_the_profile(days):
    bars = days[0]
    at = np.flatnonzero((bars.session == 500) & (bars.slot == 6))
    returns = bars.returns.copy()
    returns[at] = 0.5
    change = profile(replace(bars, returns=returns))[-1] / profile(bars)[-1]
    assert change[6] < 1.2


def test_bars_find_their_session_and_slot_on_half_days_too():
    closes = calendar.bar_closes("XNYS", "30min", datetime(2023, 11, 22, 14), datetime(2023, 11, 24, 22))  # noqa: DTZ001
    prices = 100.0 + np.arange(closes.size)
    opens = np.r_[99.0, prices[:-1]]
    laid = lay_out(closes, opens, prices, "XNYS", "30min")
    assert laid.slot.tolist() == [*range(13), *range(7)]  # the day after Thanksgiving ends at 13:00
    assert laid.last_slot.tolist() == [12] * 13 + [6] * 7
    assert laid.session.tolist() == [0] * 13 + [1] * 7
    # The first bar of a session counts from its own open: the night is not in it.
    opens[13] = 200.0
    moved = lay_out(closes, opens, prices, "XNYS", "30min")
    assert moved.returns[13] == pytest.approx(np.log(prices[13] / 200.0))
    # A bar that is missing: the next one counts from its own open too.
    gone = np.delete(np.arange(20), 4)
    with_gap = lay_out(closes[gone], opens[gone], prices[gone], "XNYS", "30min")
    assert with_gap.returns[4] == pytest.approx(np.log(prices[5] / opens[5]))
    without = lay_out(closes[gone], np.full(19, np.nan), prices[gone], "XNYS", "30min")
    assert np.flatnonzero(np.isnan(without.returns)).tolist() == [0, 4, 12]


def test_bars_that_cannot_be_laid_out_are_refused():
    times = calendar.bar_closes("XNYS", "30min", datetime(2023, 11, 22, 14), datetime(2023, 11, 22, 22))  # noqa: DTZ001
    prices = np.full(times.size, 100.0)
    with pytest.raises(ConfigError, match="inside sessions"):
        lay_out(times, prices, prices, "XNYS", "1d")
    with pytest.raises(DataError, match="increasing"):
        lay_out(times[::-1], prices, prices, "XNYS", "30min")
    with pytest.raises(DataError, match="no bar falls into a session"):
        lay_out(times + np.timedelta64(10, "h"), prices, prices, "XNYS", "30min")
    with pytest.raises(ConfigError, match="fewest"):
        DiurnalSpec(fewest=1)


def test_the_rest_of_a_session_adds_up():
    rng = np.random.default_rng(0)
    # Without dynamics and with normal innovations the sum is normal, with the sum of the variances.
    params = np.array([[1e-4, 0.0, 0.0, 0.0, 200.0]])
    scales = np.array([[2.0, 1.0, 0.5, 0.0]])
    past = rng.standard_normal(2000)
    deviation = 1e-2 * np.sqrt(5.25)
    drawn, tails = simulated_sums(
        params, np.array([1e-4]), scales, past, np.array([2000]), tail=intraday.TAIL, seed=1
    )  # fmt: skip
    summed, means = aggregated_sums(params, np.array([1e-4]), scales)
    flat, _ = flat_sums(np.array([1e-4]), scales)
    np.testing.assert_allclose(summed, flat, rtol=0.02)
    assert flat[0, 1] == pytest.approx(-2.3263479 * deviation)
    assert drawn[0, 3] == pytest.approx(-1.6449 * deviation, rel=0.06)
    for quantiles, beyond in ((drawn, tails), (summed, means)):
        assert (np.diff(quantiles[0]) >= 0).all()
        assert (beyond[0, :6] <= quantiles[0, :6]).all()
        assert (beyond[0, 7:] >= quantiles[0, 7:]).all()
    assert N_PATHS == 1_000  # five paths lie beyond 99.5 %


def test_variances_of_a_persistent_filter_are_summed_with_their_decay():
    omega, alpha, gamma, beta = 2e-6, 0.05, 0.04, 0.9
    params, scales = np.array([[omega, alpha, gamma, beta, 8.0]]), np.array([[1.5, 1.0, 2.0]])
    h, total = 9e-4, 0.0
    for scale in scales[0]:
        total += scale**2 * h
        h = omega + (alpha + gamma / 2 + beta) * h
    quantiles, _ = aggregated_sums(params, np.array([9e-4]), scales)
    weights = aggregated_sums(np.array([[omega, alpha, gamma, beta, 200.0]]), np.array([9e-4]), scales)[0]
    assert weights[0, 0] == pytest.approx(-2.5758 * np.sqrt(total), rel=0.02)
    assert quantiles[0, 0] < weights[0, 0]  # heavier tails than the normal law, at 99.5 %


@pytest.fixture(scope="module")
def lake_of_half_hours(tmp_path_factory, lake_template):
    import shutil

    from hf_platform.lake import Lake
    from hf_platform.settings import Settings

    home = tmp_path_factory.mktemp("half-hours")
    shutil.copytree(lake_template, home / "lake")
    store = Lake(Settings(home=home))
    spec = SimulationSpec(
        instruments=("SIM.A",), start=date(2023, 1, 1), end=date(2023, 12, 31), frequency="30min", **QUIET
    )  # fmt: skip
    load_prices(store, SimulatedSource(spec, seed=2), ["SIM.A"], run_id="load", now=datetime(2024, 6, 1))  # noqa: DTZ001
    build_bars(store, ["SIM.A"], run_id="bars")
    yield store
    store.close()


KEY = GridKey("SIM.A", "30min")
STORED = """
SELECT horizon, method, confidence, forecast_origin, value_at_risk, expected_shortfall, known_at, target_at
FROM risk.value_at_risk WHERE position_sign = 1 ORDER BY ALL
"""


def test_streamed_bars_give_what_a_later_run_stores_and_nothing_is_refitted(lake_of_half_hours):
    store = lake_of_half_hours
    noon = datetime(2023, 12, 28, 17)  # noqa: DTZ001
    keys = [KEY, GridKey("SIM.A", "1d")]
    first = intraday_stage.estimate(store, keys, as_of=noon, run_id="r1")
    assert first.keys[KEY].status is KeyStatus.OK
    assert first.keys[KEY].n_ok > 3
    assert "HFP_HORIZONS" in first.keys[keys[1]].reason
    rows = store.query(STORED)
    assert rows["known_at"].max() == noon
    assert (rows["target_at"] > rows["forecast_origin"]).all()
    assert (rows["expected_shortfall"] >= rows["value_at_risk"]).all()
    again = intraday_stage.estimate(store, keys, as_of=noon, run_id="r2")
    assert again.snapshot_id is None
    assert again.keys[KEY].n_rows == 0

    state = intraday_stage.read_state(store, KEY, noon)
    assert (state.slot, state.last_slot) == (4, 12)
    bars = store.query("SELECT event_at, close FROM market.bars WHERE frequency = '30min' ORDER BY event_at")
    times, log_close = bars["event_at"].to_numpy(), np.log(bars["close"].to_numpy())
    at = int(np.searchsorted(times, np.datetime64(noon)))
    end = datetime(2023, 12, 28, 21)  # noqa: DTZ001
    later = intraday_stage.estimate(store, keys, as_of=end, run_id="r3")
    assert later.keys[KEY].n_ok == 0  # the stored fits were enough
    stored = store.query(STORED).filter(method="diurnal_filtered_historical")
    for step in range(8):
        origin = times[at + step].item()
        for horizon, found in (
            ("30min", intraday.next_bar(state)),
            ("30min_session", intraday.rest_of_session(state, seed=store.settings.seed)),
        ):
            wanted = stored.filter(horizon=horizon, forecast_origin=origin)
            assert tuple(wanted["confidence"]) == CONFIDENCES
            np.testing.assert_allclose(found.value_at_risk, wanted["value_at_risk"], rtol=1e-9)
            np.testing.assert_allclose(found.expected_shortfall, wanted["expected_shortfall"], rtol=1e-9)
        state = intraday.update(state, np.diff(log_close[at + step : at + step + 2]))
    with pytest.raises(DataError, match="the session is over"):
        intraday.next_bar(state)
    assert intraday_stage.read_state(store, KEY, end).slot == -1


def test_sessions_are_tested_from_their_opens(lake_of_half_hours):
    store = lake_of_half_hours
    as_of = store.query("SELECT max(known_at) AS k FROM market.bars")["k"][0]
    intraday_stage.estimate(store, [KEY], as_of=as_of, run_id="r4")
    truth = intraday_stage.realised(store, [KEY], as_of)
    (key,) = truth
    assert key.horizon == "30min_session"
    first = truth[key]
    bars = store.query("SELECT event_at, open, close FROM market.bars WHERE frequency = '30min' ORDER BY event_at")
    day = bars.filter(bars["event_at"].dt.date() == first.targets[0].item().date())
    assert first.losses[0] == pytest.approx(-np.log(day["close"][-1] / day["open"][0]))
    assert first.origins[0] < np.datetime64(day["event_at"][0] - timedelta(minutes=30))
    done = session_backtest.backtest(store, truth, producer="intraday_var", as_of=as_of, run_id="r4")
    assert done[key] > 50
    assert session_backtest.backtest(store, truth, producer="intraday_var", as_of=as_of, run_id="r5") == {}
    tests = store.query("SELECT * FROM backtests.var_tests WHERE test = 'kupiec_pof' AND confidence = 0.9")
    assert tests["n_forecasts"][0] == first.losses.size
    assert tests["verdict"][0] == "cannot tell"  # fewer than 252 sessions


def test_troubles_of_an_update_are_said():
    state = intraday.IntradayState(
        np.array([1e-6, 0.05, 0.0, 0.9, 8.0]), np.array([1.0, np.nan, 1.0]), 1e-5, 1e-5, np.zeros(10), 0, 2
    )  # fmt: skip
    with pytest.raises(DataError, match="no volatility profile"):
        intraday.update(state, np.array([0.01]))
    with pytest.raises(DataError, match="no volatility profile"):
        intraday.next_bar(state)
    with pytest.raises(DataError, match="2 bars left, found 3"):
        intraday.update(state, np.zeros(3))
    with pytest.raises(DataError, match="finite"):
        intraday.update(state, np.array([np.nan]))
    whole = replace(state, factors=np.ones(3))
    with pytest.raises(DataError, match=r"one of .* found 99"):
        intraday.next_bar(whole, (99,))
    with pytest.raises(DataError, match="one fit a span"):
        run_filter(np.zeros(200), [(0, 100)], [], decay=0.9)
    with pytest.raises(DataError, match="75 returns"):
        run_filter(np.zeros(10), [(0, 10)], [Fit(None, "short")], decay=0.9)
