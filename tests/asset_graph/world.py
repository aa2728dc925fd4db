"""An HFP_HOME of its own and the commands that work on it, in processes of their own, as a user runs them."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from hf_platform.lake import TABLES, Lake
from hf_platform.settings import Settings

HFP = Path(sys.executable).with_name("hfp")
HORIZONS = "1d 5d"
FAMILIES = "ewma garch elastic_net lightgbm"
GOOD = ("SP500", "NASDAQ", "WTI")


@dataclass(frozen=True)
class World:
    """An HFP_HOME and the commands that work on it, in processes of their own."""

    home: Path

    @property
    def environment(self) -> dict[str, str]:
        """The caller's environment with this home's settings only."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("HFP_", "DAGSTER_"))}
        own = {"HFP_HOME": str(self.home), "HFP_HORIZONS": HORIZONS, "HFP_FAMILIES": FAMILIES, "HFP_TRACKING": "off"}
        return kept | own | {"COLUMNS": "200"}

    def hfp(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        done = subprocess.run(
            [HFP, *arguments], env=self.environment, capture_output=True, text=True, timeout=400, check=False
        )
        if check and done.returncode != 0:
            raise AssertionError(
                f"hfp {' '.join(arguments)} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
            )
        return done

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command and leave it running."""
        return subprocess.Popen(
            [HFP, *arguments], env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True
        )

    @property
    def lake(self) -> Lake:
        """The lake of this home."""
        return Lake(Settings(home=self.home, horizons=tuple(HORIZONS.split()), families=tuple(FAMILIES.split())))


RUN_COLUMNS = {"run_id", "created_at", "ingested_at", "seconds", "lake_snapshot", "snapshot_id", "data_version"}
KEYS = {
    "features.feature_matrix": ("instrument", "frequency", "event_at"),
    **{
        name: TABLES[name].key
        for name in (
            "market.bars",
            "models.ledger",
            "models.forecasts",
            "ensembles.forecasts",
            "ensembles.weights",
            "risk.value_at_risk",
            "backtests.var_tests",
            "backtests.breaches",
        )
    },
}


def content(world, table):
    frame = world.lake.query(f"select * from {table} where instrument not in ('FLAT', 'BLANK')")
    frame = frame.drop([name for name in frame.columns if name in RUN_COLUMNS or name.startswith("xs_")])
    return frame.sort([name for name in KEYS[table] if name in frame.columns])


def duplicates(world, table):
    """Rows whose key is stored more than once; none where dbt has not made the table yet."""
    schema, name = table.split(".")
    there = "select 1 from information_schema.tables where table_schema = $schema and table_name = $name"
    if world.lake.query(there, {"schema": schema, "name": name}).is_empty():
        return pl.DataFrame()
    keys = ", ".join(KEYS[table])
    return world.lake.query(f"select {keys}, count(*) as n from {table} group by all having count(*) > 1")
