"""The optimiser's memory: one matrix with a row for each quantity and a column for each of the eight lanes.

Row numbers stand here by name; a vector over parameters takes `MAX_PARAMS` rows from its name on, a matrix of order n
takes n * n. One array in place of dozens keeps compiled calls short. Flags are 0.0 or 1.0.
"""

# compiled code: numba infers types
# ruff: noqa: ANN201
# pyright: basic

from hf_platform.volatility.jit import compiled
from hf_platform.volatility.lanes import new_rows

MAX_PARAMS = 9
_MATRIX = MAX_PARAMS * MAX_PARAMS

# Where a lane stands.
ACTIVE = 0
FRESH = 1  # the evaluation on its way is the first of a start
ACCEPTED = 2  # what became of the last evaluation
STALLED = 3
BROKEN = 4
SERIES = 5
START = 6
STEPS = 7
N_OPTIMA = 8
N_OBS = 9
PRESAMPLE = 10
BEST = 11  # negative log-likelihood at PHI
NEW_VALUE = 12  # and at TRIAL
RADIUS = 13  # of the trust region, in standard errors
LENGTH = 14  # of the step to TRIAL, likewise
PREDICTED = 15  # decrease that the model expects of the step
PROMISE = 16  # decrease that an unrestricted step promises: the measure of convergence

# What a kernel reads and writes, and what depends on the shapes alone.
CONSTANTS = 20
N_CONSTANTS = 16
TERMS = 40
SUMS = 50
N_SUMS = 60

# Vectors over parameters.
PHI = 120
TRIAL = PHI + MAX_PARAMS
THETA = TRIAL + MAX_PARAMS
GRADIENT = THETA + MAX_PARAMS  # at PHI
NEW_GRADIENT = GRADIENT + MAX_PARAMS  # at TRIAL
SCORE = NEW_GRADIENT + MAX_PARAMS  # by natural parameters, of the log-likelihood
STEP = SCORE + MAX_PARAMS
RIGHT = STEP + MAX_PARAMS  # right-hand side, residual
HELD = RIGHT + MAX_PARAMS
BOXED_STEP = HELD + MAX_PARAMS
BOXED_HELD = BOXED_STEP + MAX_PARAMS

# Matrices.
JACOBIAN = BOXED_HELD + MAX_PARAMS
NATURAL_INFORMATION = JACOBIAN + _MATRIX
INFORMATION = NATURAL_INFORMATION + _MATRIX  # at PHI
NEW_INFORMATION = INFORMATION + _MATRIX  # at TRIAL
CORRECTION = NEW_INFORMATION + _MATRIX
CURVATURE = CORRECTION + _MATRIX
FACTOR = CURVATURE + _MATRIX
N_ROWS = FACTOR + _MATRIX

# Rows of a box: bounds of each coordinate, and how far one step may move it.
LOWER, UPPER, REACH = 0, 1, 2


@compiled
def new_workspace():
    """Allocate an idle workspace."""
    work = new_rows(N_ROWS)
    work[PRESAMPLE, :] = 1.0
    work[CONSTANTS : CONSTANTS + N_CONSTANTS, :] = 1.0
    return work
