import importlib.util
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from hf_platform.errors import DataError
from hf_platform.lake import Lake
from hf_platform.market import bars, inbox
from hf_platform.market.ingest import load_prices
from hf_platform.market.source import RAW_SCHEMA
from hf_platform.market.sources.bundled import BundledSource
from hf_platform.market.sources.files import FilesSource
from hf_platform.market.universe import Instrument, read_universe
from hf_platform.settings import Settings

at = datetime.fromisoformat
NOW, LATER = at("2024-06-01T12:00"), at("2024-06-02T12:00")

_spec = importlib.util.spec_from_file_location("poison", Path(__file__).parents[2] / "poison.py")
poison = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(poison)


class Fixed:
    """A source whose answer the test sets."""

    is_static = False

    def __init__(self, frames, name="fixed", **record):
        self.frames, self.name, self.record = frames, name, record

    def instruments(self):
        return [Instrument(instrument=name, **self.record) for name in self.frames]

    def fetch(self, instrument, since=None):
        found = self.frames[instrument]
        if isinstance(found, Exception):
            raise found
        return found.with_columns(source=pl.lit(self.name))


def frame(instrument="A", closes=(1.0, 2.0, 3.0), first="2024-05-01", **columns):
    start = at(first + "T20:00")
    moments = [start + timedelta(days=i) for i in range(len(closes))]
    values = {"open": None, "high": None, "low": None, "close": list(closes), "volume": None, **columns}
    return pl.DataFrame(
        {
            "instrument": instrument,
            "frequency": "1d",
            "event_at": moments,
            "known_at": [m + timedelta(minutes=30) for m in moments],
            **values,
            "source": "fixed",
        },
        schema=RAW_SCHEMA,
        strict=False,
    )


@pytest.fixture
def store(tmp_path):
    store = Lake(Settings(home=tmp_path / "home"))
    store.initialise()
    yield store
    store.close()


def load(store, source, *names, now=NOW):
    return load_prices(store, source, names or tuple(source.frames), run_id="r", now=now)


def raw(store):
    return store.query("SELECT * FROM market.raw_prices ORDER BY instrument, event_at, known_at")


def test_first_load_keeps_both_clocks_and_the_second_writes_nothing(store):
    source = Fixed({"A": frame()})
    first = load(store, source)["A"]
    assert (first.rows_new, first.rows_restated, first.rows_known, first.rows_quarantined) == (3, 0, 0, 0)
    assert (first.first, first.last, first.error) == (at("2024-05-01T20:00"), at("2024-05-03T20:00"), None)
    rows = raw(store)
    assert rows["known_at"].to_list() == [m + timedelta(minutes=30) for m in rows["event_at"]]
    assert rows["ingested_at"].unique().to_list() == [NOW]
    assert rows["producer"].unique().to_list() == ["raw_prices"]
    snapshot = store.latest_snapshot()
    again = load(store, source, now=LATER)["A"]
    assert (again.rows_new, again.rows_restated, again.rows_known) == (0, 0, 3)
    assert store.latest_snapshot() == snapshot
    assert raw(store).equals(rows)


def test_only_new_rows_are_appended(store):
    load(store, Fixed({"A": frame(closes=(1.0, 2.0))}))
    grown = load(store, Fixed({"A": frame()}), now=LATER)["A"]
    assert (grown.rows_new, grown.rows_known) == (1, 2)
    newest = raw(store).row(-1, named=True)
    assert newest["known_at"] == at("2024-05-03T20:30")  # first load: the publication lag, not the load
    assert newest["ingested_at"] == LATER


def test_a_changed_value_is_a_restatement_known_from_its_arrival(store):
    load(store, Fixed({"A": frame()}))
    changed = Fixed({"A": frame(closes=(1.0, 2.5, 3.0))})
    assert load(store, changed, now=LATER)["A"].rows_restated == 1
    assert load(store, changed, now=LATER + timedelta(days=1))["A"].rows_restated == 0
    rows = raw(store).filter(pl.col("event_at") == at("2024-05-02T20:00"))
    assert rows["close"].to_list() == [2.0, 2.5]
    assert rows["known_at"].to_list() == [at("2024-05-02T20:30"), LATER]


def test_a_value_that_goes_away_or_comes_is_a_restatement_too(store):
    load(store, Fixed({"A": frame(volume=[5.0, 5.0, 5.0])}))
    assert load(store, Fixed({"A": frame(volume=[5.0, None, 5.0])}), now=LATER)["A"].rows_restated == 1
    assert load(store, Fixed({"A": frame(volume=[5.0, 5.0, 5.0])}), now=LATER)["A"].rows_restated == 1
    known = raw(store).filter(pl.col("event_at") == at("2024-05-02T20:00"))["known_at"].to_list()
    assert known == [at("2024-05-02T20:30"), LATER, LATER + timedelta(microseconds=1)]


def test_two_feeds_that_disagree_do_not_take_turns(store):
    ours, theirs = Fixed({"A": frame()}, "ours"), Fixed({"A": frame(closes=(1.0, 2.2, 3.0))}, "theirs")
    assert load(store, ours)["A"].rows_new == 3
    assert load(store, theirs, now=LATER)["A"].rows_restated == 1
    for source in (ours, theirs, ours):
        result = load(store, source, now=LATER + timedelta(days=1))["A"]
        assert (result.rows_new, result.rows_restated, result.rows_known) == (0, 0, 3)


def test_late_data_are_known_from_their_arrival(store):
    load(store, Fixed({"A": frame().filter(pl.col("close") != 2.0)}))
    assert load(store, Fixed({"A": frame()}), now=LATER)["A"].rows_new == 1
    assert raw(store).filter(pl.col("close") == 2.0)["known_at"].to_list() == [LATER]
    earlier = Fixed({"A": frame(first="2024-04-28", closes=(8.0, 9.0))})
    load(store, earlier, now=LATER)  # a longer history is no late data
    assert raw(store).filter(pl.col("close") == 8.0)["known_at"].to_list() == [at("2024-04-28T20:30")]


@pytest.mark.parametrize(
    ("column", "value", "rule"),
    [
        ("close", None, "missing close"),
        ("close", float("nan"), "missing close"),
        ("high", float("inf"), "prices and volume are finite"),
        ("close", 0.0, "prices are positive"),
        ("low", -1.0, "prices are positive"),
        ("volume", -1.0, "volume is not negative"),
    ],
)
def test_rows_that_cannot_be_prices_go_to_quarantine(store, column, value, rule):
    columns = {column: [1.0, value, 1.0]} if column != "close" else {}
    closes = (1.0, value, 3.0) if column == "close" else (1.0, 2.0, 3.0)
    source = Fixed({"A": frame(closes=closes, **columns)})
    result = load(store, source)["A"]
    assert (result.rows_new, result.rows_quarantined) == (2, 1)
    [row] = store.query("FROM market.quarantine").to_dicts()
    assert row["rule"] == rule
    assert row["event_at"] == at("2024-05-02T20:00")
    assert row["next_step"].endswith(".")
    assert '"frequency":"1d"' in row["payload_json"]
    load(store, source, now=LATER)
    assert store.query("SELECT count(*) AS n FROM market.quarantine")["n"].item() == 1


def test_a_negative_price_is_fine_where_the_rule_says_so(store):
    source = Fixed({"A": frame(closes=(1.0, -36.98, 3.0))}, price_rule="any")
    assert load(store, source)["A"].rows_new == 3


def test_bars_that_have_not_ended_and_rows_that_clash_are_refused(store):
    clash = pl.concat([frame(), frame(closes=(7.0,)), frame(closes=(1.0, 2.0))])
    result = load(store, Fixed({"A": clash}), now=at("2024-05-02T21:00"))["A"]
    rules = store.query("SELECT rule, count(*) AS n FROM market.quarantine GROUP BY rule ORDER BY rule")
    assert rules.rows() == [("a bar has ended before it is loaded", 1), ("one bar per close time", 2)]
    assert result.rows_new == 1  # rows that say the same twice are one row


def test_trouble_with_one_instrument_leaves_the_others_alone(store):
    source = Fixed({"A": frame(), "B": frame("B", closes=(None, None)), "C": DataError("the feed is down. Wait.")})
    results = load(store, source, "A", "B", "C", "NONE")
    assert results["A"].rows_new == 3
    assert "no usable price; 2 are in market.quarantine" in results["B"].error
    assert results["C"].error == "the feed is down. Wait."
    assert list(results) == ["A", "B", "C", "NONE"]
    assert "NONE" in results["NONE"].error
    assert list(read_universe(store)) == ["A"]


def test_a_malformed_frame_is_told_by_column(store):
    odd = frame().with_columns(known_at=pl.col("event_at") - pl.duration(days=1))
    result = load(store, Fixed({"A": odd, "B": frame("B")}), "A", "B")
    assert "known_at is at or after event_at" in result["A"].error
    assert result["B"].rows_new == 3


def test_the_universe_is_written_once(store):
    source = Fixed({"A": frame()}, calendar="XLON", currency="GBP", asset_class="etf")
    load(store, source)
    load(store, Fixed({"A": frame(first="2024-04-01")}, calendar="XLON"), now=LATER)
    record = read_universe(store)["A"]
    assert (record.calendar, record.currency, record.asset_class) == ("XLON", "GBP", "etf")
    assert record.valid_from == at("2024-05-01T20:00")
    assert store.query("SELECT count(*) AS n FROM market.universe")["n"].item() == 1
    assert read_universe(store, as_of=at("2024-04-30")) == {}


def test_many_instruments_are_committed_in_chunks(store, monkeypatch):
    monkeypatch.setattr("hf_platform.market.ingest.CHUNK", 2)
    before = store.latest_snapshot()
    source = Fixed({name: frame(name) for name in "ABCDE"})
    assert all(result.rows_new == 3 for result in load(store, source).values())
    assert store.latest_snapshot() - before == 3


def test_bars_of_a_restatement_are_a_later_vintage_and_a_rebuild_writes_nothing(store):
    closes = [100.0 + i for i in range(31)]
    load(store, Fixed({"A": frame(closes=closes)}), now=LATER)
    first = bars.build_bars(store, ["A"], run_id="b")["A"]
    assert first.n_bars == {"1d": 31, "1mo": 1, "1w": 5}
    assert first.rows == first.n_bars
    snapshot = store.latest_snapshot()
    assert bars.build_bars(store, ["A"], run_id="b")["A"].rows == {}
    assert store.latest_snapshot() == snapshot
    arrival = LATER + timedelta(days=1)
    closes[30] = 200.0
    load(store, Fixed({"A": frame(closes=closes)}), now=arrival)
    second = bars.build_bars(store, ["A"], run_id="b")["A"]
    assert second.rows == {"1d": 1, "1mo": 1, "1w": 1}
    assert bars.build_bars(store, ["A"], run_id="b")["A"].rows == {}
    old, new = (bars.read_bars(store, ["A"], frequency="1mo", as_of=t) for t in (arrival - timedelta(1), arrival))
    assert (old["close"].item(), new["close"].item()) == (130.0, 200.0)
    assert new["known_at"].item() == arrival


def test_flags_that_a_restatement_changes_come_as_a_later_vintage(store):
    closes = [100.0] * 9
    load(store, Fixed({"A": frame(closes=closes)}), now=NOW)
    bars.build_bars(store, ["A"], run_id="b")
    flagged = bars.read_bars(store, ["A"], frequency="1d")
    assert [f != [] and "stale_price" in f for f in flagged["flags"].to_list()] == [False] * 5 + [True] * 4
    closes[5] = 101.0
    load(store, Fixed({"A": frame(closes=closes)}), now=LATER)
    assert bars.build_bars(store, ["A"], run_id="b")["A"].rows["1d"] == 4
    now = bars.read_bars(store, ["A"], frequency="1d")
    assert not any("stale_price" in f for f in now["flags"].to_list())
    assert now["known_at"][8] == LATER
    assert bars.build_bars(store, ["A"], run_id="b")["A"].rows == {}


def test_an_instrument_without_prices_is_an_error_and_the_others_are_built(store):
    load(store, Fixed({"A": frame()}))
    results = bars.build_bars(store, ["A", "NONE"], run_id="b")
    assert results["A"].n_bars["1d"] == 3
    assert "no raw prices are stored" in results["NONE"].error


def test_dropped_files_reach_the_lake_and_a_corrected_drop_restates(store, tmp_path):
    path = tmp_path / "xyz.csv"
    source = FilesSource(store.settings)
    path.write_text("date,close\n2024-05-01,10\n2024-05-02,\n2024-05-03,12\n")
    inbox.stage(path, store.settings, now=NOW)
    result = load(store, source, "XYZ")["XYZ"]
    assert (result.rows_new, result.rows_quarantined) == (2, 1)
    [refused] = store.query("FROM market.quarantine").to_dicts()
    assert (refused["file"], refused["row_number"], refused["rule"]) == ("xyz.csv", 2, "missing close")
    path.write_text("date,close\n2024-05-02,11\n2024-05-03,12.5\n")
    inbox.stage(path, store.settings, universe=read_universe(store), now=LATER)
    result = load(store, source, "XYZ", now=LATER)["XYZ"]
    assert (result.rows_new, result.rows_restated, result.rows_known) == (1, 1, 1)


def test_bundled_prices_end_to_end(store):
    source = BundledSource()
    names = ["SP500", "WTI", "AAPL"]
    results = load(store, source, *names, now=at("2026-01-01"))
    assert {n: r.rows_new for n, r in results.items()} == {"SP500": 5031, "WTI": 8321, "AAPL": 8313}
    assert results["WTI"].rows_quarantined == 290
    assert store.query("SELECT DISTINCT rule FROM market.quarantine")["rule"].to_list() == ["missing close"]
    built = bars.build_bars(store, names, run_id="b")
    assert built["SP500"].n_bars == {"1d": 5031, "1mo": 240, "1w": 1043}
    apple = bars.read_bars(store, ["AAPL"])
    assert apple.select("open", "high", "low", "volume").null_count().row(0) == (apple.height,) * 4
    assert apple["close"].null_count() == 0


def test_a_poisoned_instrument_leaves_the_bars_of_the_others_bit_identical(store, tmp_path):
    clean = BundledSource()
    spoilt = poison.PoisonedSource(
        clean,
        copies={"BADNAN": ("SP500", "all_nan"), "HOLES": ("SP500", "scattered_nan"), "FLAT": ("SP500", "constant")},
    )
    names = ["SP500", "BADNAN", "HOLES", "FLAT"]
    results = load(store, spoilt, *names, now=at("2026-01-01"))
    assert "no usable price" in results["BADNAN"].error
    assert 0 < results["HOLES"].rows_quarantined < 1000
    assert results["FLAT"].rows_new == 5031
    bars.build_bars(store, names, run_id="b")
    other = Lake(Settings(home=tmp_path / "other"))
    other.initialise()
    load(other, clean, "SP500", now=at("2026-01-01"))
    bars.build_bars(other, ["SP500"], run_id="b")
    assert bars.read_bars(store, ["SP500"]).equals(bars.read_bars(other, ["SP500"]))
    flat = bars.read_bars(store, ["FLAT"], frequency="1d")
    assert "stale_price" in flat["flags"][-1]
    other.close()


def test_records_survive_a_round_trip(store):
    load(store, BundledSource(), "WTI", now=at("2026-01-01"))
    wti = next(r for r in BundledSource().instruments() if r.instrument == "WTI")
    assert read_universe(store)["WTI"] == replace(wti, valid_from=at("1986-01-02T21:00"))
