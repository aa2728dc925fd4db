"""CMTF: prices by LSTM, texts by transformer, neighbours by graph convolution, fused by attention."""

# torch annotates only half of its functions.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn

from hf_platform.models.neural.layers.attention_fusion import AttentionFusion
from hf_platform.models.neural.layers.graph_encoder import GraphEncoder, batched
from hf_platform.models.neural.layers.initial import start_at_zero
from hf_platform.models.neural.layers.text_encoder import TextEncoder


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossModalShapes:
    """Shapes of the network; a source with size 0 is left out of it."""

    n_steps: int
    n_outputs: int
    width: int
    n_heads: int
    text_layers: int
    text_dimensions: int
    n_documents: int
    dropout: float
    has_graph: bool


class CrossModal(nn.Module):
    """Forecasts all instruments of a moment together; each hears its own texts and its neighbours.

    Documents and graphs are handed over once with `know`; rows name them by number.
    """

    def __init__(self, shapes: CrossModalShapes) -> None:
        """Build from shapes; the last layer starts at zero, so that the forecast starts as a random walk."""
        super().__init__()
        self.shapes = shapes
        width = shapes.width
        self.prices = nn.LSTM(1, width, batch_first=True)
        self.text = (
            TextEncoder(
                shapes.text_dimensions,
                width,
                n_heads=shapes.n_heads,
                n_layers=shapes.text_layers,
                n_documents=shapes.n_documents,
                dropout=shapes.dropout,
            )
            if shapes.text_dimensions
            else None
        )
        self.graph = GraphEncoder(width) if shapes.has_graph else None
        self.fusion = AttentionFusion(width, shapes.n_heads, shapes.dropout)
        self.head = nn.Linear(width, shapes.n_steps * shapes.n_outputs)
        start_at_zero(self.head)
        self.documents = torch.empty(0)
        self.graphs: Sequence[tuple[torch.Tensor, torch.Tensor]] = ()

    def know(self, documents: torch.Tensor, graphs: Sequence[tuple[torch.Tensor, torch.Tensor]]) -> None:
        """Take all documents, shape (n_documents, n_dimensions), and all graphs that rows may name."""
        self.documents, self.graphs = documents, graphs

    def forward(
        self, steps: torch.Tensor, is_there: torch.Tensor, documents: torch.Tensor, graph: torch.Tensor
    ) -> torch.Tensor:
        """Forecast.

        Parameters
        ----------
        steps : tensor, shape (n, n_nodes, lookback)
            Log returns of each instrument in units of its window.
        is_there : bool tensor, shape (n, n_nodes)
            Whether the window is known.
        documents : int64 tensor, shape (n, n_nodes, n_documents)
            Numbers of the newest documents, newest first; -1 for none.
        graph : int64 tensor, shape (n,)
            Number of the graph that was known; -1 for none.

        Returns
        -------
        tensor, shape (n, n_nodes, n_steps, n_outputs)
        """
        fused, _ = self.fuse(steps, is_there, documents, graph)
        found = self.head(fused)
        return found.reshape(*is_there.shape, self.shapes.n_steps, self.shapes.n_outputs)

    def fuse(
        self, steps: torch.Tensor, is_there: torch.Tensor, documents: torch.Tensor, graph: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Encode and fuse; also give the attention on prices, texts and neighbours, (n * n_nodes, n_sources)."""
        n, n_nodes, lookback = steps.shape
        sequence, _ = self.prices(steps.reshape(n * n_nodes, lookback, 1))
        own = sequence[:, -1]
        tokens, present = [own], [torch.ones_like(is_there).reshape(-1)]
        if self.text is not None:
            chosen = documents.reshape(n * n_nodes, -1)
            known = chosen >= 0
            embedded = self.documents[chosen.clamp(min=0)] if self.documents.shape[0] else self._nothing(chosen, own)
            tokens.append(self.text(embedded, known))
            present.append(known.any(dim=1))
        if self.graph is not None:
            edges, weights = batched(self.graphs, graph, is_there)
            nodes = own.reshape(n, n_nodes, -1) * is_there.unsqueeze(-1)
            tokens.append(self.graph(nodes, edges, weights.to(own.dtype)).reshape(n * n_nodes, -1))
            present.append(is_there.reshape(-1))
        return self.fusion(torch.stack(tokens, dim=1), torch.stack(present, dim=1))

    def _nothing(self, chosen: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
        return like.new_zeros((*chosen.shape, self.shapes.text_dimensions))
