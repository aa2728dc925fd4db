"""A pool of Ray workers: submits batches, and turns what Ray raises into what became of them."""

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from hf_platform.errors import ExecutorError, PlatformError
from hf_platform.fitting.executors import Batch, Parcel, Request
from hf_platform.fitting.parcels import Shelf
from hf_platform.fitting.ray_worker import Errand, answer, check_code, last_words, run_parcel
from hf_platform.fitting.supervision import NODE_RETRIES, Died, Done

_ABSENT: Final = re.compile(r"No module named '([\w.]+)'")
_TICK: Final = 5.0  # seconds between two looks at a cluster from which nothing comes back


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the pool asks of Ray for each batch, and how long it waits for it.

    Parameters
    ----------
    request : Request
    gpus : float
        Cards, or the share of one, that a worker takes.
    patience : float
        Seconds until a machine must be there that has what is asked.
    is_fixed : bool
        Whether the cluster cannot grow: what it lacks now it will lack for ever.
    """

    request: Request
    gpus: float
    patience: float
    is_fixed: bool

    def missing(self, cluster: Mapping[str, float]) -> str | None:
        """Say what a cluster lacks; None where it has enough."""
        wanted = {"CPU": self.request.cpus, "GPU": self.gpus}
        lacks = [f"{n:g} {name}" for name, n in wanted.items() if n > cluster.get(name, 0.0)]
        has = ", ".join(f"{cluster.get(name, 0.0):g} {name}" for name in wanted)
        return f"{' and '.join(lacks)} for one worker, found {has} in the cluster" if lacks else None


@dataclass(slots=True, eq=False)
class RayPool:
    """Batches as tasks of Ray, each in a process that runs one at a time.

    Parameters
    ----------
    terms : Terms
    shelf : Shelf
        Series of the batches, and journals of the workers.
    """

    terms: Terms
    shelf: Shelf
    _running: dict[Any, tuple[int, Path]] = field(default_factory=dict[Any, tuple[int, Path]])
    _lacking_since: float | None = None

    def check(self, parcel: Parcel) -> None:
        """Let one worker answer before anything is sent: it exists, and has our code and files.

        Raises
        ------
        ExecutorError
            If none answers in time.
        """
        ray = _ray()
        lacks = self.terms.missing(ray.cluster_resources())
        if lacks is not None and self.terms.is_fixed:
            raise self._unfit(lacks)
        found = self._remote(answer, retries=NODE_RETRIES).remote(parcel, str(self.shelf.folder))
        try:
            code = ray.get(found, timeout=self.terms.patience)
        except ray.exceptions.GetTimeoutError as error:
            ray.cancel(found, force=True)
            lacks = self.terms.missing(ray.cluster_resources()) or "a worker, found none free"
            raise self._unfit(lacks) from error
        except ray.exceptions.RayError as error:
            raise _told(error) from error
        check_code(code, self.terms.request.code)

    def submit(self, handle: int, batch: Batch[Any]) -> None:
        """Send a batch; Ray starts it when what it asks for is free."""
        request = self.terms.request
        journal = self.shelf.folder / f"{handle}.log"
        memory = request.memory if self.terms.gpus == 0.0 else None  # CUDA reserves more than it uses
        errand = Errand(journal=str(journal), code=request.code, timeout=request.timeout, memory=memory)
        self._running[self._remote(run_parcel).remote(batch.pack(self.shelf), errand)] = handle, journal

    def wait(self) -> list[tuple[int, Done | Died]]:
        """Wait for the next batches to end.

        Raises
        ------
        ExecutorError
            If the cluster has lost what the batches ask for and does not get it back in time.
        """
        ray = _ray()
        while True:
            ready: list[Any] = ray.wait(list(self._running), timeout=_TICK)[0]
            if ready:
                n_running = len(self._running)
                ready = ray.wait(list(self._running), num_returns=n_running, timeout=0)[0] if n_running > 1 else ready
                return [self._outcome(ref) for ref in ready]
            self._check_still_fits(ray.cluster_resources())

    def cancel(self) -> None:
        """Kill the workers of all batches that still run."""
        ray = _ray()
        for ref in self._running:
            ray.cancel(ref, force=True)
        self._running.clear()

    def _remote(self, function: Callable[..., Any], retries: int = 0) -> Any:  # noqa: ANN401  # Ray's own type
        ray = _ray()
        # No retries of batches: they would run again what has just killed a process. Workers with a GPU are
        # kept as all others are: by default Ray would start a process for each batch.
        return ray.remote(num_cpus=self.terms.request.cpus, num_gpus=self.terms.gpus, max_retries=retries, max_calls=0)(
            function
        )

    def _outcome(self, ref: Any) -> tuple[int, Done | Died]:  # noqa: ANN401  # Ray's own type
        ray = _ray()
        handle, journal = self._running.pop(ref)
        lost = (ray.exceptions.NodeDiedError, ray.exceptions.ObjectLostError)
        try:
            return handle, Done(ray.get(ref))
        except ray.exceptions.WorkerCrashedError:
            return handle, Died(*last_words(journal, self.terms.request.timeout))
        except ray.exceptions.OutOfMemoryError:
            return handle, Died("memory", "its machine ran out of memory, and Ray ended its process.")
        except lost as error:
            return handle, Died("node", f"{type(error).__name__}: {_last_line(error)}")
        except ray.exceptions.RayError as error:
            raise _told(error) from error

    def _check_still_fits(self, cluster: Mapping[str, float]) -> None:
        lacks = self.terms.missing(cluster)
        now = time.monotonic()
        if lacks is None:
            self._lacking_since = None
        elif self._lacking_since is None:
            self._lacking_since = now
        elif now - self._lacking_since > self.terms.patience:
            raise self._unfit(lacks)

    def _unfit(self, lacks: str) -> ExecutorError:
        waited = "" if self.terms.is_fixed else f" after {self.terms.patience:g} s (HFP_READY_TIMEOUT)"
        return ExecutorError(
            f"{self.terms.request.name} needs {lacks}{waited}. "
            "Ask for less in HFP_PLACEMENT, or give the cluster such machines."
        )


def has_cards() -> bool:
    """Say whether the cluster that was connected to has any GPU now."""
    return _ray().cluster_resources().get("GPU", 0.0) > 0.0


def _ray() -> Any:  # noqa: ANN401  # a module, imported late; half of its functions have no type
    import ray

    return ray


def _told(error: Exception) -> PlatformError:
    """Give our own error that a worker raised as it is; say of any other that the cluster failed."""
    cause = getattr(error, "cause", None)
    if isinstance(cause, PlatformError):
        return cause
    absent = _ABSENT.search(str(error))
    if absent is not None:
        return ExecutorError(
            f"workers must have the platform and its extras installed, found no module {absent[1]}. "
            "Give the cluster the image of this code location."
        )
    return ExecutorError(f"a worker failed outside any model: {type(error).__name__}: {_last_line(error)}")


def _last_line(error: Exception) -> str:
    return ([line.strip() for line in str(error).splitlines() if line.strip()] or ["no reason given"])[-1]
