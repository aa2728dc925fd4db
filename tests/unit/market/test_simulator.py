from dataclasses import replace
from datetime import date, datetime

import numpy as np
import polars as pl
import pytest
from scipy import stats

from hf_platform import calendar
from hf_platform.errors import ConfigError, DataError
from hf_platform.market import bars, cleaning, schemas, simulator
from hf_platform.market.alternative_data import PUBLICATION_LAG
from hf_platform.market.simulator import SimulationSpec
from hf_platform.market.sources.catalogue import available, route
from hf_platform.market.sources.simulated import SimulatedSource
from hf_platform.settings import Settings

LONG = SimulationSpec(start=date(1980, 1, 1), end=date(2039, 12, 31), instruments=("A", "B"))
PLAIN = replace(LONG, market_volatility=0.0, calendar_effects=False)


@pytest.fixture(scope="module")
def world():
    return simulator.simulate(SimulationSpec(), seed=3)


def of(frame, name):
    return frame.filter(pl.col("instrument") == name)


def test_bars_stand_on_exchange_sessions_and_not_on_business_days(world):
    ours = of(world.bars, "SIM.AAPL")["event_at"].to_numpy()
    np.testing.assert_array_equal(
        ours,
        calendar.session_closes("XNYS", datetime.fromisoformat("2020-01-01"), datetime.fromisoformat("2025-01-01")),
    )
    assert ours.size == 1258  # 1,305 business days


def test_the_same_seed_gives_the_same_world_and_instruments_do_not_disturb_each_other(world):
    again = simulator.simulate(SimulationSpec(), seed=3)
    for name in ("bars", "truth", "corporate_actions", "alternative_data", "reported"):
        assert getattr(again, name).equals(getattr(world, name))
    assert not simulator.simulate(SimulationSpec(), seed=4).bars.equals(world.bars)
    alone = simulator.simulate(replace(SimulationSpec(), instruments=("SIM.MSFT",)), seed=3)
    assert alone.bars.equals(of(world.bars, "SIM.MSFT"))


def test_bars_pass_the_schema_and_the_cleaning_rules(world):
    schemas.check(world.bars, schemas.raw_prices_schema(), "simulated")
    found = cleaning.flag(world.bars)["flags"].explode().drop_nulls().unique().to_list()
    assert set(found) <= {"outlier"}
    row = world.bars
    assert (row["high"] >= row.select(pl.max_horizontal("open", "close")).to_series()).all()
    assert (row["low"] <= row.select(pl.min_horizontal("open", "close")).to_series()).all()


def test_prices_are_the_sum_of_the_true_returns(world):
    for name in SimulationSpec().instruments:
        close, truth = of(world.bars, name)["close"], of(world.truth, name)
        np.testing.assert_allclose(np.diff(np.log(close)), truth["log_return"][1:], atol=1e-12)


def test_the_variance_follows_its_recursion_and_its_long_run_mean():
    world = simulator.simulate(PLAIN, seed=1)
    assert PLAIN.persistence == pytest.approx(0.97)
    assert PLAIN.long_run_volatility == pytest.approx(0.018257, rel=1e-4)
    for name in PLAIN.instruments:
        truth = of(world.truth, name)
        h, e = truth["garch_variance"].to_numpy(), truth["log_return"].to_numpy()
        np.testing.assert_allclose(h[1:], 1e-5 + 0.05 * e[:-1] ** 2 + 0.9 * h[:-1], rtol=1e-12)
    h = world.truth["garch_variance"]
    assert np.sqrt(h.mean()) == pytest.approx(0.018257, rel=0.06)


def test_jumps_come_as_often_as_said_and_make_fat_tails():
    truth = simulator.simulate(PLAIN, seed=2).truth
    n = truth.height
    assert truth["is_jump"].mean() == pytest.approx(0.05, abs=4 * np.sqrt(0.05 * 0.95 / n))
    z = (truth["log_return"] / truth["garch_variance"].sqrt()).to_numpy()
    assert z.var() == pytest.approx(1.4, rel=0.05)
    # Kurtosis of the mixture: 3 (0.95 + 0.05 * 81) / 1.4^2 = 7.65.
    assert (z**4).mean() / z.var() ** 2 == pytest.approx(7.65, rel=0.15)
    assert z[truth["is_jump"].to_numpy()].std() == pytest.approx(3.0, rel=0.06)


def test_volatility_is_that_of_the_whole_return_market_factor_included():
    truth = simulator.simulate(LONG, seed=5).truth
    standardised = (truth["log_return"] / truth["volatility"]).to_numpy()
    assert standardised.var() == pytest.approx(1.0, rel=0.04)
    # Leaving the factor out, as is easily done, would be off by far more.
    own = truth["log_return"] / (1.4 * truth["garch_variance"]).sqrt()
    assert own.var() > 1.1


def test_a_regression_on_the_market_recovers_the_exposure():
    truth = simulator.simulate(LONG, seed=6).truth
    for name in LONG.instruments:
        one = of(truth, name)
        x, y = one["market_return"].to_numpy(), one["log_return"].to_numpy()
        x = x - x.mean()
        slope = x @ y / (x @ x)
        error = np.sqrt(y.var() / (x @ x))
        assert abs(slope - one["market_beta"][0]) < 4 * error
        assert 0.5 <= one["market_beta"][0] <= 1.5
        assert 0.015 <= np.sqrt(one["garch_variance"][0]) <= 0.035


def test_calendar_effects_are_where_their_names_say():
    with_effects, without = simulator.simulate(LONG, seed=7).truth, simulator.simulate(PLAIN, seed=7).truth
    named = with_effects["calendar_effect"]
    weekday = with_effects["event_at"].dt.weekday()
    assert set(weekday.filter(named == "monday")) == {1}
    assert set(weekday.filter(named == "friday")) == {5}
    ends = with_effects.filter(pl.col("calendar_effect").str.contains("month_end"))["event_at"]
    months = calendar.bar_closes(
        "XNYS", "1mo", datetime.fromisoformat("1980-01-01"), datetime.fromisoformat("2039-12-31T23:00")
    )
    np.testing.assert_array_equal(ends.unique().sort().to_numpy(), months)
    assert without["calendar_effect"].null_count() == without.height
    effect = with_effects.filter(pl.col("calendar_effect") == "month_end")
    shift = effect["log_return"] - effect["market_beta"] * effect["market_return"]
    assert shift.mean() == pytest.approx(0.002, abs=4 * 0.023 / np.sqrt(effect.height))


def observed(world, kind, name):
    return world.alternative_data.filter((pl.col("kind") == kind) & (pl.col("name") == name))


def test_alternative_data_have_their_moments():
    world = simulator.simulate(LONG, seed=8)
    sentiment, mentions = observed(world, "news", "sentiment"), observed(world, "social", "mentions")
    n = sentiment.height
    assert n == world.truth.height
    assert sentiment["value"].mean() == pytest.approx(0.0, abs=4 / np.sqrt(n))
    assert sentiment["value"].std() == pytest.approx(1.0, abs=4 / np.sqrt(n))
    assert mentions["value"].mean() == pytest.approx(100.0, abs=4 * 10 / np.sqrt(n))
    assert mentions["value"].var() == pytest.approx(100.0, rel=0.05)  # Poisson: variance = mean
    ratio = observed(world, "options", "implied_volatility")["value"] / world.truth["volatility"]
    assert ratio.mean() == pytest.approx(1.0, abs=4 * 0.1 / np.sqrt(n))
    assert ratio.std() == pytest.approx(0.1, rel=0.05)
    np.testing.assert_allclose(world.bars["volume"], 1e6 * (1 + 2 * world.truth["log_return"].abs()))
    assert np.corrcoef(world.bars["volume"], world.truth["log_return"].abs())[0, 1] > 0.99


def test_the_planted_signal_is_the_next_shock_and_nothing_before_it():
    spec = replace(PLAIN, news_signal=0.3, book_signal=0.2, jump_probability=0.0)
    world = simulator.simulate(spec, seed=9)
    for name in spec.instruments:
        shock = of(world.truth, name)["shock"].to_numpy()
        sentiment = of(observed(world, "news", "sentiment"), name)
        news = sentiment["value"].to_numpy()
        error = 4 / np.sqrt(shock.size)
        assert np.corrcoef(news[:-1], shock[1:])[0, 1] == pytest.approx(0.3, abs=error)
        assert np.corrcoef(news, shock)[0, 1] == pytest.approx(0.0, abs=error)
        assert np.corrcoef(news[:-2], shock[2:])[0, 1] == pytest.approx(0.0, abs=error)
        # The embeddings say the same: a regression on them finds the sentiment.
        vectors = np.array(sentiment["embedding"].to_list())
        coefficients, *_ = np.linalg.lstsq(vectors, news, rcond=None)
        assert np.corrcoef(vectors @ coefficients, news)[0, 1] > 0.85
        bid, ask = (of(observed(world, "order_book", f"{side}_size_1"), name)["value"] for side in ("bid", "ask"))
        imbalance = ((bid - ask) / (bid + ask)).to_numpy()
        assert np.corrcoef(imbalance[:-1], shock[1:])[0, 1] == pytest.approx(0.2, abs=error)
    silent = simulator.simulate(replace(spec, news_signal=0.0, book_signal=0.0), seed=9)
    both = np.corrcoef(observed(silent, "news", "sentiment")["value"][:-1], silent.truth["shock"][1:])
    assert both[0, 1] == pytest.approx(0.0, abs=4 / np.sqrt(silent.truth.height))


def test_alternative_data_are_known_no_sooner_than_their_lag_says(world):
    lag = world.alternative_data.with_columns((pl.col("known_at") - pl.col("event_at")).alias("lag"))
    found = dict(lag.group_by("kind").agg(pl.col("lag").unique()).iter_rows())
    assert found == {kind: [PUBLICATION_LAG[kind]] for kind in found}
    schemas.check(world.alternative_data, schemas.alternative_schema(), "simulated")


@pytest.mark.parametrize("process", ["gjr", "egarch"])
@pytest.mark.parametrize("distribution", ["normal", "t"])
def test_each_variance_process_follows_its_own_recursion(process, distribution):
    shape = {"gjr": {"gamma": 0.06}, "egarch": {"omega": -0.3, "alpha": 0.12, "gamma": -0.08, "beta": 0.965}}[process]
    spec = replace(PLAIN, process=process, distribution=distribution, jump_probability=0.0, degrees_of_freedom=6.0,
                   instruments=("A",), **shape)  # fmt: skip
    truth = simulator.simulate(spec, seed=12).truth
    h, z, e = (truth[c].to_numpy() for c in ("garch_variance", "shock", "log_return"))
    np.testing.assert_allclose(e, np.sqrt(h) * z, rtol=1e-12)
    if process == "gjr":
        expected = spec.omega + (spec.alpha + spec.gamma * (e < 0)) * e**2 + spec.beta * h
    else:
        expected = np.exp(
            spec.omega + spec.alpha * (abs(z) - spec.mean_absolute_shock) + spec.gamma * z + spec.beta * np.log(h)
        )
    np.testing.assert_allclose(h[1:], expected[:-1], rtol=1e-10)
    assert z.var() == pytest.approx(1.0, rel=0.08)
    assert abs(z).mean() == pytest.approx(spec.mean_absolute_shock, rel=0.02)
    tails = stats.kurtosis(z)
    assert (tails > 0.8) == (distribution == "t")
    # Leverage: a fall raises tomorrow's variance more than a rise of the same size.
    assert np.log(h[1:] / h[:-1])[z[:-1] < -1].mean() > np.log(h[1:] / h[:-1])[z[:-1] > 1].mean()


def test_correlations_rise_under_stress_and_within_a_sector():
    names = tuple(f"S{i}" for i in range(12))
    spec = replace(
        PLAIN,
        instruments=names,
        market_volatility=0.01,
        n_sectors=3,
        stress_entry=0.02,
        start=date(2005, 1, 1),
        end=date(2024, 12, 31),
    )
    truth = simulator.simulate(spec, seed=13).truth
    wide = truth.pivot("instrument", index=["event_at", "is_stress"], values="log_return").sort("event_at")
    stress = wide["is_stress"].to_numpy()
    share = 0.02 / (0.02 + 0.05)
    assert stress.mean() == pytest.approx(share, rel=0.35)
    returns = wide.select(names).to_numpy()
    calm, panic = (np.corrcoef(returns[rows].T)[np.triu_indices(12, 1)].mean() for rows in (~stress, stress))
    assert panic > calm + 0.2
    sectors = {name: of(truth, name)["sector"][0] for name in names}
    same = np.array([[sectors[a] == sectors[b] for b in names] for a in names])[np.triu_indices(12, 1)]
    pairs = np.corrcoef(returns[~stress].T)[np.triu_indices(12, 1)]
    assert pairs[same].mean() > pairs[~same].mean() + 0.03


def test_a_delisted_share_has_a_last_price_and_a_final_value():
    spec = replace(SimulationSpec(), delistings_per_year=1.0)
    world = simulator.simulate(spec, seed=2)
    ends = world.corporate_actions.filter(pl.col("kind") == "delisting")
    assert 3 <= ends.height <= 5
    for name, event_at, value in ends.select("instrument", "event_at", "value").iter_rows():
        bars_ = of(world.bars, name)
        assert bars_["event_at"].max() == event_at
        assert 0 <= value <= 0.6 * bars_["close"][-1]
        assert of(world.truth, name)["event_at"].max() > event_at
        assert of(world.alternative_data, name)["event_at"].max() <= event_at


def test_late_and_wrong_reports_are_mended_by_the_time_they_are_known():
    spec = replace(SimulationSpec(), late_share=0.03, restated_share=0.02)
    world, clean = simulator.simulate(spec, seed=5), simulator.simulate(SimulationSpec(), seed=5)
    assert world.bars.drop("known_at").equals(clean.bars.drop("known_at"))
    n = world.bars.height
    late = world.bars.filter(pl.col("known_at") > pl.col("event_at"))
    assert late.height / n == pytest.approx(0.05, abs=4 * np.sqrt(0.05 * 0.95 / n))
    assert world.reported.height / n == pytest.approx(0.02, abs=4 * np.sqrt(0.02 * 0.98 / n))
    wrong = world.reported.row(0, named=True)
    before = world.delivered(wrong["known_at"])
    row = (pl.col("instrument") == wrong["instrument"]) & (pl.col("event_at") == wrong["event_at"])
    assert before.filter(row)["close"].item() == wrong["close"]
    assert world.delivered(datetime.fromisoformat("2030-01-01")).equals(world.bars.sort("instrument", "event_at"))
    some = world.delivered(datetime.fromisoformat("2022-01-03T22:00"))
    assert some["known_at"].max() <= datetime.fromisoformat("2022-01-03T22:00")


def test_inside_a_session_returns_add_up_and_variance_is_u_shaped():
    spec = SimulationSpec(frequency="30min", instruments=("A",), start=date(2018, 1, 1), end=date(2024, 12, 31))
    fine, coarse = simulator.simulate(spec, 9), simulator.simulate(replace(spec, frequency="1d"), 9)
    days = bars.fold(fine.bars, "1d", "XNYS")
    np.testing.assert_allclose(days["close"], coarse.bars["close"], rtol=1e-12)
    np.testing.assert_allclose(days["volume"], coarse.bars["volume"], rtol=1e-12)
    assert fine.truth.equals(coarse.truth)
    r = fine.bars.select((pl.col("close") / pl.col("open")).log().alias("r"), pl.col("event_at"))
    whole_days = r.filter(pl.len().over(pl.col("event_at").dt.date()) == 13)
    by_place = whole_days["r"].to_numpy().reshape(-1, 13).var(axis=0)
    assert by_place[0] > 2 * by_place[6] < by_place[12]
    assert fine.bars["event_at"][0] == datetime.fromisoformat("2018-01-02T15:00")


def test_splits_and_dividends_leave_the_total_return_alone():
    spec = replace(SimulationSpec(), splits_per_year=2.0, dividend_yield=0.04)
    world = simulator.simulate(spec, 11)
    assert set(world.corporate_actions["kind"]) == {"split", "dividend"}
    for name in spec.instruments:
        close, truth = of(world.bars, name), of(world.truth, name)
        actions = of(world.corporate_actions, name).with_columns(pl.col("event_at").dt.date().alias("day"))
        actions = actions.pivot("kind", index="day", values="value")
        joined = close.with_columns(pl.col("event_at").dt.date().alias("day")).join(actions, on="day", how="left")
        joined = joined.with_columns(pl.col("split").fill_null(1.0), pl.col("dividend").fill_null(0.0))
        worth = joined["close"] * joined["split"] + joined["dividend"]
        total = np.log(worth.to_numpy()[1:] / joined["close"].to_numpy()[:-1])
        np.testing.assert_allclose(total, truth["log_return"][1:], atol=1e-12)
    assert simulator.simulate(SimulationSpec(), 11).corporate_actions.height == 0


@pytest.mark.parametrize(
    "broken",
    [
        {"alpha": 0.08},
        {"omega": 0.0},
        {"gamma": 0.1},
        {"news_signal": 1.0},
        {"late_share": -0.1},
        {"distribution": "t", "degrees_of_freedom": 2.0},
        {"process": "egarch", "beta": 1.0},
        {"start": date(2025, 1, 1)},
        {"frequency": "1w"},
        {"jump_probability": 1.5},
    ],
)
def test_a_spec_that_makes_no_sense_is_refused(broken):
    with pytest.raises(ConfigError):
        replace(SimulationSpec(), **broken)
    with pytest.raises(DataError):
        SimulationSpec(instruments=("../x",))
    with pytest.raises(ConfigError, match="no session"):
        simulator.simulate(SimulationSpec(start=date(2024, 7, 4), end=date(2024, 7, 4)))


def test_the_simulated_source_serves_the_world_and_mixes_with_no_real_name(tmp_path):
    source = SimulatedSource(SimulationSpec(instruments=("A", "B")), seed=3)
    assert source.fetch("B").equals(of(source.world.bars, "B"))
    sources = available(Settings(home=tmp_path))
    names = [r.instrument for s in sources.values() for r in s.instruments()]
    assert len(names) == len(set(names)) == 28
    by_source, unknown = route(sources, ["AAPL", "SIM.AAPL", "NONE"])
    assert by_source == {"bundled": ["AAPL"], "simulated": ["SIM.AAPL"]}
    assert unknown == ["NONE"]
