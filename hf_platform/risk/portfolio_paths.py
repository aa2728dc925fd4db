"""VaR and ES of fixed positions at every forecast origin, vectorised: the numbers behind a portfolio's backtest."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from hf_platform.risk import portfolio
from hf_platform.types import FloatArray, IntArray

METHODS: Final = ("normal", "student_t", "filtered_historical")
SCENARIOS: Final = 1_000  # newest innovations behind filtered historical simulation
REFIT_FREEDOM: Final = 50  # origins between two estimates of the degrees of freedom
_ROUND: Final = 50  # scenarios are counted in these, so that few weights have to be computed
_FEWEST_FOR_T: Final = 50


@dataclass(frozen=True, slots=True, eq=False)
class Path:
    """Estimates of one method and confidence, one per origin; NaN where history is too short to tell."""

    method: str
    confidence: float
    value_at_risk: FloatArray
    expected_shortfall: FloatArray


def parametric_path(
    weights: FloatArray,
    means: FloatArray,
    covariances: FloatArray,
    confidence: float,
    freedom: FloatArray | None = None,
) -> Path:
    """Apply the closed form at every origin.

    Parameters
    ----------
    weights : float64 array, shape (n_instruments,)
        Shares of equity.
    means, covariances : float64 array, shape (n_origins, n_instruments[, n_instruments])
    confidence : float
    freedom : float64 array, shape (n_origins,), optional
        Of a Student t by origin, NaN where not known yet; normal by default.
    """
    deviation = np.sqrt(np.einsum("i,tij,j->t", weights, covariances, weights))
    centre = means @ weights
    if freedom is None:
        quantile, tail = portfolio.unit_quantile(confidence)
        return Path("normal", confidence, -centre + quantile * deviation, -centre + tail * deviation)
    units = {nu: portfolio.unit_quantile(confidence, nu) for nu in np.unique(freedom[np.isfinite(freedom)]).tolist()}
    pairs = np.array([units.get(nu, (np.nan, np.nan)) for nu in freedom.tolist()]).reshape(-1, 2)
    return Path("student_t", confidence, -centre + pairs[:, 0] * deviation, -centre + pairs[:, 1] * deviation)


def freedom_path(standardised: FloatArray, known: IntArray) -> FloatArray:
    """Estimate degrees of freedom from what had come true before each origin.

    Parameters
    ----------
    standardised : float64 array, shape (n_values,)
        Portfolio returns over their forecast deviation, in order of time.
    known : int64 array, shape (n_origins,)
        How many of them were known at each origin, not falling.

    Returns
    -------
    float64 array, shape (n_origins,)
        NaN where fewer than 50 were known. Estimated anew once 50 more are known, on the newest 1,000.
    """
    out, estimated = np.full(known.shape[0], np.nan), dict[int, float]()
    for at, n_known in enumerate(known.tolist()):
        used = n_known - n_known % REFIT_FREEDOM
        if used < _FEWEST_FOR_T:
            continue
        if used not in estimated:
            estimated[used] = portfolio.estimate_freedom(standardised[max(0, used - SCENARIOS) : used])
        out[at] = estimated[used]
    return out


def scenario_count(n_known: int, confidence: float) -> int:
    """Say how many past innovations a simulation uses; 0 where they are too few for the confidence."""
    used = min(n_known - n_known % _ROUND, SCENARIOS)
    return used if used * (1.0 - confidence) >= portfolio.FEWEST_TAIL_SCENARIOS - 1e-9 else 0


def simulated_paths(
    weights: FloatArray,
    means: FloatArray,
    roots: FloatArray,
    innovations: FloatArray,
    *,
    known: IntArray,
    confidences: tuple[float, ...],
) -> list[Path]:
    """Run filtered historical simulation at every origin.

    Parameters
    ----------
    weights : float64 array, shape (n_instruments,)
    means : float64 array, shape (n_origins, n_instruments)
    roots : float64 array, shape (n_origins, n_instruments, n_instruments)
        Symmetric roots of the forecast covariances.
    innovations : float64 array, shape (n_values, n_instruments)
        Past innovations over the horizon, in order of time.
    known : int64 array, shape (n_origins,)
        How many of them were known at each origin.
    confidences : tuple of float

    Notes
    -----
    A scenario is a past innovation times the root of today's covariance: yesterday's surprise at today's volatility and
    correlation. Profits are compounded exactly, so the law of the portfolio is neither normal nor symmetric.
    """
    value_at_risk = np.full((len(confidences), means.shape[0]), np.nan)
    shortfall = np.full_like(value_at_risk, np.nan)
    for at, n_known in enumerate(known.tolist()):
        counts = [scenario_count(n_known, confidence) for confidence in confidences]
        if not any(counts):
            continue
        past = innovations[n_known - max(counts) : n_known]
        losses = np.sort(-(np.expm1(means[at] + past @ roots[at]) @ weights))
        for level, n in enumerate(counts):
            if n:
                quantile_weights, tail_weights = portfolio.order_weights(n, confidences[level])
                value_at_risk[level, at] = quantile_weights @ losses
                shortfall[level, at] = tail_weights @ losses
    return [
        Path("filtered_historical", confidence, value_at_risk[level], shortfall[level])
        for level, confidence in enumerate(confidences)
    ]
