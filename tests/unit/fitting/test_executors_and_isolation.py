"""Chunks run in order anywhere; one bad model costs itself only."""

import pickle
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pytest

from hf_platform.errors import ConfigError
from hf_platform.fitting.executors import InlineExecutor
from hf_platform.fitting.isolation import fit_isolated, forecast_isolated
from hf_platform.horizons import Horizon
from hf_platform.models.base import FitFailure, FitTask, Fitted, ModelFamily, OriginSet, Series, Status
from hf_platform.models.families.ewma import EwmaFamily
from hf_platform.types import ForecastDistribution, GridKey

Maker = Callable[..., Series]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fragile(EwmaFamily):
    """Raises for instruments called BAD..., as a careless library would."""

    stage: str = "fit"

    def fit_many(self, batch: Sequence[FitTask]) -> list[Fitted | FitFailure]:
        if self.stage == "fit" and any(task.key.instrument.startswith("BAD") for task in batch):
            raise ZeroDivisionError("singular matrix")
        return EwmaFamily.fit_many(self, batch)

    def forecast_many(
        self, fitted: Sequence[Fitted], origins: Sequence[OriginSet]
    ) -> list[ForecastDistribution | FitFailure]:
        if self.stage == "forecast" and any(fit.task.key.instrument.startswith("BAD") for fit in fitted):
            raise FloatingPointError("overflow")
        return EwmaFamily.forecast_many(self, fitted, origins)


def tasks_of(make_series: Maker, names: list[str]) -> list[FitTask]:
    return [
        FitTask(name, GridKey(name, "1d"), Horizon.parse("1d"), "riskmetrics", make_series(name, n_bars=300), 1, 280, 0)
        for name in names
    ]


def square(x: int) -> int:
    return x * x


def test_results_keep_the_order_of_the_items_on_any_number_of_threads() -> None:
    items = list(range(50))
    for threads in (1, 2, 5):
        assert InlineExecutor(threads).map(square, items) == [x * x for x in items]
    assert InlineExecutor(2).map(square, []) == []


def test_threads_are_used_and_libraries_held_to_one() -> None:
    from threadpoolctl import threadpool_info

    barrier = threading.Barrier(2, timeout=30)

    def meet(_: int) -> int:
        barrier.wait()
        return max((pool["num_threads"] for pool in threadpool_info()), default=1)

    assert InlineExecutor(2).map(meet, [0, 1]) == [1, 1]


def test_an_executor_needs_a_thread() -> None:
    with pytest.raises(ConfigError, match="found 0"):
        InlineExecutor(0)


@pytest.mark.parametrize("n_bad", [1, 3])
def test_a_raising_fit_becomes_its_own_failure(make_series: Maker, n_bad: int) -> None:
    names = ["AAA", "BAD0", "BBB", "BAD1", "CCC", "BAD2", "DDD"]
    names = [name for name in names if not name.startswith("BAD") or int(name[3]) < n_bad]
    tasks = tasks_of(make_series, names)
    outcomes = fit_isolated(Fragile(), tasks)
    clean = {task.model_id: EwmaFamily().fit_many([task])[0] for task in tasks}
    for task, outcome in zip(tasks, outcomes, strict=True):
        if task.model_id.startswith("BAD"):
            assert isinstance(outcome, FitFailure)
            assert (outcome.status, outcome.stage, outcome.error) == (Status.ERROR, "fit", "ZeroDivisionError")
            assert outcome.reason == "ZeroDivisionError: singular matrix"
        else:
            assert isinstance(outcome, Fitted)
            assert outcome.params == clean[task.model_id].params  # type: ignore[union-attr]


def test_a_raising_forecast_becomes_its_own_failure(make_series: Maker) -> None:
    family: ModelFamily = Fragile(stage="forecast")
    tasks = tasks_of(make_series, ["AAA", "BAD", "BBB"])
    fits = [fit for fit in fit_isolated(family, tasks) if isinstance(fit, Fitted)]
    origins = [OriginSet(fit.task.series, np.array([290])) for fit in fits]
    found = forecast_isolated(family, fits, origins)
    assert [type(outcome).__name__ for outcome in found] == [
        "ForecastDistribution",
        "FitFailure",
        "ForecastDistribution",
    ]
    assert isinstance(found[1], FitFailure)
    assert found[1].stage == "forecast"


def test_an_impossible_distribution_is_a_failure_of_its_model(make_series: Maker) -> None:
    (task,) = tasks_of(make_series, ["AAA"])
    (fit,) = EwmaFamily().fit_many([task])
    assert isinstance(fit, Fitted)
    fit.params["start_variance"] = 0.0
    fit.params["decay"] = 1.0 - 1e-300  # the engine refuses a decay of one
    (found,) = forecast_isolated(EwmaFamily(), [fit], [OriginSet(task.series, np.array([290]))])
    assert isinstance(found, FitFailure)


def test_chunks_of_work_pickle(make_series: Maker) -> None:
    from hf_platform.fitting.chunk import Chunk, Work, run_chunk
    from hf_platform.fitting.plan import plan_key

    family = EwmaFamily()
    planned = plan_key(family, GridKey("AAA", "1d"), make_series(n_bars=300), root_seed=0, code_version="c")
    chunk = Chunk(family, [Work(model, model.origins) for model in planned])
    again = pickle.loads(pickle.dumps(chunk))  # our own bytes: what an executor with processes sends
    for one, other in zip(run_chunk(chunk), run_chunk(again), strict=True):
        assert one.forecast is not None
        assert other.forecast is not None
        np.testing.assert_array_equal(one.forecast.quantiles, other.forecast.quantiles)
