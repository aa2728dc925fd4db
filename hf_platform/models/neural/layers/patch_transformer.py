"""The library's PatchTST network without its trainer: windows in, paths of quantiles out."""
# torch annotates only half of its functions.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from dataclasses import dataclass

import torch
from neuralforecast.models.patchtst import PatchTST_backbone  # pyright: ignore[reportMissingTypeStubs]
from torch import nn

from hf_platform.models.neural.layers.initial import start_at_zero


@dataclass(frozen=True, slots=True)
class PatchShapes:
    """Shapes of the network; see `PatchTstSpec`."""

    lookback: int
    n_steps: int
    n_outputs: int
    patch: int
    stride: int
    width: int
    heads: int
    layers: int
    feed_forward: int
    dropout: float


class PatchTransformer(nn.Module):
    """Reversible normalisation, patches, encoder with batch normalisation and a flat head that starts at zero.

    References
    ----------
    Nie, Y., Nguyen, N. H., Sinthong, P. and Kalagnanam, J. (2023). A Time Series is Worth 64 Words:
    Long-term Forecasting with Transformers. ICLR. arXiv 2211.14730.
    """

    def __init__(self, shapes: PatchShapes, *, subtract_last: bool = True, zero_head: bool = True) -> None:
        """Build from shapes; `subtract_last` False normalises by the window's mean, as the paper does on ETT."""
        super().__init__()
        self.shapes = shapes
        self.backbone = PatchTST_backbone(
            c_in=1,
            c_out=shapes.n_outputs,
            input_size=shapes.lookback,
            h=shapes.n_steps,
            patch_len=min(shapes.patch, shapes.lookback),
            stride=shapes.stride,
            n_layers=shapes.layers,
            hidden_size=shapes.width,
            n_heads=shapes.heads,
            linear_hidden_size=shapes.feed_forward,
            dropout=shapes.dropout,
            fc_dropout=shapes.dropout,
            padding_patch="end",
            revin=True,
            affine=False,
            subtract_last=subtract_last,
        )
        if zero_head:
            start_at_zero(self.backbone.get_submodule("head.linear"))

    def forward(self, windows: torch.Tensor) -> torch.Tensor:
        """Forecast: (n, lookback) -> (n, n_steps, n_outputs)."""
        found = self.backbone(windows.unsqueeze(1))
        return found.reshape(windows.shape[0], self.shapes.n_steps, self.shapes.n_outputs)
