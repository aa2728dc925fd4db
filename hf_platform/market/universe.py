"""Instruments: the record of a tradable series and the rule for its name."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final, Literal, get_args

from hf_platform.calendar import is_known_calendar
from hf_platform.errors import ConfigError, DataError
from hf_platform.horizons import FREQUENCIES

if TYPE_CHECKING:
    from hf_platform.lake import Lake

AssetClass = Literal["equity", "index", "etf", "commodity", "future", "fx", "bond", "rate", "crypto", "other"]
PriceRule = Literal["positive", "any"]
ASSET_CLASSES: Final[tuple[str, ...]] = get_args(AssetClass)
PRICE_RULES: Final[tuple[str, ...]] = get_args(PriceRule)
# Safe as a folder name, a partition key and a file stem, on every system.
NAME_PATTERN: Final = re.compile(r"[A-Z0-9][A-Z0-9._-]{0,31}", re.ASCII)
_CURRENCY: Final = re.compile(r"[A-Z]{3}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """What is known about a tradable series besides its prices.

    Parameters
    ----------
    instrument : str
        The name used everywhere; capitals, digits, dot, underscore, dash; at most 32 characters.
    name : str
        The name that people read.
    asset_class : str
        One of `ASSET_CLASSES`.
    calendar : str
        Exchange calendar whose session closes stamp the bars.
    currency : str
        ISO 4217.
    price_rule : str
        ``positive``, or ``any`` where prices may fall to zero and below (futures, spreads).
    frequency : str
        Finest bar frequency that the source delivers, a key of `horizons.FREQUENCIES`.
    valid_from, valid_to : datetime or None
        When the instrument was in the universe, naive UTC; None is open.

    Raises
    ------
    ConfigError
        If a field is outside its closed list.
    DataError
        If the name breaks the rule.
    """

    instrument: str
    name: str = ""
    asset_class: AssetClass = "equity"
    calendar: str = "XNYS"
    currency: str = "USD"
    price_rule: PriceRule = "positive"
    frequency: str = "1d"
    valid_from: datetime | None = None
    valid_to: datetime | None = None

    def __post_init__(self) -> None:
        """Check every field against its rule."""
        check_name(self.instrument)
        for field, value, known in (
            ("asset_class", self.asset_class, ASSET_CLASSES),
            ("price_rule", self.price_rule, PRICE_RULES),
            ("frequency", self.frequency, tuple(FREQUENCIES)),
        ):
            if value not in known:
                raise ConfigError(f"{self.instrument}: {field} must be one of {', '.join(known)}, found {value!r}.")
        if _CURRENCY.fullmatch(self.currency) is None:
            raise ConfigError(
                f"{self.instrument}: currency must be three capitals (ISO 4217), found {self.currency!r}. Write USD."
            )
        if not is_known_calendar(self.calendar):
            raise ConfigError(
                f"{self.instrument}: no exchange calendar is called {self.calendar!r}. Write XNYS, CMES, XLON, 24/7 "
                "or another name of exchange_calendars."
            )


def check_name(name: str) -> str:
    """Return the name if it may be used for an instrument.

    Raises
    ------
    DataError
        If it does not match `NAME_PATTERN`.
    """
    if NAME_PATTERN.fullmatch(name) is None:
        raise DataError(
            f"an instrument's name has 1 to 32 capitals, digits, '.', '_' or '-' and starts with a letter or digit, "
            f"found {name[:80]!r}. Rename it, for example to 'BRK.B'."
        )
    return name


def read_universe(store: "Lake", as_of: datetime | None = None) -> dict[str, Instrument]:
    """Read the record of every instrument in the lake.

    Parameters
    ----------
    store : Lake
    as_of : datetime, optional
        Only those that were in the universe then, as it was known then, naive UTC. A merged or delisted
        name is among them until its last close: names that are gone stay in history.

    Returns
    -------
    dict of instrument to Instrument
        Sorted by name; the newest spell of each.
    """
    rows = store.query(
        """
        WITH endings AS (
            SELECT instrument, kind, event_at, value FROM market.corporate_actions
            WHERE kind IN ('merger', 'delisting')
              AND ($as_of::TIMESTAMP IS NULL OR known_at <= $as_of::TIMESTAMP)
            QUALIFY row_number() OVER (PARTITION BY instrument, kind, event_at ORDER BY known_at DESC) = 1
        ),
        ended AS (
            SELECT instrument, min(event_at) AS ended_at FROM endings WHERE value IS NOT NULL GROUP BY instrument
        ),
        spells AS (
            SELECT u.* EXCLUDE (valid_to), least(u.valid_to, e.ended_at) AS valid_to
            FROM market.universe u LEFT JOIN ended e USING (instrument)
        )
        SELECT instrument, name, asset_class, calendar, currency, price_rule, frequency, valid_from, valid_to
        FROM spells
        WHERE $as_of::TIMESTAMP IS NULL
           OR (valid_from <= $as_of::TIMESTAMP AND ($as_of::TIMESTAMP < valid_to OR valid_to IS NULL))
        QUALIFY row_number() OVER (PARTITION BY instrument ORDER BY valid_from DESC) = 1
        ORDER BY instrument
        """,
        {"as_of": as_of},
    )
    return {row["instrument"]: Instrument(**row) for row in rows.iter_rows(named=True)}
