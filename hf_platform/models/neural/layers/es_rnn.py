"""ES-RNN: exponential smoothing takes out level and seasons, a dilated LSTM forecasts what is left."""

# torch annotates only half of its functions.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
from dataclasses import dataclass

import torch
from torch import nn

from hf_platform.models.neural.layers.dilated_lstm import DilatedStack
from hf_platform.models.neural.layers.initial import start_at_zero
from hf_platform.models.neural.layers.smoothing import ExponentialSmoothing


@dataclass(frozen=True, slots=True)
class EsRnnShapes:
    """Shapes of the network.

    Parameters
    ----------
    n_series : int
        Series with smoothing coefficients of their own.
    lookback : int
        Bars of the window that the LSTM sees at each time.
    n_steps, n_outputs : int
        Steps of the path ahead, and outputs (quantiles) at each.
    periods : tuple of int
        Seasonal periods.
    units : int
        Width of the LSTM.
    dilations : tuple of tuples of int
    level : float
        Level coefficient to start from.
    """

    n_series: int
    lookback: int
    n_steps: int
    n_outputs: int
    periods: tuple[int, ...] = ()
    units: int = 24
    dilations: tuple[tuple[int, ...], ...] = ((1, 2), (4, 8))
    level: float = 0.9


@dataclass(frozen=True, slots=True)
class Encoded:
    """What the network knows at each time.

    Parameters
    ----------
    hidden : tensor, shape (n, n_times, units)
    center : tensor, shape (n, n_times, n_steps)
        Level plus season of each step ahead, minus the observation: where smoothing alone forecasts.
    level : tensor, shape (n, n_times)
    """

    hidden: torch.Tensor
    center: torch.Tensor
    level: torch.Tensor


class EsRnn(nn.Module):
    """Per-series smoothing and a common dilated LSTM, trained jointly.

    References
    ----------
    Smyl, S. (2020). A hybrid method of exponential smoothing and recurrent neural networks for time
    series forecasting. International Journal of Forecasting 36(1), 75-85.
    """

    def __init__(self, shapes: EsRnnShapes) -> None:
        """Build from shapes; the last layer starts at zero, so that smoothing alone forecasts at first."""
        super().__init__()
        self.shapes = shapes
        self.smoothing = ExponentialSmoothing(shapes.n_series, shapes.periods, shapes.level)
        self.stack = DilatedStack(shapes.lookback, shapes.units, shapes.dilations)
        self.mix = nn.Sequential(nn.Linear(shapes.units, shapes.units), nn.Tanh())
        self.head = nn.Linear(shapes.units, shapes.n_steps * shapes.n_outputs)
        start_at_zero(self.head)

    def encode(self, values: torch.Tensor, units: torch.Tensor, rows: torch.Tensor, phase: torch.Tensor) -> Encoded:
        """Run over whole sequences; what stands at a time depends on nothing after it.

        Parameters
        ----------
        values : tensor, shape (n, n_times)
            Log values.
        units : tensor, shape (n, n_times)
            What one unit of the LSTM's input and output is worth at each time.
        rows, phase : int64 tensor, shape (n,)
            See `ExponentialSmoothing`.
        """
        smoothed = self.smoothing(values, rows, phase)
        plain = values - smoothed.season_at()
        before = plain[:, :1].expand(-1, self.shapes.lookback - 1)
        windows = torch.cat([before, plain], dim=1).unfold(1, self.shapes.lookback, 1)
        scaled = (windows - smoothed.level.unsqueeze(-1)) / units.unsqueeze(-1)
        hidden = self.mix(self.stack(scaled))
        center = (smoothed.level - values).unsqueeze(-1) + smoothed.seasons_ahead(self.shapes.n_steps)
        return Encoded(hidden, center, smoothed.level)

    def paths(self, hidden: torch.Tensor) -> torch.Tensor:
        """Turn hidden states, shape (..., units), into (..., n_steps, n_outputs) in units."""
        found = self.head(hidden)
        return found.reshape(*hidden.shape[:-1], self.shapes.n_steps, self.shapes.n_outputs)


class PathPredictor(nn.Module):
    """Smoothing's forecast plus the net's, in units: what the joint loss is taken of."""

    def __init__(self, net: EsRnn) -> None:
        """Wrap a network."""
        super().__init__()
        self.net = net

    def forward(
        self, values: torch.Tensor, units: torch.Tensor, rows: torch.Tensor, phase: torch.Tensor
    ) -> torch.Tensor:
        """Forecast at every time of every piece: (n, n_times, n_steps, n_outputs)."""
        found = self.net.encode(values, units, rows, phase)
        return (found.center / units.unsqueeze(-1)).unsqueeze(-1) + self.net.paths(found.hidden)


def coefficients(module: EsRnn) -> dict[str, list[float]]:
    """Give the trained level coefficients, and those of each season, by series."""
    with torch.no_grad():
        found = {"level": torch.sigmoid(module.smoothing.level).tolist()}
        for place, period in enumerate(module.smoothing.periods):
            found[f"season_{period}"] = torch.sigmoid(module.smoothing.season[:, place]).tolist()
    return found
