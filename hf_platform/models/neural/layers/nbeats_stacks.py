"""The doubly residual stack of N-BEATS from the library's blocks, open enough to be taken apart."""
# torch annotates only half of its functions.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import torch
from neuralforecast.models.nbeats import (  # pyright: ignore[reportMissingTypeStubs]
    NBEATSBlock,
    SeasonalityBasis,
    TrendBasis,
)
from torch import nn

from hf_platform.models.neural.layers.initial import start_at_zero

if TYPE_CHECKING:
    from hf_platform.models.neural.quantile_family import Sizes

STACKS: Final = ("trend", "seasonality")
_HARMONICS: Final = 2


@dataclass(frozen=True, slots=True)
class Decomposition:
    """A forecast taken apart.

    Parameters
    ----------
    forecasts : dict of str to tensor, shape (n, n_steps, n_quantiles)
        By stack; they add up to the net's output.
    backcasts : dict of str to tensor, shape (n, lookback)
        What each stack explains of the window.
    residual : tensor, shape (n, lookback)
        What none of them does; with the backcasts it adds up to the window.
    """

    forecasts: dict[str, torch.Tensor]
    backcasts: dict[str, torch.Tensor]
    residual: torch.Tensor


class InterpretableStacks(nn.Module):
    """Blocks in a row: each explains a part of the window, forecasts from it, and passes the rest on.

    References
    ----------
    Oreshkin, B. N., Carpov, D., Chapados, N. and Bengio, Y. (2020). N-BEATS: Neural basis expansion
    analysis for interpretable time series forecasting. ICLR. arXiv 1905.10437.
    """

    def __init__(self, blocks: "list[tuple[str, nn.Module]]") -> None:
        """Take the blocks in order, each with the name of its stack."""
        super().__init__()
        self.names = [name for name, _ in blocks]
        self.blocks = nn.ModuleList([block for _, block in blocks])

    def forward(self, windows: torch.Tensor) -> torch.Tensor:
        """Forecast: (n, lookback) -> (n, n_steps, n_quantiles)."""
        parts = self.decompose(windows)
        return torch.stack([parts.forecasts[name] for name in STACKS]).sum(dim=0)

    def decompose(self, windows: torch.Tensor) -> Decomposition:
        """Forecast, and keep what each stack contributed."""
        residual = windows.flip(dims=(-1,))  # the library's bases run from the origin backwards
        forecasts: dict[str, torch.Tensor] = {}
        backcasts: dict[str, torch.Tensor] = {}
        for name, block in zip(self.names, self.blocks, strict=True):
            backcast, forecast = block(residual)
            residual = residual - backcast
            forecasts[name] = forecasts[name] + forecast if name in forecasts else forecast
            turned = backcast.flip(dims=(-1,))
            backcasts[name] = backcasts[name] + turned if name in backcasts else turned
        return Decomposition(forecasts, backcasts, residual.flip(dims=(-1,)))


def interpretable(sizes: "Sizes", n_blocks: int, width: int, degree: int) -> InterpretableStacks:
    """Build a trend stack and a seasonality stack whose last layers start at zero."""
    n_steps, n_out = sizes.n_steps, sizes.n_quantiles
    n_waves = 2 * len(_frequencies(n_steps))
    blocks: list[tuple[str, nn.Module]] = []
    for name in STACKS:
        for _ in range(n_blocks):
            is_trend = name == "trend"
            basis = (
                TrendBasis(degree, sizes.lookback, n_steps, n_out)
                if is_trend
                else SeasonalityBasis(_HARMONICS, sizes.lookback, n_steps, n_out)
            )
            n_theta = (n_out + 1) * (degree + 1 if is_trend else n_waves)
            block = NBEATSBlock(sizes.lookback, n_theta, [[width, width]], basis, 0.0, "ReLU")
            start_at_zero(block.layers[-1])
            blocks.append((name, block))
    return InterpretableStacks(blocks)


def _frequencies(n_steps: int) -> list[float]:
    # As the library's basis counts them: zero, then 1, 1.5, ... below half the path.
    return [0.0, *(k / _HARMONICS for k in range(_HARMONICS, -(-_HARMONICS * n_steps // 2)))]
