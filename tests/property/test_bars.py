"""Folding bars: what holds for any market."""

from datetime import datetime, timedelta

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from hf_platform import calendar
from hf_platform.market import bars, cleaning

START = datetime.fromisoformat("2018-01-01")
END = datetime.fromisoformat("2019-06-01")
CALENDARS = st.sampled_from(["XNYS", "24/7", "CMES"])


@st.composite
def markets(draw, frequency="1d", n_max=120, gaps=True):
    name = draw(CALENDARS)
    grid = calendar.bar_closes(name, frequency, START, END)
    first = draw(st.integers(0, grid.size - 2))
    n = draw(st.integers(1, min(n_max, grid.size - first)))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    keep = random.random(n) < draw(st.sampled_from([1.0, 0.9, 0.3] if gaps else [1.0]))
    keep[0] = True
    moments = grid[first : first + n][keep]
    n = moments.size

    def column(low, high):
        missing = random.random(n) < draw(st.sampled_from([0.0, 0.1, 1.0]))
        return [None if gone else float(v) for v, gone in zip(random.integers(low, high, n), missing, strict=True)]

    return name, pl.DataFrame(
        {
            "instrument": ["A"] * n,
            "frequency": [frequency] * n,
            "event_at": moments,
            "known_at": moments + random.integers(0, 10**12, n).astype("timedelta64[us]"),
            "open": column(90, 110),
            "high": column(110, 120),
            "low": column(80, 90),
            "close": [float(v) for v in random.integers(90, 110, n)],
            "volume": column(0, 1000),
        },
        schema_overrides=dict.fromkeys(("open", "high", "low", "close", "volume"), pl.Float64),
    )


def by_hand(frame, to, name):
    """Collect bars period by period, in plain Python."""
    ends = calendar.bar_closes(name, to, START, datetime.fromisoformat("2020-01-01")).tolist()
    newest = frame["event_at"].max()
    rows = frame.sort("event_at").to_dicts()
    found, begin = [], START - timedelta(days=99)
    for end in ends:
        part = [row for row in rows if begin < row["event_at"] <= end]
        begin = end
        if not part or end > newest:
            continue
        volumes = [row["volume"] for row in part if row["volume"] is not None]
        highs, lows = [row["high"] for row in part], [row["low"] for row in part]
        found.append(
            {
                "instrument": "A",
                "frequency": to,
                "event_at": end,
                "known_at": max(end, *(row["known_at"] for row in part)),
                "open": part[0]["open"],
                "high": None if None in highs else max(highs),
                "low": None if None in lows else min(lows),
                "close": part[-1]["close"],
                "volume": sum(volumes) if volumes else None,
            }
        )
    return found


@settings(max_examples=60, deadline=None)
@given(markets(), st.sampled_from(["1w", "1mo"]))
def test_folding_days_equals_collecting_them_by_hand(market, to):
    name, frame = market
    assert bars.fold(frame, to, name).to_dicts() == by_hand(frame, to, name)


@settings(max_examples=40, deadline=None)
@given(
    markets(frequency="1min", n_max=2000, gaps=False), st.sampled_from([("5min", "1h"), ("15min", "1d"), ("1h", "1w")])
)
def test_folding_in_steps_equals_folding_at_once(market, steps):
    name, frame = market
    through, to = steps
    once = bars.fold(frame, to, name)
    stepwise = bars.fold(bars.fold(frame, through, name), to, name)
    assert stepwise.equals(once)


@settings(max_examples=40, deadline=None)
@given(markets(frequency="1min", n_max=2000))
def test_folding_in_steps_equals_folding_at_once_with_gaps_too(market):
    name, frame = market
    newest = frame["event_at"].max()
    once = bars.fold(frame, "1h", name, through=newest)
    stepwise = bars.fold(bars.fold(frame, "5min", name, through=newest), "1h", name, through=newest)
    assert stepwise.equals(once)


@settings(max_examples=40, deadline=None)
@given(markets())
def test_more_days_never_change_a_finished_bar(market):
    name, frame = market
    whole = bars.fold(frame, "1w", name)
    for n in range(1, frame.height, max(1, frame.height // 5)):
        part = bars.fold(frame.head(n), "1w", name)
        assert part.equals(whole.head(part.height))


@settings(max_examples=40, deadline=None)
@given(markets(), st.integers(1, 119))
def test_a_flag_depends_on_the_past_only_and_nothing_is_dropped(market, n):
    _, frame = market
    whole = cleaning.flag(frame)
    assert whole.drop("flags").equals(frame)
    part = cleaning.flag(frame.head(n))
    assert part["flags"].to_list() == whole["flags"].to_list()[:n]
