"""VaR inside the session, bar by bar: a filter on returns freed from the time of day, kept up without refitting.

A state holds what the next forecast needs; `update` moves it on by bars that have closed, in constant time each, with
the stored parameters. The stage `risk.intraday_stage` makes the same numbers from the lake.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from hf_platform.errors import DataError
from hf_platform.risk.filtered_historical import TailSpec, innovation_quantiles
from hf_platform.risk.session_paths import aggregated_sums, simulated_sums
from hf_platform.types import CONFIDENCES, PROBABILITIES, FloatArray, IntArray

DECAY: Final = 0.98  # of the exponentially weighted variance, per bar
TAIL: Final = TailSpec(window=2_000)


@dataclass(frozen=True, slots=True, eq=False)
class IntradayState:
    """What is known after a bar of the session under way.

    Parameters
    ----------
    params : float64 array, shape (5,)
        omega, alpha, gamma, beta, nu of the filter, from the ledger.
    factors : float64 array, shape (n_slots,)
        Relative volatility of each bar of this session; NaN where a bar of the day has none.
    variance, smoothed : float
        Of the next bar's return over its factor: by the filter, and exponentially weighted.
    innovations : float64 array, shape (window,)
        The newest standardised innovations, the last one last; NaN in front while there are few.
    slot, last_slot : int
        Of the last bar known (-1 before the first of the session), and of the one that ends the session.
    """

    params: FloatArray
    factors: FloatArray
    variance: float
    smoothed: float
    innovations: FloatArray
    slot: int
    last_slot: int


@dataclass(frozen=True, slots=True, eq=False)
class TailRisk:
    """VaR and ES at each confidence, positive losses [decimal log return]; arrays like `confidences`."""

    confidences: tuple[float, ...]
    value_at_risk: FloatArray
    expected_shortfall: FloatArray


def update(state: IntradayState, returns: FloatArray) -> IntradayState:
    """Move a state on by the bars that have closed since, in order, without fitting anything.

    Parameters
    ----------
    state : IntradayState
    returns : float64 array, shape (n_bars,)
        Log returns of the bars after ``state.slot``: from the bar before, the first of a session from its open.

    Raises
    ------
    DataError
        If a return is not finite, a bar has no factor, or there are more bars than the session has left.
    """
    moves = np.atleast_1d(np.asarray(returns, dtype=np.float64))
    slots = state.slot + 1 + np.arange(moves.size)
    if moves.ndim != 1 or not np.isfinite(moves).all():
        raise DataError("returns must be a finite vector, found NaN or infinity. Leave out bars without a price.")
    if moves.size > state.last_slot - state.slot:
        raise DataError(
            f"the session has {state.last_slot - state.slot} bars left, found {moves.size}. Begin the next session "
            "with the state of its open."
        )
    factors = state.factors[slots]
    if not np.isfinite(factors).all():
        raise DataError(f"bar {int(slots[~np.isfinite(factors)][0])} of the day has no volatility profile yet.")
    omega, alpha, gamma, beta, _ = state.params.tolist()
    variance, smoothed, innovations = state.variance, state.smoothed, np.empty(moves.size)
    for at, move in enumerate((moves / factors).tolist()):
        innovations[at] = move / np.sqrt(variance)
        variance = omega + (alpha + (gamma if move < 0.0 else 0.0)) * move * move + beta * variance
        smoothed = DECAY * smoothed + (1.0 - DECAY) * move * move
    kept = np.concatenate([state.innovations, innovations])[-state.innovations.size :]
    return replace(state, variance=variance, smoothed=smoothed, innovations=kept, slot=state.slot + moves.size)


def next_bar(state: IntradayState, confidences: tuple[float, ...] = CONFIDENCES) -> TailRisk:
    """Give VaR and ES of a long position over the next bar, by filtered historical simulation.

    Raises
    ------
    DataError
        If the session is over, a bar has no factor, or a confidence is not on the platform's grid.
    """
    scales = _scales(state, 1)
    quantiles, means = innovation_quantiles(state.innovations, _newest(state), TAIL)
    size = float(scales[0, 0]) * np.sqrt(state.variance)
    return _tail_risk(size * quantiles[0], size * means[0], confidences)


def rest_of_session(
    state: IntradayState, confidences: tuple[float, ...] = CONFIDENCES, *, simulate: bool = True, seed: int = 0
) -> TailRisk:
    """Give VaR and ES of a long position until the session's close.

    Parameters
    ----------
    state : IntradayState
    confidences : tuple of float
        On the platform's grid.
    simulate : bool
        True: simulated paths of the filter. False: its variances summed up, t tails.
    seed : int

    Raises
    ------
    DataError
        If the session is over, a bar has no factor, or a confidence is not on the platform's grid.
    """
    scales, params = _scales(state, state.last_slot - state.slot), state.params[None, :]
    variance = np.array([state.variance])
    if simulate:
        quantiles, means = simulated_sums(
            params, variance, scales, state.innovations, _newest(state), tail=TAIL, seed=seed
        )  # fmt: skip
    else:
        quantiles, means = aggregated_sums(params, variance, scales)
    return _tail_risk(quantiles[0], means[0], confidences)


def _newest(state: IntradayState) -> IntArray:
    return np.array([state.innovations.size], dtype=np.int64)


def _scales(state: IntradayState, n_bars: int) -> FloatArray:
    if state.slot >= state.last_slot:
        raise DataError("the session is over: there is no bar to forecast. Ask again with the state of the next open.")
    # Padded to the whole day, so that random numbers are those of every other origin.
    scales = np.zeros((1, state.factors.size))
    scales[0, :n_bars] = state.factors[state.slot + 1 : state.slot + 1 + n_bars]
    if not np.isfinite(scales).all():
        raise DataError("a bar of the rest of the session has no volatility profile yet. Load more past sessions.")
    return scales


def _tail_risk(quantiles: FloatArray, means: FloatArray, confidences: tuple[float, ...]) -> TailRisk:
    known = {round(1.0 - p, 6): at for at, p in enumerate(PROBABILITIES)}
    unknown = [value for value in confidences if value not in known]
    if unknown:
        raise DataError(f"confidence must be one of {sorted(known)}, found {unknown[0]:g}. Choose one of them.")
    places = [known[value] for value in confidences]
    return TailRisk(confidences, -quantiles[places], -means[places])
