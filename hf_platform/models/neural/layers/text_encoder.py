"""What the newest documents of an instrument say: a transformer over their embeddings."""

# torch annotates only half of its functions.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
import torch
from torch import nn


class TextEncoder(nn.Module):
    """Projects embeddings to the net's width, encodes them in order of age, and averages.

    Parameters
    ----------
    n_dimensions : int
        Of an embedding, whatever model made it.
    width, n_heads, n_layers : int
    n_documents : int
        Documents looked at, at most.
    dropout : float
    """

    def __init__(
        self, n_dimensions: int, width: int, *, n_heads: int, n_layers: int, n_documents: int, dropout: float
    ) -> None:
        """Build the layers."""
        super().__init__()
        self.project = nn.Linear(n_dimensions, width)
        self.age = nn.Parameter(torch.zeros(n_documents, width))
        layer = nn.TransformerEncoderLayer(width, n_heads, 2 * width, dropout, batch_first=True, norm_first=True)
        self.encoder = nn.TransformerEncoder(layer, n_layers, enable_nested_tensor=False)

    def forward(self, documents: torch.Tensor, is_there: torch.Tensor) -> torch.Tensor:
        """Encode.

        Parameters
        ----------
        documents : tensor, shape (n, n_documents, n_dimensions)
            Newest first.
        is_there : bool tensor, shape (n, n_documents)

        Returns
        -------
        tensor, shape (n, width)
            Zero where there is no document.
        """
        has_any = is_there.any(dim=1)
        # Attention over nothing is not a number: a row without documents looks at its first, empty place.
        seen = is_there.clone()
        seen[:, 0] |= ~has_any
        found = self.encoder(self.project(documents) + self.age, src_key_padding_mask=~seen)
        share = is_there.unsqueeze(-1).to(found.dtype)
        return (found * share).sum(dim=1) / share.sum(dim=1).clamp(min=1.0)
