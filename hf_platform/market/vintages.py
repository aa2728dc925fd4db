"""Vintages: which rows of a delivery the lake does not hold yet, and since when they count as known."""

from collections.abc import Sequence
from datetime import datetime

import polars as pl

from hf_platform.market.source import TIME


def appendable(
    fetched: pl.DataFrame,
    stored: pl.DataFrame,
    *,
    key: Sequence[str],
    series: Sequence[str],
    values: Sequence[str],
    source: str,
    now: datetime,
) -> pl.DataFrame:
    """Find the rows that the lake does not hold yet.

    Parameters
    ----------
    fetched : DataFrame
        One row per `key`, from one source, with event_at and known_at.
    stored : DataFrame
        The same columns, every vintage of these series.
    key : sequence of str
        Columns that name a row: those of `series` and event_at among them.
    series : sequence of str
        Columns that name the series a row belongs to.
    values : sequence of str
        Columns whose change makes a restatement.
    source : str
        Name of the feed that gave `fetched`.
    now : datetime
        Time of arrival, naive UTC.

    Returns
    -------
    DataFrame
        Columns of `fetched` with the known_at to store, and ``vintage``: ``new`` or ``restated``.

    Notes
    -----
    A value that differs from what the same source said before is known from its arrival. So is a new
    row between stored ones of its series, because nobody could have used it earlier. Any other new
    row keeps the known_at of its source.
    """
    ordered = stored.sort("known_at", maintain_order=True)
    newest = ordered.unique(key, keep="last")
    own = ordered.filter(pl.col("source") == source).unique(key, keep="last")
    reach = stored.group_by(series).agg(pl.col("event_at").min().alias("_from"), pl.col("event_at").max().alias("_to"))
    # A feed is compared with what it said itself: two feeds that disagree must not take turns for ever.
    said = newest.join(own, on=key, how="left", suffix="_own").select(
        *key,
        pl.col("known_at").alias("_known_at"),
        *(pl.when(pl.col("source_own").is_null()).then(c).otherwise(pl.col(f"{c}_own")).alias(f"_{c}") for c in values),
    )
    same = pl.all_horizontal(pl.col(c).eq_missing(pl.col(f"_{c}")) for c in values)
    is_new = pl.col("_known_at").is_null()
    fills_gap = is_new & pl.col("event_at").is_between("_from", "_to", closed="none").fill_null(value=False)
    arrival = pl.lit(now, TIME)
    later = pl.max_horizontal(arrival, pl.col("_known_at") + pl.duration(microseconds=1))
    known_at = (
        pl.when(~is_new).then(later).when(fills_gap).then(pl.max_horizontal(arrival, "known_at")).otherwise("known_at")
    )
    return (
        fetched.join(said, on=key, how="left")
        .join(reach, on=series, how="left")
        .filter(is_new | ~same)
        .with_columns(
            known_at.cast(TIME).alias("known_at"),
            pl.when(is_new).then(pl.lit("new")).otherwise(pl.lit("restated")).alias("vintage"),
        )
        .select(*fetched.columns, "vintage")
    )
