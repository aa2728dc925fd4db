"""Likelihood kernels of the garch process. Written by kernel_generator.py; do not edit."""

# generated, and the vector type exists only inside compiled code
# ruff: noqa: ANN001, ANN201, B020, E501, F841, PLR0912, PLR0915, PLR0917, RUF100
# pyright: basic, reportCallIssue=false

from hf_platform.volatility.lanes import (
    align_stack,
    exponential,
    fma,
    less,
    load,
    logarithm,
    next_stop,
    splat,
    square_root,
    store,
    where,
)


def garch_10_normal_outer(returns, n_obs, theta, constants, sums):
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
    b0_0 = zero
    b1_0 = zero
    b1_1 = zero
    b2_0 = zero
    b2_1 = zero
    b2_2 = zero
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
            c = fma(half * factor, psi_z, zero - half)
            cd = c * u
            v_mu = fma(factor, psi_sigma, cd * d_mu)
            v_w = cd * d_w
            v_a1 = cd * d_a1
            b0_0 = fma(v_mu, v_mu, b0_0)
            b1_0 = fma(v_w, v_mu, b1_0)
            b1_1 = fma(v_w, v_w, b1_1)
            b2_0 = fma(v_a1, v_mu, b2_0)
            b2_1 = fma(v_a1, v_w, b2_1)
            b2_2 = fma(v_a1, v_a1, b2_2)
            x1 = e * e
            xm1 = m2a1 * e
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), b0_0))
        store(sums, 1, where(ended, load(sums, 1), b1_0))
        store(sums, 2, where(ended, load(sums, 2), b1_1))
        store(sums, 3, where(ended, load(sums, 3), b2_0))
        store(sums, 4, where(ended, load(sums, 4), b2_1))
        store(sums, 5, where(ended, load(sums, 5), b2_2))
        t = stop
        stop = next_stop(n_obs, stop)


def garch_10_t_outer(returns, n_obs, theta, constants, sums):
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
    shape8 = load(constants, 8)
    shape9 = load(constants, 9)
    x1 = presample
    xm1 = a1 * presample_slope
    s1 = presample
    b0_0 = zero
    b1_0 = zero
    b1_1 = zero
    b2_0 = zero
    b2_1 = zero
    b2_2 = zero
    b3_0 = zero
    b3_1 = zero
    b3_2 = zero
    b3_3 = zero
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
            one_q = big * u
            v_nu = fma(splat(-0.5), logarithm(one_q), fma(shape9 * k2, psi_z, shape8))
            c = fma(half * factor, psi_z, zero - half)
            cd = c * u
            v_mu = fma(factor, psi_sigma, cd * d_mu)
            v_w = cd * d_w
            v_a1 = cd * d_a1
            b0_0 = fma(v_mu, v_mu, b0_0)
            b1_0 = fma(v_w, v_mu, b1_0)
            b1_1 = fma(v_w, v_w, b1_1)
            b2_0 = fma(v_a1, v_mu, b2_0)
            b2_1 = fma(v_a1, v_w, b2_1)
            b2_2 = fma(v_a1, v_a1, b2_2)
            b3_0 = fma(v_nu, v_mu, b3_0)
            b3_1 = fma(v_nu, v_w, b3_1)
            b3_2 = fma(v_nu, v_a1, b3_2)
            b3_3 = fma(v_nu, v_nu, b3_3)
            x1 = e * e
            xm1 = m2a1 * e
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), b0_0))
        store(sums, 1, where(ended, load(sums, 1), b1_0))
        store(sums, 2, where(ended, load(sums, 2), b1_1))
        store(sums, 3, where(ended, load(sums, 3), b2_0))
        store(sums, 4, where(ended, load(sums, 4), b2_1))
        store(sums, 5, where(ended, load(sums, 5), b2_2))
        store(sums, 6, where(ended, load(sums, 6), b3_0))
        store(sums, 7, where(ended, load(sums, 7), b3_1))
        store(sums, 8, where(ended, load(sums, 8), b3_2))
        store(sums, 9, where(ended, load(sums, 9), b3_3))
        t = stop
        stop = next_stop(n_obs, stop)


def garch_10_skewt_outer(returns, n_obs, theta, constants, sums):
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
    shape8 = load(constants, 8)
    shape9 = load(constants, 9)
    shape10 = load(constants, 10)
    shape11 = load(constants, 11)
    shape12 = load(constants, 12)
    shape13 = load(constants, 13)
    shape14 = load(constants, 14)
    x1 = presample
    xm1 = a1 * presample_slope
    s1 = presample
    b0_0 = zero
    b1_0 = zero
    b1_1 = zero
    b2_0 = zero
    b2_1 = zero
    b2_2 = zero
    b3_0 = zero
    b3_1 = zero
    b3_2 = zero
    b3_3 = zero
    b4_0 = zero
    b4_1 = zero
    b4_2 = zero
    b4_3 = zero
    b4_4 = zero
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
            one_q = big * u
            v_nu = fma(splat(-0.5), logarithm(one_q), fma(shape9, psi_z, shape8))
            v_nu = fma(shape10, k, v_nu)
            kys = where(less(yb, zero), zero - ky, ky)
            v_lam = fma(shape14, kys, fma(shape13, k, fma(shape12, psi_z, shape11)))
            c = fma(half * factor, psi_z, zero - half)
            cd = c * u
            v_mu = fma(factor, psi_sigma, cd * d_mu)
            v_w = cd * d_w
            v_a1 = cd * d_a1
            b0_0 = fma(v_mu, v_mu, b0_0)
            b1_0 = fma(v_w, v_mu, b1_0)
            b1_1 = fma(v_w, v_w, b1_1)
            b2_0 = fma(v_a1, v_mu, b2_0)
            b2_1 = fma(v_a1, v_w, b2_1)
            b2_2 = fma(v_a1, v_a1, b2_2)
            b3_0 = fma(v_nu, v_mu, b3_0)
            b3_1 = fma(v_nu, v_w, b3_1)
            b3_2 = fma(v_nu, v_a1, b3_2)
            b3_3 = fma(v_nu, v_nu, b3_3)
            b4_0 = fma(v_lam, v_mu, b4_0)
            b4_1 = fma(v_lam, v_w, b4_1)
            b4_2 = fma(v_lam, v_a1, b4_2)
            b4_3 = fma(v_lam, v_nu, b4_3)
            b4_4 = fma(v_lam, v_lam, b4_4)
            x1 = e * e
            xm1 = m2a1 * e
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), b0_0))
        store(sums, 1, where(ended, load(sums, 1), b1_0))
        store(sums, 2, where(ended, load(sums, 2), b1_1))
        store(sums, 3, where(ended, load(sums, 3), b2_0))
        store(sums, 4, where(ended, load(sums, 4), b2_1))
        store(sums, 5, where(ended, load(sums, 5), b2_2))
        store(sums, 6, where(ended, load(sums, 6), b3_0))
        store(sums, 7, where(ended, load(sums, 7), b3_1))
        store(sums, 8, where(ended, load(sums, 8), b3_2))
        store(sums, 9, where(ended, load(sums, 9), b3_3))
        store(sums, 10, where(ended, load(sums, 10), b4_0))
        store(sums, 11, where(ended, load(sums, 11), b4_1))
        store(sums, 12, where(ended, load(sums, 12), b4_2))
        store(sums, 13, where(ended, load(sums, 13), b4_3))
        store(sums, 14, where(ended, load(sums, 14), b4_4))
        t = stop
        stop = next_stop(n_obs, stop)


def garch_10_ged_outer(returns, n_obs, theta, constants, sums):
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
    shape8 = load(constants, 8)
    shape9 = load(constants, 9)
    x1 = presample
    xm1 = a1 * presample_slope
    s1 = presample
    b0_0 = zero
    b1_0 = zero
    b1_1 = zero
    b2_0 = zero
    b2_1 = zero
    b2_2 = zero
    b3_0 = zero
    b3_1 = zero
    b3_2 = zero
    b3_3 = zero
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
            v_nu = fma(psi_z, fma(splat(-0.25), log_z2, shape9), shape8)
            c = fma(half * factor, psi_z, zero - half)
            cd = c * u
            v_mu = fma(factor, psi_sigma, cd * d_mu)
            v_w = cd * d_w
            v_a1 = cd * d_a1
            b0_0 = fma(v_mu, v_mu, b0_0)
            b1_0 = fma(v_w, v_mu, b1_0)
            b1_1 = fma(v_w, v_w, b1_1)
            b2_0 = fma(v_a1, v_mu, b2_0)
            b2_1 = fma(v_a1, v_w, b2_1)
            b2_2 = fma(v_a1, v_a1, b2_2)
            b3_0 = fma(v_nu, v_mu, b3_0)
            b3_1 = fma(v_nu, v_w, b3_1)
            b3_2 = fma(v_nu, v_a1, b3_2)
            b3_3 = fma(v_nu, v_nu, b3_3)
            x1 = e * e
            xm1 = m2a1 * e
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), b0_0))
        store(sums, 1, where(ended, load(sums, 1), b1_0))
        store(sums, 2, where(ended, load(sums, 2), b1_1))
        store(sums, 3, where(ended, load(sums, 3), b2_0))
        store(sums, 4, where(ended, load(sums, 4), b2_1))
        store(sums, 5, where(ended, load(sums, 5), b2_2))
        store(sums, 6, where(ended, load(sums, 6), b3_0))
        store(sums, 7, where(ended, load(sums, 7), b3_1))
        store(sums, 8, where(ended, load(sums, 8), b3_2))
        store(sums, 9, where(ended, load(sums, 9), b3_3))
        t = stop
        stop = next_stop(n_obs, stop)


def garch_11_normal_outer(returns, n_obs, theta, constants, sums):
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
    b0_0 = zero
    b1_0 = zero
    b1_1 = zero
    b2_0 = zero
    b2_1 = zero
    b2_2 = zero
    b3_0 = zero
    b3_1 = zero
    b3_2 = zero
    b3_3 = zero
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
            c = fma(half * factor, psi_z, zero - half)
            cd = c * u
            v_mu = fma(factor, psi_sigma, cd * d_mu)
            v_w = cd * d_w
            v_a1 = cd * d_a1
            v_b1 = cd * d_b1
            b0_0 = fma(v_mu, v_mu, b0_0)
            b1_0 = fma(v_w, v_mu, b1_0)
            b1_1 = fma(v_w, v_w, b1_1)
            b2_0 = fma(v_a1, v_mu, b2_0)
            b2_1 = fma(v_a1, v_w, b2_1)
            b2_2 = fma(v_a1, v_a1, b2_2)
            b3_0 = fma(v_b1, v_mu, b3_0)
            b3_1 = fma(v_b1, v_w, b3_1)
            b3_2 = fma(v_b1, v_a1, b3_2)
            b3_3 = fma(v_b1, v_b1, b3_3)
            x1 = e * e
            xm1 = m2a1 * e
            s1 = s
            d_mu1 = d_mu
            d_w1 = d_w
            d_a11 = d_a1
            d_b11 = d_b1
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), b0_0))
        store(sums, 1, where(ended, load(sums, 1), b1_0))
        store(sums, 2, where(ended, load(sums, 2), b1_1))
        store(sums, 3, where(ended, load(sums, 3), b2_0))
        store(sums, 4, where(ended, load(sums, 4), b2_1))
        store(sums, 5, where(ended, load(sums, 5), b2_2))
        store(sums, 6, where(ended, load(sums, 6), b3_0))
        store(sums, 7, where(ended, load(sums, 7), b3_1))
        store(sums, 8, where(ended, load(sums, 8), b3_2))
        store(sums, 9, where(ended, load(sums, 9), b3_3))
        t = stop
        stop = next_stop(n_obs, stop)


def garch_11_t_outer(returns, n_obs, theta, constants, sums):
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
    shape8 = load(constants, 8)
    shape9 = load(constants, 9)
    x1 = presample
    xm1 = a1 * presample_slope
    s1 = presample
    d_mu1 = presample_slope
    d_w1 = zero
    d_a11 = zero
    d_b11 = zero
    b0_0 = zero
    b1_0 = zero
    b1_1 = zero
    b2_0 = zero
    b2_1 = zero
    b2_2 = zero
    b3_0 = zero
    b3_1 = zero
    b3_2 = zero
    b3_3 = zero
    b4_0 = zero
    b4_1 = zero
    b4_2 = zero
    b4_3 = zero
    b4_4 = zero
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
            one_q = big * u
            v_nu = fma(splat(-0.5), logarithm(one_q), fma(shape9 * k2, psi_z, shape8))
            c = fma(half * factor, psi_z, zero - half)
            cd = c * u
            v_mu = fma(factor, psi_sigma, cd * d_mu)
            v_w = cd * d_w
            v_a1 = cd * d_a1
            v_b1 = cd * d_b1
            b0_0 = fma(v_mu, v_mu, b0_0)
            b1_0 = fma(v_w, v_mu, b1_0)
            b1_1 = fma(v_w, v_w, b1_1)
            b2_0 = fma(v_a1, v_mu, b2_0)
            b2_1 = fma(v_a1, v_w, b2_1)
            b2_2 = fma(v_a1, v_a1, b2_2)
            b3_0 = fma(v_b1, v_mu, b3_0)
            b3_1 = fma(v_b1, v_w, b3_1)
            b3_2 = fma(v_b1, v_a1, b3_2)
            b3_3 = fma(v_b1, v_b1, b3_3)
            b4_0 = fma(v_nu, v_mu, b4_0)
            b4_1 = fma(v_nu, v_w, b4_1)
            b4_2 = fma(v_nu, v_a1, b4_2)
            b4_3 = fma(v_nu, v_b1, b4_3)
            b4_4 = fma(v_nu, v_nu, b4_4)
            x1 = e * e
            xm1 = m2a1 * e
            s1 = s
            d_mu1 = d_mu
            d_w1 = d_w
            d_a11 = d_a1
            d_b11 = d_b1
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), b0_0))
        store(sums, 1, where(ended, load(sums, 1), b1_0))
        store(sums, 2, where(ended, load(sums, 2), b1_1))
        store(sums, 3, where(ended, load(sums, 3), b2_0))
        store(sums, 4, where(ended, load(sums, 4), b2_1))
        store(sums, 5, where(ended, load(sums, 5), b2_2))
        store(sums, 6, where(ended, load(sums, 6), b3_0))
        store(sums, 7, where(ended, load(sums, 7), b3_1))
        store(sums, 8, where(ended, load(sums, 8), b3_2))
        store(sums, 9, where(ended, load(sums, 9), b3_3))
        store(sums, 10, where(ended, load(sums, 10), b4_0))
        store(sums, 11, where(ended, load(sums, 11), b4_1))
        store(sums, 12, where(ended, load(sums, 12), b4_2))
        store(sums, 13, where(ended, load(sums, 13), b4_3))
        store(sums, 14, where(ended, load(sums, 14), b4_4))
        t = stop
        stop = next_stop(n_obs, stop)


def garch_11_skewt_outer(returns, n_obs, theta, constants, sums):
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
    shape8 = load(constants, 8)
    shape9 = load(constants, 9)
    shape10 = load(constants, 10)
    shape11 = load(constants, 11)
    shape12 = load(constants, 12)
    shape13 = load(constants, 13)
    shape14 = load(constants, 14)
    x1 = presample
    xm1 = a1 * presample_slope
    s1 = presample
    d_mu1 = presample_slope
    d_w1 = zero
    d_a11 = zero
    d_b11 = zero
    b0_0 = zero
    b1_0 = zero
    b1_1 = zero
    b2_0 = zero
    b2_1 = zero
    b2_2 = zero
    b3_0 = zero
    b3_1 = zero
    b3_2 = zero
    b3_3 = zero
    b4_0 = zero
    b4_1 = zero
    b4_2 = zero
    b4_3 = zero
    b4_4 = zero
    b5_0 = zero
    b5_1 = zero
    b5_2 = zero
    b5_3 = zero
    b5_4 = zero
    b5_5 = zero
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
            one_q = big * u
            v_nu = fma(splat(-0.5), logarithm(one_q), fma(shape9, psi_z, shape8))
            v_nu = fma(shape10, k, v_nu)
            kys = where(less(yb, zero), zero - ky, ky)
            v_lam = fma(shape14, kys, fma(shape13, k, fma(shape12, psi_z, shape11)))
            c = fma(half * factor, psi_z, zero - half)
            cd = c * u
            v_mu = fma(factor, psi_sigma, cd * d_mu)
            v_w = cd * d_w
            v_a1 = cd * d_a1
            v_b1 = cd * d_b1
            b0_0 = fma(v_mu, v_mu, b0_0)
            b1_0 = fma(v_w, v_mu, b1_0)
            b1_1 = fma(v_w, v_w, b1_1)
            b2_0 = fma(v_a1, v_mu, b2_0)
            b2_1 = fma(v_a1, v_w, b2_1)
            b2_2 = fma(v_a1, v_a1, b2_2)
            b3_0 = fma(v_b1, v_mu, b3_0)
            b3_1 = fma(v_b1, v_w, b3_1)
            b3_2 = fma(v_b1, v_a1, b3_2)
            b3_3 = fma(v_b1, v_b1, b3_3)
            b4_0 = fma(v_nu, v_mu, b4_0)
            b4_1 = fma(v_nu, v_w, b4_1)
            b4_2 = fma(v_nu, v_a1, b4_2)
            b4_3 = fma(v_nu, v_b1, b4_3)
            b4_4 = fma(v_nu, v_nu, b4_4)
            b5_0 = fma(v_lam, v_mu, b5_0)
            b5_1 = fma(v_lam, v_w, b5_1)
            b5_2 = fma(v_lam, v_a1, b5_2)
            b5_3 = fma(v_lam, v_b1, b5_3)
            b5_4 = fma(v_lam, v_nu, b5_4)
            b5_5 = fma(v_lam, v_lam, b5_5)
            x1 = e * e
            xm1 = m2a1 * e
            s1 = s
            d_mu1 = d_mu
            d_w1 = d_w
            d_a11 = d_a1
            d_b11 = d_b1
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), b0_0))
        store(sums, 1, where(ended, load(sums, 1), b1_0))
        store(sums, 2, where(ended, load(sums, 2), b1_1))
        store(sums, 3, where(ended, load(sums, 3), b2_0))
        store(sums, 4, where(ended, load(sums, 4), b2_1))
        store(sums, 5, where(ended, load(sums, 5), b2_2))
        store(sums, 6, where(ended, load(sums, 6), b3_0))
        store(sums, 7, where(ended, load(sums, 7), b3_1))
        store(sums, 8, where(ended, load(sums, 8), b3_2))
        store(sums, 9, where(ended, load(sums, 9), b3_3))
        store(sums, 10, where(ended, load(sums, 10), b4_0))
        store(sums, 11, where(ended, load(sums, 11), b4_1))
        store(sums, 12, where(ended, load(sums, 12), b4_2))
        store(sums, 13, where(ended, load(sums, 13), b4_3))
        store(sums, 14, where(ended, load(sums, 14), b4_4))
        store(sums, 15, where(ended, load(sums, 15), b5_0))
        store(sums, 16, where(ended, load(sums, 16), b5_1))
        store(sums, 17, where(ended, load(sums, 17), b5_2))
        store(sums, 18, where(ended, load(sums, 18), b5_3))
        store(sums, 19, where(ended, load(sums, 19), b5_4))
        store(sums, 20, where(ended, load(sums, 20), b5_5))
        t = stop
        stop = next_stop(n_obs, stop)


def garch_11_ged_outer(returns, n_obs, theta, constants, sums):
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
    shape8 = load(constants, 8)
    shape9 = load(constants, 9)
    x1 = presample
    xm1 = a1 * presample_slope
    s1 = presample
    d_mu1 = presample_slope
    d_w1 = zero
    d_a11 = zero
    d_b11 = zero
    b0_0 = zero
    b1_0 = zero
    b1_1 = zero
    b2_0 = zero
    b2_1 = zero
    b2_2 = zero
    b3_0 = zero
    b3_1 = zero
    b3_2 = zero
    b3_3 = zero
    b4_0 = zero
    b4_1 = zero
    b4_2 = zero
    b4_3 = zero
    b4_4 = zero
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
            v_nu = fma(psi_z, fma(splat(-0.25), log_z2, shape9), shape8)
            c = fma(half * factor, psi_z, zero - half)
            cd = c * u
            v_mu = fma(factor, psi_sigma, cd * d_mu)
            v_w = cd * d_w
            v_a1 = cd * d_a1
            v_b1 = cd * d_b1
            b0_0 = fma(v_mu, v_mu, b0_0)
            b1_0 = fma(v_w, v_mu, b1_0)
            b1_1 = fma(v_w, v_w, b1_1)
            b2_0 = fma(v_a1, v_mu, b2_0)
            b2_1 = fma(v_a1, v_w, b2_1)
            b2_2 = fma(v_a1, v_a1, b2_2)
            b3_0 = fma(v_b1, v_mu, b3_0)
            b3_1 = fma(v_b1, v_w, b3_1)
            b3_2 = fma(v_b1, v_a1, b3_2)
            b3_3 = fma(v_b1, v_b1, b3_3)
            b4_0 = fma(v_nu, v_mu, b4_0)
            b4_1 = fma(v_nu, v_w, b4_1)
            b4_2 = fma(v_nu, v_a1, b4_2)
            b4_3 = fma(v_nu, v_b1, b4_3)
            b4_4 = fma(v_nu, v_nu, b4_4)
            x1 = e * e
            xm1 = m2a1 * e
            s1 = s
            d_mu1 = d_mu
            d_w1 = d_w
            d_a11 = d_a1
            d_b11 = d_b1
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), b0_0))
        store(sums, 1, where(ended, load(sums, 1), b1_0))
        store(sums, 2, where(ended, load(sums, 2), b1_1))
        store(sums, 3, where(ended, load(sums, 3), b2_0))
        store(sums, 4, where(ended, load(sums, 4), b2_1))
        store(sums, 5, where(ended, load(sums, 5), b2_2))
        store(sums, 6, where(ended, load(sums, 6), b3_0))
        store(sums, 7, where(ended, load(sums, 7), b3_1))
        store(sums, 8, where(ended, load(sums, 8), b3_2))
        store(sums, 9, where(ended, load(sums, 9), b3_3))
        store(sums, 10, where(ended, load(sums, 10), b4_0))
        store(sums, 11, where(ended, load(sums, 11), b4_1))
        store(sums, 12, where(ended, load(sums, 12), b4_2))
        store(sums, 13, where(ended, load(sums, 13), b4_3))
        store(sums, 14, where(ended, load(sums, 14), b4_4))
        t = stop
        stop = next_stop(n_obs, stop)


def garch_12_normal_outer(returns, n_obs, theta, constants, sums):
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
    b0_0 = zero
    b1_0 = zero
    b1_1 = zero
    b2_0 = zero
    b2_1 = zero
    b2_2 = zero
    b3_0 = zero
    b3_1 = zero
    b3_2 = zero
    b3_3 = zero
    b4_0 = zero
    b4_1 = zero
    b4_2 = zero
    b4_3 = zero
    b4_4 = zero
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
            c = fma(half * factor, psi_z, zero - half)
            cd = c * u
            v_mu = fma(factor, psi_sigma, cd * d_mu)
            v_w = cd * d_w
            v_a1 = cd * d_a1
            v_b1 = cd * d_b1
            v_b2 = cd * d_b2
            b0_0 = fma(v_mu, v_mu, b0_0)
            b1_0 = fma(v_w, v_mu, b1_0)
            b1_1 = fma(v_w, v_w, b1_1)
            b2_0 = fma(v_a1, v_mu, b2_0)
            b2_1 = fma(v_a1, v_w, b2_1)
            b2_2 = fma(v_a1, v_a1, b2_2)
            b3_0 = fma(v_b1, v_mu, b3_0)
            b3_1 = fma(v_b1, v_w, b3_1)
            b3_2 = fma(v_b1, v_a1, b3_2)
            b3_3 = fma(v_b1, v_b1, b3_3)
            b4_0 = fma(v_b2, v_mu, b4_0)
            b4_1 = fma(v_b2, v_w, b4_1)
            b4_2 = fma(v_b2, v_a1, b4_2)
            b4_3 = fma(v_b2, v_b1, b4_3)
            b4_4 = fma(v_b2, v_b2, b4_4)
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
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), b0_0))
        store(sums, 1, where(ended, load(sums, 1), b1_0))
        store(sums, 2, where(ended, load(sums, 2), b1_1))
        store(sums, 3, where(ended, load(sums, 3), b2_0))
        store(sums, 4, where(ended, load(sums, 4), b2_1))
        store(sums, 5, where(ended, load(sums, 5), b2_2))
        store(sums, 6, where(ended, load(sums, 6), b3_0))
        store(sums, 7, where(ended, load(sums, 7), b3_1))
        store(sums, 8, where(ended, load(sums, 8), b3_2))
        store(sums, 9, where(ended, load(sums, 9), b3_3))
        store(sums, 10, where(ended, load(sums, 10), b4_0))
        store(sums, 11, where(ended, load(sums, 11), b4_1))
        store(sums, 12, where(ended, load(sums, 12), b4_2))
        store(sums, 13, where(ended, load(sums, 13), b4_3))
        store(sums, 14, where(ended, load(sums, 14), b4_4))
        t = stop
        stop = next_stop(n_obs, stop)


def garch_12_t_outer(returns, n_obs, theta, constants, sums):
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
    shape8 = load(constants, 8)
    shape9 = load(constants, 9)
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
    b0_0 = zero
    b1_0 = zero
    b1_1 = zero
    b2_0 = zero
    b2_1 = zero
    b2_2 = zero
    b3_0 = zero
    b3_1 = zero
    b3_2 = zero
    b3_3 = zero
    b4_0 = zero
    b4_1 = zero
    b4_2 = zero
    b4_3 = zero
    b4_4 = zero
    b5_0 = zero
    b5_1 = zero
    b5_2 = zero
    b5_3 = zero
    b5_4 = zero
    b5_5 = zero
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
            one_q = big * u
            v_nu = fma(splat(-0.5), logarithm(one_q), fma(shape9 * k2, psi_z, shape8))
            c = fma(half * factor, psi_z, zero - half)
            cd = c * u
            v_mu = fma(factor, psi_sigma, cd * d_mu)
            v_w = cd * d_w
            v_a1 = cd * d_a1
            v_b1 = cd * d_b1
            v_b2 = cd * d_b2
            b0_0 = fma(v_mu, v_mu, b0_0)
            b1_0 = fma(v_w, v_mu, b1_0)
            b1_1 = fma(v_w, v_w, b1_1)
            b2_0 = fma(v_a1, v_mu, b2_0)
            b2_1 = fma(v_a1, v_w, b2_1)
            b2_2 = fma(v_a1, v_a1, b2_2)
            b3_0 = fma(v_b1, v_mu, b3_0)
            b3_1 = fma(v_b1, v_w, b3_1)
            b3_2 = fma(v_b1, v_a1, b3_2)
            b3_3 = fma(v_b1, v_b1, b3_3)
            b4_0 = fma(v_b2, v_mu, b4_0)
            b4_1 = fma(v_b2, v_w, b4_1)
            b4_2 = fma(v_b2, v_a1, b4_2)
            b4_3 = fma(v_b2, v_b1, b4_3)
            b4_4 = fma(v_b2, v_b2, b4_4)
            b5_0 = fma(v_nu, v_mu, b5_0)
            b5_1 = fma(v_nu, v_w, b5_1)
            b5_2 = fma(v_nu, v_a1, b5_2)
            b5_3 = fma(v_nu, v_b1, b5_3)
            b5_4 = fma(v_nu, v_b2, b5_4)
            b5_5 = fma(v_nu, v_nu, b5_5)
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
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), b0_0))
        store(sums, 1, where(ended, load(sums, 1), b1_0))
        store(sums, 2, where(ended, load(sums, 2), b1_1))
        store(sums, 3, where(ended, load(sums, 3), b2_0))
        store(sums, 4, where(ended, load(sums, 4), b2_1))
        store(sums, 5, where(ended, load(sums, 5), b2_2))
        store(sums, 6, where(ended, load(sums, 6), b3_0))
        store(sums, 7, where(ended, load(sums, 7), b3_1))
        store(sums, 8, where(ended, load(sums, 8), b3_2))
        store(sums, 9, where(ended, load(sums, 9), b3_3))
        store(sums, 10, where(ended, load(sums, 10), b4_0))
        store(sums, 11, where(ended, load(sums, 11), b4_1))
        store(sums, 12, where(ended, load(sums, 12), b4_2))
        store(sums, 13, where(ended, load(sums, 13), b4_3))
        store(sums, 14, where(ended, load(sums, 14), b4_4))
        store(sums, 15, where(ended, load(sums, 15), b5_0))
        store(sums, 16, where(ended, load(sums, 16), b5_1))
        store(sums, 17, where(ended, load(sums, 17), b5_2))
        store(sums, 18, where(ended, load(sums, 18), b5_3))
        store(sums, 19, where(ended, load(sums, 19), b5_4))
        store(sums, 20, where(ended, load(sums, 20), b5_5))
        t = stop
        stop = next_stop(n_obs, stop)


def garch_12_skewt_outer(returns, n_obs, theta, constants, sums):
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
    shape8 = load(constants, 8)
    shape9 = load(constants, 9)
    shape10 = load(constants, 10)
    shape11 = load(constants, 11)
    shape12 = load(constants, 12)
    shape13 = load(constants, 13)
    shape14 = load(constants, 14)
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
    b0_0 = zero
    b1_0 = zero
    b1_1 = zero
    b2_0 = zero
    b2_1 = zero
    b2_2 = zero
    b3_0 = zero
    b3_1 = zero
    b3_2 = zero
    b3_3 = zero
    b4_0 = zero
    b4_1 = zero
    b4_2 = zero
    b4_3 = zero
    b4_4 = zero
    b5_0 = zero
    b5_1 = zero
    b5_2 = zero
    b5_3 = zero
    b5_4 = zero
    b5_5 = zero
    b6_0 = zero
    b6_1 = zero
    b6_2 = zero
    b6_3 = zero
    b6_4 = zero
    b6_5 = zero
    b6_6 = zero
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
            one_q = big * u
            v_nu = fma(splat(-0.5), logarithm(one_q), fma(shape9, psi_z, shape8))
            v_nu = fma(shape10, k, v_nu)
            kys = where(less(yb, zero), zero - ky, ky)
            v_lam = fma(shape14, kys, fma(shape13, k, fma(shape12, psi_z, shape11)))
            c = fma(half * factor, psi_z, zero - half)
            cd = c * u
            v_mu = fma(factor, psi_sigma, cd * d_mu)
            v_w = cd * d_w
            v_a1 = cd * d_a1
            v_b1 = cd * d_b1
            v_b2 = cd * d_b2
            b0_0 = fma(v_mu, v_mu, b0_0)
            b1_0 = fma(v_w, v_mu, b1_0)
            b1_1 = fma(v_w, v_w, b1_1)
            b2_0 = fma(v_a1, v_mu, b2_0)
            b2_1 = fma(v_a1, v_w, b2_1)
            b2_2 = fma(v_a1, v_a1, b2_2)
            b3_0 = fma(v_b1, v_mu, b3_0)
            b3_1 = fma(v_b1, v_w, b3_1)
            b3_2 = fma(v_b1, v_a1, b3_2)
            b3_3 = fma(v_b1, v_b1, b3_3)
            b4_0 = fma(v_b2, v_mu, b4_0)
            b4_1 = fma(v_b2, v_w, b4_1)
            b4_2 = fma(v_b2, v_a1, b4_2)
            b4_3 = fma(v_b2, v_b1, b4_3)
            b4_4 = fma(v_b2, v_b2, b4_4)
            b5_0 = fma(v_nu, v_mu, b5_0)
            b5_1 = fma(v_nu, v_w, b5_1)
            b5_2 = fma(v_nu, v_a1, b5_2)
            b5_3 = fma(v_nu, v_b1, b5_3)
            b5_4 = fma(v_nu, v_b2, b5_4)
            b5_5 = fma(v_nu, v_nu, b5_5)
            b6_0 = fma(v_lam, v_mu, b6_0)
            b6_1 = fma(v_lam, v_w, b6_1)
            b6_2 = fma(v_lam, v_a1, b6_2)
            b6_3 = fma(v_lam, v_b1, b6_3)
            b6_4 = fma(v_lam, v_b2, b6_4)
            b6_5 = fma(v_lam, v_nu, b6_5)
            b6_6 = fma(v_lam, v_lam, b6_6)
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
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), b0_0))
        store(sums, 1, where(ended, load(sums, 1), b1_0))
        store(sums, 2, where(ended, load(sums, 2), b1_1))
        store(sums, 3, where(ended, load(sums, 3), b2_0))
        store(sums, 4, where(ended, load(sums, 4), b2_1))
        store(sums, 5, where(ended, load(sums, 5), b2_2))
        store(sums, 6, where(ended, load(sums, 6), b3_0))
        store(sums, 7, where(ended, load(sums, 7), b3_1))
        store(sums, 8, where(ended, load(sums, 8), b3_2))
        store(sums, 9, where(ended, load(sums, 9), b3_3))
        store(sums, 10, where(ended, load(sums, 10), b4_0))
        store(sums, 11, where(ended, load(sums, 11), b4_1))
        store(sums, 12, where(ended, load(sums, 12), b4_2))
        store(sums, 13, where(ended, load(sums, 13), b4_3))
        store(sums, 14, where(ended, load(sums, 14), b4_4))
        store(sums, 15, where(ended, load(sums, 15), b5_0))
        store(sums, 16, where(ended, load(sums, 16), b5_1))
        store(sums, 17, where(ended, load(sums, 17), b5_2))
        store(sums, 18, where(ended, load(sums, 18), b5_3))
        store(sums, 19, where(ended, load(sums, 19), b5_4))
        store(sums, 20, where(ended, load(sums, 20), b5_5))
        store(sums, 21, where(ended, load(sums, 21), b6_0))
        store(sums, 22, where(ended, load(sums, 22), b6_1))
        store(sums, 23, where(ended, load(sums, 23), b6_2))
        store(sums, 24, where(ended, load(sums, 24), b6_3))
        store(sums, 25, where(ended, load(sums, 25), b6_4))
        store(sums, 26, where(ended, load(sums, 26), b6_5))
        store(sums, 27, where(ended, load(sums, 27), b6_6))
        t = stop
        stop = next_stop(n_obs, stop)


def garch_12_ged_outer(returns, n_obs, theta, constants, sums):
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
    shape8 = load(constants, 8)
    shape9 = load(constants, 9)
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
    b0_0 = zero
    b1_0 = zero
    b1_1 = zero
    b2_0 = zero
    b2_1 = zero
    b2_2 = zero
    b3_0 = zero
    b3_1 = zero
    b3_2 = zero
    b3_3 = zero
    b4_0 = zero
    b4_1 = zero
    b4_2 = zero
    b4_3 = zero
    b4_4 = zero
    b5_0 = zero
    b5_1 = zero
    b5_2 = zero
    b5_3 = zero
    b5_4 = zero
    b5_5 = zero
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
            v_nu = fma(psi_z, fma(splat(-0.25), log_z2, shape9), shape8)
            c = fma(half * factor, psi_z, zero - half)
            cd = c * u
            v_mu = fma(factor, psi_sigma, cd * d_mu)
            v_w = cd * d_w
            v_a1 = cd * d_a1
            v_b1 = cd * d_b1
            v_b2 = cd * d_b2
            b0_0 = fma(v_mu, v_mu, b0_0)
            b1_0 = fma(v_w, v_mu, b1_0)
            b1_1 = fma(v_w, v_w, b1_1)
            b2_0 = fma(v_a1, v_mu, b2_0)
            b2_1 = fma(v_a1, v_w, b2_1)
            b2_2 = fma(v_a1, v_a1, b2_2)
            b3_0 = fma(v_b1, v_mu, b3_0)
            b3_1 = fma(v_b1, v_w, b3_1)
            b3_2 = fma(v_b1, v_a1, b3_2)
            b3_3 = fma(v_b1, v_b1, b3_3)
            b4_0 = fma(v_b2, v_mu, b4_0)
            b4_1 = fma(v_b2, v_w, b4_1)
            b4_2 = fma(v_b2, v_a1, b4_2)
            b4_3 = fma(v_b2, v_b1, b4_3)
            b4_4 = fma(v_b2, v_b2, b4_4)
            b5_0 = fma(v_nu, v_mu, b5_0)
            b5_1 = fma(v_nu, v_w, b5_1)
            b5_2 = fma(v_nu, v_a1, b5_2)
            b5_3 = fma(v_nu, v_b1, b5_3)
            b5_4 = fma(v_nu, v_b2, b5_4)
            b5_5 = fma(v_nu, v_nu, b5_5)
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
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), b0_0))
        store(sums, 1, where(ended, load(sums, 1), b1_0))
        store(sums, 2, where(ended, load(sums, 2), b1_1))
        store(sums, 3, where(ended, load(sums, 3), b2_0))
        store(sums, 4, where(ended, load(sums, 4), b2_1))
        store(sums, 5, where(ended, load(sums, 5), b2_2))
        store(sums, 6, where(ended, load(sums, 6), b3_0))
        store(sums, 7, where(ended, load(sums, 7), b3_1))
        store(sums, 8, where(ended, load(sums, 8), b3_2))
        store(sums, 9, where(ended, load(sums, 9), b3_3))
        store(sums, 10, where(ended, load(sums, 10), b4_0))
        store(sums, 11, where(ended, load(sums, 11), b4_1))
        store(sums, 12, where(ended, load(sums, 12), b4_2))
        store(sums, 13, where(ended, load(sums, 13), b4_3))
        store(sums, 14, where(ended, load(sums, 14), b4_4))
        store(sums, 15, where(ended, load(sums, 15), b5_0))
        store(sums, 16, where(ended, load(sums, 16), b5_1))
        store(sums, 17, where(ended, load(sums, 17), b5_2))
        store(sums, 18, where(ended, load(sums, 18), b5_3))
        store(sums, 19, where(ended, load(sums, 19), b5_4))
        store(sums, 20, where(ended, load(sums, 20), b5_5))
        t = stop
        stop = next_stop(n_obs, stop)


def garch_20_normal_outer(returns, n_obs, theta, constants, sums):
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
    b0_0 = zero
    b1_0 = zero
    b1_1 = zero
    b2_0 = zero
    b2_1 = zero
    b2_2 = zero
    b3_0 = zero
    b3_1 = zero
    b3_2 = zero
    b3_3 = zero
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
            c = fma(half * factor, psi_z, zero - half)
            cd = c * u
            v_mu = fma(factor, psi_sigma, cd * d_mu)
            v_w = cd * d_w
            v_a1 = cd * d_a1
            v_a2 = cd * d_a2
            b0_0 = fma(v_mu, v_mu, b0_0)
            b1_0 = fma(v_w, v_mu, b1_0)
            b1_1 = fma(v_w, v_w, b1_1)
            b2_0 = fma(v_a1, v_mu, b2_0)
            b2_1 = fma(v_a1, v_w, b2_1)
            b2_2 = fma(v_a1, v_a1, b2_2)
            b3_0 = fma(v_a2, v_mu, b3_0)
            b3_1 = fma(v_a2, v_w, b3_1)
            b3_2 = fma(v_a2, v_a1, b3_2)
            b3_3 = fma(v_a2, v_a2, b3_3)
            x2 = x1
            xm2 = next_xm2
            x1 = e * e
            xm1 = m2a1 * e
            next_xm2 = m2a2 * e
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), b0_0))
        store(sums, 1, where(ended, load(sums, 1), b1_0))
        store(sums, 2, where(ended, load(sums, 2), b1_1))
        store(sums, 3, where(ended, load(sums, 3), b2_0))
        store(sums, 4, where(ended, load(sums, 4), b2_1))
        store(sums, 5, where(ended, load(sums, 5), b2_2))
        store(sums, 6, where(ended, load(sums, 6), b3_0))
        store(sums, 7, where(ended, load(sums, 7), b3_1))
        store(sums, 8, where(ended, load(sums, 8), b3_2))
        store(sums, 9, where(ended, load(sums, 9), b3_3))
        t = stop
        stop = next_stop(n_obs, stop)


def garch_20_t_outer(returns, n_obs, theta, constants, sums):
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
    shape8 = load(constants, 8)
    shape9 = load(constants, 9)
    x1 = presample
    xm1 = a1 * presample_slope
    x2 = presample
    xm2 = a2 * presample_slope
    s1 = presample
    b0_0 = zero
    b1_0 = zero
    b1_1 = zero
    b2_0 = zero
    b2_1 = zero
    b2_2 = zero
    b3_0 = zero
    b3_1 = zero
    b3_2 = zero
    b3_3 = zero
    b4_0 = zero
    b4_1 = zero
    b4_2 = zero
    b4_3 = zero
    b4_4 = zero
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
            one_q = big * u
            v_nu = fma(splat(-0.5), logarithm(one_q), fma(shape9 * k2, psi_z, shape8))
            c = fma(half * factor, psi_z, zero - half)
            cd = c * u
            v_mu = fma(factor, psi_sigma, cd * d_mu)
            v_w = cd * d_w
            v_a1 = cd * d_a1
            v_a2 = cd * d_a2
            b0_0 = fma(v_mu, v_mu, b0_0)
            b1_0 = fma(v_w, v_mu, b1_0)
            b1_1 = fma(v_w, v_w, b1_1)
            b2_0 = fma(v_a1, v_mu, b2_0)
            b2_1 = fma(v_a1, v_w, b2_1)
            b2_2 = fma(v_a1, v_a1, b2_2)
            b3_0 = fma(v_a2, v_mu, b3_0)
            b3_1 = fma(v_a2, v_w, b3_1)
            b3_2 = fma(v_a2, v_a1, b3_2)
            b3_3 = fma(v_a2, v_a2, b3_3)
            b4_0 = fma(v_nu, v_mu, b4_0)
            b4_1 = fma(v_nu, v_w, b4_1)
            b4_2 = fma(v_nu, v_a1, b4_2)
            b4_3 = fma(v_nu, v_a2, b4_3)
            b4_4 = fma(v_nu, v_nu, b4_4)
            x2 = x1
            xm2 = next_xm2
            x1 = e * e
            xm1 = m2a1 * e
            next_xm2 = m2a2 * e
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), b0_0))
        store(sums, 1, where(ended, load(sums, 1), b1_0))
        store(sums, 2, where(ended, load(sums, 2), b1_1))
        store(sums, 3, where(ended, load(sums, 3), b2_0))
        store(sums, 4, where(ended, load(sums, 4), b2_1))
        store(sums, 5, where(ended, load(sums, 5), b2_2))
        store(sums, 6, where(ended, load(sums, 6), b3_0))
        store(sums, 7, where(ended, load(sums, 7), b3_1))
        store(sums, 8, where(ended, load(sums, 8), b3_2))
        store(sums, 9, where(ended, load(sums, 9), b3_3))
        store(sums, 10, where(ended, load(sums, 10), b4_0))
        store(sums, 11, where(ended, load(sums, 11), b4_1))
        store(sums, 12, where(ended, load(sums, 12), b4_2))
        store(sums, 13, where(ended, load(sums, 13), b4_3))
        store(sums, 14, where(ended, load(sums, 14), b4_4))
        t = stop
        stop = next_stop(n_obs, stop)


def garch_20_skewt_outer(returns, n_obs, theta, constants, sums):
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
    shape8 = load(constants, 8)
    shape9 = load(constants, 9)
    shape10 = load(constants, 10)
    shape11 = load(constants, 11)
    shape12 = load(constants, 12)
    shape13 = load(constants, 13)
    shape14 = load(constants, 14)
    x1 = presample
    xm1 = a1 * presample_slope
    x2 = presample
    xm2 = a2 * presample_slope
    s1 = presample
    b0_0 = zero
    b1_0 = zero
    b1_1 = zero
    b2_0 = zero
    b2_1 = zero
    b2_2 = zero
    b3_0 = zero
    b3_1 = zero
    b3_2 = zero
    b3_3 = zero
    b4_0 = zero
    b4_1 = zero
    b4_2 = zero
    b4_3 = zero
    b4_4 = zero
    b5_0 = zero
    b5_1 = zero
    b5_2 = zero
    b5_3 = zero
    b5_4 = zero
    b5_5 = zero
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
            one_q = big * u
            v_nu = fma(splat(-0.5), logarithm(one_q), fma(shape9, psi_z, shape8))
            v_nu = fma(shape10, k, v_nu)
            kys = where(less(yb, zero), zero - ky, ky)
            v_lam = fma(shape14, kys, fma(shape13, k, fma(shape12, psi_z, shape11)))
            c = fma(half * factor, psi_z, zero - half)
            cd = c * u
            v_mu = fma(factor, psi_sigma, cd * d_mu)
            v_w = cd * d_w
            v_a1 = cd * d_a1
            v_a2 = cd * d_a2
            b0_0 = fma(v_mu, v_mu, b0_0)
            b1_0 = fma(v_w, v_mu, b1_0)
            b1_1 = fma(v_w, v_w, b1_1)
            b2_0 = fma(v_a1, v_mu, b2_0)
            b2_1 = fma(v_a1, v_w, b2_1)
            b2_2 = fma(v_a1, v_a1, b2_2)
            b3_0 = fma(v_a2, v_mu, b3_0)
            b3_1 = fma(v_a2, v_w, b3_1)
            b3_2 = fma(v_a2, v_a1, b3_2)
            b3_3 = fma(v_a2, v_a2, b3_3)
            b4_0 = fma(v_nu, v_mu, b4_0)
            b4_1 = fma(v_nu, v_w, b4_1)
            b4_2 = fma(v_nu, v_a1, b4_2)
            b4_3 = fma(v_nu, v_a2, b4_3)
            b4_4 = fma(v_nu, v_nu, b4_4)
            b5_0 = fma(v_lam, v_mu, b5_0)
            b5_1 = fma(v_lam, v_w, b5_1)
            b5_2 = fma(v_lam, v_a1, b5_2)
            b5_3 = fma(v_lam, v_a2, b5_3)
            b5_4 = fma(v_lam, v_nu, b5_4)
            b5_5 = fma(v_lam, v_lam, b5_5)
            x2 = x1
            xm2 = next_xm2
            x1 = e * e
            xm1 = m2a1 * e
            next_xm2 = m2a2 * e
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), b0_0))
        store(sums, 1, where(ended, load(sums, 1), b1_0))
        store(sums, 2, where(ended, load(sums, 2), b1_1))
        store(sums, 3, where(ended, load(sums, 3), b2_0))
        store(sums, 4, where(ended, load(sums, 4), b2_1))
        store(sums, 5, where(ended, load(sums, 5), b2_2))
        store(sums, 6, where(ended, load(sums, 6), b3_0))
        store(sums, 7, where(ended, load(sums, 7), b3_1))
        store(sums, 8, where(ended, load(sums, 8), b3_2))
        store(sums, 9, where(ended, load(sums, 9), b3_3))
        store(sums, 10, where(ended, load(sums, 10), b4_0))
        store(sums, 11, where(ended, load(sums, 11), b4_1))
        store(sums, 12, where(ended, load(sums, 12), b4_2))
        store(sums, 13, where(ended, load(sums, 13), b4_3))
        store(sums, 14, where(ended, load(sums, 14), b4_4))
        store(sums, 15, where(ended, load(sums, 15), b5_0))
        store(sums, 16, where(ended, load(sums, 16), b5_1))
        store(sums, 17, where(ended, load(sums, 17), b5_2))
        store(sums, 18, where(ended, load(sums, 18), b5_3))
        store(sums, 19, where(ended, load(sums, 19), b5_4))
        store(sums, 20, where(ended, load(sums, 20), b5_5))
        t = stop
        stop = next_stop(n_obs, stop)


def garch_20_ged_outer(returns, n_obs, theta, constants, sums):
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
    shape8 = load(constants, 8)
    shape9 = load(constants, 9)
    x1 = presample
    xm1 = a1 * presample_slope
    x2 = presample
    xm2 = a2 * presample_slope
    s1 = presample
    b0_0 = zero
    b1_0 = zero
    b1_1 = zero
    b2_0 = zero
    b2_1 = zero
    b2_2 = zero
    b3_0 = zero
    b3_1 = zero
    b3_2 = zero
    b3_3 = zero
    b4_0 = zero
    b4_1 = zero
    b4_2 = zero
    b4_3 = zero
    b4_4 = zero
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
            v_nu = fma(psi_z, fma(splat(-0.25), log_z2, shape9), shape8)
            c = fma(half * factor, psi_z, zero - half)
            cd = c * u
            v_mu = fma(factor, psi_sigma, cd * d_mu)
            v_w = cd * d_w
            v_a1 = cd * d_a1
            v_a2 = cd * d_a2
            b0_0 = fma(v_mu, v_mu, b0_0)
            b1_0 = fma(v_w, v_mu, b1_0)
            b1_1 = fma(v_w, v_w, b1_1)
            b2_0 = fma(v_a1, v_mu, b2_0)
            b2_1 = fma(v_a1, v_w, b2_1)
            b2_2 = fma(v_a1, v_a1, b2_2)
            b3_0 = fma(v_a2, v_mu, b3_0)
            b3_1 = fma(v_a2, v_w, b3_1)
            b3_2 = fma(v_a2, v_a1, b3_2)
            b3_3 = fma(v_a2, v_a2, b3_3)
            b4_0 = fma(v_nu, v_mu, b4_0)
            b4_1 = fma(v_nu, v_w, b4_1)
            b4_2 = fma(v_nu, v_a1, b4_2)
            b4_3 = fma(v_nu, v_a2, b4_3)
            b4_4 = fma(v_nu, v_nu, b4_4)
            x2 = x1
            xm2 = next_xm2
            x1 = e * e
            xm1 = m2a1 * e
            next_xm2 = m2a2 * e
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), b0_0))
        store(sums, 1, where(ended, load(sums, 1), b1_0))
        store(sums, 2, where(ended, load(sums, 2), b1_1))
        store(sums, 3, where(ended, load(sums, 3), b2_0))
        store(sums, 4, where(ended, load(sums, 4), b2_1))
        store(sums, 5, where(ended, load(sums, 5), b2_2))
        store(sums, 6, where(ended, load(sums, 6), b3_0))
        store(sums, 7, where(ended, load(sums, 7), b3_1))
        store(sums, 8, where(ended, load(sums, 8), b3_2))
        store(sums, 9, where(ended, load(sums, 9), b3_3))
        store(sums, 10, where(ended, load(sums, 10), b4_0))
        store(sums, 11, where(ended, load(sums, 11), b4_1))
        store(sums, 12, where(ended, load(sums, 12), b4_2))
        store(sums, 13, where(ended, load(sums, 13), b4_3))
        store(sums, 14, where(ended, load(sums, 14), b4_4))
        t = stop
        stop = next_stop(n_obs, stop)


def garch_21_normal_outer(returns, n_obs, theta, constants, sums):
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
    b0_0 = zero
    b1_0 = zero
    b1_1 = zero
    b2_0 = zero
    b2_1 = zero
    b2_2 = zero
    b3_0 = zero
    b3_1 = zero
    b3_2 = zero
    b3_3 = zero
    b4_0 = zero
    b4_1 = zero
    b4_2 = zero
    b4_3 = zero
    b4_4 = zero
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
            c = fma(half * factor, psi_z, zero - half)
            cd = c * u
            v_mu = fma(factor, psi_sigma, cd * d_mu)
            v_w = cd * d_w
            v_a1 = cd * d_a1
            v_a2 = cd * d_a2
            v_b1 = cd * d_b1
            b0_0 = fma(v_mu, v_mu, b0_0)
            b1_0 = fma(v_w, v_mu, b1_0)
            b1_1 = fma(v_w, v_w, b1_1)
            b2_0 = fma(v_a1, v_mu, b2_0)
            b2_1 = fma(v_a1, v_w, b2_1)
            b2_2 = fma(v_a1, v_a1, b2_2)
            b3_0 = fma(v_a2, v_mu, b3_0)
            b3_1 = fma(v_a2, v_w, b3_1)
            b3_2 = fma(v_a2, v_a1, b3_2)
            b3_3 = fma(v_a2, v_a2, b3_3)
            b4_0 = fma(v_b1, v_mu, b4_0)
            b4_1 = fma(v_b1, v_w, b4_1)
            b4_2 = fma(v_b1, v_a1, b4_2)
            b4_3 = fma(v_b1, v_a2, b4_3)
            b4_4 = fma(v_b1, v_b1, b4_4)
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
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), b0_0))
        store(sums, 1, where(ended, load(sums, 1), b1_0))
        store(sums, 2, where(ended, load(sums, 2), b1_1))
        store(sums, 3, where(ended, load(sums, 3), b2_0))
        store(sums, 4, where(ended, load(sums, 4), b2_1))
        store(sums, 5, where(ended, load(sums, 5), b2_2))
        store(sums, 6, where(ended, load(sums, 6), b3_0))
        store(sums, 7, where(ended, load(sums, 7), b3_1))
        store(sums, 8, where(ended, load(sums, 8), b3_2))
        store(sums, 9, where(ended, load(sums, 9), b3_3))
        store(sums, 10, where(ended, load(sums, 10), b4_0))
        store(sums, 11, where(ended, load(sums, 11), b4_1))
        store(sums, 12, where(ended, load(sums, 12), b4_2))
        store(sums, 13, where(ended, load(sums, 13), b4_3))
        store(sums, 14, where(ended, load(sums, 14), b4_4))
        t = stop
        stop = next_stop(n_obs, stop)


def garch_21_t_outer(returns, n_obs, theta, constants, sums):
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
    shape8 = load(constants, 8)
    shape9 = load(constants, 9)
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
    b0_0 = zero
    b1_0 = zero
    b1_1 = zero
    b2_0 = zero
    b2_1 = zero
    b2_2 = zero
    b3_0 = zero
    b3_1 = zero
    b3_2 = zero
    b3_3 = zero
    b4_0 = zero
    b4_1 = zero
    b4_2 = zero
    b4_3 = zero
    b4_4 = zero
    b5_0 = zero
    b5_1 = zero
    b5_2 = zero
    b5_3 = zero
    b5_4 = zero
    b5_5 = zero
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
            one_q = big * u
            v_nu = fma(splat(-0.5), logarithm(one_q), fma(shape9 * k2, psi_z, shape8))
            c = fma(half * factor, psi_z, zero - half)
            cd = c * u
            v_mu = fma(factor, psi_sigma, cd * d_mu)
            v_w = cd * d_w
            v_a1 = cd * d_a1
            v_a2 = cd * d_a2
            v_b1 = cd * d_b1
            b0_0 = fma(v_mu, v_mu, b0_0)
            b1_0 = fma(v_w, v_mu, b1_0)
            b1_1 = fma(v_w, v_w, b1_1)
            b2_0 = fma(v_a1, v_mu, b2_0)
            b2_1 = fma(v_a1, v_w, b2_1)
            b2_2 = fma(v_a1, v_a1, b2_2)
            b3_0 = fma(v_a2, v_mu, b3_0)
            b3_1 = fma(v_a2, v_w, b3_1)
            b3_2 = fma(v_a2, v_a1, b3_2)
            b3_3 = fma(v_a2, v_a2, b3_3)
            b4_0 = fma(v_b1, v_mu, b4_0)
            b4_1 = fma(v_b1, v_w, b4_1)
            b4_2 = fma(v_b1, v_a1, b4_2)
            b4_3 = fma(v_b1, v_a2, b4_3)
            b4_4 = fma(v_b1, v_b1, b4_4)
            b5_0 = fma(v_nu, v_mu, b5_0)
            b5_1 = fma(v_nu, v_w, b5_1)
            b5_2 = fma(v_nu, v_a1, b5_2)
            b5_3 = fma(v_nu, v_a2, b5_3)
            b5_4 = fma(v_nu, v_b1, b5_4)
            b5_5 = fma(v_nu, v_nu, b5_5)
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
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), b0_0))
        store(sums, 1, where(ended, load(sums, 1), b1_0))
        store(sums, 2, where(ended, load(sums, 2), b1_1))
        store(sums, 3, where(ended, load(sums, 3), b2_0))
        store(sums, 4, where(ended, load(sums, 4), b2_1))
        store(sums, 5, where(ended, load(sums, 5), b2_2))
        store(sums, 6, where(ended, load(sums, 6), b3_0))
        store(sums, 7, where(ended, load(sums, 7), b3_1))
        store(sums, 8, where(ended, load(sums, 8), b3_2))
        store(sums, 9, where(ended, load(sums, 9), b3_3))
        store(sums, 10, where(ended, load(sums, 10), b4_0))
        store(sums, 11, where(ended, load(sums, 11), b4_1))
        store(sums, 12, where(ended, load(sums, 12), b4_2))
        store(sums, 13, where(ended, load(sums, 13), b4_3))
        store(sums, 14, where(ended, load(sums, 14), b4_4))
        store(sums, 15, where(ended, load(sums, 15), b5_0))
        store(sums, 16, where(ended, load(sums, 16), b5_1))
        store(sums, 17, where(ended, load(sums, 17), b5_2))
        store(sums, 18, where(ended, load(sums, 18), b5_3))
        store(sums, 19, where(ended, load(sums, 19), b5_4))
        store(sums, 20, where(ended, load(sums, 20), b5_5))
        t = stop
        stop = next_stop(n_obs, stop)


def garch_21_skewt_outer(returns, n_obs, theta, constants, sums):
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
    shape8 = load(constants, 8)
    shape9 = load(constants, 9)
    shape10 = load(constants, 10)
    shape11 = load(constants, 11)
    shape12 = load(constants, 12)
    shape13 = load(constants, 13)
    shape14 = load(constants, 14)
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
    b0_0 = zero
    b1_0 = zero
    b1_1 = zero
    b2_0 = zero
    b2_1 = zero
    b2_2 = zero
    b3_0 = zero
    b3_1 = zero
    b3_2 = zero
    b3_3 = zero
    b4_0 = zero
    b4_1 = zero
    b4_2 = zero
    b4_3 = zero
    b4_4 = zero
    b5_0 = zero
    b5_1 = zero
    b5_2 = zero
    b5_3 = zero
    b5_4 = zero
    b5_5 = zero
    b6_0 = zero
    b6_1 = zero
    b6_2 = zero
    b6_3 = zero
    b6_4 = zero
    b6_5 = zero
    b6_6 = zero
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
            one_q = big * u
            v_nu = fma(splat(-0.5), logarithm(one_q), fma(shape9, psi_z, shape8))
            v_nu = fma(shape10, k, v_nu)
            kys = where(less(yb, zero), zero - ky, ky)
            v_lam = fma(shape14, kys, fma(shape13, k, fma(shape12, psi_z, shape11)))
            c = fma(half * factor, psi_z, zero - half)
            cd = c * u
            v_mu = fma(factor, psi_sigma, cd * d_mu)
            v_w = cd * d_w
            v_a1 = cd * d_a1
            v_a2 = cd * d_a2
            v_b1 = cd * d_b1
            b0_0 = fma(v_mu, v_mu, b0_0)
            b1_0 = fma(v_w, v_mu, b1_0)
            b1_1 = fma(v_w, v_w, b1_1)
            b2_0 = fma(v_a1, v_mu, b2_0)
            b2_1 = fma(v_a1, v_w, b2_1)
            b2_2 = fma(v_a1, v_a1, b2_2)
            b3_0 = fma(v_a2, v_mu, b3_0)
            b3_1 = fma(v_a2, v_w, b3_1)
            b3_2 = fma(v_a2, v_a1, b3_2)
            b3_3 = fma(v_a2, v_a2, b3_3)
            b4_0 = fma(v_b1, v_mu, b4_0)
            b4_1 = fma(v_b1, v_w, b4_1)
            b4_2 = fma(v_b1, v_a1, b4_2)
            b4_3 = fma(v_b1, v_a2, b4_3)
            b4_4 = fma(v_b1, v_b1, b4_4)
            b5_0 = fma(v_nu, v_mu, b5_0)
            b5_1 = fma(v_nu, v_w, b5_1)
            b5_2 = fma(v_nu, v_a1, b5_2)
            b5_3 = fma(v_nu, v_a2, b5_3)
            b5_4 = fma(v_nu, v_b1, b5_4)
            b5_5 = fma(v_nu, v_nu, b5_5)
            b6_0 = fma(v_lam, v_mu, b6_0)
            b6_1 = fma(v_lam, v_w, b6_1)
            b6_2 = fma(v_lam, v_a1, b6_2)
            b6_3 = fma(v_lam, v_a2, b6_3)
            b6_4 = fma(v_lam, v_b1, b6_4)
            b6_5 = fma(v_lam, v_nu, b6_5)
            b6_6 = fma(v_lam, v_lam, b6_6)
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
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), b0_0))
        store(sums, 1, where(ended, load(sums, 1), b1_0))
        store(sums, 2, where(ended, load(sums, 2), b1_1))
        store(sums, 3, where(ended, load(sums, 3), b2_0))
        store(sums, 4, where(ended, load(sums, 4), b2_1))
        store(sums, 5, where(ended, load(sums, 5), b2_2))
        store(sums, 6, where(ended, load(sums, 6), b3_0))
        store(sums, 7, where(ended, load(sums, 7), b3_1))
        store(sums, 8, where(ended, load(sums, 8), b3_2))
        store(sums, 9, where(ended, load(sums, 9), b3_3))
        store(sums, 10, where(ended, load(sums, 10), b4_0))
        store(sums, 11, where(ended, load(sums, 11), b4_1))
        store(sums, 12, where(ended, load(sums, 12), b4_2))
        store(sums, 13, where(ended, load(sums, 13), b4_3))
        store(sums, 14, where(ended, load(sums, 14), b4_4))
        store(sums, 15, where(ended, load(sums, 15), b5_0))
        store(sums, 16, where(ended, load(sums, 16), b5_1))
        store(sums, 17, where(ended, load(sums, 17), b5_2))
        store(sums, 18, where(ended, load(sums, 18), b5_3))
        store(sums, 19, where(ended, load(sums, 19), b5_4))
        store(sums, 20, where(ended, load(sums, 20), b5_5))
        store(sums, 21, where(ended, load(sums, 21), b6_0))
        store(sums, 22, where(ended, load(sums, 22), b6_1))
        store(sums, 23, where(ended, load(sums, 23), b6_2))
        store(sums, 24, where(ended, load(sums, 24), b6_3))
        store(sums, 25, where(ended, load(sums, 25), b6_4))
        store(sums, 26, where(ended, load(sums, 26), b6_5))
        store(sums, 27, where(ended, load(sums, 27), b6_6))
        t = stop
        stop = next_stop(n_obs, stop)


def garch_21_ged_outer(returns, n_obs, theta, constants, sums):
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
    shape8 = load(constants, 8)
    shape9 = load(constants, 9)
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
    b0_0 = zero
    b1_0 = zero
    b1_1 = zero
    b2_0 = zero
    b2_1 = zero
    b2_2 = zero
    b3_0 = zero
    b3_1 = zero
    b3_2 = zero
    b3_3 = zero
    b4_0 = zero
    b4_1 = zero
    b4_2 = zero
    b4_3 = zero
    b4_4 = zero
    b5_0 = zero
    b5_1 = zero
    b5_2 = zero
    b5_3 = zero
    b5_4 = zero
    b5_5 = zero
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
            v_nu = fma(psi_z, fma(splat(-0.25), log_z2, shape9), shape8)
            c = fma(half * factor, psi_z, zero - half)
            cd = c * u
            v_mu = fma(factor, psi_sigma, cd * d_mu)
            v_w = cd * d_w
            v_a1 = cd * d_a1
            v_a2 = cd * d_a2
            v_b1 = cd * d_b1
            b0_0 = fma(v_mu, v_mu, b0_0)
            b1_0 = fma(v_w, v_mu, b1_0)
            b1_1 = fma(v_w, v_w, b1_1)
            b2_0 = fma(v_a1, v_mu, b2_0)
            b2_1 = fma(v_a1, v_w, b2_1)
            b2_2 = fma(v_a1, v_a1, b2_2)
            b3_0 = fma(v_a2, v_mu, b3_0)
            b3_1 = fma(v_a2, v_w, b3_1)
            b3_2 = fma(v_a2, v_a1, b3_2)
            b3_3 = fma(v_a2, v_a2, b3_3)
            b4_0 = fma(v_b1, v_mu, b4_0)
            b4_1 = fma(v_b1, v_w, b4_1)
            b4_2 = fma(v_b1, v_a1, b4_2)
            b4_3 = fma(v_b1, v_a2, b4_3)
            b4_4 = fma(v_b1, v_b1, b4_4)
            b5_0 = fma(v_nu, v_mu, b5_0)
            b5_1 = fma(v_nu, v_w, b5_1)
            b5_2 = fma(v_nu, v_a1, b5_2)
            b5_3 = fma(v_nu, v_a2, b5_3)
            b5_4 = fma(v_nu, v_b1, b5_4)
            b5_5 = fma(v_nu, v_nu, b5_5)
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
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), b0_0))
        store(sums, 1, where(ended, load(sums, 1), b1_0))
        store(sums, 2, where(ended, load(sums, 2), b1_1))
        store(sums, 3, where(ended, load(sums, 3), b2_0))
        store(sums, 4, where(ended, load(sums, 4), b2_1))
        store(sums, 5, where(ended, load(sums, 5), b2_2))
        store(sums, 6, where(ended, load(sums, 6), b3_0))
        store(sums, 7, where(ended, load(sums, 7), b3_1))
        store(sums, 8, where(ended, load(sums, 8), b3_2))
        store(sums, 9, where(ended, load(sums, 9), b3_3))
        store(sums, 10, where(ended, load(sums, 10), b4_0))
        store(sums, 11, where(ended, load(sums, 11), b4_1))
        store(sums, 12, where(ended, load(sums, 12), b4_2))
        store(sums, 13, where(ended, load(sums, 13), b4_3))
        store(sums, 14, where(ended, load(sums, 14), b4_4))
        store(sums, 15, where(ended, load(sums, 15), b5_0))
        store(sums, 16, where(ended, load(sums, 16), b5_1))
        store(sums, 17, where(ended, load(sums, 17), b5_2))
        store(sums, 18, where(ended, load(sums, 18), b5_3))
        store(sums, 19, where(ended, load(sums, 19), b5_4))
        store(sums, 20, where(ended, load(sums, 20), b5_5))
        t = stop
        stop = next_stop(n_obs, stop)


def garch_22_normal_outer(returns, n_obs, theta, constants, sums):
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
    b0_0 = zero
    b1_0 = zero
    b1_1 = zero
    b2_0 = zero
    b2_1 = zero
    b2_2 = zero
    b3_0 = zero
    b3_1 = zero
    b3_2 = zero
    b3_3 = zero
    b4_0 = zero
    b4_1 = zero
    b4_2 = zero
    b4_3 = zero
    b4_4 = zero
    b5_0 = zero
    b5_1 = zero
    b5_2 = zero
    b5_3 = zero
    b5_4 = zero
    b5_5 = zero
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
            c = fma(half * factor, psi_z, zero - half)
            cd = c * u
            v_mu = fma(factor, psi_sigma, cd * d_mu)
            v_w = cd * d_w
            v_a1 = cd * d_a1
            v_a2 = cd * d_a2
            v_b1 = cd * d_b1
            v_b2 = cd * d_b2
            b0_0 = fma(v_mu, v_mu, b0_0)
            b1_0 = fma(v_w, v_mu, b1_0)
            b1_1 = fma(v_w, v_w, b1_1)
            b2_0 = fma(v_a1, v_mu, b2_0)
            b2_1 = fma(v_a1, v_w, b2_1)
            b2_2 = fma(v_a1, v_a1, b2_2)
            b3_0 = fma(v_a2, v_mu, b3_0)
            b3_1 = fma(v_a2, v_w, b3_1)
            b3_2 = fma(v_a2, v_a1, b3_2)
            b3_3 = fma(v_a2, v_a2, b3_3)
            b4_0 = fma(v_b1, v_mu, b4_0)
            b4_1 = fma(v_b1, v_w, b4_1)
            b4_2 = fma(v_b1, v_a1, b4_2)
            b4_3 = fma(v_b1, v_a2, b4_3)
            b4_4 = fma(v_b1, v_b1, b4_4)
            b5_0 = fma(v_b2, v_mu, b5_0)
            b5_1 = fma(v_b2, v_w, b5_1)
            b5_2 = fma(v_b2, v_a1, b5_2)
            b5_3 = fma(v_b2, v_a2, b5_3)
            b5_4 = fma(v_b2, v_b1, b5_4)
            b5_5 = fma(v_b2, v_b2, b5_5)
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
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), b0_0))
        store(sums, 1, where(ended, load(sums, 1), b1_0))
        store(sums, 2, where(ended, load(sums, 2), b1_1))
        store(sums, 3, where(ended, load(sums, 3), b2_0))
        store(sums, 4, where(ended, load(sums, 4), b2_1))
        store(sums, 5, where(ended, load(sums, 5), b2_2))
        store(sums, 6, where(ended, load(sums, 6), b3_0))
        store(sums, 7, where(ended, load(sums, 7), b3_1))
        store(sums, 8, where(ended, load(sums, 8), b3_2))
        store(sums, 9, where(ended, load(sums, 9), b3_3))
        store(sums, 10, where(ended, load(sums, 10), b4_0))
        store(sums, 11, where(ended, load(sums, 11), b4_1))
        store(sums, 12, where(ended, load(sums, 12), b4_2))
        store(sums, 13, where(ended, load(sums, 13), b4_3))
        store(sums, 14, where(ended, load(sums, 14), b4_4))
        store(sums, 15, where(ended, load(sums, 15), b5_0))
        store(sums, 16, where(ended, load(sums, 16), b5_1))
        store(sums, 17, where(ended, load(sums, 17), b5_2))
        store(sums, 18, where(ended, load(sums, 18), b5_3))
        store(sums, 19, where(ended, load(sums, 19), b5_4))
        store(sums, 20, where(ended, load(sums, 20), b5_5))
        t = stop
        stop = next_stop(n_obs, stop)


def garch_22_t_outer(returns, n_obs, theta, constants, sums):
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
    shape8 = load(constants, 8)
    shape9 = load(constants, 9)
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
    b0_0 = zero
    b1_0 = zero
    b1_1 = zero
    b2_0 = zero
    b2_1 = zero
    b2_2 = zero
    b3_0 = zero
    b3_1 = zero
    b3_2 = zero
    b3_3 = zero
    b4_0 = zero
    b4_1 = zero
    b4_2 = zero
    b4_3 = zero
    b4_4 = zero
    b5_0 = zero
    b5_1 = zero
    b5_2 = zero
    b5_3 = zero
    b5_4 = zero
    b5_5 = zero
    b6_0 = zero
    b6_1 = zero
    b6_2 = zero
    b6_3 = zero
    b6_4 = zero
    b6_5 = zero
    b6_6 = zero
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
            one_q = big * u
            v_nu = fma(splat(-0.5), logarithm(one_q), fma(shape9 * k2, psi_z, shape8))
            c = fma(half * factor, psi_z, zero - half)
            cd = c * u
            v_mu = fma(factor, psi_sigma, cd * d_mu)
            v_w = cd * d_w
            v_a1 = cd * d_a1
            v_a2 = cd * d_a2
            v_b1 = cd * d_b1
            v_b2 = cd * d_b2
            b0_0 = fma(v_mu, v_mu, b0_0)
            b1_0 = fma(v_w, v_mu, b1_0)
            b1_1 = fma(v_w, v_w, b1_1)
            b2_0 = fma(v_a1, v_mu, b2_0)
            b2_1 = fma(v_a1, v_w, b2_1)
            b2_2 = fma(v_a1, v_a1, b2_2)
            b3_0 = fma(v_a2, v_mu, b3_0)
            b3_1 = fma(v_a2, v_w, b3_1)
            b3_2 = fma(v_a2, v_a1, b3_2)
            b3_3 = fma(v_a2, v_a2, b3_3)
            b4_0 = fma(v_b1, v_mu, b4_0)
            b4_1 = fma(v_b1, v_w, b4_1)
            b4_2 = fma(v_b1, v_a1, b4_2)
            b4_3 = fma(v_b1, v_a2, b4_3)
            b4_4 = fma(v_b1, v_b1, b4_4)
            b5_0 = fma(v_b2, v_mu, b5_0)
            b5_1 = fma(v_b2, v_w, b5_1)
            b5_2 = fma(v_b2, v_a1, b5_2)
            b5_3 = fma(v_b2, v_a2, b5_3)
            b5_4 = fma(v_b2, v_b1, b5_4)
            b5_5 = fma(v_b2, v_b2, b5_5)
            b6_0 = fma(v_nu, v_mu, b6_0)
            b6_1 = fma(v_nu, v_w, b6_1)
            b6_2 = fma(v_nu, v_a1, b6_2)
            b6_3 = fma(v_nu, v_a2, b6_3)
            b6_4 = fma(v_nu, v_b1, b6_4)
            b6_5 = fma(v_nu, v_b2, b6_5)
            b6_6 = fma(v_nu, v_nu, b6_6)
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
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), b0_0))
        store(sums, 1, where(ended, load(sums, 1), b1_0))
        store(sums, 2, where(ended, load(sums, 2), b1_1))
        store(sums, 3, where(ended, load(sums, 3), b2_0))
        store(sums, 4, where(ended, load(sums, 4), b2_1))
        store(sums, 5, where(ended, load(sums, 5), b2_2))
        store(sums, 6, where(ended, load(sums, 6), b3_0))
        store(sums, 7, where(ended, load(sums, 7), b3_1))
        store(sums, 8, where(ended, load(sums, 8), b3_2))
        store(sums, 9, where(ended, load(sums, 9), b3_3))
        store(sums, 10, where(ended, load(sums, 10), b4_0))
        store(sums, 11, where(ended, load(sums, 11), b4_1))
        store(sums, 12, where(ended, load(sums, 12), b4_2))
        store(sums, 13, where(ended, load(sums, 13), b4_3))
        store(sums, 14, where(ended, load(sums, 14), b4_4))
        store(sums, 15, where(ended, load(sums, 15), b5_0))
        store(sums, 16, where(ended, load(sums, 16), b5_1))
        store(sums, 17, where(ended, load(sums, 17), b5_2))
        store(sums, 18, where(ended, load(sums, 18), b5_3))
        store(sums, 19, where(ended, load(sums, 19), b5_4))
        store(sums, 20, where(ended, load(sums, 20), b5_5))
        store(sums, 21, where(ended, load(sums, 21), b6_0))
        store(sums, 22, where(ended, load(sums, 22), b6_1))
        store(sums, 23, where(ended, load(sums, 23), b6_2))
        store(sums, 24, where(ended, load(sums, 24), b6_3))
        store(sums, 25, where(ended, load(sums, 25), b6_4))
        store(sums, 26, where(ended, load(sums, 26), b6_5))
        store(sums, 27, where(ended, load(sums, 27), b6_6))
        t = stop
        stop = next_stop(n_obs, stop)


def garch_22_skewt_outer(returns, n_obs, theta, constants, sums):
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
    shape8 = load(constants, 8)
    shape9 = load(constants, 9)
    shape10 = load(constants, 10)
    shape11 = load(constants, 11)
    shape12 = load(constants, 12)
    shape13 = load(constants, 13)
    shape14 = load(constants, 14)
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
    b0_0 = zero
    b1_0 = zero
    b1_1 = zero
    b2_0 = zero
    b2_1 = zero
    b2_2 = zero
    b3_0 = zero
    b3_1 = zero
    b3_2 = zero
    b3_3 = zero
    b4_0 = zero
    b4_1 = zero
    b4_2 = zero
    b4_3 = zero
    b4_4 = zero
    b5_0 = zero
    b5_1 = zero
    b5_2 = zero
    b5_3 = zero
    b5_4 = zero
    b5_5 = zero
    b6_0 = zero
    b6_1 = zero
    b6_2 = zero
    b6_3 = zero
    b6_4 = zero
    b6_5 = zero
    b6_6 = zero
    b7_0 = zero
    b7_1 = zero
    b7_2 = zero
    b7_3 = zero
    b7_4 = zero
    b7_5 = zero
    b7_6 = zero
    b7_7 = zero
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
            one_q = big * u
            v_nu = fma(splat(-0.5), logarithm(one_q), fma(shape9, psi_z, shape8))
            v_nu = fma(shape10, k, v_nu)
            kys = where(less(yb, zero), zero - ky, ky)
            v_lam = fma(shape14, kys, fma(shape13, k, fma(shape12, psi_z, shape11)))
            c = fma(half * factor, psi_z, zero - half)
            cd = c * u
            v_mu = fma(factor, psi_sigma, cd * d_mu)
            v_w = cd * d_w
            v_a1 = cd * d_a1
            v_a2 = cd * d_a2
            v_b1 = cd * d_b1
            v_b2 = cd * d_b2
            b0_0 = fma(v_mu, v_mu, b0_0)
            b1_0 = fma(v_w, v_mu, b1_0)
            b1_1 = fma(v_w, v_w, b1_1)
            b2_0 = fma(v_a1, v_mu, b2_0)
            b2_1 = fma(v_a1, v_w, b2_1)
            b2_2 = fma(v_a1, v_a1, b2_2)
            b3_0 = fma(v_a2, v_mu, b3_0)
            b3_1 = fma(v_a2, v_w, b3_1)
            b3_2 = fma(v_a2, v_a1, b3_2)
            b3_3 = fma(v_a2, v_a2, b3_3)
            b4_0 = fma(v_b1, v_mu, b4_0)
            b4_1 = fma(v_b1, v_w, b4_1)
            b4_2 = fma(v_b1, v_a1, b4_2)
            b4_3 = fma(v_b1, v_a2, b4_3)
            b4_4 = fma(v_b1, v_b1, b4_4)
            b5_0 = fma(v_b2, v_mu, b5_0)
            b5_1 = fma(v_b2, v_w, b5_1)
            b5_2 = fma(v_b2, v_a1, b5_2)
            b5_3 = fma(v_b2, v_a2, b5_3)
            b5_4 = fma(v_b2, v_b1, b5_4)
            b5_5 = fma(v_b2, v_b2, b5_5)
            b6_0 = fma(v_nu, v_mu, b6_0)
            b6_1 = fma(v_nu, v_w, b6_1)
            b6_2 = fma(v_nu, v_a1, b6_2)
            b6_3 = fma(v_nu, v_a2, b6_3)
            b6_4 = fma(v_nu, v_b1, b6_4)
            b6_5 = fma(v_nu, v_b2, b6_5)
            b6_6 = fma(v_nu, v_nu, b6_6)
            b7_0 = fma(v_lam, v_mu, b7_0)
            b7_1 = fma(v_lam, v_w, b7_1)
            b7_2 = fma(v_lam, v_a1, b7_2)
            b7_3 = fma(v_lam, v_a2, b7_3)
            b7_4 = fma(v_lam, v_b1, b7_4)
            b7_5 = fma(v_lam, v_b2, b7_5)
            b7_6 = fma(v_lam, v_nu, b7_6)
            b7_7 = fma(v_lam, v_lam, b7_7)
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
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), b0_0))
        store(sums, 1, where(ended, load(sums, 1), b1_0))
        store(sums, 2, where(ended, load(sums, 2), b1_1))
        store(sums, 3, where(ended, load(sums, 3), b2_0))
        store(sums, 4, where(ended, load(sums, 4), b2_1))
        store(sums, 5, where(ended, load(sums, 5), b2_2))
        store(sums, 6, where(ended, load(sums, 6), b3_0))
        store(sums, 7, where(ended, load(sums, 7), b3_1))
        store(sums, 8, where(ended, load(sums, 8), b3_2))
        store(sums, 9, where(ended, load(sums, 9), b3_3))
        store(sums, 10, where(ended, load(sums, 10), b4_0))
        store(sums, 11, where(ended, load(sums, 11), b4_1))
        store(sums, 12, where(ended, load(sums, 12), b4_2))
        store(sums, 13, where(ended, load(sums, 13), b4_3))
        store(sums, 14, where(ended, load(sums, 14), b4_4))
        store(sums, 15, where(ended, load(sums, 15), b5_0))
        store(sums, 16, where(ended, load(sums, 16), b5_1))
        store(sums, 17, where(ended, load(sums, 17), b5_2))
        store(sums, 18, where(ended, load(sums, 18), b5_3))
        store(sums, 19, where(ended, load(sums, 19), b5_4))
        store(sums, 20, where(ended, load(sums, 20), b5_5))
        store(sums, 21, where(ended, load(sums, 21), b6_0))
        store(sums, 22, where(ended, load(sums, 22), b6_1))
        store(sums, 23, where(ended, load(sums, 23), b6_2))
        store(sums, 24, where(ended, load(sums, 24), b6_3))
        store(sums, 25, where(ended, load(sums, 25), b6_4))
        store(sums, 26, where(ended, load(sums, 26), b6_5))
        store(sums, 27, where(ended, load(sums, 27), b6_6))
        store(sums, 28, where(ended, load(sums, 28), b7_0))
        store(sums, 29, where(ended, load(sums, 29), b7_1))
        store(sums, 30, where(ended, load(sums, 30), b7_2))
        store(sums, 31, where(ended, load(sums, 31), b7_3))
        store(sums, 32, where(ended, load(sums, 32), b7_4))
        store(sums, 33, where(ended, load(sums, 33), b7_5))
        store(sums, 34, where(ended, load(sums, 34), b7_6))
        store(sums, 35, where(ended, load(sums, 35), b7_7))
        t = stop
        stop = next_stop(n_obs, stop)


def garch_22_ged_outer(returns, n_obs, theta, constants, sums):
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
    shape8 = load(constants, 8)
    shape9 = load(constants, 9)
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
    b0_0 = zero
    b1_0 = zero
    b1_1 = zero
    b2_0 = zero
    b2_1 = zero
    b2_2 = zero
    b3_0 = zero
    b3_1 = zero
    b3_2 = zero
    b3_3 = zero
    b4_0 = zero
    b4_1 = zero
    b4_2 = zero
    b4_3 = zero
    b4_4 = zero
    b5_0 = zero
    b5_1 = zero
    b5_2 = zero
    b5_3 = zero
    b5_4 = zero
    b5_5 = zero
    b6_0 = zero
    b6_1 = zero
    b6_2 = zero
    b6_3 = zero
    b6_4 = zero
    b6_5 = zero
    b6_6 = zero
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
            v_nu = fma(psi_z, fma(splat(-0.25), log_z2, shape9), shape8)
            c = fma(half * factor, psi_z, zero - half)
            cd = c * u
            v_mu = fma(factor, psi_sigma, cd * d_mu)
            v_w = cd * d_w
            v_a1 = cd * d_a1
            v_a2 = cd * d_a2
            v_b1 = cd * d_b1
            v_b2 = cd * d_b2
            b0_0 = fma(v_mu, v_mu, b0_0)
            b1_0 = fma(v_w, v_mu, b1_0)
            b1_1 = fma(v_w, v_w, b1_1)
            b2_0 = fma(v_a1, v_mu, b2_0)
            b2_1 = fma(v_a1, v_w, b2_1)
            b2_2 = fma(v_a1, v_a1, b2_2)
            b3_0 = fma(v_a2, v_mu, b3_0)
            b3_1 = fma(v_a2, v_w, b3_1)
            b3_2 = fma(v_a2, v_a1, b3_2)
            b3_3 = fma(v_a2, v_a2, b3_3)
            b4_0 = fma(v_b1, v_mu, b4_0)
            b4_1 = fma(v_b1, v_w, b4_1)
            b4_2 = fma(v_b1, v_a1, b4_2)
            b4_3 = fma(v_b1, v_a2, b4_3)
            b4_4 = fma(v_b1, v_b1, b4_4)
            b5_0 = fma(v_b2, v_mu, b5_0)
            b5_1 = fma(v_b2, v_w, b5_1)
            b5_2 = fma(v_b2, v_a1, b5_2)
            b5_3 = fma(v_b2, v_a2, b5_3)
            b5_4 = fma(v_b2, v_b1, b5_4)
            b5_5 = fma(v_b2, v_b2, b5_5)
            b6_0 = fma(v_nu, v_mu, b6_0)
            b6_1 = fma(v_nu, v_w, b6_1)
            b6_2 = fma(v_nu, v_a1, b6_2)
            b6_3 = fma(v_nu, v_a2, b6_3)
            b6_4 = fma(v_nu, v_b1, b6_4)
            b6_5 = fma(v_nu, v_b2, b6_5)
            b6_6 = fma(v_nu, v_nu, b6_6)
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
        # Hand out the sums of every lane that has come this far; longer ones write again later.
        ended = less(load(n_obs, 0), splat(float(stop)))
        store(sums, 0, where(ended, load(sums, 0), b0_0))
        store(sums, 1, where(ended, load(sums, 1), b1_0))
        store(sums, 2, where(ended, load(sums, 2), b1_1))
        store(sums, 3, where(ended, load(sums, 3), b2_0))
        store(sums, 4, where(ended, load(sums, 4), b2_1))
        store(sums, 5, where(ended, load(sums, 5), b2_2))
        store(sums, 6, where(ended, load(sums, 6), b3_0))
        store(sums, 7, where(ended, load(sums, 7), b3_1))
        store(sums, 8, where(ended, load(sums, 8), b3_2))
        store(sums, 9, where(ended, load(sums, 9), b3_3))
        store(sums, 10, where(ended, load(sums, 10), b4_0))
        store(sums, 11, where(ended, load(sums, 11), b4_1))
        store(sums, 12, where(ended, load(sums, 12), b4_2))
        store(sums, 13, where(ended, load(sums, 13), b4_3))
        store(sums, 14, where(ended, load(sums, 14), b4_4))
        store(sums, 15, where(ended, load(sums, 15), b5_0))
        store(sums, 16, where(ended, load(sums, 16), b5_1))
        store(sums, 17, where(ended, load(sums, 17), b5_2))
        store(sums, 18, where(ended, load(sums, 18), b5_3))
        store(sums, 19, where(ended, load(sums, 19), b5_4))
        store(sums, 20, where(ended, load(sums, 20), b5_5))
        store(sums, 21, where(ended, load(sums, 21), b6_0))
        store(sums, 22, where(ended, load(sums, 22), b6_1))
        store(sums, 23, where(ended, load(sums, 23), b6_2))
        store(sums, 24, where(ended, load(sums, 24), b6_3))
        store(sums, 25, where(ended, load(sums, 25), b6_4))
        store(sums, 26, where(ended, load(sums, 26), b6_5))
        store(sums, 27, where(ended, load(sums, 27), b6_6))
        t = stop
        stop = next_stop(n_obs, stop)
