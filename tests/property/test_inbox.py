"""Dropped files: whatever they hold, nothing is raised, nothing is lost and nothing bad is staged."""

import tempfile
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hf_platform.market import inbox
from hf_platform.market.sources.files import FilesSource
from hf_platform.market.universe import NAME_PATTERN
from hf_platform.settings import Settings

NOW = datetime.fromisoformat("2024-06-01")
CELLS = st.sampled_from(
    ["", "2024-01-02", "2024-01-03", "2024-01-03T21:00:00Z", "20240104", "1", "2.5", "-1", "0", "1e400", "nan", "A",
     "a", "../x", "B'", '"', "\n", "1d", "1w", "XNYS", "any", "2034-01-01", "9999-12-31", "0001-01-01",
     "\u00e4", "24:61"]
)  # fmt: skip
NAMES = st.lists(
    st.sampled_from(["instrument", "date", "event_at", "close", "high", "low", "volume", "frequency", "calendar", "x"]),
    min_size=1, max_size=6,
)  # fmt: skip


def check(content: bytes, name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Settings(home=Path(folder), inbox_max_mb=1)
        home.inbox.mkdir(parents=True)
        path = home.inbox / name
        path.write_bytes(content)
        result = inbox.stage(path, home, now=NOW)
        assert not path.exists()
        assert result.moved_to.read_bytes() == content
        assert result.accepted or result.rejected
        assert bool(result.rejected) == (result.reason_file is not None)
        source = FilesSource(home)
        for record in source.instruments():
            assert NAME_PATTERN.fullmatch(record.instrument)
            rows = source.fetch(record.instrument)
            assert rows["event_at"].is_sorted()
            assert rows["event_at"].n_unique() == rows.height
            assert (rows["event_at"] <= NOW).all()
            assert rows["close"].drop_nulls().is_finite().all()
            assert (rows["close"].drop_nulls() > 0).all() or record.price_rule == "any"
        assert {r.instrument for r in source.instruments()} == set(result.accepted)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_as_csv(content):
    check(content, "a.csv")


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_as_parquet(content):
    check(content, "a.parquet")


@settings(max_examples=100, deadline=None)
@given(NAMES, st.data())
def test_any_table_as_csv(names, data):
    row = st.lists(CELLS, min_size=len(names), max_size=len(names))
    rows = data.draw(st.lists(row, max_size=5))
    text = "\n".join(",".join(cells) for cells in [names, *rows])
    check(text.encode(), "a.csv")


def intact(kind):
    """Write a sound Parquet file whose times are text, dates, or times in a zone."""
    times = pl.Series([NOW - timedelta(days=30 - i) for i in range(28)], dtype=pl.Datetime("us"))
    dates = {
        "text": times.dt.strftime("%Y-%m-%d"),
        "date": times.dt.date(),
        "zone": times.dt.replace_time_zone("America/New_York"),
    }
    buffer = BytesIO()
    closes = [float(i + 1) for i in range(28)]
    pl.DataFrame({"date": dates[kind], "close": closes}).write_parquet(buffer, compression="uncompressed")
    return buffer.getvalue()


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(["text", "date", "zone"]),
    st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 255)), min_size=1, max_size=4),
)
def test_a_damaged_parquet_file(kind, changes):
    content = bytearray(intact(kind))
    for place, value in changes:
        content[place % len(content)] = value
    check(bytes(content), "a.parquet")


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "America/New_York"])
@pytest.mark.parametrize("extreme", [2**63 - 1, -(2**63) + 1])
def test_times_at_the_end_of_the_number_range(extreme, zone, unit):
    times = pl.Series([extreme, 0]).cast(pl.Datetime(unit, zone))
    buffer = BytesIO()
    pl.DataFrame({"event_at": times, "close": [1.0, 2.0]}).write_parquet(buffer)
    check(buffer.getvalue(), "a.parquet")
