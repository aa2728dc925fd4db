"""A lake as it was at a snapshot, whose writes go into memory: stages run on it as they ran then."""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from hf_platform.errors import StoreError
from hf_platform.lake import Lake
from hf_platform.lake.frames import conform
from hf_platform.lake.tables import TABLES
from hf_platform.lake.writer import Transaction
from hf_platform.lineage.commits import is_kept
from hf_platform.settings import Settings

if TYPE_CHECKING:
    import duckdb
    import polars as pl


class PinnedLake(Lake):
    """Reads one snapshot, keeps what a stage writes in `written`.

    Parameters
    ----------
    settings : Settings
    snapshot : int
    written : dict of str to list of polars.DataFrame
        Rows by table, as they would have been stored.

    Raises
    ------
    StoreError
        If the snapshot has expired.
    """

    def __init__(self, settings: Settings, snapshot: int) -> None:
        super().__init__(settings)
        self.snapshot = snapshot
        self.written: dict[str, list[pl.DataFrame]] = {}
        newest = Lake(settings)
        try:
            if not is_kept(newest, snapshot):
                raise StoreError(
                    f"snapshot {snapshot} of the lake has expired, so what was read then cannot be read again. "
                    "Snapshots that models were trained on stay for ever; others for HFP_SNAPSHOT_DAYS."
                )
        finally:
            newest.close()

    def query(
        self, sql: str, params: Sequence[object] | Mapping[str, object] | None = None, snapshot: int | None = None
    ) -> "pl.DataFrame":
        """Read the pinned snapshot."""
        return super().query(sql, params, self.snapshot if snapshot is None else snapshot)

    @contextmanager
    def reading(self, snapshot: int | None = None) -> "Generator[duckdb.DuckDBPyConnection]":
        """Lend a connection to the pinned snapshot."""
        with super().reading(self.snapshot if snapshot is None else snapshot) as con:
            yield con

    def latest_snapshot(self) -> int:
        """Give the pinned snapshot."""
        return self.snapshot

    @contextmanager
    def transaction(self, producer: str, run_id: str, message: str = "") -> Generator[Transaction]:
        """Keep what the block appends; nothing reaches the lake."""
        with self.reading() as con:
            kept = _Kept(con, self.settings, producer, run_id, message)
            yield kept
        for table, frames in kept.frames.items():
            self.written.setdefault(table, []).extend(frames)

    def rows(self, table: str) -> "pl.DataFrame":
        """Give what was written to a table so far."""
        import polars as pl

        frames = self.written.get(table, [])
        return pl.concat(frames) if frames else conform(pl.DataFrame(), TABLES[table], "", "")


class _Kept(Transaction):
    """A transaction that only remembers."""

    def __init__(
        self, con: "duckdb.DuckDBPyConnection", settings: Settings, producer: str, run_id: str, message: str
    ) -> None:
        super().__init__(con, settings, producer, run_id, message)
        self.frames: dict[str, list[pl.DataFrame]] = {}

    def append(self, table: str, frame: "pl.DataFrame") -> int:
        """Remember rows in their stored form."""
        fitted = conform(frame, TABLES[table], self.producer, self.run_id)
        self.frames.setdefault(table, []).append(fitted)
        return fitted.height
