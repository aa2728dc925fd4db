"""The plots of a backtest page."""

from collections.abc import Sequence
from html import escape
from typing import Final

import numpy as np
from scipy import stats

from hf_platform.backtest.battery import RECENT
from hf_platform.backtest.sample import VarSample
from hf_platform.reports.evidence import VolatilityPath, WeightPath
from hf_platform.reports.svg import Frame, bars, day, frame_for, polyline, thin
from hf_platform.types import BoolArray, FloatArray, IntArray, TimeArray

_WIDTH, _HEIGHT = 960, 300
_MAX_MARKS = 400  # marks with a tooltip; a page must stay small
_BAND = 0.95
_FEW = 20  # forecasts below which a closer look shows nothing
CRISES: Final = (
    ("Financial crisis 2008", "2008-07-01", "2009-07-01"),
    ("Pandemic 2020", "2020-01-15", "2020-07-15"),
)


def returns_and_var(high: VarSample, low: VarSample | None, width: int = _WIDTH, height: int = _HEIGHT) -> str:
    """Draw returns against VaR at two confidences, with the breaches of each marked.

    Parameters
    ----------
    high : VarSample
        The higher confidence, for example 0.99: solid line, breaches as filled triangles.
    low : VarSample or None
        The lower one, for example 0.95: dashed line, its further breaches as small circles.
    width, height : int
        Of the drawing [pixels of the view box].
    """
    returns = -high.losses
    limits = [returns, -high.value_at_risk] + ([-low.value_at_risk] if low is not None else [])
    frame = frame_for(high.origins, limits, width, height)
    columns, least, most = thin(frame.columns(high.origins), returns)
    body = [f'<path class="returns" d="{bars(columns, frame.y(np.maximum(most, 0)), frame.y(np.minimum(least, 0)))}"/>']
    if low is not None:
        body.append(f'<path class="line low" d="{_threshold(frame, low)}"/>')
        further = np.flatnonzero(low.breaches & ~np.isin(low.origins, high.origins[high.breaches]))
        body.append(f'<path class="mark low" d="{_circles(frame, low.origins[further], -low.losses[further])}"/>')
    body.append(f'<path class="line high" d="{_threshold(frame, high)}"/>')
    body.extend(_breach_marks(frame, high))
    title = f"Returns and VaR of {high.key.instrument}, {high.key.horizon}"
    return frame.svg(title, f"{int(high.breaches.sum())} breaches of the {high.confidence:.1%} VaR", body, "%")


def closer_looks(high: VarSample, low: VarSample | None) -> list[tuple[str, str]]:
    """Draw returns against VaR in the newest forecasts and in the crises that the sample covers.

    Returns
    -------
    list of (str, str)
        Name and drawing of each look.
    """
    windows: list[tuple[str, BoolArray]] = []
    if len(high) > 2 * RECENT:
        windows.append((f"Last {RECENT} forecasts", np.arange(len(high)) >= len(high) - RECENT))
    for name, start, stop in CRISES:
        windows.append((name, (high.origins >= np.datetime64(start)) & (high.origins < np.datetime64(stop))))
    looks: list[tuple[str, str]] = []
    for name, inside in windows:
        if int(inside.sum()) < _FEW:
            continue
        part = high.only(inside)
        other = None if low is None else low.only((low.origins >= part.origins[0]) & (low.origins <= part.origins[-1]))
        looks.append((name, returns_and_var(part, other, _WIDTH // 2, 240)))
    return looks


def cumulative_breaches(sample: VarSample) -> str:
    """Draw the running count of breaches against the expected one, with a pointwise 95 % band."""
    n = len(sample)
    tail = 1.0 - sample.confidence
    count = np.cumsum(sample.breaches).astype(np.float64)
    at = np.unique(np.linspace(0, n - 1, min(n, 120)).astype(np.int64))
    lower = np.asarray(stats.binom.ppf((1 - _BAND) / 2, at + 1, tail), dtype=np.float64)
    upper = np.asarray(stats.binom.ppf((1 + _BAND) / 2, at + 1, tail), dtype=np.float64)
    expected = np.asarray(tail * (at[[0, -1]] + 1), dtype=np.float64)
    frame = frame_for(sample.origins, [count, upper], _WIDTH // 2, 240, include=(0.0,))
    x = frame.x(sample.origins[at])
    band = polyline(np.r_[x, x[::-1]], np.r_[frame.y(upper), frame.y(lower)[::-1]]) + "Z"
    hits = np.flatnonzero(sample.breaches)
    body = [
        f'<path class="band" d="{band}"/>',
        f'<path class="expected" d="{polyline(x[[0, -1]], frame.y(expected))}"/>',
        f'<path class="count" d="{_steps(frame, sample.origins, hits)}"/>',
    ]
    title = f"Cumulative breaches at {sample.confidence:.1%}"
    return frame.svg(title, f"{hits.size} breaches, {n * tail:.1f} expected", body, "")


def forecast_volatility(paths: Sequence[VolatilityPath]) -> str:
    """Draw annualised forecast volatility, the first path solid and the others dashed."""
    drawn = [path for path in paths if path.origins.size]
    if not drawn:
        return ""
    frame = frame_for(drawn[0].origins, [path.annual_volatility for path in drawn], _WIDTH, 220, include=(0.0,))
    body: list[str] = []
    for style, path in zip(("high", "low", "third"), drawn, strict=False):
        columns, _, most = thin(frame.columns(path.origins), path.annual_volatility)
        body.append(f'<path class="line {style}" d="{polyline(columns.astype(np.float64), frame.y(most))}"/>')
    last = ", ".join(f"{path.name} {path.annual_volatility[-1]:.1%}" for path in drawn)
    return frame.svg("Forecast volatility, annualised", f"newest: {last}", body, "%")


def ensemble_weights(weights: WeightPath) -> str:
    """Draw the shares of the ensemble's members over time as stacked areas."""
    if not weights.origins.size:
        return ""
    frame = Frame(_WIDTH, 200, weights.origins[0], weights.origins[-1], 0.0, 1.0)
    at = np.unique(np.linspace(0, weights.origins.size - 1, min(weights.origins.size, 200)).astype(np.int64))
    x = frame.x(weights.origins[at])
    top = np.cumsum(weights.shares[at], axis=1)
    bottom = np.hstack([np.zeros((at.size, 1)), top[:, :-1]])
    body: list[str] = []
    for column, member in enumerate(weights.members):
        outline = polyline(
            np.r_[x, x[::-1]], np.r_[frame.y(np.minimum(top[:, column], 1.0)), frame.y(bottom[:, column])[::-1]]
        )
        share = f"{member}: {weights.shares[-1, column]:.0%} at the newest origin"
        body.append(f'<path class="share s{column % 8}" d="{outline}Z"><title>{escape(share)}</title></path>')
    return frame.svg("Ensemble weights", "shares of the members over time", body, "%")


def _threshold(frame: Frame, sample: VarSample) -> str:
    # One point a pixel column: the VaR farthest from zero, so that no spike is lost.
    columns, least, _ = thin(frame.columns(sample.origins), -sample.value_at_risk)
    return polyline(columns.astype(np.float64), frame.y(least))


def _breach_marks(frame: Frame, sample: VarSample) -> list[str]:
    rows = np.flatnonzero(sample.breaches)
    x, y = frame.x(sample.origins[rows]), frame.y(-sample.losses[rows])
    marks: list[str] = []
    for row, a, b in zip(rows.tolist()[-_MAX_MARKS:], x.tolist()[-_MAX_MARKS:], y.tolist()[-_MAX_MARKS:], strict=True):
        text = f"{day(sample.targets, row)}: loss {sample.losses[row]:.2%}, VaR {sample.value_at_risk[row]:.2%}"
        marks.append(f'<path class="mark high" d="M{a - 4:.1f} {b - 3.5:.1f}h8l-4 7z"><title>{text}</title></path>')
    return marks


def _circles(frame: Frame, times: TimeArray, values: FloatArray) -> str:
    rows = zip(frame.x(times).tolist(), frame.y(values).tolist(), strict=True)
    return "".join(f"M{a - 2:.1f} {b:.1f}a2 2 0 1 0 4 0a2 2 0 1 0-4 0" for a, b in rows)


def _steps(frame: Frame, times: TimeArray, hits: IntArray) -> str:
    x = frame.x(times[hits])
    y = frame.y(np.arange(1.0, hits.size + 1.0))
    start, floor = float(frame.x(times[:1])[0]), float(frame.y(np.zeros(1))[0])
    moves = "".join(f"H{a:.1f}V{b:.1f}" for a, b in zip(x.tolist(), y.tolist(), strict=True))
    return f"M{start:.1f} {floor:.1f}{moves}H{float(frame.x(times[-1:])[0]):.1f}"
