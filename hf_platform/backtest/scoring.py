"""Proper losses of forecasts: lower is better, averages compare models on the same forecasts only."""

import numpy as np
from numpy.typing import ArrayLike

from hf_platform.backtest.results import check_forecasts, tail_probability
from hf_platform.errors import DataError
from hf_platform.types import FloatArray


def tick_loss(losses: ArrayLike, value_at_risk: ArrayLike, confidence: float) -> FloatArray:
    """Score VaR forecasts by the quantile loss.

    Parameters
    ----------
    losses, value_at_risk : float array, shape (n_forecasts,)
        Realised losses and VaR forecasts, positive for a loss [decimal], finite.
    confidence : float in (0, 1)
        VaR confidence [probability].

    Returns
    -------
    float64 array, shape (n_forecasts,)
        ``(confidence - 1(loss <= VaR)) (loss - VaR)`` [decimal], never negative.

    Raises
    ------
    DataError
        If the vectors are misaligned or not finite, VaR has the wrong sign, or `confidence` is outside (0, 1).

    References
    ----------
    Koenker, R. and Bassett, G. (1978). Regression Quantiles. Econometrica 46(1), 33-50.
    """
    tail = tail_probability(confidence)
    loss, var, _ = check_forecasts(losses, value_at_risk)
    excess = loss - var
    return np.where(excess > 0, (1.0 - tail) * excess, -tail * excess)


def pinball(observed: ArrayLike, quantiles: ArrayLike, probability: float) -> FloatArray:
    """Score forecasts of any quantile of a quantity.

    Parameters
    ----------
    observed, quantiles : float array, shapes that broadcast
        Realised values and forecast quantiles, in the same unit, finite.
    probability : float in (0, 1)
        Probability of falling at or below the quantile.

    Returns
    -------
    float64 array
        ``(probability - 1(observed < quantile)) (observed - quantile)``, never negative.

    Raises
    ------
    DataError
        If a value is not finite or `probability` is outside (0, 1).
    """
    gap = _finite("observed", observed) - _finite("quantiles", quantiles)
    if not 0.0 < probability < 1.0:
        raise DataError(f"probability must lie strictly between 0 and 1, found {probability:g}. Pass one such as 0.05.")
    return np.maximum(probability * gap, (probability - 1.0) * gap)


def qlike(realised_variance: ArrayLike, forecast_variance: ArrayLike) -> FloatArray:
    """Score variance forecasts; robust to noise in the realised variance.

    Parameters
    ----------
    realised_variance : float array
        Proxy such as the squared return [decimal squared], not negative; zero is allowed.
    forecast_variance : float array of the same shape
        Forecast [decimal squared], positive.

    Returns
    -------
    float64 array
        ``log(forecast) + realised / forecast``; may be negative, only differences matter.

    Raises
    ------
    DataError
        If a value is not finite, a realised variance is negative or a forecast is not positive.

    References
    ----------
    Patton, A. J. (2011). Volatility forecast comparison using imperfect volatility proxies.
    Journal of Econometrics 160(1), 246-256.
    """
    realised, forecast = _finite("realised_variance", realised_variance), _finite("forecast", forecast_variance)
    if (realised < 0).any() or (forecast <= 0).any():
        raise DataError(
            "realised variance must not be negative and its forecast must be positive, found "
            f"{realised.min():g} and {forecast.min():g}. Pass variances, not volatilities or returns."
        )
    return np.log(forecast) + realised / forecast


def fissler_ziegel(
    losses: ArrayLike, value_at_risk: ArrayLike, expected_shortfall: ArrayLike, confidence: float
) -> FloatArray:
    """Score VaR and ES forecasts together (the zero-degree homogeneous member of the family).

    Parameters
    ----------
    losses, value_at_risk, expected_shortfall : float array, shape (n_forecasts,)
        Realised losses and forecasts, positive for a loss [decimal], finite; ES positive.
    confidence : float in (0, 1)
        VaR and ES confidence [probability].

    Returns
    -------
    float64 array, shape (n_forecasts,)
        ``1(loss > VaR) (loss - VaR) / ((1 - confidence) ES) + VaR / ES + log(ES) - 1``.

    Raises
    ------
    DataError
        If the vectors are misaligned or not finite, an ES is not positive or below its VaR, or
        `confidence` is outside (0, 1).

    References
    ----------
    Fissler, T. and Ziegel, J. F. (2016). Higher order elicitability and Osband's principle. Annals of
    Statistics 44(4), 1680-1707. Patton, A. J., Ziegel, J. F. and Chen, R. (2019). Dynamic semiparametric
    models for expected shortfall (and Value-at-Risk). Journal of Econometrics 211(2), 388-413.
    """
    tail = tail_probability(confidence)
    loss, var, es = check_forecasts(losses, value_at_risk, expected_shortfall)
    if (es <= 0).any():
        raise DataError(f"expected_shortfall must be positive, found {es.min():g}. Drop those forecasts first.")
    return np.maximum(loss - var, 0.0) / (tail * es) + var / es + np.log(es) - 1.0


def quantile_crps(observed: ArrayLike, quantiles: ArrayLike, probabilities: ArrayLike) -> FloatArray:
    """Approximate the continuous ranked probability score from a grid of quantiles.

    Parameters
    ----------
    observed : float array, shape (n_forecasts,)
    quantiles : float array, shape (n_forecasts, n_probabilities)
    probabilities : float array, shape (n_probabilities,), increasing in (0, 1)

    Returns
    -------
    float64 array, shape (n_forecasts,)
        Twice the pinball loss integrated over probability by the trapezoid rule within the grid, in
        the unit of the observations.

    Raises
    ------
    DataError
        If shapes disagree, a value is not finite, or probabilities do not increase within (0, 1).

    References
    ----------
    Gneiting, T. and Raftery, A. E. (2007). Strictly Proper Scoring Rules, Prediction, and Estimation.
    Journal of the American Statistical Association 102(477), 359-378.
    """
    values, grid = _finite("observed", observed), _finite("quantiles", quantiles)
    levels = _finite("probabilities", probabilities)
    if values.ndim != 1 or grid.shape != (values.size, levels.size) or levels.size < 2:
        raise DataError(
            f"quantiles must have shape (n_forecasts, n_probabilities), found {grid.shape} for {values.shape} "
            f"observations and {levels.shape} probabilities. Align them first."
        )
    if (np.diff(levels) <= 0).any() or levels[0] <= 0 or levels[-1] >= 1:
        raise DataError(f"probabilities must increase within (0, 1), found {levels.tolist()}. Sort them.")
    gap = values[:, None] - grid
    scores = np.maximum(levels * gap, (levels - 1.0) * gap)
    return 2.0 * np.trapezoid(scores, levels, axis=1)


def squared_error(observed: ArrayLike, forecast: ArrayLike) -> FloatArray:
    """Score forecasts of a mean (or of a variance) by the squared error.

    Parameters
    ----------
    observed, forecast : float array, shapes that broadcast
        In the same unit, finite.

    Raises
    ------
    DataError
        If a value is not finite.
    """
    return (_finite("observed", observed) - _finite("forecast", forecast)) ** 2


def scaled_error(observed: ArrayLike, forecast: ArrayLike, history: ArrayLike, season: int = 1) -> float:
    """Return the mean absolute scaled error (MASE): below one beats the naive forecast of the past.

    Parameters
    ----------
    observed, forecast : float array, shape (n_forecasts,)
        In the same unit, finite.
    history : float array, shape (n_history,)
        The training values; their mean absolute change over `season` bars is the scale.
    season : int
        Bars back of the naive forecast; 1 is the random walk.

    Raises
    ------
    DataError
        If shapes disagree, a value is not finite, the history is not longer than the season, or never changes.

    References
    ----------
    Hyndman, R. J. and Koehler, A. B. (2006). Another look at measures of forecast accuracy. International
    Journal of Forecasting 22(4), 679-688.
    """
    past = _finite("history", history)
    actual, made = _pair(observed, forecast)
    if season < 1 or past.ndim != 1 or past.size <= season:
        raise DataError(f"the history must be longer than the season, found {past.shape} and {season}. Load more.")
    scale = float(np.abs(past[season:] - past[:-season]).mean())
    if not scale > 0:
        raise DataError("the history never changes: there is no naive error to scale by. Use the absolute error.")
    return float(np.abs(actual - made).mean()) / scale


def symmetric_percentage_error(observed: ArrayLike, forecast: ArrayLike) -> FloatArray:
    """Score positive forecasts by the symmetric absolute percentage error (sMAPE), between 0 and 200 %.

    Parameters
    ----------
    observed, forecast : float array, shape (n_forecasts,)
        In the same unit, finite; where both are zero the error is 0.

    Returns
    -------
    float64 array, shape (n_forecasts,)
        ``200 |forecast - observed| / (|forecast| + |observed|)`` [per cent].

    Raises
    ------
    DataError
        If shapes disagree or a value is not finite.

    References
    ----------
    Makridakis, S. (1993). Accuracy measures: theoretical and practical concerns. International Journal of
    Forecasting 9(4), 527-529.
    """
    actual, made = _pair(observed, forecast)
    total = np.abs(actual) + np.abs(made)
    return 200.0 * np.abs(made - actual) / np.where(total > 0, total, 1.0)


def _pair(observed: ArrayLike, forecast: ArrayLike) -> tuple[FloatArray, FloatArray]:
    actual, made = _finite("observed", observed), _finite("forecast", forecast)
    if actual.ndim != 1 or actual.size == 0 or actual.shape != made.shape:
        raise DataError(
            f"observed and forecast must be vectors of one length, found {actual.shape} and {made.shape}. "
            "Join them by forecast origin first."
        )
    return actual, made


def _finite(name: str, values: ArrayLike) -> FloatArray:
    array = np.asarray(values, dtype=np.float64)
    bad = int((~np.isfinite(array)).sum())
    if bad:
        raise DataError(f"{name} must be finite, found {bad} NaN or infinite values. Drop those forecasts first.")
    return array
