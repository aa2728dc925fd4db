"""The benchmark's own rules: feasibility of the peer, what a run reports, and scaling in a process of its own."""

import json

import numpy as np
import pytest

from hf_platform.errors import ConfigError
from hf_platform.volatility import benchmark
from hf_platform.volatility.scaling import Scaling, scaling, start_up
from hf_platform.volatility.specification import GarchSpec

WINDOW = np.random.default_rng(0).standard_normal(500)


@pytest.mark.parametrize(
    ("spec", "params", "feasible"),
    [
        (GarchSpec(), [0.0, 0.1, 0.1, 0.85], True),
        (GarchSpec(), [0.0, 0.1, 0.1, 0.9], True),
        (GarchSpec(), [0.0, 0.1, 0.1, 0.9000004], False),
        (GarchSpec(), [0.0, 0.1, -0.001, 0.9], False),
        (GarchSpec(), [0.0, 1e-9, 0.1, 0.8], False),
        (GarchSpec(process="gjr"), [0.0, 0.1, 0.05, -0.05, 0.9], True),
        (GarchSpec(process="gjr"), [0.0, 0.1, 0.05, -0.06, 0.9], False),
        (GarchSpec(process="egarch"), [0.0, 0.0, 0.1, -0.1, 0.95], True),
        (GarchSpec(process="egarch"), [0.0, 0.0, -0.3, -0.1, 0.95], False),
        (GarchSpec(process="egarch"), [0.0, 0.0, 0.1, np.nan, 0.95], False),
    ],
)
def test_a_result_counts_only_inside_its_constraints(spec, params, feasible):
    assert benchmark.obeys_constraints(WINDOW, np.array(params), spec) is feasible


def test_a_run_reports_ratio_quality_and_json():
    result = benchmark.run_benchmark((GarchSpec(),), (250,), n_windows=16, n_arch=3, repeats=1)
    row = result.rows[0]
    assert row.ratio > 10.0
    assert row.matched == 1.0
    assert (row.n_windows, row.n_compared, row.n_failed) == (16, 3, 0)
    assert json.loads(result.to_json())["rows"][0]["model"] == "garch(1,1)-normal"
    assert "| garch(1,1)-normal | 250 |" in result.to_markdown()


def test_windows_longer_than_the_data_are_refused():
    with pytest.raises(ConfigError, match="found"):
        benchmark.real_windows(100_000, 1)


def test_certificates_stream_through_little_memory():
    run = scaling(4_000, 500, threads=2)
    assert isinstance(run, Scaling)
    assert run.converged > 0.99
    assert run.largest_gradient_norm < 0.05
    assert run.megabytes < 200.0  # far below what a copy per thread and stage would take at 100,000 x 1,000


@pytest.mark.slow
def test_machine_code_is_read_back_from_disk():
    first = start_up()
    assert first.warm < 0.5 * first.cold
