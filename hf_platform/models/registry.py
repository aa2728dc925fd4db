"""The one list of model families. A new family is one file in `families/` and one line here."""

from typing import TYPE_CHECKING, Final

from hf_platform.errors import UnknownFamilyError
from hf_platform.models.base import ModelFamily
from hf_platform.models.families import (
    arima,
    baseline,
    catboost,
    cmtf,
    elastic_net,
    es_rnn,
    ewma,
    garch,
    har_rv,
    lightgbm,
    lstm_garch,
    lstm_hw_stack,
    nbeats,
    patchtst,
    prophet,
    timesfm,
    xgboost,
)

if TYPE_CHECKING:
    from hf_platform.settings import Settings

FAMILIES: Final[tuple[ModelFamily, ...]] = (
    ewma.FAMILY,
    garch.FAMILY,
    har_rv.FAMILY,
    baseline.FAMILY,
    arima.FAMILY,
    prophet.FAMILY,
    elastic_net.FAMILY,
    lightgbm.FAMILY,
    xgboost.FAMILY,
    catboost.FAMILY,
    nbeats.FAMILY,
    patchtst.FAMILY,
    es_rnn.FAMILY,
    lstm_garch.FAMILY,
    timesfm.FAMILY,
    cmtf.FAMILY,
    lstm_hw_stack.FAMILY,
)


def chosen_families(settings: "Settings") -> tuple[ModelFamily, ...]:
    """List the families of `HFP_FAMILIES`; where it is unset, those that need no extra."""
    if settings.families is None:
        return tuple(family for family in FAMILIES if family.extra is None)
    return tuple(family for family in FAMILIES if family.name in settings.families)


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
