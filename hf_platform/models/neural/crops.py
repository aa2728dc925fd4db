"""Stretches of log prices for recurrent nets: trained and run on pieces of one length.

A recurrent net that was trained on pieces of 96 bars says little after 3,000. Pieces start on a grid of
half their length, counted from the first training bar; the first half warms the state up, the second
half is trained on and forecast from. So a forecast rests on a bounded past, too.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hf_platform.models.base import PanelMember, Series
from hf_platform.models.neural.windows import FLOOR, VALIDATION_SHARE, units_at
from hf_platform.types import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class CropShapes:
    """Bars of a piece, bars that a window's unit rests on, and bars of the path ahead."""

    length: int
    lookback: int
    n_steps: int

    @property
    def past(self) -> int:
        """Bars before an origin that its forecast may read."""
        return self.length + self.lookback


@dataclass(frozen=True, slots=True, eq=False)
class Crops:
    """Pieces of some series.

    Parameters
    ----------
    values : float64 array, shape (n, length)
        Log price in units of the series' volatility, 0 at the first bar of the piece.
    units : float64 array, shape (n, length)
        Volatility over the path as known at each bar.
    first : int64 array, shape (n,)
        Bar of the series at which each piece starts.
    """

    values: FloatArray
    units: FloatArray
    first: IntArray


def scale_of(series: Series, start: int, stop: int) -> float:
    """Give the volatility of a training window: in its units every series' prices and seasons are alike."""
    return float(series.log_return[start:stop].std())


def cut(returns: FloatArray, starts: IntArray, shapes: CropShapes) -> Crops:
    """Cut pieces that start at some bars; each start is at least `lookback`, each piece within the returns.

    The returns are those of the series divided by `scale_of`.
    """
    bars = starts[:, None] + np.arange(shapes.length)
    steps = np.where(np.arange(shapes.length) == 0, 0.0, returns[bars])
    units = units_at(returns, bars.ravel(), shapes.lookback, shapes.n_steps, FLOOR).reshape(bars.shape)
    return Crops(np.cumsum(steps, axis=1), units, starts)


@dataclass(frozen=True, slots=True, eq=False)
class TrainingCrops:
    """Pieces of a panel with their targets.

    Parameters
    ----------
    values, units : float32 array, shape (n, length)
    rows, phase : int64 array, shape (n,)
        Place of the series in the panel, and number of the first bar.
    targets : float32 array, shape (n, length, n_steps)
        Log price after 1..n_steps bars minus that at the bar, in units; NaN where it is not to be used.
    is_validation : bool array, shape (n,)
    """

    values: NDArray[np.float32]
    units: NDArray[np.float32]
    rows: IntArray
    phase: IntArray
    targets: NDArray[np.float32]
    is_validation: BoolArray


def training_crops(members: Sequence[PanelMember], shapes: CropShapes) -> TrainingCrops | str:
    """Cut a panel into pieces; a text where its series are too short.

    The newest bars of each series judge and never train: a target that reaches into them is NaN in the
    pieces for training, one that starts before them is NaN in the pieces for validation.
    """
    parts = [part for place, member in enumerate(members) for part in _parts(place, member, shapes)]
    if not any(part.is_validation.any() for part in parts) or all(part.is_validation.all() for part in parts):
        longest = max(member.stop - member.start for member in members)
        return (
            f"at least {shapes.past + shapes.length + 2 * shapes.n_steps} training bars needed by a recurrent net, "
            f"found {longest}. Load more history."
        )
    return TrainingCrops(
        *(
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("values", "units", "rows", "phase", "targets", "is_validation")
        )
    )


def _parts(place: int, member: PanelMember, shapes: CropShapes) -> list[TrainingCrops]:
    stop = member.stop
    returns = member.series.log_return / scale_of(member.series, member.start, stop)
    first = max(member.start, 1) + shapes.lookback - 1
    half = shapes.length // 2
    split = stop - max(half, int(VALIDATION_SHARE * (stop - member.start)))
    last = stop - shapes.length
    training = np.arange(first, split - shapes.length + half // 2, half, dtype=np.int64)
    held = np.arange(last, split - half - 1, -half, dtype=np.int64)[::-1]
    held = held[held >= first]
    training = training[training <= last]
    found: list[TrainingCrops] = []
    for starts, low, high, judges in ((training, first, split, False), (held, split, stop, True)):
        if starts.size == 0:
            continue
        targets = _targets(returns, starts, shapes, low, high)
        kept = np.isfinite(targets).any(axis=(1, 2))
        if not kept.any():
            continue
        crops = cut(returns, starts[kept], shapes)
        n = int(kept.sum())
        scaled = targets[kept] / crops.units[:, :, None]
        found.append(
            TrainingCrops(
                crops.values.astype(np.float32),
                crops.units.astype(np.float32),
                np.full(n, place, dtype=np.int64),
                starts[kept],
                scaled.astype(np.float32),
                np.full(n, judges),
            )
        )
    return found


def _targets(returns: FloatArray, starts: IntArray, shapes: CropShapes, low: int, high: int) -> FloatArray:
    """Log price paths after each bar of each piece; NaN outside ``low <= bar`` and ``bar + n_steps < high``."""
    bars = starts[:, None] + np.arange(shapes.length)
    usable = (bars >= low) & (bars + shapes.n_steps < high) & (np.arange(shapes.length) >= shapes.length // 2)
    safe = np.where(usable, bars, 1)
    ahead = safe[:, :, None] + 1 + np.arange(shapes.n_steps)
    paths = np.cumsum(returns[np.minimum(ahead, high - 1)], axis=2)
    return np.where(usable[:, :, None], paths, np.nan)


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """The pieces that some origins need, and where each origin stands in them.

    Parameters
    ----------
    starts : int64 array, shape (n_pieces,)
    piece, position : int64 array, shape (n_origins,)
    """

    starts: IntArray
    piece: IntArray
    position: IntArray


def pieces_for(indices: IntArray, first: int, shapes: CropShapes) -> Asked:
    """Find the pieces of origins; the grid of pieces is counted from `first`, not from the origins.

    Parameters
    ----------
    indices : int64 array, shape (n_origins,)
        Origins, at least ``first + length // 2``.
    first : int
        Start of the first piece.
    shapes : CropShapes
    """
    half = shapes.length // 2
    number = (indices - first) // half - 1
    starts, piece = np.unique(number, return_inverse=True)
    position = indices - (first + number * half)
    return Asked(first + starts * half, piece.astype(np.int64), position)
