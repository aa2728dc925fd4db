"""How well stored VaR covers, over many instruments at once."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import polars as pl

    from hf_platform.lake import Lake

COVERAGE_CONFIDENCES: Final = (0.95, 0.975, 0.99)
_SUMMARY: Final = """
WITH newest AS (
    SELECT * FROM backtests.var_tests
    WHERE as_of <= $as_of AND producer = 'var_backtest' AND test = 'kupiec_pof' AND horizon = $horizon
      AND position_sign = 1
      AND confidence IN (SELECT unnest($confidences)) AND instrument IN (SELECT unnest($instruments))
    QUALIFY rank() OVER (PARTITION BY instrument, horizon ORDER BY as_of DESC, created_at DESC) = 1
),
whole AS (
    SELECT * FROM newest
    QUALIFY row_number() OVER (PARTITION BY instrument, method, confidence ORDER BY n_forecasts DESC, window_start) = 1
)
SELECT method, confidence, count(*) AS n_cells, count(*) FILTER (p_value >= $significance) AS n_passed,
       n_passed / n_cells AS share_passed, sum(n_forecasts)::BIGINT AS n_forecasts,
       sum(n_breaches)::BIGINT AS n_breaches,
       sum(n_breaches) / sum(n_forecasts) AS breach_rate
FROM whole GROUP BY GROUPING SETS ((method, confidence), (method))
ORDER BY method, confidence NULLS LAST
"""
_STOCKS: Final = "SELECT DISTINCT instrument FROM market.universe WHERE asset_class = 'equity' ORDER BY instrument"


def coverage_summary(
    store: "Lake",
    as_of: datetime,
    *,
    instruments: Sequence[str] | None = None,
    horizon: str = "1d",
    significance: float = 0.01,
) -> "pl.DataFrame":
    """Count the instrument x confidence cells whose breach rate Kupiec's test accepts.

    Parameters
    ----------
    store : Lake
    as_of : datetime
        The newest backtest at or before it counts, naive UTC.
    instruments : sequence of str, optional
        By default every instrument of asset class `equity` in the universe.
    horizon : str
    significance : float
        A cell passes with a p-value of at least this.

    Returns
    -------
    polars.DataFrame
        method, confidence (0.95, 0.975, 0.99; null for all of them together), n_cells, n_passed,
        share_passed, n_forecasts, n_breaches, breach_rate. Whole out-of-sample period.
    """
    if instruments is None:
        instruments = store.query(_STOCKS)["instrument"].to_list()
    return store.query(
        _SUMMARY,
        {
            "as_of": as_of,
            "horizon": horizon,
            "confidences": list(COVERAGE_CONFIDENCES),
            "instruments": list(instruments),
            "significance": significance,
        },
    )
