"""`hfp query`: one SELECT against the lake, at any moment, as a table, CSV or JSON."""

import csv
import json
import os
import sys
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from enum import StrEnum
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Final, cast

import typer

from hf_platform.settings import Settings

if TYPE_CHECKING:
    import duckdb
    from rich.console import Console
    from rich.table import Table

_SHOWN: Final = 100
_FETCH: Final = 2048


class Format(StrEnum):
    """How rows are written."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


def query(
    sql: Annotated[str, typer.Argument(help='One SELECT, for example "FROM risk.value_at_risk LIMIT 5".')],
    snapshot: Annotated[int | None, typer.Option(help="Read the lake as it was at this snapshot.", min=0)] = None,
    style: Annotated[Format, typer.Option("--format", help="table shows 100 rows, csv and json all.")] = Format.TABLE,
) -> None:
    """Ask the lake in SQL; never waits for a run that is writing."""
    from hf_platform.lake.connect import connect
    from hf_platform.lake.place import store_errors
    from hf_platform.lake.reading import check_reads_only

    settings = Settings.from_env()
    with connect(settings=settings, snapshot=snapshot, locked_down=True) as con:
        with store_errors(settings, "run the query"):
            check_reads_only(con, sql)
            result = con.execute(sql)
        names = [column[0] for column in result.description or ()]
        rows = _rows(result, settings)
        first = list(islice(rows, _FETCH))
        try:
            _write(names, first, rows, style)
            sys.stdout.flush()
        except BrokenPipeError:
            # The reader of a pipe has seen enough; Python must not complain about it at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _rows(result: "duckdb.DuckDBPyConnection", settings: Settings) -> Iterator[tuple[object, ...]]:
    from hf_platform.lake.place import store_errors

    while True:
        with store_errors(settings, "run the query"):
            batch = result.fetchmany(_FETCH)
        if not batch:
            return
        yield from batch


def _write(
    names: Sequence[str], first: Sequence[tuple[object, ...]], rest: Iterator[tuple[object, ...]], style: Format
) -> None:
    if style is Format.TABLE:
        _write_table(names, first)
        return
    if style is Format.CSV:
        lines = csv.writer(sys.stdout, lineterminator="\n")
        lines.writerow(names)
        for batch in (first, rest):
            lines.writerows([_text(value) for value in row] for row in batch)
        return
    start = "[\n"
    for batch in (first, rest):
        for row in batch:
            record = {name: _plain(value) for name, value in zip(names, row, strict=True)}
            sys.stdout.write(start + json.dumps(record, ensure_ascii=False, allow_nan=False))
            start = ",\n"
    sys.stdout.write("\n]\n" if start == ",\n" else "[]\n")


def _write_table(names: Sequence[str], rows: Sequence[tuple[object, ...]]) -> None:
    from rich.console import Console

    cells = [[_text(value) for value in row] for row in rows[:_SHOWN]]
    columns = zip(names, *cells, strict=True)
    width = sum(max(len(line) for cell in column for line in cell.splitlines() or [""]) + 3 for column in columns)
    console = Console()
    if not console.is_terminal:
        console = Console(width=max(width, console.width))  # a file or a pipe needs no wrapping
    if width <= console.width:
        console.print(_grid(names, rows, cells))
    else:
        _write_records(console, names, cells)
    n_rows = f"{len(rows)} row{'' if len(rows) == 1 else 's'}"
    console.print(n_rows if len(rows) <= _SHOWN else f"the first {_SHOWN} rows; --format csv writes all", style="dim")


def _grid(names: Sequence[str], rows: Sequence[tuple[object, ...]], cells: Sequence[Sequence[str]]) -> "Table":
    from rich.table import Table
    from rich.text import Text

    table = Table(show_edge=False)
    for index, name in enumerate(names):
        numeric = all(isinstance(row[index], int | float) for row in rows if row[index] is not None)
        table.add_column(Text(name), justify="right" if numeric else "left", overflow="fold")
    for row in cells:
        table.add_row(*(Text(cell) for cell in row))
    return table


def _write_records(console: "Console", names: Sequence[str], cells: Sequence[Sequence[str]]) -> None:
    # Too many columns for this terminal: one line a value is readable, a folded grid is not.
    from rich.text import Text

    indent = max(len(name) for name in names)
    for number, row in enumerate(cells, start=1):
        console.rule(f"row {number}", align="left", style="dim")
        for name, cell in zip(names, row, strict=True):
            console.print(Text(f"{name:>{indent}}  {cell}"))


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    plain = _plain(value)
    return json.dumps(plain, ensure_ascii=False) if isinstance(plain, list | dict) else str(value)


def _plain(value: object) -> object:
    """Turn a value into what JSON knows; a number that is not finite becomes its name."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if value - value == 0 else str(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return [_plain(item) for item in cast("Sequence[object]", value)]
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in cast("dict[object, object]", value).items()}
    return str(value)
