"""Berkowitz's tests: where losses fall inside their forecast distribution should look like independent normals."""

from math import exp, log, pi

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize, special

from hf_platform.backtest.results import (
    CoverageTest,
    check_confidence,
    check_forecasts,
    chi_square_p_value,
    tail_probability,
)
from hf_platform.errors import DataError
from hf_platform.types import FloatArray

MINIMUM_BEYOND = 5  # losses in the tail below which its shape cannot be fitted


def berkowitz(probabilities: ArrayLike, confidence: float | None = None) -> CoverageTest:
    """Test the whole forecast distribution: level, spread and memory of the transformed losses together.

    Parameters
    ----------
    probabilities : float array, shape (n_forecasts,)
        Forecast probability of a loss at or below the realised one (the probability integral
        transform of the loss), strictly inside (0, 1), in time order.
    confidence : float in (0, 1), optional
        Only to count breaches, the probabilities above it; without it n_breaches is 0.

    Returns
    -------
    CoverageTest
        Likelihood ratio of a Gaussian first-order autoregression with free mean, variance and
        coefficient against independent standard normals, chi-square with 3 degrees of freedom. None
        with a reason below four forecasts or without any spread.

    Raises
    ------
    DataError
        If `probabilities` is not a vector or a value lies outside (0, 1).

    Notes
    -----
    The exact likelihood is used: the first value has the stationary law. The transform should be
    continuous; grids with few quantiles blur it.

    References
    ----------
    Berkowitz, J. (2001). Testing Density Forecasts, with Applications to Risk Management. Journal of
    Business & Economic Statistics 19(4), 465-474.
    """
    values = _probabilities(probabilities)
    n = values.size
    hits = 0 if confidence is None else int((values > check_confidence(confidence)).sum())
    if n < 4:
        return CoverageTest(None, None, 3, n, hits, f"{n} forecasts are too few for three parameters: 4 are needed")
    z = np.asarray(special.ndtri(values), dtype=np.float64)
    if not float(z.std()) > 1e-12:
        return CoverageTest(None, None, 3, n, hits, "all probabilities are alike: no variance can be fitted")
    null = -0.5 * float(n * np.log(2.0 * np.pi) + z @ z)
    ratio = max(0.0, 2.0 * (_autoregression(z) - null))
    return CoverageTest(ratio, chi_square_p_value(ratio, 3), 3, n, hits)


def berkowitz_tail(probabilities: ArrayLike, confidence: float) -> CoverageTest:
    """Test the tail of the forecast distribution: how often losses fall beyond VaR, and how far.

    Parameters
    ----------
    probabilities : float array, shape (n_forecasts,)
        As in `berkowitz`; values at or below `confidence` enter only by their number.
    confidence : float in (0, 1)
        Where the tail begins [probability].

    Returns
    -------
    CoverageTest
        Likelihood ratio of a censored normal with free mean and variance against the standard one,
        chi-square with 2 degrees of freedom. Below five losses in the tail the p-value is given with a
        reason that warns, without any it is that of the number alone (the ratio has no maximum otherwise).

    Raises
    ------
    DataError
        If `probabilities` is not a vector, a value lies outside (0, 1), or `confidence` does.

    References
    ----------
    Berkowitz, J. (2001). Testing Density Forecasts, with Applications to Risk Management. Journal of
    Business & Economic Statistics 19(4), 465-474 (section 3).
    """
    values = _probabilities(probabilities)
    level = check_confidence(confidence)
    n = values.size
    beyond = np.asarray(special.ndtri(values[values > level]), dtype=np.float64)
    x = beyond.size
    if x == 0:
        ratio = -2.0 * n * float(np.log1p(-tail_probability(level)))
        reason = "no loss lies in the tail: its number alone is judged, with one degree of freedom"
        return CoverageTest(ratio, chi_square_p_value(ratio, 1), 1, n, 0, reason)
    if x == n and float(np.ptp(beyond)) == 0.0:
        # One value without spread and nothing inside: the likelihood grows without bound.
        reason = "all losses lie in the tail at one place: their spread cannot be estimated"
        return CoverageTest(None, None, 2, n, x, reason)
    cut = float(special.ndtri(level))
    sums = (float(beyond.sum()), float(beyond @ beyond))
    ratio = max(0.0, 2.0 * (_best_censored(n - x, x, sums, cut) - _censored(0.0, 1.0, n - x, x, sums, cut)))
    reason = None if x >= MINIMUM_BEYOND else f"only {x} losses lie in the tail: the shape is hardly tested"
    return CoverageTest(ratio, chi_square_p_value(ratio, 2), 2, n, x, reason)


def tail_probabilities(
    losses: ArrayLike, value_at_risk: ArrayLike, expected_shortfall: ArrayLike, confidences: ArrayLike
) -> FloatArray:
    """Place losses inside a tail of which VaR is known at some confidences and ES at the last one.

    Parameters
    ----------
    losses : float array, shape (n_forecasts,)
        Realised losses [decimal], finite.
    value_at_risk : float array, shape (n_forecasts, n_confidences)
        VaR at each confidence, rising along the row.
    expected_shortfall : float array, shape (n_forecasts,)
        ES at the last confidence, at least its VaR.
    confidences : float array, shape (n_confidences,), increasing in (0, 1)

    Returns
    -------
    float64 array, shape (n_forecasts,)
        Probability of a loss at or below the realised one where that is beyond the first VaR;
        elsewhere half of the first confidence, a placeholder inside the body.

    Raises
    ------
    DataError
        If shapes disagree, a value is not finite, VaR falls with confidence, or ES is below VaR.

    Notes
    -----
    Between two confidences the logarithm of the tail probability is linear in the loss. Beyond the last
    VaR the law is the Pareto one with both forecasts, ``tail (loss / VaR)^(-1 / (1 - VaR / ES))``, or an
    exponential excess with mean ES - VaR where the VaR is not positive: the null of `z2_with_pareto_tail`.
    """
    levels = np.asarray(confidences, dtype=np.float64)
    thresholds = np.asarray(value_at_risk, dtype=np.float64)
    loss = np.asarray(losses, dtype=np.float64)
    if levels.ndim != 1 or levels.size == 0 or thresholds.shape != (loss.size, levels.size):
        raise DataError(
            f"value_at_risk must have shape (n_forecasts, n_confidences), found {thresholds.shape} for "
            f"{loss.shape} losses and {levels.shape} confidences. Align them first."
        )
    if (np.diff(levels) <= 0).any() or levels[0] <= 0 or levels[-1] >= 1:
        raise DataError(f"confidences must increase within (0, 1), found {levels.tolist()}. Sort them.")
    for column in range(levels.size - 1):
        check_forecasts(loss, thresholds[:, column], thresholds[:, column + 1])
    loss, last, es = check_forecasts(loss, thresholds[:, -1], expected_shortfall)
    tails = np.log1p(-levels)
    survival = np.full(loss.size, np.log1p(-0.5 * levels[0]))
    for column in range(levels.size - 1):
        low, high = thresholds[:, column], thresholds[:, column + 1]
        inside = (loss > low) & (loss <= high)
        share = (loss - low) / np.where(high > low, high - low, 1.0)
        survival = np.where(inside, tails[column] + share * (tails[column + 1] - tails[column]), survival)
    ratio = np.minimum(last / np.where(es != 0, es, 1.0), 1.0 - 1e-9)
    pareto = (last > 0) & (es > 0)
    excess = np.where(
        pareto,
        np.log(np.where(pareto & (loss > last), loss / np.where(pareto, last, 1.0), 1.0)) / (1.0 - ratio),
        (loss - last) / np.maximum(es - last, 1e-12),
    )
    survival = np.where(loss > last, tails[-1] - excess, survival)
    return -np.expm1(np.maximum(survival, -36.0))  # beyond e^-36 a probability cannot be told from one


def _probabilities(probabilities: ArrayLike) -> FloatArray:
    values = np.asarray(probabilities, dtype=np.float64)
    if values.ndim != 1 or values.size == 0:
        raise DataError(f"probabilities must be a vector with at least one forecast, found shape {values.shape}.")
    if not ((values > 0) & (values < 1)).all():
        bad = values[~((values > 0) & (values < 1))][0]
        raise DataError(
            f"probabilities must lie strictly inside (0, 1), found {bad:g}. Pass the forecast probability of a loss "
            "at or below the realised one."
        )
    return values


def _autoregression(z: FloatArray) -> float:
    # Exact Gaussian log-likelihood, maximised over the coefficient; mean and variance in closed form given it.
    n = z.size

    def negative(coefficient: float) -> float:
        # x'(a) scales the first value so that all rows have the innovation variance.
        edge = np.sqrt(1.0 - coefficient**2)
        one = np.r_[edge, np.full(n - 1, 1.0 - coefficient)]
        rows = np.r_[edge * z[0], z[1:] - coefficient * z[:-1]]
        rows = rows - one * float(one @ rows) / float(one @ one)
        variance = float(rows @ rows) / n
        return 0.5 * n * (np.log(2.0 * np.pi * max(variance, 1e-300)) + 1.0) - np.log(edge)

    found = optimize.minimize_scalar(negative, bounds=(-0.9999, 0.9999), method="bounded", options={"xatol": 1e-10})
    return -float(found.fun)


def _censored(a: float, b: float, n_inside: int, x: int, sums: tuple[float, float], cut: float) -> float:  # noqa: PLR0917
    # Olsen's coordinates a = mean / deviation, b = 1 / deviation: the likelihood (without constants) is concave.
    first, second = sums
    squares = b * b * second - 2.0 * a * b * first + x * a * a
    return n_inside * float(special.log_ndtr(b * cut - a)) + x * log(b) - 0.5 * squares


def _best_censored(n_inside: int, x: int, sums: tuple[float, float], cut: float) -> float:
    # Newton's method from the null; steps are halved until the likelihood rises.
    (first, second), a, b = sums, 0.0, 1.0
    value = _censored(a, b, n_inside, x, sums, cut)
    for _ in range(100):
        u = b * cut - a
        mills = exp(-0.5 * u * u - 0.5 * log(2.0 * pi) - float(special.log_ndtr(u)))
        bend = -mills * (u + mills)
        slope_a = -n_inside * mills + b * first - a * x
        slope_b = n_inside * mills * cut + x / b - b * second + a * first
        aa, ab = n_inside * bend - x, -n_inside * bend * cut + first
        bb = n_inside * bend * cut * cut - x / (b * b) - second
        determinant = aa * bb - ab * ab
        step_a, step_b = (ab * slope_b - bb * slope_a) / determinant, (ab * slope_a - aa * slope_b) / determinant
        if step_a * slope_a + step_b * slope_b < 1e-13:
            return value
        share = 1.0
        while share > 1e-12:
            if b + share * step_b > 0:
                ahead = _censored(a + share * step_a, b + share * step_b, n_inside, x, sums, cut)
                if ahead >= value:
                    break
            share *= 0.5
        else:
            return value
        a, b, value = a + share * step_a, b + share * step_b, ahead
    return value
