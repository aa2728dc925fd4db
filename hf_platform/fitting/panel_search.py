"""Score parameters of a panel's net on purged blocks of its window, reporting all the way.

The window is cut at common dates. For each cut a net is trained on what all members had by then, and the
block after it is forecast by that net: a walk forward with targets purged at either end. While a net
trains, its validation loss tells how it does, so that a poor one can be stopped long before its end.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

import numpy as np

from hf_platform.errors import ModelError
from hf_platform.fitting.tune import loss
from hf_platform.fitting.tune_ray import Report
from hf_platform.models.base import FitFailure, FitTask, Fitted, ModelFamily, OriginSet
from hf_platform.types import FloatArray, IntArray

# Shares of the window at which blocks begin: two, since each costs the training of a net.
NET_BLOCKS: Final = (0.6, 0.8)
_LEAST_BARS: Final = 60  # of a member before a cut: fewer say nothing of its scale


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """One net to train and the origins that judge it: one task for each member, with the origins of that member."""

    tasks: tuple[FitTask, ...]
    origins: tuple[IntArray, ...]


@dataclass(frozen=True, slots=True, eq=False)
class PanelJob:
    """What one trial is given.

    Parameters
    ----------
    family : ModelFamily
    blocks : tuple of Block
    own : tuple of float
        Loss of the family's own parameters on each block.
    """

    family: ModelFamily
    blocks: tuple[Block, ...]
    own: tuple[float, ...]

    def change(self, losses: Sequence[float]) -> float:
        """Give the relative change of the mean loss of the first blocks against that of the family's own parameters."""
        own = float(np.mean(self.own[: len(losses)]))
        # QLIKE is a mean logarithm: a difference is relative already.
        return (float(np.mean(losses)) - own) / (1.0 if self.family.kind == "volatility" else own)

    def loss(self, change: float) -> float:
        """Give the mean loss of all blocks that a relative change stands for."""
        own = float(np.mean(self.own))
        return own + change * (1.0 if self.family.kind == "volatility" else own)


def panel_blocks(tasks: Sequence[FitTask]) -> tuple[Block, ...]:
    """Cut the tasks of one panel, one for each member, at common dates.

    The origins of a block run from its cut to the next, `n_bars` apart; a target that would end past the
    window of its task has none.
    """
    longest = max(tasks, key=lambda task: task.stop - task.start)
    length = longest.stop - longest.start
    cuts = [longest.series.event_at[longest.start + round(share * length) - 1] for share in NET_BLOCKS]
    end = max(task.series.event_at[task.stop - 1] for task in tasks)
    blocks = [_block(tasks, low, high) for low, high in pairwise([*cuts, end])]
    return tuple(block for block in blocks if block.tasks)


def _block(tasks: Sequence[FitTask], cut: np.datetime64, end: np.datetime64) -> Block:
    panel = tasks[0].panel
    if panel is not None:
        ends = [(member, _count(member.series.event_at, cut)) for member in panel.members]
        members = tuple(replace(member, stop=min(member.stop, stop)) for member, stop in ends if stop > member.start)
        panel = replace(panel, net_id=f"{panel.net_id}-{cut}", members=members)
    kept: list[FitTask] = []
    origins: list[IntArray] = []
    for task in tasks:
        stop, n_bars = _count(task.series.event_at, cut), task.horizon.n_bars
        last = min(_count(task.series.event_at, end) - 2, task.stop - 1 - n_bars)
        asked = np.arange(stop - 1, last + 1, n_bars, dtype=np.int64)
        if asked.size and stop - task.start >= _LEAST_BARS:
            kept.append(replace(task, model_id=f"{task.model_id}-{cut}", stop=stop, panel=panel))
            origins.append(asked)
    return Block(tuple(kept), tuple(origins))


def _count(times: np.ndarray, moment: np.datetime64) -> int:
    return int(np.searchsorted(times, moment, side="right"))


def block_loss(family: ModelFamily, block: Block, tuned: Mapping[str, object]) -> float:
    """Train the net of a block and score its forecasts, all members alike.

    Returns
    -------
    float
        QLIKE of the variance, or CRPS over the volatility of the member's training window.

    Raises
    ------
    ModelError
        If the net cannot be trained, or forecasts nothing.
    """
    fits = family.fit_many([replace(task, tuned=tuned) for task in block.tasks])
    good: list[Fitted] = []
    asked: list[OriginSet] = []
    for fit, indices in zip(fits, block.origins, strict=True):
        if isinstance(fit, FitFailure):
            continue
        usable = family.usable_origins(fit, OriginSet(fit.task.series, indices))
        if usable.any():
            good.append(fit)
            asked.append(OriginSet(fit.task.series, indices[usable]))
    found = family.forecast_many(good, asked)
    losses = [
        float(loss(family.kind, one, _realised(fit.task, origins.indices)).mean()) / _scale(family, fit.task)
        for fit, origins, one in zip(good, asked, found, strict=True)
        if not isinstance(one, FitFailure)
    ]
    if not losses or not np.isfinite(losses).all():
        reason = next((fit.reason for fit in fits if isinstance(fit, FitFailure)), "no finite forecast in a test block")
        raise ModelError(f"{family.name} with {dict(tuned) or 'its own parameters'}: {reason}")
    return float(np.mean(losses))


def _realised(task: FitTask, indices: IntArray) -> FloatArray:
    windows = np.lib.stride_tricks.sliding_window_view(task.series.log_return, task.horizon.n_bars)
    return windows[indices + 1].sum(axis=1)


def _scale(family: ModelFamily, task: FitTask) -> float:
    if family.kind == "volatility":
        return 1.0
    return float(task.series.log_return[task.start : task.stop].std() * np.sqrt(task.horizon.n_bars))


@dataclass(slots=True)
class _Curve:
    """The learning curve of one trial: reports only ever move on."""

    job: PanelJob
    report: Report
    most: int
    losses: list[float]
    last: int = 0

    def look(self, share: float, change: float) -> None:
        """Tell how the net of the present block does after a share of its training."""
        done = len(self.losses)
        step = int(self.most * (done + share) / len(self.job.blocks))
        if self.last < step < self.most:
            self.last = step
            before = self.job.change(self.losses) if done else 0.0
            self.report(step, (done * before + change) / (done + 1))


def learn(job: PanelJob, params: Mapping[str, object], max_steps: int, report: Report) -> None:
    """Try one point of the space: a net for each block, one after the other.

    A step is an equal share of the training of all nets. What is reported is a relative change, averaged over the
    blocks begun so far: of the loss against the family's own parameters where a block is done, of the validation
    loss against the untrained net's where it is not. All trials are at the same place at the same step. The last
    report knows the mean out-of-sample loss of all blocks and nothing else.

    Raises
    ------
    ModelError
        See `block_loss`.
    """
    from hf_platform.models.neural.training_loop import watched

    curve = _Curve(job, report, max_steps, [])
    for block in job.blocks:
        with watched(curve.look):
            curve.losses.append(block_loss(job.family, block, params))
    report(max_steps, job.change(curve.losses))
