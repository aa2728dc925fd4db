"""From a vendor's table to bars: columns by their mapping, times on the clock, nothing made up."""

from collections.abc import Mapping
from datetime import timedelta

import polars as pl

from hf_platform.errors import DataError
from hf_platform.market import drop_times
from hf_platform.market.source import TIME, VALUE_COLUMNS, complete
from hf_platform.market.universe import Instrument

_MISSING = ("", "NA", "N/A", "NaN", "nan", "null", "None", ".")


def bars_of_table(
    table: pl.DataFrame, record: Instrument, *, columns: Mapping[str, str], source: str, publication_lag: timedelta
) -> pl.DataFrame:
    """Read a vendor's table of one instrument.

    Parameters
    ----------
    table : DataFrame
        As delivered; text or numbers.
    record : Instrument
        Calendar and frequency.
    columns : mapping of our name to the vendor's
        date (a session) or event_at (a time; UTC where no zone is written), close, and any of open, high,
        low, volume; a name that is left out is ours.
    source : str
        Name of the feed.
    publication_lag : timedelta
        known_at = event_at + this.

    Returns
    -------
    DataFrame with the columns of `RAW_SCHEMA`
        Sorted by event_at.

    Raises
    ------
    DataError
        If a column is missing, or a cell is no number or time.
    """
    who = f"{record.instrument} from {source}"
    times = [columns.get(name, name) for name in ("event_at", "date") if columns.get(name, name) in table.columns]
    close = columns.get("close", "close")
    if not times or close not in table.columns:
        raise DataError(
            f"{who}: a column for date or event_at and one for close are needed, found "
            f"{', '.join(table.columns[:20]) or 'none'}. Map them under `columns` in the feed file."
        )
    if table.is_empty():
        raise DataError(f"{who}: at least one row is needed, found none. Check the symbol and the vendor's limits.")
    parsed = drop_times.parse_times(table[times[0]])
    lost = parsed.filter(pl.col("local").is_null())
    if lost.height:
        raise DataError(
            f"{who}: times are ISO 8601, found {lost['written'][0]!r} ({lost.height} rows). Map another column."
        )
    values = {
        name: _numbers(table[columns.get(name, name)], f"{who}: column {columns.get(name, name)}")
        for name in VALUE_COLUMNS
        if columns.get(name, name) in table.columns
    }
    event_at = pl.Series("event_at", drop_times.close_times(parsed, record.frequency, record.calendar), dtype=TIME)
    return complete(
        pl.DataFrame({"event_at": event_at, **values}), record, source=source, publication_lag=publication_lag
    )


def _numbers(column: pl.Series, who: str) -> pl.Series:
    if column.dtype != pl.String:
        try:
            return column.cast(pl.Float64)
        except pl.exceptions.InvalidOperationError as error:
            raise DataError(f"{who} holds numbers, found {column.dtype}. Map another column.") from error
    text = column.str.strip_chars()
    said = text.is_not_null() & ~text.is_in(_MISSING)
    numbers = text.cast(pl.Float64, strict=False)
    bad = text.filter(said & numbers.is_null())
    if bad.len():
        raise DataError(f"{who} holds numbers, found {bad[0]!r} ({bad.len()} cells). Mend the feed or its mapping.")
    return numbers
