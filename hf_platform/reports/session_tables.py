"""What a page says of parts of sessions: the night behind a daily key, the rest of the day behind an intraday one."""

from typing import Final

from hf_platform.horizons import OVERNIGHT, SESSION
from hf_platform.reports.evidence import Evidence
from hf_platform.reports.tables import Table
from hf_platform.reports.words import format_p, percent

NAMES: Final = {
    OVERNIGHT: "from the close to the next open",
    SESSION: "from the bar to the close of its session",
}


def session_title(evidence: Evidence) -> str:
    """Say which part of the session the key's page shows beside its own horizon."""
    return NAMES[OVERNIGHT if evidence.key.horizon == "1d" else SESSION]


def session_table(evidence: Evidence) -> Table:
    """List the newest VaR of the part and how its past held, one row a method and confidence."""
    heads = ("method", "confidence", "made", "for", "VaR", "ES", "breaches", "expected", "rate p", "joint p", "verdict")
    rows = tuple(
        (
            str(row["method"]).replace("_", " "),
            percent(row["confidence"]),
            f"{row['forecast_origin']:%Y-%m-%d %H:%M}",
            f"{row['target_at']:%Y-%m-%d %H:%M}",
            f"{float(str(row['value_at_risk'])):.2%}",
            f"{float(str(row['expected_shortfall'])):.2%}",
            "-" if row["n_breaches"] is None else str(row["n_breaches"]),
            "-"
            if row["n_forecasts"] is None
            else f"{int(str(row['n_forecasts'])) * (1 - float(str(row['confidence']))):.1f}",
            format_p(row["rate_p"]),
            format_p(row["joint_p"]),
            str(row["verdict"] or "cannot tell"),
        )
        for row in evidence.sessions
    )
    return Table(heads, rows, sign_columns=(10,))
