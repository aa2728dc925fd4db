"""A Ray that is ours alone, goes when we go, and is made of settings."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import psutil
import pytest

from hf_platform.errors import ConfigError
from hf_platform.fitting.executors import InlineExecutor
from hf_platform.fitting.ray_executor import RayExecutor
from hf_platform.settings import Settings
from resources.compute import NoCluster, cluster_for, executor_for

HERE = Path(__file__).parent
MANIFEST = HERE.parents[1] / "deploy" / "kubernetes" / "base" / "ray.yaml"
GiveUp = Callable[[str], NoReturn]


@pytest.fixture
def clusters(give_up: GiveUp) -> Any:
    try:
        from resources import ray_clusters
    except ImportError as error:
        give_up(f"Ray is not installed: no {error.name}")
    return ray_clusters


def test_nothing_is_started_where_all_is_inline(settings: Settings) -> None:
    cluster = cluster_for(settings)
    assert isinstance(cluster, NoCluster)
    assert executor_for(settings, cluster, None) == InlineExecutor(2)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="HFP_EXECUTOR"):
        cluster.open(None)  # type: ignore[arg-type]


def test_settings_choose_the_cluster(clusters: Any, monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    monkeypatch.setenv("HFP_PLACEMENT", "garch:where=ray,cpus=2")
    some = Settings.from_env()
    executor = executor_for(some, cluster_for(some), None)  # type: ignore[arg-type]
    assert isinstance(executor, RayExecutor)
    assert (executor.usual, executor.is_fixed) == ("inline", True)
    monkeypatch.setenv("HFP_EXECUTOR", "ray")
    monkeypatch.setenv("HFP_RAY_ADDRESS", "ray://head:10001")
    joined = cluster_for(Settings.from_env())
    assert (joined.ray_address, joined.is_fixed) == ("ray://head:10001", False)  # type: ignore[attr-defined]


def test_a_job_on_kubernetes_is_that_of_the_manifest(clusters: Any, settings: Settings) -> None:
    job = clusters.interactive_job(settings.model_copy(update={"ray_job": MANIFEST, "ready_timeout": 30.0}))
    spec = job.ray_job.spec
    assert (spec.submission_mode, spec.suspend, spec.active_deadline_seconds) == ("InteractiveMode", None, 14_400)
    assert spec.pre_running_deadline_seconds == 1_800
    assert [group["groupName"] for group in spec.ray_cluster_spec.worker_group_specs] == [
        "cpu", "rtx4090", "h100-small", "h100-large",
    ]  # fmt: skip
    assert spec.ray_cluster_spec.head_group_spec["rayStartParams"]["num-cpus"] == "0"
    assert spec.ray_cluster_spec.auth_options.mode == "token"
    assert job.timeout == 30.0
    assert job.env_vars["OMP_NUM_THREADS"] == "1"


@pytest.mark.parametrize("text", [None, "kind: RayCluster\n"])
def test_a_missing_job_is_said(clusters: Any, settings: Settings, tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "job.yaml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ConfigError, match="HFP_RAY_JOB"):
        clusters.interactive_job(settings.model_copy(update={"ray_job": path}))


def drive(mode: str, folder: Path) -> "subprocess.Popen[bytes]":
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    # A stray head that must not be joined, and a path on which workers find the faulty family.
    environment |= (
        {"RAY_ADDRESS": "127.0.0.1:9", "PYTHONPATH": str(HERE)} if mode != "node" else {"PYTHONPATH": str(HERE)}
    )
    return subprocess.Popen([sys.executable, HERE / "heads.py", mode, folder], env=environment)


def facts(folder: Path, process: "subprocess.Popen[bytes]", within: float = 120.0) -> dict[str, Any]:
    deadline = time.monotonic() + within
    while not (folder / "facts.json").exists():
        assert process.poll() in (None, 0), "the driver failed"
        assert time.monotonic() < deadline, "the driver said nothing"
        time.sleep(0.1)
    return json.loads((folder / "facts.json").read_text())


@pytest.mark.slow
def test_an_own_head_listens_on_loopback_and_dies_with_its_driver(clusters: Any, tmp_path: Path) -> None:
    process = drive("killed", tmp_path)
    found = facts(tmp_path, process)
    assert set(found["listening"]) <= {"127.0.0.1", "::ffff:127.0.0.1", "::1"}
    assert len(found["pids"]) > 3
    process.send_signal(signal.SIGKILL)
    process.wait()
    deadline = time.monotonic() + 60
    while any(psutil.pid_exists(pid) for pid in found["pids"]):
        assert time.monotonic() < deadline, [
            psutil.Process(pid).cmdline() for pid in found["pids"] if psutil.pid_exists(pid)
        ]
        time.sleep(0.2)


@pytest.mark.slow
def test_cancelling_a_run_leaves_no_process_and_no_file(clusters: Any, tmp_path: Path) -> None:
    process = drive("interrupt", tmp_path)
    first = facts(tmp_path, process)
    process.wait(timeout=120)
    last = facts(tmp_path, process)
    assert last == {"left": [], "files": []}
    assert not Path(first["ray"]).exists()
    assert not [pid for pid in first["pids"] if psutil.pid_exists(pid)]


@pytest.mark.slow
def test_a_ray_that_cannot_be_reached_is_said(clusters: Any, tmp_path: Path) -> None:
    said = facts(tmp_path, drive("unreachable", tmp_path))["said"]
    assert said.startswith("Ray must be reachable at ray://127.0.0.1:9, found ConnectionError")
    assert said.endswith("HFP_EXECUTOR=inline.")
