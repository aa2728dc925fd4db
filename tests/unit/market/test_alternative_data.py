from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest

from hf_platform.errors import DataError, UnknownNameError
from hf_platform.market.alternative_data import (
    ALTERNATIVE_SCHEMA,
    KINDS,
    PUBLICATION_LAG,
    AlternativeSource,
    align,
    read_alternative,
)
from hf_platform.market.alternative_load import load_alternative, screen
from hf_platform.market.simulator import SimulationSpec
from hf_platform.market.sources.bundled import BundledSource
from hf_platform.market.sources.simulated import SimulatedSource

at = datetime.fromisoformat
NOW, EVER = at("2024-06-01T12:00"), at("2100-01-01")


def row(**values):
    usual = {"instrument": "A", "kind": "news", "name": "sentiment", "event_at": at("2024-05-01T10:00"),
             "known_at": at("2024-05-01T10:01"), "value": 0.5, "text": None, "embedding": None,
             "source": "told"}  # fmt: skip
    return usual | values


def rows(*values):
    return pl.DataFrame([row(**v) for v in values], schema=ALTERNATIVE_SCHEMA, strict=False)


class Told:
    name = "told"

    def __init__(self, frame):
        self.frame = frame

    def alternative_instruments(self):
        return self.frame["instrument"].unique().to_list()

    def alternative_data(self, instrument):
        return self.frame.filter(pl.col("instrument") == instrument)


LATER = at("2024-05-01T11:00")


@pytest.mark.parametrize(
    ("bad", "rule"),
    [
        ({"kind": "gossip"}, "the kind is known"),
        ({"name": "Sentiment!"}, "the name is lower case"),
        ({"event_at": None}, "there is an event time"),
        ({"value": None}, "there is a value or an embedding"),
        ({"value": float("inf")}, "numbers are finite"),
        ({"value": float("nan")}, "numbers are finite"),
        ({"embedding": [1.0, float("nan")]}, "numbers are finite"),
        ({"known_at": at("2024-05-01T09:59")}, "nothing is known before it happens"),
        ({"known_at": at("2024-07-01")}, "it has been published before it is loaded"),
        ({"embedding": [1.0], "event_at": LATER, "known_at": LATER}, "embeddings of a series have one length"),
    ],
)
def test_a_bad_row_is_quarantined_and_the_good_ones_are_stored(store, bad, rule):
    good = [
        {"embedding": [1.0, 2.0], "event_at": at(f"2024-04-0{i}T10:00"), "known_at": at(f"2024-04-0{i}T10:01")}
        for i in (1, 2, 3)
    ]
    result = load_alternative(store, Told(rows(*good, bad)), ["A"], run_id="r", now=NOW)["A"]
    assert (result.rows_new, result.rows_quarantined, result.error) == (3, 1, None)
    found = store.query("SELECT rule, value, next_step, payload_json, instrument FROM market.quarantine").row(0)
    assert found[0] == rule
    assert all(found)
    assert store.query("SELECT count(*) FROM market.alternative_data").item() == 3
    # The same delivery again: nothing new, not even in the quarantine.
    before = store.latest_snapshot()
    again = load_alternative(store, Told(rows(*good, bad)), ["A"], run_id="r", now=NOW + timedelta(days=1))["A"]
    assert (again.rows_new, again.rows_restated, again.rows_known) == (0, 0, 3)
    assert store.latest_snapshot() == before


def test_two_rows_for_one_moment_are_refused_and_exact_repeats_kept_once():
    good, refused = screen(rows({}, {}, {"name": "x", "value": 1.0}, {"name": "x", "value": 2.0}), now=NOW)
    assert good["name"].to_list() == ["sentiment"]
    assert refused["rule"].unique().to_list() == ["one observation per series and time"]
    assert refused.height == 2


def test_trouble_with_one_instrument_leaves_the_others_alone(store):
    told = Told(rows({"instrument": "A"}, {"instrument": "B"}))
    found = load_alternative(store, told, ["A", "C", "B"], run_id="r", now=NOW)
    assert list(found) == ["A", "C", "B"]
    assert "C" in found["C"].error
    assert found["A"].rows_new == found["B"].rows_new == 1


def test_a_read_never_sees_what_was_published_later(store):
    source = SimulatedSource(SimulationSpec(instruments=("A",)), seed=1)
    load_alternative(store, source, ["A"], run_id="r", now=at("2025-06-01"))
    for moment in ("2021-03-03T12:00", "2022-11-25T18:00"):
        found = read_alternative(store, ["A"], at(moment))
        assert found["known_at"].max() <= at(moment)
        assert found.height == source.world.alternative_data.filter(pl.col("known_at") <= at(moment)).height
        spending = read_alternative(store, ["A"], at(moment), "card_spending")
        assert spending["event_at"].max() <= at(moment) - PUBLICATION_LAG["card_spending"]
    vectors = read_alternative(store, ["A"], EVER, kind="news", name="sentiment")["embedding"]
    assert vectors.list.len().unique().to_list() == [8]
    with pytest.raises(UnknownNameError, match="order_book"):
        read_alternative(store, ["A"], EVER, kind="gossip")


def test_alignment_is_the_newest_event_in_its_vintage_of_the_time():
    frame = rows(
        {"event_at": at("2024-01-01"), "known_at": at("2024-01-03"), "value": 1.0},
        {"event_at": at("2024-01-02"), "known_at": at("2024-01-04"), "value": 2.0, "embedding": [3.0, 4.0]},
        {"event_at": at("2024-01-01"), "known_at": at("2024-01-05"), "value": 9.0},  # old news by now
        {"event_at": at("2024-01-02"), "known_at": at("2024-01-06"), "value": 2.5},
    )
    days = np.array([f"2024-01-0{i}" for i in range(1, 8)], dtype="datetime64[us]")
    found = align(frame, days)
    np.testing.assert_array_equal(found.values, [np.nan, np.nan, 1.0, 2.0, 2.0, 2.5, 2.5])
    np.testing.assert_array_equal(found.is_known, [False, False, True, True, True, True, True])
    np.testing.assert_array_equal(found.embeddings[3], [3.0, 4.0])
    assert np.isnan(found.embeddings[2]).all()
    assert found.age[4] == np.timedelta64(3, "D")
    short = align(frame, days, oldest=timedelta(days=3))
    np.testing.assert_array_equal(short.is_known, [False, False, True, True, True, False, False])
    with pytest.raises(DataError, match="one instrument"):
        align(pl.concat([frame, rows({"instrument": "B"})]), days)
    with pytest.raises(DataError, match="one length"):
        align(rows({"embedding": [1.0]}, {"embedding": [1.0, 2.0], "event_at": LATER, "known_at": LATER}), days)
    nothing = align(frame.clear(), days)
    assert not nothing.is_known.any()
    assert nothing.embeddings.shape == (7, 0)


def test_every_kind_has_a_lag_and_feeds_say_what_they_are():
    assert set(PUBLICATION_LAG) == set(KINDS)
    assert isinstance(SimulatedSource(), AlternativeSource)
    assert not isinstance(BundledSource(), AlternativeSource)
