"""Ensembles: stored forecasts of the families, combined by weights known at the origin."""

from collections.abc import Mapping, Sequence

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


def _pictures(run: GridRun, name: str, keys: Sequence[GridKey]) -> Mapping[GridKey, str]:
    """Draw the forecasts and, below, the weights behind them."""
    drawn = pictures.ensemble_pictures(run.platform.lake, name, keys)
    weights = pictures.weight_pictures(run.platform.lake, name, keys)
    return {key: f"{picture}\n\n{weights[key]}" if key in weights else picture for key, picture in drawn.items()}


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
            "Distribution of the horizon's return: four combinations (equal, inverse past QLIKE with AIC inside a "
            "family, adaptive over 30 periods, hierarchical stacking), of which the one with the lowest past loss "
            "stands; tails by filtered historical simulation of the ensemble's own past errors, and an interval by "
            "adaptive conformal inference. Names each missing member.",
        ),
        _combine_volatility,
        lambda run, keys: _pictures(run, "volatility_ensemble", keys),
    ),
    Stage(
        _spec(
            "return_ensemble",
            "return",
            "Mean of the horizon's return: the same four combinations by past squared error, all known at the "
            "origin, with tails and interval from the ensemble's own past errors.",
        ),
        _combine_returns,
        lambda run, keys: _pictures(run, "return_ensemble", keys),
    ),
)
