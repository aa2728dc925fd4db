"""Likelihood kernels of the tarch process. Written by kernel_generator.py; do not edit."""

# generated, and the vector type exists only inside compiled code
# ruff: noqa: ANN001, ANN201, B020, E501, F841, PLR0912, PLR0915, PLR0917, RUF100
# pyright: basic, reportCallIssue=false

from hf_platform.volatility.lanes import (
    absolute,
    exponent,
    exponential,
    fma,
    less,
    load,
    logarithm,
    mantissa,
    next_stop,
    splat,
    store,
    where,
)


def tarch_10_normal(returns, n_obs, theta, constants, sums):
    """tarch(1, 1, 0), normal innovations."""
    mu = load(theta, 0)
    w = load(theta, 1)
    a1 = load(theta, 2)
    g1 = load(theta, 3)
    zero = splat(0.0)
    one = splat(1.0)
    half = splat(0.5)
    presample = load(constants, 0)
    presample_slope = load(constants, 1)
    two = splat(2.0)
    x1 = presample
    xm1 = a1 * presample_slope
    y1 = half * presample
    xm1 = fma(half * g1, presample_slope, xm1)
    s1 = presample
    log_state = zero
    product = one
    score_mu = zero
    score_w = zero
    score_a1 = zero
    score_g1 = zero
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
    sum_z2 = zero
    product_twos = zero
    ln2 = splat(0.6931471805599453)
    t = 0
    stop = next_stop(n_obs, 0)
    while t < stop:
        for t in range(t, stop):
            d_mu = xm1
            d_w = one
            d_a1 = x1
            d_g1 = y1
            s = fma(g1, y1, fma(a1, x1, w))
            e = load(returns, t) - mu
            e2 = e * e
            inverse = one / s
            u = inverse * inverse
            two_inverse = two * inverse
            l_mu = two_inverse * d_mu
            l_w = two_inverse * d_w
            l_a1 = two_inverse * d_a1
            l_g1 = two_inverse * d_g1
            psi_z = e2 * u
            psi_sigma = e * u
            sum_z2 = sum_z2 + psi_z
            c = fma(half, psi_z, splat(-0.5))
            score_mu = fma(c, l_mu, score_mu)
            score_w = fma(c, l_w, score_w)
            score_a1 = fma(c, l_a1, score_a1)
            score_g1 = fma(c, l_g1, score_g1)
            score_mu = score_mu + psi_sigma
            sum_u = sum_u + u
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
            product = product * s
            x1 = absolute(e)
            y1 = where(less(e, zero), x1, zero)
            xm1 = where(less(e, zero), a1 + g1, zero - a1)
            if t & 7 == 7:
                product_twos = product_twos + exponent(product)
                product = mantissa(product)
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), two * fma(product_twos, ln2, logarithm(product))))
        store(sums, 1, where(ended, load(sums, 1), score_mu))
        store(sums, 2, where(ended, load(sums, 2), score_w))
        store(sums, 3, where(ended, load(sums, 3), score_a1))
        store(sums, 4, where(ended, load(sums, 4), score_g1))
        store(sums, 5, where(ended, load(sums, 5), m0_0))
        store(sums, 6, where(ended, load(sums, 6), m1_0))
        store(sums, 7, where(ended, load(sums, 7), m1_1))
        store(sums, 8, where(ended, load(sums, 8), m2_0))
        store(sums, 9, where(ended, load(sums, 9), m2_1))
        store(sums, 10, where(ended, load(sums, 10), m2_2))
        store(sums, 11, where(ended, load(sums, 11), m3_0))
        store(sums, 12, where(ended, load(sums, 12), m3_1))
        store(sums, 13, where(ended, load(sums, 13), m3_2))
        store(sums, 14, where(ended, load(sums, 14), m3_3))
        store(sums, 15, where(ended, load(sums, 15), sum_u))
        store(sums, 16, where(ended, load(sums, 16), zero))
        store(sums, 17, where(ended, load(sums, 17), zero))
        store(sums, 18, where(ended, load(sums, 18), zero))
        store(sums, 19, where(ended, load(sums, 19), zero))
        store(sums, 20, where(ended, load(sums, 20), sum_z2))
        t = stop
        stop = next_stop(n_obs, stop)


def tarch_10_t(returns, n_obs, theta, constants, sums):
    """tarch(1, 1, 0), t innovations."""
    mu = load(theta, 0)
    w = load(theta, 1)
    a1 = load(theta, 2)
    g1 = load(theta, 3)
    zero = splat(0.0)
    one = splat(1.0)
    half = splat(0.5)
    presample = load(constants, 0)
    presample_slope = load(constants, 1)
    two = splat(2.0)
    nu1 = load(constants, 2)  # nu + 1
    k2 = load(constants, 3)  # 1 / (nu - 2)
    nu1_k2 = nu1 * k2
    x1 = presample
    xm1 = a1 * presample_slope
    y1 = half * presample
    xm1 = fma(half * g1, presample_slope, xm1)
    s1 = presample
    log_state = zero
    product = one
    score_mu = zero
    score_w = zero
    score_a1 = zero
    score_g1 = zero
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
    log_q = zero
    sum_r = zero
    product_q = one
    product_twos = zero
    product_q_twos = zero
    ln2 = splat(0.6931471805599453)
    t = 0
    stop = next_stop(n_obs, 0)
    while t < stop:
        for t in range(t, stop):
            d_mu = xm1
            d_w = one
            d_a1 = x1
            d_g1 = y1
            s = fma(g1, y1, fma(a1, x1, w))
            e = load(returns, t) - mu
            e2 = e * e
            big = fma(e2, k2, s * s)  # sigma^2 (1 + q)
            both = one / (s * big)
            inverse = both * big
            u = inverse * inverse
            one_q = big * u
            weight = both * s  # 1 / (sigma^2 (1 + q))
            two_inverse = two * inverse
            l_mu = two_inverse * d_mu
            l_w = two_inverse * d_w
            l_a1 = two_inverse * d_a1
            l_g1 = two_inverse * d_g1
            r = e2 * k2 * weight
            psi_z = nu1 * r
            psi_sigma = nu1_k2 * e * weight
            sum_r = sum_r + r
            product_q = product_q * one_q
            c = fma(half, psi_z, splat(-0.5))
            score_mu = fma(c, l_mu, score_mu)
            score_w = fma(c, l_w, score_w)
            score_a1 = fma(c, l_a1, score_a1)
            score_g1 = fma(c, l_g1, score_g1)
            score_mu = score_mu + psi_sigma
            sum_u = sum_u + u
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
            sum_mu = sum_mu + l_mu
            sum_w = sum_w + l_w
            sum_a1 = sum_a1 + l_a1
            sum_g1 = sum_g1 + l_g1
            product = product * s
            x1 = absolute(e)
            y1 = where(less(e, zero), x1, zero)
            xm1 = where(less(e, zero), a1 + g1, zero - a1)
            if t & 7 == 7:
                product_twos = product_twos + exponent(product)
                product = mantissa(product)
                product_q_twos = product_q_twos + exponent(product_q)
                product_q = mantissa(product_q)
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), two * fma(product_twos, ln2, logarithm(product))))
        store(sums, 1, where(ended, load(sums, 1), score_mu))
        store(sums, 2, where(ended, load(sums, 2), score_w))
        store(sums, 3, where(ended, load(sums, 3), score_a1))
        store(sums, 4, where(ended, load(sums, 4), score_g1))
        store(sums, 5, where(ended, load(sums, 5), m0_0))
        store(sums, 6, where(ended, load(sums, 6), m1_0))
        store(sums, 7, where(ended, load(sums, 7), m1_1))
        store(sums, 8, where(ended, load(sums, 8), m2_0))
        store(sums, 9, where(ended, load(sums, 9), m2_1))
        store(sums, 10, where(ended, load(sums, 10), m2_2))
        store(sums, 11, where(ended, load(sums, 11), m3_0))
        store(sums, 12, where(ended, load(sums, 12), m3_1))
        store(sums, 13, where(ended, load(sums, 13), m3_2))
        store(sums, 14, where(ended, load(sums, 14), m3_3))
        store(sums, 15, where(ended, load(sums, 15), sum_u))
        store(sums, 16, where(ended, load(sums, 16), sum_mu))
        store(sums, 17, where(ended, load(sums, 17), sum_w))
        store(sums, 18, where(ended, load(sums, 18), sum_a1))
        store(sums, 19, where(ended, load(sums, 19), sum_g1))
        store(sums, 20, where(ended, load(sums, 20), fma(product_q_twos, ln2, logarithm(product_q))))
        store(sums, 21, where(ended, load(sums, 21), sum_r))
        t = stop
        stop = next_stop(n_obs, stop)


def tarch_10_skewt(returns, n_obs, theta, constants, sums):
    """tarch(1, 1, 0), skewt innovations."""
    mu = load(theta, 0)
    w = load(theta, 1)
    a1 = load(theta, 2)
    g1 = load(theta, 3)
    zero = splat(0.0)
    one = splat(1.0)
    half = splat(0.5)
    presample = load(constants, 0)
    presample_slope = load(constants, 1)
    two = splat(2.0)
    a_ = load(constants, 2)  # Hansen's a and b
    b_ = load(constants, 3)
    left = load(constants, 4)  # 1 / (1 - lambda)
    right = load(constants, 5)  # 1 / (1 + lambda)
    k2 = load(constants, 6)  # 1 / (eta - 2)
    kb = load(constants, 7)  # b (eta + 1) / (eta - 2)
    x1 = presample
    xm1 = a1 * presample_slope
    y1 = half * presample
    xm1 = fma(half * g1, presample_slope, xm1)
    s1 = presample
    log_state = zero
    product = one
    score_mu = zero
    score_w = zero
    score_a1 = zero
    score_g1 = zero
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
    log_q = zero
    sum_k = zero
    sum_kz = zero
    sum_kys = zero
    sum_inverse = zero
    product_q = one
    product_twos = zero
    product_q_twos = zero
    ln2 = splat(0.6931471805599453)
    t = 0
    stop = next_stop(n_obs, 0)
    while t < stop:
        for t in range(t, stop):
            d_mu = xm1
            d_w = one
            d_a1 = x1
            d_g1 = y1
            s = fma(g1, y1, fma(a1, x1, w))
            e = load(returns, t) - mu
            e2 = e * e
            sigma = s
            yb = fma(b_, e, a_ * sigma)
            side = where(less(yb, zero), left, right)
            ys = yb * side
            big = fma(ys * ys, k2, s * s)  # sigma^2 (1 + q)
            both = one / (s * big)
            inverse = both * big
            u = inverse * inverse
            one_q = big * u
            weight = both * s  # 1 / (sigma^2 (1 + q))
            z = e * inverse
            y = ys * inverse
            k = ys * side * sigma * weight
            two_inverse = two * inverse
            l_mu = two_inverse * d_mu
            l_w = two_inverse * d_w
            l_a1 = two_inverse * d_a1
            l_g1 = two_inverse * d_g1
            kz = k * z
            psi_z = kb * kz
            psi_sigma = kb * k * inverse
            sum_k = sum_k + k
            sum_kz = sum_kz + kz
            ky = k * y
            sum_kys = sum_kys + where(less(yb, zero), zero - ky, ky)
            sum_inverse = sum_inverse + inverse
            product_q = product_q * one_q
            c = fma(half, psi_z, splat(-0.5))
            score_mu = fma(c, l_mu, score_mu)
            score_w = fma(c, l_w, score_w)
            score_a1 = fma(c, l_a1, score_a1)
            score_g1 = fma(c, l_g1, score_g1)
            score_mu = score_mu + psi_sigma
            sum_u = sum_u + u
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
            sum_mu = sum_mu + l_mu
            sum_w = sum_w + l_w
            sum_a1 = sum_a1 + l_a1
            sum_g1 = sum_g1 + l_g1
            product = product * s
            x1 = absolute(e)
            y1 = where(less(e, zero), x1, zero)
            xm1 = where(less(e, zero), a1 + g1, zero - a1)
            if t & 7 == 7:
                product_twos = product_twos + exponent(product)
                product = mantissa(product)
                product_q_twos = product_q_twos + exponent(product_q)
                product_q = mantissa(product_q)
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), two * fma(product_twos, ln2, logarithm(product))))
        store(sums, 1, where(ended, load(sums, 1), score_mu))
        store(sums, 2, where(ended, load(sums, 2), score_w))
        store(sums, 3, where(ended, load(sums, 3), score_a1))
        store(sums, 4, where(ended, load(sums, 4), score_g1))
        store(sums, 5, where(ended, load(sums, 5), m0_0))
        store(sums, 6, where(ended, load(sums, 6), m1_0))
        store(sums, 7, where(ended, load(sums, 7), m1_1))
        store(sums, 8, where(ended, load(sums, 8), m2_0))
        store(sums, 9, where(ended, load(sums, 9), m2_1))
        store(sums, 10, where(ended, load(sums, 10), m2_2))
        store(sums, 11, where(ended, load(sums, 11), m3_0))
        store(sums, 12, where(ended, load(sums, 12), m3_1))
        store(sums, 13, where(ended, load(sums, 13), m3_2))
        store(sums, 14, where(ended, load(sums, 14), m3_3))
        store(sums, 15, where(ended, load(sums, 15), sum_u))
        store(sums, 16, where(ended, load(sums, 16), sum_mu))
        store(sums, 17, where(ended, load(sums, 17), sum_w))
        store(sums, 18, where(ended, load(sums, 18), sum_a1))
        store(sums, 19, where(ended, load(sums, 19), sum_g1))
        store(sums, 20, where(ended, load(sums, 20), fma(product_q_twos, ln2, logarithm(product_q))))
        store(sums, 21, where(ended, load(sums, 21), sum_k))
        store(sums, 22, where(ended, load(sums, 22), sum_kz))
        store(sums, 23, where(ended, load(sums, 23), sum_kys))
        store(sums, 24, where(ended, load(sums, 24), sum_inverse))
        t = stop
        stop = next_stop(n_obs, stop)


def tarch_10_ged(returns, n_obs, theta, constants, sums):
    """tarch(1, 1, 0), ged innovations."""
    mu = load(theta, 0)
    w = load(theta, 1)
    a1 = load(theta, 2)
    g1 = load(theta, 3)
    zero = splat(0.0)
    one = splat(1.0)
    half = splat(0.5)
    presample = load(constants, 0)
    presample_slope = load(constants, 1)
    two = splat(2.0)
    power = load(constants, 2)  # nu / 2 - 1
    scale = load(constants, 3)  # c ** -nu
    half_nu = load(constants, 4)
    tiny = splat(1e-60)  # |z|**nu is taken at |z| = 1e-30 when an innovation is exactly zero
    x1 = presample
    xm1 = a1 * presample_slope
    y1 = half * presample
    xm1 = fma(half * g1, presample_slope, xm1)
    s1 = presample
    log_state = zero
    product = one
    score_mu = zero
    score_w = zero
    score_a1 = zero
    score_g1 = zero
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
    sum_m = zero
    sum_m_log = zero
    product_twos = zero
    ln2 = splat(0.6931471805599453)
    t = 0
    stop = next_stop(n_obs, 0)
    while t < stop:
        for t in range(t, stop):
            d_mu = xm1
            d_w = one
            d_a1 = x1
            d_g1 = y1
            s = fma(g1, y1, fma(a1, x1, w))
            e = load(returns, t) - mu
            e2 = e * e
            inverse = one / s
            u = inverse * inverse
            two_inverse = two * inverse
            l_mu = two_inverse * d_mu
            l_w = two_inverse * d_w
            l_a1 = two_inverse * d_a1
            l_g1 = two_inverse * d_g1
            z2 = fma(e2, u, tiny)
            log_z2 = logarithm(z2)
            tail = scale * exponential(power * log_z2)
            m = tail * z2
            psi_z = half_nu * m
            psi_sigma = half_nu * tail * e * u
            sum_m = sum_m + m
            sum_m_log = fma(m, log_z2, sum_m_log)
            c = fma(half, psi_z, splat(-0.5))
            score_mu = fma(c, l_mu, score_mu)
            score_w = fma(c, l_w, score_w)
            score_a1 = fma(c, l_a1, score_a1)
            score_g1 = fma(c, l_g1, score_g1)
            score_mu = score_mu + psi_sigma
            sum_u = sum_u + u
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
            sum_mu = sum_mu + l_mu
            sum_w = sum_w + l_w
            sum_a1 = sum_a1 + l_a1
            sum_g1 = sum_g1 + l_g1
            product = product * s
            x1 = absolute(e)
            y1 = where(less(e, zero), x1, zero)
            xm1 = where(less(e, zero), a1 + g1, zero - a1)
            if t & 7 == 7:
                product_twos = product_twos + exponent(product)
                product = mantissa(product)
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), two * fma(product_twos, ln2, logarithm(product))))
        store(sums, 1, where(ended, load(sums, 1), score_mu))
        store(sums, 2, where(ended, load(sums, 2), score_w))
        store(sums, 3, where(ended, load(sums, 3), score_a1))
        store(sums, 4, where(ended, load(sums, 4), score_g1))
        store(sums, 5, where(ended, load(sums, 5), m0_0))
        store(sums, 6, where(ended, load(sums, 6), m1_0))
        store(sums, 7, where(ended, load(sums, 7), m1_1))
        store(sums, 8, where(ended, load(sums, 8), m2_0))
        store(sums, 9, where(ended, load(sums, 9), m2_1))
        store(sums, 10, where(ended, load(sums, 10), m2_2))
        store(sums, 11, where(ended, load(sums, 11), m3_0))
        store(sums, 12, where(ended, load(sums, 12), m3_1))
        store(sums, 13, where(ended, load(sums, 13), m3_2))
        store(sums, 14, where(ended, load(sums, 14), m3_3))
        store(sums, 15, where(ended, load(sums, 15), sum_u))
        store(sums, 16, where(ended, load(sums, 16), sum_mu))
        store(sums, 17, where(ended, load(sums, 17), sum_w))
        store(sums, 18, where(ended, load(sums, 18), sum_a1))
        store(sums, 19, where(ended, load(sums, 19), sum_g1))
        store(sums, 20, where(ended, load(sums, 20), sum_m))
        store(sums, 21, where(ended, load(sums, 21), sum_m_log))
        t = stop
        stop = next_stop(n_obs, stop)


def tarch_11_normal(returns, n_obs, theta, constants, sums):
    """tarch(1, 1, 1), normal innovations."""
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
    two = splat(2.0)
    x1 = presample
    xm1 = a1 * presample_slope
    y1 = half * presample
    xm1 = fma(half * g1, presample_slope, xm1)
    s1 = presample
    d_mu1 = presample_slope
    d_w1 = zero
    d_a11 = zero
    d_g11 = zero
    d_b11 = zero
    log_state = zero
    product = one
    score_mu = zero
    score_w = zero
    score_a1 = zero
    score_g1 = zero
    score_b1 = zero
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
    sum_z2 = zero
    product_twos = zero
    ln2 = splat(0.6931471805599453)
    t = 0
    stop = next_stop(n_obs, 0)
    while t < stop:
        for t in range(t, stop):
            d_mu = fma(b1, d_mu1, xm1)
            d_w = fma(b1, d_w1, one)
            d_a1 = fma(b1, d_a11, x1)
            d_g1 = fma(b1, d_g11, y1)
            d_b1 = fma(b1, d_b11, s1)
            s = fma(b1, s1, fma(g1, y1, fma(a1, x1, w)))
            e = load(returns, t) - mu
            e2 = e * e
            inverse = one / s
            u = inverse * inverse
            two_inverse = two * inverse
            l_mu = two_inverse * d_mu
            l_w = two_inverse * d_w
            l_a1 = two_inverse * d_a1
            l_g1 = two_inverse * d_g1
            l_b1 = two_inverse * d_b1
            psi_z = e2 * u
            psi_sigma = e * u
            sum_z2 = sum_z2 + psi_z
            c = fma(half, psi_z, splat(-0.5))
            score_mu = fma(c, l_mu, score_mu)
            score_w = fma(c, l_w, score_w)
            score_a1 = fma(c, l_a1, score_a1)
            score_g1 = fma(c, l_g1, score_g1)
            score_b1 = fma(c, l_b1, score_b1)
            score_mu = score_mu + psi_sigma
            sum_u = sum_u + u
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
            product = product * s
            x1 = absolute(e)
            y1 = where(less(e, zero), x1, zero)
            xm1 = where(less(e, zero), a1 + g1, zero - a1)
            s1 = s
            d_mu1 = d_mu
            d_w1 = d_w
            d_a11 = d_a1
            d_g11 = d_g1
            d_b11 = d_b1
            if t & 7 == 7:
                product_twos = product_twos + exponent(product)
                product = mantissa(product)
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), two * fma(product_twos, ln2, logarithm(product))))
        store(sums, 1, where(ended, load(sums, 1), score_mu))
        store(sums, 2, where(ended, load(sums, 2), score_w))
        store(sums, 3, where(ended, load(sums, 3), score_a1))
        store(sums, 4, where(ended, load(sums, 4), score_g1))
        store(sums, 5, where(ended, load(sums, 5), score_b1))
        store(sums, 6, where(ended, load(sums, 6), m0_0))
        store(sums, 7, where(ended, load(sums, 7), m1_0))
        store(sums, 8, where(ended, load(sums, 8), m1_1))
        store(sums, 9, where(ended, load(sums, 9), m2_0))
        store(sums, 10, where(ended, load(sums, 10), m2_1))
        store(sums, 11, where(ended, load(sums, 11), m2_2))
        store(sums, 12, where(ended, load(sums, 12), m3_0))
        store(sums, 13, where(ended, load(sums, 13), m3_1))
        store(sums, 14, where(ended, load(sums, 14), m3_2))
        store(sums, 15, where(ended, load(sums, 15), m3_3))
        store(sums, 16, where(ended, load(sums, 16), m4_0))
        store(sums, 17, where(ended, load(sums, 17), m4_1))
        store(sums, 18, where(ended, load(sums, 18), m4_2))
        store(sums, 19, where(ended, load(sums, 19), m4_3))
        store(sums, 20, where(ended, load(sums, 20), m4_4))
        store(sums, 21, where(ended, load(sums, 21), sum_u))
        store(sums, 22, where(ended, load(sums, 22), zero))
        store(sums, 23, where(ended, load(sums, 23), zero))
        store(sums, 24, where(ended, load(sums, 24), zero))
        store(sums, 25, where(ended, load(sums, 25), zero))
        store(sums, 26, where(ended, load(sums, 26), zero))
        store(sums, 27, where(ended, load(sums, 27), sum_z2))
        t = stop
        stop = next_stop(n_obs, stop)


def tarch_11_t(returns, n_obs, theta, constants, sums):
    """tarch(1, 1, 1), t innovations."""
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
    two = splat(2.0)
    nu1 = load(constants, 2)  # nu + 1
    k2 = load(constants, 3)  # 1 / (nu - 2)
    nu1_k2 = nu1 * k2
    x1 = presample
    xm1 = a1 * presample_slope
    y1 = half * presample
    xm1 = fma(half * g1, presample_slope, xm1)
    s1 = presample
    d_mu1 = presample_slope
    d_w1 = zero
    d_a11 = zero
    d_g11 = zero
    d_b11 = zero
    log_state = zero
    product = one
    score_mu = zero
    score_w = zero
    score_a1 = zero
    score_g1 = zero
    score_b1 = zero
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
    log_q = zero
    sum_r = zero
    product_q = one
    product_twos = zero
    product_q_twos = zero
    ln2 = splat(0.6931471805599453)
    t = 0
    stop = next_stop(n_obs, 0)
    while t < stop:
        for t in range(t, stop):
            d_mu = fma(b1, d_mu1, xm1)
            d_w = fma(b1, d_w1, one)
            d_a1 = fma(b1, d_a11, x1)
            d_g1 = fma(b1, d_g11, y1)
            d_b1 = fma(b1, d_b11, s1)
            s = fma(b1, s1, fma(g1, y1, fma(a1, x1, w)))
            e = load(returns, t) - mu
            e2 = e * e
            big = fma(e2, k2, s * s)  # sigma^2 (1 + q)
            both = one / (s * big)
            inverse = both * big
            u = inverse * inverse
            one_q = big * u
            weight = both * s  # 1 / (sigma^2 (1 + q))
            two_inverse = two * inverse
            l_mu = two_inverse * d_mu
            l_w = two_inverse * d_w
            l_a1 = two_inverse * d_a1
            l_g1 = two_inverse * d_g1
            l_b1 = two_inverse * d_b1
            r = e2 * k2 * weight
            psi_z = nu1 * r
            psi_sigma = nu1_k2 * e * weight
            sum_r = sum_r + r
            product_q = product_q * one_q
            c = fma(half, psi_z, splat(-0.5))
            score_mu = fma(c, l_mu, score_mu)
            score_w = fma(c, l_w, score_w)
            score_a1 = fma(c, l_a1, score_a1)
            score_g1 = fma(c, l_g1, score_g1)
            score_b1 = fma(c, l_b1, score_b1)
            score_mu = score_mu + psi_sigma
            sum_u = sum_u + u
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
            sum_mu = sum_mu + l_mu
            sum_w = sum_w + l_w
            sum_a1 = sum_a1 + l_a1
            sum_g1 = sum_g1 + l_g1
            sum_b1 = sum_b1 + l_b1
            product = product * s
            x1 = absolute(e)
            y1 = where(less(e, zero), x1, zero)
            xm1 = where(less(e, zero), a1 + g1, zero - a1)
            s1 = s
            d_mu1 = d_mu
            d_w1 = d_w
            d_a11 = d_a1
            d_g11 = d_g1
            d_b11 = d_b1
            if t & 7 == 7:
                product_twos = product_twos + exponent(product)
                product = mantissa(product)
                product_q_twos = product_q_twos + exponent(product_q)
                product_q = mantissa(product_q)
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), two * fma(product_twos, ln2, logarithm(product))))
        store(sums, 1, where(ended, load(sums, 1), score_mu))
        store(sums, 2, where(ended, load(sums, 2), score_w))
        store(sums, 3, where(ended, load(sums, 3), score_a1))
        store(sums, 4, where(ended, load(sums, 4), score_g1))
        store(sums, 5, where(ended, load(sums, 5), score_b1))
        store(sums, 6, where(ended, load(sums, 6), m0_0))
        store(sums, 7, where(ended, load(sums, 7), m1_0))
        store(sums, 8, where(ended, load(sums, 8), m1_1))
        store(sums, 9, where(ended, load(sums, 9), m2_0))
        store(sums, 10, where(ended, load(sums, 10), m2_1))
        store(sums, 11, where(ended, load(sums, 11), m2_2))
        store(sums, 12, where(ended, load(sums, 12), m3_0))
        store(sums, 13, where(ended, load(sums, 13), m3_1))
        store(sums, 14, where(ended, load(sums, 14), m3_2))
        store(sums, 15, where(ended, load(sums, 15), m3_3))
        store(sums, 16, where(ended, load(sums, 16), m4_0))
        store(sums, 17, where(ended, load(sums, 17), m4_1))
        store(sums, 18, where(ended, load(sums, 18), m4_2))
        store(sums, 19, where(ended, load(sums, 19), m4_3))
        store(sums, 20, where(ended, load(sums, 20), m4_4))
        store(sums, 21, where(ended, load(sums, 21), sum_u))
        store(sums, 22, where(ended, load(sums, 22), sum_mu))
        store(sums, 23, where(ended, load(sums, 23), sum_w))
        store(sums, 24, where(ended, load(sums, 24), sum_a1))
        store(sums, 25, where(ended, load(sums, 25), sum_g1))
        store(sums, 26, where(ended, load(sums, 26), sum_b1))
        store(sums, 27, where(ended, load(sums, 27), fma(product_q_twos, ln2, logarithm(product_q))))
        store(sums, 28, where(ended, load(sums, 28), sum_r))
        t = stop
        stop = next_stop(n_obs, stop)


def tarch_11_skewt(returns, n_obs, theta, constants, sums):
    """tarch(1, 1, 1), skewt innovations."""
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
    two = splat(2.0)
    a_ = load(constants, 2)  # Hansen's a and b
    b_ = load(constants, 3)
    left = load(constants, 4)  # 1 / (1 - lambda)
    right = load(constants, 5)  # 1 / (1 + lambda)
    k2 = load(constants, 6)  # 1 / (eta - 2)
    kb = load(constants, 7)  # b (eta + 1) / (eta - 2)
    x1 = presample
    xm1 = a1 * presample_slope
    y1 = half * presample
    xm1 = fma(half * g1, presample_slope, xm1)
    s1 = presample
    d_mu1 = presample_slope
    d_w1 = zero
    d_a11 = zero
    d_g11 = zero
    d_b11 = zero
    log_state = zero
    product = one
    score_mu = zero
    score_w = zero
    score_a1 = zero
    score_g1 = zero
    score_b1 = zero
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
    log_q = zero
    sum_k = zero
    sum_kz = zero
    sum_kys = zero
    sum_inverse = zero
    product_q = one
    product_twos = zero
    product_q_twos = zero
    ln2 = splat(0.6931471805599453)
    t = 0
    stop = next_stop(n_obs, 0)
    while t < stop:
        for t in range(t, stop):
            d_mu = fma(b1, d_mu1, xm1)
            d_w = fma(b1, d_w1, one)
            d_a1 = fma(b1, d_a11, x1)
            d_g1 = fma(b1, d_g11, y1)
            d_b1 = fma(b1, d_b11, s1)
            s = fma(b1, s1, fma(g1, y1, fma(a1, x1, w)))
            e = load(returns, t) - mu
            e2 = e * e
            sigma = s
            yb = fma(b_, e, a_ * sigma)
            side = where(less(yb, zero), left, right)
            ys = yb * side
            big = fma(ys * ys, k2, s * s)  # sigma^2 (1 + q)
            both = one / (s * big)
            inverse = both * big
            u = inverse * inverse
            one_q = big * u
            weight = both * s  # 1 / (sigma^2 (1 + q))
            z = e * inverse
            y = ys * inverse
            k = ys * side * sigma * weight
            two_inverse = two * inverse
            l_mu = two_inverse * d_mu
            l_w = two_inverse * d_w
            l_a1 = two_inverse * d_a1
            l_g1 = two_inverse * d_g1
            l_b1 = two_inverse * d_b1
            kz = k * z
            psi_z = kb * kz
            psi_sigma = kb * k * inverse
            sum_k = sum_k + k
            sum_kz = sum_kz + kz
            ky = k * y
            sum_kys = sum_kys + where(less(yb, zero), zero - ky, ky)
            sum_inverse = sum_inverse + inverse
            product_q = product_q * one_q
            c = fma(half, psi_z, splat(-0.5))
            score_mu = fma(c, l_mu, score_mu)
            score_w = fma(c, l_w, score_w)
            score_a1 = fma(c, l_a1, score_a1)
            score_g1 = fma(c, l_g1, score_g1)
            score_b1 = fma(c, l_b1, score_b1)
            score_mu = score_mu + psi_sigma
            sum_u = sum_u + u
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
            sum_mu = sum_mu + l_mu
            sum_w = sum_w + l_w
            sum_a1 = sum_a1 + l_a1
            sum_g1 = sum_g1 + l_g1
            sum_b1 = sum_b1 + l_b1
            product = product * s
            x1 = absolute(e)
            y1 = where(less(e, zero), x1, zero)
            xm1 = where(less(e, zero), a1 + g1, zero - a1)
            s1 = s
            d_mu1 = d_mu
            d_w1 = d_w
            d_a11 = d_a1
            d_g11 = d_g1
            d_b11 = d_b1
            if t & 7 == 7:
                product_twos = product_twos + exponent(product)
                product = mantissa(product)
                product_q_twos = product_q_twos + exponent(product_q)
                product_q = mantissa(product_q)
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), two * fma(product_twos, ln2, logarithm(product))))
        store(sums, 1, where(ended, load(sums, 1), score_mu))
        store(sums, 2, where(ended, load(sums, 2), score_w))
        store(sums, 3, where(ended, load(sums, 3), score_a1))
        store(sums, 4, where(ended, load(sums, 4), score_g1))
        store(sums, 5, where(ended, load(sums, 5), score_b1))
        store(sums, 6, where(ended, load(sums, 6), m0_0))
        store(sums, 7, where(ended, load(sums, 7), m1_0))
        store(sums, 8, where(ended, load(sums, 8), m1_1))
        store(sums, 9, where(ended, load(sums, 9), m2_0))
        store(sums, 10, where(ended, load(sums, 10), m2_1))
        store(sums, 11, where(ended, load(sums, 11), m2_2))
        store(sums, 12, where(ended, load(sums, 12), m3_0))
        store(sums, 13, where(ended, load(sums, 13), m3_1))
        store(sums, 14, where(ended, load(sums, 14), m3_2))
        store(sums, 15, where(ended, load(sums, 15), m3_3))
        store(sums, 16, where(ended, load(sums, 16), m4_0))
        store(sums, 17, where(ended, load(sums, 17), m4_1))
        store(sums, 18, where(ended, load(sums, 18), m4_2))
        store(sums, 19, where(ended, load(sums, 19), m4_3))
        store(sums, 20, where(ended, load(sums, 20), m4_4))
        store(sums, 21, where(ended, load(sums, 21), sum_u))
        store(sums, 22, where(ended, load(sums, 22), sum_mu))
        store(sums, 23, where(ended, load(sums, 23), sum_w))
        store(sums, 24, where(ended, load(sums, 24), sum_a1))
        store(sums, 25, where(ended, load(sums, 25), sum_g1))
        store(sums, 26, where(ended, load(sums, 26), sum_b1))
        store(sums, 27, where(ended, load(sums, 27), fma(product_q_twos, ln2, logarithm(product_q))))
        store(sums, 28, where(ended, load(sums, 28), sum_k))
        store(sums, 29, where(ended, load(sums, 29), sum_kz))
        store(sums, 30, where(ended, load(sums, 30), sum_kys))
        store(sums, 31, where(ended, load(sums, 31), sum_inverse))
        t = stop
        stop = next_stop(n_obs, stop)


def tarch_11_ged(returns, n_obs, theta, constants, sums):
    """tarch(1, 1, 1), ged innovations."""
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
    two = splat(2.0)
    power = load(constants, 2)  # nu / 2 - 1
    scale = load(constants, 3)  # c ** -nu
    half_nu = load(constants, 4)
    tiny = splat(1e-60)  # |z|**nu is taken at |z| = 1e-30 when an innovation is exactly zero
    x1 = presample
    xm1 = a1 * presample_slope
    y1 = half * presample
    xm1 = fma(half * g1, presample_slope, xm1)
    s1 = presample
    d_mu1 = presample_slope
    d_w1 = zero
    d_a11 = zero
    d_g11 = zero
    d_b11 = zero
    log_state = zero
    product = one
    score_mu = zero
    score_w = zero
    score_a1 = zero
    score_g1 = zero
    score_b1 = zero
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
    sum_m = zero
    sum_m_log = zero
    product_twos = zero
    ln2 = splat(0.6931471805599453)
    t = 0
    stop = next_stop(n_obs, 0)
    while t < stop:
        for t in range(t, stop):
            d_mu = fma(b1, d_mu1, xm1)
            d_w = fma(b1, d_w1, one)
            d_a1 = fma(b1, d_a11, x1)
            d_g1 = fma(b1, d_g11, y1)
            d_b1 = fma(b1, d_b11, s1)
            s = fma(b1, s1, fma(g1, y1, fma(a1, x1, w)))
            e = load(returns, t) - mu
            e2 = e * e
            inverse = one / s
            u = inverse * inverse
            two_inverse = two * inverse
            l_mu = two_inverse * d_mu
            l_w = two_inverse * d_w
            l_a1 = two_inverse * d_a1
            l_g1 = two_inverse * d_g1
            l_b1 = two_inverse * d_b1
            z2 = fma(e2, u, tiny)
            log_z2 = logarithm(z2)
            tail = scale * exponential(power * log_z2)
            m = tail * z2
            psi_z = half_nu * m
            psi_sigma = half_nu * tail * e * u
            sum_m = sum_m + m
            sum_m_log = fma(m, log_z2, sum_m_log)
            c = fma(half, psi_z, splat(-0.5))
            score_mu = fma(c, l_mu, score_mu)
            score_w = fma(c, l_w, score_w)
            score_a1 = fma(c, l_a1, score_a1)
            score_g1 = fma(c, l_g1, score_g1)
            score_b1 = fma(c, l_b1, score_b1)
            score_mu = score_mu + psi_sigma
            sum_u = sum_u + u
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
            sum_mu = sum_mu + l_mu
            sum_w = sum_w + l_w
            sum_a1 = sum_a1 + l_a1
            sum_g1 = sum_g1 + l_g1
            sum_b1 = sum_b1 + l_b1
            product = product * s
            x1 = absolute(e)
            y1 = where(less(e, zero), x1, zero)
            xm1 = where(less(e, zero), a1 + g1, zero - a1)
            s1 = s
            d_mu1 = d_mu
            d_w1 = d_w
            d_a11 = d_a1
            d_g11 = d_g1
            d_b11 = d_b1
            if t & 7 == 7:
                product_twos = product_twos + exponent(product)
                product = mantissa(product)
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), two * fma(product_twos, ln2, logarithm(product))))
        store(sums, 1, where(ended, load(sums, 1), score_mu))
        store(sums, 2, where(ended, load(sums, 2), score_w))
        store(sums, 3, where(ended, load(sums, 3), score_a1))
        store(sums, 4, where(ended, load(sums, 4), score_g1))
        store(sums, 5, where(ended, load(sums, 5), score_b1))
        store(sums, 6, where(ended, load(sums, 6), m0_0))
        store(sums, 7, where(ended, load(sums, 7), m1_0))
        store(sums, 8, where(ended, load(sums, 8), m1_1))
        store(sums, 9, where(ended, load(sums, 9), m2_0))
        store(sums, 10, where(ended, load(sums, 10), m2_1))
        store(sums, 11, where(ended, load(sums, 11), m2_2))
        store(sums, 12, where(ended, load(sums, 12), m3_0))
        store(sums, 13, where(ended, load(sums, 13), m3_1))
        store(sums, 14, where(ended, load(sums, 14), m3_2))
        store(sums, 15, where(ended, load(sums, 15), m3_3))
        store(sums, 16, where(ended, load(sums, 16), m4_0))
        store(sums, 17, where(ended, load(sums, 17), m4_1))
        store(sums, 18, where(ended, load(sums, 18), m4_2))
        store(sums, 19, where(ended, load(sums, 19), m4_3))
        store(sums, 20, where(ended, load(sums, 20), m4_4))
        store(sums, 21, where(ended, load(sums, 21), sum_u))
        store(sums, 22, where(ended, load(sums, 22), sum_mu))
        store(sums, 23, where(ended, load(sums, 23), sum_w))
        store(sums, 24, where(ended, load(sums, 24), sum_a1))
        store(sums, 25, where(ended, load(sums, 25), sum_g1))
        store(sums, 26, where(ended, load(sums, 26), sum_b1))
        store(sums, 27, where(ended, load(sums, 27), sum_m))
        store(sums, 28, where(ended, load(sums, 28), sum_m_log))
        t = stop
        stop = next_stop(n_obs, stop)


def tarch_12_normal(returns, n_obs, theta, constants, sums):
    """tarch(1, 1, 2), normal innovations."""
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
    two = splat(2.0)
    x1 = presample
    xm1 = a1 * presample_slope
    y1 = half * presample
    xm1 = fma(half * g1, presample_slope, xm1)
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
    product = one
    score_mu = zero
    score_w = zero
    score_a1 = zero
    score_g1 = zero
    score_b1 = zero
    score_b2 = zero
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
    sum_z2 = zero
    product_twos = zero
    ln2 = splat(0.6931471805599453)
    t = 0
    stop = next_stop(n_obs, 0)
    while t < stop:
        for t in range(t, stop):
            d_mu = fma(b2, d_mu2, fma(b1, d_mu1, xm1))
            d_w = fma(b2, d_w2, fma(b1, d_w1, one))
            d_a1 = fma(b2, d_a12, fma(b1, d_a11, x1))
            d_g1 = fma(b2, d_g12, fma(b1, d_g11, y1))
            d_b1 = fma(b2, d_b12, fma(b1, d_b11, s1))
            d_b2 = fma(b2, d_b22, fma(b1, d_b21, s2))
            s = fma(b1, s1, fma(b2, s2, fma(g1, y1, fma(a1, x1, w))))
            e = load(returns, t) - mu
            e2 = e * e
            inverse = one / s
            u = inverse * inverse
            two_inverse = two * inverse
            l_mu = two_inverse * d_mu
            l_w = two_inverse * d_w
            l_a1 = two_inverse * d_a1
            l_g1 = two_inverse * d_g1
            l_b1 = two_inverse * d_b1
            l_b2 = two_inverse * d_b2
            psi_z = e2 * u
            psi_sigma = e * u
            sum_z2 = sum_z2 + psi_z
            c = fma(half, psi_z, splat(-0.5))
            score_mu = fma(c, l_mu, score_mu)
            score_w = fma(c, l_w, score_w)
            score_a1 = fma(c, l_a1, score_a1)
            score_g1 = fma(c, l_g1, score_g1)
            score_b1 = fma(c, l_b1, score_b1)
            score_b2 = fma(c, l_b2, score_b2)
            score_mu = score_mu + psi_sigma
            sum_u = sum_u + u
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
            product = product * s
            x1 = absolute(e)
            y1 = where(less(e, zero), x1, zero)
            xm1 = where(less(e, zero), a1 + g1, zero - a1)
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
                product_twos = product_twos + exponent(product)
                product = mantissa(product)
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), two * fma(product_twos, ln2, logarithm(product))))
        store(sums, 1, where(ended, load(sums, 1), score_mu))
        store(sums, 2, where(ended, load(sums, 2), score_w))
        store(sums, 3, where(ended, load(sums, 3), score_a1))
        store(sums, 4, where(ended, load(sums, 4), score_g1))
        store(sums, 5, where(ended, load(sums, 5), score_b1))
        store(sums, 6, where(ended, load(sums, 6), score_b2))
        store(sums, 7, where(ended, load(sums, 7), m0_0))
        store(sums, 8, where(ended, load(sums, 8), m1_0))
        store(sums, 9, where(ended, load(sums, 9), m1_1))
        store(sums, 10, where(ended, load(sums, 10), m2_0))
        store(sums, 11, where(ended, load(sums, 11), m2_1))
        store(sums, 12, where(ended, load(sums, 12), m2_2))
        store(sums, 13, where(ended, load(sums, 13), m3_0))
        store(sums, 14, where(ended, load(sums, 14), m3_1))
        store(sums, 15, where(ended, load(sums, 15), m3_2))
        store(sums, 16, where(ended, load(sums, 16), m3_3))
        store(sums, 17, where(ended, load(sums, 17), m4_0))
        store(sums, 18, where(ended, load(sums, 18), m4_1))
        store(sums, 19, where(ended, load(sums, 19), m4_2))
        store(sums, 20, where(ended, load(sums, 20), m4_3))
        store(sums, 21, where(ended, load(sums, 21), m4_4))
        store(sums, 22, where(ended, load(sums, 22), m5_0))
        store(sums, 23, where(ended, load(sums, 23), m5_1))
        store(sums, 24, where(ended, load(sums, 24), m5_2))
        store(sums, 25, where(ended, load(sums, 25), m5_3))
        store(sums, 26, where(ended, load(sums, 26), m5_4))
        store(sums, 27, where(ended, load(sums, 27), m5_5))
        store(sums, 28, where(ended, load(sums, 28), sum_u))
        store(sums, 29, where(ended, load(sums, 29), zero))
        store(sums, 30, where(ended, load(sums, 30), zero))
        store(sums, 31, where(ended, load(sums, 31), zero))
        store(sums, 32, where(ended, load(sums, 32), zero))
        store(sums, 33, where(ended, load(sums, 33), zero))
        store(sums, 34, where(ended, load(sums, 34), zero))
        store(sums, 35, where(ended, load(sums, 35), sum_z2))
        t = stop
        stop = next_stop(n_obs, stop)


def tarch_12_t(returns, n_obs, theta, constants, sums):
    """tarch(1, 1, 2), t innovations."""
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
    two = splat(2.0)
    nu1 = load(constants, 2)  # nu + 1
    k2 = load(constants, 3)  # 1 / (nu - 2)
    nu1_k2 = nu1 * k2
    x1 = presample
    xm1 = a1 * presample_slope
    y1 = half * presample
    xm1 = fma(half * g1, presample_slope, xm1)
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
    product = one
    score_mu = zero
    score_w = zero
    score_a1 = zero
    score_g1 = zero
    score_b1 = zero
    score_b2 = zero
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
    log_q = zero
    sum_r = zero
    product_q = one
    product_twos = zero
    product_q_twos = zero
    ln2 = splat(0.6931471805599453)
    t = 0
    stop = next_stop(n_obs, 0)
    while t < stop:
        for t in range(t, stop):
            d_mu = fma(b2, d_mu2, fma(b1, d_mu1, xm1))
            d_w = fma(b2, d_w2, fma(b1, d_w1, one))
            d_a1 = fma(b2, d_a12, fma(b1, d_a11, x1))
            d_g1 = fma(b2, d_g12, fma(b1, d_g11, y1))
            d_b1 = fma(b2, d_b12, fma(b1, d_b11, s1))
            d_b2 = fma(b2, d_b22, fma(b1, d_b21, s2))
            s = fma(b1, s1, fma(b2, s2, fma(g1, y1, fma(a1, x1, w))))
            e = load(returns, t) - mu
            e2 = e * e
            big = fma(e2, k2, s * s)  # sigma^2 (1 + q)
            both = one / (s * big)
            inverse = both * big
            u = inverse * inverse
            one_q = big * u
            weight = both * s  # 1 / (sigma^2 (1 + q))
            two_inverse = two * inverse
            l_mu = two_inverse * d_mu
            l_w = two_inverse * d_w
            l_a1 = two_inverse * d_a1
            l_g1 = two_inverse * d_g1
            l_b1 = two_inverse * d_b1
            l_b2 = two_inverse * d_b2
            r = e2 * k2 * weight
            psi_z = nu1 * r
            psi_sigma = nu1_k2 * e * weight
            sum_r = sum_r + r
            product_q = product_q * one_q
            c = fma(half, psi_z, splat(-0.5))
            score_mu = fma(c, l_mu, score_mu)
            score_w = fma(c, l_w, score_w)
            score_a1 = fma(c, l_a1, score_a1)
            score_g1 = fma(c, l_g1, score_g1)
            score_b1 = fma(c, l_b1, score_b1)
            score_b2 = fma(c, l_b2, score_b2)
            score_mu = score_mu + psi_sigma
            sum_u = sum_u + u
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
            sum_mu = sum_mu + l_mu
            sum_w = sum_w + l_w
            sum_a1 = sum_a1 + l_a1
            sum_g1 = sum_g1 + l_g1
            sum_b1 = sum_b1 + l_b1
            sum_b2 = sum_b2 + l_b2
            product = product * s
            x1 = absolute(e)
            y1 = where(less(e, zero), x1, zero)
            xm1 = where(less(e, zero), a1 + g1, zero - a1)
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
                product_twos = product_twos + exponent(product)
                product = mantissa(product)
                product_q_twos = product_q_twos + exponent(product_q)
                product_q = mantissa(product_q)
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), two * fma(product_twos, ln2, logarithm(product))))
        store(sums, 1, where(ended, load(sums, 1), score_mu))
        store(sums, 2, where(ended, load(sums, 2), score_w))
        store(sums, 3, where(ended, load(sums, 3), score_a1))
        store(sums, 4, where(ended, load(sums, 4), score_g1))
        store(sums, 5, where(ended, load(sums, 5), score_b1))
        store(sums, 6, where(ended, load(sums, 6), score_b2))
        store(sums, 7, where(ended, load(sums, 7), m0_0))
        store(sums, 8, where(ended, load(sums, 8), m1_0))
        store(sums, 9, where(ended, load(sums, 9), m1_1))
        store(sums, 10, where(ended, load(sums, 10), m2_0))
        store(sums, 11, where(ended, load(sums, 11), m2_1))
        store(sums, 12, where(ended, load(sums, 12), m2_2))
        store(sums, 13, where(ended, load(sums, 13), m3_0))
        store(sums, 14, where(ended, load(sums, 14), m3_1))
        store(sums, 15, where(ended, load(sums, 15), m3_2))
        store(sums, 16, where(ended, load(sums, 16), m3_3))
        store(sums, 17, where(ended, load(sums, 17), m4_0))
        store(sums, 18, where(ended, load(sums, 18), m4_1))
        store(sums, 19, where(ended, load(sums, 19), m4_2))
        store(sums, 20, where(ended, load(sums, 20), m4_3))
        store(sums, 21, where(ended, load(sums, 21), m4_4))
        store(sums, 22, where(ended, load(sums, 22), m5_0))
        store(sums, 23, where(ended, load(sums, 23), m5_1))
        store(sums, 24, where(ended, load(sums, 24), m5_2))
        store(sums, 25, where(ended, load(sums, 25), m5_3))
        store(sums, 26, where(ended, load(sums, 26), m5_4))
        store(sums, 27, where(ended, load(sums, 27), m5_5))
        store(sums, 28, where(ended, load(sums, 28), sum_u))
        store(sums, 29, where(ended, load(sums, 29), sum_mu))
        store(sums, 30, where(ended, load(sums, 30), sum_w))
        store(sums, 31, where(ended, load(sums, 31), sum_a1))
        store(sums, 32, where(ended, load(sums, 32), sum_g1))
        store(sums, 33, where(ended, load(sums, 33), sum_b1))
        store(sums, 34, where(ended, load(sums, 34), sum_b2))
        store(sums, 35, where(ended, load(sums, 35), fma(product_q_twos, ln2, logarithm(product_q))))
        store(sums, 36, where(ended, load(sums, 36), sum_r))
        t = stop
        stop = next_stop(n_obs, stop)


def tarch_12_skewt(returns, n_obs, theta, constants, sums):
    """tarch(1, 1, 2), skewt innovations."""
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
    two = splat(2.0)
    a_ = load(constants, 2)  # Hansen's a and b
    b_ = load(constants, 3)
    left = load(constants, 4)  # 1 / (1 - lambda)
    right = load(constants, 5)  # 1 / (1 + lambda)
    k2 = load(constants, 6)  # 1 / (eta - 2)
    kb = load(constants, 7)  # b (eta + 1) / (eta - 2)
    x1 = presample
    xm1 = a1 * presample_slope
    y1 = half * presample
    xm1 = fma(half * g1, presample_slope, xm1)
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
    product = one
    score_mu = zero
    score_w = zero
    score_a1 = zero
    score_g1 = zero
    score_b1 = zero
    score_b2 = zero
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
    log_q = zero
    sum_k = zero
    sum_kz = zero
    sum_kys = zero
    sum_inverse = zero
    product_q = one
    product_twos = zero
    product_q_twos = zero
    ln2 = splat(0.6931471805599453)
    t = 0
    stop = next_stop(n_obs, 0)
    while t < stop:
        for t in range(t, stop):
            d_mu = fma(b2, d_mu2, fma(b1, d_mu1, xm1))
            d_w = fma(b2, d_w2, fma(b1, d_w1, one))
            d_a1 = fma(b2, d_a12, fma(b1, d_a11, x1))
            d_g1 = fma(b2, d_g12, fma(b1, d_g11, y1))
            d_b1 = fma(b2, d_b12, fma(b1, d_b11, s1))
            d_b2 = fma(b2, d_b22, fma(b1, d_b21, s2))
            s = fma(b1, s1, fma(b2, s2, fma(g1, y1, fma(a1, x1, w))))
            e = load(returns, t) - mu
            e2 = e * e
            sigma = s
            yb = fma(b_, e, a_ * sigma)
            side = where(less(yb, zero), left, right)
            ys = yb * side
            big = fma(ys * ys, k2, s * s)  # sigma^2 (1 + q)
            both = one / (s * big)
            inverse = both * big
            u = inverse * inverse
            one_q = big * u
            weight = both * s  # 1 / (sigma^2 (1 + q))
            z = e * inverse
            y = ys * inverse
            k = ys * side * sigma * weight
            two_inverse = two * inverse
            l_mu = two_inverse * d_mu
            l_w = two_inverse * d_w
            l_a1 = two_inverse * d_a1
            l_g1 = two_inverse * d_g1
            l_b1 = two_inverse * d_b1
            l_b2 = two_inverse * d_b2
            kz = k * z
            psi_z = kb * kz
            psi_sigma = kb * k * inverse
            sum_k = sum_k + k
            sum_kz = sum_kz + kz
            ky = k * y
            sum_kys = sum_kys + where(less(yb, zero), zero - ky, ky)
            sum_inverse = sum_inverse + inverse
            product_q = product_q * one_q
            c = fma(half, psi_z, splat(-0.5))
            score_mu = fma(c, l_mu, score_mu)
            score_w = fma(c, l_w, score_w)
            score_a1 = fma(c, l_a1, score_a1)
            score_g1 = fma(c, l_g1, score_g1)
            score_b1 = fma(c, l_b1, score_b1)
            score_b2 = fma(c, l_b2, score_b2)
            score_mu = score_mu + psi_sigma
            sum_u = sum_u + u
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
            sum_mu = sum_mu + l_mu
            sum_w = sum_w + l_w
            sum_a1 = sum_a1 + l_a1
            sum_g1 = sum_g1 + l_g1
            sum_b1 = sum_b1 + l_b1
            sum_b2 = sum_b2 + l_b2
            product = product * s
            x1 = absolute(e)
            y1 = where(less(e, zero), x1, zero)
            xm1 = where(less(e, zero), a1 + g1, zero - a1)
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
                product_twos = product_twos + exponent(product)
                product = mantissa(product)
                product_q_twos = product_q_twos + exponent(product_q)
                product_q = mantissa(product_q)
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), two * fma(product_twos, ln2, logarithm(product))))
        store(sums, 1, where(ended, load(sums, 1), score_mu))
        store(sums, 2, where(ended, load(sums, 2), score_w))
        store(sums, 3, where(ended, load(sums, 3), score_a1))
        store(sums, 4, where(ended, load(sums, 4), score_g1))
        store(sums, 5, where(ended, load(sums, 5), score_b1))
        store(sums, 6, where(ended, load(sums, 6), score_b2))
        store(sums, 7, where(ended, load(sums, 7), m0_0))
        store(sums, 8, where(ended, load(sums, 8), m1_0))
        store(sums, 9, where(ended, load(sums, 9), m1_1))
        store(sums, 10, where(ended, load(sums, 10), m2_0))
        store(sums, 11, where(ended, load(sums, 11), m2_1))
        store(sums, 12, where(ended, load(sums, 12), m2_2))
        store(sums, 13, where(ended, load(sums, 13), m3_0))
        store(sums, 14, where(ended, load(sums, 14), m3_1))
        store(sums, 15, where(ended, load(sums, 15), m3_2))
        store(sums, 16, where(ended, load(sums, 16), m3_3))
        store(sums, 17, where(ended, load(sums, 17), m4_0))
        store(sums, 18, where(ended, load(sums, 18), m4_1))
        store(sums, 19, where(ended, load(sums, 19), m4_2))
        store(sums, 20, where(ended, load(sums, 20), m4_3))
        store(sums, 21, where(ended, load(sums, 21), m4_4))
        store(sums, 22, where(ended, load(sums, 22), m5_0))
        store(sums, 23, where(ended, load(sums, 23), m5_1))
        store(sums, 24, where(ended, load(sums, 24), m5_2))
        store(sums, 25, where(ended, load(sums, 25), m5_3))
        store(sums, 26, where(ended, load(sums, 26), m5_4))
        store(sums, 27, where(ended, load(sums, 27), m5_5))
        store(sums, 28, where(ended, load(sums, 28), sum_u))
        store(sums, 29, where(ended, load(sums, 29), sum_mu))
        store(sums, 30, where(ended, load(sums, 30), sum_w))
        store(sums, 31, where(ended, load(sums, 31), sum_a1))
        store(sums, 32, where(ended, load(sums, 32), sum_g1))
        store(sums, 33, where(ended, load(sums, 33), sum_b1))
        store(sums, 34, where(ended, load(sums, 34), sum_b2))
        store(sums, 35, where(ended, load(sums, 35), fma(product_q_twos, ln2, logarithm(product_q))))
        store(sums, 36, where(ended, load(sums, 36), sum_k))
        store(sums, 37, where(ended, load(sums, 37), sum_kz))
        store(sums, 38, where(ended, load(sums, 38), sum_kys))
        store(sums, 39, where(ended, load(sums, 39), sum_inverse))
        t = stop
        stop = next_stop(n_obs, stop)


def tarch_12_ged(returns, n_obs, theta, constants, sums):
    """tarch(1, 1, 2), ged innovations."""
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
    two = splat(2.0)
    power = load(constants, 2)  # nu / 2 - 1
    scale = load(constants, 3)  # c ** -nu
    half_nu = load(constants, 4)
    tiny = splat(1e-60)  # |z|**nu is taken at |z| = 1e-30 when an innovation is exactly zero
    x1 = presample
    xm1 = a1 * presample_slope
    y1 = half * presample
    xm1 = fma(half * g1, presample_slope, xm1)
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
    product = one
    score_mu = zero
    score_w = zero
    score_a1 = zero
    score_g1 = zero
    score_b1 = zero
    score_b2 = zero
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
    sum_m = zero
    sum_m_log = zero
    product_twos = zero
    ln2 = splat(0.6931471805599453)
    t = 0
    stop = next_stop(n_obs, 0)
    while t < stop:
        for t in range(t, stop):
            d_mu = fma(b2, d_mu2, fma(b1, d_mu1, xm1))
            d_w = fma(b2, d_w2, fma(b1, d_w1, one))
            d_a1 = fma(b2, d_a12, fma(b1, d_a11, x1))
            d_g1 = fma(b2, d_g12, fma(b1, d_g11, y1))
            d_b1 = fma(b2, d_b12, fma(b1, d_b11, s1))
            d_b2 = fma(b2, d_b22, fma(b1, d_b21, s2))
            s = fma(b1, s1, fma(b2, s2, fma(g1, y1, fma(a1, x1, w))))
            e = load(returns, t) - mu
            e2 = e * e
            inverse = one / s
            u = inverse * inverse
            two_inverse = two * inverse
            l_mu = two_inverse * d_mu
            l_w = two_inverse * d_w
            l_a1 = two_inverse * d_a1
            l_g1 = two_inverse * d_g1
            l_b1 = two_inverse * d_b1
            l_b2 = two_inverse * d_b2
            z2 = fma(e2, u, tiny)
            log_z2 = logarithm(z2)
            tail = scale * exponential(power * log_z2)
            m = tail * z2
            psi_z = half_nu * m
            psi_sigma = half_nu * tail * e * u
            sum_m = sum_m + m
            sum_m_log = fma(m, log_z2, sum_m_log)
            c = fma(half, psi_z, splat(-0.5))
            score_mu = fma(c, l_mu, score_mu)
            score_w = fma(c, l_w, score_w)
            score_a1 = fma(c, l_a1, score_a1)
            score_g1 = fma(c, l_g1, score_g1)
            score_b1 = fma(c, l_b1, score_b1)
            score_b2 = fma(c, l_b2, score_b2)
            score_mu = score_mu + psi_sigma
            sum_u = sum_u + u
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
            sum_mu = sum_mu + l_mu
            sum_w = sum_w + l_w
            sum_a1 = sum_a1 + l_a1
            sum_g1 = sum_g1 + l_g1
            sum_b1 = sum_b1 + l_b1
            sum_b2 = sum_b2 + l_b2
            product = product * s
            x1 = absolute(e)
            y1 = where(less(e, zero), x1, zero)
            xm1 = where(less(e, zero), a1 + g1, zero - a1)
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
                product_twos = product_twos + exponent(product)
                product = mantissa(product)
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), two * fma(product_twos, ln2, logarithm(product))))
        store(sums, 1, where(ended, load(sums, 1), score_mu))
        store(sums, 2, where(ended, load(sums, 2), score_w))
        store(sums, 3, where(ended, load(sums, 3), score_a1))
        store(sums, 4, where(ended, load(sums, 4), score_g1))
        store(sums, 5, where(ended, load(sums, 5), score_b1))
        store(sums, 6, where(ended, load(sums, 6), score_b2))
        store(sums, 7, where(ended, load(sums, 7), m0_0))
        store(sums, 8, where(ended, load(sums, 8), m1_0))
        store(sums, 9, where(ended, load(sums, 9), m1_1))
        store(sums, 10, where(ended, load(sums, 10), m2_0))
        store(sums, 11, where(ended, load(sums, 11), m2_1))
        store(sums, 12, where(ended, load(sums, 12), m2_2))
        store(sums, 13, where(ended, load(sums, 13), m3_0))
        store(sums, 14, where(ended, load(sums, 14), m3_1))
        store(sums, 15, where(ended, load(sums, 15), m3_2))
        store(sums, 16, where(ended, load(sums, 16), m3_3))
        store(sums, 17, where(ended, load(sums, 17), m4_0))
        store(sums, 18, where(ended, load(sums, 18), m4_1))
        store(sums, 19, where(ended, load(sums, 19), m4_2))
        store(sums, 20, where(ended, load(sums, 20), m4_3))
        store(sums, 21, where(ended, load(sums, 21), m4_4))
        store(sums, 22, where(ended, load(sums, 22), m5_0))
        store(sums, 23, where(ended, load(sums, 23), m5_1))
        store(sums, 24, where(ended, load(sums, 24), m5_2))
        store(sums, 25, where(ended, load(sums, 25), m5_3))
        store(sums, 26, where(ended, load(sums, 26), m5_4))
        store(sums, 27, where(ended, load(sums, 27), m5_5))
        store(sums, 28, where(ended, load(sums, 28), sum_u))
        store(sums, 29, where(ended, load(sums, 29), sum_mu))
        store(sums, 30, where(ended, load(sums, 30), sum_w))
        store(sums, 31, where(ended, load(sums, 31), sum_a1))
        store(sums, 32, where(ended, load(sums, 32), sum_g1))
        store(sums, 33, where(ended, load(sums, 33), sum_b1))
        store(sums, 34, where(ended, load(sums, 34), sum_b2))
        store(sums, 35, where(ended, load(sums, 35), sum_m))
        store(sums, 36, where(ended, load(sums, 36), sum_m_log))
        t = stop
        stop = next_stop(n_obs, stop)


def tarch_20_normal(returns, n_obs, theta, constants, sums):
    """tarch(2, 1, 0), normal innovations."""
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
    two = splat(2.0)
    x1 = presample
    xm1 = a1 * presample_slope
    x2 = presample
    xm2 = a2 * presample_slope
    y1 = half * presample
    xm1 = fma(half * g1, presample_slope, xm1)
    s1 = presample
    log_state = zero
    product = one
    score_mu = zero
    score_w = zero
    score_a1 = zero
    score_a2 = zero
    score_g1 = zero
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
    sum_z2 = zero
    product_twos = zero
    ln2 = splat(0.6931471805599453)
    next_xm2 = xm2
    t = 0
    stop = next_stop(n_obs, 0)
    while t < stop:
        for t in range(t, stop):
            d_mu = xm1 + xm2
            d_w = one
            d_a1 = x1
            d_a2 = x2
            d_g1 = y1
            s = fma(g1, y1, fma(a2, x2, fma(a1, x1, w)))
            e = load(returns, t) - mu
            e2 = e * e
            inverse = one / s
            u = inverse * inverse
            two_inverse = two * inverse
            l_mu = two_inverse * d_mu
            l_w = two_inverse * d_w
            l_a1 = two_inverse * d_a1
            l_a2 = two_inverse * d_a2
            l_g1 = two_inverse * d_g1
            psi_z = e2 * u
            psi_sigma = e * u
            sum_z2 = sum_z2 + psi_z
            c = fma(half, psi_z, splat(-0.5))
            score_mu = fma(c, l_mu, score_mu)
            score_w = fma(c, l_w, score_w)
            score_a1 = fma(c, l_a1, score_a1)
            score_a2 = fma(c, l_a2, score_a2)
            score_g1 = fma(c, l_g1, score_g1)
            score_mu = score_mu + psi_sigma
            sum_u = sum_u + u
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
            product = product * s
            x2 = x1
            xm2 = next_xm2
            x1 = absolute(e)
            y1 = where(less(e, zero), x1, zero)
            xm1 = where(less(e, zero), a1 + g1, zero - a1)
            next_xm2 = where(less(e, zero), a2, zero - a2)
            if t & 7 == 7:
                product_twos = product_twos + exponent(product)
                product = mantissa(product)
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), two * fma(product_twos, ln2, logarithm(product))))
        store(sums, 1, where(ended, load(sums, 1), score_mu))
        store(sums, 2, where(ended, load(sums, 2), score_w))
        store(sums, 3, where(ended, load(sums, 3), score_a1))
        store(sums, 4, where(ended, load(sums, 4), score_a2))
        store(sums, 5, where(ended, load(sums, 5), score_g1))
        store(sums, 6, where(ended, load(sums, 6), m0_0))
        store(sums, 7, where(ended, load(sums, 7), m1_0))
        store(sums, 8, where(ended, load(sums, 8), m1_1))
        store(sums, 9, where(ended, load(sums, 9), m2_0))
        store(sums, 10, where(ended, load(sums, 10), m2_1))
        store(sums, 11, where(ended, load(sums, 11), m2_2))
        store(sums, 12, where(ended, load(sums, 12), m3_0))
        store(sums, 13, where(ended, load(sums, 13), m3_1))
        store(sums, 14, where(ended, load(sums, 14), m3_2))
        store(sums, 15, where(ended, load(sums, 15), m3_3))
        store(sums, 16, where(ended, load(sums, 16), m4_0))
        store(sums, 17, where(ended, load(sums, 17), m4_1))
        store(sums, 18, where(ended, load(sums, 18), m4_2))
        store(sums, 19, where(ended, load(sums, 19), m4_3))
        store(sums, 20, where(ended, load(sums, 20), m4_4))
        store(sums, 21, where(ended, load(sums, 21), sum_u))
        store(sums, 22, where(ended, load(sums, 22), zero))
        store(sums, 23, where(ended, load(sums, 23), zero))
        store(sums, 24, where(ended, load(sums, 24), zero))
        store(sums, 25, where(ended, load(sums, 25), zero))
        store(sums, 26, where(ended, load(sums, 26), zero))
        store(sums, 27, where(ended, load(sums, 27), sum_z2))
        t = stop
        stop = next_stop(n_obs, stop)


def tarch_20_t(returns, n_obs, theta, constants, sums):
    """tarch(2, 1, 0), t innovations."""
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
    two = splat(2.0)
    nu1 = load(constants, 2)  # nu + 1
    k2 = load(constants, 3)  # 1 / (nu - 2)
    nu1_k2 = nu1 * k2
    x1 = presample
    xm1 = a1 * presample_slope
    x2 = presample
    xm2 = a2 * presample_slope
    y1 = half * presample
    xm1 = fma(half * g1, presample_slope, xm1)
    s1 = presample
    log_state = zero
    product = one
    score_mu = zero
    score_w = zero
    score_a1 = zero
    score_a2 = zero
    score_g1 = zero
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
    log_q = zero
    sum_r = zero
    product_q = one
    product_twos = zero
    product_q_twos = zero
    ln2 = splat(0.6931471805599453)
    next_xm2 = xm2
    t = 0
    stop = next_stop(n_obs, 0)
    while t < stop:
        for t in range(t, stop):
            d_mu = xm1 + xm2
            d_w = one
            d_a1 = x1
            d_a2 = x2
            d_g1 = y1
            s = fma(g1, y1, fma(a2, x2, fma(a1, x1, w)))
            e = load(returns, t) - mu
            e2 = e * e
            big = fma(e2, k2, s * s)  # sigma^2 (1 + q)
            both = one / (s * big)
            inverse = both * big
            u = inverse * inverse
            one_q = big * u
            weight = both * s  # 1 / (sigma^2 (1 + q))
            two_inverse = two * inverse
            l_mu = two_inverse * d_mu
            l_w = two_inverse * d_w
            l_a1 = two_inverse * d_a1
            l_a2 = two_inverse * d_a2
            l_g1 = two_inverse * d_g1
            r = e2 * k2 * weight
            psi_z = nu1 * r
            psi_sigma = nu1_k2 * e * weight
            sum_r = sum_r + r
            product_q = product_q * one_q
            c = fma(half, psi_z, splat(-0.5))
            score_mu = fma(c, l_mu, score_mu)
            score_w = fma(c, l_w, score_w)
            score_a1 = fma(c, l_a1, score_a1)
            score_a2 = fma(c, l_a2, score_a2)
            score_g1 = fma(c, l_g1, score_g1)
            score_mu = score_mu + psi_sigma
            sum_u = sum_u + u
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
            sum_mu = sum_mu + l_mu
            sum_w = sum_w + l_w
            sum_a1 = sum_a1 + l_a1
            sum_a2 = sum_a2 + l_a2
            sum_g1 = sum_g1 + l_g1
            product = product * s
            x2 = x1
            xm2 = next_xm2
            x1 = absolute(e)
            y1 = where(less(e, zero), x1, zero)
            xm1 = where(less(e, zero), a1 + g1, zero - a1)
            next_xm2 = where(less(e, zero), a2, zero - a2)
            if t & 7 == 7:
                product_twos = product_twos + exponent(product)
                product = mantissa(product)
                product_q_twos = product_q_twos + exponent(product_q)
                product_q = mantissa(product_q)
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), two * fma(product_twos, ln2, logarithm(product))))
        store(sums, 1, where(ended, load(sums, 1), score_mu))
        store(sums, 2, where(ended, load(sums, 2), score_w))
        store(sums, 3, where(ended, load(sums, 3), score_a1))
        store(sums, 4, where(ended, load(sums, 4), score_a2))
        store(sums, 5, where(ended, load(sums, 5), score_g1))
        store(sums, 6, where(ended, load(sums, 6), m0_0))
        store(sums, 7, where(ended, load(sums, 7), m1_0))
        store(sums, 8, where(ended, load(sums, 8), m1_1))
        store(sums, 9, where(ended, load(sums, 9), m2_0))
        store(sums, 10, where(ended, load(sums, 10), m2_1))
        store(sums, 11, where(ended, load(sums, 11), m2_2))
        store(sums, 12, where(ended, load(sums, 12), m3_0))
        store(sums, 13, where(ended, load(sums, 13), m3_1))
        store(sums, 14, where(ended, load(sums, 14), m3_2))
        store(sums, 15, where(ended, load(sums, 15), m3_3))
        store(sums, 16, where(ended, load(sums, 16), m4_0))
        store(sums, 17, where(ended, load(sums, 17), m4_1))
        store(sums, 18, where(ended, load(sums, 18), m4_2))
        store(sums, 19, where(ended, load(sums, 19), m4_3))
        store(sums, 20, where(ended, load(sums, 20), m4_4))
        store(sums, 21, where(ended, load(sums, 21), sum_u))
        store(sums, 22, where(ended, load(sums, 22), sum_mu))
        store(sums, 23, where(ended, load(sums, 23), sum_w))
        store(sums, 24, where(ended, load(sums, 24), sum_a1))
        store(sums, 25, where(ended, load(sums, 25), sum_a2))
        store(sums, 26, where(ended, load(sums, 26), sum_g1))
        store(sums, 27, where(ended, load(sums, 27), fma(product_q_twos, ln2, logarithm(product_q))))
        store(sums, 28, where(ended, load(sums, 28), sum_r))
        t = stop
        stop = next_stop(n_obs, stop)


def tarch_20_skewt(returns, n_obs, theta, constants, sums):
    """tarch(2, 1, 0), skewt innovations."""
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
    two = splat(2.0)
    a_ = load(constants, 2)  # Hansen's a and b
    b_ = load(constants, 3)
    left = load(constants, 4)  # 1 / (1 - lambda)
    right = load(constants, 5)  # 1 / (1 + lambda)
    k2 = load(constants, 6)  # 1 / (eta - 2)
    kb = load(constants, 7)  # b (eta + 1) / (eta - 2)
    x1 = presample
    xm1 = a1 * presample_slope
    x2 = presample
    xm2 = a2 * presample_slope
    y1 = half * presample
    xm1 = fma(half * g1, presample_slope, xm1)
    s1 = presample
    log_state = zero
    product = one
    score_mu = zero
    score_w = zero
    score_a1 = zero
    score_a2 = zero
    score_g1 = zero
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
    log_q = zero
    sum_k = zero
    sum_kz = zero
    sum_kys = zero
    sum_inverse = zero
    product_q = one
    product_twos = zero
    product_q_twos = zero
    ln2 = splat(0.6931471805599453)
    next_xm2 = xm2
    t = 0
    stop = next_stop(n_obs, 0)
    while t < stop:
        for t in range(t, stop):
            d_mu = xm1 + xm2
            d_w = one
            d_a1 = x1
            d_a2 = x2
            d_g1 = y1
            s = fma(g1, y1, fma(a2, x2, fma(a1, x1, w)))
            e = load(returns, t) - mu
            e2 = e * e
            sigma = s
            yb = fma(b_, e, a_ * sigma)
            side = where(less(yb, zero), left, right)
            ys = yb * side
            big = fma(ys * ys, k2, s * s)  # sigma^2 (1 + q)
            both = one / (s * big)
            inverse = both * big
            u = inverse * inverse
            one_q = big * u
            weight = both * s  # 1 / (sigma^2 (1 + q))
            z = e * inverse
            y = ys * inverse
            k = ys * side * sigma * weight
            two_inverse = two * inverse
            l_mu = two_inverse * d_mu
            l_w = two_inverse * d_w
            l_a1 = two_inverse * d_a1
            l_a2 = two_inverse * d_a2
            l_g1 = two_inverse * d_g1
            kz = k * z
            psi_z = kb * kz
            psi_sigma = kb * k * inverse
            sum_k = sum_k + k
            sum_kz = sum_kz + kz
            ky = k * y
            sum_kys = sum_kys + where(less(yb, zero), zero - ky, ky)
            sum_inverse = sum_inverse + inverse
            product_q = product_q * one_q
            c = fma(half, psi_z, splat(-0.5))
            score_mu = fma(c, l_mu, score_mu)
            score_w = fma(c, l_w, score_w)
            score_a1 = fma(c, l_a1, score_a1)
            score_a2 = fma(c, l_a2, score_a2)
            score_g1 = fma(c, l_g1, score_g1)
            score_mu = score_mu + psi_sigma
            sum_u = sum_u + u
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
            sum_mu = sum_mu + l_mu
            sum_w = sum_w + l_w
            sum_a1 = sum_a1 + l_a1
            sum_a2 = sum_a2 + l_a2
            sum_g1 = sum_g1 + l_g1
            product = product * s
            x2 = x1
            xm2 = next_xm2
            x1 = absolute(e)
            y1 = where(less(e, zero), x1, zero)
            xm1 = where(less(e, zero), a1 + g1, zero - a1)
            next_xm2 = where(less(e, zero), a2, zero - a2)
            if t & 7 == 7:
                product_twos = product_twos + exponent(product)
                product = mantissa(product)
                product_q_twos = product_q_twos + exponent(product_q)
                product_q = mantissa(product_q)
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), two * fma(product_twos, ln2, logarithm(product))))
        store(sums, 1, where(ended, load(sums, 1), score_mu))
        store(sums, 2, where(ended, load(sums, 2), score_w))
        store(sums, 3, where(ended, load(sums, 3), score_a1))
        store(sums, 4, where(ended, load(sums, 4), score_a2))
        store(sums, 5, where(ended, load(sums, 5), score_g1))
        store(sums, 6, where(ended, load(sums, 6), m0_0))
        store(sums, 7, where(ended, load(sums, 7), m1_0))
        store(sums, 8, where(ended, load(sums, 8), m1_1))
        store(sums, 9, where(ended, load(sums, 9), m2_0))
        store(sums, 10, where(ended, load(sums, 10), m2_1))
        store(sums, 11, where(ended, load(sums, 11), m2_2))
        store(sums, 12, where(ended, load(sums, 12), m3_0))
        store(sums, 13, where(ended, load(sums, 13), m3_1))
        store(sums, 14, where(ended, load(sums, 14), m3_2))
        store(sums, 15, where(ended, load(sums, 15), m3_3))
        store(sums, 16, where(ended, load(sums, 16), m4_0))
        store(sums, 17, where(ended, load(sums, 17), m4_1))
        store(sums, 18, where(ended, load(sums, 18), m4_2))
        store(sums, 19, where(ended, load(sums, 19), m4_3))
        store(sums, 20, where(ended, load(sums, 20), m4_4))
        store(sums, 21, where(ended, load(sums, 21), sum_u))
        store(sums, 22, where(ended, load(sums, 22), sum_mu))
        store(sums, 23, where(ended, load(sums, 23), sum_w))
        store(sums, 24, where(ended, load(sums, 24), sum_a1))
        store(sums, 25, where(ended, load(sums, 25), sum_a2))
        store(sums, 26, where(ended, load(sums, 26), sum_g1))
        store(sums, 27, where(ended, load(sums, 27), fma(product_q_twos, ln2, logarithm(product_q))))
        store(sums, 28, where(ended, load(sums, 28), sum_k))
        store(sums, 29, where(ended, load(sums, 29), sum_kz))
        store(sums, 30, where(ended, load(sums, 30), sum_kys))
        store(sums, 31, where(ended, load(sums, 31), sum_inverse))
        t = stop
        stop = next_stop(n_obs, stop)


def tarch_20_ged(returns, n_obs, theta, constants, sums):
    """tarch(2, 1, 0), ged innovations."""
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
    two = splat(2.0)
    power = load(constants, 2)  # nu / 2 - 1
    scale = load(constants, 3)  # c ** -nu
    half_nu = load(constants, 4)
    tiny = splat(1e-60)  # |z|**nu is taken at |z| = 1e-30 when an innovation is exactly zero
    x1 = presample
    xm1 = a1 * presample_slope
    x2 = presample
    xm2 = a2 * presample_slope
    y1 = half * presample
    xm1 = fma(half * g1, presample_slope, xm1)
    s1 = presample
    log_state = zero
    product = one
    score_mu = zero
    score_w = zero
    score_a1 = zero
    score_a2 = zero
    score_g1 = zero
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
    sum_m = zero
    sum_m_log = zero
    product_twos = zero
    ln2 = splat(0.6931471805599453)
    next_xm2 = xm2
    t = 0
    stop = next_stop(n_obs, 0)
    while t < stop:
        for t in range(t, stop):
            d_mu = xm1 + xm2
            d_w = one
            d_a1 = x1
            d_a2 = x2
            d_g1 = y1
            s = fma(g1, y1, fma(a2, x2, fma(a1, x1, w)))
            e = load(returns, t) - mu
            e2 = e * e
            inverse = one / s
            u = inverse * inverse
            two_inverse = two * inverse
            l_mu = two_inverse * d_mu
            l_w = two_inverse * d_w
            l_a1 = two_inverse * d_a1
            l_a2 = two_inverse * d_a2
            l_g1 = two_inverse * d_g1
            z2 = fma(e2, u, tiny)
            log_z2 = logarithm(z2)
            tail = scale * exponential(power * log_z2)
            m = tail * z2
            psi_z = half_nu * m
            psi_sigma = half_nu * tail * e * u
            sum_m = sum_m + m
            sum_m_log = fma(m, log_z2, sum_m_log)
            c = fma(half, psi_z, splat(-0.5))
            score_mu = fma(c, l_mu, score_mu)
            score_w = fma(c, l_w, score_w)
            score_a1 = fma(c, l_a1, score_a1)
            score_a2 = fma(c, l_a2, score_a2)
            score_g1 = fma(c, l_g1, score_g1)
            score_mu = score_mu + psi_sigma
            sum_u = sum_u + u
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
            sum_mu = sum_mu + l_mu
            sum_w = sum_w + l_w
            sum_a1 = sum_a1 + l_a1
            sum_a2 = sum_a2 + l_a2
            sum_g1 = sum_g1 + l_g1
            product = product * s
            x2 = x1
            xm2 = next_xm2
            x1 = absolute(e)
            y1 = where(less(e, zero), x1, zero)
            xm1 = where(less(e, zero), a1 + g1, zero - a1)
            next_xm2 = where(less(e, zero), a2, zero - a2)
            if t & 7 == 7:
                product_twos = product_twos + exponent(product)
                product = mantissa(product)
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), two * fma(product_twos, ln2, logarithm(product))))
        store(sums, 1, where(ended, load(sums, 1), score_mu))
        store(sums, 2, where(ended, load(sums, 2), score_w))
        store(sums, 3, where(ended, load(sums, 3), score_a1))
        store(sums, 4, where(ended, load(sums, 4), score_a2))
        store(sums, 5, where(ended, load(sums, 5), score_g1))
        store(sums, 6, where(ended, load(sums, 6), m0_0))
        store(sums, 7, where(ended, load(sums, 7), m1_0))
        store(sums, 8, where(ended, load(sums, 8), m1_1))
        store(sums, 9, where(ended, load(sums, 9), m2_0))
        store(sums, 10, where(ended, load(sums, 10), m2_1))
        store(sums, 11, where(ended, load(sums, 11), m2_2))
        store(sums, 12, where(ended, load(sums, 12), m3_0))
        store(sums, 13, where(ended, load(sums, 13), m3_1))
        store(sums, 14, where(ended, load(sums, 14), m3_2))
        store(sums, 15, where(ended, load(sums, 15), m3_3))
        store(sums, 16, where(ended, load(sums, 16), m4_0))
        store(sums, 17, where(ended, load(sums, 17), m4_1))
        store(sums, 18, where(ended, load(sums, 18), m4_2))
        store(sums, 19, where(ended, load(sums, 19), m4_3))
        store(sums, 20, where(ended, load(sums, 20), m4_4))
        store(sums, 21, where(ended, load(sums, 21), sum_u))
        store(sums, 22, where(ended, load(sums, 22), sum_mu))
        store(sums, 23, where(ended, load(sums, 23), sum_w))
        store(sums, 24, where(ended, load(sums, 24), sum_a1))
        store(sums, 25, where(ended, load(sums, 25), sum_a2))
        store(sums, 26, where(ended, load(sums, 26), sum_g1))
        store(sums, 27, where(ended, load(sums, 27), sum_m))
        store(sums, 28, where(ended, load(sums, 28), sum_m_log))
        t = stop
        stop = next_stop(n_obs, stop)


def tarch_21_normal(returns, n_obs, theta, constants, sums):
    """tarch(2, 1, 1), normal innovations."""
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
    two = splat(2.0)
    x1 = presample
    xm1 = a1 * presample_slope
    x2 = presample
    xm2 = a2 * presample_slope
    y1 = half * presample
    xm1 = fma(half * g1, presample_slope, xm1)
    s1 = presample
    d_mu1 = presample_slope
    d_w1 = zero
    d_a11 = zero
    d_a21 = zero
    d_g11 = zero
    d_b11 = zero
    log_state = zero
    product = one
    score_mu = zero
    score_w = zero
    score_a1 = zero
    score_a2 = zero
    score_g1 = zero
    score_b1 = zero
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
    sum_z2 = zero
    product_twos = zero
    ln2 = splat(0.6931471805599453)
    next_xm2 = xm2
    t = 0
    stop = next_stop(n_obs, 0)
    while t < stop:
        for t in range(t, stop):
            d_mu = fma(b1, d_mu1, xm1 + xm2)
            d_w = fma(b1, d_w1, one)
            d_a1 = fma(b1, d_a11, x1)
            d_a2 = fma(b1, d_a21, x2)
            d_g1 = fma(b1, d_g11, y1)
            d_b1 = fma(b1, d_b11, s1)
            s = fma(b1, s1, fma(g1, y1, fma(a2, x2, fma(a1, x1, w))))
            e = load(returns, t) - mu
            e2 = e * e
            inverse = one / s
            u = inverse * inverse
            two_inverse = two * inverse
            l_mu = two_inverse * d_mu
            l_w = two_inverse * d_w
            l_a1 = two_inverse * d_a1
            l_a2 = two_inverse * d_a2
            l_g1 = two_inverse * d_g1
            l_b1 = two_inverse * d_b1
            psi_z = e2 * u
            psi_sigma = e * u
            sum_z2 = sum_z2 + psi_z
            c = fma(half, psi_z, splat(-0.5))
            score_mu = fma(c, l_mu, score_mu)
            score_w = fma(c, l_w, score_w)
            score_a1 = fma(c, l_a1, score_a1)
            score_a2 = fma(c, l_a2, score_a2)
            score_g1 = fma(c, l_g1, score_g1)
            score_b1 = fma(c, l_b1, score_b1)
            score_mu = score_mu + psi_sigma
            sum_u = sum_u + u
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
            product = product * s
            x2 = x1
            xm2 = next_xm2
            x1 = absolute(e)
            y1 = where(less(e, zero), x1, zero)
            xm1 = where(less(e, zero), a1 + g1, zero - a1)
            next_xm2 = where(less(e, zero), a2, zero - a2)
            s1 = s
            d_mu1 = d_mu
            d_w1 = d_w
            d_a11 = d_a1
            d_a21 = d_a2
            d_g11 = d_g1
            d_b11 = d_b1
            if t & 7 == 7:
                product_twos = product_twos + exponent(product)
                product = mantissa(product)
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), two * fma(product_twos, ln2, logarithm(product))))
        store(sums, 1, where(ended, load(sums, 1), score_mu))
        store(sums, 2, where(ended, load(sums, 2), score_w))
        store(sums, 3, where(ended, load(sums, 3), score_a1))
        store(sums, 4, where(ended, load(sums, 4), score_a2))
        store(sums, 5, where(ended, load(sums, 5), score_g1))
        store(sums, 6, where(ended, load(sums, 6), score_b1))
        store(sums, 7, where(ended, load(sums, 7), m0_0))
        store(sums, 8, where(ended, load(sums, 8), m1_0))
        store(sums, 9, where(ended, load(sums, 9), m1_1))
        store(sums, 10, where(ended, load(sums, 10), m2_0))
        store(sums, 11, where(ended, load(sums, 11), m2_1))
        store(sums, 12, where(ended, load(sums, 12), m2_2))
        store(sums, 13, where(ended, load(sums, 13), m3_0))
        store(sums, 14, where(ended, load(sums, 14), m3_1))
        store(sums, 15, where(ended, load(sums, 15), m3_2))
        store(sums, 16, where(ended, load(sums, 16), m3_3))
        store(sums, 17, where(ended, load(sums, 17), m4_0))
        store(sums, 18, where(ended, load(sums, 18), m4_1))
        store(sums, 19, where(ended, load(sums, 19), m4_2))
        store(sums, 20, where(ended, load(sums, 20), m4_3))
        store(sums, 21, where(ended, load(sums, 21), m4_4))
        store(sums, 22, where(ended, load(sums, 22), m5_0))
        store(sums, 23, where(ended, load(sums, 23), m5_1))
        store(sums, 24, where(ended, load(sums, 24), m5_2))
        store(sums, 25, where(ended, load(sums, 25), m5_3))
        store(sums, 26, where(ended, load(sums, 26), m5_4))
        store(sums, 27, where(ended, load(sums, 27), m5_5))
        store(sums, 28, where(ended, load(sums, 28), sum_u))
        store(sums, 29, where(ended, load(sums, 29), zero))
        store(sums, 30, where(ended, load(sums, 30), zero))
        store(sums, 31, where(ended, load(sums, 31), zero))
        store(sums, 32, where(ended, load(sums, 32), zero))
        store(sums, 33, where(ended, load(sums, 33), zero))
        store(sums, 34, where(ended, load(sums, 34), zero))
        store(sums, 35, where(ended, load(sums, 35), sum_z2))
        t = stop
        stop = next_stop(n_obs, stop)


def tarch_21_t(returns, n_obs, theta, constants, sums):
    """tarch(2, 1, 1), t innovations."""
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
    two = splat(2.0)
    nu1 = load(constants, 2)  # nu + 1
    k2 = load(constants, 3)  # 1 / (nu - 2)
    nu1_k2 = nu1 * k2
    x1 = presample
    xm1 = a1 * presample_slope
    x2 = presample
    xm2 = a2 * presample_slope
    y1 = half * presample
    xm1 = fma(half * g1, presample_slope, xm1)
    s1 = presample
    d_mu1 = presample_slope
    d_w1 = zero
    d_a11 = zero
    d_a21 = zero
    d_g11 = zero
    d_b11 = zero
    log_state = zero
    product = one
    score_mu = zero
    score_w = zero
    score_a1 = zero
    score_a2 = zero
    score_g1 = zero
    score_b1 = zero
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
    log_q = zero
    sum_r = zero
    product_q = one
    product_twos = zero
    product_q_twos = zero
    ln2 = splat(0.6931471805599453)
    next_xm2 = xm2
    t = 0
    stop = next_stop(n_obs, 0)
    while t < stop:
        for t in range(t, stop):
            d_mu = fma(b1, d_mu1, xm1 + xm2)
            d_w = fma(b1, d_w1, one)
            d_a1 = fma(b1, d_a11, x1)
            d_a2 = fma(b1, d_a21, x2)
            d_g1 = fma(b1, d_g11, y1)
            d_b1 = fma(b1, d_b11, s1)
            s = fma(b1, s1, fma(g1, y1, fma(a2, x2, fma(a1, x1, w))))
            e = load(returns, t) - mu
            e2 = e * e
            big = fma(e2, k2, s * s)  # sigma^2 (1 + q)
            both = one / (s * big)
            inverse = both * big
            u = inverse * inverse
            one_q = big * u
            weight = both * s  # 1 / (sigma^2 (1 + q))
            two_inverse = two * inverse
            l_mu = two_inverse * d_mu
            l_w = two_inverse * d_w
            l_a1 = two_inverse * d_a1
            l_a2 = two_inverse * d_a2
            l_g1 = two_inverse * d_g1
            l_b1 = two_inverse * d_b1
            r = e2 * k2 * weight
            psi_z = nu1 * r
            psi_sigma = nu1_k2 * e * weight
            sum_r = sum_r + r
            product_q = product_q * one_q
            c = fma(half, psi_z, splat(-0.5))
            score_mu = fma(c, l_mu, score_mu)
            score_w = fma(c, l_w, score_w)
            score_a1 = fma(c, l_a1, score_a1)
            score_a2 = fma(c, l_a2, score_a2)
            score_g1 = fma(c, l_g1, score_g1)
            score_b1 = fma(c, l_b1, score_b1)
            score_mu = score_mu + psi_sigma
            sum_u = sum_u + u
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
            sum_mu = sum_mu + l_mu
            sum_w = sum_w + l_w
            sum_a1 = sum_a1 + l_a1
            sum_a2 = sum_a2 + l_a2
            sum_g1 = sum_g1 + l_g1
            sum_b1 = sum_b1 + l_b1
            product = product * s
            x2 = x1
            xm2 = next_xm2
            x1 = absolute(e)
            y1 = where(less(e, zero), x1, zero)
            xm1 = where(less(e, zero), a1 + g1, zero - a1)
            next_xm2 = where(less(e, zero), a2, zero - a2)
            s1 = s
            d_mu1 = d_mu
            d_w1 = d_w
            d_a11 = d_a1
            d_a21 = d_a2
            d_g11 = d_g1
            d_b11 = d_b1
            if t & 7 == 7:
                product_twos = product_twos + exponent(product)
                product = mantissa(product)
                product_q_twos = product_q_twos + exponent(product_q)
                product_q = mantissa(product_q)
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), two * fma(product_twos, ln2, logarithm(product))))
        store(sums, 1, where(ended, load(sums, 1), score_mu))
        store(sums, 2, where(ended, load(sums, 2), score_w))
        store(sums, 3, where(ended, load(sums, 3), score_a1))
        store(sums, 4, where(ended, load(sums, 4), score_a2))
        store(sums, 5, where(ended, load(sums, 5), score_g1))
        store(sums, 6, where(ended, load(sums, 6), score_b1))
        store(sums, 7, where(ended, load(sums, 7), m0_0))
        store(sums, 8, where(ended, load(sums, 8), m1_0))
        store(sums, 9, where(ended, load(sums, 9), m1_1))
        store(sums, 10, where(ended, load(sums, 10), m2_0))
        store(sums, 11, where(ended, load(sums, 11), m2_1))
        store(sums, 12, where(ended, load(sums, 12), m2_2))
        store(sums, 13, where(ended, load(sums, 13), m3_0))
        store(sums, 14, where(ended, load(sums, 14), m3_1))
        store(sums, 15, where(ended, load(sums, 15), m3_2))
        store(sums, 16, where(ended, load(sums, 16), m3_3))
        store(sums, 17, where(ended, load(sums, 17), m4_0))
        store(sums, 18, where(ended, load(sums, 18), m4_1))
        store(sums, 19, where(ended, load(sums, 19), m4_2))
        store(sums, 20, where(ended, load(sums, 20), m4_3))
        store(sums, 21, where(ended, load(sums, 21), m4_4))
        store(sums, 22, where(ended, load(sums, 22), m5_0))
        store(sums, 23, where(ended, load(sums, 23), m5_1))
        store(sums, 24, where(ended, load(sums, 24), m5_2))
        store(sums, 25, where(ended, load(sums, 25), m5_3))
        store(sums, 26, where(ended, load(sums, 26), m5_4))
        store(sums, 27, where(ended, load(sums, 27), m5_5))
        store(sums, 28, where(ended, load(sums, 28), sum_u))
        store(sums, 29, where(ended, load(sums, 29), sum_mu))
        store(sums, 30, where(ended, load(sums, 30), sum_w))
        store(sums, 31, where(ended, load(sums, 31), sum_a1))
        store(sums, 32, where(ended, load(sums, 32), sum_a2))
        store(sums, 33, where(ended, load(sums, 33), sum_g1))
        store(sums, 34, where(ended, load(sums, 34), sum_b1))
        store(sums, 35, where(ended, load(sums, 35), fma(product_q_twos, ln2, logarithm(product_q))))
        store(sums, 36, where(ended, load(sums, 36), sum_r))
        t = stop
        stop = next_stop(n_obs, stop)


def tarch_21_skewt(returns, n_obs, theta, constants, sums):
    """tarch(2, 1, 1), skewt innovations."""
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
    two = splat(2.0)
    a_ = load(constants, 2)  # Hansen's a and b
    b_ = load(constants, 3)
    left = load(constants, 4)  # 1 / (1 - lambda)
    right = load(constants, 5)  # 1 / (1 + lambda)
    k2 = load(constants, 6)  # 1 / (eta - 2)
    kb = load(constants, 7)  # b (eta + 1) / (eta - 2)
    x1 = presample
    xm1 = a1 * presample_slope
    x2 = presample
    xm2 = a2 * presample_slope
    y1 = half * presample
    xm1 = fma(half * g1, presample_slope, xm1)
    s1 = presample
    d_mu1 = presample_slope
    d_w1 = zero
    d_a11 = zero
    d_a21 = zero
    d_g11 = zero
    d_b11 = zero
    log_state = zero
    product = one
    score_mu = zero
    score_w = zero
    score_a1 = zero
    score_a2 = zero
    score_g1 = zero
    score_b1 = zero
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
    log_q = zero
    sum_k = zero
    sum_kz = zero
    sum_kys = zero
    sum_inverse = zero
    product_q = one
    product_twos = zero
    product_q_twos = zero
    ln2 = splat(0.6931471805599453)
    next_xm2 = xm2
    t = 0
    stop = next_stop(n_obs, 0)
    while t < stop:
        for t in range(t, stop):
            d_mu = fma(b1, d_mu1, xm1 + xm2)
            d_w = fma(b1, d_w1, one)
            d_a1 = fma(b1, d_a11, x1)
            d_a2 = fma(b1, d_a21, x2)
            d_g1 = fma(b1, d_g11, y1)
            d_b1 = fma(b1, d_b11, s1)
            s = fma(b1, s1, fma(g1, y1, fma(a2, x2, fma(a1, x1, w))))
            e = load(returns, t) - mu
            e2 = e * e
            sigma = s
            yb = fma(b_, e, a_ * sigma)
            side = where(less(yb, zero), left, right)
            ys = yb * side
            big = fma(ys * ys, k2, s * s)  # sigma^2 (1 + q)
            both = one / (s * big)
            inverse = both * big
            u = inverse * inverse
            one_q = big * u
            weight = both * s  # 1 / (sigma^2 (1 + q))
            z = e * inverse
            y = ys * inverse
            k = ys * side * sigma * weight
            two_inverse = two * inverse
            l_mu = two_inverse * d_mu
            l_w = two_inverse * d_w
            l_a1 = two_inverse * d_a1
            l_a2 = two_inverse * d_a2
            l_g1 = two_inverse * d_g1
            l_b1 = two_inverse * d_b1
            kz = k * z
            psi_z = kb * kz
            psi_sigma = kb * k * inverse
            sum_k = sum_k + k
            sum_kz = sum_kz + kz
            ky = k * y
            sum_kys = sum_kys + where(less(yb, zero), zero - ky, ky)
            sum_inverse = sum_inverse + inverse
            product_q = product_q * one_q
            c = fma(half, psi_z, splat(-0.5))
            score_mu = fma(c, l_mu, score_mu)
            score_w = fma(c, l_w, score_w)
            score_a1 = fma(c, l_a1, score_a1)
            score_a2 = fma(c, l_a2, score_a2)
            score_g1 = fma(c, l_g1, score_g1)
            score_b1 = fma(c, l_b1, score_b1)
            score_mu = score_mu + psi_sigma
            sum_u = sum_u + u
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
            sum_mu = sum_mu + l_mu
            sum_w = sum_w + l_w
            sum_a1 = sum_a1 + l_a1
            sum_a2 = sum_a2 + l_a2
            sum_g1 = sum_g1 + l_g1
            sum_b1 = sum_b1 + l_b1
            product = product * s
            x2 = x1
            xm2 = next_xm2
            x1 = absolute(e)
            y1 = where(less(e, zero), x1, zero)
            xm1 = where(less(e, zero), a1 + g1, zero - a1)
            next_xm2 = where(less(e, zero), a2, zero - a2)
            s1 = s
            d_mu1 = d_mu
            d_w1 = d_w
            d_a11 = d_a1
            d_a21 = d_a2
            d_g11 = d_g1
            d_b11 = d_b1
            if t & 7 == 7:
                product_twos = product_twos + exponent(product)
                product = mantissa(product)
                product_q_twos = product_q_twos + exponent(product_q)
                product_q = mantissa(product_q)
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), two * fma(product_twos, ln2, logarithm(product))))
        store(sums, 1, where(ended, load(sums, 1), score_mu))
        store(sums, 2, where(ended, load(sums, 2), score_w))
        store(sums, 3, where(ended, load(sums, 3), score_a1))
        store(sums, 4, where(ended, load(sums, 4), score_a2))
        store(sums, 5, where(ended, load(sums, 5), score_g1))
        store(sums, 6, where(ended, load(sums, 6), score_b1))
        store(sums, 7, where(ended, load(sums, 7), m0_0))
        store(sums, 8, where(ended, load(sums, 8), m1_0))
        store(sums, 9, where(ended, load(sums, 9), m1_1))
        store(sums, 10, where(ended, load(sums, 10), m2_0))
        store(sums, 11, where(ended, load(sums, 11), m2_1))
        store(sums, 12, where(ended, load(sums, 12), m2_2))
        store(sums, 13, where(ended, load(sums, 13), m3_0))
        store(sums, 14, where(ended, load(sums, 14), m3_1))
        store(sums, 15, where(ended, load(sums, 15), m3_2))
        store(sums, 16, where(ended, load(sums, 16), m3_3))
        store(sums, 17, where(ended, load(sums, 17), m4_0))
        store(sums, 18, where(ended, load(sums, 18), m4_1))
        store(sums, 19, where(ended, load(sums, 19), m4_2))
        store(sums, 20, where(ended, load(sums, 20), m4_3))
        store(sums, 21, where(ended, load(sums, 21), m4_4))
        store(sums, 22, where(ended, load(sums, 22), m5_0))
        store(sums, 23, where(ended, load(sums, 23), m5_1))
        store(sums, 24, where(ended, load(sums, 24), m5_2))
        store(sums, 25, where(ended, load(sums, 25), m5_3))
        store(sums, 26, where(ended, load(sums, 26), m5_4))
        store(sums, 27, where(ended, load(sums, 27), m5_5))
        store(sums, 28, where(ended, load(sums, 28), sum_u))
        store(sums, 29, where(ended, load(sums, 29), sum_mu))
        store(sums, 30, where(ended, load(sums, 30), sum_w))
        store(sums, 31, where(ended, load(sums, 31), sum_a1))
        store(sums, 32, where(ended, load(sums, 32), sum_a2))
        store(sums, 33, where(ended, load(sums, 33), sum_g1))
        store(sums, 34, where(ended, load(sums, 34), sum_b1))
        store(sums, 35, where(ended, load(sums, 35), fma(product_q_twos, ln2, logarithm(product_q))))
        store(sums, 36, where(ended, load(sums, 36), sum_k))
        store(sums, 37, where(ended, load(sums, 37), sum_kz))
        store(sums, 38, where(ended, load(sums, 38), sum_kys))
        store(sums, 39, where(ended, load(sums, 39), sum_inverse))
        t = stop
        stop = next_stop(n_obs, stop)


def tarch_21_ged(returns, n_obs, theta, constants, sums):
    """tarch(2, 1, 1), ged innovations."""
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
    two = splat(2.0)
    power = load(constants, 2)  # nu / 2 - 1
    scale = load(constants, 3)  # c ** -nu
    half_nu = load(constants, 4)
    tiny = splat(1e-60)  # |z|**nu is taken at |z| = 1e-30 when an innovation is exactly zero
    x1 = presample
    xm1 = a1 * presample_slope
    x2 = presample
    xm2 = a2 * presample_slope
    y1 = half * presample
    xm1 = fma(half * g1, presample_slope, xm1)
    s1 = presample
    d_mu1 = presample_slope
    d_w1 = zero
    d_a11 = zero
    d_a21 = zero
    d_g11 = zero
    d_b11 = zero
    log_state = zero
    product = one
    score_mu = zero
    score_w = zero
    score_a1 = zero
    score_a2 = zero
    score_g1 = zero
    score_b1 = zero
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
    sum_m = zero
    sum_m_log = zero
    product_twos = zero
    ln2 = splat(0.6931471805599453)
    next_xm2 = xm2
    t = 0
    stop = next_stop(n_obs, 0)
    while t < stop:
        for t in range(t, stop):
            d_mu = fma(b1, d_mu1, xm1 + xm2)
            d_w = fma(b1, d_w1, one)
            d_a1 = fma(b1, d_a11, x1)
            d_a2 = fma(b1, d_a21, x2)
            d_g1 = fma(b1, d_g11, y1)
            d_b1 = fma(b1, d_b11, s1)
            s = fma(b1, s1, fma(g1, y1, fma(a2, x2, fma(a1, x1, w))))
            e = load(returns, t) - mu
            e2 = e * e
            inverse = one / s
            u = inverse * inverse
            two_inverse = two * inverse
            l_mu = two_inverse * d_mu
            l_w = two_inverse * d_w
            l_a1 = two_inverse * d_a1
            l_a2 = two_inverse * d_a2
            l_g1 = two_inverse * d_g1
            l_b1 = two_inverse * d_b1
            z2 = fma(e2, u, tiny)
            log_z2 = logarithm(z2)
            tail = scale * exponential(power * log_z2)
            m = tail * z2
            psi_z = half_nu * m
            psi_sigma = half_nu * tail * e * u
            sum_m = sum_m + m
            sum_m_log = fma(m, log_z2, sum_m_log)
            c = fma(half, psi_z, splat(-0.5))
            score_mu = fma(c, l_mu, score_mu)
            score_w = fma(c, l_w, score_w)
            score_a1 = fma(c, l_a1, score_a1)
            score_a2 = fma(c, l_a2, score_a2)
            score_g1 = fma(c, l_g1, score_g1)
            score_b1 = fma(c, l_b1, score_b1)
            score_mu = score_mu + psi_sigma
            sum_u = sum_u + u
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
            sum_mu = sum_mu + l_mu
            sum_w = sum_w + l_w
            sum_a1 = sum_a1 + l_a1
            sum_a2 = sum_a2 + l_a2
            sum_g1 = sum_g1 + l_g1
            sum_b1 = sum_b1 + l_b1
            product = product * s
            x2 = x1
            xm2 = next_xm2
            x1 = absolute(e)
            y1 = where(less(e, zero), x1, zero)
            xm1 = where(less(e, zero), a1 + g1, zero - a1)
            next_xm2 = where(less(e, zero), a2, zero - a2)
            s1 = s
            d_mu1 = d_mu
            d_w1 = d_w
            d_a11 = d_a1
            d_a21 = d_a2
            d_g11 = d_g1
            d_b11 = d_b1
            if t & 7 == 7:
                product_twos = product_twos + exponent(product)
                product = mantissa(product)
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), two * fma(product_twos, ln2, logarithm(product))))
        store(sums, 1, where(ended, load(sums, 1), score_mu))
        store(sums, 2, where(ended, load(sums, 2), score_w))
        store(sums, 3, where(ended, load(sums, 3), score_a1))
        store(sums, 4, where(ended, load(sums, 4), score_a2))
        store(sums, 5, where(ended, load(sums, 5), score_g1))
        store(sums, 6, where(ended, load(sums, 6), score_b1))
        store(sums, 7, where(ended, load(sums, 7), m0_0))
        store(sums, 8, where(ended, load(sums, 8), m1_0))
        store(sums, 9, where(ended, load(sums, 9), m1_1))
        store(sums, 10, where(ended, load(sums, 10), m2_0))
        store(sums, 11, where(ended, load(sums, 11), m2_1))
        store(sums, 12, where(ended, load(sums, 12), m2_2))
        store(sums, 13, where(ended, load(sums, 13), m3_0))
        store(sums, 14, where(ended, load(sums, 14), m3_1))
        store(sums, 15, where(ended, load(sums, 15), m3_2))
        store(sums, 16, where(ended, load(sums, 16), m3_3))
        store(sums, 17, where(ended, load(sums, 17), m4_0))
        store(sums, 18, where(ended, load(sums, 18), m4_1))
        store(sums, 19, where(ended, load(sums, 19), m4_2))
        store(sums, 20, where(ended, load(sums, 20), m4_3))
        store(sums, 21, where(ended, load(sums, 21), m4_4))
        store(sums, 22, where(ended, load(sums, 22), m5_0))
        store(sums, 23, where(ended, load(sums, 23), m5_1))
        store(sums, 24, where(ended, load(sums, 24), m5_2))
        store(sums, 25, where(ended, load(sums, 25), m5_3))
        store(sums, 26, where(ended, load(sums, 26), m5_4))
        store(sums, 27, where(ended, load(sums, 27), m5_5))
        store(sums, 28, where(ended, load(sums, 28), sum_u))
        store(sums, 29, where(ended, load(sums, 29), sum_mu))
        store(sums, 30, where(ended, load(sums, 30), sum_w))
        store(sums, 31, where(ended, load(sums, 31), sum_a1))
        store(sums, 32, where(ended, load(sums, 32), sum_a2))
        store(sums, 33, where(ended, load(sums, 33), sum_g1))
        store(sums, 34, where(ended, load(sums, 34), sum_b1))
        store(sums, 35, where(ended, load(sums, 35), sum_m))
        store(sums, 36, where(ended, load(sums, 36), sum_m_log))
        t = stop
        stop = next_stop(n_obs, stop)


def tarch_22_normal(returns, n_obs, theta, constants, sums):
    """tarch(2, 1, 2), normal innovations."""
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
    two = splat(2.0)
    x1 = presample
    xm1 = a1 * presample_slope
    x2 = presample
    xm2 = a2 * presample_slope
    y1 = half * presample
    xm1 = fma(half * g1, presample_slope, xm1)
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
    product = one
    score_mu = zero
    score_w = zero
    score_a1 = zero
    score_a2 = zero
    score_g1 = zero
    score_b1 = zero
    score_b2 = zero
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
    sum_z2 = zero
    product_twos = zero
    ln2 = splat(0.6931471805599453)
    next_xm2 = xm2
    t = 0
    stop = next_stop(n_obs, 0)
    while t < stop:
        for t in range(t, stop):
            d_mu = fma(b2, d_mu2, fma(b1, d_mu1, xm1 + xm2))
            d_w = fma(b2, d_w2, fma(b1, d_w1, one))
            d_a1 = fma(b2, d_a12, fma(b1, d_a11, x1))
            d_a2 = fma(b2, d_a22, fma(b1, d_a21, x2))
            d_g1 = fma(b2, d_g12, fma(b1, d_g11, y1))
            d_b1 = fma(b2, d_b12, fma(b1, d_b11, s1))
            d_b2 = fma(b2, d_b22, fma(b1, d_b21, s2))
            s = fma(b1, s1, fma(b2, s2, fma(g1, y1, fma(a2, x2, fma(a1, x1, w)))))
            e = load(returns, t) - mu
            e2 = e * e
            inverse = one / s
            u = inverse * inverse
            two_inverse = two * inverse
            l_mu = two_inverse * d_mu
            l_w = two_inverse * d_w
            l_a1 = two_inverse * d_a1
            l_a2 = two_inverse * d_a2
            l_g1 = two_inverse * d_g1
            l_b1 = two_inverse * d_b1
            l_b2 = two_inverse * d_b2
            psi_z = e2 * u
            psi_sigma = e * u
            sum_z2 = sum_z2 + psi_z
            c = fma(half, psi_z, splat(-0.5))
            score_mu = fma(c, l_mu, score_mu)
            score_w = fma(c, l_w, score_w)
            score_a1 = fma(c, l_a1, score_a1)
            score_a2 = fma(c, l_a2, score_a2)
            score_g1 = fma(c, l_g1, score_g1)
            score_b1 = fma(c, l_b1, score_b1)
            score_b2 = fma(c, l_b2, score_b2)
            score_mu = score_mu + psi_sigma
            sum_u = sum_u + u
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
            product = product * s
            x2 = x1
            xm2 = next_xm2
            x1 = absolute(e)
            y1 = where(less(e, zero), x1, zero)
            xm1 = where(less(e, zero), a1 + g1, zero - a1)
            next_xm2 = where(less(e, zero), a2, zero - a2)
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
                product_twos = product_twos + exponent(product)
                product = mantissa(product)
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), two * fma(product_twos, ln2, logarithm(product))))
        store(sums, 1, where(ended, load(sums, 1), score_mu))
        store(sums, 2, where(ended, load(sums, 2), score_w))
        store(sums, 3, where(ended, load(sums, 3), score_a1))
        store(sums, 4, where(ended, load(sums, 4), score_a2))
        store(sums, 5, where(ended, load(sums, 5), score_g1))
        store(sums, 6, where(ended, load(sums, 6), score_b1))
        store(sums, 7, where(ended, load(sums, 7), score_b2))
        store(sums, 8, where(ended, load(sums, 8), m0_0))
        store(sums, 9, where(ended, load(sums, 9), m1_0))
        store(sums, 10, where(ended, load(sums, 10), m1_1))
        store(sums, 11, where(ended, load(sums, 11), m2_0))
        store(sums, 12, where(ended, load(sums, 12), m2_1))
        store(sums, 13, where(ended, load(sums, 13), m2_2))
        store(sums, 14, where(ended, load(sums, 14), m3_0))
        store(sums, 15, where(ended, load(sums, 15), m3_1))
        store(sums, 16, where(ended, load(sums, 16), m3_2))
        store(sums, 17, where(ended, load(sums, 17), m3_3))
        store(sums, 18, where(ended, load(sums, 18), m4_0))
        store(sums, 19, where(ended, load(sums, 19), m4_1))
        store(sums, 20, where(ended, load(sums, 20), m4_2))
        store(sums, 21, where(ended, load(sums, 21), m4_3))
        store(sums, 22, where(ended, load(sums, 22), m4_4))
        store(sums, 23, where(ended, load(sums, 23), m5_0))
        store(sums, 24, where(ended, load(sums, 24), m5_1))
        store(sums, 25, where(ended, load(sums, 25), m5_2))
        store(sums, 26, where(ended, load(sums, 26), m5_3))
        store(sums, 27, where(ended, load(sums, 27), m5_4))
        store(sums, 28, where(ended, load(sums, 28), m5_5))
        store(sums, 29, where(ended, load(sums, 29), m6_0))
        store(sums, 30, where(ended, load(sums, 30), m6_1))
        store(sums, 31, where(ended, load(sums, 31), m6_2))
        store(sums, 32, where(ended, load(sums, 32), m6_3))
        store(sums, 33, where(ended, load(sums, 33), m6_4))
        store(sums, 34, where(ended, load(sums, 34), m6_5))
        store(sums, 35, where(ended, load(sums, 35), m6_6))
        store(sums, 36, where(ended, load(sums, 36), sum_u))
        store(sums, 37, where(ended, load(sums, 37), zero))
        store(sums, 38, where(ended, load(sums, 38), zero))
        store(sums, 39, where(ended, load(sums, 39), zero))
        store(sums, 40, where(ended, load(sums, 40), zero))
        store(sums, 41, where(ended, load(sums, 41), zero))
        store(sums, 42, where(ended, load(sums, 42), zero))
        store(sums, 43, where(ended, load(sums, 43), zero))
        store(sums, 44, where(ended, load(sums, 44), sum_z2))
        t = stop
        stop = next_stop(n_obs, stop)


def tarch_22_t(returns, n_obs, theta, constants, sums):
    """tarch(2, 1, 2), t innovations."""
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
    two = splat(2.0)
    nu1 = load(constants, 2)  # nu + 1
    k2 = load(constants, 3)  # 1 / (nu - 2)
    nu1_k2 = nu1 * k2
    x1 = presample
    xm1 = a1 * presample_slope
    x2 = presample
    xm2 = a2 * presample_slope
    y1 = half * presample
    xm1 = fma(half * g1, presample_slope, xm1)
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
    product = one
    score_mu = zero
    score_w = zero
    score_a1 = zero
    score_a2 = zero
    score_g1 = zero
    score_b1 = zero
    score_b2 = zero
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
    log_q = zero
    sum_r = zero
    product_q = one
    product_twos = zero
    product_q_twos = zero
    ln2 = splat(0.6931471805599453)
    next_xm2 = xm2
    t = 0
    stop = next_stop(n_obs, 0)
    while t < stop:
        for t in range(t, stop):
            d_mu = fma(b2, d_mu2, fma(b1, d_mu1, xm1 + xm2))
            d_w = fma(b2, d_w2, fma(b1, d_w1, one))
            d_a1 = fma(b2, d_a12, fma(b1, d_a11, x1))
            d_a2 = fma(b2, d_a22, fma(b1, d_a21, x2))
            d_g1 = fma(b2, d_g12, fma(b1, d_g11, y1))
            d_b1 = fma(b2, d_b12, fma(b1, d_b11, s1))
            d_b2 = fma(b2, d_b22, fma(b1, d_b21, s2))
            s = fma(b1, s1, fma(b2, s2, fma(g1, y1, fma(a2, x2, fma(a1, x1, w)))))
            e = load(returns, t) - mu
            e2 = e * e
            big = fma(e2, k2, s * s)  # sigma^2 (1 + q)
            both = one / (s * big)
            inverse = both * big
            u = inverse * inverse
            one_q = big * u
            weight = both * s  # 1 / (sigma^2 (1 + q))
            two_inverse = two * inverse
            l_mu = two_inverse * d_mu
            l_w = two_inverse * d_w
            l_a1 = two_inverse * d_a1
            l_a2 = two_inverse * d_a2
            l_g1 = two_inverse * d_g1
            l_b1 = two_inverse * d_b1
            l_b2 = two_inverse * d_b2
            r = e2 * k2 * weight
            psi_z = nu1 * r
            psi_sigma = nu1_k2 * e * weight
            sum_r = sum_r + r
            product_q = product_q * one_q
            c = fma(half, psi_z, splat(-0.5))
            score_mu = fma(c, l_mu, score_mu)
            score_w = fma(c, l_w, score_w)
            score_a1 = fma(c, l_a1, score_a1)
            score_a2 = fma(c, l_a2, score_a2)
            score_g1 = fma(c, l_g1, score_g1)
            score_b1 = fma(c, l_b1, score_b1)
            score_b2 = fma(c, l_b2, score_b2)
            score_mu = score_mu + psi_sigma
            sum_u = sum_u + u
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
            sum_mu = sum_mu + l_mu
            sum_w = sum_w + l_w
            sum_a1 = sum_a1 + l_a1
            sum_a2 = sum_a2 + l_a2
            sum_g1 = sum_g1 + l_g1
            sum_b1 = sum_b1 + l_b1
            sum_b2 = sum_b2 + l_b2
            product = product * s
            x2 = x1
            xm2 = next_xm2
            x1 = absolute(e)
            y1 = where(less(e, zero), x1, zero)
            xm1 = where(less(e, zero), a1 + g1, zero - a1)
            next_xm2 = where(less(e, zero), a2, zero - a2)
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
                product_twos = product_twos + exponent(product)
                product = mantissa(product)
                product_q_twos = product_q_twos + exponent(product_q)
                product_q = mantissa(product_q)
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), two * fma(product_twos, ln2, logarithm(product))))
        store(sums, 1, where(ended, load(sums, 1), score_mu))
        store(sums, 2, where(ended, load(sums, 2), score_w))
        store(sums, 3, where(ended, load(sums, 3), score_a1))
        store(sums, 4, where(ended, load(sums, 4), score_a2))
        store(sums, 5, where(ended, load(sums, 5), score_g1))
        store(sums, 6, where(ended, load(sums, 6), score_b1))
        store(sums, 7, where(ended, load(sums, 7), score_b2))
        store(sums, 8, where(ended, load(sums, 8), m0_0))
        store(sums, 9, where(ended, load(sums, 9), m1_0))
        store(sums, 10, where(ended, load(sums, 10), m1_1))
        store(sums, 11, where(ended, load(sums, 11), m2_0))
        store(sums, 12, where(ended, load(sums, 12), m2_1))
        store(sums, 13, where(ended, load(sums, 13), m2_2))
        store(sums, 14, where(ended, load(sums, 14), m3_0))
        store(sums, 15, where(ended, load(sums, 15), m3_1))
        store(sums, 16, where(ended, load(sums, 16), m3_2))
        store(sums, 17, where(ended, load(sums, 17), m3_3))
        store(sums, 18, where(ended, load(sums, 18), m4_0))
        store(sums, 19, where(ended, load(sums, 19), m4_1))
        store(sums, 20, where(ended, load(sums, 20), m4_2))
        store(sums, 21, where(ended, load(sums, 21), m4_3))
        store(sums, 22, where(ended, load(sums, 22), m4_4))
        store(sums, 23, where(ended, load(sums, 23), m5_0))
        store(sums, 24, where(ended, load(sums, 24), m5_1))
        store(sums, 25, where(ended, load(sums, 25), m5_2))
        store(sums, 26, where(ended, load(sums, 26), m5_3))
        store(sums, 27, where(ended, load(sums, 27), m5_4))
        store(sums, 28, where(ended, load(sums, 28), m5_5))
        store(sums, 29, where(ended, load(sums, 29), m6_0))
        store(sums, 30, where(ended, load(sums, 30), m6_1))
        store(sums, 31, where(ended, load(sums, 31), m6_2))
        store(sums, 32, where(ended, load(sums, 32), m6_3))
        store(sums, 33, where(ended, load(sums, 33), m6_4))
        store(sums, 34, where(ended, load(sums, 34), m6_5))
        store(sums, 35, where(ended, load(sums, 35), m6_6))
        store(sums, 36, where(ended, load(sums, 36), sum_u))
        store(sums, 37, where(ended, load(sums, 37), sum_mu))
        store(sums, 38, where(ended, load(sums, 38), sum_w))
        store(sums, 39, where(ended, load(sums, 39), sum_a1))
        store(sums, 40, where(ended, load(sums, 40), sum_a2))
        store(sums, 41, where(ended, load(sums, 41), sum_g1))
        store(sums, 42, where(ended, load(sums, 42), sum_b1))
        store(sums, 43, where(ended, load(sums, 43), sum_b2))
        store(sums, 44, where(ended, load(sums, 44), fma(product_q_twos, ln2, logarithm(product_q))))
        store(sums, 45, where(ended, load(sums, 45), sum_r))
        t = stop
        stop = next_stop(n_obs, stop)


def tarch_22_skewt(returns, n_obs, theta, constants, sums):
    """tarch(2, 1, 2), skewt innovations."""
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
    two = splat(2.0)
    a_ = load(constants, 2)  # Hansen's a and b
    b_ = load(constants, 3)
    left = load(constants, 4)  # 1 / (1 - lambda)
    right = load(constants, 5)  # 1 / (1 + lambda)
    k2 = load(constants, 6)  # 1 / (eta - 2)
    kb = load(constants, 7)  # b (eta + 1) / (eta - 2)
    x1 = presample
    xm1 = a1 * presample_slope
    x2 = presample
    xm2 = a2 * presample_slope
    y1 = half * presample
    xm1 = fma(half * g1, presample_slope, xm1)
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
    product = one
    score_mu = zero
    score_w = zero
    score_a1 = zero
    score_a2 = zero
    score_g1 = zero
    score_b1 = zero
    score_b2 = zero
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
    log_q = zero
    sum_k = zero
    sum_kz = zero
    sum_kys = zero
    sum_inverse = zero
    product_q = one
    product_twos = zero
    product_q_twos = zero
    ln2 = splat(0.6931471805599453)
    next_xm2 = xm2
    t = 0
    stop = next_stop(n_obs, 0)
    while t < stop:
        for t in range(t, stop):
            d_mu = fma(b2, d_mu2, fma(b1, d_mu1, xm1 + xm2))
            d_w = fma(b2, d_w2, fma(b1, d_w1, one))
            d_a1 = fma(b2, d_a12, fma(b1, d_a11, x1))
            d_a2 = fma(b2, d_a22, fma(b1, d_a21, x2))
            d_g1 = fma(b2, d_g12, fma(b1, d_g11, y1))
            d_b1 = fma(b2, d_b12, fma(b1, d_b11, s1))
            d_b2 = fma(b2, d_b22, fma(b1, d_b21, s2))
            s = fma(b1, s1, fma(b2, s2, fma(g1, y1, fma(a2, x2, fma(a1, x1, w)))))
            e = load(returns, t) - mu
            e2 = e * e
            sigma = s
            yb = fma(b_, e, a_ * sigma)
            side = where(less(yb, zero), left, right)
            ys = yb * side
            big = fma(ys * ys, k2, s * s)  # sigma^2 (1 + q)
            both = one / (s * big)
            inverse = both * big
            u = inverse * inverse
            one_q = big * u
            weight = both * s  # 1 / (sigma^2 (1 + q))
            z = e * inverse
            y = ys * inverse
            k = ys * side * sigma * weight
            two_inverse = two * inverse
            l_mu = two_inverse * d_mu
            l_w = two_inverse * d_w
            l_a1 = two_inverse * d_a1
            l_a2 = two_inverse * d_a2
            l_g1 = two_inverse * d_g1
            l_b1 = two_inverse * d_b1
            l_b2 = two_inverse * d_b2
            kz = k * z
            psi_z = kb * kz
            psi_sigma = kb * k * inverse
            sum_k = sum_k + k
            sum_kz = sum_kz + kz
            ky = k * y
            sum_kys = sum_kys + where(less(yb, zero), zero - ky, ky)
            sum_inverse = sum_inverse + inverse
            product_q = product_q * one_q
            c = fma(half, psi_z, splat(-0.5))
            score_mu = fma(c, l_mu, score_mu)
            score_w = fma(c, l_w, score_w)
            score_a1 = fma(c, l_a1, score_a1)
            score_a2 = fma(c, l_a2, score_a2)
            score_g1 = fma(c, l_g1, score_g1)
            score_b1 = fma(c, l_b1, score_b1)
            score_b2 = fma(c, l_b2, score_b2)
            score_mu = score_mu + psi_sigma
            sum_u = sum_u + u
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
            sum_mu = sum_mu + l_mu
            sum_w = sum_w + l_w
            sum_a1 = sum_a1 + l_a1
            sum_a2 = sum_a2 + l_a2
            sum_g1 = sum_g1 + l_g1
            sum_b1 = sum_b1 + l_b1
            sum_b2 = sum_b2 + l_b2
            product = product * s
            x2 = x1
            xm2 = next_xm2
            x1 = absolute(e)
            y1 = where(less(e, zero), x1, zero)
            xm1 = where(less(e, zero), a1 + g1, zero - a1)
            next_xm2 = where(less(e, zero), a2, zero - a2)
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
                product_twos = product_twos + exponent(product)
                product = mantissa(product)
                product_q_twos = product_q_twos + exponent(product_q)
                product_q = mantissa(product_q)
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), two * fma(product_twos, ln2, logarithm(product))))
        store(sums, 1, where(ended, load(sums, 1), score_mu))
        store(sums, 2, where(ended, load(sums, 2), score_w))
        store(sums, 3, where(ended, load(sums, 3), score_a1))
        store(sums, 4, where(ended, load(sums, 4), score_a2))
        store(sums, 5, where(ended, load(sums, 5), score_g1))
        store(sums, 6, where(ended, load(sums, 6), score_b1))
        store(sums, 7, where(ended, load(sums, 7), score_b2))
        store(sums, 8, where(ended, load(sums, 8), m0_0))
        store(sums, 9, where(ended, load(sums, 9), m1_0))
        store(sums, 10, where(ended, load(sums, 10), m1_1))
        store(sums, 11, where(ended, load(sums, 11), m2_0))
        store(sums, 12, where(ended, load(sums, 12), m2_1))
        store(sums, 13, where(ended, load(sums, 13), m2_2))
        store(sums, 14, where(ended, load(sums, 14), m3_0))
        store(sums, 15, where(ended, load(sums, 15), m3_1))
        store(sums, 16, where(ended, load(sums, 16), m3_2))
        store(sums, 17, where(ended, load(sums, 17), m3_3))
        store(sums, 18, where(ended, load(sums, 18), m4_0))
        store(sums, 19, where(ended, load(sums, 19), m4_1))
        store(sums, 20, where(ended, load(sums, 20), m4_2))
        store(sums, 21, where(ended, load(sums, 21), m4_3))
        store(sums, 22, where(ended, load(sums, 22), m4_4))
        store(sums, 23, where(ended, load(sums, 23), m5_0))
        store(sums, 24, where(ended, load(sums, 24), m5_1))
        store(sums, 25, where(ended, load(sums, 25), m5_2))
        store(sums, 26, where(ended, load(sums, 26), m5_3))
        store(sums, 27, where(ended, load(sums, 27), m5_4))
        store(sums, 28, where(ended, load(sums, 28), m5_5))
        store(sums, 29, where(ended, load(sums, 29), m6_0))
        store(sums, 30, where(ended, load(sums, 30), m6_1))
        store(sums, 31, where(ended, load(sums, 31), m6_2))
        store(sums, 32, where(ended, load(sums, 32), m6_3))
        store(sums, 33, where(ended, load(sums, 33), m6_4))
        store(sums, 34, where(ended, load(sums, 34), m6_5))
        store(sums, 35, where(ended, load(sums, 35), m6_6))
        store(sums, 36, where(ended, load(sums, 36), sum_u))
        store(sums, 37, where(ended, load(sums, 37), sum_mu))
        store(sums, 38, where(ended, load(sums, 38), sum_w))
        store(sums, 39, where(ended, load(sums, 39), sum_a1))
        store(sums, 40, where(ended, load(sums, 40), sum_a2))
        store(sums, 41, where(ended, load(sums, 41), sum_g1))
        store(sums, 42, where(ended, load(sums, 42), sum_b1))
        store(sums, 43, where(ended, load(sums, 43), sum_b2))
        store(sums, 44, where(ended, load(sums, 44), fma(product_q_twos, ln2, logarithm(product_q))))
        store(sums, 45, where(ended, load(sums, 45), sum_k))
        store(sums, 46, where(ended, load(sums, 46), sum_kz))
        store(sums, 47, where(ended, load(sums, 47), sum_kys))
        store(sums, 48, where(ended, load(sums, 48), sum_inverse))
        t = stop
        stop = next_stop(n_obs, stop)


def tarch_22_ged(returns, n_obs, theta, constants, sums):
    """tarch(2, 1, 2), ged innovations."""
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
    two = splat(2.0)
    power = load(constants, 2)  # nu / 2 - 1
    scale = load(constants, 3)  # c ** -nu
    half_nu = load(constants, 4)
    tiny = splat(1e-60)  # |z|**nu is taken at |z| = 1e-30 when an innovation is exactly zero
    x1 = presample
    xm1 = a1 * presample_slope
    x2 = presample
    xm2 = a2 * presample_slope
    y1 = half * presample
    xm1 = fma(half * g1, presample_slope, xm1)
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
    product = one
    score_mu = zero
    score_w = zero
    score_a1 = zero
    score_a2 = zero
    score_g1 = zero
    score_b1 = zero
    score_b2 = zero
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
    sum_m = zero
    sum_m_log = zero
    product_twos = zero
    ln2 = splat(0.6931471805599453)
    next_xm2 = xm2
    t = 0
    stop = next_stop(n_obs, 0)
    while t < stop:
        for t in range(t, stop):
            d_mu = fma(b2, d_mu2, fma(b1, d_mu1, xm1 + xm2))
            d_w = fma(b2, d_w2, fma(b1, d_w1, one))
            d_a1 = fma(b2, d_a12, fma(b1, d_a11, x1))
            d_a2 = fma(b2, d_a22, fma(b1, d_a21, x2))
            d_g1 = fma(b2, d_g12, fma(b1, d_g11, y1))
            d_b1 = fma(b2, d_b12, fma(b1, d_b11, s1))
            d_b2 = fma(b2, d_b22, fma(b1, d_b21, s2))
            s = fma(b1, s1, fma(b2, s2, fma(g1, y1, fma(a2, x2, fma(a1, x1, w)))))
            e = load(returns, t) - mu
            e2 = e * e
            inverse = one / s
            u = inverse * inverse
            two_inverse = two * inverse
            l_mu = two_inverse * d_mu
            l_w = two_inverse * d_w
            l_a1 = two_inverse * d_a1
            l_a2 = two_inverse * d_a2
            l_g1 = two_inverse * d_g1
            l_b1 = two_inverse * d_b1
            l_b2 = two_inverse * d_b2
            z2 = fma(e2, u, tiny)
            log_z2 = logarithm(z2)
            tail = scale * exponential(power * log_z2)
            m = tail * z2
            psi_z = half_nu * m
            psi_sigma = half_nu * tail * e * u
            sum_m = sum_m + m
            sum_m_log = fma(m, log_z2, sum_m_log)
            c = fma(half, psi_z, splat(-0.5))
            score_mu = fma(c, l_mu, score_mu)
            score_w = fma(c, l_w, score_w)
            score_a1 = fma(c, l_a1, score_a1)
            score_a2 = fma(c, l_a2, score_a2)
            score_g1 = fma(c, l_g1, score_g1)
            score_b1 = fma(c, l_b1, score_b1)
            score_b2 = fma(c, l_b2, score_b2)
            score_mu = score_mu + psi_sigma
            sum_u = sum_u + u
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
            sum_mu = sum_mu + l_mu
            sum_w = sum_w + l_w
            sum_a1 = sum_a1 + l_a1
            sum_a2 = sum_a2 + l_a2
            sum_g1 = sum_g1 + l_g1
            sum_b1 = sum_b1 + l_b1
            sum_b2 = sum_b2 + l_b2
            product = product * s
            x2 = x1
            xm2 = next_xm2
            x1 = absolute(e)
            y1 = where(less(e, zero), x1, zero)
            xm1 = where(less(e, zero), a1 + g1, zero - a1)
            next_xm2 = where(less(e, zero), a2, zero - a2)
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
                product_twos = product_twos + exponent(product)
                product = mantissa(product)
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), two * fma(product_twos, ln2, logarithm(product))))
        store(sums, 1, where(ended, load(sums, 1), score_mu))
        store(sums, 2, where(ended, load(sums, 2), score_w))
        store(sums, 3, where(ended, load(sums, 3), score_a1))
        store(sums, 4, where(ended, load(sums, 4), score_a2))
        store(sums, 5, where(ended, load(sums, 5), score_g1))
        store(sums, 6, where(ended, load(sums, 6), score_b1))
        store(sums, 7, where(ended, load(sums, 7), score_b2))
        store(sums, 8, where(ended, load(sums, 8), m0_0))
        store(sums, 9, where(ended, load(sums, 9), m1_0))
        store(sums, 10, where(ended, load(sums, 10), m1_1))
        store(sums, 11, where(ended, load(sums, 11), m2_0))
        store(sums, 12, where(ended, load(sums, 12), m2_1))
        store(sums, 13, where(ended, load(sums, 13), m2_2))
        store(sums, 14, where(ended, load(sums, 14), m3_0))
        store(sums, 15, where(ended, load(sums, 15), m3_1))
        store(sums, 16, where(ended, load(sums, 16), m3_2))
        store(sums, 17, where(ended, load(sums, 17), m3_3))
        store(sums, 18, where(ended, load(sums, 18), m4_0))
        store(sums, 19, where(ended, load(sums, 19), m4_1))
        store(sums, 20, where(ended, load(sums, 20), m4_2))
        store(sums, 21, where(ended, load(sums, 21), m4_3))
        store(sums, 22, where(ended, load(sums, 22), m4_4))
        store(sums, 23, where(ended, load(sums, 23), m5_0))
        store(sums, 24, where(ended, load(sums, 24), m5_1))
        store(sums, 25, where(ended, load(sums, 25), m5_2))
        store(sums, 26, where(ended, load(sums, 26), m5_3))
        store(sums, 27, where(ended, load(sums, 27), m5_4))
        store(sums, 28, where(ended, load(sums, 28), m5_5))
        store(sums, 29, where(ended, load(sums, 29), m6_0))
        store(sums, 30, where(ended, load(sums, 30), m6_1))
        store(sums, 31, where(ended, load(sums, 31), m6_2))
        store(sums, 32, where(ended, load(sums, 32), m6_3))
        store(sums, 33, where(ended, load(sums, 33), m6_4))
        store(sums, 34, where(ended, load(sums, 34), m6_5))
        store(sums, 35, where(ended, load(sums, 35), m6_6))
        store(sums, 36, where(ended, load(sums, 36), sum_u))
        store(sums, 37, where(ended, load(sums, 37), sum_mu))
        store(sums, 38, where(ended, load(sums, 38), sum_w))
        store(sums, 39, where(ended, load(sums, 39), sum_a1))
        store(sums, 40, where(ended, load(sums, 40), sum_a2))
        store(sums, 41, where(ended, load(sums, 41), sum_g1))
        store(sums, 42, where(ended, load(sums, 42), sum_b1))
        store(sums, 43, where(ended, load(sums, 43), sum_b2))
        store(sums, 44, where(ended, load(sums, 44), sum_m))
        store(sums, 45, where(ended, load(sums, 45), sum_m_log))
        t = stop
        stop = next_stop(n_obs, stop)
