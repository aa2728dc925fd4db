"""Rows as dicts, without the libraries of frames: they take longer to load than such a question to answer."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hf_platform.lake.place import store_errors

if TYPE_CHECKING:
    from hf_platform.lake import Lake

Row = dict[str, Any]


def read_rows(store: "Lake", sql: str, params: Mapping[str, object]) -> list[Row]:
    """Read a few rows with parameters.

    Raises
    ------
    LakeMissingError
        If there is no lake yet.
    StoreError
        If the statement fails.
    """
    with store.reading() as con, store_errors(store.settings, "read"):
        found = con.execute(sql, dict(params))
        names = [column[0] for column in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
