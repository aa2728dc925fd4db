"""Partial success: good keys green, failed keys red, downstream of the good ones done, in one run."""

import dagster as dg
import pytest
from dagster._core.storage.partition_status_cache import get_and_update_asset_status_cache_value

from assets.recording import KeyRecord, raise_if_failed, record
from hf_platform.fitting.outcome import KeyStatus

ROWS = dg.DynamicPartitionsDefinition(name="rows")
COLUMNS = dg.StaticPartitionsDefinition(["1d", "5d"])
GRID = dg.MultiPartitionsDefinition({"instrument": ROWS, "horizon": COLUMNS})
INSTRUMENTS = [f"I{i:02d}" for i in range(8)]
POISONED = {"1d|I03", "5d|I03", "1d|I07"}
SUBSET = "DAGSTER_EMIT_PARTITION_SUBSET_IN_PLANNED_EVENTS"


def records(keys, bad):
    return [
        KeyRecord(key, KeyStatus.FAILED if key in bad else KeyStatus.OK, reason="poisoned", data_version="v1")
        for key in keys
    ]


@dg.multi_asset(
    specs=[dg.AssetSpec(name, partitions_def=GRID, skippable=True) for name in ("first", "second")],
    can_subset=True,
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def step(context: dg.AssetExecutionContext):
    failures = {}
    for key in sorted(context.selected_asset_keys):
        rows = records(context.partition_keys, POISONED)
        record(context, key, rows)
        failures[key.to_user_string()] = [r for r in rows if r.status is KeyStatus.FAILED]
    raise_if_failed(failures)


@dg.op
def again(context: dg.OpExecutionContext):
    rows = records(["1d|I00", "1d|I03"], {"1d|I00"})
    record(context, dg.AssetKey("first"), rows)
    raise_if_failed({"first": [r for r in rows if r.status is KeyStatus.FAILED]})


@dg.job
def retry():
    again()


DEFS = dg.Definitions(assets=[step], jobs=[retry], executor=dg.in_process_executor)


def run_whole_grid(instance):
    instance.add_dynamic_partitions("rows", INSTRUMENTS)
    tags = {
        "dagster/asset_partition_range_start": "1d|I00",
        "dagster/asset_partition_range_end": "5d|I07",
    }
    job = DEFS.resolve_implicit_global_asset_job_def()
    return job.execute_in_process(instance=instance, tags=tags, raise_on_error=False)


def statuses(instance, name):
    value = get_and_update_asset_status_cache_value(instance, dg.AssetKey(name), GRID)
    good = set(value.deserialize_materialized_partition_subsets(GRID).get_partition_keys())
    bad = set(value.deserialize_failed_partition_subsets(GRID).get_partition_keys())
    return good - bad, bad


EVERYTHING = {f"{horizon}|{name}" for horizon in ("1d", "5d") for name in INSTRUMENTS}


@pytest.fixture(params=["public", "batched"])
def path(request, monkeypatch):
    if request.param == "batched":
        monkeypatch.setenv(SUBSET, "true")
    else:
        monkeypatch.delenv(SUBSET, raising=False)
    return request.param


@pytest.fixture
def instance(tmp_path):
    with dg.DagsterInstance.local_temp(str(tmp_path)) as made:
        yield made


def test_statuses_are_exact_on_sqlite(path, instance):
    result = run_whole_grid(instance)
    assert not result.success
    for name in ("first", "second"):
        assert statuses(instance, name) == (EVERYTHING - POISONED, POISONED)


def test_refit_turns_red_green_and_green_red(path, instance):
    run_whole_grid(instance)
    result = retry.execute_in_process(instance=instance, raise_on_error=False)
    assert not result.success
    assert statuses(instance, "first") == (
        (EVERYTHING - POISONED - {"1d|I00"}) | {"1d|I03"},
        (POISONED - {"1d|I03"}) | {"1d|I00"},
    )


def test_data_version_reaches_the_materialisation(path, instance):
    run_whole_grid(instance)
    event = instance.get_latest_materialization_event(dg.AssetKey("second"))
    assert event is not None
    assert event.asset_materialization.tags["dagster/data_version"] == "v1"


def test_number_of_events_is_bounded(path, instance):
    result = run_whole_grid(instance)
    n_events = len(instance.all_logs(result.run_id))
    n_keys = 2 * len(EVERYTHING)
    assert n_events <= (n_keys if path == "batched" else 2 * n_keys) + 40


def test_a_batch_in_sqlite_leaves_what_single_events_leave(tmp_path, monkeypatch):
    monkeypatch.setenv(SUBSET, "true")
    left = []
    for batched in (True, False):
        (tmp_path / str(batched)).mkdir()
        with dg.DagsterInstance.local_temp(str(tmp_path / str(batched))) as instance, monkeypatch.context() as patch:
            if not batched:
                patch.setattr(
                    "assets.recording._store_in_sqlite", lambda storage, events: storage.store_event_batch(events)
                )
            result = run_whole_grid(instance)
            storage = instance.event_log_storage
            with storage.index_connection() as connection:
                keys = connection.exec_driver_sql("select asset_key, last_run_id from asset_keys order by 1").fetchall()
                events = connection.exec_driver_sql(
                    "select dagster_event_type, step_key, asset_key, partition from event_logs order by id"
                ).fetchall()
            newest = instance.get_latest_materialization_event(dg.AssetKey("first")).asset_materialization
            of_run = [log.dagster_event for log in instance.all_logs(result.run_id) if log.dagster_event]
            assets = sorted(
                (event.event_type_value, str(event.asset_key), event.partition or "")
                for event in of_run
                if event.asset_key
            )
            left.append((events, assets, newest, [(name, run == result.run_id) for name, run in keys]))
    assert len(left[0][0]) > len(EVERYTHING)
    for batch, one_by_one in zip(*left, strict=True):
        assert batch == one_by_one


@pytest.fixture
def postgres_instance(postgres_server, tmp_path):
    """An instance whose runs and events are in a real PostgreSQL."""
    database = f"events_{tmp_path.name.replace('-', '_')}".lower()[:60]
    postgres_server.create_database(database)
    server = postgres_server
    url = f"postgresql+psycopg2://{server.user}:{server.password}@{server.host}:{server.port}/{database}"
    overrides = {"storage": {"postgres": {"postgres_url": url}}}
    with dg.DagsterInstance.local_temp(str(tmp_path), overrides=overrides) as made:
        yield made


@pytest.mark.services
def test_statuses_are_exact_on_postgres(path, postgres_instance):
    run_whole_grid(postgres_instance)
    for name in ("first", "second"):
        assert statuses(postgres_instance, name) == (EVERYTHING - POISONED, POISONED)
    retry.execute_in_process(instance=postgres_instance, raise_on_error=False)
    good, bad = statuses(postgres_instance, "first")
    assert "1d|I03" in good
    assert "1d|I00" in bad
