"""What `hfp universe` says about identity."""

from datetime import datetime

import polars as pl
from rich.console import Console
from rich.table import Table

from hf_platform.errors import ConfigError
from hf_platform.lake import Lake
from hf_platform.market.tickers import read_tickers
from hf_platform.settings import Settings


def print_tickers(settings: Settings, name: str | None, as_of: str | None) -> None:
    """Print the spells of one instrument or ticker, or of all.

    Raises
    ------
    ConfigError
        If `as_of` is no ISO date or time.
    """
    try:
        moment = datetime.fromisoformat(as_of) if as_of is not None else None
    except ValueError as error:
        raise ConfigError(f"--as-of is an ISO date or time in UTC, found {as_of!r}. Write 2018-12-24.") from error
    spells = read_tickers(Lake(settings), moment)
    if name is not None:
        spells = spells.filter((pl.col("instrument") == name.upper()) | (pl.col("ticker") == name.upper()))
    if spells.is_empty():
        Console().print("No ticker is known. Drop a file with the columns ticker,instrument,valid_from[,valid_to].")
        return
    table = Table("ticker", "instrument", "first day", "first day no longer", "known at")
    for row in spells.iter_rows(named=True):
        until = f"{row['valid_to']:%Y-%m-%d}" if row["valid_to"] is not None else "-"
        table.add_row(row["ticker"], row["instrument"], f"{row['valid_from']:%Y-%m-%d}", until, str(row["known_at"]))
    Console().print(table)
