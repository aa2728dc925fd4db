"""What a user types as a selection, and how scattered keys become range runs."""

import pytest

from assets.demo import more_families
from assets.launch import contiguous, leave_out, spell_out

KNOWN = ("garch", "ewma", "value_at_risk", "feature_matrix")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("garch", 'key:"garch"'),
        ("+feature_matrix", '+key:"feature_matrix"'),
        ("garch+ or ewma", 'key:"garch"+ or key:"ewma"'),
        ("*", "*"),
        ("group:risk", "group:risk"),
        ('key:"garch"', 'key:"garch"'),
        ("not_an_asset", "not_an_asset"),
    ],
)
def test_bare_names_are_spelled_out(typed, meant):
    assert spell_out(typed, KNOWN) == meant


def test_neighbours_share_a_run():
    assert contiguous(["a", "b", "d"], ["a", "b", "c", "d"]) == [["a", "b"], ["d"]]
    assert contiguous([], ["a"]) == []
    assert contiguous(["c", "a", "b"], ["a", "b", "c"]) == [["a", "b", "c"]]


def test_families_outside_the_setting_run_when_they_are_named(settings):
    everything = ["catboost", "ewma", "garch", "value_at_risk", "xgboost"]
    chosen = settings.model_copy(update={"families": ("garch",)})
    assert leave_out(everything, "*", chosen) == ["garch", "value_at_risk"]
    assert leave_out(everything, "xgboost or value_at_risk", chosen) == ["garch", "value_at_risk", "xgboost"]


def test_the_demo_says_which_extra_adds_which_family(settings):
    lines = more_families(settings)
    assert any("hf-platform[catboost]" in line and "hfp materialize catboost" in line for line in lines)
    assert any("hf-platform[neural]" in line and "nbeats" in line for line in lines)
