"""Every executor gives the same bytes, and a model that kills its process costs itself only."""

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from faults import FAULTS, Faulty

from hf_platform.errors import ExecutorError
from hf_platform.fitting.chunk import Chunk, Work
from hf_platform.fitting.executors import InlineExecutor, Request
from hf_platform.fitting.fit_grid import family_code_version
from hf_platform.fitting.frames import ModelResult
from hf_platform.fitting.plan import PlannedModel, plan_key
from hf_platform.fitting.ray_executor import RayExecutor
from hf_platform.horizons import Horizon
from hf_platform.models import get_family
from hf_platform.models.base import FitTask, ModelFamily, Series, Status
from hf_platform.models.families.ewma import EwmaFamily
from hf_platform.types import GridKey

Maker = Callable[..., Series]
FIELDS = ("mean", "volatility", "quantiles", "tail_means")


@pytest.fixture
def ray_executor(ray_head: None, tmp_path: Path) -> RayExecutor:
    return RayExecutor(connect=lambda: None, folder=tmp_path / "exchange", patience=60.0, is_fixed=True)


def request(family: ModelFamily, **changes: object) -> Request:
    return replace(Request(name=family.name, code=family_code_version(family)), **changes)


def works(names: Sequence[str], make_series: Maker, n_bars: int = 320) -> list[Work]:
    found = []
    for name in names:
        series = make_series(name, n_bars=n_bars)
        task = FitTask(name, GridKey(name, "1d"), Horizon.parse("1d"), "riskmetrics", series, 1, 281, 0)
        found.append(Work(PlannedModel(task, np.array([290, 300]), "i", "s", True), np.array([290, 300])))
    return found


def chunks(family: ModelFamily, models: Sequence[Work], size: int) -> list[Chunk]:
    return [Chunk(family, models[at : at + size]) for at in range(0, len(models), size)]


def digest(results: Sequence[ModelResult]) -> dict[str, str]:
    """Hash everything that a result says, by model; seconds are a clock's, not a model's."""
    found = {}
    for result in results:
        own = hashlib.sha256()
        if result.fitted is not None:
            fitted = result.fitted
            for part in (
                fitted.params,
                sorted(fitted.state.items()),
                fitted.status,
                fitted.log_likelihood,
                fitted.n_obs,
            ):
                own.update(repr(part).encode())
        if result.failure is not None:
            own.update(repr((result.failure.status, result.failure.stage, result.failure.reason)).encode())
        own.update(result.origins.tobytes())
        if result.forecast is not None:
            for name in FIELDS:
                own.update(np.ascontiguousarray(getattr(result.forecast, name)).tobytes())
        found[result.planned.task.model_id] = own.hexdigest()
    return found


@pytest.mark.parametrize("name", ["garch", "elastic_net", "xgboost"])
def test_inline_and_ray_give_the_same_bytes_for_any_chunk_size_and_order(
    name: str, ray_executor: RayExecutor, make_series: Maker
) -> None:
    family = get_family(name)
    models = [
        Work(planned, planned.origins)
        for instrument in ("AAA", "BBB", "CCC")
        for planned in plan_key(
            family,
            GridKey(instrument, "5d"),
            make_series(instrument, n_bars=1_200, feature_names=family.feature_names),
            root_seed=0,
            code_version="c",
        )
    ]
    models = models[:1] + models[-8:]
    inline = InlineExecutor(1).run(chunks(family, models, 256), request(family))
    expected = digest(inline)
    assert all(result.forecast is not None for result in inline)
    for size, order in ((256, 1), (3, -1)):
        results = ray_executor.run(chunks(family, models[::order], size), request(family))
        assert [result.planned.task.model_id for result in results] == [
            w.planned.task.model_id for w in models[::order]
        ]
        assert all(result.planned.task.series is not None and len(result.planned.task.series) for result in results)
        assert digest(results) == expected
    assert list(ray_executor.folder.iterdir()) == []


def test_one_bad_model_of_each_kind_costs_itself_only(ray_executor: RayExecutor, make_series: Maker) -> None:
    check_faults(ray_executor, make_series, ("RAISE", "SEGV", "HOG"), n_models=15, size=5)


@pytest.mark.slow
def test_five_hundred_models_survive_one_of_each_fault(ray_executor: RayExecutor, make_series: Maker) -> None:
    check_faults(ray_executor, make_series, tuple(FAULTS), n_models=500, size=50)


def check_faults(executor: RayExecutor, make_series: Maker, faults: Sequence[str], n_models: int, size: int) -> None:
    names = [f"OK{n}" for n in range(n_models - len(faults))]
    for place, fault in enumerate(faults):
        names.insert((place * n_models) // len(faults), f"{fault}0")
    models = works(names, make_series)
    # A new process imports and loads kernels in the time of its first model.
    limits = request(Faulty(), timeout=10.0, memory=1.0)
    results = executor.run(chunks(Faulty(), models, size), limits)
    assert [result.planned.task.model_id for result in results] == names
    innocent = [work for work in models if work.planned.task.model_id.startswith("OK")]
    expected = digest(InlineExecutor(1).run(chunks(EwmaFamily(), innocent, 256), request(EwmaFamily())))
    found = digest(results)
    failed = {r.planned.task.model_id: r.failure for r in results if r.failure is not None}
    assert sorted(failed) == sorted(f"{fault}0" for fault in faults)
    assert {name: found[name] for name in expected} == expected
    for fault in faults:
        failure = failed[f"{fault}0"]
        assert failure is not None
        status, words = SAID[fault]
        assert failure.status is status
        assert re.search(words, failure.reason), failure.reason
    assert all(result.fitted is None for result in results if result.failure is not None)


SAID = {
    "RAISE": (Status.ERROR, r"^ZeroDivisionError: singular matrix$"),
    "SEGV": (Status.ERROR, r"^its process died: segmentation fault in string_at \(__init__.py:\d+\)\.$"),
    "EXIT": (Status.ERROR, r"ended without a word"),
    "HANG": (Status.TIMEOUT, r"^one model may take 10 s, .* HFP_MODEL_TIMEOUT"),
    "DEAF": (Status.TIMEOUT, r"did not hear the alarm in _hang_deaf \(faults.py:\d+\)"),
    "HOG": (Status.ERROR, r"MemoryError: .* HFP_WORKER_MEMORY_GB"),
}


def test_a_worker_with_other_code_is_refused(ray_executor: RayExecutor, make_series: Maker) -> None:
    batch = chunks(EwmaFamily(), works(["AAA"], make_series), 1)
    with pytest.raises(ExecutorError, match=r"version of-tomorrow, found [0-9a-f]{24}.*image of this code location"):
        ray_executor.run(batch, request(EwmaFamily(), code="of-tomorrow"))


def test_a_request_that_no_machine_fits_is_refused_at_once_or_in_time(
    ray_executor: RayExecutor, make_series: Maker
) -> None:
    batch = chunks(EwmaFamily(), works(["AAA"], make_series), 1)
    with pytest.raises(ExecutorError, match="ewma needs 999 CPU for one worker, found 2 CPU, 0 GPU in the cluster"):
        ray_executor.run(batch, request(EwmaFamily(), cpus=999.0))
    growing = replace(ray_executor, is_fixed=False, patience=0.5)
    with pytest.raises(ExecutorError, match=r"8 GPU.* after 0.5 s \(HFP_READY_TIMEOUT\)"):
        growing.run(batch, request(EwmaFamily(), gpus=8.0))


def test_a_family_may_be_kept_in_this_process(make_series: Maker, tmp_path: Path) -> None:
    def never() -> None:
        raise AssertionError("no cluster is needed")

    executor = RayExecutor(connect=never, folder=tmp_path)
    models = works(["AAA", "BBB"], make_series)
    results = executor.run(chunks(EwmaFamily(), models, 1), request(EwmaFamily(), where="inline"))
    assert digest(results) == digest(InlineExecutor(1).run(chunks(EwmaFamily(), models, 2), request(EwmaFamily())))
    assert executor.run([], request(EwmaFamily())) == []
