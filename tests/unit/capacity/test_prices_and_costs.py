"""The price table, the guide's cost formula cell by cell, and ours with time."""

import math
from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_platform.capacity.gpu_costs import fleet, guide_fleets, recommend
from hf_platform.capacity.prices import load_prices
from hf_platform.errors import ConfigError, UnknownNameError

PRICES = load_prices()
# Card: price, memory, score, cards and cost for 1,000 models, performance per dollar; the guide's printed answers.
GUIDE = {
    "MI300X": (7_500, 192, 3.0, 26, 195_000, 0.0152),
    "RTX 4090": (1_600, 24, 1.0, 250, 400_000, 0.0025),
    "A100-80": (15_000, 80, 2.0, 62, 930_000, 0.00213),
    "RTX 4080": (1_200, 16, 0.8, 333, 399_600, 0.0020),
    "H100": (30_000, 80, 3.5, 62, 1_860_000, 0.00187),
    "A100-40": (10_000, 40, 1.8, 125, 1_250_000, 0.00144),
}


def test_every_price_is_dated_and_has_a_source():
    for entry in (PRICES.running, *PRICES.accelerators.values(), *PRICES.nodes.values()):
        assert isinstance(entry.recorded_on, date)
        assert len(entry.source) > 10


def test_cards_are_the_guides():
    found = {name: (card.price_usd, card.memory_gb, card.score) for name, card in PRICES.accelerators.items()}
    assert found == {name: row[:3] for name, row in GUIDE.items()}
    assert [name for name, card in PRICES.accelerators.items() if card.mig] == ["A100-40", "A100-80", "H100"]


def test_the_guides_own_answers_come_back():
    fleets = guide_fleets(PRICES, 1_000)
    assert [one.card for one in fleets] == list(GUIDE)  # its ranking: MI300X first, not the RTX 4090 of its conclusion
    for one in fleets:
        _, _, _, n_cards, cost, value = GUIDE[one.card]
        assert (one.n_cards, one.cost_usd) == (n_cards, cost)
        assert one.performance_per_dollar == pytest.approx(value, rel=5e-3)
    assert {one.card for one in fleets if one.cost_usd <= 500_000} == {"MI300X", "RTX 4090", "RTX 4080"}


def test_rounding_down_leaves_models_without_room():
    short = {one.card: one.models_short for one in guide_fleets(PRICES, 1_000)}
    assert short["MI300X"] == 1_000 - 26 * 38
    assert short["H100"] == 1_000 - 62 * 16


def test_cards_that_work_all_day_are_few():
    # One RTX 4090 holds four models at once; at a minute each that is 5,760 a day, not four.
    one = fleet(PRICES, "RTX 4090", 5_760, seconds_per_model=60)
    assert (one.concurrent, one.n_cards, one.hours) == (4, 1, 24.0)
    assert one.models_per_hour == 240
    assert fleet(PRICES, "RTX 4090", 5_761, seconds_per_model=60).n_cards == 2
    assert one.kilowatts == 0.45
    depreciation = 1_600 / (3 * 365)
    power = 0.45 * 24 * 1.4 * 0.12
    assert one.usd_per_day == pytest.approx(depreciation + power)


@given(
    n=st.integers(1, 200_000),
    seconds=st.floats(0.01, 5_000),
    hours=st.floats(0.5, 24),
    card=st.sampled_from(sorted(PRICES.accelerators)),
)
def test_fleets_hold_all_models_and_no_card_is_idle(n, seconds, hours, card):
    one = fleet(PRICES, card, n, seconds_per_model=seconds, hours=hours)
    spec = PRICES.accelerators[card]
    if one is None:
        assert seconds / spec.score > hours * 3_600 * (1 - 1e-12)
        return
    rounds = math.floor(hours * 3_600 / (seconds / spec.score))
    assert one.n_cards * one.concurrent * rounds >= n
    assert (one.n_cards - 1) * one.concurrent * rounds < n
    assert one.hours <= hours * (1 + 1e-9)
    assert one.usd_per_model * n == pytest.approx(one.usd_per_day)


def test_a_model_larger_than_the_card_is_no_fleet():
    assert fleet(PRICES, "RTX 4080", 10, seconds_per_model=1, model_gb=20) is None


def test_only_what_the_budget_buys_cheapest_model_first():
    offers = [fleet(PRICES, name, 50_000, seconds_per_model=600, budget_usd=60_000) for name in PRICES.accelerators]
    chosen = recommend([one for one in offers if one is not None], 60_000)
    assert chosen
    assert all(one.price_usd <= 60_000 and one.budget_use <= 1 for one in chosen)
    assert [one.usd_per_model for one in chosen] == sorted(one.usd_per_model for one in chosen)


@pytest.mark.parametrize("wrong", [{"seconds_per_model": 0.0}, {"seconds_per_model": 1.0, "hours": 0.0}])
def test_numbers_must_be_positive(wrong):
    with pytest.raises(ConfigError, match="must be positive"):
        fleet(PRICES, "H100", 1, **wrong)


def test_an_hour_is_depreciation_and_power():
    usd = Fraction(3_000) / (3 * 8_760) + Fraction(250, 1_000) * Fraction(14, 10) * Fraction(12, 100)
    assert PRICES.usd_per_core_hour("workstation") == pytest.approx(float(usd / 12))
    with pytest.raises(UnknownNameError, match="unknown node 'toaster'"):
        PRICES.usd_per_core_hour("toaster")


def test_a_table_of_ones_own(tmp_path):
    from importlib import resources

    text = resources.files("hf_platform.capacity").joinpath("prices.toml").read_text()
    own = tmp_path / "prices.toml"
    own.write_text(text.replace("price_usd = 1600", "price_usd = 999"))
    assert load_prices(own).accelerators["RTX 4090"].price_usd == 999
    for broken, said in (
        (text.replace("price_usd = 1600", "price_usd = -1"), "RTX 4090.price_usd"),
        (text.replace('accelerator = "H100"', 'accelerator = "H900"'), "has no entry"),
        (text.replace("recorded_on = 2026-11-22", "", 1), "recorded_on"),
        (text + "\nsurprise = 1\n", "surprise"),
        ("not toml", "readable TOML"),
    ):
        own.write_text(broken)
        with pytest.raises(ConfigError, match=said):
            load_prices(own)
    with pytest.raises(ConfigError, match="readable TOML"):
        load_prices(tmp_path / "none.toml")
