"""A dirty drop ends in pages that name what was wrong with it."""

import gzip
from datetime import date, datetime

import numpy as np
import polars as pl
import pytest

from hf_platform.market import inbox
from hf_platform.market.alternative_load import load_alternative
from hf_platform.market.bars import build_bars
from hf_platform.market.corporate_actions import load_actions
from hf_platform.market.ingest import load_prices
from hf_platform.market.simulator import SimulationSpec, simulate
from hf_platform.market.sources.files import FilesSource
from hf_platform.market.sources.simulated import SimulatedSource
from hf_platform.reports import quality

at = datetime.fromisoformat
NOW = at("2024-06-01T12:00")
NAMES = tuple(f"D{i:02d}" for i in range(20))
SPEC = SimulationSpec(instruments=NAMES, start=date(2021, 1, 1), end=date(2023, 12, 31), jump_probability=0.0)


@pytest.fixture
def dirty(store, settings):
    """Twenty instruments dropped as one CSV, some of them spoilt, one restated by a second file."""
    bars = simulate(SPEC, seed=3).bars.sort("instrument", "event_at")
    frame = bars.with_columns(pl.int_range(pl.len()).over("instrument").alias("i"))

    def rows(name, first, last=None):
        return (pl.col("instrument") == name) & pl.col("i").is_between(first, last or first)

    def spoil(frame, where, value, *columns):
        return frame.with_columns(pl.when(where).then(value(c)).otherwise(pl.col(c)).alias(c) for c in columns)

    prices = ["open", "high", "low", "close"]
    level = frame.filter(rows("D03", 199))["close"].item()
    frame = spoil(frame, rows("D00", 400), lambda c: pl.col(c) * 1.6, *prices)  # a bad tick
    frame = spoil(frame, rows("D01", 500, 9999), lambda c: pl.col(c) * 100, *prices)  # in cents from here
    frame = spoil(frame, rows("D02", 300), lambda c: pl.lit(None, pl.Float64), "close")
    frame = spoil(frame, rows("D03", 200, 212), lambda c: pl.lit(level), *prices)
    frame = frame.filter(~rows("D04", 350))  # a missing session
    frame = spoil(frame, rows("D05", 100), lambda c: pl.col("high") * 2.5, "close")
    dated = frame.with_columns(pl.col("event_at").dt.date().alias("date")).select(
        "instrument", "date", *prices, "volume"
    )
    settings.inbox.mkdir(parents=True)
    dated.write_csv(settings.inbox / "drop.csv")
    staged = inbox.stage(settings.inbox / "drop.csv", settings, now=NOW)
    assert sorted(staged.accepted) == list(NAMES)
    source = FilesSource(settings)
    load_prices(store, source, NAMES, run_id="r", now=NOW)
    again = dated.filter((pl.col("instrument") == "D06") & (pl.col("date") == date(2022, 6, 1)))
    again.with_columns(pl.col("close") * 1.001, pl.col("high") * 1.01).write_csv(settings.inbox / "more.csv")
    inbox.stage(settings.inbox / "more.csv", settings, now=NOW)
    load_prices(store, source, ["D06"], run_id="r", now=at("2024-06-02T12:00"))
    build_bars(store, NAMES, run_id="r")
    broken = ["E0,2023-01-03,-5\n", "E1,03/01/2023,5\n", "E2,2023-01-04,5\nE2,2023-01-03,5\n", 'E3,2023-01-03,"5,1"\n',
              "E4,2023-01-03,5\nE4,2023-01-03,6\n", "E5,44929,5\n", "D07,2023-01-03,inf\n"]  # fmt: skip
    (settings.inbox / "broken.csv").write_text("instrument,date,close\n" + "".join(broken))
    (settings.inbox / "cut.parquet").write_bytes(b"PAR1 and then the power went")
    (settings.inbox / "bomb.csv.gz").write_bytes(gzip.compress(b"0" * 50_000_000))
    (settings.inbox / "link.csv").symlink_to("/etc/hostname")
    for name in ("broken.csv", "cut.parquet", "bomb.csv.gz", "link.csv"):
        inbox.stage(settings.inbox / name, settings, now=NOW)
    return store


EXPECTED = {
    "D00": ["reverted_spike", "Moves that no peer made"], "D01": ["unit_change"], "D02": ["missing close"],
    "D03": ["stale_price"], "D04": ["missing_session"], "D05": ["close_outside_range"], "D06": ["late"],
}  # fmt: skip


def test_the_pages_name_every_defect_of_a_dirty_drop(dirty, settings):
    written = quality.write(dirty, NAMES, settings, as_of=at("2100-01-01"), run_id="r")
    assert sorted(written) == list(NAMES)
    pages = {name: path.read_text() for name, path in written.items()}
    for name, words in EXPECTED.items():
        for word in words:
            assert word in pages[name], (name, word)
    clean = pages["D19"]
    for word in ("reverted_spike", "unit_change", "stale_price", "missing_session", "close_outside_range"):
        assert word not in clean
    assert ">1</p><p><small>values restated" in pages["D06"]
    index = (settings.reports / quality.INDEX).read_text()
    assert "D00" in index
    rejected = (
        "<td>E0</td><td>1</td><td>prices are positive", "<td>E1</td><td>2</td><td>dates are ISO", "sorted by time",
        "close=5,1", "one row per bar", "44929", "close=inf", "readable Parquet", "files end in .csv or .parquet",
        "a regular file",
    )  # fmt: skip
    for words in rejected:
        assert words in index, words
    assert "close=inf" in pages["D07"].split("Rejected on arrival")[1].split("</section>")[0]
    lonely = pages["D00"].split("Moves that no peer made")[1].split("</section>")[0]
    assert "None." not in lonely
    assert "None." in clean.split("Moves that no peer made")[1].split("</section>")[0]
    assert "<circle" in pages["D00"]
    assert "http" not in clean.replace("http://www.w3.org", "")  # nothing is fetched from elsewhere


def test_a_page_shows_actions_alternative_data_and_unit_roots(store, settings):
    spec = SimulationSpec(instruments=("A",), start=date(2022, 1, 1), end=date(2023, 12, 31), splits_per_year=4.0)
    source = SimulatedSource(spec, seed=1)
    load_prices(store, source, ["A"], run_id="r", now=NOW)
    load_actions(store, source, ["A"], run_id="r", now=NOW)
    load_alternative(store, source, ["A"], run_id="r", now=NOW)
    build_bars(store, ["A"], run_id="r")
    page = quality.write(store, ["A", "GONE"], settings, as_of=NOW, run_id="r")["A"].read_text()
    for word in ("split", "card_spending", "kpss", "stationary", "unit root"):
        assert word in page
    assert "unit_change" not in page
    stored = store.query("SELECT flags FROM market.bars WHERE frequency = '1d' AND len(flags) > 0")
    assert stored.is_empty()  # a split is no outlier
    assert np.isfinite(store.query("SELECT statistic FROM market.unit_root_tests")["statistic"].to_numpy()).all()
