"""Both ensembles on a real lake: what is combined, what is skipped, what is said of missing members."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import ModuleType

import numpy as np
import polars as pl
import pytest
from scipy import stats

from hf_platform.ensembles import return_ensemble, stage, volatility_ensemble
from hf_platform.ensembles.calibration import CalibrationSpec
from hf_platform.ensembles.combination import COMBINATIONS
from hf_platform.ensembles.intervals import IntervalSpec
from hf_platform.ensembles.stacking import StackingSpec
from hf_platform.errors import PlatformError
from hf_platform.fitting.executors import InlineExecutor
from hf_platform.fitting.fit_grid import fit_grid
from hf_platform.fitting.outcome import KeyStatus, StageOutcome
from hf_platform.lake import Lake
from hf_platform.models import get_family
from hf_platform.models.base import ModelFamily, Schedule, Series
from hf_platform.risk.filtered_historical import TailSpec
from hf_platform.settings import Settings
from hf_platform.types import PROBABILITIES, GridKey

Maker = Callable[..., Series]
QUICK = Schedule(minimum={"*": 300}, window={"*": 300}, every={"*": 100})
GARCH: ModelFamily = replace(get_family("garch"), schedule=QUICK, variants=("garch-normal", "garch-t"))  # type: ignore[type-var]
EWMA = get_family("ewma")
NET = get_family("elastic_net")
TREES: ModelFamily = replace(get_family("lightgbm"), schedule=replace(QUICK, minimum={"*": 360}))  # type: ignore[type-var]


def as_of(n_bars: int) -> datetime:
    return datetime.fromisoformat("1995-01-03T21:00") + timedelta(days=n_bars)


@dataclass
class World:
    """Two instruments, families fitted on demand, then combined."""

    store: Lake
    settings: Settings
    make: Maker
    n_bars: int = 420
    broken: str = ""

    def __post_init__(self) -> None:
        with self.store.transaction("raw_prices", "setup") as tx:
            frame = pl.DataFrame({"instrument": ["AAA", "BBB"], "calendar": ["24/7"] * 2, "valid_from": [as_of(0)] * 2})
            tx.append("market.universe", frame)

    def read(
        self, store: Lake, instruments: Sequence[str], frequency: str, as_of: datetime, feature_names: Sequence[str]
    ) -> tuple[Mapping[str, Series], Mapping[str, PlatformError]]:
        found = {name: self.make(name, "1d", self.n_bars, feature_names=tuple(feature_names)) for name in instruments}
        if self.broken in found:
            series = found[self.broken]
            found[self.broken] = replace(series, log_return=np.zeros(len(series)))
        return found, {}

    def keys(self) -> list[GridKey]:
        return [GridKey(name, horizon) for name in ("AAA", "BBB") for horizon in ("1d", "5d")]

    def fit(self, *families: ModelFamily, only: str = "") -> None:
        for family in families:
            fit_grid(
                family,
                [key for key in self.keys() if only in key.instrument],
                self.store,
                as_of=as_of(self.n_bars),
                run_id="fit",
                executor=InlineExecutor(1),
                settings=self.settings,
                read=self.read,
            )

    def combine(self, ensemble: ModuleType = volatility_ensemble) -> StageOutcome:
        return ensemble.combine(self.store, self.keys(), as_of=as_of(self.n_bars), run_id="c", read=self.read)

    def rows(self) -> pl.DataFrame:
        return self.store.query(
            "SELECT * EXCLUDE (created_at) FROM ensembles.forecasts "
            "ORDER BY name, instrument, horizon, forecast_origin, forecast_id"
        )


@pytest.fixture
def world(store: Lake, settings: Settings, make_series: Maker, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(stage, "FAMILIES", (EWMA, GARCH, NET, TREES))
    return World(store, settings, make_series)


def test_the_volatility_ensemble_from_the_stored_rows_by_hand(world: World) -> None:
    world.fit(EWMA, GARCH)
    outcome = world.combine()
    assert outcome.count(KeyStatus.OK) == 4
    assert {found.missing for found in outcome.keys.values()} == {()}
    origin = world.make("AAA", n_bars=420).event_at[400].item()
    at = {"origin": origin}
    where = "WHERE instrument = 'AAA' AND horizon = '1d' AND forecast_origin = $origin"
    members = world.store.query(
        "SELECT f.*, l.aic FROM models.forecasts f JOIN models.ledger l USING (model_id) "
        "WHERE f.instrument = 'AAA' AND f.horizon = '1d' AND f.forecast_origin = $origin ORDER BY f.family, f.variant",
        at,
    )
    weights = world.store.query(f"SELECT * FROM ensembles.weights {where} ORDER BY member", at)
    combined = world.store.query(f"SELECT * FROM ensembles.forecasts {where}", at).row(0, named=True)
    assert weights["member"].to_list() == ["ewma/riskmetrics", "garch/garch-normal", "garch/garch-t"]
    w = weights["weight"].to_numpy()
    assert w.sum() == pytest.approx(1.0)
    every = dict(zip(COMBINATIONS, combined["combination_volatilities"], strict=True))
    assert combined["volatility"] == pytest.approx(np.sqrt(w @ members["volatility"].to_numpy() ** 2))
    assert combined["volatility"] == every[combined["combination"]]
    assert every["equal"] == pytest.approx(np.sqrt(np.mean(members["volatility"].to_numpy() ** 2)))
    aic = members["aic"].to_numpy()[1:]
    assert not np.isnan(aic).any()
    relative = members["volatility"].to_numpy() / combined["volatility"]
    assert combined["agreement"] == pytest.approx(1 / (1 + np.std(relative)))
    # The tails by counting: what followed the 150 forecasts before, and a t that counts 250.
    returns = world.make("AAA", n_bars=420).log_return
    past = world.rows().filter(instrument="AAA", horizon="1d").filter(pl.col("forecast_origin") < origin)
    assert past.height == 150
    z = (returns[251:401] - past["mean"].to_numpy()) / past["volatility"].to_numpy()
    points = (np.array(combined["quantiles"]) - combined["mean"]) / combined["volatility"]
    below = (z[:, None] <= points + 1e-12).sum(axis=0) + 250 * stats.t.cdf(points / np.sqrt(0.6), 5)
    strictly = (z[:, None] < points - 1e-12).sum(axis=0) + 250 * stats.t.cdf(points / np.sqrt(0.6), 5)
    wanted = 400 * np.array(PROBABILITIES)
    assert (below >= wanted - 1e-6).all()
    assert (strictly <= wanted + 1e-6).all()
    assert combined["interval_lower"] < combined["mean"] < combined["interval_upper"]
    assert combined["member_model_ids"] == members["model_id"].to_list()
    assert combined["missing_members"] == []
    assert combined["probabilities"] == list(PROBABILITIES)
    assert combined["known_at"] == members["known_at"][0]
    assert combined["target_at"] == members["target_at"][0]


def test_before_garch_begins_ewma_stands_alone_and_the_missing_are_named(world: World) -> None:
    world.fit(EWMA, GARCH)
    world.combine()
    first = world.rows().filter(instrument="AAA", horizon="1d").row(0, named=True)
    assert first["forecast_origin"] == world.make("AAA").event_at[250].item()
    assert first["missing_members"] == ["garch/garch-normal", "garch/garch-t"]
    assert len(first["member_model_ids"]) == 1


def test_a_second_run_combines_nothing(world: World) -> None:
    world.fit(EWMA)
    first = world.combine()
    before = world.store.latest_snapshot()
    again = world.combine()
    assert world.store.latest_snapshot() == before
    assert again.count(KeyStatus.OK) == 4
    key = GridKey("AAA", "1d")
    assert (first.keys[key].n_ok, again.keys[key].n_ok, again.keys[key].n_reused) == (170, 0, 170)
    assert again.keys[key].missing == first.keys[key].missing == ("garch/garch-normal", "garch/garch-t")
    assert again.keys[key].data_version == first.keys[key].data_version


@pytest.mark.parametrize("ensemble", [volatility_ensemble, return_ensemble], ids=lambda module: module.NAME)
def test_night_by_night_equals_all_at_once(
    world: World, ensemble: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    # A short window, so that the nightly run does not read all history.
    stacking = StackingSpec(window=24, minimum=8, every=5)
    short = replace(ensemble.SPEC, window=30, minimum=5, recent=8, recent_minimum=3, stacking=stacking)
    short = replace(short, choice=20, choice_minimum=5)
    monkeypatch.setattr(stage, "_HOW", CalibrationSpec(tails=TailSpec(window=25), interval=IntervalSpec(window=35)))
    monkeypatch.setattr(ensemble, "SPEC", short)
    families = (EWMA, GARCH) if ensemble is volatility_ensemble else (NET, TREES)
    for n_bars in (405, 410, 420):
        world.n_bars = n_bars
        world.fit(*families)
        outcome = world.combine(ensemble)
    assert outcome.keys[GridKey("AAA", "1d")].n_ok == 10
    settings = Settings(home=tmp_path_factory.mktemp("fresh"))
    store = Lake(settings)
    store.initialise()
    fresh = World(store, settings, world.make)
    fresh.fit(*families)
    fresh.combine(ensemble)
    shown = [column for column in fresh.rows().columns if column != "target_at"]
    kept = world.rows().join(fresh.rows(), on="forecast_id", how="semi")
    assert kept.select(shown).equals(fresh.rows().select(shown))
    store.close()


def test_a_member_that_arrives_late_makes_new_rows_beside_the_old(world: World) -> None:
    world.fit(EWMA)
    world.combine()
    world.fit(GARCH)
    outcome = world.combine()
    key = GridKey("AAA", "1d")
    assert outcome.keys[key].n_ok == 120  # origins 300 to 419
    assert outcome.keys[key].missing == ()
    newest = (
        world.rows()
        .filter(instrument="AAA", horizon="1d")
        .filter(forecast_origin=world.make("AAA", n_bars=420).event_at[419].item())
    )
    assert sorted(newest["missing_members"].list.len().to_list()) == [0, 2]


def test_a_key_whose_members_all_failed_says_why_and_harms_nobody(world: World) -> None:
    world.broken = "BBB"
    world.fit(EWMA, GARCH)
    outcome = world.combine()
    failed = outcome.keys[GridKey("BBB", "1d")]
    assert failed.status is KeyStatus.FAILED
    assert "ewma/riskmetrics" in str(failed.reason)
    assert "must vary" in str(failed.reason)
    with_broken = world.rows()
    assert set(with_broken["instrument"]) == {"AAA"}
    never = return_ensemble.combine(world.store, world.keys(), as_of=as_of(420), run_id="c", read=world.read)
    assert never.count(KeyStatus.FAILED) == 4
    assert "fit its families first" in str(never.keys[GridKey("AAA", "1d")].reason)


def test_a_key_without_the_newest_bar_is_failed_but_keeps_its_history(world: World) -> None:
    world.n_bars = 410
    world.fit(EWMA)
    world.n_bars = 420
    world.fit(EWMA, only="AAA")
    outcome = world.combine()
    behind = outcome.keys[GridKey("BBB", "1d")]
    assert behind.status is KeyStatus.FAILED
    assert behind.n_ok == 160
    assert behind.last_origin == world.make("BBB", n_bars=410).event_at[-1].item()
    assert outcome.keys[GridKey("AAA", "1d")].status is KeyStatus.OK


def test_nothing_known_after_as_of_is_combined(world: World) -> None:
    world.fit(EWMA)
    world.n_bars = 400
    outcome = world.combine()
    rows = world.rows()
    assert outcome.count(KeyStatus.OK) == 2, "the 1d keys; bar 399 is on no 5-day origin that was forecast"
    assert rows["known_at"].max() <= as_of(400)


def test_the_return_ensemble_weighs_by_past_squared_errors(world: World) -> None:
    world.fit(NET, TREES)
    outcome = world.combine(return_ensemble)
    assert outcome.count(KeyStatus.OK) == 4
    weights = world.store.query(
        "SELECT member, criterion, weight FROM ensembles.weights WHERE instrument = 'AAA' AND horizon = '1d' "
        "ORDER BY forecast_origin, member"
    )
    assert weights["member"].unique().sort().to_list() == ["elastic_net/default", "lightgbm/mean", "lightgbm/quantile"]
    known = {"equal", "inverse squared error", "recent squared error", "stacking"}
    assert {"equal", "recent squared error"} <= set(weights["criterion"]) <= known
    last = weights.tail(3)["weight"].to_list()
    assert sum(last) == pytest.approx(1.0)
    assert len(set(last)) > 1
