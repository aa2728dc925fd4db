"""N-BEATS: trend and seasonality blocks over a panel, with a forecast one can take apart."""

# torch annotates only half of its functions.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

from hf_platform.models.base import Fitted, Parts, Resources, Schedule, Series
from hf_platform.models.neural.quantile_family import QuantileNetFamily, Sizes, base_quantiles, sizes_of
from hf_platform.models.neural.schedules import PANEL_SCHEDULE, QUANTILE_NET_MODULES
from hf_platform.models.neural.tensors import WEIGHTS_FILE, from_bytes
from hf_platform.models.neural.training_loop import TrainSpec
from hf_platform.models.neural.windows import floor_of, paths_at
from hf_platform.types import PROBABILITIES

if TYPE_CHECKING:
    from torch import nn

_TRAINING: Final = TrainSpec(steps=300, batch=512, learning_rate=1e-3)
_RESOURCES: Final = Resources(gpu_memory_gb=1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class NBeatsSpec:
    """Interpretable configuration of the paper (section 3.3), smaller: prices hold little structure.

    Parameters
    ----------
    blocks : int
        Blocks of each stack, trend first.
    width : int
        Units of a block's two hidden layers.
    degree : int
        Of the trend polynomial.
    """

    blocks: int = 2
    width: int = 64
    degree: int = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class NBeatsFamily(QuantileNetFamily):
    """One net per horizon and anchor over the panel; each forecast is random walk + trend + seasonality."""

    spec_: NBeatsSpec = NBeatsSpec()
    training: TrainSpec = _TRAINING
    name: str = "nbeats"
    kind: Literal["return"] = "return"
    scope: Literal["panel"] = "panel"
    description: str = (
        "Quantiles of the log price path by N-BEATS with trend and seasonality stacks (Oreshkin, Carpov, Chapados and "
        "Bengio 2020, ICLR, arXiv 1905.10437; blocks of the neuralforecast library), one net per horizon and anchor "
        "over the screened universe, trained by the pinball loss. The forecast is the sum of its components."
    )
    variants: tuple[str, ...] = ("interpretable",)
    feature_names: tuple[str, ...] = ()
    schedule: Schedule = PANEL_SCHEDULE
    resources: Resources = _RESOURCES
    extra: str | None = "neural"
    dependencies: tuple[str, ...] = (
        *QUANTILE_NET_MODULES,
        "hf_platform.models.neural.layers.nbeats_stacks",
        "neuralforecast",
    )

    @property
    def search_space(self) -> dict[str, object]:
        """Ranges worth searching."""
        return {
            "width": {"choices": [32, 64, 128]},
            "blocks": {"low": 1, "high": 3},
            "learning_rate": {"low": 1e-4, "high": 1e-2, "log": True},
        }

    def spec(self, variant: str) -> dict[str, object]:
        """Shapes and training."""
        return {"variant": variant, **asdict(self.spec_), "training": asdict(self.training)}

    def build(self, sizes: Sizes) -> "nn.Module":
        """Stack the blocks."""
        from hf_platform.models.neural.layers.nbeats_stacks import interpretable

        return interpretable(sizes, self.spec_.blocks, self.spec_.width, self.spec_.degree)

    def decompose(self, fitted: Fitted, series: Series, index: int) -> Parts:
        """Take the median forecast at one bar apart: random walk, trend and seasonality along the whole path."""
        import torch

        task = fitted.task
        sizes = sizes_of(task.horizon)
        module: Any = self.tuned(task).restore(from_bytes(fitted.state[WEIGHTS_FILE]), sizes, "cpu")
        floor = floor_of(task.series, task.start, task.stop)
        path = paths_at(series.log_return, np.array([index], dtype=np.int64), sizes.lookback, sizes.n_steps, floor)
        with torch.no_grad():
            found = module.decompose(torch.from_numpy(path.values))
        unit, median = float(path.unit[0]), PROBABILITIES.index(0.5)
        past = {name: part[0].numpy() * unit for name, part in found.backcasts.items()}
        ahead = {name: part[0, :, median].numpy() * unit for name, part in found.forecasts.items()}
        ahead["random_walk"] = base_quantiles(sizes)[:, median] * unit
        return Parts(
            past={"log_price": path.values[0] * unit, **past, "residual": found.residual[0].numpy() * unit},
            ahead={"forecast": np.sum(list(ahead.values()), axis=0), **ahead},
        )


FAMILY: Final = NBeatsFamily()
