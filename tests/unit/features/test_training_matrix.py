"""What is refused before any row is read; the reads themselves stand in tests/dbt."""

from datetime import datetime

import polars as pl
import pytest

from hf_platform.errors import DataError, StoreError, UnknownNameError
from hf_platform.features.training_matrix import read_available, read_series

NOW = datetime(2024, 1, 1)  # noqa: DTZ001 - the lake's times are UTC without a zone


def test_refuses_unknown_names(store):
    with pytest.raises(UnknownNameError, match="feature 'rsi_15'"):
        read_series(store, ["A"], "1d", NOW, ["rsi_15"])
    with pytest.raises(UnknownNameError, match="bar frequency '1y'"):
        read_series(store, ["A"], "1y", NOW, ["rsi_14"])
    with pytest.raises(DataError, match="asked for once"):
        read_series(store, ["A"], "1d", NOW, ["rsi_14", "rsi_14"])


def test_without_bars_there_is_nothing(store):
    assert read_available(store, ["A"], "1d", NOW, ["rsi_14"]) == ({}, {})


def test_bars_without_features_say_what_to_run(store):
    bars = pl.DataFrame(
        {"instrument": ["A"], "frequency": ["1d"], "event_at": [NOW], "known_at": [NOW], "close": [1.0], "flags": [[]]},
        schema_overrides={"flags": pl.List(pl.String)},
    )
    with store.transaction(producer="bars", run_id="run") as tx:
        tx.append("market.bars", bars)
    series, trouble = read_available(store, ["A"], "1d", NOW, [])
    assert series == {}
    assert "hfp materialize group:features --instrument A" in str(trouble["A"])
    with pytest.raises(StoreError, match="newest bars"):
        read_series(store, ["A"], "1d", NOW, [])
