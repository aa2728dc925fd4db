"""Where realised returns fall inside their whole forecast distribution: the probability integral transform."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy import special

from hf_platform.backtest.sample import VarSample
from hf_platform.errors import DataError
from hf_platform.types import PROBABILITIES, FloatArray, GridKey

if TYPE_CHECKING:
    from hf_platform.lake import Lake

_EDGE: Final = 1e-12  # no closer to 0 or 1: the transform goes through the normal quantile
_DISTRIBUTIONS: Final = """
WITH keys AS (SELECT unnest($instruments) AS instrument, unnest($horizons) AS horizon)
SELECT instrument, horizon, forecast_origin, quantiles, tail_means
FROM ensembles.forecasts SEMI JOIN keys USING (instrument, horizon)
WHERE name = 'volatility_ensemble' AND known_at <= $as_of
QUALIFY row_number() OVER (PARTITION BY instrument, horizon, forecast_origin
                           ORDER BY known_at DESC, created_at DESC, forecast_id) = 1
ORDER BY instrument, horizon, forecast_origin
"""


def place(returns: FloatArray, quantiles: FloatArray, tail_means: FloatArray) -> FloatArray:
    """Give the forecast probability of a return at or below the realised one.

    Parameters
    ----------
    returns : float64 array, shape (n_forecasts,)
        Realised [decimal].
    quantiles, tail_means : float64 array, shape (n_forecasts, len(PROBABILITIES))
        As in `types.ForecastDistribution`; finite.

    Returns
    -------
    float64 array, shape (n_forecasts,)
        Strictly inside (0, 1).

    Raises
    ------
    DataError
        If shapes disagree or a value is not finite.

    Notes
    -----
    Between two quantiles the normal score of the probability is linear in the return, which is exact for a normal
    law. Beyond the outer ones the law is the Pareto one with that quantile and that tail mean, or an exponential one
    where zero is no longer inside.
    """
    wide = (returns.shape[0], len(PROBABILITIES))
    if quantiles.shape != wide or tail_means.shape != wide:
        raise DataError(f"distributions must have shape {wide}, found {quantiles.shape} and {tail_means.shape}.")
    if not all(np.isfinite(part).all() for part in (returns, quantiles, tail_means)):
        raise DataError("returns and distributions must be finite, found NaN or infinity. Drop those forecasts first.")
    scores = special.ndtri(np.array(PROBABILITIES))
    above = (quantiles < returns[:, None]).sum(axis=1)
    low = np.clip(above - 1, 0, scores.size - 2)
    rows = np.arange(returns.size)
    start, width = quantiles[rows, low], quantiles[rows, low + 1] - quantiles[rows, low]
    share = np.clip((returns - start) / np.where(width > 0, width, 1.0), 0.0, 1.0)
    placed = special.ndtr(scores[low] + share * (scores[low + 1] - scores[low]))
    below, over = above == 0, above == scores.size
    placed[below] = _beyond(-returns[below], -quantiles[below, 0], -tail_means[below, 0], PROBABILITIES[0])
    placed[over] = 1.0 - _beyond(returns[over], quantiles[over, -1], tail_means[over, -1], 1.0 - PROBABILITIES[-1])
    return np.clip(placed, _EDGE, 1.0 - _EDGE)


def _beyond(losses: FloatArray, edge: FloatArray, mean: FloatArray, tail: float) -> FloatArray:
    """Probability beyond each loss, which is at least the edge of a tail of known mean and probability."""
    excess = np.maximum(mean - edge, 1e-12)
    heavy = (edge > 0.0) & (mean > edge)
    safe = np.where(heavy, edge, 1.0)
    power = np.log(np.where(heavy, losses, 1.0) / safe) * np.where(heavy, mean, 1.0) / excess
    return tail * np.exp(-np.where(heavy, power, (losses - edge) / excess))


def read_places(
    store: "Lake", samples: Sequence[VarSample], as_of: datetime, snapshot: int | None
) -> Mapping[GridKey, FloatArray]:
    """Place the losses of ensemble samples, long positions, in the stored distributions of their origins.

    Returns
    -------
    mapping of GridKey to float64 array, shape (n_forecasts,)
        Forecast probability of a loss at or below the realised one; a key whose distributions have gaps is absent.
    """
    if not samples:
        return {}
    keys = {"instruments": [s.key.instrument for s in samples], "horizons": [s.key.horizon for s in samples]}
    frame = store.query(_DISTRIBUTIONS, keys | {"as_of": as_of}, snapshot)
    stored = frame.partition_by("instrument", "horizon", as_dict=True, maintain_order=True)
    found: dict[GridKey, FloatArray] = {}
    for sample in samples:
        part = stored.get((sample.key.instrument, sample.key.horizon))
        if part is None:
            continue
        _, mine, theirs = np.intersect1d(
            sample.origins, part["forecast_origin"].to_numpy().astype("datetime64[us]"), return_indices=True
        )
        if mine.size != len(sample):
            continue
        quantiles, means = (_matrix(part[name].gather(theirs)) for name in ("quantiles", "tail_means"))
        if quantiles is not None and means is not None:
            found[sample.key] = 1.0 - place(-sample.losses[mine], quantiles, means)
    return found


def _matrix(lists: "pl.Series") -> FloatArray | None:
    values = lists.explode().to_numpy()
    whole = values.size == len(lists) * len(PROBABILITIES) and bool(np.isfinite(values).all())
    return values.reshape(len(lists), len(PROBABILITIES)) if whole else None


if TYPE_CHECKING:
    import polars as pl
