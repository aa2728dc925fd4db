"""A whole distribution from three fitted quantiles and the residuals of a validation tail.

The median places the forecast; its distances to the lower and to the upper fitted quantile are the two
scales of the residuals, so that spread and skew may change from origin to origin. What the residuals,
divided by their own origin's scale, looked like on rows that the model never saw gives the rest of the
distribution: the outer quantiles, their tail means, and the calibration of the fitted ones.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np

from hf_platform.types import PROBABILITIES, FloatArray, ForecastDistribution

_NARROWEST: Final = 0.05  # a scale is at least this share of its typical size: fitted quantiles may touch or cross


def _scales(quantiles: FloatArray, floors: tuple[float, float]) -> tuple[FloatArray, FloatArray, FloatArray]:
    low, median, high = np.sort(quantiles, axis=1).T
    return median, np.maximum(median - low, floors[0]), np.maximum(high - median, floors[1])


def spread_params(realised: FloatArray, quantiles: FloatArray) -> dict[str, object]:
    """Describe the residuals of a validation tail in units of the fitted spread.

    Parameters
    ----------
    realised : float64 array, shape (n_rows,)
        Return over the horizon [decimal].
    quantiles : float64 array, shape (n_rows, 3)
        Forecasts of a low, the middle and a high quantile [decimal]; sorted here where they cross.

    Returns
    -------
    dict
        JSON values. Below the median residuals are in units of the lower scale, above in those of the upper.
    """
    low, median, high = np.sort(quantiles, axis=1).T
    typical = float(np.abs(realised - np.median(realised)).mean())
    floors = (
        _NARROWEST * (float(np.median(median - low)) or typical),
        _NARROWEST * (float(np.median(high - median)) or typical),
    )
    place, below, above = _scales(quantiles, floors)
    error = realised - place
    unit = error / np.where(error < 0, below, above)
    negative, positive = np.minimum(unit, 0.0), np.maximum(unit, 0.0)
    cuts = np.quantile(unit, np.array(PROBABILITIES))
    beyond = [unit <= cut if p <= 0.5 else unit >= cut for p, cut in zip(PROBABILITIES, cuts, strict=True)]
    return {
        "scale_floors": list(floors),
        "unit_quantiles": cuts.tolist(),
        "unit_tails_below": [float(negative[rows].mean()) for rows in beyond],
        "unit_tails_above": [float(positive[rows].mean()) for rows in beyond],
        "unit_means": [float(negative.mean()), float(positive.mean())],
        "unit_squares": [float(np.square(negative).mean()), float(np.square(positive).mean())],
    }


def spread_distribution(quantiles: FloatArray, params: Mapping[str, object]) -> ForecastDistribution:
    """Spread the residuals around fitted quantiles, shape (n_origins, 3)."""

    def values(name: str) -> FloatArray:
        return np.array(params[name], dtype=np.float64)

    floors = values("scale_floors")
    place, below, above = _scales(quantiles, (float(floors[0]), float(floors[1])))
    means, squares, unit = values("unit_means"), values("unit_squares"), values("unit_quantiles")
    shift = below * means[0] + above * means[1]
    second = np.square(below) * squares[0] + np.square(above) * squares[1]
    return ForecastDistribution(
        mean=place + shift,
        volatility=np.sqrt(second - np.square(shift)),
        quantiles=place[:, None] + np.where(unit < 0, below[:, None] * unit, above[:, None] * unit),
        tail_means=place[:, None]
        + below[:, None] * values("unit_tails_below")
        + above[:, None] * values("unit_tails_above"),
    )
