"""Elastic net: a linear return forecast from price features, shrunk towards the mean."""

import time
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import numpy as np

from hf_platform.errors import ConfigError
from hf_platform.models.base import (
    FitFailure,
    FitTask,
    Fitted,
    OriginSet,
    Schedule,
    Status,
)
from hf_platform.models.checks import data_failure, features_known
from hf_platform.models.elastic_nets import TOLERANCE, coordinate_descent, out_of_sample_errors
from hf_platform.models.series_family import DEPENDENCIES, OneByOneFamily
from hf_platform.models.supervised import (
    PRICE_FEATURES,
    TrainingRows,
    features_at,
    purged_folds,
    residual_distribution,
    residual_params,
    training_rows,
)
from hf_platform.types import BoolArray, FloatArray, ForecastDistribution

_ALPHAS: Final = (1.0, 0.5, 0.2, 0.1, 0.05, 0.02)
_L1_RATIOS: Final = (0.1, 0.5, 0.9)
_TEST_BLOCKS: Final = (0.4, 0.6, 0.8)  # shares of the window at which they begin
_MIN_TRAIN: Final = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class ElasticNetSpec:
    """Penalty ``alpha * (l1_ratio * |b|_1 + (1 - l1_ratio) / 2 * |b|_2^2)`` on the mean squared error / 2.

    Features and target are standardised on the training window, so that `alpha` means the same for
    every instrument and horizon: with alpha 0.1 and l1_ratio 0.5 a feature must correlate with the
    target by more than 0.05 to enter. What is None is chosen by cross-validation on purged test blocks
    in time order; the largest alpha lets nothing in, so that a window without a signal forecasts its mean.
    """

    alpha: float | None = None
    l1_ratio: float | None = None

    def __post_init__(self) -> None:
        """Check the ranges."""
        if not (self.alpha is None or self.alpha > 0) or not (self.l1_ratio is None or 0 <= self.l1_ratio <= 1):
            raise ConfigError(
                f"elastic net needs alpha > 0 and l1_ratio in [0, 1], found {self.alpha} and {self.l1_ratio}. "
                "Change the specification."
            )

    def penalties(self) -> list[tuple[float, float]]:
        """List the candidates (alpha, l1_ratio), from strong to weak within a ratio."""
        alphas = _ALPHAS if self.alpha is None else (self.alpha,)
        ratios = _L1_RATIOS if self.l1_ratio is None else (self.l1_ratio,)
        return [(alpha, ratio) for ratio in ratios for alpha in alphas]


_SCHEDULE: Final = Schedule(
    minimum={"1d": 320, "1w": 320, "1mo": 180, "*": 320},
    window={"1d": 252, "1w": 252, "1mo": 120, "*": 252},
    every={"1d": 63, "1w": 52, "1mo": 12, "*": 252},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ElasticNetFamily(OneByOneFamily):
    """Direct elastic net forecasts of the log return over the horizon, one fit per key and anchor.

    A look-back of 252 bars is one year of daily bars; with so short a window the fit is renewed every
    63 bars (a quarter). Before the first anchor the longest feature (60 bars) has filled up as well.
    """

    spec_: ElasticNetSpec = ElasticNetSpec()
    name: str = "elastic_net"
    kind: Literal["return"] = "return"
    description: str = (
        "Linear forecast of the log return over the horizon from momentum, oscillator, volume and volatility "
        "features, shrunk by an elastic net (Zou and Hastie 2005, JRSS B 67, 301-320) fitted by coordinate "
        "descent (Friedman, Hastie and Tibshirani 2010, JSS 33(1)). Purged test blocks in time order choose the "
        "penalty, and their errors give spread and tails."
    )
    variants: tuple[str, ...] = ("default",)
    feature_names: tuple[str, ...] = PRICE_FEATURES
    schedule: Schedule = _SCHEDULE
    dependencies: tuple[str, ...] = (
        *DEPENDENCIES,
        "hf_platform.models.supervised",
        "hf_platform.models.descent",
        "hf_platform.models.elastic_nets",
    )

    @property
    def search_space(self) -> dict[str, object]:
        """Ranges worth searching."""
        return {"alpha": {"low": 1e-3, "high": 1.0, "log": True}, "l1_ratio": {"low": 0.05, "high": 1.0}}

    def spec(self, variant: str) -> dict[str, object]:
        """Penalties, test blocks and features."""
        rules = {"penalties": [list(pair) for pair in self.spec_.penalties()], "test_blocks": list(_TEST_BLOCKS)}
        return {"variant": variant, **rules, "features": list(self.feature_names)}

    def fit_one(self, task: FitTask) -> Fitted | FitFailure:
        """Fit one task on its own rows."""
        began = time.perf_counter()
        rows = training_rows(task, self.feature_names)
        if isinstance(rows, FitFailure):
            return rows
        folds = purged_folds(rows.bars, task.horizon.n_bars, _TEST_BLOCKS)
        folds = [fold for fold in folds if fold[0].size >= _MIN_TRAIN]
        if not folds:
            return data_failure(
                task,
                f"at least {_MIN_TRAIN} training rows needed before the last test block, found {rows.y.size} rows in "
                f"all and {task.horizon.n_bars} bars to purge. Load more history.",
            )
        penalties = replace(self.spec_, **task.tuned).penalties()
        errors = out_of_sample_errors(rows.x, rows.y, folds, penalties)
        losses = np.square(errors).mean(axis=0)
        best = int(losses.argmin())
        coefficients, n_sweeps, change = coordinate_descent(rows.x, rows.y, *penalties[best])
        converged = change <= TOLERANCE
        chosen = {"alpha": penalties[best][0], "l1_ratio": penalties[best][1], "n_sweeps": n_sweeps}
        return Fitted(
            task=task,
            params=_params(rows, coefficients, errors[:, best] * rows.target_scale) | chosen,
            status=Status.OK if converged else Status.NOT_CONVERGED,
            reason=None if converged else f"coefficients still moved by {change:.1e} after {n_sweeps} sweeps",
            n_obs=rows.y.size,
            score=float(losses[best]),
            at_boundary=bool((coefficients == 0).all()),
            seconds=time.perf_counter() - began,
        )

    def usable_origins(self, fitted: Fitted, origins: OriginSet) -> BoolArray:
        """Mark the origins at which every feature in use is known."""
        params: dict[str, Any] = fitted.params
        return features_known(params["features"], origins)

    def forecast_one(self, fitted: Fitted, origins: OriginSet) -> ForecastDistribution:
        """Apply the fit to the features at its origins."""
        return _forecast(fitted, origins)


def _params(rows: TrainingRows, coefficients: FloatArray, errors: FloatArray) -> dict[str, object]:
    return {
        "features": list(rows.names),
        "left_out": rows.left_out,
        "coefficients": coefficients.tolist(),
        "center": rows.center.tolist(),
        "scale": rows.scale.tolist(),
        "target_mean": rows.target_mean,
        "target_scale": rows.target_scale,
        **residual_params(errors, 1),
    }


def _forecast(fitted: Fitted, origins: OriginSet) -> ForecastDistribution:
    params: dict[str, Any] = fitted.params
    x = (features_at(origins, params["features"]) - np.array(params["center"])) / np.array(params["scale"])
    standardised = _linear(x, np.array(params["coefficients"], dtype=np.float64))
    return residual_distribution(params["target_mean"] + params["target_scale"] * standardised, params)


def _linear(x: FloatArray, coefficients: FloatArray) -> FloatArray:
    # Column by column, not through BLAS: a row's result must not depend on how many rows there are.
    total = np.zeros(x.shape[0])
    for column in np.flatnonzero(coefficients):
        total += x[:, column] * coefficients[column]
    return total


FAMILY: Final = ElasticNetFamily()
