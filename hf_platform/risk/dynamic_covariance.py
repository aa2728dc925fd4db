"""Covariances by forecast origin: DCC refitted on fixed anchors, filtered exactly in between.

Anchors are counted from the first bar, so that a longer history keeps the anchors, fits and forecasts it had. Each fit
uses the `window` bars before its anchor. Correlations are fitted by the composite likelihood of neighbouring pairs,
whose cost grows with the number of instruments and not with its cube.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.signal import lfilter

from hf_platform.errors import ConfigError, DataError, ModelError
from hf_platform.types import FloatArray, IntArray
from hf_platform.volatility import dcc, garch

SPEC: Final = garch.GarchSpec(process="gjr", distribution="normal")  # quasi-maximum likelihood: robust to fat tails
VARIANT: Final = "gjr-normal-composite"


@dataclass(frozen=True, slots=True)
class Schedule:
    """How many bars a fit uses, and how many bars pass before the next one."""

    window: int
    refit_every: int

    def __post_init__(self) -> None:
        """Check that both are positive."""
        if self.window < 1 or self.refit_every < 1:
            raise ConfigError(f"window and refit_every must be positive, found {self.window} and {self.refit_every}.")

    def anchors(self, n_returns: int) -> list[int]:
        """List the anchors: numbers of returns known at each fit; the first may be a shorter window."""
        if n_returns <= self.window:
            return [n_returns]
        return list(range(self.window, n_returns + 1, self.refit_every))


# Eight years of days, ten of weeks, fifteen of months: long enough for correlations, short enough to change.
SCHEDULES: Final = {"1d": Schedule(2000, 504), "1w": Schedule(520, 104), "1mo": Schedule(180, 36)}
FEWEST: Final = {"1d": 500, "1w": 150, "1mo": 100}  # returns below which no fit is tried


@dataclass(frozen=True, slots=True, eq=False)
class CovarianceForecasts:
    """Mean and covariance of the log return summed over a horizon, by origin.

    Parameters
    ----------
    origins : int64 array, shape (n_origins,)
        Index of the last return that each forecast knows.
    mean : float64 array, shape (n_instruments,)
        Summed over the horizon [decimal].
    covariance : float64 array, shape (n_origins, n_instruments, n_instruments)
        Of the sum over the horizon [decimal squared].
    """

    origins: IntArray
    mean: FloatArray
    covariance: FloatArray


def fit_anchor(returns: FloatArray, anchor: int, window: int, *, threads: int = 1) -> dcc.DccFit:
    """Fit DCC to the `window` returns before an anchor.

    Raises
    ------
    DataError
        If a return is missing, or two instruments move as one, so that their correlations have no inverse.
    ModelError
        If a univariate fit failed.
    """
    sample = np.ascontiguousarray(returns[max(0, anchor - window) : anchor])
    if not np.isfinite(sample).all():
        raise DataError("returns must be complete on shared bars, found NaN or infinity. Leave such bars out.")
    if sample.shape[1] == 1:
        return _alone(sample, threads)
    return dcc.fit(sample, SPEC, likelihood="composite", threads=threads)


def _alone(sample: FloatArray, threads: int) -> dcc.DccFit:
    # One instrument has no correlations: its variance model in the shape of a DCC.
    univariate = garch.fit_many(sample, SPEC, threads=threads)
    if univariate.status[0] != garch.FitStatus.OK:
        raise ModelError(f"the only instrument needs a univariate fit, found {univariate.status[0]}. Check its prices.")
    z = garch.standardised_innovations(sample[:, 0], univariate.params[0], SPEC, presample=univariate.presample)
    return dcc.DccFit(
        a=0.0,
        b=0.0,
        log_likelihood=float(univariate.log_likelihood[0]),
        std_errors=np.full(2, np.nan),
        likelihood="composite",
        univariate=univariate,
        innovations=z[:, None],
        intercept=np.ones((1, 1)),
    )


def forecast(fit: dcc.DccFit, returns: FloatArray, start: int, origins: IntArray, n_bars: int) -> CovarianceForecasts:
    """Forecast with a fit's parameters, filtered through all returns up to each origin.

    Parameters
    ----------
    fit : dcc.DccFit
        Made from the returns ``start`` to ``start`` + its length.
    returns : float64 array, shape (n_returns, n_instruments)
    start : int
        First return of the fit's window.
    origins : int64 array
        Indices into `returns`, increasing, none before `start`. Origins inside the window are in sample.
    n_bars : int
        Bars of the horizon.

    Raises
    ------
    DataError
        If an origin lies before the window or beyond the data.

    Notes
    -----
    Correlations of later bars revert to the correlations of the intercept at the rate a + b (Engle and Sheppard's
    approximation), variances follow their closed form; the covariance over the horizon is the sum over its bars.
    """
    if origins.size == 0 or origins[0] < start or origins[-1] >= returns.shape[0]:
        raise DataError(f"origins must lie in {start}..{returns.shape[0] - 1}, found {origins!r}. Pass bar indices.")
    segment = np.ascontiguousarray(returns[start : int(origins[-1]) + 1])
    n_train, places = fit.univariate.returns.shape[0], origins - start
    innovations, variances = np.empty_like(segment), np.empty((origins.size, n_bars, segment.shape[1]))
    for i, params in enumerate(fit.univariate.params):
        column = np.ascontiguousarray(segment[:, i])
        presample = fit.univariate.presample
        innovations[:, i] = garch.standardised_innovations(
            column, params, fit.univariate.spec, n_train=n_train, presample=presample
        )
        variances[:, :, i] = garch.rolling_variance_forecast(
            column, params, fit.univariate.spec, places, n_bars, n_train=n_train, presample=presample
        )
    following = _correlations(filtered_q(innovations, fit.intercept, fit.a, fit.b)[places + 1])
    long_run = _correlations(fit.intercept[None])[0]
    total = np.zeros_like(following)
    for step in range(n_bars):
        volatility = np.sqrt(variances[:, step])
        correlation = long_run + (fit.a + fit.b) ** step * (following - long_run)
        total += correlation * volatility[:, :, None] * volatility[:, None, :]
    location = fit.univariate.params[:, 0] if fit.univariate.spec.mean == "constant" else np.zeros(segment.shape[1])
    return CovarianceForecasts(origins, location * n_bars, total)


def filtered_q(innovations: FloatArray, intercept: FloatArray, a: float, b: float) -> FloatArray:
    """Run Q forward from its intercept, shape (n_bars + 1, n, n); row t is known before bar t."""
    shocks = innovations[:, :, None] * innovations[:, None, :]
    drive = np.concatenate([intercept[None], (1.0 - a - b) * intercept + a * shocks])
    return np.asarray(lfilter([1.0], [1.0, -b], drive, axis=0))


def _correlations(q: FloatArray) -> FloatArray:
    scale = np.sqrt(np.diagonal(q, axis1=1, axis2=2))
    out = q / scale[:, :, None] / scale[:, None, :]
    out = 0.5 * (out + np.swapaxes(out, 1, 2))
    out[:, np.eye(q.shape[1], dtype=bool)] = 1.0
    return out


def origins_of(n_returns: int, first: int, n_bars: int) -> IntArray:
    """List a horizon's origins: every `n_bars`-th return from the first anchor's last one on, and the newest."""
    grid = np.arange(first - 1, n_returns, n_bars)
    return np.unique(np.append(grid, n_returns - 1)).astype(np.int64)


def owners(origins: IntArray, anchors: Sequence[int]) -> IntArray:
    """Say which anchor's parameters are in force at each origin: the last one known by then."""
    return np.searchsorted(np.asarray(anchors), origins + 1, side="right") - 1
