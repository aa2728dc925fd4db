"""The numbers of an ensemble for one key."""

from dataclasses import replace

import numpy as np
import pytest

from hf_platform.ensembles import return_ensemble, volatility_ensemble
from hf_platform.ensembles.combination import Members, average, member_weights
from hf_platform.ensembles.weights import aic_weights
from hf_platform.types import PROBABILITIES

SPEC = volatility_ensemble.SPEC
NAMES = ("ewma/riskmetrics", "garch/a", "garch/b")


def members(n: int = 400, first: int = 100, seed: int = 0) -> Members:
    rng = np.random.default_rng(seed)
    shape = (n, 3)
    aic = np.column_stack([np.full(n, np.nan), 1000 + rng.random((n, 2))])
    return Members(
        names=NAMES,
        origins=np.arange(first, first + n),
        mean=rng.normal(0, 1e-4, shape),
        volatility=0.01 * np.exp(0.2 * rng.standard_normal(shape)),
        aic=aic,
        inputs=np.ones(shape, dtype=np.int64),
    )


def realised(n: int = 600, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.01, n)


def test_weights_sum_to_one_and_aic_decides_inside_the_family() -> None:
    found = member_weights(SPEC, members(), realised(), 1)
    np.testing.assert_allclose(found.values.sum(axis=1), 1.0, rtol=1e-12)
    garch = found.values[:, 1:] / found.values[:, 1:].sum(axis=1, keepdims=True)
    np.testing.assert_allclose(garch, aic_weights(members().aic[:, 1:]), rtol=1e-9)
    assert found.by_aic.tolist() == [False, True, True]


def test_families_share_equally_until_there_are_losses_then_the_better_one_leads() -> None:
    given = members()
    good = replace(given, volatility=np.column_stack([np.full(400, 0.01), np.full((400, 2), 0.03)]))
    found = member_weights(SPEC, good, realised(), 1)
    assert not found.by_loss[:20].any()
    assert found.by_loss[20:].all()
    np.testing.assert_allclose(found.values[:20, 0], 0.5)
    assert (found.values[60:, 0] > 0.55).all()


@pytest.mark.parametrize("spec", [volatility_ensemble.SPEC, return_ensemble.SPEC], ids=lambda spec: spec.name)
@pytest.mark.parametrize("n_bars", [1, 5])
def test_weights_at_an_origin_know_nothing_later(spec: object, n_bars: int) -> None:
    given, returns = members(), realised()
    whole = member_weights(spec, given, returns, n_bars)  # type: ignore[arg-type]
    origin = 150  # position: bar 250
    bar = int(given.origins[origin])
    # The newest period that has ended at the bar began n_bars before it (on the grid).
    later = returns.copy()
    later[bar - n_bars + 1 :] *= 50.0
    cut = replace(given, volatility=np.where(np.arange(400)[:, None] > origin, 0.5, given.volatility))
    found = member_weights(spec, cut, later, n_bars)  # type: ignore[arg-type]
    np.testing.assert_array_equal(found.values[: origin + 1], whole.values[: origin + 1])


def test_weights_do_not_depend_on_how_much_history_is_read() -> None:
    given, returns = members(700), realised(900)
    whole = member_weights(SPEC, given, returns, 1)
    start = 300
    part = Members(
        NAMES,
        given.origins[start:],
        given.mean[start:],
        given.volatility[start:],
        given.aic[start:],
        given.inputs[start:],
    )
    found = member_weights(SPEC, part, returns, 1)
    np.testing.assert_array_equal(found.values[SPEC.window :], whole.values[start + SPEC.window :])


def test_a_missing_member_leaves_its_share_to_the_others() -> None:
    given = members()
    volatility = given.volatility.copy()
    volatility[200:, 2] = np.nan
    volatility[300:, 0] = np.nan
    found = member_weights(SPEC, replace(given, volatility=volatility), realised(), 1)
    assert (found.values[200:, 2] == 0).all()
    assert (found.values[300:] == [0, 1, 0]).all()
    np.testing.assert_allclose(found.values.sum(axis=1), 1.0, rtol=1e-12)


def test_models_on_other_data_are_taken_out_of_an_aic_comparison() -> None:
    given = members()
    inputs = given.inputs.copy()
    inputs[50:, 2] = 2
    kept = replace(given, inputs=inputs).on_identical_data()
    assert kept.present[:50].all()
    assert kept.present[50:].tolist() == [[True, True, False]] * 350


def test_a_return_of_zero_counts_for_nobody() -> None:
    loss = volatility_ensemble.qlike(np.zeros(2), np.array([0.01, 0.02]), np.array([0.0, 0.02]))
    assert np.isnan(loss[0])
    assert loss[1] == 0.0


def test_average_is_a_weighted_mean_of_quantiles_and_variances() -> None:
    given = members(3)
    weights = np.array([[0.5, 0.5, 0.0], [1.0, 0.0, 0.0], [0.2, 0.3, 0.5]])
    rows = np.array([0, 2])
    quantiles = [np.sort(np.random.default_rng(k).standard_normal((2, len(PROBABILITIES))), axis=1) for k in range(3)]
    tails = [q - 1 for q in quantiles]
    quantiles[2][0] = np.nan  # weight 0: never looked at
    found = average(weights, given, rows, quantiles, tails)
    np.testing.assert_allclose(found.quantiles[0], 0.5 * quantiles[0][0] + 0.5 * quantiles[1][0])
    expected = sum(w * q[1] for w, q in zip([0.2, 0.3, 0.5], quantiles, strict=True))
    np.testing.assert_allclose(found.quantiles[1], expected)
    np.testing.assert_allclose(found.volatility[1], np.sqrt([0.2, 0.3, 0.5] @ given.volatility[2] ** 2))
    np.testing.assert_allclose(found.mean[1], [0.2, 0.3, 0.5] @ given.mean[2])
    assert (np.diff(found.quantiles, axis=1) >= 0).all()
