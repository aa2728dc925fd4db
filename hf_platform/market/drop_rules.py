"""Rules for the rows of a dropped file. A broken rule costs one instrument its rows, never the others."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

import numpy as np
import polars as pl

from hf_platform import calendar
from hf_platform.errors import ConfigError, DataError
from hf_platform.horizons import FREQUENCIES, INTRADAY
from hf_platform.market import drop_times
from hf_platform.market.drops import DESCRIPTIONS, NUMBERS, TIMES, Rejection
from hf_platform.market.source import PRICE_COLUMNS, TIME, VALUE_COLUMNS
from hf_platform.market.universe import Instrument, check_name

_MISSING: Final = ("", "NA", "N/A", "NaN", "nan", "null", "None", ".")
_FIX: Final = "Correct the row."


@dataclass(slots=True)
class Checked:
    """A dropped file, instrument by instrument.

    Parameters
    ----------
    frames : dict of instrument to DataFrame
        Usable rows: frequency, event_at, open, high, low, close, volume, row; sorted by event_at.
    records : dict of instrument to Instrument
        What is known about each of them.
    rejected : list of Rejection
        Why the rows of other instruments are not used.
    notices : list of Rejection
        What is odd about rows that are used.
    """

    frames: dict[str, pl.DataFrame] = field(default_factory=dict[str, pl.DataFrame])
    records: dict[str, Instrument] = field(default_factory=dict[str, Instrument])
    rejected: list[Rejection] = field(default_factory=list[Rejection])
    notices: list[Rejection] = field(default_factory=list[Rejection])


@dataclass(frozen=True, slots=True)
class _Finding:
    """A rule that one instrument breaks: first row, value there, how many rows."""

    rule: str
    next_step: str
    value: str
    row: int | None = None
    n_rows: int = 1


def check_rows(
    drop: pl.DataFrame, *, file: str, stem: str, universe: Mapping[str, Instrument], now: datetime
) -> Checked:
    """Part a file into instruments and try every rule on each.

    Parameters
    ----------
    drop : DataFrame
        From `drops.read_drop`.
    file, stem : str
        Names the file in texts; the instrument of a file without such a column.
    universe : mapping of instrument to Instrument
        What the platform knows already; a file may not contradict it.
    now : datetime
        Naive UTC; later bars are refused.
    """
    checked = Checked()
    for name, rows in _by_instrument(drop, stem).items():
        found = _check_one(name, rows, universe.get(name), now)
        if isinstance(found, list):
            checked.rejected += [_rejection(file, name, finding) for finding in found]
            continue
        record, frame, notices = found
        checked.records[name], checked.frames[name] = record, frame
        checked.notices += [_rejection(file, name, finding) for finding in notices]
    return checked


def _rejection(file: str, name: str, finding: _Finding) -> Rejection:
    return Rejection(
        file=file,
        row=finding.row,
        rule=finding.rule,
        value=finding.value[:200],
        next_step=finding.next_step,
        instrument=name[:80],
        n_rows=finding.n_rows,
    )


def _by_instrument(drop: pl.DataFrame, stem: str) -> dict[str, pl.DataFrame]:
    if "instrument" not in drop.columns:
        return {_upper(stem): drop}
    named = drop.with_columns(pl.col("instrument").cast(pl.String).fill_null("").str.strip_chars())
    names = named["instrument"].unique(maintain_order=True).to_list()
    named = named.with_columns(pl.col("instrument").replace_strict({name: _upper(name) for name in names}))
    return {str(k): rows for (k,), rows in named.partition_by("instrument", as_dict=True, maintain_order=True).items()}


def _upper(name: str) -> str:
    # Capitals only of plain letters: some others turn into plain ones and would slip through the rule.
    return name.upper() if name.isascii() else name


def _check_one(
    name: str, rows: pl.DataFrame, known: Instrument | None, now: datetime
) -> list[_Finding] | tuple[Instrument, pl.DataFrame, list[_Finding]]:
    """Give what one instrument's rows break, or its record, its rows and what is odd about them."""
    first = int(rows["row"][0])
    try:
        check_name(name)
        record = _describe(name, rows, known)
    except (DataError, ConfigError) as error:
        rule = "names and descriptions of instruments are valid"
        return [_Finding(rule, "Correct the column, or rename the file.", str(error), first, rows.height)]
    times = drop_times.parse_times(rows.select(c for c in TIMES if c in rows.columns).to_series())
    frame = _numbers(rows).hstack(times)
    findings = _unreadable(frame)
    if findings:
        return findings
    frequency, findings = _frequency(rows, frame, known)
    if findings:
        return findings
    frame = frame.with_columns(
        pl.Series("event_at", drop_times.close_times(frame, frequency, record.calendar), dtype=TIME),
        pl.lit(frequency).alias("frequency"),
    )
    findings = [*_broken(frame, record, now), *_off_the_grid(frame, frequency, record.calendar)]
    if findings:
        return findings
    kept = frame.select("frequency", "event_at", *VALUE_COLUMNS, pl.col("row").alias("row_number"))
    return replace(record, frequency=frequency), kept, _odd(kept, frequency, record.calendar)


def _describe(name: str, rows: pl.DataFrame, known: Instrument | None) -> Instrument:
    """Join what the file says about the instrument with what is known already.

    Raises
    ------
    ConfigError
        If the file contradicts itself or what is known, or names something that does not exist.
    """
    said: dict[str, Any] = {}
    for column in DESCRIPTIONS[1:]:
        values = rows[column].drop_nulls().unique().sort().to_list() if column in rows.columns else []
        if len(values) > 1:
            raise ConfigError(f"{name}: one {column} per instrument, found {', '.join(map(str, values[:3]))}.")
        if values:
            said[column] = str(values[0]).strip()
    record = Instrument(instrument=name, **said)
    if known is None:
        return record
    for column, value in said.items():
        if getattr(known, column) != value:
            raise ConfigError(
                f"{name}: {column} is {getattr(known, column)!r} since it was first loaded, found {value!r}. "
                "Leave the column out, or load the prices under another name."
            )
    return known


def _numbers(rows: pl.DataFrame) -> pl.DataFrame:
    """Read the number columns; ``bad_<column>`` holds the text that is no number."""
    columns: list[pl.Expr] = [pl.col("row")]
    for name in NUMBERS:
        if name not in rows.columns:
            columns += [pl.lit(None, pl.Float64).alias(name), pl.lit(None, pl.String).alias(f"bad_{name}")]
            continue
        text = pl.col(name).cast(pl.String).str.strip_chars()
        missing = text.is_null() | text.is_in(_MISSING)
        number = (text if rows.schema[name] == pl.String else pl.col(name)).cast(pl.Float64, strict=False)
        bad = ~missing & (number.is_null() | ~number.is_finite())
        columns += [
            pl.when(~missing).then(number).fill_nan(None).alias(name),
            pl.when(bad).then(pl.format("{}={}", pl.lit(name), text)).alias(f"bad_{name}"),
        ]
    return rows.select(columns)


def _find(frame: pl.DataFrame, condition: pl.Expr, rule: str, value: pl.Expr, next_step: str) -> list[_Finding]:
    broken = frame.filter(condition).select("row", value.cast(pl.String).alias("value"))
    if broken.is_empty():
        return []
    row, found = broken.row(0)
    return [_Finding(rule, next_step, str(found), row, broken.height)]


def _unreadable(frame: pl.DataFrame) -> list[_Finding]:
    bad = [pl.col(f"bad_{name}") for name in NUMBERS]
    has_bad = pl.any_horizontal(column.is_not_null() for column in bad)
    iso = "dates are ISO 8601: 2024-01-31, or 2024-01-31T15:30:00-05:00"
    return [
        *_find(frame, pl.col("local").is_null(), iso, pl.col("written").fill_null("nothing"), "Rewrite the date."),
        *_find(frame, has_bad, "prices and volumes are finite numbers", pl.coalesce(bad),
               "Write 1234.5, without separators or currency; leave a missing value empty."),
        *_mixed_zones(frame),
    ]  # fmt: skip


def _mixed_zones(frame: pl.DataFrame) -> list[_Finding]:
    """One zone per instrument; two offsets an hour apart are summer and winter time of the same place."""
    timed = frame.filter(pl.col("local").is_not_null())
    offsets = timed["offset"].unique().to_list()
    zones = sorted(o for o in offsets if o is not None)
    rule, next_step = "all times of an instrument are in one zone", "Write every time in UTC, ending in Z."
    if zones and None in offsets:
        return _find(
            timed, pl.col("offset").is_null() != timed["offset"].is_null()[0], rule, pl.col("written"), next_step
        )
    if len(zones) > 2 or (len(zones) == 2 and zones[1] - zones[0] > 60):
        return _find(timed, pl.col("offset") != timed["offset"][0], rule, pl.col("written"), next_step)
    return []


def _frequency(rows: pl.DataFrame, frame: pl.DataFrame, known: Instrument | None) -> tuple[str, list[_Finding]]:
    """Read the bar frequency, or infer it from what is known and from all rows of the instrument."""
    if "frequency" in rows.columns and rows["frequency"].null_count() < rows.height:
        said = rows["frequency"].cast(pl.String).str.strip_chars().unique(maintain_order=True).to_list()
        if len(said) == 1 and said[0] in FREQUENCIES:
            return str(said[0]), []
        rule, value = f"frequency is one of {', '.join(FREQUENCIES)}", ", ".join(map(str, said[:3]))
        return "", [_Finding(rule, "Write one frequency for all rows of the instrument.", value, frame["row"][0])]
    dates_only = bool(frame["is_date"].all())
    if dates_only and known is not None and known.frequency not in INTRADAY:
        return known.frequency, []
    local = frame["local"].sort().to_numpy().astype("datetime64[us]")
    found = drop_times.infer_frequency(local, dates_only=dates_only)
    if found is None:
        value = f"{frame.height} rows from {frame['written'][0]} to {frame['written'][-1]}"
        return "", [_Finding("the rows follow one bar frequency", "Add a column frequency, for example 1d.", value)]
    return found, []


def _broken(frame: pl.DataFrame, record: Instrument, now: datetime) -> list[_Finding]:
    shown = pl.format("high={} low={}", "high", "low")
    lowest = pl.min_horizontal(PRICE_COLUMNS)
    positive = pl.lit(record.price_rule == "positive") & (lowest <= 0)
    written = pl.col("written")
    twin = pl.struct("event_at").is_duplicated()
    same = pl.struct("event_at", *VALUE_COLUMNS).is_duplicated()
    repeats = same & ~pl.struct("event_at", *VALUE_COLUMNS).is_first_distinct()
    return [
        *_find(frame, pl.col("close").is_null().all(), "an instrument has at least one close", pl.lit("none"),
               "Fill the column close, or leave the instrument out."),
        *_find(frame, positive, "prices are positive", lowest,
               f"{_FIX} Where prices may fall below zero, add a column price_rule with the value any."),
        *_find(frame, pl.col("high") < pl.col("low"), "the high is not below the low", shown, _FIX),
        *_find(frame, pl.col("volume") < 0, "volume is not negative", pl.col("volume"), _FIX),
        *_find(frame, pl.col("event_at") > pl.lit(now, TIME), "a bar has ended before it is loaded", written,
               "Correct the date, or drop the file again after the session has closed."),
        *_find(frame, repeats, "one row per bar", pl.format("{} a second time", written), "Remove the repeated row."),
        *_find(frame, twin & ~same, "one row per bar", pl.format("{} with different values", written),
               "Keep the row that is right."),
        *_find(frame, pl.col("event_at") < pl.col("event_at").shift(1), "rows are sorted by time, oldest first",
               written, "Sort the file by date."),
    ]  # fmt: skip


def _off_the_grid(frame: pl.DataFrame, frequency: str, name: str) -> list[_Finding]:
    """Refuse times of day that are no bar closes: the wrong zone or calendar, or stamps at the open."""
    if bool(frame["is_date"].all()):
        return []
    moments = frame["event_at"].to_numpy().astype("datetime64[us]")
    share = drop_times.share_on_grid(moments, frequency, name)
    if share >= 0.5:
        return []
    value = f"{share:.0%} of {frame.height} rows, the first at {frame['event_at'][0]} UTC"
    next_step = "Write the zone of each time, stamp bars at their close, or add a column calendar."
    return [_Finding(f"times are closes of {frequency} bars on {name}", next_step, value, int(frame["row"][0]))]


def _odd(frame: pl.DataFrame, frequency: str, name: str) -> list[_Finding]:
    """Say what will be flagged: sessions without a row, rows without a session, rows without a close."""
    moments = frame["event_at"].to_numpy().astype("datetime64[us]")
    grid = calendar.bar_closes(name, frequency, moments.min(), moments.max())
    n_missing = int(grid.size - np.isin(grid, moments).sum())
    n_off = int(moments.size - np.isin(moments, grid).sum())
    n_empty = frame["close"].null_count()
    notes = (
        (n_missing, f"every {frequency} bar of {name} has a row", "bars missing", "bars after a gap carry a flag"),
        (n_off, f"every row ends a {frequency} bar of {name}", "rows off session", "these bars carry a flag"),
        (n_empty, "every row has a close", "rows without a close", "these rows go to market.quarantine"),
    )
    return [
        _Finding(rule, f"Nothing needs to be done; {effect}.", f"{n} {what}", None, n)
        for n, rule, what, effect in notes
        if n
    ]
