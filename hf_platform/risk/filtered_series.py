"""Distributions by filtered historical simulation, from the stored forecasts of one GARCH filter."""

import json
import math
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

import numpy as np

from hf_platform.horizons import Horizon
from hf_platform.risk.filtered_historical import innovation_quantiles
from hf_platform.risk.path_simulation import simulate_returns
from hf_platform.risk.var_sources import FILTER
from hf_platform.types import PROBABILITIES, FloatArray, GridKey, IntArray

if TYPE_CHECKING:
    import polars as pl

    from hf_platform.lake import Lake

FILTER_CODE: Final = ("hf_platform.risk.filtered_historical", "hf_platform.risk.path_simulation")
_METHOD: Final = "filtered_historical"
_ROWS: Final = 500  # origins simulated at a time: bounds memory
# The filter's forecasts of the next bar, newest vintage, beside what came true.
_FILTER: Final = f"""
WITH bars AS (
    SELECT instrument, event_at, ln(close / lag(close) OVER (PARTITION BY instrument ORDER BY event_at)) AS log_return,
           row_number() OVER (PARTITION BY instrument ORDER BY event_at) - 1 AS bar
    FROM (
        SELECT instrument, event_at, close FROM market.bars
        WHERE frequency = $frequency AND known_at <= $as_of AND instrument IN (SELECT unnest($instruments))
        QUALIFY row_number() OVER (PARTITION BY instrument, event_at ORDER BY known_at DESC) = 1
    ) WHERE close > 0
),
fits AS (
    SELECT model_id, any_value(params_json) AS params_json FROM models.ledger
    WHERE status = 'ok' AND variant = '{FILTER[1]}' AND instrument IN (SELECT unnest($instruments)) GROUP BY model_id
),
filtered AS (
    SELECT instrument, forecast_origin, mean, volatility, params_json
    FROM models.forecasts JOIN fits USING (model_id)
    WHERE family = '{FILTER[0]}' AND variant = '{FILTER[1]}' AND horizon = $frequency AND known_at <= $as_of
      AND instrument IN (SELECT unnest($instruments))
    QUALIFY row_number() OVER (PARTITION BY instrument, forecast_origin
                               ORDER BY known_at DESC, created_at DESC, model_id) = 1
)
SELECT b.instrument, b.bar, b.event_at, b.log_return, f.mean, f.volatility, f.params_json
FROM bars b LEFT JOIN filtered f ON f.instrument = b.instrument AND f.forecast_origin = b.event_at
ORDER BY b.instrument, b.bar
"""
_ORIGINS: Final = f"""
SELECT DISTINCT instrument, horizon, forecast_origin FROM models.forecasts
JOIN (SELECT unnest($instruments) AS instrument, unnest($horizons) AS horizon) USING (instrument, horizon)
WHERE family = '{FILTER[0]}' AND variant = '{FILTER[1]}' AND known_at <= $as_of AND forecast_origin >= $since
ORDER BY ALL
"""


def filter_series(store: "Lake", keys: Sequence[GridKey], *, as_of: datetime, since: datetime) -> "pl.DataFrame":
    """Give the distribution of the return at the stored origins of the filter.

    Parameters
    ----------
    store : Lake
    keys : sequence of GridKey
    as_of, since : datetime
        Knowledge cutoff, and the first origin, naive UTC.

    Returns
    -------
    polars.DataFrame
        method, instrument, horizon, forecast_origin, quantiles, tail_means (lists on `PROBABILITIES`).

    Notes
    -----
    Over one bar: quantiles of the filter's own past innovations. Over several: simulated paths of the
    filter, seeded by the settings, which need its forecasts of the next bar at the same origin; an origin
    without one is left out.
    """
    import polars as pl

    parts = [_empty()]
    frequencies = sorted({Horizon.parse(key.horizon).frequency for key in keys})
    for frequency in frequencies:
        own = [key for key in keys if Horizon.parse(key.horizon).frequency == frequency]
        names = {"instruments": sorted({key.instrument for key in own}), "as_of": as_of}
        origins = store.query(
            _ORIGINS,
            {
                "instruments": [key.instrument for key in own],
                "horizons": [key.horizon for key in own],
                "as_of": as_of,
                "since": since,
            },
        ).partition_by(["instrument", "horizon"], as_dict=True)
        filters = store.query(_FILTER, names | {"frequency": frequency}).partition_by("instrument", as_dict=True)
        parts += [
            _distributions(GridKey(str(name), str(horizon)), rows, filters[name,], store.settings.seed)
            for (name, horizon), rows in origins.items()
            if (name,) in filters
        ]
    return pl.concat(parts)


def _empty() -> "pl.DataFrame":
    import polars as pl

    lists = pl.List(pl.Float64)
    names = {"instrument": pl.String, "horizon": pl.String, "forecast_origin": pl.Datetime("us")}
    return pl.DataFrame(schema={"method": pl.String, **names, "quantiles": lists, "tail_means": lists})


def _distributions(key: GridKey, origins: "pl.DataFrame", history: "pl.DataFrame", seed: int) -> "pl.DataFrame":
    import polars as pl

    wanted = history["event_at"].is_in(origins["forecast_origin"].to_list()) & history["volatility"].is_not_null()
    asked = history.filter(wanted)
    following = np.append(history["log_return"].to_numpy()[1:], np.nan)
    innovations = (following - history["mean"].to_numpy()) / history["volatility"].to_numpy()
    bars = asked["bar"].to_numpy().astype(np.int64)
    mean, volatility = asked["mean"].to_numpy(), asked["volatility"].to_numpy()
    n_bars = Horizon.parse(key.horizon).n_bars
    if n_bars == 1:
        quantiles, tails = innovation_quantiles(innovations, bars)
        quantiles, tails = (mean[:, None] + volatility[:, None] * part for part in (quantiles, tails))
    else:
        quantiles, tails = _simulated(
            _parameters(asked["params_json"]), volatility**2, innovations, bars, n_bars, seed=seed
        )
    return pl.DataFrame(
        {
            "method": pl.Series([_METHOD], dtype=pl.String).new_from_index(0, bars.size),
            "instrument": pl.Series([key.instrument]).new_from_index(0, bars.size),
            "horizon": pl.Series([key.horizon]).new_from_index(0, bars.size),
            "forecast_origin": asked["event_at"],
            "quantiles": pl.Series(quantiles, dtype=pl.Array(pl.Float64, len(PROBABILITIES))).cast(pl.List(pl.Float64)),
            "tail_means": pl.Series(tails, dtype=pl.Array(pl.Float64, len(PROBABILITIES))).cast(pl.List(pl.Float64)),
        }
    )


def _parameters(texts: "pl.Series") -> FloatArray:
    """Read mu, omega, alpha, gamma, beta of each origin's fit; fits change once a year, so texts repeat."""
    names = ("mu", "omega", "alpha[1]", "gamma[1]", "beta[1]")
    fitted = {text: [json.loads(text)[name] for name in names] for text in texts.unique().to_list()}
    return np.array([fitted[text] for text in texts.to_list()], dtype=np.float64).reshape(len(texts), len(names))


def _simulated(
    params: FloatArray, variance: FloatArray, innovations: FloatArray, bars: IntArray, n_bars: int, *, seed: int
) -> tuple[FloatArray, FloatArray]:
    """Read quantiles and tail means off sorted paths."""
    shape = (bars.size, len(PROBABILITIES))
    quantiles, tails = np.empty(shape), np.empty(shape)
    for start in range(0, bars.size, _ROWS):
        rows = slice(start, start + _ROWS)
        paths = np.sort(simulate_returns(params[rows], variance[rows], innovations, bars[rows], n_bars, seed=seed))
        n_paths = paths.shape[1]
        for column, probability in enumerate(PROBABILITIES):
            at = max(math.ceil(probability * n_paths - 1e-9), 1) - 1
            quantiles[rows, column] = paths[:, at]
            beyond = paths[:, : at + 1] if probability <= 0.5 else paths[:, at:]
            tails[rows, column] = beyond.mean(axis=1)
    return quantiles, tails
