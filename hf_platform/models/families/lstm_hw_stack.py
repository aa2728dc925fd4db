"""The guide's stacked hybrid: LSTMs and Holt-Winters, weighed by XGBoost on out-of-fold predictions."""

# torch annotates only half of its functions.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

from hf_platform.models.base import FitFailure, FitTask, Fitted, OriginSet, Panel, Resources, Schedule
from hf_platform.models.neural import holt_winters, runtime
from hf_platform.models.neural.meta_learner import META_FILE, MetaSpec, apply_meta, fit_meta
from hf_platform.models.neural.panel_family import Net, PanelFamily
from hf_platform.models.neural.quantile_family import run_rows
from hf_platform.models.neural.schedules import PANEL_MODULES, PANEL_SCHEDULE
from hf_platform.models.neural.tensors import WEIGHTS_FILE, from_bytes, load_weights, weights_of
from hf_platform.models.neural.training_loop import Rows, TrainSpec, train
from hf_platform.models.neural.windows import TrainingWindows, floor_of, paths_at, training_windows, windows_known
from hf_platform.models.supervised import residual_params
from hf_platform.types import BoolArray, FloatArray, ForecastDistribution, IntArray

if TYPE_CHECKING:
    from hf_platform.models.neural.layers.window_lstm import WindowLstm

_TRAINING: Final = TrainSpec(steps=30, batch=128, learning_rate=3e-3, check_every=10, patience=3)
_RESOURCES: Final = Resources(gpu_memory_gb=1.0)
_META: Final = MetaSpec()
_LOOKBACK: Final = 24
_LEAST_FOLD: Final = 20  # rows
_MOST_META: Final = 4_000  # rows that the meta learner and the residuals rest on: members are dear to ask


@dataclass(frozen=True, slots=True, kw_only=True)
class StackSpec:
    """Members and their shapes.

    Parameters
    ----------
    lstms : int
        LSTMs that differ by their seed.
    units : int
    dilations : tuple of tuples of int
    meta : MetaSpec
        Of the XGBoost meta learner.
    without : tuple of str
        Members to leave out: what remains still forecasts, and the ledger says who is missing.
    """

    lstms: int = 3
    units: int = 12
    dilations: tuple[tuple[int, ...], ...] = ((1, 2), (4, 8))
    meta: MetaSpec = _META
    without: tuple[str, ...] = ()

    @property
    def members(self) -> tuple[str, ...]:
        """Names of all members, in the order of the meta learner's columns."""
        return (*(f"lstm_{i}" for i in range(self.lstms)), *holt_winters.ENSEMBLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class LstmHwStackFamily(PanelFamily):
    """Diversity, weights by evidence, and a forecast that survives the loss of any one member.

    The meta learner sees only predictions that the members made for windows they were not trained on:
    LSTMs trained on the first half predict the second half. Then they are trained again on both.
    A member whose training fails is a missing value to the trees, and is named in the ledger.
    """

    spec_: StackSpec = StackSpec()
    training: TrainSpec = _TRAINING
    name: str = "lstm_hw_stack"
    kind: Literal["return"] = "return"
    scope: Literal["panel"] = "panel"
    description: str = (
        "Mean return by an ensemble of dilated LSTMs (Chang et al. 2017, arXiv 1710.02224) and damped Holt-Winters "
        "smoothers (Gardner and McKenzie 1985), weighed by an XGBoost meta learner trained on out-of-fold predictions "
        "(stacking, Wolpert 1992, Neural Networks 5(2), 241-259). Often called the M4 winner; that was ES-RNN. Spread "
        "and tails are those of held-out residuals."
    )
    variants: tuple[str, ...] = ("stack",)
    feature_names: tuple[str, ...] = ()
    schedule: Schedule = PANEL_SCHEDULE
    resources: Resources = _RESOURCES
    extra: str | None = "neural"
    dependencies: tuple[str, ...] = (
        *PANEL_MODULES,
        "hf_platform.models.neural.holt_winters",
        "hf_platform.models.neural.layers.dilated_lstm",
        "hf_platform.models.neural.layers.initial",
        "hf_platform.models.neural.layers.window_lstm",
        "hf_platform.models.neural.meta_learner",
        "hf_platform.models.neural.pinball",
        "hf_platform.models.neural.quantile_family",
        "hf_platform.models.neural.quantile_function",
        "hf_platform.models.supervised",
        "xgboost",
    )

    @property
    def search_space(self) -> dict[str, object]:
        """Ranges worth searching."""
        return {
            "lstms": {"low": 1, "high": 5},
            "units": {"choices": [8, 12, 24]},
            "learning_rate": {"low": 1e-3, "high": 1e-2, "log": True},
        }

    def spec(self, variant: str) -> dict[str, object]:
        """Members, shapes and training."""
        shapes = asdict(self.spec_) | {"dilations": [list(block) for block in self.spec_.dilations]}
        return {"variant": variant, **shapes, "without": list(self.spec_.without), "training": asdict(self.training)}

    def build(self) -> "WindowLstm":
        """Make one LSTM."""
        from hf_platform.models.neural.layers.window_lstm import WindowLstm

        return WindowLstm(self.spec_.units, self.spec_.dilations)

    def train(self, panel: Panel, task: FitTask) -> Net | str:
        """Train members on the first half, the meta learner on the second, then members on both."""
        n_bars = task.horizon.n_bars
        windows = training_windows(panel.members, _LOOKBACK, n_bars)
        if isinstance(windows, str):
            return windows
        folds = _halves(windows)
        if min(int(folds.first.sum()), int(folds.second.sum())) < _LEAST_FOLD:
            return f"at least {_LEAST_FOLD} windows in each half needed, found {windows.targets.shape[0]}. Load more."
        target = windows.targets[:, -1].astype(np.float64)
        paths = windows.paths.astype(np.float64)
        early, _ = self._lstms(windows, folds.first, task)
        second = _thinned(folds.second)
        meta = fit_meta(self._predictions(early, paths[second], n_bars), target[second], self.spec_.meta)
        modules, losses = self._lstms(windows, ~windows.is_validation, task)
        held = _thinned(windows.is_validation)
        found = apply_meta(meta, self._predictions(modules, paths[held], n_bars))
        residuals = target[held] - found
        arrays: dict[str, Any] = {}
        for name, module in modules.items():
            arrays |= weights_of(module.float(), f"{name}.")
        missing = [name for name in self.spec_.members if name not in {*modules, *holt_winters.ENSEMBLE}]
        missing += [name for name in holt_winters.ENSEMBLE if name in self.spec_.without]
        params: dict[str, object] = {
            **residual_params(residuals, 1),
            "members": [name for name in self.spec_.members if name not in missing],
            "missing_members": missing,
            "member_losses": losses,
        }
        note = f"stack without {', '.join(missing)}" if missing else None
        loss = float(np.square(residuals).mean())
        return Net(
            params, arrays | {"lookback": np.array([_LOOKBACK])}, target.size, loss,
            runtime.device_of(task.device).type, files={META_FILE: meta}, reason=note,
        )  # fmt: skip

    def _lstms(
        self, windows: TrainingWindows, chosen: BoolArray, task: FitTask
    ) -> "tuple[dict[str, WindowLstm], dict[str, float]]":
        """Train the LSTMs on some rows; the newest tenth of those decides when to stop. Failures are absent."""
        import torch

        device = runtime.device_of(task.device)
        rows = np.flatnonzero(chosen)
        judges = windows.ends[rows] > np.quantile(windows.ends[rows].astype(np.int64), 0.9).astype("datetime64[us]")
        inputs = torch.from_numpy(_returns(windows.paths[rows])).to(device)
        targets = torch.from_numpy(windows.targets[rows, -1].copy()).to(device)
        found: dict[str, WindowLstm] = {}
        losses: dict[str, float] = {}
        for place in range(self.spec_.lstms):
            name = f"lstm_{place}"
            if name in self.spec_.without:
                continue
            with runtime.seeded(task.seed + place):
                module = self.build().to(device)
                loss = torch.nn.functional.smooth_l1_loss
                report = train(module, Rows([inputs], targets, judges), loss, self.training)
            if np.isfinite(report.best_loss):
                found[name] = module
                losses[name] = report.best_loss
        return found, losses

    def _predictions(self, modules: "Mapping[str, WindowLstm]", paths: FloatArray, n_bars: int) -> FloatArray:
        """Ask every member, shape (n_rows, n_members); a column of NaN for one that is missing."""
        found = np.full((paths.shape[0], len(self.spec_.members)), np.nan)
        for column, name in enumerate(self.spec_.members):
            if name in self.spec_.without:
                continue
            if name in modules:
                found[:, column] = run_rows(modules[name].double().eval(), _returns(paths))
            elif name in holt_winters.ENSEMBLE:
                found[:, column] = holt_winters.forecast(paths, holt_winters.ENSEMBLE[name], n_bars)
        return found

    def usable_origins(self, fitted: Fitted, origins: OriginSet) -> BoolArray:
        """Mark the origins whose whole window is known."""
        return windows_known(_LOOKBACK, origins.series, origins.indices)

    def forecast_group(
        self, fitted: Sequence[Fitted], origins: Sequence[OriginSet]
    ) -> list[ForecastDistribution | FitFailure]:
        """Ask the members, then the meta learner."""
        arrays = from_bytes(fitted[0].state[WEIGHTS_FILE])
        device = runtime.device_of(fitted[0].task.device)
        modules: dict[str, WindowLstm] = {}
        for name in self.spec_.members:
            if any(own.startswith(f"{name}.") for own in arrays):
                with runtime.seeded(0):  # building draws weights that are thrown away
                    module = self.build()
                own = {key: value for key, value in arrays.items() if key.startswith(f"{name}.")}
                load_weights(module, own, f"{name}.")
                modules[name] = module.to(device)
        return [self._forecast(modules, fit, asked) for fit, asked in zip(fitted, origins, strict=True)]

    def _forecast(
        self, modules: "Mapping[str, WindowLstm]", fitted: Fitted, origins: OriginSet
    ) -> ForecastDistribution:
        task = fitted.task
        params: dict[str, Any] = fitted.params
        floor = floor_of(task.series, task.start, task.stop)
        n_bars = task.horizon.n_bars
        paths = paths_at(origins.series.log_return, origins.indices, _LOOKBACK, n_bars, floor)
        found = apply_meta(fitted.state[META_FILE], self._predictions(modules, paths.values, n_bars))
        unit = paths.unit
        return ForecastDistribution(
            mean=found * unit,
            volatility=params["residual_volatility"] * unit,
            quantiles=(found[:, None] + np.array(params["residual_quantiles"])) * unit[:, None],
            tail_means=(found[:, None] + np.array(params["residual_tail_means"])) * unit[:, None],
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Folds:
    """Rows of the first and of the second half; what reaches from one into the other is in neither."""

    first: BoolArray
    second: BoolArray


def _thinned(chosen: BoolArray) -> IntArray:
    """Give the chosen rows, evenly thinned."""
    rows = np.flatnonzero(chosen).astype(np.int64)
    return rows[:: -(-rows.size // _MOST_META)]


def _halves(windows: TrainingWindows) -> _Folds:
    free = ~windows.is_validation
    middle = np.sort(windows.origins[free])[int(free.sum()) // 2]
    return _Folds(free & (windows.ends <= middle), free & (windows.origins > middle))


def _returns(paths: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return np.diff(paths, axis=1)


FAMILY: Final = LstmHwStackFamily()
