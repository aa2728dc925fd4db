"""What is known about the quality of instruments' data, read from the lake for all of them at once."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

import polars as pl

from hf_platform.market.adjustments import read_adjusted_bars
from hf_platform.market.cross_section import lonely_moves

if TYPE_CHECKING:
    from hf_platform.lake import Lake

_IN: Final = "instrument IN (SELECT unnest($instruments::VARCHAR[]))"
_QUERIES: Final = {
    "flags": f"""
        WITH newest AS (
            SELECT instrument, frequency, event_at, flags FROM market.bars WHERE {_IN} AND known_at <= $as_of
            QUALIFY row_number() OVER (PARTITION BY instrument, frequency, event_at ORDER BY known_at DESC) = 1
        ),
        named AS (
            SELECT instrument, frequency, event_at, split_part(unnest(flags), ':', 1) AS flag FROM newest
            WHERE len(flags) > 0
        )
        SELECT instrument, flag, frequency, count(*) AS n, min(event_at) AS first, max(event_at) AS last
        FROM named GROUP BY ALL ORDER BY ALL
    """,
    "quarantine": f"""
        SELECT instrument, rule, count(*) AS n, any_value(value) AS value, any_value(file) AS file,
               min(row_number) AS row, any_value(next_step) AS next_step
        FROM market.quarantine WHERE {_IN} GROUP BY instrument, rule ORDER BY instrument, rule
    """,
    "restated": f"""
        SELECT instrument, frequency, count(*) AS n, max(known_at) AS last FROM (
            SELECT instrument, frequency, event_at, known_at FROM market.raw_prices WHERE {_IN} AND known_at <= $as_of
            QUALIFY row_number() OVER (PARTITION BY instrument, frequency, event_at ORDER BY known_at) > 1
        ) GROUP BY ALL ORDER BY ALL
    """,
    "actions": f"""
        SELECT instrument, kind, event_at, known_at, value, ratio, counterpart FROM market.corporate_actions
        WHERE {_IN} AND known_at <= $as_of
        QUALIFY row_number() OVER (PARTITION BY instrument, kind, event_at ORDER BY known_at DESC) = 1
        ORDER BY instrument, event_at DESC
    """,
    "alternative": f"""
        SELECT instrument, kind, name, count(*) AS n, min(event_at) AS first, max(event_at) AS last,
               median(epoch(known_at) - epoch(event_at)) / 3600 AS lag_hours
        FROM market.alternative_data WHERE {_IN} AND known_at <= $as_of GROUP BY ALL ORDER BY ALL
    """,
    "unit_roots": f"""
        SELECT instrument, series, test, statistic, p_value, n_lags, n_obs, verdict, reason
        FROM market.unit_root_tests WHERE {_IN} ORDER BY instrument, series, test
    """,
    "sources": f"SELECT instrument, string_agg(DISTINCT source, ', ') AS source FROM market.raw_prices WHERE {_IN} "
    "GROUP BY instrument",
}


@dataclass(frozen=True, slots=True, eq=False)
class QualityEvidence:
    """Everything that the quality pages of some instruments show.

    Parameters
    ----------
    bars : DataFrame
        Daily bars with adjustment, as of the cutoff.
    tables : dict of str to DataFrame
        One per query: flags, quarantine, restated, actions, alternative, unit_roots, sources.
    lonely : DataFrame
        From `cross_section.lonely_moves` over the whole universe.
    as_of : datetime
    snapshot : int
        Lake snapshot that was read.
    """

    bars: pl.DataFrame
    tables: dict[str, pl.DataFrame]
    lonely: pl.DataFrame
    as_of: datetime
    snapshot: int

    def of(self, instrument: str) -> "QualityEvidence":
        """Keep one instrument."""
        here = pl.col("instrument") == instrument
        return QualityEvidence(
            self.bars.filter(here),
            {name: table.filter(here) for name, table in self.tables.items()},
            self.lonely.filter(here),
            self.as_of,
            self.snapshot,
        )


def read_quality(store: "Lake", as_of: datetime) -> QualityEvidence:
    """Read what the quality pages of all instruments show.

    Parameters
    ----------
    store : Lake
    as_of : datetime
        Knowledge cutoff, UTC. The quarantine is shown whole: what was refused has no place in time.
    """
    snapshot = store.latest_snapshot()
    instruments = store.query("SELECT DISTINCT instrument FROM market.bars")["instrument"].to_list()
    arguments: dict[str, object] = {"instruments": instruments, "as_of": as_of}
    tables = {
        name: store.query(sql, arguments if "$as_of" in sql else {"instruments": instruments})
        for name, sql in _QUERIES.items()
    }
    bars = read_adjusted_bars(store, instruments, "1d", as_of)
    lonely = lonely_moves(bars.with_columns(pl.col("share_factor").alias("_shares")))
    return QualityEvidence(bars, tables, lonely, as_of, snapshot)
