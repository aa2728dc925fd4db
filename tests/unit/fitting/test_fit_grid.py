"""A family over many keys on a real lake: what is written, what is skipped, what fails alone."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest

from hf_platform.errors import PlatformError, StoreError
from hf_platform.fitting.executors import InlineExecutor
from hf_platform.fitting.fit_grid import fit_grid
from hf_platform.fitting.outcome import KeyStatus, StageOutcome
from hf_platform.horizons import Horizon
from hf_platform.lake import Lake
from hf_platform.models import get_family
from hf_platform.models.base import FitFailure, FitTask, Fitted, ModelFamily, OriginSet, Schedule, Series, Status
from hf_platform.models.families.ewma import EwmaFamily
from hf_platform.models.families.lightgbm import LightGbmFamily, LightGbmSpec
from hf_platform.settings import Settings
from hf_platform.types import PROBABILITIES, GridKey

Maker = Callable[..., Series]
EWMA = get_family("ewma")
NAMES = ("AAA", "BBB", "CCC")
FORECASTS = "SELECT * EXCLUDE (created_at, run_id) FROM models.forecasts ORDER BY model_id, forecast_origin"
SMALL_TREES = LightGbmFamily(
    spec_=LightGbmSpec(max_rounds=3),
    variants=("mean",),
    schedule=Schedule(minimum={"*": 300}, window={"*": 250}, every={"*": 50}),
)


def as_of(n_bars: int) -> datetime:
    """The close of the last of `n_bars` daily bars, and a day for it to become known."""
    return datetime.fromisoformat("1995-01-03T21:00") + timedelta(days=n_bars)


@dataclass
class World:
    """Three simulated instruments in front of a lake."""

    store: Lake
    settings: Settings
    make: Maker
    n_bars: int = 420
    poison: Callable[[Series], Series] | None = None
    poisoned: str = "BBB"
    unreadable: str = ""

    def __post_init__(self) -> None:
        with self.store.transaction("raw_prices", "setup") as tx:
            frame = pl.DataFrame({"instrument": NAMES}).with_columns(
                pl.lit("24/7").alias("calendar"), pl.lit(as_of(0)).alias("valid_from")
            )
            tx.append("market.universe", frame)

    def read(
        self, store: Lake, instruments: Sequence[str], frequency: str, as_of: datetime, feature_names: Sequence[str]
    ) -> tuple[Mapping[str, Series], Mapping[str, PlatformError]]:
        if frequency not in ("1d", "1w"):
            return {}, {}
        names = [name for name in instruments if name in NAMES and name != self.unreadable]
        found = {n: self.make(n, frequency, self.n_bars, feature_names=tuple(feature_names)) for n in names}
        if self.poison is not None and self.poisoned in found:
            found[self.poisoned] = self.poison(found[self.poisoned])
        trouble = StoreError("features must stand on the newest bars. Run `hfp materialize feature_matrix` first.")
        return found, {self.unreadable: trouble} if self.unreadable in instruments else {}

    def run(
        self, family: ModelFamily = EWMA, horizons: Sequence[str] = ("1d", "5d"), threads: int = 1, **options: object
    ) -> StageOutcome:
        keys = [GridKey(name, horizon) for name in NAMES for horizon in horizons]
        return fit_grid(
            family,
            keys,
            self.store,
            as_of=as_of(self.n_bars),
            run_id="test",
            executor=InlineExecutor(threads),
            settings=self.settings,
            read=self.read,
            **options,  # type: ignore[arg-type]
        )


@pytest.fixture
def world(store: Lake, settings: Settings, make_series: Maker) -> World:
    return World(store, settings, make_series)


def test_first_run_writes_a_row_per_model_and_per_origin(world: World) -> None:
    outcome = world.run()
    assert outcome.count(KeyStatus.OK) == 6
    ledger = world.store.query("SELECT * FROM models.ledger")
    assert ledger["status"].unique().to_list() == ["ok"]
    assert ledger.height == 6
    assert ledger["model_id"].n_unique() == 6
    row = ledger.filter(instrument="AAA", horizon="5d").row(0, named=True)
    series = world.make("AAA", n_bars=420)
    assert row["train_start"] == series.event_at[1].item()
    assert row["train_end"] == series.event_at[250].item()
    assert row["forecast_origin"] == series.event_at[419].item()
    assert row["n_obs"] == 250
    assert row["producer"] == "ewma"
    forecasts = world.store.query("SELECT * FROM models.forecasts WHERE instrument = 'AAA' ORDER BY forecast_origin")
    daily, weekly = (forecasts.filter(horizon=horizon) for horizon in ("1d", "5d"))
    assert daily["forecast_origin"].to_list() == series.event_at[250:].tolist()
    assert weekly["forecast_origin"].to_list() == series.event_at[[*range(250, 420, 5), 419]].tolist()
    assert daily["known_at"].to_list() == series.known_at[250:].tolist()
    assert daily["target_at"][:-1].to_list() == series.event_at[251:].tolist()
    assert weekly["target_at"][0] == series.event_at[255].item()
    assert weekly["target_at"][-1] > series.event_at[-1].item() + timedelta(days=4)
    assert daily["probabilities"][0].to_list() == list(PROBABILITIES)
    key = outcome.keys[GridKey("AAA", "1d")]
    assert (key.n_ok, key.n_rows, key.n_reused, key.n_failed) == (1, 170, 0, 0)
    assert key.last_origin == series.event_at[419].item()
    assert outcome.snapshot_id == world.store.latest_snapshot()


def test_a_second_run_fits_and_writes_nothing(world: World) -> None:
    world.run()
    before = world.store.latest_snapshot()
    again = world.run()
    assert world.store.latest_snapshot() == before
    assert again.snapshot_id is None
    assert again.count(KeyStatus.OK) == 6
    assert {(key.n_ok, key.n_reused, key.n_rows) for key in again.keys.values()} == {(0, 1, 0)}


@pytest.mark.parametrize("family", [EWMA, SMALL_TREES], ids=lambda family: family.name)
def test_new_bars_add_their_origins_only_and_equal_a_fresh_run(
    world: World, family: ModelFamily, lake_template: object, tmp_path_factory: pytest.TempPathFactory
) -> None:
    world.n_bars = 405
    world.run(family)
    world.n_bars = 420
    outcome = world.run(family)
    daily = outcome.keys[GridKey("AAA", "1d")]
    assert daily.n_rows == 15
    incremental = world.store.query(FORECASTS)
    fresh_settings = Settings(home=tmp_path_factory.mktemp("fresh"))
    fresh_store = Lake(fresh_settings)
    fresh_store.initialise()
    World(fresh_store, fresh_settings, world.make).run(family)
    fresh = fresh_store.query(FORECASTS)
    fresh_store.close()
    # The newest bar of the first night stays as an origin off the 5-day grid.
    extra = incremental.join(fresh, on=["model_id", "forecast_origin"], how="anti")
    assert set(extra["horizon"]) <= {"5d"}
    assert extra["forecast_origin"].unique().to_list() == [world.make("AAA", n_bars=405).event_at[-1].item()]
    kept = incremental.join(extra, on=["model_id", "forecast_origin"], how="anti")
    assert kept.sort("model_id", "forecast_origin").drop("target_at").equals(fresh.drop("target_at"))


def test_a_model_whose_files_are_gone_is_fitted_again(world: World) -> None:
    world.n_bars = 405
    world.run(SMALL_TREES, ["1d"])
    folder = world.settings.model_states / "lightgbm"
    kept = sorted(path.name for path in folder.iterdir())
    assert len(kept) == 3, "files of the newest anchor of each key only"
    for path in folder.rglob("*"):
        if path.is_file():
            path.unlink()
    for path in folder.iterdir():
        path.rmdir()
    world.n_bars = 420
    outcome = world.run(SMALL_TREES, ["1d"])
    assert {key.n_rows for key in outcome.keys.values()} == {15}
    assert sorted(path.name for path in folder.iterdir()) == kept


def nan_at(index: int) -> Callable[[Series], Series]:
    def poison(series: Series) -> Series:
        returns = series.log_return.copy()
        returns[index:] = np.nan
        return replace(series, log_return=returns)

    return poison


def flat(series: Series) -> Series:
    return replace(series, log_return=np.where(np.isnan(series.log_return), np.nan, 0.0))


@pytest.mark.parametrize("poison", [flat, nan_at(1), nan_at(300)], ids=["constant", "all nan", "nan at the end"])
def test_a_poisoned_instrument_fails_alone(world: World, poison: Callable[[Series], Series], tmp_path: object) -> None:
    world.poison = poison
    outcome = world.run(threads=2)
    for key, found in outcome.keys.items():
        if key.instrument == "BBB":
            assert found.status is KeyStatus.FAILED
            assert "bad_data" in str(found.reason)
            assert found.missing == ("riskmetrics",)
        else:
            assert found.status is KeyStatus.OK
    rows = world.store.query("SELECT * FROM models.ledger WHERE status <> 'ok'")
    assert set(rows["instrument"]) == {"BBB"}
    assert rows["reason"].null_count() == rows["input_hash"].null_count() == rows["stage"].null_count() == 0
    with_poison = world.store.query(FORECASTS).filter(pl.col("instrument") != "BBB")
    world.poison = None
    world.run()
    clean = world.store.query(FORECASTS).filter(pl.col("instrument") != "BBB")
    assert with_poison.equals(clean)


def test_origins_before_a_gap_are_kept(world: World) -> None:
    world.poison = nan_at(300)
    world.run(horizons=["1d"])
    stored = world.store.query("SELECT * FROM models.forecasts WHERE instrument = 'BBB'")
    assert stored.height == 50
    row = world.store.query("SELECT * FROM models.failed_models").row(0, named=True)
    assert (row["stage"], row["status"]) == ("forecast", "bad_data")
    assert "120 of 170 origins" in row["reason"]


def test_a_stored_failure_is_reported_but_not_retried(world: World) -> None:
    world.poison = flat
    world.run(horizons=["1d"])
    before = world.store.latest_snapshot()
    again = world.run(horizons=["1d"])
    found = again.keys[GridKey("BBB", "1d")]
    assert found.status is KeyStatus.FAILED
    assert "must vary" in str(found.reason)
    assert found.n_failed == 1
    assert world.store.latest_snapshot() == before


@dataclass(frozen=True, slots=True, kw_only=True)
class Moody(EwmaFamily):
    """Fails for one instrument while it is in a mood."""

    mood: dict[str, bool]

    def fit_many(self, batch: Sequence[FitTask]) -> list[Fitted | FitFailure]:
        if self.mood["bad"] and any(task.key.instrument == "BBB" for task in batch):
            raise MemoryError("out of luck")
        return EwmaFamily.fit_many(self, batch)


def test_a_retry_fits_only_what_failed(world: World) -> None:
    family = Moody(mood={"bad": True})
    first = world.run(family, ["1d"])
    assert first.keys[GridKey("BBB", "1d")].reason == "riskmetrics: error: MemoryError: out of luck"
    family.mood["bad"] = False
    assert world.run(family, ["1d"]).keys[GridKey("BBB", "1d")].status is KeyStatus.FAILED
    retried = world.run(family, ["1d"], retry_failed=True)
    assert retried.count(KeyStatus.OK) == 3
    assert {key.instrument: outcome.n_ok for key, outcome in retried.keys.items()} == {"AAA": 0, "BBB": 1, "CCC": 0}
    assert world.run(family, ["1d"]).count(KeyStatus.OK) == 3
    assert world.store.query("FROM models.failed_models").height == 0


def test_failed_models_lists_what_is_wrong_tonight_and_only_that(world: World) -> None:
    listed = "SELECT instrument, reason FROM models.failed_models"
    assert world.run(horizons=["1d"]).count(KeyStatus.OK) == 3
    assert world.store.query(listed).height == 0
    world.n_bars, world.unreadable = 425, "AAA"
    world.run(horizons=["1d"])
    assert world.store.query(listed)["instrument"].to_list() == ["AAA"]
    world.n_bars, world.unreadable = 430, ""
    world.run(horizons=["1d"])
    assert world.store.query(listed).height == 0
    world.n_bars, world.poison = 435, nan_at(432)
    world.run(horizons=["1d"])
    assert world.store.query(listed)["instrument"].to_list() == ["BBB"]


def test_a_failure_of_an_old_anchor_is_no_failure_tonight(world: World) -> None:
    @dataclass(frozen=True, slots=True, kw_only=True)
    class Rough(EwmaFamily):
        def fit_many(self, batch: Sequence[FitTask]) -> list[Fitted | FitFailure]:
            return [
                FitFailure(task, Status.NOT_CONVERGED, "fit", "rough start") if task.stop < 400 else fit
                for task, fit in zip(batch, EwmaFamily.fit_many(self, batch), strict=True)
            ]

    schedule = Schedule(minimum={"*": 300}, window={"*": 300}, every={"*": 100})
    outcome = world.run(Rough(schedule=schedule), ["1d"])
    found = outcome.keys[GridKey("AAA", "1d")]
    assert (found.status, found.n_ok, found.n_failed, found.reason) == (KeyStatus.OK, 1, 1, None)
    assert world.store.query("FROM models.failed_models").height == 0


def test_keys_without_a_model_say_why(world: World) -> None:
    world.n_bars = 200
    outcome = world.run(horizons=["1d", "1min", "1mo"])
    short, intraday, absent = (outcome.keys[GridKey("AAA", horizon)] for horizon in ("1d", "1min", "1mo"))
    assert short.status is KeyStatus.FAILED
    assert "at least 250 returns needed, found 199" in str(short.reason)
    assert (intraday.status, intraday.reason) == (KeyStatus.SKIPPED, "AAA has no bars at 1min")
    assert absent.status is KeyStatus.FAILED
    assert "found none" in str(absent.reason)
    rows = world.store.query("SELECT * FROM models.ledger WHERE instrument = 'AAA' ORDER BY horizon")
    assert rows["status"].to_list() == ["bad_data", "skipped", "bad_data"]
    assert rows["variant"].unique().to_list() == ["riskmetrics"]
    before = world.store.latest_snapshot()
    world.run(horizons=["1d", "1min", "1mo"])
    assert world.store.latest_snapshot() == before


def test_an_instrument_that_cannot_be_read_fails_alone(world: World) -> None:
    world.unreadable = "AAA"
    outcome = world.run(horizons=["1d"])
    assert "feature_matrix" in str(outcome.keys[GridKey("AAA", "1d")].reason)
    assert outcome.count(KeyStatus.OK) == 2


def test_an_instrument_outside_the_universe_has_no_calendar(world: World) -> None:
    with world.store.transaction("raw_prices", "setup") as tx:
        tx.delete("market.universe", instrument=["CCC"])
    outcome = world.run(horizons=["1d"])
    assert outcome.count(KeyStatus.FAILED) == 1
    assert "calendar" in str(outcome.keys[GridKey("CCC", "1d")].reason)


def test_a_restatement_adds_a_vintage_and_keeps_the_old_one(world: World) -> None:
    world.run(horizons=["1d"])
    arrival = np.datetime64(as_of(420), "us") - np.timedelta64(1, "m")

    def restate(series: Series) -> Series:
        returns, known = series.log_return.copy(), series.known_at.copy()
        returns[400] += 0.01
        known[400:] = arrival
        return replace(series, log_return=returns, known_at=known)

    world.poison = restate
    outcome = world.run(horizons=["1d"])
    assert outcome.keys[GridKey("BBB", "1d")].n_ok == 1
    vintages = (
        world.store.query(
            "SELECT forecast_origin, volatility FROM models.forecasts WHERE instrument = 'BBB' "
            "ORDER BY known_at, forecast_origin"
        )
        .group_by("forecast_origin", maintain_order=True)
        .agg("volatility")
    )
    before, after = vintages["volatility"].list.get(0), vintages["volatility"].list.get(1)
    assert (before.len(), after.null_count()) == (170, 0)
    assert (before[:150] == after[:150]).all()
    assert (before[150:] != after[150:]).all()


def test_a_run_of_the_past_forecasts_its_own_newest_bar(world: World) -> None:
    world.run(horizons=["5d"])
    world.n_bars = 413
    outcome = world.run(horizons=["5d"])
    assert {key.n_rows for key in outcome.keys.values()} == {1}
    assert outcome.count(KeyStatus.OK) == 3


def test_rows_do_not_depend_on_threads_chunks_or_commits(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    from hf_platform.fitting import executors
    from hf_platform.fitting import fit_grid as module

    family = get_family("garch")
    short = replace(family, schedule=Schedule(minimum={"*": 300}, window={"*": 300}, every={"*": 60}))  # type: ignore[type-var]
    world.run(short, threads=2)
    expected = world.store.query(FORECASTS)
    other_settings = Settings(home=tmp_path_factory.mktemp("other"))
    other = Lake(other_settings)
    other.initialise()
    monkeypatch.setattr(executors, "MODELS_PER_CHUNK", 1)
    monkeypatch.setattr(module, "ROWS_PER_COMMIT", 10)
    monkeypatch.setattr(module, "KEYS_PER_BATCH", 2)
    calls: list[tuple[int, int]] = []
    World(other, other_settings, world.make).run(short, progress=lambda done, total: calls.append((done, total)))
    assert other.query(FORECASTS).equals(expected)
    other.close()
    assert calls == [(2, 6), (4, 6), (6, 6)]


def test_refitting_at_every_bar_equals_a_fit_at_each_origin(world: World) -> None:
    garch = get_family("garch")
    schedule = Schedule(minimum={"*": 412}, window={"*": 300}, every={"*": 1})
    family = replace(garch, schedule=schedule, variants=("gjr-normal",))  # type: ignore[type-var]
    world.run(family, ["1d"])
    stored = world.store.query(
        "SELECT quantiles FROM models.forecasts WHERE instrument = 'AAA' ORDER BY forecast_origin"
    )["quantiles"]
    series = world.make("AAA", n_bars=420)
    for row, origin in enumerate(range(412, 420)):
        key, horizon = GridKey("AAA", "1d"), Horizon.parse("1d")
        task = FitTask("id", key, horizon, "gjr-normal", series, origin - 299, origin + 1, 0)
        (found,) = garch.forecast_many(garch.fit_many([task]), [OriginSet(series, np.array([origin]))])  # type: ignore[arg-type]
        assert stored[row].to_list() == found.quantiles[0].tolist()  # type: ignore[union-attr]


def test_a_fit_that_did_not_converge_has_a_row_and_no_forecast(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    @dataclass(frozen=True, slots=True, kw_only=True)
    class Stuck(EwmaFamily):
        def fit_many(self, batch: Sequence[FitTask]) -> list[Fitted | FitFailure]:
            fits = EwmaFamily.fit_many(self, batch)
            return [
                replace(fit, status=Status.NOT_CONVERGED, reason="still moving", params={})
                if isinstance(fit, Fitted) and fit.task.key.instrument == "BBB"
                else fit
                for fit in fits
            ]

    outcome = world.run(Stuck(), ["1d"])
    assert outcome.keys[GridKey("BBB", "1d")].reason == "riskmetrics: not_converged: still moving"
    rows = world.store.query("SELECT * FROM models.ledger WHERE instrument = 'BBB'")
    assert rows["status"].to_list() == ["not_converged"]
    assert world.store.query("SELECT count(*) FROM models.forecasts WHERE instrument = 'BBB'").item() == 0
