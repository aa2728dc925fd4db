"""What a portfolio's risk page rests on, read from the lake; nothing is computed here but tests of stored VaR."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from hf_platform.backtest import coverage
from hf_platform.backtest.battery import MINIMUM_EXPECTED, SIGNIFICANCE
from hf_platform.backtest.walk_forward import MINIMUM_OUT_OF_SAMPLE
from hf_platform.types import BoolArray, FloatArray, TimeArray

if TYPE_CHECKING:
    import polars as pl

    from hf_platform.lake import Lake

Row = dict[str, Any]
HEADLINE: Final = "filtered_historical"
CONFIDENCE: Final = 0.99
METHOD_NAMES: Final = {
    "filtered_historical": "filtered historical",
    "student_t": "Student t",
    "normal": "normal",
}


@dataclass(frozen=True, slots=True)
class MethodTest:
    """Coverage of one method at one confidence over all forecasts that have come due."""

    method: str
    confidence: float
    n_forecasts: int
    n_breaches: int
    kupiec: float | None
    conditional: float | None
    verdict: str
    remark: str


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """Forecasts of the headline method that have come due."""

    origins: TimeArray
    losses: FloatArray
    value_at_risk: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class RiskEvidence:
    """Everything a page shows about one portfolio."""

    portfolio: str
    source: str
    newest: list[Row]
    history: History
    tests: list[MethodTest]
    components: list[Row]
    weights: list[Row]
    stress: list[Row]
    hedges: list[Row]
    positions: list[Row]
    snapshot: int

    @property
    def daily(self) -> list[Row]:
        """Newest estimates of the shortest horizon stored."""
        first = "1d" if any(row["horizon"] == "1d" for row in self.newest) else self.newest[0]["horizon"]
        return [row for row in self.newest if row["horizon"] == first]

    @property
    def origin(self) -> datetime:
        """Origin of the daily estimates."""
        return self.daily[0]["forecast_origin"]

    def at(self, method: str, confidence: float) -> Row | None:
        """Return the newest daily estimate of a method; None where history is too short for it."""
        found = [row for row in self.daily if row["method"] == method and row["confidence"] == confidence]
        return found[0] if found else None


_NEWEST: Final = """
SELECT * FROM risk.portfolio WHERE portfolio = $portfolio
QUALIFY row_number() OVER (PARTITION BY horizon, method, confidence ORDER BY forecast_origin DESC) = 1
ORDER BY horizon, confidence, method
"""
_HISTORY: Final = """
SELECT method, confidence, forecast_origin, loss, value_at_risk FROM risk.portfolio
WHERE portfolio = $portfolio AND horizon = '1d' AND loss IS NOT NULL
ORDER BY method, confidence, forecast_origin
"""
_COMPONENTS: Final = "FROM risk.portfolio_components WHERE portfolio = $portfolio AND confidence = $confidence"
_WEIGHTS: Final = "FROM risk.portfolio_weights WHERE portfolio = $portfolio ORDER BY allocation, instrument"
_STRESS: Final = "FROM risk.stress WHERE portfolio = $portfolio"
_HEDGES: Final = """
SELECT r.*, h.hedge_ratio, h.forecast_origin
FROM risk.hedge_results r LEFT JOIN (
    FROM risk.hedge_ratios WHERE portfolio = $portfolio
    QUALIFY row_number() OVER (PARTITION BY instrument, hedge, method ORDER BY forecast_origin DESC) = 1
) h USING (portfolio, instrument, hedge, method)
WHERE portfolio = $portfolio ORDER BY instrument, method
"""
_POSITIONS: Final = "FROM risk.positions WHERE portfolio = $portfolio ORDER BY position_id"


def read_evidence(store: "Lake", portfolio: str) -> RiskEvidence | None:
    """Read the evidence on one portfolio; None where no risk has been estimated."""
    only = {"portfolio": portfolio}
    newest = store.query(_NEWEST, only).to_dicts()
    if not newest:
        return None
    history = store.query(_HISTORY, only)
    positions = store.query(_POSITIONS, only).to_dicts()
    return RiskEvidence(
        portfolio=portfolio,
        source=str(positions[0]["source"]) if positions else "",
        newest=newest,
        history=_headline(history),
        tests=_tests(history),
        components=store.query(_COMPONENTS, only | {"confidence": CONFIDENCE}).to_dicts(),
        weights=store.query(_WEIGHTS, only).to_dicts(),
        stress=store.query(_STRESS, only).to_dicts(),
        hedges=store.query(_HEDGES, only).to_dicts(),
        positions=positions,
        snapshot=store.latest_snapshot(),
    )


def _headline(history: "pl.DataFrame") -> History:
    import polars as pl

    rows = history.filter((pl.col("method") == HEADLINE) & (pl.col("confidence") == CONFIDENCE))
    return History(
        rows["forecast_origin"].to_numpy().astype("datetime64[us]"),
        rows["loss"].to_numpy().astype(np.float64),
        rows["value_at_risk"].to_numpy().astype(np.float64),
    )


def _tests(history: "pl.DataFrame") -> list[MethodTest]:
    out: list[MethodTest] = []
    for (method, confidence), rows in history.group_by("method", "confidence", maintain_order=True):
        breaches: BoolArray = (rows["loss"] > rows["value_at_risk"]).to_numpy()
        out.append(judge(str(method), float(str(confidence)), breaches))
    return sorted(out, key=lambda test: (-test.confidence, list(METHOD_NAMES).index(test.method)))


def judge(method: str, confidence: float, breaches: BoolArray) -> MethodTest:
    """Test the coverage of one series of breaches.

    Notes
    -----
    Fewer than 252 forecasts or fewer than five expected breaches: cannot tell. Else a pass needs p >= 0.01 of Kupiec's
    test and of conditional coverage.
    """
    n, hits = breaches.size, int(breaches.sum())
    rate, both = coverage.kupiec_pof(breaches, confidence), coverage.conditional_coverage(breaches, confidence)
    expected = n * (1.0 - confidence)
    if n < MINIMUM_OUT_OF_SAMPLE or expected < MINIMUM_EXPECTED - 1e-9:
        remark = f"{expected:.1f} breaches expected in {n} forecasts: {MINIMUM_EXPECTED:g} and {MINIMUM_OUT_OF_SAMPLE} "
        return MethodTest(method, confidence, n, hits, rate.p_value, both.p_value, "cannot tell", remark + "are needed")
    values = [p for p in (rate.p_value, both.p_value) if p is not None]
    verdict = "cannot tell" if rate.p_value is None else "pass" if min(values) >= SIGNIFICANCE else "fail"
    return MethodTest(method, confidence, n, hits, rate.p_value, both.p_value, verdict, rate.reason or "")


def headline_components(evidence: RiskEvidence) -> tuple[str, Sequence[Row]]:
    """Pick the components to draw: of the headline method, or of the next that history allows."""
    horizon = evidence.daily[0]["horizon"]
    for method in METHOD_NAMES:
        rows = [row for row in evidence.components if row["method"] == method and row["horizon"] == horizon]
        if rows:
            return method, sorted(rows, key=lambda row: -row["component_value_at_risk"])
    return HEADLINE, ()
