"""Boosted trees: purged tails, early stopping, calibrated quantiles, devices, and a planted signal."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from hf_platform.backtest.scoring import quantile_crps
from hf_platform.errors import ConfigError
from hf_platform.horizons import Horizon
from hf_platform.models import device, get_family
from hf_platform.models.base import FitFailure, FitTask, Fitted, ModelFamily, OriginSet, Series, Status
from hf_platform.models.boosting import MIN_TAIL, purged_tail
from hf_platform.models.spread import spread_distribution, spread_params
from hf_platform.models.supervised import TrainingRows, training_rows
from hf_platform.types import PROBABILITIES, ForecastDistribution, GridKey

Maker = Callable[..., Series]
BOOSTERS = ("xgboost", "lightgbm", "catboost")
EACH = pytest.mark.parametrize("name", BOOSTERS)


def task_of(series: Series, variant: str, horizon: str = "1d", stop: int = 1_501, **changes: object) -> FitTask:
    key = GridKey(series.instrument, horizon)
    task = FitTask("id", key, Horizon.parse(horizon), variant, series, 1, stop, 3)
    return replace(task, **changes)


def signal(make_series: Maker, family: ModelFamily) -> Series:
    """A world with a step in the mean and twice the noise where another feature is positive."""
    series = make_series(n_bars=2_000, feature_names=family.feature_names)
    rng = np.random.default_rng(8)
    features = rng.standard_normal(series.features.shape)
    noise = rng.standard_normal(len(series))
    returns = series.log_return.copy()
    returns[1:] = 0.01 * (0.8 * np.sign(features[:-1, 0]) + (1 + (features[:-1, 1] > 0)) * 0.7 * noise[1:])
    return replace(series, log_return=returns, features=features)


def forecast(family: ModelFamily, task: FitTask, origins: np.ndarray) -> ForecastDistribution:
    (fitted,) = family.fit_many([task])
    assert isinstance(fitted, Fitted), fitted
    (found,) = family.forecast_many([fitted], [OriginSet(task.series, origins)])
    assert isinstance(found, ForecastDistribution)
    return found


@EACH
def test_a_planted_signal_beats_the_historical_mean_by_a_quarter(name: str, make_series: Maker) -> None:
    family = get_family(name)
    series, origins = signal(make_series, get_family(name)), np.arange(1_500, 1_999)
    realised = series.log_return[origins + 1]
    found = forecast(family, task_of(series, "mean"), origins)
    naive = forecast(get_family("baseline"), task_of(series, "historical_mean"), origins)
    # The world allows 0.66 at best: the noise is the rest.
    assert np.square(realised - found.mean).mean() < 0.75 * np.square(realised - naive.mean).mean()


@EACH
def test_quantiles_follow_the_noise_and_are_calibrated(name: str, make_series: Maker) -> None:
    family = get_family(name)
    series, origins = signal(make_series, family), np.arange(1_500, 1_999)
    realised = series.log_return[origins + 1]
    found = forecast(family, task_of(series, "quantile"), origins)
    mean = forecast(family, task_of(series, "mean"), origins)
    wild = series.features[origins, 1] > 0
    assert found.volatility[wild].mean() > 1.3 * found.volatility[~wild].mean()
    scores = [quantile_crps(realised, d.quantiles, PROBABILITIES).mean() for d in (found, mean)]
    # CatBoost's quantile leaves move by small gradient steps: no better than an even spread within 100 rounds.
    assert scores[0] < scores[1] * (1.01 if name == "catboost" else 1.0)
    for probability in (0.05, 0.25, 0.5, 0.75, 0.95):
        share = (realised <= found.quantiles[:, PROBABILITIES.index(probability)]).mean()
        assert abs(share - probability) < 4 * np.sqrt(0.25 / origins.size)


@EACH
def test_noise_stops_the_trees_early(name: str, make_series: Maker) -> None:
    family = get_family(name)
    series = make_series(n_bars=1_600, feature_names=family.feature_names)
    noise = replace(series, features=np.random.default_rng(1).standard_normal(series.features.shape))
    (fitted,) = family.fit_many([task_of(noise, "mean")])
    assert isinstance(fitted, Fitted)
    assert fitted.params["n_rounds"][0] < 30  # type: ignore[index]


def test_the_tail_is_purged_of_overlapping_targets(make_series: Maker) -> None:
    rows = training_rows(task_of(make_series(feature_names=("f",), n_bars=1_600), "mean", "20d"), ("f",))
    assert isinstance(rows, TrainingRows)
    split = purged_tail(rows, 20)
    assert split is not None
    assert split.tail_y.size == round(0.2 * rows.y.size)
    assert split.y.size == rows.y.size - split.tail_y.size - 19  # targets that end at the tail's first bar stay
    np.testing.assert_array_equal(split.tail_x[:, 0], rows.x[-split.tail_y.size :, 0])


@EACH
def test_too_little_history_is_a_failure_with_the_reason(name: str, make_series: Maker) -> None:
    family = get_family(name)
    series = make_series(feature_names=family.feature_names)
    (outcome,) = family.fit_many([task_of(series, "mean", stop=130)])
    assert isinstance(outcome, FitFailure)
    assert outcome.status is Status.BAD_DATA
    assert str(MIN_TAIL) in outcome.reason


def test_a_constant_and_an_absent_feature_are_left_out(make_series: Maker) -> None:
    family = get_family("xgboost")
    series = make_series(feature_names=family.feature_names)
    features = series.features.copy()
    features[:, 0], features[:, 1] = 3.0, np.nan
    (fitted,) = family.fit_many([task_of(replace(series, features=features), "mean", stop=1_200)])
    assert isinstance(fitted, Fitted)
    assert fitted.params["left_out"] == {"momentum_5": "constant", "momentum_20": "null in 100% of the window"}


@EACH
def test_alternative_data_help_where_they_exist_and_may_be_missing(name: str, make_series: Maker) -> None:
    family = get_family(name)
    series = make_series(n_bars=2_000, feature_names=family.feature_names)
    rng, place = np.random.default_rng(9), family.feature_names.index("news_sentiment")
    features = rng.standard_normal(series.features.shape)
    features[:, 8:] = np.nan
    quiet = rng.random(len(series)) < 0.6
    news = np.where(quiet, np.nan, np.sign(rng.standard_normal(len(series))))
    features[:, place] = news
    returns = series.log_return.copy()
    returns[1:] = 0.01 * (np.nan_to_num(news[:-1]) + 0.7 * rng.standard_normal(len(series) - 1))
    told = replace(series, log_return=returns, features=features)
    (fitted,) = family.fit_many([task_of(told, "mean")])
    assert isinstance(fitted, Fitted)
    assert "news_sentiment" in fitted.params["features"]  # type: ignore[operator]
    assert "satellite_index" in fitted.params["left_out"]  # type: ignore[operator]
    origins = np.arange(1_500, 1_999)
    assert family.usable_origins(fitted, OriginSet(told, origins)).all(), "a day without news is a day to forecast"
    found = forecast(family, task_of(told, "mean"), origins)
    spoken = ~quiet[origins]
    assert np.corrcoef(found.mean[spoken], returns[origins + 1][spoken])[0, 1] > 0.6


def test_a_gpu_that_is_absent_is_named(make_series: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "gpu_present", lambda: False)
    assert device.choose("auto") == device.choose("cpu") == "cpu"
    with pytest.raises(ConfigError, match=r"HFP_DEVICE=cuda needs an NVIDIA GPU.*Set HFP_DEVICE"):
        device.choose("cuda")
    monkeypatch.setattr(device, "gpu_present", lambda: True)
    assert device.choose("auto") == device.choose("cuda") == "cuda"
    assert device.choose("auto", worth_it=False) == device.choose("cpu") == "cpu"


def test_a_spread_is_rebuilt_from_its_tail() -> None:
    rng = np.random.default_rng(4)
    scale = 1 + rng.random(4_000)
    draws = rng.standard_t(5, 4_000)
    realised = 0.1 + scale * np.where(draws < 0, 1.5 * draws, draws)
    fitted = 0.1 + scale[:, None] * np.array([-1.5 * 2.0, 0.0, 2.0])
    found = spread_distribution(fitted, spread_params(realised, fitted))
    for place, probability in enumerate(PROBABILITIES):
        assert (realised <= found.quantiles[:, place]).mean() == pytest.approx(probability, abs=0.002)
    assert found.mean.mean() == pytest.approx(realised.mean(), abs=0.02)
    assert np.sqrt(np.square(found.volatility).mean()) == pytest.approx(realised.std(), rel=0.03)
    below = realised <= found.quantiles[:, 3]
    assert found.tail_means[:, 3].mean() == pytest.approx(realised[below].mean(), rel=0.1)


def test_crossed_quantiles_are_sorted_and_keep_a_width() -> None:
    rng = np.random.default_rng(4)
    realised = rng.standard_normal(500)
    tail = np.tile([-1.6, 0.0, 1.6], (500, 1))
    found = spread_distribution(np.array([[0.5, 0.0, -0.5], [0.2, 0.2, 0.2]]), spread_params(realised, tail))
    assert (np.diff(found.quantiles, axis=1) >= 0).all()
    assert (found.volatility > 0).all()
