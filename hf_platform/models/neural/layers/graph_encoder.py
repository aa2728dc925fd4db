"""What the neighbours of an instrument say: graph convolutions over a relation between instruments."""

# torch annotates only half of its functions.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
import warnings
from collections.abc import Sequence

import torch
from torch import nn

with warnings.catch_warnings():  # importing the library calls what torch has deprecated
    warnings.simplefilter("ignore", DeprecationWarning)
    from torch_geometric.nn import GCNConv  # pyright: ignore[reportMissingTypeStubs]


class GraphEncoder(nn.Module):
    """Two graph convolutions over many copies of a graph's nodes at once.

    References
    ----------
    Kipf, T. N. and Welling, M. (2017). Semi-Supervised Classification with Graph Convolutional Networks.
    ICLR. arXiv 1609.02907.
    """

    def __init__(self, width: int) -> None:
        """Take the width of a node."""
        super().__init__()
        self.first = GCNConv(width, width)
        self.second = GCNConv(width, width)

    def forward(self, nodes: torch.Tensor, edges: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        """Convolve: nodes (n_copies, n_nodes, width) and the edges of `batched` -> the same shape."""
        flat = nodes.reshape(-1, nodes.shape[-1])
        hidden = torch.relu(self.first(flat, edges, weights))
        return self.second(hidden, edges, weights).reshape(nodes.shape)


def batched(
    graphs: Sequence[tuple[torch.Tensor, torch.Tensor]], chosen: torch.Tensor, is_there: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Lay the graphs of many copies side by side, without the edges at nodes that are absent.

    Parameters
    ----------
    graphs : sequence of (edges, weights)
        Edges as int64 tensor, shape (2, n_edges), and their weights, shape (n_edges,).
    chosen : int64 tensor, shape (n_copies,)
        Which graph holds for each copy; -1 for none.
    is_there : bool tensor, shape (n_copies, n_nodes)
    """
    n_nodes = is_there.shape[1]
    edges: list[torch.Tensor] = [torch.empty((2, 0), dtype=torch.int64, device=chosen.device)]
    weights: list[torch.Tensor] = []
    for copy, number in enumerate(chosen.tolist()):
        if number < 0:
            continue
        own, weight = graphs[number]
        kept = is_there[copy][own].all(dim=0)
        edges.append(own[:, kept] + copy * n_nodes)
        weights.append(weight[kept])
    if not weights:
        return edges[0], torch.empty(0, device=chosen.device)
    return torch.cat(edges, dim=1), torch.cat(weights)
