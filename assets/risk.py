"""Value at risk and expected shortfall from stored forecasts."""

from collections.abc import Sequence

import dagster as dg

from assets import pictures
from assets.partitions import MODEL_GRID
from assets.stages import GridRun, Stage
from hf_platform.fitting.outcome import StageOutcome
from hf_platform.models import FAMILIES
from hf_platform.risk import value_at_risk
from hf_platform.types import GridKey

_MODELS = [family.name for family in FAMILIES if family.name in ("ewma", "garch") or "quantile" in family.variants]


def _estimate(run: GridRun, keys: Sequence[GridKey]) -> StageOutcome:
    return value_at_risk.estimate(run.platform.lake, keys, as_of=run.as_of, run_id=run.run_id)


STAGES = (
    Stage(
        dg.AssetSpec(
            "value_at_risk",
            deps=["volatility_ensemble", *_MODELS],
            partitions_def=MODEL_GRID,
            group_name="risk",
            description="VaR and ES as positive log-return losses. Ensemble at 90 to 99.5 %, long, and at 97.5 and "
            "99 % short; beside it parametric (lowest AIC), filtered historical simulation (simulated paths over "
            "several bars), quantile models, and EWMA as the baseline.",
            owners=["team:risk"],
            kinds={"python", "duckdb"},
            skippable=True,
            metadata={"table": "risk.value_at_risk"},
        ),
        _estimate,
        lambda run, keys: pictures.var_pictures(run.platform.lake, keys),
        command="hfp explain {instrument} {horizon}",
    ),
)
