"""Everything a VaR number rests on, read back from the lake: forecast, members, data, code, tests.

Nothing is computed here: what the stages stored when they made the number is put side by side. The reads
leave models and graph unimported, so that the answer comes at once.
"""

import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from hf_platform.errors import DataError, UnknownNameError
from hf_platform.lineage.commits import commit_of
from hf_platform.lineage.rows import Row, read_rows

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hf_platform.lake import Lake

ENSEMBLE: Final = "volatility_ensemble"  # the forecast behind the VaR method `ensemble`

# Narrow columns first: the lists of thousands of origins are not read for one of them.
_NEWEST: Final = """
SELECT var_id, forecast_origin FROM risk.value_at_risk
WHERE instrument = $instrument AND horizon = $horizon AND method = $method AND confidence = $confidence
  AND position_sign = $position_sign AND ($as_of::TIMESTAMP IS NULL OR known_at <= $as_of)
ORDER BY forecast_origin DESC, known_at DESC, created_at DESC, var_id LIMIT 1
"""
_NUMBER: Final = """
SELECT * FROM risk.value_at_risk
WHERE instrument = $instrument AND horizon = $horizon AND forecast_origin = $origin AND var_id = $var_id
"""
_BY_ID: Final = "SELECT * FROM risk.value_at_risk WHERE var_id = $var_id"
_FORECASTS: Final = """
SELECT * EXCLUDE (probabilities, quantiles, tail_means, interval_miscoverage, combination_means,
                  combination_volatilities)
FROM ensembles.forecasts
WHERE name = $name AND instrument = $instrument AND horizon = $horizon AND forecast_origin = $origin
ORDER BY created_at DESC
"""
_WEIGHTS: Final = """
SELECT member, weight, criterion, created_at FROM ensembles.weights
WHERE name = $name AND instrument = $instrument AND horizon = $horizon AND forecast_origin = $origin
  AND known_at = $known_at
ORDER BY weight DESC, member
"""
_MODELS: Final = """
SELECT model_id, family, variant, status, reason, params_json, log_likelihood, aic, bic, score, gradient_norm,
       at_boundary, n_obs, n_optima, train_start, train_end, as_of, input_hash, spec_hash, data_version, code_version,
       lake_snapshot, seed, device, run_id, created_at
FROM models.ledger
WHERE model_id IN (SELECT unnest($models)) AND instrument = $instrument AND horizon = $horizon AND status = 'ok'
QUALIFY row_number() OVER (PARTITION BY model_id ORDER BY created_at) = 1
ORDER BY family, variant
"""
_ACTIONS: Final = """
SELECT kind, event_at, known_at, value, source FROM market.corporate_actions
WHERE instrument = $instrument AND event_at <= $origin AND known_at <= $known_at
QUALIFY row_number() OVER (PARTITION BY kind, event_at ORDER BY known_at DESC) = 1
ORDER BY event_at, kind
"""
_BARS: Final = """
WITH visible AS (
    SELECT event_at, known_at, source, flags FROM market.bars
    WHERE instrument = $instrument AND frequency = $frequency AND event_at <= $origin AND known_at <= $known_at
    QUALIFY row_number() OVER (PARTITION BY event_at ORDER BY known_at DESC, ingested_at DESC) = 1
)
SELECT count(*) AS n_bars, min(event_at) AS first_bar, max(event_at) AS last_bar,
       list_sort(list(DISTINCT source)) AS sources, count(*) FILTER (len(flags) > 0) AS n_flagged,
       arg_max(flags, event_at) AS flags_at_origin,
       (SELECT count(*) - count(DISTINCT event_at) FROM market.bars
        WHERE instrument = $instrument AND frequency = $frequency AND event_at <= $origin AND known_at <= $known_at
       ) AS n_restatements,
       (SELECT arg_max(calendar, valid_from) FROM market.universe WHERE instrument = $instrument) AS calendar
FROM visible
"""
_TESTS: Final = """
SELECT test, window_start, window_end, n_forecasts, n_breaches, statistic, p_value, zone, verdict, reason, as_of
FROM backtests.var_tests
WHERE instrument = $instrument AND horizon = $horizon AND method = $method AND confidence = $confidence
  AND position_sign = $position_sign AND ($as_of::TIMESTAMP IS NULL OR as_of <= $as_of)
QUALIFY rank() OVER (ORDER BY as_of DESC, created_at DESC) = 1
  AND row_number() OVER (PARTITION BY test ORDER BY n_forecasts DESC) = 1
ORDER BY test
"""
_KNOWN: Final = """
SELECT DISTINCT instrument, horizon, method, confidence, position_sign FROM risk.value_at_risk
WHERE ($as_of::TIMESTAMP IS NULL OR known_at <= $as_of)
"""


@dataclass(frozen=True, slots=True)
class Question:
    """Which number is asked for: the newest one that fits.

    Parameters
    ----------
    instrument, horizon : str
    confidence : float
    method : str
    position_sign : int
        +1 long, -1 short.
    as_of : datetime or None
        Only what was known then, naive UTC; None for everything.
    """

    instrument: str
    horizon: str
    confidence: float = 0.99
    method: str = "ensemble"
    position_sign: int = 1
    as_of: datetime | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """A VaR number and what it rests on; rows are those of the lake's tables.

    Parameters
    ----------
    number : dict
        Row of `risk.value_at_risk`, with `lake_snapshot`: the snapshot that its run committed.
    forecast : dict or None
        Row of `ensembles.forecasts`; None for a method that is no ensemble.
    members : list of dict
        Row of `models.ledger` of each model that took part, with `member`, `weight` and `criterion` where the
        number is an ensemble's, `params` for the parsed parameters. Weights sum to 1.
    data : dict
        Bars at the horizon's frequency as they were known with the number.
    actions : list of dict
        Corporate actions in force at the origin, as they were known with the number.
    tests : list of dict
        Newest coverage tests of the same key, method and confidence, on the longest window of each.
    """

    number: Row
    forecast: Row | None
    members: list[Row] = field(default_factory=list[Row])
    data: Row = field(default_factory=dict[str, Any])
    actions: list[Row] = field(default_factory=list[Row])
    tests: list[Row] = field(default_factory=list[Row])


def explain(store: "Lake", question: Question) -> Explanation:
    """Explain the newest number that fits a question.

    Raises
    ------
    UnknownNameError
        If an instrument, horizon, method or confidence has no number at all.
    DataError
        If there are numbers, but none was known at `as_of`.
    """
    found = read_rows(store, _NEWEST, _asked(question))
    if not found:
        raise _missing(store, question)
    name = {"instrument": question.instrument, "horizon": question.horizon, "origin": found[0]["forecast_origin"]}
    number = read_rows(store, _NUMBER, name | {"var_id": found[0]["var_id"]})[0]
    return explain_row(store, number, question.as_of)


def find_number(store: "Lake", var_id: str) -> Row | None:
    """Give the row of `risk.value_at_risk` of that name; None where there is none."""
    found = read_rows(store, _BY_ID, {"var_id": var_id})
    return found[0] if found else None


def explain_row(store: "Lake", number: Row, as_of: datetime | None = None) -> Explanation:
    """Explain a row of `risk.value_at_risk`."""
    key = {"instrument": number["instrument"], "horizon": number["horizon"]}
    origin, known_at = number["forecast_origin"], number["known_at"]
    visible = {"instrument": number["instrument"], "origin": origin, "known_at": known_at}
    forecast = ensemble_behind(store, number)
    named: list[str] = number["member_model_ids"] or []
    models = read_rows(store, _MODELS, key | {"models": named})
    tests = read_rows(
        store,
        _TESTS,
        key | {name: number[name] for name in ("method", "confidence", "position_sign")} | {"as_of": as_of},
    )
    commit = commit_of(store, number["producer"], number["run_id"], number["created_at"])
    return Explanation(
        number=number | {"lake_snapshot": commit},
        forecast=forecast,
        members=_members(models, [] if forecast is None else _weights(store, forecast)),
        data=read_rows(store, _BARS, visible | {"frequency": _frequency(number["horizon"])})[0],
        actions=read_rows(store, _ACTIONS, visible),
        tests=tests,
    )


def ensemble_behind(store: "Lake", number: Row) -> Row | None:
    """Find the very ensemble forecast that a number was taken from; None for other methods."""
    if number["method"] != "ensemble":
        return None
    candidates = read_rows(
        store,
        _FORECASTS,
        {"name": ENSEMBLE, "origin": number["forecast_origin"]}
        | {name: number[name] for name in ("instrument", "horizon")},
    )
    return next((row for row in candidates if var_id_of(number, row["forecast_id"]) == number["var_id"]), None)


def var_id_of(number: Row, forecast_id: str) -> str:
    """Name an estimate by what it is of and the forecast behind it, as `risk.var_sources` does in SQL."""
    origin: datetime = number["forecast_origin"]
    microseconds = round((origin - datetime(1970, 1, 1)).total_seconds() * 1e6)  # noqa: DTZ001 - naive UTC throughout
    parts = (
        number["method"], number["instrument"], number["horizon"], microseconds, number["confidence"],
        number["position_sign"], forecast_id,
    )  # fmt: skip
    return hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()[:24]


def _weights(store: "Lake", forecast: Row) -> list[Row]:
    params = {"name": ENSEMBLE, "origin": forecast["forecast_origin"]}
    return read_rows(store, _WEIGHTS, params | {k: forecast[k] for k in ("instrument", "horizon", "known_at")})


def _members(models: "Iterable[Row]", weights: list[Row]) -> list[Row]:
    by_name = {row["member"]: row for row in weights}
    told: list[Row] = []
    for model in models:
        row = {name: value for name, value in model.items() if name != "params_json"}
        row["member"] = f"{model['family']}/{model['variant']}"
        row["params"] = json.loads(model["params_json"] or "{}")
        weighed = by_name.get(row["member"], {})
        told.append(row | {name: weighed.get(name) for name in ("weight", "criterion")})
    return sorted(told, key=lambda row: (-(row["weight"] or 0.0), row["member"]))


def _frequency(horizon: str) -> str:
    """Give the bars that a horizon counts; parts of sessions are named after theirs, a night stands on days."""
    from hf_platform.horizons import Horizon

    return "1d" if horizon == "overnight" else Horizon.parse(horizon.removesuffix("_session")).frequency


def _asked(question: Question) -> Row:
    return {
        "instrument": question.instrument,
        "horizon": question.horizon,
        "method": question.method,
        "confidence": question.confidence,
        "position_sign": question.position_sign,
        "as_of": question.as_of,
    }


def _missing(store: "Lake", question: Question) -> DataError | UnknownNameError:
    """Say which part of a question has no number."""
    rows = read_rows(store, _KNOWN, {"as_of": None})
    for column, value in _asked(question).items():
        if column == "as_of":
            break
        known = sorted({row[column] for row in rows})
        if value not in known:
            return UnknownNameError(column.replace("_", " "), str(value), tuple(map(str, known)))
        rows = [row for row in rows if row[column] == value]
    return DataError(
        f"no VaR of {question.instrument} at {question.horizon} was known at {question.as_of}. Ask with a later one."
    )
