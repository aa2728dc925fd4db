"""Prices as a holder saw them: factors from corporate actions and prices, worked out as of a moment.

Factors grow with time instead of shrinking into the past: a share held since the first bar has become
`share_factor` shares and is worth close * `adjustment`. An action changes rows after its ex-time only,
and ln of the ratio of close * adjustment at two bars is the total return between them: for a split S
and then a dividend D in one session, ln(S (P_t + D) / P_(t-1)), the dividend reinvested at the close.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from hf_platform.types import utc_naive

if TYPE_CHECKING:
    import polars as pl

    from hf_platform.lake import Lake

# Under these flags a close is no price; `hard_flags` of dbt_features/dbt_project.yml are the same.
HARD_FLAGS: Final = ("non_positive_price", "missing_close", "duplicate", "cancelled_payment")

# Common table expressions over $instruments and $as_of; `adjusted_bars` is the last. What dbt builds into
# features.int_returns (dbt_features/macros/adjustments.sql) must be the same to the last bit.
ADJUSTED_BARS: Final = f"""
visible_bars AS (
    SELECT instrument, frequency, event_at, known_at, open, high, low, close, volume, flags,
           coalesce(close > 0 AND isfinite(close)
                    AND NOT list_has_any(flags, ['{"', '".join(HARD_FLAGS)}']), false) AS is_usable
    FROM market.bars
    WHERE instrument IN (SELECT unnest($instruments::VARCHAR[])) AND known_at <= $as_of::TIMESTAMP
    QUALIFY row_number() OVER (
        PARTITION BY instrument, frequency, event_at ORDER BY known_at DESC, ingested_at DESC) = 1
),
visible_actions AS (
    SELECT instrument, kind, event_at, known_at, value FROM market.corporate_actions
    WHERE instrument IN (SELECT unnest($instruments::VARCHAR[])) AND known_at <= $as_of::TIMESTAMP
    QUALIFY row_number() OVER (PARTITION BY instrument, kind, event_at ORDER BY known_at DESC) = 1
),
priced_in AS (
    SELECT instrument, arg_min(frequency, list_position(['1d', '1w', '1mo'], frequency)) AS frequency
    FROM visible_bars WHERE is_usable AND frequency IN ('1d', '1w', '1mo') GROUP BY instrument
),
reference_prices AS (
    SELECT b.instrument, b.event_at, b.close FROM visible_bars b JOIN priced_in USING (instrument, frequency)
    WHERE b.is_usable
),
factors AS (
    SELECT a.instrument, a.event_at, a.known_at, if(a.kind = 'split', 0, 1) AS turn, a.kind,
           CASE WHEN a.kind = 'split' THEN a.value ELSE 1 + a.value / p.close END AS factor,
           CASE WHEN a.kind = 'split' THEN a.value ELSE 1.0 END AS shares
    FROM visible_actions a
    ASOF JOIN reference_prices p ON a.instrument = p.instrument AND a.event_at < p.event_at
    WHERE a.kind IN ('split', 'dividend', 'spin_off') AND a.value IS NOT NULL
),
effects AS (
    SELECT instrument, event_at, max(known_at) OVER so_far AS known_at,
           list_reduce(list(factor) OVER so_far, lambda a, b: a * b) AS adjustment,
           list_reduce(list(shares) OVER so_far, lambda a, b: a * b) AS share_factor
    FROM factors
    WINDOW so_far AS (PARTITION BY instrument ORDER BY event_at, turn, kind ROWS UNBOUNDED PRECEDING)
    QUALIFY row_number() OVER (PARTITION BY instrument, event_at ORDER BY turn DESC, kind DESC) = 1
),
adjusted_bars AS (
    SELECT b.*, e.known_at AS action_known_at,
           coalesce(e.adjustment, 1.0) AS adjustment, coalesce(e.share_factor, 1.0) AS share_factor
    FROM visible_bars b ASOF LEFT JOIN effects e ON b.instrument = e.instrument AND b.event_at > e.event_at
)
"""
_READ: Final = f"""
WITH {ADJUSTED_BARS}
SELECT instrument, frequency, event_at, known_at, open, high, low, close, volume, flags, adjustment, share_factor
FROM adjusted_bars WHERE frequency = $frequency ORDER BY instrument, event_at
"""


def read_adjusted_bars(store: "Lake", instruments: Sequence[str], frequency: str, as_of: datetime) -> "pl.DataFrame":
    """Read bars as they traded, with what corporate actions known at `as_of` did to a holder.

    Parameters
    ----------
    store : Lake
    instruments : sequence of str
    frequency : str
    as_of : datetime
        Knowledge cutoff, UTC, of bars and actions alike.

    Returns
    -------
    DataFrame
        Columns of `market.bars` but ingested_at and source, then adjustment and share_factor, both 1 before
        the first action; sorted by instrument and event_at. A total return price is close * adjustment, a
        price in the shares of the newest bar close * share_factor / its last value.
    """
    arguments: dict[str, object] = {
        "instruments": sorted(set(instruments)),
        "as_of": utc_naive(as_of),
        "frequency": frequency,
    }
    return store.query(_READ, arguments)
