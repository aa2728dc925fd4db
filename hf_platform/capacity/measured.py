"""Seconds per model, read from what runs have left in the lake; nothing here is assumed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from hf_platform.errors import ConfigError, UnknownNameError

if TYPE_CHECKING:
    from hf_platform.lake import Lake

# Rows of the code that a family has now: an older version's time says nothing about the next run.
_FAMILIES: Final = """
with newest as (
    select family, arg_max(code_version, created_at) as code_version
    from models.ledger where seconds is not null group by family
)
select family, coalesce(device, 'cpu') as device, count(*) as n_models, sum(seconds) as seconds,
       max(created_at) as newest
from models.ledger join newest using (family, code_version)
where seconds is not null
group by all order by family, device
"""
# Runs that fitted anything, with their models; a run that only looked things up has no cost per model.
_RUNS: Final = """
with fitted as (select run_id, family, count(*) as n_models
                from models.ledger where seconds is not null group by all),
     runs as (select run_id, sum(n_models) as n_models from fitted group by run_id)
select s.asset, coalesce(f.n_models, 0) as n_models, r.n_models as run_models,
       s.seconds, s.cpu_seconds, s.threads, s.run_id
from ops.stages s join runs r using (run_id)
left join fitted f on f.run_id = s.run_id and f.family = s.asset
"""


@dataclass(frozen=True, slots=True)
class FamilyTime:
    """What one model of a family took on one kind of device.

    Parameters
    ----------
    family, device : str
    n_models : int
        Ledger rows it rests on.
    fit_seconds : float
        Time of one fit [s].
    core_seconds : float
        CPU time of one model with reading, forecasting, writing and events of its stage [s]; the fit alone
        where no run was metered.
    """

    family: str
    device: str
    n_models: int
    fit_seconds: float
    core_seconds: float


@dataclass(frozen=True, slots=True)
class Measured:
    """All times a plan needs.

    Parameters
    ----------
    families : tuple of FamilyTime
    graph_seconds : float
        CPU time per model of what is not a family: ensembles, VaR, backtests, reports [s].
    efficiency : float
        CPU time over (wall time x threads) of the metered runs, at most 1.
    largest_run : int
        Most models that one metered run fitted.
    is_metered : bool
        False where the lake has fits but no metered run: then only fits count.
    newest : datetime
        When the newest row was made, UTC.
    """

    families: tuple[FamilyTime, ...]
    graph_seconds: float
    efficiency: float
    largest_run: int
    is_metered: bool
    newest: datetime

    def only(self, names: Sequence[str]) -> "Measured":
        """Keep some families; none named keeps all.

        Raises
        ------
        UnknownNameError
            If the lake has no measurement of one.
        """
        known = tuple(dict.fromkeys(one.family for one in self.families))
        for name in names:
            if name not in known:
                raise UnknownNameError("measured family", name, known)
        kept = tuple(one for one in self.families if not names or one.family in names)
        return Measured(kept, self.graph_seconds, self.efficiency, self.largest_run, self.is_metered, self.newest)

    @property
    def core_seconds_per_model(self) -> float:
        """CPU time of an average model, the mix as in the lake, with its share of the graph [s]."""
        n_models = sum(one.n_models for one in self.families)
        return sum(one.n_models * one.core_seconds for one in self.families) / n_models + self.graph_seconds


def has_meters(lake: "Lake") -> bool:
    """Say whether the lake has the tables of metered runs: one that no run has touched since has not."""
    found = lake.query(
        "select count(*) as n from duckdb_tables() where database_name = 'lake' and schema_name = 'ops' "
        "and table_name = 'stages'"
    )
    return bool(found["n"][0])


def read_measured(lake: "Lake") -> Measured:
    """Read the times of the families' present code from the lake.

    Raises
    ------
    ConfigError
        If nothing was fitted yet.
    """
    rows = lake.query(_FAMILIES)
    if rows.is_empty():
        raise ConfigError(
            "a plan needs measured models, found none in models.ledger. Run `hfp demo` or `hfp materialize` first."
        )
    stages = lake.query(_RUNS).to_dicts() if has_meters(lake) else []
    stage_seconds: dict[str, tuple[float, int]] = {}
    graph = 0.0
    for row in stages:
        if row["n_models"]:
            spent, n_models = stage_seconds.get(row["asset"], (0.0, 0))
            stage_seconds[row["asset"]] = (spent + row["cpu_seconds"], n_models + row["n_models"])
        else:
            graph += row["cpu_seconds"]
    n_by_run = {row["run_id"]: int(row["run_models"]) for row in stages}
    families: list[FamilyTime] = []
    for row in rows.iter_rows(named=True):
        fit = row["seconds"] / row["n_models"]
        spent, n_models = stage_seconds.get(row["family"], (0.0, 0))
        # A fit on an accelerator leaves the core idle; its stage's CPU time is the host's part.
        families.append(
            FamilyTime(row["family"], row["device"], row["n_models"], fit, spent / n_models if n_models else fit)
        )
    busy = sum(row["cpu_seconds"] for row in stages)
    offered = sum(row["seconds"] * row["threads"] for row in stages)
    return Measured(
        families=tuple(families),
        graph_seconds=graph / sum(n_by_run.values()) if n_by_run else 0.0,
        efficiency=min(1.0, busy / offered) if offered else 1.0,
        largest_run=max(n_by_run.values(), default=0),
        is_metered=bool(stages),
        newest=rows["newest"].max(),  # pyright: ignore[reportArgumentType]
    )
