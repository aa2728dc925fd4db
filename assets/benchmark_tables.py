"""The guide's benchmark tables, measured again on the lake's own forecasts."""

import dagster as dg

from assets.model_grid import knowledge_cutoff
from hf_platform.reports import benchmark_tables as report
from resources.platform import Platform


@dg.asset(
    deps=["volatility_ensemble", "return_ensemble", "backtest_report"],
    group_name="reports",
    description="The guide's tables of volatility and price models, regenerated on the S&P 500: measured QLIKE, "
    "coverage and p-values, MAPE, sMAPE and MASE beside the random walk, times and sizes, next to the guide's figures.",
    owners=["team:models"],
    kinds={"python", "html"},
)
def benchmark_tables(platform: dg.ResourceParam[Platform]) -> dg.MaterializeResult:
    """Measure both tables and write their page."""
    page, tables = report.write(platform.lake, platform.settings, as_of=knowledge_cutoff(platform.lake, None))
    rows = {table.title: len(table.table.rows) for table in tables}
    return dg.MaterializeResult(metadata={"page": dg.MetadataValue.path(page), "data": tables[0].data, **rows})
