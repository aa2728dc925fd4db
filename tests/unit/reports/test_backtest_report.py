"""Pages: content, bytes, reuse, index, words."""

import re
from html.parser import HTMLParser

import polars as pl
import pytest

from hf_platform.backtest import var_backtest
from hf_platform.errors import DataError
from hf_platform.fitting.outcome import KeyStatus
from hf_platform.reports import backtest_report, pages
from hf_platform.reports.tables import power_statement, power_table
from hf_platform.risk import value_at_risk
from hf_platform.types import GridKey

A, B, C = GridKey("AAA", "1d"), GridKey("AAA", "5d"), GridKey("AAA", "1mo")
VOID = {"meta", "input", "br", "link"}


class Balance(HTMLParser):
    """Check that tags close in order and nothing is fetched."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag, attrs):
        if tag not in VOID:
            self.open.append(tag)
        self.links.extend(value for name, value in attrs if name in {"src", "href"} and value)

    def handle_startendtag(self, tag, attrs):
        return

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def parse(text: str) -> Balance:
    parser = Balance()
    parser.feed(text)
    assert parser.open == []
    return parser


@pytest.fixture
def reported(store, settings, world_of):
    """A lake with daily, 5-day and monthly backtests, and its pages."""
    world = world_of(horizons=("1d", "5d", "1mo"), n_bars=1300)
    keys = [A, B, C]
    value_at_risk.estimate(store, keys, as_of=world.as_of, run_id="run-1")
    var_backtest.backtest(store, keys, as_of=world.as_of, run_id="run-1")
    outcome = backtest_report.write(store, keys, settings, as_of=world.as_of, run_id="run-1")
    return world, outcome


def test_pages_are_whole_self_contained_and_small(reported, settings):
    _, outcome = reported
    for key in (A, B, C):
        assert outcome.keys[key].status is KeyStatus.OK
        text = backtest_report.page_path(settings, key).read_text(encoding="utf-8")
        assert parse(text).links == ["index.html"]
        assert len(text) < 250_000
        assert "http" not in re.sub(r"https?://www\.w3\.org\S*", "", text)
        assert "nan" not in re.sub(r"<style>.*?</style>", "", text, flags=re.DOTALL).lower().split()


def test_the_verdict_comes_first_then_evidence_then_provenance(reported, settings, store):
    text = backtest_report.page_path(settings, A).read_text(encoding="utf-8")
    order = ['id="verdict"', "Returns against VaR", "Breaches over time", "Forecast volatility", "Ensemble weights",
             "Tests", "What these tests can see", "Breaches of the 99 % VaR", "Where the numbers come"]  # fmt: skip
    places = [text.index(part) for part in order]
    assert places == sorted(places)
    row = store.query("SELECT * FROM backtests.var_tests WHERE horizon = '1d' LIMIT 1").row(0, named=True)
    for name in ("data_version", "code_version", "run_id", "lake_snapshot"):
        assert str(row[name]) in text
    assert "Basel zone" in text
    assert "garch/garch-t" in text


def test_a_page_names_every_breach(reported, settings, store):
    text = backtest_report.page_path(settings, A).read_text(encoding="utf-8")
    breaches = store.query(
        "SELECT * FROM backtests.breaches WHERE horizon = '1d' AND method = 'ensemble' AND confidence = 0.99"
    )
    assert text.count('class="mark high"') == breaches.height > 0
    for row in breaches.iter_rows(named=True):
        assert f"{row['target_at']:%Y-%m-%d}: loss {row['loss']:.2%}, VaR {row['value_at_risk']:.2%}" in text


def test_coarse_horizons_say_that_one_cannot_tell(reported, settings):
    text = backtest_report.page_path(settings, C).read_text(encoding="utf-8")
    assert "one cannot tell" in text
    assert "252 are needed" in text


def test_unchanged_inputs_leave_the_files_alone_and_the_bytes_are_the_same(reported, settings, store):
    world, _ = reported
    path = backtest_report.page_path(settings, A)
    before, stamp = path.read_bytes(), path.stat().st_mtime_ns
    index = backtest_report.index_path(settings).stat().st_mtime_ns
    again = backtest_report.write(store, [A, B], settings, as_of=world.as_of, run_id="run-2")
    assert path.stat().st_mtime_ns == stamp
    assert backtest_report.index_path(settings).stat().st_mtime_ns == index
    assert (again.keys[A].n_ok, again.keys[A].n_reused) == (0, 1)
    path.unlink()
    third = backtest_report.write(store, [A], settings, as_of=world.as_of, run_id="run-3")
    assert third.keys[A].n_ok == 1
    assert path.read_bytes() == before


def test_the_index_lists_every_page_once(reported, settings):
    text = backtest_report.index_path(settings).read_text(encoding="utf-8")
    assert parse(text).links == ["AAA_1d.html", "AAA_5d.html", "AAA_1mo.html"]
    assert 'id="filter"' in text
    assert "<script src" not in text


def test_a_key_without_backtest_has_failed(reported, settings, store):
    world, _ = reported
    ghost = GridKey("ZZZ", "1d")
    outcome = backtest_report.write(store, [ghost], settings, as_of=world.as_of, run_id="r").keys[ghost]
    assert outcome.status is KeyStatus.FAILED
    assert "see var_backtest" in outcome.reason


def test_a_name_cannot_leave_the_folder(settings):
    with pytest.raises(DataError, match="plain names"):
        backtest_report.page_path(settings, GridKey("../../etc/passwd", "1d"))


def test_what_comes_from_the_lake_is_escaped(reported, settings, store):
    world, _ = reported
    evil = store.query("SELECT * EXCLUDE (producer, run_id) FROM ensembles.weights LIMIT 1").with_columns(
        member=pl.lit("<script>alert(1)</script>"), weight=pl.lit(0.0)
    )
    with store.transaction(producer="world", run_id="w") as tx:
        tx.append("ensembles.weights", evil)
    for key in (A, B, C):
        backtest_report.page_path(settings, key).unlink()
    backtest_report.write(store, [A, B, C], settings, as_of=world.as_of, run_id="r")
    for key in (A, B, C):
        assert "<script>alert" not in backtest_report.page_path(settings, key).read_text(encoding="utf-8")


def test_the_power_statement_is_the_binomial():
    assert "stays green 44% of the time" in power_statement(0.99)
    table = power_table(250, 0.99)
    assert table.rows[0][1] == "89.2%"
    assert table.rows[2][:2] == ("2.0%", "43.9%")
    assert table.rows[0][2] == "99.6%"  # nominal 1 % is 0.4 % at 250 forecasts


def test_the_mark_of_a_missing_or_foreign_page_is_none(tmp_path):
    assert pages.inputs_of(tmp_path / "none.html") is None
    (tmp_path / "other.html").write_text("<html></html>", encoding="utf-8")
    assert pages.inputs_of(tmp_path / "other.html") is None
