"""The check itself: what claims to be known by a moment must not move when later things do.

A subject turns a world into rows, each stamped with the moment from which it claims to be known. A probe is
the same world with something else in it that could not be known at its cutoff: the future cut off, poisoned
or shuffled, a price restated later, an action announced later; or, for what reads one series, the other series
replaced. Whatever differs among the rows of before the cutoff has looked ahead, or aside.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from hf_platform.errors import DataError

if TYPE_CHECKING:
    import polars as pl

W = TypeVar("W")
KEY: Final = ("instrument", "at", "row")  # of the rows of a subject; `at` is when the row claims to be known


@dataclass(frozen=True, slots=True)
class Subject(Generic[W]):
    """Something that must not look ahead.

    Parameters
    ----------
    name : str
    compute : callable
        World to rows: columns instrument, at, row (what tells rows apart), and values.
    reads_others : frozenset of str
        Value columns that may depend on the past of other instruments.
    """

    name: str
    compute: "Callable[[W], pl.DataFrame]"
    reads_others: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Probe(Generic[W]):
    """A world that differs only in what a row must not see.

    Parameters
    ----------
    name : str
        What was done to it.
    world : object
    cutoff : datetime, int or None
        Rows with `at` up to here are compared; of the type of the column. None compares all.
    instrument : str, optional
        Compare this one only: all others were replaced.
    replaces_rows : bool
        Whether rows may be known later than in the first world, as after a restatement: those are no longer
        among the compared, and no leak. Columns that read other instruments are left out: they lose a peer.
    """

    name: str
    world: W
    cutoff: datetime | int | None
    instrument: str | None = None
    replaces_rows: bool = False


@dataclass(frozen=True, slots=True)
class Leak:
    """One column that moved, with the first row where it did."""

    subject: str
    column: str
    probe: str
    where: str
    before: object
    after: object

    def __str__(self) -> str:
        """Say what moved when what was changed."""
        return (
            f"{self.subject}.{self.column} sees what it must not: {self.probe} changed {self.where} "
            f"from {self.before} to {self.after}"
        )


@dataclass(frozen=True, slots=True)
class Findings:
    """Leaks of a subject, and how many of its columns were watched."""

    leaks: tuple[Leak, ...]
    n_columns: int


def find_leaks(subject: Subject[W], world: W, probes: Sequence[Probe[W]]) -> Findings:
    """Compare a subject's rows of a world with those of each probe; one leak a column and probe.

    Raises
    ------
    DataError
        If no row can be compared: such a check would pass whatever the subject did.
    """
    base = subject.compute(world)
    leaks: list[Leak] = []
    for probe in probes:
        found = subject.compute(probe.world)
        pair = [_visible(frame, probe) for frame in (base, found)]
        if pair[0].is_empty():
            raise DataError(f"{subject.name}: no row is known by {probe.cutoff}. Move the cutoff of {probe.name!r}.")
        leaks += _compare(subject, probe, pair[0], pair[1])
    return Findings(tuple(leaks), len(base.columns) - len(KEY))


def _visible(frame: "pl.DataFrame", probe: Probe[W]) -> "pl.DataFrame":
    import polars as pl

    if probe.instrument is not None:
        frame = frame.filter(pl.col("instrument") == probe.instrument)
    return frame if probe.cutoff is None else frame.filter(pl.col("at") <= probe.cutoff)


def _compare(subject: Subject[W], probe: Probe[W], base: "pl.DataFrame", found: "pl.DataFrame") -> list[Leak]:
    import polars as pl

    key = list(KEY)
    both = base.join(found, on=key, how="inner", suffix="_after", nulls_equal=True).sort(key)
    leaks: list[Leak] = []
    if not probe.replaces_rows and (both.height < base.height or both.height < found.height):
        one, other = (base, found) if both.height < base.height else (found, base)
        first = one.join(other, on=key, how="anti", nulls_equal=True).sort(key).row(0)
        leaks.append(Leak(subject.name, "rows", probe.name, _where(first), base.height, found.height))
    for name in [name for name in base.columns if name not in KEY]:
        if (probe.instrument is not None or probe.replaces_rows) and name in subject.reads_others:
            continue  # a peer whose bars were restated is a peer no more: its rows are known later now
        moved = both.filter(pl.col(name).ne_missing(pl.col(f"{name}_after")))
        if not moved.is_empty():
            row = moved.row(0, named=True)
            where = _where(tuple(row[column] for column in key))
            leaks.append(Leak(subject.name, name, probe.name, where, row[name], row[f"{name}_after"]))
    return leaks


def _where(key: tuple[object, ...]) -> str:
    instrument, at, row = key[:3]
    return f"{instrument} at {row} (known {at})"
