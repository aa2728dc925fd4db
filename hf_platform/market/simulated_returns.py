"""Returns of a simulated market: shared factors, regimes, and each instrument's own conditional variance."""

import zlib
from dataclasses import dataclass

import numpy as np

from hf_platform.market.simulation_spec import CALENDAR_EFFECTS, SimulationSpec
from hf_platform.types import BoolArray, FloatArray, TimeArray

_MONDAY, _FRIDAY = 0, 4


@dataclass(frozen=True, slots=True, eq=False)
class Shared:
    """What all instruments see; arrays of shape (n_sessions,).

    Parameters
    ----------
    opens, closes : datetime64[us] array
        Of the sessions, UTC.
    market : float64 array
        Return of the market factor.
    market_volatility : float64 array
        Its standard deviation given the regime.
    is_stress : bool array
    sectors : float64 array, shape (n_sectors, n_sessions)
    effects : dict of str to bool array
        Which sessions carry which calendar effect.
    """

    opens: TimeArray
    closes: TimeArray
    market: FloatArray
    market_volatility: FloatArray
    is_stress: BoolArray
    sectors: FloatArray
    effects: dict[str, BoolArray]


@dataclass(frozen=True, slots=True, eq=False)
class Path:
    """One instrument's sessions; arrays of shape (n_sessions,).

    Parameters
    ----------
    log_return : float64 array
        Total return of the session.
    garch_variance : float64 array
        h_t of the own return.
    volatility : float64 array
        Standard deviation of log_return given the past, factors, jumps and calendar included.
    shock : float64 array
        z_t before jumps.
    is_jump : bool array
    beta, price : float
        Exposure to the market; first price.
    sector : int
        Row of `Shared.sectors`; -1 without sectors.
    """

    log_return: FloatArray
    garch_variance: FloatArray
    volatility: FloatArray
    shock: FloatArray
    is_jump: BoolArray
    beta: float
    price: float
    sector: int


def generator(seed: int, name: str) -> np.random.Generator:
    """Give random numbers that depend on the seed and a name, and on nothing else."""
    return np.random.default_rng([seed, zlib.crc32(name.encode())])


def draw_shared(
    spec: SimulationSpec, seed: int, opens: TimeArray, closes: TimeArray, effects: dict[str, BoolArray]
) -> Shared:
    """Draw the factors of all instruments."""
    n = closes.size
    is_stress = _regimes(spec, generator(seed, "regimes"), n)
    volatility = spec.market_volatility * np.where(is_stress, spec.stress_scale, 1.0)
    sectors = generator(seed, "sectors").normal(0.0, spec.sector_volatility, (spec.n_sectors, n))
    market = generator(seed, "market").normal(0.0, 1.0, n) * volatility
    return Shared(opens, closes, market, volatility, is_stress, sectors, effects)


def _regimes(spec: SimulationSpec, random: np.random.Generator, n: int) -> BoolArray:
    """Walk a chain of two states, calm at first."""
    states = np.zeros(n, dtype=np.bool_)
    if spec.stress_entry == 0:
        return states
    draws = random.random(n)
    for t in range(1, n):
        states[t] = draws[t] >= spec.stress_exit if states[t - 1] else draws[t] < spec.stress_entry
    return states


def which_effects(spec: SimulationSpec, dates: TimeArray, within: BoolArray) -> dict[str, BoolArray]:
    """Tell which sessions carry which calendar effect."""
    if not spec.calendar_effects:
        return {}
    weekday = (dates.astype("datetime64[D]").astype(np.int64) + 3) % 7
    month = dates.astype("datetime64[M]")
    month_end = np.append(month[1:] != month[:-1], True)
    return {"monday": weekday[within] == _MONDAY, "friday": weekday[within] == _FRIDAY, "month_end": month_end[within]}


def draw_path(spec: SimulationSpec, name: str, seed: int, random: np.random.Generator, shared: Shared) -> Path:
    """Draw one instrument's returns."""
    n = shared.closes.size
    beta = random.uniform(*spec.market_betas) if spec.market_volatility > 0 else 0.0
    first, price = random.uniform(*spec.start_volatilities), random.uniform(*spec.start_prices)
    is_jump = random.random(n) < spec.jump_probability
    z = random.normal(0.0, 1.0, n)
    if spec.distribution == "t":
        nu = spec.degrees_of_freedom
        z = z * np.sqrt((nu - 2.0) / generator(seed, f"{name}:tails").chisquare(nu, n))
    variance, own = _recursion(spec, z * np.where(is_jump, spec.jump_scale, 1.0), first)
    total = own + beta * shared.market
    spread = spec.shock_variance * variance + (beta * shared.market_volatility) ** 2
    sector = zlib.crc32(name.encode()) % spec.n_sectors if spec.n_sectors else -1
    if spec.n_sectors:
        total = total + shared.sectors[sector]
        spread = spread + spec.sector_volatility**2
    for effect in CALENDAR_EFFECTS:
        if effect.name in shared.effects:
            there = shared.effects[effect.name]
            total = total + np.where(there, random.normal(effect.mean, effect.volatility, n), 0.0)
            spread = spread + there * effect.volatility**2
    return Path(total, variance, np.sqrt(spread), z, is_jump, beta, price, sector)


def _recursion(spec: SimulationSpec, shocks: FloatArray, first: float) -> tuple[FloatArray, FloatArray]:
    """Run the variance along the shocks: h and e, shape (n_sessions,) each."""
    variance, own = np.empty(shocks.size), np.empty(shocks.size)
    h, centre = first**2, spec.mean_absolute_shock
    for t in range(shocks.size):
        variance[t], own[t] = h, np.sqrt(h) * shocks[t]
        if spec.process == "egarch":
            news = spec.alpha * (abs(shocks[t]) - centre) + spec.gamma * shocks[t]
            h = np.exp(spec.omega + news + spec.beta * np.log(h))
        else:
            slope = spec.alpha + (spec.gamma if own[t] < 0 else 0.0)
            h = spec.omega + slope * own[t] ** 2 + spec.beta * h
    return variance, own
