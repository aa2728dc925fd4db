"""Stored VaR beside the returns that followed, as numbers ready for testing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

import numpy as np

from hf_platform.backtest.walk_forward import non_overlapping
from hf_platform.horizons import Horizon
from hf_platform.market.adjustments import ADJUSTED_BARS
from hf_platform.types import BoolArray, FloatArray, GridKey, IntArray, TimeArray

if TYPE_CHECKING:
    import polars as pl

    from hf_platform.lake import Lake

# Of each bar and each estimate the newest vintage that was known; bars are numbered so that the
# return over a horizon is the price n_bars later against the price at the origin, splits and dividends included.
_SAMPLE: Final = f"""
WITH {ADJUSTED_BARS},
keys AS (
    SELECT unnest($instruments) AS instrument, unnest($horizons) AS horizon,
           unnest($frequencies) AS frequency, unnest($n_bars) AS n_bars
),
vintages AS (
    SELECT instrument, frequency, event_at, close * adjustment AS close FROM adjusted_bars
    WHERE frequency IN (SELECT frequency FROM keys)
),
bars AS (
    SELECT *, row_number() OVER (PARTITION BY instrument, frequency ORDER BY event_at) AS bar
    FROM vintages WHERE close IS NOT NULL AND NOT isnan(close)
),
estimates AS (
    SELECT instrument, horizon, method, confidence, position_sign, forecast_origin, value_at_risk, expected_shortfall,
           var_id
    FROM risk.value_at_risk SEMI JOIN keys USING (instrument, horizon)
    WHERE known_at <= $as_of AND position_sign IN (SELECT unnest($signs))
      AND (len($methods) = 0 OR method IN (SELECT unnest($methods)))
      AND (len($confidences) = 0 OR confidence IN (SELECT unnest($confidences)))
    QUALIFY row_number() OVER (PARTITION BY instrument, horizon, method, confidence, position_sign, forecast_origin
                               ORDER BY known_at DESC, created_at DESC, var_id) = 1
),
realised AS (
    SELECT k.instrument, k.horizon, origin.event_at AS forecast_origin, target.event_at AS target_at, origin.bar,
           CASE WHEN origin.close > 0 AND target.close > 0 THEN -ln(target.close / origin.close) END AS loss
    FROM keys k
    JOIN bars origin ON origin.instrument = k.instrument AND origin.frequency = k.frequency
    JOIN bars target ON target.instrument = k.instrument AND target.frequency = k.frequency
                    AND target.bar = origin.bar + k.n_bars
)
SELECT e.instrument, e.horizon, e.method, e.confidence, e.position_sign, e.forecast_origin, r.target_at, r.bar,
       e.position_sign * r.loss AS loss, e.value_at_risk, e.expected_shortfall, e.var_id
FROM estimates e JOIN realised r USING (instrument, horizon, forecast_origin)
WHERE r.loss IS NOT NULL
ORDER BY e.instrument, e.horizon, e.method, e.confidence, e.position_sign, e.forecast_origin
"""
# Content hashes free of order: of the estimates by key, of the prices by instrument and frequency. All
# vintages known at as_of count: they decide which of them is the newest.
_VERSIONS: Final = """
WITH keys AS (
    SELECT unnest($instruments) AS instrument, unnest($horizons) AS horizon, unnest($frequencies) AS frequency
),
of_prices AS (
    SELECT instrument, frequency,
           printf('%016x', bit_xor(md5_number_lower(concat_ws('|', epoch_us(event_at), epoch_us(known_at), close))))
               AS prices
    FROM market.bars
    WHERE known_at <= $as_of AND instrument IN (SELECT instrument FROM keys)
      AND frequency IN (SELECT frequency FROM keys)
    GROUP BY ALL
),
of_actions AS (
    SELECT instrument,
           printf('%016x', bit_xor(md5_number_lower(
               concat_ws('|', kind, epoch_us(event_at), epoch_us(known_at), value))))
               AS actions
    FROM market.corporate_actions
    WHERE known_at <= $as_of AND instrument IN (SELECT instrument FROM keys)
    GROUP BY ALL
),
of_estimates AS (
    SELECT instrument, horizon, count(*) AS n_estimates, max(forecast_origin) AS newest_origin,
           printf('%016x', bit_xor(md5_number_lower(var_id))) AS estimates
    FROM risk.value_at_risk SEMI JOIN keys USING (instrument, horizon)
    WHERE known_at <= $as_of
    GROUP BY ALL
)
SELECT k.instrument, k.horizon, n_estimates, newest_origin,
       coalesce(estimates, '') || coalesce(prices, '') || coalesce(actions, '') AS data_version
FROM keys k LEFT JOIN of_estimates USING (instrument, horizon) LEFT JOIN of_prices USING (instrument, frequency)
LEFT JOIN of_actions USING (instrument)
"""


@dataclass(frozen=True, slots=True, eq=False)
class VarSample:
    """VaR forecasts of one key, method and confidence with the losses that followed.

    Parameters
    ----------
    key : GridKey
    method : str
    confidence : float
    origins, targets : datetime64[us] array, shape (n_forecasts,)
        In time order; horizons do not overlap.
    losses, value_at_risk, expected_shortfall : float64 array, shape (n_forecasts,)
        Positive for a loss [decimal log return over the horizon]; ES is NaN where unknown.
    var_ids : tuple of str
    position_sign : int
        +1 long, -1 short; losses are minus the sign times the log return.
    """

    key: GridKey
    method: str
    confidence: float
    origins: TimeArray
    targets: TimeArray
    losses: FloatArray
    value_at_risk: FloatArray
    expected_shortfall: FloatArray
    var_ids: tuple[str, ...]
    position_sign: int = 1

    def __len__(self) -> int:
        """Count the forecasts."""
        return self.losses.size

    def only(self, rows: BoolArray) -> "VarSample":
        """Keep the forecasts where `rows` is True."""
        ids = tuple(identity for identity, kept in zip(self.var_ids, rows.tolist(), strict=True) if kept)
        return VarSample(
            self.key,
            self.method,
            self.confidence,
            self.origins[rows],
            self.targets[rows],
            self.losses[rows],
            self.value_at_risk[rows],
            self.expected_shortfall[rows],
            ids,
            self.position_sign,
        )

    @property
    def breaches(self) -> BoolArray:
        """True where the loss was above VaR."""
        return self.losses > self.value_at_risk


def read_samples(
    store: "Lake",
    keys: Sequence[GridKey],
    as_of: datetime,
    snapshot: int | None = None,
    *,
    methods: Sequence[str] = (),
    confidences: Sequence[float] = (),
    signs: Sequence[int] = (1, -1),
) -> list[VarSample]:
    """Read stored VaR of some keys on non-overlapping origins: every method and confidence unless some are named.

    A forecast is left out where its horizon has not ended by `as_of` or a price in question is not
    positive (a log return does not exist there).
    """
    chosen = {
        "methods": list(methods),
        "confidences": list(confidences),
        "signs": list(signs),
        "n_bars": _n_bars(keys),
    }
    frame = store.query(_SAMPLE, _parameters(keys, as_of) | chosen, snapshot)
    return list(_split(frame)) if frame.height else []


def read_versions(store: "Lake", keys: Sequence[GridKey], as_of: datetime, snapshot: int | None) -> "pl.DataFrame":
    """Read what each key's backtest rests on: n_estimates, newest_origin, data_version (content hash)."""
    return store.query(_VERSIONS, _parameters(keys, as_of), snapshot)


def _parameters(keys: Sequence[GridKey], as_of: datetime) -> dict[str, object]:
    return {
        "instruments": [key.instrument for key in keys],
        "horizons": [key.horizon for key in keys],
        "frequencies": [Horizon.parse(key.horizon).frequency for key in keys],
        "as_of": as_of,
    }


def _n_bars(keys: Sequence[GridKey]) -> list[int]:
    return [Horizon.parse(key.horizon).n_bars for key in keys]


def _split(frame: "pl.DataFrame") -> Iterator[VarSample]:
    # The frame is sorted by group, so that groups are slices of plain arrays.
    groups = frame.group_by("instrument", "horizon", "method", "confidence", "position_sign", maintain_order=True).len()
    columns = {
        name: frame[name].to_numpy() for name in ("forecast_origin", "target_at", "bar", "loss", "value_at_risk")
    }
    columns["expected_shortfall"] = frame["expected_shortfall"].fill_null(float("nan")).to_numpy()
    identities = frame["var_id"]
    start = 0
    for instrument, horizon, method, confidence, sign, size in groups.iter_rows():
        bars: IntArray = columns["bar"][start : start + size].astype(np.int64)
        rows = start + non_overlapping(bars, Horizon.parse(horizon).n_bars)
        yield VarSample(
            GridKey(instrument, horizon),
            method,
            float(confidence),
            columns["forecast_origin"][rows],
            columns["target_at"][rows],
            columns["loss"][rows],
            columns["value_at_risk"][rows],
            columns["expected_shortfall"][rows],
            tuple(identities.gather(rows).to_list()),
            int(sign),
        )
        start += size
