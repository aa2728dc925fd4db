"""The portfolio step: positions, covariances, risk, hedges, stress tests and a page, as one subsettable step.

One step for the reason of the model grid: a horizon or a portfolio that fails stops nobody else. `dcc_garch` has one
partition per horizon, the others none; a run may hold both.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import dagster as dg

from assets import checks
from assets.model_grid import GridConfig, knowledge_cutoff
from assets.partitions import HORIZONS
from assets.recording import KeyRecord, raise_if_failed, record
from hf_platform.capacity.metering import Meter
from hf_platform.fitting.outcome import KeyOutcome, KeyStatus
from hf_platform.lake import Lake
from hf_platform.reports import backtest_report, risk_report
from hf_platform.risk import dcc_stage, hedge_stage, holdings, portfolio_stage, stress_stage
from hf_platform.risk.positions import Portfolio
from resources.platform import Platform

STEP = "portfolio_graph"
_MARKET = dg.AssetDep("bars", partition_mapping=dg.AllPartitionMapping())
_VOLATILITY = dg.AssetDep("volatility_ensemble", partition_mapping=dg.AllPartitionMapping())


@dataclass(frozen=True, slots=True)
class PortfolioRun:
    """What each stage of the step is given."""

    platform: Platform
    run_id: str
    as_of: datetime
    horizons: Sequence[str]

    @property
    def lake(self) -> Lake:
        """The lake of the platform."""
        return self.platform.lake


def _positions(run: PortfolioRun) -> list[KeyRecord]:
    found = holdings.sync(run.lake, as_of=run.as_of, run_id=run.run_id)
    good = {name: held for name, held in found.items() if isinstance(held, Portfolio)}
    refused = {name: str(why) for name, why in found.items() if not isinstance(why, Portfolio)}
    metadata: dict[str, Any] = {
        "portfolios": {name: f"{len(held.positions)} positions, {held.source}" for name, held in good.items()},
        "dagster/row_count": sum(len(held.positions) for held in good.values()),
    }
    reason = "; ".join(f"{name}: {why}" for name, why in refused.items()) or None
    return [KeyRecord(None, KeyStatus.FAILED if refused else KeyStatus.OK, reason, metadata=metadata)]


def _covariances(run: PortfolioRun) -> list[KeyRecord]:
    threads = run.platform.settings.threads
    outcomes = dcc_stage.fit(run.lake, run.horizons, as_of=run.as_of, run_id=run.run_id, threads=threads)
    return [
        _summary({portfolio: outcome for (portfolio, name), outcome in outcomes.items() if name == horizon}, horizon)
        for horizon in run.horizons
    ]


def _risk(run: PortfolioRun) -> list[KeyRecord]:
    horizons = run.platform.settings.horizons
    return [_summary(portfolio_stage.estimate(run.lake, horizons, as_of=run.as_of, run_id=run.run_id))]


def _hedges(run: PortfolioRun) -> list[KeyRecord]:
    seed = run.platform.settings.seed
    return [_summary(hedge_stage.estimate(run.lake, as_of=run.as_of, run_id=run.run_id, seed=seed))]


def _stress(run: PortfolioRun) -> list[KeyRecord]:
    return [_summary(stress_stage.run_library(run.lake, as_of=run.as_of, run_id=run.run_id))]


def _report(run: PortfolioRun) -> list[KeyRecord]:
    written = risk_report.write(run.lake, run.platform.settings)
    backtest_report.write_index(run.lake, run.platform.settings, as_of=run.as_of)
    paths = {name: path for name, (_, path) in written.items() if path is not None}
    return [_summary({name: outcome for name, (outcome, _) in written.items()}, paths=paths)]


def _summary(
    outcomes: Mapping[str, KeyOutcome], partition: str | None = None, *, paths: Mapping[str, Path] | None = None
) -> KeyRecord:
    """Fold the outcomes of all portfolios into one event: failed if one failed, skipped if all were."""
    failed = {name: o.reason for name, o in outcomes.items() if o.status is KeyStatus.FAILED}
    skipped = {name: o.reason for name, o in outcomes.items() if o.status is KeyStatus.SKIPPED}
    status = KeyStatus.FAILED if failed else KeyStatus.SKIPPED if len(skipped) == len(outcomes) else KeyStatus.OK
    reason = "; ".join(f"{name}: {why}" for name, why in (failed or skipped).items()) or None
    notes = {name: list(o.missing) for name, o in outcomes.items() if o.missing}
    version = "-".join(o.data_version for o in outcomes.values())[:200]
    metadata: dict[str, Any] = {
        "portfolios": list(outcomes),
        "made": sum(o.n_ok for o in outcomes.values()),
        "reused": sum(o.n_reused for o in outcomes.values()),
        "failed": sum(o.n_failed for o in outcomes.values()),
        "dagster/row_count": sum(o.n_rows for o in outcomes.values()),
        **({"not_available": notes} if notes else {}),
        **{f"page_{name}": dg.MetadataValue.path(str(path)) for name, path in (paths or {}).items()},
    }
    return KeyRecord(partition, status, reason, version, metadata)


@dataclass(frozen=True, slots=True)
class PortfolioStage:
    """One asset of the step and its work."""

    spec: dg.AssetSpec
    body: Callable[[PortfolioRun], list[KeyRecord]]

    @property
    def name(self) -> str:
        """Name of the asset."""
        return self.spec.key.to_user_string()


def _spec(name: str, group: str, description: str, deps: Sequence[Any], **options: Any) -> dg.AssetSpec:
    kinds = options.pop("kinds", {"python", "duckdb"})
    return dg.AssetSpec(
        name,
        deps=deps,
        group_name=group,
        description=description,
        owners=["team:risk"],
        kinds=kinds,
        skippable=True,
        **options,
    )


STAGES = (
    PortfolioStage(
        _spec(
            "positions",
            "risk",
            "What each portfolio holds: the files of `hfp positions load`, or a demonstration (equal parts of all "
            "equities, and a book of short options) where there is none.",
            [_MARKET],
            metadata={"table": "risk.positions"},
        ),
        _positions,
    ),
    PortfolioStage(
        _spec(
            "dcc_garch",
            "volatility",
            "Dynamic conditional correlations of each portfolio's instruments on the sessions they share: refitted on "
            "fixed anchors, filtered exactly in between, covariances at every origin.",
            ["positions", _MARKET],
            partitions_def=HORIZONS,
            metadata={"table": "risk.covariances, models.ledger"},
        ),
        _covariances,
    ),
    PortfolioStage(
        _spec(
            "portfolio_risk",
            "risk",
            "VaR and ES of each portfolio (normal, Student t, filtered historical), component, marginal, incremental "
            "VaR, minimum-variance and risk-parity weights.",
            ["positions", "dcc_garch", _VOLATILITY],
            metadata={"table": "risk.portfolio, risk.portfolio_components, risk.portfolio_weights"},
        ),
        _risk,
    ),
    PortfolioStage(
        _spec(
            "hedge_ratios",
            "risk",
            "Minimum-variance hedges of stocks with the variance saved out of sample; delta and delta-gamma hedges of "
            "option books under forecast volatility, with their simulated error.",
            ["positions", "dcc_garch", _VOLATILITY],
            metadata={"table": "risk.hedge_ratios, risk.hedge_results"},
        ),
        _hedges,
    ),
    PortfolioStage(
        _spec(
            "stress_tests",
            "risk",
            "Today's positions through 2008, 2020 and the worst sessions on record, under shocks, broken correlations "
            "and doubled volatility, and the smallest shock that loses 10 or 25 %.",
            ["positions", "dcc_garch", _VOLATILITY],
            metadata={"table": "risk.stress"},
        ),
        _stress,
    ),
    PortfolioStage(
        _spec(
            "risk_report",
            "reports",
            "One page per portfolio and day: verdict, VaR by method, components, stress tests, hedges, provenance.",
            ["portfolio_risk", "hedge_ratios", "stress_tests"],
            kinds={"python", "html"},
        ),
        _report,
    ),
)
NAMES = tuple(stage.name for stage in STAGES)


@dg.multi_asset(
    name=STEP,
    specs=[stage.spec for stage in STAGES],
    check_specs=checks.specs_for(set(NAMES)),
    can_subset=True,
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def portfolio_graph(
    context: dg.AssetExecutionContext, config: GridConfig, platform: dg.ResourceParam[Platform]
) -> Iterator[Any]:
    """Run the selected stages in order; what failed fails the run after all else is done."""
    selected = {key.to_user_string() for key in context.selected_asset_keys}
    horizons = context.partition_keys if "dcc_garch" in selected else ()
    as_of = knowledge_cutoff(platform.lake, config.as_of)
    run = PortfolioRun(platform, context.run.run_id, as_of, horizons)
    failures: dict[str, list[KeyRecord]] = {}
    meter = Meter(STEP, run.run_id, platform.settings.threads)
    for stage in STAGES:
        if stage.name not in selected:
            continue
        with meter.stage(stage.name) as tally:
            records = stage.body(run)
            record(context, stage.spec.key, records)
            tally.count(r.status for r in records)
        failures[stage.name] = [r for r in records if r.status is KeyStatus.FAILED]
        context.log.info("%s: %d events, %d failed", stage.name, len(records), len(failures[stage.name]))
    meter.write(run.lake)
    yield from checks.evaluate(platform.lake, context.selected_asset_check_keys, as_of)
    raise_if_failed(failures)
