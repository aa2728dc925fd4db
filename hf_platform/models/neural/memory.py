"""Memory of a net's work: planned before, split when it does not fit, measured after."""

# torch annotates only half of its functions.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    import torch

R = TypeVar("R")
_SHARE: Final = 0.25  # of the free memory that a batch may take: others work on the machine, too
_COPIES: Final = 12  # of a row's input and output alive at once: activations, gradients, the optimiser's view
_UNKNOWN: Final = 2 << 30


@dataclass(frozen=True, slots=True)
class MemoryPlan:
    """Rows at once that fit.

    Parameters
    ----------
    rows : int
    predicted : int
        Bytes that so many rows take.
    free : int
        Bytes that were free on the device.
    """

    rows: int
    predicted: int
    free: int

    def __str__(self) -> str:
        """Say it in MiB."""
        return f"{self.rows} rows at once, about {self.predicted >> 20} of {self.free >> 20} MiB free"


def free_bytes(device: "torch.device") -> int:
    """Read the free memory of a GPU, or what the machine can still give out."""
    if device.type == "cuda":
        import torch

        return int(torch.cuda.mem_get_info(device)[0])
    meminfo = Path("/proc/meminfo")
    if not meminfo.exists():
        return _UNKNOWN
    found = [line.split() for line in meminfo.read_text(encoding="ascii").splitlines()]
    return next((int(parts[1]) << 10 for parts in found if parts[0] == "MemAvailable:"), _UNKNOWN)


def plan(values_per_row: int, wanted: int, free: int) -> MemoryPlan:
    """Plan a batch.

    Parameters
    ----------
    values_per_row : int
        Single-precision numbers of the widest layer for one row.
    wanted : int
        Rows that one would like to have.
    free : int
        Bytes.
    """
    per_row = max(1, 4 * _COPIES * values_per_row)
    rows = max(1, min(wanted, int(_SHARE * free) // per_row))
    return MemoryPlan(rows, rows * per_row, free)


def split_until_it_fits(call: Callable[[int], R], rows: int) -> tuple[R, int]:
    """Call with so many rows at once, and with half as many each time that memory runs out.

    Returns
    -------
    result
    rows : int
        With which it went through.

    Raises
    ------
    MemoryError
        If not even one row fits.
    """
    import torch

    while True:
        try:
            return call(rows), rows
        except (MemoryError, torch.OutOfMemoryError) as error:
            if torch.cuda.is_available():
                torch.cuda.empty_cache()
            if rows == 1:
                raise MemoryError(
                    f"one row at a time must fit into memory, found it does not: {error}. "
                    "Free the device, or take a smaller net."
                ) from error
            rows //= 2
