import pytest

from hf_platform.errors import ConfigError, DataError
from hf_platform.market.universe import Instrument, check_name


@pytest.mark.parametrize("name", ["A", "BRK.B", "6758", "ES-2024_12", "A" * 32])
def test_names_that_are_fine(name):
    assert check_name(name) == name


@pytest.mark.parametrize(
    "name", ["", "a", ".A", "-A", "A B", "A" * 33, "../A", "A/B", "A|1d", "A'", "A\n", "\u0410", "A;"]
)
def test_names_that_are_not(name):
    with pytest.raises(DataError, match="1 to 32 capitals"):
        check_name(name)


@pytest.mark.parametrize(
    ("field", "value"),
    [("asset_class", "stock"), ("calendar", "MOON"), ("currency", "usd"), ("price_rule", "none"), ("frequency", "2d")],
)
def test_descriptions_come_from_closed_lists(field, value):
    with pytest.raises(ConfigError, match=value):
        Instrument(instrument="A", **{field: value})
