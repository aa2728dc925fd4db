from datetime import date, datetime

import numpy as np
import pytest

from hf_platform.errors import DataError
from hf_platform.market.bars import build_bars
from hf_platform.market.ingest import load_prices
from hf_platform.market.simulator import SimulationSpec
from hf_platform.market.sources.simulated import SimulatedSource
from hf_platform.market.stationarity import TESTS, store_unit_root_tests, unit_root_test

walk = np.cumsum(np.random.default_rng(4).normal(0, 0.01, 1000))


@pytest.mark.parametrize("test", TESTS)
def test_a_walk_has_a_unit_root_and_its_steps_have_none(test):
    assert unit_root_test(walk, test).verdict == "unit root"
    assert unit_root_test(np.diff(walk), test).verdict == "stationary"


@pytest.mark.parametrize(
    "values", [walk, np.diff(walk), walk + np.sin(np.arange(1000) / 30)], ids=["walk", "steps", "wave"]
)
@pytest.mark.parametrize("test", TESTS)
def test_statistics_and_p_values_equal_those_of_arch(values, test):
    from arch.unitroot import ADF, KPSS, PhillipsPerron

    ours = unit_root_test(values, test, n_lags=10)
    theirs = {"adf": ADF, "pp": PhillipsPerron, "kpss": KPSS}[test](values, lags=10)
    assert ours.statistic == pytest.approx(theirs.stat, rel=1e-8)
    clipped = np.clip(theirs.pvalue, 0.01, 0.10) if test == "kpss" else theirs.pvalue
    assert ours.p_value == pytest.approx(clipped, abs=0.004)


def test_what_cannot_be_tested_says_why():
    assert unit_root_test(walk[:50], "adf").reason == "at least 100 values needed, found 50"
    flat = unit_root_test(np.full(200, 4.6), "kpss")
    assert (flat.verdict, flat.p_value, flat.reason) == ("cannot tell", None, "the series is constant")
    with pytest.raises(DataError, match="without missing"):
        unit_root_test(np.array([1.0, np.nan]), "pp")


def test_results_are_stored_once_per_instrument(store):
    spec = SimulationSpec(instruments=("A", "B"), start=date(2022, 1, 1), end=date(2023, 12, 31))
    now = datetime.fromisoformat("2024-06-01")
    load_prices(store, SimulatedSource(spec), spec.instruments, run_id="r", now=now)
    build_bars(store, spec.instruments, run_id="r")
    for _ in range(2):
        found = store_unit_root_tests(store, ["A", "B"], now, run_id="r")
    assert found.height == 2 * 2 * 3
    assert store.query("SELECT count(*) FROM market.unit_root_tests").item() == 12
    returns = store.query("SELECT DISTINCT verdict FROM market.unit_root_tests WHERE series = 'log_return'")
    assert returns["verdict"].to_list() == ["stationary"]


@pytest.mark.slow
@pytest.mark.parametrize(("test", "null"), [("adf", "walk"), ("pp", "walk"), ("kpss", "steps")])
def test_the_size_is_the_nominal_one_under_garch_errors(test, null):
    from hf_platform.market.simulator import simulate

    n = 400
    spec = SimulationSpec(
        instruments=tuple(f"S{i}" for i in range(n)), start=date(2018, 1, 1), end=date(2021, 12, 31),
        market_volatility=0.0, jump_probability=0.0, calendar_effects=False, alpha=0.05, beta=0.9, omega=2e-5,
    )  # fmt: skip
    truth = simulate(spec, seed=1).truth
    steps = truth["log_return"].to_numpy().reshape(n, -1)
    series = np.cumsum(steps, axis=1) if null == "walk" else steps
    rejected = [
        unit_root_test(row, test).verdict != ("unit root" if null == "walk" else "stationary") for row in series
    ]
    assert np.mean(rejected) == pytest.approx(0.05, abs=4 * np.sqrt(0.05 * 0.95 / n))
