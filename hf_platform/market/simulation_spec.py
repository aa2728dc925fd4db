"""What a simulated market is made of: every parameter, its meaning and its range."""

from dataclasses import dataclass
from datetime import date
from math import exp, pi, sqrt
from math import gamma as gamma_function
from typing import Final, Literal

from hf_platform.errors import ConfigError
from hf_platform.horizons import INTRADAY
from hf_platform.market.universe import check_name

_SHARES: Final = (
    "jump_probability", "stress_entry", "stress_exit", "late_share", "restated_share",
)  # fmt: skip
_SIGNALS: Final = ("news_signal", "book_signal")


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
    process : {"garch", "gjr", "egarch"}
        Variance of the own return e_t = sqrt(h_t) z_t, per session. garch and gjr:
        h_t = omega + (alpha + gamma [e_(t-1) < 0]) e_(t-1)^2 + beta h_(t-1). egarch:
        ln h_t = omega + alpha (|z_(t-1)| - E|z|) + gamma z_(t-1) + beta ln h_(t-1).
    omega, alpha, gamma, beta : float
        Its parameters. Leverage is a positive gamma in gjr, a negative one in egarch.
    distribution : {"normal", "t"}
        Of z, with unit variance.
    degrees_of_freedom : float
        Of the t distribution, above 2.
    jump_probability, jump_scale : float
        Share of sessions whose own shock is multiplied, and by how much: fat tails. The shocks then
        have variance kappa = 1 + p (scale^2 - 1), so the true garch persistence is alpha kappa + beta.
    market_volatility : float
        Standard deviation of the market return that all instruments share, decimal per session;
        zero for none.
    market_betas, start_volatilities, start_prices : pair of float
        Ranges from which each instrument draws its exposure, first volatility and first price.
    n_sectors, sector_volatility : int, float
        Number of sector factors and the standard deviation of each; an instrument belongs to one of
        them with exposure 1.
    stress_entry, stress_exit, stress_scale : float
        Chance per session to enter and to leave a regime in which the market factor's volatility is
        multiplied by `stress_scale`: correlations rise together with volatility.
    calendar_effects : bool
        Add the means and noises of `CALENDAR_EFFECTS`.
    dividend_yield : float
        Paid in four parts a year; zero for none.
    splits_per_year, delistings_per_year : float
        Expected numbers per instrument; zero for none. A delisted share fetches up to 60 % of its last price.
    late_share, restated_share : float
        Share of bars that arrive one to ten days late, and of bars first reported wrong and corrected then.
    news_signal, book_signal : float
        Correlation of news sentiment, and of the order book's imbalance, with the next session's own
        shock: the planted signal. The sentiment keeps mean 0 and variance 1, and is normal where z is.
    book_levels, embedding_size : int
        Depth of the order book and length of the news embeddings.

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
    process: Literal["garch", "gjr", "egarch"] = "garch"
    omega: float = 1e-5
    alpha: float = 0.05
    gamma: float = 0.0
    beta: float = 0.90
    distribution: Literal["normal", "t"] = "normal"
    degrees_of_freedom: float = 8.0
    jump_probability: float = 0.05
    jump_scale: float = 3.0
    market_volatility: float = 0.01
    market_betas: tuple[float, float] = (0.5, 1.5)
    start_volatilities: tuple[float, float] = (0.015, 0.035)
    start_prices: tuple[float, float] = (50.0, 300.0)
    n_sectors: int = 0
    sector_volatility: float = 0.008
    stress_entry: float = 0.0
    stress_exit: float = 0.05
    stress_scale: float = 4.0
    calendar_effects: bool = True
    dividend_yield: float = 0.0
    splits_per_year: float = 0.0
    delistings_per_year: float = 0.0
    late_share: float = 0.0
    restated_share: float = 0.0
    news_signal: float = 0.2
    book_signal: float = 0.1
    book_levels: int = 3
    embedding_size: int = 8

    def __post_init__(self) -> None:
        """Check names, ranges and stationarity."""
        for name in self.instruments:
            check_name(name)
        if self.frequency != "1d" and self.frequency not in INTRADAY:
            known = ("1d", *INTRADAY)
            raise ConfigError(f"simulated bars are one of {', '.join(known)}, found {self.frequency!r}. Fold the rest.")
        if self.start > self.end or not self.instruments:
            raise ConfigError(f"a simulation needs instruments and start <= end, found {self.start} to {self.end}.")
        for name in _SHARES:
            if not 0 <= getattr(self, name) <= 1:
                raise ConfigError(f"{name} must lie in [0, 1], found {getattr(self, name)}. Lower it.")
        for name in _SIGNALS:
            if not -1 < getattr(self, name) < 1:
                raise ConfigError(f"{name} is a correlation inside (-1, 1), found {getattr(self, name)}. Change it.")
        if self.distribution == "t" and self.degrees_of_freedom <= 2:
            raise ConfigError(f"degrees_of_freedom must be above 2, found {self.degrees_of_freedom}. Raise it.")
        if self.process != "egarch" and (self.omega <= 0 or self.alpha < 0 or self.beta < 0 or not self._is_positive):
            raise ConfigError("omega must be positive; alpha, alpha + gamma and beta not negative. Change them.")
        if self.process == "garch" and self.gamma != 0:
            raise ConfigError(f"garch has no gamma, found {self.gamma}. Use gjr or egarch.")
        if abs(self.persistence) >= 1:
            raise ConfigError(
                f"the persistence of the variance must be below 1, found {self.persistence:g}. "
                "Lower alpha, gamma, beta or the jumps."
            )

    @property
    def _is_positive(self) -> bool:
        return self.alpha + self.gamma >= 0

    @property
    def shock_variance(self) -> float:
        """Variance of the standardised own shock; above 1 where there are jumps."""
        return 1.0 + self.jump_probability * (self.jump_scale**2 - 1.0)

    @property
    def persistence(self) -> float:
        """Decay of the variance (egarch: of its logarithm) per session; jumps inflate alpha and gamma."""
        if self.process == "egarch":
            return self.beta
        return (self.alpha + self.gamma / 2.0) * self.shock_variance + self.beta

    @property
    def long_run_volatility(self) -> float:
        """Square root of the long-run mean of h (egarch: exp of half the mean of ln h), decimal per session."""
        if self.process == "egarch":
            return exp(self.omega / (1.0 - self.beta) / 2.0)
        return sqrt(self.omega / (1.0 - self.persistence))

    @property
    def mean_absolute_shock(self) -> float:
        """Mean of |z| without jumps."""
        if self.distribution == "normal":
            return sqrt(2.0 / pi)
        nu = self.degrees_of_freedom
        return (
            2.0 * sqrt(nu - 2.0) * gamma_function((nu + 1.0) / 2.0) / ((nu - 1.0) * gamma_function(nu / 2.0) * sqrt(pi))
        )


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
