"""Portfolio VaR against closed forms, brute force and SciPy's Harrell-Davis quantiles."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats
from scipy.stats.mstats import hdquantiles

from hf_platform.errors import DataError
from hf_platform.risk import portfolio
from hf_platform.risk.portfolio_paths import freedom_path, parametric_path, scenario_count, simulated_paths

RNG = np.random.default_rng(3)
N = 5
ROOT = 0.01 * RNG.standard_normal((N, N))
COVARIANCE = ROOT @ ROOT.T
MEAN = 0.001 * RNG.standard_normal(N)
WEIGHTS = np.array([0.5, -0.2, 0.4, 0.0, 0.3])


@pytest.mark.parametrize("confidence", [0.9, 0.975, 0.99])
def test_normal_var_is_the_quantile_of_the_portfolio(confidence):
    risk = portfolio.parametric_risk(WEIGHTS, MEAN, COVARIANCE, confidence)
    law = stats.norm(-WEIGHTS @ MEAN, np.sqrt(WEIGHTS @ COVARIANCE @ WEIGHTS))
    assert_allclose(risk.value_at_risk, law.ppf(confidence), rtol=1e-12)
    tail = law.expect(lambda x: x, lb=law.ppf(confidence)) / (1 - confidence)
    assert_allclose(risk.expected_shortfall, tail, rtol=1e-6)


def test_student_var_has_the_covariance_it_was_given():
    freedom = 5.0
    risk = portfolio.parametric_risk(WEIGHTS, MEAN, COVARIANCE, 0.99, freedom=freedom)
    scale = np.sqrt(WEIGHTS @ COVARIANCE @ WEIGHTS * (freedom - 2) / freedom)
    law = stats.t(freedom, -WEIGHTS @ MEAN, scale)
    assert_allclose(risk.value_at_risk, law.ppf(0.99), rtol=1e-10)
    draws = law.rvs(2_000_000, random_state=1)
    assert_allclose(risk.expected_shortfall, draws[draws >= law.ppf(0.99)].mean(), rtol=0.02)


def test_marginal_is_the_derivative_and_incremental_the_difference():
    def var(weights):
        return portfolio.parametric_risk(weights, MEAN, COVARIANCE, 0.99, freedom=6.0).value_at_risk

    risk = portfolio.parametric_risk(WEIGHTS, MEAN, COVARIANCE, 0.99, freedom=6.0)
    for i in range(N):
        step = np.eye(N)[i] * 1e-6
        assert_allclose(risk.marginal_value_at_risk[i], (var(WEIGHTS + step) - var(WEIGHTS - step)) / 2e-6, rtol=1e-6)
        without = np.where(np.arange(N) == i, 0.0, WEIGHTS)
        assert_allclose(risk.incremental_value_at_risk[i], var(WEIGHTS) - var(without), atol=1e-14)


def test_a_portfolio_without_risk_has_none():
    risk = portfolio.parametric_risk(np.zeros(N), MEAN, COVARIANCE, 0.99)
    assert risk.value_at_risk == risk.expected_shortfall == 0.0


@pytest.mark.parametrize("confidence", [0.95, 0.99])
def test_scenario_var_is_scipys_harrell_davis_quantile(confidence):
    profits = RNG.standard_t(4, (600, N)) * 0.01
    risk = portfolio.scenario_risk(profits, WEIGHTS, confidence)
    losses = -profits.sum(axis=1)
    assert_allclose(risk.value_at_risk, hdquantiles(losses, [confidence])[0], rtol=1e-9)
    grid = np.linspace(confidence, 1, 4001)[:-1]
    assert_allclose(risk.expected_shortfall, hdquantiles(losses, grid).mean(), rtol=5e-3)
    for i in range(N):
        rest = -np.delete(profits, i, axis=1).sum(axis=1)
        assert_allclose(risk.incremental_value_at_risk[i], risk.value_at_risk - hdquantiles(rest, [confidence])[0],
                        atol=1e-10)  # fmt: skip
    assert np.isnan(risk.marginal_value_at_risk[3])  # no exposure there


def test_scenarios_of_a_normal_law_meet_the_closed_form():
    draws = RNG.multivariate_normal(MEAN, COVARIANCE, 100_000) * WEIGHTS
    exact = portfolio.parametric_risk(WEIGHTS, MEAN, COVARIANCE, 0.99)
    found = portfolio.scenario_risk(draws, WEIGHTS, 0.99)
    assert_allclose(found.value_at_risk, exact.value_at_risk, rtol=0.02)
    assert_allclose(found.component_expected_shortfall, exact.component_expected_shortfall, atol=2e-3)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"confidence": 99.0}, "Write 0.99"),
        ({"confidence": 0.4}, "between 0.5 and 1"),
        ({"exposures": np.array([np.nan, 1, 1, 1, 1])}, "finite vectors"),
        ({"mean": np.zeros(3)}, "finite vectors"),
        ({"covariance": np.full((N, N), np.nan)}, "NaN or infinity at column 0"),
        ({"covariance": -np.eye(N)}, "positive variance"),
        ({"covariance": np.eye(3)}, "shape"),
        ({"covariance": 2 * np.ones((N, N)) - np.eye(N) * 1.5}, "semi-definite"),
    ],
)
def test_bad_input_is_named(change, message):
    given = {"exposures": WEIGHTS, "mean": MEAN, "covariance": COVARIANCE, "confidence": 0.99} | change
    with pytest.raises(DataError, match=message):
        portfolio.parametric_risk(**given)


def test_too_few_scenarios_and_missing_profits_are_refused():
    with pytest.raises(DataError, match="needs 200 scenarios, found 150"):
        portfolio.scenario_risk(np.zeros((150, 2)), np.ones(2), 0.99)
    with pytest.raises(DataError, match="finite"):
        portfolio.scenario_risk(np.full((500, 2), np.nan), np.ones(2), 0.99)


def test_degrees_of_freedom_are_recovered():
    draws = stats.t.rvs(5, size=20_000, random_state=2) * np.sqrt(3 / 5)
    assert abs(portfolio.estimate_freedom(draws) - 5) < 0.5
    assert portfolio.estimate_freedom(RNG.standard_normal(5_000)) > 30
    with pytest.raises(DataError, match="50 standardised returns, found 3"):
        portfolio.estimate_freedom(np.ones(3))


def test_paths_at_one_origin_equal_the_single_estimates():
    covariances, means = np.stack([COVARIANCE, 2 * COVARIANCE]), np.stack([MEAN, MEAN])
    path = parametric_path(WEIGHTS, means, covariances, 0.975)
    for at in range(2):
        single = portfolio.parametric_risk(WEIGHTS, means[at], covariances[at], 0.975)
        assert_allclose([path.value_at_risk[at], path.expected_shortfall[at]],
                        [single.value_at_risk, single.expected_shortfall])  # fmt: skip
    innovations, roots = RNG.standard_normal((700, N)), np.stack([np.eye(N) * 0.01, np.eye(N) * 0.02])
    found = simulated_paths(WEIGHTS, means, roots, innovations, known=np.array([250, 700]), confidences=(0.95, 0.99))
    for path in found:
        for at, n in ((0, 250), (1, 700)):
            profits = np.expm1(means[at] + innovations[:n] @ roots[at]) * WEIGHTS
            single = portfolio.scenario_risk(profits, WEIGHTS, path.confidence)
            assert_allclose(path.value_at_risk[at], single.value_at_risk, rtol=1e-12)


def test_estimates_use_only_what_was_known():
    values = RNG.standard_normal(400)
    known = np.array([40, 60, 120, 400])
    first = freedom_path(values, known)
    values[120:] = 50.0 * RNG.standard_t(2.5, 280)
    assert_allclose(freedom_path(values, known)[:3], first[:3])
    assert np.isnan(first[0])
    assert scenario_count(199, 0.99) == 0
    assert scenario_count(215, 0.99) == 200
    assert scenario_count(5_000, 0.9) == 1_000


def test_block_sums_keep_the_variance():
    innovations = RNG.standard_normal((20_000, 2))
    blocks = portfolio.block_sums(innovations, 5)
    assert blocks.shape == (19_996, 2)
    assert_allclose(blocks[7], innovations[7:12].sum(axis=0) / np.sqrt(5))
    assert_allclose(blocks.std(axis=0), 1.0, atol=0.05)
