"""Tests of expected shortfall after Acerbi and Szekely: losses beyond VaR against their forecast mean."""

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike

from hf_platform.backtest.results import CoverageTest, check_forecasts, tail_probability
from hf_platform.errors import DataError
from hf_platform.types import BoolArray, FloatArray

# Draws losses under the null: (generator, n_simulations) -> float array (n_simulations, n_forecasts).
NullSampler = Callable[[Generator, int], FloatArray]
N_SIMULATIONS: Final = 2000
_DRAWS = 400_000  # breaches drawn for one null law, as far as half of N_SIMULATIONS allows
_CHUNK = 1_000_000  # simulated losses held in memory at once


def acerbi_szekely_z1(  # noqa: PLR0917 - losses, forecasts, level: the order of the whole battery
    losses: ArrayLike,
    value_at_risk: ArrayLike,
    expected_shortfall: ArrayLike,
    confidence: float,
    simulate: NullSampler | None = None,
    seed: int = 0,
) -> CoverageTest:
    """Test the size of losses, given that VaR was breached.

    Parameters
    ----------
    losses, value_at_risk, expected_shortfall : float array, shape (n_forecasts,)
        Realised losses and forecasts, positive for a loss [decimal], finite.
    confidence : float in (0, 1)
        VaR and ES confidence [probability].
    simulate : callable, optional
        ``simulate(generator, n_simulations)`` draws losses of shape (n_simulations, n_forecasts) from
        the forecast distributions. Without it the p-value is None.
    seed : int
        Of the generator handed to `simulate`.

    Returns
    -------
    CoverageTest
        ``1 - mean(loss / ES over breaches)``: zero expected under the null, negative where ES is
        understated; the share of simulations at or below it. None with a reason without a breach.

    Raises
    ------
    DataError
        If the vectors are misaligned or not finite, VaR has the wrong sign, an ES is below its VaR or
        not positive, `confidence` is outside (0, 1) or `simulate` returns another shape.

    References
    ----------
    Acerbi, C. and Szekely, B. (2014). Back-testing expected shortfall. Risk, December, 76-81.
    """
    tail_probability(confidence)
    loss, var, es = _checked(losses, value_at_risk, expected_shortfall)

    def statistic(rows: FloatArray) -> FloatArray:
        hits = rows > var
        counts = hits.sum(axis=-1)
        sums = np.where(hits, rows / es, 0.0).sum(axis=-1)
        return np.where(counts > 0, 1.0 - sums / np.maximum(counts, 1), np.nan)

    breaches = loss > var
    if not breaches.any():
        return CoverageTest(None, None, None, loss.size, 0, "no breach: there is no loss beyond VaR to look at")
    return _judged(float(statistic(loss)), breaches, statistic, simulate, seed)


def acerbi_szekely_z2(  # noqa: PLR0917 - losses, forecasts, level: the order of the whole battery
    losses: ArrayLike,
    value_at_risk: ArrayLike,
    expected_shortfall: ArrayLike,
    confidence: float,
    simulate: NullSampler | None = None,
    seed: int = 0,
) -> CoverageTest:
    """Test the number and the size of losses beyond VaR together.

    Parameters
    ----------
    losses, value_at_risk, expected_shortfall, confidence, simulate, seed
        As in `acerbi_szekely_z1`.

    Returns
    -------
    CoverageTest
        ``1 - sum(loss / ES over breaches) / (n_forecasts (1 - confidence))``: zero expected under the
        null, negative where ES is understated, 1 without a breach; the share of simulations at or below it.

    Raises
    ------
    DataError
        As `acerbi_szekely_z1`.

    References
    ----------
    Acerbi, C. and Szekely, B. (2014). Back-testing expected shortfall. Risk, December, 76-81.
    """
    expected = tail_probability(confidence)
    loss, var, es = _checked(losses, value_at_risk, expected_shortfall)
    expected *= loss.size

    def statistic(rows: FloatArray) -> FloatArray:
        return 1.0 - np.where(rows > var, rows / es, 0.0).sum(axis=-1) / expected

    return _judged(float(statistic(loss)), loss > var, statistic, simulate, seed)


def z2_with_pareto_tail(
    losses: ArrayLike, value_at_risk: ArrayLike, expected_shortfall: ArrayLike, confidence: float, seed: int = 0
) -> CoverageTest:
    """Judge `acerbi_szekely_z2` where only VaR and ES were stored, not the whole distribution.

    Parameters
    ----------
    losses, value_at_risk, expected_shortfall, confidence
        As in `acerbi_szekely_z1`.
    seed : int
        Of the simulated null.

    Returns
    -------
    CoverageTest
        The statistic of `acerbi_szekely_z2` and a p-value simulated under the null described below.

    Notes
    -----
    Under the null each forecast is breached with probability 1 - confidence, and a loss beyond VaR
    follows the Pareto law that has both forecasts, ``VaR U^-(1 - VaR / ES)`` with U uniform (an
    exponential excess where VaR is not positive). It is a little heavier than normal or Student t
    tails with the same two numbers, hence slow to accuse. Only breaches are drawn, so that thousands
    of long series can be judged in seconds.
    """
    observed = acerbi_szekely_z2(losses, value_at_risk, expected_shortfall, confidence)
    _, var, es = _checked(losses, value_at_risk, expected_shortfall)
    tail = tail_probability(confidence)
    generator = np.random.default_rng(seed)
    n_simulations = int(np.clip(_DRAWS / (tail * var.size), N_SIMULATIONS // 2, N_SIMULATIONS))
    counts = generator.binomial(var.size, tail, n_simulations)
    ratio = (var / es)[generator.integers(0, var.size, int(counts.sum()))]
    excess = generator.standard_exponential(ratio.size)  # minus the logarithm of a uniform
    heavy = np.maximum(ratio, 0.0) * np.exp((1.0 - ratio) * excess)
    draws = np.where(ratio > 0, heavy, ratio + (1.0 - ratio) * excess)
    ends = np.cumsum(counts)
    running = np.concatenate(([0.0], np.cumsum(draws)))
    null = 1.0 - (running[ends] - running[ends - counts]) / (tail * var.size)
    if observed.statistic is None:  # cannot happen for Z2; keeps the type checker honest
        return observed
    return CoverageTest(
        observed.statistic, _share_below(null, observed.statistic), None, observed.n_forecasts, observed.n_breaches
    )


def _checked(losses: ArrayLike, var: ArrayLike, es: ArrayLike) -> tuple[FloatArray, FloatArray, FloatArray]:
    loss, value_at_risk, expected_shortfall = check_forecasts(losses, var, es)
    if (expected_shortfall <= 0).any():
        low = float(expected_shortfall.min())
        raise DataError(f"expected_shortfall must be positive to divide by, found {low:g}. Drop those forecasts first.")
    return loss, value_at_risk, expected_shortfall


def _judged(
    observed: float,
    breaches: BoolArray,
    statistic: Callable[[FloatArray], FloatArray],
    simulate: NullSampler | None,
    seed: int,
) -> CoverageTest:
    n, x = breaches.size, int(breaches.sum())
    if simulate is None:
        return CoverageTest(observed, None, None, n, x, "no sampler of losses under the null was given")
    generator = np.random.default_rng(seed)
    chunk = max(1, min(N_SIMULATIONS, _CHUNK // n))
    null: list[FloatArray] = []
    for start in range(0, N_SIMULATIONS, chunk):
        size = min(chunk, N_SIMULATIONS - start)
        rows = np.asarray(simulate(generator, size), dtype=np.float64)
        if rows.shape != (size, n):
            raise DataError(f"simulate must return losses of shape {(size, n)}, found {rows.shape}. Mend the sampler.")
        null.append(statistic(rows))
    draws = np.concatenate(null)
    draws = draws[np.isfinite(draws)]
    if draws.size < N_SIMULATIONS // 2:
        return CoverageTest(observed, None, None, n, x, "most simulated samples hold no breach: no null law to compare")
    return CoverageTest(observed, _share_below(draws, observed), None, n, x)


def _share_below(null: FloatArray, observed: float) -> float:
    # One is added on both sides: a simulated p-value is never zero.
    return float((1 + (null <= observed).sum()) / (1 + null.size))
