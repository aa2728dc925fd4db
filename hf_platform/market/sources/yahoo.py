"""Yahoo Finance through yfinance (extra `yahoo`): prices as they traded, splits and dividends beside them.

Yahoo divides old prices, volumes and dividends by every later split. What traded is put back together from
the splits in the same answer; nothing adjusted is stored. Yahoo publishes no interface and promises nothing:
terms of use, limits and history are its own.
"""

import logging
import time
from collections.abc import Callable
from datetime import datetime
from importlib import import_module
from typing import Any, Final

import numpy as np
import polars as pl

from hf_platform.errors import ConfigError, DataError
from hf_platform.market.corporate_actions import ACTIONS_SCHEMA, ex_times
from hf_platform.market.source import TIME, since_filter
from hf_platform.market.sources.feed_file import YahooFeed
from hf_platform.market.sources.feed_source import FeedSource
from hf_platform.market.sources.tabular import bars_of_table
from hf_platform.market.sources.vendor_http import Pace

_PRICES: Final = ("open", "high", "low", "close")


class YahooSource(FeedSource[YahooFeed]):
    """The instruments of the section ``[yahoo]``.

    Parameters
    ----------
    feed : YahooFeed
    session : curl_cffi session, optional
        What speaks HTTP; yfinance's own by default.
    sleep : callable, optional
        Waits between calls.
    """

    name: str = "yahoo"

    def __init__(self, feed: YahooFeed, session: object = None, sleep: Callable[[float], None] = time.sleep) -> None:
        super().__init__(feed)
        self._session, self._sleep = session, sleep
        self._pace = Pace(feed.requests_per_second, sleep=sleep)
        self._kept: dict[str, pl.DataFrame] = {}

    def action_instruments(self) -> list[str]:
        """List the instruments of the feed file: each may have splits and dividends."""
        return list(self._records)

    def fetch(self, instrument: str, since: datetime | None = None) -> pl.DataFrame:
        """Get the bars of one instrument as they traded.

        Raises
        ------
        UnknownNameError
            If the feed file does not list it.
        ConfigError
            If yfinance is not installed, or the frequency is not 1d.
        DataError
            If Yahoo gives no rows.
        """
        record, _ = self.listed(instrument)
        found = self._history(instrument)
        # Later splits have shrunk what was quoted: the factor of a bar is the product of those after its day.
        later = np.append(np.cumprod(found["splits"].to_numpy()[::-1])[::-1][1:], 1.0)
        traded = found.with_columns(
            *(pl.col(name) * pl.Series(later) for name in _PRICES), (pl.col("volume") / pl.Series(later)).round()
        )
        bars = bars_of_table(traded, record, columns={}, source=self.name, publication_lag=self._feed.lag)
        return since_filter(bars, since)

    def corporate_actions(self, instrument: str) -> pl.DataFrame:
        """Give splits and dividends of one instrument, as they were paid.

        Raises
        ------
        UnknownNameError
            If the feed file does not list it.
        ConfigError
            If yfinance is not installed.
        DataError
            If Yahoo gives no rows.
        """
        record, _ = self.listed(instrument)
        found = self._history(instrument)
        later = np.append(np.cumprod(found["splits"].to_numpy()[::-1])[::-1][1:], 1.0)
        paid = found.with_columns((pl.col("dividends") * pl.Series(later)).alias("dividends"))
        parts = [
            paid.filter(pl.col(column) != nothing).select(
                pl.lit(kind).alias("kind"), pl.col("date").alias("day"), pl.col(column).alias("value")
            )
            for kind, column, nothing in (("split", "splits", 1.0), ("dividend", "dividends", 0.0))
        ]
        rows = pl.concat(parts)
        at = ex_times(record.calendar, rows["day"].to_numpy().astype("datetime64[us]"))
        return rows.with_columns(
            pl.lit(instrument).alias("instrument"),
            pl.Series("event_at", at, dtype=TIME),
            pl.Series("known_at", at, dtype=TIME),
            pl.lit(None, pl.Float64).alias("ratio"),
            pl.lit(None, pl.String).alias("counterpart"),
            pl.lit(self.name).alias("source"),
        ).select(*ACTIONS_SCHEMA)

    def _history(self, instrument: str) -> pl.DataFrame:
        """Ask once for prices and actions of an instrument."""
        if instrument not in self._kept:
            self._kept[instrument] = self._ask(instrument)
        return self._kept[instrument]

    def _ask(self, instrument: str) -> pl.DataFrame:
        client = _client()
        record, symbol = self.listed(instrument)
        if record.frequency != "1d":  # its intraday history is 60 days long and changes while one looks at it
            raise ConfigError(f"{instrument}: of Yahoo daily bars are read, found {record.frequency}. Write 1d.")
        for attempt in range(self._feed.attempts):
            self._pace.wait()
            try:
                ticker = client.Ticker(symbol, session=self._session)
                frame = ticker.history(period="max", interval="1d", auto_adjust=False, actions=True)
            except client.exceptions.YFRateLimitError as error:
                if attempt + 1 == self._feed.attempts:
                    raise DataError(
                        f"{symbol}: Yahoo answers, found its rate limit {attempt + 1} times. "
                        "Lower requests_per_second in the feed file."
                    ) from error
                self._sleep(min(2.0**attempt, 60.0))
                continue
            except (client.exceptions.YFException, OSError, ValueError) as error:
                raise DataError(
                    f"{instrument} ({symbol}): Yahoo gives prices, found {error}. Check the symbol."
                ) from error
            return _table(frame)
        raise DataError(f"{instrument}: at least one attempt is needed, found none. Raise `attempts`.")


def _table(frame: Any) -> pl.DataFrame:  # noqa: ANN401 - pandas comes from the extra
    """Read yfinance's frame: its index is the midnight that begins each session, in the exchange's zone."""
    words = {"open": "Open", "high": "High", "low": "Low", "close": "Close", "volume": "Volume"}
    values = {ours: pl.Series(frame[theirs].to_numpy(dtype=float, copy=True)) for ours, theirs in words.items()}
    dividends = frame["Dividends"].to_numpy(dtype=float, copy=True) if "Dividends" in frame else np.zeros(len(frame))
    splits = frame["Stock Splits"].to_numpy(dtype=float, copy=True) if "Stock Splits" in frame else np.zeros(len(frame))
    days = pl.Series("date", frame.index.tz_localize(None).to_numpy()).cast(pl.Date)
    return pl.DataFrame({"date": days, **values, "splits": np.where(splits > 0, splits, 1.0), "dividends": dividends})


def _client() -> Any:  # noqa: ANN401 - yfinance ships no types, and takes a second to import
    try:
        yfinance: Any = import_module("yfinance")
        import_module("yfinance.exceptions")
    except ImportError as error:
        step = "Install it with: pip install 'hf-platform[yahoo]'"
        raise ConfigError(f"the feed `yahoo` needs the package yfinance, found none. {step}") from error
    yfinance.config.debug.hide_exceptions = False
    logging.getLogger("yfinance").setLevel(logging.CRITICAL)  # its errors are raised and told once, by us
    return yfinance
