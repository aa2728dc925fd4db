"""Bloomberg through xbbg (extra `bloomberg`): unadjusted daily prices, from a Terminal or a server on this network.

xbbg needs Bloomberg's own SDK besides (`pip install blpapi` from Bloomberg's index, or a Terminal): neither is on
PyPI. The connection is xbbg's: a logged-in Terminal, or its own configuration; no credential passes through here.
"""

from datetime import datetime
from importlib import import_module
from typing import Any, Final, Protocol

import polars as pl

from hf_platform.errors import ConfigError, DataError
from hf_platform.market.source import since_filter
from hf_platform.market.sources.feed_file import BloombergFeed
from hf_platform.market.sources.feed_source import FeedSource
from hf_platform.market.sources.tabular import bars_of_table

_COLUMNS: Final = {
    "open": "PX_OPEN", "high": "PX_HIGH", "low": "PX_LOW", "close": "PX_LAST", "volume": "PX_VOLUME",
}  # fmt: skip
_UNADJUSTED: Final = {"adjustmentSplit": False, "adjustmentNormal": False, "adjustmentAbnormal": False}


class HistoryClient(Protocol):
    """What this source asks of `xbbg.blp`."""

    def bdh(self, tickers: str, flds: list[str], start_date: str, end_date: str, **options: object) -> Any:  # noqa: ANN401 - a frame of the chosen backend
        """Give history: ticker, date and one column for each field."""
        ...


class BloombergSource(FeedSource[BloombergFeed]):
    """The instruments of the section ``[bloomberg]``; a symbol is a Bloomberg ticker, ``AAPL US Equity``.

    Parameters
    ----------
    feed : BloombergFeed
    client : HistoryClient, optional
        `xbbg.blp` by default, imported on first use.
    """

    name: str = "bloomberg"

    def __init__(self, feed: BloombergFeed, client: HistoryClient | None = None) -> None:
        super().__init__(feed)
        self._client = client

    def fetch(self, instrument: str, since: datetime | None = None) -> pl.DataFrame:
        """Get the daily bars of one instrument as they traded.

        Raises
        ------
        UnknownNameError
            If the feed file does not list it.
        ConfigError
            If xbbg or Bloomberg's SDK is not installed, or the frequency is not 1d.
        DataError
            If Bloomberg refuses or gives no rows.
        """
        record, symbol = self.listed(instrument)
        if record.frequency != "1d":
            raise ConfigError(f"{instrument}: of Bloomberg daily bars are read, found {record.frequency}. Write 1d.")
        client = self._client if self._client is not None else _client()
        start = self._feed.start if since is None else f"{since:%Y-%m-%d}"
        try:
            answer = client.bdh(symbol, list(_COLUMNS.values()), start, "today", backend="polars", format="semi_long",
                                **_UNADJUSTED)  # fmt: skip
        except (RuntimeError, ValueError, OSError) as error:
            raise DataError(f"{instrument} ({symbol}): Bloomberg answers, found {error}. Log in to the Terminal; check "
                            "the ticker and the day's data limit.") from error  # fmt: skip
        table = answer if isinstance(answer, pl.DataFrame) else pl.DataFrame(answer)
        bars = bars_of_table(table, record, columns=_COLUMNS, source=self.name, publication_lag=self._feed.lag)
        return since_filter(bars, since)


def _client() -> HistoryClient:
    try:
        return import_module("xbbg").blp
    except ImportError as error:
        found = "no xbbg" if error.name == "xbbg" else "no SDK"
        raise ConfigError(
            f"the feed `bloomberg` needs xbbg and Bloomberg's SDK, found {found}. Install with: pip install "
            "'hf-platform[bloomberg]', and blpapi from Bloomberg's own index."
        ) from error
