"""Intervals whose coverage adapts to drift, and how far the members of an ensemble agree."""

from bisect import bisect_left, insort
from dataclasses import dataclass
from math import isnan

import numpy as np
from scipy import stats

from hf_platform.errors import ConfigError
from hf_platform.types import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class IntervalSpec:
    """A calibrated interval.

    Parameters
    ----------
    coverage : float in (0, 1)
        Share of outcomes that should fall inside.
    rate : float
        Step by which the miscoverage asked for moves after each outcome, not negative.
    window : int
        Past scores whose quantile is the half width.
    prior : int
        Pseudo-scores from a Student t with 5 degrees of freedom beside them, for the first periods.

    Raises
    ------
    ConfigError
        If a value is out of range.
    """

    coverage: float = 0.9
    rate: float = 0.005
    window: int = 500
    prior: int = 50

    def __post_init__(self) -> None:
        """Check the ranges."""
        if not 0 < self.coverage < 1 or self.rate < 0 or self.window < 1 or self.prior < 1:
            raise ConfigError(
                "an interval needs a coverage in (0, 1), a rate that is not negative, a window and a prior of at "
                f"least 1, found {self.coverage}, {self.rate}, {self.window}, {self.prior}. Change the specification."
            )


def adaptive_intervals(
    scores: FloatArray, spec: IntervalSpec | None = None, known: FloatArray | None = None
) -> tuple[FloatArray, FloatArray]:
    """Give the half width of the interval in each slot, in units of the score.

    Parameters
    ----------
    scores : float64 array, shape (n_slots,)
        Absolute error over forecast volatility of each period, in time order; NaN where unknown.
    spec : IntervalSpec, optional
    known : float64 array, shape (n_slots,), optional
        Miscoverage that was in force in slots decided earlier; NaN elsewhere. They are taken as they are.

    Returns
    -------
    radius, miscoverage : float64 array, shape (n_slots,)
        Half width, and the miscoverage it was asked for; both from slots before their own only.

    Notes
    -----
    The miscoverage moves by ``rate * (1 - coverage - missed)`` after each outcome: whatever the data do,
    the share of misses over T outcomes is within ``(1 + rate) / (rate T)`` of the one wanted. Below 0 the
    interval would be the whole line; here it is the widest score seen, so the bound holds only while that
    does not bind.

    References
    ----------
    Gibbs, I. and Candes, E. (2021). Adaptive Conformal Inference Under Distribution Shift. NeurIPS 34.
    """
    spec = spec or IntervalSpec()
    wanted = 1.0 - spec.coverage
    places = 0.5 + (np.arange(spec.prior) + 0.5) / (2 * spec.prior)
    prior = (stats.t.ppf(places, 5) * np.sqrt(3 / 5)).tolist()
    ordered: list[float] = sorted(prior)
    radius, asked = np.empty(scores.size), np.empty(scores.size)
    values, miscoverage = scores.tolist(), wanted
    for slot, score in enumerate(values):
        if known is not None and not isnan(known[slot]):
            miscoverage = float(known[slot])
        at = int(np.ceil((len(ordered) + 1) * (1.0 - miscoverage))) - 1
        radius[slot], asked[slot] = ordered[min(max(at, 0), len(ordered) - 1)], miscoverage
        old = values[slot - spec.window] if slot >= spec.window else np.nan
        if not isnan(old):
            del ordered[bisect_left(ordered, old)]
        if not isnan(score):
            insort(ordered, score)
            miscoverage += spec.rate * (wanted - float(score > radius[slot]))
    return radius, asked


def agreement(forecasts: FloatArray, scale: FloatArray) -> FloatArray:
    """Say how far forecasts agree: ``1 / (1 + standard deviation)``, in (0, 1], 1 where all are equal.

    Parameters
    ----------
    forecasts : float64 array, shape (n_origins, n_members)
        NaN where a member is missing; at least one in each row.
    scale : float64 array, shape (n_origins,)
        Unit of the standard deviation, positive: without one the figure would depend on whether
        returns are decimals or percent.
    """
    present = np.isfinite(forecasts)
    count = present.sum(axis=1)
    total, square = np.zeros(scale.size), np.zeros(scale.size)
    for column in range(forecasts.shape[1]):  # a row's bits must not depend on how many rows there are
        total += np.where(present[:, column], forecasts[:, column], 0.0)
    mean = total / count
    for column in range(forecasts.shape[1]):
        square += np.where(present[:, column], (forecasts[:, column] - mean) ** 2, 0.0)
    return 1.0 / (1.0 + np.sqrt(square / count) / scale)
