from datetime import datetime

import numpy as np
import polars as pl
import pytest

from hf_platform import calendar
from hf_platform.errors import DataError
from hf_platform.market import bars

at = datetime.fromisoformat


def daily(first, last, **columns):
    closes = calendar.session_closes("XNYS", at(first), at(last + "T23:59"))
    n = closes.size
    base = np.arange(1.0, n + 1)
    values = {"open": base, "high": base + 1, "low": base - 1, "close": base + 0.5, "volume": np.full(n, 10.0)}
    return pl.DataFrame(
        {
            "instrument": ["A"] * n,
            "frequency": ["1d"] * n,
            "event_at": closes,
            "known_at": closes + np.timedelta64(30, "m"),
            "ingested_at": [at("2030-01-01")] * n,
            **{**values, **columns},
            "source": ["x"] * n,
        }
    )


def test_a_week_by_hand():
    # Monday 27 May 2024 was a holiday: four sessions.
    week = bars.fold(daily("2024-05-28", "2024-05-31"), "1w", "XNYS").row(0, named=True)
    assert week == {
        "instrument": "A",
        "frequency": "1w",
        "event_at": at("2024-05-31T20:00"),
        "known_at": at("2024-05-31T20:30"),
        "ingested_at": at("2030-01-01"),
        "open": 1.0,
        "high": 5.0,
        "low": 0.0,
        "close": 4.5,
        "volume": 40.0,
        "source": "x",
    }


def test_an_unfinished_period_gives_no_bar_until_its_last_session():
    assert bars.fold(daily("2024-05-28", "2024-05-30"), "1w", "XNYS").height == 0
    assert bars.fold(daily("2024-04-18", "2024-04-30"), "1mo", "XNYS").height == 1
    assert bars.fold(daily("2024-04-18", "2024-04-29"), "1mo", "XNYS").height == 0
    early = daily("2024-04-18", "2024-04-29")
    assert bars.fold(early, "1mo", "XNYS", through=at("2024-04-30T20:00")).height == 1
    # A week that ends on a Thursday ends on the Thursday.
    assert bars.fold(daily("2024-03-25", "2024-03-28"), "1w", "XNYS")["event_at"].to_list() == [at("2024-03-28T20:00")]


def test_a_period_without_its_last_session_ends_there_all_the_same():
    gappy = daily("2024-05-20", "2024-06-07").filter(pl.col("event_at") != at("2024-05-31T20:00"))
    weeks = bars.fold(gappy, "1w", "XNYS")
    assert weeks["event_at"].to_list() == [at("2024-05-24T20:00"), at("2024-05-31T20:00"), at("2024-06-07T20:00")]
    assert weeks["known_at"].to_list()[1] == at("2024-05-31T20:00")  # not before it ended


def test_nothing_is_made_up():
    def week(**columns):
        return bars.fold(daily("2024-05-28", "2024-05-31", **columns), "1w", "XNYS").row(0, named=True)

    none = pl.Series([None] * 4, dtype=pl.Float64)
    assert [week(**{c: none})[c] for c in ("open", "high", "low", "volume")] == [None] * 4
    assert week(open=pl.Series([None, 2.0, 3.0, 4.0]))["open"] is None
    assert week(open=pl.Series([1.0, None, 3.0, 4.0]))["open"] == 1.0
    assert week(high=pl.Series([2.0, None, 4.0, 5.0]))["high"] is None
    assert week(volume=pl.Series([None, 10.0, None, 10.0]))["volume"] == 20.0
    assert week(close=pl.Series([1.0, 2.0, 3.0, None]))["close"] == 3.0
    assert bars.fold(daily("2024-05-28", "2024-05-31", close=none), "1w", "XNYS").height == 0


def test_a_price_on_a_holiday_after_the_last_session_counts_for_the_next_week():
    good_friday = daily("2024-03-25", "2024-04-05").with_columns(
        pl.when(pl.col("event_at") == at("2024-04-01T20:00"))
        .then(pl.lit(at("2024-03-29T20:00")))
        .otherwise(pl.col("event_at"))
        .alias("event_at")
    )
    weeks = bars.fold(good_friday, "1w", "XNYS")
    assert weeks["event_at"].to_list() == [at("2024-03-28T20:00"), at("2024-04-05T20:00")]
    assert weeks["volume"].to_list() == [40.0, 50.0]
    assert (weeks["known_at"] >= weeks["event_at"]).all()


def test_instruments_are_folded_apart_and_flags_are_left_out():
    a = daily("2024-05-28", "2024-06-07").with_columns(flags=pl.lit(["x"]))
    b = a.head(6).with_columns(instrument=pl.lit("B"))
    weeks = bars.fold(pl.concat([b, a]).sample(fraction=1.0, shuffle=True, seed=3), "1w", "XNYS")
    assert weeks["instrument"].to_list() == ["A", "A", "B"]
    assert "flags" not in weeks.columns


def test_bars_before_the_calendar_begins_belong_to_no_period():
    old = daily("2024-05-28", "2024-05-31").with_columns(event_at=pl.col("event_at") - pl.duration(days=50 * 365))
    assert bars.fold(old, "1w", "XNYS").height == 0


def test_bars_outside_the_sessions_belong_to_no_intraday_period():
    moments = [at("2024-05-28T13:00"), at("2024-05-28T13:31"), at("2024-05-28T20:00"), at("2024-05-28T21:00")]
    minutes = pl.DataFrame({"instrument": "A", "frequency": "1min", "event_at": moments, "close": [1.0, 2.0, 3.0, 4.0]})
    day = bars.fold(minutes, "1d", "XNYS")
    assert day.select("event_at", "close").rows() == [(at("2024-05-28T20:00"), 3.0)]
    hours = bars.fold(minutes, "1h", "XNYS")
    assert hours["event_at"].to_list() == [at("2024-05-28T14:30"), at("2024-05-28T20:00")]


@pytest.mark.parametrize(
    ("frequencies", "to", "text"),
    [(["1d", "1w"], "1mo", "one frequency, found 1d, 1w"), (["1w"], "1mo", "do not nest"),
     (["1d"], "1h", "do not nest"), (["1d"], "1d", "do not nest"), (["1d"], "2w", "do not nest")],
)  # fmt: skip
def test_what_does_not_fold_is_told(frequencies, to, text):
    frame = daily("2024-05-28", "2024-05-31")
    parts = [frame.with_columns(frequency=pl.lit(f)) for f in frequencies]
    with pytest.raises(DataError, match=text):
        bars.fold(pl.concat(parts), to, "XNYS")


def test_missing_columns_and_repeated_bars_are_told():
    frame = daily("2024-05-28", "2024-05-31")
    with pytest.raises(DataError, match="close is missing"):
        bars.fold(frame.drop("close"), "1w", "XNYS")
    with pytest.raises(DataError, match="2 bars share"):
        bars.fold(pl.concat([frame, frame.head(1)]), "1w", "XNYS")
    assert bars.fold(frame.clear(), "1w", "XNYS").height == 0


def test_all_frequencies_prefers_what_the_source_delivers():
    days = daily("2024-05-20", "2024-06-07")
    ends = calendar.bar_closes("XNYS", "30min", at("2024-06-03"), at("2024-06-05T23:00"))
    halves = days.head(1).drop("event_at").join(pl.DataFrame({"event_at": ends}), how="cross")
    halves = halves.with_columns(frequency=pl.lit("30min"), known_at=pl.col("event_at"), close=pl.lit(77.0))
    both = pl.concat([days, halves.select(days.columns)])
    found = bars.all_frequencies(both, {})
    assert dict(found.group_by("frequency").len().rows()) == {"30min": 39, "1h": 21, "1d": 14, "1w": 3, "1mo": 1}
    assert (found.filter(pl.col("frequency") == "1d")["close"] != 77.0).all()
    alone = bars.all_frequencies(both.filter(pl.col("frequency") == "30min"), {})
    assert dict(alone.group_by("frequency").len().rows()) == {"30min": 39, "1h": 21, "1d": 3}
