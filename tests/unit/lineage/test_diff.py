"""`hfp diff`: the list equals a brute-force comparison of two states of the lake."""

import json

import polars as pl
import pytest
import typer
from typer.testing import CliRunner

from hf_platform.cli import diff as verb
from hf_platform.errors import ConfigError, StoreError
from hf_platform.lineage.diff import diff

KEY = ["instrument", "horizon", "method", "confidence", "position_sign", "forecast_origin"]


def state(chain, snapshot):
    """Newest vintage of every number at a snapshot, worked out in Python."""
    rows = chain.store.query("SELECT * FROM risk.value_at_risk", snapshot=snapshot)
    newest = rows.sort("known_at", "created_at").unique(KEY, keep="last", maintain_order=True)
    return {tuple(row[name] for name in KEY): row for row in newest.to_dicts()}


def nights(chain):
    commits = chain.store.query(
        "SELECT snapshot_id FROM ducklake_snapshots('lake') WHERE author = 'value_at_risk' ORDER BY snapshot_id"
    )["snapshot_id"].to_list()
    return commits[0], commits[-1]


def test_the_list_is_that_of_a_brute_force_comparison(chain):
    earlier, later = nights(chain)
    before, after = state(chain, earlier), state(chain, later)
    expected = {
        key: (before[key]["value_at_risk"] if key in before else None, row["value_at_risk"])
        for key, row in after.items()
        if key not in before or before[key]["var_id"] != row["var_id"]
    }
    found = diff(chain.store, earlier, later).numbers
    assert {tuple(row[:6]): (row[6], row[7]) for row in found.iter_rows()} == expected
    changed = found.drop_nulls("earlier")
    assert set(changed["instrument"]) == {"BBB"}, "only the restated instrument has numbers that changed"
    assert changed.height > 20
    assert changed["change"].abs().is_sorted(descending=True)
    assert set(found.filter(pl.col("earlier").is_null())["instrument"]) == {"AAA"}


def test_the_inputs_that_changed_are_named(chain):
    bars = diff(chain.store, *nights(chain)).bars
    restated = bars.filter(pl.col("what") == "close restated")
    assert restated["instrument"].to_list() == ["BBB"]
    assert restated["later"][0] == restated["earlier"][0] * 1.02
    assert bars.height == 6


def test_a_state_differs_from_itself_in_nothing_and_must_exist(chain):
    earlier, later = nights(chain)
    with pytest.raises(ConfigError, match="Swap them"):
        diff(chain.store, later, earlier)
    with pytest.raises(StoreError, match="snapshot 99999 does not exist"):
        diff(chain.store, earlier, 99_999)
    assert diff(chain.store, later - 1, later).bars.is_empty()


def test_the_verb_prints_and_gives_json(chain, monkeypatch):
    monkeypatch.setenv("HFP_HOME", str(chain.settings.home))
    monkeypatch.setenv("COLUMNS", "200")
    app = typer.Typer()
    app.command()(verb.diff)
    words = list(map(str, nights(chain)))
    shown = CliRunner().invoke(app, words, catch_exceptions=False).output
    assert "5 new bars, 1 restated" in shown
    assert "Largest changes" in shown
    told = json.loads(CliRunner().invoke(app, [*words, "--json"], catch_exceptions=False).output)
    assert len(told["bars"]) == 6
