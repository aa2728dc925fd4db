"""Real prices that ship inside installed packages: 23 instruments, daily, no network needed.

* S&P 500 and NASDAQ Composite 1999-2018 with open, high, low and volume; WTI crude spot 1986-2019,
  closes only, 290 days without a price (package `arch`; origin Yahoo Finance and FRED DCOILWTICO).
* Twenty large US stocks 1990-2022, closes only (package `skfolio`). These closes are ALREADY
  adjusted for splits and dividends by the vendor: they are total-return prices, not prices that
  traded, the raw quotes and the actions behind them are not in the file, and a dividend paid after
  2022 would change none of them here.

The files are read where the packages keep them; the packages themselves are never imported, which
would cost seconds.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import polars as pl

from hf_platform.errors import ConfigError
from hf_platform.market.source import daily_frame, require, since_filter
from hf_platform.market.universe import Instrument

_STOCKS: Final[dict[str, str]] = {
    "AAPL": "Apple", "AMD": "Advanced Micro Devices", "BAC": "Bank of America", "BBY": "Best Buy", "CVX": "Chevron",
    "GE": "General Electric", "HD": "Home Depot", "JNJ": "Johnson & Johnson", "JPM": "JPMorgan Chase",
    "KO": "Coca-Cola", "LLY": "Eli Lilly", "MRK": "Merck", "MSFT": "Microsoft", "PEP": "PepsiCo", "PFE": "Pfizer",
    "PG": "Procter & Gamble", "RRC": "Range Resources", "UNH": "UnitedHealth", "WMT": "Walmart", "XOM": "ExxonMobil",
}  # fmt: skip
_INDEX_COLUMNS: Final = {"Open": "open", "High": "high", "Low": "low", "Close": "close", "Volume": "volume"}
_STOCK_FILE: Final = ("skfolio", "datasets/data/sp500_dataset.csv.gz")


@dataclass(frozen=True, slots=True)
class _Feed:
    """One instrument's file inside a package and the columns to read from it."""

    record: Instrument
    package: str
    file: str
    columns: dict[str, str]
    publication_lag: timedelta


def _feeds() -> dict[str, _Feed]:
    # Exchange prices are public minutes after the close; the oil price is published by an agency
    # later, but before the next session.
    soon, overnight = timedelta(minutes=30), timedelta(hours=12)
    sp500 = Instrument(instrument="SP500", name="S&P 500", asset_class="index")
    nasdaq = Instrument(instrument="NASDAQ", name="NASDAQ Composite", asset_class="index")
    # The spot price of a barrel fell below zero in April 2020, as futures did: any price is allowed.
    wti = Instrument(instrument="WTI", name="WTI crude oil, spot", asset_class="commodity", price_rule="any")
    feeds = [
        _Feed(sp500, "arch", "data/sp500/sp500.csv.gz", _INDEX_COLUMNS, soon),
        _Feed(nasdaq, "arch", "data/nasdaq/nasdaq.csv.gz", _INDEX_COLUMNS, soon),
        _Feed(wti, "arch", "data/wti/wti.csv.gz", {"DCOILWTICO": "close"}, overnight),
    ]
    feeds += [
        _Feed(Instrument(instrument=key, name=f"{name} (adjusted)"), *_STOCK_FILE, {key: "close"}, soon)
        for key, name in _STOCKS.items()
    ]
    return {feed.record.instrument: feed for feed in feeds}


@lru_cache(maxsize=4)
def _read(package: str, file: str) -> pl.DataFrame:
    """Read one packaged file: a `Date` column, written in the package's way, and numbers."""
    spec = find_spec(package)
    path = Path(spec.origin).parent / file if spec is not None and spec.origin is not None else None
    if path is None or not path.is_file():
        raise ConfigError(
            f"the bundled prices are read from the package {package} ({file}), which is not there. "
            "Install with `make setup`."
        )
    frame = pl.read_csv(path, infer_schema=False, null_values=".")  # FRED writes a day without a price as a dot
    pattern = "%m/%d/%Y" if package == "arch" else "%Y-%m-%d"
    return frame.with_columns(pl.col("Date").str.to_date(pattern), pl.all().exclude("Date").cast(pl.Float64))


class BundledSource:
    """The 23 real instruments of the demo."""

    name: str = "bundled"
    is_static: bool = True

    def __init__(self) -> None:
        self._feeds = _feeds()

    def instruments(self) -> list[Instrument]:
        """List the 23 instruments: three of `arch`, twenty of `skfolio`."""
        return [feed.record for feed in self._feeds.values()]

    def fetch(self, instrument: str, since: datetime | None = None) -> pl.DataFrame:
        """Give daily bars; open, high, low and volume are null where the file has closes only.

        Days without a price (WTI has 290) are returned with a null close, so that ingestion can
        put them on record.

        Raises
        ------
        UnknownNameError
            If the instrument is not bundled.
        ConfigError
            If the package that holds the file is not installed.
        """
        require(instrument, tuple(self._feeds))
        feed = self._feeds[instrument]
        table = _read(feed.package, feed.file)
        values = {ours: table[theirs] for theirs, ours in feed.columns.items()}
        frame = daily_frame(feed.record, table["Date"], values, source=self.name, publication_lag=feed.publication_lag)
        return since_filter(frame, since)
