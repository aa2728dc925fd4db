import gzip
import json
from datetime import datetime
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hf_platform.errors import DataError, UnknownNameError
from hf_platform.market import inbox
from hf_platform.market.sources.files import FilesSource
from hf_platform.market.universe import Instrument
from hf_platform.settings import Settings

at = datetime.fromisoformat
NOW = at("2024-06-01T00:00")
GOOD = "date,open,high,low,close,volume\n2024-01-02,10,11,9,10.5,100\n2024-01-03,10.5,12,10,11,200\n"


@pytest.fixture
def settings(tmp_path):
    return Settings(home=tmp_path / "home", inbox_max_mb=1)


def drop(settings, name, content):
    settings.inbox.mkdir(parents=True, exist_ok=True)
    path = settings.inbox / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def stage(settings, name, content, **kwargs):
    return inbox.stage(drop(settings, name, content), settings, now=NOW, **kwargs)


def test_a_good_file_is_staged_read_back_and_put_away(settings):
    result = stage(settings, "abc.csv", GOOD)
    assert list(result.accepted) == ["ABC"]
    assert result.rejected == []
    assert result.moved_to == settings.inbox / "processed" / "abc.csv"
    assert not (settings.inbox / "abc.csv").exists()
    source = FilesSource(settings)
    assert source.instruments() == [Instrument(instrument="ABC")]
    rows = source.fetch("ABC")
    assert rows["event_at"].to_list() == [at("2024-01-02T21:00"), at("2024-01-03T21:00")]
    assert rows["known_at"].to_list() == rows["event_at"].to_list()
    assert rows["close"].to_list() == [10.5, 11.0]
    assert rows["row_number"].to_list() == [1, 2]
    assert rows["file"].unique().to_list() == ["abc.csv"]


BAD = {
    "wrong columns": ("date,price\n2024-01-02,1\n", "every column is known", "'price'"),
    "no close": ("date,open\n2024-01-02,1\n", "there is a column close", "date, open"),
    "no date": ("instrument,close\nA,1\n", "one column date or event_at", "none"),
    "two dates": ("date,event_at,close\n2024-01-02,2024-01-02,1\n", "one column date or event_at", "date, event_at"),
    "column twice": ("date,close,close\n2024-01-02,1,2\n", "every column comes once", "close"),
    "semicolons": ("date;close\n2024-01-02;1\n", "every column is known", "date;close"),
    "unparsable date": ("date,close\n2024-01-02,1\nyesterday,2\n", "ISO 8601", "yesterday"),
    "impossible date": ("date,close\n2024-02-30,1\n", "ISO 8601", "2024-02-30"),
    "American date": ("date,close\n01/31/2024,1\n", "ISO 8601", "01/31/2024"),
    "negative price": ("date,close\n2024-01-02,1\n2024-01-03,-2\n", "prices are positive", "-2"),
    "zero price": ("date,close\n2024-01-02,0\n", "prices are positive", "0"),
    "text price": ("date,close\n2024-01-02,1\n2024-01-03,abc\n", "finite numbers", "close=abc"),
    "thousands": ('date,close\n2024-01-02,"1,234.5"\n', "finite numbers", "close=1,234.5"),
    "decimal comma": ('date,close\n2024-01-02,"12,5"\n', "finite numbers", "close=12,5"),
    "decimal comma unquoted": ("date,close\n2024-01-02,12,5\n", "every row has 2 fields", "3 fields"),
    "Excel date": ("date,close\n45293,12.5\n", "ISO 8601", "45293"),
    "gzip under another name": (gzip.compress(GOOD.encode()), "no zero bytes", "zero byte"),
    "cut in the middle": ("date,open,close\n2024-01-02,1,1\n2024-01-03,1", "every row has 3 fields", "2 fields"),
    "infinite price": ("date,close\n2024-01-02,inf\n", "finite numbers", "close=inf"),
    "high below low": ("date,high,low,close\n2024-01-02,9,11,10\n", "high is not below the low", "high=9"),
    "negative volume": ("date,close,volume\n2024-01-02,9,-1\n", "volume is not negative", "-1"),
    "same duplicate": ("date,close\n2024-01-02,9\n2024-01-02,9\n", "one row per bar", "second time"),
    "conflict": ("date,close\n2024-01-02,9\n2024-01-02,8\n", "one row per bar", "different values"),
    "future": ("date,close\n2024-01-02,9\n2034-01-03,8\n", "ended before it is loaded", "2034-01-03"),
    "unsorted": ("date,close\n2024-01-03,9\n2024-01-02,8\n", "sorted by time", "2024-01-02"),
    "mixed zones": (
        "event_at,close\n2024-01-02T21:00:00Z,9\n2024-01-03T21:00:00,8\n",
        "one zone",
        "2024-01-03T21:00:00",
    ),
    "far zones": (
        "event_at,close\n2024-01-02T21:00:00+00:00,9\n2024-01-03T21:00:00+05:00,8\n",
        "one zone",
        "+05:00",
    ),
    "no close at all": ("date,close\n2024-01-02,\n2024-01-03,NaN\n", "at least one close", "none"),
    "empty": ("", "the file has content", "0 bytes"),
    "header only": ("date,close\n", "at least one row", "none"),
    "short row": ("date,close\n2024-01-02,1\n2024-01-03\n", "every row has 2 fields", "1 fields"),
    "long row": ("date,close\n2024-01-02,1,7\n", "every row has 2 fields", "3 fields"),
    "hole": ("date,close\n2024-01-02,1\n\n2024-01-03,1\n", "every row has 2 fields", "empty line"),
    "open quote": ('date,close\n2024-01-02,"1\n2024-01-03,1\n', "", ""),
    "UTF-16": (GOOD.encode("utf-16"), "text is UTF-8", "UTF-16"),
    "Latin-1": (b"instrument,date,close\nA,2024-01-02,1\n\xc4,2024-01-02,1\n", "text is UTF-8", "0xc4"),
    "zero bytes": (b"date,close\n2024-01-02,1\x00\n", "no zero bytes", "zero byte"),
    "many columns": (",".join(f"c{i}" for i in range(10_000)) + "\n1\n", "at most 64 columns", "10000 columns"),
    "endless header": ("x" * 100_000, "header fits into 64 KiB", "longer"),
    "too large": ("date,close\n" + "2024-01-02,1\n" * 100_000, "at most 1 MiB", "MiB"),
    "unknown calendar": ("date,close,calendar\n2024-01-02,1,MOON\n", "valid", "MOON"),
    "bad currency": ("date,close,currency\n2024-01-02,1,dollars\n", "valid", "dollars"),
    "bad frequency": ("date,close,frequency\n2024-01-02,1,2d\n", "frequency is one of", "2d"),
    "two calendars": ("date,close,calendar\n2024-01-02,1,XNYS\n2024-01-03,1,XLON\n", "valid", "XLON, XNYS"),
    "local times without zone": (
        "event_at,close\n" + "".join(f"2024-01-02T{9 + m // 60:02d}:{m % 60:02d},1\n" for m in range(31, 200, 5)),
        "times are closes of 5min bars",
        "%",
    ),
}


@pytest.mark.parametrize("case", BAD, ids=list(BAD))
def test_bad_input_is_refused_with_file_row_rule_value_and_next_step(settings, case):
    content, rule, value = BAD[case]
    result = stage(settings, "x1.csv", content)
    assert result.accepted == {}
    [first, *_] = result.rejected
    assert rule in first.rule
    assert value in first.value
    assert first.file == "x1.csv"
    assert first.next_step.endswith(".")
    assert "x1.csv" in str(first)
    assert result.moved_to == settings.inbox / "rejected" / "x1.csv"
    assert not (settings.inbox / "x1.csv").exists()
    assert not inbox.staged_folder(settings).exists()
    reasons = json.loads((settings.inbox / "rejected" / "x1.csv.reason.json").read_text())
    assert reasons["rejected"][0]["rule"] == first.rule


@pytest.mark.parametrize(
    ("case", "row"),
    [("unparsable date", 2), ("negative price", 2), ("conflict", 1), ("same duplicate", 2), ("unsorted", 2),
     ("short row", 2), ("Latin-1", 2), ("mixed zones", 2), ("text price", 2)],
)  # fmt: skip
def test_the_row_is_counted_from_the_first_below_the_header(settings, case, row):
    assert stage(settings, "x1.csv", BAD[case][0]).rejected[0].row == row


EVIL = ["../../etc/passwd", "a'; drop table market.bars; --", "A B", "", "-A", "A" * 33, "A\u212a", "\u0131",
        "A/B", "|1d", "A\n"]  # fmt: skip


@pytest.mark.parametrize("name", EVIL)
def test_evil_names_are_refused_and_good_instruments_of_the_same_drop_proceed(settings, name, tmp_path):
    frame = pl.DataFrame({"instrument": ["GOOD", name], "date": ["2024-01-02", "2024-01-02"], "close": [1.0, 2.0]})
    settings.inbox.mkdir(parents=True)
    frame.write_csv(settings.inbox / "two.csv")
    result = inbox.stage(settings.inbox / "two.csv", settings, now=NOW)
    if name == "A\n":  # blanks around a name are no part of it
        assert set(result.accepted) == {"GOOD", "A"}
        return
    assert set(result.accepted) == {"GOOD"}
    assert [r.row for r in result.rejected] == [2]
    assert result.moved_to == settings.inbox / "processed" / "two.csv"
    assert json.loads(result.reason_file.read_text())["accepted"] == ["GOOD"]
    assert sorted(p.name for p in inbox.staged_folder(settings).iterdir()) == ["GOOD"]
    assert list(tmp_path.rglob("*passwd*")) == []


def test_an_evil_file_name_is_no_instrument(settings):
    result = stage(settings, "a'; drop table.csv", GOOD)
    assert result.accepted == {}
    assert "1 to 32 capitals" in result.rejected[0].value


def test_byte_order_mark_carriage_returns_capitals_and_compact_dates_are_fine(settings):
    text = "\ufeffDate,Close\r\n20240102,1.5\r\n20240103,2\r\n\r\n"
    result = stage(settings, "abc.csv", text)
    assert result.rejected == []
    assert FilesSource(settings).fetch("ABC")["close"].to_list() == [1.5, 2.0]


def test_missing_sessions_and_closes_are_noticed_and_do_not_reject(settings):
    text = "date,close\n2024-01-02,1\n2024-01-03,\n2024-01-05,3\n2024-01-06,3\n"
    result = stage(settings, "abc.csv", text)
    assert list(result.accepted) == ["ABC"]
    assert [n.value for n in result.notices] == ["1 bars missing", "1 rows off session", "1 rows without a close"]


def test_a_price_below_zero_is_fine_where_the_rule_says_so(settings):
    result = stage(settings, "cl.csv", "date,close,price_rule,asset_class\n2020-04-20,-36.98,any,future\n")
    assert list(result.accepted) == ["CL"]
    [record] = FilesSource(settings).instruments()
    assert (record.price_rule, record.asset_class) == ("any", "future")
    again = stage(settings, "cl.csv", "date,close\n2020-04-21,-1\n")
    assert list(again.accepted) == ["CL"]
    contrary = stage(settings, "cl.csv", "date,close,price_rule\n2020-04-22,1,positive\n")
    assert contrary.accepted == {}
    assert "price_rule is 'any' since it was first loaded" in contrary.rejected[0].value


def test_a_file_may_not_contradict_the_universe(settings):
    universe = {"ABC": Instrument(instrument="ABC", calendar="XLON", currency="GBP")}
    assert stage(settings, "abc.csv", "date,close,currency\n2024-01-02,1,USD\n", universe=universe).accepted == {}
    result = stage(settings, "abc.csv", "date,close\n2024-01-02,1\n", universe=universe)
    assert result.rejected == []
    assert FilesSource(settings).fetch("ABC")["event_at"].to_list() == [at("2024-01-02T16:30")]


def test_staging_again_changes_nothing_and_a_correction_wins(settings):
    first = stage(settings, "abc.csv", GOOD).accepted["ABC"]
    assert stage(settings, "abc.csv", GOOD).accepted["ABC"] == first
    second = stage(settings, "abc.csv", GOOD.replace("10.5,100", "10.6,100")).accepted["ABC"]
    assert second != first
    assert FilesSource(settings).fetch("ABC")["close"].to_list() == [10.6, 11.0]
    third = stage(settings, "abc.csv", GOOD).accepted["ABC"]  # dropping the old file anew takes the correction back
    assert third not in (first, second)
    assert FilesSource(settings).fetch("ABC")["close"].to_list() == [10.5, 11.0]
    processed = sorted(p.name for p in (settings.inbox / "processed").iterdir())
    assert processed == ["abc.2.csv", "abc.3.csv", "abc.4.csv", "abc.csv"]


def test_a_crash_at_any_step_leaves_a_file_that_can_be_staged_again(settings, monkeypatch):
    class Crash(BaseException):
        pass

    replace, calls = Path.replace, []
    for fatal in range(1, 4):

        def crashing(self, target, fatal=fatal):
            calls.append(target)
            if len(calls) == fatal:
                raise Crash
            return replace(self, target)

        calls.clear()
        path = drop(settings, f"abc{fatal}.csv", GOOD)
        monkeypatch.setattr(Path, "replace", crashing)
        with pytest.raises(Crash):
            inbox.stage(path, settings, now=NOW)
        monkeypatch.setattr(Path, "replace", replace)
        assert path.exists()
        assert list(settings.inbox.rglob("*.partial")) == []
        assert list(inbox.stage(path, settings, now=NOW).accepted) == [f"ABC{fatal}"]
        assert len(list(inbox.staged_folder(settings).glob(f"ABC{fatal}/*.parquet"))) == 1


def test_a_file_outside_the_inbox_stays_and_a_rejected_one_is_copied(settings, tmp_path):
    good, bad = tmp_path / "abc.csv", tmp_path / "bad.csv"
    good.write_text(GOOD)
    bad.write_text("date,close\nnever,1\n")
    assert inbox.stage(good, settings, now=NOW).moved_to is None
    assert inbox.stage(bad, settings, now=NOW).moved_to == settings.inbox / "rejected" / "bad.csv"
    assert good.exists()
    assert bad.exists()


def test_links_folders_and_other_endings_are_refused(settings, tmp_path):
    settings.inbox.mkdir(parents=True)
    secret = tmp_path / "secret.csv"
    secret.write_text(GOOD)
    link = settings.inbox / "link.csv"
    link.symlink_to(secret)
    assert "regular file" in inbox.stage(link, settings, now=NOW).rejected[0].rule
    assert secret.read_text() == GOOD
    assert ".csv or .parquet" in stage(settings, "x.xlsx", "PK").rejected[0].rule
    assert "can be read" in inbox.stage(settings.inbox / "absent.csv", settings, now=NOW).rejected[0].rule


def parquet(settings, table, name="abc.parquet"):
    settings.inbox.mkdir(parents=True, exist_ok=True)
    path = settings.inbox / name
    pq.write_table(table, path)
    return inbox.stage(path, settings, now=NOW)


def test_parquet_with_dates_times_and_zones(settings):
    dates = pl.Series("date", ["2024-01-02", "2024-01-03"]).str.to_date()
    assert list(parquet(settings, pl.DataFrame({"date": dates, "close": [1, 2]}).to_arrow()).accepted) == ["ABC"]
    zoned = pl.Series("event_at", ["2024-01-02 16:00", "2024-07-03 13:00"]).str.to_datetime("%Y-%m-%d %H:%M")
    zoned = zoned.dt.replace_time_zone("America/New_York")
    result = inbox.stage(
        _written(settings, pl.DataFrame({"event_at": zoned, "close": [1.0, 2.0], "frequency": "1d"})),
        settings,
        now=at("2025-01-01T00:00"),
    )
    assert result.rejected == []
    assert FilesSource(settings).fetch("XYZ")["event_at"].to_list() == [
        at("2024-01-02T21:00"),
        at("2024-07-03T17:00"),
    ]


def _written(settings, frame):
    path = settings.inbox / "xyz.parquet"
    frame.write_parquet(path)
    return path


def test_damaged_and_monstrous_parquet(settings):
    assert "has content" in stage(settings, "a.parquet", b"").rejected[0].rule
    assert "readable Parquet" in stage(settings, "b.parquet", b"PAR1 not at all PAR1").rejected[0].rule
    whole = _bytes(pl.DataFrame({"date": ["2024-01-02"], "close": [1.0]}))
    assert "readable Parquet" in stage(settings, "c.parquet", whole[:-20]).rejected[0].rule
    claim = pa.table({"date": pa.repeat("2024-01-02", 3_000_000), "close": pa.repeat(1.0, 3_000_000)})
    assert "decoded data take at most" in parquet(settings, claim, "d.parquet").rejected[0].rule
    odd = pa.table({"date": ["2024-01-02"], "close": [[1.0]]})
    assert "column close holds numbers" in parquet(settings, odd, "e.parquet").rejected[0].rule


def _bytes(frame):
    from io import BytesIO

    buffer = BytesIO()
    frame.write_parquet(buffer)
    return buffer.getvalue()


def test_weekly_and_monthly_dates_become_the_last_session_of_their_period(settings):
    stage(settings, "w.csv", "date,close\n2024-03-25,1\n2024-04-01,2\n2024-04-08,3\n2024-04-15,3\n2024-04-22,3\n")
    assert FilesSource(settings).fetch("W")["event_at"].to_list()[0] == at("2024-03-28T20:00")
    assert FilesSource(settings).instruments()[0].frequency == "1w"
    stage(settings, "m.csv", "date,close,frequency\n2024-01-31,1,1mo\n2024-02-29,2,1mo\n2024-03-31,3,1mo\n")
    assert FilesSource(settings).fetch("M")["event_at"].to_list() == [
        at("2024-01-31T21:00"),
        at("2024-02-29T21:00"),
        at("2024-03-28T20:00"),
    ]


def test_minute_bars_with_summer_and_winter_time(settings):
    rows = [f"2024-03-08T{9 + m // 60:02d}:{m % 60:02d}:00-05:00,1" for m in range(31, 60)]
    rows += [f"2024-03-11T{9 + m // 60:02d}:{m % 60:02d}:00-04:00,1" for m in range(31, 60)]
    result = stage(settings, "abc.csv", "event_at,close\n" + "\n".join(rows))
    assert result.rejected == []
    fetched = FilesSource(settings).fetch("ABC")
    assert fetched["frequency"].unique().to_list() == ["1min"]
    assert fetched["event_at"][0] == at("2024-03-08T14:31")
    assert fetched["event_at"][-1] == at("2024-03-11T13:59")


def test_pending_lists_settled_files_only(settings):
    drop(settings, "b.csv", GOOD)
    drop(settings, ".hidden.csv", GOOD)
    drop(settings, "c.csv.part", GOOD)
    (settings.inbox / "folder").mkdir()
    assert inbox.pending(settings, settled_for=60) == []
    assert [p.name for p in inbox.pending(settings, settled_for=0)] == ["b.csv"]
    assert inbox.pending(Settings(home=settings.home / "none")) == []


def test_a_staged_file_or_record_that_was_damaged_is_told(settings):
    staged = stage(settings, "abc.csv", GOOD).accepted["ABC"]
    source = FilesSource(settings)
    with pytest.raises(UnknownNameError, match="XYZ"):
        source.fetch("XYZ")
    staged.write_bytes(b"PAR1")
    with pytest.raises(DataError, match="drop again"):
        source.fetch("ABC")
    staged.unlink()
    with pytest.raises(DataError, match="found none"):
        source.fetch("ABC")
    (staged.parent / "instrument.json").write_text("{")
    with pytest.raises(DataError, match="a staged record is JSON"):
        source.instruments()
