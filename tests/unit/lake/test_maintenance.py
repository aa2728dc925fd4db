from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from hf_platform.errors import LakeBusyError, LakeMissingError, StoreError
from hf_platform.lake import Lake
from hf_platform.lake.maintenance import maintain, pinned_snapshots

NOW = datetime.now(UTC).replace(tzinfo=None)
STATE = "SELECT (SELECT count(*) FROM models.forecasts), (SELECT sum(close) FROM market.bars)"


def data_files(store):
    return sorted((store.settings.home / "lake" / "data").rglob("*.parquet"))


@pytest.fixture
def busy_week(store, workers):
    """Six nights of appends and replacements; the fourth night's models name snapshot 3."""
    for night in range(6):
        bars = pl.DataFrame(
            {
                "instrument": "A",
                "frequency": "1d",
                "event_at": [workers.ORIGIN + timedelta(days=day) for day in range(30)],
                "known_at": workers.ORIGIN,
                "close": float(night),
            }
        )
        with store.transaction("nightly", f"night-{night}") as tx:
            tx.append("models.forecasts", workers.forecasts(f"m{night}", 30))
            tx.replace("market.bars", bars, instrument=["A"])
            if night == 3:
                row = {"model_id": "a", "as_of": workers.ORIGIN, "status": "ok", "lake_snapshot": 3}
                tx.append("models.ledger", pl.DataFrame([row]))
    return store


def test_what_is_read_does_not_change(busy_week, settings):
    states = {number: busy_week.query(STATE, snapshot=number).row(0) for number in range(1, 8)}
    done = maintain(busy_week, settings, NOW)
    assert done["merged_files"] > 0
    assert done["expired_snapshots"] == done["deleted_files"] == 0
    busy_week.close()
    assert {number: busy_week.query(STATE, snapshot=number).row(0) for number in range(1, 8)} == states
    assert busy_week.query(STATE).row(0) == (180, 150.0)


def test_pinned_snapshots_never_expire(busy_week, settings):
    pinned, newest = busy_week.query(STATE, snapshot=3).row(0), busy_week.query(STATE).row(0)
    assert pinned_snapshots(busy_week) == {3}
    maintain(busy_week, settings, NOW)
    done = maintain(busy_week, settings, NOW + timedelta(days=settings.snapshot_days + 1))
    assert done["expired_snapshots"] > 0
    assert done["pinned_snapshots"] == 1
    busy_week.close()
    assert busy_week.query(STATE, snapshot=3).row(0) == pinned
    assert busy_week.query(STATE).row(0) == newest
    with pytest.raises(StoreError, match="never made, or expired"):
        busy_week.query(STATE, snapshot=4)


def test_dead_files_go_after_a_day_and_not_before(busy_week, settings):
    stray = settings.home / "lake" / "data" / "models" / "forecasts" / "ducklake-of-a-dead-writer.parquet"
    stray.write_bytes(b"half a file")
    maintain(busy_week, settings, NOW)
    assert stray.exists()
    before = len(data_files(busy_week))
    later = NOW + timedelta(days=settings.snapshot_days + 1)
    first = maintain(busy_week, settings, later)
    assert not stray.exists()
    assert first["deleted_files"] > 0
    assert len(data_files(busy_week)) < before
    again = maintain(busy_week, settings, later + timedelta(days=2))
    assert {name: n for name, n in again.items() if n} == {"pinned_snapshots": 1}
    assert busy_week.query(STATE).row(0) == (180, 150.0)


def test_maintenance_takes_its_turn(busy_week, settings):
    impatient = Lake(settings.model_copy(update={"lock_timeout": 0.2}))
    with busy_week.exclusive("somebody", "r"), pytest.raises(LakeBusyError):
        maintain(impatient, settings, NOW)


def test_there_is_nothing_to_maintain_without_a_lake(settings):
    with pytest.raises(LakeMissingError):
        maintain(Lake(settings), settings, NOW)
