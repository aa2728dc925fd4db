"""`hfp stale`: which partitions would come out otherwise if they were computed now, and why."""

import json
from typing import TYPE_CHECKING, Annotated, Final

import typer

from hf_platform.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from hf_platform.lineage.stale import Stale

_SHOWN: Final = 5


def stale(
    instrument: Annotated[list[str] | None, typer.Option("--instrument", help="Repeatable; default: all.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Each partition on a line of its own.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List exactly the partitions to compute again after a price, an action, a setting or code changed, and why."""
    from hf_platform.lake import Lake
    from hf_platform.lineage.stale import Manifest

    found = Manifest(Lake(Settings.from_env())).stale(instruments=instrument)
    if as_json:
        rows = [{"asset": s.asset, "partition": s.partition, "reason": s.reason} for s in found]
        typer.echo(json.dumps(rows, indent=2))
        return
    from rich.console import Console

    _show(Console(), found, every=every)


def _show(console: "Console", found: "Sequence[Stale]", *, every: bool) -> None:
    if not found:
        console.print("Nothing is stale: every partition stands on the newest data, code and settings.")
        return
    groups: dict[tuple[str, str], list[str]] = {}
    for one in found:
        groups.setdefault((one.asset, one.reason), []).append(one.partition or "the whole asset")
    for (asset, reason), partitions in groups.items():
        shown = partitions if every else partitions[:_SHOWN]
        more = "" if len(shown) == len(partitions) else f" and {len(partitions) - len(shown)} more (--all)"
        console.print(f"[bold]{asset}[/] {', '.join(shown)}{more}: {reason}", highlight=False, soft_wrap=True)
    console.print(f"{len(found)} stale partitions. Compute them, and no others: hfp materialize --stale")
