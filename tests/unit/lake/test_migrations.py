from datetime import datetime

import duckdb
import polars as pl
import pytest

from hf_platform.errors import StoreError
from hf_platform.lake.migrations import MIGRATIONS, Migration, check_version, migrate, stored_version
from hf_platform.lake.tables import TABLES


def test_versions_are_consecutive_from_one():
    assert [step.version for step in MIGRATIONS] == list(range(1, len(MIGRATIONS) + 1))
    assert all(step.description for step in MIGRATIONS)


def test_a_new_lake_is_at_the_newest_version(store):
    assert store.query("SELECT version FROM ops.schema_versions")["version"].to_list() == [
        s.version for s in MIGRATIONS
    ]


def test_a_step_runs_once_in_order_and_keeps_the_rows(store, workers, monkeypatch):
    with store.transaction("ewma", "r") as tx:
        tx.append("models.forecasts", workers.forecasts("m", 3))
    newest = MIGRATIONS[-1].version
    steps = (
        *MIGRATIONS,
        Migration(newest + 1, "kurtosis", ("ALTER TABLE models.forecasts ADD COLUMN kurtosis DOUBLE",)),
        Migration(newest + 2, "three by default", ("UPDATE models.forecasts SET kurtosis = 3",)),
    )
    wider = TABLES["models.forecasts"]
    columns = (*wider.columns, type(wider.columns[0])("kurtosis", "DOUBLE", "fourth moment"))
    changed = {**TABLES, wider.name: type(wider)(wider.name, wider.description, columns, wider.key, wider.sort)}
    monkeypatch.setattr("hf_platform.lake.migrations.TABLES", changed)
    with store.writing("lake", "r") as con:
        assert migrate(con, "upgrade", steps) == 2
        assert migrate(con, "upgrade", steps) == 0
        assert stored_version(con) == newest + 2
    rows = store.query("SELECT mean, kurtosis FROM models.forecasts ORDER BY mean").rows()
    assert rows == [(0.0, 3.0), (1.0, 3.0), (2.0, 3.0)]


ADDED = {
    "backtests.var_tests": {"position_sign"},
    "backtests.breaches": {"position_sign"},
    "backtests.forecast_scores": {"data_version", "code_version"},
    "backtests.comparisons": {"data_version", "code_version"},
    "ensembles.forecasts": {
        "combination", "agreement", "interval_lower", "interval_upper", "interval_miscoverage", "combination_means",
        "combination_volatilities",
    },
    "backtests.strategies": {
        "sharpe_error", "sharpe_autocorrelated", "probabilistic_sharpe", "deflated_sharpe", "n_trials", "hit_rate",
        "exposure", "annual_turnover", "annual_cost", "verdict", "reason", "data_version", "code_version",
    },
}  # fmt: skip


def test_the_first_schema_becomes_the_newest_one_and_takes_rows(store):
    """Newer columns stand last in such a lake, and rows still go where they belong."""
    with store.writing("lake", "r") as con:
        con.execute("DROP VIEW backtests.newest_var_tests")
        for table, columns in ADDED.items():
            old = ", ".join(f"{name} {kind}" for name, kind in TABLES[table].types.items() if name not in columns)
            con.execute(f"DROP TABLE {table}")
            con.execute(f"CREATE TABLE {table} ({old})")
        con.execute("DELETE FROM ops.schema_versions WHERE version > 1")
    store.close()
    assert store.initialise() == MIGRATIONS[-1].version - 1
    moment = datetime(2020, 1, 1)  # noqa: DTZ001 - the lake's times are naive UTC
    row = {
        "instrument": "A", "horizon": "1d", "method": "ensemble", "confidence": 0.99, "position_sign": -1,
        "test": "kupiec_pof", "window_start": moment, "window_end": moment, "as_of": moment, "data_version": "d",
        "code_version": "c", "n_forecasts": 250,
    }  # fmt: skip
    with store.transaction("var_backtest", "r") as tx:
        assert tx.append("backtests.var_tests", pl.DataFrame([row]).with_columns(pl.col(pl.Int64).cast(pl.Int64))) == 1
    found = store.query("FROM backtests.newest_var_tests").row(0, named=True)
    assert {name: found[name] for name in row} == row


def test_a_step_that_fails_leaves_the_lake_as_it_was(store):
    newest = MIGRATIONS[-1].version
    steps = (
        *MIGRATIONS,
        Migration(newest + 1, "half", ("ALTER TABLE models.forecasts ADD COLUMN half DOUBLE", "FROM models.nothing")),
    )
    before = store.latest_snapshot()
    with store.writing("lake", "r") as con:
        with pytest.raises(duckdb.CatalogException):
            migrate(con, "upgrade", steps)
        assert stored_version(con) == newest
    assert store.latest_snapshot() == before
    assert "half" not in store.query("FROM models.forecasts").columns


def test_a_table_that_came_later_is_created(store):
    with store.writing("lake", "r") as con:
        con.execute("DROP VIEW models.failed_models")
        con.execute("DROP TABLE backtests.strategies")
    assert store.initialise() == 0
    assert store.query("FROM backtests.strategies").height == 0
    assert store.query("FROM models.failed_models").height == 0


def test_a_newer_lake_is_refused_with_both_versions():
    with pytest.raises(StoreError, match=r"schema version 5, this code knows versions up to 1"):
        check_version(5, (Migration(1, "first"),))
    check_version(0)
