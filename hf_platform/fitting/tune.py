"""Search the space of one family for one model: seeded, in this process, on purged test blocks."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, cast

import numpy as np

from hf_platform.backtest.scoring import qlike, quantile_crps
from hf_platform.errors import ConfigError
from hf_platform.models.base import FitFailure, FitTask, Fitted, ModelFamily, OriginSet, Status
from hf_platform.models.search import distributions, enumerated
from hf_platform.types import PROBABILITIES, FloatArray, ForecastDistribution, IntArray

# Shares of the training window at which test blocks begin; each is forecast by a model of all bars before it.
TEST_BLOCKS: Final = (0.6, 0.7, 0.8, 0.9)
_MARGIN: Final = 1e-3


@dataclass(frozen=True, slots=True)
class Trial:
    """One point of the space.

    Parameters
    ----------
    params : dict
        Empty for the family's own specification.
    score : float or None
        Mean out-of-sample score over the test blocks, lower is better; None where a fit failed.
    reason : str or None
        Why it failed.
    """

    params: Mapping[str, object]
    score: float | None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Search:
    """What a search found.

    Parameters
    ----------
    default : Trial
        The family's own specification on the same folds.
    trials : tuple of Trial
        In the order in which they were tried.
    """

    default: Trial
    trials: tuple[Trial, ...]

    def best(self, kind: str) -> Trial:
        """Give the best of all; the default unless one beats it by more than chance ties do."""
        scored = [trial for trial in self.trials if trial.score is not None]
        if not scored:
            return self.default
        best = min(scored, key=lambda trial: cast(float, trial.score))
        if self.default.score is None:
            return best
        # QLIKE is a mean logarithm: a difference is relative already.
        unit = 1.0 if kind == "volatility" else self.default.score
        return best if self.default.score - cast(float, best.score) > _MARGIN * unit else self.default


def search(family: ModelFamily, task: FitTask, *, n_trials: int, seed: int) -> Search:
    """Search the space of a family for one task.

    Parameters
    ----------
    family : ModelFamily
    task : FitTask
        Only bars of its training window are read: targets of the last test block end with it.
    n_trials : int
        Points to try by TPE (Bergstra et al. 2011, NeurIPS 24); a space of choices is tried whole.
    seed : int
        Of the sampler: an option of the study would be ignored once a sampler is given.

    Raises
    ------
    ConfigError
        If the family has no space, or `n_trials` is below 1.
    """
    if not family.search_space:
        raise ConfigError(f"{family.name} has no search space: nothing of it is left to choose. Tune another family.")
    if n_trials < 1:
        raise ConfigError(f"a search needs at least 1 trial, found {n_trials}. Say --tune 50.")
    default = _try(family, task, {})
    points = enumerated(family.search_space)
    if points is not None:
        return Search(default, tuple(_try(family, task, point) for point in points))
    return Search(default, tuple(_sampled(family, task, n_trials, seed)))


def _sampled(family: ModelFamily, task: FitTask, n_trials: int, seed: int) -> Iterator[Trial]:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed))
    space = distributions(family.search_space)
    for _ in range(n_trials):
        asked = study.ask(space)
        trial = _try(family, task, asked.params)
        failed = optuna.trial.TrialState.FAIL
        study.tell(asked, trial.score, state=failed if trial.score is None else None)
        yield trial


def _try(family: ModelFamily, task: FitTask, tuned: Mapping[str, object]) -> Trial:
    folds = [(replace(fold, tuned=tuned), origins) for fold, origins in purged_blocks(task)]
    fits = family.fit_many([fold for fold, _ in folds])
    scores: list[float] = []
    for fitted, (_, origins) in zip(fits, folds, strict=True):
        found = _forecast(family, fitted, origins, task)
        if isinstance(found, str):
            return Trial(dict(tuned), None, found)
        scores.append(found)
    return Trial(dict(tuned), float(np.mean(scores)))


def _forecast(family: ModelFamily, fitted: Fitted | FitFailure, origins: IntArray, task: FitTask) -> float | str:
    """Score one test block; a text where there is nothing to score."""
    if isinstance(fitted, FitFailure) or fitted.status is not Status.OK:
        return fitted.reason or "the fit did not converge"
    asked = OriginSet(task.series, origins)
    usable = family.usable_origins(fitted, asked)
    if not usable.any():
        return "no input is known in a test block"
    (found,) = family.forecast_many([fitted], [OriginSet(task.series, origins[usable])])
    if isinstance(found, FitFailure):
        return found.reason
    realised = np.array([task.series.log_return[i + 1 : i + 1 + task.horizon.n_bars].sum() for i in origins[usable]])
    return float(loss(family.kind, found, realised).mean())


def loss(kind: str, found: ForecastDistribution, realised: FloatArray) -> FloatArray:
    """Score forecasts, shape (n_origins,): QLIKE of the variance, or CRPS of the whole distribution."""
    if kind == "volatility":
        return qlike(np.square(realised), np.square(found.volatility))
    return quantile_crps(realised, found.quantiles, PROBABILITIES)


def purged_blocks(task: FitTask) -> list[tuple[FitTask, IntArray]]:
    """Cut a task into earlier ones, each with the origins of the block after its last bar.

    A family purges targets that end past the `stop` of its task; origins are left out whose target
    ends past the window of the whole task. Origins stand `n_bars` apart, so that targets never overlap.
    """
    n_bars, length = task.horizon.n_bars, task.stop - task.start
    stops = [task.start + round(share * length) for share in TEST_BLOCKS]
    ends = [*stops[1:], task.stop]
    blocks: list[tuple[FitTask, IntArray]] = []
    for stop, end in zip(stops, ends, strict=True):
        last = min(end - 2, task.stop - 1 - n_bars)  # the next block begins at its own last training bar
        origins = np.arange(stop - 1, last + 1, n_bars, dtype=np.int64)
        if origins.size:
            blocks.append((replace(task, model_id=f"{task.model_id}-{stop}", stop=stop), origins))
    return blocks


def as_rows(found: Search) -> Sequence[Mapping[str, object]]:
    """Write all trials down as JSON values, the default first."""
    return [
        {"params": dict(trial.params), "score": trial.score, "reason": trial.reason}
        for trial in (found.default, *found.trials)
    ]
