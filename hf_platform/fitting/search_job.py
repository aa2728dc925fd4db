"""One search of one model's parameters as a batch of an executor: it can be sent, and it can be blamed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from hf_platform.fitting.executors import Trouble
from hf_platform.fitting.limits import Guard, ModelTimeout
from hf_platform.fitting.parcels import BareTask, Shelf, dress, strip
from hf_platform.fitting.plan import PlannedModel
from hf_platform.fitting.tune import Search, search
from hf_platform.models.base import ModelFamily


@dataclass(frozen=True, slots=True, eq=False)
class SearchJob:
    """One search, ready to run anywhere; its result is what was found, or why nothing was.

    Parameters
    ----------
    family : ModelFamily
    planned : PlannedModel
    n_trials : int
    """

    family: ModelFamily
    planned: PlannedModel
    n_trials: int

    def __len__(self) -> int:
        """Count the searches."""
        return 1

    def run(self) -> list[Search | Trouble]:
        """Search here."""
        task = self.planned.task
        return [search(self.family, task, n_trials=self.n_trials, seed=task.seed)]

    def pack(self, shelf: Shelf) -> "SearchParcel":
        """Leave the series on the shelf."""
        return SearchParcel(self.family, strip([self.planned.task], shelf), self.n_trials)

    def restore(self, results: Sequence[Search | Trouble]) -> list[Search | Trouble]:
        """Take results as they are: they hold no series."""
        return list(results)

    def divide(self, *, fully: bool) -> "list[SearchJob]":
        """Stay whole."""
        return [self]

    def blame(self, trouble: Trouble) -> list[Search | Trouble]:
        """Say why there is no result."""
        return [trouble]


@dataclass(frozen=True, slots=True, eq=False)
class SearchParcel:
    """A search whose series lies on a shelf."""

    family: ModelFamily
    tasks: tuple[BareTask, ...]
    n_trials: int

    def code(self) -> str:
        """Version of the family's code where this runs."""
        from hf_platform.fitting.fit_grid import family_code_version

        return family_code_version(self.family)

    def run(self, guard: Guard) -> list[Search | Trouble]:
        """Search in a worker; each of its fits may take as long as one model may."""
        (task,) = dress(self.tasks)
        try:
            with replace(guard, soft=self._whole(guard.soft), hard=self._whole(guard.hard)).armed():
                return [search(self.family, task, n_trials=self.n_trials, seed=task.seed)]
        except ModelTimeout as error:
            return [Trouble("timeout", f"a search of {self.n_trials} trials: {error}")]

    def _whole(self, seconds: float | None) -> float | None:
        return None if seconds is None else seconds * (self.n_trials + 1)
