"""Sensors and schedules: each new file once, the night as two rectangles, no second night beside the first."""

import os

import dagster as dg
import pytest

from assets import automation
from assets.partitions import RANGE_END, RANGE_START, UNIVERSE_NAME
from resources.platform import platform_for


@pytest.fixture
def instance(tmp_path):
    with dg.DagsterInstance.local_temp(str(tmp_path)) as made:
        yield made


def drop(settings, name="prices.csv", text="date,close\n2020-01-02,1\n", age=60):
    settings.inbox.mkdir(parents=True, exist_ok=True)
    path = settings.inbox / name
    path.write_text(text)
    then = path.stat().st_mtime - age
    os.utime(path, (then, then))
    return path


def tick(settings, instance):
    context = dg.build_sensor_context(instance=instance, resources={"platform": platform_for(settings)})
    return automation.inbox_sensor(context)


def test_an_empty_inbox_asks_for_nothing(settings, instance):
    result = tick(settings, instance)
    assert result.run_requests == []
    assert result.skip_reason is not None


def test_a_file_is_asked_for_once_and_again_only_when_it_changes(settings, instance):
    path = drop(settings)
    first = tick(settings, instance).run_requests
    second = tick(settings, instance).run_requests
    assert [r.run_key for r in first] == [r.run_key for r in second]
    assert first[0].run_config["ops"]["refit_keys"]["config"]["files"] == [path.name]
    drop(settings, text="date,close\n2020-01-02,2.5\n", age=30)
    third = tick(settings, instance).run_requests
    assert third[0].run_key != first[0].run_key


def test_a_file_still_being_written_waits(settings, instance):
    drop(settings, name="half.csv.part")
    drop(settings, name="new.csv", age=0)
    assert tick(settings, instance).run_requests == []


def test_night_starts_with_one_rectangle_of_all_instruments(instance):
    with dg.build_schedule_context(instance=instance) as context:
        assert isinstance(automation.nightly(context), dg.SkipReason)
    instance.add_dynamic_partitions(UNIVERSE_NAME, ["SP500", "WTI", "AAPL"])
    with dg.build_schedule_context(instance=instance) as context:
        request = automation.nightly(context)
    assert request.tags[RANGE_START] == "SP500"
    assert request.tags[RANGE_END] == "AAPL"


def test_no_second_night_while_one_is_unfinished(instance):
    instance.add_dynamic_partitions(UNIVERSE_NAME, ["SP500"])
    instance.create_run_for_job(_noop, tags={automation.NIGHTLY_TAG: "1"}, status=dg.DagsterRunStatus.STARTED)
    with dg.build_schedule_context(instance=instance) as context:
        assert isinstance(automation.nightly(context), dg.SkipReason)


@pytest.mark.parametrize("nightly", [True, False])
def test_grid_follows_a_nightly_run_only(instance, nightly):
    instance.add_dynamic_partitions(UNIVERSE_NAME, ["SP500", "WTI"])
    tags = {automation.NIGHTLY_TAG: "1"} if nightly else {}
    result = _noop.execute_in_process(instance=instance, tags=tags)
    context = dg.build_run_status_sensor_context(
        sensor_name="nightly_grid_after_success",
        dagster_event=next(e for e in result.all_events if e.is_job_success),
        dagster_instance=instance,
        dagster_run=result.dagster_run,
    )
    sensor = next(s for s in automation.SENSORS if s.name == "nightly_grid_after_success")
    answer = sensor(context)
    if nightly:
        assert answer.tags[RANGE_START] == "1d|SP500"
        assert answer.tags[RANGE_END] == "1mo|WTI"
        assert answer.run_key == result.run_id
    else:
        assert isinstance(answer, dg.SkipReason)


@dg.op
def _nothing():
    pass


@dg.job
def _noop():
    _nothing()
