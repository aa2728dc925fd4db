"""Where chunks of work run. The caller never knows; the results never differ."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol, TypeVar

from hf_platform.errors import ConfigError

T = TypeVar("T")
R = TypeVar("R")


class Executor(Protocol):
    """Applies one function to many items."""

    def map(self, task: Callable[[T], R], items: Sequence[T]) -> list[R]:
        """Apply `task`, a module-level function, to each item; results in the order of the items."""
        ...


@dataclass(frozen=True, slots=True)
class InlineExecutor:
    """Threads of this process; one thread is a plain loop.

    The compiled kernels and LightGBM let go of the interpreter's lock, so threads suffice. Every
    numerical library is held to one thread meanwhile: results do not depend on the thread count,
    and threads do not fight over cores.

    Parameters
    ----------
    threads : int
        At least 1.
    """

    threads: int = 1

    def __post_init__(self) -> None:
        """Check the range."""
        if self.threads < 1:
            raise ConfigError(f"an executor needs at least 1 thread, found {self.threads}. Set HFP_THREADS.")

    def map(self, task: Callable[[T], R], items: Sequence[T]) -> list[R]:
        """Apply `task` to each item, results in order; the first error raised is raised here."""
        from threadpoolctl import threadpool_limits  # pyright: ignore[reportMissingTypeStubs]

        with threadpool_limits(1):
            if self.threads == 1 or len(items) < 2:
                return [task(item) for item in items]
            # OpenMP keeps its limit per thread, so that each worker has to set it again.
            with ThreadPoolExecutor(
                min(self.threads, len(items)), initializer=threadpool_limits, initargs=(1,)
            ) as pool:
                return list(pool.map(task, items))
