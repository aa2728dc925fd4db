from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from hf_platform.fitting.outcome import KeyStatus
from hf_platform.fitting.plan import walk_forward
from hf_platform.fitting.retrains import answer_drifts, read_retrains
from hf_platform.horizons import Horizon
from hf_platform.models.base import Schedule
from hf_platform.monitoring import drift
from hf_platform.risk import value_at_risk
from hf_platform.types import GridKey

KEY = GridKey("AAA", "1d")
TRAINED = 900  # bars before the newest training


@pytest.fixture
def world(store, world_of):
    """Right forecasts throughout, and a model trained at bar 900."""
    made = world_of(n_bars=1_300)
    since = made.as_of - timedelta(days=made.n_bars - 1 - TRAINED)
    row = pl.DataFrame(
        {
            "model_id": ["m"], "family": ["garch"], "variant": ["garch-t"], "instrument": ["AAA"], "horizon": ["1d"],
            "status": ["ok"], "train_end": [since], "as_of": [since], "created_at": [since],
        },
        schema_overrides=dict.fromkeys(("train_end", "as_of", "created_at"), pl.Datetime("us")),
    )  # fmt: skip
    with store.transaction("garch", "r") as tx:
        tx.append("models.ledger", row)
    return made, since


def look(store, as_of):
    value_at_risk.estimate(store, [KEY], as_of=as_of, run_id=f"v{as_of}")
    outcome = drift.backtest(store, [KEY], as_of=as_of, run_id=f"d{as_of}").keys[KEY]
    rows = store.query("FROM backtests.drift")
    return outcome, {row["evidence"]: row for row in rows.iter_rows(named=True)}


def halve_forecasts(store, after):
    """Forecasts made later than `after` now claim half the risk."""
    newer = store.query("FROM ensembles.forecasts").filter(pl.col("forecast_origin") > after)
    newer = newer.with_columns(
        volatility=pl.col("volatility") / 2,
        quantiles=pl.col("quantiles").list.eval(pl.element() / 2),
        tail_means=pl.col("tail_means").list.eval(pl.element() / 2),
        forecast_id=pl.lit("half-") + pl.col("forecast_id"),
        created_at=pl.col("created_at") + pl.duration(seconds=1),
    ).drop("producer", "run_id")
    with store.transaction("volatility_ensemble", "half") as tx:
        tx.append("ensembles.forecasts", newer)


def test_forecasts_that_stay_right_are_stable(store, world):
    made, since = world
    outcome, rows = look(store, made.as_of)
    assert outcome.status == KeyStatus.OK
    assert rows["combined"]["verdict"] == "stable"
    assert rows["combined"]["alarm_at"] is None
    assert rows["combined"]["window_start"] == since
    assert {kind for kind, row in rows.items() if row["n_forecasts"]} == {
        "breaches", "location", "dispersion", "loss", "combined",
    }  # fmt: skip
    assert rows["features"]["verdict"] == "cannot tell"
    assert "no features" in rows["features"]["reason"]


def test_a_drift_is_found_named_once_and_answered_once(store, world):
    made, since = world
    halve_forecasts(store, since)
    outcome, rows = look(store, made.as_of)
    found = rows["combined"]
    assert found["verdict"] == "changed"
    assert since < found["alarm_at"] < since + timedelta(days=200)
    assert "has drifted" in outcome.reason
    answered = answer_drifts(store, [KEY, GridKey("BBB", "1d")], as_of=made.as_of, producer="refit", run_id="a")
    assert answered == [found["event_id"]]
    assert answer_drifts(store, [KEY], as_of=made.as_of, producer="refit", run_id="b") == []
    anchors = read_retrains(store, [KEY], made.as_of)[KEY]
    assert anchors.tolist() == [made.as_of]
    assert read_retrains(store, [KEY], made.as_of - timedelta(days=1)) == {}  # not known then


def test_an_event_keeps_its_name_when_more_is_known(store, world):
    made, since = world
    halve_forecasts(store, since)
    _, early = look(store, made.as_of - timedelta(days=100))
    _, late = look(store, made.as_of)
    assert early["combined"]["event_id"] == late["combined"]["event_id"]
    assert early["combined"]["n_forecasts"] < late["combined"]["n_forecasts"]


def test_nothing_to_look_at_is_skipped(store, world):
    _, since = world
    outcome, rows = look(store, since)
    assert rows["combined"]["verdict"] == "cannot tell"
    assert outcome.status == KeyStatus.OK


def test_an_extra_anchor_trains_anew_from_its_bar_on():
    schedule = Schedule(minimum={"*": 100}, every={"*": 250}, window={"*": 500})
    usual = walk_forward(schedule, Horizon.parse("1d"), 1_000)
    extra = walk_forward(schedule, Horizon.parse("1d"), 1_000, [420, 50, 5_000])
    assert [segment.stop - 1 for segment in usual] == [100, 350, 600, 850]
    assert [segment.stop - 1 for segment in extra] == [100, 350, 420, 600, 850]
    assert extra[1].origins[-1] == 419
    assert extra[2].origins[[0, -1]].tolist() == [420, 599]
    for before, after in zip((usual[0], *usual[2:]), (extra[0], *extra[3:]), strict=True):
        assert before.start == after.start
        assert np.array_equal(before.origins, after.origins)
