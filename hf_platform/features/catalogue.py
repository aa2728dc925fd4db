"""Every feature that a model may read: what it means, how far back it looks, where its SQL stands.

The columns of `features.feature_matrix` are `FEATURES`, in this order, those of
`features.feature_alternative` are `ALTERNATIVE_FEATURES`; tests hold them together, texts included. A family
asks for either by name. Alternative features are null wherever nobody has sold the data: a family that
reads them must cope with columns that are empty for an instrument.
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
        "range_variance": Feature(
            table="feat_volatility",
            lookback=0,
            unit="decimal squared per bar",
            description=(
                "Parkinson's variance of this bar alone: squared log range over 4 ln 2; "
                "null without high and low, or where they are equal."
            ),
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


def _book(name: str, unit: str, description: str) -> tuple[str, Feature]:
    return f"order_book_{name}", Feature(table="feat_order_book", lookback=0, unit=unit, description=description)


def _alternative(unit: str, description: str) -> Feature:
    return Feature(table="feature_alternative", lookback=0, unit=unit, description=description)


ALTERNATIVE_FEATURES: Final = MappingProxyType(
    {
        **dict(
            (
                _book("spread", "decimal", "Best ask minus best bid, over their middle."),
                _book("imbalance", "-1 to 1", "Size at the best bid minus size at the best ask, over their sum."),
                _book(
                    "depth_imbalance",
                    "-1 to 1",
                    "The same over the five best levels of each side, where there are as many.",
                ),
                _book(
                    "micro_price",
                    "decimal",
                    "Price at the touch weighted by the opposite sizes, over the middle, minus 1.",
                ),
            )
        ),
        "news_sentiment": _alternative("as the feed has it", "Mean sentiment of the news since the bar before."),
        "social_sentiment": _alternative("as the feed has it", "Mean sentiment of the posts since the bar before."),
        "social_mentions": _alternative("posts", "Posts that name it since the bar before."),
        "implied_volatility": _alternative("as the feed has it", "Newest volatility that option prices imply."),
        "card_spending_index": _alternative("as the feed has it", "Newest index of card spending at the company."),
        "satellite_index": _alternative("as the feed has it", "Newest index from satellite pictures."),
    }
)
ALL_FEATURES: Final = MappingProxyType({**FEATURES, **ALTERNATIVE_FEATURES})
