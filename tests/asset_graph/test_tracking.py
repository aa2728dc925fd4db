"""MLflow: one run per materialised family, and a tuned booster as a registered champion that MLflow can load."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from hf_platform.fitting.executors import InlineExecutor
from hf_platform.fitting.fit_grid import fit_grid
from hf_platform.fitting.tune_grid import tune_grid
from hf_platform.models import get_family
from hf_platform.models.base import Schedule
from hf_platform.types import GridKey
from resources.tracking import ALIAS, TABLE, MlflowTracking, NoTracking, open_client, tracking_for

KEYS = [GridKey("AAA", "1d")]
AS_OF = datetime.fromisoformat("1995-01-03T23:00") + timedelta(days=700)


def read_with(make_series):
    def read(store, names, frequency, as_of, features):
        found = {}
        for name in names:
            series = make_series(name, n_bars=700, feature_names=tuple(features))
            told = series.features.copy()
            if features:
                told[:-1, 2] = np.sign(series.log_return[1:]) + 0.5 * told[:-1, 3]
            found[name] = replace(series, features=told)
        return found, {}

    return read


def test_off_means_nothing_is_imported_or_written(store, settings):
    assert isinstance(tracking_for(settings, store), NoTracking)
    assert not (settings.home / "mlflow").exists()


@pytest.mark.filterwarnings("ignore")  # what MLflow and its flavours say at import and while saving
def test_a_materialisation_is_a_run_and_a_tuned_booster_is_its_champion(store, settings, make_series):
    with store.transaction("raw_prices", "setup") as tx:
        row = {"instrument": ["AAA"], "calendar": ["24/7"], "valid_from": [datetime.fromisoformat("1995-01-03")]}
        tx.append("market.universe", pl.DataFrame(row))
    booster = get_family("xgboost")
    poor = replace(booster.spec_, max_rounds=1, learning_rate=0.001)
    quick = Schedule(minimum={"*": 400}, window={"*": 400}, every={"*": 250})
    family = replace(booster, spec_=poor, schedule=quick, variants=("mean",))
    common = {
        "as_of": AS_OF, "run_id": "night", "executor": InlineExecutor(1), "settings": settings,
        "read": read_with(make_series),
    }  # fmt: skip
    tune_grid(family, KEYS, store, n_trials=3, **common)
    outcome = fit_grid(family, KEYS, store, **common)
    tracked = MlflowTracking(settings, store).record(family, outcome, "night", AS_OF)
    client = open_client(settings)
    run = client.get_run(tracked)
    assert run.info.status == "FINISHED"
    assert run.data.tags["dagster_run_id"] == "night"
    assert run.data.metrics["models_fitted"] == outcome.keys[KEYS[0]].n_ok == 2
    assert run.data.metrics["keys_ok"] == 1
    assert run.data.params["mean.max_depth"] == "3"
    artifacts = Path(run.info.artifact_uri.removeprefix("file://"))
    table = pl.read_parquet(artifacts / TABLE)
    assert table.height == 2
    assert set(table["status"]) == {"ok"}
    champion = client.get_model_version_by_alias("xgboost-mean-AAA-1d", ALIAS)
    newest = table.filter(pl.col("state_uri").is_not_null())
    assert champion.tags["model_id"] == newest["model_id"][0]
    assert float(champion.tags["score"]) < float(champion.tags["default_score"])
    folder = Path(champion.source.removeprefix("file://"))
    assert not [path for path in folder.rglob("*") if path.suffix in (".pkl", ".pickle", ".joblib")]
    from mlflow import pyfunc

    x = np.random.default_rng(0).standard_normal((4, 8))
    loaded = pyfunc.load_model(str(folder)).predict(x)
    state = {"model.ubj": (settings.model_states / newest["state_uri"][0] / "model.ubj").read_bytes()}
    np.testing.assert_allclose(np.ravel(loaded), family.predict(state, x)[:, 0])


@pytest.mark.filterwarnings("ignore")  # as above
def test_the_newest_net_of_a_horizon_is_a_registered_model(store, settings, make_series):
    days = [datetime.fromisoformat("1995-01-03")] * 2
    with store.transaction("raw_prices", "setup") as tx:
        row = {"instrument": ["AAA", "BBB"], "calendar": ["24/7"] * 2, "valid_from": days}
        tx.append("market.universe", pl.DataFrame(row))
    net = get_family("nbeats")
    quick = Schedule(minimum={"*": 300}, window={"*": 300}, every={"*": 126})
    family = replace(net, schedule=quick, training=replace(net.training, steps=2, batch=8, check_every=1))
    keys = [GridKey(name, "1d") for name in ("AAA", "BBB")]
    common = {"as_of": AS_OF, "executor": InlineExecutor(1), "settings": settings, "read": read_with(make_series)}
    outcome = fit_grid(family, keys, store, run_id="night", **common)
    MlflowTracking(settings, store).record(family, outcome, "night", AS_OF)
    client = open_client(settings)
    newest = client.get_model_version_by_alias("nbeats-interpretable-1d", ALIAS)
    anchors = store.query("select max(params_json::json ->> 'anchor') as newest from models.ledger")
    assert newest.tags["anchor"] == anchors["newest"][0]
    files = {path.name for path in Path(newest.source.removeprefix("file://")).iterdir()}
    assert files == {"net.safetensors", "params.json"}
    again = fit_grid(family, keys, store, run_id="next night", **common)
    MlflowTracking(settings, store).record(family, again, "next night", AS_OF)
    assert client.get_model_version_by_alias("nbeats-interpretable-1d", ALIAS).version == newest.version
