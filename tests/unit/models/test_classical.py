"""ARIMA, Prophet, HAR-RV and the baselines, each against its own library or a plain loop."""

import warnings
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose

from hf_platform.horizons import Horizon
from hf_platform.models import get_family
from hf_platform.models.base import FitFailure, FitTask, Fitted, ModelFamily, OriginSet, Series, Status
from hf_platform.models.families.arima import invertible
from hf_platform.types import ForecastDistribution, GridKey

Maker = Callable[..., Series]


def task_of(family: ModelFamily, series: Series, horizon: str = "1d", variant: str = "") -> FitTask:
    key = GridKey(series.instrument, horizon)
    return FitTask("id", key, Horizon.parse(horizon), variant or family.variants[0], series, 1, 1_001, 3)


def fit(family: ModelFamily, task: FitTask) -> Fitted:
    (fitted,) = family.fit_many([task])
    assert isinstance(fitted, Fitted), fitted
    return fitted


def forecast(family: ModelFamily, task: FitTask, origins: np.ndarray) -> ForecastDistribution:
    (found,) = family.forecast_many([fit(family, task)], [OriginSet(task.series, origins)])
    assert isinstance(found, ForecastDistribution)
    return found


def autoregressive(make_series: Maker, ar: float = 0.5, ma: float = 0.3) -> Series:
    series = make_series(n_bars=1_400)
    shocks = 0.01 * np.random.default_rng(6).standard_normal(len(series))
    returns = np.full(len(series), np.nan)
    returns[1] = shocks[1]
    for t in range(2, len(series)):
        returns[t] = 4e-4 + ar * returns[t - 1] + shocks[t] + ma * shocks[t - 1]
    return replace(series, log_return=returns)


def test_arima_recovers_a_textbook_process_and_beats_the_mean(make_series: Maker) -> None:
    family, series = get_family("arima"), autoregressive(make_series)
    fitted = fit(family, task_of(family, series))
    assert np.allclose(fitted.params["ar"][0], 0.5, atol=0.1)  # type: ignore[index]
    assert fitted.params["variance"] == pytest.approx(1e-4, rel=0.15)
    origins = np.arange(1_000, 1_399)
    found = forecast(family, task_of(family, series), origins)
    naive = forecast(
        get_family("baseline"), task_of(get_family("baseline"), series, variant="historical_mean"), origins
    )
    realised = series.log_return[origins + 1]
    assert np.square(realised - found.mean).mean() < 0.65 * np.square(realised - naive.mean).mean()


@pytest.mark.parametrize("horizon", ["1d", "5d"])
def test_arima_equals_statsforecast_used_alone(horizon: str, make_series: Maker) -> None:
    from statsforecast.models import AutoARIMA

    family, series = get_family("arima"), autoregressive(make_series)
    n_bars = Horizon.parse(horizon).n_bars
    found = forecast(family, task_of(family, series, horizon), np.array([1_000, 1_200]))
    window = series.log_return[1:1_001]
    scale = window.std()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # candidates that it drops again
        peer = AutoARIMA(d=0, seasonal=False, max_p=1, max_q=1, approximation=True).fit(window / scale)
    at_anchor = scale * peer.predict(n_bars)["mean"].sum()
    later = scale * peer.forward(series.log_return[1:1_201] / scale, n_bars)["mean"].sum()
    np.testing.assert_allclose(found.mean, [at_anchor, later], rtol=1e-4)


def test_arima_likelihood_is_that_of_the_returns(make_series: Maker) -> None:
    family, series = get_family("arima"), autoregressive(make_series)
    one = fit(family, task_of(family, series))
    ten = fit(family, task_of(family, replace(series, log_return=8 * series.log_return)))
    assert one.log_likelihood is not None
    assert ten.log_likelihood == pytest.approx(one.log_likelihood - 1_000 * np.log(8))


def test_horizons_share_one_arima_fit(make_series: Maker) -> None:
    family, series = get_family("arima"), autoregressive(make_series)
    fits = family.fit_many([task_of(family, series, horizon) for horizon in ("1d", "20d")])
    assert fits[0].params is fits[1].params  # type: ignore[union-attr]
    assert fits[1].task.key.horizon == "20d"


def test_the_curve_of_prophet_is_the_librarys_own(make_series: Maker) -> None:
    import pandas as pd
    from prophet import Prophet

    from hf_platform.models.families.prophet import ProphetSpec, evaluate

    family, series = get_family("prophet"), make_series(n_bars=1_400)
    fitted = fit(family, task_of(family, series))
    spec, window = ProphetSpec(), slice(1, 1_001)
    peer = Prophet(
        changepoint_prior_scale=spec.changepoint_prior_scale,
        seasonality_prior_scale=spec.seasonality_prior_scale,
        yearly_seasonality=spec.yearly_order,
        weekly_seasonality=False,
        daily_seasonality=False,
        uncertainty_samples=0,
    )
    level = np.cumsum(series.log_return[window] / series.log_return[window].std())
    peer.fit(pd.DataFrame({"ds": series.event_at[window], "y": level}), seed=3)
    times = series.event_at[[500, 1_000, 1_300]]
    expected = peer.predict(pd.DataFrame({"ds": times}))["yhat"].to_numpy()
    np.testing.assert_allclose(evaluate(fitted.params, times), expected, rtol=1e-6, atol=1e-6)


def test_prophet_finds_a_yearly_season(make_series: Maker) -> None:
    family, series = get_family("prophet"), make_series(n_bars=1_400)
    day = np.arange(len(series))
    season = 0.004 * np.cos(2 * np.pi * day / 365.25)
    noise = 0.004 * np.random.default_rng(2).standard_normal(len(series))
    told = replace(series, log_return=np.where(day > 0, season + noise, np.nan))
    origins = np.arange(1_000, 1_350)
    found = forecast(family, task_of(family, told, "20d"), origins)
    realised = np.array([told.log_return[i + 1 : i + 21].sum() for i in origins])
    assert np.square(realised - found.mean).mean() < 0.35 * np.square(realised).mean()


def test_har_follows_the_range_and_keeps_the_level_of_returns(make_series: Maker) -> None:
    family = get_family("har_rv")
    series = make_series(n_bars=1_400, feature_names=family.feature_names)
    origins = np.arange(1_000, 1_399)
    found = forecast(family, task_of(family, series), origins)
    realised = series.log_return[origins + 1]
    assert np.square(realised / found.volatility).mean() == pytest.approx(1.0, abs=0.35)
    five = forecast(family, task_of(family, series, "5d"), origins)
    assert (five.volatility > 1.5 * found.volatility.min()).all()
    calm = replace(series, features=np.where(np.arange(1_400)[:, None] > 1_300, 1e-7, series.features))
    after = forecast(family, task_of(family, calm), origins)
    assert after.volatility[-1] < 0.5 * found.volatility[-1]
    np.testing.assert_array_equal(after.volatility[:300], found.volatility[:300])


def test_har_does_not_apply_to_closes_only_and_says_so(make_series: Maker) -> None:
    family = get_family("har_rv")
    series = make_series(feature_names=family.feature_names)
    (outcome,) = family.fit_many([task_of(family, replace(series, features=np.full_like(series.features, np.nan)))])
    assert isinstance(outcome, FitFailure)
    assert outcome.status is Status.SKIPPED
    assert "high and low" in outcome.reason
    holes = series.features.copy()
    holes[200:300] = np.nan
    (outcome,) = family.fit_many([task_of(family, replace(series, features=holes))])
    assert isinstance(outcome, FitFailure)
    assert outcome.status is Status.BAD_DATA


def test_baselines_by_hand(make_series: Maker) -> None:
    family, series = get_family("baseline"), make_series()
    window, origins = series.log_return[1:1_001], np.array([1_000, 1_100])
    for variant, expected in {
        "random_walk": [0.0, 0.0],
        "historical_mean": [5 * window.mean()] * 2,
        "naive": [series.log_return[996:1_001].sum(), series.log_return[1_096:1_101].sum()],
    }.items():
        found = forecast(family, task_of(family, series, "5d", variant), origins)
        np.testing.assert_allclose(found.mean, expected, atol=1e-15)
    total = np.convolve(window, np.ones(5), "valid")
    assert found.volatility[0] == pytest.approx((total[5:] - total[:-5]).std(ddof=1), rel=1e-9)


@pytest.mark.parametrize("ma", [[2.0], [-1.6, 0.2], [0.3, 0.5], [0.5, 3.0], []])
def test_an_invertible_moving_average_has_the_same_autocovariances(ma: list[float]) -> None:
    def autocovariances(coefficients, variance):
        response = np.r_[1.0, coefficients]
        return variance * np.correlate(response, response, "full")

    found, variance = invertible(np.array(ma), 1.7)
    assert_allclose(autocovariances(found, variance), autocovariances(np.array(ma), 1.7), rtol=1e-10, atol=1e-12)
    assert not np.any(np.abs(np.roots(np.r_[found[::-1], 1.0])) < 1.0)
