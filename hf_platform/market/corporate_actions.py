"""Corporate actions: splits, dividends, spin-offs, mergers and delistings, beside prices as they traded.

No adjusted price is stored. What an action did to a holder is worked out at the read, from the actions
and prices known at `as_of` (`adjustments`), so a dividend that is announced, corrected or cancelled
later rewrites nothing: it gives rows after it a newer vintage.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final, Literal, Protocol, get_args, runtime_checkable

import numpy as np
import polars as pl

from hf_platform import calendar
from hf_platform.errors import PlatformError
from hf_platform.market import quarantine
from hf_platform.market.appending import VintageTable
from hf_platform.market.ingest_results import LoadResult
from hf_platform.market.quarantine import Refusal
from hf_platform.market.source import TIME, require
from hf_platform.types import TimeArray, utc_naive

if TYPE_CHECKING:
    from hf_platform.lake import Lake

ActionKind = Literal["split", "dividend", "spin_off", "merger", "delisting"]
ACTION_KINDS: Final[tuple[str, ...]] = get_args(ActionKind)
ENDING: Final = ("merger", "delisting")  # after these there is no more price
ACTIONS_SCHEMA: Final[dict[str, pl.DataType]] = {
    "instrument": pl.String(),
    "kind": pl.String(),
    "event_at": TIME,
    "known_at": TIME,
    "value": pl.Float64(),
    "ratio": pl.Float64(),
    "counterpart": pl.String(),
    "source": pl.String(),
}
_KEY: Final = ("instrument", "kind", "event_at")
_VALUES: Final = ("value", "ratio", "counterpart")
_MOST_SHARES: Final = 1000.0  # for one old share; a reverse split gives as few
_COLUMNS: Final = "instrument, kind, event_at, known_at, value, ratio, counterpart, source"
_TABLE: Final = VintageTable(
    name="market.corporate_actions",
    producer="corporate_actions",
    key=_KEY,
    series=_KEY[:1],
    values=_VALUES,
    stored=f"""
        SELECT {_COLUMNS} FROM market.corporate_actions WHERE instrument IN (SELECT unnest($instruments::VARCHAR[]))
    """,
)
_READ: Final = f"""
    SELECT {_COLUMNS} FROM market.corporate_actions
    WHERE instrument IN (SELECT unnest($instruments::VARCHAR[]))
      AND ($as_of::TIMESTAMP IS NULL OR known_at <= $as_of::TIMESTAMP)
    QUALIFY row_number() OVER (PARTITION BY instrument, kind, event_at ORDER BY known_at DESC) = 1
    ORDER BY instrument, event_at, kind DESC
"""


@runtime_checkable
class ActionSource(Protocol):
    """What a feed offers that knows corporate actions."""

    @property
    def name(self) -> str:
        """Written into the `source` column."""
        ...

    def action_instruments(self) -> list[str]:
        """List the instruments that it has actions of."""
        ...

    def corporate_actions(self, instrument: str) -> pl.DataFrame:
        """Give the columns of `ACTIONS_SCHEMA`; `file` (String) and `row_number` (Int64) may follow.

        Raises
        ------
        UnknownNameError
            If the feed has no such instrument.
        """
        ...


def ex_times(name: str, days: TimeArray) -> TimeArray:
    """Give the open of the first session on or after each ex-date, UTC: from then on it trades without the right.

    Parameters
    ----------
    name : str
        Exchange calendar.
    days : datetime64[D] array, shape (n,)
        Ex-dates, local.

    Returns
    -------
    datetime64[us] array, shape (n,)
        NaT after the last session that the calendar knows.
    """
    known = calendar.sessions(name)
    at = np.searchsorted(known.dates.astype("datetime64[D]"), days.astype("datetime64[D]"), side="left")
    opens = np.append(known.opens, np.datetime64("NaT", "us"))
    return opens[at]


def read_actions(store: "Lake", instruments: Sequence[str], as_of: datetime | None = None) -> pl.DataFrame:
    """Read corporate actions as they were known at a moment.

    Parameters
    ----------
    store : Lake
    instruments : sequence of str
    as_of : datetime, optional
        Knowledge cutoff, UTC; everything by default. An announced action is visible before its ex-time.

    Returns
    -------
    DataFrame
        Columns of `ACTIONS_SCHEMA`, newest vintage of each action, sorted by instrument and event_at. A null
        value is a cancelled action.
    """
    cutoff = None if as_of is None else utc_naive(as_of)
    return store.query(_READ, {"instruments": sorted(set(instruments)), "as_of": cutoff})


def load_actions(
    store: "Lake", source: ActionSource, instruments: Sequence[str], *, run_id: str, now: datetime
) -> dict[str, LoadResult]:
    """Append the actions that a feed has and the lake has not.

    Parameters
    ----------
    store : Lake
        Receives `market.corporate_actions` and `market.quarantine`.
    source : ActionSource
    instruments : sequence of str
        Which ones; trouble with one is its `error` and leaves the others alone.
    run_id : str
        Written beside the rows.
    now : datetime
        Time of arrival, UTC: known_at of a correction, and of an action between ones already stored.

    Returns
    -------
    dict of instrument to LoadResult
        In the order asked for. Loading the same actions again writes nothing.
    """
    from hf_platform.market import schemas

    arrived = utc_naive(now)
    offered = source.action_instruments()
    good: list[pl.DataFrame] = [pl.DataFrame(schema=ACTIONS_SCHEMA)]
    refused: list[pl.DataFrame] = []
    errors: dict[str, str] = {}
    asked = list(dict.fromkeys(instruments))
    for name in asked:
        try:
            require(name, offered)
            kept, bad = screen(source.corporate_actions(name), now=arrived)
            good.append(schemas.check(kept, schemas.actions_schema(), name))
            refused.append(bad)
        except PlatformError as error:
            errors[name] = str(error)
    rows, bad = pl.concat(good), pl.concat(refused, how="diagonal") if refused else pl.DataFrame()
    changes = _TABLE.append(store, rows, bad, source=source.name, run_id=run_id, now=arrived)
    return {
        name: LoadResult(error=errors[name]) if name in errors else LoadResult.of(name, rows, bad, changes)
        for name in asked
    }


def screen(fetched: pl.DataFrame, *, now: datetime) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Part the actions that may be stored from those that may not: good rows, and rows for `market.quarantine`."""
    rows = fetched if "found" in fetched.columns else fetched.with_columns(pl.lit(None, pl.String).alias("found"))
    rows = rows.unique(subset=[*_KEY, "known_at", *_VALUES, "found"], keep="first", maintain_order=True)
    good, refused = quarantine.refuse(rows, _refusals(now), identity=_KEY[:2], payload=["kind", *_VALUES], now=now)
    return good.select(*ACTIONS_SCHEMA), refused


def _refusals(now: datetime) -> tuple[Refusal, ...]:
    """List the rules in the order in which a row is tried."""
    fix = "Load the corrected row."
    kind, value, ratio = pl.col("kind"), pl.col("value"), pl.col("ratio")
    shown = pl.format("{} {}", kind.fill_null("none"), value.cast(pl.String).fill_null("none"))
    is_split = kind == "split"
    odd_split = is_split & ~value.is_between(1 / _MOST_SHARES, _MOST_SHARES)
    return (
        Refusal("every cell can be read", pl.col("found").is_not_null(), pl.col("found"), fix),
        Refusal("the kind is known", ~kind.is_in(ACTION_KINDS).fill_null(value=False), shown,
                f"Write one of {', '.join(ACTION_KINDS)}."),
        Refusal("there is an ex-date", pl.col("event_at").is_null(), shown, fix),
        Refusal("the value is a finite number, not negative", (~value.is_finite() | (value < 0)).fill_null(value=False),
                shown, "Write cash per share, or shares for one; leave it empty to cancel the action."),
        Refusal(f"a split gives between 1/{_MOST_SHARES:g} and {_MOST_SHARES:g} shares for one",
                odd_split.fill_null(value=False), shown, "Write 2 for two-for-one, 0.1 for one-for-ten."),
        Refusal("shares of a counterpart need its name and a positive ratio",
                (ratio.is_not_null() != pl.col("counterpart").is_not_null()) | (ratio <= 0).fill_null(value=False),
                shown, "Write both columns, or neither."),
        Refusal("it is known before it is loaded", (pl.col("known_at") > pl.lit(now, TIME)).fill_null(value=True),
                pl.col("known_at").cast(pl.String).fill_null("none"),
                "Write when it was announced, or load it again once its ex-date has come."),
        Refusal("one action of a kind per ex-date", pl.struct(_KEY).is_duplicated(), shown,
                "Add the amounts up, or keep the row that is right."),
    )  # fmt: skip
