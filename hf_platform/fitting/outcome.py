"""What a stage of the model grid did, key by key."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hf_platform.types import GridKey


class KeyStatus(StrEnum):
    """How a stage ended for one key."""

    OK = "ok"
    FAILED = "failed"
    SKIPPED = "skipped"  # the stage does not apply to the key; said with a reason


@dataclass(frozen=True, slots=True)
class KeyOutcome:
    """What a stage did for one key.

    Parameters
    ----------
    status : KeyStatus
        `FAILED` when nothing usable exists at the newest origin.
    reason : str or None
        Why it failed or was skipped; of a good key, what its models want said.
    n_ok, n_failed, n_reused : int
        Models (or rows) newly made, failed, and found in the lake from an earlier run.
    n_rows : int
        Rows written to the stage's main table.
    data_version : str
        Content hash of the inputs.
    last_origin : datetime or None
        Newest forecast origin that is stored, UTC.
    missing : tuple of str
        Members or inputs that were absent.
    """

    status: KeyStatus
    reason: str | None = None
    n_ok: int = 0
    n_failed: int = 0
    n_reused: int = 0
    n_rows: int = 0
    data_version: str = ""
    last_origin: datetime | None = None
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class StageOutcome:
    """What a stage did for all keys it was asked for."""

    stage: str
    keys: Mapping[GridKey, KeyOutcome]
    snapshot_id: int | None
    seconds: float
    code_version: str

    def count(self, status: KeyStatus) -> int:
        """Count keys that ended with a status."""
        return sum(outcome.status is status for outcome in self.keys.values())
