"""How simulated bars reach their reader: some late, some wrong at first and corrected later."""

from datetime import datetime
from typing import Final

import numpy as np
import polars as pl

from hf_platform.market.simulation_spec import SimulationSpec
from hf_platform.market.source import PRICE_COLUMNS, TIME

_LONGEST: Final = 10  # days
_ERROR: Final = 0.02  # standard deviation of a wrong report's log error


def draw_deliveries(
    bars: pl.DataFrame, spec: SimulationSpec, random: np.random.Generator
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Delay and misreport some bars of one instrument.

    Returns
    -------
    final : DataFrame
        The bars with the known_at of their final value.
    reported : DataFrame
        Bars that were reported wrongly at first, all prices off by one factor, with the known_at of that.
    """
    if spec.late_share == 0 and spec.restated_share == 0:
        return bars, bars.clear()
    n = bars.height
    draw = random.random(n)
    is_late = draw < spec.late_share
    is_wrong = ~is_late & (draw < spec.late_share + spec.restated_share)
    days = random.integers(1, _LONGEST + 1, n)
    error = np.exp(random.normal(0.0, _ERROR, n))
    delay = pl.Series(np.where(is_late | is_wrong, days, 0)) * pl.Series([86_400_000_000])
    final = bars.with_columns((pl.col("known_at") + delay.cast(pl.Duration("us"))).cast(TIME))
    reported = bars.with_columns(pl.col(PRICE_COLUMNS) * pl.Series(error)).filter(pl.Series(is_wrong))
    return final, reported


def as_delivered(final: pl.DataFrame, reported: pl.DataFrame, at: datetime) -> pl.DataFrame:
    """Give what a feed would at a moment: of each bar the newest report known by then."""
    moment = pl.lit(at, TIME)
    known = final.filter(pl.col("known_at") <= moment)
    key = ["instrument", "frequency", "event_at"]
    wrong = reported.filter(pl.col("known_at") <= moment).join(known, on=key, how="anti")
    return pl.concat([known, wrong]).sort(key)
