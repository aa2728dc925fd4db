"""Weights of forecasts from AICs, from past losses, and by least squares: arrays in, arrays out."""

import numpy as np

from hf_platform.errors import DataError, ModelError
from hf_platform.types import BoolArray, FloatArray


def aic_weights(aic: FloatArray) -> FloatArray:
    """Turn AICs of models on identical data into weights.

    Parameters
    ----------
    aic : float64 array, shape (..., n_models)
        Lower is better; NaN where a model is missing.

    Returns
    -------
    float64 array, same shape
        Weights that sum to 1 along the last axis; 0 where a model is missing.

    Raises
    ------
    ModelError
        If no model of a row is there.

    Notes
    -----
    ``w_i = exp(-(AIC_i - min AIC) / 2) / sum``. The minimum is subtracted first: AICs of thousands
    underflow otherwise, and the weights become 0/0.

    References
    ----------
    Burnham, K. P. and Anderson, D. R. (2002). Model Selection and Multimodel Inference, 2nd ed.,
    section 2.9. Springer.
    """
    present = np.isfinite(aic)
    _require_members(present)
    best = np.where(present, aic, np.inf).min(axis=-1, keepdims=True)
    raw = np.where(present, np.exp(-0.5 * (np.where(present, aic, best) - best)), 0.0)
    return raw / raw.sum(axis=-1, keepdims=True)


def inverse_loss_weights(losses: FloatArray) -> FloatArray:
    """Turn mean past losses into weights: the smaller the loss, the larger the weight.

    Parameters
    ----------
    losses : float64 array, shape (..., n_members)
        Mean out-of-sample losses, not negative; NaN where a member is missing.

    Returns
    -------
    float64 array, same shape
        Weights that sum to 1 along the last axis; 0 where a member is missing. Members without any
        loss share everything.

    Raises
    ------
    DataError
        If a loss is negative.
    ModelError
        If no member of a row is there.

    References
    ----------
    Bates, J. M. and Granger, C. W. J. (1969). The Combination of Forecasts. Operational Research
    Quarterly 20(4), 451-468. (Their first method, without the correlations.)
    """
    present = np.isfinite(losses)
    _require_members(present)
    _require_positive(losses[present])
    perfect = present & (losses == 0)
    has_perfect = perfect.any(axis=-1, keepdims=True)
    inverse = np.where(present & ~perfect, 1.0 / np.where(present & ~perfect, losses, 1.0), 0.0)
    raw = np.where(has_perfect, perfect.astype(np.float64), inverse)
    return raw / raw.sum(axis=-1, keepdims=True)


def adaptive_weights(losses: FloatArray) -> FloatArray:
    """Turn mean losses of the recent past into weights that do not depend on their unit.

    Parameters
    ----------
    losses : float64 array, shape (..., n_members)
        Mean out-of-sample losses, not negative; NaN where a member is missing.

    Returns
    -------
    float64 array, same shape
        Weights that sum to 1 along the last axis; 0 where a member is missing.

    Raises
    ------
    DataError
        If a loss is negative.
    ModelError
        If no member of a row is there.

    Notes
    -----
    ``w_i = exp(-loss_i / mean loss) / sum``. The plain ``exp(-loss)`` depends on the unit: squared errors
    of returns in decimals are near 1e-4, which makes every weight equal, and in percent near 1.
    """
    present = np.isfinite(losses)
    _require_members(present)
    _require_positive(losses[present])
    mean = np.where(present, losses, 0.0).sum(axis=-1, keepdims=True) / present.sum(axis=-1, keepdims=True)
    relative = np.where(present & (mean > 0), losses / np.where(mean > 0, mean, 1.0), 0.0)
    raw = np.where(present, np.exp(-relative), 0.0)
    return raw / raw.sum(axis=-1, keepdims=True)


def equal_weights(present: BoolArray) -> FloatArray:
    """Share equally among the members that are there, shape (..., n_members)."""
    _require_members(present)
    return present / present.sum(axis=-1, keepdims=True)


def rolling_means(losses: FloatArray, window: int, minimum: int) -> FloatArray:
    """Average the newest losses before each slot.

    Parameters
    ----------
    losses : float64 array, shape (n_slots, n_members)
        Loss of the forecast made in each slot, NaN where unknown. A slot counts only if every member
        has a loss in it, so that all are judged on the same days.
    window : int
        Slots to look back.
    minimum : int
        Losses needed, at least 1.

    Returns
    -------
    float64 array, shape (n_slots + 1, n_members)
        Row `e` averages slots ``e - window`` to ``e`` (excluded), so it reads nothing at or after
        slot `e`; NaN with fewer than `minimum` losses. Each row is summed on its own: more slots,
        before the window or after, leave its bits alone.
    """
    counted = np.logical_and.reduce(np.isfinite(losses), axis=1)
    n_counted = _window_sums(counted.astype(np.float64), window)
    enough = n_counted >= minimum
    means = np.full((losses.shape[0] + 1, losses.shape[1]), np.nan)
    for member in range(losses.shape[1]):
        totals = _window_sums(np.where(counted, losses[:, member], 0.0), window)
        means[enough, member] = totals[enough] / n_counted[enough]
    return means


def _window_sums(values: FloatArray, window: int) -> FloatArray:
    padded = np.concatenate([np.zeros(window), values])
    return np.lib.stride_tricks.sliding_window_view(padded, window).sum(axis=-1)


def _require_positive(losses: FloatArray) -> None:
    if (losses < 0).any():
        raise DataError(f"losses must not be negative, found {losses.min()}. Use a loss that is 0 at best.")


def _require_members(present: BoolArray) -> None:
    if not present.any(axis=-1).all():
        raise ModelError(
            f"an ensemble needs at least one member, found none in {int((~present.any(axis=-1)).sum())} of "
            f"{present[..., 0].size} forecasts. See `hfp status --failed` for why the members failed."
        )
