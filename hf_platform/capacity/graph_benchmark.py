"""What thousands of models cost in the whole graph: fits beside planning, lake, ledger and events.

A pure account of runs that somebody else measured (`hfp bench graph`), in CPU seconds of the driver, which
a busy machine does not stretch as it does the clock.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Final

from hf_platform.errors import DataError

_HEAD: Final = (
    "| models | keys | clock s | models/s | CPU s | fits | lake and ledger | events | bookkeeping | peak MB |\n"
    "|---|---|---|---|---|---|---|---|---|---|\n"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphRun:
    """One Dagster run over new keys of one family.

    Parameters
    ----------
    n_models, n_keys : int
        Rows that the run added to the ledger, and partitions that it materialised.
    seconds : float
        By the clock, from asking for the run until it has ended [s].
    cpu_seconds : float
        Of this process, all threads; a PostgreSQL server's own are not in it [s].
    fit_seconds : float
        CPU seconds inside the executor: fits and forecasts [s].
    stage_seconds : float
        CPU seconds of the asset's body: fits, planning, reading and writing the lake, the ledger [s].
    peak_memory_mb : float
        Largest resident memory during the run [MiB].
    """

    n_models: int
    n_keys: int
    seconds: float
    cpu_seconds: float
    fit_seconds: float
    stage_seconds: float
    peak_memory_mb: float

    @property
    def lake_seconds(self) -> float:
        """CPU seconds of planning, reading, writing and the ledger."""
        return self.stage_seconds - self.fit_seconds

    @property
    def event_seconds(self) -> float:
        """CPU seconds outside the asset's body: Dagster's run, its plan, and the events of each key."""
        return self.cpu_seconds - self.stage_seconds

    @property
    def bookkeeping_share(self) -> float:
        """Share of the CPU seconds that fitted and forecast nothing."""
        return 1.0 - self.fit_seconds / self.cpu_seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphBenchmark:
    """Runs of growing size on one storage.

    Parameters
    ----------
    storage : str
        Where lake catalogue, runs and events are.
    family : str
    threads : int
    machine, measured_at : str
    preparation_seconds : float
        CPU seconds of prices, bars and features of all instruments [s].
    runs : sequence of GraphRun
        By increasing size.
    """

    storage: str
    family: str
    threads: int
    machine: str
    measured_at: str
    preparation_seconds: float
    runs: Sequence[GraphRun]

    def marginal_seconds(self) -> list[float]:
        """CPU seconds of each further model, between each size and the next.

        Raises
        ------
        DataError
            If a run is not larger than the one before.
        """
        found: list[float] = []
        for small, large in pairwise(self.runs):
            if large.n_models <= small.n_models:
                raise DataError(
                    f"runs must grow to have a marginal cost, found {small.n_models} then {large.n_models} models. "
                    "Give sizes in increasing order."
                )
            found.append((large.cpu_seconds - small.cpu_seconds) / (large.n_models - small.n_models))
        return found

    def to_markdown(self) -> str:
        """Write the table, and under it what one more model costs."""
        rows = [
            f"| {run.n_models:,} | {run.n_keys:,} | {run.seconds:.1f} | {run.n_models / run.seconds:,.0f} "
            f"| {run.cpu_seconds:.1f} | {run.fit_seconds:.1f} | {run.lake_seconds:.1f} | {run.event_seconds:.1f} "
            f"| {run.bookkeeping_share:.0%} | {run.peak_memory_mb:,.0f} |"
            for run in self.runs
        ]
        lines = [f"**{self.family} on {self.storage}**", "", _HEAD + "\n".join(rows)]
        if len(self.runs) > 1:
            each = ", ".join(f"{1e3 * seconds:.2f}" for seconds in self.marginal_seconds())
            lines += ["", f"CPU milliseconds of each further model, from size to size: {each}"]
        return "\n".join(lines)

    def to_json(self) -> str:
        """Write everything, derived figures too."""
        runs = [
            asdict(run)
            | {
                "lake_seconds": run.lake_seconds,
                "event_seconds": run.event_seconds,
                "bookkeeping_share": run.bookkeeping_share,
                "models_per_second": run.n_models / run.seconds,
            }
            for run in self.runs
        ]
        whole = asdict(self) | {"runs": runs, "marginal_seconds": self.marginal_seconds()}
        return json.dumps(whole, indent=1)
