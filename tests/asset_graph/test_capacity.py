"""The `capacity_plan` asset: tables as metadata, from a small lake."""

from datetime import datetime

import dagster as dg
import polars as pl
import pytest

from assets.capacity import capacity_plan
from resources.platform import platform_for

NOW = datetime.fromisoformat("2024-03-01T22:00:00")


def materialize(settings, sizes):
    return dg.materialize(
        [capacity_plan],
        resources={"platform": platform_for(settings)},
        run_config={"ops": {"capacity_plan": {"config": {"engine_sizes": sizes}}}},
        raise_on_error=False,
    )


@pytest.fixture
def filled(store):
    row = {"model_id": "m", "family": "garch", "variant": "v", "instrument": "I", "horizon": "1d",
           "forecast_origin": NOW, "as_of": NOW, "stage": "fit", "status": "ok", "seconds": 0.01,
           "code_version": "c", "created_at": NOW}  # fmt: skip
    with store.transaction("garch", "r1") as tx:
        tx.append("models.ledger", pl.DataFrame([row]))
    return store


def test_the_guides_table_stands_beside_ours(filled):
    result = materialize(filled.settings, [64, 128])
    assert result.success
    metadata = result.asset_materializations_for_node("capacity_plan")[0].metadata
    records = [record.data for record in metadata["scenarios_table"].records]
    assert [row["models"] for row in records] == [1_000, 10_000, 50_000, 100_000]
    assert records[0]["sequential_guide_s"] == 17 * 60
    assert records[0]["sequential_s"] == pytest.approx(10.0)
    assert {row["basis"] for row in records} == {"extrapolated"}
    assert "guide's GPU cluster" in metadata["scenarios"].value
    assert "0.42" in metadata["scaling"].value
    assert metadata["core_seconds_per_model"].value == pytest.approx(0.01)
    assert "MI300X" in metadata["accelerators"].value


def test_an_empty_lake_fails_with_the_next_step(store):
    result = materialize(store.settings, [64])
    assert not result.success
    failure = next(event for event in result.all_events if event.is_step_failure)
    assert "hfp materialize" in failure.step_failure_data.error.cause.message
