"""Bars: raw prices in their newest vintage, flagged, at every frequency that nests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import polars as pl

from hf_platform.horizons import FREQUENCIES
from hf_platform.lake import Lake
from hf_platform.market import cleaning, final_payments, schemas
from hf_platform.market.corporate_actions import read_actions
from hf_platform.market.folding import can_fold, fold
from hf_platform.market.source import TIME, VALUE_COLUMNS
from hf_platform.market.universe import Instrument, read_universe

__all__ = ["BarsResult", "all_frequencies", "build_bars", "can_fold", "changes", "fold", "read_bars"]

CHUNK: Final = 100  # instruments per transaction
PRODUCER: Final = "bars"
_MOST_ROWS: Final = 1_000_000  # raw prices per transaction
_COUNTS: Final = """
    SELECT instrument, count(*) AS n FROM market.raw_prices
    WHERE instrument IN (SELECT unnest($instruments::VARCHAR[])) GROUP BY instrument
"""
_KEY: Final = ["instrument", "frequency", "event_at"]
_COLUMNS: Final = "instrument, frequency, event_at, known_at, ingested_at, open, high, low, close, volume, source"
_NEWEST: Final = """
    WHERE instrument IN (SELECT unnest($instruments::VARCHAR[]))
      AND ($frequency::VARCHAR IS NULL OR frequency = $frequency::VARCHAR)
      AND ($as_of::TIMESTAMP IS NULL OR known_at <= $as_of::TIMESTAMP)
    QUALIFY row_number() OVER (PARTITION BY instrument, frequency, event_at ORDER BY known_at DESC) = 1
    ORDER BY instrument, frequency, event_at
"""
_RAW: Final = f"SELECT {_COLUMNS} FROM market.raw_prices {_NEWEST}"
_BARS: Final = f"SELECT {_COLUMNS}, flags FROM market.bars {_NEWEST}"


@dataclass(frozen=True, slots=True)
class BarsResult:
    """What one build did for one instrument.

    Parameters
    ----------
    rows : dict of frequency to int
        Rows written.
    n_bars : dict of frequency to int
        Bars in the current vintage.
    n_flagged : int
        Bars of the current vintage that carry a flag.
    error : str or None
        Why there are no bars.
    """

    rows: dict[str, int] = field(default_factory=dict[str, int])
    n_bars: dict[str, int] = field(default_factory=dict[str, int])
    n_flagged: int = 0
    error: str | None = None


def read_bars(
    store: Lake, instruments: Sequence[str], *, frequency: str | None = None, as_of: datetime | None = None
) -> pl.DataFrame:
    """Read bars as they were known at a moment.

    Parameters
    ----------
    store : Lake
    instruments : sequence of str
    frequency : str, optional
        All frequencies by default.
    as_of : datetime, optional
        Knowledge cutoff, naive UTC; everything by default.

    Returns
    -------
    DataFrame
        The newest vintage of each bar that was known, sorted by instrument, frequency, event_at.
    """
    return store.query(_BARS, {"instruments": list(instruments), "frequency": frequency, "as_of": as_of})


def build_bars(store: Lake, instruments: Sequence[str], *, run_id: str) -> dict[str, BarsResult]:
    """Flag the newest raw prices, fold them, and append what changed to `market.bars`.

    Parameters
    ----------
    store : Lake
    instruments : sequence of str
        An instrument without raw prices gets an `error`; the others are built.
    run_id : str
        Written beside the rows.

    Returns
    -------
    dict of instrument to BarsResult
        In the order asked for.

    Notes
    -----
    A bar whose value or flags differ from what is stored is appended as a later vintage, known from
    when its newest part was known. Building again writes nothing. A merger or delisting ends the series
    with what holders got (`final_payments`).
    """
    records = read_universe(store)
    asked = list(dict.fromkeys(instruments))
    results: dict[str, BarsResult] = {}
    for names in _chunks(store, asked):
        arguments: dict[str, object] = {"instruments": names, "frequency": None, "as_of": None}
        seen = store.latest_snapshot()
        actions = read_actions(store, names)
        raw = store.query(_RAW, arguments)
        paid = final_payments.payments(raw, actions, records, final_payments.read_counterparts(store, actions))
        folded = all_frequencies(pl.concat([raw, paid]), records)
        flagged = cleaning.flag(folded, records=records, actions=actions)
        stored = store.query(_BARS, arguments)
        wanted = final_payments.mark(flagged, stored)
        changed = changes(wanted, stored)
        if not changed.is_empty():
            schemas.check(changed, schemas.bars_schema(), "bars")
            with store.transaction(PRODUCER, run_id, f"bars of {len(names)} instruments") as tx:
                if store.latest_snapshot() != seen:  # somebody wrote between the look and the lock
                    changed = changes(wanted, tx.query(_BARS, arguments))
                tx.append("market.bars", changed)
        results |= {name: _result(name, wanted, changed) for name in names}
    return results


def _chunks(store: Lake, asked: Sequence[str]) -> list[list[str]]:
    """Part instruments so that neither the lock is held for long nor memory runs out over minutes."""
    counts = dict(store.query(_COUNTS, {"instruments": list(asked)}).iter_rows())
    chunks: list[list[str]] = []
    rows = 0
    for name in asked:
        n = int(counts.get(name, 0))
        if not chunks or len(chunks[-1]) == CHUNK or rows + n > _MOST_ROWS:
            chunks.append([])
            rows = 0
        chunks[-1].append(name)
        rows += n
    return chunks


def all_frequencies(raw: pl.DataFrame, records: Mapping[str, Instrument]) -> pl.DataFrame:
    """Add to the bars of a source every coarser frequency that they nest in.

    Parameters
    ----------
    raw : DataFrame
        One vintage of raw prices, any number of instruments and frequencies.
    records : mapping of instrument to Instrument
        Their calendars; XNYS where an instrument is not in it.

    Returns
    -------
    DataFrame
        The same columns. Bars that a source delivers itself win over folded ones; otherwise the
        coarsest frequency that nests is folded.
    """
    calendars = {name: record.calendar for name, record in records.items()}
    keyed = raw.with_columns(
        pl.col("instrument").replace_strict(calendars, default="XNYS", return_dtype=pl.String).alias("_calendar")
    )
    parts = [raw]
    for (calendar,), group in keyed.partition_by("_calendar", as_dict=True, include_key=False).items():
        native = {str(name): part for (name,), part in group.partition_by("frequency", as_dict=True).items()}
        for to in FREQUENCIES:
            done = native[to].select("instrument").unique() if to in native else group.clear().select("instrument")
            for source in reversed(FREQUENCIES):
                if source not in native or not can_fold(source, to):
                    continue
                part = native[source].join(done, on="instrument", how="anti")
                parts.append(fold(part, to, str(calendar)))
                done = pl.concat([done, part.select("instrument").unique()])
    return pl.concat(parts).sort(_KEY)


def changes(wanted: pl.DataFrame, stored: pl.DataFrame) -> pl.DataFrame:
    """Find the bars that the lake does not hold yet, or holds otherwise.

    Parameters
    ----------
    wanted : DataFrame
        Flagged bars, one row per (instrument, frequency, event_at).
    stored : DataFrame
        The newest stored vintage of the same instruments.

    Returns
    -------
    DataFrame
        Rows of `wanted` to append. known_at of a changed bar lies after the stored one's: that of its
        newest part, else the arrival of the newest data up to it.
    """
    joined = wanted.join(stored.rename({c: f"{c}_old" for c in stored.columns if c not in _KEY}), on=_KEY, how="left")
    is_new = pl.col("known_at_old").is_null()
    same_values = pl.all_horizontal(pl.col(c).eq_missing(pl.col(f"{c}_old")) for c in VALUE_COLUMNS)
    same_flags = pl.col("flags").list.join(",").eq_missing(pl.col("flags_old").list.join(","))
    arrival = pl.col("ingested_at").cum_max().over("instrument", "frequency")
    later = (
        pl.when(pl.col("known_at") > pl.col("known_at_old"))
        .then("known_at")
        .when(pl.col("_arrival") > pl.col("known_at_old"))
        .then("_arrival")
    )
    next_moment = pl.col("known_at_old") + pl.duration(microseconds=1)
    return (
        joined.sort(_KEY)
        .with_columns(arrival.alias("_arrival"))
        .filter(is_new | ~same_values | (~same_flags & later.is_not_null()))
        .with_columns(
            pl.when(is_new).then("known_at").otherwise(pl.coalesce(later, next_moment)).cast(TIME).alias("known_at")
        )
        .select(wanted.columns)
    )


def _result(name: str, wanted: pl.DataFrame, changed: pl.DataFrame) -> BarsResult:
    bars = wanted.filter(pl.col("instrument") == name)
    if bars.is_empty():
        return BarsResult(
            error=f"{name}: no raw prices are stored. Load them first, for example with `hfp ingest`, and look for "
            "refused rows in market.quarantine."
        )
    written = changed.filter(pl.col("instrument") == name)
    return BarsResult(
        rows=dict(written.group_by("frequency").len().sort("frequency").iter_rows()),
        n_bars=dict(bars.group_by("frequency").len().sort("frequency").iter_rows()),
        n_flagged=bars.filter(pl.col("flags").list.len() > 0).height,
    )
