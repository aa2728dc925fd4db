"""Rows that cannot be prices: kept out of the lake's tables of prices, kept on record beside them."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import polars as pl

from hf_platform.market.source import PRICE_COLUMNS, TIME, VALUE_COLUMNS
from hf_platform.market.universe import Instrument

_KEY: Final = ("instrument", "frequency", "event_at")


@dataclass(frozen=True, slots=True)
class Refusal:
    """A rule, which rows break it, the value to show and what to do."""

    rule: str
    breaks: pl.Expr
    value: pl.Expr
    next_step: str


def _refusals(record: Instrument, now: datetime) -> tuple[Refusal, ...]:
    """List the rules in the order in which a row is tried; the first that it breaks is recorded."""

    def any_of(condition: pl.Expr) -> pl.Expr:
        return pl.any_horizontal(condition.fill_null(value=False))

    shown = [pl.format("{}={}", pl.lit(c), pl.col(c).cast(pl.String).fill_null("none")) for c in VALUE_COLUMNS]
    values = pl.concat_str(shown, separator=" ")
    corrected = "Load the corrected row."
    no_price = pl.col("close").is_null() | pl.col("close").is_nan()
    not_positive = pl.lit(record.price_rule == "positive") & any_of(pl.col(PRICE_COLUMNS) <= 0)
    return (
        Refusal(
            "missing close",
            no_price,
            pl.lit("none"),
            "Nothing for a day without trading; otherwise load the corrected row.",
        ),
        Refusal("prices and volume are finite", any_of(~pl.col(VALUE_COLUMNS).is_finite()), values, corrected),
        Refusal(
            "prices are positive",
            not_positive,
            pl.min_horizontal(PRICE_COLUMNS).cast(pl.String),
            f"{corrected} Where prices may fall below zero, give the instrument the price rule 'any'.",
        ),
        Refusal("volume is not negative", any_of(pl.col("volume") < 0), pl.col("volume").cast(pl.String), corrected),
        Refusal(
            "a bar has ended before it is loaded",
            pl.col("event_at") > pl.lit(now, TIME),
            pl.col("event_at").cast(pl.String),
            "Load it again after its session has closed, or correct the date.",
        ),
        Refusal(
            "one bar per close time",
            pl.struct(_KEY).is_duplicated(),
            values,
            "Load one row for this time; the source gave several that differ.",
        ),
    )


def split(fetched: pl.DataFrame, record: Instrument, *, now: datetime) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Part the rows that may be stored from those that may not.

    Parameters
    ----------
    fetched : DataFrame
        One instrument's rows from a source; `file` and `row_number` are used where present.
    record : Instrument
        Its price rule.
    now : datetime
        Time of loading, naive UTC.

    Returns
    -------
    good : DataFrame
        The rest, without `file` and `row_number`; rows that repeat another exactly are kept once.
    refused : DataFrame
        Rows for `market.quarantine`, with an id that is the same each time the same row comes.
    """
    where = [c for c in ("file", "row_number") if c in fetched.columns]
    rows = fetched.unique(subset=[*_KEY, *VALUE_COLUMNS], keep="first", maintain_order=True)
    good, refused = refuse(
        rows, _refusals(record, now), identity=["instrument", "frequency"], payload=["frequency", *VALUE_COLUMNS],
        now=now,
    )  # fmt: skip
    return good.drop(where), refused


def refuse(
    rows: pl.DataFrame,
    refusals: Sequence[Refusal],
    *,
    identity: Sequence[str],
    payload: Sequence[str],
    now: datetime,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Try rules in order; a row goes under the first that it breaks.

    Parameters
    ----------
    rows : DataFrame
        instrument, event_at, source and what the rules read; `file` and `row_number` where known.
    refusals : sequence of Refusal
    identity : sequence of str
        Text columns that, with event_at, source, rule and payload, name a refused row.
    payload : sequence of str
        Columns to keep on record as JSON.
    now : datetime
        Time of loading, naive UTC.

    Returns
    -------
    good, refused : DataFrame
        The rest as it came; rows for `market.quarantine`.
    """
    refused: list[pl.DataFrame] = []
    for refusal in refusals:
        broken = rows.filter(refusal.breaks)
        if broken.height:
            refused.append(_record(broken, refusal, identity, payload))
            rows = rows.filter(~refusal.breaks)
    empty = pl.DataFrame(schema=_QUARANTINE_SCHEMA)
    found = pl.concat([empty, *refused], how="diagonal") if refused else empty
    return rows, found.with_columns(pl.lit(now, TIME).alias("ingested_at"))


def has_unseen(refused: pl.DataFrame, query: Callable[[str, dict[str, object]], pl.DataFrame]) -> bool:
    """Tell whether `market.quarantine` lacks one of these rows."""
    if refused.is_empty():
        return False
    ids = refused["quarantine_id"].to_list()
    sql = "SELECT count(*) AS n FROM market.quarantine WHERE quarantine_id IN (SELECT unnest($ids::VARCHAR[]))"
    return query(sql, {"ids": ids})["n"].item() < len(set(ids))


def _record(broken: pl.DataFrame, refusal: Refusal, identity: Sequence[str], payload: Sequence[str]) -> pl.DataFrame:
    """Write the rows that break one rule the way `market.quarantine` keeps them."""
    rows = broken.with_columns(
        pl.lit(refusal.rule).alias("rule"),
        refusal.value.alias("value"),
        pl.lit(refusal.next_step).alias("next_step"),
        pl.struct(payload).struct.json_encode().alias("payload_json"),
    )
    told = rows.select(*identity, pl.col("event_at").cast(pl.String), "source", "rule", "payload_json")
    ids = [hashlib.sha256("\x1f".join(map(str, row)).encode()).hexdigest()[:24] for row in told.iter_rows()]
    rows = rows.with_columns(pl.Series("quarantine_id", ids, dtype=pl.String))
    # Rows that clash with each other differ in their values, so each has an id of its own.
    return rows.select([c for c in _QUARANTINE_SCHEMA if c in rows.columns]).unique(
        "quarantine_id", keep="first", maintain_order=True
    )


_QUARANTINE_SCHEMA: Final[dict[str, pl.DataType]] = {
    "quarantine_id": pl.String(),
    "instrument": pl.String(),
    "event_at": TIME,
    "source": pl.String(),
    "file": pl.String(),
    "row_number": pl.Int64(),
    "rule": pl.String(),
    "value": pl.String(),
    "next_step": pl.String(),
    "payload_json": pl.String(),
}
