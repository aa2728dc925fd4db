"""Likelihood kernels of the garch process. Written by kernel_generator.py; do not edit."""

# generated, and the vector type exists only inside compiled code
# ruff: noqa: ANN001, ANN201, B020, E501, F841, PLR0912, PLR0915, PLR0917, RUF100
# pyright: basic, reportCallIssue=false

from hf_platform.volatility.lanes import (
    align_stack,
    exponent,
    exponential,
    fma,
    less,
    load,
    logarithm,
    mantissa,
    next_stop,
    splat,
    square_root,
    store,
    where,
)


def garch_10_normal(returns, n_obs, theta, constants, sums):
    """garch(1, 0, 0), normal innovations."""
    align_stack()
    mu = load(theta, 0)
    w = load(theta, 1)
    a1 = load(theta, 2)
    zero = splat(0.0)
    one = splat(1.0)
    half = splat(0.5)
    presample = load(constants, 0)
    presample_slope = load(constants, 1)
    m2a1 = a1 * splat(-2.0)
    factor = one
    x1 = presample
    xm1 = a1 * presample_slope
    s1 = presample
    product = one
    product_twos = zero
    score_mu = zero
    score_w = zero
    score_a1 = zero
    sum_psi_z = zero
    sum_psi_sigma = zero
    m0_0 = zero
    m1_1 = zero
    m2_1 = zero
    m2_2 = zero
    sum_u = zero
    t = 0
    stop = next_stop(n_obs, 0)
    while t < stop:
        for t in range(t, stop):
            d_mu = xm1
            d_w = one
            d_a1 = x1
            s = fma(a1, x1, w)
            e = load(returns, t) - mu
            u = one / s
            psi_sigma = e * u
            psi_z = e * psi_sigma
            sum_psi_z = sum_psi_z + psi_z
            sum_psi_sigma = sum_psi_sigma + psi_sigma
            c = psi_z - one
            cd = c * u
            score_mu = fma(cd, d_mu, score_mu)
            score_w = fma(cd, d_w, score_w)
            score_a1 = fma(cd, d_a1, score_a1)
            product = product * s
            if t & 1 == 0:
                l_mu = u * d_mu
                l_w = u * d_w
                l_a1 = u * d_a1
                m0_0 = fma(l_mu, l_mu, m0_0)
                m1_1 = fma(l_w, l_w, m1_1)
                m2_1 = fma(l_a1, l_w, m2_1)
                m2_2 = fma(l_a1, l_a1, m2_2)
                sum_u = sum_u + u
            x1 = e * e
            xm1 = m2a1 * e
            if t & 7 == 7:
                product_twos = product_twos + exponent(product)
                product = mantissa(product)
        ln2 = splat(0.6931471805599453)
        log_state = fma(product_twos, ln2, logarithm(product))
        thinned = splat(float(stop) / float((stop + 1) // 2))  # bars to bars sampled
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), log_state))
        store(sums, 1, where(ended, load(sums, 1), fma(factor, sum_psi_sigma, half * score_mu)))
        store(sums, 2, where(ended, load(sums, 2), half * score_w))
        store(sums, 3, where(ended, load(sums, 3), half * score_a1))
        store(sums, 4, where(ended, load(sums, 4), thinned * m0_0))
        store(sums, 5, where(ended, load(sums, 5), zero))
        store(sums, 6, where(ended, load(sums, 6), thinned * m1_1))
        store(sums, 7, where(ended, load(sums, 7), zero))
        store(sums, 8, where(ended, load(sums, 8), thinned * m2_1))
        store(sums, 9, where(ended, load(sums, 9), thinned * m2_2))
        store(sums, 10, where(ended, load(sums, 10), thinned * sum_u))
        store(sums, 11, where(ended, load(sums, 11), zero))
        store(sums, 12, where(ended, load(sums, 12), zero))
        store(sums, 13, where(ended, load(sums, 13), zero))
        store(sums, 14, where(ended, load(sums, 14), sum_psi_z))
        t = stop
        stop = next_stop(n_obs, stop)


def garch_10_t(returns, n_obs, theta, constants, sums):
    """garch(1, 0, 0), t innovations."""
    align_stack()
    mu = load(theta, 0)
    w = load(theta, 1)
    a1 = load(theta, 2)
    zero = splat(0.0)
    one = splat(1.0)
    half = splat(0.5)
    presample = load(constants, 0)
    presample_slope = load(constants, 1)
    m2a1 = a1 * splat(-2.0)
    k2 = load(constants, 3)  # 1 / (nu - 2)
    factor = load(constants, 2) * k2  # (nu + 1) / (nu - 2)
    x1 = presample
    xm1 = a1 * presample_slope
    s1 = presample
    product = one
    product_q = one
    product_twos = zero
    product_q_twos = zero
    score_mu = zero
    score_w = zero
    score_a1 = zero
    sum_psi_z = zero
    sum_psi_sigma = zero
    m0_0 = zero
    m1_1 = zero
    m2_1 = zero
    m2_2 = zero
    sum_u = zero
    sum_mu = zero
    sum_w = zero
    sum_a1 = zero
    t = 0
    stop = next_stop(n_obs, 0)
    while t < stop:
        for t in range(t, stop):
            d_mu = xm1
            d_w = one
            d_a1 = x1
            s = fma(a1, x1, w)
            e = load(returns, t) - mu
            big = fma(e * e, k2, s)
            both = one / (s * big)
            u = both * big
            psi_sigma = e * (both * s)
            psi_z = e * psi_sigma
            sum_psi_z = sum_psi_z + psi_z
            sum_psi_sigma = sum_psi_sigma + psi_sigma
            c = fma(factor, psi_z, zero - one)
            cd = c * u
            score_mu = fma(cd, d_mu, score_mu)
            score_w = fma(cd, d_w, score_w)
            score_a1 = fma(cd, d_a1, score_a1)
            product_q = product_q * big
            product = product * s
            if t & 1 == 0:
                l_mu = u * d_mu
                l_w = u * d_w
                l_a1 = u * d_a1
                m0_0 = fma(l_mu, l_mu, m0_0)
                m1_1 = fma(l_w, l_w, m1_1)
                m2_1 = fma(l_a1, l_w, m2_1)
                m2_2 = fma(l_a1, l_a1, m2_2)
                sum_u = sum_u + u
                sum_mu = sum_mu + l_mu
                sum_w = sum_w + l_w
                sum_a1 = sum_a1 + l_a1
            x1 = e * e
            xm1 = m2a1 * e
            if t & 7 == 7:
                product_twos = product_twos + exponent(product)
                product = mantissa(product)
                product_q_twos = product_q_twos + exponent(product_q)
                product_q = mantissa(product_q)
        ln2 = splat(0.6931471805599453)
        log_state = fma(product_twos, ln2, logarithm(product))
        log_q = fma(product_q_twos, ln2, logarithm(product_q)) - log_state
        thinned = splat(float(stop) / float((stop + 1) // 2))  # bars to bars sampled
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), log_state))
        store(sums, 1, where(ended, load(sums, 1), fma(factor, sum_psi_sigma, half * score_mu)))
        store(sums, 2, where(ended, load(sums, 2), half * score_w))
        store(sums, 3, where(ended, load(sums, 3), half * score_a1))
        store(sums, 4, where(ended, load(sums, 4), thinned * m0_0))
        store(sums, 5, where(ended, load(sums, 5), zero))
        store(sums, 6, where(ended, load(sums, 6), thinned * m1_1))
        store(sums, 7, where(ended, load(sums, 7), zero))
        store(sums, 8, where(ended, load(sums, 8), thinned * m2_1))
        store(sums, 9, where(ended, load(sums, 9), thinned * m2_2))
        store(sums, 10, where(ended, load(sums, 10), thinned * sum_u))
        store(sums, 11, where(ended, load(sums, 11), thinned * sum_mu))
        store(sums, 12, where(ended, load(sums, 12), thinned * sum_w))
        store(sums, 13, where(ended, load(sums, 13), thinned * sum_a1))
        store(sums, 14, where(ended, load(sums, 14), log_q))
        store(sums, 15, where(ended, load(sums, 15), k2 * sum_psi_z))
        t = stop
        stop = next_stop(n_obs, stop)


def garch_10_skewt(returns, n_obs, theta, constants, sums):
    """garch(1, 0, 0), skewt innovations."""
    align_stack()
    mu = load(theta, 0)
    w = load(theta, 1)
    a1 = load(theta, 2)
    zero = splat(0.0)
    one = splat(1.0)
    half = splat(0.5)
    presample = load(constants, 0)
    presample_slope = load(constants, 1)
    m2a1 = a1 * splat(-2.0)
    a_ = load(constants, 2)  # Hansen's a and b
    b_ = load(constants, 3)
    left = load(constants, 4)  # 1 / (1 - lambda)
    right = load(constants, 5)  # 1 / (1 + lambda)
    k2 = load(constants, 6)  # 1 / (eta - 2)
    factor = load(constants, 7)  # b (eta + 1) / (eta - 2)
    x1 = presample
    xm1 = a1 * presample_slope
    s1 = presample
    product = one
    product_q = one
    product_twos = zero
    product_q_twos = zero
    score_mu = zero
    score_w = zero
    score_a1 = zero
    sum_psi_z = zero
    sum_psi_sigma = zero
    sum_k = zero
    sum_kys = zero
    m0_0 = zero
    m1_1 = zero
    m2_1 = zero
    m2_2 = zero
    sum_u = zero
    sum_mu = zero
    sum_w = zero
    sum_a1 = zero
    sum_inverse = zero
    t = 0
    stop = next_stop(n_obs, 0)
    while t < stop:
        for t in range(t, stop):
            d_mu = xm1
            d_w = one
            d_a1 = x1
            s = fma(a1, x1, w)
            e = load(returns, t) - mu
            sigma = square_root(s)
            yb = fma(b_, e, a_ * sigma)
            side = where(less(yb, zero), left, right)
            ys = yb * side
            big = fma(ys * ys, k2, s)
            both = one / (s * big)
            u = both * big
            psi_sigma = ys * side * (both * s)
            psi_z = e * psi_sigma
            k = psi_sigma * sigma
            ky = psi_sigma * ys
            sum_psi_z = sum_psi_z + psi_z
            sum_psi_sigma = sum_psi_sigma + psi_sigma
            kys = where(less(yb, zero), zero - ky, ky)
            sum_k = sum_k + k
            sum_kys = sum_kys + kys
            c = fma(factor, psi_z, zero - one)
            cd = c * u
            score_mu = fma(cd, d_mu, score_mu)
            score_w = fma(cd, d_w, score_w)
            score_a1 = fma(cd, d_a1, score_a1)
            product_q = product_q * big
            product = product * s
            if t & 1 == 0:
                l_mu = u * d_mu
                l_w = u * d_w
                l_a1 = u * d_a1
                m0_0 = fma(l_mu, l_mu, m0_0)
                m1_1 = fma(l_w, l_w, m1_1)
                m2_1 = fma(l_a1, l_w, m2_1)
                m2_2 = fma(l_a1, l_a1, m2_2)
                sum_u = sum_u + u
                sum_mu = sum_mu + l_mu
                sum_w = sum_w + l_w
                sum_a1 = sum_a1 + l_a1
                sum_inverse = sum_inverse + sigma * u
            x1 = e * e
            xm1 = m2a1 * e
            if t & 7 == 7:
                product_twos = product_twos + exponent(product)
                product = mantissa(product)
                product_q_twos = product_q_twos + exponent(product_q)
                product_q = mantissa(product_q)
        ln2 = splat(0.6931471805599453)
        log_state = fma(product_twos, ln2, logarithm(product))
        log_q = fma(product_q_twos, ln2, logarithm(product_q)) - log_state
        thinned = splat(float(stop) / float((stop + 1) // 2))  # bars to bars sampled
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), log_state))
        store(sums, 1, where(ended, load(sums, 1), fma(factor, sum_psi_sigma, half * score_mu)))
        store(sums, 2, where(ended, load(sums, 2), half * score_w))
        store(sums, 3, where(ended, load(sums, 3), half * score_a1))
        store(sums, 4, where(ended, load(sums, 4), thinned * m0_0))
        store(sums, 5, where(ended, load(sums, 5), zero))
        store(sums, 6, where(ended, load(sums, 6), thinned * m1_1))
        store(sums, 7, where(ended, load(sums, 7), zero))
        store(sums, 8, where(ended, load(sums, 8), thinned * m2_1))
        store(sums, 9, where(ended, load(sums, 9), thinned * m2_2))
        store(sums, 10, where(ended, load(sums, 10), thinned * sum_u))
        store(sums, 11, where(ended, load(sums, 11), thinned * sum_mu))
        store(sums, 12, where(ended, load(sums, 12), thinned * sum_w))
        store(sums, 13, where(ended, load(sums, 13), thinned * sum_a1))
        store(sums, 14, where(ended, load(sums, 14), log_q))
        store(sums, 15, where(ended, load(sums, 15), sum_k))
        store(sums, 16, where(ended, load(sums, 16), sum_psi_z))
        store(sums, 17, where(ended, load(sums, 17), sum_kys))
        store(sums, 18, where(ended, load(sums, 18), thinned * sum_inverse))
        t = stop
        stop = next_stop(n_obs, stop)


def garch_10_ged(returns, n_obs, theta, constants, sums):
    """garch(1, 0, 0), ged innovations."""
    align_stack()
    mu = load(theta, 0)
    w = load(theta, 1)
    a1 = load(theta, 2)
    zero = splat(0.0)
    one = splat(1.0)
    half = splat(0.5)
    presample = load(constants, 0)
    presample_slope = load(constants, 1)
    m2a1 = a1 * splat(-2.0)
    power = load(constants, 2)  # nu / 2 - 1
    scale = load(constants, 3)  # c ** -nu
    factor = load(constants, 4)  # nu / 2
    tiny = splat(1e-60)  # |z|**nu is taken at |z| = 1e-30 when an innovation is exactly zero
    x1 = presample
    xm1 = a1 * presample_slope
    s1 = presample
    product = one
    product_twos = zero
    score_mu = zero
    score_w = zero
    score_a1 = zero
    sum_psi_z = zero
    sum_psi_sigma = zero
    sum_m_log = zero
    m0_0 = zero
    m1_1 = zero
    m2_1 = zero
    m2_2 = zero
    sum_u = zero
    sum_mu = zero
    sum_w = zero
    sum_a1 = zero
    t = 0
    stop = next_stop(n_obs, 0)
    while t < stop:
        for t in range(t, stop):
            d_mu = xm1
            d_w = one
            d_a1 = x1
            s = fma(a1, x1, w)
            e = load(returns, t) - mu
            u = one / s
            eu = e * u
            z2 = fma(e, eu, tiny)
            log_z2 = logarithm(z2)
            tail = scale * exponential(power * log_z2)
            psi_z = tail * z2
            psi_sigma = tail * eu
            sum_psi_z = sum_psi_z + psi_z
            sum_psi_sigma = sum_psi_sigma + psi_sigma
            sum_m_log = fma(psi_z, log_z2, sum_m_log)
            c = fma(factor, psi_z, zero - one)
            cd = c * u
            score_mu = fma(cd, d_mu, score_mu)
            score_w = fma(cd, d_w, score_w)
            score_a1 = fma(cd, d_a1, score_a1)
            product = product * s
            if t & 1 == 0:
                l_mu = u * d_mu
                l_w = u * d_w
                l_a1 = u * d_a1
                m0_0 = fma(l_mu, l_mu, m0_0)
                m1_1 = fma(l_w, l_w, m1_1)
                m2_1 = fma(l_a1, l_w, m2_1)
                m2_2 = fma(l_a1, l_a1, m2_2)
                sum_u = sum_u + u
                sum_mu = sum_mu + l_mu
                sum_w = sum_w + l_w
                sum_a1 = sum_a1 + l_a1
            x1 = e * e
            xm1 = m2a1 * e
            if t & 7 == 7:
                product_twos = product_twos + exponent(product)
                product = mantissa(product)
        ln2 = splat(0.6931471805599453)
        log_state = fma(product_twos, ln2, logarithm(product))
        thinned = splat(float(stop) / float((stop + 1) // 2))  # bars to bars sampled
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), log_state))
        store(sums, 1, where(ended, load(sums, 1), fma(factor, sum_psi_sigma, half * score_mu)))
        store(sums, 2, where(ended, load(sums, 2), half * score_w))
        store(sums, 3, where(ended, load(sums, 3), half * score_a1))
        store(sums, 4, where(ended, load(sums, 4), thinned * m0_0))
        store(sums, 5, where(ended, load(sums, 5), zero))
        store(sums, 6, where(ended, load(sums, 6), thinned * m1_1))
        store(sums, 7, where(ended, load(sums, 7), zero))
        store(sums, 8, where(ended, load(sums, 8), thinned * m2_1))
        store(sums, 9, where(ended, load(sums, 9), thinned * m2_2))
        store(sums, 10, where(ended, load(sums, 10), thinned * sum_u))
        store(sums, 11, where(ended, load(sums, 11), thinned * sum_mu))
        store(sums, 12, where(ended, load(sums, 12), thinned * sum_w))
        store(sums, 13, where(ended, load(sums, 13), thinned * sum_a1))
        store(sums, 14, where(ended, load(sums, 14), sum_psi_z))
        store(sums, 15, where(ended, load(sums, 15), sum_m_log))
        t = stop
        stop = next_stop(n_obs, stop)


def garch_11_normal(returns, n_obs, theta, constants, sums):
    """garch(1, 0, 1), normal innovations."""
    align_stack()
    mu = load(theta, 0)
    w = load(theta, 1)
    a1 = load(theta, 2)
    b1 = load(theta, 3)
    zero = splat(0.0)
    one = splat(1.0)
    half = splat(0.5)
    presample = load(constants, 0)
    presample_slope = load(constants, 1)
    m2a1 = a1 * splat(-2.0)
    factor = one
    x1 = presample
    xm1 = a1 * presample_slope
    s1 = presample
    d_mu1 = presample_slope
    d_w1 = zero
    d_a11 = zero
    d_b11 = zero
    product = one
    product_twos = zero
    score_mu = zero
    score_w = zero
    score_a1 = zero
    score_b1 = zero
    sum_psi_z = zero
    sum_psi_sigma = zero
    m0_0 = zero
    m1_1 = zero
    m2_1 = zero
    m2_2 = zero
    m3_1 = zero
    m3_2 = zero
    m3_3 = zero
    sum_u = zero
    t = 0
    stop = next_stop(n_obs, 0)
    while t < stop:
        for t in range(t, stop):
            d_mu = fma(b1, d_mu1, xm1)
            d_w = fma(b1, d_w1, one)
            d_a1 = fma(b1, d_a11, x1)
            d_b1 = fma(b1, d_b11, s1)
            s = fma(b1, s1, fma(a1, x1, w))
            e = load(returns, t) - mu
            u = one / s
            psi_sigma = e * u
            psi_z = e * psi_sigma
            sum_psi_z = sum_psi_z + psi_z
            sum_psi_sigma = sum_psi_sigma + psi_sigma
            c = psi_z - one
            cd = c * u
            score_mu = fma(cd, d_mu, score_mu)
            score_w = fma(cd, d_w, score_w)
            score_a1 = fma(cd, d_a1, score_a1)
            score_b1 = fma(cd, d_b1, score_b1)
            product = product * s
            if t & 1 == 0:
                l_mu = u * d_mu
                l_w = u * d_w
                l_a1 = u * d_a1
                l_b1 = u * d_b1
                m0_0 = fma(l_mu, l_mu, m0_0)
                m1_1 = fma(l_w, l_w, m1_1)
                m2_1 = fma(l_a1, l_w, m2_1)
                m2_2 = fma(l_a1, l_a1, m2_2)
                m3_1 = fma(l_b1, l_w, m3_1)
                m3_2 = fma(l_b1, l_a1, m3_2)
                m3_3 = fma(l_b1, l_b1, m3_3)
                sum_u = sum_u + u
            x1 = e * e
            xm1 = m2a1 * e
            s1 = s
            d_mu1 = d_mu
            d_w1 = d_w
            d_a11 = d_a1
            d_b11 = d_b1
            if t & 7 == 7:
                product_twos = product_twos + exponent(product)
                product = mantissa(product)
        ln2 = splat(0.6931471805599453)
        log_state = fma(product_twos, ln2, logarithm(product))
        thinned = splat(float(stop) / float((stop + 1) // 2))  # bars to bars sampled
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), log_state))
        store(sums, 1, where(ended, load(sums, 1), fma(factor, sum_psi_sigma, half * score_mu)))
        store(sums, 2, where(ended, load(sums, 2), half * score_w))
        store(sums, 3, where(ended, load(sums, 3), half * score_a1))
        store(sums, 4, where(ended, load(sums, 4), half * score_b1))
        store(sums, 5, where(ended, load(sums, 5), thinned * m0_0))
        store(sums, 6, where(ended, load(sums, 6), zero))
        store(sums, 7, where(ended, load(sums, 7), thinned * m1_1))
        store(sums, 8, where(ended, load(sums, 8), zero))
        store(sums, 9, where(ended, load(sums, 9), thinned * m2_1))
        store(sums, 10, where(ended, load(sums, 10), thinned * m2_2))
        store(sums, 11, where(ended, load(sums, 11), zero))
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


def garch_11_t(returns, n_obs, theta, constants, sums):
    """garch(1, 0, 1), t innovations."""
    align_stack()
    mu = load(theta, 0)
    w = load(theta, 1)
    a1 = load(theta, 2)
    b1 = load(theta, 3)
    zero = splat(0.0)
    one = splat(1.0)
    half = splat(0.5)
    presample = load(constants, 0)
    presample_slope = load(constants, 1)
    m2a1 = a1 * splat(-2.0)
    k2 = load(constants, 3)  # 1 / (nu - 2)
    factor = load(constants, 2) * k2  # (nu + 1) / (nu - 2)
    x1 = presample
    xm1 = a1 * presample_slope
    s1 = presample
    d_mu1 = presample_slope
    d_w1 = zero
    d_a11 = zero
    d_b11 = zero
    product = one
    product_q = one
    product_twos = zero
    product_q_twos = zero
    score_mu = zero
    score_w = zero
    score_a1 = zero
    score_b1 = zero
    sum_psi_z = zero
    sum_psi_sigma = zero
    m0_0 = zero
    m1_1 = zero
    m2_1 = zero
    m2_2 = zero
    m3_1 = zero
    m3_2 = zero
    m3_3 = zero
    sum_u = zero
    sum_mu = zero
    sum_w = zero
    sum_a1 = zero
    sum_b1 = zero
    t = 0
    stop = next_stop(n_obs, 0)
    while t < stop:
        for t in range(t, stop):
            d_mu = fma(b1, d_mu1, xm1)
            d_w = fma(b1, d_w1, one)
            d_a1 = fma(b1, d_a11, x1)
            d_b1 = fma(b1, d_b11, s1)
            s = fma(b1, s1, fma(a1, x1, w))
            e = load(returns, t) - mu
            big = fma(e * e, k2, s)
            both = one / (s * big)
            u = both * big
            psi_sigma = e * (both * s)
            psi_z = e * psi_sigma
            sum_psi_z = sum_psi_z + psi_z
            sum_psi_sigma = sum_psi_sigma + psi_sigma
            c = fma(factor, psi_z, zero - one)
            cd = c * u
            score_mu = fma(cd, d_mu, score_mu)
            score_w = fma(cd, d_w, score_w)
            score_a1 = fma(cd, d_a1, score_a1)
            score_b1 = fma(cd, d_b1, score_b1)
            product_q = product_q * big
            product = product * s
            if t & 1 == 0:
                l_mu = u * d_mu
                l_w = u * d_w
                l_a1 = u * d_a1
                l_b1 = u * d_b1
                m0_0 = fma(l_mu, l_mu, m0_0)
                m1_1 = fma(l_w, l_w, m1_1)
                m2_1 = fma(l_a1, l_w, m2_1)
                m2_2 = fma(l_a1, l_a1, m2_2)
                m3_1 = fma(l_b1, l_w, m3_1)
                m3_2 = fma(l_b1, l_a1, m3_2)
                m3_3 = fma(l_b1, l_b1, m3_3)
                sum_u = sum_u + u
                sum_mu = sum_mu + l_mu
                sum_w = sum_w + l_w
                sum_a1 = sum_a1 + l_a1
                sum_b1 = sum_b1 + l_b1
            x1 = e * e
            xm1 = m2a1 * e
            s1 = s
            d_mu1 = d_mu
            d_w1 = d_w
            d_a11 = d_a1
            d_b11 = d_b1
            if t & 7 == 7:
                product_twos = product_twos + exponent(product)
                product = mantissa(product)
                product_q_twos = product_q_twos + exponent(product_q)
                product_q = mantissa(product_q)
        ln2 = splat(0.6931471805599453)
        log_state = fma(product_twos, ln2, logarithm(product))
        log_q = fma(product_q_twos, ln2, logarithm(product_q)) - log_state
        thinned = splat(float(stop) / float((stop + 1) // 2))  # bars to bars sampled
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), log_state))
        store(sums, 1, where(ended, load(sums, 1), fma(factor, sum_psi_sigma, half * score_mu)))
        store(sums, 2, where(ended, load(sums, 2), half * score_w))
        store(sums, 3, where(ended, load(sums, 3), half * score_a1))
        store(sums, 4, where(ended, load(sums, 4), half * score_b1))
        store(sums, 5, where(ended, load(sums, 5), thinned * m0_0))
        store(sums, 6, where(ended, load(sums, 6), zero))
        store(sums, 7, where(ended, load(sums, 7), thinned * m1_1))
        store(sums, 8, where(ended, load(sums, 8), zero))
        store(sums, 9, where(ended, load(sums, 9), thinned * m2_1))
        store(sums, 10, where(ended, load(sums, 10), thinned * m2_2))
        store(sums, 11, where(ended, load(sums, 11), zero))
        store(sums, 12, where(ended, load(sums, 12), thinned * m3_1))
        store(sums, 13, where(ended, load(sums, 13), thinned * m3_2))
        store(sums, 14, where(ended, load(sums, 14), thinned * m3_3))
        store(sums, 15, where(ended, load(sums, 15), thinned * sum_u))
        store(sums, 16, where(ended, load(sums, 16), thinned * sum_mu))
        store(sums, 17, where(ended, load(sums, 17), thinned * sum_w))
        store(sums, 18, where(ended, load(sums, 18), thinned * sum_a1))
        store(sums, 19, where(ended, load(sums, 19), thinned * sum_b1))
        store(sums, 20, where(ended, load(sums, 20), log_q))
        store(sums, 21, where(ended, load(sums, 21), k2 * sum_psi_z))
        t = stop
        stop = next_stop(n_obs, stop)


def garch_11_skewt(returns, n_obs, theta, constants, sums):
    """garch(1, 0, 1), skewt innovations."""
    align_stack()
    mu = load(theta, 0)
    w = load(theta, 1)
    a1 = load(theta, 2)
    b1 = load(theta, 3)
    zero = splat(0.0)
    one = splat(1.0)
    half = splat(0.5)
    presample = load(constants, 0)
    presample_slope = load(constants, 1)
    m2a1 = a1 * splat(-2.0)
    a_ = load(constants, 2)  # Hansen's a and b
    b_ = load(constants, 3)
    left = load(constants, 4)  # 1 / (1 - lambda)
    right = load(constants, 5)  # 1 / (1 + lambda)
    k2 = load(constants, 6)  # 1 / (eta - 2)
    factor = load(constants, 7)  # b (eta + 1) / (eta - 2)
    x1 = presample
    xm1 = a1 * presample_slope
    s1 = presample
    d_mu1 = presample_slope
    d_w1 = zero
    d_a11 = zero
    d_b11 = zero
    product = one
    product_q = one
    product_twos = zero
    product_q_twos = zero
    score_mu = zero
    score_w = zero
    score_a1 = zero
    score_b1 = zero
    sum_psi_z = zero
    sum_psi_sigma = zero
    sum_k = zero
    sum_kys = zero
    m0_0 = zero
    m1_1 = zero
    m2_1 = zero
    m2_2 = zero
    m3_1 = zero
    m3_2 = zero
    m3_3 = zero
    sum_u = zero
    sum_mu = zero
    sum_w = zero
    sum_a1 = zero
    sum_b1 = zero
    sum_inverse = zero
    t = 0
    stop = next_stop(n_obs, 0)
    while t < stop:
        for t in range(t, stop):
            d_mu = fma(b1, d_mu1, xm1)
            d_w = fma(b1, d_w1, one)
            d_a1 = fma(b1, d_a11, x1)
            d_b1 = fma(b1, d_b11, s1)
            s = fma(b1, s1, fma(a1, x1, w))
            e = load(returns, t) - mu
            sigma = square_root(s)
            yb = fma(b_, e, a_ * sigma)
            side = where(less(yb, zero), left, right)
            ys = yb * side
            big = fma(ys * ys, k2, s)
            both = one / (s * big)
            u = both * big
            psi_sigma = ys * side * (both * s)
            psi_z = e * psi_sigma
            k = psi_sigma * sigma
            ky = psi_sigma * ys
            sum_psi_z = sum_psi_z + psi_z
            sum_psi_sigma = sum_psi_sigma + psi_sigma
            kys = where(less(yb, zero), zero - ky, ky)
            sum_k = sum_k + k
            sum_kys = sum_kys + kys
            c = fma(factor, psi_z, zero - one)
            cd = c * u
            score_mu = fma(cd, d_mu, score_mu)
            score_w = fma(cd, d_w, score_w)
            score_a1 = fma(cd, d_a1, score_a1)
            score_b1 = fma(cd, d_b1, score_b1)
            product_q = product_q * big
            product = product * s
            if t & 1 == 0:
                l_mu = u * d_mu
                l_w = u * d_w
                l_a1 = u * d_a1
                l_b1 = u * d_b1
                m0_0 = fma(l_mu, l_mu, m0_0)
                m1_1 = fma(l_w, l_w, m1_1)
                m2_1 = fma(l_a1, l_w, m2_1)
                m2_2 = fma(l_a1, l_a1, m2_2)
                m3_1 = fma(l_b1, l_w, m3_1)
                m3_2 = fma(l_b1, l_a1, m3_2)
                m3_3 = fma(l_b1, l_b1, m3_3)
                sum_u = sum_u + u
                sum_mu = sum_mu + l_mu
                sum_w = sum_w + l_w
                sum_a1 = sum_a1 + l_a1
                sum_b1 = sum_b1 + l_b1
                sum_inverse = sum_inverse + sigma * u
            x1 = e * e
            xm1 = m2a1 * e
            s1 = s
            d_mu1 = d_mu
            d_w1 = d_w
            d_a11 = d_a1
            d_b11 = d_b1
            if t & 7 == 7:
                product_twos = product_twos + exponent(product)
                product = mantissa(product)
                product_q_twos = product_q_twos + exponent(product_q)
                product_q = mantissa(product_q)
        ln2 = splat(0.6931471805599453)
        log_state = fma(product_twos, ln2, logarithm(product))
        log_q = fma(product_q_twos, ln2, logarithm(product_q)) - log_state
        thinned = splat(float(stop) / float((stop + 1) // 2))  # bars to bars sampled
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), log_state))
        store(sums, 1, where(ended, load(sums, 1), fma(factor, sum_psi_sigma, half * score_mu)))
        store(sums, 2, where(ended, load(sums, 2), half * score_w))
        store(sums, 3, where(ended, load(sums, 3), half * score_a1))
        store(sums, 4, where(ended, load(sums, 4), half * score_b1))
        store(sums, 5, where(ended, load(sums, 5), thinned * m0_0))
        store(sums, 6, where(ended, load(sums, 6), zero))
        store(sums, 7, where(ended, load(sums, 7), thinned * m1_1))
        store(sums, 8, where(ended, load(sums, 8), zero))
        store(sums, 9, where(ended, load(sums, 9), thinned * m2_1))
        store(sums, 10, where(ended, load(sums, 10), thinned * m2_2))
        store(sums, 11, where(ended, load(sums, 11), zero))
        store(sums, 12, where(ended, load(sums, 12), thinned * m3_1))
        store(sums, 13, where(ended, load(sums, 13), thinned * m3_2))
        store(sums, 14, where(ended, load(sums, 14), thinned * m3_3))
        store(sums, 15, where(ended, load(sums, 15), thinned * sum_u))
        store(sums, 16, where(ended, load(sums, 16), thinned * sum_mu))
        store(sums, 17, where(ended, load(sums, 17), thinned * sum_w))
        store(sums, 18, where(ended, load(sums, 18), thinned * sum_a1))
        store(sums, 19, where(ended, load(sums, 19), thinned * sum_b1))
        store(sums, 20, where(ended, load(sums, 20), log_q))
        store(sums, 21, where(ended, load(sums, 21), sum_k))
        store(sums, 22, where(ended, load(sums, 22), sum_psi_z))
        store(sums, 23, where(ended, load(sums, 23), sum_kys))
        store(sums, 24, where(ended, load(sums, 24), thinned * sum_inverse))
        t = stop
        stop = next_stop(n_obs, stop)


def garch_11_ged(returns, n_obs, theta, constants, sums):
    """garch(1, 0, 1), ged innovations."""
    align_stack()
    mu = load(theta, 0)
    w = load(theta, 1)
    a1 = load(theta, 2)
    b1 = load(theta, 3)
    zero = splat(0.0)
    one = splat(1.0)
    half = splat(0.5)
    presample = load(constants, 0)
    presample_slope = load(constants, 1)
    m2a1 = a1 * splat(-2.0)
    power = load(constants, 2)  # nu / 2 - 1
    scale = load(constants, 3)  # c ** -nu
    factor = load(constants, 4)  # nu / 2
    tiny = splat(1e-60)  # |z|**nu is taken at |z| = 1e-30 when an innovation is exactly zero
    x1 = presample
    xm1 = a1 * presample_slope
    s1 = presample
    d_mu1 = presample_slope
    d_w1 = zero
    d_a11 = zero
    d_b11 = zero
    product = one
    product_twos = zero
    score_mu = zero
    score_w = zero
    score_a1 = zero
    score_b1 = zero
    sum_psi_z = zero
    sum_psi_sigma = zero
    sum_m_log = zero
    m0_0 = zero
    m1_1 = zero
    m2_1 = zero
    m2_2 = zero
    m3_1 = zero
    m3_2 = zero
    m3_3 = zero
    sum_u = zero
    sum_mu = zero
    sum_w = zero
    sum_a1 = zero
    sum_b1 = zero
    t = 0
    stop = next_stop(n_obs, 0)
    while t < stop:
        for t in range(t, stop):
            d_mu = fma(b1, d_mu1, xm1)
            d_w = fma(b1, d_w1, one)
            d_a1 = fma(b1, d_a11, x1)
            d_b1 = fma(b1, d_b11, s1)
            s = fma(b1, s1, fma(a1, x1, w))
            e = load(returns, t) - mu
            u = one / s
            eu = e * u
            z2 = fma(e, eu, tiny)
            log_z2 = logarithm(z2)
            tail = scale * exponential(power * log_z2)
            psi_z = tail * z2
            psi_sigma = tail * eu
            sum_psi_z = sum_psi_z + psi_z
            sum_psi_sigma = sum_psi_sigma + psi_sigma
            sum_m_log = fma(psi_z, log_z2, sum_m_log)
            c = fma(factor, psi_z, zero - one)
            cd = c * u
            score_mu = fma(cd, d_mu, score_mu)
            score_w = fma(cd, d_w, score_w)
            score_a1 = fma(cd, d_a1, score_a1)
            score_b1 = fma(cd, d_b1, score_b1)
            product = product * s
            if t & 1 == 0:
                l_mu = u * d_mu
                l_w = u * d_w
                l_a1 = u * d_a1
                l_b1 = u * d_b1
                m0_0 = fma(l_mu, l_mu, m0_0)
                m1_1 = fma(l_w, l_w, m1_1)
                m2_1 = fma(l_a1, l_w, m2_1)
                m2_2 = fma(l_a1, l_a1, m2_2)
                m3_1 = fma(l_b1, l_w, m3_1)
                m3_2 = fma(l_b1, l_a1, m3_2)
                m3_3 = fma(l_b1, l_b1, m3_3)
                sum_u = sum_u + u
                sum_mu = sum_mu + l_mu
                sum_w = sum_w + l_w
                sum_a1 = sum_a1 + l_a1
                sum_b1 = sum_b1 + l_b1
            x1 = e * e
            xm1 = m2a1 * e
            s1 = s
            d_mu1 = d_mu
            d_w1 = d_w
            d_a11 = d_a1
            d_b11 = d_b1
            if t & 7 == 7:
                product_twos = product_twos + exponent(product)
                product = mantissa(product)
        ln2 = splat(0.6931471805599453)
        log_state = fma(product_twos, ln2, logarithm(product))
        thinned = splat(float(stop) / float((stop + 1) // 2))  # bars to bars sampled
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), log_state))
        store(sums, 1, where(ended, load(sums, 1), fma(factor, sum_psi_sigma, half * score_mu)))
        store(sums, 2, where(ended, load(sums, 2), half * score_w))
        store(sums, 3, where(ended, load(sums, 3), half * score_a1))
        store(sums, 4, where(ended, load(sums, 4), half * score_b1))
        store(sums, 5, where(ended, load(sums, 5), thinned * m0_0))
        store(sums, 6, where(ended, load(sums, 6), zero))
        store(sums, 7, where(ended, load(sums, 7), thinned * m1_1))
        store(sums, 8, where(ended, load(sums, 8), zero))
        store(sums, 9, where(ended, load(sums, 9), thinned * m2_1))
        store(sums, 10, where(ended, load(sums, 10), thinned * m2_2))
        store(sums, 11, where(ended, load(sums, 11), zero))
        store(sums, 12, where(ended, load(sums, 12), thinned * m3_1))
        store(sums, 13, where(ended, load(sums, 13), thinned * m3_2))
        store(sums, 14, where(ended, load(sums, 14), thinned * m3_3))
        store(sums, 15, where(ended, load(sums, 15), thinned * sum_u))
        store(sums, 16, where(ended, load(sums, 16), thinned * sum_mu))
        store(sums, 17, where(ended, load(sums, 17), thinned * sum_w))
        store(sums, 18, where(ended, load(sums, 18), thinned * sum_a1))
        store(sums, 19, where(ended, load(sums, 19), thinned * sum_b1))
        store(sums, 20, where(ended, load(sums, 20), sum_psi_z))
        store(sums, 21, where(ended, load(sums, 21), sum_m_log))
        t = stop
        stop = next_stop(n_obs, stop)


def garch_12_normal(returns, n_obs, theta, constants, sums):
    """garch(1, 0, 2), normal innovations."""
    align_stack()
    mu = load(theta, 0)
    w = load(theta, 1)
    a1 = load(theta, 2)
    b1 = load(theta, 3)
    b2 = load(theta, 4)
    zero = splat(0.0)
    one = splat(1.0)
    half = splat(0.5)
    presample = load(constants, 0)
    presample_slope = load(constants, 1)
    m2a1 = a1 * splat(-2.0)
    factor = one
    x1 = presample
    xm1 = a1 * presample_slope
    s1 = presample
    s2 = presample
    d_mu1 = presample_slope
    d_mu2 = presample_slope
    d_w1 = zero
    d_w2 = zero
    d_a11 = zero
    d_a12 = zero
    d_b11 = zero
    d_b12 = zero
    d_b21 = zero
    d_b22 = zero
    product = one
    product_twos = zero
    score_mu = zero
    score_w = zero
    score_a1 = zero
    score_b1 = zero
    score_b2 = zero
    sum_psi_z = zero
    sum_psi_sigma = zero
    m0_0 = zero
    m1_1 = zero
    m2_1 = zero
    m2_2 = zero
    m3_1 = zero
    m3_2 = zero
    m3_3 = zero
    m4_1 = zero
    m4_2 = zero
    m4_3 = zero
    m4_4 = zero
    sum_u = zero
    t = 0
    stop = next_stop(n_obs, 0)
    while t < stop:
        for t in range(t, stop):
            d_mu = fma(b2, d_mu2, fma(b1, d_mu1, xm1))
            d_w = fma(b2, d_w2, fma(b1, d_w1, one))
            d_a1 = fma(b2, d_a12, fma(b1, d_a11, x1))
            d_b1 = fma(b2, d_b12, fma(b1, d_b11, s1))
            d_b2 = fma(b2, d_b22, fma(b1, d_b21, s2))
            s = fma(b1, s1, fma(b2, s2, fma(a1, x1, w)))
            e = load(returns, t) - mu
            u = one / s
            psi_sigma = e * u
            psi_z = e * psi_sigma
            sum_psi_z = sum_psi_z + psi_z
            sum_psi_sigma = sum_psi_sigma + psi_sigma
            c = psi_z - one
            cd = c * u
            score_mu = fma(cd, d_mu, score_mu)
            score_w = fma(cd, d_w, score_w)
            score_a1 = fma(cd, d_a1, score_a1)
            score_b1 = fma(cd, d_b1, score_b1)
            score_b2 = fma(cd, d_b2, score_b2)
            product = product * s
            if t & 1 == 0:
                l_mu = u * d_mu
                l_w = u * d_w
                l_a1 = u * d_a1
                l_b1 = u * d_b1
                l_b2 = u * d_b2
                m0_0 = fma(l_mu, l_mu, m0_0)
                m1_1 = fma(l_w, l_w, m1_1)
                m2_1 = fma(l_a1, l_w, m2_1)
                m2_2 = fma(l_a1, l_a1, m2_2)
                m3_1 = fma(l_b1, l_w, m3_1)
                m3_2 = fma(l_b1, l_a1, m3_2)
                m3_3 = fma(l_b1, l_b1, m3_3)
                m4_1 = fma(l_b2, l_w, m4_1)
                m4_2 = fma(l_b2, l_a1, m4_2)
                m4_3 = fma(l_b2, l_b1, m4_3)
                m4_4 = fma(l_b2, l_b2, m4_4)
                sum_u = sum_u + u
            x1 = e * e
            xm1 = m2a1 * e
            s2 = s1
            s1 = s
            d_mu2 = d_mu1
            d_mu1 = d_mu
            d_w2 = d_w1
            d_w1 = d_w
            d_a12 = d_a11
            d_a11 = d_a1
            d_b12 = d_b11
            d_b11 = d_b1
            d_b22 = d_b21
            d_b21 = d_b2
            if t & 7 == 7:
                product_twos = product_twos + exponent(product)
                product = mantissa(product)
        ln2 = splat(0.6931471805599453)
        log_state = fma(product_twos, ln2, logarithm(product))
        thinned = splat(float(stop) / float((stop + 1) // 2))  # bars to bars sampled
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), log_state))
        store(sums, 1, where(ended, load(sums, 1), fma(factor, sum_psi_sigma, half * score_mu)))
        store(sums, 2, where(ended, load(sums, 2), half * score_w))
        store(sums, 3, where(ended, load(sums, 3), half * score_a1))
        store(sums, 4, where(ended, load(sums, 4), half * score_b1))
        store(sums, 5, where(ended, load(sums, 5), half * score_b2))
        store(sums, 6, where(ended, load(sums, 6), thinned * m0_0))
        store(sums, 7, where(ended, load(sums, 7), zero))
        store(sums, 8, where(ended, load(sums, 8), thinned * m1_1))
        store(sums, 9, where(ended, load(sums, 9), zero))
        store(sums, 10, where(ended, load(sums, 10), thinned * m2_1))
        store(sums, 11, where(ended, load(sums, 11), thinned * m2_2))
        store(sums, 12, where(ended, load(sums, 12), zero))
        store(sums, 13, where(ended, load(sums, 13), thinned * m3_1))
        store(sums, 14, where(ended, load(sums, 14), thinned * m3_2))
        store(sums, 15, where(ended, load(sums, 15), thinned * m3_3))
        store(sums, 16, where(ended, load(sums, 16), zero))
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


def garch_12_t(returns, n_obs, theta, constants, sums):
    """garch(1, 0, 2), t innovations."""
    align_stack()
    mu = load(theta, 0)
    w = load(theta, 1)
    a1 = load(theta, 2)
    b1 = load(theta, 3)
    b2 = load(theta, 4)
    zero = splat(0.0)
    one = splat(1.0)
    half = splat(0.5)
    presample = load(constants, 0)
    presample_slope = load(constants, 1)
    m2a1 = a1 * splat(-2.0)
    k2 = load(constants, 3)  # 1 / (nu - 2)
    factor = load(constants, 2) * k2  # (nu + 1) / (nu - 2)
    x1 = presample
    xm1 = a1 * presample_slope
    s1 = presample
    s2 = presample
    d_mu1 = presample_slope
    d_mu2 = presample_slope
    d_w1 = zero
    d_w2 = zero
    d_a11 = zero
    d_a12 = zero
    d_b11 = zero
    d_b12 = zero
    d_b21 = zero
    d_b22 = zero
    product = one
    product_q = one
    product_twos = zero
    product_q_twos = zero
    score_mu = zero
    score_w = zero
    score_a1 = zero
    score_b1 = zero
    score_b2 = zero
    sum_psi_z = zero
    sum_psi_sigma = zero
    m0_0 = zero
    m1_1 = zero
    m2_1 = zero
    m2_2 = zero
    m3_1 = zero
    m3_2 = zero
    m3_3 = zero
    m4_1 = zero
    m4_2 = zero
    m4_3 = zero
    m4_4 = zero
    sum_u = zero
    sum_mu = zero
    sum_w = zero
    sum_a1 = zero
    sum_b1 = zero
    sum_b2 = zero
    t = 0
    stop = next_stop(n_obs, 0)
    while t < stop:
        for t in range(t, stop):
            d_mu = fma(b2, d_mu2, fma(b1, d_mu1, xm1))
            d_w = fma(b2, d_w2, fma(b1, d_w1, one))
            d_a1 = fma(b2, d_a12, fma(b1, d_a11, x1))
            d_b1 = fma(b2, d_b12, fma(b1, d_b11, s1))
            d_b2 = fma(b2, d_b22, fma(b1, d_b21, s2))
            s = fma(b1, s1, fma(b2, s2, fma(a1, x1, w)))
            e = load(returns, t) - mu
            big = fma(e * e, k2, s)
            both = one / (s * big)
            u = both * big
            psi_sigma = e * (both * s)
            psi_z = e * psi_sigma
            sum_psi_z = sum_psi_z + psi_z
            sum_psi_sigma = sum_psi_sigma + psi_sigma
            c = fma(factor, psi_z, zero - one)
            cd = c * u
            score_mu = fma(cd, d_mu, score_mu)
            score_w = fma(cd, d_w, score_w)
            score_a1 = fma(cd, d_a1, score_a1)
            score_b1 = fma(cd, d_b1, score_b1)
            score_b2 = fma(cd, d_b2, score_b2)
            product_q = product_q * big
            product = product * s
            if t & 1 == 0:
                l_mu = u * d_mu
                l_w = u * d_w
                l_a1 = u * d_a1
                l_b1 = u * d_b1
                l_b2 = u * d_b2
                m0_0 = fma(l_mu, l_mu, m0_0)
                m1_1 = fma(l_w, l_w, m1_1)
                m2_1 = fma(l_a1, l_w, m2_1)
                m2_2 = fma(l_a1, l_a1, m2_2)
                m3_1 = fma(l_b1, l_w, m3_1)
                m3_2 = fma(l_b1, l_a1, m3_2)
                m3_3 = fma(l_b1, l_b1, m3_3)
                m4_1 = fma(l_b2, l_w, m4_1)
                m4_2 = fma(l_b2, l_a1, m4_2)
                m4_3 = fma(l_b2, l_b1, m4_3)
                m4_4 = fma(l_b2, l_b2, m4_4)
                sum_u = sum_u + u
                sum_mu = sum_mu + l_mu
                sum_w = sum_w + l_w
                sum_a1 = sum_a1 + l_a1
                sum_b1 = sum_b1 + l_b1
                sum_b2 = sum_b2 + l_b2
            x1 = e * e
            xm1 = m2a1 * e
            s2 = s1
            s1 = s
            d_mu2 = d_mu1
            d_mu1 = d_mu
            d_w2 = d_w1
            d_w1 = d_w
            d_a12 = d_a11
            d_a11 = d_a1
            d_b12 = d_b11
            d_b11 = d_b1
            d_b22 = d_b21
            d_b21 = d_b2
            if t & 7 == 7:
                product_twos = product_twos + exponent(product)
                product = mantissa(product)
                product_q_twos = product_q_twos + exponent(product_q)
                product_q = mantissa(product_q)
        ln2 = splat(0.6931471805599453)
        log_state = fma(product_twos, ln2, logarithm(product))
        log_q = fma(product_q_twos, ln2, logarithm(product_q)) - log_state
        thinned = splat(float(stop) / float((stop + 1) // 2))  # bars to bars sampled
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), log_state))
        store(sums, 1, where(ended, load(sums, 1), fma(factor, sum_psi_sigma, half * score_mu)))
        store(sums, 2, where(ended, load(sums, 2), half * score_w))
        store(sums, 3, where(ended, load(sums, 3), half * score_a1))
        store(sums, 4, where(ended, load(sums, 4), half * score_b1))
        store(sums, 5, where(ended, load(sums, 5), half * score_b2))
        store(sums, 6, where(ended, load(sums, 6), thinned * m0_0))
        store(sums, 7, where(ended, load(sums, 7), zero))
        store(sums, 8, where(ended, load(sums, 8), thinned * m1_1))
        store(sums, 9, where(ended, load(sums, 9), zero))
        store(sums, 10, where(ended, load(sums, 10), thinned * m2_1))
        store(sums, 11, where(ended, load(sums, 11), thinned * m2_2))
        store(sums, 12, where(ended, load(sums, 12), zero))
        store(sums, 13, where(ended, load(sums, 13), thinned * m3_1))
        store(sums, 14, where(ended, load(sums, 14), thinned * m3_2))
        store(sums, 15, where(ended, load(sums, 15), thinned * m3_3))
        store(sums, 16, where(ended, load(sums, 16), zero))
        store(sums, 17, where(ended, load(sums, 17), thinned * m4_1))
        store(sums, 18, where(ended, load(sums, 18), thinned * m4_2))
        store(sums, 19, where(ended, load(sums, 19), thinned * m4_3))
        store(sums, 20, where(ended, load(sums, 20), thinned * m4_4))
        store(sums, 21, where(ended, load(sums, 21), thinned * sum_u))
        store(sums, 22, where(ended, load(sums, 22), thinned * sum_mu))
        store(sums, 23, where(ended, load(sums, 23), thinned * sum_w))
        store(sums, 24, where(ended, load(sums, 24), thinned * sum_a1))
        store(sums, 25, where(ended, load(sums, 25), thinned * sum_b1))
        store(sums, 26, where(ended, load(sums, 26), thinned * sum_b2))
        store(sums, 27, where(ended, load(sums, 27), log_q))
        store(sums, 28, where(ended, load(sums, 28), k2 * sum_psi_z))
        t = stop
        stop = next_stop(n_obs, stop)


def garch_12_skewt(returns, n_obs, theta, constants, sums):
    """garch(1, 0, 2), skewt innovations."""
    align_stack()
    mu = load(theta, 0)
    w = load(theta, 1)
    a1 = load(theta, 2)
    b1 = load(theta, 3)
    b2 = load(theta, 4)
    zero = splat(0.0)
    one = splat(1.0)
    half = splat(0.5)
    presample = load(constants, 0)
    presample_slope = load(constants, 1)
    m2a1 = a1 * splat(-2.0)
    a_ = load(constants, 2)  # Hansen's a and b
    b_ = load(constants, 3)
    left = load(constants, 4)  # 1 / (1 - lambda)
    right = load(constants, 5)  # 1 / (1 + lambda)
    k2 = load(constants, 6)  # 1 / (eta - 2)
    factor = load(constants, 7)  # b (eta + 1) / (eta - 2)
    x1 = presample
    xm1 = a1 * presample_slope
    s1 = presample
    s2 = presample
    d_mu1 = presample_slope
    d_mu2 = presample_slope
    d_w1 = zero
    d_w2 = zero
    d_a11 = zero
    d_a12 = zero
    d_b11 = zero
    d_b12 = zero
    d_b21 = zero
    d_b22 = zero
    product = one
    product_q = one
    product_twos = zero
    product_q_twos = zero
    score_mu = zero
    score_w = zero
    score_a1 = zero
    score_b1 = zero
    score_b2 = zero
    sum_psi_z = zero
    sum_psi_sigma = zero
    sum_k = zero
    sum_kys = zero
    m0_0 = zero
    m1_1 = zero
    m2_1 = zero
    m2_2 = zero
    m3_1 = zero
    m3_2 = zero
    m3_3 = zero
    m4_1 = zero
    m4_2 = zero
    m4_3 = zero
    m4_4 = zero
    sum_u = zero
    sum_mu = zero
    sum_w = zero
    sum_a1 = zero
    sum_b1 = zero
    sum_b2 = zero
    sum_inverse = zero
    t = 0
    stop = next_stop(n_obs, 0)
    while t < stop:
        for t in range(t, stop):
            d_mu = fma(b2, d_mu2, fma(b1, d_mu1, xm1))
            d_w = fma(b2, d_w2, fma(b1, d_w1, one))
            d_a1 = fma(b2, d_a12, fma(b1, d_a11, x1))
            d_b1 = fma(b2, d_b12, fma(b1, d_b11, s1))
            d_b2 = fma(b2, d_b22, fma(b1, d_b21, s2))
            s = fma(b1, s1, fma(b2, s2, fma(a1, x1, w)))
            e = load(returns, t) - mu
            sigma = square_root(s)
            yb = fma(b_, e, a_ * sigma)
            side = where(less(yb, zero), left, right)
            ys = yb * side
            big = fma(ys * ys, k2, s)
            both = one / (s * big)
            u = both * big
            psi_sigma = ys * side * (both * s)
            psi_z = e * psi_sigma
            k = psi_sigma * sigma
            ky = psi_sigma * ys
            sum_psi_z = sum_psi_z + psi_z
            sum_psi_sigma = sum_psi_sigma + psi_sigma
            kys = where(less(yb, zero), zero - ky, ky)
            sum_k = sum_k + k
            sum_kys = sum_kys + kys
            c = fma(factor, psi_z, zero - one)
            cd = c * u
            score_mu = fma(cd, d_mu, score_mu)
            score_w = fma(cd, d_w, score_w)
            score_a1 = fma(cd, d_a1, score_a1)
            score_b1 = fma(cd, d_b1, score_b1)
            score_b2 = fma(cd, d_b2, score_b2)
            product_q = product_q * big
            product = product * s
            if t & 1 == 0:
                l_mu = u * d_mu
                l_w = u * d_w
                l_a1 = u * d_a1
                l_b1 = u * d_b1
                l_b2 = u * d_b2
                m0_0 = fma(l_mu, l_mu, m0_0)
                m1_1 = fma(l_w, l_w, m1_1)
                m2_1 = fma(l_a1, l_w, m2_1)
                m2_2 = fma(l_a1, l_a1, m2_2)
                m3_1 = fma(l_b1, l_w, m3_1)
                m3_2 = fma(l_b1, l_a1, m3_2)
                m3_3 = fma(l_b1, l_b1, m3_3)
                m4_1 = fma(l_b2, l_w, m4_1)
                m4_2 = fma(l_b2, l_a1, m4_2)
                m4_3 = fma(l_b2, l_b1, m4_3)
                m4_4 = fma(l_b2, l_b2, m4_4)
                sum_u = sum_u + u
                sum_mu = sum_mu + l_mu
                sum_w = sum_w + l_w
                sum_a1 = sum_a1 + l_a1
                sum_b1 = sum_b1 + l_b1
                sum_b2 = sum_b2 + l_b2
                sum_inverse = sum_inverse + sigma * u
            x1 = e * e
            xm1 = m2a1 * e
            s2 = s1
            s1 = s
            d_mu2 = d_mu1
            d_mu1 = d_mu
            d_w2 = d_w1
            d_w1 = d_w
            d_a12 = d_a11
            d_a11 = d_a1
            d_b12 = d_b11
            d_b11 = d_b1
            d_b22 = d_b21
            d_b21 = d_b2
            if t & 7 == 7:
                product_twos = product_twos + exponent(product)
                product = mantissa(product)
                product_q_twos = product_q_twos + exponent(product_q)
                product_q = mantissa(product_q)
        ln2 = splat(0.6931471805599453)
        log_state = fma(product_twos, ln2, logarithm(product))
        log_q = fma(product_q_twos, ln2, logarithm(product_q)) - log_state
        thinned = splat(float(stop) / float((stop + 1) // 2))  # bars to bars sampled
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), log_state))
        store(sums, 1, where(ended, load(sums, 1), fma(factor, sum_psi_sigma, half * score_mu)))
        store(sums, 2, where(ended, load(sums, 2), half * score_w))
        store(sums, 3, where(ended, load(sums, 3), half * score_a1))
        store(sums, 4, where(ended, load(sums, 4), half * score_b1))
        store(sums, 5, where(ended, load(sums, 5), half * score_b2))
        store(sums, 6, where(ended, load(sums, 6), thinned * m0_0))
        store(sums, 7, where(ended, load(sums, 7), zero))
        store(sums, 8, where(ended, load(sums, 8), thinned * m1_1))
        store(sums, 9, where(ended, load(sums, 9), zero))
        store(sums, 10, where(ended, load(sums, 10), thinned * m2_1))
        store(sums, 11, where(ended, load(sums, 11), thinned * m2_2))
        store(sums, 12, where(ended, load(sums, 12), zero))
        store(sums, 13, where(ended, load(sums, 13), thinned * m3_1))
        store(sums, 14, where(ended, load(sums, 14), thinned * m3_2))
        store(sums, 15, where(ended, load(sums, 15), thinned * m3_3))
        store(sums, 16, where(ended, load(sums, 16), zero))
        store(sums, 17, where(ended, load(sums, 17), thinned * m4_1))
        store(sums, 18, where(ended, load(sums, 18), thinned * m4_2))
        store(sums, 19, where(ended, load(sums, 19), thinned * m4_3))
        store(sums, 20, where(ended, load(sums, 20), thinned * m4_4))
        store(sums, 21, where(ended, load(sums, 21), thinned * sum_u))
        store(sums, 22, where(ended, load(sums, 22), thinned * sum_mu))
        store(sums, 23, where(ended, load(sums, 23), thinned * sum_w))
        store(sums, 24, where(ended, load(sums, 24), thinned * sum_a1))
        store(sums, 25, where(ended, load(sums, 25), thinned * sum_b1))
        store(sums, 26, where(ended, load(sums, 26), thinned * sum_b2))
        store(sums, 27, where(ended, load(sums, 27), log_q))
        store(sums, 28, where(ended, load(sums, 28), sum_k))
        store(sums, 29, where(ended, load(sums, 29), sum_psi_z))
        store(sums, 30, where(ended, load(sums, 30), sum_kys))
        store(sums, 31, where(ended, load(sums, 31), thinned * sum_inverse))
        t = stop
        stop = next_stop(n_obs, stop)


def garch_12_ged(returns, n_obs, theta, constants, sums):
    """garch(1, 0, 2), ged innovations."""
    align_stack()
    mu = load(theta, 0)
    w = load(theta, 1)
    a1 = load(theta, 2)
    b1 = load(theta, 3)
    b2 = load(theta, 4)
    zero = splat(0.0)
    one = splat(1.0)
    half = splat(0.5)
    presample = load(constants, 0)
    presample_slope = load(constants, 1)
    m2a1 = a1 * splat(-2.0)
    power = load(constants, 2)  # nu / 2 - 1
    scale = load(constants, 3)  # c ** -nu
    factor = load(constants, 4)  # nu / 2
    tiny = splat(1e-60)  # |z|**nu is taken at |z| = 1e-30 when an innovation is exactly zero
    x1 = presample
    xm1 = a1 * presample_slope
    s1 = presample
    s2 = presample
    d_mu1 = presample_slope
    d_mu2 = presample_slope
    d_w1 = zero
    d_w2 = zero
    d_a11 = zero
    d_a12 = zero
    d_b11 = zero
    d_b12 = zero
    d_b21 = zero
    d_b22 = zero
    product = one
    product_twos = zero
    score_mu = zero
    score_w = zero
    score_a1 = zero
    score_b1 = zero
    score_b2 = zero
    sum_psi_z = zero
    sum_psi_sigma = zero
    sum_m_log = zero
    m0_0 = zero
    m1_1 = zero
    m2_1 = zero
    m2_2 = zero
    m3_1 = zero
    m3_2 = zero
    m3_3 = zero
    m4_1 = zero
    m4_2 = zero
    m4_3 = zero
    m4_4 = zero
    sum_u = zero
    sum_mu = zero
    sum_w = zero
    sum_a1 = zero
    sum_b1 = zero
    sum_b2 = zero
    t = 0
    stop = next_stop(n_obs, 0)
    while t < stop:
        for t in range(t, stop):
            d_mu = fma(b2, d_mu2, fma(b1, d_mu1, xm1))
            d_w = fma(b2, d_w2, fma(b1, d_w1, one))
            d_a1 = fma(b2, d_a12, fma(b1, d_a11, x1))
            d_b1 = fma(b2, d_b12, fma(b1, d_b11, s1))
            d_b2 = fma(b2, d_b22, fma(b1, d_b21, s2))
            s = fma(b1, s1, fma(b2, s2, fma(a1, x1, w)))
            e = load(returns, t) - mu
            u = one / s
            eu = e * u
            z2 = fma(e, eu, tiny)
            log_z2 = logarithm(z2)
            tail = scale * exponential(power * log_z2)
            psi_z = tail * z2
            psi_sigma = tail * eu
            sum_psi_z = sum_psi_z + psi_z
            sum_psi_sigma = sum_psi_sigma + psi_sigma
            sum_m_log = fma(psi_z, log_z2, sum_m_log)
            c = fma(factor, psi_z, zero - one)
            cd = c * u
            score_mu = fma(cd, d_mu, score_mu)
            score_w = fma(cd, d_w, score_w)
            score_a1 = fma(cd, d_a1, score_a1)
            score_b1 = fma(cd, d_b1, score_b1)
            score_b2 = fma(cd, d_b2, score_b2)
            product = product * s
            if t & 1 == 0:
                l_mu = u * d_mu
                l_w = u * d_w
                l_a1 = u * d_a1
                l_b1 = u * d_b1
                l_b2 = u * d_b2
                m0_0 = fma(l_mu, l_mu, m0_0)
                m1_1 = fma(l_w, l_w, m1_1)
                m2_1 = fma(l_a1, l_w, m2_1)
                m2_2 = fma(l_a1, l_a1, m2_2)
                m3_1 = fma(l_b1, l_w, m3_1)
                m3_2 = fma(l_b1, l_a1, m3_2)
                m3_3 = fma(l_b1, l_b1, m3_3)
                m4_1 = fma(l_b2, l_w, m4_1)
                m4_2 = fma(l_b2, l_a1, m4_2)
                m4_3 = fma(l_b2, l_b1, m4_3)
                m4_4 = fma(l_b2, l_b2, m4_4)
                sum_u = sum_u + u
                sum_mu = sum_mu + l_mu
                sum_w = sum_w + l_w
                sum_a1 = sum_a1 + l_a1
                sum_b1 = sum_b1 + l_b1
                sum_b2 = sum_b2 + l_b2
            x1 = e * e
            xm1 = m2a1 * e
            s2 = s1
            s1 = s
            d_mu2 = d_mu1
            d_mu1 = d_mu
            d_w2 = d_w1
            d_w1 = d_w
            d_a12 = d_a11
            d_a11 = d_a1
            d_b12 = d_b11
            d_b11 = d_b1
            d_b22 = d_b21
            d_b21 = d_b2
            if t & 7 == 7:
                product_twos = product_twos + exponent(product)
                product = mantissa(product)
        ln2 = splat(0.6931471805599453)
        log_state = fma(product_twos, ln2, logarithm(product))
        thinned = splat(float(stop) / float((stop + 1) // 2))  # bars to bars sampled
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), log_state))
        store(sums, 1, where(ended, load(sums, 1), fma(factor, sum_psi_sigma, half * score_mu)))
        store(sums, 2, where(ended, load(sums, 2), half * score_w))
        store(sums, 3, where(ended, load(sums, 3), half * score_a1))
        store(sums, 4, where(ended, load(sums, 4), half * score_b1))
        store(sums, 5, where(ended, load(sums, 5), half * score_b2))
        store(sums, 6, where(ended, load(sums, 6), thinned * m0_0))
        store(sums, 7, where(ended, load(sums, 7), zero))
        store(sums, 8, where(ended, load(sums, 8), thinned * m1_1))
        store(sums, 9, where(ended, load(sums, 9), zero))
        store(sums, 10, where(ended, load(sums, 10), thinned * m2_1))
        store(sums, 11, where(ended, load(sums, 11), thinned * m2_2))
        store(sums, 12, where(ended, load(sums, 12), zero))
        store(sums, 13, where(ended, load(sums, 13), thinned * m3_1))
        store(sums, 14, where(ended, load(sums, 14), thinned * m3_2))
        store(sums, 15, where(ended, load(sums, 15), thinned * m3_3))
        store(sums, 16, where(ended, load(sums, 16), zero))
        store(sums, 17, where(ended, load(sums, 17), thinned * m4_1))
        store(sums, 18, where(ended, load(sums, 18), thinned * m4_2))
        store(sums, 19, where(ended, load(sums, 19), thinned * m4_3))
        store(sums, 20, where(ended, load(sums, 20), thinned * m4_4))
        store(sums, 21, where(ended, load(sums, 21), thinned * sum_u))
        store(sums, 22, where(ended, load(sums, 22), thinned * sum_mu))
        store(sums, 23, where(ended, load(sums, 23), thinned * sum_w))
        store(sums, 24, where(ended, load(sums, 24), thinned * sum_a1))
        store(sums, 25, where(ended, load(sums, 25), thinned * sum_b1))
        store(sums, 26, where(ended, load(sums, 26), thinned * sum_b2))
        store(sums, 27, where(ended, load(sums, 27), sum_psi_z))
        store(sums, 28, where(ended, load(sums, 28), sum_m_log))
        t = stop
        stop = next_stop(n_obs, stop)


def garch_20_normal(returns, n_obs, theta, constants, sums):
    """garch(2, 0, 0), normal innovations."""
    align_stack()
    mu = load(theta, 0)
    w = load(theta, 1)
    a1 = load(theta, 2)
    a2 = load(theta, 3)
    zero = splat(0.0)
    one = splat(1.0)
    half = splat(0.5)
    presample = load(constants, 0)
    presample_slope = load(constants, 1)
    m2a1 = a1 * splat(-2.0)
    m2a2 = a2 * splat(-2.0)
    factor = one
    x1 = presample
    xm1 = a1 * presample_slope
    x2 = presample
    xm2 = a2 * presample_slope
    s1 = presample
    product = one
    product_twos = zero
    score_mu = zero
    score_w = zero
    score_a1 = zero
    score_a2 = zero
    sum_psi_z = zero
    sum_psi_sigma = zero
    m0_0 = zero
    m1_1 = zero
    m2_1 = zero
    m2_2 = zero
    m3_1 = zero
    m3_2 = zero
    m3_3 = zero
    sum_u = zero
    next_xm2 = xm2
    t = 0
    stop = next_stop(n_obs, 0)
    while t < stop:
        for t in range(t, stop):
            d_mu = xm1 + xm2
            d_w = one
            d_a1 = x1
            d_a2 = x2
            s = fma(a2, x2, fma(a1, x1, w))
            e = load(returns, t) - mu
            u = one / s
            psi_sigma = e * u
            psi_z = e * psi_sigma
            sum_psi_z = sum_psi_z + psi_z
            sum_psi_sigma = sum_psi_sigma + psi_sigma
            c = psi_z - one
            cd = c * u
            score_mu = fma(cd, d_mu, score_mu)
            score_w = fma(cd, d_w, score_w)
            score_a1 = fma(cd, d_a1, score_a1)
            score_a2 = fma(cd, d_a2, score_a2)
            product = product * s
            if t & 1 == 0:
                l_mu = u * d_mu
                l_w = u * d_w
                l_a1 = u * d_a1
                l_a2 = u * d_a2
                m0_0 = fma(l_mu, l_mu, m0_0)
                m1_1 = fma(l_w, l_w, m1_1)
                m2_1 = fma(l_a1, l_w, m2_1)
                m2_2 = fma(l_a1, l_a1, m2_2)
                m3_1 = fma(l_a2, l_w, m3_1)
                m3_2 = fma(l_a2, l_a1, m3_2)
                m3_3 = fma(l_a2, l_a2, m3_3)
                sum_u = sum_u + u
            x2 = x1
            xm2 = next_xm2
            x1 = e * e
            xm1 = m2a1 * e
            next_xm2 = m2a2 * e
            if t & 7 == 7:
                product_twos = product_twos + exponent(product)
                product = mantissa(product)
        ln2 = splat(0.6931471805599453)
        log_state = fma(product_twos, ln2, logarithm(product))
        thinned = splat(float(stop) / float((stop + 1) // 2))  # bars to bars sampled
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), log_state))
        store(sums, 1, where(ended, load(sums, 1), fma(factor, sum_psi_sigma, half * score_mu)))
        store(sums, 2, where(ended, load(sums, 2), half * score_w))
        store(sums, 3, where(ended, load(sums, 3), half * score_a1))
        store(sums, 4, where(ended, load(sums, 4), half * score_a2))
        store(sums, 5, where(ended, load(sums, 5), thinned * m0_0))
        store(sums, 6, where(ended, load(sums, 6), zero))
        store(sums, 7, where(ended, load(sums, 7), thinned * m1_1))
        store(sums, 8, where(ended, load(sums, 8), zero))
        store(sums, 9, where(ended, load(sums, 9), thinned * m2_1))
        store(sums, 10, where(ended, load(sums, 10), thinned * m2_2))
        store(sums, 11, where(ended, load(sums, 11), zero))
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


def garch_20_t(returns, n_obs, theta, constants, sums):
    """garch(2, 0, 0), t innovations."""
    align_stack()
    mu = load(theta, 0)
    w = load(theta, 1)
    a1 = load(theta, 2)
    a2 = load(theta, 3)
    zero = splat(0.0)
    one = splat(1.0)
    half = splat(0.5)
    presample = load(constants, 0)
    presample_slope = load(constants, 1)
    m2a1 = a1 * splat(-2.0)
    m2a2 = a2 * splat(-2.0)
    k2 = load(constants, 3)  # 1 / (nu - 2)
    factor = load(constants, 2) * k2  # (nu + 1) / (nu - 2)
    x1 = presample
    xm1 = a1 * presample_slope
    x2 = presample
    xm2 = a2 * presample_slope
    s1 = presample
    product = one
    product_q = one
    product_twos = zero
    product_q_twos = zero
    score_mu = zero
    score_w = zero
    score_a1 = zero
    score_a2 = zero
    sum_psi_z = zero
    sum_psi_sigma = zero
    m0_0 = zero
    m1_1 = zero
    m2_1 = zero
    m2_2 = zero
    m3_1 = zero
    m3_2 = zero
    m3_3 = zero
    sum_u = zero
    sum_mu = zero
    sum_w = zero
    sum_a1 = zero
    sum_a2 = zero
    next_xm2 = xm2
    t = 0
    stop = next_stop(n_obs, 0)
    while t < stop:
        for t in range(t, stop):
            d_mu = xm1 + xm2
            d_w = one
            d_a1 = x1
            d_a2 = x2
            s = fma(a2, x2, fma(a1, x1, w))
            e = load(returns, t) - mu
            big = fma(e * e, k2, s)
            both = one / (s * big)
            u = both * big
            psi_sigma = e * (both * s)
            psi_z = e * psi_sigma
            sum_psi_z = sum_psi_z + psi_z
            sum_psi_sigma = sum_psi_sigma + psi_sigma
            c = fma(factor, psi_z, zero - one)
            cd = c * u
            score_mu = fma(cd, d_mu, score_mu)
            score_w = fma(cd, d_w, score_w)
            score_a1 = fma(cd, d_a1, score_a1)
            score_a2 = fma(cd, d_a2, score_a2)
            product_q = product_q * big
            product = product * s
            if t & 1 == 0:
                l_mu = u * d_mu
                l_w = u * d_w
                l_a1 = u * d_a1
                l_a2 = u * d_a2
                m0_0 = fma(l_mu, l_mu, m0_0)
                m1_1 = fma(l_w, l_w, m1_1)
                m2_1 = fma(l_a1, l_w, m2_1)
                m2_2 = fma(l_a1, l_a1, m2_2)
                m3_1 = fma(l_a2, l_w, m3_1)
                m3_2 = fma(l_a2, l_a1, m3_2)
                m3_3 = fma(l_a2, l_a2, m3_3)
                sum_u = sum_u + u
                sum_mu = sum_mu + l_mu
                sum_w = sum_w + l_w
                sum_a1 = sum_a1 + l_a1
                sum_a2 = sum_a2 + l_a2
            x2 = x1
            xm2 = next_xm2
            x1 = e * e
            xm1 = m2a1 * e
            next_xm2 = m2a2 * e
            if t & 7 == 7:
                product_twos = product_twos + exponent(product)
                product = mantissa(product)
                product_q_twos = product_q_twos + exponent(product_q)
                product_q = mantissa(product_q)
        ln2 = splat(0.6931471805599453)
        log_state = fma(product_twos, ln2, logarithm(product))
        log_q = fma(product_q_twos, ln2, logarithm(product_q)) - log_state
        thinned = splat(float(stop) / float((stop + 1) // 2))  # bars to bars sampled
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), log_state))
        store(sums, 1, where(ended, load(sums, 1), fma(factor, sum_psi_sigma, half * score_mu)))
        store(sums, 2, where(ended, load(sums, 2), half * score_w))
        store(sums, 3, where(ended, load(sums, 3), half * score_a1))
        store(sums, 4, where(ended, load(sums, 4), half * score_a2))
        store(sums, 5, where(ended, load(sums, 5), thinned * m0_0))
        store(sums, 6, where(ended, load(sums, 6), zero))
        store(sums, 7, where(ended, load(sums, 7), thinned * m1_1))
        store(sums, 8, where(ended, load(sums, 8), zero))
        store(sums, 9, where(ended, load(sums, 9), thinned * m2_1))
        store(sums, 10, where(ended, load(sums, 10), thinned * m2_2))
        store(sums, 11, where(ended, load(sums, 11), zero))
        store(sums, 12, where(ended, load(sums, 12), thinned * m3_1))
        store(sums, 13, where(ended, load(sums, 13), thinned * m3_2))
        store(sums, 14, where(ended, load(sums, 14), thinned * m3_3))
        store(sums, 15, where(ended, load(sums, 15), thinned * sum_u))
        store(sums, 16, where(ended, load(sums, 16), thinned * sum_mu))
        store(sums, 17, where(ended, load(sums, 17), thinned * sum_w))
        store(sums, 18, where(ended, load(sums, 18), thinned * sum_a1))
        store(sums, 19, where(ended, load(sums, 19), thinned * sum_a2))
        store(sums, 20, where(ended, load(sums, 20), log_q))
        store(sums, 21, where(ended, load(sums, 21), k2 * sum_psi_z))
        t = stop
        stop = next_stop(n_obs, stop)


def garch_20_skewt(returns, n_obs, theta, constants, sums):
    """garch(2, 0, 0), skewt innovations."""
    align_stack()
    mu = load(theta, 0)
    w = load(theta, 1)
    a1 = load(theta, 2)
    a2 = load(theta, 3)
    zero = splat(0.0)
    one = splat(1.0)
    half = splat(0.5)
    presample = load(constants, 0)
    presample_slope = load(constants, 1)
    m2a1 = a1 * splat(-2.0)
    m2a2 = a2 * splat(-2.0)
    a_ = load(constants, 2)  # Hansen's a and b
    b_ = load(constants, 3)
    left = load(constants, 4)  # 1 / (1 - lambda)
    right = load(constants, 5)  # 1 / (1 + lambda)
    k2 = load(constants, 6)  # 1 / (eta - 2)
    factor = load(constants, 7)  # b (eta + 1) / (eta - 2)
    x1 = presample
    xm1 = a1 * presample_slope
    x2 = presample
    xm2 = a2 * presample_slope
    s1 = presample
    product = one
    product_q = one
    product_twos = zero
    product_q_twos = zero
    score_mu = zero
    score_w = zero
    score_a1 = zero
    score_a2 = zero
    sum_psi_z = zero
    sum_psi_sigma = zero
    sum_k = zero
    sum_kys = zero
    m0_0 = zero
    m1_1 = zero
    m2_1 = zero
    m2_2 = zero
    m3_1 = zero
    m3_2 = zero
    m3_3 = zero
    sum_u = zero
    sum_mu = zero
    sum_w = zero
    sum_a1 = zero
    sum_a2 = zero
    sum_inverse = zero
    next_xm2 = xm2
    t = 0
    stop = next_stop(n_obs, 0)
    while t < stop:
        for t in range(t, stop):
            d_mu = xm1 + xm2
            d_w = one
            d_a1 = x1
            d_a2 = x2
            s = fma(a2, x2, fma(a1, x1, w))
            e = load(returns, t) - mu
            sigma = square_root(s)
            yb = fma(b_, e, a_ * sigma)
            side = where(less(yb, zero), left, right)
            ys = yb * side
            big = fma(ys * ys, k2, s)
            both = one / (s * big)
            u = both * big
            psi_sigma = ys * side * (both * s)
            psi_z = e * psi_sigma
            k = psi_sigma * sigma
            ky = psi_sigma * ys
            sum_psi_z = sum_psi_z + psi_z
            sum_psi_sigma = sum_psi_sigma + psi_sigma
            kys = where(less(yb, zero), zero - ky, ky)
            sum_k = sum_k + k
            sum_kys = sum_kys + kys
            c = fma(factor, psi_z, zero - one)
            cd = c * u
            score_mu = fma(cd, d_mu, score_mu)
            score_w = fma(cd, d_w, score_w)
            score_a1 = fma(cd, d_a1, score_a1)
            score_a2 = fma(cd, d_a2, score_a2)
            product_q = product_q * big
            product = product * s
            if t & 1 == 0:
                l_mu = u * d_mu
                l_w = u * d_w
                l_a1 = u * d_a1
                l_a2 = u * d_a2
                m0_0 = fma(l_mu, l_mu, m0_0)
                m1_1 = fma(l_w, l_w, m1_1)
                m2_1 = fma(l_a1, l_w, m2_1)
                m2_2 = fma(l_a1, l_a1, m2_2)
                m3_1 = fma(l_a2, l_w, m3_1)
                m3_2 = fma(l_a2, l_a1, m3_2)
                m3_3 = fma(l_a2, l_a2, m3_3)
                sum_u = sum_u + u
                sum_mu = sum_mu + l_mu
                sum_w = sum_w + l_w
                sum_a1 = sum_a1 + l_a1
                sum_a2 = sum_a2 + l_a2
                sum_inverse = sum_inverse + sigma * u
            x2 = x1
            xm2 = next_xm2
            x1 = e * e
            xm1 = m2a1 * e
            next_xm2 = m2a2 * e
            if t & 7 == 7:
                product_twos = product_twos + exponent(product)
                product = mantissa(product)
                product_q_twos = product_q_twos + exponent(product_q)
                product_q = mantissa(product_q)
        ln2 = splat(0.6931471805599453)
        log_state = fma(product_twos, ln2, logarithm(product))
        log_q = fma(product_q_twos, ln2, logarithm(product_q)) - log_state
        thinned = splat(float(stop) / float((stop + 1) // 2))  # bars to bars sampled
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), log_state))
        store(sums, 1, where(ended, load(sums, 1), fma(factor, sum_psi_sigma, half * score_mu)))
        store(sums, 2, where(ended, load(sums, 2), half * score_w))
        store(sums, 3, where(ended, load(sums, 3), half * score_a1))
        store(sums, 4, where(ended, load(sums, 4), half * score_a2))
        store(sums, 5, where(ended, load(sums, 5), thinned * m0_0))
        store(sums, 6, where(ended, load(sums, 6), zero))
        store(sums, 7, where(ended, load(sums, 7), thinned * m1_1))
        store(sums, 8, where(ended, load(sums, 8), zero))
        store(sums, 9, where(ended, load(sums, 9), thinned * m2_1))
        store(sums, 10, where(ended, load(sums, 10), thinned * m2_2))
        store(sums, 11, where(ended, load(sums, 11), zero))
        store(sums, 12, where(ended, load(sums, 12), thinned * m3_1))
        store(sums, 13, where(ended, load(sums, 13), thinned * m3_2))
        store(sums, 14, where(ended, load(sums, 14), thinned * m3_3))
        store(sums, 15, where(ended, load(sums, 15), thinned * sum_u))
        store(sums, 16, where(ended, load(sums, 16), thinned * sum_mu))
        store(sums, 17, where(ended, load(sums, 17), thinned * sum_w))
        store(sums, 18, where(ended, load(sums, 18), thinned * sum_a1))
        store(sums, 19, where(ended, load(sums, 19), thinned * sum_a2))
        store(sums, 20, where(ended, load(sums, 20), log_q))
        store(sums, 21, where(ended, load(sums, 21), sum_k))
        store(sums, 22, where(ended, load(sums, 22), sum_psi_z))
        store(sums, 23, where(ended, load(sums, 23), sum_kys))
        store(sums, 24, where(ended, load(sums, 24), thinned * sum_inverse))
        t = stop
        stop = next_stop(n_obs, stop)


def garch_20_ged(returns, n_obs, theta, constants, sums):
    """garch(2, 0, 0), ged innovations."""
    align_stack()
    mu = load(theta, 0)
    w = load(theta, 1)
    a1 = load(theta, 2)
    a2 = load(theta, 3)
    zero = splat(0.0)
    one = splat(1.0)
    half = splat(0.5)
    presample = load(constants, 0)
    presample_slope = load(constants, 1)
    m2a1 = a1 * splat(-2.0)
    m2a2 = a2 * splat(-2.0)
    power = load(constants, 2)  # nu / 2 - 1
    scale = load(constants, 3)  # c ** -nu
    factor = load(constants, 4)  # nu / 2
    tiny = splat(1e-60)  # |z|**nu is taken at |z| = 1e-30 when an innovation is exactly zero
    x1 = presample
    xm1 = a1 * presample_slope
    x2 = presample
    xm2 = a2 * presample_slope
    s1 = presample
    product = one
    product_twos = zero
    score_mu = zero
    score_w = zero
    score_a1 = zero
    score_a2 = zero
    sum_psi_z = zero
    sum_psi_sigma = zero
    sum_m_log = zero
    m0_0 = zero
    m1_1 = zero
    m2_1 = zero
    m2_2 = zero
    m3_1 = zero
    m3_2 = zero
    m3_3 = zero
    sum_u = zero
    sum_mu = zero
    sum_w = zero
    sum_a1 = zero
    sum_a2 = zero
    next_xm2 = xm2
    t = 0
    stop = next_stop(n_obs, 0)
    while t < stop:
        for t in range(t, stop):
            d_mu = xm1 + xm2
            d_w = one
            d_a1 = x1
            d_a2 = x2
            s = fma(a2, x2, fma(a1, x1, w))
            e = load(returns, t) - mu
            u = one / s
            eu = e * u
            z2 = fma(e, eu, tiny)
            log_z2 = logarithm(z2)
            tail = scale * exponential(power * log_z2)
            psi_z = tail * z2
            psi_sigma = tail * eu
            sum_psi_z = sum_psi_z + psi_z
            sum_psi_sigma = sum_psi_sigma + psi_sigma
            sum_m_log = fma(psi_z, log_z2, sum_m_log)
            c = fma(factor, psi_z, zero - one)
            cd = c * u
            score_mu = fma(cd, d_mu, score_mu)
            score_w = fma(cd, d_w, score_w)
            score_a1 = fma(cd, d_a1, score_a1)
            score_a2 = fma(cd, d_a2, score_a2)
            product = product * s
            if t & 1 == 0:
                l_mu = u * d_mu
                l_w = u * d_w
                l_a1 = u * d_a1
                l_a2 = u * d_a2
                m0_0 = fma(l_mu, l_mu, m0_0)
                m1_1 = fma(l_w, l_w, m1_1)
                m2_1 = fma(l_a1, l_w, m2_1)
                m2_2 = fma(l_a1, l_a1, m2_2)
                m3_1 = fma(l_a2, l_w, m3_1)
                m3_2 = fma(l_a2, l_a1, m3_2)
                m3_3 = fma(l_a2, l_a2, m3_3)
                sum_u = sum_u + u
                sum_mu = sum_mu + l_mu
                sum_w = sum_w + l_w
                sum_a1 = sum_a1 + l_a1
                sum_a2 = sum_a2 + l_a2
            x2 = x1
            xm2 = next_xm2
            x1 = e * e
            xm1 = m2a1 * e
            next_xm2 = m2a2 * e
            if t & 7 == 7:
                product_twos = product_twos + exponent(product)
                product = mantissa(product)
        ln2 = splat(0.6931471805599453)
        log_state = fma(product_twos, ln2, logarithm(product))
        thinned = splat(float(stop) / float((stop + 1) // 2))  # bars to bars sampled
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), log_state))
        store(sums, 1, where(ended, load(sums, 1), fma(factor, sum_psi_sigma, half * score_mu)))
        store(sums, 2, where(ended, load(sums, 2), half * score_w))
        store(sums, 3, where(ended, load(sums, 3), half * score_a1))
        store(sums, 4, where(ended, load(sums, 4), half * score_a2))
        store(sums, 5, where(ended, load(sums, 5), thinned * m0_0))
        store(sums, 6, where(ended, load(sums, 6), zero))
        store(sums, 7, where(ended, load(sums, 7), thinned * m1_1))
        store(sums, 8, where(ended, load(sums, 8), zero))
        store(sums, 9, where(ended, load(sums, 9), thinned * m2_1))
        store(sums, 10, where(ended, load(sums, 10), thinned * m2_2))
        store(sums, 11, where(ended, load(sums, 11), zero))
        store(sums, 12, where(ended, load(sums, 12), thinned * m3_1))
        store(sums, 13, where(ended, load(sums, 13), thinned * m3_2))
        store(sums, 14, where(ended, load(sums, 14), thinned * m3_3))
        store(sums, 15, where(ended, load(sums, 15), thinned * sum_u))
        store(sums, 16, where(ended, load(sums, 16), thinned * sum_mu))
        store(sums, 17, where(ended, load(sums, 17), thinned * sum_w))
        store(sums, 18, where(ended, load(sums, 18), thinned * sum_a1))
        store(sums, 19, where(ended, load(sums, 19), thinned * sum_a2))
        store(sums, 20, where(ended, load(sums, 20), sum_psi_z))
        store(sums, 21, where(ended, load(sums, 21), sum_m_log))
        t = stop
        stop = next_stop(n_obs, stop)


def garch_21_normal(returns, n_obs, theta, constants, sums):
    """garch(2, 0, 1), normal innovations."""
    align_stack()
    mu = load(theta, 0)
    w = load(theta, 1)
    a1 = load(theta, 2)
    a2 = load(theta, 3)
    b1 = load(theta, 4)
    zero = splat(0.0)
    one = splat(1.0)
    half = splat(0.5)
    presample = load(constants, 0)
    presample_slope = load(constants, 1)
    m2a1 = a1 * splat(-2.0)
    m2a2 = a2 * splat(-2.0)
    factor = one
    x1 = presample
    xm1 = a1 * presample_slope
    x2 = presample
    xm2 = a2 * presample_slope
    s1 = presample
    d_mu1 = presample_slope
    d_w1 = zero
    d_a11 = zero
    d_a21 = zero
    d_b11 = zero
    product = one
    product_twos = zero
    score_mu = zero
    score_w = zero
    score_a1 = zero
    score_a2 = zero
    score_b1 = zero
    sum_psi_z = zero
    sum_psi_sigma = zero
    m0_0 = zero
    m1_1 = zero
    m2_1 = zero
    m2_2 = zero
    m3_1 = zero
    m3_2 = zero
    m3_3 = zero
    m4_1 = zero
    m4_2 = zero
    m4_3 = zero
    m4_4 = zero
    sum_u = zero
    next_xm2 = xm2
    t = 0
    stop = next_stop(n_obs, 0)
    while t < stop:
        for t in range(t, stop):
            d_mu = fma(b1, d_mu1, xm1 + xm2)
            d_w = fma(b1, d_w1, one)
            d_a1 = fma(b1, d_a11, x1)
            d_a2 = fma(b1, d_a21, x2)
            d_b1 = fma(b1, d_b11, s1)
            s = fma(b1, s1, fma(a2, x2, fma(a1, x1, w)))
            e = load(returns, t) - mu
            u = one / s
            psi_sigma = e * u
            psi_z = e * psi_sigma
            sum_psi_z = sum_psi_z + psi_z
            sum_psi_sigma = sum_psi_sigma + psi_sigma
            c = psi_z - one
            cd = c * u
            score_mu = fma(cd, d_mu, score_mu)
            score_w = fma(cd, d_w, score_w)
            score_a1 = fma(cd, d_a1, score_a1)
            score_a2 = fma(cd, d_a2, score_a2)
            score_b1 = fma(cd, d_b1, score_b1)
            product = product * s
            if t & 1 == 0:
                l_mu = u * d_mu
                l_w = u * d_w
                l_a1 = u * d_a1
                l_a2 = u * d_a2
                l_b1 = u * d_b1
                m0_0 = fma(l_mu, l_mu, m0_0)
                m1_1 = fma(l_w, l_w, m1_1)
                m2_1 = fma(l_a1, l_w, m2_1)
                m2_2 = fma(l_a1, l_a1, m2_2)
                m3_1 = fma(l_a2, l_w, m3_1)
                m3_2 = fma(l_a2, l_a1, m3_2)
                m3_3 = fma(l_a2, l_a2, m3_3)
                m4_1 = fma(l_b1, l_w, m4_1)
                m4_2 = fma(l_b1, l_a1, m4_2)
                m4_3 = fma(l_b1, l_a2, m4_3)
                m4_4 = fma(l_b1, l_b1, m4_4)
                sum_u = sum_u + u
            x2 = x1
            xm2 = next_xm2
            x1 = e * e
            xm1 = m2a1 * e
            next_xm2 = m2a2 * e
            s1 = s
            d_mu1 = d_mu
            d_w1 = d_w
            d_a11 = d_a1
            d_a21 = d_a2
            d_b11 = d_b1
            if t & 7 == 7:
                product_twos = product_twos + exponent(product)
                product = mantissa(product)
        ln2 = splat(0.6931471805599453)
        log_state = fma(product_twos, ln2, logarithm(product))
        thinned = splat(float(stop) / float((stop + 1) // 2))  # bars to bars sampled
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), log_state))
        store(sums, 1, where(ended, load(sums, 1), fma(factor, sum_psi_sigma, half * score_mu)))
        store(sums, 2, where(ended, load(sums, 2), half * score_w))
        store(sums, 3, where(ended, load(sums, 3), half * score_a1))
        store(sums, 4, where(ended, load(sums, 4), half * score_a2))
        store(sums, 5, where(ended, load(sums, 5), half * score_b1))
        store(sums, 6, where(ended, load(sums, 6), thinned * m0_0))
        store(sums, 7, where(ended, load(sums, 7), zero))
        store(sums, 8, where(ended, load(sums, 8), thinned * m1_1))
        store(sums, 9, where(ended, load(sums, 9), zero))
        store(sums, 10, where(ended, load(sums, 10), thinned * m2_1))
        store(sums, 11, where(ended, load(sums, 11), thinned * m2_2))
        store(sums, 12, where(ended, load(sums, 12), zero))
        store(sums, 13, where(ended, load(sums, 13), thinned * m3_1))
        store(sums, 14, where(ended, load(sums, 14), thinned * m3_2))
        store(sums, 15, where(ended, load(sums, 15), thinned * m3_3))
        store(sums, 16, where(ended, load(sums, 16), zero))
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


def garch_21_t(returns, n_obs, theta, constants, sums):
    """garch(2, 0, 1), t innovations."""
    align_stack()
    mu = load(theta, 0)
    w = load(theta, 1)
    a1 = load(theta, 2)
    a2 = load(theta, 3)
    b1 = load(theta, 4)
    zero = splat(0.0)
    one = splat(1.0)
    half = splat(0.5)
    presample = load(constants, 0)
    presample_slope = load(constants, 1)
    m2a1 = a1 * splat(-2.0)
    m2a2 = a2 * splat(-2.0)
    k2 = load(constants, 3)  # 1 / (nu - 2)
    factor = load(constants, 2) * k2  # (nu + 1) / (nu - 2)
    x1 = presample
    xm1 = a1 * presample_slope
    x2 = presample
    xm2 = a2 * presample_slope
    s1 = presample
    d_mu1 = presample_slope
    d_w1 = zero
    d_a11 = zero
    d_a21 = zero
    d_b11 = zero
    product = one
    product_q = one
    product_twos = zero
    product_q_twos = zero
    score_mu = zero
    score_w = zero
    score_a1 = zero
    score_a2 = zero
    score_b1 = zero
    sum_psi_z = zero
    sum_psi_sigma = zero
    m0_0 = zero
    m1_1 = zero
    m2_1 = zero
    m2_2 = zero
    m3_1 = zero
    m3_2 = zero
    m3_3 = zero
    m4_1 = zero
    m4_2 = zero
    m4_3 = zero
    m4_4 = zero
    sum_u = zero
    sum_mu = zero
    sum_w = zero
    sum_a1 = zero
    sum_a2 = zero
    sum_b1 = zero
    next_xm2 = xm2
    t = 0
    stop = next_stop(n_obs, 0)
    while t < stop:
        for t in range(t, stop):
            d_mu = fma(b1, d_mu1, xm1 + xm2)
            d_w = fma(b1, d_w1, one)
            d_a1 = fma(b1, d_a11, x1)
            d_a2 = fma(b1, d_a21, x2)
            d_b1 = fma(b1, d_b11, s1)
            s = fma(b1, s1, fma(a2, x2, fma(a1, x1, w)))
            e = load(returns, t) - mu
            big = fma(e * e, k2, s)
            both = one / (s * big)
            u = both * big
            psi_sigma = e * (both * s)
            psi_z = e * psi_sigma
            sum_psi_z = sum_psi_z + psi_z
            sum_psi_sigma = sum_psi_sigma + psi_sigma
            c = fma(factor, psi_z, zero - one)
            cd = c * u
            score_mu = fma(cd, d_mu, score_mu)
            score_w = fma(cd, d_w, score_w)
            score_a1 = fma(cd, d_a1, score_a1)
            score_a2 = fma(cd, d_a2, score_a2)
            score_b1 = fma(cd, d_b1, score_b1)
            product_q = product_q * big
            product = product * s
            if t & 1 == 0:
                l_mu = u * d_mu
                l_w = u * d_w
                l_a1 = u * d_a1
                l_a2 = u * d_a2
                l_b1 = u * d_b1
                m0_0 = fma(l_mu, l_mu, m0_0)
                m1_1 = fma(l_w, l_w, m1_1)
                m2_1 = fma(l_a1, l_w, m2_1)
                m2_2 = fma(l_a1, l_a1, m2_2)
                m3_1 = fma(l_a2, l_w, m3_1)
                m3_2 = fma(l_a2, l_a1, m3_2)
                m3_3 = fma(l_a2, l_a2, m3_3)
                m4_1 = fma(l_b1, l_w, m4_1)
                m4_2 = fma(l_b1, l_a1, m4_2)
                m4_3 = fma(l_b1, l_a2, m4_3)
                m4_4 = fma(l_b1, l_b1, m4_4)
                sum_u = sum_u + u
                sum_mu = sum_mu + l_mu
                sum_w = sum_w + l_w
                sum_a1 = sum_a1 + l_a1
                sum_a2 = sum_a2 + l_a2
                sum_b1 = sum_b1 + l_b1
            x2 = x1
            xm2 = next_xm2
            x1 = e * e
            xm1 = m2a1 * e
            next_xm2 = m2a2 * e
            s1 = s
            d_mu1 = d_mu
            d_w1 = d_w
            d_a11 = d_a1
            d_a21 = d_a2
            d_b11 = d_b1
            if t & 7 == 7:
                product_twos = product_twos + exponent(product)
                product = mantissa(product)
                product_q_twos = product_q_twos + exponent(product_q)
                product_q = mantissa(product_q)
        ln2 = splat(0.6931471805599453)
        log_state = fma(product_twos, ln2, logarithm(product))
        log_q = fma(product_q_twos, ln2, logarithm(product_q)) - log_state
        thinned = splat(float(stop) / float((stop + 1) // 2))  # bars to bars sampled
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), log_state))
        store(sums, 1, where(ended, load(sums, 1), fma(factor, sum_psi_sigma, half * score_mu)))
        store(sums, 2, where(ended, load(sums, 2), half * score_w))
        store(sums, 3, where(ended, load(sums, 3), half * score_a1))
        store(sums, 4, where(ended, load(sums, 4), half * score_a2))
        store(sums, 5, where(ended, load(sums, 5), half * score_b1))
        store(sums, 6, where(ended, load(sums, 6), thinned * m0_0))
        store(sums, 7, where(ended, load(sums, 7), zero))
        store(sums, 8, where(ended, load(sums, 8), thinned * m1_1))
        store(sums, 9, where(ended, load(sums, 9), zero))
        store(sums, 10, where(ended, load(sums, 10), thinned * m2_1))
        store(sums, 11, where(ended, load(sums, 11), thinned * m2_2))
        store(sums, 12, where(ended, load(sums, 12), zero))
        store(sums, 13, where(ended, load(sums, 13), thinned * m3_1))
        store(sums, 14, where(ended, load(sums, 14), thinned * m3_2))
        store(sums, 15, where(ended, load(sums, 15), thinned * m3_3))
        store(sums, 16, where(ended, load(sums, 16), zero))
        store(sums, 17, where(ended, load(sums, 17), thinned * m4_1))
        store(sums, 18, where(ended, load(sums, 18), thinned * m4_2))
        store(sums, 19, where(ended, load(sums, 19), thinned * m4_3))
        store(sums, 20, where(ended, load(sums, 20), thinned * m4_4))
        store(sums, 21, where(ended, load(sums, 21), thinned * sum_u))
        store(sums, 22, where(ended, load(sums, 22), thinned * sum_mu))
        store(sums, 23, where(ended, load(sums, 23), thinned * sum_w))
        store(sums, 24, where(ended, load(sums, 24), thinned * sum_a1))
        store(sums, 25, where(ended, load(sums, 25), thinned * sum_a2))
        store(sums, 26, where(ended, load(sums, 26), thinned * sum_b1))
        store(sums, 27, where(ended, load(sums, 27), log_q))
        store(sums, 28, where(ended, load(sums, 28), k2 * sum_psi_z))
        t = stop
        stop = next_stop(n_obs, stop)


def garch_21_skewt(returns, n_obs, theta, constants, sums):
    """garch(2, 0, 1), skewt innovations."""
    align_stack()
    mu = load(theta, 0)
    w = load(theta, 1)
    a1 = load(theta, 2)
    a2 = load(theta, 3)
    b1 = load(theta, 4)
    zero = splat(0.0)
    one = splat(1.0)
    half = splat(0.5)
    presample = load(constants, 0)
    presample_slope = load(constants, 1)
    m2a1 = a1 * splat(-2.0)
    m2a2 = a2 * splat(-2.0)
    a_ = load(constants, 2)  # Hansen's a and b
    b_ = load(constants, 3)
    left = load(constants, 4)  # 1 / (1 - lambda)
    right = load(constants, 5)  # 1 / (1 + lambda)
    k2 = load(constants, 6)  # 1 / (eta - 2)
    factor = load(constants, 7)  # b (eta + 1) / (eta - 2)
    x1 = presample
    xm1 = a1 * presample_slope
    x2 = presample
    xm2 = a2 * presample_slope
    s1 = presample
    d_mu1 = presample_slope
    d_w1 = zero
    d_a11 = zero
    d_a21 = zero
    d_b11 = zero
    product = one
    product_q = one
    product_twos = zero
    product_q_twos = zero
    score_mu = zero
    score_w = zero
    score_a1 = zero
    score_a2 = zero
    score_b1 = zero
    sum_psi_z = zero
    sum_psi_sigma = zero
    sum_k = zero
    sum_kys = zero
    m0_0 = zero
    m1_1 = zero
    m2_1 = zero
    m2_2 = zero
    m3_1 = zero
    m3_2 = zero
    m3_3 = zero
    m4_1 = zero
    m4_2 = zero
    m4_3 = zero
    m4_4 = zero
    sum_u = zero
    sum_mu = zero
    sum_w = zero
    sum_a1 = zero
    sum_a2 = zero
    sum_b1 = zero
    sum_inverse = zero
    next_xm2 = xm2
    t = 0
    stop = next_stop(n_obs, 0)
    while t < stop:
        for t in range(t, stop):
            d_mu = fma(b1, d_mu1, xm1 + xm2)
            d_w = fma(b1, d_w1, one)
            d_a1 = fma(b1, d_a11, x1)
            d_a2 = fma(b1, d_a21, x2)
            d_b1 = fma(b1, d_b11, s1)
            s = fma(b1, s1, fma(a2, x2, fma(a1, x1, w)))
            e = load(returns, t) - mu
            sigma = square_root(s)
            yb = fma(b_, e, a_ * sigma)
            side = where(less(yb, zero), left, right)
            ys = yb * side
            big = fma(ys * ys, k2, s)
            both = one / (s * big)
            u = both * big
            psi_sigma = ys * side * (both * s)
            psi_z = e * psi_sigma
            k = psi_sigma * sigma
            ky = psi_sigma * ys
            sum_psi_z = sum_psi_z + psi_z
            sum_psi_sigma = sum_psi_sigma + psi_sigma
            kys = where(less(yb, zero), zero - ky, ky)
            sum_k = sum_k + k
            sum_kys = sum_kys + kys
            c = fma(factor, psi_z, zero - one)
            cd = c * u
            score_mu = fma(cd, d_mu, score_mu)
            score_w = fma(cd, d_w, score_w)
            score_a1 = fma(cd, d_a1, score_a1)
            score_a2 = fma(cd, d_a2, score_a2)
            score_b1 = fma(cd, d_b1, score_b1)
            product_q = product_q * big
            product = product * s
            if t & 1 == 0:
                l_mu = u * d_mu
                l_w = u * d_w
                l_a1 = u * d_a1
                l_a2 = u * d_a2
                l_b1 = u * d_b1
                m0_0 = fma(l_mu, l_mu, m0_0)
                m1_1 = fma(l_w, l_w, m1_1)
                m2_1 = fma(l_a1, l_w, m2_1)
                m2_2 = fma(l_a1, l_a1, m2_2)
                m3_1 = fma(l_a2, l_w, m3_1)
                m3_2 = fma(l_a2, l_a1, m3_2)
                m3_3 = fma(l_a2, l_a2, m3_3)
                m4_1 = fma(l_b1, l_w, m4_1)
                m4_2 = fma(l_b1, l_a1, m4_2)
                m4_3 = fma(l_b1, l_a2, m4_3)
                m4_4 = fma(l_b1, l_b1, m4_4)
                sum_u = sum_u + u
                sum_mu = sum_mu + l_mu
                sum_w = sum_w + l_w
                sum_a1 = sum_a1 + l_a1
                sum_a2 = sum_a2 + l_a2
                sum_b1 = sum_b1 + l_b1
                sum_inverse = sum_inverse + sigma * u
            x2 = x1
            xm2 = next_xm2
            x1 = e * e
            xm1 = m2a1 * e
            next_xm2 = m2a2 * e
            s1 = s
            d_mu1 = d_mu
            d_w1 = d_w
            d_a11 = d_a1
            d_a21 = d_a2
            d_b11 = d_b1
            if t & 7 == 7:
                product_twos = product_twos + exponent(product)
                product = mantissa(product)
                product_q_twos = product_q_twos + exponent(product_q)
                product_q = mantissa(product_q)
        ln2 = splat(0.6931471805599453)
        log_state = fma(product_twos, ln2, logarithm(product))
        log_q = fma(product_q_twos, ln2, logarithm(product_q)) - log_state
        thinned = splat(float(stop) / float((stop + 1) // 2))  # bars to bars sampled
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), log_state))
        store(sums, 1, where(ended, load(sums, 1), fma(factor, sum_psi_sigma, half * score_mu)))
        store(sums, 2, where(ended, load(sums, 2), half * score_w))
        store(sums, 3, where(ended, load(sums, 3), half * score_a1))
        store(sums, 4, where(ended, load(sums, 4), half * score_a2))
        store(sums, 5, where(ended, load(sums, 5), half * score_b1))
        store(sums, 6, where(ended, load(sums, 6), thinned * m0_0))
        store(sums, 7, where(ended, load(sums, 7), zero))
        store(sums, 8, where(ended, load(sums, 8), thinned * m1_1))
        store(sums, 9, where(ended, load(sums, 9), zero))
        store(sums, 10, where(ended, load(sums, 10), thinned * m2_1))
        store(sums, 11, where(ended, load(sums, 11), thinned * m2_2))
        store(sums, 12, where(ended, load(sums, 12), zero))
        store(sums, 13, where(ended, load(sums, 13), thinned * m3_1))
        store(sums, 14, where(ended, load(sums, 14), thinned * m3_2))
        store(sums, 15, where(ended, load(sums, 15), thinned * m3_3))
        store(sums, 16, where(ended, load(sums, 16), zero))
        store(sums, 17, where(ended, load(sums, 17), thinned * m4_1))
        store(sums, 18, where(ended, load(sums, 18), thinned * m4_2))
        store(sums, 19, where(ended, load(sums, 19), thinned * m4_3))
        store(sums, 20, where(ended, load(sums, 20), thinned * m4_4))
        store(sums, 21, where(ended, load(sums, 21), thinned * sum_u))
        store(sums, 22, where(ended, load(sums, 22), thinned * sum_mu))
        store(sums, 23, where(ended, load(sums, 23), thinned * sum_w))
        store(sums, 24, where(ended, load(sums, 24), thinned * sum_a1))
        store(sums, 25, where(ended, load(sums, 25), thinned * sum_a2))
        store(sums, 26, where(ended, load(sums, 26), thinned * sum_b1))
        store(sums, 27, where(ended, load(sums, 27), log_q))
        store(sums, 28, where(ended, load(sums, 28), sum_k))
        store(sums, 29, where(ended, load(sums, 29), sum_psi_z))
        store(sums, 30, where(ended, load(sums, 30), sum_kys))
        store(sums, 31, where(ended, load(sums, 31), thinned * sum_inverse))
        t = stop
        stop = next_stop(n_obs, stop)


def garch_21_ged(returns, n_obs, theta, constants, sums):
    """garch(2, 0, 1), ged innovations."""
    align_stack()
    mu = load(theta, 0)
    w = load(theta, 1)
    a1 = load(theta, 2)
    a2 = load(theta, 3)
    b1 = load(theta, 4)
    zero = splat(0.0)
    one = splat(1.0)
    half = splat(0.5)
    presample = load(constants, 0)
    presample_slope = load(constants, 1)
    m2a1 = a1 * splat(-2.0)
    m2a2 = a2 * splat(-2.0)
    power = load(constants, 2)  # nu / 2 - 1
    scale = load(constants, 3)  # c ** -nu
    factor = load(constants, 4)  # nu / 2
    tiny = splat(1e-60)  # |z|**nu is taken at |z| = 1e-30 when an innovation is exactly zero
    x1 = presample
    xm1 = a1 * presample_slope
    x2 = presample
    xm2 = a2 * presample_slope
    s1 = presample
    d_mu1 = presample_slope
    d_w1 = zero
    d_a11 = zero
    d_a21 = zero
    d_b11 = zero
    product = one
    product_twos = zero
    score_mu = zero
    score_w = zero
    score_a1 = zero
    score_a2 = zero
    score_b1 = zero
    sum_psi_z = zero
    sum_psi_sigma = zero
    sum_m_log = zero
    m0_0 = zero
    m1_1 = zero
    m2_1 = zero
    m2_2 = zero
    m3_1 = zero
    m3_2 = zero
    m3_3 = zero
    m4_1 = zero
    m4_2 = zero
    m4_3 = zero
    m4_4 = zero
    sum_u = zero
    sum_mu = zero
    sum_w = zero
    sum_a1 = zero
    sum_a2 = zero
    sum_b1 = zero
    next_xm2 = xm2
    t = 0
    stop = next_stop(n_obs, 0)
    while t < stop:
        for t in range(t, stop):
            d_mu = fma(b1, d_mu1, xm1 + xm2)
            d_w = fma(b1, d_w1, one)
            d_a1 = fma(b1, d_a11, x1)
            d_a2 = fma(b1, d_a21, x2)
            d_b1 = fma(b1, d_b11, s1)
            s = fma(b1, s1, fma(a2, x2, fma(a1, x1, w)))
            e = load(returns, t) - mu
            u = one / s
            eu = e * u
            z2 = fma(e, eu, tiny)
            log_z2 = logarithm(z2)
            tail = scale * exponential(power * log_z2)
            psi_z = tail * z2
            psi_sigma = tail * eu
            sum_psi_z = sum_psi_z + psi_z
            sum_psi_sigma = sum_psi_sigma + psi_sigma
            sum_m_log = fma(psi_z, log_z2, sum_m_log)
            c = fma(factor, psi_z, zero - one)
            cd = c * u
            score_mu = fma(cd, d_mu, score_mu)
            score_w = fma(cd, d_w, score_w)
            score_a1 = fma(cd, d_a1, score_a1)
            score_a2 = fma(cd, d_a2, score_a2)
            score_b1 = fma(cd, d_b1, score_b1)
            product = product * s
            if t & 1 == 0:
                l_mu = u * d_mu
                l_w = u * d_w
                l_a1 = u * d_a1
                l_a2 = u * d_a2
                l_b1 = u * d_b1
                m0_0 = fma(l_mu, l_mu, m0_0)
                m1_1 = fma(l_w, l_w, m1_1)
                m2_1 = fma(l_a1, l_w, m2_1)
                m2_2 = fma(l_a1, l_a1, m2_2)
                m3_1 = fma(l_a2, l_w, m3_1)
                m3_2 = fma(l_a2, l_a1, m3_2)
                m3_3 = fma(l_a2, l_a2, m3_3)
                m4_1 = fma(l_b1, l_w, m4_1)
                m4_2 = fma(l_b1, l_a1, m4_2)
                m4_3 = fma(l_b1, l_a2, m4_3)
                m4_4 = fma(l_b1, l_b1, m4_4)
                sum_u = sum_u + u
                sum_mu = sum_mu + l_mu
                sum_w = sum_w + l_w
                sum_a1 = sum_a1 + l_a1
                sum_a2 = sum_a2 + l_a2
                sum_b1 = sum_b1 + l_b1
            x2 = x1
            xm2 = next_xm2
            x1 = e * e
            xm1 = m2a1 * e
            next_xm2 = m2a2 * e
            s1 = s
            d_mu1 = d_mu
            d_w1 = d_w
            d_a11 = d_a1
            d_a21 = d_a2
            d_b11 = d_b1
            if t & 7 == 7:
                product_twos = product_twos + exponent(product)
                product = mantissa(product)
        ln2 = splat(0.6931471805599453)
        log_state = fma(product_twos, ln2, logarithm(product))
        thinned = splat(float(stop) / float((stop + 1) // 2))  # bars to bars sampled
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), log_state))
        store(sums, 1, where(ended, load(sums, 1), fma(factor, sum_psi_sigma, half * score_mu)))
        store(sums, 2, where(ended, load(sums, 2), half * score_w))
        store(sums, 3, where(ended, load(sums, 3), half * score_a1))
        store(sums, 4, where(ended, load(sums, 4), half * score_a2))
        store(sums, 5, where(ended, load(sums, 5), half * score_b1))
        store(sums, 6, where(ended, load(sums, 6), thinned * m0_0))
        store(sums, 7, where(ended, load(sums, 7), zero))
        store(sums, 8, where(ended, load(sums, 8), thinned * m1_1))
        store(sums, 9, where(ended, load(sums, 9), zero))
        store(sums, 10, where(ended, load(sums, 10), thinned * m2_1))
        store(sums, 11, where(ended, load(sums, 11), thinned * m2_2))
        store(sums, 12, where(ended, load(sums, 12), zero))
        store(sums, 13, where(ended, load(sums, 13), thinned * m3_1))
        store(sums, 14, where(ended, load(sums, 14), thinned * m3_2))
        store(sums, 15, where(ended, load(sums, 15), thinned * m3_3))
        store(sums, 16, where(ended, load(sums, 16), zero))
        store(sums, 17, where(ended, load(sums, 17), thinned * m4_1))
        store(sums, 18, where(ended, load(sums, 18), thinned * m4_2))
        store(sums, 19, where(ended, load(sums, 19), thinned * m4_3))
        store(sums, 20, where(ended, load(sums, 20), thinned * m4_4))
        store(sums, 21, where(ended, load(sums, 21), thinned * sum_u))
        store(sums, 22, where(ended, load(sums, 22), thinned * sum_mu))
        store(sums, 23, where(ended, load(sums, 23), thinned * sum_w))
        store(sums, 24, where(ended, load(sums, 24), thinned * sum_a1))
        store(sums, 25, where(ended, load(sums, 25), thinned * sum_a2))
        store(sums, 26, where(ended, load(sums, 26), thinned * sum_b1))
        store(sums, 27, where(ended, load(sums, 27), sum_psi_z))
        store(sums, 28, where(ended, load(sums, 28), sum_m_log))
        t = stop
        stop = next_stop(n_obs, stop)


def garch_22_normal(returns, n_obs, theta, constants, sums):
    """garch(2, 0, 2), normal innovations."""
    align_stack()
    mu = load(theta, 0)
    w = load(theta, 1)
    a1 = load(theta, 2)
    a2 = load(theta, 3)
    b1 = load(theta, 4)
    b2 = load(theta, 5)
    zero = splat(0.0)
    one = splat(1.0)
    half = splat(0.5)
    presample = load(constants, 0)
    presample_slope = load(constants, 1)
    m2a1 = a1 * splat(-2.0)
    m2a2 = a2 * splat(-2.0)
    factor = one
    x1 = presample
    xm1 = a1 * presample_slope
    x2 = presample
    xm2 = a2 * presample_slope
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
    d_b11 = zero
    d_b12 = zero
    d_b21 = zero
    d_b22 = zero
    product = one
    product_twos = zero
    score_mu = zero
    score_w = zero
    score_a1 = zero
    score_a2 = zero
    score_b1 = zero
    score_b2 = zero
    sum_psi_z = zero
    sum_psi_sigma = zero
    m0_0 = zero
    m1_1 = zero
    m2_1 = zero
    m2_2 = zero
    m3_1 = zero
    m3_2 = zero
    m3_3 = zero
    m4_1 = zero
    m4_2 = zero
    m4_3 = zero
    m4_4 = zero
    m5_1 = zero
    m5_2 = zero
    m5_3 = zero
    m5_4 = zero
    m5_5 = zero
    sum_u = zero
    next_xm2 = xm2
    t = 0
    stop = next_stop(n_obs, 0)
    while t < stop:
        for t in range(t, stop):
            d_mu = fma(b2, d_mu2, fma(b1, d_mu1, xm1 + xm2))
            d_w = fma(b2, d_w2, fma(b1, d_w1, one))
            d_a1 = fma(b2, d_a12, fma(b1, d_a11, x1))
            d_a2 = fma(b2, d_a22, fma(b1, d_a21, x2))
            d_b1 = fma(b2, d_b12, fma(b1, d_b11, s1))
            d_b2 = fma(b2, d_b22, fma(b1, d_b21, s2))
            s = fma(b1, s1, fma(b2, s2, fma(a2, x2, fma(a1, x1, w))))
            e = load(returns, t) - mu
            u = one / s
            psi_sigma = e * u
            psi_z = e * psi_sigma
            sum_psi_z = sum_psi_z + psi_z
            sum_psi_sigma = sum_psi_sigma + psi_sigma
            c = psi_z - one
            cd = c * u
            score_mu = fma(cd, d_mu, score_mu)
            score_w = fma(cd, d_w, score_w)
            score_a1 = fma(cd, d_a1, score_a1)
            score_a2 = fma(cd, d_a2, score_a2)
            score_b1 = fma(cd, d_b1, score_b1)
            score_b2 = fma(cd, d_b2, score_b2)
            product = product * s
            if t & 1 == 0:
                l_mu = u * d_mu
                l_w = u * d_w
                l_a1 = u * d_a1
                l_a2 = u * d_a2
                l_b1 = u * d_b1
                l_b2 = u * d_b2
                m0_0 = fma(l_mu, l_mu, m0_0)
                m1_1 = fma(l_w, l_w, m1_1)
                m2_1 = fma(l_a1, l_w, m2_1)
                m2_2 = fma(l_a1, l_a1, m2_2)
                m3_1 = fma(l_a2, l_w, m3_1)
                m3_2 = fma(l_a2, l_a1, m3_2)
                m3_3 = fma(l_a2, l_a2, m3_3)
                m4_1 = fma(l_b1, l_w, m4_1)
                m4_2 = fma(l_b1, l_a1, m4_2)
                m4_3 = fma(l_b1, l_a2, m4_3)
                m4_4 = fma(l_b1, l_b1, m4_4)
                m5_1 = fma(l_b2, l_w, m5_1)
                m5_2 = fma(l_b2, l_a1, m5_2)
                m5_3 = fma(l_b2, l_a2, m5_3)
                m5_4 = fma(l_b2, l_b1, m5_4)
                m5_5 = fma(l_b2, l_b2, m5_5)
                sum_u = sum_u + u
            x2 = x1
            xm2 = next_xm2
            x1 = e * e
            xm1 = m2a1 * e
            next_xm2 = m2a2 * e
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
            d_b12 = d_b11
            d_b11 = d_b1
            d_b22 = d_b21
            d_b21 = d_b2
            if t & 7 == 7:
                product_twos = product_twos + exponent(product)
                product = mantissa(product)
        ln2 = splat(0.6931471805599453)
        log_state = fma(product_twos, ln2, logarithm(product))
        thinned = splat(float(stop) / float((stop + 1) // 2))  # bars to bars sampled
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), log_state))
        store(sums, 1, where(ended, load(sums, 1), fma(factor, sum_psi_sigma, half * score_mu)))
        store(sums, 2, where(ended, load(sums, 2), half * score_w))
        store(sums, 3, where(ended, load(sums, 3), half * score_a1))
        store(sums, 4, where(ended, load(sums, 4), half * score_a2))
        store(sums, 5, where(ended, load(sums, 5), half * score_b1))
        store(sums, 6, where(ended, load(sums, 6), half * score_b2))
        store(sums, 7, where(ended, load(sums, 7), thinned * m0_0))
        store(sums, 8, where(ended, load(sums, 8), zero))
        store(sums, 9, where(ended, load(sums, 9), thinned * m1_1))
        store(sums, 10, where(ended, load(sums, 10), zero))
        store(sums, 11, where(ended, load(sums, 11), thinned * m2_1))
        store(sums, 12, where(ended, load(sums, 12), thinned * m2_2))
        store(sums, 13, where(ended, load(sums, 13), zero))
        store(sums, 14, where(ended, load(sums, 14), thinned * m3_1))
        store(sums, 15, where(ended, load(sums, 15), thinned * m3_2))
        store(sums, 16, where(ended, load(sums, 16), thinned * m3_3))
        store(sums, 17, where(ended, load(sums, 17), zero))
        store(sums, 18, where(ended, load(sums, 18), thinned * m4_1))
        store(sums, 19, where(ended, load(sums, 19), thinned * m4_2))
        store(sums, 20, where(ended, load(sums, 20), thinned * m4_3))
        store(sums, 21, where(ended, load(sums, 21), thinned * m4_4))
        store(sums, 22, where(ended, load(sums, 22), zero))
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


def garch_22_t(returns, n_obs, theta, constants, sums):
    """garch(2, 0, 2), t innovations."""
    align_stack()
    mu = load(theta, 0)
    w = load(theta, 1)
    a1 = load(theta, 2)
    a2 = load(theta, 3)
    b1 = load(theta, 4)
    b2 = load(theta, 5)
    zero = splat(0.0)
    one = splat(1.0)
    half = splat(0.5)
    presample = load(constants, 0)
    presample_slope = load(constants, 1)
    m2a1 = a1 * splat(-2.0)
    m2a2 = a2 * splat(-2.0)
    k2 = load(constants, 3)  # 1 / (nu - 2)
    factor = load(constants, 2) * k2  # (nu + 1) / (nu - 2)
    x1 = presample
    xm1 = a1 * presample_slope
    x2 = presample
    xm2 = a2 * presample_slope
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
    d_b11 = zero
    d_b12 = zero
    d_b21 = zero
    d_b22 = zero
    product = one
    product_q = one
    product_twos = zero
    product_q_twos = zero
    score_mu = zero
    score_w = zero
    score_a1 = zero
    score_a2 = zero
    score_b1 = zero
    score_b2 = zero
    sum_psi_z = zero
    sum_psi_sigma = zero
    m0_0 = zero
    m1_1 = zero
    m2_1 = zero
    m2_2 = zero
    m3_1 = zero
    m3_2 = zero
    m3_3 = zero
    m4_1 = zero
    m4_2 = zero
    m4_3 = zero
    m4_4 = zero
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
    sum_b1 = zero
    sum_b2 = zero
    next_xm2 = xm2
    t = 0
    stop = next_stop(n_obs, 0)
    while t < stop:
        for t in range(t, stop):
            d_mu = fma(b2, d_mu2, fma(b1, d_mu1, xm1 + xm2))
            d_w = fma(b2, d_w2, fma(b1, d_w1, one))
            d_a1 = fma(b2, d_a12, fma(b1, d_a11, x1))
            d_a2 = fma(b2, d_a22, fma(b1, d_a21, x2))
            d_b1 = fma(b2, d_b12, fma(b1, d_b11, s1))
            d_b2 = fma(b2, d_b22, fma(b1, d_b21, s2))
            s = fma(b1, s1, fma(b2, s2, fma(a2, x2, fma(a1, x1, w))))
            e = load(returns, t) - mu
            big = fma(e * e, k2, s)
            both = one / (s * big)
            u = both * big
            psi_sigma = e * (both * s)
            psi_z = e * psi_sigma
            sum_psi_z = sum_psi_z + psi_z
            sum_psi_sigma = sum_psi_sigma + psi_sigma
            c = fma(factor, psi_z, zero - one)
            cd = c * u
            score_mu = fma(cd, d_mu, score_mu)
            score_w = fma(cd, d_w, score_w)
            score_a1 = fma(cd, d_a1, score_a1)
            score_a2 = fma(cd, d_a2, score_a2)
            score_b1 = fma(cd, d_b1, score_b1)
            score_b2 = fma(cd, d_b2, score_b2)
            product_q = product_q * big
            product = product * s
            if t & 1 == 0:
                l_mu = u * d_mu
                l_w = u * d_w
                l_a1 = u * d_a1
                l_a2 = u * d_a2
                l_b1 = u * d_b1
                l_b2 = u * d_b2
                m0_0 = fma(l_mu, l_mu, m0_0)
                m1_1 = fma(l_w, l_w, m1_1)
                m2_1 = fma(l_a1, l_w, m2_1)
                m2_2 = fma(l_a1, l_a1, m2_2)
                m3_1 = fma(l_a2, l_w, m3_1)
                m3_2 = fma(l_a2, l_a1, m3_2)
                m3_3 = fma(l_a2, l_a2, m3_3)
                m4_1 = fma(l_b1, l_w, m4_1)
                m4_2 = fma(l_b1, l_a1, m4_2)
                m4_3 = fma(l_b1, l_a2, m4_3)
                m4_4 = fma(l_b1, l_b1, m4_4)
                m5_1 = fma(l_b2, l_w, m5_1)
                m5_2 = fma(l_b2, l_a1, m5_2)
                m5_3 = fma(l_b2, l_a2, m5_3)
                m5_4 = fma(l_b2, l_b1, m5_4)
                m5_5 = fma(l_b2, l_b2, m5_5)
                sum_u = sum_u + u
                sum_mu = sum_mu + l_mu
                sum_w = sum_w + l_w
                sum_a1 = sum_a1 + l_a1
                sum_a2 = sum_a2 + l_a2
                sum_b1 = sum_b1 + l_b1
                sum_b2 = sum_b2 + l_b2
            x2 = x1
            xm2 = next_xm2
            x1 = e * e
            xm1 = m2a1 * e
            next_xm2 = m2a2 * e
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
            d_b12 = d_b11
            d_b11 = d_b1
            d_b22 = d_b21
            d_b21 = d_b2
            if t & 7 == 7:
                product_twos = product_twos + exponent(product)
                product = mantissa(product)
                product_q_twos = product_q_twos + exponent(product_q)
                product_q = mantissa(product_q)
        ln2 = splat(0.6931471805599453)
        log_state = fma(product_twos, ln2, logarithm(product))
        log_q = fma(product_q_twos, ln2, logarithm(product_q)) - log_state
        thinned = splat(float(stop) / float((stop + 1) // 2))  # bars to bars sampled
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), log_state))
        store(sums, 1, where(ended, load(sums, 1), fma(factor, sum_psi_sigma, half * score_mu)))
        store(sums, 2, where(ended, load(sums, 2), half * score_w))
        store(sums, 3, where(ended, load(sums, 3), half * score_a1))
        store(sums, 4, where(ended, load(sums, 4), half * score_a2))
        store(sums, 5, where(ended, load(sums, 5), half * score_b1))
        store(sums, 6, where(ended, load(sums, 6), half * score_b2))
        store(sums, 7, where(ended, load(sums, 7), thinned * m0_0))
        store(sums, 8, where(ended, load(sums, 8), zero))
        store(sums, 9, where(ended, load(sums, 9), thinned * m1_1))
        store(sums, 10, where(ended, load(sums, 10), zero))
        store(sums, 11, where(ended, load(sums, 11), thinned * m2_1))
        store(sums, 12, where(ended, load(sums, 12), thinned * m2_2))
        store(sums, 13, where(ended, load(sums, 13), zero))
        store(sums, 14, where(ended, load(sums, 14), thinned * m3_1))
        store(sums, 15, where(ended, load(sums, 15), thinned * m3_2))
        store(sums, 16, where(ended, load(sums, 16), thinned * m3_3))
        store(sums, 17, where(ended, load(sums, 17), zero))
        store(sums, 18, where(ended, load(sums, 18), thinned * m4_1))
        store(sums, 19, where(ended, load(sums, 19), thinned * m4_2))
        store(sums, 20, where(ended, load(sums, 20), thinned * m4_3))
        store(sums, 21, where(ended, load(sums, 21), thinned * m4_4))
        store(sums, 22, where(ended, load(sums, 22), zero))
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
        store(sums, 33, where(ended, load(sums, 33), thinned * sum_b1))
        store(sums, 34, where(ended, load(sums, 34), thinned * sum_b2))
        store(sums, 35, where(ended, load(sums, 35), log_q))
        store(sums, 36, where(ended, load(sums, 36), k2 * sum_psi_z))
        t = stop
        stop = next_stop(n_obs, stop)


def garch_22_skewt(returns, n_obs, theta, constants, sums):
    """garch(2, 0, 2), skewt innovations."""
    align_stack()
    mu = load(theta, 0)
    w = load(theta, 1)
    a1 = load(theta, 2)
    a2 = load(theta, 3)
    b1 = load(theta, 4)
    b2 = load(theta, 5)
    zero = splat(0.0)
    one = splat(1.0)
    half = splat(0.5)
    presample = load(constants, 0)
    presample_slope = load(constants, 1)
    m2a1 = a1 * splat(-2.0)
    m2a2 = a2 * splat(-2.0)
    a_ = load(constants, 2)  # Hansen's a and b
    b_ = load(constants, 3)
    left = load(constants, 4)  # 1 / (1 - lambda)
    right = load(constants, 5)  # 1 / (1 + lambda)
    k2 = load(constants, 6)  # 1 / (eta - 2)
    factor = load(constants, 7)  # b (eta + 1) / (eta - 2)
    x1 = presample
    xm1 = a1 * presample_slope
    x2 = presample
    xm2 = a2 * presample_slope
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
    d_b11 = zero
    d_b12 = zero
    d_b21 = zero
    d_b22 = zero
    product = one
    product_q = one
    product_twos = zero
    product_q_twos = zero
    score_mu = zero
    score_w = zero
    score_a1 = zero
    score_a2 = zero
    score_b1 = zero
    score_b2 = zero
    sum_psi_z = zero
    sum_psi_sigma = zero
    sum_k = zero
    sum_kys = zero
    m0_0 = zero
    m1_1 = zero
    m2_1 = zero
    m2_2 = zero
    m3_1 = zero
    m3_2 = zero
    m3_3 = zero
    m4_1 = zero
    m4_2 = zero
    m4_3 = zero
    m4_4 = zero
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
    sum_b1 = zero
    sum_b2 = zero
    sum_inverse = zero
    next_xm2 = xm2
    t = 0
    stop = next_stop(n_obs, 0)
    while t < stop:
        for t in range(t, stop):
            d_mu = fma(b2, d_mu2, fma(b1, d_mu1, xm1 + xm2))
            d_w = fma(b2, d_w2, fma(b1, d_w1, one))
            d_a1 = fma(b2, d_a12, fma(b1, d_a11, x1))
            d_a2 = fma(b2, d_a22, fma(b1, d_a21, x2))
            d_b1 = fma(b2, d_b12, fma(b1, d_b11, s1))
            d_b2 = fma(b2, d_b22, fma(b1, d_b21, s2))
            s = fma(b1, s1, fma(b2, s2, fma(a2, x2, fma(a1, x1, w))))
            e = load(returns, t) - mu
            sigma = square_root(s)
            yb = fma(b_, e, a_ * sigma)
            side = where(less(yb, zero), left, right)
            ys = yb * side
            big = fma(ys * ys, k2, s)
            both = one / (s * big)
            u = both * big
            psi_sigma = ys * side * (both * s)
            psi_z = e * psi_sigma
            k = psi_sigma * sigma
            ky = psi_sigma * ys
            sum_psi_z = sum_psi_z + psi_z
            sum_psi_sigma = sum_psi_sigma + psi_sigma
            kys = where(less(yb, zero), zero - ky, ky)
            sum_k = sum_k + k
            sum_kys = sum_kys + kys
            c = fma(factor, psi_z, zero - one)
            cd = c * u
            score_mu = fma(cd, d_mu, score_mu)
            score_w = fma(cd, d_w, score_w)
            score_a1 = fma(cd, d_a1, score_a1)
            score_a2 = fma(cd, d_a2, score_a2)
            score_b1 = fma(cd, d_b1, score_b1)
            score_b2 = fma(cd, d_b2, score_b2)
            product_q = product_q * big
            product = product * s
            if t & 1 == 0:
                l_mu = u * d_mu
                l_w = u * d_w
                l_a1 = u * d_a1
                l_a2 = u * d_a2
                l_b1 = u * d_b1
                l_b2 = u * d_b2
                m0_0 = fma(l_mu, l_mu, m0_0)
                m1_1 = fma(l_w, l_w, m1_1)
                m2_1 = fma(l_a1, l_w, m2_1)
                m2_2 = fma(l_a1, l_a1, m2_2)
                m3_1 = fma(l_a2, l_w, m3_1)
                m3_2 = fma(l_a2, l_a1, m3_2)
                m3_3 = fma(l_a2, l_a2, m3_3)
                m4_1 = fma(l_b1, l_w, m4_1)
                m4_2 = fma(l_b1, l_a1, m4_2)
                m4_3 = fma(l_b1, l_a2, m4_3)
                m4_4 = fma(l_b1, l_b1, m4_4)
                m5_1 = fma(l_b2, l_w, m5_1)
                m5_2 = fma(l_b2, l_a1, m5_2)
                m5_3 = fma(l_b2, l_a2, m5_3)
                m5_4 = fma(l_b2, l_b1, m5_4)
                m5_5 = fma(l_b2, l_b2, m5_5)
                sum_u = sum_u + u
                sum_mu = sum_mu + l_mu
                sum_w = sum_w + l_w
                sum_a1 = sum_a1 + l_a1
                sum_a2 = sum_a2 + l_a2
                sum_b1 = sum_b1 + l_b1
                sum_b2 = sum_b2 + l_b2
                sum_inverse = sum_inverse + sigma * u
            x2 = x1
            xm2 = next_xm2
            x1 = e * e
            xm1 = m2a1 * e
            next_xm2 = m2a2 * e
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
            d_b12 = d_b11
            d_b11 = d_b1
            d_b22 = d_b21
            d_b21 = d_b2
            if t & 7 == 7:
                product_twos = product_twos + exponent(product)
                product = mantissa(product)
                product_q_twos = product_q_twos + exponent(product_q)
                product_q = mantissa(product_q)
        ln2 = splat(0.6931471805599453)
        log_state = fma(product_twos, ln2, logarithm(product))
        log_q = fma(product_q_twos, ln2, logarithm(product_q)) - log_state
        thinned = splat(float(stop) / float((stop + 1) // 2))  # bars to bars sampled
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), log_state))
        store(sums, 1, where(ended, load(sums, 1), fma(factor, sum_psi_sigma, half * score_mu)))
        store(sums, 2, where(ended, load(sums, 2), half * score_w))
        store(sums, 3, where(ended, load(sums, 3), half * score_a1))
        store(sums, 4, where(ended, load(sums, 4), half * score_a2))
        store(sums, 5, where(ended, load(sums, 5), half * score_b1))
        store(sums, 6, where(ended, load(sums, 6), half * score_b2))
        store(sums, 7, where(ended, load(sums, 7), thinned * m0_0))
        store(sums, 8, where(ended, load(sums, 8), zero))
        store(sums, 9, where(ended, load(sums, 9), thinned * m1_1))
        store(sums, 10, where(ended, load(sums, 10), zero))
        store(sums, 11, where(ended, load(sums, 11), thinned * m2_1))
        store(sums, 12, where(ended, load(sums, 12), thinned * m2_2))
        store(sums, 13, where(ended, load(sums, 13), zero))
        store(sums, 14, where(ended, load(sums, 14), thinned * m3_1))
        store(sums, 15, where(ended, load(sums, 15), thinned * m3_2))
        store(sums, 16, where(ended, load(sums, 16), thinned * m3_3))
        store(sums, 17, where(ended, load(sums, 17), zero))
        store(sums, 18, where(ended, load(sums, 18), thinned * m4_1))
        store(sums, 19, where(ended, load(sums, 19), thinned * m4_2))
        store(sums, 20, where(ended, load(sums, 20), thinned * m4_3))
        store(sums, 21, where(ended, load(sums, 21), thinned * m4_4))
        store(sums, 22, where(ended, load(sums, 22), zero))
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
        store(sums, 33, where(ended, load(sums, 33), thinned * sum_b1))
        store(sums, 34, where(ended, load(sums, 34), thinned * sum_b2))
        store(sums, 35, where(ended, load(sums, 35), log_q))
        store(sums, 36, where(ended, load(sums, 36), sum_k))
        store(sums, 37, where(ended, load(sums, 37), sum_psi_z))
        store(sums, 38, where(ended, load(sums, 38), sum_kys))
        store(sums, 39, where(ended, load(sums, 39), thinned * sum_inverse))
        t = stop
        stop = next_stop(n_obs, stop)


def garch_22_ged(returns, n_obs, theta, constants, sums):
    """garch(2, 0, 2), ged innovations."""
    align_stack()
    mu = load(theta, 0)
    w = load(theta, 1)
    a1 = load(theta, 2)
    a2 = load(theta, 3)
    b1 = load(theta, 4)
    b2 = load(theta, 5)
    zero = splat(0.0)
    one = splat(1.0)
    half = splat(0.5)
    presample = load(constants, 0)
    presample_slope = load(constants, 1)
    m2a1 = a1 * splat(-2.0)
    m2a2 = a2 * splat(-2.0)
    power = load(constants, 2)  # nu / 2 - 1
    scale = load(constants, 3)  # c ** -nu
    factor = load(constants, 4)  # nu / 2
    tiny = splat(1e-60)  # |z|**nu is taken at |z| = 1e-30 when an innovation is exactly zero
    x1 = presample
    xm1 = a1 * presample_slope
    x2 = presample
    xm2 = a2 * presample_slope
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
    d_b11 = zero
    d_b12 = zero
    d_b21 = zero
    d_b22 = zero
    product = one
    product_twos = zero
    score_mu = zero
    score_w = zero
    score_a1 = zero
    score_a2 = zero
    score_b1 = zero
    score_b2 = zero
    sum_psi_z = zero
    sum_psi_sigma = zero
    sum_m_log = zero
    m0_0 = zero
    m1_1 = zero
    m2_1 = zero
    m2_2 = zero
    m3_1 = zero
    m3_2 = zero
    m3_3 = zero
    m4_1 = zero
    m4_2 = zero
    m4_3 = zero
    m4_4 = zero
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
    sum_b1 = zero
    sum_b2 = zero
    next_xm2 = xm2
    t = 0
    stop = next_stop(n_obs, 0)
    while t < stop:
        for t in range(t, stop):
            d_mu = fma(b2, d_mu2, fma(b1, d_mu1, xm1 + xm2))
            d_w = fma(b2, d_w2, fma(b1, d_w1, one))
            d_a1 = fma(b2, d_a12, fma(b1, d_a11, x1))
            d_a2 = fma(b2, d_a22, fma(b1, d_a21, x2))
            d_b1 = fma(b2, d_b12, fma(b1, d_b11, s1))
            d_b2 = fma(b2, d_b22, fma(b1, d_b21, s2))
            s = fma(b1, s1, fma(b2, s2, fma(a2, x2, fma(a1, x1, w))))
            e = load(returns, t) - mu
            u = one / s
            eu = e * u
            z2 = fma(e, eu, tiny)
            log_z2 = logarithm(z2)
            tail = scale * exponential(power * log_z2)
            psi_z = tail * z2
            psi_sigma = tail * eu
            sum_psi_z = sum_psi_z + psi_z
            sum_psi_sigma = sum_psi_sigma + psi_sigma
            sum_m_log = fma(psi_z, log_z2, sum_m_log)
            c = fma(factor, psi_z, zero - one)
            cd = c * u
            score_mu = fma(cd, d_mu, score_mu)
            score_w = fma(cd, d_w, score_w)
            score_a1 = fma(cd, d_a1, score_a1)
            score_a2 = fma(cd, d_a2, score_a2)
            score_b1 = fma(cd, d_b1, score_b1)
            score_b2 = fma(cd, d_b2, score_b2)
            product = product * s
            if t & 1 == 0:
                l_mu = u * d_mu
                l_w = u * d_w
                l_a1 = u * d_a1
                l_a2 = u * d_a2
                l_b1 = u * d_b1
                l_b2 = u * d_b2
                m0_0 = fma(l_mu, l_mu, m0_0)
                m1_1 = fma(l_w, l_w, m1_1)
                m2_1 = fma(l_a1, l_w, m2_1)
                m2_2 = fma(l_a1, l_a1, m2_2)
                m3_1 = fma(l_a2, l_w, m3_1)
                m3_2 = fma(l_a2, l_a1, m3_2)
                m3_3 = fma(l_a2, l_a2, m3_3)
                m4_1 = fma(l_b1, l_w, m4_1)
                m4_2 = fma(l_b1, l_a1, m4_2)
                m4_3 = fma(l_b1, l_a2, m4_3)
                m4_4 = fma(l_b1, l_b1, m4_4)
                m5_1 = fma(l_b2, l_w, m5_1)
                m5_2 = fma(l_b2, l_a1, m5_2)
                m5_3 = fma(l_b2, l_a2, m5_3)
                m5_4 = fma(l_b2, l_b1, m5_4)
                m5_5 = fma(l_b2, l_b2, m5_5)
                sum_u = sum_u + u
                sum_mu = sum_mu + l_mu
                sum_w = sum_w + l_w
                sum_a1 = sum_a1 + l_a1
                sum_a2 = sum_a2 + l_a2
                sum_b1 = sum_b1 + l_b1
                sum_b2 = sum_b2 + l_b2
            x2 = x1
            xm2 = next_xm2
            x1 = e * e
            xm1 = m2a1 * e
            next_xm2 = m2a2 * e
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
            d_b12 = d_b11
            d_b11 = d_b1
            d_b22 = d_b21
            d_b21 = d_b2
            if t & 7 == 7:
                product_twos = product_twos + exponent(product)
                product = mantissa(product)
        ln2 = splat(0.6931471805599453)
        log_state = fma(product_twos, ln2, logarithm(product))
        thinned = splat(float(stop) / float((stop + 1) // 2))  # bars to bars sampled
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), log_state))
        store(sums, 1, where(ended, load(sums, 1), fma(factor, sum_psi_sigma, half * score_mu)))
        store(sums, 2, where(ended, load(sums, 2), half * score_w))
        store(sums, 3, where(ended, load(sums, 3), half * score_a1))
        store(sums, 4, where(ended, load(sums, 4), half * score_a2))
        store(sums, 5, where(ended, load(sums, 5), half * score_b1))
        store(sums, 6, where(ended, load(sums, 6), half * score_b2))
        store(sums, 7, where(ended, load(sums, 7), thinned * m0_0))
        store(sums, 8, where(ended, load(sums, 8), zero))
        store(sums, 9, where(ended, load(sums, 9), thinned * m1_1))
        store(sums, 10, where(ended, load(sums, 10), zero))
        store(sums, 11, where(ended, load(sums, 11), thinned * m2_1))
        store(sums, 12, where(ended, load(sums, 12), thinned * m2_2))
        store(sums, 13, where(ended, load(sums, 13), zero))
        store(sums, 14, where(ended, load(sums, 14), thinned * m3_1))
        store(sums, 15, where(ended, load(sums, 15), thinned * m3_2))
        store(sums, 16, where(ended, load(sums, 16), thinned * m3_3))
        store(sums, 17, where(ended, load(sums, 17), zero))
        store(sums, 18, where(ended, load(sums, 18), thinned * m4_1))
        store(sums, 19, where(ended, load(sums, 19), thinned * m4_2))
        store(sums, 20, where(ended, load(sums, 20), thinned * m4_3))
        store(sums, 21, where(ended, load(sums, 21), thinned * m4_4))
        store(sums, 22, where(ended, load(sums, 22), zero))
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
        store(sums, 33, where(ended, load(sums, 33), thinned * sum_b1))
        store(sums, 34, where(ended, load(sums, 34), thinned * sum_b2))
        store(sums, 35, where(ended, load(sums, 35), sum_psi_z))
        store(sums, 36, where(ended, load(sums, 36), sum_m_log))
        t = stop
        stop = next_stop(n_obs, stop)
