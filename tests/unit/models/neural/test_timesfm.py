"""TimesFM: a folder that is checked, forecasts that do not depend on the batch, no tails, short histories routed."""

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from hf_platform.errors import ConfigError, PlatformError
from hf_platform.fitting.executors import InlineExecutor
from hf_platform.fitting.fit_grid import fit_grid
from hf_platform.fitting.outcome import KeyStatus
from hf_platform.horizons import Horizon
from hf_platform.lake import Lake
from hf_platform.models import get_family
from hf_platform.models.base import FitTask, Fitted, OriginSet, Series
from hf_platform.models.families.timesfm import TimesFmFamily, decile_distribution, predict
from hf_platform.models.neural.timesfm_folder import RANDOM_LABEL, inspect, load, make_random_folder
from hf_platform.settings import Settings
from hf_platform.types import PROBABILITIES, GridKey

GRID = np.array(PROBABILITIES)
START = datetime(1995, 1, 3, 21)  # noqa: DTZ001


@pytest.fixture(scope="module", params=["2.0", "2.5"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_random_folder(tmp_path_factory.mktemp("weights") / request.param, version=request.param)


def levels(lengths: Sequence[int]) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    paths = [rng.normal(size=n).cumsum() for n in lengths]
    return [path - path.mean() for path in paths]


def test_forecasts_do_not_depend_on_the_batch(folder: Path) -> None:
    weights, windows = inspect(folder), levels([33, 512, 64, 700, 40])
    # One series that never goes below zero: in the library's default it decides whether all are clipped.
    windows.append(np.abs(windows[0]) + 5.0)
    together = predict(weights, windows, 5, device="cpu")
    assert together.shape == (6, 10)
    assert np.isfinite(together).all()
    np.testing.assert_array_equal(predict(weights, windows, 5, device="cpu", rows_at_once=1), together)
    np.testing.assert_array_equal(predict(weights, windows[::-1], 5, device="cpu", rows_at_once=4)[::-1], together)


def test_a_folder_says_that_its_weights_are_random(folder: Path) -> None:
    weights = inspect(folder)
    assert weights.is_random
    assert weights.label == RANDOM_LABEL
    config = json.loads((folder / "config.json").read_text())
    del config["hfp_random_weights"]
    copy = folder.parent / "real"
    shutil.copytree(folder, copy, dirs_exist_ok=True)
    (copy / "config.json").write_text(json.dumps(config))
    assert inspect(copy).label in ("TimesFM 2.0", "TimesFM 2.5")
    assert inspect(copy).fingerprint != weights.fingerprint


def test_a_wrong_or_corrupt_folder_is_one_clear_error(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="HFP_TIMESFM_FOLDER, found it unset"):
        inspect(None)
    with pytest.raises(ConfigError, match=r"config\.json"):
        inspect(tmp_path)
    broken = tmp_path / "broken"
    shutil.copytree(folder, broken)
    (broken / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(ConfigError, match="found 'bert'"):
        inspect(broken)
    (broken / "config.json").write_text((folder / "config.json").read_text())
    content = (folder / "model.safetensors").read_bytes()
    (broken / "model.safetensors").write_bytes(content[: len(content) // 2])
    with pytest.raises(ConfigError, match="whole weights"):
        load(inspect(broken), "cpu")
    from safetensors.numpy import load as read
    from safetensors.numpy import save

    tensors = read(content)
    del tensors[sorted(tensors)[0]]
    (broken / "model.safetensors").write_bytes(save(tensors, metadata={"format": "pt"}))
    with pytest.raises(ConfigError, match="missing"):
        load(inspect(broken), "cpu")
    (broken / "model.safetensors").unlink()
    with pytest.raises(ConfigError, match="Pickled weights"):
        inspect(broken)


def test_deciles_fill_the_middle_of_the_grid_and_nothing_else() -> None:
    deciles = np.arange(1.0, 10.0)[None] / 10
    found = decile_distribution(np.array([0.5]), deciles)
    middle = (GRID >= 0.1) & (GRID <= 0.9)
    np.testing.assert_allclose(found.quantiles[0, middle], GRID[middle])  # a uniform: the quantile is the probability
    assert np.isnan(found.quantiles[0, ~middle]).all()
    assert np.isnan(found.tail_means).all()
    assert found.volatility[0] == pytest.approx(0.8 / 2.563103, rel=1e-6)


def test_a_flat_beginning_costs_its_origins_and_not_the_key(folder: Path, make_series: Callable[..., Series]) -> None:
    series = make_series("NEW", "1d", 300)
    returns = series.log_return.copy()
    returns[1:40] = 0.0
    family = TimesFmFamily(folder=folder)
    young = replace(series, log_return=returns)
    task = FitTask("m", GridKey("NEW", "1d"), Horizon.parse("1d"), "zero_shot", young, 1, 33, 0)
    (fitted,) = family.fit_many([task])
    assert isinstance(fitted, Fitted)
    asked = OriginSet(task.series, np.array([32, 39, 40, 200]))
    assert family.usable_origins(fitted, asked).tolist() == [False, False, True, True]
    (found,) = family.forecast_many([fitted], [OriginSet(task.series, np.array([40, 200]))])
    assert np.isfinite(found.mean).all()
    flat = replace(task, series=replace(series, log_return=np.zeros(300)), stop=300)
    assert not family.usable_origins(replace(fitted, task=flat), OriginSet(flat.series, np.array([299]))).any()


def test_short_histories_are_routed_to_it_and_the_ledger_says_so(
    folder: Path, store: Lake, settings: Settings, make_series: Callable[..., Series], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HFP_TIMESFM_FOLDER", str(folder))
    monkeypatch.setenv("HFP_FAMILIES", "baseline elastic_net timesfm")
    chosen = Settings.from_env()
    frame = pl.DataFrame({"instrument": ["NEW"]}).with_columns(
        pl.lit("24/7").alias("calendar"), pl.lit(START).alias("valid_from")
    )
    with store.transaction("raw_prices", "setup") as tx:
        tx.append("market.universe", frame)

    def read(
        store: Lake, instruments: Sequence[str], frequency: str, as_of: datetime, feature_names: Sequence[str]
    ) -> tuple[Mapping[str, Series], Mapping[str, PlatformError]]:
        return {"NEW": make_series("NEW", "1d", 90, feature_names=tuple(feature_names))}, {}

    def run(family: str, by: Settings = chosen) -> tuple[KeyStatus, str | None]:
        outcome = fit_grid(
            get_family(family), [GridKey("NEW", "5d")], store, as_of=START + timedelta(days=90), run_id="t",
            executor=InlineExecutor(1), settings=by, read=read,
        )  # fmt: skip
        found = outcome.keys[GridKey("NEW", "5d")]
        return found.status, found.reason

    assert run("elastic_net", replace_families(settings))[0] is KeyStatus.FAILED
    status, reason = run("elastic_net")
    assert status is KeyStatus.SKIPPED
    assert "Until then timesfm serves it" in str(reason)
    status, reason = run("timesfm")
    assert status is KeyStatus.OK
    assert reason == f"{RANDOM_LABEL}; zero-shot, the only path with 89 returns of history"
    assert run("timesfm")[1] == reason, "also where everything is reused"
    row = store.query("SELECT * FROM models.ledger WHERE family = 'timesfm'").row(0, named=True)
    assert row["reason"] == reason
    assert json.loads(row["params_json"])["model"] == RANDOM_LABEL
    stored = store.query("SELECT quantiles FROM models.forecasts WHERE family = 'timesfm'")["quantiles"][0].to_list()
    assert [value is None for value in stored] == [not 0.1 <= p <= 0.9 for p in PROBABILITIES]


def replace_families(settings: Settings) -> Settings:
    """Settings without TimesFM: nobody serves a short history."""
    return settings.model_copy(update={"families": ("elastic_net",), "timesfm_folder": None})
