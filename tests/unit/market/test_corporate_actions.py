from datetime import datetime

import numpy as np
import polars as pl
import pytest

from hf_platform.market.corporate_actions import ACTIONS_SCHEMA, ActionSource, ex_times, load_actions, read_actions
from hf_platform.market.sources.bundled import BundledSource
from hf_platform.market.sources.simulated import SimulatedSource

at = datetime.fromisoformat
NOW = at("2024-06-01T12:00")


def action(**values):
    usual = {"instrument": "A", "kind": "dividend", "event_at": at("2024-05-01T13:30"), "known_at": at("2024-04-01"),
             "value": 0.5, "ratio": None, "counterpart": None, "source": "told"}  # fmt: skip
    return usual | values


class Told:
    name = "told"

    def __init__(self, *rows):
        self.frame = pl.DataFrame([action(**row) for row in rows], schema=ACTIONS_SCHEMA, strict=False)

    def action_instruments(self):
        return self.frame["instrument"].unique().to_list()

    def corporate_actions(self, instrument):
        return self.frame.filter(pl.col("instrument") == instrument)


@pytest.mark.parametrize(
    ("bad", "rule"),
    [
        ({"kind": "bonus"}, "the kind is known"),
        ({"event_at": None}, "there is an ex-date"),
        ({"value": -1.0}, "the value is a finite number, not negative"),
        ({"value": float("inf")}, "the value is a finite number, not negative"),
        ({"kind": "split", "value": 0.0}, "a split gives between 1/1000 and 1000 shares for one"),
        ({"kind": "merger", "ratio": 0.3}, "shares of a counterpart need its name and a positive ratio"),
        ({"known_at": at("2024-07-01")}, "it is known before it is loaded"),
    ],
)
def test_a_bad_action_is_quarantined_and_the_good_ones_are_stored(store, bad, rule):
    told = Told({"event_at": at("2024-02-01T14:30")}, bad)
    result = load_actions(store, told, ["A"], run_id="r", now=NOW)["A"]
    assert (result.rows_new, result.rows_quarantined) == (1, 1)
    assert store.query("SELECT rule FROM market.quarantine").item() == rule
    again = load_actions(store, told, ["A"], run_id="r", now=NOW)["A"]
    assert (again.rows_new, again.rows_known) == (0, 1)


def test_two_dividends_of_one_day_must_be_added_up(store):
    told = Told({"value": 0.5}, {"value": 0.7}, {"kind": "split", "value": 2.0})
    result = load_actions(store, told, ["A"], run_id="r", now=NOW)
    assert (result["A"].rows_new, result["A"].rows_quarantined) == (1, 2)


def test_an_action_between_stored_ones_is_known_from_its_arrival_and_a_newer_one_from_its_announcement(store):
    first = Told({"event_at": at("2024-01-05T14:30")}, {"event_at": at("2024-04-05T13:30")})
    load_actions(store, first, ["A"], run_id="r", now=NOW)
    more = Told({"event_at": at("2024-02-05T14:30")}, {"event_at": at("2024-05-06T13:30")})
    load_actions(store, more, ["A"], run_id="r", now=NOW)
    found = dict(
        read_actions(store, ["A"]).select(pl.col("event_at").dt.date().cast(pl.String), "known_at").iter_rows()
    )
    assert found["2024-02-05"] == NOW
    assert found["2024-05-06"] == at("2024-04-01")
    assert read_actions(store, ["A"], at("2024-05-30")).height == 3


def test_an_ex_date_is_the_open_of_its_session_or_the_next_one():
    days = np.array(["2024-07-03", "2024-07-04", "2024-07-06", "2024-01-02"], dtype="datetime64[D]")
    np.testing.assert_array_equal(
        ex_times("XNYS", days),
        np.array(["2024-07-03T13:30", "2024-07-05T13:30", "2024-07-08T13:30", "2024-01-02T14:30"], "datetime64[us]"),
    )


def test_a_delisted_name_is_a_member_before_and_none_after_and_only_once_that_is_known(store):
    from datetime import date

    from hf_platform.market.ingest import load_prices
    from hf_platform.market.simulator import SimulationSpec
    from hf_platform.market.universe import read_universe

    spec = SimulationSpec(instruments=("A", "B"), start=date(2024, 1, 1), end=date(2024, 3, 28))
    load_prices(store, SimulatedSource(spec), spec.instruments, run_id="r", now=NOW)
    gone = at("2024-02-15T21:00")
    load_actions(store, Told({"kind": "delisting", "event_at": gone, "known_at": gone, "value": 0.0}), ["A"],
                 run_id="r", now=NOW)  # fmt: skip
    assert sorted(read_universe(store, at("2024-02-14"))) == ["A", "B"]
    assert sorted(read_universe(store, at("2024-02-16"))) == ["B"]
    assert sorted(read_universe(store, at("2023-12-01"))) == []
    assert read_universe(store)["A"].valid_to == gone
    load_actions(store, Told({"kind": "delisting", "event_at": gone, "known_at": gone, "value": None}), ["A"],
                 run_id="r", now=at("2024-06-02"))  # fmt: skip
    assert sorted(read_universe(store, at("2024-06-03"))) == ["A", "B"]  # it was a mistake
    assert sorted(read_universe(store, at("2024-05-30"))) == ["B"]


def test_feeds_say_what_they_are():
    assert isinstance(SimulatedSource(), ActionSource)
    assert not isinstance(BundledSource(), ActionSource)
