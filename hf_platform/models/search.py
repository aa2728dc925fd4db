"""Search spaces as data.

A space names parameters of a family's specification: ``{"low", "high"}`` with an optional ``"log"``, whole
numbers where both ends are, or ``{"choices": [...]}``. A space of choices alone is enumerated.
"""

from collections.abc import Mapping
from itertools import product
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution


def enumerated(space: Mapping[str, object]) -> list[dict[str, object]] | None:
    """List every point of a space of choices alone; None where a range has to be sampled."""
    options = [cast(Mapping[str, Any], bounds).get("choices") for bounds in space.values()]
    if any(option is None for option in options):
        return None
    return [dict(zip(space, point, strict=True)) for point in product(*cast(list[list[object]], options))]


def distributions(space: Mapping[str, object]) -> "dict[str, BaseDistribution]":
    """Translate a space for Optuna."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    found: dict[str, BaseDistribution] = {}
    for name, bounds in space.items():
        given = cast(Mapping[str, Any], bounds)
        if "choices" in given:
            found[name] = CategoricalDistribution(given["choices"])
            continue
        is_whole = isinstance(given["low"], int) and isinstance(given["high"], int)
        kind = IntDistribution if is_whole else FloatDistribution
        found[name] = kind(given["low"], given["high"], log=bool(given.get("log", False)))
    return found
