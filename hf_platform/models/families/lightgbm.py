"""LightGBM: boosted shallow trees on price features, bit-reproducible."""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

import numpy as np

from hf_platform.errors import ConfigError
from hf_platform.models.base import FitFailure, FitTask, Fitted, OriginSet, Resources, Schedule
from hf_platform.models.checks import check_batch, features_known
from hf_platform.models.state import from_state, to_state
from hf_platform.models.supervised import (
    features_at,
    residual_distribution,
    residual_params,
    training_rows,
)
from hf_platform.types import BoolArray, ForecastDistribution

_MODEL_FILE: Final = "model.txt"


@dataclass(frozen=True, slots=True, kw_only=True)
class LightGbmSpec:
    """Few small trees and slow learning: daily returns hold little signal and much noise."""

    n_rounds: int = 40
    learning_rate: float = 0.08
    num_leaves: int = 7
    min_data_in_leaf: int = 20
    lambda_l2: float = 1.0
    max_bin: int = 31

    def __post_init__(self) -> None:
        """Check the ranges."""
        if self.n_rounds < 1 or not 0 < self.learning_rate <= 1 or self.num_leaves < 2:
            raise ConfigError(
                "LightGBM needs n_rounds >= 1, learning_rate in (0, 1] and num_leaves >= 2, found "
                f"{self.n_rounds}, {self.learning_rate} and {self.num_leaves}. Change the specification."
            )


_SCHEDULE: Final = Schedule(
    minimum={"1d": 1000, "1w": 260, "1mo": 180, "*": 1000},
    window={"1d": 2000, "1w": 1040, "1mo": 360, "*": 2000},
    every={"1d": 250, "1w": 52, "1mo": 12, "*": 500},
)
_RESOURCES: Final = Resources()


@dataclass(frozen=True, slots=True, kw_only=True)
class LightGbmFamily:
    """Direct boosted-tree forecasts of the log return over the horizon, one fit per key and anchor.

    Trees need more rows than a linear model: 1000 to 2000 daily bars (four to eight years), refitted
    once a year. The target is standardised on the window, so that penalties mean the same everywhere.
    """

    spec_: LightGbmSpec = LightGbmSpec()
    name: str = "lightgbm"
    kind: Literal["return"] = "return"
    scope: Literal["series"] = "series"
    description: str = (
        "Forecast of the log return over the horizon by gradient-boosted trees (Ke et al. 2017, LightGBM, NeurIPS 30) "
        "on momentum, oscillator, volume and volatility features. Deterministic: one thread, row-wise histograms. "
        "Spread and tails are those of the residuals in the training window."
    )
    variants: tuple[str, ...] = ("default",)
    # Cross-sectional features stay out: a family of scope "series" sees nothing of other instruments.
    feature_names: tuple[str, ...] = (
        "momentum_5", "momentum_20", "momentum_60", "rsi_14", "bollinger_position_20", "volume_ratio_20",
        "realised_volatility_21", "ewma_volatility",
    )  # fmt: skip
    schedule: Schedule = _SCHEDULE
    resources: Resources = _RESOURCES
    dependencies: tuple[str, ...] = ("hf_platform.models.supervised", "hf_platform.models.checks", "lightgbm")

    @property
    def search_space(self) -> dict[str, object]:
        """Ranges worth searching."""
        return {
            "n_rounds": {"low": 20, "high": 400, "log": True},
            "learning_rate": {"low": 0.01, "high": 0.2, "log": True},
            "num_leaves": {"low": 3, "high": 31},
            "min_data_in_leaf": {"low": 10, "high": 100},
            "lambda_l2": {"low": 0.1, "high": 100.0, "log": True},
        }

    def spec(self, variant: str) -> dict[str, object]:
        """Boosting parameters and features."""
        return {"variant": variant, **asdict(self.spec_), "features": list(self.feature_names)}

    def fit_many(self, batch: Sequence[FitTask]) -> list[Fitted | FitFailure]:
        """Fit each task on its own rows; the result does not depend on the batch."""
        check_batch(batch, self.variants, self.feature_names)
        return [self._fit(task) for task in batch]

    def _fit(self, task: FitTask) -> Fitted | FitFailure:
        import lightgbm

        began = time.perf_counter()
        rows = training_rows(task, self.feature_names)
        if isinstance(rows, FitFailure):
            return rows
        options = self._options(task.seed)
        x = np.ascontiguousarray(rows.x)
        data = lightgbm.Dataset(x, label=rows.y, params=options)
        booster = lightgbm.train(  # pyright: ignore[reportUnknownMemberType]  # half of its callbacks have no type
            options, data, num_boost_round=self.spec_.n_rounds
        )
        residuals = (rows.y - np.asarray(booster.predict(x, num_threads=1))) * rows.target_scale
        params: dict[str, object] = {
            "features": list(rows.names),
            "left_out": rows.left_out,
            "gain": booster.feature_importance("gain").tolist(),
            "center": rows.center.tolist(),
            "scale": rows.scale.tolist(),
            "target_mean": rows.target_mean,
            "target_scale": rows.target_scale,
            **residual_params(residuals, 1),
        }
        return Fitted(
            task=task,
            params=params,
            n_obs=rows.y.size,
            score=float(np.square(residuals).mean() / rows.target_scale**2),
            seconds=time.perf_counter() - began,
            state={_MODEL_FILE: booster.model_to_string().encode()},
        )

    def _options(self, seed: int) -> dict[str, Any]:
        spec = asdict(self.spec_)
        del spec["n_rounds"]
        fixed = {"objective": "regression", "deterministic": True, "force_row_wise": True, "num_threads": 1}
        return fixed | spec | {"seed": seed, "verbosity": -1, "feature_pre_filter": False}

    def usable_origins(self, fitted: Fitted, origins: OriginSet) -> BoolArray:
        """Mark the origins at which every feature in use is known."""
        params: dict[str, Any] = fitted.params
        return features_known(params["features"], origins)

    def forecast_many(
        self, fitted: Sequence[Fitted], origins: Sequence[OriginSet]
    ) -> list[ForecastDistribution | FitFailure]:
        """Apply each fit, read back from its native text, to the features at its origins."""
        return [_forecast(fit, asked) for fit, asked in zip(fitted, origins, strict=True)]

    def to_state(self, fitted: Fitted) -> dict[str, bytes]:
        """Serialise: parameters and LightGBM's own text format."""
        return to_state(fitted)

    def from_state(self, task: FitTask, state: dict[str, bytes]) -> Fitted:
        """Rebuild a fit."""
        return from_state(task, state)


def _forecast(fitted: Fitted, origins: OriginSet) -> ForecastDistribution:
    import lightgbm

    params: dict[str, Any] = fitted.params
    booster = lightgbm.Booster(model_str=fitted.state[_MODEL_FILE].decode())
    x = (features_at(origins, params["features"]) - np.array(params["center"])) / np.array(params["scale"])
    standardised = np.asarray(booster.predict(x, num_threads=1), dtype=np.float64)
    return residual_distribution(params["target_mean"] + params["target_scale"] * standardised, params)


FAMILY: Final = LightGbmFamily()
