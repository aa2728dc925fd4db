"""Speed of the volatility engine; collected always, run with --benchmark-only."""

import numpy as np
import pytest

from hf_platform.volatility import benchmark, garch
from hf_platform.volatility.warm_up import spec_name


@pytest.mark.parametrize("spec", benchmark.CELLS, ids=spec_name)
def test_fits_with_robust_standard_errors(benchmark, spec):
    from hf_platform.volatility.benchmark import real_windows

    windows = real_windows(1000, 256)
    garch.fit_many(windows[:, :8], spec)
    fits = benchmark(lambda: garch.fit_many(windows, spec).robust_std_errors)
    assert np.isfinite(fits).any()


def test_table_beside_arch(benchmark):
    from hf_platform.volatility.benchmark import run_benchmark

    result = benchmark.pedantic(run_benchmark, kwargs={"lengths": (1000,), "n_windows": 128, "n_arch": 8}, rounds=1)
    print(result.to_markdown())
    assert all(row.ratio > 30 for row in result.rows)
