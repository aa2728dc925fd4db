"""Resampling a time series in blocks, so that what follows each other stays together."""

from typing import Final

import numpy as np
from numpy.random import Generator

from hf_platform.errors import DataError
from hf_platform.types import FloatArray

N_RESAMPLES: Final = 400


def block_length(n_forecasts: int) -> int:
    """Choose the mean block length for losses of one-step forecasts: the cube root of the sample, at least 2."""
    return max(2, round(n_forecasts ** (1.0 / 3.0)))


def stationary_weights(n_forecasts: int, mean_block: float, n_resamples: int, generator: Generator) -> FloatArray:
    """Draw stationary-bootstrap samples as counts of how often each row is taken.

    Parameters
    ----------
    n_forecasts : int
        Rows of the sample, which is closed to a ring.
    mean_block : float
        Mean of the geometric block lengths, at least 1.
    n_resamples : int
    generator : numpy.random.Generator

    Returns
    -------
    float64 array, shape (n_resamples, n_forecasts)
        Counts divided by `n_forecasts`: rows sum to one, and ``weights @ losses`` are resampled means.

    Raises
    ------
    DataError
        If a count is below 1 or the mean block is below 1.

    References
    ----------
    Politis, D. N. and Romano, J. P. (1994). The Stationary Bootstrap. Journal of the American Statistical
    Association 89(428), 1303-1313.
    """
    if n_forecasts < 1 or n_resamples < 1 or mean_block < 1.0:
        raise DataError(
            f"rows, resamples and mean block must be at least 1, found {n_forecasts}, {n_resamples}, {mean_block:g}. "
            "Pass positive numbers."
        )
    n_blocks = int(n_forecasts / mean_block * 1.2) + 20
    lengths = generator.geometric(1.0 / mean_block, (n_resamples, n_blocks)).astype(np.int64)
    while int(lengths.sum(axis=1).min()) < n_forecasts:
        more = generator.geometric(1.0 / mean_block, (n_resamples, n_blocks)).astype(np.int64)
        lengths = np.concatenate([lengths, more], axis=1)
    ends = np.minimum(np.cumsum(lengths, axis=1), n_forecasts)
    lengths = np.diff(ends, axis=1, prepend=0)
    starts = generator.integers(0, n_forecasts, lengths.shape)
    # Each block adds one from its start up to its end: a difference array on the ring laid out twice.
    width = 2 * n_forecasts + 1
    rows = np.arange(n_resamples)[:, None] * width
    steps = np.bincount((rows + starts).ravel(), minlength=n_resamples * width)
    steps = steps - np.bincount((rows + starts + lengths).ravel(), minlength=n_resamples * width)
    counts = np.cumsum(steps.reshape(n_resamples, width), axis=1)
    ring = counts[:, :n_forecasts] + counts[:, n_forecasts : 2 * n_forecasts]
    return ring / float(n_forecasts)
