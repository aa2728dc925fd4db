"""The chain where something goes wrong: partial success, an evil file, kill -9.

Apart from `test_chain`, so that two workers share the work: what needs the clean world too stands last.
"""

import contextlib
import json
import random
import subprocess
import sys

import numpy as np
import pytest
from polars.testing import assert_frame_equal
from world import GOOD, KEYS, World, content, duplicates

from hf_platform.settings import Settings


def test_status_names_what_failed_and_why(poisoned_world):
    shown = poisoned_world.hfp("status", "--failed").stdout
    assert "FLAT" in shown
    assert "BLANK" in shown
    assert "SP500" not in shown
    reasons = poisoned_world.lake.query("select distinct reason from models.failed_models")["reason"]
    assert reasons.len() > 0
    assert reasons.null_count() == 0


def test_failed_keys_are_red_and_others_green(poisoned_world, monkeypatch):
    from dagster import AssetKey
    from dagster._core.storage.partition_status_cache import get_and_update_asset_status_cache_value

    from resources.instance import open_instance

    for name, value in poisoned_world.environment.items():
        if name.startswith("HFP_"):
            monkeypatch.setenv(name, value)
    import dagster as dg

    grid = dg.MultiPartitionsDefinition(
        {
            "instrument": dg.DynamicPartitionsDefinition(name="universe"),
            "horizon": dg.StaticPartitionsDefinition(["1d", "5d"]),
        }
    )
    with open_instance(Settings.from_env()) as instance:
        for asset in ("garch", "volatility_ensemble", "value_at_risk"):
            value = get_and_update_asset_status_cache_value(instance, AssetKey(asset), grid)
            failed = set(value.deserialize_failed_partition_subsets(grid).get_partition_keys())
            done = set(value.deserialize_materialized_partition_subsets(grid).get_partition_keys()) - failed
            assert failed == {"1d|FLAT", "5d|FLAT", "1d|BLANK", "5d|BLANK"}, asset
            assert done == {f"{h}|{i}" for h in ("1d", "5d") for i in ("SP500", "NASDAQ", "WTI")}, asset


def test_poisoned_instrument_fails_alone(clean_world, poisoned_world):
    for table in KEYS:
        assert_frame_equal(content(clean_world, table), content(poisoned_world, table))


def test_a_dropped_file_is_loaded_and_modelled(poisoned_world):
    """What the inbox sensor asks for: the refit job with a file's name; asked again, it changes nothing."""
    days = np.busday_offset("2012-01-02", np.arange(1_300), roll="forward")
    walk = 100 * np.exp(np.cumsum(np.random.default_rng(1).normal(0, 0.01, days.size)))
    inbox = poisoned_world.home / "inbox"
    rows = "".join(f"NEWCO,{day},{close:.4f}\n" for day, close in zip(days, walk, strict=True))
    (inbox / "drop.csv").write_text("instrument,date,close\n" + rows + "../../etc/passwd,2020-01-02,1\n")
    script = (
        "from assets.cli import _launcher\n"
        "with _launcher() as launcher: print('success', launcher.refit(files=['drop.csv']).success)"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(
        command, env=poisoned_world.environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert "success False" in done.stdout, done.stdout + done.stderr  # the evil row fails the run, visibly
    count = "select count(*) as n from risk.value_at_risk where instrument = 'NEWCO'"
    assert poisoned_world.lake.query(count)["n"][0] > 1_000
    assert not (inbox / "drop.csv").exists()
    reasons = json.loads((inbox / "processed" / "drop.csv.reason.json").read_text())
    assert "PASSWD" in json.dumps(reasons["rejected"]).upper()


@pytest.mark.slow
@pytest.mark.timeout(3_000)
def test_lake_survives_kills(clean_world, tmp_path):
    world = World(tmp_path / "home")
    world.hfp("universe", "add", *GOOD)
    moments = random.Random(7)
    stored = 0
    for _ in range(20):
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
