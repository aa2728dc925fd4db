"""Families whose net maps a window of log prices to quantiles of the log price path ahead."""
# torch annotates only half of its functions.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from hf_platform.horizons import Horizon
from hf_platform.models.base import FitFailure, FitTask, Fitted, OriginSet, Panel
from hf_platform.models.device import Asked
from hf_platform.models.neural import runtime
from hf_platform.models.neural.panel_family import Net, PanelFamily
from hf_platform.models.neural.pinball import pinball
from hf_platform.models.neural.quantile_function import from_quantiles, normal_quantiles
from hf_platform.models.neural.tensors import WEIGHTS_FILE, Arrays, from_bytes, load_weights, weights_of
from hf_platform.models.neural.training_loop import Rows, TrainSpec, train
from hf_platform.models.neural.windows import floor_of, paths_at, training_windows, windows_known
from hf_platform.types import PROBABILITIES, BoolArray, FloatArray, ForecastDistribution

if TYPE_CHECKING:
    from torch import nn

LOOKBACK: Final[dict[str, int]] = {"1d": 64, "1w": 52, "1mo": 24}
_LEAST_STEPS: Final = 5  # a shorter path has neither a trend nor a season
_ROWS_AT_ONCE: Final = 2048


@dataclass(frozen=True, slots=True)
class Sizes:
    """Shapes of a net: bars it sees, bars of the path it forecasts, quantiles."""

    lookback: int
    n_steps: int
    n_quantiles: int = len(PROBABILITIES)


def sizes_of(horizon: Horizon) -> Sizes:
    """Give the shapes for a horizon."""
    return Sizes(LOOKBACK.get(horizon.frequency, 64), max(horizon.n_bars, _LEAST_STEPS))


class QuantileNetFamily(PanelFamily):
    """Trains a net by the pinball loss at every step of the path; the horizon's step is the forecast.

    The net's output is added to the quantiles of a random walk with the window's volatility, and starts
    at zero: what is not in the data leaves the forecast at the random walk.

    Forecasts are computed in double precision and rounded to single: the sum of a matrix product
    depends on how many rows it has, but only far behind the digits that stay, so that a forecast does not
    depend on what else is forecast beside it.
    """

    __slots__ = ()

    training: TrainSpec

    @abstractmethod
    def build(self, sizes: Sizes) -> "nn.Module":
        """Make a net: (n, lookback) -> (n, n_steps, n_quantiles), in units of the window."""

    def train(self, panel: Panel, task: FitTask) -> Net | str:
        """Train on all windows of the panel."""
        import torch

        sizes = sizes_of(task.horizon)
        windows = training_windows(panel.members, sizes.lookback, sizes.n_steps)
        if isinstance(windows, str):
            return windows
        device = runtime.device_of(task.device)
        with runtime.seeded(task.seed):
            module = self.build(sizes).to(device)
            base, grid = base_quantiles(sizes), np.array(PROBABILITIES)
            start = torch.from_numpy(base).float().to(device)
            probabilities = torch.from_numpy(grid).float().to(device)
            report = train(
                module,
                Rows(
                    [torch.from_numpy(windows.paths).to(device)],
                    torch.from_numpy(windows.targets).to(device),
                    windows.is_validation,
                ),
                lambda predicted, actual: pinball(start + predicted, actual, probabilities),
                self.training,
            )
        params = {
            "steps": report.steps,
            "untrained_loss": report.first_loss,
            "n_parameters": sum(weight.numel() for weight in module.parameters() if weight.requires_grad),
        }
        return Net(params, weights_of(module), windows.paths.shape[0], report.best_loss, device.type)

    def usable_origins(self, fitted: Fitted, origins: OriginSet) -> BoolArray:
        """Mark the origins whose whole window is known."""
        return windows_known(sizes_of(fitted.task.horizon).lookback, origins.series, origins.indices)

    def forecast_group(
        self, fitted: Sequence[Fitted], origins: Sequence[OriginSet]
    ) -> list[ForecastDistribution | FitFailure]:
        """Run the net over the windows of all origins."""
        sizes = sizes_of(fitted[0].task.horizon)
        module = self.restore(from_bytes(fitted[0].state[WEIGHTS_FILE]), sizes, fitted[0].task.device)
        return [self._forecast(module, sizes, fit, asked) for fit, asked in zip(fitted, origins, strict=True)]

    def restore(self, arrays: Arrays, sizes: Sizes, device: Asked) -> "nn.Module":
        """Rebuild a net from its weights, in double precision, on a device of this machine."""
        with runtime.seeded(0):  # building draws weights that are thrown away
            module = self.build(sizes)
        load_weights(module, arrays)
        return module.double().to(runtime.device_of(device)).eval()

    def _forecast(
        self, module: "nn.Module", sizes: Sizes, fitted: Fitted, origins: OriginSet
    ) -> ForecastDistribution | FitFailure:
        task = fitted.task
        floor = floor_of(task.series, task.start, task.stop)
        paths = paths_at(origins.series.log_return, origins.indices, sizes.lookback, sizes.n_steps, floor)
        step = task.horizon.n_bars - 1
        correction = run_rows(module, paths.values)[:, step]
        return from_quantiles((base_quantiles(sizes)[step] + correction) * paths.unit[:, None])


def base_quantiles(sizes: Sizes) -> FloatArray:
    """Quantiles of a random walk along the path, in units of its volatility; shape (n_steps, n_quantiles)."""
    spread = np.sqrt(np.arange(1, sizes.n_steps + 1) / sizes.n_steps)
    return spread[:, None] * normal_quantiles()


def run_rows(module: "nn.Module", values: FloatArray, rows_at_once: int = _ROWS_AT_ONCE) -> FloatArray:
    """Run a net in double precision over rows, in parts that fit into memory, and round to single."""
    import torch

    runtime.one_thread()
    device = next(module.parameters()).device
    found: list[Any] = []
    with torch.no_grad():
        for part in torch.from_numpy(values).split(rows_at_once):
            found.append(module(part.to(device)).float().cpu())  # noqa: PERF401  # a part at a time on the device
    return torch.cat(found).numpy().astype(np.float64)
