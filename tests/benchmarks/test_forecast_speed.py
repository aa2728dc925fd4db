"""Batches beside the bare libraries: what `hfp bench forecast` prints, on fewer fits."""

import json

import pytest

from hf_platform.models.benchmark import ForecastBenchmark, peak_memory, race_boosters, race_elastic_nets
from hf_platform.reports.benchmark_members import peak_memory as saved_peaks


@pytest.mark.slow
@pytest.mark.parametrize("name", ["lightgbm", "xgboost", "catboost"])
def test_fanning_boosters_out_keeps_the_throughput_of_the_bare_library(name):
    best = max(race_boosters(name, 32, variant="quantile", threads=2).ratio for _ in range(3))
    assert best >= 0.85


@pytest.mark.slow
def test_the_printed_tables_and_the_saved_file_say_the_same():
    result = ForecastBenchmark((race_elastic_nets(2_000, 100, threads=2),), peak_memory(["baseline"]))
    assert result.races[0].ratio > 5
    assert f"{result.races[0].ratio:.2f}" in result.to_markdown()
    assert json.loads(result.to_json())["races"][0]["ratio"] == result.races[0].ratio
    assert 50 < saved_peaks(result.to_json())["baseline"] < 2_000
    assert saved_peaks(None) == {}
