"""The stages over stored forecasts: scores, comparisons and strategies against the library's own functions."""

import json
from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from hf_platform.backtest import forecast_backtest, model_comparison, scoring, strategy_backtest
from hf_platform.backtest.forecast_sample import naive_volatility, read_bars, read_outcomes
from hf_platform.backtest.loss_panel import panel_of
from hf_platform.backtest.strategy import TradingCosts
from hf_platform.backtest.strategy import backtest as trade
from hf_platform.fitting.outcome import KeyStatus
from hf_platform.types import PROBABILITIES, GridKey

A = GridKey("AAA", "1d")
STAGES = {
    "forecast_backtest": (forecast_backtest, "backtests.forecast_scores"),
    "model_comparison": (model_comparison, "backtests.comparisons"),
    "strategy_backtest": (strategy_backtest, "backtests.strategies"),
}


def stored(lake, table: str, **where) -> pl.DataFrame:
    rows = lake.store.query(f"SELECT * FROM {table} ORDER BY ALL")
    for name, value in where.items():
        rows = rows.filter(pl.col(name) == value)
    return rows


@pytest.fixture(scope="module")
def truth(backtested):
    """Outcomes of the daily key and the stored forecasts beside them."""
    store, as_of = backtested.store, backtested.world.as_of
    outcomes = read_outcomes(store, [A], read_bars(store, [A], as_of, None), as_of, None)[A]
    ewma = store.query(
        "SELECT mean, volatility, quantiles FROM models.forecasts WHERE family = 'ewma' AND horizon = '1d' "
        "ORDER BY forecast_origin"
    ).head(outcomes.origins.size)
    return outcomes, ewma


def test_outcomes_are_the_returns_that_followed(backtested, truth):
    outcomes, _ = truth
    np.testing.assert_allclose(outcomes.returns, backtested.world.returns["AAA"][1:], atol=1e-12)
    assert (outcomes.targets > outcomes.origins).all()
    expected = np.std(backtested.world.returns["AAA"][1:22], ddof=1)
    assert np.isnan(outcomes.naive_volatility[:21]).all()
    assert outcomes.naive_volatility[21] == pytest.approx(expected)


def test_horizons_of_several_bars_do_not_overlap(backtested):
    store, as_of, key = backtested.store, backtested.world.as_of, GridKey("AAA", "5d")
    outcomes = read_outcomes(store, [key], read_bars(store, [key], as_of, None), as_of, None)[key]
    assert (outcomes.origins[1:] >= outcomes.targets[:-1]).all()
    np.testing.assert_allclose(
        outcomes.returns, np.add.reduceat(backtested.world.returns["AAA"][1:], np.arange(0, 1300, 5)), atol=1e-12
    )


def test_naive_volatility_is_missing_across_a_price_that_is_not_positive():
    closes = np.linspace(50.0, 60.0, 80)
    closes[40] = -1.0
    found = naive_volatility(closes, 4)
    assert np.isnan(found[40:62]).all()
    assert found[62] == pytest.approx(2 * np.std(np.diff(np.log(closes[41:63])), ddof=1))
    assert np.isfinite(found[21:40]).all()


def test_scores_are_those_of_the_library(backtested, truth):
    outcomes, ewma = truth
    seen = np.isfinite(outcomes.naive_volatility)
    r, mean, volatility = outcomes.returns[seen], ewma["mean"].to_numpy()[seen], ewma["volatility"].to_numpy()[seen]
    quantiles = np.stack(ewma["quantiles"].to_list())[seen]
    expected = {
        "qlike": scoring.qlike(r**2, volatility**2).mean(),
        "variance_squared_error": scoring.squared_error(r**2, volatility**2).mean(),
        "squared_error": scoring.squared_error(r, mean).mean(),
        "relative_squared_error": scoring.squared_error(r, mean).mean() / (r**2).mean(),
        "absolute_error": np.abs(r - mean).mean(),
        "mase": np.abs(r - mean).mean() / np.abs(r).mean(),
        "smape": scoring.symmetric_percentage_error(np.exp(r), np.exp(mean)).mean(),
        "crps": scoring.quantile_crps(r, quantiles, PROBABILITIES).mean(),
        "pinball@0.05": scoring.pinball(r, quantiles[:, 3], 0.05).mean(),
    }
    rows = stored(backtested, "backtests.forecast_scores", horizon="1d", member="ewma/riskmetrics")
    assert dict(rows.select("score", "value").iter_rows()) == pytest.approx(expected, rel=1e-9)
    assert set(rows["n_forecasts"]) == {int(seen.sum())}


def test_the_random_walk_is_always_scored(backtested):
    rows = stored(backtested, "backtests.forecast_scores", member="random_walk")
    assert set(rows["horizon"]) == {"1d", "5d", "1mo"}
    ratio = rows.filter(pl.col("score").is_in(["relative_squared_error", "mase"]))
    assert ratio["value"].to_list() == pytest.approx([1.0] * 6)


def test_every_comparison_has_the_random_walk_and_leave_not_to_tell(backtested):
    rows = stored(backtested, "backtests.comparisons", horizon="1d")
    volatility = rows.filter((pl.col("score") == "qlike") & (pl.col("test") == "model_confidence_set"))
    assert set(volatility["member"]) == {"ewma/riskmetrics", "random_walk", "volatility_ensemble"}
    assert volatility.filter(pl.col("member") == "random_walk")["verdict"].to_list() == ["worse"]  # the truth is known
    assert volatility["mean_difference"].min() == 0.0
    assert set(rows["verdict"]) <= {"better", "worse", "cannot tell", "stable", "changed"}
    assert rows.filter(pl.col("p_value").is_null() & pl.col("reason").is_null()).is_empty()
    spa = rows.filter((pl.col("score") == "qlike") & (pl.col("test") == "superior_predictive_ability"))
    assert spa["verdict"].to_list() == ["better"]
    methods = rows.filter(pl.col("score") == "tick_loss@0.99")
    assert set(methods["benchmark"]) == {"all", "ewma"}


def test_drift_of_stored_parameters_is_compared(store, world_of):
    world = world_of(n_bars=400)
    moments = [world.as_of - timedelta(days=20 * k) for k in range(12)][::-1]
    betas = [0.9 + 0.001 * (k % 3) for k in range(11)] + [0.6]
    ledger = pl.DataFrame(
        {
            "model_id": [f"m{k}" for k in range(12)],
            "train_end": moments,
            "params_json": [json.dumps({"beta[1]": beta, "omega": 0.1, "note": "text"}) for beta in betas],
        }
    ).with_columns(
        family=pl.lit("garch"), variant=pl.lit("garch-t"), instrument=pl.lit("AAA"), horizon=pl.lit("1d"),
        as_of=pl.lit(world.as_of).cast(pl.Datetime("us")), status=pl.lit("ok"), log_likelihood=pl.lit(-1.0),
        created_at=pl.lit(world.as_of).cast(pl.Datetime("us")),
    )  # fmt: skip
    with store.transaction(producer="garch", run_id="w") as tx:
        tx.append("models.ledger", ledger)
    model_comparison.backtest(store, [A], as_of=world.as_of, run_id="r")
    rows = store.query(
        "SELECT score, verdict, n_forecasts, reason FROM backtests.comparisons WHERE test = 'parameter_drift'"
    )
    found = {row[0]: row[1:] for row in rows.iter_rows()}
    assert found["parameter beta[1]"][:2] == ("changed", 12)
    assert found["parameter omega"][0] == "cannot tell"
    assert "all alike" in found["parameter omega"][2]


def test_members_with_few_forecasts_are_left_out_and_said():
    long, short = ((np.datetime64("2020-01-01") + np.arange(n)).astype("datetime64[us]") for n in (100, 60))
    panel = panel_of(A, "qlike", {"a": (long, np.ones(100)), "b": (long[:90], np.ones(90)), "c": (short, np.ones(60))})
    assert panel.members == ("a", "b")
    assert panel.losses.shape == (90, 2)
    assert list(panel.left_out) == ["c"]
    assert "60 of 100" in panel.left_out["c"]


def test_strategies_are_those_of_the_library(backtested):
    store, world = backtested.store, backtested.world
    rows = stored(backtested, "backtests.strategies", horizon="1d")
    assert set(rows["strategy"]) == {"buy_and_hold", "volatility_target"}
    closes = read_bars(store, [A], world.as_of, None)["AAA", "1d"].closes
    ensemble = store.query(
        "SELECT volatility FROM ensembles.forecasts WHERE horizon = '1d' ORDER BY forecast_origin"
    )["volatility"].to_numpy()  # fmt: skip
    wanted = np.minimum(0.1 / (ensemble * np.sqrt(252)), 1.0)
    found = trade(closes, wanted, TradingCosts()).statistics()[0]
    row = rows.filter(pl.col("strategy") == "volatility_target").row(0, named=True)
    assert row["sharpe_ratio"] == pytest.approx(found.sharpe.annual)
    assert row["annual_turnover"] == pytest.approx(found.annual_turnover)
    assert row["max_drawdown"] == pytest.approx(found.max_drawdown)
    assert row["verdict"] in {"better than luck", "cannot tell"}
    held = rows.filter(pl.col("strategy") == "buy_and_hold").row(0, named=True)
    assert held["verdict"] == "baseline"
    assert (held["n_trades"], held["deflated_sharpe"]) == (1, None)


@pytest.mark.parametrize("name", STAGES)
def test_a_second_run_writes_nothing_and_new_data_replace(store, world_of, name):
    module, table = STAGES[name]
    world = world_of(n_bars=600)
    early = world.as_of - timedelta(days=200)
    assert module.backtest(store, [A], as_of=early, run_id="r1").keys[A].status is KeyStatus.OK
    module.backtest(store, [A], as_of=world.as_of, run_id="r2")
    rows = store.query(f"SELECT DISTINCT as_of, run_id, producer FROM {table}").rows()
    assert rows == [(world.as_of, "r2", name)]
    before = store.latest_snapshot()
    again = module.backtest(store, [A], as_of=world.as_of, run_id="r3").keys[A]
    assert store.latest_snapshot() == before
    assert (again.status, again.n_reused, again.n_rows) == (KeyStatus.OK, 1, 0)


@pytest.mark.parametrize("name", STAGES)
def test_a_key_without_forecasts_has_failed_and_one_without_returns_is_skipped(store, world_of, name):
    module, _ = STAGES[name]
    world_of(n_bars=60)
    ghost = GridKey("ZZZ", "1d")
    first = store.query("SELECT min(forecast_origin) AS t FROM models.forecasts").item()
    outcomes = module.backtest(store, [A, ghost], as_of=first, run_id="r").keys
    assert outcomes[A].status is KeyStatus.SKIPPED
    assert outcomes[A].reason
    assert outcomes[ghost].status is KeyStatus.FAILED
    assert "no forecast is stored" in outcomes[ghost].reason
    assert module.backtest(store, [], as_of=first, run_id="r").keys == {}
