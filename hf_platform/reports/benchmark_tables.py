"""The guide's two benchmark tables, measured again on named real data.

The guide prints lower VaR numbers as if they were better: they are not. What ranks a volatility model is
coverage and a proper loss, what ranks a price forecast is whether it beats the random walk on the same
origins. Both stand here beside the guide's figures, which name neither data nor period.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from hf_platform.backtest.comparison import diebold_mariano
from hf_platform.backtest.coverage import kupiec_pof
from hf_platform.backtest.dynamic_quantile import dynamic_quantile
from hf_platform.backtest.scoring import qlike, symmetric_percentage_error
from hf_platform.features.training_matrix import read_available
from hf_platform.horizons import Horizon
from hf_platform.models.base import Series
from hf_platform.models.identity import window_hash
from hf_platform.reports import pages
from hf_platform.reports.backtest_report import write_index
from hf_platform.reports.benchmark_members import (
    Cost,
    Forecasts,
    absence,
    common_origins,
    measure_cost,
    peak_memory,
    read_forecasts,
    said_of,
    variant_of,
)
from hf_platform.reports.guide_figures import (
    NO_TAIL,
    PRICE,
    PRICE_HEADS,
    RANDOM_WALK,
    VOLATILITY,
    VOLATILITY_HEADS,
    GuideRow,
)
from hf_platform.reports.tables import Table
from hf_platform.settings import Settings
from hf_platform.types import GridKey

if TYPE_CHECKING:
    from hf_platform.lake import Lake

STEM: Final = pages.BENCHMARKS
_TEMPLATES: Final = ("macros.html", "report.css", "benchmarks.html")
CONFIDENCE: Final = 0.99
_NONE: Final = "-"
_COSTS: Final = ("fit", "one forecast", "size of the fit", "peak memory")


@dataclass(frozen=True, slots=True)
class BenchmarkTable:
    """One table, ready to print.

    Parameters
    ----------
    title, data : str
        What is measured, and on what: instrument, horizon, sample, content hash.
    table : Table
    """

    title: str
    data: str
    table: Table


def write(
    store: "Lake", settings: Settings, *, as_of: datetime, instrument: str = "SP500"
) -> tuple[Path, list[BenchmarkTable]]:
    """Measure both tables and write `benchmark_tables.html` and `.json` under `HFP_HOME/reports`.

    Parameters
    ----------
    store : Lake
    settings : Settings
    as_of : datetime
        Knowledge cutoff, naive UTC.
    instrument : str
        The guide says S&P 500.

    Returns
    -------
    Path
        The page.
    list of BenchmarkTable
    """
    built = [
        volatility_table(store, GridKey(instrument, "1d"), as_of),
        price_table(store, GridKey(instrument, "20d"), as_of),
    ]
    settings.reports.mkdir(parents=True, exist_ok=True)
    page = settings.reports / f"{STEM}.html"
    pages.write_text(page, _render(built))
    rows = {made.title: [dict(zip(made.table.heads, row, strict=True)) for row in made.table.rows] for made in built}
    data = {made.title: made.data for made in built}
    text = json.dumps({"as_of": as_of.isoformat(), "data": data, "tables": rows}, indent=1, ensure_ascii=False)
    pages.write_text(page.with_suffix(".json"), text)
    write_index(store, settings, as_of=as_of)
    return page, built


def volatility_table(store: "Lake", key: GridKey, as_of: datetime) -> BenchmarkTable:
    """Measure section 1.9: one-day VaR at 99 % and the volatility behind it."""
    heads = ("model", *(f"guide: {head}" for head in VOLATILITY_HEADS), "member", "n", "mean VaR 1 %", "RMSE", "QLIKE")
    heads = (*heads, "coverage", "Kupiec p", "DQ p", *_COSTS, "remark")
    return _table(
        store,
        key,
        as_of,
        guide=VOLATILITY,
        heads=heads,
        cells=_volatility_cells,
        title="Volatility (section 1.9)",
        note="RMSE: volatility against the absolute return. Coverage: share of days without a breach, 99 % wanted. A "
        "lower VaR is not a better one: coverage and QLIKE rank. Rows with the same n share their origins.",
    )


def price_table(store: "Lake", key: GridKey, as_of: datetime) -> BenchmarkTable:
    """Measure section 1.10: the price twenty sessions ahead."""
    heads = ("model", *(f"guide: {head}" for head in PRICE_HEADS), "member", "n", "MAPE %", "sMAPE %", "MASE")
    heads = (*heads, "random walk's MAPE %", "beats the random walk", *_COSTS, "remark")
    walk = GuideRow("", *RANDOM_WALK)

    def cells(row: GuideRow, found: Forecasts, series: Series) -> tuple[str, ...]:
        return _price_cells(found, read_forecasts(store, walk, key, series, as_of))

    return _table(
        store,
        key,
        as_of,
        guide=PRICE,
        heads=heads,
        cells=cells,
        title="Price (section 1.10)",
        note="Price is the last one times exp(forecast log return). MASE: mean absolute error over that of the random "
        "walk on the same origins. 'Yes' needs p < 0.05 in a Diebold-Mariano test on absolute percentage errors.",
    )


def _render(tables: list[BenchmarkTable]) -> str:
    from jinja2 import DictLoader, Environment, StrictUndefined

    folder = files("hf_platform.reports") / "templates"
    sources = {name: (folder / name).read_text(encoding="utf-8") for name in _TEMPLATES}
    environment = Environment(
        loader=DictLoader(sources), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("benchmarks.html").render(tables=tables)


Cells = Callable[[GuideRow, Forecasts, Series], tuple[str, ...]]


def _table(
    store: "Lake",
    key: GridKey,
    as_of: datetime,
    *,
    guide: tuple[GuideRow, ...],
    heads: tuple[str, ...],
    cells: Cells,
    title: str,
    note: str,
) -> BenchmarkTable:
    horizon = Horizon.parse(key.horizon)
    series = read_available(store, [key.instrument], horizon.frequency, as_of, ())[0].get(key.instrument)
    saved = store.settings.home / "bench" / "forecast.json"
    memory = peak_memory(saved.read_text(encoding="utf-8") if saved.exists() else None)
    problems = {row: absence(row) for row in guide}
    members: dict[GuideRow, Forecasts] = {}
    for row, problem in problems.items():
        found = None if problem or series is None else read_forecasts(store, row, key, series, as_of)
        if found is not None:
            members[row] = found
    members = _on_shared_origins(members)
    rows: list[tuple[str, ...]] = []
    for row, problem in problems.items():
        head = (row.model or _NONE, *(row.figures or (_NONE,) * len(VOLATILITY_HEADS)))
        if row not in members or series is None:
            blank = (_NONE,) * (len(heads) - len(head) - 2)
            rows.append((*head, row.family, *blank, f"not available: {problem or 'no stored forecast of this key'}"))
            continue
        member = "/".join(filter(None, (row.family, variant_of(row))))
        costs = _cost_cells(measure_cost(store, row, key, as_of), memory.get(row.family))
        n = str(members[row].origins.size)
        caveat = "; ".join(filter(None, (said_of(store, row, key), row.caveat))) or _NONE
        rows.append((*head, member, n, *cells(row, members[row], series), *costs, caveat))
    data = f"{key.instrument}, horizon {key.horizon}: no bars at {as_of:%Y-%m-%d}"
    if series is not None:
        sample = f"{str(series.event_at[0])[:10]} to {str(series.event_at[-1])[:10]}, {len(series):,} bars"
        data = f"{key.instrument}, horizon {key.horizon}, {sample}, data {window_hash(series, 0, len(series))[:12]}"
    return BenchmarkTable(title, data, Table(heads, tuple(rows), note=note))


def _on_shared_origins(members: dict[GuideRow, Forecasts]) -> dict[GuideRow, Forecasts]:
    """Put members on the origins that all of them share; one with less than half of the most keeps its own."""
    if not members:
        return members
    most = max(member.origins.size for member in members.values())
    long = [member for member in members.values() if 2 * member.origins.size >= most]
    shared = common_origins(long)
    return {
        row: member.at(shared) if 2 * member.origins.size >= most and shared.size else member
        for row, member in members.items()
    }


def _volatility_cells(row: GuideRow, found: Forecasts, series: Series) -> tuple[str, ...]:
    rmse = float(np.sqrt(np.square(found.volatility - np.abs(found.realised)).mean()))
    loss = float(qlike(np.square(found.realised), np.square(found.volatility)).mean())
    if row.caveat == NO_TAIL:
        return (_NONE, f"{rmse:.4f}", f"{loss:.3f}", _NONE, _NONE, _NONE)
    losses, var = -found.realised, -found.low
    kupiec = kupiec_pof(losses > var, CONFIDENCE)
    quantile = dynamic_quantile(losses, var, CONFIDENCE)
    coverage = f"{float((losses <= var).mean()):.2%}"
    return (
        f"{float(var.mean()):.4f}",
        f"{rmse:.4f}",
        f"{loss:.3f}",
        coverage,
        _p(kupiec.p_value),
        _p(quantile.p_value),
    )


def _price_cells(found: Forecasts, walk: Forecasts | None) -> tuple[str, ...]:
    # In units of the realised price: forecast over realised is exp(forecast return - realised return).
    ratio = np.exp(found.mean - found.realised)
    errors = np.abs(ratio - 1)
    mape = 100 * float(errors.mean())
    smape = float(symmetric_percentage_error(np.ones(ratio.size), ratio).mean())
    shared = found.at(walk.origins) if walk is not None else None
    if shared is None or not shared.origins.size:
        return (f"{mape:.2f}", f"{smape:.2f}", _NONE, _NONE, _NONE)
    own = np.abs(np.exp(shared.mean - shared.realised) - 1)
    still = np.abs(np.exp(-shared.realised) - 1)
    if np.array_equal(own, still):
        verdict = "is the random walk"
    else:
        test = diebold_mariano(own, still)
        words = {"better": "yes", "worse": "no, it is worse", "cannot tell": "no difference shown"}
        verdict = f"{words[test.verdict]} (p = {_p(test.p_value)})"
    return (
        f"{mape:.2f}",
        f"{smape:.2f}",
        f"{float(own.mean() / still.mean()):.3f}",
        f"{100 * float(still.mean()):.2f}",
        verdict,
    )


def _cost_cells(cost: Cost, peak: float | None) -> tuple[str, ...]:
    return (
        _NONE if cost.fit_seconds is None else f"{1e3 * cost.fit_seconds:.1f} ms",
        _NONE if cost.forecast_seconds is None else f"{1e3 * cost.forecast_seconds:.2f} ms",
        _NONE if cost.megabytes is None else f"{1e3 * cost.megabytes:.1f} kB",
        "hfp bench forecast" if peak is None else f"{peak:.0f} MB",
    )


def _p(value: float | None) -> str:
    return _NONE if value is None else f"{value:.3f}"
