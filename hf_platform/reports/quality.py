"""Data-quality pages: one per instrument, and an index; what was flagged, refused, restated, and why."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from hf_platform.market.cleaning import RULES
from hf_platform.market.inbox import read_rejections
from hf_platform.market.stationarity import store_unit_root_tests
from hf_platform.reports.pages import write_text
from hf_platform.reports.quality_evidence import QualityEvidence, read_quality
from hf_platform.reports.svg import frame_for, polyline
from hf_platform.settings import Settings
from hf_platform.types import BoolArray, FloatArray, TimeArray

if TYPE_CHECKING:
    from jinja2 import Environment

    from hf_platform.lake import Lake

INDEX: Final = "quality.html"
_WIDTH, _HEIGHT, _MOST_MARKS, _MOST_ROWS = 960, 300, 400, 50
_SAYS: Final = {rule.name: rule.says for rule in RULES}
_TEMPLATES: Final = ("quality.html", "quality_index.html", "report.css")
_HEAD: Final = ("instrument", "daily bars", "first", "last", "flagged", "in quarantine", "restated", "beside its peers")


def page_name(instrument: str) -> str:
    """Name the page of an instrument."""
    return f"quality_{instrument}.html"


def write(
    store: "Lake", instruments: Sequence[str], settings: Settings, *, as_of: datetime, run_id: str
) -> dict[str, Path]:
    """Test for unit roots and write the pages of some instruments; the index holds every page that is there.

    Parameters
    ----------
    store : Lake
        Receives `market.unit_root_tests`.
    instruments : sequence of str
        Those without daily bars get no page.
    settings : Settings
        Where reports go.
    as_of : datetime
        Knowledge cutoff, UTC.
    run_id : str

    Returns
    -------
    dict of instrument to Path
    """
    store_unit_root_tests(store, instruments, as_of, run_id=run_id)
    evidence = read_quality(store, as_of)
    rejected = read_rejections(settings)
    settings.reports.mkdir(parents=True, exist_ok=True)
    written: dict[str, Path] = {}
    for name in instruments:
        one = evidence.of(name)
        if one.bars.is_empty():
            continue
        path = settings.reports / page_name(name)
        write_text(path, render(name, one, rejected.filter(pl.col("instrument") == name)))
        written[name] = path
    if written:
        write_text(settings.reports / INDEX, render_index(evidence, settings.reports, rejected))
    return written


def render(instrument: str, evidence: QualityEvidence, rejected: pl.DataFrame) -> str:
    """Write one page; `rejected` is this instrument's part of `inbox.read_rejections`."""
    tables = evidence.tables
    flags, quarantine = tables["flags"], tables["quarantine"]
    daily = flags.filter(pl.col("frequency") == "1d")
    tiles = [
        (f"{evidence.bars.height:,}", f"daily bars, {_day(evidence.bars, 0)} to {_day(evidence.bars, -1)}"),
        (f"{evidence.bars.filter(pl.col('flags').list.len() > 0).height:,}", "of them carry a flag"),
        (f"{int(quarantine['n'].sum()):,}", "rows refused, in quarantine"),
        (f"{int(tables['restated']['n'].sum()):,}", "values restated since first known"),
    ]
    says = [[row[1], row[2], f"{row[3]:,}", f"{row[4]:%Y-%m-%d}", f"{row[5]:%Y-%m-%d}", _SAYS.get(row[1], "")]
            for row in flags.rows()]  # fmt: skip
    source = tables["sources"]["source"].to_list()
    sections = [
        ("Flags", "Each looks only at what was known then; a flagged bar keeps its value. "
         f"{daily['flag'].n_unique()} sorts among the daily bars.",
         _table(("flag", "bars of", "bars", "first", "last", "what it means"), says)),
        ("Moves that no peer made", "Daily returns over 12 robust deviations from the session's median: a bad tick, "
         "or news of this company alone.", _plain(evidence.lonely, ("event_at", "log_return", "session_median",
                                                                    "deviations"))),
        ("Quarantine", "Rows that could not be stored, by rule.",
         _plain(quarantine, ("rule", "n", "value", "file", "row", "next_step"))),
        ("Rejected on arrival", "Rows of dropped files that were never loaded, the newest first.",
         _plain(rejected, ("staged_at", "file", "row", "rule", "value", "n_rows", "next_step"))),
        ("Restatements", "Later vintages of stored bars, known from their arrival.",
         _plain(tables["restated"], ("frequency", "n", "last"))),
        ("Corporate actions", "What returns include, newest first. An empty value is a cancelled action.",
         _plain(tables["actions"], ("kind", "event_at", "known_at", "value", "ratio", "counterpart"))),
        ("Alternative data", "How much there is, and how long after the event it became known.",
         _plain(tables["alternative"], ("kind", "name", "n", "first", "last", "lag_hours"))),
        ("Unit roots", "Newest 1,000 daily bars. A log price should have a unit root, a log return should not (5 %).",
         _plain(tables["unit_roots"], ("series", "test", "statistic", "p_value", "n_lags", "n_obs", "verdict",
                                       "reason"))),
    ]  # fmt: skip
    provenance = [("source", ", ".join(source)), ("known at (as_of)", f"{evidence.as_of} UTC"),
                  ("lake snapshot", str(evidence.snapshot))]  # fmt: skip
    return _environment().get_template("quality.html").render(
        instrument=instrument, tiles=tiles, figure=_figure(evidence.bars), sections=sections, provenance=provenance
    )  # fmt: skip


def render_index(evidence: QualityEvidence, folder: Path, rejected: pl.DataFrame) -> str:
    """Write the index over the instruments that have a page, and what was rejected before it could have one."""
    rows: list[tuple[str, list[str]]] = []
    for (name,), bars in sorted(evidence.bars.partition_by("instrument", as_dict=True).items()):
        if not (folder / page_name(str(name))).is_file():
            continue
        here = pl.col("instrument") == name
        refused, restated = (evidence.tables[t].filter(here)["n"].sum() for t in ("quarantine", "restated"))
        flagged = bars.filter(pl.col("flags").list.len() > 0).height
        cells = [str(name), f"{bars.height:,}", _day(bars, 0), _day(bars, -1), f"{flagged:,}", f"{int(refused):,}",
                 f"{int(restated):,}", str(evidence.lonely.filter(here).height)]  # fmt: skip
        rows.append((page_name(str(name)), cells))
    return (
        _environment()
        .get_template("quality_index.html")
        .render(
            head=_HEAD,
            rows=rows,
            rejected=_plain(rejected, ("file", "instrument", "row", "rule", "value", "next_step")),
        )
    )


def _figure(bars: pl.DataFrame) -> str:
    """Draw the log total return price, and a dot on each flagged bar."""
    priced = bars.filter(pl.col("close") > 0)
    if priced.height < 2:
        return ""
    times: TimeArray = priced["event_at"].to_numpy().astype("datetime64[us]")
    values: FloatArray = (priced["close"] * priced["adjustment"]).log().to_numpy().astype(np.float64)
    is_flagged: BoolArray = (priced["flags"].list.len() > 0).to_numpy()
    frame = frame_for(times, [values], _WIDTH, _HEIGHT)
    x, y = frame.x(times), frame.y(values)
    step = max(1, times.size // _WIDTH)
    at = np.flatnonzero(is_flagged)[-_MOST_MARKS:]
    dots = [f'<circle class="mark high" cx="{a:.1f}" cy="{b:.1f}" r="3"/>'
            for a, b in zip(x[at].tolist(), y[at].tolist(), strict=True)]  # fmt: skip
    line = f'<path class="line high" d="{polyline(x[::step], y[::step])}"/>'
    described = f"{times.size} bars, {int(is_flagged.sum())} flagged"
    return frame.svg("Log total return price", described, [line, *dots], "log price")


def _day(bars: pl.DataFrame, at: int) -> str:
    return f"{bars['event_at'][at]:%Y-%m-%d}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> dict[str, object]:
    return {"head": list(head), "rows": [list(row) for row in rows[:_MOST_ROWS]]}


def _plain(frame: pl.DataFrame, columns: Sequence[str]) -> dict[str, object]:
    return _table([c.replace("_", " ") for c in columns], [[_cell(v) for v in r] for r in frame.select(columns).rows()])


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4g}"
    return f"{value:%Y-%m-%d %H:%M}" if isinstance(value, datetime) else str(value)


@cache
def _environment() -> "Environment":
    from jinja2 import DictLoader, Environment, StrictUndefined

    folder = files("hf_platform.reports") / "templates"
    sources = {name: (folder / name).read_text(encoding="utf-8") for name in _TEMPLATES}
    return Environment(
        loader=DictLoader(sources), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
