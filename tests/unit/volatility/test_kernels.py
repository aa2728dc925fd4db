"""Generated kernels: up to date, and every gradient equal to a finite difference."""

from itertools import product

import numba
import numpy as np
import pytest
from numpy.testing import assert_allclose

from hf_platform.volatility import kernel_generator as generator
from hf_platform.volatility import optimiser
from hf_platform.volatility.coordinates import box, n_coordinates, starting_point
from hf_platform.volatility.lanes import WIDTH
from hf_platform.volatility.signatures import KERNEL_SIGNATURE, N_CONSTANTS, kernel, model_codes
from hf_platform.volatility.specification import GarchSpec

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
    k = 2 + spec.p + spec.n_asymmetric + spec.q
    scratch = optimiser.new_scratch()
    theta, constants = np.zeros((9, WIDTH)), np.ones((N_CONSTANTS, WIDTH))
    sums, lengths = np.zeros((2 + 2 * k + k * (k + 1) // 2 + 5, WIDTH)), np.full((1, WIDTH), float(n_obs))
    for lane in range(WIDTH):
        point = phi[min(lane, len(phi) - 1)]
        optimiser.prepare_lane(*codes, point, scratch, 0.9, sample, theta, constants, lane)
    kernel(spec)(returns, lengths, theta, constants, sums)
    values, gradients = np.zeros(len(phi)), np.zeros(phi.shape)
    for lane in range(len(phi)):
        values[lane] = optimiser.read_lane(*codes, phi[lane], float(n_obs), sums, lane, scratch)
        gradients[lane] = scratch.gradient[: phi.shape[1]]
    return values, gradients


def check_gradient(spec, sample):
    codes = [int(code) for code in model_codes(spec)]
    n = n_coordinates(*codes)
    lower, upper, reach = np.zeros(9), np.zeros(9), np.zeros(9)
    box(*codes, True, lower, upper, reach)
    rng = np.random.default_rng(7)
    returns = np.repeat(rng.standard_t(6, size=(203, 1)), WIDTH, axis=1)
    phi = np.zeros(9)
    starting_point(*codes, 0, phi)
    phi = np.clip(phi[:n] + 0.02 * rng.standard_normal(n), lower[:n] + 1e-3, upper[:n] - 1e-3)
    phi[0] = 0.0123
    analytic = evaluate(spec, phi[None, :], returns, 203, sample)[1][0]
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
    k, scratch = 5, optimiser.new_scratch()
    rng = np.random.default_rng(2)
    returns = rng.standard_normal((100, WIDTH))
    phi = np.zeros(9)
    starting_point(*codes, 0, phi)
    theta, constants = np.zeros((9, WIDTH)), np.ones((N_CONSTANTS, WIDTH))
    for lane in range(WIDTH):
        optimiser.prepare_lane(*codes, phi, scratch, 1.0, False, theta, constants, lane)
    rows = 2 + 2 * k + k * (k + 1) // 2 + 5
    lengths = np.array([[100.0, 41.0, 8.0, 77.0, 0.0, 100.0, 1.0, 41.0]])
    together = np.zeros((rows, WIDTH))
    kernel(spec)(returns, lengths, theta, constants, together)
    for lane in range(WIDTH):
        alone = np.zeros((rows, WIDTH))
        kernel(spec)(returns, np.full((1, WIDTH), lengths[0, lane]), theta, constants, alone)
        np.testing.assert_array_equal(together[:, lane], alone[:, lane])


@pytest.mark.parametrize("spec", [GarchSpec(), GarchSpec(process="egarch", q=2, distribution="skewt")], ids=str)
def test_kernel_code_uses_vector_registers(spec):
    fresh = numba.njit(KERNEL_SIGNATURE, nogil=True, error_model="numpy")(kernel(spec).py_func)
    code = next(iter(fresh.inspect_asm().values()))
    assert code.count("zmm") + code.count("ymm") > 200, "the kernel fell back to scalar code"
