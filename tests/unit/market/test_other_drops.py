"""Corporate actions and alternative data dropped as files, from the header to the lake."""

import json
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest

from hf_platform.market import inbox
from hf_platform.market.alternative_data import PUBLICATION_LAG, AlternativeSource, read_alternative
from hf_platform.market.alternative_load import load_alternative
from hf_platform.market.corporate_actions import ActionSource, load_actions, read_actions
from hf_platform.market.sources.files import FilesSource
from hf_platform.market.universe import Instrument

at = datetime.fromisoformat
NOW, EVER = at("2024-06-01T00:00"), at("2100-01-01")
KNOWN = {"ABC": Instrument(instrument="ABC"), "LON": Instrument(instrument="LON", calendar="XLON")}
ACTIONS = (
    "instrument,action,ex_date,value,announced,ratio,counterpart\n"
    "abc,split,2024-02-05,2,,,\n"
    "ABC,Dividend,2024-03-04,0.25,2024-02-20,,\n"
    "ABC,dividend,2024-05-06,oops,,,\n"
    "ABC,bonus,2024-05-07,1,,,\n"
    "ABC,merger,2024-05-31,12.5,2024-03-01,0.4,LON\n"
    "LON,dividend,2024-03-04,0.1,,,\n"
    "XYZ,split,2024-03-04,3,,,\n"
)
NEWS = (
    "instrument,kind,name,event_at,known_at,value,text,embedding\n"
    'ABC,news,sentiment,2024-03-04T15:00:00Z,,0.7,"Profit, at last","[0.1, 0.2]"\n'
    'ABC,news,sentiment,2024-03-05T10:00:00-05:00,2024-03-05T15:30,-0.2,,"[0.3, 0.4]"\n'
    "ABC,satellite,index,2024-03-04,,42,,\n"
    "ABC,news,sentiment,yesterday,,1,,\n"
    'ABC,news,sentiment,2024-03-06T15:00,,0.1,,"[1, two]"\n'
    "LON,card_spending,index,2024-03-04,,101.5,,\n"
)


def drop(settings, name, content):
    settings.inbox.mkdir(parents=True, exist_ok=True)
    path = settings.inbox / name
    path.write_text(content)
    return path


def stage(settings, name, content):
    return inbox.stage(drop(settings, name, content), settings, universe=KNOWN, now=NOW)


def test_a_file_of_actions_reaches_the_lake_row_by_row(store, settings):
    staged = stage(settings, "actions.csv", ACTIONS)
    assert sorted(staged.accepted) == ["ABC", "LON"]
    assert [(r.instrument, r.rule, r.row) for r in staged.rejected] == [("XYZ", "the instrument has prices", 7)]
    assert staged.moved_to == settings.inbox / "processed" / "actions.csv"
    source = FilesSource(settings)
    assert isinstance(source, ActionSource)
    assert source.instruments() == []  # no prices were dropped
    found = load_actions(store, source, source.action_instruments(), run_id="r", now=NOW)
    assert (found["ABC"].rows_new, found["ABC"].rows_quarantined, found["LON"].rows_new) == (3, 2, 1)
    rows = read_actions(store, ["ABC", "LON"])
    assert rows.select("instrument", "kind", "event_at", "known_at", "value", "ratio", "counterpart").rows() == [
        ("ABC", "split", at("2024-02-05T14:30"), at("2024-02-05T14:30"), 2.0, None, None),
        ("ABC", "dividend", at("2024-03-04T14:30"), at("2024-02-20T21:00"), 0.25, None, None),
        ("ABC", "merger", at("2024-05-31T20:00"), at("2024-03-01T21:00"), 12.5, 0.4, "LON"),
        ("LON", "dividend", at("2024-03-04T08:00"), at("2024-03-04T08:00"), 0.1, None, None),
    ]
    bad = store.query("SELECT rule, value, file, row_number FROM market.quarantine ORDER BY row_number").rows()
    assert bad == [
        ("every cell can be read", "value=oops", "actions.csv", 3),
        ("the kind is known", "bonus 1.0", "actions.csv", 4),
    ]


def test_a_later_file_corrects_an_earlier_one_and_says_when(store, settings):
    stage(settings, "actions.csv", ACTIONS)
    source = FilesSource(settings)
    load_actions(store, source, ["ABC"], run_id="r", now=NOW)
    stage(settings, "more.csv", "instrument,action,date,value\nABC,dividend,2024-03-04,0.30\n")
    later = at("2024-06-02T08:00")
    assert load_actions(store, source, ["ABC"], run_id="r", now=later)["ABC"].rows_restated == 1
    assert read_actions(store, ["ABC"]).filter(pl.col("kind") == "dividend")["value"].to_list() == [0.30]
    assert read_actions(store, ["ABC"], NOW).filter(pl.col("kind") == "dividend")["value"].to_list() == [0.25]
    staged = stage(settings, "again.csv", "instrument,action,date,value\nABC,dividend,2024-03-04,0.30\n")
    assert len(list(staged.accepted["ABC"].parent.glob("*.parquet"))) == 2  # the same content is staged once


def test_a_file_of_alternative_data_reaches_the_lake_row_by_row(store, settings):
    staged = stage(settings, "news.csv", NEWS)
    assert (sorted(staged.accepted), staged.rejected) == (["ABC", "LON"], [])
    source = FilesSource(settings)
    assert isinstance(source, AlternativeSource)
    found = load_alternative(store, source, source.alternative_instruments(), run_id="r", now=NOW)
    assert (found["ABC"].rows_new, found["ABC"].rows_quarantined, found["LON"].rows_new) == (3, 2, 1)
    news = read_alternative(store, ["ABC"], EVER, "news")
    assert news["event_at"].to_list() == [at("2024-03-04T15:00"), at("2024-03-05T15:00")]
    assert news["known_at"].to_list() == [at("2024-03-04T15:01"), at("2024-03-05T15:30")]
    assert news["embedding"].to_list() == [[0.1, 0.2], [0.3, 0.4]]
    assert news["text"].to_list() == ["Profit, at last", None]
    for name, kind, close in (("ABC", "satellite", "2024-03-04T21:00"), ("LON", "card_spending", "2024-03-04T16:30")):
        one = read_alternative(store, [name], EVER, kind).row(0, named=True)
        assert (one["event_at"], one["known_at"]) == (at(close), at(close) + PUBLICATION_LAG[kind])
    bad = store.query("SELECT value, row_number FROM market.quarantine ORDER BY row_number").rows()
    assert bad == [("event_at=yesterday", 4), ("embedding=[1, two]", 5)]


def test_parquet_may_hold_vectors(store, settings):
    frame = pl.DataFrame(
        {"instrument": ["ABC"], "kind": ["news"], "name": ["headline"], "event_at": [at("2024-03-04T15:00")],
         "embedding": [[0.5, 0.25]]}
    )  # fmt: skip
    settings.inbox.mkdir(parents=True)
    frame.write_parquet(settings.inbox / "vectors.parquet")
    staged = inbox.stage(settings.inbox / "vectors.parquet", settings, universe=KNOWN, now=NOW)
    assert list(staged.accepted) == ["ABC"]
    load_alternative(store, FilesSource(settings), ["ABC"], run_id="r", now=NOW)
    assert read_alternative(store, ["ABC"], EVER)["embedding"].to_list() == [[0.5, 0.25]]


@pytest.mark.parametrize(
    ("content", "rule", "value"),
    [
        ("action,date,value\nsplit,2024-01-02,2\n", "there is a column instrument", "action, date, value"),
        ("instrument,action,value\nABC,split,2\n", "there is one column date or ex_date", "none"),
        ("instrument,kind,name,date,price\nABC,news,x,2024-01-02,1\n", "every column is known", "'price'"),
        ("instrument,kind,event_at,value\nABC,news,2024-01-02,1\n", "there is a column name", "instrument, kind"),
    ],
)
def test_a_header_that_is_wrong_names_the_columns_of_its_own_layout(settings, content, rule, value):
    staged = stage(settings, "odd.csv", content)
    assert staged.accepted == {}
    assert staged.rejected[0].rule == rule
    assert value in staged.rejected[0].value
    assert "action" in staged.rejected[0].next_step or "kind" in staged.rejected[0].next_step
    reasons = json.loads(Path(staged.reason_file).read_text())
    assert reasons["rejected"][0]["rule"] == rule
