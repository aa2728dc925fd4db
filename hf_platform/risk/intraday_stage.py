"""The `intraday_var` stage: VaR of the next bar and of the rest of the session, the time of day removed first.

Of an intraday horizon such as `5min`, rows of `risk.value_at_risk` with methods `diurnal_*` cover the next bar inside
the session; those of the horizon `5min_session` run to the session's close: from each open of the past, and from every
bar of the newest session. The gap between sessions belongs to `overnight_var`.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Final

import numpy as np

from hf_platform.calendar import bar_closes, sessions
from hf_platform.errors import DataError
from hf_platform.fitting.outcome import KeyOutcome, KeyStatus, StageOutcome
from hf_platform.horizons import INTRADAY, SESSION
from hf_platform.market.adjustments import HARD_FLAGS, read_adjusted_bars
from hf_platform.market.universe import read_universe
from hf_platform.models.code_version import code_version
from hf_platform.risk.diurnal import SessionBars, lay_out, profile
from hf_platform.risk.intraday import DECAY, TAIL, IntradayState
from hf_platform.risk.session_filter import Filtered, run_filter, unit_distribution
from hf_platform.risk.session_paths import aggregated_sums, flat_sums, simulated_sums
from hf_platform.risk.session_rows import (
    Realised,
    Target,
    Track,
    chain_of,
    commit,
    new_rows,
    outcome_of,
    realised_of,
    refusal_row,
)
from hf_platform.types import BoolArray, FloatArray, GridKey, IntArray, TimeArray

if TYPE_CHECKING:
    import polars as pl

    from hf_platform.lake import Lake

STAGE: Final = "intraday_var"
PREFIX: Final = "diurnal_"
WINDOW: Final = 5_000  # bars behind a fit
FEWEST: Final = 1_000
REFIT_EVERY: Final = 20  # sessions
FORECAST: Final = 504  # newest sessions whose bars are forecast
CODE: Final = (
    "hf_platform.risk.diurnal",
    "hf_platform.risk.intraday",
    "hf_platform.risk.intraday_stage",
    "hf_platform.risk.session_filter",
    "hf_platform.risk.session_paths",
    "hf_platform.risk.session_rows",
    "hf_platform.risk.filtered_historical",
)


@dataclass(frozen=True, slots=True, eq=False)
class Day:
    """One instrument's bars inside sessions, ready to be filtered.

    Parameters
    ----------
    track : Track
        Of returns over their factors, bars without one left out.
    bars : SessionBars
        The bars of the track.
    factors : float64 array, shape (n_sessions + 1, n_slots)
        Profile of each session, the last of the session to come.
    known_at : datetime64[us] array, shape (n_bars,)
        When everything up to each bar was known.
    calendar : str
    """

    track: Track
    bars: SessionBars
    factors: FloatArray
    known_at: TimeArray
    calendar: str


def estimate(store: "Lake", keys: Sequence[GridKey], *, as_of: datetime, run_id: str, threads: int = 1) -> StageOutcome:
    """Write intraday VaR and ES for every bar that has none yet.

    Parameters
    ----------
    store : Lake
    keys : sequence of GridKey
        Those of an intraday frequency are served, one bar ahead; the others are skipped.
    as_of : datetime
        Knowledge cutoff, naive UTC.
    run_id : str
    threads : int
        Of the fits.

    Returns
    -------
    StageOutcome
        A key is skipped, with a reason, where it has no intraday bars or too few.

    Raises
    ------
    StoreError
        If the lake cannot be read or written.

    Notes
    -----
    Methods: `diurnal_filtered_historical` (over a session: simulated paths), `diurnal_parametric` (t; over a session
    the variances are summed) and `diurnal_ewma` (normal). Fits are rows of `models.ledger` (family `intraday_var`),
    one every 20 sessions; new bars are filtered with the stored parameters.
    """
    started = time.perf_counter()
    version = code_version(*CODE)
    outcomes: dict[GridKey, KeyOutcome] = {}
    ledger: list[dict[str, object]] = []
    parts: list[pl.DataFrame] = []
    for key in keys:
        found = read_day(store, key, as_of, version)
        if isinstance(found, str):
            outcomes[key] = KeyOutcome(KeyStatus.SKIPPED, found)
            if key.horizon in INTRADAY:
                ledger.append(refusal_row(STAGE, key.instrument, key.horizon, found, as_of=as_of, code=version))
            continue
        chain = chain_of(store, found.track, as_of=as_of, threads=threads)
        filtered = run_filter(found.track.returns, found.track.spans, chain.fits, decay=DECAY)
        rows = [new_rows(store, chain, target, filtered) for target in targets(found, store.settings.seed)]
        ledger.extend(chain.ledger)
        parts.extend(rows)
        outcomes[key] = outcome_of(chain, sum(part.height for part in rows), found.bars.event_at[-1].item())
    snapshot = commit(store, STAGE, run_id, ledger, parts)
    return StageOutcome(STAGE, outcomes, snapshot, time.perf_counter() - started, version)


def realised(store: "Lake", keys: Sequence[GridKey], as_of: datetime) -> dict[GridKey, Realised]:
    """Give the losses of whole sessions from their opens, by instrument and the horizon `..._session`."""
    found = {key: read_day(store, key, as_of, code_version(*CODE)) for key in keys if key.horizon in INTRADAY}
    return {
        GridKey(key.instrument, key.horizon + SESSION): realised_of(day.track, targets(day, store.settings.seed)[1])
        for key, day in found.items()
        if not isinstance(day, str)
    }


def read_state(store: "Lake", key: GridKey, as_of: datetime) -> IntradayState:
    """Give the state after the newest bar that was known, with the parameters that are stored.

    Parameters
    ----------
    store : Lake
    key : GridKey
        Of an intraday horizon that `intraday_var` has served.
    as_of : datetime
        Knowledge cutoff, naive UTC.

    Returns
    -------
    IntradayState
        After the last bar of a session: that of the next open.

    Raises
    ------
    DataError
        If there is no intraday VaR of the key, or no fit is in force.
    """
    found = read_day(store, key, as_of, code_version(*CODE))
    if isinstance(found, str):
        raise DataError(f"no intraday VaR of {key}: {found}")
    chain = chain_of(store, found.track, as_of=as_of)
    filtered = run_filter(found.track.returns, found.track.spans, chain.fits, decay=DECAY)
    n, bars = found.track.returns.size, found.bars
    if np.isnan(filtered.variance[n]):
        raise DataError(
            f"no filter of {key} is in force: {chain.fits[-1].reason}. Load more bars and run intraday_var."
        )
    session, slot, last_slot = int(bars.session[-1]), int(bars.slot[-1]), int(bars.last_slot[-1])
    if slot == last_slot:
        session, slot, last_slot = session + 1, -1, _grid(found, 1).size - 1
    innovations = np.concatenate([np.full(TAIL.window, np.nan), filtered.innovations])[-TAIL.window :]
    return IntradayState(
        filtered.params[n], found.factors[session], float(filtered.variance[n]), float(filtered.smoothed[n]),
        innovations, slot, last_slot,
    )  # fmt: skip


def read_day(store: "Lake", key: GridKey, as_of: datetime, code: str) -> Day | str:
    """Read the bars of a key and lay them on their sessions; a text says why there are none."""
    import polars as pl

    if key.horizon not in INTRADAY:
        return f"intraday VaR is of one bar of {', '.join(INTRADAY)}: add such a horizon to HFP_HORIZONS"
    frame = read_adjusted_bars(store, [key.instrument], key.horizon, as_of)
    flagged = pl.col("flags").list.set_intersection(list(HARD_FLAGS)).list.len() > 0
    good = frame.filter((pl.col("close") > 0) & pl.col("close").is_finite() & ~flagged)
    if good.height < FEWEST:
        return f"{good.height} bars of {key.horizon} are known, {FEWEST} are needed for a first fit"
    record = read_universe(store).get(key.instrument)
    calendar = "XNYS" if record is None else record.calendar
    laid = lay_out(
        good["event_at"].to_numpy().astype("datetime64[us]"),
        good["open"].cast(pl.Float64).fill_null(float("nan")).to_numpy(),
        good["close"].to_numpy(),
        calendar,
        key.horizon,
    )
    factors = profile(laid)
    freed = laid.returns / factors[laid.session, laid.slot]
    kept = np.flatnonzero(np.isfinite(freed))
    if kept.size < FEWEST:
        return f"{kept.size} bars of {key.horizon} have a profile of past sessions, {FEWEST} are needed for a first fit"
    late = np.maximum.accumulate(good["known_at"].to_numpy().astype("datetime64[us]"))[laid.rows]
    bars = laid.take(kept)
    track = Track(
        STAGE, key.instrument, key.horizon, bars.event_at, freed[kept], _spans(bars), DECAY, code, {}
    )  # fmt: skip
    return Day(track, bars, factors, late[kept], calendar)


def _spans(bars: SessionBars) -> list[tuple[int, int]]:
    # Fits stand between sessions: every twentieth, counted from the first session with enough bars behind it.
    ends = np.append(np.flatnonzero(np.diff(bars.session)) + 1, bars.session.size)
    able = ends[ends >= FEWEST]
    return [(max(0, stop - WINDOW), stop) for stop in able[::REFIT_EVERY].tolist()]


def targets(day: Day, seed: int) -> tuple[Target, Target]:
    """Give what is forecast: the next bar inside the session, and the time until its close."""
    return _next_bars(day), _sessions(day, seed)


def _grid(day: Day, ahead: int = 0) -> TimeArray:
    """Give the closes of all bars of the newest session, or of one ahead of it, by calendar."""
    known = sessions(day.calendar)
    newest: TimeArray = day.bars.event_at[-1:]
    at = int(np.searchsorted(known.closes, newest, side="left")[0]) + ahead
    return bar_closes(day.calendar, day.track.horizon, known.opens[at] + np.timedelta64(1, "us"), known.closes[at])


def _first_forecast(day: Day) -> int:
    # Bars are forecast from the first fit on, of the newest sessions only.
    begins = int(np.count_nonzero(day.bars.session <= day.bars.session[-1] - FORECAST))
    return max(day.track.spans[0][1], begins, 1)


def _next_bars(day: Day) -> Target:
    bars, n = day.bars, day.bars.slot.size
    first = _first_forecast(day)
    inner = np.arange(first, n)
    follows = (bars.session[inner] == bars.session[inner - 1]) & (bars.slot[inner] == bars.slot[inner - 1] + 1)
    rows = inner[follows]
    slot, target_at = bars.slot[rows], bars.event_at[rows]
    scales = day.factors[bars.session[rows], slot]
    losses = -(bars.log_close[rows] - bars.log_close[rows - 1])
    ends, ahead = _grid(day), int(bars.slot[-1]) + 1
    if bars.slot[-1] < bars.last_slot[-1] and np.isfinite(day.factors[bars.session[-1], ahead]):
        rows, target_at = np.append(rows, n), np.append(target_at, ends[ahead])
        scales = np.append(scales, day.factors[bars.session[-1], ahead])
        losses = np.append(losses, np.nan)
    return Target(
        horizon=day.track.horizon,
        prefix=PREFIX,
        bars=rows,
        forecast_origin=bars.event_at[rows - 1],
        target_at=target_at,
        known_at=day.known_at[rows - 1],
        losses=losses,
        is_tested=np.ones(rows.size, dtype=np.bool_),
        distribute=partial(_of_bars, rows, scales),
    )


def _of_bars(
    bars: IntArray, scales: FloatArray, filtered: Filtered, rows: IntArray, method: str
) -> tuple[FloatArray, FloatArray]:  # fmt: skip
    volatility, quantiles, means = unit_distribution(filtered, bars[rows], method, TAIL)
    size = (volatility * scales[rows])[:, None]
    return size * quantiles, size * means


def _sessions(day: Day, seed: int) -> Target:
    bars, n = day.bars, day.bars.slot.size
    first = _first_forecast(day)
    begins: IntArray = np.append(0, np.flatnonzero(np.diff(bars.session)) + 1)
    opens = begins[(begins >= first) & (bars.slot[begins] == 0)]
    closes_of = np.append(begins[1:], n)[np.searchsorted(begins, opens)] - 1
    whole = (bars.slot[closes_of] == bars.last_slot[closes_of]) & np.isfinite(bars.log_open[opens])
    # Of the newest session also the time from each of its bars on; of the next one, from its open.
    inside = np.arange(max(int(begins[-1]) + 1, first), n + 1)
    inside = inside[bars.slot[inside - 1] < bars.last_slot[inside - 1]]
    over = bars.slot[-1] == bars.last_slot[-1]
    to_come = _grid(day, 1) if over else _grid(day)[:0]
    rows = np.concatenate([opens, inside, np.array([n] if over else [], dtype=np.int64)])
    slots = np.concatenate([bars.slot[opens], bars.slot[inside - 1] + 1, [0] if over else []]).astype(np.int64)
    last = np.concatenate([bars.last_slot[opens], bars.last_slot[inside - 1], [to_come.size - 1] if over else []])
    session = np.concatenate([bars.session[opens], bars.session[inside - 1], [bars.session[-1] + 1] if over else []])
    ends = np.concatenate([bars.closes[bars.session[opens]], np.full(inside.size, _grid(day)[-1]), to_come[-1:]])
    lost = np.where(whole, -(bars.log_close[closes_of] - bars.log_open[opens]), np.nan)
    scales = _padded(day.factors[session.astype(np.int64)], slots, last.astype(np.int64))
    able = np.isfinite(scales).all(axis=1)
    n_open = opens.size
    return Target(
        horizon=day.track.horizon + SESSION,
        prefix=PREFIX,
        bars=rows[able],
        forecast_origin=bars.event_at[rows[able] - 1],
        target_at=ends[able],
        known_at=day.known_at[rows[able] - 1],
        losses=np.concatenate([lost, np.full(rows.size - n_open, np.nan)])[able],
        is_tested=(np.arange(rows.size) < n_open)[able],
        distribute=partial(_of_sessions, rows[able], scales[able], seed),
    )


def _padded(factors: FloatArray, slots: IntArray, last: IntArray) -> FloatArray:
    """Move the factors from each slot to the session's last one to the front, zeros behind them."""
    width = factors.shape[1]
    steps: IntArray = np.arange(width, dtype=np.int64)
    places: IntArray = slots[:, None] + steps
    inside: BoolArray = places <= np.minimum(last, width - 1)[:, None]
    return np.where(inside, np.take_along_axis(factors, np.minimum(places, width - 1), axis=1), 0.0)


def _of_sessions(  # noqa: PLR0917 - the first three are bound beforehand
    bars: IntArray, scales: FloatArray, seed: int, filtered: Filtered, rows: IntArray, method: str
) -> tuple[FloatArray, FloatArray]:  # fmt: skip
    at = bars[rows]
    params, variance = filtered.params[at], filtered.variance[at]
    if method == "filtered_historical":
        return simulated_sums(params, variance, scales[rows], filtered.innovations, at, tail=TAIL, seed=seed)
    if method == "parametric":
        return aggregated_sums(params, variance, scales[rows])
    return flat_sums(filtered.smoothed[at], scales[rows])
