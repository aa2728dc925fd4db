"""Processes of the concurrency tests; run as `python lake_workers.py ROLE ARGUMENTS...` with HFP_HOME set."""

import json
import resource
import sys
import time
from datetime import datetime, timedelta

import polars as pl

from hf_platform import lake
from hf_platform.errors import StoreError
from hf_platform.settings import Settings

ORIGIN = datetime.fromisoformat("2020-01-01")


def forecasts(model_id: str, n_rows: int, instrument: str = "A") -> pl.DataFrame:
    """Rows for models.forecasts whose mean is their number."""
    return pl.DataFrame(
        {
            "model_id": model_id,
            "family": "ewma",
            "instrument": instrument,
            "horizon": "1d",
            "forecast_origin": [ORIGIN + timedelta(days=day) for day in range(n_rows)],
            "mean": [float(day) for day in range(n_rows)],
            "quantiles": [[-1.0, 0.0, 1.0]] * n_rows,
        }
    )


def write(name: str, n_commits: int, n_rows: int) -> None:
    """Commit own models one by one, one model that every writer wants, and replace an own slice of bars."""
    store = lake.Lake(Settings.from_env())
    snapshots = []
    for number in range(n_commits):
        with store.transaction(name, f"run-{name}", f"commit {number}") as tx:
            assert tx.append("models.forecasts", forecasts(f"{name}-{number}", n_rows)) in (0, n_rows)
            tx.append("models.forecasts", forecasts(f"shared-{number}", n_rows))
            bars = pl.DataFrame(
                {
                    "instrument": name,
                    "frequency": "1d",
                    "event_at": [ORIGIN + timedelta(days=day) for day in range(n_rows)],
                    "known_at": ORIGIN,
                    "close": float(number),
                }
            )
            assert tx.replace("market.bars", bars, instrument=[name]) == n_rows
        snapshots.append(tx.snapshot_id)
    print(json.dumps(snapshots))


def read(way: str, seconds: float, n_rows: int) -> None:
    """Read until the time is up; every read must see whole transactions only. Prints how many reads."""
    settings = Settings.from_env()
    store = lake.Lake(settings)
    hint = lake.plain_connect_hint(settings).rsplit("\n", 1)[0]
    torn = (
        "SELECT (SELECT count(*) FROM (SELECT model_id FROM models.forecasts GROUP BY 1 HAVING count(*) <> $n)) + "
        "(SELECT count(*) FROM (SELECT instrument FROM market.bars GROUP BY 1 HAVING count(*) <> $n "
        "OR count(DISTINCT close) > 1))"
    )
    n_reads, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        if way == "library":
            found = store.query(torn, {"n": n_rows}).item()
        elif way == "connect":
            with lake.connect(settings=settings) as con:
                found = con.execute(torn, {"n": n_rows}).fetchone()[0]
        else:
            scope: dict[str, object] = {}
            exec(hint, scope)  # the very text that users are told to type
            with scope["con"] as con:
                found = con.execute(torn, {"n": n_rows}).fetchone()[0]
        assert found == 0, f"{found} torn models or slices"
        n_reads += 1
    print(n_reads)


def hang(n_rows: int) -> None:
    """Write inside a transaction, say so, and wait to be killed."""
    store = lake.Lake(Settings.from_env())
    with store.transaction("victim", "run-victim") as tx:
        tx.append("models.forecasts", forecasts("victim", n_rows))
        print("written", flush=True)
        time.sleep(600)


def hold(seconds: float) -> None:
    """Hold the writer lock for a while."""
    with lake.Lake(Settings.from_env()).exclusive("holder", "run-holder"):
        print("held", flush=True)
        time.sleep(seconds)


def overflow(limit: int) -> None:
    """Write more than a file may hold, as on a full disk; print what the platform says."""
    store = lake.Lake(Settings.from_env())
    rows = forecasts("too-much", 50_000)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    try:
        with store.transaction("victim", "run-victim") as tx:
            tx.append("models.forecasts", rows)
    except StoreError as error:
        print(error)


if __name__ == "__main__":
    role, *rest = sys.argv[1:]
    if role == "write":
        write(rest[0], int(rest[1]), int(rest[2]))
    elif role == "read":
        read(rest[0], float(rest[1]), int(rest[2]))
    elif role == "overflow":
        overflow(int(rest[0]))
    elif role == "hang":
        hang(int(rest[0]))
    else:
        hold(float(rest[0]))
