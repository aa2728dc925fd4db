"""VaR rows from stored forecasts: values, identity, reuse, failures."""

import json
from datetime import timedelta
from itertools import pairwise

import numpy as np
import polars as pl
import pytest

from hf_platform.fitting.outcome import KeyStatus
from hf_platform.models import FAMILIES
from hf_platform.risk import value_at_risk
from hf_platform.risk.filtered_historical import innovation_quantiles
from hf_platform.risk.filtered_series import filter_series
from hf_platform.risk.var_sources import METHODS
from hf_platform.types import CONFIDENCES, PROBABILITIES, GridKey

PER_ORIGIN = len(CONFIDENCES) + 2 + 3  # the ensemble long and short, EWMA long
A, B = GridKey("AAA", "1d"), GridKey("BBB", "5d")


def stored(store) -> pl.DataFrame:
    return store.query(
        "SELECT * FROM risk.value_at_risk ORDER BY instrument, horizon, method, confidence, forecast_origin"
    )


def newest_forecast(store) -> pl.DataFrame:
    columns = "* EXCLUDE (producer, run_id)"
    return store.query(f"SELECT {columns} FROM ensembles.forecasts ORDER BY forecast_origin DESC LIMIT 1")


def test_var_is_minus_the_quantile_and_es_minus_the_tail_mean(store, world_of):
    world = world_of(n_bars=300)
    outcome = value_at_risk.estimate(store, [A], as_of=world.as_of, run_id="r1")
    rows = stored(store)
    assert rows.height == 300 * PER_ORIGIN
    assert set(rows["method"]) == {"ensemble", "ewma"}
    assert set(rows.filter(position_sign=-1)["method"]) == {"ensemble"}
    source = store.query("SELECT * FROM ensembles.forecasts ORDER BY forecast_origin DESC LIMIT 1").row(0, named=True)
    for confidence in CONFIDENCES:
        row = rows.filter(
            (pl.col("method") == "ensemble")
            & (pl.col("confidence") == confidence)
            & (pl.col("position_sign") == 1)
            & (pl.col("forecast_origin") == source["forecast_origin"])
        ).row(0, named=True)
        at = PROBABILITIES.index(round(1 - confidence, 6))
        assert row["value_at_risk"] == -source["quantiles"][at]
        assert row["expected_shortfall"] == -source["tail_means"][at]
        assert row["expected_shortfall"] > row["value_at_risk"] > 0
        assert row["member_model_ids"] == source["member_model_ids"]
        assert row["target_at"] == source["target_at"]
    of_key = outcome.keys[A]
    assert of_key.status is KeyStatus.OK
    assert (of_key.n_rows, of_key.n_reused) == (rows.height, 0)
    assert of_key.last_origin == world.as_of
    assert outcome.snapshot_id == store.latest_snapshot()


def test_var_rises_with_confidence_and_es_lies_beyond_it(store, world_of):
    world = world_of(n_bars=200)
    value_at_risk.estimate(store, [A], as_of=world.as_of, run_id="r1")
    long = stored(store).filter(position_sign=1, method="ensemble")
    wide = long.pivot(on="confidence", index=["method", "forecast_origin"], values="value_at_risk")
    ordered = [wide[str(c)] for c in sorted(CONFIDENCES)]
    assert all((high > low).all() for low, high in pairwise(ordered))
    assert (stored(store)["expected_shortfall"] >= stored(store)["value_at_risk"]).all()


def test_a_second_run_writes_nothing_and_a_new_origin_only_itself(store, world_of):
    world = world_of(n_bars=120)
    earlier = world.as_of - timedelta(days=1)
    first = value_at_risk.estimate(store, [A], as_of=earlier, run_id="r1")
    again = value_at_risk.estimate(store, [A], as_of=earlier, run_id="r2")
    assert again.keys[A].n_rows == 0
    assert again.keys[A].n_reused == first.keys[A].n_rows
    assert again.snapshot_id is None
    assert again.keys[A].data_version == first.keys[A].data_version
    later = value_at_risk.estimate(store, [A], as_of=world.as_of, run_id="r3")
    assert later.keys[A].n_rows == PER_ORIGIN
    assert later.keys[A].data_version != first.keys[A].data_version
    assert set(stored(store).filter(pl.col("run_id") == "r3")["forecast_origin"]) == {world.as_of}


def test_only_the_keys_asked_for_are_estimated(store, world_of):
    world = world_of(instruments=("AAA", "BBB"), horizons=("1d", "5d"), n_bars=100)
    outcome = value_at_risk.estimate(store, [A, B], as_of=world.as_of, run_id="r1")
    assert set(outcome.keys) == {A, B}
    assert set(stored(store).select("instrument", "horizon").iter_rows()) == {("AAA", "1d"), ("BBB", "5d")}
    assert outcome.keys[B].missing == ("garch/egarch-t",)


def test_identity_is_unique_and_free_of_the_run(store, world_of):
    world = world_of(n_bars=80)
    value_at_risk.estimate(store, [A], as_of=world.as_of, run_id="r1")
    assert stored(store)["var_id"].n_unique() == stored(store).height


def test_a_key_without_a_forecast_at_its_newest_bar_has_failed_with_the_ledgers_reason(store, world_of):
    world = world_of(n_bars=100)
    late = world.as_of + timedelta(days=1)
    with store.transaction(producer="bars", run_id="x") as tx:
        bar = store.query("SELECT * EXCLUDE (producer, run_id) FROM market.bars LIMIT 1")
        tx.append("market.bars", bar.with_columns(event_at=pl.lit(late), known_at=pl.lit(late)))
        tx.append(
            "models.ledger",
            pl.DataFrame(
                {"model_id": ["m"], "family": ["garch"], "variant": ["t"], "instrument": ["AAA"], "horizon": ["1d"],
                 "as_of": [late], "status": ["bad_data"], "reason": ["the price never moves"], "created_at": [late]}
            ),
        )  # fmt: skip
    outcome = value_at_risk.estimate(store, [A], as_of=late, run_id="r1").keys[A]
    assert outcome.status is KeyStatus.FAILED
    assert "the newest is 2000-04-11" in outcome.reason
    assert "the price never moves" in outcome.reason
    assert outcome.n_rows > 0


def test_keys_without_anything_have_failed(store, world_of):
    world = world_of(n_bars=50)
    unknown, bare = GridKey("ZZZ", "1d"), GridKey("AAA", "5d")
    outcomes = value_at_risk.estimate(store, [unknown, bare], as_of=world.as_of, run_id="r1").keys
    assert "no bar" in outcomes[unknown].reason
    assert "there is none" in outcomes[bare].reason
    assert value_at_risk.estimate(store, [], as_of=world.as_of, run_id="r1").keys == {}


def test_nothing_known_later_is_seen_and_a_restated_forecast_is_estimated_again(store, world_of):
    world = world_of(n_bars=60)
    early = world.as_of - timedelta(days=30)
    value_at_risk.estimate(store, [A], as_of=early, run_id="r1")
    assert stored(store)["known_at"].max() <= early
    value_at_risk.estimate(store, [A], as_of=world.as_of, run_id="r2")
    restated = (
        store.query("SELECT * EXCLUDE (producer, run_id) FROM ensembles.forecasts ORDER BY forecast_origin LIMIT 1")
        .with_columns(forecast_id=pl.lit("restated"), known_at=pl.lit(world.as_of))
    )  # fmt: skip
    with store.transaction(producer="world", run_id="w") as tx:
        tx.append("ensembles.forecasts", restated)
    outcome = value_at_risk.estimate(store, [A], as_of=world.as_of, run_id="r3")
    assert outcome.keys[A].n_rows == len(CONFIDENCES) + 2


def test_a_gain_at_the_quantile_keeps_its_sign(store, world_of):
    world = world_of(n_bars=10)
    lifted = (
        newest_forecast(store)
        .with_columns(
            forecast_id=pl.lit("lifted"), created_at=pl.lit(world.as_of + timedelta(days=1)),
            quantiles=pl.col("quantiles").list.eval(pl.element() + 1.0),
        )
    )  # fmt: skip
    with store.transaction(producer="world", run_id="w") as tx:
        tx.append("ensembles.forecasts", lifted)
    value_at_risk.estimate(store, [A], as_of=world.as_of, run_id="r1")
    newest = value_at_risk.tomorrow_var(store, world.as_of).row(0, named=True)
    assert newest["var_99"] < 0


def test_tomorrow_lists_the_newest_forecast_of_each_instrument(store, world_of):
    world = world_of(instruments=("BBB", "AAA"), n_bars=90)
    keys = [A, GridKey("BBB", "1d")]
    value_at_risk.estimate(store, keys, as_of=world.as_of, run_id="r1")
    table = value_at_risk.tomorrow_var(store, world.as_of)
    assert table["instrument"].to_list() == ["AAA", "BBB"]
    assert set(table["forecast_origin"]) == {world.as_of}
    row = table.row(0, named=True)
    assert row["var_90"] < row["var_95"] < row["var_97_5"] < row["var_99"] < row["es_99"]
    assert row["es_97_5"] > row["var_97_5"]
    assert value_at_risk.tomorrow_var(store, world.as_of, horizon="20d").is_empty()


@pytest.mark.parametrize(("size", "expected"), [(1, [2, 1]), (2, [3])])
def test_chunks_keep_an_instrument_together(size, expected):
    keys = [GridKey("B", "1d"), GridKey("A", "1d"), GridKey("A", "5d")]
    assert [len(chunk) for chunk in value_at_risk.chunks_of_instruments(keys, size)] == expected


def test_a_short_position_loses_at_the_upper_tail(store, world_of):
    world = world_of(n_bars=120)
    value_at_risk.estimate(store, [A], as_of=world.as_of, run_id="r1")
    source = newest_forecast(store).row(0, named=True)
    for confidence in (0.975, 0.99):
        row = (
            stored(store)
            .filter(position_sign=-1, confidence=confidence, forecast_origin=source["forecast_origin"])
            .row(0, named=True)
        )
        at = PROBABILITIES.index(confidence)
        assert row["value_at_risk"] == source["quantiles"][at]
        assert row["expected_shortfall"] == source["tail_means"][at] > row["value_at_risk"] > 0


def with_garch(store, world):
    """Beside EWMA, two likelihood models of the same key (copies of its forecasts, scaled) and quantile models."""
    base = store.query("SELECT * EXCLUDE (producer, run_id) FROM models.forecasts WHERE family = 'ewma'")
    params = {"mu": 0.0, "omega": 1e-6, "alpha[1]": 0.03, "gamma[1]": 0.05, "beta[1]": 0.93, "nu": 6.0}
    frames, ledger = [], []
    for variant, factor, aic in (("gjr-t", 1.0, 10.0), ("garch-normal", 1.1, 5.0)):
        frames.append(_scaled(base, "garch", variant, factor))
        ledger += [
            {"model_id": f"garch-{variant}-{h}", "family": "garch", "variant": variant, "instrument": "AAA",
             "horizon": h, "as_of": world.as_of, "status": "ok", "aic": aic, "params_json": json.dumps(params),
             "created_at": world.as_of}
            for h in ("1d", "5d")
        ]  # fmt: skip
    frames += [_scaled(base, name, "quantile", factor) for name, factor in (("lightgbm", 2.0), ("xgboost", 4.0))]
    with store.transaction(producer="world", run_id="w") as tx:
        tx.append("models.forecasts", pl.concat(frames))
        tx.append("models.ledger", pl.DataFrame(ledger))
    return base


def _scaled(base, family, variant, factor):
    return base.with_columns(
        family=pl.lit(family), variant=pl.lit(variant), model_id=pl.lit(f"{family}-{variant}-") + pl.col("horizon"),
        volatility=factor * pl.col("volatility"), quantiles=pl.col("quantiles").list.eval(factor * pl.element()),
        tail_means=pl.col("tail_means").list.eval(factor * pl.element()),
    )  # fmt: skip


def test_every_method_from_its_own_source(store, world_of, monkeypatch):
    world = world_of(horizons=("1d", "5d"), n_bars=400)
    monkeypatch.setattr(value_at_risk, "chosen_families", lambda _: FAMILIES)
    base = with_garch(store, world)
    keys = [A, GridKey("AAA", "5d")]
    outcome = value_at_risk.estimate(store, keys, as_of=world.as_of, run_id="r1")
    assert outcome.count(KeyStatus.OK) == 2
    rows = stored(store).filter(confidence=0.99, position_sign=1)
    assert set(rows["method"]) == set(METHODS)
    assert (stored(store)["expected_shortfall"] >= stored(store)["value_at_risk"]).all()
    place = PROBABILITIES.index(0.01)
    joined = rows.join(
        base.select("instrument", "horizon", "forecast_origin", q=-pl.col("quantiles").list.get(place)),
        on=["instrument", "horizon", "forecast_origin"],
    )
    ratio = joined.with_columns(ratio=pl.col("value_at_risk") / pl.col("q"))
    for method, factor in (("parametric", 1.1), ("quantile_models", 3.0), ("ewma", 1.0)):
        found = ratio.filter(method=method)["ratio"].to_numpy()
        np.testing.assert_allclose(found, factor, rtol=1e-12)
    members = rows.filter(method="quantile_models")["member_model_ids"][0].to_list()
    assert members == ["lightgbm-quantile-1d", "xgboost-quantile-1d"]
    assert rows.filter(method="quantile_models")["missing_members"][0].to_list() == ["catboost"]


def test_filtered_historical_simulation_counts_what_came_true_and_simulates_several_bars(store, world_of, monkeypatch):
    world = world_of(horizons=("1d", "5d"), n_bars=700)
    with_garch(store, world)
    keys = [A, GridKey("AAA", "5d")]
    value_at_risk.estimate(store, keys, as_of=world.as_of, run_id="r1")
    found = stored(store).filter(method="filtered_historical", confidence=0.975)
    forecasts = store.query(
        "SELECT forecast_origin, volatility FROM models.forecasts WHERE variant = 'gjr-t' AND horizon = '1d' "
        "ORDER BY forecast_origin"
    )
    volatility = forecasts["volatility"].to_numpy()
    returns = world.returns["AAA"]
    day = found.filter(horizon="1d").sort("forecast_origin")
    z = returns[1:] / volatility[:-1]
    quantiles, _ = innovation_quantiles(z, np.array([650]))
    expected = -volatility[650] * quantiles[0][PROBABILITIES.index(0.025)]
    assert day["value_at_risk"][650] == pytest.approx(expected, rel=1e-9)
    week = found.filter(horizon="5d").sort("forecast_origin")
    both = week.join(day, on="forecast_origin", suffix="_day").tail(100)
    ratio = both["value_at_risk"].to_numpy() / both["value_at_risk_day"].to_numpy()
    assert 1.5 < np.median(ratio) < 3.0, "about the square root of five, less the pull to the mean"
    again = filter_series(store, keys, as_of=world.as_of, since=world.as_of)
    assert again.equals(filter_series(store, keys, as_of=world.as_of, since=world.as_of))
    alone = week.filter(forecast_origin=world.as_of)
    place = PROBABILITIES.index(0.025)
    newest = again.filter(horizon="5d")
    assert alone["value_at_risk"].to_list() == [-row[place] for row in newest["quantiles"].to_list()]
