"""Honest verdicts, simulated: equal models seldom name a winner, different ones usually do, noise holds no break."""

import numpy as np
import pytest
from scipy import stats

from hf_platform.backtest.breaks import break_points, cusum_test
from hf_platform.backtest.comparison import diebold_mariano
from hf_platform.backtest.confidence_set import compare_losses
from hf_platform.backtest.loss_panel import LossPanel
from hf_platform.backtest.model_comparison import panel_rows
from hf_platform.backtest.sharpe import deflated_sharpe_ratio, sharpe_ratio
from hf_platform.types import GridKey

pytestmark = pytest.mark.slow
N_SIMULATIONS = 1000
BOUND = float(stats.binom.ppf(0.99, N_SIMULATIONS, 0.05)) / N_SIMULATIONS  # one-sided, 99 %: room for chance only


def qlike_losses(rng: np.random.Generator, n: int, errors: np.ndarray) -> np.ndarray:
    """QLIKE of models whose log variances err by independent noise of the given sizes around the truth."""
    log_variance = np.cumsum(0.1 * rng.standard_normal(n))
    log_variance -= 0.5 * (log_variance - log_variance.mean())
    squares = np.exp(log_variance) * rng.standard_t(6, n) ** 2 * 4 / 6
    forecasts = log_variance[:, None] + errors * rng.standard_normal((n, errors.size))
    return forecasts + squares[:, None] / np.exp(forecasts)


@pytest.mark.parametrize(("n", "k"), [(250, 2), (500, 5), (1500, 8)])
def test_equal_models_name_a_winner_in_at_most_one_of_twenty(n, k):
    winners, beaten = 0, 0
    for seed in range(N_SIMULATIONS):
        losses = qlike_losses(np.random.default_rng(seed), n, np.full(k, 0.3))
        chosen, ability = compare_losses(losses, 0, seed=seed)
        winners += chosen.winner is not None
        beaten += ability.verdict == "beaten"
    assert winners / N_SIMULATIONS <= BOUND
    assert beaten / N_SIMULATIONS <= BOUND


def test_the_stored_verdict_of_a_table_is_as_honest():
    key, origins = GridKey("A", "1d"), (np.datetime64("2020-01-01") + np.arange(400)).astype("datetime64[us]")
    members, named = ("random_walk", "a", "b", "c"), 0
    for seed in range(N_SIMULATIONS // 2):
        losses = qlike_losses(np.random.default_rng(10_000 + seed), 400, np.full(4, 0.3))
        rows = list(panel_rows(LossPanel(key, "qlike", members, origins, losses, {}), "random_walk"))
        named += any(row[5] == "model_confidence_set" and row[10] == "better" for row in rows)
    assert named / (N_SIMULATIONS // 2) <= stats.binom.ppf(0.99, N_SIMULATIONS // 2, 0.05) / (N_SIMULATIONS // 2)


def test_a_better_model_is_named_and_the_best_is_kept():
    named, kept = 0, 0
    for seed in range(300):
        losses = qlike_losses(np.random.default_rng(seed), 1500, np.array([0.2, 0.6, 0.7, 0.8]))
        chosen, _ = compare_losses(losses, 1, seed=seed)
        named += chosen.winner == 0
        kept += bool(chosen.included[0])
    assert named / 300 > 0.9
    assert kept / 300 > 0.95


def test_pairs_of_equals_are_told_apart_in_one_of_twenty():
    rejected = sum(
        diebold_mariano(*qlike_losses(np.random.default_rng(seed), 500, np.full(2, 0.3)).T).verdict != "cannot tell"
        for seed in range(N_SIMULATIONS)
    )
    assert rejected / N_SIMULATIONS <= BOUND + 0.01  # the normal law is asymptotic


def test_noise_holds_no_break_and_a_shift_is_found():
    rng = np.random.default_rng(0)
    size = np.mean([cusum_test(rng.standard_normal(500)).p_value < 0.05 for _ in range(N_SIMULATIONS)])
    assert size <= BOUND
    found = np.mean([break_points(rng.standard_normal(500)).starts.size > 0 for _ in range(N_SIMULATIONS)])
    assert found < 0.02
    power = np.mean(
        [cusum_test(rng.standard_normal(500) + 0.5 * (np.arange(500) > 250)).p_value < 0.05 for _ in range(300)]
    )
    assert power > 0.95


def test_the_best_of_many_worthless_rules_seldom_passes_as_better_than_luck():
    rng = np.random.default_rng(1)
    passed = 0
    for _ in range(N_SIMULATIONS):
        trials = [sharpe_ratio(0.01 * rng.standard_normal(1_000), n_lags=0) for _ in range(20)]
        ratios = np.array([one.per_bar for one in trials])
        best = trials[int(np.argmax(ratios))]
        passed += (
            deflated_sharpe_ratio(best.per_bar, 1_000, best.skewness, best.kurtosis, ratios.var(ddof=1), 20) >= 0.95
        )
    assert passed / N_SIMULATIONS <= BOUND
