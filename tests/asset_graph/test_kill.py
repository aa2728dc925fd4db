"""kill -9 of a run at random moments: the lake stays whole, and the next run completes and reuses what was stored."""

import contextlib
import random
import subprocess

import pytest
from polars.testing import assert_frame_equal
from world import GOOD, KEYS, World, content, duplicates


@pytest.mark.parametrize(
    "kills",
    [pytest.param(3, id="3 kills"), pytest.param(20, id="20 kills", marks=pytest.mark.slow)],
)
@pytest.mark.timeout(3_000)
def test_lake_survives_kills(clean_world, tmp_path, kills):
    world = World(tmp_path / "home")
    world.hfp("universe", "add", *GOOD)
    moments = random.Random(7)
    stored = 0
    for _ in range(kills):
        run = world.start("materialize")
        with contextlib.suppress(subprocess.TimeoutExpired):
            run.wait(moments.uniform(4, 25))
        run.kill()
        run.wait()
        if not world.lake.exists():
            continue
        for table in KEYS:
            assert duplicates(world, table).is_empty(), table
        n_forecasts = world.lake.query("select count(*) as n from models.forecasts")["n"][0]
        assert n_forecasts >= stored, "what was committed must not be lost"
        stored = n_forecasts
    world.hfp("materialize")
    for table in KEYS:
        assert_frame_equal(content(world, table), content(clean_world, table))
