"""The pages of real crises in a real browser: 2008 and 2020 seen, verdicts readable, the index sorted by a click."""

import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from skfolio.datasets import load_sp500_dataset

from hf_platform.backtest import forecast_backtest, model_comparison, strategy_backtest, var_backtest
from hf_platform.lake import Lake
from hf_platform.reports import backtest_report
from hf_platform.risk import value_at_risk
from hf_platform.settings import Settings
from hf_platform.types import PROBABILITIES, GridKey
from hf_platform.volatility.distributions import quantile, tail_mean
from hf_platform.volatility.ewma import ewma_variance

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-sync"]
STOCKS = ("AAPL", "JPM")
KEYS = tuple(GridKey(name, "1d") for name in STOCKS)
SHAPE = (6.0,)  # of the Student t law around both volatilities

pytestmark = [pytest.mark.services, pytest.mark.timeout(300)]


@dataclass(frozen=True)
class Pages:
    settings: Settings
    as_of: datetime


def forecasts(name: str, times: pl.Series, volatility: np.ndarray) -> pl.DataFrame:
    """One-day forecasts with a Student t shape around a volatility."""
    unit = np.asarray(quantile(PROBABILITIES, "t", SHAPE)), np.asarray(tail_mean(PROBABILITIES, "t", SHAPE))
    return pl.DataFrame(
        {
            "forecast_origin": times, "target_at": times + timedelta(days=1), "known_at": times, "created_at": times,
            "mean": np.zeros(volatility.size), "volatility": volatility,
            "quantiles": volatility[:, None] * unit[0], "tail_means": volatility[:, None] * unit[1],
        }
    ).with_columns(
        pl.col("quantiles", "tail_means").cast(pl.List(pl.Float64)), instrument=pl.lit(name), horizon=pl.lit("1d"),
        probabilities=pl.lit(list(PROBABILITIES)),
    )  # fmt: skip


def write_stock(store: Lake, name: str, closes: pl.DataFrame) -> None:
    """Real closes, EWMA as the baseline, and a slower EWMA in the ensemble's place."""
    times, prices = closes["event_at"], closes["close"].to_numpy()
    returns = np.diff(np.log(prices), prepend=np.log(prices[0]))
    fast, slow = (np.sqrt(ewma_variance(returns, decay)[1:])[250:] for decay in (0.94, 0.97))
    at = times[250:]
    bars = pl.DataFrame({"event_at": times, "close": prices}).with_columns(
        instrument=pl.lit(name), frequency=pl.lit("1d"), known_at=pl.col("event_at"), ingested_at=pl.col("event_at"),
        source=pl.lit("bundled"), flags=pl.lit([], dtype=pl.List(pl.String)),
    )  # fmt: skip
    model = forecasts(name, at, fast).with_columns(
        family=pl.lit("ewma"), variant=pl.lit("riskmetrics"), model_id=pl.lit(f"ewma-{name}")
    )
    whole = forecasts(name, at, slow).with_columns(
        name=pl.lit("volatility_ensemble"),
        forecast_id=f"{name}-" + pl.col("forecast_origin").dt.epoch("us").cast(pl.String),
        member_model_ids=pl.lit([f"ewma-{name}"]), missing_members=pl.lit([], dtype=pl.List(pl.String)),
    )  # fmt: skip
    weights = whole.select("name", "instrument", "horizon", "forecast_origin", "known_at", "created_at").with_columns(
        member=pl.lit("ewma/slow"), weight=pl.lit(1.0), criterion=pl.lit("qlike")
    )
    with store.transaction(producer="test", run_id="w") as tx:
        tx.append("market.bars", bars)
        tx.append("models.forecasts", model)
        tx.append("ensembles.forecasts", whole)
        tx.append("ensembles.weights", weights)


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """Two real stocks 2005-2022 through every backtest stage to the pages."""
    settings = Settings(home=tmp_path_factory.mktemp("crises"))
    store = Lake(settings)
    store.initialise()
    table = load_sp500_dataset()
    for name in STOCKS:
        closes = table[name].loc["2005-01-01":]
        days = pl.Series(closes.index.to_numpy()).cast(pl.Datetime("us")) + timedelta(hours=21)
        write_stock(store, name, pl.DataFrame({"event_at": days, "close": closes.to_numpy()}))
    as_of = store.query("SELECT max(known_at) AS t FROM market.bars").item()
    for stage in (value_at_risk.estimate, var_backtest.backtest, forecast_backtest.backtest, model_comparison.backtest,
                  strategy_backtest.backtest):  # fmt: skip
        stage(store, KEYS, as_of=as_of, run_id="r")
    backtest_report.write(store, KEYS, settings, as_of=as_of, run_id="r")
    store.close()
    return Pages(settings, as_of)


@pytest.fixture(scope="module")
def tab(give_up):
    if CHROMIUM is None:
        give_up("no chromium on this machine")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        yield page
        browser.close()


def drawn(locator, folder: Path, name: str) -> None:
    """A picture of an element: not blank, and large enough to read."""
    picture = locator.screenshot(path=folder / f"{name}.png")
    box = locator.bounding_box()
    assert len(picture) > 8_000, name
    assert box["width"] > 300, name


@pytest.mark.parametrize("crisis", ["Financial crisis 2008", "Pandemic 2020"])
def test_a_crisis_is_seen_with_its_breaches(pages, tab, tmp_path, crisis):
    tab.set_viewport_size({"width": 1280, "height": 1000})
    tab.goto(backtest_report.page_path(pages.settings, KEYS[1]).as_uri())
    figure = tab.locator("figure", has_text=crisis)
    drawn(figure, tmp_path, "crisis")
    marks = figure.locator("path.mark.high")
    assert marks.count() >= 2
    year = crisis[-4:]
    assert all(f"{year}-" in mark.text_content() or "2009-" in mark.text_content() for mark in marks.all())


def test_who_forecasts_better_is_said_before_it_is_shown(pages, tab, tmp_path):
    tab.goto(backtest_report.page_path(pages.settings, KEYS[0]).as_uri())
    section = tab.locator("#comparison")
    drawn(section, tmp_path, "comparison")
    first = section.locator("details").first
    assert first.locator(".said").inner_text().startswith(("One cannot tell", "volatility_ensemble is", "ewma"))
    assert "random_walk" in first.locator("tbody").inner_text()
    assert "of the time" in tab.get_by_text("stays green").first.inner_text()
    drawn(tab.locator("#strategies"), tmp_path, "strategies")


def test_verdicts_do_not_depend_on_colour(pages, tab):
    tab.goto(backtest_report.page_path(pages.settings, KEYS[0]).as_uri())
    for sign in tab.locator(".verdict").all():
        text = sign.text_content().split()
        assert text[0] in "✓✗?="
        assert len(text) > 1


def test_a_phone_shows_the_verdict_without_scrolling_sideways(pages, tab, tmp_path):
    tab.set_viewport_size({"width": 390, "height": 844})
    for path in (backtest_report.page_path(pages.settings, KEYS[0]), backtest_report.index_path(pages.settings)):
        tab.goto(path.as_uri())
        assert tab.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
        assert len(tab.screenshot(path=tmp_path / f"{path.stem}.png")) > 15_000
    tab.goto(backtest_report.page_path(pages.settings, KEYS[0]).as_uri())
    box = tab.locator(".headline").bounding_box()
    assert box["y"] + box["height"] < 844


def test_the_index_lists_sorts_and_filters(pages, tab):
    tab.set_viewport_size({"width": 1280, "height": 1000})
    tab.goto(backtest_report.index_path(pages.settings).as_uri())
    names = tab.locator("#grid tbody tr td:first-child")
    assert names.all_inner_texts() == ["AAPL", "JPM"]
    for _ in range(2):
        tab.get_by_role("button", name="instrument").click()
    assert names.all_inner_texts() == ["JPM", "AAPL"]
    tab.locator("#filter").fill("jpm")
    assert [cell.inner_text() for cell in names.all() if cell.is_visible()] == ["JPM"]
