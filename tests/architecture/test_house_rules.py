"""Rules of the house that a reader relies on: layering, one reader of the environment, no pickle, small modules."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from hf_platform import errors
from hf_platform.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("hf_platform", "resources", "assets")
GENERATED = ROOT / "hf_platform" / "volatility" / "kernels"
MODULES = [
    path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py")) if GENERATED not in path.parents
]


def names(paths):
    return [str(path.relative_to(ROOT)) for path in paths]


def test_imports_point_one_way():
    tool = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([tool], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", MODULES, ids=names(MODULES))
def test_only_settings_reads_the_environment(path):
    text = path.read_text()
    if path != ROOT / "hf_platform" / "settings.py":
        assert "os.environ" not in text
        assert "getenv" not in text


@pytest.mark.parametrize("path", MODULES, ids=names(MODULES))
def test_nothing_persisted_is_pickle(path):
    imported = {
        alias.name.split(".")[0]
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in (node.names if isinstance(node, ast.Import) else [ast.alias(node.module or "")])
    }
    assert not imported & {"pickle", "cloudpickle", "joblib", "dill", "shelve", "marshal"}


@pytest.mark.parametrize("path", MODULES, ids=names(MODULES))
def test_modules_stay_small(path):
    assert len(path.read_text().splitlines()) <= 400


def test_each_error_is_raised_somewhere():
    source = "\n".join(path.read_text() for path in MODULES)
    for name, value in vars(errors).items():
        leaf = isinstance(value, type) and issubclass(value, errors.PlatformError) and not value.__subclasses__()
        if leaf:
            assert re.search(rf"\b{name}\(", source.replace(f"class {name}(", "")), f"{name} is never raised"


def test_asset_modules_do_not_postpone_annotations():
    for path in MODULES:
        if "hf_platform" not in path.parts:
            assert "from __future__ import annotations" not in path.read_text(), path


def settings_table():
    rows = ["| variable | default | effect |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = field.default
        shown = " ".join(default) if isinstance(default, tuple) else "unset" if default is None else str(default)
        rows.append(f"| `HFP_{name.upper()}` | `{shown}` | {field.description} |")
    return "\n".join(rows)


def test_readme_lists_every_setting():
    text = (ROOT / "README.md").read_text()
    found = re.search(r"<!-- settings:begin -->\n(.*?)\n<!-- settings:end -->", text, re.DOTALL)
    assert found is not None
    assert found[1] == settings_table()


def test_lock_pins_every_direct_dependency():
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *(d for group in project["optional-dependencies"].values() for d in group)]
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    pinned = {line.split("==")[0].lower().replace("_", "-") for line in lines if "==" in line}
    assert {re.split(r"[\[<>=!~]", name)[0].lower() for name in wanted} - {"hf-platform"} <= pinned
    assert not [line for line in lines if line and not line.startswith("#") and "==" not in line]


def test_importing_the_library_is_quick_and_light():
    code = "import sys, hf_platform; print([m for m in ('torch', 'dagster', 'pandas', 'duckdb') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
