"""Small lakes of made-up bars, and features built on them by dbt."""

from collections.abc import Callable, Iterator
from datetime import datetime

import numpy as np
import polars as pl
import pytest

from hf_platform.features.build import BuildResult, FeatureBuilder
from hf_platform.lake import Lake
from hf_platform.settings import Settings

HOUR = np.timedelta64(1, "h")
STEP = {"1d": 1, "1w": 7, "1mo": 30}
LOADED = datetime(2024, 1, 1)  # noqa: DTZ001 - the lake's times are UTC without a zone

# StockCharts ChartSchool, "Relative Strength Index (RSI)", spreadsheet example: closes of QQQQ.
QQQQ = [
    44.3389, 44.0902, 44.1497, 43.6124, 44.3278, 44.8264, 45.0955, 45.4245, 45.8433, 46.0826, 45.8931, 46.0328, 45.6140,
    46.2820, 46.2820, 46.0028, 46.0328, 46.4116, 46.2222, 45.6439, 46.2122, 46.2521, 45.7137, 46.4515, 45.7835, 45.3548,
    44.0288, 44.1783, 44.2181, 44.5672, 43.4205, 42.6628, 43.1314,
]  # fmt: skip


def random_bars(
    instrument: str, n: int, seed: int, *, frequency: str = "1d", closes_only: bool = False, gaps: bool = False
) -> pl.DataFrame:
    """A random walk with open, high, low and volume; `gaps` leaves out a tenth of the days."""
    rng = np.random.default_rng(seed)
    days = np.arange(n) if not gaps else np.sort(rng.choice(int(n * 1.1), n, replace=False))
    event_at = np.datetime64("2000-01-03T21:00:00", "us") + days * np.timedelta64(STEP[frequency], "D")
    close = 50 * np.exp(np.cumsum(rng.standard_t(4, n) * 0.01))
    open_ = close * np.exp(rng.normal(size=n) * 0.004)
    frame = pl.DataFrame(
        {
            "event_at": event_at,
            "known_at": event_at + HOUR,
            "open": open_,
            "high": np.maximum(open_, close) * np.exp(rng.exponential(size=n) * 0.003),
            "low": np.minimum(open_, close) * np.exp(-rng.exponential(size=n) * 0.003),
            "close": close,
            "volume": rng.integers(1_000, 90_000, n).astype(float),
        }
    ).with_columns(
        pl.lit(instrument).alias("instrument"),
        pl.lit(frequency).alias("frequency"),
        pl.lit(LOADED).alias("ingested_at"),
        pl.lit("simulated").alias("source"),
        pl.lit([], dtype=pl.List(pl.String)).alias("flags"),
    )
    if closes_only:
        frame = frame.with_columns(pl.lit(None, pl.Float64).alias(c) for c in ("open", "high", "low", "volume"))
    return frame


def put(store: Lake, bars: pl.DataFrame) -> None:
    """Append bars the way the market assets do."""
    with store.transaction(producer="bars", run_id="prices") as tx:
        tx.append("market.bars", bars)


def matrix(store: Lake, instrument: str, frequency: str = "1d", table: str = "feature_matrix") -> pl.DataFrame:
    """Rows of one series, in time order, without what differs between runs."""
    return store.query(
        f"SELECT * EXCLUDE (producer, run_id) FROM features.{table} WHERE instrument = ? AND frequency = ? "
        "ORDER BY event_at",
        [instrument, frequency],
    )


MakeLake = Callable[..., tuple[Lake, BuildResult]]


@pytest.fixture(scope="session")
def make_lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MakeLake]:
    """Make a lake of bars and build its features; the dbt project is parsed once for all of them."""
    shared = tmp_path_factory.mktemp("dbt")
    made: list[Lake] = []

    def make(bars: pl.DataFrame, *, test: bool = False) -> tuple[Lake, BuildResult]:
        home = tmp_path_factory.mktemp("home")
        (home / "dbt").symlink_to(shared, target_is_directory=True)
        store = Lake(Settings(home=home))
        made.append(store)
        store.initialise()
        put(store, bars)
        names = bars["instrument"].unique().to_list()
        return store, FeatureBuilder(store.settings).build(names, "first", test=test)

    yield make
    for store in made:
        store.close()


@pytest.fixture(scope="session")
def world() -> dict[str, pl.DataFrame]:
    """Bars by name: whole, with gaps, closes only, soiled, flat, rising, falling, tiny, cut short, restated ...

    EAST closes fourteen hours before the others on the same day; LONG outlasts what dividing by a
    power of the decay survives; QQQQ is a published example.
    """
    soiled = random_bars("SOILED", 400, 3, gaps=True)
    i = pl.int_range(pl.len())
    soiled = soiled.with_columns(
        pl.when(i == 150)
        .then(None)
        .when(i == 151)
        .then(-3.0)
        .when(i == 260)
        .then(1e6)
        .otherwise("close")
        .alias("close"),
        pl.when(i.is_between(200, 203)).then(None).otherwise("volume").alias("volume"),
        pl.when(i == 300).then(None).otherwise("high").alias("high"),
        pl.when(i == 260)
        .then(pl.lit(["duplicate"]))
        .when(i == 310)
        .then(pl.lit(["outlier"]))
        .otherwise(pl.lit([], dtype=pl.List(pl.String)))
        .alias("flags"),
    )
    whole = random_bars("WHOLE", 700, 1)
    trend = 10.0 + np.arange(120) * 0.25
    restated = random_bars("RESTATED", 300, 8)
    second = restated[200:201].with_columns(
        pl.col("close") * 1.3, pl.col("high") * 1.3, pl.col("known_at") + pl.duration(days=40)
    )
    return {
        "WHOLE": whole,
        "WEEKLY": random_bars("WHOLE", 140, 2, frequency="1w"),
        "GAPS": random_bars("GAPS", 500, 4, gaps=True),
        "CLOSES": random_bars("CLOSES", 300, 5, closes_only=True),
        "SOILED": soiled,
        "FLAT": random_bars("FLAT", 90, 6, closes_only=True).with_columns(pl.lit(42.1).alias("close")),
        "RISING": random_bars("RISING", 120, 7, closes_only=True).with_columns(pl.Series("close", trend)),
        "FALLING": random_bars("FALLING", 120, 7, closes_only=True).with_columns(pl.Series("close", trend[::-1])),
        "TINY": random_bars("TINY", 3, 9),
        "CUT": whole[:431].with_columns(pl.lit("CUT").alias("instrument")),
        "RESTATED": pl.concat([restated, second]),
        "EAST": random_bars("EAST", 150, 10).with_columns(pl.col("event_at", "known_at") - pl.duration(hours=14)),
        "LONG": random_bars("LONG", 12_000, 11, closes_only=True),
        "QQQQ": random_bars("QQQQ", len(QQQQ), 12, closes_only=True).with_columns(pl.Series("close", QQQQ)),
    }


@pytest.fixture(scope="session")
def built(make_lake: MakeLake, world: dict[str, pl.DataFrame]) -> tuple[Lake, BuildResult]:
    """The world's lake with its features; tests only read it."""
    return make_lake(pl.concat([bars.select(sorted(bars.columns)) for bars in world.values()]), test=True)


@pytest.fixture(scope="session")
def read() -> Callable[..., pl.DataFrame]:
    """`matrix` for the tests."""
    return matrix


@pytest.fixture(scope="session")
def bars_of() -> Callable[..., pl.DataFrame]:
    """`random_bars` for the tests."""
    return random_bars


@pytest.fixture(scope="session")
def write() -> Callable[[Lake, pl.DataFrame], None]:
    """`put` for the tests."""
    return put
