"""`hfp`, composition root of the terminal: library verbs, and those that need the graph.

Dagster is imported inside the verbs that start runs, so that a query answers at once.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape

from assets.bench_cli import bench_graph
from assets.universe_cli import known_records, universe_app
from hf_platform.cli.backup import backup, restore
from hf_platform.cli.bench import bench
from hf_platform.cli.capacity import capacity
from hf_platform.cli.diff import diff
from hf_platform.cli.doctor import doctor
from hf_platform.cli.explain import explain
from hf_platform.cli.export import export
from hf_platform.cli.leakcheck import leakcheck
from hf_platform.cli.mig import mig
from hf_platform.cli.positions import positions
from hf_platform.cli.query import query
from hf_platform.cli.replay import replay
from hf_platform.cli.revisions import print_revisions, revisions
from hf_platform.cli.shell_init import shell_init
from hf_platform.cli.stale import stale
from hf_platform.cli.status import status
from hf_platform.cli.stress import stress
from hf_platform.errors import ConfigError, PlatformError, UnknownNameError
from hf_platform.settings import Settings, plan_keys_together

if TYPE_CHECKING:
    from collections.abc import Callable

    from dagster import ExecuteInProcessResult

    from assets.launch import Launcher

app = typer.Typer(
    help="Prices in, risk numbers out: run the graph, ask the lake, see what failed.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
app.add_typer(universe_app, name="universe")
app.add_typer(positions, name="positions")
bench.command("graph")(bench_graph)
app.add_typer(bench, name="bench")
app.add_typer(capacity, name="capacity")
app.add_typer(mig, name="mig")
app.command()(doctor)
app.command()(status)
app.command()(query)
app.command()(explain)
app.command()(replay)
app.command()(diff)
app.command("stale")(stale)
app.command()(leakcheck)
app.command()(stress)
app.command()(export)
app.command()(backup)
app.command()(restore)
app.command()(revisions)
app.command("shell-init")(shell_init)
console = Console()


@contextmanager
def _launcher() -> "Iterator[Launcher]":
    """Load the graph and open the instance; both cost seconds, so say what is going on."""
    settings = Settings.from_env()
    plan_keys_together()
    with console.status("loading the graph ..."):
        from assets.definitions import build
        from assets.launch import Launcher
        from hf_platform.lake import Lake
        from resources.instance import open_instance
        from resources.platform import platform_for

        Lake(settings).initialise()
        definitions = build(platform_for(settings, progress=_progress))
        instance = open_instance(settings)
    with instance:
        yield Launcher(definitions, instance)


@contextmanager
def _progress(label: str, total: int) -> "Iterator[Callable[[int], None]]":
    """Show one bar; the callback is told how many items are done."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description:<22}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(label, total=total)
        yield lambda n_done: bar.update(task, completed=n_done)


@app.command()
def ingest(
    what: Annotated[
        str,
        typer.Argument(
            help="A CSV or Parquet file of prices, corporate actions, alternative data or tickers, or the name of a "
            "source: bundled, or a vendor of the feed file."
        ),
    ],
) -> None:
    """Load a file and run everything downstream of the instruments they touch."""
    from hf_platform.market import inbox

    settings = Settings.from_env()
    path = Path(what)
    if not path.exists():
        _ingest_source(what, settings)
        return
    staged = inbox.stage(path, settings, universe=known_records(settings))
    for rejection in staged.rejected:
        Console(stderr=True).print(f"[red]rejected[/] {escape(str(rejection))}", soft_wrap=True, highlight=False)
    if staged.waiting:
        console.print(f"tickers kept; the prices of {', '.join(staged.waiting)} may come now")
    if not staged.accepted:
        raise typer.Exit(0 if staged.waiting and not staged.rejected else 2)
    console.print(f"{len(staged.accepted)} instruments accepted: {', '.join(sorted(staged.accepted))}")
    with _launcher() as launcher:
        launcher.add_instruments(sorted(staged.accepted))
        _report(launcher.refit(instruments=sorted(staged.accepted)))
    if staged.rejected:
        raise typer.Exit(1)


def _ingest_source(name: str, settings: Settings) -> None:
    """Load what a source lists, and say where it contradicts what it said before."""
    from datetime import UTC, datetime

    from hf_platform.market.sources.catalogue import available

    sources = available(settings)
    if name not in sources:
        raise ConfigError(
            f"a file or a source is needed, found neither a file nor a source called {name!r}. The sources are "
            f"{', '.join(sources)}; vendors stand in the file of HFP_FEEDS."
        )
    names = [record.instrument for record in sources[name].instruments()]
    if not names:
        raise ConfigError(f"the source {name} has an instrument, found none. Drop a file, or list some in HFP_FEEDS.")
    started = datetime.now(UTC).replace(tzinfo=None)
    with _launcher() as launcher:
        launcher.add_instruments(names)
        try:
            _report(launcher.refit(instruments=names))
        finally:
            print_revisions(settings, None, started, quiet=True)


@app.command()
def materialize(
    selection: Annotated[
        str, typer.Argument(help="Assets, in Dagster's selection syntax: garch, value_at_risk, *")
    ] = "*",
    instrument: Annotated[list[str] | None, typer.Option("--instrument", help="Repeatable; default: all.")] = None,
    horizon: Annotated[list[str] | None, typer.Option("--horizon", help="Repeatable; default: all.")] = None,
    *,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Only the keys whose last attempt failed, in one run.")
    ] = False,
    stale: Annotated[
        bool, typer.Option("--stale", help="Only what stands on other data, code or settings by now: see hfp stale.")
    ] = False,
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="Knowledge cutoff in UTC, for example 2018-12-24.")
    ] = None,
    tune: Annotated[
        int, typer.Option("--tune", min=0, help="Search so many parameter sets for each variant and key, then fit.")
    ] = 0,
) -> None:
    """Run part of the graph in this process; the UI shows the run."""
    settings = Settings.from_env()
    for name in horizon or []:
        if name not in settings.horizons:
            raise UnknownNameError("horizon", name, settings.horizons)
    if stale and (retry_failed or as_of or tune or selection != "*" or horizon):
        raise ConfigError("--stale finds out itself what to run. Give nothing but --instrument beside it.")
    with _launcher() as launcher:
        results = (
            launcher.run_stale(instrument or [])
            if stale
            else launcher.run(
                selection,
                instrument or [],
                horizon or list(settings.horizons),
                retry_failed=retry_failed,
                as_of=as_of,
                tune=tune,
            )
        )
    for result in results:
        _report(result)
    if not results:
        console.print("Nothing is stale." if stale else "Nothing to do: no model's last attempt failed.")


def _report(result: "ExecuteInProcessResult") -> None:
    """Say how a run ended; exit 1 where keys failed."""
    from assets.launch import failure_text

    problem = failure_text(result)
    if problem is not None:
        console.print(f"[yellow]{problem}[/]", soft_wrap=True)
        console.print("See the reasons with: hfp status --failed")
        raise typer.Exit(1)
    console.print("[green]done[/]")


@positions.command("load")
def positions_load(
    file: Annotated[Path, typer.Argument(help="CSV: instrument,quantity[,kind,strike,expiry].")],
    name: Annotated[str, typer.Option("--name", help="Of the portfolio; replaces the one of that name.")],
) -> None:
    """Check a file of positions, keep it, and run portfolio risk, hedges, stress tests and their page."""
    from hf_platform.lake import Lake
    from hf_platform.risk import holdings

    settings = Settings.from_env()
    held = holdings.stage(file, name, Lake(settings))
    console.print(f"{len(held.positions)} positions in {len(held.instruments)} instruments, portfolio {name}")
    _run_portfolios(settings)


@positions.command("remove")
def positions_remove(name: Annotated[str, typer.Argument(help="Portfolio to forget.")]) -> None:
    """Forget a portfolio: the next run takes its positions out of the lake; what was estimated stays."""
    from hf_platform.risk import holdings

    settings = Settings.from_env()
    holdings.forget(name, settings)
    _run_portfolios(settings)


def _run_portfolios(settings: Settings) -> None:
    from assets.portfolio import NAMES

    with _launcher() as launcher:
        _report(launcher.portfolios(NAMES, settings.horizons))
    pages = sorted(path.name for path in settings.reports.glob("risk_*.html"))
    console.print(f"Reports: {settings.reports / 'index.html'}   {len(pages)} risk pages", soft_wrap=True)


@app.command()
def demo() -> None:
    """Run the whole graph on 23 instruments with bundled real prices and show the numbers."""
    from assets.demo import run_demo

    with _launcher() as launcher:
        run_demo(launcher, Settings.from_env(), console)


@app.command()
def ui(port: Annotated[int, typer.Option(help="Port on the loopback interface.")] = 3000) -> None:
    """Start the Dagster UI and daemon on HFP_HOME, bound to loopback."""
    from hf_platform.lake import Lake
    from resources.instance import write_dagster_yaml

    settings = Settings.from_env()
    Lake(settings).initialise()
    home = write_dagster_yaml(settings)
    console.print(f"Dagster UI: http://127.0.0.1:{port}   (stop with Ctrl-C)")
    if settings.tracking == "on":
        mlflow = Path(sys.executable).with_name("mlflow")
        database = settings.home / "mlflow" / "mlflow.db"
        console.print(
            f"MLflow, in another terminal: {mlflow} ui --backend-store-uri sqlite:///{database}", soft_wrap=True
        )
    dagster = str(Path(sys.executable).with_name("dagster"))
    root = str(Path(__file__).resolve().parents[1])
    os.chdir(root)
    command = [dagster, "dev", "-h", "127.0.0.1", "-p", str(port), "-m", "assets.definitions"]
    os.execve(dagster, command, {**settings.child_environment(), "DAGSTER_HOME": str(home)})


@app.command()
def metrics(
    port: Annotated[int, typer.Option(help="Port to serve on; 0 takes a free one.", min=0, max=65535)] = 9464,
    address: Annotated[
        str, typer.Option(help="Interface; loopback, unless a network policy guards another.")
    ] = "127.0.0.1",
    once: Annotated[bool, typer.Option("--once", help="Print the metrics and end.")] = False,
) -> None:
    """Serve what Prometheus scrapes: models, staleness, seconds, breach rates, runs."""
    from assets.metrics import RunCollector
    from assets.model_grid import STAGES
    from hf_platform.cli.metrics import exposition, registry_for, serve
    from resources.instance import open_instance

    settings = Settings.from_env()
    with open_instance(settings) as instance:
        registry = registry_for(settings, [stage.name for stage in STAGES], [RunCollector(instance)])
        if once:
            sys.stdout.write(exposition(registry))
            return
        bound, stop = serve(registry, port, address)
        console.print(f"metrics: http://{address}:{bound}/metrics   (stop with Ctrl-C)")
        try:
            stop.wait()
        except KeyboardInterrupt:
            stop.set()


def main() -> None:
    """Run the CLI; an error that a user can mend is one line and exit code 2, never a traceback."""
    try:
        app()
    except PlatformError as error:
        Console(stderr=True).print(f"[red]error:[/] {escape(str(error))}", soft_wrap=True, highlight=False)
        sys.exit(2)
