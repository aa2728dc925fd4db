"""Published log-likelihoods of the arch documentation."""

import json
from pathlib import Path

import pytest
from arch.data import sp500

from hf_platform.volatility import garch

GOLDEN = json.loads((Path(__file__).parent / "volatility_garch.json").read_text())


@pytest.mark.parametrize("case", GOLDEN["cases"], ids=lambda c: c["case"])
def test_log_likelihood_is_the_published_one(case, published):
    prices = sp500.load()["Adj Close"].to_numpy()
    returns = 100 * (prices[1:] / prices[:-1] - 1)
    spec = garch.GarchSpec(process=case["process"], distribution=case["distribution"])
    fits = garch.fit_many(returns[:, None], spec)
    published(fits.log_likelihood[0], case["log_likelihood"], GOLDEN["atol"])
