"""What happened inside simulated sessions: bars that end where the session's return ends."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from hf_platform import calendar as calendars
from hf_platform.market.source import RAW_SCHEMA
from hf_platform.types import FloatArray, IntArray, TimeArray

SOURCE: Final = "simulated"


@dataclass(frozen=True, slots=True, eq=False)
class SessionPath:
    """One instrument, session by session; arrays of shape (n_sessions,).

    Parameters
    ----------
    closes : datetime64[us] array
        Session closes, UTC.
    log_return : float64 array
        Of the session, from its open (after any split or dividend) to its close [decimal].
    volatility : float64 array
        Standard deviation of that return given the past [decimal per session].
    log_close : float64 array
        Logarithm of the closing price.
    """

    closes: TimeArray
    log_return: FloatArray
    volatility: FloatArray
    log_close: FloatArray


def draw_bars(name: str, path: SessionPath, calendar: str, frequency: str, random: np.random.Generator) -> pl.DataFrame:
    """Draw bars of one frequency along a path.

    Returns
    -------
    DataFrame
        Columns of `RAW_SCHEMA`; known_at = event_at. High and low are drawn as the extremes of a
        Brownian bridge from open to close, so they enclose both.
    """
    volume = 1e6 * (1.0 + 2.0 * np.abs(path.log_return))
    if frequency == "1d":
        ends, opens, last, spread = path.closes, path.log_close - path.log_return, path.log_close, path.volatility
    else:
        ends, opens, last, spread, share, session = _inside(path, calendar, frequency, random)
        volume = volume[session] * share
    move = last - opens
    up, down = (np.sqrt(move**2 - 2.0 * spread**2 * np.log1p(-random.random(ends.size))) for _ in range(2))
    values = {
        "open": np.exp(opens),
        "high": np.exp(np.maximum(opens + (move + up) / 2.0, np.maximum(opens, last))),
        "low": np.exp(np.minimum(opens + (move - down) / 2.0, np.minimum(opens, last))),
        "close": np.exp(last),
        "volume": volume,
    }
    frame = pl.DataFrame({"event_at": ends, "known_at": ends, **values}).with_columns(
        pl.lit(name).alias("instrument"), pl.lit(frequency).alias("frequency"), pl.lit(SOURCE).alias("source")
    )
    return frame.select(*RAW_SCHEMA)


def _inside(
    path: SessionPath, calendar: str, frequency: str, random: np.random.Generator
) -> tuple[TimeArray, FloatArray, FloatArray, FloatArray, FloatArray, IntArray]:
    """Split each session into bars whose variance and volume are high at the open and at the close."""
    first = np.datetime64(path.closes[0], "us") - np.timedelta64(1, "D")
    ends = calendars.bar_closes(calendar, frequency, first, np.datetime64(path.closes[-1], "us"))
    known = calendars.sessions(calendar)
    ends = ends[ends > known.opens[np.searchsorted(known.closes, path.closes[0])]]
    session = np.searchsorted(path.closes, ends, side="left").astype(np.int64)
    count = np.bincount(session, minlength=path.closes.size)
    start = np.cumsum(count) - count
    middle = (np.arange(ends.size) - start[session] + 0.5) / count[session] - 0.5  # -0.5 at the open, 0.5 at the close
    weight = 0.5 + 6.0 * middle**2  # a U: 0.5 at noon, 2 at both ends
    share = weight / np.bincount(session, weight)[session]
    spread = np.sqrt(share) * path.volatility[session]
    free = random.normal(0.0, 1.0, ends.size) * spread
    # A Brownian bridge on the clock of variance: the bars add up to the session's return.
    steps = free + share * (path.log_return - np.bincount(session, free))[session]
    run = np.cumsum(steps)
    last = (path.log_close - path.log_return - (run[start] - steps[start]))[session] + run
    return ends, last - steps, last, spread, share, session
