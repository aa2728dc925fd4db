"""The same lake on a PostgreSQL catalogue: only the settings differ."""

import json
import os
import signal
import traceback
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import duckdb
import pytest

from hf_platform.errors import LakeBusyError, LakeMissingError, StoreError
from hf_platform.lake import Lake, connect, plain_connect_hint
from hf_platform.lake.maintenance import maintain
from hf_platform.settings import Settings

pytestmark = pytest.mark.services


@pytest.fixture
def remote(settings, postgres_server, monkeypatch):
    """Settings whose catalogue is a fresh database; child processes see them too."""
    dsn = postgres_server.create_database(f"lake_{uuid4().hex[:8]}")
    monkeypatch.setenv("HFP_LAKE_CATALOG", f"postgres:{dsn}")
    return Settings.from_env()


@pytest.fixture
def lake(remote):
    store = Lake(remote)
    store.initialise()
    yield store
    store.close()


def test_a_database_without_a_lake_is_told_apart(remote):
    with pytest.raises(LakeMissingError, match="PostgreSQL catalogue of HFP_LAKE_CATALOG"):
        Lake(remote).latest_snapshot()
    assert not Lake(remote).exists()


def test_rows_snapshots_and_views(lake, workers, remote):
    assert lake.initialise() == 0
    with lake.transaction("ewma", "r1", "first") as first:
        assert first.append("models.forecasts", workers.forecasts("m", 5)) == 5
    with lake.transaction("ewma", "r2") as second:
        assert second.append("models.forecasts", workers.forecasts("m", 5)) == 0
        assert second.replace("models.forecasts", workers.forecasts("m", 2), instrument=["A"]) == 2
    count = "SELECT count(*) FROM models.forecasts"
    assert (lake.query(count).item(), lake.query(count, snapshot=first.snapshot_id).item()) == (2, 5)
    assert lake.query("FROM models.failed_models").height == 0
    extra = lake.query(
        "SELECT commit_extra_info FROM ducklake_snapshots('lake') WHERE snapshot_id = ?", [first.snapshot_id]
    )
    assert json.loads(extra.item()) == {"run_id": "r1", "producer": "ewma"}
    maintain(lake, remote, datetime.now(UTC).replace(tzinfo=None) + timedelta(days=40))
    assert lake.query(count).item() == 2


def test_locked_down_readers_hide_the_server(lake, remote, postgres_server):
    with connect(settings=remote, locked_down=True) as con:
        assert con.execute("SELECT count(*) FROM models.forecasts").fetchone() == (0,)
        with pytest.raises(duckdb.Error):
            con.execute("FROM '/etc/prices.csv'")
    assert postgres_server.password not in plain_connect_hint(remote)


def test_passwords_stay_out_of_errors(remote, postgres_server, monkeypatch):
    wrong = remote.catalog_uri.replace("dbname=lake_", "dbname=absent_")
    monkeypatch.setenv("HFP_LAKE_CATALOG", wrong)
    for ask in (Lake().latest_snapshot, Lake().initialise):
        with pytest.raises(StoreError, match="HFP_LAKE_CATALOG") as caught:
            ask()
        chain = "".join(traceback.format_exception(caught.value))
        assert postgres_server.password not in chain


def test_the_advisory_lock_names_its_holder_and_dies_with_it(lake, remote, start):
    holder = start("hold", 60)
    assert holder.stdout.readline() == "held\n"
    impatient = Lake(remote.model_copy(update={"lock_timeout": 0.3}))
    with (
        pytest.raises(LakeBusyError, match=rf"held by hfp .* {holder.pid} holder run-holder"),
        impatient.exclusive("b", "r"),
    ):
        pytest.fail("two writers at once")
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    with Lake(remote.model_copy(update={"lock_timeout": 20})).exclusive("b", "r"):
        pass


def test_a_lost_lock_stops_the_commit(lake, workers, remote, postgres_server):
    import psycopg2

    def write_while_the_session_is_ended():
        with lake.transaction("ewma", "r") as tx:
            tx.append("models.forecasts", workers.forecasts("m", 5))
            with psycopg2.connect(postgres_server.dsn("postgres")) as admin, admin.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'")

    with pytest.raises(StoreError, match="cannot be reached"):
        write_while_the_session_is_ended()
    assert lake.query("SELECT count(*) FROM models.forecasts").item() == 0


def test_writers_take_turns(lake, start):
    writers = [start("write", f"w{i}", 2, 20) for i in range(2)]
    reader = start("read", "connect", 2, 20)
    for process in (*writers, reader):
        _, errors = process.communicate(timeout=300)
        assert process.returncode == 0, errors
    twice = "SELECT count(*) - count(DISTINCT (model_id, forecast_origin)) FROM models.forecasts"
    assert lake.query(twice).item() == 0
    assert lake.query("SELECT count(DISTINCT model_id) FROM models.forecasts").item() == 2 * 2 + 2
