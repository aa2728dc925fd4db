"""Lake maintenance: small files merged, old snapshots expired, never one that a model refers to."""

from datetime import UTC, datetime

import dagster as dg

from hf_platform.lake import maintenance
from resources.platform import Platform


@dg.asset(
    group_name="operations",
    description="Merges small files, expires snapshots older than HFP_SNAPSHOT_DAYS that no model was trained on, and "
    "removes files that no snapshot needs.",
    owners=["team:platform"],
    kinds={"duckdb"},
)
def lake_maintenance(platform: dg.ResourceParam[Platform]) -> dg.MaterializeResult:
    """Maintain the lake under its writer lock."""
    now = datetime.now(UTC).replace(tzinfo=None)
    return dg.MaterializeResult(metadata=dict(maintenance.maintain(platform.lake, platform.settings, now)))


upkeep = dg.define_asset_job("upkeep", selection=[lake_maintenance], description="Nightly maintenance of the lake.")
upkeep_schedule = dg.ScheduleDefinition(
    name="nightly_upkeep", job=upkeep, cron_schedule="0 5 * * *", execution_timezone="UTC"
)
