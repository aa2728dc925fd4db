"""A small market with everything in it that has made features look ahead, and its probes.

An early market and late ones on the same day, an intraday series, an instrument that is delisted, splits and
dividends, alternative data with a lag. Every row carries when it was known.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import numpy as np

from hf_platform.leakcheck.check import Probe

if TYPE_CHECKING:
    import polars as pl

_START: Final = datetime(2015, 1, 5)  # noqa: DTZ001 - naive UTC throughout
DAYS: Final = 170
_HOURS: Final = (15, 16, 17, 18, 19, 20, 21)
# Close of the day by instrument [h UTC]: EAST is shut before the others open.
CLOSES: Final[Mapping[str, int]] = {"EAST": 6, "NORTH": 21, "SOUTH": 21, "DYING": 21}
HOURLY: Final = "HOURLY"
_DELISTED: Final = 140  # day after which DYING has no bar
_FIRST_HOURLY: Final = 100


@dataclass(frozen=True, slots=True)
class MarketWorld:
    """What was known of some instruments, vintages included.

    Parameters
    ----------
    bars, actions, alternative, universe : polars.DataFrame
        Rows of `market.bars`, `market.corporate_actions`, `market.alternative_data` and `market.universe`.
    """

    bars: "pl.DataFrame"
    actions: "pl.DataFrame"
    alternative: "pl.DataFrame"
    universe: "pl.DataFrame"

    @property
    def instruments(self) -> list[str]:
        """All instruments, in order of name."""
        return sorted(self.universe["instrument"].unique().to_list())


def make_world(seed: int = 0) -> MarketWorld:
    """Draw the market; the same seed gives the same bytes."""
    import polars as pl

    frames = [_bars(name, hour, seed) for name, hour in CLOSES.items()]
    bars = pl.concat([*frames, _hourly(seed)])
    valid_to = _START + timedelta(days=_DELISTED)
    universe = pl.DataFrame(
        [
            {"instrument": name, "valid_from": _START, "valid_to": valid_to if name == "DYING" else None}
            for name in (*CLOSES, HOURLY)
        ],
        schema_overrides={"valid_to": pl.Datetime("us")},
    ).with_columns(pl.col("valid_from").cast(pl.Datetime("us")), calendar=pl.lit("24/7"), source=pl.lit("leakcheck"))
    rows = [("NORTH", "split", 2.0, 80), ("NORTH", "split", 3.0, 150), ("SOUTH", "dividend", 0.6, 90),
            ("EAST", "dividend", 0.4, 145)]  # fmt: skip
    actions = _stamp(
        pl.DataFrame(
            [{"instrument": n, "kind": k, "value": v, "event_at": _START + timedelta(days=d)} for n, k, v, d in rows]
        ),
        timedelta(0),
    )
    return MarketWorld(bars, actions, _alternative(seed), universe)


def _stamp(frame: "pl.DataFrame", lag: timedelta) -> "pl.DataFrame":
    import polars as pl

    known = (pl.col("event_at") + lag).cast(pl.Datetime("us"))
    return frame.with_columns(
        pl.col("event_at").cast(pl.Datetime("us")), known_at=known, ingested_at=known, source=pl.lit("leakcheck")
    )


def _walk(instrument: str, n: int, seed: int) -> "pl.DataFrame":
    import polars as pl

    rng = np.random.default_rng([seed, *instrument.encode()])
    close = 50 * np.exp(np.cumsum(rng.standard_t(5, n) * 0.01))
    first = close * np.exp(rng.normal(size=n) * 0.004)
    return pl.DataFrame(
        {
            "open": first,
            "high": np.maximum(first, close) * np.exp(rng.exponential(size=n) * 0.003),
            "low": np.minimum(first, close) * np.exp(-rng.exponential(size=n) * 0.003),
            "close": close,
            "volume": rng.integers(1_000, 90_000, n).astype(np.float64),
        }
    )


def _bars(instrument: str, hour: int, seed: int) -> "pl.DataFrame":
    n = _DELISTED if instrument == "DYING" else DAYS
    times = [_START + timedelta(days=day, hours=hour) for day in range(n)]
    return _of(instrument, "1d", times, _walk(instrument, n, seed), timedelta(minutes=30))


def _hourly(seed: int) -> "pl.DataFrame":
    times = [_START + timedelta(days=day, hours=hour) for day in range(_FIRST_HOURLY, DAYS) for hour in _HOURS]
    return _of(HOURLY, "1h", times, _walk(HOURLY, len(times), seed), timedelta(minutes=1))


def _of(name: str, frequency: str, times: list[datetime], prices: "pl.DataFrame", lag: timedelta) -> "pl.DataFrame":
    import polars as pl

    frame = prices.with_columns(
        pl.Series("event_at", times), instrument=pl.lit(name), frequency=pl.lit(frequency),
        flags=pl.lit([], dtype=pl.List(pl.String)),
    )  # fmt: skip
    return _stamp(frame, lag)


def _alternative(seed: int) -> "pl.DataFrame":
    import polars as pl

    rng = np.random.default_rng([seed, 9])
    series = [("news", "sentiment"), ("social", "sentiment"), ("social", "mentions"), ("options", "implied_volatility"),
              ("card_spending", "index"), ("satellite", "index"),
              *[("order_book", f"{side}_{what}_{level}") for side in ("bid", "ask") for what in ("price", "size")
                for level in range(1, 6)]]  # fmt: skip
    days = list(range(20, DAYS))
    frames: list[pl.DataFrame] = []
    for kind, name in series:
        sign = -1.0 if name.startswith("bid_price") else 1.0
        level = float(name[-1]) if kind == "order_book" else 0.0
        values = rng.uniform(1.0, 2.0, len(days))
        if "price" in name:
            values = 50.0 + sign * (0.01 * level + 0.001 * values)
        hour = 21 if kind == "order_book" else 9
        times = [_START + timedelta(days=day, hours=hour) for day in days]
        frames.append(pl.DataFrame({"event_at": times, "value": values}).with_columns(
            instrument=pl.lit("NORTH"), kind=pl.lit(kind), name=pl.lit(name)))  # fmt: skip
    return _stamp(pl.concat(frames), timedelta(0))


def moments() -> tuple[datetime, datetime]:
    """Give two cutoffs: once EAST is shut and nobody else has opened, and in the middle of an intraday session."""
    return _START + timedelta(days=118, hours=6, minutes=30), _START + timedelta(days=131, hours=17, minutes=1)


def probes(world: MarketWorld, seed: int = 0) -> list[Probe[MarketWorld]]:
    """Change what could not be known at either cutoff, and what no other series may know at all."""
    early, middle = moments()
    found = [Probe(f"cutting off what was known after {at}", truncate(world, at), at) for at in (early, middle)]
    found.append(Probe(f"poisoning what was known after {early}", poison(world, early, seed), early))
    found.append(Probe(f"shuffling what was known after {middle}", shuffle(world, middle, seed), middle))
    found.append(Probe(f"restating a price after {middle}", restate(world, middle), middle, replaces_rows=True))
    found.append(Probe("replacing all other series", replace_others(world, "NORTH", seed + 1), None, "NORTH"))
    found.append(Probe("dropping all other series", only(world, "EAST"), None, "EAST"))
    return found


def truncate(world: MarketWorld, at: datetime) -> MarketWorld:
    """Take away everything that was not known yet."""
    import polars as pl

    known = pl.col("known_at") <= at
    left = pl.when(pl.col("valid_to") <= at).then(pl.col("valid_to"))
    return MarketWorld(
        world.bars.filter(known),
        world.actions.filter(known),
        world.alternative.filter(known),
        world.universe.with_columns(valid_to=left),
    )


def poison(world: MarketWorld, at: datetime, seed: int) -> MarketWorld:
    """Make nonsense of every value that was not known yet."""
    rng = np.random.default_rng([seed, 1])
    return MarketWorld(
        _scaled(world.bars, at, rng, ("open", "high", "low", "close", "volume")),
        _scaled(world.actions, at, rng, ("value",)),
        _scaled(world.alternative, at, rng, ("value",)),
        world.universe,
    )


def _scaled(frame: "pl.DataFrame", at: datetime, rng: np.random.Generator, names: tuple[str, ...]) -> "pl.DataFrame":
    import polars as pl

    later = pl.col("known_at") > at
    factor = pl.Series("factor", rng.uniform(2.0, 90.0, frame.height))
    scaled = [
        pl.when(later).then(pl.col(name) * pl.col("factor")).otherwise(pl.col(name)).alias(name) for name in names
    ]
    return frame.with_columns(factor).with_columns(scaled).drop("factor")


def shuffle(world: MarketWorld, at: datetime, seed: int) -> MarketWorld:
    """Put the later bars of each series into another order; their times stay."""
    import polars as pl

    rng = np.random.default_rng([seed, 2])
    parts: list[pl.DataFrame] = []
    values = ["open", "high", "low", "close", "volume"]
    for own in world.bars.partition_by("instrument", "frequency", maintain_order=True):
        later = own["known_at"] > at
        places = np.arange(own.height)
        places[later.to_numpy()] = rng.permutation(places[later.to_numpy()])
        parts.append(own.drop(values).hstack(own[places].select(values)).select(own.columns))
    return replace(world, bars=pl.concat(parts))


def restate(world: MarketWorld, at: datetime) -> MarketWorld:
    """Let a correction of an old price arrive later."""
    import polars as pl

    old = world.bars.filter((pl.col("known_at") <= at) & (pl.col("instrument") == "SOUTH"))
    corrected = old[-30:-29].with_columns(
        pl.col("open", "high", "low", "close") * 1.4,
        known_at=pl.lit(at + timedelta(days=2)).cast(pl.Datetime("us")),
        ingested_at=pl.lit(at + timedelta(days=2)).cast(pl.Datetime("us")),
    )
    return replace(world, bars=pl.concat([world.bars, corrected]))


def replace_others(world: MarketWorld, kept: str, seed: int) -> MarketWorld:
    """Give every other instrument another history."""
    import polars as pl

    other = make_world(seed)
    own, rest = pl.col("instrument") == kept, pl.col("instrument") != kept
    return MarketWorld(
        pl.concat([world.bars.filter(own), other.bars.filter(rest)]),
        pl.concat([world.actions.filter(own), other.actions.filter(rest).with_columns(pl.col("value") * 2)]),
        world.alternative.filter(own),
        world.universe,
    )


def only(world: MarketWorld, kept: str) -> MarketWorld:
    """Leave one instrument in the world."""
    import polars as pl

    own = pl.col("instrument") == kept
    return MarketWorld(*(frame.filter(own) for frame in (world.bars, world.actions, world.alternative, world.universe)))
