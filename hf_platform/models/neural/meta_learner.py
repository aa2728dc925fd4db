"""XGBoost on members' predictions: which of them to believe, and when."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from hf_platform.types import FloatArray

META_FILE: Final = "meta.ubj"


@dataclass(frozen=True, slots=True, kw_only=True)
class MetaSpec:
    """Shallow trees and few rounds: the members did the work, and their errors are alike."""

    rounds: int = 40
    depth: int = 2
    learning_rate: float = 0.05
    least_weight: float = 50.0


def fit_meta(predictions: FloatArray, target: FloatArray, spec: MetaSpec) -> bytes:
    """Fit on out-of-fold predictions.

    Parameters
    ----------
    predictions : float64 array, shape (n_rows, n_members)
        NaN where a member is missing.
    target : float64 array, shape (n_rows,)
    spec : MetaSpec

    Returns
    -------
    bytes
        The booster in its native binary JSON.
    """
    import xgboost

    params: dict[str, Any] = {
        "objective": "reg:squarederror",
        "max_depth": spec.depth,
        "learning_rate": spec.learning_rate,
        "min_child_weight": min(spec.least_weight, target.size / 10),
        "tree_method": "hist",
        "nthread": 1,
        "seed": 0,
    }
    booster = xgboost.train(params, _matrix(predictions, target), spec.rounds)
    return bytes(booster.save_raw("ubj"))


def apply_meta(content: bytes, predictions: FloatArray) -> FloatArray:
    """Combine predictions, shape (n_rows, n_members), into one, shape (n_rows,)."""
    import xgboost

    booster = xgboost.Booster({"nthread": 1})
    booster.load_model(bytearray(content))  # pyright: ignore[reportUnknownMemberType]
    return booster.predict(_matrix(predictions)).astype(np.float64)


def _matrix(predictions: FloatArray, target: FloatArray | None = None) -> Any:  # noqa: ANN401  # xgboost is lazy
    import xgboost

    # Single precision, as the nets' outputs are rounded to: a tree's branch must not hang on the digits beyond.
    return xgboost.DMatrix(predictions.astype(np.float32), label=target, nthread=1)
