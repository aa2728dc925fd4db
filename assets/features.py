"""dbt nodes as assets: each model of `dbt_features/` is one asset, each dbt test one asset check."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import dagster as dg

from assets.partitions import UNIVERSE
from hf_platform.features.build import BuildResult, manifest_path
from hf_platform.settings import Settings

CROSS_SECTIONAL = "feat_xs_"  # these see all instruments at once and have no partitions
OPTIONAL = ("feat_order_book", "feature_alternative")


@cache
def manifest() -> Mapping[str, Any]:
    """Read dbt's manifest; parsed once for each state of the dbt project's files."""
    return json.loads(manifest_path(Settings.from_env()).read_text())


def dbt_specs() -> list[dg.AssetSpec]:
    """Make one spec per dbt model: partitioned by instrument, but for the cross-sectional ones."""
    from dagster_dbt import DagsterDbtTranslator, build_dbt_asset_specs

    class Translator(DagsterDbtTranslator):
        def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
            return dg.AssetKey(dbt_resource_props["name"])

        def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str:
            return "features"

    specs = build_dbt_asset_specs(manifest=manifest(), dagster_dbt_translator=Translator())
    return [
        spec.replace_attributes(
            partitions_def=None if is_cross_sectional(spec.key.to_user_string()) else UNIVERSE,
            owners=["team:data"],
            kinds={"dbt", "duckdb"},
            skippable=True,
        )
        for spec in specs
    ]


def is_cross_sectional(node: str) -> bool:
    """Say whether a dbt model compares instruments with each other."""
    return node.startswith(CROSS_SECTIONAL)


def is_optional(node: str) -> bool:
    """Say whether a dbt model has rows only of instruments for which somebody delivers more than prices."""
    return node in OPTIONAL


def check_name(test_name: str) -> str:
    """Name a dbt test's asset check; Dagster allows letters, digits and underscores."""
    return "".join(c if c.isalnum() or c == "_" else "_" for c in test_name)


def dbt_check_specs() -> list[dg.AssetCheckSpec]:
    """Make one check spec per dbt test, on the model it is attached to."""
    nodes = manifest()["nodes"]
    return [
        dg.AssetCheckSpec(
            check_name(node["name"]),
            asset=nodes[node["attached_node"]]["name"],
            description=node.get("description") or f"dbt test {node['name']}",
        )
        for node in nodes.values()
        if node["resource_type"] == "test" and node.get("attached_node") in nodes
    ]


def check_results(result: BuildResult, selected: set[dg.AssetCheckKey]) -> Sequence[dg.AssetCheckResult]:
    """Translate dbt's test results."""
    return [
        dg.AssetCheckResult(
            passed=test.status in ("pass", "warn"),
            asset_key=test.node,
            check_name=check_name(test.name),
            metadata={"failures": test.failures or 0, "message": test.message or "", "dbt_status": test.status},
        )
        for test in result.tests
        if dg.AssetCheckKey(dg.AssetKey(test.node), check_name(test.name)) in selected
    ]
