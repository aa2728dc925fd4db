"""The `overnight_var` stage: what a position held at the close may lose by the next open.

Nights are a series of their own: returns from a close to the next session's open, splits and dividends included. Rows
of `risk.value_at_risk` carry the horizon `overnight`; each forecast is made at a close and knows nothing after it.
"""

import time
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Final

import numpy as np

from hf_platform.calendar import sessions
from hf_platform.fitting.outcome import KeyOutcome, KeyStatus, StageOutcome
from hf_platform.horizons import OVERNIGHT
from hf_platform.market.adjustments import HARD_FLAGS, read_adjusted_bars
from hf_platform.market.universe import read_universe
from hf_platform.models.code_version import code_version
from hf_platform.risk.session_filter import Filtered, run_filter, unit_distribution
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
from hf_platform.types import FloatArray, GridKey, IntArray, TimeArray

if TYPE_CHECKING:
    import polars as pl

    from hf_platform.lake import Lake

STAGE: Final = "overnight_var"
HORIZON: Final = OVERNIGHT
KEY_HORIZON: Final = "1d"  # the partition that nights belong to
WINDOW: Final = 1_000  # nights behind a fit
FEWEST: Final = 500
REFIT_EVERY: Final = 250
DECAY: Final = 0.94
LARGEST_TIE: Final = 0.2  # share of nights without any move beyond which opens are taken for repeated closes
CODE: Final = (
    "hf_platform.risk.overnight",
    "hf_platform.risk.session_filter",
    "hf_platform.risk.session_rows",
    "hf_platform.risk.filtered_historical",
)
_WITH_OPENS: Final = """
SELECT instrument FROM market.bars
WHERE instrument IN (SELECT unnest($instruments)) AND frequency = '1d' AND known_at <= $as_of AND open > 0
GROUP BY instrument
"""


def overnight_returns(opens: FloatArray, closes: FloatArray, adjustments: FloatArray) -> FloatArray:
    """Give the log total return from each close to the next open.

    Parameters
    ----------
    opens, closes : float64 array, shape (n_sessions,)
        Prices as they traded; NaN where there is none.
    adjustments : float64 array, shape (n_sessions,)
        What a share held since the first session has become by splits and reinvested dividends. An action takes
        effect at the open of its session, so its factor belongs to the night before.

    Returns
    -------
    float64 array, shape (n_sessions - 1,)
        Entry t leads from close t to open t + 1 [decimal]; NaN where a price is missing or not positive.
    """
    usable = (closes[:-1] > 0.0) & (opens[1:] > 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        moves = np.log(opens[1:] * adjustments[1:]) - np.log(closes[:-1] * adjustments[:-1])
    return np.where(usable, moves, np.nan)


def estimate(store: "Lake", keys: Sequence[GridKey], *, as_of: datetime, run_id: str, threads: int = 1) -> StageOutcome:
    """Write overnight VaR and ES for every close that has none yet.

    Parameters
    ----------
    store : Lake
    keys : sequence of GridKey
        Nights belong to the keys of horizon `1d`; the others are skipped.
    as_of : datetime
        Knowledge cutoff, naive UTC.
    run_id : str
    threads : int
        Of the fits.

    Returns
    -------
    StageOutcome
        A key is skipped, with a reason, where its source has no opening prices, publishes closes in their place, or
        too few nights are known. It has failed where no fit is in force at the newest close.

    Raises
    ------
    StoreError
        If the lake cannot be read or written.

    Notes
    -----
    Methods: `filtered_historical` (90 to 99.5 %, long; 97.5 and 99 % short), `parametric` (t of the fitted filter)
    and `ewma` (RiskMetrics, normal). A fit is a row of `models.ledger` (family `overnight_var`), made anew every 250
    nights and read from there by later runs. `backtest.session_backtest` tests the rows.
    """
    started = time.perf_counter()
    version = code_version(*CODE)
    other = KeyOutcome(KeyStatus.SKIPPED, f"nights between sessions belong to the horizon {KEY_HORIZON}")
    outcomes = dict.fromkeys(keys, other)
    ledger: list[dict[str, object]] = []
    parts: list[pl.DataFrame] = []
    asked = sorted({key.instrument for key in keys if key.horizon == KEY_HORIZON})
    for name, found in tracks(store, asked, as_of, version).items():
        key = GridKey(name, KEY_HORIZON)
        if isinstance(found, str):
            outcomes[key] = KeyOutcome(KeyStatus.SKIPPED, found)
            ledger.append(refusal_row(STAGE, name, HORIZON, found, as_of=as_of, code=version))
            continue
        track, target = found
        chain = chain_of(store, track, as_of=as_of, threads=threads)
        filtered = run_filter(track.returns, track.spans, chain.fits, decay=track.decay)
        rows = new_rows(store, chain, target, filtered)
        ledger.extend(chain.ledger)
        parts.append(rows)
        outcomes[key] = outcome_of(chain, rows.height, target.forecast_origin[-1].item())
    snapshot = commit(store, STAGE, run_id, ledger, parts)
    return StageOutcome(STAGE, outcomes, snapshot, time.perf_counter() - started, version)


def realised(store: "Lake", keys: Sequence[GridKey], as_of: datetime) -> dict[GridKey, Realised]:
    """Give the losses of the nights of some keys, by instrument and the horizon `overnight`."""
    asked = sorted({key.instrument for key in keys if key.horizon == KEY_HORIZON})
    found = tracks(store, asked, as_of, code_version(*CODE))
    return {GridKey(name, HORIZON): realised_of(*pair) for name, pair in found.items() if not isinstance(pair, str)}


def tracks(
    store: "Lake", instruments: Sequence[str], as_of: datetime, code: str
) -> dict[str, tuple[Track, Target] | str]:
    """Read the nights of some instruments; a text says why an instrument has none."""
    if not instruments:
        return {}
    names = {"instruments": list(instruments), "as_of": as_of}
    able = sorted(store.query(_WITH_OPENS, names)["instrument"].to_list())
    calendars = {name: record.calendar for name, record in read_universe(store).items()}
    bars = read_adjusted_bars(store, able, "1d", as_of).partition_by("instrument", as_dict=True) if able else {}
    closed = "the source gives closes only, and a night ends with an open: load bars with opens"
    return {
        name: _track(name, bars[name,], calendars.get(name, "XNYS"), code) if (name,) in bars else closed
        for name in instruments
    }


def _track(name: str, bars: "pl.DataFrame", calendar: str, code: str) -> tuple[Track, Target] | str:
    import polars as pl

    flagged = pl.col("flags").list.set_intersection(list(HARD_FLAGS)).list.len() > 0
    good = bars.filter((pl.col("close") > 0) & pl.col("close").is_finite() & ~flagged)
    opens = good["open"].cast(pl.Float64).fill_null(float("nan")).to_numpy()
    moves = overnight_returns(opens, good["close"].to_numpy(), good["adjustment"].to_numpy())
    known = np.flatnonzero(np.isfinite(moves))
    if known.size < FEWEST:
        return f"{known.size} nights from a close to an open are known, {FEWEST} are needed for a first fit"
    closes = good["event_at"].to_numpy().astype("datetime64[us]")
    late = np.maximum.accumulate(good["known_at"].to_numpy().astype("datetime64[us]"))
    spans = [(max(0, stop - WINDOW), stop) for stop in range(FEWEST, known.size + 1, REFIT_EVERY)]
    returns = moves[known]
    track = Track(STAGE, name, HORIZON, closes[known + 1], returns, spans, DECAY, code, _repeated(returns, spans))
    first = np.arange(spans[0][1], known.size + 1)
    # A night starts at the close before its open; the last one has begun at the newest close.
    at = np.append(known, closes.size - 1)[first]
    target = Target(
        horizon=HORIZON,
        prefix="",
        bars=first,
        forecast_origin=closes[at],
        target_at=_next_opens(calendar, closes[at]),
        known_at=late[at],
        losses=np.append(-returns, np.nan)[first],
        is_tested=np.ones(first.size, dtype=np.bool_),
        distribute=partial(_distribution, first),
    )
    return track, target


def _repeated(returns: FloatArray, spans: Sequence[tuple[int, int]]) -> dict[int, str]:
    # An index that is published with the last close as its open has no nights in its prices.
    shares = {at: float((returns[start:stop] == 0.0).mean()) for at, (start, stop) in enumerate(spans)}
    return {
        at: f"{share:.0%} of the opens repeat the close before, at most {LARGEST_TIE:.0%} may: these are no opens"
        for at, share in shares.items()
        if share > LARGEST_TIE
    }


def _next_opens(calendar: str, closes: TimeArray) -> TimeArray:
    known = sessions(calendar)
    at = np.searchsorted(known.opens, closes, side="left")
    return known.opens[np.minimum(at, known.opens.size - 1)]


def _distribution(
    bars: IntArray, filtered: Filtered, rows: IntArray, method: str
) -> tuple[FloatArray, FloatArray]:  # fmt: skip
    volatility, quantiles, means = unit_distribution(filtered, bars[rows], method)
    return volatility[:, None] * quantiles, volatility[:, None] * means
