"""The numbers of an ensemble for one key: members in, weights and forecasts of each combination out.

Four combinations stand side by side: `equal` weights; `inverse_loss` (AIC among the variants of a
likelihood family, inverse past losses among families); `adaptive` (exponential in the relative losses
of the last 30 periods); `stacking` (families within groups, then groups, by least squares).
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final, Literal

import numpy as np

from hf_platform.ensembles.groups import GROUPS, group_of
from hf_platform.ensembles.stacking import StackingSpec, Targets, learn
from hf_platform.ensembles.weights import (
    adaptive_weights,
    aic_weights,
    equal_weights,
    inverse_loss_weights,
    rolling_means,
)
from hf_platform.types import BoolArray, FloatArray, IntArray

Loss = Callable[[FloatArray, FloatArray, FloatArray], FloatArray]  # (mean, volatility, realised) -> loss
COMBINATIONS: Final = ("equal", "inverse_loss", "adaptive", "stacking")
_EQUAL, _INVERSE, _ADAPTIVE, _STACKING = range(4)


@dataclass(frozen=True, slots=True, kw_only=True)
class EnsembleSpec:
    """One ensemble.

    Parameters
    ----------
    name : str
        Its asset's name.
    kind : {"volatility", "return"}
        Families of this kind are its members.
    loss : callable
        Not negative, 0 at best, NaN where it is not defined.
    criterion : str
        Name of the loss in `ensembles.weights`.
    window, minimum : int
        Past periods whose losses decide among families, and losses needed before they do.
    recent, recent_minimum : int
        The same for the adaptive weights.
    stacking : StackingSpec
    choice : int
        Past periods over which the combinations are compared; the best one is the ensemble's forecast.
    choice_minimum : int
        Losses needed before one is chosen; until then `adaptive` stands.
    """

    name: str
    kind: Literal["volatility", "return"]
    loss: Loss
    criterion: str
    window: int = 252
    minimum: int = 20
    recent: int = 30
    recent_minimum: int = 10
    stacking: StackingSpec = field(default_factory=StackingSpec)
    choice: int = 500
    choice_minimum: int = 60

    @property
    def reach(self) -> int:
        """Periods before an origin whose members' forecasts its weights read: stacking learns twice."""
        stacked = 2 * (self.stacking.window + self.stacking.every)
        return max(self.window, self.recent, stacked) + 1


@dataclass(frozen=True, slots=True, eq=False)
class Members:
    """Forecasts of all members of one key, aligned on origins.

    Parameters
    ----------
    names : tuple of str
        "family/variant", shape (n_members,), members of a family side by side.
    origins : int64 array, shape (n_origins,)
        Bar indices, increasing.
    mean, volatility, aic : float64 array, shape (n_origins, n_members)
        NaN where a member has no forecast (or no likelihood, for `aic`).
    inputs : int64 array, shape (n_origins, n_members)
        Code of the training data; equal codes mean identical data.
    """

    names: tuple[str, ...]
    origins: IntArray
    mean: FloatArray
    volatility: FloatArray
    aic: FloatArray
    inputs: IntArray

    @property
    def present(self) -> BoolArray:
        """Whether a member has a forecast, shape (n_origins, n_members)."""
        return np.isfinite(self.volatility)

    @property
    def families(self) -> tuple[str, ...]:
        """Families in order, each once."""
        return tuple(dict.fromkeys(name.split("/")[0] for name in self.names))

    def of_family(self, family: str) -> IntArray:
        """Columns of a family."""
        return np.flatnonzero([name.split("/")[0] == family for name in self.names])

    def on_identical_data(self) -> "Members":
        """Take out likelihood models that were not trained on the data of the first one of their family.

        Their AICs may not be compared. It happens when only some of the variants could be fitted
        again after a restatement.
        """
        volatility = self.volatility.copy()
        comparable = self.present & np.isfinite(self.aic)
        for family in self.families:
            own = self.of_family(family)
            first = np.argmax(comparable[:, own], axis=1)[:, None]
            reference = np.take_along_axis(self.inputs[:, own], first, axis=1)
            other = comparable[:, own] & (self.inputs[:, own] != reference)
            volatility[:, own] = np.where(other, np.nan, volatility[:, own])
        return replace(self, volatility=volatility)


@dataclass(frozen=True, slots=True, eq=False)
class Slots:
    """Origins on the grid of periods that do not overlap: slot `s` begins at bar ``s * n_bars``.

    Parameters
    ----------
    first : int
        Slot of the first row of everything that is laid out by slot.
    count : int
    of_origin : int64 array, shape (n_origins,)
        Slot of each origin, counted from `first`. Slots before it have ended by then.
    on_grid : bool array, shape (n_origins,)
    """

    first: int
    count: int
    of_origin: IntArray
    on_grid: BoolArray

    @classmethod
    def of(cls, origins: IntArray, n_bars: int, first: int | None = None) -> "Slots":
        """Lay out origins (bar indices, increasing), from slot `first` on."""
        base = int(origins[0]) // n_bars if first is None else first
        return cls(base, int(origins[-1]) // n_bars - base + 1, origins // n_bars - base, origins % n_bars == 0)

    def spread(self, values: FloatArray) -> FloatArray:
        """Put what stands at origins on the grid into their slots, NaN elsewhere."""
        out = np.full((self.count, *values.shape[1:]), np.nan)
        out[self.of_origin[self.on_grid]] = values[self.on_grid]
        return out


@dataclass(frozen=True, slots=True, eq=False)
class Combined:
    """Every combination at every origin.

    Parameters
    ----------
    weights : float64 array, shape (n_combinations, n_origins, n_members)
        Sum to 1 along the last axis; 0 where a member does not take part.
    judged : bool array, shape (n_combinations, n_origins)
        Whether past losses decided; otherwise weights are equal.
    by_aic : bool array, shape (n_members,)
        Whether AIC decides inside the member's family.
    mean, volatility : float64 array, shape (n_origins, n_combinations)
        Weighted mean, and root of the weighted variance.
    """

    weights: FloatArray
    judged: BoolArray
    by_aic: BoolArray
    mean: FloatArray
    volatility: FloatArray


def combine_members(spec: EnsembleSpec, members: Members, realised: FloatArray, n_bars: int) -> Combined:
    """Weigh the members at each origin in each of the four ways.

    Parameters
    ----------
    spec : EnsembleSpec
    members : Members
        At least one member at each origin.
    realised : float64 array, shape (n_series,)
        By bar: log return of the `n_bars` bars after it; NaN while unknown.
    n_bars : int
        Bars of the horizon.

    Notes
    -----
    An origin at bar `i` looks at forecasts made on the non-overlapping grid at bars ``s * n_bars``
    whose period has ended, ``(s + 1) * n_bars <= i``, and at nothing later.
    """
    slots = Slots.of(members.origins, n_bars)
    outcome = realised[members.origins][:, None]
    every = np.full((len(COMBINATIONS), *members.volatility.shape), 0.0)
    judged = np.zeros((len(COMBINATIONS), members.origins.size), dtype=np.bool_)
    every[_EQUAL] = equal_weights(members.present)
    losses = slots.spread(spec.loss(members.mean, members.volatility, outcome))
    every[_ADAPTIVE], judged[_ADAPTIVE] = _by_past_losses(
        adaptive_weights, members.present, losses, slots, (spec.recent, spec.recent_minimum)
    )
    inside, by_aic, own = _families(members)
    losses = slots.spread(spec.loss(*own, outcome))
    across, judged[_INVERSE] = _by_past_losses(
        inverse_loss_weights, np.isfinite(own[1]), losses, slots, (spec.window, spec.minimum)
    )
    every[_INVERSE] = _spread_inside(members, inside, across)
    across, judged[_STACKING] = _stack(spec, members.families, own, outcome, slots)
    every[_STACKING] = _spread_inside(members, inside, across)
    mean = np.stack([weighted(weights, members.mean) for weights in every], axis=1)
    volatility = np.sqrt(np.stack([weighted(weights, members.volatility**2) for weights in every], axis=1))
    return Combined(every, judged, by_aic, mean, volatility)


def _families(members: Members) -> tuple[FloatArray, BoolArray, tuple[FloatArray, FloatArray]]:
    """Combine the variants of each family, by AIC where all of them have one: weights and moments."""
    inside, by_aic = np.zeros(members.volatility.shape), np.zeros(len(members.names), dtype=np.bool_)
    shape = (members.origins.size, len(members.families))
    mean, volatility = np.full(shape, np.nan), np.full(shape, np.nan)
    for column, family in enumerate(members.families):
        own = members.of_family(family)
        some = np.logical_or.reduce(members.present[:, own], axis=1)
        own_weights, by_aic[own] = _inside(members, own, some)
        inside[np.ix_(some, own)] = own_weights
        mean[some, column] = weighted(own_weights, members.mean[np.ix_(some, own)])
        volatility[some, column] = np.sqrt(weighted(own_weights, members.volatility[np.ix_(some, own)] ** 2))
    return inside, by_aic, (mean, volatility)


def _inside(members: Members, own: IntArray, some: BoolArray) -> tuple[FloatArray, bool]:
    present = members.present[np.ix_(some, own)]
    aic = np.where(present, members.aic[np.ix_(some, own)], np.nan)
    if not np.isfinite(aic).any(axis=1).all():
        return equal_weights(present), False
    return aic_weights(aic), True


def _spread_inside(members: Members, inside: FloatArray, across: FloatArray) -> FloatArray:
    found = inside.copy()
    for column, family in enumerate(members.families):
        found[:, members.of_family(family)] *= across[:, [column]]
    return found


def _by_past_losses(
    weigh: Callable[[FloatArray], FloatArray],
    present: BoolArray,
    losses: FloatArray,
    slots: Slots,
    window: tuple[int, int],
) -> tuple[FloatArray, BoolArray]:
    """Weigh what an origin has by mean past losses on common periods; equally while there are too few."""
    weights, judged = equal_weights(present), np.zeros(present.shape[0], dtype=np.bool_)
    for pattern in np.unique(present, axis=0):
        if pattern.sum() < 2:
            continue
        rows = np.flatnonzero((present == pattern).all(axis=1))
        means = rolling_means(losses[:, pattern], *window)[slots.of_origin[rows]]
        known = np.isfinite(means).all(axis=1)
        weights[np.ix_(rows[known], np.flatnonzero(pattern))] = weigh(means[known])
        judged[rows[known]] = True
    return weights, judged


def _stack(
    spec: EnsembleSpec, families: tuple[str, ...], own: tuple[FloatArray, FloatArray], outcome: FloatArray, slots: Slots
) -> tuple[FloatArray, BoolArray]:
    """Weigh families within their group, then the groups."""
    mean, volatility = own
    groups = [np.flatnonzero([group_of(family) == group for family in families]) for group in GROUPS]
    groups = [columns for columns in groups if columns.size]
    weights, judged = np.zeros(volatility.shape), np.zeros(volatility.shape[0], dtype=np.bool_)
    moments: list[tuple[FloatArray, FloatArray]] = []
    for columns in groups:
        within, learned = _learn(spec, (mean[:, columns], volatility[:, columns]), outcome, slots)
        weights[:, columns] = within
        judged |= learned
        moments.append((weighted(within, mean[:, columns]), np.sqrt(weighted(within, volatility[:, columns] ** 2))))
    group_volatility = np.stack([volatility for _, volatility in moments], axis=1)
    absent = group_volatility == 0  # no family of the group: its weights are 0
    group_volatility[absent] = np.nan
    across, learned = _learn(spec, (np.stack([mean for mean, _ in moments], axis=1), group_volatility), outcome, slots)
    for place, columns in enumerate(groups):
        weights[:, columns] *= across[:, [place]]
    return weights, judged | learned


def _learn(
    spec: EnsembleSpec, moments: tuple[FloatArray, FloatArray], outcome: FloatArray, slots: Slots
) -> tuple[FloatArray, BoolArray]:
    mean, volatility = moments
    present = np.isfinite(volatility)
    # Both sides in units of the variance (or volatility) forecast at the origin, so that every time counts alike.
    scale = np.sqrt(weighted(present / np.maximum(present.sum(axis=1, keepdims=True), 1), volatility**2))[:, None]
    scale = np.where(scale > 0, scale, np.nan)
    if spec.kind == "volatility":
        forecasts, target = np.square(volatility / scale), np.square(outcome / scale)
    else:
        forecasts, target = np.where(present, mean / scale, np.nan), outcome / scale
    past = Targets(slots.first, slots.spread(forecasts), slots.spread(target)[:, 0])
    losses = slots.spread(spec.loss(mean, volatility, outcome))
    return learn(spec.stacking, past, losses, present, slots.of_origin)


def weighted(weights: FloatArray, values: FloatArray) -> FloatArray:
    """Sum values by weight along the row; what has no weight may be NaN.

    Column by column: the sum of a row must not depend on how many rows there are.
    """
    total = np.zeros(weights.shape[0])
    for column in range(weights.shape[1]):
        total += np.where(weights[:, column] > 0, weights[:, column] * values[:, column], 0.0)
    return total
