"""Dates and times of a dropped file: from what people write to bar closes in UTC."""

from typing import Final

import numpy as np
import polars as pl

from hf_platform import calendar
from hf_platform.calendar import MINUTES
from hf_platform.horizons import INTRADAY
from hf_platform.types import TimeArray

# ISO 8601: a date, or a date and a time with or without a zone. 20240131 is read as well.
_ISO: Final = (
    r"^(?P<date>\d{4}-\d{2}-\d{2})(?:[T ](?P<time>\d{2}:\d{2})(?::(?P<seconds>\d{2}(?:\.\d{1,9})?))?\s*"
    r"(?P<zone>Z|[+-]\d{2}:?\d{2})?)?$"
)
_ENOUGH: Final = 4  # gaps
_DAY: Final = np.timedelta64(1, "D")


def parse_times(column: pl.Series) -> pl.DataFrame:
    """Read the written dates and times of a file.

    Parameters
    ----------
    column : Series of String, Date or Datetime, shape (n,)
        As found in the file.

    Returns
    -------
    DataFrame, shape (n,)
        ``written`` (String), ``local`` (naive Datetime as written, null where it cannot be read),
        ``offset`` (Int64, minutes east of UTC; null where no zone is written) and ``is_date``
        (midnight or no time of day at all).
    """
    found = pl.DataFrame({"found": column})
    if isinstance(column.dtype, pl.Datetime | pl.Date):
        zoned = isinstance(column.dtype, pl.Datetime) and column.dtype.time_zone is not None
        wall = pl.col("found").dt.replace_time_zone(None) if zoned else pl.col("found")
        east = (pl.col("found").dt.base_utc_offset() + pl.col("found").dt.dst_offset()).dt.total_minutes()
        parsed = found.select(
            pl.col("found").cast(pl.String).alias("written"),
            wall.cast(pl.Datetime("us")).alias("local"),
            (east if zoned else pl.lit(None)).cast(pl.Int64).alias("offset"),
        )
    else:
        parsed = _parse_text(found)
    return parsed.with_columns((pl.col("local").dt.time() == pl.time(0, 0)).alias("is_date"))


def _parse_text(found: pl.DataFrame) -> pl.DataFrame:
    compact = pl.col("written").str.replace(r"^(\d{4})(\d{2})(\d{2})$", "$1-$2-$3")
    parts = found.select(pl.col("found").cast(pl.String).str.strip_chars().alias("written")).with_columns(
        compact.str.extract_groups(_ISO).struct.unnest()
    )
    clock = pl.format("{} {}:{}", pl.col("date"), pl.col("time").fill_null("00:00"), pl.col("seconds").fill_null("00"))
    signed = pl.col("zone").str.replace(":", "")
    hours, minutes = (signed.str.slice(at, 2).cast(pl.Int64, strict=False) for at in (1, 3))
    east = pl.when(signed.str.starts_with("-")).then(-1).otherwise(1) * (hours * 60 + minutes)
    return parts.select(
        "written",
        clock.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us", strict=False).alias("local"),
        pl.when(pl.col("zone") == "Z").then(0).otherwise(east).cast(pl.Int64).alias("offset"),
    )


def infer_frequency(local: TimeArray, *, dates_only: bool) -> str | None:
    """Tell the bar frequency from the usual gap between all rows; None if no frequency has it.

    A handful of dates is taken to be daily: two of them a week apart may well be a correction.

    Parameters
    ----------
    local : datetime64[us] array, shape (n,)
        Increasing.
    dates_only : bool
        True where no row has a time of day.
    """
    gaps = np.diff(local)
    gaps = gaps[gaps > np.timedelta64(0, "us")]
    if gaps.size == 0:
        return "1d"
    if dates_only:
        if gaps.size < _ENOUGH:
            return "1d"
        days = float(np.median(gaps / _DAY))
        return next((name for name, low, high in _DAILY if low <= days <= high), None)
    values, counts = np.unique(gaps, return_counts=True)
    usual = values[counts.argmax()]
    if usual >= np.timedelta64(12, "h"):
        return "1d"
    return next((name for name, minutes in MINUTES.items() if usual == np.timedelta64(minutes, "m")), None)


_DAILY: Final = (("1d", 0.0, 4.0), ("1w", 5.0, 10.0), ("1mo", 26.0, 35.0))


def close_times(frame: pl.DataFrame, frequency: str, name: str) -> TimeArray:
    """Put the rows of one instrument on the clock: bar closes, UTC.

    Parameters
    ----------
    frame : DataFrame, shape (n,)
        ``local``, ``offset``, ``is_date`` of `parse_times`, no nulls in local.
    frequency : str
        Key of `horizons.FREQUENCIES`.
    name : str
        Exchange calendar.

    Returns
    -------
    datetime64[us] array, shape (n,)
        A date stands for the close of its session, its week's or its month's last session. A time
        is taken as it is; without a zone it is UTC.
    """
    local = frame["local"].to_numpy().astype("datetime64[us]")
    if frequency not in INTRADAY and bool(frame["is_date"].all()):
        days = local.astype("datetime64[D]")
        if frequency == "1d":
            return calendar.closes_of(name, days)[0]
        return calendar.closes_of(name, _last_session(days, frequency, name))[0]
    offset = frame["offset"].fill_null(0).to_numpy().astype("timedelta64[m]")
    return (local - offset).astype("datetime64[us]")


def _last_session(days: TimeArray, frequency: str, name: str) -> TimeArray:
    """Give the last session's day of the week or month that a day lies in."""
    if frequency == "1w":
        end = days + ((6 - (days.astype(np.int64) + 3) % 7) * _DAY)  # 1970-01-01 was a Thursday
    else:
        end = (days.astype("datetime64[M]") + 1).astype("datetime64[D]") - _DAY
    dates = calendar.sessions(name).dates
    at = np.searchsorted(dates, end, side="right") - 1
    return np.where(at >= 0, dates[np.maximum(at, 0)], end)


def share_on_grid(event_at: TimeArray, frequency: str, name: str) -> float:
    """Give the share of times at which a bar of that frequency ends on the exchange."""
    grid = calendar.bar_closes(name, frequency, event_at.min(), event_at.max())
    return float(np.isin(event_at, grid).mean())
