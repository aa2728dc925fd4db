"""Name the code behind a result by its syntax tree, so that comments and layout change nothing."""

import ast
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from hf_platform.errors import ConfigError
from hf_platform.models.identity import content_hash

_PACKAGE: Final = "hf_platform"


def code_version(*names: str) -> str:
    """Hash what the named code does.

    Parameters
    ----------
    names : str
        Modules or packages of this library by dotted name (read as syntax trees without comments
        and docstrings, a package with all its modules), or names of distributions (their version).

    Returns
    -------
    str
        24 hexadecimal digits, free of the order of `names`.

    Raises
    ------
    ConfigError
        If a module of the library does not exist.
    """
    return content_hash(*(part for name in sorted(set(names)) for part in (name, _fingerprint(name))))


@cache
def _fingerprint(name: str) -> str:
    if name != _PACKAGE and not name.startswith(_PACKAGE + "."):
        try:
            return version(name)
        except PackageNotFoundError:
            return "not installed"  # an extra; its family refuses every key until it is
    return content_hash(*(file_version(path) for path in _files(name)))


@cache
def file_version(path: Path) -> str:
    """Hash what the code of one file does."""
    return content_hash(tree_of(path.read_text(encoding="utf-8")))


def _files(name: str) -> list[Path]:
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise ConfigError(f"declared dependencies must exist, found no module {name!r}. Mend the family's list.")
    origin = Path(spec.origin)
    return sorted(origin.parent.rglob("*.py")) if origin.name == "__init__.py" else [origin]


def tree_of(source: str) -> str:
    """Dump the syntax tree of a source text without docstrings, comments and line numbers."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and (
            ast.get_docstring(node, clean=False) is not None
        ):
            node.body = node.body[1:]
    return ast.dump(tree)
