"""The model confidence set and Hansen's test: against arch, at the edges, and with bad input."""

import numpy as np
import pytest
from arch.bootstrap import MCS, SPA

from hf_platform.backtest import confidence_set
from hf_platform.backtest.confidence_set import compare_losses, model_confidence_set, superior_predictive_ability
from hf_platform.backtest.resampling import stationary_weights
from hf_platform.errors import DataError


def losses(n: int = 500, k: int = 6, *, gap: float = 0.0, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    common = rng.standard_normal((n, 1)) ** 2
    return common + 0.5 * rng.standard_normal((n, k)) ** 2 + gap * np.arange(k)


def test_the_weights_are_those_of_a_stationary_bootstrap():
    rng = np.random.default_rng(0)
    weights = stationary_weights(200, 8.0, 3_000, rng)
    assert weights.shape == (3_000, 200)
    np.testing.assert_allclose(weights.sum(axis=1), 1.0, rtol=1e-12)
    np.testing.assert_allclose(weights.mean(axis=0), 1 / 200, rtol=0.25)
    # Variance of the resampled mean: the formula of Politis and Romano for the stationary bootstrap.
    series = np.convolve(np.random.default_rng(1).standard_normal(207), np.ones(8) / 8, "valid")
    centred = series - series.mean()
    lags = np.arange(1, 200)
    circular = np.array([centred @ np.roll(centred, lag) / 200 for lag in lags])
    kernel = (1 - lags / 200) * (1 - 1 / 8) ** lags + lags / 200 * (1 - 1 / 8) ** (200 - lags)
    expected = (centred @ centred / 200 + 2 * (kernel * circular * 1.0).sum()) / 200
    # The ring counts each lag twice, once from either side; half of the sum is the linear one.
    half = (centred @ centred / 200 + (2 * (1 - lags / 200) * (1 - 1 / 8) ** lags * circular).sum()) / 200
    assert min(half, expected) * 0.85 < (weights @ series).var() < max(half, expected) * 1.15


@pytest.mark.parametrize("gap", [0.0, 0.03, 0.1])
def test_the_set_equals_archs_on_the_same_resamples(gap, monkeypatch):
    matrix = losses(gap=gap)
    peer = MCS(matrix, 0.05, reps=300, block_size=8, method="R", bootstrap="stationary", seed=1)
    peer.compute()
    weights = np.stack([np.bincount(index, minlength=500) / 500 for index in peer._bootstrap_indices])
    monkeypatch.setattr(confidence_set, "_weights", lambda *_: weights)
    monkeypatch.setattr(confidence_set, "_inflation", lambda *_: 1.0)  # arch does not correct for small samples
    found = model_confidence_set(matrix, n_resamples=300)
    expected = peer.pvalues["Pvalue"].sort_index().to_numpy()
    last = np.argmax(expected)  # the last model standing has p = 1 in both
    shifted = (1 + expected * 300) / 301
    shifted[last] = 1.0
    np.testing.assert_allclose(found.p_values, shifted, atol=1e-9)


@pytest.mark.parametrize("gap", [-0.02, 0.0, 0.02])
def test_hansens_p_value_is_close_to_archs(gap):
    matrix = losses(n=800, gap=gap)
    peer = SPA(matrix[:, 0], matrix[:, 1:], reps=1_000, block_size=9, bootstrap="stationary", seed=3)
    peer.compute()
    found = superior_predictive_ability(matrix[:, 0], matrix[:, 1:], n_resamples=1_000)
    if found.statistic == 0.0:  # no rival has the smaller mean: the share of resamples at or above zero is one
        assert found.p_value == 1.0
    else:
        assert found.p_value == pytest.approx(peer.pvalues["consistent"], abs=0.06)
    assert found.verdict == ("beaten" if gap < 0 else "cannot tell")
    assert found.best == int(np.argmin(matrix[:, 1:].mean(axis=0)))


def test_a_clear_winner_is_named_and_equals_are_not():
    clear = model_confidence_set(losses(gap=0.5))
    assert clear.winner == 0
    assert clear.included.tolist() == [True] + [False] * 5
    level = model_confidence_set(losses())
    assert level.winner is None
    assert level.p_values.max() == 1.0


def test_both_tests_on_one_matrix_are_those_alone():
    matrix = losses(gap=0.02)
    chosen, ability = compare_losses(matrix, 2)
    np.testing.assert_array_equal(chosen.p_values, model_confidence_set(matrix).p_values)
    alone = superior_predictive_ability(matrix[:, 2], np.delete(matrix, 2, axis=1))
    assert (ability.p_value, ability.verdict, ability.best) == (alone.p_value, alone.verdict, alone.best)
    assert ability.statistic == pytest.approx(alone.statistic, rel=1e-9)
    assert compare_losses(matrix, None)[1] is None


def test_twins_stay_together_and_a_constant_gap_is_seen():
    one = losses(k=1)
    twins = model_confidence_set(np.hstack([one, one, one + 5.0]))
    assert twins.included.tolist() == [True, True, False]
    assert twins.winner is None
    assert superior_predictive_ability(one[:, 0], one).p_value is None


def test_little_data_or_one_model_say_why():
    short = model_confidence_set(losses(n=20))
    assert short.p_values is None
    assert short.included.all()
    assert short.winner is None
    assert "30 are needed" in short.reason
    assert model_confidence_set(losses(k=1)).reason == "one model has no rival"
    assert superior_predictive_ability(losses(n=20)[:, 0], losses(n=20)).reason


def test_the_same_seed_gives_the_same_answer():
    matrix = losses(gap=0.02)
    np.testing.assert_array_equal(
        model_confidence_set(matrix, seed=4).p_values, model_confidence_set(matrix, seed=4).p_values
    )


@pytest.mark.parametrize(
    "call",
    [
        lambda: model_confidence_set(np.ones(5)),
        lambda: model_confidence_set(np.full((50, 2), np.nan)),
        lambda: model_confidence_set(losses(), size=5),
        lambda: model_confidence_set(losses(), mean_block=0.5),
        lambda: superior_predictive_ability(np.ones(40), np.ones((41, 2))),
        lambda: stationary_weights(0, 2.0, 5, np.random.default_rng(0)),
    ],
)
def test_bad_input_is_refused(call):
    with pytest.raises(DataError, match="found"):
        call()
