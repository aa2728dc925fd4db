"""Gamma functions of eight numbers at once."""

# compiled code: numba infers types
# ruff: noqa: ANN001, ANN201
# pyright: basic, reportCallIssue=false

from hf_platform.volatility.jit import inlined
from hf_platform.volatility.lanes import fma, logarithm, splat

SHIFT = 8  # recurrence steps before the asymptotic series, whose error is then below 1e-15
_HALF_LOG_2PI = 0.9189385332046728


@inlined
def gamma_terms(x):
    """Give ln Gamma and its first and second derivative at x in (0, 1e30): recurrence, then Stirling's series."""
    one = splat(1.0)
    product, first, second = x, one / x, one / (x * x)
    shifted = x
    for _ in range(1, SHIFT):
        shifted = shifted + one
        inverse = one / shifted
        product = product * shifted
        first = first + inverse
        second = fma(inverse, inverse, second)
    z = shifted + one
    inverse = one / z
    y = inverse * inverse
    log_z = logarithm(z)
    series = fma(y, splat(1 / 156), splat(-691 / 360360))
    series = fma(y, series, splat(1 / 1188))
    series = fma(y, series, splat(-1 / 1680))
    series = fma(y, series, splat(1 / 1260))
    series = fma(y, series, splat(-1 / 360))
    series = fma(y, series, splat(1 / 12))
    log_gamma = fma(z - splat(0.5), log_z, splat(_HALF_LOG_2PI) - z) + inverse * series - logarithm(product)
    series = fma(y, splat(1 / 12), splat(-691 / 32760))
    series = fma(y, series, splat(1 / 132))
    series = fma(y, series, splat(-1 / 240))
    series = fma(y, series, splat(1 / 252))
    series = fma(y, series, splat(-1 / 120))
    series = fma(y, series, splat(1 / 12))
    digamma = fma(splat(-0.5), inverse, log_z) - y * series - first
    series = fma(y, splat(7 / 6), splat(-691 / 2730))
    series = fma(y, series, splat(5 / 66))
    series = fma(y, series, splat(-1 / 30))
    series = fma(y, series, splat(1 / 42))
    series = fma(y, series, splat(-1 / 30))
    series = fma(y, series, splat(1 / 6))
    trigamma = fma(inverse * y, series, fma(splat(0.5), y, inverse)) + second
    return log_gamma, digamma, trigamma
