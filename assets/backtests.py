"""Backtests: stored VaR against realised returns. Nothing is refitted here."""

from collections.abc import Sequence

import dagster as dg

from assets.partitions import MODEL_GRID
from assets.stages import GridRun, Stage
from hf_platform.backtest import var_backtest
from hf_platform.fitting.outcome import StageOutcome
from hf_platform.types import GridKey


def _backtest(run: GridRun, keys: Sequence[GridKey]) -> StageOutcome:
    return var_backtest.backtest(run.platform.lake, keys, as_of=run.as_of, run_id=run.run_id)


STAGES = (
    Stage(
        dg.AssetSpec(
            "var_backtest",
            deps=["value_at_risk"],
            partitions_def=MODEL_GRID,
            group_name="backtests",
            description="Coverage tests of stored walk-forward VaR on non-overlapping origins: Kupiec, "
            "Christoffersen, dynamic quantile, duration, Basel traffic light, ES. Says 'cannot tell' where "
            "fewer than five breaches are expected or fewer than 252 sessions are out of sample.",
            owners=["team:risk"],
            kinds={"python", "duckdb"},
            skippable=True,
            metadata={"table": "backtests.var_tests, backtests.breaches"},
        ),
        _backtest,
    ),
)
