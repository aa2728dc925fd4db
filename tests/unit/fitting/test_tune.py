"""Searches: seeded, on purged blocks of the newest window, and champions that never know their own future."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest

from hf_platform.errors import ConfigError, PlatformError
from hf_platform.fitting.champions import Champion, read_champions, tuned_at
from hf_platform.fitting.executors import InlineExecutor
from hf_platform.fitting.fit_grid import fit_grid
from hf_platform.fitting.outcome import KeyStatus
from hf_platform.fitting.tune import purged_blocks, search
from hf_platform.fitting.tune_grid import tune_grid
from hf_platform.horizons import Horizon
from hf_platform.lake import Lake
from hf_platform.models import get_family
from hf_platform.models.base import FitTask, ModelFamily, Schedule, Series
from hf_platform.models.families.elastic_net import ElasticNetFamily
from hf_platform.models.search import distributions, enumerated
from hf_platform.settings import Settings
from hf_platform.types import GridKey

Maker = Callable[..., Series]
NET = get_family("elastic_net")


def told(series: Series) -> Series:
    """A third feature that half knows the next return: a weak penalty is best."""
    features = series.features.copy()
    noise = np.random.default_rng(3).standard_normal(len(series) - 1) * np.nanstd(series.log_return)
    features[:-1, 2] = series.log_return[1:] + noise
    features[-1, 2] = 0.0
    return replace(series, features=features)


def task_of(series: Series, horizon: str = "1d") -> FitTask:
    return FitTask("id", GridKey("AAA", horizon), Horizon.parse(horizon), "default", series, 101, 601, 3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Strict(ElasticNetFamily):
    """A net whose own penalty lets nothing in."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "spec_", replace(self.spec_, alpha=5.0, l1_ratio=1.0))


def test_the_same_seed_tries_the_same_points(make_series: Maker) -> None:
    task = task_of(told(make_series(feature_names=NET.feature_names)))
    one, two = (search(NET, task, n_trials=6, seed=42) for _ in range(2))
    assert one == two
    assert search(NET, task, n_trials=6, seed=43).trials != one.trials
    assert len({json.dumps(dict(trial.params)) for trial in one.trials}) == 6


def test_the_best_beats_a_bad_default_and_nothing_else(make_series: Maker) -> None:
    task = task_of(told(make_series(feature_names=NET.feature_names)))
    family: ModelFamily = Strict()
    found = search(family, task, n_trials=12, seed=1)
    best = found.best("return")
    assert best is not found.default
    assert best.score < 0.9 * found.default.score  # type: ignore[operator]
    assert best.params["alpha"] < 0.5  # type: ignore[operator]
    same = replace(found, trials=(replace(found.default, params={"alpha": 5.0}, score=found.default.score),))
    assert same.best("return") is found.default, "a tie is no reason to change anything"


def test_blocks_lie_in_the_window_and_follow_their_training_bars(make_series: Maker) -> None:
    task = task_of(make_series(feature_names=NET.feature_names), "5d")
    blocks = purged_blocks(task)
    assert len(blocks) == 4
    seen: list[int] = []
    for cut, origins in blocks:
        assert cut.start == task.start
        assert origins[0] == cut.stop - 1, "the first forecast stands on the last training bar"
        assert origins[-1] + 5 <= task.stop - 1
        assert (np.diff(origins) == 5).all()
        seen += origins.tolist()
    assert len(set(seen)) == len(seen)


def test_nothing_after_the_window_reaches_a_search(make_series: Maker) -> None:
    series = told(make_series(feature_names=NET.feature_names))
    returns, features = series.log_return.copy(), series.features.copy()
    returns[601:], features[601:] = 9.0, -9.0
    changed = replace(series, log_return=returns, features=features)
    assert search(NET, task_of(series), n_trials=3, seed=0) == search(NET, task_of(changed), n_trials=3, seed=0)


def test_spaces_are_data() -> None:
    space = distributions(
        {"a": {"low": 1, "high": 9}, "b": {"low": 0.1, "high": 1.0, "log": True}, "c": {"choices": [1]}}
    )
    assert [type(found).__name__ for found in space.values()] == [
        "IntDistribution", "FloatDistribution", "CategoricalDistribution",
    ]  # fmt: skip
    assert space["b"].log  # type: ignore[attr-defined]
    assert enumerated({"p": {"choices": [1, 2]}, "q": {"choices": [0, 1]}}) == [
        {"p": p, "q": q} for p in (1, 2) for q in (0, 1)
    ]
    assert enumerated({"a": {"low": 0, "high": 1}}) is None


def test_garch_orders_are_tried_one_and_all(make_series: Maker) -> None:
    family = get_family("garch")
    task = replace(task_of(make_series()), variant="garch-normal", stop=901)
    found = search(family, task, n_trials=1, seed=0)
    assert [dict(trial.params) for trial in found.trials] == enumerated(family.search_space)
    assert found.trials[0].score == pytest.approx(found.default.score), "orders (1, 1) are the default"


def test_every_family_that_has_a_space_reads_what_a_search_found(make_series: Maker) -> None:
    family = get_family("ewma")
    task = replace(task_of(make_series()), variant="riskmetrics", tuned={"decay": 0.9})
    (fitted,) = family.fit_many([task])
    assert fitted.params["decay"] == 0.9  # type: ignore[union-attr]


def test_a_family_without_a_space_says_so(make_series: Maker) -> None:
    with pytest.raises(ConfigError, match="baseline has no search space"):
        search(get_family("baseline"), replace(task_of(make_series()), variant="naive"), n_trials=3, seed=0)


def test_a_champion_is_for_later_anchors_only() -> None:
    days = [np.datetime64("2001-01-01") + i for i in range(4)]
    champions = [
        Champion("a", days[1].astype(datetime), {"alpha": 1}),
        Champion("a", days[2].astype(datetime), {}),
        Champion("b", days[0].astype(datetime), {"alpha": 3}),
    ]
    champions = [replace(c, searched_until=datetime.combine(c.searched_until, datetime.min.time())) for c in champions]
    anchors = [day.astype("datetime64[us]") for day in days]
    assert [tuned_at(champions, "a", anchor) for anchor in anchors] == [{}, {"alpha": 1}, {}, {}]


@dataclass
class World:
    store: Lake
    settings: Settings
    make: Maker

    def read(
        self, store: Lake, names: Sequence[str], frequency: str, as_of: datetime, features: Sequence[str]
    ) -> tuple[Mapping[str, Series], Mapping[str, PlatformError]]:
        return {name: told(self.make(name, n_bars=700, feature_names=tuple(features))) for name in names}, {}

    def call(self, action, family: ModelFamily, day: int, **options: object):
        as_of = datetime.fromisoformat("1995-01-03T23:00") + timedelta(days=day)
        return action(
            family, [GridKey("AAA", "1d")], self.store, as_of=as_of, run_id=f"run-{day}", executor=InlineExecutor(1),
            settings=self.settings, read=self.read, **options,
        )  # fmt: skip


def test_the_next_fit_uses_the_champion_and_older_forecasts_stay(
    store: Lake, settings: Settings, make_series: Maker
) -> None:
    with store.transaction("raw_prices", "setup") as tx:
        row = {"instrument": ["AAA"], "calendar": ["24/7"], "valid_from": [datetime.fromisoformat("1995-01-03")]}
        tx.append("market.universe", pl.DataFrame(row))
    family: ModelFamily = Strict(schedule=Schedule(minimum={"*": 400}, window={"*": 252}, every={"*": 100}))
    world = World(store, settings, make_series)
    before = world.call(fit_grid, family, 700)
    assert before.keys[GridKey("AAA", "1d")].n_ok == 3
    assert world.call(tune_grid, family, 700, n_trials=8) == {}
    (row,) = store.query("select * from models.tuned_parameters").to_dicts()
    assert row["is_champion"]
    assert row["score"] < row["default_score"]
    assert (row["sampler"], row["n_trials"], row["producer"], row["run_id"]) == ("tpe", 8, "elastic_net", "run-700")
    assert row["lake_snapshot"] > 0
    assert len(json.loads(row["trials_json"])) == 9
    newest = world.make("AAA", n_bars=700).event_at[600]
    assert row["searched_until"] == newest.item(), "the anchor of the newest model"
    after = world.call(fit_grid, family, 700)
    outcome = after.keys[GridKey("AAA", "1d")]
    assert outcome.status is KeyStatus.OK
    assert (outcome.n_ok, outcome.n_reused) == (1, 2), "models of earlier anchors would know their future"
    alphas = store.query(
        "select train_end, json_extract(params_json, '$.alpha')::double as a, spec_hash from models.ledger"
    )
    changed = alphas.filter(pl.col("a") != 5.0)
    assert changed["train_end"].to_list() == [row["searched_until"]]
    assert alphas["spec_hash"].n_unique() == 2
    (found,) = read_champions(
        store, "elastic_net", [GridKey("AAA", "1d")], datetime.fromisoformat("2100-01-01")
    ).values()
    assert found[0].tuned == json.loads(row["params_json"])
    assert not read_champions(store, "elastic_net", [GridKey("AAA", "1d")], datetime.fromisoformat("1995-06-01"))


def test_a_net_for_all_keys_is_not_searched_by_key(store: Lake, settings: Settings, make_series: Maker) -> None:
    panel: ModelFamily = replace(NET, scope="panel")  # type: ignore[type-var]
    with pytest.raises(ConfigError, match="scope series"):
        World(store, settings, make_series).call(tune_grid, panel, 700, n_trials=2)
