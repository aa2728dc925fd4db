"""Backtest of trading signals: orders at the next bar only, every cost paid, all series in one sweep.

A signal of bar t knows bar t. Its order is filled in bar t + 1, at the open where there is one, else at the
close; so nothing that bar t + 1 shows can have moved the order that is filled in it.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from hf_platform.backtest.sharpe import SharpeRatio, sharpe_ratio
from hf_platform.errors import ConfigError, DataError
from hf_platform.types import FloatArray, IntArray

_MOVED: Final = 1e-12  # a change of position below this is no order


@dataclass(frozen=True, slots=True, kw_only=True)
class TradingCosts:
    """What trading costs.

    Parameters
    ----------
    commission, slippage : float
        Of the traded value [decimal]; each order pays both.
    borrow : float
        Yearly fee on the value of short positions [decimal].

    Raises
    ------
    ConfigError
        If a cost is negative or not finite.
    """

    commission: float = 0.0002
    slippage: float = 0.0003
    borrow: float = 0.01

    def __post_init__(self) -> None:
        """Check the costs."""
        for name, value in (("commission", self.commission), ("slippage", self.slippage), ("borrow", self.borrow)):
            if not (np.isfinite(value) and value >= 0.0):
                raise ConfigError(
                    f"{name} must be a number of at least 0, found {value:g}. Write 5 basis points 0.0005."
                )


FREE: Final = TradingCosts(commission=0.0, slippage=0.0, borrow=0.0)


@dataclass(frozen=True, slots=True, eq=False)
class StrategyResult:
    """What a signal would have earned.

    Parameters
    ----------
    positions : float64 array, shape (n_bars, n_series)
        Fraction of capital held at the close of each bar; negative is short.
    gross, net : float64 array, shape (n_bars, n_series)
        Simple return of each bar before and after costs [decimal].
    turnover : float64 array, shape (n_bars, n_series)
        Absolute change of position filled in each bar.
    bars_per_year : int
    """

    positions: FloatArray
    gross: FloatArray
    net: FloatArray
    turnover: FloatArray
    bars_per_year: int

    @property
    def n_orders(self) -> int:
        """Count the orders filled."""
        return int((self.turnover > _MOVED).sum())

    @property
    def equity(self) -> FloatArray:
        """Growth of one unit of capital, shape (n_bars, n_series); zero for ever after a total loss."""
        growth: FloatArray = np.maximum(1.0 + self.net, 0.0)
        return np.asarray(np.cumprod(growth, axis=0), dtype=np.float64)

    def statistics(self) -> "list[StrategyStatistics]":
        """Sum up each series."""
        return [self._statistics(column) for column in range(self.net.shape[1])]

    def portfolio(self) -> "StrategyStatistics":
        """Sum up equal shares of capital in all series, brought back to equal at each bar."""
        together = StrategyResult(
            self.positions.mean(axis=1, keepdims=True), self.gross.mean(axis=1, keepdims=True),
            self.net.mean(axis=1, keepdims=True), self.turnover.mean(axis=1, keepdims=True), self.bars_per_year,
        )  # fmt: skip
        return together._statistics(0)

    def _statistics(self, column: int) -> "StrategyStatistics":
        net, held = self.net[:, column], np.abs(self.positions[:, column])
        turnover = self.turnover[:, column]
        scale = self.bars_per_year
        years = max(net.size, 1) / scale
        ruined = bool((net <= -1.0).any())
        growth = np.log1p(np.maximum(net, -1.0 + 1e-300)) if not ruined else np.empty(0)
        at_work = (held > _MOVED) | (turnover > _MOVED)
        path = np.concatenate(([1.0], np.cumprod(np.maximum(1.0 + net, 0.0))))
        return StrategyStatistics(
            n_bars=net.size,
            n_orders=int((turnover > _MOVED).sum()),
            annual_return=None if ruined else float(growth.mean()) * scale,
            annual_volatility=None if ruined else float(growth.std()) * float(np.sqrt(scale)),
            sharpe=sharpe_ratio(growth, scale) if not ruined else None,
            max_drawdown=float((1.0 - path / np.maximum.accumulate(path)).max()),
            hit_rate=float((net[at_work] > 0).mean()) if at_work.any() else None,
            exposure=float(held.mean()),
            annual_turnover=float(turnover.sum()) / years,
            annual_cost=float((self.gross[:, column] - net).sum()) / years,
            reason="all capital was lost on the way" if ruined else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyStatistics:
    """One series of a backtest, summed up.

    Parameters
    ----------
    n_bars, n_orders : int
    annual_return, annual_volatility : float or None
        Of log returns after costs [decimal a year]; None after a total loss, `reason` says so.
    sharpe : SharpeRatio or None
        Of log returns after costs.
    max_drawdown : float
        Largest fall from a peak, positive [decimal].
    hit_rate : float or None
        Share of bars with a gain among those with a position; None without any.
    exposure : float
        Mean absolute position.
    annual_turnover : float
        Traded value over capital a year.
    annual_cost : float
        Return lost to costs a year [decimal].
    reason : str or None
    """

    n_bars: int
    n_orders: int
    annual_return: float | None
    annual_volatility: float | None
    sharpe: SharpeRatio | None
    max_drawdown: float
    hit_rate: float | None
    exposure: float
    annual_turnover: float
    annual_cost: float
    reason: str | None = None


def backtest(
    prices: ArrayLike,
    signals: ArrayLike,
    costs: TradingCosts | None = None,
    *,
    opens: ArrayLike | None = None,
    bars_per_year: int = 252,
    limit: float = 1.0,
) -> StrategyResult:
    """Trade a matrix of signals.

    Parameters
    ----------
    prices : float array, shape (n_bars, n_series) or (n_bars, 1)
        Closes, positive; NaN in front only, before a series is listed.
    signals : float array, shape (n_bars, n_series)
        Wanted position as a fraction of capital, negative for short, decided with what bar t shows.
        NaN keeps the position.
    costs : TradingCosts, optional
        Defaults to 2 basis points commission, 3 slippage, 1 % a year for borrowing.
    opens : float array, shape of `prices`, optional
        Opening prices; orders are filled there instead of at the close of the next bar.
    bars_per_year : int
    limit : float
        Largest absolute position that is allowed.

    Returns
    -------
    StrategyResult
        Positions are constant fractions of capital; trades that only keep a fraction constant while
        prices move are not charged.

    Raises
    ------
    DataError
        If shapes disagree, a price is missing inside a series or not positive, or a signal is beyond the limit.
    ConfigError
        If `bars_per_year` or `limit` is not positive.
    """
    closes, wanted = _matrix("prices", prices), _matrix("signals", signals)
    if bars_per_year < 1 or not limit > 0:
        raise ConfigError(f"bars_per_year and limit must be positive, found {bars_per_year}, {limit:g}. Mend them.")
    if closes.shape[0] != wanted.shape[0] or closes.shape[1] not in (1, wanted.shape[1]):
        raise DataError(f"prices and signals must share bars and series, found {closes.shape} and {wanted.shape}.")
    _check_prices("prices", closes)
    largest = float(np.nanmax(np.abs(wanted), initial=0.0))
    if not largest <= limit:
        raise DataError(
            f"signals must lie within -{limit:g} and {limit:g}, found {largest:g}. Scale them, or raise limit."
        )
    target = _hold(np.where(np.isfinite(closes), wanted, 0.0))
    ordered = np.zeros_like(target)  # what is filled in a bar was decided one bar before
    ordered[1:] = target[:-1]
    before = np.zeros_like(target)
    before[1:] = ordered[:-1]
    if opens is None:
        gross = before * _change(closes)
        short = before
    else:
        at_open = _matrix("opens", opens)
        if at_open.shape != closes.shape:
            raise DataError(f"opens must have the shape of prices, found {at_open.shape} and {closes.shape}.")
        _check_prices("opens", at_open)
        gap = np.zeros_like(closes)
        gap[1:] = at_open[1:] / closes[:-1] - 1.0
        inside = closes / at_open - 1.0
        gross = (1.0 + before * _known(gap)) * (1.0 + ordered * _known(inside)) - 1.0
        short = ordered
    costs = costs or TradingCosts()
    turnover = np.abs(ordered - before)
    net = gross - (costs.commission + costs.slippage) * turnover
    net += costs.borrow / bars_per_year * np.minimum(short, 0.0)
    return StrategyResult(ordered, gross, net, turnover, bars_per_year)


def _hold(signals: FloatArray) -> FloatArray:
    # A missing signal keeps the position before it, zero at first.
    missing = np.isnan(signals)
    if not missing.any():
        return signals
    rows: IntArray = np.where(missing, 0, np.arange(signals.shape[0], dtype=np.int64)[:, None])
    np.maximum.accumulate(rows, axis=0, out=rows)
    return np.nan_to_num(np.take_along_axis(signals, rows, axis=0))


def _change(closes: FloatArray) -> FloatArray:
    change = np.zeros_like(closes)
    change[1:] = closes[1:] / closes[:-1] - 1.0
    return _known(change)


def _known(change: FloatArray) -> FloatArray:
    # Before a series is listed nothing is held and nothing is earned.
    return np.nan_to_num(change, copy=False)


def _matrix(name: str, values: ArrayLike) -> FloatArray:
    matrix = np.asarray(values, dtype=np.float64)
    matrix = matrix[:, None] if matrix.ndim == 1 else matrix
    if matrix.ndim != 2 or 0 in matrix.shape:
        raise DataError(f"{name} must have shape (n_bars, n_series) with at least one of each, found {matrix.shape}.")
    if np.isinf(matrix).any():
        raise DataError(
            f"{name} must not be infinite, found {int(np.isinf(matrix).sum())} such values. Mend the source."
        )
    return matrix


def _check_prices(name: str, prices: FloatArray) -> None:
    known = np.isfinite(prices)
    if (known[:-1] & ~known[1:]).any():
        at = np.argwhere(known[:-1] & ~known[1:])[0]
        raise DataError(
            f"{name} may be missing only before a series begins, found a gap in row {int(at[0]) + 1} of series "
            f"{int(at[1])}. Fill or cut it with a rule of your own first."
        )
    if (prices[known] <= 0).any():
        raise DataError(
            f"{name} must be positive to have a return, found {float(prices[known].min()):g}. Trade such a series in "
            "currency, not in returns."
        )
