"""When panel nets are trained again, and which modules decide their numbers."""

from typing import Final

from hf_platform.models.base import Schedule

# Five years before the first anchor, at most eight in a window, a new net every four: nets learn what
# instruments have in common, which changes slowly, and one of them costs as much as a thousand regressions.
# The steps are whole years, so that anchors of all frequencies fall on days such as 2018-01-01.
PANEL_SCHEDULE: Final = Schedule(
    minimum={"1d": 1260, "1w": 260, "1mo": 120, "*": 1260},
    window={"1d": 2016, "1w": 520, "1mo": 240, "*": 4000},
    every={"1d": 1008, "1w": 208, "1mo": 48, "*": 4000},
)
PANEL_MODULES: Final[tuple[str, ...]] = (
    "hf_platform.models.device",
    "hf_platform.models.neural.schedules",
    *(
        f"hf_platform.models.neural.{module}"
        for module in ("panel_family", "runtime", "tensors", "training_loop", "windows")
    ),
    "hf_platform.models.checks",
    "torch",
)
QUANTILE_NET_MODULES: Final[tuple[str, ...]] = (
    *PANEL_MODULES,
    *(
        f"hf_platform.models.neural.{module}"
        for module in ("layers.initial", "pinball", "quantile_family", "quantile_function")
    ),
)
