"""A small drawing kit for plots inside pages: static SVG, thinned to the pixel, the same bytes every time.

Colours and strokes are classes of the page's style sheet, so that light, dark and print agree.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Final, cast

import numpy as np

from hf_platform.types import FloatArray, IntArray, TimeArray

_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 12, 10, 26
_YEAR_STEPS: Final = (1, 2, 5, 10, 20, 50)
_TICK_WIDTH = 85  # pixels that a label of the time axis needs


@dataclass(frozen=True, slots=True)
class Frame:
    """The rectangle of a plot and its scales: time from left to right, a value from bottom to top.

    Parameters
    ----------
    width, height : int
        Of the whole drawing, margins included [pixels of the view box].
    start, stop : datetime64[us]
        Time at the left and right edge.
    low, high : float
        Value at the bottom and top edge.
    """

    width: int
    height: int
    start: np.datetime64
    stop: np.datetime64
    low: float
    high: float

    def x(self, times: TimeArray) -> FloatArray:
        """Map times to horizontal positions."""
        span = max(int((self.stop - self.start).astype(np.int64)), 1)
        share = (times - self.start).astype("timedelta64[us]").astype(np.int64) / span
        return np.asarray(_LEFT + share * (self.width - _LEFT - _RIGHT), dtype=np.float64)

    def y(self, values: FloatArray) -> FloatArray:
        """Map values to vertical positions."""
        share = (values - self.low) / max(self.high - self.low, 1e-300)
        return np.asarray(self.height - _BOTTOM - share * (self.height - _TOP - _BOTTOM), dtype=np.float64)

    def columns(self, times: TimeArray) -> IntArray:
        """Map times to the numbers of their pixel columns."""
        return np.floor(self.x(times)).astype(np.int64)

    def axes(self, unit: str) -> str:
        """Draw grid lines and labels; unit "%" multiplies labels by 100, no unit means counts."""
        parts: list[str] = []
        right, floor = self.width - _RIGHT, self.height - _BOTTOM
        for tick in value_ticks(self.low, self.high, whole=unit == ""):
            at = f"{float(self.y(np.array([tick]))[0]):.1f}"
            zero = " zero" if tick == 0 else ""
            label = f"{tick * 100:g}%" if unit == "%" else f"{tick:g}"
            parts.append(f'<path class="grid{zero}" d="M{_LEFT} {at}H{right}"/>')
            parts.append(f'<text class="tick" x="{_LEFT - 6}" y="{at}" dy=".32em" text-anchor="end">{label}</text>')
        for moment, label in time_ticks(self.start, self.stop, max(3, self.width // _TICK_WIDTH)):
            at = f"{float(self.x(np.array([moment]))[0]):.1f}"
            parts.append(f'<path class="grid" d="M{at} {_TOP}V{floor}"/>')
            parts.append(f'<text class="tick" x="{at}" y="{floor + 17}" text-anchor="middle">{label}</text>')
        return "".join(parts)

    def svg(self, title: str, description: str, body: Sequence[str], unit: str) -> str:
        """Close the drawing with its title and description for readers who cannot see it."""
        return (
            f'<svg viewBox="0 0 {self.width} {self.height}" role="img" aria-label="{escape(title)}: '
            f'{escape(description)}"><title>{escape(title)}</title>{self.axes(unit)}{"".join(body)}</svg>'
        )


def frame_for(
    times: TimeArray, values: Sequence[FloatArray], width: int, height: int, include: Sequence[float] = ()
) -> Frame:
    """Make a frame that holds all times and values, with a little air above and below."""
    low = min([float(v.min()) for v in values if v.size] + list(include))
    high = max([float(v.max()) for v in values if v.size] + list(include))
    air = 0.04 * (high - low) or max(abs(high), 1e-6) * 0.1
    bottom = low if low in include else low - air
    return Frame(width, height, times[0], times[-1], bottom, high + air)


def value_ticks(low: float, high: float, *, whole: bool = False) -> list[float]:
    """Choose four to nine round values between two limits, whole numbers only if asked."""
    span = high - low
    if not span > 0:
        return [low]
    rough = span / 6
    magnitude = 10.0 ** np.floor(np.log10(rough))
    steps = [m * magnitude for m in (1, 2, 2.5, 5, 10) if not whole or (m * magnitude) % 1 == 0]
    step = min(steps or [1.0], key=lambda s: abs(s - rough))
    first = int(np.ceil(low / step - 1e-9))
    last = int(np.floor(high / step + 1e-9))
    return [round(k * step, 12) + 0.0 for k in range(first, last + 1)]


def time_ticks(start: np.datetime64, stop: np.datetime64, at_most: int = 11) -> list[tuple[np.datetime64, str]]:
    """Choose first days of years, or of months for a short span, with their labels."""
    first, last = (int(moment.astype("datetime64[M]").astype(np.int64)) for moment in (start, stop))
    months = list(range(first + 1, last + 1))  # months since 1970
    years = [month // 12 for month in months if month % 12 == 0]
    if len(years) >= 3:
        step = next((s for s in _YEAR_STEPS if len(years) / s <= at_most), _YEAR_STEPS[-1])
        return [(_month(12 * year), str(1970 + year)) for year in years if (1970 + year) % step == 0]
    step = max(1, -(-len(months) // at_most))
    return [(_month(month), f"{1970 + month // 12}-{month % 12 + 1:02d}") for month in months[::step]]


def _month(number: int) -> np.datetime64:
    return np.datetime64(f"{1970 + number // 12}-{number % 12 + 1:02d}-01", "us")


def polyline(x: FloatArray, y: FloatArray) -> str:
    """Write a path through points, rounded to a tenth of a pixel."""
    if not x.size:
        return ""
    points = [f"{a:.1f} {b:.1f}" for a, b in zip(x.tolist(), y.tolist(), strict=True)]
    return "M" + "L".join(points)


def thin(columns: IntArray, values: FloatArray) -> tuple[IntArray, FloatArray, FloatArray]:
    """Reduce values to one pixel column each: the columns, the smallest and the largest value of each."""
    starts = np.flatnonzero(np.r_[True, np.diff(columns) > 0])
    return columns[starts], np.minimum.reduceat(values, starts), np.maximum.reduceat(values, starts)


def bars(x: IntArray, top: FloatArray, bottom: FloatArray) -> str:
    """Write one vertical stroke per pixel column."""
    rows = zip(x.tolist(), top.tolist(), bottom.tolist(), strict=True)
    return "".join(f"M{a} {b:.1f}V{c:.1f}" for a, b, c in rows)


def day(times: TimeArray, at: int) -> str:
    """Write the date at a position as year-month-day."""
    stamp = cast("datetime", times[at].astype("datetime64[us]").item())
    return f"{stamp:%Y-%m-%d}"
