"""The drawing kit: scales, ticks, thinning, paths."""

import numpy as np
import pytest

from hf_platform.reports import svg

DAYS = np.arange(np.datetime64("2000-01-03", "us"), np.datetime64("2010-01-03", "us"), np.timedelta64(1, "D"))


def test_scales_map_the_edges():
    frame = svg.Frame(960, 300, DAYS[0], DAYS[-1], -0.1, 0.1)
    x, y = frame.x(DAYS[[0, -1]]), frame.y(np.array([-0.1, 0.1]))
    assert (x[0], x[1]) == (58, 948)
    assert (y[0], y[1]) == (274, 10)


@pytest.mark.parametrize(("low", "high"), [(-0.07, 0.11), (0.0, 1.0), (0, 83.2), (-1e-6, 3e-6), (120.0, 121.0)])
def test_ticks_are_few_round_and_inside(low, high):
    ticks = svg.value_ticks(low, high)
    assert 3 <= len(ticks) <= 10
    assert all(low - 1e-9 <= tick <= high + 1e-9 for tick in ticks)
    assert np.allclose(np.diff(ticks), ticks[1] - ticks[0])


def test_counts_have_whole_ticks():
    assert all(tick == int(tick) for tick in svg.value_ticks(0.0, 3.4, whole=True))
    assert svg.value_ticks(2.0, 2.0) == [2.0]


def test_time_ticks_are_years_for_a_long_span_and_months_for_a_short_one():
    years = [label for _, label in svg.time_ticks(DAYS[0], DAYS[-1])]
    assert years == [str(year) for year in range(2001, 2011)]
    moments = svg.time_ticks(np.datetime64("2008-09-01", "us"), np.datetime64("2009-03-31", "us"))
    assert [label for _, label in moments][:2] == ["2008-10", "2008-11"]
    assert moments[0][0] == np.datetime64("2008-10-01", "us")
    assert len(svg.time_ticks(np.datetime64("1920-01-01", "us"), np.datetime64("2020-01-01", "us"))) <= 11


def test_thinning_keeps_the_extremes_of_each_pixel():
    values = np.random.default_rng(0).standard_normal(10_000)
    columns = np.sort(np.random.default_rng(1).integers(0, 500, 10_000))
    kept, least, most = svg.thin(columns, values)
    assert kept.size == np.unique(columns).size
    for at in (0, 100, kept.size - 1):
        inside = values[columns == kept[at]]
        assert (least[at], most[at]) == (inside.min(), inside.max())


def test_paths_are_short_text():
    assert svg.polyline(np.array([1.0, 2.04]), np.array([3.0, 4.06])) == "M1.0 3.0L2.0 4.1"
    assert svg.polyline(np.empty(0), np.empty(0)) == ""
    assert svg.bars(np.array([7]), np.array([1.0]), np.array([2.0])) == "M7 1.0V2.0"


def test_titles_are_escaped():
    frame = svg.Frame(100, 100, DAYS[0], DAYS[-1], 0.0, 1.0)
    drawing = frame.svg('a<b>"', "x & y", [], "%")
    assert "<b>" not in drawing
    assert "x &amp; y" in drawing
