"""What changed between two states of the lake: VaR numbers, and the inputs behind them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from hf_platform.errors import ConfigError, StoreError
from hf_platform.lineage.commits import is_kept

if TYPE_CHECKING:
    import polars as pl

    from hf_platform.lake import Lake

_KEY: Final = "instrument, horizon, method, confidence, position_sign, forecast_origin"
_NEWEST: Final = "known_at DESC, created_at DESC, var_id"
# Numbers are only ever added, so only keys with a number that the older state has not can stand otherwise.
_NUMBERS: Final = f"""
WITH added AS (
    SELECT * FROM risk.value_at_risk AT (VERSION => {{later}})
    ANTI JOIN (SELECT var_id FROM risk.value_at_risk AT (VERSION => {{earlier}})) USING (var_id)
),
later AS (
    SELECT * FROM added QUALIFY row_number() OVER (PARTITION BY {_KEY} ORDER BY {_NEWEST}) = 1
),
earlier AS (
    SELECT * FROM risk.value_at_risk AT (VERSION => {{earlier}}) SEMI JOIN later USING ({_KEY})
    QUALIFY row_number() OVER (PARTITION BY {_KEY} ORDER BY {_NEWEST}) = 1
)
SELECT {_KEY}, e.value_at_risk AS earlier, l.value_at_risk AS later, l.value_at_risk - e.value_at_risk AS change,
       e.expected_shortfall AS earlier_shortfall, l.expected_shortfall AS later_shortfall,
       e.var_id AS earlier_id, l.var_id AS later_id
FROM later l LEFT JOIN earlier e USING ({_KEY})
WHERE e.var_id IS NULL OR (l.known_at, l.created_at) > (e.known_at, e.created_at)
ORDER BY abs(change) DESC NULLS LAST, {_KEY}
"""
_BARS: Final = """
WITH later AS (
    SELECT instrument, frequency, event_at, known_at, close, open, high, low, volume
    FROM market.bars AT (VERSION => {later})
    QUALIFY row_number() OVER (
        PARTITION BY instrument, frequency, event_at ORDER BY known_at DESC, ingested_at DESC) = 1
),
earlier AS (
    SELECT instrument, frequency, event_at, known_at, close, open, high, low, volume
    FROM market.bars AT (VERSION => {earlier})
    QUALIFY row_number() OVER (
        PARTITION BY instrument, frequency, event_at ORDER BY known_at DESC, ingested_at DESC) = 1
)
SELECT instrument, frequency, event_at, e.close AS earlier, l.close AS later, l.known_at,
       CASE WHEN e.instrument IS NULL THEN 'new'
            WHEN e.close IS DISTINCT FROM l.close THEN 'close restated' ELSE 'restated besides the close' END AS what
FROM later l LEFT JOIN earlier e USING (instrument, frequency, event_at)
WHERE (e.instrument IS NULL OR e.close IS DISTINCT FROM l.close OR e.open IS DISTINCT FROM l.open
       OR e.high IS DISTINCT FROM l.high OR e.low IS DISTINCT FROM l.low OR e.volume IS DISTINCT FROM l.volume)
ORDER BY instrument, frequency, event_at
"""
_ACTIONS: Final = """
SELECT instrument, kind, event_at, known_at, value, source FROM market.corporate_actions AT (VERSION => {later})
EXCEPT SELECT instrument, kind, event_at, known_at, value, source
FROM market.corporate_actions AT (VERSION => {earlier}) ORDER BY instrument, event_at, kind
"""


@dataclass(frozen=True, slots=True)
class LakeDiff:
    """What the later of two snapshots says otherwise.

    Parameters
    ----------
    numbers : polars.DataFrame
        VaR numbers whose newest vintage is another, largest change first: key, `earlier` and `later` VaR (positive
        loss, decimal), `change`; `earlier` is null for numbers of new origins or keys. Changes of zero are kept:
        the number rests on other models.
    bars : polars.DataFrame
        Bars that are new or restated.
    actions : polars.DataFrame
        Corporate actions that are new or corrected.
    """

    numbers: "pl.DataFrame"
    bars: "pl.DataFrame"
    actions: "pl.DataFrame"


def diff(store: "Lake", earlier: int, later: int) -> LakeDiff:
    """Compare two snapshots.

    Raises
    ------
    ConfigError
        If `earlier` is not before `later`.
    StoreError
        If one of them does not exist, or has expired.
    """
    if earlier >= later:
        raise ConfigError(f"the first snapshot must be the older one, found {earlier} and {later}. Swap them.")
    for snapshot in (earlier, later):
        if not is_kept(store, snapshot):
            raise StoreError(
                f"snapshot {snapshot} does not exist or has expired. The newest is {store.latest_snapshot()}; "
                "all are in ducklake_snapshots('lake')."
            )
    # A version takes no parameter in SQL; these are integers of our own.
    at = {"earlier": int(earlier), "later": int(later)}
    numbers, bars, actions = (store.query(sql.format(**at)) for sql in (_NUMBERS, _BARS, _ACTIONS))
    return LakeDiff(numbers, bars, actions)
