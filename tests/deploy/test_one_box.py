"""Dockerfile and docker-compose: linted, consistent with the platform, and the build replayed where no engine is."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
import venv
from pathlib import Path

import pytest
import yaml
from manifests import DEPLOY, ROOT

from hf_platform.settings import Settings

DOCKERFILE = (DEPLOY / "Dockerfile").read_text()
COMPOSE = yaml.safe_load((DEPLOY / "docker-compose.yaml").read_text())
SERVICES = COMPOSE["services"]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def instructions(text):
    """(instruction, arguments) of a Dockerfile, continuation lines joined, comments dropped."""
    lines = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    joined = re.sub(r"\\\n\s*", " ", lines)
    return [tuple(line.split(None, 1)) for line in joined.splitlines() if line.strip()]


def stages(text):
    found, current = {}, []
    for word, rest in instructions(text):
        if word == "FROM":
            current = found.setdefault(rest.split(" AS ")[1], [])
        current.append((word, rest))
    return found


STAGES = stages(DOCKERFILE)


def test_the_linter_has_nothing_to_say():
    linter = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([linter, DEPLOY / "Dockerfile"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_two_targets_from_one_lock_file_without_root():
    assert {"cpu", "cuda"} <= STAGES.keys()
    for target in ("cpu", "cuda"):
        words = dict(STAGES[target])
        assert words["USER"] == "10001:10001"
        assert "grpc-health-check" in words["HEALTHCHECK"]
    for word, rest in instructions(DOCKERFILE):
        if word == "RUN" and "pip install" in rest:
            assert "--constraint requirements.lock" in rest
    assert "compileall" in DOCKERFILE
    assert "warm_up" in DOCKERFILE


def test_the_cuda_target_adds_to_the_cpu_target_and_changes_nothing():
    assert ("FROM", "build-cpu AS build-cuda") in STAGES["build-cuda"]
    assert ("FROM", "runtime AS cuda") in STAGES["cuda"]
    tail = lambda name: [(w, r) for w, r in STAGES[name] if w in {"USER", "VOLUME", "EXPOSE", "HEALTHCHECK", "CMD"}]  # noqa: E731  # once
    assert tail("cpu") == tail("cuda")


def test_extras_of_the_image_exist():
    named = set(re.search(r"ARG EXTRAS=(\S+)", DOCKERFILE)[1].split(",")) | {"neural"}
    assert named <= PROJECT["optional-dependencies"].keys()


def test_what_the_build_copies_is_let_into_the_build():
    allowed = {
        line[1:] for line in (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines() if line.startswith("!")
    }
    copied = {
        source
        for word, rest in instructions(DOCKERFILE)
        if word == "COPY" and not rest.startswith("--from")
        for source in rest.split()[:-1]
    }
    assert copied == allowed
    assert all((ROOT / name).exists() for name in copied)


def test_the_instance_of_the_box_is_the_one_that_hfp_writes(tmp_path, monkeypatch):
    from resources.instance import write_dagster_yaml

    monkeypatch.setenv("HFP_DAGSTER_POSTGRES", "postgresql+psycopg2://nobody@nowhere/none")
    monkeypatch.setenv("HFP_HOME", str(tmp_path))
    written = yaml.safe_load((write_dagster_yaml(Settings.from_env()) / "dagster.yaml").read_text())
    assert yaml.safe_load((DEPLOY / "compose" / "dagster.yaml").read_text()) == written


def test_services_listen_on_loopback_only_and_secrets_come_from_outside():
    for name, service in SERVICES.items():
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:"), name
    known = {
        line.split("=")[0] for line in (DEPLOY / "compose" / "env.example").read_text().splitlines() if "=" in line
    }
    text = re.sub(r"#.*", "", (DEPLOY / "docker-compose.yaml").read_text())
    assert set(re.findall(r"(?<!\$)\$\{(\w+)", text)) == known


def test_images_are_pinned_and_ours_has_this_version():
    for service in SERVICES.values():
        _, tag = service["image"].rsplit(":", 1)
        assert tag != "latest"
    assert {service["image"] for service in SERVICES.values() if service["image"].startswith("hf-platform")} == {
        f"hf-platform:{PROJECT['version']}"
    }


def test_every_reference_has_its_target():
    for name, service in SERVICES.items():
        assert set(service.get("depends_on", [])) <= SERVICES.keys(), name
        for mount in service.get("volumes", []):
            source = mount.split(":")[0]
            assert source in COMPOSE["volumes"] or (DEPLOY / source).exists(), mount
        conditions = service.get("depends_on", {})
        for other, condition in conditions.items() if isinstance(conditions, dict) else ():
            assert (
                condition["condition"] != "service_healthy"
                or other in {"code-location"}
                or "healthcheck" in SERVICES[other]
            )


def test_the_platforms_containers_have_no_rights():
    ours = [service for service in SERVICES.values() if service["image"].startswith("hf-platform")]
    assert len(ours) >= 5
    for service in ours:
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]


def test_the_urls_of_the_box_are_settings_that_load(monkeypatch):
    environment = {
        name: re.sub(r"\$\{\w+(:[-?][^}]*)?\}", "7", str(value))
        for name, value in SERVICES["code-location"]["environment"].items()
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    settings = Settings.from_env()
    assert settings.catalog_uri.startswith("postgres:host=postgres ")
    assert settings.data_path == "s3://lake/"
    assert settings.s3_use_ssl is False


@pytest.mark.slow
@pytest.mark.timeout(3_600)
def test_the_build_steps_make_a_working_installation(tmp_path):
    """Replays COPY and RUN of the build stage with /app and /opt/venv moved into a folder, then starts the product."""
    app, opt = tmp_path / "app", tmp_path / "opt"
    app.mkdir()
    opt.mkdir()
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("HFP_", "DAGSTER_", "PYTHON"))
    }
    environment |= {
        "PATH": f"{opt / 'venv' / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "HFP_HOME": str(tmp_path / "data"),
    }
    environment["EXTRAS"] = "catboost"  # one small extra stands for all: the lock file pins the rest
    for word, rest in STAGES["build-cpu"]:
        if word == "COPY":
            *sources, target = rest.split()
            for source in sources:
                place = app / (source if target in {"./", source} else target)
                if (ROOT / source).is_dir():
                    left_out = shutil.ignore_patterns("__pycache__", "target", "logs")
                    shutil.copytree(ROOT / source, place, dirs_exist_ok=True, ignore=left_out)
                else:
                    shutil.copy(ROOT / source, place)
        elif word == "RUN":
            command = re.sub(r"^--mount=\S+ ", "", rest).replace("/opt/venv", str(opt / "venv"))
            if command.startswith("python -m venv"):
                venv.create(opt / "venv", with_pip=True)
                continue
            done = subprocess.run(
                ["sh", "-ec", command], cwd=app, env=environment, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
    frozen = (opt / "venv" / "installed.txt").read_text().lower().splitlines()
    pinned = {line.lower() for line in (ROOT / "requirements.lock").read_text().splitlines() if "==" in line}
    assert not [line for line in frozen if line.replace("_", "-") not in {pin.replace("_", "-") for pin in pinned}]
    assert list((app / "hf_platform").rglob("*.pyc"))
    for command in (["hfp", "mig", "plan", "--gpu", "H100", "--families", "nbeats"], ["hfp", "universe", "list"]):
        done = subprocess.run(command, cwd=app, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    check = ["dagster", "definitions", "validate", "--module-name", "assets.definitions"]
    done = subprocess.run(check, cwd=app, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
