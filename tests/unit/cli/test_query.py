import csv
import io
import json
import subprocess
import sys
import time
from datetime import datetime

import polars as pl
import pytest
import typer
from typer.testing import CliRunner

from hf_platform.cli.query import query
from hf_platform.errors import LakeMissingError, StoreError
from hf_platform.lake import Lake
from hf_platform.settings import Settings

app = typer.Typer()
app.command()(query)
RUN = (
    "import sys, typer\nfrom hf_platform.cli.query import query\nfrom hf_platform.errors import PlatformError\n"
    "app = typer.Typer()\napp.command()(query)\n"
    "try:\n    app()\nexcept PlatformError as error:\n    print(error, file=sys.stderr)\n    sys.exit(2)\n"
)


@pytest.fixture(scope="module")
def lake_home(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    store = Lake(Settings(home=home))
    store.initialise()
    moment = datetime.fromisoformat("2020-01-01")
    row = {"instrument": "[red]A", "frequency": "1d", "event_at": moment, "known_at": moment, "close": 1.5}
    rows = pl.DataFrame([{**row, "flags": ["spike"]}])
    with store.transaction("bars", "r1") as tx:
        tx.append("market.bars", rows)
    with store.transaction("bars", "r2") as tx:
        tx.append("market.bars", rows.with_columns(instrument=pl.lit("B"), close=pl.lit(float("inf"))))
    store.close()
    return home


@pytest.fixture
def ask(lake_home, monkeypatch):
    monkeypatch.setenv("HFP_HOME", str(lake_home))

    def run(*arguments):
        result = CliRunner().invoke(app, [*arguments], catch_exceptions=False, standalone_mode=False)
        return result.stdout

    return run


def test_json_is_exact(ask):
    sql = "SELECT instrument, event_at, close, volume, flags FROM market.bars ORDER BY 1"
    rows = json.loads(ask(sql, "--format", "json"))
    assert rows == [
        {"instrument": "B", "event_at": "2020-01-01T00:00:00", "close": "inf", "volume": None, "flags": ["spike"]},
        {"instrument": "[red]A", "event_at": "2020-01-01T00:00:00", "close": 1.5, "volume": None, "flags": ["spike"]},
    ]
    assert json.loads(ask("SELECT 1 WHERE false", "--format", "json")) == []


def test_csv_is_exact_and_whole(ask):
    text = ask("SELECT range AS n, 'a,\"b\"' AS t, [1, NULL] AS l, NULL AS e FROM range(5000)", "--format", "csv")
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[0] == ["n", "t", "l", "e"]
    assert rows[1:] == [[str(n), 'a,"b"', "[1, null]", ""] for n in range(5000)]


def test_table_shows_text_as_it_is_and_says_what_it_leaves_out(ask):
    text = ask("SELECT instrument, close FROM market.bars ORDER BY 1")
    assert "[red]A" in text
    assert "2 rows" in text
    assert "the first 100 rows; --format csv writes all" in ask("FROM range(101)")
    assert "100 rows" in ask("FROM range(100)").splitlines()[-1]
    assert "1 row" in ask("SELECT 1").splitlines()[-1]


def test_snapshots_are_visited(ask):
    count = "SELECT count(*) AS n FROM market.bars"
    assert json.loads(ask(count, "--snapshot", "2", "--format", "json")) == [{"n": 1}]
    assert json.loads(ask(count, "--snapshot", "3", "--format", "json")) == [{"n": 2}]
    with pytest.raises(StoreError, match="never made, or expired"):
        ask(count, "--snapshot", "99")


@pytest.mark.parametrize(
    ("sql", "rule"),
    [
        ("SELEC 1", "syntax error"),
        ("FROM nothing", "nothing does not exist"),
        ("DROP TABLE market.bars", "found DROP"),
        ("COPY market.bars TO '/tmp/x.csv'", "found COPY"),
        ("SELECT 1/x FROM (SELECT 'a'::INTEGER AS x)", "Could not convert"),
        ("FROM '/etc/prices.csv'", "disabled by configuration"),
        ("SELECT error('late') FROM range(3000) WHERE range > 2500", "late"),
    ],
)
@pytest.mark.parametrize("style", ["table", "csv"])
def test_trouble_is_one_line(ask, sql, rule, style):
    with pytest.raises(StoreError, match=rule) as caught:
        ask(sql, "--format", style)
    assert "\n" not in str(caught.value)


def test_no_lake_says_what_makes_one(tmp_path, monkeypatch):
    monkeypatch.setenv("HFP_HOME", str(tmp_path / "nowhere"))
    with pytest.raises(LakeMissingError, match="hfp demo"):
        CliRunner().invoke(app, ["SELECT 1"], catch_exceptions=False, standalone_mode=False)


def test_a_process_answers_soon_with_exit_codes_and_no_heavy_imports(ask, lake_home):
    seconds = []
    for _ in range(3):  # the best of three: the machine may be busy with other things
        start = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", RUN, "FROM market.bars"], capture_output=True, text=True, check=True
        )
        seconds.append(time.perf_counter() - start)
        if seconds[-1] < 2:
            break
    assert min(seconds) < 2
    assert "2 rows" in done.stdout
    wrong = subprocess.run([sys.executable, "-c", RUN, "FROM nope"], capture_output=True, text=True, check=False)
    assert wrong.returncode == 2
    assert "Traceback" not in wrong.stderr
    heavy = ["polars", "pandas", "pyarrow", "numpy", "scipy", "sklearn", "dagster", "numba", "psycopg2"]
    check = f"{RUN.replace('app()', 'app(standalone_mode=False)')}\nprint([n for n in {heavy!r} if n in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", check, "SELECT 1"], capture_output=True, text=True, check=True)
    assert loaded.stdout.splitlines()[-1] == "[]"


def test_a_closed_pipe_is_no_error(ask):
    command = f"{sys.executable} -c '{RUN}' 'FROM range(300000)' --format csv | head -2"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.split(), done.stderr) == (0, ["range", "0"], "")
