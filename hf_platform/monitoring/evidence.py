"""Evidence that accumulates: wealth of a gambler who bets against "nothing has changed".

Each function gives an e-process: a sequence that starts at one, and whose expectation is at most one at every
time and stopping time while nothing has changed. By Ville's inequality it ever reaches 1/a with probability at
most a, however often one looks, so no correction for nightly looks is due (Ramdas, Gruenwald, Vovk and Shafer,
"Game-theoretic statistics and safe anytime-valid inference", Statistical Science 38, 2023, 576-601).
"""

import math
from bisect import bisect_left, bisect_right, insort
from typing import Final

import numpy as np

from hf_platform.errors import ConfigError
from hf_platform.types import BoolArray, FloatArray

# Alternatives that a gambler spreads the stake over; the grids are fixed, so that a replay gives the same bits.
_TAIL_RATIOS: Final = (1.5, 2.0, 3.0, 5.0, 8.0)
_POWERS: Final = (0.35, 0.5, 0.65, 0.8)
_TILTS: Final = (-0.6, -0.4, -0.2, 0.2, 0.4, 0.6)


def breach_evidence(breaches: BoolArray, confidence: float) -> FloatArray:
    """Bet that VaR is breached more often than it says.

    Parameters
    ----------
    breaches : bool array, shape (n,)
    confidence : float
        Of the VaR, such as 0.99.

    Returns
    -------
    float64 array, shape (n,)
        The e-process after each forecast: likelihood ratios of Bernoulli laws with up to eight times the
        tail probability (below one half), averaged.

    Raises
    ------
    ConfigError
        If the confidence is not in (0.5, 1).
    """
    if not 0.5 < confidence < 1.0:
        raise ConfigError(f"a confidence lies in (0.5, 1), found {confidence!r}. Write 0.99, not 99.")
    tail = 1.0 - confidence
    paths: list[FloatArray] = []
    for ratio in _TAIL_RATIOS:
        wrong = min(ratio * tail, 0.5)
        steps: FloatArray = np.where(breaches, math.log(wrong / tail), math.log((1 - wrong) / (1 - tail)))
        paths.append(np.cumsum(steps))
    return _average(paths)


def small_value_evidence(p_values: FloatArray) -> FloatArray:
    """Bet that p-values are smaller than uniform ones.

    Parameters
    ----------
    p_values : float64 array, shape (n,)
        In (0, 1], independent and uniform while nothing has changed.

    Returns
    -------
    float64 array, shape (n,)
        The e-process: densities k p^(k-1), averaged over k.
    """
    logs = np.log(p_values)
    return _average([np.cumsum(np.log(k) + (k - 1.0) * logs) for k in _POWERS])


def shift_evidence(p_values: FloatArray) -> FloatArray:
    """Bet that p-values lie to one side of uniform ones, either side.

    Parameters
    ----------
    p_values : float64 array, shape (n,)
        In (0, 1], independent and uniform while nothing has changed.

    Returns
    -------
    float64 array, shape (n,)
        The e-process: densities 1 + t sqrt(2) cos(pi p), averaged over tilts t of both signs.
    """
    waves = np.sqrt(2.0) * np.cos(np.pi * p_values)
    return _average([np.cumsum(np.log1p(tilt * waves)) for tilt in _TILTS])


def rank_p_values(values: FloatArray, reference: FloatArray, seed: int) -> FloatArray:
    """Rank each value among everything seen before it, largest first.

    Parameters
    ----------
    values : float64 array, shape (n,)
        In time order.
    reference : float64 array, shape (n_reference,)
        What was seen before the first of them.
    seed : int
        Of the draws that break ties, and that make the p-values uniform.

    Returns
    -------
    float64 array, shape (n,)
        Conformal p-values in (0, 1]: small for a value larger than most. Independent and uniform while
        reference and values are exchangeable (Vovk, Nouretdinov and Gammerman, ICML 2003).
    """
    draws = 1.0 - np.random.default_rng(seed).random(values.size)
    seen = sorted(reference.tolist())
    found = np.empty(values.size)
    for at, value in enumerate(values.tolist()):
        low, high = bisect_left(seen, value), bisect_right(seen, value)
        larger, equal = len(seen) - high, high - low + 1
        found[at] = (larger + draws[at] * equal) / (len(seen) + 1)
        insort(seen, value)
    return found


def combined(paths: list[FloatArray]) -> FloatArray:
    """Average e-processes of the same times; the average is one too, however they depend on each other."""
    return np.mean(paths, axis=0)


def population_stability_index(new: FloatArray, old: FloatArray, n_bins: int = 10) -> float | None:
    """Measure how far a sample's distribution moved, in bins of equal share of the old one.

    Parameters
    ----------
    new, old : float64 array, shape (n,), (m,)
        Finite values.
    n_bins : int
        Bins, at least two.

    Returns
    -------
    float or None
        Sum of (share now - share then) ln(share now / share then), with half a count added to each bin; zero
        for equal shares. None where the old sample has fewer than `n_bins` different values.
    """
    if np.unique(old).size < n_bins:
        return None
    edges = np.quantile(old, np.linspace(0.0, 1.0, n_bins + 1)[1:-1])
    shares = [
        (np.bincount(np.searchsorted(edges, sample, side="right"), minlength=n_bins) + 0.5) / (sample.size + n_bins / 2)
        for sample in (new, old)
    ]
    return float(np.sum((shares[0] - shares[1]) * np.log(shares[0] / shares[1])))


def _average(log_paths: list[FloatArray]) -> FloatArray:
    # The stake is split evenly at the start; overflow would be certainty beyond any threshold.
    return np.mean(np.exp(np.minimum(log_paths, 700.0)), axis=0)
