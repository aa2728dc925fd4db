"""Device, seed and threads: the same bits whenever a net is trained again on the same kind of device."""
# torch annotates only half of its functions.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

import threading
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from hf_platform.errors import ConfigError
from hf_platform.models.device import Asked, choose

if TYPE_CHECKING:
    import torch

# torch draws initial weights and dropout from one generator of the whole process.
_TRAINING: Final = threading.Lock()


def device_of(asked: Asked) -> "torch.device":
    """Choose the device at run time.

    Parameters
    ----------
    asked : {"auto", "cpu", "cuda"}
        `HFP_DEVICE`.

    Raises
    ------
    ConfigError
        If a GPU is asked for, and there is none or this torch cannot use it.
    """
    import torch

    found = choose(asked, worth_it=torch.cuda.is_available())
    if found == "cuda" and not torch.cuda.is_available():
        raise ConfigError(
            f"HFP_DEVICE=cuda needs a torch built for CUDA, found {torch.__version__}. "
            "Install one, or set HFP_DEVICE=auto or cpu."
        )
    return torch.device(found)


@contextmanager
def seeded(seed: int) -> Generator[None]:
    """Train alone in this process, on one thread, from a seed; the caller's random state is left as it was."""
    import torch

    cuda = range(torch.cuda.device_count()) if torch.cuda.is_available() else ()
    with _TRAINING, torch.random.fork_rng(devices=list(cuda)):
        one_thread()
        torch.manual_seed(seed)
        yield


def one_thread() -> None:
    """Hold torch to one thread: parallel work is whole nets, and results must not depend on the core count."""
    import torch

    if torch.get_num_threads() != 1:
        torch.set_num_threads(1)
