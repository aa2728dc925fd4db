"""Scores: consistency of each loss with the forecast it is made for, and known values."""

import numpy as np
import pytest
from scipy import optimize, stats
from sklearn.metrics import mean_pinball_loss

from hf_platform.backtest import scoring
from hf_platform.errors import DataError

LOSSES = np.random.default_rng(0).standard_t(5, 20_000)


def test_tick_loss_is_the_pinball_loss_of_the_loss_quantile():
    var = np.full(LOSSES.size, 2.0)
    expected = mean_pinball_loss(LOSSES, var, alpha=0.99)
    assert scoring.tick_loss(LOSSES, var, 0.99).mean() == pytest.approx(expected)
    assert scoring.pinball(LOSSES, var, 0.99).mean() == pytest.approx(expected)


def test_tick_loss_is_smallest_at_the_quantile():
    best = optimize.minimize_scalar(
        lambda v: scoring.tick_loss(LOSSES, np.full(LOSSES.size, v), 0.95).mean(), bounds=(0.5, 5), method="bounded"
    )
    assert best.x == pytest.approx(np.quantile(LOSSES, 0.95), abs=0.01)


def test_joint_loss_is_smallest_at_var_and_shortfall():
    def mean_loss(theta: np.ndarray) -> float:
        var, es = theta[0], theta[0] + np.exp(theta[1])
        return float(scoring.fissler_ziegel(LOSSES, np.full(LOSSES.size, var), np.full(LOSSES.size, es), 0.95).mean())

    best = optimize.minimize(mean_loss, [1.0, 0.0], method="Nelder-Mead").x
    quantile = np.quantile(LOSSES, 0.95)
    assert best[0] == pytest.approx(quantile, abs=0.02)
    beyond = np.sort(LOSSES)[int(0.95 * LOSSES.size) :]
    assert best[0] + np.exp(best[1]) == pytest.approx(beyond.mean(), abs=0.03)


def test_qlike_is_smallest_at_the_variance_and_takes_zero_returns():
    squares = np.r_[LOSSES**2, 0.0]
    best = optimize.minimize_scalar(
        lambda h: scoring.qlike(squares, np.full(squares.size, h)).mean(), bounds=(0.1, 9), method="bounded"
    )
    assert best.x == pytest.approx(squares.mean(), rel=1e-3)


def test_quantile_crps_nears_the_closed_form_of_the_normal():
    levels = np.arange(0.0005, 1, 0.001)
    observed = np.array([-1.0, 0.0, 2.0])
    grid = np.tile(stats.norm.ppf(levels), (3, 1))
    closed = observed * (2 * stats.norm.cdf(observed) - 1) + 2 * stats.norm.pdf(observed) - 1 / np.sqrt(np.pi)
    assert scoring.quantile_crps(observed, grid, levels) == pytest.approx(closed, abs=2e-3)


@pytest.mark.parametrize(
    "call",
    [
        lambda: scoring.pinball([0.0], [0.0], 1.0),
        lambda: scoring.pinball([np.nan], [0.0], 0.5),
        lambda: scoring.qlike([1.0], [0.0]),
        lambda: scoring.qlike([-1.0], [1.0]),
        lambda: scoring.fissler_ziegel([0.0], [-0.1], [-0.05], 0.99),
        lambda: scoring.fissler_ziegel([0.0, 0.0], [0.1, -0.1], [0.2, 0.0], 0.99),
        lambda: scoring.tick_loss([0.0], [0.1], 99),
        lambda: scoring.quantile_crps([0.0], [[0.0, 1.0]], [0.9, 0.1]),
        lambda: scoring.quantile_crps([0.0], [0.0, 1.0], [0.1, 0.9]),
    ],
)
def test_bad_input_is_refused(call):
    with pytest.raises(DataError):
        call()
