"""CMTF: prices, texts and related instruments in one net, fused by attention."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

from hf_platform.models.base import FitFailure, FitTask, Fitted, OriginSet, Panel, PanelMember, Resources, Schedule
from hf_platform.models.neural import runtime
from hf_platform.models.neural.cross_modal_data import Shapes, run_at, training_moments
from hf_platform.models.neural.cross_section import known_times
from hf_platform.models.neural.panel_family import Net, PanelFamily
from hf_platform.models.neural.quantile_family import base_quantiles, sizes_of
from hf_platform.models.neural.quantile_function import from_quantiles
from hf_platform.models.neural.schedules import PANEL_SCHEDULE, QUANTILE_NET_MODULES
from hf_platform.models.neural.tensors import WEIGHTS_FILE, from_bytes, load_weights, weights_of
from hf_platform.models.neural.training_loop import TrainSpec
from hf_platform.models.neural.windows import windows_known
from hf_platform.types import BoolArray, ForecastDistribution

if TYPE_CHECKING:
    from hf_platform.models.neural.layers.cross_modal import CrossModal

_TRAINING: Final = TrainSpec(steps=80, batch=12, learning_rate=2e-3, check_every=20, patience=2)
_RESOURCES: Final = Resources(gpu_memory_gb=2.0)
_LOOKBACK: Final[dict[str, int]] = {"1d": 32, "1w": 26, "1mo": 24}


@dataclass(frozen=True, slots=True, kw_only=True)
class CmtfSpec:
    """The guide's heads, layers and dropout at a width for tens of instruments, not thousands.

    Parameters
    ----------
    width : int
        Of every source's token; the heads divide it.
    heads : int
        Of the text encoder and of the fusion.
    text_layers : int
        Of the text encoder; it is left out where no instrument has texts.
    documents : int
        Newest texts looked at, at most.
    document_days : int
        Texts older than this are forgotten.
    dropout : float
    use_text, use_graph : bool
        Sources; both off leaves prices alone, for comparison.
    """

    width: int = 32
    heads: int = 8
    text_layers: int = 6
    documents: int = 8
    document_days: int = 14
    dropout: float = 0.1
    use_text: bool = True
    use_graph: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class CmtfFamily(PanelFamily):
    """One net per horizon and anchor that forecasts the whole panel of a moment together.

    A forecast reads the newest known bars of all members, never one that was published after the
    origin was; the graph joins what correlated over the year before the last quarter began; texts
    count from their `known_at` on.
    """

    spec_: CmtfSpec = CmtfSpec()
    training: TrainSpec = _TRAINING
    name: str = "cmtf"
    kind: Literal["return"] = "return"
    scope: Literal["panel"] = "panel"
    description: str = (
        "Quantiles of the log price path by cross-modal temporal fusion: an LSTM over prices (Hochreiter and "
        "Schmidhuber 1997), a transformer with 8 heads over text embeddings and multi-head attention for the fusion "
        "(Vaswani et al. 2017, arXiv 1706.03762), and graph convolutions over a dated correlation graph (Kipf and "
        "Welling 2017, arXiv 1609.02907), one net per horizon and anchor over the screened universe."
    )
    variants: tuple[str, ...] = ("fusion",)
    feature_names: tuple[str, ...] = ()
    schedule: Schedule = PANEL_SCHEDULE
    resources: Resources = _RESOURCES
    extra: str | None = "neural"
    reads_documents: bool = True
    dependencies: tuple[str, ...] = (
        *QUANTILE_NET_MODULES,
        "hf_platform.models.neural.cross_modal_data",
        "hf_platform.models.neural.cross_section",
        "hf_platform.models.neural.layers.attention_fusion",
        "hf_platform.models.neural.layers.cross_modal",
        "hf_platform.models.neural.layers.graph_encoder",
        "hf_platform.models.neural.layers.text_encoder",
        "torch-geometric",
    )

    @property
    def search_space(self) -> dict[str, object]:
        """Ranges worth searching."""
        return {
            "width": {"choices": [16, 32, 64]},
            "text_layers": {"low": 1, "high": 6},
            "dropout": {"low": 0.0, "high": 0.3},
            "learning_rate": {"low": 1e-4, "high": 1e-2, "log": True},
        }

    def spec(self, variant: str) -> dict[str, object]:
        """Shapes, training and which sources are read."""
        return {"variant": variant, **asdict(self.spec_), "training": asdict(self.training)}

    def shapes(self, task: FitTask) -> Shapes:
        """Give the shapes of the inputs for a horizon."""
        age = np.timedelta64(self.spec_.document_days, "D")
        sizes = sizes_of(task.horizon)
        return Shapes(_LOOKBACK.get(task.horizon.frequency, 32), sizes.n_steps, self.spec_.documents, age)

    def build(self, task: FitTask, text_dimensions: int) -> "CrossModal":
        """Make the network."""
        from hf_platform.models.neural.layers.cross_modal import CrossModal, CrossModalShapes

        sizes = sizes_of(task.horizon)
        return CrossModal(
            CrossModalShapes(
                n_steps=sizes.n_steps,
                n_outputs=sizes.n_quantiles,
                width=self.spec_.width,
                n_heads=self.spec_.heads,
                text_layers=self.spec_.text_layers,
                text_dimensions=text_dimensions,
                n_documents=self.spec_.documents,
                dropout=self.spec_.dropout,
                has_graph=self.spec_.use_graph,
            )
        )

    def train(self, panel: Panel, task: FitTask) -> Net | str:
        """Train on all moments of the panel."""
        from hf_platform.models.neural.cross_modal_data import train_on_moments

        moments = training_moments(panel.members, self.shapes(task), with_text=self.spec_.use_text)
        if isinstance(moments, str):
            return moments
        device = runtime.device_of(task.device)
        text_dimensions = moments.embeddings.shape[1]
        with runtime.seeded(task.seed):
            module = self.build(task, text_dimensions).to(device)
            report = train_on_moments(module, moments, base_quantiles(sizes_of(task.horizon)), self.training)
        params = {
            "steps": report.steps,
            "untrained_loss": report.first_loss,
            "text_dimensions": text_dimensions,
            "documents": int(moments.embeddings.shape[0]),
            "graphs": len(moments.graphs),
            "edges_of_newest_graph": int(moments.graphs[-1].weights.size) if moments.graphs else 0,
        }
        return Net(params, weights_of(module), moments.n_targets, report.best_loss, device.type)

    def usable_origins(self, fitted: Fitted, origins: OriginSet) -> BoolArray:
        """Mark the origins whose own window is known; that of another member may have a hole.

        An origin whose next bar became known at the same time is no moment of its own.
        """
        known = known_times(origins.series)
        following = np.append(known[1:], np.datetime64("9999-01-01", "us"))
        is_newest = known[origins.indices] < following[origins.indices]
        return is_newest & windows_known(self.shapes(fitted.task).lookback, origins.series, origins.indices)

    def forecast_group(
        self, fitted: Sequence[Fitted], origins: Sequence[OriginSet]
    ) -> list[ForecastDistribution | FitFailure]:
        """Run the net at every moment that some key asks for."""
        task = fitted[0].task
        params: dict[str, Any] = fitted[0].params
        with runtime.seeded(0):  # building draws weights that are thrown away
            module = self.build(task, params["text_dimensions"])
        load_weights(module, from_bytes(fitted[0].state[WEIGHTS_FILE]))
        module = module.double().to(runtime.device_of(task.device)).eval()
        members = _members(fitted, origins)
        asked = [known_times(own.series)[own.indices] for own in origins]
        times = np.unique(np.concatenate(asked))
        step = task.horizon.n_bars - 1
        has_text = params["text_dimensions"] > 0
        correction, units = run_at(module, times, members, self.shapes(task), step, with_text=has_text)
        base = base_quantiles(sizes_of(task.horizon))[step]
        found: list[ForecastDistribution | FitFailure] = []
        for fit, known in zip(fitted, asked, strict=True):
            rows = np.searchsorted(times, known)
            unit = units[rows, fit.task.place]
            found.append(from_quantiles((base + correction[rows, fit.task.place]) * unit[:, None]))
        return found


def _members(fitted: Sequence[Fitted], origins: Sequence[OriginSet]) -> list[PanelMember]:
    """Give the panel with the series that the origins belong to."""
    task = fitted[0].task
    if task.panel is None:
        return [PanelMember(origins[0].series, task.start, task.stop)]
    members = list(task.panel.members)
    for fit, own in zip(fitted, origins, strict=True):
        old = members[fit.task.place]
        members[fit.task.place] = PanelMember(own.series, old.start, old.stop, old.documents)
    return members


FAMILY: Final = CmtfFamily()
