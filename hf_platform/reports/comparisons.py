"""Who forecasts better, what changed, what trading would have earned: sentences and tables of a backtest page."""

from collections.abc import Sequence
from typing import Final

from hf_platform.backtest.forecast_sample import RANDOM_WALK
from hf_platform.reports.evidence import Evidence, Row
from hf_platform.reports.tables import Table
from hf_platform.reports.words import equals, format_p

SET: Final = "model_confidence_set"
SCORE_NAMES: Final = {
    "qlike": "Volatility, by QLIKE",
    "squared_error": "Return, by squared error",
    "tick_loss@0.99": "99 % VaR, by tick loss",
    "tick_loss@0.975": "97.5 % VaR, by tick loss",
    "fissler_ziegel@0.99": "99 % VaR and ES, by the joint loss",
    "fissler_ziegel@0.975": "97.5 % VaR and ES, by the joint loss",
}


def forecast_tables(evidence: Evidence) -> list[tuple[str, str, Table]]:
    """List what is compared: a title, the verdict in one sentence, and a table with every member.

    Returns
    -------
    list of (str, str, Table)
        In the order of `SCORE_NAMES`; nothing where no comparison is stored.
    """
    made: list[tuple[str, str, Table]] = []
    for score, title in SCORE_NAMES.items():
        rows = [row for row in evidence.comparisons if row["score"] == score]
        members = [row for row in rows if row["test"] == SET]
        if members:
            benchmark = RANDOM_WALK if score in ("qlike", "squared_error") else "ewma"
            made.append((title, verdict_sentence(rows, benchmark), _members_table(members, rows, benchmark)))
    return made


def verdict_sentence(rows: Sequence[Row], benchmark: str) -> str:
    """Say which member is best, or that one cannot tell, and whether the benchmark is beaten at all."""
    members = [row for row in rows if row["test"] == SET and row["p_value"] is not None]
    left = [str(row["member"]) for row in members if row["verdict"] != "worse"]
    named = benchmark.replace("_", " ")
    if not members:
        first = next((str(row["reason"]) for row in rows if row["reason"]), "too few forecasts")
        return f"One cannot tell: {first}."
    if len(left) == 1 and len(members) > 1:
        said = f"{left[0]} is better than each of the others (95 % confidence set of one)."
    else:
        said = f"One cannot tell which is best: {len(left)} of {len(members)} may be ({', '.join(sorted(left))})."
    ability = next((row for row in rows if row["test"] == "superior_predictive_ability"), None)
    if ability is None or ability["p_value"] is None:
        return said
    if ability["verdict"] == "better":
        return f"{said} The {named} is beaten (Hansen's test, p {equals(ability['p_value'])})."
    return f"{said} Nothing is shown to beat the {named} (Hansen's test, p {equals(ability['p_value'])})."


def _members_table(members: Sequence[Row], rows: Sequence[Row], benchmark: str) -> Table:
    pairs = {str(row["member"]): row for row in rows if row["test"] == "diebold_mariano"}
    heads = (
        "member", "mean loss above the best", "set p-value", "in the 95 % set", f"against {benchmark}: p-value",
        "verdict of the pair", "remark",
    )  # fmt: skip
    ordered = sorted(members, key=lambda row: (row["mean_difference"] is None, row["mean_difference"], row["member"]))
    cells: list[tuple[str, ...]] = []
    for row in ordered:
        name = str(row["member"])
        pair = pairs.get(name)
        inside = "cannot tell" if row["p_value"] is None else ("out" if row["verdict"] == "worse" else "in")
        above = "-" if row["mean_difference"] is None else f"{float(str(row['mean_difference'])):.3g}"
        verdict = "baseline" if name == benchmark else ("-" if pair is None else str(pair["verdict"]))
        cells.append(
            (name, above, format_p(row["p_value"]), inside, format_p(None if pair is None else pair["p_value"]),
             verdict, str(row["reason"] or ""))
        )  # fmt: skip
    if not any(row[-1] for row in cells):
        heads, cells = heads[:-1], [row[:-1] for row in cells]
    return Table(heads, tuple(cells), sign_columns=(3, 5))


def stability_table(evidence: Evidence) -> Table:
    """List the tests for structural change, and the parameters that have drifted or could not be judged."""
    heads = ("what", "member", "statistic", "p-value", "verdict", "remark")
    cells: list[tuple[str, ...]] = []
    steady = 0
    for row in evidence.comparisons:
        if row["test"] not in ("cusum", "parameter_drift"):
            continue
        if row["test"] == "parameter_drift" and row["verdict"] != "changed":
            steady += row["verdict"] == "stable"
            continue
        what = str(row["score"]) + (" losses, CUSUM" if row["test"] == "cusum" else ", drift in robust deviations")
        statistic = "-" if row["statistic"] is None else f"{float(str(row['statistic'])):.2f}"
        cells.append(
            (
                what,
                str(row["member"]),
                statistic,
                format_p(row["p_value"]),
                str(row["verdict"]),
                str(row["reason"] or ""),
            )
        )
    note = f"{steady} further parameters lie within 3.5 robust deviations of their own past." if steady else ""
    return Table(heads, tuple(cells), sign_columns=(4,), note=note)


def strategy_table(evidence: Evidence) -> Table:
    """List what each trading rule would have earned after costs, best Sharpe ratio first."""
    heads = (
        "rule", "on", "verdict", "Sharpe (error)", "deflated", "return a year", "volatility", "drawdown", "hits",
        "exposure", "turnover a year", "costs a year",
    )  # fmt: skip
    ordered = sorted(
        evidence.strategies,
        key=lambda row: -float(str(row["sharpe_ratio"])) if row["sharpe_ratio"] is not None else 1e9,
    )
    cells = tuple(
        (
            str(row["strategy"]).replace("_", " "), str(row["member"]), str(row["verdict"]),
            f"{_number(row['sharpe_ratio'])} ({_number(row['sharpe_error'])})", _number(row["deflated_sharpe"]),
            _percent(row["annual_return"]), _percent(row["annual_volatility"]), _percent(row["max_drawdown"]),
            _percent(row["hit_rate"]), _number(row["exposure"]),
            _number(row["annual_turnover"]), _percent(row["annual_cost"]),
        )
        for row in ordered
    )  # fmt: skip
    note = "" if not ordered else f"{str(ordered[0]['reason']).capitalize()}."
    return Table(heads, cells, sign_columns=(2,), note=note)


def _percent(value: object) -> str:
    return "-" if value is None else f"{float(str(value)):.1%}"


def _number(value: object) -> str:
    return "-" if value is None else f"{float(str(value)):.2f}"
