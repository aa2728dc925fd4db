"""`hfp bench`: peers and us on the same data in the same run, as ratios."""

from typing import Annotated

import typer
from rich.console import Console
from rich.markdown import Markdown

from hf_platform.settings import Settings

bench = typer.Typer(help="Peers and us, side by side in one run.", no_args_is_help=True)


@bench.callback()
def _group() -> None:
    """Keep `garch` a verb of its own, also while it is the only one."""


@bench.command("garch")
def bench_garch(
    windows: Annotated[int, typer.Option(min=8, help="Windows of real returns that we fit per cell.")] = 512,
    peer: Annotated[int, typer.Option(min=4, help="How many of them arch fits too.")] = 40,
    lengths: Annotated[list[int] | None, typer.Option("--length", help="Returns per window; repeatable.")] = None,
    series: Annotated[int, typer.Option(min=0, help="Also certify so many GARCH(1,1) of 1,000 returns.")] = 25_000,
) -> None:
    """Fit real windows with arch and with the engine; print the ratio, the share matched, and save JSON and a plot."""
    from hf_platform.volatility.benchmark import run_benchmark, scaling

    console = Console()
    with console.status("fitting with arch and with the engine, one core each ..."):
        result = run_benchmark(
            lengths=tuple(lengths or (250, 1000, 2500)), n_windows=windows, n_arch=min(peer, windows)
        )
    console.print(Markdown(f"**{result.machine}, {result.measured_at}**\n\n{result.to_markdown()}"))
    if result.statsforecast_milliseconds is not None:
        console.print(f"statsforecast GARCH(1,1): {result.statsforecast_milliseconds:.1f} ms a fit")
    folder = Settings.from_env().home / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "garch.json").write_text(result.to_json(), encoding="utf-8")
    result.save_plot(folder / "garch.png")
    console.print(f"saved {folder / 'garch.json'} and {folder / 'garch.png'}")
    if series:
        measured = scaling(series)
        console.print(
            f"{series:,} GARCH(1,1) x 1,000 returns, one core: {measured['wall_seconds']:.1f} s, "
            f"{measured['fits_per_second']:,.0f} fits a second, {100 * measured['converged']:.1f} % converged"
        )
