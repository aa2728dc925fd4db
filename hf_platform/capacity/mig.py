"""Which slice each model gets, and how the slices lie on the cards."""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from hf_platform.capacity.mig_profiles import COMPUTE_SLICES, MEMORY_SLICES, MigGpu, Profile
from hf_platform.errors import ConfigError, UnknownNameError

HEADROOM: Final = 0.10  # a slice's usable memory is up to 5 % under its name, and training peaks

# Memory of one model in training [GB], as the guide's controller has it; a number on the command line comes first.
# (Its own table says 2.1 GB for TimesFM elsewhere; users have measured about 18 GB.)
GUIDE_GB: Final[Mapping[str, float]] = MappingProxyType(
    {"garch": 1.0, "xgboost": 2.0, "nbeats": 5.0, "patchtst": 8.0, "timesfm": 20.0}
)
_DEMAND: Final = re.compile(r"(?P<name>[A-Za-z][\w-]*)(=(?P<gb>\d+(\.\d+)?))?(:(?P<n>\d+))?")


@dataclass(frozen=True, slots=True)
class Demand:
    """Some equal models that want a slice each.

    Parameters
    ----------
    name : str
    gb : float
        Memory of one [GB].
    n : int
        How many at the same time.
    """

    name: str
    gb: float
    n: int = 1

    def __post_init__(self) -> None:
        """Check the ranges."""
        if not (math.isfinite(self.gb) and self.gb > 0 and self.n > 0):
            raise ConfigError(
                f"{self.name}: memory and number must be positive, found {self.gb} GB x {self.n}. Write NAME=GB:NUMBER."
            )


@dataclass(frozen=True, slots=True)
class Placed:
    """One slice on one card; `start` is its first memory slice."""

    model: str
    profile: Profile
    start: int

    @property
    def slices(self) -> range:
        """Memory slices it covers."""
        return range(self.start, self.start + self.profile.memory)


@dataclass(frozen=True, slots=True)
class MigPlan:
    """Slices by card.

    Parameters
    ----------
    gpu : MigGpu
    cards : tuple of tuple of Placed
        Each card's slices in the order of their start.
    headroom : float
        Share of memory kept free.
    """

    gpu: MigGpu
    cards: tuple[tuple[Placed, ...], ...]
    headroom: float

    def resources(self) -> dict[str, int]:
        """Count slices by the resource name that a pod asks for."""
        return dict(Counter(placed.profile.resource for card in self.cards for placed in card))


def parse_demand(text: str, known_gb: Mapping[str, float]) -> Demand:
    """Read `NAME[=GB][:NUMBER]`, for example `nbeats`, `patchtst:2` or `ours=7.5:3`.

    Raises
    ------
    ConfigError
        If the text has another shape.
    UnknownNameError
        If no memory is given and none is known for the name.
    """
    match = _DEMAND.fullmatch(text)
    if match is None:
        raise ConfigError(f"a family is written NAME, NAME:NUMBER or NAME=GB:NUMBER, found {text!r}. Write it so.")
    name, gb = match["name"], match["gb"]
    if gb is None and name not in known_gb:
        raise UnknownNameError("family's GPU memory (say NAME=GB)", name, tuple(sorted(known_gb)))
    return Demand(name, float(gb) if gb is not None else known_gb[name], int(match["n"] or 1))


def smallest_profile(gpu: MigGpu, gb: float, headroom: float = HEADROOM) -> Profile:
    """Find the smallest profile that holds a model with room to spare.

    Parameters
    ----------
    gpu : MigGpu
    gb : float
        Memory of the model.
    headroom : float
        Share of the model's memory that must be free besides: with 0.1 a 20 GB model needs 22 GB,
        so a 20 GB slice is too small for it.

    Raises
    ------
    ConfigError
        If not even the whole card is large enough.
    """
    for profile in gpu.profiles:
        if not profile.media and profile.gb >= gb * (1 + headroom):
            return profile
    raise ConfigError(
        f"a model must fit into one card with {headroom:.0%} to spare, found {gb:g} GB; {gpu.name} has {gpu.gb:g} GB."
        " Choose a larger GPU, or less headroom."
    )


def plan_slices(gpu: MigGpu, demands: Sequence[Demand], *, headroom: float = HEADROOM) -> MigPlan:
    """Give each model the smallest slice that holds it, and pack slices onto as few cards as first fit finds.

    Parameters
    ----------
    gpu : MigGpu
    demands : sequence of Demand
        At least one.
    headroom : float
        See `smallest_profile`.

    Returns
    -------
    MigPlan
        On each card slices do not overlap, start where NVIDIA allows, and take at most 7 compute and
        8 memory slices.

    Raises
    ------
    ConfigError
        If there is no demand, headroom is negative, or a model is larger than a card.
    """
    if not demands or not headroom >= 0:
        raise ConfigError(
            f"a plan needs a model and headroom of 0 or more, found {len(demands)} models, headroom {headroom}. "
            "Name a family."
        )
    wanted = [(demand.name, smallest_profile(gpu, demand.gb, headroom)) for demand in demands for _ in range(demand.n)]
    wanted.sort(key=lambda one: (-one[1].memory, -one[1].compute, one[0]))
    cards: list[list[tuple[str, Profile]]] = []
    laid: list[tuple[Placed, ...]] = []
    for one in wanted:
        for index, card in enumerate(cards):
            again = place([*card, one])
            if again is not None:
                card.append(one)
                laid[index] = again
                break
        else:
            cards.append([one])
            laid.append(place([one]) or ())
    return MigPlan(gpu, tuple(laid), headroom)


def place(wanted: Sequence[tuple[str, Profile]]) -> tuple[Placed, ...] | None:
    """Find places for all slices on one card, or None where there are none."""
    if sum(profile.compute for _, profile in wanted) > COMPUTE_SLICES:
        return None
    if sum(profile.media for _, profile in wanted) > 1:
        return None
    # The largest first: they have the fewest places. Small ones at the far end leave the aligned starts free.
    order = sorted(wanted, key=lambda one: (-one[1].memory, -one[1].compute, one[0]))
    found = _search(order, frozenset(range(MEMORY_SLICES)))
    return None if found is None else tuple(sorted(found, key=lambda placed: placed.start))


def _search(wanted: Sequence[tuple[str, Profile]], free: frozenset[int]) -> list[Placed] | None:
    if not wanted:
        return []
    (model, profile), rest = wanted[0], wanted[1:]
    for start in profile.starts:
        placed = Placed(model, profile, start)
        if free.issuperset(placed.slices):
            found = _search(rest, free.difference(placed.slices))
            if found is not None:
                return [placed, *found]
    return None
