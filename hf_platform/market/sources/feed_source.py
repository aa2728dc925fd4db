"""What sources of the feed file share: their instruments are the ones that it lists."""

from typing import Generic, TypeVar

from hf_platform.market.source import require
from hf_platform.market.sources.feed_file import Feed
from hf_platform.market.universe import Instrument

F = TypeVar("F", bound=Feed)


class FeedSource(Generic[F]):
    """A vendor that delivers the instruments of one section of the feed file.

    Parameters
    ----------
    feed : Feed
    """

    is_static: bool = False

    def __init__(self, feed: F) -> None:
        self._feed = feed
        self._records = {record.instrument: record for record in feed.records()}

    def instruments(self) -> list[Instrument]:
        """List the instruments of the feed file."""
        return list(self._records.values())

    def listed(self, instrument: str) -> tuple[Instrument, str]:
        """Give the record of an instrument and the vendor's name for it.

        Raises
        ------
        UnknownNameError
            If the feed file does not list it.
        """
        require(instrument, tuple(self._records))
        return self._records[instrument], self._feed.symbol(instrument)
