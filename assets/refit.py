"""The refit job: scattered keys in one run, with the keys in the launchpad's config.

A range of partitions is a rectangle; what a drift, a retry or a dropped file touches is not.
This op runs the same stages and records the same events as the assets do.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import dagster as dg
from pydantic import Field

from assets import model_grid
from assets.instrument_graph import instrument_graph, run_instruments
from assets.partitions import UNIVERSE_NAME, grid_keys
from assets.recording import KeyRecord, raise_if_failed
from assets.stages import GridRun, run_stages
from hf_platform.errors import UnknownNameError
from hf_platform.fitting.outcome import KeyStatus
from hf_platform.fitting.retrains import answer_drifts
from hf_platform.market import inbox
from hf_platform.market.universe import read_universe
from hf_platform.settings import Settings
from hf_platform.types import GridKey
from resources.compute import Cluster, at_work
from resources.platform import Platform


class RefitConfig(dg.Config):
    """Which keys to run again, and how much of the graph."""

    keys: list[str] = Field(default=[], description="Model-grid keys like 1d|AAPL.")
    instruments: list[str] = Field(
        default=[], description="Instruments whose prices, bars and features are loaded first; all their keys follow."
    )
    files: list[str] = Field(
        default=[], description="Names of files in HFP_HOME/inbox; the instruments in them are loaded and refitted."
    )
    assets: list[str] = Field(default=[], description="Assets of the model grid to run; empty means all of them.")
    retry_failed: bool = Field(default=False, description="Try again models whose last attempt failed.")
    answer_drifts: bool = Field(
        default=False, description="First give the keys among these that have drifted a training at their newest bar."
    )


@dataclass(frozen=True, slots=True)
class Unpacked:
    """Instruments of dropped files, and why other rows were rejected."""

    accepted: list[str]
    rejected: list[KeyRecord]


@dg.op
def refit_keys(
    context: dg.OpExecutionContext,
    config: RefitConfig,
    platform: dg.ResourceParam[Platform],
    cluster: dg.ResourceParam[Cluster],
) -> None:
    """Run prices to features for the named instruments, then the model grid for the named keys."""
    failures: dict[str, list[KeyRecord]] = {}
    unpacked = _unpack(context, config.files, platform)
    instruments = list(dict.fromkeys([*config.instruments, *unpacked.accepted]))
    if instruments:
        everything = {key.to_user_string() for key in instrument_graph.keys}
        failures, _ = run_instruments(context, platform, everything, instruments)
    keys = _keys(config.keys, instruments, platform.settings.horizons)
    if keys:
        as_of = model_grid.knowledge_cutoff(platform.lake, None)
        if config.answer_drifts:
            answered = answer_drifts(platform.lake, keys, as_of=as_of, producer="refit", run_id=context.run.run_id)
            context.log.info("%d drifts answered with a new training", len(answered))
        run = GridRun(at_work(platform, cluster, context), context.run.run_id, as_of, config.retry_failed)
        failures |= run_stages(context, run, _stages(config.assets, platform.settings), keys)
    raise_if_failed(failures | {"inbox": unpacked.rejected})


def _unpack(context: dg.OpExecutionContext, files: Sequence[str], platform: Platform) -> Unpacked:
    """Stage dropped files and give their instruments partitions.

    A file that is gone from the inbox was staged by an attempt that then died: every staged
    instrument is loaded again, which changes nothing where it is already stored.
    """
    settings = platform.settings
    waiting = {path.name: path for path in inbox.pending(settings, settled_for=0)}
    universe = read_universe(platform.lake)
    accepted: list[str] = []
    rejected: list[KeyRecord] = []
    for name in files:
        if name not in waiting:
            context.log.warning("%s is not in the inbox any more; loading everything that is staged", name)
            accepted.extend(inbox.staged_records(settings))
            continue
        staged = inbox.stage(waiting[name], settings, universe=universe)
        accepted.extend(staged.accepted)
        rejected.extend(KeyRecord(None, KeyStatus.FAILED, str(why)) for why in staged.rejected)
    if accepted:
        context.instance.add_dynamic_partitions(UNIVERSE_NAME, sorted(set(accepted)))
    return Unpacked(accepted, rejected)


def _keys(named: Sequence[str], instruments: Sequence[str], horizons: Sequence[str]) -> list[GridKey]:
    of_instruments = [GridKey(instrument, horizon) for instrument in instruments for horizon in horizons]
    return list(dict.fromkeys([*grid_keys(named), *of_instruments]))


def _stages(names: Sequence[str], settings: Settings) -> list[model_grid.Stage]:
    known = {stage.name for stage in model_grid.STAGES}
    for name in names:
        if name not in known:
            raise UnknownNameError("asset of the model grid", name, tuple(sorted(known)))
    if not names:
        return model_grid.usual_stages(settings)
    return [stage for stage in model_grid.STAGES if stage.name in names]


@dg.job(description="Run scattered keys again in one run; put them into the config. What has not changed is reused.")
def refit() -> None:
    """Compose the only op."""
    refit_keys()
