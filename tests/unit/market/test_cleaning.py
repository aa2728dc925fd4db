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


def test_a_spike_that_is_taken_back_is_told_from_a_crash_that_stays(bars):
    spike = float(bars["close"][300]) * 1.5
    found = flags(put(bars, 300, close=spike, high=spike, open=spike))
    assert (found[300], found[301]) == (["outlier"], ["outlier", "reverted_spike"])
    down = (
        pl.when(pl.int_range(pl.len()) >= 300)
        .then(pl.col("open", "high", "low", "close") * 0.5)
        .otherwise(pl.col("open", "high", "low", "close"))
    )
    crash = flags(bars.with_columns(down))
    assert crash[300] == ["outlier"]
    assert crash[301] == []


@pytest.mark.parametrize("factor", [100.0, 0.01])
def test_a_change_of_units_is_named_and_one_of_size_seven_is_not(bars, factor):
    inside = pl.int_range(pl.len()).is_between(200, 219)
    prices = ("open", "high", "low", "close")
    other = bars.with_columns(pl.when(inside).then(pl.col(c) * factor).otherwise(c).alias(c) for c in prices)
    found = flags(other)
    assert [i for i, f in enumerate(found) if "unit_change" in f] == [200, 220]
    seven = bars.with_columns(pl.when(inside).then(pl.col(c) * 7.0).otherwise(c).alias(c) for c in prices)
    assert not any("unit_change" in f for f in flags(seven))


def test_a_split_is_neither_an_outlier_nor_a_change_of_units(bars):
    from hf_platform.market.corporate_actions import ACTIONS_SCHEMA

    prices = ("open", "high", "low", "close")
    after = pl.int_range(pl.len()) >= 200
    split = bars.with_columns(pl.when(after).then(pl.col(c) / 100.0).otherwise(c).alias(c) for c in prices)
    ex = bars["event_at"][200].replace(hour=14)
    row = {"instrument": "A", "kind": "split", "event_at": ex, "known_at": ex, "value": 100.0, "ratio": None,
           "counterpart": None, "source": "s"}  # fmt: skip
    assert flags(split)[200] == ["outlier", "unit_change"]
    shuffled = split.sample(fraction=1.0, shuffle=True, seed=2)
    assert all(f == [] for f in flags(shuffled, actions=pl.DataFrame([row], schema=ACTIONS_SCHEMA)))


def test_a_row_that_comes_weeks_late_says_so(bars):
    known = bars.with_columns(pl.col("event_at").alias("known_at"))
    only(flags(put(known, 100, known_at=bars["event_at"][100].replace(year=2024))), 100, "late")


def test_true_crashes_in_the_bundled_prices_survive():
    from hf_platform.market.adjustments import HARD_FLAGS
    from hf_platform.market.sources.bundled import BundledSource

    source = BundledSource()
    days = [at("2008-10-15").date(), at("2020-03-16").date()]
    stocks = pl.concat([source.fetch(name) for name in ("JPM", "XOM", "MSFT", "RRC")]).drop_nulls("close")
    flagged = cleaning.flag(stocks).filter(pl.col("event_at").dt.date().is_in(days))
    assert flagged.height == 8
    assert not flagged["flags"].list.eval(pl.element().is_in(HARD_FLAGS)).list.any().any()
