"""What a GPU can be cut into: NVIDIA's MIG profiles, slices and placements, as data.

A card has seven compute slices and eight memory slices. A profile takes some of each; its memory
slices are contiguous and may start only where NVIDIA says so (`nvidia-smi mig -lgipp`).

References
----------
NVIDIA, Multi-Instance GPU User Guide, "Supported MIG Profiles" (A100, H100, H200) and "GPU instance
placements".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from hf_platform.errors import MigUnsupportedError

COMPUTE_SLICES: Final = 7
MEMORY_SLICES: Final = 8


@dataclass(frozen=True, slots=True)
class Profile:
    """One kind of GPU instance.

    Parameters
    ----------
    name : str
        As NVIDIA writes it, for example `1g.10gb` or `1g.10gb+me`.
    profile_id : int
        What `nvidia-smi mig -cgi` takes.
    compute : int
        Compute slices, of 7.
    memory : int
        Memory slices, of 8.
    gb : float
        Nominal memory; a few per cent less are usable.
    starts : tuple of int
        Memory slices at which it may begin.
    most : int
        How many of it one card holds.
    media : bool
        Carries the media engines (JPEG, optical flow), of which a card has one set.
    """

    name: str
    profile_id: int
    compute: int
    memory: int
    gb: float
    starts: tuple[int, ...]
    most: int
    media: bool = False

    @property
    def resource(self) -> str:
        """Name of the resource that NVIDIA's device plugin offers to Kubernetes (mixed strategy)."""
        return f"nvidia.com/mig-{self.name.replace('+', '.')}"


@dataclass(frozen=True, slots=True)
class MigGpu:
    """One GPU that can be partitioned.

    Parameters
    ----------
    name : str
    mark : str
        What the name that `nvidia-smi` reports must contain.
    gb : float
        Memory of the whole card; a card whose own figure is off by more than 5 % is another variant.
    needs_reset : bool
        Turning MIG on resets the card (Ampere); later ones switch without.
    profiles : tuple of Profile
        Smallest first: by memory slices, then compute slices, those with media engines last.
    """

    name: str
    mark: str
    gb: float
    needs_reset: bool
    profiles: tuple[Profile, ...]

    def profile(self, name: str) -> Profile | None:
        """Find a profile by NVIDIA's name."""
        return next((profile for profile in self.profiles if profile.name == name), None)


# NVIDIA's shapes are the same on all three generations; only the memory, and with it the name, differs.
# (profile id, compute slices, memory slices, starts, how many, media engines)
_SHAPES: Final = (
    (19, 1, 1, (0, 1, 2, 3, 4, 5, 6), 7, False),
    (20, 1, 1, (0, 1, 2, 3, 4, 5, 6), 1, True),
    (15, 1, 2, (0, 2, 4, 6), 4, False),
    (14, 2, 2, (0, 2, 4), 3, False),
    (9, 3, 4, (0, 4), 2, False),
    (5, 4, 4, (0,), 1, False),
    (0, 7, 8, (0,), 1, False),
)


def _gpu(name: str, mark: str, by_slices: Mapping[int, int], *, needs_reset: bool) -> MigGpu:
    profiles = tuple(
        Profile(
            name=f"{compute}g.{by_slices[memory]}gb{'+me' if media else ''}",
            profile_id=profile_id,
            compute=compute,
            memory=memory,
            gb=float(by_slices[memory]),
            starts=starts,
            most=most,
            media=media,
        )
        for profile_id, compute, memory, starts, most, media in _SHAPES
    )
    return MigGpu(name, mark, float(by_slices[MEMORY_SLICES]), needs_reset, profiles)


_ALL: Final = (
    _gpu("A100-40", "A100", {1: 5, 2: 10, 4: 20, 8: 40}, needs_reset=True),
    _gpu("A100-80", "A100", {1: 10, 2: 20, 4: 40, 8: 80}, needs_reset=True),
    _gpu("H100", "H100", {1: 10, 2: 20, 4: 40, 8: 80}, needs_reset=False),
    _gpu("H200", "H200", {1: 18, 2: 35, 4: 71, 8: 141}, needs_reset=False),
)
MIG_GPUS: Final[Mapping[str, MigGpu]] = MappingProxyType({gpu.name: gpu for gpu in _ALL})
_ALIASES: Final = {"A100": "A100-80", "H100-80": "H100", "A100-40GB": "A100-40", "A100-80GB": "A100-80"}


def mig_gpu(name: str) -> MigGpu:
    """Find a GPU by name; case does not matter.

    Raises
    ------
    MigUnsupportedError
        If it cannot be partitioned, or its table is not known here.
    """
    asked = name.upper()
    found = MIG_GPUS.get(_ALIASES.get(asked, asked))
    if found is None:
        raise MigUnsupportedError(name, tuple(MIG_GPUS))
    return found
