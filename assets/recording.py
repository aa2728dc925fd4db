"""Events per partition key: what succeeded is green, what failed is red, in one run.

Dagster plans a materialisation for each key of a run in one of two ways. Without
DAGSTER_EMIT_PARTITION_SUBSET_IN_PLANNED_EVENTS it writes one planned event for each key: then the
public API is exact (a key that was planned, not materialised, in a run that failed, is failed).
With it, one planned event stands for all keys: cheap, but a failed key would look missing, and an
op job plans nothing at all. In those two cases this module writes the planned event of each FAILED
key itself, and stores good keys in batches. The event classes used for that are internal to
Dagster: they stay in this module, Dagster is pinned exactly, and tests/asset_graph covers both paths.
"""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import dagster as dg
from dagster._core.events import (
    AssetMaterializationPlannedData,
    DagsterEvent,
    DagsterEventType,
    StepMaterializationData,
)
from dagster._core.events.log import EventLogEntry
from dagster._core.storage.event_log import SqlEventLogStorageTable, SqliteEventLogStorage

from hf_platform.fitting.outcome import KeyStatus

BATCH = 1_000
DATA_VERSION_TAG = "dagster/data_version"

StepContext = dg.AssetExecutionContext | dg.OpExecutionContext


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """What to tell the graph about one key of one asset. `partition` None: not partitioned."""

    partition: str | None
    status: KeyStatus
    reason: str | None = None
    data_version: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)


def plans_each_key(context: StepContext) -> bool:
    """Say whether this run's planned events already name every key."""
    storage = context.instance.event_log_storage
    return (
        isinstance(context, dg.AssetExecutionContext)
        and not storage.supports_partition_subset_in_asset_materialization_planned_events
    )


def record(context: StepContext, asset_key: dg.AssetKey, records: list[KeyRecord]) -> None:
    """Write the events of one asset: materialised for good and skipped keys, planned for failed ones."""
    good = [r for r in records if r.status is not KeyStatus.FAILED]
    bad = [r for r in records if r.status is KeyStatus.FAILED]
    materializations = [_materialization(asset_key, r) for r in good]
    if plans_each_key(context):
        for materialization in materializations:
            context.log_event(materialization)
    else:
        _store(context, [_materialized_event(context, m) for m in materializations])
        _store(context, [_planned_event(context, asset_key, r.partition) for r in bad])
    for r in bad:
        context.log.error("%s %s failed: %s", asset_key.to_user_string(), r.partition or "", r.reason)


def _materialization(asset_key: dg.AssetKey, record_: KeyRecord) -> dg.AssetMaterialization:
    tags = {DATA_VERSION_TAG: record_.data_version} if record_.data_version else {}
    metadata = dict(record_.metadata)
    if record_.status is KeyStatus.SKIPPED:
        metadata["skipped"] = record_.reason or "does not apply"
    return dg.AssetMaterialization(asset_key, partition=record_.partition, metadata=metadata, tags=tags)


def _step(context: StepContext) -> Any:
    op_context = context.op_execution_context if isinstance(context, dg.AssetExecutionContext) else context
    return op_context._step_execution_context


def _materialized_event(context: StepContext, materialization: dg.AssetMaterialization) -> DagsterEvent:
    step = _step(context)
    return DagsterEvent(
        DagsterEventType.ASSET_MATERIALIZATION.value,
        job_name=step.job_name,
        step_handle=step.step.handle,
        node_handle=step.step.node_handle,
        step_kind_value=step.step.kind.value,
        logging_tags=step.event_tags,
        event_specific_data=StepMaterializationData(materialization),
        message="Materialized.",
    )


def _planned_event(context: StepContext, asset_key: dg.AssetKey, partition: str | None) -> DagsterEvent:
    step = _step(context)
    data = AssetMaterializationPlannedData(asset_key, partition=partition)
    return DagsterEvent.build_asset_materialization_planned_event(step.job_name, step.step.key, data)


def _store(context: StepContext, events: list[DagsterEvent]) -> None:
    now = time.time()
    entries = [
        EventLogEntry(
            error_info=None,
            level=logging.DEBUG,
            user_message="",
            run_id=context.run.run_id,
            timestamp=now,
            step_key=event.step_key,
            job_name=event.job_name,
            dagster_event=event,
        )
        for event in events
    ]
    storage = context.instance.event_log_storage
    for start in range(0, len(entries), BATCH):
        batch = entries[start : start + BATCH]
        if isinstance(storage, SqliteEventLogStorage):
            _store_in_sqlite(storage, batch)
        else:
            storage.store_event_batch(batch)


def _store_in_sqlite(storage: SqliteEventLogStorage, events: list[EventLogEntry]) -> None:
    """Do what `store_event` does for each event of one asset, in one transaction for each of the two files.

    Dagster's own batch opens and commits four connections an event: a minute for a demo's 2,500 events.
    """
    table = SqlEventLogStorageTable
    rows = [storage._event_to_row(event) for event in events]
    with storage.run_connection(events[0].run_id) as connection:
        connection.execute(table.insert(), rows)
    with storage.index_transaction() as connection:
        inserted = connection.execute(table.insert().returning(table.c.id, sort_by_parameter_order=True), rows)
        ids = list(inserted.scalars())
        storage._store_asset_event_tags(connection, events, ids)
        # The asset's own row keeps its last event only.
        storage._store_asset_event(connection, events[-1], ids[-1])


def raise_if_failed(failures: Mapping[str, list[KeyRecord]]) -> None:
    """Fail the run once everything that could be done is done and recorded.

    Raises
    ------
    dagster.Failure
        Naming, for each asset, how many keys failed and the first few reasons; without retries,
        since the ledger remembers what failed and `hfp materialize --retry-failed` tries again.
    """
    failed = {name: records for name, records in failures.items() if records}
    if not failed:
        return
    lines = [
        f"{name}: {len(records)} failed, e.g. {records[0].partition or 'all'}: {records[0].reason}"
        for name, records in failed.items()
    ]
    raise dg.Failure(
        description="Some keys failed; all others are materialised. " + " | ".join(lines),
        metadata={name: dg.MetadataValue.int(len(records)) for name, records in failed.items()},
        allow_retries=False,
    )
