"""What watches over runs: people hear of a failure, and a run that nobody works on any more ends as failed."""

import os
import socket
from datetime import UTC, datetime, timedelta
from typing import Final

import dagster as dg
import psutil

from hf_platform.errors import LakeMissingError
from hf_platform.settings import Settings
from resources.alerts import Alert, is_configured, send
from resources.platform import Platform

PROCESS_TAG: Final = "hfp/process"
_NAMED: Final = 10  # failed models that an alert names
_FAILED: Final = """
SELECT instrument, horizon, family, reason FROM models.ledger
WHERE run_id = $run AND status NOT IN ('ok', 'skipped') ORDER BY instrument, horizon, family, variant
"""


def process_tag() -> dict[str, str]:
    """Name the process that works on a run started from a terminal: host, pid and when the process began."""
    return {PROCESS_TAG: f"{socket.gethostname()} {os.getpid()} {psutil.Process().create_time():.2f}"}


def is_process_gone(tag: str) -> bool:
    """Say whether a tag's process has ended; a process of another host is never said to be gone."""
    host, pid, began = tag.rsplit(" ", 2)
    if host != socket.gethostname():
        return False
    try:
        # A pid can be another process's by now; the time it began cannot.
        return abs(psutil.Process(int(pid)).create_time() - float(began)) > 1.0
    except psutil.NoSuchProcess:
        return True


def failure_alert(run: dg.DagsterRun, message: str, platform: Platform) -> Alert:
    """Say what failed in a run: the models with their reasons, or else what the run itself says."""
    try:
        failed = platform.lake.query(_FAILED, {"run": run.run_id})
    except LakeMissingError:
        failed = None
    lines = [f"Run {run.run_id} of job {run.job_name} failed."]
    if failed is not None and failed.height:
        lines += [f"{failed.height} models failed:"]
        lines += [f"  {i} {h} {family}: {reason}" for i, h, family, reason in failed.head(_NAMED).iter_rows()]
        lines += [f"  ... and {failed.height - _NAMED} more"] if failed.height > _NAMED else []
        lines += ["Next: hfp status --failed, then hfp materialize '*' --retry-failed"]
        subject = f"hf-platform: {failed.height} models failed in {run.job_name}"
    else:
        lines += [message, "Next: look at the run in the UI."]
        subject = f"hf-platform: {run.job_name} failed"
    return Alert(subject, tuple(lines), run.run_id)


@dg.run_failure_sensor(
    name="alert_on_failure",
    default_status=(
        dg.DefaultSensorStatus.RUNNING if is_configured(Settings.from_env()) else dg.DefaultSensorStatus.STOPPED
    ),
    description="A run failed: HFP_ALERT_WEBHOOK and HFP_ALERT_TO hear which models, why, and what to type.",
)
def alert_on_failure(context: dg.RunFailureSensorContext, platform: dg.ResourceParam[Platform]) -> None:
    """Send one alert for each failed run."""
    message = (context.failure_event.message or "").strip().splitlines()
    send(platform.settings, failure_alert(context.dagster_run, message[0] if message else "", platform))


@dg.sensor(
    name="watchdog_sensor",
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Runs of terminals whose process is gone, and others that were silent for HFP_STUCK_MINUTES, fail.",
)
def watchdog_sensor(context: dg.SensorEvaluationContext, platform: dg.ResourceParam[Platform]) -> dg.SkipReason:
    """End runs that nobody works on; starts nothing itself."""
    ended: list[str] = []
    silence = timedelta(minutes=platform.settings.stuck_minutes)
    live = dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED])
    for run in context.instance.get_runs(live):
        why = _stuck(context.instance, run, silence)
        if why is not None:
            _end(context.instance, run, why)
            ended.append(f"{run.run_id} ({why})")
            context.log.warning(f"ended run {run.run_id}: {why}")
    return dg.SkipReason(f"Ended {', '.join(ended)}." if ended else "Every unfinished run is being worked on.")


def _stuck(instance: dg.DagsterInstance, run: dg.DagsterRun, silence: timedelta) -> str | None:
    if PROCESS_TAG in run.tags and run.tags[PROCESS_TAG].split(" ")[0] == socket.gethostname():
        # Somebody sits before that terminal: while its process lives, the run is worked on, however silent.
        return "the process that worked on it is gone" if is_process_gone(run.tags[PROCESS_TAG]) else None
    page = instance.get_records_for_run(run.run_id, limit=1, ascending=False).records
    if not page:
        return None
    last = datetime.fromtimestamp(page[0].timestamp, UTC)
    if datetime.now(UTC) - last < silence:
        return None
    return f"no event since {last:%Y-%m-%d %H:%M} UTC; HFP_STUCK_MINUTES is {silence.total_seconds() / 60:.0f}"


def _end(instance: dg.DagsterInstance, run: dg.DagsterRun, why: str) -> None:
    # A run of the daemon has a process of its own to stop; one of a terminal must not be killed from here.
    if PROCESS_TAG not in run.tags:
        instance.run_launcher.terminate(run.run_id)
    instance.report_run_failed(run, f"watchdog: {why}. Start it again with: hfp materialize --retry-failed")
