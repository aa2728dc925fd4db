"""The numbers of an ensemble for one key: weights of each combination, and what they know."""

from dataclasses import replace

import numpy as np
import pytest

from hf_platform.ensembles import return_ensemble, volatility_ensemble
from hf_platform.ensembles.combination import COMBINATIONS, Combined, Members, combine_members
from hf_platform.ensembles.weights import aic_weights

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


def weights_of(found: Combined, combination: str) -> np.ndarray:
    return found.weights[COMBINATIONS.index(combination)]


def judged(found: Combined, combination: str) -> np.ndarray:
    return found.judged[COMBINATIONS.index(combination)]


def test_weights_sum_to_one_and_aic_decides_inside_the_family() -> None:
    found = combine_members(SPEC, members(), realised(), 1)
    np.testing.assert_allclose(found.weights.sum(axis=2), 1.0, rtol=1e-12)
    assert (found.weights >= 0).all()
    for combination in ("inverse_loss", "stacking"):
        garch = weights_of(found, combination)[:, 1:]
        rows = garch.sum(axis=1) > 1e-9
        shares = garch[rows] / garch[rows].sum(axis=1, keepdims=True)
        np.testing.assert_allclose(shares, aic_weights(members().aic[rows, 1:]), rtol=1e-9)
    np.testing.assert_allclose(weights_of(found, "equal"), 1 / 3)
    assert found.by_aic.tolist() == [False, True, True]


def test_mean_and_volatility_are_the_weighted_ones() -> None:
    given = members()
    found = combine_members(SPEC, given, realised(), 1)
    for place in range(len(COMBINATIONS)):
        weights = found.weights[place]
        np.testing.assert_allclose(found.mean[:, place], (weights * given.mean).sum(axis=1), atol=1e-18)
        np.testing.assert_allclose(found.volatility[:, place] ** 2, (weights * given.volatility**2).sum(axis=1))


def test_families_share_equally_until_there_are_losses_then_the_better_one_leads() -> None:
    given = members()
    good = replace(given, volatility=np.column_stack([np.full(400, 0.01), np.full((400, 2), 0.03)]))
    found = combine_members(SPEC, good, realised(), 1)
    for combination, start in (("inverse_loss", 20), ("adaptive", 10), ("stacking", 68)):
        assert not judged(found, combination)[:start].any()
        assert judged(found, combination)[start:].all()
        assert (weights_of(found, combination)[100:, 0] > weights_of(found, "equal")[0, 0] + 0.05).all()
    np.testing.assert_allclose(weights_of(found, "inverse_loss")[:20, 0], 0.5)


def test_adaptive_weights_follow_the_last_thirty_periods_and_no_more() -> None:
    given, returns = members(), realised()
    changed = given.volatility.copy()
    changed[100:120] *= 3.0
    old = weights_of(combine_members(SPEC, given, returns, 1), "adaptive")
    new = weights_of(combine_members(SPEC, replace(given, volatility=changed), returns, 1), "adaptive")
    differs = (old != new).any(axis=1)
    assert np.flatnonzero(differs).min() == 101
    assert np.flatnonzero(differs).max() == 119 + 30


@pytest.mark.parametrize("unit", [100.0, 1e4])
def test_weights_do_not_depend_on_the_unit_of_returns(unit: float) -> None:
    given, returns = members(), realised()
    scaled = replace(given, mean=unit * given.mean, volatility=unit * given.volatility)
    for spec in (volatility_ensemble.SPEC, return_ensemble.SPEC):
        here = combine_members(spec, given, returns, 1)
        there = combine_members(spec, scaled, unit * returns, 1)
        np.testing.assert_allclose(there.weights, here.weights, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("spec", [volatility_ensemble.SPEC, return_ensemble.SPEC], ids=lambda spec: spec.name)
@pytest.mark.parametrize("n_bars", [1, 5])
def test_weights_at_an_origin_know_nothing_later(spec: object, n_bars: int) -> None:
    given, returns = members(), realised()
    whole = combine_members(spec, given, returns, n_bars)  # type: ignore[arg-type]
    origin = 150  # position: bar 250
    bar = int(given.origins[origin])
    # The newest period that has ended at the bar began n_bars before it (on the grid).
    later = returns.copy()
    later[bar - n_bars + 1 :] *= 50.0
    cut = replace(given, volatility=np.where(np.arange(400)[:, None] > origin, 0.5, given.volatility))
    found = combine_members(spec, cut, later, n_bars)  # type: ignore[arg-type]
    np.testing.assert_array_equal(found.weights[:, : origin + 1], whole.weights[:, : origin + 1])
    assert (found.weights[1:, origin + 50 :] != whole.weights[1:, origin + 50 :]).any()


def test_weights_do_not_depend_on_how_much_history_is_read() -> None:
    given, returns = members(700), realised(900)
    whole = combine_members(SPEC, given, returns, 1)
    start = 40
    part = Members(
        NAMES,
        given.origins[start:],
        given.mean[start:],
        given.volatility[start:],
        given.aic[start:],
        given.inputs[start:],
    )
    found = combine_members(SPEC, part, returns, 1)
    reach = SPEC.reach
    assert reach < 600
    np.testing.assert_array_equal(found.weights[:, reach:], whole.weights[:, start + reach :])
    np.testing.assert_array_equal(found.volatility[reach:], whole.volatility[start + reach :])


def test_a_missing_member_leaves_its_share_to_the_others() -> None:
    given = members()
    volatility = given.volatility.copy()
    volatility[200:, 2] = np.nan
    volatility[300:, 0] = np.nan
    found = combine_members(SPEC, replace(given, volatility=volatility), realised(), 1)
    assert (found.weights[:, 200:, 2] == 0).all()
    assert (found.weights[:, 300:] == [0, 1, 0]).all()
    np.testing.assert_allclose(found.weights.sum(axis=2), 1.0, rtol=1e-12)
    assert np.isfinite(found.volatility).all()


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
