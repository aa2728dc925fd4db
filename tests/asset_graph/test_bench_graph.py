"""`hfp bench graph` measures real runs."""

import json

import pytest
from world import World


@pytest.mark.slow
@pytest.mark.services
def test_the_graph_is_measured_on_both_storages(tmp_path, postgres_server):
    world, server = World(tmp_path / "home"), postgres_server
    url = f"postgresql://{server.user}:{server.password}@{server.host}:{server.port}"
    said = world.hfp("bench", "graph", "--models", "60", "--models", "300", "--postgres", url).stdout
    assert "garch on SQLite" in said
    assert "garch on PostgreSQL" in said
    assert server.password not in said
    for account in json.loads((world.home / "bench" / "graph.json").read_text()):
        small, large = account["runs"]
        assert (small["n_models"], large["n_models"]) == (60, 300)
        for run in (small, large):
            assert 0 < run["fit_seconds"] < run["stage_seconds"] < run["cpu_seconds"]
    assert not list(world.home.rglob("catalog.sqlite")), "the benchmark has a home of its own"
