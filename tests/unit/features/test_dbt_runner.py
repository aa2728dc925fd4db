"""The parsed project: found by content, parsed once, whole or not at all."""

import pytest

from hf_platform.errors import ConfigError
from hf_platform.features import dbt_runner


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """A copy of the dbt project in the place of the real one."""
    import shutil

    folder = tmp_path / "dbt_features"
    shutil.copytree(dbt_runner.PROJECT, folder, ignore=shutil.ignore_patterns("target", "logs"))
    monkeypatch.setattr(dbt_runner, "PROJECT", folder)
    dbt_runner.code_version.cache_clear()
    yield folder
    dbt_runner.code_version.cache_clear()


def test_code_version_follows_content_not_place(copy):
    here = dbt_runner.code_version()
    (copy / "target").mkdir()
    (copy / "target" / "noise.sql").write_text("select 1")
    dbt_runner.code_version.cache_clear()
    assert dbt_runner.code_version() == here
    path = copy / "models" / "staging" / "stg_bars.sql"
    path.write_text(path.read_text() + "\n-- changed")
    dbt_runner.code_version.cache_clear()
    assert dbt_runner.code_version() != here


def test_a_missing_project_says_where_it_was_expected(copy):
    (copy / "dbt_project.yml").unlink()
    with pytest.raises(ConfigError, match="nothing found at"):
        dbt_runner.code_version()


def test_parses_once_and_knows_its_models(settings):
    path = dbt_runner.manifest_path(settings)
    stamp = path.stat().st_mtime_ns
    assert dbt_runner.manifest_path(settings) == path
    assert path.stat().st_mtime_ns == stamp
    assert path.parent.name == dbt_runner.code_version()
    assert "feature_matrix" in dbt_runner.model_names(settings)
    assert dbt_runner.cross_sectional(settings) == ({"feat_xs_momentum"}, {"feature_matrix"})
    assert [p.name for p in path.parents[1].iterdir() if p.name.startswith(".parse-")] == []
    # The tests of feat_* read int_returns too, but do not judge it.
    assert dbt_runner.test_names(settings, ["int_returns"]) == (
        "int_returns_returns_telescope",
        "int_returns_same_keys_as",
        "int_returns_unique_key",
    )


def test_a_project_that_does_not_parse_is_refused(copy, settings):
    (copy / "models" / "staging" / "stg_bars.sql").write_text("select * from {{ ref('nowhere') }}")
    with pytest.raises(ConfigError, match="nowhere"):
        dbt_runner.manifest_path(settings)
    assert [p.name for p in (settings.home / "dbt").iterdir() if p.name != "logs"] == []
