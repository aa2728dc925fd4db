"""VaR and ES of every stored forecast, as positive losses of long and short positions."""

import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, cast

from hf_platform.fitting.outcome import KeyOutcome, KeyStatus, StageOutcome
from hf_platform.lake.place import store_errors
from hf_platform.models.code_version import code_version
from hf_platform.models.registry import chosen_families
from hf_platform.risk.filtered_series import FILTER_CODE, filter_series
from hf_platform.risk.var_sources import ESTIMATES, PENDING, TAKEN, lay_out, level_parameters, quantile_families
from hf_platform.types import GridKey

if TYPE_CHECKING:
    import polars as pl

    from hf_platform.lake import Lake

STAGE: Final = "value_at_risk"
_CHUNK: Final = 6  # instruments estimated at a time, a million rows on a first run: bounds memory
_ROWS_PER_COMMIT: Final = 600_000  # a night's rows of the whole universe are one commit

# What each key has and what is still to do. The content hash is free of the order of the forecasts.
_STANDING: Final = """
WITH bars AS (
    SELECT k.instrument, k.horizon, max(b.event_at) AS newest_bar
    FROM keys k JOIN market.bars b ON b.instrument = k.instrument AND b.frequency = k.frequency
    WHERE b.known_at <= $as_of AND b.close IS NOT NULL AND NOT isnan(b.close)
    GROUP BY ALL
),
levels AS (SELECT method, count(*) AS n_levels FROM (SELECT unnest($methods) AS method) GROUP BY method),
counted AS (
    SELECT instrument, horizon, sum(n_levels)::BIGINT AS n_estimates,
           count(*) FILTER (is_stored IS NULL) AS n_new, min(forecast_origin) FILTER (is_stored IS NULL) AS new_from,
           max(forecast_origin) FILTER (method = 'ensemble') AS newest_origin,
           arg_max(forecast_id, forecast_origin) FILTER (method = 'ensemble') AS newest_forecast,
           bool_or(is_stored IS NULL AND method = 'filtered_historical') AS filters,
           printf('%016x', bit_xor(md5_number_lower(var_id))) AS data_version
    FROM named JOIN levels USING (method) GROUP BY instrument, horizon
),
troubles AS (
    SELECT instrument, horizon, arg_max(coalesce(reason, error, status), (as_of, created_at)) AS trouble
    FROM models.ledger SEMI JOIN keys USING (instrument, horizon)
    WHERE as_of <= $as_of AND status NOT IN ('ok', 'skipped')
    GROUP BY ALL
)
SELECT k.*, b.newest_bar, c.* EXCLUDE (instrument, horizon), t.trouble, f.missing_members
FROM keys k LEFT JOIN bars b USING (instrument, horizon) LEFT JOIN counted c USING (instrument, horizon)
LEFT JOIN troubles t USING (instrument, horizon) LEFT JOIN ensembles.forecasts f ON f.forecast_id = c.newest_forecast
"""


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
    the log return over the horizon [decimal] for a long position (position_sign +1), quantile(confidence)
    and tail_mean(confidence) for a short one (-1). A negative VaR (the quantile is a gain) is kept as it
    is. Methods and the levels of each: `risk.var_sources`.
    """
    started = time.perf_counter()
    outcomes: dict[GridKey, KeyOutcome] = {}
    snapshot: int | None = None
    version = code_version("hf_platform.risk.value_at_risk", "hf_platform.risk.var_sources")
    chosen = [family.name for family in chosen_families(store.settings)]
    unwritten: list[pl.DataFrame] = []
    for chunk in chunks_of_instruments(keys, _CHUNK):
        standing, estimates = _estimate(store, chunk, as_of, chosen)
        rows = {GridKey(row["instrument"], row["horizon"]): row for row in standing.iter_rows(named=True)}
        fresh: Counter[GridKey] = Counter()
        if estimates is not None:
            unwritten.append(estimates)
            fresh.update(_count(estimates))
        if sum(frame.height for frame in unwritten) >= _ROWS_PER_COMMIT:
            snapshot = _write(store, unwritten, run_id)
            unwritten.clear()
        outcomes |= {key: _outcome(rows[key], fresh[key]) for key in chunk}
    if unwritten:
        snapshot = _write(store, unwritten, run_id)
    seconds = time.perf_counter() - started
    return StageOutcome(STAGE, outcomes, snapshot, seconds, version)


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


def _estimate(
    store: "Lake", keys: Sequence[GridKey], as_of: datetime, chosen: Sequence[str]
) -> "tuple[pl.DataFrame, pl.DataFrame | None]":
    """Say what each key has, and estimate what is still to do."""
    code = code_version("hf_platform.risk.filtered_series", *FILTER_CODE)
    families = quantile_families(chosen)
    with store.reading() as con, store_errors(store.settings, "read"):
        bounds = lay_out(con, keys, as_of, chosen, code)
        standing = con.execute(_STANDING, {"as_of": as_of, "methods": level_parameters()["methods"]}).pl()
        todo = standing.filter(standing["n_new"] > 0)
        if todo.is_empty():
            return standing, None
        since = cast("datetime", todo["new_from"].min())
        filters = [
            GridKey(name, horizon) for name, horizon in todo.filter("filters")["instrument", "horizon"].iter_rows()
        ]
        filtered = filter_series(store, filters, as_of=as_of, since=since)
        con.register("frame", cast("object", filtered.to_arrow()))
        con.execute("CREATE TEMP TABLE filtered AS SELECT * FROM frame")
        con.unregister("frame")
        con.execute(PENDING)
        for source in TAKEN:
            more = {"quantile_families": families} if "$quantile_families" in source else {}
            con.execute(source, bounds | {"since": since} | more)
        return standing, con.execute(ESTIMATES, level_parameters()).pl()


def _write(store: "Lake", estimates: "Sequence[pl.DataFrame]", run_id: str) -> int | None:
    import polars as pl

    now = pl.lit(datetime.now(UTC).replace(tzinfo=None)).cast(pl.Datetime("us"))
    made = pl.concat(estimates).with_columns(created_at=now)
    with store.transaction(producer=STAGE, run_id=run_id, message=f"{made.height} VaR rows") as tx:
        tx.append("risk.value_at_risk", made)
    return tx.snapshot_id


def _count(frame: "pl.DataFrame") -> dict[GridKey, int]:
    counted = frame.group_by("instrument", "horizon").len()
    return {GridKey(instrument, horizon): int(n) for instrument, horizon, n in counted.iter_rows()}


def _outcome(row: dict[str, object], n_new: int) -> KeyOutcome:
    newest_bar, newest_origin, count = row["newest_bar"], row["newest_origin"], row["n_estimates"]
    n_rows = count if isinstance(count, int) else 0
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
