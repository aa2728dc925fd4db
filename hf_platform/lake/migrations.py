"""Schema versions: a list of forward steps, applied once each, in order, under the writer lock."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import duckdb

from hf_platform.errors import StoreError
from hf_platform.lake.tables import SCHEMAS, TABLES, VIEWS, create_statements, view_statement


@dataclass(frozen=True, slots=True)
class Migration:
    """One forward step.

    Parameters
    ----------
    version : int
        Schema version that the lake has afterwards; consecutive, from 1.
    description : str
        What it changes.
    statements : tuple of str
        DDL or DML; run in one transaction with the record of the step. A new lake is created at
        the newest version at once and runs none of them.
    """

    version: int
    description: str
    statements: tuple[str, ...] = ()


# A table that is added to TABLES needs no step: missing tables are created on every start. A column
# that is added, renamed or dropped needs one, for the lakes that exist.
MIGRATIONS: Final[tuple[Migration, ...]] = (
    Migration(1, "first schema"),
    Migration(
        2,
        "short positions in backtests; versions and verdicts of scores, comparisons and strategies",
        (
            "ALTER TABLE backtests.var_tests ADD COLUMN position_sign INTEGER DEFAULT 1",
            "ALTER TABLE backtests.breaches ADD COLUMN position_sign INTEGER DEFAULT 1",
            *(
                f"ALTER TABLE backtests.{table} ADD COLUMN {column} VARCHAR"
                for table in ("forecast_scores", "comparisons", "strategies")
                for column in ("data_version", "code_version")
            ),
            *(
                f"ALTER TABLE backtests.strategies ADD COLUMN {column}"
                for column in (
                    "sharpe_error DOUBLE",
                    "sharpe_autocorrelated DOUBLE",
                    "probabilistic_sharpe DOUBLE",
                    "deflated_sharpe DOUBLE",
                    "n_trials BIGINT",
                    "hit_rate DOUBLE",
                    "exposure DOUBLE",
                    "annual_turnover DOUBLE",
                    "annual_cost DOUBLE",
                    "verdict VARCHAR",
                    "reason VARCHAR",
                )
            ),
        ),
    ),
    Migration(
        3,
        "combinations, agreement and calibrated interval of ensemble forecasts",
        tuple(
            f"ALTER TABLE ensembles.forecasts ADD COLUMN {column}"
            for column in (
                "combination VARCHAR",
                "agreement DOUBLE",
                "interval_lower DOUBLE",
                "interval_upper DOUBLE",
                "interval_miscoverage DOUBLE",
                "combination_means DOUBLE[]",
                "combination_volatilities DOUBLE[]",
            )
        ),
    ),
)


def stored_version(con: duckdb.DuckDBPyConnection) -> int:
    """Read the schema version of the attached lake; 0 where there is none yet. Not for use in a transaction."""
    try:
        row = con.execute("SELECT coalesce(max(version), 0) FROM ops.schema_versions").fetchone()
    except duckdb.CatalogException:
        return 0
    return int(row[0]) if row else 0


def check_version(stored: int, steps: Sequence[Migration] = MIGRATIONS) -> None:
    """Refuse a lake that a newer platform has written.

    Raises
    ------
    StoreError
        If the lake's version is above the newest step.
    """
    if stored > steps[-1].version:
        raise StoreError(
            f"the lake has schema version {stored}, this code knows versions up to {steps[-1].version}. "
            "Upgrade hf-platform, or point HFP_HOME at another lake."
        )


def migrate(con: duckdb.DuckDBPyConnection, run_id: str, steps: Sequence[Migration] = MIGRATIONS) -> int:
    """Bring the attached lake to the newest schema; idempotent; the caller holds the writer lock.

    Returns
    -------
    int
        How many steps were recorded.

    Raises
    ------
    StoreError
        If the lake is newer than the code, or a stored table differs from its declaration.
    """
    stored = stored_version(con)
    check_version(stored, steps)
    pending = [step for step in steps if step.version > stored]
    found = _stored_columns(con)
    if pending or {*TABLES, *VIEWS} - found.keys():
        con.execute("BEGIN")
        try:
            if stored > 0:
                for step in pending:
                    for statement in step.statements:
                        con.execute(statement)
            _create_missing(con)
            for step in pending:
                _record(con, step, run_id)
            con.execute("COMMIT")
        except duckdb.Error:
            con.execute("ROLLBACK")
            raise
        found = _stored_columns(con)
    _check_columns(found)
    return len(pending)


def _stored_columns(con: duckdb.DuckDBPyConnection) -> dict[str, dict[str, str]]:
    # One scan instead of duckdb_tables() and duckdb_views(), which take longer than all the rest together.
    rows = con.execute(
        "SELECT schema_name || '.' || table_name, column_name, data_type FROM duckdb_columns() "
        "WHERE database_name = 'lake' AND internal = false"
    ).fetchall()
    found: dict[str, dict[str, str]] = {}
    for table, column, kind in rows:
        found.setdefault(str(table), {})[str(column)] = str(kind)
    return found


def _create_missing(con: duckdb.DuckDBPyConnection) -> None:
    for schema in SCHEMAS:
        con.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    stored = _stored_columns(con)
    for name, table in TABLES.items():
        if name not in stored:
            for statement in create_statements(table):
                con.execute(statement)
    # Views are replaced together with every step: their text may have moved on.
    for name in VIEWS:
        con.execute(view_statement(name))


def _record(con: duckdb.DuckDBPyConnection, step: Migration, run_id: str) -> None:
    now = datetime.now(UTC).replace(tzinfo=None)
    con.execute(
        "INSERT INTO ops.schema_versions (version, description, applied_at, producer, run_id) "
        "VALUES (?, ?, ?, 'lake', ?)",
        [step.version, step.description, now, run_id],
    )


def _check_columns(stored: dict[str, dict[str, str]]) -> None:
    for name, table in TABLES.items():
        found = stored.get(name, {})
        if found != table.types:
            differing = sorted(dict(found.items() ^ table.types.items()))
            raise StoreError(
                f"{name} in the lake differs from its declaration in the columns {', '.join(differing)}. "
                "Add a migration step, or start a new lake."
            )
