"""Weights as bytes: safetensors, which holds arrays and nothing that could run."""
# torch annotates only half of its functions.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from hf_platform.errors import StoreError

if TYPE_CHECKING:
    from torch import nn

WEIGHTS_FILE: Final = "net.safetensors"
Arrays = Mapping[str, NDArray[np.generic]]


def weights_of(module: "nn.Module", prefix: str = "") -> dict[str, NDArray[np.generic]]:
    """Copy a module's weights and buffers to the host, by name."""
    return {prefix + name: tensor.detach().cpu().numpy() for name, tensor in module.state_dict().items()}


def load_weights(module: "nn.Module", arrays: Arrays, prefix: str = "") -> None:
    """Put weights into a module of the same shape, in place."""
    import torch

    found = {
        name.removeprefix(prefix): torch.from_numpy(np.array(value))  # a copy: stored bytes are read-only
        for name, value in arrays.items()
        if name.startswith(prefix)
    }
    module.load_state_dict(found)


def to_bytes(arrays: Arrays) -> bytes:
    """Serialise arrays by name; the same arrays give the same bytes."""
    from safetensors.numpy import save

    return save({name: np.ascontiguousarray(arrays[name]) for name in sorted(arrays)})


def from_bytes(content: bytes) -> dict[str, NDArray[np.generic]]:
    """Read arrays back.

    Raises
    ------
    StoreError
        If the bytes are no whole safetensors file.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        return load(content)
    except SafetensorError as error:
        raise StoreError(
            f"weights must be one whole safetensors file, found {len(content)} bytes that are not ({error}). "
            "Remove the net's folder and fit again."
        ) from error
