"""One evaluation of eight series: from box coordinates to a kernel's inputs, and from its sums back.

Around every call of a kernel, `place` writes parameters and constants and `read` turns sums into value, gradient and
expected information of the negative log-likelihood in box coordinates.
"""

# compiled code: numba infers types, and arrays travel one by one
# ruff: noqa: ANN001, ANN201, PLR0917
# pyright: basic, reportCallIssue=false

from hf_platform.volatility.coordinates import EGARCH, TARCH, n_coordinates, to_natural
from hf_platform.volatility.jit import compiled
from hf_platform.volatility.lanes import fma, load, logarithm, splat, square_root, store
from hf_platform.volatility.scoring import fill_information, log_likelihood_and_shape_scores, place_shapes
from hf_platform.volatility.workspace import (
    CONSTANTS,
    CURVATURE,
    JACOBIAN,
    NATURAL_INFORMATION,
    NEW_GRADIENT,
    NEW_INFORMATION,
    NEW_VALUE,
    PRESAMPLE,
    SCORE,
    SUMS,
    THETA,
)


@compiled
def place_presample(process, sample, work):
    """Write the pre-sample state and its derivative with respect to the mean (rows 0 and 1 of CONSTANTS).

    PRESAMPLE holds arch's backcast of the squared innovation (tarch: of its size); for `sample` it is the mean squared
    return instead, to which the square of the mean is added (Fiorentini, Calzolari and Panattoni).
    """
    value, slope, mu = load(work, PRESAMPLE), splat(0.0), load(work, THETA)
    if sample:
        value = fma(mu, mu, value)
        slope = splat(2.0) * mu
        if process == TARCH:
            value = square_root(value)
            slope = mu / value
    if process == EGARCH:
        slope = slope / value
        value = logarithm(value)
    store(work, CONSTANTS, value)
    store(work, CONSTANTS + 1, slope)


@compiled
def place(process, p, o, q, distribution, sample, work):
    """Write the kernel's parameters and constants at the coordinates in TRIAL."""
    to_natural(process, p, o, q, distribution, work)
    place_shapes(distribution, 2 + p + o + q, work)
    place_presample(process, sample, work)


@compiled
def read_natural(k, n, distribution, work):
    """Return the log-likelihood; write SCORE and NATURAL_INFORMATION."""
    for i in range(k):
        store(work, SCORE + i, load(work, SUMS + 1 + i))
    value = log_likelihood_and_shape_scores(distribution, k, 2 + 2 * k + k * (k + 1) // 2, work)
    fill_information(distribution, k, n, work)
    return value


@compiled
def read(process, p, o, q, distribution, work):
    """Write NEW_VALUE, NEW_GRADIENT and NEW_INFORMATION of the negative log-likelihood in box coordinates."""
    n = n_coordinates(process, p, o, q, distribution)
    store(work, NEW_VALUE, splat(0.0) - read_natural(2 + p + o + q, n, distribution, work))
    for i in range(n):
        total = splat(0.0)
        for j in range(n):
            total = total - load(work, JACOBIAN + j * n + i) * load(work, SCORE + j)
            product = splat(0.0)
            for m in range(n):
                product = fma(load(work, NATURAL_INFORMATION + i * n + m), load(work, JACOBIAN + m * n + j), product)
            store(work, CURVATURE + i * n + j, product)
        store(work, NEW_GRADIENT + i, total)
    for i in range(n):
        for j in range(i + 1):
            total = splat(0.0)
            for m in range(n):
                total = fma(load(work, JACOBIAN + m * n + i), load(work, CURVATURE + m * n + j), total)
            store(work, NEW_INFORMATION + i * n + j, total)
            store(work, NEW_INFORMATION + j * n + i, total)
