"""Checks on what the stages stored, as SQL that returns the rows that break a rule.

A check passes when its query returns no row. Each query sees the whole table at the run's
knowledge cutoff, and its first offending rows go into the check's metadata.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

import dagster as dg
import polars as pl

from hf_platform.lake import Lake
from hf_platform.market.folding_identities import broken_identities

SAMPLE = 5
EVERYTHING = datetime(9999, 1, 1)  # noqa: DTZ001 - the lake's times are naive UTC; no cutoff


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule about one asset's rows: SQL with `$as_of`, or a function, returning the rows that break it."""

    asset: str
    name: str
    description: str
    sql: str | Callable[[Lake, datetime], pl.DataFrame]
    severity: dg.AssetCheckSeverity = dg.AssetCheckSeverity.ERROR

    def broken(self, lake: Lake, as_of: datetime) -> pl.DataFrame:
        """Look for rows that break the rule."""
        return lake.query(self.sql, {"as_of": as_of}) if isinstance(self.sql, str) else self.sql(lake, as_of)

    @property
    def spec(self) -> dg.AssetCheckSpec:
        """The check as Dagster shows it."""
        return dg.AssetCheckSpec(self.name, asset=self.asset, description=self.description)


def _forecast_rules(family: str) -> tuple[Rule, ...]:
    where = f"family = '{family}'"  # from the registry, never from a user
    return (
        Rule(
            family,
            "finite_forecasts",
            "Every forecast has a finite mean and a finite, positive volatility.",
            "select instrument, horizon, forecast_origin, mean, volatility from models.forecasts "
            f"where {where} and known_at <= $as_of "
            "and (mean is null or not isfinite(mean) or volatility is null or not volatility > 0)",
        ),
        Rule(
            family,
            "failed_fit_share",
            "At most 5 % of the models tried at this cutoff failed.",
            "select count(*) filter (where status not in ('ok', 'skipped')) as failed, count(*) as tried "
            f"from models.ledger where {where} and as_of <= $as_of "
            "having count(*) filter (where status not in ('ok', 'skipped')) > 0.05 * count(*)",
            dg.AssetCheckSeverity.WARN,
        ),
    )


def _rules() -> tuple[Rule, ...]:
    from hf_platform.models import FAMILIES

    fitted = tuple(rule for family in FAMILIES for rule in _forecast_rules(family.name))
    return (*_MARKET_RULES, *fitted, *_RISK_RULES, *_PORTFOLIO_RULES)


_MARKET_RULES = (
    Rule(
        "raw_prices",
        "known_after_event",
        "No price was known before its bar closed.",
        "select instrument, event_at, known_at from market.raw_prices where known_at < event_at and $as_of is not null",
    ),
    Rule(
        "bars",
        "ordered_range",
        "High is never below low, open or close; low is never above them, unless the bar is flagged.",
        "select instrument, frequency, event_at, open, high, low, close from market.bars where known_at <= $as_of "
        "and len(flags) = 0 and (high < low or high < close or low > close or high < open or low > open)",
    ),
    Rule(
        "bars",
        "frequencies_agree",
        "Open, high, low, close and volume of every folded bar are those of the finer bars inside it, on exchange "
        "sessions: 5min of 1min, 1d of 1h, 1w and 1mo of 1d ...",
        broken_identities,
    ),
    Rule(
        "bars",
        "known_before_monday",
        "A bar that ends on a Friday is known before Monday morning: no calendar waits for the next session.",
        "select instrument, frequency, event_at, min(known_at) as known_at from market.bars "
        "where known_at <= $as_of and dayofweek(event_at) = 5 and not list_contains(flags, 'late') "
        "group by instrument, frequency, event_at having min(known_at) > event_at + interval 54 hour",
        dg.AssetCheckSeverity.WARN,
    ),
    Rule(
        "bars",
        "one_vintage_at_a_time",
        "One bar per instrument, frequency, close and knowledge time.",
        "select instrument, frequency, event_at, known_at, count(*) as copies from market.bars "
        "where known_at <= $as_of group by all having count(*) > 1",
    ),
)

_PORTFOLIO_RULES = (
    Rule(
        "portfolio_risk",
        "components_add_up",
        "Component VaR and ES of the newest origin sum to the portfolio's.",
        "select p.portfolio, horizon, method, confidence, value_at_risk, c.value_at_risk_parts from risk.portfolio p "
        "join (select portfolio, horizon, method, confidence, forecast_origin, "
        "sum(component_value_at_risk) as value_at_risk_parts, sum(component_expected_shortfall) as shortfall_parts "
        "from risk.portfolio_components group by all) c "
        "using (portfolio, horizon, method, confidence, forecast_origin) where p.known_at <= $as_of "
        "and (abs(value_at_risk - value_at_risk_parts) > 1e-9 or abs(expected_shortfall - shortfall_parts) > 1e-9)",
    ),
    Rule(
        "portfolio_risk",
        "shortfall_beyond_var",
        "Expected shortfall is never smaller than VaR.",
        "select portfolio, horizon, method, confidence, forecast_origin, value_at_risk, expected_shortfall "
        "from risk.portfolio where known_at <= $as_of and expected_shortfall < value_at_risk - 1e-12",
    ),
    Rule(
        "stress_tests",
        "contributions_add_up",
        "The losses of the instruments sum to the loss of the portfolio.",
        "select portfolio, scenario, loss, list_sum(contributions) as parts from risk.stress "
        "where as_of <= $as_of and loss is not null and abs(loss - list_sum(contributions)) > 1e-9",
    ),
)

_MARKET_RULES = (
    *_MARKET_RULES,
    Rule(
        "raw_prices",
        "freshness",
        "Prices of live sources are at most five days old; sources that never grow are left out.",
        "select instrument, source, max(event_at) as newest from market.raw_prices "
        "where source not in ('bundled', 'simulated') and known_at <= $as_of group by instrument, source "
        "having max(event_at) < now()::timestamp - interval 5 day",
        dg.AssetCheckSeverity.WARN,
    ),
    Rule(
        "raw_prices",
        "stable_history",
        "A source restates at most 2 % of an instrument's bars within a week; more looks like a vendor that answers "
        "differently each time. See them with `hfp revisions`.",
        "with pulls as (select instrument, frequency, source, event_at, ingested_at, row_number() over "
        "(partition by instrument, frequency, source, event_at order by known_at) as pull from market.raw_prices "
        "where known_at <= $as_of) "
        "select instrument, frequency, source, count(*) filter (where pull > 1) as restated, "
        "count(*) filter (where pull = 1) as bars from pulls group by instrument, frequency, source "
        "having count(*) filter (where pull > 1 and ingested_at > (select max(ingested_at) from pulls) "
        "- interval 7 day) > 0.02 * count(*) filter (where pull = 1)",
        dg.AssetCheckSeverity.WARN,
    ),
    Rule(
        "corporate_actions",
        "explained_jumps",
        "No daily close jumps by a whole factor of shares (2, 3, 4, 5, 10 or their inverse) without an action.",
        "with closes as (select instrument, event_at, close, "
        "lag(close) over (partition by instrument order by event_at) as before, "
        "lag(event_at) over (partition by instrument order by event_at) as event_before from (select * "
        "from market.bars where frequency = '1d' and close > 0 and known_at <= $as_of qualify row_number() over "
        "(partition by instrument, event_at order by known_at desc) = 1)) "
        "select c.instrument, c.event_at, c.before, c.close from closes c where exists ("
        "select 1 from (values (2.0), (3.0), (4.0), (5.0), (10.0)) shares(n) "
        "where abs(abs(ln(c.close / c.before)) - ln(n)) < 0.02) "
        "and not exists (select 1 from market.corporate_actions a where a.instrument = c.instrument "
        "and a.event_at > c.event_before and a.event_at < c.event_at)",
        dg.AssetCheckSeverity.WARN,
    ),
    Rule(
        "alternative_data",
        "known_after_event",
        "No observation was known before it happened.",
        "select instrument, kind, name, event_at, known_at from market.alternative_data "
        "where known_at < event_at and $as_of is not null",
    ),
    Rule(
        "data_quality",
        "unit_roots",
        "Tests find a unit root in log prices and none in log returns (two of three tests, 5 %).",
        "select instrument, series, string_agg(test || ': ' || verdict, ', ') as found "
        "from market.unit_root_tests where as_of <= $as_of and verdict <> 'cannot tell' group by instrument, series "
        "having count(*) filter (where verdict = if(series = 'log_price', 'stationary', 'unit root')) >= 2",
        dg.AssetCheckSeverity.WARN,
    ),
)

_RISK_RULES = (
    Rule(
        "volatility_ensemble",
        "weights_sum_to_one",
        "The weights of each origin sum to one.",
        "select instrument, horizon, forecast_origin, sum(weight) as total from ensembles.weights "
        "where name = 'volatility_ensemble' and known_at <= $as_of "
        "group by instrument, horizon, forecast_origin, known_at having abs(sum(weight) - 1) > 1e-9",
    ),
    Rule(
        "return_ensemble",
        "weights_sum_to_one",
        "The weights of each origin sum to one.",
        "select instrument, horizon, forecast_origin, sum(weight) as total from ensembles.weights "
        "where name = 'return_ensemble' and known_at <= $as_of "
        "group by instrument, horizon, forecast_origin, known_at having abs(sum(weight) - 1) > 1e-9",
    ),
    Rule(
        "value_at_risk",
        "shortfall_beyond_var",
        "Expected shortfall is never smaller than VaR.",
        "select instrument, horizon, method, confidence, forecast_origin, value_at_risk, expected_shortfall "
        "from risk.value_at_risk where known_at <= $as_of and expected_shortfall < value_at_risk",
    ),
    Rule(
        "value_at_risk",
        "monotone_in_confidence",
        "VaR does not fall when the confidence rises.",
        "select * from (select instrument, horizon, method, forecast_origin, confidence, value_at_risk, "
        "lag(value_at_risk) over (partition by instrument, horizon, method, position_sign, forecast_origin, known_at, "
        "created_at order by confidence) as lower from risk.value_at_risk where known_at <= $as_of) "
        "where value_at_risk < lower",
    ),
    Rule(
        "var_backtest",
        "one_year_out_of_sample",
        "Daily backtests cover at least 252 sessions out of sample.",
        "select instrument, method, max(n_forecasts) as n_forecasts from backtests.newest_var_tests "
        "where as_of <= $as_of and position_sign = 1 and horizon = '1d' and test = 'kupiec_pof' "
        "group by all having max(n_forecasts) < 252",
    ),
    Rule(
        "var_backtest",
        "coverage",
        "Kupiec's test does not reject the ensemble's daily 99 % VaR over the whole sample (p >= 0.01).",
        "select instrument, n_forecasts, n_breaches, p_value from backtests.newest_var_tests "
        "where as_of <= $as_of and position_sign = 1 and method = 'ensemble' and horizon = '1d' and confidence = 0.99 "
        "and test = 'kupiec_pof' and verdict = 'fail' "
        "qualify row_number() over (partition by instrument order by n_forecasts desc) = 1",
        dg.AssetCheckSeverity.WARN,
    ),
)


def specs_for(assets: set[str]) -> list[dg.AssetCheckSpec]:
    """List the check specs of some assets."""
    return [rule.spec for rule in _rules() if rule.asset in assets]


def evaluate(lake: Lake, selected: Iterable[dg.AssetCheckKey], as_of: datetime) -> Iterator[dg.AssetCheckResult]:
    """Evaluate the selected checks that stand in this module; others belong to dbt."""
    chosen = set(selected)
    for rule in _rules():
        if rule.spec.key not in chosen:
            continue
        rows = rule.broken(lake, as_of)
        yield dg.AssetCheckResult(
            passed=rows.is_empty(),
            asset_key=rule.spec.asset_key,
            check_name=rule.name,
            severity=rule.severity,
            description=rule.description,
            metadata={"offending_rows": rows.height, "sample": dg.MetadataValue.md(_table(rows.head(SAMPLE)))},
        )


def _table(rows: pl.DataFrame) -> str:
    if rows.is_empty():
        return "none"
    head = "| " + " | ".join(rows.columns) + " |\n|" + "---|" * rows.width + "\n"
    return head + "\n".join("| " + " | ".join(str(v) for v in row) + " |" for row in rows.iter_rows())
