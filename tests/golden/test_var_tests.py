"""Coverage and ES tests against published or independently worked values."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from hf_platform.backtest import coverage, es_tests

GOLDEN = json.loads(Path(__file__).with_name("var_tests.json").read_text(encoding="utf-8"))


def cases(name: str) -> list:
    return [pytest.param(case, id=case["case"]) for case in GOLDEN[name]]


def breaches(case: dict) -> np.ndarray:
    hits = np.zeros(case["n_forecasts"], dtype=bool)
    hits[: case["n_breaches"]] = True
    return hits


@pytest.mark.parametrize("case", cases("kupiec_pof"))
def test_kupiec(case, published):
    found = coverage.kupiec_pof(breaches(case), case["confidence"])
    published(found.statistic, case["statistic"], case["atol_statistic"])
    published(found.p_value, case["p_value"], case["atol_p_value"])
    assert (found.n_forecasts, found.n_breaches, found.degrees_of_freedom) == (
        case["n_forecasts"],
        case["n_breaches"],
        1,
    )


@pytest.mark.parametrize("case", cases("basel_traffic_light"))
def test_traffic_light(case, published):
    light = coverage.basel_traffic_light(breaches(case), case["confidence"])
    assert light.zone == case["zone"]
    if "cumulative_probability" in case:
        published(light.cumulative_probability, case["cumulative_probability"], case["atol"])
        published(light.multiplier, case["multiplier_basel2"], 1e-12)
        third = coverage.basel_traffic_light(breaches(case), case["confidence"], framework="basel3")
        published(third.multiplier, case["multiplier_basel3"], 1e-12)


@pytest.mark.parametrize("case", cases("kupiec_exact_size"))
def test_exact_size(case, published):
    size = coverage.kupiec_exact_size(case["n_forecasts"], case["confidence"], case["nominal"])
    published(size, case["size"], case["atol"])


@pytest.mark.parametrize("case", cases("probability_of_green"))
def test_power_of_the_traffic_light(case, published):
    found = coverage.probability_of_green(case["true_tail"], case["n_forecasts"], case["confidence"])
    published(found, case["probability"], case["atol"])


@pytest.mark.parametrize("case", cases("acerbi_szekely_z2"))
def test_z2(case, published):
    n, level, freedom = case["n_forecasts"], case["confidence"], case["freedom"]
    quantile = stats.t.ppf(level, freedom)
    shortfall = stats.t.pdf(quantile, freedom) / (1 - level) * (freedom + quantile**2) / (freedom - 1)
    var, es = np.full(n, quantile), np.full(n, shortfall)
    losses = np.zeros(n)
    losses[:60] = (1 - case["statistic"]) * n * (1 - level) * shortfall / 60  # sixty equal losses give the statistic
    found = es_tests.acerbi_szekely_z2(
        losses, var, es, level, simulate=lambda rng, size: rng.standard_t(freedom, (size, n)), seed=1
    )
    published(found.statistic, case["statistic"], 1e-12)
    published(found.p_value, case["p_value"], case["atol"])
    assert es_tests.z2_with_pareto_tail(losses, var, es, level).p_value == pytest.approx(case["p_value"], abs=0.015)


@pytest.mark.parametrize("case", [case for group in GOLDEN.values() for case in group], ids=lambda case: case["case"])
def test_every_case_has_a_pedigree(case):
    assert case["source"]
    assert any(name.startswith("atol") for name in case)
