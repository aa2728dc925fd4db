"""Fixtures that every part shares: settings in a temporary home, an initialised lake, a PostgreSQL server."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest

from hf_platform.lake import Lake
from hf_platform.models.base import Series
from hf_platform.settings import Settings, keep_ray_on_loopback

# Read before any test clears the environment.
_SKIPS_FORBIDDEN = os.environ.get("HFP_REQUIRE_SERVICES") == "1"
_OF_THE_TESTS = ("HFP_REQUIRE_SERVICES", "HFP_SCHEMAS_DIR")  # what the suite itself is told


# Modules of the graph read the settings when they are imported: never those of whoever runs the tests.
_HOME = tempfile.TemporaryDirectory(prefix="hfp-tests-")
for _name in [name for name in os.environ if name.startswith("HFP_") and name not in _OF_THE_TESTS]:
    del os.environ[_name]
os.environ["HFP_HOME"] = _HOME.name
# A small set, so that a new family does not slow the tests of the chain; the contract suite runs over all of them.
FAMILIES = "ewma garch elastic_net lightgbm"
os.environ["HFP_FAMILIES"] = FAMILIES
os.environ["HFP_TRACKING"] = "off"
keep_ray_on_loopback()  # before any test imports what imports ray


def require_service(reason: str) -> NoReturn:
    """Skip with a reason; fail instead where HFP_REQUIRE_SERVICES=1 forbids skips."""
    if _SKIPS_FORBIDDEN:
        pytest.fail(f"HFP_REQUIRE_SERVICES=1 forbids this skip: {reason}")
    pytest.skip(reason)


def fresh_settings(home: Path, monkeypatch: pytest.MonkeyPatch, **variables: str) -> Settings:
    """Settings of a home, without anything from the caller's environment; child processes see the same."""
    for name in [name for name in os.environ if name.startswith("HFP_") and name != "HFP_REQUIRE_SERVICES"]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HFP_HOME", str(home))
    monkeypatch.setenv("HFP_FAMILIES", FAMILIES)
    monkeypatch.setenv("HFP_TRACKING", "off")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return Settings.from_env()


@pytest.fixture(scope="session")
def give_up() -> Callable[[str], NoReturn]:
    """How a test says that a service is missing: a skip with the reason, a failure where skips are forbidden."""
    return require_service


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings with HFP_HOME in a temporary folder, set in the environment too."""
    return fresh_settings(tmp_path / "home", monkeypatch)


@pytest.fixture
def store(settings: Settings, lake_template: Path) -> Iterator[Lake]:
    """An initialised, empty lake."""
    shutil.copytree(lake_template, settings.home / "lake")
    lake = Lake(settings)
    lake.initialise()
    yield lake
    lake.close()


@pytest.fixture(scope="session")
def lake_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an empty lake, made once: a copy of it is quicker than another initialisation."""
    home = tmp_path_factory.mktemp("template")
    lake = Lake(Settings(home=home))
    lake.initialise()
    lake.close()
    return home / "lake"


@dataclass(frozen=True)
class PostgresServer:
    """A running PostgreSQL that belongs to this test session."""

    host: str
    port: int
    user: str
    password: str

    def dsn(self, database: str) -> str:
        """Connection string that libpq understands."""
        return f"host={self.host} port={self.port} user={self.user} password={self.password} dbname={database}"

    def create_database(self, name: str) -> str:
        """Make a database and return its connection string."""
        import psycopg2
        from psycopg2 import sql

        connection = psycopg2.connect(self.dsn("postgres"))
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        connection.close()
        return self.dsn(name)


def _postgres_programs() -> tuple[str, str] | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    path = os.pathsep.join([os.environ.get("PATH", ""), *map(str, found)])
    initdb, server = shutil.which("initdb", path=path), shutil.which("postgres", path=path)
    return None if initdb is None or server is None else (initdb, server)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL server in a temporary folder, started once; skips where PostgreSQL is not installed."""
    programs = _postgres_programs()
    if programs is None:
        require_service("PostgreSQL is not installed (initdb and postgres were looked for)")
    initdb, server = programs
    # PostgreSQL refuses to run as root, and its folder must belong to the user it runs as.
    is_root = os.geteuid() == 0
    account = {"user": 65534, "group": 65534, "extra_groups": ()} if is_root else {}
    folder = Path(tempfile.mkdtemp(prefix="hfp-pg-", dir="/tmp"))
    if is_root:
        os.chown(folder, 65534, 65534)
    (folder / "password").write_text("lake-secret", encoding="utf-8")
    (folder / "password").chmod(0o644)
    data, port = folder / "data", _free_port()
    subprocess.run(
        [initdb, "-D", data, "-U", "hfp", "-A", "scram-sha-256", f"--pwfile={folder / 'password'}", "-E", "UTF8", "-N"],
        check=True, capture_output=True, cwd=folder, **account,
    )  # fmt: skip
    log = (folder / "log").open("wb")
    process = subprocess.Popen(
        [server, "-D", data, "-p", str(port), "-c", "listen_addresses=127.0.0.1", "-k", "", "-c", "fsync=off"],
        stdout=log, stderr=log, cwd=folder, **account,
    )  # fmt: skip
    try:
        _wait_until_ready(PostgresServer("127.0.0.1", port, "hfp", "lake-secret"), process, folder / "log")
        yield PostgresServer("127.0.0.1", port, "hfp", "lake-secret")
    finally:
        process.send_signal(signal.SIGINT)  # the fast shutdown: the default one waits for clients to go
        process.wait(timeout=60)
        log.close()
        shutil.rmtree(folder, ignore_errors=True)


def _wait_until_ready(server: PostgresServer, process: "subprocess.Popen[bytes]", log: Path) -> None:
    import time

    import psycopg2

    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            psycopg2.connect(server.dsn("postgres")).close()
        except psycopg2.OperationalError:
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"PostgreSQL did not start: {log.read_text(encoding='utf-8', errors='replace')[-2000:]}")


@pytest.fixture(scope="session")
def ray_head() -> Iterator[None]:
    """A Ray of this session with two workers; skips where Ray is not installed."""
    try:
        from resources.ray_clusters import OwnHead
    except ImportError as error:
        require_service(f"Ray is not installed: no {error.name}")
    import dagster as dg

    head, context = OwnHead(workers=2), dg.build_init_resource_context()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(Path(__file__).parent / "contract"))  # faults.py, for the workers
        patch.setenv("RAY_memory_monitor_refresh_ms", "0")  # what others do to this machine is no part of a test
        head.open(context)  # type: ignore[arg-type]
    yield
    head.cleanup(context, None)


@pytest.fixture
def make_series() -> Callable[..., Series]:
    """Make seeded series of a GJR process with features known at each bar's close."""
    return simulated_series


def simulated_series(
    instrument: str = "AAA",
    frequency: str = "1d",
    n_bars: int = 1_300,
    *,
    seed: int = 0,
    feature_names: tuple[str, ...] = (),
) -> Series:
    """Simulate one instrument; a longer series starts with the bytes of a shorter one."""
    step = {"1d": np.timedelta64(1, "D"), "1w": np.timedelta64(7, "D"), "1mo": np.timedelta64(30, "D")}[frequency]
    draws = np.random.default_rng([seed, *instrument.encode()]).standard_normal((12_000, 2))[:n_bars]
    returns, variance = np.empty(n_bars), 1e-4
    for t in range(n_bars):
        shock = np.sqrt(variance) * draws[t, 0]
        returns[t] = 2e-4 + shock
        variance = 2e-6 + (0.03 + 0.08 * (shock < 0)) * shock**2 + 0.91 * variance
    returns[0] = np.nan
    event_at = np.datetime64("1995-01-03T21:00", "us") + np.arange(n_bars) * step
    features = np.full((n_bars, len(feature_names)), np.nan)
    for k in range(len(feature_names)):
        features[60:, k] = draws[60 - k : n_bars - k, 1] + 0.2 * draws[60:, 0]
        if feature_names[k] == "range_variance":  # the one feature that a family needs to be a variance
            features[1:, k] = np.square(returns[1:]) * np.exp(0.3 * draws[1:, 1]) + 1e-6
    known_at = event_at + np.timedelta64(1, "h")
    return Series(instrument, frequency, event_at, known_at, returns, features, feature_names)
