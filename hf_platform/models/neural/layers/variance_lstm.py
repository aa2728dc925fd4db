"""An LSTM that corrects a variance forecast by a factor, which an exponential keeps positive."""

# torch annotates only half of its functions.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
import torch
from torch import nn

from hf_platform.models.neural.layers.initial import start_at_zero

_MOST: float = 2.0  # log of the largest factor, either way


class VarianceLstm(nn.Module):
    """From recent innovations to the log of a factor on the variance; starts at factor one."""

    def __init__(self, n_inputs: int, n_units: int) -> None:
        """Take the widths."""
        super().__init__()
        self.lstm = nn.LSTM(n_inputs, n_units, batch_first=True)
        self.head = nn.Linear(n_units, 1)
        start_at_zero(self.head)

    def forward(self, windows: torch.Tensor) -> torch.Tensor:
        """Correct: (n, lookback, n_inputs) -> log factor, shape (n,), between -2 and 2."""
        found, _ = self.lstm(windows)
        return _MOST * torch.tanh(self.head(found[:, -1])[:, 0] / _MOST)


def qlike(log_factor: torch.Tensor, ratio: torch.Tensor) -> torch.Tensor:
    """Average the QLIKE loss of a corrected variance.

    Parameters
    ----------
    log_factor : tensor, shape (n,)
    ratio : tensor, shape (n,)
        Realised variance over the uncorrected forecast.

    References
    ----------
    Patton, A. J. (2011). Volatility Forecast Comparison Using Imperfect Volatility Proxies. Journal of
    Econometrics 160(1), 246-256.
    """
    return (ratio * torch.exp(-log_factor) + log_factor).mean()
