"""Tune one family for some keys: one search per variant on the newest training window, one row each."""

from collections.abc import Sequence
from datetime import datetime

from hf_platform.errors import ConfigError, PlatformError
from hf_platform.fitting.champions import search_row
from hf_platform.fitting.executors import Executor, Trouble
from hf_platform.fitting.fit_grid import Progress, family_code_version
from hf_platform.fitting.inputs import ReadSeries, read_from_lake, read_inputs
from hf_platform.fitting.placement import request_for
from hf_platform.fitting.plan import plan_key
from hf_platform.fitting.search_job import SearchJob
from hf_platform.fitting.tune import Search
from hf_platform.lake import Lake
from hf_platform.models.base import ModelFamily
from hf_platform.models.code_version import code_version
from hf_platform.models.extras import missing_extra
from hf_platform.models.identity import content_hash
from hf_platform.models.search import enumerated
from hf_platform.settings import Settings
from hf_platform.types import GridKey


def tune_grid(
    family: ModelFamily,
    keys: Sequence[GridKey],
    store: Lake,
    *,
    as_of: datetime,
    run_id: str,
    executor: Executor,
    settings: Settings,
    n_trials: int,
    progress: Progress | None = None,
    read: ReadSeries | None = None,
) -> dict[GridKey, str]:
    """Search the parameters of a family for some keys and store what was found.

    Parameters
    ----------
    family : ModelFamily
        Of scope `series`.
    keys : sequence of GridKey
    store : Lake
    as_of : datetime
        Knowledge cutoff, naive UTC. A search reads the training window of the newest anchor and nothing
        after it; models of that anchor and of later ones use its champion, see `champions.tuned_at`.
    run_id : str
    executor : Executor
        Where searches run, each in one task; what they find does not depend on it.
    settings : Settings
    n_trials : int
        Points to try for each variant of each key.
    progress : callable, optional
        Called with (keys done, keys in all).
    read : callable, optional

    Returns
    -------
    dict of GridKey to str
        Why a key could not be searched; the fit that follows says the same in the ledger.

    Raises
    ------
    ConfigError
        If the family has no search space, is one net for all keys, or lacks its extra.
    """
    problem = missing_extra(family)
    if problem is not None:
        raise ConfigError(problem)
    if family.scope == "panel":
        raise ConfigError(f"a search by key needs a family of scope series, {family.name} is one net for all keys.")
    inputs = read_inputs(store, keys, as_of, family.feature_names, read or read_from_lake())
    code = family_code_version(family)
    refused: dict[GridKey, str] = {}
    jobs: list[SearchJob] = []
    for key in dict.fromkeys(keys):
        try:
            series = inputs.require(key)
            plan = plan_key(family, key, series, root_seed=settings.seed, code_version=code, device=settings.device)
        except PlatformError as error:
            refused[key] = str(error)
            continue
        jobs += [SearchJob(family, planned, n_trials) for planned in plan if planned.is_newest]
    snapshot = store.latest_snapshot()
    found = executor.run(jobs, request_for(family, settings, code))
    refused |= {
        job.planned.task.key: result.words
        for job, result in zip(jobs, found, strict=True)
        if isinstance(result, Trouble)
    }
    rows = [
        _row(job, result, as_of, content_hash(code, code_version("hf_platform.fitting.tune")), snapshot)
        for job, result in zip(jobs, found, strict=True)
        if not isinstance(result, Trouble)
    ]
    if rows:
        import polars as pl

        with store.transaction(family.name, run_id, f"{len(rows)} searches") as tx:
            tx.append("models.tuned_parameters", pl.DataFrame(rows, infer_schema_length=None))
    if progress is not None:
        progress(len(keys), len(keys))
    return refused


def _row(job: SearchJob, result: Search, as_of: datetime, code: str, snapshot: int) -> dict[str, object]:
    task = job.planned.task
    return search_row(
        job.family,
        task,
        result,
        instrument=task.key.instrument,
        searched_until=task.series.event_at[task.stop - 1].item(),
        as_of=as_of,
        sampler="tpe" if enumerated(job.family.search_space) is None else "enumeration",
        n_asked=job.n_trials,
        data_version=job.planned.input_hash,
        code=code,
        snapshot=snapshot,
    )
