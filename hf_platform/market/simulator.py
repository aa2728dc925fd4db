"""Simulated markets with a known truth: what an estimator should find is written down beside the prices."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl

from hf_platform import calendar
from hf_platform.errors import ConfigError
from hf_platform.market.simulated_actions import draw_actions
from hf_platform.market.simulated_alternative import draw_alternative
from hf_platform.market.simulated_bars import SessionPath, draw_bars
from hf_platform.market.simulated_delivery import as_delivered, draw_deliveries
from hf_platform.market.simulated_returns import Path, Shared, draw_path, draw_shared, generator, which_effects
from hf_platform.market.simulation_spec import CALENDAR_EFFECTS, CalendarEffect, SimulationSpec
from hf_platform.types import BoolArray

__all__ = ["CALENDAR_EFFECTS", "CalendarEffect", "SimulationSpec", "World", "simulate"]


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """A simulated market.

    Parameters
    ----------
    bars : DataFrame
        Columns of `source.RAW_SCHEMA`, as finally known: known_at is event_at, or the arrival of a late
        or corrected bar. Prices as they would have traded, not adjusted for splits and dividends.
    truth : DataFrame
        One row per instrument and session: event_at, log_return (total, dividends included),
        garch_variance (h_t), volatility (standard deviation of log_return given the past, with the
        factors, the jumps and the calendar in it), shock (z_t before jumps), market_return,
        market_beta, sector, is_stress, is_jump, calendar_effect. It goes on after a delisting.
    corporate_actions : DataFrame
        Columns of `corporate_actions.ACTIONS_SCHEMA`: event_at is the open of the first session
        without the right, or the last close of a delisted share.
    alternative_data : DataFrame
        Columns of `alternative_data.ALTERNATIVE_SCHEMA`, with the planted signals of the spec.
    reported : DataFrame
        Columns of `source.RAW_SCHEMA`: bars as first reported wrongly, with the known_at of that report.
    """

    bars: pl.DataFrame
    truth: pl.DataFrame
    corporate_actions: pl.DataFrame
    alternative_data: pl.DataFrame
    reported: pl.DataFrame

    def delivered(self, at: datetime) -> pl.DataFrame:
        """Give the bars as a feed would at a moment (naive UTC): late ones missing, wrong ones still wrong."""
        return as_delivered(self.bars, self.reported, at)


def simulate(spec: SimulationSpec | None = None, seed: int = 0) -> World:
    """Simulate a market.

    Parameters
    ----------
    spec : SimulationSpec, optional
        The default is five stocks in 2020-2024.
    seed : int
        The same seed and spec give the same world, to the last bit.

    Returns
    -------
    World

    Raises
    ------
    ConfigError
        If there is no session between start and end.

    Notes
    -----
    r = beta_i m + s + e + c, with the market m ~ N(0, market_volatility^2 or, under stress, larger), the
    sector s, e = sqrt(h) z from the variance recursion and c the calendar effects. `volatility` in the
    truth is that of r, not of e alone. Volume is 1,000,000 (1 + 2 |r|).
    """
    spec = spec or SimulationSpec()
    known = calendar.sessions(spec.calendar)
    within = (known.dates >= np.datetime64(spec.start)) & (known.dates <= np.datetime64(spec.end))
    if not within.any():
        raise ConfigError(f"{spec.calendar} has no session from {spec.start} to {spec.end}. Widen the dates.")
    effects = which_effects(spec, known.dates, within)
    shared = draw_shared(spec, seed, known.opens[within], known.closes[within], effects)
    parts = [_instrument(name, spec, seed, shared) for name in spec.instruments]
    return World(*(pl.concat(frames) for frames in zip(*parts, strict=True)))


def _instrument(name: str, spec: SimulationSpec, seed: int, shared: Shared) -> tuple[pl.DataFrame, ...]:
    """Simulate one instrument: bars, truth, actions, alternative data, wrong reports."""
    random = generator(seed, name)
    path = draw_path(spec, name, seed, random, shared)
    traded = draw_actions(name, spec, seed, random, path=path, shared=shared)
    session = SessionPath(shared.closes, path.log_return, path.volatility, traded.log_close)
    bars = draw_bars(name, session, spec.calendar, spec.frequency, random)
    last = shared.closes[traded.n_sessions - 1]
    alternative = draw_alternative(
        name, spec, seed, random, path=path, closes=shared.closes, log_close=traded.log_close
    )
    final, reported = draw_deliveries(
        bars.filter(pl.col("event_at") <= last), spec, generator(seed, f"{name}:delivery")
    )
    return final, _truth(name, path, shared), traded.actions, alternative.filter(pl.col("event_at") <= last), reported


def _truth(name: str, path: Path, shared: Shared) -> pl.DataFrame:
    n = shared.closes.size
    return pl.DataFrame(
        {
            "instrument": [name] * n,
            "event_at": shared.closes,
            "log_return": path.log_return,
            "garch_variance": path.garch_variance,
            "volatility": path.volatility,
            "shock": path.shock,
            "market_return": shared.market,
            "market_beta": np.full(n, path.beta),
            "sector": np.full(n, path.sector),
            "is_stress": shared.is_stress,
            "is_jump": path.is_jump,
            "calendar_effect": pl.Series(_effect_names(n, shared.effects), dtype=pl.String),
        }
    )


def _effect_names(n: int, effects: dict[str, BoolArray]) -> list[str | None]:
    names = ["+".join(name for name, there in effects.items() if there[i]) for i in range(n)]
    return [name or None for name in names]
