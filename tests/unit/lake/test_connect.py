import duckdb
import pytest

from hf_platform.errors import StoreError
from hf_platform.lake import Lake, attach_options, connect
from hf_platform.lake.place import explain, redact
from hf_platform.lake.reading import check_reads_only
from hf_platform.settings import Settings


@pytest.fixture(scope="module")
def reader(tmp_path_factory, workers):
    """A locked-down reader that many hostile statements share."""
    store = Lake(Settings(home=tmp_path_factory.mktemp("home")))
    store.initialise()
    with store.transaction("ewma", "r") as tx:
        tx.append("models.forecasts", workers.forecasts("m", 3))
    with connect(settings=store.settings, locked_down=True) as con:
        yield con
    assert store.query("SELECT count(*) FROM models.forecasts").item() == 3
    store.close()


def test_connect_reads_any_snapshot(store, settings, workers):
    before = store.latest_snapshot()
    with store.transaction("ewma", "r") as tx:
        tx.append("models.forecasts", workers.forecasts("m", 3))
    with connect(settings=settings) as now, connect(snapshot=before, settings=settings) as then:
        assert now.execute("SELECT count(*) FROM models.forecasts").fetchone() == (3,)
        assert then.execute("SELECT count(*) FROM models.forecasts").fetchone() == (0,)


def test_a_locked_down_reader_still_reads_and_spills(reader):
    assert reader.execute("SELECT count(*) FROM models.forecasts").fetchone() == (3,)
    assert reader.execute("SELECT count(*) FROM models.failed_models").fetchone() == (0,)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_text('/etc/hostname')",
        "SELECT * FROM '/etc/hostname'",
        "ATTACH '/tmp/other.duckdb'",
        "COPY (SELECT 1) TO '/tmp/leak.csv'",
        "DELETE FROM models.forecasts",
        "UPDATE models.forecasts SET mean = 0",
        "DROP TABLE models.forecasts",
        "SET threads = 1",
        "SET enable_external_access = true",
        "INSTALL httpfs",
        "LOAD '/tmp/any.duckdb_extension'",
        "CALL ducklake_expire_snapshots('lake', versions => [1])",
    ],
)
def test_a_locked_down_reader_refuses_by_itself(reader, sql):
    with pytest.raises(duckdb.Error):
        reader.execute(sql).fetchall()


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1",
        "FROM models.forecasts",
        "WITH a AS (SELECT 1 AS x) SELECT * FROM a;",
        "VALUES (1), (2)",
        "SHOW ALL TABLES",
        "DESCRIBE models.forecasts",
        "SUMMARIZE models.forecasts",
        "EXPLAIN SELECT 1",
        "SELECT count(*) FROM models.forecasts AT (VERSION => 1)",
        "FROM ducklake_snapshots('lake')",
        "SELECT 'read_csv, ducklake_cleanup_old_files and sqlite_scan in a text are harmless' AS note",
        "SELECT $$query('x')$$ AS note, 'é' AS accent",
    ],
)
def test_reading_statements_run(reader, sql):
    check_reads_only(reader, sql)
    reader.execute(sql).fetchall()


@pytest.mark.parametrize(
    ("sql", "rule"),
    [
        ("", "one SQL statement at a time, found 0"),
        ("SELECT 1; SELECT 2", "found 2"),
        ("DELETE FROM models.forecasts", "found DELETE"),
        ("COPY models.forecasts TO 'x.csv'", "found COPY"),
        ("SET threads = 1", "found SET"),
        ("CALL ducklake_snapshots('lake')", "found CALL"),
        ("FROM ducklake_cleanup_old_files('lake', cleanup_all => true)", "ducklake_cleanup_old_files is closed"),
        ("FROM \"DuckLake_Delete_Orphaned_Files\" ('lake')", "is closed"),
        ("FROM /* é */ ducklake_merge_adjacent_files/**/('lake')", "is closed"),
        ("SELECT * FROM query('FROM duckdb_' || 'databases()')", "query is closed"),
        ("SELECT * FROM \"query\" /* */ ('SELECT 1')", "query is closed"),
        ("FROM duckdb_databases()", "duckdb_databases is closed"),
        ("FROM duckdb_secrets()", "duckdb_secrets is closed"),
        ("FROM sqlite_scan('x', 'y')", "sqlite_scan is closed"),
        ("FROM postgres_query('lake', 'SELECT 1')", "postgres_query is closed"),
        ("FROM __ducklake_metadata_lake.ducklake_snapshot", "is closed"),
        ("FROM read_blob('x')", "read_blob is closed"),
        ("SELECT 'a' AS x, (SELECT path FROM \"duckdb_databases\"() LIMIT 1)", "duckdb_databases is closed"),
    ],
)
def test_everything_else_is_refused_by_name(reader, sql, rule):
    with pytest.raises(StoreError, match=rule):
        check_reads_only(reader, sql)


def test_text_that_is_no_sql_is_a_parser_error(reader):
    with pytest.raises(duckdb.Error, match="syntax error"):
        check_reads_only(reader, "SELEC 1")


def test_attach_options_of_each_kind_of_lake(tmp_path):
    local = attach_options(Settings(home=tmp_path))
    assert local["meta_journal_mode"] == "WAL"
    assert local["meta_busy_timeout"] == 30_000
    assert local["data_inlining_row_limit"] == 0
    remote = attach_options(
        Settings.model_validate(
            {"home": tmp_path, "lake_catalog": "postgres:dbname=x", "lake_data": "s3://bucket/lake"}
        )
    )
    assert remote == {"data_path": "s3://bucket/lake/", "data_inlining_row_limit": 0}


def test_credentials_never_reach_a_message(tmp_path):
    for dsn in (
        "host=db user=u password=hush dbname=x",
        "postgresql://u:hush@db/x",
        "host=db password='hush' dbname=x",
    ):
        settings = Settings.model_validate({"home": tmp_path, "lake_catalog": f"postgres:{dsn}", "s3_secret": "shush"})
        error = duckdb.IOException(f'Unable to connect to Postgres at "{dsn}": {dsn.replace("db", "other")} shush')
        text = str(explain(error, settings, "open the lake"))
        assert "hush" not in text
        assert "HFP_LAKE_CATALOG" in text
        assert "hush" not in redact(f"FATAL for {dsn[:-3]}", settings)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(28, "No space left on device"), ("no space left", "Free disk space")),
        (duckdb.IOException("IO Error: Could not write file: No space left on device"), ("no space left", "Free disk")),
        (duckdb.Error("database or disk is full"), ("no space left", "Free disk")),
        (PermissionError(13, "Permission denied"), ("no permission", "HFP_HOME")),
        (duckdb.Error("attempt to write a readonly database"), ("no permission", "HFP_HOME")),
        (duckdb.Error("database disk image is malformed"), ("damaged", "Restore")),
        (duckdb.IOException("something new"), ("something new", "hfp doctor")),
    ],
)
def test_causes_are_told_apart(error, words, tmp_path):
    text = str(explain(error, Settings(home=tmp_path), "write the lake"))
    for word in ("cannot write the lake", *words):
        assert word in text
