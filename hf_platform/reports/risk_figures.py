"""The plots of a portfolio's risk page."""

from collections.abc import Sequence
from html import escape
from typing import Final

import numpy as np

from hf_platform.reports.svg import Frame, bars, day, frame_for, polyline, thin, value_ticks
from hf_platform.types import FloatArray, TimeArray

_WIDTH, _HEIGHT = 960, 300
_ROW, _LABEL, _VALUE = 20, 170, 70  # of a bar chart: height of a row, room for labels and for numbers
_MAX_MARKS: Final = 400


def bar_chart(title: str, labels: Sequence[str], values: FloatArray) -> str:
    """Draw one horizontal bar a label, as a share of equity; losses to the right, gains (hatched) to the left."""
    height = _ROW * len(labels) + 36
    low, high = min(float(values.min(initial=0.0)), 0.0), max(float(values.max(initial=0.0)), 1e-12)
    left, right = _LABEL, _WIDTH - _VALUE
    scale = (right - left) / (high - low)

    def x(value: float) -> float:
        return left + (value - low) * scale

    parts: list[str] = []
    for tick in value_ticks(low, high):
        parts.append(f'<path class="grid{" zero" if tick == 0 else ""}" d="M{x(tick):.1f} 4V{height - 24}"/>')
        parts.append(
            f'<text class="tick" x="{x(tick):.1f}" y="{height - 8}" text-anchor="middle">{tick * 100:g}%</text>'
        )
    for at, (label, value) in enumerate(zip(labels, values.tolist(), strict=True)):
        top = 6 + at * _ROW
        start, width = min(x(0.0), x(value)), abs(x(value) - x(0.0))
        name, colour = escape(label), "s0" if value >= 0 else "s7"
        parts.append(f'<text class="tick" x="{left - 8}" y="{top + 11}" text-anchor="end">{name}</text>')
        parts.append(
            f'<rect class="{colour}" x="{start:.1f}" y="{top}" width="{max(width, 0.5):.1f}" height="{_ROW - 6}">'
            f"<title>{name}: {value:.2%}</title></rect>"
        )
        parts.append(f'<text class="tick" x="{x(max(value, 0.0)) + 5:.1f}" y="{top + 11}">{value:.2%}</text>')
    label = f"{escape(title)}: {len(labels)} bars"
    return (
        f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{label}"><title>{escape(title)}</title>'
        f"{''.join(parts)}</svg>"
    )


def loss_paths(paths: Sequence[tuple[str, FloatArray]]) -> str:
    """Draw the running loss of replays, session by session."""
    longest = max(values.size for _, values in paths)
    low = min(float(values.min()) for _, values in paths)
    high = max(float(values.max()) for _, values in paths)
    air = 0.05 * (high - low)
    bottom, top = low - air, high + air
    left, right, floor = 58, _WIDTH - 12, _HEIGHT - 26

    def at(session: FloatArray, loss: FloatArray) -> tuple[FloatArray, FloatArray]:
        return left + session / max(longest - 1, 1) * (right - left), floor - (loss - bottom) / (top - bottom) * (
            floor - 10
        )

    parts: list[str] = []
    for tick in value_ticks(bottom, top):
        _, y = at(np.zeros(1), np.array([tick]))
        parts.append(f'<path class="grid{" zero" if tick == 0 else ""}" d="M{left} {y[0]:.1f}H{right}"/>')
        parts.append(f'<text class="tick" x="{left - 6}" y="{y[0]:.1f}" dy=".32em" text-anchor="end">{tick * 100:g}%'
                     "</text>")  # fmt: skip
    for session in value_ticks(0, longest - 1, whole=True):
        x, _ = at(np.array([session]), np.zeros(1))
        parts.append(f'<text class="tick" x="{x[0]:.1f}" y="{floor + 17}" text-anchor="middle">{session:g}</text>')
    for number, (_, values) in enumerate(paths):
        x, y = at(np.arange(values.size, dtype=np.float64), values)
        parts.append(f'<path class="line {("high", "low", "third")[number % 3]}" d="{polyline(x, y)}"/>')
    said = "; ".join(f"{name} ends at a loss of {values[-1]:.1%}" for name, values in paths)
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="Running loss by session: {escape(said)}">'
        f"<title>Running loss by session</title>{''.join(parts)}</svg>"
    )


def losses_and_var(origins: TimeArray, losses: FloatArray, value_at_risk: FloatArray) -> str:
    """Draw realised returns against minus VaR, and mark the breaches."""
    returns = -losses
    frame = frame_for(origins, [returns, -value_at_risk], _WIDTH, _HEIGHT, include=(0.0,))
    columns, low, high = thin(frame.columns(origins), returns)
    body = [
        f'<path class="returns" d="{bars(columns, frame.y(high), frame.y(low))}"/>',
        f'<path class="line high" d="{_thinned(frame, origins, -value_at_risk)}"/>',
    ]
    hits = np.flatnonzero(losses > value_at_risk)
    for i in hits[-_MAX_MARKS:].tolist():
        x, y = float(frame.x(origins[i : i + 1])[0]), float(frame.y(returns[i : i + 1])[0])
        body.append(
            f'<path class="mark high" d="M{x:.1f} {y:.1f}l-4 -7h8z"><title>{day(origins, i)}: loss {losses[i]:.2%}, '
            f"VaR {value_at_risk[i]:.2%}</title></path>"
        )
    said = f"{hits.size} breaches in {losses.size} forecasts"
    return frame.svg("Portfolio returns against 99 % VaR", said, body, "%")


def _thinned(frame: Frame, times: TimeArray, values: FloatArray) -> str:
    columns, low, high = thin(frame.columns(times), values)
    return polyline(columns.astype(np.float64), frame.y(0.5 * (low + high)))
