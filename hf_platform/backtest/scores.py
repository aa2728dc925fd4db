"""Average proper losses of VaR methods and of the models behind them, over the backtest's forecasts."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

import numpy as np

from hf_platform.backtest.sample import VarSample
from hf_platform.backtest.scoring import fissler_ziegel, tick_loss

if TYPE_CHECKING:
    import polars as pl

    from hf_platform.lake import Lake

_SCHEMA: Final = {
    "instrument": str, "horizon": str, "member": str, "score": str, "value": float, "n_forecasts": int,
    "window_start": datetime, "window_end": datetime,
}  # fmt: skip
# QLIKE of the variance against the squared return, and the squared error of the mean, at the very
# origins of the backtest. "zero" forecasts no return at all: what any return model has to beat.
_MEMBERS: Final = """
WITH forecasts AS (
    SELECT instrument, horizon, family || '/' || variant AS member, forecast_origin, mean, volatility
    FROM models.forecasts SEMI JOIN picks USING (instrument, horizon, forecast_origin)
    WHERE known_at <= $as_of
    QUALIFY row_number() OVER (PARTITION BY instrument, horizon, family, variant, forecast_origin
                               ORDER BY known_at DESC, created_at DESC, model_id) = 1
    UNION ALL
    SELECT instrument, horizon, name, forecast_origin, mean, volatility
    FROM ensembles.forecasts SEMI JOIN picks USING (instrument, horizon, forecast_origin)
    WHERE known_at <= $as_of
    QUALIFY row_number() OVER (PARTITION BY instrument, horizon, name, forecast_origin
                               ORDER BY known_at DESC, created_at DESC, forecast_id) = 1
),
scored AS (
    SELECT instrument, horizon, member, forecast_origin,
           2 * ln(volatility) + (loss / volatility) ** 2 AS qlike, (loss + mean) ** 2 AS squared_error
    FROM forecasts JOIN picks USING (instrument, horizon, forecast_origin)
    UNION ALL
    SELECT instrument, horizon, 'zero', forecast_origin, NULL, loss ** 2 FROM picks
)
SELECT instrument, horizon, member, score, avg(value) AS value, count(value) AS n_forecasts,
       min(forecast_origin) AS window_start, max(forecast_origin) AS window_end
FROM (UNPIVOT scored ON qlike, squared_error INTO NAME score VALUE value)
GROUP BY ALL ORDER BY ALL
"""


def score_methods(samples: Sequence[VarSample]) -> "pl.DataFrame":
    """Average tick loss and joint VaR-ES loss of each VaR method at each confidence.

    Returns
    -------
    polars.DataFrame
        One row per instrument, horizon, member (the method) and score, named
        ``tick_loss@0.99`` and ``fissler_ziegel@0.99``; the latter only where ES is known and positive.
    """
    import polars as pl

    rows: list[tuple[object, ...]] = []
    for sample in samples:
        if (sample.value_at_risk < 0).all():
            continue
        head = (sample.key.instrument, sample.key.horizon, sample.method)
        tail = (len(sample), sample.origins[0].item(), sample.origins[-1].item())
        ticks = tick_loss(sample.losses, sample.value_at_risk, sample.confidence)
        rows.append((*head, f"tick_loss@{sample.confidence:g}", float(ticks.mean()), *tail))
        es = sample.expected_shortfall
        if (np.isfinite(es) & (es > 0)).all():
            joint = fissler_ziegel(
                sample.losses, sample.value_at_risk, np.maximum(es, sample.value_at_risk), sample.confidence
            )
            rows.append((*head, f"fissler_ziegel@{sample.confidence:g}", float(joint.mean()), *tail))
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")


def score_members(store: "Lake", samples: Sequence[VarSample], as_of: datetime, snapshot: int) -> "pl.DataFrame":
    """Average QLIKE and squared error of each model and ensemble at the backtest's origins.

    Notes
    -----
    A member that misses origins is averaged over fewer forecasts than the others (`n_forecasts` says
    so); compare such members on common origins only.
    """
    import polars as pl

    chosen: dict[object, VarSample] = {}
    for sample in samples:  # the ensemble's origins where it has any, else those of what there is
        if sample.method == "ensemble" or sample.key not in chosen:
            chosen[sample.key] = sample
    picks = pl.concat(
        [
            pl.DataFrame({"forecast_origin": sample.origins, "loss": sample.losses}).with_columns(
                instrument=pl.lit(sample.key.instrument), horizon=pl.lit(sample.key.horizon)
            )
            for sample in chosen.values()
        ]
    )
    with store.reading(snapshot) as con:
        con.register("picks", picks)
        frame = con.execute(_MEMBERS, {"as_of": as_of}).pl()
        con.unregister("picks")
    return frame.select(list(_SCHEMA)).cast(pl.DataFrame(schema=_SCHEMA).schema)
