"""How well cleaning finds what was spoilt on purpose, and whether it leaves true crashes alone."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np
import polars as pl

from hf_platform.market import cleaning
from hf_platform.market.adjustments import HARD_FLAGS
from hf_platform.market.cross_section import lonely_moves
from hf_platform.market.simulator import SimulationSpec, simulate
from hf_platform.types import IntArray

_SPEC: Final = SimulationSpec(
    instruments=tuple(f"SIM.{i:02d}" for i in range(20)), start=date(2012, 1, 1), end=date(2021, 12, 31),
    process="gjr", gamma=0.04, distribution="t", degrees_of_freedom=5.0, jump_probability=0.005, n_sectors=4,
    stress_entry=0.005, splits_per_year=0.2,
)  # fmt: skip
_PER_KIND: Final = 40
_CRASHES: Final = (("market", -0.23), ("market", -0.13), ("single", -0.70), ("single", -0.65))  # log returns
_NIGHT: Final = 0.25  # of a day's variance, as in stocks
_MARGIN: Final = 300  # bars at each end of a series that stay clean
_Spoil = Callable[[pl.DataFrame, IntArray, np.random.Generator], pl.DataFrame]


@dataclass(frozen=True, slots=True)
class Finding:
    """How one sort of dirt fared.

    Parameters
    ----------
    dirt, flag : str
        What was injected and the flag that should name it.
    n_injected, n_found, n_flagged : int
        Spoilt bars, those with the flag, and all bars with it that were not known to deserve it or were spoilt.
    """

    dirt: str
    flag: str
    n_injected: int
    n_found: int
    n_flagged: int

    @property
    def recall(self) -> float:
        """Share of the spoilt bars that were found."""
        return self.n_found / self.n_injected

    @property
    def precision(self) -> float:
        """Share of the flags that were deserved."""
        return self.n_found / max(self.n_flagged, self.n_found, 1)


@dataclass(frozen=True, slots=True)
class CleaningBenchmark:
    """The table of `hfp bench cleaning`.

    Parameters
    ----------
    findings : tuple of Finding
    n_crashes, n_survived : int
        Planted true crashes, and those whose bars keep their value and no flag that would cost the return.
    n_bars, n_false : int
        Bars that nobody touched, and those of them that carry any flag but `outlier`.
    seconds : float
        Time of the flagging alone.
    """

    findings: tuple[Finding, ...]
    n_crashes: int
    n_survived: int
    n_bars: int
    n_false: int
    seconds: float


def run_benchmark(seed: int = 0) -> CleaningBenchmark:
    """Spoil a simulated market of 20 instruments and ten years, clean it, and count.

    Parameters
    ----------
    seed : int
        The same seed gives the same table.
    """
    import time

    random = np.random.default_rng(seed)
    world = simulate(_SPEC, seed)
    bars, crashes = _crash(_with_nights(world.bars, seed), random)
    spoilt, marks = _spoil(bars, crashes, random)
    started = time.perf_counter()
    flagged = cleaning.flag(spoilt, actions=world.corporate_actions)
    lonely = lonely_moves(cleaning.with_share_factor(spoilt, world.corporate_actions))
    seconds = time.perf_counter() - started
    told = flagged.with_columns(pl.col("flags").list.eval(pl.element().str.split(":").list.first()))
    findings = [_count(told, marks, dirt, flag) for dirt, flag, _ in _DIRT]
    findings.append(_count_lonely(lonely, spoilt, marks))
    crash_rows = told.filter(pl.col("_id").is_in(crashes.implode()))
    values = bars.filter(pl.col("_id").is_in(crashes.implode()))["close"]
    survived = ~crash_rows["flags"].list.eval(pl.element().is_in(HARD_FLAGS)).list.any()
    clean = told.filter(~pl.col("_id").is_in(marks["near"].implode()))
    false = clean.filter(pl.col("flags").list.set_difference(["outlier"]).list.len() > 0)
    same = crash_rows["close"].equals(values)
    return CleaningBenchmark(tuple(findings), crashes.len(), int(survived.sum()) if same else 0, clean.height,
                             false.height, seconds)  # fmt: skip


def _with_nights(bars: pl.DataFrame, seed: int) -> pl.DataFrame:
    """Let a quarter of each day's variance happen overnight: the simulator opens where it closed."""
    random = np.random.default_rng((seed, 1))
    day = (pl.col("close") / pl.col("open")).log()
    usual = day.rolling_std(20, min_samples=2).over("instrument").fill_null(0.01)
    noise = pl.Series(random.standard_normal(bars.height)) * float(np.sqrt(_NIGHT * (1 - _NIGHT)))
    ordered = bars.sort("instrument", "event_at")
    night = ordered.with_columns((pl.col("open") * (_NIGHT * day + usual * noise).exp()).alias("open"))
    return night.with_columns(
        pl.max_horizontal("open", "high").alias("high"), pl.min_horizontal("open", "low").alias("low")
    )


def _crash(world_bars: pl.DataFrame, random: np.random.Generator) -> tuple[pl.DataFrame, pl.Series]:
    """Plant true crashes: everything after them stays down. Returns the bars and the ids of the crash bars."""
    bars = world_bars.with_row_index("_id").with_columns(pl.col("_id").cast(pl.Int64))
    sessions = bars["event_at"].unique().sort()
    at = random.choice(np.arange(_MARGIN, sessions.len() - _MARGIN), len(_CRASHES), replace=False)
    ids: list[pl.Series] = []
    for place, (scope, size) in zip(at.tolist(), _CRASHES, strict=True):
        day = sessions[place]
        names = _SPEC.instruments if scope == "market" else (_SPEC.instruments[int(random.integers(20))],)
        after = pl.col("instrument").is_in(names) & (pl.col("event_at") >= day)
        factor = pl.when(after).then(float(np.exp(size))).otherwise(1.0)
        opens = pl.when(pl.col("event_at") == day).then("open").otherwise(pl.col("open") * factor)
        highs = pl.when(pl.col("event_at") == day).then("high").otherwise(pl.col("high") * factor)
        bars = bars.with_columns(opens, highs, pl.col("low") * factor, pl.col("close") * factor)
        ids.append(bars.filter(pl.col("instrument").is_in(names) & (pl.col("event_at") == day))["_id"])
    return bars.with_columns(pl.lit(None, pl.Datetime("us")).alias("ingested_at")), pl.concat(ids)


def _spoil(
    bars: pl.DataFrame, crashes: pl.Series, random: np.random.Generator
) -> tuple[pl.DataFrame, dict[str, pl.Series]]:
    """Inject every sort of dirt on bars of their own, ten bars apart. Returns the bars and the spoilt ids by sort."""
    place = bars.select(pl.int_range(pl.len()).over("instrument").alias("i"), pl.len().over("instrument").alias("n"))
    inside = bars.filter((place["i"] > _MARGIN) & (place["i"] < place["n"] - _MARGIN) & (place["i"] % 25 == 0))["_id"]
    free = inside.filter(~inside.is_in(pl.concat([crashes + k for k in range(-12, 13)]).implode())).to_numpy()
    chosen = random.permutation(free)[: _PER_KIND * len(_DIRT)].reshape(len(_DIRT), _PER_KIND).astype(np.int64)
    marks: dict[str, pl.Series] = {}
    spoilt = bars
    for (dirt, _, spoil), ids in zip(_DIRT, chosen, strict=True):
        spoilt = spoil(spoilt, ids, random)
        marks[dirt] = pl.Series(ids + (_SHIFT.get(dirt, 0)), dtype=pl.Int64)
    touched = np.unique(np.concatenate([chosen.ravel() + k for k in range(-1, 12)]))
    marks["near"] = pl.concat([pl.Series(touched, dtype=pl.Int64), crashes, crashes + 1]).unique()
    return spoilt, marks


def _on(ids: IntArray, shift: int = 0) -> pl.Expr:
    return pl.col("_id").is_in(pl.Series(ids + shift, dtype=pl.Int64).implode())


def _scale(*columns: str) -> Callable[[float], _Spoil]:
    def by(factor: float) -> _Spoil:
        def spoil(bars: pl.DataFrame, ids: IntArray, random: np.random.Generator) -> pl.DataFrame:
            del random
            return bars.with_columns(pl.when(_on(ids)).then(pl.col(c) * factor).otherwise(c).alias(c) for c in columns)

        return spoil

    return by


_PRICES: Final = ("open", "high", "low", "close")


def _empty(bars: pl.DataFrame, ids: IntArray, _: np.random.Generator) -> pl.DataFrame:
    return bars.with_columns(pl.when(_on(ids)).then(None).otherwise("close").alias("close"))


def _spike(bars: pl.DataFrame, ids: IntArray, random: np.random.Generator) -> pl.DataFrame:
    size = pl.Series(np.exp(random.choice([-1, 1], bars.height) * random.uniform(0.05, 0.6, bars.height)))
    spoilt = [pl.when(_on(ids)).then(pl.col(c) * size).otherwise(c).alias(c) for c in _PRICES]
    return bars.with_columns(spoilt)


def _stretch(bars: pl.DataFrame, ids: IntArray, _: np.random.Generator) -> pl.DataFrame:
    """Ten bars in hundredths: pence for pounds."""
    inside = pl.any_horizontal(_on(ids, k) for k in range(10))
    return bars.with_columns(pl.when(inside).then(pl.col(c) * 100.0).otherwise(c).alias(c) for c in _PRICES)


def _freeze(bars: pl.DataFrame, ids: IntArray, _: np.random.Generator) -> pl.DataFrame:
    """Ten bars that repeat the one before."""
    held = pl.col("close")
    for k in range(9, -1, -1):
        held = pl.when(_on(ids, k)).then(pl.col("close").shift(k + 1)).otherwise(held)
    frozen = pl.any_horizontal(_on(ids, k) for k in range(10))
    kept = bars.with_columns(held.alias("close"))
    return kept.with_columns(pl.when(frozen).then("close").otherwise(c).alias(c) for c in ("open", "high", "low"))


def _repeat(bars: pl.DataFrame, ids: IntArray, _: np.random.Generator) -> pl.DataFrame:
    return pl.concat([bars, bars.filter(_on(ids))]).sort("_id", maintain_order=True)


def _delay(bars: pl.DataFrame, ids: IntArray, _: np.random.Generator) -> pl.DataFrame:
    late = pl.when(_on(ids)).then(pl.col("event_at") + timedelta(days=21)).otherwise("known_at")
    return bars.with_columns(late.alias("known_at"))


def _hurry(bars: pl.DataFrame, ids: IntArray, _: np.random.Generator) -> pl.DataFrame:
    return bars.with_columns(pl.when(_on(ids)).then(pl.col("event_at") - timedelta(days=1)).alias("ingested_at"))


def _off_grid(bars: pl.DataFrame, ids: IntArray, _: np.random.Generator) -> pl.DataFrame:
    moved = pl.when(_on(ids)).then(pl.col("event_at") + timedelta(minutes=37)).otherwise("event_at")
    return bars.with_columns(moved.alias("event_at"))


def _leave_out(bars: pl.DataFrame, ids: IntArray, _: np.random.Generator) -> pl.DataFrame:
    return bars.filter(~_on(ids))


_DIRT: Final[tuple[tuple[str, str, _Spoil], ...]] = (
    ("no close", "missing_close", _empty),
    ("zero price", "non_positive_price", _scale("close")(0.0)),
    ("negative price", "non_positive_price", _scale(*_PRICES)(-1.0)),
    ("high and low swapped", "high_below_low", _scale("high")(0.5)),
    ("close outside the range", "close_outside_range", _scale("low")(1.5)),
    ("bar twice", "duplicate", _repeat),
    ("bad tick, taken back", "reverted_spike", _spike),
    ("ten bars in other units", "unit_change", _stretch),
    ("ten bars that repeat", "stale_price", _freeze),
    ("bar missing", "missing_session", _leave_out),
    ("stamped off the session", "off_session", _off_grid),
    ("known three weeks late", "late", _delay),
    ("loaded before it ended", "future_date", _hurry),
)
# Where the flag stands, relative to the first spoilt bar: a way back, a gap or a long run shows on a later one.
_SHIFT: Final = {"bad tick, taken back": 1, "bar missing": 1, "ten bars that repeat": 9}


def _count(told: pl.DataFrame, marks: dict[str, pl.Series], dirt: str, flag: str) -> Finding:
    """Compare the bars with a flag with those that deserve it; other dirt that rightly sets it is no mistake."""
    has = told.filter(pl.col("flags").list.contains(flag))["_id"].unique()
    deserved = marks[dirt]
    found = has.is_in(deserved.implode()).sum()
    others = has.filter(~has.is_in(pl.concat([marks["near"], deserved]).implode()))
    return Finding(dirt, flag, deserved.len(), int(found), int(found) + others.len())


def _count_lonely(lonely: pl.DataFrame, spoilt: pl.DataFrame, marks: dict[str, pl.Series]) -> Finding:
    """Count how many bad ticks the other instruments give away, without waiting for the next bar."""
    ids = lonely.join(spoilt.select("instrument", "event_at", "_id"), on=["instrument", "event_at"])["_id"].unique()
    ticks = marks["bad tick, taken back"] - 1
    found = int(ids.is_in(ticks.implode()).sum())
    others = ids.filter(~ids.is_in(pl.concat([marks["near"], ticks]).implode()))
    return Finding("bad tick, beside its peers", "cross-section", ticks.len(), found, found + others.len())
