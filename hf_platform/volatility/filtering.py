"""Run a fitted model through data with its parameters held fixed.

The states of a prefix never change when data are appended: the pre-sample state comes from the training window alone.
"""

# compiled code: numba infers types, and arrays travel one by one
# ruff: noqa: ANN001, ANN201, ANN202, PLR0917
# pyright: basic

import math

import numpy as np

from hf_platform.types import FloatArray
from hf_platform.volatility.coordinates import EGARCH, TARCH
from hf_platform.volatility.jit import compiled
from hf_platform.volatility.preparation import BACKCAST_BARS, BACKCAST_DECAY, SMALLEST_PRESAMPLE
from hf_platform.volatility.signatures import model_codes
from hf_platform.volatility.specification import GarchSpec, Presample

__all__ = ["conditional_states", "presample_of", "run_filter"]

MEAN_ABS_NORMAL = math.sqrt(2.0 / math.pi)


@compiled
def run_filter(process, p, o, q, theta, innovations, presample, states):
    """Write the state (variance, for tarch volatility, for egarch log variance) of bars 0 to n, n beyond the data.

    `theta` is (omega, alphas, gamma, betas); `innovations` has n entries and `states` n + 1.
    """
    n = innovations.shape[0]
    for t in range(n + 1):
        state = theta[0]
        for i in range(1, p + 1):
            if t - i >= 0:
                e = innovations[t - i]
                if process == EGARCH:
                    z = e * math.exp(-0.5 * states[t - i])
                    state += theta[i] * (abs(z) - MEAN_ABS_NORMAL)
                elif process == TARCH:
                    state += theta[i] * abs(e)
                else:
                    state += theta[i] * e * e
            elif process != EGARCH:
                state += theta[i] * presample
        if o == 1 and t >= 1:
            e = innovations[t - 1]
            if process == EGARCH:
                state += theta[1 + p] * e * math.exp(-0.5 * states[t - 1])
            elif e < 0.0:
                state += theta[1 + p] * (abs(e) if process == TARCH else e * e)
        elif o == 1 and process != EGARCH:
            state += theta[1 + p] * 0.5 * presample
        for j in range(1, q + 1):
            state += theta[p + o + j] * (states[t - j] if t - j >= 0 else presample)
        states[t] = state


@compiled
def to_variance(process, states, out):
    """Turn states into variances."""
    for t in range(states.shape[0]):
        if process == EGARCH:
            out[t] = math.exp(states[t])
        else:
            out[t] = states[t] * states[t] if process == TARCH else states[t]


def presample_of(returns: FloatArray, spec: GarchSpec, mu: float, presample: Presample) -> float:
    """State before the first return, in the caller's units, from a training window without missing values."""
    if presample == "sample":
        square = float(np.mean((returns - mu) ** 2))
        size = math.sqrt(square)
    else:
        deviation = returns[:BACKCAST_BARS] - (returns.mean() if spec.mean == "constant" else 0.0)
        weights = BACKCAST_DECAY ** np.arange(deviation.shape[0])
        weights /= weights.sum()
        square = float(weights @ deviation**2)
        size = float(weights @ np.abs(deviation))
    variance = float(np.var(returns)) if spec.mean == "constant" else float(np.mean(returns**2))
    square = max(square, SMALLEST_PRESAMPLE * variance)
    size = max(size, SMALLEST_PRESAMPLE * math.sqrt(variance))
    return {"tarch": size, "egarch": math.log(square) if square > 0 else 0.0}.get(spec.process, square)


def split_params(spec: GarchSpec, params: FloatArray) -> tuple[float, FloatArray, FloatArray]:
    """Split one row of parameters into mean, process and shape."""
    values = np.ascontiguousarray(params, dtype=np.float64)
    constant = spec.mean == "constant"
    stop = int(constant) + 1 + spec.p + spec.n_asymmetric + spec.q
    return (float(values[0]) if constant else 0.0), values[int(constant) : stop], values[stop:]


def conditional_states(
    returns: FloatArray, params: FloatArray, spec: GarchSpec, n_train: int, presample: Presample
) -> tuple[FloatArray, FloatArray]:
    """States of bars 0..n and innovations of bars 0..n-1 of one series, in the caller's units."""
    mu, process_params, _ = split_params(spec, params)
    innovations = returns - mu
    states = np.empty(returns.shape[0] + 1)
    start = presample_of(returns[:n_train], spec, mu, presample)
    codes = model_codes(spec)
    run_filter(codes[0], spec.p, spec.n_asymmetric, spec.q, process_params, innovations, start, states)
    return states, innovations
