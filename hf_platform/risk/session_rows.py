"""Parts of sessions in the lake: fits as ledger rows, forecasts as VaR rows, both named by what they were made from.

A horizon of `risk.value_at_risk` that is no number of bars: `overnight` (close to next open) and, for an intraday
frequency, `5min_session` (from a bar to the close of its session).
"""

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, cast

import numpy as np

from hf_platform.fitting.outcome import KeyOutcome, KeyStatus
from hf_platform.models.base import Status
from hf_platform.models.identity import content_hash, spec_hash
from hf_platform.risk.session_filter import METHODS, SPEC, VARIANT, Filtered, Fit, fit_spans
from hf_platform.types import CONFIDENCES, PROBABILITIES, BoolArray, FloatArray, IntArray, TimeArray

if TYPE_CHECKING:
    import polars as pl

    from hf_platform.lake import Lake

_STANDARD: Final = (0.975, 0.99)
_NAMES: Final = ("omega", "alpha[1]", "gamma[1]", "beta[1]", "nu")
# The first method at every level and for both positions, the others where they are compared.
_LEVELS: Final = (("filtered_historical", 1, CONFIDENCES), ("filtered_historical", -1, _STANDARD),
                  ("parametric", 1, _STANDARD), ("ewma", 1, (0.95, *_STANDARD)))  # fmt: skip
_WITNESS: Final = 0.99  # all levels of a forecast are written together: this one, long, stands for them
_VAR_ID: Final = """
left(sha256(concat_ws('|', method, instrument, horizon, epoch_us(forecast_origin), confidence, position_sign,
                      forecast_id)), 24)
"""
_PENDING: Final = f"""
WITH named AS (
    SELECT place, {_VAR_ID} AS var_id FROM (SELECT *, {_WITNESS}::DOUBLE AS confidence, 1 AS position_sign FROM chosen)
)
SELECT place FROM named
ANTI JOIN (SELECT var_id FROM risk.value_at_risk WHERE instrument = $instrument AND horizon = $horizon) USING (var_id)
ORDER BY place
"""
_EXPANDED: Final = f"""
WITH levels AS (
    SELECT unnest($methods) AS method, unnest($signs) AS position_sign, unnest($confidences) AS confidence,
           unnest($places) AS place
)
SELECT {_VAR_ID} AS var_id, instrument, horizon, method, confidence, position_sign, forecast_origin, target_at,
       known_at, -position_sign * quantiles[l.place] AS value_at_risk,
       -position_sign * tail_means[l.place] AS expected_shortfall, member_model_ids, []::VARCHAR[] AS missing_members
FROM chosen JOIN levels l USING (method)
"""
_FITS: Final = """
SELECT model_id, status, reason, params_json FROM models.ledger
WHERE family = $family AND instrument = $instrument AND horizon = $horizon
QUALIFY row_number() OVER (PARTITION BY model_id ORDER BY as_of DESC, created_at DESC) = 1
"""


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """One instrument's returns over parts of its sessions, with the spans that the filter is fitted to.

    Parameters
    ----------
    family, instrument, horizon : str
        Whose ledger rows the fits are, and of which key.
    times : datetime64[us] array, shape (n_bars,)
        When each return was complete, UTC.
    returns : float64 array, shape (n_bars,)
        What the filter sees.
    spans : list of (start, stop)
    decay : float
        Of the exponentially weighted variance.
    code : str
        Version of the code behind it.
    refused : dict of int to str
        Spans, by place, that must not be fitted, and why.
    """

    family: str
    instrument: str
    horizon: str
    times: TimeArray
    returns: FloatArray
    spans: list[tuple[int, int]]
    decay: float
    code: str
    refused: dict[int, str]

    @property
    def hashes(self) -> list[str]:
        """Hash of everything up to each bar: a restated price changes all from there on."""
        digest, out = hashlib.blake2b(digest_size=12), list[str]()
        rows, stamps = np.ascontiguousarray(self.returns), self.times.astype(np.int64)
        for at in range(rows.size):
            digest.update(stamps[at].tobytes())
            digest.update(rows[at].tobytes())
            out.append(digest.copy().hexdigest())
        return out


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """What is forecast on a track: periods that begin after known bars; arrays of shape (n_rows,).

    Parameters
    ----------
    horizon : str
        As stored.
    prefix : str
        Put before the names of the methods.
    bars : int64 array
        First bar of each period on the track; n_bars is the one beyond the data.
    forecast_origin, target_at : datetime64[us] array
    known_at : datetime64[us] array
        When everything up to the origin was known.
    losses : float64 array
        Minus the log return of the period [decimal]; NaN where it has not ended.
    is_tested : bool array
        False for periods that overlap tested ones.
    distribute : callable
        ``distribute(filtered, rows, method)`` gives quantiles and tail means of the return, shape
        (n_asked, len(PROBABILITIES)), of the rows asked for; NaN where there is no forecast.
    """

    horizon: str
    prefix: str
    bars: IntArray
    forecast_origin: TimeArray
    target_at: TimeArray
    known_at: TimeArray
    losses: FloatArray
    is_tested: BoolArray
    distribute: Callable[[Filtered, IntArray, str], tuple[FloatArray, FloatArray]]


@dataclass(frozen=True, slots=True, eq=False)
class Realised:
    """What came true of one key's periods, in time order and without overlap; arrays of shape (n_periods,).

    Parameters
    ----------
    origins, targets : datetime64[us] array
    losses : float64 array
        Of a long position: minus the log return of the period [decimal].
    version : str
        Content hash of the prices behind them and of the forecasts.
    """

    origins: TimeArray
    targets: TimeArray
    losses: FloatArray
    version: str


@dataclass(eq=False)
class Chain:
    """The fits of a track, from the ledger where they stand there, else new."""

    track: Track
    hashes: list[str]
    model_ids: list[str]
    fits: list[Fit]
    ledger: list[dict[str, object]]

    def owners(self, bars: IntArray) -> IntArray:
        """Say which span's fit is in force at each bar: the last one that ended before it."""
        stops = np.array([stop for _, stop in self.track.spans], dtype=np.int64)
        place: IntArray = np.asarray(np.searchsorted(stops, bars, side="right"), dtype=np.int64)
        return place - 1


def chain_of(store: "Lake", track: Track, *, as_of: datetime, threads: int = 1) -> Chain:
    """Read the fits of a track that are stored, and make the others."""
    hashes = track.hashes
    key = {"family": track.family, "instrument": track.instrument, "horizon": track.horizon}
    stored = {str(row["model_id"]): row for row in store.query(_FITS, key).iter_rows(named=True)}
    ids = [
        content_hash(*key.values(), VARIANT, hashes[stop - 1], str(stop - start), track.code)
        for start, stop in track.spans
    ]
    fits: list[Fit | None] = [_stored_fit(stored[name]) if name in stored else None for name in ids]
    lacking = [at for at, fit in enumerate(fits) if fit is None]
    todo = [at for at in lacking if at not in track.refused]
    started = time.perf_counter()
    made = dict(zip(todo, fit_spans(track.returns, [track.spans[at] for at in todo], threads=threads), strict=True))
    # One batch fits them all: each has the same share of its time.
    each = (time.perf_counter() - started) / max(1, len(todo))
    made |= {at: Fit(None, track.refused[at]) for at in lacking if at in track.refused}
    snapshot = store.latest_snapshot() if lacking else 0
    ledger = [
        _ledger_row(track, at, ids[at], made[at], hashes, as_of, snapshot) | {"seconds": each if at in todo else 0.0}
        for at in lacking
    ]
    return Chain(track, hashes, ids, [made[at] if fit is None else fit for at, fit in enumerate(fits)], ledger)


def _stored_fit(row: dict[str, object]) -> Fit:
    if row["status"] != Status.OK.value:
        return Fit(None, str(row["reason"]))
    named = json.loads(str(row["params_json"]))
    return Fit(tuple(float(named[name]) for name in _NAMES))


def _ledger_row(  # noqa: PLR0917 - one row needs all of it
    track: Track, at: int, model_id: str, fit: Fit, hashes: list[str], as_of: datetime, snapshot: int
) -> dict[str, object]:
    start, stop = track.spans[at]
    status = Status.OK if fit.params is not None else Status.SKIPPED if at in track.refused else Status.NOT_CONVERGED
    return {
        "model_id": model_id,
        "family": track.family,
        "variant": VARIANT,
        "instrument": track.instrument,
        "horizon": track.horizon,
        "forecast_origin": track.times[stop - 1].item(),
        "as_of": as_of,
        "stage": "data" if at in track.refused else "fit",
        "status": status.value,
        "reason": fit.reason,
        "params_json": None if fit.params is None else json.dumps(dict(zip(_NAMES, fit.params, strict=True))),
        "log_likelihood": fit.log_likelihood,
        "gradient_norm": fit.gradient_norm,
        "at_boundary": fit.at_boundary,
        "n_obs": stop - start,
        "input_hash": hashes[stop - 1],
        "data_version": hashes[stop - 1],
        "spec_hash": spec_hash({"variant": VARIANT, "mean": SPEC.mean, "span": stop - start}),
        "code_version": track.code,
        "lake_snapshot": snapshot,
        "seed": 0,
        "device": "cpu",
        "train_start": track.times[start].item(),
        "train_end": track.times[stop - 1].item(),
        "created_at": now(),
    }


def realised_of(track: Track, target: Target) -> Realised:
    """Give what came true of the periods that are tested."""
    rows = target.is_tested & np.isfinite(target.losses)
    version = content_hash(track.hashes[-1], track.code)
    return Realised(target.forecast_origin[rows], target.target_at[rows], target.losses[rows], version)


def refusal_row(
    family: str, instrument: str, horizon: str, reason: str, *, as_of: datetime, code: str
) -> dict[str, object]:  # fmt: skip
    """Write the ledger row of a key that the stage does not apply to."""
    return {
        "model_id": content_hash(family, instrument, horizon, reason, code),
        "family": family,
        "variant": VARIANT,
        "instrument": instrument,
        "horizon": horizon,
        "as_of": as_of,
        "stage": "data",
        "status": Status.SKIPPED.value,
        "reason": reason,
        "code_version": code,
        "created_at": now(),
    }


def new_rows(store: "Lake", chain: Chain, target: Target, filtered: Filtered) -> "pl.DataFrame":
    """Make the VaR rows of a target that the lake does not hold."""
    import polars as pl

    track = chain.track
    owner: list[int] = chain.owners(target.bars).tolist()
    bars: list[int] = target.bars.tolist()
    places: IntArray = np.arange(target.bars.size, dtype=np.int64)
    names = pl.DataFrame(
        {
            "place": places,
            "forecast_origin": target.forecast_origin,
            "target_at": target.target_at,
            "known_at": target.known_at,
            "model_id": [chain.model_ids[at] for at in owner],
            "content": [chain.hashes[bar - 1] for bar in bars],
        }
    ).with_columns(
        instrument=pl.lit(track.instrument),
        horizon=pl.lit(target.horizon),
        forecast_id=pl.col("model_id") + "|" + pl.col("content") + "|" + pl.lit(track.code),
        member_model_ids=pl.concat_list("model_id"),
    )
    usable = np.array([chain.fits[at].params is not None for at in owner], dtype=bool)
    parts = [pl.DataFrame()]
    with store.reading() as con:
        for method in METHODS:
            of_method = names.with_columns(method=pl.lit(target.prefix + method)).filter(usable)
            con.register("chosen", cast("object", of_method.to_arrow()))
            rows = con.execute(_PENDING, {"instrument": track.instrument, "horizon": target.horizon}).pl()["place"]
            con.unregister("chosen")
            if not rows.len():
                continue
            quantiles, tails = target.distribute(filtered, rows.to_numpy().astype(np.int64), method)
            wide = pl.Array(pl.Float64, len(PROBABILITIES))
            taken = names.filter(pl.col("place").is_in(rows.to_list())).with_columns(
                method=pl.lit(target.prefix + method),
                quantiles=pl.Series(np.ascontiguousarray(quantiles), dtype=wide).cast(pl.List(pl.Float64)),
                tail_means=pl.Series(np.ascontiguousarray(tails), dtype=wide).cast(pl.List(pl.Float64)),
            )
            con.register("chosen", cast("object", taken.to_arrow()))
            parts.append(con.execute(_EXPANDED, _levels(target.prefix)).pl())
            con.unregister("chosen")
    found = pl.concat([part for part in parts if part.height] or parts)
    return found if not found.height else found.with_columns(created_at=pl.lit(now()).cast(pl.Datetime("us")))


def _levels(prefix: str) -> dict[str, object]:
    rows = [(prefix + method, sign, confidence) for method, sign, levels in _LEVELS for confidence in levels]
    # 1 - 0.99 is not the stored 0.01 in floating point: round to the grid's own numbers.
    tails = [round(1.0 - confidence, 6) if sign > 0 else confidence for _, sign, confidence in rows]
    return {
        "methods": [method for method, _, _ in rows],
        "signs": [sign for _, sign, _ in rows],
        "confidences": [confidence for _, _, confidence in rows],
        "places": [PROBABILITIES.index(tail) + 1 for tail in tails],
    }


def now() -> datetime:
    """Give the time of writing, naive UTC."""
    return datetime.now(UTC).replace(tzinfo=None)


def outcome_of(chain: Chain, n_rows: int, last_origin: datetime) -> KeyOutcome:
    """Say what became of a track: failed where no fit is in force at its newest origin, skipped where none may be."""
    reason, newest = chain.fits[-1].reason, len(chain.fits) - 1
    absent = KeyStatus.SKIPPED if newest in chain.track.refused else KeyStatus.FAILED
    return KeyOutcome(
        KeyStatus.OK if reason is None else absent,
        None if reason is None else f"no filter is in force at the newest origin: {reason}",
        n_ok=sum(row["status"] == Status.OK.value for row in chain.ledger),
        n_failed=sum(fit.params is None and at not in chain.track.refused for at, fit in enumerate(chain.fits)),
        n_reused=len(chain.fits) - len(chain.ledger),
        n_rows=n_rows,
        data_version=content_hash(chain.hashes[-1], chain.track.code),
        last_origin=last_origin,
    )


def commit(
    store: "Lake", stage: str, run_id: str, ledger: Sequence[dict[str, object]], estimates: "Sequence[pl.DataFrame]"
) -> int | None:
    """Write fits and VaR rows in one commit; None where there is nothing to write."""
    import polars as pl

    from hf_platform.fitting.frames import ledger_frame

    parts = [part for part in estimates if part.height]
    if not ledger and not parts:
        return None
    with store.transaction(producer=stage, run_id=run_id, message=f"{stage}: {len(ledger)} fits") as tx:
        if ledger:
            tx.append("models.ledger", ledger_frame(ledger))
        if parts:
            tx.append("risk.value_at_risk", pl.concat(parts))
    return tx.snapshot_id
