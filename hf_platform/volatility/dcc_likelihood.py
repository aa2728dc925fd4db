"""Correlation part of the DCC log-likelihood, bar by bar, for given a and b."""

# pyright: basic

import math

import numpy as np

from hf_platform.types import FloatArray
from hf_platform.volatility.jit import compiled


@compiled
def composite_terms(z: FloatArray, intercept: FloatArray, a: float, b: float, out: FloatArray) -> None:
    """Add up the bivariate terms of neighbouring pairs (i, i + 1), the last series paired with the first.

    `z` has shape (n_obs, n_series) and `out` (n_obs,). With two series there is one pair. The sum is scaled by
    n_series / (2 n_pairs), so that each series counts once.
    """
    n_obs, n = z.shape
    n_pairs = n if n > 2 else 1
    share = n / (2.0 * n_pairs)
    left = 1.0 - a - b
    q_own, q_next = np.empty(n), np.empty(n)
    for i in range(n):
        q_own[i] = intercept[i, i]
        q_next[i] = intercept[i, (i + 1) % n]
    for t in range(n_obs):
        total = 0.0
        for i in range(n_pairs):
            j = (i + 1) % n
            rho = q_next[i] / math.sqrt(q_own[i] * q_own[j])
            rest = 1.0 - rho * rho
            x, y = z[t, i], z[t, j]
            total -= 0.5 * (math.log(rest) + (x * x - 2.0 * rho * x * y + y * y) / rest - x * x - y * y)
        out[t] = share * total
        for i in range(n):
            j = (i + 1) % n
            q_next[i] = left * intercept[i, j] + a * z[t, i] * z[t, j] + b * q_next[i]
        for i in range(n):
            q_own[i] = left * intercept[i, i] + a * z[t, i] * z[t, i] + b * q_own[i]


@compiled
def full_terms(z: FloatArray, intercept: FloatArray, a: float, b: float, out: FloatArray) -> None:
    """Write -1/2 (ln |R_t| + z' R_t^-1 z - z' z); a bar whose R is not positive definite gets minus infinity."""
    n_obs, n = z.shape
    left = 1.0 - a - b
    q = intercept.copy()
    factor, scaled = np.zeros((n, n)), np.zeros(n)
    for t in range(n_obs):
        log_det, quadratic, plain = 0.0, 0.0, 0.0
        definite = True
        for i in range(n):
            for j in range(i + 1):
                total = q[i, j] / math.sqrt(q[i, i] * q[j, j])
                for m in range(j):
                    total -= factor[i, m] * factor[j, m]
                if i == j:
                    if not total > 0.0:
                        definite = False
                        break
                    factor[i, i] = math.sqrt(total)
                    log_det += math.log(total)
                else:
                    factor[i, j] = total / factor[j, j]
            if not definite:
                break
            value = z[t, i]
            plain += value * value
            for m in range(i):
                value -= factor[i, m] * scaled[m]
            scaled[i] = value / factor[i, i]
            quadratic += scaled[i] * scaled[i]
        out[t] = -0.5 * (log_det + quadratic - plain) if definite else -np.inf
        for i in range(n):
            for j in range(i + 1):
                q[i, j] = left * intercept[i, j] + a * z[t, i] * z[t, j] + b * q[i, j]
