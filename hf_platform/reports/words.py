"""Verdicts in words: what a reader should know before any plot or table."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, cast

from hf_platform.reports.evidence import Evidence, Row

HEADLINE_CONFIDENCE: Final = 0.99
TEST_NAMES: Final = {
    "kupiec_pof": "Kupiec: rate of breaches",
    "christoffersen_independence": "Christoffersen: independence",
    "conditional_coverage": "Christoffersen: conditional coverage",
    "duration_test": "Christoffersen-Pelletier: durations",
    "dynamic_quantile": "Engle-Manganelli: dynamic quantile",
    "acerbi_szekely_z2": "Acerbi-Szekely Z2: expected shortfall",
    "berkowitz_tail": "Berkowitz: shape of the tail",
    "berkowitz": "Berkowitz: whole distribution",
    "basel_traffic_light": "Basel traffic light",
}
_MEANING: Final = {
    "kupiec_pof": ("the number of breaches fits", "the number of breaches does not fit"),
    "christoffersen_independence": ("a breach does not call for the next", "breaches follow each other"),
    "conditional_coverage": ("number and order of breaches fit", "number and order of breaches do not fit together"),
    "duration_test": ("the times between breaches have no memory", "the times between breaches have a memory"),
    "dynamic_quantile": ("breaches cannot be foreseen", "breaches could be foreseen from the past"),
    "acerbi_szekely_z2": (
        "losses beyond VaR are as large as expected shortfall says",
        "losses beyond VaR are larger or more frequent than expected shortfall says",
    ),
    "berkowitz_tail": (
        "the losses beyond VaR are spread as the forecast tail says",
        "the losses beyond VaR are not spread as the forecast tail says",
    ),
}


@dataclass(frozen=True, slots=True)
class Summary:
    """The verdict on one key, first as a word, then as sentences."""

    verdict: str
    headline: str
    sentences: tuple[str, ...]


SHORT_NAMES: Final = {
    "kupiec_pof": "rate",
    "christoffersen_independence": "independence",
    "conditional_coverage": "conditional coverage",
    "duration_test": "durations",
    "dynamic_quantile": "dynamic quantile",
    "acerbi_szekely_z2": "expected shortfall",
    "berkowitz_tail": "tail shape",
    "berkowitz": "whole distribution",
    "basel_traffic_light": "traffic light",
}


def percent(confidence: object) -> str:
    """Write a confidence the way people say it: 99 %, 97.5 %."""
    return f"{float(str(confidence)) * 100:g} %"


def select(tests: Sequence[Row], method: str, confidence: float, *, newest_window: bool = False) -> dict[str, Row]:
    """Pick the tests of one method and confidence, long positions, on the whole sample or on the newest window."""
    rows = [
        row
        for row in tests
        if row["method"] == method and row["confidence"] == confidence and row["position_sign"] == 1
    ]
    chosen: dict[str, Row] = {}
    for row in rows:
        name = str(row["test"])
        kept = chosen.get(name)
        longer = kept is None or (int(str(row["n_forecasts"])) > int(str(kept["n_forecasts"]))) != newest_window
        if longer:
            chosen[name] = row
    return chosen


def verdict_of(tests: dict[str, Row]) -> str:
    """Close a set of tests of VaR with one word: any failure fails; a pass needs at least the rate to pass.

    The test of the whole distribution stands beside them: most of what it weighs is no loss at all.
    """
    verdicts = {name: row["verdict"] for name, row in tests.items() if name != "berkowitz"}
    if "fail" in verdicts.values():
        return "fail"
    return "pass" if verdicts.get("kupiec_pof") == "pass" else "cannot tell"


def summarise(evidence: Evidence) -> Summary:
    """Write the verdict on the ensemble's 99 % VaR."""
    tests = select(evidence.tests, "ensemble", HEADLINE_CONFIDENCE)
    name = f"{percent(HEADLINE_CONFIDENCE)} VaR of {evidence.key.instrument}, {evidence.key.horizon} ahead,"
    if not tests:
        return Summary("cannot tell", f"The {name} has not been tested: no forecast of the ensemble has come due.", ())
    verdict = verdict_of(tests)
    failed = [bad for test, (_, bad) in _MEANING.items() if test in tests and tests[test]["verdict"] == "fail"]
    if verdict == "fail":
        zone = " the traffic light is red" if not failed else ""
        headline = f"The {name} fails: {'; '.join(failed)}{zone}."
    elif verdict == "pass":
        headline = f"The {name} passes: none of the tests that can judge it rejects it."
    else:
        headline = f"On the {name} one cannot tell: {tests['kupiec_pof']['reason']}."
    return Summary(verdict, headline, tuple(_sentences(evidence, tests)))


def _sentences(evidence: Evidence, tests: dict[str, Row]) -> list[str]:
    count = tests["kupiec_pof"]
    n, x = int(str(count["n_forecasts"])), int(str(count["n_breaches"]))
    expected = n * (1.0 - HEADLINE_CONFIDENCE)
    lines = [
        f"{x} breaches in {n:,} out-of-sample forecasts, {expected:.1f} expected "
        f"({count['window_start']:%Y-%m-%d} to {count['window_end']:%Y-%m-%d})."
    ]
    for test, (good, bad) in _MEANING.items():
        row = tests.get(test)
        if row is None or row["p_value"] is None or row["verdict"] == "cannot tell":
            continue
        said = good if row["verdict"] == "pass" else bad
        lines.append(f"{said[0].upper()}{said[1:]} (p {equals(row['p_value'])}).")
    light = tests.get("basel_traffic_light")
    if light is not None and light["zone"] is not None:
        lines.append(
            f"Last {light['n_forecasts']} sessions: {light['n_breaches']} breaches, Basel zone {light['zone']}, "
            f"capital multiplier {float(str(light['statistic'])):.2f}."
        )
    newest = [
        r
        for r in evidence.newest
        if r["method"] == "ensemble" and r["confidence"] == HEADLINE_CONFIDENCE and r["position_sign"] == 1
    ]
    for row in newest:
        shortfall = row["expected_shortfall"]
        beyond = f", expected shortfall {float(str(shortfall)):.2%}" if shortfall is not None else ""
        lines.append(
            f"Newest forecast, made {row['forecast_origin']:%Y-%m-%d} for {row['target_at']:%Y-%m-%d}: "
            f"VaR {float(str(row['value_at_risk'])):.2%}{beyond}."
        )
        if row["missing_members"]:
            lines.append(f"Missing members of the ensemble: {', '.join(strings(row['missing_members']))}.")
    return lines


def format_p(value: object) -> str:
    """Write a p-value, to four digits where it matters, tiny ones as a bound, a missing one as a dash."""
    if value is None:
        return "-"
    number = float(str(value))
    if number < 0.0001:
        return "< 0.0001"
    return f"{number:.4f}" if number < 0.1 else f"{number:.2f}"


def equals(value: object) -> str:
    """Write a p-value behind the letter p: "= 0.023", or "< 0.0001"."""
    text = format_p(value)
    return text if text.startswith("<") else f"= {text}"


def strings(value: object) -> list[str]:
    """Read a list of text from a row; none where the lake holds null."""
    return [str(item) for item in cast("list[object] | None", value) or ()]
