"""The `risk_report` stage: one self-contained HTML page per portfolio and day of its newest common session."""

from datetime import datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from hf_platform.fitting.outcome import KeyOutcome, KeyStatus
from hf_platform.models.code_version import code_version
from hf_platform.models.identity import content_hash
from hf_platform.reports import pages, risk_figures
from hf_platform.reports.risk_evidence import (
    CONFIDENCE,
    HEADLINE,
    METHOD_NAMES,
    MethodTest,
    RiskEvidence,
    headline_components,
    read_evidence,
)
from hf_platform.reports.risk_tables import (
    allocation_table,
    component_table,
    hedge_table,
    method_table,
    position_table,
    stress_table,
    test_table,
)
from hf_platform.risk.holdings import DEMO_SOURCE
from hf_platform.settings import Settings

if TYPE_CHECKING:
    from jinja2 import Environment

    from hf_platform.lake import Lake

STAGE: Final = "risk_report"
_TEMPLATES: Final = ("macros.html", "report.css", "risk.html")
_MOST_BARS: Final = 30
_PATHS: Final = ("2008", "2020")


def write(store: "Lake", settings: Settings) -> dict[str, tuple[KeyOutcome, Path | None]]:
    """Write `HFP_HOME/reports/risk_<portfolio>_<day>.html` for every portfolio of the lake.

    Returns
    -------
    dict of portfolio to (KeyOutcome, path)
        `n_ok` is 1 for a page written, `n_reused` 1 for one whose inputs were unchanged; failed, without a path, where
        no risk is stored.
    """
    settings.reports.mkdir(parents=True, exist_ok=True)
    version = code_version(
        "hf_platform.reports.risk_report", "hf_platform.reports.risk_evidence", "hf_platform.reports.risk_figures",
        "hf_platform.reports.risk_tables", "hf_platform.reports.svg", "hf_platform.backtest.coverage",
    )  # fmt: skip
    names = store.query("SELECT DISTINCT portfolio FROM risk.positions ORDER BY portfolio")["portfolio"].to_list()
    out: dict[str, tuple[KeyOutcome, Path | None]] = {}
    for name in names:
        evidence = read_evidence(store, name)
        if evidence is None:
            reason = f"no risk of portfolio {name} is stored: see portfolio_risk"
            out[name] = (KeyOutcome(KeyStatus.FAILED, reason, n_failed=1), None)
            continue
        inputs = content_hash(version, _template_text(), *_identity(evidence))
        path = page_path(settings, name, evidence.origin)
        fresh = pages.inputs_of(path) != inputs
        if fresh:
            pages.write_text(path, render(evidence, inputs, version))
        done = KeyOutcome(
            KeyStatus.OK, n_ok=int(fresh), n_reused=int(not fresh), n_rows=int(fresh), data_version=inputs,
            last_origin=evidence.origin,
        )  # fmt: skip
        out[name] = (done, path)
    return out


def page_path(settings: Settings, portfolio: str, day: datetime) -> Path:
    """Return where the page of a portfolio and day lies."""
    return settings.reports / f"risk_{portfolio}_{day:%Y-%m-%d}.html"


def newest_pages(folder: Path) -> dict[str, str]:
    """Map each portfolio that has a page to the file name of its newest one."""
    found: dict[str, str] = {}
    for path in sorted(folder.glob("risk_*_????-??-??.html")):
        found[path.stem[len("risk_") : -len("_2000-01-01")]] = path.name
    return found


def _identity(evidence: RiskEvidence) -> list[str]:
    versions = {str(row["data_version"]) for row in evidence.newest}
    versions |= {str(row["data_version"]) for row in (*evidence.stress, *evidence.hedges)}
    return [*sorted(versions), *(str(row["positions_version"]) for row in evidence.positions)]


def render(evidence: RiskEvidence, inputs: str, version: str) -> str:
    """Write the page of one portfolio."""
    verdict, headline, sentences = summarise(evidence)
    method, components = headline_components(evidence)
    losing = sorted((r for r in evidence.stress if r["loss"] is not None and r["kind"] != "reverse"),
                    key=lambda r: -r["loss"])  # fmt: skip
    chosen = [r for r in evidence.stress if r["scenario"] in _PATHS and r["path"]]
    history = evidence.history
    return (
        _environment()
        .get_template("risk.html")
        .render(
            name=evidence.portfolio,
            day=f"{evidence.origin:%Y-%m-%d}",
            demo=evidence.source == DEMO_SOURCE,
            inputs=inputs,
            verdict=verdict,
            headline=headline,
            sentences=sentences,
            tiles=_tiles(evidence),
            methods=method_table(evidence.daily),
            later=method_table([row for row in evidence.newest if row not in evidence.daily]),
            backtest_figure=risk_figures.losses_and_var(history.origins, history.losses, history.value_at_risk)
            if history.origins.size > 1
            else "",
            tests=test_table(evidence),
            component_figure=risk_figures.bar_chart(
                "Components of VaR",
                [str(row["instrument"]) for row in components[:_MOST_BARS]],
                np.array([row["component_value_at_risk"] for row in components[:_MOST_BARS]], dtype=np.float64),
            ),
            component_method=METHOD_NAMES[method],
            components=component_table(components),
            allocations=allocation_table(evidence),
            stress_figure=risk_figures.bar_chart(
                "Stress losses",
                [str(row["scenario"]) for row in losing],
                np.array([row["loss"] for row in losing], dtype=np.float64),
            ),
            path_figure=risk_figures.loss_paths(
                [(str(row["scenario"]), np.array(row["path"], dtype=np.float64)) for row in chosen]
            )
            if chosen
            else "",
            path_names=[str(row["scenario"]) for row in chosen],
            stress=stress_table(evidence),
            hedges=hedge_table(evidence),
            positions=position_table(evidence),
            source=evidence.source,
            provenance=_provenance(evidence, inputs, version),
        )
    )


def summarise(evidence: RiskEvidence) -> tuple[str, str, list[str]]:
    """Close the evidence with a verdict, a headline and sentences."""
    test = _headline_test(evidence)
    estimate = evidence.at(HEADLINE, CONFIDENCE) or evidence.daily[-1]
    verdict = test.verdict if test is not None else "cannot tell"
    said = {
        "pass": "its backtest does not reject it",
        "fail": "its backtest rejects it",
        "cannot tell": "its backtest cannot tell yet",
    }[verdict]
    headline = (
        f"{estimate['confidence']:.0%} VaR until {estimate['target_at']:%Y-%m-%d}: {estimate['value_at_risk']:.2%} of "
        f"equity ({estimate['value_at_risk'] * estimate['equity']:,.0f}), and {said}."
    )
    sentences: list[str] = []
    if test is not None:
        expected = test.n_forecasts * (1 - test.confidence)
        sentences.append(
            f"Today's positions, held fixed as shares of equity: {test.n_breaches} breaches in {test.n_forecasts:,} "
            f"out-of-sample forecasts, {expected:.1f} expected."
        )
    elif not evidence.history.origins.size:
        sentences.append("A portfolio with options has no past of its own: its VaR is not backtested.")
    _, components = headline_components(evidence)
    if components:
        first, total = components[0], sum(row["component_value_at_risk"] for row in components)
        if total > 0.0:
            share = first["component_value_at_risk"] / total
            sentences.append(f"The largest part, {share:.0%} of the VaR, comes from {first['instrument']}.")
    losses = {str(row["scenario"]): row for row in evidence.stress if row["loss"] is not None}
    sentences += [f"A replay of {name} loses {losses[name]['loss']:.1%}." for name in _PATHS if name in losses]
    return verdict, headline, sentences


def _headline_test(evidence: RiskEvidence) -> MethodTest | None:
    found = [t for t in evidence.tests if t.method == HEADLINE and t.confidence == CONFIDENCE]
    return found[0] if found else None


def _tiles(evidence: RiskEvidence) -> list[dict[str, str]]:
    daily = evidence.daily[0]
    tiles = [{"head": "Equity", "number": f"{daily['equity']:,.0f}", "note": f"at {evidence.origin:%Y-%m-%d}"}]
    for method, label in METHOD_NAMES.items():
        row = evidence.at(method, CONFIDENCE)
        if row is not None:
            note = f"expected shortfall {row['expected_shortfall']:.2%}"
            tiles.append({"head": f"99 % VaR, {label}", "number": f"{row['value_at_risk']:.2%}", "note": note})
    worst = max((r for r in evidence.stress if r["kind"] in ("historical", "worst") and r["loss"] is not None),
                key=lambda r: r["loss"], default=None)  # fmt: skip
    if worst is not None:
        tiles.append({"head": "Worst replay", "number": f"{worst['loss']:.1%}", "note": str(worst["description"])})
    return tiles


def _provenance(evidence: RiskEvidence, inputs: str, version: str) -> list[tuple[str, str]]:
    daily = evidence.daily[0]
    runs = {str(row["run_id"]) for row in evidence.newest}
    return [
        ("known at (as_of)", f"{daily['as_of']:%Y-%m-%d %H:%M:%S} UTC"),
        ("newest common session", f"{evidence.origin:%Y-%m-%d %H:%M} UTC"),
        ("lake snapshot read by this page", str(evidence.snapshot)),
        ("positions", f"{evidence.source}, version {daily['positions_version']}"),
        ("prices and covariances (data version)", str(daily["data_version"])),
        ("code of the estimates", str(daily["code_version"])),
        ("code of the page", version),
        ("inputs of this page", inputs),
        ("runs of the estimates", ", ".join(sorted(runs))),
        ("runs of the stress tests", ", ".join(sorted({str(r["run_id"]) for r in evidence.stress})) or "-"),
        ("runs of the hedges", ", ".join(sorted({str(r["run_id"]) for r in evidence.hedges})) or "-"),
    ]


def _template_text() -> str:
    folder = files("hf_platform.reports") / "templates"
    return "\n".join((folder / name).read_text(encoding="utf-8") for name in _TEMPLATES)


@cache
def _environment() -> "Environment":
    from jinja2 import DictLoader, Environment, StrictUndefined

    folder = files("hf_platform.reports") / "templates"
    sources = {name: (folder / name).read_text(encoding="utf-8") for name in _TEMPLATES}
    return Environment(
        loader=DictLoader(sources), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
