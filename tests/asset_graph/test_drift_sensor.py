"""New drifts become one run over their keys; what is under way, answered or given up asks for nothing."""

from datetime import datetime

import dagster as dg
import polars as pl
import pytest

from assets.drift_sensor import DRIFT_TAG, drift_sensor
from assets.refit import refit
from resources.platform import platform_for

ALARM = datetime(2020, 3, 20, 20)  # noqa: DTZ001 - times are naive UTC throughout


@pytest.fixture
def instance(tmp_path):
    with dg.DagsterInstance.local_temp(str(tmp_path)) as made:
        yield made


@pytest.fixture
def platform(settings):
    made = platform_for(settings)
    made.lake.initialise()
    return made


def tick(platform, instance):
    with dg.build_sensor_context(instance=instance, resources={"platform": platform}) as context:
        return drift_sensor(context)


def drifted(platform, *keys):
    rows = [(name, horizon, "combined", 100, f"event-{name}", "changed", ALARM, ALARM) for name, horizon in keys]
    columns = ["instrument", "horizon", "evidence", "n_forecasts", "event_id", "verdict", "alarm_at", "as_of"]
    with platform.lake.transaction("drift_evidence", "r") as tx:
        tx.append("backtests.drift", pl.DataFrame(rows, schema=columns, orient="row"))


def answered(platform, *names):
    rows = [(f"event-{name}", name, "1d", ALARM, ALARM, ALARM) for name in names]
    columns = ["event_id", "instrument", "horizon", "retrained_at", "as_of", "created_at"]
    with platform.lake.transaction("refit", "r") as tx:
        tx.append("models.retrains", pl.DataFrame(rows, schema=columns, orient="row"))


def test_no_drift_no_run(platform, instance):
    assert isinstance(tick(platform, instance), dg.SkipReason)


def test_one_run_for_all_new_drifts_and_only_those(platform, instance):
    drifted(platform, ("AAA", "1d"), ("BBB", "1d"), ("CCC", "1d"))
    answered(platform, "BBB")
    request = tick(platform, instance)
    config = request.run_config["ops"]["refit_keys"]["config"]
    assert config == {"keys": ["1d|AAA", "1d|CCC"], "answer_drifts": True}
    assert tick(platform, instance).run_key == request.run_key  # a lost cursor changes nothing
    answered(platform, "AAA", "CCC")
    assert isinstance(tick(platform, instance), dg.SkipReason)


def test_it_waits_for_a_run_and_gives_up_after_three(platform, instance):
    drifted(platform, ("AAA", "1d"))
    keys = []
    for _ in range(3):
        request = tick(platform, instance)
        keys.append(request.run_key)
        run = instance.create_run_for_job(refit, tags=request.tags, status=dg.DagsterRunStatus.STARTED)
        assert "unfinished" in tick(platform, instance).skip_message
        instance.report_run_failed(run)
    assert len(set(keys)) == 3
    assert "unanswered after 3 runs" in tick(platform, instance).skip_message
    assert request.tags[DRIFT_TAG] == keys[0].rsplit("-", 1)[0]
