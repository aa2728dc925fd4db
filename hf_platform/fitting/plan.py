"""Which models a key needs, which bars train them, and which origins each one answers for.

Anchors are counted from the first bar of a series, so that more history at its end never moves one:
the first anchor is bar number `Schedule.minimum` (bar 0 has no return), then every `Schedule.every`
bars; a key that drifted has one more at the bar at which that was answered (`retrains`). A model trained
at an anchor answers for the origins from there up to the next anchor.

Origins of a horizon of `n_bars` bars are the bars whose number is a multiple of `n_bars`, so that the
forecast periods never overlap and every family shares the same origins, plus the newest bar, which
a user wants tonight. A newest bar between two multiples stays in the lake as an extra origin: whoever
needs independent periods passes over it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal, TypeVar

import numpy as np

from hf_platform.errors import TooFewReturnsError
from hf_platform.fitting.champions import Champion, tuned_at
from hf_platform.horizons import Horizon
from hf_platform.models.base import FitTask, ModelFamily, Schedule, Series
from hf_platform.models.identity import content_hash, derive_seed, spec_hash, window_hash
from hf_platform.types import GridKey, IntArray, TimeArray

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """One anchor of a schedule: training bars ``start`` to ``stop`` (excluded) and the origins it answers for."""

    start: int
    stop: int
    origins: IntArray


@dataclass(frozen=True, slots=True, eq=False)
class PlannedModel:
    """One model of a key.

    Parameters
    ----------
    task : FitTask
    origins : int64 array, shape (n_origins,)
        Bars that the model answers for, increasing; never empty.
    input_hash, spec_hash : str
    is_newest : bool
        Whether it belongs to the newest anchor of its key.
    """

    task: FitTask
    origins: IntArray
    input_hash: str
    spec_hash: str
    is_newest: bool


def by_frequency(values: dict[str, int], frequency: str) -> int:
    """Look a schedule's number up, falling back on ``*``."""
    return values.get(frequency, values.get("*", 0))


def walk_forward(schedule: Schedule, horizon: Horizon, n_series: int, extra: Collection[int] = ()) -> list[Segment]:
    """Split the bars of a series into segments; empty when there is no anchor yet.

    Parameters
    ----------
    schedule : Schedule
    horizon : Horizon
    n_series : int
        Bars of the series.
    extra : collection of int
        Bars that are anchors beside the schedule's; those before its first are passed over.

    Returns
    -------
    list of Segment
        In time order, without segments that hold no origin.
    """
    first = by_frequency(schedule.minimum, horizon.frequency)
    every = by_frequency(schedule.every, horizon.frequency)
    window = by_frequency(schedule.window, horizon.frequency)
    if n_series <= first:
        return []
    grid = np.arange(-(-first // horizon.n_bars) * horizon.n_bars, n_series, horizon.n_bars, dtype=np.int64)
    origins = np.union1d(grid, np.array([n_series - 1], dtype=np.int64))
    if schedule.newest is not None:
        origins = origins[origins >= n_series - by_frequency(schedule.newest, horizon.frequency)]
    segments: list[Segment] = []
    anchors = sorted({*range(first, n_series, every), *(bar for bar in extra if first < bar < n_series)})
    for anchor, following in pairwise([*anchors, n_series]):
        low, high = np.searchsorted(origins, (anchor, following))
        if high > low:
            segments.append(Segment(max(1, anchor + 1 - window), anchor + 1, origins[low:high]))
    return segments


def late_vintages(series: Series) -> IntArray:
    """Find bars whose history was completed late: by a restatement, or by a bar that filled a gap.

    With knowledge times as a running maximum, a bar that became known late lifts the ones after it to
    its own time: bars that share a knowledge time. The newest bar counts when it took longer to become
    known than any bar that stands alone.
    """
    n = len(series)
    if n < 2:
        return np.empty(0, dtype=np.int64)
    known = np.maximum.accumulate(series.known_at.astype(np.int64))
    shared = np.zeros(n, dtype=np.bool_)
    shared[1:] = known[1:] == known[:-1]
    shared[:-1] |= shared[1:]
    lag = known - series.event_at.astype(np.int64)
    alone = lag[:-1][~shared[:-1]]
    shared[-1] |= bool(alone.size > 0 and lag[-1] > alone.max())
    return np.flatnonzero(shared)


def plan_key(
    family: ModelFamily,
    key: GridKey,
    series: Series,
    *,
    root_seed: int,
    code_version: str,
    champions: Sequence[Champion] = (),
    retrained_at: TimeArray | None = None,
    device: Literal["auto", "cpu", "cuda"] = "auto",
) -> list[PlannedModel]:
    """Plan every model of a key, for each anchor and variant.

    A model's name is a hash of family, variant, key, anchor, training data, restatements of later
    bars that its forecasts read, specification (with the parameters of its champion, if a search found
    one), code and seed. Restated data therefore make new
    models, with new forecasts beside the old ones; more data at the end of the series does not.

    Raises
    ------
    TooFewReturnsError
        If the series is too short for a first anchor.
    """
    horizon = Horizon.parse(key.horizon)
    extra: list[int] = [] if retrained_at is None else np.searchsorted(series.event_at, retrained_at).tolist()
    segments = walk_forward(family.schedule, horizon, len(series), extra)
    if not segments:
        required = by_frequency(family.schedule.minimum, horizon.frequency)
        raise TooFewReturnsError(f"{key.instrument} at {horizon.frequency}", required, max(len(series) - 1, 0))
    late = late_vintages(series)
    hashes = [_segment_hash(series, segment, late) for segment in segments]
    models: list[PlannedModel] = []
    for variant in family.variants:
        seed = derive_seed(root_seed, family.name, variant, str(key))
        for segment, (inputs, revision) in zip(segments, hashes, strict=True):
            anchor = str(series.event_at[segment.stop - 1])
            tuned = tuned_at(champions, variant, series.event_at[segment.stop - 1])
            specification = spec_hash(family.spec(variant) | ({"tuned": dict(tuned)} if tuned else {}))
            model_id = content_hash(
                family.name, variant, str(key), anchor, inputs, revision, specification, code_version, str(seed)
            )
            task = FitTask(model_id, key, horizon, variant, series, segment.start, segment.stop, seed)
            task = replace(task, tuned=tuned, device=device)
            models.append(PlannedModel(task, segment.origins, inputs, specification, segment is segments[-1]))
    return models


def _segment_hash(series: Series, segment: Segment, late: IntArray) -> tuple[str, str]:
    inputs = window_hash(series, segment.start, segment.stop)
    return inputs, revision_hash(series, late, segment.stop, int(segment.origins[-1]))


def revision_hash(series: Series, late: IntArray, stop: int, last: int) -> str:
    """Hash the bars from ``stop`` to ``last`` (included) that became known late; empty where none did."""
    revised = late[(late >= stop) & (late <= last)]
    if revised.size == 0:
        return ""
    parts = (f"{series.event_at[i]} {series.known_at[i]} {series.log_return[i]!r}" for i in revised)
    return content_hash(*parts)


def pack(items: Sequence[T], sizes: Sequence[int], limit: int) -> list[list[T]]:
    """Pack items, in order, into groups whose sizes add up to at most `limit`; an item is never split."""
    groups: list[list[T]] = []
    total = limit + 1
    for item, size in zip(items, sizes, strict=True):
        if total + size > limit:
            groups.append([])
            total = 0
        groups[-1].append(item)
        total += size
    return groups
