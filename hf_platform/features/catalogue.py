"""Every feature that a model may read: what it means, how far back it looks, where its SQL stands.

The columns of `features.feature_matrix` are these, in this order; a test holds the two together,
texts included.
"""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from hf_platform.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One column of the feature matrix.

    Parameters
    ----------
    table : str
        dbt model that computes it.
    lookback : int
        Usable bars before the current one that must exist before the first value.
    lag : int
        Age of the newest bar it reads, in bars; 0 reads the current bar, known at its close.
    unit : str
    description : str
    scope : {"series", "cross_section"}
        `series`: reads its own instrument only, so that no other instrument can change it.

    Raises
    ------
    ConfigError
        If a lookback is shorter than the lag, or the lag negative.
    """

    table: str
    lookback: int
    unit: str
    description: str
    lag: int = 0
    scope: Literal["series", "cross_section"] = "series"

    def __post_init__(self) -> None:
        """Check the two counts."""
        if not 0 <= self.lag <= self.lookback:
            raise ConfigError(f"a lag lies between 0 and the lookback {self.lookback}, found {self.lag}. Mend it.")


def _momentum(n: int) -> Feature:
    return Feature(
        table="feat_momentum",
        lookback=n,
        unit="decimal",
        description=f"Simple return over {n} bars, p[t] / p[t-{n}] - 1.",
    )


def _lagged_return(lag: int) -> Feature:
    return Feature(
        table="feat_momentum",
        lookback=lag + 1,
        lag=lag,
        unit="decimal",
        description=f"Log return of {lag} {'bar' if lag == 1 else 'bars'} before.",
    )


def _volatility(lookback: int, description: str) -> Feature:
    return Feature(
        table="feat_volatility", lookback=lookback, unit="decimal per bar, not annualised", description=description
    )


FEATURES: Final = MappingProxyType(
    {
        **{f"momentum_{n}": _momentum(n) for n in (5, 20, 60)},
        **{f"log_return_lag_{lag}": _lagged_return(lag) for lag in range(1, 6)},
        "rsi_14": Feature(
            table="feat_oscillators",
            lookback=14,
            unit="0 to 100",
            description=(
                "Wilder's relative strength index of 14 changes, smoothed from the start of the series; "
                "null while no price has moved."
            ),
        ),
        "bollinger_position_20": Feature(
            table="feat_oscillators",
            lookback=19,
            unit="dimensionless",
            description=(
                "(p - mean) / (2 standard deviations) over 20 bars, population standard deviation: 0 at the mean, "
                "1 at the upper band; null on a flat series."
            ),
        ),
        "volume_ratio_20": Feature(
            table="feat_volume",
            lookback=20,
            unit="dimensionless",
            description="Volume over the mean volume of the 20 bars before, this one left out.",
        ),
        "realised_volatility_21": _volatility(21, "Sample standard deviation of the last 21 log returns."),
        "ewma_volatility": _volatility(
            21,
            "Root of the exponentially weighted mean square of all log returns so far; decay 0.94, weights sum to 1.",
        ),
        "bipower_volatility_21": _volatility(
            21,
            "Root of pi/2 times the mean product of neighbouring absolute returns among the last 21; "
            "hardly moved by a jump.",
        ),
        "parkinson_volatility_21": _volatility(
            20, "Root of the mean squared log range of 21 bars over 4 ln 2; null without high and low."
        ),
        "garman_klass_volatility_21": _volatility(
            20, "Garman and Klass's estimate from 21 bars; null without open, high and low."
        ),
        "xs_momentum_rank_20": Feature(
            table="feat_xs_momentum",
            lookback=20,
            unit="0 to 1",
            description=(
                "Share of peers of the same session with a smaller momentum_20, ties counting half; null without peers."
            ),
            scope="cross_section",
        ),
    }
)
