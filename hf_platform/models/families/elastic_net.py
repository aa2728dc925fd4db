"""Elastic net: a linear return forecast from price features, shrunk towards the mean."""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any, Final, Literal

import numpy as np

from hf_platform.errors import ConfigError
from hf_platform.models.base import (
    FitFailure,
    FitTask,
    Fitted,
    OriginSet,
    Resources,
    Schedule,
    Status,
)
from hf_platform.models.checks import check_batch, features_known
from hf_platform.models.state import from_state, to_state
from hf_platform.models.supervised import (
    TrainingRows,
    features_at,
    residual_distribution,
    residual_params,
    training_rows,
)
from hf_platform.types import BoolArray, FloatArray, ForecastDistribution

_TOLERANCE: Final = 1e-10  # largest change of a standardised coefficient in the last sweep
_MAX_SWEEPS: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ElasticNetSpec:
    """Penalty ``alpha * (l1_ratio * |b|_1 + (1 - l1_ratio) / 2 * |b|_2^2)`` on the mean squared error / 2.

    Features and target are standardised on the training window, so that `alpha` means the same for
    every instrument and horizon: with alpha 0.1 and l1_ratio 0.5 a feature must correlate with the
    target by more than 0.05 to enter.
    """

    alpha: float = 0.1
    l1_ratio: float = 0.5

    def __post_init__(self) -> None:
        """Check the ranges."""
        if not (self.alpha > 0 and 0 <= self.l1_ratio <= 1):
            raise ConfigError(
                f"elastic net needs alpha > 0 and l1_ratio in [0, 1], found {self.alpha} and {self.l1_ratio}. "
                "Change the specification."
            )


_SCHEDULE: Final = Schedule(
    minimum={"1d": 320, "1w": 320, "1mo": 180, "*": 320},
    window={"1d": 252, "1w": 252, "1mo": 120, "*": 252},
    every={"1d": 63, "1w": 52, "1mo": 12, "*": 252},
)
_RESOURCES: Final = Resources()


@dataclass(frozen=True, slots=True, kw_only=True)
class ElasticNetFamily:
    """Direct elastic net forecasts of the log return over the horizon, one fit per key and anchor.

    A look-back of 252 bars is one year of daily bars; with so short a window the fit is renewed every
    63 bars (a quarter). Before the first anchor the longest feature (60 bars) has filled up as well.
    """

    spec_: ElasticNetSpec = ElasticNetSpec()
    name: str = "elastic_net"
    kind: Literal["return"] = "return"
    scope: Literal["series"] = "series"
    description: str = (
        "Linear forecast of the log return over the horizon from momentum, oscillator, volume and volatility "
        "features, shrunk by an elastic net (Zou and Hastie 2005, JRSS B 67, 301-320) fitted by coordinate "
        "descent (Friedman, Hastie and Tibshirani 2010, JSS 33(1)). Spread and tails are those of the residuals."
    )
    variants: tuple[str, ...] = ("default",)
    # Cross-sectional features stay out: a family of scope "series" sees nothing of other instruments.
    feature_names: tuple[str, ...] = (
        "momentum_5", "momentum_20", "momentum_60", "rsi_14", "bollinger_position_20", "volume_ratio_20",
        "realised_volatility_21", "ewma_volatility",
    )  # fmt: skip
    schedule: Schedule = _SCHEDULE
    resources: Resources = _RESOURCES
    dependencies: tuple[str, ...] = (
        "hf_platform.models.supervised",
        "hf_platform.models.checks",
        "hf_platform.models.descent",
    )

    @property
    def search_space(self) -> dict[str, object]:
        """Ranges worth searching."""
        return {"alpha": {"low": 1e-3, "high": 1.0, "log": True}, "l1_ratio": {"low": 0.05, "high": 1.0}}

    def spec(self, variant: str) -> dict[str, object]:
        """Penalty and features."""
        return {"variant": variant, **asdict(self.spec_), "features": list(self.feature_names)}

    def fit_many(self, batch: Sequence[FitTask]) -> list[Fitted | FitFailure]:
        """Fit each task on its own rows; the result does not depend on the batch."""
        check_batch(batch, self.variants, self.feature_names)
        return [self._fit(task) for task in batch]

    def _fit(self, task: FitTask) -> Fitted | FitFailure:
        began = time.perf_counter()
        rows = training_rows(task, self.feature_names)
        if isinstance(rows, FitFailure):
            return rows
        coefficients, n_sweeps, change = coordinate_descent(rows.x, rows.y, self.spec_.alpha, self.spec_.l1_ratio)
        converged = change <= _TOLERANCE
        residuals = (rows.y - _linear(rows.x, coefficients)) * rows.target_scale
        return Fitted(
            task=task,
            params=_params(rows, coefficients, residuals) | {"n_sweeps": n_sweeps},
            status=Status.OK if converged else Status.NOT_CONVERGED,
            reason=None if converged else f"coefficients still moved by {change:.1e} after {n_sweeps} sweeps",
            n_obs=rows.y.size,
            score=float(np.square(residuals).mean() / rows.target_scale**2),
            at_boundary=bool((coefficients == 0).all()),
            seconds=time.perf_counter() - began,
        )

    def usable_origins(self, fitted: Fitted, origins: OriginSet) -> BoolArray:
        """Mark the origins at which every feature in use is known."""
        params: dict[str, Any] = fitted.params
        return features_known(params["features"], origins)

    def forecast_many(
        self, fitted: Sequence[Fitted], origins: Sequence[OriginSet]
    ) -> list[ForecastDistribution | FitFailure]:
        """Apply each fit to the features at its origins."""
        return [_forecast(fit, asked) for fit, asked in zip(fitted, origins, strict=True)]

    def to_state(self, fitted: Fitted) -> dict[str, bytes]:
        """Serialise: the parameters say everything."""
        return to_state(fitted)

    def from_state(self, task: FitTask, state: dict[str, bytes]) -> Fitted:
        """Rebuild a fit."""
        return from_state(task, state)


def _params(rows: TrainingRows, coefficients: FloatArray, residuals: FloatArray) -> dict[str, object]:
    return {
        "features": list(rows.names),
        "left_out": rows.left_out,
        "coefficients": coefficients.tolist(),
        "center": rows.center.tolist(),
        "scale": rows.scale.tolist(),
        "target_mean": rows.target_mean,
        "target_scale": rows.target_scale,
        **residual_params(residuals, 1 + int(np.count_nonzero(coefficients))),
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


def coordinate_descent(x: FloatArray, y: FloatArray, alpha: float, l1_ratio: float) -> tuple[FloatArray, int, float]:
    """Minimise the elastic net objective by cyclic coordinate descent on the Gram matrix.

    Parameters
    ----------
    x : float64 array, shape (n_rows, n_features), Fortran order
        Standardised features, no missing values.
    y : float64 array, shape (n_rows,)
        Standardised target.
    alpha, l1_ratio : float
        As in `ElasticNetSpec`.

    Returns
    -------
    coefficients : float64 array, shape (n_features,)
    n_sweeps : int
    change : float
        Largest change of a coefficient in the last sweep.

    References
    ----------
    Friedman, J., Hastie, T. and Tibshirani, R. (2010). Regularization Paths for Generalized Linear
    Models via Coordinate Descent. Journal of Statistical Software 33(1), 1-22.
    """
    return _kernel()(x, y, (alpha * l1_ratio, alpha * (1 - l1_ratio)), _TOLERANCE, _MAX_SWEEPS)


@cache
def _kernel() -> Any:  # noqa: ANN401  # numba's dispatcher has no type of its own
    from hf_platform.models.descent import descend

    return descend


FAMILY: Final = ElasticNetFamily()
