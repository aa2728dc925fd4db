"""The benchmark tables: our measurements by hand, the guide's figures as printed, and honest gaps."""

import json
from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest

from hf_platform.backtest.coverage import kupiec_pof
from hf_platform.lake import Lake
from hf_platform.models.base import Series
from hf_platform.reports import benchmark_tables
from hf_platform.reports.guide_figures import PRICE, VOLATILITY
from hf_platform.settings import Settings
from hf_platform.types import PROBABILITIES

N = 3_000
START = datetime.fromisoformat("2001-01-02T21:00")
AS_OF = START + timedelta(days=N)
RETURNS = np.r_[np.nan, 0.01 * np.random.default_rng(0).standard_normal(N - 1)]
TIMES = [START + timedelta(days=i) for i in range(N)]


def forecasts(family: str, variant: str, horizon: str, mean: np.ndarray, origins: np.ndarray) -> pl.DataFrame:
    n_bars = int(horizon[:-1])
    volatility = np.full(origins.size, 0.01 * np.sqrt(n_bars))
    spread = np.array([-2.6, -2.33, -1.96, -1.64, -1.28, -0.67, 0.0, 0.67, 1.28, 1.64, 1.96, 2.33, 2.6])
    return pl.DataFrame(
        {
            "model_id": [f"{family}-{variant}-{horizon}"] * origins.size,
            "family": family,
            "variant": variant,
            "instrument": "SP500",
            "horizon": horizon,
            "forecast_origin": [TIMES[i] for i in origins],
            "target_at": [TIMES[i] + timedelta(days=n_bars) for i in origins],
            "known_at": [TIMES[i] for i in origins],
            "mean": mean[origins],
            "volatility": volatility,
            "probabilities": pl.Series([list(PROBABILITIES)] * origins.size),
            "quantiles": pl.Series((mean[origins][:, None] + volatility[:, None] * spread).tolist()),
            "tail_means": pl.Series((mean[origins][:, None] + 1.2 * volatility[:, None] * spread).tolist()),
            "created_at": [AS_OF] * origins.size,
        }
    )


@pytest.fixture
def tables(store: Lake, settings: Settings, monkeypatch: pytest.MonkeyPatch):
    times = np.array(TIMES, dtype="datetime64[us]")
    series = Series("SP500", "1d", times, times, RETURNS, np.empty((N, 0)), ())
    monkeypatch.setattr(benchmark_tables, "read_available", lambda *_: ({"SP500": series}, {}))
    days, months = np.arange(100, N), np.arange(100, N, 20)
    ahead = np.array([RETURNS[i + 1 : i + 21].sum() if i + 20 < N else 0.0 for i in range(N)])
    with store.transaction("garch", "r") as tx:
        tx.append("models.forecasts", forecasts("garch", "egarch-t", "1d", np.zeros(N), days))
        tx.append("models.forecasts", forecasts("baseline", "random_walk", "20d", np.zeros(N), months))
        tx.append("models.forecasts", forecasts("arima", "auto", "20d", 0.5 * ahead, months))
        tx.append("models.forecasts", forecasts("lightgbm", "mean", "20d", -ahead, months))
    page, _ = benchmark_tables.write(store, settings, as_of=AS_OF)
    return page, json.loads(page.with_suffix(".json").read_text())


def row_of(tables, title: str, member: str) -> dict[str, str]:
    (found,) = [
        row for name, rows in tables["tables"].items() if title in name for row in rows if row["member"] == member
    ]
    return found


def test_the_volatility_row_by_hand(tables) -> None:
    row = row_of(tables[1], "Volatility", "garch/egarch-t")
    realised = RETURNS[101:]
    breaches = realised < -2.33 * 0.01
    assert row["n"] == str(realised.size)
    assert row["mean VaR 1 %"] == "0.0233"
    assert row["RMSE"] == f"{np.sqrt(np.mean((0.01 - np.abs(realised)) ** 2)):.4f}"
    assert row["QLIKE"] == f"{np.mean(np.log(1e-4) + realised**2 / 1e-4):.3f}"
    assert row["coverage"] == f"{1 - breaches.mean():.2%}"
    assert row["Kupiec p"] == f"{kupiec_pof(breaches, 0.99).p_value:.3f}"
    assert (row["model"], row["guide: VaR 1 %"], row["guide: RMSE"]) == ("EGARCH", "0.0234", "0.0156")


def test_a_price_forecast_says_whether_it_beats_the_random_walk(tables) -> None:
    good, bad = (row_of(tables[1], "Price", member) for member in ("arima/auto", "lightgbm/mean"))
    still = row_of(tables[1], "Price", "baseline/random_walk")
    assert good["beats the random walk"].startswith("yes")
    assert bad["beats the random walk"].startswith("no, it is worse")
    assert still["beats the random walk"] == "is the random walk"
    assert still["MASE"] == "1.000"
    assert float(good["MASE"]) < 0.6
    assert still["MAPE %"] == good["random walk's MAPE %"]


def test_what_is_missing_says_why_and_every_guide_row_stands(tables) -> None:
    page, written = tables
    (dcc,) = [row for row in written["tables"]["Volatility (section 1.9)"] if row["model"] == "DCC-GARCH"]
    assert dcc["remark"].startswith("not available: ")
    assert dcc["guide: VaR 1 %"] == "0.0228"
    text = page.read_text()
    for row in (*VOLATILITY, *PRICE):
        assert row.model in text
        assert all(figure in text for figure in row.figures)
    assert "data " in written["data"]["Price (section 1.10)"]
    index = (page.parent / "index.html").read_text()
    assert 'href="benchmark_tables.html"' in index
