"""Every further test statistic, score and Sharpe figure against published or independently worked values."""

import json
from pathlib import Path

import numpy as np
import pytest

from hf_platform.backtest import breaks, comparison, confidence_set, coverage, es_tests, scoring, sharpe

GOLDEN = json.loads(Path(__file__).with_name("evaluation.json").read_text(encoding="utf-8"))
TIMES = np.arange(1, 301)
LOSSES, VAR = ((37 * TIMES) % 101) / 10.0, 7.0 + ((13 * TIMES) % 7) / 2.0
SERIES = [((37 * TIMES) % 101) / 10.0, ((29 * TIMES) % 97) / 10.0, 2.0 + ((23 * TIMES) % 89) / 10.0]
PROBABILITIES = ((37 * np.arange(1, 201)) % 101 + 0.5) / 102


def cases(name: str) -> list:
    return [pytest.param(case, id=case["case"]) for case in GOLDEN[name]]


def breaches(case: dict) -> np.ndarray:
    hits = np.zeros(case["n_forecasts"], dtype=bool)
    hits[case["hits"]] = True
    return hits


def agrees(published, found: coverage.CoverageTest, case: dict) -> None:
    published([found.statistic, found.p_value], [case["statistic"], case["p_value"]], case["atol"])


@pytest.mark.parametrize("case", cases("christoffersen_independence"))
def test_independence(case, published):
    agrees(published, coverage.christoffersen_independence(breaches(case)), case)


@pytest.mark.parametrize("case", cases("conditional_coverage"))
def test_conditional_coverage(case, published):
    found = coverage.conditional_coverage(breaches(case), case["confidence"])
    agrees(published, found, case)
    assert found.degrees_of_freedom == 2


@pytest.mark.parametrize("case", cases("duration_test"))
def test_durations(case, published):
    agrees(published, coverage.duration_test(breaches(case), case["confidence"]), case)


@pytest.mark.parametrize("case", cases("dynamic_quantile"))
def test_dynamic_quantile(case, published):
    found = coverage.dynamic_quantile(LOSSES, VAR, case["confidence"])
    agrees(published, found, case)
    assert (found.n_breaches, found.degrees_of_freedom) == (case["n_breaches"], 6)


@pytest.mark.parametrize("case", cases("acerbi_szekely"))
def test_expected_shortfall(case, published):
    first = es_tests.acerbi_szekely_z1(LOSSES, VAR, 1.2 * VAR, case["confidence"])
    second = es_tests.acerbi_szekely_z2(LOSSES, VAR, 1.2 * VAR, case["confidence"])
    published(first.statistic, case["z1"], case["atol"])
    published(second.statistic, case["z2"], case["atol"])
    assert first.p_value is None
    assert first.reason


@pytest.mark.parametrize("case", cases("berkowitz"))
def test_berkowitz(case, published):
    agrees(published, coverage.berkowitz(PROBABILITIES), case)


@pytest.mark.parametrize("case", cases("berkowitz_tail"))
def test_berkowitz_tail(case, published):
    agrees(published, coverage.berkowitz_tail(PROBABILITIES, case["confidence"]), case)


@pytest.mark.parametrize("case", cases("tick_loss"))
def test_tick_loss(case, published):
    found = scoring.tick_loss([case["loss"]], [case["value_at_risk"]], case["confidence"])
    published(found, case["score"], case["atol"])


@pytest.mark.parametrize("case", cases("fissler_ziegel"))
def test_fissler_ziegel(case, published):
    found = scoring.fissler_ziegel(
        [case["loss"]], [case["value_at_risk"]], [case["expected_shortfall"]], case["confidence"]
    )
    published(found, case["score"], case["atol"])


@pytest.mark.parametrize("case", cases("qlike"))
def test_qlike(case, published):
    published(scoring.qlike([case["realised"]], [case["forecast"]]), case["score"], case["atol"])


@pytest.mark.parametrize("case", cases("scaled_error"))
def test_scaled_error(case, published):
    found = scoring.scaled_error(case["observed"], case["forecast"], case["history"])
    published(found, case["score"], case["atol"])


@pytest.mark.parametrize("case", cases("symmetric_percentage_error"))
def test_symmetric_percentage_error(case, published):
    found = scoring.symmetric_percentage_error(case["observed"], case["forecast"])
    published(found, case["score"], case["atol"])


@pytest.mark.parametrize("case", cases("probabilistic_sharpe_ratio"))
def test_probabilistic_sharpe_ratio(case, published):
    found = sharpe.probabilistic_sharpe_ratio(
        case["per_bar"], case["n_bars"], case["skewness"], case["kurtosis"], case["benchmark"]
    )
    published(found, case["probability"], case["atol"])


@pytest.mark.parametrize("case", cases("deflated_sharpe_ratio"))
def test_deflated_sharpe_ratio(case, published):
    variance = case["annual_trial_variance"] / case["bars_per_year"]
    ratio = case["annual"] / np.sqrt(case["bars_per_year"])
    found = sharpe.deflated_sharpe_ratio(
        ratio, case["n_bars"], case["skewness"], case["kurtosis"], variance, case["n_trials"]
    )
    published(found, case["probability"], 2 * case["atol"])
    if "lucky" in case:
        published(sharpe.expected_maximum_sharpe(variance, case["n_trials"]), case["lucky"], case["atol"])


@pytest.mark.parametrize("case", cases("sharpe_standard_error"))
def test_sharpe_standard_error(case, published):
    """A long sample with that ratio and normal quantiles as returns has the formula's error."""
    grid = sharpe.sharpe_ratio(_normal_returns(case["per_bar"]), n_lags=0)
    scaled = grid.standard_error * np.sqrt(grid.n_bars / case["n_bars"])
    published(scaled, case["error"], case["atol"])


@pytest.mark.parametrize("case", cases("diebold_mariano"))
def test_diebold_mariano(case, published):
    agrees(published, comparison.diebold_mariano(SERIES[0], SERIES[1]), case)


@pytest.mark.parametrize("case", cases("cusum"))
def test_cusum(case, published):
    agrees(published, breaks.cusum_test(SERIES[0] + np.where(TIMES > 180, case["shift"], 0.0), n_lags=0), case)


@pytest.mark.parametrize("case", cases("break_points"))
def test_break_points(case, published):
    found = breaks.break_points(SERIES[0] + np.where(TIMES > 180, case["shift"], 0.0))
    assert found.starts.tolist() == case["starts"]
    published(found.means, case["means"], case["atol"])


@pytest.mark.parametrize("case", cases("model_confidence_set"))
def test_confidence_set_and_superior_ability(case, published):
    chosen = confidence_set.model_confidence_set(np.column_stack(SERIES))
    assert not chosen.included[case["worst"]]
    published(chosen.p_values[case["worst"]], case["p_value"], case["atol"])
    ability = confidence_set.superior_predictive_ability(SERIES[2], np.column_stack(SERIES[:2]))
    assert ability.verdict == "beaten"
    published(ability.p_value, case["spa_p_value"], case["atol"])


@pytest.mark.parametrize("case", cases("crps"))
def test_crps(case, published):
    from scipy import stats

    levels = (np.arange(2_000) + 0.5) / 2_000
    found = scoring.quantile_crps([case["observed"]], stats.norm.ppf(levels)[None, :], levels)
    published(found[0], case["score"], case["atol"])


def _normal_returns(ratio: float) -> np.ndarray:
    from scipy import stats

    draws = stats.norm.ppf((np.arange(100_000) + 0.5) / 100_000)
    return ratio + draws / draws.std()


@pytest.mark.parametrize("case", [case for group in GOLDEN.values() for case in group], ids=lambda case: case["case"])
def test_every_case_has_a_pedigree(case):
    assert case["source"]
    assert case["atol"] > 0
