"""What a user types as a selection, and how scattered keys become range runs."""

import pytest

from assets import definitions
from assets.demo import more_families
from assets.launch import Launcher, contiguous, leave_out, spell_out
from resources.instance import open_instance
from resources.platform import platform_for

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


class Recorder(Launcher):
    """Notes the runs that would be started."""

    __slots__ = ()

    def materialize(self, assets, instruments, horizons=None, config=None):
        return ["grid" if horizons is not None else "instruments", *instruments]

    def portfolios(self, assets, horizons, as_of=None):
        return ["portfolios"]

    def _execute(self, name):
        return [name]


def test_portfolios_follow_a_run_of_the_whole_universe_however_it_is_asked_for(settings):
    launcher = Recorder(definitions.build(platform_for(settings)), open_instance(settings))
    launcher.add_instruments(["SP500", "WTI"])
    whole = [["instruments", "SP500", "WTI"], ["grid", "SP500", "WTI"], ["portfolios"], ["benchmark_tables"]]
    assert launcher.run("*", [], ["1d"]) == whole
    assert launcher.run("*", ["SP500", "WTI"], ["1d"]) == whole
    assert launcher.run("*", ["WTI"], ["1d"]) == [["instruments", "WTI"], ["grid", "WTI"]]
