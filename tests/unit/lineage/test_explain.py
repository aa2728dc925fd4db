"""`hfp explain`: the number, its members and data are the stored ones; as_of and refusals; no heavy imports."""

import json
import os
import subprocess
import sys
from datetime import timedelta

import polars as pl
import pytest
import typer
from typer.testing import CliRunner

from hf_platform.cli import explain as verb
from hf_platform.errors import ConfigError, DataError, UnknownNameError
from hf_platform.lineage.explain import Question, explain
from hf_platform.risk import value_at_risk
from hf_platform.risk.var_sources import VAR_ID


@pytest.fixture
def hfp(chain, monkeypatch):
    monkeypatch.setenv("HFP_HOME", str(chain.settings.home))
    app = typer.Typer()
    app.command()(verb.explain)
    return lambda *words: CliRunner().invoke(app, list(words), catch_exceptions=False)


def test_the_newest_number_with_the_members_that_made_it(chain):
    found = explain(chain.store, Question("AAA", "1d"))
    newest = chain.store.query(
        "SELECT * FROM risk.value_at_risk WHERE instrument = 'AAA' AND horizon = '1d' AND method = 'ensemble' "
        "AND confidence = 0.99 AND position_sign = 1 ORDER BY forecast_origin DESC LIMIT 1"
    ).to_dicts()[0]
    assert {name: found.number[name] for name in newest} == newest
    assert sorted(row["model_id"] for row in found.members) == sorted(newest["member_model_ids"])
    assert sum(row["weight"] for row in found.members) == pytest.approx(1.0)
    garch = next(row for row in found.members if row["member"] == "garch/garch-t")
    stored = chain.store.query("SELECT * FROM models.ledger WHERE model_id = ?", [garch["model_id"]]).to_dicts()[0]
    assert garch["params"] == json.loads(stored["params_json"])
    same = ("train_start", "train_end", "lake_snapshot", "data_version", "code_version", "run_id", "gradient_norm")
    assert [garch[name] for name in same] == [stored[name] for name in same]
    assert found.data["n_bars"] == 1_275
    assert found.data["calendar"] == "24/7"
    assert found.actions == []
    assert "kupiec_pof" in {row["test"] for row in found.tests}


def test_the_snapshot_named_holds_the_number_and_the_one_before_does_not(chain):
    number = explain(chain.store, Question("AAA", "5d", method="ewma")).number
    sql, params = "SELECT 1 FROM risk.value_at_risk WHERE var_id = $var_id", {"var_id": number["var_id"]}
    assert chain.store.query(sql, params, snapshot=number["lake_snapshot"]).height == 1
    assert chain.store.query(sql, params, snapshot=number["lake_snapshot"] - 1).is_empty()


def test_as_of_shows_what_was_known_then(chain):
    now, then = (explain(chain.store, Question("BBB", "1d", as_of=t)).number for t in (None, chain_first(chain)))
    assert then["forecast_origin"] == now["forecast_origin"]
    assert then["known_at"] < now["known_at"]
    assert then["var_id"] != now["var_id"]
    assert explain(chain.store, Question("BBB", "1d", as_of=chain_first(chain))).data["n_restatements"] == 0
    assert explain(chain.store, Question("BBB", "1d")).data["n_restatements"] == 1


def chain_first(chain):
    return chain.store.query("SELECT min(as_of) AS t FROM models.ledger")["t"][0]


def test_the_ensemble_forecast_is_found_by_the_name_that_sql_gives(chain):
    found = explain(chain.store, Question("AAA", "1d", confidence=0.975, position_sign=-1))
    named = chain.store.query(
        f"SELECT {VAR_ID} AS name FROM (SELECT 'ensemble' AS method, 0.975::DOUBLE AS confidence, -1 AS position_sign, "
        "instrument, horizon, forecast_origin, forecast_id FROM ensembles.forecasts WHERE forecast_id = ?)",
        [found.forecast["forecast_id"]],
    )["name"][0]
    assert named == found.number["var_id"]


def test_actions_in_force_are_those_known_with_the_number(new_chain):
    chain = new_chain()
    chain.add("AAA", 260, seed=1)
    chain.fit("ewma", chain.keys("AAA"))
    ex_at = [chain.as_of - timedelta(days=9), chain.as_of + timedelta(days=9)]
    actions = pl.DataFrame({"kind": ["split", "dividend"], "value": [2.0, 0.5], "event_at": ex_at}).with_columns(
        instrument=pl.lit("AAA"), source=pl.lit("file"), known_at=pl.col("event_at"), ingested_at=pl.col("event_at")
    )
    with chain.store.transaction("corporate_actions", "load") as tx:
        tx.append("market.corporate_actions", actions)
    value_at_risk.estimate(chain.store, chain.keys("AAA"), as_of=chain.as_of, run_id="night")
    found = explain(chain.store, Question("AAA", "1d", method="ewma"))
    assert [(row["kind"], row["value"]) for row in found.actions] == [("split", 2.0)]


def test_what_cannot_be_explained_says_what_can(chain, hfp):
    with pytest.raises(UnknownNameError, match="Known: 1d, 5d"):
        explain(chain.store, Question("AAA", "3d"))
    with pytest.raises(UnknownNameError, match=r"confidence '0\.42'"):
        explain(chain.store, Question("AAA", "1d", confidence=0.42))
    with pytest.raises(DataError, match="was known at 1999"):
        explain(chain.store, Question("AAA", "1d", as_of=chain_first(chain).replace(year=1999)))
    with pytest.raises(ConfigError, match="2018-12-24"):
        hfp("AAA", "1d", "--as-of", "yesterday")


def test_the_verb_prints_and_gives_json(hfp):
    shown = hfp("AAA", "1d").output
    for text in ("VaR", "garch/egarch-t, weight", "log-likelihood", "kupiec_pof: ", "hfp replay "):
        assert text in shown
    told = json.loads(hfp("AAA", "1d", "--json").output)
    assert told["number"]["confidence"] == 0.99
    assert told["members"][0]["params"]


def test_it_answers_without_loading_the_graph_or_a_model(chain):
    code = (
        "import sys; from assets.cli import app\n"
        "app(['explain', 'AAA', '1d'], standalone_mode=False)\n"
        "print(sorted(set(sys.modules) & {'dagster', 'numba', 'torch', 'lightgbm', 'hf_platform.models.registry'}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "HFP_HOME": str(chain.settings.home)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] == "[]"
