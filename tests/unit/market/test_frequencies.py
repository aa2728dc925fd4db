"""Minutes to months on five calendars, the identities between them, and two frequencies side by side."""

import shutil
from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest

from hf_platform import calendar
from hf_platform.errors import DataError
from hf_platform.lake import Lake
from hf_platform.market.bars import build_bars, read_bars
from hf_platform.market.folding import fold
from hf_platform.market.folding_identities import broken_identities
from hf_platform.market.frequencies import join_as_of
from hf_platform.market.ingest import load_prices
from hf_platform.market.source import complete
from hf_platform.market.universe import Instrument
from hf_platform.settings import Settings

at = datetime.fromisoformat
NOW = at("2024-06-01T00:00")
LATER = at("9999-01-01T00:00")
# name, calendar, days with something to get wrong
MARKETS = {
    "NY": ("XNYS", "2018-11-21", "2018-12-07"),  # Thanksgiving, a half day, and 5 December: closed for a funeral
    "LONDON": ("XLON", "2023-03-23", "2023-03-29"),  # the clocks change
    "SEOUL": ("XKRX", "2020-12-01", "2020-12-04"),  # an hour late on the day of the school exam
    "COIN": ("24/7", "2024-02-28", "2024-03-02"),  # a leap day and a weekend
    "EURUSD": ("24/5", "2024-03-08", "2024-03-12T01:00"),
}


class Minutes:
    """A feed of minute bars; every seventh minute is missing, and a whole half hour."""

    name, is_static = "minutes", True

    def instruments(self):
        return [Instrument(instrument=k, calendar=v[0], frequency="1min", price_rule="any") for k, v in MARKETS.items()]

    def fetch(self, instrument, since=None):
        record = next(r for r in self.instruments() if r.instrument == instrument)
        _, first, last = MARKETS[instrument]
        times = calendar.bar_closes(record.calendar, "1min", at(first), at(last))
        kept = np.arange(times.size) % 7 != 3
        kept[45:75] = False
        random = np.random.default_rng(len(instrument))
        close = 100 + np.cumsum(random.normal(0, 0.05, times.size))
        width = random.uniform(0.0, 0.1, (2, times.size))
        frame = pl.DataFrame(
            {"event_at": times, "open": close - width[0] / 3, "high": close + width[0], "low": close - width[1],
             "close": close, "volume": random.integers(1, 1000, times.size).astype(float)}
        ).filter(pl.Series(kept))  # fmt: skip
        return complete(frame, record, source=self.name, publication_lag=timedelta(0))


@pytest.fixture(scope="module")
def minutes(tmp_path_factory, lake_template):
    home = tmp_path_factory.mktemp("minutes")
    shutil.copytree(lake_template, home / "lake")
    store = Lake(Settings(home=home))
    load_prices(store, Minutes(), list(MARKETS), run_id="r", now=NOW)
    build_bars(store, list(MARKETS), run_id="r")
    yield store
    store.close()


@pytest.mark.slow  # five calendars of minutes
def test_every_coarse_bar_is_the_fold_of_the_finer_ones_and_a_tampered_one_is_told(minutes):
    assert broken_identities(minutes, NOW).is_empty()
    n = minutes.query("SELECT frequency, count(*) AS n FROM market.bars GROUP BY ALL")
    assert set(n["frequency"]) >= {"1min", "5min", "15min", "30min", "1h", "1d"}
    bar = read_bars(minutes, ["SEOUL"], frequency="15min", as_of=NOW).head(1)
    with minutes.transaction("bars", "tamper") as tx:  # known only after everything that the other tests read
        tx.append("market.bars", bar.with_columns(pl.col("high") + 1.0, pl.lit(at("2030-01-01")).alias("known_at")))
    told = broken_identities(minutes, LATER)
    assert set(told["instrument"]) == {"SEOUL"}
    assert set(told["column"]) == {"high"}
    # It is not what its minutes say, and the coarser bars above it are not what it says.
    assert set(told.filter(pl.col("coarser") == "15min")["finer"]) == {"1min", "5min"}
    assert set(told.filter(pl.col("finer") == "15min")["coarser"]) == {"30min", "1h", "1d"}


@pytest.mark.slow  # five calendars of minutes
def test_sessions_are_those_of_each_exchange(minutes):
    def ends(name, frequency="1d"):
        return [f"{t:%m-%d %H:%M}" for t in read_bars(minutes, [name], frequency=frequency, as_of=NOW)["event_at"]]

    assert ends("NY") == ["11-21 21:00", "11-23 18:00", "11-26 21:00", "11-27 21:00", "11-28 21:00", "11-29 21:00",
                          "11-30 21:00", "12-03 21:00", "12-04 21:00", "12-06 21:00"]  # fmt: skip
    assert ends("LONDON") == ["03-23 16:30", "03-24 16:30", "03-27 15:30", "03-28 15:30"]
    assert ends("SEOUL")[:3] == ["12-01 06:30", "12-02 06:30", "12-03 07:30"]
    assert ends("COIN") == ["02-28 00:00", "02-29 00:00", "03-01 00:00", "03-02 00:00"]
    assert [e[:5] for e in ends("EURUSD")] == ["03-08", "03-09", "03-12"]


@pytest.mark.slow  # five calendars of minutes
def test_missing_minutes_stay_missing(minutes):
    got = read_bars(minutes, ["LONDON"], frequency="1min")
    grid = calendar.bar_closes("XLON", "1min", at("2023-03-23"), at("2023-03-29"))
    assert got.height < grid.size * 6 / 7
    gap = fold(got.select("instrument", "frequency", "event_at", "close"), "15min", "XLON")
    first = grid[0].item() - timedelta(minutes=1)
    # Minutes 45 to 75 after the open are not there: nor is the only quarter hour that lies inside them.
    assert first + timedelta(minutes=75) not in gap["event_at"].to_list()
    flags = got.filter(pl.col("event_at") == first + timedelta(minutes=76))["flags"].item().to_list()
    assert [flag for flag in flags if flag.startswith("missing_session")] == ["missing_session:30"]


def side(rows, frequency):
    schema = {"event_at": pl.Datetime("us"), "known_at": pl.Datetime("us"), "close": pl.Float64}
    frame = pl.DataFrame([(at(e), at(k), c) for e, k, c in rows], schema=schema, orient="row")
    return frame.with_columns(pl.lit("A").alias("instrument"), pl.lit(frequency).alias("frequency"))


def test_a_day_sees_the_week_that_was_known_and_never_its_own_future():
    days = side(
        [
            ("2024-01-05T21:00", "2024-01-05T21:30", 1.0),
            ("2024-01-08T21:00", "2024-01-08T21:30", 2.0),
            ("2024-01-09T21:00", "2024-01-09T21:30", 3.0),
            ("2024-01-04T21:00", "2024-01-04T21:30", 0.0),
        ],
        "1d",
    )
    weeks = side(
        [
            ("2023-12-29T21:00", "2023-12-29T21:30", 10.0),
            ("2024-01-05T21:00", "2024-01-05T22:00", 20.0),
            ("2024-01-05T21:00", "2024-01-09T12:00", 21.0),  # restated
            ("2023-12-29T21:00", "2024-01-09T13:00", 11.0),
        ],
        "1w",
    )
    joined = join_as_of(days, weeks, columns=["close"])
    assert joined["close"].to_list() == [1.0, 2.0, 3.0, 0.0]  # in the order they came
    assert joined["close_1w"].to_list() == [10.0, 20.0, 21.0, 10.0]
    assert (joined["known_at_1w"] <= joined["known_at"]).all()
    back = join_as_of(weeks, days, columns=["close"], clock="event_at")
    assert back["close_1d"].to_list() == [None, 0.0, 0.0, None]


def test_a_join_needs_its_columns_and_one_frequency():
    days = side([("2024-01-05T21:00", "2024-01-05T21:30", 1.0)], "1d")
    with pytest.raises(DataError, match="known_at is missing"):
        join_as_of(days.drop("known_at"), days, columns=["close"])
    with pytest.raises(DataError, match="found 1d, 1w"):
        join_as_of(
            days, pl.concat([days, side([("2024-01-05T21:00", "2024-01-05T21:30", 1.0)], "1w")]), columns=["close"]
        )
