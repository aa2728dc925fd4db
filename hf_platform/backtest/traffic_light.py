"""The Basel traffic light, for any number of forecasts and any confidence, and how far it can see."""

from typing import Final, Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from hf_platform.backtest.results import TrafficLight, Zone, check_breaches, check_confidence, tail_probability
from hf_platform.errors import ConfigError, DataError

Framework = Literal["basel2", "basel3"]

_YELLOW, _RED = 0.95, 0.9999  # cumulative probabilities at which a zone begins
# Multiplier in the green zone, additions for 5 to 9 breaches in 250, addition in the red zone.
_STEPS: Final[dict[str, tuple[float, tuple[float, ...], float]]] = {
    "basel2": (3.0, (0.40, 0.50, 0.65, 0.75, 0.85), 1.0),
    "basel3": (1.5, (0.20, 0.26, 0.33, 0.38, 0.42), 0.5),
}


def basel_traffic_light(breaches: ArrayLike, confidence: float = 0.99, framework: Framework = "basel2") -> TrafficLight:
    """Place a VaR model in the green, yellow or red zone.

    Parameters
    ----------
    breaches : bool array, shape (n_forecasts,)
        The supervisor's sample is the last 250 sessions; any number is allowed. No missing values.
    confidence : float in (0, 1)
        VaR confidence [probability].
    framework : {"basel2", "basel3"}
        Base multiplier 3.0 or 1.5 and its additions.

    Returns
    -------
    TrafficLight
        Yellow where at most `n_breaches` breaches have probability 0.95 or more under a correct
        model, red from 0.9999.

    Raises
    ------
    DataError
        If `breaches` is empty, not a vector, not true/false, or `confidence` is outside (0, 1).
    ConfigError
        If the framework is unknown.

    Notes
    -----
    With 250 forecasts at 0.99 the additions are the table's. For another sample the yellow zone takes
    the addition of the breach count in 250 at 0.99 whose cumulative probability is nearest, so that
    equally surprising counts cost the same.

    References
    ----------
    Basel Committee on Banking Supervision (1996). Supervisory framework for the use of "backtesting"
    in conjunction with the internal models approach. Basel Framework, MAR32 and MAR99, for basel3.
    """
    if framework not in _STEPS:
        raise ConfigError(f"framework must be one of {', '.join(_STEPS)}, found {framework!r}. Pass one of these.")
    hits = check_breaches(breaches)
    n, x = hits.size, int(hits.sum())
    tail = tail_probability(confidence)
    cumulative = float(stats.binom.cdf(x, n, tail))
    zone = _zone(cumulative)
    base, additions, red = _STEPS[framework]
    addition = {"green": 0.0, "red": red}.get(zone)
    if addition is None:
        addition = additions[_equivalent(x, n, tail) - 5]
    return TrafficLight(zone, x, n, cumulative, base + addition)


def probability_of_green(true_tail: float, n_forecasts: int = 250, confidence: float = 0.99) -> float:
    """Return how often a model with a given true breach rate stays green.

    Parameters
    ----------
    true_tail : float in [0, 1]
        True probability of a breach, for example 0.02 for a model whose "99 %" VaR is really a 98 % one.
    n_forecasts : int
    confidence : float in (0, 1)
        The confidence that the model claims.

    Returns
    -------
    float
        Probability that the breach count of `n_forecasts` independent forecasts falls in the green zone.

    Raises
    ------
    DataError
        If `true_tail` is no probability, `n_forecasts` is below 1, or `confidence` is outside (0, 1).
    """
    if not 0.0 <= true_tail <= 1.0 or n_forecasts < 1:
        raise DataError(
            "the true breach rate must lie in [0, 1] and the forecasts number at least 1, "
            f"found {true_tail:g} and {n_forecasts}. Pass a rate such as 0.02."
        )
    limit = yellow_from(n_forecasts, confidence) - 1
    return float(stats.binom.cdf(limit, n_forecasts, true_tail))


def yellow_from(n_forecasts: int, confidence: float) -> int:
    """Return the smallest breach count that is not green."""
    check_confidence(confidence)
    counts = np.arange(n_forecasts + 1)
    return int(np.argmax(stats.binom.cdf(counts, n_forecasts, tail_probability(confidence)) >= _YELLOW))


def _zone(cumulative: float) -> Zone:
    if cumulative >= _RED:
        return "red"
    return "yellow" if cumulative >= _YELLOW else "green"


def _equivalent(breaches: int, n_forecasts: int, tail: float) -> int:
    # The yellow count (5 to 9) in the table's own sample that is as surprising as this one.
    if n_forecasts == 250 and tail == 0.01:
        return breaches
    surprise = float(stats.binom.logsf(breaches, n_forecasts, tail))
    counts = np.arange(5, 10)
    return int(counts[np.argmin(np.abs(stats.binom.logsf(counts, 250, 0.01) - surprise))])
