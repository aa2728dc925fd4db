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
def ui(tmp_path_factory, give_up):
    """A running `hfp ui` on a home with one instrument, whose features are ready."""
    if CHROMIUM is None:
        give_up("no chromium on this machine")
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
def page(ui):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        tab = browser.new_page(viewport={"width": 1500, "height": 1000})
        tab.set_default_timeout(60_000)
        yield tab
        browser.close()


def test_graph_shows_the_groups(ui, page):
    page.goto(f"{ui}/asset-groups")
    for group in GROUPS:
        page.get_by_text(group, exact=True).first.wait_for()


def test_a_partition_is_materialised_by_clicking_and_its_plot_is_seen(ui, page):
    address = f"{ui}/assets/ewma?partition=1d%7CSP500&view=partitions"
    page.goto(address)
    page.get_by_text("1d|SP500").first.wait_for()
    assert page.get_by_text("[Show Markdown]").count() == 0
    page.get_by_role("button", name="Materialize").first.click()
    page.get_by_role("button", name="Launch 1 run").click()
    for _ in range(40):
        page.wait_for_timeout(3_000)
        page.goto(address)
        page.get_by_text("Latest materialization").wait_for()
        if page.get_by_text("[Show Markdown]").count():
            break
    for name in ("fits_ok", "lake_snapshot", "data_version", "last_origin"):
        page.get_by_text(name, exact=True).first.wait_for()
    page.get_by_text("[Show Markdown]").click()
    plot = page.locator("img[src^='data:image/svg']").first
    plot.wait_for()
    assert plot.evaluate("image => image.naturalWidth") > 100


def test_report_index_opens_and_filters(ui, page, tmp_path):
    home = tmp_path / "home"
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HFP_", "DAGSTER_"))}
    environment = kept | {"HFP_HOME": str(home), "HFP_HORIZONS": "1d 5d"}
    subprocess.run([HFP, "universe", "add", "WTI"], env=environment, check=True, timeout=120)
    subprocess.run([HFP, "materialize"], env=environment, check=True, timeout=300)
    page.goto((home / "reports" / "index.html").as_uri())
    page.locator("a[href*=WTI_1d]").first.click()
    page.get_by_text("Returns against VaR").wait_for()
    assert page.locator("svg").count() >= 4
