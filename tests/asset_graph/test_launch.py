"""What a user types as a selection, and how scattered keys become range runs."""

import pytest

from assets.launch import contiguous, spell_out

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
