"""A transaction on the lake: append what is new, replace a producer's slice, one snapshot at the end."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, cast

import duckdb

from hf_platform.errors import StoreError, UnknownNameError
from hf_platform.lake.frames import conform
from hf_platform.lake.place import store_errors
from hf_platform.lake.tables import TABLES, Table
from hf_platform.settings import Settings

if TYPE_CHECKING:
    import polars as pl

_BATCH: Final = "_hfp_batch"


class Transaction:
    """One open transaction; made by `Lake.transaction`, which commits or rolls it back.

    Attributes
    ----------
    snapshot_id : int or None
        After the block: the snapshot that the commit made, or the newest one when nothing was written.
    rows : dict of str to int
        Rows written so far by table.
    """

    def __init__(
        self, con: duckdb.DuckDBPyConnection, settings: Settings, producer: str, run_id: str, message: str
    ) -> None:
        self._con, self._settings = con, settings
        self.producer, self.run_id, self.message = producer, run_id, message
        self.snapshot_id: int | None = None
        self.rows: dict[str, int] = {}
        self._dirty = False

    def append(self, table: str, frame: "pl.DataFrame") -> int:
        """Write the rows whose key is not stored yet.

        Parameters
        ----------
        table : str
            Name in `TABLES`.
        frame : polars.DataFrame
            See `frames.conform`.

        Returns
        -------
        int
            Rows written; the others were stored before and stay as they are.

        Raises
        ------
        UnknownNameError
            If there is no such table.
        StoreError
            If the frame does not fit the table.
        """
        spec = _spec(table)
        return self._insert(spec, conform(frame, spec, self.producer, self.run_id))

    def replace(self, table: str, frame: "pl.DataFrame", **where: Sequence[str]) -> int:
        """Delete this producer's rows that match every filter, then write the frame.

        Parameters
        ----------
        table : str
            Name in `TABLES`.
        frame : polars.DataFrame
            The new slice; may be empty.
        **where : sequence of str
            Text columns of the table and the values whose rows go, for example
            ``instrument=["SP500"]``. At least one.

        Returns
        -------
        int
            Rows written.

        Raises
        ------
        UnknownNameError
            If there is no such table or filter column.
        StoreError
            If the frame does not fit, or one of its keys is stored outside the slice.
        """
        spec = _spec(table)
        fitted = conform(frame, spec, self.producer, self.run_id)
        self.delete(table, **where)
        written = self._insert(spec, fitted)
        if written < fitted.height:
            raise StoreError(
                f"{table}: {fitted.height - written} of {fitted.height} rows have keys that are stored outside the "
                f"slice {dict(where)!r} of {self.producer!r}. Widen the filter to what the frame holds."
            )
        return written

    def delete(self, table: str, **where: Sequence[str]) -> int:
        """Delete this producer's rows that match every filter; the filters are those of `replace`."""
        spec = _spec(table)
        allowed = tuple(name for name, kind in spec.types.items() if kind == "VARCHAR" and name != "producer")
        if not where:
            raise StoreError(f"{table}: name at least one filter column of {', '.join(allowed)}.")
        for name in where:
            if name not in allowed:
                raise UnknownNameError(f"filter column of {table}", name, allowed)
        clauses = " AND ".join(f"{name} IN (SELECT unnest(?::VARCHAR[]))" for name in where)
        values = [list(chosen) for chosen in where.values()]
        gone = _count(self._execute(f"DELETE FROM {table} WHERE producer = ? AND {clauses}", [self.producer, *values]))
        self._dirty |= gone > 0
        return gone

    def query(self, sql: str, params: Sequence[object] | dict[str, object] | None = None) -> "pl.DataFrame":
        """Read inside the transaction, its own writes included."""
        return self._execute(sql, params).pl()

    def _insert(self, spec: Table, fitted: "pl.DataFrame") -> int:
        if fitted.height == 0:
            return 0
        key = ", ".join(spec.key)
        names = ", ".join(fitted.columns)  # a migrated table has its newer columns at the end
        # Bounds of the key let DuckLake skip the data files that cannot hold it.
        within = " AND ".join(f"{name} BETWEEN ? AND ?" for name in spec.key)
        bounds = [limit for name in spec.key for limit in (fitted[name].min(), fitted[name].max())]
        self._con.register(_BATCH, cast("object", fitted.to_arrow()))
        try:
            written = _count(
                self._execute(
                    f"INSERT INTO {spec.name} ({names}) SELECT b.* FROM {_BATCH} b "
                    f"ANTI JOIN (SELECT {key} FROM {spec.name} WHERE {within}) s USING ({key}) "
                    f"ORDER BY {', '.join(f'b.{name}' for name in spec.sort)}",
                    bounds,
                )
            )
        finally:
            self._con.unregister(_BATCH)
        self._dirty |= written > 0
        self.rows[spec.name] = self.rows.get(spec.name, 0) + written
        return written

    def _execute(
        self, sql: str, params: Sequence[object] | dict[str, object] | None = None
    ) -> duckdb.DuckDBPyConnection:
        with store_errors(self._settings, "write the lake"):
            return self._con.execute(sql, params)

    def begin(self) -> None:
        """Open the transaction."""
        self._execute("BEGIN")

    def commit(self) -> None:
        """Commit with producer, message and run id on the snapshot, and note its number."""
        if self._dirty:
            extra = json.dumps({"run_id": self.run_id, "producer": self.producer})
            self._execute(
                "CALL ducklake_set_commit_message('lake', ?, ?, extra_info => ?)", [self.producer, self.message, extra]
            )
        self._execute("COMMIT")
        source = "ducklake_last_committed_snapshot" if self._dirty else "ducklake_current_snapshot"
        row = self._execute(f"SELECT * FROM {source}('lake')").fetchone()
        self.snapshot_id = int(row[0]) if row and row[0] is not None else None

    def rollback(self) -> None:
        """Undo everything since `begin`."""
        self._con.execute("ROLLBACK")


def _spec(table: str) -> Table:
    if table not in TABLES:
        raise UnknownNameError("table", table, tuple(TABLES))
    return TABLES[table]


def _count(result: duckdb.DuckDBPyConnection) -> int:
    row = result.fetchone()
    return int(row[0]) if row else 0
