"""Which snapshot of the lake holds the rows of a run."""

from datetime import datetime
from typing import TYPE_CHECKING, Final

from hf_platform.lineage.rows import read_rows

if TYPE_CHECKING:
    from hf_platform.lake import Lake

_COMMITS: Final = """
SELECT snapshot_id FROM ducklake_snapshots('lake')
WHERE author = $producer AND (commit_extra_info ->> '$.run_id') = $run_id
  AND (snapshot_time AT TIME ZONE 'UTC') >= $created_at
ORDER BY snapshot_id LIMIT 1
"""
_EXISTS: Final = "SELECT count(*) AS n FROM ducklake_snapshots('lake') WHERE snapshot_id = $snapshot"


def commit_of(store: "Lake", producer: str, run_id: str, created_at: datetime) -> int | None:
    """Find the first snapshot that a run of a producer committed once a row was made.

    Parameters
    ----------
    producer : str
        Asset that wrote the row.
    run_id : str
    created_at : datetime
        When the row was made, naive UTC: rows are stamped before their transaction begins.

    Returns
    -------
    int or None
        None where that snapshot has expired.
    """
    found = read_rows(store, _COMMITS, {"producer": producer, "run_id": run_id, "created_at": created_at})
    return int(found[0]["snapshot_id"]) if found else None


def is_kept(store: "Lake", snapshot: int) -> bool:
    """Say whether a snapshot can still be read."""
    return bool(store.query(_EXISTS, {"snapshot": snapshot})["n"][0])
