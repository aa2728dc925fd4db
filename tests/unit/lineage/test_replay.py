"""`hfp replay`: stored numbers come out of their snapshots bit for bit, and what does not is named."""

import os
import random
import re
import subprocess
import sys

import polars as pl
import pytest
import typer
from typer.testing import CliRunner

from hf_platform.cli import replay as verb
from hf_platform.errors import DataError, StoreError, UnknownNameError
from hf_platform.lineage.bits import same_bits
from hf_platform.lineage.code import fingerprints
from hf_platform.lineage.replay import Replayer
from hf_platform.risk import value_at_risk


def sample(chain, n_numbers, n_models, seed=5):
    """Random numbers of every method, and random models, of both nights."""
    numbers = chain.store.query("SELECT var_id FROM risk.value_at_risk ORDER BY 1")["var_id"].to_list()
    models = chain.store.query("SELECT model_id FROM models.ledger WHERE status = 'ok' ORDER BY 1")[
        "model_id"
    ].to_list()
    chosen = random.Random(seed)
    return chosen.sample(numbers, n_numbers), chosen.sample(models, n_models)


def of_second_night(chain, instrument, horizon):
    return chain.store.query(
        "SELECT var_id FROM risk.value_at_risk WHERE run_id = 'second' AND method = 'ensemble' AND confidence = 0.99 "
        "AND instrument = ? AND horizon = ? AND position_sign = 1 ORDER BY forecast_origin DESC LIMIT 1",
        [instrument, horizon],
    )["var_id"][0]


def test_random_numbers_and_models_come_out_again(chain):
    numbers, models = sample(chain, 6, 2)
    replayer = Replayer(chain.store)
    for name in (*numbers, *models):
        done = replayer.replay(name)
        assert done.is_identical, [str(d) for link in done.links for d in link.differences]
        assert all(link.n_values for link in done.links)


def assert_deep(chain, instrument):
    done = Replayer(chain.store).replay(of_second_night(chain, instrument, "1d"), deep=True)
    assert done.is_identical, [str(d) for link in done.links for d in link.differences]
    whats = " | ".join(link.what for link in done.links)
    assert "from stored forecasts" in whats
    assert "from stored members" in whats
    assert len(re.findall("fitted again", whats)) == 7
    return whats


@pytest.mark.slow
def test_a_number_is_followed_down_to_models_fitted_again_and_nothing_is_written(chain):
    before = chain.store.latest_snapshot()
    assert "later forecasts" in assert_deep(chain, "AAA")  # new bars on fits of the first night
    assert chain.store.latest_snapshot() == before


@pytest.mark.slow
def test_models_that_a_correction_made_are_replayed(chain):
    assert "later forecasts" not in assert_deep(chain, "BBB")


@pytest.mark.slow
def test_a_hundred_random_numbers_in_fresh_processes(chain):
    numbers, models = sample(chain, 70, 30, seed=11)
    for names in (numbers[:35], numbers[35:], models[:15], models[15:]):
        done = subprocess.run(
            [sys.executable, "-c", "from assets.cli import main; main()", "replay", *names, "--deep"],
            env={**os.environ, "HFP_HOME": str(chain.settings.home), "HFP_FAMILIES": "ewma garch"},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.stdout.splitlines()[-1] == f"{len(names)} of {len(names)} identical", done.stdout + done.stderr


@pytest.fixture
def small(new_chain):
    """One instrument with EWMA numbers only, for changing."""
    made = new_chain()
    made.add("AAA", 300, seed=3)
    made.fit("ewma", made.keys("AAA"))
    value_at_risk.estimate(made.store, made.keys("AAA"), as_of=made.as_of, run_id="night")
    return made


def newest(chain, table="risk.value_at_risk", name="var_id"):
    return chain.store.query(f"SELECT {name} FROM {table} ORDER BY created_at DESC, {name} LIMIT 1")[name][0]


def change(chain, statement, *params):
    with chain.store.writing("tamper", "tamper") as con:
        con.execute(statement, list(params))


def test_a_number_that_was_tampered_with_is_shown_and_fails_the_verb(small, monkeypatch):
    monkeypatch.setenv("HFP_HOME", str(small.settings.home))
    monkeypatch.setenv("HFP_FAMILIES", "ewma garch")
    app = typer.Typer()
    app.command()(verb.replay)
    name, model = newest(small), newest(small, "models.ledger", "model_id")
    good = CliRunner().invoke(app, [name, model], catch_exceptions=False)
    assert good.exit_code == 0
    assert "2 of 2 identical" in good.output
    change(small, "UPDATE risk.value_at_risk SET value_at_risk = value_at_risk * (1 + 1e-15) WHERE var_id = ?", name)
    change(small, "UPDATE models.ledger SET params_json = '{}' WHERE model_id = ?", model)
    bad = CliRunner().invoke(app, [name, model], catch_exceptions=False)
    assert bad.exit_code == 1
    assert "0 of 2 identical" in bad.output
    assert "value_at_risk: stored" in bad.output
    assert "params_json: stored {}" in bad.output


def test_changed_code_is_named_by_its_module(small):
    model = newest(small, "models.ledger", "model_id")
    then = fingerprints("ewma") | {"hf_platform/volatility/ewma.py": "what it was"}
    rows = [{"asset": "ewma", "code_version": "then", "module": m, "fingerprint": f} for m, f in then.items()]
    with small.store.transaction("code_versions", "night") as tx:
        tx.append("ops.code_versions", pl.DataFrame(rows).with_columns(created_at=small.as_of))
    change(small, "UPDATE models.ledger SET code_version = 'then' WHERE model_id = ?", model)
    with pytest.raises(StoreError, match=r"changed since then: hf_platform/volatility/ewma\.py\. Check"):
        Replayer(small.store).replay(model)
    change(small, "UPDATE models.ledger SET code_version = 'long ago' WHERE model_id = ?", model)
    with pytest.raises(StoreError, match="were not recorded"):
        Replayer(small.store).replay(model)


def test_an_expired_snapshot_is_said_so(small):
    name = newest(small)
    commit = small.store.query("SELECT max(snapshot_id) AS s FROM ducklake_snapshots('lake')")["s"][0]
    change(small, "UPDATE risk.value_at_risk SET run_id = run_id")  # a newer snapshot, so that the older may go
    change(small, f"CALL ducklake_expire_snapshots('lake', versions => [{commit - 1}])")
    with pytest.raises(StoreError, match=f"snapshot {commit - 1} of the lake has expired"):
        Replayer(small.store).replay(name)


def test_what_cannot_be_replayed_says_why(small):
    with pytest.raises(UnknownNameError, match="nonsense"):
        Replayer(small.store).replay("nonsense")
    model = newest(small, "models.ledger", "model_id")
    change(small, "UPDATE models.ledger SET status = 'bad_data', reason = 'flat' WHERE model_id = ?", model)
    with pytest.raises(DataError, match="ended as bad_data: flat"):
        Replayer(small.store).replay(model)


def test_bits_are_bits():
    assert same_bits([0.1, None, float("inf")], [0.1, None, float("inf")])
    assert not same_bits(0.0, -0.0)
    assert not same_bits(0.1 + 0.2, 0.3)
    assert not same_bits([1.0], [1.0, 1.0])
    assert not same_bits(1, 1.0)
