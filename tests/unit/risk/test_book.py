"""A book's value, exposures and profits."""

from datetime import date, datetime

import numpy as np
import pytest
from numpy.testing import assert_allclose

from hf_platform.errors import DataError
from hf_platform.risk.book import price_book, years_left
from hf_platform.risk.options import black_scholes_price
from hf_platform.risk.positions import Portfolio, Position

ORIGIN = datetime(2022, 12, 28, 21)  # noqa: DTZ001 - times are naive UTC throughout
CALL = Position(instrument="A", quantity=-10.0, kind="call", strike=105.0, expiry=date(2023, 6, 28))
SPOT = Position(instrument="B", quantity=20.0)
CASH = Position(instrument="USD", quantity=500.0, kind="cash")


RATE = 0.03


def book(*positions, closes=(100.0, 50.0), rate=RATE):
    held = Portfolio("x", positions)
    legs = {position: 0.25 for position in positions if position.is_option}
    return price_book(held, ("A", "B"), np.array(closes), ORIGIN, legs, rate=rate)


def test_value_and_exposures_count_options_by_price_and_delta():
    made = book(CALL, SPOT, CASH)
    years = 182 / 365 - 1 / 24 / 365  # summer time: the close comes an hour earlier in UTC
    assert_allclose(years_left(CALL, ORIGIN), years)
    price = float(black_scholes_price(100, 105, years, RATE, 0.25))
    assert_allclose(made.equity, 500 + 20 * 50 - 10 * price)
    bump = 1e-4
    up, down = (book(CALL, SPOT, CASH, closes=(100 + s, 50.0)).equity for s in (bump, -bump))
    assert_allclose(made.exposures, [100 * (up - down) / (2 * bump), 1000.0], rtol=1e-6)


def test_profits_revalue_everything():
    made, returns = book(CALL, SPOT), np.array([[0.1, -0.05], [np.nan, 0.02]])
    before, after = (float(black_scholes_price(s, 105, made.maturity[0], RATE, 0.25)) for s in (100, 100 * np.exp(0.1)))
    found = made.profits(returns)
    assert_allclose(found[0], [-10 * (after - before), 1000 * np.expm1(-0.05)])
    assert np.isnan(found[1, 0])
    doubled = made.profits(np.zeros((1, 2)), volatility_scale=2.0)[0]
    assert_allclose(doubled[0], -10 * (float(black_scholes_price(100, 105, made.maturity[0], RATE, 0.5)) - before))
    expired = made.profits(np.array([[0.1, 0.0]]), years=1.0)[0, 0]
    assert_allclose(expired, -10 * (100 * np.exp(0.1) - 105 - before))


def test_without_equity_there_is_no_share_of_it():
    short = Position(instrument="A", quantity=-10.0)
    with pytest.raises(DataError, match=r"positive equity, found 0\.00.*row of kind cash"):
        assert book(short, SPOT).equity
    assert book(short, SPOT, CASH).equity == 500.0


def test_an_option_past_its_expiry_is_refused():
    old = Position(instrument="A", quantity=1.0, kind="put", strike=90.0, expiry=date(2022, 12, 27))
    with pytest.raises(DataError, match="A put 90 2022-12-27 is past its expiry"):
        book(old)


def test_an_option_needs_a_volatility():
    with pytest.raises(DataError, match="forecast volatility"):
        price_book(Portfolio("x", (CALL,)), ("A", "B"), np.array([100.0, 50.0]), ORIGIN)
