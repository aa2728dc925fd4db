"""The model grid: families, ensembles, VaR, backtests and reports as one subsettable step.

One step, so that in one run the good keys of a failing family still reach the ensemble, the VaR
and the report, and so that thousands of keys are fitted as one batch.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import dagster as dg
from pydantic import Field

from assets import backtests, checks, ensembles, families, reports, risk, session_risk
from assets.partitions import grid_keys
from assets.recording import raise_if_failed
from assets.stages import GridRun, Stage, run_stages
from hf_platform.lake import Lake
from hf_platform.models import chosen_families
from hf_platform.settings import Settings
from resources.compute import Cluster, at_work
from resources.platform import Platform

STAGES: tuple[Stage, ...] = (
    *families.STAGES,
    *ensembles.STAGES,
    *risk.STAGES,
    *session_risk.STAGES,
    *backtests.STAGES,
    *reports.STAGES,
)


def usual_stages(settings: Settings) -> list[Stage]:
    """List the stages of a whole run: all but what `HFP_FAMILIES` leaves out or has no horizon."""
    chosen = {family.name for family in chosen_families(settings)}
    usual = [stage for stage in STAGES if stage not in families.STAGES or stage.name in chosen]
    return [stage for stage in usual if session_risk.applies(stage.name, settings)]


class GridConfig(dg.Config):
    """What a user may set in the launchpad."""

    as_of: str | None = Field(
        default=None,
        description="Knowledge cutoff, ISO date or time in UTC; default: the newest knowledge time in market.bars.",
    )
    retry_failed: bool = Field(default=False, description="Try again models whose last attempt failed.")
    tune: int = Field(
        default=0,
        ge=0,
        description="Points to search for each variant and key of a family with a search space; its fit uses the best.",
    )


def knowledge_cutoff(lake: Lake, asked: str | None) -> datetime:
    """Take the cutoff that was asked for, else the newest knowledge time of the stored bars.

    Data time, never the clock: the same lake gives the same cutoff whenever the run starts.
    """
    if asked is not None:
        try:
            return datetime.fromisoformat(asked)
        except ValueError as error:
            raise dg.Failure(
                f"as_of must be an ISO date or time in UTC, found {asked!r}. Write it like 2022-12-28.",
                allow_retries=False,
            ) from error
    newest = lake.query("select max(known_at) as known_at from market.bars")["known_at"][0]
    if newest is None:
        raise dg.Failure(
            "the lake holds no bars. Materialise raw_prices, bars and the features first.", allow_retries=False
        )
    return newest


@dg.multi_asset(
    name="model_grid",
    specs=[stage.spec for stage in STAGES],
    check_specs=checks.specs_for({stage.name for stage in STAGES}),
    can_subset=True,
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def model_grid(
    context: dg.AssetExecutionContext,
    config: GridConfig,
    platform: dg.ResourceParam[Platform],
    cluster: dg.ResourceParam[Cluster],
) -> Iterator[Any]:
    """Run the selected stages over the requested keys; failed keys fail the run after all else is done."""
    selected = {key.to_user_string() for key in context.selected_asset_keys}
    keys = grid_keys(context.partition_keys)
    as_of = knowledge_cutoff(platform.lake, config.as_of)
    ready = at_work(platform, cluster, context)
    run = GridRun(ready, context.run.run_id, as_of, config.retry_failed, config.tune)
    failures = run_stages(context, run, [stage for stage in STAGES if stage.name in selected], keys)
    yield from checks.evaluate(platform.lake, context.selected_asset_check_keys, run.as_of)
    raise_if_failed(failures)
