"""Names of results: the same content, the same name; anything that decides a number, another one."""

import ast
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from hf_platform.errors import ConfigError
from hf_platform.models import FAMILIES
from hf_platform.models.base import ModelFamily, Series
from hf_platform.models.code_version import code_version, tree_of
from hf_platform.models.identity import content_hash, derive_seed, spec_hash, window_hash

Maker = Callable[..., Series]


def test_parts_do_not_run_into_each_other() -> None:
    assert content_hash("ab", "c") != content_hash("a", "bc")
    assert content_hash("a", "") != content_hash("a")
    assert content_hash("a") == content_hash("a")


def test_a_specification_has_one_name_whatever_the_order_of_its_keys() -> None:
    assert spec_hash({"a": 1, "b": 2.0}) == spec_hash({"b": 2.0, "a": 1})
    assert spec_hash({"a": 1}) != spec_hash({"a": 2})


def test_the_window_alone_names_the_data(make_series: Maker) -> None:
    series = make_series(n_bars=300, feature_names=("x",))
    name = window_hash(series, 10, 200)
    outside, inside, feature = series.log_return.copy(), series.log_return.copy(), series.features.copy()
    outside[200], inside[199] = 1.0, 1.0
    feature[150, 0] = 9.0
    assert window_hash(replace(series, log_return=outside), 10, 200) == name
    assert window_hash(make_series(n_bars=400, feature_names=("x",)), 10, 200) == name
    assert window_hash(replace(series, log_return=inside), 10, 200) != name
    assert window_hash(replace(series, features=feature), 10, 200) != name
    assert window_hash(replace(series, instrument="BBB"), 10, 200) != name
    assert window_hash(series, 11, 200) != name


def test_seeds_depend_on_names_not_on_order() -> None:
    seeds = {derive_seed(0, "garch", str(i)) for i in range(1_000)}
    assert len(seeds) == 1_000
    assert all(0 <= seed < 2**31 for seed in seeds)
    assert derive_seed(0, "a") != derive_seed(1, "a")


def test_comments_docstrings_and_layout_do_not_change_a_version() -> None:
    plain = "def f(x):\n    return x + 1\n"
    told = '"""Module."""\n# why\ndef f(x):\n    """Add one."""\n\n    return (x +\n            1)\n'
    assert tree_of(plain) == tree_of(told)
    assert tree_of(plain) != tree_of(plain.replace("+ 1", "+ 2"))


def test_versions_name_modules_packages_and_distributions() -> None:
    one, other = "hf_platform.models.checks", "hf_platform.models.state"
    assert code_version(one, other) == code_version(other, one, one)
    assert code_version(one) != code_version(other)
    assert code_version("hf_platform.models.families") != code_version(one)
    assert code_version("numpy") == content_hash("numpy", version("numpy"))
    with pytest.raises(ConfigError, match="no module"):
        code_version("hf_platform.models.no_such_module")


def _imported(module: str) -> set[str]:
    spec = find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    found: set[str] = set()
    for node in ast.walk(ast.parse(Path(spec.origin).read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in found if name.startswith("hf_platform.") and find_module(name)}


def find_module(name: str) -> bool:
    try:
        spec = find_spec(name)
    except ModuleNotFoundError:
        return False
    return spec is not None and spec.origin is not None and not spec.origin.endswith("__init__.py")


# Vocabulary: these decide no number of a model.
_WORDS = {f"hf_platform.{name}" for name in ("errors", "types", "horizons", "settings", "models.base", "models.state")}


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_dependencies_are_declared(family: ModelFamily) -> None:
    declared = {name for name in family.dependencies if name.startswith("hf_platform.")}
    waiting, seen = [type(family).__module__], set[str]()
    while waiting:
        module = waiting.pop()
        seen.add(module)
        waiting += [name for name in _imported(module) if name not in seen and name not in _WORDS]
    # Generated kernels follow from their generator, which is declared.
    needed = {name for name in seen if not name.startswith("hf_platform.volatility.kernels.")}
    assert needed - _WORDS - {type(family).__module__} <= declared


def test_hashes_of_read_only_and_strided_arrays(make_series: Maker) -> None:
    series = make_series(n_bars=100)
    strided = replace(series, log_return=np.repeat(series.log_return, 2)[::2])
    assert window_hash(strided, 1, 90) == window_hash(series, 1, 90)
