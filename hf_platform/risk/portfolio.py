"""Portfolio VaR and ES, and how much of them each instrument carries.

Two kinds of estimate, both linear in what the instruments lose, so that components add up exactly:

* closed forms for an elliptical law (normal or Student t) with a forecast mean and covariance;
* scenarios (filtered historical simulation, full revaluation), where VaR is Harrell and Davis's weighted mean of the
  ordered losses and ES its average over the confidences above.

References
----------
Jorion, P. (2007). Value at Risk, 3rd ed., chapter 7: marginal, component and incremental VaR.
Gourieroux, C., Laurent, J. P., Scaillet, O. (2000). Sensitivity analysis of Values at Risk. Journal of Empirical
Finance 7(3-4), 225-245.
Harrell, F., Davis, C. (1982). A new distribution-free quantile estimator. Biometrika 69(3), 635-640.
Barone-Adesi, G., Giannopoulos, K., Vosper, L. (1999). VaR without correlations for portfolios of derivative
securities. Journal of Futures Markets 19(5), 583-602.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from scipy import optimize
from scipy.special import betainc

from hf_platform.errors import DataError
from hf_platform.risk.covariance import check_covariance
from hf_platform.types import FloatArray
from hf_platform.volatility import distributions

FEWEST_TAIL_SCENARIOS: Final = 2.0  # expected beyond VaR; fewer and the largest loss alone would decide
_FREEDOM_BOUNDS: Final = (2.1, 200.0)
_NODES: Final = 16  # Gauss-Legendre, over the confidences above VaR's


@dataclass(frozen=True, slots=True, eq=False)
class PortfolioRisk:
    """VaR, ES and their parts, in the unit of the exposures (a currency, or shares of equity).

    Parameters
    ----------
    value_at_risk, expected_shortfall : float
        Positive is a loss.
    component_value_at_risk, component_expected_shortfall : float64 array, shape (n_instruments,)
        What each instrument contributes; they sum to the total.
    marginal_value_at_risk : float64 array, shape (n_instruments,)
        Change of VaR per unit of exposure added; NaN for a scenario estimate of an instrument without exposure.
    incremental_value_at_risk : float64 array, shape (n_instruments,)
        VaR minus the VaR of the portfolio with the instrument sold for cash.
    """

    value_at_risk: float
    expected_shortfall: float
    component_value_at_risk: FloatArray
    component_expected_shortfall: FloatArray
    marginal_value_at_risk: FloatArray
    incremental_value_at_risk: FloatArray


def parametric_risk(
    exposures: FloatArray,
    mean: FloatArray,
    covariance: FloatArray,
    confidence: float,
    *,
    freedom: float | None = None,
    names: Sequence[str] | None = None,
) -> PortfolioRisk:
    """Estimate VaR and ES of linear positions under an elliptical law.

    Parameters
    ----------
    exposures : float64 array, shape (n_instruments,)
        Value held in each instrument, negative when short.
    mean : float64 array, shape (n_instruments,)
        Expected return over the horizon [decimal].
    covariance : float64 array, shape (n_instruments, n_instruments)
        Of the returns over the horizon [decimal squared].
    confidence : float in (0.5, 1)
    freedom : float, optional
        Degrees of freedom of a Student t with this covariance, above 2; normal by default.
    names : sequence of str, optional
        For the text of an error.

    Returns
    -------
    PortfolioRisk

    Raises
    ------
    DataError
        If shapes disagree, a value is not finite, the covariance is none, or the confidence lies outside (0.5, 1).

    Notes
    -----
    With s the standard deviation of the profit and q the upper quantile of the unit-variance law,
    VaR = -w'm + q s, marginal VaR = -m + q (Cov w) / s, component VaR = w times marginal.
    """
    labels = list(names) if names is not None else [f"column {i}" for i in range(exposures.shape[0])]
    check_confidence(confidence)
    if exposures.ndim != 1 or mean.shape != exposures.shape or not np.isfinite(np.r_[exposures, mean]).all():
        raise DataError(
            f"exposures and means must be finite vectors of one length, found shapes {exposures.shape} and {mean.shape}"
            ". Align them by instrument."
        )
    check_covariance(covariance, labels)
    quantile, tail = unit_quantile(confidence, freedom)
    with_covariance = covariance @ exposures
    deviation = float(np.sqrt(max(float(exposures @ with_covariance), 0.0)))
    slope = with_covariance / deviation if deviation > 0.0 else np.zeros_like(exposures)
    marginal = -mean + quantile * slope
    component = exposures * marginal
    component_shortfall = exposures * (-mean + tail * slope)
    total = float(component.sum())
    # Selling instrument i changes the variance by -2 w_i (Cov w)_i + w_i^2 Cov_ii.
    rest = deviation**2 - 2.0 * exposures * with_covariance + exposures**2 * np.diag(covariance)
    without = -(float(exposures @ mean) - exposures * mean) + quantile * np.sqrt(np.maximum(rest, 0.0))
    return PortfolioRisk(total, float(component_shortfall.sum()), component, component_shortfall, marginal,
                         total - without)  # fmt: skip


def scenario_risk(profits: FloatArray, exposures: FloatArray, confidence: float) -> PortfolioRisk:
    """Estimate VaR and ES from equally likely scenarios.

    Parameters
    ----------
    profits : float64 array, shape (n_scenarios, n_instruments)
        Profit of what is held in each instrument; no NaN.
    exposures : float64 array, shape (n_instruments,)
        Value held, which scales marginal VaR.
    confidence : float in (0.5, 1)

    Returns
    -------
    PortfolioRisk

    Raises
    ------
    DataError
        If a profit is not finite, shapes disagree, or fewer than two scenarios are expected beyond VaR.
    """
    check_confidence(confidence)
    if profits.ndim != 2 or exposures.shape != profits.shape[1:] or not np.isfinite(profits).all():
        raise DataError(
            f"profits must be finite, one column an exposure; found shape {profits.shape} for {exposures.shape} "
            "exposures. Drop scenarios with missing returns, and say so."
        )
    n = profits.shape[0]
    quantile_weights, tail_weights = order_weights(n, confidence)
    losses = -profits
    total = losses.sum(axis=1)
    order = np.argsort(total, kind="stable")
    component = quantile_weights @ losses[order]
    component_shortfall = tail_weights @ losses[order]
    value_at_risk = float(component.sum())
    without = np.array([quantile_weights @ np.sort(total - losses[:, i]) for i in range(losses.shape[1])])
    with np.errstate(invalid="ignore", divide="ignore"):
        marginal = np.where(exposures != 0.0, component / exposures, np.nan)
    return PortfolioRisk(value_at_risk, float(component_shortfall.sum()), component, component_shortfall, marginal,
                         value_at_risk - without)  # fmt: skip


@lru_cache(maxsize=64)
def order_weights(n: int, confidence: float) -> tuple[FloatArray, FloatArray]:
    """Weigh ordered losses, smallest first, so that the sums are VaR and ES.

    Raises
    ------
    DataError
        If fewer than two of `n` losses are expected beyond VaR.

    Notes
    -----
    Harrell and Davis: loss i of n weighs I(i/n) - I((i-1)/n), I the Beta((n+1)p, (n+1)(1-p)) distribution. ES is the
    average of that quantile over p from the confidence to one, so ES >= VaR and both rise with the confidence.
    """
    if n * (1.0 - confidence) < FEWEST_TAIL_SCENARIOS - 1e-9:
        raise DataError(
            f"VaR at {confidence:g} needs {FEWEST_TAIL_SCENARIOS / (1.0 - confidence):.0f} scenarios, found {n}. "
            "Lengthen the history, or lower the confidence."
        )
    edges = np.arange(n + 1) / n
    nodes, node_weights = np.polynomial.legendre.leggauss(_NODES)
    levels = confidence + (1.0 - confidence) * 0.5 * (nodes + 1.0)
    cumulated = betainc((n + 1) * levels[:, None], (n + 1) * (1.0 - levels[:, None]), edges)
    tail = np.diff(0.5 * node_weights @ cumulated)
    at = np.diff(betainc((n + 1) * confidence, (n + 1) * (1.0 - confidence), edges))
    return at / at.sum(), tail / tail.sum()


def filtered_innovations(returns: FloatArray, mean: FloatArray, inverse_roots: FloatArray) -> FloatArray:
    """Standardise return vectors by the covariance that was forecast for them, shape (n_bars, n_instruments).

    Parameters
    ----------
    returns, mean : float64 array, shape (n_bars, n_instruments)
    inverse_roots : float64 array, shape (n_bars, n_instruments, n_instruments)
        Inverse symmetric roots of the forecast covariances.
    """
    return np.einsum("tij,tj->ti", inverse_roots, returns - mean)


def block_sums(innovations: FloatArray, n_bars: int) -> FloatArray:
    """Add up every `n_bars` consecutive rows and divide by the root of their number: innovations over the horizon."""
    if n_bars == 1:
        return innovations
    total = np.vstack([np.zeros(innovations.shape[1]), np.cumsum(innovations, axis=0)])
    return (total[n_bars:] - total[:-n_bars]) / np.sqrt(n_bars)


def estimate_freedom(standardised: FloatArray) -> float:
    """Fit the degrees of freedom of a unit-variance Student t to standardised returns by maximum likelihood.

    Returns
    -------
    float
        Between 2.1 and 200; at the upper end the law is normal for all that matters.

    Raises
    ------
    DataError
        If fewer than 50 finite values are given.
    """
    z = standardised[np.isfinite(standardised)]
    if z.size < 50:
        raise DataError(f"degrees of freedom need 50 standardised returns, found {z.size}. Lengthen the history.")
    z = z / np.sqrt(np.mean(z**2))

    def negative(inverse: float) -> float:
        return -float(distributions.log_density(z, "t", (1.0 / inverse,)).sum())

    low, high = 1.0 / _FREEDOM_BOUNDS[1], 1.0 / _FREEDOM_BOUNDS[0]
    found = optimize.minimize_scalar(negative, bounds=(low, high), method="bounded", options={"xatol": 1e-5})
    return float(1.0 / found.x)


def unit_quantile(confidence: float, freedom: float | None = None) -> tuple[float, float]:
    """Return the quantile of the loss and its mean beyond, for a law of mean zero and variance one."""
    name, shape = ("normal", ()) if freedom is None else ("t", (freedom,))
    tail = np.array([1.0 - confidence])
    quantile = distributions.quantile(tail, name, shape)
    beyond = distributions.tail_mean(tail, name, shape)
    return -float(quantile.ravel()[0]), -float(beyond.ravel()[0])


def check_confidence(confidence: float) -> None:
    """Refuse a confidence outside (0.5, 1).

    Raises
    ------
    DataError
        With a hint where a percentage was meant.
    """
    if not 0.5 < confidence < 1.0:
        meant = f" Write {confidence / 100:g}." if 50.0 < confidence < 100.0 else " Write it like 0.99."
        raise DataError(f"confidence must lie between 0.5 and 1, found {confidence}.{meant}")
