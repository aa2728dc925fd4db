"""From combinations to the ensemble's own forecast: the best one so far, its tails and its interval.

Everything rests on the ensemble's own past forecasts and what came true, laid out by slot of the
non-overlapping grid. Forecasts of earlier runs are read from the lake, so that a night needs no more of
its members' history than their weights do.
"""

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from hf_platform.ensembles.combination import COMBINATIONS, Combined, EnsembleSpec, Members, Slots
from hf_platform.ensembles.intervals import IntervalSpec, adaptive_intervals, agreement
from hf_platform.ensembles.weights import rolling_means
from hf_platform.risk.filtered_historical import TailSpec, innovation_quantiles
from hf_platform.types import FloatArray, IntArray

_UNJUDGED: Final = COMBINATIONS.index("adaptive")  # stands while there are too few losses to choose by


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationSpec:
    """How the ensemble's past becomes its distribution."""

    tails: TailSpec = field(default_factory=TailSpec)
    interval: IntervalSpec = field(default_factory=IntervalSpec)


@dataclass(frozen=True, slots=True, eq=False)
class Past:
    """Forecasts that earlier runs stored, one row per origin on the grid.

    Parameters
    ----------
    origins : int64 array, shape (n_past,)
        Bar indices, increasing.
    mean, volatility : float64 array, shape (n_past,)
        What the ensemble said.
    means, volatilities : float64 array, shape (n_past, n_combinations)
        What each combination said.
    miscoverage : float64 array, shape (n_past,)
        That the interval was asked for.
    """

    origins: IntArray
    mean: FloatArray
    volatility: FloatArray
    means: FloatArray
    volatilities: FloatArray
    miscoverage: FloatArray

    @classmethod
    def none(cls) -> "Past":
        """No earlier run."""
        nothing, wide = np.empty(0), np.empty((0, len(COMBINATIONS)))
        return cls(np.empty(0, dtype=np.int64), nothing, nothing, wide, wide, nothing)


@dataclass(frozen=True, slots=True, eq=False)
class Calibrated:
    """The ensemble's forecast at its new origins.

    Parameters
    ----------
    choice : int64 array, shape (n_rows,)
        Index in `COMBINATIONS` of the one that is the ensemble's forecast.
    mean, volatility : float64 array, shape (n_rows,)
    quantiles, tail_means : float64 array, shape (n_rows, len(PROBABILITIES))
    lower, upper, miscoverage : float64 array, shape (n_rows,)
        Calibrated interval, and the miscoverage it was asked for.
    agreement : float64 array, shape (n_rows,)
    """

    choice: IntArray
    mean: FloatArray
    volatility: FloatArray
    quantiles: FloatArray
    tail_means: FloatArray
    lower: FloatArray
    upper: FloatArray
    miscoverage: FloatArray
    agreement: FloatArray


def calibrate(
    spec: EnsembleSpec,
    members: Members,
    combined: Combined,
    rows: IntArray,
    *,
    past: Past,
    realised: FloatArray,
    n_bars: int,
    how: CalibrationSpec | None = None,
) -> Calibrated:
    """Choose a combination at each new origin and give its forecast a calibrated distribution.

    Parameters
    ----------
    spec : EnsembleSpec
    members : Members
    combined : Combined
        At the origins of `members`.
    rows : int64 array, shape (n_rows,)
        Positions of the new origins; at least one.
    past : Past
        Stored forecasts at other origins.
    realised : float64 array, shape (n_series,)
        By bar: log return of the `n_bars` bars after it; NaN while unknown.
    n_bars : int
    how : CalibrationSpec, optional

    Notes
    -----
    The choice is the combination with the lowest mean loss over the last `spec.choice` periods that have
    ended. Quantiles are ``mean + volatility * q`` with `q` of the ensemble's own standardised errors
    (`risk.filtered_historical`): members' tails do not enter, so a member with normal tails thins nothing.
    """
    how = how or CalibrationSpec()
    origins = members.origins[rows]
    slots = Slots.of(origins, n_bars, int(min([*past.origins[:1], origins[0]])) // n_bars)
    before = past.origins[past.origins <= origins[-1]] // n_bars - slots.first
    kept = slice(0, before.size)

    def by_slot(new: FloatArray, stored: FloatArray) -> FloatArray:
        found = slots.spread(new)
        found[before] = stored[kept]
        return found

    means = by_slot(combined.mean[rows], past.means)
    volatilities = by_slot(combined.volatility[rows], past.volatilities)
    outcome = realised[(slots.first + np.arange(slots.count)) * n_bars]
    losses = rolling_means(spec.loss(means, volatilities, outcome[:, None]), spec.choice, spec.choice_minimum)
    known = np.isfinite(losses).all(axis=1)
    best = np.where(known, np.argmin(np.where(np.isfinite(losses), losses, np.inf), axis=1), _UNJUDGED)
    choice = best[slots.of_origin]
    every = np.arange(rows.size)
    mean, volatility = combined.mean[rows][every, choice], combined.volatility[rows][every, choice]
    errors = (outcome - by_slot(mean, past.mean)) / by_slot(volatility, past.volatility)
    quantiles, tails = innovation_quantiles(errors, slots.of_origin, how.tails)
    decided = by_slot(np.full(rows.size, np.nan), past.miscoverage)
    radius, asked = adaptive_intervals(np.abs(errors), how.interval, decided)
    half = volatility * radius[slots.of_origin]
    spread = members.volatility if spec.kind == "volatility" else members.mean
    present = np.where(members.present[rows], spread[rows], np.nan)
    return Calibrated(
        choice,
        mean,
        volatility,
        mean[:, None] + volatility[:, None] * quantiles,
        mean[:, None] + volatility[:, None] * tails,
        mean - half,
        mean + half,
        asked[slots.of_origin],
        agreement(present, volatility),
    )
