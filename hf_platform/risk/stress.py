"""Stress tests: what today's positions lose when the past comes back, when prices jump, or when the model breaks.

Losses are positive shares of equity. Nothing is filled in: an instrument without prices in a window is left out of that
scenario, by name and with the share of the exposure that goes with it.

References
----------
Breuer, T., Jandacka, M., Rheinberger, K., Summer, M. (2009). How to find plausible, severe and useful stress scenarios.
International Journal of Central Banking 5(3), 205-224.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from scipy.special import ndtr

from hf_platform.errors import DataError
from hf_platform.risk import portfolio
from hf_platform.risk.book import Book
from hf_platform.risk.covariance import check_covariance, correlation_of, equicorrelated
from hf_platform.risk.panel import PricePanel
from hf_platform.risk.scenarios import ModelStress, Reverse, Shock, Worst
from hf_platform.types import FloatArray

CONFIDENCE: Final = 0.99  # of the VaR under a changed model


@dataclass(frozen=True, slots=True, eq=False)
class StressResult:
    """What a scenario does to a book.

    Parameters
    ----------
    loss : float or None
        Share of equity, positive is a loss; None where the scenario changes the model and moves no price.
    contributions : float64 array, shape (n_instruments,)
        By instrument of the book; they sum to the loss. NaN for instruments left out.
    shocks : float64 array, shape (n_instruments,)
        Simple returns [decimal]. NaN for instruments left out.
    missing : tuple of str
        Instruments left out.
    max_drawdown : float or None
        Largest fall of the equity from a peak on the way [share of the peak]; replays only.
    path : float64 array
        Loss so far at the close of each session of a replay, from 0.
    dates : tuple of str
        Those sessions.
    value_at_risk : float or None
        At 99 % under the changed model [share of equity].
    distance, probability : float or None
        Mahalanobis distance of a reverse stress, and the chance of losing that much under a normal law.
    reason : str or None
        What a reader must know about it, in words.
    """

    loss: float | None
    contributions: FloatArray
    shocks: FloatArray
    missing: tuple[str, ...] = ()
    max_drawdown: float | None = None
    path: FloatArray = field(default_factory=lambda: np.empty(0))
    dates: tuple[str, ...] = ()
    value_at_risk: float | None = None
    distance: float | None = None
    probability: float | None = None
    reason: str | None = None


def replay(book: Book, panel: PricePanel) -> StressResult:
    """Replay a stretch of prices on a book whose quantities stay fixed.

    Parameters
    ----------
    book : Book
    panel : PricePanel
        Sessions of the window, the first being the base; instruments of the book that it lacks are left out.

    Raises
    ------
    DataError
        If the panel has none of the instruments, or only one session.
    """
    known = set(panel.instruments)
    missing = tuple(name for name in book.instruments if name not in known)
    if len(panel) < 2 or len(missing) == len(book.instruments):
        raise DataError("a replay needs two sessions with prices of the portfolio, found fewer. Choose another window.")
    returns = np.full((len(panel), len(book.instruments)), np.nan)
    columns = [book.instruments.index(name) for name in panel.instruments]
    returns[:, columns] = np.log(panel.values / panel.values[0])
    losses = -book.profits(returns) / book.equity
    path = np.nansum(losses, axis=1)
    value = 1.0 - path
    return StressResult(
        loss=float(path[-1]),
        contributions=losses[-1],
        shocks=np.expm1(returns[-1]),
        missing=missing,
        max_drawdown=float((1.0 - value / np.maximum.accumulate(value)).max()),
        path=path,
        dates=tuple(np.datetime_as_string(panel.event_at, unit="D").tolist()),
        reason=_left_out(book, missing),
    )


def _left_out(book: Book, missing: Sequence[str]) -> str | None:
    if not missing:
        return None
    out = np.array([name in missing for name in book.instruments])
    share = float(np.abs(book.exposures[out]).sum()) / book.gross if book.gross > 0.0 else 0.0
    return f"{', '.join(missing)} had no prices in this window: {share:.0%} of the gross exposure is left out"


def worst_window(book: Book, panel: PricePanel, scenario: Worst) -> StressResult:
    """Find the sessions of a history that cost a book most, and replay them.

    Raises
    ------
    DataError
        If the history is not longer than the scenario.
    """
    n = scenario.n_sessions
    if len(panel) <= n:
        raise DataError(f"{scenario.name} needs more than {n} sessions, found {len(panel)}. Load more history.")
    logs = np.log(panel.values)
    order = [panel.instruments.index(name) for name in book.instruments]
    total = book.profits((logs[n:] - logs[:-n])[:, order]).sum(axis=1)
    at = int(total.argmin())
    return replay(book, panel.take(slice(at, at + n + 1)))


def shock(book: Book, scenario: Shock, asset_classes: Mapping[str, str]) -> StressResult:
    """Move prices at once by asset class.

    Raises
    ------
    DataError
        If a shock is -100 % or worse, where no log return exists.
    """
    moves = np.array(
        [scenario.returns.get(asset_classes.get(name, "other"), scenario.otherwise) for name in book.instruments]
    )
    if not (moves > -1.0).all():
        raise DataError(f"a shock must be above -100 %, found {moves.min():.0%} in {scenario.name}. Mend the library.")
    losses = -book.profits(np.log1p(moves)[None], volatility_scale=scenario.volatility_scale)[0] / book.equity
    return StressResult(loss=float(losses.sum()), contributions=losses, shocks=moves)


def break_model(book: Book, covariance: FloatArray, scenario: ModelStress) -> StressResult:
    """Recompute normal VaR on a changed covariance.

    Parameters
    ----------
    book : Book
        Options count with their deltas.
    covariance : float64 array, shape (n_instruments, n_instruments)
        Forecast covariance over one horizon [decimal squared].
    scenario : ModelStress
    """
    weights, blank = book.exposures / book.equity, np.full(len(book.instruments), np.nan)
    changed = covariance if scenario.correlation is None else equicorrelated(covariance, scenario.correlation)
    zero = np.zeros_like(weights)

    def value_at_risk(matrix: FloatArray) -> float:
        risk = portfolio.parametric_risk(weights, zero, matrix, CONFIDENCE, names=book.instruments)
        return risk.value_at_risk

    before, after = value_at_risk(covariance), value_at_risk(changed * scenario.volatility_scale**2)
    mean_correlation = _mean_correlation(covariance)
    note = f"normal {CONFIDENCE:.0%} VaR {before:.2%} becomes {after:.2%}; mean correlation was {mean_correlation:.2f}"
    return StressResult(loss=None, contributions=blank, shocks=blank, value_at_risk=after, reason=note)


def _mean_correlation(covariance: FloatArray) -> float:
    n = covariance.shape[0]
    return float((correlation_of(covariance).sum() - n) / (n * (n - 1))) if n > 1 else 1.0


def reverse(book: Book, covariance: FloatArray, scenario: Reverse) -> StressResult:
    """Find the most plausible shock that loses a given share of equity.

    Parameters
    ----------
    book : Book
        Options count with their deltas.
    covariance : float64 array, shape (n_instruments, n_instruments)
        Of returns over the horizon [decimal squared], invertible. The shock is read as simple returns.
    scenario : Reverse

    Raises
    ------
    DataError
        If the covariance is singular, or the book has no exposure to lose by.

    Notes
    -----
    With w the exposures, C the covariance and x the loss, the shock of smallest r' C^-1 r among those with w'r = -x is
    r = -x C w / (w' C w), at the distance x / sqrt(w' C w).
    """
    check_covariance(covariance, book.instruments, invertible=True)
    weights = book.exposures / book.equity
    carried = covariance @ weights
    variance = float(weights @ carried)
    if not variance > 0.0:
        raise DataError(
            f"portfolio {book.name} has no exposure, so that no shock can make it lose. Nothing to reverse."
        )
    moves = -scenario.loss * carried / variance
    distance = scenario.loss / float(np.sqrt(variance))
    broken = [name for name, move in zip(book.instruments, moves, strict=True) if move <= -1.0]
    return StressResult(
        loss=scenario.loss,
        contributions=-weights * moves,
        shocks=moves,
        distance=distance,
        probability=float(ndtr(-distance)),
        reason=_limits(book, broken),
    )


def _limits(book: Book, broken: Sequence[str]) -> str | None:
    notes = ["options count with their deltas: large moves hurt more"] if book.options else []
    notes += [f"{', '.join(broken)} would have to lose more than everything"] if broken else []
    return "; ".join(notes) or None
