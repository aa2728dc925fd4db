from datetime import datetime

import numpy as np
import polars as pl
import pytest

from hf_platform import calendar
from hf_platform.errors import DataError
from hf_platform.market import cleaning
from hf_platform.market.universe import Instrument

at = datetime.fromisoformat


@pytest.fixture
def bars():
    closes = calendar.session_closes("XNYS", at("2022-01-01"), at("2023-12-31"))
    random = np.random.default_rng(7)
    price = 100 * np.exp(np.cumsum(random.normal(0, 0.01, closes.size)))
    return pl.DataFrame(
        {
            "instrument": "A",
            "frequency": "1d",
            "event_at": closes,
            "open": price,
            "high": price * 1.01,
            "low": price * 0.99,
            "close": price,
            "volume": 1.0,
            "ingested_at": at("2024-01-01"),
        }
    )


def flags(bars, **kwargs):
    return cleaning.flag(bars, **kwargs)["flags"].to_list()


def only(found, row, *expected):
    assert found[row] == list(expected)
    assert all(f == [] for i, f in enumerate(found) if i != row)


def put(bars, row, **values):
    index = pl.int_range(pl.len())
    return bars.with_columns(
        pl.when(index == row).then(pl.lit(v)).otherwise(pl.col(k)).alias(k) for k, v in values.items()
    )


def test_clean_bars_carry_no_flag_and_nothing_else_changes(bars):
    flagged = cleaning.flag(bars)
    assert flagged.drop("flags").equals(bars)
    assert flagged["flags"].list.len().sum() == 0
    assert flagged.schema["flags"] == pl.List(pl.String)


def test_nothing_is_dropped_and_the_order_is_kept(bars):
    shuffled = bars.sample(fraction=1.0, shuffle=True, seed=1)
    flagged = cleaning.flag(put(shuffled, 3, close=None))
    assert flagged.height == bars.height
    assert flagged["event_at"].equals(shuffled["event_at"])
    assert "missing_close" in flagged["flags"][3]


@pytest.mark.parametrize("value", [None, float("nan"), float("inf")])
def test_missing_close(bars, value):
    found = flags(put(bars, 30, close=value))
    assert found[30][0] == "missing_close"
    assert found[31] == []


def test_non_positive_price_depends_on_the_instrument(bars):
    odd = put(bars, 30, low=-1.0)
    only(flags(odd), 30, "non_positive_price")
    assert flags(odd, records={"A": Instrument(instrument="A", price_rule="any")})[30] == []


def test_high_below_low_and_close_outside_range(bars):
    found = flags(put(bars, 30, high=1.0))
    only(found, 30, "high_below_low", "close_outside_range")
    found = flags(put(bars, 30, high=float(bars["close"][30]) * 0.999))
    only(found, 30, "close_outside_range")


def test_duplicates_are_flagged_on_both(bars):
    found = flags(pl.concat([bars, bars[40]]))
    assert [i for i, f in enumerate(found) if "duplicate" in f] == [40, bars.height]


def test_missing_sessions_are_counted_on_the_bar_after_the_gap(bars):
    gappy = bars.filter(~pl.int_range(pl.len()).is_in([10, 11, 50]))
    found = flags(gappy)
    assert found[10] == ["missing_session:2"]
    assert found[48] == ["missing_session:1"]
    assert sum(map(len, found)) == 2


def test_off_session_bars_do_not_hide_or_make_gaps(bars):
    extra = bars[0].with_columns(pl.lit(at("2022-01-08T21:00")).cast(pl.Datetime("us")).alias("event_at"))
    flagged = cleaning.flag(pl.concat([bars, extra]).sort("event_at"))
    odd = flagged.filter(pl.col("flags").list.len() > 0)
    assert odd["flags"].to_list() == [["off_session"]]
    assert odd["event_at"].to_list() == [at("2022-01-08T21:00")]


def test_the_calendar_is_the_instruments_own(bars):
    found = flags(bars, records={"A": Instrument(instrument="A", calendar="24/7")})
    assert all("off_session" in f for f in found)


def test_stale_prices_equal_a_plain_count(bars):
    random = np.random.default_rng(3)
    price = np.repeat(random.normal(100, 1, 300), random.integers(1, 12, 300))[: bars.height]
    found = flags(bars.with_columns(close=pl.Series(price), open=None, high=None, low=None))
    run = 0
    for i in range(bars.height):
        run = run + 1 if i and price[i] == price[i - 1] else 1
        assert ("stale_price" in found[i]) == (run > 5), i


def test_an_outlier_is_flagged_and_so_is_the_way_back(bars):
    spike = float(bars["close"][300]) * 1.5
    found = flags(put(bars, 300, close=spike, high=spike, open=spike))
    assert [i for i, f in enumerate(found) if "outlier" in f] == [300, 301]


def test_the_outlier_rule_equals_a_plain_trailing_median(bars):
    random = np.random.default_rng(5)
    price = 100 * np.exp(np.cumsum(random.standard_t(1.5, bars.height) * 0.01))
    found = flags(bars.with_columns(close=pl.Series(price), open=None, high=None, low=None))
    r = np.diff(np.log(price), prepend=np.nan)
    deviation = np.full(r.size, np.nan)
    expected = []
    for t in range(2, r.size):
        deviation[t] = abs(r[t] - np.median(r[max(1, t - 250) : t]))
        past = deviation[max(2, t - 250) : t]
        if past.size >= 20 and deviation[t] > 10 * 1.4826 * np.median(past):
            expected.append(t)
    assert len(expected) > 3
    assert [i for i, f in enumerate(found) if "outlier" in f] == expected


def test_flags_never_change_because_time_went_on(bars):
    odd = put(bars, 300, close=200.0, high=200.0)
    whole = flags(odd)
    for n in (299, 301, 400):
        assert flags(odd.head(n)) == whole[:n]


def test_future_date(bars):
    only(flags(put(bars, bars.height - 1, ingested_at=at("2023-12-01"))), bars.height - 1, "future_date")


def test_instruments_and_frequencies_do_not_see_each_other(bars):
    other = bars.with_columns(pl.lit("B").alias("instrument"), pl.col("open", "high", "low", "close") * 50)
    both = pl.concat([bars, other]).sort("event_at")
    assert cleaning.flag(both)["flags"].list.len().sum() == 0


def test_rules_are_data(bars):
    odd = put(bars, 300, close=None)
    assert flags(odd, rules=()) == [[]] * bars.height
    assert flags(odd, rules=[r for r in cleaning.RULES if r.name == "duplicate"]) == [[]] * bars.height
    strict = cleaning.Rule(name="outlier", says="", threshold=3.0, lookback=250, minimum=20)
    assert sum(map(len, flags(bars, rules=[strict]))) > 0
    assert {r.name for r in cleaning.RULES} == set(cleaning._EXPRESSIONS)


def test_few_columns_are_enough_and_the_needed_ones_are_named(bars):
    assert flags(bars.select("instrument", "event_at", "close")) == [[]] * bars.height
    assert cleaning.flag(bars.clear())["flags"].len() == 0
    with pytest.raises(DataError, match="close is missing"):
        cleaning.flag(bars.drop("close"))
