"""Combine members over many keys: plan what is new, read, weigh, average, commit."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import numpy as np

from hf_platform.ensembles.combination import AIC, EQUAL, EnsembleSpec, Weights, average, member_weights
from hf_platform.ensembles.members import Aligned, KeyPlan, align, member_names, plan_origins, read_rows, wide
from hf_platform.fitting.inputs import ReadSeries, read_from_lake
from hf_platform.fitting.outcome import KeyOutcome, KeyStatus, StageOutcome
from hf_platform.fitting.plan import pack
from hf_platform.horizons import Horizon
from hf_platform.lake import Lake
from hf_platform.models.base import Series
from hf_platform.models.code_version import code_version
from hf_platform.models.registry import FAMILIES
from hf_platform.types import PROBABILITIES, BoolArray, FloatArray, GridKey, IntArray

if TYPE_CHECKING:
    import polars as pl

KEYS_PER_BATCH: Final = 1_000
ROWS_PER_COMMIT: Final = 400_000  # member rows read at a time, about 0.3 GB
Progress = Callable[[int, int], None]
_NUMBERS: Final = ("hf_platform.ensembles.combination", "hf_platform.ensembles.weights")
_REASONS: Final = """
    SELECT instrument, horizon, family, variant, status, reason FROM models.ledger
    JOIN (SELECT unnest($instruments) AS instrument, unnest($horizons) AS horizon) USING (instrument, horizon)
    WHERE family IN (SELECT unnest($families)) AND as_of <= $as_of
    QUALIFY row_number() OVER (
        PARTITION BY instrument, horizon, family, variant ORDER BY train_end DESC, as_of DESC, created_at DESC) = 1
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


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """What one key adds to the lake."""

    forecasts: "pl.DataFrame"
    weights: "pl.DataFrame"


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
    families = [family for family in FAMILIES if family.kind == spec.kind]
    stage = _Stage(
        spec=spec,
        store=store,
        as_of=as_of,
        run_id=run_id,
        code=code_version(module, *_NUMBERS),
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
    plans = plan_origins(stage.store, stage.spec.name, stage.code, stage.members, keys, stage.as_of)
    series = _read_all(stage, keys, read)
    plans = {key: plan for key, plan in plans.items() if key in series}
    new = {key: plan for key, plan in plans.items() if plan.forecast_ids}
    committed: int | None = None
    for group in pack(list(new), [len(new[key].forecast_ids) * len(stage.members) for key in new], ROWS_PER_COMMIT):
        since = {key: _since(stage.spec, key, new[key], series[key]) for key in group}
        frames = read_rows(stage.store, stage.members, since, stage.as_of)
        parts = [_combine_key(stage, key, new[key], series[key], frames[key]) for key in group]
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


def _since(spec: EnsembleSpec, key: GridKey, plan: KeyPlan, series: Series) -> datetime:
    """Go back from the first new origin by the window of losses that its weights read."""
    first = int(np.searchsorted(series.event_at, np.datetime64(min(plan.forecast_ids), "us")))
    bars = (spec.window + 1) * Horizon.parse(key.horizon).n_bars
    return series.event_at[max(first - bars, 0)].item()


def _combine_key(stage: _Stage, key: GridKey, plan: KeyPlan, series: Series, frame: "pl.DataFrame") -> _Part:
    aligned = align(frame, stage.members, series)
    n_bars = Horizon.parse(key.horizon).n_bars
    weights = member_weights(stage.spec, aligned.members, _realised(series, n_bars), n_bars)
    new = np.array(sorted(plan.forecast_ids), dtype="datetime64[us]")
    rows = np.flatnonzero(np.isin(series.event_at[aligned.members.origins], new)).astype(np.int64)
    forecasts = _forecast_rows(stage, key, plan, aligned, weights, rows, frame)
    return _Part(forecasts, _weight_rows(stage, key, forecasts, aligned, weights, rows))


def _realised(series: Series, n_bars: int) -> FloatArray:
    """Sum the `n_bars` returns after each bar; NaN while they are not all known."""
    total = np.full(len(series), np.nan)
    if len(series) > n_bars:
        total[:-n_bars] = np.lib.stride_tricks.sliding_window_view(series.log_return[1:], n_bars).sum(axis=1)
    return total


def _forecast_rows(
    stage: _Stage,
    key: GridKey,
    plan: KeyPlan,
    aligned: Aligned,
    weights: Weights,
    rows: IntArray,
    frame: "pl.DataFrame",
) -> "pl.DataFrame":
    import polars as pl

    row_of = aligned.row_of[rows]
    quantiles, tails = wide(frame, "quantiles"), wide(frame, "tail_means")
    combined = average(
        weights.values, aligned.members, rows, [quantiles[own] for own in row_of.T], [tails[own] for own in row_of.T]
    )
    present = aligned.members.present[rows]
    first = row_of[np.arange(rows.size), np.argmax(present, axis=1)]
    anchor = frame[first].select("forecast_origin", "target_at")
    known = np.where(present, frame["known_at"].to_numpy().astype("datetime64[us]").astype(np.int64)[row_of], 0)
    return anchor.with_columns(
        pl.Series("forecast_id", [plan.forecast_ids[origin] for origin in anchor["forecast_origin"]]),
        pl.lit(stage.spec.name).alias("name"),
        pl.lit(key.instrument).alias("instrument"),
        pl.lit(key.horizon).alias("horizon"),
        pl.Series("known_at", known.max(axis=1).astype("datetime64[us]")),
        pl.Series("mean", combined.mean),
        pl.Series("volatility", combined.volatility),
        pl.Series("probabilities", np.tile(np.array(PROBABILITIES), (rows.size, 1))),
        pl.Series("quantiles", combined.quantiles),
        pl.Series("tail_means", combined.tail_means),
        _lists("member_model_ids", frame["model_id"], row_of, present),
        _lists("missing_members", pl.Series(stage.members), np.broadcast_to(np.arange(len(stage.members)), row_of.shape), ~present),
        pl.lit(stage.created_at, dtype=pl.Datetime("us")).alias("created_at"),
    )


def _lists(name: str, texts: "pl.Series", positions: IntArray, chosen: BoolArray) -> "pl.Series":
    """Collect, for each row, the texts at the chosen positions into a list."""
    import polars as pl
    import pyarrow as pa

    flat = texts.gather(positions[chosen]).to_arrow()
    offsets = np.concatenate([[0], np.cumsum(chosen.sum(axis=1))]).astype(np.int64)
    return pl.Series(name, pl.from_arrow(pa.LargeListArray.from_arrays(offsets, flat)), dtype=pl.List(pl.String))


def _weight_rows(
    stage: _Stage, key: GridKey, forecasts: "pl.DataFrame", aligned: Aligned, weights: Weights, rows: IntArray
) -> "pl.DataFrame":
    import polars as pl

    position, member = np.nonzero(aligned.members.present[rows])
    inside = np.where(weights.by_aic, f"{AIC}, ", "")
    across = np.where(weights.by_loss[rows], stage.spec.criterion, EQUAL)
    criteria = pl.Series("inside", inside)[member] + pl.Series("across", across)[position]
    return forecasts.select("name", "instrument", "horizon", "forecast_origin", "known_at", "created_at")[
        position
    ].with_columns(
        pl.Series("member", list(stage.members))[member],
        pl.Series("weight", weights.values[rows][position, member]),
        criteria.alias("criterion"),
    )


def _commit(stage: _Stage, parts: Sequence[_Part]) -> int | None:
    import polars as pl

    forecasts = pl.concat([part.forecasts for part in parts])
    with stage.store.transaction(stage.spec.name, stage.run_id, f"{forecasts.height} forecasts") as tx:
        tx.append("ensembles.forecasts", forecasts)
        tx.append("ensembles.weights", pl.concat([part.weights for part in parts]))
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
    n_new = 0 if plan is None else len(plan.forecast_ids)
    counts = {"n_ok": n_new, "n_rows": n_new, "n_reused": 0 if plan is None else plan.n_origins - n_new}
    if plan is not None and _is_current(plan, series):
        return KeyOutcome(
            KeyStatus.OK,
            data_version=plan.data_version,
            last_origin=plan.newest,
            missing=tuple(name for name in stage.members if name not in plan.members),
            **counts,
        )
    status, why = reasons.get(key, (KeyStatus.FAILED, "no member was ever fitted for this key; fit its families first"))
    return KeyOutcome(
        status,
        f"no member has a forecast at the newest bar. {why}",
        last_origin=None if plan is None else plan.newest,
        data_version="" if plan is None else plan.data_version,
        **counts,
    )
