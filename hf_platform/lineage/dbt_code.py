"""Fingerprints of the dbt models, read from the project's files: no dbt, no parsing of the whole project."""

import re
from functools import cache
from pathlib import Path
from typing import Final

from hf_platform.models.identity import content_hash

PROJECT: Final = Path(__file__).resolve().parents[2] / "dbt_features"
_SOURCE: Final = re.compile(r"source\('market', '(\w+)'\)")
_REF: Final = re.compile(r"ref\('(\w+)'\)")
_MACRO: Final = re.compile(r"{%-?\s*macro\s+(\w+)")
# A text in quotes is kept; comments of Jinja and SQL go.
_TOKEN: Final = re.compile(r"'(?:[^']|'')*'|{#.*?#}|/\*.*?\*/|--[^\n]*", re.DOTALL)


def tidied(sql: str) -> str:
    """Take comments and layout out of a model's or macro's text."""
    bare = _TOKEN.sub(lambda found: found[0] if found[0].startswith("'") else " ", sql)
    return " ".join(bare.split())


@cache
def model_files() -> dict[str, Path]:
    """Find the SQL file of each model."""
    return {path.stem: path for path in sorted((PROJECT / "models").rglob("*.sql"))}


@cache
def upstream(model: str) -> tuple[str, ...]:
    """List the models that a model stands on, itself and those further up included, by name."""
    found = {model}
    for name in _REF.findall(_text(model_files()[model])):
        found.update(upstream(name))
    return tuple(sorted(found))


def reads_all(model: str) -> bool:
    """Say whether a model reads every instrument at once."""
    return "slice='all'" in tidied(_text(model_files()[model]))


def is_whole(model: str) -> bool:
    """Say whether a model, or one that it stands on, reads every instrument at once."""
    return any(reads_all(name) for name in upstream(model))


def sources(model: str) -> tuple[str, ...]:
    """List the tables of the market schema that a model stands on, whoever reads them for it."""
    texts = (tidied(_text(path)) for path in _files(model))
    return tuple(sorted({name for text in texts for name in _SOURCE.findall(text)}))


@cache
def fingerprints(model: str) -> dict[str, str]:
    """Hash every file of the project that decides a model's rows: models upstream, macros in use.

    Returns
    -------
    dict of str to str
        By path inside the project.
    """
    return {path.relative_to(PROJECT.parent).as_posix(): content_hash(tidied(_text(path))) for path in _files(model)}


@cache
def _files(model: str) -> tuple[Path, ...]:
    files = tuple(model_files()[name] for name in upstream(model))
    return (*files, *_macro_files(files))


def _macro_files(files: tuple[Path, ...]) -> list[Path]:
    macros = {path: _MACRO.findall(_text(path)) for path in sorted((PROJECT / "macros").glob("*.sql"))}
    texts = [tidied(_text(path)) for path in files]
    used: list[Path] = []
    while True:
        new = [
            path
            for path, names in macros.items()
            if path not in used and any(re.search(rf"\b{name}\(", text) for name in names for text in texts)
        ]
        if not new:
            return used
        used += new
        texts = [tidied(_text(path)) for path in new]


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")
