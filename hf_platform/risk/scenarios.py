"""The scenario library, as data: add a scenario by adding a line."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from hf_platform.errors import UnknownNameError


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Replay what really happened from the close of `start` to the close of `stop` on today's positions."""

    name: str
    description: str
    start: date
    stop: date
    kind: str = field(default="historical", init=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Worst:
    """The consecutive sessions of the common history in which today's positions would have lost most."""

    name: str
    description: str
    n_sessions: int
    kind: str = field(default="worst", init=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shock:
    """An instantaneous simple return by asset class; `otherwise` for classes that are not named.

    `volatility_scale` multiplies the volatility that options are priced at.
    """

    name: str
    description: str
    returns: Mapping[str, float]
    otherwise: float = 0.0
    volatility_scale: float = 1.0
    kind: str = field(default="shock", init=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelStress:
    """Change the forecast covariance: volatilities by a factor, correlations to one value (None: as they are)."""

    name: str
    description: str
    volatility_scale: float = 1.0
    correlation: float | None = None
    kind: str = field(default="model", init=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reverse:
    """The smallest shock, measured by Mahalanobis distance, that loses `loss` of the equity."""

    name: str
    description: str
    loss: float
    kind: str = field(default="reverse", init=False)


Scenario = Window | Worst | Shock | ModelStress | Reverse

LIBRARY: Final[tuple[Scenario, ...]] = (
    Window(
        name="2008", description="Lehman to the November trough", start=date(2008, 9, 12), stop=date(2008, 11, 20)
    ),
    Window(
        name="2020", description="Covid: February peak to March trough", start=date(2020, 2, 19), stop=date(2020, 3, 23)
    ),
    Window(
        name="2007-2009", description="the whole bear market", start=date(2007, 10, 9), stop=date(2009, 3, 9)
    ),
    Window(
        name="2000-2002", description="end of the technology boom", start=date(2000, 3, 24), stop=date(2002, 10, 9)
    ),
    Window(name="2011", description="US downgrade", start=date(2011, 7, 22), stop=date(2011, 8, 8)),
    Window(name="2018", description="fourth quarter of 2018", start=date(2018, 9, 20), stop=date(2018, 12, 24)),
    Worst(name="worst-1d", description="worst session of the common history", n_sessions=1),
    Worst(name="worst-5d", description="worst 5 sessions in a row", n_sessions=5),
    Worst(name="worst-20d", description="worst 20 sessions in a row", n_sessions=20),
    Shock(
        name="equities-10", description="equities and indices -10 %, option volatility x 1.3",
        returns={"equity": -0.10, "index": -0.10, "etf": -0.10}, volatility_scale=1.3,
    ),
    Shock(
        name="equities-30", description="equities and indices -30 %, commodities -20 %, option volatility x 2",
        returns={"equity": -0.30, "index": -0.30, "etf": -0.30, "commodity": -0.20, "future": -0.20},
        volatility_scale=2.0,
    ),
    Shock(
        name="melt-up", description="everything +10 %: what a short book fears", returns={}, otherwise=0.10
    ),
    ModelStress(name="volatility-doubled", description="every volatility twice its forecast", volatility_scale=2.0),
    ModelStress(name="correlation-breakdown", description="every correlation at 0.9", correlation=0.9),
    ModelStress(
        name="crisis", description="volatility doubled and every correlation at 0.9", volatility_scale=2.0,
        correlation=0.9,
    ),
    Reverse(name="reverse-10", description="smallest shock that loses 10 % of the equity", loss=0.10),
    Reverse(name="reverse-25", description="smallest shock that loses 25 % of the equity", loss=0.25),
)  # fmt: skip
NAMES: Final = tuple(scenario.name for scenario in LIBRARY)


def find_scenario(name: str) -> Scenario:
    """Look a scenario up.

    Raises
    ------
    UnknownNameError
        Listing the names that there are.
    """
    for scenario in LIBRARY:
        if scenario.name == name:
            return scenario
    raise UnknownNameError("scenario", name, NAMES)
