"""A dilated LSTM over a window that ends in one number."""

from collections.abc import Sequence

import torch
from torch import nn

from hf_platform.models.neural.layers.dilated_lstm import DilatedStack
from hf_platform.models.neural.layers.initial import start_at_zero


class WindowLstm(nn.Module):
    """From a window of returns to the return ahead, in units of the window; starts at zero."""

    def __init__(self, n_units: int, dilations: Sequence[Sequence[int]]) -> None:
        """Take the width and the dilations by block."""
        super().__init__()
        self.stack = DilatedStack(1, n_units, dilations)
        self.head = nn.Linear(n_units, 1)
        start_at_zero(self.head)

    def forward(self, returns: torch.Tensor) -> torch.Tensor:
        """Forecast: (n, lookback) -> (n,)."""
        return self.head(self.stack(returns.unsqueeze(-1))[:, -1])[:, 0]
