"""Backups of a home on this machine's disk: every file with its hash, the catalogue as of one snapshot."""

import hashlib
import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, nullcontext
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Final

from pydantic import TypeAdapter, ValidationError

from hf_platform.errors import ConfigError, StoreError
from hf_platform.lake.place import sqlite_path, store_errors
from hf_platform.lake.store import Lake
from hf_platform.settings import Settings

MANIFEST: Final = "backup.json"
_CATALOG: Final = "lake/catalog.sqlite"
_DATA: Final = "lake/data"
# What a home holds beside the lake; the rest (dbt's build, extensions, locks) is made anew.
_FOLDERS: Final = ("dagster", "mlflow", "models", "reports", "inbox")
_DATABASES: Final = (".db", ".sqlite")
_DATABASE_TRAILS: Final = ("-wal", "-shm", "-journal")


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One file of a backup: size in bytes, SHA-256, and the modification time in nanoseconds it was copied at."""

    size: int
    sha256: str
    modified: int


@dataclass(frozen=True, slots=True)
class Backup:
    """What a backup holds.

    Parameters
    ----------
    made_at : str
        ISO time, UTC.
    snapshot : int
        Lake snapshot that the catalogue was copied at.
    files : dict of str to StoredFile
        By path relative to the backup, with forward slashes.
    """

    made_at: str
    snapshot: int
    files: dict[str, StoredFile]

    @property
    def n_bytes(self) -> int:
        """Size of all files together."""
        return sum(file.size for file in self.files.values())


def back_up(settings: Settings, target: Path, progress: Callable[[str], None] = lambda _: None) -> Backup:
    """Copy a home to a folder; into an earlier backup only what is new is copied.

    Data files never change, so they are copied while runs go on; only the catalogue and what was written
    meanwhile are copied under the writer lock.

    Parameters
    ----------
    settings : Settings
    target : Path
        A new or empty folder, or an earlier backup, outside the home.
    progress : callable, optional
        Called with each path before it is copied.

    Raises
    ------
    ConfigError
        If the lake is not on this disk, or the folder is inside the home or holds something else.
    LakeMissingError
        If there is no lake yet.
    StoreError
        If a file cannot be read or written; an earlier backup in the folder is then whole no more, and
        `restore` refuses it until the next `back_up` ends.
    """
    _require_local(settings)
    target = target.expanduser().resolve()
    if target.is_relative_to(settings.home):
        raise ConfigError(f"a backup lies outside HFP_HOME ({settings.home}), found {target}. Name another folder.")
    earlier = _earlier(target)
    lake = Lake(settings)
    lake.latest_snapshot()  # refuses where there is no lake
    with store_errors(settings, "back up"):
        target.mkdir(parents=True, exist_ok=True)
        (target / MANIFEST).unlink(missing_ok=True)
        data = Path(settings.data_path)
        files = _copy_tree(data, target, _DATA, earlier, progress)
        with lake.exclusive("backup", "backup"):
            snapshot = lake.latest_snapshot()
            progress(_CATALOG)
            files[_CATALOG] = _copy_database(_source(settings, _CATALOG), target / _CATALOG)
            files |= _copy_tree(data, target, _DATA, files, progress)
        for folder in _FOLDERS:
            files |= _copy_tree(settings.home / folder, target, folder, earlier, progress)
        backup = Backup(datetime.now(UTC).isoformat(timespec="seconds"), snapshot, dict(sorted(files.items())))
        _write_atomically(target / MANIFEST, json.dumps(asdict(backup), indent=1))
        _prune(target, backup)
    return backup


def read_backup(source: Path) -> Backup:
    """Read what a backup holds.

    Raises
    ------
    ConfigError
        If the folder holds no finished backup, or one whose list of files was tampered with.
    """
    path = source / MANIFEST
    if not path.is_file():
        raise ConfigError(f"no finished backup in {source}: {MANIFEST} is missing. Make one with: hfp backup {source}")
    try:
        backup = TypeAdapter(Backup).validate_json(path.read_bytes())
    except ValidationError as error:
        raise ConfigError(f"{path} is damaged: {error.errors()[0]['msg']}. Restore another backup.") from error
    for name in backup.files:
        parts = PurePosixPath(name).parts
        if ".." in parts or name.startswith("/") or parts[0] not in ("lake", *_FOLDERS):
            raise ConfigError(f"{path} names {name!r}, which is no part of a home. Restore another backup.")
    return backup


def restore(
    settings: Settings, source: Path, *, replace: bool = False, progress: Callable[[str], None] = lambda _: None
) -> tuple[Backup, Path | None]:
    """Put a backup in the place of the home; every hash is checked before anything is moved.

    Parameters
    ----------
    settings : Settings
    source : Path
        Folder that `back_up` filled.
    replace : bool
        Whether a home that holds something may be moved aside. Nothing is deleted.
    progress : callable, optional
        Called with each path before it is copied.

    Returns
    -------
    Backup
    Path or None
        Where the previous state was moved to.

    Raises
    ------
    ConfigError
        If the lake is not on this disk, there is no backup, or the home holds something and `replace` is false.
    LakeBusyError
        If a writer does not let go of the present lake.
    StoreError
        If a file of the backup is damaged; the home is as it was then.
    """
    _require_local(settings)
    source = source.expanduser().resolve()
    backup = read_backup(source)
    home, staged = settings.home, settings.home / f".restoring-{os.getpid()}"
    present = [name for name in (_CATALOG, _DATA, *_FOLDERS) if _source(settings, name).exists()]
    if present and not replace:
        raise ConfigError(
            f"HFP_HOME ({home}) must be empty, found {', '.join(present)}. Say --replace to move that aside, "
            "or set HFP_HOME to a new folder."
        )
    lake = Lake(settings)
    with store_errors(settings, "restore"), lake.exclusive("restore", "restore") if present else nullcontext():
        try:
            for name, file in backup.files.items():
                progress(name)
                found = _copy_file(source / name, staged / name) if (source / name).is_file() else None
                if found is None or (found.size, found.sha256) != (file.size, file.sha256):
                    state = "missing" if found is None else "not what was stored (its SHA-256 differs)"
                    raise StoreError(f"{source / name} is {state}. Nothing was restored; use another backup.")
            lake.close()
            aside = _move_aside(settings, present, backup) if present else None
            for name in (_CATALOG, _DATA, *_FOLDERS):
                if (staged / name).exists():
                    _source(settings, name).parent.mkdir(parents=True, exist_ok=True)
                    shutil.move(staged / name, _source(settings, name))
        finally:
            shutil.rmtree(staged, ignore_errors=True)
    lake.initialise("restore")
    return backup, aside


def _require_local(settings: Settings) -> None:
    if sqlite_path(settings) is None or "://" in settings.data_path:
        raise ConfigError(
            "`hfp backup` and `hfp restore` copy a lake on this machine's disk, found a catalogue or data on a server. "
            "Use pg_dump for the catalogue, at a moment without a run, and versioning for the bucket."
        )


def _source(settings: Settings, name: str) -> Path:
    # Where a part of a home really is: the lake's two parts can be elsewhere by setting.
    if name == _CATALOG:
        path = sqlite_path(settings)
        assert path is not None, "checked by _require_local"
        return path
    return Path(settings.data_path) if name == _DATA else settings.home / name


def _earlier(target: Path) -> dict[str, StoredFile]:
    if not target.exists() or not any(target.iterdir()):
        return {}
    if (target / MANIFEST).is_file():
        return read_backup(target).files
    # A backup that was cut off has no list, only folders of ours: its files are copied again.
    strangers = sorted(path.name for path in target.iterdir() if path.name not in ("lake", *_FOLDERS))
    if strangers:
        raise ConfigError(f"{target} holds {strangers[0]!r}, which is no part of a backup. Name a new or empty folder.")
    return {}


def _copy_tree(
    folder: Path, target: Path, name: str, known: dict[str, StoredFile], progress: Callable[[str], None]
) -> dict[str, StoredFile]:  # fmt: skip
    files: dict[str, StoredFile] = {}
    for path in _files_of(folder):
        relative = f"{name}/{path.relative_to(folder).as_posix()}"
        stored, status = known.get(relative), path.stat()
        same = stored is not None and (stored.size, stored.modified) == (status.st_size, status.st_mtime_ns)
        if stored is not None and same and (target / relative).is_file():
            files[relative] = stored
            continue
        progress(relative)
        is_database = path.suffix in _DATABASES
        files[relative] = (_copy_database if is_database else _copy_file)(path, target / relative)
    return files


def _files_of(folder: Path) -> Iterator[Path]:
    # Links are left out: what they point at is not ours to copy.
    for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
        if path.is_file() and not path.is_symlink() and not path.name.endswith(_DATABASE_TRAILS):
            yield path


def _copy_file(source: Path, target: Path) -> StoredFile:
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(target.name + ".partial")
    digest, size = hashlib.sha256(), 0
    with source.open("rb") as reader, partial.open("wb") as writer:
        while block := reader.read(1 << 20):
            digest.update(block)
            size += len(block)
            writer.write(block)
    shutil.copystat(source, partial)
    partial.replace(target)
    return StoredFile(size, digest.hexdigest(), target.stat().st_mtime_ns)


def _copy_database(source: Path, target: Path) -> StoredFile:
    # SQLite's own backup gives one consistent state, whoever is writing; a plain copy would not.
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(target.name + ".partial")
    partial.unlink(missing_ok=True)
    try:
        with closing(sqlite3.connect(source)) as reader, closing(sqlite3.connect(partial)) as writer:
            reader.backup(writer)
    except sqlite3.Error as error:
        partial.unlink(missing_ok=True)
        raise StoreError(
            f"{source} cannot be backed up: {error}. Run `hfp doctor`; restore an older backup."
        ) from error
    partial.replace(target)
    with target.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return StoredFile(target.stat().st_size, digest, target.stat().st_mtime_ns)


def _write_atomically(path: Path, text: str) -> None:
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text)
    partial.replace(path)


def _prune(target: Path, backup: Backup) -> None:
    for path in _files_of(target):
        name = path.relative_to(target).as_posix()
        if name != MANIFEST and name not in backup.files:
            path.unlink()


def _move_aside(settings: Settings, present: list[str], backup: Backup) -> Path:
    aside = settings.home / f"before-restore-{datetime.now(UTC):%Y%m%dT%H%M%S}"
    for name in present:
        path = _source(settings, name)
        (aside / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.move(path, aside / name)
        for trail in _DATABASE_TRAILS if name == _CATALOG else ():
            if path.with_name(path.name + trail).exists():
                shutil.move(path.with_name(path.name + trail), aside / (name + trail))
    return aside
