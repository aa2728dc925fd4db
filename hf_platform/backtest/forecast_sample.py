"""Stored forecasts beside the returns that followed, and what a forecaster without a model would have said."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

import numpy as np

from hf_platform.backtest.walk_forward import non_overlapping
from hf_platform.horizons import Horizon
from hf_platform.market.adjustments import ADJUSTED_BARS
from hf_platform.types import FloatArray, GridKey, IntArray, TimeArray

if TYPE_CHECKING:
    import polars as pl

    from hf_platform.lake import Lake

RANDOM_WALK: Final = "random_walk"  # forecasts no return, and the volatility of the last 21 bars
_NAIVE_BARS = 21
# Prices as a holder felt them: splits and dividends known at as_of are in.
_CLOSES: Final = f"""
WITH {ADJUSTED_BARS}
SELECT instrument, frequency, event_at, open * adjustment AS open, close * adjustment AS close FROM adjusted_bars
WHERE frequency IN (SELECT unnest($frequencies))
ORDER BY instrument, frequency, event_at
"""
_ORIGINS: Final = """
WITH keys AS (SELECT unnest($instruments) AS instrument, unnest($horizons) AS horizon)
SELECT instrument, horizon, forecast_origin FROM (
    SELECT DISTINCT instrument, horizon, forecast_origin
    FROM models.forecasts SEMI JOIN keys USING (instrument, horizon) WHERE known_at <= $as_of
    UNION
    SELECT DISTINCT instrument, horizon, forecast_origin
    FROM ensembles.forecasts SEMI JOIN keys USING (instrument, horizon) WHERE known_at <= $as_of
) ORDER BY instrument, horizon, forecast_origin
"""
# Content of what a key rests on, free of order: forecasts, estimates of VaR, prices; all vintages known at as_of.
_VERSIONS: Final = """
WITH keys AS (
    SELECT unnest($instruments) AS instrument, unnest($horizons) AS horizon, unnest($frequencies) AS frequency
),
of_prices AS (
    SELECT instrument, frequency, bit_xor(hash(event_at, known_at, open, close)) AS prices
    FROM market.bars
    WHERE known_at <= $as_of AND instrument IN (SELECT instrument FROM keys)
      AND frequency IN (SELECT frequency FROM keys)
    GROUP BY ALL
),
of_actions AS (
    SELECT instrument, bit_xor(hash(kind, event_at, known_at, value)) AS actions
    FROM market.corporate_actions
    WHERE known_at <= $as_of AND instrument IN (SELECT instrument FROM keys)
    GROUP BY ALL
),
of_forecasts AS (
    SELECT instrument, horizon, sum(n) AS n_forecasts, max(newest) AS newest_origin, bit_xor(content) AS forecasts
    FROM (
        SELECT instrument, horizon, count(*) AS n, max(forecast_origin) AS newest,
               bit_xor(hash(model_id, forecast_origin)) AS content
        FROM models.forecasts SEMI JOIN keys USING (instrument, horizon) WHERE known_at <= $as_of GROUP BY ALL
        UNION ALL
        SELECT instrument, horizon, count(*), max(forecast_origin), bit_xor(hash(forecast_id))
        FROM ensembles.forecasts SEMI JOIN keys USING (instrument, horizon) WHERE known_at <= $as_of GROUP BY ALL
    ) GROUP BY ALL
),
of_estimates AS (
    SELECT instrument, horizon, bit_xor(hash(var_id)) AS estimates
    FROM risk.value_at_risk SEMI JOIN keys USING (instrument, horizon) WHERE known_at <= $as_of GROUP BY ALL
)
SELECT k.instrument, k.horizon, coalesce(n_forecasts, 0)::BIGINT AS n_inputs, newest_origin,
       printf('%016x%016x%016x', coalesce(forecasts, 0), xor(coalesce(prices, 0), coalesce(actions, 0)),
              CASE WHEN $with_estimates THEN coalesce(estimates, 0) ELSE 0 END) AS data_version
FROM keys k LEFT JOIN of_forecasts USING (instrument, horizon) LEFT JOIN of_estimates USING (instrument, horizon)
LEFT JOIN of_prices USING (instrument, frequency) LEFT JOIN of_actions USING (instrument)
"""


@dataclass(frozen=True, slots=True, eq=False)
class Bars:
    """Total-return prices of one instrument and frequency, newest vintage, closes known throughout.

    Parameters
    ----------
    times : datetime64[us] array, shape (n_bars,)
    opens, closes : float64 array, shape (n_bars,)
        Opens are NaN where the source has none.
    """

    times: TimeArray
    opens: FloatArray
    closes: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Outcomes:
    """What came true at the forecast origins of one key, horizons not overlapping.

    Parameters
    ----------
    key : GridKey
    origins, targets : datetime64[us] array, shape (n_forecasts,)
    returns : float64 array, shape (n_forecasts,)
        Log return over the horizon [decimal].
    naive_volatility : float64 array, shape (n_forecasts,)
        Standard deviation of the last 21 bars' returns, scaled to the horizon [decimal]; NaN before there are 21.
    """

    key: GridKey
    origins: TimeArray
    targets: TimeArray
    returns: FloatArray
    naive_volatility: FloatArray


def read_versions(store: "Lake", keys: Sequence[GridKey], as_of: datetime, *, with_estimates: bool) -> "pl.DataFrame":
    """Read what each key rests on: n_inputs (forecasts), newest_origin, data_version (content hash)."""
    return store.query(_VERSIONS, _names(keys, as_of) | {"with_estimates": with_estimates})


def read_bars(
    store: "Lake", keys: Sequence[GridKey], as_of: datetime, snapshot: int | None
) -> dict[tuple[str, str], Bars]:
    """Read the prices behind some keys, by (instrument, frequency)."""
    names = _names(keys, as_of)
    chosen = {"instruments": names["instruments"], "frequencies": names["frequencies"], "as_of": as_of}
    frame = store.query(_CLOSES, chosen, snapshot)
    frame = frame.filter(frame["close"].is_not_null() & frame["close"].is_not_nan())
    parts = frame.partition_by("instrument", "frequency", as_dict=True, maintain_order=True)
    return {
        (str(name), str(frequency)): Bars(
            part["event_at"].to_numpy(),
            part["open"].fill_null(float("nan")).to_numpy(),
            part["close"].to_numpy(),
        )
        for (name, frequency), part in parts.items()
    }


def read_outcomes(
    store: "Lake",
    keys: Sequence[GridKey],
    bars: Mapping[tuple[str, str], Bars],
    as_of: datetime,
    snapshot: int | None,
) -> dict[GridKey, Outcomes]:
    """Read the origins of stored forecasts whose horizon has ended, with what followed.

    An origin is left out where a price at either end is not positive. A key without any is absent.
    """
    names = _names(keys, as_of)
    chosen = {"instruments": names["instruments"], "horizons": names["horizons"], "as_of": as_of}
    frame = store.query(_ORIGINS, chosen, snapshot)
    parts = frame.partition_by("instrument", "horizon", as_dict=True, maintain_order=True)
    found: dict[GridKey, Outcomes] = {}
    for (instrument, name), part in parts.items():
        horizon = Horizon.parse(str(name))
        series = bars.get((str(instrument), horizon.frequency))
        if series is None:
            continue
        outcomes = _outcomes(GridKey(str(instrument), str(name)), series, part["forecast_origin"].to_numpy(), horizon)
        if outcomes.origins.size:
            found[outcomes.key] = outcomes
    return found


def naive_volatility(closes: FloatArray, n_bars: int) -> FloatArray:
    """Scale the standard deviation of the last 21 log returns to a horizon, bar by bar.

    Parameters
    ----------
    closes : float64 array, shape (n,)
        Prices; a return across one that is not positive is left out, with every window that holds it.
    n_bars : int
        Bars of the horizon.

    Returns
    -------
    float64 array, shape (n,)
        NaN where the window is not whole.
    """
    safe = np.where(closes > 0, closes, np.nan)
    returns = np.diff(np.log(safe))
    result = np.full(closes.size, np.nan)
    if returns.size >= _NAIVE_BARS:
        windows = np.lib.stride_tricks.sliding_window_view(returns, _NAIVE_BARS)
        result[_NAIVE_BARS:] = windows.std(axis=1, ddof=1) * np.sqrt(n_bars)
    return np.where(result > 0, result, np.nan)


def _outcomes(key: GridKey, bars: Bars, origins: TimeArray, horizon: Horizon) -> Outcomes:
    at: IntArray = np.searchsorted(bars.times, origins).astype(np.int64)
    ended = at + horizon.n_bars < bars.times.size
    at, origins = at[ended], origins[ended]
    stored = bars.times[at] == origins
    start, stop = bars.closes[at], bars.closes[at + horizon.n_bars]
    at = at[stored & (start > 0) & (stop > 0)]
    at = at[non_overlapping(at, horizon.n_bars)]
    start, stop = bars.closes[at], bars.closes[at + horizon.n_bars]
    naive = naive_volatility(bars.closes, horizon.n_bars)[at]
    return Outcomes(key, bars.times[at], bars.times[at + horizon.n_bars], np.log(stop / start), naive)


def _names(keys: Sequence[GridKey], as_of: datetime) -> dict[str, object]:
    return {
        "instruments": [key.instrument for key in keys],
        "horizons": [key.horizon for key in keys],
        "frequencies": [Horizon.parse(key.horizon).frequency for key in keys],
        "as_of": as_of,
    }
