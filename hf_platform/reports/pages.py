"""Pages from evidence: one self-contained HTML file per key and an index over all of them."""

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hf_platform.errors import DataError
from hf_platform.reports import comparisons, figures, session_tables, tables
from hf_platform.reports.evidence import Evidence, Row
from hf_platform.reports.words import (
    HEADLINE_CONFIDENCE,
    SHORT_NAMES,
    equals,
    percent,
    select,
    strings,
    summarise,
    verdict_of,
)
from hf_platform.types import CONFIDENCES, GridKey

if TYPE_CHECKING:
    from jinja2 import Environment

BENCHMARKS: Final = "benchmark_tables"  # page beside the index, where it was made
QUALITY: Final = "quality.html"  # likewise
INPUT_MARK: Final = "hfp-inputs"  # <meta> that names what a page was made from
_HEAD_BYTES = 600  # the mark stands within these
_LOW = 0.95  # the second confidence of the returns plot


def page_path(folder: Path, key: GridKey) -> Path:
    """Return where the page of a key lies.

    Raises
    ------
    DataError
        If the name of the instrument or horizon could leave the folder.
    """
    name = f"{key.instrument}_{key.horizon}.html"
    if "/" in name or "\\" in name or name.startswith("."):
        raise DataError(f"instrument and horizon must be plain names, found {str(key)!r}. Rename the instrument.")
    return folder / name


def inputs_of(path: Path) -> str | None:
    """Read from a page what it was made from; None where there is no page."""
    try:
        with path.open(encoding="utf-8") as file:
            head = file.read(_HEAD_BYTES)
    except FileNotFoundError:
        return None
    _, found, rest = head.partition(f'name="{INPUT_MARK}" content="')
    return rest.split('"', 1)[0] if found else None


def write_text(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    draft = path.with_name(f".{path.name}.new")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)


def render_page(evidence: Evidence, inputs: str, code_version: str) -> str:
    """Write the page of one key."""
    high = evidence.samples.get(("ensemble", HEADLINE_CONFIDENCE))
    low = evidence.samples.get(("ensemble", _LOW))
    return (
        _environment()
        .get_template("page.html")
        .render(
            key=evidence.key,
            inputs=inputs,
            summary=summarise(evidence),
            levels=_levels(evidence),
            newest=_newest(evidence),
            returns_figure=figures.returns_and_var(high, low) if high is not None else "",
            breach_figures=[figures.cumulative_breaches(s) for s in (high, low) if s is not None],
            volatility_figure=figures.forecast_volatility(evidence.volatility),
            volatility_names=[path.name for path in evidence.volatility],
            weights_figure=figures.ensemble_weights(evidence.weights),
            weights=evidence.weights,
            closer_looks=figures.closer_looks(high, low) if high is not None else [],
            test_tables=tables.test_tables(evidence),
            forecast_tables=comparisons.forecast_tables(evidence),
            stability=comparisons.stability_table(evidence),
            strategies=comparisons.strategy_table(evidence),
            session_title=session_tables.session_title(evidence),
            sessions=session_tables.session_table(evidence),
            breaches=tables.breach_table(evidence, "ensemble", HEADLINE_CONFIDENCE),
            power=tables.power_table(len(high), HEADLINE_CONFIDENCE) if high is not None else None,
            power_statement=tables.power_statement(HEADLINE_CONFIDENCE),
            scores=tables.score_table(evidence),
            models=tables.model_table(evidence),
            provenance=_provenance(evidence, inputs, code_version),
            daily=evidence.key.horizon == "1d",
        )
    )


def render_index(
    rows: Sequence[dict[str, str]],
    cells: Sequence[tuple[str, str, str]],
    portfolios: Mapping[str, str] | None = None,
    benchmarks: str = "",
    quality: str = "",
) -> str:
    """Write the index: one row per page; `cells` counts verdicts as (word, number, meaning).

    `portfolios` maps the name of a portfolio to the file of its newest risk page; `benchmarks` and `quality` are the
    files of the benchmark tables and of the data quality, empty where there is none.
    """
    template = _environment().get_template("index.html")
    return template.render(rows=rows, cells=cells, portfolios=portfolios or {}, benchmarks=benchmarks, quality=quality)


def index_row(key: GridKey, tests: Sequence[Row], newest: Row | None) -> dict[str, str]:
    """Fill one line of the index from stored tests and the newest ensemble VaR at 99 %."""
    chosen = select(tests, "ensemble", HEADLINE_CONFIDENCE)
    kupiec, light = chosen.get("kupiec_pof"), chosen.get("basel_traffic_light")
    row = {
        "instrument": key.instrument,
        "horizon": key.horizon,
        "file": page_path(Path(), key).name,
        "verdict": verdict_of(chosen) if chosen else "cannot tell",
        "zone": str(light["zone"]) if light is not None and light["zone"] else "",
        "breaches": "",
        "expected": "",
        "forecasts": "",
        "last": "",
    }
    if kupiec is not None:
        n = int(str(kupiec["n_forecasts"]))
        row |= {
            "breaches": str(kupiec["n_breaches"]),
            "forecasts": str(n),
            "expected": f"{n * (1 - HEADLINE_CONFIDENCE):.1f}",
            "last": f"{kupiec['window_end']:%Y-%m-%d}",
        }
    for name in ("kupiec_pof", "conditional_coverage", "dynamic_quantile", "acerbi_szekely_z2"):
        value = chosen[name]["p_value"] if name in chosen else None
        row[name] = "" if value is None else f"{float(str(value)):.4f}"
    row["var"] = "" if newest is None else f"{float(str(newest['value_at_risk'])) * 100:.2f}"
    return row


def _levels(evidence: Evidence) -> list[dict[str, str]]:
    # One tile per confidence: the verdict word, breaches against expectation, and the p-value of the rate.
    tiles: list[dict[str, str]] = []
    for confidence in sorted(CONFIDENCES, reverse=True):
        tests = select(evidence.tests, "ensemble", confidence)
        if "kupiec_pof" not in tests:
            continue
        row = tests["kupiec_pof"]
        n = int(str(row["n_forecasts"]))
        tiles.append(
            {
                "confidence": percent(confidence),
                "verdict": verdict_of(tests),
                "breaches": str(row["n_breaches"]),
                "expected": f"{n * (1 - confidence):.1f}",
                "rate": f"{int(str(row['n_breaches'])) / n:.2%}",
                "p": equals(row["p_value"]),
                "failed": ", ".join(
                    SHORT_NAMES[name]
                    for name in SHORT_NAMES
                    if name != "berkowitz" and name in tests and tests[name]["verdict"] == "fail"
                ),
            }
        )
    return tiles


def _newest(evidence: Evidence) -> tables.Table:
    rows = tuple(
        (
            tables.held(row),
            percent(row["confidence"]),
            f"{row['forecast_origin']:%Y-%m-%d}",
            f"{row['target_at']:%Y-%m-%d}",
            f"{float(str(row['value_at_risk'])):.2%}",
            "-" if row["expected_shortfall"] is None else f"{float(str(row['expected_shortfall'])):.2%}",
            str(row["var_id"]),
        )
        for row in evidence.newest
    )
    return tables.Table(("method", "confidence", "made", "for", "VaR", "ES", "var_id"), rows)


def _provenance(evidence: Evidence, inputs: str, code_version: str) -> list[tuple[str, str]]:
    test = evidence.tests[0]
    newest = [row for row in evidence.newest if row["method"] == "ensemble" and row["position_sign"] == 1]
    runs = sorted({str(row["run_id"]) for row in newest})
    missing = sorted({name for row in newest for name in strings(row["missing_members"])})
    return [
        ("known at (as_of)", f"{test['as_of']:%Y-%m-%d %H:%M:%S} UTC"),
        ("lake snapshot read by the backtest", str(test["lake_snapshot"])),
        ("estimates and prices (data version)", str(test["data_version"])),
        ("code of the backtest", str(test["code_version"])),
        ("code of the report", code_version),
        ("inputs of this page", inputs),
        ("run of the backtest", str(test["run_id"])),
        ("run of the newest VaR", ", ".join(runs) or "-"),
        ("ensemble criterion", evidence.weights.criterion or "-"),
        ("missing members", ", ".join(missing) or "none"),
    ]


@cache
def _environment() -> "Environment":
    from jinja2 import DictLoader, Environment, StrictUndefined

    folder = files("hf_platform.reports") / "templates"
    sources = {name: (folder / name).read_text(encoding="utf-8") for name in template_names()}
    return Environment(
        loader=DictLoader(sources), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )


def template_names() -> tuple[str, ...]:
    """List the files that shape a page."""
    return ("index.html", "macros.html", "page.html", "report.css")


def template_text() -> str:
    """Return all templates as one text, to be hashed into what a page was made from."""
    folder = files("hf_platform.reports") / "templates"
    return "\n".join((folder / name).read_text(encoding="utf-8") for name in template_names())
