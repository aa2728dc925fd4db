"""The tables of a backtest page, as cells of text ready for the template."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from scipy import stats

from hf_platform.backtest.battery import RECENT, SIGNIFICANCE
from hf_platform.backtest.coverage import kupiec_pof_of_counts, probability_of_green
from hf_platform.reports.evidence import Evidence, Row
from hf_platform.reports.svg import day
from hf_platform.reports.words import TEST_NAMES, format_p, percent

TRUE_RATES: Final = (1.0, 1.5, 2.0, 3.0, 5.0)  # multiples of the claimed breach rate
_MAX_BREACHES = 250  # rows of the breach list


@dataclass(frozen=True, slots=True)
class Table:
    """A table: column heads and rows of text; cells of `sign_columns` are coloured and marked by their word."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    sign_columns: tuple[int, ...] = ()
    note: str = ""


def test_tables(evidence: Evidence) -> list[tuple[str, Table]]:
    """List every test, one table a method and window: the whole sample first, then the last 250 forecasts."""
    order = {name: at for at, name in enumerate(TEST_NAMES)}
    groups: dict[tuple[bool, str, bool, str], list[Row]] = {}
    whole: dict[str, int] = {}
    for row in evidence.tests:
        whole[held(row)] = max(whole.get(held(row), 0), _int(row["n_forecasts"]))
    for row in evidence.tests:
        method = held(row)
        recent = _int(row["n_forecasts"]) < whole[method]
        dates = f"{row['window_start']:%Y-%m-%d} to {row['window_end']:%Y-%m-%d}"
        title = f"{method}, {'last ' if recent else 'all '}{_int(row['n_forecasts']):,} forecasts made {dates}"
        groups.setdefault((method != "ensemble", method, recent, title), []).append(row)
    heads = ("confidence", "test", "breaches (expected)", "statistic", "p-value", "verdict", "remark")
    tables: list[tuple[str, Table]] = []
    for name in sorted(groups):
        rows = sorted(groups[name], key=lambda row: (-_float(row["confidence"]), order.get(str(row["test"]), 99)))
        tables.append((name[-1], Table(heads, tuple(_test_cells(row) for row in rows), sign_columns=(5,))))
    return tables


def held(row: Row) -> str:
    """Name the method of a test or forecast, and the position where it is a short one."""
    return str(row["method"]) + (" (short position)" if _int(row["position_sign"]) < 0 else "")


def _test_cells(row: Row) -> tuple[str, ...]:
    n, confidence = _int(row["n_forecasts"]), _float(row["confidence"])
    statistic = "-" if row["statistic"] is None else f"{_float(row['statistic']):.3f}"
    freedom = "" if row["degrees_of_freedom"] is None else f" ({row['degrees_of_freedom']} df)"
    zone = f": {row['zone']}" if row["zone"] else ""
    return (
        percent(confidence),
        TEST_NAMES.get(str(row["test"]), str(row["test"])) + zone,
        f"{row['n_breaches']} ({n * (1 - confidence):.1f})",
        statistic + freedom,
        format_p(row["p_value"]),
        str(row["verdict"]),
        str(row["reason"] or ""),
    )


def breach_table(evidence: Evidence, method: str, confidence: float) -> Table:
    """List the breaches of a method at a confidence, newest first."""
    heads = ("forecast made", "came due", "loss", "VaR", "ES", "loss / VaR")
    sample = evidence.samples.get((method, confidence))
    if sample is None:
        return Table(heads, ())
    hits = np.flatnonzero(sample.breaches)[::-1]
    rows: list[tuple[str, ...]] = []
    for at in hits[:_MAX_BREACHES].tolist():
        loss, var, es = (float(v[at]) for v in (sample.losses, sample.value_at_risk, sample.expected_shortfall))
        ratio = f"{loss / var:.2f}" if var > 0 else "-"
        beyond = f"{es:.2%}" if np.isfinite(es) else "-"
        rows.append((day(sample.origins, at), day(sample.targets, at), f"{loss:.2%}", f"{var:.2%}", beyond, ratio))
    note = (
        ""
        if hits.size <= _MAX_BREACHES
        else f"The newest {_MAX_BREACHES} of {hits.size}; all are in backtests.breaches."
    )
    return Table(heads, tuple(rows), note=note)


def power_table(n_forecasts: int, confidence: float) -> Table:
    """Say how often a model with a wrong breach rate would go unnoticed.

    Parameters
    ----------
    n_forecasts : int
        Forecasts in the whole sample.
    confidence : float
        What the model claims.
    """
    heads = (
        "true breach rate",
        f"stays green in {RECENT}",
        f"passes Kupiec in {RECENT}",
        f"passes Kupiec in {n_forecasts:,}",
    )
    tail = 1.0 - confidence
    rows = tuple(
        (
            f"{tail * times:.1%}" + (" (as claimed)" if times == 1.0 else ""),
            f"{probability_of_green(tail * times, RECENT, confidence):.1%}",
            f"{_acceptance(RECENT, confidence, tail * times):.1%}",
            f"{_acceptance(n_forecasts, confidence, tail * times):.1%}",
        )
        for times in TRUE_RATES
    )
    return Table(heads, rows)


def power_statement(confidence: float) -> str:
    """State in one sentence how little the supervisor's window can see."""
    doubled = 2.0 * (1.0 - confidence)
    share = probability_of_green(doubled, RECENT, confidence)
    return (
        f"With {RECENT} forecasts, a model whose true breach rate is {doubled:.1%} instead of {1 - confidence:.1%} "
        f"stays green {share:.0%} of the time: a green zone is weak evidence."
    )


def score_table(evidence: Evidence) -> Table:
    """List the average losses of methods and members, best first."""
    rows = tuple(
        (str(r["score"]), str(r["member"]), f"{_float(r['value']):.6g}", f"{_int(r['n_forecasts']):,}")
        for r in evidence.scores
        if r["value"] is not None
    )
    return Table(("score, lower is better", "member", "average", "forecasts"), rows)


def model_table(evidence: Evidence) -> Table:
    """List the models behind the newest forecast."""
    heads = (
        "model", "id", "status", "trained on", "bars", "log-likelihood", "input", "specification", "code", "snapshot",
        "seed",
    )  # fmt: skip
    rows = tuple(
        (
            f"{r['family']}/{r['variant']}",
            str(r["model_id"]),
            str(r["status"]) + (" (at a bound)" if r["at_boundary"] else ""),
            f"{_date(r['train_start'])} to {_date(r['train_end'])}",
            _text(r["n_obs"]),
            "-" if r["log_likelihood"] is None else f"{_float(r['log_likelihood']):.2f}",
            *(_text(r[name]) for name in ("input_hash", "spec_hash", "code_version", "lake_snapshot", "seed")),
        )
        for r in evidence.models
    )
    return Table(heads, rows)


@lru_cache(maxsize=4096)
def _acceptance(n_forecasts: int, confidence: float, true_rate: float) -> float:
    counts = np.arange(n_forecasts + 1)
    passed = kupiec_pof_of_counts(n_forecasts, confidence) >= SIGNIFICANCE
    return float(stats.binom.pmf(counts[passed], n_forecasts, true_rate).sum())


def _float(value: object) -> float:
    return float(str(value))


def _int(value: object) -> int:
    return int(str(value))


def _text(value: object) -> str:
    return "-" if value is None else str(value)


def _date(value: object) -> str:
    return "-" if value is None else f"{value:%Y-%m-%d}"
