"""Runs and fits through the Kubernetes API, in front of a double of it: what would be a pod is a process here."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
import yaml
from kubernetes_double import Kubernetes
from manifests import DEPLOY
from world import World

VALUES = yaml.safe_load((DEPLOY / "helm" / "values.yaml").read_text())
LAUNCHER = VALUES["runLauncher"]["config"]["k8sRunLauncher"]
SETTINGS = yaml.safe_load((DEPLOY / "kubernetes" / "base" / "settings.yaml").read_text())["data"]
BIN = Path(sys.executable).parent


def launcher_config(kubeconfig):
    """What the chart makes of our values, but for the way to the API server."""
    image = LAUNCHER["image"]
    return {
        "module": "dagster_k8s",
        "class": "K8sRunLauncher",
        "config": {
            "load_incluster_config": False,
            "kubeconfig_file": str(kubeconfig),
            "job_namespace": "hf-platform",
            "service_account_name": "dagster",
            "instance_config_map": "dagster-instance",
            "job_image": f"{image['repository']}:{image['tag']}",
            "image_pull_policy": LAUNCHER["imagePullPolicy"],
            "env_config_maps": [one["name"] for one in LAUNCHER["envConfigMaps"]],
            "env_secrets": [one["name"] for one in LAUNCHER["envSecrets"]],
            "env_vars": LAUNCHER["envVars"],
            "volume_mounts": LAUNCHER["volumeMounts"],
            "volumes": LAUNCHER["volumes"],
            "fail_pod_on_run_failure": LAUNCHER["failPodOnRunFailure"],
            "resources": LAUNCHER["resources"],
            "run_k8s_config": {
                "pod_template_spec_metadata": LAUNCHER["runK8sConfig"]["podTemplateSpecMetadata"],
                "pod_spec_config": LAUNCHER["runK8sConfig"]["podSpecConfig"],
                "container_config": LAUNCHER["runK8sConfig"]["containerConfig"],
                "job_spec_config": LAUNCHER["runK8sConfig"]["jobSpecConfig"],
            },
        },
    }


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """One instrument with features, ready to be modelled."""
    made = World(tmp_path_factory.mktemp("cluster") / "home")
    made.hfp("universe", "add", "SP500")
    made.hfp("materialize", "+feature_matrix")
    return made


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_run_becomes_a_job_and_the_job_does_the_work(world, tmp_path):
    dagster_home = world.home / "dagster"
    image = world.environment | {"DAGSTER_HOME": str(dagster_home)}
    image = {name: value for name, value in image.items() if name.startswith(("HFP_", "DAGSTER_"))}
    with Kubernetes(tmp_path, image=image) as cluster:
        instance = yaml.safe_load((dagster_home / "dagster.yaml").read_text())
        instance["run_launcher"] = launcher_config(cluster.kubeconfig)
        # The daemon's queue would be one more process that adds nothing here.
        instance["run_coordinator"] = {"module": "dagster._core.run_coordinator", "class": "DefaultRunCoordinator"}
        del instance["concurrency"]
        (dagster_home / "dagster.yaml").write_text(yaml.safe_dump(instance))
        tags = {"dagster/asset_partition_range_start": "1d|SP500", "dagster/asset_partition_range_end": "5d|SP500"}
        launch = [BIN / "dagster", "job", "launch", "-m", "assets.definitions", "-j", "grid",
                  "--tags", json.dumps(tags)]  # fmt: skip
        said = subprocess.run(
            launch, env=world.environment | image, capture_output=True, text=True, timeout=200, check=False
        )
        assert said.returncode == 0, said.stdout + said.stderr
        (job,) = cluster.of_kind("jobs")
        deadline = time.monotonic() + 300
        while "conditions" not in job["status"] and time.monotonic() < deadline:
            time.sleep(0.5)
        log = next(tmp_path.glob("*.log")).read_text()
        assert job["status"].get("succeeded") == 1, log[-3000:]
    pod = job["spec"]["template"]["spec"]
    assert job["spec"]["activeDeadlineSeconds"] == 21_600
    assert job["spec"]["backoffLimit"] == 0
    assert pod["nodeSelector"] == {"hf-platform/pool": "cpu"}
    assert pod["containers"][0]["image"] == "hf-platform:0.1.0"
    assert {"secretRef": {"name": "hf-platform-stores"}} in pod["containers"][0]["envFrom"]
    rows = world.lake.query("select count(*) as n from models.ledger where status = 'ok'")
    assert rows["n"][0] > 0


# A service's name resolves inside a cluster only, and the port of the test's head is not Ray's usual one.
FITS = """
import sys
from resources.ray_clusters import GridJob
GridJob.resolve_hostname = lambda self, service, namespace: "127.0.0.1"
GridJob.ray_address = property(lambda self: f"ray://{{self.host}}:{port}")
from assets.cli import main
sys.argv = ["hfp", "materialize", "ewma"]
main()
"""

# As the secret of `authOptions` gives them to Ray's pods, and the chart to run workers.
WITH_TOKEN = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "0123456789abcdef" * 4}


def free_ports(n):
    with contextlib.ExitStack() as stack:
        probes = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(n)]
        return [probe.getsockname()[1] for probe in probes]


@pytest.fixture(scope="module")
def head(give_up):
    """A real Ray head with the port that remote clients use; yields that port."""
    if not (BIN / "ray").exists():
        give_up("Ray is not installed")
    port, client = free_ports(2)
    folder = tempfile.mkdtemp(prefix="hfp-ray-", dir="/tmp")
    command = [
        BIN / "ray", "start", "--head", "--block", "--node-ip-address=127.0.0.1", f"--port={port}", "--num-cpus=2",
        f"--ray-client-server-port={client}", "--include-dashboard=false", f"--temp-dir={folder}",
        "--disable-usage-stats",
    ]  # fmt: skip
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    environment = os.environ | WITH_TOKEN
    with subprocess.Popen(command, env=environment, start_new_session=True, **quiet) as process:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", client), timeout=1):
                break
            time.sleep(0.5)
        yield client
        os.killpg(process.pid, signal.SIGTERM)
    shutil.rmtree(folder, ignore_errors=True)


def materialize_on(world, cluster, port, **settings):
    environment = world.environment | {
        "KUBECONFIG": str(cluster.kubeconfig),
        "HFP_EXECUTOR": "kuberay",
        "HFP_RAY_JOB": str(DEPLOY / "kubernetes" / "base" / "ray.yaml"),
        **WITH_TOKEN,
        **settings,
    }
    command = [sys.executable, "-c", FITS.format(port=port)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=400, check=False)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_fits_go_to_the_cluster_of_a_ray_job_and_come_back(world, head, tmp_path):
    with Kubernetes(tmp_path, head={"client": head, "dashboard": 8265}) as cluster:
        done = materialize_on(world, cluster, head)
        assert done.returncode == 0, done.stdout + done.stderr
        created = [line for line in cluster.requests if line.startswith("POST") and line.endswith("/rayjobs")]
        assert len(created) == 1
        assert not cluster.of_kind("rayjobs"), "the job is gone once the step is over"
    rows = world.lake.query("select distinct status from models.ledger where family = 'ewma'")
    assert rows["status"].to_list() == ["ok"]


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_cluster_that_never_gets_its_nodes_is_given_up(world, tmp_path):
    """The pods wait for ever; the run does not."""
    with Kubernetes(tmp_path) as cluster:
        done = materialize_on(world, cluster, 1, HFP_READY_TIMEOUT="5", HFP_SEED="1")
        assert done.returncode != 0
        assert "Ray must be reachable" in done.stdout + done.stderr
        assert "Traceback" not in done.stdout + done.stderr
        assert not cluster.of_kind("rayjobs"), "nothing is left behind"


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_an_api_server_that_is_away_is_named(world, tmp_path):
    with Kubernetes(tmp_path) as cluster:
        kubeconfig = cluster.kubeconfig
    assert kubeconfig.exists()
    done = materialize_on(world, cluster, 1, HFP_READY_TIMEOUT="5", HFP_SEED="2")
    assert done.returncode != 0
    assert "Kubernetes API" in done.stdout + done.stderr
