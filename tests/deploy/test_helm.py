"""Values for the Dagster chart: valid by the chart's own schema, and the same environment everywhere."""

import json
import tomllib

import jsonschema
import pytest
import yaml
from manifests import BASE, DEPLOY, ROOT, close_objects

HELM = DEPLOY / "helm"
FILES = sorted(path.name for path in HELM.glob("*.yaml"))
VALUES = yaml.safe_load((HELM / "values.yaml").read_text())
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
LAUNCHER = VALUES["runLauncher"]["config"]["k8sRunLauncher"]
DEPLOYMENT = VALUES["dagster-user-deployments"]["deployments"][0]
PLANNED = "DAGSTER_EMIT_PARTITION_SUBSET_IN_PLANNED_EVENTS"


def without_required(schema):
    # The chart's defaults fill in what our files leave out; helm checks the sum of both.
    if isinstance(schema, dict):
        schema.pop("required", None)
        for value in schema.values():
            without_required(value)
    elif isinstance(schema, list):
        for value in schema:
            without_required(value)
    return schema


@pytest.fixture(scope="module")
def validator(schemas):
    schema = json.loads((schemas / "helm" / "dagster-values.schema.json").read_text())
    return jsonschema.Draft202012Validator(without_required(close_objects({**schema, "additionalProperties": False})))


@pytest.mark.parametrize("name", FILES)
def test_values_keep_the_charts_schema(name, validator):
    values = yaml.safe_load((HELM / name).read_text())
    errors = [f"{list(error.absolute_path)}: {error.message[:200]}" for error in validator.iter_errors(values)]
    assert not errors


@pytest.mark.parametrize(
    "wrong",
    [
        {"dagsterWebserver": {"replicas": 2}},
        {"dagsterDaemon": {"runCoordinator": {"type": "Queue"}}},
        {"runLauncher": {"config": {"k8sRunLauncher": {"resource": {}}}}},
        {"dagsterWebservr": {}},
    ],
    ids=str,
)
def test_the_closed_schema_does_refuse(wrong, validator):
    assert list(validator.iter_errors(wrong))


def test_the_chart_is_the_version_of_the_lock_file():
    lock = dict(line.split("==") for line in (ROOT / "requirements.lock").read_text().splitlines() if "==" in line)
    text = (HELM / "values.yaml").read_text()
    assert f"--version {lock['dagster']} " in text


def test_events_are_planned_together_everywhere_and_written_in_batches_by_runs():
    for env in (VALUES["dagsterWebserver"]["env"], VALUES["dagsterDaemon"]["env"], DEPLOYMENT["env"]):
        assert {"name": PLANNED, "value": "true"} in env
    assert {f"{PLANNED}=true", "DAGSTER_EVENT_BATCH_SIZE=1000"} <= set(LAUNCHER["envVars"])


def test_all_parts_run_our_image():
    ours = {"repository": "hf-platform", "tag": VERSION, "pullPolicy": "IfNotPresent"}
    for part in (VALUES["dagsterWebserver"], VALUES["dagsterDaemon"], DEPLOYMENT, LAUNCHER):
        assert part["image"] == ours


def test_runs_end_are_placed_and_may_make_ray_clusters():
    config = LAUNCHER["runK8sConfig"]
    assert (
        config["jobSpecConfig"]["activeDeadlineSeconds"]
        == VALUES["dagsterDaemon"]["runMonitoring"]["maxRuntimeSeconds"]
    )
    assert config["jobSpecConfig"]["backoffLimit"] == 0
    assert config["podSpecConfig"]["serviceAccountName"] in {
        item["metadata"]["name"] for item in BASE if item["kind"] == "ServiceAccount"
    }
    selected = {policy["spec"]["podSelector"].get("matchLabels", {}).get("component") for policy in BASE
                if policy["kind"] == "NetworkPolicy"}  # fmt: skip
    assert {"dagster-webserver", "user-deployments"} <= selected
    assert config["podTemplateSpecMetadata"]["labels"] == {"component": "run_worker"}
    for part in (LAUNCHER, DEPLOYMENT, VALUES["dagsterWebserver"], VALUES["dagsterDaemon"]):
        assert part["resources"].keys() == {"requests", "limits"}


def test_a_failed_key_is_not_retried_by_the_run_and_one_run_writes_at_a_time():
    daemon = VALUES["dagsterDaemon"]
    assert daemon["runRetries"] == {"enabled": True, "maxRetries": 2, "retryOnAssetOrOpFailure": False}
    assert daemon["runCoordinator"]["config"]["queuedRunCoordinator"]["maxConcurrentRuns"] == 1


def test_nothing_is_public_and_no_secret_is_written():
    assert VALUES["ingress"] == {"enabled": False}
    assert VALUES["dagsterWebserver"]["service"]["type"] == "ClusterIP"
    assert VALUES["generatePostgresqlPasswordSecret"] is False
    assert VALUES["global"]["postgresqlSecretName"]
    assert "postgresqlPassword" not in VALUES["postgresql"]
    assert DEPLOYMENT["envSecrets"] == [{"name": "hf-platform-stores"}]
    assert LAUNCHER["envSecrets"] == [*DEPLOYMENT["envSecrets"], {"name": "hf-platform-ray-token"}]
