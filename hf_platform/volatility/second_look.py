"""Where to look again once the ordinary starts of a series have ended.

Three shapes of the likelihood hide its maximum from a search that follows slopes, and each has looks of its own, taken
from the best optimum known so far:

* tarch and egarch see the size of an innovation, so their likelihood has a kink in the mean wherever a residual changes
  sign, a dozen within one standard error: look from the mean moved up and down;
* a second lag can take over from the first: look from each corner of the split between the two;
* an almost deterministic climb of the variance (no shocks, unit persistence) is a ridge of its own: look along it where
  the series starts far below its average variance.
"""

# compiled code: numba infers types, and arrays travel one by one
# ruff: noqa: ANN001, ANN201, ANN202, PLR0917
# pyright: basic

import math

from hf_platform.volatility.coordinates import EGARCH, TARCH
from hf_platform.volatility.jit import compiled
from hf_platform.volatility.optima import POINT, SPREAD, best_known
from hf_platform.volatility.workspace import LOWER, PRESAMPLE, TRIAL, UPPER

MOVES = (0.5, -0.5)  # of the mean, in standard errors
CORNERS = ((0.9, 0.1), (0.1, 0.9), (0.9, 0.9), (0.1, 0.1))  # first-lag shares of shocks and of betas
N_LOOKS = 7
CALM_START = 0.6  # presample variance, relative to the average, below which a climb is worth a look
CLIMB = -1.0  # its level, in logs
MERGE_DISTANCE = 6.0  # within the quadratic basin of a known optimum
RETURN_DISTANCE = 1e-3  # at a known optimum, when what lies beside it is looked for


@compiled
def place_look(look, process, p, o, q, work, optima, box, lane, n):
    """Write the starting point of look number `look` into TRIAL; False where it does not apply to this model or series.

    The lane must know an optimum.
    """
    best = best_known(work, optima, lane)
    for i in range(n):
        work[TRIAL + i, lane] = optima[lane, best, POINT + i]
    if look < len(MOVES):
        work[TRIAL, lane] += MOVES[look] * optima[lane, best, SPREAD]
        return process in (TARCH, EGARCH) and box[LOWER, 0] < box[UPPER, 0]
    if look < len(MOVES) + len(CORNERS):
        return _to_corner(look - len(MOVES), process, p, o, q, work, lane)
    return _to_climb(process, p, o, q, work, lane)


@compiled
def merge_limit(look, process):
    """Squared distance, in standard errors, from a known optimum at which a search is dropped (look < 0: a start)."""
    beside = 0 <= look < len(MOVES) or (0 <= look < N_LOOKS - 1 and process != EGARCH)
    return RETURN_DISTANCE if beside else MERGE_DISTANCE


@compiled
def _to_corner(corner, process, p, o, q, work, lane):
    first_at = 2 + p + o if process == EGARCH else 3 + (1 if q > 0 else 0) + o
    shocks, betas = CORNERS[corner]
    if process == EGARCH:
        # Only the betas share one coordinate; two corners say everything.
        work[TRIAL + first_at + 1, lane] = betas
        return q == 2 and corner < 2
    split_at = first_at + (1 if p == 2 else 0)
    if p == 2:
        work[TRIAL + first_at, lane] = shocks
    if q == 2:
        work[TRIAL + split_at, lane] = betas
    return (p == 2 and q == 2) or ((p == 2 or q == 2) and corner < 2)


@compiled
def _to_climb(process, p, o, q, work, lane):
    presample = work[PRESAMPLE, lane]
    calm = (presample / 0.8) ** 2 if process == TARCH else presample
    if process == EGARCH or q == 0 or calm > CALM_START:
        return False
    work[TRIAL + 1, lane] = CLIMB
    work[TRIAL + 2, lane] = 0.9999
    work[TRIAL + 3, lane] = 1e-3
    return math.isfinite(presample)
