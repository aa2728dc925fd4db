"""Likelihood kernels of the egarch process. Written by kernel_generator.py; do not edit."""

# generated, and the vector type exists only inside compiled code
# ruff: noqa: ANN001, ANN201, B020, E501, F841, PLR0912, PLR0915, PLR0917, RUF100
# pyright: basic, reportCallIssue=false

from hf_platform.volatility.lanes import (
    absolute,
    align_stack,
    exponent,
    exponential,
    fma,
    inverse_volatility,
    less,
    load,
    logarithm,
    mantissa,
    next_stop,
    splat,
    store,
    where,
)


def egarch_10_normal(returns, n_obs, theta, constants, sums):
    """egarch(1, 1, 0), normal innovations."""
    align_stack()
    mu = load(theta, 0)
    w = load(theta, 1)
    a1 = load(theta, 2)
    g1 = load(theta, 3)
    zero = splat(0.0)
    one = splat(1.0)
    half = splat(0.5)
    presample = load(constants, 0)
    presample_slope = load(constants, 1)
    mean_abs = splat(0.7978845608028654)  # E|z| of a normal, whatever the distribution, as in arch
    rise = g1 + a1  # slope of the shock where z > 0
    fall = g1 - a1
    expected = a1 * mean_abs
    factor = one
    x1 = zero
    xm1 = zero
    y1 = zero
    shock1 = zero
    f1 = zero
    s1 = presample
    d_mu1 = presample_slope
    d_w1 = zero
    d_a11 = zero
    d_g11 = zero
    log_state = zero
    score_mu = zero
    score_w = zero
    score_a1 = zero
    score_g1 = zero
    sum_psi_z = zero
    sum_psi_sigma = zero
    m0_0 = zero
    m1_0 = zero
    m1_1 = zero
    m2_0 = zero
    m2_1 = zero
    m2_2 = zero
    m3_0 = zero
    m3_1 = zero
    m3_2 = zero
    m3_3 = zero
    sum_u = zero
    t = 0
    stop = next_stop(n_obs, 0)
    while t < stop:
        for t in range(t, stop):
            d_mu = fma(f1, d_mu1, xm1)
            d_w = fma(f1, d_w1, one)
            d_a1 = fma(f1, d_a11, x1)
            d_g1 = fma(f1, d_g11, y1)
            s = w + shock1
            e = load(returns, t) - mu
            inverse = inverse_volatility(s)
            z = e * inverse
            psi_z = z * z
            psi_sigma = z * inverse
            sum_psi_z = sum_psi_z + psi_z
            sum_psi_sigma = sum_psi_sigma + psi_sigma
            c = psi_z - one
            cd = c
            score_mu = fma(cd, d_mu, score_mu)
            score_w = fma(cd, d_w, score_w)
            score_a1 = fma(cd, d_a1, score_a1)
            score_g1 = fma(cd, d_g1, score_g1)
            log_state = log_state + s
            if t & 1 == 0:
                l_mu = d_mu
                l_w = d_w
                l_a1 = d_a1
                l_g1 = d_g1
                m0_0 = fma(l_mu, l_mu, m0_0)
                m1_0 = fma(l_w, l_mu, m1_0)
                m1_1 = fma(l_w, l_w, m1_1)
                m2_0 = fma(l_a1, l_mu, m2_0)
                m2_1 = fma(l_a1, l_w, m2_1)
                m2_2 = fma(l_a1, l_a1, m2_2)
                m3_0 = fma(l_g1, l_mu, m3_0)
                m3_1 = fma(l_g1, l_w, m3_1)
                m3_2 = fma(l_g1, l_a1, m3_2)
                m3_3 = fma(l_g1, l_g1, m3_3)
                sum_u = fma(inverse, inverse, sum_u)
            size = absolute(z)
            x1 = size - mean_abs
            y1 = z
            falls = less(e, zero)
            shock1 = fma(where(falls, fall, rise), z, zero - expected)  # a1 (|z| - E|z|) + g1 z
            f1 = splat(-0.5) * (shock1 + expected)
            xm1 = where(falls, zero - fall, zero - rise) * inverse
            d_mu1 = d_mu
            d_w1 = d_w
            d_a11 = d_a1
            d_g11 = d_g1
        thinned = splat(float(stop) / float((stop + 1) // 2))  # bars to bars sampled
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), log_state))
        store(sums, 1, where(ended, load(sums, 1), fma(factor, sum_psi_sigma, half * score_mu)))
        store(sums, 2, where(ended, load(sums, 2), half * score_w))
        store(sums, 3, where(ended, load(sums, 3), half * score_a1))
        store(sums, 4, where(ended, load(sums, 4), half * score_g1))
        store(sums, 5, where(ended, load(sums, 5), thinned * m0_0))
        store(sums, 6, where(ended, load(sums, 6), thinned * m1_0))
        store(sums, 7, where(ended, load(sums, 7), thinned * m1_1))
        store(sums, 8, where(ended, load(sums, 8), thinned * m2_0))
        store(sums, 9, where(ended, load(sums, 9), thinned * m2_1))
        store(sums, 10, where(ended, load(sums, 10), thinned * m2_2))
        store(sums, 11, where(ended, load(sums, 11), thinned * m3_0))
        store(sums, 12, where(ended, load(sums, 12), thinned * m3_1))
        store(sums, 13, where(ended, load(sums, 13), thinned * m3_2))
        store(sums, 14, where(ended, load(sums, 14), thinned * m3_3))
        store(sums, 15, where(ended, load(sums, 15), thinned * sum_u))
        store(sums, 16, where(ended, load(sums, 16), zero))
        store(sums, 17, where(ended, load(sums, 17), zero))
        store(sums, 18, where(ended, load(sums, 18), zero))
        store(sums, 19, where(ended, load(sums, 19), zero))
        store(sums, 20, where(ended, load(sums, 20), sum_psi_z))
        t = stop
        stop = next_stop(n_obs, stop)


def egarch_10_t(returns, n_obs, theta, constants, sums):
    """egarch(1, 1, 0), t innovations."""
    align_stack()
    mu = load(theta, 0)
    w = load(theta, 1)
    a1 = load(theta, 2)
    g1 = load(theta, 3)
    zero = splat(0.0)
    one = splat(1.0)
    half = splat(0.5)
    presample = load(constants, 0)
    presample_slope = load(constants, 1)
    mean_abs = splat(0.7978845608028654)  # E|z| of a normal, whatever the distribution, as in arch
    rise = g1 + a1  # slope of the shock where z > 0
    fall = g1 - a1
    expected = a1 * mean_abs
    k2 = load(constants, 3)  # 1 / (nu - 2)
    factor = load(constants, 2) * k2  # (nu + 1) / (nu - 2)
    x1 = zero
    xm1 = zero
    y1 = zero
    shock1 = zero
    f1 = zero
    s1 = presample
    d_mu1 = presample_slope
    d_w1 = zero
    d_a11 = zero
    d_g11 = zero
    product_q = one
    product_q_twos = zero
    log_state = zero
    score_mu = zero
    score_w = zero
    score_a1 = zero
    score_g1 = zero
    sum_psi_z = zero
    sum_psi_sigma = zero
    m0_0 = zero
    m1_0 = zero
    m1_1 = zero
    m2_0 = zero
    m2_1 = zero
    m2_2 = zero
    m3_0 = zero
    m3_1 = zero
    m3_2 = zero
    m3_3 = zero
    sum_u = zero
    sum_mu = zero
    sum_w = zero
    sum_a1 = zero
    sum_g1 = zero
    t = 0
    stop = next_stop(n_obs, 0)
    while t < stop:
        for t in range(t, stop):
            d_mu = fma(f1, d_mu1, xm1)
            d_w = fma(f1, d_w1, one)
            d_a1 = fma(f1, d_a11, x1)
            d_g1 = fma(f1, d_g11, y1)
            s = w + shock1
            e = load(returns, t) - mu
            inverse = inverse_volatility(s)
            z = e * inverse
            one_q = fma(z * z, k2, one)
            zq = z / one_q
            psi_z = z * zq
            psi_sigma = zq * inverse
            sum_psi_z = sum_psi_z + psi_z
            sum_psi_sigma = sum_psi_sigma + psi_sigma
            c = fma(factor, psi_z, zero - one)
            cd = c
            score_mu = fma(cd, d_mu, score_mu)
            score_w = fma(cd, d_w, score_w)
            score_a1 = fma(cd, d_a1, score_a1)
            score_g1 = fma(cd, d_g1, score_g1)
            product_q = product_q * one_q
            log_state = log_state + s
            if t & 1 == 0:
                l_mu = d_mu
                l_w = d_w
                l_a1 = d_a1
                l_g1 = d_g1
                m0_0 = fma(l_mu, l_mu, m0_0)
                m1_0 = fma(l_w, l_mu, m1_0)
                m1_1 = fma(l_w, l_w, m1_1)
                m2_0 = fma(l_a1, l_mu, m2_0)
                m2_1 = fma(l_a1, l_w, m2_1)
                m2_2 = fma(l_a1, l_a1, m2_2)
                m3_0 = fma(l_g1, l_mu, m3_0)
                m3_1 = fma(l_g1, l_w, m3_1)
                m3_2 = fma(l_g1, l_a1, m3_2)
                m3_3 = fma(l_g1, l_g1, m3_3)
                sum_u = fma(inverse, inverse, sum_u)
                sum_mu = sum_mu + l_mu
                sum_w = sum_w + l_w
                sum_a1 = sum_a1 + l_a1
                sum_g1 = sum_g1 + l_g1
            size = absolute(z)
            x1 = size - mean_abs
            y1 = z
            falls = less(e, zero)
            shock1 = fma(where(falls, fall, rise), z, zero - expected)  # a1 (|z| - E|z|) + g1 z
            f1 = splat(-0.5) * (shock1 + expected)
            xm1 = where(falls, zero - fall, zero - rise) * inverse
            d_mu1 = d_mu
            d_w1 = d_w
            d_a11 = d_a1
            d_g11 = d_g1
            if t & 7 == 7:
                product_q_twos = product_q_twos + exponent(product_q)
                product_q = mantissa(product_q)
        ln2 = splat(0.6931471805599453)
        log_q = fma(product_q_twos, ln2, logarithm(product_q))
        thinned = splat(float(stop) / float((stop + 1) // 2))  # bars to bars sampled
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), log_state))
        store(sums, 1, where(ended, load(sums, 1), fma(factor, sum_psi_sigma, half * score_mu)))
        store(sums, 2, where(ended, load(sums, 2), half * score_w))
        store(sums, 3, where(ended, load(sums, 3), half * score_a1))
        store(sums, 4, where(ended, load(sums, 4), half * score_g1))
        store(sums, 5, where(ended, load(sums, 5), thinned * m0_0))
        store(sums, 6, where(ended, load(sums, 6), thinned * m1_0))
        store(sums, 7, where(ended, load(sums, 7), thinned * m1_1))
        store(sums, 8, where(ended, load(sums, 8), thinned * m2_0))
        store(sums, 9, where(ended, load(sums, 9), thinned * m2_1))
        store(sums, 10, where(ended, load(sums, 10), thinned * m2_2))
        store(sums, 11, where(ended, load(sums, 11), thinned * m3_0))
        store(sums, 12, where(ended, load(sums, 12), thinned * m3_1))
        store(sums, 13, where(ended, load(sums, 13), thinned * m3_2))
        store(sums, 14, where(ended, load(sums, 14), thinned * m3_3))
        store(sums, 15, where(ended, load(sums, 15), thinned * sum_u))
        store(sums, 16, where(ended, load(sums, 16), thinned * sum_mu))
        store(sums, 17, where(ended, load(sums, 17), thinned * sum_w))
        store(sums, 18, where(ended, load(sums, 18), thinned * sum_a1))
        store(sums, 19, where(ended, load(sums, 19), thinned * sum_g1))
        store(sums, 20, where(ended, load(sums, 20), log_q))
        store(sums, 21, where(ended, load(sums, 21), k2 * sum_psi_z))
        t = stop
        stop = next_stop(n_obs, stop)


def egarch_10_skewt(returns, n_obs, theta, constants, sums):
    """egarch(1, 1, 0), skewt innovations."""
    align_stack()
    mu = load(theta, 0)
    w = load(theta, 1)
    a1 = load(theta, 2)
    g1 = load(theta, 3)
    zero = splat(0.0)
    one = splat(1.0)
    half = splat(0.5)
    presample = load(constants, 0)
    presample_slope = load(constants, 1)
    mean_abs = splat(0.7978845608028654)  # E|z| of a normal, whatever the distribution, as in arch
    rise = g1 + a1  # slope of the shock where z > 0
    fall = g1 - a1
    expected = a1 * mean_abs
    a_ = load(constants, 2)  # Hansen's a and b
    b_ = load(constants, 3)
    left = load(constants, 4)  # 1 / (1 - lambda)
    right = load(constants, 5)  # 1 / (1 + lambda)
    k2 = load(constants, 6)  # 1 / (eta - 2)
    factor = load(constants, 7)  # b (eta + 1) / (eta - 2)
    x1 = zero
    xm1 = zero
    y1 = zero
    shock1 = zero
    f1 = zero
    s1 = presample
    d_mu1 = presample_slope
    d_w1 = zero
    d_a11 = zero
    d_g11 = zero
    product_q = one
    product_q_twos = zero
    log_state = zero
    score_mu = zero
    score_w = zero
    score_a1 = zero
    score_g1 = zero
    sum_psi_z = zero
    sum_psi_sigma = zero
    sum_k = zero
    sum_kys = zero
    m0_0 = zero
    m1_0 = zero
    m1_1 = zero
    m2_0 = zero
    m2_1 = zero
    m2_2 = zero
    m3_0 = zero
    m3_1 = zero
    m3_2 = zero
    m3_3 = zero
    sum_u = zero
    sum_mu = zero
    sum_w = zero
    sum_a1 = zero
    sum_g1 = zero
    sum_inverse = zero
    t = 0
    stop = next_stop(n_obs, 0)
    while t < stop:
        for t in range(t, stop):
            d_mu = fma(f1, d_mu1, xm1)
            d_w = fma(f1, d_w1, one)
            d_a1 = fma(f1, d_a11, x1)
            d_g1 = fma(f1, d_g11, y1)
            s = w + shock1
            e = load(returns, t) - mu
            inverse = inverse_volatility(s)
            z = e * inverse
            yb = fma(b_, z, a_)
            side = where(less(yb, zero), left, right)
            y = yb * side
            one_q = fma(y * y, k2, one)
            k = y * side / one_q
            psi_z = k * z
            psi_sigma = k * inverse
            ky = k * y
            sum_psi_z = sum_psi_z + psi_z
            sum_psi_sigma = sum_psi_sigma + psi_sigma
            kys = where(less(yb, zero), zero - ky, ky)
            sum_k = sum_k + k
            sum_kys = sum_kys + kys
            c = fma(factor, psi_z, zero - one)
            cd = c
            score_mu = fma(cd, d_mu, score_mu)
            score_w = fma(cd, d_w, score_w)
            score_a1 = fma(cd, d_a1, score_a1)
            score_g1 = fma(cd, d_g1, score_g1)
            product_q = product_q * one_q
            log_state = log_state + s
            if t & 1 == 0:
                l_mu = d_mu
                l_w = d_w
                l_a1 = d_a1
                l_g1 = d_g1
                m0_0 = fma(l_mu, l_mu, m0_0)
                m1_0 = fma(l_w, l_mu, m1_0)
                m1_1 = fma(l_w, l_w, m1_1)
                m2_0 = fma(l_a1, l_mu, m2_0)
                m2_1 = fma(l_a1, l_w, m2_1)
                m2_2 = fma(l_a1, l_a1, m2_2)
                m3_0 = fma(l_g1, l_mu, m3_0)
                m3_1 = fma(l_g1, l_w, m3_1)
                m3_2 = fma(l_g1, l_a1, m3_2)
                m3_3 = fma(l_g1, l_g1, m3_3)
                sum_u = fma(inverse, inverse, sum_u)
                sum_mu = sum_mu + l_mu
                sum_w = sum_w + l_w
                sum_a1 = sum_a1 + l_a1
                sum_g1 = sum_g1 + l_g1
                sum_inverse = sum_inverse + inverse
            size = absolute(z)
            x1 = size - mean_abs
            y1 = z
            falls = less(e, zero)
            shock1 = fma(where(falls, fall, rise), z, zero - expected)  # a1 (|z| - E|z|) + g1 z
            f1 = splat(-0.5) * (shock1 + expected)
            xm1 = where(falls, zero - fall, zero - rise) * inverse
            d_mu1 = d_mu
            d_w1 = d_w
            d_a11 = d_a1
            d_g11 = d_g1
            if t & 7 == 7:
                product_q_twos = product_q_twos + exponent(product_q)
                product_q = mantissa(product_q)
        ln2 = splat(0.6931471805599453)
        log_q = fma(product_q_twos, ln2, logarithm(product_q))
        thinned = splat(float(stop) / float((stop + 1) // 2))  # bars to bars sampled
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), log_state))
        store(sums, 1, where(ended, load(sums, 1), fma(factor, sum_psi_sigma, half * score_mu)))
        store(sums, 2, where(ended, load(sums, 2), half * score_w))
        store(sums, 3, where(ended, load(sums, 3), half * score_a1))
        store(sums, 4, where(ended, load(sums, 4), half * score_g1))
        store(sums, 5, where(ended, load(sums, 5), thinned * m0_0))
        store(sums, 6, where(ended, load(sums, 6), thinned * m1_0))
        store(sums, 7, where(ended, load(sums, 7), thinned * m1_1))
        store(sums, 8, where(ended, load(sums, 8), thinned * m2_0))
        store(sums, 9, where(ended, load(sums, 9), thinned * m2_1))
        store(sums, 10, where(ended, load(sums, 10), thinned * m2_2))
        store(sums, 11, where(ended, load(sums, 11), thinned * m3_0))
        store(sums, 12, where(ended, load(sums, 12), thinned * m3_1))
        store(sums, 13, where(ended, load(sums, 13), thinned * m3_2))
        store(sums, 14, where(ended, load(sums, 14), thinned * m3_3))
        store(sums, 15, where(ended, load(sums, 15), thinned * sum_u))
        store(sums, 16, where(ended, load(sums, 16), thinned * sum_mu))
        store(sums, 17, where(ended, load(sums, 17), thinned * sum_w))
        store(sums, 18, where(ended, load(sums, 18), thinned * sum_a1))
        store(sums, 19, where(ended, load(sums, 19), thinned * sum_g1))
        store(sums, 20, where(ended, load(sums, 20), log_q))
        store(sums, 21, where(ended, load(sums, 21), sum_k))
        store(sums, 22, where(ended, load(sums, 22), sum_psi_z))
        store(sums, 23, where(ended, load(sums, 23), sum_kys))
        store(sums, 24, where(ended, load(sums, 24), thinned * sum_inverse))
        t = stop
        stop = next_stop(n_obs, stop)


def egarch_10_ged(returns, n_obs, theta, constants, sums):
    """egarch(1, 1, 0), ged innovations."""
    align_stack()
    mu = load(theta, 0)
    w = load(theta, 1)
    a1 = load(theta, 2)
    g1 = load(theta, 3)
    zero = splat(0.0)
    one = splat(1.0)
    half = splat(0.5)
    presample = load(constants, 0)
    presample_slope = load(constants, 1)
    mean_abs = splat(0.7978845608028654)  # E|z| of a normal, whatever the distribution, as in arch
    rise = g1 + a1  # slope of the shock where z > 0
    fall = g1 - a1
    expected = a1 * mean_abs
    power = load(constants, 2)  # nu / 2 - 1
    scale = load(constants, 3)  # c ** -nu
    factor = load(constants, 4)  # nu / 2
    tiny = splat(1e-60)  # |z|**nu is taken at |z| = 1e-30 when an innovation is exactly zero
    x1 = zero
    xm1 = zero
    y1 = zero
    shock1 = zero
    f1 = zero
    s1 = presample
    d_mu1 = presample_slope
    d_w1 = zero
    d_a11 = zero
    d_g11 = zero
    log_state = zero
    score_mu = zero
    score_w = zero
    score_a1 = zero
    score_g1 = zero
    sum_psi_z = zero
    sum_psi_sigma = zero
    sum_m_log = zero
    m0_0 = zero
    m1_0 = zero
    m1_1 = zero
    m2_0 = zero
    m2_1 = zero
    m2_2 = zero
    m3_0 = zero
    m3_1 = zero
    m3_2 = zero
    m3_3 = zero
    sum_u = zero
    sum_mu = zero
    sum_w = zero
    sum_a1 = zero
    sum_g1 = zero
    t = 0
    stop = next_stop(n_obs, 0)
    while t < stop:
        for t in range(t, stop):
            d_mu = fma(f1, d_mu1, xm1)
            d_w = fma(f1, d_w1, one)
            d_a1 = fma(f1, d_a11, x1)
            d_g1 = fma(f1, d_g11, y1)
            s = w + shock1
            e = load(returns, t) - mu
            inverse = inverse_volatility(s)
            z = e * inverse
            z2 = fma(z, z, tiny)
            log_z2 = logarithm(z2)
            tail = scale * exponential(power * log_z2)
            psi_z = tail * z2
            psi_sigma = tail * z * inverse
            sum_psi_z = sum_psi_z + psi_z
            sum_psi_sigma = sum_psi_sigma + psi_sigma
            sum_m_log = fma(psi_z, log_z2, sum_m_log)
            c = fma(factor, psi_z, zero - one)
            cd = c
            score_mu = fma(cd, d_mu, score_mu)
            score_w = fma(cd, d_w, score_w)
            score_a1 = fma(cd, d_a1, score_a1)
            score_g1 = fma(cd, d_g1, score_g1)
            log_state = log_state + s
            if t & 1 == 0:
                l_mu = d_mu
                l_w = d_w
                l_a1 = d_a1
                l_g1 = d_g1
                m0_0 = fma(l_mu, l_mu, m0_0)
                m1_0 = fma(l_w, l_mu, m1_0)
                m1_1 = fma(l_w, l_w, m1_1)
                m2_0 = fma(l_a1, l_mu, m2_0)
                m2_1 = fma(l_a1, l_w, m2_1)
                m2_2 = fma(l_a1, l_a1, m2_2)
                m3_0 = fma(l_g1, l_mu, m3_0)
                m3_1 = fma(l_g1, l_w, m3_1)
                m3_2 = fma(l_g1, l_a1, m3_2)
                m3_3 = fma(l_g1, l_g1, m3_3)
                sum_u = fma(inverse, inverse, sum_u)
                sum_mu = sum_mu + l_mu
                sum_w = sum_w + l_w
                sum_a1 = sum_a1 + l_a1
                sum_g1 = sum_g1 + l_g1
            size = absolute(z)
            x1 = size - mean_abs
            y1 = z
            falls = less(e, zero)
            shock1 = fma(where(falls, fall, rise), z, zero - expected)  # a1 (|z| - E|z|) + g1 z
            f1 = splat(-0.5) * (shock1 + expected)
            xm1 = where(falls, zero - fall, zero - rise) * inverse
            d_mu1 = d_mu
            d_w1 = d_w
            d_a11 = d_a1
            d_g11 = d_g1
        thinned = splat(float(stop) / float((stop + 1) // 2))  # bars to bars sampled
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), log_state))
        store(sums, 1, where(ended, load(sums, 1), fma(factor, sum_psi_sigma, half * score_mu)))
        store(sums, 2, where(ended, load(sums, 2), half * score_w))
        store(sums, 3, where(ended, load(sums, 3), half * score_a1))
        store(sums, 4, where(ended, load(sums, 4), half * score_g1))
        store(sums, 5, where(ended, load(sums, 5), thinned * m0_0))
        store(sums, 6, where(ended, load(sums, 6), thinned * m1_0))
        store(sums, 7, where(ended, load(sums, 7), thinned * m1_1))
        store(sums, 8, where(ended, load(sums, 8), thinned * m2_0))
        store(sums, 9, where(ended, load(sums, 9), thinned * m2_1))
        store(sums, 10, where(ended, load(sums, 10), thinned * m2_2))
        store(sums, 11, where(ended, load(sums, 11), thinned * m3_0))
        store(sums, 12, where(ended, load(sums, 12), thinned * m3_1))
        store(sums, 13, where(ended, load(sums, 13), thinned * m3_2))
        store(sums, 14, where(ended, load(sums, 14), thinned * m3_3))
        store(sums, 15, where(ended, load(sums, 15), thinned * sum_u))
        store(sums, 16, where(ended, load(sums, 16), thinned * sum_mu))
        store(sums, 17, where(ended, load(sums, 17), thinned * sum_w))
        store(sums, 18, where(ended, load(sums, 18), thinned * sum_a1))
        store(sums, 19, where(ended, load(sums, 19), thinned * sum_g1))
        store(sums, 20, where(ended, load(sums, 20), sum_psi_z))
        store(sums, 21, where(ended, load(sums, 21), sum_m_log))
        t = stop
        stop = next_stop(n_obs, stop)


def egarch_11_normal(returns, n_obs, theta, constants, sums):
    """egarch(1, 1, 1), normal innovations."""
    align_stack()
    mu = load(theta, 0)
    w = load(theta, 1)
    a1 = load(theta, 2)
    g1 = load(theta, 3)
    b1 = load(theta, 4)
    zero = splat(0.0)
    one = splat(1.0)
    half = splat(0.5)
    presample = load(constants, 0)
    presample_slope = load(constants, 1)
    mean_abs = splat(0.7978845608028654)  # E|z| of a normal, whatever the distribution, as in arch
    rise = g1 + a1  # slope of the shock where z > 0
    fall = g1 - a1
    expected = a1 * mean_abs
    factor = one
    x1 = zero
    xm1 = zero
    y1 = zero
    shock1 = zero
    f1 = zero
    s1 = presample
    d_mu1 = presample_slope
    d_w1 = zero
    d_a11 = zero
    d_g11 = zero
    d_b11 = zero
    log_state = zero
    score_mu = zero
    score_w = zero
    score_a1 = zero
    score_g1 = zero
    score_b1 = zero
    sum_psi_z = zero
    sum_psi_sigma = zero
    m0_0 = zero
    m1_0 = zero
    m1_1 = zero
    m2_0 = zero
    m2_1 = zero
    m2_2 = zero
    m3_0 = zero
    m3_1 = zero
    m3_2 = zero
    m3_3 = zero
    m4_0 = zero
    m4_1 = zero
    m4_2 = zero
    m4_3 = zero
    m4_4 = zero
    sum_u = zero
    t = 0
    stop = next_stop(n_obs, 0)
    while t < stop:
        for t in range(t, stop):
            slope1 = b1 + f1
            d_mu = fma(slope1, d_mu1, xm1)
            d_w = fma(slope1, d_w1, one)
            d_a1 = fma(slope1, d_a11, x1)
            d_g1 = fma(slope1, d_g11, y1)
            d_b1 = fma(slope1, d_b11, s1)
            s = fma(b1, s1, w) + shock1
            e = load(returns, t) - mu
            inverse = inverse_volatility(s)
            z = e * inverse
            psi_z = z * z
            psi_sigma = z * inverse
            sum_psi_z = sum_psi_z + psi_z
            sum_psi_sigma = sum_psi_sigma + psi_sigma
            c = psi_z - one
            cd = c
            score_mu = fma(cd, d_mu, score_mu)
            score_w = fma(cd, d_w, score_w)
            score_a1 = fma(cd, d_a1, score_a1)
            score_g1 = fma(cd, d_g1, score_g1)
            score_b1 = fma(cd, d_b1, score_b1)
            log_state = log_state + s
            if t & 1 == 0:
                l_mu = d_mu
                l_w = d_w
                l_a1 = d_a1
                l_g1 = d_g1
                l_b1 = d_b1
                m0_0 = fma(l_mu, l_mu, m0_0)
                m1_0 = fma(l_w, l_mu, m1_0)
                m1_1 = fma(l_w, l_w, m1_1)
                m2_0 = fma(l_a1, l_mu, m2_0)
                m2_1 = fma(l_a1, l_w, m2_1)
                m2_2 = fma(l_a1, l_a1, m2_2)
                m3_0 = fma(l_g1, l_mu, m3_0)
                m3_1 = fma(l_g1, l_w, m3_1)
                m3_2 = fma(l_g1, l_a1, m3_2)
                m3_3 = fma(l_g1, l_g1, m3_3)
                m4_0 = fma(l_b1, l_mu, m4_0)
                m4_1 = fma(l_b1, l_w, m4_1)
                m4_2 = fma(l_b1, l_a1, m4_2)
                m4_3 = fma(l_b1, l_g1, m4_3)
                m4_4 = fma(l_b1, l_b1, m4_4)
                sum_u = fma(inverse, inverse, sum_u)
            size = absolute(z)
            x1 = size - mean_abs
            y1 = z
            falls = less(e, zero)
            shock1 = fma(where(falls, fall, rise), z, zero - expected)  # a1 (|z| - E|z|) + g1 z
            f1 = splat(-0.5) * (shock1 + expected)
            xm1 = where(falls, zero - fall, zero - rise) * inverse
            s1 = s
            d_mu1 = d_mu
            d_w1 = d_w
            d_a11 = d_a1
            d_g11 = d_g1
            d_b11 = d_b1
        thinned = splat(float(stop) / float((stop + 1) // 2))  # bars to bars sampled
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), log_state))
        store(sums, 1, where(ended, load(sums, 1), fma(factor, sum_psi_sigma, half * score_mu)))
        store(sums, 2, where(ended, load(sums, 2), half * score_w))
        store(sums, 3, where(ended, load(sums, 3), half * score_a1))
        store(sums, 4, where(ended, load(sums, 4), half * score_g1))
        store(sums, 5, where(ended, load(sums, 5), half * score_b1))
        store(sums, 6, where(ended, load(sums, 6), thinned * m0_0))
        store(sums, 7, where(ended, load(sums, 7), thinned * m1_0))
        store(sums, 8, where(ended, load(sums, 8), thinned * m1_1))
        store(sums, 9, where(ended, load(sums, 9), thinned * m2_0))
        store(sums, 10, where(ended, load(sums, 10), thinned * m2_1))
        store(sums, 11, where(ended, load(sums, 11), thinned * m2_2))
        store(sums, 12, where(ended, load(sums, 12), thinned * m3_0))
        store(sums, 13, where(ended, load(sums, 13), thinned * m3_1))
        store(sums, 14, where(ended, load(sums, 14), thinned * m3_2))
        store(sums, 15, where(ended, load(sums, 15), thinned * m3_3))
        store(sums, 16, where(ended, load(sums, 16), thinned * m4_0))
        store(sums, 17, where(ended, load(sums, 17), thinned * m4_1))
        store(sums, 18, where(ended, load(sums, 18), thinned * m4_2))
        store(sums, 19, where(ended, load(sums, 19), thinned * m4_3))
        store(sums, 20, where(ended, load(sums, 20), thinned * m4_4))
        store(sums, 21, where(ended, load(sums, 21), thinned * sum_u))
        store(sums, 22, where(ended, load(sums, 22), zero))
        store(sums, 23, where(ended, load(sums, 23), zero))
        store(sums, 24, where(ended, load(sums, 24), zero))
        store(sums, 25, where(ended, load(sums, 25), zero))
        store(sums, 26, where(ended, load(sums, 26), zero))
        store(sums, 27, where(ended, load(sums, 27), sum_psi_z))
        t = stop
        stop = next_stop(n_obs, stop)


def egarch_11_t(returns, n_obs, theta, constants, sums):
    """egarch(1, 1, 1), t innovations."""
    align_stack()
    mu = load(theta, 0)
    w = load(theta, 1)
    a1 = load(theta, 2)
    g1 = load(theta, 3)
    b1 = load(theta, 4)
    zero = splat(0.0)
    one = splat(1.0)
    half = splat(0.5)
    presample = load(constants, 0)
    presample_slope = load(constants, 1)
    mean_abs = splat(0.7978845608028654)  # E|z| of a normal, whatever the distribution, as in arch
    rise = g1 + a1  # slope of the shock where z > 0
    fall = g1 - a1
    expected = a1 * mean_abs
    k2 = load(constants, 3)  # 1 / (nu - 2)
    factor = load(constants, 2) * k2  # (nu + 1) / (nu - 2)
    x1 = zero
    xm1 = zero
    y1 = zero
    shock1 = zero
    f1 = zero
    s1 = presample
    d_mu1 = presample_slope
    d_w1 = zero
    d_a11 = zero
    d_g11 = zero
    d_b11 = zero
    product_q = one
    product_q_twos = zero
    log_state = zero
    score_mu = zero
    score_w = zero
    score_a1 = zero
    score_g1 = zero
    score_b1 = zero
    sum_psi_z = zero
    sum_psi_sigma = zero
    m0_0 = zero
    m1_0 = zero
    m1_1 = zero
    m2_0 = zero
    m2_1 = zero
    m2_2 = zero
    m3_0 = zero
    m3_1 = zero
    m3_2 = zero
    m3_3 = zero
    m4_0 = zero
    m4_1 = zero
    m4_2 = zero
    m4_3 = zero
    m4_4 = zero
    sum_u = zero
    sum_mu = zero
    sum_w = zero
    sum_a1 = zero
    sum_g1 = zero
    sum_b1 = zero
    t = 0
    stop = next_stop(n_obs, 0)
    while t < stop:
        for t in range(t, stop):
            slope1 = b1 + f1
            d_mu = fma(slope1, d_mu1, xm1)
            d_w = fma(slope1, d_w1, one)
            d_a1 = fma(slope1, d_a11, x1)
            d_g1 = fma(slope1, d_g11, y1)
            d_b1 = fma(slope1, d_b11, s1)
            s = fma(b1, s1, w) + shock1
            e = load(returns, t) - mu
            inverse = inverse_volatility(s)
            z = e * inverse
            one_q = fma(z * z, k2, one)
            zq = z / one_q
            psi_z = z * zq
            psi_sigma = zq * inverse
            sum_psi_z = sum_psi_z + psi_z
            sum_psi_sigma = sum_psi_sigma + psi_sigma
            c = fma(factor, psi_z, zero - one)
            cd = c
            score_mu = fma(cd, d_mu, score_mu)
            score_w = fma(cd, d_w, score_w)
            score_a1 = fma(cd, d_a1, score_a1)
            score_g1 = fma(cd, d_g1, score_g1)
            score_b1 = fma(cd, d_b1, score_b1)
            product_q = product_q * one_q
            log_state = log_state + s
            if t & 1 == 0:
                l_mu = d_mu
                l_w = d_w
                l_a1 = d_a1
                l_g1 = d_g1
                l_b1 = d_b1
                m0_0 = fma(l_mu, l_mu, m0_0)
                m1_0 = fma(l_w, l_mu, m1_0)
                m1_1 = fma(l_w, l_w, m1_1)
                m2_0 = fma(l_a1, l_mu, m2_0)
                m2_1 = fma(l_a1, l_w, m2_1)
                m2_2 = fma(l_a1, l_a1, m2_2)
                m3_0 = fma(l_g1, l_mu, m3_0)
                m3_1 = fma(l_g1, l_w, m3_1)
                m3_2 = fma(l_g1, l_a1, m3_2)
                m3_3 = fma(l_g1, l_g1, m3_3)
                m4_0 = fma(l_b1, l_mu, m4_0)
                m4_1 = fma(l_b1, l_w, m4_1)
                m4_2 = fma(l_b1, l_a1, m4_2)
                m4_3 = fma(l_b1, l_g1, m4_3)
                m4_4 = fma(l_b1, l_b1, m4_4)
                sum_u = fma(inverse, inverse, sum_u)
                sum_mu = sum_mu + l_mu
                sum_w = sum_w + l_w
                sum_a1 = sum_a1 + l_a1
                sum_g1 = sum_g1 + l_g1
                sum_b1 = sum_b1 + l_b1
            size = absolute(z)
            x1 = size - mean_abs
            y1 = z
            falls = less(e, zero)
            shock1 = fma(where(falls, fall, rise), z, zero - expected)  # a1 (|z| - E|z|) + g1 z
            f1 = splat(-0.5) * (shock1 + expected)
            xm1 = where(falls, zero - fall, zero - rise) * inverse
            s1 = s
            d_mu1 = d_mu
            d_w1 = d_w
            d_a11 = d_a1
            d_g11 = d_g1
            d_b11 = d_b1
            if t & 7 == 7:
                product_q_twos = product_q_twos + exponent(product_q)
                product_q = mantissa(product_q)
        ln2 = splat(0.6931471805599453)
        log_q = fma(product_q_twos, ln2, logarithm(product_q))
        thinned = splat(float(stop) / float((stop + 1) // 2))  # bars to bars sampled
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), log_state))
        store(sums, 1, where(ended, load(sums, 1), fma(factor, sum_psi_sigma, half * score_mu)))
        store(sums, 2, where(ended, load(sums, 2), half * score_w))
        store(sums, 3, where(ended, load(sums, 3), half * score_a1))
        store(sums, 4, where(ended, load(sums, 4), half * score_g1))
        store(sums, 5, where(ended, load(sums, 5), half * score_b1))
        store(sums, 6, where(ended, load(sums, 6), thinned * m0_0))
        store(sums, 7, where(ended, load(sums, 7), thinned * m1_0))
        store(sums, 8, where(ended, load(sums, 8), thinned * m1_1))
        store(sums, 9, where(ended, load(sums, 9), thinned * m2_0))
        store(sums, 10, where(ended, load(sums, 10), thinned * m2_1))
        store(sums, 11, where(ended, load(sums, 11), thinned * m2_2))
        store(sums, 12, where(ended, load(sums, 12), thinned * m3_0))
        store(sums, 13, where(ended, load(sums, 13), thinned * m3_1))
        store(sums, 14, where(ended, load(sums, 14), thinned * m3_2))
        store(sums, 15, where(ended, load(sums, 15), thinned * m3_3))
        store(sums, 16, where(ended, load(sums, 16), thinned * m4_0))
        store(sums, 17, where(ended, load(sums, 17), thinned * m4_1))
        store(sums, 18, where(ended, load(sums, 18), thinned * m4_2))
        store(sums, 19, where(ended, load(sums, 19), thinned * m4_3))
        store(sums, 20, where(ended, load(sums, 20), thinned * m4_4))
        store(sums, 21, where(ended, load(sums, 21), thinned * sum_u))
        store(sums, 22, where(ended, load(sums, 22), thinned * sum_mu))
        store(sums, 23, where(ended, load(sums, 23), thinned * sum_w))
        store(sums, 24, where(ended, load(sums, 24), thinned * sum_a1))
        store(sums, 25, where(ended, load(sums, 25), thinned * sum_g1))
        store(sums, 26, where(ended, load(sums, 26), thinned * sum_b1))
        store(sums, 27, where(ended, load(sums, 27), log_q))
        store(sums, 28, where(ended, load(sums, 28), k2 * sum_psi_z))
        t = stop
        stop = next_stop(n_obs, stop)


def egarch_11_skewt(returns, n_obs, theta, constants, sums):
    """egarch(1, 1, 1), skewt innovations."""
    align_stack()
    mu = load(theta, 0)
    w = load(theta, 1)
    a1 = load(theta, 2)
    g1 = load(theta, 3)
    b1 = load(theta, 4)
    zero = splat(0.0)
    one = splat(1.0)
    half = splat(0.5)
    presample = load(constants, 0)
    presample_slope = load(constants, 1)
    mean_abs = splat(0.7978845608028654)  # E|z| of a normal, whatever the distribution, as in arch
    rise = g1 + a1  # slope of the shock where z > 0
    fall = g1 - a1
    expected = a1 * mean_abs
    a_ = load(constants, 2)  # Hansen's a and b
    b_ = load(constants, 3)
    left = load(constants, 4)  # 1 / (1 - lambda)
    right = load(constants, 5)  # 1 / (1 + lambda)
    k2 = load(constants, 6)  # 1 / (eta - 2)
    factor = load(constants, 7)  # b (eta + 1) / (eta - 2)
    x1 = zero
    xm1 = zero
    y1 = zero
    shock1 = zero
    f1 = zero
    s1 = presample
    d_mu1 = presample_slope
    d_w1 = zero
    d_a11 = zero
    d_g11 = zero
    d_b11 = zero
    product_q = one
    product_q_twos = zero
    log_state = zero
    score_mu = zero
    score_w = zero
    score_a1 = zero
    score_g1 = zero
    score_b1 = zero
    sum_psi_z = zero
    sum_psi_sigma = zero
    sum_k = zero
    sum_kys = zero
    m0_0 = zero
    m1_0 = zero
    m1_1 = zero
    m2_0 = zero
    m2_1 = zero
    m2_2 = zero
    m3_0 = zero
    m3_1 = zero
    m3_2 = zero
    m3_3 = zero
    m4_0 = zero
    m4_1 = zero
    m4_2 = zero
    m4_3 = zero
    m4_4 = zero
    sum_u = zero
    sum_mu = zero
    sum_w = zero
    sum_a1 = zero
    sum_g1 = zero
    sum_b1 = zero
    sum_inverse = zero
    t = 0
    stop = next_stop(n_obs, 0)
    while t < stop:
        for t in range(t, stop):
            slope1 = b1 + f1
            d_mu = fma(slope1, d_mu1, xm1)
            d_w = fma(slope1, d_w1, one)
            d_a1 = fma(slope1, d_a11, x1)
            d_g1 = fma(slope1, d_g11, y1)
            d_b1 = fma(slope1, d_b11, s1)
            s = fma(b1, s1, w) + shock1
            e = load(returns, t) - mu
            inverse = inverse_volatility(s)
            z = e * inverse
            yb = fma(b_, z, a_)
            side = where(less(yb, zero), left, right)
            y = yb * side
            one_q = fma(y * y, k2, one)
            k = y * side / one_q
            psi_z = k * z
            psi_sigma = k * inverse
            ky = k * y
            sum_psi_z = sum_psi_z + psi_z
            sum_psi_sigma = sum_psi_sigma + psi_sigma
            kys = where(less(yb, zero), zero - ky, ky)
            sum_k = sum_k + k
            sum_kys = sum_kys + kys
            c = fma(factor, psi_z, zero - one)
            cd = c
            score_mu = fma(cd, d_mu, score_mu)
            score_w = fma(cd, d_w, score_w)
            score_a1 = fma(cd, d_a1, score_a1)
            score_g1 = fma(cd, d_g1, score_g1)
            score_b1 = fma(cd, d_b1, score_b1)
            product_q = product_q * one_q
            log_state = log_state + s
            if t & 1 == 0:
                l_mu = d_mu
                l_w = d_w
                l_a1 = d_a1
                l_g1 = d_g1
                l_b1 = d_b1
                m0_0 = fma(l_mu, l_mu, m0_0)
                m1_0 = fma(l_w, l_mu, m1_0)
                m1_1 = fma(l_w, l_w, m1_1)
                m2_0 = fma(l_a1, l_mu, m2_0)
                m2_1 = fma(l_a1, l_w, m2_1)
                m2_2 = fma(l_a1, l_a1, m2_2)
                m3_0 = fma(l_g1, l_mu, m3_0)
                m3_1 = fma(l_g1, l_w, m3_1)
                m3_2 = fma(l_g1, l_a1, m3_2)
                m3_3 = fma(l_g1, l_g1, m3_3)
                m4_0 = fma(l_b1, l_mu, m4_0)
                m4_1 = fma(l_b1, l_w, m4_1)
                m4_2 = fma(l_b1, l_a1, m4_2)
                m4_3 = fma(l_b1, l_g1, m4_3)
                m4_4 = fma(l_b1, l_b1, m4_4)
                sum_u = fma(inverse, inverse, sum_u)
                sum_mu = sum_mu + l_mu
                sum_w = sum_w + l_w
                sum_a1 = sum_a1 + l_a1
                sum_g1 = sum_g1 + l_g1
                sum_b1 = sum_b1 + l_b1
                sum_inverse = sum_inverse + inverse
            size = absolute(z)
            x1 = size - mean_abs
            y1 = z
            falls = less(e, zero)
            shock1 = fma(where(falls, fall, rise), z, zero - expected)  # a1 (|z| - E|z|) + g1 z
            f1 = splat(-0.5) * (shock1 + expected)
            xm1 = where(falls, zero - fall, zero - rise) * inverse
            s1 = s
            d_mu1 = d_mu
            d_w1 = d_w
            d_a11 = d_a1
            d_g11 = d_g1
            d_b11 = d_b1
            if t & 7 == 7:
                product_q_twos = product_q_twos + exponent(product_q)
                product_q = mantissa(product_q)
        ln2 = splat(0.6931471805599453)
        log_q = fma(product_q_twos, ln2, logarithm(product_q))
        thinned = splat(float(stop) / float((stop + 1) // 2))  # bars to bars sampled
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), log_state))
        store(sums, 1, where(ended, load(sums, 1), fma(factor, sum_psi_sigma, half * score_mu)))
        store(sums, 2, where(ended, load(sums, 2), half * score_w))
        store(sums, 3, where(ended, load(sums, 3), half * score_a1))
        store(sums, 4, where(ended, load(sums, 4), half * score_g1))
        store(sums, 5, where(ended, load(sums, 5), half * score_b1))
        store(sums, 6, where(ended, load(sums, 6), thinned * m0_0))
        store(sums, 7, where(ended, load(sums, 7), thinned * m1_0))
        store(sums, 8, where(ended, load(sums, 8), thinned * m1_1))
        store(sums, 9, where(ended, load(sums, 9), thinned * m2_0))
        store(sums, 10, where(ended, load(sums, 10), thinned * m2_1))
        store(sums, 11, where(ended, load(sums, 11), thinned * m2_2))
        store(sums, 12, where(ended, load(sums, 12), thinned * m3_0))
        store(sums, 13, where(ended, load(sums, 13), thinned * m3_1))
        store(sums, 14, where(ended, load(sums, 14), thinned * m3_2))
        store(sums, 15, where(ended, load(sums, 15), thinned * m3_3))
        store(sums, 16, where(ended, load(sums, 16), thinned * m4_0))
        store(sums, 17, where(ended, load(sums, 17), thinned * m4_1))
        store(sums, 18, where(ended, load(sums, 18), thinned * m4_2))
        store(sums, 19, where(ended, load(sums, 19), thinned * m4_3))
        store(sums, 20, where(ended, load(sums, 20), thinned * m4_4))
        store(sums, 21, where(ended, load(sums, 21), thinned * sum_u))
        store(sums, 22, where(ended, load(sums, 22), thinned * sum_mu))
        store(sums, 23, where(ended, load(sums, 23), thinned * sum_w))
        store(sums, 24, where(ended, load(sums, 24), thinned * sum_a1))
        store(sums, 25, where(ended, load(sums, 25), thinned * sum_g1))
        store(sums, 26, where(ended, load(sums, 26), thinned * sum_b1))
        store(sums, 27, where(ended, load(sums, 27), log_q))
        store(sums, 28, where(ended, load(sums, 28), sum_k))
        store(sums, 29, where(ended, load(sums, 29), sum_psi_z))
        store(sums, 30, where(ended, load(sums, 30), sum_kys))
        store(sums, 31, where(ended, load(sums, 31), thinned * sum_inverse))
        t = stop
        stop = next_stop(n_obs, stop)


def egarch_11_ged(returns, n_obs, theta, constants, sums):
    """egarch(1, 1, 1), ged innovations."""
    align_stack()
    mu = load(theta, 0)
    w = load(theta, 1)
    a1 = load(theta, 2)
    g1 = load(theta, 3)
    b1 = load(theta, 4)
    zero = splat(0.0)
    one = splat(1.0)
    half = splat(0.5)
    presample = load(constants, 0)
    presample_slope = load(constants, 1)
    mean_abs = splat(0.7978845608028654)  # E|z| of a normal, whatever the distribution, as in arch
    rise = g1 + a1  # slope of the shock where z > 0
    fall = g1 - a1
    expected = a1 * mean_abs
    power = load(constants, 2)  # nu / 2 - 1
    scale = load(constants, 3)  # c ** -nu
    factor = load(constants, 4)  # nu / 2
    tiny = splat(1e-60)  # |z|**nu is taken at |z| = 1e-30 when an innovation is exactly zero
    x1 = zero
    xm1 = zero
    y1 = zero
    shock1 = zero
    f1 = zero
    s1 = presample
    d_mu1 = presample_slope
    d_w1 = zero
    d_a11 = zero
    d_g11 = zero
    d_b11 = zero
    log_state = zero
    score_mu = zero
    score_w = zero
    score_a1 = zero
    score_g1 = zero
    score_b1 = zero
    sum_psi_z = zero
    sum_psi_sigma = zero
    sum_m_log = zero
    m0_0 = zero
    m1_0 = zero
    m1_1 = zero
    m2_0 = zero
    m2_1 = zero
    m2_2 = zero
    m3_0 = zero
    m3_1 = zero
    m3_2 = zero
    m3_3 = zero
    m4_0 = zero
    m4_1 = zero
    m4_2 = zero
    m4_3 = zero
    m4_4 = zero
    sum_u = zero
    sum_mu = zero
    sum_w = zero
    sum_a1 = zero
    sum_g1 = zero
    sum_b1 = zero
    t = 0
    stop = next_stop(n_obs, 0)
    while t < stop:
        for t in range(t, stop):
            slope1 = b1 + f1
            d_mu = fma(slope1, d_mu1, xm1)
            d_w = fma(slope1, d_w1, one)
            d_a1 = fma(slope1, d_a11, x1)
            d_g1 = fma(slope1, d_g11, y1)
            d_b1 = fma(slope1, d_b11, s1)
            s = fma(b1, s1, w) + shock1
            e = load(returns, t) - mu
            inverse = inverse_volatility(s)
            z = e * inverse
            z2 = fma(z, z, tiny)
            log_z2 = logarithm(z2)
            tail = scale * exponential(power * log_z2)
            psi_z = tail * z2
            psi_sigma = tail * z * inverse
            sum_psi_z = sum_psi_z + psi_z
            sum_psi_sigma = sum_psi_sigma + psi_sigma
            sum_m_log = fma(psi_z, log_z2, sum_m_log)
            c = fma(factor, psi_z, zero - one)
            cd = c
            score_mu = fma(cd, d_mu, score_mu)
            score_w = fma(cd, d_w, score_w)
            score_a1 = fma(cd, d_a1, score_a1)
            score_g1 = fma(cd, d_g1, score_g1)
            score_b1 = fma(cd, d_b1, score_b1)
            log_state = log_state + s
            if t & 1 == 0:
                l_mu = d_mu
                l_w = d_w
                l_a1 = d_a1
                l_g1 = d_g1
                l_b1 = d_b1
                m0_0 = fma(l_mu, l_mu, m0_0)
                m1_0 = fma(l_w, l_mu, m1_0)
                m1_1 = fma(l_w, l_w, m1_1)
                m2_0 = fma(l_a1, l_mu, m2_0)
                m2_1 = fma(l_a1, l_w, m2_1)
                m2_2 = fma(l_a1, l_a1, m2_2)
                m3_0 = fma(l_g1, l_mu, m3_0)
                m3_1 = fma(l_g1, l_w, m3_1)
                m3_2 = fma(l_g1, l_a1, m3_2)
                m3_3 = fma(l_g1, l_g1, m3_3)
                m4_0 = fma(l_b1, l_mu, m4_0)
                m4_1 = fma(l_b1, l_w, m4_1)
                m4_2 = fma(l_b1, l_a1, m4_2)
                m4_3 = fma(l_b1, l_g1, m4_3)
                m4_4 = fma(l_b1, l_b1, m4_4)
                sum_u = fma(inverse, inverse, sum_u)
                sum_mu = sum_mu + l_mu
                sum_w = sum_w + l_w
                sum_a1 = sum_a1 + l_a1
                sum_g1 = sum_g1 + l_g1
                sum_b1 = sum_b1 + l_b1
            size = absolute(z)
            x1 = size - mean_abs
            y1 = z
            falls = less(e, zero)
            shock1 = fma(where(falls, fall, rise), z, zero - expected)  # a1 (|z| - E|z|) + g1 z
            f1 = splat(-0.5) * (shock1 + expected)
            xm1 = where(falls, zero - fall, zero - rise) * inverse
            s1 = s
            d_mu1 = d_mu
            d_w1 = d_w
            d_a11 = d_a1
            d_g11 = d_g1
            d_b11 = d_b1
        thinned = splat(float(stop) / float((stop + 1) // 2))  # bars to bars sampled
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), log_state))
        store(sums, 1, where(ended, load(sums, 1), fma(factor, sum_psi_sigma, half * score_mu)))
        store(sums, 2, where(ended, load(sums, 2), half * score_w))
        store(sums, 3, where(ended, load(sums, 3), half * score_a1))
        store(sums, 4, where(ended, load(sums, 4), half * score_g1))
        store(sums, 5, where(ended, load(sums, 5), half * score_b1))
        store(sums, 6, where(ended, load(sums, 6), thinned * m0_0))
        store(sums, 7, where(ended, load(sums, 7), thinned * m1_0))
        store(sums, 8, where(ended, load(sums, 8), thinned * m1_1))
        store(sums, 9, where(ended, load(sums, 9), thinned * m2_0))
        store(sums, 10, where(ended, load(sums, 10), thinned * m2_1))
        store(sums, 11, where(ended, load(sums, 11), thinned * m2_2))
        store(sums, 12, where(ended, load(sums, 12), thinned * m3_0))
        store(sums, 13, where(ended, load(sums, 13), thinned * m3_1))
        store(sums, 14, where(ended, load(sums, 14), thinned * m3_2))
        store(sums, 15, where(ended, load(sums, 15), thinned * m3_3))
        store(sums, 16, where(ended, load(sums, 16), thinned * m4_0))
        store(sums, 17, where(ended, load(sums, 17), thinned * m4_1))
        store(sums, 18, where(ended, load(sums, 18), thinned * m4_2))
        store(sums, 19, where(ended, load(sums, 19), thinned * m4_3))
        store(sums, 20, where(ended, load(sums, 20), thinned * m4_4))
        store(sums, 21, where(ended, load(sums, 21), thinned * sum_u))
        store(sums, 22, where(ended, load(sums, 22), thinned * sum_mu))
        store(sums, 23, where(ended, load(sums, 23), thinned * sum_w))
        store(sums, 24, where(ended, load(sums, 24), thinned * sum_a1))
        store(sums, 25, where(ended, load(sums, 25), thinned * sum_g1))
        store(sums, 26, where(ended, load(sums, 26), thinned * sum_b1))
        store(sums, 27, where(ended, load(sums, 27), sum_psi_z))
        store(sums, 28, where(ended, load(sums, 28), sum_m_log))
        t = stop
        stop = next_stop(n_obs, stop)


def egarch_12_normal(returns, n_obs, theta, constants, sums):
    """egarch(1, 1, 2), normal innovations."""
    align_stack()
    mu = load(theta, 0)
    w = load(theta, 1)
    a1 = load(theta, 2)
    g1 = load(theta, 3)
    b1 = load(theta, 4)
    b2 = load(theta, 5)
    zero = splat(0.0)
    one = splat(1.0)
    half = splat(0.5)
    presample = load(constants, 0)
    presample_slope = load(constants, 1)
    mean_abs = splat(0.7978845608028654)  # E|z| of a normal, whatever the distribution, as in arch
    rise = g1 + a1  # slope of the shock where z > 0
    fall = g1 - a1
    expected = a1 * mean_abs
    factor = one
    x1 = zero
    xm1 = zero
    y1 = zero
    shock1 = zero
    f1 = zero
    s1 = presample
    s2 = presample
    d_mu1 = presample_slope
    d_mu2 = presample_slope
    d_w1 = zero
    d_w2 = zero
    d_a11 = zero
    d_a12 = zero
    d_g11 = zero
    d_g12 = zero
    d_b11 = zero
    d_b12 = zero
    d_b21 = zero
    d_b22 = zero
    log_state = zero
    score_mu = zero
    score_w = zero
    score_a1 = zero
    score_g1 = zero
    score_b1 = zero
    score_b2 = zero
    sum_psi_z = zero
    sum_psi_sigma = zero
    m0_0 = zero
    m1_0 = zero
    m1_1 = zero
    m2_0 = zero
    m2_1 = zero
    m2_2 = zero
    m3_0 = zero
    m3_1 = zero
    m3_2 = zero
    m3_3 = zero
    m4_0 = zero
    m4_1 = zero
    m4_2 = zero
    m4_3 = zero
    m4_4 = zero
    m5_0 = zero
    m5_1 = zero
    m5_2 = zero
    m5_3 = zero
    m5_4 = zero
    m5_5 = zero
    sum_u = zero
    t = 0
    stop = next_stop(n_obs, 0)
    while t < stop:
        for t in range(t, stop):
            slope1 = b1 + f1
            d_mu = fma(b2, d_mu2, fma(slope1, d_mu1, xm1))
            d_w = fma(b2, d_w2, fma(slope1, d_w1, one))
            d_a1 = fma(b2, d_a12, fma(slope1, d_a11, x1))
            d_g1 = fma(b2, d_g12, fma(slope1, d_g11, y1))
            d_b1 = fma(b2, d_b12, fma(slope1, d_b11, s1))
            d_b2 = fma(b2, d_b22, fma(slope1, d_b21, s2))
            s = fma(b1, s1, fma(b2, s2, w)) + shock1
            e = load(returns, t) - mu
            inverse = inverse_volatility(s)
            z = e * inverse
            psi_z = z * z
            psi_sigma = z * inverse
            sum_psi_z = sum_psi_z + psi_z
            sum_psi_sigma = sum_psi_sigma + psi_sigma
            c = psi_z - one
            cd = c
            score_mu = fma(cd, d_mu, score_mu)
            score_w = fma(cd, d_w, score_w)
            score_a1 = fma(cd, d_a1, score_a1)
            score_g1 = fma(cd, d_g1, score_g1)
            score_b1 = fma(cd, d_b1, score_b1)
            score_b2 = fma(cd, d_b2, score_b2)
            log_state = log_state + s
            if t & 1 == 0:
                l_mu = d_mu
                l_w = d_w
                l_a1 = d_a1
                l_g1 = d_g1
                l_b1 = d_b1
                l_b2 = d_b2
                m0_0 = fma(l_mu, l_mu, m0_0)
                m1_0 = fma(l_w, l_mu, m1_0)
                m1_1 = fma(l_w, l_w, m1_1)
                m2_0 = fma(l_a1, l_mu, m2_0)
                m2_1 = fma(l_a1, l_w, m2_1)
                m2_2 = fma(l_a1, l_a1, m2_2)
                m3_0 = fma(l_g1, l_mu, m3_0)
                m3_1 = fma(l_g1, l_w, m3_1)
                m3_2 = fma(l_g1, l_a1, m3_2)
                m3_3 = fma(l_g1, l_g1, m3_3)
                m4_0 = fma(l_b1, l_mu, m4_0)
                m4_1 = fma(l_b1, l_w, m4_1)
                m4_2 = fma(l_b1, l_a1, m4_2)
                m4_3 = fma(l_b1, l_g1, m4_3)
                m4_4 = fma(l_b1, l_b1, m4_4)
                m5_0 = fma(l_b2, l_mu, m5_0)
                m5_1 = fma(l_b2, l_w, m5_1)
                m5_2 = fma(l_b2, l_a1, m5_2)
                m5_3 = fma(l_b2, l_g1, m5_3)
                m5_4 = fma(l_b2, l_b1, m5_4)
                m5_5 = fma(l_b2, l_b2, m5_5)
                sum_u = fma(inverse, inverse, sum_u)
            size = absolute(z)
            x1 = size - mean_abs
            y1 = z
            falls = less(e, zero)
            shock1 = fma(where(falls, fall, rise), z, zero - expected)  # a1 (|z| - E|z|) + g1 z
            f1 = splat(-0.5) * (shock1 + expected)
            xm1 = where(falls, zero - fall, zero - rise) * inverse
            s2 = s1
            s1 = s
            d_mu2 = d_mu1
            d_mu1 = d_mu
            d_w2 = d_w1
            d_w1 = d_w
            d_a12 = d_a11
            d_a11 = d_a1
            d_g12 = d_g11
            d_g11 = d_g1
            d_b12 = d_b11
            d_b11 = d_b1
            d_b22 = d_b21
            d_b21 = d_b2
        thinned = splat(float(stop) / float((stop + 1) // 2))  # bars to bars sampled
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), log_state))
        store(sums, 1, where(ended, load(sums, 1), fma(factor, sum_psi_sigma, half * score_mu)))
        store(sums, 2, where(ended, load(sums, 2), half * score_w))
        store(sums, 3, where(ended, load(sums, 3), half * score_a1))
        store(sums, 4, where(ended, load(sums, 4), half * score_g1))
        store(sums, 5, where(ended, load(sums, 5), half * score_b1))
        store(sums, 6, where(ended, load(sums, 6), half * score_b2))
        store(sums, 7, where(ended, load(sums, 7), thinned * m0_0))
        store(sums, 8, where(ended, load(sums, 8), thinned * m1_0))
        store(sums, 9, where(ended, load(sums, 9), thinned * m1_1))
        store(sums, 10, where(ended, load(sums, 10), thinned * m2_0))
        store(sums, 11, where(ended, load(sums, 11), thinned * m2_1))
        store(sums, 12, where(ended, load(sums, 12), thinned * m2_2))
        store(sums, 13, where(ended, load(sums, 13), thinned * m3_0))
        store(sums, 14, where(ended, load(sums, 14), thinned * m3_1))
        store(sums, 15, where(ended, load(sums, 15), thinned * m3_2))
        store(sums, 16, where(ended, load(sums, 16), thinned * m3_3))
        store(sums, 17, where(ended, load(sums, 17), thinned * m4_0))
        store(sums, 18, where(ended, load(sums, 18), thinned * m4_1))
        store(sums, 19, where(ended, load(sums, 19), thinned * m4_2))
        store(sums, 20, where(ended, load(sums, 20), thinned * m4_3))
        store(sums, 21, where(ended, load(sums, 21), thinned * m4_4))
        store(sums, 22, where(ended, load(sums, 22), thinned * m5_0))
        store(sums, 23, where(ended, load(sums, 23), thinned * m5_1))
        store(sums, 24, where(ended, load(sums, 24), thinned * m5_2))
        store(sums, 25, where(ended, load(sums, 25), thinned * m5_3))
        store(sums, 26, where(ended, load(sums, 26), thinned * m5_4))
        store(sums, 27, where(ended, load(sums, 27), thinned * m5_5))
        store(sums, 28, where(ended, load(sums, 28), thinned * sum_u))
        store(sums, 29, where(ended, load(sums, 29), zero))
        store(sums, 30, where(ended, load(sums, 30), zero))
        store(sums, 31, where(ended, load(sums, 31), zero))
        store(sums, 32, where(ended, load(sums, 32), zero))
        store(sums, 33, where(ended, load(sums, 33), zero))
        store(sums, 34, where(ended, load(sums, 34), zero))
        store(sums, 35, where(ended, load(sums, 35), sum_psi_z))
        t = stop
        stop = next_stop(n_obs, stop)


def egarch_12_t(returns, n_obs, theta, constants, sums):
    """egarch(1, 1, 2), t innovations."""
    align_stack()
    mu = load(theta, 0)
    w = load(theta, 1)
    a1 = load(theta, 2)
    g1 = load(theta, 3)
    b1 = load(theta, 4)
    b2 = load(theta, 5)
    zero = splat(0.0)
    one = splat(1.0)
    half = splat(0.5)
    presample = load(constants, 0)
    presample_slope = load(constants, 1)
    mean_abs = splat(0.7978845608028654)  # E|z| of a normal, whatever the distribution, as in arch
    rise = g1 + a1  # slope of the shock where z > 0
    fall = g1 - a1
    expected = a1 * mean_abs
    k2 = load(constants, 3)  # 1 / (nu - 2)
    factor = load(constants, 2) * k2  # (nu + 1) / (nu - 2)
    x1 = zero
    xm1 = zero
    y1 = zero
    shock1 = zero
    f1 = zero
    s1 = presample
    s2 = presample
    d_mu1 = presample_slope
    d_mu2 = presample_slope
    d_w1 = zero
    d_w2 = zero
    d_a11 = zero
    d_a12 = zero
    d_g11 = zero
    d_g12 = zero
    d_b11 = zero
    d_b12 = zero
    d_b21 = zero
    d_b22 = zero
    product_q = one
    product_q_twos = zero
    log_state = zero
    score_mu = zero
    score_w = zero
    score_a1 = zero
    score_g1 = zero
    score_b1 = zero
    score_b2 = zero
    sum_psi_z = zero
    sum_psi_sigma = zero
    m0_0 = zero
    m1_0 = zero
    m1_1 = zero
    m2_0 = zero
    m2_1 = zero
    m2_2 = zero
    m3_0 = zero
    m3_1 = zero
    m3_2 = zero
    m3_3 = zero
    m4_0 = zero
    m4_1 = zero
    m4_2 = zero
    m4_3 = zero
    m4_4 = zero
    m5_0 = zero
    m5_1 = zero
    m5_2 = zero
    m5_3 = zero
    m5_4 = zero
    m5_5 = zero
    sum_u = zero
    sum_mu = zero
    sum_w = zero
    sum_a1 = zero
    sum_g1 = zero
    sum_b1 = zero
    sum_b2 = zero
    t = 0
    stop = next_stop(n_obs, 0)
    while t < stop:
        for t in range(t, stop):
            slope1 = b1 + f1
            d_mu = fma(b2, d_mu2, fma(slope1, d_mu1, xm1))
            d_w = fma(b2, d_w2, fma(slope1, d_w1, one))
            d_a1 = fma(b2, d_a12, fma(slope1, d_a11, x1))
            d_g1 = fma(b2, d_g12, fma(slope1, d_g11, y1))
            d_b1 = fma(b2, d_b12, fma(slope1, d_b11, s1))
            d_b2 = fma(b2, d_b22, fma(slope1, d_b21, s2))
            s = fma(b1, s1, fma(b2, s2, w)) + shock1
            e = load(returns, t) - mu
            inverse = inverse_volatility(s)
            z = e * inverse
            one_q = fma(z * z, k2, one)
            zq = z / one_q
            psi_z = z * zq
            psi_sigma = zq * inverse
            sum_psi_z = sum_psi_z + psi_z
            sum_psi_sigma = sum_psi_sigma + psi_sigma
            c = fma(factor, psi_z, zero - one)
            cd = c
            score_mu = fma(cd, d_mu, score_mu)
            score_w = fma(cd, d_w, score_w)
            score_a1 = fma(cd, d_a1, score_a1)
            score_g1 = fma(cd, d_g1, score_g1)
            score_b1 = fma(cd, d_b1, score_b1)
            score_b2 = fma(cd, d_b2, score_b2)
            product_q = product_q * one_q
            log_state = log_state + s
            if t & 1 == 0:
                l_mu = d_mu
                l_w = d_w
                l_a1 = d_a1
                l_g1 = d_g1
                l_b1 = d_b1
                l_b2 = d_b2
                m0_0 = fma(l_mu, l_mu, m0_0)
                m1_0 = fma(l_w, l_mu, m1_0)
                m1_1 = fma(l_w, l_w, m1_1)
                m2_0 = fma(l_a1, l_mu, m2_0)
                m2_1 = fma(l_a1, l_w, m2_1)
                m2_2 = fma(l_a1, l_a1, m2_2)
                m3_0 = fma(l_g1, l_mu, m3_0)
                m3_1 = fma(l_g1, l_w, m3_1)
                m3_2 = fma(l_g1, l_a1, m3_2)
                m3_3 = fma(l_g1, l_g1, m3_3)
                m4_0 = fma(l_b1, l_mu, m4_0)
                m4_1 = fma(l_b1, l_w, m4_1)
                m4_2 = fma(l_b1, l_a1, m4_2)
                m4_3 = fma(l_b1, l_g1, m4_3)
                m4_4 = fma(l_b1, l_b1, m4_4)
                m5_0 = fma(l_b2, l_mu, m5_0)
                m5_1 = fma(l_b2, l_w, m5_1)
                m5_2 = fma(l_b2, l_a1, m5_2)
                m5_3 = fma(l_b2, l_g1, m5_3)
                m5_4 = fma(l_b2, l_b1, m5_4)
                m5_5 = fma(l_b2, l_b2, m5_5)
                sum_u = fma(inverse, inverse, sum_u)
                sum_mu = sum_mu + l_mu
                sum_w = sum_w + l_w
                sum_a1 = sum_a1 + l_a1
                sum_g1 = sum_g1 + l_g1
                sum_b1 = sum_b1 + l_b1
                sum_b2 = sum_b2 + l_b2
            size = absolute(z)
            x1 = size - mean_abs
            y1 = z
            falls = less(e, zero)
            shock1 = fma(where(falls, fall, rise), z, zero - expected)  # a1 (|z| - E|z|) + g1 z
            f1 = splat(-0.5) * (shock1 + expected)
            xm1 = where(falls, zero - fall, zero - rise) * inverse
            s2 = s1
            s1 = s
            d_mu2 = d_mu1
            d_mu1 = d_mu
            d_w2 = d_w1
            d_w1 = d_w
            d_a12 = d_a11
            d_a11 = d_a1
            d_g12 = d_g11
            d_g11 = d_g1
            d_b12 = d_b11
            d_b11 = d_b1
            d_b22 = d_b21
            d_b21 = d_b2
            if t & 7 == 7:
                product_q_twos = product_q_twos + exponent(product_q)
                product_q = mantissa(product_q)
        ln2 = splat(0.6931471805599453)
        log_q = fma(product_q_twos, ln2, logarithm(product_q))
        thinned = splat(float(stop) / float((stop + 1) // 2))  # bars to bars sampled
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), log_state))
        store(sums, 1, where(ended, load(sums, 1), fma(factor, sum_psi_sigma, half * score_mu)))
        store(sums, 2, where(ended, load(sums, 2), half * score_w))
        store(sums, 3, where(ended, load(sums, 3), half * score_a1))
        store(sums, 4, where(ended, load(sums, 4), half * score_g1))
        store(sums, 5, where(ended, load(sums, 5), half * score_b1))
        store(sums, 6, where(ended, load(sums, 6), half * score_b2))
        store(sums, 7, where(ended, load(sums, 7), thinned * m0_0))
        store(sums, 8, where(ended, load(sums, 8), thinned * m1_0))
        store(sums, 9, where(ended, load(sums, 9), thinned * m1_1))
        store(sums, 10, where(ended, load(sums, 10), thinned * m2_0))
        store(sums, 11, where(ended, load(sums, 11), thinned * m2_1))
        store(sums, 12, where(ended, load(sums, 12), thinned * m2_2))
        store(sums, 13, where(ended, load(sums, 13), thinned * m3_0))
        store(sums, 14, where(ended, load(sums, 14), thinned * m3_1))
        store(sums, 15, where(ended, load(sums, 15), thinned * m3_2))
        store(sums, 16, where(ended, load(sums, 16), thinned * m3_3))
        store(sums, 17, where(ended, load(sums, 17), thinned * m4_0))
        store(sums, 18, where(ended, load(sums, 18), thinned * m4_1))
        store(sums, 19, where(ended, load(sums, 19), thinned * m4_2))
        store(sums, 20, where(ended, load(sums, 20), thinned * m4_3))
        store(sums, 21, where(ended, load(sums, 21), thinned * m4_4))
        store(sums, 22, where(ended, load(sums, 22), thinned * m5_0))
        store(sums, 23, where(ended, load(sums, 23), thinned * m5_1))
        store(sums, 24, where(ended, load(sums, 24), thinned * m5_2))
        store(sums, 25, where(ended, load(sums, 25), thinned * m5_3))
        store(sums, 26, where(ended, load(sums, 26), thinned * m5_4))
        store(sums, 27, where(ended, load(sums, 27), thinned * m5_5))
        store(sums, 28, where(ended, load(sums, 28), thinned * sum_u))
        store(sums, 29, where(ended, load(sums, 29), thinned * sum_mu))
        store(sums, 30, where(ended, load(sums, 30), thinned * sum_w))
        store(sums, 31, where(ended, load(sums, 31), thinned * sum_a1))
        store(sums, 32, where(ended, load(sums, 32), thinned * sum_g1))
        store(sums, 33, where(ended, load(sums, 33), thinned * sum_b1))
        store(sums, 34, where(ended, load(sums, 34), thinned * sum_b2))
        store(sums, 35, where(ended, load(sums, 35), log_q))
        store(sums, 36, where(ended, load(sums, 36), k2 * sum_psi_z))
        t = stop
        stop = next_stop(n_obs, stop)


def egarch_12_skewt(returns, n_obs, theta, constants, sums):
    """egarch(1, 1, 2), skewt innovations."""
    align_stack()
    mu = load(theta, 0)
    w = load(theta, 1)
    a1 = load(theta, 2)
    g1 = load(theta, 3)
    b1 = load(theta, 4)
    b2 = load(theta, 5)
    zero = splat(0.0)
    one = splat(1.0)
    half = splat(0.5)
    presample = load(constants, 0)
    presample_slope = load(constants, 1)
    mean_abs = splat(0.7978845608028654)  # E|z| of a normal, whatever the distribution, as in arch
    rise = g1 + a1  # slope of the shock where z > 0
    fall = g1 - a1
    expected = a1 * mean_abs
    a_ = load(constants, 2)  # Hansen's a and b
    b_ = load(constants, 3)
    left = load(constants, 4)  # 1 / (1 - lambda)
    right = load(constants, 5)  # 1 / (1 + lambda)
    k2 = load(constants, 6)  # 1 / (eta - 2)
    factor = load(constants, 7)  # b (eta + 1) / (eta - 2)
    x1 = zero
    xm1 = zero
    y1 = zero
    shock1 = zero
    f1 = zero
    s1 = presample
    s2 = presample
    d_mu1 = presample_slope
    d_mu2 = presample_slope
    d_w1 = zero
    d_w2 = zero
    d_a11 = zero
    d_a12 = zero
    d_g11 = zero
    d_g12 = zero
    d_b11 = zero
    d_b12 = zero
    d_b21 = zero
    d_b22 = zero
    product_q = one
    product_q_twos = zero
    log_state = zero
    score_mu = zero
    score_w = zero
    score_a1 = zero
    score_g1 = zero
    score_b1 = zero
    score_b2 = zero
    sum_psi_z = zero
    sum_psi_sigma = zero
    sum_k = zero
    sum_kys = zero
    m0_0 = zero
    m1_0 = zero
    m1_1 = zero
    m2_0 = zero
    m2_1 = zero
    m2_2 = zero
    m3_0 = zero
    m3_1 = zero
    m3_2 = zero
    m3_3 = zero
    m4_0 = zero
    m4_1 = zero
    m4_2 = zero
    m4_3 = zero
    m4_4 = zero
    m5_0 = zero
    m5_1 = zero
    m5_2 = zero
    m5_3 = zero
    m5_4 = zero
    m5_5 = zero
    sum_u = zero
    sum_mu = zero
    sum_w = zero
    sum_a1 = zero
    sum_g1 = zero
    sum_b1 = zero
    sum_b2 = zero
    sum_inverse = zero
    t = 0
    stop = next_stop(n_obs, 0)
    while t < stop:
        for t in range(t, stop):
            slope1 = b1 + f1
            d_mu = fma(b2, d_mu2, fma(slope1, d_mu1, xm1))
            d_w = fma(b2, d_w2, fma(slope1, d_w1, one))
            d_a1 = fma(b2, d_a12, fma(slope1, d_a11, x1))
            d_g1 = fma(b2, d_g12, fma(slope1, d_g11, y1))
            d_b1 = fma(b2, d_b12, fma(slope1, d_b11, s1))
            d_b2 = fma(b2, d_b22, fma(slope1, d_b21, s2))
            s = fma(b1, s1, fma(b2, s2, w)) + shock1
            e = load(returns, t) - mu
            inverse = inverse_volatility(s)
            z = e * inverse
            yb = fma(b_, z, a_)
            side = where(less(yb, zero), left, right)
            y = yb * side
            one_q = fma(y * y, k2, one)
            k = y * side / one_q
            psi_z = k * z
            psi_sigma = k * inverse
            ky = k * y
            sum_psi_z = sum_psi_z + psi_z
            sum_psi_sigma = sum_psi_sigma + psi_sigma
            kys = where(less(yb, zero), zero - ky, ky)
            sum_k = sum_k + k
            sum_kys = sum_kys + kys
            c = fma(factor, psi_z, zero - one)
            cd = c
            score_mu = fma(cd, d_mu, score_mu)
            score_w = fma(cd, d_w, score_w)
            score_a1 = fma(cd, d_a1, score_a1)
            score_g1 = fma(cd, d_g1, score_g1)
            score_b1 = fma(cd, d_b1, score_b1)
            score_b2 = fma(cd, d_b2, score_b2)
            product_q = product_q * one_q
            log_state = log_state + s
            if t & 1 == 0:
                l_mu = d_mu
                l_w = d_w
                l_a1 = d_a1
                l_g1 = d_g1
                l_b1 = d_b1
                l_b2 = d_b2
                m0_0 = fma(l_mu, l_mu, m0_0)
                m1_0 = fma(l_w, l_mu, m1_0)
                m1_1 = fma(l_w, l_w, m1_1)
                m2_0 = fma(l_a1, l_mu, m2_0)
                m2_1 = fma(l_a1, l_w, m2_1)
                m2_2 = fma(l_a1, l_a1, m2_2)
                m3_0 = fma(l_g1, l_mu, m3_0)
                m3_1 = fma(l_g1, l_w, m3_1)
                m3_2 = fma(l_g1, l_a1, m3_2)
                m3_3 = fma(l_g1, l_g1, m3_3)
                m4_0 = fma(l_b1, l_mu, m4_0)
                m4_1 = fma(l_b1, l_w, m4_1)
                m4_2 = fma(l_b1, l_a1, m4_2)
                m4_3 = fma(l_b1, l_g1, m4_3)
                m4_4 = fma(l_b1, l_b1, m4_4)
                m5_0 = fma(l_b2, l_mu, m5_0)
                m5_1 = fma(l_b2, l_w, m5_1)
                m5_2 = fma(l_b2, l_a1, m5_2)
                m5_3 = fma(l_b2, l_g1, m5_3)
                m5_4 = fma(l_b2, l_b1, m5_4)
                m5_5 = fma(l_b2, l_b2, m5_5)
                sum_u = fma(inverse, inverse, sum_u)
                sum_mu = sum_mu + l_mu
                sum_w = sum_w + l_w
                sum_a1 = sum_a1 + l_a1
                sum_g1 = sum_g1 + l_g1
                sum_b1 = sum_b1 + l_b1
                sum_b2 = sum_b2 + l_b2
                sum_inverse = sum_inverse + inverse
            size = absolute(z)
            x1 = size - mean_abs
            y1 = z
            falls = less(e, zero)
            shock1 = fma(where(falls, fall, rise), z, zero - expected)  # a1 (|z| - E|z|) + g1 z
            f1 = splat(-0.5) * (shock1 + expected)
            xm1 = where(falls, zero - fall, zero - rise) * inverse
            s2 = s1
            s1 = s
            d_mu2 = d_mu1
            d_mu1 = d_mu
            d_w2 = d_w1
            d_w1 = d_w
            d_a12 = d_a11
            d_a11 = d_a1
            d_g12 = d_g11
            d_g11 = d_g1
            d_b12 = d_b11
            d_b11 = d_b1
            d_b22 = d_b21
            d_b21 = d_b2
            if t & 7 == 7:
                product_q_twos = product_q_twos + exponent(product_q)
                product_q = mantissa(product_q)
        ln2 = splat(0.6931471805599453)
        log_q = fma(product_q_twos, ln2, logarithm(product_q))
        thinned = splat(float(stop) / float((stop + 1) // 2))  # bars to bars sampled
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), log_state))
        store(sums, 1, where(ended, load(sums, 1), fma(factor, sum_psi_sigma, half * score_mu)))
        store(sums, 2, where(ended, load(sums, 2), half * score_w))
        store(sums, 3, where(ended, load(sums, 3), half * score_a1))
        store(sums, 4, where(ended, load(sums, 4), half * score_g1))
        store(sums, 5, where(ended, load(sums, 5), half * score_b1))
        store(sums, 6, where(ended, load(sums, 6), half * score_b2))
        store(sums, 7, where(ended, load(sums, 7), thinned * m0_0))
        store(sums, 8, where(ended, load(sums, 8), thinned * m1_0))
        store(sums, 9, where(ended, load(sums, 9), thinned * m1_1))
        store(sums, 10, where(ended, load(sums, 10), thinned * m2_0))
        store(sums, 11, where(ended, load(sums, 11), thinned * m2_1))
        store(sums, 12, where(ended, load(sums, 12), thinned * m2_2))
        store(sums, 13, where(ended, load(sums, 13), thinned * m3_0))
        store(sums, 14, where(ended, load(sums, 14), thinned * m3_1))
        store(sums, 15, where(ended, load(sums, 15), thinned * m3_2))
        store(sums, 16, where(ended, load(sums, 16), thinned * m3_3))
        store(sums, 17, where(ended, load(sums, 17), thinned * m4_0))
        store(sums, 18, where(ended, load(sums, 18), thinned * m4_1))
        store(sums, 19, where(ended, load(sums, 19), thinned * m4_2))
        store(sums, 20, where(ended, load(sums, 20), thinned * m4_3))
        store(sums, 21, where(ended, load(sums, 21), thinned * m4_4))
        store(sums, 22, where(ended, load(sums, 22), thinned * m5_0))
        store(sums, 23, where(ended, load(sums, 23), thinned * m5_1))
        store(sums, 24, where(ended, load(sums, 24), thinned * m5_2))
        store(sums, 25, where(ended, load(sums, 25), thinned * m5_3))
        store(sums, 26, where(ended, load(sums, 26), thinned * m5_4))
        store(sums, 27, where(ended, load(sums, 27), thinned * m5_5))
        store(sums, 28, where(ended, load(sums, 28), thinned * sum_u))
        store(sums, 29, where(ended, load(sums, 29), thinned * sum_mu))
        store(sums, 30, where(ended, load(sums, 30), thinned * sum_w))
        store(sums, 31, where(ended, load(sums, 31), thinned * sum_a1))
        store(sums, 32, where(ended, load(sums, 32), thinned * sum_g1))
        store(sums, 33, where(ended, load(sums, 33), thinned * sum_b1))
        store(sums, 34, where(ended, load(sums, 34), thinned * sum_b2))
        store(sums, 35, where(ended, load(sums, 35), log_q))
        store(sums, 36, where(ended, load(sums, 36), sum_k))
        store(sums, 37, where(ended, load(sums, 37), sum_psi_z))
        store(sums, 38, where(ended, load(sums, 38), sum_kys))
        store(sums, 39, where(ended, load(sums, 39), thinned * sum_inverse))
        t = stop
        stop = next_stop(n_obs, stop)


def egarch_12_ged(returns, n_obs, theta, constants, sums):
    """egarch(1, 1, 2), ged innovations."""
    align_stack()
    mu = load(theta, 0)
    w = load(theta, 1)
    a1 = load(theta, 2)
    g1 = load(theta, 3)
    b1 = load(theta, 4)
    b2 = load(theta, 5)
    zero = splat(0.0)
    one = splat(1.0)
    half = splat(0.5)
    presample = load(constants, 0)
    presample_slope = load(constants, 1)
    mean_abs = splat(0.7978845608028654)  # E|z| of a normal, whatever the distribution, as in arch
    rise = g1 + a1  # slope of the shock where z > 0
    fall = g1 - a1
    expected = a1 * mean_abs
    power = load(constants, 2)  # nu / 2 - 1
    scale = load(constants, 3)  # c ** -nu
    factor = load(constants, 4)  # nu / 2
    tiny = splat(1e-60)  # |z|**nu is taken at |z| = 1e-30 when an innovation is exactly zero
    x1 = zero
    xm1 = zero
    y1 = zero
    shock1 = zero
    f1 = zero
    s1 = presample
    s2 = presample
    d_mu1 = presample_slope
    d_mu2 = presample_slope
    d_w1 = zero
    d_w2 = zero
    d_a11 = zero
    d_a12 = zero
    d_g11 = zero
    d_g12 = zero
    d_b11 = zero
    d_b12 = zero
    d_b21 = zero
    d_b22 = zero
    log_state = zero
    score_mu = zero
    score_w = zero
    score_a1 = zero
    score_g1 = zero
    score_b1 = zero
    score_b2 = zero
    sum_psi_z = zero
    sum_psi_sigma = zero
    sum_m_log = zero
    m0_0 = zero
    m1_0 = zero
    m1_1 = zero
    m2_0 = zero
    m2_1 = zero
    m2_2 = zero
    m3_0 = zero
    m3_1 = zero
    m3_2 = zero
    m3_3 = zero
    m4_0 = zero
    m4_1 = zero
    m4_2 = zero
    m4_3 = zero
    m4_4 = zero
    m5_0 = zero
    m5_1 = zero
    m5_2 = zero
    m5_3 = zero
    m5_4 = zero
    m5_5 = zero
    sum_u = zero
    sum_mu = zero
    sum_w = zero
    sum_a1 = zero
    sum_g1 = zero
    sum_b1 = zero
    sum_b2 = zero
    t = 0
    stop = next_stop(n_obs, 0)
    while t < stop:
        for t in range(t, stop):
            slope1 = b1 + f1
            d_mu = fma(b2, d_mu2, fma(slope1, d_mu1, xm1))
            d_w = fma(b2, d_w2, fma(slope1, d_w1, one))
            d_a1 = fma(b2, d_a12, fma(slope1, d_a11, x1))
            d_g1 = fma(b2, d_g12, fma(slope1, d_g11, y1))
            d_b1 = fma(b2, d_b12, fma(slope1, d_b11, s1))
            d_b2 = fma(b2, d_b22, fma(slope1, d_b21, s2))
            s = fma(b1, s1, fma(b2, s2, w)) + shock1
            e = load(returns, t) - mu
            inverse = inverse_volatility(s)
            z = e * inverse
            z2 = fma(z, z, tiny)
            log_z2 = logarithm(z2)
            tail = scale * exponential(power * log_z2)
            psi_z = tail * z2
            psi_sigma = tail * z * inverse
            sum_psi_z = sum_psi_z + psi_z
            sum_psi_sigma = sum_psi_sigma + psi_sigma
            sum_m_log = fma(psi_z, log_z2, sum_m_log)
            c = fma(factor, psi_z, zero - one)
            cd = c
            score_mu = fma(cd, d_mu, score_mu)
            score_w = fma(cd, d_w, score_w)
            score_a1 = fma(cd, d_a1, score_a1)
            score_g1 = fma(cd, d_g1, score_g1)
            score_b1 = fma(cd, d_b1, score_b1)
            score_b2 = fma(cd, d_b2, score_b2)
            log_state = log_state + s
            if t & 1 == 0:
                l_mu = d_mu
                l_w = d_w
                l_a1 = d_a1
                l_g1 = d_g1
                l_b1 = d_b1
                l_b2 = d_b2
                m0_0 = fma(l_mu, l_mu, m0_0)
                m1_0 = fma(l_w, l_mu, m1_0)
                m1_1 = fma(l_w, l_w, m1_1)
                m2_0 = fma(l_a1, l_mu, m2_0)
                m2_1 = fma(l_a1, l_w, m2_1)
                m2_2 = fma(l_a1, l_a1, m2_2)
                m3_0 = fma(l_g1, l_mu, m3_0)
                m3_1 = fma(l_g1, l_w, m3_1)
                m3_2 = fma(l_g1, l_a1, m3_2)
                m3_3 = fma(l_g1, l_g1, m3_3)
                m4_0 = fma(l_b1, l_mu, m4_0)
                m4_1 = fma(l_b1, l_w, m4_1)
                m4_2 = fma(l_b1, l_a1, m4_2)
                m4_3 = fma(l_b1, l_g1, m4_3)
                m4_4 = fma(l_b1, l_b1, m4_4)
                m5_0 = fma(l_b2, l_mu, m5_0)
                m5_1 = fma(l_b2, l_w, m5_1)
                m5_2 = fma(l_b2, l_a1, m5_2)
                m5_3 = fma(l_b2, l_g1, m5_3)
                m5_4 = fma(l_b2, l_b1, m5_4)
                m5_5 = fma(l_b2, l_b2, m5_5)
                sum_u = fma(inverse, inverse, sum_u)
                sum_mu = sum_mu + l_mu
                sum_w = sum_w + l_w
                sum_a1 = sum_a1 + l_a1
                sum_g1 = sum_g1 + l_g1
                sum_b1 = sum_b1 + l_b1
                sum_b2 = sum_b2 + l_b2
            size = absolute(z)
            x1 = size - mean_abs
            y1 = z
            falls = less(e, zero)
            shock1 = fma(where(falls, fall, rise), z, zero - expected)  # a1 (|z| - E|z|) + g1 z
            f1 = splat(-0.5) * (shock1 + expected)
            xm1 = where(falls, zero - fall, zero - rise) * inverse
            s2 = s1
            s1 = s
            d_mu2 = d_mu1
            d_mu1 = d_mu
            d_w2 = d_w1
            d_w1 = d_w
            d_a12 = d_a11
            d_a11 = d_a1
            d_g12 = d_g11
            d_g11 = d_g1
            d_b12 = d_b11
            d_b11 = d_b1
            d_b22 = d_b21
            d_b21 = d_b2
        thinned = splat(float(stop) / float((stop + 1) // 2))  # bars to bars sampled
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), log_state))
        store(sums, 1, where(ended, load(sums, 1), fma(factor, sum_psi_sigma, half * score_mu)))
        store(sums, 2, where(ended, load(sums, 2), half * score_w))
        store(sums, 3, where(ended, load(sums, 3), half * score_a1))
        store(sums, 4, where(ended, load(sums, 4), half * score_g1))
        store(sums, 5, where(ended, load(sums, 5), half * score_b1))
        store(sums, 6, where(ended, load(sums, 6), half * score_b2))
        store(sums, 7, where(ended, load(sums, 7), thinned * m0_0))
        store(sums, 8, where(ended, load(sums, 8), thinned * m1_0))
        store(sums, 9, where(ended, load(sums, 9), thinned * m1_1))
        store(sums, 10, where(ended, load(sums, 10), thinned * m2_0))
        store(sums, 11, where(ended, load(sums, 11), thinned * m2_1))
        store(sums, 12, where(ended, load(sums, 12), thinned * m2_2))
        store(sums, 13, where(ended, load(sums, 13), thinned * m3_0))
        store(sums, 14, where(ended, load(sums, 14), thinned * m3_1))
        store(sums, 15, where(ended, load(sums, 15), thinned * m3_2))
        store(sums, 16, where(ended, load(sums, 16), thinned * m3_3))
        store(sums, 17, where(ended, load(sums, 17), thinned * m4_0))
        store(sums, 18, where(ended, load(sums, 18), thinned * m4_1))
        store(sums, 19, where(ended, load(sums, 19), thinned * m4_2))
        store(sums, 20, where(ended, load(sums, 20), thinned * m4_3))
        store(sums, 21, where(ended, load(sums, 21), thinned * m4_4))
        store(sums, 22, where(ended, load(sums, 22), thinned * m5_0))
        store(sums, 23, where(ended, load(sums, 23), thinned * m5_1))
        store(sums, 24, where(ended, load(sums, 24), thinned * m5_2))
        store(sums, 25, where(ended, load(sums, 25), thinned * m5_3))
        store(sums, 26, where(ended, load(sums, 26), thinned * m5_4))
        store(sums, 27, where(ended, load(sums, 27), thinned * m5_5))
        store(sums, 28, where(ended, load(sums, 28), thinned * sum_u))
        store(sums, 29, where(ended, load(sums, 29), thinned * sum_mu))
        store(sums, 30, where(ended, load(sums, 30), thinned * sum_w))
        store(sums, 31, where(ended, load(sums, 31), thinned * sum_a1))
        store(sums, 32, where(ended, load(sums, 32), thinned * sum_g1))
        store(sums, 33, where(ended, load(sums, 33), thinned * sum_b1))
        store(sums, 34, where(ended, load(sums, 34), thinned * sum_b2))
        store(sums, 35, where(ended, load(sums, 35), sum_psi_z))
        store(sums, 36, where(ended, load(sums, 36), sum_m_log))
        t = stop
        stop = next_stop(n_obs, stop)


def egarch_20_normal(returns, n_obs, theta, constants, sums):
    """egarch(2, 1, 0), normal innovations."""
    align_stack()
    mu = load(theta, 0)
    w = load(theta, 1)
    a1 = load(theta, 2)
    a2 = load(theta, 3)
    g1 = load(theta, 4)
    zero = splat(0.0)
    one = splat(1.0)
    half = splat(0.5)
    presample = load(constants, 0)
    presample_slope = load(constants, 1)
    mean_abs = splat(0.7978845608028654)  # E|z| of a normal, whatever the distribution, as in arch
    rise = g1 + a1  # slope of the shock where z > 0
    fall = g1 - a1
    expected = a1 * mean_abs
    half_a2 = a2 * splat(-0.5)
    factor = one
    x1 = zero
    xm1 = zero
    x2 = zero
    xm2 = zero
    y1 = zero
    shock1 = zero
    f1 = zero
    f2 = zero
    s1 = presample
    d_mu1 = presample_slope
    d_mu2 = presample_slope
    d_w1 = zero
    d_w2 = zero
    d_a11 = zero
    d_a12 = zero
    d_a21 = zero
    d_a22 = zero
    d_g11 = zero
    d_g12 = zero
    log_state = zero
    score_mu = zero
    score_w = zero
    score_a1 = zero
    score_a2 = zero
    score_g1 = zero
    sum_psi_z = zero
    sum_psi_sigma = zero
    m0_0 = zero
    m1_0 = zero
    m1_1 = zero
    m2_0 = zero
    m2_1 = zero
    m2_2 = zero
    m3_0 = zero
    m3_1 = zero
    m3_2 = zero
    m3_3 = zero
    m4_0 = zero
    m4_1 = zero
    m4_2 = zero
    m4_3 = zero
    m4_4 = zero
    sum_u = zero
    next_xm2 = xm2
    next_f2 = zero
    t = 0
    stop = next_stop(n_obs, 0)
    while t < stop:
        for t in range(t, stop):
            d_mu = fma(f2, d_mu2, fma(f1, d_mu1, xm1 + xm2))
            d_w = fma(f2, d_w2, fma(f1, d_w1, one))
            d_a1 = fma(f2, d_a12, fma(f1, d_a11, x1))
            d_a2 = fma(f2, d_a22, fma(f1, d_a21, x2))
            d_g1 = fma(f2, d_g12, fma(f1, d_g11, y1))
            s = fma(a2, x2, w) + shock1
            e = load(returns, t) - mu
            inverse = inverse_volatility(s)
            z = e * inverse
            psi_z = z * z
            psi_sigma = z * inverse
            sum_psi_z = sum_psi_z + psi_z
            sum_psi_sigma = sum_psi_sigma + psi_sigma
            c = psi_z - one
            cd = c
            score_mu = fma(cd, d_mu, score_mu)
            score_w = fma(cd, d_w, score_w)
            score_a1 = fma(cd, d_a1, score_a1)
            score_a2 = fma(cd, d_a2, score_a2)
            score_g1 = fma(cd, d_g1, score_g1)
            log_state = log_state + s
            if t & 1 == 0:
                l_mu = d_mu
                l_w = d_w
                l_a1 = d_a1
                l_a2 = d_a2
                l_g1 = d_g1
                m0_0 = fma(l_mu, l_mu, m0_0)
                m1_0 = fma(l_w, l_mu, m1_0)
                m1_1 = fma(l_w, l_w, m1_1)
                m2_0 = fma(l_a1, l_mu, m2_0)
                m2_1 = fma(l_a1, l_w, m2_1)
                m2_2 = fma(l_a1, l_a1, m2_2)
                m3_0 = fma(l_a2, l_mu, m3_0)
                m3_1 = fma(l_a2, l_w, m3_1)
                m3_2 = fma(l_a2, l_a1, m3_2)
                m3_3 = fma(l_a2, l_a2, m3_3)
                m4_0 = fma(l_g1, l_mu, m4_0)
                m4_1 = fma(l_g1, l_w, m4_1)
                m4_2 = fma(l_g1, l_a1, m4_2)
                m4_3 = fma(l_g1, l_a2, m4_3)
                m4_4 = fma(l_g1, l_g1, m4_4)
                sum_u = fma(inverse, inverse, sum_u)
            x2 = x1
            xm2 = next_xm2
            f2 = next_f2
            size = absolute(z)
            x1 = size - mean_abs
            y1 = z
            falls = less(e, zero)
            shock1 = fma(where(falls, fall, rise), z, zero - expected)  # a1 (|z| - E|z|) + g1 z
            f1 = splat(-0.5) * (shock1 + expected)
            xm1 = where(falls, zero - fall, zero - rise) * inverse
            next_f2 = half_a2 * size
            next_xm2 = where(falls, a2, zero - a2) * inverse
            d_mu2 = d_mu1
            d_mu1 = d_mu
            d_w2 = d_w1
            d_w1 = d_w
            d_a12 = d_a11
            d_a11 = d_a1
            d_a22 = d_a21
            d_a21 = d_a2
            d_g12 = d_g11
            d_g11 = d_g1
        thinned = splat(float(stop) / float((stop + 1) // 2))  # bars to bars sampled
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), log_state))
        store(sums, 1, where(ended, load(sums, 1), fma(factor, sum_psi_sigma, half * score_mu)))
        store(sums, 2, where(ended, load(sums, 2), half * score_w))
        store(sums, 3, where(ended, load(sums, 3), half * score_a1))
        store(sums, 4, where(ended, load(sums, 4), half * score_a2))
        store(sums, 5, where(ended, load(sums, 5), half * score_g1))
        store(sums, 6, where(ended, load(sums, 6), thinned * m0_0))
        store(sums, 7, where(ended, load(sums, 7), thinned * m1_0))
        store(sums, 8, where(ended, load(sums, 8), thinned * m1_1))
        store(sums, 9, where(ended, load(sums, 9), thinned * m2_0))
        store(sums, 10, where(ended, load(sums, 10), thinned * m2_1))
        store(sums, 11, where(ended, load(sums, 11), thinned * m2_2))
        store(sums, 12, where(ended, load(sums, 12), thinned * m3_0))
        store(sums, 13, where(ended, load(sums, 13), thinned * m3_1))
        store(sums, 14, where(ended, load(sums, 14), thinned * m3_2))
        store(sums, 15, where(ended, load(sums, 15), thinned * m3_3))
        store(sums, 16, where(ended, load(sums, 16), thinned * m4_0))
        store(sums, 17, where(ended, load(sums, 17), thinned * m4_1))
        store(sums, 18, where(ended, load(sums, 18), thinned * m4_2))
        store(sums, 19, where(ended, load(sums, 19), thinned * m4_3))
        store(sums, 20, where(ended, load(sums, 20), thinned * m4_4))
        store(sums, 21, where(ended, load(sums, 21), thinned * sum_u))
        store(sums, 22, where(ended, load(sums, 22), zero))
        store(sums, 23, where(ended, load(sums, 23), zero))
        store(sums, 24, where(ended, load(sums, 24), zero))
        store(sums, 25, where(ended, load(sums, 25), zero))
        store(sums, 26, where(ended, load(sums, 26), zero))
        store(sums, 27, where(ended, load(sums, 27), sum_psi_z))
        t = stop
        stop = next_stop(n_obs, stop)


def egarch_20_t(returns, n_obs, theta, constants, sums):
    """egarch(2, 1, 0), t innovations."""
    align_stack()
    mu = load(theta, 0)
    w = load(theta, 1)
    a1 = load(theta, 2)
    a2 = load(theta, 3)
    g1 = load(theta, 4)
    zero = splat(0.0)
    one = splat(1.0)
    half = splat(0.5)
    presample = load(constants, 0)
    presample_slope = load(constants, 1)
    mean_abs = splat(0.7978845608028654)  # E|z| of a normal, whatever the distribution, as in arch
    rise = g1 + a1  # slope of the shock where z > 0
    fall = g1 - a1
    expected = a1 * mean_abs
    half_a2 = a2 * splat(-0.5)
    k2 = load(constants, 3)  # 1 / (nu - 2)
    factor = load(constants, 2) * k2  # (nu + 1) / (nu - 2)
    x1 = zero
    xm1 = zero
    x2 = zero
    xm2 = zero
    y1 = zero
    shock1 = zero
    f1 = zero
    f2 = zero
    s1 = presample
    d_mu1 = presample_slope
    d_mu2 = presample_slope
    d_w1 = zero
    d_w2 = zero
    d_a11 = zero
    d_a12 = zero
    d_a21 = zero
    d_a22 = zero
    d_g11 = zero
    d_g12 = zero
    product_q = one
    product_q_twos = zero
    log_state = zero
    score_mu = zero
    score_w = zero
    score_a1 = zero
    score_a2 = zero
    score_g1 = zero
    sum_psi_z = zero
    sum_psi_sigma = zero
    m0_0 = zero
    m1_0 = zero
    m1_1 = zero
    m2_0 = zero
    m2_1 = zero
    m2_2 = zero
    m3_0 = zero
    m3_1 = zero
    m3_2 = zero
    m3_3 = zero
    m4_0 = zero
    m4_1 = zero
    m4_2 = zero
    m4_3 = zero
    m4_4 = zero
    sum_u = zero
    sum_mu = zero
    sum_w = zero
    sum_a1 = zero
    sum_a2 = zero
    sum_g1 = zero
    next_xm2 = xm2
    next_f2 = zero
    t = 0
    stop = next_stop(n_obs, 0)
    while t < stop:
        for t in range(t, stop):
            d_mu = fma(f2, d_mu2, fma(f1, d_mu1, xm1 + xm2))
            d_w = fma(f2, d_w2, fma(f1, d_w1, one))
            d_a1 = fma(f2, d_a12, fma(f1, d_a11, x1))
            d_a2 = fma(f2, d_a22, fma(f1, d_a21, x2))
            d_g1 = fma(f2, d_g12, fma(f1, d_g11, y1))
            s = fma(a2, x2, w) + shock1
            e = load(returns, t) - mu
            inverse = inverse_volatility(s)
            z = e * inverse
            one_q = fma(z * z, k2, one)
            zq = z / one_q
            psi_z = z * zq
            psi_sigma = zq * inverse
            sum_psi_z = sum_psi_z + psi_z
            sum_psi_sigma = sum_psi_sigma + psi_sigma
            c = fma(factor, psi_z, zero - one)
            cd = c
            score_mu = fma(cd, d_mu, score_mu)
            score_w = fma(cd, d_w, score_w)
            score_a1 = fma(cd, d_a1, score_a1)
            score_a2 = fma(cd, d_a2, score_a2)
            score_g1 = fma(cd, d_g1, score_g1)
            product_q = product_q * one_q
            log_state = log_state + s
            if t & 1 == 0:
                l_mu = d_mu
                l_w = d_w
                l_a1 = d_a1
                l_a2 = d_a2
                l_g1 = d_g1
                m0_0 = fma(l_mu, l_mu, m0_0)
                m1_0 = fma(l_w, l_mu, m1_0)
                m1_1 = fma(l_w, l_w, m1_1)
                m2_0 = fma(l_a1, l_mu, m2_0)
                m2_1 = fma(l_a1, l_w, m2_1)
                m2_2 = fma(l_a1, l_a1, m2_2)
                m3_0 = fma(l_a2, l_mu, m3_0)
                m3_1 = fma(l_a2, l_w, m3_1)
                m3_2 = fma(l_a2, l_a1, m3_2)
                m3_3 = fma(l_a2, l_a2, m3_3)
                m4_0 = fma(l_g1, l_mu, m4_0)
                m4_1 = fma(l_g1, l_w, m4_1)
                m4_2 = fma(l_g1, l_a1, m4_2)
                m4_3 = fma(l_g1, l_a2, m4_3)
                m4_4 = fma(l_g1, l_g1, m4_4)
                sum_u = fma(inverse, inverse, sum_u)
                sum_mu = sum_mu + l_mu
                sum_w = sum_w + l_w
                sum_a1 = sum_a1 + l_a1
                sum_a2 = sum_a2 + l_a2
                sum_g1 = sum_g1 + l_g1
            x2 = x1
            xm2 = next_xm2
            f2 = next_f2
            size = absolute(z)
            x1 = size - mean_abs
            y1 = z
            falls = less(e, zero)
            shock1 = fma(where(falls, fall, rise), z, zero - expected)  # a1 (|z| - E|z|) + g1 z
            f1 = splat(-0.5) * (shock1 + expected)
            xm1 = where(falls, zero - fall, zero - rise) * inverse
            next_f2 = half_a2 * size
            next_xm2 = where(falls, a2, zero - a2) * inverse
            d_mu2 = d_mu1
            d_mu1 = d_mu
            d_w2 = d_w1
            d_w1 = d_w
            d_a12 = d_a11
            d_a11 = d_a1
            d_a22 = d_a21
            d_a21 = d_a2
            d_g12 = d_g11
            d_g11 = d_g1
            if t & 7 == 7:
                product_q_twos = product_q_twos + exponent(product_q)
                product_q = mantissa(product_q)
        ln2 = splat(0.6931471805599453)
        log_q = fma(product_q_twos, ln2, logarithm(product_q))
        thinned = splat(float(stop) / float((stop + 1) // 2))  # bars to bars sampled
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), log_state))
        store(sums, 1, where(ended, load(sums, 1), fma(factor, sum_psi_sigma, half * score_mu)))
        store(sums, 2, where(ended, load(sums, 2), half * score_w))
        store(sums, 3, where(ended, load(sums, 3), half * score_a1))
        store(sums, 4, where(ended, load(sums, 4), half * score_a2))
        store(sums, 5, where(ended, load(sums, 5), half * score_g1))
        store(sums, 6, where(ended, load(sums, 6), thinned * m0_0))
        store(sums, 7, where(ended, load(sums, 7), thinned * m1_0))
        store(sums, 8, where(ended, load(sums, 8), thinned * m1_1))
        store(sums, 9, where(ended, load(sums, 9), thinned * m2_0))
        store(sums, 10, where(ended, load(sums, 10), thinned * m2_1))
        store(sums, 11, where(ended, load(sums, 11), thinned * m2_2))
        store(sums, 12, where(ended, load(sums, 12), thinned * m3_0))
        store(sums, 13, where(ended, load(sums, 13), thinned * m3_1))
        store(sums, 14, where(ended, load(sums, 14), thinned * m3_2))
        store(sums, 15, where(ended, load(sums, 15), thinned * m3_3))
        store(sums, 16, where(ended, load(sums, 16), thinned * m4_0))
        store(sums, 17, where(ended, load(sums, 17), thinned * m4_1))
        store(sums, 18, where(ended, load(sums, 18), thinned * m4_2))
        store(sums, 19, where(ended, load(sums, 19), thinned * m4_3))
        store(sums, 20, where(ended, load(sums, 20), thinned * m4_4))
        store(sums, 21, where(ended, load(sums, 21), thinned * sum_u))
        store(sums, 22, where(ended, load(sums, 22), thinned * sum_mu))
        store(sums, 23, where(ended, load(sums, 23), thinned * sum_w))
        store(sums, 24, where(ended, load(sums, 24), thinned * sum_a1))
        store(sums, 25, where(ended, load(sums, 25), thinned * sum_a2))
        store(sums, 26, where(ended, load(sums, 26), thinned * sum_g1))
        store(sums, 27, where(ended, load(sums, 27), log_q))
        store(sums, 28, where(ended, load(sums, 28), k2 * sum_psi_z))
        t = stop
        stop = next_stop(n_obs, stop)


def egarch_20_skewt(returns, n_obs, theta, constants, sums):
    """egarch(2, 1, 0), skewt innovations."""
    align_stack()
    mu = load(theta, 0)
    w = load(theta, 1)
    a1 = load(theta, 2)
    a2 = load(theta, 3)
    g1 = load(theta, 4)
    zero = splat(0.0)
    one = splat(1.0)
    half = splat(0.5)
    presample = load(constants, 0)
    presample_slope = load(constants, 1)
    mean_abs = splat(0.7978845608028654)  # E|z| of a normal, whatever the distribution, as in arch
    rise = g1 + a1  # slope of the shock where z > 0
    fall = g1 - a1
    expected = a1 * mean_abs
    half_a2 = a2 * splat(-0.5)
    a_ = load(constants, 2)  # Hansen's a and b
    b_ = load(constants, 3)
    left = load(constants, 4)  # 1 / (1 - lambda)
    right = load(constants, 5)  # 1 / (1 + lambda)
    k2 = load(constants, 6)  # 1 / (eta - 2)
    factor = load(constants, 7)  # b (eta + 1) / (eta - 2)
    x1 = zero
    xm1 = zero
    x2 = zero
    xm2 = zero
    y1 = zero
    shock1 = zero
    f1 = zero
    f2 = zero
    s1 = presample
    d_mu1 = presample_slope
    d_mu2 = presample_slope
    d_w1 = zero
    d_w2 = zero
    d_a11 = zero
    d_a12 = zero
    d_a21 = zero
    d_a22 = zero
    d_g11 = zero
    d_g12 = zero
    product_q = one
    product_q_twos = zero
    log_state = zero
    score_mu = zero
    score_w = zero
    score_a1 = zero
    score_a2 = zero
    score_g1 = zero
    sum_psi_z = zero
    sum_psi_sigma = zero
    sum_k = zero
    sum_kys = zero
    m0_0 = zero
    m1_0 = zero
    m1_1 = zero
    m2_0 = zero
    m2_1 = zero
    m2_2 = zero
    m3_0 = zero
    m3_1 = zero
    m3_2 = zero
    m3_3 = zero
    m4_0 = zero
    m4_1 = zero
    m4_2 = zero
    m4_3 = zero
    m4_4 = zero
    sum_u = zero
    sum_mu = zero
    sum_w = zero
    sum_a1 = zero
    sum_a2 = zero
    sum_g1 = zero
    sum_inverse = zero
    next_xm2 = xm2
    next_f2 = zero
    t = 0
    stop = next_stop(n_obs, 0)
    while t < stop:
        for t in range(t, stop):
            d_mu = fma(f2, d_mu2, fma(f1, d_mu1, xm1 + xm2))
            d_w = fma(f2, d_w2, fma(f1, d_w1, one))
            d_a1 = fma(f2, d_a12, fma(f1, d_a11, x1))
            d_a2 = fma(f2, d_a22, fma(f1, d_a21, x2))
            d_g1 = fma(f2, d_g12, fma(f1, d_g11, y1))
            s = fma(a2, x2, w) + shock1
            e = load(returns, t) - mu
            inverse = inverse_volatility(s)
            z = e * inverse
            yb = fma(b_, z, a_)
            side = where(less(yb, zero), left, right)
            y = yb * side
            one_q = fma(y * y, k2, one)
            k = y * side / one_q
            psi_z = k * z
            psi_sigma = k * inverse
            ky = k * y
            sum_psi_z = sum_psi_z + psi_z
            sum_psi_sigma = sum_psi_sigma + psi_sigma
            kys = where(less(yb, zero), zero - ky, ky)
            sum_k = sum_k + k
            sum_kys = sum_kys + kys
            c = fma(factor, psi_z, zero - one)
            cd = c
            score_mu = fma(cd, d_mu, score_mu)
            score_w = fma(cd, d_w, score_w)
            score_a1 = fma(cd, d_a1, score_a1)
            score_a2 = fma(cd, d_a2, score_a2)
            score_g1 = fma(cd, d_g1, score_g1)
            product_q = product_q * one_q
            log_state = log_state + s
            if t & 1 == 0:
                l_mu = d_mu
                l_w = d_w
                l_a1 = d_a1
                l_a2 = d_a2
                l_g1 = d_g1
                m0_0 = fma(l_mu, l_mu, m0_0)
                m1_0 = fma(l_w, l_mu, m1_0)
                m1_1 = fma(l_w, l_w, m1_1)
                m2_0 = fma(l_a1, l_mu, m2_0)
                m2_1 = fma(l_a1, l_w, m2_1)
                m2_2 = fma(l_a1, l_a1, m2_2)
                m3_0 = fma(l_a2, l_mu, m3_0)
                m3_1 = fma(l_a2, l_w, m3_1)
                m3_2 = fma(l_a2, l_a1, m3_2)
                m3_3 = fma(l_a2, l_a2, m3_3)
                m4_0 = fma(l_g1, l_mu, m4_0)
                m4_1 = fma(l_g1, l_w, m4_1)
                m4_2 = fma(l_g1, l_a1, m4_2)
                m4_3 = fma(l_g1, l_a2, m4_3)
                m4_4 = fma(l_g1, l_g1, m4_4)
                sum_u = fma(inverse, inverse, sum_u)
                sum_mu = sum_mu + l_mu
                sum_w = sum_w + l_w
                sum_a1 = sum_a1 + l_a1
                sum_a2 = sum_a2 + l_a2
                sum_g1 = sum_g1 + l_g1
                sum_inverse = sum_inverse + inverse
            x2 = x1
            xm2 = next_xm2
            f2 = next_f2
            size = absolute(z)
            x1 = size - mean_abs
            y1 = z
            falls = less(e, zero)
            shock1 = fma(where(falls, fall, rise), z, zero - expected)  # a1 (|z| - E|z|) + g1 z
            f1 = splat(-0.5) * (shock1 + expected)
            xm1 = where(falls, zero - fall, zero - rise) * inverse
            next_f2 = half_a2 * size
            next_xm2 = where(falls, a2, zero - a2) * inverse
            d_mu2 = d_mu1
            d_mu1 = d_mu
            d_w2 = d_w1
            d_w1 = d_w
            d_a12 = d_a11
            d_a11 = d_a1
            d_a22 = d_a21
            d_a21 = d_a2
            d_g12 = d_g11
            d_g11 = d_g1
            if t & 7 == 7:
                product_q_twos = product_q_twos + exponent(product_q)
                product_q = mantissa(product_q)
        ln2 = splat(0.6931471805599453)
        log_q = fma(product_q_twos, ln2, logarithm(product_q))
        thinned = splat(float(stop) / float((stop + 1) // 2))  # bars to bars sampled
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), log_state))
        store(sums, 1, where(ended, load(sums, 1), fma(factor, sum_psi_sigma, half * score_mu)))
        store(sums, 2, where(ended, load(sums, 2), half * score_w))
        store(sums, 3, where(ended, load(sums, 3), half * score_a1))
        store(sums, 4, where(ended, load(sums, 4), half * score_a2))
        store(sums, 5, where(ended, load(sums, 5), half * score_g1))
        store(sums, 6, where(ended, load(sums, 6), thinned * m0_0))
        store(sums, 7, where(ended, load(sums, 7), thinned * m1_0))
        store(sums, 8, where(ended, load(sums, 8), thinned * m1_1))
        store(sums, 9, where(ended, load(sums, 9), thinned * m2_0))
        store(sums, 10, where(ended, load(sums, 10), thinned * m2_1))
        store(sums, 11, where(ended, load(sums, 11), thinned * m2_2))
        store(sums, 12, where(ended, load(sums, 12), thinned * m3_0))
        store(sums, 13, where(ended, load(sums, 13), thinned * m3_1))
        store(sums, 14, where(ended, load(sums, 14), thinned * m3_2))
        store(sums, 15, where(ended, load(sums, 15), thinned * m3_3))
        store(sums, 16, where(ended, load(sums, 16), thinned * m4_0))
        store(sums, 17, where(ended, load(sums, 17), thinned * m4_1))
        store(sums, 18, where(ended, load(sums, 18), thinned * m4_2))
        store(sums, 19, where(ended, load(sums, 19), thinned * m4_3))
        store(sums, 20, where(ended, load(sums, 20), thinned * m4_4))
        store(sums, 21, where(ended, load(sums, 21), thinned * sum_u))
        store(sums, 22, where(ended, load(sums, 22), thinned * sum_mu))
        store(sums, 23, where(ended, load(sums, 23), thinned * sum_w))
        store(sums, 24, where(ended, load(sums, 24), thinned * sum_a1))
        store(sums, 25, where(ended, load(sums, 25), thinned * sum_a2))
        store(sums, 26, where(ended, load(sums, 26), thinned * sum_g1))
        store(sums, 27, where(ended, load(sums, 27), log_q))
        store(sums, 28, where(ended, load(sums, 28), sum_k))
        store(sums, 29, where(ended, load(sums, 29), sum_psi_z))
        store(sums, 30, where(ended, load(sums, 30), sum_kys))
        store(sums, 31, where(ended, load(sums, 31), thinned * sum_inverse))
        t = stop
        stop = next_stop(n_obs, stop)


def egarch_20_ged(returns, n_obs, theta, constants, sums):
    """egarch(2, 1, 0), ged innovations."""
    align_stack()
    mu = load(theta, 0)
    w = load(theta, 1)
    a1 = load(theta, 2)
    a2 = load(theta, 3)
    g1 = load(theta, 4)
    zero = splat(0.0)
    one = splat(1.0)
    half = splat(0.5)
    presample = load(constants, 0)
    presample_slope = load(constants, 1)
    mean_abs = splat(0.7978845608028654)  # E|z| of a normal, whatever the distribution, as in arch
    rise = g1 + a1  # slope of the shock where z > 0
    fall = g1 - a1
    expected = a1 * mean_abs
    half_a2 = a2 * splat(-0.5)
    power = load(constants, 2)  # nu / 2 - 1
    scale = load(constants, 3)  # c ** -nu
    factor = load(constants, 4)  # nu / 2
    tiny = splat(1e-60)  # |z|**nu is taken at |z| = 1e-30 when an innovation is exactly zero
    x1 = zero
    xm1 = zero
    x2 = zero
    xm2 = zero
    y1 = zero
    shock1 = zero
    f1 = zero
    f2 = zero
    s1 = presample
    d_mu1 = presample_slope
    d_mu2 = presample_slope
    d_w1 = zero
    d_w2 = zero
    d_a11 = zero
    d_a12 = zero
    d_a21 = zero
    d_a22 = zero
    d_g11 = zero
    d_g12 = zero
    log_state = zero
    score_mu = zero
    score_w = zero
    score_a1 = zero
    score_a2 = zero
    score_g1 = zero
    sum_psi_z = zero
    sum_psi_sigma = zero
    sum_m_log = zero
    m0_0 = zero
    m1_0 = zero
    m1_1 = zero
    m2_0 = zero
    m2_1 = zero
    m2_2 = zero
    m3_0 = zero
    m3_1 = zero
    m3_2 = zero
    m3_3 = zero
    m4_0 = zero
    m4_1 = zero
    m4_2 = zero
    m4_3 = zero
    m4_4 = zero
    sum_u = zero
    sum_mu = zero
    sum_w = zero
    sum_a1 = zero
    sum_a2 = zero
    sum_g1 = zero
    next_xm2 = xm2
    next_f2 = zero
    t = 0
    stop = next_stop(n_obs, 0)
    while t < stop:
        for t in range(t, stop):
            d_mu = fma(f2, d_mu2, fma(f1, d_mu1, xm1 + xm2))
            d_w = fma(f2, d_w2, fma(f1, d_w1, one))
            d_a1 = fma(f2, d_a12, fma(f1, d_a11, x1))
            d_a2 = fma(f2, d_a22, fma(f1, d_a21, x2))
            d_g1 = fma(f2, d_g12, fma(f1, d_g11, y1))
            s = fma(a2, x2, w) + shock1
            e = load(returns, t) - mu
            inverse = inverse_volatility(s)
            z = e * inverse
            z2 = fma(z, z, tiny)
            log_z2 = logarithm(z2)
            tail = scale * exponential(power * log_z2)
            psi_z = tail * z2
            psi_sigma = tail * z * inverse
            sum_psi_z = sum_psi_z + psi_z
            sum_psi_sigma = sum_psi_sigma + psi_sigma
            sum_m_log = fma(psi_z, log_z2, sum_m_log)
            c = fma(factor, psi_z, zero - one)
            cd = c
            score_mu = fma(cd, d_mu, score_mu)
            score_w = fma(cd, d_w, score_w)
            score_a1 = fma(cd, d_a1, score_a1)
            score_a2 = fma(cd, d_a2, score_a2)
            score_g1 = fma(cd, d_g1, score_g1)
            log_state = log_state + s
            if t & 1 == 0:
                l_mu = d_mu
                l_w = d_w
                l_a1 = d_a1
                l_a2 = d_a2
                l_g1 = d_g1
                m0_0 = fma(l_mu, l_mu, m0_0)
                m1_0 = fma(l_w, l_mu, m1_0)
                m1_1 = fma(l_w, l_w, m1_1)
                m2_0 = fma(l_a1, l_mu, m2_0)
                m2_1 = fma(l_a1, l_w, m2_1)
                m2_2 = fma(l_a1, l_a1, m2_2)
                m3_0 = fma(l_a2, l_mu, m3_0)
                m3_1 = fma(l_a2, l_w, m3_1)
                m3_2 = fma(l_a2, l_a1, m3_2)
                m3_3 = fma(l_a2, l_a2, m3_3)
                m4_0 = fma(l_g1, l_mu, m4_0)
                m4_1 = fma(l_g1, l_w, m4_1)
                m4_2 = fma(l_g1, l_a1, m4_2)
                m4_3 = fma(l_g1, l_a2, m4_3)
                m4_4 = fma(l_g1, l_g1, m4_4)
                sum_u = fma(inverse, inverse, sum_u)
                sum_mu = sum_mu + l_mu
                sum_w = sum_w + l_w
                sum_a1 = sum_a1 + l_a1
                sum_a2 = sum_a2 + l_a2
                sum_g1 = sum_g1 + l_g1
            x2 = x1
            xm2 = next_xm2
            f2 = next_f2
            size = absolute(z)
            x1 = size - mean_abs
            y1 = z
            falls = less(e, zero)
            shock1 = fma(where(falls, fall, rise), z, zero - expected)  # a1 (|z| - E|z|) + g1 z
            f1 = splat(-0.5) * (shock1 + expected)
            xm1 = where(falls, zero - fall, zero - rise) * inverse
            next_f2 = half_a2 * size
            next_xm2 = where(falls, a2, zero - a2) * inverse
            d_mu2 = d_mu1
            d_mu1 = d_mu
            d_w2 = d_w1
            d_w1 = d_w
            d_a12 = d_a11
            d_a11 = d_a1
            d_a22 = d_a21
            d_a21 = d_a2
            d_g12 = d_g11
            d_g11 = d_g1
        thinned = splat(float(stop) / float((stop + 1) // 2))  # bars to bars sampled
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), log_state))
        store(sums, 1, where(ended, load(sums, 1), fma(factor, sum_psi_sigma, half * score_mu)))
        store(sums, 2, where(ended, load(sums, 2), half * score_w))
        store(sums, 3, where(ended, load(sums, 3), half * score_a1))
        store(sums, 4, where(ended, load(sums, 4), half * score_a2))
        store(sums, 5, where(ended, load(sums, 5), half * score_g1))
        store(sums, 6, where(ended, load(sums, 6), thinned * m0_0))
        store(sums, 7, where(ended, load(sums, 7), thinned * m1_0))
        store(sums, 8, where(ended, load(sums, 8), thinned * m1_1))
        store(sums, 9, where(ended, load(sums, 9), thinned * m2_0))
        store(sums, 10, where(ended, load(sums, 10), thinned * m2_1))
        store(sums, 11, where(ended, load(sums, 11), thinned * m2_2))
        store(sums, 12, where(ended, load(sums, 12), thinned * m3_0))
        store(sums, 13, where(ended, load(sums, 13), thinned * m3_1))
        store(sums, 14, where(ended, load(sums, 14), thinned * m3_2))
        store(sums, 15, where(ended, load(sums, 15), thinned * m3_3))
        store(sums, 16, where(ended, load(sums, 16), thinned * m4_0))
        store(sums, 17, where(ended, load(sums, 17), thinned * m4_1))
        store(sums, 18, where(ended, load(sums, 18), thinned * m4_2))
        store(sums, 19, where(ended, load(sums, 19), thinned * m4_3))
        store(sums, 20, where(ended, load(sums, 20), thinned * m4_4))
        store(sums, 21, where(ended, load(sums, 21), thinned * sum_u))
        store(sums, 22, where(ended, load(sums, 22), thinned * sum_mu))
        store(sums, 23, where(ended, load(sums, 23), thinned * sum_w))
        store(sums, 24, where(ended, load(sums, 24), thinned * sum_a1))
        store(sums, 25, where(ended, load(sums, 25), thinned * sum_a2))
        store(sums, 26, where(ended, load(sums, 26), thinned * sum_g1))
        store(sums, 27, where(ended, load(sums, 27), sum_psi_z))
        store(sums, 28, where(ended, load(sums, 28), sum_m_log))
        t = stop
        stop = next_stop(n_obs, stop)


def egarch_21_normal(returns, n_obs, theta, constants, sums):
    """egarch(2, 1, 1), normal innovations."""
    align_stack()
    mu = load(theta, 0)
    w = load(theta, 1)
    a1 = load(theta, 2)
    a2 = load(theta, 3)
    g1 = load(theta, 4)
    b1 = load(theta, 5)
    zero = splat(0.0)
    one = splat(1.0)
    half = splat(0.5)
    presample = load(constants, 0)
    presample_slope = load(constants, 1)
    mean_abs = splat(0.7978845608028654)  # E|z| of a normal, whatever the distribution, as in arch
    rise = g1 + a1  # slope of the shock where z > 0
    fall = g1 - a1
    expected = a1 * mean_abs
    half_a2 = a2 * splat(-0.5)
    factor = one
    x1 = zero
    xm1 = zero
    x2 = zero
    xm2 = zero
    y1 = zero
    shock1 = zero
    f1 = zero
    f2 = zero
    s1 = presample
    d_mu1 = presample_slope
    d_mu2 = presample_slope
    d_w1 = zero
    d_w2 = zero
    d_a11 = zero
    d_a12 = zero
    d_a21 = zero
    d_a22 = zero
    d_g11 = zero
    d_g12 = zero
    d_b11 = zero
    d_b12 = zero
    log_state = zero
    score_mu = zero
    score_w = zero
    score_a1 = zero
    score_a2 = zero
    score_g1 = zero
    score_b1 = zero
    sum_psi_z = zero
    sum_psi_sigma = zero
    m0_0 = zero
    m1_0 = zero
    m1_1 = zero
    m2_0 = zero
    m2_1 = zero
    m2_2 = zero
    m3_0 = zero
    m3_1 = zero
    m3_2 = zero
    m3_3 = zero
    m4_0 = zero
    m4_1 = zero
    m4_2 = zero
    m4_3 = zero
    m4_4 = zero
    m5_0 = zero
    m5_1 = zero
    m5_2 = zero
    m5_3 = zero
    m5_4 = zero
    m5_5 = zero
    sum_u = zero
    next_xm2 = xm2
    next_f2 = zero
    t = 0
    stop = next_stop(n_obs, 0)
    while t < stop:
        for t in range(t, stop):
            slope1 = b1 + f1
            d_mu = fma(f2, d_mu2, fma(slope1, d_mu1, xm1 + xm2))
            d_w = fma(f2, d_w2, fma(slope1, d_w1, one))
            d_a1 = fma(f2, d_a12, fma(slope1, d_a11, x1))
            d_a2 = fma(f2, d_a22, fma(slope1, d_a21, x2))
            d_g1 = fma(f2, d_g12, fma(slope1, d_g11, y1))
            d_b1 = fma(f2, d_b12, fma(slope1, d_b11, s1))
            s = fma(b1, s1, fma(a2, x2, w)) + shock1
            e = load(returns, t) - mu
            inverse = inverse_volatility(s)
            z = e * inverse
            psi_z = z * z
            psi_sigma = z * inverse
            sum_psi_z = sum_psi_z + psi_z
            sum_psi_sigma = sum_psi_sigma + psi_sigma
            c = psi_z - one
            cd = c
            score_mu = fma(cd, d_mu, score_mu)
            score_w = fma(cd, d_w, score_w)
            score_a1 = fma(cd, d_a1, score_a1)
            score_a2 = fma(cd, d_a2, score_a2)
            score_g1 = fma(cd, d_g1, score_g1)
            score_b1 = fma(cd, d_b1, score_b1)
            log_state = log_state + s
            if t & 1 == 0:
                l_mu = d_mu
                l_w = d_w
                l_a1 = d_a1
                l_a2 = d_a2
                l_g1 = d_g1
                l_b1 = d_b1
                m0_0 = fma(l_mu, l_mu, m0_0)
                m1_0 = fma(l_w, l_mu, m1_0)
                m1_1 = fma(l_w, l_w, m1_1)
                m2_0 = fma(l_a1, l_mu, m2_0)
                m2_1 = fma(l_a1, l_w, m2_1)
                m2_2 = fma(l_a1, l_a1, m2_2)
                m3_0 = fma(l_a2, l_mu, m3_0)
                m3_1 = fma(l_a2, l_w, m3_1)
                m3_2 = fma(l_a2, l_a1, m3_2)
                m3_3 = fma(l_a2, l_a2, m3_3)
                m4_0 = fma(l_g1, l_mu, m4_0)
                m4_1 = fma(l_g1, l_w, m4_1)
                m4_2 = fma(l_g1, l_a1, m4_2)
                m4_3 = fma(l_g1, l_a2, m4_3)
                m4_4 = fma(l_g1, l_g1, m4_4)
                m5_0 = fma(l_b1, l_mu, m5_0)
                m5_1 = fma(l_b1, l_w, m5_1)
                m5_2 = fma(l_b1, l_a1, m5_2)
                m5_3 = fma(l_b1, l_a2, m5_3)
                m5_4 = fma(l_b1, l_g1, m5_4)
                m5_5 = fma(l_b1, l_b1, m5_5)
                sum_u = fma(inverse, inverse, sum_u)
            x2 = x1
            xm2 = next_xm2
            f2 = next_f2
            size = absolute(z)
            x1 = size - mean_abs
            y1 = z
            falls = less(e, zero)
            shock1 = fma(where(falls, fall, rise), z, zero - expected)  # a1 (|z| - E|z|) + g1 z
            f1 = splat(-0.5) * (shock1 + expected)
            xm1 = where(falls, zero - fall, zero - rise) * inverse
            next_f2 = half_a2 * size
            next_xm2 = where(falls, a2, zero - a2) * inverse
            s1 = s
            d_mu2 = d_mu1
            d_mu1 = d_mu
            d_w2 = d_w1
            d_w1 = d_w
            d_a12 = d_a11
            d_a11 = d_a1
            d_a22 = d_a21
            d_a21 = d_a2
            d_g12 = d_g11
            d_g11 = d_g1
            d_b12 = d_b11
            d_b11 = d_b1
        thinned = splat(float(stop) / float((stop + 1) // 2))  # bars to bars sampled
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), log_state))
        store(sums, 1, where(ended, load(sums, 1), fma(factor, sum_psi_sigma, half * score_mu)))
        store(sums, 2, where(ended, load(sums, 2), half * score_w))
        store(sums, 3, where(ended, load(sums, 3), half * score_a1))
        store(sums, 4, where(ended, load(sums, 4), half * score_a2))
        store(sums, 5, where(ended, load(sums, 5), half * score_g1))
        store(sums, 6, where(ended, load(sums, 6), half * score_b1))
        store(sums, 7, where(ended, load(sums, 7), thinned * m0_0))
        store(sums, 8, where(ended, load(sums, 8), thinned * m1_0))
        store(sums, 9, where(ended, load(sums, 9), thinned * m1_1))
        store(sums, 10, where(ended, load(sums, 10), thinned * m2_0))
        store(sums, 11, where(ended, load(sums, 11), thinned * m2_1))
        store(sums, 12, where(ended, load(sums, 12), thinned * m2_2))
        store(sums, 13, where(ended, load(sums, 13), thinned * m3_0))
        store(sums, 14, where(ended, load(sums, 14), thinned * m3_1))
        store(sums, 15, where(ended, load(sums, 15), thinned * m3_2))
        store(sums, 16, where(ended, load(sums, 16), thinned * m3_3))
        store(sums, 17, where(ended, load(sums, 17), thinned * m4_0))
        store(sums, 18, where(ended, load(sums, 18), thinned * m4_1))
        store(sums, 19, where(ended, load(sums, 19), thinned * m4_2))
        store(sums, 20, where(ended, load(sums, 20), thinned * m4_3))
        store(sums, 21, where(ended, load(sums, 21), thinned * m4_4))
        store(sums, 22, where(ended, load(sums, 22), thinned * m5_0))
        store(sums, 23, where(ended, load(sums, 23), thinned * m5_1))
        store(sums, 24, where(ended, load(sums, 24), thinned * m5_2))
        store(sums, 25, where(ended, load(sums, 25), thinned * m5_3))
        store(sums, 26, where(ended, load(sums, 26), thinned * m5_4))
        store(sums, 27, where(ended, load(sums, 27), thinned * m5_5))
        store(sums, 28, where(ended, load(sums, 28), thinned * sum_u))
        store(sums, 29, where(ended, load(sums, 29), zero))
        store(sums, 30, where(ended, load(sums, 30), zero))
        store(sums, 31, where(ended, load(sums, 31), zero))
        store(sums, 32, where(ended, load(sums, 32), zero))
        store(sums, 33, where(ended, load(sums, 33), zero))
        store(sums, 34, where(ended, load(sums, 34), zero))
        store(sums, 35, where(ended, load(sums, 35), sum_psi_z))
        t = stop
        stop = next_stop(n_obs, stop)


def egarch_21_t(returns, n_obs, theta, constants, sums):
    """egarch(2, 1, 1), t innovations."""
    align_stack()
    mu = load(theta, 0)
    w = load(theta, 1)
    a1 = load(theta, 2)
    a2 = load(theta, 3)
    g1 = load(theta, 4)
    b1 = load(theta, 5)
    zero = splat(0.0)
    one = splat(1.0)
    half = splat(0.5)
    presample = load(constants, 0)
    presample_slope = load(constants, 1)
    mean_abs = splat(0.7978845608028654)  # E|z| of a normal, whatever the distribution, as in arch
    rise = g1 + a1  # slope of the shock where z > 0
    fall = g1 - a1
    expected = a1 * mean_abs
    half_a2 = a2 * splat(-0.5)
    k2 = load(constants, 3)  # 1 / (nu - 2)
    factor = load(constants, 2) * k2  # (nu + 1) / (nu - 2)
    x1 = zero
    xm1 = zero
    x2 = zero
    xm2 = zero
    y1 = zero
    shock1 = zero
    f1 = zero
    f2 = zero
    s1 = presample
    d_mu1 = presample_slope
    d_mu2 = presample_slope
    d_w1 = zero
    d_w2 = zero
    d_a11 = zero
    d_a12 = zero
    d_a21 = zero
    d_a22 = zero
    d_g11 = zero
    d_g12 = zero
    d_b11 = zero
    d_b12 = zero
    product_q = one
    product_q_twos = zero
    log_state = zero
    score_mu = zero
    score_w = zero
    score_a1 = zero
    score_a2 = zero
    score_g1 = zero
    score_b1 = zero
    sum_psi_z = zero
    sum_psi_sigma = zero
    m0_0 = zero
    m1_0 = zero
    m1_1 = zero
    m2_0 = zero
    m2_1 = zero
    m2_2 = zero
    m3_0 = zero
    m3_1 = zero
    m3_2 = zero
    m3_3 = zero
    m4_0 = zero
    m4_1 = zero
    m4_2 = zero
    m4_3 = zero
    m4_4 = zero
    m5_0 = zero
    m5_1 = zero
    m5_2 = zero
    m5_3 = zero
    m5_4 = zero
    m5_5 = zero
    sum_u = zero
    sum_mu = zero
    sum_w = zero
    sum_a1 = zero
    sum_a2 = zero
    sum_g1 = zero
    sum_b1 = zero
    next_xm2 = xm2
    next_f2 = zero
    t = 0
    stop = next_stop(n_obs, 0)
    while t < stop:
        for t in range(t, stop):
            slope1 = b1 + f1
            d_mu = fma(f2, d_mu2, fma(slope1, d_mu1, xm1 + xm2))
            d_w = fma(f2, d_w2, fma(slope1, d_w1, one))
            d_a1 = fma(f2, d_a12, fma(slope1, d_a11, x1))
            d_a2 = fma(f2, d_a22, fma(slope1, d_a21, x2))
            d_g1 = fma(f2, d_g12, fma(slope1, d_g11, y1))
            d_b1 = fma(f2, d_b12, fma(slope1, d_b11, s1))
            s = fma(b1, s1, fma(a2, x2, w)) + shock1
            e = load(returns, t) - mu
            inverse = inverse_volatility(s)
            z = e * inverse
            one_q = fma(z * z, k2, one)
            zq = z / one_q
            psi_z = z * zq
            psi_sigma = zq * inverse
            sum_psi_z = sum_psi_z + psi_z
            sum_psi_sigma = sum_psi_sigma + psi_sigma
            c = fma(factor, psi_z, zero - one)
            cd = c
            score_mu = fma(cd, d_mu, score_mu)
            score_w = fma(cd, d_w, score_w)
            score_a1 = fma(cd, d_a1, score_a1)
            score_a2 = fma(cd, d_a2, score_a2)
            score_g1 = fma(cd, d_g1, score_g1)
            score_b1 = fma(cd, d_b1, score_b1)
            product_q = product_q * one_q
            log_state = log_state + s
            if t & 1 == 0:
                l_mu = d_mu
                l_w = d_w
                l_a1 = d_a1
                l_a2 = d_a2
                l_g1 = d_g1
                l_b1 = d_b1
                m0_0 = fma(l_mu, l_mu, m0_0)
                m1_0 = fma(l_w, l_mu, m1_0)
                m1_1 = fma(l_w, l_w, m1_1)
                m2_0 = fma(l_a1, l_mu, m2_0)
                m2_1 = fma(l_a1, l_w, m2_1)
                m2_2 = fma(l_a1, l_a1, m2_2)
                m3_0 = fma(l_a2, l_mu, m3_0)
                m3_1 = fma(l_a2, l_w, m3_1)
                m3_2 = fma(l_a2, l_a1, m3_2)
                m3_3 = fma(l_a2, l_a2, m3_3)
                m4_0 = fma(l_g1, l_mu, m4_0)
                m4_1 = fma(l_g1, l_w, m4_1)
                m4_2 = fma(l_g1, l_a1, m4_2)
                m4_3 = fma(l_g1, l_a2, m4_3)
                m4_4 = fma(l_g1, l_g1, m4_4)
                m5_0 = fma(l_b1, l_mu, m5_0)
                m5_1 = fma(l_b1, l_w, m5_1)
                m5_2 = fma(l_b1, l_a1, m5_2)
                m5_3 = fma(l_b1, l_a2, m5_3)
                m5_4 = fma(l_b1, l_g1, m5_4)
                m5_5 = fma(l_b1, l_b1, m5_5)
                sum_u = fma(inverse, inverse, sum_u)
                sum_mu = sum_mu + l_mu
                sum_w = sum_w + l_w
                sum_a1 = sum_a1 + l_a1
                sum_a2 = sum_a2 + l_a2
                sum_g1 = sum_g1 + l_g1
                sum_b1 = sum_b1 + l_b1
            x2 = x1
            xm2 = next_xm2
            f2 = next_f2
            size = absolute(z)
            x1 = size - mean_abs
            y1 = z
            falls = less(e, zero)
            shock1 = fma(where(falls, fall, rise), z, zero - expected)  # a1 (|z| - E|z|) + g1 z
            f1 = splat(-0.5) * (shock1 + expected)
            xm1 = where(falls, zero - fall, zero - rise) * inverse
            next_f2 = half_a2 * size
            next_xm2 = where(falls, a2, zero - a2) * inverse
            s1 = s
            d_mu2 = d_mu1
            d_mu1 = d_mu
            d_w2 = d_w1
            d_w1 = d_w
            d_a12 = d_a11
            d_a11 = d_a1
            d_a22 = d_a21
            d_a21 = d_a2
            d_g12 = d_g11
            d_g11 = d_g1
            d_b12 = d_b11
            d_b11 = d_b1
            if t & 7 == 7:
                product_q_twos = product_q_twos + exponent(product_q)
                product_q = mantissa(product_q)
        ln2 = splat(0.6931471805599453)
        log_q = fma(product_q_twos, ln2, logarithm(product_q))
        thinned = splat(float(stop) / float((stop + 1) // 2))  # bars to bars sampled
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), log_state))
        store(sums, 1, where(ended, load(sums, 1), fma(factor, sum_psi_sigma, half * score_mu)))
        store(sums, 2, where(ended, load(sums, 2), half * score_w))
        store(sums, 3, where(ended, load(sums, 3), half * score_a1))
        store(sums, 4, where(ended, load(sums, 4), half * score_a2))
        store(sums, 5, where(ended, load(sums, 5), half * score_g1))
        store(sums, 6, where(ended, load(sums, 6), half * score_b1))
        store(sums, 7, where(ended, load(sums, 7), thinned * m0_0))
        store(sums, 8, where(ended, load(sums, 8), thinned * m1_0))
        store(sums, 9, where(ended, load(sums, 9), thinned * m1_1))
        store(sums, 10, where(ended, load(sums, 10), thinned * m2_0))
        store(sums, 11, where(ended, load(sums, 11), thinned * m2_1))
        store(sums, 12, where(ended, load(sums, 12), thinned * m2_2))
        store(sums, 13, where(ended, load(sums, 13), thinned * m3_0))
        store(sums, 14, where(ended, load(sums, 14), thinned * m3_1))
        store(sums, 15, where(ended, load(sums, 15), thinned * m3_2))
        store(sums, 16, where(ended, load(sums, 16), thinned * m3_3))
        store(sums, 17, where(ended, load(sums, 17), thinned * m4_0))
        store(sums, 18, where(ended, load(sums, 18), thinned * m4_1))
        store(sums, 19, where(ended, load(sums, 19), thinned * m4_2))
        store(sums, 20, where(ended, load(sums, 20), thinned * m4_3))
        store(sums, 21, where(ended, load(sums, 21), thinned * m4_4))
        store(sums, 22, where(ended, load(sums, 22), thinned * m5_0))
        store(sums, 23, where(ended, load(sums, 23), thinned * m5_1))
        store(sums, 24, where(ended, load(sums, 24), thinned * m5_2))
        store(sums, 25, where(ended, load(sums, 25), thinned * m5_3))
        store(sums, 26, where(ended, load(sums, 26), thinned * m5_4))
        store(sums, 27, where(ended, load(sums, 27), thinned * m5_5))
        store(sums, 28, where(ended, load(sums, 28), thinned * sum_u))
        store(sums, 29, where(ended, load(sums, 29), thinned * sum_mu))
        store(sums, 30, where(ended, load(sums, 30), thinned * sum_w))
        store(sums, 31, where(ended, load(sums, 31), thinned * sum_a1))
        store(sums, 32, where(ended, load(sums, 32), thinned * sum_a2))
        store(sums, 33, where(ended, load(sums, 33), thinned * sum_g1))
        store(sums, 34, where(ended, load(sums, 34), thinned * sum_b1))
        store(sums, 35, where(ended, load(sums, 35), log_q))
        store(sums, 36, where(ended, load(sums, 36), k2 * sum_psi_z))
        t = stop
        stop = next_stop(n_obs, stop)


def egarch_21_skewt(returns, n_obs, theta, constants, sums):
    """egarch(2, 1, 1), skewt innovations."""
    align_stack()
    mu = load(theta, 0)
    w = load(theta, 1)
    a1 = load(theta, 2)
    a2 = load(theta, 3)
    g1 = load(theta, 4)
    b1 = load(theta, 5)
    zero = splat(0.0)
    one = splat(1.0)
    half = splat(0.5)
    presample = load(constants, 0)
    presample_slope = load(constants, 1)
    mean_abs = splat(0.7978845608028654)  # E|z| of a normal, whatever the distribution, as in arch
    rise = g1 + a1  # slope of the shock where z > 0
    fall = g1 - a1
    expected = a1 * mean_abs
    half_a2 = a2 * splat(-0.5)
    a_ = load(constants, 2)  # Hansen's a and b
    b_ = load(constants, 3)
    left = load(constants, 4)  # 1 / (1 - lambda)
    right = load(constants, 5)  # 1 / (1 + lambda)
    k2 = load(constants, 6)  # 1 / (eta - 2)
    factor = load(constants, 7)  # b (eta + 1) / (eta - 2)
    x1 = zero
    xm1 = zero
    x2 = zero
    xm2 = zero
    y1 = zero
    shock1 = zero
    f1 = zero
    f2 = zero
    s1 = presample
    d_mu1 = presample_slope
    d_mu2 = presample_slope
    d_w1 = zero
    d_w2 = zero
    d_a11 = zero
    d_a12 = zero
    d_a21 = zero
    d_a22 = zero
    d_g11 = zero
    d_g12 = zero
    d_b11 = zero
    d_b12 = zero
    product_q = one
    product_q_twos = zero
    log_state = zero
    score_mu = zero
    score_w = zero
    score_a1 = zero
    score_a2 = zero
    score_g1 = zero
    score_b1 = zero
    sum_psi_z = zero
    sum_psi_sigma = zero
    sum_k = zero
    sum_kys = zero
    m0_0 = zero
    m1_0 = zero
    m1_1 = zero
    m2_0 = zero
    m2_1 = zero
    m2_2 = zero
    m3_0 = zero
    m3_1 = zero
    m3_2 = zero
    m3_3 = zero
    m4_0 = zero
    m4_1 = zero
    m4_2 = zero
    m4_3 = zero
    m4_4 = zero
    m5_0 = zero
    m5_1 = zero
    m5_2 = zero
    m5_3 = zero
    m5_4 = zero
    m5_5 = zero
    sum_u = zero
    sum_mu = zero
    sum_w = zero
    sum_a1 = zero
    sum_a2 = zero
    sum_g1 = zero
    sum_b1 = zero
    sum_inverse = zero
    next_xm2 = xm2
    next_f2 = zero
    t = 0
    stop = next_stop(n_obs, 0)
    while t < stop:
        for t in range(t, stop):
            slope1 = b1 + f1
            d_mu = fma(f2, d_mu2, fma(slope1, d_mu1, xm1 + xm2))
            d_w = fma(f2, d_w2, fma(slope1, d_w1, one))
            d_a1 = fma(f2, d_a12, fma(slope1, d_a11, x1))
            d_a2 = fma(f2, d_a22, fma(slope1, d_a21, x2))
            d_g1 = fma(f2, d_g12, fma(slope1, d_g11, y1))
            d_b1 = fma(f2, d_b12, fma(slope1, d_b11, s1))
            s = fma(b1, s1, fma(a2, x2, w)) + shock1
            e = load(returns, t) - mu
            inverse = inverse_volatility(s)
            z = e * inverse
            yb = fma(b_, z, a_)
            side = where(less(yb, zero), left, right)
            y = yb * side
            one_q = fma(y * y, k2, one)
            k = y * side / one_q
            psi_z = k * z
            psi_sigma = k * inverse
            ky = k * y
            sum_psi_z = sum_psi_z + psi_z
            sum_psi_sigma = sum_psi_sigma + psi_sigma
            kys = where(less(yb, zero), zero - ky, ky)
            sum_k = sum_k + k
            sum_kys = sum_kys + kys
            c = fma(factor, psi_z, zero - one)
            cd = c
            score_mu = fma(cd, d_mu, score_mu)
            score_w = fma(cd, d_w, score_w)
            score_a1 = fma(cd, d_a1, score_a1)
            score_a2 = fma(cd, d_a2, score_a2)
            score_g1 = fma(cd, d_g1, score_g1)
            score_b1 = fma(cd, d_b1, score_b1)
            product_q = product_q * one_q
            log_state = log_state + s
            if t & 1 == 0:
                l_mu = d_mu
                l_w = d_w
                l_a1 = d_a1
                l_a2 = d_a2
                l_g1 = d_g1
                l_b1 = d_b1
                m0_0 = fma(l_mu, l_mu, m0_0)
                m1_0 = fma(l_w, l_mu, m1_0)
                m1_1 = fma(l_w, l_w, m1_1)
                m2_0 = fma(l_a1, l_mu, m2_0)
                m2_1 = fma(l_a1, l_w, m2_1)
                m2_2 = fma(l_a1, l_a1, m2_2)
                m3_0 = fma(l_a2, l_mu, m3_0)
                m3_1 = fma(l_a2, l_w, m3_1)
                m3_2 = fma(l_a2, l_a1, m3_2)
                m3_3 = fma(l_a2, l_a2, m3_3)
                m4_0 = fma(l_g1, l_mu, m4_0)
                m4_1 = fma(l_g1, l_w, m4_1)
                m4_2 = fma(l_g1, l_a1, m4_2)
                m4_3 = fma(l_g1, l_a2, m4_3)
                m4_4 = fma(l_g1, l_g1, m4_4)
                m5_0 = fma(l_b1, l_mu, m5_0)
                m5_1 = fma(l_b1, l_w, m5_1)
                m5_2 = fma(l_b1, l_a1, m5_2)
                m5_3 = fma(l_b1, l_a2, m5_3)
                m5_4 = fma(l_b1, l_g1, m5_4)
                m5_5 = fma(l_b1, l_b1, m5_5)
                sum_u = fma(inverse, inverse, sum_u)
                sum_mu = sum_mu + l_mu
                sum_w = sum_w + l_w
                sum_a1 = sum_a1 + l_a1
                sum_a2 = sum_a2 + l_a2
                sum_g1 = sum_g1 + l_g1
                sum_b1 = sum_b1 + l_b1
                sum_inverse = sum_inverse + inverse
            x2 = x1
            xm2 = next_xm2
            f2 = next_f2
            size = absolute(z)
            x1 = size - mean_abs
            y1 = z
            falls = less(e, zero)
            shock1 = fma(where(falls, fall, rise), z, zero - expected)  # a1 (|z| - E|z|) + g1 z
            f1 = splat(-0.5) * (shock1 + expected)
            xm1 = where(falls, zero - fall, zero - rise) * inverse
            next_f2 = half_a2 * size
            next_xm2 = where(falls, a2, zero - a2) * inverse
            s1 = s
            d_mu2 = d_mu1
            d_mu1 = d_mu
            d_w2 = d_w1
            d_w1 = d_w
            d_a12 = d_a11
            d_a11 = d_a1
            d_a22 = d_a21
            d_a21 = d_a2
            d_g12 = d_g11
            d_g11 = d_g1
            d_b12 = d_b11
            d_b11 = d_b1
            if t & 7 == 7:
                product_q_twos = product_q_twos + exponent(product_q)
                product_q = mantissa(product_q)
        ln2 = splat(0.6931471805599453)
        log_q = fma(product_q_twos, ln2, logarithm(product_q))
        thinned = splat(float(stop) / float((stop + 1) // 2))  # bars to bars sampled
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), log_state))
        store(sums, 1, where(ended, load(sums, 1), fma(factor, sum_psi_sigma, half * score_mu)))
        store(sums, 2, where(ended, load(sums, 2), half * score_w))
        store(sums, 3, where(ended, load(sums, 3), half * score_a1))
        store(sums, 4, where(ended, load(sums, 4), half * score_a2))
        store(sums, 5, where(ended, load(sums, 5), half * score_g1))
        store(sums, 6, where(ended, load(sums, 6), half * score_b1))
        store(sums, 7, where(ended, load(sums, 7), thinned * m0_0))
        store(sums, 8, where(ended, load(sums, 8), thinned * m1_0))
        store(sums, 9, where(ended, load(sums, 9), thinned * m1_1))
        store(sums, 10, where(ended, load(sums, 10), thinned * m2_0))
        store(sums, 11, where(ended, load(sums, 11), thinned * m2_1))
        store(sums, 12, where(ended, load(sums, 12), thinned * m2_2))
        store(sums, 13, where(ended, load(sums, 13), thinned * m3_0))
        store(sums, 14, where(ended, load(sums, 14), thinned * m3_1))
        store(sums, 15, where(ended, load(sums, 15), thinned * m3_2))
        store(sums, 16, where(ended, load(sums, 16), thinned * m3_3))
        store(sums, 17, where(ended, load(sums, 17), thinned * m4_0))
        store(sums, 18, where(ended, load(sums, 18), thinned * m4_1))
        store(sums, 19, where(ended, load(sums, 19), thinned * m4_2))
        store(sums, 20, where(ended, load(sums, 20), thinned * m4_3))
        store(sums, 21, where(ended, load(sums, 21), thinned * m4_4))
        store(sums, 22, where(ended, load(sums, 22), thinned * m5_0))
        store(sums, 23, where(ended, load(sums, 23), thinned * m5_1))
        store(sums, 24, where(ended, load(sums, 24), thinned * m5_2))
        store(sums, 25, where(ended, load(sums, 25), thinned * m5_3))
        store(sums, 26, where(ended, load(sums, 26), thinned * m5_4))
        store(sums, 27, where(ended, load(sums, 27), thinned * m5_5))
        store(sums, 28, where(ended, load(sums, 28), thinned * sum_u))
        store(sums, 29, where(ended, load(sums, 29), thinned * sum_mu))
        store(sums, 30, where(ended, load(sums, 30), thinned * sum_w))
        store(sums, 31, where(ended, load(sums, 31), thinned * sum_a1))
        store(sums, 32, where(ended, load(sums, 32), thinned * sum_a2))
        store(sums, 33, where(ended, load(sums, 33), thinned * sum_g1))
        store(sums, 34, where(ended, load(sums, 34), thinned * sum_b1))
        store(sums, 35, where(ended, load(sums, 35), log_q))
        store(sums, 36, where(ended, load(sums, 36), sum_k))
        store(sums, 37, where(ended, load(sums, 37), sum_psi_z))
        store(sums, 38, where(ended, load(sums, 38), sum_kys))
        store(sums, 39, where(ended, load(sums, 39), thinned * sum_inverse))
        t = stop
        stop = next_stop(n_obs, stop)


def egarch_21_ged(returns, n_obs, theta, constants, sums):
    """egarch(2, 1, 1), ged innovations."""
    align_stack()
    mu = load(theta, 0)
    w = load(theta, 1)
    a1 = load(theta, 2)
    a2 = load(theta, 3)
    g1 = load(theta, 4)
    b1 = load(theta, 5)
    zero = splat(0.0)
    one = splat(1.0)
    half = splat(0.5)
    presample = load(constants, 0)
    presample_slope = load(constants, 1)
    mean_abs = splat(0.7978845608028654)  # E|z| of a normal, whatever the distribution, as in arch
    rise = g1 + a1  # slope of the shock where z > 0
    fall = g1 - a1
    expected = a1 * mean_abs
    half_a2 = a2 * splat(-0.5)
    power = load(constants, 2)  # nu / 2 - 1
    scale = load(constants, 3)  # c ** -nu
    factor = load(constants, 4)  # nu / 2
    tiny = splat(1e-60)  # |z|**nu is taken at |z| = 1e-30 when an innovation is exactly zero
    x1 = zero
    xm1 = zero
    x2 = zero
    xm2 = zero
    y1 = zero
    shock1 = zero
    f1 = zero
    f2 = zero
    s1 = presample
    d_mu1 = presample_slope
    d_mu2 = presample_slope
    d_w1 = zero
    d_w2 = zero
    d_a11 = zero
    d_a12 = zero
    d_a21 = zero
    d_a22 = zero
    d_g11 = zero
    d_g12 = zero
    d_b11 = zero
    d_b12 = zero
    log_state = zero
    score_mu = zero
    score_w = zero
    score_a1 = zero
    score_a2 = zero
    score_g1 = zero
    score_b1 = zero
    sum_psi_z = zero
    sum_psi_sigma = zero
    sum_m_log = zero
    m0_0 = zero
    m1_0 = zero
    m1_1 = zero
    m2_0 = zero
    m2_1 = zero
    m2_2 = zero
    m3_0 = zero
    m3_1 = zero
    m3_2 = zero
    m3_3 = zero
    m4_0 = zero
    m4_1 = zero
    m4_2 = zero
    m4_3 = zero
    m4_4 = zero
    m5_0 = zero
    m5_1 = zero
    m5_2 = zero
    m5_3 = zero
    m5_4 = zero
    m5_5 = zero
    sum_u = zero
    sum_mu = zero
    sum_w = zero
    sum_a1 = zero
    sum_a2 = zero
    sum_g1 = zero
    sum_b1 = zero
    next_xm2 = xm2
    next_f2 = zero
    t = 0
    stop = next_stop(n_obs, 0)
    while t < stop:
        for t in range(t, stop):
            slope1 = b1 + f1
            d_mu = fma(f2, d_mu2, fma(slope1, d_mu1, xm1 + xm2))
            d_w = fma(f2, d_w2, fma(slope1, d_w1, one))
            d_a1 = fma(f2, d_a12, fma(slope1, d_a11, x1))
            d_a2 = fma(f2, d_a22, fma(slope1, d_a21, x2))
            d_g1 = fma(f2, d_g12, fma(slope1, d_g11, y1))
            d_b1 = fma(f2, d_b12, fma(slope1, d_b11, s1))
            s = fma(b1, s1, fma(a2, x2, w)) + shock1
            e = load(returns, t) - mu
            inverse = inverse_volatility(s)
            z = e * inverse
            z2 = fma(z, z, tiny)
            log_z2 = logarithm(z2)
            tail = scale * exponential(power * log_z2)
            psi_z = tail * z2
            psi_sigma = tail * z * inverse
            sum_psi_z = sum_psi_z + psi_z
            sum_psi_sigma = sum_psi_sigma + psi_sigma
            sum_m_log = fma(psi_z, log_z2, sum_m_log)
            c = fma(factor, psi_z, zero - one)
            cd = c
            score_mu = fma(cd, d_mu, score_mu)
            score_w = fma(cd, d_w, score_w)
            score_a1 = fma(cd, d_a1, score_a1)
            score_a2 = fma(cd, d_a2, score_a2)
            score_g1 = fma(cd, d_g1, score_g1)
            score_b1 = fma(cd, d_b1, score_b1)
            log_state = log_state + s
            if t & 1 == 0:
                l_mu = d_mu
                l_w = d_w
                l_a1 = d_a1
                l_a2 = d_a2
                l_g1 = d_g1
                l_b1 = d_b1
                m0_0 = fma(l_mu, l_mu, m0_0)
                m1_0 = fma(l_w, l_mu, m1_0)
                m1_1 = fma(l_w, l_w, m1_1)
                m2_0 = fma(l_a1, l_mu, m2_0)
                m2_1 = fma(l_a1, l_w, m2_1)
                m2_2 = fma(l_a1, l_a1, m2_2)
                m3_0 = fma(l_a2, l_mu, m3_0)
                m3_1 = fma(l_a2, l_w, m3_1)
                m3_2 = fma(l_a2, l_a1, m3_2)
                m3_3 = fma(l_a2, l_a2, m3_3)
                m4_0 = fma(l_g1, l_mu, m4_0)
                m4_1 = fma(l_g1, l_w, m4_1)
                m4_2 = fma(l_g1, l_a1, m4_2)
                m4_3 = fma(l_g1, l_a2, m4_3)
                m4_4 = fma(l_g1, l_g1, m4_4)
                m5_0 = fma(l_b1, l_mu, m5_0)
                m5_1 = fma(l_b1, l_w, m5_1)
                m5_2 = fma(l_b1, l_a1, m5_2)
                m5_3 = fma(l_b1, l_a2, m5_3)
                m5_4 = fma(l_b1, l_g1, m5_4)
                m5_5 = fma(l_b1, l_b1, m5_5)
                sum_u = fma(inverse, inverse, sum_u)
                sum_mu = sum_mu + l_mu
                sum_w = sum_w + l_w
                sum_a1 = sum_a1 + l_a1
                sum_a2 = sum_a2 + l_a2
                sum_g1 = sum_g1 + l_g1
                sum_b1 = sum_b1 + l_b1
            x2 = x1
            xm2 = next_xm2
            f2 = next_f2
            size = absolute(z)
            x1 = size - mean_abs
            y1 = z
            falls = less(e, zero)
            shock1 = fma(where(falls, fall, rise), z, zero - expected)  # a1 (|z| - E|z|) + g1 z
            f1 = splat(-0.5) * (shock1 + expected)
            xm1 = where(falls, zero - fall, zero - rise) * inverse
            next_f2 = half_a2 * size
            next_xm2 = where(falls, a2, zero - a2) * inverse
            s1 = s
            d_mu2 = d_mu1
            d_mu1 = d_mu
            d_w2 = d_w1
            d_w1 = d_w
            d_a12 = d_a11
            d_a11 = d_a1
            d_a22 = d_a21
            d_a21 = d_a2
            d_g12 = d_g11
            d_g11 = d_g1
            d_b12 = d_b11
            d_b11 = d_b1
        thinned = splat(float(stop) / float((stop + 1) // 2))  # bars to bars sampled
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), log_state))
        store(sums, 1, where(ended, load(sums, 1), fma(factor, sum_psi_sigma, half * score_mu)))
        store(sums, 2, where(ended, load(sums, 2), half * score_w))
        store(sums, 3, where(ended, load(sums, 3), half * score_a1))
        store(sums, 4, where(ended, load(sums, 4), half * score_a2))
        store(sums, 5, where(ended, load(sums, 5), half * score_g1))
        store(sums, 6, where(ended, load(sums, 6), half * score_b1))
        store(sums, 7, where(ended, load(sums, 7), thinned * m0_0))
        store(sums, 8, where(ended, load(sums, 8), thinned * m1_0))
        store(sums, 9, where(ended, load(sums, 9), thinned * m1_1))
        store(sums, 10, where(ended, load(sums, 10), thinned * m2_0))
        store(sums, 11, where(ended, load(sums, 11), thinned * m2_1))
        store(sums, 12, where(ended, load(sums, 12), thinned * m2_2))
        store(sums, 13, where(ended, load(sums, 13), thinned * m3_0))
        store(sums, 14, where(ended, load(sums, 14), thinned * m3_1))
        store(sums, 15, where(ended, load(sums, 15), thinned * m3_2))
        store(sums, 16, where(ended, load(sums, 16), thinned * m3_3))
        store(sums, 17, where(ended, load(sums, 17), thinned * m4_0))
        store(sums, 18, where(ended, load(sums, 18), thinned * m4_1))
        store(sums, 19, where(ended, load(sums, 19), thinned * m4_2))
        store(sums, 20, where(ended, load(sums, 20), thinned * m4_3))
        store(sums, 21, where(ended, load(sums, 21), thinned * m4_4))
        store(sums, 22, where(ended, load(sums, 22), thinned * m5_0))
        store(sums, 23, where(ended, load(sums, 23), thinned * m5_1))
        store(sums, 24, where(ended, load(sums, 24), thinned * m5_2))
        store(sums, 25, where(ended, load(sums, 25), thinned * m5_3))
        store(sums, 26, where(ended, load(sums, 26), thinned * m5_4))
        store(sums, 27, where(ended, load(sums, 27), thinned * m5_5))
        store(sums, 28, where(ended, load(sums, 28), thinned * sum_u))
        store(sums, 29, where(ended, load(sums, 29), thinned * sum_mu))
        store(sums, 30, where(ended, load(sums, 30), thinned * sum_w))
        store(sums, 31, where(ended, load(sums, 31), thinned * sum_a1))
        store(sums, 32, where(ended, load(sums, 32), thinned * sum_a2))
        store(sums, 33, where(ended, load(sums, 33), thinned * sum_g1))
        store(sums, 34, where(ended, load(sums, 34), thinned * sum_b1))
        store(sums, 35, where(ended, load(sums, 35), sum_psi_z))
        store(sums, 36, where(ended, load(sums, 36), sum_m_log))
        t = stop
        stop = next_stop(n_obs, stop)


def egarch_22_normal(returns, n_obs, theta, constants, sums):
    """egarch(2, 1, 2), normal innovations."""
    align_stack()
    mu = load(theta, 0)
    w = load(theta, 1)
    a1 = load(theta, 2)
    a2 = load(theta, 3)
    g1 = load(theta, 4)
    b1 = load(theta, 5)
    b2 = load(theta, 6)
    zero = splat(0.0)
    one = splat(1.0)
    half = splat(0.5)
    presample = load(constants, 0)
    presample_slope = load(constants, 1)
    mean_abs = splat(0.7978845608028654)  # E|z| of a normal, whatever the distribution, as in arch
    rise = g1 + a1  # slope of the shock where z > 0
    fall = g1 - a1
    expected = a1 * mean_abs
    half_a2 = a2 * splat(-0.5)
    factor = one
    x1 = zero
    xm1 = zero
    x2 = zero
    xm2 = zero
    y1 = zero
    shock1 = zero
    f1 = zero
    f2 = zero
    s1 = presample
    s2 = presample
    d_mu1 = presample_slope
    d_mu2 = presample_slope
    d_w1 = zero
    d_w2 = zero
    d_a11 = zero
    d_a12 = zero
    d_a21 = zero
    d_a22 = zero
    d_g11 = zero
    d_g12 = zero
    d_b11 = zero
    d_b12 = zero
    d_b21 = zero
    d_b22 = zero
    log_state = zero
    score_mu = zero
    score_w = zero
    score_a1 = zero
    score_a2 = zero
    score_g1 = zero
    score_b1 = zero
    score_b2 = zero
    sum_psi_z = zero
    sum_psi_sigma = zero
    m0_0 = zero
    m1_0 = zero
    m1_1 = zero
    m2_0 = zero
    m2_1 = zero
    m2_2 = zero
    m3_0 = zero
    m3_1 = zero
    m3_2 = zero
    m3_3 = zero
    m4_0 = zero
    m4_1 = zero
    m4_2 = zero
    m4_3 = zero
    m4_4 = zero
    m5_0 = zero
    m5_1 = zero
    m5_2 = zero
    m5_3 = zero
    m5_4 = zero
    m5_5 = zero
    m6_0 = zero
    m6_1 = zero
    m6_2 = zero
    m6_3 = zero
    m6_4 = zero
    m6_5 = zero
    m6_6 = zero
    sum_u = zero
    next_xm2 = xm2
    next_f2 = zero
    t = 0
    stop = next_stop(n_obs, 0)
    while t < stop:
        for t in range(t, stop):
            slope1 = b1 + f1
            slope2 = b2 + f2
            d_mu = fma(slope2, d_mu2, fma(slope1, d_mu1, xm1 + xm2))
            d_w = fma(slope2, d_w2, fma(slope1, d_w1, one))
            d_a1 = fma(slope2, d_a12, fma(slope1, d_a11, x1))
            d_a2 = fma(slope2, d_a22, fma(slope1, d_a21, x2))
            d_g1 = fma(slope2, d_g12, fma(slope1, d_g11, y1))
            d_b1 = fma(slope2, d_b12, fma(slope1, d_b11, s1))
            d_b2 = fma(slope2, d_b22, fma(slope1, d_b21, s2))
            s = fma(b1, s1, fma(b2, s2, fma(a2, x2, w))) + shock1
            e = load(returns, t) - mu
            inverse = inverse_volatility(s)
            z = e * inverse
            psi_z = z * z
            psi_sigma = z * inverse
            sum_psi_z = sum_psi_z + psi_z
            sum_psi_sigma = sum_psi_sigma + psi_sigma
            c = psi_z - one
            cd = c
            score_mu = fma(cd, d_mu, score_mu)
            score_w = fma(cd, d_w, score_w)
            score_a1 = fma(cd, d_a1, score_a1)
            score_a2 = fma(cd, d_a2, score_a2)
            score_g1 = fma(cd, d_g1, score_g1)
            score_b1 = fma(cd, d_b1, score_b1)
            score_b2 = fma(cd, d_b2, score_b2)
            log_state = log_state + s
            if t & 1 == 0:
                l_mu = d_mu
                l_w = d_w
                l_a1 = d_a1
                l_a2 = d_a2
                l_g1 = d_g1
                l_b1 = d_b1
                l_b2 = d_b2
                m0_0 = fma(l_mu, l_mu, m0_0)
                m1_0 = fma(l_w, l_mu, m1_0)
                m1_1 = fma(l_w, l_w, m1_1)
                m2_0 = fma(l_a1, l_mu, m2_0)
                m2_1 = fma(l_a1, l_w, m2_1)
                m2_2 = fma(l_a1, l_a1, m2_2)
                m3_0 = fma(l_a2, l_mu, m3_0)
                m3_1 = fma(l_a2, l_w, m3_1)
                m3_2 = fma(l_a2, l_a1, m3_2)
                m3_3 = fma(l_a2, l_a2, m3_3)
                m4_0 = fma(l_g1, l_mu, m4_0)
                m4_1 = fma(l_g1, l_w, m4_1)
                m4_2 = fma(l_g1, l_a1, m4_2)
                m4_3 = fma(l_g1, l_a2, m4_3)
                m4_4 = fma(l_g1, l_g1, m4_4)
                m5_0 = fma(l_b1, l_mu, m5_0)
                m5_1 = fma(l_b1, l_w, m5_1)
                m5_2 = fma(l_b1, l_a1, m5_2)
                m5_3 = fma(l_b1, l_a2, m5_3)
                m5_4 = fma(l_b1, l_g1, m5_4)
                m5_5 = fma(l_b1, l_b1, m5_5)
                m6_0 = fma(l_b2, l_mu, m6_0)
                m6_1 = fma(l_b2, l_w, m6_1)
                m6_2 = fma(l_b2, l_a1, m6_2)
                m6_3 = fma(l_b2, l_a2, m6_3)
                m6_4 = fma(l_b2, l_g1, m6_4)
                m6_5 = fma(l_b2, l_b1, m6_5)
                m6_6 = fma(l_b2, l_b2, m6_6)
                sum_u = fma(inverse, inverse, sum_u)
            x2 = x1
            xm2 = next_xm2
            f2 = next_f2
            size = absolute(z)
            x1 = size - mean_abs
            y1 = z
            falls = less(e, zero)
            shock1 = fma(where(falls, fall, rise), z, zero - expected)  # a1 (|z| - E|z|) + g1 z
            f1 = splat(-0.5) * (shock1 + expected)
            xm1 = where(falls, zero - fall, zero - rise) * inverse
            next_f2 = half_a2 * size
            next_xm2 = where(falls, a2, zero - a2) * inverse
            s2 = s1
            s1 = s
            d_mu2 = d_mu1
            d_mu1 = d_mu
            d_w2 = d_w1
            d_w1 = d_w
            d_a12 = d_a11
            d_a11 = d_a1
            d_a22 = d_a21
            d_a21 = d_a2
            d_g12 = d_g11
            d_g11 = d_g1
            d_b12 = d_b11
            d_b11 = d_b1
            d_b22 = d_b21
            d_b21 = d_b2
        thinned = splat(float(stop) / float((stop + 1) // 2))  # bars to bars sampled
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), log_state))
        store(sums, 1, where(ended, load(sums, 1), fma(factor, sum_psi_sigma, half * score_mu)))
        store(sums, 2, where(ended, load(sums, 2), half * score_w))
        store(sums, 3, where(ended, load(sums, 3), half * score_a1))
        store(sums, 4, where(ended, load(sums, 4), half * score_a2))
        store(sums, 5, where(ended, load(sums, 5), half * score_g1))
        store(sums, 6, where(ended, load(sums, 6), half * score_b1))
        store(sums, 7, where(ended, load(sums, 7), half * score_b2))
        store(sums, 8, where(ended, load(sums, 8), thinned * m0_0))
        store(sums, 9, where(ended, load(sums, 9), thinned * m1_0))
        store(sums, 10, where(ended, load(sums, 10), thinned * m1_1))
        store(sums, 11, where(ended, load(sums, 11), thinned * m2_0))
        store(sums, 12, where(ended, load(sums, 12), thinned * m2_1))
        store(sums, 13, where(ended, load(sums, 13), thinned * m2_2))
        store(sums, 14, where(ended, load(sums, 14), thinned * m3_0))
        store(sums, 15, where(ended, load(sums, 15), thinned * m3_1))
        store(sums, 16, where(ended, load(sums, 16), thinned * m3_2))
        store(sums, 17, where(ended, load(sums, 17), thinned * m3_3))
        store(sums, 18, where(ended, load(sums, 18), thinned * m4_0))
        store(sums, 19, where(ended, load(sums, 19), thinned * m4_1))
        store(sums, 20, where(ended, load(sums, 20), thinned * m4_2))
        store(sums, 21, where(ended, load(sums, 21), thinned * m4_3))
        store(sums, 22, where(ended, load(sums, 22), thinned * m4_4))
        store(sums, 23, where(ended, load(sums, 23), thinned * m5_0))
        store(sums, 24, where(ended, load(sums, 24), thinned * m5_1))
        store(sums, 25, where(ended, load(sums, 25), thinned * m5_2))
        store(sums, 26, where(ended, load(sums, 26), thinned * m5_3))
        store(sums, 27, where(ended, load(sums, 27), thinned * m5_4))
        store(sums, 28, where(ended, load(sums, 28), thinned * m5_5))
        store(sums, 29, where(ended, load(sums, 29), thinned * m6_0))
        store(sums, 30, where(ended, load(sums, 30), thinned * m6_1))
        store(sums, 31, where(ended, load(sums, 31), thinned * m6_2))
        store(sums, 32, where(ended, load(sums, 32), thinned * m6_3))
        store(sums, 33, where(ended, load(sums, 33), thinned * m6_4))
        store(sums, 34, where(ended, load(sums, 34), thinned * m6_5))
        store(sums, 35, where(ended, load(sums, 35), thinned * m6_6))
        store(sums, 36, where(ended, load(sums, 36), thinned * sum_u))
        store(sums, 37, where(ended, load(sums, 37), zero))
        store(sums, 38, where(ended, load(sums, 38), zero))
        store(sums, 39, where(ended, load(sums, 39), zero))
        store(sums, 40, where(ended, load(sums, 40), zero))
        store(sums, 41, where(ended, load(sums, 41), zero))
        store(sums, 42, where(ended, load(sums, 42), zero))
        store(sums, 43, where(ended, load(sums, 43), zero))
        store(sums, 44, where(ended, load(sums, 44), sum_psi_z))
        t = stop
        stop = next_stop(n_obs, stop)


def egarch_22_t(returns, n_obs, theta, constants, sums):
    """egarch(2, 1, 2), t innovations."""
    align_stack()
    mu = load(theta, 0)
    w = load(theta, 1)
    a1 = load(theta, 2)
    a2 = load(theta, 3)
    g1 = load(theta, 4)
    b1 = load(theta, 5)
    b2 = load(theta, 6)
    zero = splat(0.0)
    one = splat(1.0)
    half = splat(0.5)
    presample = load(constants, 0)
    presample_slope = load(constants, 1)
    mean_abs = splat(0.7978845608028654)  # E|z| of a normal, whatever the distribution, as in arch
    rise = g1 + a1  # slope of the shock where z > 0
    fall = g1 - a1
    expected = a1 * mean_abs
    half_a2 = a2 * splat(-0.5)
    k2 = load(constants, 3)  # 1 / (nu - 2)
    factor = load(constants, 2) * k2  # (nu + 1) / (nu - 2)
    x1 = zero
    xm1 = zero
    x2 = zero
    xm2 = zero
    y1 = zero
    shock1 = zero
    f1 = zero
    f2 = zero
    s1 = presample
    s2 = presample
    d_mu1 = presample_slope
    d_mu2 = presample_slope
    d_w1 = zero
    d_w2 = zero
    d_a11 = zero
    d_a12 = zero
    d_a21 = zero
    d_a22 = zero
    d_g11 = zero
    d_g12 = zero
    d_b11 = zero
    d_b12 = zero
    d_b21 = zero
    d_b22 = zero
    product_q = one
    product_q_twos = zero
    log_state = zero
    score_mu = zero
    score_w = zero
    score_a1 = zero
    score_a2 = zero
    score_g1 = zero
    score_b1 = zero
    score_b2 = zero
    sum_psi_z = zero
    sum_psi_sigma = zero
    m0_0 = zero
    m1_0 = zero
    m1_1 = zero
    m2_0 = zero
    m2_1 = zero
    m2_2 = zero
    m3_0 = zero
    m3_1 = zero
    m3_2 = zero
    m3_3 = zero
    m4_0 = zero
    m4_1 = zero
    m4_2 = zero
    m4_3 = zero
    m4_4 = zero
    m5_0 = zero
    m5_1 = zero
    m5_2 = zero
    m5_3 = zero
    m5_4 = zero
    m5_5 = zero
    m6_0 = zero
    m6_1 = zero
    m6_2 = zero
    m6_3 = zero
    m6_4 = zero
    m6_5 = zero
    m6_6 = zero
    sum_u = zero
    sum_mu = zero
    sum_w = zero
    sum_a1 = zero
    sum_a2 = zero
    sum_g1 = zero
    sum_b1 = zero
    sum_b2 = zero
    next_xm2 = xm2
    next_f2 = zero
    t = 0
    stop = next_stop(n_obs, 0)
    while t < stop:
        for t in range(t, stop):
            slope1 = b1 + f1
            slope2 = b2 + f2
            d_mu = fma(slope2, d_mu2, fma(slope1, d_mu1, xm1 + xm2))
            d_w = fma(slope2, d_w2, fma(slope1, d_w1, one))
            d_a1 = fma(slope2, d_a12, fma(slope1, d_a11, x1))
            d_a2 = fma(slope2, d_a22, fma(slope1, d_a21, x2))
            d_g1 = fma(slope2, d_g12, fma(slope1, d_g11, y1))
            d_b1 = fma(slope2, d_b12, fma(slope1, d_b11, s1))
            d_b2 = fma(slope2, d_b22, fma(slope1, d_b21, s2))
            s = fma(b1, s1, fma(b2, s2, fma(a2, x2, w))) + shock1
            e = load(returns, t) - mu
            inverse = inverse_volatility(s)
            z = e * inverse
            one_q = fma(z * z, k2, one)
            zq = z / one_q
            psi_z = z * zq
            psi_sigma = zq * inverse
            sum_psi_z = sum_psi_z + psi_z
            sum_psi_sigma = sum_psi_sigma + psi_sigma
            c = fma(factor, psi_z, zero - one)
            cd = c
            score_mu = fma(cd, d_mu, score_mu)
            score_w = fma(cd, d_w, score_w)
            score_a1 = fma(cd, d_a1, score_a1)
            score_a2 = fma(cd, d_a2, score_a2)
            score_g1 = fma(cd, d_g1, score_g1)
            score_b1 = fma(cd, d_b1, score_b1)
            score_b2 = fma(cd, d_b2, score_b2)
            product_q = product_q * one_q
            log_state = log_state + s
            if t & 1 == 0:
                l_mu = d_mu
                l_w = d_w
                l_a1 = d_a1
                l_a2 = d_a2
                l_g1 = d_g1
                l_b1 = d_b1
                l_b2 = d_b2
                m0_0 = fma(l_mu, l_mu, m0_0)
                m1_0 = fma(l_w, l_mu, m1_0)
                m1_1 = fma(l_w, l_w, m1_1)
                m2_0 = fma(l_a1, l_mu, m2_0)
                m2_1 = fma(l_a1, l_w, m2_1)
                m2_2 = fma(l_a1, l_a1, m2_2)
                m3_0 = fma(l_a2, l_mu, m3_0)
                m3_1 = fma(l_a2, l_w, m3_1)
                m3_2 = fma(l_a2, l_a1, m3_2)
                m3_3 = fma(l_a2, l_a2, m3_3)
                m4_0 = fma(l_g1, l_mu, m4_0)
                m4_1 = fma(l_g1, l_w, m4_1)
                m4_2 = fma(l_g1, l_a1, m4_2)
                m4_3 = fma(l_g1, l_a2, m4_3)
                m4_4 = fma(l_g1, l_g1, m4_4)
                m5_0 = fma(l_b1, l_mu, m5_0)
                m5_1 = fma(l_b1, l_w, m5_1)
                m5_2 = fma(l_b1, l_a1, m5_2)
                m5_3 = fma(l_b1, l_a2, m5_3)
                m5_4 = fma(l_b1, l_g1, m5_4)
                m5_5 = fma(l_b1, l_b1, m5_5)
                m6_0 = fma(l_b2, l_mu, m6_0)
                m6_1 = fma(l_b2, l_w, m6_1)
                m6_2 = fma(l_b2, l_a1, m6_2)
                m6_3 = fma(l_b2, l_a2, m6_3)
                m6_4 = fma(l_b2, l_g1, m6_4)
                m6_5 = fma(l_b2, l_b1, m6_5)
                m6_6 = fma(l_b2, l_b2, m6_6)
                sum_u = fma(inverse, inverse, sum_u)
                sum_mu = sum_mu + l_mu
                sum_w = sum_w + l_w
                sum_a1 = sum_a1 + l_a1
                sum_a2 = sum_a2 + l_a2
                sum_g1 = sum_g1 + l_g1
                sum_b1 = sum_b1 + l_b1
                sum_b2 = sum_b2 + l_b2
            x2 = x1
            xm2 = next_xm2
            f2 = next_f2
            size = absolute(z)
            x1 = size - mean_abs
            y1 = z
            falls = less(e, zero)
            shock1 = fma(where(falls, fall, rise), z, zero - expected)  # a1 (|z| - E|z|) + g1 z
            f1 = splat(-0.5) * (shock1 + expected)
            xm1 = where(falls, zero - fall, zero - rise) * inverse
            next_f2 = half_a2 * size
            next_xm2 = where(falls, a2, zero - a2) * inverse
            s2 = s1
            s1 = s
            d_mu2 = d_mu1
            d_mu1 = d_mu
            d_w2 = d_w1
            d_w1 = d_w
            d_a12 = d_a11
            d_a11 = d_a1
            d_a22 = d_a21
            d_a21 = d_a2
            d_g12 = d_g11
            d_g11 = d_g1
            d_b12 = d_b11
            d_b11 = d_b1
            d_b22 = d_b21
            d_b21 = d_b2
            if t & 7 == 7:
                product_q_twos = product_q_twos + exponent(product_q)
                product_q = mantissa(product_q)
        ln2 = splat(0.6931471805599453)
        log_q = fma(product_q_twos, ln2, logarithm(product_q))
        thinned = splat(float(stop) / float((stop + 1) // 2))  # bars to bars sampled
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), log_state))
        store(sums, 1, where(ended, load(sums, 1), fma(factor, sum_psi_sigma, half * score_mu)))
        store(sums, 2, where(ended, load(sums, 2), half * score_w))
        store(sums, 3, where(ended, load(sums, 3), half * score_a1))
        store(sums, 4, where(ended, load(sums, 4), half * score_a2))
        store(sums, 5, where(ended, load(sums, 5), half * score_g1))
        store(sums, 6, where(ended, load(sums, 6), half * score_b1))
        store(sums, 7, where(ended, load(sums, 7), half * score_b2))
        store(sums, 8, where(ended, load(sums, 8), thinned * m0_0))
        store(sums, 9, where(ended, load(sums, 9), thinned * m1_0))
        store(sums, 10, where(ended, load(sums, 10), thinned * m1_1))
        store(sums, 11, where(ended, load(sums, 11), thinned * m2_0))
        store(sums, 12, where(ended, load(sums, 12), thinned * m2_1))
        store(sums, 13, where(ended, load(sums, 13), thinned * m2_2))
        store(sums, 14, where(ended, load(sums, 14), thinned * m3_0))
        store(sums, 15, where(ended, load(sums, 15), thinned * m3_1))
        store(sums, 16, where(ended, load(sums, 16), thinned * m3_2))
        store(sums, 17, where(ended, load(sums, 17), thinned * m3_3))
        store(sums, 18, where(ended, load(sums, 18), thinned * m4_0))
        store(sums, 19, where(ended, load(sums, 19), thinned * m4_1))
        store(sums, 20, where(ended, load(sums, 20), thinned * m4_2))
        store(sums, 21, where(ended, load(sums, 21), thinned * m4_3))
        store(sums, 22, where(ended, load(sums, 22), thinned * m4_4))
        store(sums, 23, where(ended, load(sums, 23), thinned * m5_0))
        store(sums, 24, where(ended, load(sums, 24), thinned * m5_1))
        store(sums, 25, where(ended, load(sums, 25), thinned * m5_2))
        store(sums, 26, where(ended, load(sums, 26), thinned * m5_3))
        store(sums, 27, where(ended, load(sums, 27), thinned * m5_4))
        store(sums, 28, where(ended, load(sums, 28), thinned * m5_5))
        store(sums, 29, where(ended, load(sums, 29), thinned * m6_0))
        store(sums, 30, where(ended, load(sums, 30), thinned * m6_1))
        store(sums, 31, where(ended, load(sums, 31), thinned * m6_2))
        store(sums, 32, where(ended, load(sums, 32), thinned * m6_3))
        store(sums, 33, where(ended, load(sums, 33), thinned * m6_4))
        store(sums, 34, where(ended, load(sums, 34), thinned * m6_5))
        store(sums, 35, where(ended, load(sums, 35), thinned * m6_6))
        store(sums, 36, where(ended, load(sums, 36), thinned * sum_u))
        store(sums, 37, where(ended, load(sums, 37), thinned * sum_mu))
        store(sums, 38, where(ended, load(sums, 38), thinned * sum_w))
        store(sums, 39, where(ended, load(sums, 39), thinned * sum_a1))
        store(sums, 40, where(ended, load(sums, 40), thinned * sum_a2))
        store(sums, 41, where(ended, load(sums, 41), thinned * sum_g1))
        store(sums, 42, where(ended, load(sums, 42), thinned * sum_b1))
        store(sums, 43, where(ended, load(sums, 43), thinned * sum_b2))
        store(sums, 44, where(ended, load(sums, 44), log_q))
        store(sums, 45, where(ended, load(sums, 45), k2 * sum_psi_z))
        t = stop
        stop = next_stop(n_obs, stop)


def egarch_22_skewt(returns, n_obs, theta, constants, sums):
    """egarch(2, 1, 2), skewt innovations."""
    align_stack()
    mu = load(theta, 0)
    w = load(theta, 1)
    a1 = load(theta, 2)
    a2 = load(theta, 3)
    g1 = load(theta, 4)
    b1 = load(theta, 5)
    b2 = load(theta, 6)
    zero = splat(0.0)
    one = splat(1.0)
    half = splat(0.5)
    presample = load(constants, 0)
    presample_slope = load(constants, 1)
    mean_abs = splat(0.7978845608028654)  # E|z| of a normal, whatever the distribution, as in arch
    rise = g1 + a1  # slope of the shock where z > 0
    fall = g1 - a1
    expected = a1 * mean_abs
    half_a2 = a2 * splat(-0.5)
    a_ = load(constants, 2)  # Hansen's a and b
    b_ = load(constants, 3)
    left = load(constants, 4)  # 1 / (1 - lambda)
    right = load(constants, 5)  # 1 / (1 + lambda)
    k2 = load(constants, 6)  # 1 / (eta - 2)
    factor = load(constants, 7)  # b (eta + 1) / (eta - 2)
    x1 = zero
    xm1 = zero
    x2 = zero
    xm2 = zero
    y1 = zero
    shock1 = zero
    f1 = zero
    f2 = zero
    s1 = presample
    s2 = presample
    d_mu1 = presample_slope
    d_mu2 = presample_slope
    d_w1 = zero
    d_w2 = zero
    d_a11 = zero
    d_a12 = zero
    d_a21 = zero
    d_a22 = zero
    d_g11 = zero
    d_g12 = zero
    d_b11 = zero
    d_b12 = zero
    d_b21 = zero
    d_b22 = zero
    product_q = one
    product_q_twos = zero
    log_state = zero
    score_mu = zero
    score_w = zero
    score_a1 = zero
    score_a2 = zero
    score_g1 = zero
    score_b1 = zero
    score_b2 = zero
    sum_psi_z = zero
    sum_psi_sigma = zero
    sum_k = zero
    sum_kys = zero
    m0_0 = zero
    m1_0 = zero
    m1_1 = zero
    m2_0 = zero
    m2_1 = zero
    m2_2 = zero
    m3_0 = zero
    m3_1 = zero
    m3_2 = zero
    m3_3 = zero
    m4_0 = zero
    m4_1 = zero
    m4_2 = zero
    m4_3 = zero
    m4_4 = zero
    m5_0 = zero
    m5_1 = zero
    m5_2 = zero
    m5_3 = zero
    m5_4 = zero
    m5_5 = zero
    m6_0 = zero
    m6_1 = zero
    m6_2 = zero
    m6_3 = zero
    m6_4 = zero
    m6_5 = zero
    m6_6 = zero
    sum_u = zero
    sum_mu = zero
    sum_w = zero
    sum_a1 = zero
    sum_a2 = zero
    sum_g1 = zero
    sum_b1 = zero
    sum_b2 = zero
    sum_inverse = zero
    next_xm2 = xm2
    next_f2 = zero
    t = 0
    stop = next_stop(n_obs, 0)
    while t < stop:
        for t in range(t, stop):
            slope1 = b1 + f1
            slope2 = b2 + f2
            d_mu = fma(slope2, d_mu2, fma(slope1, d_mu1, xm1 + xm2))
            d_w = fma(slope2, d_w2, fma(slope1, d_w1, one))
            d_a1 = fma(slope2, d_a12, fma(slope1, d_a11, x1))
            d_a2 = fma(slope2, d_a22, fma(slope1, d_a21, x2))
            d_g1 = fma(slope2, d_g12, fma(slope1, d_g11, y1))
            d_b1 = fma(slope2, d_b12, fma(slope1, d_b11, s1))
            d_b2 = fma(slope2, d_b22, fma(slope1, d_b21, s2))
            s = fma(b1, s1, fma(b2, s2, fma(a2, x2, w))) + shock1
            e = load(returns, t) - mu
            inverse = inverse_volatility(s)
            z = e * inverse
            yb = fma(b_, z, a_)
            side = where(less(yb, zero), left, right)
            y = yb * side
            one_q = fma(y * y, k2, one)
            k = y * side / one_q
            psi_z = k * z
            psi_sigma = k * inverse
            ky = k * y
            sum_psi_z = sum_psi_z + psi_z
            sum_psi_sigma = sum_psi_sigma + psi_sigma
            kys = where(less(yb, zero), zero - ky, ky)
            sum_k = sum_k + k
            sum_kys = sum_kys + kys
            c = fma(factor, psi_z, zero - one)
            cd = c
            score_mu = fma(cd, d_mu, score_mu)
            score_w = fma(cd, d_w, score_w)
            score_a1 = fma(cd, d_a1, score_a1)
            score_a2 = fma(cd, d_a2, score_a2)
            score_g1 = fma(cd, d_g1, score_g1)
            score_b1 = fma(cd, d_b1, score_b1)
            score_b2 = fma(cd, d_b2, score_b2)
            product_q = product_q * one_q
            log_state = log_state + s
            if t & 1 == 0:
                l_mu = d_mu
                l_w = d_w
                l_a1 = d_a1
                l_a2 = d_a2
                l_g1 = d_g1
                l_b1 = d_b1
                l_b2 = d_b2
                m0_0 = fma(l_mu, l_mu, m0_0)
                m1_0 = fma(l_w, l_mu, m1_0)
                m1_1 = fma(l_w, l_w, m1_1)
                m2_0 = fma(l_a1, l_mu, m2_0)
                m2_1 = fma(l_a1, l_w, m2_1)
                m2_2 = fma(l_a1, l_a1, m2_2)
                m3_0 = fma(l_a2, l_mu, m3_0)
                m3_1 = fma(l_a2, l_w, m3_1)
                m3_2 = fma(l_a2, l_a1, m3_2)
                m3_3 = fma(l_a2, l_a2, m3_3)
                m4_0 = fma(l_g1, l_mu, m4_0)
                m4_1 = fma(l_g1, l_w, m4_1)
                m4_2 = fma(l_g1, l_a1, m4_2)
                m4_3 = fma(l_g1, l_a2, m4_3)
                m4_4 = fma(l_g1, l_g1, m4_4)
                m5_0 = fma(l_b1, l_mu, m5_0)
                m5_1 = fma(l_b1, l_w, m5_1)
                m5_2 = fma(l_b1, l_a1, m5_2)
                m5_3 = fma(l_b1, l_a2, m5_3)
                m5_4 = fma(l_b1, l_g1, m5_4)
                m5_5 = fma(l_b1, l_b1, m5_5)
                m6_0 = fma(l_b2, l_mu, m6_0)
                m6_1 = fma(l_b2, l_w, m6_1)
                m6_2 = fma(l_b2, l_a1, m6_2)
                m6_3 = fma(l_b2, l_a2, m6_3)
                m6_4 = fma(l_b2, l_g1, m6_4)
                m6_5 = fma(l_b2, l_b1, m6_5)
                m6_6 = fma(l_b2, l_b2, m6_6)
                sum_u = fma(inverse, inverse, sum_u)
                sum_mu = sum_mu + l_mu
                sum_w = sum_w + l_w
                sum_a1 = sum_a1 + l_a1
                sum_a2 = sum_a2 + l_a2
                sum_g1 = sum_g1 + l_g1
                sum_b1 = sum_b1 + l_b1
                sum_b2 = sum_b2 + l_b2
                sum_inverse = sum_inverse + inverse
            x2 = x1
            xm2 = next_xm2
            f2 = next_f2
            size = absolute(z)
            x1 = size - mean_abs
            y1 = z
            falls = less(e, zero)
            shock1 = fma(where(falls, fall, rise), z, zero - expected)  # a1 (|z| - E|z|) + g1 z
            f1 = splat(-0.5) * (shock1 + expected)
            xm1 = where(falls, zero - fall, zero - rise) * inverse
            next_f2 = half_a2 * size
            next_xm2 = where(falls, a2, zero - a2) * inverse
            s2 = s1
            s1 = s
            d_mu2 = d_mu1
            d_mu1 = d_mu
            d_w2 = d_w1
            d_w1 = d_w
            d_a12 = d_a11
            d_a11 = d_a1
            d_a22 = d_a21
            d_a21 = d_a2
            d_g12 = d_g11
            d_g11 = d_g1
            d_b12 = d_b11
            d_b11 = d_b1
            d_b22 = d_b21
            d_b21 = d_b2
            if t & 7 == 7:
                product_q_twos = product_q_twos + exponent(product_q)
                product_q = mantissa(product_q)
        ln2 = splat(0.6931471805599453)
        log_q = fma(product_q_twos, ln2, logarithm(product_q))
        thinned = splat(float(stop) / float((stop + 1) // 2))  # bars to bars sampled
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), log_state))
        store(sums, 1, where(ended, load(sums, 1), fma(factor, sum_psi_sigma, half * score_mu)))
        store(sums, 2, where(ended, load(sums, 2), half * score_w))
        store(sums, 3, where(ended, load(sums, 3), half * score_a1))
        store(sums, 4, where(ended, load(sums, 4), half * score_a2))
        store(sums, 5, where(ended, load(sums, 5), half * score_g1))
        store(sums, 6, where(ended, load(sums, 6), half * score_b1))
        store(sums, 7, where(ended, load(sums, 7), half * score_b2))
        store(sums, 8, where(ended, load(sums, 8), thinned * m0_0))
        store(sums, 9, where(ended, load(sums, 9), thinned * m1_0))
        store(sums, 10, where(ended, load(sums, 10), thinned * m1_1))
        store(sums, 11, where(ended, load(sums, 11), thinned * m2_0))
        store(sums, 12, where(ended, load(sums, 12), thinned * m2_1))
        store(sums, 13, where(ended, load(sums, 13), thinned * m2_2))
        store(sums, 14, where(ended, load(sums, 14), thinned * m3_0))
        store(sums, 15, where(ended, load(sums, 15), thinned * m3_1))
        store(sums, 16, where(ended, load(sums, 16), thinned * m3_2))
        store(sums, 17, where(ended, load(sums, 17), thinned * m3_3))
        store(sums, 18, where(ended, load(sums, 18), thinned * m4_0))
        store(sums, 19, where(ended, load(sums, 19), thinned * m4_1))
        store(sums, 20, where(ended, load(sums, 20), thinned * m4_2))
        store(sums, 21, where(ended, load(sums, 21), thinned * m4_3))
        store(sums, 22, where(ended, load(sums, 22), thinned * m4_4))
        store(sums, 23, where(ended, load(sums, 23), thinned * m5_0))
        store(sums, 24, where(ended, load(sums, 24), thinned * m5_1))
        store(sums, 25, where(ended, load(sums, 25), thinned * m5_2))
        store(sums, 26, where(ended, load(sums, 26), thinned * m5_3))
        store(sums, 27, where(ended, load(sums, 27), thinned * m5_4))
        store(sums, 28, where(ended, load(sums, 28), thinned * m5_5))
        store(sums, 29, where(ended, load(sums, 29), thinned * m6_0))
        store(sums, 30, where(ended, load(sums, 30), thinned * m6_1))
        store(sums, 31, where(ended, load(sums, 31), thinned * m6_2))
        store(sums, 32, where(ended, load(sums, 32), thinned * m6_3))
        store(sums, 33, where(ended, load(sums, 33), thinned * m6_4))
        store(sums, 34, where(ended, load(sums, 34), thinned * m6_5))
        store(sums, 35, where(ended, load(sums, 35), thinned * m6_6))
        store(sums, 36, where(ended, load(sums, 36), thinned * sum_u))
        store(sums, 37, where(ended, load(sums, 37), thinned * sum_mu))
        store(sums, 38, where(ended, load(sums, 38), thinned * sum_w))
        store(sums, 39, where(ended, load(sums, 39), thinned * sum_a1))
        store(sums, 40, where(ended, load(sums, 40), thinned * sum_a2))
        store(sums, 41, where(ended, load(sums, 41), thinned * sum_g1))
        store(sums, 42, where(ended, load(sums, 42), thinned * sum_b1))
        store(sums, 43, where(ended, load(sums, 43), thinned * sum_b2))
        store(sums, 44, where(ended, load(sums, 44), log_q))
        store(sums, 45, where(ended, load(sums, 45), sum_k))
        store(sums, 46, where(ended, load(sums, 46), sum_psi_z))
        store(sums, 47, where(ended, load(sums, 47), sum_kys))
        store(sums, 48, where(ended, load(sums, 48), thinned * sum_inverse))
        t = stop
        stop = next_stop(n_obs, stop)


def egarch_22_ged(returns, n_obs, theta, constants, sums):
    """egarch(2, 1, 2), ged innovations."""
    align_stack()
    mu = load(theta, 0)
    w = load(theta, 1)
    a1 = load(theta, 2)
    a2 = load(theta, 3)
    g1 = load(theta, 4)
    b1 = load(theta, 5)
    b2 = load(theta, 6)
    zero = splat(0.0)
    one = splat(1.0)
    half = splat(0.5)
    presample = load(constants, 0)
    presample_slope = load(constants, 1)
    mean_abs = splat(0.7978845608028654)  # E|z| of a normal, whatever the distribution, as in arch
    rise = g1 + a1  # slope of the shock where z > 0
    fall = g1 - a1
    expected = a1 * mean_abs
    half_a2 = a2 * splat(-0.5)
    power = load(constants, 2)  # nu / 2 - 1
    scale = load(constants, 3)  # c ** -nu
    factor = load(constants, 4)  # nu / 2
    tiny = splat(1e-60)  # |z|**nu is taken at |z| = 1e-30 when an innovation is exactly zero
    x1 = zero
    xm1 = zero
    x2 = zero
    xm2 = zero
    y1 = zero
    shock1 = zero
    f1 = zero
    f2 = zero
    s1 = presample
    s2 = presample
    d_mu1 = presample_slope
    d_mu2 = presample_slope
    d_w1 = zero
    d_w2 = zero
    d_a11 = zero
    d_a12 = zero
    d_a21 = zero
    d_a22 = zero
    d_g11 = zero
    d_g12 = zero
    d_b11 = zero
    d_b12 = zero
    d_b21 = zero
    d_b22 = zero
    log_state = zero
    score_mu = zero
    score_w = zero
    score_a1 = zero
    score_a2 = zero
    score_g1 = zero
    score_b1 = zero
    score_b2 = zero
    sum_psi_z = zero
    sum_psi_sigma = zero
    sum_m_log = zero
    m0_0 = zero
    m1_0 = zero
    m1_1 = zero
    m2_0 = zero
    m2_1 = zero
    m2_2 = zero
    m3_0 = zero
    m3_1 = zero
    m3_2 = zero
    m3_3 = zero
    m4_0 = zero
    m4_1 = zero
    m4_2 = zero
    m4_3 = zero
    m4_4 = zero
    m5_0 = zero
    m5_1 = zero
    m5_2 = zero
    m5_3 = zero
    m5_4 = zero
    m5_5 = zero
    m6_0 = zero
    m6_1 = zero
    m6_2 = zero
    m6_3 = zero
    m6_4 = zero
    m6_5 = zero
    m6_6 = zero
    sum_u = zero
    sum_mu = zero
    sum_w = zero
    sum_a1 = zero
    sum_a2 = zero
    sum_g1 = zero
    sum_b1 = zero
    sum_b2 = zero
    next_xm2 = xm2
    next_f2 = zero
    t = 0
    stop = next_stop(n_obs, 0)
    while t < stop:
        for t in range(t, stop):
            slope1 = b1 + f1
            slope2 = b2 + f2
            d_mu = fma(slope2, d_mu2, fma(slope1, d_mu1, xm1 + xm2))
            d_w = fma(slope2, d_w2, fma(slope1, d_w1, one))
            d_a1 = fma(slope2, d_a12, fma(slope1, d_a11, x1))
            d_a2 = fma(slope2, d_a22, fma(slope1, d_a21, x2))
            d_g1 = fma(slope2, d_g12, fma(slope1, d_g11, y1))
            d_b1 = fma(slope2, d_b12, fma(slope1, d_b11, s1))
            d_b2 = fma(slope2, d_b22, fma(slope1, d_b21, s2))
            s = fma(b1, s1, fma(b2, s2, fma(a2, x2, w))) + shock1
            e = load(returns, t) - mu
            inverse = inverse_volatility(s)
            z = e * inverse
            z2 = fma(z, z, tiny)
            log_z2 = logarithm(z2)
            tail = scale * exponential(power * log_z2)
            psi_z = tail * z2
            psi_sigma = tail * z * inverse
            sum_psi_z = sum_psi_z + psi_z
            sum_psi_sigma = sum_psi_sigma + psi_sigma
            sum_m_log = fma(psi_z, log_z2, sum_m_log)
            c = fma(factor, psi_z, zero - one)
            cd = c
            score_mu = fma(cd, d_mu, score_mu)
            score_w = fma(cd, d_w, score_w)
            score_a1 = fma(cd, d_a1, score_a1)
            score_a2 = fma(cd, d_a2, score_a2)
            score_g1 = fma(cd, d_g1, score_g1)
            score_b1 = fma(cd, d_b1, score_b1)
            score_b2 = fma(cd, d_b2, score_b2)
            log_state = log_state + s
            if t & 1 == 0:
                l_mu = d_mu
                l_w = d_w
                l_a1 = d_a1
                l_a2 = d_a2
                l_g1 = d_g1
                l_b1 = d_b1
                l_b2 = d_b2
                m0_0 = fma(l_mu, l_mu, m0_0)
                m1_0 = fma(l_w, l_mu, m1_0)
                m1_1 = fma(l_w, l_w, m1_1)
                m2_0 = fma(l_a1, l_mu, m2_0)
                m2_1 = fma(l_a1, l_w, m2_1)
                m2_2 = fma(l_a1, l_a1, m2_2)
                m3_0 = fma(l_a2, l_mu, m3_0)
                m3_1 = fma(l_a2, l_w, m3_1)
                m3_2 = fma(l_a2, l_a1, m3_2)
                m3_3 = fma(l_a2, l_a2, m3_3)
                m4_0 = fma(l_g1, l_mu, m4_0)
                m4_1 = fma(l_g1, l_w, m4_1)
                m4_2 = fma(l_g1, l_a1, m4_2)
                m4_3 = fma(l_g1, l_a2, m4_3)
                m4_4 = fma(l_g1, l_g1, m4_4)
                m5_0 = fma(l_b1, l_mu, m5_0)
                m5_1 = fma(l_b1, l_w, m5_1)
                m5_2 = fma(l_b1, l_a1, m5_2)
                m5_3 = fma(l_b1, l_a2, m5_3)
                m5_4 = fma(l_b1, l_g1, m5_4)
                m5_5 = fma(l_b1, l_b1, m5_5)
                m6_0 = fma(l_b2, l_mu, m6_0)
                m6_1 = fma(l_b2, l_w, m6_1)
                m6_2 = fma(l_b2, l_a1, m6_2)
                m6_3 = fma(l_b2, l_a2, m6_3)
                m6_4 = fma(l_b2, l_g1, m6_4)
                m6_5 = fma(l_b2, l_b1, m6_5)
                m6_6 = fma(l_b2, l_b2, m6_6)
                sum_u = fma(inverse, inverse, sum_u)
                sum_mu = sum_mu + l_mu
                sum_w = sum_w + l_w
                sum_a1 = sum_a1 + l_a1
                sum_a2 = sum_a2 + l_a2
                sum_g1 = sum_g1 + l_g1
                sum_b1 = sum_b1 + l_b1
                sum_b2 = sum_b2 + l_b2
            x2 = x1
            xm2 = next_xm2
            f2 = next_f2
            size = absolute(z)
            x1 = size - mean_abs
            y1 = z
            falls = less(e, zero)
            shock1 = fma(where(falls, fall, rise), z, zero - expected)  # a1 (|z| - E|z|) + g1 z
            f1 = splat(-0.5) * (shock1 + expected)
            xm1 = where(falls, zero - fall, zero - rise) * inverse
            next_f2 = half_a2 * size
            next_xm2 = where(falls, a2, zero - a2) * inverse
            s2 = s1
            s1 = s
            d_mu2 = d_mu1
            d_mu1 = d_mu
            d_w2 = d_w1
            d_w1 = d_w
            d_a12 = d_a11
            d_a11 = d_a1
            d_a22 = d_a21
            d_a21 = d_a2
            d_g12 = d_g11
            d_g11 = d_g1
            d_b12 = d_b11
            d_b11 = d_b1
            d_b22 = d_b21
            d_b21 = d_b2
        thinned = splat(float(stop) / float((stop + 1) // 2))  # bars to bars sampled
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), log_state))
        store(sums, 1, where(ended, load(sums, 1), fma(factor, sum_psi_sigma, half * score_mu)))
        store(sums, 2, where(ended, load(sums, 2), half * score_w))
        store(sums, 3, where(ended, load(sums, 3), half * score_a1))
        store(sums, 4, where(ended, load(sums, 4), half * score_a2))
        store(sums, 5, where(ended, load(sums, 5), half * score_g1))
        store(sums, 6, where(ended, load(sums, 6), half * score_b1))
        store(sums, 7, where(ended, load(sums, 7), half * score_b2))
        store(sums, 8, where(ended, load(sums, 8), thinned * m0_0))
        store(sums, 9, where(ended, load(sums, 9), thinned * m1_0))
        store(sums, 10, where(ended, load(sums, 10), thinned * m1_1))
        store(sums, 11, where(ended, load(sums, 11), thinned * m2_0))
        store(sums, 12, where(ended, load(sums, 12), thinned * m2_1))
        store(sums, 13, where(ended, load(sums, 13), thinned * m2_2))
        store(sums, 14, where(ended, load(sums, 14), thinned * m3_0))
        store(sums, 15, where(ended, load(sums, 15), thinned * m3_1))
        store(sums, 16, where(ended, load(sums, 16), thinned * m3_2))
        store(sums, 17, where(ended, load(sums, 17), thinned * m3_3))
        store(sums, 18, where(ended, load(sums, 18), thinned * m4_0))
        store(sums, 19, where(ended, load(sums, 19), thinned * m4_1))
        store(sums, 20, where(ended, load(sums, 20), thinned * m4_2))
        store(sums, 21, where(ended, load(sums, 21), thinned * m4_3))
        store(sums, 22, where(ended, load(sums, 22), thinned * m4_4))
        store(sums, 23, where(ended, load(sums, 23), thinned * m5_0))
        store(sums, 24, where(ended, load(sums, 24), thinned * m5_1))
        store(sums, 25, where(ended, load(sums, 25), thinned * m5_2))
        store(sums, 26, where(ended, load(sums, 26), thinned * m5_3))
        store(sums, 27, where(ended, load(sums, 27), thinned * m5_4))
        store(sums, 28, where(ended, load(sums, 28), thinned * m5_5))
        store(sums, 29, where(ended, load(sums, 29), thinned * m6_0))
        store(sums, 30, where(ended, load(sums, 30), thinned * m6_1))
        store(sums, 31, where(ended, load(sums, 31), thinned * m6_2))
        store(sums, 32, where(ended, load(sums, 32), thinned * m6_3))
        store(sums, 33, where(ended, load(sums, 33), thinned * m6_4))
        store(sums, 34, where(ended, load(sums, 34), thinned * m6_5))
        store(sums, 35, where(ended, load(sums, 35), thinned * m6_6))
        store(sums, 36, where(ended, load(sums, 36), thinned * sum_u))
        store(sums, 37, where(ended, load(sums, 37), thinned * sum_mu))
        store(sums, 38, where(ended, load(sums, 38), thinned * sum_w))
        store(sums, 39, where(ended, load(sums, 39), thinned * sum_a1))
        store(sums, 40, where(ended, load(sums, 40), thinned * sum_a2))
        store(sums, 41, where(ended, load(sums, 41), thinned * sum_g1))
        store(sums, 42, where(ended, load(sums, 42), thinned * sum_b1))
        store(sums, 43, where(ended, load(sums, 43), thinned * sum_b2))
        store(sums, 44, where(ended, load(sums, 44), sum_psi_z))
        store(sums, 45, where(ended, load(sums, 45), sum_m_log))
        t = stop
        stop = next_stop(n_obs, stop)
