"""What the optimiser keeps for its eight lanes, and the room it works in."""

# compiled code: numba infers types, and arrays travel one by one
# ruff: noqa: ANN001, ANN201
# pyright: basic

from typing import NamedTuple

import numpy as np

from hf_platform.volatility.jit import compiled
from hf_platform.volatility.lanes import WIDTH

MAX_PARAMS = 9


class Search(NamedTuple):
    """Where each lane stands. First axis: lane."""

    phase: np.ndarray  # IDLE, FRESH (first evaluation of a start) or TRIAL
    series: np.ndarray
    start: np.ndarray
    steps: np.ndarray
    best: np.ndarray  # negative log-likelihood at `phi`
    radius: np.ndarray  # of the trust region, in standard errors
    length: np.ndarray  # of the step to `trial`, likewise
    predicted: np.ndarray  # decrease that the model expects of the step
    phi: np.ndarray
    trial: np.ndarray
    gradient: np.ndarray
    information: np.ndarray
    correction: np.ndarray
    optimum: np.ndarray  # (lane, start, parameter)
    optimum_value: np.ndarray  # (lane, start)
    optimum_size: np.ndarray  # projected gradient norm
    optimum_code: np.ndarray
    n_optima: np.ndarray
    unfinished: np.ndarray
    unfinished_value: np.ndarray
    unfinished_size: np.ndarray


class Scratch(NamedTuple):
    """Room for one lane's algebra, reused."""

    theta: np.ndarray
    jacobian: np.ndarray
    natural_gradient: np.ndarray
    natural_information: np.ndarray
    gradient: np.ndarray
    information: np.ndarray
    per_observation: np.ndarray
    matrix: np.ndarray
    factor: np.ndarray
    step: np.ndarray
    rhs: np.ndarray
    held: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    reach: np.ndarray


@compiled
def new_search(n_starts):
    """Allocate an idle search."""
    n = MAX_PARAMS
    return Search(
        np.zeros(WIDTH, np.int64), np.zeros(WIDTH, np.int64), np.zeros(WIDTH, np.int64), np.zeros(WIDTH, np.int64),
        np.zeros(WIDTH), np.zeros(WIDTH), np.zeros(WIDTH), np.zeros(WIDTH), np.zeros((WIDTH, n)), np.zeros((WIDTH, n)),
        np.zeros((WIDTH, n)), np.zeros((WIDTH, n, n)), np.zeros((WIDTH, n, n)), np.zeros((WIDTH, n_starts, n)),
        np.zeros((WIDTH, n_starts)), np.zeros((WIDTH, n_starts)), np.zeros((WIDTH, n_starts), np.int64),
        np.zeros(WIDTH, np.int64), np.zeros((WIDTH, n)), np.zeros(WIDTH), np.zeros(WIDTH),
    )  # fmt: skip


@compiled
def new_scratch():
    """Allocate the scratch arrays."""
    n = MAX_PARAMS
    return Scratch(
        np.zeros(n), np.zeros((n, n)), np.zeros(n), np.zeros((n, n)), np.zeros(n), np.zeros((n, n)), np.zeros(6),
        np.zeros((n, n)), np.zeros((n, n)), np.zeros(n), np.zeros(n), np.zeros(n, np.bool_),
        np.zeros(n), np.zeros(n), np.zeros(n),
    )  # fmt: skip
