"""What to do when a process dies: find the model that killed it, and lose nobody else.

A batch whose process died is divided until the culprit stands alone; alone it gets one more try,
since it may have been a neighbour that used up the memory. A machine that went away is nobody's fault:
what it had is run elsewhere, a few times. All of it needs only a pool of processes, not Ray.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Generic, Literal, Protocol, TypeVar

from hf_platform.errors import ExecutorError
from hf_platform.fitting.executors import Batch, Trouble

R = TypeVar("R")

SOLO_RETRIES: Final = 1
NODE_RETRIES: Final = 3
MOST_DEATHS: Final = 50  # of single models; more than that, and more than survive, is no model's fault


@dataclass(frozen=True, slots=True)
class Done:
    """A batch came back."""

    results: Sequence[Any]


@dataclass(frozen=True, slots=True)
class Died:
    """The process of a batch ended: by itself, for want of memory, at its time limit, or with its machine."""

    kind: Literal["crash", "memory", "timeout", "node"]
    words: str


class Pool(Protocol):
    """Processes that run batches; `handle` names a batch that was submitted."""

    def submit(self, handle: int, batch: Batch[Any]) -> None:
        """Start a batch when a process is free."""
        ...

    def wait(self) -> list[tuple[int, Done | Died]]:
        """Wait until at least one batch has ended."""
        ...

    def cancel(self) -> None:
        """End every batch that still runs, if any, and its process."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class _Attempt(Generic[R]):
    place: tuple[int, ...]  # of the batch among all; a part's place begins with that of the whole
    batch: Batch[R]
    deaths: int = 0
    nodes_lost: int = 0


def supervise(pool: Pool, batches: Sequence[Batch[R]], name: str) -> list[R]:
    """Run batches in a pool; results of all their models in order, whatever dies on the way.

    Raises
    ------
    ExecutorError
        If machines keep going away, or processes die of nearly every model.
    """
    running: dict[int, _Attempt[R]] = {}
    done: dict[tuple[int, ...], Sequence[R]] = {}
    n_blamed = n_done = n_submitted = 0

    def start(attempts: Sequence[_Attempt[R]]) -> None:
        nonlocal n_submitted
        for attempt in attempts:
            running[n_submitted] = attempt
            pool.submit(n_submitted, attempt.batch)
            n_submitted += 1

    try:
        start([_Attempt((place,), batch) for place, batch in enumerate(batches)])
        while running:
            for handle, outcome in pool.wait():
                attempt = running.pop(handle)
                if isinstance(outcome, Done):
                    done[attempt.place] = attempt.batch.restore(outcome.results)
                    n_done += len(attempt.batch)
                    continue
                again = _again(attempt, outcome, name)
                if not again:
                    done[attempt.place] = attempt.batch.blame(_trouble(outcome))
                    n_blamed += len(attempt.batch)
                    _check_toll(n_blamed, n_done, outcome, name)
                start(again)
    finally:
        pool.cancel()
    return [result for place in sorted(done) for result in done[place]]


def _again(attempt: _Attempt[R], outcome: Died, name: str) -> list[_Attempt[R]]:
    """Say what to run after a death; nothing where the model is to blame."""
    if outcome.kind == "node":
        if attempt.nodes_lost >= NODE_RETRIES:
            raise ExecutorError(
                f"{name}: at most {NODE_RETRIES} machines may be lost under one batch, found one more: {outcome.words} "
                "Look at the cluster's events; what was committed is not fitted again."
            )
        return [replace(attempt, nodes_lost=attempt.nodes_lost + 1)]
    parts = attempt.batch.divide(fully=outcome.kind == "timeout")
    if len(parts) > 1:
        return [_Attempt((*attempt.place, n), part, nodes_lost=attempt.nodes_lost) for n, part in enumerate(parts)]
    if outcome.kind == "timeout" or attempt.deaths >= SOLO_RETRIES:
        return []
    return [replace(attempt, deaths=attempt.deaths + 1)]


def _trouble(outcome: Died) -> Trouble:
    kind = "crash" if outcome.kind == "node" else outcome.kind
    return Trouble(kind, outcome.words)


def _check_toll(n_blamed: int, n_done: int, outcome: Died, name: str) -> None:
    if n_blamed > MOST_DEATHS and n_blamed > n_done:
        raise ExecutorError(
            f"{name}: a worker may die of a model now and then, found {n_blamed} deaths and {n_done} models done, "
            f"the last: {outcome.words} The installation or the family is at fault, not one model: run it inline."
        )
