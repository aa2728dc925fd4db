"""Vendors: real clients against recorded answers on loopback, and doubles of the two that need a contract."""

import ast
import importlib.util
import sqlite3
import zipfile
from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest
from pydantic import SecretStr

from hf_platform.errors import ConfigError, DataError, UnknownNameError
from hf_platform.market.ingest import load_prices
from hf_platform.market.source import RAW_SCHEMA
from hf_platform.market.sources import catalogue
from hf_platform.market.sources.bloomberg import BloombergSource
from hf_platform.market.sources.database import DatabaseSource
from hf_platform.market.sources.feed_file import (
    BloombergFeed,
    DatabaseFeed,
    FolderFeed,
    RefinitivFeed,
    RestFeed,
    read_feed_file,
)
from hf_platform.market.sources.folder import FolderSource
from hf_platform.market.sources.refinitiv import RefinitivSource
from hf_platform.market.sources.rest import RestSource
from hf_platform.market.sources.vendor_http import Pace
from hf_platform.settings import Settings

at = datetime.fromisoformat
NOW = at("2024-06-01T00:00")
ONE = {"AAPL": {"symbol": "aapl.us"}}
SECRET = "s3cret-t0ken"


ROWS = [
    {"day": "2024-01-02", "last": 185.64, "volume": 82488700},
    {"day": "2024-01-03", "last": "184.25", "volume": None},
]


def rest(url, settings, waits=None, **more):
    feed = RestFeed(**{"url": url + "/v1/{symbol}/prices", "rows": "data.rows", "instruments": ONE,
                       "columns": {"date": "day", "close": "last"}, "requests_per_second": 1000} | more)  # fmt: skip
    return RestSource(feed, settings, sleep=(waits if waits is not None else []).append)


@pytest.fixture
def settings(tmp_path):
    return Settings(home=tmp_path, rest_token=SecretStr(SECRET))


def test_rest_reads_pages_and_puts_rows_on_the_clock(settings, vendor_server):
    pages = [
        (200, {}, {"data": {"rows": ROWS[:1]}, "next": "p2"}),
        (200, {}, {"data": {"rows": ROWS[1:]}, "next": None}),
    ]
    with vendor_server(pages) as (url, seen):
        bars = rest(url, settings, next_page="next", page_parameter="cursor").fetch("AAPL")
    assert bars.schema == RAW_SCHEMA
    assert bars["event_at"].to_list() == [at("2024-01-02T21:00"), at("2024-01-03T21:00")]
    assert bars["known_at"].to_list()[0] == at("2024-01-02T21:30")
    assert bars["close"].to_list() == [185.64, 184.25]
    assert bars["volume"].to_list() == [82488700.0, None]
    assert [path for path, _ in seen] == ["/v1/aapl.us/prices", "/v1/aapl.us/prices?cursor=p2"]
    assert seen[0][1]["Authorization"] == f"Bearer {SECRET}"


def test_rest_waits_as_long_as_it_is_told_and_tries_again(settings, vendor_server):
    waits = []
    busy = [(429, {"Retry-After": "7"}, "slow down"), (503, {}, ""), (200, {}, {"data": {"rows": ROWS}})]
    with vendor_server(busy) as (url, seen):
        assert rest(url, settings, waits).fetch("AAPL").height == 2
    assert len(seen) == 3
    assert [wait for wait in waits if wait >= 0.5] == [7.0, 1.0]


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ((429, {}, "later"), "within 3 attempts, found status 429"),
        ((403, {}, SECRET), "found 403. Check the credential"),
        ((404, {}, ""), "found 404. Check symbol and url"),
        ((200, {}, "<html>welcome</html>"), "answers in JSON, found '<html>"),
        ((200, {}, {"error": "limit"}), "a list of rows under 'data.rows', found 'error'"),
        ((200, {}, {"data": {"rows": []}}), "close are needed, found none"),
        (
            (200, {}, {"data": {"rows": [ROWS[0] | {"ticker": "MSFT"}]}}),
            "symbol that was asked for, found MSFT",
        ),
        ((200, {}, {"data": {"rows": [{"ticker": "aapl.us", "day": "2024-01-02", "last": "185,64"}]}}), "'185,64'"),
        ((200, {}, {"data": {"rows": [{"ticker": "aapl.us", "day": "01/02/2024", "last": 1}]}}), "ISO 8601"),
    ],
)
def test_rest_believes_nothing(settings, answer, told, vendor_server):
    with vendor_server([answer]) as (url, _), pytest.raises(DataError) as raised:
        rest(url, settings, attempts=3, symbol_key="ticker").fetch("AAPL")
    assert told in str(raised.value)
    assert SECRET not in str(raised.value)


def test_rest_says_that_nobody_listens(settings):
    with pytest.raises(DataError, match="within 2 attempts, found ConnectError"):
        rest("http://127.0.0.1:1", settings, attempts=2).fetch("AAPL")


def test_a_token_may_go_into_the_query_and_epochs_are_read(settings, vendor_server):
    rows = [{"t": 1704229200000, "last": 1.5}]
    with vendor_server([(200, {}, rows)]) as (url, seen):
        bars = rest(url, settings, rows="", token_in="query:token", epoch="ms",
                    columns={"event_at": "t", "close": "last"}).fetch("AAPL")  # fmt: skip
    assert bars["event_at"].to_list() == [at("2024-01-02T21:00")]
    assert seen[0][0].endswith(f"?token={SECRET}")


def test_a_pace_is_kept():
    now, slept = [0.0], []

    def sleep(seconds):
        slept.append(round(seconds, 9))
        now[0] += seconds

    pace = Pace(4.0, clock=lambda: now[0], sleep=sleep)
    for _ in range(3):
        pace.wait()
    now[0] += 10.0
    pace.wait()
    assert slept == [0.25, 0.25]


def test_a_second_pull_is_compared_with_the_first(store, vendor_server):
    settings = Settings(home=store.settings.home)
    changed = [ROWS[0] | {"last": 99.0}, ROWS[1], {"day": "2024-01-04", "last": 3.0}]
    pulls = [(200, {}, {"data": {"rows": ROWS}}), (200, {}, {"data": {"rows": changed}})]
    with vendor_server(pulls) as (url, _):
        source = rest(url, settings)
        first = load_prices(store, source, ["AAPL"], run_id="r1", now=NOW)["AAPL"]
        second = load_prices(store, source, ["AAPL"], run_id="r2", now=NOW.replace(day=2))["AAPL"]
    assert (first.rows_new, first.rows_restated) == (2, 0)
    assert (second.rows_new, second.rows_restated, second.rows_known) == (1, 1, 1)
    kept = store.query("SELECT close, known_at FROM market.raw_prices WHERE event_at < '2024-01-03' ORDER BY known_at")
    assert kept.rows() == [(185.64, at("2024-01-02T21:30")), (99.0, NOW.replace(day=2))]


def database(tmp_path, url=None, query=None):
    path = tmp_path / "quotes.db"
    with sqlite3.connect(path) as con:
        con.execute("CREATE TABLE IF NOT EXISTS quotes (s TEXT, day TEXT, px REAL)")
        con.execute("INSERT INTO quotes VALUES ('aapl.us', '2024-01-02', 185.64), ('x', '2024-01-02', 1.0)")
    con.close()
    feed = DatabaseFeed(query=query or "SELECT day, px FROM quotes WHERE s = :symbol", instruments=ONE,
                        columns={"date": "day", "close": "px"})  # fmt: skip
    return DatabaseSource(feed, Settings(home=tmp_path, database_url=SecretStr(url or f"sqlite:///{path}")))


def test_a_database_gives_the_rows_of_one_symbol(tmp_path):
    assert database(tmp_path).fetch("AAPL")["close"].to_list() == [185.64]


@pytest.mark.parametrize(
    ("url", "query", "kind", "told"),
    [
        (None, "SELECT px FROM nowhere WHERE s = :symbol", DataError, "found OperationalError"),
        (None, "SELECT day FROM quotes WHERE s = :symbol", DataError, "found day"),
        (f"nosuchdb://u:{SECRET}@h/d", None, ConfigError, "installed driver"),
        (f"not a url {SECRET}", None, ConfigError, "installed driver"),
    ],
)
def test_a_database_that_fails_says_so_without_its_password(tmp_path, url, query, kind, told):
    with pytest.raises(kind) as raised:
        database(tmp_path, url, query).fetch("AAPL")
    assert told in str(raised.value)
    assert SECRET not in str(raised.value)


def test_a_database_needs_its_url_and_its_parameter(tmp_path):
    feed = DatabaseFeed(query="SELECT 1", instruments=ONE)
    with pytest.raises(ConfigError, match="HFP_DATABASE_URL"):
        DatabaseSource(feed, Settings(home=tmp_path))
    with pytest.raises(ConfigError, match=":symbol"):
        DatabaseSource(feed, Settings(home=tmp_path, database_url=SecretStr("sqlite://")))


def folder(path, **more):
    return FolderSource(FolderFeed(**{"path": path, "instruments": {"AAPL": {"symbol": "aapl"}}} | more))


@pytest.mark.parametrize("ending", ["csv", "parquet", "arrow"])
def test_a_folder_of_tables_with_other_words(tmp_path, ending):
    table = pl.DataFrame({"Datum": ["2024-01-02", "2024-01-03"], "Schluss": [185.64, 184.25], "Rest": [1, 2]})
    path = tmp_path / f"aapl.{ending}"
    {"csv": table.write_csv, "parquet": table.write_parquet, "arrow": table.write_ipc}[ending](path)
    source = folder(tmp_path, pattern=f"{{symbol}}.{ending}", columns={"date": "Datum", "close": "Schluss"})
    assert source.fetch("AAPL")["close"].to_list() == [185.64, 184.25]


def pack(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x.csv", text)


def test_lean_days_are_in_dollars_and_end_with_their_session(tmp_path):
    pack(tmp_path / "aapl.zip", "20231124 00:00,1903200,1903800,1899000,1899700,24048300\n"
         "20231127 00:00,1899200,1906700,1889000,1897900,40552600\n")  # fmt: skip
    bars = folder(tmp_path, layout="lean", pattern="{symbol}.zip").fetch("AAPL")
    assert bars["event_at"].to_list() == [at("2023-11-24T18:00"), at("2023-11-27T21:00")]  # a half day
    assert bars.row(0)[4:9] == (190.32, 190.38, 189.9, 189.97, 24048300.0)


def test_lean_minutes_are_stamped_at_their_close_in_summer_and_winter(tmp_path):
    minute = "34200000,1850000,1851000,1849000,1850500,1200\n34260000,1850500,1852000,1850000,1851500,800\n"
    for day in ("20240308", "20240311"):  # the clocks of New York change in between
        pack(tmp_path / "aapl" / f"{day}_trade.zip", minute)
    listed = {"AAPL": {"symbol": "aapl", "frequency": "1min"}}
    bars = folder(tmp_path, layout="lean", pattern="{symbol}/*_trade.zip", instruments=listed).fetch("AAPL")
    assert bars["event_at"].to_list() == [at("2024-03-08T14:31"), at("2024-03-08T14:32"), at("2024-03-11T13:31"),
                                          at("2024-03-11T13:32")]  # fmt: skip
    assert bars["close"].to_list() == [185.05, 185.15] * 2


def test_a_folder_that_is_not_as_told(tmp_path):
    with pytest.raises(DataError, match="names a file, found none"):
        folder(tmp_path).fetch("AAPL")
    with pytest.raises(UnknownNameError):
        folder(tmp_path).fetch("MSFT")
    (tmp_path / "aapl.zip").write_bytes(b"no zip")
    with pytest.raises(DataError, match="zip of UTF-8 text"):
        folder(tmp_path, layout="lean", pattern="{symbol}.zip").fetch("AAPL")
    pack(tmp_path / "aapl.zip", "20240102 00:00,1\n")
    with pytest.raises(DataError, match="rows hold time, open"):
        folder(tmp_path, layout="lean", pattern="{symbol}.zip").fetch("AAPL")
    with pytest.raises(ConfigError, match="files end in"):
        folder(tmp_path, pattern="{symbol}.zip").fetch("AAPL")


class Terminal:
    """What `xbbg.blp` is to us: unadjusted history in its semi-long format."""

    def __init__(self):
        self.asked = []

    def bdh(self, tickers, flds, start_date, end_date, **options):
        self.asked.append((tickers, flds, start_date, end_date, options))
        days = [date(2020, 8, 28), date(2020, 8, 31)]
        values = {"PX_OPEN": 504.05, "PX_HIGH": 505.77, "PX_LOW": 498.31, "PX_LAST": 499.23, "PX_VOLUME": 46907479.0}
        return pl.DataFrame({"ticker": [tickers] * 2, "date": days} | {f: [values[f]] * 2 for f in flds})


def test_bloomberg_is_asked_for_what_traded():
    terminal = Terminal()
    feed = BloombergFeed(instruments={"AAPL": {"symbol": "AAPL US Equity"}})
    bars = BloombergSource(feed, terminal).fetch("AAPL")
    assert bars["close"].to_list() == [499.23, 499.23]
    (asked,) = terminal.asked
    assert asked[0] == "AAPL US Equity"
    assert {asked[4][f"adjustment{kind}"] for kind in ("Split", "Normal", "Abnormal")} == {False}


def test_what_bloomberg_is_asked_is_what_xbbg_understands():
    spec = importlib.util.find_spec("xbbg")
    if spec is None:
        pytest.skip("the extra bloomberg is not installed")
    folder_ = Path(spec.origin).parent
    tree = ast.parse((folder_ / "blp.py").read_text())
    bdh = next(node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == "bdh")
    assert [a.arg for a in bdh.args.args] == ["tickers", "flds", "start_date", "end_date"]
    assert {"backend", "format"} <= {a.arg for a in bdh.args.kwonlyargs}
    assert "adjustmentSplit" in (folder_ / "_request_options.py").read_text()


def test_vendors_that_are_not_installed_name_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "lseg.data", None)
    monkeypatch.setitem(__import__("sys").modules, "xbbg", None)
    with pytest.raises(ConfigError, match=r"pip install 'hf-platform\[bloomberg\]'"):
        BloombergSource(BloombergFeed(instruments=ONE)).fetch("AAPL")
    with pytest.raises(ConfigError, match="pip install lseg-data"):
        RefinitivSource(RefinitivFeed(instruments=ONE), Settings(home=tmp_path)).fetch("AAPL")


class Workspace:
    """What `lseg.data` is to us."""

    def __init__(self, n=2):
        self.opened, self.n = [], n

    def open_session(self, name=None, app_key=None):
        self.opened.append((name, app_key))

    def get_history(self, universe, fields, **options):
        import pandas as pd

        assert options["adjustments"] == "unadjusted"
        index = pd.DatetimeIndex(pd.bdate_range("1985-01-02", periods=self.n), name="Date")
        return pd.DataFrame({name: [10.0] * self.n for name in fields}, index=index)


def test_refinitiv_opens_one_session_with_the_key_of_the_settings(tmp_path):
    workspace = Workspace()
    settings = Settings(home=tmp_path, refinitiv_app_key=SecretStr(SECRET))
    feed = RefinitivFeed(instruments={"AAPL": {"symbol": "AAPL.O"}, "MSFT": {"symbol": "MSFT.O"}})
    source = RefinitivSource(feed, settings, workspace)
    assert source.fetch("AAPL").height == source.fetch("MSFT").height == 2
    assert workspace.opened == [("desktop.workspace", SECRET)]
    with pytest.raises(DataError, match="its history is cut"):
        RefinitivSource(feed, settings, Workspace(10_000)).fetch("AAPL")


FEEDS = """
[folder]
path = "/quotes"
[folder.instruments]
AAPL = { symbol = "aapl" }
[rest]
url = "https://data.example.com/{symbol}"
[rest.instruments]
BMW = { symbol = "bmw.de", calendar = "XETR", currency = "EUR", name = "BMW" }
"""


def test_the_feed_file_opens_the_vendors_it_lists(tmp_path):
    path = tmp_path / "feeds.toml"
    path.write_text(FEEDS)
    sources = catalogue.available(Settings(home=tmp_path, feeds=path))
    assert set(sources) == {"bundled", "files", "simulated", "folder", "rest"}
    (record,) = sources["rest"].instruments()
    assert (record.instrument, record.calendar, record.currency) == ("BMW", "XETR", "EUR")
    assert catalogue.vendors(Settings(home=tmp_path)) == ()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[rest]\ninstruments = {}\n", "rest.url: Field required"),
        ("[rest]\nurl = 'x'\npassword = 'p'\ninstruments = {}\n", "rest.password: Extra inputs"),
        ("[gopher]\n", "gopher: Extra inputs"),
        ("[rest\n", "is TOML"),
    ],
)
def test_a_feed_file_that_breaks_a_rule(tmp_path, text, told):
    path = tmp_path / "feeds.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=told):
        read_feed_file(path)
