"""What an LSTM on GARCH sees: standardised innovations and the state of the variance, series by series."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from hf_platform.models.base import PanelMember
from hf_platform.types import FloatArray, IntArray

if TYPE_CHECKING:
    from hf_platform.volatility.garch import GarchSpec

_STARTS: Final = 3
_LARGEST: Final = 8.0  # standardised innovations beyond say no more than this


@dataclass(frozen=True, slots=True, eq=False)
class GarchInputs:
    """Inputs at some origins of one series.

    Parameters
    ----------
    windows : float64 array, shape (n_origins, lookback, 2)
        Standardised innovations, and the log of each bar's variance over the window's mean variance.
    variance : float64 array, shape (n_origins,)
        GARCH variance summed over the horizon.
    """

    windows: FloatArray
    variance: FloatArray


def engine_spec() -> "GarchSpec":
    """Give the process below the net: GJR with normal likelihood, which is consistent for any innovation."""
    from hf_platform.volatility.garch import GarchSpec

    return GarchSpec(process="gjr", distribution="normal")


def fit_members(members: Sequence[PanelMember]) -> FloatArray:
    """Fit every member's window, all at once.

    Returns
    -------
    float64 array, shape (n_members, n_params)
        NaN where the likelihood has no certified maximum.
    """
    from hf_platform.volatility import garch

    longest = max(member.stop - member.start for member in members)
    panel = np.full((longest, len(members)), np.nan)
    for column, member in enumerate(members):
        window = member.series.log_return[member.start : member.stop]
        panel[longest - window.size :, column] = window
    fits = garch.fit_many(panel, engine_spec(), starts=_STARTS)
    is_ok = np.array([str(status) == "ok" for status in fits.status])
    return np.where(is_ok[:, None], fits.params, np.nan)


def inputs_at(
    returns: FloatArray, params: FloatArray, origins: IntArray, *, lookback: int, horizon: int, n_train: int, seed: int
) -> GarchInputs:
    """Filter a series and cut windows out of what comes.

    Parameters
    ----------
    returns : float64 array, shape (n_bars,)
        From the first training bar on.
    params : float64 array, shape (n_params,)
    origins : int64 array, shape (n_origins,)
        Bars of `returns`, at least ``lookback - 1``.
    lookback, horizon : int
    n_train : int
        Bars of the training window, on which the filter's start rests.
    seed : int
    """
    from hf_platform.volatility import garch

    spec = engine_spec()
    used = returns[: int(origins[-1]) + 1]
    innovations = garch.standardised_innovations(used, params, spec, n_train=n_train)
    variance = garch.conditional_variance(used, params, spec, n_train=n_train)[:-1]
    ahead = garch.rolling_variance_forecast(used, params, spec, origins, horizon, n_train=n_train, seed=seed)
    first = origins - lookback + 1
    z = np.lib.stride_tricks.sliding_window_view(innovations, lookback)[first]
    h = np.lib.stride_tricks.sliding_window_view(variance, lookback)[first]
    state = np.log(h) - np.log(h.mean(axis=1, keepdims=True))
    return GarchInputs(np.stack([np.clip(z, -_LARGEST, _LARGEST), state], axis=2), ahead.sum(axis=1))
