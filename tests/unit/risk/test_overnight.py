"""Overnight VaR: close-to-open returns with corporate actions, coverage, reuse, and reasons for what is left out."""

from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from scipy import stats

from hf_platform import calendar
from hf_platform.backtest import session_backtest
from hf_platform.fitting.outcome import KeyStatus
from hf_platform.risk import overnight
from hf_platform.types import CONFIDENCES, GridKey

KEYS = [GridKey(name, horizon) for name in ("NIGHT", "CLOSES", "STALE", "YOUNG") for horizon in ("1d", "5d")]
NIGHTS = 1600
STORED = (
    "SELECT * FROM risk.value_at_risk WHERE horizon = 'overnight' AND instrument = 'NIGHT' ORDER BY forecast_origin"
)


def frame(name, closes, opens, times):
    return pl.DataFrame({"event_at": times, "close": closes, "open": opens}).with_columns(
        pl.col("open").fill_nan(None),
        instrument=pl.lit(name),
        frequency=pl.lit("1d"),
        known_at=pl.col("event_at") + timedelta(minutes=30),
        ingested_at=pl.col("event_at"),
        source=pl.lit("simulated"),
        flags=pl.lit([], dtype=pl.List(pl.String)),
    )


@pytest.fixture
def nights(store):
    """One instrument with nights from a known law, one without opens, one whose opens are closes, a young one."""
    rng = np.random.default_rng(3)
    times = calendar.sessions("XNYS").closes[2000 : 2000 + NIGHTS]
    h, moves = 1e-4, np.empty(NIGHTS)
    for at in range(NIGHTS):
        moves[at] = np.sqrt(h) * stats.t.rvs(6, random_state=rng) * np.sqrt(4 / 6)
        h = 2e-6 + 0.06 * moves[at] ** 2 + 0.92 * h
    days = 0.005 * rng.standard_normal(NIGHTS)
    log_close = np.log(50.0) + np.cumsum(moves + days)
    closes, opens = np.exp(log_close), np.exp(log_close - days)
    # Two for one before the open of session 900: the night's return is free of it.
    split = np.where(np.arange(NIGHTS) >= 900, 0.5, 1.0)
    action = pl.DataFrame(
        {"instrument": ["NIGHT"], "kind": ["split"], "event_at": [calendar.sessions("XNYS").opens[2900].item()],
         "known_at": [times[899].item()], "ingested_at": [times[899].item()], "value": [2.0], "source": ["simulated"]}
    )  # fmt: skip
    empty = np.full(NIGHTS, np.nan)
    with store.transaction(producer="world", run_id="world") as tx:
        tx.append("market.bars", frame("NIGHT", closes * split, opens * split, times))
        tx.append("market.bars", frame("CLOSES", closes, empty, times))
        tx.append("market.bars", frame("STALE", closes, np.r_[50.0, closes[:-1]], times))
        tx.append("market.bars", frame("YOUNG", closes[:300], opens[:300], times[:300]))
        tx.append("market.corporate_actions", action)
    return times, moves


def test_nights_are_estimated_covered_and_reused(store, nights):
    times, moves = nights
    early, as_of = times[1400].item() + timedelta(hours=1), times[-1].item() + timedelta(hours=1)
    first = overnight.estimate(store, KEYS, as_of=early, run_id="r1")
    assert store.query(STORED)["known_at"].max() <= early
    later = overnight.estimate(store, KEYS, as_of=as_of, run_id="r2")
    night = GridKey("NIGHT", "1d")
    assert [first.keys[night].n_ok, later.keys[night].n_ok] == [4, 1]  # one more fit after 250 nights, none again
    rows = store.query(STORED)
    assert later.keys[night].n_rows == 199 * 12
    again = overnight.estimate(store, KEYS, as_of=as_of, run_id="r3")
    assert (again.keys[night].n_rows, again.keys[night].n_ok) == (0, 0)

    one = rows.filter(method="filtered_historical", position_sign=1)
    newest = one.filter(pl.col("forecast_origin") == times[-1].item())
    assert sorted(newest["confidence"]) == sorted(CONFIDENCES)
    assert newest["target_at"][0] == calendar.sessions("XNYS").opens[2000 + NIGHTS].item()
    assert (rows["expected_shortfall"] >= rows["value_at_risk"]).all()
    # What an earlier run stored is what the later one would have made.
    assert rows["var_id"].n_unique() == rows.height

    truth = overnight.realised(store, KEYS, as_of)
    key = GridKey("NIGHT", "overnight")
    assert set(truth) == {key, GridKey("STALE", "overnight")}
    np.testing.assert_allclose(truth[key].losses, -moves[501:], atol=1e-12)  # the split is no loss
    done = session_backtest.backtest(store, truth, producer="overnight_var", as_of=as_of, run_id="r2")
    assert set(done) == {key}
    tests = store.query("SELECT * FROM backtests.newest_var_tests WHERE horizon = 'overnight'")
    verdicts = tests.filter((pl.col("test") == "kupiec_pof") & (pl.col("method") == "filtered_historical"))
    assert set(verdicts.filter(pl.col("confidence") < 0.995)["verdict"]) == {"pass"}
    assert "basel_traffic_light" in set(tests["test"])
    breaches = store.query("SELECT count(*) AS n FROM backtests.breaches WHERE horizon = 'overnight'")
    assert breaches["n"][0] == int(
        tests.filter(test="kupiec_pof", n_forecasts=truth[key].losses.size)["n_breaches"].sum()
    )


def test_what_has_no_nights_says_why(store, nights):
    times, _ = nights
    outcome = overnight.estimate(store, KEYS, as_of=times[-1].item() + timedelta(hours=1), run_id="r1").keys
    assert outcome[GridKey("NIGHT", "5d")].status is KeyStatus.SKIPPED
    assert "belong to the horizon 1d" in outcome[GridKey("NIGHT", "5d")].reason
    assert "closes only" in outcome[GridKey("CLOSES", "1d")].reason
    assert "299 nights" in outcome[GridKey("YOUNG", "1d")].reason
    stale = outcome[GridKey("STALE", "1d")]
    assert stale.status is KeyStatus.SKIPPED
    assert "opens repeat the close before" in stale.reason
    ledger = store.query(
        "SELECT instrument, status FROM models.ledger WHERE family = 'overnight_var' GROUP BY ALL ORDER BY ALL"
    )
    assert ledger.rows() == [("CLOSES", "skipped"), ("NIGHT", "ok"), ("STALE", "skipped"), ("YOUNG", "skipped")]
    assert overnight.estimate(store, [], as_of=times[0].item(), run_id="r2").keys == {}


def test_a_restated_open_changes_what_rests_on_it_and_nothing_before(store, nights):
    times, _ = nights
    as_of = times[-1].item() + timedelta(hours=1)
    overnight.estimate(store, [GridKey("NIGHT", "1d")], as_of=as_of, run_id="r1")
    before = store.query(STORED)
    bar = store.query(
        "SELECT * EXCLUDE (producer, run_id) FROM market.bars WHERE instrument = 'NIGHT' ORDER BY event_at"
    )
    arrived = as_of + timedelta(days=1)
    with store.transaction(producer="world", run_id="w") as tx:
        tx.append("market.bars", bar[1500:1501].with_columns(open=pl.col("open") * 1.01, known_at=pl.lit(arrived)))
    overnight.estimate(store, [GridKey("NIGHT", "1d")], as_of=arrived, run_id="r2")
    fresh = store.query(STORED).join(before, on="var_id", how="anti")
    assert fresh["forecast_origin"].min() == times[1500].item()
    assert fresh["known_at"].min() == arrived
