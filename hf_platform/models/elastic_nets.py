"""Elastic nets in batches: many small fits in one call, and the penalty by time-ordered cross-validation.

References
----------
Friedman, J., Hastie, T. and Tibshirani, R. (2010). Regularization Paths for Generalized Linear
Models via Coordinate Descent. Journal of Statistical Software 33(1), 1-22.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np

from hf_platform.errors import DataError
from hf_platform.types import FloatArray, IntArray

TOLERANCE: Final = 1e-10  # largest change of a standardised coefficient in the last sweep
_LIMITS: Final = (TOLERANCE, 10_000)
_CV_LIMITS: Final = (1e-5, 10_000)  # enough to rank penalties


@dataclass(frozen=True, slots=True, eq=False)
class ElasticNets:
    """Fits of many targets.

    Parameters
    ----------
    coefficients : float64 array, shape (n_designs, n_targets, n_features)
        In units of target per feature. NaN for a target with missing values; zero for a flat feature.
    intercepts : float64 array, shape (n_designs, n_targets)
    n_sweeps : int64 array, shape (n_designs, n_targets)
    converged : bool array, shape (n_designs, n_targets)
    """

    coefficients: FloatArray
    intercepts: FloatArray
    n_sweeps: IntArray
    converged: "np.ndarray[Any, np.dtype[np.bool_]]"


def fit_elastic_nets(x: FloatArray, y: FloatArray, alpha: float, l1_ratio: float, *, threads: int = 1) -> ElasticNets:
    """Fit an elastic net to every target of every design in one call.

    Parameters
    ----------
    x : float64 array, shape (n_designs, n_rows, n_features)
        Any units; each column is standardised inside. No missing values.
    y : float64 array, shape (n_designs, n_rows, n_targets)
        A target with a missing value comes back as NaN and harms no other.
    alpha, l1_ratio : float
        Penalty ``alpha * (l1_ratio * |b|_1 + (1 - l1_ratio) / 2 * |b|_2^2)`` on half the mean squared
        error, for standardised features and target.
    threads : int
        Designs are split among so many threads; the numbers do not depend on it.

    Returns
    -------
    ElasticNets

    Raises
    ------
    DataError
        If shapes disagree, a feature is missing, or the penalty is outside its range.
    """
    if x.ndim != 3 or y.ndim != 3 or x.shape[:2] != y.shape[:2] or 0 in x.shape:
        raise DataError(
            "elastic nets need x (n_designs, n_rows, n_features) and y (n_designs, n_rows, n_targets), found "
            f"{x.shape} and {y.shape}. Stack the designs."
        )
    if not np.isfinite(x).all():
        raise DataError("features must be finite, found NaN or infinity. Drop those rows or columns first.")
    if not (alpha > 0 and 0 <= l1_ratio <= 1):
        raise DataError(f"a penalty needs alpha > 0 and l1_ratio in [0, 1], found {alpha} and {l1_ratio}.")
    from concurrent.futures import ThreadPoolExecutor

    kernel, penalties = _kernels().solve_designs, (alpha * l1_ratio, alpha * (1 - l1_ratio))
    x, y = np.ascontiguousarray(x, dtype=np.float64), np.ascontiguousarray(y, dtype=np.float64)
    bounds = [x.shape[0] * part // threads for part in range(threads + 1)]

    def solve(low: int, high: int) -> tuple[Any, ...]:
        return kernel(x[low:high], y[low:high], penalties, _LIMITS)

    with ThreadPoolExecutor(threads) as pool:
        parts = list(pool.map(solve, bounds[:-1], bounds[1:]))
    coefficients, intercepts, sweeps, changes = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    return ElasticNets(coefficients, intercepts, sweeps, changes <= TOLERANCE)


def coordinate_descent(x: FloatArray, y: FloatArray, alpha: float, l1_ratio: float) -> tuple[FloatArray, int, float]:
    """Fit one elastic net to standardised features, shape (n_rows, n_features), and target, shape (n_rows,).

    Returns
    -------
    coefficients : float64 array, shape (n_features,)
    n_sweeps : int
    change : float
        Largest change of a coefficient in the last sweep.
    """
    kernels = _kernels()
    gram, cross, _, scales = kernels.standard_moments(np.ascontiguousarray(x), y[:, None].copy())
    beta = np.zeros(x.shape[1])
    n_sweeps, change = kernels.solve(
        gram, cross[:, 0].copy(), beta, (alpha * l1_ratio, alpha * (1 - l1_ratio)), _LIMITS
    )
    return beta * scales[-1] / scales[:-1], n_sweeps, change


def out_of_sample_errors(
    x: FloatArray, y: FloatArray, folds: Sequence[tuple[IntArray, IntArray]], penalties: Sequence[tuple[float, float]]
) -> FloatArray:
    """Cross-validate penalties in time order.

    Parameters
    ----------
    x : float64 array, shape (n_rows, n_features)
    y : float64 array, shape (n_rows,)
    folds : sequence of (int64 array, int64 array)
        Training rows, which begin with row 0, and test rows, both contiguous: `supervised.purged_folds`.
    penalties : sequence of (alpha, l1_ratio)
        From strong to weak within a ratio, so that each starts near its solution.

    Returns
    -------
    float64 array, shape (n_test_rows, n_penalties)
        Realised minus forecast, in units of y.
    """
    edges = np.array([(train.size, test[0], test[-1] + 1) for train, test in folds], dtype=np.int64)
    weights = np.array([(alpha * ratio, alpha * (1 - ratio)) for alpha, ratio in penalties], dtype=np.float64)
    errors: FloatArray = _kernels().fold_errors(np.ascontiguousarray(x), y, edges, weights, _CV_LIMITS)
    return errors


@cache
def _kernels() -> Any:  # noqa: ANN401  # numba's dispatchers have no type of their own
    from hf_platform.models import descent

    return descent
