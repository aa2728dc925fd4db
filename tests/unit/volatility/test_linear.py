"""Small systems over lanes against numpy, with held coordinates and lanes that are not definite."""

import numpy as np
from numpy.testing import assert_allclose

from hf_platform.volatility import workspace as ws
from hf_platform.volatility.jit import compiled
from hf_platform.volatility.lanes import WIDTH, splat, store, where
from hf_platform.volatility.linear import factorise, solve_lower, solve_upper
from hf_platform.volatility.workspace import new_workspace

N = 5


@compiled
def _solve(work, n):
    definite = factorise(work, ws.CURVATURE, ws.HELD, n, 1e-10, ws.FACTOR)
    solve_lower(work, ws.FACTOR, ws.RIGHT, n, ws.STEP)
    solve_upper(work, ws.FACTOR, n, ws.STEP)
    store(work, ws.ACCEPTED, where(definite, splat(1.0), splat(0.0)))


def test_each_lane_solves_its_own_free_block():
    rng = np.random.default_rng(4)
    work = new_workspace()
    roots = rng.standard_normal((WIDTH, N, N + 2))
    matrices = roots @ roots.transpose(0, 2, 1)
    matrices[3] = -matrices[3]
    held = rng.random((WIDTH, N)) < 0.3
    rhs = np.where(held, 0.0, rng.standard_normal((WIDTH, N)))
    work[ws.CURVATURE : ws.CURVATURE + N * N] = matrices.reshape(WIDTH, -1).T
    work[ws.HELD : ws.HELD + N], work[ws.RIGHT : ws.RIGHT + N] = held.T, rhs.T
    _solve(work, N)
    for lane in range(WIDTH):
        assert work[ws.ACCEPTED, lane] == (lane != 3)
        if lane != 3:
            free = ~held[lane]
            expected = np.zeros(N)
            expected[free] = np.linalg.solve(matrices[lane][np.ix_(free, free)], rhs[lane][free])
            assert_allclose(work[ws.STEP : ws.STEP + N, lane], expected, rtol=1e-10, atol=1e-12)
