"""`hfp capacity`, `hfp mig`, `hfp metrics` and `hfp status --watch`, as typed."""

import io
import json
from datetime import datetime

import polars as pl
import pytest
from rich.console import Console
from typer.testing import CliRunner

from assets.cli import app
from hf_platform.cli.watch import watch
from hf_platform.errors import ConfigError, MigUnsupportedError

NOW = datetime.fromisoformat("2024-03-01T22:00:00")


@pytest.fixture
def run(monkeypatch):
    monkeypatch.setenv("COLUMNS", "160")

    def invoke(*arguments):
        return CliRunner().invoke(app, [*map(str, arguments)], catch_exceptions=False, standalone_mode=False).stdout

    return invoke


def fits(store, n, *, family="garch", status="ok", start=0):
    rows = [
        {"model_id": f"{family}{start + i}", "family": family, "variant": "v", "instrument": f"I{start + i}",
         "horizon": "1d", "forecast_origin": NOW, "as_of": NOW, "stage": "fit", "status": status, "seconds": 0.1,
         "reason": None if status == "ok" else "no luck", "code_version": "c", "created_at": NOW}
        for i in range(n)
    ]  # fmt: skip
    with store.transaction(family, "run-one") as tx:
        tx.append("models.ledger", pl.DataFrame(rows, schema_overrides={"reason": pl.String}))


@pytest.fixture
def metered(store):
    fits(store, 10)
    stage = {"asset": "garch", "started_at": NOW, "seconds": 0.998, "cpu_seconds": 1.0, "peak_memory_mb": 9.0,
             "threads": 1, "n_keys": 10, "n_ok": 10, "n_failed": 0, "n_skipped": 0}  # fmt: skip
    ended = datetime.fromisoformat("2024-03-01T22:00:01")
    row = {"started_at": NOW, "finished_at": ended, "status": "ok", "kind": "model_grid", "detail_json": "{}"}
    with store.transaction("model_grid", "run-one") as tx:
        tx.append("ops.stages", pl.DataFrame([stage]))
        tx.append("ops.runs", pl.DataFrame([row]))
    return store


def test_a_plan_counts_machines_from_measured_seconds(metered, run):
    text = run("capacity", "plan", "--models", 432_000, "--deadline", 1, "--budget", 50_000)
    assert "432,000 models in 1 h: 12 core hours" in text
    plan = json.loads(run("capacity", "plan", "--models", 432_001, "--deadline", 1, "--format", "json"))
    assert plan["core_seconds"] == pytest.approx(43_200.1)
    nodes = {option["kind"]: option["n_nodes"] for option in plan["options"]}
    assert nodes["workstation"] == 2  # one model more than 12 cores do in an hour


def test_prices_of_ones_own(metered, run, tmp_path, monkeypatch):
    from importlib import resources

    text = resources.files("hf_platform.capacity").joinpath("prices.toml").read_text()
    own = tmp_path / "own.toml"
    own.write_text(text.replace("price_usd = 3000", "price_usd = 77"))
    arguments = ("capacity", "plan", "--models", 10, "--deadline", 1, "--node", "workstation", "--format", "json")
    assert json.loads(run(*arguments, "--prices", own))["options"][0]["price_usd"] == 77
    monkeypatch.setenv("HFP_PRICES", str(own))
    assert json.loads(run(*arguments))["options"][0]["price_usd"] == 77


def test_a_plan_without_measurements_says_what_to_run(store, run):
    with pytest.raises(ConfigError, match="hfp demo"):
        run("capacity", "plan", "--models", 10, "--deadline", 1)
    with pytest.raises(ConfigError, match="hfp materialize"):
        run("capacity", "cost")


def test_costs_of_a_run_add_up_on_the_page(metered, run):
    text = run("capacity", "cost")
    assert "10 models" in text
    assert "Rows add up to 1.00 s of the run's 1.00 s (0.20% between)" in text
    assert "run-one"[:8] in run("capacity", "cost", "--run", "run")
    with pytest.raises(ConfigError, match="found no run 'other'"):
        run("capacity", "cost", "--run", "other")


def test_cards_with_time_beside_the_guide(settings, run):
    text = run("capacity", "cards", "--seconds", 60)
    ours, guide = text.split("The guide's formula")
    assert "RTX 4080" in ours.splitlines()[4]
    assert "195,000" in guide


def test_mig_plan_is_a_dry_run(settings, run, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))  # nothing could be run
    text = run("mig", "plan", "--gpu", "H100", "--families", "nbeats:3", "patchtst", "timesfm")
    assert "nvidia-smi -i 0 -mig 1\nnvidia-smi mig -i 0 -cgi 19:0,19:1,19:2,19:3,9:4 -C" in text
    assert "nvidia.com/mig-1g.10gb: 4, nvidia.com/mig-3g.40gb: 1" in text
    assert "--apply" in text
    text = run("mig", "teardown", "--index", 3)
    assert "nvidia-smi mig -i 3 -dci\nnvidia-smi mig -i 3 -dgi\nnvidia-smi -i 3 -mig 0" in text
    with pytest.raises(MigUnsupportedError):
        run("mig", "plan", "--gpu", "RTX 4090", "--families", "nbeats")


def test_watch_shows_what_moves_and_ends(store):
    fits(store, 3)
    fits(store, 1, family="ewma", status="error")
    out = io.StringIO()
    frames = []

    def between(seconds):
        frames.append(seconds)
        fits(store, 5, start=100 * len(frames))

    watch(store, Console(file=out, width=160), 0.5, refreshes=3, sleep=between)
    assert frames == [0.5, 0.5]
    text = out.getvalue()
    garch = next(line for line in text.splitlines() if line.strip().startswith("garch"))
    assert "13" in garch
    assert "+5" in garch
    ewma = next(line for line in text.splitlines() if line.strip().startswith("ewma"))
    assert "▓" in ewma
    assert "no luck" in text


def test_watch_ends_with_ctrl_c_and_survives_a_lake_that_is_not_there_yet(tmp_path):
    from hf_platform.lake import Lake
    from hf_platform.settings import Settings

    out = io.StringIO()

    def interrupt(seconds):
        raise KeyboardInterrupt

    watch(Lake(Settings(home=tmp_path / "none")), Console(file=out, width=160), 1.0, sleep=interrupt)
    assert "no lake at" in out.getvalue()


def test_status_watch_is_a_verb(metered, run):
    assert "garch" in run("status", "--watch", "--every", 0.1, "--looks", 2)


def test_metrics_prints_once(metered, run):
    from prometheus_client.parser import text_string_to_metric_families

    found = {family.name: family for family in text_string_to_metric_families(run("metrics", "--once"))}
    assert found["hfp_lake_up"].samples[0].value == 1
    assert {sample.labels["status"] for sample in found["hfp_runs"].samples} >= {"queued", "success", "failure"}
    assert found["hfp_runs_waiting"].samples[0].value == 0
