"""`hfp status`: what the ledger and the lake hold, and which models failed and why."""

from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.table import Table

from hf_platform.settings import Settings

if TYPE_CHECKING:
    import polars as pl

_FAMILIES = """
select family, horizon,
       count(*) filter (where status = 'ok') as ok,
       count(*) filter (where status = 'skipped') as skipped,
       count(*) filter (where status not in ('ok', 'skipped')) as failed,
       count(distinct instrument) as instruments,
       max(forecast_origin) as newest_fit
from models.ledger group by all order by family, horizon
"""
_FAILED = """
select instrument, horizon, family, variant, status, stage, reason, input_hash, created_at
from models.failed_models order by instrument, family, variant, horizon
"""
_LAKE = """
select (select count(distinct instrument) from market.bars) as instruments,
       (select count(*) from market.bars) as bars,
       (select max(known_at) from market.bars) as known_until,
       (select count(*) from models.forecasts) as forecasts,
       (select count(*) from risk.value_at_risk) as var_numbers,
       (select count(*) from market.quarantine) as quarantined_rows
"""


def status(
    failed: bool = typer.Option(False, "--failed", help="Only the models whose last attempt failed, with the reason."),
    live: bool = typer.Option(False, "--watch", help="Stay, and show what moves while runs write; Ctrl-C ends."),
    every: float = typer.Option(2.0, min=0.1, help="Seconds between two looks of --watch."),
    looks: int | None = typer.Option(None, min=1, help="End --watch after so many looks."),
) -> None:
    """Show models by family and horizon, live if asked, or the failed ones with their reasons."""
    from hf_platform.lake import Lake

    lake = Lake(Settings.from_env())
    console = Console()
    if live:
        from hf_platform.cli.watch import watch

        watch(lake, console, every, looks)
        return
    if failed:
        rows = lake.query(_FAILED)
        if rows.is_empty():
            console.print("No failed models.")
            return
        console.print(as_table(rows, "Failed models"))
        instruments = sorted(set(rows["instrument"].to_list()))
        console.print(f"{rows.height} failed models in {len(instruments)} instruments: {', '.join(instruments)}")
        console.print("Try them again with: hfp materialize --retry-failed")
        return
    console.print(as_table(lake.query(_LAKE), f"Lake, snapshot {lake.latest_snapshot()}"))
    console.print(as_table(lake.query(_FAMILIES), "Models by family and horizon"))


def as_table(rows: "pl.DataFrame", title: str | None = None) -> Table:
    """Turn a frame into a table for the terminal; numbers to the right."""
    table = Table(title=title, title_justify="left")
    for name, dtype in rows.schema.items():
        table.add_column(name, justify="right" if dtype.is_numeric() else "left", overflow="fold")
    for row in rows.iter_rows():
        table.add_row(*("" if value is None else str(value) for value in row))
    return table
