"""`hfp stress`: what the positions lose in a scenario, computed from the lake as it stands; nothing is written."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from hf_platform.errors import ConfigError, DataError
from hf_platform.settings import Settings

if TYPE_CHECKING:
    from rich.console import Console

    from hf_platform.lake import Lake
    from hf_platform.risk.scenarios import Scenario
    from hf_platform.risk.stress import StressResult
    from hf_platform.risk.stress_stage import Subject


def stress(
    scenario: Annotated[
        str | None, typer.Option(help="Name of a scenario, for example 2008 or 2020; default: all, one line each.")
    ] = None,
    portfolio: Annotated[str | None, typer.Option(help="Name of a portfolio; default: the first.")] = None,
    as_of: Annotated[str | None, typer.Option("--as-of", help="Knowledge cutoff in UTC, like 2018-12-24.")] = None,
) -> None:
    """Replay 2008 or 2020, shock prices, break correlations, or look for the smallest shock that hurts."""
    from rich.console import Console

    from hf_platform.lake import Lake
    from hf_platform.risk.scenarios import LIBRARY, find_scenario
    from hf_platform.risk.stress_stage import evaluate, find_portfolio, subject

    chosen = None if scenario is None else find_scenario(scenario)
    store = Lake(Settings.from_env())
    cutoff = _cutoff(store, as_of)
    case = subject(store, find_portfolio(store, portfolio, cutoff), cutoff)
    console = Console()
    if chosen is not None:
        _show_one(console, case, chosen, evaluate(store, case, chosen, cutoff))
        return
    results: list[tuple[Scenario, StressResult | str]] = []
    for each in LIBRARY:
        try:
            results.append((each, evaluate(store, case, each, cutoff)))
        except DataError as error:
            results.append((each, str(error)))
    _show_all(console, case, results)


def _cutoff(store: "Lake", asked: str | None) -> datetime:
    if asked is not None:
        try:
            return datetime.fromisoformat(asked)
        except ValueError as error:
            raise ConfigError(f"--as-of is an ISO date or time in UTC, found {asked!r}. Write 2022-12-28.") from error
    newest = store.query("SELECT max(known_at) AS t FROM market.bars")["t"][0]
    if newest is None:
        raise DataError("a stress test needs prices, found no bar. Materialise raw_prices and bars first.")
    return newest


def _title(case: "Subject") -> str:
    book = case.book
    return (
        f"portfolio {case.portfolio.name} ({case.portfolio.source}), equity {book.equity:,.0f}, positions at the close "
        f"of {case.origin:%Y-%m-%d}"
    )


def _show_one(console: "Console", case: "Subject", scenario: "Scenario", result: "StressResult") -> None:
    import numpy as np
    from rich.table import Table

    console.print(f"[bold]{scenario.name}[/]: {scenario.description}", highlight=False)
    console.print(_title(case), highlight=False, soft_wrap=True)
    for line in summary_lines(case, result):
        console.print(line, highlight=False, soft_wrap=True)
    if result.loss is None:
        return
    table = Table(title="By instrument, largest loss first", title_justify="left")
    for name in ("instrument", "exposure %", "return %", "loss % of equity", "loss"):
        table.add_column(name, justify="left" if name == "instrument" else "right")
    equity, exposures = case.book.equity, case.book.exposures
    order = np.argsort(-np.nan_to_num(result.contributions, nan=-np.inf), kind="stable")
    for i in [int(k) for k in order]:
        name, exposure = case.book.instruments[i], f"{float(exposures[i]) / equity * 100:.2f}"
        loss, move = float(result.contributions[i]), float(result.shocks[i])
        if np.isnan(loss):
            table.add_row(name, exposure, "no prices", "", "")
        else:
            table.add_row(name, exposure, f"{move * 100:+.2f}", f"{loss * 100:.2f}", f"{loss * equity:,.0f}")
    table.add_section()
    table.add_row("total", f"{exposures.sum() / equity * 100:.2f}", "", f"{result.loss * 100:.2f}",
                  f"{result.loss * equity:,.0f}")  # fmt: skip
    console.print(table)


def summary_lines(case: "Subject", result: "StressResult") -> list[str]:
    """Say in sentences what a scenario does."""
    lines: list[str] = []
    if result.loss is not None:
        word = "gain" if result.loss < 0 else "loss"
        lines.append(f"{word} {abs(result.loss):.2%} of equity, {abs(result.loss) * case.book.equity:,.0f}")
    if result.dates:
        n = len(result.dates) - 1
        lines.append(f"{result.dates[0]} to {result.dates[-1]}, {n} session{'' if n == 1 else 's'}")
    if result.max_drawdown is not None:
        lines.append(f"largest fall from a peak on the way {result.max_drawdown:.2%}")
    if result.value_at_risk is not None:
        lines.append(f"99 % VaR of the next session {result.value_at_risk:.2%} of equity")
    if result.distance is not None and result.probability is not None:
        lines.append(
            f"{result.distance:.1f} standard deviations away; a normal law gives such a loss a chance of "
            f"{result.probability:.2g}, a fat-tailed one more"
        )
    if result.reason:
        lines.append(result.reason)
    return lines


def _show_all(console: "Console", case: "Subject", results: "list[tuple[Scenario, StressResult | str]]") -> None:
    from rich.table import Table

    console.print(_title(case), highlight=False, soft_wrap=True)
    table = Table(title="Scenarios; one in detail with --scenario NAME", title_justify="left")
    for name in ("scenario", "what", "loss %", "remark"):
        table.add_column(name, justify="right" if name == "loss %" else "left", overflow="fold")
    for scenario, result in results:
        if isinstance(result, str):
            table.add_row(scenario.name, scenario.description, "", result)
            continue
        remarks = [line for line in summary_lines(case, result) if not line.startswith(("loss", "gain"))]
        loss = "" if result.loss is None else f"{result.loss * 100:.2f}"
        table.add_row(scenario.name, scenario.description, loss, "; ".join(remarks))
    console.print(table)
