"""Cleaning: every bar keeps its place and its value; what is odd about it is written beside it.

Rules are data. Each looks only backwards, so that a flag never changes because time went on: what
is flagged today was flagged, or not, by the same evidence on the day itself.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import polars as pl

from hf_platform import calendar
from hf_platform.errors import DataError
from hf_platform.market.source import TIME
from hf_platform.market.universe import Instrument

RuleName = Literal[
    "missing_close", "non_positive_price", "high_below_low", "close_outside_range", "duplicate", "off_session",
    "missing_session", "stale_price", "outlier", "reverted_spike", "unit_change", "late", "future_date",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One cleaning rule.

    Parameters
    ----------
    name : str
        The flag that it sets.
    says : str
        What a flagged bar looks like, for people.
    threshold : float
        Size at which the rule fires; its unit is in `says`.
    lookback : int
        Earlier bars that the rule reads, at most.
    minimum : int
        Earlier bars without which it cannot tell and stays silent.
    """

    name: RuleName
    says: str
    threshold: float = 0.0
    lookback: int = 0
    minimum: int = 0


RULES: Final[tuple[Rule, ...]] = (
    Rule(name="missing_close", says="there is no close, or it is not a number"),
    Rule(name="non_positive_price", says="a price is zero or below though the instrument's must be positive"),
    Rule(name="high_below_low", says="the high is below the low"),
    Rule(name="close_outside_range", says="open or close lies outside low to high by more than this share of the close",
         threshold=1e-9),
    Rule(name="duplicate", says="the instrument has another bar with the same close time"),
    Rule(name="off_session", says="the bar does not end where the exchange calendar ends one"),
    Rule(name="missing_session", says="bars are missing since the one before; the flag ends in their number"),
    Rule(name="stale_price", says="the close has not moved for this many bars in a row", threshold=5),
    Rule(name="outlier", says="the log return is further from the trailing median than this many robust deviations",
         threshold=10.0, lookback=250, minimum=20),
    Rule(name="reverted_spike", says="it takes back this share of the jump before it, or more, or its open does: that "
         "was a bad tick", threshold=0.75),
    Rule(name="unit_change", says="the price has changed by about this factor, or fallen to that part: other units",
         threshold=100.0),
    Rule(name="late", says="it became known more than this many days after its close", threshold=7.0),
    Rule(name="future_date", says="the bar ends after it was loaded"),
)  # fmt: skip
_OUTLIER: Final = next(rule for rule in RULES if rule.name == "outlier")
_MAD_TO_SIGMA: Final = 1.4826  # for a normal distribution
# A jump that is taken back, in robust deviations of returns and of the gaps between close and open. Two unlikely moves
# that cancel are far less likely than one of that size, and a bar that no price around it touches less likely still.
_JUMP_BACK: Final = 10.0  # taken back at the next close
_JUMP_OPEN_BACK: Final = 5.0  # taken back at the next open,
_GAP_BACK: Final = 6.0  # by a gap of this size
_ISLAND: Final = 3.0  # all prices of the bar lie beyond those of both neighbours,
_ISLAND_SHARE: Final = 0.6  # and the next open takes back this share
_SERIES: Final = ("instrument", "frequency")
_UNIT_SLACK: Final = 0.15  # of a log return: what the price itself may have moved while its unit changed


def flag(
    bars: pl.DataFrame,
    rules: Sequence[Rule] = RULES,
    *,
    records: Mapping[str, Instrument] | None = None,
    actions: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Write beside each bar which rules it breaks.

    Parameters
    ----------
    bars : DataFrame
        Columns instrument, event_at (naive UTC) and close; frequency (default ``1d``), open, high,
        low, volume, known_at and ingested_at are used where present. Any order.
    rules : sequence of Rule
        Those to apply; any subset or variation of `RULES`.
    records : mapping of instrument to Instrument, optional
        Price rule and calendar; an instrument that is not in it must be positive and trades on XNYS.
    actions : DataFrame, optional
        Columns instrument, kind, event_at, value of corporate actions: a split is no outlier and no
        change of units.

    Returns
    -------
    DataFrame
        The same rows in the same order and a column ``flags`` (list of String, sorted as the rules
        are, empty for a clean bar). An earlier column of that name is replaced.

    Raises
    ------
    DataError
        If a needed column is missing.

    Notes
    -----
    The outlier rule compares r_t with the median m_t of the `lookback` returns before it, in units
    of 1.4826 times the median of |r_s - m_s| over the same bars. Nothing is removed: fat tails are
    what the models are about. A crash stays, whatever flags it carries; only a close that is no price
    (`adjustments.HARD_FLAGS`) gives no return.
    """
    missing = [name for name in ("instrument", "event_at", "close") if name not in bars.columns]
    if missing:
        raise DataError(f"bars to clean need the columns instrument, event_at, close; {missing[0]} is missing. Add it.")
    if not rules or bars.is_empty():
        return bars.with_columns(pl.lit([], dtype=pl.List(pl.String)).alias("flags"))
    prepared = _with_scales(_prepare(bars, records or {}, actions), rules)
    work = _with_calendar_facts(prepared, {r.name for r in rules}, records or {})
    found = [_EXPRESSIONS[rule.name](rule).alias(f"_flag{i}") for i, rule in enumerate(rules)]
    flagged = work.with_columns(*found).sort("_row")
    flags = pl.concat_list(*(pl.col(f"_flag{i}") for i in range(len(rules)))).list.drop_nulls()
    return bars.with_columns(flagged.select(flags.alias("flags")).to_series())


def _prepare(bars: pl.DataFrame, records: Mapping[str, Instrument], actions: pl.DataFrame | None) -> pl.DataFrame:
    """Sort by series and time, and add what several rules share."""
    positive = {name: record.price_rule == "positive" for name, record in records.items()}
    absent = [pl.lit(None, pl.Float64).alias(c) for c in ("open", "high", "low", "volume") if c not in bars.columns]
    if "frequency" not in bars.columns:
        absent.append(pl.lit("1d").alias("frequency"))
    absent += [pl.lit(None, TIME).alias(c) for c in ("known_at", "ingested_at") if c not in bars.columns]
    log_close = pl.when((pl.col("close") > 0) & pl.col("close").is_finite()).then(pl.col("close")).log()
    opened = pl.col("open").cast(pl.Float64)  # all null where a source has closes only
    log_open = pl.when(opened > 0).then(opened).log() + pl.col("_shares").log()
    return (
        with_share_factor(bars, actions)
        .with_columns(*absent)
        .select(
            *_SERIES,
            "event_at",
            "known_at",
            "ingested_at",
            "_shares",
            pl.col("open", "high", "low", "close").fill_nan(None),
        )
        .with_row_index("_row")
        .sort(*_SERIES, "event_at", maintain_order=True)
        .with_columns(pl.struct(_SERIES).rle_id().alias("_series"))  # one whole number groups faster than two texts
        .with_columns(
            (log_close + pl.col("_shares").log()).diff().over("_series").alias("_return"),
            (log_open - (log_close + pl.col("_shares").log()).shift(1).over("_series")).alias("_gap"),
            pl.col("instrument").replace_strict(positive, default=True, return_dtype=pl.Boolean).alias("_positive"),
        )
    )


def _with_scales(work: pl.DataFrame, rules: Sequence[Rule]) -> pl.DataFrame:
    """Add how far each return is from the trailing median, and what is usual for returns and overnight gaps."""
    if not {"outlier", "reverted_spike"} & {rule.name for rule in rules}:
        return work
    rule = next((rule for rule in rules if rule.name == "outlier"), _OUTLIER)

    def usual(name: str) -> pl.Expr:
        before = pl.col(name).abs().shift(1).rolling_median(rule.lookback, min_samples=rule.minimum)
        return (before * _MAD_TO_SIGMA).over("_series")

    median = pl.col("_return").shift(1).rolling_median(rule.lookback, min_samples=1)
    return work.with_columns((pl.col("_return") - median).abs().over("_series").alias("_deviation")).with_columns(
        usual("_deviation").alias("_scale"), usual("_gap").alias("_gap_scale")
    )


def with_share_factor(bars: pl.DataFrame, actions: pl.DataFrame | None) -> pl.DataFrame:
    """Add ``_shares``: how many shares one of the first bar has become by splits."""
    one = pl.lit(1.0).alias("_shares")
    if actions is None or actions.is_empty():
        return bars.with_columns(one)
    splits = actions.filter((pl.col("kind") == "split") & pl.col("value").is_not_null()).sort("event_at")
    if splits.is_empty():
        return bars.with_columns(one)
    steps = splits.select(
        "instrument", pl.col("event_at").alias("_ex"), pl.col("value").cum_prod().over("instrument").alias("_shares")
    )
    timed = bars.with_row_index("_order").sort("event_at").with_columns(pl.col("event_at").cast(TIME).alias("_close"))
    joined = timed.join_asof(
        steps.with_columns(pl.col("_ex").cast(TIME)), left_on="_close", right_on="_ex", by="instrument",
        check_sortedness=False, allow_exact_matches=False,
    )  # fmt: skip
    return joined.sort("_order").drop("_order", "_close", "_ex").with_columns(pl.col("_shares").fill_null(1.0))


def _with_calendar_facts(work: pl.DataFrame, names: set[RuleName], records: Mapping[str, Instrument]) -> pl.DataFrame:
    """Add, for each bar, whether it ends on the calendar's grid and how many bars are missing before it."""
    if not names & {"off_session", "missing_session"}:
        return work
    parts: list[pl.DataFrame] = []
    calendars = {name: record.calendar for name, record in records.items()}
    keyed = work.with_columns(
        pl.col("instrument").replace_strict(calendars, default="XNYS", return_dtype=pl.String).alias("_calendar")
    )
    for (name, frequency), part in keyed.partition_by("_calendar", "frequency", as_dict=True).items():
        moments = part["event_at"].to_numpy().astype("datetime64[us]")
        grid = calendar.bar_closes(str(name), str(frequency), moments.min(), moments.max())
        up_to = np.searchsorted(grid, moments, side="right")
        on_grid = up_to > np.searchsorted(grid, moments, side="left")
        counted = part.with_columns(pl.Series("_up_to", up_to), pl.Series("_on_grid", on_grid))
        gap = pl.col("_up_to") - pl.col("_on_grid").cast(pl.Int64) - pl.col("_up_to").shift(1).over("_series")
        parts.append(counted.with_columns(gap.alias("_missing")))
    return pl.concat(parts).sort("_series", "event_at", maintain_order=True)


def _when(condition: pl.Expr, rule: Rule) -> pl.Expr:
    return pl.when(condition).then(pl.lit(rule.name))


def _missing_close(rule: Rule) -> pl.Expr:
    return _when(pl.col("close").is_null() | pl.col("close").is_infinite(), rule)


def _non_positive_price(rule: Rule) -> pl.Expr:
    lowest = pl.min_horizontal("open", "high", "low", "close")
    return _when(pl.col("_positive") & (lowest <= 0), rule)


def _high_below_low(rule: Rule) -> pl.Expr:
    return _when(pl.col("high") < pl.col("low"), rule)


def _close_outside_range(rule: Rule) -> pl.Expr:
    slack = pl.col("close").abs() * rule.threshold
    above = pl.max_horizontal("open", "close") > pl.col("high") + slack
    below = pl.min_horizontal("open", "close") < pl.col("low") - slack
    return _when(above | below, rule)


def _duplicate(rule: Rule) -> pl.Expr:
    return _when(pl.len().over("_series", "event_at") > 1, rule)


def _off_session(rule: Rule) -> pl.Expr:
    return _when(~pl.col("_on_grid"), rule)


def _missing_session(rule: Rule) -> pl.Expr:
    return pl.when(pl.col("_missing") > 0).then(pl.format(rule.name + ":{}", pl.col("_missing")))


def _stale_price(rule: Rule) -> pl.Expr:
    moved = (pl.col("close") != pl.col("close").shift(1)).fill_null(value=True).over("_series")
    run = pl.cum_count("close").over("_series", moved.cum_sum().over("_series"))
    return _when((run > rule.threshold) & pl.col("close").is_not_null(), rule)


def _is_jump(deviations: float) -> pl.Expr:
    return (pl.col("_deviation") > deviations * pl.col("_scale")) & (pl.col("_scale") > 0)


def _outlier(rule: Rule) -> pl.Expr:
    return _when(_is_jump(rule.threshold), rule)


def _reverted_spike(rule: Rule) -> pl.Expr:
    before = pl.col("_return").shift(1)

    def undone(move: str, share: float) -> pl.Expr:
        return (before + pl.col(move)).abs() <= (1.0 - share) * before.abs()

    usual_gap = pl.col("_gap_scale").shift(1)
    wide_gap = (pl.col("_gap").abs() > _GAP_BACK * usual_gap) & (usual_gap > 0)
    low, high = (pl.col(name).cast(pl.Float64).shift(1) * pl.col("_shares").shift(1) for name in ("low", "high"))
    after_low, after_high = (pl.col(name).cast(pl.Float64) * pl.col("_shares") for name in ("low", "high"))
    above = (low > after_high) & (low > after_high.shift(2))
    below = (high < after_low) & (high < after_low.shift(2))
    evidence = (
        _is_jump(_JUMP_BACK).shift(1) & undone("_return", rule.threshold),
        _is_jump(_JUMP_OPEN_BACK).shift(1) & wide_gap & undone("_gap", rule.threshold),
        _is_jump(_ISLAND).shift(1) & (above | below) & undone("_gap", _ISLAND_SHARE),
    )
    return _when(pl.any_horizontal(one.fill_null(value=False) for one in evidence).over("_series"), rule)


def _unit_change(rule: Rule) -> pl.Expr:
    return _when((pl.col("_return").abs() - math.log(rule.threshold)).abs() <= _UNIT_SLACK, rule)


def _late(rule: Rule) -> pl.Expr:
    return _when(pl.col("known_at") - pl.col("event_at") > pl.duration(days=rule.threshold), rule)


def _future_date(rule: Rule) -> pl.Expr:
    return _when(pl.col("event_at") > pl.col("ingested_at"), rule)


_EXPRESSIONS: Final[dict[RuleName, Callable[[Rule], pl.Expr]]] = {
    "missing_close": _missing_close,
    "non_positive_price": _non_positive_price,
    "high_below_low": _high_below_low,
    "close_outside_range": _close_outside_range,
    "duplicate": _duplicate,
    "off_session": _off_session,
    "missing_session": _missing_session,
    "stale_price": _stale_price,
    "outlier": _outlier,
    "reverted_spike": _reverted_spike,
    "unit_change": _unit_change,
    "late": _late,
    "future_date": _future_date,
}
