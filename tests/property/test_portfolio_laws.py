"""Laws of portfolio risk, whatever the numbers: parts add up, ES is beyond VaR, VaR rises with the confidence."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose

from hf_platform.risk import portfolio, stress
from hf_platform.risk.book import Book
from hf_platform.risk.scenarios import Reverse

sizes = st.integers(1, 8)
seeds = st.integers(0, 2**31)
confidences = st.sampled_from([0.9, 0.95, 0.975, 0.99])
freedoms = st.one_of(st.none(), st.floats(2.5, 50))


def case(n, seed):
    rng = np.random.default_rng(seed)
    root = rng.standard_normal((n, n + 2)) * 0.02
    return rng.standard_normal(n), 0.001 * rng.standard_normal(n), root @ root.T + 1e-8 * np.eye(n)


@settings(max_examples=60, deadline=None)
@given(n=sizes, seed=seeds, confidence=confidences, freedom=freedoms)
def test_components_add_up_under_an_elliptical_law(n, seed, confidence, freedom):
    weights, mean, covariance = case(n, seed)
    risk = portfolio.parametric_risk(weights, mean, covariance, confidence, freedom=freedom)
    assert_allclose(risk.component_value_at_risk.sum(), risk.value_at_risk, rtol=1e-9, atol=1e-12)
    assert_allclose(risk.component_expected_shortfall.sum(), risk.expected_shortfall, rtol=1e-9, atol=1e-12)
    assert risk.expected_shortfall >= risk.value_at_risk


@settings(max_examples=40, deadline=None)
@given(
    profits=arrays(
        np.float64, st.tuples(st.integers(200, 260), st.integers(1, 4)), elements=st.floats(-1, 1, width=32)
    ),
    confidence=confidences,
)
def test_components_add_up_over_scenarios(profits, confidence):
    risk = portfolio.scenario_risk(profits, np.ones(profits.shape[1]), confidence)
    assert_allclose(risk.component_value_at_risk.sum(), risk.value_at_risk, rtol=1e-9, atol=1e-12)
    assert_allclose(risk.component_expected_shortfall.sum(), risk.expected_shortfall, rtol=1e-9, atol=1e-12)
    assert risk.expected_shortfall >= risk.value_at_risk - 1e-9
    lower = portfolio.scenario_risk(profits, np.ones(profits.shape[1]), 0.8)
    assert lower.value_at_risk <= risk.value_at_risk + 1e-9
    assert lower.expected_shortfall <= risk.expected_shortfall + 1e-9


@settings(max_examples=40, deadline=None)
@given(n=st.integers(2, 6), seed=seeds, loss=st.floats(0.01, 0.5))
def test_no_shock_of_the_same_loss_is_nearer_than_the_reverse_stress(n, seed, loss):
    weights, _, covariance = case(n, seed)
    weights = np.abs(weights) / np.abs(weights).sum()
    names = tuple("abcdef"[:n])
    blank = np.empty(0)
    book = Book("x", names, np.ones(n), weights, 0.0, (), blank.astype(np.int64), blank, blank)
    found = stress.reverse(book, covariance, Reverse(name="r", description="", loss=loss))
    inverse = np.linalg.inv(covariance)
    assert_allclose(-weights @ found.shocks, loss, rtol=1e-9)
    assert_allclose(np.sqrt(found.shocks @ inverse @ found.shocks), found.distance, rtol=1e-4)
    other = np.random.default_rng(seed).standard_normal((50, n))
    other *= (-loss / (other @ weights))[:, None]
    distances = np.sqrt(np.einsum("ki,ij,kj->k", other, inverse, other))
    assert (distances >= found.distance * (1 - 1e-6)).all()
