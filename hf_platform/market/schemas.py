"""Schemas of market data: what a frame must look like before it may enter the lake."""

from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

import polars as pl

from hf_platform.errors import DataError
from hf_platform.horizons import FREQUENCIES
from hf_platform.market.alternative_data import KINDS, NAME_RULE
from hf_platform.market.corporate_actions import ACTION_KINDS
from hf_platform.market.source import PRICE_COLUMNS, TIME
from hf_platform.market.universe import NAME_PATTERN

if TYPE_CHECKING:
    from pandera.polars import DataFrameSchema

_LARGEST = 1e300  # a comparison with it refuses both infinities


@lru_cache(maxsize=1)
def raw_prices_schema() -> "DataFrameSchema":
    """Rows of `market.raw_prices`: known names, two clocks in order, a finite close, no bar twice."""
    return _schema({})


@lru_cache(maxsize=1)
def bars_schema() -> "DataFrameSchema":
    """Rows of `market.bars`: as raw prices, with the time of loading and the list of flags."""
    pa = _pandera()
    return _schema({"ingested_at": pa.Column(TIME), "flags": pa.Column(pl.List(pl.String))})


@lru_cache(maxsize=1)
def alternative_schema() -> "DataFrameSchema":
    """Rows of `market.alternative_data`: known kinds, two clocks in order, a finite value or an embedding."""
    pa = _pandera()
    columns = {
        "instrument": pa.Column(pl.String, pa.Check.str_matches(f"^{NAME_PATTERN.pattern}$")),
        "kind": pa.Column(pl.String, pa.Check.isin(list(KINDS))),
        "name": pa.Column(pl.String, pa.Check.str_matches(NAME_RULE)),
        "event_at": pa.Column(TIME),
        "known_at": pa.Column(TIME),
        "value": pa.Column(pl.Float64, pa.Check.in_range(-_LARGEST, _LARGEST), nullable=True),
        "text": pa.Column(pl.String, nullable=True),
        "embedding": pa.Column(pl.List(pl.Float64), nullable=True),
        "source": pa.Column(pl.String),
    }
    checks = [
        pa.Check(_clocks_in_order, name="known_at is at or after event_at"),
        pa.Check(_says_something, name="there is a value or an embedding"),
    ]
    return pa.DataFrameSchema(columns, checks=checks, strict=True, unique=["instrument", "kind", "name", "event_at"])


@lru_cache(maxsize=1)
def actions_schema() -> "DataFrameSchema":
    """Rows of `market.corporate_actions`: known kinds, a value that its kind allows, no action twice."""
    pa = _pandera()
    name = pa.Check.str_matches(f"^{NAME_PATTERN.pattern}$")
    columns = {
        "instrument": pa.Column(pl.String, name),
        "kind": pa.Column(pl.String, pa.Check.isin(list(ACTION_KINDS))),
        "event_at": pa.Column(TIME),
        "known_at": pa.Column(TIME),
        "value": pa.Column(pl.Float64, pa.Check.in_range(0.0, _LARGEST), nullable=True),
        "ratio": pa.Column(pl.Float64, pa.Check.in_range(0.0, _LARGEST, include_min=False), nullable=True),
        "counterpart": pa.Column(pl.String, name, nullable=True),
        "source": pa.Column(pl.String),
    }
    return pa.DataFrameSchema(columns, strict=True, unique=["instrument", "kind", "event_at"])


def check(frame: pl.DataFrame, schema: "DataFrameSchema", what: str) -> pl.DataFrame:
    """Return the frame if all its rows obey the schema.

    Parameters
    ----------
    frame : DataFrame
        Columns in any order.
    schema : DataFrameSchema
        One of this module.
    what : str
        Names the frame in the error, for example the instrument.

    Raises
    ------
    DataError
        Naming the column, the rule, the value found and how often.
    """
    try:
        schema.validate(frame, lazy=True)
    except import_module("pandera.errors").SchemaErrors as error:
        cases = cast("pl.DataFrame", error.failure_cases)
        first = cases.row(0, named=True)
        raise DataError(
            f"{what}: column {first['column'] or '(all)'} must satisfy {first['check']}, found "
            f"{first['failure_case']!r} ({cases.height} cases in {frame.height} rows). Mend the source."
        ) from error
    return frame


def _schema(more: dict[str, object]) -> "DataFrameSchema":
    pa = _pandera()

    def price(name: str) -> object:
        return pa.Column(pl.Float64, pa.Check.in_range(-_LARGEST, _LARGEST), nullable=name != "close")

    columns = {
        "instrument": pa.Column(pl.String, pa.Check.str_matches(f"^{NAME_PATTERN.pattern}$")),
        "frequency": pa.Column(pl.String, pa.Check.isin(list(FREQUENCIES))),
        "event_at": pa.Column(TIME),
        "known_at": pa.Column(TIME),
        **{name: price(name) for name in PRICE_COLUMNS},
        "volume": pa.Column(pl.Float64, pa.Check.in_range(0.0, _LARGEST), nullable=True),
        "source": pa.Column(pl.String),
        **more,
    }
    clocks = pa.Check(_clocks_in_order, name="known_at is at or after event_at")
    return pa.DataFrameSchema(columns, checks=clocks, strict=True, unique=["instrument", "frequency", "event_at"])


def _clocks_in_order(data: Any) -> pl.LazyFrame:  # noqa: ANN401 - pandera's PolarsData has no types
    return data.lazyframe.select(pl.col("known_at") >= pl.col("event_at"))


def _says_something(data: Any) -> pl.LazyFrame:  # noqa: ANN401 - pandera's PolarsData has no types
    return data.lazyframe.select(pl.col("value").is_not_null() | pl.col("embedding").is_not_null())


def _pandera() -> Any:  # noqa: ANN401 - pandera's types are partial; and it takes a second to import
    return import_module("pandera.polars")
