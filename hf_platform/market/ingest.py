"""From a source into the lake: only what is new is appended, nothing is ever overwritten."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import polars as pl

from hf_platform.errors import DataError, PlatformError
from hf_platform.lake import Lake
from hf_platform.market import quarantine, schemas, tickers
from hf_platform.market.ingest_results import LoadResult
from hf_platform.market.source import RAW_SCHEMA, TIME, VALUE_COLUMNS, PriceSource, require
from hf_platform.market.universe import Instrument
from hf_platform.market.vintages import appendable
from hf_platform.types import utc_naive

__all__ = ["LoadResult", "difference", "load_prices"]

CHUNK: Final = 100  # instruments per transaction, so that the writer lock is never held for long
PRODUCER: Final = "raw_prices"
_KEY: Final = ["instrument", "frequency", "event_at"]
_STORED: Final = """
    SELECT instrument, frequency, event_at, known_at, open, high, low, close, volume, source
    FROM market.raw_prices WHERE instrument IN (SELECT unnest($instruments::VARCHAR[]))
"""
_IN_UNIVERSE: Final = "SELECT DISTINCT instrument FROM market.universe"


@dataclass(frozen=True, slots=True, eq=False)
class _Batch:
    """What a source gave for a chunk of instruments."""

    records: dict[str, Instrument]
    good: pl.DataFrame
    refused: pl.DataFrame
    errors: dict[str, str]
    spells: pl.DataFrame


def load_prices(
    store: Lake, source: PriceSource, instruments: Sequence[str], *, run_id: str, now: datetime
) -> dict[str, LoadResult]:
    """Append what a source has and the lake has not.

    Parameters
    ----------
    store : Lake
        Receives `market.raw_prices`, `market.quarantine`, `market.tickers` of a feed that knows them
        and, for instruments seen for the first time, `market.universe`.
    source : PriceSource
        The feed.
    instruments : sequence of str
        Which ones; trouble with one is its `error` and leaves the others alone.
    run_id : str
        Written beside the rows.
    now : datetime
        Time of arrival, UTC.

    Returns
    -------
    dict of instrument to LoadResult
        In the order asked for.

    Notes
    -----
    known_at of a bar's first vintage is the source's event_at + publication lag. A value that
    differs from what the same source said before is a restatement: appended with known_at = `now`.
    So is a bar that fills a gap between stored ones, because nobody could have used it earlier.
    Loading the same data again writes nothing.
    """
    arrived = utc_naive(now)
    records = {record.instrument: record for record in source.instruments()}
    results: dict[str, LoadResult] = {}
    asked = list(dict.fromkeys(instruments))
    for start in range(0, len(asked), CHUNK):
        names = asked[start : start + CHUNK]
        batch = _fetch(source, names, records, arrived)
        counts = _write(store, batch, source.name, run_id, arrived)
        results |= {name: _result(name, batch, counts) for name in names}
    return results


def _fetch(source: PriceSource, names: Sequence[str], records: Mapping[str, Instrument], now: datetime) -> _Batch:
    """Fetch, screen and check each instrument by itself."""
    good: list[pl.DataFrame] = [pl.DataFrame(schema=RAW_SCHEMA)]
    refused: list[pl.DataFrame] = []
    errors: dict[str, str] = {}
    for name in names:
        try:
            require(name, tuple(records))
            fetched = source.fetch(name)
            kept, bad = quarantine.split(fetched, records[name], now=now)
            refused.append(bad)
            if kept.is_empty():
                raise DataError(
                    f"{name}: {source.name} gave {fetched.height} rows and no usable price; {bad.height} are in "
                    "market.quarantine. Correct the source, or drop the instrument from the universe."
                )
            good.append(schemas.check(kept.select(*RAW_SCHEMA), schemas.raw_prices_schema(), name))
        except PlatformError as error:
            errors[name] = str(error)
    found = {name: records[name] for name in names if name not in errors}
    spells = [source.ticker_spells(name) for name in found] if isinstance(source, tickers.TickerSource) else []
    bad = pl.concat(refused, how="diagonal") if refused else pl.DataFrame()
    return _Batch(found, pl.concat(good), bad, errors, tickers.spells_of(spells))


def _write(store: Lake, batch: _Batch, source: str, run_id: str, now: datetime) -> pl.DataFrame:
    """Commit what is new; decide what that is under the writer lock, once there seems to be something."""
    refused = batch.refused
    arguments: dict[str, object] = {"instruments": list(batch.records)}
    seen = store.latest_snapshot()
    ahead = difference(batch.good, store.query(_STORED, arguments), source, now)
    spells = tickers.appendable_spells(batch.spells, tickers.read_tickers(store), now)
    if ahead.is_empty() and spells.is_empty() and not quarantine.has_unseen(refused, store.query):
        return ahead
    with store.transaction(PRODUCER, run_id, f"load {len(batch.records)} instruments from {source}") as tx:
        changes = ahead
        if store.latest_snapshot() != seen:  # somebody wrote between the look and the lock
            changes = difference(batch.good, tx.query(_STORED, arguments), source, now)
            spells = tickers.appendable_spells(batch.spells, tickers.read_tickers(tx), now)
        tx.append("market.raw_prices", changes.drop("vintage").with_columns(pl.lit(now, TIME).alias("ingested_at")))
        if not refused.is_empty():
            tx.append("market.quarantine", refused)
        if not spells.is_empty():
            tx.append("market.tickers", spells.with_columns(pl.lit(now, TIME).alias("ingested_at")))
        listed = set(tx.query(_IN_UNIVERSE)["instrument"].to_list())
        tx.append("market.universe", _universe_rows(batch, source, listed))
    return changes


def difference(fetched: pl.DataFrame, stored: pl.DataFrame, source: str, now: datetime) -> pl.DataFrame:
    """Find the rows that the lake does not hold yet.

    Parameters
    ----------
    fetched : DataFrame
        Columns of `RAW_SCHEMA`, one row per (instrument, frequency, event_at), from one source.
    stored : DataFrame
        The same columns, every vintage of these instruments.
    source : str
        Name of the feed that gave `fetched`.
    now : datetime
        Time of arrival, naive UTC.

    Returns
    -------
    DataFrame
        Columns of `RAW_SCHEMA` with the known_at to store, and ``vintage``: ``new`` or ``restated``.
    """
    return appendable(
        fetched.select(*RAW_SCHEMA), stored,
        key=_KEY, series=["instrument", "frequency"], values=VALUE_COLUMNS, source=source, now=now,
    )  # fmt: skip


def _universe_rows(batch: _Batch, source: str, listed: set[str]) -> pl.DataFrame:
    firsts = dict(batch.good.group_by("instrument").agg(pl.col("event_at").min()).iter_rows())
    rows = [
        {
            "instrument": name,
            "name": record.name or name,
            "asset_class": record.asset_class,
            "calendar": record.calendar,
            "currency": record.currency,
            "valid_from": record.valid_from or firsts[name],
            "valid_to": record.valid_to,
            "source": source,
            "price_rule": record.price_rule,
            "frequency": record.frequency,
        }
        for name, record in batch.records.items()
        if name not in listed
    ]
    return pl.DataFrame(rows, schema=_UNIVERSE_SCHEMA)


_UNIVERSE_SCHEMA: Final[dict[str, pl.DataType]] = {
    "instrument": pl.String(),
    "name": pl.String(),
    "asset_class": pl.String(),
    "calendar": pl.String(),
    "currency": pl.String(),
    "valid_from": TIME,
    "valid_to": TIME,
    "source": pl.String(),
    "price_rule": pl.String(),
    "frequency": pl.String(),
}


def _result(name: str, batch: _Batch, changes: pl.DataFrame) -> LoadResult:
    refused = batch.refused.filter(pl.col("instrument") == name).height if batch.refused.width else 0
    if name in batch.errors:
        return LoadResult(rows_quarantined=refused, error=batch.errors[name])
    return LoadResult.of(name, batch.good, batch.refused, changes)
