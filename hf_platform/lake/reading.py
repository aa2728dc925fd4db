"""What a stranger's statement may do: read the lake, and nothing else."""

import re
from typing import Final

import duckdb

from hf_platform.errors import StoreError

# DuckLake's functions that only look. The others maintain the lake; some of them delete files even
# on a read-only attachment.
_LAKE_FUNCTIONS: Final = frozenset(
    {
        "ducklake_snapshots",
        "ducklake_current_snapshot",
        "ducklake_table_info",
        "ducklake_table_changes",
        "ducklake_table_insertions",
        "ducklake_table_deletions",
        "ducklake_list_files",
        "ducklake_options",
    }
)
# Functions that run SQL from a string, that reach the catalogue's own database, or that show its address
# (and with it a password).
_CLOSED: Final = re.compile(
    r"\b(query|query_table|(sqlite|postgres|pg|mysql|read|parquet|sniff)_\w+|duckdb_databases|duckdb_settings"
    r"|duckdb_secrets|which_secret|current_setting|glob|__ducklake_metadata\w*|pragma_\w+|checkpoint)\b"
)
_LAKE_FUNCTION: Final = re.compile(r"\bducklake_\w+")
_READS: Final = (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN)


def check_reads_only(con: duckdb.DuckDBPyConnection, sql: str) -> None:
    """Refuse everything but one statement that reads.

    The connection's own lock-down (`connect(locked_down=True)`) keeps files, network and settings
    shut; this keeps out what it leaves open: COPY into the data folder, and functions that maintain
    the lake or show where its catalogue lives.

    Raises
    ------
    StoreError
        If there is no statement or several, it is not a SELECT or EXPLAIN, or it calls a closed function.
    duckdb.Error
        If the text is not SQL.
    """
    statements = con.extract_statements(sql)
    if len(statements) != 1:
        raise StoreError(f"one SQL statement at a time, found {len(statements)}. Give one SELECT.")
    kind = statements[0].type
    if kind not in _READS:
        raise StoreError(f"only statements that read are run here, found {kind.name}. Give a SELECT.")
    words = _without_literals(sql).lower()
    closed = _CLOSED.search(words)
    lake_functions = (name for name in _LAKE_FUNCTION.findall(words) if name not in _LAKE_FUNCTIONS)
    name = closed.group() if closed else next(lake_functions, None)
    if name is not None:
        raise StoreError(f"{name} is closed to queries. Read tables, views, or {', '.join(sorted(_LAKE_FUNCTIONS))}.")


def _without_literals(sql: str) -> str:
    # Offsets are in bytes; comments belong to no token and drop out with the literal before them.
    raw = sql.encode()
    tokens = duckdb.tokenize(sql)
    ends = [start for start, _ in tokens[1:]] + [len(raw)]
    literal = duckdb.token_type.string_const
    kept = [raw[start:end] for (start, kind), end in zip(tokens, ends, strict=True) if kind != literal]
    return b" ".join(kept).decode(errors="replace")
