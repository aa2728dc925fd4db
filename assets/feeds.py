"""Feeds beside prices, key by key: corporate actions and alternative data, from whichever source has them."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from assets.recording import KeyRecord
from hf_platform.fitting.outcome import KeyStatus
from hf_platform.market.alternative_data import AlternativeSource
from hf_platform.market.alternative_load import load_alternative
from hf_platform.market.corporate_actions import ActionSource, load_actions
from hf_platform.market.ingest_results import LoadResult
from hf_platform.market.source import PriceSource
from resources.platform import Platform


@dataclass(frozen=True, slots=True)
class Feed:
    """One asset that some sources can fill and others cannot.

    Parameters
    ----------
    asset : str
        Its name.
    none : str
        What to say of an instrument that no source has it for; ``{}`` is the instrument.
    offered : callable
        Instruments that a source has it for; empty where the source knows nothing of the kind.
    load : callable
        Loads them: (platform, source, instruments, run id, time of arrival) to results by instrument.
    """

    asset: str
    none: str
    offered: Callable[[PriceSource], Iterable[str]]
    load: Callable[[Platform, PriceSource, Sequence[str], str, datetime], Mapping[str, LoadResult]]

    def load_all(self, platform: Platform, instruments: Sequence[str], run_id: str) -> list[KeyRecord]:
        """Load every instrument from each source that offers it; the others are skipped, with the reason."""
        now = datetime.now(UTC).replace(tzinfo=None)  # arrival of restatements; never used as a cutoff
        records = {name: KeyRecord(name, KeyStatus.SKIPPED, self.none.format(name)) for name in instruments}
        for source in platform.sources.values():
            offered = set(self.offered(source))
            names = [name for name in instruments if name in offered]
            for name, result in (self.load(platform, source, names, run_id, now) if names else {}).items():
                status = KeyStatus.FAILED if result.error else KeyStatus.OK
                if records[name].status is not KeyStatus.FAILED:  # one failing source is not hidden by a good one
                    records[name] = KeyRecord(name, status, result.error, metadata=plain(result, source=source.name))
        return list(records.values())


def _load_actions(
    platform: Platform, source: PriceSource, names: Sequence[str], run_id: str, now: datetime
) -> Mapping[str, LoadResult]:
    return (
        load_actions(platform.lake, source, names, run_id=run_id, now=now) if isinstance(source, ActionSource) else {}
    )


def _load_alternative(
    platform: Platform, source: PriceSource, names: Sequence[str], run_id: str, now: datetime
) -> Mapping[str, LoadResult]:
    if not isinstance(source, AlternativeSource):
        return {}
    return load_alternative(platform.lake, source, names, run_id=run_id, now=now)


FEEDS = (
    Feed(
        "corporate_actions",
        "no source has corporate actions of {}; bundled prices are adjusted already. Drop a file with hfp ingest",
        lambda source: source.action_instruments() if isinstance(source, ActionSource) else (),
        _load_actions,
    ),
    Feed(
        "alternative_data",
        "no source has alternative data of {}. Drop a file with hfp ingest",
        lambda source: source.alternative_instruments() if isinstance(source, AlternativeSource) else (),
        _load_alternative,
    ),
)


def plain(result: Any, **more: Any) -> dict[str, Any]:
    """Write a result's fields as metadata: numbers and text stay, the rest becomes JSON."""
    fields = {name: getattr(result, name) for name in result.__dataclass_fields__} | more
    simple = (int, float, str)
    return {
        name: value if isinstance(value, simple) else json.dumps(value, default=str)
        for name, value in fields.items()
        if value is not None
    }
