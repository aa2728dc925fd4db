"""From a source into the lake: only what is new is appended, nothing is ever overwritten."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import polars as pl

from hf_platform.errors import DataError, PlatformError
from hf_platform.lake import Lake
from hf_platform.market import quarantine, schemas
from hf_platform.market.source import RAW_SCHEMA, TIME, VALUE_COLUMNS, PriceSource, require
from hf_platform.market.universe import Instrument
from hf_platform.types import utc_naive

CHUNK: Final = 100  # instruments per transaction, so that the writer lock is never held for long
PRODUCER: Final = "raw_prices"
_KEY: Final = ["instrument", "frequency", "event_at"]
_STORED: Final = """
    SELECT instrument, frequency, event_at, known_at, open, high, low, close, volume, source
    FROM market.raw_prices WHERE instrument IN (SELECT unnest($instruments::VARCHAR[]))
"""
_IN_UNIVERSE: Final = "SELECT DISTINCT instrument FROM market.universe"

Query = Callable[[str, dict[str, object]], pl.DataFrame]


@dataclass(frozen=True, slots=True)
class LoadResult:
    """What one load did for one instrument.

    Parameters
    ----------
    rows_new, rows_restated, rows_known, rows_quarantined : int
        Appended for the first time; appended as a later vintage of a stored bar; found unchanged;
        refused.
    first, last : datetime or None
        event_at of the first and last usable row that the source gave, naive UTC.
    error : str or None
        Why nothing could be loaded.
    """

    rows_new: int = 0
    rows_restated: int = 0
    rows_known: int = 0
    rows_quarantined: int = 0
    first: datetime | None = None
    last: datetime | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Batch:
    """What a source gave for a chunk of instruments."""

    records: dict[str, Instrument]
    good: pl.DataFrame
    refused: pl.DataFrame
    errors: dict[str, str]


def load_prices(
    store: Lake, source: PriceSource, instruments: Sequence[str], *, run_id: str, now: datetime
) -> dict[str, LoadResult]:
    """Append what a source has and the lake has not.

    Parameters
    ----------
    store : Lake
        Receives `market.raw_prices`, `market.quarantine` and, for instruments seen for the first
        time, `market.universe`.
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
    return _Batch(found, pl.concat(good), pl.concat(refused, how="diagonal") if refused else pl.DataFrame(), errors)


def _write(store: Lake, batch: _Batch, source: str, run_id: str, now: datetime) -> pl.DataFrame:
    """Commit what is new; decide what that is under the writer lock, once there seems to be something."""
    refused = batch.refused
    arguments: dict[str, object] = {"instruments": list(batch.records)}
    ahead = difference(batch.good, store.query(_STORED, arguments), source, now)
    if ahead.is_empty() and not _unseen(refused, store.query):
        return ahead
    with store.transaction(PRODUCER, run_id, f"load {len(batch.records)} instruments from {source}") as tx:
        changes = difference(batch.good, tx.query(_STORED, arguments), source, now)
        tx.append("market.raw_prices", changes.drop("vintage").with_columns(pl.lit(now, TIME).alias("ingested_at")))
        if not refused.is_empty():
            tx.append("market.quarantine", refused)
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
    ordered = stored.sort("known_at", maintain_order=True)
    newest = ordered.unique(_KEY, keep="last")
    own = ordered.filter(pl.col("source") == source).unique(_KEY, keep="last")
    reach = stored.group_by("instrument", "frequency").agg(
        pl.col("event_at").min().alias("_from"), pl.col("event_at").max().alias("_to")
    )
    # A feed is compared with what it said itself: two feeds that disagree must not take turns for ever.
    said = newest.join(own, on=_KEY, how="left", suffix="_own").select(
        *_KEY,
        pl.col("known_at").alias("_known_at"),
        *(
            pl.when(pl.col("source_own").is_null()).then(c).otherwise(pl.col(f"{c}_own")).alias(f"_{c}")
            for c in VALUE_COLUMNS
        ),
    )
    same = pl.all_horizontal(pl.col(c).eq_missing(pl.col(f"_{c}")) for c in VALUE_COLUMNS)
    is_new = pl.col("_known_at").is_null()
    fills_gap = is_new & pl.col("event_at").is_between("_from", "_to", closed="none").fill_null(value=False)
    arrival = pl.lit(now, TIME)
    later = pl.max_horizontal(arrival, pl.col("_known_at") + pl.duration(microseconds=1))
    known_at = (
        pl.when(~is_new).then(later).when(fills_gap).then(pl.max_horizontal(arrival, "known_at")).otherwise("known_at")
    )
    return (
        fetched.join(said, on=_KEY, how="left")
        .join(reach, on=["instrument", "frequency"], how="left")
        .filter(is_new | ~same)
        .with_columns(
            known_at.cast(TIME).alias("known_at"),
            pl.when(is_new).then(pl.lit("new")).otherwise(pl.lit("restated")).alias("vintage"),
        )
        .select(*RAW_SCHEMA, "vintage")
    )


def _unseen(refused: pl.DataFrame, query: Query) -> bool:
    """Tell whether the quarantine lacks one of these rows."""
    if refused.is_empty():
        return False
    ids = refused["quarantine_id"].to_list()
    sql = "SELECT count(*) AS n FROM market.quarantine WHERE quarantine_id IN (SELECT unnest($ids::VARCHAR[]))"
    return query(sql, {"ids": ids})["n"].item() < len(set(ids))


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
    given = batch.good.filter(pl.col("instrument") == name)["event_at"]
    vintages = changes.filter(pl.col("instrument") == name)["vintage"]
    new, restated = int((vintages == "new").sum()), int((vintages == "restated").sum())
    return LoadResult(
        rows_new=new,
        rows_restated=restated,
        rows_known=given.len() - new - restated,
        rows_quarantined=refused,
        first=given.dt.min(),  # pyright: ignore[reportArgumentType] - a datetime column
        last=given.dt.max(),  # pyright: ignore[reportArgumentType]
    )
