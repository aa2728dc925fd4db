"""The Dagster instance of HFP_HOME: where runs, events and schedules are kept."""

import os
from pathlib import Path

import yaml
from dagster import DagsterInstance

from hf_platform.settings import Settings
from resources.postgres import check_postgres

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
    """Open the instance of HFP_HOME, the same one that `make ui` shows.

    Raises
    ------
    StoreError
        If its PostgreSQL server cannot be reached, or refuses the credentials of HFP_DAGSTER_POSTGRES.
    """
    home = str(write_dagster_yaml(settings))
    if settings.dagster_postgres is None:
        return DagsterInstance.from_config(home)
    check_postgres(settings.dagster_postgres, "HFP_DAGSTER_POSTGRES")
    instance = DagsterInstance.from_config(home)
    # Dagster opens a connection for each of its hundreds of statements, 5 to 20 ms each, unless it is told
    # that this process stays: then it keeps one. No statement of ours is ever cut short (0: no limit).
    instance.optimize_for_webserver(statement_timeout=0, pool_recycle=3600, max_overflow=20)
    return instance
