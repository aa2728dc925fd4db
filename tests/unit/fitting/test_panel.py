"""Panel scope: one net per horizon and anchor over the screened universe, whoever was asked for."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from hf_platform.errors import PlatformError
from hf_platform.fitting.executors import InlineExecutor
from hf_platform.fitting.fit_grid import fit_grid
from hf_platform.fitting.outcome import KeyStatus, StageOutcome
from hf_platform.fitting.panel import anchors_between, planner, step_of
from hf_platform.lake import Lake
from hf_platform.models.base import FitTask, OriginSet, Panel, Resources, Schedule, Series
from hf_platform.models.checks import returns_known
from hf_platform.models.neural.panel_family import Net, PanelFamily
from hf_platform.models.neural.quantile_function import from_quantiles
from hf_platform.models.neural.tensors import WEIGHTS_FILE, from_bytes
from hf_platform.settings import Settings
from hf_platform.types import PROBABILITIES, GridKey

Maker = Callable[..., Series]
FIRST_DAY = datetime(1995, 1, 3, 21)  # noqa: DTZ001 - times are naive UTC throughout
SCHEDULE = Schedule(minimum={"*": 200}, window={"*": 300}, every={"*": 126})
TRAINED: list[str] = []


@dataclass(frozen=True, slots=True, kw_only=True)
class Pooled(PanelFamily):
    """The volatility of all members together: as global as a net, and as cheap as a mean."""

    name: str = "pooled"
    kind: str = "return"
    scope: str = "panel"
    description: str = "Pooled volatility, made for a test in 2026."
    variants: tuple[str, ...] = ("default",)
    feature_names: tuple[str, ...] = ()
    schedule: Schedule = SCHEDULE
    resources: Resources = Resources()  # noqa: RUF009 - frozen
    extra: str | None = None
    dependencies: tuple[str, ...] = ()
    search_space: tuple[()] = ()

    def spec(self, variant: str) -> dict[str, object]:
        return {"variant": variant}

    def train(self, panel: Panel, task: FitTask) -> Net | str:
        TRAINED.append(panel.net_id)
        pool = np.concatenate([m.series.log_return[m.start : m.stop] for m in panel.members])
        return Net({}, {"volatility": pool.std(keepdims=True)}, pool.size, 0.0, "cpu")

    def usable_origins(self, fitted, origins: OriginSet):
        return returns_known(fitted.task.start, origins)

    def forecast_group(self, fitted, origins):
        unit = special.ndtri(np.array(PROBABILITIES))
        scale = from_bytes(fitted[0].state[WEIGHTS_FILE])["volatility"]
        return [from_quantiles(np.tile(unit * scale, (asked.indices.size, 1))) for asked in origins]


FAMILY = Pooled()


@dataclass
class World:
    """Instruments that start on different days, in front of a lake."""

    store: Lake
    settings: Settings
    make: Maker
    n_bars: int = 700
    starts: Mapping[str, int] = None  # type: ignore[assignment]
    poison: Callable[[str, Series], Series] = lambda name, series: series

    def __post_init__(self) -> None:
        self.starts = self.starts or {"AAA": 0, "BBB": 37, "CCC": 250}
        with self.store.transaction("raw_prices", "setup") as tx:
            tx.append(
                "market.universe",
                pl.DataFrame({"instrument": list(self.starts)}).with_columns(
                    pl.lit("24/7").alias("calendar"), pl.lit(FIRST_DAY).alias("valid_from")
                ),
            )

    def series(self, name: str) -> Series:
        whole = self.make(name, "1d", self.n_bars)
        first = self.starts[name]
        own = replace(
            whole,
            event_at=whole.event_at[first:],
            known_at=whole.known_at[first:],
            log_return=np.r_[np.nan, whole.log_return[first + 1 :]],
            features=whole.features[first:],
        )
        return self.poison(name, own)

    def read(
        self, store: Lake, instruments: Sequence[str], frequency: str, as_of: datetime, feature_names: Sequence[str]
    ) -> tuple[Mapping[str, Series], Mapping[str, PlatformError]]:
        if frequency != "1d":
            return {}, {}
        return {name: self.series(name) for name in instruments if name in self.starts}, {}

    def run(self, names: Sequence[str] = ("AAA", "BBB", "CCC"), horizons: Sequence[str] = ("1d",)) -> StageOutcome:
        TRAINED.clear()
        return fit_grid(
            FAMILY,  # type: ignore[arg-type]
            [GridKey(name, horizon) for name in names for horizon in horizons],
            self.store,
            as_of=FIRST_DAY + timedelta(days=self.n_bars),
            run_id="test",
            executor=InlineExecutor(1),
            settings=self.settings,
            read=self.read,
        )

    def forecasts(self) -> pl.DataFrame:
        return self.store.query(
            "SELECT model_id, instrument, horizon, forecast_origin, quantiles FROM models.forecasts "
            "ORDER BY instrument, horizon, forecast_origin"
        )


@pytest.fixture
def world(store: Lake, settings: Settings, make_series: Maker) -> World:
    return World(store, settings, make_series)


def test_one_net_per_anchor_serves_every_key_and_covers_each_origin_once(world: World) -> None:
    outcome = world.run(horizons=("1d", "5d"))
    assert outcome.count(KeyStatus.OK) == 6
    ledger = world.store.query("SELECT *, params_json::JSON ->> 'net' AS net FROM models.ledger")
    assert len(TRAINED) == len(set(TRAINED)) == ledger["net"].n_unique()
    assert ledger.group_by("net").agg(pl.col("train_end").n_unique())["train_end"].unique().to_list() == [1]
    step = step_of(SCHEDULE, "1d")
    for end in ledger["train_end"].unique():
        ago = (np.datetime64(end, "us") - np.datetime64("1970-01-01")) % step
        assert ago >= step - np.timedelta64(1, "D")  # the last bar by an anchor of the fixed grid
    daily = world.forecasts().filter(horizon="1d")
    for name in world.starts:
        times = daily.filter(instrument=name)["forecast_origin"].to_list()
        every = world.series(name).event_at.tolist()
        assert times == every[every.index(times[0]) :]
        assert len(every) - len(times) >= 200


def test_keys_asked_for_later_take_the_stored_net(world: World, store: Lake) -> None:
    world.run(["AAA"])
    trained = set(TRAINED)
    assert trained
    outcome = world.run(["BBB", "CCC"])
    assert TRAINED == []
    assert outcome.count(KeyStatus.OK) == 2
    rows = store.query("SELECT instrument, count(*) AS n, min(n_obs) AS n_obs FROM models.ledger GROUP BY ALL")
    assert dict(rows.select("instrument", "n").iter_rows())["BBB"] > 0
    assert rows["n_obs"].min() > 0


def test_who_is_asked_for_changes_no_forecast(
    world: World, settings: Settings, make_series: Maker, tmp_path, lake_template
) -> None:
    import shutil

    world.run(["CCC"])
    home = tmp_path / "other"
    shutil.copytree(lake_template, home / "lake")
    other_store = Lake(Settings(home=home))
    other = World(other_store, Settings(home=home), make_series)
    other.run()
    assert world.forecasts().equals(other.forecasts().filter(instrument="CCC"))
    other_store.close()


def test_a_second_run_finds_everything_done(world: World) -> None:
    world.run()
    before = world.forecasts()
    outcome = world.run()
    assert TRAINED == []
    assert all(key.n_ok == 0 and key.n_reused > 0 for key in outcome.keys.values())
    assert world.forecasts().equals(before)
    world.n_bars += 3
    outcome = world.run()
    assert TRAINED == []
    assert {key.n_rows for key in outcome.keys.values()} == {3}


def test_a_poisoned_series_is_left_out_and_said_so_and_changes_nobody(world: World, make_series: Maker) -> None:
    def poison(name: str, series: Series) -> Series:
        returns = series.log_return.copy()
        if name == "BBB":
            returns[450] = np.nan  # between the last two anchors
        return replace(series, log_return=returns)

    world.poison = poison
    outcome = world.run()
    newest = outcome.keys[GridKey("BBB", "1d")]
    assert newest.status is KeyStatus.FAILED
    assert "left out of the panel" in newest.reason
    assert newest.n_rows > 0, "older anchors still serve it"
    row = world.store.query(
        "SELECT * FROM models.ledger WHERE instrument = 'BBB' AND status <> 'ok' ORDER BY train_end DESC"
    ).row(0, named=True)
    assert (row["status"], row["stage"]) == ("bad_data", "data")
    params = json.loads(
        world.store.query(
            "SELECT params_json FROM models.ledger WHERE instrument = 'AAA' ORDER BY train_end DESC"
        ).item(0, 0)
    )
    assert params["panel"] == 2
    assert "finite" in params["left_out"]["BBB"]
    # The net is that of a universe without the poisoned series.
    clean = planner(
        FAMILY,  # type: ignore[arg-type]
        {name: world.series(name) for name in ("AAA", "CCC")},
        "1d",
        root_seed=world.settings.seed,
        code_version=outcome.code_version,
    )
    models = clean.plan_key(GridKey("AAA", "1d"))
    assert models[-1].task.panel.net_id == params["net"]


def test_too_little_history_is_refused_with_the_count(world: World) -> None:
    world.starts = {"AAA": 0, "BBB": 0, "CCC": 600}
    outcome = world.run()
    failed = outcome.keys[GridKey("CCC", "1d")]
    assert failed.status is KeyStatus.FAILED
    assert "at least 200 returns needed, found 99" in failed.reason


def test_an_error_of_the_net_is_not_tried_again_for_each_key(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def broken(self: Pooled, panel: Panel, task: FitTask) -> Net | str:
        calls.append(panel.net_id)
        raise RuntimeError("out of luck")

    monkeypatch.setattr(Pooled, "train", broken)
    outcome = world.run()
    assert outcome.count(KeyStatus.FAILED) == 3
    assert len(calls) == len(set(calls))
    assert "out of luck" in outcome.keys[GridKey("AAA", "1d")].reason


def test_a_series_that_stopped_trading_keeps_its_older_net(world: World) -> None:
    def stopped(name: str, series: Series) -> Series:
        if name != "AAA":
            return series
        return replace(
            series,
            event_at=series.event_at[:450],
            known_at=series.known_at[:450],
            log_return=series.log_return[:450],
            features=series.features[:450],
        )

    world.poison = stopped
    outcome = world.run()
    assert outcome.keys[GridKey("AAA", "1d")].status is KeyStatus.OK
    left_out = world.store.query(
        "SELECT params_json FROM models.ledger WHERE instrument = 'CCC' ORDER BY train_end DESC"
    ).item(0, 0)
    assert "no bar for more than" in json.loads(left_out)["left_out"]["AAA"]


@given(
    first=st.integers(0, 20_000), days=st.integers(0, 5_000), more=st.integers(0, 3_000), every=st.integers(1, 2_000)
)
def test_anchors_do_not_depend_on_where_one_looks(first: int, days: int, more: int, every: int) -> None:
    schedule = Schedule(minimum={"*": 1}, window={"*": 1}, every={"*": every})
    low = np.datetime64("1960-01-01", "us") + np.timedelta64(first, "D")
    high = low + np.timedelta64(days, "D")
    narrow = anchors_between(schedule, "1d", low, high)
    wide = anchors_between(schedule, "1d", low - np.timedelta64(more, "D"), high + np.timedelta64(more, "D"))
    assert ((narrow >= low) & (narrow <= high)).all()
    assert np.array_equal(narrow, wide[(wide >= low) & (wide <= high)])
    if narrow.size:
        assert narrow[0] - step_of(schedule, "1d") < low
        assert narrow[-1] + step_of(schedule, "1d") > high
