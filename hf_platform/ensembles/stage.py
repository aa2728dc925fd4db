"""Combine members over many keys: plan what is new, read, weigh, average, commit."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import numpy as np

from hf_platform.ensembles.calibration import CalibrationSpec, calibrate
from hf_platform.ensembles.combination import EnsembleSpec, combine_members
from hf_platform.ensembles.members import KeyPlan, align, member_names, past_of, plan_origins, read_past, read_rows
from hf_platform.ensembles.rows import Combination, forecast_rows, weight_rows
from hf_platform.fitting.inputs import ReadSeries, read_from_lake
from hf_platform.fitting.outcome import KeyOutcome, KeyStatus, StageOutcome
from hf_platform.fitting.plan import pack
from hf_platform.horizons import Horizon
from hf_platform.lake import Lake
from hf_platform.models.base import Series
from hf_platform.models.code_version import code_version
from hf_platform.models.registry import FAMILIES, chosen_families
from hf_platform.types import FloatArray, GridKey

if TYPE_CHECKING:
    import polars as pl

KEYS_PER_BATCH: Final = 1_000
ROWS_PER_COMMIT: Final = 400_000  # member rows read at a time, about 0.3 GB
Progress = Callable[[int, int], None]
_NEVER_FITTED: Final = (KeyStatus.FAILED, "no member was ever fitted for this key; fit its families first")
NUMBERS: Final = (
    *(
        f"hf_platform.ensembles.{module}"
        for module in ("calibration", "combination", "groups", "intervals", "members", "rows", "stacking", "weights")
    ),
    "hf_platform.risk.filtered_historical",
)
_HOW: Final = CalibrationSpec()
_REASONS: Final = """
    SELECT instrument, horizon, family, variant, status, reason FROM models.ledger
    JOIN (SELECT unnest($instruments) AS instrument, unnest($horizons) AS horizon) USING (instrument, horizon)
    WHERE family IN (SELECT unnest($families)) AND as_of <= $as_of
    QUALIFY row_number() OVER (
        PARTITION BY instrument, horizon, family, variant
        ORDER BY coalesce(forecast_origin, as_of) DESC, as_of DESC, created_at DESC) = 1
    ORDER BY family, variant"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stage:
    """What every step of one call shares."""

    spec: EnsembleSpec
    store: Lake
    as_of: datetime
    run_id: str
    code: str
    members: tuple[str, ...]
    created_at: datetime


def combine_stage(
    spec: EnsembleSpec,
    module: str,
    store: Lake,
    keys: Sequence[GridKey],
    *,
    as_of: datetime,
    run_id: str,
    progress: Progress | None = None,
    read: ReadSeries | None = None,
) -> StageOutcome:
    """Combine the members of an ensemble at every origin where its present members were not combined yet.

    Parameters
    ----------
    spec : EnsembleSpec
    module : str
        Module that declares the spec, for `code_version`.
    store : Lake
    keys : sequence of GridKey
    as_of : datetime
        Knowledge cutoff, naive UTC.
    run_id : str
    progress : callable, optional
        Called with (keys done, keys in all) after each commit.
    read : callable, optional
        Reads series; `features.training_matrix.read_available` unless given.

    Returns
    -------
    StageOutcome
        A key fails when none of its members has a forecast at its newest bar.

    Notes
    -----
    The name of a combined forecast is a hash of its members' models: a member that arrives late (a
    retried fit, a restatement) makes a new row beside the old one. Weights of stored rows stay.
    """
    began = time.perf_counter()
    chosen = {family.name for family in chosen_families(store.settings)}
    families = [family for family in FAMILIES if family.kind == spec.kind and family.name in chosen]
    stage = _Stage(
        spec=spec,
        store=store,
        as_of=as_of,
        run_id=run_id,
        code=code_version(module, *NUMBERS),
        members=member_names(families),
        created_at=datetime.now(UTC).replace(tzinfo=None),
    )
    wanted = list(dict.fromkeys(keys))
    outcomes: dict[GridKey, KeyOutcome] = {}
    snapshot: int | None = None
    for batch in pack(wanted, [1] * len(wanted), KEYS_PER_BATCH):
        done, committed = _combine_batch(stage, batch, read or read_from_lake())
        outcomes |= done
        snapshot = committed if committed is not None else snapshot
        if progress is not None:
            progress(len(outcomes), len(wanted))
    ordered = {key: outcomes[key] for key in wanted}
    return StageOutcome(spec.name, ordered, snapshot, time.perf_counter() - began, stage.code)


def _combine_batch(
    stage: _Stage, keys: Sequence[GridKey], read: ReadSeries
) -> tuple[dict[GridKey, KeyOutcome], int | None]:
    plans = plan_origins(stage.store, stage.spec.name, stage.code, stage.members, keys, as_of=stage.as_of)
    series = _read_all(stage, keys, read)
    plans = {key: plan for key, plan in plans.items() if key in series}
    new = {key: plan for key, plan in plans.items() if plan.forecast_ids}
    committed: int | None = None
    for group in pack(list(new), [len(new[key].forecast_ids) * len(stage.members) for key in new], ROWS_PER_COMMIT):
        frames = read_rows(
            stage.store,
            stage.members,
            {key: _since(key, new[key], series[key], stage.spec.reach) for key in group},
            stage.as_of,
        )
        past = _read_past(stage, {key: new[key] for key in group}, series)
        parts = [_combine_key(stage, key, new[key], series[key], (frames[key], past.get(key))) for key in group]
        committed = _commit(stage, parts)
    reasons = _why(stage, [key for key in keys if not _is_current(plans.get(key), series.get(key))])
    return {key: _outcome(stage, key, plans.get(key), series.get(key), reasons) for key in keys}, committed


def _read_all(stage: _Stage, keys: Sequence[GridKey], read: ReadSeries) -> dict[GridKey, Series]:
    frequencies = {key: Horizon.parse(key.horizon).frequency for key in keys}
    found: dict[GridKey, Series] = {}
    for frequency in sorted(set(frequencies.values())):
        own = [key for key in keys if frequencies[key] == frequency]
        series, _ = read(stage.store, sorted({key.instrument for key in own}), frequency, stage.as_of, ())
        found |= {key: series[key.instrument] for key in own if key.instrument in series}
    return found


def _since(key: GridKey, plan: KeyPlan, series: Series, n_periods: int) -> datetime:
    """Go back from the first new origin by a number of periods."""
    first = int(np.searchsorted(series.event_at, np.datetime64(min(plan.forecast_ids), "us")))
    return series.event_at[max(first - n_periods * Horizon.parse(key.horizon).n_bars, 0)].item()


def _read_past(
    stage: _Stage, plans: Mapping[GridKey, KeyPlan], series: Mapping[GridKey, Series]
) -> "dict[GridKey, pl.DataFrame]":
    """Read the ensemble's own past where there is one: as far back as its choice, tails and intervals look."""
    reach = max(stage.spec.choice, _HOW.tails.window, _HOW.interval.window) + 1
    begun = [key for key, plan in plans.items() if len(plan.forecast_ids) < plan.n_origins]
    since = {key: _since(key, plans[key], series[key], reach) for key in begun}
    return read_past(stage.store, stage.spec.name, since, stage.as_of) if since else {}


def _combine_key(
    stage: _Stage, key: GridKey, plan: KeyPlan, series: Series, frames: "tuple[pl.DataFrame, pl.DataFrame | None]"
) -> Combination:
    aligned = align(frames[0], stage.members, series)
    n_bars = Horizon.parse(key.horizon).n_bars
    realised = _realised(series, n_bars)
    combined = combine_members(stage.spec, aligned.members, realised, n_bars)
    new = np.array(sorted(plan.forecast_ids), dtype="datetime64[us]")
    rows = np.flatnonzero(np.isin(series.event_at[aligned.members.origins], new)).astype(np.int64)
    past = past_of(frames[1], series, n_bars, list(plan.forecast_ids))
    calibrated = calibrate(
        stage.spec, aligned.members, combined, rows, past=past, realised=realised, n_bars=n_bars, how=_HOW
    )
    return Combination(key, plan.forecast_ids, frames[0], aligned, combined, calibrated, rows)


def _realised(series: Series, n_bars: int) -> FloatArray:
    """Sum the `n_bars` returns after each bar; NaN while they are not all known."""
    total = np.full(len(series), np.nan)
    if len(series) > n_bars:
        total[:-n_bars] = np.lib.stride_tricks.sliding_window_view(series.log_return[1:], n_bars).sum(axis=1)
    return total


def _commit(stage: _Stage, parts: Sequence[Combination]) -> int | None:
    import polars as pl

    forecasts = [forecast_rows(stage.spec, part, stage.created_at) for part in parts]
    weights = [weight_rows(stage.spec, part, rows) for part, rows in zip(parts, forecasts, strict=True)]
    n_rows = sum(rows.height for rows in forecasts)
    with stage.store.transaction(stage.spec.name, stage.run_id, f"{n_rows} forecasts") as tx:
        tx.append("ensembles.forecasts", pl.concat(forecasts))
        tx.append("ensembles.weights", pl.concat(weights))
    return tx.snapshot_id


def _is_current(plan: KeyPlan | None, series: Series | None) -> bool:
    return plan is not None and series is not None and np.datetime64(plan.newest, "us") == series.event_at[-1]


def _why(stage: _Stage, keys: Sequence[GridKey]) -> dict[GridKey, tuple[KeyStatus, str]]:
    """Collect what the ledger says about the members of keys without a current forecast."""
    if not keys:
        return {}
    rows = stage.store.query(
        _REASONS,
        {
            "instruments": [key.instrument for key in keys],
            "horizons": [key.horizon for key in keys],
            "families": sorted({member.split("/")[0] for member in stage.members}),
            "as_of": stage.as_of,
        },
    )
    found: dict[GridKey, dict[str, list[str]]] = {}
    skipped: dict[GridKey, bool] = {}
    for instrument, horizon, family, variant, status, reason in rows.iter_rows():
        key = GridKey(instrument, horizon)
        text = f"{status}: {reason}" if reason else status
        found.setdefault(key, {}).setdefault(text, []).append(f"{family}/{variant}")
        skipped[key] = skipped.get(key, True) and status == "skipped"
    return {
        key: (
            KeyStatus.SKIPPED if skipped[key] else KeyStatus.FAILED,
            "; ".join(f"{', '.join(members)}: {text}" for text, members in reasons.items()),
        )
        for key, reasons in found.items()
    }


def _outcome(
    stage: _Stage,
    key: GridKey,
    plan: KeyPlan | None,
    series: Series | None,
    reasons: Mapping[GridKey, tuple[KeyStatus, str]],
) -> KeyOutcome:
    if plan is None:
        status, why = reasons.get(key, _NEVER_FITTED)
        return KeyOutcome(status, f"no member has a forecast at the newest bar. {why}")
    n_new = len(plan.forecast_ids)
    outcome = KeyOutcome(
        KeyStatus.OK,
        n_ok=n_new,
        n_rows=n_new,
        n_reused=plan.n_origins - n_new,
        data_version=plan.data_version,
        last_origin=plan.newest,
        missing=tuple(name for name in stage.members if name not in plan.members),
    )
    if _is_current(plan, series):
        return outcome
    status, why = reasons.get(key, _NEVER_FITTED)
    return replace(outcome, status=status, reason=f"no member has a forecast at the newest bar. {why}")
