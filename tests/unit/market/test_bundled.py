import math
import subprocess
import sys
from datetime import datetime

import polars as pl
import pytest

from hf_platform.errors import ConfigError, UnknownNameError
from hf_platform.market.source import RAW_SCHEMA
from hf_platform.market.sources import bundled
from hf_platform.market.sources.bundled import BundledSource

at = datetime.fromisoformat


@pytest.fixture(scope="module")
def source():
    return BundledSource()


def test_there_are_23_instruments_with_the_promised_columns(source):
    records = source.instruments()
    assert len(records) == 23
    assert {"SP500", "NASDAQ", "WTI", "AAPL", "XOM"} <= {r.instrument for r in records}
    for record in records:
        frame = source.fetch(record.instrument)
        assert frame.schema == pl.Schema(RAW_SCHEMA)
        assert frame["event_at"].is_sorted()
        assert frame["event_at"].n_unique() == frame.height
        assert (frame["known_at"] > frame["event_at"]).all()


def test_prices_equal_those_of_the_packages(source):
    import arch.data.sp500
    import arch.data.wti
    from skfolio.datasets import load_sp500_dataset

    theirs = arch.data.sp500.load()
    ours = source.fetch("SP500")
    for column in ("Open", "High", "Low", "Close", "Volume"):
        assert ours[column.lower()].to_list() == theirs[column].astype(float).to_list()
    assert [d.date() for d in ours["event_at"]] == [d.date() for d in theirs.index]
    wti = arch.data.wti.load()["DCOILWTICO"]
    assert source.fetch("WTI")["close"].to_list() == [None if math.isnan(v) else v for v in wti]
    assert source.fetch("WTI")["close"].null_count() == 290
    stocks = load_sp500_dataset()
    for name in stocks.columns:
        assert source.fetch(name)["close"].to_list() == stocks[name].to_list()


def test_what_the_files_do_not_have_stays_null(source):
    for name in ("AAPL", "WTI"):
        assert (
            source.fetch(name).select("open", "high", "low", "volume").null_count().row(0)
            == (source.fetch(name).height,) * 4
        )


def test_bars_end_with_the_session_half_days_and_holidays_included(source):
    events = source.fetch("AAPL")["event_at"]
    assert at("2019-07-03T17:00") in events  # a half day
    assert at("2019-07-02T20:00") in events
    assert at("2018-12-05T21:00") not in events  # closed that day
    wti = source.fetch("WTI", since=at("2018-12-01"))
    assert at("2018-12-05T21:00") in wti["event_at"]  # oil was quoted
    assert wti["event_at"].min() >= at("2018-12-01")


def test_an_unknown_instrument_is_told(source):
    with pytest.raises(UnknownNameError, match="TSLA"):
        source.fetch("TSLA")


def test_a_missing_package_is_told(monkeypatch):
    monkeypatch.setattr(bundled, "find_spec", lambda _: None)
    bundled._read.cache_clear()
    with pytest.raises(ConfigError, match="make setup"):
        BundledSource().fetch("SP500")
    bundled._read.cache_clear()


def test_the_packages_themselves_are_not_imported():
    code = (
        "import sys; from hf_platform.market.sources.bundled import BundledSource; "
        "BundledSource().fetch('AAPL'); assert not {'arch', 'skfolio', 'sklearn', 'statsmodels'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
