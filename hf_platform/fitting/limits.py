"""Time and memory limits inside a worker process. Threads of the platform's own process have none.

The soft limit is an alarm that raises between two instructions of Python: the model becomes a row with
status `timeout`, and the process lives on. Compiled code that never comes back does not hear it; the
hard limit then ends the process from a thread of C (`faulthandler`), after writing down where it hung.
"""

import faulthandler
import resource
import signal
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Final, TextIO

_REPEAT: Final = 1.0  # seconds after which the alarm rings again, where a library swallowed it
_GIB: Final = 2**30


class ModelTimeout(BaseException):  # like KeyboardInterrupt: libraries that catch Exception must let it pass
    """One model, or one batch, took longer than it may.

    Parameters
    ----------
    seconds : float
        The limit.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        super().__init__(seconds)

    def __str__(self) -> str:
        """Name the limit and the setting."""
        return timeout_words(self.seconds)


def timeout_words(seconds: float) -> str:
    """Say that a model took too long."""
    return (
        f"one model may take {seconds:g} s, this one took longer. "
        "Raise HFP_MODEL_TIMEOUT, or timeout of the family in HFP_PLACEMENT."
    )


@dataclass(frozen=True, slots=True)
class Guard:
    """Holds each call of a family to a time limit; without numbers it does nothing.

    Parameters
    ----------
    soft, hard : float or None
        Seconds to the alarm, and to the end of the process.
    journal : TextIO or None
        Where the process says, as its last words, what it was doing.
    """

    soft: float | None = None
    hard: float | None = None
    journal: TextIO | None = None

    @contextmanager
    def armed(self) -> Generator[None]:
        """Limit the block; only in the main thread of a worker.

        Raises
        ------
        ModelTimeout
            If the block takes longer than the soft limit.
        """
        if self.soft is None or self.hard is None:
            yield
            return
        soft = self.soft

        def ring(number: int, frame: FrameType | None) -> None:
            raise ModelTimeout(soft)

        previous = signal.signal(signal.SIGALRM, ring)
        faulthandler.dump_traceback_later(self.hard, exit=True, file=self.journal or sys.stderr)
        signal.setitimer(signal.ITIMER_REAL, soft, _REPEAT)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0.0)
            faulthandler.cancel_dump_traceback_later()
            signal.signal(signal.SIGALRM, previous)


NO_GUARD: Final = Guard()


def hard_limit(soft: float) -> float:
    """Give the time after which a model that did not hear the alarm ends its process [s]."""
    return 1.25 * soft + 1.0


def limit_memory(gib: float) -> None:
    """Let this process add at most so much private memory to what it holds now [GiB].

    Beyond it an allocation fails, which Python raises as `MemoryError`. Shared memory (Ray's object store)
    and what is only reserved do not count.
    """
    status = Path("/proc/self/status")
    if not status.exists():  # not Linux: the limit means something else there, or nothing
        return
    held = next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmData:")) * 1024
    _, ceiling = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (held + int(gib * _GIB), ceiling))
