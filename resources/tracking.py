"""Tracking: one MLflow run per materialisation of a family; its tuned boosters and newest nets as registered models.

Why not dagster-mlflow: it opens one run for a whole Dagster run and keeps it as MLflow's process-wide
active run. Here a Dagster run materialises a dozen families, each a run of its own, while fits go on in
threads; a thin layer over `MlflowClient` needs no global state.

One run per materialisation and never one per model: a run costs a tenth of a second, and a night has
thousands of models. What a model was is a row of the run's table, and of `models.ledger`.
"""

import logging
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from hf_platform.errors import StoreError
from hf_platform.fitting.outcome import KeyStatus, StageOutcome
from hf_platform.lake import Lake
from hf_platform.models.base import ModelFamily
from hf_platform.settings import Settings, tell_nobody
from resources.postgres import check_postgres

if TYPE_CHECKING:
    from mlflow import MlflowClient

_LOG = logging.getLogger(__name__)
ALIAS = "champion"
TABLE = "models.parquet"
_MODELS = (
    "select * from models.ledger where producer = $family and run_id = $run_id order by instrument, horizon, variant"
)
# The model of the anchor that a search of this run ended at, where the search beat the family's own parameters.
_CHAMPIONS = """
    select t.variant, t.instrument, t.horizon, t.tuning_id, t.params_json as tuned_json, t.score, t.default_score,
           l.model_id, l.state_uri, l.params_json, l.lake_snapshot, l.data_version
    from models.tuned_parameters t
    join models.ledger l on (l.family, l.variant, l.instrument, l.horizon, l.train_end, l.run_id)
                          = (t.family, t.variant, t.instrument, t.horizon, t.searched_until, t.run_id)
    where t.family = $family and t.run_id = $run_id and t.is_champion and l.status = 'ok' and l.state_uri is not null
    order by t.instrument, t.horizon, t.variant"""
# The net of the newest anchor of each horizon; every key of its panel has a row with the same files.
_NETS = """
    select variant, horizon, model_id, state_uri, params_json, params_json::json ->> 'net' as net,
           params_json::json ->> 'anchor' as anchor, lake_snapshot, data_version
    from models.ledger
    where producer = $family and run_id = $run_id and status = 'ok' and state_uri is not null
    qualify row_number() over (
        partition by variant, horizon order by params_json::json ->> 'anchor' desc, instrument) = 1
    order by horizon, variant"""
_FACTS_OF_CHAMPION = ("model_id", "tuning_id", "tuned_json", "score", "default_score", "lake_snapshot", "data_version")
_FACTS_OF_NET = ("net", "anchor", "lake_snapshot", "data_version")
# MLflow's flavour of each library, and the native file that it can hold.
_FLAVOURS = {"xgboost": "model.ubj", "lightgbm": "model-0.txt", "catboost": "model.cbm"}


class Tracking(Protocol):
    """Where materialisations of families are tracked."""

    def record(self, family: ModelFamily, outcome: StageOutcome, run_id: str, as_of: datetime) -> str | None:
        """Track one materialisation; return the id of its run."""
        ...


@dataclass(frozen=True, slots=True)
class NoTracking:
    """HFP_TRACKING=off: the lake's ledger says everything that is needed to reproduce a model."""

    def record(self, family: ModelFamily, outcome: StageOutcome, run_id: str, as_of: datetime) -> str | None:
        """Track nothing."""
        return None


def database_uri(settings: Settings) -> str:
    """Give the address of MLflow's database: `HFP_MLFLOW_URI`, else SQLite under HFP_HOME."""
    if settings.mlflow_uri is not None:
        return settings.mlflow_uri.get_secret_value()
    return f"sqlite:///{settings.home / 'mlflow' / 'mlflow.db'}"


def open_client(settings: Settings) -> "MlflowClient":
    """Open MLflow's store; the first time in a home it makes the database, which takes seconds."""
    tell_nobody()
    from mlflow import MlflowClient

    logging.getLogger("mlflow").setLevel(logging.WARNING)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    (settings.home / "mlflow").mkdir(parents=True, exist_ok=True)
    uri = database_uri(settings)
    client = MlflowClient(tracking_uri=uri, registry_uri=uri)
    client.search_experiments(max_results=1)
    return client


@dataclass(frozen=True, slots=True)
class MlflowTracking:
    """An MLflow store in a database and a folder under HFP_HOME; nothing in it is pickled."""

    settings: Settings
    lake: Lake

    def record(self, family: ModelFamily, outcome: StageOutcome, run_id: str, as_of: datetime) -> str | None:
        """Track one materialisation: parameters, aggregate metrics, a table of its models, its champions.

        Trouble with the store is a warning: the fits are in the lake already.
        """
        tell_nobody()
        from mlflow.exceptions import MlflowException

        try:
            if self.settings.mlflow_uri is not None:  # MLflow itself would try again for minutes
                check_postgres(self.settings.mlflow_uri, "HFP_MLFLOW_URI")
            return self._record(open_client(self.settings), family, outcome, run_id, as_of)
        except (MlflowException, StoreError) as error:
            _LOG.warning("%s was not tracked: %s", family.name, error)
            return None

    def _record(
        self, client: "MlflowClient", family: ModelFamily, outcome: StageOutcome, run_id: str, as_of: datetime
    ) -> str:
        from mlflow.entities import Metric, Param, RunTag

        models = self.lake.query(_MODELS, {"family": family.name, "run_id": run_id})
        run = client.create_run(self._experiment(client, family.name), run_name=f"{family.name} {as_of:%Y-%m-%d}")
        tracked, now = run.info.run_id, run.info.start_time
        tags = {"dagster_run_id": run_id, "code_version": outcome.code_version, "lake_snapshot": outcome.snapshot_id}
        client.log_batch(
            tracked,
            metrics=[Metric(name, value, now, 0) for name, value in _metrics(outcome, models).items()],
            params=[Param(name, text) for name, text in _params(family, as_of, self.settings.seed).items()],
            tags=[RunTag(name, str(value)) for name, value in tags.items()],
        )
        with tempfile.TemporaryDirectory(prefix="hfp-mlflow-") as folder:
            models.write_parquet(Path(folder) / TABLE)
            client.log_artifact(tracked, str(Path(folder) / TABLE))
        asked = {"family": family.name, "run_id": run_id}
        for champion in self.lake.query(_CHAMPIONS, asked).to_dicts():
            name = "-".join((family.name, champion["variant"], champion["instrument"], champion["horizon"]))
            self._register(client, family, name, champion, _FACTS_OF_CHAMPION, tracked)
        for net in self.lake.query(_NETS, asked).to_dicts() if family.scope == "panel" else ():
            name = "-".join((family.name, net["variant"], net["horizon"]))
            self._register(client, family, name, net, _FACTS_OF_NET, tracked)
        client.set_terminated(tracked)
        return tracked

    def _experiment(self, client: "MlflowClient", name: str) -> str:
        found = client.get_experiment_by_name(name)
        if found is not None:
            return found.experiment_id
        return client.create_experiment(name, artifact_location=(self.settings.home / "mlflow" / "artifacts").as_uri())

    def _register(  # noqa: PLR0917  # one call, all of it needed
        self,
        client: "MlflowClient",
        family: ModelFamily,
        name: str,
        model: Mapping[str, Any],
        facts: tuple[str, ...],
        tracked: str,
    ) -> None:
        """Register a model with its native files, and let the alias point at it."""
        files = self.settings.model_states / model["state_uri"]
        with tempfile.TemporaryDirectory(prefix="hfp-mlflow-") as folder:
            packed = Path(folder) / name
            _pack(family.name, files, packed, model["params_json"])
            client.log_artifacts(tracked, str(packed), name)
        if not client.search_registered_models(filter_string=f"name = '{name}'"):
            client.create_registered_model(name)
        source = f"{client.get_run(tracked).info.artifact_uri}/{name}"
        made = client.create_model_version(name, source, tracked, tags={fact: str(model[fact]) for fact in facts})
        client.set_registered_model_alias(name, ALIAS, made.version)


def _metrics(outcome: StageOutcome, models: Any) -> dict[str, float]:  # noqa: ANN401 - polars is imported late
    keys = outcome.keys.values()
    found: dict[str, float] = {
        "seconds": outcome.seconds,
        **{f"keys_{status.value}": outcome.count(status) for status in KeyStatus},
        "models_fitted": sum(key.n_ok for key in keys),
        "models_failed": sum(key.n_failed for key in keys),
        "models_reused": sum(key.n_reused for key in keys),
        "forecasts_written": sum(key.n_rows for key in keys),
    }
    for column in ("score", "seconds"):
        value = models[column].median()
        if value is not None:
            found[f"median_{column}_of_models"] = float(value)
    return found


def _params(family: ModelFamily, as_of: datetime, seed: int) -> dict[str, str]:
    rules = {
        f"{variant}.{name}": str(value) for variant in family.variants for name, value in family.spec(variant).items()
    }
    return {"as_of": as_of.isoformat(), "seed": str(seed), **rules}


def _pack(library: str, files: Path, target: Path, params_json: str) -> None:
    """Lay the native files out as the library's MLflow flavour where one booster is the model, else as they are."""
    native = sorted(path.name for path in files.iterdir() if path.suffix != ".tmp")
    boosters = [name for name in native if name != "params.json"]
    if boosters == [_FLAVOURS.get(library)]:
        _save_flavour(library, files / boosters[0], target)
    else:
        target.mkdir()
        for name in boosters:
            shutil.copyfile(files / name, target / name)
    (target / "params.json").write_text(params_json, encoding="utf-8")


def _save_flavour(library: str, booster: Path, target: Path) -> None:
    from importlib import import_module

    from mlflow.models import ModelSignature
    from mlflow.types import Schema, TensorSpec

    flavour = import_module(f"mlflow.{library}")
    # Signature and requirements are given: MLflow would else infer both in a process of its own, for 20 s.
    import numpy as np

    matrix = Schema([TensorSpec(np.dtype("float64"), (-1, -1))])
    flavour.save_model(
        _load(library, booster),
        str(target),
        signature=ModelSignature(inputs=matrix, outputs=matrix),
        pip_requirements=[f"{library}=={version(library)}"],
        **({"model_format": "ubj"} if library == "xgboost" else {}),
    )


def _load(library: str, booster: Path) -> Any:  # noqa: ANN401 - three libraries, imported late
    if library == "xgboost":
        import xgboost

        return xgboost.Booster(model_file=str(booster))
    if library == "lightgbm":
        import lightgbm

        return lightgbm.Booster(model_file=str(booster))
    from catboost import CatBoost

    return CatBoost().load_model(str(booster))


def tracking_for(settings: Settings, lake: Lake) -> Tracking:
    """Bind what `HFP_TRACKING` asks for."""
    return MlflowTracking(settings, lake) if settings.tracking == "on" else NoTracking()


if __name__ == "__main__":  # `make setup`: the first start migrates the database, for seconds
    _settings = Settings.from_env()
    if _settings.tracking == "on":
        open_client(_settings)
