"""The lake as an object: cheap to make, lazy to connect, safe in many processes and threads."""

import os
import threading
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

import duckdb

from hf_platform.errors import LakeMissingError, StoreError
from hf_platform.lake.connect import adopt_data_path, attach, extension_directory, open_instance
from hf_platform.lake.lock import WriterLock
from hf_platform.lake.migrations import check_version, migrate, stored_version
from hf_platform.lake.place import require_catalog, sqlite_path, store_errors
from hf_platform.lake.writer import Transaction
from hf_platform.settings import Settings

if TYPE_CHECKING:
    import polars as pl

_CACHED_SNAPSHOTS: Final = 4


class Lake:
    """The lake that the settings name.

    Parameters
    ----------
    settings : Settings, optional
        Read from the environment by default.

    Notes
    -----
    Readers share one read-only DuckDB instance per process (and per snapshot asked for), writers one
    more; both open on first use and are dropped after a fork. Pickles as its settings.
    """

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings.from_env()
        self._reset()

    def _reset(self) -> None:
        self._pid = os.getpid()
        self._guard = threading.Lock()
        self._lock = WriterLock(self.settings)
        self._readers: dict[int | None, duckdb.DuckDBPyConnection] = {}
        self._writer: duckdb.DuckDBPyConnection | None = None
        self._in_transaction = threading.local()

    def __reduce__(self) -> tuple[type["Lake"], tuple[Settings]]:
        """Pickle without connections."""
        return type(self), (self.settings,)

    def exists(self) -> bool:
        """Say whether there is a lake to read."""
        try:
            self.latest_snapshot()
        except LakeMissingError:
            return False
        return True

    def initialise(self, run_id: str = "initialise") -> int:
        """Make the catalogue, schemas, tables and views, and apply pending migrations; idempotent.

        Returns
        -------
        int
            Migrations applied.

        Raises
        ------
        StoreError
            If the lake is newer than this code, damaged, or cannot be written.
        """
        path = sqlite_path(self.settings)
        with self.exclusive("lake", run_id):
            with store_errors(self.settings, "create the lake"):
                if path is not None:
                    path.parent.mkdir(parents=True, exist_ok=True)
            con = self._writing()
            with store_errors(self.settings, "create the lake's tables"):
                if self.settings.lake_data is None:
                    adopt_data_path(con, self.settings)
                applied = migrate(con, run_id)
        extension_directory(self.settings)
        return applied

    @contextmanager
    def exclusive(self, producer: str, run_id: str) -> Generator[None]:
        """Hold the writer lock while something else writes the lake: dbt, or maintenance.

        Raises
        ------
        LakeBusyError
            If another writer does not let go within `HFP_LOCK_TIMEOUT`.
        """
        self._after_fork()
        with self._lock.hold(producer, run_id):
            yield

    @contextmanager
    def writing(self, producer: str, run_id: str) -> Generator[duckdb.DuckDBPyConnection]:
        """Hold the writer lock and lend the writing connection, for what is not a transaction of rows.

        Raises
        ------
        LakeBusyError
            If another writer does not let go within `HFP_LOCK_TIMEOUT`.
        LakeMissingError
            If `initialise` has not run.
        StoreError
            If the lake is newer than this code.
        """
        with self.exclusive(producer, run_id):
            require_catalog(self.settings)
            with store_errors(self.settings, "open the lake"):
                con = self._writing()
                check_version(stored_version(con))
            yield con

    @contextmanager
    def transaction(self, producer: str, run_id: str, message: str = "") -> Generator[Transaction]:
        """Write under the lock: BEGIN, the block, COMMIT; ROLLBACK if the block raises.

        Parameters
        ----------
        producer : str
            Asset that writes; stored with every row and on the snapshot.
        run_id : str
            Run that writes; stored likewise.
        message : str
            One line for the list of snapshots.

        Yields
        ------
        Transaction
            With `append`, `replace`, `delete` and `query`; `snapshot_id` is known after the block.

        Raises
        ------
        LakeBusyError
            If another writer does not let go within `HFP_LOCK_TIMEOUT`.
        LakeMissingError
            If `initialise` has not run.
        StoreError
            If the lake refuses the write; nothing of the block is stored then.
        """
        if getattr(self._in_transaction, "open", False):
            raise StoreError("a transaction is open in this thread already. Finish it before the next.")
        with self.writing(producer, run_id) as con:
            tx = Transaction(con, self.settings, producer, run_id, message)
            tx.begin()
            self._in_transaction.open = True
            try:
                yield tx
                self._lock.check()
                tx.commit()
            except BaseException:
                # The error that ended the block is the one to show, also where the rollback fails too.
                with suppress(duckdb.Error):
                    tx.rollback()
                raise
            finally:
                self._in_transaction.open = False

    def query(
        self, sql: str, params: Sequence[object] | Mapping[str, object] | None = None, snapshot: int | None = None
    ) -> "pl.DataFrame":
        """Read with parameters; never blocked by a writer, always one whole snapshot.

        Parameters
        ----------
        sql : str
            One statement; values go in as ``?`` (sequence) or ``$name`` (mapping).
        params : sequence or mapping, optional
            The values.
        snapshot : int, optional
            Read the lake as it was at this snapshot.

        Raises
        ------
        LakeMissingError
            If there is no lake yet.
        StoreError
            If the statement fails.
        """
        with self.reading(snapshot) as con, store_errors(self.settings, "read"):
            return con.execute(sql, dict(params) if isinstance(params, Mapping) else params).pl()

    @contextmanager
    def reading(self, snapshot: int | None = None) -> Generator[duckdb.DuckDBPyConnection]:
        """Lend a read-only connection, for reads that register frames or stream Arrow."""
        self._after_fork()
        with self._guard:
            reader = self._readers.get(snapshot)
            if reader is None:
                reader = open_instance(self.settings)
                attach(reader, self.settings, read_only=True, snapshot=snapshot)
                self._forget_old_snapshots()
                self._readers[snapshot] = reader
        con = reader.cursor()
        try:
            con.execute("USE lake")
            yield con
        finally:
            con.close()

    def latest_snapshot(self) -> int:
        """Return the number of the newest snapshot."""
        with self.reading() as con, store_errors(self.settings, "read the newest snapshot"):
            row = con.execute("SELECT * FROM ducklake_current_snapshot('lake')").fetchone()
        return int(row[0]) if row else 0

    def close(self) -> None:
        """Close every connection of this process; the next use opens anew."""
        for con in (*self._readers.values(), self._writer):
            if con is not None:
                con.close()
        self._readers.clear()
        self._writer = None

    def _forget_old_snapshots(self) -> None:
        pinned = [key for key in self._readers if key is not None]
        if len(pinned) >= _CACHED_SNAPSHOTS:
            self._readers.pop(pinned[0]).close()

    def _writing(self) -> duckdb.DuckDBPyConnection:
        # Only ever called under the writer lock, so one writing connection per process is enough.
        if self._writer is None:
            con = open_instance(self.settings)
            attach(con, self.settings, read_only=False)
            self._writer = con
        return self._writer

    def _after_fork(self) -> None:
        # DuckDB does not survive a fork: the child drops the parent's connections unclosed.
        if self._pid != os.getpid():
            self._reset()
