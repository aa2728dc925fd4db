"""Value at risk and expected shortfall from stored forecasts."""

from collections.abc import Sequence

import dagster as dg

from assets import pictures
from assets.partitions import MODEL_GRID
from assets.stages import GridRun, Stage
from hf_platform.fitting.outcome import StageOutcome
from hf_platform.risk import value_at_risk
from hf_platform.types import GridKey


def _estimate(run: GridRun, keys: Sequence[GridKey]) -> StageOutcome:
    return value_at_risk.estimate(run.platform.lake, keys, as_of=run.as_of, run_id=run.run_id)


STAGES = (
    Stage(
        dg.AssetSpec(
            "value_at_risk",
            deps=["volatility_ensemble", "ewma"],
            partitions_def=MODEL_GRID,
            group_name="risk",
            description="VaR and ES at 90, 95, 97.5 and 99 %, as positive log-return losses of a long position: "
            "quantile and tail mean of the ensemble's forecast distribution, with EWMA as the baseline beside it.",
            owners=["team:risk"],
            kinds={"python", "duckdb"},
            skippable=True,
            metadata={"table": "risk.value_at_risk"},
        ),
        _estimate,
        lambda run, keys: pictures.var_pictures(run.platform.lake, keys),
    ),
)
