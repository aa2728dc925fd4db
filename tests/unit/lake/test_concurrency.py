import json
import os
import random
import signal
import time
from datetime import UTC, datetime, timedelta

import pytest

from hf_platform.lake.maintenance import maintain

TORN = "SELECT count(*) FROM (SELECT model_id FROM models.forecasts GROUP BY 1 HAVING count(*) <> ?)"
TWICE = "SELECT count(*) - count(DISTINCT (model_id, forecast_origin)) FROM models.forecasts"


def finish(process):
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    return out


def race(store, start, *, n_writers, n_commits, n_rows, readers, seconds):
    writers = [start("write", f"w{i}", n_commits, n_rows) for i in range(n_writers)]
    watchers = [start("read", way, seconds, n_rows) for way in readers]
    snapshots = [json.loads(finish(process)) for process in writers]
    reads = [int(finish(process)) for process in watchers]

    # No lost commit: each one made a snapshot of its own, and its rows are there.
    numbers = [number for own in snapshots for number in own]
    assert len(set(numbers)) == n_writers * n_commits
    assert all(own == sorted(own) for own in snapshots)
    models = set(store.query("SELECT DISTINCT model_id FROM models.forecasts")["model_id"])
    names = ["shared", *(f"w{writer}" for writer in range(n_writers))]
    assert models == {f"{name}-{number}" for name in names for number in range(n_commits)}
    # No duplicate key though all writers wanted the shared models, no torn model, each slice is its last version.
    assert store.query(TWICE).item() == 0
    assert store.query(TORN, [n_rows]).item() == 0
    last = store.query("SELECT instrument, min(close), max(close), count(*) FROM market.bars GROUP BY 1")
    assert sorted(last.rows()) == [(f"w{w}", n_commits - 1.0, n_commits - 1.0, n_rows) for w in range(n_writers)]
    assert all(n > 0 for n in reads), reads


def test_writers_take_turns_and_readers_never_wait(store, start):
    store.initialise()
    race(store, start, n_writers=2, n_commits=3, n_rows=20, readers=("library", "plain"), seconds=2)


@pytest.mark.slow
def test_a_crowd_of_writers_and_readers(store, start):
    store.initialise()
    race(
        store,
        start,
        n_writers=6,
        n_commits=25,
        n_rows=200,
        readers=("library", "connect", "plain", "plain"),
        seconds=60,
    )


def test_a_writer_killed_in_mid_transaction_leaves_a_whole_lake(store, start, workers, settings):
    def on_disk():
        return set((settings.home / "lake" / "data").rglob("*.parquet"))

    with store.transaction("ewma", "r") as tx:
        tx.append("models.forecasts", workers.forecasts("before", 10))
    before = on_disk()
    victim = start("hang", 20_000)
    assert victim.stdout.readline() == "written\n"
    assert store.query("SELECT DISTINCT model_id FROM models.forecasts")["model_id"].to_list() == ["before"]
    os.kill(victim.pid, signal.SIGKILL)
    victim.wait()
    orphans = on_disk() - before
    assert orphans

    with store.transaction("ewma", "r") as tx:  # neither lock nor key is left behind
        assert tx.append("models.forecasts", workers.forecasts("victim", 10)) == 10
    assert store.query(TORN, [10]).item() == 0
    maintain(store, settings, datetime.now(UTC).replace(tzinfo=None) + timedelta(days=2))
    assert not orphans & on_disk()
    assert store.query("SELECT count(*) FROM models.forecasts").item() == 20


def test_a_full_disk_is_said_and_stores_nothing(store, start, workers):
    text = finish(start("overflow", 200_000))
    assert "no space left" in text
    assert "Free disk space" in text
    assert store.query("SELECT count(*) FROM models.forecasts").item() == 0
    with store.transaction("ewma", "r") as tx:
        assert tx.append("models.forecasts", workers.forecasts("too-much", 10)) == 10


@pytest.mark.slow
def test_writers_killed_at_random_moments(store, start):
    store.initialise()
    dice = random.Random(0)
    for round_number in range(20):
        victim = start("write", "w0", 40, 100)
        time.sleep(dice.uniform(0.5, 3.0))
        os.kill(victim.pid, signal.SIGKILL)
        victim.wait()
        assert store.query(TWICE).item() == 0, round_number
        assert store.query(TORN, [100]).item() == 0, round_number
        bars = store.query("SELECT count(*) AS n, count(DISTINCT close) AS versions FROM market.bars").row(0)
        assert bars in {(0, 0), (100, 1)}, round_number
    n_models = store.query("SELECT count(DISTINCT model_id) FROM models.forecasts").item()
    assert n_models > 0
    store.initialise("after the crashes")
