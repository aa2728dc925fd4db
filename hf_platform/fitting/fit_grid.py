"""Fit one family over many keys: plan, skip what stands, fit in chunks, commit in batches.

A failure of one key is a row of the ledger and an outcome, never an exception. What raises here is
the platform's own trouble: a lake that cannot be written, a family that breaks its contract.
"""

import inspect
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from hf_platform.errors import ConfigError, PlatformError, TooFewReturnsError
from hf_platform.fitting.champions import read_champions
from hf_platform.fitting.chunk import Chunk, Work
from hf_platform.fitting.chunking import seconds_per_model
from hf_platform.fitting.decompositions import decomposition_frame
from hf_platform.fitting.executors import Executor
from hf_platform.fitting.frames import (
    ModelResult,
    Stamp,
    forecast_frame,
    ledger_frame,
    ledger_rows,
    refusal_rows,
)
from hf_platform.fitting.inputs import Inputs, ReadSeries, instruments_ever, read_from_lake, read_inputs
from hf_platform.fitting.outcome import KeyOutcome, KeyStatus, StageOutcome
from hf_platform.fitting.panel import PanelPlanner
from hf_platform.fitting.panel_inputs import panel_champions, panel_planners
from hf_platform.fitting.placement import request_for
from hf_platform.fitting.plan import PlannedModel, pack, plan_key
from hf_platform.fitting.retrains import read_retrains
from hf_platform.fitting.routing import zero_shot_route
from hf_platform.fitting.states import save_state
from hf_platform.fitting.stored import Stored, is_failed, load_fits, load_nets, look_up, missing_origins
from hf_platform.fitting.tally import KeyTally, bar_time, data_version
from hf_platform.fitting.targets import known_times, target_times
from hf_platform.horizons import Horizon
from hf_platform.lake import Lake
from hf_platform.models.base import ModelFamily, Status
from hf_platform.models.code_version import code_version, file_version
from hf_platform.models.extras import missing_extra
from hf_platform.models.identity import content_hash
from hf_platform.settings import Settings
from hf_platform.types import GridKey, TimeArray

KEYS_PER_BATCH: Final = 1_000
ROWS_PER_COMMIT: Final = 600_000  # about 0.4 GB of forecasts in memory
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stage:
    """What every step of one call shares."""

    family: ModelFamily
    store: Lake
    settings: Settings
    as_of: datetime
    run_id: str
    executor: Executor
    retry_failed: bool
    code: str
    read: ReadSeries


@dataclass(frozen=True, slots=True, eq=False)
class _Plan:
    """What a batch of keys needs."""

    models: dict[GridKey, list[PlannedModel]]
    targets: dict[GridKey, TimeArray]
    refused: dict[GridKey, KeyOutcome]


def family_code_version(family: ModelFamily) -> str:
    """Name the code that decides a family's numbers: its module and its declared dependencies."""
    return content_hash(file_version(Path(inspect.getfile(type(family)))), code_version(*family.dependencies))


def fit_grid(
    family: ModelFamily,
    keys: Sequence[GridKey],
    store: Lake,
    *,
    as_of: datetime,
    run_id: str,
    executor: Executor,
    settings: Settings,
    progress: Progress | None = None,
    retry_failed: bool = False,
    read: ReadSeries | None = None,
) -> StageOutcome:
    """Fit and forecast a family for some keys of the model grid; what the lake holds is skipped.

    Parameters
    ----------
    family : ModelFamily
    keys : sequence of GridKey
        Any subset of the grid; duplicates count once.
    store : Lake
    as_of : datetime
        Knowledge cutoff, naive UTC: no bar known later is read.
    run_id : str
    executor : Executor
        Where chunks run; the numbers do not depend on it.
    settings : Settings
        Root seed and folder of native model files.
    progress : callable, optional
        Called with (keys done, keys in all) after each batch.
    retry_failed : bool
        Also try again the models that failed earlier on the same data; otherwise their stored reason
        stands and the key still fails.
    read : callable, optional
        Reads series; `features.training_matrix.read_available` unless given.

    Returns
    -------
    StageOutcome
        One outcome for each key, in the order of `keys`.
    """
    began = time.perf_counter()
    stage = _Stage(
        family=family,
        store=store,
        settings=settings,
        as_of=as_of,
        run_id=run_id,
        executor=executor,
        retry_failed=retry_failed,
        code=family_code_version(family),
        read=read or read_from_lake(),
    )
    wanted = list(dict.fromkeys(keys))
    outcomes: dict[GridKey, KeyOutcome] = {}
    snapshot: int | None = None
    for batch in _batches(family, wanted):
        done, committed = _fit_batch(stage, batch)
        outcomes |= done
        snapshot = committed if committed is not None else snapshot
        if progress is not None:
            progress(len(outcomes), len(wanted))
    ordered = {key: outcomes[key] for key in wanted}
    return StageOutcome(family.name, ordered, snapshot, time.perf_counter() - began, stage.code)


def _batches(family: ModelFamily, keys: Sequence[GridKey]) -> list[list[GridKey]]:
    """Split keys so that what shares a fit stays together: an instrument, or a panel's frequency."""
    shared: dict[str, list[GridKey]] = {}
    for key in keys:
        name = key.instrument if family.scope == "series" else Horizon.parse(key.horizon).frequency
        shared.setdefault(name, []).append(key)
    if family.scope == "panel":
        return list(shared.values())
    groups = pack(list(shared.values()), [len(group) for group in shared.values()], KEYS_PER_BATCH)
    return [[key for some in group for key in some] for group in groups]


def _fit_batch(stage: _Stage, keys: Sequence[GridKey]) -> tuple[dict[GridKey, KeyOutcome], int | None]:
    snapshot = stage.store.latest_snapshot()
    universe = instruments_ever(stage.store, stage.as_of) if stage.family.scope == "panel" else ()
    inputs = read_inputs(stage.store, keys, stage.as_of, stage.family.feature_names, stage.read, universe=universe)
    plan = _plan(stage, keys, inputs)
    stamp = Stamp(
        family=stage.family.name,
        as_of=stage.as_of,
        code_version=stage.code,
        lake_snapshot=snapshot,
        created_at=datetime.now(UTC).replace(tzinfo=None),
    )
    newest = [model.task.model_id for models in plan.models.values() for model in models if model.is_newest]
    stored = look_up(stage.store, stage.family.name, sorted({key.instrument for key in keys}), newest)
    tallies = {key: KeyTally(_newest_bar(models[-1]), data_version(models)) for key, models in plan.models.items()}
    works = _to_do(stage, plan.models, stored, tallies)
    committed = _commit_refusals(stage, plan.refused, inputs, stamp)
    for part in _by_rows(works):
        results = _run(stage, part)
        for result in results:
            tallies[result.planned.task.key].add(result)
        written = _commit(stage, results, plan.targets, stored, stamp)
        committed = written if written is not None else committed
    return plan.refused | {key: tally.outcome() for key, tally in tallies.items()}, committed


def _plan(stage: _Stage, keys: Sequence[GridKey], inputs: Inputs) -> _Plan:
    plan = _Plan({}, {}, {})
    problem = missing_extra(stage.family)
    champions = read_champions(stage.store, stage.family.name, keys, stage.as_of)
    retrained = read_retrains(stage.store, keys, stage.as_of)
    planners = _planners(stage, keys, inputs) if problem is None else {}
    for key in keys:
        try:
            if problem is not None:
                raise ConfigError(problem)
            series = inputs.require(key)
            n_bars = Horizon.parse(key.horizon).n_bars
            targets = target_times(series, n_bars, inputs.calendars.get(key.instrument))
            if series.frequency in planners:
                plan.models[key] = planners[series.frequency].plan_key(key)
            else:
                plan.models[key] = plan_key(
                    stage.family,
                    key,
                    series,
                    root_seed=stage.settings.seed,
                    code_version=stage.code,
                    champions=champions.get(key, ()),
                    retrained_at=retrained.get(key),
                    device=stage.settings.device,
                )
            plan.targets[key] = targets
        except TooFewReturnsError as error:
            served = zero_shot_route(stage.family, stage.settings)
            plan.refused[key] = (
                inputs.refusal(key, str(error))
                if served is None
                else KeyOutcome(KeyStatus.SKIPPED, f"{error} Until then {served} serves it, without training.")
            )
        except PlatformError as error:
            plan.refused[key] = inputs.refusal(key, str(error))
    return plan


def _planners(stage: _Stage, keys: Sequence[GridKey], inputs: Inputs) -> dict[str, PanelPlanner]:
    """Screen the universe of each frequency, for a family of scope `panel`."""
    if stage.family.scope == "series":
        return {}
    found = panel_champions(stage.store, stage.family.name, keys, stage.as_of)
    return panel_planners(
        stage.family, keys, inputs, stage.store, settings=stage.settings, code_version=stage.code, champions=found
    )


def _newest_bar(model: PlannedModel) -> datetime:
    return bar_time(model.task.series, int(model.origins[-1]))


def _to_do(
    stage: _Stage,
    plans: Mapping[GridKey, Sequence[PlannedModel]],
    stored: Stored,
    tallies: Mapping[GridKey, KeyTally],
) -> list[Work]:
    """Sort the plan into what stands, what is fitted and wants more forecasts, and what is new."""
    new: list[Work] = []
    extend: list[Work] = []
    for key, plan in plans.items():
        tally = tallies[key]
        for planned in plan:
            earlier = stored.tried.get(planned.task.model_id)
            if earlier is None or (is_failed(earlier) and stage.retry_failed):
                new.append(Work(planned, planned.origins))
            elif is_failed(earlier):
                tally.failed(planned, earlier.status, earlier.reason)
            elif earlier.status == Status.SKIPPED:
                tally.skipped(planned, earlier.reason)
            else:
                _note_stored(tally, planned, stored)
                tally.note(planned, earlier.reason)
                origins = missing_origins(planned, stored)
                if origins.size:
                    extend.append(Work(planned, origins))
                else:
                    tally.n_reused += 1
    if stage.family.scope == "panel":
        new = load_nets(stage.store, stage.family, new)
    return new + load_fits(stage.store, stage.family, extend)


def _note_stored(tally: KeyTally, planned: PlannedModel, stored: Stored) -> None:
    model = planned.task.model_id
    if planned.is_newest:
        newest = _newest_bar(planned)
        if newest in stored.origins.get(model, ()):
            tally.reached(newest)
    elif model in stored.last_origin:
        tally.reached(stored.last_origin[model])


def _by_rows(works: Sequence[Work]) -> list[list[Work]]:
    """Pack works into commits; an instrument, or a panel's net, is never split: shared fits stay together."""
    groups: dict[str, list[Work]] = {}
    for work in works:
        task = work.planned.task
        groups.setdefault(task.key.instrument if task.panel is None else task.panel.net_id, []).append(work)
    sizes = [sum(work.origins.size for work in group) for group in groups.values()]
    return [[work for group in part for work in group] for part in pack(list(groups.values()), sizes, ROWS_PER_COMMIT)]


def _run(stage: _Stage, works: Sequence[Work]) -> list[ModelResult]:
    groups: dict[tuple[str, str], list[Work]] = {}
    for work in works:
        task = work.planned.task
        shared = task.key.instrument if task.panel is None else task.panel.net_id
        groups.setdefault((shared, task.horizon.frequency), []).append(work)
    # A net is seconds of work by itself: one chunk each.
    limit = 1
    if stage.family.scope == "series":
        limit = stage.executor.chunk_limit(len(works), lambda: seconds_per_model(stage.store, stage.family.name))
    packed = pack(list(groups.values()), [len(group) for group in groups.values()], limit)
    chunks = [Chunk(stage.family, [work for group in part for work in group]) for part in packed]
    return stage.executor.run(chunks, request_for(stage.family, stage.settings, stage.code))


def _commit(
    stage: _Stage,
    results: Sequence[ModelResult],
    targets: Mapping[GridKey, TimeArray],
    stored: Stored,
    stamp: Stamp,
) -> int | None:
    rows = [row for result in results for row in _rows_of(stage, result, stored, stamp)]
    forecast = [result for result in results if result.forecast is not None]
    if not rows and not forecast:
        return None
    known = {id(result.planned.task.series): result.planned.task.series for result in forecast}
    known_at = {identity: known_times(series) for identity, series in known.items()}
    with stage.store.transaction(stage.family.name, stage.run_id, f"{len(results)} models") as tx:
        if rows:
            tx.append("models.ledger", ledger_frame(rows))
        if forecast:
            by_bar = [known_at[id(result.planned.task.series)] for result in forecast]
            ends = [targets[result.planned.task.key] for result in forecast]
            tx.append("models.forecasts", forecast_frame(forecast, by_bar, ends, stamp))
            parts = decomposition_frame(stage.family, forecast, stamp.created_at)
            if parts is not None:
                tx.append("models.decompositions", parts)
    return tx.snapshot_id


def _rows_of(stage: _Stage, result: ModelResult, stored: Stored, stamp: Stamp) -> list[dict[str, object]]:
    if result.fitted is None or not result.is_new:
        rows = ledger_rows(result, None, stamp)
    else:
        state = stage.family.to_state(result.fitted)
        uri = None
        # Older anchors have said all they ever will; they are fitted again in the rare case they are needed.
        # A panel's net is kept in any case, under its own name: other keys of its anchor will ask for it.
        panel = result.planned.task.panel
        if result.fitted.status is Status.OK and (panel is not None or result.planned.is_newest):
            name = result.planned.task.model_id if panel is None else panel.net_id
            uri = save_state(stage.settings, stage.family.name, name, state)
        rows = ledger_rows(result, state, stamp, uri)
    earlier = stored.tried.get(result.planned.task.model_id)
    if earlier is None:
        return rows
    # A gap that was reported before is not reported every night again.
    return [row for row in rows if (row["status"], row.get("reason")) != (earlier.status, earlier.reason)]


def _commit_refusals(stage: _Stage, refused: Mapping[GridKey, KeyOutcome], inputs: Inputs, stamp: Stamp) -> int | None:
    """Give each variant of a key that could not even be planned its row in the ledger."""
    trouble = Status.BAD_DATA if missing_extra(stage.family) is None else Status.ERROR
    rows = [
        row
        for key, outcome in refused.items()
        for row in refusal_rows(stage.family, key, outcome, inputs.of(key), stamp, trouble=trouble)
    ]
    if not rows:
        return None
    with stage.store.transaction(stage.family.name, stage.run_id, f"{len(refused)} keys without a model") as tx:
        tx.append("models.ledger", ledger_frame(rows))
    return tx.snapshot_id
