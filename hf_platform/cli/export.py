"""`hfp export`: signals and prices of a trading rule, for vectorbt or zipline."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from hf_platform.errors import DataError, UnknownNameError
from hf_platform.horizons import Horizon
from hf_platform.settings import Settings
from hf_platform.types import GridKey

_BARS = """
SELECT instrument, event_at, open, high, low, close, volume FROM market.bars
WHERE instrument IN (SELECT unnest($instruments)) AND frequency = $frequency AND known_at <= $as_of
  AND close IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY instrument, event_at ORDER BY known_at DESC) = 1
ORDER BY instrument, event_at
"""


def export(  # noqa: PLR0917 - typer fills them by name
    to: Annotated[Path, typer.Argument(help="Folder that gets the files.")],
    form: Annotated[str, typer.Option("--format", help="vectorbt (Parquet) or zipline (csvdir).")] = "vectorbt",
    rule: Annotated[str, typer.Option(help="long_short, kelly or volatility_target.")] = "volatility_target",
    member: Annotated[str, typer.Option(help="What the rule trades on, as in backtests.strategies.")] = "",
    horizon: Annotated[str, typer.Option(help="Horizon of the forecasts.")] = "1d",
    instrument: Annotated[list[str] | None, typer.Option(help="Repeatable; default: all of the lake.")] = None,
) -> None:
    """Write the signals of a trading rule and their prices in another backtester's format."""
    from hf_platform.backtest.strategy_backtest import read_forecasts, signal_frame
    from hf_platform.backtest.strategy_export import write_vectorbt, write_zipline
    from hf_platform.lake import Lake

    if form not in ("vectorbt", "zipline"):
        raise UnknownNameError("format", form, ("vectorbt", "zipline"))
    member = member or ("volatility_ensemble" if rule == "volatility_target" else "return_ensemble")
    store = Lake(Settings.from_env())
    as_of = store.query("SELECT max(known_at) AS t FROM market.bars").item()
    names = instrument or store.query("SELECT DISTINCT instrument FROM market.bars ORDER BY 1")["instrument"].to_list()
    keys = [GridKey(name, horizon) for name in names]
    prices = store.query(_BARS, {"instruments": names, "frequency": Horizon.parse(horizon).frequency, "as_of": as_of})
    forecasts = read_forecasts(store, keys, as_of, None) if as_of is not None else {}
    parts = [
        signal_frame(
            key, prices.filter(prices["instrument"] == key.instrument)["event_at"].to_numpy(), made, rule, member
        )
        for key, made in forecasts.items()
    ]
    parts = [part for part in parts if part.height]
    if not parts:
        raise DataError(
            f"no {rule} signals on {member} at {horizon} are stored, found none for {len(names)} instruments. "
            "See backtests.strategies for rules and members, or run hfp materialize."
        )
    import polars as pl

    signals = pl.concat(parts)
    prices = prices.filter(pl.col("instrument").is_in(signals["instrument"].unique().to_list()))
    written = (write_vectorbt if form == "vectorbt" else write_zipline)(to, prices, signals)
    Console().print(f"{signals.height:,} signals, {len(written)} files in {to}", soft_wrap=True)
