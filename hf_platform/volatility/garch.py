"""Fit volatility models to many series at once.

``fit_many`` standardises each series, runs every start of every series through the batched optimiser and maps the
results back to the caller's units. Series never influence each other: the numbers of one are the same bytes whatever
else is in the batch, in whatever order, on however many threads.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hf_platform.errors import ConfigError
from hf_platform.types import FloatArray, IntArray
from hf_platform.volatility import optima, optimiser, preparation
from hf_platform.volatility.coordinates import HEAVIEST_TAIL, MAX_STARTS
from hf_platform.volatility.fits import GarchFits
from hf_platform.volatility.forecasting import (
    conditional_variance,
    rolling_variance_forecast,
    standardised_innovations,
)
from hf_platform.volatility.signatures import kernel, model_codes
from hf_platform.volatility.specification import FitStatus, GarchSpec, Presample
from hf_platform.volatility.units import from_standardised

__all__ = [
    "FitStatus",
    "GarchFits",
    "GarchSpec",
    "conditional_variance",
    "fit_many",
    "rolling_variance_forecast",
    "standardised_innovations",
]

SUSPECT_SHAPE: Final = 3.0  # only fits with fewer degrees of freedom are searched for ties
LARGEST_TIE: Final = 0.4  # share of returns equal to the median above which such a fit is not believed
LARGEST_TIE_AT_BOUND: Final = 0.1  # the same where the tail parameter sits on its bound
CHUNK: Final = 512  # series standardised at a time: 4 MB at 1,000 returns, whatever the size of the panel
SMALLEST_CHUNK: Final = 64  # below it lanes run empty at the end of each chunk


def fit_many(
    returns: ArrayLike,
    spec: GarchSpec,
    presample: Presample = "backcast",
    starts: int = 3,
    *,
    threads: int = 1,
    warm: FloatArray | None = None,
) -> GarchFits:
    """Fit one specification to every series by maximum likelihood.

    Parameters
    ----------
    returns : float64 array, shape (n_obs, n_series)
        One column per series, any scale; shorter series carry NaN in front and nowhere else. Integers are converted.
    spec : GarchSpec
    presample : {"backcast", "sample"}
        State before the first return: arch's exponentially weighted backcast, or h(0) = e(0)^2 = SSR / T.
    starts : int
        Diverse starting points per series, 1 to 6.
    threads : int
        Threads that share the series; results do not depend on it.
    warm : float64 array, shape (n_series, n_coordinates), optional
        ``coordinates`` of an earlier fit, tried before the other starts (which it reduces by one); NaN rows start cold.

    Returns
    -------
    GarchFits
        Arrays over series in the caller's units; rows whose status is not ``ok`` are NaN.

    Raises
    ------
    ConfigError
        If the array is not two-dimensional or numeric, or an option is unknown.

    References
    ----------
    Fiorentini, G., Calzolari, G., Panattoni, L. (1996). Analytic Derivatives and the Computation of GARCH Estimates.
    Journal of Applied Econometrics 11(4), 399-417.
    """
    panel = as_panel(returns)
    _check_options(presample, starts, threads)
    n_series = panel.shape[1]
    n_coordinates = spec.n_params + (spec.mean == "zero")
    found = _Found(n_series, n_coordinates)
    guesses = np.empty((0, n_coordinates)) if warm is None else np.ascontiguousarray(warm, dtype=np.float64)
    if warm is not None and guesses.shape != (n_series, n_coordinates):
        raise ConfigError(
            f"warm coordinates need shape {(n_series, n_coordinates)}, found {guesses.shape}. "
            "Pass `coordinates` of a fit of the same specification to the same series."
        )
    shares = 4 * threads if threads > 1 else 1  # every thread gets some of a small panel
    chunk = min(CHUNK, max(SMALLEST_CHUNK, -(-n_series // shares)))
    blocks: list[slice] = [slice(a, min(a + chunk, n_series)) for a in range(0, n_series, chunk)]
    kernel(spec)  # compiled before the threads start

    spare = [preparation.Scratch(panel.shape[0], min(chunk, n_series)) for _ in range(min(threads, len(blocks)))]

    def fit_block(block: slice) -> None:
        scratch = spare.pop()
        _fit_block(panel, spec, presample, starts=starts, warm=guesses, block=block, scratch=scratch, found=found)
        spare.append(scratch)

    if threads > 1 and len(blocks) > 1:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(fit_block, blocks))
    else:
        for block in blocks:
            fit_block(block)
    return _finish(panel, spec, presample, found)


def as_panel(returns: ArrayLike) -> FloatArray:
    """Check that returns form a numeric matrix and view them as float64.

    Raises
    ------
    ConfigError
        If they do not.
    """
    array = np.asarray(returns)
    if array.ndim != 2 or array.dtype.kind not in "fiub":
        raise ConfigError(
            f"returns must be a numeric matrix of shape (n_obs, n_series), found shape {array.shape} of {array.dtype}. "
            "Pass one column per series; a single series as returns[:, None]."
        )
    return array.astype(np.float64, copy=False)


def _check_options(presample: str, starts: int, threads: int) -> None:
    if presample not in ("backcast", "sample"):
        raise ConfigError(f"presample must be backcast or sample, found {presample!r}. Choose one of them.")
    if not 1 <= starts <= MAX_STARTS:
        raise ConfigError(f"starts must lie in 1..{MAX_STARTS}, found {starts!r}. Three serve well.")
    if threads < 1:
        raise ConfigError(f"threads must be at least 1, found {threads!r}. Pass 1 for a serial fit.")


class _Found:
    """Raw results over all series, filled block by block."""

    def __init__(self, n_series: int, n_coordinates: int) -> None:
        self.verdict: IntArray = np.zeros(n_series, np.int64)
        self.n_obs, self.location, self.scale = np.zeros(n_series), np.zeros(n_series), np.ones(n_series)
        self.presample, self.value = np.ones(n_series), np.full(n_series, np.nan)
        self.gradient_norm = np.full(n_series, np.nan)
        self.coordinates: FloatArray = np.full((n_series, n_coordinates), np.nan)
        self.n_optima: IntArray = np.zeros(n_series, np.int64)
        self.code: IntArray = np.full(n_series, optima.BROKEN, np.int64)


def _fit_block(
    panel: FloatArray,
    spec: GarchSpec,
    presample: Presample,
    *,
    starts: int,
    warm: FloatArray,
    block: slice,
    scratch: preparation.Scratch,
    found: _Found,
) -> None:
    columns, series = scratch.take(panel, block)
    sample = presample == "sample"
    preparation.prepare(
        columns, spec.mean == "constant", spec.process == "tarch", sample, spec.min_observations,
        found.verdict[block], found.n_obs[block], found.location[block], found.scale[block], found.presample[block],
        series,
    )  # fmt: skip
    optimiser.search_optima(
        kernel(spec), model_codes(spec), spec.mean == "constant", sample, starts, warm[block], series,
        found.n_obs[block], found.presample[block], found.coordinates[block], found.value[block],
        found.gradient_norm[block], found.n_optima[block], found.code[block],
    )  # fmt: skip


_VERDICTS: Final = {
    preparation.NON_FINITE: FitStatus.NON_FINITE,
    preparation.TOO_SHORT: FitStatus.TOO_SHORT,
    preparation.CONSTANT: FitStatus.CONSTANT_SERIES,
}


def _statuses(verdict: IntArray, code: IntArray) -> NDArray[np.object_]:
    status = np.full(verdict.shape, FitStatus.OK, dtype=object)
    status[code >= optima.EXHAUSTED] = FitStatus.NOT_CONVERGED
    for value, word in _VERDICTS.items():
        status[verdict == value] = word
    return status


def _flag_unbounded(panel: FloatArray, spec: GarchSpec, found: _Found, status: NDArray[np.object_]) -> None:
    # With t tails, a pile of equal returns (a suspended or illiquid series) draws the density to a spike at that
    # value. From a share of nu / (1 + nu) the likelihood has no maximum, and well below it the estimates follow the
    # pile.
    if spec.distribution not in ("t", "skewt"):
        return
    inverse_shape = found.coordinates[:, 2 + spec.p + spec.n_asymmetric + spec.q]
    for i in np.flatnonzero((found.verdict == preparation.USABLE) & (inverse_shape > 1.0 / SUSPECT_SHAPE)):
        column = panel[-int(found.n_obs[i]) :, i]
        tie = np.count_nonzero(column == np.median(column)) / column.shape[0]
        if tie > LARGEST_TIE or (tie > LARGEST_TIE_AT_BOUND and inverse_shape[i] >= HEAVIEST_TAIL):
            status[i] = FitStatus.UNBOUNDED_LIKELIHOOD


def _finish(panel: FloatArray, spec: GarchSpec, presample: Presample, found: _Found) -> GarchFits:
    status = _statuses(found.verdict, found.code)
    _flag_unbounded(panel, spec, found, status)
    good = status == FitStatus.OK
    found.location[~good], found.scale[~good] = 0.0, 1.0
    theta, at_boundary = optimiser.natural_parameters(
        model_codes(spec), spec.mean == "constant", np.where(good[:, None], found.coordinates, 0.5)
    )
    params = from_standardised(spec, theta, found.location, found.scale)
    params[~good] = np.nan
    log_likelihood = np.where(good, -found.value - found.n_obs * np.log(found.scale), np.nan)
    n_obs = found.n_obs.astype(np.int64)
    for i in np.flatnonzero(~good):
        n_obs[i] = np.count_nonzero(~np.isnan(panel[:, i]))
    return GarchFits(
        spec=spec,
        presample=presample,
        params=params,
        log_likelihood=log_likelihood,
        status=status,
        at_boundary=at_boundary & good,
        gradient_norm=np.where(good, found.gradient_norm / np.maximum(found.n_obs, 1.0), np.nan),
        coordinates=np.where(good[:, None], found.coordinates, np.nan),
        n_optima=np.where(good, found.n_optima, 0),
        n_obs=n_obs,
        location=found.location,
        scale=found.scale,
        returns=panel,
    )
