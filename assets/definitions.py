"""Composition root of the graph: what `dagster dev` and `dg check defs` load."""

import dagster as dg

from assets import automation, benchmark_tables, capacity, maintenance
from assets.instrument_graph import instrument_graph
from assets.model_grid import model_grid
from assets.portfolio import portfolio_graph
from hf_platform.settings import Settings
from resources.compute import cluster_for
from resources.platform import Platform, platform_for


def build(platform: Platform) -> dg.Definitions:
    """Compose the graph around a platform; the CLI passes one that shows progress."""
    return dg.Definitions(
        assets=[
            instrument_graph,
            model_grid,
            portfolio_graph,
            maintenance.lake_maintenance,
            capacity.capacity_plan,
            benchmark_tables.benchmark_tables,
        ],
        jobs=[*automation.JOBS, maintenance.upkeep],
        schedules=[*automation.SCHEDULES, maintenance.upkeep_schedule],
        sensors=automation.SENSORS,
        resources={"platform": platform, "cluster": cluster_for(platform.settings)},
        executor=dg.in_process_executor,
    )


defs = build(platform_for(Settings.from_env()))
