"""Any database that SQLAlchemy speaks to: one query, one parameter, rows of one instrument."""

from datetime import datetime

import polars as pl

from hf_platform.errors import ConfigError, DataError
from hf_platform.market.source import since_filter
from hf_platform.market.sources.feed_file import DatabaseFeed
from hf_platform.market.sources.feed_source import FeedSource
from hf_platform.market.sources.tabular import bars_of_table
from hf_platform.settings import Settings


class DatabaseSource(FeedSource[DatabaseFeed]):
    """The instruments of the section ``[database]``.

    Parameters
    ----------
    feed : DatabaseFeed
        Its `query` has the parameter ``:symbol``; the database binds it, it is never pasted into the text.
    settings : Settings
        HFP_DATABASE_URL: an SQLAlchemy URL with its credential; in no text and no log.

    Raises
    ------
    ConfigError
        If HFP_DATABASE_URL is not set, or the query lacks its parameter.
    """

    name: str = "database"

    def __init__(self, feed: DatabaseFeed, settings: Settings) -> None:
        if settings.database_url is None:
            raise ConfigError("the feed `database` needs a URL, found none. Set HFP_DATABASE_URL.")
        if ":symbol" not in feed.query:
            raise ConfigError("database.query asks for one :symbol, found no such parameter. Correct the feed file.")
        super().__init__(feed)
        self._url = settings.database_url

    def fetch(self, instrument: str, since: datetime | None = None) -> pl.DataFrame:
        """Run the query for one instrument.

        Raises
        ------
        UnknownNameError
            If the feed file does not list it.
        ConfigError
            If the URL or its driver cannot be used.
        DataError
            If the database refuses, or its rows are no prices.
        """
        import sqlalchemy
        from sqlalchemy import exc

        record, symbol = self.listed(instrument)
        try:
            engine = sqlalchemy.create_engine(self._url.get_secret_value())
        except (exc.ArgumentError, exc.NoSuchModuleError, ImportError):  # its text may hold the password
            raise ConfigError("HFP_DATABASE_URL is an SQLAlchemy URL of an installed driver. Correct it.") from None
        try:
            with engine.connect() as connection:
                found = connection.execute(sqlalchemy.text(self._feed.query), {"symbol": symbol})
                names = list(found.keys())
                table = pl.DataFrame(
                    [tuple(row) for row in found], schema=names, orient="row", infer_schema_length=None, strict=False
                )
        except exc.SQLAlchemyError as error:
            said = type(getattr(error, "orig", None) or error).__name__
            raise DataError(
                f"{instrument}: the database answers the query, found {said}. Try the query in its own client."
            ) from None  # the driver's text may hold the URL
        finally:
            engine.dispose()
        bars = bars_of_table(
            table, record, columns=self._feed.columns, source=self.name, publication_lag=self._feed.lag
        )
        return since_filter(bars, since)
