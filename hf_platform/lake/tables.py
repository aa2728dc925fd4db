"""What the lake holds: every table with its columns, key and sort order, as data.

A column name means one thing and has one type in the whole lake (`_VOCABULARY`); the few
exceptions stand beside their table. All times are UTC without a zone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

SCHEMAS: Final = ("market", "features", "models", "ensembles", "risk", "backtests", "ops")


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, DuckDB type and meaning."""

    name: str
    type: str
    description: str


@dataclass(frozen=True, slots=True)
class Table:
    """One table of the lake.

    Parameters
    ----------
    name : str
        `schema.table`.
    description : str
        The grain: "one row per ...".
    columns : tuple of Column
        In stored order; `producer` and `run_id` come last.
    key : tuple of str
        Columns that are unique together and never null.
    sort : tuple of str
        Order of the rows inside a data file, so that a read of one instrument touches little.
    """

    name: str
    description: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    sort: tuple[str, ...]

    @property
    def types(self) -> dict[str, str]:
        """Map column name to DuckDB type."""
        return {column.name: column.type for column in self.columns}


# name: (type, meaning)
_VOCABULARY: Final[dict[str, tuple[str, str]]] = {
    "producer": ("VARCHAR", "asset that wrote the row"),
    "run_id": ("VARCHAR", "run that wrote the row"),
    # market
    "instrument": ("VARCHAR", "tradable series"),
    "frequency": ("VARCHAR", "bar frequency: 1min ... 1d, 1w, 1mo"),
    "event_at": ("TIMESTAMP", "bar close, UTC"),
    "known_at": ("TIMESTAMP", "when it could first have been known, UTC"),
    "ingested_at": ("TIMESTAMP", "when it was loaded, UTC"),
    "open": ("DOUBLE", "first price of the bar; null where the source has closes only"),
    "high": ("DOUBLE", "highest price of the bar; null where the source has closes only"),
    "low": ("DOUBLE", "lowest price of the bar; null where the source has closes only"),
    "close": ("DOUBLE", "last price of the bar"),
    "volume": ("DOUBLE", "units traded in the bar; null where the source has none"),
    "source": ("VARCHAR", "price source"),
    "flags": ("VARCHAR[]", "cleaning rules that the bar trips; empty when clean"),
    "name": ("VARCHAR", "full name"),
    "asset_class": ("VARCHAR", "equity, index, commodity ..."),
    "calendar": ("VARCHAR", "trading calendar, ISO 10383 code or 24/7"),
    "currency": ("VARCHAR", "ISO 4217 code"),
    "valid_from": ("TIMESTAMP", "member of the universe from, UTC"),
    "valid_to": ("TIMESTAMP", "member of the universe until, UTC; null while it is one"),
    "price_rule": ("VARCHAR", "positive, or any where a price may be zero or below"),
    "quarantine_id": ("VARCHAR", "content hash of the rejected row"),
    "file": ("VARCHAR", "file the row came from"),
    "row_number": ("BIGINT", "row in that file, 1 is the first below the header"),
    "rule": ("VARCHAR", "rule that was broken"),
    "next_step": ("VARCHAR", "what to do about it"),
    "payload_json": ("VARCHAR", "the row as found, JSON"),
    # models
    "model_id": ("VARCHAR", "content hash of family, variant, key, anchor, inputs, specification and code"),
    "family": ("VARCHAR", "model family"),
    "variant": ("VARCHAR", "specification inside the family"),
    "horizon": ("VARCHAR", "how far ahead: frequency and number of bars"),
    "forecast_origin": ("TIMESTAMP", "last bar used, UTC"),
    "target_at": ("TIMESTAMP", "close of the last bar of the horizon, UTC"),
    "as_of": ("TIMESTAMP", "knowledge cutoff of the run, UTC"),
    "stage": ("VARCHAR", "where it ended: screen, fit, forecast ..."),
    "status": ("VARCHAR", "ok | not_converged | bad_data | error | timeout | skipped"),
    "reason": ("VARCHAR", "why, in words"),
    "error": ("VARCHAR", "class of the error"),
    "params_json": ("VARCHAR", "fitted parameters, JSON"),
    "log_likelihood": ("DOUBLE", "maximised log-likelihood of the training returns"),
    "aic": ("DOUBLE", "Akaike's criterion, lower is better"),
    "bic": ("DOUBLE", "Schwarz's criterion, lower is better"),
    "score": ("DOUBLE", "proper loss in training, lower is better"),
    "gradient_norm": ("DOUBLE", "norm of the scaled gradient at the optimum"),
    "at_boundary": ("BOOLEAN", "a parameter lies on its bound"),
    "n_obs": ("BIGINT", "training observations"),
    "n_features": ("INTEGER", "features used"),
    "n_optima": ("INTEGER", "distinct optima met by the starts"),
    "seconds": ("DOUBLE", "time of the fit [s]"),
    "input_hash": ("VARCHAR", "content hash of the training data"),
    "spec_hash": ("VARCHAR", "content hash of the specification"),
    "data_version": ("VARCHAR", "content hash of the inputs of the key"),
    "code_version": ("VARCHAR", "content hash of the code of the family"),
    "lake_snapshot": ("BIGINT", "lake snapshot that was read"),
    "seed": ("BIGINT", "seed of every random number"),
    "device": ("VARCHAR", "cpu, or the accelerator"),
    "state_uri": ("VARCHAR", "native model files; null where params_json says all"),
    "train_start": ("TIMESTAMP", "first training bar, UTC"),
    "train_end": ("TIMESTAMP", "last training bar (the anchor), UTC"),
    "created_at": ("TIMESTAMP", "when the row was made, UTC"),
    "mean": ("DOUBLE", "expected log return over the horizon [decimal]"),
    "volatility": ("DOUBLE", "standard deviation of the log return over the horizon [decimal]"),
    "probabilities": ("DOUBLE[]", "grid of probabilities"),
    "quantiles": ("DOUBLE[]", "quantiles of the log return at probabilities [decimal]"),
    "tail_means": ("DOUBLE[]", "mean log return beyond each quantile [decimal]; null where unknown"),
    # ensembles, risk
    "forecast_id": ("VARCHAR", "content hash of the ensemble forecast"),
    "member": ("VARCHAR", "family/variant"),
    "weight": ("DOUBLE", "share of the member; shares of a forecast sum to 1"),
    "criterion": ("VARCHAR", "what the weight rests on: aic, out-of-sample loss ..."),
    "member_model_ids": ("VARCHAR[]", "models that took part"),
    "missing_members": ("VARCHAR[]", "members that were expected and absent"),
    "var_id": ("VARCHAR", "content hash of the estimate"),
    "method": ("VARCHAR", "source of the distribution: ensemble, or a family"),
    "confidence": ("DOUBLE", "0.99, never 1 or 99"),
    "position_sign": ("INTEGER", "+1 long, -1 short"),
    "value_at_risk": ("DOUBLE", "loss quantile, positive is a loss [decimal log return]"),
    "expected_shortfall": ("DOUBLE", "mean loss at or beyond VaR, positive is a loss [decimal log return]"),
    # backtests
    "test": ("VARCHAR", "name of the test"),
    "window_start": ("TIMESTAMP", "first forecast origin of the window, UTC"),
    "window_end": ("TIMESTAMP", "last forecast origin of the window, UTC"),
    "n_forecasts": ("BIGINT", "forecasts in the window"),
    "n_breaches": ("BIGINT", "realised losses above VaR"),
    "statistic": ("DOUBLE", "test statistic"),
    "degrees_of_freedom": ("INTEGER", "degrees of freedom"),
    "p_value": ("DOUBLE", "p-value; null where it cannot be had"),
    "zone": ("VARCHAR", "traffic light: green, yellow, red"),
    "verdict": ("VARCHAR", "in words"),
    "loss": ("DOUBLE", "realised loss, minus the log return [decimal]"),
    "value": ("DOUBLE", "value of the score"),
    "benchmark": ("VARCHAR", "member compared with"),
    "mean_difference": ("DOUBLE", "mean loss of the member minus the benchmark's"),
    "strategy": ("VARCHAR", "trading rule"),
    "n_trades": ("BIGINT", "changes of position"),
    "annual_return": ("DOUBLE", "mean log return a year after costs [decimal]"),
    "annual_volatility": ("DOUBLE", "standard deviation of log returns a year [decimal]"),
    "sharpe_ratio": ("DOUBLE", "annual return over annual volatility"),
    "max_drawdown": ("DOUBLE", "largest fall from a peak, positive [decimal]"),
    # operations
    "started_at": ("TIMESTAMP", "start, UTC"),
    "finished_at": ("TIMESTAMP", "end, UTC; null while it runs"),
    "kind": ("VARCHAR", "demo, nightly, retry ..."),
    "detail_json": ("VARCHAR", "counts and settings, JSON"),
    "version": ("INTEGER", "schema version"),
    "description": ("VARCHAR", "what it changed"),
    "applied_at": ("TIMESTAMP", "when, UTC"),
}
_BARS: Final = "instrument frequency event_at known_at ingested_at open high low close volume source"
_FORECAST: Final = "mean volatility probabilities quantiles tail_means"


def _table(
    name: str,
    description: str,
    columns: str,
    *,
    key: str,
    sort: str = "",
    other: Mapping[str, tuple[str, str]] | None = None,
) -> Table:
    words = _VOCABULARY | dict(other or {})
    names = [word for word in columns.split() if word not in ("producer", "run_id")]
    built = tuple(Column(word, *words[word]) for word in (*names, "producer", "run_id"))
    return Table(name, description, built, tuple(key.split()), tuple((sort or key).split()))


_ALL: Final = (
    _table(
        "market.raw_prices",
        "one row per instrument, frequency, bar and vintage, as the source gave it",
        _BARS,
        key="instrument frequency event_at known_at",
    ),
    _table(
        "market.bars",
        "one row per instrument, frequency, bar and vintage, checked and folded",
        _BARS + " flags",
        key="instrument frequency event_at known_at",
    ),
    _table(
        "market.universe",
        "one row per instrument and spell of membership",
        "instrument name asset_class calendar currency valid_from valid_to source price_rule frequency",
        key="instrument valid_from",
    ),
    _table(
        "market.quarantine",
        "one row per price row that was refused",
        "quarantine_id instrument event_at source file row_number rule value next_step payload_json ingested_at",
        key="quarantine_id",
        sort="instrument event_at",
        other={"value": ("VARCHAR", "value found")},
    ),
    _table(
        "models.ledger",
        "one row per model that was tried at an as_of",
        "model_id family variant instrument horizon forecast_origin as_of stage status reason error params_json "
        "log_likelihood aic bic score gradient_norm at_boundary n_obs n_features n_optima seconds input_hash spec_hash "
        "data_version code_version lake_snapshot seed device state_uri train_start train_end created_at",
        key="model_id as_of status",
        sort="instrument horizon family variant as_of",
    ),
    _table(
        "models.forecasts",
        "one row per model and forecast origin",
        f"model_id family variant instrument horizon forecast_origin target_at known_at {_FORECAST} created_at",
        key="model_id forecast_origin",
        sort="instrument horizon family variant forecast_origin",
    ),
    _table(
        "ensembles.forecasts",
        "one row per ensemble, instrument, horizon, origin and vintage",
        f"forecast_id name instrument horizon forecast_origin target_at known_at {_FORECAST} "
        "member_model_ids missing_members created_at",
        key="forecast_id",
        sort="instrument horizon name forecast_origin",
        other={"name": ("VARCHAR", "ensemble: its asset's name")},
    ),
    _table(
        "ensembles.weights",
        "one row per ensemble forecast and member",
        "name instrument horizon forecast_origin member weight criterion known_at created_at",
        key="name instrument horizon forecast_origin member known_at",
        other={"name": ("VARCHAR", "ensemble: its asset's name")},
    ),
    _table(
        "risk.value_at_risk",
        "one row per instrument, horizon, method, confidence, position sign, origin and vintage",
        "var_id instrument horizon method confidence position_sign forecast_origin target_at known_at value_at_risk "
        "expected_shortfall member_model_ids missing_members created_at",
        key="var_id",
        sort="instrument horizon method confidence forecast_origin",
    ),
    _table(
        "backtests.var_tests",
        "one row per instrument, horizon, method, confidence, test, window, as_of and version of data and code",
        "instrument horizon method confidence test window_start window_end n_forecasts n_breaches statistic "
        "degrees_of_freedom p_value zone verdict reason as_of data_version code_version lake_snapshot created_at",
        key="instrument horizon method confidence test window_start window_end as_of data_version code_version",
    ),
    _table(
        "backtests.breaches",
        "one row per VaR forecast that was breached and as_of",
        "instrument horizon method confidence forecast_origin target_at loss value_at_risk expected_shortfall "
        "var_id as_of",
        key="var_id as_of",
        sort="instrument horizon method confidence forecast_origin",
    ),
    _table(
        "backtests.forecast_scores",
        "one row per instrument, horizon, member, score and as_of",
        "instrument horizon member score value n_forecasts window_start window_end as_of",
        key="instrument horizon member score as_of",
        other={"score": ("VARCHAR", "name of the proper loss, lower is better")},
    ),
    _table(
        "backtests.comparisons",
        "one row per instrument, horizon, member, benchmark, score, test and as_of",
        "instrument horizon member benchmark score test n_forecasts mean_difference statistic p_value verdict reason "
        "window_start window_end as_of",
        key="instrument horizon member benchmark score test as_of",
        other={"score": ("VARCHAR", "name of the proper loss, lower is better")},
    ),
    _table(
        "backtests.strategies",
        "one row per instrument, horizon, member, trading rule and as_of",
        "instrument horizon member strategy n_forecasts n_trades annual_return annual_volatility sharpe_ratio "
        "max_drawdown window_start window_end as_of",
        key="instrument horizon member strategy as_of",
    ),
    _table(
        "ops.runs",
        "one row per run of the platform",
        "started_at finished_at status kind detail_json",
        key="run_id",
        sort="started_at",
        other={"status": ("VARCHAR", "running | ok | partial | failed")},
    ),
    _table(
        "ops.schema_versions",
        "one row per migration that was applied to this lake",
        "version description applied_at",
        key="version",
    ),
)
TABLES: Final[Mapping[str, Table]] = MappingProxyType({table.name: table for table in _ALL})

# name: (meaning, query)
VIEWS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "models.failed_models": (
            "newest ledger row per instrument, horizon, family and variant, where it is a failure not yet made up for",
            # First the newest origin asked for (an old anchor says nothing about tonight), then the newest attempt.
            "SELECT * FROM (SELECT * FROM models.ledger QUALIFY row_number() OVER ("
            "PARTITION BY instrument, horizon, family, variant "
            "ORDER BY coalesce(forecast_origin, as_of) DESC, as_of DESC, created_at DESC, model_id) = 1) l "
            "WHERE status NOT IN ('ok', 'skipped') AND NOT EXISTS (SELECT 1 FROM models.forecasts f "
            "WHERE (f.instrument, f.horizon, f.family, f.variant) = (l.instrument, l.horizon, l.family, l.variant) "
            "AND f.created_at > l.created_at AND f.forecast_origin >= coalesce(l.forecast_origin, f.forecast_origin))",
        ),
        "backtests.newest_var_tests": (
            "tests of the newest backtest of each instrument and horizon",
            "SELECT * FROM backtests.var_tests QUALIFY rank() OVER ("
            "PARTITION BY instrument, horizon ORDER BY as_of DESC, created_at DESC) = 1",
        ),
    }
)


def create_statements(table: Table) -> tuple[str, ...]:
    """Write the DDL of a table; safe to run where it exists.

    Notes
    -----
    Names and types come from this module only, so the text is closed.
    """
    columns = ", ".join(f"{c.name} {c.type}{' NOT NULL' if c.name in table.key else ''}" for c in table.columns)
    order = ", ".join(f"{name} ASC" for name in table.sort)
    return (
        f"CREATE TABLE IF NOT EXISTS {table.name} ({columns})",
        f"ALTER TABLE {table.name} SET SORTED BY ({order})",
    )


def view_statement(name: str) -> str:
    """Write the DDL of a view of `VIEWS`; safe to run where it exists."""
    return f"CREATE OR REPLACE VIEW {name} AS {VIEWS[name][1]}"
