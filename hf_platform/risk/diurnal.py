"""Volatility by time of day: bars laid on their sessions, and the profile of the sessions that are over.

A five-minute return at the open is two or three times as large as one at noon. A volatility model that does not know
the time takes the open for a crisis and noon for peace; divided by the profile, returns are fit for it.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from hf_platform.calendar import MINUTES, sessions
from hf_platform.errors import ConfigError, DataError
from hf_platform.horizons import INTRADAY
from hf_platform.types import FloatArray, IntArray, TimeArray

_CAP: Final = 25.0  # squared return over its session's usual one beyond which it counts no more: five deviations


@dataclass(frozen=True, slots=True, kw_only=True)
class DiurnalSpec:
    """How the profile is estimated.

    Parameters
    ----------
    window : int
        Past sessions that count.
    fewest : int
        Sessions in which a bar of the day must have traded before it has a factor.
    decay : float in (0, 1)
        Of the level that squared returns are measured by, per session.

    Raises
    ------
    ConfigError
        If a value is out of range.
    """

    window: int = 250
    fewest: int = 20
    decay: float = 0.9

    def __post_init__(self) -> None:
        """Check the ranges."""
        if not 2 <= self.fewest <= self.window or not 0.0 < self.decay < 1.0:
            raise ConfigError(
                "a profile needs 2 <= fewest <= window and a decay inside (0, 1), found "
                f"{self.fewest}, {self.window} and {self.decay:g}. Change the specification."
            )


@dataclass(frozen=True, slots=True, eq=False)
class SessionBars:
    """Bars of one intraday frequency on the sessions of their calendar; arrays of shape (n_bars,).

    Parameters
    ----------
    rows : int64 array
        Place of each bar in what was laid out: bars outside sessions are left out.
    event_at : datetime64[us] array
        Closes, UTC, increasing.
    returns : float64 array
        Log return inside the session: from the bar before, or from the bar's own open where that is not its
        neighbour of the same session; NaN where neither is known.
    session : int64 array
        0 for the first session with bars, rising by one a session with bars.
    slot : int64 array
        Place in the session, 0 for the bar that begins with it.
    last_slot : int64 array
        The slot that ends the bar's session: smaller on half days.
    log_open, log_close : float64 array
        Logarithms of the bar's first and last price; the first NaN where unknown.
    opens, closes : datetime64[us] array, shape (n_sessions,)
        First and last instant of each session with bars.
    """

    rows: IntArray
    event_at: TimeArray
    returns: FloatArray
    session: IntArray
    slot: IntArray
    last_slot: IntArray
    log_open: FloatArray
    log_close: FloatArray
    opens: TimeArray
    closes: TimeArray

    def take(self, kept: IntArray) -> "SessionBars":
        """Keep some bars; sessions keep their numbers."""
        return replace(
            self,
            rows=self.rows[kept],
            event_at=self.event_at[kept],
            returns=self.returns[kept],
            session=self.session[kept],
            slot=self.slot[kept],
            last_slot=self.last_slot[kept],
            log_open=self.log_open[kept],
            log_close=self.log_close[kept],
        )


def lay_out(
    event_at: TimeArray, opens: FloatArray, closes: FloatArray, calendar: str, frequency: str
) -> SessionBars:  # fmt: skip
    """Lay bars on the sessions of a calendar.

    Parameters
    ----------
    event_at : datetime64[us] array, shape (n_bars,)
        Bar closes, UTC, increasing.
    opens, closes : float64 array, shape (n_bars,)
        Prices; NaN where unknown, closes positive.
    calendar, frequency : str
        The frequency is an intraday one.

    Raises
    ------
    ConfigError
        If the frequency is not intraday.
    DataError
        If times do not increase, a close is not positive, or no bar falls into a session.
    """
    if frequency not in INTRADAY:
        raise ConfigError(f"bars inside sessions are one of {', '.join(INTRADAY)}, found {frequency!r}. Choose one.")
    if not (np.diff(event_at) > np.timedelta64(0, "us")).all() or not (closes > 0.0).all():
        raise DataError("bars need increasing times and positive closes. Sort them and drop bars without a price.")
    known = sessions(calendar)
    at = np.minimum(np.searchsorted(known.closes, event_at), known.closes.size - 1)
    inside: IntArray = np.flatnonzero((event_at > known.opens[at]) & (event_at <= known.closes[at]))
    if not inside.size:
        raise DataError(f"no bar falls into a session of {calendar}. Check the calendar and the time zone.")
    times, at = event_at[inside], at[inside]
    step = np.timedelta64(MINUTES[frequency], "m")
    slot = (-((known.opens[at] - times) // step) - 1).astype(np.int64)
    last = (-((known.opens[at] - known.closes[at]) // step) - 1).astype(np.int64)
    first_of, session = np.unique(at, return_inverse=True)
    log_close, log_open = np.log(closes[inside]), np.full(inside.size, np.nan)
    has_open = opens[inside] > 0.0
    log_open[has_open] = np.log(opens[inside][has_open])
    follows = np.zeros(inside.size, dtype=bool)
    follows[1:] = (np.diff(session) == 0) & (np.diff(slot) == 1)
    before = np.where(follows, np.concatenate(([np.nan], log_close[:-1])), log_open)
    return SessionBars(
        inside, times, log_close - before, session.astype(np.int64), slot, last, log_open, log_close,
        known.opens[first_of], known.closes[first_of],
    )  # fmt: skip


def profile(bars: SessionBars, spec: DiurnalSpec | None = None) -> FloatArray:
    """Estimate the relative volatility of each bar of the day, for each session from the sessions before it.

    Parameters
    ----------
    bars : SessionBars
    spec : DiurnalSpec, optional

    Returns
    -------
    float64 array, shape (n_sessions + 1, n_slots)
        Factors [standard deviations], mean square 1 over the slots that have one; the last row is for the session
        after the data. NaN where fewer than `spec.fewest` past sessions had that bar.

    Notes
    -----
    Squared returns are divided by an exponentially weighted mean of the sessions before theirs, so that a wild
    session counts like a calm one, are capped at 25, and averaged over the window.

    References
    ----------
    Andersen, T. G. and Bollerslev, T. (1997). Intraday periodicity and volatility persistence in financial markets.
    Journal of Empirical Finance 4(2-3), 115-158. Engle, R. F. and Sokalska, M. E. (2012). Forecasting intraday
    volatility in the US equity market: multiplicative component GARCH. Journal of Financial Econometrics 10(1), 54-83.
    """
    spec = spec or DiurnalSpec()
    n_sessions, n_slots = int(bars.session[-1]) + 1, int(bars.slot.max()) + 1
    squares = np.full((n_sessions, n_slots), np.nan)
    squares[bars.session, bars.slot] = bars.returns**2
    known = ~np.isnan(squares)
    totals, counts = np.where(known, squares, 0.0).sum(axis=1), known.sum(axis=1)
    level = np.nan
    relative = np.full_like(squares, np.nan)
    for day in range(n_sessions):
        if level > 0.0:
            relative[day] = np.minimum(squares[day] / level, _CAP)
        if counts[day]:
            today = totals[day] / counts[day]
            level = today if np.isnan(level) else spec.decay * level + (1.0 - spec.decay) * today
    seen = ~np.isnan(relative)
    sums = np.vstack([np.zeros(n_slots), np.cumsum(np.where(seen, relative, 0.0), axis=0)])
    number = np.vstack([np.zeros(n_slots), np.cumsum(seen, axis=0)])
    start = np.maximum(np.arange(n_sessions + 1) - spec.window, 0)
    total, times = sums - sums[start], number - number[start]
    mean = np.where(times >= spec.fewest, total / np.maximum(times, 1), np.nan)
    usable = mean > 0.0  # a bar that never moved has no volatility to divide by
    size = np.where(usable, mean, 0.0).sum(axis=1) / np.maximum(usable.sum(axis=1), 1)
    scale = np.where(size > 0.0, size, np.nan)
    return np.sqrt(np.where(usable, mean, np.nan) / scale[:, None])
