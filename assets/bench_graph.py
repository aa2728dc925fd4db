"""Measure the graph itself: one family over many simulated instruments, in a home of its own.

Run as `python -m assets.bench_graph FAMILY MODELS...` with the settings of that home in the environment, since
the partitions are made from them on import; prints the account as JSON. `hfp bench graph` starts it.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import date
from math import ceil
from pathlib import Path
from typing import Any

from assets.definitions import build
from assets.launch import Launcher
from hf_platform.capacity.graph_benchmark import GraphRun
from hf_platform.errors import StoreError
from hf_platform.fitting.executors import InlineExecutor
from hf_platform.lake import Lake
from hf_platform.market.simulation_spec import SimulationSpec
from hf_platform.market.sources.simulated import SimulatedSource
from hf_platform.models import get_family
from hf_platform.settings import Settings, plan_keys_together
from resources.instance import open_instance
from resources.platform import platform_for

# 1,015 sessions: one anchor of the families that learn from 1,000 bars, and two weeks of forecasts.
SPAN = (date(2020, 1, 1), date(2024, 1, 12))


class _PricesOnly(SimulatedSource):
    """A simulated market without corporate actions and alternative data."""

    def action_instruments(self) -> list[str]:
        """List nothing."""
        return []

    def alternative_instruments(self) -> list[str]:
        """List nothing."""
        return []


@dataclass(slots=True)
class _Clocks:
    """CPU seconds inside the executor, and inside the bodies of assets that show progress."""

    fit: float = 0.0
    stage: float = 0.0

    @contextmanager
    def progress(self, label: str, total: int) -> Iterator[Callable[[int], None]]:
        """Time a stage where a terminal would show a bar."""
        began = time.process_time()
        yield lambda n_done: None
        self.stage += time.process_time() - began

    @contextmanager
    def on_executor(self) -> Iterator[None]:
        """Time what the executor runs, all its threads."""
        original = InlineExecutor.run

        def timed(executor: InlineExecutor, *arguments: Any) -> Any:
            began = time.process_time()
            try:
                return original(executor, *arguments)
            finally:
                self.fit += time.process_time() - began

        InlineExecutor.run = timed  # type: ignore[method-assign]
        try:
            yield
        finally:
            InlineExecutor.run = original  # type: ignore[method-assign]


def measure(family: str, sizes: Sequence[int]) -> dict[str, Any]:
    """Prepare the instruments once, then run each size over instruments of its own.

    Raises
    ------
    StoreError
        If a run fails: what it took would say nothing.
    """
    settings = Settings.from_env()
    plan_keys_together()
    per_instrument = len(get_family(family).variants) * len(settings.horizons)
    counts = [ceil(size / per_instrument) for size in sizes]
    counts = [1, *counts]  # a first run loads libraries and kernels: its cost is no model's
    names = [f"B{number:05d}" for number in range(sum(counts))]
    source = _PricesOnly(
        SimulationSpec(instruments=tuple(names), start=SPAN[0], end=SPAN[1], book_levels=1, embedding_size=1)
    )
    source.world  # noqa: B018  # drawn before the clock starts: no platform's work
    clocks = _Clocks()
    platform = replace(platform_for(settings, progress=clocks.progress), sources={source.name: source})
    Lake(settings).initialise()
    with open_instance(settings) as instance, clocks.on_executor():
        launcher = Launcher(build(platform), instance)
        launcher.add_instruments(names)
        began = time.process_time()
        _run(launcher, "+feature_matrix", names, settings)
        prepared = time.process_time() - began
        runs: list[GraphRun] = []
        for count in counts:
            block, names = names[:count], names[count:]
            runs.append(_measure_run(launcher, family, block, settings, clocks))
    return {"preparation_seconds": prepared, "runs": [asdict(run) for run in runs[1:]]}


def _measure_run(
    launcher: Launcher, family: str, names: Sequence[str], settings: Settings, clocks: _Clocks
) -> GraphRun:
    clocks.fit = clocks.stage = 0.0
    _reset_peak()
    began, cpu = time.perf_counter(), time.process_time()
    run_id = _run(launcher, family, names, settings)
    seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - cpu
    rows = Lake(settings).query("select count(*) as n from models.ledger where run_id = $run_id", {"run_id": run_id})
    return GraphRun(
        n_models=rows["n"][0],
        n_keys=len(names) * len(settings.horizons),
        seconds=seconds,
        cpu_seconds=cpu_seconds,
        fit_seconds=clocks.fit,
        stage_seconds=clocks.stage,
        peak_memory_mb=_peak_mb(),
    )


def _run(launcher: Launcher, selection: str, names: Sequence[str], settings: Settings) -> str:
    results = launcher.run(selection, names, settings.horizons)
    broken = [result.run_id for result in results if not result.success]
    if broken or len(results) != 1:
        raise StoreError(f"one run that succeeds is needed to measure {selection!r}, found {len(broken)} that failed.")
    return results[0].run_id


def _reset_peak() -> None:
    # Linux forgets the largest memory so far; elsewhere the peak is that of all runs up to now.
    file = Path("/proc/self/clear_refs")
    if file.exists():
        file.write_text("5")


def _peak_mb() -> float:
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure(sys.argv[1], [int(word) for word in sys.argv[2:]])) + "\n")
