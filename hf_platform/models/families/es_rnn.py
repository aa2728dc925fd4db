"""ES-RNN, the winner of the M4 competition: smoothing per series and a dilated LSTM, trained jointly."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from hf_platform.horizons import Horizon
from hf_platform.models.base import FitFailure, FitTask, Fitted, OriginSet, Panel, Resources, Schedule
from hf_platform.models.neural import runtime
from hf_platform.models.neural.crops import CropShapes, cut, pieces_for, scale_of, training_crops
from hf_platform.models.neural.panel_family import Net, PanelFamily
from hf_platform.models.neural.quantile_family import LOOKBACK, Sizes, base_quantiles, sizes_of
from hf_platform.models.neural.quantile_function import from_quantiles
from hf_platform.models.neural.schedules import PANEL_SCHEDULE, QUANTILE_NET_MODULES
from hf_platform.models.neural.tensors import WEIGHTS_FILE, from_bytes, load_weights, weights_of
from hf_platform.models.neural.training_loop import TrainSpec
from hf_platform.models.neural.windows import windows_known
from hf_platform.types import BoolArray, FloatArray, ForecastDistribution

if TYPE_CHECKING:
    from hf_platform.models.neural.layers.es_rnn import EsRnn

_LENGTH: Final[dict[str, int]] = {"1d": 96, "1w": 96, "1mo": 48}
_PERIODS: Final[dict[str, tuple[int, ...]]] = {"1d": (5,), "1mo": (12,)}
_TRAINING: Final = TrainSpec(steps=60, batch=32, learning_rate=5e-3, check_every=15, patience=2)
_RESOURCES: Final = Resources(gpu_memory_gb=1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class EsRnnSpec:
    """The paper's network for daily and monthly data, smaller.

    Parameters
    ----------
    window : int
        Bars that the LSTM sees at each time.
    units : int
        Width of the LSTM.
    dilations : tuple of tuples of int
        Dilations by block; a residual connection runs around each block but the first.
    level : float
        Level coefficient that each series starts from: near one, the forecast starts as a random walk.
    """

    window: int = 10
    units: int = 24
    dilations: tuple[tuple[int, ...], ...] = ((1, 2), (4, 8))
    level: float = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class EsRnnFamily(PanelFamily):
    """Level and seasons of each series by exponential smoothing, what is left by a common dilated LSTM."""

    spec_: EsRnnSpec = EsRnnSpec()
    training: TrainSpec = _TRAINING
    name: str = "es_rnn"
    kind: Literal["return"] = "return"
    scope: Literal["panel"] = "panel"
    description: str = (
        "Quantiles of the log price path by the hybrid that won the M4 competition (Smyl 2020, International Journal "
        "of Forecasting 36(1), 75-85): level and seasonal coefficients of each series and a dilated LSTM (dilations "
        "1, 2, 4, 8, residual) common to the screened universe, trained jointly by the pinball loss."
    )
    variants: tuple[str, ...] = ("dilated",)
    feature_names: tuple[str, ...] = ()
    schedule: Schedule = PANEL_SCHEDULE
    resources: Resources = _RESOURCES
    extra: str | None = "neural"
    dependencies: tuple[str, ...] = (
        *QUANTILE_NET_MODULES,
        "hf_platform.models.neural.crops",
        "hf_platform.models.neural.crop_training",
        "hf_platform.models.neural.layers.dilated_lstm",
        "hf_platform.models.neural.layers.es_rnn",
        "hf_platform.models.neural.layers.smoothing",
    )

    @property
    def search_space(self) -> dict[str, object]:
        """Ranges worth searching."""
        return {
            "units": {"choices": [16, 24, 40]},
            "window": {"low": 5, "high": 20},
            "learning_rate": {"low": 1e-3, "high": 2e-2, "log": True},
        }

    def spec(self, variant: str) -> dict[str, object]:
        """Shapes and training."""
        shapes = asdict(self.spec_) | {"dilations": [list(block) for block in self.spec_.dilations]}
        return {"variant": variant, **shapes, "training": asdict(self.training)}

    def build(self, horizon: Horizon, n_series: int) -> "EsRnn":
        """Make the network."""
        from hf_platform.models.neural.layers.es_rnn import EsRnn, EsRnnShapes

        sizes = sizes_of(horizon)
        return EsRnn(
            EsRnnShapes(
                n_series=n_series,
                lookback=self.spec_.window,
                n_steps=sizes.n_steps,
                n_outputs=sizes.n_quantiles,
                periods=_PERIODS.get(horizon.frequency, ()),
                units=self.spec_.units,
                dilations=self.spec_.dilations,
                level=self.spec_.level,
            )
        )

    def train(self, panel: Panel, task: FitTask) -> Net | str:
        """Train smoothing coefficients and net on pieces of all members."""
        from hf_platform.models.neural.crop_training import train_on_crops

        crops = training_crops(panel.members, crop_shapes(task.horizon))
        if isinstance(crops, str):
            return crops
        sizes = sizes_of(task.horizon)
        device = runtime.device_of(task.device)
        with runtime.seeded(task.seed):
            module = self.build(task.horizon, len(panel.members)).to(device)
            report = train_on_crops(module, crops, base_quantiles(sizes), self.training)
        weights = weights_of(module)
        level = 1 / (1 + np.exp(-weights["smoothing.level"].astype(np.float64)))
        params = {
            "steps": report.steps,
            "untrained_loss": report.first_loss,
            "median_level_coefficient": float(np.median(level)),
        }
        return Net(params, weights, int(np.isfinite(crops.targets[..., 0]).sum()), report.best_loss, device.type)

    def usable_origins(self, fitted: Fitted, origins: OriginSet) -> BoolArray:
        """Mark the origins whose pieces are known."""
        return windows_known(crop_shapes(fitted.task.horizon).past, origins.series, origins.indices)

    def forecast_group(
        self, fitted: Sequence[Fitted], origins: Sequence[OriginSet]
    ) -> list[ForecastDistribution | FitFailure]:
        """Run the net over the pieces of all origins."""
        arrays = from_bytes(fitted[0].state[WEIGHTS_FILE])
        horizon = fitted[0].task.horizon
        with runtime.seeded(0):  # building draws weights that are thrown away
            module = self.build(horizon, arrays["smoothing.level"].shape[0])
        load_weights(module, arrays)
        module = module.double().to(runtime.device_of(fitted[0].task.device)).eval()
        sizes = sizes_of(horizon)
        return [_forecast(module, sizes, fit, asked) for fit, asked in zip(fitted, origins, strict=True)]


def crop_shapes(horizon: Horizon) -> CropShapes:
    """Give the shapes of the pieces for a horizon; a unit rests on a quarter of a net's usual window."""
    sizes = sizes_of(horizon)
    return CropShapes(_LENGTH.get(horizon.frequency, 96), LOOKBACK.get(horizon.frequency, 64) // 2, sizes.n_steps)


def _forecast(module: "EsRnn", sizes: Sizes, fitted: Fitted, origins: OriginSet) -> ForecastDistribution:
    from hf_platform.models.neural.crop_training import run_on_crops

    task = fitted.task
    shapes = crop_shapes(task.horizon)
    asked = pieces_for(origins.indices, task.start + shapes.lookback - 1, shapes)
    series = origins.series
    # The newest piece may reach past the newest bar; what it reads there comes after every origin.
    missing = max(0, int(asked.starts[-1]) + shapes.length - len(series))
    scale = scale_of(task.series, task.start, task.stop)
    crops = cut(np.concatenate([series.log_return, np.zeros(missing)]) / scale, asked.starts, shapes)
    step = task.horizon.n_bars - 1
    center, correction, unit = run_on_crops(module, crops, task.place, asked, step)
    quantiles: FloatArray = center[:, None] + (base_quantiles(sizes)[step] + correction) * unit[:, None]
    return from_quantiles(scale * quantiles)


FAMILY: Final = EsRnnFamily()
