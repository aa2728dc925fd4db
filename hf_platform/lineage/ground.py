"""What each asset stands on: tables of the market, assets upstream, settings; of one instrument or of all.

The graph of the assets says who reads whom; this module says it finer, so that a change makes no more stale
than it must: a family stands on the dbt models of the features it reads, not on the whole matrix.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from hf_platform.errors import UnknownNameError
from hf_platform.features.catalogue import ALL_FEATURES
from hf_platform.horizons import INTRADAY
from hf_platform.lineage import dbt_code
from hf_platform.models.registry import FAMILIES, chosen_families, get_family
from hf_platform.risk.var_sources import FILTER, quantile_families
from hf_platform.settings import Settings

_TABLES: Final = {
    "bars": "raw_prices", "corporate_actions": "corporate_actions", "alternative_data": "alternative_data",
}  # fmt: skip
_AFTER: Final = {
    "overnight_var": ("int_returns",),  # they read bars with the actions that int_returns reads
    "intraday_var": ("int_returns",),
    "var_backtest": ("value_at_risk", "overnight_var", "intraday_var"),
    "forecast_backtest": ("volatility_ensemble", "return_ensemble"),
    "model_comparison": ("volatility_ensemble", "return_ensemble", "value_at_risk"),
    "strategy_backtest": ("volatility_ensemble", "return_ensemble"),
    "drift_evidence": ("volatility_ensemble", "value_at_risk"),
    "backtest_report": ("var_backtest", "forecast_backtest", "model_comparison", "strategy_backtest"),
}


@dataclass(frozen=True, slots=True)
class Ground:
    """What the partitions of an asset stand on.

    Parameters
    ----------
    tables : frozenset of str
        Tables of the market schema.
    everyone : bool
        Whether a partition stands on the rows of every instrument, not of its own alone.
    assets : frozenset of str
        The asset itself and all upstream, for their code.
    """

    tables: frozenset[str]
    everyone: bool
    assets: frozenset[str]


def instrument_assets() -> tuple[str, ...]:
    """List bars and the dbt models, each before those that stand on it."""
    models = sorted(dbt_code.model_files(), key=lambda name: (len(dbt_code.upstream(name)), name))
    return ("bars", *models)


def grid_assets(settings: Settings) -> tuple[str, ...]:
    """List the assets of the model grid that are in use, in the order of their stages."""
    families = tuple(family.name for family in chosen_families(settings))
    idle = set[str]() if any(horizon in INTRADAY for horizon in settings.horizons) else {"intraday_var"}
    after = tuple(name for name in _AFTER if name not in idle)
    return (*families, "volatility_ensemble", "return_ensemble", "value_at_risk", *after)


def is_partitioned(asset: str) -> bool:
    """Say whether an asset has partitions; a dbt model that reads all instruments at once has none."""
    return not (asset in dbt_code.model_files() and dbt_code.reads_all(asset))


def stands_on_all(asset: str) -> bool:
    """Say whether an asset of an instrument reads a dbt model that reads all instruments at once."""
    return asset in dbt_code.model_files() and dbt_code.is_whole(asset)


def upstream(asset: str, families: Sequence[str]) -> tuple[str, ...]:
    """List the assets that an asset reads, with the families that are in use.

    Raises
    ------
    UnknownNameError
        If there is no such asset here.
    """
    if asset == "bars":
        return ()
    if asset in dbt_code.model_files():
        return ("bars", *(name for name in dbt_code.upstream(asset) if name != asset))
    if asset in {family.name for family in FAMILIES}:
        return ("int_returns", *sorted({ALL_FEATURES[name].table for name in get_family(asset).feature_names}))
    if asset.endswith("_ensemble"):
        kind = asset.removesuffix("_ensemble")
        return tuple(name for name in families if get_family(name).kind == kind)
    if asset == "value_at_risk":
        single = [name for name in families if name in ("ewma", FILTER[0])]
        return ("volatility_ensemble", *single, *quantile_families(families))
    if asset in _AFTER:
        return _AFTER[asset]
    raise UnknownNameError("asset", asset, ("bars", *dbt_code.model_files(), "families", *_AFTER))


@cache
def ground_of(asset: str, families: tuple[str, ...]) -> Ground:
    """Follow everything that an asset stands on."""
    tables, everyone = {"raw_prices"}, False
    if asset in dbt_code.model_files():
        tables |= {_TABLES[name] for name in dbt_code.sources(asset) if name in _TABLES}
        everyone = dbt_code.is_whole(asset)
    elif asset in {family.name for family in FAMILIES}:
        family = get_family(asset)
        everyone = family.scope == "panel"
        tables |= {"alternative_data"} if getattr(family, "reads_documents", False) else set()
    above = [ground_of(name, families) for name in upstream(asset, families)]
    return Ground(
        frozenset(tables).union(*(ground.tables for ground in above)),
        everyone or any(ground.everyone for ground in above),
        frozenset({asset}).union(*(ground.assets for ground in above)),
    )
