"""A family that harms its process in every way that was met in practice, for instruments that ask for it."""

import ctypes
import os
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from hf_platform.models.base import FitFailure, FitTask, Fitted
from hf_platform.models.families.ewma import EwmaFamily


def _raise() -> None:
    raise ZeroDivisionError("singular matrix")


def _segfault() -> None:
    ctypes.string_at(0)


def _leave() -> None:
    os._exit(3)


def _hang() -> None:
    time.sleep(3_600)


def _hang_deaf() -> None:
    """Hold the interpreter's lock in C, with every signal but SIGKILL blocked."""
    signal.pthread_sigmask(signal.SIG_BLOCK, set(signal.valid_signals()))
    ctypes.PyDLL(None).sleep(3_600)


def _hog() -> None:
    kept = [np.ones(2**24) for _ in range(1_000)]  # 125 GiB, page by page
    raise AssertionError(f"memory has no end: {len(kept)}")


FAULTS: dict[str, Callable[[], None]] = {
    "RAISE": _raise, "SEGV": _segfault, "EXIT": _leave, "HANG": _hang, "DEAF": _hang_deaf, "HOG": _hog,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Faulty(EwmaFamily):
    """EWMA, but an instrument called SEGV0 ends the process by a segmentation fault, and so on."""

    def fit_many(self, batch: Sequence[FitTask]) -> list[Fitted | FitFailure]:
        for task in batch:
            FAULTS.get(task.key.instrument.rstrip("0123456789"), lambda: None)()
        return EwmaFamily.fit_many(self, batch)
