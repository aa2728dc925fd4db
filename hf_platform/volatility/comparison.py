"""Compare variants by information criterion, average them by Akaike weights, and say when they cannot be told apart.

References
----------
Burnham, K., Anderson, D. (2002). Model Selection and Multimodel Inference, 2nd ed., chapter 2.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from hf_platform.errors import DataError, ModelError
from hf_platform.types import FloatArray

INDISTINGUISHABLE: Final = 2.0  # AIC differences up to here leave both models with substantial support


def akaike_weights(aic: ArrayLike) -> FloatArray:
    """Turn criteria into weights exp(-delta / 2) along the last axis.

    Parameters
    ----------
    aic : float64 array, shape (..., n_models)
        NaN marks a model that failed; it gets weight zero.

    Returns
    -------
    float64 array, same shape
        Rows sum to one.

    Raises
    ------
    ModelError
        If all models of a row failed.

    Notes
    -----
    The smallest criterion is subtracted first: exp(-aic / 2) itself underflows at any realistic value.
    """
    values = np.asarray(aic, dtype=np.float64)
    alive = np.isfinite(values)
    if not alive.any(axis=-1).all():
        raise ModelError("no model of the ensemble was fitted, so no weights exist. Look up the reasons in the ledger.")
    filled = np.where(alive, values, np.inf)
    weights = np.exp(-0.5 * (filled - filled.min(axis=-1, keepdims=True)))
    return weights / weights.sum(axis=-1, keepdims=True)


def averaged_variance(aic: ArrayLike, variance: ArrayLike) -> FloatArray:
    """Average variance forecasts by Akaike weights.

    Parameters
    ----------
    aic : float64 array, shape (n_models, n_series) or (n_models,)
    variance : float64 array, shape (n_models, n_series, horizon) or (n_models, horizon)
        NaN where a model failed.

    Returns
    -------
    float64 array, shape of one model's forecasts

    Raises
    ------
    ModelError
        If all models of a series failed.
    DataError
        If shapes disagree, or a model with a criterion has no forecast.
    """
    criteria, forecasts = np.asarray(aic, dtype=np.float64), np.asarray(variance, dtype=np.float64)
    if forecasts.shape[:-1] != criteria.shape:
        raise DataError(
            f"forecasts must have the shape of the criteria plus a horizon, found {forecasts.shape} and "
            f"{criteria.shape}. Stack models first."
        )
    weights = np.moveaxis(akaike_weights(np.moveaxis(criteria, 0, -1)), -1, 0)[..., None]
    if not np.isfinite(np.where(weights > 0, forecasts, 0.0)).all():
        raise DataError("a model with a criterion has a forecast that is not finite. Set its criterion to NaN.")
    return np.where(weights > 0, weights * np.where(weights > 0, forecasts, 0.0), 0.0).sum(axis=0)


@dataclass(frozen=True, slots=True)
class ModelComparison:
    """Models ranked by AIC, with a verdict that does not overstate.

    Parameters
    ----------
    names : tuple of str
        Best first.
    aic, delta, weights : tuple of float
        In the order of `names`.
    not_distinguishable : tuple of str
        Models whose criterion lies within 2 of the best, the best included.
    verdict : str
    """

    names: tuple[str, ...]
    aic: tuple[float, ...]
    delta: tuple[float, ...]
    weights: tuple[float, ...]
    not_distinguishable: tuple[str, ...]
    verdict: str


def compare(aic: Mapping[str, float]) -> ModelComparison:
    """Rank models that were fitted to identical data.

    Raises
    ------
    ModelError
        If none of them has a finite criterion.
    """
    alive = sorted((value, name) for name, value in aic.items() if np.isfinite(value))
    if not alive:
        raise ModelError("no model was fitted, so there is nothing to compare. Look up the reasons in the ledger.")
    names = tuple(name for _, name in alive)
    values = np.array([value for value, _ in alive])
    delta = values - values[0]
    close = tuple(name for name, d in zip(names, delta, strict=True) if d <= INDISTINGUISHABLE)
    if len(names) == 1:
        verdict = f"{names[0]} is the only model that was fitted."
    elif len(close) > 1:
        verdict = f"not distinguishable: {', '.join(close)} (largest AIC difference {delta[len(close) - 1]:.2f})."
    else:
        verdict = f"{names[0]} is preferred by AIC: the next model, {names[1]}, is {delta[1]:.2f} behind."
    weights = akaike_weights(values)
    return ModelComparison(names, tuple(values), tuple(delta), tuple(weights), close, verdict)
