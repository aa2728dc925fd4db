"""Splits: sizes, gaps, bad input."""

import numpy as np
import pytest

from hf_platform.backtest.walk_forward import Split, WalkForward, non_overlapping, require_out_of_sample
from hf_platform.errors import ConfigError, TooFewReturnsError


def test_anchored_training_grows_and_rolling_training_moves():
    anchored = list(WalkForward(train_size=5, test_size=2, purge=1, anchored=True).splits(10))
    rolling = list(WalkForward(train_size=5, test_size=2, purge=1).splits(10))
    assert anchored == [Split(range(5), range(6, 8)), Split(range(7), range(8, 10))]
    assert rolling == [Split(range(5), range(6, 8)), Split(range(2, 7), range(8, 10))]


def test_the_embargo_widens_the_gap():
    (split,) = WalkForward(train_size=4, test_size=9, purge=2, embargo=3).splits(12)
    assert split == Split(range(4), range(9, 12))


def test_a_short_sample_has_no_split():
    assert list(WalkForward(train_size=10, test_size=1).splits(10)) == []


@pytest.mark.parametrize("options", [{"train_size": 0}, {"test_size": 0}, {"purge": -1}, {"embargo": -1}])
def test_bad_sizes_are_refused(options):
    with pytest.raises(ConfigError):
        WalkForward(**({"train_size": 5, "test_size": 2} | options))


def test_one_year_out_of_sample_is_required():
    require_out_of_sample("AAA", 252)
    with pytest.raises(TooFewReturnsError, match="252 returns needed, found 251"):
        require_out_of_sample("AAA", 251)


def test_an_off_grid_newest_origin_is_passed_over():
    assert non_overlapping(np.array([0, 5, 10, 12]), 5).tolist() == [0, 1, 2]
    assert non_overlapping(np.array([0, 5, 10, 12, 13, 15]), 5).tolist() == [0, 1, 2, 5]


def test_daily_origins_of_a_longer_horizon_are_thinned():
    assert non_overlapping(np.arange(12), 5).tolist() == [0, 5, 10]
    assert non_overlapping(np.array([3, 4, 11, 12]), 5).tolist() == [0, 2]
    assert non_overlapping(np.empty(0, dtype=np.int64), 5).tolist() == []
