"""Hierarchical stacking: families within a group, then groups, by least squares on past forecasts.

Level 1 combines the families of each group, level 2 the groups' own combined forecasts, each with
weights from periods that had ended before: what level 2 learns from is what level 1 would have said at
the time. Weights are not negative and sum to 1, shrunk towards equal ones.
"""

from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np

from hf_platform.ensembles.weights import equal_weights
from hf_platform.types import BoolArray, FloatArray, IntArray

_MOST: Final = 3  # forecasts of a level that least squares weighs: the best so far; more would fit noise


@dataclass(frozen=True, slots=True, kw_only=True)
class StackingSpec:
    """How stacking learns.

    Parameters
    ----------
    window : int
        Past periods that count.
    minimum : int
        Periods needed; until then the forecasts share equally.
    every : int
        Periods between two solutions, counted from the first bar.
    shrinkage : float
        Ridge towards equal weights, as a share of the mean squared forecast.
    """

    window: int = 252
    minimum: int = 60
    every: int = 21
    shrinkage: float = 0.1


@dataclass(frozen=True, slots=True, eq=False)
class Targets:
    """What past forecasts are held against, by slot of the non-overlapping grid.

    Parameters
    ----------
    first : int
        Number of slot 0, counted from the first bar.
    forecasts : float64 array, shape (n_slots, n_forecasts)
        In units of `target`; NaN where missing.
    target : float64 array, shape (n_slots,)
        What came true, scaled so that calm and wild times count alike; NaN while unknown.
    """

    first: int
    forecasts: FloatArray
    target: FloatArray


def simplex_weights(gram: FloatArray, cross: FloatArray) -> FloatArray:
    """Minimise ``w' gram w - 2 cross' w`` over weights that are not negative and sum to 1.

    Parameters
    ----------
    gram : float64 array, shape (n_problems, n, n)
        Symmetric, positive definite; n up to 4.
    cross : float64 array, shape (n_problems, n)

    Returns
    -------
    float64 array, shape (n_problems, n)

    Notes
    -----
    Exact: the solution of each set of active members is a linear system, and the best feasible one wins.
    """
    n_problems, n = cross.shape
    best, weights = np.full(n_problems, np.inf), np.full((n_problems, n), 1.0 / n)
    for size in range(1, n + 1):
        for active in combinations(range(n), size):
            solved = _on_simplex(gram[:, active][:, :, active], cross[:, active])
            candidate = np.zeros((n_problems, n))
            candidate[:, active] = np.maximum(solved, 0.0)
            fit = (candidate[:, :, None] * gram * candidate[:, None, :]).sum(axis=(1, 2))
            value = fit - 2.0 * (cross * candidate).sum(axis=1)
            better = (solved >= 0.0).all(axis=1) & (value < best)
            best[better], weights[better] = value[better], candidate[better]
    return weights / weights.sum(axis=1, keepdims=True)


def _on_simplex(gram: FloatArray, cross: FloatArray) -> FloatArray:
    # The optimum with sum 1 and no sign, by its Lagrangian.
    ones = np.ones((*cross.shape, 1))
    free = np.linalg.solve(gram, np.concatenate([cross[..., None], ones], axis=-1))
    at_free, direction = free[..., 0], free[..., 1]
    gap = (1.0 - at_free.sum(axis=1)) / direction.sum(axis=1)
    return at_free + gap[:, None] * direction


def learn(
    spec: StackingSpec, past: Targets, losses: FloatArray, present: BoolArray, slots: IntArray
) -> tuple[FloatArray, BoolArray]:
    """Weigh forecasts at some origins by what their slots' past says.

    Parameters
    ----------
    spec : StackingSpec
    past : Targets
    losses : float64 array, shape (n_slots, n_forecasts)
        Out-of-sample losses: the best `_MOST` forecasts by them take part.
    present : bool array, shape (n_origins, n_forecasts)
        Forecasts that the origin has. A row of none gets weights of 0.
    slots : int64 array, shape (n_origins,)
        Slot of the origin; slots before the last solution's are read, nothing else.

    Returns
    -------
    weights : float64 array, shape (n_origins, n_forecasts)
    judged : bool array, shape (n_origins,)
        Whether the past decided; otherwise they share equally.
    """
    weights, judged = np.zeros(present.shape), np.zeros(present.shape[0], dtype=np.bool_)
    solved_at = (slots + past.first) // spec.every * spec.every - past.first
    for pattern in np.unique(present, axis=0):
        columns, rows = np.flatnonzero(pattern), np.flatnonzero((present == pattern).all(axis=1))
        if not columns.size:
            continue
        weights[np.ix_(rows, columns)] = equal_weights(pattern[columns])
        ends = np.unique(solved_at[rows])
        ends = ends[ends >= 0]
        if columns.size < 2 or not ends.size:
            continue
        found, enough = _solve(spec, past, losses, columns, ends)
        place = np.minimum(np.searchsorted(ends, solved_at[rows]), ends.size - 1)
        known = (ends[place] == solved_at[rows]) & enough[place]
        weights[np.ix_(rows[known], columns)] = found[place[known]]
        judged[rows[known]] = True
    return weights, judged


def _solve(
    spec: StackingSpec, past: Targets, losses: FloatArray, columns: IntArray, ends: IntArray
) -> tuple[FloatArray, BoolArray]:
    """Solve at each end for the forecasts in `columns`, from the slots before it."""
    at = ends[:, None] + np.arange(-spec.window, 0)
    inside = at >= 0
    at = np.maximum(at, 0)
    own, target, loss = past.forecasts[at][:, :, columns], past.target[at], losses[at][:, :, columns]
    counted = inside & np.isfinite(own).all(axis=2) & np.isfinite(target) & np.isfinite(loss).all(axis=2)
    n_counted = counted.sum(axis=1)
    own, target = np.where(counted[..., None], own, 0.0), np.where(counted, target, 0.0)
    total = np.stack([np.where(counted, loss[..., k], 0.0).sum(axis=1) for k in range(columns.size)], axis=1)
    chosen = np.sort(np.argsort(total, axis=1, kind="stable")[:, :_MOST], axis=1)
    own = np.take_along_axis(own, chosen[:, None, :], axis=2)
    size = chosen.shape[1]
    series = [np.ascontiguousarray(own[..., k]) for k in range(size)]
    # Row by row along the last axis: the bits of a solution must not depend on how many there are.
    gram = np.array([[(one * other).sum(axis=1) for other in series] for one in series]).transpose(2, 0, 1)
    cross = np.array([(one * target).sum(axis=1) for one in series]).T
    divisor = np.maximum(n_counted, 1)[:, None]
    gram, cross = gram / divisor[..., None], cross / divisor
    ridge = spec.shrinkage * np.trace(gram, axis1=1, axis2=2) / size + 1e-12
    gram += ridge[:, None, None] * np.eye(size)
    solved = simplex_weights(gram, cross + ridge[:, None] / size)
    weights = np.zeros((ends.size, columns.size))
    np.put_along_axis(weights, chosen, solved, axis=1)
    return weights, n_counted >= spec.minimum
