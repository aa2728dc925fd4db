"""Strategy backtests: against a loop over bars, costs by hand, no look-ahead, bad input."""

import numpy as np
import pytest

from hf_platform.backtest.strategy import FREE, TradingCosts, backtest
from hf_platform.errors import ConfigError, DataError

RNG = np.random.default_rng(0)
CLOSES = 100 * np.exp(np.cumsum(0.02 * RNG.standard_normal((60, 3)), axis=0))
OPENS = np.vstack([CLOSES[:1], CLOSES[:-1] * np.exp(0.01 * RNG.standard_normal((59, 3)))])
SIGNALS = np.round(RNG.uniform(-1, 1, (60, 3)), 1)
COSTS = TradingCosts(commission=0.001, slippage=0.002, borrow=0.0252)


def by_hand(closes: np.ndarray, opens: np.ndarray | None, signals: np.ndarray, costs: TradingCosts) -> np.ndarray:
    """One series, one bar after the other: decide at the close, fill in the next bar."""
    held, pending, net = 0.0, 0.0, [0.0]
    for t in range(1, closes.size):
        pending = signals[t - 1]
        if opens is None:
            earned = held * (closes[t] / closes[t - 1] - 1)
            short = min(held, 0.0)
        else:
            earned = (1 + held * (opens[t] / closes[t - 1] - 1)) * (1 + pending * (closes[t] / opens[t] - 1)) - 1
            short = min(pending, 0.0)
        paid = abs(pending - held) * (costs.commission + costs.slippage) - short * costs.borrow / 252
        held = pending
        net.append(earned - paid)
    return np.array(net)


@pytest.mark.parametrize("opens", [None, OPENS], ids=["next close", "next open"])
def test_the_sweep_is_the_loop(opens):
    result = backtest(CLOSES, SIGNALS, COSTS, opens=opens)
    for column in range(3):
        at_open = None if opens is None else opens[:, column]
        expected = by_hand(CLOSES[:, column], at_open, SIGNALS[:, column], COSTS)
        np.testing.assert_allclose(result.net[:, column], expected, atol=1e-14)
    np.testing.assert_array_equal(result.positions[1:], SIGNALS[:-1])


def test_one_trade_by_hand():
    closes = np.array([100.0, 110.0, 121.0, 121.0, 60.5])
    result = backtest(closes, [1.0, 1.0, -1.0, 0.0, 0.0], TradingCosts(commission=0.01, slippage=0.0, borrow=0.252))
    # Bought at 110, earned 10 %, turned short at 121 (two units traded), gained 50 % on the fall, less a day's
    # borrowing on each bar that began short. The order to close is filled in the last bar.
    np.testing.assert_allclose(result.net[:, 0], [0, -0.01, 0.10, -0.02, 0.5 - 0.001 - 0.01])
    assert result.n_orders == 3
    found = result.statistics()[0]
    assert found.exposure == pytest.approx(3 / 5)
    assert found.hit_rate == pytest.approx(2 / 4)
    assert found.annual_turnover == pytest.approx(4 / 5 * 252)
    assert found.max_drawdown == pytest.approx(0.02)
    np.testing.assert_allclose(result.equity[-1, 0], 0.99 * 1.1 * 0.98 * 1.489)


def test_nothing_before_a_bar_depends_on_that_bar_or_later():
    whole = backtest(CLOSES, SIGNALS, COSTS, opens=OPENS)
    for cut in (5, 30, 59):
        closes, opens, signals = CLOSES.copy(), OPENS.copy(), SIGNALS.copy()
        closes[cut:] *= 3.0
        opens[cut:] *= 0.5
        signals[cut:] = -signals[cut:]
        other = backtest(closes, signals, COSTS, opens=opens)
        np.testing.assert_array_equal(other.net[:cut], whole.net[:cut])
        np.testing.assert_array_equal(other.positions[: cut + 1], whole.positions[: cut + 1])


def test_foresight_of_the_same_bar_earns_nothing_without_it_being_tradable():
    """The sign of today's return as today's signal: worthless, since the order is filled one bar later."""
    rng = np.random.default_rng(1)
    closes = 100 * np.exp(np.cumsum(0.01 * rng.standard_normal((5_000, 1)), axis=0))
    signals = np.sign(np.diff(closes, axis=0, prepend=closes[:1]))
    ratio = backtest(closes, signals, FREE).statistics()[0].sharpe
    assert abs(ratio.per_bar) < 4 * ratio.standard_error


def test_a_missing_signal_keeps_the_position_and_a_later_listing_trades_nothing_before():
    closes = CLOSES[:6].copy()
    closes[:3, 1] = np.nan
    signals = np.full((6, 3), np.nan)
    signals[1] = 0.5
    signals[4, 0] = -0.5
    result = backtest(closes, signals, FREE)
    np.testing.assert_allclose(result.positions[:, 0], [0, 0, 0.5, 0.5, 0.5, -0.5])
    np.testing.assert_allclose(result.positions[:, 1], 0.0)
    assert np.isfinite(result.net).all()


def test_a_total_loss_is_said_and_stays():
    closes = np.array([100.0, 100.0, 250.0, 100.0, 100.0] + [100.0] * 40)
    result = backtest(closes, np.full(45, -1.0), FREE)
    found = result.statistics()[0]
    assert result.equity[-1, 0] == 0.0
    assert found.annual_return is None
    assert found.sharpe is None
    assert found.max_drawdown == 1.0
    assert "all capital" in found.reason


def test_the_portfolio_is_the_mean_of_its_series():
    result = backtest(CLOSES, SIGNALS, COSTS)
    together = result.portfolio()
    expected = np.log1p(result.net.mean(axis=1))
    assert together.annual_return == pytest.approx(expected.mean() * 252)
    assert together.sharpe.per_bar == pytest.approx(expected.mean() / expected.std())


def test_never_trading_costs_and_earns_nothing():
    found = backtest(CLOSES, np.full((60, 3), np.nan), COSTS).statistics()[0]
    assert (found.annual_return, found.exposure, found.max_drawdown, found.n_orders) == (0.0, 0.0, 0.0, 0)
    assert found.hit_rate is None
    assert found.sharpe.reason


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: backtest(CLOSES, SIGNALS[:-1]), DataError),
        (lambda: backtest(CLOSES[:, :2], SIGNALS), DataError),
        (lambda: backtest(-CLOSES, SIGNALS), DataError),
        (lambda: backtest(np.where(np.arange(60)[:, None] == 30, np.nan, CLOSES), SIGNALS), DataError),
        (lambda: backtest(CLOSES, 5 * SIGNALS), DataError),
        (lambda: backtest(CLOSES, np.full((60, 3), np.inf)), DataError),
        (lambda: backtest(CLOSES, SIGNALS, opens=OPENS[:-1]), DataError),
        (lambda: backtest([], []), DataError),
        (lambda: backtest(CLOSES, SIGNALS, bars_per_year=0), ConfigError),
        (lambda: TradingCosts(slippage=-0.1), ConfigError),
        (lambda: TradingCosts(borrow=float("nan")), ConfigError),
    ],
)
def test_bad_input_is_refused(call, error):
    with pytest.raises(error, match="found"):
        call()
