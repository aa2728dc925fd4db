"""Train a net: minibatches of Adam, and the weights that did best on the newest windows."""
# torch annotates only half of its functions.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from hf_platform.errors import ConfigError
from hf_platform.types import BoolArray

if TYPE_CHECKING:
    import torch
    from torch import nn

Loss = Callable[["torch.Tensor", "torch.Tensor"], "torch.Tensor"]
Look = Callable[[float, float], None]
_WATCHER: Final[ContextVar[Look | None]] = ContextVar("watcher", default=None)
_CLIP: Final = 1.0  # largest gradient norm of a step
_ROWS_AT_ONCE: Final = 1024  # of the validation rows


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainSpec:
    """How long and how fast.

    Parameters
    ----------
    steps : int
        At most so many minibatches.
    batch : int
        Rows of a minibatch.
    learning_rate, weight_decay : float
        Of AdamW; the rate falls to zero along a cosine.
    check_every : int
        Steps between two looks at the validation windows.
    patience : int
        Looks without an improvement before training stops.
    judges : int
        Validation rows looked at, evenly spread: more would cost as much as the training itself.
    keep_best : bool
        End with the weights of the best look; otherwise with the last.
    """

    steps: int = 300
    batch: int = 256
    learning_rate: float = 1e-3
    weight_decay: float = 1e-4
    check_every: int = 25
    patience: int = 4
    judges: int = 2048
    keep_best: bool = True

    def __post_init__(self) -> None:
        """Check the ranges."""
        if min(self.steps, self.batch, self.check_every, self.patience) < 1 or self.learning_rate <= 0:
            raise ConfigError(f"training needs positive counts and a positive rate, found {self}. Change them.")


@dataclass(frozen=True, slots=True)
class TrainReport:
    """How training went: steps taken, and the validation loss at the start and of the weights kept."""

    steps: int
    first_loss: float
    best_loss: float


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """What a net is trained on, all of it on one device.

    Parameters
    ----------
    inputs : sequence of tensor, first axis n_rows
        A module is called with a slice of each.
    targets : tensor, first axis n_rows
    is_validation : bool array, shape (n_rows,)
        Rows that judge, and never train.
    """

    inputs: Sequence["torch.Tensor"]
    targets: "torch.Tensor"
    is_validation: BoolArray


@contextmanager
def watched(look: Look) -> Generator[None]:
    """Follow every training inside, in this thread.

    Parameters
    ----------
    look : callable
        Called after each look at the validation windows with the share of the steps that are done, and the
        relative change of the best loss so far against the untrained net's (negative is better). What it
        raises ends the training.
    """
    token = _WATCHER.set(look)
    try:
        yield
    finally:
        _WATCHER.reset(token)


def train(module: "nn.Module", rows: Rows, loss: Loss, spec: TrainSpec) -> TrainReport:
    """Train a module in place; by default it ends with the weights of the best look, the untrained ones included.

    Parameters
    ----------
    module : nn.Module
        On the device of the rows.
    rows : Rows
    loss : callable
        (prediction, target) -> scalar.
    spec : TrainSpec

    Notes
    -----
    Draws from torch's own generator: call it within `runtime.seeded`.
    """
    import torch

    device = rows.targets.device
    training = torch.from_numpy(np.flatnonzero(~rows.is_validation)).to(device)
    judges = np.flatnonzero(rows.is_validation)
    held = torch.from_numpy(judges[:: -(-judges.size // spec.judges)]).to(device)
    weights = [weight for weight in module.parameters() if weight.requires_grad]
    optimiser = torch.optim.AdamW(weights, lr=spec.learning_rate, weight_decay=spec.weight_decay)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, spec.steps)
    first = best = _mean_loss(module, rows, held, loss)
    kept, since, step = _copy(module), 0, 0
    while step < spec.steps and since < spec.patience:
        module.train()
        drawn = training[torch.randint(training.shape[0], (min(spec.batch, training.shape[0]),)).to(device)]
        optimiser.zero_grad()
        value = _loss_of(module, rows, drawn, loss)
        value.backward()
        torch.nn.utils.clip_grad_norm_(weights, _CLIP)
        optimiser.step()
        schedule.step()
        step += 1
        if step % spec.check_every == 0 or step == spec.steps:
            found = _mean_loss(module, rows, held, loss)
            since += 1
            if found < best:
                best, kept, since = found, _copy(module), 0
            _tell(step / spec.steps, (best - first) / abs(first))
    if spec.keep_best:
        module.load_state_dict(kept)
    module.eval()
    return TrainReport(step, first, best)


def _tell(share: float, change: float) -> None:
    look = _WATCHER.get()
    if look is not None:
        look(share, change)


def _copy(module: "nn.Module") -> dict[str, "torch.Tensor"]:
    return {name: tensor.detach().clone() for name, tensor in module.state_dict().items()}


def _loss_of(module: "nn.Module", rows: Rows, chosen: "torch.Tensor", loss: Loss) -> "torch.Tensor":
    return loss(module(*(tensor[chosen] for tensor in rows.inputs)), rows.targets[chosen])


def _mean_loss(module: "nn.Module", rows: Rows, chosen: "torch.Tensor", loss: Loss) -> float:
    import torch

    module.eval()
    total = 0.0
    with torch.no_grad():
        for part in chosen.split(_ROWS_AT_ONCE):
            total += float(_loss_of(module, rows, part, loss)) * part.shape[0]
    return total / chosen.shape[0]
