"""The feed file: which vendors deliver which instruments, as typed data. Credentials stay in settings.

[rest]                                     # one section for each feed: folder, rest, database, yahoo, ...
url = "https://data.example.com/v1/prices/{symbol}"
columns = { date = "day", close = "last" } # ours = theirs; what is left out has our name
[rest.instruments]
AAPL = { symbol = "aapl.us" }              # and any of name, asset_class, calendar, currency, frequency
"""

import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from hf_platform.errors import ConfigError
from hf_platform.market.universe import AssetClass, Instrument, PriceRule

_NAMED: Final = ("date", "event_at", "open", "high", "low", "close", "volume")


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Listed(_Strict):
    """An instrument as a vendor lists it; `symbol` is the vendor's name for it."""

    symbol: str = ""
    name: str = ""
    asset_class: AssetClass = "equity"
    calendar: str = "XNYS"
    currency: str = "USD"
    price_rule: PriceRule = "positive"
    frequency: str = "1d"


class Feed(_Strict):
    """What every feed says."""

    instruments: dict[str, Listed]
    publication_lag_minutes: Annotated[float, Field(ge=0)] = 30.0
    requests_per_second: Annotated[float, Field(gt=0, le=1000)] = 2.0

    @property
    def lag(self) -> timedelta:
        """known_at = event_at + this."""
        return timedelta(minutes=self.publication_lag_minutes)

    def records(self) -> list[Instrument]:
        """Describe the instruments.

        Raises
        ------
        ConfigError
            If a calendar, frequency or name does not exist.
        """
        return [
            Instrument(instrument=name, **listed.model_dump(exclude={"symbol"}))
            for name, listed in self.instruments.items()
        ]

    def symbol(self, instrument: str) -> str:
        """Give the vendor's name of an instrument; its own where none is given."""
        return self.instruments[instrument].symbol or instrument


class TableFeed(Feed):
    """A feed whose answer is a table; `columns` maps our names to theirs."""

    columns: dict[str, str] = Field(default_factory=dict[str, str])

    @field_validator("columns")
    @classmethod
    def _known_columns(cls, value: dict[str, str]) -> dict[str, str]:
        unknown = sorted(set(value) - set(_NAMED))
        if unknown:
            raise ValueError(f"our names are {', '.join(_NAMED)}; found {unknown[0]}")
        return value


class FolderFeed(TableFeed):
    """Files of a folder: `{symbol}` in `pattern`; `lean` reads QuantConnect's zipped daily and minute files."""

    path: Path
    pattern: str = "{symbol}.csv"
    layout: Literal["table", "lean"] = "table"


class RestFeed(TableFeed):
    """JSON over HTTP. `rows` and `next_page` are keys, with dots for nesting; `token_in` says where a token goes."""

    url: str
    parameters: dict[str, str] = Field(default_factory=dict[str, str])
    rows: str = ""
    symbol_key: str = ""
    next_page: str = ""
    page_parameter: str = ""
    token_in: str = "header:Authorization"
    timeout_seconds: Annotated[float, Field(gt=0, le=600)] = 20.0
    attempts: Annotated[int, Field(ge=1, le=20)] = 5
    epoch: Literal["s", "ms"] | None = None


class DatabaseFeed(TableFeed):
    """Rows of one SQL query with the parameter `:symbol`."""

    query: str


class YahooFeed(Feed):
    """Yahoo Finance through yfinance; prices are turned back into those that traded."""

    attempts: Annotated[int, Field(ge=1, le=20)] = 5


class BloombergFeed(Feed):
    """Bloomberg's Desktop or Server API through xbbg; unadjusted prices."""

    start: str = "1990-01-01"


class RefinitivFeed(Feed):
    """LSEG's data library; unadjusted prices."""

    start: str = "1990-01-01"
    session: str = "desktop.workspace"


class FeedFile(_Strict):
    """All feeds of an installation."""

    folder: FolderFeed | None = None
    rest: RestFeed | None = None
    database: DatabaseFeed | None = None
    yahoo: YahooFeed | None = None
    bloomberg: BloombergFeed | None = None
    refinitiv: RefinitivFeed | None = None


def read_feed_file(path: Path | None) -> FeedFile:
    """Read and check a feed file; no file means no feed.

    Raises
    ------
    ConfigError
        Naming the section and key that break a rule, the value found and the rule.
    """
    if path is None:
        return FeedFile()
    try:
        return FeedFile(**tomllib.loads(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}, found {str(e['input'])[:80]!r}" for e in error.errors()]
        raise ConfigError(
            f"{path} breaks a rule. {'; '.join(lines)}. Correct the file that HFP_FEEDS names."
        ) from error
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: the file of HFP_FEEDS is TOML, found {error}. Correct it.") from error
