"""Exchange sessions and the bar grid that they imply.

One session list per calendar, 1980 to 2040, built once per process by `exchange_calendars` and kept
as plain arrays. The range is fixed, so nothing here depends on the day the code runs.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from hf_platform.errors import DataError, UnknownNameError
from hf_platform.horizons import FREQUENCIES, INTRADAY
from hf_platform.types import BoolArray, TimeArray

FIRST_DAY: Final = date(1980, 1, 1)
LAST_DAY: Final = date(2040, 12, 31)
MINUTES: Final[dict[str, int]] = {"1min": 1, "5min": 5, "15min": 15, "30min": 30, "1h": 60}
_COMMON: Final = ("XNYS", "XNAS", "CMES", "XLON", "XTKS", "XKRX", "24/5", "24/7")

Moment = datetime | np.datetime64
DateArray = NDArray[np.datetime64]  # days


@dataclass(frozen=True, slots=True, eq=False)
class Sessions:
    """The sessions of one calendar, in order.

    Parameters
    ----------
    name : str
        Name of the calendar.
    dates : datetime64[D] array, shape (n_sessions,)
        Session labels: the local trading day.
    opens, closes : datetime64[us] array, shape (n_sessions,)
        First and last instant of trading, UTC; half days and ad-hoc closures are accounted for.
    """

    name: str
    dates: DateArray
    opens: TimeArray
    closes: TimeArray


def _library() -> Any:  # noqa: ANN401 - exchange_calendars ships no types
    """Import late: pandas comes with it."""
    import exchange_calendars  # pyright: ignore[reportMissingTypeStubs]

    return exchange_calendars


@lru_cache(maxsize=1)
def known_calendars() -> tuple[str, ...]:
    """Name every calendar that can be asked for, aliases included."""
    return tuple(_library().get_calendar_names(include_aliases=True))


def is_known_calendar(name: str) -> bool:
    """Tell whether sessions of that name exist, for example ``XNYS`` or ``24/7``."""
    return name in _COMMON or name in known_calendars()


@lru_cache(maxsize=32)
def _exchange(calendar: str) -> Any:  # noqa: ANN401 - exchange_calendars ships no types
    """Build the calendar over the widest part of the fixed range that it supports."""
    if not is_known_calendar(calendar):
        raise UnknownNameError("calendar", calendar, (*_COMMON, "any name of exchange_calendars"))
    get_calendar = _library().get_calendar
    try:
        return get_calendar(calendar, start=FIRST_DAY.isoformat(), end=LAST_DAY.isoformat())
    except ValueError:  # rules recorded for a narrower range only
        narrow = get_calendar(calendar)
        first, last = narrow.bound_min(), narrow.bound_max()
        start = FIRST_DAY if first is None else max(FIRST_DAY, first.date())
        end = LAST_DAY if last is None else min(LAST_DAY, last.date())
        return get_calendar(calendar, start=start.isoformat(), end=end.isoformat())


@lru_cache(maxsize=32)
def sessions(calendar: str) -> Sessions:
    """Give all sessions of a calendar between 1980 and 2040.

    Raises
    ------
    UnknownNameError
        If there is no calendar of that name.
    """
    exchange = _exchange(calendar)

    def micro(column: str) -> TimeArray:
        return exchange.schedule[column].dt.tz_localize(None).to_numpy().astype("datetime64[us]")

    dates = exchange.sessions.to_numpy().astype("datetime64[D]")
    return Sessions(calendar, dates, micro("open"), micro("close"))


def time_zone(calendar: str) -> str:
    """Name the exchange's time zone, for example ``America/New_York``.

    Raises
    ------
    UnknownNameError
        If there is no calendar of that name.
    """
    return str(_exchange(calendar).tz)


def session_closes(calendar: str, start: Moment, end: Moment) -> TimeArray:
    """Give the closes of the sessions that end in ``[start, end]``.

    Parameters
    ----------
    calendar : str
        For example ``XNYS`` or ``24/7``.
    start, end : datetime or datetime64
        UTC, both included.

    Returns
    -------
    datetime64[us] array, shape (n_sessions,)
        Increasing, UTC.

    Raises
    ------
    UnknownNameError
        If there is no calendar of that name.
    """
    return bar_closes(calendar, "1d", start, end)


def next_session_closes(calendar: str, after: Moment, n: int) -> TimeArray:
    """Give the closes of the next `n` sessions that end strictly after a moment.

    Raises
    ------
    DataError
        If the calendar ends before the n-th.
    """
    closes = sessions(calendar).closes
    first = int(np.searchsorted(closes, _micro(after), side="right"))
    if first + n > closes.shape[0]:
        raise DataError(
            f"the calendar {calendar} ends on {closes[-1].item():%Y-%m-%d}, asked for {n} sessions after {after}. "
            "Ask for fewer sessions or an earlier moment."
        )
    return closes[first : first + n]


def next_session_close(calendar: str, after: Moment) -> datetime:
    """Give the close of the first session that ends strictly after a moment, naive UTC."""
    return next_session_closes(calendar, after, 1)[0].item()


def next_bar_closes(calendar: str, frequency: str, after: Moment, n: int) -> TimeArray:
    """Give the next `n` bar closes of a frequency strictly after a moment.

    The twin of `next_session_closes` for any frequency: the targets of forecasts whose bars are
    still to come.

    Raises
    ------
    DataError
        If the calendar ends before the n-th.
    """
    first = _micro(after) + np.timedelta64(1, "us")
    days = {"1d": 1, "1w": 7, "1mo": 31}.get(frequency, 1)
    span = days * n + 31  # holidays and half-used periods fit into a month of slack
    while True:
        closes = bar_closes(calendar, frequency, first, first + np.timedelta64(span, "D"))
        if closes.shape[0] >= n:
            return closes[:n]
        if first + np.timedelta64(span, "D") > sessions(calendar).closes[-1]:
            raise DataError(
                f"the calendar {calendar} ends on {sessions(calendar).closes[-1]}, asked for {n} bars of {frequency} "
                f"after {after}. Ask for fewer bars or an earlier moment."
            )
        span *= 2


def closes_of(calendar: str, dates: DateArray) -> tuple[TimeArray, BoolArray]:
    """Give the close that belongs to each trading day, session or not.

    Parameters
    ----------
    calendar : str
        Name of the calendar.
    dates : datetime64[D] array, shape (n,)
        Local trading days.

    Returns
    -------
    closes : datetime64[us] array, shape (n,)
        The session's close, UTC; for a day without a session the regular close of that day, so that
        a price quoted on an exchange holiday keeps its place in time.
    is_session : bool array, shape (n,)
        False where the day is no session of the calendar.
    """
    known = sessions(calendar)
    days = np.asarray(dates, dtype="datetime64[D]")
    at = np.searchsorted(known.dates, days)
    at_most = np.minimum(at, known.dates.shape[0] - 1)
    is_session = known.dates[at_most] == days
    closes = known.closes[at_most].copy()
    for i in np.flatnonzero(~is_session):
        closes[i] = _regular_close(calendar, days[i].item())
    return closes, is_session


def _regular_close(calendar: str, day: date) -> np.datetime64:
    """Give the usual closing time on a day that is no session, in UTC."""
    exchange = _exchange(calendar)
    local = next(time for start, time in reversed(exchange.close_times) if start is None or start.date() <= day)
    shifted = day + timedelta(days=int(exchange.close_offset))
    moment = datetime.combine(shifted, local, tzinfo=exchange.tz).astimezone(UTC)
    return np.datetime64(moment.replace(tzinfo=None), "us")


def bar_closes(calendar: str, frequency: str, start: Moment, end: Moment) -> TimeArray:
    """Give the closes of all bars of a frequency that end in ``[start, end]``.

    Parameters
    ----------
    calendar : str
        Name of the calendar.
    frequency : str
        A key of `horizons.FREQUENCIES`. Intraday bars count from the session's open, and the last
        one ends with the session; a week (Monday to Sunday) and a month end with the close of their
        last session.
    start, end : datetime or datetime64
        UTC, both included.

    Returns
    -------
    datetime64[us] array, shape (n_bars,)
        Increasing, UTC.

    Raises
    ------
    UnknownNameError
        If the calendar or the frequency is unknown.
    """
    grid = _intraday_grid(calendar, frequency, start, end) if frequency in INTRADAY else _grid(calendar, frequency)
    first = np.searchsorted(grid, _micro(start), side="left")
    return grid[first : np.searchsorted(grid, _micro(end), side="right")]


@lru_cache(maxsize=64)
def _grid(calendar: str, frequency: str) -> TimeArray:
    known = sessions(calendar)
    if frequency == "1d":
        return known.closes
    if frequency == "1w":  # 1969-12-29 was a Monday
        period = (known.dates - np.datetime64("1969-12-29", "D")).astype(np.int64) // 7
    elif frequency == "1mo":
        period = known.dates.astype("datetime64[M]").astype(np.int64)
    else:
        raise UnknownNameError("frequency", frequency, tuple(FREQUENCIES))
    # The calendar's very last period may be cut by its end: leave it out.
    return known.closes[np.flatnonzero(np.diff(period) != 0)]


def _intraday_grid(calendar: str, frequency: str, start: Moment, end: Moment) -> TimeArray:
    known = sessions(calendar)
    first = int(np.searchsorted(known.closes, _micro(start), side="left"))
    last = int(np.searchsorted(known.opens, _micro(end), side="right"))
    opens, closes = known.opens[first:last], known.closes[first:last]
    step = np.timedelta64(MINUTES[frequency], "m")
    n_bars = -((opens - closes) // step)  # floor of the negative is the ceiling
    if n_bars.size == 0:
        return np.empty(0, dtype="datetime64[us]")
    count = np.arange(1, int(n_bars.max()) + 1)
    ends = np.minimum(opens[:, None] + count[None, :] * step, closes[:, None])
    return ends[count[None, :] <= n_bars[:, None]].astype("datetime64[us]")


def in_session(calendar: str, event_at: TimeArray) -> BoolArray:
    """Tell which moments fall inside a session: after its open, at or before its close.

    A moment that is exactly an open counts as inside, for the opening print.
    """
    known = sessions(calendar)
    at = np.searchsorted(known.closes, event_at, side="left")
    within = at < known.closes.shape[0]
    return within & (known.opens[np.minimum(at, known.opens.shape[0] - 1)] <= event_at)


def _micro(moment: Moment) -> np.datetime64:
    if isinstance(moment, np.datetime64):
        return moment.astype("datetime64[us]")
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC).replace(tzinfo=None)
    return np.datetime64(moment, "us")
