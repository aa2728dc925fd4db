"""`hfp leakcheck`: change what could not be known yet, and see whether any feature, matrix, scaler or weight moves."""

from typing import Annotated

import typer

from hf_platform.settings import Settings


def leakcheck(
    feature: Annotated[
        list[str] | None, typer.Option("--feature", help="Only this feature; repeatable. Default: everything.")
    ] = None,
    family: Annotated[
        list[str] | None, typer.Option("--family", help="Also this model family, or `all`; takes minutes.")
    ] = None,
) -> None:
    """Cut off, poison and shuffle the future and the other series; exit 1 where something sees it."""
    from rich.console import Console

    from hf_platform.leakcheck.run import Verdict, check_families, check_features, check_learning

    console = Console()
    n_leaks = 0

    def show(verdict: Verdict) -> None:
        nonlocal n_leaks
        n_leaks += len(verdict.leaks)
        state = "[green]clean[/]" if not verdict.leaks else "[red]leaks[/]"
        console.print(
            f"{state}  {verdict.subject}: {verdict.n_columns} columns, {verdict.n_probes} probes, "
            f"{verdict.seconds:.1f} s", highlight=False, soft_wrap=True,
        )  # fmt: skip
        for leak in verdict.leaks:
            console.print(f"    {leak}", highlight=False, soft_wrap=True, markup=False)

    settings = Settings.from_env()
    if feature or not family:
        show(check_features(settings, feature or None))
    if not feature and not family:
        for verdict in check_learning():
            show(verdict)
    for verdict in check_families(family or []):
        show(verdict)
    console.print(f"{n_leaks} leaks" if n_leaks else "No leaks.")
    if n_leaks:
        raise typer.Exit(1)
