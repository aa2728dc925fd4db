"""What a feed of prices must offer."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol

import polars as pl

from hf_platform import calendar
from hf_platform.errors import UnknownNameError
from hf_platform.market.universe import Instrument

TIME: Final = pl.Datetime("us")
PRICE_COLUMNS: Final = ("open", "high", "low", "close")
VALUE_COLUMNS: Final = (*PRICE_COLUMNS, "volume")
RAW_SCHEMA: Final[dict[str, pl.DataType]] = {
    "instrument": pl.String(),
    "frequency": pl.String(),
    "event_at": TIME,
    "known_at": TIME,
    **{column: pl.Float64() for column in VALUE_COLUMNS},
    "source": pl.String(),
}


class PriceSource(Protocol):
    """A feed. Recorded, simulated or live: the platform sees no difference."""

    @property
    def name(self) -> str:
        """Written into the `source` column."""
        ...

    @property
    def is_static(self) -> bool:
        """True where history never grows, so that freshness means nothing."""
        ...

    def instruments(self) -> list[Instrument]:
        """List what can be fetched."""
        ...

    def fetch(self, instrument: str, since: datetime | None = None) -> pl.DataFrame:
        """Give bars with the columns of `RAW_SCHEMA`, sorted by event_at.

        Values that the feed does not have are null, never made up. `file` (String) and `row_number`
        (Int64) may follow, to say where a row was read.

        Raises
        ------
        UnknownNameError
            If the feed has no such instrument.
        """
        ...


def require(instrument: str, known: Sequence[str]) -> None:
    """Refuse an instrument that a feed does not have.

    Raises
    ------
    UnknownNameError
        If it is not among `known`.
    """
    if instrument not in known:
        raise UnknownNameError("instrument", instrument, tuple(known))


def daily_frame(
    record: Instrument,
    dates: pl.Series,
    values: dict[str, pl.Series],
    *,
    source: str,
    publication_lag: timedelta,
) -> pl.DataFrame:
    """Put daily values on the clock of the instrument's exchange.

    Parameters
    ----------
    record : Instrument
        Names the calendar.
    dates : pl.Series of Date, shape (n,)
        Local trading days.
    values : dict of column to Float64 series, shape (n,)
        Any of open, high, low, close, volume; the others become null.
    source : str
        Name of the feed.
    publication_lag : timedelta
        known_at = event_at + this.

    Returns
    -------
    DataFrame with the columns of `RAW_SCHEMA`
        event_at is the close of the session of that date (on a day without a session, the regular
        close of that day), naive UTC.
    """
    closes, _ = calendar.closes_of(record.calendar, dates.to_numpy().astype("datetime64[D]"))
    frame = pl.DataFrame({"event_at": closes, **{k: v.cast(pl.Float64) for k, v in values.items()}})
    return complete(frame, record, source=source, publication_lag=publication_lag)


def complete(frame: pl.DataFrame, record: Instrument, *, source: str, publication_lag: timedelta) -> pl.DataFrame:
    """Add names, the second clock and the columns that a feed does not have; NaN becomes null."""
    missing = [pl.lit(None, pl.Float64).alias(c) for c in VALUE_COLUMNS if c not in frame.columns]
    return (
        frame.with_columns(*missing)
        .with_columns(
            pl.lit(record.instrument).alias("instrument"),
            pl.lit(record.frequency).alias("frequency"),
            (pl.col("event_at") + publication_lag).cast(TIME).alias("known_at"),
            pl.col("event_at").cast(TIME),
            pl.lit(source).alias("source"),
            pl.col(VALUE_COLUMNS).fill_nan(None),
        )
        .sort("event_at", maintain_order=True)
        .select(*RAW_SCHEMA, *(c for c in ("file", "row_number") if c in frame.columns))
    )


def since_filter(frame: pl.DataFrame, since: datetime | None) -> pl.DataFrame:
    """Keep the bars at or after a moment."""
    return frame if since is None else frame.filter(pl.col("event_at") >= since)
