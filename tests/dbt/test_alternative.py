"""Alternative features: what had been published at each bar's close, no more, and no change afterwards."""

from datetime import date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from hf_platform.features.build import FeatureBuilder
from hf_platform.features.catalogue import ALTERNATIVE_FEATURES
from hf_platform.features.training_matrix import read_series
from hf_platform.lake import Lake
from hf_platform.market.alternative_data import ALTERNATIVE_SCHEMA, align, read_alternative
from hf_platform.market.alternative_load import load_alternative
from hf_platform.market.bars import build_bars
from hf_platform.market.ingest import load_prices
from hf_platform.market.simulator import SimulationSpec
from hf_platform.market.sources.simulated import SimulatedSource
from hf_platform.settings import Settings

at = datetime.fromisoformat
EVER, NOW = at("2100-01-01"), at("2025-06-01T12:00")
NAMES = tuple(ALTERNATIVE_FEATURES)
SPEC = SimulationSpec(instruments=("ALT", "NONE"), start=date(2023, 1, 1), end=date(2023, 12, 31))


@pytest.fixture(scope="module")
def fed(tmp_path_factory):
    """A lake in which ALT has alternative data and NONE has not."""
    store = Lake(Settings(home=tmp_path_factory.mktemp("fed")))
    store.initialise()
    source = SimulatedSource(SPEC, seed=6)
    load_prices(store, source, SPEC.instruments, run_id="r", now=NOW)
    build_bars(store, SPEC.instruments, run_id="r")
    load_alternative(store, source, ["ALT"], run_id="r", now=NOW)
    built = FeatureBuilder(store.settings).build(SPEC.instruments, "r")
    yield store, source.world, built
    store.close()


@pytest.fixture(scope="module")
def series(fed):
    return read_series(fed[0], SPEC.instruments, "1d", EVER, ("momentum_5", *NAMES))


def column(series, name):
    return series.features[:, series.feature_names.index(name)]


def test_only_instruments_with_data_have_rows_and_the_others_read_nulls(fed, series):
    assert fed[2].rows["feature_alternative"] == {"ALT": 250 + 52 + 12, "NONE": 0}
    assert [test for test in fed[2].tests if not test.passed] == []
    assert np.isnan(series["NONE"].features[:, 1:]).all()
    assert np.isfinite(series["NONE"].features[10:, 0]).all()
    assert np.isfinite(series["ALT"].features[60:]).all()


@pytest.mark.parametrize(
    ("name", "kind", "series_name"),
    [
        ("implied_volatility", "options", "implied_volatility"),
        ("card_spending_index", "card_spending", "index"),
        ("satellite_index", "satellite", "index"),
    ],
)
def test_levels_are_the_newest_published_at_the_close(fed, series, name, kind, series_name):
    observations = read_alternative(fed[0], ["ALT"], EVER, kind, series_name, vintages="all")
    expected = align(observations, series["ALT"].event_at)
    assert_array_equal(column(series["ALT"], name), expected.values)
    lag = {"options": 0, "card_spending": 7, "satellite": 3}[kind]
    assert np.nanmin(expected.age / np.timedelta64(1, "D")) >= lag


def test_stories_count_in_the_bar_that_was_open_when_they_came_out(fed, series):
    # News come out before the close, posts an hour after they were written, before it too; the first bar has no start.
    world, found = fed[1], series["ALT"]
    for name, kind in (("news_sentiment", "news"), ("social_sentiment", "social")):
        told = world.alternative_data.filter(
            (pl.col("instrument") == "ALT") & (pl.col("kind") == kind) & (pl.col("name") == "sentiment")
        )["value"].to_numpy()
        assert_array_equal(column(found, name)[1:], told[1:])
        assert np.isnan(column(found, name)[0])
    weekly = read_series(fed[0], ["ALT"], "1w", EVER, ["social_mentions"])["ALT"]
    mentions = world.alternative_data.filter((pl.col("instrument") == "ALT") & (pl.col("name") == "mentions"))
    for week in (5, 20, 40):
        inside = mentions.filter(
            (pl.col("known_at") > weekly.event_at[week - 1]) & (pl.col("known_at") <= weekly.event_at[week])
        )
        assert weekly.features[week, 0] == inside["value"].sum()


def test_order_book_features_equal_their_formulas(fed, series):
    book = fed[1].alternative_data.filter((pl.col("instrument") == "ALT") & (pl.col("kind") == "order_book"))
    wide = book.pivot("name", index="event_at", values="value").sort("event_at").slice(1)
    bid, ask, x, y = (wide[f"{s}_{k}_1"].to_numpy() for k in ("price", "size") for s in ("bid", "ask"))
    deep_x, deep_y = (sum(wide[f"{s}_size_{i}"].to_numpy() for i in (1, 2, 3)) for s in ("bid", "ask"))
    middle = (bid + ask) / 2
    expected = {
        "spread": (ask - bid) / middle,
        "imbalance": (x - y) / (x + y),
        "depth_imbalance": (deep_x - deep_y) / (deep_x + deep_y),
        "micro_price": (bid * y + ask * x) / (x + y) / middle - 1,
    }
    for name, values in expected.items():
        assert_allclose(column(series["ALT"], f"order_book_{name}")[1:], values, rtol=1e-12, atol=1e-15)


def test_the_planted_signal_foretells_the_next_return_once_it_is_published():
    spec = SimulationSpec(instruments=("ALT",), news_signal=0.6, market_volatility=0.0, jump_probability=0.0)
    world = SimulatedSource(spec, seed=1).world
    news = world.alternative_data.filter(pl.col("kind") == "news").sort("event_at")
    closes, returns = world.bars["event_at"].to_numpy(), world.truth["log_return"].to_numpy()
    known = align(news, closes)
    assert np.corrcoef(known.values[:-1], returns[1:])[0, 1] > 0.4
    assert abs(np.corrcoef(known.values, returns)[0, 1]) < 0.1
    assert known.embeddings.shape == (closes.size, 8)
    # Published half an hour later it would come after the close: what a bar knows is then about itself.
    late = align(news.with_columns(pl.col("known_at") + pl.duration(minutes=45)), closes)
    assert abs(np.corrcoef(late.values[1:-1], returns[2:])[0, 1]) < 0.1
    assert np.corrcoef(late.values[1:], returns[1:])[0, 1] > 0.4


def observation(event, known, value, name="index", kind="satellite", **more):
    row = {"instrument": "A", "kind": kind, "name": name, "event_at": at(event), "known_at": at(known), "value": value,
           "text": None, "embedding": None, "source": "told", **more}  # fmt: skip
    return pl.DataFrame([row], schema=ALTERNATIVE_SCHEMA)


class Told:
    name = "told"

    def __init__(self, *rows):
        self.rows = pl.concat(rows)

    def alternative_instruments(self):
        return ["A"]

    def alternative_data(self, instrument):
        return self.rows


def test_a_restatement_changes_no_row_that_was_there(make_lake, bars_of):
    bars = bars_of("A", 30, 1)
    days = [moment.isoformat() for moment in bars["event_at"]]
    store, _ = make_lake(bars)
    first = Told(observation(days[3], days[5], 1.0), observation(days[10], days[12], 2.0))
    load_alternative(store, first, ["A"], run_id="r", now=at(days[12]))
    builder = FeatureBuilder(store.settings)
    builder.build(["A"], "first", test=False)
    before = read_series(store, ["A"], "1d", EVER, ["satellite_index"])["A"].features[:, 0]
    assert_array_equal(before, [np.nan] * 5 + [1.0] * 7 + [2.0] * 18)

    # The older event is restated late, the newer one once more; a third fills the gap between both.
    again = Told(
        observation(days[3], days[5], 9.0), observation(days[10], days[12], 3.0), observation(days[7], days[8], 7.0)
    )
    result = load_alternative(store, again, ["A"], run_id="r", now=at(days[20]))["A"]
    assert (result.rows_new, result.rows_restated, result.rows_known) == (1, 2, 0)
    builder.build(["A"], "second", test=False)
    after = read_series(store, ["A"], "1d", EVER, ["satellite_index"])["A"].features[:, 0]
    assert_array_equal(after, [np.nan] * 5 + [1.0] * 7 + [2.0] * 8 + [3.0] * 10)
    everything = read_alternative(store, ["A"], EVER, "satellite", "index", vintages="all")
    assert everything.height == 5
    assert_array_equal(align(everything, bars["event_at"].to_numpy()).values, after)
    assert read_alternative(store, ["A"], at(days[19]))["value"].to_list() == [1.0, 2.0]
    assert read_alternative(store, ["A"], EVER)["value"].to_list() == [9.0, 7.0, 3.0]
    assert read_alternative(store, ["A"], at(days[5]) - timedelta(microseconds=1)).is_empty()


def test_a_stale_or_crossed_book_is_no_book(make_lake, bars_of):
    bars = bars_of("A", 10, 1)
    days = [moment.isoformat() for moment in bars["event_at"]]
    store, _ = make_lake(bars)

    def book(day, bid, ask):
        values = {"bid_price_1": bid, "ask_price_1": ask, "bid_size_1": 3.0, "ask_size_1": 1.0}
        return [observation(day, day, v, name, "order_book") for name, v in values.items()]

    load_alternative(store, Told(*book(days[2], 99.0, 101.0), *book(days[5], 101.0, 99.0)), ["A"], run_id="r", now=NOW)
    FeatureBuilder(store.settings).build(["A"], "again", test=False)
    found = store.query("SELECT event_at, order_book_imbalance, order_book_spread FROM features.feat_order_book")
    assert found.rows() == [(bars["event_at"][2], 0.5, 0.02)]
