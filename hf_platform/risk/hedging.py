"""Hedges: minimum-variance ratios from covariances, and delta and delta-gamma hedges of options with their error.

References
----------
Ederington, L. (1979). The Hedging Performance of the New Futures Markets. Journal of Finance 34(1), 157-170.
Kroner, K., Sultan, J. (1993). Time-Varying Distributions and Dynamic Hedging with Foreign Currency Futures. Journal of
Financial and Quantitative Analysis 28(4), 535-551.
Derman, E., Kamal, M. (1999). When You Cannot Hedge Continuously: The Corrections of Black-Scholes. Risk 12, 82-85.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from hf_platform.errors import ConfigError, DataError
from hf_platform.risk import options
from hf_platform.types import FloatArray

_FEWEST: Final = 100  # pairs of hedged and unhedged returns that a comparison of variances needs


@dataclass(frozen=True, slots=True)
class HedgeResult:
    """Standard deviations without and with a hedge, over the same returns or paths."""

    n_observations: int
    unhedged_deviation: float
    hedged_deviation: float

    @property
    def variance_reduction(self) -> float:
        """One minus the ratio of the variances; negative where the hedge harms."""
        return 1.0 - (self.hedged_deviation / self.unhedged_deviation) ** 2


def minimum_variance_ratios(covariances: FloatArray, held: int, hedge: int) -> FloatArray:
    """Units of the hedge to sell for each unit of value held: covariance over the hedge's variance, by origin.

    Parameters
    ----------
    covariances : float64 array, shape (n_origins, n_instruments, n_instruments)
    held, hedge : int
        Columns.

    Raises
    ------
    DataError
        If the hedge has no variance at some origin.
    """
    variance = covariances[:, hedge, hedge]
    if not (variance > 0.0).all():
        raise DataError("a hedge needs a positive variance, found an origin without one. Choose another hedge.")
    return covariances[:, held, hedge] / variance


def hedge_effect(held: FloatArray, hedge: FloatArray, ratios: FloatArray) -> HedgeResult:
    """Compare the variance of what is held with that of the hedged position, out of sample.

    Parameters
    ----------
    held, hedge : float64 array, shape (n_returns,)
        Realised returns [decimal].
    ratios : float64 array, shape (n_returns,)
        The ratio that was known before each return.

    Raises
    ------
    DataError
        If shapes differ, a value is missing, or there are fewer than 100 returns.
    """
    if not held.shape == hedge.shape == ratios.shape or held.ndim != 1:
        raise DataError(
            f"returns and ratios must be vectors of one length, found {held.shape}, {hedge.shape} and {ratios.shape}. "
            "Align them by session."
        )
    if not np.isfinite(np.stack([held, hedge, ratios])).all():
        raise DataError("returns and ratios must be finite, found NaN or infinity. Leave such sessions out.")
    if held.shape[0] < _FEWEST:
        raise DataError(f"a hedge is judged on {_FEWEST} returns, found {held.shape[0]}. Lengthen the common history.")
    return HedgeResult(held.shape[0], float(held.std()), float((held - ratios * hedge).std()))


@dataclass(frozen=True, slots=True, eq=False)
class OptionBook:
    """European options on one underlying.

    Parameters
    ----------
    quantity, strike, maturity : float64 array, shape (n_options,)
        Units (negative when short), strikes, years left.
    is_call : tuple of bool
    volatility : float64 array, shape (n_options,)
        Annual forecast volatility until expiry, at which the options are priced and hedged [decimal].
    rate : float
        Continuous interest that they are priced with, and that cash earns and costs [decimal a year].
    """

    quantity: FloatArray
    strike: FloatArray
    maturity: FloatArray
    is_call: tuple[bool, ...]
    volatility: FloatArray
    rate: float = 0.0

    def __post_init__(self) -> None:
        """Refuse options past their expiry."""
        if not (self.maturity > 0.0).all():
            raise DataError(
                f"an option past its expiry cannot be hedged, found {self.maturity.min():g} years left. "
                "Settle it first."
            )

    def value(self, spot: FloatArray, passed: float) -> FloatArray:
        """Value the book at spots of shape (n_paths,) after `passed` years; an expired option is worth what it pays."""
        total = np.zeros(spot.shape)
        for i, is_call in enumerate(self.is_call):
            left = max(float(self.maturity[i]) - passed, 0.0)
            kind = "call" if is_call else "put"
            price = options.black_scholes_price(spot, self.strike[i], left, self.rate, self.volatility[i], kind=kind)
            total += self.quantity[i] * price
        return total

    def greeks(self, spot: FloatArray, passed: float) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return delta, gamma and vega of the book at spots of shape (n_paths,); expired options have none."""
        total = np.zeros((3, spot.shape[0]))
        for i, is_call in enumerate(self.is_call):
            left = float(self.maturity[i]) - passed
            if left <= 1e-9:
                continue
            kind = "call" if is_call else "put"
            found = options.greeks(spot, self.strike[i], left, self.rate, self.volatility[i], kind=kind)
            total += self.quantity[i] * np.stack([found.delta, found.gamma, found.vega])
        return total[0], total[1], total[2]


@dataclass(frozen=True, slots=True)
class OptionHedge:
    """Units to hold against a book: of the underlying for delta; of a second option and the underlying for both."""

    delta: float
    gamma: float
    vega: float
    shares_for_delta: float
    hedge_options: float
    shares_for_both: float


def hedge_options(book: OptionBook, hedge: OptionBook, spot: float) -> OptionHedge:
    """Neutralise delta, and delta with gamma, at one spot.

    Parameters
    ----------
    book : OptionBook
    hedge : OptionBook
        One unit of the option that may be traded.
    spot : float

    Raises
    ------
    DataError
        If the hedging option has no gamma there.
    """
    at = np.array([spot])
    delta, gamma, vega = (float(v[0]) for v in book.greeks(at, 0.0))
    hedge_delta, hedge_gamma, _ = (float(v[0]) for v in hedge.greeks(at, 0.0))
    if not hedge_gamma > 1e-12:
        raise DataError(f"the hedging option needs gamma, found {hedge_gamma:g}. Choose a strike near {spot:g}.")
    units = -gamma / hedge_gamma
    return OptionHedge(delta, gamma, vega, -delta, units, -(delta + units * hedge_delta))


def simulate_hedge(
    book: OptionBook, hedge: OptionBook, paths: FloatArray, years_per_step: float, *, every: int = 1
) -> dict[str, HedgeResult]:
    """Rebalance delta and delta-gamma hedges along simulated prices and measure what is left.

    Parameters
    ----------
    book : OptionBook
    hedge : OptionBook
        One unit of the option that may be traded; it must not expire before the paths end.
    paths : float64 array, shape (n_paths, n_steps + 1)
        Prices of the underlying, all starting at the same spot.
    years_per_step : float
    every : int
        Steps between two rebalancings.

    Returns
    -------
    dict of {"delta", "delta_gamma"} to HedgeResult
        Standard deviations of the profit from start to end, in the currency of the prices.

    Raises
    ------
    ConfigError
        If `every` is not positive.
    DataError
        If prices are not positive, or the hedging option expires too early.

    Notes
    -----
    What the positions cost is borrowed, and what they bring is lent, at the book's rate. Trading is free, and options
    change hands at the book's volatility: the error is that of rebalancing at intervals and of volatility that differs
    from the forecast.
    """
    n_steps = paths.shape[1] - 1
    if every < 1:
        raise ConfigError(f"a hedge is rebalanced every 1 step or more, found {every}.")
    if not (np.isfinite(paths).all() and (paths > 0.0).all()):
        raise DataError("paths need finite, positive prices. Simulate log returns and exponentiate.")
    if float(hedge.maturity[0]) < n_steps * years_per_step:
        raise DataError(
            "the hedging option must live as long as the paths, found one that expires before. Lengthen it."
        )
    start, end = book.value(paths[:, 0], 0.0), book.value(paths[:, -1], n_steps * years_per_step)
    profit_delta, profit_both = end - start, end - start
    for step in range(0, n_steps, every):
        then = min(step + every, n_steps)
        passed, spot, after = step * years_per_step, paths[:, step], paths[:, then]
        delta, gamma, _ = book.greeks(spot, passed)
        hedge_delta, hedge_gamma, _ = hedge.greeks(spot, passed)
        # The underlying's gain beyond the interest on its price; the same of options below.
        growth = float(np.exp(book.rate * (then - step) * years_per_step))
        change = after - growth * spot
        carried = (growth - 1.0) * book.value(spot, passed)
        profit_delta = profit_delta - delta * change - carried
        # Far from its strike the hedging option has no gamma left to sell: delta alone is hedged there.
        units = np.where(hedge_gamma > 1e-6 / spot, -gamma / np.maximum(hedge_gamma, 1e-300), 0.0)
        gain = hedge.value(after, then * years_per_step) - growth * hedge.value(spot, passed)
        profit_both = profit_both + units * gain - (delta + units * hedge_delta) * change - carried
    unhedged, n = float((end - start).std()), paths.shape[0]
    return {
        "delta": HedgeResult(n, unhedged, float(profit_delta.std())),
        "delta_gamma": HedgeResult(n, unhedged, float(profit_both.std())),
    }


def bootstrap_paths(
    spot: float, innovations: FloatArray, volatility: float, n_steps: int, n_paths: int, *, seed: int
) -> FloatArray:
    """Simulate prices from standardised innovations drawn with replacement, shape (n_paths, n_steps + 1).

    Parameters
    ----------
    spot : float
    innovations : float64 array, shape (n_values,)
        Of mean near zero and variance near one; standardised here once more.
    volatility : float
        Per step [decimal log return].
    n_steps, n_paths : int
    seed : int

    Notes
    -----
    Prices are martingales in the sample: each step's growth is divided by its mean.
    """
    z = (innovations - innovations.mean()) / innovations.std()
    drawn = np.random.default_rng(seed).choice(z, size=(n_paths, n_steps))
    steps = np.exp(volatility * drawn)
    steps /= np.exp(volatility * z).mean()
    path = np.cumprod(np.concatenate([np.ones((n_paths, 1)), steps], axis=1), axis=1)
    return np.asarray(spot * path, dtype=np.float64)
