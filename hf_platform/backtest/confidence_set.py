"""Which of many forecasts may be the best: the model confidence set, and Hansen's test of a benchmark.

Both resample the losses in blocks, with a seed, and both may answer "cannot tell".
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from hf_platform.backtest.comparison import MINIMUM
from hf_platform.backtest.resampling import N_RESAMPLES, block_length, stationary_weights
from hf_platform.errors import DataError
from hf_platform.types import BoolArray, FloatArray

SIZE: Final = 0.05  # a model leaves the set below this p-value
_TINY = 1e-12  # differences and their spread, relative to the losses, that are rounding only


@dataclass(frozen=True, slots=True, eq=False)
class ConfidenceSet:
    """The models that may be the best one.

    Parameters
    ----------
    mean_losses : float64 array, shape (n_models,)
    p_values : float64 array, shape (n_models,), or None
        Smallest size at which a model leaves the set; None with a reason where it cannot be had.
    included : bool array, shape (n_models,)
        Members of the set at `size`; all of them where nothing can be said.
    n_forecasts : int
    size : float
    reason : str or None
    """

    mean_losses: FloatArray
    p_values: FloatArray | None
    included: BoolArray
    n_forecasts: int
    size: float
    reason: str | None = None

    @property
    def winner(self) -> int | None:
        """Column of the only model left, None where one cannot tell (or there was nothing to compare)."""
        if self.p_values is None or self.included.size < 2 or int(self.included.sum()) != 1:
            return None
        return int(np.argmax(self.included))


@dataclass(frozen=True, slots=True)
class SuperiorAbility:
    """Outcome of Hansen's test that no rival beats a benchmark.

    Parameters
    ----------
    statistic, p_value : float or None
        None with a reason where they cannot be had.
    best : int
        Column of the rival with the smallest mean loss.
    n_forecasts : int
    verdict : {"beaten", "cannot tell"}
        Of the benchmark.
    reason : str or None
    """

    statistic: float | None
    p_value: float | None
    best: int
    n_forecasts: int
    verdict: str
    reason: str | None = None


def model_confidence_set(
    losses: ArrayLike,
    *,
    size: float = SIZE,
    mean_block: float | None = None,
    n_resamples: int = N_RESAMPLES,
    seed: int = 0,
) -> ConfidenceSet:
    """Find the models that cannot be told from the best one.

    Parameters
    ----------
    losses : float array, shape (n_forecasts, n_models)
        Losses of each model for the same targets, in time order, lower is better. Finite.
    size : float in (0, 1)
        Probability that the best model is left out.
    mean_block : float, optional
        Mean block length of the stationary bootstrap; by default the cube root of n_forecasts.
    n_resamples, seed : int

    Returns
    -------
    ConfidenceSet

    Raises
    ------
    DataError
        If losses are not a finite matrix with at least one row and column, or `size` is outside (0, 1).

    Notes
    -----
    The statistic is the largest studentised pairwise difference (the range), and the worse model of that
    pair is eliminated. Where models are equally good, a set of one is found at most a share `size` of the time.

    References
    ----------
    Hansen, P. R., Lunde, A. and Nason, J. M. (2011). The Model Confidence Set. Econometrica 79(2), 453-497.
    """
    matrix = _matrix(losses)
    if not 0.0 < size < 1.0:
        raise DataError(f"size must lie strictly between 0 and 1, found {size:g}. Pass one such as 0.05.")
    return _set_of(matrix, _resampled_means(matrix, mean_block, n_resamples, seed), size)


def superior_predictive_ability(
    benchmark: ArrayLike,
    rivals: ArrayLike,
    *,
    mean_block: float | None = None,
    n_resamples: int = N_RESAMPLES,
    seed: int = 0,
) -> SuperiorAbility:
    """Test whether at least one rival is better than a benchmark, all rivals considered.

    Parameters
    ----------
    benchmark : float array, shape (n_forecasts,)
        Losses of the benchmark, in time order. Finite.
    rivals : float array, shape (n_forecasts, n_rivals)
        Losses of the rivals for the same targets.
    mean_block : float, optional
        Mean block length; by default the cube root of n_forecasts.
    n_resamples, seed : int

    Returns
    -------
    SuperiorAbility
        Consistent p-value; the benchmark is called beaten below 0.05 only.

    Raises
    ------
    DataError
        If losses are misaligned, empty or not finite.

    References
    ----------
    Hansen, P. R. (2005). A Test for Superior Predictive Ability. Journal of Business & Economic Statistics
    23(4), 365-380.
    """
    others, base = _matrix(rivals), _matrix(np.asarray(benchmark, dtype=np.float64)[:, None])
    if base.shape[0] != others.shape[0]:
        raise DataError(
            f"benchmark and rivals must be losses for the same forecasts, found {base.shape[0]} and {others.shape[0]} "
            "rows. Join them by forecast origin first."
        )
    gains = base - others
    scale = float(np.abs(base).mean())
    return _ability_of(gains, _resampled_means(gains, mean_block, n_resamples, seed), scale)


def compare_losses(
    losses: ArrayLike, benchmark: int | None, *, n_resamples: int = N_RESAMPLES, seed: int = 0
) -> tuple[ConfidenceSet, SuperiorAbility | None]:
    """Run both tests on one matrix of losses, on the same resamples.

    Parameters
    ----------
    losses : float array, shape (n_forecasts, n_models)
        As in `model_confidence_set`.
    benchmark : int or None
        Column of the benchmark; without it, or without a rival, the second answer is None. Rivals keep
        their order: `best` counts them without the benchmark.

    Raises
    ------
    DataError
        As `model_confidence_set`.
    """
    matrix = _matrix(losses)
    drawn = _resampled_means(matrix, None, n_resamples, seed)
    chosen = _set_of(matrix, drawn, SIZE)
    if benchmark is None or matrix.shape[1] < 2:
        return chosen, None
    gains = matrix[:, [benchmark]] - np.delete(matrix, benchmark, axis=1)
    drawn_gains = drawn[:, [benchmark]] - np.delete(drawn, benchmark, axis=1)
    return chosen, _ability_of(gains, drawn_gains, float(np.abs(matrix[:, benchmark]).mean()))


def _set_of(matrix: FloatArray, drawn: FloatArray, size: float) -> ConfidenceSet:
    n, k = matrix.shape
    means = np.asarray(matrix.mean(axis=0), dtype=np.float64)
    if n < MINIMUM or k < 2:
        reason = f"{n} common forecasts, {MINIMUM} are needed" if n < MINIMUM else "one model has no rival"
        return ConfidenceSet(means, None, np.ones(k) > 0, n, size, reason)
    centred = drawn - means
    spread, scale = centred[:, :, None] - centred[:, None, :], float(np.abs(means).max()) + 1e-300
    gaps, deviations = means[:, None] - means[None, :], np.sqrt((spread**2).mean(axis=0))
    flat = deviations <= _TINY * scale
    gaps[flat & (np.abs(gaps) <= _TINY * scale)] = 0.0  # twins: neither is worse
    deviations[flat] = 1.0
    apart = flat & (gaps != 0.0)  # one loses to the other by a constant, without noise
    observed = np.where(apart, np.copysign(np.inf, gaps), gaps / deviations)
    simulated = np.where(flat, 0.0, spread / deviations)
    p_values = _eliminate(observed, simulated)
    return ConfidenceSet(means, p_values, p_values >= size, n, size)


def _ability_of(gains: FloatArray, drawn: FloatArray, scale: float) -> SuperiorAbility:
    n, means = gains.shape[0], gains.mean(axis=0)
    best = int(np.argmax(means))
    if n < MINIMUM:
        return SuperiorAbility(None, None, best, n, "cannot tell", f"{n} common forecasts, {MINIMUM} are needed")
    deviations = np.sqrt(n * ((drawn - means) ** 2).mean(axis=0))
    usable = deviations > _TINY * (scale + 1e-300)
    if not usable.any():
        return SuperiorAbility(None, None, best, n, "cannot tell", "no rival differs from the benchmark by any noise")
    means, drawn, deviations = means[usable], drawn[:, usable], deviations[usable]
    ratios = np.sqrt(n) * means / deviations
    statistic = max(0.0, float(ratios.max()))
    # Rivals that are clearly worse say nothing about the best one: they are not moved to the null's edge.
    centre = np.where(ratios >= -np.sqrt(2.0 * np.log(np.log(n))), means, 0.0)
    simulated = np.maximum((np.sqrt(n) * (drawn - centre) / deviations).max(axis=1), 0.0)
    p_value = float((1 + (simulated >= statistic).sum()) / (1 + simulated.size))
    return SuperiorAbility(statistic, p_value, best, n, "beaten" if p_value < SIZE else "cannot tell")


def _matrix(losses: ArrayLike) -> FloatArray:
    matrix = np.asarray(losses, dtype=np.float64)
    if matrix.ndim != 2 or 0 in matrix.shape:
        raise DataError(
            f"losses must have shape (n_forecasts, n_models) with at least one of each, found {matrix.shape}. "
            "Join the models by forecast origin first."
        )
    bad = int((~np.isfinite(matrix)).sum())
    if bad:
        raise DataError(f"losses must be finite, found {bad} NaN or infinite values. Keep common forecasts only.")
    return matrix


def _resampled_means(matrix: FloatArray, mean_block: float | None, n_resamples: int, seed: int) -> FloatArray:
    n = matrix.shape[0]
    block = float(block_length(n)) if mean_block is None else mean_block
    means = matrix.mean(axis=0)
    return means + _inflation(n, block) * (_weights(n, block, n_resamples, seed) @ matrix - means)


def _inflation(n: int, mean_block: float) -> float:
    # Sample autocovariances are too small by the variance of the mean, and the resamples add up about twice the mean
    # block of them: their variance is too small by that share. Small samples would name winners too often.
    return float(np.sqrt(1.0 / (1.0 - min(2.0 * mean_block / n, 0.5))))


@lru_cache(maxsize=4)
def _weights(n: int, mean_block: float, n_resamples: int, seed: int) -> FloatArray:
    # Tables over equally many forecasts share their resamples.
    return stationary_weights(n, mean_block, n_resamples, np.random.default_rng(seed))


def _eliminate(observed: FloatArray, simulated: FloatArray) -> FloatArray:
    # observed (k, k), simulated (n_resamples, k, k); p-values are running maxima over the eliminations.
    k = observed.shape[0]
    p_values, left, running = np.ones(k), list(range(k)), 0.0
    while len(left) > 1:
        at = np.ix_(left, left)
        statistic = float(observed[at].max())
        largest = simulated[:, left][:, :, left].max(axis=(1, 2))
        running = max(running, float((1 + (largest >= statistic).sum()) / (1 + largest.size)))
        worst = left[int(np.unravel_index(int(np.argmax(observed[at])), (len(left), len(left)))[0])]
        p_values[worst] = running
        left.remove(worst)
    return p_values
