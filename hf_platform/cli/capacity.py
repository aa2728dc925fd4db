"""`hfp capacity`: machines for a grid of models, cards by cost, and what a run's models and VaR numbers cost."""

import json
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.console import Console
from rich.table import Table

from hf_platform.settings import Settings

if TYPE_CHECKING:
    from hf_platform.capacity.prices import Prices

capacity = typer.Typer(help="Machines, hours, power and money, from measured seconds.", no_args_is_help=True)
PricesFile = Annotated[Path | None, typer.Option("--prices", help="A price table of your own, TOML.")]
_RUN: Final = """
with runs as (select run_id, min(started_at) as started_at,
                     sum(epoch_us(finished_at - started_at)) / 1e6 as run_seconds from ops.runs group by run_id)
select r.run_id, r.started_at, r.run_seconds,
       sum(c.seconds) as shared_seconds, sum(c.cpu_seconds) as cpu_seconds,
       count(*) filter (where c.kind = 'model') as n_models, count(*) filter (where c.kind = 'var') as n_numbers
from runs r join ops.costs c using (run_id)
where starts_with(r.run_id, $run) group by all
having $any or n_models > 0 order by r.started_at desc limit 1
"""
_ASSETS: Final = """
select asset, kind, count(*) filter (where id is not null) as n,
       sum(seconds) as seconds, sum(cpu_seconds) as cpu_seconds
from ops.costs where run_id = $run group by all order by seconds desc
"""


class Format(StrEnum):
    """How a plan is written."""

    TABLE = "table"
    JSON = "json"


def _prices(path: Path | None) -> "Prices":
    from hf_platform.capacity.prices import load_prices

    return load_prices(path or Settings.from_env().prices)


@capacity.command()
def plan(
    *,
    models: Annotated[int, typer.Option(help="Models a run, one ledger row each.", min=1)],
    deadline: Annotated[float, typer.Option(help="Hours until the last one is done.")],
    budget: Annotated[float | None, typer.Option(help="USD for machines.")] = None,
    family: Annotated[list[str] | None, typer.Option("--family", help="Repeatable; default: the lake's mix.")] = None,
    kind: Annotated[list[str] | None, typer.Option("--node", help="Kinds of node; default: all priced ones.")] = None,
    prices: PricesFile = None,
    style: Annotated[Format, typer.Option("--format", help="table or json.")] = Format.TABLE,
) -> None:
    """Count the machines of each kind that finish in time, and what they cost."""
    from hf_platform.capacity.cluster_plan import plan_cluster
    from hf_platform.capacity.measured import read_measured
    from hf_platform.capacity.words import measured_markdown, plan_rows
    from hf_platform.lake import Lake

    table = _prices(prices)
    measured = read_measured(Lake(Settings.from_env())).only(family or [])
    result = plan_cluster(measured, table, models, deadline, budget_usd=budget, kinds=kind or [])
    if style is Format.JSON:
        print(json.dumps(asdict(result), indent=1))
        return
    console = Console()
    header = ("node", "nodes", "done in", "USD", "of budget", "kW", "kWh a run", "USD a run", "USD a model")
    title = f"{models:,} models in {deadline:g} h: {result.core_seconds / 3_600:,.3g} core hours"
    console.print(_table(title, header, plan_rows(result)))
    for name, why in result.impossible.items():
        console.print(f"{name} cannot do it: {why}.")
    console.print(_plain(measured_markdown(measured)))
    dates = sorted({table.nodes[one.kind].recorded_on for one in result.options} | {table.running.recorded_on})
    console.print(
        "Rounded up to whole machines; one run a day; scaling to more machines is taken to be linear. Prices recorded "
        f"{' and '.join(map(str, dates))}, sources in the price table; your own: --prices FILE.",
        style="dim",
    )


@capacity.command()
def cards(
    *,
    seconds: Annotated[float, typer.Option(help="Seconds a model takes on a card of score 1 (RTX 4090).")],
    models: Annotated[int, typer.Option(help="Models a day.", min=1)] = 1_000,
    hours: Annotated[float, typer.Option(help="Hours there are.")] = 24.0,
    memory: Annotated[float, typer.Option(help="GB of one model.")] = 5.0,
    budget: Annotated[float, typer.Option(help="USD for cards.")] = 500_000.0,
    prices: PricesFile = None,
) -> None:
    """Rank accelerators with time counted, beside the guide's formula, which takes memory for time."""
    from hf_platform.capacity.gpu_costs import fleet, guide_fleets, recommend

    table = _prices(prices)
    offers = [
        fleet(table, name, models, seconds_per_model=seconds, hours=hours, model_gb=memory, budget_usd=budget)
        for name in table.accelerators
    ]
    feasible = recommend([one for one in offers if one is not None], budget)
    console = Console()
    header = ("card", "cards", "models an hour", "USD", "of budget", "kW", "USD a day", "USD a model")
    rows = [
        (
            one.card,
            str(one.n_cards),
            f"{one.models_per_hour:,.0f}",
            f"{one.price_usd:,.0f}",
            f"{one.price_usd / budget:.1%}",
            f"{one.kilowatts:.2f}",
            f"{one.usd_per_day:,.2f}",
            f"{one.usd_per_model:.3g}",
        )
        for one in feasible
    ]
    console.print(_table(f"{models:,} models of {seconds:g} s in {hours:g} h", header, rows))
    guide = [
        (one.card, str(one.n_cards), f"{one.cost_usd:,.0f}", f"{one.performance_per_dollar:.5f}", str(one.models_short))
        for one in guide_fleets(table, models, model_gb=memory)
    ]
    header = ("card", "cards", "USD", "performance per dollar", "models without room")
    console.print(_table("The guide's formula: memory for time, cards rounded down", header, guide))


@capacity.command()
def cost(
    run: Annotated[str, typer.Option(help="Run id or its beginning; default: the newest run that fitted.")] = "",
    node: Annotated[str, typer.Option(help="Kind of node whose price counts.")] = "workstation",
    prices: PricesFile = None,
) -> None:
    """Say what each model and each VaR number of a run took, in time and money."""
    from hf_platform.errors import ConfigError
    from hf_platform.lake import Lake

    per_second = _prices(prices).usd_per_core_hour(node) / 3_600
    lake = Lake(Settings.from_env())
    found = lake.query(_RUN, {"run": run, "any": bool(run)}).to_dicts()
    if not found:
        said = f"no run {run!r}" if run else "none that fitted a model"
        raise ConfigError(f"costs need a metered run, found {said} in ops.runs. Run `hfp materialize` first.")
    total = found[0]
    rows = [
        (
            row["asset"],
            f"{row['n']:,} {'models' if row['kind'] == 'model' else 'numbers'}" if row["n"] else "",
            f"{row['seconds']:.2f}",
            f"{row['cpu_seconds']:.2f}",
            f"{1e3 * row['cpu_seconds'] / row['n']:.3g}" if row["n"] else "",
            f"{per_second * row['cpu_seconds'] / row['n']:.2e}" if row["n"] else "",
        )
        for row in lake.query(_ASSETS, {"run": total["run_id"]}).to_dicts()
    ]
    console = Console()
    header = ("stage", "made", "seconds", "CPU s", "CPU ms each", "USD each")
    console.print(_table(f"Run {total['run_id'][:8]} of {total['started_at']:%Y-%m-%d %H:%M} UTC", header, rows))
    everything = per_second * total["cpu_seconds"]
    for n, name in ((total["n_models"], "model"), (total["n_numbers"], "VaR number")):
        if n:
            console.print(f"All of it over {n:,} {name}s: {everything / n:.2e} USD a {name}")
    gap = 1 - total["shared_seconds"] / total["run_seconds"] if total["run_seconds"] else 0.0
    console.print(
        f"Rows add up to {total['shared_seconds']:.2f} s of the run's {total['run_seconds']:.2f} s ({gap:.2%} between)."
        f" One core of a {node}: {3_600 * per_second:.4f} USD an hour. In SQL: ops.costs.",
        soft_wrap=True,
    )


def _table(title: str, header: tuple[str, ...], rows: list[tuple[str, ...]]) -> Table:
    table = Table(title=title, title_justify="left")
    for index, name in enumerate(header):
        table.add_column(name, justify="left" if index == 0 else "right", overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table


def _plain(markdown: str) -> object:
    from rich.markdown import Markdown

    return Markdown(markdown)
