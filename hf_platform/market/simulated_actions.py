"""Corporate actions of a simulated instrument, taken out of the price that trades."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from hf_platform.horizons import FREQUENCIES
from hf_platform.market.corporate_actions import ACTIONS_SCHEMA
from hf_platform.market.simulated_bars import SOURCE
from hf_platform.market.simulated_returns import Path, Shared, generator
from hf_platform.market.simulation_spec import SimulationSpec
from hf_platform.types import FloatArray

_RECOVERY = 0.6  # of the last price, at most


@dataclass(frozen=True, slots=True, eq=False)
class Traded:
    """What became of one instrument.

    Parameters
    ----------
    actions : DataFrame
        Columns of `ACTIONS_SCHEMA`.
    log_close : float64 array, shape (n_sessions,)
        Logarithm of the price that trades.
    n_sessions : int
        Sessions until it is delisted; all of them where it is not.
    """

    actions: pl.DataFrame
    log_close: FloatArray
    n_sessions: int


def draw_actions(
    name: str, spec: SimulationSpec, seed: int, random: np.random.Generator, *, path: Path, shared: Shared
) -> Traded:
    """Draw splits, dividends and the end."""
    n = shared.closes.size
    is_split = random.random(n) < spec.splits_per_year / FREQUENCIES["1d"]
    quarter = shared.closes.astype("datetime64[M]").astype(np.int64) // 3
    pays = np.append(False, quarter[1:] != quarter[:-1]) & (spec.dividend_yield > 0)
    is_split &= ~pays  # one action a session keeps the arithmetic plain
    is_split[0] = False
    # A dividend of the share d of the price without it: total return = ln((1 + d) P_t / P_(t-1)).
    drop = np.where(is_split, np.log(2.0), np.where(pays, np.log1p(spec.dividend_yield / 4), 0.0))
    log_close = np.log(path.price) + np.cumsum(path.log_return - drop)
    prices = np.exp(log_close)
    end = _end(spec, generator(seed, f"{name}:end"), n)
    at = np.flatnonzero(is_split[:end] | pays[:end])
    kinds = ["split" if is_split[i] else "dividend" for i in at]
    values = [2.0 if is_split[i] else float(prices[i] * spec.dividend_yield / 4) for i in at]
    times = list(shared.opens[at])
    if end < n:
        kinds.append("delisting")
        values.append(float(prices[end - 1] * generator(seed, f"{name}:end").uniform(0.0, _RECOVERY)))
        times.append(shared.closes[end - 1])
    frame = pl.DataFrame({"event_at": np.array(times, dtype="datetime64[us]"), "kind": kinds, "value": values},
                         schema_overrides={"kind": pl.String, "value": pl.Float64})  # fmt: skip
    actions = frame.with_columns(
        pl.lit(name).alias("instrument"),
        pl.col("event_at").alias("known_at"),
        pl.lit(None, pl.Float64).alias("ratio"),
        pl.lit(None, pl.String).alias("counterpart"),
        pl.lit(SOURCE).alias("source"),
    ).select(*ACTIONS_SCHEMA)
    return Traded(actions, log_close, end)


def _end(spec: SimulationSpec, random: np.random.Generator, n: int) -> int:
    """Draw how many sessions there are until the delisting, at least two."""
    if spec.delistings_per_year == 0:
        return n
    return min(n, 2 + int(random.geometric(min(spec.delistings_per_year / FREQUENCIES["1d"], 1.0))))
