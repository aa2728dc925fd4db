"""A driver in a process of its own, for tests that kill or interrupt it: python heads.py MODE FOLDER."""

import _thread
import json
import sys
import threading
import time
from pathlib import Path

import dagster as dg
import numpy as np
import psutil
from faults import Faulty

from hf_platform.errors import ExecutorError
from hf_platform.fitting.chunk import Chunk, Work
from hf_platform.fitting.executors import Request
from hf_platform.fitting.frames import ModelResult
from hf_platform.fitting.plan import PlannedModel
from hf_platform.fitting.ray_executor import RayExecutor
from hf_platform.horizons import Horizon
from hf_platform.models.base import FitTask, Series
from hf_platform.types import GridKey
from resources.ray_clusters import OwnHead


def chunk(name: str) -> Chunk:
    times = np.datetime64("2000-01-03", "us") + np.arange(320) * np.timedelta64(1, "D")
    returns = np.random.default_rng(0).normal(0.0, 0.01, 320)
    series = Series(name, "1d", times, times, returns, np.empty((320, 0)), ())
    task = FitTask(name, GridKey(name, "1d"), Horizon.parse("1d"), "riskmetrics", series, 1, 281, 0)
    return Chunk(Faulty(), [Work(PlannedModel(task, np.array([290]), "i", "s", True), np.array([290]))])


def run(executor: RayExecutor, *names: str) -> list[ModelResult]:
    return executor.run([chunk(name) for name in names], Request(name="ewma", timeout=500.0))


def note(folder: Path, **facts: object) -> None:
    (folder / "facts.tmp").write_text(json.dumps(facts))
    (folder / "facts.tmp").replace(folder / "facts.json")


def family() -> list[psutil.Process]:
    return psutil.Process().children(recursive=True)


def own_head(folder: Path, then: str) -> None:
    """Start a head and hang in a model that hears no signal; wait to be killed, or interrupt ourselves."""
    head, context = OwnHead(workers=2), dg.build_init_resource_context()
    executor = RayExecutor(connect=lambda: head.open(context), folder=folder, is_fixed=True)  # type: ignore[arg-type]
    assert run(executor, "OK0")[0].forecast is not None

    def tell() -> None:
        time.sleep(3)
        members = family()
        open_to = sorted({c.laddr.ip for p in members for c in p.net_connections("inet") if c.status == "LISTEN"})
        note(folder, pids=[p.pid for p in members], listening=open_to, ray=head._folder)
        if then == "interrupt":
            _thread.interrupt_main()

    threading.Thread(target=tell).start()
    try:
        run(executor, "DEAF0", "OK1")
    except KeyboardInterrupt as error:
        head.cleanup(context, error)
        note(folder, left=[p.pid for p in family()], files=[str(p) for p in folder.glob("exchange-*")])


def unreachable(folder: Path) -> None:
    """Ask for a Ray where there is none."""
    try:
        OwnHead(address="ray://127.0.0.1:9").open(dg.build_init_resource_context())  # type: ignore[arg-type]
    except ExecutorError as error:
        note(folder, said=str(error))


if __name__ == "__main__":
    mode, place = sys.argv[1], Path(sys.argv[2])
    unreachable(place) if mode == "unreachable" else own_head(place, mode)
