"""What runs inside a worker of Ray, and the last words that a dying one leaves behind.

Each batch has a journal: a small file that Python's `faulthandler` writes into when the process is killed
by a signal or runs past its hard limit. A process that leaves by `os._exit`, or is killed from outside, says
nothing, which says something too.
"""

import faulthandler
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from hf_platform.errors import ExecutorError
from hf_platform.fitting.executors import Parcel
from hf_platform.fitting.limits import Guard, hard_limit, limit_memory, timeout_words

_FATAL: Final = re.compile(r"^Fatal Python error: (.+)$", re.MULTILINE)
_HUNG: Final = re.compile(r"^Timeout \(", re.MULTILINE)
_FRAME: Final = re.compile(r'^  File "([^"]+)", line (\d+) in (\S+)', re.MULTILINE)
_THREAD: Final = re.compile(r"^(?:Current thread|Thread) .*$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """How a worker is to run a parcel.

    Parameters
    ----------
    journal : str
        File of last words.
    code : str
        Version of the family's code that the platform has; empty for no check.
    timeout : float
        Soft limit of one model [s].
    memory : float or None
        Most memory to add [GiB]; None for no limit.
    """

    journal: str
    code: str
    timeout: float
    memory: float | None


def run_parcel(parcel: Parcel, errand: Errand) -> list[Any]:
    """Run a parcel in this process, one thread, within its limits.

    Raises
    ------
    ExecutorError
        If this worker has other code than the platform, or does not see its files.
    """
    check_code(parcel.code() if errand.code else "", errand.code)
    from threadpoolctl import threadpool_limits  # pyright: ignore[reportMissingTypeStubs]

    journal = Path(errand.journal)
    _check_folder(journal.parent)
    if errand.memory is not None:
        limit_memory(errand.memory)
    with journal.open("w", encoding="utf-8") as words, threadpool_limits(1):
        faulthandler.enable(words)
        try:
            results = parcel.run(Guard(errand.timeout, hard_limit(errand.timeout), words))
        finally:
            faulthandler.enable(sys.__stderr__ or words)
    journal.unlink()
    return results


def answer(parcel: Parcel, folder: str) -> str:
    """Show that a worker runs, has our code and sees our files: the version of the family's code."""
    _check_folder(Path(folder))
    return parcel.code()


def check_code(found: str, wanted: str) -> None:
    """Refuse to fit with other code than the platform records in the ledger; empty asks for no check."""
    if wanted and found != wanted:
        raise ExecutorError(
            f"workers must run the platform's own code, version {wanted}, found {found or 'none'}. "
            "Give the cluster the image of this code location."
        )


def _check_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise ExecutorError(
            f"workers must see the platform's files at the same path, found no {folder} on {_host()}. "
            "Mount the volume of HFP_HOME into the workers."
        )


def _host() -> str:
    import socket

    return socket.gethostname()


def last_words(journal: Path, seconds: float) -> tuple[Literal["crash", "timeout"], str]:
    """Say why a worker died, from its journal.

    Parameters
    ----------
    journal : Path
    seconds : float
        The time limit of one model.
    """
    text = journal.read_text(encoding="utf-8", errors="replace") if journal.exists() else ""
    fatal = _FATAL.search(text)
    where = _where(text)
    if fatal is not None:
        return "crash", f"its process died: {fatal[1].lower()}{where}."
    if _HUNG.search(text) is not None:
        return "timeout", f"{timeout_words(seconds)} It did not hear the alarm{where}, so its process was ended."
    return "crash", "its process ended without a word: it left by itself (exit), or was killed from outside."


def _where(text: str) -> str:
    """Name the innermost frame of the thread that did the work."""
    # A signal marks its thread as the current one; at a time limit none is, and the main thread comes last.
    _, _, current = text.partition("\nCurrent thread ")
    threads = _THREAD.split(current or text)
    frames = _FRAME.findall(threads[0] if current else threads[-1])
    if not frames:
        return ""
    path, line, name = frames[0]
    return f" in {name} ({Path(path).name}:{line})"
