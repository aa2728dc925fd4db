"""`hfp export`: files of a rule, and what is said where there is none."""

import polars as pl
import pytest

from hf_platform.cli import export as verb
from hf_platform.errors import DataError, UnknownNameError


@pytest.fixture
def run(backtested, monkeypatch):
    monkeypatch.setenv("HFP_HOME", str(backtested.settings.home))
    return verb.export


def test_the_targets_are_the_rules_positions(run, backtested, tmp_path):
    run(tmp_path, form="zipline")
    targets = pl.read_csv(tmp_path / "targets.csv")
    stored = backtested.store.query(
        "SELECT volatility FROM ensembles.forecasts WHERE horizon = '1d' ORDER BY forecast_origin"
    )
    expected = (0.1 / (stored["volatility"] * 252**0.5)).clip(upper_bound=1.0)
    assert targets["target"].to_list() == pytest.approx(expected.to_list())
    assert (tmp_path / "daily" / "AAA.csv").exists()


def test_vectorbt_gets_parquet(run, tmp_path):
    run(tmp_path, instrument=["AAA"])
    assert pl.read_parquet(tmp_path / "size.parquet").columns == ["event_at", "AAA"]


def test_unknown_formats_and_rules_are_refused(run, tmp_path):
    with pytest.raises(UnknownNameError, match="vectorbt"):
        run(tmp_path, form="excel")
    with pytest.raises(DataError, match="no crystal_ball signals"):
        run(tmp_path, rule="crystal_ball")
