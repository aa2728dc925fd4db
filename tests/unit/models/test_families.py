"""What is particular to one family, against independent oracles."""

import warnings
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from hf_platform.errors import ConfigError, StoreError
from hf_platform.horizons import Horizon
from hf_platform.models import get_family
from hf_platform.models.base import FitFailure, FitTask, Fitted, OriginSet, Series, Status
from hf_platform.models.elastic_nets import coordinate_descent
from hf_platform.models.families.elastic_net import ElasticNetSpec
from hf_platform.models.families.ewma import EwmaSpec
from hf_platform.models.families.lightgbm import LightGbmSpec
from hf_platform.models.state import from_state
from hf_platform.models.supervised import TrainingRows, training_rows
from hf_platform.types import PROBABILITIES, GridKey

Maker = Callable[..., Series]


def task_of(series: Series, variant: str, horizon: str = "1d", start: int = 1, stop: int = 1_001) -> FitTask:
    key = GridKey(series.instrument, horizon)
    return FitTask(f"{variant}{horizon}{start}", key, Horizon.parse(horizon), variant, series, start, stop, 3)


@pytest.mark.parametrize("alpha", [0.003, 0.1, 0.5])
@pytest.mark.parametrize("l1_ratio", [0.0, 0.5, 1.0])
def test_elastic_net_coefficients_equal_scikit_learn(alpha: float, l1_ratio: float) -> None:
    from sklearn.linear_model import ElasticNet

    rng = np.random.default_rng(4)
    x = rng.standard_normal((252, 9)) @ (np.eye(9) + 0.4)
    y = x @ np.array([0.5, -0.2, 0, 0, 0.1, 0, 0, 0, 0.03]) + rng.standard_normal(252)
    x = np.asfortranarray((x - x.mean(axis=0)) / x.std(axis=0))
    y = (y - y.mean()) / y.std()
    ours, _, change = coordinate_descent(x, y, alpha, l1_ratio)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn warns of a pure ridge penalty
        peer = ElasticNet(alpha=alpha, l1_ratio=l1_ratio, fit_intercept=False, tol=1e-12, max_iter=100_000).fit(x, y)
    assert change <= 1e-10
    np.testing.assert_allclose(ours, peer.coef_, atol=1e-6)


def test_training_rows_are_purged_and_aligned(make_series: Maker) -> None:
    series = make_series(feature_names=("f",))
    rows = training_rows(task_of(series, "default", "5d", start=101, stop=353), ("f",))
    assert isinstance(rows, TrainingRows)
    # The last feature row is 5 bars before the anchor, bar 352: bars 101 to 347.
    expected = np.array([series.log_return[i + 1 : i + 6].sum() for i in range(101, 348)])
    np.testing.assert_allclose(rows.y * rows.target_scale + rows.target_mean, expected, atol=1e-15)
    np.testing.assert_allclose(rows.x[:, 0] * rows.scale + rows.center, series.features[101:348, 0])


def test_useless_features_are_left_out_and_named(make_series: Maker) -> None:
    series = make_series(feature_names=("good", "absent", "flat", "ended", "holes"))
    features = series.features.copy()
    features[:, 1], features[:, 2], features[1_000:, 3], features[200:300, 4] = np.nan, 2.0, np.nan, np.nan
    rows = training_rows(task_of(replace(series, features=features), "default"), series.feature_names)
    assert isinstance(rows, TrainingRows)
    assert rows.names == ("good", "holes")
    assert rows.left_out == {"absent": "null in 100% of the window", "flat": "constant", "ended": "null at the anchor"}
    assert rows.y.size == 1_000 - 1 - 59 - 100


@pytest.mark.parametrize("stop", [40, 120])
def test_too_few_rows_are_a_failure_with_both_counts(make_series: Maker, stop: int) -> None:
    outcome = training_rows(task_of(make_series(feature_names=("f",)), "default", stop=stop), ("f",))
    assert isinstance(outcome, FitFailure)
    assert "at least 60" in outcome.reason


def test_elastic_net_shrinks_noise_to_the_mean(make_series: Maker) -> None:
    family = get_family("elastic_net")
    series = make_series(feature_names=family.feature_names)
    features = np.random.default_rng(0).standard_normal(series.features.shape) * 1e-3
    noise = replace(series, features=features)
    (fitted,) = family.fit_many([task_of(noise, "default")])
    assert isinstance(fitted, Fitted)
    (found,) = family.forecast_many([fitted], [OriginSet(noise, np.array([1_000]))])
    assert not isinstance(found, FitFailure)
    assert abs(found.mean[0] - np.nanmean(series.log_return[1:1_001])) < 2e-4


def test_both_return_families_find_a_signal(make_series: Maker) -> None:
    for name, variant in (("elastic_net", "default"), ("lightgbm", "mean")):
        family = get_family(name)
        series = make_series(feature_names=family.feature_names)
        features = series.features.copy()
        features[:-1, 2] = series.log_return[1:] + 0.01 * np.random.default_rng(1).standard_normal(len(series) - 1)
        features[-1, 2] = 0.0
        told = replace(series, features=features)
        (fitted,) = family.fit_many([task_of(told, variant)])
        assert isinstance(fitted, Fitted)
        origins = np.arange(1_000, 1_290)
        (found,) = family.forecast_many([fitted], [OriginSet(told, origins)])
        assert not isinstance(found, FitFailure)
        assert np.corrcoef(found.mean, told.log_return[origins + 1])[0, 1] > 0.4


def test_ewma_equals_the_recursion_by_hand(make_series: Maker) -> None:
    family, series = get_family("ewma"), make_series()
    (fitted,) = family.fit_many([task_of(series, "riskmetrics", "20d", start=101)])
    assert isinstance(fitted, Fitted)
    (found,) = family.forecast_many([fitted], [OriginSet(series, np.array([1_000, 1_100]))])
    assert not isinstance(found, FitFailure)
    variance = np.mean(series.log_return[101:1_001] ** 2)
    for i in range(101, 1_101):
        variance = 0.94 * variance + 0.06 * series.log_return[i] ** 2
    assert found.volatility[1] == pytest.approx(np.sqrt(20 * variance), rel=1e-12)
    np.testing.assert_allclose(found.quantiles[1], found.volatility[1] * stats.norm.ppf(PROBABILITIES), rtol=1e-12)


def test_garch_shares_one_fit_between_horizons(make_series: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    from hf_platform.volatility import garch as engine

    family, series = get_family("garch"), make_series()
    columns: list[int] = []
    original = engine.fit_many

    def counted(returns: np.ndarray, *args: object, **kwargs: object) -> object:
        columns.append(returns.shape[1])
        return original(returns, *args, **kwargs)

    monkeypatch.setattr(engine, "fit_many", counted)
    tasks = [task_of(series, "garch-t", horizon) for horizon in ("1d", "5d", "20d")]
    fits = family.fit_many(tasks)
    assert columns == [1]
    assert [outcome.task for outcome in fits] == tasks
    assert fits[0].params == fits[2].params  # type: ignore[union-attr]


def test_garch_aggregates_variance_and_mean_over_the_horizon(make_series: Maker) -> None:
    family, series = get_family("garch"), make_series()
    fits = family.fit_many([task_of(series, "garch-t", horizon) for horizon in ("1d", "20d")])
    origins = OriginSet(series, np.array([1_000, 1_050, 1_200]))
    one, twenty = family.forecast_many(fits, [origins, origins])  # type: ignore[arg-type]
    assert not isinstance(one, FitFailure)
    assert not isinstance(twenty, FitFailure)
    p = fits[0].params  # type: ignore[union-attr]
    persistence = p["alpha[1]"] + p["beta[1]"]
    long_run = p["omega"] / (1 - persistence)
    steps = long_run + persistence ** np.arange(20)[:, None] * (one.volatility**2 - long_run)
    np.testing.assert_allclose(twenty.volatility, np.sqrt(steps.sum(axis=0)), rtol=1e-9)
    np.testing.assert_allclose(twenty.mean, 20 * p["mu"], rtol=1e-12)
    standardised = stats.t.ppf(PROBABILITIES, p["nu"]) * np.sqrt((p["nu"] - 2) / p["nu"])
    np.testing.assert_allclose(
        twenty.quantiles, twenty.mean[:, None] + twenty.volatility[:, None] * standardised, rtol=1e-9
    )


def test_garch_certificate_goes_with_the_fit(make_series: Maker) -> None:
    (fitted,) = get_family("garch").fit_many([task_of(make_series(), "gjr-normal")])
    assert isinstance(fitted, Fitted)
    assert set(fitted.params) == {"mu", "omega", "alpha[1]", "gamma[1]", "beta[1]"}
    assert fitted.aic == pytest.approx(2 * 5 - 2 * fitted.log_likelihood)
    assert fitted.bic == pytest.approx(5 * np.log(1_000) - 2 * fitted.log_likelihood)
    assert fitted.n_obs == 1_000
    assert fitted.gradient_norm is not None
    assert fitted.gradient_norm < 1e-3
    assert fitted.params["gamma[1]"] > 0, "falls raise the variance of the simulated process"


def test_a_fit_without_a_maximum_is_kept_as_not_converged(make_series: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    from hf_platform.volatility import garch as engine

    original = engine.fit_many

    def stuck(*args: object, **kwargs: object) -> object:
        fits = original(*args, **kwargs)  # type: ignore[arg-type]
        fits.status[:] = engine.FitStatus.NOT_CONVERGED
        return fits

    monkeypatch.setattr(engine, "fit_many", stuck)
    (fitted,) = get_family("garch").fit_many([task_of(make_series(), "garch-normal")])
    assert isinstance(fitted, Fitted)
    assert fitted.status is Status.NOT_CONVERGED
    assert fitted.params == {}
    assert "not_converged" in str(fitted.reason)


def test_lightgbm_grows_the_same_trees_in_another_process(make_series: Maker) -> None:
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    family = get_family("lightgbm")
    task = task_of(make_series(feature_names=family.feature_names), "mean")
    (here,) = family.fit_many([task])
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        (there,) = pool.submit(family.fit_many, [task]).result()
    assert here.state == there.state  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "build",
    [
        lambda: ElasticNetSpec(alpha=0.0),
        lambda: ElasticNetSpec(l1_ratio=1.5),
        lambda: EwmaSpec(decay=1.0),
        lambda: LightGbmSpec(max_rounds=0),
    ],
)
def test_specs_refuse_values_outside_their_range(build: Callable[[], object]) -> None:
    with pytest.raises(ConfigError, match="found"):
        build()


def test_a_state_of_another_schema_is_refused(make_series: Maker) -> None:
    task = task_of(make_series(), "riskmetrics")
    with pytest.raises(StoreError, match="schema"):
        from_state(task, {"params.json": b'{"schema": 99}'})
    with pytest.raises(StoreError, match=r"params\.json"):
        from_state(task, {})
