"""Files of a folder, one for each instrument: CSV, Parquet, Arrow, or the zipped files that LEAN reads.

LEAN writes daily bars as `<ticker>.zip` (``20240102 00:00,o,h,l,c,volume`` in ten-thousandths of a dollar) and
minutes as `<ticker>/<yyyymmdd>_trade.zip` (milliseconds since local midnight at the bar's start).
"""

import csv
import io
import zipfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import polars as pl

from hf_platform import calendar
from hf_platform.calendar import MINUTES
from hf_platform.errors import ConfigError, DataError
from hf_platform.horizons import INTRADAY
from hf_platform.market.source import PRICE_COLUMNS, VALUE_COLUMNS, since_filter
from hf_platform.market.sources.feed_file import FolderFeed
from hf_platform.market.sources.feed_source import FeedSource
from hf_platform.market.sources.tabular import bars_of_table
from hf_platform.market.universe import Instrument

_LEAN_SCALE: Final = 10_000.0
_LEAN_DECIMALS: Final = 4
_LEAN_COLUMNS: Final = ["at", *VALUE_COLUMNS]
_MOST_BYTES: Final = 1024**3  # unpacked; a zip may claim anything
_DIRECT: Final = {".csv": pl.read_csv, ".parquet": pl.read_parquet, ".arrow": pl.read_ipc, ".feather": pl.read_ipc}


class FolderSource(FeedSource[FolderFeed]):
    """The instruments of the section ``[folder]``."""

    name: str = "folder"

    def fetch(self, instrument: str, since: datetime | None = None) -> pl.DataFrame:
        """Read the file or files of one instrument.

        Raises
        ------
        UnknownNameError
            If the feed file does not list it.
        ConfigError
            If a file has another ending than .csv, .parquet, .arrow, .feather or .zip.
        DataError
            If there is none, or it cannot be read.
        """
        record, symbol = self.listed(instrument)
        found = sorted(self._feed.path.glob(self._feed.pattern.replace("{symbol}", symbol)))
        if not found:
            raise DataError(
                f"{instrument}: {self._feed.path}/{self._feed.pattern} with symbol {symbol} names a file, found none. "
                "Correct `path` or `pattern` in the feed file."
            )
        is_lean = self._feed.layout == "lean"
        table = pl.concat([_lean(path, record) if is_lean else _table(path) for path in found], how="vertical_relaxed")
        columns = {} if is_lean else self._feed.columns
        bars = bars_of_table(table, record, columns=columns, source=self.name, publication_lag=self._feed.lag)
        return since_filter(bars, since)


def _table(path: Path) -> pl.DataFrame:
    if path.suffix == ".csv":
        return _csv(path.read_bytes(), path)
    read = _DIRECT.get(path.suffix)
    if read is None:
        raise ConfigError(f"{path}: files end in {', '.join(_DIRECT)} (or .zip, layout lean). Correct `pattern`.")
    try:
        return read(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise DataError(f"{path}: the file can be read, found {error}. Export it again.") from error


def _csv(content: bytes, path: Path) -> pl.DataFrame:
    try:
        return pl.read_csv(io.BytesIO(content), infer_schema=False)
    except pl.exceptions.PolarsError as error:
        raise DataError(f"{path}: the file is comma-separated UTF-8 text, found {error}. Export it again.") from error


def _lean(path: Path, record: Instrument) -> pl.DataFrame:
    """Read a zipped file of LEAN: prices in dollars, times of bar closes in UTC."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = [info for info in archive.infolist() if info.filename.endswith(".csv")]
            size = sum(info.file_size for info in members)
            if len(members) != 1 or size > _MOST_BYTES:
                raise DataError(f"{path}: one CSV of at most 1 GiB is inside, found {len(members)} of {size} bytes. "
                                "Pack it again.")  # fmt: skip
            text = archive.read(members[0]).decode("utf-8")
    except (zipfile.BadZipFile, OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: the file is a zip of UTF-8 text, found {error}. Pack it again.") from error
    rows = [row[: len(_LEAN_COLUMNS)] for row in csv.reader(io.StringIO(text)) if row]
    if not rows or any(len(row) < len(_LEAN_COLUMNS) for row in rows):
        raise DataError(f"{path}: rows hold time, open, high, low, close, volume, found {rows[:1]}. Pack it again.")
    table = pl.DataFrame(rows, schema=_LEAN_COLUMNS, orient="row")
    try:
        prices = (pl.col(PRICE_COLUMNS).cast(pl.Float64) / _LEAN_SCALE).round(_LEAN_DECIMALS)
        return table.select(_lean_times(table, path, record), prices, pl.col("volume").cast(pl.Float64))
    except pl.exceptions.PolarsError as error:
        raise DataError(f"{path}: cells hold whole numbers, found {error}. Pack it again.") from error


def _lean_times(table: pl.DataFrame, path: Path, record: Instrument) -> pl.Series:
    """Give sessions of daily bars, closes of minute bars: LEAN stamps both at the start, in exchange time."""
    if record.frequency not in INTRADAY:
        return table["at"].str.slice(0, 8).str.to_date("%Y%m%d").alias("date")
    day = datetime.strptime(path.stem[:8], "%Y%m%d")  # noqa: DTZ007 - local time of the exchange, made UTC below
    starts = pl.lit(day) + pl.duration(milliseconds=pl.col("at").cast(pl.Int64))
    ends = table.select(starts + timedelta(minutes=MINUTES[record.frequency])).to_series()
    zone = str(ZoneInfo(calendar.time_zone(record.calendar)))
    return ends.dt.replace_time_zone(zone).dt.convert_time_zone("UTC").dt.replace_time_zone(None).alias("event_at")
