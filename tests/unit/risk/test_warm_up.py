"""The loops of the nightly run are machine code before its first number."""

from hf_platform.models import descent
from hf_platform.risk import path_simulation, sliding_tails
from hf_platform.risk.warm_up import warm_up


def test_every_loop_is_compiled():
    warm_up()
    for kernel in (descent.solve, descent.fold_errors, path_simulation._simulate, sliding_tails._slide):
        assert kernel.signatures, kernel
