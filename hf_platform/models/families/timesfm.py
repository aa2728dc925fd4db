"""TimesFM: forecasts of a pretrained model, without any training here."""

# torch annotates only half of its functions.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

from hf_platform.errors import ConfigError
from hf_platform.models.base import FitFailure, FitTask, Fitted, OriginSet, Resources, Schedule
from hf_platform.models.checks import bad_returns, check_batch, data_failure
from hf_platform.models.device import Asked
from hf_platform.models.neural import runtime
from hf_platform.models.series_family import DEPENDENCIES, SeriesFamily
from hf_platform.types import PROBABILITIES, BoolArray, FloatArray, ForecastDistribution

if TYPE_CHECKING:
    from hf_platform.models.neural.timesfm_folder import Weights

LEAST: Final = 32  # one patch of the model
_CONTEXT: Final = 512  # bars read at most: longer contexts of 2.5 cost in proportion, and add little to prices
_ROWS_AT_ONCE: Final = 16  # more take longer: the answers hold a thousand steps of ten quantiles each
_LONG: Final = 320  # below the shortest history that a trained family asks for
_DECILES: Final = np.arange(1, 10) / 10
_UNIT: Final = 2 * 1.2815515655446004  # between the outer deciles of a standard normal
_RESOURCES: Final = Resources(gpu_memory_gb=8.0)
# Nothing is trained, so that there is one anchor: the first bar with a patch of history. A forecast of the
# real model takes a quarter of a second on a core: a first run looks back two years, not thirty.
_SCHEDULE: Final = Schedule(
    minimum={"*": LEAST},
    window={"*": _CONTEXT},
    every={"*": 1_000_000_000},
    newest={"1d": 504, "1w": 260, "1mo": 120, "*": 504},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimesFmFamily(SeriesFamily):
    """Zero-shot quantiles of the log price path, from a local folder of weights.

    An instrument with too little history for the families that are trained is served by this one alone;
    the ledger says so. The model forecasts the deciles from 0.1 to 0.9 and no more: quantiles beyond are
    NaN, tail means too, and no VaR is made of it. Its authors say that zero-shot forecasts should not be
    used for VaR, and a tail extrapolated from deciles would be a normal's, not the model's.

    The log price is centred on its window before the model sees it: inputs of one sign would be
    clipped at zero by default, and clipping would depend on what else is in the batch.
    """

    folder: Path | None = None  # HFP_TIMESFM_FOLDER unless given
    name: str = "timesfm"
    kind: Literal["return"] = "return"
    description: str = (
        "Deciles of the log price path by the pretrained TimesFM 2.0 or 2.5 (Das, Kong, Sen and Zhou 2024, ICML, arXiv "
        "2310.10688) from a local folder, HFP_TIMESFM_FOLDER. Serves instruments with too little history for the "
        "families that are trained. No tails, hence no VaR. A folder of random weights is labelled "
        "'random weights, not TimesFM' in the ledger and here."
    )
    variants: tuple[str, ...] = ("zero_shot",)
    schedule: Schedule = _SCHEDULE
    resources: Resources = _RESOURCES
    extra: str | None = "neural"
    dependencies: tuple[str, ...] = (
        *DEPENDENCIES,
        "hf_platform.models.device",
        "hf_platform.models.identity",
        "hf_platform.models.neural.timesfm_folder",
        "hf_platform.models.neural.runtime",
        "torch",
        "transformers",
    )

    def spec(self, variant: str) -> dict[str, object]:
        """Weights and context."""
        try:
            weights = self.weights().fingerprint
        except ConfigError:
            weights = None  # said for each key when it is fitted
        return {"variant": variant, "weights": weights, "context": _CONTEXT}

    def weights(self) -> "Weights":
        """Look at the folder.

        Raises
        ------
        ConfigError
            If it is unset or not a folder of TimesFM weights.
        """
        from hf_platform.models.neural.timesfm_folder import inspect
        from hf_platform.settings import Settings

        return inspect(self.folder or Settings.from_env().timesfm_folder)

    def fit_many(self, batch: Sequence[FitTask]) -> list[Fitted | FitFailure]:
        """Check each window and name the weights; there is nothing to train."""
        check_batch(batch, self.variants)
        weights = self.weights()
        return [self._fit(task, weights) for task in batch]

    def _fit(self, task: FitTask, weights: "Weights") -> Fitted | FitFailure:
        began = time.perf_counter()
        n_obs = task.stop - task.start
        # A flat beginning says nothing of what comes: its origins are left out, a whole context of it fails the key.
        is_short = n_obs < _CONTEXT and bool(np.isfinite(task.series.log_return[task.start : task.stop]).all())
        failure = None if is_short else bad_returns(task)
        if failure is not None:
            return failure
        if n_obs < LEAST:
            return data_failure(task, f"at least {LEAST} returns needed, found {n_obs}. Load more history.")
        if task.horizon.n_bars > weights.horizon:
            return data_failure(
                task, f"the model forecasts {weights.horizon} bars, found {task.horizon.n_bars}. Shorten the horizon."
            )
        n_bars = len(task.series) - 1
        is_only = n_bars < _LONG
        route = (
            f"zero-shot, the only path with {n_bars} returns of history"
            if is_only
            else "zero-shot beside families that are trained"
        )
        notes = [weights.label] if weights.is_random else []
        notes += [route] if is_only else []
        params: dict[str, object] = {
            "model": weights.label,
            "weights": weights.fingerprint,
            "route": route,
            "quantiles": "0.1 to 0.9; no tails",
            "context": min(_CONTEXT, weights.context),
        }
        return Fitted(
            task, params, reason="; ".join(notes) or None, n_obs=n_obs, seconds=time.perf_counter() - began,
            device=runtime.device_of(task.device).type,
        )  # fmt: skip

    def usable_origins(self, fitted: Fitted, origins: OriginSet) -> BoolArray:
        """Mark the origins whose context is known and varies."""
        params: dict[str, Any] = fitted.params
        contexts = [_context(origins.series.log_return, int(index), params["context"]) for index in origins.indices]
        return np.array([bool(np.isfinite(own).all()) and own.min() < own.max() for own in contexts], dtype=np.bool_)

    def forecast_many(
        self, fitted: Sequence[Fitted], origins: Sequence[OriginSet]
    ) -> list[ForecastDistribution | FitFailure]:
        """Ask the model at every origin of every key."""
        weights = self.weights()
        return [_forecast(weights, fit, asked) for fit, asked in zip(fitted, origins, strict=True)]


def _forecast(weights: "Weights", fitted: Fitted, origins: OriginSet) -> ForecastDistribution:
    params: dict[str, Any] = fitted.params
    returns, length = origins.series.log_return, int(params["context"])
    contexts = [_context(returns, int(index), length) for index in origins.indices]
    scale = np.array([own.std() for own in contexts])
    levels = [np.cumsum(own) / unit for own, unit in zip(contexts, scale, strict=True)]
    windows = [level - level.mean() for level in levels]
    last = np.array([window[-1] for window in windows])
    found = predict(weights, windows, fitted.task.horizon.n_bars, device=fitted.task.device)
    mean = (found[:, 0] - last) * scale
    deciles = np.sort(found[:, 1:] - last[:, None], axis=1) * scale[:, None]
    return decile_distribution(mean, deciles)


def _context(returns: FloatArray, index: int, length: int) -> FloatArray:
    """Give the returns that the model sees at an origin."""
    return returns[max(1, index - length + 1) : index + 1]


def decile_distribution(mean: FloatArray, deciles: FloatArray) -> ForecastDistribution:
    """Put deciles on the platform's grid; what lies beyond 0.1 and 0.9 is NaN.

    Parameters
    ----------
    mean : float64 array, shape (n_origins,)
    deciles : float64 array, shape (n_origins, 9)
        Quantiles at 0.1, 0.2 ... 0.9, non-decreasing.
    """
    grid = np.array(PROBABILITIES)
    quantiles = np.full((mean.shape[0], grid.size), np.nan)
    for column in np.flatnonzero((grid >= _DECILES[0]) & (grid <= _DECILES[-1])):
        place = (grid[column] - _DECILES[0]) / 0.1
        low = min(round(place - 0.5), 7)
        share = place - low
        quantiles[:, column] = (1 - share) * deciles[:, low] + share * deciles[:, low + 1]
    spread = (deciles[:, -1] - deciles[:, 0]) / _UNIT
    return ForecastDistribution(
        mean=mean,
        volatility=np.maximum(spread, np.finfo(np.float64).tiny),
        quantiles=np.fmax.accumulate(quantiles, axis=1) * np.where(np.isnan(quantiles), np.nan, 1.0),
        tail_means=np.full(quantiles.shape, np.nan),
    )


def predict(
    weights: "Weights",
    windows: Sequence[FloatArray],
    n_bars: int,
    *,
    device: Asked = "auto",
    rows_at_once: int = _ROWS_AT_ONCE,
) -> FloatArray:
    """Run the model over windows.

    Parameters
    ----------
    weights : Weights
    windows : sequence of float64 array
        Levels, of any lengths of at least one patch.
    n_bars : int
        Step of the path to return.
    device : {"auto", "cpu", "cuda"}
    rows_at_once : int
        Windows in one pass; the result does not depend on it.

    Returns
    -------
    float64 array, shape (n_windows, 10)
        Mean and deciles of the level, rounded to single precision.
    """
    import torch

    from hf_platform.models.neural.timesfm_folder import load

    runtime.one_thread()
    where = runtime.device_of(device)
    model = load(weights, where.type)
    found: list[Any] = []
    with torch.no_grad():
        for low in range(0, len(windows), rows_at_once):
            rows = [torch.from_numpy(window).to(where) for window in windows[low : low + rows_at_once]]
            # Clipping at zero is decided by the smallest value of the batch: never.
            answer = model(
                past_values=rows, forecast_context_len=min(_CONTEXT, weights.context), truncate_negative=False
            )
            found.append(answer.full_predictions[:, n_bars - 1].float().cpu())
    return torch.cat(found).numpy().astype(np.float64)


FAMILY: Final = TimesFmFamily()
