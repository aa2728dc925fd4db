"""Positions: what a portfolio holds, and the rules that a file of positions must keep.

A file is CSV with the columns ``instrument,quantity`` and, for options, ``kind,strike,expiry``. Quantities are units
(shares, contracts on one unit), negative when short; a row of kind ``cash`` holds an amount of money.
"""

import csv
import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final, Literal, cast, get_args

from hf_platform.errors import ConfigError, DataError, UnknownNameError
from hf_platform.models.identity import content_hash

Kind = Literal["spot", "call", "put", "cash"]
KINDS: Final[tuple[str, ...]] = get_args(Kind)
NAME_PATTERN: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}", re.ASCII)  # safe as a file stem and in a page's address
COLUMNS: Final = ("instrument", "quantity", "kind", "strike", "expiry")
_REQUIRED: Final = ("instrument", "quantity")
_MOST_ROWS: Final = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """One line of a portfolio.

    Parameters
    ----------
    instrument : str
        What is held, or what an option is written on; for cash the currency.
    quantity : float
        Units held, negative when short; for cash an amount of money. Finite, never zero.
    kind : {"spot", "call", "put", "cash"}
        Options are European, on one unit of the instrument.
    strike : float or None
        Options only: positive, in the currency of the instrument.
    expiry : date or None
        Options only: the last day, New York close.

    Raises
    ------
    DataError
        If a field breaks its rule.
    """

    instrument: str
    quantity: float
    kind: Kind = "spot"
    strike: float | None = None
    expiry: date | None = None

    def __post_init__(self) -> None:
        """Check every field against its rule."""
        if not math.isfinite(self.quantity) or self.quantity == 0.0:
            raise DataError(
                f"{self.instrument}: quantity must be a finite number other than zero, found {self.quantity}. "
                "Mend or drop the row."
            )
        if self.kind not in KINDS:
            raise DataError(f"{self.instrument}: kind must be one of {', '.join(KINDS)}, found {self.kind!r}.")
        if self.is_option != (self.strike is not None) or self.is_option != (self.expiry is not None):
            raise DataError(
                f"{self.instrument}: a call or a put needs strike and expiry, spot and cash have neither; found kind "
                f"{self.kind}, strike {self.strike}, expiry {self.expiry}. Mend the row."
            )
        if self.strike is not None and not (math.isfinite(self.strike) and self.strike > 0.0):
            raise DataError(f"{self.instrument}: strike must be positive, found {self.strike}. Mend the row.")

    @property
    def is_option(self) -> bool:
        """Whether the position is a call or a put."""
        return self.kind in ("call", "put")

    @property
    def position_id(self) -> str:
        """Name of the line inside its portfolio: what is held, without the quantity."""
        if not self.is_option:
            return f"{self.instrument} {self.kind}"
        return f"{self.instrument} {self.kind} {self.strike:g} {self.expiry}"


@dataclass(frozen=True, slots=True)
class Portfolio:
    """A named set of positions.

    Parameters
    ----------
    name : str
        Lower-case letters, digits, dash, underscore.
    positions : tuple of Position
        Each line once, in order of `position_id`.
    source : str
        Where the positions came from: a file's name, or ``bundled demonstration``.

    Raises
    ------
    ConfigError
        If the name breaks the rule.
    DataError
        If there is no position, or a line occurs twice.
    """

    name: str
    positions: tuple[Position, ...]
    source: str = ""

    def __post_init__(self) -> None:
        """Check the name, and that no line occurs twice."""
        check_portfolio_name(self.name)
        if not self.instruments:
            raise DataError(f"portfolio {self.name} needs a position in an instrument, found none. Add one.")
        seen: set[str] = set()
        for position in self.positions:
            if position.position_id in seen:
                raise DataError(
                    f"portfolio {self.name} holds {position.position_id!r} twice. Add the quantities up in one row."
                )
            seen.add(position.position_id)

    @property
    def instruments(self) -> tuple[str, ...]:
        """Instruments that the value depends on, sorted."""
        return tuple(sorted({p.instrument for p in self.positions if p.kind != "cash"}))

    @property
    def has_options(self) -> bool:
        """Whether a call or a put is held."""
        return any(position.is_option for position in self.positions)

    @property
    def version(self) -> str:
        """Content hash of the positions."""
        rows = sorted((p.position_id, repr(p.quantity)) for p in self.positions)
        return content_hash(self.name, *(part for row in rows for part in row))


def check_portfolio_name(name: str) -> str:
    """Return the name if it may be used for a portfolio.

    Raises
    ------
    ConfigError
        If it does not match `NAME_PATTERN`.
    """
    if NAME_PATTERN.fullmatch(name) is None:
        raise ConfigError(
            "a portfolio's name has 1 to 32 lower-case letters, digits, '_' or '-' and starts with a letter or digit, "
            f"found {name[:80]!r}. Rename it, for example to 'long-only'."
        )
    return name


def read_positions(path: Path, name: str, known: Collection[str]) -> Portfolio:
    """Read a portfolio from a CSV file.

    Parameters
    ----------
    path : Path
        Columns ``instrument,quantity[,kind,strike,expiry]``; expiry as year-month-day.
    name : str
        Of the portfolio.
    known : collection of str
        Instruments that the lake holds.

    Raises
    ------
    DataError
        Naming file, row, rule and value.
    UnknownNameError
        If an instrument is not known.
    ConfigError
        If the file cannot be read, or the name breaks its rule.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"a readable UTF-8 file is needed, found {path}: {error}. Check the path.") from error
    rows = csv.DictReader(text.splitlines())
    found = tuple(field.strip().lower() for field in rows.fieldnames or ())
    missing = [column for column in _REQUIRED if column not in found]
    unknown = [column for column in found if column not in COLUMNS]
    if missing or unknown:
        raise DataError(
            f"{path.name}: the columns are {', '.join(COLUMNS)}, the first two required; found {', '.join(found)}. "
            "Mend the first line."
        )
    rows.fieldnames = list(found)
    positions: list[Position] = []
    for number, row in enumerate(rows, start=1):
        if number > _MOST_ROWS:
            raise DataError(f"{path.name}: at most {_MOST_ROWS:,} positions, found more. Aggregate them.")
        try:
            positions.append(_position(row))
        except DataError as error:
            raise DataError(f"{path.name}, row {number}: {error}") from error
    for position in positions:
        if position.kind != "cash" and position.instrument not in known:
            raise UnknownNameError("instrument", position.instrument, tuple(sorted(known)))
    return Portfolio(name, tuple(sorted(positions, key=lambda p: p.position_id)), path.name)


def _position(row: Mapping[str | None, object]) -> Position:
    if None in row or any(value is None for value in row.values()):
        raise DataError("a row has as many fields as the first line, found more or fewer. Mend the row.")
    cells = {str(key): str(value).strip() for key, value in row.items()}
    expiry = cells.get("expiry", "")
    try:
        last_day = date.fromisoformat(expiry) if expiry else None
    except ValueError as error:
        raise DataError(f"expiry must be a date like 2023-01-20, found {expiry!r}. Mend the row.") from error
    return Position(
        instrument=cells["instrument"],
        quantity=_number("quantity", cells["quantity"]),
        kind=cast("Kind", cells.get("kind") or "spot"),
        strike=_number("strike", cells["strike"]) if cells.get("strike") else None,
        expiry=last_day,
    )


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise DataError(f"{name} must be a number, found {text!r}. Mend the row.") from error
