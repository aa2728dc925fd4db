"""Windows of log price paths over a panel, each in units of its own volatility."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hf_platform.models.base import PanelMember, Series
from hf_platform.types import BoolArray, FloatArray, IntArray, TimeArray

_DECAY: Final = 0.97  # weight of a bar against the next one in a window's volatility
FLOOR: Final = 0.1  # of the training window's volatility: a quiet window must not blow its target up
VALIDATION_SHARE: Final = 0.15  # the newest origins decide when training stops


@dataclass(frozen=True, slots=True, eq=False)
class Paths:
    """Windows that end at some origins.

    Parameters
    ----------
    values : float64 array, shape (n_origins, lookback)
        Log price at each bar of the window minus that at the origin, in units of `unit`; the last is 0.
    unit : float64 array, shape (n_origins,)
        Volatility over `n_steps` bars that the window's own returns suggest [decimal log return].
    """

    values: FloatArray
    unit: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class TrainingWindows:
    """All windows of a panel whose targets end by the anchor.

    Parameters
    ----------
    paths : float32 array, shape (n_rows, lookback)
    targets : float32 array, shape (n_rows, n_steps)
        Log price after 1..n_steps bars minus that at the origin, in units of the window.
    is_validation : bool array, shape (n_rows,)
        The newest origins; rows whose target reaches into their time are left out altogether.
    origins, ends : datetime64[us] array, shape (n_rows,)
        Bar of each row's origin, and the one that ends its target.
    """

    paths: NDArray[np.float32]
    targets: NDArray[np.float32]
    is_validation: BoolArray
    origins: TimeArray
    ends: TimeArray


def floor_of(series: Series, start: int, stop: int) -> float:
    """Give the least one-bar volatility that windows of a series are measured in, from its training window."""
    return FLOOR * float(series.log_return[start:stop].std())


def units_at(returns: FloatArray, indices: IntArray, lookback: int, n_steps: int, floor: float) -> FloatArray:
    """Volatility over `n_steps` bars that the window up to each origin suggests; see `paths_at`."""
    return _units(np.lib.stride_tricks.sliding_window_view(returns, lookback)[indices - lookback + 1], n_steps, floor)


def _units(windows: FloatArray, n_steps: int, floor: float) -> FloatArray:
    weights = _DECAY ** np.arange(windows.shape[1] - 1, -1, -1.0)
    variance = (np.square(windows) * (weights / weights.sum())).sum(axis=1)
    return np.maximum(np.sqrt(variance), floor) * np.sqrt(n_steps)


def paths_at(returns: FloatArray, indices: IntArray, lookback: int, n_steps: int, floor: float) -> Paths:
    """Cut windows out of a series.

    Parameters
    ----------
    returns : float64 array, shape (n_bars,)
        Log returns; finite in every window asked for.
    indices : int64 array, shape (n_origins,)
        Origins, at least `lookback`.
    lookback, n_steps : int
        Bars of a window, and bars that the forecast path runs ahead.
    floor : float
        Least volatility of one bar.
    """
    windows = np.lib.stride_tricks.sliding_window_view(returns, lookback)[indices - lookback + 1]
    unit = _units(windows, n_steps, floor)
    level = np.cumsum(windows, axis=1)
    return Paths((level - level[:, -1:]) / unit[:, None], unit)


def training_windows(
    members: Sequence[PanelMember], lookback: int, n_steps: int, *, most: int = 60_000
) -> TrainingWindows | str:
    """Cut every training window of a panel; a text where there are too few.

    Parameters
    ----------
    members : sequence of PanelMember
    lookback, n_steps : int
    most : int
        Rows to keep: beyond it only every k-th origin is taken, the same for all members.
    """
    total = sum(max(0, member.stop - member.start - lookback - n_steps + 1) for member in members)
    stride = max(1, -(-total // most))
    parts = [_rows_of(member, lookback, n_steps, stride) for member in members]
    origin = np.concatenate([part.origin for part in parts])
    if origin.size < 20:
        return (
            f"at least 20 training windows of {lookback} bars with a target of {n_steps} bars needed, found "
            f"{origin.size}. Load more history."
        )
    cutoff = np.sort(origin)[int((1 - VALIDATION_SHARE) * (origin.size - 1))]
    end = np.concatenate([part.end for part in parts])
    is_validation = origin > cutoff
    kept = is_validation | (end <= cutoff)
    if not is_validation.any() or is_validation[kept].all():
        return f"training windows must span more than the validation tail, found {origin.size} of one time. Load more."
    return TrainingWindows(
        paths=np.concatenate([part.paths for part in parts])[kept],
        targets=np.concatenate([part.targets for part in parts])[kept],
        is_validation=is_validation[kept],
        origins=origin[kept],
        ends=end[kept],
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    paths: NDArray[np.float32]
    targets: NDArray[np.float32]
    origin: TimeArray
    end: TimeArray


def _rows_of(member: PanelMember, lookback: int, n_steps: int, stride: int) -> _Rows:
    series, start, stop = member.series, member.start, member.stop
    # Counted from the anchor backwards, so that the newest window is always in.
    indices = np.arange(stop - 1 - n_steps, start + lookback - 2, -stride, dtype=np.int64)[::-1]
    returns = series.log_return[:stop]
    if indices.size == 0:
        none = np.empty(0, dtype=series.event_at.dtype)
        return _Rows(np.empty((0, lookback), np.float32), np.empty((0, n_steps), np.float32), none, none)
    paths = paths_at(returns, indices, lookback, n_steps, floor_of(series, start, stop))
    ahead = np.lib.stride_tricks.sliding_window_view(returns, n_steps)[indices + 1]
    targets = np.cumsum(ahead, axis=1) / paths.unit[:, None]
    return _Rows(
        paths.values.astype(np.float32),
        targets.astype(np.float32),
        series.event_at[indices],
        series.event_at[indices + n_steps],
    )


def windows_known(lookback: int, series: Series, indices: IntArray) -> BoolArray:
    """Mark the origins, shape (n_origins,), whose whole window of returns is known."""
    last = int(indices[-1]) + 1 if indices.size else 0
    holes = np.cumsum(~np.isfinite(series.log_return[:last]))
    before = np.where(indices >= lookback, holes[np.maximum(indices - lookback, 0)], -1)
    return holes[indices] == before
