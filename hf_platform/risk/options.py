"""Black-Scholes-Merton: prices, Greeks and implied volatility of European options, vectorised."""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import log_ndtr, ndtr

from hf_platform.errors import ConfigError, DataError
from hf_platform.types import FloatArray

Kind = Literal["call", "put"]

_HIGHEST: Final = 20.0  # annual volatility above which no price is looked for
_STEPS: Final = 200


@dataclass(frozen=True, slots=True, eq=False)
class Greeks:
    """Sensitivities of an option price, each of the broadcast shape of the inputs.

    Parameters
    ----------
    delta : float64 array
        By the spot, per 1.00 of it.
    gamma : float64 array
        Of delta, by the spot.
    vega : float64 array
        By the volatility, per 1.00 (100 percentage points).
    theta : float64 array
        By the passing of time, per year: usually negative for a holder.
    rho : float64 array
        By the rate, per 1.00.
    """

    delta: FloatArray
    gamma: FloatArray
    vega: FloatArray
    theta: FloatArray
    rho: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class _Terms:
    # Broadcast inputs and what every formula shares; `sign` is +1 for a call and -1 for a put.
    spot: FloatArray
    strike: FloatArray
    maturity: FloatArray
    rate: FloatArray
    volatility: FloatArray
    dividend_yield: FloatArray
    sign: float

    @property
    def forward_leg(self) -> FloatArray:
        return self.spot * np.exp(-self.dividend_yield * self.maturity)

    @property
    def strike_leg(self) -> FloatArray:
        return self.strike * np.exp(-self.rate * self.maturity)

    @property
    def total(self) -> FloatArray:
        return self.volatility * np.sqrt(self.maturity)

    def d1(self) -> FloatArray:
        # Without volatility or time left the option is worth its discounted intrinsic value: d1 is
        # plus or minus infinity, or zero exactly at the money, where both limits meet.
        log_ratio = np.log(self.forward_leg / self.strike_leg)
        spread = np.where(self.total > 0, self.total, 1.0)
        with_limit = np.where(log_ratio == 0, 0.0, np.copysign(np.inf, log_ratio))
        return np.where(self.total > 0, log_ratio / spread + 0.5 * self.total, with_limit)


def black_scholes_price(
    spot: ArrayLike,
    strike: ArrayLike,
    maturity: ArrayLike,
    rate: ArrayLike,
    volatility: ArrayLike,
    *,
    dividend_yield: ArrayLike = 0.0,
    kind: Kind = "call",
) -> FloatArray:
    """Price European options.

    Parameters
    ----------
    spot, strike : float array
        Positive, in one currency.
    maturity : float array
        Time to expiry [years], at least 0; at 0 the price is the intrinsic value.
    rate, dividend_yield : float array
        Continuously compounded [decimal a year]; may be negative.
    volatility : float array
        Annual volatility [decimal], at least 0.
    kind : {"call", "put"}
        All inputs broadcast against each other.

    Returns
    -------
    float64 array
        Prices in the currency of the spot, of the broadcast shape.

    Raises
    ------
    DataError
        If an input is not finite, a price is not positive, the volatility is negative, or the option
        is past its expiry.
    ConfigError
        If `kind` is neither call nor put.

    References
    ----------
    Black, F. and Scholes, M. (1973). The Pricing of Options and Corporate Liabilities. Journal of
    Political Economy 81(3), 637-654. Merton, R. C. (1973). Theory of Rational Option Pricing. Bell
    Journal of Economics and Management Science 4(1), 141-183.
    """
    return _price(_terms(spot, strike, maturity, rate, volatility, dividend_yield, kind))


def greeks(
    spot: ArrayLike,
    strike: ArrayLike,
    maturity: ArrayLike,
    rate: ArrayLike,
    volatility: ArrayLike,
    *,
    dividend_yield: ArrayLike = 0.0,
    kind: Kind = "call",
) -> Greeks:
    """Differentiate the price of European options.

    Parameters
    ----------
    spot, strike, maturity, rate, volatility, dividend_yield, kind
        As in `black_scholes_price`; maturity and volatility must be positive, because gamma does not
        exist at the kink of an option that is about to expire.

    Returns
    -------
    Greeks
        Each of the broadcast shape; vega and rho per 1.00, theta per year.

    Raises
    ------
    DataError
        As `black_scholes_price`, or if a maturity or volatility is zero.
    ConfigError
        If `kind` is neither call nor put.
    """
    terms = _terms(spot, strike, maturity, rate, volatility, dividend_yield, kind)
    if not ((terms.maturity > 0).all() and (terms.volatility > 0).all()):
        raise DataError(
            "Greeks need a positive maturity and volatility, found "
            f"{terms.maturity.min():g} years and {terms.volatility.min():g}. Drop expired options first."
        )
    s, root = terms.sign, np.sqrt(terms.maturity)
    d1 = terms.d1()
    d2 = d1 - terms.total
    density = np.exp(-0.5 * d1**2) / np.sqrt(2.0 * np.pi)
    carry = np.exp(-terms.dividend_yield * terms.maturity)
    gamma = carry * density / (terms.spot * terms.total)
    decay = -terms.forward_leg * density * terms.volatility / (2.0 * root)
    strike_value, spot_value = terms.strike_leg * ndtr(s * d2), terms.forward_leg * ndtr(s * d1)
    return Greeks(
        delta=s * carry * ndtr(s * d1),
        gamma=gamma,
        vega=terms.forward_leg * density * root,
        theta=decay - s * terms.rate * strike_value + s * terms.dividend_yield * spot_value,
        rho=s * terms.maturity * strike_value,
    )


def implied_volatility(
    price: ArrayLike,
    spot: ArrayLike,
    strike: ArrayLike,
    maturity: ArrayLike,
    rate: ArrayLike,
    *,
    dividend_yield: ArrayLike = 0.0,
    kind: Kind = "call",
) -> FloatArray:
    """Find the volatility at which the model gives the prices of European options.

    Parameters
    ----------
    price : float array
        Observed prices in the currency of the spot.
    spot, strike, maturity, rate, dividend_yield, kind
        As in `black_scholes_price`; maturity must be positive.

    Returns
    -------
    float64 array
        Annual volatility [decimal], of the broadcast shape; 0 where the price is the discounted
        intrinsic value.

    Raises
    ------
    DataError
        As `black_scholes_price`, or if a price lies outside the no-arbitrage bounds, or belongs to no
        volatility below 2,000 %.
    ConfigError
        If `kind` is neither call nor put.

    Notes
    -----
    Newton's method on the logarithm of the out-of-the-money time value, kept inside a bracket that
    bisection shrinks: the deep wings, where vega vanishes, converge as well.
    """
    terms = _terms(
        spot, strike, maturity, rate, np.zeros_like(np.asarray(price, dtype=np.float64)), dividend_yield, kind
    )
    observed = np.broadcast_to(_floats(price)[0], terms.spot.shape)
    if not (terms.maturity > 0).all():
        found = f"{terms.maturity.min():g} years"
        raise DataError(f"implied volatility needs time to expiry, found {found}. Drop expired options first.")
    intrinsic = np.maximum(terms.sign * (terms.forward_leg - terms.strike_leg), 0.0)
    ceiling = terms.forward_leg if terms.sign > 0 else terms.strike_leg
    slack = 1e-12 * np.maximum(terms.spot, terms.strike)
    outside = ~((observed >= intrinsic - slack) & (observed < ceiling))
    if outside.any():
        at = int(np.flatnonzero(outside.ravel())[0])
        low, high = float(intrinsic.ravel()[at]), float(ceiling.ravel()[at])
        raise DataError(
            f"a {kind} price must lie in [{low:g}, {high:g}), found {float(observed.ravel()[at]):g} at position {at}. "
            "Check price, rate and dividend yield of that option."
        )
    return _solve(terms, np.maximum(observed - intrinsic, 0.0))


def _solve(terms: _Terms, time_value: FloatArray) -> FloatArray:
    # Time value is the price of the out-of-the-money option of the same strike: work with that one.
    wing = np.where(terms.forward_leg >= terms.strike_leg, -1.0, 1.0)
    scale = np.maximum(terms.spot, terms.strike)
    alive = time_value > 1e-15 * scale
    target = np.log(np.where(alive, time_value, 1.0))
    root, log_ratio = np.sqrt(terms.maturity), np.log(terms.forward_leg / terms.strike_leg)
    low, high = np.full(target.shape, 1e-9), np.full(target.shape, _HIGHEST)
    if (alive & (_log_value(terms, high, wing) < target)).any():
        raise DataError(f"no volatility below {_HIGHEST:.0%} gives the price. Check price and maturity.")
    sigma = np.clip(np.sqrt(2.0 * np.abs(log_ratio) + 0.04) / root, 1e-4, _HIGHEST)
    for _ in range(_STEPS):
        gap = np.where(alive, _log_value(terms, sigma, wing) - target, 0.0)
        low, high = np.where(gap < 0, sigma, low), np.where(gap >= 0, sigma, high)
        total = sigma * root
        d1 = log_ratio / total + 0.5 * total
        log_vega = np.log(terms.forward_leg * root) - 0.5 * d1**2 - 0.5 * np.log(2.0 * np.pi)
        ratio = np.exp(np.clip(log_vega - (gap + target), -700.0, 700.0))  # of log value by sigma
        step = sigma - gap / np.maximum(ratio, 1e-300)
        inside = (step > low) & (step < high)
        ahead = np.where(inside, step, 0.5 * (low + high))
        done = ~alive | (np.abs(ahead - sigma) <= 1e-13 + 1e-12 * sigma)
        sigma = ahead
        if done.all():
            break
    return np.asarray(np.where(alive, sigma, 0.0), dtype=np.float64)


def _log_value(terms: _Terms, sigma: FloatArray, wing: FloatArray) -> FloatArray:
    # Logarithm of the out-of-the-money price, exact where the price itself would underflow:
    # log(A - B) = log A + log(1 - exp(log B - log A)), with A the leg that is received.
    total = sigma * np.sqrt(terms.maturity)
    log_ratio = np.log(terms.forward_leg / terms.strike_leg)
    d1 = log_ratio / total + 0.5 * total
    log_spot = np.log(terms.forward_leg) + log_ndtr(wing * d1)
    log_strike = np.log(terms.strike_leg) + log_ndtr(wing * (d1 - total))
    received, paid = np.where(wing > 0, log_spot, log_strike), np.where(wing > 0, log_strike, log_spot)
    return received + np.log(-np.expm1(np.minimum(paid - received, -1e-300)))


def _price(terms: _Terms) -> FloatArray:
    d1 = terms.d1()
    d2 = np.where(np.isfinite(d1), d1 - terms.total, d1)
    s = terms.sign
    value = s * (terms.forward_leg * ndtr(s * d1) - terms.strike_leg * ndtr(s * d2))
    return np.maximum(value, 0.0)


def _terms(  # noqa: PLR0917 - hands on the public order
    spot: ArrayLike,
    strike: ArrayLike,
    maturity: ArrayLike,
    rate: ArrayLike,
    volatility: ArrayLike,
    dividend_yield: ArrayLike,
    kind: Kind,
) -> _Terms:
    if kind not in {"call", "put"}:
        raise ConfigError(f"kind must be 'call' or 'put', found {kind!r}. Pass one of these.")
    named = dict(
        zip(
            ("spot", "strike", "maturity", "rate", "volatility", "dividend_yield"),
            np.broadcast_arrays(*_floats(spot, strike, maturity, rate, volatility, dividend_yield)),
            strict=True,
        )
    )
    for name, values in named.items():
        if not np.isfinite(values).all():
            raise DataError(f"{name} must be finite, found NaN or infinity. Drop those options first.")
    for name in ("spot", "strike"):
        if (named[name] <= 0).any():
            raise DataError(f"{name} must be positive, found {named[name].min():g}. Drop those options first.")
    if (named["maturity"] < 0).any():
        raise DataError(
            f"an option past its expiry has no price, found {named['maturity'].min():g} years left. Drop it first."
        )
    if (named["volatility"] < 0).any():
        raise DataError(
            f"volatility must not be negative, found {named['volatility'].min():g}. Pass a decimal like 0.2."
        )
    return _Terms(**named, sign=1.0 if kind == "call" else -1.0)


def _floats(*values: ArrayLike) -> tuple[FloatArray, ...]:
    try:
        return tuple(np.asarray(value, dtype=np.float64) for value in values)
    except (TypeError, ValueError) as error:
        raise DataError(f"option inputs must be numbers: {error}. Convert them first.") from error
