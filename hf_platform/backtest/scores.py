"""Average proper losses of VaR methods over the backtest's forecasts."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

import numpy as np

from hf_platform.backtest.sample import VarSample
from hf_platform.backtest.scoring import fissler_ziegel, tick_loss

if TYPE_CHECKING:
    import polars as pl


_SCHEMA: Final = {
    "instrument": str, "horizon": str, "member": str, "score": str, "value": float, "n_forecasts": int,
    "window_start": datetime, "window_end": datetime,
}  # fmt: skip


def score_methods(samples: Sequence[VarSample]) -> "pl.DataFrame":
    """Average tick loss and joint VaR-ES loss of each VaR method at each confidence.

    Returns
    -------
    polars.DataFrame
        One row per instrument, horizon, member (the method; a short position's ends in " short") and score,
        named ``tick_loss@0.99`` and ``fissler_ziegel@0.99``; the latter only where ES is known and positive.
    """
    import polars as pl

    rows: list[tuple[object, ...]] = []
    for sample in samples:
        if (sample.value_at_risk < 0).all():
            continue
        member = sample.method if sample.position_sign > 0 else f"{sample.method} short"
        head = (sample.key.instrument, sample.key.horizon, member)
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
