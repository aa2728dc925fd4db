"""What starts runs by itself: the nightly chain of two rectangles, and the inbox."""

import dagster as dg

from assets.drift_sensor import drift_sensor
from assets.instrument_graph import instrument_graph
from assets.model_grid import usual_stages
from assets.partitions import HORIZONS, range_tags, universe
from assets.portfolio import portfolio_graph
from assets.refit import refit
from assets.watch import alert_on_failure, watchdog_sensor
from hf_platform.market import inbox
from hf_platform.settings import Settings
from resources.platform import Platform

NIGHTLY_TAG = "hfp/nightly"

market_and_features = dg.define_asset_job(
    "market_and_features",
    selection=dg.AssetSelection.assets(*instrument_graph.keys),
    description="Prices, bars and features of all instruments; first half of the night.",
)
grid = dg.define_asset_job(
    "grid",
    selection=dg.AssetSelection.assets(*(stage.spec.key for stage in usual_stages(Settings.from_env()))),
    description="Every model of HFP_FAMILIES, ensemble, VaR, backtest and report; second half of the night.",
)
portfolios = dg.define_asset_job(
    "portfolios",
    selection=dg.AssetSelection.assets(*portfolio_graph.keys),
    description="Positions, covariances, portfolio risk, hedges, stress tests and their page; the end of the night.",
)


@dg.schedule(
    job=market_and_features,
    cron_schedule="30 22 * * 1-5",
    execution_timezone="UTC",
    description="Each weekday after the New York close: new prices and features, then the whole grid.",
)
def nightly(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    """Ask for one run over all instruments, unless last night's is still going."""
    instruments = universe(context.instance)
    if not instruments:
        return dg.SkipReason("The universe is empty. Add instruments with: hfp universe add")
    if _unfinished(context.instance):
        return dg.SkipReason("A nightly run is still unfinished; a second one would only wait behind it.")
    return dg.RunRequest(tags=range_tags(instruments) | {NIGHTLY_TAG: "1"})


def _unfinished(instance: dg.DagsterInstance) -> bool:
    live = [
        dg.DagsterRunStatus.QUEUED,
        dg.DagsterRunStatus.NOT_STARTED,
        dg.DagsterRunStatus.STARTING,
        dg.DagsterRunStatus.STARTED,
    ]
    return bool(instance.get_run_records(dg.RunsFilter(tags={NIGHTLY_TAG: "1"}, statuses=live), limit=1))


def _request_grid(context: dg.RunStatusSensorContext) -> dg.RunRequest | dg.SkipReason:
    run = context.dagster_run
    if NIGHTLY_TAG not in run.tags:
        return dg.SkipReason("Not the nightly run.")
    instruments = universe(context.instance)
    horizons = HORIZONS.get_partition_keys()
    return dg.RunRequest(run_key=run.run_id, tags=range_tags(instruments, horizons) | {NIGHTLY_TAG: "1"})


def _grid_after(status: dg.DagsterRunStatus, word: str) -> dg.SensorDefinition:
    """Ask for the grid once the first half has ended, also when some instruments failed in it."""

    @dg.run_status_sensor(
        run_status=status,
        name=f"nightly_grid_after_{word}",
        monitored_jobs=[market_and_features],
        request_job=grid,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"After a nightly market_and_features run that ended in {word}: one run over the whole grid.",
    )
    def sensor(context: dg.RunStatusSensorContext) -> dg.RunRequest | dg.SkipReason:
        return _request_grid(context)

    return sensor


def _portfolios_after(status: dg.DagsterRunStatus, word: str) -> dg.SensorDefinition:
    """Ask for the portfolio step once the grid has ended, also when some of its keys failed."""

    @dg.run_status_sensor(
        run_status=status,
        name=f"nightly_portfolios_after_{word}",
        monitored_jobs=[grid],
        request_job=portfolios,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"After a nightly grid run that ended in {word}: portfolio risk, stress tests and the risk page.",
    )
    def sensor(context: dg.RunStatusSensorContext) -> dg.RunRequest | dg.SkipReason:
        run = context.dagster_run
        if NIGHTLY_TAG not in run.tags:
            return dg.SkipReason("Not the nightly run.")
        tags = range_tags(HORIZONS.get_partition_keys()) | {NIGHTLY_TAG: "1"}
        return dg.RunRequest(run_key=run.run_id, tags=tags)

    return sensor


@dg.sensor(
    job=refit,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="A file in HFP_HOME/inbox: its instruments are loaded, everything downstream of them refitted, once.",
)
def inbox_sensor(context: dg.SensorEvaluationContext, platform: dg.ResourceParam[Platform]) -> dg.SensorResult:
    """Ask for one run per complete file; name, size and time of change identify it, so that it runs once."""
    requests: list[dg.RunRequest] = []
    for path in inbox.pending(platform.settings):
        seen = path.lstat()
        requests.append(
            dg.RunRequest(
                run_key=f"{path.name}|{seen.st_size}|{seen.st_mtime_ns}",
                run_config={"ops": {"refit_keys": {"config": {"files": [path.name]}}}},
                tags={"hfp/inbox": path.name},
            )
        )
    return dg.SensorResult(run_requests=requests, skip_reason=None if requests else "The inbox is empty.")


SENSORS = [
    _grid_after(dg.DagsterRunStatus.SUCCESS, "success"),
    _grid_after(dg.DagsterRunStatus.FAILURE, "failure"),
    _portfolios_after(dg.DagsterRunStatus.SUCCESS, "success"),
    _portfolios_after(dg.DagsterRunStatus.FAILURE, "failure"),
    inbox_sensor,
    drift_sensor,
    watchdog_sensor,
    alert_on_failure,
]
SCHEDULES = [nightly]
JOBS = [market_and_features, grid, portfolios, refit]
