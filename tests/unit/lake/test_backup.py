import json
import shutil

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from hf_platform.errors import ConfigError, LakeMissingError, StoreError
from hf_platform.lake import Lake
from hf_platform.lake.backup import MANIFEST, back_up, read_backup, restore
from hf_platform.settings import Settings


@pytest.fixture
def stored(settings, workers):
    """A home with rows in its lake, inlined and in files, a model file and a page."""
    lake = Lake(settings)
    lake.initialise()
    write(lake, workers, "m1", 5)
    write(lake, workers, "m2", 5_000)
    for name in ("models/lightgbm/m1.txt", "reports/index.html"):
        path = settings.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return lake


def write(lake, workers, model_id, n_rows):
    with lake.transaction("ewma", "r") as tx:
        tx.append("models.forecasts", workers.forecasts(model_id, n_rows))


def content(settings) -> pl.DataFrame:
    return Lake(settings).query("FROM models.forecasts").sort(pl.all().exclude("quantiles", "tail_means"))


def test_a_backup_restores_the_same_rows_elsewhere(settings, stored, tmp_path):
    before = content(settings)
    made = back_up(settings, tmp_path / "copy")
    assert made.snapshot == stored.latest_snapshot()
    assert any(name.endswith(".parquet") for name in made.files)
    elsewhere = Settings(home=tmp_path / "elsewhere")
    restored, aside = restore(elsewhere, tmp_path / "copy")
    assert (restored, aside) == (made, None)
    shutil.rmtree(settings.home)  # nothing of the copy may lean on the original
    assert_frame_equal(content(elsewhere), before)
    assert (elsewhere.home / "reports/index.html").read_text() == "reports/index.html"


def test_a_second_backup_copies_what_is_new_and_drops_what_is_gone(settings, stored, workers, tmp_path):
    back_up(settings, tmp_path / "copy")
    (settings.home / "reports/index.html").unlink()
    write(stored, workers, "m3", 5_000)
    copied = []
    made = back_up(settings, tmp_path / "copy", copied.append)
    assert "models/lightgbm/m1.txt" not in copied
    assert sum(name.endswith(".parquet") for name in copied) == 1
    assert not (tmp_path / "copy/reports/index.html").exists()
    restore(Settings(home=tmp_path / "elsewhere"), tmp_path / "copy")
    assert content(Settings(home=tmp_path / "elsewhere")).height == 10_005
    assert made == read_backup(tmp_path / "copy")


@pytest.mark.parametrize("victim", ["catalog.sqlite", ".parquet"])
def test_a_damaged_lake_comes_back(settings, stored, tmp_path, victim):
    before = content(settings)
    back_up(settings, tmp_path / "copy")
    stored.close()
    path = max((settings.home / "lake").rglob(f"*{victim}"), key=lambda path: path.stat().st_size)
    path.write_bytes(b"no longer what it was" * 500)
    with pytest.raises(StoreError):
        Lake(settings).query("SELECT sum(mean) FROM models.forecasts")
    with pytest.raises(ConfigError, match="--replace"):
        restore(settings, tmp_path / "copy")
    _, aside = restore(settings, tmp_path / "copy", replace=True)
    assert_frame_equal(content(settings), before)
    assert any(path.name.endswith(victim) for path in aside.rglob("*"))


def test_a_damaged_backup_restores_nothing(settings, stored, workers, tmp_path):
    back_up(settings, tmp_path / "copy")
    write(stored, workers, "later", 3)
    path = next((tmp_path / "copy").rglob("*.parquet"))
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    before = content(settings)
    with pytest.raises(StoreError, match=f"{path.name}.*SHA-256"):
        restore(settings, tmp_path / "copy", replace=True)
    assert_frame_equal(content(settings), before)
    assert not list(settings.home.glob(".restoring*"))


def test_a_list_that_leads_outside_is_refused(settings, stored, tmp_path):
    back_up(settings, tmp_path / "copy")
    manifest = tmp_path / "copy" / MANIFEST
    listed = json.loads(manifest.read_text())
    listed["files"]["../outside"] = next(iter(listed["files"].values()))
    manifest.write_text(json.dumps(listed))
    with pytest.raises(ConfigError, match="outside"):
        restore(Settings(home=tmp_path / "elsewhere"), tmp_path / "copy")
    manifest.write_text("{")
    with pytest.raises(ConfigError, match="damaged"):
        read_backup(tmp_path / "copy")


def test_what_cannot_be_backed_up_is_said(settings, stored, tmp_path):
    with pytest.raises(ConfigError, match="outside HFP_HOME"):
        back_up(settings, settings.home / "copy")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").touch()
    with pytest.raises(ConfigError, match=r"thesis\.tex"):
        back_up(settings, tmp_path / "mine")
    with pytest.raises(ConfigError, match="no finished backup"):
        restore(settings, tmp_path / "nowhere", replace=True)
    with pytest.raises(LakeMissingError):
        back_up(Settings(home=tmp_path / "empty"), tmp_path / "copy")
    with pytest.raises(ConfigError, match="pg_dump"):
        back_up(Settings(home=settings.home, lake_data="s3://bucket/lake"), tmp_path / "copy")
