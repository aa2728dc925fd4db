"""Horizons: a bar frequency and a number of bars ahead, under one name."""

import re
from dataclasses import dataclass
from typing import Final

from hf_platform.errors import UnknownNameError

# Bar frequencies from fine to coarse, with the bars in a year of a typical equity market.
FREQUENCIES: Final[dict[str, int]] = {
    "1min": 252 * 390,
    "5min": 252 * 78,
    "15min": 252 * 26,
    "30min": 252 * 13,
    "1h": 252 * 7,
    "1d": 252,
    "1w": 52,
    "1mo": 12,
}
INTRADAY: Final[tuple[str, ...]] = ("1min", "5min", "15min", "30min", "1h")
# Parts of sessions that VaR is stored for beside the horizons of the grid: from a close to the next open, and from a
# bar to the close of its session (`5min_session`).
OVERNIGHT: Final = "overnight"
SESSION: Final = "_session"
_NAME: Final = re.compile(r"([1-9]\d{0,3})(min|h|d|w|mo)")


@dataclass(frozen=True, slots=True)
class Horizon:
    """How far ahead a forecast looks.

    Parameters
    ----------
    name : str
        As typed, for example ``5d``.
    frequency : str
        Bar frequency, a key of `FREQUENCIES`.
    n_bars : int
        Number of bars of that frequency ahead, at least 1.
    """

    name: str
    frequency: str
    n_bars: int

    @property
    def bars_per_year(self) -> int:
        """Bars of the frequency in a year of a typical equity market."""
        return FREQUENCIES[self.frequency]

    @classmethod
    def parse(cls, name: str) -> "Horizon":
        """Read a horizon from its name.

        `1d 5d 20d 1w 1mo` and the intraday frequencies `1min 5min 15min 30min 1h`. A name that is
        itself a frequency means one bar of it; any other is a count of one-unit bars.

        Raises
        ------
        UnknownNameError
            If the name is not of that form.
        """
        if name in FREQUENCIES:
            return cls(name, name, 1)
        match = _NAME.fullmatch(name)
        if match is None:
            raise UnknownNameError("horizon", name, ("1d", "5d", "20d", "1w", "1mo", *INTRADAY))
        return cls(name, f"1{match[2]}", int(match[1]))


def is_part_of_session(name: str) -> bool:
    """Tell whether a stored horizon is a night or the rest of a session, which come once a session."""
    return name == OVERNIGHT or name.endswith(SESSION)
