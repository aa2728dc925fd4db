"""What a dropped file may hold, told from its header: prices, corporate actions, alternative data, or tickers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The columns of one sort of file.

    Parameters
    ----------
    name : str
        prices, corporate_actions, alternative_data or tickers.
    times : tuple of str
        Of these there must be exactly one.
    more_times, numbers, texts, vectors : tuple of str
        Further columns by what they hold; a vector is a list of numbers, in text ``[0.1, 0.2]``.
    required : tuple of str
        Columns that must be there, besides the time.
    """

    name: str
    times: tuple[str, ...]
    more_times: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    vectors: tuple[str, ...] = ()
    required: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that is known."""
        return (*self.texts, *self.times, *self.more_times, *self.numbers, *self.vectors)

    @property
    def help(self) -> str:
        """What the header should look like, for people."""
        must = (" or ".join(self.times), *self.required)
        may = (name for name in self.columns if name not in (*self.times, *self.required))
        return f"Name the columns: {', '.join(must)}, and any of {', '.join(may)}."


PRICES: Final = Layout(
    name="prices",
    times=("date", "event_at"),
    numbers=("open", "high", "low", "close", "volume"),
    texts=("ticker", "instrument", "frequency", "calendar", "currency", "asset_class", "price_rule"),
    required=("close",),
)
CORPORATE_ACTIONS: Final = Layout(
    name="corporate_actions",
    times=("date", "ex_date"),
    more_times=("announced",),
    numbers=("value", "ratio"),
    texts=("ticker", "instrument", "action", "counterpart"),
    required=("instrument", "action", "value"),
)
ALTERNATIVE_DATA: Final = Layout(
    name="alternative_data",
    times=("date", "event_at"),
    more_times=("known_at",),
    numbers=("value",),
    texts=("ticker", "instrument", "kind", "name", "text"),
    vectors=("embedding",),
    required=("instrument", "kind", "name"),
)


TICKERS: Final = Layout(
    name="tickers",
    times=("valid_from",),
    more_times=("valid_to", "announced"),
    texts=("ticker", "instrument"),
    required=("ticker", "instrument"),
)


def layout_of(names: Sequence[str]) -> Layout:
    """Tell the layout from the columns: `action`, `valid_from` or `kind` name theirs, anything else is prices."""
    if "action" in names:
        return CORPORATE_ACTIONS
    if "valid_from" in names:
        return TICKERS
    return ALTERNATIVE_DATA if "kind" in names else PRICES
