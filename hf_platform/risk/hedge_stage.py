"""The `hedge_ratios` stage: each stock against an index, each option book against its underlying.

Stocks: minimum-variance ratios from a DCC of the portfolio's instruments and one index, walked forward over the window
that they share, with the variance that the hedge would have saved out of sample. Options: delta and delta-gamma hedges
at the newest origin under forecast volatility, with the error of rebalancing daily simulated until the first expiry.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from hf_platform.errors import DataError, ModelError
from hf_platform.fitting.outcome import KeyOutcome, KeyStatus
from hf_platform.models.code_version import code_version
from hf_platform.models.identity import content_hash, derive_seed
from hf_platform.risk import dynamic_covariance as dynamics
from hf_platform.risk import hedging
from hf_platform.risk.book import Book, price_book
from hf_platform.risk.covariance import correlation_of
from hf_platform.risk.forecasts import SESSIONS_PER_YEAR, option_volatilities, read_covariances
from hf_platform.risk.holdings import read_portfolios
from hf_platform.risk.panel import PricePanel, read_panel
from hf_platform.risk.positions import Portfolio
from hf_platform.types import FloatArray, IntArray

if TYPE_CHECKING:
    import polars as pl

    from hf_platform.lake import Lake

PRODUCER: Final = "hedge_ratios"
_CODE: Final = tuple(
    f"hf_platform.{module}"
    for module in (
        "risk.book", "risk.dynamic_covariance", "risk.forecasts", "risk.hedge_stage", "risk.hedging", "risk.options",
        "risk.panel", "volatility.dcc", "volatility.dcc_likelihood",
    )
)  # fmt: skip
PATHS: Final = 2_000
STRADDLES_ON: Final = 30.0 / 365.0  # years that the hedging option outlives the book
_STORED: Final = "SELECT count(*) AS n FROM risk.hedge_results WHERE portfolio = $portfolio AND data_version = $version"
_EARLIER: Final = """
SELECT portfolio, instrument, hedge, method, forecast_origin, known_at, hedge_ratio, reason, created_at
FROM risk.hedge_ratios
WHERE portfolio = $portfolio AND method IN ('delta', 'delta_gamma') AND forecast_origin < $origin
"""
Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class _Made:
    # What a portfolio's hedges are: rows of both tables, and the newest origin.
    ratios: "pl.DataFrame"
    results: Rows
    origin: datetime


def estimate(store: "Lake", *, as_of: datetime, run_id: str, seed: int = 0) -> dict[str, KeyOutcome]:
    """Write `risk.hedge_ratios` and `risk.hedge_results` for every portfolio.

    Parameters
    ----------
    store : Lake
    as_of : datetime
        Knowledge cutoff of prices and forecasts, naive UTC.
    run_id : str
    seed : int
        Root of the simulated paths.

    Returns
    -------
    dict of portfolio to KeyOutcome
        Failed where an option is past its expiry or a forecast is missing; skipped where nothing can hedge.
    """
    code = code_version(*_CODE)
    index = _index(store)
    out: dict[str, KeyOutcome] = {}
    for held in read_portfolios(store):
        try:
            out[held.name] = _hedge(store, held, index, as_of=as_of, run_id=run_id, seed=seed, code=code)
        except (DataError, ModelError) as error:
            out[held.name] = KeyOutcome(KeyStatus.FAILED, str(error), n_failed=1)
    return out


def _index(store: "Lake") -> str | None:
    # SP500 where it is there, else the index with the longest history.
    rows = store.query(
        "SELECT instrument FROM market.bars WHERE frequency = '1d' AND instrument IN "
        "(SELECT instrument FROM market.universe WHERE asset_class = 'index') "
        "GROUP BY instrument ORDER BY instrument = 'SP500' DESC, count(*) DESC, instrument LIMIT 1"
    )
    return None if rows.is_empty() else str(rows["instrument"][0])


def _hedge(
    store: "Lake", held: Portfolio, index: str | None, *, as_of: datetime, run_id: str, seed: int, code: str
) -> KeyOutcome:
    panel = _common(store, held, index, as_of) if not held.has_options else read_panel(store, held.instruments, as_of)
    if panel is None or (len(panel.instruments) < 2 and not held.has_options):
        return KeyOutcome(KeyStatus.SKIPPED, "one instrument alone has nothing to be hedged with")
    origin: datetime = panel.event_at[-1].item()
    volatilities = option_volatilities(store, held.positions, origin, as_of)
    version = content_hash(
        held.version, code, str(panel.event_at[-1]), repr(panel.values.sum()), *panel.instruments,
        *(repr(value) for value in (*volatilities.values(), store.settings.interest_rate)), str(seed),
    )  # fmt: skip
    stored = int(store.query(_STORED, {"portfolio": held.name, "version": version})["n"][0])
    if stored:
        return KeyOutcome(KeyStatus.OK, n_reused=stored, data_version=version, last_origin=origin)
    if held.has_options:
        rate = store.settings.interest_rate
        book = price_book(held, held.instruments, panel.closes[-1], origin, volatilities, rate=rate)
        made = _option_hedges(store, held, book, panel, as_of=as_of, seed=seed)
    else:
        made = _index_hedges(held, index, panel)
    results = _results_frame(held, made.results, version)
    with store.transaction(PRODUCER, run_id, held.name) as tx:
        n_rows = tx.replace("risk.hedge_ratios", made.ratios, portfolio=[held.name])
        n_rows += tx.replace("risk.hedge_results", results, portfolio=[held.name])
    return KeyOutcome(
        KeyStatus.OK, n_ok=len(made.results), n_rows=n_rows, data_version=version, last_origin=made.origin
    )


def _common(store: "Lake", held: Portfolio, index: str | None, as_of: datetime) -> PricePanel | None:
    # With the index where the shared window is long enough to be walked, else the instruments among themselves.
    names = held.instruments
    needed = dynamics.SCHEDULES["1d"].window + dynamics.SCHEDULES["1d"].refit_every
    if index is not None and index not in names:
        try:
            panel = read_panel(store, (*names, index), as_of)
        except DataError:
            panel = None  # the index trades in other years than these instruments
        if panel is not None and len(panel) > needed:
            return panel
    return read_panel(store, names, as_of) if len(names) > 1 else None


def _index_hedges(held: Portfolio, index: str | None, panel: PricePanel) -> _Made:
    import polars as pl

    returns, schedule = panel.returns, dynamics.SCHEDULES["1d"]
    anchors = schedule.anchors(returns.shape[0])
    origins = dynamics.origins_of(returns.shape[0], anchors[0], 1)
    owner = dynamics.owners(origins, anchors)
    covariances = np.concatenate([
        dynamics.forecast(
            dynamics.fit_anchor(returns, anchor, schedule.window), returns, max(0, anchor - schedule.window),
            origins[owner == at], 1,
        ).covariance
        for at, anchor in enumerate(anchors) if (owner == at).any()
    ])  # fmt: skip
    hedge = panel.instruments.index(index) if index in panel.instruments else _most_alike(covariances[0])
    known = np.maximum.accumulate(panel.known_at[1:])
    frames: list[pl.DataFrame] = []
    results: Rows = []
    for i, name in enumerate(panel.instruments):
        if i == hedge:
            continue
        ratios = hedging.minimum_variance_ratios(covariances, i, hedge)
        effect = hedging.hedge_effect(returns[origins[:-1] + 1, i], returns[origins[:-1] + 1, hedge], ratios[:-1])
        frames.append(
            pl.DataFrame(
                {"forecast_origin": panel.event_at[1:][origins], "known_at": known[origins], "hedge_ratio": ratios}
            ).with_columns(instrument=pl.lit(name))
        )
        results.append(_result(name, panel.instruments[hedge], "minimum_variance", effect, "out_of_sample")
                       | {"window_start": panel.event_at[1:][origins[0]].item(),
                          "window_end": panel.event_at[-1].item()})  # fmt: skip
    ratios_frame = pl.concat(frames).with_columns(
        portfolio=pl.lit(held.name),
        hedge=pl.lit(panel.instruments[hedge]),
        method=pl.lit("minimum_variance"),
        created_at=pl.lit(_now()),
    )
    return _Made(ratios_frame, results, panel.event_at[-1].item())


def _most_alike(covariance: FloatArray) -> int:
    # Without an index: the instrument that the others follow most closely when the walk begins.
    return int(np.abs(correlation_of(covariance)).sum(axis=0).argmax())


def _option_hedges(
    store: "Lake", held: Portfolio, book: Book, panel: PricePanel, *, as_of: datetime, seed: int
) -> _Made:
    import polars as pl

    origin: datetime = panel.event_at[-1].item()
    stored = read_covariances(store, held, "1d", as_of)
    due = stored.origins < panel.event_at[-1]
    at = np.searchsorted(panel.event_at, stored.origins[due])
    deviations = np.sqrt(np.diagonal(stored.covariances[due], axis1=1, axis2=2))
    innovations = (panel.returns[at] - stored.means[due]) / deviations
    rows: Rows = []
    results: Rows = []
    for i, name in enumerate(book.instruments):
        legs = np.flatnonzero(book.underlying == i)
        if not legs.size:
            continue
        mine = _legs(book, legs)
        hedge, label = _hedging_option(book, mine, name, i)
        found = hedging.hedge_options(mine, hedge, float(book.spot[i]))
        held_shares = float(book.quantity[i])
        greeks = f"book delta {found.delta + held_shares:.2f}, gamma {found.gamma:.4f}, vega {found.vega:.2f}"
        rows += [
            _ratio(name, name, "delta", found.shares_for_delta - held_shares, greeks),
            _ratio(name, name, "delta_gamma", found.shares_for_both - held_shares, greeks),
            _ratio(name, label, "delta_gamma", found.hedge_options, greeks),
        ]
        n_steps = max(1, int(float(mine.maturity.min()) * SESSIONS_PER_YEAR))
        step = float(mine.volatility.mean()) / float(np.sqrt(SESSIONS_PER_YEAR))
        own_seed = derive_seed(seed, held.name, name)
        paths = hedging.bootstrap_paths(float(book.spot[i]), innovations[:, i], step, n_steps, PATHS, seed=own_seed)
        errors = hedging.simulate_hedge(mine, hedge, paths, 1.0 / SESSIONS_PER_YEAR)
        results += [
            _result(name, name if method == "delta" else label, method, effect, "simulated")
            | {"seed": own_seed, "window_start": origin}
            for method, effect in errors.items()
        ]
    earlier = store.query(_EARLIER, {"portfolio": held.name, "origin": origin})
    made = pl.DataFrame(rows).with_columns(
        portfolio=pl.lit(held.name),
        forecast_origin=pl.lit(origin),
        known_at=pl.lit(panel.known_at[-1].item()),
        created_at=pl.lit(_now()),
    )
    return _Made(pl.concat([earlier, made.select(earlier.columns)], how="vertical_relaxed"), results, origin)


def _legs(book: Book, legs: IntArray) -> hedging.OptionBook:
    chosen = [book.options[int(k)] for k in legs.tolist()]
    return hedging.OptionBook(
        np.array([position.quantity for position in chosen]),
        np.array([position.strike for position in chosen], dtype=np.float64),
        book.maturity[legs],
        tuple(position.kind == "call" for position in chosen),
        book.volatility[legs],
        book.rate,
    )


def _hedging_option(book: Book, mine: hedging.OptionBook, name: str, at: int) -> tuple[hedging.OptionBook, str]:
    # A call at the money that outlives the book; it is priced at the same forecast volatility, not quoted anywhere.
    life = float(mine.maturity.max()) + STRADDLES_ON
    spot = float(book.spot[at])
    option = hedging.OptionBook(
        np.ones(1),
        np.array([spot]),
        np.array([life]),
        (True,),
        np.array([float(mine.volatility.mean())]),
        mine.rate,
    )
    return option, f"{name} call {spot:g}, {life * 365:.0f} days (model price)"


def _ratio(instrument: str, hedge: str, method: str, ratio: float, reason: str) -> dict[str, Any]:
    return {"instrument": instrument, "hedge": hedge, "method": method, "hedge_ratio": ratio, "reason": reason}


def _result(instrument: str, hedge: str, method: str, effect: hedging.HedgeResult, basis: str) -> dict[str, Any]:
    return {
        "instrument": instrument,
        "hedge": hedge,
        "method": method,
        "basis": basis,
        "n_observations": effect.n_observations,
        "unhedged_deviation": effect.unhedged_deviation,
        "hedged_deviation": effect.hedged_deviation,
        "variance_reduction": effect.variance_reduction,
    }


def _results_frame(held: Portfolio, rows: Rows, version: str) -> "pl.DataFrame":
    import polars as pl

    return pl.DataFrame(rows).with_columns(
        portfolio=pl.lit(held.name), data_version=pl.lit(version), created_at=pl.lit(_now())
    )


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
