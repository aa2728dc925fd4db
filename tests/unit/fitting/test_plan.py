"""Anchors, origins and names of planned models."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from hf_platform.errors import TooFewReturnsError
from hf_platform.fitting.plan import late_vintages, pack, plan_key, walk_forward
from hf_platform.horizons import Horizon
from hf_platform.models import get_family
from hf_platform.models.base import Schedule, Series
from hf_platform.types import GridKey

Maker = Callable[..., Series]
SCHEDULE = Schedule(minimum={"*": 100}, window={"*": 150}, every={"*": 50})
EWMA = get_family("ewma")


def plan(series: Series, horizon: str = "1d", seed: int = 0, code: str = "c") -> list:
    return plan_key(EWMA, GridKey(series.instrument, horizon), series, root_seed=seed, code_version=code)


def test_segments_of_a_daily_series() -> None:
    segments = walk_forward(SCHEDULE, Horizon.parse("1d"), 221)
    assert [(s.start, s.stop) for s in segments] == [(1, 101), (1, 151), (51, 201)]
    assert np.concatenate([s.origins for s in segments]).tolist() == list(range(100, 221))
    assert all(s.origins[0] >= s.stop - 1 for s in segments)


def test_origins_of_a_longer_horizon_do_not_overlap_but_end_at_the_newest_bar() -> None:
    origins = np.concatenate([s.origins for s in walk_forward(SCHEDULE, Horizon.parse("20d"), 171)])
    assert origins.tolist() == [100, 120, 140, 160, 170]


def test_families_share_their_origins_whatever_their_minimum() -> None:
    late = Schedule(minimum={"*": 133}, window={"*": 150}, every={"*": 50})
    origins = np.concatenate([s.origins for s in walk_forward(late, Horizon.parse("20d"), 171)])
    assert origins.tolist() == [140, 160, 170]


def test_a_segment_without_an_origin_is_not_fitted() -> None:
    segments = walk_forward(SCHEDULE, Horizon.parse("200d"), 390)
    assert [s.origins.tolist() for s in segments] == [[200], [389]]


def test_refitting_at_every_bar_gives_each_origin_its_own_model() -> None:
    segments = walk_forward(replace(SCHEDULE, every={"*": 1}), Horizon.parse("1d"), 110)
    assert [s.origins.tolist() for s in segments] == [[i] for i in range(100, 110)]
    assert [s.stop for s in segments] == list(range(101, 111))


def test_too_short_a_series_says_what_it_needs(make_series: Maker) -> None:
    with pytest.raises(TooFewReturnsError) as caught:
        plan(make_series(n_bars=250))
    assert (caught.value.required, caught.value.found) == (250, 249)


def test_more_history_renames_nothing(make_series: Maker) -> None:
    short, long = plan(make_series(n_bars=700)), plan(make_series(n_bars=800))
    assert [m.task.model_id for m in short] == [m.task.model_id for m in long][: len(short)]
    assert len(long) == len(short) + 1
    assert short[-1].is_newest
    assert not long[-2].is_newest


@pytest.mark.parametrize("change", ["seed", "code", "horizon", "return"])
def test_anything_that_decides_a_number_renames_the_model(make_series: Maker, change: str) -> None:
    series = make_series(n_bars=300)
    base = plan(series)[0].task.model_id
    returns = series.log_return.copy()
    returns[200] += 1e-12
    other = {
        "seed": lambda: plan(series, seed=1),
        "code": lambda: plan(series, code="d"),
        "horizon": lambda: plan(series, "5d"),
        "return": lambda: plan(replace(series, log_return=returns)),
    }[change]()
    assert other[0].task.model_id != base


def test_a_restated_bar_after_the_anchor_renames_the_model_of_its_segment_only(make_series: Maker) -> None:
    series = make_series(n_bars=800)
    known, returns = series.known_at.copy(), series.log_return.copy()
    known[600:611] = known[610] + np.timedelta64(1, "h")  # bar 600 restated after bar 610: a running maximum
    returns[600] = 0.01
    restated = replace(series, known_at=known, log_return=returns)
    assert late_vintages(restated).tolist() == list(range(600, 611))
    before, after = plan(series), plan(restated)
    same = [a.task.model_id == b.task.model_id for a, b in zip(before, after, strict=True)]
    assert same == [True, False, False]  # anchors 250, 500 (origins 500 to 749), 750 (trained on it)


def test_a_newest_bar_that_came_late_counts_until_the_next_one(make_series: Maker) -> None:
    series = make_series(n_bars=300)
    known = series.known_at.copy()
    known[-1] += np.timedelta64(2, "h")
    late = replace(series, known_at=known)
    assert late_vintages(series).size == 0
    assert late_vintages(late).tolist() == [299]
    assert plan(late)[-1].task.model_id != plan(series)[-1].task.model_id


def test_packing_keeps_order_and_never_splits() -> None:
    assert pack("abcd", [3, 3, 5, 1], 6) == [["a", "b"], ["c", "d"]]
    assert pack("ab", [9, 1], 6) == [["a"], ["b"]]
    assert pack("", [], 6) == []
