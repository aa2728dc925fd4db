"""When a forecast comes true: the close of the bar that ends its horizon."""

from collections.abc import Sequence

import numpy as np

from hf_platform.errors import UnknownNameError
from hf_platform.lake import Lake
from hf_platform.models.base import Series
from hf_platform.types import TimeArray


def calendars(store: Lake, instruments: Sequence[str]) -> dict[str, str]:
    """Read the trading calendar of each instrument from `market.universe`, newest spell first."""
    rows = store.query(
        "SELECT instrument, arg_max(calendar, valid_from) FROM market.universe "
        "WHERE instrument IN (SELECT unnest($instruments)) GROUP BY instrument",
        {"instruments": list(instruments)},
    )
    return dict(rows.iter_rows())


def target_times(series: Series, n_bars: int, calendar: str | None) -> TimeArray:
    """Give, for each bar, the close of the bar that ends a horizon begun there.

    Parameters
    ----------
    series : Series
    n_bars : int
        Bars of the horizon.
    calendar : str or None
        Sessions still to come are taken from it, for the last `n_bars` bars.

    Returns
    -------
    datetime64[us] array, shape (n_bars of the series,)

    Raises
    ------
    UnknownNameError
        If the instrument has no calendar.
    """
    from hf_platform.calendar import next_bar_closes

    if calendar is None:
        raise UnknownNameError("calendar of instrument", series.instrument, ("add it: hfp universe add",))
    future = next_bar_closes(calendar, series.frequency, series.event_at[-1], n_bars)
    return np.concatenate([series.event_at, future])[n_bars:]


def known_times(series: Series) -> TimeArray:
    """Give, for each bar, when all bars up to it were known."""
    return np.maximum.accumulate(series.known_at)
