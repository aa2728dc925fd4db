import polars as pl
import pytest

from hf_platform.market.cleaning_benchmark import run_benchmark
from hf_platform.market.cross_section import lonely_moves
from hf_platform.market.simulator import SimulationSpec, simulate


@pytest.fixture(scope="module")
def result():
    return run_benchmark(seed=3)


def test_every_sort_of_dirt_is_found_and_clean_bars_are_left_alone(result):
    for finding in result.findings:
        least = {"reverted_spike": 0.85, "cross-section": 0.65}.get(finding.flag, 0.99)  # one seed: 40 ticks
        assert finding.recall >= least, finding
        assert finding.precision >= (0.6 if finding.flag == "cross-section" else 0.95), finding
    assert result.n_false <= 0.001 * result.n_bars


@pytest.mark.slow  # two hundred ticks
def test_nine_bad_ticks_in_ten_are_named_and_hardly_another_bar():
    ticks = [next(f for f in run_benchmark(seed).findings if f.flag == "reverted_spike") for seed in range(5)]
    found, injected, flagged = (sum(getattr(f, n) for f in ticks) for n in ("n_found", "n_injected", "n_flagged"))
    assert found / injected >= 0.9
    assert found / flagged >= 0.98


def test_true_crashes_survive(result):
    assert result.n_crashes == 42  # two of the whole market, two of one stock
    assert result.n_survived == result.n_crashes


def test_a_crash_of_all_is_not_lonely_and_a_wrong_tick_of_one_is():
    names = tuple(f"S{i}" for i in range(8))
    bars = simulate(SimulationSpec(instruments=names, jump_probability=0.0), seed=1).bars
    day = bars["event_at"].unique().sort()[700]
    assert lonely_moves(bars).is_empty()
    down = pl.when(pl.col("event_at") >= day).then(pl.col("close") * 0.8).otherwise(pl.col("close"))
    crash = bars.with_columns(down.alias("close"))
    assert lonely_moves(crash).is_empty()
    one = (pl.col("event_at") == day) & (pl.col("instrument") == "S3")
    tick = bars.with_columns(pl.when(one).then(pl.col("close") * 0.6).otherwise(pl.col("close")).alias("close"))
    found = lonely_moves(tick)
    assert found.select("instrument", "event_at").row(0) == ("S3", day)
    assert found["event_at"].max() <= bars["event_at"].unique().sort()[701]
    assert lonely_moves(tick.filter(pl.col("instrument").is_in(names[:4]))).is_empty()  # too few peers to tell
