"""What the lake's tests share: their worker processes, and rows to write."""

import importlib.util
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

WORKERS = Path(__file__).with_name("workers.py")


@pytest.fixture(scope="session")
def workers() -> ModuleType:
    """The module of the worker processes, for its row makers."""
    spec = importlib.util.spec_from_file_location("lake_workers", WORKERS)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def start() -> Callable[..., "subprocess.Popen[str]"]:
    """Start a worker process with the test's environment; whatever still runs is killed at the end."""
    running: list[subprocess.Popen[str]] = []

    def begin(*arguments: object) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, str(WORKERS), *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        return process

    yield begin
    for process in running:
        if process.poll() is None:
            process.kill()
        process.communicate()
