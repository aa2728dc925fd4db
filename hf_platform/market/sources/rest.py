"""Any vendor that gives JSON rows over HTTP: Tiingo, IEX-style servers, a house's own service."""

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any, cast

import polars as pl

from hf_platform.errors import ConfigError, DataError
from hf_platform.market.source import since_filter
from hf_platform.market.sources.feed_file import RestFeed
from hf_platform.market.sources.feed_source import FeedSource
from hf_platform.market.sources.tabular import bars_of_table
from hf_platform.market.sources.vendor_http import Pace, VendorClient
from hf_platform.settings import Settings

_MOST_PAGES = 10_000


class RestSource(FeedSource[RestFeed]):
    """The instruments of the section ``[rest]``.

    Parameters
    ----------
    feed : RestFeed
    settings : Settings
        HFP_REST_TOKEN goes where `token_in` says: ``header:NAME`` (as a bearer token in Authorization),
        ``query:NAME``; it is in no text and no log.
    sleep : callable, optional
        Waits between calls.
    """

    name: str = "rest"

    def __init__(self, feed: RestFeed, settings: Settings, sleep: Callable[[float], None] = time.sleep) -> None:
        super().__init__(feed)
        self._query, headers = _credential(feed, settings)
        pace = Pace(feed.requests_per_second, sleep=sleep)
        self._client = VendorClient(
            self.name, pace, attempts=feed.attempts, timeout=feed.timeout_seconds, headers=headers, sleep=sleep
        )

    def fetch(self, instrument: str, since: datetime | None = None) -> pl.DataFrame:
        """Get all pages of one instrument.

        Raises
        ------
        UnknownNameError
            If the feed file does not list it.
        DataError
            If the vendor refuses, keeps failing, answers for another symbol or not with rows.
        """
        feed, (record, symbol) = self._feed, self.listed(instrument)
        who = f"{instrument} ({symbol})"
        parameters = {key: value.replace("{symbol}", symbol) for key, value in feed.parameters.items()}
        url = feed.url.replace("{symbol}", symbol)
        rows: list[dict[str, Any]] = []
        seen: set[str] = set()
        page = ""
        while len(seen) < _MOST_PAGES:
            more = {feed.page_parameter: page} if page else {}
            answer = self._client.get_json(url, parameters | self._query | more, who)
            rows += _rows(answer, feed, symbol, who)
            page = str(_dig(answer, feed.next_page) or "") if feed.next_page else ""
            if not page or page in seen:  # a vendor that repeats a page would never end
                break
            seen.add(page)
        table = pl.DataFrame(rows, infer_schema_length=None, strict=False)
        if feed.epoch is not None:
            table = _read_epochs(table, feed)
        bars = bars_of_table(table, record, columns=feed.columns, source=self.name, publication_lag=feed.lag)
        return since_filter(bars, since)


def _credential(feed: RestFeed, settings: Settings) -> tuple[dict[str, str], dict[str, str]]:
    """Give query parameters and headers that hold the token."""
    if settings.rest_token is None:
        return {}, {}
    token = settings.rest_token.get_secret_value()
    place, _, name = feed.token_in.partition(":")
    if place == "query" and name:
        return {name: token}, {}
    if place == "header" and name:
        return {}, {name: f"Bearer {token}" if name.lower() == "authorization" else token}
    raise ConfigError(f"rest.token_in is header:NAME or query:NAME, found {feed.token_in!r}. Correct the feed file.")


def _dig(answer: object, path: str) -> object:
    """Follow keys separated by dots; None where one is missing."""
    for key in path.split(".") if path else ():
        answer = cast("dict[str, object]", answer).get(key) if isinstance(answer, dict) else None
    return answer


def _rows(answer: object, feed: RestFeed, symbol: str, who: str) -> list[dict[str, Any]]:
    """Give the rows of one page, of the symbol that was asked for."""
    found = _dig(answer, feed.rows)
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in cast("list[object]", found)):
        shown = ", ".join(map(str, cast("dict[str, object]", answer))) if isinstance(answer, dict) else str(answer)
        raise DataError(f"{who}: rest gives a list of rows under {feed.rows or 'the top'!r}, found {shown[:120]!r}. "
                        "Correct `rows` in the feed file.")  # fmt: skip
    rows = cast("list[dict[str, Any]]", found)
    echoed = {str(row.get(feed.symbol_key)) for row in rows} if feed.symbol_key else {symbol}
    if rows and {name.upper() for name in echoed} != {symbol.upper()}:
        shown = ", ".join(sorted(echoed))[:80]
        raise DataError(f"{who}: rest answers for the symbol that was asked for, found {shown}. "
                        "Ask again; some servers mix answers up when they are busy.")  # fmt: skip
    return rows


def _read_epochs(table: pl.DataFrame, feed: RestFeed) -> pl.DataFrame:
    """Turn counted seconds or milliseconds into times, UTC."""
    ours = next((name for name in ("event_at", "date") if feed.columns.get(name, name) in table.columns), None)
    if ours is None or feed.epoch is None:
        return table
    name = feed.columns.get(ours, ours)
    ticks = table[name].cast(pl.Int64, strict=False) * (1000 if feed.epoch == "ms" else 1_000_000)
    return table.with_columns(ticks.cast(pl.Datetime("us")).alias(name))
