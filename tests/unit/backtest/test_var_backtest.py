"""The backtest stage: joins, origins, verdicts, reuse."""

from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from hf_platform.backtest import coverage, var_backtest
from hf_platform.backtest.battery import judge, n_sessions
from hf_platform.backtest.sample import read_samples
from hf_platform.backtest.summary import coverage_summary
from hf_platform.fitting.outcome import KeyStatus
from hf_platform.horizons import Horizon
from hf_platform.risk import value_at_risk
from hf_platform.types import GridKey

A = GridKey("AAA", "1d")


def run(store, world, keys=(A,)):
    value_at_risk.estimate(store, keys, as_of=world.as_of, run_id="r1")
    return var_backtest.backtest(store, keys, as_of=world.as_of, run_id="r1")


def stored_tests(store, **where) -> pl.DataFrame:
    rows = store.query("SELECT * FROM backtests.var_tests ORDER BY ALL")
    for name, value in where.items():
        rows = rows.filter(pl.col(name) == value)
    return rows


def sample_of(lake, key: GridKey, method: str, confidence: float):
    found = read_samples(lake.store, [key], lake.world.as_of, methods=[method], confidences=[confidence], signs=[1])
    assert len(found) == 1
    return found[0]


def test_losses_are_those_of_the_next_bar(backtested):
    sample = sample_of(backtested, A, "ensemble", 0.99)
    assert len(sample) == 1300
    np.testing.assert_allclose(sample.losses, -backtested.world.returns["AAA"][1:], atol=1e-12)
    assert (sample.targets > sample.origins).all()


def test_losses_of_a_horizon_add_up_and_do_not_overlap(backtested):
    sample = sample_of(backtested, GridKey("AAA", "5d"), "ewma", 0.95)
    steps = np.diff(sample.origins).astype("timedelta64[D]").astype(int)
    assert (steps == 5).all()
    sums = np.add.reduceat(backtested.world.returns["AAA"][1:], np.arange(0, 1300, 5))
    np.testing.assert_allclose(sample.losses, -sums, atol=1e-12)


def test_stored_tests_are_those_of_the_library(backtested):
    sample = sample_of(backtested, A, "ensemble", 0.95)
    outcome = backtested.outcomes["var_backtest"]
    rows = stored_tests(backtested.store, horizon="1d", method="ensemble", confidence=0.95, test="kupiec_pof")
    row = rows.sort("n_forecasts").row(-1, named=True)
    expected = coverage.kupiec_pof(sample.breaches, 0.95)
    assert row["statistic"] == expected.statistic
    assert row["p_value"] == expected.p_value
    assert (row["n_forecasts"], row["n_breaches"]) == (1300, expected.n_breaches)
    assert row["window_end"] == backtested.world.as_of - timedelta(days=1)
    assert row["lake_snapshot"] < outcome.snapshot_id
    assert outcome.keys[A].n_rows == stored_tests(backtested.store, horizon="1d").height


def test_every_stored_level_method_and_position_is_tested(backtested):
    rows = stored_tests(backtested.store, horizon="1d")
    names = ["method", "confidence", "position_sign"]
    estimated = backtested.store.query(
        "SELECT DISTINCT method, confidence, position_sign FROM risk.value_at_risk WHERE horizon = '1d'"
    )
    assert {"ensemble", "ewma"} <= set(estimated["method"])
    counted = rows.filter(~pl.col("test").is_in(["basel_traffic_light", "berkowitz"])).group_by(names).len()
    expected = estimated.with_columns(
        len=pl.when((pl.col("method") == "ensemble") & (pl.col("position_sign") == 1)).then(14).otherwise(7)
    )  # seven tests, of the ensemble's long positions in two windows
    assert sorted(counted.iter_rows()) == sorted(expected.select(*names, "len").iter_rows())
    assert set(rows["verdict"]) <= {"pass", "fail", "cannot tell"}
    assert rows.filter(pl.col("p_value").is_null() & pl.col("reason").is_null()).is_empty()
    light = stored_tests(backtested.store, test="basel_traffic_light")
    assert set(light["horizon"]) == {"1d"}
    assert set(light["confidence"]) == {0.99}
    assert set(light["n_forecasts"]) == {250}
    assert light["zone"].null_count() == 0


def test_breaches_are_listed_with_their_losses(backtested):
    listed = backtested.store.query("SELECT * FROM backtests.breaches WHERE horizon = '1d'")
    assert (listed["loss"] > listed["value_at_risk"]).all()
    counts = stored_tests(backtested.store, horizon="1d", test="kupiec_pof").filter(pl.col("n_forecasts") > 250)
    assert listed.height == counts["n_breaches"].sum()


def test_a_right_model_passes_and_a_wrong_one_fails(store, world_of):
    world = world_of(n_bars=2000, ensemble_factor=0.7)
    run(store, world)
    whole = stored_tests(store, confidence=0.99, test="kupiec_pof").filter(pl.col("n_forecasts") > 250)
    verdicts = dict(whole.select("method", "verdict").iter_rows())
    assert verdicts == {"ensemble": "fail", "ewma": "pass"}
    shortfall = stored_tests(store, confidence=0.975, test="acerbi_szekely_z2", method="ensemble")
    assert "fail" in shortfall["verdict"].to_list()


def test_a_second_run_writes_nothing(store, world_of):
    world = world_of(n_bars=600)
    first = run(store, world)
    before = store.latest_snapshot()
    again = var_backtest.backtest(store, [A], as_of=world.as_of, run_id="r2")
    assert store.latest_snapshot() == before
    assert again.keys[A].n_reused == 1
    assert again.keys[A].n_rows == 0
    assert again.keys[A].data_version == first.keys[A].data_version
    assert set(stored_tests(store)["run_id"]) == {"r1"}


def test_new_data_make_new_tests_and_replace_the_breaches(store, world_of):
    world = world_of(n_bars=600)
    value_at_risk.estimate(store, [A], as_of=world.as_of, run_id="r1")
    early = world.as_of - timedelta(days=100)
    var_backtest.backtest(store, [A], as_of=early, run_id="r1")
    var_backtest.backtest(store, [A], as_of=world.as_of, run_id="r2")
    whole = stored_tests(store, test="kupiec_pof", method="ensemble", confidence=0.9).filter(
        pl.col("n_forecasts") > 250
    )
    assert sorted(whole["n_forecasts"]) == [499, 599]
    assert set(store.query("SELECT as_of FROM backtests.breaches")["as_of"]) == {world.as_of}


def test_little_data_cannot_tell(store, world_of):
    world = world_of(n_bars=200)
    run(store, world)
    rows = stored_tests(store)
    assert set(rows["verdict"]) == {"cannot tell"}
    assert rows["reason"].str.contains("199 out-of-sample sessions, 252 are needed").all()


def test_few_expected_breaches_cannot_tell(store, world_of):
    world = world_of(n_bars=400)
    run(store, world)
    high = stored_tests(store, confidence=0.99, test="kupiec_pof")
    assert set(high["verdict"]) == {"cannot tell"}
    assert high["reason"].str.contains("breaches expected, 5 are needed").all()
    assert "cannot tell" not in stored_tests(store, confidence=0.9, test="kupiec_pof")["verdict"].to_list()


@pytest.mark.parametrize(("p_value", "word"), [(0.5, "pass"), (0.01, "pass"), (0.0099, "fail")])
def test_the_verdict_turns_at_one_percent(p_value, word):
    found = coverage.CoverageTest(1.0, p_value, 1, 1000, 10)
    assert judge(found, 0.99, 1000) == (word, None)


def test_a_key_without_var_has_failed_and_one_without_returns_is_skipped(store, world_of):
    world = world_of(n_bars=300)
    first = store.query("SELECT min(forecast_origin) AS t FROM models.forecasts").item()
    value_at_risk.estimate(store, [A], as_of=first, run_id="r1")
    outcomes = var_backtest.backtest(store, [A, GridKey("ZZZ", "1d")], as_of=first, run_id="r1").keys
    assert outcomes[A].status is KeyStatus.SKIPPED
    assert "no horizon has ended" in outcomes[A].reason
    assert outcomes[GridKey("ZZZ", "1d")].status is KeyStatus.FAILED
    assert world.as_of > first


def test_prices_known_later_are_not_seen(store, world_of):
    world = world_of(n_bars=400)
    value_at_risk.estimate(store, [A], as_of=world.as_of, run_id="r1")
    early = world.as_of - timedelta(days=50)
    sample = read_samples(store, [A], early)[0]
    assert sample.targets.max().astype("datetime64[us]").item() == early


def test_a_return_over_a_price_that_is_not_positive_is_left_out(store, world_of):
    world = world_of(n_bars=400)
    fallen = (
        store.query("SELECT * EXCLUDE (producer, run_id) FROM market.bars ORDER BY event_at LIMIT 1 OFFSET 200")
        .with_columns(close=pl.lit(-37.0), known_at=pl.lit(world.as_of))
    )  # fmt: skip
    with store.transaction(producer="bars", run_id="x") as tx:
        tx.append("market.bars", fallen)
    value_at_risk.estimate(store, [A], as_of=world.as_of, run_id="r1")
    assert {len(sample) for sample in read_samples(store, [A], world.as_of)} == {397}


def test_the_summary_counts_cells(store, world_of):
    world = world_of(instruments=("AAA", "BBB"), n_bars=1500, ensemble_factor=0.5)
    run(store, world, [A, GridKey("BBB", "1d")])
    table = coverage_summary(store, world.as_of, instruments=["AAA", "BBB"])
    total = {row["method"]: row for row in table.filter(pl.col("confidence").is_null()).iter_rows(named=True)}
    assert total["ensemble"]["n_cells"] == total["ewma"]["n_cells"] == 6
    assert total["ensemble"]["share_passed"] == 0.0
    assert total["ewma"]["share_passed"] > 0.5
    assert coverage_summary(store, world.as_of).is_empty()  # no equity in the universe


def test_a_year_is_counted_in_sessions_not_forecasts():
    sessions = {name: n_sessions(60, Horizon.parse(name)) for name in ("1d", "5d", "20d", "1w", "1mo")}
    assert sessions == {"1d": 60, "5d": 300, "20d": 1_200, "1w": 290, "1mo": 1_260}
