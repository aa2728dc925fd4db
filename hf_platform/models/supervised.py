"""Return forecasting as regression: purged training rows, and a distribution from the residuals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from hf_platform.models.base import FitFailure, FitTask, OriginSet
from hf_platform.models.checks import bad_returns, data_failure
from hf_platform.types import PROBABILITIES, FloatArray, ForecastDistribution, IntArray

MIN_ROWS: Final = 60  # fewer rows say nothing about ten features and a tail
# Cross-sectional features stay out: a family of scope "series" sees nothing of other instruments.
PRICE_FEATURES: Final = (
    "momentum_5", "momentum_20", "momentum_60", "rsi_14", "bollinger_position_20", "volume_ratio_20",
    "realised_volatility_21", "ewma_volatility",
)  # fmt: skip
_RARE: Final = 0.1
_FLAT: Final = 1e-12  # a column whose spread is below this share of its size is constant up to rounding


@dataclass(frozen=True, slots=True, eq=False)
class TrainingRows:
    """Standardised features and target of one training window.

    Parameters
    ----------
    names : tuple of str
        Features in use.
    left_out : dict of str to str
        Features that are not, and why.
    x : float64 array, shape (n_rows, n_features), Fortran order
        Features minus `center`, divided by `scale`; optional ones NaN where they were null.
    y : float64 array, shape (n_rows,)
        Log return summed over the horizon, minus `target_mean`, divided by `target_scale`.
    center, scale : float64 array, shape (n_features,)
    target_mean, target_scale : float
        [decimal log return over the horizon].
    bars : int64 array, shape (n_rows,)
        Bar of each row, counted from the start of the window; increasing.
    """

    names: tuple[str, ...]
    left_out: dict[str, str]
    x: FloatArray
    y: FloatArray
    center: FloatArray
    scale: FloatArray
    target_mean: float
    target_scale: float
    bars: IntArray


def training_rows(
    task: FitTask, feature_names: Sequence[str], optional: Sequence[str] = ()
) -> TrainingRows | FitFailure:
    """Collect the rows of a training window whose features and target are known at its anchor.

    A target that would end past the anchor is purged. A feature that is null at the anchor, null in
    more than half of the window, or constant, is left out; then rows with a null feature are. An
    `optional` feature may be null anywhere, as it is where nothing was published, and its nulls stay
    in the rows: it is left out only where it is known in less than a tenth of the window.
    """
    failure = bad_returns(task)
    if failure is not None:
        return failure
    n_rows = task.stop - task.start - task.horizon.n_bars
    if n_rows < MIN_ROWS:
        return _too_few_rows(task, max(n_rows, 0))
    window = task.series.features[task.start : task.stop]
    columns, left_out = _usable_columns(task, window, feature_names)
    if not columns:
        return data_failure(task, "at least one feature must be known and vary in the window, found none. Build them.")
    known = np.isfinite(window[:n_rows, columns]).all(axis=1)
    sometimes, gone = _sometimes_known(task, window[:n_rows], optional)
    columns, left_out = columns + sometimes, left_out | gone
    raw = window[:n_rows, columns]
    if int(known.sum()) < MIN_ROWS:
        return _too_few_rows(task, int(known.sum()))
    returns = task.series.log_return[task.start + 1 : task.stop]
    target = np.lib.stride_tricks.sliding_window_view(returns, task.horizon.n_bars).sum(axis=1)[known]
    center, scale = _moments(raw[known])
    flat = scale <= _FLAT * np.maximum(np.abs(center), _FLAT)
    names = tuple(task.series.feature_names[column] for column in columns)
    left_out |= {name: "constant" for name, is_flat in zip(names, flat, strict=True) if is_flat}
    if flat.all() or target.min() == target.max():
        return data_failure(task, "features and target must vary in the window, found constants. Check the source.")
    target_mean, target_scale = float(target.mean()), float(target.std())
    return TrainingRows(
        names=tuple(name for name, is_flat in zip(names, flat, strict=True) if not is_flat),
        left_out=left_out,
        x=np.asfortranarray((raw[known][:, ~flat] - center[~flat]) / scale[~flat]),
        y=(target - target_mean) / target_scale,
        center=center[~flat],
        scale=scale[~flat],
        target_mean=target_mean,
        target_scale=target_scale,
        bars=np.flatnonzero(known).astype(np.int64),
    )


def _usable_columns(task: FitTask, window: FloatArray, names: Sequence[str]) -> tuple[list[int], dict[str, str]]:
    known = np.isfinite(window)
    columns: list[int] = []
    left_out: dict[str, str] = {}
    for name in names:
        column = task.series.feature_names.index(name)
        share = float(known[:, column].mean())
        if share <= 0.5:
            left_out[name] = f"null in {1 - share:.0%} of the window"
        elif not known[-1, column]:
            left_out[name] = "null at the anchor"
        else:
            columns.append(column)
    return columns, left_out


def _sometimes_known(task: FitTask, rows: FloatArray, names: Sequence[str]) -> tuple[list[int], dict[str, str]]:
    columns: list[int] = []
    left_out: dict[str, str] = {}
    for name in names:
        column = task.series.feature_names.index(name)
        share = float(np.isfinite(rows[:, column]).mean())
        if share < _RARE:
            left_out[name] = f"null in {1 - share:.0%} of the window"
        else:
            columns.append(column)
    return columns, left_out


def _moments(raw: FloatArray) -> tuple[FloatArray, FloatArray]:
    # Columns without nulls give the same bits as plain means do.
    return np.nanmean(raw, axis=0), np.nanstd(raw, axis=0)


def _too_few_rows(task: FitTask, found: int) -> FitFailure:
    return data_failure(
        task,
        f"at least {MIN_ROWS} rows with known features and target needed in the window, found {found}. "
        "Load more history.",
    )


def purged_folds(bars: IntArray, n_bars: int, bounds: Sequence[float]) -> list[tuple[IntArray, IntArray]]:
    """Split rows in time order: each fold trains on all rows before its test block whose target ends by then.

    Parameters
    ----------
    bars : int64 array, shape (n_rows,)
        Bar of each row, increasing.
    n_bars : int
        Bars of the horizon: a row at bar b has a target that ends at bar b + n_bars.
    bounds : sequence of float
        Shares of the rows at which test blocks begin; each runs up to the next one, the last to the end.

    Returns
    -------
    list of (int64 array, int64 array)
        Training and test rows of each fold.
    """
    edges = [round(share * bars.size) for share in (*bounds, 1.0)]
    rows = np.arange(bars.size, dtype=np.int64)
    folds: list[tuple[IntArray, IntArray]] = []
    for low, high in pairwise(edges):
        train = rows[:low][bars[:low] + n_bars <= bars[low]]
        folds.append((train, rows[low:high]))
    return folds


def features_at(origins: OriginSet, names: Sequence[str]) -> FloatArray:
    """Take features at the origins, shape (n_origins, n_features)."""
    columns: IntArray = np.array([origins.series.feature_names.index(name) for name in names], dtype=np.int64)
    return origins.series.features[np.ix_(origins.indices, columns)]


def residual_params(residuals: FloatArray, n_parameters: int) -> dict[str, object]:
    """Describe the residuals of a fit by their volatility and empirical tails.

    Parameters
    ----------
    residuals : float64 array, shape (n_rows,)
        Realised minus forecast return over the horizon [decimal], out of sample where there is a
        test block. For horizons of more than one bar they overlap; the far tails then rest on few
        independent events.
    n_parameters : int
        Parameters that were fitted to these very rows, for the degrees of freedom.

    Returns
    -------
    dict
        JSON values: volatility, and quantiles and tail means at `PROBABILITIES`.
    """
    centred = residuals - residuals.mean()
    degrees = max(centred.size - n_parameters, 1)
    grid = np.array(PROBABILITIES)
    quantiles = np.quantile(centred, grid)
    tails = [
        float(centred[centred <= q].mean() if p <= 0.5 else centred[centred >= q].mean())
        for p, q in zip(PROBABILITIES, quantiles, strict=True)
    ]
    return {
        "residual_volatility": float(np.sqrt((centred**2).sum() / degrees)),
        "residual_quantiles": quantiles.tolist(),
        "residual_tail_means": tails,
    }


def residual_distribution(mean: FloatArray, params: Mapping[str, object]) -> ForecastDistribution:
    """Spread the residuals around forecast means, shape (n_origins,)."""
    quantiles = np.array(params["residual_quantiles"], dtype=np.float64)
    tails = np.array(params["residual_tail_means"], dtype=np.float64)
    volatility = np.array(params["residual_volatility"], dtype=np.float64)
    return ForecastDistribution(
        mean=mean,
        volatility=np.full(mean.shape, volatility),
        quantiles=mean[:, None] + quantiles,
        tail_means=mean[:, None] + tails,
    )


def standard_shape(standardised: FloatArray) -> dict[str, object]:
    """Describe innovations over their forecast volatility, as quantiles and tail means of unit variance.

    Parameters
    ----------
    standardised : float64 array, shape (n_rows,)
        Returns over the volatility forecast for them [dimensionless].
    """
    described = residual_params(standardised, 1)
    unit = np.array(described["residual_volatility"], dtype=np.float64)
    return {
        "shape_quantiles": (np.array(described["residual_quantiles"]) / unit).tolist(),
        "shape_tail_means": (np.array(described["residual_tail_means"]) / unit).tolist(),
    }
