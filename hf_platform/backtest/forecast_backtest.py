"""The backtest of stored forecasts: proper scores of every member and ensemble beside the random walk's."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy import stats

from hf_platform.backtest.forecast_sample import RANDOM_WALK, Outcomes, read_bars, read_outcomes
from hf_platform.backtest.standing import Judgement
from hf_platform.fitting.outcome import StageOutcome
from hf_platform.types import PROBABILITIES, GridKey

if TYPE_CHECKING:
    import polars as pl

    from hf_platform.lake import Lake

STAGE: Final = "forecast_backtest"
SCORES: Final = (
    "qlike", "variance_squared_error", "squared_error", "relative_squared_error", "absolute_error", "mase", "smape",
    "crps", "pinball@0.05",
)  # fmt: skip


def _crps_sql() -> str:
    # Twice the pinball loss integrated over the grid by the trapezoid rule, as scoring.quantile_crps.
    grid = np.array(PROBABILITIES)
    steps = np.diff(grid)
    weights = np.r_[steps, 0.0] + np.r_[0.0, steps]
    terms = [
        f"{weight!r} * greatest({p!r} * (r - quantiles[{i}]), ({p!r} - 1) * (r - quantiles[{i}]))"
        for i, (p, weight) in enumerate(zip(PROBABILITIES, weights.tolist(), strict=True), start=1)
    ]
    return f"CASE WHEN len(quantiles) = {grid.size} THEN {' + '.join(terms)} END"


_LOW: Final = PROBABILITIES.index(0.05) + 1  # of DuckDB's lists, which count from one
_NORMAL: Final = ", ".join(f"naive * {z!r}" for z in np.asarray(stats.norm.ppf(PROBABILITIES)).tolist())
# Each forecast is scored row by row, then of each the newest vintage is kept: lists never go through the sort.
_ROWWISE: Final = f"""
    CASE WHEN volatility > 0 THEN 2 * ln(volatility) + (r / volatility) ** 2 END AS qlike,
    (r * r - volatility * volatility) ** 2 AS variance_squared_error,
    (r - mean) ** 2 AS squared_error, abs(r - mean) AS absolute_error,
    200 * abs(exp(mean) - exp(r)) / (exp(mean) + exp(r)) AS smape,
    {_crps_sql()} AS crps,
    greatest(0.05 * (r - quantiles[{_LOW}]), -0.95 * (r - quantiles[{_LOW}])) AS "pinball@0.05"
"""
_SCORED: Final = f"""
WITH rows_of AS (
    SELECT instrument, horizon, family || '/' || variant AS member, forecast_origin, r, known_at, created_at,
           model_id AS id, {_ROWWISE}
    FROM models.forecasts JOIN picks USING (instrument, horizon, forecast_origin)
    WHERE known_at <= $as_of
    UNION ALL
    SELECT instrument, horizon, name, forecast_origin, r, known_at, created_at, forecast_id, {_ROWWISE}
    FROM ensembles.forecasts JOIN picks USING (instrument, horizon, forecast_origin)
    WHERE known_at <= $as_of
    UNION ALL
    SELECT instrument, horizon, '{RANDOM_WALK}', forecast_origin, r, NULL, NULL, '', {_ROWWISE}
    FROM (SELECT *, 0.0 AS mean, naive AS volatility, [{_NORMAL}] AS quantiles FROM picks)
),
newest AS (
    SELECT * FROM rows_of
    QUALIFY row_number() OVER (PARTITION BY instrument, horizon, member, forecast_origin
                               ORDER BY known_at DESC, created_at DESC, id) = 1
),
averages AS (
    SELECT instrument, horizon, member, count(*) AS n_forecasts,
           min(forecast_origin) AS window_start, max(forecast_origin) AS window_end,
           avg(qlike) AS qlike, avg(variance_squared_error) AS variance_squared_error,
           avg(squared_error) AS squared_error, avg(absolute_error) AS absolute_error,
           avg(squared_error) / nullif(avg(r * r), 0) AS relative_squared_error,
           avg(absolute_error) / nullif(avg(abs(r)), 0) AS mase,
           avg(smape) AS smape, avg(crps) AS crps, avg("pinball@0.05") AS "pinball@0.05"
    FROM newest GROUP BY ALL
)
SELECT instrument, horizon, member, score, value, n_forecasts, window_start, window_end
FROM (UNPIVOT averages ON {", ".join(f'"{name}"' for name in SCORES)} INTO NAME score VALUE value)
ORDER BY instrument, horizon, member, score
"""


def backtest(store: "Lake", keys: Sequence[GridKey], *, as_of: datetime, run_id: str) -> StageOutcome:
    """Score every stored forecast of some keys against the returns known at `as_of`.

    Parameters
    ----------
    store : Lake
    keys : sequence of GridKey
    as_of : datetime
        Knowledge cutoff, naive UTC.
    run_id : str

    Returns
    -------
    StageOutcome
        A key has failed where no forecast is stored, and is skipped where no horizon has ended yet. The
        reason of a key that was done says whether the return ensemble's squared error is below the random walk's.

    Raises
    ------
    StoreError
        If the lake cannot be read or written.

    Notes
    -----
    Writes `backtests.forecast_scores`, the newest backtest only: average QLIKE and squared error of the
    variance (against the squared return); squared and absolute error of the mean, also relative to the random
    walk of the price on the same origins (`relative_squared_error`, `mase`: below one beats it); sMAPE of the
    price, CRPS on the quantile grid and pinball loss at 5 %. Origins do not overlap. `random_walk` forecasts no
    return, with the volatility of the last 21 bars and a normal law. A member that misses origins is averaged
    over fewer (`n_forecasts`); `model_comparison` compares on common origins.
    """
    stage = Judgement(
        STAGE, "backtests.forecast_scores", score, remarks=_remarks,
        unended="no horizon has ended yet: there is no realised return to score against",
    )  # fmt: skip
    return stage.run(store, keys, as_of=as_of, run_id=run_id)


def score(store: "Lake", keys: Sequence[GridKey], as_of: datetime, snapshot: int | None) -> "pl.DataFrame":
    """Average the scores of every member and ensemble of some keys; rows of `backtests.forecast_scores`."""
    import polars as pl

    found = read_outcomes(store, keys, read_bars(store, keys, as_of, snapshot), as_of, snapshot) if keys else {}
    if not found:
        return pl.DataFrame(schema={"instrument": pl.String, "horizon": pl.String})
    with store.reading(snapshot) as con:
        con.register("picks", picks_of(found))
        frame = con.execute(_SCORED, {"as_of": as_of}).pl()
        con.unregister("picks")
    return frame


def picks_of(found: Mapping[GridKey, Outcomes]) -> "pl.DataFrame":
    """Lay out origins for SQL: instrument, horizon, forecast_origin, r (return), naive (its volatility, known)."""
    import polars as pl

    return pl.concat(
        [
            pl.DataFrame(
                {"forecast_origin": one.origins, "r": one.returns, "naive": one.naive_volatility},
            ).with_columns(instrument=pl.lit(key.instrument), horizon=pl.lit(key.horizon))
            for key, one in found.items()
        ]
    ).filter(pl.col("naive").is_not_nan())


def _remarks(rows: "pl.DataFrame") -> dict[GridKey, str]:
    if not rows.height:
        return {}
    import polars as pl

    ratios = rows.filter((pl.col("score") == "relative_squared_error") & (pl.col("member") == "return_ensemble"))
    remarks: dict[GridKey, str] = {}
    for row in ratios.iter_rows(named=True):
        said = "has a smaller squared error than" if row["value"] < 1.0 else "does not beat"
        remarks[GridKey(row["instrument"], row["horizon"])] = f"return_ensemble {said} the random walk"
    return remarks
