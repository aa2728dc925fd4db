"""From a kernel's sums to log-likelihood, score and expected information, eight series at a time.

Parameters are the natural ones in arch's order, always with a mean in place 0 (held at zero by the optimiser for a
zero-mean model): mu, omega, alphas, gamma, betas, shapes. The information of the shape of Hansen's distribution is
taken at lambda = 0; the optimiser's secant correction absorbs the difference.

All quantities are rows of the workspace. The rows from TERMS on hold what depends on the shapes alone and would be
costly twice: `place_shapes` writes them, the other functions read them.
"""

# compiled code: numba infers types, and arrays travel one by one
# ruff: noqa: ANN001, ANN201, ANN202, ANN401
# pyright: basic, reportCallIssue=false

import math
from typing import Any

from hf_platform.volatility.jit import inlined
from hf_platform.volatility.lanes import exponential, fma, load, logarithm, splat, square_root, store
from hf_platform.volatility.special import gamma_terms
from hf_platform.volatility.workspace import CONSTANTS, N_OBS, NATURAL_INFORMATION, SCORE, SUMS, TERMS, THETA

NORMAL, STUDENT, SKEWED, GENERALISED = 0, 1, 2, 3
LOG_2PI, LOG_2, LOG_PI = math.log(2.0 * math.pi), math.log(2.0), math.log(math.pi)
# Rows after TERMS. For t tails: log of the unit-variance density at zero, its slope by nu, a difference of trigammas,
# the density at zero; then Hansen's a and b.
_LOG_CONSTANT, _SLOPE, _TRIGAMMAS, _DENSITY, _A, _B = 0, 1, 2, 3, 4, 5
# For the generalised error distribution: log scale, its slope by nu, digamma, trigamma and ln Gamma at 1 / nu, and
# ln Gamma at 3 / nu.
_LOG_SCALE, _SCALE_SLOPE, _DIGAMMA, _TRIGAMMA, _GAMMA_1, _GAMMA_3 = 0, 1, 2, 3, 4, 5


@inlined
def place_shapes(distribution, k, work):
    """Write what a kernel needs to know of the shapes into rows 2 and up of CONSTANTS, and fill TERMS."""
    if distribution == NORMAL:
        return
    one, nu = splat(1.0), load(work, THETA + k)
    if distribution == GENERALISED:
        _generalised_terms(nu, work)
        store(work, CONSTANTS + 2, fma(splat(0.5), nu, splat(-1.0)))
        store(work, CONSTANTS + 3, exponential(splat(0.0) - nu * load(work, TERMS + _LOG_SCALE)))
        store(work, CONSTANTS + 4, splat(0.5) * nu)
        return
    _student_terms(nu, work)
    if distribution == STUDENT:
        store(work, CONSTANTS + 2, nu + one)
        store(work, CONSTANTS + 3, one / (nu - splat(2.0)))
        return
    lam = load(work, THETA + k + 1)
    c = exponential(load(work, TERMS + _LOG_CONSTANT))
    a = splat(4.0) * lam * c * (nu - splat(2.0)) / (nu - one)
    b = square_root(fma(splat(3.0) * lam, lam, one) - a * a)
    store(work, TERMS + _DENSITY, c)
    store(work, TERMS + _A, a)
    store(work, TERMS + _B, b)
    store(work, CONSTANTS + 2, a)
    store(work, CONSTANTS + 3, b)
    store(work, CONSTANTS + 4, one / (one - lam))
    store(work, CONSTANTS + 5, one / (one + lam))
    store(work, CONSTANTS + 6, one / (nu - splat(2.0)))
    store(work, CONSTANTS + 7, b * (nu + one) / (nu - splat(2.0)))


@inlined
def _student_terms(nu, work):
    half, two = splat(0.5), splat(2.0)
    log_high, first_high, second_high = gamma_terms(half * (nu + splat(1.0)))
    log_low, first_low, second_low = gamma_terms(half * nu)
    excess = nu - two
    store(work, TERMS + _LOG_CONSTANT, log_high - log_low - half * (logarithm(excess) + splat(LOG_PI)))
    store(work, TERMS + _SLOPE, half * (first_high - first_low - splat(1.0) / excess))
    store(work, TERMS + _TRIGAMMAS, second_low - second_high)


@inlined
def _generalised_terms(nu, work):
    inverse = splat(1.0) / nu
    log_once, first_once, second_once = gamma_terms(inverse)
    log_thrice, first_thrice, _ = gamma_terms(splat(3.0) * inverse)
    slope = splat(2.0 * LOG_2) - first_once + splat(3.0) * first_thrice
    store(work, TERMS + _LOG_SCALE, splat(0.5) * (log_once - log_thrice - splat(2.0 * LOG_2) * inverse))
    store(work, TERMS + _SCALE_SLOPE, splat(0.5) * slope * inverse * inverse)
    store(work, TERMS + _DIGAMMA, first_once)
    store(work, TERMS + _TRIGAMMA, second_once)
    store(work, TERMS + _GAMMA_1, log_once)
    store(work, TERMS + _GAMMA_3, log_thrice)


@inlined
def log_likelihood_and_shape_scores(distribution, k, first, work):
    """Return the log-likelihood and write the score of the shapes, rows k and up of SCORE.

    `first` is the row of SUMS where the distribution's own sums start.
    """
    half, minus_half, log_variance, n_obs = splat(0.5), splat(-0.5), load(work, SUMS), load(work, N_OBS)
    if distribution == NORMAL:
        return minus_half * (fma(n_obs, splat(LOG_2PI), log_variance) + load(work, SUMS + first))
    one, two, nu = splat(1.0), splat(2.0), load(work, THETA + k)
    if distribution == GENERALISED:
        return _generalised_score(k, nu, first, work)
    log_q = load(work, SUMS + first)
    ratio, slope = (nu + one) / (nu - two), load(work, TERMS + _SLOPE)
    tail = minus_half * (log_variance + (nu + one) * log_q)
    if distribution == STUDENT:
        store(work, SCORE + k, n_obs * slope + half * (ratio * load(work, SUMS + first + 1) - log_q))
        return fma(n_obs, load(work, TERMS + _LOG_CONSTANT), tail)
    sum_k, sum_kz, sum_kys = load(work, SUMS + first + 1), load(work, SUMS + first + 2), load(work, SUMS + first + 3)
    a, b = load(work, TERMS + _A), load(work, TERMS + _B)
    a_lam, b_lam, a_nu, b_nu = _hansen_slopes(nu, load(work, THETA + k + 1), work)
    sum_r = (b * sum_kz + a * sum_k) / (nu - two)
    from_shift = ratio * (b_nu * sum_kz + a_nu * sum_k)
    store(work, SCORE + k, n_obs * (b_nu / b + slope) + half * (ratio * sum_r - log_q) - from_shift)
    store(work, SCORE + k + 1, n_obs * b_lam / b - ratio * (b_lam * sum_kz + a_lam * sum_k - sum_kys))
    return fma(n_obs, logarithm(b) + load(work, TERMS + _LOG_CONSTANT), tail)


@inlined
def _hansen_slopes(nu, lam, work):
    # Derivatives of Hansen's a and b by lambda and by nu.
    one, two, a = splat(1.0), splat(2.0), load(work, TERMS + _A)
    a_lam = splat(4.0) * load(work, TERMS + _DENSITY) * (nu - two) / (nu - one)
    a_nu = a * (load(work, TERMS + _SLOPE) + one / (nu - two) - one / (nu - one))
    b_lam = (splat(3.0) * lam - a * a_lam) / load(work, TERMS + _B)
    b_nu = (splat(0.0) - a * a_nu) / load(work, TERMS + _B)
    return a_lam, b_lam, a_nu, b_nu


@inlined
def _generalised_score(k, nu, first, work):
    half, inverse, n_obs = splat(0.5), splat(1.0) / nu, load(work, N_OBS)
    log_scale, scale_slope = load(work, TERMS + _LOG_SCALE), load(work, TERMS + _SCALE_SLOPE)
    constant = logarithm(nu) - log_scale - load(work, TERMS + _GAMMA_1) - (splat(1.0) + inverse) * splat(LOG_2)
    slope = inverse - scale_slope + (load(work, TERMS + _DIGAMMA) + splat(LOG_2)) * inverse * inverse
    sum_m, sum_m_log = load(work, SUMS + first), load(work, SUMS + first + 1)
    store(work, SCORE + k, n_obs * slope - half * (half * sum_m_log - fma(nu, scale_slope, log_scale) * sum_m))
    return n_obs * constant - half * (load(work, SUMS) + sum_m)


@inlined
def _per_observation(distribution, k, work) -> Any:
    # Expected products of scores per bar: log variance, mean, log variance x nu, nu, lambda, mean x lambda.
    half, one, two, three, zero = splat(0.5), splat(1.0), splat(2.0), splat(3.0), splat(0.0)
    if distribution == NORMAL:
        return half, one, zero, zero, zero, zero
    nu = load(work, THETA + k)
    if distribution == GENERALISED:
        return _generalised_information(nu, work)
    above, below = nu + one, nu - two
    state = half * nu / (nu + three)
    mean = nu * above / (below * (nu + three))
    cross = half * (nu / (below * (nu + three)) - one / above)
    shape = (
        splat(0.25) * load(work, TERMS + _TRIGAMMAS)
        - one / (below * above)
        + half * nu / (below * below * (nu + three))
    )
    if distribution == STUDENT:
        return state, mean, cross, shape, zero, zero
    c, ratio = load(work, TERMS + _DENSITY), above / below
    a_lam = splat(4.0) * c * below / (nu - one)
    both = above * (nu + three)
    second, third, fourth = below * nu / both, splat(4.0) * below * below * c / both, three * below * below / both
    skew = ratio * ratio * (fourth - two * a_lam * third + a_lam * a_lam * second)
    return state, mean, cross, shape, skew, ratio * ratio * (third - a_lam * second)


@inlined
def _generalised_information(nu, work):
    # With G ~ Gamma(1 / nu): psi z = nu G and the score of nu is a constant minus G (drift + ln G / nu).
    one, two, s = splat(1.0), splat(2.0), splat(1.0) / nu
    drift = splat(LOG_2) * s - nu * load(work, TERMS + _SCALE_SLOPE)
    once = load(work, TERMS + _DIGAMMA) + nu
    twice = once + one / (s + one)
    spread = load(work, TERMS + _TRIGAMMA) - nu * nu - one / ((s + one) * (s + one))
    second = s * (s + one)
    mirrored, _, _ = gamma_terms(two - s)
    log_mean = two * (logarithm(nu) - load(work, TERMS + _GAMMA_1)) + mirrored + load(work, TERMS + _GAMMA_3)
    cross = splat(-0.5) * (drift + (nu * second * twice - s * once) * s)
    expected = s * (drift + once * s)
    square = drift * drift + two * drift * twice * s + (twice * twice + spread) * s * s
    zero = splat(0.0)
    return splat(0.25) * nu, exponential(log_mean), cross, second * square - expected * expected, zero, zero


@inlined
def fill_information(distribution, k, n, work):
    """Write the expected information of all n parameters, k of them of mean and process: n * n rows."""
    state, mean, cross, shape, skew, mean_skew = _per_observation(distribution, k, work)
    n_obs, row = load(work, N_OBS), k + 1
    for i in range(k):
        for j in range(i + 1):
            value = state * load(work, SUMS + row)
            store(work, NATURAL_INFORMATION + i * n + j, value)
            store(work, NATURAL_INFORMATION + j * n + i, value)
            row += 1
    store(work, NATURAL_INFORMATION, fma(mean, load(work, SUMS + row), load(work, NATURAL_INFORMATION)))
    if distribution == NORMAL:
        return
    for i in range(k):
        value = cross * load(work, SUMS + row + 1 + i)
        store(work, NATURAL_INFORMATION + k * n + i, value)
        store(work, NATURAL_INFORMATION + i * n + k, value)
    store(work, NATURAL_INFORMATION + k * n + k, n_obs * shape)
    if distribution == SKEWED:
        for i in range(n):
            store(work, NATURAL_INFORMATION + (k + 1) * n + i, splat(0.0))
            store(work, NATURAL_INFORMATION + i * n + k + 1, splat(0.0))
        store(work, NATURAL_INFORMATION + (k + 1) * n + k + 1, n_obs * skew)
        value = mean_skew * load(work, SUMS + row + 1 + k + 4)
        store(work, NATURAL_INFORMATION + k + 1, value)
        store(work, NATURAL_INFORMATION + (k + 1) * n, value)


@inlined
def place_outer_shapes(distribution, k, work):
    """Write what the outer-product kernels need besides `place_shapes`: rows 8 and up of CONSTANTS."""
    if distribution == NORMAL:
        return
    half, nu = splat(0.5), load(work, THETA + k)
    if distribution == GENERALISED:
        inverse, scale_slope = splat(1.0) / nu, load(work, TERMS + _SCALE_SLOPE)
        slope = inverse - scale_slope + (load(work, TERMS + _DIGAMMA) + splat(LOG_2)) * inverse * inverse
        store(work, CONSTANTS + 8, slope)
        store(work, CONSTANTS + 9, half * fma(nu, scale_slope, load(work, TERMS + _LOG_SCALE)))
        return
    ratio, slope = (nu + splat(1.0)) / (nu - splat(2.0)), load(work, TERMS + _SLOPE)
    if distribution == STUDENT:
        store(work, CONSTANTS + 8, slope)
        store(work, CONSTANTS + 9, half * ratio)
        return
    a, b, excess = load(work, TERMS + _A), load(work, TERMS + _B), nu - splat(2.0)
    a_lam, b_lam, a_nu, b_nu = _hansen_slopes(nu, load(work, THETA + k + 1), work)
    store(work, CONSTANTS + 8, b_nu / b + slope)
    store(work, CONSTANTS + 9, ratio * (half * b / excess - b_nu))
    store(work, CONSTANTS + 10, ratio * (half * a / excess - a_nu))
    store(work, CONSTANTS + 11, b_lam / b)
    store(work, CONSTANTS + 12, splat(0.0) - ratio * b_lam)
    store(work, CONSTANTS + 13, splat(0.0) - ratio * a_lam)
    store(work, CONSTANTS + 14, ratio)
