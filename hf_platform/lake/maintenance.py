"""Nightly upkeep: drop deleted rows, merge small files, expire old snapshots, remove dead files."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

import duckdb

from hf_platform.lake.place import store_errors
from hf_platform.lake.store import Lake
from hf_platform.lake.tables import TABLES
from hf_platform.settings import Settings

# Readers that started before a file was given up may still need it; none runs for a day.
_GRACE: Final = timedelta(days=1)
_PRODUCER: Final = "lake_maintenance"


def maintain(store: Lake, settings: Settings, now: datetime, run_id: str = _PRODUCER) -> dict[str, int]:
    """Tidy the lake under the writer lock; what any query returns is unchanged.

    Parameters
    ----------
    now : datetime
        Naive UTC. Snapshots older than `HFP_SNAPSHOT_DAYS` before it expire, but for the newest one and
        those that a stored row names in its `lake_snapshot`; files dead for a day go from the disk.

    Returns
    -------
    dict of str to int
        ``rewritten_files``, ``merged_files``, ``expired_snapshots``, ``pinned_snapshots`` (kept beyond their
        age), ``deleted_files``.

    Raises
    ------
    LakeBusyError
        If another writer does not let go within `HFP_LOCK_TIMEOUT`.
    StoreError
        If the lake is missing or refuses.
    """
    pinned = pinned_snapshots(store)
    old = _snapshots_before(store, now - timedelta(days=settings.snapshot_days))
    expiring = sorted(old - pinned - {store.latest_snapshot()})
    dead_before = now - _GRACE
    with store.writing(_PRODUCER, run_id) as con, store_errors(settings, "maintain the lake"):
        rewritten = _rows(con, "CALL ducklake_rewrite_data_files('lake')")
        merged = _rows(con, "CALL ducklake_merge_adjacent_files('lake')")
        for batch in _batches(expiring, 500):
            # The function takes no parameters for its list; these are integers of our own.
            con.execute(f"CALL ducklake_expire_snapshots('lake', versions => [{', '.join(map(str, batch))}])")
        given_up = _rows(con, "CALL ducklake_cleanup_old_files('lake', older_than => ?)", dead_before)
        orphaned = _rows(con, "CALL ducklake_delete_orphaned_files('lake', older_than => ?)", dead_before)
    return {
        "rewritten_files": _files(rewritten),
        "merged_files": _files(merged),
        "expired_snapshots": len(expiring),
        "pinned_snapshots": len(old & pinned),
        "deleted_files": len(given_up) + len(orphaned),
    }


def pinned_snapshots(store: Lake) -> set[int]:
    """Return the snapshots that stored rows were computed from: they must stay readable for ever."""
    found: set[int] = set()
    for name, table in TABLES.items():
        if "lake_snapshot" in table.types:
            rows = store.query(f"SELECT DISTINCT lake_snapshot AS snapshot FROM {name} WHERE lake_snapshot IS NOT NULL")
            found.update(rows["snapshot"].to_list())
    return found


def _snapshots_before(store: Lake, moment: datetime) -> set[int]:
    rows = store.query(
        "SELECT snapshot_id FROM ducklake_snapshots('lake') WHERE (snapshot_time AT TIME ZONE 'UTC') < ?", [moment]
    )
    return set(rows["snapshot_id"].to_list())


def _rows(con: duckdb.DuckDBPyConnection, sql: str, moment: datetime | None = None) -> list[tuple[object, ...]]:
    return con.execute(sql, None if moment is None else [moment]).fetchall()


def _files(rows: list[tuple[object, ...]]) -> int:
    # One row a table: schema, table, files read, files written.
    return sum(int(str(row[2])) for row in rows)


def _batches(items: list[int], size: int) -> Iterator[list[int]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
