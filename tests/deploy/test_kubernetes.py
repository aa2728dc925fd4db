"""Kubernetes manifests: valid by strict schemas, and true to what the platform promises."""

import json
import tomllib

import jsonschema
import kubernetes_validate
import pytest
import yaml
from manifests import BASE, DEPLOY, ROOT, crd_schema, name_of, of_kind

from hf_platform.capacity.mig import place
from hf_platform.capacity.mig_profiles import mig_gpu
from hf_platform.settings import Settings

RAY = of_kind(BASE, "RayCluster", "RayJob")
CORE = [item for item in BASE if item not in RAY]
KINDS = {"RayCluster": "rayclusters", "RayJob": "rayjobs"}
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
LOCK = dict(line.split("==") for line in (ROOT / "requirements.lock").read_text().splitlines() if "==" in line)
CLUSTER = of_kind(BASE, "RayCluster")[0]["spec"]
GROUPS = {group["groupName"]: group for group in CLUSTER["workerGroupSpecs"]}


def check_core(items):
    for item in items:
        kubernetes_validate.validate(item, kubernetes_validate.latest_version(), strict=True)


def check_ray(items, schemas):
    for item in of_kind(items, *KINDS):
        validator = jsonschema.Draft202012Validator(crd_schema(schemas, KINDS[item["kind"]]))
        errors = [f"{list(error.absolute_path)}: {error.message[:200]}" for error in validator.iter_errors(item)]
        assert not errors, (name_of(item), errors)


@pytest.mark.parametrize("item", CORE, ids=name_of)
def test_manifests_pass_the_strict_schemas_of_kubernetes(item):
    check_core([item])


def test_ray_manifests_pass_the_closed_schemas_of_kuberay(schemas):
    assert {item["apiVersion"] for item in RAY} == {"ray.io/v1"}
    check_ray(BASE, schemas)


def test_the_closed_schemas_do_refuse(schemas):
    wrong = json.loads(json.dumps(RAY[0]))
    wrong["spec"]["headGroupSpec"]["template"]["spec"]["containers"][0]["imagee"] = "x"
    with pytest.raises(AssertionError, match="imagee"):
        check_ray([wrong], schemas)
    wrong = json.loads(json.dumps(RAY[0]))
    del wrong["spec"]["workerGroupSpecs"][0]["maxReplicas"]
    with pytest.raises(AssertionError, match="maxReplicas"):
        check_ray([wrong], schemas)


def test_overlays_render_to_valid_manifests(overlay, schemas):
    check_core([item for item in overlay if item["kind"] not in KINDS])
    check_ray(overlay, schemas)
    placed = {item["metadata"].get("namespace", "none") for item in overlay if item["kind"] != "Namespace"}
    assert placed == {"hf-platform"}


def test_overlays_differ_in_size_and_not_in_code(overlay):
    cluster = of_kind(overlay, "RayCluster")[0]["spec"]
    job = of_kind(overlay, "RayJob")[0]["spec"]["rayClusterSpec"]
    assert cluster == job
    for group in cluster["workerGroupSpecs"]:
        assert group["minReplicas"] <= group["replicas"] <= group["maxReplicas"]
        assert group["maxReplicas"] <= GROUPS[group["groupName"]]["maxReplicas"]
        assert group["template"] == GROUPS[group["groupName"]]["template"]


def pods():
    for item in BASE:
        if item["kind"] == "Deployment":
            yield name_of(item), item["spec"]["template"]["spec"]
    yield "head", CLUSTER["headGroupSpec"]["template"]["spec"]
    for name, group in GROUPS.items():
        yield name, group["template"]["spec"]
    yield "submitter", of_kind(BASE, "RayJob")[0]["spec"]["submitterPodTemplate"]["spec"]


PODS = dict(pods())


@pytest.mark.parametrize("name", PODS)
def test_every_pod_asks_for_resources_and_may_do_nothing_else(name):
    spec = PODS[name]
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert "hostNetwork" not in spec
    for container in spec["containers"]:
        resources = container["resources"]
        assert {"cpu", "memory"} <= resources["requests"].keys()
        assert {"cpu", "memory"} <= resources["limits"].keys()
        assert container["securityContext"]["allowPrivilegeEscalation"] is False
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        gpus = {k: v for k, v in resources["limits"].items() if k.startswith("nvidia.com/")}
        assert gpus == {k: v for k, v in resources["requests"].items() if k.startswith("nvidia.com/")}


def images():
    for spec in PODS.values():
        for container in spec["containers"]:
            yield container["image"]


def test_images_are_ours_at_this_version_or_public_and_pinned():
    for image in images():
        name, tag = image.rsplit(":", 1)
        assert tag != "latest"
        assert name == "hf-platform" or "oauth2-proxy" in name
        if name == "hf-platform":
            assert tag in (VERSION, f"{VERSION}-cuda")


def test_ray_is_the_version_of_the_lock_file():
    assert CLUSTER["rayVersion"] == LOCK["ray"]


def test_the_head_schedules_and_computes_nothing():
    head = CLUSTER["headGroupSpec"]
    assert head["rayStartParams"]["num-cpus"] == "0"
    resources = head["template"]["spec"]["containers"][0]["resources"]
    assert resources == {"requests": {"cpu": "4", "memory": "16Gi"}, "limits": {"cpu": "8", "memory": "32Gi"}}


def test_bounds_and_sizes_of_the_rtx_4090_workers_are_the_guides():
    group = GROUPS["rtx4090"]
    assert (group["replicas"], group["minReplicas"], group["maxReplicas"]) == (10, 5, 50)
    resources = group["template"]["spec"]["containers"][0]["resources"]
    assert resources["limits"] == {"cpu": "32", "memory": "256Gi", "nvidia.com/gpu": "8"}
    assert resources["requests"] == {"cpu": "16", "memory": "128Gi", "nvidia.com/gpu": "8"}


@pytest.mark.parametrize("name", GROUPS)
def test_ray_is_told_what_gpus_a_worker_has(name):
    group = GROUPS[name]
    limits = group["template"]["spec"]["containers"][0]["resources"]["limits"]
    gpus = {key: int(value) for key, value in limits.items() if key.startswith("nvidia.com/")}
    assert group["rayStartParams"]["num-gpus"] == str(sum(gpus.values()))
    if not gpus:
        return
    tolerated = {toleration["key"] for toleration in group["template"]["spec"]["tolerations"]}
    assert "nvidia.com/gpu" in tolerated
    custom = json.loads(json.loads(f'"{group["rayStartParams"]["resources"][1:-1]}"'.replace("'", "")))
    assert sum(custom.values()) == sum(gpus.values())


def test_scaling_has_bounds_and_idle_workers_go():
    assert CLUSTER["enableInTreeAutoscaling"] is True
    assert CLUSTER["autoscalerOptions"]["idleTimeoutSeconds"] <= 600
    for group in GROUPS.values():
        assert 0 <= group["minReplicas"] <= group["replicas"] <= group["maxReplicas"] <= 64


def test_the_job_ends_whatever_happens_and_describes_the_same_cluster():
    job = of_kind(BASE, "RayJob")[0]["spec"]
    assert job["rayClusterSpec"] == CLUSTER
    assert 0 < job["preRunningDeadlineSeconds"] < job["activeDeadlineSeconds"] <= 6 * 3_600
    assert job["shutdownAfterJobFinishes"] is True
    assert job["ttlSecondsAfterFinished"] > 0


def test_ray_wants_a_token_and_nothing_is_public():
    assert CLUSTER["authOptions"] == {"mode": "token", "secretName": "hf-platform-ray-token"}
    values = yaml.safe_load((DEPLOY / "helm" / "values.yaml").read_text())
    run_workers = values["runLauncher"]["config"]["k8sRunLauncher"]
    assert {"name": CLUSTER["authOptions"]["secretName"]} in run_workers["envSecrets"]
    assert "RAY_AUTH_MODE=token" in run_workers["envVars"]
    assert CLUSTER["headGroupSpec"]["serviceType"] == "ClusterIP"
    assert CLUSTER["headGroupSpec"]["enableIngress"] is False
    for service in of_kind(BASE, "Service"):
        assert service["spec"]["type"] == "ClusterIP"
    ingresses = of_kind(BASE, "Ingress")
    backends = {
        path["backend"]["service"]["name"]
        for ingress in ingresses
        for rule in ingress["spec"]["rules"]
        for path in rule["http"]["paths"]
    }
    assert backends == {"sign-on"}
    assert all(ingress["spec"]["tls"] for ingress in ingresses)


def test_network_is_closed_unless_a_line_opens_it():
    policies = {policy["metadata"]["name"]: policy["spec"] for policy in of_kind(BASE, "NetworkPolicy")}
    assert policies["deny-ingress"] == {"podSelector": {}, "policyTypes": ["Ingress"]}
    for name, policy in policies.items():
        for rule in policy.get("ingress", []):
            assert rule.get("from"), f"{name} opens a port to everybody"
    webserver = policies["webserver"]["ingress"]
    assert webserver[0]["from"] == [{"podSelector": {"matchLabels": {"app.kubernetes.io/name": "sign-on"}}}]
    assert "Egress" in policies["ray"]["policyTypes"]
    assert not [rule for rule in policies["ray"]["egress"] if "to" not in rule]
    dashboard = [
        rule for rule in policies["ray"]["ingress"] if {"port": 8265, "protocol": "TCP"} in rule.get("ports", [])
    ]
    assert len(dashboard) == 1
    assert len(dashboard[0]["from"]) == 2  # run workers and the operator


def everything_written():
    for path in sorted(DEPLOY.rglob("*")):
        if path.is_file() and path.suffix in {".yaml", ".json", ".md", ".example", ".sql", ""}:
            yield path


def test_secrets_are_referred_to_and_never_written():
    assert not of_kind(BASE, "Secret")
    for path in everything_written():
        for line in path.read_text().splitlines():
            key, _, value = line.partition("=")
            if key.strip() in {"POSTGRES_PASSWORD", "S3_KEY_ID", "S3_SECRET", "GRAFANA_PASSWORD"}:
                assert not value, path


def test_every_setting_named_in_deploy_exists():
    import re

    known = {f"HFP_{name.upper()}" for name in Settings.model_fields}
    for path in everything_written():
        named = set(re.findall(r"\bHFP_[A-Z0-9_]+\b", path.read_text()))
        assert named <= known | {"HFP_SCHEMAS_DIR"}, (path, named - known)


def test_config_maps_and_claims_that_pods_use_exist():
    maps = {item["metadata"]["name"] for item in of_kind(BASE, "ConfigMap")}
    claims = {item["metadata"]["name"] for item in of_kind(BASE, "PersistentVolumeClaim")}
    accounts = {item["metadata"]["name"] for item in of_kind(BASE, "ServiceAccount")}
    for spec in PODS.values():
        assert spec.get("serviceAccountName", "hf-platform-run") in accounts
        for volume in spec.get("volumes", []):
            if "persistentVolumeClaim" in volume:
                assert volume["persistentVolumeClaim"]["claimName"] in claims
        for container in spec["containers"]:
            for source in container.get("envFrom", []):
                assert "secretRef" in source or source["configMapRef"]["name"] in maps
            mounted = {mount["name"] for mount in container.get("volumeMounts", [])}
            assert mounted <= {volume["name"] for volume in spec.get("volumes", [])}
            for variable in container.get("env", []):
                reference = variable.get("valueFrom", {}).get("configMapKeyRef")
                assert reference is None or reference["name"] in maps


DATA = next(item for item in of_kind(BASE, "ConfigMap") if item["metadata"]["name"] == "cluster-config")["data"]
POOLS = {pool["name"]: pool for pool in yaml.safe_load(DATA["node-pools.yaml"])}
POOL_SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["name", "nodes", "cpu", "memory_gb", "nvme_tb", "network_gbit", "labels", "taints", "runs"],
    "properties": {
        "name": {"type": "string"},
        "nodes": {"type": "integer", "minimum": 1},
        "cpu": {
            "type": "object",
            "additionalProperties": False,
            "required": ["model", "sockets", "cores"],
            "properties": {
                "model": {"type": "string"},
                "sockets": {"type": "integer", "minimum": 1, "maximum": 2},
                "cores": {"type": "integer", "minimum": 1},
            },
        },
        "memory_gb": {"type": "integer"},
        "nvme_tb": {"type": "integer"},
        "network_gbit": {"type": "integer"},
        "gpu": {
            "type": "object",
            "additionalProperties": False,
            "required": ["model", "cards", "memory_gb", "mig"],
            "properties": {
                "model": {"type": "string"},
                "cards": {"type": "integer"},
                "memory_gb": {"type": "integer"},
                "mig": {"type": "boolean"},
                "config": {"type": "string"},
            },
        },
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
        "taints": {"type": "array", "items": {"type": "object", "required": ["key", "effect"]}},
        "runs": {"type": "array", "items": {"type": "string"}, "minItems": 1},
    },
}


@pytest.mark.parametrize("name", POOLS)
def test_node_pools_keep_their_schema(name):
    jsonschema.validate(POOLS[name], POOL_SCHEMA)


def test_node_pools_are_the_guides_machines():
    figures = {name: (pool["cpu"]["model"], pool["memory_gb"], pool["nvme_tb"]) for name, pool in POOLS.items()}
    assert figures == {
        "head": ("EPYC 9654", 512, 8),
        "cpu": ("EPYC 9654", 2048, 16),
        "rtx4090": ("Xeon Gold 6348", 384, 2),
        "h100": ("Xeon Platinum 8480+", 1024, 4),
    }
    assert POOLS["head"]["network_gbit"] == 25
    assert (POOLS["rtx4090"]["gpu"]["cards"], POOLS["h100"]["gpu"]["cards"]) == (8, 4)


def gigabytes(text):
    return int(text[:-2]) * {"Gi": 1, "Ti": 1024}[text[-2:]]


@pytest.mark.parametrize("name", PODS)
def test_pods_fit_into_the_nodes_they_select_and_tolerate_their_taints(name):
    spec = PODS[name]
    pool = next(
        p for p in POOLS.values() if p["labels"]["hf-platform/pool"] == spec["nodeSelector"]["hf-platform/pool"]
    )
    requests = spec["containers"][0]["resources"]["requests"]
    cpu = float(requests["cpu"].removesuffix("m")) / (1_000 if requests["cpu"].endswith("m") else 1)
    assert cpu <= pool["cpu"]["cores"]
    if requests["memory"].endswith("Gi"):
        assert gigabytes(requests["memory"]) <= pool["memory_gb"]
    tolerated = {toleration["key"] for toleration in spec.get("tolerations", [])}
    assert {taint["key"] for taint in pool["taints"]} <= tolerated
    assert int(requests.get("nvidia.com/gpu", 0)) <= pool.get("gpu", {}).get("cards", 0)


def test_workers_never_want_more_than_the_pools_have():
    for name, group in GROUPS.items():
        spec = PODS[name]
        pool = POOLS[spec["nodeSelector"]["hf-platform/pool"]]
        requests = spec["containers"][0]["resources"]["requests"]
        assert group["maxReplicas"] * float(requests["cpu"]) <= pool["nodes"] * pool["cpu"]["cores"], name
        assert group["maxReplicas"] * int(requests.get("nvidia.com/gpu", 0)) <= pool["nodes"] * pool.get("gpu", {}).get(
            "cards", 0
        )


MIG = yaml.safe_load(DATA["mig-parted.yaml"])["mig-configs"]


@pytest.mark.parametrize("name", MIG)
def test_mig_layouts_are_legal_cuts_of_an_h100(name):
    gpu = mig_gpu("H100")
    for part in MIG[name]:
        wanted = [("m", gpu.profile(profile)) for profile, n in part.get("mig-devices", {}).items() for _ in range(n)]
        assert all(profile is not None for _, profile in wanted)
        assert place(wanted) is not None


def test_workers_ask_only_for_slices_that_the_layout_of_their_pool_makes():
    cards = POOLS["h100"]["nodes"] * POOLS["h100"]["gpu"]["cards"]
    made = {f"nvidia.com/mig-{k}": n * cards for part in MIG["hf-mixed"] for k, n in part["mig-devices"].items()}
    assert POOLS["h100"]["labels"]["nvidia.com/mig.config"] == "hf-mixed"
    for group in GROUPS.values():
        limits = group["template"]["spec"]["containers"][0]["resources"]["limits"]
        for key, value in limits.items():
            if key.startswith("nvidia.com/mig-"):
                assert int(value) * group["maxReplicas"] <= made[key]


def test_the_quota_admits_what_the_bounds_allow():
    quota = of_kind(BASE, "ResourceQuota")[0]["spec"]["hard"]
    gpus = sum(
        group["maxReplicas"]
        * int(group["template"]["spec"]["containers"][0]["resources"]["requests"].get("nvidia.com/gpu", 0))
        for group in GROUPS.values()
    )
    assert int(quota["requests.nvidia.com/gpu"]) == gpus
    assert (quota["services.loadbalancers"], quota["services.nodeports"]) == ("0", "0")
