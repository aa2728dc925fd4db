"""VaR of short positions is judged on the opposite losses, beside the long one."""

import numpy as np
import polars as pl

from hf_platform.backtest import var_backtest
from hf_platform.backtest.sample import read_samples
from hf_platform.risk import value_at_risk
from hf_platform.types import GridKey

A = GridKey("AAA", "1d")


def test_a_short_position_loses_what_a_long_one_gains(store, world_of):
    world = world_of(n_bars=600)
    value_at_risk.estimate(store, [A], as_of=world.as_of, run_id="r")
    with store.transaction(producer="test", run_id="t") as tx:
        long = store.query(
            "SELECT * EXCLUDE (producer, run_id) FROM risk.value_at_risk WHERE method = 'ewma' AND position_sign = 1"
        )
        mirrored = long.with_columns(
            position_sign=pl.lit(-1, dtype=pl.Int32), method=pl.lit("mirror"), var_id="mirror-" + pl.col("var_id")
        )
        tx.append("risk.value_at_risk", mirrored)
    samples = {(s.method, s.position_sign): s for s in read_samples(store, [A], world.as_of, confidences=[0.95])}
    long, short = samples["ewma", 1], samples["mirror", -1]
    np.testing.assert_allclose(short.losses, -long.losses)
    np.testing.assert_allclose(short.losses, world.returns["AAA"][1:], atol=1e-12)
    var_backtest.backtest(store, [A], as_of=world.as_of, run_id="r")
    stored = store.query(
        "SELECT n_breaches FROM backtests.var_tests WHERE method = 'mirror' AND position_sign = -1 "
        "AND confidence = 0.95 AND test = 'kupiec_pof' ORDER BY n_forecasts DESC"
    )
    assert stored["n_breaches"][0] == int(short.breaches.sum())
    members = store.query("SELECT DISTINCT member FROM backtests.forecast_scores")["member"].to_list()
    assert "mirror short" in members
