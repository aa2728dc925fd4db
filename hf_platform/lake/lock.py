"""One writer at a time: a file lock beside a local catalogue, an advisory lock on a PostgreSQL one."""

import json
import os
import socket
import threading
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import filelock

from hf_platform.errors import LakeBusyError, StoreError
from hf_platform.lake.place import is_postgres, postgres_dsn, redact, store_errors
from hf_platform.settings import Settings

if TYPE_CHECKING:
    import psycopg2.extensions

# Any constant will do as long as every writer uses it: "hfplake" in ASCII.
_ADVISORY_KEY: Final = 0x6866706C616B65


class WriterLock:
    """The lake's writer lock, re-entrant within a thread, released by the kernel if its process dies.

    DuckLake commits of two writers can both succeed and store a key twice (ducklake issue 1393),
    so nothing may write without this lock.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._held = threading.local()
        self._file: filelock.BaseFileLock | None = None

    @property
    def is_held(self) -> bool:
        """Whether this thread holds the lock."""
        return getattr(self._held, "depth", 0) > 0

    @contextmanager
    def hold(self, producer: str, run_id: str) -> Generator[None]:
        """Wait for the lock, hold it for the block.

        Raises
        ------
        LakeBusyError
            If another writer keeps it for longer than `HFP_LOCK_TIMEOUT`; names the holder where known.
        StoreError
            If the lock's file or server cannot be reached.
        """
        if self.is_held:
            self._held.depth += 1
            try:
                yield
            finally:
                self._held.depth -= 1
            return
        guard: AbstractContextManager[None] = (
            self._advisory(producer, run_id) if is_postgres(self._settings) else self._flock(producer, run_id)
        )
        with guard:
            self._held.depth = 1
            try:
                yield
            finally:
                self._held.depth = 0

    def check(self) -> None:
        """Make sure that the lock was not lost, as it is when its PostgreSQL session breaks.

        Raises
        ------
        StoreError
            If the session that carries the lock is gone.
        """
        connection = getattr(self._held, "connection", None)
        if connection is None:
            return
        import psycopg2

        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
        except psycopg2.Error as error:
            raise _lost(error, self._settings) from None

    @contextmanager
    def _flock(self, producer: str, run_id: str) -> Generator[None]:
        path = self._settings.lock_path
        if self._file is None:
            with store_errors(self._settings, "take the writer lock"):
                path.parent.mkdir(parents=True, exist_ok=True)
            self._file = filelock.FileLock(path, timeout=self._settings.lock_timeout)
        with store_errors(self._settings, "take the writer lock"):
            try:
                self._file.acquire()
            except filelock.Timeout:
                raise LakeBusyError(self._settings.lock_timeout, self._holder()) from None
        try:
            self._sign(producer, run_id)
            yield
        finally:
            self._file.release()

    def _sign(self, producer: str, run_id: str) -> None:
        # Left in place on release: only read by someone who has just failed to take the lock.
        note = {
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "producer": producer,
            "run_id": run_id,
            "since": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        with store_errors(self._settings, "sign the writer lock"):
            self._settings.lock_path.with_suffix(".holder.json").write_text(json.dumps(note), encoding="utf-8")

    def _holder(self) -> str | None:
        try:
            note = json.loads(self._settings.lock_path.with_suffix(".holder.json").read_text(encoding="utf-8"))
            who = f"{note['producer']}, run {note['run_id']}, since {note['since']}"
            return f"process {note['pid']} on {note['host']} ({who})"
        except (OSError, ValueError, KeyError):
            return None

    @contextmanager
    def _advisory(self, producer: str, run_id: str) -> Generator[None]:
        import psycopg2

        name = f"hfp {socket.gethostname()} {os.getpid()} {producer} {run_id}"[:63]
        try:
            connection = psycopg2.connect(postgres_dsn(self._settings), application_name=name)
        except psycopg2.Error as error:
            raise _lost(error, self._settings) from None
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT set_config('lock_timeout', %s, false)", [f"{int(self._settings.lock_timeout * 1000)}ms"]
                )
                try:
                    cursor.execute("SELECT pg_advisory_lock(%s)", [_ADVISORY_KEY])
                except psycopg2.errors.LockNotAvailable:
                    raise LakeBusyError(self._settings.lock_timeout, _advisory_holder(connection)) from None
            self._held.connection = connection
            yield
        finally:
            self._held.connection = None
            connection.close()


def _advisory_holder(connection: "psycopg2.extensions.connection") -> str | None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT a.application_name FROM pg_locks l JOIN pg_stat_activity a USING (pid) "
            "WHERE l.locktype = 'advisory' AND l.granted AND ((l.classid::bigint << 32) | l.objid::bigint) = %s",
            [_ADVISORY_KEY],
        )
        row = cursor.fetchone()
    return None if row is None else str(row[0])


def _lost(error: Exception, settings: Settings) -> StoreError:
    return StoreError(
        f"the PostgreSQL catalogue cannot be reached: {redact(str(error).strip(), settings)}. "
        "Check HFP_LAKE_CATALOG and the server."
    )
