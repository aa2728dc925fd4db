"""Walk forward: refit at fixed anchors, filter exactly between them.

Anchor k lies `refit_every` bars after anchor k - 1. Every `cold_every`-th anchor is fitted from cold starts; the
others start warm from the anchor before, beside one cold start as a guard against old basins. The chain from a cold
anchor on depends on nothing before it, so replaying a stretch or appending data gives the same bytes.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from hf_platform.errors import ConfigError, DataError
from hf_platform.types import FloatArray, IntArray
from hf_platform.volatility import garch
from hf_platform.volatility.forecasting import rolling_variance_forecast
from hf_platform.volatility.specification import GarchSpec, Presample


@dataclass(frozen=True, slots=True, eq=False)
class RollingForecasts:
    """Variance forecasts at every origin, with the parameters that made them.

    Parameters
    ----------
    anchors : int64 array, shape (n_anchors,)
        Number of bars known at each refit; the fit used the `window` bars before it.
    params : float64 array, shape (n_anchors, n_series, n_params)
        NaN where a fit failed.
    origins : int64 array, shape (n_origins,)
        Bar index that each forecast knows last.
    variance : float64 array, shape (n_origins, n_series, horizon)
        Per step, not cumulated; NaN where the fit in force failed.
    """

    anchors: IntArray
    params: FloatArray
    origins: IntArray
    variance: FloatArray


def walk_forward(
    returns: ArrayLike,
    spec: GarchSpec,
    *,
    window: int,
    refit_every: int = 21,
    cold_every: int = 6,
    horizon: int = 1,
    presample: Presample = "backcast",
    starts: int = 3,
    seed: int = 0,
    threads: int = 1,
) -> RollingForecasts:
    """Forecast at every bar from `window` on, refitting every `refit_every` bars.

    Parameters
    ----------
    returns : float64 array, shape (n_obs, n_series)
        NaN in front of shorter series only; a series is forecast once its window is long enough.
    spec : GarchSpec
    window : int
        Bars of each fit.
    refit_every : int
        Bars between refits; between them parameters are fixed and the filter runs on.
    cold_every : int
        Every so many refits start cold; 1 means always.
    horizon : int
        Steps ahead of each forecast.
    presample, starts, seed, threads
        As in ``garch.fit_many`` and ``garch.rolling_variance_forecast``.

    Returns
    -------
    RollingForecasts

    Raises
    ------
    ConfigError
        If a count is not positive.
    DataError
        If there are fewer bars than the window.
    """
    panel = garch.as_panel(returns)
    if min(window, refit_every, cold_every, horizon) < 1:
        raise ConfigError(
            f"window, refit_every, cold_every and horizon must be positive, found {window}, {refit_every}, "
            f"{cold_every}, {horizon}. Mend them."
        )
    n_obs, n_series = panel.shape
    if n_obs < window:
        raise DataError(f"at least {window} bars are needed for one window, found {n_obs}. Load more history.")
    anchors: IntArray = np.arange(window, n_obs + 1, refit_every, dtype=np.int64)
    origins: IntArray = np.arange(window - 1, n_obs, dtype=np.int64)
    params = np.full((anchors.shape[0], n_series, spec.n_params), np.nan)
    variance = np.full((origins.shape[0], n_series, horizon), np.nan)
    warm: FloatArray | None = None
    for k, stop in enumerate(anchors):
        cold = k % cold_every == 0
        fits = garch.fit_many(
            panel[stop - window : stop], spec, presample, starts if cold else 2, threads=threads,
            warm=None if cold else warm,
        )  # fmt: skip
        warm, params[k] = fits.coordinates, fits.params
        last = min(int(stop) + refit_every - 1, n_obs)
        for i in np.flatnonzero(np.isfinite(fits.params).all(axis=1)):
            first = int(stop) - int(fits.n_obs[i])
            gaps = np.flatnonzero(~np.isfinite(panel[stop:last, i]))  # nothing is forecast from a gap to the next refit
            end = int(stop + gaps[0]) if gaps.size else last
            series = panel[first:end, i]
            places = np.arange(int(stop) - 1, end)
            variance[places - (window - 1), i] = rolling_variance_forecast(
                series, fits.params[i], spec, places - first, horizon, n_train=int(fits.n_obs[i]),
                presample=presample, seed=seed,
            )  # fmt: skip
    return RollingForecasts(anchors, params, origins, variance)
