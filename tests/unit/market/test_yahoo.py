"""yfinance itself, against recorded answers of Yahoo's chart service on loopback."""

from datetime import UTC, datetime

import pytest
from curl_cffi import requests as curl

from hf_platform.errors import ConfigError, DataError
from hf_platform.market.corporate_actions import ACTIONS_SCHEMA
from hf_platform.market.sources.feed_file import YahooFeed
from hf_platform.market.sources.yahoo import YahooSource

at = datetime.fromisoformat
DAYS = ["2020-08-27", "2020-08-28", "2020-08-31", "2020-09-01"]
SPLIT_DAY = int(datetime(2020, 8, 31, 13, 30, tzinfo=UTC).timestamp())


def chart(times):
    """AAPL around its split of 2020-08-31, four for one: Yahoo shows old prices in new shares."""
    n = len(times)
    quote = {"open": [127.14, 126.01, 127.58, 132.76], "high": [127.49, 126.44, 131.0, 134.8],
             "low": [123.83, 124.58, 126.0, 130.53], "close": [125.01, 124.8075, 129.04, 134.18],
             "volume": [155552400, 187630000, 225702700, 151948100]}  # fmt: skip
    meta = {"currency": "USD", "symbol": "AAPL", "exchangeName": "NMS", "instrumentType": "EQUITY", "gmtoffset": -14400,
            "firstTradeDate": times[0], "regularMarketTime": times[-1], "timezone": "EDT",
            "exchangeTimezoneName": "America/New_York", "regularMarketPrice": 134.18, "priceHint": 2,
            "dataGranularity": "1d", "range": "max", "validRanges": ["1d", "max"],
            "currentTradingPeriod": {k: {"timezone": "EDT", "start": times[-1], "end": times[-1] + 23400,
                                         "gmtoffset": -14400} for k in ("pre", "regular", "post")}}  # fmt: skip
    events = {"splits": {str(SPLIT_DAY): {"date": SPLIT_DAY, "numerator": 4.0, "denominator": 1.0,
                                          "splitRatio": "4:1"}},
              "dividends": {str(times[0]): {"amount": 0.205, "date": times[0]}}}  # fmt: skip
    result = {"meta": meta, "timestamp": times, "events": events,
              "indicators": {"quote": [{k: v[:n] for k, v in quote.items()}],
                             "adjclose": [{"adjclose": quote["close"][:n]}]}}  # fmt: skip
    return {"chart": {"result": [result], "error": None}}


TIMES = [int(datetime.fromisoformat(f"{day}T13:30+00:00").timestamp()) for day in DAYS]


class Loopback(curl.Session):
    """yfinance's own session, but every host of Yahoo's is the recorded server."""

    def __init__(self, url):
        super().__init__()
        self._url = url

    def request(self, method, url, **options):
        path = "/" + url.split("/", 3)[3] if url.count("/") > 2 else "/"
        return super().request(method, self._url + path, **options)


@pytest.fixture
def yahoo(tmp_path):
    import yfinance

    yfinance.set_tz_cache_location(str(tmp_path / "cache"))

    def source(url, **more):
        feed = YahooFeed(instruments={"AAPL": {}}, requests_per_second=1000, **more)
        return YahooSource(feed, session=Loopback(url), sleep=lambda _: None)

    return source


def test_prices_are_those_that_traded_and_the_split_stands_beside_them(yahoo, vendor_server):
    with vendor_server([(200, {}, chart(TIMES))]) as (url, seen):
        source = yahoo(url)
        bars = source.fetch("AAPL")
        actions = source.corporate_actions("AAPL")
    assert any(path.startswith("/v8/finance/chart/AAPL") for path, _ in seen)
    assert bars["event_at"].to_list() == [at(f"{day}T20:00") for day in DAYS]
    assert bars["close"].to_list() == pytest.approx([500.04, 499.23, 129.04, 134.18], abs=1e-9)
    assert bars["volume"].to_list() == [38888100.0, 46907500.0, 225702700.0, 151948100.0]
    assert list(actions.columns) == list(ACTIONS_SCHEMA)
    found = {row["kind"]: (row["event_at"], round(row["value"], 9)) for row in actions.iter_rows(named=True)}
    assert found == {"split": (at("2020-08-31T13:30"), 4.0), "dividend": (at("2020-08-27T13:30"), 0.82)}


def test_a_symbol_that_yahoo_does_not_know(yahoo, vendor_server):
    answer = {"chart": {"result": None, "error": {"code": "Not Found", "description": "No data found"}}}
    with (
        vendor_server([(404, {}, answer)]) as (url, _),
        pytest.raises(DataError, match=r"AAPL \(AAPL\): Yahoo gives prices, found"),
    ):
        yahoo(url).fetch("AAPL")


def test_a_rate_limit_ends_in_words(yahoo, vendor_server):
    with (
        vendor_server([(429, {}, "Too Many Requests")]) as (url, _),
        pytest.raises(DataError, match="rate limit 2 times"),
    ):
        yahoo(url, attempts=2).fetch("AAPL")


def test_only_days_are_read():
    feed = YahooFeed(instruments={"AAPL": {"frequency": "1min"}})
    with pytest.raises(ConfigError, match="daily bars are read, found 1min"):
        YahooSource(feed).fetch("AAPL")
