"""Rows of a dropped file that are no prices: read as far as they can be, and kept by instrument.

Only what the whole file or a whole instrument gets wrong is rejected here. A bad row keeps its words in
the column `found` and goes to `market.quarantine` when it is loaded: the good rows beside it proceed.
"""

import json
from collections.abc import Mapping
from typing import Any, Final, cast

import numpy as np
import polars as pl

from hf_platform import calendar
from hf_platform.market import drop_times
from hf_platform.market.alternative_data import ALTERNATIVE_SCHEMA, PUBLICATION_LAG
from hf_platform.market.corporate_actions import ACTIONS_SCHEMA, ENDING, ex_times
from hf_platform.market.drop_layouts import ALTERNATIVE_DATA, CORPORATE_ACTIONS, Layout
from hf_platform.market.drops import Rejection
from hf_platform.market.source import TIME
from hf_platform.market.universe import Instrument
from hf_platform.types import TimeArray

_MISSING: Final = ("", "NA", "N/A", "NaN", "nan", "null", "None", ".")
OTHER: Final = (CORPORATE_ACTIONS, ALTERNATIVE_DATA)


def check_other(
    drop: pl.DataFrame, layout: Layout, *, file: str, known: Mapping[str, Instrument]
) -> tuple[dict[str, pl.DataFrame], list[Rejection]]:
    """Part a file into instruments and read their rows.

    Parameters
    ----------
    drop : DataFrame
        From `drops.read_drop`.
    layout : Layout
        One of `OTHER`.
    file : str
        Names the file in texts.
    known : mapping of instrument to Instrument
        Instruments with prices; rows of others are rejected.

    Returns
    -------
    frames : dict of instrument to DataFrame
        Columns of `ACTIONS_SCHEMA` or `ALTERNATIVE_SCHEMA` without source, then row_number and found.
    rejected : list of Rejection
    """
    frames: dict[str, pl.DataFrame] = {}
    rejected: list[Rejection] = []
    named = drop.with_columns(pl.col("instrument").fill_null("").str.strip_chars())
    names = {name: name.upper() for name in named["instrument"].unique() if name.isascii()}
    named = named.with_columns(pl.col("instrument").replace(names))
    for (name,), rows in named.partition_by("instrument", as_dict=True, maintain_order=True).items():
        record = known.get(str(name))
        if record is None:
            rule, step = "the instrument has prices", "Load its prices first, then drop the file again."
            rejected.append(
                Rejection(file=file, row=int(rows["row"][0]), rule=rule, value=str(name)[:80] or "nothing",
                          next_step=step, instrument=str(name)[:80], n_rows=rows.height)
            )  # fmt: skip
            continue
        frames[record.instrument] = _read(rows, layout, record)
    return frames, rejected


def _read(rows: pl.DataFrame, layout: Layout, record: Instrument) -> pl.DataFrame:
    """Read every cell of one instrument; a cell that cannot be read is null and named in `found`."""
    cells = {name: _number(rows, name) for name in layout.numbers}
    cells |= {name: _vector(rows, name) for name in layout.vectors}
    texts = {name: _text(rows, name) for name in layout.texts if name != "instrument"}
    main = next(name for name in layout.times if name in rows.columns)
    kind = texts["action" if layout is CORPORATE_ACTIONS else "kind"].str.to_lowercase()
    parsed = {name: drop_times.parse_times(rows[name]) for name in (main, *layout.more_times) if name in rows.columns}
    times = {name: _moments(frame, record) for name, frame in parsed.items()}
    if layout is CORPORATE_ACTIONS:
        times[main] = _ex_moments(parsed[main], times[main], kind, record)
    unread = [_unread(rows, name, series) for name, series in cells.items() if name in rows.columns]
    unread += [_unread(rows, name, pl.Series(moments)) for name, moments in times.items()]
    event_at = pl.Series("event_at", times[main], dtype=TIME)
    frame = pl.DataFrame(
        {**texts, **cells, "kind": kind, "event_at": event_at, "row_number": rows["row"]}
    ).with_columns(
        pl.lit(record.instrument).alias("instrument"),
        pl.Series("known_at", times.get("known_at", times.get("announced", _never(rows.height))), dtype=TIME),
        pl.concat_str(unread, separator="; ", ignore_nulls=True).replace("", None).alias("found"),
    )
    lag = pl.col("kind").replace_strict(dict(PUBLICATION_LAG), default=None, return_dtype=pl.Duration("us"))
    usual = pl.col("event_at") if layout is CORPORATE_ACTIONS else pl.col("event_at") + lag
    schema = ACTIONS_SCHEMA if layout is CORPORATE_ACTIONS else ALTERNATIVE_SCHEMA
    wanted = [pl.col(name).cast(kind_) for name, kind_ in schema.items() if name != "source"]
    return frame.with_columns(pl.coalesce("known_at", usual).alias("known_at")).select(*wanted, "row_number", "found")


def _never(n: int) -> TimeArray:
    return np.full(n, "NaT", "datetime64[us]")


def _text(rows: pl.DataFrame, name: str) -> pl.Series:
    if name not in rows.columns:
        return pl.Series(name, [None] * rows.height, dtype=pl.String)
    text = rows[name].cast(pl.String).str.strip_chars()
    return text.set(text.is_in(_MISSING), None)


def _number(rows: pl.DataFrame, name: str) -> pl.Series:
    if name in rows.columns and rows.schema[name] != pl.String:
        return rows[name].cast(pl.Float64)
    return _text(rows, name).cast(pl.Float64, strict=False)


def _vector(rows: pl.DataFrame, name: str) -> pl.Series:
    if name in rows.columns and isinstance(rows.schema[name], pl.List | pl.Array):
        return rows[name].cast(pl.List(pl.Float64))
    return pl.Series(name, [_list(text) for text in _text(rows, name)], dtype=pl.List(pl.Float64))


def _list(text: str | None) -> list[float] | None:
    """Read a JSON list of numbers; None where it is none."""
    try:
        found: Any = json.loads(text) if text is not None else None
        return [float(x) for x in cast("list[Any]", found)] if isinstance(found, list) else None
    except (ValueError, TypeError):
        return None


def _moments(parsed: pl.DataFrame, record: Instrument) -> TimeArray:
    """Put written times on the clock: a date stands for its session's close, a time without a zone is UTC."""
    local = parsed["local"].to_numpy().astype("datetime64[us]")
    known = ~np.isnat(local)
    moments = local - parsed["offset"].fill_null(0).to_numpy().astype("timedelta64[m]")
    dated = known & parsed["is_date"].fill_null(value=False).to_numpy()
    moments[dated] = calendar.closes_of(record.calendar, local[dated].astype("datetime64[D]"))[0]
    return moments


def _ex_moments(parsed: pl.DataFrame, moments: TimeArray, kind: pl.Series, record: Instrument) -> TimeArray:
    """Put ex-dates at the open of their session; a delisting stays at its last close."""
    local = parsed["local"].to_numpy().astype("datetime64[us]")
    dated = ~np.isnat(local) & parsed["is_date"].fill_null(value=False).to_numpy()
    opens = dated & ~kind.is_in(ENDING).fill_null(value=False).to_numpy()
    moments[opens] = ex_times(record.calendar, local[opens].astype("datetime64[D]"))
    return moments


def _unread(rows: pl.DataFrame, name: str, read: pl.Series) -> pl.Series:
    """Quote the cells that say something which could not be read."""
    said = rows[name].is_not_null()
    if rows.schema[name] == pl.String:
        said &= ~rows[name].str.strip_chars().is_in(_MISSING)
    lost = said & read.is_null()
    frame = pl.DataFrame({"lost": lost, "cell": rows[name].cast(pl.String, strict=False)}) if lost.any() else None
    if frame is None:
        return pl.Series(f"unread_{name}", [None] * rows.height, dtype=pl.String)
    quoted = pl.when("lost").then(pl.format("{}={}", pl.lit(name), pl.col("cell").str.slice(0, 100)))
    return frame.select(quoted.alias(f"unread_{name}")).to_series()
