"""Least squares on the simplex, and what stacking learns from."""

import numpy as np
import pytest
from scipy.optimize import minimize

from hf_platform.ensembles.stacking import StackingSpec, Targets, learn, simplex_weights


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_weights_on_the_simplex_match_a_general_optimiser(n: int) -> None:
    rng = np.random.default_rng(n)
    x = rng.standard_normal((20, 40, n)) + 1.0
    y = rng.standard_normal((20, 40)) + x[..., 0]
    gram, cross = np.einsum("pti,ptj->pij", x, x), np.einsum("pti,pt->pi", x, y)
    found = simplex_weights(gram, cross)
    np.testing.assert_allclose(found.sum(axis=1), 1.0)
    assert (found >= 0).all()
    for weights, own, other in zip(found, gram, cross, strict=True):

        def objective(w: np.ndarray, own: np.ndarray = own, other: np.ndarray = other) -> float:
            return float(w @ own @ w - 2 * other @ w)

        best = minimize(
            objective,
            np.full(n, 1 / n),
            bounds=[(0, 1)] * n,
            constraints={"type": "eq", "fun": lambda w: w.sum() - 1},
            method="SLSQP",
        )
        assert objective(weights) <= best.fun + 1e-6


def targets(n: int = 400) -> tuple[Targets, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    truth = 1 + 0.3 * np.sin(np.arange(n) / 9.0)
    forecasts = np.column_stack([truth, np.ones(n), 2 - truth, np.full(n, 3.0), rng.random(n)])
    target = truth * rng.chisquare(4, n) / 4
    return Targets(0, forecasts, target), np.square(forecasts - target[:, None]), np.ones((n, 5), dtype=np.bool_)


def test_the_true_forecast_wins_and_at_most_three_take_part() -> None:
    past, losses, present = targets()
    weights, judged = learn(StackingSpec(shrinkage=0.0), past, losses, present, np.arange(400))
    assert not judged[:63].any()
    np.testing.assert_allclose(weights[:63], 0.2)
    assert judged[63:].all()
    np.testing.assert_allclose(weights.sum(axis=1), 1.0)
    assert ((weights[63:] > 0).sum(axis=1) <= 3).all()
    assert weights[300:, 0].mean() > 0.7


def test_shrinkage_pulls_towards_equal_weights_of_those_that_take_part() -> None:
    past, losses, present = targets()
    weights, judged = learn(StackingSpec(shrinkage=1e6), past, losses, present, np.arange(400))
    top = np.sort(weights[judged], axis=1)[:, -3:]
    np.testing.assert_allclose(top, 1 / 3, atol=1e-4)


def test_no_weight_before_a_change_moves() -> None:
    past, losses, present = targets()
    before, _ = learn(StackingSpec(), past, losses, present, np.arange(400))
    forecasts, target, changed = past.forecasts.copy(), past.target.copy(), losses.copy()
    forecasts[200:], target[200:], changed[200:] = 9.0, -5.0, 7.0
    after, _ = learn(StackingSpec(), Targets(0, forecasts, target), changed, present, np.arange(400))
    np.testing.assert_array_equal(after[:201], before[:201])
    assert (after[230:] != before[230:]).any()


def test_a_row_of_none_gets_nothing_and_a_missing_forecast_nothing_either() -> None:
    past, losses, present = targets()
    present = present.copy()
    present[100] = False
    present[200:, 0] = False
    weights, judged = learn(StackingSpec(), past, losses, present, np.arange(400))
    assert (weights[100] == 0).all()
    assert not judged[100]
    assert (weights[200:, 0] == 0).all()
    np.testing.assert_allclose(weights[200:].sum(axis=1), 1.0)
