"""Partitions: one key per instrument, and the grid of instrument by horizon. History is not a partition."""

from collections.abc import Iterable, Sequence

import dagster as dg

from hf_platform.settings import Settings
from hf_platform.types import GridKey

UNIVERSE_NAME = "universe"
UNIVERSE = dg.DynamicPartitionsDefinition(name=UNIVERSE_NAME)
HORIZONS = dg.StaticPartitionsDefinition(list(Settings.from_env().horizons))
MODEL_GRID = dg.MultiPartitionsDefinition({"instrument": UNIVERSE, "horizon": HORIZONS})

RANGE_START = "dagster/asset_partition_range_start"
RANGE_END = "dagster/asset_partition_range_end"


def grid_keys(partition_keys: Iterable[str]) -> list[GridKey]:
    """Read model-grid partition keys, written `1d|AAPL`: dimensions sorted by name."""
    pairs = (key.split("|", 1) for key in partition_keys)
    return [GridKey(instrument, horizon) for horizon, instrument in pairs]


def universe(instance: dg.DagsterInstance) -> list[str]:
    """List the instruments that have a partition, in the order in which they were added."""
    return list(instance.get_dynamic_partitions(UNIVERSE_NAME))


def range_tags(instruments: Sequence[str], horizons: Sequence[str] | None = None) -> dict[str, str]:
    """Tag a run so that it covers a rectangle: contiguous instruments, by contiguous horizons for the grid."""
    first, last = instruments[0], instruments[-1]
    if horizons is None:
        return {RANGE_START: first, RANGE_END: last}
    return {
        RANGE_START: str(GridKey(first, horizons[0])),
        RANGE_END: str(GridKey(last, horizons[-1])),
    }
