"""PatchTST and N-BEATS on an ETT file, in the published protocol."""

# torch annotates only half of its functions.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from hf_platform.models.device import Asked
from hf_platform.models.ett import EttData, windows
from hf_platform.models.neural import memory, runtime
from hf_platform.models.neural.training_loop import Rows, TrainSpec, train
from hf_platform.types import FloatArray

if TYPE_CHECKING:
    from torch import nn

HORIZON: Final = 96
_WINDOWS_IN_BATCH: Final = 128  # times all columns


@dataclass(frozen=True, slots=True, kw_only=True)
class EttOptions:
    """How PatchTST/42 was trained on ETTh1: the defaults are the authors'.

    Parameters
    ----------
    lookback : int
        336 makes 42 patches; 512 makes 64.
    horizon : int
    epochs : int
        At most; training stops after ten without an improvement on the validation months.
    learning_rate : float
    width, heads, layers, feed_forward : int
    dropout : float
    device : {"auto", "cpu", "cuda"}
    seed : int
    """

    lookback: int = 336
    horizon: int = HORIZON
    epochs: int = 100
    learning_rate: float = 1e-4
    width: int = 16
    heads: int = 4
    layers: int = 3
    feed_forward: int = 128
    dropout: float = 0.3
    device: Asked = "auto"
    seed: int = 2021


def forecast(data: EttData, method: str, options: EttOptions) -> tuple[FloatArray, memory.MemoryPlan]:
    """Train on the training months, stop by the validation months, forecast every test window.

    Returns
    -------
    forecasts : float64 array, shape (n_windows, n_columns, horizon)
    plan : MemoryPlan
    """
    device = runtime.device_of(options.device)
    parts = [windows(data.values, part, options.lookback, options.horizon) for part in (data.train, data.validation)]
    inputs = np.concatenate([_rows(past) for past, _ in parts]).astype(np.float32)
    targets = np.concatenate([_rows(ahead) for _, ahead in parts]).astype(np.float32)
    n_train = parts[0][0].shape[0] * len(data.columns)
    is_validation = np.arange(inputs.shape[0]) >= n_train
    n_patches = options.lookback // 8
    wanted = _WINDOWS_IN_BATCH * len(data.columns)
    planned = memory.plan(4 * n_patches * options.feed_forward * options.layers, wanted, memory.free_bytes(device))
    test, _ = windows(data.values, data.test, options.lookback, options.horizon)

    def attempt(rows: int) -> FloatArray:
        import torch

        an_epoch = max(1, n_train // rows)
        spec = TrainSpec(
            steps=options.epochs * an_epoch, batch=rows, learning_rate=options.learning_rate, weight_decay=0.0,
            check_every=an_epoch, patience=10, judges=20_000,
        )  # fmt: skip
        with runtime.seeded(options.seed):
            module = _build(method, options).to(device)
            # Kept on the host when they would fill the device: a minibatch travels, the rest stays.
            data_rows = Rows([torch.from_numpy(inputs).to(device)], torch.from_numpy(targets).to(device), is_validation)
            train(module, data_rows, lambda found, actual: (found[..., 0] - actual).square().mean(), spec)
            return _run(module, test, rows)

    found, rows = memory.split_until_it_fits(attempt, planned.rows)
    return found, replace(planned, rows=rows, predicted=planned.predicted * rows // planned.rows)


def _rows(cut: FloatArray) -> FloatArray:
    return cut.reshape(-1, cut.shape[-1])


def _build(method: str, options: EttOptions) -> "nn.Module":
    if method == "patchtst":
        from hf_platform.models.neural.layers.patch_transformer import PatchShapes, PatchTransformer

        shapes = PatchShapes(
            lookback=options.lookback, n_steps=options.horizon, n_outputs=1, patch=16, stride=8, width=options.width,
            heads=options.heads, layers=options.layers, feed_forward=options.feed_forward, dropout=options.dropout,
        )  # fmt: skip
        return PatchTransformer(shapes, subtract_last=False, zero_head=False)
    from hf_platform.models.neural.layers.nbeats_stacks import interpretable
    from hf_platform.models.neural.quantile_family import Sizes

    return interpretable(Sizes(options.lookback, options.horizon, 1), 3, 256, 3)


def _run(module: "nn.Module", inputs: FloatArray, rows: int) -> FloatArray:
    import torch

    device = next(module.parameters()).device
    found: list[Any] = []
    with torch.no_grad():
        for part in torch.from_numpy(_rows(inputs).astype(np.float32)).split(rows):
            found.append(module(part.to(device))[..., 0].cpu())  # noqa: PERF401  # a part at a time on the device
    return torch.cat(found).numpy().astype(np.float64).reshape(*inputs.shape[:2], -1)
