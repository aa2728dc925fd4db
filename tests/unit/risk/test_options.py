"""Black-Scholes-Merton: limits, derivatives, implied volatility, bad input."""

import numpy as np
import pytest

from hf_platform.errors import ConfigError, DataError
from hf_platform.risk import options

CASE = {"spot": 100.0, "strike": 105.0, "maturity": 0.7, "rate": 0.03, "volatility": 0.25}


@pytest.mark.parametrize("kind", ["call", "put"])
def test_greeks_are_the_derivatives_of_the_price(kind):
    found = options.greeks(**CASE, dividend_yield=0.02, kind=kind)

    def price(**change: float) -> float:
        return float(options.black_scholes_price(**(CASE | change), dividend_yield=0.02, kind=kind))

    def slope(name: str, step: float) -> float:
        return (price(**{name: CASE[name] + step}) - price(**{name: CASE[name] - step})) / (2 * step)

    assert float(found.delta) == pytest.approx(slope("spot", 1e-3), abs=1e-7)
    assert float(found.vega) == pytest.approx(slope("volatility", 1e-5), abs=1e-5)
    assert float(found.rho) == pytest.approx(slope("rate", 1e-5), abs=1e-5)
    assert float(found.theta) == pytest.approx(-slope("maturity", 1e-5), abs=1e-5)
    second = (price(spot=101) - 2 * price() + price(spot=99)) / 1.0
    assert float(found.gamma) == pytest.approx(second, rel=1e-3)


def test_limits_at_expiry_and_without_volatility():
    spots = np.array([90.0, 100.0, 110.0])
    assert options.black_scholes_price(spots, 100, 0.0, 0.05, 0.2).tolist() == [0.0, 0.0, 10.0]
    assert options.black_scholes_price(spots, 100, 0.0, 0.05, 0.2, kind="put").tolist() == [10.0, 0.0, 0.0]
    sure = options.black_scholes_price(spots, 100, 1.0, 0.05, 0.0)
    assert sure == pytest.approx(np.maximum(spots - 100 * np.exp(-0.05), 0))


def test_inputs_broadcast():
    grid = options.black_scholes_price(np.array([[90.0], [110.0]]), np.array([95.0, 100.0, 105.0]), 0.5, 0.01, 0.3)
    assert grid.shape == (2, 3)
    assert options.greeks(np.array([[90.0], [110.0]]), [95.0, 100.0], 0.5, 0.01, 0.3).vega.shape == (2, 2)


def test_implied_volatility_finds_its_way_back_far_from_the_money():
    strikes = np.array([40.0, 70.0, 100.0, 140.0, 250.0])
    for kind in ("call", "put"):
        out_of_money = (strikes > 100) == (kind == "call")
        prices = options.black_scholes_price(100, strikes, 0.25, 0.02, 0.35, kind=kind)
        found = options.implied_volatility(prices, 100, strikes, 0.25, 0.02, kind=kind)
        assert found[out_of_money] == pytest.approx(np.full(out_of_money.sum(), 0.35), abs=1e-9)
    assert options.implied_volatility(0.0, 100, 120, 1.0, 0.0) == 0.0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"spot": 0.0}, "spot must be positive"),
        ({"strike": -1.0}, "strike must be positive"),
        ({"maturity": -0.1}, "past its expiry"),
        ({"volatility": -0.2}, "volatility must not be negative"),
        ({"rate": float("nan")}, "rate must be finite"),
        ({"spot": "dear"}, "must be numbers"),
    ],
)
def test_bad_input_is_named(change, message):
    with pytest.raises(DataError, match=message):
        options.black_scholes_price(**(CASE | change))


def test_unknown_kind_is_refused():
    with pytest.raises(ConfigError, match="'call' or 'put'"):
        options.black_scholes_price(**CASE, kind="straddle")


@pytest.mark.parametrize("change", [{"maturity": 0.0}, {"volatility": 0.0}])
def test_greeks_do_not_exist_at_the_kink(change):
    with pytest.raises(DataError, match="positive maturity and volatility"):
        options.greeks(**(CASE | change))


@pytest.mark.parametrize("price", [101.0, -0.5, float("nan")])
def test_prices_outside_the_bounds_have_no_implied_volatility(price):
    with pytest.raises(DataError, match="must lie in"):
        options.implied_volatility(price, 100, 100, 0.5, 0.0)


def test_an_expired_option_has_no_implied_volatility():
    with pytest.raises(DataError, match="time to expiry"):
        options.implied_volatility(1.0, 100, 100, 0.0, 0.0)
