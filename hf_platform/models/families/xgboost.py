"""XGBoost: boosted trees on price features; all three quantiles in one booster."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from hf_platform.errors import ConfigError
from hf_platform.models.base import Schedule
from hf_platform.models.boosting import (
    DEPENDENCIES,
    PATIENCE,
    Boosted,
    BoostingFamily,
    Split,
    as_columns,
    check_spec,
    refitted_every,
)
from hf_platform.models.device import Device
from hf_platform.types import FloatArray

_MODEL_FILE: Final = "model.ubj"


@dataclass(frozen=True, slots=True, kw_only=True)
class XgBoostSpec:
    """Shallow trees and slow learning: daily returns hold little signal and much noise."""

    max_rounds: int = 100
    learning_rate: float = 0.15
    max_depth: int = 3
    subsample: float = 1.0
    min_child_weight: float = 20.0
    reg_lambda: float = 1.0
    max_bin: int = 32

    def __post_init__(self) -> None:
        """Check the ranges."""
        check_spec("XGBoost", self.max_rounds, self.learning_rate)
        if self.max_depth < 1 or not 0 < self.subsample <= 1:
            raise ConfigError(
                f"XGBoost needs max_depth >= 1 and subsample in (0, 1], found {self.max_depth} and {self.subsample}. "
                "Change the specification."
            )


@dataclass(frozen=True, slots=True, eq=False)
class XgBoostLearner:
    """XGBoost set up for one model: histograms, one thread, a fixed seed."""

    spec: XgBoostSpec
    levels: tuple[float, ...]
    seed: int
    where: Device

    def _options(self) -> dict[str, Any]:
        options = asdict(self.spec)
        del options["max_rounds"]
        objective: dict[str, Any] = {"objective": "reg:squarederror"}
        if self.levels:
            objective = {"objective": "reg:quantileerror", "quantile_alpha": list(self.levels)}
        fixed = {"tree_method": "hist", "nthread": 1, "device": self.where, "seed": self.seed, "verbosity": 0}
        return options | objective | fixed

    def stop_early(self, split: Split) -> Boosted:
        """Grow trees on the training rows until the tail gets no better."""
        import xgboost

        tail = xgboost.DMatrix(split.tail_x, label=split.tail_y, nthread=1)
        booster = xgboost.train(
            self._options(),
            xgboost.DMatrix(split.x, label=split.y, nthread=1),
            self.spec.max_rounds,
            evals=[(tail, "tail")],
            early_stopping_rounds=PATIENCE,
            verbose_eval=False,
        )
        best = booster.best_iteration + 1
        return Boosted((best,), as_columns(booster.predict(tail, iteration_range=(0, best))))

    def grow(self, x: FloatArray, y: FloatArray, n_rounds: tuple[int, ...]) -> tuple[dict[str, bytes], FloatArray]:
        """Grow the final trees; return native files by name, and the gain of each feature."""
        import xgboost

        data = xgboost.DMatrix(x, label=y, nthread=1)
        booster = xgboost.train(self._options(), data, n_rounds[0], verbose_eval=False)
        gains: dict[str, Any] = booster.get_score(importance_type="total_gain")
        importance = np.array([float(gains.get(f"f{column}", 0.0)) for column in range(x.shape[1])])
        return {_MODEL_FILE: bytes(booster.save_raw("ubj"))}, importance


_SCHEDULE: Final = refitted_every(5)


@dataclass(frozen=True, slots=True, kw_only=True)
class XgBoostFamily(BoostingFamily):
    """See `BoostingFamily`; refitted every five years, since the quantile booster grows three trees a round."""

    spec_: XgBoostSpec = XgBoostSpec()
    name: str = "xgboost"
    description: str = (
        "Forecast of the log return over the horizon by gradient-boosted trees (Chen and Guestrin 2016, XGBoost, KDD) "
        "on momentum, oscillator, volume and volatility features; variants for the mean and for quantiles. Stopped "
        "early on a purged validation tail, whose residuals give spread and tails. One thread: bit-reproducible."
    )
    schedule: Schedule = _SCHEDULE
    dependencies: tuple[str, ...] = (*DEPENDENCIES, "xgboost")

    @property
    def search_space(self) -> dict[str, object]:
        """Ranges worth searching."""
        return {
            "max_depth": {"low": 3, "high": 9},
            "learning_rate": {"low": 0.01, "high": 0.3, "log": True},
            "max_rounds": {"low": 100, "high": 999},
            "subsample": {"low": 0.6, "high": 1.0},
        }

    def learner(self, spec: XgBoostSpec, levels: tuple[float, ...], seed: int, where: Device) -> XgBoostLearner:
        """Set XGBoost up."""
        return XgBoostLearner(spec, levels, seed, where)

    def predict(self, state: Mapping[str, bytes], x: FloatArray) -> FloatArray:
        """Forecast from XGBoost's binary JSON."""
        import xgboost

        booster = xgboost.Booster({"nthread": 1}, model_file=bytearray(state[_MODEL_FILE]))
        return as_columns(booster.predict(xgboost.DMatrix(x, nthread=1)))


FAMILY: Final = XgBoostFamily()
