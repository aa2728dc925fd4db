"""Option prices and Greeks against the worked examples of textbooks."""

import json
from pathlib import Path

import pytest

from hf_platform.risk import options

GOLDEN = json.loads(Path(__file__).with_name("options.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", GOLDEN["prices"], ids=lambda case: case["case"])
def test_price(case, published):
    inputs = [case[name] for name in ("spot", "strike", "maturity", "rate", "volatility")]
    found = options.black_scholes_price(*inputs, dividend_yield=case["dividend_yield"], kind=case["kind"])
    published(float(found), case["price"], case["atol"])


@pytest.mark.parametrize("case", GOLDEN["greeks"], ids=lambda case: case["case"])
def test_greeks(case, published):
    inputs = [case[name] for name in ("spot", "strike", "maturity", "rate", "volatility")]
    found = options.greeks(*inputs, kind=case["kind"])
    for name, tolerance in case["atol"].items():
        published(getattr(found, name), case[name], tolerance)
