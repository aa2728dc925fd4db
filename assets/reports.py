"""Reports: one self-contained HTML page for each instrument and horizon."""

from collections.abc import Sequence

import dagster as dg

from assets.partitions import MODEL_GRID
from assets.stages import GridRun, Stage
from hf_platform.fitting.outcome import StageOutcome
from hf_platform.reports import backtest_report
from hf_platform.types import GridKey


def _write(run: GridRun, keys: Sequence[GridKey]) -> StageOutcome:
    platform = run.platform
    return backtest_report.write(platform.lake, keys, platform.settings, as_of=run.as_of, run_id=run.run_id)


STAGES = (
    Stage(
        dg.AssetSpec(
            "backtest_report",
            deps=["var_backtest", "forecast_backtest", "model_comparison", "strategy_backtest"],
            partitions_def=MODEL_GRID,
            group_name="reports",
            description="The page a risk manager or a regulator reads: verdict in words, evidence in plots and "
            "tables, and the identity of the data, code and models behind every number.",
            owners=["team:risk"],
            kinds={"python", "html"},
            skippable=True,
        ),
        _write,
    ),
)
