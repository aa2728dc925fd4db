"""What all families of scope `panel` share: tasks grouped by net, nets trained once, failures as values."""

import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, Self

from hf_platform.models.base import FitFailure, FitTask, Fitted, OriginSet, Panel, PanelMember
from hf_platform.models.checks import bad_returns, check_batch, data_failure
from hf_platform.models.neural.tensors import WEIGHTS_FILE, Arrays, to_bytes
from hf_platform.models.neural.training_loop import TrainSpec
from hf_platform.models.state import from_state, to_state
from hf_platform.types import ForecastDistribution


@dataclass(frozen=True, slots=True, eq=False)
class Net:
    """A trained net.

    Parameters
    ----------
    params : dict of str to JSON value
        For the ledger.
    arrays : dict of str to array
        Weights.
    n_rows : int
        Training windows.
    loss : float
        Validation loss of the weights that were kept.
    device : str
    files : dict of str to bytes
        Native files besides the weights.
    reason : str or None
        What the ledger should say beside `ok`.
    """

    params: Mapping[str, object]
    arrays: Arrays
    n_rows: int
    loss: float
    device: str
    files: Mapping[str, bytes] = field(default_factory=dict[str, bytes])
    reason: str | None = None


class PanelFamily(ABC):
    """Fits one net per panel; a task without a panel is a panel of its own series.

    Subclasses are frozen dataclasses with the fields of the family contract; they train a net on a
    panel, and forecast a key from its weights.
    """

    __slots__ = ()

    variants: tuple[str, ...]
    feature_names: tuple[str, ...]
    spec_: Any
    training: TrainSpec

    @abstractmethod
    def train(self, panel: Panel, task: FitTask) -> Net | str:
        """Train the net of a panel for the horizon, variant and seed of `task`; a text where it cannot be."""

    @abstractmethod
    def forecast_group(
        self, fitted: Sequence[Fitted], origins: Sequence[OriginSet]
    ) -> list[ForecastDistribution | FitFailure]:
        """Forecast fits that share one net."""

    def fit_many(self, batch: Sequence[FitTask]) -> list[Fitted | FitFailure]:
        """Train each distinct net once; its tasks share parameters and weights."""
        check_batch(batch, self.variants, self.feature_names)
        groups: dict[str, list[FitTask]] = {}
        for place, task in enumerate(batch):
            name = f"alone-{place}" if task.panel is None else task.panel.net_id
            groups.setdefault(name, []).append(task)
        found: dict[int, Fitted | FitFailure] = {}
        for tasks in groups.values():
            found |= {id(task): outcome for task, outcome in zip(tasks, self._fit_group(tasks), strict=True)}
        return [found[id(task)] for task in batch]

    def _fit_group(self, tasks: Sequence[FitTask]) -> list[Fitted | FitFailure]:
        began = time.perf_counter()
        refused = [_refusal(task) for task in tasks]
        first = next((task for task, failure in zip(tasks, refused, strict=True) if failure is None), None)
        if first is None:
            return [failure for failure in refused if failure is not None]
        panel = first.panel or _alone(first)
        net = self.tuned(first).train(panel, first)
        if isinstance(net, str):
            failed = [data_failure(task, net) for task in tasks]
            return [failure or other for failure, other in zip(refused, failed, strict=True)]
        params: dict[str, object] = {
            **net.params,
            "net": panel.net_id,
            "anchor": panel.anchor,
            "panel": len(panel.members),
            "left_out": panel.left_out,
            "n_rows": net.n_rows,
            "validation_loss": net.loss,
            "device": net.device,
        }
        if net.reason is not None:
            params["note"] = net.reason
        state = {WEIGHTS_FILE: to_bytes(net.arrays), **net.files}
        seconds = (time.perf_counter() - began) / len(tasks)
        return [
            failure or _fitted(Fitted(task, params, state=state), seconds)
            for task, failure in zip(tasks, refused, strict=True)
        ]

    def forecast_many(
        self, fitted: Sequence[Fitted], origins: Sequence[OriginSet]
    ) -> list[ForecastDistribution | FitFailure]:
        """Forecast, the fits of one net together."""
        groups: dict[bytes, list[int]] = {}
        for place, fit in enumerate(fitted):
            groups.setdefault(fit.state[WEIGHTS_FILE], []).append(place)
        found: dict[int, ForecastDistribution | FitFailure] = {}
        for places in groups.values():
            family = self.tuned(fitted[places[0]].task)
            results = family.forecast_group([fitted[i] for i in places], [origins[i] for i in places])
            found |= dict(zip(places, results, strict=True))
        return [found[place] for place in range(len(fitted))]

    def tuned(self, task: FitTask) -> Self:
        """Take over the parameters that a search found, those of the net and those of its training."""
        if not task.tuned:
            return self
        own = {each.name for each in fields(self.spec_)}
        shapes = {name: value for name, value in task.tuned.items() if name in own}
        rest: dict[str, Any] = {name: value for name, value in task.tuned.items() if name not in own}
        changes: dict[str, Any] = {"spec_": replace(self.spec_, **shapes), "training": replace(self.training, **rest)}
        family: Any = self  # subclasses are dataclasses
        return replace(family, **changes)

    def to_state(self, fitted: Fitted) -> dict[str, bytes]:
        """Serialise: parameters as JSON, weights as safetensors."""
        return to_state(fitted)

    def from_state(self, task: FitTask, state: dict[str, bytes]) -> Fitted:
        """Rebuild a fit, also for another key of the same panel."""
        return _fitted(from_state(task, state), 0.0)


def _fitted(fitted: Fitted, seconds: float) -> Fitted:
    params: dict[str, Any] = fitted.params
    return replace(
        fitted,
        n_obs=params["n_rows"],
        score=params["validation_loss"],
        device=params["device"],
        reason=params.get("note"),
        seconds=seconds,
    )


def _refusal(task: FitTask) -> FitFailure | None:
    """Say why a task has no part in its panel."""
    if task.panel is None:
        return bad_returns(task)
    if any(member.series is task.series for member in task.panel.members):
        return None
    reason = task.panel.left_out.get(task.key.instrument, "no member of its own panel")
    return data_failure(task, f"left out of the panel of {task.panel.anchor}: {reason}")


def _alone(task: FitTask) -> Panel:
    anchor = str(task.series.event_at[task.stop - 1])[:10]
    return Panel(f"alone-{task.model_id}", anchor, (PanelMember(task.series, task.start, task.stop),), {})
