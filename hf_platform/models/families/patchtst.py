"""PatchTST: a transformer over patches of the price path, one series at a time, trained on a panel."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final, Literal

from hf_platform.errors import ConfigError
from hf_platform.models.base import Resources, Schedule
from hf_platform.models.neural.quantile_family import QuantileNetFamily, Sizes
from hf_platform.models.neural.schedules import PANEL_SCHEDULE, QUANTILE_NET_MODULES
from hf_platform.models.neural.training_loop import TrainSpec

if TYPE_CHECKING:
    from torch import nn

_TRAINING: Final = TrainSpec(steps=200, batch=128, learning_rate=1e-3)
_RESOURCES: Final = Resources(gpu_memory_gb=2.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class PatchTstSpec:
    """The paper's small configuration (its appendix for ETTh1), two layers deep.

    Parameters
    ----------
    patch, stride : int
        Bars of a patch, and from one patch to the next.
    width, heads, layers, feed_forward : int
        Of the encoder.
    dropout : float
    """

    patch: int = 16
    stride: int = 8
    width: int = 16
    heads: int = 4
    layers: int = 2
    feed_forward: int = 64
    dropout: float = 0.2

    def __post_init__(self) -> None:
        """Check the ranges."""
        if self.width % self.heads or not 0 <= self.dropout < 1 or self.patch < self.stride:
            raise ConfigError(
                f"PatchTST needs a width that its heads divide, dropout in [0, 1) and patches as long as the stride, "
                f"found {self}. Change the specification."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class PatchTstFamily(QuantileNetFamily):
    """One net per horizon and anchor over the panel; every series is a channel of its own."""

    spec_: PatchTstSpec = PatchTstSpec()
    training: TrainSpec = _TRAINING
    name: str = "patchtst"
    kind: Literal["return"] = "return"
    scope: Literal["panel"] = "panel"
    description: str = (
        "Quantiles of the log price path by PatchTST (Nie, Nguyen, Sinthong and Kalagnanam 2023, ICLR, arXiv "
        "2211.14730; the neuralforecast library's network): patches of 16 bars as tokens, reversible instance "
        "normalisation, one net per horizon and anchor over the screened universe, trained by the pinball loss."
    )
    variants: tuple[str, ...] = ("small",)
    feature_names: tuple[str, ...] = ()
    schedule: Schedule = PANEL_SCHEDULE
    resources: Resources = _RESOURCES
    extra: str | None = "neural"
    dependencies: tuple[str, ...] = (
        *QUANTILE_NET_MODULES,
        "hf_platform.models.neural.layers.patch_transformer",
        "neuralforecast",
    )

    @property
    def search_space(self) -> dict[str, object]:
        """Ranges worth searching."""
        return {
            "width": {"choices": [16, 32, 64]},
            "layers": {"low": 1, "high": 3},
            "dropout": {"low": 0.0, "high": 0.4},
            "learning_rate": {"low": 1e-4, "high": 1e-2, "log": True},
        }

    def spec(self, variant: str) -> dict[str, object]:
        """Shapes and training."""
        return {"variant": variant, **asdict(self.spec_), "training": asdict(self.training)}

    def build(self, sizes: Sizes) -> "nn.Module":
        """Make the network."""
        from hf_platform.models.neural.layers.patch_transformer import PatchShapes, PatchTransformer

        shapes = PatchShapes(sizes.lookback, sizes.n_steps, sizes.n_quantiles, **asdict(self.spec_))
        return PatchTransformer(shapes)


FAMILY: Final = PatchTstFamily()
