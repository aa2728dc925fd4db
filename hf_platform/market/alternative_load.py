"""Alternative data from a feed into the lake: bad rows to quarantine, new and restated ones appended."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import polars as pl

from hf_platform.errors import PlatformError
from hf_platform.lake import Lake
from hf_platform.market import quarantine, schemas
from hf_platform.market.alternative_data import (
    ALTERNATIVE_SCHEMA,
    KINDS,
    MOST_DIMENSIONS,
    NAME_RULE,
    AlternativeSource,
)
from hf_platform.market.appending import VintageTable
from hf_platform.market.ingest_results import LoadResult
from hf_platform.market.quarantine import Refusal
from hf_platform.market.source import TIME, require
from hf_platform.types import utc_naive

CHUNK: Final = 100  # instruments per transaction, so that the writer lock is never held for long
_KEY: Final = ("instrument", "kind", "name", "event_at")
_VALUES: Final = ("value", "text", "embedding")
_TABLE: Final = VintageTable(
    name="market.alternative_data",
    producer="alternative_data",
    key=_KEY,
    series=_KEY[:3],
    values=_VALUES,
    stored="""
        SELECT instrument, kind, name, event_at, known_at, value, text, embedding, source
        FROM market.alternative_data WHERE instrument IN (SELECT unnest($instruments::VARCHAR[]))
    """,
)


def load_alternative(
    store: Lake, source: AlternativeSource, instruments: Sequence[str], *, run_id: str, now: datetime
) -> dict[str, LoadResult]:
    """Append the observations that a feed has and the lake has not.

    Parameters
    ----------
    store : Lake
        Receives `market.alternative_data` and `market.quarantine`.
    source : AlternativeSource
    instruments : sequence of str
        Which ones; trouble with one is its `error` and leaves the others alone.
    run_id : str
        Written beside the rows.
    now : datetime
        Time of arrival, UTC: known_at of what differs from an earlier delivery, or fills a gap in one.

    Returns
    -------
    dict of instrument to LoadResult
        In the order asked for. Loading the same data again writes nothing.
    """
    arrived = utc_naive(now)
    offered = source.alternative_instruments()
    results: dict[str, LoadResult] = {}
    asked = list(dict.fromkeys(instruments))
    for start in range(0, len(asked), CHUNK):
        good: list[pl.DataFrame] = [pl.DataFrame(schema=ALTERNATIVE_SCHEMA)]
        refused: list[pl.DataFrame] = []
        names = asked[start : start + CHUNK]
        for name in names:
            try:
                require(name, offered)
                kept, bad = screen(source.alternative_data(name), now=arrived)
                good.append(schemas.check(kept.select(*ALTERNATIVE_SCHEMA), schemas.alternative_schema(), name))
                refused.append(bad)
            except PlatformError as error:
                results[name] = LoadResult(error=str(error))
        loaded = [name for name in names if name not in results]
        rows, bad = pl.concat(good), pl.concat(refused, how="diagonal") if refused else pl.DataFrame()
        changes = _TABLE.append(store, rows, bad, source=source.name, run_id=run_id, now=arrived)
        results |= {name: LoadResult.of(name, rows, bad, changes) for name in loaded}
    return {name: results[name] for name in asked}


def screen(fetched: pl.DataFrame, *, now: datetime) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Part the observations that may be stored from those that may not.

    Parameters
    ----------
    fetched : DataFrame
        Columns of `ALTERNATIVE_SCHEMA`; `file`, `row_number` and `found` (the cells that could not be
        read, as text) are used where present.
    now : datetime
        Time of loading, naive UTC.

    Returns
    -------
    good, refused : DataFrame
        Without and with the reasons for `market.quarantine`. Rows that repeat another exactly are kept once.
    """
    rows = fetched if "found" in fetched.columns else fetched.with_columns(pl.lit(None, pl.String).alias("found"))
    rows = rows.unique(subset=[*_KEY, "known_at", *_VALUES, "found"], keep="first", maintain_order=True)
    good, refused = quarantine.refuse(rows, _refusals(now), identity=_KEY[:3], payload=[*_KEY[1:3], *_VALUES], now=now)
    return good.select(*ALTERNATIVE_SCHEMA), refused


def _refusals(now: datetime) -> tuple[Refusal, ...]:
    """List the rules in the order in which a row is tried."""
    fix = "Load the corrected row."
    size = pl.col("embedding").list.len()
    usual = size.drop_nulls().mode().sort().first().over("kind", "name")
    broken = pl.col("embedding").list.eval(pl.element().is_finite().fill_null(value=False)).list.all()
    known, event = pl.col("known_at"), pl.col("event_at")
    shown = pl.format("value={} embedding={}", pl.col("value").cast(pl.String).fill_null("none"), size.fill_null(0))
    finite = (pl.col("value").is_not_null() & ~pl.col("value").is_finite()) | ~broken.fill_null(value=True)
    return (
        Refusal("every cell can be read", pl.col("found").is_not_null(), pl.col("found"), fix),
        Refusal("there is an event time", event.is_null(), pl.lit("none"), fix),
        Refusal("the kind is known", ~pl.col("kind").is_in(KINDS), pl.col("kind"), f"Write one of {', '.join(KINDS)}."),
        Refusal("the name is lower case", ~pl.col("name").str.contains(NAME_RULE), pl.col("name"),
                "Write a name like bid_price_1: a letter, then letters, digits and underscores, 64 at most."),
        Refusal("there is a value or an embedding", pl.col("value").is_null() & pl.col("embedding").is_null(), shown,
                fix),
        Refusal("numbers are finite", finite, shown, fix),
        Refusal("nothing is known before it happens", (known < event).fill_null(value=True),
                known.cast(pl.String).fill_null("none"), "Write when it was published, or leave known_at out."),
        Refusal("it has been published before it is loaded", known > pl.lit(now, TIME), known.cast(pl.String),
                "Load it again once it is public."),
        Refusal("embeddings of a series have one length", ((size != usual) | (size > MOST_DIMENSIONS)).fill_null(
            value=False), size.cast(pl.String), f"Use one encoder per series, with at most {MOST_DIMENSIONS} numbers."),
        Refusal("one observation per series and time", pl.struct(_KEY).is_duplicated(), shown,
                "Keep the row that is right; a restatement comes in a later file."),
    )  # fmt: skip
