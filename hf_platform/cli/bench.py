"""`hfp bench`: peers and us on the same data in the same run, as ratios."""

from pathlib import Path
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
    series: Annotated[
        list[int] | None, typer.Option("--series", min=1, help="Certify so many GARCH(1,1) of 1,000; repeatable.")
    ] = None,
    threads: Annotated[int, typer.Option(min=1, help="Threads to compare with one, for the last of --series.")] = 2,
) -> None:
    """Fit real windows with arch and with the engine; print the ratio, the share matched, and save JSON and a plot."""
    from dataclasses import replace

    from hf_platform.volatility.benchmark import run_benchmark
    from hf_platform.volatility.scaling import scaling, start_up

    console = Console()
    with console.status("fitting with arch and with the engine, one core each ..."):
        result = run_benchmark(
            lengths=tuple(lengths or (250, 1000, 2500)), n_windows=windows, n_arch=min(peer, windows)
        )
    console.print(Markdown(f"**{result.machine}, {result.measured_at}**\n\n{result.to_markdown()}"))
    if result.statsforecast_milliseconds is not None:
        console.print(f"statsforecast GARCH(1,1): {result.statsforecast_milliseconds:.1f} ms a fit")
    sizes = series or [25_000, 100_000]
    with console.status("certifying many series, and starting from nothing ..."):
        many = [scaling(n) for n in sizes] + ([scaling(sizes[-1], threads=threads)] if threads > 1 else [])
        first = start_up()
    for run in many:
        console.print(
            f"{run.n_series:,} GARCH(1,1) x {run.n_obs:,} returns, threads={run.threads}: {run.wall_seconds:.1f} s "
            f"({run.cpu_seconds:.1f} s of CPU), {100 * run.converged:.1f} % converged, {run.megabytes:.0f} MB beyond "
            f"the input; robust standard errors {run.error_seconds:.1f} s of CPU more"
        )
    if threads > 1:
        console.print(f"{threads} threads are {many[-2].wall_seconds / many[-1].wall_seconds:.2f} times as fast as one")
    console.print(f"first fit of a process: {first.cold:.1f} s with nothing compiled, {first.warm:.1f} s afterwards")
    result = replace(result, scaling=tuple(many), start_up=first)
    folder = Settings.from_env().home / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "garch.json").write_text(result.to_json(), encoding="utf-8")
    result.save_plot(folder / "garch.png")
    console.print(f"saved {folder / 'garch.json'} and {folder / 'garch.png'}")


@bench.command("forecast")
def bench_forecast(
    *,
    nets: Annotated[int, typer.Option(min=100, help="Elastic nets of 252 rows and 10 features in one call.")] = 50_000,
    boosters: Annotated[int, typer.Option(min=8, help="Windows that each boosted-tree family fits.")] = 64,
    threads: Annotated[int, typer.Option(min=1, help="Threads of either side.")] = 2,
    memory: Annotated[bool, typer.Option(help="Also measure peak memory by family, each in a process.")] = True,
    m4: Annotated[Path | None, typer.Option(help="Folder of M4 files: score nets in its protocol instead.")] = None,
    frequency: Annotated[str, typer.Option(help="With --m4: Yearly, Quarterly ... Hourly.")] = "Hourly",
    ett: Annotated[Path | None, typer.Option(help="ETT file: score nets in its protocol instead.")] = None,
    method: Annotated[list[str] | None, typer.Option(help="With --m4 or --ett: nets to score; repeatable.")] = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="With --m4 or --ett: passes; default: published.")] = None,
    members: Annotated[int, typer.Option(min=1, help="With --m4: nets by method; their median counts.")] = 3,
    lookback: Annotated[int, typer.Option(min=32, help="With --ett: bars of input, 336 or 512.")] = 336,
    series: Annotated[int | None, typer.Option(min=1, help="With --m4: only so many series.")] = None,
) -> None:
    """Race our batches against scikit-learn and the bare boosters, or score nets on M4 or ETT files; save JSON."""
    if m4 is not None or ett is not None:
        from hf_platform.cli.bench_protocols import ProtocolOptions, score_protocols

        score_protocols(ProtocolOptions(m4, ett, frequency, tuple(method or ()), epochs, members, lookback, series))
        return
    from hf_platform.models.benchmark import ForecastBenchmark, peak_memory, race_boosters, race_elastic_nets
    from hf_platform.models.extras import missing_extra
    from hf_platform.models.registry import get_family

    console = Console()
    with console.status("fitting with ours and with the bare libraries ..."):
        races = [race_elastic_nets(nets, threads=threads)]
        races += [
            race_boosters(name, boosters, variant=variant, threads=threads)
            for name in ("lightgbm", "xgboost", "catboost")
            for variant in ("mean", "quantile")
            if missing_extra(get_family(name)) is None
        ]
        result = ForecastBenchmark(tuple(races), peak_memory() if memory else {})
    console.print(Markdown(result.to_markdown()))
    folder = Settings.from_env().home / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "forecast.json").write_text(result.to_json(), encoding="utf-8")
    console.print(f"saved {folder / 'forecast.json'}")


@bench.command("backtest")
def bench_backtest(
    instruments: Annotated[int, typer.Option(min=1, help="Stocks that are walked through, one after the other.")] = 20,
    sessions: Annotated[
        int, typer.Option(min=300, help="Out-of-sample sessions of each, a refit at every one.")
    ] = 2_000,
    window: Annotated[int, typer.Option(min=100, help="Returns of each fit.")] = 1_000,
    peer: Annotated[int, typer.Option(min=0, help="How many of the refits arch repeats.")] = 40,
) -> None:
    """Walk forward with daily GARCH-t refits, VaR, every test; then trade 1,000,000 orders."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from hf_platform.backtest.benchmark import run_benchmark

    console, settings = Console(), Settings.from_env()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("walking forward", total=instruments)
        result = run_benchmark(
            instruments,
            sessions,
            window,
            n_peer=peer,
            threads=settings.threads,
            progress=lambda done: bar.update(task, completed=done),
        )
    console.print(Markdown(f"**{result.machine}, {result.measured_at}**\n\n{result.to_markdown()}"))
    folder = settings.home / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "backtest.json").write_text(result.to_json(), encoding="utf-8")
    console.print(f"saved {folder / 'backtest.json'}")


@bench.command("cleaning")
def bench_cleaning(
    seed: Annotated[int, typer.Option(min=0, help="Seed of the market and of the dirt.")] = 0,
) -> None:
    """Spoil a simulated market in every way that cleaning knows; print precision and recall, and save JSON."""
    import json
    from dataclasses import asdict

    from hf_platform.market.cleaning_benchmark import run_benchmark

    console = Console()
    with console.status("spoiling and cleaning 20 instruments x 10 years ..."):
        result = run_benchmark(seed)
    rows = [
        f"| {f.dirt} | {f.flag} | {f.n_injected} | {f.n_found} | {f.precision:.0%} | {f.recall:.0%} |"
        for f in result.findings
    ]
    head = "| dirt | flag | injected | found | precision | recall |\n|---|---|---|---|---|---|\n"
    console.print(Markdown(head + "\n".join(rows)))
    console.print(
        f"{result.n_survived} of {result.n_crashes} bars of true crashes keep their value and their return; "
        f"{result.n_false} of {result.n_bars:,} untouched bars carry a flag other than outlier; {result.seconds:.1f} s."
    )
    folder = Settings.from_env().home / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "cleaning.json").write_text(json.dumps(asdict(result), indent=1), encoding="utf-8")
    console.print(f"saved {folder / 'cleaning.json'}")
