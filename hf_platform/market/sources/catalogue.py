"""The one list of price sources, and which instrument comes from which."""

from collections.abc import Iterable, Mapping

from hf_platform.market.source import PriceSource
from hf_platform.market.sources.bundled import BundledSource
from hf_platform.market.sources.files import FilesSource
from hf_platform.market.sources.simulated import SimulatedSource
from hf_platform.settings import Settings


def available(settings: Settings) -> dict[str, PriceSource]:
    """Open every source; none reads a price before it is asked.

    Raises
    ------
    ConfigError
        If the feed file breaks a rule, or a credential that it needs is not set.
    """
    own: tuple[PriceSource, ...] = (BundledSource(), FilesSource(settings), SimulatedSource(seed=settings.seed))
    return {source.name: source for source in (*own, *vendors(settings))}


def vendors(settings: Settings) -> tuple[PriceSource, ...]:
    """Open the sources that the feed file lists.

    Raises
    ------
    ConfigError
        If the file breaks a rule, or a credential that it needs is not set.
    """
    if settings.feeds is None:
        return ()
    # Imported only where somebody has a feed: every command opens the catalogue.
    from hf_platform.market.sources.bloomberg import BloombergSource
    from hf_platform.market.sources.database import DatabaseSource
    from hf_platform.market.sources.feed_file import read_feed_file
    from hf_platform.market.sources.folder import FolderSource
    from hf_platform.market.sources.refinitiv import RefinitivSource
    from hf_platform.market.sources.rest import RestSource
    from hf_platform.market.sources.yahoo import YahooSource

    feeds = read_feed_file(settings.feeds)
    found: tuple[PriceSource | None, ...] = (
        FolderSource(feeds.folder) if feeds.folder else None,
        RestSource(feeds.rest, settings) if feeds.rest else None,
        DatabaseSource(feeds.database, settings) if feeds.database else None,
        YahooSource(feeds.yahoo) if feeds.yahoo else None,
        BloombergSource(feeds.bloomberg) if feeds.bloomberg else None,
        RefinitivSource(feeds.refinitiv, settings) if feeds.refinitiv else None,
    )
    return tuple(source for source in found if source is not None)


def route(sources: Mapping[str, PriceSource], instruments: Iterable[str]) -> tuple[dict[str, list[str]], list[str]]:
    """Tell from which sources each instrument is loaded.

    Parameters
    ----------
    sources : mapping of name to PriceSource
        In the order in which they are asked; an instrument that several have is loaded from each.
    instruments : iterable of str

    Returns
    -------
    by_source : dict of source name to list of str
        Only sources that have something to load.
    unknown : list of str
        Instruments that no source has.
    """
    asked = list(dict.fromkeys(instruments))
    offered = {name: {record.instrument for record in source.instruments()} for name, source in sources.items()}
    by_source = {name: [i for i in asked if i in has] for name, has in offered.items()}
    unknown = [i for i in asked if not any(i in has for has in offered.values())]
    return {name: found for name, found in by_source.items() if found}, unknown
