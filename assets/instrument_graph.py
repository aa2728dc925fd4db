"""Prices to features, by instrument, as one subsettable step: the good instruments flow on."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from assets import checks, pictures
from assets.features import check_results, dbt_check_specs, dbt_specs, is_cross_sectional, is_optional
from assets.feeds import FEEDS, plain
from assets.partitions import UNIVERSE
from assets.recording import KeyRecord, StepContext, raise_if_failed, record
from hf_platform.features.build import BuildResult, FeatureBuilder
from hf_platform.fitting.outcome import KeyStatus
from hf_platform.lineage.ground import instrument_assets, is_partitioned
from hf_platform.lineage.stale import Manifest
from hf_platform.market.bars import build_bars
from hf_platform.market.ingest import load_prices
from hf_platform.market.sources import catalogue
from hf_platform.reports import quality
from resources.platform import Platform

MARKET_SPECS = [
    dg.AssetSpec(
        "raw_prices",
        partitions_def=UNIVERSE,
        group_name="market_data",
        description="Prices as a source gave them, with both clocks; restatements append. Also keeps the universe "
        "table and the quarantine of rows that cannot be prices.",
        owners=["team:data"],
        kinds={"python", "duckdb"},
        skippable=True,
        metadata={"table": "market.raw_prices, market.universe, market.quarantine"},
    ),
    dg.AssetSpec(
        "corporate_actions",
        partitions_def=UNIVERSE,
        group_name="market_data",
        description="Splits, dividends, spin-offs, mergers and delistings with both clocks. No adjusted price is "
        "stored: int_returns works out at each build what actions did to a holder. Skipped where no source has any.",
        owners=["team:data"],
        kinds={"python", "duckdb"},
        skippable=True,
        metadata={"table": "market.corporate_actions, market.quarantine"},
    ),
    dg.AssetSpec(
        "alternative_data",
        partitions_def=UNIVERSE,
        group_name="market_data",
        description="Order books, news, social media, card spending, satellites, options: one schema, known_at with "
        "the publication lag of each. Skipped where no source has any.",
        owners=["team:data"],
        kinds={"python", "duckdb"},
        skippable=True,
        metadata={"table": "market.alternative_data, market.quarantine"},
    ),
    dg.AssetSpec(
        "bars",
        deps=["raw_prices"],
        partitions_def=UNIVERSE,
        group_name="market_data",
        description="Bars on exchange sessions at the native frequency and folded to 1d, 1w and 1mo. Cleaning flags "
        "rows, it never drops or repairs one.",
        owners=["team:data"],
        kinds={"python", "duckdb"},
        skippable=True,
        metadata={"table": "market.bars"},
    ),
    dg.AssetSpec(
        "data_quality",
        deps=["bars", "corporate_actions", "alternative_data"],
        partitions_def=UNIVERSE,
        group_name="market_data",
        description="A page per instrument: flags, quarantine, restatements, actions, coverage of alternative data, "
        "moves that no peer made, and unit-root tests of price and return.",
        owners=["team:data"],
        kinds={"python", "html"},
        skippable=True,
        metadata={"table": "market.unit_root_tests"},
    ),
]


def run_instruments(
    context: StepContext, platform: Platform, selected: set[str], instruments: Sequence[str]
) -> tuple[dict[str, list[KeyRecord]], BuildResult | None]:
    """Run the selected assets over some instruments, record each key, and return what failed by asset."""
    outcomes: dict[str, list[KeyRecord]] = {}
    if "raw_prices" in selected:
        outcomes["raw_prices"] = _load(platform, instruments, context.run.run_id)
    for feed in FEEDS:
        if feed.asset in selected:
            outcomes[feed.asset] = feed.load_all(platform, instruments, context.run.run_id)
    manifest = Manifest(platform.lake)
    if "bars" in selected:
        outcomes["bars"] = _fold(platform, instruments, context.run.run_id)
    if "data_quality" in selected:
        outcomes["data_quality"] = _judge(platform, instruments, context.run.run_id)
    built = None
    nodes = [spec.key.to_user_string() for spec in dbt_specs() if spec.key.to_user_string() in selected]
    if nodes:
        builder = FeatureBuilder(platform.settings)
        with platform.progress("features", len(instruments)) as advance:
            built = builder.build(list(instruments), context.run.run_id, select=nodes)
            advance(len(instruments))
        outcomes |= {node: _feature_records(node, built, instruments) for node in nodes}
    for asset, records in outcomes.items():
        record(context, dg.AssetKey(asset), records)
        _log(context, asset, records)
    noted = [asset for asset in outcomes if asset in instrument_assets()]
    manifest.note({asset: instruments if is_partitioned(asset) else [""] for asset in noted}, context.run.run_id)
    return {asset: [r for r in records if r.status is KeyStatus.FAILED] for asset, records in outcomes.items()}, built


def _log(context: StepContext, asset: str, records: Sequence[KeyRecord]) -> None:
    n_failed = sum(r.status is KeyStatus.FAILED for r in records)
    context.log.info("%s: %d ok, %d failed", asset, len(records) - n_failed, n_failed)


def _load(platform: Platform, instruments: Sequence[str], run_id: str) -> list[KeyRecord]:
    now = datetime.now(UTC).replace(tzinfo=None)  # arrival time of restatements; never used as a cutoff
    by_source, unknown = catalogue.route(platform.sources, instruments)
    reason = "no source offers {}; drop a file of its prices into the inbox or retire it with hfp universe remove"
    records = {name: KeyRecord(name, KeyStatus.FAILED, reason.format(name)) for name in unknown}
    for source, names in by_source.items():
        with platform.progress(f"prices ({source})", len(names)) as advance:
            loaded = load_prices(platform.lake, platform.sources[source], names, run_id=run_id, now=now)
            advance(len(names))
        for name, result in loaded.items():
            status = KeyStatus.FAILED if result.error else KeyStatus.OK
            records[name] = KeyRecord(name, status, result.error, metadata=plain(result, source=source))
    return [records[name] for name in instruments]


def _fold(platform: Platform, instruments: Sequence[str], run_id: str) -> list[KeyRecord]:
    with platform.progress("bars", len(instruments)) as advance:
        results = build_bars(platform.lake, list(instruments), run_id=run_id)
        advance(len(instruments))
    shown = pictures.price_pictures(platform.lake, instruments) if len(instruments) <= pictures.MOST else {}
    records: list[KeyRecord] = []
    for instrument in instruments:
        result = results.get(instrument)
        n_rows = sum(result.n_bars.values()) if result else 0
        if result is None or n_rows == 0 or result.error:
            said = result.error if result and result.error else "see market.quarantine for the rows and their rules"
            reason = f"{instrument} has no usable price: {said}"
            records.append(KeyRecord(instrument, KeyStatus.FAILED, reason))
            continue
        metadata = plain(result) | {"dagster/row_count": n_rows}
        if instrument in shown:
            metadata["picture"] = dg.MetadataValue.md(shown[instrument])
        records.append(KeyRecord(instrument, KeyStatus.OK, metadata=metadata))
    return records


def _judge(platform: Platform, instruments: Sequence[str], run_id: str) -> list[KeyRecord]:
    as_of = platform.lake.query("select max(known_at) as known_at from market.bars")["known_at"][0]
    with platform.progress("data quality", len(instruments)) as advance:
        pages = quality.write(platform.lake, instruments, platform.settings, as_of=as_of, run_id=run_id)
        advance(len(instruments))
    return [
        KeyRecord(name, KeyStatus.OK, metadata={"page": dg.MetadataValue.path(str(pages[name]))})
        if name in pages
        else KeyRecord(name, KeyStatus.SKIPPED, f"{name} has no daily bars")
        for name in instruments
    ]


def _feature_records(node: str, built: BuildResult, instruments: Sequence[str]) -> list[KeyRecord]:
    metadata = {"lake_snapshot": built.snapshot_id, "seconds": round(built.seconds, 3)}
    rows = built.rows.get(node, {})
    if is_cross_sectional(node):
        return [KeyRecord(None, KeyStatus.OK, metadata=metadata | {"dagster/row_count": sum(rows.values())})]
    return [
        KeyRecord(instrument, KeyStatus.OK, metadata=metadata | {"dagster/row_count": rows[instrument]})
        if rows.get(instrument)
        else _without_rows(node, instrument)
        for instrument in instruments
    ]


def _without_rows(node: str, instrument: str) -> KeyRecord:
    if is_optional(node):
        return KeyRecord(instrument, KeyStatus.SKIPPED, f"{instrument} has no alternative data for {node}")
    return KeyRecord(instrument, KeyStatus.FAILED, f"{instrument} has no bars, so {node} has no rows")


_DBT_SPECS = dbt_specs()


@dg.multi_asset(
    name="instrument_graph",
    specs=[*MARKET_SPECS, *_DBT_SPECS],
    check_specs=[
        *checks.specs_for({"raw_prices", "bars", "corporate_actions", "alternative_data", "data_quality"}),
        *dbt_check_specs(),
    ],
    can_subset=True,
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def instrument_graph(context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform]) -> Iterator[Any]:
    """Load prices, make bars, build features for the requested instruments."""
    selected = {key.to_user_string() for key in context.selected_asset_keys}
    instruments = list(context.partition_keys) if context.has_partition_key_range or context.has_partition_key else []
    failures, built = run_instruments(context, platform, selected, instruments)
    yield from checks.evaluate(platform.lake, context.selected_asset_check_keys, checks.EVERYTHING)
    if built is not None:
        yield from check_results(built, set(context.selected_asset_check_keys))
    raise_if_failed(failures)
