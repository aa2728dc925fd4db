"""The one list of model families. A new family is one file in `families/` and one line here."""

from typing import Final

from hf_platform.errors import UnknownFamilyError
from hf_platform.models.base import ModelFamily
from hf_platform.models.families import elastic_net, ewma, garch, lightgbm

FAMILIES: Final[tuple[ModelFamily, ...]] = (ewma.FAMILY, garch.FAMILY, elastic_net.FAMILY, lightgbm.FAMILY)


def get_family(name: str) -> ModelFamily:
    """Find a family by name.

    Raises
    ------
    UnknownFamilyError
        If no family has that name.
    """
    for family in FAMILIES:
        if family.name == name:
            return family
    raise UnknownFamilyError(name, tuple(family.name for family in FAMILIES))
