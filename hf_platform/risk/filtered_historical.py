"""Filtered historical simulation: quantiles of past standardised innovations, and a prior while they are few.

At an origin the innovations of the last periods that have ended count one each; a Student t counts as
`prior_weight` more. Early on the t decides alone, later it only smooths the far tail, where a window of
500 holds five values beyond 99 %. Nothing is estimated, so nothing can fail to converge.
"""

from dataclasses import dataclass

import numpy as np
from scipy import special

from hf_platform.errors import ConfigError, DataError
from hf_platform.types import PROBABILITIES, FloatArray, IntArray
from hf_platform.volatility.distributions import lower_partial_moment


@dataclass(frozen=True, slots=True, kw_only=True)
class TailSpec:
    """How innovations become a distribution.

    Parameters
    ----------
    window : int
        Past periods that count, at least 1.
    prior_weight : float
        How many of them the prior is worth, positive.
    freedom : float
        Degrees of freedom of the prior, a Student t of zero mean and unit variance; above 2.

    Raises
    ------
    ConfigError
        If a value is out of range.

    Notes
    -----
    Measured on 20 stocks, 1990 to 2022: every choice of 4 to 8 degrees of freedom, 250 or 500 for the
    weight and 500 or 1,000 for the window covers 99 % within Kupiec's bounds for all of them.
    """

    window: int = 500
    prior_weight: float = 250.0
    freedom: float = 5.0

    def __post_init__(self) -> None:
        """Check the ranges."""
        if self.window < 1 or not self.prior_weight > 0 or not self.freedom > 2:
            raise ConfigError(
                "a tail needs a window of at least 1, a positive prior_weight and more than 2 degrees of freedom, "
                f"found {self.window}, {self.prior_weight:g} and {self.freedom:g}. Change the specification."
            )


def innovation_quantiles(
    innovations: FloatArray, slots: IntArray, spec: TailSpec | None = None
) -> tuple[FloatArray, FloatArray]:
    """Give quantiles and tail means of the innovation that follows the newest known ones.

    Parameters
    ----------
    innovations : float64 array, shape (n_slots,)
        Standardised innovation of each period, in time order [standard deviations]; NaN where unknown.
    slots : int64 array, shape (n_rows,)
        For each row the first slot it may not read: slots ``slot - window`` to ``slot`` (excluded) count.
    spec : TailSpec, optional

    Returns
    -------
    quantiles, tail_means : float64 array, shape (n_rows, len(PROBABILITIES))
        Of the mixture ``(sum of the innovations' steps + prior_weight * t) / (n + prior_weight)``. Tail
        means are those at or below the quantile for probabilities up to 0.5, at or above it beyond.

    Raises
    ------
    DataError
        If a slot lies outside the innovations, or an innovation is infinite.

    Notes
    -----
    The quantile is exact: the smallest x at which the mixture's distribution function reaches the
    probability. A row is computed from its own window only, so its bits do not depend on the others.

    References
    ----------
    Hull, J. and White, A. (1998). Incorporating Volatility Updating into the Historical Simulation
    Method for Value-at-Risk. Journal of Risk 1(1), 5-19. Barone-Adesi, G., Giannopoulos, K. and Vosper, L.
    (1999). VaR without Correlations for Portfolios of Derivative Securities. Journal of Futures Markets
    19(5), 583-602.
    """
    spec = spec or TailSpec()
    if slots.size and (slots.min() < 0 or slots.max() > innovations.size):
        raise DataError(
            f"slots must lie within 0 to {innovations.size}, found {slots.min()} to {slots.max()}. Align them first."
        )
    if np.isinf(innovations).any():
        raise DataError("innovations must be finite or NaN, found infinity. A volatility of zero is no forecast.")
    if not slots.size:
        return np.empty((0, len(PROBABILITIES))), np.empty((0, len(PROBABILITIES)))
    from hf_platform.risk.sliding_tails import slide

    weight, levels = spec.prior_weight, np.array(PROBABILITIES)
    scale = float(np.sqrt((spec.freedom - 2) / spec.freedom))
    places = np.asarray(special.stdtr(spec.freedom, innovations / scale), np.float64)
    first, last = int(slots.min()), int(slots.max())
    values = np.ascontiguousarray(innovations, np.float64)
    n_known, n_below, place, below, total = slide(
        values, places, range(first, last + 1), window=spec.window, levels=levels, weight=weight
    )
    target = levels * (n_known[:, None] + weight)
    quantiles = np.maximum.accumulate(scale * np.asarray(special.stdtrit(spec.freedom, place), np.float64), axis=1)
    mass = target - n_below - weight * place  # of a jump at the quantile, up to the target
    lower = below + weight * lower_partial_moment(quantiles, 1, "t", spec.freedom) + mass * quantiles
    upper = (total[:, None] - lower) / (n_known[:, None] + weight - target)
    means = np.where(levels <= 0.5, np.minimum(lower / target, quantiles), np.maximum(upper, quantiles))
    return quantiles[slots - first], means[slots - first]
