"""Bars of coarser frequencies, folded from finer ones on exchange sessions."""

from datetime import datetime
from typing import Final

import numpy as np
import polars as pl

from hf_platform import calendar as calendars
from hf_platform.errors import DataError
from hf_platform.horizons import FREQUENCIES, INTRADAY
from hf_platform.types import TimeArray

_ORDER: Final = tuple(FREQUENCIES)


def can_fold(source: str, to: str) -> bool:
    """Tell whether bars of one frequency nest in bars of another; weeks do not nest in months."""
    nested = source in _ORDER and to in _ORDER and _ORDER.index(source) < _ORDER.index(to)
    return nested and not (source == "1w" and to == "1mo")


def fold(bars: pl.DataFrame, to: str, calendar: str, *, through: datetime | None = None) -> pl.DataFrame:
    """Fold fine bars into coarse ones.

    Parameters
    ----------
    bars : DataFrame
        Bars of one frequency and any number of instruments: instrument, frequency, event_at (naive
        UTC), close, and any of known_at, ingested_at, open, high, low, volume, source. Any order.
    to : str
        The coarser frequency, a key of `horizons.FREQUENCIES`.
    calendar : str
        Exchange calendar of these instruments.
    through : datetime, optional
        The bars are complete up to here. By default the newest bar of each instrument: a period
        whose end lies after it is unfinished and gives no bar.

    Returns
    -------
    DataFrame
        The same columns (flags are left out), sorted by instrument and event_at. A bar is stamped
        with the close of its period, for weeks and months the close of their last session.

    Raises
    ------
    DataError
        If columns are missing, frequencies are mixed or do not nest, or a bar comes twice.
    UnknownNameError
        If there is no such calendar or frequency.

    Notes
    -----
    A fine bar belongs to the first period that ends at or after it, so that nothing is stamped
    before it happened: a price quoted on a holiday after the week's last session counts for the next
    week. Intraday bars outside the sessions, and bars before the calendar begins, belong to no period.

    open is the first, close the last close that is not null, volume the sum. Nothing is made up:
    high and low are null when any of theirs is, open when the first is, volume when all are; a
    period whose closes are all null gives no bar. known_at and ingested_at are the latest of theirs.
    Folding in steps equals folding at once.
    """
    source = _check(bars, to)
    if bars.is_empty():
        return bars.drop("flags", strict=False)
    ordered = bars.drop("flags", strict=False).sort("instrument", "event_at")
    if source in INTRADAY:
        inside = calendars.in_session(calendar, ordered["event_at"].to_numpy().astype("datetime64[us]"))
        ordered = ordered.filter(inside)
    if ordered.is_empty():
        return ordered
    ends = _period_ends(ordered["event_at"].to_numpy().astype("datetime64[us]"), to, calendar)
    complete = pl.lit(through, pl.Datetime("us")) if through is not None else pl.col("_complete")
    folded = (
        ordered.with_columns(
            pl.Series("_end", ends, dtype=pl.Datetime("us")),
            pl.col("event_at").max().over("instrument").alias("_complete"),
        )
        .filter(pl.col("_end") <= complete)  # NaT falls out as well
        .group_by("instrument", "_end", maintain_order=True)
        .agg(*(_AGGREGATIONS[name] for name in ordered.columns if name in _AGGREGATIONS))
    )
    stamped = folded.filter(pl.col("close").is_not_null()).with_columns(
        pl.lit(to).alias("frequency"), pl.col("_end").alias("event_at")
    )
    if "known_at" in ordered.columns:  # a period whose last session has no bar ends all the same
        stamped = stamped.with_columns(pl.max_horizontal("known_at", "event_at").alias("known_at"))
    return stamped.select(ordered.columns)


def _period_ends(event_at: TimeArray, to: str, calendar: str) -> TimeArray:
    """Give the end of the period that each bar belongs to; NaT outside the calendar's range."""
    grid = calendars.bar_closes(calendar, to, event_at.min(), event_at.max() + np.timedelta64(70, "D"))
    at = np.searchsorted(grid, event_at, side="left")
    known = (at < grid.size) & (event_at > calendars.sessions(calendar).opens[0])
    ends = np.full(event_at.shape, np.datetime64("NaT", "us"))
    ends[known] = grid[at[known]]
    return ends


def _check(bars: pl.DataFrame, to: str) -> str:
    missing = [name for name in ("instrument", "frequency", "event_at", "close") if name not in bars.columns]
    if missing:
        raise DataError(f"bars to fold need instrument, frequency, event_at, close; {missing[0]} is missing. Add it.")
    found = bars["frequency"].unique().sort().to_list()
    if len(found) > 1:
        raise DataError(f"bars to fold have one frequency, found {', '.join(found)}. Filter before folding.")
    source = str(found[0]) if found else "1min"
    if not can_fold(source, to):
        raise DataError(f"bars of {source} do not nest in bars of {to}. Fold from a finer frequency that does.")
    twice = bars.select(pl.struct("instrument", "event_at").is_duplicated().sum()).item()
    if twice:
        raise DataError(f"{twice} bars share instrument and event_at with another. Take one vintage of each.")
    return source


def _whole(column: str, value: pl.Expr) -> pl.Expr:
    """Give a value only where no part of it is missing."""
    return pl.when(pl.col(column).is_not_null().all()).then(value).alias(column)


_AGGREGATIONS: Final[dict[str, pl.Expr]] = {
    "known_at": pl.col("known_at").max(),
    "ingested_at": pl.col("ingested_at").max(),
    "open": pl.col("open").first(),
    "high": _whole("high", pl.col("high").max()),
    "low": _whole("low", pl.col("low").min()),
    "close": pl.col("close").drop_nulls().last(),
    "volume": pl.when(pl.col("volume").is_not_null().any()).then(pl.col("volume").sum()).alias("volume"),
    "source": pl.col("source").last(),
}
