"""The `dcc_garch` stage: for each portfolio and horizon, covariances at every origin that has none yet.

One anchor's fit serves all horizons of its frequency. A fit is a row of `models.ledger` (a, b, their standard errors,
the univariate parameters), an origin a row of `risk.covariances`. Rows are named by what they were made from, so that a
second run fits nothing and a restated price remakes what it touched.
"""

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import numpy as np

from hf_platform.calendar import next_bar_closes
from hf_platform.errors import DataError, ModelError
from hf_platform.fitting.frames import ledger_frame
from hf_platform.fitting.outcome import KeyOutcome, KeyStatus
from hf_platform.horizons import INTRADAY, Horizon
from hf_platform.market.universe import read_universe
from hf_platform.models import get_family
from hf_platform.models.base import Status
from hf_platform.models.code_version import code_version
from hf_platform.models.identity import content_hash, spec_hash
from hf_platform.risk import dynamic_covariance as dynamics
from hf_platform.risk.covariance import pack
from hf_platform.risk.holdings import ledger_name, read_portfolios, universe_hash
from hf_platform.risk.panel import PricePanel, read_panel
from hf_platform.risk.positions import Portfolio
from hf_platform.types import FloatArray, IntArray, TimeArray
from hf_platform.volatility import dcc

if TYPE_CHECKING:
    import polars as pl

    from hf_platform.lake import Lake

FAMILY: Final = "dcc_garch"
_CODE: Final = (
    "hf_platform.risk.dynamic_covariance",
    "hf_platform.volatility.dcc",
    "hf_platform.volatility.dcc_likelihood",
)
_STORED: Final = "SELECT model_id, forecast_origin, input_hash FROM risk.covariances WHERE portfolio = $portfolio"
_KNOWN_MODELS: Final = "SELECT model_id FROM models.ledger WHERE family = $family AND status = 'ok'"


@dataclass(eq=False)
class _Fit:
    # One anchor's attempt; `error` says why there is no fit.
    fit: dcc.DccFit | None
    error: str | None
    seconds: float


@dataclass(eq=False)
class _Chain:
    # Returns of one portfolio at one frequency and the anchors fitted so far, shared by its horizons.
    portfolio: Portfolio
    panel: PricePanel
    returns: FloatArray
    anchors: list[int]
    schedule: dynamics.Schedule
    hashes: list[str]
    calendar: str
    code: str
    fits: dict[int, _Fit] = field(default_factory=dict[int, _Fit])

    def start(self, anchor: int) -> int:
        return max(0, anchor - self.schedule.window)

    def model_id(self, anchor: int, horizon: str) -> str:
        window = self.returns[self.start(anchor) : anchor]
        digest = hashlib.blake2b(np.ascontiguousarray(window).tobytes(), digest_size=12).hexdigest()
        times = self.panel.event_at[[self.start(anchor), anchor]]
        return content_hash(universe_hash(self.portfolio), horizon, *map(str, times), digest, self.code)

    def fitted(self, anchor: int, threads: int) -> _Fit:
        if anchor not in self.fits:
            started = time.perf_counter()
            try:
                found = dynamics.fit_anchor(self.returns, anchor, self.schedule.window, threads=threads)
                self.fits[anchor] = _Fit(found, None, time.perf_counter() - started)
            except (DataError, ModelError) as error:
                self.fits[anchor] = _Fit(None, str(error), time.perf_counter() - started)
        return self.fits[anchor]


@dataclass(frozen=True, slots=True)
class _Stored:
    # What the lake holds of a portfolio, and what a ledger row says about the run.
    rows: set[tuple[object, ...]]
    models: set[str]
    snapshot: int
    as_of: datetime


@dataclass(frozen=True, slots=True, eq=False)
class _Made:
    # What one horizon lacked.
    outcome: KeyOutcome
    parts: "list[pl.DataFrame]"
    ledger: list[dict[str, object]]


def fit(
    store: "Lake", horizons: Sequence[str], *, as_of: datetime, run_id: str, threads: int = 1
) -> dict[tuple[str, str], KeyOutcome]:
    """Write covariances of every portfolio of `risk.positions` for some horizons.

    Parameters
    ----------
    store : Lake
    horizons : sequence of str
    as_of : datetime
        Knowledge cutoff, naive UTC.
    run_id : str
    threads : int
        Of the univariate fits.

    Returns
    -------
    dict of (portfolio, horizon) to KeyOutcome
        Skipped where a horizon does not apply: intraday, one instrument only, or too short a common history.

    Raises
    ------
    DataError
        If the lake holds no portfolio.
    """
    portfolios = read_portfolios(store)
    if not portfolios:
        raise DataError("a covariance needs a portfolio, found none. Materialise positions first.")
    code = code_version(*_CODE, *get_family("garch").dependencies)
    outcomes: dict[tuple[str, str], KeyOutcome] = {}
    for portfolio in portfolios:
        book = _Stored(
            {tuple(row) for row in store.query(_STORED, {"portfolio": portfolio.name}).iter_rows()},
            set(store.query(_KNOWN_MODELS, {"family": FAMILY})["model_id"].to_list()),
            store.latest_snapshot(),
            as_of,
        )
        chains: dict[str, _Chain | KeyOutcome] = {}
        made: list[_Made] = []
        for name in horizons:
            horizon = Horizon.parse(name)
            if horizon.frequency not in chains:
                chains[horizon.frequency] = _chain(store, portfolio, horizon.frequency, as_of, code)
            chain = chains[horizon.frequency]
            if isinstance(chain, _Chain):
                made.append(_extend(book, chain, horizon, threads=threads))
                outcomes[portfolio.name, name] = made[-1].outcome
            else:
                outcomes[portfolio.name, name] = chain
        _write(store, portfolio, made, run_id)
    return outcomes


def _chain(store: "Lake", portfolio: Portfolio, frequency: str, as_of: datetime, code: str) -> _Chain | KeyOutcome:
    if frequency in INTRADAY:
        reason = "portfolio covariances are estimated from daily bars and coarser ones"
        return KeyOutcome(KeyStatus.SKIPPED, reason)
    try:
        panel = read_panel(store, portfolio.instruments, as_of, frequency=frequency)
    except DataError as error:
        return KeyOutcome(KeyStatus.FAILED, str(error), n_failed=1)
    returns = panel.returns
    schedule, fewest = dynamics.SCHEDULES[frequency], dynamics.FEWEST[frequency]
    if returns.shape[0] < fewest:
        reason = f"at least {fewest} returns shared by all instruments are needed, found {returns.shape[0]}"
        return KeyOutcome(KeyStatus.SKIPPED, reason)
    anchors = schedule.anchors(returns.shape[0])
    # Options held today have no past of their own: only the newest fit is needed, its window gives the innovations.
    anchors = anchors[-1:] if portfolio.has_options else anchors
    calendar = read_universe(store)[portfolio.instruments[0]].calendar
    hashes = _running_hashes(panel.event_at[1:], returns)
    return _Chain(portfolio, panel, returns, anchors, schedule, hashes, calendar, code)


def _running_hashes(times: TimeArray, returns: FloatArray) -> list[str]:
    # Hash of everything up to each return: a restated price changes all from there on.
    digest, out = hashlib.blake2b(digest_size=12), list[str]()
    rows, stamps = np.ascontiguousarray(returns), times.astype(np.int64)
    for at in range(rows.shape[0]):
        digest.update(stamps[at].tobytes())
        digest.update(rows[at].tobytes())
        out.append(digest.copy().hexdigest())
    return out


def _extend(stored: _Stored, chain: _Chain, horizon: Horizon, *, threads: int) -> _Made:
    """Make what one portfolio and horizon lack."""
    origins = dynamics.origins_of(chain.returns.shape[0], chain.anchors[0], horizon.n_bars)
    owner = dynamics.owners(origins, chain.anchors)
    parts: list[pl.DataFrame] = []
    ledger: list[dict[str, object]] = []
    n_failed = n_reused = 0
    in_force: int | None = None
    for at, anchor in enumerate(chain.anchors):
        mine = origins[owner == at]
        model_id = chain.model_id(anchor, horizon.name)
        lacking = _lacking(chain, mine, model_id, stored.rows)
        n_reused += mine.size - lacking.size
        if not lacking.size and model_id in stored.models:
            in_force = anchor
            continue
        attempt = chain.fitted(anchor, threads)
        ledger.append(_ledger_row(chain, anchor, horizon, attempt, stored, model_id))
        n_failed += attempt.fit is None
        if attempt.fit is not None:
            in_force = anchor
        if in_force is None or not lacking.size:
            continue
        ruling = chain.fitted(in_force, threads).fit
        if ruling is None:
            continue
        # Where this anchor could not be fitted, the last good one's parameters stay in force, under its own name.
        model_id = chain.model_id(in_force, horizon.name)
        parts.append(_rows(chain, horizon, ruling, in_force, lacking, model_id=model_id, in_sample=False))
        if at == 0 and horizon.n_bars == 1:
            inside = np.arange(chain.start(anchor), anchor - 1)
            parts.append(_rows(chain, horizon, ruling, in_force, inside, model_id=model_id, in_sample=True))
    newest_is_there = in_force is not None
    outcome = KeyOutcome(
        KeyStatus.OK if newest_is_there else KeyStatus.FAILED,
        None if newest_is_there else f"no anchor could be fitted: {ledger[-1]['reason']}",
        n_ok=sum(row["status"] == Status.OK.value for row in ledger),
        n_failed=n_failed,
        n_reused=n_reused,
        n_rows=sum(part.height for part in parts),
        data_version=content_hash(chain.hashes[-1], chain.code, horizon.name),
        last_origin=chain.panel.event_at[-1].item(),
    )
    return _Made(outcome, parts, ledger)


def _lacking(chain: _Chain, origins: IntArray, model_id: str, stored: set[tuple[object, ...]]) -> IntArray:
    times = chain.panel.event_at[1:]
    keep = [(model_id, times[i].item(), chain.hashes[i]) not in stored for i in origins.tolist()]
    return origins[np.array(keep, dtype=bool)]


def _rows(
    chain: _Chain,
    horizon: Horizon,
    fit_: dcc.DccFit,
    anchor: int,
    origins: IntArray,
    *,
    model_id: str,
    in_sample: bool,
) -> "pl.DataFrame":
    import polars as pl

    made = dynamics.forecast(fit_, chain.returns, chain.start(anchor), origins, horizon.n_bars)
    times = chain.panel.event_at[1:]
    ends = np.concatenate([times, next_bar_closes(chain.calendar, horizon.frequency, times[-1], horizon.n_bars)])
    known = np.maximum.accumulate(chain.panel.known_at[1:])
    hashes: list[str] = [chain.hashes[int(i)] for i in origins]
    return pl.DataFrame(
        {
            "forecast_origin": times[origins],
            "target_at": ends[origins + horizon.n_bars],
            "known_at": known[origins],
            "covariance": pack(made.covariance),
            "input_hash": hashes,
        }
    ).with_columns(
        pl.col("covariance").cast(pl.List(pl.Float64)),
        portfolio=pl.lit(chain.portfolio.name),
        horizon=pl.lit(horizon.name),
        model_id=pl.lit(model_id),
        instruments=pl.lit(list(chain.portfolio.instruments)),
        means=pl.lit(made.mean.tolist()),
        in_sample=pl.lit(in_sample),
        created_at=pl.lit(_now()),
    )


def _ledger_row(  # noqa: PLR0917 - one row needs all of it
    chain: _Chain, anchor: int, horizon: Horizon, attempt: _Fit, stored: _Stored, model_id: str
) -> dict[str, object]:
    times, start = chain.panel.event_at, chain.start(anchor)
    row: dict[str, object] = {
        "model_id": model_id,
        "family": FAMILY,
        "variant": dynamics.VARIANT,
        "instrument": ledger_name(chain.portfolio),
        "horizon": horizon.name,
        "forecast_origin": times[anchor].item(),
        "as_of": stored.as_of,
        "stage": "fit",
        "status": Status.OK.value if attempt.fit is not None else Status.ERROR.value,
        "reason": attempt.error,
        "n_obs": anchor - start,
        "seconds": attempt.seconds,
        "input_hash": chain.hashes[anchor - 1],
        "data_version": chain.hashes[anchor - 1],
        "spec_hash": spec_hash({"variant": dynamics.VARIANT, "window": chain.schedule.window}),
        "code_version": chain.code,
        "lake_snapshot": stored.snapshot,
        "seed": 0,
        "device": "cpu",
        "train_start": times[start + 1].item(),
        "train_end": times[anchor].item(),
        "created_at": _now(),
    }
    return row if attempt.fit is None else row | _fit_columns(attempt.fit, chain.portfolio)


def _fit_columns(found: dcc.DccFit, portfolio: Portfolio) -> dict[str, object]:
    univariate = found.univariate
    errors = [value if np.isfinite(value) else None for value in found.std_errors.tolist()]
    parameters: Mapping[str, object] = {
        "a": found.a,
        "b": found.b,
        "std_errors": {"a": errors[0], "b": errors[1]},
        "likelihood": found.likelihood,
        "univariate": {
            name: dict(zip(univariate.param_names, row, strict=True))
            for name, row in zip(portfolio.instruments, univariate.params.tolist(), strict=True)
        },
    }
    return {
        "params_json": json.dumps(parameters),
        "log_likelihood": found.log_likelihood,
        "at_boundary": bool(univariate.at_boundary.any()),
    }


def _write(store: "Lake", portfolio: Portfolio, made: Sequence[_Made], run_id: str) -> None:
    # One commit a portfolio: commits cost more than rows.
    import polars as pl

    parts = [part for each in made for part in each.parts]
    ledger = [row for each in made for row in each.ledger]
    if not parts and not ledger:
        return
    with store.transaction(FAMILY, run_id, f"{portfolio.name}: {len(ledger)} fits") as tx:
        if ledger:
            tx.append("models.ledger", ledger_frame(ledger))
        if parts:
            tx.append("risk.covariances", pl.concat(parts))


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
