"""Positions to page on a small lake of real prices: every table, reuse, restatement, bad files, 2008 by hand."""

import csv
import gzip
import shutil
from datetime import datetime, timedelta
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from typer.testing import CliRunner

from hf_platform.errors import DataError, UnknownNameError
from hf_platform.fitting.outcome import KeyStatus
from hf_platform.lake import Lake
from hf_platform.market.sources.bundled import BundledSource
from hf_platform.reports import risk_report
from hf_platform.risk import dcc_stage, hedge_stage, holdings, portfolio_stage, stress_stage
from hf_platform.risk.panel import read_panel
from hf_platform.settings import Settings

STOCKS = ("AAPL", "JPM", "XOM")
HORIZONS = ("1d", "5d")
FROM = datetime(2008, 1, 1)  # noqa: DTZ001 - times are naive UTC throughout
BOOK = "instrument,quantity,kind,strike,expiry\nAAPL,10,,,\nJPM,-20,call,150,2023-06-16\nUSD,20000,cash,,\n"


def write_prices(store, names=STOCKS, **more):
    source = BundledSource()
    records = {r.instrument: r for r in source.instruments()}
    frames = [source.fetch(name, since=FROM) for name in names]
    bars = pl.concat([f.select("instrument", "frequency", "event_at", "known_at", "close", "source") for f in frames])
    bars = pl.concat([bars, *more.values()]).with_columns(flags=pl.lit([], dtype=pl.List(pl.String)))
    universe = pl.DataFrame(
        {
            "instrument": [*names, *more],
            "asset_class": [*(records[n].asset_class for n in names), *("equity" for _ in more)],
            "calendar": "XNYS",
            "currency": "USD",
            "price_rule": "positive",
            "frequency": "1d",
            "name": "",
        }
    ).with_columns(valid_from=pl.lit(FROM))
    with store.transaction("bars", "r0") as tx:
        tx.append("market.bars", bars)
        tx.append("market.universe", universe)
    return bars["known_at"].max()


def write_volatility(store, origin):
    rows = pl.DataFrame({"instrument": ["JPM", "AAPL"], "volatility": [0.08, 0.09]}).with_columns(
        forecast_id=pl.col("instrument"), name=pl.lit("volatility_ensemble"), horizon=pl.lit("20d"),
        forecast_origin=pl.lit(origin), known_at=pl.lit(origin), created_at=pl.lit(origin),
    )  # fmt: skip
    with store.transaction("volatility_ensemble", "r0") as tx:
        tx.append("ensembles.forecasts", rows)


@pytest.fixture(scope="module")
def world(tmp_path_factory, lake_template):
    """Three stocks since 2004 and the demonstration, run from positions to the page."""
    home = tmp_path_factory.mktemp("portfolio")
    shutil.copytree(lake_template, home / "lake")
    store = Lake(Settings(home=home))
    as_of = write_prices(store)
    write_volatility(store, as_of - timedelta(days=1))
    holdings.sync(store, as_of=as_of, run_id="r1")
    done = run(store, as_of)
    yield store, as_of, done
    store.close()


def run(store, as_of, horizons=HORIZONS):
    options = {"as_of": as_of, "run_id": "r1"}
    return {
        "dcc": dcc_stage.fit(store, horizons, **options),
        "risk": portfolio_stage.estimate(store, horizons, **options),
        "hedges": hedge_stage.estimate(store, **options),
        "stress": stress_stage.run_library(store, **options),
    }


def count(store, table):
    return store.query(f"select count(*) as n from {table}")["n"][0]


TABLES = (
    "risk.positions", "risk.covariances", "risk.portfolio", "risk.portfolio_components", "risk.portfolio_weights",
    "risk.hedge_ratios", "risk.hedge_results", "risk.stress", "models.ledger",
)  # fmt: skip


def test_the_demonstration_holds_equal_parts(world):
    store, as_of, _ = world
    demo = stress_stage.subject(store, stress_stage.find_portfolio(store, "demo", as_of), as_of)
    assert demo.portfolio.source == "bundled demonstration"
    assert_allclose(demo.book.exposures / demo.book.equity, 1 / 3, rtol=1e-4)
    with pytest.raises(UnknownNameError, match="unknown portfolio 'mine'"):
        stress_stage.find_portfolio(store, "mine", as_of)


def test_every_table_is_filled_and_a_second_run_writes_nothing(world):
    store, as_of, done = world
    assert all(o.status is KeyStatus.OK for stage in done.values() for o in stage.values()), done
    before = {table: count(store, table) for table in TABLES}
    assert all(before.values()), before
    holdings.sync(store, as_of=as_of, run_id="r2")
    again = run(store, as_of)
    assert {table: count(store, table) for table in TABLES} == before
    assert sum(o.n_ok for stage in again.values() for o in stage.values()) == 0


def test_components_of_every_estimate_add_up(world):
    store, _, _ = world
    gaps = store.query(
        "select max(abs(p.value_at_risk - c.var)) as var, max(abs(p.expected_shortfall - c.es)) as es, count(*) as n "
        "from risk.portfolio p join (select portfolio, horizon, method, confidence, forecast_origin, "
        "sum(component_value_at_risk) as var, sum(component_expected_shortfall) as es "
        "from risk.portfolio_components group by all) c "
        "using (portfolio, horizon, method, confidence, forecast_origin)"
    ).row(0, named=True)
    assert gaps["n"] == count(store, "(select distinct portfolio, horizon, method, confidence from risk.portfolio)")
    assert gaps["var"] < 1e-12
    assert gaps["es"] < 1e-12


def test_es_is_beyond_var_and_var_rises_with_confidence(world):
    store, _, _ = world
    assert store.query("from risk.portfolio where expected_shortfall < value_at_risk").is_empty()
    assert store.query(
        "select * from (select *, lag(value_at_risk) over (partition by portfolio, horizon, method, forecast_origin "
        "order by confidence) as lower from risk.portfolio) where value_at_risk < lower"
    ).is_empty()


def test_the_backtest_is_sane(world):
    store, _, _ = world
    rows = store.query(
        "select method, count(*) as n, avg((loss > value_at_risk)::double) as rate from risk.portfolio "
        "where portfolio = 'demo' and horizon = '1d' and confidence = 0.95 and loss is not null group by method"
    )
    assert rows["n"].min() > 1_700
    assert rows["rate"].is_between(0.035, 0.065).all(), rows


def test_the_ledger_names_the_fits(world):
    store, _, _ = world
    rows = store.query("select * from models.ledger where family = 'dcc_garch' and instrument = 'portfolio/demo'")
    assert set(rows["status"]) == {"ok"}
    assert '"a":' in rows["params_json"][0]
    assert rows["log_likelihood"].null_count() == 0


def prices_by_hand():
    spec = find_spec("skfolio")
    assert spec is not None
    path = Path(str(spec.origin)).parent / "datasets/data/sp500_dataset.csv.gz"
    with gzip.open(path, "rt") as file:
        return {row["Date"]: row for row in csv.DictReader(file)}


@pytest.mark.parametrize(
    ("scenario", "start", "stop"), [("2008", "2008-09-12", "2008-11-20"), ("2020", "2020-02-19", "2020-03-23")]
)
def test_replays_equal_the_prices_of_those_days(world, scenario, start, stop):
    store, _, _ = world
    closes = prices_by_hand()
    expected = -np.mean([float(closes[stop][name]) / float(closes[start][name]) - 1 for name in STOCKS])
    row = store.query(f"from risk.stress where portfolio = 'demo' and scenario = '{scenario}'").row(0, named=True)
    assert_allclose(row["loss"], expected, rtol=1e-4)
    assert_allclose(sum(row["contributions"]), row["loss"], rtol=1e-9)
    assert (f"{row['window_start']:%Y-%m-%d}", f"{row['window_end']:%Y-%m-%d}") == (start, stop)
    assert_allclose(row["loss_amount"], row["loss"] * 1_000_000, rtol=1e-4)


def test_a_window_before_the_prices_says_so(world):
    store, _, _ = world
    row = store.query("from risk.stress where portfolio = 'demo' and scenario = '2000-2002'").row(0, named=True)
    assert row["loss"] is None
    assert "no instrument of portfolio demo has prices there" in row["reason"]


def test_hedges_save_variance_and_options_are_hedged(world):
    store, _, _ = world
    results = store.query("from risk.hedge_results")
    stocks = results.filter(pl.col("method") == "minimum_variance")
    assert set(stocks["basis"]) == {"out_of_sample"}
    assert (stocks["variance_reduction"] > 0).all()
    options = results.filter(pl.col("basis") == "simulated")
    assert set(options["method"]) == {"delta", "delta_gamma"}
    assert (options["variance_reduction"] > 0.8).all()


def test_the_page_stands_alone_and_is_written_once(world):
    store, _, _ = world
    written = risk_report.write(store, store.settings)
    outcome, path = written["demo"]
    text = path.read_text(encoding="utf-8")
    assert outcome.n_ok == 1
    assert path.name == "risk_demo_2022-12-28.html"
    assert text.index('id="verdict"') < text.index("Stress tests") < text.index("Where the numbers come from")
    for word in ("AAPL", "2008", "risk parity", "minimum variance", "Kupiec", "bundled demonstration"):
        assert word in text
    assert "https://" not in text
    assert "http://" not in text.replace("http://www.w3.org", "")
    assert "<script" not in text
    again, _ = risk_report.write(store, store.settings)["demo"]
    assert (again.n_ok, again.n_reused) == (0, 1)
    assert risk_report.newest_pages(store.settings.reports)["demo"] == path.name


def test_the_verb_computes_without_writing(world, monkeypatch):
    import typer

    from hf_platform.cli.stress import stress

    store, _, _ = world
    app = typer.Typer()
    app.command()(stress)
    monkeypatch.setenv("HFP_HOME", str(store.settings.home))
    monkeypatch.setenv("COLUMNS", "120")
    snapshot = store.latest_snapshot()
    shown = CliRunner().invoke(app, ["--scenario", "2008"])
    assert shown.exit_code == 0, shown.output
    loss = store.query("select loss from risk.stress where portfolio = 'demo' and scenario = '2008'")["loss"][0]
    assert f"loss {loss:.2%} of equity" in shown.output
    assert "AAPL" in shown.output
    everything = CliRunner().invoke(app, ["--portfolio", "demo-options"])
    assert "reverse-25" in everything.output
    unknown = CliRunner().invoke(app, ["--scenario", "1929"])
    assert isinstance(unknown.exception, UnknownNameError)
    assert store.latest_snapshot() == snapshot


def test_a_users_portfolio_replaces_the_demonstration_and_bad_files_change_nothing(store, tmp_path):
    as_of = write_prices(store, ("AAPL", "JPM"))
    write_volatility(store, as_of - timedelta(days=1))
    path = tmp_path / "mine.csv"
    path.write_text(BOOK)
    held = holdings.stage(path, "mine", store)
    assert held.has_options
    assert set(holdings.sync(store, as_of=as_of, run_id="r1")) == {"mine"}
    done = run(store, as_of, ("1d",))
    assert done["risk"]["mine"].status is KeyStatus.OK, done
    methods = store.query("select distinct method from risk.portfolio where portfolio = 'mine'")["method"].to_list()
    assert sorted(methods) == ["filtered_historical", "normal", "student_t"]

    path.write_text(BOOK.replace("AAPL", "TSLA"))
    with pytest.raises(UnknownNameError, match="TSLA"):
        holdings.stage(path, "mine", store)
    (holdings.folder(store.settings) / "broken.csv").write_text("instrument,quantity\nAAPL,nan\n")
    found = holdings.sync(store, as_of=as_of, run_id="r2")
    assert "finite number" in str(found["broken"])
    assert [p.name for p in holdings.read_portfolios(store)] == ["mine"]

    (holdings.folder(store.settings) / "broken.csv").unlink()
    path.write_text(BOOK.replace("2023-06-16", "2022-06-17"))
    holdings.stage(path, "mine", store)
    holdings.sync(store, as_of=as_of, run_id="r3")
    late = run(store, as_of, ("1d",))
    for stage in ("risk", "hedges", "stress"):
        assert late[stage]["mine"].status is KeyStatus.FAILED
        assert "past its expiry" in str(late[stage]["mine"].reason)

    path.write_text("instrument,quantity,kind\nAAPL,10,\nEUR,5,cash\n")
    with pytest.raises(DataError, match="one currency, found EUR, USD"):
        holdings.stage(path, "mine", store)
    holdings.forget("mine", store.settings)
    assert set(holdings.sync(store, as_of=as_of, run_id="r4")) == {"demo", "demo-options"}
    assert {p.name for p in holdings.read_portfolios(store)} == {"demo", "demo-options"}


def made_up(name, event_at, seed=1):
    walk = 100 * np.exp(np.cumsum(np.random.default_rng(seed).normal(0, 0.01, event_at.len())))
    return pl.DataFrame({"event_at": event_at, "close": walk}).select(
        instrument=pl.lit(name), frequency=pl.lit("1d"), event_at="event_at", known_at="event_at", close="close",
        source=pl.lit("made up"),
    )  # fmt: skip


def test_misaligned_dates_and_missing_prices_are_refused(store):
    sessions = BundledSource().fetch("AAPL", since=FROM)["event_at"]
    as_of = write_prices(
        store,
        ("AAPL",),
        ODD=made_up("ODD", sessions.gather_every(3)),
        OLD=made_up("OLD", sessions.head(2) - FROM.max.resolution),
    )
    with pytest.raises(DataError, match="dates are misaligned"):
        read_panel(store, ("AAPL", "ODD"), as_of)
    with pytest.raises(DataError, match="found none at 1d for NOPE"):
        read_panel(store, ("AAPL", "NOPE"), as_of)
    panel = read_panel(store, ("AAPL",), as_of)
    assert panel.returns.shape == (len(panel) - 1, 1)


def test_a_split_is_no_loss_of_the_panel_and_the_close_stays_what_was_traded(store):
    as_of = write_prices(store, ("AAPL",))
    plain = read_panel(store, ("AAPL",), as_of)
    at = plain.event_at[-5].item()
    action = pl.DataFrame(
        {"instrument": ["AAPL"], "kind": ["split"], "event_at": [at], "known_at": [at], "ingested_at": [at],
         "value": [2.0], "source": ["made up"]}
    )  # fmt: skip
    with store.transaction("corporate_actions", "r") as tx:
        tx.append("market.corporate_actions", action)
    split = read_panel(store, ("AAPL",), as_of)
    # The bundled closes do not halve, so a recorded two-for-one split doubles a holder's money, once.
    assert_array_equal(split.closes, plain.closes)
    grown = split.returns - plain.returns
    assert np.flatnonzero(np.abs(grown) > 1e-12).tolist() == [len(plain) - 5]
    assert grown.max() == pytest.approx(np.log(2.0))


def test_a_restated_price_remakes_what_it_touched_and_the_past_stays(store):
    as_of = write_prices(store, ("AAPL", "JPM"))
    holdings.sync(store, as_of=as_of, run_id="r1")
    dcc_stage.fit(store, ("1d",), as_of=as_of, run_id="r1")
    before = store.query("select forecast_origin, covariance, in_sample from risk.covariances where portfolio = 'demo'")
    moment = store.query("select event_at from market.bars where instrument = 'AAPL' order by 1 desc limit 1 offset 20")
    at = moment["event_at"][0]
    row = store.query("from market.bars where instrument = 'AAPL' and event_at = $at", {"at": at})
    later = row.with_columns(close=pl.col("close") * 1.2, known_at=pl.lit(as_of) + timedelta(hours=1))
    with store.transaction("bars", "r2") as tx:
        tx.append("market.bars", later.drop("producer", "run_id"))
    then = as_of + timedelta(hours=2)
    outcome = dcc_stage.fit(store, ("1d",), as_of=then, run_id="r2")["demo", "1d"]
    assert outcome.n_rows == 21  # from the restated session on
    after = store.query(
        "select forecast_origin, covariance, in_sample from risk.covariances where portfolio = 'demo' "
        "qualify row_number() over (partition by forecast_origin order by in_sample, created_at desc) = 1"
    )
    joined = before.filter(~pl.col("in_sample")).join(after.filter(~pl.col("in_sample")), on="forecast_origin")
    same = joined.filter(pl.col("forecast_origin") < at)
    assert (same["covariance"] == same["covariance_right"]).all()
    moved = joined.filter(pl.col("forecast_origin") >= at)
    assert (moved["covariance"] != moved["covariance_right"]).all()


@pytest.mark.slow
def test_twins_are_singular_and_said_so(store):
    twin = BundledSource().fetch("AAPL", since=FROM).select(
        pl.lit("TWIN").alias("instrument"), "frequency", "event_at", "known_at", "close",
        pl.lit("made up").alias("source"),
    )  # fmt: skip
    as_of = write_prices(store, ("AAPL",), TWIN=twin)
    holdings.sync(store, as_of=as_of, run_id="r1")
    done = run(store, as_of, ("1d",))
    found = done["risk"]["demo"]
    assert found.status is KeyStatus.FAILED
    assert "singular" in str(found.reason)
    reverse = store.query("from risk.stress where portfolio = 'demo' and scenario = 'reverse-10'").row(0, named=True)
    assert "AAPL and TWIN" in reverse["reason"]


def test_what_a_user_drops_in_does_not_change_the_demonstration(store):
    sessions = BundledSource().fetch("AAPL", since=FROM)["event_at"]
    as_of = write_prices(store, ("AAPL",), MINE=made_up("MINE", sessions))
    rows = store.query("select * exclude (producer, run_id) from market.universe")
    sources = {"AAPL": "bundled", "MINE": "files"}
    with store.transaction("bars", "r1") as tx:
        tx.replace(
            "market.universe",
            rows.with_columns(source=pl.col("instrument").replace_strict(sources)),
            instrument=["AAPL", "MINE"],
        )
    holdings.sync(store, as_of=as_of, run_id="r1")
    assert [p.instruments for p in holdings.read_portfolios(store, ["demo"])] == [("AAPL",)]
