"""What the lake holds: every table with its columns, key and sort order, as data.

A column name means one thing and has one type in the whole lake (`vocabulary`); the few
exceptions stand beside their table. All times are UTC without a zone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from hf_platform.lake import lineage_words as words
from hf_platform.lake.cost_words import COSTS, COSTS_MEANING, STAGE_WORDS
from hf_platform.lake.market_words import ALTERNATIVE, TICKERS
from hf_platform.lake.model_words import DECOMPOSITION_WORDS, DRIFT_WORDS, RETRAIN_WORDS, TUNING_WORDS
from hf_platform.lake.portfolio_words import PORTFOLIO, SHARES_OF_EQUITY
from hf_platform.lake.vocabulary import VOCABULARY

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
    words = VOCABULARY | dict(other or {})
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
        "market.tickers",
        "one row per ticker, instrument, spell and vintage: which instrument a listed name meant on a day",
        "ticker instrument valid_from valid_to known_at ingested_at source",
        key="ticker instrument valid_from known_at",
        other=TICKERS,
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
        "market.alternative_data",
        "one row per instrument, kind, named series, event and vintage, as the source gave it",
        "instrument kind name event_at known_at ingested_at value text embedding source",
        key="instrument kind name event_at known_at",
        other=ALTERNATIVE,
    ),
    _table(
        "market.corporate_actions",
        "one row per instrument, kind of action, ex-time and vintage, as the source gave it",
        "instrument kind event_at known_at ingested_at value ratio counterpart source",
        key="instrument kind event_at known_at",
        other={
            "kind": ("VARCHAR", "split, dividend, spin_off, merger or delisting"),
            "event_at": ("TIMESTAMP", "open of the first session without the right, UTC; a delisting: the last close"),
            "value": ("DOUBLE", "split: shares for one; else cash or worth per share; null: cancelled"),
            "source": ("VARCHAR", "feed"),
        },
    ),
    _table(
        "market.unit_root_tests",
        "one row per instrument, frequency, series and test, on the newest bars",
        "instrument frequency series test statistic p_value n_lags n_obs verdict reason window_start window_end as_of",
        key="instrument frequency series test",
        other={
            "test": ("VARCHAR", "adf, pp (null: unit root) or kpss (null: stationary)"),
            "verdict": ("VARCHAR", "unit root, stationary, cannot tell"),
            "n_obs": ("BIGINT", "observations tested"),
            "window_start": ("TIMESTAMP", "first bar tested, UTC"),
            "window_end": ("TIMESTAMP", "last bar tested, UTC"),
        },
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
        "models.retrains",
        "one row per drift that was answered: from its newest bar on the key has newly trained models",
        "event_id instrument horizon retrained_at as_of created_at",
        key="event_id",
        sort="instrument horizon retrained_at",
        other=RETRAIN_WORDS,
    ),
    _table(
        "models.tuned_parameters",
        "one row per search of a variant of a key (of all instruments, `*`, where one net serves them): the best "
        "parameters, what they beat, and on which data",
        "tuning_id family variant instrument horizon searched_until as_of params_json score default_score is_champion "
        "sampler n_trials trials_json seed data_version code_version lake_snapshot created_at",
        key="tuning_id",
        sort="family instrument horizon variant searched_until",
        other=TUNING_WORDS,
    ),
    _table(
        "models.decompositions",
        "one row per forecast of a net that can be taken apart, bar of its window or path, and component",
        "model_id family variant instrument horizon forecast_origin step component value created_at",
        key="model_id forecast_origin step component",
        sort="instrument horizon family forecast_origin component step",
        other=DECOMPOSITION_WORDS,
    ),
    _table(
        "ensembles.forecasts",
        "one row per ensemble, instrument, horizon, origin and vintage",
        f"forecast_id name instrument horizon forecast_origin target_at known_at {_FORECAST} "
        "member_model_ids missing_members combination agreement interval_lower interval_upper interval_miscoverage "
        "combination_means combination_volatilities created_at",
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
        "risk.positions",
        "one row per portfolio and line held",
        "portfolio position_id instrument kind quantity strike expires_at source positions_version created_at",
        key="portfolio position_id",
        other=PORTFOLIO
        | {"kind": ("VARCHAR", "spot, call, put or cash"), "source": ("VARCHAR", "file, or demonstration")},
    ),
    _table(
        "risk.covariances",
        "one row per portfolio, horizon and origin: mean and covariance of its instruments' log returns",
        "portfolio horizon forecast_origin target_at known_at model_id instruments means covariance in_sample "
        "input_hash created_at",
        key="model_id forecast_origin input_hash",
        sort="portfolio horizon forecast_origin",
        other=PORTFOLIO,
    ),
    _table(
        "risk.portfolio",
        "one row per portfolio, horizon, method, confidence and origin, for the positions of positions_version",
        "portfolio horizon method confidence forecast_origin target_at known_at as_of value_at_risk "
        "expected_shortfall equity volatility loss positions_version data_version code_version created_at",
        key="portfolio horizon method confidence forecast_origin",
        other=PORTFOLIO | SHARES_OF_EQUITY,
    ),
    _table(
        "risk.portfolio_components",
        "one row per portfolio, horizon, method, confidence and instrument, at the newest origin",
        "portfolio horizon method confidence forecast_origin instrument exposure component_value_at_risk "
        "component_expected_shortfall marginal_value_at_risk incremental_value_at_risk created_at",
        key="portfolio horizon method confidence forecast_origin instrument",
        other=PORTFOLIO,
    ),
    _table(
        "risk.portfolio_weights",
        "one row per portfolio, horizon, allocation and instrument, at the newest origin",
        "portfolio horizon forecast_origin allocation instrument weight risk_share volatility created_at",
        key="portfolio horizon forecast_origin allocation instrument",
        other=PORTFOLIO | {"weight": ("DOUBLE", "share of equity; long-only allocations sum to 1")},
    ),
    _table(
        "risk.hedge_ratios",
        "one row per portfolio, what is hedged, hedge, method and origin",
        "portfolio instrument hedge method forecast_origin known_at hedge_ratio reason created_at",
        key="portfolio instrument hedge method forecast_origin",
        other=PORTFOLIO | {"method": ("VARCHAR", "minimum_variance, delta or delta_gamma")},
    ),
    _table(
        "risk.hedge_results",
        "one row per portfolio, what is hedged, hedge and method: what the hedge would have saved",
        "portfolio instrument hedge method basis n_observations unhedged_deviation hedged_deviation "
        "variance_reduction window_start window_end seed data_version created_at",
        key="portfolio instrument hedge method",
        other=PORTFOLIO | {"method": ("VARCHAR", "minimum_variance, delta or delta_gamma")},
    ),
    _table(
        "risk.stress",
        "one row per portfolio and scenario, for the positions of positions_version",
        "portfolio scenario kind description as_of forecast_origin loss loss_amount max_drawdown value_at_risk "
        "distance probability window_start window_end instruments contributions shocks missing_instruments path "
        "path_dates reason positions_version data_version code_version created_at",
        key="portfolio scenario",
        other=PORTFOLIO | SHARES_OF_EQUITY | {"kind": ("VARCHAR", "historical, worst, shock, model or reverse")},
    ),
    _table(
        "backtests.var_tests",
        "one row per instrument, horizon, method, confidence, position sign, test, window, as_of and version of data "
        "and code",
        "instrument horizon method confidence position_sign test window_start window_end n_forecasts n_breaches "
        "statistic degrees_of_freedom p_value zone verdict reason as_of data_version code_version lake_snapshot "
        "created_at",
        key="instrument horizon method confidence position_sign test window_start window_end as_of data_version "
        "code_version",
    ),
    _table(
        "backtests.breaches",
        "one row per VaR forecast that was breached and as_of",
        "instrument horizon method confidence position_sign forecast_origin target_at loss value_at_risk "
        "expected_shortfall var_id as_of",
        key="var_id as_of",
        sort="instrument horizon method confidence forecast_origin",
    ),
    _table(
        "backtests.forecast_scores",
        "one row per instrument, horizon, member, score and as_of",
        "instrument horizon member score value n_forecasts window_start window_end as_of data_version code_version",
        key="instrument horizon member score as_of",
        other={"score": ("VARCHAR", "name of the proper loss, lower is better")},
    ),
    _table(
        "backtests.comparisons",
        "one row per instrument, horizon, member, benchmark, score, test and as_of",
        "instrument horizon member benchmark score test n_forecasts mean_difference statistic p_value verdict reason "
        "window_start window_end as_of data_version code_version",
        key="instrument horizon member benchmark score test as_of",
        other={"score": ("VARCHAR", "name of the proper loss, lower is better")},
    ),
    _table(
        "backtests.drift",
        "one row per instrument, horizon, kind of evidence and as_of: has the key drifted since its training",
        "instrument horizon evidence n_forecasts e_value e_value_peak alarm_at event_id verdict reason window_start "
        "window_end as_of data_version code_version",
        key="instrument horizon evidence as_of",
        other=DRIFT_WORDS,
    ),
    _table(
        "backtests.strategies",
        "one row per instrument, horizon, member, trading rule and as_of",
        "instrument horizon member strategy n_forecasts n_trades annual_return annual_volatility sharpe_ratio "
        "sharpe_error sharpe_autocorrelated probabilistic_sharpe deflated_sharpe n_trials max_drawdown hit_rate "
        "exposure annual_turnover annual_cost verdict reason window_start window_end as_of data_version code_version",
        key="instrument horizon member strategy as_of",
    ),
    _table(
        "ops.runs",
        "one row per run and metered step",
        "started_at finished_at status kind detail_json",
        key="run_id kind",
        sort="started_at",
        other={"status": ("VARCHAR", "running | ok | partial | failed")},
    ),
    _table(
        "ops.stages",
        "one row per run and stage of a metered step: what it took",
        "asset started_at seconds cpu_seconds peak_memory_mb threads n_keys n_ok n_failed n_skipped",
        key="run_id asset",
        sort="started_at",
        other=STAGE_WORDS,
    ),
    _table("ops.code_versions", *words.CODES, key="asset code_version module", other=words.CODE_WORDS),
    _table("ops.partitions", *words.PARTITIONS, key="asset partition", other=words.PARTITION_WORDS),
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
        "ops.costs": (COSTS_MEANING, COSTS),
        "ensembles.combinations": (
            "mean and volatility of every combination beside the one that is the forecast, one row each",
            "SELECT name, instrument, horizon, forecast_origin, target_at, known_at, forecast_id, "
            "unnest(['equal', 'inverse_loss', 'adaptive', 'stacking']) AS combination, "
            "unnest(combination_means) AS mean, unnest(combination_volatilities) AS volatility, "
            "combination AS stands FROM ensembles.forecasts",
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
