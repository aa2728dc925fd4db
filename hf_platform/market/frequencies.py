"""Two frequencies side by side: for each bar of one the newest bar of the other that was known then."""

from collections.abc import Sequence
from typing import Literal

import polars as pl

from hf_platform.errors import DataError
from hf_platform.market.source import VALUE_COLUMNS

Clock = Literal["event_at", "known_at"]


def join_as_of(
    bars: pl.DataFrame,
    other: pl.DataFrame,
    *,
    clock: Clock = "known_at",
    columns: Sequence[str] = VALUE_COLUMNS,
    suffix: str | None = None,
) -> pl.DataFrame:
    """Put beside each bar the newest bar of another frequency that was known at that moment.

    Parameters
    ----------
    bars : DataFrame
        instrument, event_at, known_at and more; any order, any frequency, finer or coarser than `other`.
    other : DataFrame
        instrument, event_at, known_at, `columns` and, where `suffix` is left out, one frequency; every vintage may
        be among the rows.
    clock : {"known_at", "event_at"}
        The moment of a bar: when it was known (usual), or its close (stricter where it is published late).
    columns : sequence of str
        What is taken from `other`.
    suffix : str, optional
        Ends the new names; ``_`` and the frequency of `other` by default.

    Returns
    -------
    DataFrame
        The rows of `bars` in their order, with event_at, known_at and `columns` of `other` under the suffix;
        null before anything of it was known. A restated value appears from its own known_at on, never before.

    Raises
    ------
    DataError
        If a column is missing or `other` mixes frequencies.
    """
    needed = {"instrument", "event_at", "known_at"}
    lacking = sorted((needed - set(bars.columns)) | ((needed | set(columns)) - set(other.columns)))
    if lacking:
        raise DataError(f"bars to join need instrument, event_at, known_at and {', '.join(columns)}; {lacking[0]} is "
                        "missing. Read them with market.bars.read_bars.")  # fmt: skip
    if suffix is None:
        found = other["frequency"].unique().sort().to_list() if "frequency" in other.columns else []
        if len(found) > 1:
            raise DataError(f"the joined bars have one frequency, found {', '.join(found)}. Filter them first.")
        suffix = f"_{found[0]}" if found else "_other"
    # Late news of an old bar is no newest bar: keep those about an event no older than any known by then.
    ordered = other.sort("known_at", "event_at")
    newest = ordered.filter(pl.col("event_at") >= pl.col("event_at").cum_max().over("instrument"))
    right = newest.select(
        "instrument", pl.col("known_at").alias("_known"),
        *(pl.col(name).alias(f"{name}{suffix}") for name in ("event_at", "known_at", *columns)),
    )  # fmt: skip
    left = bars.with_row_index("_row").sort(clock)
    joined = left.join_asof(right, left_on=clock, right_on="_known", by="instrument", check_sortedness=False)
    return joined.sort("_row").drop("_row", "_known", strict=False)
