"""A dilated LSTM: the state at time t comes from t - d, and no time step is dropped."""

# torch annotates only half of its functions.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
from collections.abc import Sequence

import torch
from torch import nn


class DilatedLstm(nn.Module):
    """One recurrent layer whose state skips `dilation` steps.

    The d subsequences t = r, r + d, r + 2d ... never meet, so they are d rows of a batch of the library's
    LSTM: the same sums as a loop over single steps, in T / d of them. Input and output are equally long;
    the guide's variant, which keeps every d-th input only, is another and smaller thing.

    References
    ----------
    Chang, S. et al. (2017). Dilated Recurrent Neural Networks. NeurIPS 30. arXiv 1710.02224.
    """

    def __init__(self, n_inputs: int, n_units: int, dilation: int) -> None:
        """Take the widths and the number of steps that the state skips."""
        super().__init__()
        self.dilation = dilation
        self.cell = nn.LSTM(n_inputs, n_units, batch_first=True)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """Run over sequences: (n, n_times, n_inputs) -> (n, n_times, n_units)."""
        n, n_times, width = values.shape
        d = self.dilation
        padding = -n_times % d  # at the end, where it reaches nothing that is kept
        padded = nn.functional.pad(values, (0, 0, 0, padding))
        n_steps = (n_times + padding) // d
        apart = padded.reshape(n, n_steps, d, width).transpose(1, 2).reshape(n * d, n_steps, width)
        found, _ = self.cell(apart)
        together = found.reshape(n, d, n_steps, -1).transpose(1, 2).reshape(n, n_steps * d, -1)
        return together[:, :n_times]


class DilatedStack(nn.Module):
    """Blocks of dilated layers with a residual connection around each block but the first.

    Parameters
    ----------
    n_inputs, n_units : int
    blocks : sequence of sequences of int
        Dilations, for example ``((1, 2), (4, 8))``: the residual of the paper's figure 3.

    References
    ----------
    Smyl, S. (2020). A hybrid method of exponential smoothing and recurrent neural networks for time
    series forecasting. International Journal of Forecasting 36(1), 75-85.
    """

    def __init__(self, n_inputs: int, n_units: int, blocks: Sequence[Sequence[int]]) -> None:
        """Build the blocks."""
        super().__init__()
        widths = [n_inputs] + [n_units] * (len(blocks) - 1)
        self.blocks = nn.ModuleList(
            nn.Sequential(*(DilatedLstm(width if i == 0 else n_units, n_units, d) for i, d in enumerate(dilations)))
            for width, dilations in zip(widths, blocks, strict=True)
        )

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """Run over sequences: (n, n_times, n_inputs) -> (n, n_times, n_units)."""
        for place, block in enumerate(self.blocks):
            found = block(values)
            values = found if place == 0 else values + found
        return values
