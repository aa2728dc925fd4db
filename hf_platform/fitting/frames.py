"""Results of a batch as rows of `models.ledger` and `models.forecasts`, built column by column."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from hf_platform.fitting.outcome import KeyOutcome, KeyStatus
from hf_platform.fitting.plan import PlannedModel
from hf_platform.models.base import FitFailure, Fitted, ModelFamily, Series, Status
from hf_platform.models.identity import content_hash, spec_hash
from hf_platform.models.state import PARAMS_FILE
from hf_platform.types import PROBABILITIES, ForecastDistribution, GridKey, IntArray, TimeArray

if TYPE_CHECKING:
    import polars as pl

_TEXTS: Final = (
    "model_id", "family", "variant", "instrument", "horizon", "stage", "status", "reason", "error", "params_json",
    "input_hash", "spec_hash", "data_version", "code_version", "device", "state_uri",
)  # fmt: skip
_NUMBERS: Final = ("log_likelihood", "aic", "bic", "score", "gradient_norm", "seconds")
_TIMES: Final = ("forecast_origin", "as_of", "train_start", "train_end", "created_at")


@dataclass(frozen=True, slots=True, eq=False)
class ModelResult:
    """What became of one planned model.

    Parameters
    ----------
    planned : PlannedModel
    fitted : Fitted or None
        The fit, new or loaded; None when it failed.
    is_new : bool
        False when the fit was loaded from an earlier run.
    failure : FitFailure or None
        Trouble while fitting, or while forecasting with a good fit.
    origins : int64 array
        Bars that were forecast.
    forecast : ForecastDistribution or None
        One row per origin; None when there is none.
    """

    planned: PlannedModel
    fitted: Fitted | None
    is_new: bool
    failure: FitFailure | None
    origins: IntArray
    forecast: ForecastDistribution | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """What all ledger rows of a batch share."""

    family: str
    as_of: datetime
    code_version: str
    lake_snapshot: int
    created_at: datetime


def ledger_rows(
    result: ModelResult, state: dict[str, bytes] | None, stamp: Stamp, state_uri: str | None = None
) -> list[dict[str, object]]:
    """Write the ledger rows of one model: its fit if new, and its failure if any."""
    rows: list[dict[str, object]] = []
    if result.fitted is not None and result.is_new:
        rows.append(_common(result.planned, stamp) | _fit_columns(result.fitted, state or {}, state_uri))
    if result.failure is not None:
        failure = result.failure
        rows.append(
            _common(result.planned, stamp)
            | {"stage": failure.stage, "status": failure.status.value, "reason": failure.reason}
            | {"error": failure.error, "seconds": failure.seconds}
            # After the row of the fit, so that the newest row of a model says how it ended.
            | {"created_at": stamp.created_at + timedelta(microseconds=len(rows))}
        )
    return rows


def _common(planned: PlannedModel, stamp: Stamp) -> dict[str, object]:
    task = planned.task
    times = task.series.event_at
    return {
        "model_id": task.model_id,
        "family": stamp.family,
        "variant": task.variant,
        "instrument": task.key.instrument,
        "horizon": task.key.horizon,
        "forecast_origin": times[planned.origins[-1]].item(),
        "as_of": stamp.as_of,
        "input_hash": planned.input_hash,
        "spec_hash": planned.spec_hash,
        "data_version": planned.input_hash,
        "code_version": stamp.code_version,
        "lake_snapshot": stamp.lake_snapshot,
        "seed": task.seed,
        "device": "cpu",
        "train_start": times[task.start].item(),
        "train_end": times[task.stop - 1].item(),
        "created_at": stamp.created_at,
    }


def _fit_columns(fitted: Fitted, state: dict[str, bytes], state_uri: str | None) -> dict[str, object]:
    params: dict[str, Any] = fitted.params
    return {
        "stage": "fit",
        "status": fitted.status.value,
        "reason": fitted.reason,
        "params_json": state[PARAMS_FILE].decode(),
        "log_likelihood": fitted.log_likelihood,
        "aic": fitted.aic,
        "bic": fitted.bic,
        "score": fitted.score,
        "gradient_norm": fitted.gradient_norm,
        "at_boundary": fitted.at_boundary,
        "n_obs": fitted.n_obs,
        "n_features": len(params.get("features", ())),
        "n_optima": fitted.n_optima,
        "seconds": fitted.seconds,
        "state_uri": state_uri,
        "device": fitted.device,
    }


def refusal_rows(
    family: ModelFamily,
    key: GridKey,
    outcome: KeyOutcome,
    series: Series | None,
    stamp: Stamp,
    *,
    trouble: Status = Status.BAD_DATA,
) -> list[dict[str, object]]:
    """Write one ledger row per variant for a key that has no model at all."""
    last = None if series is None or not len(series) else series.event_at[-1].item()
    status = Status.SKIPPED if outcome.status is KeyStatus.SKIPPED else trouble
    inputs = content_hash(str(key), str(last), str(0 if series is None else len(series)), str(outcome.reason))
    common: dict[str, object] = {
        "family": family.name,
        "instrument": key.instrument,
        "horizon": key.horizon,
        "forecast_origin": last,
        "as_of": stamp.as_of,
        "stage": "data",
        "status": status.value,
        "reason": outcome.reason,
        "input_hash": inputs,
        "data_version": inputs,
        "code_version": stamp.code_version,
        "lake_snapshot": stamp.lake_snapshot,
        "train_end": last,
        "created_at": stamp.created_at,
    }
    return [
        common
        | {"model_id": content_hash(family.name, variant, str(key), inputs, stamp.code_version), "variant": variant}
        | {"spec_hash": spec_hash(family.spec(variant))}
        for variant in family.variants
    ]


def ledger_frame(rows: Sequence[dict[str, object]]) -> "pl.DataFrame":
    """Make a frame of ledger rows, typed as the table."""
    import polars as pl

    schema: dict[str, pl.DataType] = dict.fromkeys(_TEXTS, pl.String())
    schema |= dict.fromkeys(_NUMBERS, pl.Float64()) | dict.fromkeys(_TIMES, pl.Datetime("us"))
    schema |= dict.fromkeys(("n_obs", "n_optima", "lake_snapshot", "seed"), pl.Int64())
    schema |= {"n_features": pl.Int32(), "at_boundary": pl.Boolean()}
    columns = {name: [row.get(name) for row in rows] for name in schema}
    return pl.DataFrame(columns, schema=schema)


def forecast_frame(
    results: Sequence[ModelResult], known_at: Sequence[TimeArray], target_at: Sequence[TimeArray], stamp: Stamp
) -> "pl.DataFrame":
    """Make a frame of forecast rows.

    Parameters
    ----------
    results : sequence of ModelResult
        With forecasts; at least one.
    known_at, target_at : sequence of datetime64[us] array
        For each result, by bar of its series: when all bars so far were known, and when the horizon ends.
    stamp : Stamp
    """
    import polars as pl

    counts = np.array([result.origins.size for result in results])
    tasks = [result.planned.task for result in results]
    names = pl.DataFrame(
        {
            "model_id": [task.model_id for task in tasks],
            "family": [stamp.family] * len(tasks),
            "variant": [task.variant for task in tasks],
            "instrument": [task.key.instrument for task in tasks],
            "horizon": [task.key.horizon for task in tasks],
        }
    )
    forecasts = [result.forecast for result in results if result.forecast is not None]
    total = int(counts.sum())
    grid = np.broadcast_to(np.array(PROBABILITIES), (total, len(PROBABILITIES)))
    by_origin = [(result.planned.task.series.event_at, known, target, result.origins)
                 for result, known, target in zip(results, known_at, target_at, strict=True)]  # fmt: skip
    return names[np.repeat(np.arange(len(tasks)), counts)].with_columns(
        pl.Series("forecast_origin", np.concatenate([times[at] for times, _, _, at in by_origin])),
        pl.Series("target_at", np.concatenate([target[at] for _, _, target, at in by_origin])),
        pl.Series("known_at", np.concatenate([known[at] for _, known, _, at in by_origin])),
        pl.Series("mean", np.concatenate([f.mean for f in forecasts])),
        pl.Series("volatility", np.concatenate([f.volatility for f in forecasts])),
        pl.Series("probabilities", np.ascontiguousarray(grid)),
        pl.Series("quantiles", np.concatenate([f.quantiles for f in forecasts])),
        pl.Series("tail_means", np.concatenate([f.tail_means for f in forecasts])),
        pl.lit(stamp.created_at, dtype=pl.Datetime("us")).alias("created_at"),
    )
