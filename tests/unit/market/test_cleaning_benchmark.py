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
        least = 0.7 if finding.dirt.startswith("bad tick") else 0.99  # a small spike drowns in a wild stock
        assert finding.recall >= least, finding
        assert finding.precision >= (0.6 if finding.flag == "cross-section" else 0.95), finding
    assert result.n_false <= 0.001 * result.n_bars


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
