"""Fixtures over manifests and schemas; what a machine lacks is a skip with its reason."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from manifests import DEPLOY

# Read before any test clears the environment.
_SCHEMAS = os.environ.get("HFP_SCHEMAS_DIR")


@pytest.fixture(scope="session")
def schemas() -> Path:
    """The folder with `crds/` (KubeRay v1.7.0) and `helm/` (values of the Dagster chart)."""
    if not _SCHEMAS or not Path(_SCHEMAS, "crds").is_dir():
        pytest.skip("HFP_SCHEMAS_DIR names no folder with crds/ (KubeRay) and helm/ (Dagster chart)")
    return Path(_SCHEMAS)


@pytest.fixture(scope="session", params=["staging", "prod"])
def overlay(request) -> list[dict]:
    """Everything that an overlay renders, by kubectl's own kustomize."""
    kubectl = shutil.which("kubectl") or shutil.which("kustomize")
    if kubectl is None:
        pytest.skip("neither kubectl nor kustomize is installed")
    folder = str(DEPLOY / "kubernetes" / "overlays" / request.param)
    command = [kubectl, "kustomize", folder] if Path(kubectl).name == "kubectl" else [kubectl, "build", folder]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return [item for item in yaml.safe_load_all(done.stdout) if item]
