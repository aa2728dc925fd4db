"""One volatility filter walked forward over parts of sessions: nights, or bars inside the day.

A GJR-GARCH(1,1) with t errors and no mean is fitted at anchors and run exactly in between. Nothing a bar's forecast
rests on comes from that bar or later ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from hf_platform.errors import DataError
from hf_platform.risk.filtered_historical import TailSpec, innovation_quantiles
from hf_platform.types import PROBABILITIES, FloatArray, IntArray
from hf_platform.volatility import distributions, garch
from hf_platform.volatility.ewma import ewma_variance

SPEC: Final = garch.GarchSpec(process="gjr", distribution="t", mean="zero")
VARIANT: Final = "gjr-t"
EWMA_START: Final = 75  # returns behind the first exponentially weighted variance
METHODS: Final = ("filtered_historical", "parametric", "ewma")


@dataclass(frozen=True, slots=True)
class Fit:
    """One anchor's fit.

    Parameters
    ----------
    params : tuple of float or None
        omega, alpha, gamma, beta, nu, in squared units of the returns; None where there is no fit.
    reason : str or None
        Why there is none.
    log_likelihood, gradient_norm : float or None
    at_boundary : bool or None
    """

    params: tuple[float, ...] | None
    reason: str | None = None
    log_likelihood: float | None = None
    gradient_norm: float | None = None
    at_boundary: bool | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Filtered:
    """A filter run through all bars.

    Parameters
    ----------
    variance : float64 array, shape (n_bars + 1,)
        Of each bar given the bars before it, the last beyond the data; NaN where no fit is in force.
    params : float64 array, shape (n_bars + 1, 5)
        Of the fit in force: omega, alpha, gamma, beta, nu.
    innovations : float64 array, shape (n_bars,)
        Standardised returns; before the first anchor those of the first fit inside its window, NaN before it.
    smoothed : float64 array, shape (n_bars + 1,)
        Exponentially weighted variance of each bar given the bars before it.
    """

    variance: FloatArray
    params: FloatArray
    innovations: FloatArray
    smoothed: FloatArray


def fit_spans(returns: FloatArray, spans: Sequence[tuple[int, int]], *, threads: int = 1) -> list[Fit]:
    """Fit the filter to several stretches of one series, as one batch.

    Parameters
    ----------
    returns : float64 array, shape (n_bars,)
        Finite [decimal].
    spans : sequence of (start, stop)
        Bars of each fit, `stop` excluded.
    threads : int
    """
    if not spans:
        return []
    longest = max(stop - start for start, stop in spans)
    panel = np.full((longest, len(spans)), np.nan)
    for column, (start, stop) in enumerate(spans):
        panel[longest - (stop - start) :, column] = returns[start:stop]
    fits = garch.fit_many(panel, SPEC, threads=threads)
    found: list[Fit] = []
    for row, status in enumerate(fits.status.tolist()):
        if status != garch.FitStatus.OK:
            found.append(Fit(None, f"the fit ended as {status}"))
            continue
        found.append(
            Fit(
                tuple(fits.params[row].tolist()),
                None,
                float(fits.log_likelihood[row]),
                float(fits.gradient_norm[row]),
                bool(fits.at_boundary[row]),
            )
        )
    return found


def run_filter(returns: FloatArray, spans: Sequence[tuple[int, int]], fits: Sequence[Fit], *, decay: float) -> Filtered:
    """Run the fit of each span from its stop to the next one's.

    Parameters
    ----------
    returns : float64 array, shape (n_bars,)
    spans : sequence of (start, stop), in order
    fits : sequence of Fit
        One a span; where it has no parameters its bars stay without a forecast.
    decay : float in (0, 1)
        Of the exponentially weighted variance.

    Raises
    ------
    DataError
        If spans and fits disagree in number, or there are too few returns to start.
    """
    if len(spans) != len(fits) or returns.size < EWMA_START:
        raise DataError(
            f"one fit a span and {EWMA_START} returns are needed, found {len(fits)} fits of {len(spans)} spans and "
            f"{returns.size} returns. Load more history."
        )
    n = returns.size
    variance, in_force, innovations = (
        np.full(n + 1, np.nan),
        np.full((n + 1, SPEC.n_params), np.nan),
        np.full(n, np.nan),
    )
    ends = [stop for _, stop in spans[1:]] + [n + 1]
    is_first = True
    for (start, stop), end, fit in zip(spans, ends, fits, strict=True):
        if fit.params is None:
            continue
        params = np.array(fit.params)
        path = garch.conditional_variance(returns[start : min(end, n)], params, SPEC, n_train=stop - start)
        variance[stop:end] = path[stop - start : end - start]
        in_force[stop:end] = params
        inside = slice(start if is_first else stop, min(end, n))
        innovations[inside] = returns[inside] / np.sqrt(path[inside.start - start : inside.stop - start])
        is_first = False
    # Its start is the mean square of the first returns: it forecasts from the return after them on.
    smoothed = ewma_variance(returns, decay)
    smoothed[:EWMA_START] = np.nan
    return Filtered(variance, in_force, innovations, smoothed)


def unit_distribution(
    filtered: Filtered, bars: IntArray, method: str, tail: TailSpec | None = None
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Give the distribution of some bars given the bars before them.

    Parameters
    ----------
    filtered : Filtered
    bars : int64 array, shape (n_rows,)
        From 0 to n_bars; n_bars is the one beyond the data.
    method : {"filtered_historical", "parametric", "ewma"}
    tail : TailSpec, optional
        Window and prior of filtered historical simulation.

    Returns
    -------
    volatility : float64 array, shape (n_rows,)
        NaN where the filter says nothing.
    quantiles, tail_means : float64 array, shape (n_rows, len(PROBABILITIES))
        Of the return over its volatility.
    """
    levels = np.array(PROBABILITIES)
    if method == "filtered_historical":
        quantiles, means = innovation_quantiles(filtered.innovations, bars, tail)
        return np.sqrt(filtered.variance[bars]), quantiles, means
    if method == "ewma":
        quantiles = np.tile(distributions.quantile(levels, "normal"), (bars.size, 1))
        means = np.tile(distributions.tail_mean(levels, "normal"), (bars.size, 1))
        return np.sqrt(filtered.smoothed[bars]), quantiles, means
    quantiles, means = np.full((2, bars.size, levels.size), np.nan)
    in_force = filtered.params[bars, -1]
    for freedom in np.unique(in_force[~np.isnan(in_force)]).tolist():
        rows = in_force == freedom
        quantiles[rows] = distributions.quantile(levels, "t", np.array([freedom]))
        means[rows] = distributions.tail_mean(levels, "t", np.array([freedom]))
    return np.sqrt(filtered.variance[bars]), quantiles, means
