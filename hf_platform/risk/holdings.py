"""Which portfolios there are: files under HFP_HOME/positions, or the bundled demonstration where there is none."""

import shutil
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from hf_platform.errors import ConfigError, DataError, UnknownNameError
from hf_platform.market.universe import Instrument, read_universe
from hf_platform.models.identity import content_hash
from hf_platform.risk.panel import read_panel
from hf_platform.risk.positions import Kind, Portfolio, Position, check_portfolio_name, read_positions
from hf_platform.settings import Settings

if TYPE_CHECKING:
    from hf_platform.lake import Lake

PRODUCER: Final = "positions"
DEMO_SOURCE: Final = "bundled demonstration"
DEMO_EQUITY: Final = 1_000_000.0
_DEMO_OPTIONS: Final = ("AAPL", "JPM")  # underlyings of the demonstration's option book
_STRANGLE: Final[tuple[tuple[Kind, float], ...]] = (("call", 1.1), ("put", 0.9))
_DEMO_LIFE: Final = timedelta(days=91)
_DEMO_SESSIONS: Final = 500


def folder(settings: Settings) -> Path:
    """Return where the files of positions lie, one a portfolio."""
    return settings.home / "positions"


def stage(path: Path, name: str, store: "Lake") -> Portfolio:
    """Check a file of positions and keep a copy under HFP_HOME, where the next run finds it.

    Raises
    ------
    DataError, UnknownNameError, ConfigError
        As `read_positions`; nothing is kept then.
    """
    portfolio = read_positions(path, check_portfolio_name(name), known_instruments(store))
    check_currency(portfolio, read_universe(store))
    target = folder(store.settings) / f"{name}.csv"
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.new")
    shutil.copyfile(path, draft)
    draft.replace(target)
    return portfolio


def forget(name: str, settings: Settings) -> None:
    """Remove a portfolio's file; the next run takes its positions out of the lake.

    Raises
    ------
    UnknownNameError
        If there is no such portfolio.
    """
    names = sorted(path.stem for path in folder(settings).glob("*.csv"))
    if name not in names:
        raise UnknownNameError("portfolio", name, tuple(names))
    (folder(settings) / f"{name}.csv").unlink()


def known_instruments(store: "Lake") -> list[str]:
    """List the instruments that the lake has bars of."""
    return store.query("SELECT DISTINCT instrument FROM market.bars ORDER BY instrument")["instrument"].to_list()


def check_currency(portfolio: Portfolio, universe: dict[str, Instrument]) -> str:
    """Return the one currency of a portfolio.

    Raises
    ------
    DataError
        If there are several: no source of exchange rates is in the lake.
    """
    held = {
        position.instrument if position.kind == "cash" else universe[position.instrument].currency
        for position in portfolio.positions
        if position.kind == "cash" or position.instrument in universe
    }
    if len(held) > 1:
        raise DataError(
            f"portfolio {portfolio.name} must be in one currency, found {', '.join(sorted(held))}. "
            "Split it by currency."
        )
    return next(iter(held), "USD")


def sync(store: "Lake", *, as_of: datetime, run_id: str) -> dict[str, str | Portfolio]:
    """Bring `risk.positions` in line with the files, or with the demonstration where there is no file.

    Returns
    -------
    dict of portfolio name to Portfolio, or to the reason why its file was refused
        What a refused file said before stays in the lake.
    """
    wanted: dict[str, str | Portfolio] = {}
    files = sorted(folder(store.settings).glob("*.csv"))
    known, universe = known_instruments(store), read_universe(store)
    for path in files:
        try:
            portfolio = read_positions(path, path.stem, known)
            check_currency(portfolio, universe)
            wanted[path.stem] = portfolio
        except (DataError, ConfigError) as error:
            wanted[path.stem] = str(error)
    stored = {portfolio.name: portfolio for portfolio in read_portfolios(store)}
    if not files:
        kept = {name: p for name, p in stored.items() if p.source == DEMO_SOURCE}
        wanted = dict(kept or {p.name: p for p in demo_portfolios(store, universe, as_of)})
    changed = [p for p in wanted.values() if isinstance(p, Portfolio) and stored.get(p.name) != p]
    gone = [name for name in stored if name not in wanted]
    if changed or gone:
        with store.transaction(PRODUCER, run_id, f"{len(changed)} portfolios changed, {len(gone)} gone") as tx:
            tx.delete("risk.positions", portfolio=[*gone, *(p.name for p in changed)])
            if changed:
                tx.append("risk.positions", _frame(changed))
    return wanted


def read_portfolios(store: "Lake", names: Sequence[str] | None = None) -> list[Portfolio]:
    """Read the portfolios of the lake, sorted by name.

    Raises
    ------
    UnknownNameError
        If one that is asked for is not there.
    """
    rows = store.query(
        "SELECT portfolio, instrument, kind, quantity, strike, expires_at, source FROM risk.positions "
        "ORDER BY portfolio, position_id"
    )
    found: dict[str, list[Position]] = {}
    sources: dict[str, str] = {}
    for row in rows.iter_rows(named=True):
        found.setdefault(row["portfolio"], []).append(
            Position(
                instrument=row["instrument"],
                quantity=row["quantity"],
                kind=cast("Kind", row["kind"]),
                strike=row["strike"],
                expiry=row["expires_at"].date() if row["expires_at"] is not None else None,
            )
        )
        sources[row["portfolio"]] = row["source"]
    for name in names or ():
        if name not in found:
            raise UnknownNameError("portfolio", name, tuple(found))
    return [Portfolio(n, tuple(p), sources[n]) for n, p in found.items() if names is None or n in names]


def demo_portfolios(store: "Lake", universe: dict[str, Instrument], as_of: datetime) -> list[Portfolio]:
    """Make the demonstration: all equities in equal parts, and a small book of short options on two of them.

    The parts are equal at the newest session that the equities share when the demonstration is first made;
    quantities stay fixed afterwards, as a real portfolio's do.
    """
    rows = store.query(
        "SELECT DISTINCT instrument, coalesce(source = 'bundled', false) AS is_bundled FROM market.universe "
        "WHERE instrument IN (SELECT instrument FROM market.bars) ORDER BY instrument"
    ).iter_rows()
    known = dict(rows)
    # Bundled prices first: a demonstration must not change by what a user drops into the inbox.
    chosen = [name for name, is_bundled in known.items() if is_bundled] or list(known)
    names = [name for name in chosen if universe[name].asset_class == "equity"] or chosen
    try:
        panel = read_panel(store, names, as_of)
    except DataError:
        panel = None
    if panel is None or len(panel) < _DEMO_SESSIONS:
        # Equities of different years, or hardly any: demonstrate with what has the longest history.
        names = [_longest(store)]
        panel = read_panel(store, names, as_of)
    part = DEMO_EQUITY / len(names)
    closes = dict(zip(names, panel.closes[-1].tolist(), strict=True))
    held = tuple(Position(instrument=n, quantity=round(part / closes[n], 4)) for n in names)
    made = [Portfolio("demo", tuple(sorted(held, key=lambda p: p.position_id)), DEMO_SOURCE)]
    writable = [name for name in _DEMO_OPTIONS if name in closes]
    if writable:
        made.append(_demo_options({name: closes[name] for name in writable}, panel.event_at[-1].item().date()))
    return made


def _demo_options(closes: dict[str, float], today: date) -> Portfolio:
    # Short strangles, 10 % either side, with cash behind them: the book that needs a hedge most.
    expiry = today + _DEMO_LIFE
    legs = [
        Position(instrument=n, quantity=-500.0, kind=kind, strike=round(close * factor, 0), expiry=expiry)
        for n, close in closes.items()
        for kind, factor in _STRANGLE
    ]
    cash = Position(instrument="USD", quantity=250_000.0, kind="cash")
    return Portfolio("demo-options", tuple(sorted([*legs, cash], key=lambda p: p.position_id)), DEMO_SOURCE)


def _longest(store: "Lake") -> str:
    rows = store.query(
        "SELECT instrument FROM market.bars WHERE frequency = '1d' GROUP BY instrument "
        "ORDER BY count(*) DESC, instrument LIMIT 1"
    )
    if rows.is_empty():
        raise DataError("a portfolio needs prices, found no daily bar. Materialise raw_prices and bars first.")
    return str(rows["instrument"][0])


def _frame(portfolios: Sequence[Portfolio]) -> "pl.DataFrame":
    import polars as pl

    now = datetime.now(UTC).replace(tzinfo=None)
    rows = [
        {
            "portfolio": portfolio.name,
            "position_id": position.position_id,
            "instrument": position.instrument,
            "kind": position.kind,
            "quantity": position.quantity,
            "strike": position.strike,
            "expires_at": datetime.combine(position.expiry, datetime.min.time())
            if position.expiry is not None
            else None,
            "source": portfolio.source,
            "positions_version": portfolio.version,
            "created_at": now,
        }
        for portfolio in portfolios
        for position in portfolio.positions
    ]
    types = {
        "quantity": pl.Float64,
        "strike": pl.Float64,
        "expires_at": pl.Datetime("us"),
        "created_at": pl.Datetime("us"),
    }
    return pl.DataFrame(rows, schema_overrides=types)


def ledger_name(portfolio: Portfolio) -> str:
    """Write a portfolio where the ledger has an instrument; no instrument can be called so."""
    return f"portfolio/{portfolio.name}"


def universe_hash(portfolio: Portfolio) -> str:
    """Hash the instruments of a portfolio, whatever the quantities: what a covariance is of."""
    return content_hash(portfolio.name, *portfolio.instruments)


if TYPE_CHECKING:
    import polars as pl
