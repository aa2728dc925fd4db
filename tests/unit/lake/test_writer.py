import json

import polars as pl
import pytest

from hf_platform.errors import LakeMissingError, StoreError, UnknownNameError
from hf_platform.lake import Lake


def bars(workers, closes, instrument="A"):
    return pl.DataFrame(
        {
            "instrument": instrument,
            "frequency": "1d",
            "event_at": [workers.ORIGIN + i * (workers.timedelta(days=1)) for i in range(len(closes))],
            "known_at": workers.ORIGIN,
            "close": closes,
        },
        schema_overrides={"close": pl.Float64},
    )


def test_append_writes_only_what_is_new(store, workers):
    with store.transaction("ewma", "r1") as tx:
        assert tx.append("models.forecasts", workers.forecasts("m", 3)) == 3
        assert tx.append("models.forecasts", workers.forecasts("m", 3)) == 0  # own writes count as stored
    changed = workers.forecasts("m", 5).with_columns(mean=pl.lit(99.0))
    with store.transaction("ewma", "r2") as tx:
        assert tx.append("models.forecasts", changed) == 2
        assert tx.rows == {"models.forecasts": 2}
    rows = store.query("SELECT mean, run_id FROM models.forecasts ORDER BY forecast_origin").rows()
    assert rows == [(0.0, "r1"), (1.0, "r1"), (2.0, "r1"), (99.0, "r2"), (99.0, "r2")]


def test_snapshot_carries_producer_run_and_message(store, workers):
    with store.transaction("ewma", "run-7", "three rows, it's done") as tx:
        tx.append("models.forecasts", workers.forecasts("m", 3))
    assert tx.snapshot_id == store.latest_snapshot()
    row = store.query(
        "SELECT author, commit_message, commit_extra_info FROM ducklake_snapshots('lake') WHERE snapshot_id = ?",
        [tx.snapshot_id],
    ).row(0)
    assert row[:2] == ("ewma", "three rows, it's done")
    assert json.loads(row[2]) == {"run_id": "run-7", "producer": "ewma"}


def test_nothing_new_makes_no_snapshot(store, workers):
    with store.transaction("ewma", "r") as first:
        first.append("models.forecasts", workers.forecasts("m", 3))
    with store.transaction("ewma", "r") as second:
        assert second.append("models.forecasts", workers.forecasts("m", 2)) == 0
        assert second.append("models.forecasts", pl.DataFrame()) == 0
        assert second.delete("models.forecasts", instrument=["nobody"]) == 0
    assert second.snapshot_id == first.snapshot_id == store.latest_snapshot()


def test_replace_swaps_the_slice_and_nothing_else(store, workers):
    with store.transaction("bars", "r1") as tx:
        tx.append("market.bars", bars(workers, [1.0, 2.0, 3.0], "A"))
        tx.append("market.bars", bars(workers, [4.0], "B"))
    with store.transaction("bars", "r2") as tx:
        assert tx.replace("market.bars", bars(workers, [7.0]), instrument=["A"]) == 1
    rows = store.query("SELECT instrument, close, run_id FROM market.bars ORDER BY 1, 2").rows()
    assert rows == [("A", 7.0, "r2"), ("B", 4.0, "r1")]
    with store.transaction("bars", "r3") as tx:
        assert tx.replace("market.bars", bars(workers, [1.0]).clear(), instrument=["A", "B"]) == 0
    assert store.query("FROM market.bars").height == 0


def test_another_producers_slice_is_out_of_reach(store, workers):
    with store.transaction("bars", "r") as tx:
        tx.append("market.bars", bars(workers, [1.0]))
    with store.transaction("intruder", "r") as tx:
        assert tx.delete("market.bars", instrument=["A"]) == 0
    with (
        pytest.raises(StoreError, match="keys that are stored outside the slice"),
        store.transaction("intruder", "r") as tx,
    ):
        tx.replace("market.bars", bars(workers, [2.0]), instrument=["A"])
    assert store.query("SELECT close, producer FROM market.bars").rows() == [(1.0, "bars")]


def test_an_error_in_the_block_stores_nothing_and_passes_through(store, workers):
    before = store.latest_snapshot()

    def fail_in_the_middle():
        with store.transaction("ewma", "r") as tx:
            tx.append("models.forecasts", workers.forecasts("m", 3))
            raise OSError("the caller's own")

    with pytest.raises(OSError, match="the caller's own"):
        fail_in_the_middle()
    assert store.latest_snapshot() == before
    assert store.query("FROM models.forecasts").height == 0
    with store.transaction("ewma", "r") as tx:  # and the next transaction is not harmed
        assert tx.append("models.forecasts", workers.forecasts("m", 3)) == 3


def test_names_outside_the_closed_lists_are_refused(store, workers):
    hostile = 'models.forecasts"; DROP TABLE market.bars; --'
    with store.transaction("ewma", "r") as tx:
        with pytest.raises(UnknownNameError, match="unknown table"):
            tx.append(hostile, workers.forecasts("m", 1))
        with pytest.raises(UnknownNameError, match="unknown filter column"):
            tx.replace("models.forecasts", workers.forecasts("m", 1), **{"1=1; --": ["x"]})
        with pytest.raises(UnknownNameError, match="unknown filter column"):
            tx.delete("models.forecasts", producer=["other"])
        with pytest.raises(StoreError, match="at least one filter"):
            tx.delete("models.forecasts")


def test_values_are_never_sql(store, workers):
    name = "a'; DROP TABLE models.forecasts; --"
    with store.transaction(name, name, name) as tx:
        tx.append("models.forecasts", workers.forecasts(name, 2, instrument=name))
        assert tx.query("SELECT count(*) FROM models.forecasts WHERE instrument = ?", [name]).item() == 2
    with store.transaction(name, name, name) as tx:
        assert tx.replace("models.forecasts", workers.forecasts(name, 1, instrument=name), instrument=[name]) == 1
    assert (
        store.query("SELECT DISTINCT instrument FROM models.forecasts WHERE instrument = $i", {"i": name}).item()
        == name
    )


def test_transactions_do_not_nest(store):
    with (
        store.transaction("a", "r"),
        pytest.raises(StoreError, match="open in this thread already"),
        store.transaction("b", "r"),
    ):
        pytest.fail("a second transaction was opened")


def test_a_transaction_inside_an_exclusive_block_is_fine(store, workers):
    with store.exclusive("dbt", "r"), store.transaction("ewma", "r") as tx:
        assert tx.append("models.forecasts", workers.forecasts("m", 1)) == 1


def test_writing_needs_a_lake(settings):
    with pytest.raises(LakeMissingError, match="hfp demo"), Lake(settings).transaction("a", "r"):
        pytest.fail("a transaction was opened")
    assert not (settings.home / "lake" / "catalog.sqlite").exists()


def test_rows_are_sorted_inside_a_file(store, workers):
    shuffled = pl.concat([workers.forecasts(f"m{i}", 50, instrument=name) for i, name in enumerate("DACB")])
    shuffled = shuffled.sample(fraction=1.0, shuffle=True, seed=1)
    with store.transaction("ewma", "r") as tx:
        tx.append("models.forecasts", shuffled)
    stored = store.query("SELECT instrument, horizon, forecast_origin FROM models.forecasts ORDER BY rowid").rows()
    assert stored == sorted(stored)


@pytest.mark.slow
def test_a_million_forecasts_are_a_matter_of_seconds(store):
    import time

    import numpy as np

    n, rng = 1_000_000, np.random.default_rng(0)
    grid = np.tile(np.linspace(0.005, 0.995, 13), (n, 1))
    rows = pl.DataFrame(
        {
            "model_id": np.char.add("model-", (np.arange(n) // 500).astype(str)),
            "family": "garch",
            "instrument": rng.choice([f"I{i:03d}" for i in range(500)], n),
            "horizon": "1d",
            "forecast_origin": np.datetime64("2010-01-01", "us") + np.arange(n) % 500 * np.timedelta64(1, "D"),
            "mean": rng.normal(size=n),
            "probabilities": grid,
            "quantiles": rng.normal(size=(n, 13)),
        }
    )
    for expected in (n, 0):
        start = time.process_time()
        with store.transaction("garch", "r") as tx:
            assert tx.append("models.forecasts", rows) == expected
        assert time.process_time() - start < 30  # 4 CPU seconds on an idle machine
    assert store.query("SELECT count(DISTINCT (model_id, forecast_origin)) FROM models.forecasts").item() == n
