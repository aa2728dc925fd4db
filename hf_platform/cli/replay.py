"""`hfp replay`: compute stored numbers again from their snapshots and compare the bits."""

from typing import Annotated, Final

import typer

from hf_platform.settings import Settings

_SHOWN: Final = 10


def replay(
    names: Annotated[list[str], typer.Argument(help="var_id or model_id, as hfp explain shows them; repeatable.")],
    deep: Annotated[bool, typer.Option("--deep", help="Also fit the models behind a VaR number again.")] = False,
) -> None:
    """Compute numbers again on the lake as it was and compare bits; exit 1 where one differs."""
    from rich.console import Console

    from hf_platform.lake import Lake
    from hf_platform.lineage.replay import Replayer

    console = Console()
    replayer = Replayer(Lake(Settings.from_env()))
    n_same = 0
    for name in names:
        done = replayer.replay(name, deep=deep)
        n_same += done.is_identical
        for link in done.links:
            same = "[green]identical[/]" if not link.differences else "[red]different[/]"
            console.print(
                f"{same}  {link.what}: {link.n_values} values on snapshot {link.snapshot}",
                highlight=False,
                soft_wrap=True,
            )
            for difference in link.differences[:_SHOWN]:
                console.print(f"    {difference}", highlight=False, soft_wrap=True, markup=False)
    console.print(f"{n_same} of {len(names)} identical")
    if n_same < len(names):
        raise typer.Exit(1)
