"""Value objects that cross module boundaries."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, NewType

import numpy as np
from numpy.typing import NDArray

from hf_platform.errors import DataError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
TimeArray = NDArray[np.datetime64]  # microseconds, UTC, no zone attached

ModelId = NewType("ModelId", str)

# Every distribution forecast is stored on this grid of probabilities: the tails that VaR needs on
# both sides, the quartiles and the median.
PROBABILITIES: Final[tuple[float, ...]] = (
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975, 0.99, 0.995,
)  # fmt: skip
CONFIDENCES: Final[tuple[float, ...]] = (0.90, 0.95, 0.975, 0.99, 0.995)


@dataclass(frozen=True, slots=True, order=True)
class GridKey:
    """One cell of the model grid."""

    instrument: str
    horizon: str

    def __str__(self) -> str:
        """Write the key the way the graph's partitions do: dimensions sorted by name."""
        return f"{self.horizon}|{self.instrument}"


@dataclass(frozen=True, slots=True, eq=False)
class ForecastDistribution:
    """Forecasts of the log return over a horizon, one row per origin.

    Parameters
    ----------
    mean, volatility : float64 array, shape (n_origins,)
        Mean and standard deviation of the log return summed over the horizon [decimal].
    quantiles : float64 array, shape (n_origins, len(PROBABILITIES))
        Quantiles of that return at `PROBABILITIES`, non-decreasing along the row. NaN in the tails where
        the family cannot say: such a forecast makes no VaR.
    tail_means : float64 array, shape (n_origins, len(PROBABILITIES))
        Expected return given that it falls at or below the quantile (probability <= 0.5) or at or
        above it (probability > 0.5). NaN where the family cannot say.

    Raises
    ------
    DataError
        If shapes disagree, a mean, a volatility or a quantile between the quartiles is not finite, a
        volatility is not positive, or quantiles decrease or have a gap.
    """

    mean: FloatArray
    volatility: FloatArray
    quantiles: FloatArray
    tail_means: FloatArray

    def __post_init__(self) -> None:
        """Check shapes, finiteness, sign and order."""
        n = self.mean.shape[0]
        wide = (n, len(PROBABILITIES))
        if self.volatility.shape != (n,) or self.quantiles.shape != wide or self.tail_means.shape != wide:
            raise DataError(
                f"a distribution of {n} origins needs volatility ({n},), quantiles and tail_means {wide}, found "
                f"{self.volatility.shape}, {self.quantiles.shape}, {self.tail_means.shape}. Mend the family."
            )
        said = ~np.isnan(self.quantiles)
        middle = (np.array(PROBABILITIES) >= 0.25) & (np.array(PROBABILITIES) <= 0.75)
        has_gap = (np.abs(np.diff(said, axis=1)).sum(axis=1) > 2).any() or not said[:, middle].all()
        if not np.isfinite(self.mean).all() or np.isinf(self.quantiles).any() or has_gap:
            raise DataError(
                "forecast means and quantiles must be finite, NaN quantiles only in the tails, found NaN or infinity "
                "elsewhere. Mend the family."
            )
        if not (np.isfinite(self.volatility).all() and (self.volatility > 0).all()):
            raise DataError("forecast volatility must be finite and positive. Mend the family.")
        if (np.diff(self.quantiles, axis=1) < 0).any():
            raise DataError("quantiles must not decrease with probability. Sort them in the family.")


def utc_naive(moment: datetime) -> datetime:
    """Drop the zone after moving to UTC; a naive time is taken to be UTC already."""
    if moment.tzinfo is None:
        return moment
    from datetime import UTC

    return moment.astimezone(UTC).replace(tzinfo=None)
