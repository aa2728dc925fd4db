"""A portfolio at one moment: what it is worth, what it is exposed to, what it earns under any returns."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from hf_platform.errors import DataError
from hf_platform.risk import options
from hf_platform.risk.options import Kind as OptionKind
from hf_platform.risk.positions import Portfolio, Position
from hf_platform.types import FloatArray, IntArray

DAYS_PER_YEAR: Final = 365.0
_CLOSE: Final = time(16, 0, tzinfo=ZoneInfo("America/New_York"))  # options expire at the close of their last day


@dataclass(frozen=True, slots=True, eq=False)
class Book:
    """A portfolio priced at an origin.

    Parameters
    ----------
    name : str
    instruments : tuple of str
    spot : float64 array, shape (n_instruments,)
        Prices at the origin.
    quantity : float64 array, shape (n_instruments,)
        Units held outright.
    cash : float
    options : tuple of Position
        Calls and puts held.
    underlying : int64 array, shape (n_options,)
        Index into `instruments`.
    maturity : float64 array, shape (n_options,)
        Years left, positive.
    volatility : float64 array, shape (n_options,)
        Annual forecast volatility until expiry [decimal].
    rate : float
        Continuous interest that options are priced with [decimal a year].
    """

    name: str
    instruments: tuple[str, ...]
    spot: FloatArray
    quantity: FloatArray
    cash: float
    options: tuple[Position, ...]
    underlying: IntArray
    maturity: FloatArray
    volatility: FloatArray
    rate: float = 0.0

    @property
    def gross(self) -> float:
        """Sum of absolute exposures."""
        return float(np.abs(self.exposures).sum())

    @property
    def equity(self) -> float:
        """Value of everything: spot, options and cash.

        Raises
        ------
        DataError
            If it is not positive: risk as a share of equity would have no meaning.
        """
        value = self.cash + float(self.quantity @ self.spot) + float(self.option_values(self.spot[None]).sum())
        if not value > 0.0:
            raise DataError(
                f"portfolio {self.name} needs a positive equity, found {value:,.2f}: its long and short positions and "
                "cash cancel. Add a row of kind cash with the capital behind it."
            )
        return value

    @property
    def exposures(self) -> FloatArray:
        """Value moved by each instrument to first order, shape (n_instruments,): spot plus delta times spot."""
        out = self.quantity * self.spot
        for at, position in enumerate(self.options):
            i = self.underlying[at]
            delta = options.greeks(
                self.spot[i],
                position.strike or 0.0,
                self.maturity[at],
                self.rate,
                self.volatility[at],
                kind=_kind(position),
            ).delta
            out[i] += position.quantity * float(delta) * self.spot[i]
        return out

    def option_values(self, spot: FloatArray, *, volatility_scale: float = 1.0, years: float = 0.0) -> FloatArray:
        """Value the options at other prices, shape (n_scenarios, n_instruments), by underlying.

        Parameters
        ----------
        spot : float64 array, shape (n_scenarios, n_instruments)
        volatility_scale : float
            Multiplies every volatility.
        years : float
            Time passed; an option that expires meanwhile is worth what it pays.
        """
        out = np.zeros(spot.shape)
        for at, position in enumerate(self.options):
            i = self.underlying[at]
            price = options.black_scholes_price(
                spot[:, i],
                position.strike or 0.0,
                max(float(self.maturity[at]) - years, 0.0),
                self.rate,
                self.volatility[at] * volatility_scale,
                kind=_kind(position),
            )
            out[:, i] += position.quantity * price
        return out

    def profits(self, returns: FloatArray, *, volatility_scale: float = 1.0, years: float = 0.0) -> FloatArray:
        """Revalue everything after log returns: profit by instrument, shape (n_scenarios, n_instruments).

        Parameters
        ----------
        returns : float64 array, shape (n_scenarios, n_instruments)
            Log returns from the origin [decimal]. NaN gives a profit of NaN for that instrument.
        volatility_scale, years
            As in `option_values`.
        """
        out = self.quantity * self.spot * np.expm1(returns)
        if self.options:
            known = np.isfinite(returns)
            moved = self.spot * np.exp(np.where(known, returns, 0.0))
            then = self.option_values(moved, volatility_scale=volatility_scale, years=years)
            out = out + np.where(known, then - self.option_values(self.spot[None]), np.nan)
        return out


def price_book(
    portfolio: Portfolio,
    instruments: tuple[str, ...],
    closes: FloatArray,
    origin: datetime,
    volatility: Mapping[Position, float] | None = None,
    *,
    rate: float = 0.0,
) -> Book:
    """Put a portfolio on prices.

    Parameters
    ----------
    portfolio : Portfolio
    instruments : tuple of str
        Names of the columns of `closes`; must hold all of the portfolio's.
    closes : float64 array, shape (n_instruments,)
        Prices at the origin.
    origin : datetime
        Naive UTC.
    volatility : mapping of Position to float, optional
        Annual volatility until expiry of each option; required if there is one.
    rate : float
        Continuous interest [decimal a year]; the platform's is `HFP_INTEREST_RATE`.

    Raises
    ------
    DataError
        If an option is past its expiry, or has no volatility.
    """
    place = {name: at for at, name in enumerate(instruments)}
    quantity, cash, legs = np.zeros(len(instruments)), 0.0, [p for p in portfolio.positions if p.is_option]
    for position in portfolio.positions:
        if position.kind == "cash":
            cash += position.quantity
        elif position.kind == "spot":
            quantity[place[position.instrument]] += position.quantity
    maturities = [years_left(position, origin) for position in legs]
    given = volatility or {}
    missing = [position.position_id for position in legs if position not in given]
    if missing:
        raise DataError(f"every option needs a forecast volatility, found none for {', '.join(missing)}. Forecast it.")
    return Book(
        portfolio.name,
        instruments,
        closes.astype(np.float64),
        quantity,
        cash,
        tuple(legs),
        np.array([place[position.instrument] for position in legs], dtype=np.int64),
        np.array(maturities, dtype=np.float64),
        np.array([given[position] for position in legs], dtype=np.float64),
        rate,
    )


def years_left(position: Position, origin: datetime) -> float:
    """Return the years from an origin (naive UTC) to an option's expiry.

    Raises
    ------
    DataError
        If the option is past its expiry.
    """
    if position.expiry is None:
        raise DataError(f"{position.position_id} has no expiry: it is not an option. Pass calls and puts only.")
    end = datetime.combine(position.expiry, _CLOSE).astimezone(UTC).replace(tzinfo=None)
    years = (end - origin).total_seconds() / 86_400.0 / DAYS_PER_YEAR
    if years <= 0.0:
        raise DataError(
            f"{position.position_id} is past its expiry at {origin:%Y-%m-%d %H:%M} UTC, the newest common session. "
            "Settle it into cash and remove the row."
        )
    return years


def _kind(position: Position) -> OptionKind:
    return "call" if position.kind == "call" else "put"
