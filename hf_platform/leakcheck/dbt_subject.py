"""The dbt features as a subject: built for real, in a lake of their own."""

import shutil
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from hf_platform.errors import UnknownNameError
from hf_platform.features.build import FeatureBuilder, manifest_path
from hf_platform.features.catalogue import ALL_FEATURES, ALTERNATIVE_FEATURES, FEATURES
from hf_platform.lake import Lake
from hf_platform.leakcheck.check import Subject
from hf_platform.leakcheck.market_world import MarketWorld
from hf_platform.settings import Settings

if TYPE_CHECKING:
    import polars as pl

_TABLES: Final = {
    "market.bars": "bars",
    "market.corporate_actions": "actions",
    "market.alternative_data": "alternative",
    "market.universe": "universe",
}


class FeatureLake:
    """Builds the features of one world after the other in a lake that is thrown away.

    Parameters
    ----------
    store : Lake
        Empty, with its tables.
    """

    def __init__(self, store: Lake) -> None:
        self._store = store
        self._names: list[str] = []

    def compute(self, world: MarketWorld) -> "pl.DataFrame":
        """Build every feature: one row per bar, with `at` when the row was known."""
        # Instruments of the world before are built too, so that nothing of them stays.
        self._names = sorted({*self._names, *world.instruments})
        with self._store.transaction("leakcheck", "leakcheck") as tx:
            for table, part in _TABLES.items():
                tx.delete(table, instrument=self._names)
                tx.append(table, getattr(world, part))
        FeatureBuilder(self._store.settings).build(self._names, "leakcheck", test=False)
        plain = ", ".join(f"matrix.{name}" for name in FEATURES)
        other = ", ".join(f"alternative.{name}" for name in ALTERNATIVE_FEATURES)
        return self._store.query(
            "SELECT matrix.instrument, matrix.known_at AS at, "
            "concat_ws(' ', matrix.frequency, strftime(matrix.event_at, '%Y-%m-%d %H:%M')) AS row, "
            f"matrix.log_return, {plain}, {other} FROM features.feature_matrix AS matrix "
            "LEFT JOIN features.feature_alternative AS alternative USING (instrument, frequency, event_at)"
        )


@contextmanager
def feature_lake(settings: Settings) -> Generator[FeatureLake]:
    """Make a temporary lake; the dbt project that this home has parsed is not parsed again."""
    parsed = manifest_path(settings).parent
    with TemporaryDirectory(prefix="hfp-leakcheck-") as folder:
        home = Path(folder)
        shutil.copytree(parsed, home / "dbt" / parsed.name, ignore=shutil.ignore_patterns("build"))
        store = Lake(Settings(home=home))
        store.initialise()
        try:
            yield FeatureLake(store)
        finally:
            store.close()


def feature_subject(lake: FeatureLake, names: Sequence[str] | None = None) -> Subject[MarketWorld]:
    """Check all features, or some.

    Raises
    ------
    UnknownNameError
        If a feature does not exist.
    """
    chosen = ("log_return", *ALL_FEATURES) if names is None else tuple(names)
    for name in chosen:
        if name not in ALL_FEATURES and name != "log_return":
            raise UnknownNameError("feature", name, tuple(ALL_FEATURES))

    def compute(world: MarketWorld) -> "pl.DataFrame":
        return lake.compute(world).select("instrument", "at", "row", *chosen)

    others = frozenset(name for name, feature in ALL_FEATURES.items() if feature.scope == "cross_section")
    return Subject("features", compute, others)
