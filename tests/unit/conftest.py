"""A lake of simulated prices whose true forecast distribution is known."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy import stats

from hf_platform.backtest import forecast_backtest, model_comparison, strategy_backtest, var_backtest
from hf_platform.fitting.outcome import StageOutcome
from hf_platform.horizons import Horizon
from hf_platform.lake import Lake
from hf_platform.reports import backtest_report
from hf_platform.risk import value_at_risk
from hf_platform.settings import Settings
from hf_platform.types import PROBABILITIES, GridKey

FREEDOM = 6.0  # of the Student t innovations
_ROWS = {"1d": 1, "1w": 5, "1mo": 21}  # days to a bar
GRID = np.array(PROBABILITIES)


@dataclass(frozen=True)
class World:
    """What was written, and the knowledge cutoff that sees all of it."""

    as_of: datetime
    n_bars: int
    returns: dict[str, np.ndarray]


def _unit_quantiles() -> tuple[np.ndarray, np.ndarray]:
    """Quantiles and tail means of a Student t with unit variance on the platform's grid."""
    scale = np.sqrt((FREEDOM - 2) / FREEDOM)
    q = stats.t.ppf(GRID, FREEDOM)
    lower = -stats.t.pdf(q, FREEDOM) * (FREEDOM + q**2) / (FREEDOM - 1)
    means = np.where(GRID <= 0.5, lower / GRID, -lower / (1 - GRID))
    return scale * q, scale * means


def _forecasts(kind: str, key: tuple[str, str], times: pl.Series, sigma: np.ndarray, n_bars: int) -> pl.DataFrame:
    instrument, horizon = key
    rows = np.r_[np.arange(0, sigma.size, n_bars), sigma.size - 1]
    rows = np.unique(rows)
    total = sigma[rows] * np.sqrt(n_bars)
    quantiles, means = _unit_quantiles()
    origin = times.gather(rows)
    frame = pl.DataFrame(
        {
            "forecast_origin": origin,
            "target_at": origin + timedelta(days=n_bars),
            "known_at": origin,
            "mean": np.zeros(rows.size),
            "volatility": total,
            "quantiles": total[:, None] * quantiles,
            "tail_means": total[:, None] * means,
        }
    ).with_columns(
        instrument=pl.lit(instrument),
        horizon=pl.lit(horizon),
        created_at=pl.col("forecast_origin"),
        probabilities=pl.lit(list(PROBABILITIES)),
        quantiles=pl.col("quantiles").cast(pl.List(pl.Float64)),
        tail_means=pl.col("tail_means").cast(pl.List(pl.Float64)),
    )
    if kind == "ewma":
        return frame.with_columns(
            family=pl.lit("ewma"), variant=pl.lit("riskmetrics"), model_id=pl.lit(f"ewma-{instrument}-{horizon}")
        )
    return frame.with_columns(
        name=pl.lit("volatility_ensemble"),
        forecast_id=pl.lit(f"ens-{instrument}-{horizon}-") + pl.col("forecast_origin").dt.epoch("us").cast(pl.String),
        member_model_ids=pl.lit([f"garch-t-{instrument}-{horizon}", f"gjr-t-{instrument}-{horizon}"]),
        missing_members=pl.lit(["garch/egarch-t"] if horizon == "5d" else [], dtype=pl.List(pl.String)),
    )


def build_world(
    store: Lake,
    *,
    instruments: tuple[str, ...] = ("AAA",),
    horizons: tuple[str, ...] = ("1d",),
    n_bars: int = 1500,
    ensemble_factor: float = 1.0,
    seed: int = 7,
) -> World:
    """Write bars, EWMA and ensemble forecasts; `ensemble_factor` below 1 understates risk."""
    rng = np.random.default_rng(seed)
    start = datetime(2000, 1, 3, 21)  # noqa: DTZ001 - times are naive UTC throughout
    times = pl.datetime_range(start, start + timedelta(days=n_bars - 1), "1d", eager=True, time_unit="us")
    sigma = 0.01 * np.exp(0.5 * np.sin(np.arange(n_bars) / 60.0))  # known at the origin, for the next bar
    returns = {}
    bars, models, ensembles, weights = [], [], [], []
    for instrument in instruments:
        shocks = stats.t.rvs(FREEDOM, size=n_bars, random_state=rng) * np.sqrt((FREEDOM - 2) / FREEDOM)
        log_return = np.r_[0.0, sigma[:-1] * shocks[1:]]
        returns[instrument] = log_return
        prices = 100 * np.exp(np.cumsum(log_return))
        bars.extend(
            pl.DataFrame({"event_at": times, "close": prices})[_ROWS[frequency] - 1 :: _ROWS[frequency]].with_columns(
                instrument=pl.lit(instrument),
                frequency=pl.lit(frequency),
                known_at=pl.col("event_at"),
                ingested_at=pl.col("event_at"),
                source=pl.lit("simulated"),
                flags=pl.lit([], dtype=pl.List(pl.String)),
            )
            for frequency in sorted({Horizon.parse(name).frequency for name in horizons})
        )
        for name in horizons:
            horizon = Horizon.parse(name)
            every = _ROWS[horizon.frequency]
            scale = sigma[every - 1 :: every] * np.sqrt(every)
            models.append(
                _forecasts("ewma", (instrument, name), times[every - 1 :: every], 1.05 * scale, horizon.n_bars)
            )
            made = _forecasts(
                "ensemble", (instrument, name), times[every - 1 :: every], ensemble_factor * scale, horizon.n_bars
            )
            ensembles.append(made)
            for member, weight in (("garch/garch-t", 0.4), ("garch/gjr-t", 0.6)):
                weights.append(
                    made.select(
                        "name", "instrument", "horizon", "forecast_origin", "known_at", "created_at"
                    ).with_columns(member=pl.lit(member), weight=pl.lit(weight), criterion=pl.lit("aic"))
                )
    with store.transaction(producer="world", run_id="world") as tx:
        tx.append("market.bars", pl.concat(bars))
        tx.append("models.forecasts", pl.concat(models))
        tx.append("ensembles.forecasts", pl.concat(ensembles))
        tx.append("ensembles.weights", pl.concat(weights))
    return World(times[-1], n_bars, returns)


@pytest.fixture
def world_of(store: Lake) -> Callable[..., World]:
    """Write a simulated world into the test's lake."""

    def build(**options: object) -> World:
        return build_world(store, **options)

    return build


@dataclass(frozen=True)
class Backtested:
    """A lake with three horizons of one instrument, estimated, backtested and reported; for reading only."""

    store: Lake
    settings: Settings
    world: World
    keys: tuple[GridKey, ...]
    outcomes: dict[str, StageOutcome]


@pytest.fixture(scope="session")
def backtested(tmp_path_factory: pytest.TempPathFactory, lake_template: Path) -> Iterator[Backtested]:
    """Run the risk stages once for every test that only looks at what they wrote."""
    home = tmp_path_factory.mktemp("backtested")
    shutil.copytree(lake_template, home / "lake")
    settings = Settings(home=home)
    store = Lake(settings)
    world = build_world(store, horizons=("1d", "5d", "1mo"), n_bars=1301)
    keys = tuple(GridKey("AAA", name) for name in ("1d", "5d", "1mo"))
    options = {"as_of": world.as_of, "run_id": "run-1"}
    outcomes = {
        "value_at_risk": value_at_risk.estimate(store, keys, **options),
        "var_backtest": var_backtest.backtest(store, keys, **options),
        "forecast_backtest": forecast_backtest.backtest(store, keys, **options),
        "model_comparison": model_comparison.backtest(store, keys, **options),
        "strategy_backtest": strategy_backtest.backtest(store, keys, **options),
        "backtest_report": backtest_report.write(store, keys, settings, **options),
    }
    yield Backtested(store, settings, world, keys, outcomes)
    store.close()
