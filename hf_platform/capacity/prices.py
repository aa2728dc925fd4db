"""The price table: dated, with sources, and the user's own where one is named."""

import tomllib
from collections.abc import Mapping
from datetime import date
from importlib import resources
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from hf_platform.errors import ConfigError, UnknownNameError

HOURS_PER_YEAR: Final = 8_760
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class _Entry(BaseModel):
    """What every entry carries: when it was written down, and where it comes from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    recorded_on: date
    source: Annotated[str, Field(min_length=1)]


class Running(_Entry):
    """What it costs to run a machine, whatever it is."""

    depreciation_years: Positive
    usd_per_kwh: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    power_usage_effectiveness: Annotated[float, Field(ge=1, allow_inf_nan=False)]


class Accelerator(_Entry):
    """One card.

    `score` is its speed relative to an RTX 4090; the guide's scores are not measurements.
    """

    price_usd: Positive
    memory_gb: Positive
    watts: Positive
    score: Positive
    mig: bool = False


class Node(_Entry):
    """One machine: price and power of the whole, accelerators included."""

    price_usd: Positive
    cores: Annotated[int, Field(ge=1)]
    memory_gb: Positive
    watts: Positive
    accelerator: str | None = None
    n_accelerators: Annotated[int, Field(ge=0)] = 0


class Prices(BaseModel):
    """The whole table."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    running: Running
    accelerators: Mapping[str, Accelerator]
    nodes: Mapping[str, Node]

    @model_validator(mode="after")
    def _known_cards(self) -> "Prices":
        for name, node in self.nodes.items():
            if (node.accelerator is None) != (node.n_accelerators == 0):
                raise ValueError(f"node {name}: accelerator and n_accelerators must be given together")
            if node.accelerator is not None and node.accelerator not in self.accelerators:
                raise ValueError(f"node {name}: accelerator {node.accelerator!r} has no entry")
        return self

    def node(self, name: str) -> Node:
        """Find a kind of node.

        Raises
        ------
        UnknownNameError
            If the table has none of that name.
        """
        if name not in self.nodes:
            raise UnknownNameError("node", name, tuple(self.nodes))
        return self.nodes[name]

    def usd_per_hour(self, price_usd: float, watts: float) -> float:
        """Cost of an hour of a machine: its price over its life, and its power [USD].

        Parameters
        ----------
        price_usd : float
            Purchase price.
        watts : float
            Power under load.
        """
        life = self.running.depreciation_years * HOURS_PER_YEAR
        power = watts / 1_000 * self.running.power_usage_effectiveness * self.running.usd_per_kwh
        return price_usd / life + power

    def usd_per_core_hour(self, name: str) -> float:
        """Cost of an hour of one core of a kind of node [USD]."""
        node = self.node(name)
        return self.usd_per_hour(node.price_usd, node.watts) / node.cores


def load_prices(path: Path | None = None) -> Prices:
    """Read the bundled table, or the user's.

    Parameters
    ----------
    path : Path, optional
        TOML of the same shape as `prices.toml` beside this module.

    Raises
    ------
    ConfigError
        If the file cannot be read, is not TOML, or an entry breaks a rule; names the entry.
    """
    shown = "the bundled price table" if path is None else str(path)
    try:
        if path is None:
            text = resources.files("hf_platform.capacity").joinpath("prices.toml").read_text(encoding="utf-8")
        else:
            text = path.read_text(encoding="utf-8")
        return Prices.model_validate(tomllib.loads(text))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"a price table is a readable TOML file, found {shown}: {error}. Mend the file.") from error
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, e['loc'])) or 'table'}: {e['msg']}" for e in error.errors()]
        raise ConfigError(f"{shown} breaks a rule. {'; '.join(lines)}. Mend the entry.") from error
