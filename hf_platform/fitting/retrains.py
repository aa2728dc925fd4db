"""Extra training anchors: a key that drifted is trained anew from the bar on at which that was answered."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import numpy as np

from hf_platform.horizons import Horizon
from hf_platform.lake import Lake
from hf_platform.types import GridKey, TimeArray

TABLE: Final = "models.retrains"
_ANSWERED: Final = f"""
SELECT instrument, horizon, retrained_at FROM {TABLE}
WHERE as_of <= $as_of AND instrument IN (SELECT unnest($instruments)) ORDER BY ALL
"""
# Drifts that nobody has answered, and the newest bar of their keys.
_OPEN: Final = f"""
WITH drifts AS (
    SELECT d.instrument, d.horizon, d.event_id, k.frequency FROM backtests.drift d
    JOIN (SELECT unnest($instruments) AS instrument, unnest($horizons) AS horizon, unnest($frequencies) AS frequency) k
        USING (instrument, horizon)
    WHERE d.verdict = 'changed' AND d.event_id NOT IN (SELECT event_id FROM {TABLE})
)
SELECT event_id, instrument, horizon, max(event_at) AS retrained_at
FROM drifts JOIN market.bars USING (instrument, frequency) WHERE known_at <= $as_of GROUP BY ALL ORDER BY ALL
"""
DRIFTED: Final = f"""
SELECT DISTINCT instrument, horizon, event_id FROM backtests.drift
WHERE verdict = 'changed' AND event_id NOT IN (SELECT event_id FROM {TABLE}) ORDER BY ALL
"""


def answer_drifts(store: Lake, keys: Sequence[GridKey], *, as_of: datetime, producer: str, run_id: str) -> list[str]:
    """Give the keys among some that have drifted a training anchor at their newest bar.

    Parameters
    ----------
    store : Lake
    keys : sequence of GridKey
    as_of : datetime
        Knowledge cutoff, naive UTC.
    producer, run_id : str

    Returns
    -------
    list of str
        Events answered now. One that was answered before is not answered again.

    Raises
    ------
    StoreError
        If the lake cannot be read or written.
    """
    if not keys:
        return []
    with store.transaction(producer, run_id, "drifts answered") as tx:
        found = tx.query(
            _OPEN,
            {
                "instruments": [key.instrument for key in keys],
                "horizons": [key.horizon for key in keys],
                "frequencies": [Horizon.parse(key.horizon).frequency for key in keys],
                "as_of": as_of,
            },
        )
        if found.height:
            import polars as pl

            stamps = {"as_of": as_of, "created_at": datetime.now(UTC).replace(tzinfo=None)}
            columns = [pl.lit(value).cast(pl.Datetime("us")).alias(name) for name, value in stamps.items()]
            tx.append(TABLE, found.with_columns(columns))
    return found["event_id"].to_list()


def read_retrains(store: Lake, keys: Sequence[GridKey], as_of: datetime) -> dict[GridKey, TimeArray]:
    """Read the extra anchors of some keys that were known at `as_of`: bar times, increasing."""
    asked: dict[str, object] = {"instruments": sorted({key.instrument for key in keys}), "as_of": as_of}
    found: dict[GridKey, list[datetime]] = {}
    for instrument, horizon, at in store.query(_ANSWERED, asked).iter_rows():
        found.setdefault(GridKey(instrument, horizon), []).append(at)
    return {key: np.array(times, dtype="datetime64[us]") for key, times in found.items()}
