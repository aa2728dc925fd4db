"""The chain as a user runs it: prices to reports, reuse, reading while writing, words that are wrong."""

import json
import time

import duckdb
import pytest
from world import KEYS, content, duplicates

from hf_platform.lake import extension_directory
from hf_platform.settings import Settings


def test_every_table_is_filled_without_duplicate_keys(clean_world):
    for table in KEYS:
        assert content(clean_world, table).height > 0, table
        assert duplicates(clean_world, table).is_empty(), table


def test_each_key_has_a_self_contained_report(clean_world):
    pages = sorted((clean_world.home / "reports").rglob("*.html"))
    assert len(pages) >= 6
    for page in pages:
        text = page.read_text()
        assert "http://" not in text.replace("http://www.w3.org", "")
        assert "https://" not in text
        assert "<script src" not in text


def test_walk_forward_is_at_least_a_year_out_of_sample(clean_world):
    rows = clean_world.lake.query(
        "select n_forecasts from backtests.var_tests "
        "where horizon = '1d' and test = 'kupiec_pof' and method = 'ensemble'"
    )
    assert rows["n_forecasts"].max() >= 252


def test_second_run_fits_nothing(clean_world):
    before = {table: clean_world.lake.query(f"select count(*) as n from {table}")["n"][0] for table in KEYS}
    clean_world.hfp("materialize")
    after = {table: clean_world.lake.query(f"select count(*) as n from {table}")["n"][0] for table in KEYS}
    assert after == before


def test_lake_answers_while_a_run_writes(clean_world, tmp_path):
    run = clean_world.start("materialize", "raw_prices")
    answers = 0
    settings = Settings(home=clean_world.home)
    while run.poll() is None:
        with duckdb.connect(
            f"ducklake:{settings.catalog_uri}",
            read_only=True,
            config={"extension_directory": str(extension_directory(settings))},
        ) as con:
            rows = con.sql("select count(*) from market.bars").fetchone()
        assert rows is not None
        assert rows[0] > 10_000
        answers += 1
        time.sleep(0.05)
    assert run.returncode == 0
    assert answers > 10


def test_query_travels_in_time(clean_world):
    now = json.loads(clean_world.hfp("query", "select count(*) as n from market.bars", "--format", "json").stdout)
    assert now[0]["n"] > 10_000
    shots = clean_world.lake.query("select min(snapshot_id) as first from ducklake_snapshots('lake')")
    first = str(shots["first"][0] + 1)
    past = clean_world.hfp("query", "select count(*) as n from market.bars", "--snapshot", first, "--format", "json")
    assert json.loads(past.stdout)[0]["n"] == 0, "the first snapshot holds the tables and no bar yet"


def test_portfolios_go_from_positions_to_a_page(clean_world):
    for table in ("positions", "covariances", "portfolio", "portfolio_components", "hedge_ratios", "stress"):
        assert clean_world.lake.query(f"select count(*) as n from risk.{table}")["n"][0] > 0, table
    pages = list((clean_world.home / "reports").glob("risk_demo_*.html"))
    assert len(pages) == 1
    assert pages[0].name in (clean_world.home / "reports" / "index.html").read_text()
    stored = clean_world.lake.query("select loss from risk.stress where portfolio = 'demo' and scenario = '2008'")
    assert f"loss {stored['loss'][0]:.2%} of equity" in clean_world.hfp("stress", "--scenario", "2008").stdout
    assert "demo" in clean_world.hfp("positions", "list").stdout


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["materialize", "garch", "--instrument", "NOPE"], "NOPE"),
        (["materialize", "garch", "--horizon", "7y"], "7y"),
        (["materialize", "no_such_asset"], "no_such_asset"),
        (["query", "select * from nowhere"], "nowhere"),
        (["query", "drop table market.bars"], "read"),
        (["ingest", "no/such/file.csv"], "no/such/file.csv"),
        (["stress", "--scenario", "1929"], "Known: 2008, 2020"),
        (["stress", "--scenario", "2020"], "no instrument of portfolio demo has prices there"),
        (["positions", "load", "no/such/file.csv", "--name", "mine"], "no/such/file.csv"),
        (["positions", "show", "mine"], "unknown portfolio 'mine'"),
        (["universe", "add", "../../etc/passwd"], "passwd"),
    ],
)
def test_bad_words_give_one_line_and_exit_code_2(clean_world, arguments, word):
    done = clean_world.hfp(*arguments, check=False)
    assert done.returncode == 2
    assert word in done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    assert len(done.stderr.strip().splitlines()) <= 2


def test_costs_of_models_and_var_numbers_add_up_to_the_run(clean_world):
    lake = clean_world.lake
    runs = lake.query(
        "select epoch_us(r.finished_at - r.started_at) / 1e6 as clock, r.kind, sum(c.seconds) as shared, "
        "count(*) filter (where c.kind = 'model') as n_models, count(*) filter (where c.kind = 'var') as n_numbers "
        "from ops.runs r join ops.costs c using (run_id) group by r.run_id, r.kind, clock"
    )
    assert {"model_grid", "portfolio_graph"} <= set(runs["kind"])
    for row in runs.iter_rows(named=True):
        assert abs(row["shared"] / row["clock"] - 1) < 0.01
    assert runs["n_models"].sum() == lake.query("select count(*) as n from models.ledger")["n"][0]
    assert runs["n_numbers"].sum() == lake.query("select count(*) as n from risk.value_at_risk")["n"][0]
    shown = clean_world.hfp("capacity", "plan", "--models", "100000", "--deadline", "1").stdout
    assert "workstation" in shown
    assert "No metered run" not in shown
