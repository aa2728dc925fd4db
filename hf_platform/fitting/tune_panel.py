"""Tune the nets of a family of scope `panel`: one search per horizon and variant, whichever keys were asked for."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import numpy as np

from hf_platform.errors import ConfigError, ModelError
from hf_platform.fitting.champions import EVERYONE, search_row
from hf_platform.fitting.fit_grid import Progress, family_code_version
from hf_platform.fitting.inputs import ReadSeries, instruments_ever, read_from_lake, read_inputs
from hf_platform.fitting.panel import PanelPlanner
from hf_platform.fitting.panel_inputs import panel_planners
from hf_platform.fitting.panel_search import PanelJob, block_loss, learn, panel_blocks
from hf_platform.fitting.plan import PlannedModel
from hf_platform.fitting.tune import Search, Trial
from hf_platform.fitting.tune_ray import RaySpec, RayTrial, local_ray, need_ray, search_with_ray
from hf_platform.horizons import Horizon
from hf_platform.lake import Lake
from hf_platform.models.base import ModelFamily
from hf_platform.models.code_version import code_version
from hf_platform.models.device import choose
from hf_platform.models.extras import missing_extra
from hf_platform.models.identity import content_hash
from hf_platform.settings import Settings
from hf_platform.types import GridKey

_MODULES: Final = tuple(f"hf_platform.fitting.{name}" for name in ("panel_search", "tune", "tune_panel", "tune_ray"))
_SHARE_OF_GPU: Final = 0.125  # small nets: eight trials fit one card


def tune_panel(
    family: ModelFamily,
    keys: Sequence[GridKey],
    store: Lake,
    *,
    as_of: datetime,
    run_id: str,
    settings: Settings,
    n_trials: int,
    progress: Progress | None = None,
    read: ReadSeries | None = None,
) -> dict[GridKey, str]:
    """Search the parameters of a family's nets by Ray Tune, and store what was found.

    Ray is started on this machine unless it runs already. Trials run one at a time, so that the search is
    deterministic; each holds one core, and an eighth of a GPU where there is one.

    Parameters
    ----------
    family : ModelFamily
        Of scope `panel`.
    keys : sequence of GridKey
        Their horizons say which nets are searched; the whole universe trains them in any case.
    store : Lake
    as_of : datetime
        Knowledge cutoff, naive UTC. A search reads the window of the newest anchor and nothing after it; the
        net of that anchor and later ones use its champion.
    run_id : str
    settings : Settings
    n_trials : int
        Points to try for each variant of each horizon.
    progress : callable, optional
        Called with (keys done, keys in all).
    read : callable, optional

    Returns
    -------
    dict of GridKey to str
        Why the net of a key could not be searched; the fit that follows says the same in the ledger.

    Raises
    ------
    ConfigError
        If the family has no search space, or its extra or Ray is missing.
    """
    _check(family, n_trials)
    universe = instruments_ever(store, as_of)
    inputs = read_inputs(store, keys, as_of, family.feature_names, read or read_from_lake(), universe=universe)
    code = family_code_version(family)
    planners = panel_planners(family, keys, inputs, store, settings=settings, code_version=code, champions={})
    snapshot = store.latest_snapshot()
    refused: dict[GridKey, str] = {}
    horizons = sorted({key.horizon for key in keys})
    with local_ray(settings.threads):
        for done, name in enumerate(horizons, 1):
            of_horizon = [key for key in keys if key.horizon == name]
            plan = newest_nets(planners[Horizon.parse(name).frequency], name)
            try:
                rows = [
                    _search(
                        family,
                        planned,
                        settings,
                        as_of=as_of,
                        run_id=run_id,
                        n_trials=n_trials,
                        code=code,
                        snapshot=snapshot,
                    )
                    for planned in plan.values()
                ]
            except ModelError as error:
                refused |= dict.fromkeys(of_horizon, str(error))
                rows = []
            if not plan:
                refused |= dict.fromkeys(of_horizon, f"no instrument has the history for a net of {family.name} yet.")
            _store(store, family, run_id, rows)
            if progress is not None:
                progress(len(keys) * done // len(horizons), len(keys))
    return refused


def _check(family: ModelFamily, n_trials: int) -> None:
    problem = missing_extra(family)
    if problem is not None:
        raise ConfigError(problem)
    if not family.search_space or n_trials < 1:
        raise ConfigError(
            f"a search needs a space and at least 1 trial, found {len(family.search_space)} parameters of "
            f"{family.name} and {n_trials}. Say --tune 20."
        )
    need_ray()


def newest_nets(planner: PanelPlanner, horizon: str) -> dict[str, list[PlannedModel]]:
    """Plan the newest net of each variant: one model for each member of its panel."""
    if not planner.screenings:
        return {}
    newest = planner.screenings[-1]
    plan = {name: planner.plan_key(GridKey(name, horizon)) for name in newest.members}
    return {
        variant: [
            model
            for models in plan.values()
            for model in models
            if model.is_newest and model.task.variant == variant and model.task.panel is not None
        ]
        for variant in planner.family.variants
    }


def _search(
    family: ModelFamily,
    planned: Sequence[PlannedModel],
    settings: Settings,
    *,
    as_of: datetime,
    run_id: str,
    n_trials: int,
    code: str,
    snapshot: int,
) -> dict[str, object]:
    first = planned[0]
    panel = first.task.panel
    if panel is None:
        raise ModelError(f"{family.name}: a net is searched on a panel, found none for {first.task.key}.")
    blocks = panel_blocks([model.task for model in planned])
    own = tuple(block_loss(family, block, {}) for block in blocks)
    job = PanelJob(family, blocks, own)
    whole_code = content_hash(code, code_version(*_MODULES))
    spec = RaySpec(
        n_trials=n_trials,
        seed=first.task.seed,
        folder=settings.home / "ray_results" / f"{family.name}-{first.task.horizon.name}-{panel.net_id}-{run_id}",
        gpus=_SHARE_OF_GPU if choose(settings.device) == "cuda" else 0.0,
    )
    trials = search_with_ray(learn, job, family.search_space, spec)
    default = Trial({}, float(np.mean(own)))
    return search_row(
        family,
        first.task,
        Search(default, tuple(_as_trial(trial, job, spec) for trial in trials)),
        instrument=EVERYONE,
        searched_until=max(model.task.series.event_at[model.task.stop - 1] for model in planned).item(),
        as_of=as_of,
        sampler="tpe with asha",
        n_asked=n_trials,
        data_version=first.input_hash,
        code=whole_code,
        snapshot=snapshot,
    )


def _as_trial(trial: RayTrial, job: PanelJob, spec: RaySpec) -> Trial:
    """Turn a trial's relative change back into a loss; one that was stopped early has none."""
    if trial.score is None:
        return Trial(trial.params, None, trial.reason)
    if trial.step < spec.max_steps:
        return Trial(trial.params, None, f"stopped at {trial.step} of {spec.max_steps} steps")
    return Trial(trial.params, job.loss(trial.score))


def _store(store: Lake, family: ModelFamily, run_id: str, rows: Sequence[dict[str, object]]) -> None:
    if not rows:
        return
    import polars as pl

    with store.transaction(family.name, run_id, f"{len(rows)} searches") as tx:
        tx.append("models.tuned_parameters", pl.DataFrame(rows, infer_schema_length=None))
