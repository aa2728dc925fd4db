"""LSTM-GARCH: a net on standardised innovations corrects the GARCH variance, and cannot make it negative."""

# torch annotates only half of its functions.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

from hf_platform.models.base import (
    FitFailure,
    FitTask,
    Fitted,
    OriginSet,
    Panel,
    PanelMember,
    Resources,
    Schedule,
    Status,
)
from hf_platform.models.checks import returns_known
from hf_platform.models.families import garch
from hf_platform.models.neural import runtime
from hf_platform.models.neural.garch_inputs import engine_spec, fit_members, inputs_at
from hf_platform.models.neural.panel_family import Net, PanelFamily
from hf_platform.models.neural.quantile_family import run_rows
from hf_platform.models.neural.schedules import PANEL_MODULES, PANEL_SCHEDULE
from hf_platform.models.neural.tensors import WEIGHTS_FILE, from_bytes, load_weights, weights_of
from hf_platform.models.neural.training_loop import Rows, TrainSpec, train
from hf_platform.models.neural.windows import VALIDATION_SHARE
from hf_platform.models.supervised import residual_params
from hf_platform.types import BoolArray, FloatArray, ForecastDistribution

if TYPE_CHECKING:
    from hf_platform.models.neural.layers.variance_lstm import VarianceLstm

_TRAINING: Final = TrainSpec(steps=100, batch=256, learning_rate=3e-3, check_every=20, patience=3)
_RESOURCES: Final = Resources(gpu_memory_gb=1.0)
_LEAST_ROWS: Final = 60
_MOST_ROWS: Final = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class LstmGarchSpec:
    """Bars of innovations that the net sees, and the width of its LSTM."""

    lookback: int = 24
    units: int = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class LstmGarchFamily(PanelFamily):
    """A GJR process per series, and one net over the panel that corrects their variances by a factor.

    The variance over the horizon is the GARCH variance times ``exp(net)``: positive whatever the net
    says. Quantiles are those of the training returns divided by the corrected volatility, pooled over
    the panel (filtered historical simulation).
    """

    spec_: LstmGarchSpec = LstmGarchSpec()
    training: TrainSpec = _TRAINING
    name: str = "lstm_garch"
    kind: Literal["volatility"] = "volatility"
    scope: Literal["panel"] = "panel"
    description: str = (
        "Volatility by a GJR-GARCH process per series (Glosten, Jagannathan and Runkle 1993) whose variance an LSTM on "
        "its standardised innovations multiplies by a positive factor, trained by QLIKE over the screened universe "
        "(after Kim and Won 2018, Expert Systems with Applications 103, 25-37). Quantiles by filtered historical "
        "simulation."
    )
    variants: tuple[str, ...] = ("gjr",)
    feature_names: tuple[str, ...] = ()
    schedule: Schedule = PANEL_SCHEDULE
    resources: Resources = _RESOURCES
    extra: str | None = "neural"
    dependencies: tuple[str, ...] = (
        *PANEL_MODULES,
        "hf_platform.models.families.garch",
        "hf_platform.models.neural.garch_inputs",
        "hf_platform.models.neural.layers.initial",
        "hf_platform.models.neural.layers.variance_lstm",
        "hf_platform.models.neural.pinball",
        "hf_platform.models.neural.quantile_family",
        "hf_platform.models.neural.quantile_function",
        "hf_platform.models.supervised",
        *garch.FAMILY.dependencies,
    )

    @property
    def search_space(self) -> dict[str, object]:
        """Ranges worth searching."""
        return {
            "lookback": {"low": 10, "high": 60},
            "units": {"choices": [8, 16, 32]},
            "learning_rate": {"low": 1e-4, "high": 1e-2, "log": True},
        }

    def spec(self, variant: str) -> dict[str, object]:
        """Process, shapes and training."""
        return {"variant": variant, "process": "gjr", **asdict(self.spec_), "training": asdict(self.training)}

    def build(self) -> "VarianceLstm":
        """Make the network."""
        from hf_platform.models.neural.layers.variance_lstm import VarianceLstm

        return VarianceLstm(2, self.spec_.units)

    def train(self, panel: Panel, task: FitTask) -> Net | str:
        """Fit the processes, then the net on what they leave."""
        import torch

        from hf_platform.models.neural.layers.variance_lstm import qlike

        params = fit_members(panel.members)
        parts = [self._rows(m, own, task) for m, own in zip(panel.members, params, strict=True) if own[0] == own[0]]
        parts = [part for part in parts if part.ratio.size]
        if sum(part.ratio.size for part in parts) < _LEAST_ROWS:
            found = sum(part.ratio.size for part in parts)
            return f"at least {_LEAST_ROWS} windows of innovations with a target needed, found {found}. Load more."
        rows = _concatenated(parts, -(-sum(part.ratio.size for part in parts) // _MOST_ROWS))
        device = runtime.device_of(task.device)
        with runtime.seeded(task.seed):
            module = self.build().to(device)
            data = Rows(
                [torch.from_numpy(rows.windows.astype(np.float32)).to(device)],
                torch.from_numpy(rows.ratio.astype(np.float32)).to(device),
                rows.is_validation,
            )
            report = train(module, data, qlike, self.training)
        weights = weights_of(module, "net.")
        factor = np.exp(run_rows(module.double().eval(), rows.windows))
        shape = residual_params(rows.standardised / np.sqrt(factor), 1)
        described = {"steps": report.steps, "untrained_loss": report.first_loss, **shape}
        n_unfit = int(np.isnan(params[:, 0]).sum())
        return Net(
            described | {"n_unfit": n_unfit},
            weights | {"garch": params},
            rows.ratio.size,
            report.best_loss,
            device.type,
        )

    def _rows(self, member: PanelMember, params: FloatArray, task: FitTask) -> "_Training":
        n_bars, lookback = task.horizon.n_bars, self.spec_.lookback
        returns = member.series.log_return[member.start : member.stop]
        origins = np.arange(lookback - 1, returns.size - n_bars, dtype=np.int64)
        if origins.size == 0:
            none = np.empty(0)
            return _Training(np.empty((0, lookback, 2)), none, none, np.empty(0, dtype=np.bool_))
        inputs = inputs_at(
            returns, params, origins, lookback=lookback, horizon=n_bars, n_train=returns.size, seed=task.seed
        )
        mu = params[list(engine_spec().param_names).index("mu")]
        ahead = np.lib.stride_tricks.sliding_window_view(returns, n_bars)[origins + 1] - mu
        ratio = np.square(ahead).sum(axis=1) / inputs.variance
        split = returns.size - int(VALIDATION_SHARE * returns.size)
        is_validation = origins >= split
        kept = is_validation | (origins + n_bars < split)
        standardised = ahead.sum(axis=1) / np.sqrt(inputs.variance)
        return _Training(inputs.windows[kept], ratio[kept], standardised[kept], is_validation[kept])

    def usable_origins(self, fitted: Fitted, origins: OriginSet) -> BoolArray:
        """Mark the origins up to which no return is missing."""
        return returns_known(fitted.task.start, origins)

    def forecast_group(
        self, fitted: Sequence[Fitted], origins: Sequence[OriginSet]
    ) -> list[ForecastDistribution | FitFailure]:
        """Filter each series from the start of its window, and correct."""
        arrays = from_bytes(fitted[0].state[WEIGHTS_FILE])
        with runtime.seeded(0):  # building draws weights that are thrown away
            module = self.build()
        load_weights(module, {name: value for name, value in arrays.items() if name != "garch"}, "net.")
        module = module.double().to(runtime.device_of(fitted[0].task.device)).eval()
        return [
            self._forecast(module, arrays["garch"].astype(np.float64), fit, asked)
            for fit, asked in zip(fitted, origins, strict=True)
        ]

    def _forecast(
        self, module: "VarianceLstm", processes: FloatArray, fitted: Fitted, origins: OriginSet
    ) -> ForecastDistribution | FitFailure:
        task = fitted.task
        params: dict[str, Any] = fitted.params
        own = processes[task.place]
        if np.isnan(own).any():
            reason = "the GARCH likelihood of its window has no certified maximum"
            return FitFailure(task, Status.NOT_CONVERGED, "forecast", reason)
        inputs = inputs_at(
            origins.series.log_return[task.start :],
            own,
            origins.indices - task.start,
            lookback=self.spec_.lookback,
            horizon=task.horizon.n_bars,
            n_train=task.stop - task.start,
            seed=task.seed,
        )
        spread = np.sqrt(inputs.variance * np.exp(run_rows(module, inputs.windows)))
        mean = np.full(spread.shape, task.horizon.n_bars * own[list(engine_spec().param_names).index("mu")])
        return ForecastDistribution(
            mean=mean,
            volatility=spread * params["residual_volatility"],
            quantiles=mean[:, None] + spread[:, None] * np.array(params["residual_quantiles"]),
            tail_means=mean[:, None] + spread[:, None] * np.array(params["residual_tail_means"]),
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Training:
    """Rows of one series, first axis n_rows: inputs, realised over forecast variance, standardised returns."""

    windows: FloatArray
    ratio: FloatArray
    standardised: FloatArray
    is_validation: BoolArray


def _concatenated(parts: Sequence[_Training], stride: int) -> _Training:
    return _Training(
        *(
            np.concatenate([getattr(part, name)[::-stride][::-1] for part in parts])
            for name in ("windows", "ratio", "standardised", "is_validation")
        )
    )


FAMILY: Final = LstmGarchFamily()
