"""LSEG (Refinitiv) through its data library: unadjusted daily prices from Workspace or the platform.

`lseg-data` asks for an httpx older than the one locked here, so it has no extra: it goes into an environment of
its own, or over the lock at your risk (`pip install lseg-data`).
"""

from datetime import datetime
from importlib import import_module
from typing import Any, Final, Protocol

import polars as pl

from hf_platform.errors import ConfigError, DataError
from hf_platform.market.source import since_filter
from hf_platform.market.sources.feed_file import RefinitivFeed
from hf_platform.market.sources.feed_source import FeedSource
from hf_platform.market.sources.tabular import bars_of_table
from hf_platform.settings import Settings

_COLUMNS: Final = {
    "open": "OPEN_PRC", "high": "HIGH_1", "low": "LOW_1", "close": "TRDPRC_1", "volume": "ACVOL_UNS",
}  # fmt: skip
_MOST_ROWS: Final = 10_000  # of one call


class HistoryClient(Protocol):
    """What this source asks of `lseg.data`."""

    def open_session(self, name: str | None = None, app_key: str | None = None) -> object:
        """Connect; the session becomes the library's default."""
        ...

    def get_history(self, universe: str, fields: list[str], **options: object) -> Any:  # noqa: ANN401 - a pandas frame
        """Give history: an index of dates and one column for each field."""
        ...


class RefinitivSource(FeedSource[RefinitivFeed]):
    """The instruments of the section ``[refinitiv]``; a symbol is a RIC, ``AAPL.O``.

    Parameters
    ----------
    feed : RefinitivFeed
    settings : Settings
        HFP_REFINITIV_APP_KEY; in no text and no log.
    client : HistoryClient, optional
        `lseg.data` by default, imported on first use.
    """

    name: str = "refinitiv"

    def __init__(self, feed: RefinitivFeed, settings: Settings, client: HistoryClient | None = None) -> None:
        super().__init__(feed)
        self._key, self._client = settings.refinitiv_app_key, client
        self._is_open = False

    def fetch(self, instrument: str, since: datetime | None = None) -> pl.DataFrame:
        """Get the daily bars of one instrument as they traded.

        Raises
        ------
        UnknownNameError
            If the feed file does not list it.
        ConfigError
            If lseg-data is not installed, or the frequency is not 1d.
        DataError
            If LSEG refuses, gives no rows, or cuts the history off at its limit.
        """
        record, symbol = self.listed(instrument)
        if record.frequency != "1d":
            raise ConfigError(f"{instrument}: of LSEG daily bars are read, found {record.frequency}. Write 1d.")
        start = self._feed.start if since is None else f"{since:%Y-%m-%d}"
        client = self._client if self._client is not None else _client()
        try:
            self._open(client)
            frame = client.get_history(
                symbol, list(_COLUMNS.values()), interval="daily", start=start, adjustments="unadjusted",
                count=_MOST_ROWS,
            )  # fmt: skip
        except (RuntimeError, ValueError, OSError) as error:
            raise DataError(
                f"{symbol}: LSEG answers, found {type(error).__name__}. Start Workspace, check RIC and key."
            ) from None  # the library's text may hold the key
        if len(frame) >= _MOST_ROWS:
            raise DataError(
                f"{symbol}: LSEG gives less than {_MOST_ROWS} rows, found {len(frame)}: its history is cut. "
                "Write a later `start` in the feed file."
            )
        dates = pl.Series("date", frame.index.to_numpy().astype("datetime64[us]")).cast(pl.Date)
        values = {c: pl.Series(frame[c].to_numpy(dtype=float, copy=True)) for c in _COLUMNS.values() if c in frame}
        bars = bars_of_table(pl.DataFrame({"date": dates, **values}), record, columns=_COLUMNS, source=self.name,
                             publication_lag=self._feed.lag)  # fmt: skip
        return since_filter(bars, since)

    def _open(self, client: HistoryClient) -> None:
        if not self._is_open:
            key = self._key.get_secret_value() if self._key is not None else None
            client.open_session(name=self._feed.session, app_key=key)
            self._client, self._is_open = client, True


def _client() -> HistoryClient:
    try:
        return import_module("lseg.data")  # pyright: ignore[reportReturnType] - a module with these functions
    except ImportError as error:
        raise ConfigError(
            "the feed `refinitiv` needs the package lseg-data, found none. It wants httpx below 0.28: install it in an "
            "environment of its own with pip install lseg-data"
        ) from error
