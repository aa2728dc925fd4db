"""The lake against a dictionary: any sequence of appends, replacements and failures leaves the same rows."""

from datetime import datetime, timedelta

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hf_platform.lake import Lake
from hf_platform.settings import Settings

ORIGIN = datetime.fromisoformat("2020-01-01")
INSTRUMENTS = ("A", "B", "C")
# One batch: {(instrument, day): close}
batches = st.dictionaries(
    st.tuples(st.sampled_from(INSTRUMENTS), st.integers(0, 4)), st.floats(-1e6, 1e6) | st.none(), max_size=8
)
steps = st.lists(
    st.tuples(st.sampled_from(("append", "replace", "fail")), st.sampled_from(("bars", "other")), batches), max_size=5
)


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    store = Lake(Settings(home=tmp_path_factory.mktemp("home")))
    store.initialise()
    yield store
    store.close()


class Refused(Exception):
    """Raised in the middle of a transaction, to undo it."""


def rows(batch):
    keys = list(batch)
    return pl.DataFrame(
        {
            "instrument": [instrument for instrument, _ in keys],
            "frequency": ["1d"] * len(keys),
            "event_at": [ORIGIN + timedelta(days=day) for _, day in keys],
            "known_at": [ORIGIN] * len(keys),
            "close": [batch[key] for key in keys],
        },
        schema_overrides={"close": pl.Float64, "event_at": pl.Datetime("us"), "known_at": pl.Datetime("us")},
    )


def apply(lake, model, step):
    action, producer, batch = step
    slice_of = {key for key, (_, owner) in model.items() if owner == producer}
    if action == "replace":
        touched = {instrument for instrument, _ in batch}
        gone = {key for key in slice_of if key[0] in touched}
        # A key that another producer stores cannot be taken: such a batch is refused as a whole.
        batch = {key: value for key, value in batch.items() if key not in model or key in gone}
        model = {key: value for key, value in model.items() if key not in gone}
        with lake.transaction(producer, "r") as tx:
            if touched:
                tx.replace("market.bars", rows(batch), instrument=sorted(touched))
        return model | {key: (value, producer) for key, value in batch.items()}
    try:
        with lake.transaction(producer, "r") as tx:
            assert tx.append("market.bars", rows(batch)) == len(batch.keys() - model.keys())
            if action == "fail":
                raise Refused
    except Refused:
        return model
    return {key: (value, producer) for key, value in batch.items()} | model


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps)
def test_the_lake_is_a_dictionary(lake, steps):
    for producer in ("bars", "other"):
        with lake.transaction(producer, "clear") as tx:
            tx.delete("market.bars", instrument=INSTRUMENTS)
    model, history = {}, []
    for step in steps:
        model = apply(lake, model, step)
        history.append((lake.latest_snapshot(), model))
    # Every snapshot keeps showing what it showed: the newest and one from the middle are looked at.
    for snapshot, expected in (history[-1:] + history[: len(history) // 2][-1:]) if history else []:
        stored = lake.query("SELECT instrument, event_at, close, producer FROM market.bars", snapshot=snapshot)
        found = {(name, (at - ORIGIN).days): (close, producer) for name, at, close, producer in stored.rows()}
        assert stored.height == len(found)
        assert found == expected
