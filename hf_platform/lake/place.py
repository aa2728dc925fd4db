"""Where the lake is, and what its drivers' errors mean: text for people, without credentials."""

import errno
import re
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import duckdb

from hf_platform.errors import LakeMissingError, StoreError
from hf_platform.settings import Settings

_SQLITE: Final = "sqlite:"
_POSTGRES: Final = "postgres:"


def is_postgres(settings: Settings) -> bool:
    """Say whether the catalogue lives on a PostgreSQL server."""
    return settings.catalog_uri.startswith(_POSTGRES)


def postgres_dsn(settings: Settings) -> str:
    """Return what libpq understands: the catalogue URI without its prefix. Holds a password: never print it."""
    return settings.catalog_uri.removeprefix(_POSTGRES)


def sqlite_path(settings: Settings) -> Path | None:
    """Return the catalogue's file, or None where it is not on SQLite."""
    uri = settings.catalog_uri
    return Path(uri.removeprefix(_SQLITE)) if uri.startswith(_SQLITE) else None


def catalog_label(settings: Settings) -> str:
    """Name the catalogue for a person: a path, or a server without its credentials."""
    path = sqlite_path(settings)
    return str(path) if path is not None else "the PostgreSQL catalogue of HFP_LAKE_CATALOG"


def redact(text: str, settings: Settings) -> str:
    """Take credentials out of a message that a driver wrote."""
    if is_postgres(settings):
        text = text.replace(postgres_dsn(settings), "***")
        text = re.sub(r"(password\s*=\s*)('[^']*'|[^\s'\"]+)", r"\1***", text, flags=re.IGNORECASE)
        text = re.sub(r"(postgres(?:ql)?://)[^@\s]*@", r"\1***@", text, flags=re.IGNORECASE)
    if settings.s3_secret is not None:
        text = text.replace(settings.s3_secret.get_secret_value(), "***")
    return text


# Marks in a driver's text (lower case), and what to say: the rule, then the next step.
_CAUSES: Final[tuple[tuple[tuple[str, ...], str, str], ...]] = (
    (
        ("http code 401", "http code 403", "signaturedoesnotmatch", "invalidaccesskeyid"),
        "the object store of {data} refuses these credentials",
        "Check HFP_S3_KEY_ID and HFP_S3_SECRET, and what that user may do there.",
    ),
    (
        ("could not connect to server error for http", "could not establish connection error for http"),
        "the object store of {data} cannot be reached",
        "Check HFP_S3_ENDPOINT, HFP_S3_USE_SSL and the server.",
    ),
    (
        ("nosuchbucket",),
        "the bucket of {data} does not exist",
        "Make it, or check HFP_LAKE_DATA.",
    ),
    (
        ("authentication failed", "no password supplied", 'role "'),
        "{where} refuses these credentials",
        "Check user and password in HFP_LAKE_CATALOG.",
    ),
    (
        ("no space left", "disk is full", "disk full", "file too large", "quota exceeded"),
        "no space left for {where} or {data}",
        "Free disk space; nothing of the transaction was stored.",
    ),
    (
        ("file is not a database", "malformed", "file is encrypted", "corrupt"),
        "the catalogue {where} is damaged",
        "Restore it with `hfp restore FOLDER --replace`, or move it away and run `hfp materialize`.",
    ),
    (
        ("permission denied", "readonly database", "read-only file system", "unable to open database file"),
        "no permission for {where} or {data}",
        "Give this user read and write access, or point HFP_HOME elsewhere.",
    ),
    (
        ("does not match existing data path",),
        "the data of the lake at {where} lie elsewhere than HFP_LAKE_DATA says",
        "Set HFP_LAKE_DATA to the folder that the lake was made with.",
    ),
    (
        ("no snapshot found",),
        "that snapshot is not in the lake: never made, or expired",
        "See which are with `hfp query \"FROM ducklake_snapshots('lake')\"`.",
    ),
    (
        ("could not connect", "unable to connect", "connection refused", "could not translate host"),
        "{where} cannot be reached",
        "Check HFP_LAKE_CATALOG and the server.",
    ),
)
_STATEMENT_ERRORS: Final = (
    duckdb.ParserException,
    duckdb.BinderException,
    duckdb.CatalogException,
    duckdb.ConversionException,
    duckdb.InvalidInputException,
    duckdb.OutOfRangeException,
    duckdb.PermissionException,
    duckdb.SyntaxException,
)


def first_line(error: BaseException) -> str:
    """Return what a driver says up to the copy of the statement, on one line."""
    text = re.split(r"\n\s*LINE \d+:", str(error))[0]
    return " ".join(text.split()) or type(error).__name__


def explain(error: duckdb.Error | OSError, settings: Settings, doing: str) -> StoreError:
    """Turn a driver's error into the rule, the value found and the next step."""
    where, low = catalog_label(settings), str(error).lower()
    text = redact(first_line(error), settings).rstrip(".")
    if "creating a new ducklake is explicitly disabled" in low:
        return LakeMissingError(where)
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        low = "no space left"
    for marks, rule, step in _CAUSES:
        if any(mark in low for mark in marks):
            return StoreError(f"cannot {doing}: {rule.format(where=where, data=settings.data_path)} ({text}). {step}")
    if isinstance(error, _STATEMENT_ERRORS):
        stop = "" if text[-1] in "?!" else "."
        return StoreError(f'cannot {doing}: {text}{stop} `hfp query "SHOW ALL TABLES"` lists tables and columns.')
    return StoreError(f"cannot {doing} at {where}: {text}. Run `hfp doctor`.")


def require_catalog(settings: Settings) -> None:
    """Refuse to look for a lake where no catalogue file is; a server is asked on attaching.

    Raises
    ------
    LakeMissingError
        If the catalogue's file does not exist.
    StoreError
        If its folder cannot be read.
    """
    path = sqlite_path(settings)
    with store_errors(settings, "open the lake"):
        if path is not None and not path.exists():
            raise LakeMissingError(str(path))


@contextmanager
def store_errors(settings: Settings, doing: str) -> Generator[None]:
    """Raise `StoreError` in the place of DuckDB's and the file system's errors."""
    try:
        yield
    except (duckdb.Error, OSError) as error:
        # A cause is printed with the error: one that names credentials must not travel along.
        cause = error if redact(str(error), settings) == str(error) else None
        raise explain(error, settings, doing) from cause
