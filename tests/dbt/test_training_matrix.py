"""Reads as of a moment: what was known, nothing else, from the right vintage."""

from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest
from numpy.testing import assert_array_equal

from hf_platform.errors import NotYetKnownError, StoreError
from hf_platform.features.build import FeatureBuilder
from hf_platform.features.catalogue import FEATURES
from hf_platform.features.training_matrix import read_available, read_series

EVER = datetime(2100, 1, 1)  # noqa: DTZ001 - the lake's times are UTC without a zone

NAMES = [name for name, feature in FEATURES.items() if feature.scope == "series"]


def restatement(bars: pl.DataFrame, i: int, arrival: datetime) -> pl.DataFrame:
    return bars[i : i + 1].with_columns(pl.col("close") * 1.2, pl.lit(arrival).alias("known_at"))


def test_reads_what_dbt_wrote_in_the_order_asked_for(built, read):
    names = tuple(reversed(FEATURES))
    found = read_series(built[0], ["WHOLE", "CLOSES", "TINY", "UNKNOWN"], "1d", EVER, names)
    assert list(found) == ["CLOSES", "TINY", "WHOLE"]
    for instrument, series in found.items():
        stored = read(built[0], instrument)
        assert series.feature_names == names
        assert series.features.dtype == series.log_return.dtype == np.float64
        assert series.event_at.dtype == series.known_at.dtype == np.dtype("datetime64[us]")
        assert_array_equal(series.features, stored.select(names).to_numpy())
        assert_array_equal(series.log_return, stored["log_return"].to_numpy())
        assert_array_equal(series.event_at, stored["event_at"].to_numpy())
        assert_array_equal(series.known_at, stored["known_at"].to_numpy())


def test_reads_other_frequencies_and_no_features(built):
    series = read_series(built[0], ["WHOLE"], "1w", EVER, [])["WHOLE"]
    assert len(series) == 140
    assert series.features.shape == (140, 0)
    assert read_series(built[0], ["WHOLE"], "1mo", EVER, []) == {}
    assert read_series(built[0], [], "1d", EVER, []) == {}


def test_sees_nothing_that_was_known_later(built):
    whole = read_series(built[0], ["WHOLE"], "1d", EVER, list(FEATURES))["WHOLE"]
    as_of = whole.known_at[300].astype(datetime)
    cut = read_series(built[0], ["WHOLE"], "1d", as_of, list(FEATURES))["WHOLE"]
    assert len(cut) == 301
    assert_array_equal(cut.features, whole.features[:301])
    just_before = read_series(built[0], ["WHOLE"], "1d", as_of - timedelta(microseconds=1), [])["WHOLE"]
    assert len(just_before) == 300
    assert read_series(built[0], ["WHOLE"], "1d", whole.known_at[0].astype(datetime) - timedelta(days=1), []) == {}


@pytest.fixture(scope="module")
def history(make_lake, bars_of, write):
    """A lake whose bars moved on twice: reads before, between and after."""
    moved, other, late, half = (bars_of(name, 150, i) for i, name in enumerate(["MOVED", "OTHER", "LATE", "HALF"]))
    lost = bars_of("LOST", 150, 9)
    as_of = moved["known_at"][-1]
    arrival = as_of + timedelta(days=3)
    missing = pl.col("event_at") != late["event_at"][45]
    store, _ = make_lake(pl.concat([moved, other, late.filter(missing), half, lost, restatement(lost, 40, arrival)]))
    reads = {"before": read_series(store, ["MOVED", "OTHER", "LATE"], "1d", as_of, NAMES)}
    write(store, restatement(moved, 110, arrival))
    write(store, late.filter(~missing).with_columns(pl.lit(arrival).alias("known_at")))
    write(store, restatement(half, 50, arrival))
    reads["between"] = read_available(store, ["MOVED", "OTHER"], "1d", arrival, NAMES)
    reads["between, as it was"] = read_series(store, ["MOVED", "LATE"], "1d", as_of, NAMES)
    builder = FeatureBuilder(store.settings)
    builder.build(["MOVED", "OTHER", "LATE"], "second", test=False)
    reads["half"] = builder.build(["HALF"], "half", select=["stg_bars", "int_returns", "feature_matrix"])
    return store, as_of, arrival, reads


def test_restated_bars_need_new_features_for_reads_after(history):
    series, trouble = history[3]["between"]
    assert list(series) == ["OTHER"]
    assert isinstance(trouble["MOVED"], StoreError)
    assert "hfp materialize group:features --instrument MOVED" in str(trouble["MOVED"])


@pytest.mark.parametrize("name", ["MOVED", "LATE"])
def test_a_restated_or_late_bar_is_invisible_before_it_arrived(history, name):
    store, as_of, _, reads = history
    before = reads["before"][name]
    for again in (reads["between, as it was"][name], read_series(store, [name, "OTHER"], "1d", as_of, NAMES)[name]):
        assert_array_equal(again.features, before.features)
        assert_array_equal(again.log_return, before.log_return)
        assert_array_equal(again.known_at, before.known_at)


def test_a_restated_or_late_bar_is_there_once_it_arrived(history):
    store, _, arrival, reads = history
    after, before = read_series(store, ["MOVED", "LATE"], "1d", arrival, NAMES), reads["before"]
    assert after["MOVED"].log_return[110] == pytest.approx(before["MOVED"].log_return[110] + np.log(1.2))
    assert_array_equal(after["MOVED"].features[:110], before["MOVED"].features[:110])
    assert (len(before["LATE"]), len(after["LATE"])) == (149, 150)


def test_a_vintage_that_no_snapshot_holds_is_refused(history):
    store, as_of, arrival, _ = history
    with pytest.raises(NotYetKnownError, match=f"LOST's 1d features was not known .* --as-of {arrival:%Y-%m-%dT}"):
        read_series(store, ["LOST", "OTHER"], "1d", as_of, NAMES)
    series, trouble = read_available(store, ["LOST", "OTHER"], "1d", as_of, NAMES)
    assert (list(series), list(trouble)) == (["OTHER"], ["LOST"])
    # Up to the restated bar itself nothing is in doubt.
    early = as_of - timedelta(days=120)
    assert len(read_series(store, ["LOST"], "1d", early, NAMES)["LOST"]) == 30


def test_features_that_missed_a_restatement_never_reach_the_matrix(history):
    store, _, arrival, reads = history
    assert reads["half"].rows["feature_matrix"] == {"HALF": 50}
    assert "feature_matrix_same_keys_as" in {test.name for test in reads["half"].tests if not test.passed}
    _, trouble = read_available(store, ["HALF"], "1d", arrival, NAMES)
    assert isinstance(trouble["HALF"], StoreError)
