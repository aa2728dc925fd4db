"""Which modules decide the rows of an asset, and which of them changed since.

A code version is one hash; `ops.code_versions` keeps what it was made of, module by module, so that a later
look can name the module that changed. Modules are read as syntax trees, SQL without comments: a comment, a
docstring or the layout changes nothing.
"""

import inspect
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

import hf_platform
from hf_platform.ensembles.stage import NUMBERS
from hf_platform.errors import ConfigError
from hf_platform.fitting.fit_grid import family_code_version
from hf_platform.lineage import dbt_code
from hf_platform.models.code_version import code_version, file_version
from hf_platform.models.identity import content_hash
from hf_platform.models.registry import FAMILIES, get_family
from hf_platform.risk.filtered_series import FILTER_CODE

if TYPE_CHECKING:
    from hf_platform.lake import Lake

_ROOT: Final = Path(hf_platform.__file__).parent.parent
_PACKAGE: Final = "hf_platform"
_BARS: Final = ("hf_platform.market.bars", "hf_platform.market.folding", "hf_platform.market.cleaning")
_VAR: Final = (
    "hf_platform.risk.value_at_risk", "hf_platform.risk.var_sources", "hf_platform.risk.filtered_series", *FILTER_CODE,
)  # fmt: skip
_SESSIONS: Final = ("session_filter", "session_rows", "filtered_historical")
# Modules of the assets that are neither families nor dbt models.
MODULES: Final[Mapping[str, tuple[str, ...]]] = {
    "bars": _BARS,
    "volatility_ensemble": ("hf_platform.ensembles.volatility_ensemble", *NUMBERS),
    "return_ensemble": ("hf_platform.ensembles.return_ensemble", *NUMBERS),
    "value_at_risk": _VAR,
    "overnight_var": tuple(f"hf_platform.risk.{name}" for name in ("overnight", *_SESSIONS)),
    "intraday_var": tuple(
        f"hf_platform.risk.{name}" for name in ("diurnal", "intraday", "intraday_stage", "session_paths", *_SESSIONS)
    ),
    **dict.fromkeys(
        ("var_backtest", "forecast_backtest", "model_comparison", "strategy_backtest"), ("hf_platform.backtest",)
    ),
    "drift_evidence": ("hf_platform.backtest", "hf_platform.monitoring"),
    "backtest_report": ("hf_platform.reports",),
}

_STORED: Final = """
SELECT asset, code_version, module, fingerprint, created_at FROM ops.code_versions
WHERE asset = $asset AND created_at <= coalesce($until::TIMESTAMP, created_at)
  AND code_version = coalesce($version, code_version)
ORDER BY created_at DESC
"""
_NAMED: Final = "SELECT DISTINCT asset, code_version FROM ops.code_versions"


def fingerprints(asset: str) -> dict[str, str]:
    """Hash each module (file of this package, distribution or dbt model) that decides an asset's rows.

    Raises
    ------
    ConfigError
        If the asset's code is not known here.
    """
    if asset in dbt_code.model_files():
        return dbt_code.fingerprints(asset)
    if asset in MODULES:
        return _of_modules(MODULES[asset])
    if any(family.name == asset for family in FAMILIES):
        family = get_family(asset)
        own = Path(inspect.getfile(type(family)))
        return {_label(own): file_version(own)} | _of_modules(family.dependencies)
    raise ConfigError(f"the modules of {asset!r} are not listed. Add it to hf_platform/lineage/code.py.")


def is_listed(asset: str) -> bool:
    """Say whether the modules of an asset are known here."""
    return asset in MODULES or asset in dbt_code.model_files() or any(family.name == asset for family in FAMILIES)


def version_of(asset: str) -> str:
    """Name the code of an asset: for a family the `code_version` of its ledger rows."""
    if asset not in dbt_code.model_files() and asset not in MODULES:
        return family_code_version(get_family(asset))
    return content_hash(*(part for item in sorted(fingerprints(asset).items()) for part in item))


@cache
def _of_modules(names: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in names:
        if name != _PACKAGE and not name.startswith(_PACKAGE + "."):
            found[name] = code_version(name)
            continue
        spec = find_spec(name)
        if spec is None or spec.origin is None:
            raise ConfigError(f"declared dependencies must exist, found no module {name!r}. Mend the list.")
        origin = Path(spec.origin)
        files = sorted(origin.parent.rglob("*.py")) if origin.name == "__init__.py" else [origin]
        found |= {_label(path): file_version(path) for path in files}
    return found


def _label(path: Path) -> str:
    return path.relative_to(_ROOT).as_posix() if path.is_relative_to(_ROOT) else path.name


def record(store: "Lake", assets: Iterable[str], run_id: str) -> None:
    """Keep what the code of some assets is made of, once for each version."""
    import polars as pl

    known = set(store.query(_NAMED).iter_rows())
    new = [(asset, version_of(asset)) for asset in assets if is_listed(asset)]
    rows = [
        {"asset": asset, "code_version": version, "module": module, "fingerprint": mark}
        for asset, version in new
        if (asset, version) not in known
        for module, mark in fingerprints(asset).items()
    ]
    if rows:
        moment = pl.lit(datetime.now(UTC).replace(tzinfo=None)).cast(pl.Datetime("us"))
        with store.transaction("code_versions", run_id, f"code of {len(new)} assets") as tx:
            tx.append("ops.code_versions", pl.DataFrame(rows).with_columns(created_at=moment))


def changed_modules(
    store: "Lake", asset: str, *, version: str | None = None, until: datetime | None = None
) -> tuple[str, ...] | None:
    """Name the modules that differ from those of a recorded version, or of the newest one by a moment.

    Returns
    -------
    tuple of str or None
        Sorted; empty where nothing changed, None where that version was never recorded.
    """
    rows = store.query(_STORED, {"asset": asset, "version": version, "until": until})
    if rows.is_empty():
        return None
    newest = rows.filter(rows["code_version"] == rows["code_version"][0])
    before: dict[str, str] = dict(newest.select("module", "fingerprint").iter_rows())
    now = fingerprints(asset)
    return tuple(sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name)))
