"""Two rows are the same when every number in them has the same bits."""

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast


@dataclass(frozen=True, slots=True)
class Difference:
    """One value that came out otherwise.

    Parameters
    ----------
    what : str
        Column, with the forecast origin where there are several rows.
    stored, found : object
    """

    what: str
    stored: object
    found: object

    def __str__(self) -> str:
        """Show both values, floats in full."""
        return f"{self.what}: stored {_short(self.stored)}, computed {_short(self.found)}"


def same_bits(a: object, b: object) -> bool:
    """Compare two stored values; numbers by their bits, so that 0.0 is not -0.0."""
    if isinstance(a, float) and isinstance(b, float):
        return struct.pack("<d", a) == struct.pack("<d", b)
    if isinstance(a, bool) != isinstance(b, bool) or isinstance(a, float) != isinstance(b, float):
        return False  # 1, 1.0 and True are equal to Python
    if isinstance(a, list) and isinstance(b, list):
        xs, ys = cast("list[object]", a), cast("list[object]", b)
        return len(xs) == len(ys) and all(same_bits(x, y) for x, y in zip(xs, ys, strict=True))
    return a == b


def differences(
    stored: Mapping[str, object], found: Mapping[str, object], columns: Sequence[str], at: datetime | None = None
) -> list[Difference]:
    """Compare some columns of two rows."""
    where = "" if at is None else f" at {at}"
    return [
        Difference(name + where, stored[name], found[name])
        for name in columns
        if not same_bits(stored[name], found[name])
    ]


def _short(value: object) -> str:
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, list):
        items = cast("list[object]", value)
        return f"[{', '.join(map(_short, items[:3]))}{', ...' if len(items) > 3 else ''}]"
    text = str(value)
    return text if len(text) <= 120 else text[:117] + "..."


def by_key(rows: Iterable[Mapping[str, Any]], key: str) -> dict[Any, Mapping[str, Any]]:
    """Index rows by one column."""
    return {row[key]: row for row in rows}
