"""Dynamic conditional correlation: one GARCH per series, then Engle's recursion for the correlations.

With z_t the standardised innovations and S their second moments,

    Q_t = (1 - a - b) S + a z_t-1 z_t-1' + b Q_t-1,    R_t = diag(Q_t)^-1/2 Q_t diag(Q_t)^-1/2.

Q is a mixture of positive semi-definite matrices, so every R is a correlation matrix. Small panels use the full normal
likelihood; large ones the composite likelihood of neighbouring pairs, whose cost grows with the number of series and
which is free of the bias that an ill-conditioned S puts into the full one.

References
----------
Engle, R. (2002). Dynamic Conditional Correlation. Journal of Business and Economic Statistics 20(3), 339-350.
Pakel, C., Shephard, N., Sheppard, K., Engle, R. (2021). Fitting Vast Dimensional Time-Varying Covariance Models.
Journal of Business and Economic Statistics 39(3), 652-668.
"""

from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize

from hf_platform.errors import ConfigError, DataError, ModelError
from hf_platform.types import FloatArray
from hf_platform.volatility import garch
from hf_platform.volatility.dcc_likelihood import composite_terms, full_terms
from hf_platform.volatility.fits import GarchFits
from hf_platform.volatility.specification import FitStatus, GarchSpec

Likelihood = Literal["full", "composite"]
LARGEST_FULL_PANEL: Final = 20
_STARTS: Final = ((0.97, 0.02), (0.99, 0.01), (0.95, 0.06), (0.80, 0.15))  # persistence, share of a in it
_BOUNDS: Final = ((0.0, 0.9999), (0.0, 1.0))


@dataclass(frozen=True, eq=False)
class DccFit:
    """A fitted DCC(1,1).

    Parameters
    ----------
    a, b : float
        Weights of the last shock and of the last Q; a + b < 1.
    log_likelihood : float
        Of the univariate fits plus the correlation part, full or composite as `likelihood` says.
    std_errors : float64 array, shape (2,)
        Of a and b, robust (sandwich over bars), given the univariate fits. NaN on the boundary of a singular problem.
    likelihood : {"full", "composite"}
    univariate : GarchFits
    innovations : float64 array, shape (n_obs, n_series)
        Standardised innovations on the bars that all series share.
    intercept : float64 array, shape (n_series, n_series)
        Their second moments, S.
    """

    a: float
    b: float
    log_likelihood: float
    std_errors: FloatArray
    likelihood: Likelihood
    univariate: GarchFits
    innovations: FloatArray
    intercept: FloatArray

    @property
    def correlations(self) -> FloatArray:
        """Conditional correlations of the last bar, shape (n_series, n_series)."""
        return self.correlations_at(self.innovations.shape[0] - 1)

    def correlations_at(self, t: int) -> FloatArray:
        """Conditional correlations of bar `t` given the bars before it; `t` = n_obs is the forecast of the next bar.

        Raises
        ------
        DataError
            If `t` lies outside 0..n_obs.
        """
        return _correlation(self._q_at(t))

    def forecast_correlations(self, horizon: int) -> FloatArray:
        """Forecast the correlations of the next bars, shape (horizon, n_series, n_series).

        Raises
        ------
        ConfigError
            If the horizon is not positive.

        Notes
        -----
        From the second step on, R reverts to the correlations of S at the rate a + b, Engle and Sheppard's
        approximation.
        """
        _check_horizon(horizon)
        following, mean = self.correlations_at(self.innovations.shape[0]), _correlation(self.intercept)
        decay = ((self.a + self.b) ** np.arange(horizon))[:, None, None]
        return mean + decay * (following - mean)

    def forecast_covariance(self, horizon: int, seed: int = 0) -> FloatArray:
        """Forecast the covariance of the returns of each of the next bars, shape (horizon, n_series, n_series).

        Raises
        ------
        ConfigError
            If the horizon is not positive.
        """
        volatility = np.sqrt(self.univariate.forecast_variance(horizon, seed=seed)).T
        return self.forecast_correlations(horizon) * volatility[:, :, None] * volatility[:, None, :]

    def _q_at(self, t: int) -> FloatArray:
        n_obs = self.innovations.shape[0]
        if not 0 <= t <= n_obs:
            raise DataError(f"bar must lie in 0..{n_obs}, found {t}. Ask for a bar of the sample or the next one.")
        weights = self.a * self.b ** np.arange(t - 1, -1, -1)
        past = self.innovations[:t]
        return (1.0 - weights.sum()) * self.intercept + (past * weights[:, None]).T @ past


def _correlation(matrix: FloatArray) -> FloatArray:
    scale = np.sqrt(np.diag(matrix))
    out = matrix / scale[:, None] / scale[None, :]
    np.fill_diagonal(out, 1.0)
    return 0.5 * (out + out.T)


def _check_horizon(horizon: int) -> None:
    if horizon < 1:
        raise ConfigError(f"the horizon must be at least 1, found {horizon!r}. Ask for one or more steps.")


def fit(
    returns: ArrayLike,
    spec: GarchSpec | None = None,
    *,
    likelihood: Likelihood | Literal["auto"] = "auto",
    threads: int = 1,
) -> DccFit:
    """Fit univariate models, then the two correlation parameters.

    Parameters
    ----------
    returns : float64 array, shape (n_obs, n_series)
        At least two series; NaN in front of shorter ones. Correlations use the bars that all share.
    spec : GarchSpec, optional
        Univariate model of every series; GARCH(1,1) with normal innovations by default.
    likelihood : {"auto", "full", "composite"}
        By default full up to 20 series.
    threads : int
        Of the univariate step.

    Returns
    -------
    DccFit

    Raises
    ------
    ConfigError
        If the array or an option is malformed.
    DataError
        If fewer than two series are given or too few bars are shared.
    ModelError
        If a univariate fit failed; the text names the columns.
    """
    spec = spec or GarchSpec()
    panel = garch.as_panel(returns)
    if likelihood not in ("auto", "full", "composite"):
        raise ConfigError(f"likelihood must be auto, full or composite, found {likelihood!r}. Choose one of them.")
    if panel.shape[1] < 2:
        raise DataError(f"correlations need two series or more, found {panel.shape[1]}. Add columns.")
    fits = garch.fit_many(panel, spec, threads=threads)
    failed = np.flatnonzero(fits.status != FitStatus.OK)
    if failed.size:
        listed = ", ".join(f"{i} ({fits.status[i]})" for i in failed[:10])
        raise ModelError(f"every series needs a univariate fit, found failures in columns {listed}. Leave them out.")
    innovations = _shared_innovations(fits)
    chosen: Likelihood = "full" if panel.shape[1] <= LARGEST_FULL_PANEL else "composite"
    if likelihood != "auto":
        chosen = likelihood
    intercept = innovations.T @ innovations / innovations.shape[0]
    return _second_step(fits, innovations, intercept, chosen)


def _shared_innovations(fits: GarchFits) -> FloatArray:
    n_shared = int(fits.n_obs.min())
    if n_shared < fits.spec.min_observations:
        raise DataError(
            f"correlations need {fits.spec.min_observations} bars shared by all series, found {n_shared}. "
            "Leave out the shortest series."
        )
    out = np.empty((n_shared, fits.params.shape[0]))
    for i in range(out.shape[1]):
        series = fits.returns[-int(fits.n_obs[i]) :, i]
        z = garch.standardised_innovations(series, fits.params[i], fits.spec, presample=fits.presample)
        out[:, i] = z[-n_shared:]
    return out


def _terms(innovations: FloatArray, intercept: FloatArray, chosen: Likelihood, a: float, b: float) -> FloatArray:
    # Correlation part of the log-likelihood, bar by bar.
    out = np.zeros(innovations.shape[0])
    if chosen == "full":
        full_terms(innovations, intercept, a, b, out)
    else:
        composite_terms(innovations, intercept, a, b, out)
    return out


def _second_step(fits: GarchFits, innovations: FloatArray, intercept: FloatArray, chosen: Likelihood) -> DccFit:
    z = np.ascontiguousarray(innovations)

    def negative(point: FloatArray) -> float:
        total = float(_terms(z, intercept, chosen, point[0] * point[1], point[0] * (1.0 - point[1])).sum())
        return -total / z.shape[0] if np.isfinite(total) else 1e10

    start = min(_STARTS, key=lambda point: negative(np.array(point)))
    result: Any = optimize.minimize(
        negative, np.array(start), method="L-BFGS-B", bounds=_BOUNDS, options={"ftol": 1e-13, "gtol": 1e-8}
    )
    a, b = float(result.x[0] * result.x[1]), float(result.x[0] * (1.0 - result.x[1]))
    correlation_part = float(_terms(z, intercept, chosen, a, b).sum())
    return DccFit(
        a=a,
        b=b,
        log_likelihood=float(fits.log_likelihood.sum()) + correlation_part,
        std_errors=_sandwich(z, intercept, chosen, a, b),
        likelihood=chosen,
        univariate=fits,
        innovations=innovations,
        intercept=intercept,
    )


def _sandwich(z: FloatArray, intercept: FloatArray, chosen: Likelihood, a: float, b: float) -> FloatArray:
    # Central differences of the terms: scores bar by bar, and the Hessian of their sum.
    step = np.array([1e-4, 1e-4]) * np.maximum(np.array([a, 1.0 - a - b]), 1e-2)

    def at(i: float, j: float) -> FloatArray:
        return _terms(z, intercept, chosen, a + i * step[0], b + j * step[1])

    up, down, right, left, centre = at(1, 0), at(-1, 0), at(0, 1), at(0, -1), at(0, 0)
    scores = np.column_stack([(up - down) / (2 * step[0]), (right - left) / (2 * step[1])])
    mixed = float((at(1, 1) - at(1, -1) - at(-1, 1) + at(-1, -1)).sum()) / (4 * step[0] * step[1])
    hessian = np.array(
        [
            [float((up - 2 * centre + down).sum()) / step[0] ** 2, mixed],
            [mixed, float((right - 2 * centre + left).sum()) / step[1] ** 2],
        ]
    )
    if not np.isfinite(hessian).all() or np.linalg.det(hessian) <= 0.0 or hessian[0, 0] >= 0.0:
        return np.full(2, np.nan)
    inverse = np.linalg.inv(hessian)
    return np.sqrt(np.diag(inverse @ (scores.T @ scores) @ inverse))
