from datetime import UTC, datetime

import polars as pl
import pytest

from hf_platform.errors import StoreError
from hf_platform.lake import TABLES
from hf_platform.lake.frames import conform

FORECASTS = TABLES["models.forecasts"]
T0 = datetime.fromisoformat("2020-01-01")


def frame(**columns):
    return pl.DataFrame({"model_id": ["m"], "forecast_origin": [T0], **columns})


def test_missing_columns_become_null_and_order_is_the_tables():
    fitted = conform(frame(mean=[1.0]), FORECASTS, "garch", "r1")
    assert fitted.columns == list(FORECASTS.types)
    assert fitted["producer"].to_list() == ["garch"]
    assert fitted["run_id"].to_list() == ["r1"]
    assert fitted["volatility"].to_list() == [None]
    assert fitted["quantiles"].dtype == pl.List(pl.Float64)


def test_nan_means_missing_also_inside_lists_and_infinity_is_kept():
    nan, inf = float("nan"), float("inf")
    fitted = conform(frame(mean=[nan], volatility=[inf], quantiles=[[nan, 1.0, -inf]]), FORECASTS, "p", "r")
    assert fitted["mean"].to_list() == [None]
    assert fitted["volatility"].to_list() == [inf]
    assert fitted["quantiles"].to_list() == [[None, 1.0, -inf]]


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("mean", pl.Series([1], dtype=pl.Int32)),
        ("mean", pl.Series([1.5], dtype=pl.Float32)),
        ("mean", pl.Series([None])),
        ("family", pl.Series(["x"], dtype=pl.Categorical)),
        ("target_at", pl.Series([T0]).cast(pl.Datetime("ns"))),
        ("quantiles", pl.Series([[1, 2]])),
        ("quantiles", pl.Series([[1.0, 2.0]], dtype=pl.Array(pl.Float64, 2))),
        ("quantiles", pl.Series([[]], dtype=pl.List(pl.Null))),
    ],
    ids=lambda value: str(getattr(value, "dtype", value)),
)
def test_lossless_types_are_taken(column, values):
    fitted = conform(frame(**{column: values}), FORECASTS, "p", "r")
    kind = FORECASTS.types[column]
    expected = {
        "DOUBLE": pl.Float64,
        "VARCHAR": pl.String,
        "TIMESTAMP": pl.Datetime("us"),
        "DOUBLE[]": pl.List(pl.Float64),
    }
    assert fitted.schema[column] == expected[kind]


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("mean", ["1.0"]),
        ("mean", [True]),
        ("family", [1]),
        ("target_at", ["2020-01-01"]),
        ("target_at", [T0.date()]),
        ("target_at", [T0.replace(tzinfo=UTC)]),
        ("quantiles", [1.0]),
        ("quantiles", [["a"]]),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_other_types_are_refused_with_both_types_named(column, values):
    with pytest.raises(StoreError, match=rf"models\.forecasts\.{column} is .*found .*Cast"):
        conform(frame(**{column: values}), FORECASTS, "p", "r")


def test_an_integer_that_does_not_fit_is_refused():
    rows = pl.DataFrame({"model_id": ["m"], "as_of": [T0], "status": ["ok"], "n_optima": [2**40]})
    with pytest.raises(StoreError, match=r"models\.ledger\.n_optima"):
        conform(rows, TABLES["models.ledger"], "p", "r")


def test_unknown_column_names_the_known_ones():
    with pytest.raises(StoreError, match=r"no column 'sigma'\. Its columns: model_id, family"):
        conform(frame(sigma=[1.0]), FORECASTS, "p", "r")


def test_key_is_never_null_and_never_twice():
    with pytest.raises(StoreError, match="forecast_origin is part of the key, found null in 1 rows"):
        conform(pl.DataFrame({"model_id": ["m"]}), FORECASTS, "p", "r")
    twice = pl.DataFrame({"model_id": ["m", "m"], "forecast_origin": [T0, T0], "mean": [1.0, 2.0]})
    with pytest.raises(StoreError, match="comes twice"):
        conform(twice, FORECASTS, "p", "r")


def test_another_producers_rows_are_refused():
    with pytest.raises(StoreError, match="writes its own slice"):
        conform(frame(producer=["ewma"]), FORECASTS, "garch", "r")
    assert conform(frame(producer=["garch"]), FORECASTS, "garch", "r")["producer"].to_list() == ["garch"]


def test_empty_frames_fit_and_nothing_is_mutated():
    assert conform(pl.DataFrame(), FORECASTS, "p", "r").height == 0
    rows = frame(mean=[float("nan")])
    before = rows.clone()
    conform(rows, FORECASTS, "p", "r")
    assert rows.equals(before, null_equal=True)
