"""The benchmark on a small case: what it counts, that it agrees with arch, and bad input."""

import json

import numpy as np
import pytest

from hf_platform.backtest.benchmark import run_benchmark
from hf_platform.errors import ConfigError


@pytest.mark.slow
def test_a_small_walk_counts_tests_and_agrees_with_arch():
    done: list[int] = []
    result = run_benchmark(2, 300, 500, n_peer=4, progress=done.append)
    assert done == [1, 2]
    assert result.n_tests > 2 * 5 * 7
    assert result.n_failed_fits == 0
    assert result.agreement >= 0.75
    assert result.ratio > 1
    assert result.n_orders == 1_000_000
    assert result.peak_mb_all < 1.5 * result.peak_mb_first
    read = json.loads(result.to_json())
    assert np.isfinite([read["seconds"], read["refits_per_second"], read["strategy_seconds"]]).all()
    assert "| times faster |" in result.to_markdown()


@pytest.mark.parametrize("counts", [(0, 300, 500), (2, 300, 50), (2, 9_000, 500)])
def test_counts_that_cannot_be_are_refused(counts):
    with pytest.raises(ConfigError, match="found"):
        run_benchmark(*counts)
