"""What every family asks of its inputs: a well-formed batch, and series without holes."""

from collections.abc import Sequence

import numpy as np

from hf_platform.errors import DataError
from hf_platform.models.base import FitFailure, FitTask, OriginSet, Series, Status
from hf_platform.types import BoolArray, IntArray


def check_batch(batch: Sequence[FitTask], variants: tuple[str, ...], feature_names: tuple[str, ...] = ()) -> None:
    """Refuse a malformed batch.

    Raises
    ------
    DataError
        If a window is empty or outside its series, a variant is unknown, or a feature column is missing.
    """
    for task in batch:
        if not 0 <= task.start < task.stop <= len(task.series):
            raise DataError(
                f"{task.key}: a training window needs 0 <= start < stop <= {len(task.series)} bars, found "
                f"{task.start} to {task.stop}. Plan the batch anew."
            )
        if task.variant not in variants:
            raise DataError(f"{task.key}: variants are {', '.join(variants)}, found {task.variant!r}. Plan anew.")
        missing = [name for name in feature_names if name not in task.series.feature_names]
        if missing:
            raise DataError(
                f"{task.key}: the series needs the feature columns {', '.join(feature_names)}, found no "
                f"{', '.join(missing)}. Read the series with the family's feature_names."
            )


def bad_returns(task: FitTask) -> FitFailure | None:
    """Report a training window with a hole, an infinity, or no movement at all."""
    trouble = window_trouble(task.series, task.start, task.stop)
    return None if trouble is None else data_failure(task, trouble)


def window_trouble(series: Series, start: int, stop: int) -> str | None:
    """Say why the bars ``start`` to ``stop`` (excluded) of a series cannot train a model, if they cannot."""
    window = series.log_return[start:stop]
    holes = np.flatnonzero(~np.isfinite(window))
    if holes.size:
        first = str(series.event_at[start + int(holes[0])])[:19]
        return (
            f"log returns must be finite, found {window[holes[0]]} at {first} and {holes.size} of {window.size} "
            "in all. Clean or quarantine these bars."
        )
    if window.min() == window.max():
        return (
            f"log returns must vary, found {window[0]} at all {window.size} bars. "
            "Check the source or drop the instrument from the universe."
        )
    return None


def data_failure(task: FitTask, reason: str) -> FitFailure:
    """Say that the data of a task break a rule."""
    return FitFailure(task=task, status=Status.BAD_DATA, stage="data", reason=reason)


def returns_known(start: int, origins: OriginSet) -> BoolArray:
    """Mark the origins up to which no return since bar ``start`` is missing."""
    last = int(origins.indices[-1]) + 1 if origins.indices.size else start
    holes = np.flatnonzero(~np.isfinite(origins.series.log_return[start:last]))
    end = start + int(holes[0]) if holes.size else last
    return origins.indices < end


def features_known(names: Sequence[str], origins: OriginSet) -> BoolArray:
    """Mark the origins at which all the named features are finite."""
    columns: IntArray = np.array([origins.series.feature_names.index(name) for name in names], dtype=np.int64)
    known: BoolArray = np.isfinite(origins.series.features[np.ix_(origins.indices, columns)])
    return np.logical_and.reduce(known, axis=1)
