"""Types at the border between the optimiser and the kernels, and the lookup of a kernel."""

# ruff: noqa: ANN401
# pyright: basic
# (numba's types carry no annotations)

from functools import cache
from importlib import import_module
from typing import Any, Final

import numpy as np
from numba import types
from numpy.typing import NDArray

from hf_platform.volatility.jit import compile_function
from hf_platform.volatility.kernel_generator import kernel_name
from hf_platform.volatility.specification import DISTRIBUTIONS, PROCESSES, GarchSpec

MATRIX: Final = types.float64[:, ::1]
# returns (n_bars, WIDTH), n_obs (1, WIDTH), theta (n_params, WIDTH), constants (N_CONSTANTS, WIDTH), sums (n_sums,
# WIDTH)
KERNEL_SIGNATURE: Final = types.void(MATRIX, MATRIX, MATRIX, MATRIX, MATRIX)
KERNEL_TYPE: Final = types.FunctionType(KERNEL_SIGNATURE)


@cache
def kernel(spec: GarchSpec, outer: bool = False) -> Any:
    """Compile, or read from numba's cache, the kernel of a specification (`outer`: that of products of scores)."""
    module = import_module(f"hf_platform.volatility.kernels.{spec.process}{'_outer' if outer else ''}")
    function = getattr(module, kernel_name(spec.process, spec.p, spec.q, spec.distribution, outer))
    return compile_function(function, KERNEL_SIGNATURE)


def model_codes(spec: GarchSpec) -> NDArray[np.int64]:
    """Write a specification as the integers that compiled code branches on."""
    return np.array(
        [PROCESSES.index(spec.process), spec.p, spec.n_asymmetric, spec.q, DISTRIBUTIONS.index(spec.distribution)]
    )
