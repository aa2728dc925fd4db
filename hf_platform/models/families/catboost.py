"""CatBoost: boosted symmetric trees on price features; an optional extra."""

import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
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

_MODEL_FILE: Final = "model.cbm"


@dataclass(frozen=True, slots=True, kw_only=True)
class CatBoostSpec:
    """Symmetric trees of small depth and slow learning."""

    max_rounds: int = 100
    learning_rate: float = 0.15
    depth: int = 4
    l2_leaf_reg: float = 3.0
    border_count: int = 32

    def __post_init__(self) -> None:
        """Check the ranges."""
        check_spec("CatBoost", self.max_rounds, self.learning_rate)
        if not 1 <= self.depth <= 16:
            raise ConfigError(f"CatBoost needs depth in 1..16, found {self.depth}. Change the specification.")


@dataclass(frozen=True, slots=True, eq=False)
class CatBoostLearner:
    """CatBoost set up for one model: no row sampling, one thread, a fixed seed."""

    spec: CatBoostSpec
    levels: tuple[float, ...]
    seed: int
    where: Device

    def _model(self, n_rounds: int, **options: object) -> Any:  # noqa: ANN401  # an optional library
        from catboost import CatBoost  # pyright: ignore[reportMissingTypeStubs]  # an extra

        spec = asdict(self.spec)
        del spec["max_rounds"]
        loss = "MultiQuantile:alpha=" + ",".join(map(str, self.levels)) if self.levels else "RMSE"
        fixed = {
            "loss_function": loss,
            "iterations": n_rounds,
            "random_seed": self.seed,
            "thread_count": 1,
            "task_type": "GPU" if self.where == "cuda" else "CPU",
            "boosting_type": "Plain",
            "bootstrap_type": "No",
            "verbose": False,
            "allow_writing_files": False,
        }
        return CatBoost(spec | fixed | options)

    def stop_early(self, split: Split) -> Boosted:
        """Grow trees on the training rows until the tail gets no better."""
        model = self._model(self.spec.max_rounds, od_type="Iter", od_wait=PATIENCE)
        model.fit(split.x, split.y, eval_set=(split.tail_x, split.tail_y))
        best = int(model.get_best_iteration() or 0) + 1
        return Boosted((best,), as_columns(model.predict(split.tail_x, ntree_end=best, thread_count=1)))

    def grow(self, x: FloatArray, y: FloatArray, n_rounds: tuple[int, ...]) -> tuple[dict[str, bytes], FloatArray]:
        """Grow the final trees; return native files by name, and the importance of each feature."""
        model = self._model(n_rounds[0])
        model.fit(x, y)
        for stamp in ("model_guid", "train_finish_time"):
            model.get_metadata()[stamp] = ""  # equal fits are equal bytes
        with tempfile.TemporaryDirectory(prefix="hfp-catboost-") as folder:
            path = Path(folder) / _MODEL_FILE
            model.save_model(str(path), format="cbm")
            content = path.read_bytes()
        return {_MODEL_FILE: content}, np.asarray(model.get_feature_importance(), dtype=np.float64)


_SCHEDULE: Final = refitted_every(4)


@dataclass(frozen=True, slots=True, kw_only=True)
class CatBoostFamily(BoostingFamily):
    """See `BoostingFamily`; refitted every four years."""

    spec_: CatBoostSpec = CatBoostSpec()
    name: str = "catboost"
    extra: str | None = "catboost"
    description: str = (
        "Forecast of the log return over the horizon by boosted symmetric trees (Prokhorenkova et al. 2018, CatBoost, "
        "NeurIPS 31) on momentum, oscillator, volume and volatility features; variants for the mean and for "
        "quantiles. Stopped early on a purged validation tail, whose residuals give spread and tails. Needs the "
        "extra `catboost`."
    )
    schedule: Schedule = _SCHEDULE
    dependencies: tuple[str, ...] = (*DEPENDENCIES, "catboost")

    @property
    def search_space(self) -> dict[str, object]:
        """Ranges worth searching."""
        return {
            "max_rounds": {"low": 20, "high": 400, "log": True},
            "learning_rate": {"low": 0.01, "high": 0.3, "log": True},
            "depth": {"low": 2, "high": 8},
            "l2_leaf_reg": {"low": 1.0, "high": 30.0, "log": True},
        }

    def learner(self, spec: CatBoostSpec, levels: tuple[float, ...], seed: int, where: Device) -> CatBoostLearner:
        """Set CatBoost up."""
        return CatBoostLearner(spec, levels, seed, where)

    def predict(self, state: Mapping[str, bytes], x: FloatArray) -> FloatArray:
        """Forecast from CatBoost's binary format."""
        from catboost import CatBoost  # pyright: ignore[reportMissingTypeStubs]  # an extra

        model: Any = CatBoost()
        model.load_model(blob=state[_MODEL_FILE])
        return as_columns(model.predict(x, thread_count=1))


FAMILY: Final = CatBoostFamily()
