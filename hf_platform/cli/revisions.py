"""What `hfp revisions` prints: prices that a source said differently later."""

from datetime import datetime
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Table

from hf_platform.errors import ConfigError
from hf_platform.lake import Lake
from hf_platform.settings import Settings

_MOST: Final = 40  # rows shown
_REVISED: Final = """
    WITH vintages AS (
        SELECT instrument, frequency, event_at, source, known_at, close, volume, lag(close) OVER pulls AS close_before,
               lag(volume) OVER pulls AS volume_before, row_number() OVER pulls AS pull
        FROM market.raw_prices WHERE $instrument::VARCHAR IS NULL OR instrument = $instrument::VARCHAR
        WINDOW pulls AS (PARTITION BY instrument, frequency, event_at, source ORDER BY known_at)
    )
    SELECT instrument, frequency, event_at, source, close_before, close, volume_before, volume, known_at
    FROM vintages WHERE pull > 1 AND ($since::TIMESTAMP IS NULL OR known_at >= $since::TIMESTAMP)
    ORDER BY known_at DESC, instrument, event_at
"""


def revisions(
    instrument: Annotated[str | None, typer.Argument(help="One instrument; default: all.")] = None,
    since: Annotated[str | None, typer.Option("--since", help="Only what arrived since then, UTC.")] = None,
) -> None:
    """Show prices that a source said differently later: both values, and when the second one arrived."""
    try:
        moment = datetime.fromisoformat(since) if since is not None else None
    except ValueError as error:
        raise ConfigError(f"--since is an ISO date or time in UTC, found {since!r}. Write 2018-12-24.") from error
    print_revisions(Settings.from_env(), instrument, moment)


def print_revisions(settings: Settings, instrument: str | None, since: datetime | None, *, quiet: bool = False) -> None:
    """Print restated prices, the newest first.

    Parameters
    ----------
    settings : Settings
    instrument : str or None
        All by default.
    since : datetime or None
        Arrival, UTC.
    quiet : bool
        Say nothing where there is none.
    """
    name = instrument.upper() if instrument is not None else None
    found = Lake(settings).query(_REVISED, {"instrument": name, "since": since})
    if found.is_empty():
        if not quiet:
            Console().print("No source has contradicted itself.")
        return
    table = Table("instrument", "bar", "ends", "source", "close was", "close is", "volume was", "volume is", "known at")
    for row in found.head(_MOST).iter_rows():
        table.add_row(*("-" if cell is None else f"{cell:g}" if isinstance(cell, float) else str(cell) for cell in row))
    Console().print(f"{found.height} prices were restated by their source; the first stay known until then:")
    Console().print(table)
    if found.height > _MOST:
        Console().print(f"and {found.height - _MOST} more, with `hfp query` from market.raw_prices")
