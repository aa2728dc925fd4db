"""Connections to the lake: extensions from the wheels, attach options, readers."""

import importlib.util
import os
import shutil
from functools import cache
from pathlib import Path
from typing import Final

import duckdb

from hf_platform.errors import LakeMissingError, StoreError
from hf_platform.lake.place import catalog_label, first_line, is_postgres, require_catalog, sqlite_path, store_errors
from hf_platform.settings import Settings

ALIAS: Final = "lake"
_BUSY_TIMEOUT_MS: Final = 30_000


def literal(text: str) -> str:
    """Quote a string for the statements that take no parameters (ATTACH, LOAD, SET, CREATE SECRET)."""
    return "'" + text.replace("'", "''") + "'"


def extension_names(settings: Settings) -> tuple[str, ...]:
    """List the DuckDB extensions that this lake needs."""
    catalog = "postgres_scanner" if is_postgres(settings) else "sqlite_scanner"
    remote = ("httpfs",) if settings.data_path.startswith("s3://") else ()
    return ("ducklake", catalog, *remote)


def _wheel_file(name: str) -> Path | None:
    # The wheels are version-exact: another DuckDB version simply has no such file.
    spec = importlib.util.find_spec(f"duckdb_extension_{name}")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        file = Path(folder) / "extensions" / f"v{duckdb.__version__}" / f"{name}.duckdb_extension"
        if file.is_file():
            return file
    return None


def load_extensions(con: duckdb.DuckDBPyConnection, names: tuple[str, ...]) -> None:
    """Load extensions from their wheels, without a network; fall back to DuckDB's own download.

    Raises
    ------
    StoreError
        If neither the wheel nor the download gives the extension.
    """
    for name in names:
        file = _wheel_file(name)
        try:
            if file is not None:
                con.execute(f"LOAD {literal(str(file))}")
            else:
                con.execute(f"INSTALL {name}")
                con.execute(f"LOAD {name}")
        except duckdb.Error as error:
            raise StoreError(
                f"DuckDB {duckdb.__version__} needs its extension {name!r} and could not load it: {first_line(error)}. "
                f"Run `pip install duckdb-extension-{name.replace('_', '-')}=={duckdb.__version__}`."
            ) from error


def extension_directory(settings: Settings) -> Path:
    """Fill `HFP_HOME/lake/extensions` for programs that open the lake without this library.

    DuckDB finds extensions in `<directory>/v<version>/<platform>/`; links into the wheels cost
    nothing and are refreshed when the environment has moved.

    Returns
    -------
    Path
        The value of DuckDB's `extension_directory`.
    """
    root = settings.home / "lake" / "extensions"
    folder = root / f"v{duckdb.__version__}" / _platform()
    with store_errors(settings, "prepare the extensions"):
        folder.mkdir(parents=True, exist_ok=True)
        for name in extension_names(settings):
            file = _wheel_file(name)
            link = folder / f"{name}.duckdb_extension"
            if file is None or (link.exists() and link.resolve() == file.resolve()):
                continue
            _link(file, link)
    return root


@cache
def _platform() -> str:
    with duckdb.connect() as con:
        row = con.execute("PRAGMA platform").fetchone()
    return str(row[0]) if row else "unknown"


def _link(file: Path, link: Path) -> None:
    # Made beside and renamed: several processes may prepare the folder at once.
    draft = link.with_name(f".{link.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    try:
        draft.symlink_to(file)
    except OSError:  # a file system without links
        shutil.copyfile(file, draft)
    draft.replace(link)


def attach_options(settings: Settings) -> dict[str, str | int | bool]:
    """Return the options every ATTACH of the lake must carry, dbt's included.

    WAL and a busy timeout keep SQLite readers and the writer out of each other's way; rows are
    never inlined into the catalogue, which breaks delete + insert (ducklake issue 1215).
    """
    options: dict[str, str | int | bool] = {"data_path": settings.data_path, "data_inlining_row_limit": 0}
    if sqlite_path(settings) is not None:
        options |= {"meta_journal_mode": "WAL", "meta_busy_timeout": _BUSY_TIMEOUT_MS}
        if settings.lake_data is None:
            # Catalogue and data move together when a home is moved or restored elsewhere.
            options["override_data_path"] = True
    return options


def attach(con: duckdb.DuckDBPyConnection, settings: Settings, *, read_only: bool, snapshot: int | None = None) -> None:
    """Attach the lake under the name `lake` and use it.

    Raises
    ------
    LakeMissingError
        If a reader finds no catalogue, or one without tables.
    StoreError
        If the catalogue cannot be opened, or the snapshot does not exist.
    """
    if read_only:
        require_catalog(settings)
    options = dict(attach_options(settings))
    if snapshot is not None:
        options["snapshot_version"] = int(snapshot)
    given = ["READ_ONLY"] if read_only else []
    given += [f"{k.upper()} {literal(v) if isinstance(v, str) else v}" for k, v in options.items()]
    with store_errors(settings, "open the lake"):
        con.execute(f"ATTACH {literal('ducklake:' + settings.catalog_uri)} AS {ALIAS} ({', '.join(given)})")
        con.execute(f"USE {ALIAS}")
        if read_only and not _has_tables(con):
            raise LakeMissingError(catalog_label(settings))


def _has_tables(con: duckdb.DuckDBPyConnection) -> bool:
    # A process that died between making the catalogue and its tables leaves snapshot 0: nothing to read yet.
    row = con.execute(f"SELECT max(snapshot_id) FROM ducklake_snapshots('{ALIAS}')").fetchone()
    return row is not None and row[0] is not None and row[0] > 0


def adopt_data_path(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Tell the catalogue where its data lie after a home was moved, for readers without this library."""
    con.execute(
        f"UPDATE __ducklake_metadata_{ALIAS}.ducklake_metadata SET value = $path "
        "WHERE key = 'data_path' AND value <> $path",
        {"path": settings.data_path},
    )


def open_instance(settings: Settings) -> duckdb.DuckDBPyConnection:
    """Start an in-memory DuckDB that is ready to attach the lake."""
    # Checking the signatures of 70 MB of extensions takes 0.3 s on every start. Files from the wheels came
    # with DuckDB's own package, checked by its hash; only what DuckDB downloads itself needs the signature.
    bundled = all(_wheel_file(name) is not None for name in extension_names(settings))
    con = duckdb.connect(":memory:", config={"allow_unsigned_extensions": bundled})
    prepare(con, settings)
    return con


def prepare(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Give a DuckDB what it needs before `attach`: extensions, the object-store secret, a place to spill.

    Raises
    ------
    StoreError
        If an extension cannot be loaded.
    """
    load_extensions(con, extension_names(settings))
    # In-memory databases spill into the caller's working directory by default.
    con.execute(f"SET temp_directory = {literal(str(settings.home / 'lake' / 'spill'))}")
    con.execute("SET enable_progress_bar = false")  # DuckDB's own bars would break into ours
    if settings.data_path.startswith("s3://") and settings.s3_key_id is not None:
        _create_s3_secret(con, settings)


def _create_s3_secret(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    secret = settings.s3_secret.get_secret_value() if settings.s3_secret else ""
    parts = ["TYPE s3", f"KEY_ID {literal(settings.s3_key_id or '')}", f"SECRET {literal(secret)}"]
    if settings.s3_endpoint is not None:
        # Servers other than AWS rarely resolve bucket names as hosts.
        parts += [f"ENDPOINT {literal(settings.s3_endpoint)}", "URL_STYLE 'path'"]
    parts.append(f"USE_SSL {str(settings.s3_use_ssl).lower()}")
    with store_errors(settings, "register the object-store secret"):
        con.execute(f"CREATE SECRET lake_s3 ({', '.join(parts)})")


def connect(
    read_only: bool = True, snapshot: int | None = None, settings: Settings | None = None, *, locked_down: bool = False
) -> duckdb.DuckDBPyConnection:
    """Open a DuckDB connection with the lake attached as `lake` and in use.

    Parameters
    ----------
    read_only : bool
        Readers are never blocked and see one whole snapshot. A writing connection bypasses the
        writer lock: use `Lake.transaction`, or hold `Lake.exclusive` around it.
    snapshot : int, optional
        Look at this snapshot of the whole lake instead of the newest.
    settings : Settings, optional
        Where the lake is; read from the environment by default.
    locked_down : bool
        Also refuse every file, network and configuration access but the lake's own data.

    Raises
    ------
    LakeMissingError
        If there is no lake yet.
    StoreError
        If the catalogue is damaged, unreachable or has no such snapshot.
    """
    settings = settings or Settings.from_env()
    con = open_instance(settings)
    try:
        attach(con, settings, read_only=read_only, snapshot=snapshot)
        if locked_down:
            _lock_down(con, settings)
    except StoreError:
        con.close()
        raise
    return con


def _lock_down(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    path = sqlite_path(settings)
    files = [] if path is None else [str(path), f"{path}-wal", f"{path}-shm", f"{path}-journal"]
    with store_errors(settings, "lock the reader down"):
        con.execute(f"SET allowed_directories = [{literal(settings.data_path)}]")
        con.execute(f"SET allowed_paths = [{', '.join(map(literal, files))}]")
        con.execute("SET enable_external_access = false")
        con.execute("SET lock_configuration = true")


def plain_connect_hint(settings: Settings) -> str:
    """Return the lines that open the lake from any Python with DuckDB, without this library.

    Works while a writer writes. A password in the catalogue URI is left out.
    """
    uri = settings.catalog_uri if not is_postgres(settings) else "postgres:" + "<the DSN of HFP_LAKE_CATALOG>"
    return (
        "import duckdb\n"
        f"con = duckdb.connect({f'ducklake:{uri}'!r}, read_only=True,\n"
        f"                     config={{'extension_directory': {str(extension_directory(settings))!r}}})\n"
        'con.sql("FROM models.ledger LIMIT 5")'
    )
