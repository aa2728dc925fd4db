import contextlib
import os
import pickle
import shutil
import sqlite3
import threading

import duckdb
import pytest

from hf_platform.errors import LakeMissingError, StoreError
from hf_platform.lake import Lake, connect, extension_directory, plain_connect_hint
from hf_platform.lake.connect import attach, open_instance
from hf_platform.lake.migrations import MIGRATIONS
from hf_platform.settings import Settings


def add(store, workers, model_id, n_rows=3):
    with store.transaction("ewma", "r") as tx:
        tx.append("models.forecasts", workers.forecasts(model_id, n_rows))
    return tx.snapshot_id


def count(store, **where):
    return store.query("SELECT count(*) FROM models.forecasts", **where).item()


def test_initialise_is_idempotent(store):
    before = store.latest_snapshot()
    assert store.initialise() == 0
    assert store.latest_snapshot() == before
    assert store.exists()


def test_queries_take_values_and_snapshots(store, workers):
    first = add(store, workers, "m1")
    second = add(store, workers, "m2")
    assert (count(store, snapshot=first), count(store, snapshot=second), count(store)) == (3, 6, 6)
    by_position = store.query("SELECT mean FROM models.forecasts WHERE model_id = ? AND mean > ?", ["m1", 0.5])
    by_name = store.query(
        "SELECT mean FROM models.forecasts WHERE model_id = $m AND mean > $x", {"m": "m1", "x": 0.5}, snapshot=first
    )
    assert sorted(by_position["mean"]) == sorted(by_name["mean"]) == [1.0, 2.0]


def test_many_snapshots_can_be_visited(store, workers):
    numbers = [add(store, workers, f"m{i}", 1) for i in range(6)]
    assert [count(store, snapshot=number) for number in (*numbers, *reversed(numbers))] == [
        *range(1, 7),
        *range(6, 0, -1),
    ]


def test_reads_refuse_to_write(store):
    with pytest.raises(StoreError, match="read-only"):
        store.query("DELETE FROM models.forecasts")


def test_errors_are_one_line_with_a_next_step(store):
    for sql in ("SELEC 1", "FROM models.nothing", "SELECT nothing FROM models.ledger", "SELECT 'a'::INTEGER"):
        with pytest.raises(StoreError) as caught:
            store.query(sql)
        assert "\n" not in str(caught.value)
        assert "hfp query" in str(caught.value)
    with pytest.raises(StoreError, match="never made, or expired"):
        store.query("SELECT 1", snapshot=10_000)


def test_a_missing_lake_says_what_makes_one(settings):
    store = Lake(settings)
    assert not store.exists()
    for ask in (store.latest_snapshot, lambda: store.query("SELECT 1"), lambda: connect(settings=settings)):
        with pytest.raises(LakeMissingError, match=r"no lake at .*catalog\.sqlite.*hfp demo.*hfp materialize"):
            ask()
    assert not settings.home.exists()  # looking for a lake must not make one


def test_a_catalogue_without_tables_is_no_lake_yet(settings):
    """What a process leaves that dies between making the catalogue and its tables."""
    settings.home.joinpath("lake").mkdir(parents=True)
    con = open_instance(settings)
    attach(con, settings, read_only=False)
    con.close()
    store = Lake(settings)
    with pytest.raises(LakeMissingError, match="hfp materialize"):
        store.query("SELECT 1")
    assert not store.exists()
    store.initialise()
    assert store.exists()


def test_pickles_without_connections(store, workers):
    add(store, workers, "m")
    assert count(pickle.loads(pickle.dumps(store))) == 3


def test_threads_read_and_write_through_one_object(store, workers):
    failures = []

    def work(number):
        try:
            add(store, workers, f"t{number}")
            assert count(store) >= 3
        except BaseException as error:  # noqa: BLE001 - handed to the main thread, which raises it
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert count(store) == 12


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_opens_its_own_connections(store, workers):
    add(store, workers, "m")
    assert count(store) == 3
    child = os.fork()
    if child == 0:
        try:
            code = 0 if count(store) == 3 else 1
        except BaseException:  # noqa: BLE001 - the child must never reach pytest's own code
            code = 2
        os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert count(store) == 3


def test_a_lake_of_a_newer_platform_is_refused(store):
    with store.writing("future", "r") as con:
        con.execute("INSERT INTO ops.schema_versions (version, description) VALUES (99, 'from the future')")
    for ask in (store.initialise, lambda: store.transaction("a", "r").__enter__()):
        with pytest.raises(StoreError, match=r"schema version 99.*Upgrade hf-platform"):
            ask()


def test_a_table_that_drifted_is_named(store):
    with store.writing("someone", "r") as con:
        con.execute("ALTER TABLE models.forecasts DROP COLUMN volatility")
    with pytest.raises(StoreError, match=r"models\.forecasts .*volatility"):
        store.initialise()


def test_a_damaged_catalogue_is_named(store, settings):
    store.close()
    catalog = settings.home / "lake" / "catalog.sqlite"
    for leftover in catalog.parent.glob("catalog.sqlite-*"):
        leftover.unlink()
    catalog.write_bytes(b"these bytes are no database at all" * 200)
    for ask in (Lake(settings).latest_snapshot, Lake(settings).initialise):
        with pytest.raises(StoreError, match=r"damaged.*Restore"):
            ask()


def test_an_empty_database_is_no_lake(settings):
    catalog = settings.home / "lake" / "catalog.sqlite"
    catalog.parent.mkdir(parents=True)
    sqlite3.connect(catalog).close()
    catalog.touch()
    with pytest.raises(StoreError):
        Lake(settings).latest_snapshot()
    assert Lake(settings).initialise() == len(MIGRATIONS)


@contextlib.contextmanager
def without_rights(folder):
    """Take the rights on a folder away; root, who has them all, becomes nobody for the block."""
    mode = folder.stat().st_mode
    folder.chmod(0o700 if os.geteuid() == 0 else 0)
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        if user == 0:
            os.seteuid(user)
        folder.chmod(mode)


def test_missing_rights_are_named(store, settings):
    store.close()
    stranger = Lake(settings)
    with without_rights(settings.home / "lake"):
        for ask in (stranger.latest_snapshot, stranger.initialise):
            with pytest.raises(StoreError, match=r"no permission for .*Give this user"):
                ask()


def test_a_moved_home_still_reads_and_writes(store, settings, workers, tmp_path):
    add(store, workers, "m")
    store.close()
    moved = Settings(home=tmp_path / "elsewhere")
    shutil.move(settings.home, moved.home)
    store = Lake(moved)
    assert count(store) == 3
    add(store, workers, "n")
    store.initialise()
    store.close()
    scope = {}
    exec(plain_connect_hint(moved), scope)
    with scope["con"] as con:
        assert con.execute("SELECT count(*) FROM models.forecasts").fetchone() == (6,)


def test_data_elsewhere_than_the_setting_says_is_refused(store, settings, tmp_path):
    store.close()
    wrong = settings.model_copy(update={"lake_data": str(tmp_path / "other")})
    with pytest.raises(StoreError, match="Set HFP_LAKE_DATA"):
        Lake(wrong).latest_snapshot()


def test_the_plain_snippet_works_as_printed(store, settings, workers):
    add(store, workers, "m")
    scope = {}
    exec(plain_connect_hint(settings), scope)
    with scope["con"] as con:
        assert con.execute("SELECT count(*) FROM models.forecasts").fetchone() == (3,)
        with pytest.raises(duckdb.Error, match="read-only"):
            con.execute("DELETE FROM models.forecasts")
        add(store, workers, "n")
        assert con.execute("SELECT count(*) FROM models.forecasts").fetchone() == (6,)


def test_extension_links_are_renewed(settings):
    folder = extension_directory(settings)
    links = sorted(folder.rglob("*.duckdb_extension"))
    assert {link.stem for link in links} == {"ducklake", "sqlite_scanner"}
    links[0].unlink()
    links[0].symlink_to("/nowhere/that/was/once/a/wheel")
    extension_directory(settings)
    assert all(link.resolve().is_file() for link in links)


def test_reading_lends_a_connection_that_sees_frames(store, workers):
    import polars as pl

    add(store, workers, "m")
    wanted = pl.DataFrame({"model_id": ["m"]})
    with store.reading() as con:
        con.register("wanted", wanted.to_arrow())
        assert con.execute("SELECT count(*) FROM models.forecasts SEMI JOIN wanted USING (model_id)").fetchone() == (3,)
