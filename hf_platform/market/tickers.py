"""Tickers: which instrument a name on an exchange meant on a day.

An instrument's name in the lake is permanent; what exchanges and vendors call it is not. `market.tickers`
holds spells: FB meant META until 2022-06-08, META means it since; a ticker that another company takes
over later belongs to another instrument from then on. Files may name rows by `ticker`; they are resolved
by the local trading day of each row before anything else looks at them.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

import numpy as np
import polars as pl

from hf_platform import calendar
from hf_platform.errors import DataError
from hf_platform.market import drop_times
from hf_platform.market.drops import Rejection
from hf_platform.market.source import TIME
from hf_platform.market.universe import Instrument, check_name
from hf_platform.types import utc_naive

if TYPE_CHECKING:
    from hf_platform.lake import Lake
    from hf_platform.lake.writer import Transaction

SPELLS_SCHEMA: Final[dict[str, pl.DataType]] = {
    "ticker": pl.String(),
    "instrument": pl.String(),
    "valid_from": TIME,
    "valid_to": TIME,
    "known_at": TIME,
    "source": pl.String(),
}
KEY: Final = ("ticker", "instrument", "valid_from")
_LONGEST: Final = 40
_TIMES: Final = ("date", "event_at", "ex_date")
_NEWEST: Final = """
    SELECT ticker, instrument, valid_from, valid_to, known_at, source FROM market.tickers
    WHERE $as_of::TIMESTAMP IS NULL OR known_at <= $as_of::TIMESTAMP
    QUALIFY row_number() OVER (PARTITION BY ticker, instrument, valid_from ORDER BY known_at DESC) = 1
    ORDER BY ticker, valid_from
"""


@runtime_checkable
class TickerSource(Protocol):
    """What a feed offers that knows under which names its instruments were listed."""

    def ticker_spells(self, instrument: str) -> pl.DataFrame:
        """Give the columns of `SPELLS_SCHEMA`; more may follow."""
        ...


def read_tickers(store: "Lake | Transaction", as_of: datetime | None = None) -> pl.DataFrame:
    """Read the spells of all tickers as they were known at a moment.

    Parameters
    ----------
    store : Lake or Transaction
    as_of : datetime, optional
        Knowledge cutoff, UTC; everything by default.

    Returns
    -------
    DataFrame
        Columns of `SPELLS_SCHEMA`. valid_from is the first local trading day under the ticker, valid_to the
        first day no longer (null: still), both at midnight. A spell without a day was taken back.
    """
    return store.query(_NEWEST, {"as_of": None if as_of is None else utc_naive(as_of)})


def appendable_spells(given: pl.DataFrame, stored: pl.DataFrame, now: datetime) -> pl.DataFrame:
    """Find the spells that the lake does not hold yet, or holds with another end.

    Parameters
    ----------
    given, stored : DataFrame
        Columns of `SPELLS_SCHEMA`; `stored` from `read_tickers`.
    now : datetime
        Time of arrival, naive UTC: since then a changed end is known.
    """
    ends = stored.select(*KEY, pl.col("valid_to").alias("_end"), pl.col("known_at").alias("_known"))
    joined = given.join(ends, on=KEY, how="left")
    later = pl.max_horizontal(pl.lit(now, TIME), pl.col("_known") + pl.duration(microseconds=1))
    is_new = pl.col("_known").is_null()
    return (
        joined.filter(is_new | pl.col("valid_to").ne_missing(pl.col("_end")))
        .with_columns(pl.when(is_new).then("known_at").otherwise(later).alias("known_at"))
        .select(*SPELLS_SCHEMA)
    )


def check_spells(
    drop: pl.DataFrame, known: pl.DataFrame, *, file: str
) -> tuple[dict[str, pl.DataFrame], list[Rejection]]:
    """Read a file of ticker spells.

    Parameters
    ----------
    drop : DataFrame
        From `drops.read_drop`: ticker, instrument, valid_from and optionally valid_to, announced.
    known : DataFrame
        Spells that are known already; a ticker cannot name two instruments on one day.
    file : str
        Names the file in texts.

    Returns
    -------
    frames : dict of instrument to DataFrame
        Columns of `SPELLS_SCHEMA` without source, then row_number.
    rejected : list of Rejection
    """
    frames: dict[str, pl.DataFrame] = {}
    rejected: list[Rejection] = []
    rows = _read_spells(drop)
    names = (*KEY, "valid_to")
    told = pl.concat([rows.select(names), known.select(names)])
    for (name,), part in rows.partition_by("instrument", as_dict=True, maintain_order=True).items():
        others = told.filter(pl.col("instrument") != name)
        broken = _broken(str(name), part, others)
        if broken is None:
            frames[str(name)] = part.drop("written", "ends")
        else:
            row, rule, value, step = broken
            rejected.append(Rejection(file=file, row=row, rule=rule, value=value, next_step=step,
                                      instrument=str(name)[:80], n_rows=part.height))  # fmt: skip
    return frames, rejected


def _read_spells(drop: pl.DataFrame) -> pl.DataFrame:
    def day(name: str) -> pl.Series:
        if name not in drop.columns:
            return pl.Series(name, [None] * drop.height, dtype=TIME)
        return drop_times.parse_times(drop[name])["local"].dt.truncate("1d").cast(TIME).alias(name)

    ends = drop["valid_to"] if "valid_to" in drop.columns else pl.Series([None] * drop.height, dtype=pl.String)
    valid_from = day("valid_from")
    return pl.DataFrame(
        {
            "ticker": drop["ticker"].fill_null("").str.strip_chars().str.to_uppercase(),
            "instrument": drop["instrument"].fill_null("").str.strip_chars().str.to_uppercase(),
            "valid_from": valid_from,
            "valid_to": day("valid_to"),
            "known_at": day("announced").fill_null(valid_from),
            "row_number": drop["row"],
            "written": drop["valid_from"].cast(pl.String),
            "ends": ends.cast(pl.String).replace("", None),
        }
    )


def _broken(name: str, part: pl.DataFrame, others: pl.DataFrame) -> tuple[int, str, str, str] | None:
    """Give row, rule, value and next step of the first rule that the spells of one instrument break."""
    first = int(part["row_number"][0])
    try:
        check_name(name)
    except DataError as error:
        return first, "names of instruments are valid", str(error), "Correct the column."
    for row in part.iter_rows(named=True):
        at, ticker = row["row_number"], row["ticker"]
        if not 0 < len(ticker) <= _LONGEST:
            return at, f"a ticker has 1 to {_LONGEST} characters", repr(ticker[:60]), "Correct the column."
        if row["valid_from"] is None or (row["ends"] is not None and row["valid_to"] is None):
            found = row["written"] if row["valid_from"] is None else row["ends"]
            return at, "dates are ISO 8601: 2024-01-31", str(found), "Rewrite the date."
        if row["valid_to"] is not None and row["valid_to"] < row["valid_from"]:
            found = f"{row['valid_from']:%Y-%m-%d} to {row['valid_to']:%Y-%m-%d}"
            return at, "a spell does not end before it begins", found, "Exchange the dates."
        clash = others.filter(
            (pl.col("ticker") == ticker)
            & (pl.col("valid_to").is_null() | (pl.col("valid_to") > row["valid_from"]))
            & (pl.lit(row["valid_to"], TIME).is_null() | (pl.col("valid_from") < pl.lit(row["valid_to"], TIME)))
        )
        if clash.height:
            found = f"{ticker} of {clash['instrument'][0]} from {clash['valid_from'][0]:%Y-%m-%d}"
            return at, "a ticker names one instrument on a day", found, "End one spell where the other begins."
    return None


def resolve(
    drop: pl.DataFrame, spells: pl.DataFrame, records: Mapping[str, Instrument], *, file: str
) -> tuple[pl.DataFrame, list[Rejection]]:
    """Replace the column `ticker` of a dropped file by the instruments that it meant on each row's day.

    Parameters
    ----------
    drop : DataFrame
        From `drops.read_drop`, with a column ticker.
    spells : DataFrame
        Columns of `SPELLS_SCHEMA`.
    records : mapping of instrument to Instrument
        Calendars of what is known; XNYS otherwise.
    file : str
        Names the file in texts.

    Returns
    -------
    resolved : DataFrame
        The rows that could be resolved, in their order, with `instrument` for `ticker`.
    rejected : list of Rejection
        One for each ticker with rows on days on which it named nobody.
    """
    time = next(name for name in _TIMES if name in drop.columns)
    parsed = drop_times.parse_times(drop[time]).select("local", "offset", "is_date")
    named = drop.with_columns(pl.col("ticker").fill_null("").str.strip_chars().str.to_uppercase())
    keyed = pl.concat([named.select("row", "ticker"), parsed], how="horizontal")
    candidates = keyed.join(spells.select("ticker", "instrument", "valid_from", "valid_to"), on="ticker")
    days = _trading_days(candidates, records)
    within = (days >= pl.col("valid_from")) & (days < pl.col("valid_to").fill_null(datetime(9999, 1, 1)))  # noqa: DTZ001 - naive UTC
    unreadable = pl.col("local").is_null()  # told with the instrument's other rows
    meant = candidates.filter(within | unreadable).sort("row", "valid_from").unique("row", keep="last")
    resolved = named.join(meant.select("row", "instrument"), on="row", how="left", maintain_order="left")
    lost = resolved.filter(pl.col("instrument").is_null())
    rule = "a ticker names an instrument on the day of the row"
    step = "Add the spell with a file ticker,instrument,valid_from[,valid_to], or name the column instrument."
    rejected = [
        Rejection(file=file, row=int(part["row"][0]), rule=rule, next_step=step, n_rows=part.height,
                  value=f"{str(ticker)[:60] or 'nothing'} on {part[time][0]}", instrument=str(ticker)[:80])
        for (ticker,), part in lost.partition_by("ticker", as_dict=True, maintain_order=True).items()
    ]  # fmt: skip
    return resolved.filter(pl.col("instrument").is_not_null()).drop("ticker"), rejected


def _trading_days(candidates: pl.DataFrame, records: Mapping[str, Instrument]) -> pl.Series:
    """Give the local trading day of each row: the date as written, or the session that the time falls into."""
    local = candidates["local"].to_numpy().astype("datetime64[us]")
    moments = local - candidates["offset"].fill_null(0).to_numpy().astype("timedelta64[m]")
    days = local.astype("datetime64[D]").astype("datetime64[us]")
    timed = ~np.isnat(local) & ~candidates["is_date"].fill_null(value=True).to_numpy()
    names = candidates["instrument"].to_list()
    calendars = np.array([records[n].calendar if n in records else "XNYS" for n in names], dtype=object)
    for name in sorted(set(calendars[timed].tolist())):
        known = calendar.sessions(str(name))
        rows = timed & (calendars == name)
        at = np.minimum(np.searchsorted(known.closes, moments[rows], side="left"), known.dates.size - 1)
        days[rows] = known.dates[at].astype("datetime64[us]")
    return pl.Series("day", days, dtype=TIME)


def spells_of(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Put spells of several places together; of one that several hold the last counts."""
    empty = pl.DataFrame(schema=SPELLS_SCHEMA)
    known = [frame.select(*SPELLS_SCHEMA) for frame in frames if frame.height]
    return pl.concat([empty, *known]).unique(KEY, keep="last", maintain_order=True)
