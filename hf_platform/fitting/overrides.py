"""What a user asks for one family: where it is fitted, on what share of a machine, within which limits."""

import math
from dataclasses import dataclass, fields
from typing import Literal

from hf_platform.errors import ConfigError

_PLACES = ("inline", "ray")
_EXAMPLE = "Write it like nbeats:gpus=0.5,timeout=3600 or garch:where=inline"


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """Settings of one family that replace its own and the platform's; None keeps those.

    Parameters
    ----------
    family : str
    where : {"inline", "ray"} or None
        In this process, or in workers of the cluster that `HFP_EXECUTOR` names.
    cpus, gpus : float or None
        What one worker reserves.
    gpu_memory : float or None
        Memory of a GPU that one worker needs [GB]; turned into a share of a card.
    timeout : float or None
        Longest that one model may take [s].
    memory : float or None
        Most memory that a worker may add to what it starts with [GiB].
    """

    family: str
    where: Literal["inline", "ray"] | None = None
    cpus: float | None = None
    gpus: float | None = None
    gpu_memory: float | None = None
    timeout: float | None = None
    memory: float | None = None


_NUMBERS = tuple(field.name for field in fields(Override) if field.name not in ("family", "where"))


def parse_override(text: str) -> Override:
    """Read one override, ``family:name=value,name=value``.

    Raises
    ------
    ConfigError
        If it cannot be read, or a number is not positive (`gpus` and `gpu_memory` may be zero).
    """
    family, colon, rest = text.partition(":")
    values: dict[str, float] = {}
    where: Literal["inline", "ray"] | None = None
    for part in rest.split(",") if colon and family else [""]:
        name, _, value = part.partition("=")
        if name == "where" and value in _PLACES:
            where = "inline" if value == "inline" else "ray"
        elif name in _NUMBERS:
            values[name] = _number(text, name, value)
        else:
            known = ", ".join(("where", *_NUMBERS))
            raise ConfigError(f"an override names a family and some of {known}, found {text!r}. {_EXAMPLE}.")
    return Override(family=family, where=where, **values)


def _number(text: str, name: str, value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not (math.isfinite(number) and (number > 0 or (number == 0 and name in ("gpus", "gpu_memory")))):
        raise ConfigError(f"{name} must be a positive number, found {value!r} in {text!r}. {_EXAMPLE}.")
    return number
