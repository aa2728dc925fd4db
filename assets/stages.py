"""A stage is one asset's work over many keys; a step runs its selected stages in order.

Every stage is a function of the library over the lake. It reports each key as ok, failed or
skipped, so that the good keys of a run flow on to the next stage when others fail.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import dagster as dg

from assets import pictures
from assets.recording import KeyRecord, StepContext, record
from hf_platform.capacity.metering import Meter
from hf_platform.fitting.outcome import KeyOutcome, KeyStatus, StageOutcome
from hf_platform.lineage.code import is_listed
from hf_platform.lineage.code import record as record_code
from hf_platform.lineage.stale import Manifest, is_newest
from hf_platform.types import GridKey
from resources.platform import Platform


@dataclass(frozen=True, slots=True)
class GridRun:
    """What a stage of the model grid is given besides its keys.

    Parameters
    ----------
    platform : Platform
    run_id : str
    as_of : datetime
        Knowledge cutoff, UTC: only rows with `known_at <= as_of` are seen.
    retry_failed : bool
        Try again models whose last attempt on the same data failed.
    tune : int
        Points to search for each variant of each key before fitting; 0 for none.
    """

    platform: Platform
    run_id: str
    as_of: datetime
    retry_failed: bool = False
    tune: int = 0


@dataclass(frozen=True, slots=True)
class Stage:
    """One asset of the model grid: its spec, its work, and the picture on each materialisation.

    `command` is what a person types to learn more about a key, with `{instrument}` and `{horizon}`.
    """

    spec: dg.AssetSpec
    body: Callable[[GridRun, Sequence[GridKey]], StageOutcome]
    pictures: Callable[[GridRun, Sequence[GridKey]], Mapping[GridKey, str]] | None = None
    command: str | None = None

    @property
    def name(self) -> str:
        """Name of the asset."""
        return self.spec.key.to_user_string()


def run_stages(
    context: StepContext, run: GridRun, stages: Sequence[Stage], keys: Sequence[GridKey]
) -> dict[str, list[KeyRecord]]:
    """Run stages in order and record each key; return the failed records by asset."""
    failures: dict[str, list[KeyRecord]] = {}
    record_code(run.platform.lake, [stage.name for stage in stages], run.run_id)
    manifest = Manifest(run.platform.lake)
    meter = Meter("model_grid", run.run_id, run.platform.settings.threads)
    for stage in stages:
        with meter.stage(stage.name) as tally:
            outcome, failures[stage.name] = _run_stage(context, run, stage, keys)
            tally.count(of_key.status for of_key in outcome.keys.values())
    meter.write(run.platform.lake)
    if is_newest(run.platform.lake, run.as_of):
        manifest.note({s.name: [str(key) for key in keys] for s in stages if is_listed(s.name)}, run.run_id)
    return failures


def _run_stage(
    context: StepContext, run: GridRun, stage: Stage, keys: Sequence[GridKey]
) -> tuple[StageOutcome, list[KeyRecord]]:
    context.log.info("%s: %d keys as of %s", stage.name, len(keys), run.as_of.isoformat())
    outcome = stage.body(run, keys)
    good = [key for key in keys if outcome.keys[key].status is KeyStatus.OK]
    drawn = stage.pictures(run, good) if stage.pictures and len(good) <= pictures.MOST else {}
    records = [_record(outcome, key, drawn.get(key), stage.command) for key in keys]
    record(context, stage.spec.key, records)
    context.log.info(
        "%s: %d ok, %d failed, %d skipped in %.1f s",
        stage.name,
        outcome.count(KeyStatus.OK),
        outcome.count(KeyStatus.FAILED),
        outcome.count(KeyStatus.SKIPPED),
        outcome.seconds,
    )
    return outcome, [r for r in records if r.status is KeyStatus.FAILED]


def _record(outcome: StageOutcome, key: GridKey, picture: str | None, command: str | None) -> KeyRecord:
    of_key = outcome.keys[key]
    metadata: dict[str, Any] = {
        "fits_ok": of_key.n_ok,
        "fits_reused": of_key.n_reused,
        "fits_failed": of_key.n_failed,
        "dagster/row_count": of_key.n_rows,
        "data_version": of_key.data_version,
        "code_version": outcome.code_version,
        "stage_seconds": round(outcome.seconds, 3),
        **_optional(outcome, of_key),
    }
    if picture is not None:
        metadata["picture"] = dg.MetadataValue.md(picture)
    if command is not None:
        metadata["explain"] = command.format(instrument=key.instrument, horizon=key.horizon)
    return KeyRecord(str(key), of_key.status, of_key.reason, of_key.data_version, metadata)


def _optional(outcome: StageOutcome, of_key: KeyOutcome) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if outcome.snapshot_id is not None:
        found["lake_snapshot"] = outcome.snapshot_id
    if of_key.last_origin is not None:
        found["last_origin"] = of_key.last_origin.isoformat()
    if of_key.missing:
        found["missing_members"] = list(of_key.missing)
    if of_key.reason:
        found["reason"] = of_key.reason
    return found
