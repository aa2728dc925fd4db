"""The graph as it loads: keys, groups, dependencies, partitions, jobs, sensors; an accidental change is a diff."""

import json
import subprocess
import sys
import time
from pathlib import Path

import dagster as dg
import pytest

GOLDEN = Path(__file__).parent / "graph.json"
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def definitions():
    from assets.definitions import defs

    return defs


def snapshot(defs):
    graph = defs.resolve_asset_graph()
    nodes = {}
    for key in sorted(graph.get_all_asset_keys()):
        node = graph.get(key)
        if not node.is_materializable:
            continue
        kind = node.partitions_def
        nodes[key.to_user_string()] = {
            "group": node.group_name,
            "deps": sorted(parent.to_user_string() for parent in node.parent_keys),
            "partitions": None if kind is None else type(kind).__name__,
            "owners": sorted(node.owners),
            "checks": sorted(check.name for check in node.check_keys),
        }
    repository = defs.get_repository_def()
    return {
        "assets": nodes,
        "jobs": sorted(name for name in repository.job_names if not name.startswith("__")),
        "schedules": sorted(schedule.name for schedule in repository.schedule_defs),
        "sensors": sorted(sensor.name for sensor in repository.sensor_defs),
    }


def test_graph_is_the_one_that_was_reviewed(definitions):
    found = snapshot(definitions)
    assert found == json.loads(GOLDEN.read_text()), (
        "the graph changed; if on purpose, write the new one with: python tests/asset_graph/test_definitions.py"
    )


def test_every_asset_says_what_it_is(definitions):
    for key in definitions.resolve_asset_graph().get_all_asset_keys():
        node = definitions.resolve_asset_graph().get(key)
        if node.is_materializable:
            assert node.description, key
            assert node.group_name != "default", key
            assert node.kinds, key


def test_every_family_is_an_asset(definitions):
    from hf_platform.models import FAMILIES

    known = {key.to_user_string() for key in definitions.resolve_asset_graph().get_all_asset_keys()}
    assert {family.name for family in FAMILIES} <= known


def test_dependencies_follow_the_flow_of_data(definitions):
    graph = definitions.resolve_asset_graph()
    upstream = {key.to_user_string() for key in graph.get_ancestor_asset_keys(dg.AssetKey("backtest_report"))}
    assert {"raw_prices", "bars", "feature_matrix", "garch", "volatility_ensemble", "value_at_risk"} <= upstream


@pytest.mark.parametrize(
    "command", [["dagster", "definitions", "validate"], ["dg", "check", "defs"]], ids=["dagster", "dg"]
)
def test_the_tools_accept_the_definitions_without_flags(command, settings):
    tool = Path(sys.executable).with_name(command[0])
    done = subprocess.run([tool, *command[1:]], cwd=ROOT, capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


if __name__ == "__main__":
    from assets.definitions import defs as loaded

    GOLDEN.write_text(json.dumps(snapshot(loaded), indent=1) + "\n")
    print(f"{GOLDEN} written at {time.strftime('%H:%M')}")
