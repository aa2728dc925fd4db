"""Boosted trees, whatever library grows them: purged validation tail, early stopping, mean or quantiles.

Rows stand in time order. The last fifth validates: it stops the boosting, and its residuals, which the
trees never saw, give the spread and tails of the forecast. Between training and tail as many bars are
purged as a target is long. The trees that forecast are then grown on all rows, with the number of
rounds that the tail found best.
"""

import time
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, Literal, Protocol

import numpy as np

from hf_platform.errors import ConfigError
from hf_platform.features.catalogue import ALTERNATIVE_FEATURES
from hf_platform.models import device
from hf_platform.models.base import FitFailure, FitTask, Fitted, OriginSet, Schedule
from hf_platform.models.checks import data_failure, features_known
from hf_platform.models.series_family import DEPENDENCIES as SERIES_MODULES
from hf_platform.models.series_family import OneByOneFamily
from hf_platform.models.spread import spread_distribution, spread_params
from hf_platform.models.supervised import (
    MIN_ROWS,
    PRICE_FEATURES,
    TrainingRows,
    features_at,
    purged_folds,
    residual_distribution,
    residual_params,
    training_rows,
)
from hf_platform.types import BoolArray, FloatArray, ForecastDistribution

LEVELS: Final = (0.05, 0.5, 0.95)  # fitted by the quantile variant; the tail's residuals give the others
TAIL_SHARE: Final = 0.2
MIN_TAIL: Final = 20
PATIENCE: Final = 8  # rounds without a better tail
# Modules that decide the numbers of every booster; a family adds its library.
DEPENDENCIES: Final = (
    *SERIES_MODULES,
    "hf_platform.features.catalogue",
    *(f"hf_platform.models.{module}" for module in ("boosting", "device", "spread", "supervised")),
)
_WORTH_A_GPU: Final = 100_000  # rows; below, moving the data takes longer than growing the trees


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Training rows and the purged validation tail; arrays are C-contiguous, targets standardised.

    Parameters
    ----------
    x, tail_x : float64 array, shape (n_rows, n_features)
    y, tail_y : float64 array, shape (n_rows,)
    """

    x: FloatArray
    y: FloatArray
    tail_x: FloatArray
    tail_y: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Boosted:
    """What early stopping found.

    Parameters
    ----------
    n_rounds : tuple of int
        Best number of rounds, at least 1, one for each booster.
    tail : float64 array, shape (n_tail_rows, n_outputs)
        Forecasts of the tail: one column for the mean, one per level for quantiles.
    """

    n_rounds: tuple[int, ...]
    tail: FloatArray


class Learner(Protocol):
    """One library, set up for one model."""

    def stop_early(self, split: Split) -> Boosted:
        """Grow trees on the training rows until the tail gets no better."""
        ...

    def grow(self, x: FloatArray, y: FloatArray, n_rounds: tuple[int, ...]) -> tuple[dict[str, bytes], FloatArray]:
        """Grow the final trees; return native files by name, and the importance of each feature."""
        ...


def check_spec(library: str, max_rounds: int, learning_rate: float) -> None:
    """Check what the specifications of all libraries share.

    Raises
    ------
    ConfigError
        If rounds or learning rate are outside their range.
    """
    if max_rounds < 1 or not 0 < learning_rate <= 1:
        raise ConfigError(
            f"{library} needs max_rounds >= 1 and learning_rate in (0, 1], found {max_rounds} and "
            f"{learning_rate}. Change the specification."
        )


def refitted_every(years: int) -> Schedule:
    """Train on four to eight years of bars, more for coarse ones, and refit after so many years."""
    return Schedule(
        minimum={"1d": 1000, "1w": 260, "1mo": 180, "*": 1000},
        window={"1d": 2000, "1w": 1040, "1mo": 360, "*": 2000},
        every={"1d": 250 * years, "1w": 52 * years, "1mo": 12 * years, "*": 250 * years},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class BoostingFamily(OneByOneFamily):
    """Direct boosted-tree forecasts of the log return over the horizon, one fit per key and anchor.

    Trees need more rows than a linear model: 1000 to 2000 daily bars (four to eight years). The target
    is standardised on the window, so that penalties mean the same everywhere. `mean` minimises squared
    errors; `quantile` the pinball loss at `LEVELS`.
    """

    spec_: Any
    dependencies: tuple[str, ...] = DEPENDENCIES
    kind: Literal["return"] = "return"
    variants: tuple[str, ...] = ("mean", "quantile")
    # Alternative data are null where nobody sells or publishes them: trees split on that as on any value.
    feature_names: tuple[str, ...] = (*PRICE_FEATURES, *ALTERNATIVE_FEATURES)

    @property
    @abstractmethod
    def search_space(self) -> dict[str, object]:
        """Ranges worth searching."""

    @abstractmethod
    def learner(self, spec: Any, levels: tuple[float, ...], seed: int, where: device.Device) -> Learner:  # noqa: ANN401  # each library has a specification of its own
        """Set the library up; `levels` is empty for the mean."""

    @abstractmethod
    def predict(self, state: Mapping[str, bytes], x: FloatArray) -> FloatArray:
        """Forecast from native files, shape (n_rows, n_outputs)."""

    def spec(self, variant: str) -> dict[str, object]:
        """Boosting parameters, features, and how the tail is used."""
        levels = list(LEVELS) if variant == "quantile" else []
        rules = {"levels": levels, "tail_share": TAIL_SHARE, "patience": PATIENCE}
        return {"variant": variant, **asdict(self.spec_), **rules, "features": list(self.feature_names)}

    def fit_one(self, task: FitTask) -> Fitted | FitFailure:
        """Fit one task on its own rows."""
        began = time.perf_counter()
        rows = training_rows(task, PRICE_FEATURES, tuple(ALTERNATIVE_FEATURES))
        if isinstance(rows, FitFailure):
            return rows
        split = purged_tail(rows, task.horizon.n_bars)
        if split is None:
            return data_failure(
                task,
                f"at least {MIN_ROWS} training rows and {MIN_TAIL} in the validation tail needed, found "
                f"{rows.y.size} rows in all and {task.horizon.n_bars} bars to purge. Load more history.",
            )
        where = device.choose(task.device, worth_it=rows.y.size >= _WORTH_A_GPU)
        levels = LEVELS if task.variant == "quantile" else ()
        learner = self.learner(replace(self.spec_, **task.tuned), levels, task.seed, where)
        found = learner.stop_early(split)
        files, importance = learner.grow(np.ascontiguousarray(rows.x), rows.y, found.n_rounds)
        scaled = found.tail * rows.target_scale
        realised = split.tail_y * rows.target_scale
        shape = spread_params(realised, scaled) if levels else residual_params(realised - scaled[:, 0], 1)
        return Fitted(
            task=task,
            params=_params(rows, found, importance) | shape,
            n_obs=rows.y.size,
            score=_tail_loss(split.tail_y, found.tail, levels),
            seconds=time.perf_counter() - began,
            state=files,
            device=where,
        )

    def usable_origins(self, fitted: Fitted, origins: OriginSet) -> BoolArray:
        """Mark the origins at which every price feature in use is known."""
        params: dict[str, Any] = fitted.params
        return features_known([name for name in params["features"] if name in PRICE_FEATURES], origins)

    def forecast_one(self, fitted: Fitted, origins: OriginSet) -> ForecastDistribution:
        """Apply the fit, read back from its native files, to the features at its origins."""
        params: dict[str, Any] = fitted.params
        x = (features_at(origins, params["features"]) - np.array(params["center"])) / np.array(params["scale"])
        found = params["target_mean"] + params["target_scale"] * self.predict(fitted.state, x)
        if fitted.task.variant == "quantile":
            return spread_distribution(found, params)
        return residual_distribution(found[:, 0], params)


def as_columns(found: object) -> FloatArray:
    """Shape what a library forecast as (n_rows, n_outputs)."""
    values = np.asarray(found, dtype=np.float64)
    return values.reshape(values.shape[0], -1)


def purged_tail(rows: TrainingRows, n_bars: int) -> Split | None:
    """Split off the validation tail; None where too few rows remain on either side."""
    ((train, tail),) = purged_folds(rows.bars, n_bars, (1 - TAIL_SHARE,))
    if train.size < MIN_ROWS or tail.size < MIN_TAIL:
        return None
    x = np.ascontiguousarray(rows.x)
    return Split(x[train], rows.y[train], x[tail], rows.y[tail])


def _params(rows: TrainingRows, found: Boosted, importance: FloatArray) -> dict[str, object]:
    return {
        "features": list(rows.names),
        "left_out": rows.left_out,
        "n_rounds": list(found.n_rounds),
        "importance": importance.tolist(),
        "center": rows.center.tolist(),
        "scale": rows.scale.tolist(),
        "target_mean": rows.target_mean,
        "target_scale": rows.target_scale,
    }


def _tail_loss(y: FloatArray, found: FloatArray, levels: tuple[float, ...]) -> float:
    """Mean loss on the tail, target standardised: squared error, or pinball over the levels."""
    errors = y[:, None] - found
    if not levels:
        return float(np.square(errors).mean())
    grid = np.array(levels)
    return float(np.maximum(grid * errors, (grid - 1) * errors).mean())
