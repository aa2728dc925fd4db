"""Groups of families for hierarchical stacking: classical, machine learning, foundation."""

from typing import Final, Literal

Group = Literal["classical", "machine_learning", "foundation"]
GROUPS: Final[tuple[Group, ...]] = ("classical", "machine_learning", "foundation")

# Statistics with few parameters on one side, models pretrained elsewhere on the other; all else learns.
_CLASSICAL: Final = frozenset(
    {
        "arima", "ewma", "garch", "har_rv", "historical_mean", "implied_volatility", "naive", "prophet", "random_walk",
    }
)  # fmt: skip
_FOUNDATION: Final = frozenset({"timesfm"})


def group_of(family: str) -> Group:
    """Name the group of a family; one that is not known here is machine learning."""
    if family in _CLASSICAL:
        return "classical"
    return "foundation" if family in _FOUNDATION else "machine_learning"
