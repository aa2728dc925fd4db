"""Splits in time order: train on the past, test on what follows, with a gap between the two."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from hf_platform.errors import ConfigError, TooFewReturnsError
from hf_platform.types import IntArray

MINIMUM_OUT_OF_SAMPLE = 252  # one year of sessions


@dataclass(frozen=True, slots=True)
class Split:
    """One step of a walk forward: bar indices to train on and, later in time, to test on."""

    train: range
    test: range


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkForward:
    """Anchored or rolling walk-forward splits.

    Parameters
    ----------
    train_size : int
        Training bars; of the first split if `anchored`, of every split otherwise.
    test_size : int
        Test bars of each split; the last one may be shorter. Test ranges tile the rest of the sample.
    purge : int
        Bars dropped between training and test because the training targets reach into them: n_bars
        of the horizon for targets known n_bars later.
    embargo : int
        Further bars dropped after the purge, against serial correlation of features.
    anchored : bool
        True: training always starts at the first bar and grows. False: it rolls.

    Raises
    ------
    ConfigError
        If a size is below 1 or a gap is negative.
    """

    train_size: int
    test_size: int
    purge: int = 0
    embargo: int = 0
    anchored: bool = False

    def __post_init__(self) -> None:
        """Check sizes and gaps."""
        if self.train_size < 1 or self.test_size < 1 or self.purge < 0 or self.embargo < 0:
            raise ConfigError(
                "a walk forward needs train_size and test_size of at least 1 and gaps of at least 0, found "
                f"{self.train_size}, {self.test_size}, purge {self.purge}, embargo {self.embargo}. Pass such numbers."
            )

    def splits(self, n_bars: int) -> Iterator[Split]:
        """Yield the splits of a sample in time order; none if the sample is too short for one."""
        gap = self.purge + self.embargo
        for start in range(self.train_size + gap, n_bars, self.test_size):
            stop = start - gap
            first = 0 if self.anchored else stop - self.train_size
            yield Split(range(first, stop), range(start, min(start + self.test_size, n_bars)))


def require_out_of_sample(instrument: str, n_forecasts: int, minimum: int = MINIMUM_OUT_OF_SAMPLE) -> None:
    """Refuse to judge on less than one year of out-of-sample forecasts.

    Raises
    ------
    TooFewReturnsError
        Naming the instrument, what is needed and what was found.
    """
    if n_forecasts < minimum:
        raise TooFewReturnsError(instrument, minimum, n_forecasts)


def non_overlapping(indices: IntArray, n_bars: int) -> IntArray:
    """Pick origins whose horizons do not overlap.

    Parameters
    ----------
    indices : int64 array, shape (n_origins,)
        Bar indices of the origins, strictly increasing.
    n_bars : int
        Bars of the horizon.

    Returns
    -------
    int64 array
        Positions in `indices`: the first origin, then always the next one at least `n_bars` later. An
        off-grid origin (the newest bar between two walk-forward origins) is passed over.
    """
    if n_bars == 1:
        return np.arange(indices.size)
    crowded = np.flatnonzero(np.diff(indices) < n_bars)
    if not crowded.size:
        return np.arange(indices.size)
    position = int(crowded[0])  # up to here every origin is far enough from the one before
    picked = list(range(position))
    while position < indices.size:
        picked.append(position)
        position = int(np.searchsorted(indices, int(indices[position]) + n_bars))
    return np.asarray(picked, dtype=np.int64)
