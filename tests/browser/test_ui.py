"""The Dagster UI as a person meets it: groups in the graph, a partition materialised by clicking, its plot seen."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

HFP = Path(sys.executable).with_name("hfp")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
GROUPS = ("market_data", "features", "volatility", "forecasts", "ensembles", "risk", "backtests", "reports")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-sync"]

pytestmark = [pytest.mark.services, pytest.mark.timeout(600)]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def ui(tmp_path_factory):
    """A running `hfp ui` on a home with one instrument, whose features are ready."""
    home = tmp_path_factory.mktemp("ui") / "home"
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HFP_", "DAGSTER_"))}
    environment = kept | {"HFP_HOME": str(home), "HFP_HORIZONS": "1d 5d"}
    subprocess.run([HFP, "universe", "add", "SP500"], env=environment, check=True, timeout=120)
    subprocess.run([HFP, "materialize", "+feature_matrix"], env=environment, check=True, timeout=300)
    port = free_port()
    log = (home / "ui.log").open("w")
    server = subprocess.Popen(
        [HFP, "ui", "--port", str(port)], env=environment, stdout=log, stderr=log, start_new_session=True
    )
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until_up(url, server, home / "ui.log")
        yield url
    finally:
        os.killpg(server.pid, signal.SIGINT)
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
        log.close()


def wait_until_up(url, server, log):
    for _ in range(240):
        if server.poll() is not None:
            pytest.fail(f"hfp ui ended: {log.read_text()[-2000:]}")
        try:
            with urllib.request.urlopen(f"{url}/server_info", timeout=2):
                return
        except OSError:
            time.sleep(0.5)
    pytest.fail(f"no answer from {url}: {log.read_text()[-2000:]}")


@pytest.fixture(scope="module")
def page(ui, require_service):
    if CHROMIUM is None:
        require_service("no chromium on this machine")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        tab = browser.new_page(viewport={"width": 1500, "height": 1000})
        tab.set_default_timeout(60_000)
        yield tab
        browser.close()
