"""Vintages: what holds for any history of loads and restatements."""

from datetime import datetime, timedelta

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from hf_platform.market.ingest import difference
from hf_platform.market.source import RAW_SCHEMA

KEY = ["instrument", "frequency", "event_at"]
START = datetime.fromisoformat("2024-01-02T21:00")
LOADS = st.lists(
    st.tuples(
        st.sampled_from(["one", "two"]),
        st.dictionaries(st.integers(0, 9), st.sampled_from([1.0, 2.0, 3.0]), min_size=1),
    ),
    min_size=1,
    max_size=6,
)


def frame(source, closes):
    days = sorted(closes)
    moments = [START + timedelta(days=day) for day in days]
    values = {"open": None, "high": None, "low": None, "close": [closes[day] for day in days], "volume": None}
    columns = {
        "instrument": "A",
        "frequency": "1d",
        "event_at": moments,
        "known_at": moments,
        **values,
        "source": source,
    }
    return pl.DataFrame(columns, schema=RAW_SCHEMA)


@settings(max_examples=40, deadline=None)
@given(LOADS)
def test_loads_are_idempotent_append_only_and_point_in_time(loads):
    stored = pl.DataFrame(schema=RAW_SCHEMA)
    said, views = {}, []
    for number, (source, closes) in enumerate(loads):
        now = START + timedelta(days=100 + number)
        fetched = frame(source, closes)
        added = difference(fetched, stored, source, now)
        before = stored
        stored = pl.concat([stored, added.drop("vintage")])
        assert difference(fetched, stored, source, now + timedelta(hours=1)).is_empty()
        assert stored.head(before.height).equals(before)
        assert stored.select(*KEY, "known_at").is_duplicated().sum() == 0
        assert (added["known_at"] >= added["event_at"]).all()
        for day, close in closes.items():
            # A source that repeats itself adds nothing; one that says something new is believed.
            if said.get((source, day)) != close:
                newest = stored.filter(pl.col("event_at") == START + timedelta(days=day)).sort("known_at")
                assert newest["close"][-1] == close
            said[source, day] = close
        views.append((now, current(stored, now)))
    for now, view in views[1:]:  # the first load of a longer history is known from its own time on
        later = current(stored, now)
        assert view.join(later, on=KEY, how="inner")["close"].len() == view.height
    for now, view in views:
        later = current(stored, now)
        common = view.join(later, on=KEY, how="inner", suffix="_later")
        assert (common["close"] == common["close_later"]).all()


def current(stored, as_of):
    known = stored.filter(pl.col("known_at") <= as_of).sort("known_at", maintain_order=True)
    return known.unique(KEY, keep="last").sort(KEY).select(*KEY, "close")
