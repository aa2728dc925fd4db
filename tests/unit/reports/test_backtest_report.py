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
from hf_platform.settings import Settings
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


def text_of(lake, key: GridKey = A) -> str:
    return backtest_report.page_path(lake.settings, key).read_text(encoding="utf-8")


@pytest.fixture
def reported(backtested, tmp_path):
    """Read the shared lake, write pages to a folder of the test's own."""
    settings = Settings(home=tmp_path)

    def write(*keys: GridKey):
        store, as_of = backtested.store, backtested.world.as_of
        return backtest_report.write(store, keys, settings, as_of=as_of, run_id="run-2").keys

    return settings, write


def test_pages_are_whole_self_contained_and_small(backtested):
    for key in (A, B, C):
        assert backtested.outcomes["backtest_report"].keys[key].status is KeyStatus.OK
        text = text_of(backtested, key)
        assert parse(text).links == ["index.html"]
        assert len(text) < 250_000
        assert "http" not in re.sub(r"https?://www\.w3\.org\S*", "", text)
        assert "nan" not in re.sub(r"<style>.*?</style>", "", text, flags=re.DOTALL).lower().split()


def test_the_verdict_comes_first_then_evidence_then_provenance(backtested):
    text = text_of(backtested)
    order = ['id="verdict"', "Returns against VaR", "Breaches over time", "Forecast volatility", "Ensemble weights",
             "Tests", "What these tests can see", "Breaches of the 99 % VaR", "Where the numbers come"]  # fmt: skip
    places = [text.index(part) for part in order]
    assert places == sorted(places)
    row = backtested.store.query("SELECT * FROM backtests.var_tests WHERE horizon = '1d' LIMIT 1").row(0, named=True)
    for name in ("data_version", "code_version", "run_id", "lake_snapshot"):
        assert str(row[name]) in text
    assert "Basel zone" in text
    assert "garch/garch-t" in text


def test_a_page_names_every_breach(backtested):
    text = text_of(backtested)
    breaches = backtested.store.query(
        "SELECT * FROM backtests.breaches WHERE horizon = '1d' AND method = 'ensemble' AND confidence = 0.99 "
        "AND position_sign = 1"
    )
    figure = text[text.index("Returns against VaR") : text.index("Closer looks")]
    assert figure.count('class="mark high"') == breaches.height > 0
    for row in breaches.iter_rows(named=True):
        assert f"{row['target_at']:%Y-%m-%d}: loss {row['loss']:.2%}, VaR {row['value_at_risk']:.2%}" in text


def test_coarse_horizons_say_that_one_cannot_tell(backtested):
    text = text_of(backtested, C)
    assert "one cannot tell" in text
    assert "breaches expected" in text


def test_unchanged_inputs_leave_the_files_alone_and_the_bytes_are_the_same(reported, backtested):
    settings, write = reported
    path, index = backtest_report.page_path(settings, A), backtest_report.index_path(settings)
    assert write(A, B)[A].n_ok == 1
    assert path.read_text(encoding="utf-8") == text_of(backtested)  # whichever run wrote it
    stamps = [file.stat().st_mtime_ns for file in (path, index)]
    again = write(A, B)[A]
    assert (again.n_ok, again.n_reused) == (0, 1)
    assert [file.stat().st_mtime_ns for file in (path, index)] == stamps


def test_the_index_lists_every_page_once_from_near_to_far(backtested):
    text = backtest_report.index_path(backtested.settings).read_text(encoding="utf-8")
    assert parse(text).links == ["AAA_1d.html", "AAA_5d.html", "AAA_1mo.html"]
    assert 'id="filter"' in text
    assert "<script src" not in text


def test_the_index_lists_only_pages_that_exist(reported):
    settings, write = reported
    write(B)
    assert parse(backtest_report.index_path(settings).read_text(encoding="utf-8")).links == ["AAA_5d.html"]


def test_a_key_without_backtest_has_failed(reported):
    _, write = reported
    ghost = GridKey("ZZZ", "1d")
    outcome = write(ghost)[ghost]
    assert outcome.status is KeyStatus.FAILED
    assert "see var_backtest" in outcome.reason


def test_a_name_cannot_leave_the_folder(tmp_path):
    with pytest.raises(DataError, match="plain names"):
        backtest_report.page_path(Settings(home=tmp_path), GridKey("../../etc/passwd", "1d"))


def test_what_comes_from_the_lake_is_escaped(store, settings, world_of):
    world = world_of(n_bars=300)
    evil = store.query("SELECT * EXCLUDE (producer, run_id) FROM ensembles.weights LIMIT 1").with_columns(
        member=pl.lit("<script>alert(1)</script>"), weight=pl.lit(0.0)
    )
    with store.transaction(producer="world", run_id="w") as tx:
        tx.append("ensembles.weights", evil)
    value_at_risk.estimate(store, [A], as_of=world.as_of, run_id="r")
    var_backtest.backtest(store, [A], as_of=world.as_of, run_id="r")
    backtest_report.write(store, [A], settings, as_of=world.as_of, run_id="r")
    text = backtest_report.page_path(settings, A).read_text(encoding="utf-8")
    assert "&lt;script&gt;alert" in text
    assert "<script>alert" not in text


def test_a_night_stands_on_the_page_of_its_day_once_it_is_tested(store, settings, world_of):
    world = world_of(n_bars=300)
    options = {"as_of": world.as_of, "run_id": "r"}
    value_at_risk.estimate(store, [A], **options)
    var_backtest.backtest(store, [A], **options)
    assert backtest_report.write(store, [A], settings, **options).keys[A].n_ok == 1
    assert "Part of a session" not in backtest_report.page_path(settings, A).read_text(encoding="utf-8")
    night = {"horizon": pl.lit("overnight"), "method": pl.lit("filtered_historical")}
    row = "SELECT * EXCLUDE (producer, run_id) FROM {} WHERE position_sign = 1 AND confidence = 0.99 AND {}"
    var = store.query(row.format("risk.value_at_risk", "method = 'ewma'"))
    tests = store.query(row.format("backtests.var_tests", "method = 'ewma'"))
    with store.transaction(producer="overnight_var", run_id="w") as tx:
        tx.append("risk.value_at_risk", var.with_columns(**night, var_id=pl.lit("night-") + pl.col("var_id")))
        tx.append("backtests.var_tests", tests.with_columns(**night))
    assert backtest_report.write(store, [A], settings, **options).keys[A].n_ok == 1
    text = backtest_report.page_path(settings, A).read_text(encoding="utf-8")
    parse(text)
    section = text.split('id="sessions"', 1)[1].split("</section>", 1)[0]
    assert "from the close to the next open" in section
    newest = var.sort("forecast_origin").row(-1, named=True)
    assert f"{newest['value_at_risk']:.2%}" in section
    assert "cannot tell" in section  # three breaches are expected in 299 sessions, five are needed
    assert backtest_report.write(store, [A], settings, **options).keys[A].n_reused == 1


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
