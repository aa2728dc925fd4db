"""Has a key drifted since its models were trained? Four kinds of evidence, one verdict, one event a drift."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final, cast

import numpy as np

from hf_platform.backtest.forecast_backtest import picks_of
from hf_platform.backtest.forecast_sample import read_bars, read_outcomes
from hf_platform.backtest.placement import place
from hf_platform.backtest.sample import VarSample, read_samples
from hf_platform.backtest.scoring import quantile_crps
from hf_platform.backtest.standing import Judgement
from hf_platform.features.training_matrix import read_available
from hf_platform.fitting.outcome import StageOutcome
from hf_platform.horizons import Horizon
from hf_platform.models.base import Series
from hf_platform.models.identity import content_hash
from hf_platform.monitoring import evidence
from hf_platform.types import PROBABILITIES, FloatArray, GridKey, TimeArray

if TYPE_CHECKING:
    import polars as pl

    from hf_platform.lake import Lake

STAGE: Final = "drift_evidence"
TABLE: Final = "backtests.drift"
FALSE_ALARMS: Final = 0.01  # chance that a healthy key ever raises an alarm between two trainings
COMBINED: Final = "combined"
_CONFIDENCE: Final = 0.99
_REFERENCE: Final = 500  # outcomes before the training that new ones are ranked among, at most
_ENOUGH: Final = 100  # of them, at least
_WINDOW, _BEFORE = 63, 504  # bars of a quarter, and of the two years before it that it is compared with
_QUARTERS: Final = 16  # to rank a new one among, at least
_WATCHED: Final = (
    "log_return_lag_1", "momentum_20", "rsi_14", "bollinger_position_20", "realised_volatility_21", "ewma_volatility",
)  # fmt: skip
_FORECASTS: Final = """
SELECT instrument, horizon, forecast_origin, r, volatility, quantiles, tail_means
FROM ensembles.forecasts JOIN picks USING (instrument, horizon, forecast_origin)
WHERE name = 'volatility_ensemble' AND known_at <= $as_of AND volatility > 0
  AND len(quantiles) = $grid AND len(tail_means) = $grid
QUALIFY row_number() OVER (PARTITION BY instrument, horizon, forecast_origin
                           ORDER BY known_at DESC, created_at DESC, forecast_id) = 1
ORDER BY instrument, horizon, forecast_origin
"""
# The longest-standing of the newest models: what has been answering for the key since.
_TRAINED: Final = """
SELECT instrument, horizon, min(train_end) AS since FROM (
    SELECT instrument, horizon, family, max(train_end) AS train_end FROM models.ledger
    WHERE status = 'ok' AND as_of <= $as_of AND train_end IS NOT NULL
      AND instrument IN (SELECT unnest($instruments)) AND horizon IN (SELECT unnest($horizons))
    GROUP BY ALL
) GROUP BY ALL
"""


@dataclass(frozen=True, slots=True, eq=False)
class Watched:
    """What became of the ensemble's forecasts of one key.

    Parameters
    ----------
    origins : datetime64[us] array, shape (n,)
        Non-overlapping, in time order.
    ranks : float64 array, shape (n,)
        Probability integral transform: where the return fell in the forecast distribution, in [0, 1].
    losses : float64 array, shape (n,)
        CRPS in units of the forecast volatility.
    """

    origins: TimeArray
    ranks: FloatArray
    losses: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Quarters:
    """How far an instrument's features moved, quarter by quarter.

    Parameters
    ----------
    starts, ends : datetime64[us] array, shape (n,)
        First and last bar of each.
    indices : float64 array, shape (n,)
        Population stability index against the two years before, averaged over features.
    """

    starts: TimeArray
    ends: TimeArray
    indices: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Path:
    """One kind of evidence since a training.

    Parameters
    ----------
    kind : str
    times : datetime64[us] array, shape (n,)
        Forecast origins, or ends of feature windows.
    e_values : float64 array, shape (n,)
        The e-process at these times; empty where there is none.
    reason : str or None
        Why there is none, or what else is to be said.
    """

    kind: str
    times: TimeArray
    e_values: FloatArray
    reason: str | None = None


def backtest(store: "Lake", keys: Sequence[GridKey], *, as_of: datetime, run_id: str) -> StageOutcome:
    """Weigh the evidence that keys have drifted since their longest-standing models were trained.

    Parameters
    ----------
    store : Lake
    keys : sequence of GridKey
    as_of : datetime
        Knowledge cutoff, naive UTC.
    run_id : str

    Returns
    -------
    StageOutcome
        A key has failed where no forecast is stored, and is skipped where nothing has ended since its training.

    Raises
    ------
    StoreError
        If the lake cannot be read or written.

    Notes
    -----
    Writes `backtests.drift`, the newest look only: e-values of `breaches` (99 % VaR of the ensemble, long, against
    one in a hundred), `location` and `dispersion` (probability integral transforms ranked among those before the
    training), `loss` (CRPS over volatility, ranked likewise), `features` (average population stability index of a
    quarter's features, ranked among earlier quarters'), and their average `combined`. It says `changed` from the
    first time on that the average reached 100: a key that did not change gets there with a probability of at
    most 1 % before its next training. The ranks assume that outcomes before and after are exchangeable; quarters
    of features share the bars that they are compared with, so that theirs holds approximately only.
    """
    stage = Judgement(
        STAGE, TABLE, weigh, "nothing has ended since the newest training", with_estimates=True, remarks=_remarks,
        code=("hf_platform.backtest", "hf_platform.monitoring"),
    )  # fmt: skip
    return stage.run(store, keys, as_of=as_of, run_id=run_id)


def weigh(store: "Lake", keys: Sequence[GridKey], as_of: datetime, snapshot: int | None) -> "pl.DataFrame":
    """Make the rows of `backtests.drift` of some keys, without versions."""
    import polars as pl

    rows: list[tuple[object, ...]] = []
    if keys:
        names = sorted({key.instrument for key in keys})
        asked = {"instruments": names, "horizons": sorted({key.horizon for key in keys}), "as_of": as_of}
        trained = {GridKey(i, h): since for i, h, since in store.query(_TRAINED, asked, snapshot).iter_rows()}
        watched = _read_watched(store, keys, as_of, snapshot)
        samples = read_samples(
            store, keys, as_of, snapshot, methods=("ensemble",), confidences=(_CONFIDENCE,), signs=(1,)
        )
        var_of = {sample.key: sample for sample in samples}
        features = _read_quarters(store, keys, as_of)
        for key in keys:
            if key not in trained or key not in watched:
                continue
            since = np.datetime64(trained[key], "us")
            quarters = features.get((key.instrument, Horizon.parse(key.horizon).frequency))
            paths = [
                _breaches(var_of.get(key), since),
                *_forecast_paths(watched[key], since, str(key)),
                _features(quarters, since, str(key)),
            ]
            rows.extend(_rows(key, since, paths))
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")


def event_id(instrument: str, horizon: str, since: datetime, alarm_at: datetime) -> str:
    """Name a drift: the same however often, and by whatever run, it is seen."""
    return content_hash(instrument, horizon, since.isoformat(), alarm_at.isoformat())


_SCHEMA: Final = {
    "instrument": str, "horizon": str, "evidence": str, "n_forecasts": int, "e_value": float, "e_value_peak": float,
    "alarm_at": datetime, "event_id": str, "verdict": str, "reason": str, "window_start": datetime,
    "window_end": datetime,
}  # fmt: skip


def _read_watched(
    store: "Lake", keys: Sequence[GridKey], as_of: datetime, snapshot: int | None
) -> dict[GridKey, Watched]:
    found = read_outcomes(store, keys, read_bars(store, keys, as_of, snapshot), as_of, snapshot)
    if not found:
        return {}
    with store.reading(snapshot) as con:
        con.register("picks", picks_of(found))
        frame = con.execute(_FORECASTS, {"as_of": as_of, "grid": len(PROBABILITIES)}).pl()
        con.unregister("picks")
    watched: dict[GridKey, Watched] = {}
    for (instrument, horizon), part in frame.partition_by("instrument", "horizon", as_dict=True).items():
        returns = part["r"].to_numpy()
        quantiles, means = (np.array(part[name].to_list(), dtype=np.float64) for name in ("quantiles", "tail_means"))
        watched[GridKey(str(instrument), str(horizon))] = Watched(
            part["forecast_origin"].to_numpy(),
            place(returns, quantiles, means),
            quantile_crps(returns, quantiles, PROBABILITIES) / part["volatility"].to_numpy(),
        )
    return watched


def _read_quarters(store: "Lake", keys: Sequence[GridKey], as_of: datetime) -> Mapping[tuple[str, str], Quarters]:
    found: dict[tuple[str, str], Quarters] = {}
    for frequency in sorted({Horizon.parse(key.horizon).frequency for key in keys}):
        names = sorted({key.instrument for key in keys if Horizon.parse(key.horizon).frequency == frequency})
        series, _ = read_available(store, names, frequency, as_of, _WATCHED)
        found |= {(name, frequency): _quarters(own) for name, own in series.items()}
    return found


def _quarters(bars: Series) -> Quarters:
    # Counted from the first bar, so that more bars at the end move none, and all horizons share them.
    starts = np.arange(-(-_BEFORE // _WINDOW) * _WINDOW, len(bars) - _WINDOW + 1, _WINDOW)
    indices = np.array([_stability(bars.features, start) for start in starts.tolist()])
    known = np.isfinite(indices)
    return Quarters(bars.event_at[starts[known]], bars.event_at[starts[known] + _WINDOW - 1], indices[known])


def _breaches(sample: VarSample | None, since: np.datetime64) -> Path:
    new = np.empty(0, dtype=np.bool_) if sample is None else sample.origins >= since
    if sample is None or not new.any():
        return _nothing("breaches", "no VaR of the ensemble has come true since")
    breaches = sample.breaches[new]
    reason = f"{int(breaches.sum())} breaches of {breaches.size}, {(1 - _CONFIDENCE) * breaches.size:.1f} expected"
    return Path("breaches", sample.origins[new], evidence.breach_evidence(breaches, _CONFIDENCE), reason)


def _forecast_paths(watched: Watched, since: np.datetime64, name: str) -> list[Path]:
    kinds = {
        "location": (watched.ranks, evidence.shift_evidence),
        "dispersion": (np.abs(watched.ranks - 0.5), evidence.small_value_evidence),
        "loss": (watched.losses, evidence.small_value_evidence),
    }
    at = int(np.searchsorted(watched.origins, since))
    if at < _ENOUGH or at == watched.origins.size:
        reason = "nothing has ended since" if at >= _ENOUGH else f"{at} outcomes before, {_ENOUGH} are needed"
        return [_nothing(kind, reason) for kind in kinds]
    old, new = slice(max(0, at - _REFERENCE), at), slice(at, None)
    return [
        Path(
            kind, watched.origins[new],
            bet(evidence.rank_p_values(values[new], values[old], _seed(name, kind, since))),
        )
        for kind, (values, bet) in kinds.items()
    ]  # fmt: skip


def _features(quarters: Quarters | None, since: np.datetime64, name: str) -> Path:
    if quarters is None:
        return _nothing("features", "no features are stored")
    new = quarters.starts >= since
    if not new.any() or (~new).sum() < _QUARTERS:
        return _nothing("features", "no whole quarter has passed since" if not new.any() else "too few quarters before")
    old = quarters.indices[~new]
    p_values = evidence.rank_p_values(quarters.indices[new], old, _seed(name, "features", since))
    before = f"median of {old.size} quarters before {np.median(old):.2f}"
    reason = f"population stability index {quarters.indices[-1]:.2f}, {before}"
    return Path("features", quarters.ends[new], evidence.small_value_evidence(p_values), reason)


def _stability(features: FloatArray, start: int) -> float:
    found: list[float] = []
    for column in features.T:
        old, new = column[start - _BEFORE : start], column[start : start + _WINDOW]
        if np.isfinite(new).all():
            index = evidence.population_stability_index(new, old[np.isfinite(old)])
            found += [] if index is None else [index]
    return float(np.mean(found)) if found else float("nan")


def _rows(key: GridKey, since: np.datetime64, paths: Sequence[Path]) -> list[tuple[object, ...]]:
    together = _together(paths)
    reached = np.flatnonzero(together.e_values >= 1.0 / FALSE_ALARMS)
    alarm = cast("datetime", together.times[reached[0]].item()) if reached.size else None
    begun = cast("datetime", since.item())
    rows: list[tuple[object, ...]] = []
    for path in (*paths, together):
        n, last = path.e_values.size, path.times[-1].item() if path.times.size else None
        alarmed = path.kind == COMBINED and alarm is not None
        verdict = "cannot tell" if not n else ("changed" if alarmed else "stable") if path.kind == COMBINED else None
        rows.append((
            key.instrument, key.horizon, path.kind, n, float(path.e_values[-1]) if n else None,
            float(path.e_values.max()) if n else None, alarm if alarmed else None,
            event_id(key.instrument, key.horizon, begun, alarm) if alarmed and alarm is not None else None,
            verdict, path.reason, begun, last,
        ))  # fmt: skip
    return rows


def _together(paths: Sequence[Path]) -> Path:
    """Average the e-processes at every time of any; one without evidence keeps its stake of one."""
    times = np.unique(np.concatenate([path.times for path in paths]))
    if not times.size:
        return _nothing(COMBINED, "nothing has ended since the newest training")
    held: list[FloatArray] = []
    for path in paths:
        at = np.searchsorted(path.times, times, side="right")
        held.append(np.concatenate([[1.0], path.e_values])[at])
    return Path(COMBINED, times, evidence.combined(held))


def _nothing(kind: str, reason: str) -> Path:
    return Path(kind, np.empty(0, dtype="datetime64[us]"), np.empty(0), reason)


def _seed(*names: object) -> int:
    return int(content_hash(*map(str, names))[:8], 16)


def _remarks(rows: "pl.DataFrame") -> dict[GridKey, str]:
    changed = rows.filter(rows["verdict"] == "changed")
    return {
        GridKey(row["instrument"], row["horizon"]): f"has drifted since {row['window_start']:%Y-%m-%d}: evidence "
        f"passed {1 / FALSE_ALARMS:.0f} at {row['alarm_at']:%Y-%m-%d}"
        for row in changed.iter_rows(named=True)
    }
