"""The numbers of an ensemble for one key: dense arrays in, weights and a combined distribution out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np

from hf_platform.ensembles.weights import aic_weights, equal_weights, inverse_loss_weights, rolling_means
from hf_platform.types import PROBABILITIES, BoolArray, FloatArray, IntArray

Loss = Callable[[FloatArray, FloatArray, FloatArray], FloatArray]  # (mean, volatility, realised) -> loss
AIC: Final = "aic"
EQUAL: Final = "equal"


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
        Name of the weights that rest on the loss.
    window : int
        Past forecast periods that count.
    minimum : int
        Losses needed before they count; until then groups share equally.
    """

    name: str
    kind: Literal["volatility", "return"]
    loss: Loss
    criterion: str
    window: int = 252
    minimum: int = 20


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
class Weights:
    """Weights by origin.

    Parameters
    ----------
    values : float64 array, shape (n_origins, n_members)
        Sum to 1 along the row; 0 where a member does not take part.
    by_loss : bool array, shape (n_origins,)
        Whether past losses decided among families; otherwise they share equally.
    by_aic : bool array, shape (n_members,)
        Whether AIC decides inside the member's family.
    """

    values: FloatArray
    by_loss: BoolArray
    by_aic: BoolArray


def member_weights(spec: EnsembleSpec, members: Members, realised: FloatArray, n_bars: int) -> Weights:
    """Weigh members inside their family by AIC, and families by past losses.

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
    families = members.families
    shape = (members.origins.size, len(families))
    inside, by_aic = np.zeros(members.volatility.shape), np.zeros(len(members.names), dtype=np.bool_)
    mean, volatility = np.full(shape, np.nan), np.full(shape, np.nan)
    for column, family in enumerate(families):
        own = members.of_family(family)
        some = np.logical_or.reduce(members.present[:, own], axis=1)
        own_weights, by_aic[own] = _inside(members, own, some)
        inside[np.ix_(some, own)] = own_weights
        mean[some, column] = _weighted(own_weights, members.mean[np.ix_(some, own)])
        volatility[some, column] = np.sqrt(_weighted(own_weights, members.volatility[np.ix_(some, own)] ** 2))
    across, by_loss = _across(spec, members.origins, (mean, volatility), realised, n_bars)
    for column, family in enumerate(families):
        inside[:, members.of_family(family)] *= across[:, [column]]
    return Weights(inside, by_loss, by_aic)


def _inside(members: Members, own: IntArray, some: BoolArray) -> tuple[FloatArray, bool]:
    present = members.present[np.ix_(some, own)]
    aic = np.where(present, members.aic[np.ix_(some, own)], np.nan)
    if not np.isfinite(aic).any(axis=1).all():
        return equal_weights(present), False
    return aic_weights(aic), True


def _across(
    spec: EnsembleSpec, origins: IntArray, moments: tuple[FloatArray, FloatArray], realised: FloatArray, n_bars: int
) -> tuple[FloatArray, BoolArray]:
    mean, volatility = moments
    present = np.isfinite(volatility)
    weights = equal_weights(present)
    by_loss = np.zeros(origins.size, dtype=np.bool_)
    base = int(origins[0]) // n_bars
    n_slots = int(origins[-1]) // n_bars - base + 1
    on_grid = origins % n_bars == 0
    losses = np.full((n_slots, present.shape[1]), np.nan)
    losses[origins[on_grid] // n_bars - base] = spec.loss(
        mean[on_grid], volatility[on_grid], realised[origins[on_grid]][:, None]
    )
    for pattern in np.unique(present, axis=0):
        if pattern.sum() < 2:
            continue
        rows = np.flatnonzero((present == pattern).all(axis=1))
        means = rolling_means(losses[:, pattern], spec.window, spec.minimum)[origins[rows] // n_bars - base]
        judged = np.isfinite(means).all(axis=1)
        weights[np.ix_(rows[judged], np.flatnonzero(pattern))] = inverse_loss_weights(means[judged])
        by_loss[rows[judged]] = True
    return weights, by_loss


def _weighted(weights: FloatArray, values: FloatArray) -> FloatArray:
    # Column by column: the sum of a row must not depend on how many rows there are.
    total = np.zeros(weights.shape[0])
    for column in range(weights.shape[1]):
        total += np.where(weights[:, column] > 0, weights[:, column] * values[:, column], 0.0)
    return total


@dataclass(frozen=True, slots=True, eq=False)
class Combined:
    """A combined distribution, one row per origin; fields as in `ForecastDistribution`."""

    mean: FloatArray
    volatility: FloatArray
    quantiles: FloatArray
    tail_means: FloatArray


def average(
    weights: FloatArray,
    members: Members,
    rows: IntArray,
    quantiles: Sequence[FloatArray],
    tail_means: Sequence[FloatArray],
) -> Combined:
    """Average the members' quantiles, tail means and means, and their variances.

    Parameters
    ----------
    weights : float64 array, shape (n_origins, n_members)
    members : Members
    rows : int64 array, shape (n_rows,)
        Positions in `members.origins` to combine.
    quantiles, tail_means : sequence of float64 array, shape (n_rows, len(PROBABILITIES))
        One for each member; any value where its weight is 0.

    Notes
    -----
    Averaging quantiles (Vincentization) keeps the shape of the members: a mixture of densities would
    widen the tails instead. Weighted sums of non-decreasing rows are non-decreasing in floating point too.

    References
    ----------
    Lichtendahl, K. C., Grushka-Cockayne, Y. and Winkler, R. L. (2013). Is It Better to Average
    Probabilities or Quantiles? Management Science 59(7), 1594-1611.
    """
    chosen = weights[rows]
    wide = (rows.size, len(PROBABILITIES))
    total_quantiles, total_tails = np.zeros(wide), np.zeros(wide)
    for column, (own_quantiles, own_tails) in enumerate(zip(quantiles, tail_means, strict=True)):
        weight = chosen[:, [column]]
        total_quantiles += np.where(weight > 0, weight * own_quantiles, 0.0)
        total_tails += np.where(weight > 0, weight * own_tails, 0.0)
    return Combined(
        mean=_weighted(chosen, members.mean[rows]),
        volatility=np.sqrt(_weighted(chosen, members.volatility[rows] ** 2)),
        quantiles=total_quantiles,
        tail_means=total_tails,
    )
