"""The last bar of a name that is gone: what its holders got, so that no history ends at its last quote.

A merger pays cash per share (`value`) and `ratio` shares of the `counterpart`; a delisting leaves a worth
per share (`value`). That is the close of one more bar, at the first session close after the last quote and
not before the action: its return is the final return, and models, VaR and backtests see it as any other.
A series without it would look safer than it was (survivorship bias).
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import polars as pl

from hf_platform import calendar
from hf_platform.horizons import FREQUENCIES, INTRADAY
from hf_platform.market.corporate_actions import ENDING
from hf_platform.market.source import TIME
from hf_platform.market.universe import Instrument

if TYPE_CHECKING:
    from hf_platform.lake import Lake

SOURCE: Final = "corporate_actions"
FLAG: Final = "final_payment"
CANCELLED: Final = "cancelled_payment"  # a close under this flag is no price (`adjustments.HARD_FLAGS`)
_ORDER: Final = tuple(FREQUENCIES)
_TICK: Final = timedelta(microseconds=1)
_COUNTERPARTS: Final = """
    SELECT instrument, event_at, known_at, close FROM market.raw_prices
    WHERE instrument IN (SELECT unnest($instruments::VARCHAR[])) AND close > 0
    QUALIFY row_number() OVER (PARTITION BY instrument, event_at ORDER BY known_at DESC) = 1
    ORDER BY instrument, event_at
"""


def read_counterparts(store: "Lake", actions: pl.DataFrame) -> pl.DataFrame:
    """Read the closes in which mergers of these actions were paid: instrument, event_at, known_at, close."""
    names = actions.filter(pl.col("kind").is_in(ENDING))["counterpart"].drop_nulls().unique().to_list()
    return store.query(_COUNTERPARTS, {"instruments": names})


def payments(
    raw: pl.DataFrame, actions: pl.DataFrame, records: Mapping[str, Instrument], counterparts: pl.DataFrame
) -> pl.DataFrame:
    """Make the last bar of each instrument that ended.

    Parameters
    ----------
    raw : DataFrame
        Newest vintage of raw prices, with ingested_at.
    actions : DataFrame
        From `corporate_actions.read_actions`.
    records : mapping of instrument to Instrument
        Their calendars.
    counterparts : DataFrame
        From `read_counterparts`.

    Returns
    -------
    DataFrame
        Columns of `raw`, at the coarsest frequency that the source delivers, close only. None where the
        action was cancelled, prices went on after it, its shares have no price yet, or it is still to come.
    """
    endings = actions.filter(pl.col("kind").is_in(ENDING) & pl.col("value").is_not_null())
    now = datetime.now(UTC).replace(tzinfo=None)
    rows: list[dict[str, object]] = []
    for ending in endings.unique("instrument", keep="first", maintain_order=True).iter_rows(named=True):
        own = raw.filter(pl.col("instrument") == ending["instrument"])
        worth = _worth(ending, counterparts)
        if own.is_empty() or worth is None:
            continue
        frequency = max(own["frequency"].unique().to_list(), key=_ORDER.index)
        quoted = own.filter(pl.col("frequency") == frequency)
        last: datetime = quoted["event_at"].max()  # pyright: ignore[reportAssignmentType] - a datetime column
        record = records.get(ending["instrument"])
        name = record.calendar if record is not None else "XNYS"
        grid = "1d" if frequency in INTRADAY else frequency
        paid_at = calendar.next_bar_closes(name, grid, max(last, ending["event_at"] - _TICK), 1)[0].item()
        if last > ending["event_at"] or paid_at > now:
            continue
        price, priced_at = worth
        rows.append(
            {
                "instrument": ending["instrument"],
                "frequency": frequency,
                "event_at": paid_at,
                "known_at": max(paid_at, ending["known_at"], priced_at),
                "ingested_at": max(paid_at, quoted["ingested_at"].max()),  # pyright: ignore[reportArgumentType]
                "close": price,
                "source": SOURCE,
            }
        )
    return pl.DataFrame(rows, schema=raw.schema)


def _worth(ending: dict[str, object], counterparts: pl.DataFrame) -> tuple[float, datetime] | None:
    """Give what one share was turned into, and since when that is known; None where its price is not there."""
    cash, ratio, at = ending["value"], ending["ratio"], ending["event_at"]
    known_at = ending["known_at"]
    if not isinstance(cash, float) or not isinstance(known_at, datetime):
        return None
    if not isinstance(ratio, float):
        return cash, known_at
    shares = counterparts.filter(
        (pl.col("instrument") == ending["counterpart"]) & (pl.col("event_at") <= pl.lit(at, TIME))
    )
    if shares.is_empty():
        return None
    newest = shares.row(-1, named=True)
    return cash + ratio * float(newest["close"]), max(known_at, newest["known_at"])


def mark(flagged: pl.DataFrame, stored: pl.DataFrame) -> pl.DataFrame:
    """Flag the bars that are payments, and take back stored ones whose action is gone.

    Parameters
    ----------
    flagged : DataFrame
        Bars with flags, payments among them.
    stored : DataFrame
        Newest stored vintage of the same instruments, with the same columns.

    Returns
    -------
    DataFrame
        `flagged` with the flag `final_payment` on payments and on weeks and months that end with one, and
        stored payments that are not among them under the flag `cancelled_payment`.
    """
    is_payment = pl.col("source") == SOURCE
    words = pl.when(is_payment).then(pl.concat_list(pl.lit([FLAG]), "flags")).otherwise("flags")
    marked = flagged.with_columns(words.alias("flags"))
    gone = stored.filter(is_payment).join(marked, on=["instrument", "frequency", "event_at"], how="anti")
    if gone.is_empty():
        return marked
    now = pl.lit(datetime.now(UTC).replace(tzinfo=None), TIME)  # nobody knew before
    taken_back = gone.with_columns(now.alias("known_at"), pl.lit([CANCELLED]).alias("flags"))
    return pl.concat([marked, taken_back.select(marked.columns)])
