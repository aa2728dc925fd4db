"""Where each VaR method takes its distribution from, as SQL over stored forecasts.

* `ensemble`: the volatility ensemble, tails from its own past errors; over several bars its variance is aggregated.
* `parametric`: the fitted distribution of the likelihood model with the lowest AIC; variance aggregated likewise.
* `filtered_historical`: one GJR-GARCH filter, innovations drawn from its own past; over several bars its
  paths are simulated (`risk.filtered_series`).
* `quantile_models`: quantiles that return families forecast directly, averaged.
* `ewma`: RiskMetrics with normal tails, the baseline.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from hf_platform.horizons import Horizon
from hf_platform.models.registry import FAMILIES
from hf_platform.types import CONFIDENCES, PROBABILITIES, GridKey

if TYPE_CHECKING:
    import duckdb

METHODS: Final = ("ensemble", "parametric", "filtered_historical", "quantile_models", "ewma")
FILTER: Final = ("garch", "gjr-t")  # the single model that covers 99 % best on the twenty stocks
_STANDARD: Final = (0.975, 0.99)  # of the market risk rules: every method has them
# Millions of rows a night: all levels for the ensemble, those that are compared for the others.
LEVELS: Final[tuple[tuple[str, int, tuple[float, ...]], ...]] = (
    ("ensemble", 1, CONFIDENCES),
    ("ensemble", -1, _STANDARD),
    ("parametric", 1, _STANDARD),
    ("filtered_historical", 1, _STANDARD),
    ("quantile_models", 1, _STANDARD),
    ("ewma", 1, (0.95, *_STANDARD)),
)
WITNESS: Final = 0.99  # all levels of a forecast are written together: this one, long, stands for them


def _places(method: str) -> list[int]:
    """Places of a method's levels on the grid of probabilities, counted from 1."""
    return sorted(
        {_place(sign, confidence) for name, sign, levels in LEVELS if name == method for confidence in levels}
    )


def _place(sign: int, confidence: float) -> int:
    # A long position loses at the lower tail, a short one at the upper.
    # 1 - 0.99 is not the stored 0.01 in floating point: round to the grid's own numbers.
    return PROBABILITIES.index(round(1.0 - confidence, 6) if sign > 0 else confidence) + 1


def _averages(method: str) -> str:
    """Write the average over families of each list, NULL where the method has no level."""
    wanted = _places(method)
    return ", ".join(
        "["
        + ", ".join(f"avg(f.{column}[{i}])" if i in wanted else "NULL" for i in range(1, len(PROBABILITIES) + 1))
        + f"] AS {column}"
        for column in ("quantiles", "tail_means")
    )


_NEWEST: Final = "ORDER BY known_at DESC, created_at DESC"
# The identity of an estimate: what it is of, and the forecast it was taken from.
VAR_ID: Final = """
left(sha256(concat_ws('|', method, instrument, horizon, epoch_us(forecast_origin), confidence, position_sign,
                      forecast_id)), 24)
"""
# A reader's own tables, one statement each. `picks`: the models that each method could rest on at each origin, of each
# the newest vintage that was known; narrow rows.
PICKS: Final = f"""
CREATE TEMP TABLE picks AS
WITH fits AS (
    SELECT model_id, any_value(aic) AS aic FROM models.ledger SEMI JOIN keys USING (instrument, horizon)
    WHERE status = 'ok' AND aic IS NOT NULL GROUP BY model_id
),
candidates AS MATERIALIZED (
    SELECT model_id, family, variant, instrument, horizon, forecast_origin, known_at, created_at, aic
    FROM models.forecasts SEMI JOIN keys USING (instrument, horizon) LEFT JOIN fits USING (model_id)
    WHERE known_at <= $as_of AND instrument BETWEEN $first AND $last
      AND (aic IS NOT NULL OR family = 'ewma' OR (variant = 'quantile' AND list_contains($quantile_families, family)))
)
SELECT 'ewma' AS method, * FROM candidates WHERE family = 'ewma'
QUALIFY row_number() OVER (PARTITION BY instrument, horizon, forecast_origin {_NEWEST}, model_id) = 1
UNION ALL
SELECT 'parametric', * FROM candidates WHERE aic IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY instrument, horizon, forecast_origin
                           ORDER BY known_at DESC, aic, created_at DESC, model_id) = 1
UNION ALL
SELECT 'filtered_historical', * FROM candidates WHERE family = '{FILTER[0]}' AND variant = '{FILTER[1]}'
QUALIFY row_number() OVER (PARTITION BY instrument, horizon, forecast_origin {_NEWEST}, model_id) = 1
UNION ALL
SELECT 'quantile_models', * FROM candidates WHERE variant = 'quantile'
QUALIFY row_number() OVER (PARTITION BY instrument, horizon, forecast_origin, family {_NEWEST}, model_id) = 1
"""
# `named`: one row per method and origin, `is_stored` where its estimates are written.
NAMED: Final = f"""
CREATE TEMP TABLE named AS
WITH sources AS (
    SELECT 'ensemble' AS method, forecast_id, instrument, horizon, forecast_origin FROM ensembles.forecasts
    SEMI JOIN keys USING (instrument, horizon)
    WHERE name = 'volatility_ensemble' AND known_at <= $as_of AND instrument BETWEEN $first AND $last
    QUALIFY row_number() OVER (PARTITION BY instrument, horizon, forecast_origin {_NEWEST}, forecast_id) = 1
    UNION ALL
    SELECT method, CASE method WHEN 'filtered_historical' THEN model_id || $filter_code ELSE model_id END,
           instrument, horizon, forecast_origin
    FROM picks WHERE method <> 'quantile_models'
    UNION ALL
    SELECT method, string_agg(model_id, '|' ORDER BY family), instrument, horizon, forecast_origin
    FROM picks WHERE method = 'quantile_models' GROUP BY ALL
),
stored AS (
    SELECT var_id, true AS is_stored FROM risk.value_at_risk SEMI JOIN keys USING (instrument, horizon)
    WHERE confidence = {WITNESS} AND position_sign = 1 AND instrument BETWEEN $first AND $last
)
SELECT * FROM (
    SELECT *, {VAR_ID} AS var_id FROM (SELECT *, {WITNESS}::DOUBLE AS confidence, 1 AS position_sign FROM sources)
) LEFT JOIN stored USING (var_id)
"""
# What is not stored yet, with the models behind it.
PENDING: Final = """
CREATE TEMP TABLE pending AS
SELECT n.method, n.forecast_id, n.instrument, n.horizon, n.forecast_origin, p.model_id, p.family
FROM named n LEFT JOIN picks p USING (method, instrument, horizon, forecast_origin) WHERE n.is_stored IS NULL
"""
# What the files are read for: columns as wide as these are decoded for what the join keeps only.
_WITHIN: Final = "f.instrument BETWEEN $first AND $last AND f.forecast_origin >= $since"
# Its distributions, from `pending` and `filtered`, one statement a kind of source: as one query this did not
# come to an end.
TAKEN: Final = (
    f"""
CREATE TEMP TABLE taken AS
SELECT c.* EXCLUDE (model_id, family), f.target_at, f.known_at, f.quantiles, f.tail_means, f.member_model_ids,
       f.missing_members
FROM pending c JOIN ensembles.forecasts f USING (forecast_id)
WHERE c.method = 'ensemble' AND f.name = 'volatility_ensemble' AND {_WITHIN}
""",
    f"""
INSERT INTO taken BY NAME
SELECT c.* EXCLUDE (model_id, family), f.target_at, f.known_at, f.quantiles, f.tail_means,
       [model_id] AS member_model_ids, []::VARCHAR[] AS missing_members
FROM pending c JOIN models.forecasts f USING (model_id, forecast_origin)
WHERE c.method IN ('ewma', 'parametric') AND {_WITHIN}
""",
    f"""
INSERT INTO taken BY NAME
SELECT c.* EXCLUDE (model_id, family), f.target_at, f.known_at, s.quantiles, s.tail_means,
       [model_id] AS member_model_ids, []::VARCHAR[] AS missing_members
FROM pending c JOIN filtered s USING (method, instrument, horizon, forecast_origin)
JOIN models.forecasts f USING (model_id, forecast_origin)
WHERE f.family = '{FILTER[0]}' AND f.variant = '{FILTER[1]}' AND {_WITHIN}
""",
    f"""
INSERT INTO taken BY NAME
SELECT method, forecast_id, c.instrument, c.horizon, forecast_origin, any_value(f.target_at) AS target_at,
       max(f.known_at) AS known_at, {_averages("quantile_models")},
       array_agg(model_id ORDER BY c.family) AS member_model_ids,
       list_filter($quantile_families, f -> NOT list_contains(array_agg(c.family), f)) AS missing_members
FROM pending c JOIN models.forecasts f USING (model_id, forecast_origin)
WHERE c.method = 'quantile_models' AND f.variant = 'quantile' AND {_WITHIN}
GROUP BY method, forecast_id, c.instrument, c.horizon, forecast_origin
""",
)
# Every level of each. Losses are minus returns: VaR is minus the return quantile at 1 - confidence, ES minus the
# mean return at or below it. A quantile above zero gives a negative VaR, a sure gain, and keeps its sign.
ESTIMATES: Final = f"""
WITH levels AS (
    SELECT unnest($methods) AS method, unnest($signs) AS position_sign, unnest($confidences) AS confidence,
           unnest($places) AS place
)
SELECT {VAR_ID} AS var_id, instrument, horizon, method, confidence, position_sign, forecast_origin, target_at, known_at,
       -position_sign * quantiles[place] AS value_at_risk, -position_sign * tail_means[place] AS expected_shortfall,
       member_model_ids, missing_members
FROM taken JOIN levels USING (method) WHERE quantiles[place] IS NOT NULL
"""


def quantile_families(chosen: Sequence[str]) -> list[str]:
    """Name those of the chosen families that forecast quantiles of returns directly."""
    able = [family.name for family in FAMILIES if family.kind == "return" and "quantile" in family.variants]
    return [name for name in able if name in chosen]


def lay_out(
    con: "duckdb.DuckDBPyConnection", keys: Sequence[GridKey], as_of: datetime, chosen: Sequence[str], filter_code: str
) -> dict[str, object]:
    """Fill a connection's own tables `keys`, `picks` and `named`; return where in the lake their rows lie.

    Parameters
    ----------
    con : duckdb connection
        Reading the lake; the tables go with it.
    keys : sequence of GridKey
    as_of : datetime
        Knowledge cutoff, naive UTC.
    chosen : sequence of str
        Families that are in use.
    filter_code : str
        Code version of the filtered simulation.
    """
    names = [key.instrument for key in keys]
    con.execute(
        "CREATE TEMP TABLE keys AS SELECT unnest($instruments) AS instrument, unnest($horizons) AS horizon, "
        "unnest($frequencies) AS frequency",
        {
            "instruments": names,
            "horizons": [key.horizon for key in keys],
            "frequencies": [Horizon.parse(key.horizon).frequency for key in keys],
        },
    )
    bounds: dict[str, object] = {"first": min(names), "last": max(names)}
    con.execute(PICKS, bounds | {"as_of": as_of, "quantile_families": quantile_families(chosen)})
    con.execute(NAMED, bounds | {"as_of": as_of, "filter_code": filter_code})
    return bounds


def level_parameters() -> dict[str, object]:
    """Give every method, sign and confidence with its place on the grid of probabilities, counted from 1."""
    rows = [(method, sign, confidence) for method, sign, levels in LEVELS for confidence in levels]
    return {
        "methods": [method for method, _, _ in rows],
        "signs": [sign for _, sign, _ in rows],
        "confidences": [confidence for _, _, confidence in rows],
        "places": [_place(sign, confidence) for _, sign, confidence in rows],
    }
