"""Bad ticks that only the other instruments give away: a move that no peer made in the same session.

Kept apart from `cleaning.flag`: its answer depends on which instruments are looked at together, so it is
no flag of a bar. The check on `bars`, the quality page and the benchmark read it from the whole universe.
"""

from typing import Final

import polars as pl

_MAD_TO_SIGMA: Final = 1.4826
_LOOKBACK: Final = 250  # bars


def lonely_moves(bars: pl.DataFrame, *, threshold: float = 12.0, least_peers: int = 5) -> pl.DataFrame:
    """Find daily returns far from what their instrument usually does beside the others.

    Parameters
    ----------
    bars : DataFrame
        instrument, frequency, event_at, close and `_shares` or not; other frequencies than ``1d`` are left out.
    threshold : float
        Robust deviations of the instrument's own return minus the session's median, over the 250 sessions before.
    least_peers : int
        Returns that a session must have; with fewer it cannot tell.

    Returns
    -------
    DataFrame
        instrument, event_at, log_return, session_median, deviations [robust standard deviations]; one row
        per finding. A market-wide crash is none: everybody fell. A single stock's true crash is one: only
        a person can tell it from a bad tick, unless the next bar takes it back (`reverted_spike`).
    """
    shares = pl.col("_shares") if "_shares" in bars.columns else pl.lit(1.0)
    returns = (
        bars.filter((pl.col("frequency") == "1d") & (pl.col("close") > 0))
        .sort("instrument", "event_at")
        .with_columns((pl.col("close") * shares).log().diff().over("instrument").alias("log_return"))
        .drop_nulls("log_return")
        .with_columns(pl.col("event_at").dt.date().alias("_session"))
        .with_columns(
            pl.col("log_return").median().over("_session").alias("session_median"),
            pl.len().over("_session").alias("_peers"),
        )
    )
    excess = (pl.col("log_return") - pl.col("session_median")).alias("_excess")
    usual = pl.col("_excess").abs().shift(1).rolling_median(_LOOKBACK, min_samples=60).over("instrument")
    return (
        returns.with_columns(excess)
        .with_columns((pl.col("_excess").abs() / (usual * _MAD_TO_SIGMA)).alias("deviations"))
        .filter((pl.col("deviations") > threshold) & (pl.col("_peers") >= least_peers))
        .select("instrument", "event_at", "log_return", "session_median", "deviations")
    )
