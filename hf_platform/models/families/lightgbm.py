"""LightGBM: boosted shallow trees on price features, bit-reproducible."""

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
    check_spec,
    refitted_every,
)
from hf_platform.models.device import Device
from hf_platform.types import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class LightGbmSpec:
    """Few small trees and slow learning: daily returns hold little signal and much noise."""

    max_rounds: int = 100
    learning_rate: float = 0.15
    num_leaves: int = 7
    min_data_in_leaf: int = 20
    lambda_l2: float = 1.0
    max_bin: int = 31

    def __post_init__(self) -> None:
        """Check the ranges."""
        check_spec("LightGBM", self.max_rounds, self.learning_rate)
        if self.num_leaves < 2:
            raise ConfigError(f"LightGBM needs num_leaves >= 2, found {self.num_leaves}. Change the specification.")


@dataclass(frozen=True, slots=True, eq=False)
class LightGbmLearner:
    """LightGBM set up for one model: row-wise histograms, one thread; one booster for each level."""

    spec: LightGbmSpec
    levels: tuple[float, ...]
    seed: int
    where: Device

    def _options(self) -> list[dict[str, Any]]:
        options = asdict(self.spec)
        del options["max_rounds"]
        # LightGBM's name for any accelerator; its histograms there are not those of the CPU.
        device = {"device_type": "gpu" if self.where == "cuda" else "cpu"}
        fixed = {"deterministic": True, "force_row_wise": True, "num_threads": 1, "seed": self.seed, "verbosity": -1}
        shared = options | fixed | device | {"feature_pre_filter": False}
        if not self.levels:
            return [shared | {"objective": "regression"}]
        return [shared | {"objective": "quantile", "alpha": level} for level in self.levels]

    def stop_early(self, split: Split) -> Boosted:
        """Grow trees on the training rows until the tail gets no better."""
        import lightgbm

        n_rounds: list[int] = []
        columns: list[FloatArray] = []
        # Bins depend on the rows alone: one data set for all levels.
        every = self._options()
        data = lightgbm.Dataset(split.x, label=split.y, params=every[0])
        tail = data.create_valid(split.tail_x, label=split.tail_y)
        for options in every:
            booster = lightgbm.train(  # pyright: ignore[reportUnknownMemberType]  # half of its callbacks have no type
                options,
                data,
                num_boost_round=self.spec.max_rounds,
                valid_sets=[tail],
                callbacks=[lightgbm.early_stopping(PATIENCE, verbose=False)],
                keep_training_booster=True,  # not written and read back
            )
            n_rounds.append(booster.best_iteration)
            columns.append(_predict(booster, split.tail_x))
        return Boosted(tuple(n_rounds), np.column_stack(columns))

    def grow(self, x: FloatArray, y: FloatArray, n_rounds: tuple[int, ...]) -> tuple[dict[str, bytes], FloatArray]:
        """Grow the final trees; return native files by name, and the gain of each feature."""
        import lightgbm

        files: dict[str, bytes] = {}
        gains = np.zeros(x.shape[1])
        every = self._options()
        data = lightgbm.Dataset(x, label=y, params=every[0])
        for place, (options, rounds) in enumerate(zip(every, n_rounds, strict=True)):
            booster = lightgbm.train(options, data, num_boost_round=rounds)  # pyright: ignore[reportUnknownMemberType]  # as above
            files[_file(place)] = booster.model_to_string().encode()
            gains += booster.feature_importance("gain")
        return files, gains


def _file(place: int) -> str:
    return f"model-{place}.txt"


def _predict(booster: Any, x: FloatArray) -> FloatArray:  # noqa: ANN401  # the library is imported late
    return np.asarray(booster.predict(x, num_threads=1), dtype=np.float64)


_SCHEDULE: Final = refitted_every(4)


@dataclass(frozen=True, slots=True, kw_only=True)
class LightGbmFamily(BoostingFamily):
    """See `BoostingFamily`; refitted every four years."""

    spec_: LightGbmSpec = LightGbmSpec()
    name: str = "lightgbm"
    description: str = (
        "Forecast of the log return over the horizon by gradient-boosted trees (Ke et al. 2017, LightGBM, NeurIPS 30) "
        "on momentum, oscillator, volume and volatility features; variants for the mean and for quantiles. Stopped "
        "early on a purged validation tail, whose residuals give spread and tails. Deterministic: one thread, "
        "row-wise histograms."
    )
    schedule: Schedule = _SCHEDULE
    dependencies: tuple[str, ...] = (*DEPENDENCIES, "lightgbm")

    @property
    def search_space(self) -> dict[str, object]:
        """Ranges worth searching."""
        return {
            "max_rounds": {"low": 20, "high": 400, "log": True},
            "learning_rate": {"low": 0.01, "high": 0.2, "log": True},
            "num_leaves": {"low": 3, "high": 31},
            "min_data_in_leaf": {"low": 10, "high": 100},
            "lambda_l2": {"low": 0.1, "high": 100.0, "log": True},
        }

    def learner(self, spec: LightGbmSpec, levels: tuple[float, ...], seed: int, where: Device) -> LightGbmLearner:
        """Set LightGBM up."""
        return LightGbmLearner(spec, levels, seed, where)

    def predict(self, state: Mapping[str, bytes], x: FloatArray) -> FloatArray:
        """Forecast from LightGBM's text format."""
        import lightgbm

        texts = (state[name].decode() for name in sorted(state) if name.endswith(".txt"))
        return np.column_stack([_predict(lightgbm.Booster(model_str=text), x) for text in texts])


FAMILY: Final = LightGbmFamily()
