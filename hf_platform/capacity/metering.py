"""What a run took, stage by stage, as rows of `ops.stages` and `ops.runs`.

Two clocks that know nothing of each other: each stage is timed by itself, and the run as a whole. The
costs of models and VaR numbers (`ops.costs`) are shares of the stages, so their sum can be held
against the run.
"""

import json
import resource
import time
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from hf_platform.fitting.outcome import KeyStatus

if TYPE_CHECKING:
    from hf_platform.lake import Lake


@dataclass(slots=True)
class Tally:
    """What a stage says about its keys."""

    n_keys: int = 0
    n_ok: int = 0
    n_failed: int = 0
    n_skipped: int = 0

    def count(self, statuses: Iterable[KeyStatus]) -> None:
        """Take how each key ended."""
        found = list(statuses)
        self.n_keys = len(found)
        self.n_ok = found.count(KeyStatus.OK)
        self.n_failed = found.count(KeyStatus.FAILED)
        self.n_skipped = found.count(KeyStatus.SKIPPED)


@dataclass(slots=True)
class Meter:
    """Times the stages of one step of a run.

    Parameters
    ----------
    step : str
        `model_grid` or `portfolio_graph`.
    run_id : str
    threads : int
        Parallel fits that the run was allowed.
    """

    step: str
    run_id: str
    threads: int
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC).replace(tzinfo=None))
    rows: list[dict[str, object]] = field(default_factory=list[dict[str, object]])
    _lap: float = field(default_factory=time.perf_counter)

    @contextmanager
    def stage(self, name: str) -> Generator[Tally]:
        """Time the block as one stage, counted from the end of the one before; a block that raises leaves no row."""
        tally = Tally()
        started, cpu = datetime.now(UTC).replace(tzinfo=None), _cpu_seconds()
        yield tally
        ended = time.perf_counter()
        self.rows.append(
            {
                "asset": name,
                "started_at": started,
                "seconds": ended - self._lap,
                "cpu_seconds": _cpu_seconds() - cpu,
                "peak_memory_mb": _peak_memory_mb(),
                "threads": self.threads,
                "n_keys": tally.n_keys,
                "n_ok": tally.n_ok,
                "n_failed": tally.n_failed,
                "n_skipped": tally.n_skipped,
            }
        )
        self._lap = ended

    def write(self, lake: "Lake") -> None:
        """Store the rows of the stages and of the run in one commit; nothing where no stage ran."""
        import polars as pl

        if not self.rows:
            return
        finished = datetime.now(UTC).replace(tzinfo=None)
        failed = sum(row["n_failed"] != 0 for row in self.rows)
        run = {
            "started_at": self.started_at,
            "finished_at": finished,
            "status": "partial" if failed else "ok",
            "kind": self.step,
            "detail_json": json.dumps(
                {"threads": self.threads, "stages": len(self.rows), "stages_with_failures": failed}
            ),
        }
        with lake.transaction(self.step, self.run_id, f"what {len(self.rows)} stages took") as tx:
            tx.append("ops.stages", pl.DataFrame(self.rows))
            tx.append("ops.runs", pl.DataFrame([run]))


def _cpu_seconds() -> float:
    """CPU time of this process, all threads, and of its children that have ended [s]."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def _peak_memory_mb() -> float:
    """Largest resident memory of this process so far [MiB]; macOS counts bytes, Linux KiB."""
    import sys

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)
