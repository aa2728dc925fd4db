"""Tests of VaR coverage: how many breaches, how they follow each other, and what Basel makes of them.

Losses are `-returns`, VaR is positive for a loss, and a breach is `loss > value_at_risk`. Every test
of the battery can be imported from here; the longer ones live in modules of their own.
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats
from scipy.special import chdtrc, xlogy

from hf_platform.backtest.berkowitz import berkowitz, berkowitz_tail
from hf_platform.backtest.duration import duration_test
from hf_platform.backtest.dynamic_quantile import dynamic_quantile
from hf_platform.backtest.results import (
    CoverageTest,
    TrafficLight,
    check_breaches,
    check_confidence,
    chi_square_p_value,
    tail_probability,
)
from hf_platform.backtest.traffic_light import basel_traffic_light, probability_of_green
from hf_platform.types import FloatArray

__all__ = [
    "CoverageTest",
    "TrafficLight",
    "basel_traffic_light",
    "berkowitz",
    "berkowitz_tail",
    "christoffersen_independence",
    "conditional_coverage",
    "duration_test",
    "dynamic_quantile",
    "kupiec_exact_size",
    "kupiec_pof",
    "kupiec_pof_of_counts",
    "probability_of_green",
]


def kupiec_pof(breaches: ArrayLike, confidence: float) -> CoverageTest:
    """Test whether the breach rate equals one minus the confidence.

    Parameters
    ----------
    breaches : bool array, shape (n_forecasts,)
        True where the realised loss was above the VaR forecast. No missing values.
    confidence : float in (0, 1)
        VaR confidence [probability], for example 0.99.

    Returns
    -------
    CoverageTest
        Likelihood ratio [dimensionless], its chi-square(1) p-value, n_forecasts and n_breaches.

    Raises
    ------
    DataError
        If `breaches` is empty or not a vector, or `confidence` is outside (0, 1).

    Notes
    -----
    Zero breaches is a valid sample: the 0 log 0 term is taken as 0. The test looks at the rate only;
    pair it with an independence test, since clustered breaches can pass. In small samples its exact
    size is far from nominal (250 forecasts at 0.99: nominal 5 % is 9.5 %, nominal 1 % is 0.4 %).

    References
    ----------
    Kupiec, P. H. (1995). Techniques for Verifying the Accuracy of Risk Measurement Models.
    Journal of Derivatives 3(2), 73-84.
    """
    hits = check_breaches(breaches)
    tail = tail_probability(confidence)
    n, x = hits.size, int(hits.sum())
    ratio = _binomial_ratio(x, n, tail)
    return CoverageTest(ratio, chi_square_p_value(ratio, 1), 1, n, x)


def christoffersen_independence(breaches: ArrayLike) -> CoverageTest:
    """Test whether a breach is as likely after a breach as after none.

    Parameters
    ----------
    breaches : bool array, shape (n_forecasts,)
        In time order, one per period. No missing values.

    Returns
    -------
    CoverageTest
        Likelihood ratio of a first-order Markov chain against independence over the n_forecasts - 1
        transitions, with its chi-square(1) p-value.

    Raises
    ------
    DataError
        If `breaches` is empty, not a vector, or not true/false.

    Notes
    -----
    Where a transition is never seen (no breach, or a breach only at the end) 0 log 0 is taken as 0:
    the ratio is 0 and the p-value 1, and `reason` says that the sample cannot tell.

    References
    ----------
    Christoffersen, P. F. (1998). Evaluating Interval Forecasts. International Economic Review 39(4), 841-862.
    """
    hits = check_breaches(breaches)
    n, x = hits.size, int(hits.sum())
    if n < 2:
        return CoverageTest(None, None, 1, n, x, "one forecast has no transition; at least two are needed")
    before, after = hits[:-1], hits[1:]
    n01, n11 = int((~before & after).sum()), int((before & after).sum())
    from_none, from_breach = int((~before).sum()), int(before.sum())
    pooled = (n01 + n11) / (n - 1)
    free = _log_likelihood(n01, from_none, _share(n01, from_none)) + _log_likelihood(
        n11, from_breach, _share(n11, from_breach)
    )
    ratio = max(0.0, 2.0 * (free - _log_likelihood(n01 + n11, n - 1, pooled)))
    reason = None
    if from_breach == 0 or from_none == 0:
        kind = "breach" if from_breach == 0 else "quiet period"
        reason = f"no {kind} has a successor: nothing can be said on dependence"
    return CoverageTest(ratio, chi_square_p_value(ratio, 1), 1, n, x, reason)


def conditional_coverage(breaches: ArrayLike, confidence: float) -> CoverageTest:
    """Test breach rate and independence together.

    Parameters
    ----------
    breaches : bool array, shape (n_forecasts,)
        In time order, one per period. No missing values.
    confidence : float in (0, 1)
        VaR confidence [probability].

    Returns
    -------
    CoverageTest
        Kupiec's ratio over n_forecasts plus the independence ratio over the n_forecasts - 1
        transitions, with its chi-square(2) p-value.

    Raises
    ------
    DataError
        As `kupiec_pof` and `christoffersen_independence`.

    References
    ----------
    Christoffersen, P. F. (1998). Evaluating Interval Forecasts. International Economic Review 39(4), 841-862.
    """
    rate = kupiec_pof(breaches, confidence)
    chain = christoffersen_independence(breaches)
    if rate.statistic is None or chain.statistic is None:
        return CoverageTest(None, None, 2, rate.n_forecasts, rate.n_breaches, chain.reason)
    ratio = rate.statistic + chain.statistic
    return CoverageTest(ratio, chi_square_p_value(ratio, 2), 2, rate.n_forecasts, rate.n_breaches, chain.reason)


def kupiec_exact_size(n_forecasts: int, confidence: float, nominal: float) -> float:
    """Enumerate how often a correct model is rejected by `kupiec_pof` at a nominal size.

    Parameters
    ----------
    n_forecasts : int
    confidence : float in (0, 1)
    nominal : float in (0, 1)
        The p-value below which one would reject.

    Returns
    -------
    float
        Exact probability of rejection under a correct, independent model.
    """
    counts = np.arange(n_forecasts + 1)
    rejected = kupiec_pof_of_counts(n_forecasts, confidence) < check_confidence(nominal)
    return float(stats.binom.pmf(counts[rejected], n_forecasts, tail_probability(confidence)).sum())


def kupiec_pof_of_counts(n_forecasts: int, confidence: float) -> FloatArray:
    """Return the p-value of `kupiec_pof` for every possible number of breaches, 0 to n_forecasts."""
    tail = tail_probability(confidence)
    x = np.arange(n_forecasts + 1, dtype=np.float64)
    quiet = n_forecasts - x
    free = xlogy(x, x / n_forecasts) + xlogy(quiet, quiet / n_forecasts)
    ratios = 2.0 * (free - x * np.log(tail) - quiet * np.log1p(-tail))
    return np.asarray(chdtrc(1, np.maximum(ratios, 0.0)), dtype=np.float64)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _log_likelihood(hits: int, trials: int, probability: float) -> float:
    # xlogy(0, 0) = 0: a count of zero adds nothing, whatever its probability.
    return float(xlogy(hits, probability) + xlogy(trials - hits, 1.0 - probability))


def _binomial_ratio(hits: int, trials: int, probability: float) -> float:
    free = _log_likelihood(hits, trials, hits / trials)
    return max(0.0, 2.0 * (free - _log_likelihood(hits, trials, probability)))
