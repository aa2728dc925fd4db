"""What `garch.fit_many` returns."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from hf_platform.types import BoolArray, FloatArray, IntArray
from hf_platform.volatility.covariance import standard_errors
from hf_platform.volatility.forecasting import rolling_variance_forecast
from hf_platform.volatility.specification import GarchSpec, Presample


@dataclass(frozen=True, eq=False)
class GarchFits:
    """Fits of one specification to many series: all arrays run over series.

    Parameters
    ----------
    params : float64 array, shape (n_series, n_params)
        In the order of `param_names`, in the units of the returns. NaN where `status` is not ``ok``.
    log_likelihood : float64 array, shape (n_series,)
    status : array of FitStatus, shape (n_series,)
    at_boundary : bool array
        True where a converged fit rests on a constraint (a zero coefficient, unit persistence, a limit of the shape).
    gradient_norm : float64 array
        Largest score per observation that does not push against a constraint, in the optimiser's box coordinates.
    coordinates : float64 array, shape (n_series, n_coordinates)
        The optimum in the optimiser's box, a warm start for the next fit of the same series.
    n_optima : int64 array
        Distinct local optima that the starts ended in.
    n_obs : int64 array
        Returns used.
    location, scale : float64 array
        Sample mean (0 for a zero-mean model) and standard deviation used to standardise.
    returns : float64 array, shape (n_obs, n_series)
        The data, not copied; standard errors and forecasts are computed from them on request.
    """

    spec: GarchSpec
    presample: Presample
    params: FloatArray
    log_likelihood: FloatArray
    status: NDArray[np.object_]
    at_boundary: BoolArray
    gradient_norm: FloatArray
    coordinates: FloatArray
    n_optima: IntArray
    n_obs: IntArray
    location: FloatArray
    scale: FloatArray
    returns: FloatArray

    @property
    def param_names(self) -> tuple[str, ...]:
        """Names of the columns of `params`."""
        return self.spec.param_names

    @property
    def aic(self) -> FloatArray:
        """Akaike's criterion, lower is better."""
        return 2.0 * self.spec.n_params - 2.0 * self.log_likelihood

    @property
    def bic(self) -> FloatArray:
        """Schwarz's criterion, lower is better."""
        return self.spec.n_params * np.log(np.maximum(self.n_obs, 1)) - 2.0 * self.log_likelihood

    @cached_property
    def _errors(self) -> tuple[FloatArray, FloatArray]:
        return standard_errors(self)

    @property
    def std_errors(self) -> FloatArray:
        """Standard errors from the Hessian, in the order of `params`; NaN where it is singular. Computed once."""
        return self._errors[0]

    @property
    def robust_std_errors(self) -> FloatArray:
        """Bollerslev-Wooldridge standard errors, valid for a wrong distribution. Computed once."""
        return self._errors[1]

    def forecast_variance(self, horizon: int, seed: int = 0) -> FloatArray:
        """Forecast the variance of each of the next bars.

        Parameters
        ----------
        horizon : int
            Steps ahead, at least 1.
        seed : int
            Of the draws behind egarch forecasts of two and more steps.

        Returns
        -------
        float64 array, shape (n_series, horizon)
            Per step, not cumulated [squared units of the returns]; NaN rows where `status` is not ``ok``.

        Raises
        ------
        ConfigError
            If the horizon is not positive.
        """
        out = np.full((self.params.shape[0], horizon), np.nan)
        last = self.returns.shape[0] - 1
        for i in np.flatnonzero(np.isfinite(self.params).all(axis=1)):
            series = self.returns[last + 1 - self.n_obs[i] :, i]
            out[i] = rolling_variance_forecast(
                series, self.params[i], self.spec, np.array([series.shape[0] - 1]), horizon, presample=self.presample,
                seed=seed,
            )[0]  # fmt: skip
        return out
