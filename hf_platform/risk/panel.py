"""Prices of several instruments on the sessions that all of them share."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

import numpy as np

from hf_platform.errors import DataError
from hf_platform.market.adjustments import ADJUSTED_BARS
from hf_platform.types import BoolArray, FloatArray, TimeArray

if TYPE_CHECKING:
    from hf_platform.lake import Lake

LEAST_SHARED: Final = 0.8  # of the sessions that at least one instrument has inside the common window

# The current vintage of each bar, keyed by the session, week or month it closes: closes of different
# exchanges fall on different minutes, and the last session of a week may differ by a holiday.
_PERIODS: Final = {"1d": "day", "1w": "week", "1mo": "month"}
_SQL: Final = f"""
WITH {ADJUSTED_BARS}, of_period AS (
    SELECT instrument, event_at, known_at, close, adjustment,
           CASE WHEN $period = 'bar' THEN event_at ELSE date_trunc($period, event_at) END AS period
    FROM adjusted_bars WHERE frequency = $frequency AND close IS NOT NULL AND NOT isnan(close)
)
SELECT instrument, period, arg_max(close, event_at) AS close, arg_max(adjustment, event_at) AS adjustment,
       max(event_at) AS event_at, max(known_at) AS known_at
FROM of_period GROUP BY ALL
"""


@dataclass(frozen=True, slots=True, eq=False)
class PricePanel:
    """Closing prices on shared sessions.

    Parameters
    ----------
    instruments : tuple of str
    frequency : str
    event_at, known_at : datetime64[us] array, shape (n_bars,)
        The latest close and the latest knowledge time of each shared bar, UTC.
    closes : float64 array, shape (n_bars, n_instruments)
        Positive, complete.
    n_left_out : int
        Bars inside the common window that not all instruments have; nothing is filled there, so the next return
        spans the gap.
    adjustments : float64 array, shape (n_bars, n_instruments), optional
        Shares that one share of the first bar has become by splits and reinvested dividends; None for ones.
    """

    instruments: tuple[str, ...]
    frequency: str
    event_at: TimeArray
    known_at: TimeArray
    closes: FloatArray
    n_left_out: int = 0
    adjustments: FloatArray | None = None

    def __post_init__(self) -> None:
        """Check shapes, order, and that every price is there."""
        n_bars, n_instruments = self.closes.shape
        if n_instruments != len(self.instruments) or self.event_at.shape != (n_bars,):
            raise DataError(
                f"a panel needs one column an instrument and one time a row, found {self.closes.shape} prices, "
                f"{len(self.instruments)} names and {self.event_at.shape[0]} times. Align them first."
            )
        if n_bars > 1 and not (np.diff(self.event_at) > np.timedelta64(0, "us")).all():
            raise DataError("times of a panel must increase, found one that does not. Sort and deduplicate the rows.")
        bad = np.flatnonzero(~np.all(np.isfinite(self.closes) & (self.closes > 0.0), axis=0))
        if bad.size:
            names = ", ".join(self.instruments[i] for i in bad.tolist())
            raise DataError(
                f"log returns need finite, positive prices, found others in {names}. Correct or leave out these "
                "instruments; nothing is filled in."
            )

    @property
    def values(self) -> FloatArray:
        """What a share held since the first bar is worth, shape (n_bars, n_instruments)."""
        return self.closes if self.adjustments is None else self.closes * self.adjustments

    @property
    def returns(self) -> FloatArray:
        """Log total returns, shape (n_bars - 1, n_instruments); row t ends at bar t + 1."""
        return np.diff(np.log(self.values), axis=0)

    def __len__(self) -> int:
        """Count the bars."""
        return self.closes.shape[0]

    def between(self, start: datetime, stop: datetime) -> "PricePanel":
        """Cut out the bars from `start` to `stop`, both included."""
        inside = (self.event_at >= np.datetime64(start, "us")) & (self.event_at <= np.datetime64(stop, "us"))
        return self.take(inside)

    def take(self, rows: BoolArray | slice) -> "PricePanel":
        """Cut out rows."""
        adjustments = None if self.adjustments is None else self.adjustments[rows]
        return PricePanel(
            self.instruments,
            self.frequency,
            self.event_at[rows],
            self.known_at[rows],
            self.closes[rows],
            adjustments=adjustments,
        )


def read_panel(
    store: "Lake",
    instruments: Sequence[str],
    as_of: datetime,
    *,
    frequency: str = "1d",
    start: datetime | None = None,
    stop: datetime | None = None,
) -> PricePanel:
    """Read the prices of instruments on the bars that all of them have.

    Parameters
    ----------
    store : Lake
    instruments : sequence of str
        At least one; columns come in this order.
    as_of : datetime
        Knowledge cutoff, naive UTC.
    frequency : str
        Of the bars.
    start, stop : datetime, optional
        First and last bar, UTC.

    Raises
    ------
    DataError
        If an instrument has no price then, fewer than two bars are shared, the instruments' dates are misaligned
        (less than 80 % of the sessions of the common window are shared), or a price is not positive.
    """
    import polars as pl

    params = {
        "instruments": list(instruments),
        "frequency": frequency,
        "as_of": as_of,
        "period": _PERIODS.get(frequency, "bar"),
    }
    rows = store.query(_SQL, params)
    if start is not None:
        rows = rows.filter(pl.col("event_at") >= start)
    if stop is not None:
        rows = rows.filter(pl.col("event_at") <= stop)
    spans = {name: (low, high) for name, low, high in _spans(rows).iter_rows()}
    absent = [name for name in instruments if name not in spans]
    if absent:
        raise DataError(
            f"prices of every instrument are needed, found none at {frequency} for {', '.join(absent)}. "
            "Load prices, or leave these instruments out."
        )
    first, last = max(low for low, _ in spans.values()), min(high for _, high in spans.values())
    inside = rows.filter(pl.col("period").is_between(first, last))
    wide = inside.pivot(on="instrument", index="period", values="close").sort("period")
    factors = inside.pivot(on="instrument", index="period", values="adjustment").sort("period")
    times = inside.group_by("period").agg(pl.col("event_at").max(), pl.col("known_at").max()).sort("period")
    shared = wide.drop_nulls() if wide.width == len(instruments) + 1 else wide.clear()
    if shared.height < 2 or shared.height < LEAST_SHARED * wide.height:
        raise DataError(
            f"instruments must share their sessions, found {shared.height} of {wide.height} shared by "
            f"{', '.join(instruments[:6])}{' ...' if len(instruments) > 6 else ''}: their dates are misaligned. "
            "Leave out the instrument that trades on other days or in other years."
        )
    times = times.join(shared.select("period"), on="period", how="semi").sort("period")
    factors = factors.join(shared.select("period"), on="period", how="semi").sort("period")
    return PricePanel(
        tuple(instruments),
        frequency,
        times["event_at"].to_numpy().astype("datetime64[us]"),
        times["known_at"].to_numpy().astype("datetime64[us]"),
        shared.select(list(instruments)).to_numpy().astype(np.float64),
        wide.height - shared.height,
        factors.select(list(instruments)).to_numpy().astype(np.float64),
    )


def _spans(rows: "pl.DataFrame") -> "pl.DataFrame":
    import polars as pl

    return rows.group_by("instrument").agg(low=pl.col("period").min(), high=pl.col("period").max())


if TYPE_CHECKING:
    import polars as pl
