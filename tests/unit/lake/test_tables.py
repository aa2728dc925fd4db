import re

import pytest

from hf_platform.lake import TABLES, VIEWS
from hf_platform.lake.tables import SCHEMAS

TYPES = {"VARCHAR", "DOUBLE", "INTEGER", "BIGINT", "BOOLEAN", "TIMESTAMP", "DOUBLE[]", "VARCHAR[]"}


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_declaration_is_whole(table):
    names = [column.name for column in table.columns]
    assert re.fullmatch(r"[a-z]+\.[a-z_]+", table.name)
    assert table.name.split(".")[0] in SCHEMAS
    assert len(set(names)) == len(names)
    assert names[-2:] == ["producer", "run_id"]
    assert set(table.key) <= set(names)
    assert set(table.sort) <= set(names)
    assert table.description.startswith("one row per ")
    for column in table.columns:
        assert column.type in TYPES, column
        assert column.description, column
        assert re.fullmatch(r"[a-z][a-z_]*", column.name)


def test_a_clock_is_a_timestamp():
    for table in TABLES.values():
        for column in table.columns:
            assert (column.type == "TIMESTAMP") == (
                column.name.endswith("_at")
                or column.name
                in {"as_of", "forecast_origin", "valid_from", "valid_to", "train_start", "train_end", "searched_until"}
                or column.name in {"window_start", "window_end"}
            ), (table.name, column.name)


def test_the_columns_that_people_query_are_there():
    # Spelt out here on purpose: a rename must fail a test, not a user's notebook.
    expected = {
        "market.bars": "instrument frequency event_at known_at ingested_at open high low close volume source flags",
        "market.universe": "instrument name asset_class calendar currency valid_from valid_to source",
        "models.ledger": "model_id family variant instrument horizon forecast_origin as_of stage status reason error "
        "params_json log_likelihood aic bic score gradient_norm at_boundary n_obs n_optima seconds input_hash "
        "spec_hash data_version code_version lake_snapshot seed device state_uri created_at",
        "models.forecasts": "model_id family variant instrument horizon forecast_origin target_at known_at mean "
        "volatility probabilities quantiles",
        "risk.value_at_risk": "var_id instrument horizon method confidence position_sign forecast_origin target_at "
        "value_at_risk expected_shortfall member_model_ids missing_members",
        "backtests.var_tests": "instrument horizon method confidence test window_start window_end n_forecasts "
        "n_breaches statistic degrees_of_freedom p_value zone verdict reason",
    }
    for table, columns in expected.items():
        assert set(columns.split()) <= set(TABLES[table].types)


def test_stored_tables_equal_their_declarations(store):
    stored = store.query(
        "SELECT schema_name || '.' || table_name AS t, column_name, data_type, is_nullable FROM duckdb_columns() "
        "WHERE database_name = 'lake' AND NOT internal ORDER BY t, column_index"
    )
    for name, table in TABLES.items():
        mine = stored.filter(stored["t"] == name)
        assert dict(zip(mine["column_name"], mine["data_type"], strict=True)) == table.types
        assert {row["column_name"] for row in mine.to_dicts() if not row["is_nullable"]} == set(table.key)


def test_failed_models_shows_the_newest_attempt_only(store, workers):
    import polars as pl

    day = workers.ORIGIN
    rows = pl.DataFrame(
        [
            # (model, instrument, as_of day, status): A failed and was mended, B got worse, C does not apply
            dict(zip(("model_id", "instrument", "as_of", "status"), row, strict=True))
            | {"family": "garch", "variant": "v", "horizon": "1d"}
            for row in [
                ("1", "A", day, "error"),
                ("2", "A", day.replace(day=2), "ok"),
                ("3", "B", day, "ok"),
                ("4", "B", day.replace(day=2), "not_converged"),
                ("5", "C", day, "skipped"),
                ("6", "D", day, "timeout"),
            ]
        ]
    )
    with store.transaction("garch", "r") as tx:
        tx.append("models.ledger", rows)
    assert sorted(store.query("FROM models.failed_models")["model_id"]) == ["4", "6"]
    assert "models.failed_models" in VIEWS
