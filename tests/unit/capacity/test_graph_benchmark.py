"""The account of `hfp bench graph`: shares add up, and a marginal cost is a slope."""

import json

import pytest

from hf_platform.capacity.graph_benchmark import GraphBenchmark, GraphRun
from hf_platform.errors import DataError


def run(n_models, *, fixed=2.0, each=0.001):
    """A run whose CPU time is a straight line in its models: half of the slope fits, a quarter each for the rest."""
    cpu = fixed + each * n_models
    fits = each * n_models / 2
    return GraphRun(
        n_models=n_models,
        n_keys=n_models // 6,
        seconds=2 * cpu,
        cpu_seconds=cpu,
        fit_seconds=fits,
        stage_seconds=fits + each * n_models / 4,
        peak_memory_mb=700.0,
    )


def benchmark(*sizes):
    return GraphBenchmark(
        storage="SQLite", family="garch", threads=2, machine="here", measured_at="2026-01-01",
        preparation_seconds=1.0, runs=[run(size) for size in sizes],
    )  # fmt: skip


def test_parts_add_up_to_the_run():
    one = run(1_000)
    assert one.fit_seconds + one.lake_seconds + one.event_seconds == pytest.approx(one.cpu_seconds)
    assert one.bookkeeping_share == pytest.approx((2.0 + 0.5) / 3.0)


def test_marginal_seconds_are_the_slope_and_not_the_mean():
    assert benchmark(1_000, 5_000, 25_000).marginal_seconds() == pytest.approx([0.001, 0.001])
    with pytest.raises(DataError, match="increasing order"):
        benchmark(1_000, 1_000).marginal_seconds()


def test_the_table_and_the_file_say_the_same():
    made = benchmark(1_000, 5_000)
    assert "| 5,000 | 833 | 14.0 | 357 | 7.0 |" in made.to_markdown()
    assert "milliseconds of each further model, from size to size: 1.00" in made.to_markdown()
    stored = json.loads(made.to_json())
    assert [one["models_per_second"] for one in stored["runs"]] == pytest.approx([1000 / 6, 5000 / 14])
