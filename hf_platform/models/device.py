"""Where a model runs: asks the driver for a GPU without importing any model library."""

import ctypes
from functools import cache
from typing import Literal

from hf_platform.errors import ConfigError

Device = Literal["cpu", "cuda"]
Asked = Literal["auto", "cpu", "cuda"]


@cache
def gpu_present() -> bool:
    """Tell whether the NVIDIA driver shows this process at least one GPU (`CUDA_VISIBLE_DEVICES` counts)."""
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return False
    count = ctypes.c_int(0)
    return driver.cuInit(0) == 0 and driver.cuDeviceGetCount(ctypes.byref(count)) == 0 and count.value > 0


def choose(asked: Asked, *, worth_it: bool = True) -> Device:
    """Choose the device of a fit at run time, on the machine that fits.

    Parameters
    ----------
    asked : {"auto", "cpu", "cuda"}
        `HFP_DEVICE`. With `auto` a GPU is used when it is present and the work is worth it.
    worth_it : bool
        Whether the work is large enough to be quicker there.

    Raises
    ------
    ConfigError
        If a GPU is asked for and absent.
    """
    if asked == "cuda" and not gpu_present():
        raise ConfigError("HFP_DEVICE=cuda needs an NVIDIA GPU and driver, found none. Set HFP_DEVICE=auto or cpu.")
    return "cuda" if asked == "cuda" or (asked == "auto" and worth_it and gpu_present()) else "cpu"
