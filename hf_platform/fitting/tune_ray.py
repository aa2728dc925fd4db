"""Search with Ray Tune for learners that report as they go: ASHA stops the poor ones early.

For nets, whose trials take minutes. Small models are searched in one task (`fitting.tune`), since a trial
of Ray Tune costs seconds in itself.
"""

import logging
import tempfile
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from hf_platform.errors import ConfigError
from hf_platform.models.search import distributions
from hf_platform.settings import keep_ray_on_loopback, keep_tune_quiet

MAX_STEPS: Final = 100
GRACE: Final = 10
REDUCTION: Final = 3
Report = Callable[[int, float], None]
Learner = Callable[[Any, Mapping[str, object], int, Report], None]


@dataclass(frozen=True, slots=True)
class RayTrial:
    """One trial: its parameters, the last score it reported, and the step at which it did; None where it failed."""

    params: Mapping[str, object]
    score: float | None
    step: int
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RaySpec:
    """How a search runs.

    Parameters
    ----------
    n_trials : int
    seed : int
        Of the sampler. With one trial at a time the search is deterministic; with more, which trial
        ASHA stops depends on which reports first.
    folder : Path
        Ray's results.
    max_steps, grace, reduction : int
        Longest trial, steps before a trial may be stopped, and one in how many survives a rung.
    cpus, gpus : float
        Of one trial; a trial waits until they are free.
    concurrent : int
        Trials at a time.
    stop_early : bool
        False runs every trial to its end.
    """

    n_trials: int
    seed: int
    folder: Path
    max_steps: int = MAX_STEPS
    grace: int = GRACE
    reduction: int = REDUCTION
    cpus: float = 1.0
    gpus: float = 0.0
    concurrent: int = 1
    stop_early: bool = True


def need_ray() -> None:
    """Refuse a search that cannot run here.

    Raises
    ------
    ConfigError
        If Ray Tune is not installed.
    """
    keep_ray_on_loopback()  # looking for ray.tune imports ray
    if find_spec("ray") is None or find_spec("ray.tune") is None:
        raise ConfigError(
            "a search of nets needs the extra 'ray', found no ray. Install it: pip install 'hf-platform[ray]'"
        )


@contextmanager
def local_ray(cpus: int) -> Generator[None]:
    """Start Ray on this machine, for callers on it only and without a dashboard, unless this process has one."""
    keep_ray_on_loopback()
    import ray

    own: Any = ray  # its functions have half a type
    if own.is_initialized():
        yield
        return
    # Short: Unix sockets below it have at most 107 characters in their names.
    with tempfile.TemporaryDirectory(prefix="hfp-tune-", dir="/tmp", ignore_cleanup_errors=True) as folder:
        own.init(
            "local",
            num_cpus=cpus,
            include_dashboard=False,
            log_to_driver=False,
            logging_level="ERROR",
            _temp_dir=folder,
        )
        try:
            yield
        finally:
            own.shutdown()


def search_with_ray(
    learner: Learner, given: object, space: Mapping[str, object], spec: RaySpec
) -> tuple[RayTrial, ...]:
    """Search a space by TPE, stopping trials by asynchronous successive halving; Ray must be running.

    Parameters
    ----------
    learner : callable
        Called with (given, parameters, most steps, report); reports its out-of-sample score, lower is better,
        at increasing steps up to the most. A module-level function: Ray sends it to workers.
    given : object
        What the learner reads; it goes into Ray's object store once.
    space : mapping
        As in `models.search`.
    spec : RaySpec

    Returns
    -------
    tuple of RayTrial
        In the order in which they were drawn.

    Raises
    ------
    ConfigError
        If the space is empty, no trial is asked for, or Ray is not installed.

    References
    ----------
    Li, L. et al. (2020). A System for Massively Parallel Hyperparameter Tuning. MLSys 2.
    """
    if not space or spec.n_trials < 1:
        raise ConfigError(f"a search needs a space and at least 1 trial, found {dict(space)} and {spec.n_trials}.")
    need_ray()
    keep_tune_quiet()
    import ray.tune
    from ray.tune.schedulers import ASHAScheduler, FIFOScheduler
    from ray.tune.search.optuna import OptunaSearch

    logging.getLogger("ray.tune").setLevel(logging.ERROR)
    tune: Any = ray.tune  # half of its functions have no type
    halving: Any = ASHAScheduler(
        time_attr="step", max_t=spec.max_steps, grace_period=spec.grace, reduction_factor=spec.reduction
    )
    trainable = tune.with_parameters(_trainable, learner=learner, given=given, max_steps=spec.max_steps)
    tuner: Any = tune.Tuner(
        tune.with_resources(trainable, {"cpu": spec.cpus, "gpu": spec.gpus}),
        tune_config=tune.TuneConfig(
            metric="score",
            mode="min",
            num_samples=spec.n_trials,
            scheduler=halving if spec.stop_early else FIFOScheduler(),
            search_alg=OptunaSearch(
                space=distributions(space), metric="score", mode="min", sampler=_sampler(spec.seed)
            ),
            max_concurrent_trials=spec.concurrent,
            reuse_actors=True,
        ),
        run_config=tune.RunConfig(name="search", storage_path=str(spec.folder), verbose=0),
    )
    return tuple(_trial(result) for result in tuner.fit())


def _trial(result: Any) -> RayTrial:  # noqa: ANN401  # Ray's type, imported late
    if result.error is not None:
        cause = getattr(result.error, "cause", result.error)
        return RayTrial(result.config or {}, None, 0, str(cause))
    return RayTrial(result.config, float(result.metrics["score"]), int(result.metrics["step"]))


def _trainable(config: dict[str, object], learner: Learner, given: object, max_steps: int) -> None:
    import ray.tune

    tune: Any = ray.tune

    def report(step: int, score: float) -> None:
        tune.report({"score": score, "step": step})

    learner(given, config, max_steps, report)


def _sampler(seed: int) -> Any:  # noqa: ANN401  # imported late
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    # A seed beside a sampler would be ignored: it belongs to the sampler.
    return optuna.samplers.TPESampler(seed=seed)
