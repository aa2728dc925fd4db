"""Exports: what vectorbt's and zipline's own rules would make of the files."""

from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest

from hf_platform.backtest.strategy import FREE, backtest
from hf_platform.backtest.strategy_export import to_vectorbt, write_vectorbt, write_zipline
from hf_platform.errors import DataError

RNG = np.random.default_rng(0)
TIMES = [datetime(2020, 1, 1, 21) + timedelta(days=day) for day in range(40)]  # noqa: DTZ001 - naive UTC
CLOSES = {"AAA": 100 * np.exp(np.cumsum(0.01 * RNG.standard_normal(40))), "BBB": 50 + RNG.random(40)}
WANTED = {"AAA": np.sign(RNG.standard_normal(40)), "BBB": np.where(np.arange(40) % 10 < 5, 0.5, 0.0)}
PRICES = pl.concat(
    [
        pl.DataFrame({"event_at": TIMES, "close": closes}).with_columns(
            instrument=pl.lit(name), open=pl.lit(None, pl.Float64), high=pl.lit(None, pl.Float64),
            low=pl.lit(None, pl.Float64), volume=pl.lit(None, pl.Float64),
        )
        for name, closes in CLOSES.items()
    ]
)  # fmt: skip
SIGNALS = pl.concat(
    [
        pl.DataFrame({"event_at": TIMES, "signal": wanted}).with_columns(instrument=pl.lit(name))
        for name, wanted in WANTED.items()
    ]
)


def test_targets_filled_at_the_close_of_their_row_earn_what_our_backtest_earns():
    frames = to_vectorbt(PRICES, SIGNALS)
    size, close = (frame.drop("event_at").to_numpy() for frame in (frames.size, frames.close))
    earned = size[:-1] * (close[1:] / close[:-1] - 1)  # the rule of from_orders: filled at this row's close
    ours = backtest(np.column_stack(list(CLOSES.values())), np.column_stack(list(WANTED.values())), FREE)
    np.testing.assert_allclose(earned, ours.net[1:], atol=1e-15)


def test_entries_and_exits_rebuild_the_side():
    frames = to_vectorbt(PRICES, SIGNALS)
    for name in CLOSES:
        side, rebuilt = 0, []
        flags = (frames.entries, frames.exits, frames.short_entries, frames.short_exits)
        for enter, leave, sell, cover in zip(*(frame[name].to_list() for frame in flags), strict=True):
            side = 0 if leave or cover else side
            side = 1 if enter else (-1 if sell else side)
            rebuilt.append(side)
        assert rebuilt == np.sign(frames.size[name].to_numpy()).tolist()


def test_files_can_be_read_back(tmp_path):
    written = write_vectorbt(tmp_path / "v", PRICES, SIGNALS)
    assert {path.stem for path in written} == {"close", "size", "entries", "exits", "short_entries", "short_exits"}
    assert pl.read_parquet(tmp_path / "v" / "close.parquet").columns == ["event_at", "AAA", "BBB"]
    written = write_zipline(tmp_path / "z", PRICES, SIGNALS)
    assert [path.relative_to(tmp_path).as_posix() for path in written] == [
        "z/daily/AAA.csv",
        "z/daily/BBB.csv",
        "z/targets.csv",
    ]
    daily = pl.read_csv(written[0])
    assert daily.columns == ["date", "open", "high", "low", "close", "volume", "dividend", "split"]
    assert daily["date"][0] == "2020-01-01"
    assert (daily["open"] == daily["close"]).all()
    targets = pl.read_csv(written[-1])
    assert targets.columns == ["date", "symbol", "target"]
    assert targets.height == 80


@pytest.mark.parametrize(
    "call",
    [
        lambda: to_vectorbt(PRICES.drop("open"), SIGNALS),
        lambda: to_vectorbt(pl.concat([PRICES, PRICES]), SIGNALS),
        lambda: to_vectorbt(PRICES.head(20), SIGNALS),
        lambda: to_vectorbt(PRICES, SIGNALS.rename({"signal": "position"})),
    ],
)
def test_bad_frames_are_refused(call):
    with pytest.raises(DataError):
        call()
