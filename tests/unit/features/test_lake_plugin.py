"""dbt's way into the lake: lent settings write or read, a bare call only reads."""

import duckdb
import pytest

from hf_platform.features.lake_plugin import Plugin, lent


def attached(token: str) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    Plugin("lake_plugin", {"token": token}).configure_connection(con)
    return con


def test_lends_for_writing(store):
    with lent(store.settings, read_only=False) as token:
        attached(token).execute("CREATE TABLE lake.features.x AS SELECT 1 AS a")
    assert store.query("SELECT a FROM features.x").item() == 1


def test_lends_for_reading(store):
    with lent(store.settings, read_only=True) as token, pytest.raises(duckdb.InvalidInputException, match="read-only"):
        attached(token).execute("CREATE TABLE lake.features.x AS SELECT 1 AS a")


def test_without_a_token_reads_the_lake_of_the_environment(store):
    con = attached("")
    assert con.execute("SELECT count(*) FROM lake.market.bars").fetchone() == (0,)
    with pytest.raises(duckdb.InvalidInputException, match="read-only"):
        con.execute("DROP TABLE lake.market.bars")


def test_a_token_dies_with_its_build(store):
    with lent(store.settings, read_only=False) as token:
        pass
    with pytest.raises(KeyError):
        attached(token)


def test_no_secret_stands_in_the_profile():
    from hf_platform.features.dbt_runner import PROJECT

    text = (PROJECT / "profiles.yml").read_text()
    assert "env_var" not in text
    assert "secret" not in text.split("dbt_features:")[1]
