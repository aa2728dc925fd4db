"""How long and how expensive a grid of models is: measured here, beside what the guide claims."""

from datetime import UTC, datetime

import dagster as dg
from pydantic import Field

from hf_platform.capacity import gpu_costs, measured, prices, scenarios, words
from resources.platform import Platform


class CapacityConfig(dg.Config):
    """What a user may set in the launchpad."""

    engine_sizes: list[int] = Field(
        default=list(scenarios.SIZES),
        description="How many GARCH(1,1) to fit on one core for the engine's column; the default takes about 20 s.",
    )


@dg.asset(
    group_name="operations",
    description="Time of 1,000 to 100,000 models: the engine timed now, the whole graph from stored runs (measured, "
    "or extrapolated and said so), and the guide's claims beside them; the guide's ranking of accelerators.",
    owners=["team:platform"],
    kinds={"python"},
)
def capacity_plan(config: CapacityConfig, platform: dg.ResourceParam[Platform]) -> dg.MaterializeResult:
    """Read what runs took, time the engine, fill the guide's table."""
    times = measured.read_measured(platform.lake)
    engine = scenarios.time_engine(config.engine_sizes)
    lengths = scenarios.time_lengths()
    table = scenarios.scenario_table(times, engine)
    cards = gpu_costs.guide_fleets(prices.load_prices(platform.settings.prices), 1_000)
    records = [dg.TableRecord(row) for row in words.scenario_rows(table)]
    return dg.MaterializeResult(
        metadata={
            "scenarios": dg.MetadataValue.md(words.scenario_markdown(table)),
            "scenarios_table": dg.MetadataValue.table(records),
            "scaling": dg.MetadataValue.md(words.scaling_markdown(engine, lengths)),
            "measured": dg.MetadataValue.md(words.measured_markdown(times)),
            "accelerators": dg.MetadataValue.md(words.cards_markdown(cards)),
            "core_seconds_per_model": times.core_seconds_per_model,
            "engine_slope": scenarios.slope(engine) if len(engine) > 1 else None,
            "measured_on": datetime.now(UTC).date().isoformat(),
        }
    )
