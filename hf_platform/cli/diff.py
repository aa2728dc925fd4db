"""`hfp diff`: which VaR numbers two states of the lake disagree on, and which inputs changed between them."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from hf_platform.settings import Settings

if TYPE_CHECKING:
    from rich.console import Console

    from hf_platform.lineage.diff import LakeDiff


def diff(
    earlier: Annotated[int, typer.Argument(help="Snapshot, as in hfp explain or ducklake_snapshots('lake').")],
    later: Annotated[int, typer.Argument(help="A newer snapshot.")],
    top: Annotated[int, typer.Option(min=1, help="Rows shown of each list; --json has all.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> None:
    """Show which VaR numbers differ between two snapshots, by how much, and which prices and actions changed."""
    from hf_platform.lake import Lake
    from hf_platform.lineage.diff import diff as compare

    found = compare(Lake(Settings.from_env()), earlier, later)
    if as_json:
        parts = {name: getattr(found, name).to_dicts() for name in ("numbers", "bars", "actions")}
        typer.echo(json.dumps(parts, indent=2, default=str))
        return
    from rich.console import Console

    _show(Console(), found, top)


def _show(console: "Console", found: "LakeDiff", top: int) -> None:
    import polars as pl

    from hf_platform.cli.status import as_table

    changed = found.numbers.filter(pl.col("earlier").is_not_null())
    moved = changed.filter(pl.col("change") != 0)
    new = found.numbers.height - changed.height
    console.print(f"{changed.height} VaR numbers rest on other models or data, {moved.height} of them moved; {new} new")
    if moved.height:
        columns = ("instrument", "horizon", "method", "confidence", "position_sign", "forecast_origin")
        shown = moved.head(top).select(*columns, *(pl.col(name).round(6) for name in ("earlier", "later", "change")))
        console.print(as_table(shown, f"Largest changes, {shown.height} of {moved.height}"))
    restated = found.bars.filter(pl.col("what") != "new")
    console.print(f"{found.bars.height - restated.height} new bars, {restated.height} restated")
    if restated.height:
        console.print(as_table(restated.head(top), "Restated bars"))
    if found.actions.height:
        console.print(as_table(found.actions.head(top), "New or corrected corporate actions"))
