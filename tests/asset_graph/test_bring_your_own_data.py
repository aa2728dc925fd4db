"""The README's five commands from a CSV to a VaR report, as they are typed."""

import os
import re
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from hf_platform.market.simulator import SimulationSpec, simulate

README = Path(__file__).parents[2] / "README.md"


def commands():
    chapter = README.read_text().split("### Bring your own data")[1].split("\n### ")[0]
    return re.search(r"```sh\n(.*?)```", chapter, re.DOTALL)[1]


def prices(path):
    """Two stocks with nights, as a newcomer would have them."""
    spec = SimulationSpec(instruments=("ALPHA", "BETA"), start=date(2016, 1, 1), end=date(2021, 12, 31))
    bars = simulate(spec, seed=1).bars
    night = pl.Series(np.exp(np.random.default_rng(2).normal(0, 0.004, bars.height)))
    table = bars.with_columns(pl.col("event_at").dt.date().alias("date"), pl.col("open") * night)
    table = table.with_columns(
        pl.max_horizontal("open", "high").alias("high"), pl.min_horizontal("open", "low").alias("low")
    )
    table.select("instrument", "date", "open", "high", "low", "close", "volume").write_csv(path)


@pytest.mark.slow
def test_from_a_csv_to_a_var_report_as_typed(tmp_path):
    typed = commands()
    assert len([line for line in typed.splitlines() if line.strip()]) == 5
    prices(tmp_path / "prices.csv")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {
        **os.environ,
        "PATH": path,
        "HFP_FAMILIES": "ewma garch elastic_net",
        "HFP_HORIZONS": "1d",
        "HFP_TRACKING": "off",
    }
    run = subprocess.run([shutil.which("bash"), "-e", "-c", typed], cwd=tmp_path, env=environment, capture_output=True,
                         text=True, timeout=560, check=False)  # fmt: skip
    assert run.returncode == 0, run.stdout[-2000:] + run.stderr[-2000:]
    for words in ("2 instruments accepted: ALPHA, BETA", "done", "0.99", "index.html", "ALPHA_1d.html", "quality.html"):
        assert words in run.stdout, words
