"""From a kernel's sums to log-likelihood, score and expected information, for one series.

Parameters are the natural ones in arch's order, always with a mean in place 0 (held at zero by the optimiser for a
zero-mean model): mu, omega, alphas, gamma, betas, shapes. The information of the shape of Hansen's distribution is
taken at lambda = 0; the optimiser's secant correction absorbs the difference.
"""

# compiled code: numba infers types, and arrays travel one by one
# ruff: noqa: ANN001, ANN201, PLR0917
# pyright: basic

import math

from hf_platform.volatility.jit import compiled

NORMAL, STUDENT, SKEWED, GENERALISED = 0, 1, 2, 3
LOG_2PI = math.log(2.0 * math.pi)


@compiled
def digamma(x):
    """Differentiate ln Gamma at x > 0: recurrence up to 8, then the asymptotic series."""
    total = 0.0
    while x < 8.0:
        total -= 1.0 / x
        x += 1.0
    y = 1.0 / (x * x)
    series = y * (1 / 12 - y * (1 / 120 - y * (1 / 252 - y * (1 / 240 - y * (1 / 132 - y * 691 / 32760)))))
    return total + math.log(x) - 0.5 / x - series


@compiled
def trigamma(x):
    """Differentiate ln Gamma twice at x > 0, likewise."""
    total = 0.0
    while x < 8.0:
        total += 1.0 / (x * x)
        x += 1.0
    y = 1.0 / (x * x)
    series = y * (1 / 6 - y * (1 / 30 - y * (1 / 42 - y * (1 / 30 - y * (5 / 66 - y * 691 / 2730)))))
    return total + 1.0 / x + 0.5 * y + series / x


@compiled
def student_log_constant(nu):
    """Log of the density of the unit-variance t at zero."""
    return math.lgamma(0.5 * (nu + 1.0)) - math.lgamma(0.5 * nu) - 0.5 * math.log(math.pi * (nu - 2.0))


@compiled
def student_log_constant_slope(nu):
    """Differentiate `student_log_constant`."""
    return 0.5 * (digamma(0.5 * (nu + 1.0)) - digamma(0.5 * nu) - 1.0 / (nu - 2.0))


@compiled
def hansen_a_b(eta, lam):
    """Hansen's constants a and b, and the density constant c."""
    c = math.exp(student_log_constant(eta))
    a = 4.0 * lam * c * (eta - 2.0) / (eta - 1.0)
    return a, math.sqrt(1.0 + 3.0 * lam * lam - a * a), c


@compiled
def generalised_log_scale(nu):
    """Log of the scale c that gives the generalised error distribution unit variance."""
    return 0.5 * (-2.0 / nu * math.log(2.0) + math.lgamma(1.0 / nu) - math.lgamma(3.0 / nu))


@compiled
def shape_constants(distribution, shape, constants, lane):
    """Write what a kernel needs to know of the shape into rows 2 and up of `constants`, column `lane`."""
    if distribution == STUDENT:
        constants[2, lane] = shape[0] + 1.0
        constants[3, lane] = 1.0 / (shape[0] - 2.0)
    elif distribution == SKEWED:
        eta, lam = shape[0], shape[1]
        a, b, _ = hansen_a_b(eta, lam)
        constants[2, lane] = a
        constants[3, lane] = b
        constants[4, lane] = 1.0 / (1.0 - lam)
        constants[5, lane] = 1.0 / (1.0 + lam)
        constants[6, lane] = 1.0 / (eta - 2.0)
        constants[7, lane] = b * (eta + 1.0) / (eta - 2.0)
    elif distribution == GENERALISED:
        nu = shape[0]
        constants[2, lane] = 0.5 * nu - 1.0
        constants[3, lane] = math.exp(-nu * generalised_log_scale(nu))
        constants[4, lane] = 0.5 * nu


@compiled
def score_shapes(distribution, k, n, theta, sums, lane, first, gradient):
    """Return the log-likelihood and add the score of the shapes, at places k and up of `gradient`.

    `n` counts observations and `first` is the row of `sums` where the distribution's own sums start.
    """
    log_variance = sums[0, lane]
    if distribution == NORMAL:
        return -0.5 * (n * LOG_2PI + log_variance + sums[first, lane])
    nu = theta[k]
    if distribution == STUDENT:
        log_q, sum_r = sums[first, lane], sums[first + 1, lane]
        slope = student_log_constant_slope(nu)
        gradient[k] = n * slope - 0.5 * log_q + 0.5 * (nu + 1.0) / (nu - 2.0) * sum_r
        return n * student_log_constant(nu) - 0.5 * log_variance - 0.5 * (nu + 1.0) * log_q
    if distribution == SKEWED:
        lam = theta[k + 1]
        a, b, c = hansen_a_b(nu, lam)
        log_q, sum_k = sums[first, lane], sums[first + 1, lane]
        sum_kz, sum_kys = sums[first + 2, lane], sums[first + 3, lane]
        ratio = (nu + 1.0) / (nu - 2.0)
        slope = student_log_constant_slope(nu)
        a_lam = 4.0 * c * (nu - 2.0) / (nu - 1.0)
        a_nu = a * (slope + 1.0 / (nu - 2.0) - 1.0 / (nu - 1.0))
        b_lam = (3.0 * lam - a * a_lam) / b
        b_nu = -a * a_nu / b
        sum_r = (b * sum_kz + a * sum_k) / (nu - 2.0)
        gradient[k] = (
            n * (b_nu / b + slope) - 0.5 * log_q + 0.5 * ratio * sum_r - ratio * (b_nu * sum_kz + a_nu * sum_k)
        )
        gradient[k + 1] = n * b_lam / b - ratio * (b_lam * sum_kz + a_lam * sum_k - sum_kys)
        return n * (math.log(b) + math.log(c)) - 0.5 * log_variance - 0.5 * (nu + 1.0) * log_q
    sum_m, sum_m_log = sums[first, lane], sums[first + 1, lane]
    log_c = generalised_log_scale(nu)
    log_c_slope = 0.5 * (2.0 * math.log(2.0) - digamma(1.0 / nu) + 3.0 * digamma(3.0 / nu)) / (nu * nu)
    constant = math.log(nu) - log_c - math.lgamma(1.0 / nu) - (1.0 + 1.0 / nu) * math.log(2.0)
    slope = 1.0 / nu - log_c_slope + (digamma(1.0 / nu) + math.log(2.0)) / (nu * nu)
    gradient[k] = n * slope - 0.5 * (0.5 * sum_m_log - (log_c + nu * log_c_slope) * sum_m)
    return n * constant - 0.5 * log_variance - 0.5 * sum_m


@compiled
def information_constants(distribution, theta, k, out):
    """Write the expected information per observation.

    out = (log variance, mean, log variance x nu, nu, lambda, mean x lambda), each the expected product of scores.
    """
    out[:] = 0.0
    if distribution == NORMAL:
        out[0], out[1] = 0.5, 1.0
        return
    nu = theta[k]
    if distribution == GENERALISED:
        shape = 1.0 / nu
        log_c_slope = 0.5 * (2.0 * math.log(2.0) - digamma(shape) + 3.0 * digamma(3.0 * shape)) / (nu * nu)
        # With G ~ Gamma(1 / nu): psi z = nu G and the score of nu is a constant minus G (drift + ln G / nu).
        drift = math.log(2.0) / nu - nu * log_c_slope
        once, twice = digamma(shape + 1.0), digamma(shape + 2.0)
        second = shape * (shape + 1.0)
        out[0] = 0.25 * nu
        out[1] = math.exp(
            2.0 * math.log(nu) + math.lgamma(2.0 - shape) + math.lgamma(3.0 * shape) - 2.0 * math.lgamma(shape)
        )
        out[2] = -0.5 * (drift + (nu * second * twice - shape * once) / nu)
        mean = shape * (drift + once / nu)
        out[3] = (
            second * (drift * drift + 2.0 * drift * twice / nu + (twice * twice + trigamma(shape + 2.0)) / (nu * nu))
            - mean * mean
        )
        return
    out[0] = 0.5 * nu / (nu + 3.0)
    out[1] = nu * (nu + 1.0) / ((nu - 2.0) * (nu + 3.0))
    out[2] = 0.5 * (nu / ((nu - 2.0) * (nu + 3.0)) - 1.0 / (nu + 1.0))
    out[3] = (
        0.25 * (trigamma(0.5 * nu) - trigamma(0.5 * (nu + 1.0)))
        - 1.0 / ((nu - 2.0) * (nu + 1.0))
        + 0.5 * nu / ((nu - 2.0) ** 2 * (nu + 3.0))
    )
    if distribution == SKEWED:
        c = math.exp(student_log_constant(nu))
        ratio = (nu + 1.0) / (nu - 2.0)
        a_lam = 4.0 * c * (nu - 2.0) / (nu - 1.0)
        both = (nu + 1.0) * (nu + 3.0)
        second, third = (nu - 2.0) * nu / both, 4.0 * (nu - 2.0) ** 2 * c / both
        fourth = 3.0 * (nu - 2.0) ** 2 / both
        out[4] = ratio**2 * (fourth - 2.0 * a_lam * third + a_lam**2 * second)
        out[5] = ratio**2 * (third - a_lam * second)


@compiled
def fill_information(distribution, k, n, theta, sums, lane, per_observation, information):
    """Write the expected information of all parameters: k of mean and process, then the shapes."""
    information_constants(distribution, theta, k, per_observation)
    row = k + 1
    for i in range(k):
        for j in range(i + 1):
            information[i, j] = per_observation[0] * sums[row, lane]
            information[j, i] = information[i, j]
            row += 1
    information[0, 0] += per_observation[1] * sums[row, lane]
    if distribution == NORMAL:
        return
    for i in range(k):
        information[k, i] = per_observation[2] * sums[row + 1 + i, lane]
        information[i, k] = information[k, i]
    information[k, k] = n * per_observation[3]
    if distribution == SKEWED:
        information[k + 1, :] = 0.0
        information[:, k + 1] = 0.0
        information[k + 1, k + 1] = n * per_observation[4]
        information[k + 1, 0] = per_observation[5] * sums[row + 1 + k + 4, lane]
        information[0, k + 1] = information[k + 1, 0]


@compiled
def outer_constants(distribution, shape, constants, lane):
    """Write what the outer-product kernels need besides `shape_constants`: rows 8 and up of `constants`."""
    if distribution == NORMAL:
        return
    nu = shape[0]
    if distribution == GENERALISED:
        log_c = generalised_log_scale(nu)
        log_c_slope = 0.5 * (2.0 * math.log(2.0) - digamma(1.0 / nu) + 3.0 * digamma(3.0 / nu)) / (nu * nu)
        constants[8, lane] = 1.0 / nu - log_c_slope + (digamma(1.0 / nu) + math.log(2.0)) / (nu * nu)
        constants[9, lane] = 0.5 * (log_c + nu * log_c_slope)
        return
    slope = student_log_constant_slope(nu)
    ratio = (nu + 1.0) / (nu - 2.0)
    if distribution == STUDENT:
        constants[8, lane] = slope
        constants[9, lane] = 0.5 * ratio
        return
    lam = shape[1]
    a, b, c = hansen_a_b(nu, lam)
    a_lam = 4.0 * c * (nu - 2.0) / (nu - 1.0)
    a_nu = a * (slope + 1.0 / (nu - 2.0) - 1.0 / (nu - 1.0))
    b_lam = (3.0 * lam - a * a_lam) / b
    b_nu = -a * a_nu / b
    constants[8, lane] = b_nu / b + slope
    constants[9, lane] = ratio * (0.5 * b / (nu - 2.0) - b_nu)
    constants[10, lane] = ratio * (0.5 * a / (nu - 2.0) - a_nu)
    constants[11, lane] = b_lam / b
    constants[12, lane] = -ratio * b_lam
    constants[13, lane] = -ratio * a_lam
    constants[14, lane] = ratio
