"""What a load did for one instrument, whatever was loaded."""

from dataclasses import dataclass
from datetime import datetime

import polars as pl


@dataclass(frozen=True, slots=True)
class LoadResult:
    """What one load did for one instrument.

    Parameters
    ----------
    rows_new, rows_restated, rows_known, rows_quarantined : int
        Appended for the first time; appended as a later vintage of a stored row; found unchanged;
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

    @classmethod
    def of(cls, instrument: str, good: pl.DataFrame, refused: pl.DataFrame, changes: pl.DataFrame) -> "LoadResult":
        """Count one instrument's part of a load.

        Parameters
        ----------
        instrument : str
        good, refused : DataFrame
            Usable and quarantined rows of all instruments; `refused` may have no column at all.
        changes : DataFrame
            What was appended, with ``vintage``: ``new`` or ``restated``.
        """
        given = good.filter(pl.col("instrument") == instrument)["event_at"]
        vintages = changes.filter(pl.col("instrument") == instrument)["vintage"]
        new, restated = int((vintages == "new").sum()), int((vintages == "restated").sum())
        return cls(
            rows_new=new,
            rows_restated=restated,
            rows_known=given.len() - new - restated,
            rows_quarantined=refused.filter(pl.col("instrument") == instrument).height if refused.width else 0,
            first=given.dt.min(),  # pyright: ignore[reportArgumentType] - a datetime column
            last=given.dt.max(),  # pyright: ignore[reportArgumentType]
        )
