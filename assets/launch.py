"""Runs started from a terminal: in this process, recorded in the instance that the UI shows."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg
from dagster import _check as check

from assets import session_risk
from assets.families import is_tunable
from assets.partitions import HORIZONS, UNIVERSE_NAME, range_tags, universe
from assets.watch import process_tag
from hf_platform.errors import ConfigError, UnknownNameError
from hf_platform.lineage.ground import stands_on_all
from hf_platform.lineage.stale import Manifest
from hf_platform.models import FAMILIES, chosen_families
from hf_platform.settings import Settings
from hf_platform.types import GridKey
from resources.platform import Platform

# They look at the whole lake once the model grid is done; a run over some instruments leaves them alone.
AFTER_GRID = ("benchmark_tables",)
# Not part of `*`: they run on their own schedule, or when they are asked for by name.
OPERATIONS = ("lake_maintenance", "capacity_plan")

# The terminal shows progress and the outcome; the log of events is the UI's.
QUIET: Mapping[str, Any] = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass(frozen=True, slots=True)
class Launcher:
    """Definitions and an instance, ready to execute runs in process."""

    definitions: dg.Definitions
    instance: dg.DagsterInstance

    @property
    def _platform(self) -> Platform:
        return self.definitions.resources["platform"]  # type: ignore[index]

    def known_instruments(self, asked: Sequence[str]) -> list[str]:
        """Check instruments that a user typed; none asked means the whole universe.

        Raises
        ------
        UnknownNameError
            If one has no partition.
        ConfigError
            If the universe is empty.
        """
        known = universe(self.instance)
        for name in asked:
            if name not in known:
                raise UnknownNameError("instrument", name, tuple(sorted(known)))
        if not known:
            raise ConfigError("the universe is empty. Add instruments with: hfp universe add --all-bundled")
        return list(asked) or known

    def materialize(
        self,
        assets: Sequence[str],
        instruments: Sequence[str],
        horizons: Sequence[str] | None = None,
        config: Mapping[str, Any] | None = None,
    ) -> dg.ExecuteInProcessResult:
        """Execute one run over a rectangle of partitions; `horizons` None for assets partitioned by instrument."""
        job = self.definitions.resolve_implicit_global_asset_job_def()
        step = "model_grid" if horizons is not None else "instrument_graph"
        return job.execute_in_process(
            instance=self.instance,
            asset_selection=[dg.AssetKey(name) for name in assets],
            tags=range_tags(instruments, horizons) | process_tag(),
            run_config={**QUIET} | ({"ops": {step: {"config": dict(config)}}} if config else {}),
            raise_on_error=False,
        )

    def portfolios(
        self, assets: Sequence[str], horizons: Sequence[str], as_of: str | None = None
    ) -> dg.ExecuteInProcessResult:
        """Execute one run of the portfolio step; its covariances have one partition per horizon."""
        job = self.definitions.resolve_implicit_global_asset_job_def()
        return job.execute_in_process(
            instance=self.instance,
            asset_selection=[dg.AssetKey(name) for name in assets],
            tags=(range_tags(list(horizons)) if "dcc_garch" in assets else {}) | process_tag(),
            run_config={**QUIET} | ({"ops": {"portfolio_graph": {"config": {"as_of": as_of}}}} if as_of else {}),
            raise_on_error=False,
        )

    def refit(self, **config: Any) -> dg.ExecuteInProcessResult:
        """Execute the `refit` job: scattered keys, instruments or dropped files, in one run."""
        return self.definitions.resolve_job_def("refit").execute_in_process(
            instance=self.instance,
            tags=process_tag(),
            run_config={**QUIET} | {"ops": {"refit_keys": {"config": config}}},
            raise_on_error=False,
        )

    def run(
        self,
        selection: str,
        instruments: Sequence[str],
        horizons: Sequence[str],
        *,
        retry_failed: bool = False,
        as_of: str | None = None,
        tune: int = 0,
    ) -> list[dg.ExecuteInProcessResult]:
        """Execute a selection: the instrument graph first, then the model grid; empty where nothing is to be done.

        Contiguous keys make one partition-range run a half; scattered ones go to the `refit` job.

        Raises
        ------
        ConfigError
            If the selection cannot be read, or names nothing.
        """
        names = self.known_instruments(instruments)
        selected = leave_out(self._resolve(selection), selection, self._platform.settings)
        grid = [name for name in selected if name in grid_assets()]
        tunable = [family.name for family in FAMILIES if is_tunable(family)]
        if tune and not set(tunable) & set(grid):
            raise ConfigError(f"--tune needs one of {', '.join(tunable)}, found {selection!r}. Select one of them.")
        if retry_failed:
            keys = self._failed_keys(set(names), set(horizons), grid)
            return [self.refit(keys=keys, assets=grid, retry_failed=True)] if keys else []
        of_portfolios = [name for name in selected if name in portfolio_assets()]
        after = [name for name in selected if name in AFTER_GRID]
        upstream = [name for name in selected if name not in {*grid, *of_portfolios, *after, *OPERATIONS}]
        blocks = contiguous(names, universe(self.instance))
        results = [self.materialize(upstream, block) for block in blocks if upstream]
        if grid:
            config = ({"as_of": as_of} if as_of else {}) | ({"tune": tune} if tune else {})
            spans = contiguous(list(horizons), HORIZONS.get_partition_keys())
            results += [self.materialize(grid, block, span, config) for block in blocks for span in spans]
        # Portfolios and tables look at all instruments: a run of the grid over some of them leaves them alone.
        if not grid or set(names) == set(universe(self.instance)):
            results += [self.portfolios(of_portfolios, horizons, as_of)] if of_portfolios else []
            results += [self._execute(name) for name in after]
        if set(selected) <= set(OPERATIONS):
            results += [self._execute(name) for name in selected]
        return results

    def run_stale(self, instruments: Sequence[str]) -> list[dg.ExecuteInProcessResult]:
        """Execute exactly what is stale: features by instrument first, then scattered keys of the model grid.

        Keys with the same stale assets share a run; empty where nothing is stale.
        """
        names = self.known_instruments(instruments)
        of_partition: dict[str, list[str]] = {}
        for one in Manifest(self._platform.lake).stale(instruments=names):
            of_partition.setdefault(one.partition, []).append(one.asset)
        whole = of_partition.pop("", [])
        together: dict[tuple[str, ...], list[str]] = {}
        for partition, stale in of_partition.items():
            together.setdefault(tuple(stale), []).append(partition)
        features = [(stale, parts) for stale, parts in together.items() if "|" not in parts[0]]
        results: list[dg.ExecuteInProcessResult] = []
        # Models that rank instruments come once all features of one instrument are there, and what reads them last.
        for after in (False, True):
            for stale, parts in features:
                chosen = [name for name in stale if stands_on_all(name) == after] + (whole if after else [])
                blocks = contiguous(parts, universe(self.instance)) if chosen else []
                results += [self.materialize(chosen, block) for block in blocks]
                whole = [] if after else whole
        grid = [(stale, parts) for stale, parts in together.items() if "|" in parts[0]]
        return results + [self.refit(keys=parts, assets=list(stale)) for stale, parts in grid]

    def _execute(self, name: str) -> dg.ExecuteInProcessResult:
        """Execute one asset without partitions."""
        job = self.definitions.resolve_implicit_global_asset_job_def()
        return job.execute_in_process(
            instance=self.instance,
            asset_selection=[dg.AssetKey(name)],
            tags=process_tag(),
            run_config={**QUIET},
            raise_on_error=False,
        )

    def _resolve(self, selection: str) -> list[str]:
        graph = self.definitions.resolve_asset_graph()
        known = tuple(sorted(key.to_user_string() for key in graph.get_all_asset_keys()))
        if selection.isidentifier() and selection not in known:
            raise UnknownNameError("asset", selection, known)
        try:
            keys = dg.AssetSelection.from_string(spell_out(selection, known)).resolve(graph)
        except (dg.DagsterError, check.CheckError) as error:
            raise ConfigError(f"a Dagster asset selection is needed, found {selection!r}: {error}") from error
        if not keys:
            raise ConfigError(f"the selection {selection!r} names no asset. Known assets: {', '.join(known)}.")
        return sorted(key.to_user_string() for key in keys)

    def _failed_keys(self, instruments: set[str], horizons: set[str], assets: Sequence[str]) -> list[str]:
        rows = self._platform.lake.query("select distinct instrument, horizon, family from models.failed_models")
        keys = {
            GridKey(instrument, horizon)
            for instrument, horizon, family in rows.iter_rows()
            if instrument in instruments and horizon in horizons and family in assets
        }
        return [str(key) for key in sorted(keys)]

    def add_instruments(self, names: Sequence[str]) -> list[str]:
        """Give instruments a partition; return those that are new."""
        known = set(universe(self.instance))
        new = [name for name in names if name not in known]
        if new:
            self.instance.add_dynamic_partitions(UNIVERSE_NAME, new)
        return new


def leave_out(selected: Sequence[str], selection: str, settings: Settings) -> list[str]:
    """Drop what `HFP_FAMILIES` does not name or has no horizon, unless the user's selection names it."""
    chosen = {family.name for family in chosen_families(settings)}
    typed = set(re.findall(r"\w+", selection))
    idle = {family.name for family in FAMILIES} - chosen
    idle |= {name for name in selected if not session_risk.applies(name, settings)}
    return [name for name in selected if name not in idle - typed]


def spell_out(selection: str, known: Sequence[str]) -> str:
    """Write bare asset names the way Dagster's selection syntax wants them: `+garch` means `+key:"garch"`."""
    bare = re.compile(r'(?<![:"\w])[a-z_]\w*\b(?![:("])')
    return bare.sub(lambda name: f'key:"{name[0]}"' if name[0] in known else name[0], selection)


def grid_assets() -> set[str]:
    """Names of the assets of the model grid."""
    from assets.model_grid import STAGES

    return {stage.name for stage in STAGES}


def portfolio_assets() -> set[str]:
    """Names of the assets of the portfolio step."""
    from assets.portfolio import NAMES

    return set(NAMES)


def contiguous(chosen: Sequence[str], ordered: Sequence[str]) -> list[list[str]]:
    """Cut chosen keys into blocks that are neighbours in the partitions' order: one range run each."""
    wanted = set(chosen)
    blocks: list[list[str]] = [[]]
    for key in ordered:
        if key in wanted:
            blocks[-1].append(key)
        elif blocks[-1]:
            blocks.append([])
    return [block for block in blocks if block]


def failure_text(result: dg.ExecuteInProcessResult) -> str | None:
    """Say why a run failed, None where it succeeded."""
    if result.success:
        return None
    for event in result.all_events:
        if event.is_step_failure:
            data = event.step_failure_data
            if data.user_failure_data is not None and data.user_failure_data.description:
                return data.user_failure_data.description
            if data.error is not None:
                return data.error.message.strip() if data.error.cause is None else data.error.cause.message.strip()
    return "the run failed before any step; see the run's page in the UI"
