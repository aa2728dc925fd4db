"""Small worlds made by the command line as a user would; made once, because each takes most of a minute."""

import numpy as np
import pytest
from world import GOOD, World


@pytest.fixture(scope="session")
def clean_world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Three good instruments, everything materialised."""
    world = World(tmp_path_factory.mktemp("clean") / "home")
    world.hfp("universe", "add", *GOOD)
    world.hfp("materialize")
    return world


@pytest.fixture(scope="session")
def poisoned_world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """The same with two more instruments: FLAT never moves, BLANK has no close after its first week."""
    world = World(tmp_path_factory.mktemp("poisoned") / "home")
    world.hfp("universe", "add", *GOOD)
    days = np.busday_offset("2012-01-02", np.arange(1_600), roll="forward")
    flat = "".join(f"FLAT,{day},100.0\n" for day in days)
    blank = "".join(f"BLANK,{day},{'' if i > 5 else 50 + i}\n" for i, day in enumerate(days))
    drop = world.home.parent / "poison.csv"
    drop.write_text("instrument,date,close\n" + flat + blank)
    world.hfp("ingest", str(drop), check=False)
    world.hfp("materialize", check=False)
    return world
