"""What travels between processes: tasks without their series, and files that hold the series.

A series goes to a file once and is read from there by whoever needs it: pushing panels through a
connection to a cluster is a hundred times slower. Files keep an array's memory layout, since sums over
rows and over columns differ in their last bits.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import numpy as np

from hf_platform.models.base import Documents, FitTask, Panel, PanelMember, Series

NOTHING: Final = Series(
    "", "", np.empty(0, "datetime64[us]"), np.empty(0, "datetime64[us]"), np.empty(0), np.empty((0, 0)), ()
)


@dataclass(slots=True, eq=False)
class Shelf:
    """A folder that this process and all workers see; each series is laid down once.

    Parameters
    ----------
    folder : Path
    """

    folder: Path
    _known: dict[int, tuple[Series, str]] = field(default_factory=dict[int, tuple[Series, str]])

    def put(self, series: Series) -> str:
        """Write a series, if it is new, and return its file."""
        if id(series) not in self._known:
            path = self.folder / f"{len(self._known)}.npz"
            np.savez(
                path,
                allow_pickle=False,
                names=np.array([series.instrument, series.frequency, *series.feature_names]),
                event_at=series.event_at,
                known_at=series.known_at,
                log_return=series.log_return,
                features=series.features,
            )
            self._known[id(series)] = series, str(path)  # holding it keeps its id from being given again
        return self._known[id(series)][1]


def read_series(path: str) -> Series:
    """Read a series from its file, byte for byte as it was put."""
    with np.load(path, allow_pickle=False) as stored:
        instrument, frequency, *names = map(str, stored["names"])
        return Series(
            instrument,
            frequency,
            stored["event_at"],
            stored["known_at"],
            stored["log_return"],
            stored["features"],
            tuple(names),
        )


@dataclass(frozen=True, slots=True, eq=False)
class BarePanel:
    """A panel whose members' series lie on the shelf."""

    panel: Panel
    members: tuple[tuple[str, int, int, Documents | None], ...]


@dataclass(frozen=True, slots=True, eq=False)
class BareTask:
    """A task whose series, and those of its panel, lie on the shelf."""

    task: FitTask
    series: str
    panel: BarePanel | None


def bare(task: FitTask) -> FitTask:
    """Take the arrays out of a task."""
    return replace(task, series=NOTHING, panel=None)


def strip(tasks: Sequence[FitTask], shelf: Shelf) -> tuple[BareTask, ...]:
    """Put the series of tasks on the shelf; tasks of one panel go on sharing it."""
    panels: dict[int, BarePanel] = {}
    found: list[BareTask] = []
    for task in tasks:
        panel = task.panel
        if panel is not None and id(panel) not in panels:
            members = tuple((shelf.put(m.series), m.start, m.stop, m.documents) for m in panel.members)
            panels[id(panel)] = BarePanel(replace(panel, members=()), members)
        found.append(BareTask(bare(task), shelf.put(task.series), None if panel is None else panels[id(panel)]))
    return tuple(found)


def dress(tasks: Sequence[BareTask]) -> list[FitTask]:
    """Read the series of tasks back, each once: a task's series and its panel's member stay one object."""
    series: dict[str, Series] = {}
    panels: dict[int, Panel] = {}

    def of(path: str) -> Series:
        if path not in series:
            series[path] = read_series(path)
        return series[path]

    found: list[FitTask] = []
    for one in tasks:
        panel = None
        if one.panel is not None:
            if id(one.panel) not in panels:
                members = tuple(
                    PanelMember(of(path), start, stop, texts) for path, start, stop, texts in one.panel.members
                )
                panels[id(one.panel)] = replace(one.panel.panel, members=members)
            panel = panels[id(one.panel)]
        found.append(replace(one.task, series=of(one.series), panel=panel))
    return found
