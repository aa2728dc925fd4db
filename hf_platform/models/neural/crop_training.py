"""Train and run an ES-RNN on pieces of log prices."""

# torch annotates only half of its functions.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from hf_platform.models.neural import runtime
from hf_platform.models.neural.crops import Asked, Crops, TrainingCrops
from hf_platform.models.neural.pinball import pinball
from hf_platform.models.neural.training_loop import Rows, TrainReport, TrainSpec, train
from hf_platform.types import PROBABILITIES, FloatArray

if TYPE_CHECKING:
    import torch

    from hf_platform.models.neural.layers.es_rnn import EsRnn

_PIECES_AT_ONCE: Final = 512


def train_on_crops(module: "EsRnn", crops: TrainingCrops, base: FloatArray, spec: TrainSpec) -> TrainReport:
    """Train jointly on all pieces; call it within `runtime.seeded`.

    Parameters
    ----------
    module : EsRnn
    crops : TrainingCrops
    base : float64 array, shape (n_steps, n_quantiles)
        Quantiles of a random walk, to which the net's output is added.
    spec : TrainSpec
    """
    import torch

    from hf_platform.models.neural.layers.es_rnn import PathPredictor

    device = next(module.parameters()).device
    start = torch.from_numpy(base).float().to(device)
    probabilities = torch.tensor(PROBABILITIES, device=device)

    def loss(predicted: "torch.Tensor", actual: "torch.Tensor") -> "torch.Tensor":
        used = torch.isfinite(actual)
        return pinball((start + predicted)[used], actual[used], probabilities)

    arrays = (crops.values, crops.units, crops.rows, crops.phase)
    rows = Rows(
        [torch.from_numpy(array).to(device) for array in arrays],
        torch.from_numpy(crops.targets).to(device),
        crops.is_validation,
    )
    return train(PathPredictor(module), rows, loss, spec)


def run_on_crops(
    module: "EsRnn", crops: Crops, place: int, asked: Asked, step: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Forecast one step of the path at some bars of some pieces.

    Returns
    -------
    center : float64 array, shape (n_origins,)
        Log price that smoothing forecasts, minus that at the origin.
    correction : float64 array, shape (n_origins, n_quantiles)
        The net's output, in units.
    unit : float64 array, shape (n_origins,)
    """
    import torch

    runtime.one_thread()
    device = next(module.parameters()).device
    centers: list[Any] = []
    corrections: list[Any] = []
    with torch.no_grad():
        for low in range(0, crops.first.size, _PIECES_AT_ONCE):
            part = slice(low, low + _PIECES_AT_ONCE)
            chosen = np.flatnonzero((asked.piece >= low) & (asked.piece < low + _PIECES_AT_ONCE))
            piece = torch.from_numpy(asked.piece[chosen] - low).to(device)
            position = torch.from_numpy(asked.position[chosen]).to(device)
            phase = torch.from_numpy(crops.first[part]).to(device)
            found = module.encode(
                torch.from_numpy(crops.values[part]).to(device),
                torch.from_numpy(crops.units[part]).to(device),
                torch.full_like(phase, place),
                phase,
            )
            centers.append(found.center[piece, position, step].cpu())
            corrections.append(module.paths(found.hidden[piece, position])[:, step].float().cpu())
    unit = crops.units[asked.piece, asked.position]
    # Rounded in units, as every net's output is: see `QuantileNetFamily`.
    center = (torch.cat(centers).numpy() / unit).astype(np.float32).astype(np.float64) * unit
    return center, torch.cat(corrections).numpy().astype(np.float64), unit
