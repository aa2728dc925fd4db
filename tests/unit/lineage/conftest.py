"""A small chain from bars to VaR in a lake, stage by stage, without dbt and without the graph."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from hf_platform.backtest import var_backtest
from hf_platform.ensembles import volatility_ensemble
from hf_platform.fitting.executors import InlineExecutor
from hf_platform.fitting.fit_grid import fit_grid
from hf_platform.fitting.outcome import StageOutcome
from hf_platform.lake import Lake
from hf_platform.lineage.code import record
from hf_platform.models import get_family
from hf_platform.risk import value_at_risk
from hf_platform.settings import Settings
from hf_platform.types import GridKey

START = datetime(2000, 1, 3, 21)  # noqa: DTZ001 - times are naive UTC throughout
HORIZONS = ("1d", "5d")
FAMILIES = ("ewma", "garch")
# What dbt makes of bars without actions or flags, for families that read returns only.
_MATRIX = """
CREATE OR REPLACE TABLE features.feature_matrix AS
WITH visible AS (
    SELECT * FROM market.bars
    QUALIFY row_number() OVER (
        PARTITION BY instrument, frequency, event_at ORDER BY known_at DESC, ingested_at DESC) = 1
)
SELECT instrument, frequency, event_at,
       max(known_at) OVER (PARTITION BY instrument, frequency ORDER BY event_at ROWS UNBOUNDED PRECEDING) AS known_at,
       close, 1.0::DOUBLE AS adjustment,
       ln(close / lag(close) OVER (PARTITION BY instrument, frequency ORDER BY event_at)) AS log_return,
       'feature_matrix' AS producer, 'features' AS run_id
FROM visible ORDER BY instrument, frequency, event_at
"""


@dataclass
class Chain:
    """A lake and the stages that fill it, each as the graph would call it."""

    store: Lake

    @property
    def settings(self) -> Settings:
        return self.store.settings

    @property
    def as_of(self) -> datetime:
        return self.store.query("SELECT max(known_at) AS t FROM market.bars")["t"][0]

    def keys(self, *instruments: str) -> list[GridKey]:
        return [GridKey(name, horizon) for name in instruments for horizon in HORIZONS]

    def add(self, instrument: str, n_bars: int, *, seed: int, first: int = 0) -> None:
        """Append bars number `first` to `n_bars` of a random walk; more bars go on where fewer ended."""
        rng = np.random.default_rng([seed, *instrument.encode()])
        close = 100 * np.exp(np.cumsum(rng.standard_t(5, 4_000) * 0.01))[first:n_bars]
        event_at = [START + timedelta(days=day) for day in range(first, n_bars)]
        self.put(pl.DataFrame({"event_at": event_at, "close": close}).with_columns(instrument=pl.lit(instrument)))

    def restate(self, instrument: str, bar: int, factor: float, *, late_by: int = 1) -> None:
        """Correct one close; the correction arrives some hours after everything that is stored."""
        moment = START + timedelta(days=bar)
        old = self.store.query(
            "SELECT arg_max(close, known_at) AS c FROM market.bars WHERE instrument = ? AND event_at = ?",
            [instrument, moment],
        )["c"][0]
        arrived = self.as_of + timedelta(hours=late_by)
        frame = pl.DataFrame({"event_at": [moment], "close": [old * factor], "known_at": [arrived]})
        self.put(frame.with_columns(instrument=pl.lit(instrument)))

    def put(self, frame: pl.DataFrame) -> None:
        """Write bars and, as `raw_prices` would, the prices behind them and the universe; rebuild the matrix."""
        if "known_at" not in frame.columns:
            frame = frame.with_columns(known_at=pl.col("event_at") + timedelta(minutes=30))
        raw = frame.with_columns(
            pl.col("event_at", "known_at").cast(pl.Datetime("us")),
            frequency=pl.lit("1d"),
            ingested_at=pl.col("known_at").cast(pl.Datetime("us")),
            source=pl.lit("simulated"),
        )
        member = raw.select("instrument", calendar=pl.lit("24/7"), valid_from=pl.lit(START)).unique()
        with self.store.transaction("raw_prices", "load") as tx:
            tx.append("market.raw_prices", raw)
            tx.append("market.universe", member)
        with self.store.transaction("bars", "load") as tx:
            tx.append("market.bars", raw.with_columns(flags=pl.lit([], dtype=pl.List(pl.String))))
        with self.store.writing("feature_matrix", "features") as con:
            con.execute("BEGIN")
            con.execute(_MATRIX)
            con.execute("CALL ducklake_set_commit_message('lake', 'feature_matrix', 'features')")
            con.execute("COMMIT")

    def fit(self, family: str, keys: Sequence[GridKey], run_id: str = "fit") -> StageOutcome:
        return fit_grid(
            get_family(family),
            keys,
            self.store,
            as_of=self.as_of,
            run_id=run_id,
            executor=InlineExecutor(1),
            settings=self.settings,
        )

    def run(self, *instruments: str, run_id: str = "night") -> None:
        """Run the model grid over all keys of some instruments."""
        keys = self.keys(*instruments)
        record(self.store, (*FAMILIES, "volatility_ensemble", "value_at_risk"), run_id)
        for family in FAMILIES:
            self.fit(family, keys, run_id)
        volatility_ensemble.combine(self.store, keys, as_of=self.as_of, run_id=run_id)
        value_at_risk.estimate(self.store, keys, as_of=self.as_of, run_id=run_id)

    def backtest(self, *instruments: str) -> None:
        var_backtest.backtest(self.store, self.keys(*instruments), as_of=self.as_of, run_id="night")


@pytest.fixture(scope="session")
def new_chain(lake_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Chain]]:
    """Make empty chains, each in a home of its own."""
    made: list[Lake] = []

    def make() -> Chain:
        home = tmp_path_factory.mktemp("chain")
        shutil.copytree(lake_template, home / "lake")
        made.append(Lake(Settings(home=home, horizons=HORIZONS, families=FAMILIES)))
        return Chain(made[-1])

    yield make
    for lake in made:
        lake.close()


@pytest.fixture(scope="session")
def chain(new_chain: Callable[[], Chain]) -> Chain:
    """Two instruments, estimated on two nights with a correction between them; for reading only."""
    made = new_chain()
    made.add("AAA", 1_270, seed=1)
    made.add("BBB", 1_060, seed=2)
    made.run("AAA", "BBB", run_id="first")
    made.backtest("AAA", "BBB")
    made.add("AAA", 1_275, seed=1, first=1_270)
    made.restate("BBB", 1_040, 1.02)
    made.run("AAA", "BBB", run_id="second")
    return made
