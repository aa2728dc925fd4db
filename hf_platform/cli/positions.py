"""`hfp positions`: which portfolios there are and what they hold; loading is mounted beside it, for it starts a run."""

from typing import Annotated

import typer

from hf_platform.settings import Settings

positions = typer.Typer(help="What each portfolio holds.", no_args_is_help=True)


@positions.command("list")
def positions_list() -> None:
    """List the portfolios of the lake."""
    from rich.console import Console

    from hf_platform.cli.status import as_table
    from hf_platform.lake import Lake

    rows = Lake(Settings.from_env()).query(
        "SELECT portfolio, count(*) AS lines, count(*) FILTER (kind IN ('call', 'put')) AS options, "
        "any_value(source) AS source, max(created_at) AS loaded FROM risk.positions GROUP BY portfolio ORDER BY 1"
    )
    console = Console()
    if rows.is_empty():
        console.print("No portfolio yet. Load one with: hfp positions load FILE --name NAME")
        return
    console.print(as_table(rows, "Portfolios"))


@positions.command("show")
def positions_show(name: Annotated[str, typer.Argument(help="Portfolio.")]) -> None:
    """Show what a portfolio holds."""
    from rich.console import Console

    from hf_platform.cli.status import as_table
    from hf_platform.lake import Lake
    from hf_platform.risk.holdings import read_portfolios

    store = Lake(Settings.from_env())
    read_portfolios(store, [name])  # refuses a name that is not there
    rows = store.query(
        "SELECT instrument, kind, quantity, strike, expires_at FROM risk.positions WHERE portfolio = $portfolio "
        "ORDER BY position_id",
        {"portfolio": name},
    )
    Console().print(as_table(rows, f"Portfolio {name}"))
