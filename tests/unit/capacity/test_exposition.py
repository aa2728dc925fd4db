"""The Prometheus text: parses with the reference parser, counts what the lake holds, labels stay in closed lists."""

import urllib.request
from datetime import datetime, timedelta

import polars as pl
import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from hf_platform.capacity.exposition import LakeCollector
from hf_platform.cli.metrics import exposition, registry_for, serve
from hf_platform.errors import ConfigError
from hf_platform.lake import Lake
from hf_platform.models import FAMILIES
from hf_platform.models.base import Status
from hf_platform.settings import Settings

NOW = datetime.fromisoformat("2024-03-01T22:00:00")
DAY = timedelta(days=1)


def write(store, table, rows, producer="test", run="r1"):
    with store.transaction(producer, run) as tx:
        tx.append(table, pl.DataFrame(rows))


def model(instrument, *, family="garch", horizon="1d", status="ok", origin=NOW, made=NOW, device="cpu"):
    return {
        "model_id": f"{instrument}{family}{horizon}{status}{origin}", "family": family, "variant": "v",
        "instrument": instrument, "horizon": horizon, "forecast_origin": origin, "as_of": origin, "stage": "fit",
        "status": status, "seconds": 0.5, "code_version": "c", "device": device, "created_at": made,
    }  # fmt: skip


@pytest.fixture
def full(store):
    write(
        store,
        "models.ledger",
        [
            model("A"),
            model("A", origin=NOW - DAY, status="error", made=NOW - DAY),  # an older night: made up for
            model("B", status="timeout"),
            model("C", family="quantum", horizon="7d", device="tpu"),  # nothing the platform knows
        ],
    )
    bars = [
        {"instrument": name, "frequency": frequency, "event_at": at, "known_at": at, "close": 1.0}
        for name, frequency, at in (("A", "1d", NOW), ("A", "1d", NOW - DAY), ("B", "1d", NOW), ("A", "1w", NOW - DAY))
    ]
    write(store, "market.bars", bars)
    forecasts = [
        {"model_id": f"{name}{horizon}", "family": "garch", "variant": "v", "instrument": name, "horizon": horizon,
         "forecast_origin": at, "known_at": at, "mean": 0.0, "volatility": 0.01, "created_at": NOW}
        for name, horizon, at in (("A", "1d", NOW), ("B", "1d", NOW - DAY), ("A", "1w", NOW - DAY))
    ]  # fmt: skip
    write(store, "models.forecasts", forecasts)
    tests = [
        {"instrument": name, "horizon": "1d", "method": "ensemble", "confidence": 0.99, "position_sign": 1,
         "test": test, "window_start": start, "window_end": NOW, "n_forecasts": n, "n_breaches": n_breaches,
         "verdict": verdict, "zone": zone, "as_of": NOW, "data_version": "d", "code_version": "c", "created_at": NOW}
        for name, test, start, n, n_breaches, verdict, zone in (
            ("A", "kupiec_pof", NOW - 500 * DAY, 500, 5, "pass", None),
            ("A", "kupiec_pof", NOW - 250 * DAY, 250, 4, "pass", None),
            ("B", "kupiec_pof", NOW - 500 * DAY, 500, 15, "fail", None),
            ("A", "basel_traffic_light", NOW - 250 * DAY, 250, 4, "pass", "green"),
            ("B", "basel_traffic_light", NOW - 250 * DAY, 250, 12, "fail", "red"),
        )
    ]  # fmt: skip
    with store.transaction("test", "r1") as tx:
        tx.append("backtests.var_tests", pl.DataFrame(tests, infer_schema_length=None))
    stage = {"asset": "garch", "started_at": NOW, "seconds": 2.0, "cpu_seconds": 3.0, "peak_memory_mb": 9.0,
             "threads": 2, "n_keys": 2, "n_ok": 1, "n_failed": 1, "n_skipped": 0}  # fmt: skip
    write(store, "ops.stages", [stage, stage | {"asset": "surprise"}])
    run = {"started_at": NOW, "finished_at": NOW + timedelta(seconds=2.5), "status": "ok", "kind": "model_grid"}
    write(store, "ops.runs", [run | {"detail_json": "{}"}])
    return store


def samples(text):
    found = {}
    for family in text_string_to_metric_families(text):
        assert family.documentation, family.name
        assert family.name.startswith("hfp_")
        for sample in family.samples:
            key = (sample.name, *sorted(sample.labels.items()))
            assert key not in found, key
            found[key] = sample.value
    return found


def read(store, **changes):
    registry = CollectorRegistry()
    families = [family.name for family in FAMILIES]
    registry.register(LakeCollector(store, families, store.settings.horizons, ["garch"], **changes))
    return samples(exposition(registry))


def test_samples_count_what_the_lake_holds(full):
    found = read(full)

    def value(name, **labels):
        return found[(name, *sorted(labels.items()))]

    assert value("hfp_lake_up") == 1
    assert value("hfp_models", family="garch", horizon="1d", status="ok") == 1
    assert value("hfp_models", family="garch", horizon="1d", status="timeout") == 1
    assert value("hfp_models", family="other", horizon="other", status="ok") == 1
    assert value("hfp_fits_total", family="garch", device="cpu", status="error") == 1
    assert value("hfp_fit_seconds_total", family="other", device="other", status="ok") == 0.5
    assert value("hfp_forecast_keys", family="garch", horizon="1d") == 2
    assert value("hfp_stale_keys", family="garch", horizon="1d") == 1
    assert value("hfp_stale_keys", family="garch", horizon="1w") == 0  # weekly bars decide for weekly horizons
    assert value("hfp_newest_origin_timestamp_seconds", family="garch", horizon="1d") == 1_709_330_400
    assert (
        value("hfp_var_forecasts", horizon="1d", confidence="0.99", position="long") == 1_000
    )  # the longest window, once
    assert value("hfp_var_breach_rate", horizon="1d", confidence="0.99", position="long") == pytest.approx(0.02)
    assert value("hfp_var_rejected", horizon="1d", confidence="0.99", position="long") == 1
    assert value("hfp_var_zone", horizon="1d", position="long", zone="red") == 1
    assert value("hfp_lake_rows", table="ledger") == 4
    assert value("hfp_stage_seconds_total", stage="garch") == 2
    assert value("hfp_stage_seconds_total", stage="other") == 2
    assert value("hfp_grid_run_seconds") == 2.5
    assert value("hfp_grid_runs_total") == 1


def test_labels_stay_in_closed_lists(full):
    closed = {
        "family": {family.name for family in FAMILIES} | {"other"},
        "horizon": {*full.settings.horizons, "other"},
        "status": {status.value for status in Status} | {"other"},
        "device": {"cpu", "cuda", "other"},
        "confidence": {"0.9", "0.95", "0.975", "0.99", "other"},
        "position": {"long", "short", "other"},
        "zone": {"green", "yellow", "red", "other"},
        "stage": {"garch", "other"},
        "table": {"bars", "ledger", "forecasts", "var_numbers", "quarantined"},
    }
    for _, *labels in read(full):
        for name, value in labels:
            assert value in closed[name], (name, value)


def test_a_lake_that_cannot_be_read_is_a_zero_and_comes_back(tmp_path):
    lake = Lake(Settings(home=tmp_path / "nowhere"))
    found = read(lake, seconds=0.0)
    assert found[("hfp_lake_up",)] == 0
    assert ("hfp_lake_snapshot",) not in found
    lake.initialise()
    assert read(lake)[("hfp_lake_up",)] == 1
    lake.close()


def test_scrapes_within_the_age_read_the_lake_once(full):
    now = [0.0]
    collector = LakeCollector(full, ["garch"], ["1d"], ["garch"], seconds=15.0, clock=lambda: now[0])

    def n_models():
        metric = next(metric for metric in collector.collect() if metric.name == "hfp_models")
        return sum(sample.value for sample in metric.samples)

    assert n_models() == 3
    write(full, "models.ledger", [model("D")])
    assert n_models() == 3
    now[0] = 15.0
    assert n_models() == 4


def test_it_is_served_on_loopback_and_stops(full):
    registry = registry_for(full.settings, ["garch"])
    port, stop = serve(registry, 0)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
        found = samples(answer.read().decode())
    assert found[("hfp_lake_up",)] == 1
    with pytest.raises(ConfigError, match="free port"):
        serve(registry, port)
    stop.set()
