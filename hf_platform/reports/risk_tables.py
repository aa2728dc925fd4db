"""The tables of a portfolio's risk page, as cells of text."""

from collections.abc import Sequence
from typing import Final

from hf_platform.reports.risk_evidence import METHOD_NAMES, RiskEvidence, Row
from hf_platform.reports.tables import Table
from hf_platform.reports.words import format_p, percent
from hf_platform.risk.scenarios import NAMES

_ORDER: Final = ("1d", "5d", "1w", "20d", "1mo")


def method_table(newest: Sequence[Row]) -> Table:
    """List VaR and ES of every horizon, confidence and method."""
    order = {name: at for at, name in enumerate(_ORDER)}
    rows = sorted(
        (row for row in newest if row["confidence"] >= 0.95),
        key=lambda r: (order.get(r["horizon"], 99), -r["confidence"], list(METHOD_NAMES).index(r["method"])),
    )
    cells = tuple(
        (
            str(row["horizon"]),
            percent(row["confidence"]),
            METHOD_NAMES[row["method"]],
            f"{row['value_at_risk']:.2%}",
            f"{row['expected_shortfall']:.2%}",
            f"{row['value_at_risk'] * row['equity']:,.0f}",
            f"{row['forecast_origin']:%Y-%m-%d}",
            f"{row['target_at']:%Y-%m-%d}",
        )
        for row in rows
    )
    heads = ("horizon", "confidence", "method", "VaR", "ES", "VaR, currency", "made", "until")
    return Table(heads, cells, note="Positive numbers are losses, as shares of equity.")


def test_table(evidence: RiskEvidence) -> Table:
    """List the coverage of every method."""
    cells = tuple(
        (
            percent(test.confidence),
            METHOD_NAMES[test.method],
            f"{test.n_forecasts:,}",
            f"{test.n_breaches} ({test.n_forecasts * (1 - test.confidence):.1f})",
            format_p(test.kupiec),
            format_p(test.conditional),
            test.verdict,
            test.remark,
        )
        for test in evidence.tests
    )
    heads = ("confidence", "method", "forecasts", "breaches (expected)", "Kupiec p", "cond. coverage p", "verdict",
             "remark")  # fmt: skip
    return Table(heads, cells, sign_columns=(6,))


def component_table(rows: Sequence[Row]) -> Table:
    """List what each instrument contributes, and the sum."""
    total = sum(row["component_value_at_risk"] for row in rows)
    shortfall = sum(row["component_expected_shortfall"] for row in rows)
    cells = [
        (
            str(row["instrument"]),
            f"{row['exposure']:.2%}",
            f"{row['component_value_at_risk']:.3%}",
            f"{row['component_value_at_risk'] / total:.1%}" if total > 0.0 else "-",
            f"{row['component_expected_shortfall']:.3%}",
            "-" if row["marginal_value_at_risk"] is None else f"{row['marginal_value_at_risk']:.2%}",
            f"{row['incremental_value_at_risk']:.3%}",
        )
        for row in rows
    ]
    cells.append(("sum", f"{sum(r['exposure'] for r in rows):.2%}", f"{total:.3%}", "100.0%" if total > 0.0 else "-",
                  f"{shortfall:.3%}", "", ""))  # fmt: skip
    heads = ("instrument", "exposure", "component VaR", "share", "component ES", "marginal VaR", "incremental VaR")
    note = "Marginal: per unit of exposure added. Incremental: what selling the instrument for cash would take away."
    return Table(heads, tuple(cells), note=note)


def allocation_table(evidence: RiskEvidence) -> Table:
    """Compare the weights held with minimum variance and risk parity."""
    daily = [row for row in evidence.weights if row["horizon"] == evidence.daily[0]["horizon"]]
    names = [
        name for name in ("held", "minimum_variance", "risk_parity") if any(r["allocation"] == name for r in daily)
    ]
    if len(names) < 2:
        return Table((), ())
    by_key = {(row["allocation"], row["instrument"]): row for row in daily}
    instruments = sorted({row["instrument"] for row in daily})
    cells = [
        (
            instrument,
            *(f"{by_key[name, instrument]['weight']:.1%}" for name in names),
            *(f"{by_key[name, instrument]['risk_share']:.1%}" for name in names),
        )
        for instrument in instruments
    ]
    deviations = {row["allocation"]: row["volatility"] for row in daily}
    cells.append(("volatility", *(f"{deviations[name]:.2%}" for name in names), *("" for _ in names)))
    shown = [name.replace("_", " ") for name in names]
    heads = ("instrument", *shown, *(f"risk, {name}" for name in shown))
    return Table(heads, tuple(cells), note="Long-only weights on the newest forecast covariance; not a recommendation.")


def stress_table(evidence: RiskEvidence) -> Table:
    """List every scenario, in the order of the library."""
    order = {name: at for at, name in enumerate(NAMES)}
    cells = tuple(
        (
            str(row["scenario"]),
            str(row["description"]),
            "-" if row["loss"] is None else f"{row['loss']:.2%}",
            "-" if row["loss_amount"] is None else f"{row['loss_amount']:,.0f}",
            _remark(row),
        )
        for row in sorted(evidence.stress, key=lambda row: order.get(row["scenario"], 99))
    )
    heads = ("scenario", "what", "loss", "currency", "remark")
    return Table(heads, cells, note="Quantities stay fixed through a replay; options are revalued in full.")


def _remark(row: Row) -> str:
    parts: list[str] = []
    if row["window_start"] is not None:
        parts.append(f"{row['window_start']:%Y-%m-%d} to {row['window_end']:%Y-%m-%d}")
    if row["max_drawdown"] is not None:
        parts.append(f"largest fall on the way {row['max_drawdown']:.2%}")
    if row["distance"] is not None:
        parts.append(f"{row['distance']:.1f} standard deviations away, {row['probability']:.2g} under a normal law")
    if row["reason"]:
        parts.append(str(row["reason"]))
    return "; ".join(parts)


def hedge_table(evidence: RiskEvidence) -> Table:
    """List the newest hedge ratios and what each hedge would have saved."""
    cells = tuple(
        (
            str(row["instrument"]),
            str(row["method"]).replace("_", " "),
            str(row["hedge"]),
            "-" if row["hedge_ratio"] is None else f"{row['hedge_ratio']:.3f}",
            "-" if row["forecast_origin"] is None else f"{row['forecast_origin']:%Y-%m-%d}",
            f"{row['unhedged_deviation']:.4g}",
            f"{row['hedged_deviation']:.4g}",
            f"{row['variance_reduction']:.1%}",
            f"{row['n_observations']:,} {'returns out of sample' if row['basis'] == 'out_of_sample' else 'paths'}",
        )
        for row in evidence.hedges
    )
    heads = ("hedged", "method", "with", "ratio", "as of", "deviation before", "after", "variance saved", "judged on")
    note = (
        "Minimum variance: units of the hedge to sell per unit held, judged on later returns. Options: units to hold, "
        "judged on simulated paths with daily rebalancing, no costs."
    )
    return Table(heads, cells, note=note)


def position_table(evidence: RiskEvidence) -> Table:
    """List what is held."""
    cells = tuple(
        (
            str(row["instrument"]),
            str(row["kind"]),
            f"{row['quantity']:,.4g}" if abs(row["quantity"]) < 1 else f"{row['quantity']:,.2f}",
            "" if row["strike"] is None else f"{row['strike']:g}",
            "" if row["expires_at"] is None else f"{row['expires_at']:%Y-%m-%d}",
        )
        for row in evidence.positions
    )
    return Table(("instrument", "kind", "quantity", "strike", "expiry"), cells)
