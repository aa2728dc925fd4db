"""Alerts reach real servers on loopback; the watchdog ends runs that nobody works on, and no others."""

import json
import socket
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import dagster as dg
import psutil
import pytest
from aiosmtpd.controller import Controller

from assets import watch
from hf_platform.settings import Settings
from resources.alerts import Alert, AlertError, is_configured, send
from resources.platform import platform_for

ALERT = Alert("2 models failed", ("AAPL 1d garch: constant series",), "run-1")


@pytest.fixture
def webhook():
    """A server that answers 500 as often as `failures` says, and keeps what it was sent."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            server.failures -= 1
            self.send_response(500 if server.failures >= 0 else 200)
            self.end_headers()
            if server.failures < 0:
                server.received.append(json.loads(body))

        def log_message(self, *arguments):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.failures, server.received = 0, []
    server.url = f"http://127.0.0.1:{server.server_port}/hooks/very-secret"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def mailbox():
    class Keep:
        def __init__(self):
            self.messages = []

        async def handle_DATA(self, server, session, envelope):
            self.messages.append((envelope.rcpt_tos, envelope.content.decode()))
            return "250 OK"

    keep = Keep()
    with socket.socket() as free:  # the controller tries the port that it was given, so it cannot be 0
        free.bind(("127.0.0.1", 0))
        keep.port = free.getsockname()[1]
    controller = Controller(keep, hostname="127.0.0.1", port=keep.port)
    controller.start()
    yield keep
    controller.stop()


def test_an_alert_is_posted_again_until_the_server_takes_it(webhook, tmp_path):
    webhook.failures = 2
    settings = Settings(home=tmp_path, alert_webhook=webhook.url)
    assert send(settings, ALERT, wait=0.01) == ["webhook"]
    assert webhook.received == [{"text": ALERT.text, "subject": ALERT.subject, "run_id": "run-1"}]


def test_an_alert_is_mailed(mailbox, tmp_path):
    settings = Settings(
        home=tmp_path, alert_smtp=f"smtp://127.0.0.1:{mailbox.port}", alert_to="risk@fund.example desk@fund.example"
    )
    assert send(settings, ALERT) == ["e-mail"]
    ((recipients, text),) = mailbox.messages
    assert recipients == ["risk@fund.example", "desk@fund.example"]
    assert "Subject: 2 models failed" in text
    assert "AAPL 1d garch: constant series" in text


def test_one_way_that_fails_does_not_stop_the_other_and_tells_no_secret(webhook, mailbox, tmp_path):
    webhook.failures = 100
    settings = Settings(
        home=tmp_path,
        alert_webhook=webhook.url,
        alert_smtp=f"smtp://127.0.0.1:{mailbox.port}",
        alert_to="risk@fund.example",
    )
    with pytest.raises(AlertError, match="webhook: the server answered 500") as caught:
        send(settings, ALERT, wait=0.01)
    assert "very-secret" not in str(caught.value)
    assert "very-secret" not in repr(settings)
    assert len(mailbox.messages) == 1


def test_nobody_is_told_without_an_address(tmp_path):
    assert not is_configured(Settings(home=tmp_path))
    assert not is_configured(Settings(home=tmp_path, alert_smtp="smtp://127.0.0.1"))


@pytest.fixture
def instance(tmp_path):
    with dg.DagsterInstance.local_temp(str(tmp_path)) as made:
        yield made


@dg.job
def _breaks():
    @dg.op
    def fall():
        raise ValueError("no prices today")

    fall()


def test_a_failed_run_is_told_with_what_failed(webhook, tmp_path, instance):
    settings = Settings(home=tmp_path / "home", alert_webhook=webhook.url)
    result = _breaks.execute_in_process(instance=instance, raise_on_error=False)
    event = next(event for event in result.all_events if event.is_job_failure)
    made = dg.build_run_status_sensor_context(
        sensor_name="alert_on_failure", dagster_event=event, dagster_instance=instance, dagster_run=result.dagster_run,
        resources={"platform": platform_for(settings)},
    )  # fmt: skip
    with made as context:
        watch.alert_on_failure(context.for_run_failure())
    (told,) = webhook.received
    assert told["run_id"] == result.run_id
    assert "_breaks failed" in told["subject"]


def test_an_alert_names_the_failed_models(poisoned_world):
    platform = platform_for(Settings(home=poisoned_world.home))
    run_id = platform.lake.query(
        "SELECT run_id FROM models.ledger WHERE status NOT IN ('ok', 'skipped') GROUP BY ALL ORDER BY count(*) DESC"
    )["run_id"][0]
    alert = watch.failure_alert(dg.DagsterRun(job_name="grid", run_id=run_id), "", platform)
    assert "BLANK 1d" in alert.text
    assert "more" in alert.text
    assert "--retry-failed" in alert.text
    assert "models failed in grid" in alert.subject


def tick(settings, instance):
    with dg.build_sensor_context(instance=instance, resources={"platform": platform_for(settings)}) as context:
        return watch.watchdog_sensor(context).skip_message


def started(instance, **tags):
    run = instance.create_run_for_job(_breaks, tags=tags)
    instance.report_engine_event("begun", run)
    instance.report_dagster_event(dg.DagsterEvent("PIPELINE_START", run.job_name), run_id=run.run_id)
    return run.run_id


def status(instance, run_id):
    return instance.get_run_by_id(run_id).status


def test_runs_of_dead_processes_end_and_live_ones_go_on(settings, instance):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    here, _, _ = watch.process_tag()[watch.PROCESS_TAG].rsplit(" ", 2)
    dead_tag = f"{here} {child.pid} {psutil.Process(child.pid).create_time():.2f}"
    assert not watch.is_process_gone(dead_tag)
    child.kill()
    child.wait()
    dead = started(instance, **{watch.PROCESS_TAG: dead_tag})
    reused = started(instance, **{watch.PROCESS_TAG: f"{here} {psutil.Process().pid} 1000000.00"})
    elsewhere = started(instance, **{watch.PROCESS_TAG: "another-host 1 1000000.00"})
    alive = started(instance, **watch.process_tag())
    said = tick(settings, instance)
    assert [status(instance, run) for run in (dead, reused)] == [dg.DagsterRunStatus.FAILURE] * 2
    assert [status(instance, run) for run in (elsewhere, alive)] == [dg.DagsterRunStatus.STARTED] * 2
    assert dead in said
    assert "being worked on" in tick(settings, instance)  # once


def test_a_silent_run_ends_unless_its_terminal_lives(tmp_path, instance):
    run, watched = started(instance), started(instance, **watch.process_tag())
    patient = Settings(home=tmp_path / "home", stuck_minutes=5)
    assert "being worked on" in tick(patient, instance)
    assert status(instance, run) == dg.DagsterRunStatus.STARTED
    hasty = Settings(home=tmp_path / "home", stuck_minutes=1e-6)
    assert "no event since" in tick(hasty, instance)
    assert status(instance, run) == dg.DagsterRunStatus.FAILURE
    assert status(instance, watched) == dg.DagsterRunStatus.STARTED
