"""Ensembles: stored forecasts of the families, combined by weights known at the origin."""

from collections.abc import Sequence

import dagster as dg

from assets import pictures
from assets.partitions import MODEL_GRID
from assets.stages import GridRun, Stage
from hf_platform.ensembles import return_ensemble, volatility_ensemble
from hf_platform.fitting.outcome import StageOutcome
from hf_platform.models import FAMILIES
from hf_platform.types import GridKey


def _combine_volatility(run: GridRun, keys: Sequence[GridKey]) -> StageOutcome:
    return volatility_ensemble.combine(run.platform.lake, keys, as_of=run.as_of, run_id=run.run_id)


def _combine_returns(run: GridRun, keys: Sequence[GridKey]) -> StageOutcome:
    return return_ensemble.combine(run.platform.lake, keys, as_of=run.as_of, run_id=run.run_id)


def _spec(name: str, kind: str, description: str) -> dg.AssetSpec:
    return dg.AssetSpec(
        name,
        deps=[family.name for family in FAMILIES if family.kind == kind],
        partitions_def=MODEL_GRID,
        group_name="ensembles",
        description=description,
        owners=["team:models"],
        kinds={"python", "duckdb"},
        skippable=True,
        metadata={"table": "ensembles.forecasts, ensembles.weights"},
    )


STAGES = (
    Stage(
        _spec(
            "volatility_ensemble",
            "volatility",
            "Distribution of the horizon's return: AIC weights among likelihood models on identical data, inverse "
            "past out-of-sample QLIKE across groups, quantiles averaged. Names each missing member.",
        ),
        _combine_volatility,
        lambda run, keys: pictures.ensemble_pictures(run.platform.lake, "volatility_ensemble", keys),
    ),
    Stage(
        _spec(
            "return_ensemble",
            "return",
            "Mean of the horizon's return: members weighted by the inverse of their past out-of-sample squared "
            "error, known at the origin (Bates and Granger, 1969).",
        ),
        _combine_returns,
        lambda run, keys: pictures.ensemble_pictures(run.platform.lake, "return_ensemble", keys),
    ),
)
