"""The Dagster instance of HFP_HOME: where runs, events and schedules are kept."""

import os
from pathlib import Path

import yaml
from dagster import DagsterInstance

from hf_platform.settings import Settings

# What both storages share. Runs go through the daemon's queue one at a time, because the lake has
# one writer; a failed step is not retried by itself, because the ledger knows what failed.
_COMMON = {
    "telemetry": {"enabled": False},
    "nux": {"enabled": False},
    "concurrency": {"runs": {"max_concurrent_runs": 1}},
    "run_retries": {"enabled": True, "max_retries": 2, "retry_on_asset_or_op_failure": False},
    "run_monitoring": {"enabled": True, "start_timeout_seconds": 180},
    "retention": {"schedule": {"purge_after_days": 90}, "sensor": {"purge_after_days": 30}},
}


def write_dagster_yaml(settings: Settings) -> Path:
    """Write `dagster.yaml` under HFP_HOME; return the Dagster home.

    The database URL is referred to by the name of its variable, never written down.
    """
    home = settings.dagster_home
    home.mkdir(parents=True, exist_ok=True)
    config = dict(_COMMON)
    if settings.dagster_postgres is not None:
        config["storage"] = {"postgres": {"postgres_url": {"env": "HFP_DAGSTER_POSTGRES"}}}
    else:
        config["storage"] = {"sqlite": {"base_dir": str(home / "storage")}}
    text = yaml.safe_dump(config, sort_keys=True)
    target = home / "dagster.yaml"
    if not target.exists() or target.read_text() != text:
        partial = target.with_suffix(f".{os.getpid()}.tmp")
        partial.write_text(text)
        partial.replace(target)
    return home


def open_instance(settings: Settings) -> DagsterInstance:
    """Open the instance of HFP_HOME, the same one that `make ui` shows."""
    return DagsterInstance.from_config(str(write_dagster_yaml(settings)))
