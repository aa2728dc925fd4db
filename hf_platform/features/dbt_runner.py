"""dbt inside this process: the project parsed once per content, invocations without a word on stdout.

Starting dbt's command costs 7 to 10 seconds a call, most of it for parsing anew because variables
changed. With a parsed manifest in hand an invocation starts in half a second.
"""

import hashlib
import json
import logging
import os
import shutil
import tempfile
import threading
from collections.abc import Sequence
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from hf_platform.errors import ConfigError, StoreError
from hf_platform.features.lake_plugin import lent
from hf_platform.settings import Settings

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

PROJECT: Final = Path(__file__).resolve().parents[2] / "dbt_features"
_PARSED: Final = "partial_parse.msgpack"

# dbt keeps its flags, adapters and connections in module state: one invocation at a time per process.
_ONE_AT_A_TIME: Final = threading.RLock()


@lru_cache(maxsize=1)
def code_version() -> str:
    """Return the content hash of the dbt project and of dbt's version: changes whenever a feature's SQL does.

    Raises
    ------
    ConfigError
        If the project's folder is not where the package expects it.
    """
    if not (PROJECT / "dbt_project.yml").is_file():
        raise ConfigError(f"the dbt project must stand beside the package, nothing found at {PROJECT}. Clone it whole.")
    digest = hashlib.blake2b(f"{version('dbt-core')} {version('dbt-duckdb')}".encode(), digest_size=8)
    for folder in (".", "macros", "models", "tests"):
        files = (PROJECT / folder).glob("*.yml") if folder == "." else (PROJECT / folder).rglob("*")
        for file in sorted(path for path in files if path.suffix in {".sql", ".yml"}):
            digest.update(f"{file.relative_to(PROJECT).as_posix()}\0".encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()


def log_folder(settings: Settings) -> Path:
    """Return the folder of dbt's own log."""
    return settings.home / "dbt" / "logs"


def manifest_path(settings: Settings) -> Path:
    """Return the project's `manifest.json`, parsed if its content has not been seen in this home.

    Raises
    ------
    ConfigError
        If the project does not parse; the text is dbt's.
    """
    folder = settings.home / "dbt" / code_version()
    if not (folder / _PARSED).is_file():
        with _ONE_AT_A_TIME:
            _parse_into(folder, settings)
    return folder / "manifest.json"


def _parse_into(folder: Path, settings: Settings) -> None:
    # Made beside and renamed, so that a process that starts meanwhile finds all of it or nothing.
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=".parse-", dir=folder.parent))
    try:
        result = _call(None, ["parse", *_options(settings, draft)])
        if not result.success:
            raise ConfigError(f"the dbt project must parse: {result.exception}. Mend {PROJECT}.")
        if folder.exists():  # another process was faster, or a parse was cut short
            shutil.rmtree(folder, ignore_errors=True)
        os.replace(draft, folder)
    except OSError as error:
        if not (folder / _PARSED).is_file():
            raise StoreError(
                f"cannot keep the parsed dbt project in {folder}: {error}. Free it or move HFP_HOME."
            ) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


@lru_cache(maxsize=4)
def _manifest(path: Path) -> "Manifest":
    from dbt.contracts.graph.manifest import Manifest

    return Manifest.from_msgpack((path.parent / _PARSED).read_bytes())


def _options(settings: Settings, target: Path) -> list[str]:
    return [
        "--project-dir", str(PROJECT),
        "--profiles-dir", str(PROJECT),
        "--target-path", str(target),
        "--log-path", str(log_folder(settings)),
        "--log-level", "none",
        "--log-level-file", "info",
        "--no-print",
        "--no-version-check",
        "--no-send-anonymous-usage-stats",
    ]  # fmt: skip


def _call(manifest: "Manifest | None", arguments: list[str]) -> Any:  # noqa: ANN401 - dbt's own result, untyped
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner
    from dbt_common.events.event_manager_client import cleanup_event_logger

    runner: Any = dbtRunner(manifest=manifest)
    try:
        return runner.invoke(arguments)
    finally:
        # dbt leaves two things open: a DuckDB with the lake attached for writing, and its log file.
        DuckDBConnectionManager.close_all_connections()
        cleanup_event_logger()
        log = logging.getLogger("file_log")
        for handler in tuple(log.handlers):
            log.removeHandler(handler)
            handler.close()


def invoke(
    command: Literal["run", "test"],
    settings: Settings,
    nodes: Sequence[str],
    variables: dict[str, object],
) -> list[Any]:
    """Run or test models in this process.

    Parameters
    ----------
    command : {"run", "test"}
        `run` writes: the caller holds the lake's writer lock. `test` attaches the lake read-only.
    settings : Settings
        Which lake.
    nodes : sequence of str
        Names of models, or of tests for `test`.
    variables : dict
        dbt variables; values end up as text in SQL and must have been checked.

    Returns
    -------
    list of dbt RunResult
        One per model or test, failures among them.

    Raises
    ------
    StoreError
        If dbt could not even start.
    """
    with _ONE_AT_A_TIME, lent(settings, read_only=command == "test") as token:
        path = manifest_path(settings)
        arguments = [
            command, *_options(settings, path.parent / "build"), "--no-write-json",
            "--select", *nodes,
            "--vars", json.dumps({**variables, "lake_token": token}),
        ]  # fmt: skip
        result = _call(_manifest(path), arguments)
    if result.result is None:
        raise StoreError(f"dbt {command} did not start: {result.exception}. Its log is in {log_folder(settings)}.")
    return list(getattr(result.result, "results", []))


def _models(settings: Settings) -> dict[str, Any]:
    nodes: dict[str, Any] = dict(_manifest(manifest_path(settings)).nodes)
    return {key: node for key, node in nodes.items() if node.resource_type == "model"}


def model_names(settings: Settings) -> tuple[str, ...]:
    """Return the models of the project, in alphabetical order."""
    return tuple(sorted(node.name for node in _models(settings).values()))


def test_names(settings: Settings, nodes: Sequence[str]) -> tuple[str, ...]:
    """Return the dbt tests that judge these models, in alphabetical order.

    dbt's own selection would add the tests of other models that only read one of these.
    """
    manifest: Any = _manifest(manifest_path(settings))
    wanted = {key for key, node in _models(settings).items() if node.name in nodes}
    return tuple(
        sorted(node.name for node in manifest.nodes.values() if getattr(node, "attached_node", None) in wanted)
    )


def cross_sectional(settings: Settings) -> tuple[set[str], set[str]]:
    """Return the models that read every instrument at once, and those that read such models."""
    models = _models(settings)
    whole = {key for key, node in models.items() if node.config.get("slice") == "all"}
    after: set[str] = set()
    while True:
        reached = whole | after
        found = {key for key, node in models.items() if reached & {*node.depends_on.nodes}} - reached
        if not found:
            return {models[key].name for key in whole}, {models[key].name for key in after}
        after |= found
