"""Moments of a panel for the cross-modal net: to train on, and to forecast from."""

# torch annotates only half of its functions.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from hf_platform.models.base import PanelMember
from hf_platform.models.neural import runtime
from hf_platform.models.neural.cross_section import (
    Graph,
    Moments,
    correlation_graph,
    graph_dates,
    known_times,
    moments_at,
    newest_documents,
)
from hf_platform.models.neural.pinball import pinball
from hf_platform.models.neural.training_loop import Rows, TrainReport, TrainSpec, train
from hf_platform.models.neural.windows import VALIDATION_SHARE
from hf_platform.types import PROBABILITIES, BoolArray, FloatArray, IntArray, TimeArray

if TYPE_CHECKING:
    import torch

    from hf_platform.models.neural.layers.cross_modal import CrossModal

_LEAST_MOMENTS: Final = 40
_MOMENTS_AT_ONCE: Final = 64


@dataclass(frozen=True, slots=True)
class Shapes:
    """Bars of a window and of the path, texts looked at, and the age at which they are forgotten."""

    lookback: int
    n_steps: int
    n_documents: int
    document_age: np.timedelta64


@dataclass(frozen=True, slots=True, eq=False)
class TrainingMoments:
    """Moments with targets.

    Parameters
    ----------
    moments : Moments
    documents : int64 array, shape (n, n_nodes, n_documents)
    embeddings : float64 array, shape (n_all, n_dimensions)
    graph : int64 array, shape (n,)
    graphs : list of Graph
    targets : float32 array, shape (n, n_nodes, n_steps)
        Log price path in units; NaN where it is not to be used.
    is_validation : bool array, shape (n,)
    """

    moments: Moments
    documents: IntArray
    embeddings: FloatArray
    graph: IntArray
    graphs: list[Graph]
    targets: "np.ndarray[Any, np.dtype[np.float32]]"
    is_validation: BoolArray

    @property
    def n_targets(self) -> int:
        """Count the paths to learn from or to judge by."""
        return int(np.isfinite(self.targets[..., 0]).sum())


def training_moments(
    members: Sequence[PanelMember], shapes: Shapes, *, with_text: bool = True
) -> TrainingMoments | str:
    """Collect the moments whose targets end by the anchor; a text where there are too few."""
    times = np.unique(np.concatenate([known_times(m.series)[m.start : m.stop] for m in members]))
    moments = _moments(times, members, shapes)
    paths, ends = _targets(moments, members, shapes)
    split = times[int((1 - VALIDATION_SHARE) * (times.size - 1))]
    is_validation = times > split
    # A target that reaches into the time of the judges is left out of training.
    paths[(~is_validation[:, None]) & (ends > split)] = np.nan
    kept = np.logical_or.reduce(np.isfinite(paths[:, :, 0]), axis=1)
    if int((kept & ~is_validation).sum()) < _LEAST_MOMENTS or not (kept & is_validation).any():
        return (
            f"at least {_LEAST_MOMENTS} moments with a window of {shapes.lookback} bars and a target of "
            f"{shapes.n_steps} needed, found {int(kept.sum())}. Load more history."
        )
    documents, embeddings = _documents(times, members, shapes, with_text=with_text)
    graph, graphs = _graphs(times, members)
    return TrainingMoments(
        moments=_take(moments, kept),
        documents=documents[kept],
        embeddings=embeddings,
        graph=graph[kept],
        graphs=graphs,
        targets=paths[kept].astype(np.float32),
        is_validation=is_validation[kept],
    )


def _moments(times: TimeArray, members: Sequence[PanelMember], shapes: Shapes) -> Moments:
    scales = [float(m.series.log_return[m.start : m.stop].std()) for m in members]
    return moments_at(times, [m.series for m in members], scales, shapes.lookback, shapes.n_steps)


def _take(moments: Moments, kept: BoolArray) -> Moments:
    return Moments(
        moments.times[kept], moments.bars[kept], moments.is_fresh[kept], moments.steps[kept], moments.units[kept],
        moments.is_there[kept],
    )  # fmt: skip


def _targets(moments: Moments, members: Sequence[PanelMember], shapes: Shapes) -> tuple[FloatArray, TimeArray]:
    """Log price paths after each fresh bar that end by the anchor, and when they were known."""
    n, n_nodes = moments.bars.shape
    paths = np.full((n, n_nodes, shapes.n_steps), np.nan)
    ends = np.full((n, n_nodes), np.datetime64("NaT"), dtype="datetime64[us]")
    for node, member in enumerate(members):
        bars = moments.bars[:, node]
        rows = moments.is_there[:, node] & moments.is_fresh[:, node]
        rows &= (bars >= member.start) & (bars + shapes.n_steps < member.stop)
        good = bars[rows]
        ahead = np.lib.stride_tricks.sliding_window_view(member.series.log_return, shapes.n_steps)[good + 1]
        paths[rows, node] = np.cumsum(ahead, axis=1) / moments.units[rows, node][:, None]
        ends[rows, node] = known_times(member.series)[good + shapes.n_steps]
    return paths, ends


def _documents(
    times: TimeArray, members: Sequence[PanelMember], shapes: Shapes, *, with_text: bool
) -> tuple[IntArray, FloatArray]:
    own = [member.documents if with_text else None for member in members]
    return newest_documents(times, own, shapes.n_documents, shapes.document_age)


def _graphs(times: TimeArray, members: Sequence[PanelMember]) -> tuple[IntArray, list[Graph]]:
    dates = graph_dates(times)
    graphs = [correlation_graph(date, [member.series for member in members]) for date in dates]
    return np.searchsorted(dates, times, side="right") - 1, graphs


def train_on_moments(module: "CrossModal", data: TrainingMoments, base: FloatArray, spec: TrainSpec) -> TrainReport:
    """Train by the pinball loss; call it within `runtime.seeded`."""
    import torch

    device = next(module.parameters()).device
    _hand_over(module, data.embeddings, data.graphs)
    start = torch.from_numpy(base).float().to(device)
    probabilities = torch.tensor(PROBABILITIES, device=device)

    def loss(predicted: "torch.Tensor", actual: "torch.Tensor") -> "torch.Tensor":
        used = torch.isfinite(actual)
        return pinball((start + predicted)[used], actual[used], probabilities)

    inputs = (data.moments.steps.astype(np.float32), data.moments.is_there, data.documents, data.graph)
    rows = Rows(
        [torch.from_numpy(array).to(device) for array in inputs],
        torch.from_numpy(data.targets).to(device),
        data.is_validation,
    )
    return train(module, rows, loss, spec)


def _hand_over(module: "CrossModal", embeddings: FloatArray, graphs: Sequence[Graph]) -> None:
    import torch

    weight = next(module.parameters())
    module.know(
        torch.from_numpy(embeddings).to(weight),
        [
            (torch.from_numpy(graph.edges).to(weight.device), torch.from_numpy(graph.weights).to(weight))
            for graph in graphs
        ],
    )


def run_at(
    module: "CrossModal",
    times: TimeArray,
    members: Sequence[PanelMember],
    shapes: Shapes,
    step: int,
    *,
    with_text: bool,
) -> tuple[FloatArray, FloatArray]:
    """Forecast one step of the path for every instrument at some moments.

    Returns
    -------
    correction : float64 array, shape (n, n_nodes, n_quantiles)
        The net's output in units, rounded to single precision.
    units : float64 array, shape (n, n_nodes)
    """
    import torch

    runtime.one_thread()
    device = next(module.parameters()).device
    moments = _moments(times, members, shapes)
    documents, embeddings = _documents(times, members, shapes, with_text=with_text)
    graph, graphs = _graphs(times, members)
    _hand_over(module, embeddings, graphs)
    found: list[Any] = []
    with torch.no_grad():
        for low in range(0, times.size, _MOMENTS_AT_ONCE):
            part = slice(low, low + _MOMENTS_AT_ONCE)
            inputs = (moments.steps[part], moments.is_there[part], documents[part], graph[part])
            answer = module(*(torch.from_numpy(array).to(device) for array in inputs))
            found.append(answer[:, :, step].float().cpu())
    return torch.cat(found).numpy().astype(np.float64), moments.units
