"""Generated kernels: up to date, and every gradient equal to a finite difference."""

import platform
from itertools import product

import numba
import numpy as np
import pytest
from numpy.testing import assert_allclose

from hf_platform.volatility import evaluation
from hf_platform.volatility import kernel_generator as generator
from hf_platform.volatility import workspace as ws
from hf_platform.volatility.coordinates import n_coordinates, new_box, starting_point
from hf_platform.volatility.lanes import WIDTH
from hf_platform.volatility.signatures import KERNEL_SIGNATURE, kernel, model_codes
from hf_platform.volatility.specification import GarchSpec
from hf_platform.volatility.workspace import new_workspace

FAST = [
    GarchSpec(process=process, distribution=distribution)
    for process, distribution in product(generator.PROCESSES, generator.DISTRIBUTIONS)
]
EVERY = [
    GarchSpec(process=process, p=p, q=q, distribution=distribution)
    for process, (p, q), distribution in product(generator.PROCESSES, generator.ORDERS, generator.DISTRIBUTIONS)
]


def evaluate(spec, phi, returns, n_obs, sample):
    """Value and gradient in box coordinates, one point per lane, through the same functions as the optimiser."""
    codes = [int(code) for code in model_codes(spec)]
    work = new_workspace()
    work[ws.N_OBS], work[ws.PRESAMPLE] = n_obs, 0.9
    n = phi.shape[1]
    work[ws.TRIAL : ws.TRIAL + n] = phi[np.minimum(np.arange(WIDTH), len(phi) - 1)].T
    evaluation.place(*codes, sample, work)
    run(kernel(spec), returns, work)
    evaluation.read(*codes, work)
    return work[ws.NEW_VALUE, : len(phi)], work[ws.NEW_GRADIENT : ws.NEW_GRADIENT + n, : len(phi)].T


def run(function, returns, work):
    """Call a kernel on the rows of a workspace."""
    constants = work[ws.CONSTANTS : ws.CONSTANTS + ws.N_CONSTANTS]
    theta, sums = work[ws.THETA : ws.THETA + ws.MAX_PARAMS], work[ws.SUMS : ws.SUMS + ws.N_SUMS]
    function(returns, work[ws.N_OBS : ws.N_OBS + 1], theta, constants, sums)


def start(codes):
    """Coordinates of the first starting point."""
    work = new_workspace()
    starting_point(*codes, 0, work, 0)
    return work[ws.TRIAL : ws.TRIAL + n_coordinates(*codes), 0]


def check_gradient(spec, sample):
    codes = [int(code) for code in model_codes(spec)]
    n = n_coordinates(*codes)
    box = new_box(*codes, True)
    rng = np.random.default_rng(7)
    returns = np.repeat(rng.standard_t(6, size=(203, 1)), WIDTH, axis=1)
    phi = np.clip(start(codes) + 0.02 * rng.standard_normal(n), box[ws.LOWER, :n] + 1e-3, box[ws.UPPER, :n] - 1e-3)
    phi[0] = 0.0123
    analytic = evaluate(spec, phi[None, :], returns, 203, sample)[1][0].copy()
    step = 1e-5
    for i in range(n):
        pair = np.stack([phi, phi])
        pair[0, i] += step
        pair[1, i] -= step
        up, down = evaluate(spec, pair, returns, 203, sample)[0]
        assert_allclose(analytic[i], (up - down) / (2 * step), rtol=2e-6, atol=2e-6, err_msg=f"{spec} {i}")


@pytest.mark.parametrize("process", generator.PROCESSES)
@pytest.mark.parametrize("outer", [False, True])
def test_generated_files_are_up_to_date(process, outer):
    assert generator.module_path(process, outer).read_text() == generator.module_source(process, outer)


@pytest.mark.parametrize("spec", FAST, ids=lambda s: f"{s.process}-{s.distribution}")
def test_gradient_equals_finite_difference(spec):
    check_gradient(spec, sample=False)
    check_gradient(spec, sample=True)


@pytest.mark.slow
@pytest.mark.parametrize("spec", EVERY, ids=lambda s: f"{s.process}-{s.p}{s.q}-{s.distribution}")
def test_every_gradient_equals_finite_difference(spec):
    check_gradient(spec, sample=False)
    check_gradient(spec, sample=True)


def test_lanes_of_different_lengths_equal_each_alone():
    spec = GarchSpec(process="egarch", distribution="ged")
    codes = [int(code) for code in model_codes(spec)]
    returns = np.random.default_rng(2).standard_normal((100, WIDTH))
    work = new_workspace()
    work[ws.TRIAL : ws.TRIAL + n_coordinates(*codes)] = start(codes)[:, None]
    evaluation.place(*codes, False, work)
    lengths = np.array([100.0, 41.0, 8.0, 77.0, 0.0, 100.0, 1.0, 41.0])
    work[ws.N_OBS] = lengths
    run(kernel(spec), returns, work)
    together = work[ws.SUMS : ws.SUMS + ws.N_SUMS].copy()
    for lane in range(WIDTH):
        work[ws.N_OBS], work[ws.SUMS : ws.SUMS + ws.N_SUMS] = lengths[lane], 0.0
        run(kernel(spec), returns, work)
        np.testing.assert_array_equal(together[:, lane], work[ws.SUMS : ws.SUMS + ws.N_SUMS, lane])


@pytest.mark.parametrize("spec", [GarchSpec(), GarchSpec(process="egarch", q=2, distribution="skewt")], ids=str)
def test_kernel_code_uses_vector_registers(spec):
    fresh = numba.njit(KERNEL_SIGNATURE, nogil=True, error_model="numpy")(kernel(spec).py_func)
    code = next(iter(fresh.inspect_asm().values()))
    assert code.count("zmm") + code.count("ymm") > 200, "the kernel fell back to scalar code"
    if platform.machine() == "x86_64":
        assert "$-64, %rsp" in code, "spilled vectors may straddle cache lines, which costs up to half the speed"
