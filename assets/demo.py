"""`hfp demo`: the whole graph on bundled real prices, and the numbers that a person would ask for first."""

import time
from datetime import datetime

import polars as pl
from rich.console import Console
from rich.markup import escape

from assets.launch import Launcher, failure_text
from hf_platform.backtest.summary import coverage_summary
from hf_platform.cli.status import as_table
from hf_platform.lake import Lake, plain_connect_hint
from hf_platform.market.sources.bundled import BundledSource
from hf_platform.models import FAMILIES, chosen_families
from hf_platform.reports.risk_report import newest_pages
from hf_platform.risk.value_at_risk import tomorrow_var
from hf_platform.settings import Settings

_VERDICTS = """
with whole as (
    select * from backtests.newest_var_tests
    where method = 'ensemble' and position_sign = 1 and confidence in (0.95, 0.99)
      and test in ('kupiec_pof', 'conditional_coverage', 'basel_traffic_light')
    qualify row_number() over (partition by instrument, horizon, confidence, test order by n_forecasts desc) = 1
)
select horizon, confidence, test, count(*) filter (where verdict = 'pass') as pass,
       count(*) filter (where verdict = 'fail') as fail,
       count(*) filter (where verdict = 'cannot tell') as cannot_tell
from whole group by all order by horizon, confidence, test
"""
_MODELS = """
select family, count(*) filter (where status = 'ok') as ok,
       count(*) filter (where status = 'skipped') as skipped,
       count(*) filter (where status not in ('ok', 'skipped')) as failed,
       count(distinct (instrument, horizon)) as keys
from models.ledger group by family order by family
"""


_PORTFOLIO = """
select 'VaR 99 %, next session, ' || replace(method, '_', ' ') as what, round(100 * value_at_risk, 2) as percent
from risk.portfolio where portfolio = $portfolio and horizon = '1d' and confidence = 0.99
qualify row_number() over (partition by method order by forecast_origin desc) = 1
union all
select 'replay of ' || scenario, round(100 * loss, 2) from risk.stress
where portfolio = $portfolio and scenario in ('2008', '2020') and loss is not null
order by 1
"""


def run_demo(launcher: Launcher, settings: Settings, console: Console) -> None:
    """Materialise everything and print what came out; a rerun fits only what is new."""
    started = time.perf_counter()
    names = [record.instrument for record in BundledSource().instruments()]
    launcher.add_instruments(names)
    problems: list[str] = []
    for result in launcher.run("*", names, list(settings.horizons)):
        text = failure_text(result)
        if text is not None:
            problems.append(text)
    lake = Lake(settings)
    show(lake, settings, console)
    for text in problems:
        console.print(f"[yellow]{escape(text)}[/]", soft_wrap=True)
    console.print(f"\nFinished in {time.perf_counter() - started:.0f} s.")


def show(lake: Lake, settings: Settings, console: Console) -> None:
    """Print models by family, tomorrow's VaR, coverage verdicts, and where everything is."""
    as_of = lake.query("select max(known_at) as t from market.bars")["t"][0]
    instruments = lake.query("select count(distinct instrument) as n from market.bars")["n"][0]
    horizons = " ".join(settings.horizons)
    console.print(f"\n[bold]{instruments} instruments[/], horizons {horizons}, as of {as_of:%Y-%m-%d %H:%M} UTC")
    console.print(as_table(lake.query(_MODELS), "Models, by family"))
    console.print(as_table(_percent(tomorrow_var(lake, as_of)), "Next session's VaR and ES, % of a long position"))
    console.print(as_table(lake.query(_VERDICTS), "Verdicts of the coverage tests (ensemble, whole sample)"))
    console.print(as_table(_coverage(lake, as_of), "Kupiec on the twenty stocks 1990-2022, 1d: cells with p >= 0.01"))
    for name, file in newest_pages(settings.reports).items():
        console.print(as_table(_portfolio(lake, name), f"Portfolio {name}: VaR and stress losses, % of equity"))
        console.print(f"Risk page {settings.reports / file}", soft_wrap=True)
    for line in more_families(settings):
        console.print(line, highlight=False, markup=False)
    console.print(f"\nReports   {settings.reports / 'index.html'}")
    console.print(f"Lake      {settings.data_path}")
    console.print("\nFrom any Python, also while a run writes:")
    console.print(plain_connect_hint(settings), markup=False, highlight=False, soft_wrap=True)
    console.print(
        '\nNext:  make ui    hfp status --failed    hfp query "from risk.value_at_risk limit 5"    hfp ingest FILE',
        highlight=False,
    )


def more_families(settings: Settings) -> list[str]:
    """Say which extras add which families to those of this run."""
    chosen = {family.name for family in chosen_families(settings)}
    by_extra: dict[str, list[str]] = {}
    for family in FAMILIES:
        if family.extra is not None and family.name not in chosen:
            by_extra.setdefault(family.extra, []).append(family.name)
    return [
        f"More families: pip install 'hf-platform[{extra}]' adds {', '.join(names)}; then hfp materialize {names[0]}"
        for extra, names in by_extra.items()
    ]


def _coverage(lake: Lake, as_of: datetime) -> pl.DataFrame:
    rows = coverage_summary(lake, as_of)
    return rows.select(
        "method",
        pl.col("confidence").cast(pl.String).fill_null("all three"),
        cells=pl.format("{} of {}", "n_passed", "n_cells"),
        share=(pl.col("share_passed") * 100).round(0),
        breaches="n_breaches",
        breach_percent=(pl.col("breach_rate") * 100).round(2),
    )


def _portfolio(lake: Lake, name: str) -> pl.DataFrame:
    return lake.query(_PORTFOLIO, {"portfolio": name})


def _percent(rows: pl.DataFrame) -> pl.DataFrame:
    levels = {
        name: name.replace("_", " ").replace("97 5", "97.5") for name in rows.columns if name[:3] in ("var", "es_")
    }
    return rows.select(
        "instrument",
        session=pl.col("target_at").dt.date(),
        **{shown: (pl.col(name) * 100).round(2) for name, shown in levels.items()},
    )
