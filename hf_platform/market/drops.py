"""Read a dropped file as it is: size, encoding and header are checked before its content is trusted."""

import codecs
import csv
import io
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import polars as pl

from hf_platform.market.drop_layouts import PRICES, TICKERS, Layout, layout_of

_MIB: Final = 1024 * 1024
_HEADER_BYTES: Final = 64 * 1024
_MAX_COLUMNS: Final = 64
_BYTES_PER_VALUE: Final = 8
_FAR_DAYS: Final = 100_000  # 273 years on both sides of 1970
_VECTOR_TYPES: Final = (pl.List(pl.Float64), pl.List(pl.Float32))
_TICKS: Final = {"ms": 10**3, "us": 10**6, "ns": 10**9}
SUFFIXES: Final = (".csv", ".parquet")
TIMES: Final = PRICES.times
NUMBERS: Final = PRICES.numbers
DESCRIPTIONS: Final = PRICES.texts[2:]  # of the instrument


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """Why rows of a dropped file are not used.

    Parameters
    ----------
    file : str
        Name of the file.
    row : int or None
        The first row concerned, 1 is the first below the header; None for the file as a whole.
    rule, value, next_step : str
        What must hold, what was found, what to do.
    instrument : str or None
        Whose rows are left out; None for the file as a whole.
    n_rows : int
        Rows that break the rule.
    """

    file: str
    row: int | None
    rule: str
    value: str
    next_step: str
    instrument: str | None = None
    n_rows: int = 1

    def __str__(self) -> str:
        """Write one line for people."""
        row = f", row {self.row}" if self.row is not None else ""
        times = f" ({self.n_rows} rows)" if self.n_rows > 1 else ""
        who = f" [{self.instrument}]" if self.instrument else ""
        return f"{self.file}{row}{who}: {self.rule}; found {self.value}{times}. {self.next_step}"


def read_drop(path: Path, *, max_mb: int) -> pl.DataFrame | Rejection:
    """Read a CSV or Parquet file without believing it.

    Parameters
    ----------
    path : Path
        The file; symbolic links and anything but a regular file are refused.
    max_mb : int
        Largest size, in MiB, on disk and (Parquet) decoded.

    Returns
    -------
    DataFrame or Rejection
        The file's columns under their lower-case names and `row` (Int64, 1 is the first below the
        header). All columns of a CSV are String; Parquet keeps its types.
    """
    try:
        bad = _check_status(path, max_mb)
        if bad is not None:
            return bad
        reader = _read_csv if path.suffix.lower() == ".csv" else _read_parquet
        return reader(path, max_mb * _MIB)
    except OSError as error:
        return _whole(path, "the file can be read", str(error.strerror or error), "Check its path and permissions.")


def _check_status(path: Path, max_mb: int) -> Rejection | None:
    status = path.lstat()
    if not stat.S_ISREG(status.st_mode):
        return _whole(path, "a dropped file is a regular file", "a link, folder or device", "Copy the file itself.")
    if path.suffix.lower() not in SUFFIXES:
        return _whole(path, "files end in .csv or .parquet", path.suffix or "no ending", "Convert or rename the file.")
    if status.st_size == 0:
        return _whole(path, "the file has content", "0 bytes", "Export the file again.")
    if status.st_size > max_mb * _MIB:
        size = f"{status.st_size / _MIB:.0f} MiB"
        help_text = "Split it by instrument or year, or raise HFP_INBOX_MAX_MB."
        return _whole(path, f"a file has at most {max_mb} MiB", size, help_text)
    return None


def _whole(path: Path, rule: str, value: str, next_step: str, row: int | None = None) -> Rejection:
    return Rejection(file=path.name, row=row, rule=rule, value=value[:200], next_step=next_step)


def _check_header(path: Path, names: list[str]) -> Rejection | None:
    layout = layout_of(names)
    if len(names) > _MAX_COLUMNS:
        return _whole(path, f"a file has at most {_MAX_COLUMNS} columns", f"{len(names)} columns", layout.help)
    unknown = [name for name in names if name not in layout.columns]
    twice = [name for name in names if names.count(name) > 1]
    if layout is not TICKERS and "ticker" in names and "instrument" in names:  # rows are named in one way
        twice.append("instrument and ticker")
    times = [name for name in names if name in layout.times]
    told = [*names, "instrument"] if "ticker" in names and layout is not TICKERS else names
    missing = [name for name in layout.required if name not in told]
    if unknown:
        semicolons = len(names) == 1 and ";" in names[0]
        help_text = "Separate columns with commas and write decimals with a point." if semicolons else layout.help
        return _whole(path, "every column is known", repr(unknown[0]), help_text)
    if twice:
        return _whole(path, "every column comes once", repr(twice[0]), "Remove the second one.")
    if len(times) != 1:
        rule = f"there is one column {' or '.join(layout.times)}"
        return _whole(path, rule, ", ".join(times) or "none", layout.help)
    if missing:
        return _whole(path, f"there is a column {missing[0]}", ", ".join(names), layout.help)
    return None


def _canonical(names: list[str]) -> list[str]:
    return [name.strip().lower() for name in names]


def _read_csv(path: Path, _: int) -> pl.DataFrame | Rejection:
    with path.open("rb") as file:
        head = file.read(_HEADER_BYTES)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _whole(path, "text is UTF-8", "UTF-16", "Save the file as CSV UTF-8.")
    if b"\n" not in head and len(head) == _HEADER_BYTES:
        return _whole(path, "the header fits into 64 KiB", "a longer first line", PRICES.help)
    bad = _check_encoding(path)
    if bad is not None:
        return bad
    first_line = head.decode("utf-8-sig", errors="replace").splitlines()[0] if head.strip() else ""
    names = _canonical(next(csv.reader([first_line]), [""]))
    bad = _check_header(path, names) or _check_fields(path, len(names))
    if bad is not None:
        return bad
    try:
        frame = pl.read_csv(path, infer_schema=False, new_columns=names, raise_if_empty=False)
    except pl.exceptions.PolarsError as error:
        return _whole(path, "the file is comma-separated text", str(error), "Export it again as CSV UTF-8.")
    frame = frame.with_columns(pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("row"))
    # Empty lines at the end of a file are no rows.
    frame = frame.filter(pl.any_horizontal(pl.all().exclude("row").is_not_null()))
    return frame if frame.height else _whole(path, "there is at least one row", "none", "Export the file again.")


def _check_encoding(path: Path) -> Rejection | None:
    decoder = codecs.getincrementaldecoder("utf-8")()
    line = 1
    with path.open("rb") as file:
        while block := file.read(_MIB):
            if b"\0" in block:
                at = line + block[: block.index(b"\0")].count(b"\n")
                return _whole(path, "text has no zero bytes", "a zero byte", "Save it as CSV UTF-8.", max(at - 1, 0))
            try:
                decoder.decode(block, final=len(block) < _MIB)
            except UnicodeDecodeError as error:
                at = line + block[: error.start].count(b"\n")
                found = f"byte 0x{error.object[error.start]:02x}"
                return _whole(path, "text is UTF-8", found, "Save the file as CSV UTF-8.", max(at - 1, 0))
            line += block.count(b"\n")
    return None


def _check_fields(path: Path, n_columns: int) -> Rejection | None:
    """Every row has as many fields as the header; a short row would silently lose its last values."""
    rule = f"every row has {n_columns} fields, as the header"
    with path.open(encoding="utf-8-sig", newline="") as file:
        blank: int | None = None
        try:
            for row, fields in enumerate(_rows(file)):
                if blank is not None and fields:
                    return _whole(path, rule, "an empty line", "Remove the line.", blank)
                if not fields:
                    blank = row if blank is None else blank
                elif len(fields) != n_columns:
                    return _whole(path, rule, f"{len(fields)} fields", "Correct the row; quote text with commas.", row)
        except csv.Error as error:
            return _whole(path, "the file is comma-separated text", str(error), "Check quotes; export it again.")
    return None


def _rows(file: io.TextIOWrapper) -> Iterator[list[str]]:
    yield from csv.reader(file, strict=True)


def _read_parquet(path: Path, max_bytes: int) -> pl.DataFrame | Rejection:
    # pyarrow reports a damaged file as an error where other readers have been seen to abort.
    arrow: Any = import_module("pyarrow")
    parquet: Any = import_module("pyarrow.parquet")
    try:
        with parquet.ParquetFile(path) as file:
            names = _canonical([str(name) for name in file.schema_arrow.names])
            bad = _check_header(path, names) or _check_claim(path, file.metadata, max_bytes)
            if bad is not None:
                return bad
            table = file.read()
        table.validate(full=True)  # text that is no UTF-8, offsets out of range: refused before they do harm
        frame = _bounded_times(pl.DataFrame(arrow.table(table.columns, names=names)))  # without the file's metadata
    except (arrow.ArrowException, pl.exceptions.PolarsError, ValueError, OSError) as error:
        return _whole(path, "the file is readable Parquet", str(error), "Export it again.")
    if frame.is_empty():
        return _whole(path, "there is at least one row", "none", "Export the file again.")
    layout = layout_of(names)
    bad = next((bad for name in names if (bad := _check_type(path, name, frame.schema[name], layout))), None)
    if bad is not None:
        return bad
    texts = [name for name in names if name in layout_of(names).texts]
    return frame.with_columns(pl.col(texts).cast(pl.String)).with_columns(
        pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("row")
    )


def _bounded_times(frame: pl.DataFrame) -> pl.DataFrame:
    """Take out dates and times far outside history: most date arithmetic aborts on them."""
    bounded: list[pl.Expr] = []
    for name, kind in frame.schema.items():
        if isinstance(kind, pl.Date | pl.Datetime):
            per_day = 86_400 * _TICKS[kind.time_unit] if isinstance(kind, pl.Datetime) else 1
            within = pl.col(name).to_physical().is_between(-_FAR_DAYS * per_day, _FAR_DAYS * per_day)
            # A masked value is still computed with: put a harmless one under the mask.
            harmless = pl.when(within).then(pl.col(name)).otherwise(pl.lit(0).cast(kind))
            bounded.append(pl.when(within).then(harmless).alias(name))
    return frame.with_columns(bounded)


def _check_type(path: Path, name: str, kind: pl.DataType, layout: Layout) -> Rejection | None:
    if name in layout.vectors:
        fits, wanted = kind in _VECTOR_TYPES or isinstance(kind, pl.String | pl.Null), "lists of numbers"
    elif name in (*layout.times, *layout.more_times):
        fits, wanted = isinstance(kind, pl.String | pl.Date | pl.Datetime | pl.Null), "dates, times or text"
    elif name in layout.numbers:
        fits, wanted = kind.is_numeric() or isinstance(kind, pl.String | pl.Null), "numbers"
    else:
        fits, wanted = isinstance(kind, pl.String | pl.Null | pl.Categorical | pl.Enum), "text"
    return None if fits else _whole(path, f"column {name} holds {wanted}", str(kind), "Convert the column.")


def _check_claim(path: Path, metadata: Any, max_bytes: int) -> Rejection | None:  # noqa: ANN401 - pyarrow has no types
    """Refuse a small file that claims to be huge, before anything is allocated."""
    groups = sum(int(metadata.row_group(i).total_byte_size) for i in range(metadata.num_row_groups))
    decoded = max(int(metadata.num_rows) * int(metadata.num_columns) * _BYTES_PER_VALUE, groups)
    if decoded <= max_bytes:
        return None
    return _whole(
        path,
        f"decoded data take at most {max_bytes // _MIB} MiB",
        f"a header that claims {decoded / _MIB:.0f} MiB in {metadata.num_rows} rows",
        "Split the file, or raise HFP_INBOX_MAX_MB.",
    )
