"""Stress tests of stored portfolios: one scenario for the terminal, or the whole library for the lake."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import numpy as np

from hf_platform.errors import DataError, UnknownNameError
from hf_platform.fitting.outcome import KeyOutcome, KeyStatus
from hf_platform.market.universe import read_universe
from hf_platform.models.code_version import code_version
from hf_platform.models.identity import content_hash
from hf_platform.risk import stress
from hf_platform.risk.book import Book, price_book
from hf_platform.risk.forecasts import covariance_version, option_volatilities, read_covariances
from hf_platform.risk.holdings import demo_portfolios, read_portfolios
from hf_platform.risk.panel import PricePanel, read_panel
from hf_platform.risk.positions import Portfolio
from hf_platform.risk.scenarios import LIBRARY, ModelStress, Scenario, Shock, Window, Worst
from hf_platform.risk.stress import StressResult
from hf_platform.types import FloatArray

if TYPE_CHECKING:
    import polars as pl

    from hf_platform.lake import Lake

PRODUCER: Final = "stress_tests"
_CODE: Final = tuple(
    f"hf_platform.risk.{module}"
    for module in ("book", "covariance", "options", "panel", "portfolio", "scenarios", "stress", "stress_stage")
)
REVERSE_HORIZONS: Final = (
    "20d",
    "1mo",
    "5d",
    "1w",
    "1d",
)  # the first that is stored: losses of a month, where it can be
MODEL_HORIZON: Final = "1d"
_SLACK: Final = timedelta(days=7)  # a window that begins on a holiday begins at the close before
_STORED: Final = """
SELECT count(*) AS n FROM risk.stress
WHERE portfolio = $portfolio AND data_version = $data_version AND code_version = $code_version
"""


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """A portfolio on the newest prices that its instruments share, ready to be stressed."""

    portfolio: Portfolio
    book: Book
    history: PricePanel
    asset_classes: dict[str, str]

    @property
    def origin(self) -> datetime:
        """Close of the newest common session, naive UTC."""
        return self.history.event_at[-1].item()


def find_portfolio(store: "Lake", name: str | None, as_of: datetime) -> Portfolio:
    """Find a portfolio of the lake; the demonstration where the lake has none yet, the first where none is named.

    Raises
    ------
    UnknownNameError
        If there is none of that name.
    """
    known = {p.name: p for p in read_portfolios(store) or demo_portfolios(store, read_universe(store), as_of)}
    if name is None:
        return next(iter(known.values()))
    if name not in known:
        raise UnknownNameError("portfolio", name, tuple(known))
    return known[name]


def subject(store: "Lake", held: Portfolio, as_of: datetime) -> Subject:
    """Price a portfolio at its newest common session."""
    history = read_panel(store, held.instruments, as_of)
    origin: datetime = history.event_at[-1].item()
    volatilities = option_volatilities(store, held.positions, origin, as_of)
    rate = store.settings.interest_rate
    book = price_book(held, held.instruments, history.closes[-1], origin, volatilities, rate=rate)
    classes = {name: record.asset_class for name, record in read_universe(store).items()}
    return Subject(held, book, history, classes)


def evaluate(store: "Lake", case: Subject, scenario: Scenario, as_of: datetime) -> StressResult:
    """Apply one scenario.

    Raises
    ------
    DataError
        If prices or covariances that the scenario needs are not in the lake.
    """
    if isinstance(scenario, Window):
        return stress.replay(case.book, _window(store, case, scenario, as_of))
    if isinstance(scenario, Worst):
        return stress.worst_window(case.book, case.history, scenario)
    if isinstance(scenario, Shock):
        return stress.shock(case.book, scenario, case.asset_classes)
    if isinstance(scenario, ModelStress):
        return stress.break_model(case.book, _covariance(store, case, (MODEL_HORIZON,), as_of), scenario)
    return stress.reverse(case.book, _covariance(store, case, REVERSE_HORIZONS, as_of), scenario)


def _window(store: "Lake", case: Subject, scenario: Window, as_of: datetime) -> PricePanel:
    # Members are those with a price at the close of the first day and of the last one.
    start = datetime.combine(scenario.start, datetime.min.time())
    stop = datetime.combine(scenario.stop, datetime.max.time())
    rows = store.query(
        "SELECT instrument, min(event_at) AS low, max(event_at) AS high, "
        "max(event_at) FILTER (event_at < $start + INTERVAL 1 DAY) AS base FROM market.bars "
        "WHERE frequency = '1d' AND known_at <= $as_of AND event_at >= $slack AND event_at <= $stop "
        "AND close IS NOT NULL AND NOT isnan(close) AND list_contains($instruments, instrument) GROUP BY instrument",
        {
            "instruments": list(case.book.instruments),
            "start": start,
            "stop": stop,
            "slack": start - _SLACK,
            "as_of": as_of,
        },
    ).to_dicts()
    ends = {row["instrument"]: (row["base"], row["high"]) for row in rows if row["base"] is not None}
    last = max((high for _, high in ends.values()), default=None)
    members = [name for name in case.book.instruments if name in ends and ends[name][1] == last]
    if not members or last is None or last <= start + timedelta(days=1):
        raise DataError(
            f"{scenario.name} replays {scenario.start} to {scenario.stop}, but no instrument of portfolio "
            f"{case.portfolio.name} has prices there. Choose another scenario."
        )
    return read_panel(store, members, as_of, start=min(ends[name][0] for name in members), stop=stop)


def _covariance(store: "Lake", case: Subject, horizons: Sequence[str], as_of: datetime) -> FloatArray:
    trouble: DataError | None = None
    for name in horizons:
        try:
            return read_covariances(store, case.portfolio, name, as_of, newest_only=True).covariances[-1]
        except DataError as error:
            trouble = trouble or error
    raise trouble or DataError("a covariance needs a horizon, found none. Name one.")


def run_library(store: "Lake", *, as_of: datetime, run_id: str) -> dict[str, KeyOutcome]:
    """Write `risk.stress` for every portfolio and scenario; a scenario that cannot be applied says why.

    Parameters
    ----------
    store : Lake
    as_of : datetime
        Knowledge cutoff of prices and covariances, naive UTC.
    run_id : str

    Returns
    -------
    dict of portfolio to KeyOutcome
        Failed where the portfolio cannot be priced.
    """
    code = code_version(*_CODE)
    return {held.name: _run(store, held, as_of, run_id, code) for held in read_portfolios(store)}


def _run(store: "Lake", held: Portfolio, as_of: datetime, run_id: str, code: str) -> KeyOutcome:
    try:
        case = subject(store, held, as_of)
    except DataError as error:
        return KeyOutcome(KeyStatus.FAILED, str(error), n_failed=len(LIBRARY))
    version = _version(store, case, as_of)
    params = {"portfolio": held.name, "data_version": version, "code_version": code}
    stored = int(store.query(_STORED, params)["n"][0])
    if stored:
        return KeyOutcome(KeyStatus.OK, n_reused=stored, data_version=version, last_origin=case.origin)
    results: dict[str, StressResult | str] = {}
    for scenario in LIBRARY:
        try:
            results[scenario.name] = evaluate(store, case, scenario, as_of)
        except DataError as error:
            results[scenario.name] = str(error)
    frame = _frame(case, results, as_of, version, code)
    with store.transaction(PRODUCER, run_id, f"{held.name}: {len(results)} scenarios") as tx:
        n_rows = tx.replace("risk.stress", frame, portfolio=[held.name])
    failed = [name for name, result in results.items() if isinstance(result, str)]
    return KeyOutcome(
        KeyStatus.OK,
        n_ok=len(results) - len(failed),
        n_failed=len(failed),
        n_rows=n_rows,
        data_version=version,
        last_origin=case.origin,
        missing=tuple(failed),
    )


def _version(store: "Lake", case: Subject, as_of: datetime) -> str:
    parts = [case.portfolio.version, str(case.history.event_at[-1]), repr(case.history.values.sum())]
    for name in sorted({*REVERSE_HORIZONS, MODEL_HORIZON}):
        try:
            parts.append(covariance_version(store, case.portfolio, name, as_of).version)
        except DataError:
            parts.append("none")
    return content_hash(*parts, *(repr(float(value)) for value in (*case.book.volatility, case.book.rate)))


def _frame(
    case: Subject, results: dict[str, StressResult | str], as_of: datetime, version: str, code: str
) -> "pl.DataFrame":
    import polars as pl

    rows = [_row(case, scenario, results[scenario.name]) for scenario in LIBRARY]
    lists = {name: pl.List(pl.Float64) for name in ("contributions", "shocks", "path")}
    texts = {name: pl.List(pl.String) for name in ("instruments", "missing_instruments", "path_dates")}
    numbers = dict.fromkeys(
        ("loss", "loss_amount", "max_drawdown", "value_at_risk", "distance", "probability"), pl.Float64()
    )
    times = dict.fromkeys(("window_start", "window_end"), pl.Datetime("us"))
    overrides = lists | texts | numbers | times | {"reason": pl.String()}
    return pl.DataFrame(rows, schema_overrides=overrides).with_columns(
        portfolio=pl.lit(case.portfolio.name),
        as_of=pl.lit(as_of),
        forecast_origin=pl.lit(case.origin),
        positions_version=pl.lit(case.portfolio.version),
        data_version=pl.lit(version),
        code_version=pl.lit(code),
        created_at=pl.lit(datetime.now(UTC).replace(tzinfo=None)),
    )


def _row(case: Subject, scenario: Scenario, result: StressResult | str) -> dict[str, object]:
    row: dict[str, object] = {
        "scenario": scenario.name,
        "kind": scenario.kind,
        "description": scenario.description,
        "instruments": list(case.book.instruments),
    }
    if isinstance(result, str):
        return row | {"reason": result}
    dates = result.dates
    return row | {
        "loss": result.loss,
        "loss_amount": result.loss * case.book.equity if result.loss is not None else None,
        "max_drawdown": result.max_drawdown,
        "value_at_risk": result.value_at_risk,
        "distance": result.distance,
        "probability": result.probability,
        "window_start": datetime.fromisoformat(dates[0]) if dates else None,
        "window_end": datetime.fromisoformat(dates[-1]) if dates else None,
        "contributions": [float(v) if np.isfinite(v) else None for v in result.contributions],
        "shocks": [float(v) if np.isfinite(v) else None for v in result.shocks],
        "missing_instruments": list(result.missing),
        "path": result.path.tolist(),
        "path_dates": list(dates),
        "reason": result.reason,
    }
