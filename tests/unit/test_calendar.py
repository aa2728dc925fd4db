from datetime import datetime

import numpy as np
import pytest

from hf_platform import calendar
from hf_platform.errors import DataError, UnknownNameError

at = datetime.fromisoformat


def days(*texts):
    return np.array(texts, dtype="datetime64[D]")


def moments(*texts):
    return np.array(texts, dtype="datetime64[us]")


def test_sessions_know_holidays_half_days_ad_hoc_closures_and_summer_time():
    found = calendar.session_closes("XNYS", at("2018-11-21"), at("2018-12-07"))
    expected = moments(
        "2018-11-21T21:00", "2018-11-23T18:00", "2018-11-26T21:00", "2018-11-27T21:00", "2018-11-28T21:00",
        "2018-11-29T21:00", "2018-11-30T21:00", "2018-12-03T21:00", "2018-12-04T21:00", "2018-12-06T21:00",
    )  # fmt: skip  # no 22 November (Thanksgiving), no 5 December (day of mourning)
    np.testing.assert_array_equal(found, expected)
    assert calendar.session_closes("XNYS", at("2019-07-01"), at("2019-07-02"))[0] == moments("2019-07-01T20:00")[0]


def test_friday_is_closed_on_friday_night_and_not_on_monday():
    assert calendar.next_session_close("XNYS", at("2024-05-30T20:00")) == at("2024-05-31T20:00")
    assert calendar.next_session_close("XNYS", at("2024-05-31T20:00")) == at("2024-06-03T20:00")


def test_both_ends_of_a_range_are_included_and_zones_are_understood():
    from datetime import timedelta, timezone

    new_york = timezone(timedelta(hours=-4))
    found = calendar.session_closes("XNYS", at("2024-05-31T16:00").replace(tzinfo=new_york), at("2024-06-03T20:00"))
    np.testing.assert_array_equal(found, moments("2024-05-31T20:00", "2024-06-03T20:00"))


def test_around_the_clock():
    np.testing.assert_array_equal(
        calendar.session_closes("24/7", at("2024-02-28T12:00"), at("2024-03-02")),
        moments("2024-02-29", "2024-03-01", "2024-03-02"),
    )


@pytest.mark.slow  # the lunar calendar takes seconds to build
def test_korean_sessions():
    closes, is_session = calendar.closes_of("XKRX", days("2024-02-08", "2024-02-09"))  # lunar new year
    assert is_session.tolist() == [True, False]
    assert closes[0] == moments("2024-02-08T06:30")[0]


def test_sessions_reach_back_to_1980():
    assert calendar.sessions("XNYS").dates[0] == np.datetime64("1980-01-02")
    assert calendar.session_closes("XNYS", at("1987-10-19"), at("1987-10-20")).size == 1


def test_a_day_without_a_session_keeps_the_regular_close_of_that_day():
    closes, is_session = calendar.closes_of("XNYS", days("2018-12-04", "2018-12-05", "2019-07-04", "2019-07-03"))
    np.testing.assert_array_equal(
        closes, moments("2018-12-04T21:00", "2018-12-05T21:00", "2019-07-04T20:00", "2019-07-03T17:00")
    )
    assert is_session.tolist() == [True, False, False, True]


def test_weeks_and_months_end_with_their_last_session():
    np.testing.assert_array_equal(
        calendar.bar_closes("XNYS", "1w", at("2019-04-08"), at("2019-04-27")),
        moments("2019-04-12T20:00", "2019-04-18T20:00", "2019-04-26T20:00"),  # Good Friday was the 19th
    )
    np.testing.assert_array_equal(
        calendar.bar_closes("XNYS", "1mo", at("2024-03-01"), at("2024-05-01")),
        moments("2024-03-28T20:00", "2024-04-30T20:00"),
    )


@pytest.mark.parametrize(("frequency", "n"), [("1min", 210), ("5min", 42), ("15min", 14), ("30min", 7), ("1h", 4)])
def test_intraday_bars_of_a_half_day_end_with_the_session(frequency, n):
    grid = calendar.bar_closes("XNYS", frequency, at("2019-07-03T00:00"), at("2019-07-04T00:00"))
    assert grid.size == n
    assert grid[-1] == moments("2019-07-03T17:00")[0]
    assert (np.diff(grid) > np.timedelta64(0, "s")).all()


def test_intraday_grid_of_a_day_around_the_clock():
    assert calendar.bar_closes("24/7", "1h", at("2024-01-01T00:30"), at("2024-01-02T00:00")).size == 24


def test_next_bar_closes_continue_the_grid():
    start = at("2024-12-20T21:00")
    for frequency in ("1h", "1d", "1w", "1mo"):
        following = calendar.next_bar_closes("XNYS", frequency, start, 30)
        assert following.size == 30
        grid = calendar.bar_closes("XNYS", frequency, at("2024-12-20T21:00:00.000001"), following[-1])
        np.testing.assert_array_equal(following, grid)


def test_in_session_counts_the_opening_print_and_the_close():
    moment = moments("2024-01-02T14:29:59", "2024-01-02T14:30", "2024-01-02T21:00", "2024-01-02T21:00:01", "2024-01-06")
    assert calendar.in_session("XNYS", moment).tolist() == [False, True, True, False, False]


def test_names_that_do_not_exist_and_ends_of_calendars_are_told():
    assert calendar.is_known_calendar("24/7")
    assert calendar.is_known_calendar("XTKS")
    assert not calendar.is_known_calendar("MOON")
    with pytest.raises(UnknownNameError, match="MOON"):
        calendar.sessions("MOON")
    with pytest.raises(UnknownNameError, match="2w"):
        calendar.bar_closes("XNYS", "2w", at("2024-01-01"), at("2024-02-01"))
    with pytest.raises(DataError, match="ends on 2040-12-31"):
        calendar.next_session_close("XNYS", at("2041-01-01"))
    with pytest.raises(DataError, match="ends on"):
        calendar.next_bar_closes("XNYS", "1mo", at("2040-11-01"), 5)
