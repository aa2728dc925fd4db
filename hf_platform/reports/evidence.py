"""What a page shows, read from the lake: tests, samples, volatility, weights, models, origins of it all."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

import numpy as np

from hf_platform.backtest.sample import VarSample, read_samples
from hf_platform.horizons import OVERNIGHT, SESSION, Horizon
from hf_platform.types import FloatArray, GridKey, TimeArray

if TYPE_CHECKING:
    import polars as pl

    from hf_platform.lake import Lake

Row = dict[str, object]

SHOWN: Final = (0.99, 0.95)  # confidences of the plots and of the list of breaches
# The newest backtest of each key: at one as_of a key may have been tested again on other inputs.
NEWEST_TESTS: Final = """
SELECT * FROM backtests.var_tests
WHERE as_of <= $as_of AND producer = 'var_backtest'
QUALIFY rank() OVER (PARTITION BY instrument, horizon ORDER BY as_of DESC, created_at DESC) = 1
ORDER BY instrument, horizon, method, confidence, test, window_start
"""
_KEYS: Final = "WITH keys AS (SELECT unnest($instruments) AS instrument, unnest($horizons) AS horizon)"
_VOLATILITY: Final = f"""
{_KEYS},
both_of AS (
    SELECT instrument, horizon, 'ensemble' AS name, forecast_origin, volatility, known_at, created_at, forecast_id AS id
    FROM ensembles.forecasts SEMI JOIN keys USING (instrument, horizon)
    WHERE name = 'volatility_ensemble' AND known_at <= $as_of
    UNION ALL
    SELECT instrument, horizon, 'ewma', forecast_origin, volatility, known_at, created_at, model_id
    FROM models.forecasts SEMI JOIN keys USING (instrument, horizon) WHERE family = 'ewma' AND known_at <= $as_of
)
SELECT instrument, horizon, name, forecast_origin, volatility FROM both_of WHERE volatility IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY instrument, horizon, name, forecast_origin
                           ORDER BY known_at DESC, created_at DESC, id) = 1
ORDER BY instrument, horizon, name, forecast_origin
"""
_WEIGHTS: Final = f"""
{_KEYS}
SELECT instrument, horizon, forecast_origin, member, weight, criterion
FROM ensembles.weights SEMI JOIN keys USING (instrument, horizon)
WHERE name = 'volatility_ensemble' AND known_at <= $as_of
QUALIFY rank() OVER (PARTITION BY instrument, horizon, forecast_origin ORDER BY known_at DESC, created_at DESC) = 1
ORDER BY instrument, horizon, forecast_origin, member
"""
_NEWEST_VAR: Final = f"""
{_KEYS},
newest AS (
    SELECT * FROM risk.value_at_risk SEMI JOIN keys USING (instrument, horizon)
    WHERE known_at <= $as_of
    QUALIFY rank() OVER (PARTITION BY instrument, horizon, method, position_sign ORDER BY forecast_origin DESC) = 1
)
SELECT instrument, horizon, method, position_sign, confidence, forecast_origin, target_at, value_at_risk,
       expected_shortfall, var_id, member_model_ids, missing_members, run_id
FROM newest
QUALIFY row_number() OVER (PARTITION BY instrument, horizon, method, position_sign, confidence
                           ORDER BY known_at DESC, created_at DESC, var_id) = 1
ORDER BY instrument, horizon, method, position_sign DESC, confidence
"""
_MODELS: Final = """
SELECT model_id, family, variant, status, train_start, train_end, n_obs, log_likelihood, aic, at_boundary, input_hash,
       spec_hash, code_version, lake_snapshot, seed
FROM models.ledger WHERE model_id IN (SELECT unnest($models)) AND as_of <= $as_of
QUALIFY row_number() OVER (PARTITION BY model_id ORDER BY as_of, created_at) = 1
ORDER BY family, variant, model_id
"""
_SCORES: Final = f"""
{_KEYS}
SELECT instrument, horizon, member, score, value, n_forecasts FROM backtests.forecast_scores
SEMI JOIN keys USING (instrument, horizon) ORDER BY instrument, horizon, score, value, member
"""


_COMPARISONS: Final = f"""
{_KEYS}
SELECT instrument, horizon, member, benchmark, score, test, n_forecasts, mean_difference, statistic, p_value,
       verdict, reason
FROM backtests.comparisons SEMI JOIN keys USING (instrument, horizon)
ORDER BY instrument, horizon, test, score, mean_difference, member
"""
_STRATEGIES: Final = f"""
{_KEYS}
SELECT instrument, horizon, member, strategy, n_trades, annual_return, annual_volatility, sharpe_ratio, sharpe_error,
       probabilistic_sharpe, deflated_sharpe, n_trials, max_drawdown, hit_rate, exposure, annual_turnover, annual_cost,
       verdict, reason, window_start, window_end
FROM backtests.strategies SEMI JOIN keys USING (instrument, horizon) ORDER BY instrument, horizon, member, strategy
"""
# Long positions over the part of a session that belongs to a key, newest forecast and tests of the whole sample.
_SESSIONS: Final = f"""
{_KEYS},
parts AS (
    SELECT instrument, horizon AS of_key, if(horizon = '1d', '{OVERNIGHT}', horizon || '{SESSION}') AS horizon FROM keys
),
newest AS (
    SELECT instrument, horizon, method, confidence, forecast_origin, target_at, value_at_risk, expected_shortfall
    FROM risk.value_at_risk SEMI JOIN parts USING (instrument, horizon)
    WHERE position_sign = 1 AND known_at <= $as_of
    QUALIFY row_number() OVER (PARTITION BY instrument, horizon, method, confidence
                               ORDER BY forecast_origin DESC, known_at DESC, created_at DESC, var_id) = 1
),
tested AS (
    SELECT instrument, horizon, method, confidence, any_value(n_forecasts) AS n_forecasts,
           any_value(n_breaches) AS n_breaches, max(p_value) FILTER (test = 'kupiec_pof') AS rate_p,
           max(p_value) FILTER (test = 'conditional_coverage') AS joint_p,
           any_value(verdict) FILTER (test = 'conditional_coverage') AS verdict
    FROM (
        SELECT * FROM backtests.var_tests SEMI JOIN parts USING (instrument, horizon)
        WHERE as_of <= $as_of AND position_sign = 1 AND test IN ('kupiec_pof', 'conditional_coverage')
        QUALIFY rank() OVER (PARTITION BY instrument, horizon ORDER BY as_of DESC, created_at DESC) = 1
    ) GROUP BY ALL
)
SELECT p.instrument, p.of_key AS horizon, n.* EXCLUDE (instrument, horizon), n_forecasts, n_breaches, rate_p, joint_p,
       verdict
FROM parts p JOIN newest n USING (instrument, horizon)
LEFT JOIN tested USING (instrument, horizon, method, confidence)
ORDER BY p.instrument, p.of_key, method, confidence
"""


@dataclass(frozen=True, slots=True, eq=False)
class VolatilityPath:
    """Forecast volatility of one method by origin, annualised [decimal]."""

    name: str
    origins: TimeArray
    annual_volatility: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class WeightPath:
    """Ensemble weights by origin: `shares` has shape (n_origins, n_members), rows sum to one."""

    members: tuple[str, ...]
    origins: TimeArray
    shares: FloatArray
    criterion: str


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """Everything on one page, for one key."""

    key: GridKey
    tests: list[Row]
    samples: dict[tuple[str, float], VarSample]
    volatility: list[VolatilityPath]
    weights: WeightPath
    newest: list[Row]
    models: list[Row]
    scores: list[Row]
    comparisons: list[Row]
    strategies: list[Row]
    sessions: list[Row]


def read_evidence(
    store: "Lake", keys: Sequence[GridKey], tests: dict[GridKey, list[Row]], as_of: datetime
) -> dict[GridKey, Evidence]:
    """Read what the pages of some keys show; every key must have stored tests."""
    names = {"instruments": [k.instrument for k in keys], "horizons": [k.horizon for k in keys]}
    at = names | {"as_of": as_of}
    samples: dict[GridKey, dict[tuple[str, float], VarSample]] = {key: {} for key in keys}
    for sample in read_samples(store, keys, as_of, methods=("ensemble",), confidences=SHOWN, signs=(1,)):
        samples[sample.key][sample.method, sample.confidence] = sample
    volatility = _by_key(store.query(_VOLATILITY, at))
    weights = _by_key(store.query(_WEIGHTS, at))
    newest = _by_key(store.query(_NEWEST_VAR, at))
    scores = _by_key(store.query(_SCORES, names))
    comparisons = _by_key(store.query(_COMPARISONS, names))
    strategies = _by_key(store.query(_STRATEGIES, names))
    sessions = _by_key(store.query(_SESSIONS, at))
    members = {key: _member_ids(frame) for key, frame in newest.items()}
    wanted = sorted({model for ids in members.values() for model in ids})
    models = {str(row["model_id"]): row for row in store.query(_MODELS, {"models": wanted, "as_of": as_of}).to_dicts()}
    return {
        key: Evidence(
            key,
            tests[key],
            samples[key],
            _volatility_paths(key, volatility.get(key)),
            _weight_path(weights.get(key)),
            newest[key].to_dicts() if key in newest else [],
            [models[model] for model in members.get(key, ()) if model in models],
            scores[key].to_dicts() if key in scores else [],
            comparisons[key].to_dicts() if key in comparisons else [],
            strategies[key].to_dicts() if key in strategies else [],
            sessions[key].to_dicts() if key in sessions else [],
        )
        for key in keys
    }


def _by_key(frame: "pl.DataFrame") -> "dict[GridKey, pl.DataFrame]":
    parts = frame.partition_by("instrument", "horizon", as_dict=True, maintain_order=True)
    return {GridKey(str(names[0]), str(names[1])): part for names, part in parts.items()}


def _member_ids(newest: "pl.DataFrame") -> list[str]:
    of_ensemble = newest.filter(newest["method"] == "ensemble")
    return sorted(of_ensemble["member_model_ids"].explode().drop_nulls().unique().to_list())


def _volatility_paths(key: GridKey, frame: "pl.DataFrame | None") -> list[VolatilityPath]:
    if frame is None:
        return []
    horizon = Horizon.parse(key.horizon)
    scale = np.sqrt(horizon.bars_per_year / horizon.n_bars)
    return [
        VolatilityPath(str(names[0]), part["forecast_origin"].to_numpy(), part["volatility"].to_numpy() * scale)
        for names, part in sorted(frame.partition_by("name", as_dict=True, maintain_order=True).items())
    ]


def _weight_path(frame: "pl.DataFrame | None") -> WeightPath:
    if frame is None:
        return WeightPath((), np.empty(0, dtype="datetime64[us]"), np.empty((0, 0)), "")
    wide = frame.pivot(on="member", index="forecast_origin", values="weight", sort_columns=True).sort("forecast_origin")
    members = tuple(name for name in wide.columns if name != "forecast_origin")
    shares = wide.select(members).fill_null(0.0).to_numpy()
    return WeightPath(members, wide["forecast_origin"].to_numpy(), shares, str(frame["criterion"][-1] or ""))
