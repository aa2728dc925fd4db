"""Is one forecast better than another, or can one not tell."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from hf_platform.backtest.sample import VarSample
from hf_platform.backtest.scoring import fissler_ziegel, tick_loss
from hf_platform.errors import DataError
from hf_platform.types import FloatArray, GridKey

if TYPE_CHECKING:
    import polars as pl

WINNER: Final = 0.05  # two-sided p-value below which a winner is named
MINIMUM: Final = 30  # common forecasts below which the normal law is not trusted


@dataclass(frozen=True, slots=True)
class LossComparison:
    """Outcome of a test of equal predictive ability.

    Parameters
    ----------
    mean_difference : float
        Mean loss of the member minus the benchmark's: negative where the member is better.
    statistic, p_value : float or None
        Asymptotically standard normal, two-sided; None with a reason where they cannot be had.
    n_forecasts : int
    verdict : {"better", "worse", "cannot tell"}
        Of the member against the benchmark.
    reason : str or None
    """

    mean_difference: float
    statistic: float | None
    p_value: float | None
    n_forecasts: int
    verdict: str
    reason: str | None = None


def diebold_mariano(member: ArrayLike, benchmark: ArrayLike) -> LossComparison:
    """Test whether two forecasts of the same quantity are equally good.

    Parameters
    ----------
    member, benchmark : float array, shape (n_forecasts,)
        Losses of the two forecasts, lower is better, in time order, for the same targets. Finite.

    Returns
    -------
    LossComparison
        A winner is named at p < 0.05 only, otherwise the verdict is "cannot tell".

    Raises
    ------
    DataError
        If the vectors are misaligned, empty or not finite.

    Notes
    -----
    The variance of the mean difference is Newey and West's with ``floor(4 (n / 100)^(2/9))`` lags.

    References
    ----------
    Diebold, F. X. and Mariano, R. S. (1995). Comparing Predictive Accuracy. Journal of Business & Economic
    Statistics 13(3), 253-263.
    """
    one, other = (np.asarray(losses, dtype=np.float64) for losses in (member, benchmark))
    if one.ndim != 1 or one.shape != other.shape or one.size == 0:
        raise DataError(
            f"losses must be vectors of one length, found shapes {one.shape} and {other.shape}. "
            "Join them by forecast origin first."
        )
    difference = one - other
    if not np.isfinite(difference).all():
        raise DataError("losses must be finite, found NaN or infinity. Drop those forecasts first.")
    n, mean = difference.size, float(difference.mean())
    if n < MINIMUM:
        return LossComparison(mean, None, None, n, "cannot tell", f"{n} common forecasts, {MINIMUM} are needed")
    variance = _long_run_variance(difference - mean)
    if not variance > 0:
        return LossComparison(
            mean, None, None, n, "cannot tell", "the losses differ by a constant: no noise to compare with"
        )
    statistic = mean / float(np.sqrt(variance / n))
    p_value = 2.0 * float(ndtr(-abs(statistic)))
    verdict = "cannot tell" if p_value >= WINNER else ("better" if mean < 0 else "worse")
    return LossComparison(mean, statistic, p_value, n, verdict)


def compare_methods(samples: Sequence[VarSample], member: str = "ensemble", benchmark: str = "ewma") -> "pl.DataFrame":
    """Compare two VaR methods by tick loss and joint VaR-ES loss, on the origins that both have.

    Returns
    -------
    polars.DataFrame
        Rows of `backtests.comparisons`, without `as_of`.
    """
    import polars as pl

    found: dict[tuple[GridKey, float], dict[str, VarSample]] = {}
    for sample in samples:
        found.setdefault((sample.key, sample.confidence), {})[sample.method] = sample
    rows = [row for pair in found.values() for row in _rows(pair, member, benchmark)]
    return pl.DataFrame(rows) if rows else pl.DataFrame()


def _rows(pair: Mapping[str, VarSample], member: str, benchmark: str) -> list[dict[str, object]]:
    if member not in pair or benchmark not in pair:
        return []
    one, other = pair[member], pair[benchmark]
    _, at_one, at_other = np.intersect1d(one.origins, other.origins, return_indices=True)
    if not at_one.size:
        return []
    rows: list[dict[str, object]] = []
    for name, losses in (("tick_loss", _ticks), ("fissler_ziegel", _joint)):
        left, right = losses(one, at_one), losses(other, at_other)
        if left is None or right is None:
            continue
        outcome = diebold_mariano(left, right)
        rows.append(
            {
                "instrument": one.key.instrument,
                "horizon": one.key.horizon,
                "member": member,
                "benchmark": benchmark,
                "score": f"{name}@{one.confidence:g}",
                "test": "diebold_mariano",
                "n_forecasts": outcome.n_forecasts,
                "mean_difference": outcome.mean_difference,
                "statistic": outcome.statistic,
                "p_value": outcome.p_value,
                "verdict": outcome.verdict,
                "reason": outcome.reason,
                "window_start": one.origins[at_one[0]].item(),
                "window_end": one.origins[at_one[-1]].item(),
            }
        )
    return rows


def _ticks(sample: VarSample, rows: NDArray[np.intp]) -> FloatArray | None:
    var = sample.value_at_risk[rows]
    return None if (var < 0).all() else tick_loss(sample.losses[rows], var, sample.confidence)


def _joint(sample: VarSample, rows: NDArray[np.intp]) -> FloatArray | None:
    var, es = sample.value_at_risk[rows], sample.expected_shortfall[rows]
    if (var < 0).all() or not (np.isfinite(es) & (es > 0)).all():
        return None
    return fissler_ziegel(sample.losses[rows], var, np.maximum(es, var), sample.confidence)


def _long_run_variance(centred: FloatArray) -> float:
    n = centred.size
    n_lags = int(4.0 * (n / 100.0) ** (2.0 / 9.0))
    total = float(centred @ centred) / n
    for lag in range(1, n_lags + 1):
        total += 2.0 * (1.0 - lag / (n_lags + 1)) * float(centred[lag:] @ centred[:-lag]) / n
    return total
