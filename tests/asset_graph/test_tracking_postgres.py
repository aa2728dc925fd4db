"""MLflow's runs on PostgreSQL, by a setting alone."""

import os
import subprocess
import sys

import pytest

from hf_platform.settings import Settings
from resources.tracking import database_uri

# In a process of its own: MLflow keeps its connections open, and the server would wait for them to close.
TWICE = """
from hf_platform.settings import Settings
from resources.tracking import open_client
settings = Settings.from_env()
open_client(settings).create_experiment("garch", artifact_location=(settings.home / "artifacts").as_uri())
print(open_client(settings).get_experiment_by_name("garch").name)
"""


@pytest.mark.slow
def test_runs_go_to_the_database_that_the_setting_names(tmp_path, postgres_server):
    postgres_server.create_database("mlflow")
    server = postgres_server
    uri = f"postgresql+psycopg2://{server.user}:{server.password}@{server.host}:{server.port}/mlflow"
    assert server.password not in repr(Settings(home=tmp_path, mlflow_uri=uri))
    environment = {**os.environ, "HFP_HOME": str(tmp_path), "HFP_MLFLOW_URI": uri}
    done = subprocess.run(
        [sys.executable, "-c", TWICE], env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.splitlines()[-1] == "garch"
    assert not (tmp_path / "mlflow" / "mlflow.db").exists()


def test_without_the_setting_runs_stay_in_the_home(tmp_path):
    assert database_uri(Settings(home=tmp_path)) == f"sqlite:///{tmp_path}/mlflow/mlflow.db"
