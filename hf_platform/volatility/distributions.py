"""The four standardised innovation distributions: zero mean, unit variance.

`shape_params` holds the shapes in arch's order: nothing for normal, nu for t and ged, (eta, lambda) for skewt. Its last
axis is the parameter; leading axes (for example series) broadcast against the points with one new axis behind, so
shapes of (n_series, n_shapes) and points of (n_points,) give (n_series, n_points).

References
----------
Hansen, B. (1994). Autoregressive Conditional Density Estimation. International Economic Review 35(3), 705-730.
Nelson, D. (1991). Conditional Heteroskedasticity in Asset Returns: A New Approach. Econometrica 59(2), 347-370.
"""

from typing import cast

import numpy as np
from numpy.typing import ArrayLike
from scipy import special, stats

from hf_platform.errors import ConfigError, DataError
from hf_platform.types import FloatArray
from hf_platform.volatility.specification import SHAPE_NAMES


def _shapes(distribution: str, shape_params: ArrayLike) -> list[FloatArray]:
    # One array per shape, each with a trailing axis for the points.
    if distribution not in SHAPE_NAMES:
        raise ConfigError(
            f"distribution must be one of {', '.join(SHAPE_NAMES)}, found {distribution!r}. Choose one of them."
        )
    names = SHAPE_NAMES[distribution]
    array = np.asarray(shape_params, dtype=np.float64)
    if not names:
        return []
    if array.ndim == 0:
        array = array[None]
    if array.shape[-1] != len(names):
        raise ConfigError(
            f"{distribution} takes {len(names)} shape parameters ({', '.join(names)}), found {array.shape[-1]}. "
            "Pass them on the last axis."
        )
    columns = [array[..., i] for i in range(len(names))]
    return [column[..., None] if column.ndim else column for column in columns]


def _check_probabilities(probabilities: ArrayLike) -> FloatArray:
    p = np.asarray(probabilities, dtype=np.float64)
    if not ((p > 0.0) & (p < 1.0)).all():
        raise DataError(f"probabilities must lie strictly between 0 and 1, found {p.min()} to {p.max()}. Mend them.")
    return p


def _hansen(eta: FloatArray, lam: FloatArray) -> tuple[FloatArray, FloatArray]:
    # Location a and scale b with z = (y - a) / b, y the unstandardised skewed t.
    c = np.exp(special.gammaln((eta + 1) / 2) - special.gammaln(eta / 2)) / np.sqrt(np.pi * (eta - 2))
    a = 4 * lam * c * (eta - 2) / (eta - 1)
    return a, np.sqrt(1 + 3 * lam**2 - a**2)


def _ged_scale(nu: FloatArray) -> FloatArray:
    # z = scale * sign * G ** (1 / nu), with G ~ Gamma(1 / nu).
    return np.exp(0.5 * (special.gammaln(1 / nu) - special.gammaln(3 / nu)))


def quantile(probabilities: ArrayLike, distribution: str, shape_params: ArrayLike = ()) -> FloatArray:
    """Invert the distribution function.

    Parameters
    ----------
    probabilities : float64 array, strictly between 0 and 1
    distribution : {"normal", "t", "skewt", "ged"}
    shape_params : float64 array, last axis the shapes

    Returns
    -------
    float64 array
        Quantiles of the standardised innovation [standard deviations].

    Raises
    ------
    ConfigError
        If the distribution is unknown or the number of shapes is wrong.
    DataError
        If a probability is outside (0, 1).
    """
    shapes = _shapes(distribution, shape_params)
    p = _check_probabilities(probabilities)
    if distribution == "normal":
        return np.asarray(special.ndtri(p))
    if distribution == "t":
        (nu,) = shapes
        return special.stdtrit(nu, p) * np.sqrt((nu - 2) / nu)
    if distribution == "ged":
        (nu,) = shapes
        tail = special.gammainccinv(1 / nu, 2 * np.minimum(p, 1 - p))
        return np.sign(p - 0.5) * _ged_scale(nu) * tail ** (1 / nu)
    eta, lam = shapes
    a, b = _hansen(eta, lam)
    knot = (1 - lam) / 2
    left = special.stdtrit(eta, np.minimum(p / (1 - lam), 0.5)) * (1 - lam)
    right = special.stdtrit(eta, np.clip(0.5 + (p - knot) / (1 + lam), 0.5, None)) * (1 + lam)
    return (np.where(p < knot, left, right) * np.sqrt((eta - 2) / eta) - a) / b


def cdf(points: ArrayLike, distribution: str, shape_params: ArrayLike = ()) -> FloatArray:
    """Probability that the standardised innovation is at most each point.

    Raises
    ------
    ConfigError
        If the distribution is unknown or the number of shapes is wrong.
    """
    shapes = _shapes(distribution, shape_params)
    z = np.asarray(points, dtype=np.float64)
    if distribution == "normal":
        return np.asarray(special.ndtr(z))
    if distribution == "t":
        (nu,) = shapes
        return np.asarray(special.stdtr(nu, z * np.sqrt(nu / (nu - 2))))
    if distribution == "ged":
        (nu,) = shapes
        upper = 0.5 * special.gammaincc(1 / nu, (np.abs(z) / _ged_scale(nu)) ** nu)
        return np.where(z < 0, upper, 1 - upper)
    eta, lam = shapes
    a, b = _hansen(eta, lam)
    y = (b * z + a) * np.sqrt(eta / (eta - 2))
    left = (1 - lam) * special.stdtr(eta, np.minimum(y, 0) / (1 - lam))
    right = (1 + lam) * (special.stdtr(eta, np.maximum(y, 0) / (1 + lam)) - 0.5)
    return left + right


def log_density(points: ArrayLike, distribution: str, shape_params: ArrayLike = ()) -> FloatArray:
    """Log density of the standardised innovation at each point.

    Raises
    ------
    ConfigError
        If the distribution is unknown or the number of shapes is wrong.
    """
    shapes = _shapes(distribution, shape_params)
    z = np.asarray(points, dtype=np.float64)
    if distribution == "normal":
        return -0.5 * (np.log(2 * np.pi) + z**2)
    if distribution == "ged":
        (nu,) = shapes
        scale = _ged_scale(nu)
        return np.log(nu / (2 * scale)) - special.gammaln(1 / nu) - (np.abs(z) / scale) ** nu
    nu = shapes[0]
    log_c = special.gammaln((nu + 1) / 2) - special.gammaln(nu / 2) - 0.5 * np.log(np.pi * (nu - 2))
    if distribution == "t":
        return log_c - (nu + 1) / 2 * np.log1p(z**2 / (nu - 2))
    lam = shapes[1]
    a, b = _hansen(nu, lam)
    y = (b * z + a) / np.where(b * z + a < 0, 1 - lam, 1 + lam)
    return log_c + np.log(b) - (nu + 1) / 2 * np.log1p(y**2 / (nu - 2))


def _t_partial(order: int, x: FloatArray, nu: FloatArray) -> FloatArray:
    # E[T**order 1(T < x)] of the ordinary t with nu degrees of freedom, order 0, 1 or 2.
    if order == 0:
        return np.asarray(special.stdtr(nu, x))
    if order == 1:
        near = np.where(np.isinf(x), 0.0, x)  # the moment below infinity is the mean, zero, not inf * 0
        return np.where(np.isinf(x), 0.0, -(nu + near**2) / (nu - 1) * cast(FloatArray, stats.t.pdf(near, nu)))
    inner = special.stdtr(nu - 2, x * np.sqrt((nu - 2) / nu))
    return nu * ((nu - 1) / (nu - 2) * inner - special.stdtr(nu, x))


def lower_partial_moment(points: ArrayLike, order: int, distribution: str, shape_params: ArrayLike = ()) -> FloatArray:
    """Average z**order below each point: E[z**order 1(z < point)], order 0, 1 or 2.

    Raises
    ------
    ConfigError
        If the distribution is unknown, the number of shapes is wrong or the order is another.
    """
    if order not in (0, 1, 2):
        raise ConfigError(f"the order of a partial moment must be 0, 1 or 2, found {order!r}. Choose one of them.")
    shapes = _shapes(distribution, shape_params)
    z = np.asarray(points, dtype=np.float64)
    if order == 0:
        return cdf(z, distribution, shape_params)
    if distribution == "normal":
        density = np.exp(-0.5 * z**2) / np.sqrt(2 * np.pi)
        return -density if order == 1 else special.ndtr(z) - z * density
    if distribution == "t":
        (nu,) = shapes
        scale = np.sqrt((nu - 2) / nu)
        return scale**order * _t_partial(order, z / scale, nu)
    if distribution == "ged":
        (nu,) = shapes
        scale = _ged_scale(nu)
        tail = special.gammaincc((order + 1) / nu, (np.abs(z) / scale) ** nu)
        if order == 1:
            ratio = np.exp(special.gammaln(2 / nu) - special.gammaln(1 / nu))
            return -0.5 * scale * ratio * tail
        return np.where(z < 0, 0.5 * tail, 1 - 0.5 * tail)
    return _skewed_partial(z, order, shapes[0], shapes[1])


def _skewed_partial(z: FloatArray, order: int, eta: FloatArray, lam: FloatArray) -> FloatArray:
    # z = (y - a) / b; y is (1 - lam) times the left half of a unit-variance t, (1 + lam) times the right half.
    a, b = _hansen(eta, lam)
    unit = np.sqrt((eta - 2) / eta)
    y = b * z + a

    def moment(k: int) -> FloatArray:
        left_scale, right_scale = (1 - lam) * unit, (1 + lam) * unit
        left = (1 - lam) * left_scale**k * _t_partial(k, np.minimum(y, 0) / left_scale, eta)
        centre = _t_partial(k, np.zeros_like(y), eta)
        right = (1 + lam) * right_scale**k * (_t_partial(k, np.maximum(y, 0) / right_scale, eta) - centre)
        return left + right

    if order == 1:
        return (moment(1) - a * moment(0)) / b
    return (moment(2) - 2 * a * moment(1) + a**2 * moment(0)) / b**2


def tail_mean(probabilities: ArrayLike, distribution: str, shape_params: ArrayLike = ()) -> FloatArray:
    """Mean of the standardised innovation in the tail that a probability cuts off.

    Parameters
    ----------
    probabilities : float64 array, strictly between 0 and 1
    distribution : {"normal", "t", "skewt", "ged"}
    shape_params : float64 array, last axis the shapes

    Returns
    -------
    float64 array
        E[z | z <= q(p)] for p <= 0.5 (negative) and E[z | z >= q(p)] for p > 0.5 (positive).

    Raises
    ------
    ConfigError
        If the distribution is unknown or the number of shapes is wrong.
    DataError
        If a probability is outside (0, 1).
    """
    p = _check_probabilities(probabilities)
    below = lower_partial_moment(quantile(p, distribution, shape_params), 1, distribution, shape_params)
    return np.where(p <= 0.5, below / p, -below / (1 - p))


def draws(n: int, distribution: str, shape_params: ArrayLike, seed: int) -> FloatArray:
    """Draw standardised innovations in antithetic pairs, stratified over probability: shape (n,), n even.

    Raises
    ------
    ConfigError
        If n is odd or not positive.
    """
    if n <= 0 or n % 2:
        raise ConfigError(
            f"the number of antithetic draws must be even and positive, found {n}. Take {2 * (n // 2) + 2}."
        )
    half = n // 2
    uniforms = (np.arange(half) + np.random.default_rng(seed).random(half)) / n
    probabilities = np.concatenate([uniforms, 1.0 - uniforms])
    return quantile(np.clip(probabilities, 1e-15, 1 - 1e-15), distribution, shape_params)
