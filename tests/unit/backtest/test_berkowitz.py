"""Berkowitz's tests against direct maximisation, their answers on bad forecasts, and bad input."""

import numpy as np
import pytest
from scipy import optimize, special, stats

from hf_platform.backtest import coverage
from hf_platform.backtest.berkowitz import tail_probabilities
from hf_platform.errors import DataError

LEVELS = np.array([0.9, 0.95, 0.975, 0.99])


def autoregressive_log_likelihood(theta: np.ndarray, z: np.ndarray) -> float:
    mean, log_deviation, turn = theta
    coefficient, deviation = np.tanh(turn), np.exp(log_deviation)
    first = stats.norm.logpdf(z[0], mean, deviation / np.sqrt(1 - coefficient**2))
    return first + stats.norm.logpdf(z[1:], mean + coefficient * (z[:-1] - mean), deviation).sum()


def test_the_full_test_is_the_likelihood_ratio_of_an_autoregression():
    rng = np.random.default_rng(0)
    noise = rng.standard_normal(400)
    z = 0.2 + 1.2 * np.r_[noise[0], 0.3 * noise[:-1] + noise[1:]]
    best = optimize.minimize(lambda t: -autoregressive_log_likelihood(t, z), np.zeros(3), method="Nelder-Mead",
                             options={"xatol": 1e-9, "fatol": 1e-11, "maxiter": 5000})  # fmt: skip
    expected = 2 * (-best.fun - stats.norm.logpdf(z).sum())
    found = coverage.berkowitz(special.ndtr(z), 0.99)
    assert found.statistic == pytest.approx(expected, rel=1e-6)
    assert found.p_value == pytest.approx(stats.chi2.sf(expected, 3), rel=1e-4)
    assert (found.degrees_of_freedom, found.n_forecasts) == (3, 400)
    assert found.n_breaches == int((special.ndtr(z) > 0.99).sum())


@pytest.mark.parametrize(("n", "confidence", "power"), [(1000, 0.95, 0.8), (250, 0.99, 0.7), (4000, 0.9, 1.1)])
def test_the_tail_test_is_the_likelihood_ratio_of_a_censored_normal(n, confidence, power):
    u = np.random.default_rng(n).random(n) ** power
    z, cut = special.ndtri(u), special.ndtri(confidence)
    inside, beyond = int((z <= cut).sum()), z[z > cut]

    def minus(theta: np.ndarray) -> float:
        mean, deviation = theta[0], np.exp(theta[1])
        censored = inside * stats.norm.logcdf((cut - mean) / deviation)
        return -(censored + stats.norm.logpdf(beyond, mean, deviation).sum())

    best = optimize.minimize(minus, np.zeros(2), method="Nelder-Mead", options={"xatol": 1e-10, "fatol": 1e-12})
    found = coverage.berkowitz_tail(u, confidence)
    assert found.statistic == pytest.approx(2 * (minus(np.zeros(2)) - best.fun), rel=1e-7, abs=1e-8)
    assert (found.n_breaches, found.degrees_of_freedom) == (beyond.size, 2)


def test_no_loss_in_the_tail_is_judged_by_its_number():
    found = coverage.berkowitz_tail(np.full(250, 0.5), 0.99)
    assert found.statistic == pytest.approx(coverage.kupiec_pof(np.zeros(250, dtype=bool), 0.99).statistic)
    assert found.p_value == pytest.approx(0.0250, abs=5e-5)
    assert "no loss lies in the tail" in found.reason


def test_wrong_spread_and_memory_are_found():
    rng = np.random.default_rng(1)
    wide = special.ndtr(1.3 * rng.standard_normal(500))
    assert coverage.berkowitz(wide).p_value < 1e-6
    assert coverage.berkowitz_tail(wide, 0.95).p_value < 0.01
    noise = rng.standard_normal(501)
    remembering = special.ndtr((0.4 * noise[:-1] + noise[1:]) / np.sqrt(1.16))
    assert coverage.berkowitz(remembering).p_value < 1e-6
    assert coverage.berkowitz(special.ndtr(rng.standard_normal(500))).p_value > 0.01


@pytest.mark.parametrize("freedom", [4.0, 1e6])
def test_losses_are_placed_in_the_stored_tail(freedom):
    grid = stats.t.ppf(LEVELS, freedom)
    quantile = grid[-1]
    shortfall = stats.t.pdf(quantile, freedom) / 0.01 * (freedom + quantile**2) / (freedom - 1)
    n = 400
    losses = stats.t.ppf(np.linspace(0.5, 0.9985, n), freedom)
    placed = tail_probabilities(losses, np.tile(grid, (n, 1)), np.full(n, shortfall), LEVELS)
    beyond = losses > grid[0]
    np.testing.assert_allclose(1 - placed[beyond], 1 - stats.t.cdf(losses[beyond], freedom), rtol=0.25)
    np.testing.assert_allclose(placed[losses > grid[-1]].min(), 0.99, atol=2e-3)
    assert (placed[~beyond] == 0.45).all()
    assert (np.diff(placed[beyond]) > 0).all()


def test_a_short_sample_and_one_without_spread_say_why():
    for probabilities in ([0.5, 0.4, 0.6], np.full(50, 0.3)):
        found = coverage.berkowitz(probabilities)
        assert found.statistic is None
        assert found.p_value is None
        assert found.reason


@pytest.mark.parametrize(
    "call",
    [
        lambda: coverage.berkowitz([]),
        lambda: coverage.berkowitz([0.5, 1.0, 0.2, 0.3]),
        lambda: coverage.berkowitz([0.5, np.nan, 0.2, 0.3]),
        lambda: coverage.berkowitz_tail([[0.5]], 0.99),
        lambda: coverage.berkowitz_tail([0.5, 0.6], 99),
        lambda: tail_probabilities([0.1], [[0.1, 0.2]], [0.3], [0.99, 0.9]),
        lambda: tail_probabilities([0.1], [[0.2, 0.1]], [0.3], [0.9, 0.99]),
        lambda: tail_probabilities([0.1], [[0.1, 0.2]], [0.1], [0.9, 0.99]),
        lambda: tail_probabilities([0.1, 0.2], [[0.1, 0.2]], [0.3], [0.9, 0.99]),
        lambda: tail_probabilities([np.nan], [[0.1, 0.2]], [0.3], [0.9, 0.99]),
    ],
)
def test_bad_input_is_refused(call):
    with pytest.raises(DataError, match="found"):
        call()


def test_one_value_in_the_tail_and_none_inside_has_no_statistic_but_a_reason():
    found = coverage.berkowitz_tail([0.75], 0.5)
    assert (found.statistic, found.p_value) == (None, None)
    assert "spread" in found.reason
