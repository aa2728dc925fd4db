"""The main path with nothing of its state on this machine: PostgreSQL and S3, by settings alone."""

import json
import re
import shutil
import subprocess
import sys
from uuid import uuid4

import pytest
from stores import Gate, RemoteWorld, object_store
from world import KEYS, duplicates

from hf_platform.errors import StoreError
from hf_platform.features.build import manifest_path
from hf_platform.settings import Settings

pytestmark = pytest.mark.services

NAMES = ("SP500", "WTI")
COUNTS = ("market.bars", "features.feature_matrix", "models.ledger", "models.forecasts", "risk.value_at_risk")
# A user's commands in one process: each import of the graph is seconds.
PATH = """
from assets.cli import _launcher
from hf_platform.settings import Settings
with _launcher() as launcher:
    launcher.add_instruments({names!r})
    print([run.success for run in launcher.run("+value_at_risk", [], Settings.from_env().horizons)])
"""


@pytest.fixture(scope="module")
def bucket():
    with object_store("lake") as server:
        yield server


@pytest.fixture(scope="module")
def new_world(postgres_server, bucket, tmp_path_factory):
    """Make a world with fresh databases and a prefix of its own."""

    def make(families="ewma garch", horizons="1d", **more):
        name = f"w{uuid4().hex[:8]}"
        server = postgres_server
        url = f"postgresql+psycopg2://{server.user}:{server.password}@{server.host}:{server.port}"
        for use in ("lake", "dagster", "mlflow"):
            server.create_database(f"{name}_{use}")
        stores = {
            "HFP_LAKE_CATALOG": f"postgres:{server.dsn(f'{name}_lake')}",
            "HFP_LAKE_DATA": f"s3://lake/{name}/",
            "HFP_S3_ENDPOINT": f"127.0.0.1:{bucket.port}",
            "HFP_S3_KEY_ID": bucket.key_id,
            "HFP_S3_SECRET": bucket.secret,
            "HFP_S3_USE_SSL": "false",
            "HFP_DAGSTER_POSTGRES": f"{url}/{name}_dagster",
            "HFP_MLFLOW_URI": f"{url}/{name}_mlflow",
        }
        home = tmp_path_factory.mktemp(name) / "home"
        parsed = manifest_path(Settings.from_env()).parent  # the dbt project, parsed once for all tests
        shutil.copytree(parsed, home / "dbt" / parsed.name)
        return RemoteWorld(home, stores | more, families, horizons)

    return make


def script(world, text):
    done = subprocess.run(
        [sys.executable, "-c", text], env=world.environment, capture_output=True, text=True, timeout=500, check=False
    )
    return done.stdout + done.stderr


def at_port(stores, port):
    return re.sub(r"port=\d+", f"port={port}", stores["HFP_LAKE_CATALOG"])


def behind(world, gate):
    """The same world, its catalogue reached through a gate."""
    return world.with_stores(
        HFP_LAKE_CATALOG=re.sub(r"port=\d+", f"port={gate.port}", world.stores["HFP_LAKE_CATALOG"])
    )


def counts(world, tables=COUNTS):
    return {table: world.lake.query(f"select count(*) as n from {table}")["n"][0] for table in tables}


@pytest.fixture(scope="module")
def remote_world(new_world):
    """Two instruments from prices to VaR."""
    world = new_world()
    said = script(world, PATH.format(names=NAMES))
    assert "[True, True]" in said, said
    return world


def test_prices_become_var_with_nothing_kept_on_this_machine(remote_world):
    assert all(n > 0 for n in counts(remote_world).values())
    left = {path.name for path in remote_world.home.rglob("*") if path.is_file()}
    assert not [name for name in left if name.endswith((".parquet", ".sqlite", ".db"))]
    answer = remote_world.hfp("query", "select count(*) as n from risk.value_at_risk", "--format", "json").stdout
    assert json.loads(answer)[0]["n"] == counts(remote_world)["risk.value_at_risk"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param(
            lambda stores: {
                "HFP_LAKE_CATALOG": re.sub(r"password=\S+", "password=hunter2", stores["HFP_LAKE_CATALOG"])
            },
            "refuses these credentials.*HFP_LAKE_CATALOG",
            id="password of the catalogue",
        ),
        pytest.param(
            lambda stores: {"HFP_LAKE_CATALOG": at_port(stores, 1)},
            "cannot be reached.*HFP_LAKE_CATALOG",
            id="address of the catalogue",
        ),
        pytest.param(
            lambda _: {"HFP_S3_SECRET": "hunter2"},
            "object store.*refuses these credentials.*HFP_S3_KEY_ID and HFP_S3_SECRET",
            id="secret of the object store",
        ),
        pytest.param(
            lambda _: {"HFP_S3_KEY_ID": "nobody"},
            "object store.*refuses these credentials.*HFP_S3_KEY_ID and HFP_S3_SECRET",
            id="key of the object store",
        ),
        pytest.param(
            lambda _: {"HFP_S3_ENDPOINT": "127.0.0.1:1"},
            "object store.*cannot be reached.*HFP_S3_ENDPOINT",
            id="address of the object store",
        ),
    ],
)
def test_wrong_settings_are_told_apart(remote_world, change, said):
    wrong = remote_world.with_stores(**change(remote_world.stores))
    with pytest.raises(StoreError, match=said) as caught:
        wrong.lake.query("select sum(mean) from models.forecasts")
    assert "hunter2" not in str(caught.value) + str(caught.value.__cause__)


def test_a_wrong_password_for_runs_and_events_is_one_line(remote_world):
    url = remote_world.stores["HFP_DAGSTER_POSTGRES"]
    wrong = remote_world.with_stores(HFP_DAGSTER_POSTGRES=url.replace("lake-secret", "hunter2"))
    done = wrong.hfp("universe", "list", check=False)
    assert done.returncode == 2
    assert "HFP_DAGSTER_POSTGRES" in done.stderr
    assert "Traceback" not in done.stderr
    assert "hunter2" not in done.stderr


@pytest.mark.slow
@pytest.mark.timeout(1_800)
def test_a_catalogue_lost_in_mid_run_costs_nothing_but_time(new_world, postgres_server):
    """Everything, MLflow too; the catalogue goes away while `garch` commits, comes back, and the next run completes."""
    world = new_world("ewma garch elastic_net", "1d 5d", HFP_TRACKING="on")
    world.hfp("universe", "add", *NAMES)
    with Gate(postgres_server.port, marker=b"', 'garch', '", after=1) as gate:
        done = behind(world, gate).hfp("materialize", check=False)
        assert not gate.is_open
    assert done.returncode == 1, done.stdout + done.stderr
    assert "HFP_LAKE_CATALOG" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    assert "lake-secret" not in done.stdout + done.stderr
    families = world.lake.query("select distinct family from models.ledger")["family"].to_list()
    assert families == ["ewma"], "what was committed stays, what was not is not there"
    for table in KEYS:
        assert duplicates(world, table).is_empty(), table

    world.hfp("materialize")
    stored = counts(world, KEYS)
    assert all(n > 0 for n in stored.values())
    assert len(list((world.home / "reports").glob("*.html"))) > 4
    runs = "from mlflow import MlflowClient as C; c = C({0!r}); print(len(c.search_experiments()))"
    assert int(script(world, runs.format(world.stores["HFP_MLFLOW_URI"])).splitlines()[-1]) == 1 + 3
    assert not list(world.home.rglob("mlflow.db"))

    world.hfp("materialize")
    assert counts(world, KEYS) == stored
    for table in KEYS:
        assert duplicates(world, table).is_empty(), table


@pytest.mark.slow
def test_without_mlflow_the_night_goes_on(remote_world):
    url = remote_world.stores["HFP_MLFLOW_URI"].replace("lake-secret", "hunter2")
    blind = remote_world.with_stores(HFP_MLFLOW_URI=url, HFP_TRACKING="on")
    done = blind.hfp("materialize", "ewma")
    assert "HFP_MLFLOW_URI" in done.stdout + done.stderr
    assert "hunter2" not in done.stdout + done.stderr
