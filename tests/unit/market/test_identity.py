"""Permanent names, tickers that move between them, and names that are gone."""

from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest

from hf_platform.market import inbox
from hf_platform.market.adjustments import read_adjusted_bars
from hf_platform.market.bars import build_bars, read_bars
from hf_platform.market.corporate_actions import load_actions
from hf_platform.market.ingest import load_prices
from hf_platform.market.sources.files import FilesSource
from hf_platform.market.tickers import read_tickers
from hf_platform.settings import Settings

at = datetime.fromisoformat
NOW = at("2024-06-01T00:00")
# Two companies were called GM: Motors Liquidation until its listing ended, General Motors since its IPO.
SPELLS = """ticker,instrument,valid_from,valid_to
FB,META,2012-05-18,2022-06-09
META,META,2022-06-09,
META,METV,2021-06-30,2022-01-31
GM,MTLQ,1962-01-02,2009-06-02
GM,GM,2010-11-18,
"""


@pytest.fixture
def settings(tmp_path):
    return Settings(home=tmp_path / "files")


def stage(settings, name, content):
    settings.inbox.mkdir(parents=True, exist_ok=True)
    path = settings.inbox / name
    path.write_text(content)
    return inbox.stage(path, settings, now=NOW)


def closes(settings, instrument):
    rows = FilesSource(settings).fetch(instrument)
    return dict(zip(rows["event_at"].dt.date().cast(pl.String).to_list(), rows["close"].to_list(), strict=True))


def test_a_renamed_ticker_is_one_series_and_a_recycled_one_is_two(settings):
    told = stage(settings, "tickers.csv", SPELLS)
    assert (told.waiting, told.rejected) == (("GM", "META", "METV", "MTLQ"), [])
    result = stage(
        settings, "prices.csv",
        "ticker,date,close\nFB,2022-06-07,195.7\nFB,2022-06-08,196.6\nMETA,2022-06-09,184.0\nMETA,2022-01-28,14.0\n"
        "GM,2009-05-29,0.75\nGM,2009-06-01,0.75\nGM,2010-11-18,34.19\nGM,2010-11-19,34.26\n",
    )  # fmt: skip
    assert sorted(result.accepted) == ["GM", "META", "METV", "MTLQ"]
    assert result.rejected == []
    assert closes(settings, "META") == {"2022-06-07": 195.7, "2022-06-08": 196.6, "2022-06-09": 184.0}
    assert closes(settings, "METV") == {"2022-01-28": 14.0}
    assert closes(settings, "MTLQ") == {"2009-05-29": 0.75, "2009-06-01": 0.75}
    assert closes(settings, "GM") == {"2010-11-18": 34.19, "2010-11-19": 34.26}


@pytest.mark.slow  # builds the calendar of Sydney
def test_a_time_of_day_counts_for_its_session_and_an_evening_in_utc_for_the_next_one(settings):
    stage(settings, "tickers.csv", "ticker,instrument,valid_from,valid_to\nOLD,AUS,2000-01-01,2023-12-05\n"
          "NEW,AUS,2023-12-05,\n")  # fmt: skip
    stage(settings, "AUS.csv", "date,close,calendar\n2023-12-01,9.0,XASX\n")
    # 10:00 to 11:00 on 5 December in Sydney is 23:00 to 24:00 UTC on the 4th: already the new ticker.
    result = stage(
        settings, "hours.csv",
        "ticker,event_at,close,frequency\nOLD,2023-12-04T05:00:00Z,10.0,1h\nNEW,2023-12-05T00:00:00Z,10.1,1h\n"
        "OLD,2023-12-05T01:00:00Z,10.2,1h\n",
    )  # fmt: skip
    assert [(r.instrument, r.row) for r in result.rejected] == [("OLD", 3)]
    assert FilesSource(settings).fetch("AUS")["close"].to_list()[-2:] == [10.0, 10.1]


def test_a_ticker_that_names_nobody_on_a_day_costs_only_its_rows(settings):
    stage(settings, "tickers.csv", SPELLS)
    result = stage(settings, "p.csv", "ticker,date,close\nGM,2010-01-04,1\nXYZ,2020-01-02,2\nFB,2020-01-02,209.78\n")
    assert list(result.accepted) == ["META"]
    assert [(r.instrument, r.row, r.value) for r in result.rejected] == [
        ("GM", 1, "GM on 2010-01-04"),
        ("XYZ", 2, "XYZ on 2020-01-02"),
    ]
    assert all(
        "names an instrument on the day" in r.rule and "ticker,instrument" in r.next_step for r in result.rejected
    )


@pytest.mark.parametrize(
    ("row", "rule", "value"),
    [
        ("FB,OTHER,2020-01-01,", "names one instrument on a day", "FB of META"),
        ("FB,META,soon,", "ISO 8601", "soon"),
        ("FB,META,2020-01-01,never", "ISO 8601", "never"),
        ("FB,META,2020-01-02,2020-01-01", "does not end before", "2020-01-02 to 2020-01-01"),
        (",META,2020-01-02,", "1 to 40 characters", "''"),
        ("FB,M ETA,2020-01-02,", "names of instruments", "M ETA"),
    ],
)
def test_a_bad_spell_is_rejected_with_its_reason(settings, row, rule, value):
    stage(settings, "tickers.csv", SPELLS)
    result = stage(settings, "more.csv", f"ticker,instrument,valid_from,valid_to\n{row}\n")
    assert (result.accepted, result.waiting) == ({}, ())
    (why,) = result.rejected
    assert rule in why.rule
    assert value in why.value


def test_actions_and_alternative_data_may_come_under_tickers(settings):
    stage(settings, "tickers.csv", SPELLS)
    stage(settings, "p.csv", "ticker,date,close\nFB,2022-06-07,195.7\nMETA,2022-06-09,184\n")
    result = stage(settings, "a.csv", "ticker,action,ex_date,value\nMETA,dividend,2024-02-21,0.5\n")
    assert list(result.accepted) == ["META"]
    assert FilesSource(settings).corporate_actions("META")["value"].to_list() == [0.5]
    result = stage(settings, "n.csv", "ticker,kind,name,date,value\nFB,news,sentiment,2022-06-07,0.2\n")
    assert list(result.accepted) == ["META"]
    assert FilesSource(settings).alternative_data("META")["value"].to_list() == [0.2]


def test_both_names_in_one_file_are_refused(settings):
    result = stage(settings, "p.csv", "ticker,instrument,date,close\nFB,META,2022-06-07,195.7\n")
    assert "instrument and ticker" in result.rejected[0].value


def test_the_lake_keeps_spells_with_both_clocks(store):
    settings = store.settings
    stage(settings, "tickers.csv", "ticker,instrument,valid_from\nFB,META,2012-05-18\n")
    stage(settings, "p.csv", "ticker,date,close\nFB,2020-01-02,209.78\nFB,2020-01-03,208.67\n")
    load_prices(store, FilesSource(settings), ["META"], run_id="r1", now=NOW)
    renamed = NOW + timedelta(days=10)
    stage(settings, "more.csv", "ticker,instrument,valid_from,valid_to,announced\n"
          "FB,META,2012-05-18,2022-06-09,\nMETA,META,2022-06-09,,2022-05-31\n")  # fmt: skip
    load_prices(store, FilesSource(settings), ["META"], run_id="r2", now=renamed)
    load_prices(store, FilesSource(settings), ["META"], run_id="r3", now=renamed + timedelta(days=1))
    assert store.query("SELECT count(*) FROM market.tickers").item() == 3  # loading again writes nothing
    before = read_tickers(store, as_of=at("2024-06-02"))
    assert before.select("ticker", "valid_to").rows() == [("FB", None), ("META", None)]
    after = read_tickers(store)
    assert after.select("ticker", "valid_to", "known_at").rows() == [
        ("FB", at("2022-06-09"), renamed), ("META", None, at("2022-05-31")),
    ]  # fmt: skip


def lake_of_two(store, action):
    settings = store.settings
    days = ["2023-05-01", "2023-05-02", "2023-05-03", "2023-05-04", "2023-05-05"]  # Monday to Friday
    rows = [f"GONE,{d},{10 + i}\n" for i, d in enumerate(days)] + [f"BUYER,{d},{50 + i}\n" for i, d in enumerate(days)]
    stage(settings, "p.csv", "instrument,date,close\n" + "".join(rows) + "BUYER,2023-05-08,60\n")
    stage(settings, "a.csv", f"instrument,action,ex_date,value,ratio,counterpart\nGONE,{action}\n")
    source = FilesSource(settings)
    load_prices(store, source, ["GONE", "BUYER"], run_id="r", now=NOW)
    load_actions(store, source, ["GONE"], run_id="r", now=NOW)
    return build_bars(store, ["GONE", "BUYER"], run_id="r")


@pytest.mark.parametrize(
    ("action", "worth", "paid_at"),
    [
        ("merger,2023-05-05,4.5,0.2,BUYER", 4.5 + 0.2 * 54, "2023-05-08T20:00"),  # the weekend in between
        ("merger,2023-05-08,16.25,,", 16.25, "2023-05-08T20:00"),
        ("delisting,2023-05-05,3.5,,", 3.5, "2023-05-08T20:00"),
    ],
)
def test_a_name_that_is_gone_ends_with_what_its_holders_got(store, action, worth, paid_at):
    lake_of_two(store, action)
    bars = read_bars(store, ["GONE"], frequency="1d")
    assert bars["close"].to_list() == pytest.approx([10, 11, 12, 13, 14, worth], abs=1e-12)
    last = bars.row(-1, named=True)
    assert (last["event_at"], last["known_at"]) == (at(paid_at), at(paid_at))
    assert last["flags"][0] == "final_payment"
    prices = read_adjusted_bars(store, ["GONE"], "1d", NOW)
    price = (prices["close"] * prices["adjustment"]).to_numpy()
    assert np.log(price[-1] / price[0]) == pytest.approx(np.log(worth / 10), abs=1e-12)
    assert all(result.rows == {} for result in build_bars(store, ["GONE", "BUYER"], run_id="again").values())


def test_a_total_loss_stands_there_and_has_no_logarithm(store):
    lake_of_two(store, "delisting,2023-05-05,0,,")
    last = read_bars(store, ["GONE"], frequency="1d").row(-1, named=True)
    assert (last["close"], last["flags"]) == (0.0, ["final_payment", "non_positive_price"])


def test_no_payment_is_made_up(store):
    lake_of_two(store, "merger,2023-05-05,0,0.2,NOBODY")  # shares without a price
    assert read_bars(store, ["GONE"], frequency="1d").height == 5


def test_prices_after_the_end_are_not_cut_off(store):
    lake_of_two(store, "delisting,2023-05-03,1,,")
    assert read_bars(store, ["GONE"], frequency="1d")["close"].to_list() == [10, 11, 12, 13, 14]


def test_a_cancelled_merger_takes_the_payment_back_and_its_return_with_it(store):
    lake_of_two(store, "merger,2023-05-08,16.25,,")
    paid = read_bars(store, ["GONE"], frequency="1d").height
    stage(store.settings, "b.csv", "instrument,action,ex_date,value\nGONE,merger,2023-05-08,\n")
    load_actions(store, FilesSource(store.settings), ["GONE"], run_id="r", now=NOW + timedelta(days=1))
    build_bars(store, ["GONE"], run_id="r")
    bars = read_bars(store, ["GONE"], frequency="1d")
    assert (bars.height, bars["flags"].to_list()[-1]) == (paid, ["cancelled_payment"])
    assert store.query("SELECT count(*) FROM market.bars WHERE frequency = '1d' AND instrument = 'GONE'").item() == 7
    assert all(result.rows == {} for result in build_bars(store, ["GONE"], run_id="again").values())
