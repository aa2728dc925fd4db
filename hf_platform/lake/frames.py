"""Fit a frame to a table: names, types, missing values, keys, before anything is written."""

from typing import TYPE_CHECKING, Final

from hf_platform.errors import StoreError
from hf_platform.lake.tables import Table

if TYPE_CHECKING:
    import polars as pl

_INTEGERS: Final = ("INTEGER", "BIGINT")


def conform(frame: "pl.DataFrame", table: Table, producer: str, run_id: str) -> "pl.DataFrame":
    """Bring a frame to the stored form of a table.

    Parameters
    ----------
    frame : polars.DataFrame
        Columns in any order; nullable ones may be left out. NaN in DOUBLE columns and lists means
        missing and becomes null; infinities are kept.
    producer, run_id : str
        Filled in where the frame does not carry them.

    Returns
    -------
    polars.DataFrame
        All columns of the table, in its order and types.

    Raises
    ------
    StoreError
        If a column is unknown, of another type, null or missing in the key, or a key comes twice.
    """
    import polars as pl

    unknown = [name for name in frame.columns if name not in table.types]
    if unknown:
        raise StoreError(f"{table.name} has no column {unknown[0]!r}. Its columns: {', '.join(table.types)}.")
    others = set(frame["producer"].unique()) - {producer} if "producer" in frame.columns else set[str]()
    if others:
        raise StoreError(f"{table.name}: {producer!r} writes its own slice, found {sorted(map(str, others))}.")
    given = {"producer": pl.lit(producer), "run_id": pl.lit(run_id)}
    columns = [_column(frame, table, name, kind, given.get(name)) for name, kind in table.types.items()]
    try:
        fitted = frame.select(columns)
    except pl.exceptions.InvalidOperationError as error:
        first = str(error).splitlines()[0]
        column = next((name for name in table.types if f"'{name}'" in first), "a column")
        raise StoreError(f"{table.name}.{column} cannot hold its values: {first}. Mend them before writing.") from error
    if frame.width == 0:
        return fitted.clear()  # constants alone would make one row
    _check_key(fitted, table)
    return fitted


def _dtype(kind: str) -> "pl.DataType":
    import polars as pl

    scalar = {
        "VARCHAR": pl.String(),
        "DOUBLE": pl.Float64(),
        "INTEGER": pl.Int32(),
        "BIGINT": pl.Int64(),
        "BOOLEAN": pl.Boolean(),
        "TIMESTAMP": pl.Datetime("us"),
    }
    return pl.List(_dtype(kind[:-2])) if kind.endswith("[]") else scalar[kind]


def _column(frame: "pl.DataFrame", table: Table, name: str, kind: str, given: "pl.Expr | None") -> "pl.Expr":
    import polars as pl

    wanted = _dtype(kind)
    if name not in frame.columns:
        return (given if given is not None else pl.lit(None)).cast(wanted).alias(name)
    found = frame.schema[name]
    if not _fits(found, wanted):
        raise StoreError(f"{table.name}.{name} is {kind}, found {found}. Cast the column before writing it.")
    expression = pl.col(name).cast(wanted)
    if wanted == pl.Float64:
        return expression.fill_nan(None)
    if wanted == pl.List(pl.Float64):
        return expression.list.eval(pl.element().fill_nan(None))
    return expression


def _fits(found: "pl.DataType", wanted: "pl.DataType") -> bool:
    # Only conversions that lose nothing: a wider integer is cast strictly and fails loudly.
    import polars as pl

    if isinstance(wanted, pl.List) and isinstance(found, pl.List | pl.Array):
        return _fits(_inner(found), _inner(wanted))
    return (
        found in (wanted, pl.Null)
        or (wanted == pl.String and isinstance(found, pl.Categorical | pl.Enum))
        or (wanted == pl.Float64 and found.is_numeric())
        or (wanted.is_integer() and found.is_integer())
        # A zone would have to be dropped: that is the caller's decision.
        or (isinstance(wanted, pl.Datetime) and isinstance(found, pl.Datetime) and found.time_zone is None)
    )


def _inner(kind: "pl.DataType") -> "pl.DataType":
    import polars as pl

    inner = kind.inner if isinstance(kind, pl.List | pl.Array) else kind
    return inner() if isinstance(inner, type) else inner


def _check_key(frame: "pl.DataFrame", table: Table) -> None:
    import polars as pl

    key = list(table.key)
    for name in key:
        if frame[name].null_count():
            raise StoreError(f"{table.name}.{name} is part of the key, found null in {frame[name].null_count()} rows.")
    if frame.height and frame.select(pl.struct(key).n_unique()).item() < frame.height:
        twice = frame.filter(pl.struct(key).is_duplicated()).select(key).row(0, named=True)
        raise StoreError(f"{table.name}: the key {twice} comes twice in one batch. Write each key once.")
