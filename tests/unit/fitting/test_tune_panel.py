"""Searches of panel nets: purged blocks at common dates, curves that move on, and a champion for the next net."""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest

from hf_platform.errors import ConfigError, ModelError, PlatformError
from hf_platform.fitting import tune_panel as tuning
from hf_platform.fitting import tune_ray
from hf_platform.fitting.executors import InlineExecutor
from hf_platform.fitting.fit_grid import fit_grid
from hf_platform.fitting.outcome import KeyStatus
from hf_platform.fitting.panel import planner
from hf_platform.fitting.panel_search import PanelJob, block_loss, learn, panel_blocks
from hf_platform.fitting.tune_panel import newest_nets, tune_panel
from hf_platform.fitting.tune_ray import RaySpec, RayTrial
from hf_platform.lake import Lake
from hf_platform.models import get_family
from hf_platform.models.base import FitTask, OriginSet, Panel, Resources, Schedule, Series
from hf_platform.models.checks import returns_known
from hf_platform.models.neural.panel_family import Net, PanelFamily
from hf_platform.models.neural.quantile_function import from_quantiles, normal_quantiles
from hf_platform.models.neural.tensors import WEIGHTS_FILE, from_bytes
from hf_platform.models.neural.training_loop import TrainSpec, watched
from hf_platform.settings import Settings
from hf_platform.types import GridKey

Maker = Callable[..., Series]
FIRST_DAY = datetime.fromisoformat("1995-01-03T21:00")
NAMES = ("AAA", "BBB", "CCC")
SCHEDULE = Schedule(minimum={"*": 200}, window={"*": 300}, every={"*": 126})


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorSpec:
    factor: float = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaled(PanelFamily):
    """The members' common volatility times a factor whose default is wrong."""

    spec_: FactorSpec = FactorSpec()
    training: TrainSpec = TrainSpec()  # noqa: RUF009 - frozen
    name: str = "scaled"
    kind: str = "return"
    scope: str = "panel"
    description: str = "Scaled volatility, made for a test in 2026."
    variants: tuple[str, ...] = ("default",)
    feature_names: tuple[str, ...] = ()
    schedule: Schedule = SCHEDULE
    resources: Resources = Resources()  # noqa: RUF009 - frozen
    extra: str | None = None
    dependencies: tuple[str, ...] = ()

    @property
    def search_space(self) -> dict[str, object]:
        return {"factor": {"low": 0.3, "high": 3.0, "log": True}}

    def spec(self, variant: str) -> dict[str, object]:
        return {"variant": variant, "factor": self.spec_.factor}

    def train(self, panel: Panel, task: FitTask) -> Net | str:
        if self.spec_.factor > 2.9 and len(panel.members) < 2:
            return "lonely"
        pool = np.concatenate([m.series.log_return[m.start : m.stop] for m in panel.members])
        scale = self.spec_.factor * pool.std(keepdims=True)
        return Net({"factor": self.spec_.factor}, {"volatility": scale}, pool.size, 0.0, "cpu")

    def usable_origins(self, fitted, origins: OriginSet):
        return returns_known(fitted.task.start, origins)

    def forecast_group(self, fitted, origins):
        scale = from_bytes(fitted[0].state[WEIGHTS_FILE])["volatility"]
        spread = np.sqrt(fitted[0].task.horizon.n_bars) * scale
        return [from_quantiles(np.tile(normal_quantiles() * spread, (asked.indices.size, 1))) for asked in origins]


FAMILY = Scaled()


def job_of(make_series: Maker, horizon: str = "5d", family: PanelFamily = FAMILY) -> PanelJob:
    series = {name: make_series(name, "1d", 700) for name in NAMES}
    late = series["CCC"]  # starts later than the others
    series["CCC"] = replace(
        late,
        event_at=late.event_at[250:],
        known_at=late.known_at[250:],
        log_return=np.r_[np.nan, late.log_return[251:]],
        features=late.features[250:],
    )
    made = planner(family, series, "1d", root_seed=0, code_version="c")  # type: ignore[arg-type]
    ((_, planned),) = newest_nets(made, horizon).items()
    blocks = panel_blocks([model.task for model in planned])
    return PanelJob(family, blocks, tuple(block_loss(family, block, {}) for block in blocks))  # type: ignore[arg-type]


def test_blocks_follow_one_another_at_common_dates_and_end_with_the_window(make_series: Maker) -> None:
    job = job_of(make_series)
    assert len(job.blocks) == 2
    for block in job.blocks:
        ends = {task.series.event_at[task.stop - 1] for task in block.tasks}
        assert len(ends) == 1, "every member is cut on the same day"
        assert all(member.stop == task.stop for task in block.tasks for member in task.panel.members[task.place :][:1])
        for task, origins in zip(block.tasks, block.origins, strict=True):
            assert origins[0] == task.stop - 1
            assert (np.diff(origins) == 5).all()
    (first, second), stop = job.blocks, 600
    assert first.origins[0][-1] < second.origins[0][0]
    pairs = zip(second.tasks, second.origins, strict=True)
    whole = max(task.series.event_at[origins[-1] + 5] for task, origins in pairs)
    assert whole <= first.tasks[0].series.event_at[stop], "no target ends past the anchor"


def test_nothing_after_the_anchor_reaches_a_search(make_series: Maker) -> None:
    def changed(name: str, frequency: str, n_bars: int) -> Series:
        series = make_series(name, frequency, n_bars)
        returns = series.log_return.copy()
        returns[660:] = 9.0
        return replace(series, log_return=returns)

    assert job_of(changed).own == job_of(make_series).own


def test_curves_move_on_and_end_with_the_loss_of_all_blocks(make_series: Maker) -> None:
    job = job_of(make_series)
    told: list[tuple[int, float]] = []

    class Looking(Scaled):
        __slots__ = ()

        def train(self, panel: Panel, task: FitTask) -> Net | str:
            from hf_platform.models.neural.training_loop import _tell

            for look in (0.25, 0.5, 0.5, 1.0):
                _tell(look, -look)
            return Scaled.train(self, panel, task)

    learn(replace(job, family=Looking()), {"factor": 1.0}, 100, lambda step, score: told.append((step, score)))  # type: ignore[arg-type]
    steps = [step for step, _ in told]
    assert steps == [12, 25, 50, 62, 75, 100]
    losses = [block_loss(FAMILY, block, {"factor": 1.0}) for block in job.blocks]  # type: ignore[arg-type]
    assert told[0][1] == -0.25
    assert told[3][1] == pytest.approx((losses[0] / job.own[0] - 1 - 0.25) / 2)
    assert told[-1][1] == pytest.approx(np.mean(losses) / np.mean(job.own) - 1)
    assert job.loss(told[-1][1]) == pytest.approx(np.mean(losses))
    learn(job, {}, 100, lambda step, score: told.append((step, score)))
    assert told[-1] == (100, 0.0), "the family's own parameters change nothing"


def test_a_net_that_cannot_be_trained_says_why(make_series: Maker) -> None:
    job = job_of(make_series)
    (task, *_) = job.blocks[0].tasks
    alone = replace(task, panel=replace(task.panel, members=task.panel.members[:1]))
    with pytest.raises(ModelError, match="lonely"):
        block_loss(FAMILY, replace(job.blocks[0], tasks=(alone,), origins=job.blocks[0].origins[:1]), {})  # type: ignore[arg-type]


def test_a_training_tells_whoever_watches(make_series: Maker) -> None:
    net = get_family("nbeats")
    quick = replace(net, training=replace(net.training, steps=4, batch=8, check_every=2))  # type: ignore[attr-defined]
    series = make_series()
    task = FitTask("m", GridKey("AAA", "1d"), tuning.Horizon.parse("1d"), "interpretable", series, 101, 401, 7)
    looks: list[tuple[float, float]] = []
    with watched(lambda share, change: looks.append((share, change))):
        quick.fit_many([task])
    assert [share for share, _ in looks] == [0.5, 1.0]
    assert all(change <= 0.0 for _, change in looks), "the untrained net is among those that are kept"
    quick.fit_many([task])
    assert len(looks) == 2, "nobody watches any more"


def in_this_process(learner, given, space: Mapping[str, object], spec: RaySpec) -> tuple[RayTrial, ...]:
    """Ray's part, without Ray: one trial stopped early, one that fails, the others to the end."""
    found = [RayTrial({"factor": 0.31}, -9.0, 30), RayTrial({"factor": 0.32}, None, 0, "it broke")]
    for factor in (0.6, 1.0, 2.0):
        told: list[tuple[int, float]] = []
        learner(given, {"factor": factor}, spec.max_steps, lambda step, score, told=told: told.append((step, score)))
        found.append(RayTrial({"factor": factor}, told[-1][1], told[-1][0]))
    return tuple(found)


@pytest.fixture
def world(store: Lake, settings: Settings, make_series: Maker, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tuning, "search_with_ray", in_this_process)
    monkeypatch.setattr(tuning, "local_ray", lambda cpus: nullcontext())
    with store.transaction("raw_prices", "setup") as tx:
        frame = pl.DataFrame({"instrument": NAMES}).with_columns(
            pl.lit("24/7").alias("calendar"), pl.lit(FIRST_DAY).alias("valid_from")
        )
        tx.append("market.universe", frame)

    def read(
        of: Lake, names: Sequence[str], frequency: str, as_of: datetime, features: Sequence[str]
    ) -> tuple[Mapping[str, Series], Mapping[str, PlatformError]]:
        return {name: make_series(name, frequency, 700) for name in names}, {}

    common = {"as_of": FIRST_DAY + timedelta(days=700), "run_id": "night", "settings": settings, "read": read}
    keys = [GridKey("AAA", "1d"), GridKey("BBB", "1d")]
    return (
        lambda **options: tune_panel(FAMILY, keys, store, n_trials=5, **common, **options),  # type: ignore[arg-type]
        lambda: fit_grid(FAMILY, keys, store, executor=InlineExecutor(1), **common),  # type: ignore[arg-type]
    )


def test_one_search_tunes_the_net_of_all_from_its_anchor_on(world, store: Lake) -> None:
    tune, fit = world
    before = fit()
    done: list[tuple[int, int]] = []
    assert tune(progress=lambda n, total: done.append((n, total))) == {}
    assert done == [(2, 2)]
    (row,) = store.query("SELECT * FROM models.tuned_parameters").to_dicts()
    assert (row["instrument"], row["horizon"], row["variant"], row["sampler"]) == (
        "*",
        "1d",
        "default",
        "tpe with asha",
    )
    assert json.loads(row["params_json"]) == {"factor": 1.0}
    assert row["is_champion"]
    assert row["score"] < row["default_score"]
    assert row["lake_snapshot"] > 0
    trials = json.loads(row["trials_json"])
    assert [trial["reason"] for trial in trials] == [None, "stopped at 30 of 100 steps", "it broke", None, None, None]
    after = fit()
    for key, outcome in after.keys.items():
        assert outcome.status is KeyStatus.OK
        assert outcome.n_ok == 1
        assert outcome.n_reused == before.keys[key].n_ok - 1, "older nets would know their future"
    factors = store.query(
        "SELECT train_end, json_extract(params_json, '$.factor')::DOUBLE AS factor FROM models.ledger"
    )
    assert factors.filter(pl.col("factor") == 1.0)["train_end"].unique().to_list() == [row["searched_until"]]


def test_what_is_missing_is_said_before_anything_starts(world, monkeypatch: pytest.MonkeyPatch) -> None:
    tune, _ = world
    monkeypatch.setattr(tune_ray, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"hf-platform\[ray\]"):
        tune()
