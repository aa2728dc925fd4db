"""Identities between frequencies: a coarse bar says exactly what the fine bars inside it say.

Worked out apart from `folding.fold`, which made the coarse bars: fine bars are carried forward to the first
period end at or after them by an as-of join, and reduced there.
"""

from datetime import datetime
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from hf_platform import calendar as calendars
from hf_platform.horizons import FREQUENCIES, INTRADAY
from hf_platform.market.folding import can_fold
from hf_platform.market.source import TIME, VALUE_COLUMNS

if TYPE_CHECKING:
    from hf_platform.lake import Lake

_BARS: Final = """
    SELECT b.instrument, b.frequency, b.event_at, b.open, b.high, b.low, b.close, b.volume,
           coalesce(u.calendar, 'XNYS') AS calendar, b.flags
    FROM market.bars b LEFT JOIN (
        SELECT instrument, arg_max(calendar, valid_from) AS calendar FROM market.universe GROUP BY instrument
    ) u USING (instrument)
    WHERE b.known_at <= $as_of::TIMESTAMP
    QUALIFY row_number() OVER (PARTITION BY b.instrument, b.frequency, b.event_at ORDER BY b.known_at DESC) = 1
    ORDER BY b.instrument, b.event_at
"""
_DELIVERED: Final = "SELECT DISTINCT instrument, frequency FROM market.raw_prices"
_TOLERANCE: Final = 1e-12  # of sums of volume, whose order may differ


def broken_identities(store: "Lake", as_of: datetime) -> pl.DataFrame:
    """Find coarse bars that differ from the fold of the finer ones.

    Parameters
    ----------
    store : Lake
    as_of : datetime
        Knowledge cutoff, UTC.

    Returns
    -------
    DataFrame
        instrument, finer, coarser, event_at, column, stored, folded; empty where all holds. Bars that a
        source delivered at the coarse frequency itself are its own word and are not compared.
    """
    bars = store.query(_BARS, {"as_of": as_of})
    # A payment that was taken back stays as a bar under its flag; the bars above it were folded without it.
    bars = bars.filter(~pl.col("flags").list.contains("cancelled_payment"))
    delivered = store.query(_DELIVERED)
    folded = bars.join(delivered, on=["instrument", "frequency"], how="anti")
    broken = [pl.DataFrame(schema=_SCHEMA)]
    for (name, to), coarse in folded.partition_by("calendar", "frequency", as_dict=True).items():
        for finer in (f for f in FREQUENCIES if can_fold(f, str(to))):
            fine = bars.filter((pl.col("frequency") == finer) & (pl.col("calendar") == name))
            fine = fine.join(coarse.select("instrument").unique(), on="instrument", how="semi")
            if fine.height:
                broken.append(_compare(fine, coarse, str(name), finer, str(to)))
    return pl.concat(broken)


_SCHEMA: Final[dict[str, pl.DataType]] = {
    "instrument": pl.String(), "finer": pl.String(), "coarser": pl.String(), "event_at": TIME, "column": pl.String(),
    "stored": pl.Float64(), "folded": pl.Float64(),
}  # fmt: skip


def _compare(fine: pl.DataFrame, coarse: pl.DataFrame, name: str, finer: str, to: str) -> pl.DataFrame:
    """Reduce fine bars at the ends of their periods and set them beside the coarse ones."""
    moments = fine["event_at"].to_numpy().astype("datetime64[us]")
    if finer in INTRADAY:
        fine = fine.filter(calendars.in_session(name, moments))
    last = moments.max() + np.timedelta64(70, "D")
    ends = pl.DataFrame({"end": pl.Series(calendars.bar_closes(name, to, moments.min(), last), dtype=TIME)})
    placed = fine.sort("event_at").join_asof(ends.sort("end"), left_on="event_at", right_on="end", strategy="forward")
    whole = {side: pl.when(pl.col(side).null_count() == 0) for side in ("high", "low")}
    reduced = placed.group_by("instrument", "end").agg(
        pl.col("open").sort_by("event_at").first(),
        whole["high"].then(pl.col("high").max()).alias("high"),
        whole["low"].then(pl.col("low").min()).alias("low"),
        pl.col("close").sort_by("event_at").drop_nulls().last(),
        pl.when(pl.col("volume").count() > 0).then(pl.col("volume").sum()).alias("volume"),
    )
    both = coarse.join(reduced, left_on=["instrument", "event_at"], right_on=["instrument", "end"], how="left",
                       suffix="_folded")  # fmt: skip
    parts = [
        both.select(
            "instrument", pl.lit(finer).alias("finer"), pl.lit(to).alias("coarser"), "event_at",
            pl.lit(column).alias("column"), pl.col(column).alias("stored"), pl.col(f"{column}_folded").alias("folded"),
        )
        for column in VALUE_COLUMNS
    ]  # fmt: skip
    differs = (pl.col("stored") - pl.col("folded")).abs() > _TOLERANCE * pl.col("stored").abs()
    absent = pl.col("stored").is_null() != pl.col("folded").is_null()
    return pl.concat(parts).filter(differs.fill_null(value=False) | absent)
