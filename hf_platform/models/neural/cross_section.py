"""Moments of a panel: what was known of every instrument when one of them had a new bar.

A moment is a knowledge time, not a session: a series whose bars are published half a day later than the
others has moments of its own, and at those of the others only its older bars are seen.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from hf_platform.models.base import Documents, Series
from hf_platform.models.neural.windows import FLOOR, units_at
from hf_platform.types import BoolArray, FloatArray, IntArray, TimeArray

_GRAPH_STEP: Final = np.timedelta64(91, "D")  # a new graph each quarter, on a fixed grid
_GRAPH_PAST: Final = np.timedelta64(366, "D")
_LEAST_COMMON: Final = 60  # days that two series must share
_NEIGHBOURS: Final = 4
_WEAKEST: Final = 0.2  # correlation below which there is no edge
_EPOCH: Final = np.datetime64("1970-01-01", "us")


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Some moments of a panel.

    Parameters
    ----------
    times : datetime64[us] array, shape (n,)
    bars : int64 array, shape (n, n_nodes)
        Newest known bar of each series; -1 where there is none.
    is_fresh : bool array, shape (n, n_nodes)
        Whether that bar became known at this very moment.
    steps : float64 array, shape (n, n_nodes, lookback)
        Log returns in units of one bar; 0 where the window is not known.
    units : float64 array, shape (n, n_nodes)
        Volatility over the path.
    is_there : bool array, shape (n, n_nodes)
        Whether the window is known.
    """

    times: TimeArray
    bars: IntArray
    is_fresh: BoolArray
    steps: FloatArray
    units: FloatArray
    is_there: BoolArray


def known_times(series: Series) -> TimeArray:
    """Give, for each bar, when all bars up to it were known."""
    return np.maximum.accumulate(series.known_at)


def moments_at(
    times: TimeArray, series: Sequence[Series], scales: Sequence[float], lookback: int, n_steps: int
) -> Moments:
    """Look at a panel at some moments.

    Parameters
    ----------
    times : datetime64[us] array, shape (n,)
        Increasing.
    series : sequence of Series
    scales : sequence of float
        Volatility of each series' training window; a tenth of it is the least unit.
    lookback, n_steps : int
    """
    shape = (times.size, len(series))
    bars, is_fresh = np.empty(shape, dtype=np.int64), np.zeros(shape, dtype=np.bool_)
    steps, units, is_there = np.zeros((*shape, lookback)), np.ones(shape), np.zeros(shape, dtype=np.bool_)
    for node, (own, scale) in enumerate(zip(series, scales, strict=True)):
        known = known_times(own)
        bars[:, node] = np.searchsorted(known, times, side="right") - 1
        is_fresh[:, node] = (bars[:, node] >= 0) & (known[np.maximum(bars[:, node], 0)] == times)
        holes = np.cumsum(~np.isfinite(own.log_return))
        enough = bars[:, node] >= lookback
        at = np.where(enough, bars[:, node], lookback if len(own) > lookback else 0)
        if len(own) <= lookback:
            continue
        rows = enough & (holes[at] == holes[at - lookback])
        is_there[:, node] = rows
        good = at[rows]
        units[rows, node] = units_at(own.log_return, good, lookback, n_steps, FLOOR * scale)
        windows = np.lib.stride_tricks.sliding_window_view(own.log_return, lookback)[good - lookback + 1]
        steps[rows, node] = windows / (units[rows, node] / np.sqrt(n_steps))[:, None]
    return Moments(times, bars, is_fresh, steps, units, is_there)


@dataclass(frozen=True, slots=True, eq=False)
class Graph:
    """A relation between instruments as known at a time.

    Parameters
    ----------
    known_at : numpy.datetime64
    edges : int64 array, shape (2, n_edges)
        From, to; each relation in both directions.
    weights : float64 array, shape (n_edges,)
        Absolute correlation.
    """

    known_at: np.datetime64
    edges: IntArray
    weights: FloatArray


def graph_dates(times: TimeArray) -> TimeArray:
    """List the dates of the graphs that some moments look at: the newest of the grid before each."""
    numbers = np.unique((times - _EPOCH) // _GRAPH_STEP)
    return _EPOCH + numbers * _GRAPH_STEP


def correlation_graph(date: np.datetime64, series: Sequence[Series]) -> Graph:
    """Join each series to those that it correlated with most over the year before a date."""
    columns: list[tuple[TimeArray, FloatArray]] = []
    for own in series:
        seen = (known_times(own) <= date) & (own.event_at > date - _GRAPH_PAST) & np.isfinite(own.log_return)
        columns.append((own.event_at[seen].astype("datetime64[D]"), own.log_return[seen]))
    days = np.unique(np.concatenate([day for day, _ in columns]))
    rows: dict[object, int] = dict(zip(days.tolist(), range(days.size), strict=True))
    table = np.full((days.size, len(series)), np.nan)
    for node, (day, value) in enumerate(columns):
        table[[rows[one] for one in day.tolist()], node] = value
    strength = _correlations(table)
    edges: set[tuple[int, int]] = set()
    for node in range(len(series)):
        order = np.argsort(-strength[node], kind="stable")[:_NEIGHBOURS]
        for other in order[strength[node][order] >= _WEAKEST].tolist():
            edges |= {(node, other), (other, node)}
    pairs = np.array(sorted(edges), dtype=np.int64).reshape(-1, 2).T
    return Graph(date, pairs, strength[pairs[0], pairs[1]])


def _correlations(table: FloatArray) -> FloatArray:
    """Absolute correlations of columns over their common rows; 0 on the diagonal and where too few are common."""
    known = np.isfinite(table)
    filled = np.where(known, table, 0.0)
    mask = known.astype(np.float64)
    common = mask.T @ mask
    sums, squares, products = filled.T @ mask, np.square(filled).T @ mask, filled.T @ filled
    safe = np.maximum(common, 1.0)
    covariance = products - sums * sums.T / safe
    spread = np.sqrt(np.maximum(squares - sums**2 / safe, 0.0))
    scale = spread * spread.T
    found = np.where((common >= _LEAST_COMMON) & (scale > 0), np.abs(covariance) / np.where(scale > 0, scale, 1.0), 0.0)
    np.fill_diagonal(found, 0.0)
    return found


def newest_documents(
    times: TimeArray, documents: Sequence[Documents | None], n_documents: int, longest_age: np.timedelta64
) -> tuple[IntArray, FloatArray]:
    """Find the newest documents of all series at some moments.

    Parameters
    ----------
    times : datetime64[us] array, shape (n,)
    documents : sequence of Documents or None
        By series.
    n_documents : int
        How many to find, at most.
    longest_age : numpy.timedelta64
        Older ones are forgotten.

    Returns
    -------
    numbers : int64 array, shape (n, n_series, n_documents)
        Rows of `embeddings`, newest first; -1 for none.
    embeddings : float64 array, shape (n_all, n_dimensions)
    """
    numbers = np.full((times.size, len(documents), n_documents), -1, dtype=np.int64)
    tables: list[FloatArray] = []
    first = 0
    for node, own in enumerate(documents):
        if own is None or own.known_at.size == 0:
            continue
        last = np.searchsorted(own.known_at, times, side="right") - 1
        chosen = last[:, None] - np.arange(n_documents)
        young = (chosen >= 0) & (own.known_at[np.maximum(chosen, 0)] > times[:, None] - longest_age)
        numbers[:, node] = np.where(young, chosen + first, -1)
        tables.append(own.embeddings)
        first += own.known_at.size
    return numbers, np.concatenate(tables) if tables else np.empty((0, 0))
