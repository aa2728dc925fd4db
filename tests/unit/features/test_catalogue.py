"""The catalogue, the YAML and the SQL name the same features with the same words."""

import re
from pathlib import Path

import pytest
import yaml

from hf_platform.errors import ConfigError
from hf_platform.features.catalogue import ALL_FEATURES, ALTERNATIVE_FEATURES, FEATURES, Feature

MODELS = Path(__file__).parents[3] / "dbt_features" / "models"
KEYS = ["instrument", "frequency", "event_at", "known_at"]
PRICES = ["close", "adjustment", "log_return"]


def contract(name: str) -> dict[str, dict]:
    (path,) = MODELS.rglob(f"{name}.yml")
    return {column["name"]: column for column in yaml.safe_load(path.read_text())["models"][0]["columns"]}


def test_equals_the_columns_of_the_feature_matrix():
    assert [*KEYS, *PRICES, *FEATURES, "producer", "run_id"] == list(contract("feature_matrix"))


def test_equals_the_columns_of_the_alternative_features():
    assert [*KEYS, *ALTERNATIVE_FEATURES, "producer", "run_id"] == list(contract("feature_alternative"))
    assert not ALTERNATIVE_FEATURES.keys() & FEATURES.keys()


@pytest.mark.parametrize("name", ALL_FEATURES)
def test_says_what_the_contracts_say(name):
    feature = ALL_FEATURES[name]
    text = f"{feature.description} [{feature.unit}] Lookback {feature.lookback}."
    for model in (feature.table, "feature_matrix" if name in FEATURES else "feature_alternative"):
        column = contract(model)[name]
        assert column["description"].strip() == text
        assert column["data_type"] == "double"


def test_every_feature_column_of_every_model_is_in_the_catalogue():
    for path in MODELS.rglob("feat_*.yml"):
        columns = set(contract(path.stem)) - {*KEYS, "producer", "run_id", "n_peers"}
        assert columns == {name for name, feature in ALL_FEATURES.items() if feature.table == path.stem}


@pytest.mark.parametrize("path", sorted(MODELS.rglob("*.sql")), ids=lambda path: path.stem)
def test_every_model_has_a_contract_with_grain_lookback_and_provenance(path):
    (model,) = yaml.safe_load(path.with_suffix(".yml").read_text())["models"]
    assert model["name"] == path.stem
    assert re.match(r"One row per .*\..* Lookback \d+", model["description"], re.DOTALL)
    assert [column["name"] for column in model["columns"]][-2:] == ["producer", "run_id"]
    assert {test for tests in model["data_tests"] for test in tests} >= {"unique_key"}


def test_cross_sectional_features_come_from_cross_sectional_models():
    for name, feature in FEATURES.items():
        assert (feature.scope == "cross_section") == feature.table.startswith("feat_xs_"), name


def test_refuses_a_lag_beyond_the_lookback():
    with pytest.raises(ConfigError, match="between 0 and the lookback 3, found 4"):
        Feature(table="t", lookback=3, lag=4, unit="u", description="d")
