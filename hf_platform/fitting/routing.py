"""Instruments with too little history: who forecasts them instead."""

from hf_platform.models.base import ModelFamily
from hf_platform.settings import Settings

ZERO_SHOT = "timesfm"


def zero_shot_route(family: ModelFamily, settings: Settings) -> str | None:
    """Name the family that forecasts returns without training, where the platform is set up to run it.

    Parameters
    ----------
    family : ModelFamily
        The one that needs more history.
    settings : Settings
        The route is open with a folder of weights (`HFP_TIMESFM_FOLDER`) and the family in `HFP_FAMILIES`.

    Returns
    -------
    str or None
        None where the key fails for want of history: for volatility, which needs tails, and where no
        pretrained model is at hand.
    """
    is_chosen = settings.families is not None and ZERO_SHOT in settings.families
    is_open = is_chosen and settings.timesfm_folder is not None
    return ZERO_SHOT if is_open and family.kind == "return" and family.name != ZERO_SHOT else None
