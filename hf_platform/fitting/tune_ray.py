"""Search with Ray Tune for learners that report as they go: ASHA stops the poor ones early.

For nets, whose trials take minutes. Small models are searched in one task (`fitting.tune`), since a trial
of Ray Tune costs seconds in itself.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from hf_platform.errors import ConfigError
from hf_platform.models.search import distributions

MAX_STEPS: Final = 100
GRACE: Final = 10
REDUCTION: Final = 3
Report = Callable[[float], None]
Learner = Callable[[Mapping[str, object], int, Report], None]


@dataclass(frozen=True, slots=True)
class RayTrial:
    """One trial: its parameters, the best score it reported, and after how many steps it ended."""

    params: Mapping[str, object]
    score: float
    n_steps: int


@dataclass(frozen=True, slots=True)
class RaySearch:
    """All trials of a search, best first."""

    trials: tuple[RayTrial, ...]

    @property
    def n_steps(self) -> int:
        """Steps that were computed in all; without stopping it would be trials times `max_steps`."""
        return sum(trial.n_steps for trial in self.trials)


def search_with_ray(
    learner: Learner,
    space: Mapping[str, object],
    *,
    n_trials: int,
    seed: int,
    folder: Path,
    max_steps: int = MAX_STEPS,
    grace: int = GRACE,
    reduction: int = REDUCTION,
    cpus: float = 1.0,
    gpus: float = 0.0,
    concurrent: int = 1,
    stop_early: bool = True,
) -> RaySearch:
    """Search a space by TPE, stopping trials by asynchronous successive halving.

    Parameters
    ----------
    learner : callable
        Called with (parameters, most steps, report); reports its out-of-sample score, lower is better,
        after each step. A module-level function: Ray sends it to workers.
    space : mapping
        As in `models.search`.
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

    Raises
    ------
    ConfigError
        If the space is empty, or Ray is not installed.

    References
    ----------
    Li, L. et al. (2020). A System for Massively Parallel Hyperparameter Tuning. MLSys 2.
    """
    if not space or n_trials < 1:
        raise ConfigError(f"a search needs a space and at least 1 trial, found {dict(space)} and {n_trials}.")
    try:
        import ray.tune
        from ray.tune.schedulers import ASHAScheduler, FIFOScheduler
        from ray.tune.search.optuna import OptunaSearch
    except ImportError as error:
        raise ConfigError("this search needs the extra 'ray'. Install it: pip install 'hf-platform[ray]'") from error
    tune: Any = ray.tune  # half of its functions have no type
    scheduler: Any = ASHAScheduler(
        time_attr="training_iteration", max_t=max_steps, grace_period=grace, reduction_factor=reduction
    )
    tuner: Any = tune.Tuner(
        tune.with_resources(_trainable(learner, max_steps), {"cpu": cpus, "gpu": gpus}),
        tune_config=tune.TuneConfig(
            metric="score",
            mode="min",
            num_samples=n_trials,
            scheduler=scheduler if stop_early else FIFOScheduler(),
            search_alg=OptunaSearch(space=distributions(space), metric="score", mode="min", sampler=_sampler(seed)),
            max_concurrent_trials=concurrent,
            reuse_actors=True,
        ),
        run_config=tune.RunConfig(name="search", storage_path=str(folder), verbose=0),
    )
    trials = [_trial(result) for result in tuner.fit() if result.error is None]
    return RaySearch(tuple(sorted(trials, key=lambda trial: trial.score)))


def _trial(result: Any) -> RayTrial:  # noqa: ANN401  # Ray's type, imported late
    best = float(result.metrics_dataframe["score"].min())
    return RayTrial(result.config, best, int(result.metrics["training_iteration"]))


def _trainable(learner: Learner, max_steps: int) -> Callable[[dict[str, object]], None]:
    def train(config: dict[str, object]) -> None:
        import ray.tune

        tune: Any = ray.tune

        def report(score: float) -> None:
            tune.report({"score": score})

        learner(config, max_steps, report)

    return train


def _sampler(seed: int) -> Any:  # noqa: ANN401  # imported late
    import optuna

    # A seed beside a sampler would be ignored: it belongs to the sampler.
    return optuna.samplers.TPESampler(seed=seed)
