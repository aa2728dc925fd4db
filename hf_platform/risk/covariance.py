"""Covariance matrices that portfolio numbers rest on: checks, roots, distances.

Nothing is repaired: a matrix that breaks a rule is refused with the names of the instruments behind it.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from hf_platform.errors import DataError
from hf_platform.types import FloatArray

_SYMMETRY: Final = 1e-8  # largest difference from the transpose, against the largest variance
_NEGATIVE: Final = 1e-10  # most negative eigenvalue of a correlation matrix that rounding may leave
_SINGULAR: Final = 1e-10  # smallest eigenvalue of a correlation matrix that still has an inverse worth the name


def check_covariance(matrix: FloatArray, names: Sequence[str], *, invertible: bool = False) -> FloatArray:
    """Return the matrix if it is a covariance matrix.

    Parameters
    ----------
    matrix : float64 array, shape (n_instruments, n_instruments)
        Variances and covariances of returns [decimal squared].
    names : sequence of str
        Instruments, for the text of an error.
    invertible : bool
        Refuse singular matrices too: minimum variance and Mahalanobis distances need the inverse.

    Raises
    ------
    DataError
        If shapes disagree, a value is not finite, a variance is not positive, the matrix is not symmetric, not positive
        semi-definite, or (on request) singular.
    """
    n = len(names)
    if matrix.shape != (n, n):
        raise DataError(f"{n} instruments need a covariance of shape ({n}, {n}), found {matrix.shape}. Align them.")
    if not np.isfinite(matrix).all():
        bad = [names[i] for i in np.flatnonzero(~np.isfinite(matrix).all(axis=1)).tolist()]
        raise DataError(f"a covariance must be finite, found NaN or infinity at {', '.join(bad)}. Check their returns.")
    variances = np.diag(matrix)
    if not (variances > 0.0).all():
        flat = ", ".join(names[i] for i in np.flatnonzero(~(variances > 0.0)).tolist())
        raise DataError(f"every instrument needs a positive variance, found none for {flat}. Leave them out.")
    if float(np.abs(matrix - matrix.T).max()) > _SYMMETRY * float(variances.max()):
        raise DataError("a covariance must be symmetric, found a matrix that differs from its transpose. Rebuild it.")
    correlation = correlation_of(matrix)
    smallest = float(np.linalg.eigvalsh(correlation)[0])
    if smallest < -_NEGATIVE:
        raise DataError(
            f"a covariance must be positive semi-definite, found a correlation matrix with eigenvalue {smallest:.2g}. "
            "Estimate it on complete, aligned returns."
        )
    if invertible and smallest < _SINGULAR:
        off = np.abs(correlation - np.eye(n))
        i, j = (int(k) for k in np.unravel_index(int(off.argmax()), off.shape))
        raise DataError(
            f"the covariance is singular (smallest eigenvalue of the correlations {smallest:.2g}); the closest pair is "
            f"{names[i]} and {names[j]} with correlation {correlation[i, j]:.6f}. Leave one of the two out."
        )
    return matrix


def correlation_of(matrix: FloatArray) -> FloatArray:
    """Divide a covariance by its standard deviations."""
    scale = np.sqrt(np.diag(matrix))
    out = matrix / scale[:, None] / scale[None, :]
    np.fill_diagonal(out, 1.0)
    return out


def symmetric_roots(matrices: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Take symmetric square roots and their inverses.

    Parameters
    ----------
    matrices : float64 array, shape (n_matrices, n, n)
        Positive definite.

    Returns
    -------
    tuple of float64 array, each of shape (n_matrices, n, n)

    Raises
    ------
    DataError
        If a matrix is not positive definite.
    """
    values, vectors = np.linalg.eigh(matrices)
    lowest, highest = values[:, 0], values[:, -1]
    bad = ~(lowest > 1e-14 * highest)
    if bad.any():
        at = int(np.flatnonzero(bad)[0])
        raise DataError(
            f"{int(bad.sum())} of {bad.size} covariances are singular, the first with eigenvalues {lowest[at]:.2g} "
            f"to {highest[at]:.2g}. Leave out an instrument that moves like others."
        )
    root = np.sqrt(values)
    turned = np.swapaxes(vectors, 1, 2)
    return vectors * root[:, None, :] @ turned, vectors / root[:, None, :] @ turned


def equicorrelated(matrix: FloatArray, correlation: float) -> FloatArray:
    """Keep the variances and set every correlation to one value.

    Raises
    ------
    DataError
        If the correlation lies outside [0, 1].
    """
    if not 0.0 <= correlation <= 1.0:
        raise DataError(f"a common correlation must lie in [0, 1], found {correlation}. Below 0 it may not exist.")
    scale = np.sqrt(np.diag(matrix))
    pattern = np.full(matrix.shape, correlation)
    np.fill_diagonal(pattern, 1.0)
    return pattern * np.outer(scale, scale)


def pack(matrices: FloatArray) -> FloatArray:
    """Write symmetric matrices as rows of their lower triangles, shape (n_matrices, n (n + 1) / 2)."""
    rows, columns = np.tril_indices(matrices.shape[-1])
    return np.ascontiguousarray(matrices[:, rows, columns])


def unpack(triangles: FloatArray) -> FloatArray:
    """Read matrices from rows of lower triangles.

    Raises
    ------
    DataError
        If the length of a row is no triangular number.
    """
    length = triangles.shape[1]
    n = round((np.sqrt(8.0 * length + 1.0) - 1.0) / 2.0)
    if n * (n + 1) // 2 != length:
        raise DataError(f"a lower triangle has n (n + 1) / 2 values, found {length}. Read whole rows.")
    out = np.empty((triangles.shape[0], n, n))
    rows, columns = np.tril_indices(n)
    out[:, rows, columns] = triangles
    out[:, columns, rows] = triangles
    return out
