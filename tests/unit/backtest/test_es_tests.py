"""Acerbi-Szekely: signs, null laws, edges."""

import numpy as np
import pytest
from scipy import stats

from hf_platform.backtest import es_tests
from hf_platform.errors import DataError

LEVEL = 0.975
QUANTILE = stats.norm.ppf(LEVEL)
SHORTFALL = stats.norm.pdf(QUANTILE) / (1 - LEVEL)


def normal_sample(n: int = 1000, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    scale = 0.01 * np.exp(0.3 * rng.standard_normal(n))
    return scale * rng.standard_normal(n), scale * QUANTILE, scale * SHORTFALL


def sampler(scale: np.ndarray):
    return lambda rng, size: scale * rng.standard_normal((size, scale.size))


def test_statistics_by_hand():
    losses, var, es = np.array([0.03, -0.01, 0.05, 0.0]), np.full(4, 0.02), np.full(4, 0.04)
    z1 = es_tests.acerbi_szekely_z1(losses, var, es, 0.5)
    z2 = es_tests.acerbi_szekely_z2(losses, var, es, 0.5)
    assert z1.statistic == pytest.approx(1 - (0.75 + 1.25) / 2)
    assert z2.statistic == pytest.approx(1 - (0.75 + 1.25) / (4 * 0.5))
    assert (z1.n_breaches, z1.n_forecasts, z1.degrees_of_freedom) == (2, 4, None)
    assert z1.p_value is None
    assert "sampler" in z1.reason


@pytest.mark.parametrize("test", [es_tests.acerbi_szekely_z1, es_tests.acerbi_szekely_z2])
def test_understated_shortfall_is_negative_and_rejected(test):
    losses, var, es = normal_sample(4000)
    fair = test(losses, var, es, LEVEL, simulate=sampler(var / QUANTILE))
    low = test(1.4 * losses, var, es, LEVEL, simulate=sampler(var / QUANTILE))
    assert abs(fair.statistic) < 0.25
    assert fair.p_value > 0.01
    assert low.statistic < -0.1
    assert low.p_value < 0.01


def test_the_same_seed_gives_the_same_p_value():
    losses, var, es = normal_sample()
    draw = sampler(var / QUANTILE)
    p = [es_tests.acerbi_szekely_z2(losses, var, es, LEVEL, simulate=draw, seed=s).p_value for s in (1, 1, 2)]
    assert p[0] == p[1]
    assert p[0] != p[2]


def test_without_breach_z1_has_no_value_and_z2_is_one():
    losses, var, es = normal_sample(100)
    quiet = np.full_like(losses, -0.01)
    assert es_tests.acerbi_szekely_z1(quiet, var, es, LEVEL).statistic is None
    assert es_tests.acerbi_szekely_z1(quiet, var, es, LEVEL).reason
    assert es_tests.acerbi_szekely_z2(quiet, var, es, LEVEL).statistic == 1.0
    assert es_tests.z2_with_pareto_tail(quiet, var, es, LEVEL).p_value > 0.9


def test_the_stored_tail_judges_like_the_full_distribution():
    losses, var, es = normal_sample(1000, seed=3)
    worse = 1.15 * losses
    for sample in (losses, worse):
        full = es_tests.acerbi_szekely_z2(sample, var, es, LEVEL, simulate=sampler(var / QUANTILE)).p_value
        tail = es_tests.z2_with_pareto_tail(sample, var, es, LEVEL).p_value
        assert tail == pytest.approx(full, abs=0.04)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x, v, e: (x, v, 0.9 * v), "at least value_at_risk"),
        (lambda x, v, e: (x, -v, -v), "positive number for a loss"),
        (lambda x, v, e: (x, np.r_[-v[:1], v[1:]], np.r_[-v[:1], e[1:]]), "must be positive"),
        (lambda x, v, e: (x, v, e[:-1]), "one length"),
        (lambda x, v, e: (x, v, np.full_like(e, np.nan)), "finite"),
    ],
)
def test_bad_input_is_named(change, message):
    with pytest.raises(DataError, match=message):
        es_tests.acerbi_szekely_z2(*change(*normal_sample()), LEVEL)


def test_a_sampler_of_the_wrong_shape_is_named():
    losses, var, es = normal_sample(50)
    with pytest.raises(DataError, match="shape"):
        es_tests.acerbi_szekely_z2(losses, var, es, LEVEL, simulate=lambda rng, size: rng.random((size, 3)))
