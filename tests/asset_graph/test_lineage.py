"""What the graph has and what lineage knows of it are the same."""

from assets.instrument_graph import MARKET_SPECS
from assets.model_grid import STAGES, usual_stages
from hf_platform.lineage.code import fingerprints, is_listed
from hf_platform.lineage.ground import grid_assets, ground_of
from hf_platform.models import FAMILIES
from hf_platform.settings import Settings


def test_the_code_of_every_stage_is_known():
    unknown = [stage.name for stage in STAGES if not is_listed(stage.name)]
    assert unknown == [], "list their modules in hf_platform/lineage/code.py"
    assert all(fingerprints(stage.name) for stage in STAGES)
    assert "bars" in {spec.key.to_user_string() for spec in MARKET_SPECS}


def test_staleness_looks_at_the_stages_of_a_whole_run():
    settings = Settings.from_env()
    assert set(grid_assets(settings)) == {stage.name for stage in usual_stages(settings)}


def test_what_the_graph_says_upstream_is_upstream():
    families = tuple(family.name for family in FAMILIES)
    for stage in STAGES:
        above = ground_of(stage.name, families).assets
        graph = {dep.asset_key.to_user_string() for dep in stage.spec.deps}
        # Families name the matrix in the graph; they stand on the models of the columns they read.
        assert graph - {"feature_matrix"} <= above, stage.name
