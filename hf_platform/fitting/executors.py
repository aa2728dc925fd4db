"""Where batches of work run. The caller never knows; the results never differ."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol, TypeVar

from hf_platform.errors import ConfigError
from hf_platform.fitting.parcels import Shelf

T = TypeVar("T")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)

MODELS_PER_CHUNK: Final = 256  # one to five seconds of work of a family that nothing is known of
Seconds = Callable[[], float | None]


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a batch of one model has no result.

    Parameters
    ----------
    kind : {"crash", "memory", "timeout"}
    words : str
        Reason for the ledger.
    """

    kind: Literal["crash", "memory", "timeout"]
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the batches of one family ask of an executor.

    Parameters
    ----------
    name : str
        For messages.
    where : {"inline", "ray"} or None
        Where the user wants this family; None for where all others run.
    cpus, gpus : float
        What one worker reserves. `gpus` 0 and some `gpu_memory` take the share of a card that the
        memory is, where the cluster has cards.
    gpu_memory : float
        [GB]
    timeout : float
        Longest that one model may take [s].
    memory : float
        Most memory that a worker may add to what it starts with [GiB]; workers with a GPU are not held to it.
    code : str
        Version of the family's code, which a worker must share.
    """

    name: str
    where: Literal["inline", "ray"] | None = None
    cpus: float = 1.0
    gpus: float = 0.0
    gpu_memory: float = 0.0
    timeout: float = 600.0
    memory: float = 8.0
    code: str = ""


class Parcel(Protocol):
    """A batch on its way to a worker: small, since what is large lies on a shelf."""

    def run(self, guard: Any) -> list[Any]:  # noqa: ANN401  # pickled: what a batch makes of them is its own affair
        """Do the work in a worker; results as small as the parcel."""
        ...

    def code(self) -> str:
        """Version of the code that the worker would use."""
        ...


class Batch(Protocol[R_co]):
    """Some work of one family, of which an executor can cut off what kills a process."""

    def __len__(self) -> int:
        """Count the models."""
        ...

    def run(self) -> Sequence[R_co]:
        """Do the work here, one result for each model."""
        ...

    def pack(self, shelf: Shelf) -> Parcel:
        """Make a parcel; arrays go to the shelf."""
        ...

    def restore(self, results: Sequence[Any]) -> Sequence[R_co]:
        """Turn what a parcel's `run` gave into results."""
        ...

    def divide(self, *, fully: bool) -> "Sequence[Batch[R_co]]":
        """Cut into a few parts, or into single models; itself alone where it cannot be cut."""
        ...

    def blame(self, trouble: Trouble) -> Sequence[R_co]:
        """Give each model the result that says why it has none."""
        ...


class Executor(Protocol):
    """Runs batches somewhere."""

    def chunk_limit(self, n_models: int, seconds: Seconds) -> int:
        """Choose how many models a batch should have; `seconds` looks up what one takes."""
        ...

    def run(self, batches: Sequence[Batch[R]], request: Request) -> list[R]:
        """Run the batches; results of all their models in order."""
        ...


@dataclass(frozen=True, slots=True)
class InlineExecutor:
    """Threads of this process; one thread is a plain loop.

    The compiled kernels and LightGBM let go of the interpreter's lock, so threads suffice. Every
    numerical library is held to one thread meanwhile: results do not depend on the thread count,
    and threads do not fight over cores. There are no limits of time or memory: nothing inside a
    process can end one of its threads.

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

    def chunk_limit(self, n_models: int, seconds: Seconds) -> int:
        """Keep to the usual size: threads cost nothing to feed."""
        return MODELS_PER_CHUNK

    def run(self, batches: Sequence[Batch[R]], request: Request) -> list[R]:
        """Run the batches; an error that a batch raises is raised here."""
        return [result for results in self.map(_run, batches) for result in results]

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


def _run(batch: Batch[R]) -> Sequence[R]:
    return batch.run()
