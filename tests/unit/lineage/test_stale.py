"""`hfp stale`: exactly what changed is listed, a comment is no change, and computing it equals computing everything."""

import json
import random
import shutil
import time
from datetime import datetime, timedelta

import polars as pl
import pytest
import typer
from typer.testing import CliRunner

from hf_platform.cli import stale as verb
from hf_platform.ensembles import volatility_ensemble
from hf_platform.fitting import fit_grid
from hf_platform.lineage import code, dbt_code, ground
from hf_platform.lineage.stale import Manifest
from hf_platform.models import code_version
from hf_platform.risk import value_at_risk
from hf_platform.types import GridKey

ASSETS = ("ewma", "garch", "volatility_ensemble", "value_at_risk")
GRID = [f"{horizon}|{name}" for name in ("AAA", "BBB") for horizon in ("1d", "5d")]


def clear():
    for cached in (code._of_modules, code_version.file_version, code_version._fingerprint, ground.ground_of,
                   dbt_code.fingerprints, dbt_code._files, dbt_code.model_files, dbt_code.upstream):  # fmt: skip
        cached.cache_clear()


@pytest.fixture(autouse=True)
def fresh():
    clear()
    yield
    clear()


@pytest.fixture
def edit_module(monkeypatch):
    """Make the library believe that a line of one of its files was changed."""

    def edit(name):
        real = code_version.file_version

        def changed(path):
            return real(path) + ("!" if path.name == name else "")

        changed.cache_clear = lambda: None
        for module in (code_version, code, fit_grid):
            monkeypatch.setattr(module, "file_version", changed)
        for cached in (code._of_modules, code_version._fingerprint):
            cached.cache_clear()

    return edit


def listed(chain, assets=ASSETS):
    found: dict[str, set[str]] = {}
    for one in Manifest(chain.store).stale(assets=assets):
        found.setdefault(one.asset, set()).add(one.partition)
    return found


def compute(chain, wanted, run_id="again"):
    """Run each asset for its listed keys only, as `hfp materialize --stale` does, and note it."""
    manifest = Manifest(chain.store)
    for asset in ASSETS:
        keys = [GridKey(*reversed(key.split("|"))) for key in sorted(wanted.get(asset, ()))]
        if not keys:
            continue
        if asset in ("ewma", "garch"):
            chain.fit(asset, keys, run_id)
        else:
            stage = value_at_risk.estimate if asset == "value_at_risk" else volatility_ensemble.combine
            stage(chain.store, keys, as_of=chain.as_of, run_id=run_id)
    manifest.note(wanted, run_id)


@pytest.fixture
def pair(new_chain):
    """Two instruments, one long enough for GARCH, computed and noted."""
    chain = new_chain()
    chain.add("AAA", 1_020, seed=1)
    chain.add("BBB", 280, seed=2)
    compute(chain, {asset: set(GRID) for asset in ASSETS})
    return chain


KEYS = {
    "risk.value_at_risk": "instrument, horizon, method, confidence, position_sign, forecast_origin",
    "ensembles.forecasts": "name, instrument, horizon, forecast_origin",
}


def numbers(chain):
    """Newest vintage of every forecast and number with its models.

    Left out: its own name, which also tells of older vintages, and the end of its horizon: where that was still to
    come it is the calendar's, whose days end at another hour than these bars.
    """
    return {
        table: chain.store.query(
            f"SELECT * EXCLUDE (run_id, created_at, target_at, {name}) FROM {table} QUALIFY row_number() OVER ("
            f"PARTITION BY {KEYS[table]} ORDER BY known_at DESC, created_at DESC, {name}) = 1 ORDER BY {KEYS[table]}"
        )
        for table, name in (("risk.value_at_risk", "var_id"), ("ensembles.forecasts", "forecast_id"))
    }


def assert_equals_computing_everything(chain, new_chain):
    """The same prices in a fresh lake, all of it computed at once, give the same bits."""
    other = new_chain()
    for table in ("market.raw_prices", "market.universe", "market.bars"):
        rows = chain.store.query(f"SELECT * EXCLUDE (producer, run_id) FROM {table}")
        with other.store.transaction("copy", "copy") as tx:
            tx.append(table, rows)
    other.put(chain.store.query("SELECT instrument, event_at, close, known_at FROM market.bars LIMIT 1"))
    compute(other, {asset: set(GRID) for asset in ASSETS})
    mine, theirs = numbers(chain), numbers(other)
    for table, rows in theirs.items():
        # Newest bars of earlier nights between two origins of a horizon stay as extra origins.
        key = [name for name in KEYS[table].split(", ") if name in rows.columns]
        kept = rows.select(key).join(mine[table], on=key, how="left", maintain_order="left").select(rows.columns)
        differing = [name for name in rows.columns if not kept[name].equals(rows[name], null_equal=True)]
        assert not differing, (table, differing)


def test_nothing_is_stale_once_computed_and_everything_before(pair):
    assert listed(pair) == {}
    never = Manifest(pair.store).stale(assets=("backtest_report",))
    assert {one.partition for one in never} == set(GRID)
    assert {one.reason for one in never} == {"never computed"}


def test_a_price_makes_its_own_instrument_stale_and_names_the_row(pair, new_chain):
    pair.restate("BBB", 270, 1.05)
    found = Manifest(pair.store).stale(assets=ASSETS)
    assert {one.partition for one in found} == {"1d|BBB", "5d|BBB"}
    assert {one.asset for one in found} == set(ASSETS)
    assert {one.reason for one in found} == {"1 row of BBB arrived in raw_prices, 2000-09-29"}
    compute(pair, listed(pair))
    assert listed(pair) == {}
    assert_equals_computing_everything(pair, new_chain)


def test_the_same_prices_loaded_again_make_nothing_stale(pair):
    pair.add("AAA", 1_020, seed=1)
    assert listed(pair) == {}


def test_a_split_makes_what_reads_actions_stale_and_bars_not(pair):
    assets = ("bars", "stg_bars", "int_returns", "feat_xs_momentum", "feature_matrix")
    Manifest(pair.store).note(
        {name: ["AAA", "BBB"] if ground.is_partitioned(name) else [""] for name in assets}, "night"
    )
    day = pair.as_of + timedelta(hours=1)
    split = pl.DataFrame({"instrument": ["AAA"], "kind": ["split"], "value": [2.0], "source": ["file"]})
    with pair.store.transaction("corporate_actions", "load") as tx:
        moments = {name: pl.lit(day).cast(pl.Datetime("us")) for name in ("event_at", "known_at", "ingested_at")}
        tx.append("market.corporate_actions", split.with_columns(**moments))
    # A ranking of all instruments, and the matrix that carries it, stand on everybody's actions.
    assert listed(pair, assets) == {
        "int_returns": {"AAA"}, "feat_xs_momentum": {""}, "feature_matrix": {"AAA", "BBB"}
    }  # fmt: skip
    assert listed(pair)["garch"] == {"1d|AAA", "5d|AAA"}
    (reason,) = {one.reason for one in Manifest(pair.store).stale(assets=("garch",))}
    assert reason == f"1 row of AAA arrived in corporate_actions, {day:%Y-%m-%d}"


def test_a_line_of_code_makes_its_family_and_what_follows_stale_and_is_named(pair, edit_module, new_chain):
    edit_module("ewma.py")  # the family's file and the recursion's
    found = Manifest(pair.store).stale(assets=ASSETS)
    assert {one.asset for one in found} == {"ewma", "volatility_ensemble", "value_at_risk"}
    reason = "changed: hf_platform/models/families/ewma.py, hf_platform/volatility/ewma.py"
    assert {one.reason for one in found} == {reason}
    compute(pair, listed(pair))
    assert listed(pair) == {}
    assert_equals_computing_everything(pair, new_chain)


def test_a_setting_makes_the_models_stale(pair):
    pair.store.settings = pair.settings.model_copy(update={"seed": 7})
    found = Manifest(pair.store).stale(assets=ASSETS)
    assert {one.asset for one in found} == set(ASSETS)
    assert {one.reason for one in found} == {"HFP_SEED, HFP_FAMILIES or tuned parameters changed"}


def test_comments_and_layout_of_python_and_sql_change_nothing(tmp_path, monkeypatch):
    module = tmp_path / "module.py"
    module.write_text("def f(x):\n    return x + 1\n")
    before = code_version.file_version(module)
    module.write_text('"""Text."""\n\n\ndef f(x):  # why\n    """Doc."""\n    return (x + 1)\n')
    clear()
    assert code_version.file_version(module) == before
    module.write_text("def f(x):\n    return x + 2\n")
    clear()
    assert code_version.file_version(module) != before
    assert dbt_code.tidied("select 'a -- b' -- c\n, /* d */ 1 {# e #}") == "select 'a -- b' , 1"
    project = tmp_path / "dbt_features"
    shutil.copytree(dbt_code.PROJECT, project, ignore=shutil.ignore_patterns("target", "logs"))
    monkeypatch.setattr(dbt_code, "PROJECT", project)
    clear()
    sql = {name: dbt_code.fingerprints(name) for name in dbt_code.model_files()}
    volume = project / "models" / "features" / "feat_volume.sql"
    volume.write_text("-- another comment\n\n" + volume.read_text().replace("\n", "\n\n"))
    clear()
    assert {name: dbt_code.fingerprints(name) for name in dbt_code.model_files()} == sql
    volume.write_text(volume.read_text() + "\nlimit 1")
    clear()
    moved = {name for name in dbt_code.model_files() if dbt_code.fingerprints(name) != sql[name]}
    assert moved == {"feat_volume", "feature_matrix"}


def test_families_stand_on_the_features_that_they_read():
    families = ("ewma", "elastic_net")
    assert "feat_volume" not in ground.ground_of("ewma", families).assets
    assert "feat_volume" in ground.ground_of("elastic_net", families).assets
    assert not ground.ground_of("elastic_net", families).everyone
    assert ground.ground_of("nbeats", families).everyone, "a panel stands on everybody"
    assert ground.ground_of("feature_matrix", families).everyone, "it carries a rank among instruments"


def test_the_verb_lists_and_gives_json(pair, monkeypatch):
    monkeypatch.setenv("HFP_HOME", str(pair.settings.home))
    monkeypatch.setenv("HFP_FAMILIES", "ewma garch")
    monkeypatch.setenv("HFP_HORIZONS", "1d 5d")
    app = typer.Typer()
    app.command()(verb.stale)
    shown = CliRunner().invoke(app, [], catch_exceptions=False).output
    assert "backtest_report" in shown
    assert "hfp materialize --stale" in shown
    told = json.loads(CliRunner().invoke(app, ["--json", "--instrument", "AAA"], catch_exceptions=False).output)
    assert {row["partition"].rpartition("|")[2] for row in told} == {"AAA", ""}


def test_five_thousand_partitions_take_seconds(new_chain):
    chain = new_chain()
    names = [f"I{i:03d}" for i in range(500)]
    prices = pl.DataFrame({"instrument": names}).join(pl.DataFrame({"day": range(200)}), how="cross")
    event_at = pl.lit(datetime.fromisoformat("2000-01-03T21:00")) + pl.duration(days=pl.col("day"))
    raw = prices.select(
        "instrument", frequency=pl.lit("1d"), event_at=event_at.cast(pl.Datetime("us")), close=pl.lit(1.0)
    ).with_columns(known_at=pl.col("event_at"), ingested_at=pl.col("event_at"), source=pl.lit("simulated"))
    with chain.store.transaction("raw_prices", "load") as tx:
        tx.append("market.raw_prices", raw)
    horizons = ("1d", "5d", "20d", "1w", "1mo", "1min", "5min", "15min", "30min", "1h")
    chain.store.settings = chain.settings.model_copy(update={"horizons": horizons})
    keys = [f"{horizon}|{name}" for name in names for horizon in horizons]
    Manifest(chain.store).note({"garch": keys[:-1]}, "night")
    began = time.perf_counter()
    found = Manifest(chain.store).stale(assets=("garch",))
    assert time.perf_counter() - began < 5.0
    assert [one.partition for one in found] == keys[-1:]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_random_edits_computed_one_after_another_equal_computing_everything(pair, new_chain, edit_module, seed):
    chosen = random.Random(seed)
    for _ in range(4):
        edit = chosen.choice(("restate", "more", "code", "late"))
        if edit == "restate":
            pair.restate(chosen.choice(("AAA", "BBB")), chosen.randrange(100, 280), chosen.uniform(0.9, 1.1))
        elif edit == "more":
            n = pair.store.query("SELECT count(DISTINCT event_at) AS n FROM market.bars WHERE instrument = 'BBB'")["n"][
                0
            ]
            pair.add("BBB", n + chosen.randrange(1, 9), seed=2, first=n)
        elif edit == "late":
            pair.restate("AAA", chosen.randrange(1_000, 1_020), 1.01, late_by=24 * 40)
        else:
            edit_module(chosen.choice(("ewma.py", "weights.py", "var_sources.py")))
        if chosen.random() < 0.6:
            compute(pair, listed(pair), f"run-{chosen.random()}")
            assert listed(pair) == {}
    compute(pair, listed(pair))
    assert_equals_computing_everything(pair, new_chain)
