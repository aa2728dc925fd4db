"""Files of positions: what is read, and what is refused with row, rule and value."""

from datetime import date

import pytest

from hf_platform.errors import ConfigError, DataError, UnknownNameError
from hf_platform.risk.positions import Portfolio, Position, read_positions

KNOWN = ("AAPL", "JPM")


def load(tmp_path, text, name="book"):
    path = tmp_path / "book.csv"
    path.write_text(text, encoding="utf-8")
    return read_positions(path, name, KNOWN)


def test_a_file_is_read(tmp_path):
    held = load(
        tmp_path,
        "Instrument,quantity,kind,strike,expiry\nAAPL,100,,,\nJPM,-5,call,140,2023-03-17\nUSD,1000.5,cash,,\n",
    )
    assert held.instruments == ("AAPL", "JPM")
    assert held.has_options
    option = next(p for p in held.positions if p.is_option)
    assert (option.quantity, option.strike, option.expiry) == (-5.0, 140.0, date(2023, 3, 17))
    assert held.source == "book.csv"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("instrument,quantity\nAAPL,nan\n", "row 1.*finite number other than zero, found nan"),
        ("instrument,quantity\nAAPL,0\n", "row 1.*other than zero, found 0"),
        ("instrument,quantity\nAAPL,1\nJPM,many\n", "row 2.*must be a number, found 'many'"),
        ("instrument,quantity\nAAPL,1\nAAPL,2\n", "holds 'AAPL spot' twice"),
        ("instrument,shares\nAAPL,1\n", "columns are instrument, quantity.*found instrument, shares"),
        ("instrument,quantity\n", "found none"),
        ("instrument,quantity\nAAPL,1,2\n", "as many fields"),
        ("instrument,quantity,kind\nAAPL,1,swap\n", "kind must be one of"),
        ("instrument,quantity,kind\nAAPL,1,call\n", "needs strike and expiry"),
        ("instrument,quantity,kind,strike,expiry\nAAPL,1,call,-3,2023-01-20\n", "strike must be positive"),
        ("instrument,quantity,kind,strike,expiry\nAAPL,1,put,90,soon\n", "a date like 2023-01-20, found 'soon'"),
        ("instrument,quantity,kind\nUSD,5,cash\n", "a position in an instrument, found none"),
    ],
)
def test_what_breaks_a_rule_is_named(tmp_path, text, message):
    with pytest.raises(DataError, match=message):
        load(tmp_path, text)


def test_unknown_instruments_and_names_are_refused(tmp_path):
    with pytest.raises(UnknownNameError, match=r"unknown instrument 'TSLA'\. Known: AAPL, JPM"):
        load(tmp_path, "instrument,quantity\nTSLA,1\n")
    with pytest.raises(ConfigError, match="lower-case"):
        load(tmp_path, "instrument,quantity\nAAPL,1\n", name="../etc")
    with pytest.raises(ConfigError, match="readable"):
        read_positions(tmp_path / "none.csv", "book", KNOWN)


def test_the_version_knows_quantities_but_not_their_order():
    one, two = Position(instrument="AAPL", quantity=1.0), Position(instrument="JPM", quantity=2.0)
    assert Portfolio("x", (one, two)).version == Portfolio("x", (two, one)).version
    assert Portfolio("x", (one, two)).version != Portfolio("x", (one,)).version
