"""Returns across splits and dividends: the identity, as of a moment, and the same numbers in SQL twice."""

from datetime import date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from hf_platform.errors import NotYetKnownError, StoreError
from hf_platform.features.build import FeatureBuilder
from hf_platform.features.training_matrix import read_available, read_series
from hf_platform.lake import Lake
from hf_platform.market.adjustments import HARD_FLAGS, read_adjusted_bars
from hf_platform.market.bars import build_bars
from hf_platform.market.corporate_actions import ACTIONS_SCHEMA, load_actions, read_actions
from hf_platform.market.ingest import load_prices
from hf_platform.market.simulator import SimulationSpec
from hf_platform.market.sources.simulated import SimulatedSource
from hf_platform.settings import Settings

at = datetime.fromisoformat
EVER, NOW = at("2100-01-01"), at("2025-06-01T12:00")
SPEC = SimulationSpec(
    instruments=("ACTS", "QUIET"), start=date(2022, 1, 1), end=date(2023, 12, 31), splits_per_year=3.0,
    dividend_yield=0.06,
)  # fmt: skip


@pytest.fixture(scope="module")
def held(tmp_path_factory):
    """A lake in which ACTS splits and pays; QUIET's actions are not delivered."""
    store = Lake(Settings(home=tmp_path_factory.mktemp("held")))
    store.initialise()
    source = SimulatedSource(SPEC, seed=4)
    load_prices(store, source, SPEC.instruments, run_id="r", now=NOW)
    build_bars(store, SPEC.instruments, run_id="r")
    builder = FeatureBuilder(store.settings)
    builder.build(SPEC.instruments, "before", test=False)
    before = read_series(store, ["ACTS"], "1d", EVER, ["volume_ratio_20"])["ACTS"]
    load_actions(store, source, ["ACTS"], run_id="r", now=NOW)
    built = builder.build(SPEC.instruments, "after")
    yield store, source.world, before, built
    store.close()


def rows(store, instrument, frequency, table="int_returns"):
    return store.query(
        f"SELECT * FROM features.{table} WHERE instrument = ? AND frequency = ? ORDER BY event_at",
        [instrument, frequency],
    )


def test_returns_are_total_returns_at_every_frequency(held):
    store, world, _, built = held
    truth = world.truth.filter(pl.col("instrument") == "ACTS").with_columns(pl.col("log_return").cum_sum().alias("sum"))
    assert world.corporate_actions.filter(pl.col("instrument") == "ACTS")["kind"].value_counts().height == 2
    for frequency in ("1d", "1w", "1mo"):
        found = rows(store, "ACTS", frequency).join(truth.select("event_at", "sum"), on="event_at", how="left")
        assert_allclose(found["log_return"][1:], np.diff(found["sum"]), atol=1e-12)
    assert [test for test in built.tests if not test.passed] == []


def test_prices_stay_as_they_traded(held):
    store, world, _, _ = held
    traded = world.bars.filter(pl.col("instrument") == "ACTS")["close"]
    for table in ("int_returns", "feature_matrix"):
        assert rows(store, "ACTS", "1d", table)["close"].equals(traded)
    assert store.query(
        "SELECT close FROM market.bars WHERE instrument = 'ACTS' AND frequency = '1d' ORDER BY event_at"
    )["close"].equals(traded)


def test_an_instrument_without_actions_is_untouched(held):
    store, world, _, _ = held
    found = rows(store, "QUIET", "1d")
    assert found["adjustment"].unique().to_list() == found["share_factor"].unique().to_list() == [1.0]
    assert_array_equal(found["price"], world.bars.filter(pl.col("instrument") == "QUIET")["close"])


def test_volume_and_ranges_are_of_one_kind_of_share(held):
    store, world, before, _ = held
    after = read_series(store, ["ACTS"], "1d", EVER, ["volume_ratio_20"])["ACTS"]
    splits = world.corporate_actions.filter((pl.col("instrument") == "ACTS") & (pl.col("kind") == "split"))
    first = int(np.searchsorted(before.event_at, np.datetime64(splits["event_at"][0], "us")))
    assert_allclose(after.features[first], before.features[first] / 2.0)  # two shares for one: half the volume each
    weeks = rows(store, "ACTS", "1w").with_columns(pl.col("share_factor").diff().fill_null(0.0).alias("step"))
    assert weeks.filter(pl.col("step") != 0)["high"].null_count() == splits.height
    assert weeks.filter(pl.col("step") == 0)["high"].null_count() == 0


def test_python_and_dbt_agree_to_the_last_bit(held):
    store = held[0]
    for frequency in ("1d", "1w", "1mo"):
        ours = read_adjusted_bars(store, ["ACTS", "QUIET"], frequency, EVER)
        theirs = pl.concat([rows(store, name, frequency) for name in ("ACTS", "QUIET")])
        for column in ("adjustment", "share_factor", "close"):
            assert ours[column].equals(theirs[column]), (frequency, column)
    import yaml

    from hf_platform.features.dbt_runner import PROJECT

    project = yaml.safe_load((PROJECT / "dbt_project.yml").read_text())
    assert project["vars"]["hard_flags"] == list(HARD_FLAGS)


class Told:
    """A feed of actions that the test sets."""

    name = "told"

    def __init__(self, *actions):
        self.rows = [
            {"instrument": "A", "kind": kind, "event_at": at(ex), "known_at": at(known), "value": value,
             "ratio": None, "counterpart": None, "source": "told"}
            for kind, ex, known, value in actions
        ]  # fmt: skip

    def action_instruments(self):
        return ["A"]

    def corporate_actions(self, instrument):
        return pl.DataFrame(self.rows, schema=ACTIONS_SCHEMA)


@pytest.fixture
def plain(make_lake):
    """Ten bars of A at 100, 101 ... on the days of May 2024, closing at 20:00."""
    days = [at("2024-05-01T20:00") + timedelta(days=i) for i in range(10)]
    bars = pl.DataFrame(
        {
            "instrument": "A", "frequency": "1d", "event_at": days, "known_at": days, "ingested_at": NOW,
            "close": [100.0 + i for i in range(10)], "source": "s",
        }
    ).with_columns(pl.lit([], dtype=pl.List(pl.String)).alias("flags"))  # fmt: skip
    return make_lake(bars.with_columns(event_at=pl.col("event_at").cast(pl.Datetime("us"))))[0]


def test_a_split_and_a_dividend_in_one_session_and_one_while_nothing_trades(plain):
    told = Told(
        ("split", "2024-05-04T13:30", "2024-04-01", 2.0),
        ("dividend", "2024-05-04T13:30", "2024-04-01", 3.0),  # per new share
        ("spin_off", "2024-05-07T13:30", "2024-04-01", 5.0),
        ("merger", "2024-05-30T13:30", "2024-05-01", 50.0),
        ("dividend", "2024-05-20T13:30", "2024-05-01", 1.0),  # announced, not yet paid
    )
    assert load_actions(plain, told, ["A"], run_id="r", now=NOW)["A"].rows_new == 5
    FeatureBuilder(plain.settings).build(["A"], "again", test=False)
    found = rows(plain, "A", "1d")
    p = found["close"].to_numpy()
    expected = np.log(p[1:] / p[:-1])
    expected[2] = np.log(2.0 * (p[3] + 3.0) / p[2])
    expected[5] = np.log((p[6] + 5.0) / p[5])
    assert_allclose(found["log_return"][1:], expected, atol=1e-14)
    assert found["known_at"].equals(found["event_at"])  # all of them were announced before


def test_a_correction_and_a_cancellation_change_nothing_that_was_known_before(plain):
    builder = FeatureBuilder(plain.settings)
    ex = "2024-05-05T13:30"
    load_actions(plain, Told(("dividend", ex, "2024-04-01", 3.0)), ["A"], run_id="r", now=at("2024-05-02"))
    builder.build(["A"], "first", test=False)
    as_of = at("2024-05-10T20:00")
    first = read_series(plain, ["A"], "1d", as_of, [])["A"]
    assert first.log_return[4] == pytest.approx(np.log((104.0 + 3.0) / 103.0))

    arrival = at("2024-05-20T09:00")
    load_actions(plain, Told(("dividend", ex, "2024-04-01", 4.0)), ["A"], run_id="r", now=arrival)
    assert read_actions(plain, ["A"], as_of)["value"].to_list() == [3.0]
    assert read_actions(plain, ["A"])["value"].to_list() == [4.0]
    assert isinstance(read_available(plain, ["A"], "1d", arrival, [])[1]["A"], StoreError)  # features not rebuilt
    builder.build(["A"], "second", test=False)
    assert_array_equal(read_series(plain, ["A"], "1d", as_of, [])["A"].log_return, first.log_return)
    second = read_series(plain, ["A"], "1d", arrival, [])["A"]
    assert second.log_return[4] == pytest.approx(np.log((104.0 + 4.0) / 103.0))
    assert second.known_at[4] == np.datetime64(arrival, "us")
    assert second.known_at[3] == first.known_at[3]

    gone = at("2024-05-21T09:00")
    load_actions(plain, Told(("dividend", ex, "2024-04-01", None)), ["A"], run_id="r", now=gone)
    builder.build(["A"], "third", test=False)
    assert read_series(plain, ["A"], "1d", gone, [])["A"].log_return[4] == pytest.approx(np.log(104.0 / 103.0))
    assert_array_equal(read_series(plain, ["A"], "1d", arrival, [])["A"].log_return, second.log_return)


def test_a_vintage_of_actions_that_was_never_built_says_so(plain):
    ex, arrival = "2024-05-05T13:30", at("2024-05-20T09:00")
    load_actions(plain, Told(("split", ex, "2024-04-01", 2.0)), ["A"], run_id="r", now=at("2024-05-02"))
    load_actions(plain, Told(("split", ex, "2024-04-01", 4.0)), ["A"], run_id="r", now=arrival)
    FeatureBuilder(plain.settings).build(["A"], "late", test=False)
    with pytest.raises(NotYetKnownError, match="2024-05-20T09:00:00"):
        read_series(plain, ["A"], "1d", at("2024-05-10T20:00"), [])
