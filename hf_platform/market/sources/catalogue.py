"""The one list of price sources, and which instrument comes from which."""

from collections.abc import Iterable, Mapping

from hf_platform.market.source import PriceSource
from hf_platform.market.sources.bundled import BundledSource
from hf_platform.market.sources.files import FilesSource
from hf_platform.market.sources.simulated import SimulatedSource
from hf_platform.settings import Settings


def available(settings: Settings) -> dict[str, PriceSource]:
    """Open every source; none reads a price before it is asked."""
    sources: tuple[PriceSource, ...] = (BundledSource(), FilesSource(settings), SimulatedSource(seed=settings.seed))
    return {source.name: source for source in sources}


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
