"""The ETT benchmark: its file, its split, its scores.

Real files: https://github.com/zhouhaoyi/ETDataset (ETT-small). Twelve, four and four months of thirty days to
train, choose and test; every column standardised by its training values; mean squared and absolute error over
all windows of the test months, all steps and all columns.

References
----------
Zhou, H. et al. (2021). Informer: Beyond Efficient Transformer for Long Sequence Time-Series Forecasting.
AAAI 35(12), 11106-11115.
"""

import csv
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np

from hf_platform.errors import DataError
from hf_platform.types import FloatArray

_MONTHS: Final = (12, 4, 4)
_STEPS: Final = {timedelta(hours=1): 1, timedelta(minutes=15): 4}  # bars of an hour
_FORMAT: Final = "%Y-%m-%d %H:%M:%S"


@dataclass(frozen=True, slots=True, eq=False)
class EttData:
    """A file, standardised.

    Parameters
    ----------
    columns : tuple of str
    values : float64 array, shape (n_times, n_columns)
        Minus the mean and divided by the standard deviation of the training months.
    train, validation, test : slice
        Months; windows of the later ones begin before them.
    rejected : tuple of str
        Columns left out, and why.
    """

    columns: tuple[str, ...]
    values: FloatArray
    train: slice
    validation: slice
    test: slice
    rejected: tuple[str, ...]


def read_ett(path: Path, months: tuple[int, int, int] = _MONTHS) -> EttData:
    """Read and check a file.

    Parameters
    ----------
    path : Path
        CSV with a column ``date`` and one column per series.
    months : tuple of int
        Of thirty days, to train, choose and test.

    Raises
    ------
    DataError
        If the file is absent, its times are not one regular step of an hour or a quarter of one, or it is
        too short.
    """
    if not path.is_file():
        raise DataError(f"an ETT file is a CSV such as ETTh1.csv, found none at {path}. Give its path.")
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    if len(rows) < 2 or not rows[0] or rows[0][0] != "date":
        raise DataError(f"{path.name}: the first column must be 'date', found {rows[0][:1] if rows else 'nothing'}.")
    per_hour = _regular(path.name, [row[0] for row in rows[1:]])
    month = 30 * 24 * per_hour
    needed = sum(months) * month
    if len(rows) - 1 < needed:
        raise DataError(f"{path.name}: {needed} rows for {sum(months)} months needed, found {len(rows) - 1}.")
    columns, values, rejected = _columns(rows, needed, months[0] * month)
    if not columns:
        raise DataError(f"{path.name}: at least one usable column needed, found {'; '.join(rejected)}.")
    first, second = months[0] * month, (months[0] + months[1]) * month
    train = values[:first]
    scaled = (values - train.mean(axis=0)) / train.std(axis=0)
    return EttData(columns, scaled, slice(0, first), slice(first, second), slice(second, needed), rejected)


def _regular(name: str, times: list[str]) -> int:
    try:
        parsed = [datetime.strptime(time, _FORMAT) for time in times]  # noqa: DTZ007  # local plant time without a zone
    except ValueError as error:
        raise DataError(f"{name}: dates must look like 2016-07-01 00:00:00, found {error}. Mend the file.") from error
    step = parsed[1] - parsed[0] if len(parsed) > 1 else timedelta(0)
    if step not in _STEPS:
        raise DataError(f"{name}: rows must be an hour or 15 minutes apart, found {step}. Take ETTh or ETTm files.")
    for before, after in pairwise(parsed):
        if after - before != step:
            raise DataError(f"{name}: rows must be {step} apart, found {before} followed by {after}. Mend the file.")
    return _STEPS[step]


def _columns(rows: list[list[str]], needed: int, n_train: int) -> tuple[tuple[str, ...], FloatArray, tuple[str, ...]]:
    names: list[str] = []
    kept: list[FloatArray] = []
    rejected: list[str] = []
    for place, name in enumerate(rows[0][1:], start=1):
        try:
            values = np.array([float(row[place]) for row in rows[1 : needed + 1]])
        except (ValueError, IndexError) as error:
            rejected.append(f"{name}: values must be numbers, found {error}")
            continue
        if not np.isfinite(values).all() or np.ptp(values[:n_train]) == 0:
            rejected.append(f"{name}: values must be finite and vary in the training months")
            continue
        names.append(name)
        kept.append(values)
    return tuple(names), np.stack(kept, axis=1) if kept else np.empty((needed, 0)), tuple(rejected)


def windows(values: FloatArray, part: slice, lookback: int, horizon: int) -> tuple[FloatArray, FloatArray]:
    """Cut every window whose target lies in a part.

    Returns
    -------
    inputs : float64 array, shape (n_windows, n_columns, lookback)
        A view.
    targets : float64 array, shape (n_windows, n_columns, horizon)
        A view.
    """
    first = max(part.start, lookback)
    past = np.lib.stride_tricks.sliding_window_view(values, lookback, axis=0)
    ahead = np.lib.stride_tricks.sliding_window_view(values, horizon, axis=0)
    return past[first - lookback : part.stop - horizon - lookback + 1], ahead[first : part.stop - horizon + 1]


@dataclass(frozen=True, slots=True)
class EttScore:
    """Errors on standardised values, and the time it took."""

    method: str
    mse: float
    mae: float
    n_windows: int
    seconds: float


def score(method: str, targets: FloatArray, forecasts: FloatArray, seconds: float) -> EttScore:
    """Average over windows, columns and steps."""
    error = forecasts - targets
    return EttScore(method, float(np.square(error).mean()), float(np.abs(error).mean()), targets.shape[0], seconds)


def repeat_last(inputs: FloatArray, horizon: int) -> FloatArray:
    """Forecast the last value: the row to beat."""
    return np.repeat(inputs[:, :, -1:], horizon, axis=2)
