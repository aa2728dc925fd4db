"""Batched elastic nets against scikit-learn, and the penalty that time-ordered cross-validation chooses."""

import warnings
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from hf_platform.errors import DataError
from hf_platform.horizons import Horizon
from hf_platform.models import get_family
from hf_platform.models.base import FitFailure, FitTask, Fitted, Series
from hf_platform.models.benchmark import race_elastic_nets
from hf_platform.models.elastic_nets import fit_elastic_nets, out_of_sample_errors
from hf_platform.models.supervised import purged_folds
from hf_platform.types import GridKey

Maker = Callable[..., Series]


def problems(n_designs: int = 6, n_rows: int = 120, n_features: int = 5, n_targets: int = 3):
    rng = np.random.default_rng(1)
    x = rng.standard_normal((n_designs, n_rows, n_features)) * 3 + 7
    weights = rng.standard_normal((n_designs, n_features, n_targets))
    return x, 0.4 * x @ weights + rng.standard_normal((n_designs, n_rows, n_targets))


@pytest.mark.parametrize(("alpha", "l1_ratio"), [(0.01, 0.5), (0.2, 0.0), (0.2, 1.0), (3.0, 0.5)])
def test_every_target_of_every_design_equals_scikit_learn(alpha: float, l1_ratio: float) -> None:
    from sklearn.linear_model import ElasticNet

    x, y = problems()
    found = fit_elastic_nets(x, y, alpha, l1_ratio, threads=2)
    assert found.converged.all()
    for d in range(x.shape[0]):
        z = (x[d] - x[d].mean(axis=0)) / x[d].std(axis=0)
        for t in range(y.shape[2]):
            target = (y[d, :, t] - y[d, :, t].mean()) / y[d, :, t].std()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # scikit-learn warns of a pure ridge penalty
                peer = ElasticNet(alpha=alpha, l1_ratio=l1_ratio, fit_intercept=False, tol=1e-13, max_iter=100_000)
                peer.fit(z, target)
            weights = peer.coef_ * y[d, :, t].std() / x[d].std(axis=0)
            np.testing.assert_allclose(found.coefficients[d, t], weights, atol=1e-6)
            fitted = found.intercepts[d, t] + x[d] @ found.coefficients[d, t]
            np.testing.assert_allclose(fitted.mean(), y[d, :, t].mean(), atol=1e-9)


def test_batch_threads_and_a_bad_target_change_nobody() -> None:
    x, y = problems()
    whole = fit_elastic_nets(x, y, 0.1, 0.5)
    np.testing.assert_array_equal(fit_elastic_nets(x, y, 0.1, 0.5, threads=3).coefficients, whole.coefficients)
    np.testing.assert_array_equal(fit_elastic_nets(x[3:4], y[3:4], 0.1, 0.5).coefficients[0], whole.coefficients[3])
    y[2, 50, 1] = np.nan
    x[4, :, 2] = 5.0
    holed = fit_elastic_nets(x, y, 0.1, 0.5)
    assert np.isnan(holed.coefficients[2, 1]).all()
    np.testing.assert_array_equal(holed.coefficients[2, 0], whole.coefficients[2, 0])
    assert (holed.coefficients[4, :, 2] == 0).all(), "a flat feature gets no weight"


@pytest.mark.parametrize(
    ("x", "y", "alpha"),
    [
        (np.zeros((2, 9)), np.zeros((2, 9, 1)), 0.1),
        (np.zeros((2, 9, 3)), np.zeros((2, 8, 1)), 0.1),
        (np.full((2, 9, 3), np.nan), np.zeros((2, 9, 1)), 0.1),
        (np.zeros((2, 9, 3)), np.zeros((2, 9, 1)), 0.0),
    ],
)
def test_malformed_batches_are_refused(x: np.ndarray, y: np.ndarray, alpha: float) -> None:
    with pytest.raises(DataError, match="found"):
        fit_elastic_nets(x, y, alpha, 0.5)


def test_folds_train_on_the_past_and_purge_the_horizon() -> None:
    bars = np.delete(np.arange(100), [40, 41, 77])
    folds = purged_folds(bars, 5, (0.4, 0.7))
    assert [test.tolist() for _, test in folds] == [list(range(39, 68)), list(range(68, 97))]
    for train, test in folds:
        assert bars[train[-1]] + 5 <= bars[test[0]] < bars[train[-1] + 1] + 5
        assert train[0] == 0


def test_out_of_sample_errors_equal_a_plain_loop() -> None:
    from sklearn.linear_model import ElasticNet

    rng = np.random.default_rng(2)
    x = rng.standard_normal((80, 4)) + 1
    y = x @ np.array([0.5, 0, -0.2, 0]) + rng.standard_normal(80)
    folds = purged_folds(np.arange(80), 3, (0.5, 0.75))
    found = out_of_sample_errors(x, y, folds, [(0.3, 0.5), (0.05, 0.5)])
    for column, alpha in enumerate((0.3, 0.05)):
        expected = []
        for train, test in folds:
            center, scale = x[train].mean(axis=0), x[train].std(axis=0)
            mean, spread = y[train].mean(), y[train].std()
            peer = ElasticNet(alpha=alpha, l1_ratio=0.5, fit_intercept=False, tol=1e-12)
            peer.fit((x[train] - center) / scale, (y[train] - mean) / spread)
            expected.append(y[test] - mean - spread * peer.predict((x[test] - center) / scale))
        np.testing.assert_allclose(found[:, column], np.concatenate(expected), atol=1e-3)


def planted(series: Series, share: float) -> Series:
    """The same series with a third feature that knows part of the next return."""
    features = series.features.copy()
    noise = np.random.default_rng(3).standard_normal(len(series) - 1) * np.nanstd(series.log_return)
    features[:-1, 2] = share * series.log_return[1:] + (1 - share) * noise
    features[-1, 2] = 0.0
    return replace(series, features=features)


def fit(series: Series, **changes: object) -> Fitted | FitFailure:
    task = FitTask("id", GridKey("AAA", "1d"), Horizon.parse("1d"), "default", series, 1_001, 1_253, 3)
    return get_family("elastic_net").fit_many([replace(task, **changes)])[0]


def test_a_signal_weakens_the_penalty_and_noise_shuts_everything_out(make_series: Maker) -> None:
    names = get_family("elastic_net").feature_names
    told = fit(planted(make_series(feature_names=names), 0.5))
    assert isinstance(told, Fitted)
    assert told.params["alpha"] <= 0.2  # type: ignore[operator]
    assert abs(told.params["coefficients"][2]) > 0.3  # type: ignore[index]
    assert told.score is not None
    assert told.score < 0.8
    random = make_series(feature_names=names)
    noise = np.random.default_rng(5).standard_normal(random.features.shape)
    empty = fit(replace(random, features=noise))
    assert isinstance(empty, Fitted)
    assert np.abs(empty.params["coefficients"]).max() < 0.15  # type: ignore[arg-type]


def test_a_champion_replaces_the_grid(make_series: Maker) -> None:
    series = make_series(feature_names=get_family("elastic_net").feature_names)
    tuned = fit(series, tuned={"alpha": 0.07, "l1_ratio": 0.3})
    assert isinstance(tuned, Fitted)
    assert (tuned.params["alpha"], tuned.params["l1_ratio"]) == (0.07, 0.3)


def test_a_long_horizon_on_a_short_window_is_a_failure(make_series: Maker) -> None:
    series = make_series(feature_names=get_family("elastic_net").feature_names)
    outcome = fit(series, horizon=Horizon.parse("60d"), stop=1_001 + 130)
    assert isinstance(outcome, FitFailure)
    assert "bars to purge" in outcome.reason


def test_many_small_fits_beat_a_loop_over_scikit_learn() -> None:
    race = race_elastic_nets(4_000, 200, threads=1)
    assert race.ratio > 5
