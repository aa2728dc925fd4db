"""The `portfolio_risk` stage: VaR, ES, their components and reference allocations of every portfolio.

VaR of today's positions is estimated at every origin of `risk.covariances`, held fixed as shares of equity: with the
realised losses beside it, that is a backtest of the positions as they stand. Components and allocations are of the
newest origin. A portfolio with options has no past worth testing and gets the newest origin only, by full revaluation.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from hf_platform.errors import DataError, ModelError
from hf_platform.fitting.outcome import KeyOutcome, KeyStatus
from hf_platform.horizons import Horizon
from hf_platform.models.code_version import code_version
from hf_platform.models.identity import content_hash
from hf_platform.risk import allocation, portfolio
from hf_platform.risk.book import Book, price_book
from hf_platform.risk.covariance import symmetric_roots
from hf_platform.risk.forecasts import (
    CovarianceVersion,
    StoredCovariances,
    covariance_version,
    option_volatilities,
    read_covariances,
    years_between,
)
from hf_platform.risk.holdings import read_portfolios
from hf_platform.risk.panel import PricePanel, read_panel
from hf_platform.risk.portfolio_paths import Path, freedom_path, parametric_path, scenario_count, simulated_paths
from hf_platform.risk.positions import Portfolio, Position
from hf_platform.types import CONFIDENCES, FloatArray, IntArray

if TYPE_CHECKING:
    import polars as pl

    from hf_platform.lake import Lake

    _Frames = tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]

PRODUCER: Final = "portfolio_risk"
_CODE: Final = tuple(
    f"hf_platform.{module}"
    for module in (
        "risk.allocation", "risk.book", "risk.covariance", "risk.forecasts", "risk.options", "risk.panel",
        "risk.portfolio", "risk.portfolio_paths", "risk.portfolio_stage", "volatility.distributions",
    )
)  # fmt: skip
_STORED: Final = """
SELECT count(*) AS n FROM risk.portfolio
WHERE portfolio = $portfolio AND horizon = $horizon AND data_version = $data_version AND code_version = $code_version
"""


@dataclass(frozen=True, slots=True, eq=False)
class _Case:
    # One portfolio at one horizon: its forecasts, and what had been learned at each of them.
    book: Book
    horizon: Horizon
    forecasts: StoredCovariances  # out of sample only
    innovations: FloatArray
    known: IntArray
    standardised: FloatArray
    losses: FloatArray

    @property
    def weights(self) -> FloatArray:
        return self.book.exposures / self.book.equity


def estimate(store: "Lake", horizons: Sequence[str], *, as_of: datetime, run_id: str) -> dict[str, KeyOutcome]:
    """Write `risk.portfolio`, `.portfolio_components` and `.portfolio_weights` for every portfolio.

    Parameters
    ----------
    store : Lake
    horizons : sequence of str
        Those without covariances are left out, and named in the outcome's `missing`.
    as_of : datetime
        Knowledge cutoff of prices and forecasts, naive UTC; positions are those of `risk.positions`.
    run_id : str

    Returns
    -------
    dict of portfolio to KeyOutcome
        Failed where no horizon could be estimated.

    Notes
    -----
    A portfolio whose positions, forecasts and code are unchanged is left as it is.
    """
    code = code_version(*_CODE, "skfolio")
    return {
        held.name: _estimate(store, held, horizons, as_of=as_of, run_id=run_id, code=code)
        for held in read_portfolios(store)
    }


def _estimate(
    store: "Lake", held: Portfolio, horizons: Sequence[str], *, as_of: datetime, run_id: str, code: str
) -> KeyOutcome:
    troubles: dict[str, str] = {}
    newest: datetime | None = None
    n_rows = n_reused = 0
    made: dict[str, _Frames] = {}
    panels: dict[str, PricePanel] = {}
    found_at: dict[str, CovarianceVersion] = {}
    versions = list[str]()
    for name in horizons:
        try:
            horizon = Horizon.parse(name)
            for each in {name, horizon.frequency} - found_at.keys():
                found_at[each] = covariance_version(store, held, each, as_of)
            found, base = found_at[name], found_at[horizon.frequency]
            volatilities = option_volatilities(store, held.positions, found.newest, as_of)
            inputs = [repr(value) for value in (*volatilities.values(), store.settings.interest_rate)]
            version = content_hash(held.version, found.version, base.version, *inputs)
            versions.append(version)
            newest = max(newest or found.newest, found.newest)
            if _is_stored(store, held, name, version, code):
                n_reused += 1
                continue
            if horizon.frequency not in panels:
                panels[horizon.frequency] = read_panel(store, held.instruments, as_of, frequency=horizon.frequency)
            case = _case(store, held, horizon, volatilities, panels[horizon.frequency], as_of=as_of)
            made[name] = _estimates(held, case, as_of=as_of, code=code, data_version=version)
        except (DataError, ModelError) as error:
            troubles[name] = str(error)
    if made:
        n_rows = _write(store, held, made, run_id)
    done = len(made) + n_reused > 0
    return KeyOutcome(
        KeyStatus.OK if done else KeyStatus.FAILED,
        None if done else next(iter(troubles.values()), "no horizon was asked for"),
        n_ok=len(made),
        n_failed=len(troubles),
        n_reused=n_reused,
        n_rows=n_rows,
        data_version=content_hash(*versions),
        last_origin=newest,
        missing=tuple(f"{name}: {why}" for name, why in troubles.items()),
    )


def _case(
    store: "Lake",
    held: Portfolio,
    horizon: Horizon,
    volatilities: dict[Position, float],
    panel: PricePanel,
    *,
    as_of: datetime,
) -> _Case:
    stored = read_covariances(store, held, horizon.name, as_of)
    base = stored if horizon.n_bars == 1 else read_covariances(store, held, horizon.frequency, as_of)
    origin: datetime = stored.origins[-1].item()
    at = _positions_of(panel, stored)
    rate = store.settings.interest_rate
    book = price_book(held, held.instruments, panel.closes[at[-1]], origin, volatilities, rate=rate)
    _, inverse = symmetric_roots(base.covariances)
    steps, due = _due(panel, base, 1)
    one_bar = portfolio.filtered_innovations(panel.returns[steps], base.means[due], inverse[due])
    innovations = portfolio.block_sums(one_bar, horizon.n_bars)
    ended = steps[horizon.n_bars - 1 :] + 1  # bar that ends each innovation
    weights = book.exposures / book.equity
    standardised, ended_whole = _standardised(panel, stored, horizon, weights)
    fresh = np.flatnonzero(~stored.in_sample)
    fresh = fresh[-1:] if held.has_options else fresh
    forecasts = _select(stored, fresh)
    return _Case(
        book,
        horizon,
        forecasts,
        innovations,
        np.stack([np.searchsorted(ended, at[fresh], "right"), np.searchsorted(ended_whole, at[fresh], "right")]),
        standardised,
        _losses(panel, at[fresh], horizon.n_bars, weights, known=not held.has_options),
    )


def _select(stored: StoredCovariances, chosen: IntArray) -> StoredCovariances:
    return StoredCovariances(
        stored.instruments,
        stored.origins[chosen],
        stored.targets[chosen],
        stored.known_at[chosen],
        stored.means[chosen],
        stored.covariances[chosen],
        stored.in_sample[chosen],
    )


def _positions_of(panel: PricePanel, stored: StoredCovariances) -> IntArray:
    at = np.searchsorted(panel.event_at, stored.origins)
    inside = at < len(panel)
    if not inside.all() or (panel.event_at[at[inside]] != stored.origins[inside]).any():
        raise DataError(
            "covariances and prices must stand on the same sessions, found an origin without a price: prices have been "
            "restated since. Materialise dcc_garch again."
        )
    return at.astype(np.int64)


def _due(panel: PricePanel, stored: StoredCovariances, n_bars: int) -> tuple[IntArray, IntArray]:
    # Return index that each forecast was for, and which forecasts have come due.
    at = _positions_of(panel, stored)
    due = np.flatnonzero(at + n_bars < len(panel))
    return at[due], due


def _standardised(
    panel: PricePanel, stored: StoredCovariances, horizon: Horizon, weights: FloatArray
) -> tuple[FloatArray, IntArray]:
    # Portfolio returns over their forecast deviation, and the bar at which each was known.
    steps, due = _due(panel, stored, horizon.n_bars)
    logs = np.log(panel.values)
    whole = (logs[steps + horizon.n_bars] - logs[steps]) @ weights
    deviation = np.sqrt(np.einsum("i,tij,j->t", weights, stored.covariances[due], weights))
    return (whole - stored.means[due] @ weights) / deviation, steps + horizon.n_bars


def _losses(panel: PricePanel, at: IntArray, n_bars: int, weights: FloatArray, *, known: bool) -> FloatArray:
    out = np.full(at.shape[0], np.nan)
    due = at + n_bars < len(panel)
    if known:
        out[due] = -((panel.values[at[due] + n_bars] / panel.values[at[due]] - 1.0) @ weights)
    return out


def _is_stored(store: "Lake", held: Portfolio, horizon: str, data_version: str, code: str) -> bool:
    params = {"portfolio": held.name, "horizon": horizon}
    rows = store.query(_STORED, params | {"data_version": data_version, "code_version": code})
    return int(rows["n"][0]) > 0


def _write(store: "Lake", held: Portfolio, made: Mapping[str, "_Frames"], run_id: str) -> int:
    # One commit a portfolio: commits cost more than rows.
    import polars as pl

    slice_, n_rows = {"portfolio": [held.name], "horizon": list(made)}, 0
    with store.transaction(PRODUCER, run_id, f"{held.name}: {', '.join(made)}") as tx:
        for at, table in enumerate(("risk.portfolio", "risk.portfolio_components", "risk.portfolio_weights")):
            n_rows += tx.replace(table, pl.concat([frames[at] for frames in made.values()]), **slice_)
    return n_rows


def _estimates(held: Portfolio, case: _Case, *, as_of: datetime, code: str, data_version: str) -> "_Frames":
    import polars as pl

    stamp = {"portfolio": held.name, "horizon": case.horizon.name, "created_at": _now()}
    constants = {name: pl.lit(value) for name, value in stamp.items()}
    paths = _paths(case)
    totals = pl.concat([_path_frame(case, path) for path in paths]).with_columns(
        **constants,
        as_of=pl.lit(as_of),
        equity=pl.lit(case.book.equity),
        positions_version=pl.lit(held.version),
        data_version=pl.lit(data_version),
        code_version=pl.lit(code),
    )
    parts = _components(case, paths).with_columns(**constants)
    weights = _allocations(case).with_columns(**constants)
    return totals, parts, weights


def _paths(case: _Case) -> list[Path]:
    forecasts, weights = case.forecasts, case.weights
    freedom = freedom_path(case.standardised, case.known[1])
    paths = [parametric_path(weights, forecasts.means, forecasts.covariances, c) for c in CONFIDENCES]
    paths += [parametric_path(weights, forecasts.means, forecasts.covariances, c, freedom) for c in CONFIDENCES]
    if case.book.options:
        paths += [_revalued(case, confidence) for confidence in CONFIDENCES]
    else:
        roots, _ = symmetric_roots(forecasts.covariances)
        paths += simulated_paths(
            weights, forecasts.means, roots, case.innovations, known=case.known[0], confidences=CONFIDENCES
        )
    return paths


def _profits(case: _Case, confidence: float) -> FloatArray | None:
    # Profits of the newest origin's scenarios by instrument, as shares of equity; None where history is too short.
    n_known = int(case.known[0, -1])
    n = scenario_count(n_known, confidence)
    if not n:
        return None
    root, _ = symmetric_roots(case.forecasts.covariances[-1:])
    returns = case.forecasts.means[-1] + case.innovations[n_known - n : n_known] @ root[0]
    passed = years_between(case.forecasts.origins[-1], case.forecasts.targets[-1])
    return case.book.profits(returns, years=passed) / case.book.equity


def _revalued(case: _Case, confidence: float) -> Path:
    profits = _profits(case, confidence)
    if profits is None:
        return Path("filtered_historical", confidence, np.array([np.nan]), np.array([np.nan]))
    risk = portfolio.scenario_risk(profits, case.weights, confidence)
    return Path("filtered_historical", confidence, np.array([risk.value_at_risk]), np.array([risk.expected_shortfall]))


def _path_frame(case: _Case, path: Path) -> "pl.DataFrame":
    import polars as pl

    forecasts, weights = case.forecasts, case.weights
    return pl.DataFrame(
        {
            "forecast_origin": forecasts.origins,
            "target_at": forecasts.targets,
            "known_at": forecasts.known_at,
            "value_at_risk": path.value_at_risk,
            "expected_shortfall": path.expected_shortfall,
            "volatility": np.sqrt(np.einsum("i,tij,j->t", weights, forecasts.covariances, weights)),
            "loss": case.losses,
        }
    ).with_columns(method=pl.lit(path.method), confidence=pl.lit(path.confidence)).filter(
        pl.col("value_at_risk").is_finite()
    )  # fmt: skip


def _components(case: _Case, paths: Sequence[Path]) -> "pl.DataFrame":
    import polars as pl

    newest, weights = case.forecasts, case.weights
    freedom = freedom_path(case.standardised, case.known[1])[-1]
    frames: list[pl.DataFrame] = []
    for path in paths:
        if not np.isfinite(path.value_at_risk[-1]):
            continue
        if path.method == "filtered_historical":
            profits = _profits(case, path.confidence)
            if profits is None:
                continue
            risk = portfolio.scenario_risk(profits, weights, path.confidence)
        else:
            nu = float(freedom) if path.method == "student_t" else None
            risk = portfolio.parametric_risk(
                weights, newest.means[-1], newest.covariances[-1], path.confidence, freedom=nu, names=newest.instruments
            )
        columns: dict[str, Any] = {
            "instrument": list(newest.instruments),
            "exposure": weights,
            "component_value_at_risk": risk.component_value_at_risk,
            "component_expected_shortfall": risk.component_expected_shortfall,
            "marginal_value_at_risk": risk.marginal_value_at_risk,
            "incremental_value_at_risk": risk.incremental_value_at_risk,
        }
        frames.append(
            pl.DataFrame(columns).with_columns(
                method=pl.lit(path.method),
                confidence=pl.lit(path.confidence),
                forecast_origin=pl.lit(newest.origins[-1].item()),
            )
        )
    return pl.concat(frames)


def _allocations(case: _Case) -> "pl.DataFrame":
    import polars as pl

    names, covariance = case.forecasts.instruments, case.forecasts.covariances[-1]
    chosen = {"held": case.weights}
    if len(names) > 1 and not case.book.options:
        chosen["minimum_variance"] = allocation.minimum_variance(covariance, names)
        chosen["risk_parity"] = allocation.risk_parity(covariance, names)
    return pl.concat(
        [
            pl.DataFrame(
                {
                    "instrument": list(names),
                    "weight": weights,
                    "risk_share": allocation.risk_shares(weights, covariance),
                }
            ).with_columns(
                allocation=pl.lit(name),
                volatility=pl.lit(float(np.sqrt(weights @ covariance @ weights))),
                forecast_origin=pl.lit(case.forecasts.origins[-1].item()),
            )
            for name, weights in chosen.items()
        ]
    )


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
