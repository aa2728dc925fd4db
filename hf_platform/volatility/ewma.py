"""Exponentially weighted variance, the RiskMetrics recursion.

References
----------
J.P. Morgan/Reuters (1996). RiskMetrics - Technical Document, 4th ed., chapter 5.
"""

# compiled code: numba infers types, and arrays travel one by one
# ruff: noqa: ANN001, ANN202
# pyright: basic

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from hf_platform.errors import ConfigError, DataError
from hf_platform.types import FloatArray
from hf_platform.volatility.jit import compiled

DAILY_DECAY: Final = 0.94
MONTHLY_DECAY: Final = 0.97


@dataclass(frozen=True, slots=True, kw_only=True)
class EwmaSpec:
    """How fast old returns are forgotten.

    Raises
    ------
    ConfigError
        If `decay` is not strictly between 0 and 1.
    """

    decay: float = DAILY_DECAY

    def __post_init__(self) -> None:
        """Check the decay."""
        check_decay(self.decay)


def check_decay(decay: float) -> None:
    """Refuse a decay outside (0, 1).

    Raises
    ------
    ConfigError
        If it is.
    """
    if not 0.0 < decay < 1.0:
        raise ConfigError(f"decay must lie strictly between 0 and 1, found {decay!r}. RiskMetrics takes 0.94 daily.")


@compiled
def _recursion(returns, decay, initial, out):
    n_bars, n_series = returns.shape
    for i in range(n_series):
        out[0, i] = initial[i]
    for t in range(n_bars):
        for i in range(n_series):
            out[t + 1, i] = decay * out[t, i] + (1.0 - decay) * returns[t, i] * returns[t, i]


def ewma_variance(returns: ArrayLike, decay: float = DAILY_DECAY, initial: ArrayLike | None = None) -> FloatArray:
    """Run the recursion h[t + 1] = decay h[t] + (1 - decay) r[t]**2.

    Parameters
    ----------
    returns : float64 array, shape (n_bars,) or (n_bars, n_series)
        Zero-mean returns [decimal per bar], no missing values.
    decay : float in (0, 1)
    initial : float or float64 array, shape (n_series,), optional
        Variance before the first return. By default the mean square of the first 75 returns, or fewer.

    Returns
    -------
    float64 array, shape (n_bars + 1,) or (n_bars + 1, n_series)
        Row t is the variance forecast for bar t, made after bar t - 1; the last row is the forecast beyond the data,
        and holds for any horizon per bar.

    Raises
    ------
    DataError
        If a return is not finite, there is none, or an initial variance is not positive.
    ConfigError
        If `decay` is outside (0, 1).
    """
    check_decay(decay)
    values = np.asarray(returns, dtype=np.float64)
    panel = np.ascontiguousarray(values[:, None] if values.ndim == 1 else values)
    if panel.shape[0] == 0 or not np.isfinite(panel).all():
        raise DataError("EWMA needs finite returns, found none or a missing value. Drop or repair those bars first.")
    start = np.mean(panel[:75] ** 2, axis=0) if initial is None else np.asarray(initial, dtype=np.float64)
    start = np.ascontiguousarray(np.broadcast_to(start, (panel.shape[1],)))
    if not (np.isfinite(start).all() and (start >= 0.0).all()):
        raise DataError(f"the initial variance must be finite and not negative, found {start.min()}. Mend it.")
    out = np.empty((panel.shape[0] + 1, panel.shape[1]))
    _recursion(panel, decay, start, out)
    return out[:, 0] if values.ndim == 1 else out
