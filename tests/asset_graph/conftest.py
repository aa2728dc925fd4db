"""Small worlds made by the command line as a user would; made once, because each takes most of a minute."""

import fcntl
import os
import shutil
from collections.abc import Callable

import numpy as np
import pytest
from world import GOOD, World


@pytest.fixture(scope="session")
def clean_world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Three good instruments, everything materialised."""
    return made_once(tmp_path_factory, "clean", make_clean)


@pytest.fixture(scope="session")
def poisoned_world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """The same with two more instruments: FLAT never moves, BLANK has no close after its first week."""
    return made_once(tmp_path_factory, "poisoned", make_poisoned)


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[World], None]) -> World:
    """Make a world for all workers of this session: the first that asks makes it, others wait."""
    own = factory.getbasetemp()
    root = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    folder, done = root / f"world-{name}", root / f"world-{name}.done"
    with (root / f"world-{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        world = World(folder / "home")
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)  # of a worker that failed
            folder.mkdir()
            make(world)
            done.touch()
    return world


def make_clean(world: World) -> None:
    world.hfp("universe", "add", *GOOD)
    world.hfp("materialize")


def make_poisoned(world: World) -> None:
    world.hfp("universe", "add", *GOOD)
    days = np.busday_offset("2012-01-02", np.arange(1_600), roll="forward")
    flat = "".join(f"FLAT,{day},100.0\n" for day in days)
    blank = "".join(f"BLANK,{day},{'' if i > 5 else 50 + i}\n" for i, day in enumerate(days))
    drop = world.home.parent / "poison.csv"
    drop.write_text("instrument,date,close\n" + flat + blank)
    world.hfp("ingest", str(drop), check=False)
    world.hfp("materialize", check=False)
