"""Variance forecasts from fixed parameters, per step, at many origins.

Exact where a closed recursion exists: garch and gjr in the variance; tarch through the second moments of its state
(sigma_t, sigma_t-1, |e_t-1|), which is a linear recursion with random coefficients. The egarch forecast is
exp(known part) times a product of E exp(a |z| + b z), one factor per future shock; those expectations are averages over
stratified antithetic draws, the same for every origin. With t innovations that expectation is infinite in theory and
the average is over the draws, as in any simulation.
"""

# compiled code: numba infers types, and arrays travel one by one
# ruff: noqa: ANN001, ANN202, PLR0917
# pyright: basic

import math

import numpy as np

from hf_platform.errors import ConfigError, DataError
from hf_platform.types import FloatArray, IntArray
from hf_platform.volatility import distributions
from hf_platform.volatility.coordinates import EGARCH, TARCH
from hf_platform.volatility.filtering import (
    MEAN_ABS_NORMAL,
    conditional_states,
    presample_of,
    split_params,
    to_variance,
)
from hf_platform.volatility.jit import compiled
from hf_platform.volatility.signatures import model_codes
from hf_platform.volatility.specification import GarchSpec, Presample

N_DRAWS = 1_000


@compiled
def _square(lag_index, states, presample):
    return states[lag_index] if lag_index >= 0 else presample


@compiled
def _variance_path(p, o, q, theta, innovations, states, start, origin, fall_square, path):
    # garch and gjr: expected variances of the bars after `origin`; future squared shocks have mean variance.
    for k in range(path.shape[0]):
        state = theta[0]
        for i in range(1, p + 1):
            t = origin + 1 + k - i
            ahead = k - i
            if ahead >= 0:
                state += theta[i] * path[ahead]
            else:
                state += theta[i] * (innovations[t] ** 2 if t >= 0 else start)
        if o == 1:
            t = origin + k
            if k >= 1:
                state += theta[1 + p] * fall_square * path[k - 1]
            elif t >= 0:
                state += theta[1 + p] * (innovations[t] ** 2 if innovations[t] < 0.0 else 0.0)
            else:
                state += theta[1 + p] * 0.5 * start
        for j in range(1, q + 1):
            ahead = k - j
            state += theta[p + o + j] * (path[ahead] if ahead >= 0 else _square(origin + 1 + k - j, states, start))
        path[k] = state


@compiled
def _threshold_path(p, q, theta, innovations, states, start, origin, mean_abs, fall_abs, fall_square, path):
    # tarch: first and second moments of (s, s one bar back, |e| one bar back).
    w, a1, g = theta[0], theta[1], theta[1 + p]
    a2 = theta[2] if p == 2 else 0.0
    b1 = theta[p + 2] if q > 0 else 0.0
    b2 = theta[p + 3] if q == 2 else 0.0
    s, s_back, x_back = states[origin + 1], states[origin], abs(innovations[origin])
    m1, m2, m3 = s, s_back, x_back
    s11, s12, s13, s22, s23, s33 = s * s, s * s_back, s * x_back, s_back * s_back, s_back * x_back, x_back * x_back
    c = b1 + a1 * mean_abs + g * fall_abs
    c_abs = b1 * mean_abs + a1 + g * fall_square
    c_square = (
        b1 * b1 + a1 * a1 + g * g * fall_square + 2.0 * (b1 * a1 * mean_abs + b1 * g * fall_abs + a1 * g * fall_square)
    )
    for k in range(path.shape[0]):
        path[k] = s11
        back = b2 * s12 + a2 * s13
        square = w * w + c_square * s11 + b2 * b2 * s22 + a2 * a2 * s33 + 2.0 * b2 * a2 * s23
        square += 2.0 * (w * (c * m1 + b2 * m2 + a2 * m3) + c * back)
        cross, cross_abs = w * m1 + c * s11 + back, w * mean_abs * m1 + c_abs * s11 + mean_abs * back
        m1, m2, m3 = w + c * m1 + b2 * m2 + a2 * m3, m1, mean_abs * m1
        s11, s12, s13, s22, s23, s33 = square, cross, cross_abs, s11, mean_abs * s11, s11


@compiled
def _log_path(p, o, q, theta, innovations, states, start, origin, log_factors, path):
    # egarch: the part of the log variance that is known at the origin, plus the log of the expected shock factors.
    horizon = path.shape[0]
    known = np.empty(horizon)
    for k in range(horizon):
        state = theta[0]
        for i in range(1, p + 1):
            t = origin + 1 + k - i
            if k - i < 0 and t >= 0:
                z = innovations[t] * math.exp(-0.5 * states[t])
                state += theta[i] * (abs(z) - MEAN_ABS_NORMAL)
                if i == 1 and o == 1:
                    state += theta[1 + p] * z
        for j in range(1, q + 1):
            t = origin + 1 + k - j
            state += theta[p + o + j] * (known[k - j] if k - j >= 0 else _square(t, states, start))
        known[k] = state
        path[k] = math.exp(state + log_factors[k])


@compiled
def _forecast(process, p, o, q, theta, innovations, states, start, origins, moments, log_factors, out):
    for row in range(origins.shape[0]):
        if process == EGARCH:
            _log_path(p, o, q, theta, innovations, states, start, origins[row], log_factors, out[row])
        elif process == TARCH:
            _threshold_path(p, q, theta, innovations, states, start, origins[row], moments[0], moments[1], moments[2],
                            out[row])  # fmt: skip
        else:
            _variance_path(p, o, q, theta, innovations, states, start, origins[row], moments[2], out[row])


def _log_shock_factors(spec: GarchSpec, theta: FloatArray, shapes: FloatArray, horizon: int, seed: int) -> FloatArray:
    # Log of prod_m E exp(size_m (|z| - c) + sign_m z), the m-th factor from the impulse response of the log variance.
    z = distributions.draws(N_DRAWS, spec.distribution, shapes, seed)
    size, sign, factors = np.zeros(horizon), np.zeros(horizon), np.zeros(horizon)
    p, o = spec.p, spec.n_asymmetric
    for m in range(1, horizon):
        size[m] = theta[m] if m <= p else 0.0
        sign[m] = theta[1 + p] if m == 1 else 0.0
        for j in range(1, min(spec.q, m - 1) + 1):
            size[m] += theta[p + o + j] * size[m - j]
            sign[m] += theta[p + o + j] * sign[m - j]
        exponent = size[m] * (np.abs(z) - MEAN_ABS_NORMAL) + sign[m] * z
        top = exponent.max()
        factors[m] = factors[m - 1] + top + math.log(float(np.exp(exponent - top).mean()))
    return factors


def shock_moments(spec: GarchSpec, shapes: FloatArray) -> FloatArray:
    """E|z|, E[|z| 1(z < 0)] and E[z^2 1(z < 0)] of the innovations."""
    below = float(-distributions.lower_partial_moment(np.zeros(1), 1, spec.distribution, shapes)[0])
    square = float(distributions.lower_partial_moment(np.zeros(1), 2, spec.distribution, shapes)[0])
    return np.array([2.0 * below, below, square])


def _checked(returns: FloatArray, params: FloatArray, spec: GarchSpec) -> FloatArray:
    values = np.ascontiguousarray(returns, dtype=np.float64)
    if values.ndim != 1 or values.shape[0] == 0 or not np.isfinite(values).all():
        raise DataError(
            f"one series of finite returns is needed, found shape {values.shape} with "
            f"{np.count_nonzero(~np.isfinite(values))} missing values. Start at the first return and repair gaps."
        )
    if np.shape(params) != (spec.n_params,) or not np.isfinite(params).all():
        raise ConfigError(
            f"{spec.n_params} finite parameters are needed ({', '.join(spec.param_names)}), found {params!r}. "
            "Take a row of fits.params whose status is ok."
        )
    return values


def rolling_variance_forecast(
    returns: FloatArray,
    params: FloatArray,
    spec: GarchSpec,
    origins: IntArray,
    horizon: int,
    *,
    n_train: int | None = None,
    presample: Presample = "backcast",
    seed: int = 0,
) -> FloatArray:
    """Forecast the variance of the next bars at many origins of one series, parameters held fixed.

    Parameters
    ----------
    returns : float64 array, shape (n_bars,)
        From the start of the training window on; finite.
    params : float64 array, shape (n_params,)
        One row of ``fits.params``.
    spec : GarchSpec
    origins : int64 array, shape (n_origins,)
        Each forecast knows the returns up to and including its origin.
    horizon : int
        Steps ahead, at least 1.
    n_train : int, optional
        Length of the training window, which alone sets the pre-sample state; default all of `returns`.
    presample : {"backcast", "sample"}
    seed : int
        Of the draws behind egarch forecasts of two and more steps.

    Returns
    -------
    float64 array, shape (n_origins, horizon)
        Variance of each of the next bars [squared units of `returns`], not cumulated.

    Raises
    ------
    DataError
        If returns are not one finite series, or an origin lies outside it.
    ConfigError
        If parameters do not fit the specification or the horizon is not positive.
    """
    values = _checked(returns, params, spec)
    places = np.ascontiguousarray(origins, dtype=np.int64)
    if places.ndim != 1 or (places.size and (places.min() < 0 or places.max() >= values.shape[0])):
        raise DataError(f"origins must lie in 0..{values.shape[0] - 1}, found {origins!r}. Pass bar indices.")
    if horizon < 1:
        raise ConfigError(f"the horizon must be at least 1, found {horizon!r}. Ask for one or more steps.")
    window = values.shape[0] if n_train is None else n_train
    states, innovations = conditional_states(values, params, spec, window, presample)
    mu, theta, shapes = split_params(spec, params)
    start = presample_of(values[:window], spec, mu, presample)
    factors = np.zeros(horizon)
    if spec.process == "egarch" and horizon > 1:
        factors = _log_shock_factors(spec, theta, shapes, horizon, seed)
    out = np.empty((places.shape[0], horizon))
    codes = model_codes(spec)
    _forecast(codes[0], spec.p, spec.n_asymmetric, spec.q, theta, innovations, states, start, places,
              shock_moments(spec, shapes), factors, out)  # fmt: skip
    return out


def conditional_variance(
    returns: FloatArray,
    params: FloatArray,
    spec: GarchSpec,
    *,
    n_train: int | None = None,
    presample: Presample = "backcast",
) -> FloatArray:
    """Filter one series: variance of each bar given the past, and one beyond the data, shape (n_bars + 1,).

    Raises
    ------
    DataError
        If returns are not one finite series.
    ConfigError
        If parameters do not fit the specification.
    """
    values = _checked(returns, params, spec)
    states, _ = conditional_states(values, params, spec, values.shape[0] if n_train is None else n_train, presample)
    out = np.empty_like(states)
    to_variance(model_codes(spec)[0], states, out)
    return out


def standardised_innovations(
    returns: FloatArray,
    params: FloatArray,
    spec: GarchSpec,
    *,
    n_train: int | None = None,
    presample: Presample = "backcast",
) -> FloatArray:
    """Divide the innovations of one series by their conditional volatility, shape (n_bars,).

    Parameters are those of `rolling_variance_forecast`.

    Raises
    ------
    DataError
        If returns are not one finite series.
    ConfigError
        If parameters do not fit the specification.
    """
    variance = conditional_variance(returns, params, spec, n_train=n_train, presample=presample)
    mu, _, _ = split_params(spec, params)
    return (np.asarray(returns, dtype=np.float64) - mu) / np.sqrt(variance[:-1])
