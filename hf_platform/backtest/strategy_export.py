"""Signals and prices in the shapes that two widely used backtesters read; neither needs to be installed.

* vectorbt: wide frames, one row a bar and one column an instrument, for ``Portfolio.from_signals`` (entries and
  exits) or ``Portfolio.from_orders(size=..., size_type="targetpercent")``.
* zipline: one CSV an instrument for the ``csvdir`` bundle (date, open, high, low, close, volume, dividend, split) and
  one file of targets (date, symbol, target) for ``order_target_percent``.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hf_platform.errors import DataError

if TYPE_CHECKING:
    import polars as pl

_PRICE_COLUMNS: Final = ("instrument", "event_at", "open", "high", "low", "close", "volume")
_SIGNAL_COLUMNS: Final = ("instrument", "event_at", "signal")


@dataclass(frozen=True, slots=True, eq=False)
class VectorbtFrames:
    """Wide frames, `event_at` first and then one column an instrument, all with the same rows.

    Parameters
    ----------
    close : polars.DataFrame
        Closes; null where an instrument has no bar.
    size : polars.DataFrame
        Wanted position as a fraction of capital, already moved to the bar that fills the order.
    entries, exits, short_entries, short_exits : polars.DataFrame
        True on the bar that fills a change of side.
    """

    close: "pl.DataFrame"
    size: "pl.DataFrame"
    entries: "pl.DataFrame"
    exits: "pl.DataFrame"
    short_entries: "pl.DataFrame"
    short_exits: "pl.DataFrame"


def to_vectorbt(prices: "pl.DataFrame", signals: "pl.DataFrame") -> VectorbtFrames:
    """Make the frames that vectorbt's `Portfolio` takes (after ``.to_pandas().set_index("event_at")``).

    Parameters
    ----------
    prices : polars.DataFrame
        instrument, event_at, open, high, low, close, volume; one row a bar.
    signals : polars.DataFrame
        instrument, event_at, signal: the position wanted with what the bar shows [fraction of capital].

    Returns
    -------
    VectorbtFrames
        Orders stand one bar after their signal, since vectorbt fills at the close of the row itself.

    Raises
    ------
    DataError
        If a column is missing, a bar comes twice, or a signal has no bar.
    """
    import polars as pl

    _check(prices, signals)
    names = sorted(prices["instrument"].unique().to_list())
    joined = prices.join(signals, on=["instrument", "event_at"], how="left").sort("instrument", "event_at")
    wanted = joined.with_columns(
        size=pl.col("signal").forward_fill().over("instrument").shift(1).over("instrument").fill_null(0.0)
    ).with_columns(
        before=pl.col("size").shift(1).over("instrument").fill_null(0.0), side=pl.col("size").sign().cast(pl.Int8)
    )
    wanted = wanted.with_columns(
        changed=pl.col("side") != pl.col("before").sign().cast(pl.Int8), past=pl.col("before").sign().cast(pl.Int8)
    )
    flags = wanted.with_columns(
        entries=(pl.col("side") > 0) & pl.col("changed"),
        exits=(pl.col("past") > 0) & pl.col("changed"),
        short_entries=(pl.col("side") < 0) & pl.col("changed"),
        short_exits=(pl.col("past") < 0) & pl.col("changed"),
    )

    def wide(column: str) -> "pl.DataFrame":
        frame = flags.pivot(on="instrument", index="event_at", values=column).sort("event_at")
        return frame.select("event_at", *names)

    falsy = pl.selectors.boolean().fill_null(value=False)
    return VectorbtFrames(
        wide("close"), wide("size").with_columns(pl.selectors.float().forward_fill().fill_null(0.0)),
        *(wide(name).with_columns(falsy) for name in ("entries", "exits", "short_entries", "short_exits")),
    )  # fmt: skip


def write_vectorbt(folder: Path, prices: "pl.DataFrame", signals: "pl.DataFrame") -> list[Path]:
    """Write the frames of `to_vectorbt` as Parquet files (``close.parquet``, ``size.parquet`` ...) and return them."""
    frames = to_vectorbt(prices, signals)
    folder.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    for name in ("close", "size", "entries", "exits", "short_entries", "short_exits"):
        written.append(folder / f"{name}.parquet")
        getattr(frames, name).write_parquet(written[-1])
    return written


def write_zipline(folder: Path, prices: "pl.DataFrame", signals: "pl.DataFrame") -> list[Path]:
    """Write a ``csvdir`` bundle and the targets of a zipline algorithm.

    Parameters
    ----------
    folder : Path
        Gets ``daily/SYMBOL.csv`` for each instrument and ``targets.csv``.
    prices, signals : polars.DataFrame
        As for `to_vectorbt`. An open, high or low that the source lacks is written as the close, a
        missing volume as 0: zipline needs a number there.

    Returns
    -------
    list of Path
        Files written. Targets stay at the bar of their signal: zipline fills orders in the next bar by itself.

    Raises
    ------
    DataError
        As `to_vectorbt`.
    """
    import polars as pl

    _check(prices, signals)
    daily = folder / "daily"
    daily.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    for (name,), bars in prices.sort("event_at").group_by("instrument", maintain_order=True):
        written.append(daily / f"{name}.csv")
        bars.select(
            pl.col("event_at").dt.date().alias("date"),
            *(pl.coalesce(column, "close").alias(column) for column in ("open", "high", "low")),
            "close",
            pl.col("volume").fill_null(0.0),
            dividend=pl.lit(0.0),
            split=pl.lit(1.0),
        ).write_csv(written[-1])
    written.append(folder / "targets.csv")
    signals.sort("event_at", "instrument").select(
        pl.col("event_at").dt.date().alias("date"),
        pl.col("instrument").alias("symbol"),
        pl.col("signal").alias("target"),
    ).write_csv(written[-1])
    return written


def _check(prices: "pl.DataFrame", signals: "pl.DataFrame") -> None:
    for what, frame, columns in (("prices", prices, _PRICE_COLUMNS), ("signals", signals, _SIGNAL_COLUMNS)):
        missing = [name for name in columns if name not in frame.columns]
        if missing:
            raise DataError(f"{what} need the columns {', '.join(columns)}, missing {', '.join(missing)}. Add them.")
        if frame.select("instrument", "event_at").is_duplicated().any():
            raise DataError(f"{what} must have one row an instrument and bar, found repeated ones. Keep one vintage.")
    homeless = signals.join(prices, on=["instrument", "event_at"], how="anti")
    if homeless.height:
        first = homeless.row(0, named=True)
        raise DataError(
            f"each signal needs its bar, found {homeless.height} without, first {first['instrument']} at "
            f"{first['event_at']}. Load the prices of those bars."
        )
