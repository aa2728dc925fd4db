"""One asset per registered model family: registering a family is all it takes."""

from collections.abc import Sequence
from typing import Any

import dagster as dg

from assets import pictures
from assets.partitions import MODEL_GRID
from assets.stages import GridRun, Stage
from hf_platform.fitting.fit_grid import fit_grid
from hf_platform.fitting.outcome import StageOutcome
from hf_platform.fitting.tune_grid import tune_grid
from hf_platform.fitting.tune_panel import tune_panel
from hf_platform.models import FAMILIES
from hf_platform.models.base import Decomposable, ModelFamily
from hf_platform.models.extras import missing_extra
from hf_platform.types import GridKey

GROUPS = {"volatility": "volatility", "return": "forecasts"}


def is_tunable(family: ModelFamily) -> bool:
    """Tell whether `--tune` searches a family: it has a space."""
    return bool(family.search_space)


def _tune(family: ModelFamily, run: GridRun, keys: Sequence[GridKey]) -> None:
    platform = run.platform
    with platform.progress(f"{family.name} search", len(keys)) as advance:
        common: dict[str, Any] = {
            "as_of": run.as_of,
            "run_id": run.run_id,
            "settings": platform.settings,
            "n_trials": run.tune,
            "progress": lambda n_done, n_total: advance(n_done),
        }
        if family.scope == "panel":
            tune_panel(family, keys, platform.lake, **common)
        else:
            tune_grid(family, keys, platform.lake, executor=platform.executor, **common)


def family_stage(family: ModelFamily) -> Stage:
    """Make the stage of a family."""

    def fit(run: GridRun, keys: Sequence[GridKey]) -> StageOutcome:
        platform = run.platform
        if run.tune and is_tunable(family) and missing_extra(family) is None:  # else the ledger says what to install
            _tune(family, run, keys)
        with platform.progress(family.name, len(keys)) as advance:
            outcome = fit_grid(
                family,
                keys,
                platform.lake,
                as_of=run.as_of,
                run_id=run.run_id,
                executor=platform.executor,
                settings=platform.settings,
                retry_failed=run.retry_failed,
                progress=lambda n_done, n_total: advance(n_done),
            )
        platform.tracking.record(family, outcome, run.run_id, run.as_of)
        return outcome

    spec = dg.AssetSpec(
        family.name,
        deps=["feature_matrix"],
        partitions_def=MODEL_GRID,
        group_name=GROUPS[family.kind],
        description=family.description,
        owners=["team:models"],
        kinds={"python", "duckdb"},
        skippable=True,
        metadata={"variants": list(family.variants), "table": "models.forecasts, models.ledger"},
    )
    drawn = pictures.decomposition_pictures if isinstance(family, Decomposable) else pictures.volatility_pictures
    return Stage(spec, fit, lambda run, keys: drawn(run.platform.lake, family.name, keys))


STAGES = tuple(family_stage(family) for family in FAMILIES)
