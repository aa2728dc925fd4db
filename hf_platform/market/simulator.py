"""Simulated markets with a known truth: what an estimator should find is written down beside the prices."""

import zlib
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import polars as pl

from hf_platform import calendar
from hf_platform.errors import ConfigError
from hf_platform.horizons import FREQUENCIES, INTRADAY
from hf_platform.market.simulated_bars import SessionPath, draw_bars
from hf_platform.market.source import TIME
from hf_platform.market.universe import check_name
from hf_platform.types import BoolArray, FloatArray, TimeArray

_MONDAY, _FRIDAY = 0, 4


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulationSpec:
    """A market to simulate.

    Parameters
    ----------
    instruments : tuple of str
        Their names. Each has random numbers of its own: another instrument more changes none of them.
    start, end : date
        First and last day; bars stand on the sessions of `calendar` between them.
    calendar : str
        Exchange calendar, holidays and ad-hoc closures included.
    frequency : str
        ``1d``, or an intraday frequency for bars inside each session.
    omega, alpha, beta : float
        GARCH(1,1) of the own return: h_t = omega + alpha e_(t-1)^2 + beta h_(t-1), per session.
    jump_probability, jump_scale : float
        Share of sessions whose own shock is multiplied, and by how much: fat tails. The shocks then
        have variance kappa = 1 + p (scale^2 - 1), so the true persistence is alpha kappa + beta.
    market_volatility : float
        Standard deviation of the market return that all instruments share, decimal per session;
        zero for none.
    market_betas, start_volatilities, start_prices : pair of float
        Ranges from which each instrument draws its exposure, first volatility and first price.
    calendar_effects : bool
        Add the means and noises of `CALENDAR_EFFECTS`.
    dividend_yield : float
        Paid in four parts a year; zero for none.
    splits_per_year : float
        Expected number of two-for-one splits; zero for none.

    Raises
    ------
    ConfigError
        If a parameter is out of its range or the variance has no finite mean.
    """

    instruments: tuple[str, ...] = ("SIM.AAPL", "SIM.GOOGL", "SIM.MSFT", "SIM.TSLA", "SIM.SPY")
    start: date = date(2020, 1, 1)
    end: date = date(2024, 12, 31)
    calendar: str = "XNYS"
    frequency: str = "1d"
    omega: float = 1e-5
    alpha: float = 0.05
    beta: float = 0.90
    jump_probability: float = 0.05
    jump_scale: float = 3.0
    market_volatility: float = 0.01
    market_betas: tuple[float, float] = (0.5, 1.5)
    start_volatilities: tuple[float, float] = (0.015, 0.035)
    start_prices: tuple[float, float] = (50.0, 300.0)
    calendar_effects: bool = True
    dividend_yield: float = 0.0
    splits_per_year: float = 0.0

    def __post_init__(self) -> None:
        """Check names, ranges and stationarity."""
        for name in self.instruments:
            check_name(name)
        if self.frequency != "1d" and self.frequency not in INTRADAY:
            known = ("1d", *INTRADAY)
            raise ConfigError(f"simulated bars are one of {', '.join(known)}, found {self.frequency!r}. Fold the rest.")
        if self.start > self.end or not self.instruments:
            raise ConfigError(f"a simulation needs instruments and start <= end, found {self.start} to {self.end}.")
        if self.omega <= 0 or self.alpha < 0 or self.beta < 0 or not 0 <= self.jump_probability <= 1:
            raise ConfigError("omega must be positive, alpha and beta not negative, jump_probability in [0, 1].")
        if self.persistence >= 1:
            raise ConfigError(
                f"alpha * {self.shock_variance:g} + beta must be below 1, found {self.persistence:g}. "
                "Lower alpha, beta or the jumps."
            )

    @property
    def shock_variance(self) -> float:
        """Variance of the standardised own shock; above 1 where there are jumps."""
        return 1.0 + self.jump_probability * (self.jump_scale**2 - 1.0)

    @property
    def persistence(self) -> float:
        """Decay of the GARCH variance per session; jumps inflate alpha."""
        return self.alpha * self.shock_variance + self.beta

    @property
    def long_run_volatility(self) -> float:
        """Square root of the long-run mean of h, decimal per session."""
        return float(np.sqrt(self.omega / (1.0 - self.persistence)))


@dataclass(frozen=True, slots=True)
class CalendarEffect:
    """A normal return that some sessions carry on top, decimal."""

    name: str
    mean: float
    volatility: float


CALENDAR_EFFECTS: Final = (
    CalendarEffect("monday", -0.001, 0.002),
    CalendarEffect("friday", 0.0005, 0.001),
    CalendarEffect("month_end", 0.002, 0.001),  # the last session of a month
)


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """A simulated market.

    Parameters
    ----------
    bars : DataFrame
        Columns of `source.RAW_SCHEMA` with known_at = event_at; prices as they would have traded,
        not adjusted for splits and dividends.
    truth : DataFrame
        One row per instrument and session: event_at, log_return (total, dividends included),
        garch_variance (h_t), volatility (standard deviation of log_return given the past, with the
        market, the jumps and the calendar in it), market_return, market_beta, is_jump,
        calendar_effect.
    corporate_actions : DataFrame
        instrument, event_at (close of the first session without the right), kind (``split`` |
        ``dividend``), value (shares for one, or cash per share).
    alternative_data : DataFrame
        instrument, event_at, known_at, news_sentiment, social_mentions, implied_volatility.
    """

    bars: pl.DataFrame
    truth: pl.DataFrame
    corporate_actions: pl.DataFrame
    alternative_data: pl.DataFrame


@dataclass(frozen=True, slots=True, eq=False)
class _Path:
    """One instrument's sessions, arrays of shape (n_sessions,)."""

    log_return: FloatArray
    garch_variance: FloatArray
    volatility: FloatArray
    is_jump: BoolArray
    beta: float
    price: float


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
    r = beta_i m + e + c, with m ~ N(0, market_volatility^2), e = sqrt(h) z from the GARCH recursion
    and c the calendar effects. `volatility` in the truth is that of r, not of e alone. Implied
    volatility is it times N(1, 0.1); volume is 1,000,000 (1 + 2 |r|).
    """
    spec = spec or SimulationSpec()
    known = calendar.sessions(spec.calendar)
    within = (known.dates >= np.datetime64(spec.start)) & (known.dates <= np.datetime64(spec.end))
    if not within.any():
        raise ConfigError(f"{spec.calendar} has no session from {spec.start} to {spec.end}. Widen the dates.")
    closes = known.closes[within]
    market = _generator(seed, "market").normal(0.0, 1.0, closes.size) * spec.market_volatility
    effects = _effects(spec, known.dates, within)
    parts: list[tuple[pl.DataFrame, ...]] = []
    for name in spec.instruments:
        random = _generator(seed, name)
        path = _returns(spec, random, market, effects)
        actions, log_traded = _actions(name, spec, random, path, closes)
        session = SessionPath(closes, path.log_return, path.volatility, log_traded)
        bars = draw_bars(name, session, spec.calendar, spec.frequency, random)
        truth = _truth(name, path, closes, market, effects)
        parts.append((bars, truth, actions, _alternative(name, random, path, closes)))
    bars, truth, actions, alternative = (pl.concat(frames) for frames in zip(*parts, strict=True))
    return World(bars, truth, actions, alternative)


def _generator(seed: int, name: str) -> np.random.Generator:
    return np.random.default_rng([seed, zlib.crc32(name.encode())])


def _effects(spec: SimulationSpec, dates: TimeArray, within: BoolArray) -> dict[str, BoolArray]:
    """Tell which sessions carry which effect."""
    if not spec.calendar_effects:
        return {}
    weekday = (dates.astype("datetime64[D]").astype(np.int64) + 3) % 7
    month = dates.astype("datetime64[M]")
    month_end = np.append(month[1:] != month[:-1], True)
    return {"monday": weekday[within] == _MONDAY, "friday": weekday[within] == _FRIDAY, "month_end": month_end[within]}


def _returns(
    spec: SimulationSpec, random: np.random.Generator, market: FloatArray, effects: dict[str, BoolArray]
) -> _Path:
    n = market.size
    beta = random.uniform(*spec.market_betas) if spec.market_volatility > 0 else 0.0
    first, price = random.uniform(*spec.start_volatilities), random.uniform(*spec.start_prices)
    is_jump = random.random(n) < spec.jump_probability
    shocks = random.normal(0.0, 1.0, n) * np.where(is_jump, spec.jump_scale, 1.0)
    variance, own = np.empty(n), np.empty(n)
    h = first**2
    for t in range(n):
        variance[t], own[t] = h, np.sqrt(h) * shocks[t]
        h = spec.omega + spec.alpha * own[t] ** 2 + spec.beta * h
    total = own + beta * market
    spread = spec.shock_variance * variance + (beta * spec.market_volatility) ** 2
    for effect in CALENDAR_EFFECTS:
        if effect.name in effects:
            there = effects[effect.name]
            total = total + np.where(there, random.normal(effect.mean, effect.volatility, n), 0.0)
            spread = spread + there * effect.volatility**2
    return _Path(total, variance, np.sqrt(spread), is_jump, beta, price)


def _truth(
    name: str, path: _Path, closes: TimeArray, market: FloatArray, effects: dict[str, BoolArray]
) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "instrument": [name] * closes.size,
            "event_at": closes,
            "log_return": path.log_return,
            "garch_variance": path.garch_variance,
            "volatility": path.volatility,
            "market_return": market,
            "market_beta": np.full(closes.size, path.beta),
            "is_jump": path.is_jump,
            "calendar_effect": pl.Series(_effect_names(closes.size, effects), dtype=pl.String),
        }
    )


def _alternative(name: str, random: np.random.Generator, path: _Path, closes: TimeArray) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "instrument": [name] * closes.size,
            "event_at": closes,
            "known_at": closes,
            "news_sentiment": random.normal(0.0, 1.0, closes.size),
            "social_mentions": random.poisson(100.0, closes.size).astype(np.int64),
            "implied_volatility": path.volatility * random.normal(1.0, 0.1, closes.size),
        }
    )


def _effect_names(n: int, effects: dict[str, BoolArray]) -> list[str | None]:
    names = ["+".join(name for name, there in effects.items() if there[i]) for i in range(n)]
    return [name or None for name in names]


def _actions(
    name: str, spec: SimulationSpec, random: np.random.Generator, path: _Path, closes: TimeArray
) -> tuple[pl.DataFrame, FloatArray]:
    """Draw splits and dividends, and take them out of the price that trades."""
    n = closes.size
    is_split = random.random(n) < spec.splits_per_year / FREQUENCIES["1d"]
    quarter = closes.astype("datetime64[M]").astype(np.int64) // 3
    pays = np.append(False, quarter[1:] != quarter[:-1]) & (spec.dividend_yield > 0)
    is_split &= ~pays  # one action a session keeps the arithmetic plain
    is_split[0] = False
    # A dividend of the share d of the price without it: total return = ln((1 + d) P_t / P_(t-1)).
    drop = np.where(is_split, np.log(2.0), np.where(pays, np.log1p(spec.dividend_yield / 4), 0.0))
    log_traded = np.log(path.price) + np.cumsum(path.log_return - drop)
    prices = np.exp(log_traded)
    at = np.flatnonzero(is_split | pays)
    frame = pl.DataFrame(
        {
            "instrument": [name] * at.size,
            "event_at": closes[at],
            "kind": ["split" if is_split[i] else "dividend" for i in at],
            "value": [2.0 if is_split[i] else float(prices[i] * spec.dividend_yield / 4) for i in at],
        },
        schema={"instrument": pl.String, "event_at": TIME, "kind": pl.String, "value": pl.Float64},
    )
    return frame, log_traded
