"""The compiled loop of the elastic net; apart, so that the registry loads without numba."""

import numba
import numpy as np

from hf_platform.types import FloatArray


@numba.njit(cache=True, nogil=True)
def descend(
    x: FloatArray, y: FloatArray, penalties: tuple[float, float], tolerance: float, max_sweeps: int
) -> tuple[FloatArray, int, float]:
    """Minimise ``|y - x b|^2 / (2 n) + l1 |b|_1 + l2 / 2 |b|_2^2`` for penalties (l1, l2).

    See `families.elastic_net.coordinate_descent`, its only caller.
    """
    n, p = x.shape
    l1, l2 = penalties
    gram = np.empty((p, p))
    cross = np.empty(p)
    for i in range(p):
        cross[i] = (x[:, i] * y).sum() / n
        for j in range(i + 1):
            gram[i, j] = (x[:, i] * x[:, j]).sum() / n
            gram[j, i] = gram[i, j]
    beta = np.zeros(p)
    change = 0.0
    for sweep in range(max_sweeps):
        change = 0.0
        for j in range(p):
            pull = cross[j] + gram[j, j] * beta[j]
            for k in range(p):
                pull -= gram[j, k] * beta[k]
            shrunk = max(abs(pull) - l1, 0.0) / (gram[j, j] + l2)
            new = shrunk if pull > 0 else -shrunk
            change = max(change, abs(new - beta[j]))
            beta[j] = new
        if change <= tolerance:
            return beta, sweep + 1, change
    return beta, max_sweeps, change
