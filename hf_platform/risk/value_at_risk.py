"""VaR and ES of every stored forecast, as positive losses of a long position."""

import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, cast

from hf_platform.fitting.outcome import KeyOutcome, KeyStatus, StageOutcome
from hf_platform.horizons import Horizon
from hf_platform.models.code_version import code_version
from hf_platform.types import CONFIDENCES, GridKey

if TYPE_CHECKING:
    import polars as pl

    from hf_platform.lake import Lake

STAGE: Final = "value_at_risk"
METHODS: Final = ("ensemble", "ewma")
_BEGINNING: Final = datetime(1, 1, 2)  # noqa: DTZ001 - times are naive UTC throughout
_CHUNK = 50  # instruments estimated and committed at a time: bounds memory, keeps the lock short

# Of each origin the newest vintage that was known; the ensemble, and EWMA as the baseline beside it.
_CURRENT: Final = """
WITH keys AS (
    SELECT unnest($instruments) AS instrument, unnest($horizons) AS horizon, unnest($frequencies) AS frequency
),
current AS (
    SELECT 'ensemble' AS method, forecast_id, instrument, horizon, forecast_origin, target_at, known_at,
           probabilities, quantiles, tail_means, member_model_ids, missing_members
    FROM ensembles.forecasts SEMI JOIN keys USING (instrument, horizon)
    WHERE name = 'volatility_ensemble' AND known_at <= $as_of AND forecast_origin >= $since
    QUALIFY row_number() OVER (PARTITION BY instrument, horizon, forecast_origin
                               ORDER BY known_at DESC, created_at DESC, forecast_id) = 1
    UNION ALL
    SELECT 'ewma', model_id, instrument, horizon, forecast_origin, target_at, known_at,
           probabilities, quantiles, tail_means, [model_id], []::VARCHAR[]
    FROM models.forecasts SEMI JOIN keys USING (instrument, horizon)
    WHERE family = 'ewma' AND known_at <= $as_of AND forecast_origin >= $since
    QUALIFY row_number() OVER (PARTITION BY instrument, horizon, forecast_origin
                               ORDER BY known_at DESC, created_at DESC, model_id) = 1
)
"""
# The identity of an estimate: what it is of, and the forecast it was taken from.
_VAR_ID: Final = """
left(sha256(concat_ws('|', method, instrument, horizon, epoch_us(forecast_origin), confidence, 1, forecast_id)), 24)
"""
# What each key has and what is still to do. All levels of a forecast are written together, so the
# last level stands for the others. The content hash is free of the order of the forecasts.
_STANDING: Final = (
    _CURRENT
    + f""",
bars AS (
    SELECT k.instrument, k.horizon, max(b.event_at) AS newest_bar
    FROM keys k JOIN market.bars b ON b.instrument = k.instrument AND b.frequency = k.frequency
    WHERE b.known_at <= $as_of AND b.close IS NOT NULL AND NOT isnan(b.close)
    GROUP BY ALL
),
stored AS (
    SELECT var_id, true AS is_stored FROM risk.value_at_risk SEMI JOIN keys USING (instrument, horizon)
    WHERE confidence = $confidence
),
named AS (SELECT *, {_VAR_ID} AS var_id FROM (SELECT *, $confidence AS confidence FROM current)),
forecasts AS (
    SELECT instrument, horizon, count(*) AS n_forecasts,
           count(*) FILTER (is_stored IS NULL) AS n_new, min(forecast_origin) FILTER (is_stored IS NULL) AS new_from,
           max(forecast_origin) FILTER (method = 'ensemble') AS newest_origin,
           arg_max(missing_members, forecast_origin) FILTER (method = 'ensemble') AS missing_members,
           printf('%016x', bit_xor(md5_number_lower(var_id))) AS data_version
    FROM named LEFT JOIN stored USING (var_id) GROUP BY ALL
),
troubles AS (
    SELECT instrument, horizon, arg_max(coalesce(reason, error, status), (as_of, created_at)) AS trouble
    FROM models.ledger SEMI JOIN keys USING (instrument, horizon)
    WHERE as_of <= $as_of AND status NOT IN ('ok', 'skipped')
    GROUP BY ALL
)
SELECT * FROM keys LEFT JOIN bars USING (instrument, horizon) LEFT JOIN forecasts USING (instrument, horizon)
LEFT JOIN troubles USING (instrument, horizon)
"""
)
# Losses are minus returns: VaR is minus the return quantile at 1 - confidence, ES minus the mean return
# at or below it. A quantile above zero gives a negative VaR, a sure gain, and keeps its sign.
_ESTIMATES: Final = (
    _CURRENT
    + f""",
levels AS (SELECT unnest($confidences) AS confidence, unnest($tails) AS tail),
estimates AS (
    SELECT {_VAR_ID} AS var_id, instrument, horizon, method, confidence, 1 AS position_sign, forecast_origin, target_at,
           known_at, -quantiles[list_position(probabilities, tail)] AS value_at_risk,
           -tail_means[list_position(probabilities, tail)] AS expected_shortfall, member_model_ids, missing_members
    FROM current CROSS JOIN levels
)
SELECT * FROM estimates ANTI JOIN (
    SELECT var_id FROM risk.value_at_risk SEMI JOIN keys USING (instrument, horizon) WHERE forecast_origin >= $since
) USING (var_id)
WHERE value_at_risk IS NOT NULL
"""
)


def estimate(store: "Lake", keys: Sequence[GridKey], *, as_of: datetime, run_id: str) -> StageOutcome:
    """Write VaR and ES for every forecast that has none yet.

    Parameters
    ----------
    store : Lake
    keys : sequence of GridKey
    as_of : datetime
        Knowledge cutoff, naive UTC: forecasts known later are not seen.
    run_id : str

    Returns
    -------
    StageOutcome
        A key has failed where no ensemble forecast stands at its newest bar; what older origins
        have is written all the same. `n_rows` counts new rows, `n_reused` those stored before.

    Raises
    ------
    UnknownNameError
        If a horizon of the keys cannot be read.
    StoreError
        If the lake cannot be read or written.

    Notes
    -----
    Rows of `risk.value_at_risk`: VaR = -quantile(1 - confidence), ES = -tail_mean(1 - confidence) of
    the log return over the horizon [decimal], for `CONFIDENCES`, position_sign +1 (long). A negative
    VaR (the quantile is a gain) is kept as it is. Methods: `ensemble`, and `ewma` as the baseline.
    """
    started = time.perf_counter()
    outcomes: dict[GridKey, KeyOutcome] = {}
    snapshot: int | None = None
    for chunk in chunks_of_instruments(keys, _CHUNK):
        standing = store.query(_STANDING, _parameters(chunk, as_of) | {"confidence": CONFIDENCES[-1]})
        rows = {GridKey(row["instrument"], row["horizon"]): row for row in standing.iter_rows(named=True)}
        todo = [key for key in chunk if rows[key]["n_new"]]
        fresh: Counter[GridKey] = Counter()
        if todo:
            estimates = store.query(
                _ESTIMATES, _levels(_parameters(todo, as_of, min(rows[k]["new_from"] for k in todo)))
            )
            snapshot = _write(store, estimates, run_id)
            fresh.update(_count(estimates))
        outcomes |= {key: _outcome(rows[key], fresh[key]) for key in chunk}
    seconds = time.perf_counter() - started
    return StageOutcome(STAGE, outcomes, snapshot, seconds, code_version("hf_platform.risk.value_at_risk"))


def tomorrow_var(store: "Lake", as_of: datetime, horizon: str = "1d") -> "pl.DataFrame":
    """Return the newest ensemble VaR and ES of each instrument.

    Returns
    -------
    polars.DataFrame
        instrument, forecast_origin, target_at, var_90, var_95, var_97_5, var_99, es_97_5, es_99
        [decimal log-return loss], missing_members; one row per instrument, sorted by name.
    """
    return store.query(
        """
        WITH newest AS (
            SELECT * FROM risk.value_at_risk
            WHERE method = 'ensemble' AND position_sign = 1 AND horizon = $horizon AND known_at <= $as_of
            QUALIFY rank() OVER (PARTITION BY instrument ORDER BY forecast_origin DESC) = 1
                AND row_number() OVER (PARTITION BY instrument, confidence, forecast_origin
                                       ORDER BY known_at DESC, created_at DESC, var_id) = 1
        )
        SELECT instrument, forecast_origin, any_value(target_at) AS target_at,
               max(value_at_risk) FILTER (confidence = 0.90) AS var_90,
               max(value_at_risk) FILTER (confidence = 0.95) AS var_95,
               max(value_at_risk) FILTER (confidence = 0.975) AS var_97_5,
               max(value_at_risk) FILTER (confidence = 0.99) AS var_99,
               max(expected_shortfall) FILTER (confidence = 0.975) AS es_97_5,
               max(expected_shortfall) FILTER (confidence = 0.99) AS es_99,
               any_value(missing_members) AS missing_members
        FROM newest GROUP BY instrument, forecast_origin ORDER BY instrument
        """,
        {"horizon": horizon, "as_of": as_of},
    )


def chunks_of_instruments(keys: Sequence[GridKey], size: int) -> list[list[GridKey]]:
    """Group keys by instrument, at most `size` instruments a chunk, in order of name."""
    names = sorted({key.instrument for key in keys})
    chunk_of = {name: at // size for at, name in enumerate(names)}
    chunks: list[list[GridKey]] = [[] for _ in range((len(names) + size - 1) // size)]
    for key in keys:
        chunks[chunk_of[key.instrument]].append(key)
    return chunks


def _parameters(keys: Sequence[GridKey], as_of: datetime, since: datetime = _BEGINNING) -> dict[str, object]:
    return {
        "instruments": [key.instrument for key in keys],
        "horizons": [key.horizon for key in keys],
        "frequencies": [Horizon.parse(key.horizon).frequency for key in keys],
        "as_of": as_of,
        "since": since,
    }


def _levels(parameters: dict[str, object]) -> dict[str, object]:
    # 1 - 0.99 is not the stored 0.01 in floating point: round to the grid's own numbers.
    return parameters | {"confidences": list(CONFIDENCES), "tails": [round(1.0 - c, 6) for c in CONFIDENCES]}


def _write(store: "Lake", estimates: "pl.DataFrame", run_id: str) -> int | None:
    import polars as pl

    made = estimates.with_columns(created_at=pl.lit(datetime.now(UTC).replace(tzinfo=None)).cast(pl.Datetime("us")))
    with store.transaction(producer=STAGE, run_id=run_id, message=f"{made.height} VaR rows") as tx:
        tx.append("risk.value_at_risk", made)
    return tx.snapshot_id


def _count(frame: "pl.DataFrame") -> dict[GridKey, int]:
    counted = frame.group_by("instrument", "horizon").len()
    return {GridKey(instrument, horizon): int(n) for instrument, horizon, n in counted.iter_rows()}


def _outcome(row: dict[str, object], n_new: int) -> KeyOutcome:
    newest_bar, newest_origin, count = row["newest_bar"], row["newest_origin"], row["n_forecasts"]
    n_rows = (count if isinstance(count, int) else 0) * len(CONFIDENCES)
    missing = cast("list[str] | None", row["missing_members"])
    reason = _failure(newest_bar, newest_origin, row["trouble"])
    return KeyOutcome(
        status=KeyStatus.OK if reason is None else KeyStatus.FAILED,
        reason=reason,
        n_ok=n_new,
        n_failed=0 if reason is None else 1,
        n_reused=max(0, n_rows - n_new),
        n_rows=n_new,
        data_version=str(row["data_version"] or ""),
        last_origin=newest_origin if isinstance(newest_origin, datetime) else None,
        missing=tuple(missing or ()),
    )


def _failure(newest_bar: object, newest_origin: object, trouble: object) -> str | None:
    if not isinstance(newest_bar, datetime):
        return "no bar with a price is known at this frequency: load prices first"
    if isinstance(newest_origin, datetime) and newest_origin >= newest_bar:
        return None
    found = f"the newest is {newest_origin:%Y-%m-%d}" if isinstance(newest_origin, datetime) else "there is none"
    because = f"; last trouble in the ledger: {trouble}" if isinstance(trouble, str) else ""
    return f"no ensemble forecast at the newest bar {newest_bar:%Y-%m-%d}: {found}{because}"
