"""Fusion of what prices, texts and neighbours say, by attention that the forecast goes through."""

# torch annotates only half of its functions.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
import torch
from torch import nn


class AttentionFusion(nn.Module):
    """One token per source attends to the others; absent sources are masked, not filled.

    References
    ----------
    Vaswani, A. et al. (2017). Attention Is All You Need. NeurIPS 30. arXiv 1706.03762.
    """

    def __init__(self, width: int, n_heads: int, dropout: float) -> None:
        """Take the width of a token, the number of heads, and dropout on the attention weights."""
        super().__init__()
        self.attention = nn.MultiheadAttention(width, n_heads, dropout=dropout, batch_first=True)
        self.norm = nn.LayerNorm(width)

    def forward(self, tokens: torch.Tensor, is_there: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Fuse.

        Parameters
        ----------
        tokens : tensor, shape (n, n_sources, width)
            The first source is always there; it asks, and is added to the answer.
        is_there : bool tensor, shape (n, n_sources)

        Returns
        -------
        fused : tensor, shape (n, width)
        weights : tensor, shape (n, n_sources)
            How much each source was listened to; 0 where it is absent.
        """
        asked = tokens[:, :1]
        answer, weights = self.attention(asked, tokens, tokens, key_padding_mask=~is_there)
        return self.norm(asked + answer)[:, 0], weights[:, 0]
