"""Columns of the tables that say what partitions stand on."""

from typing import Final

# Grain and columns.
CODES: Final = (
    "one row per asset, version of its code and module in it",
    "asset code_version module fingerprint created_at",
)
PARTITIONS: Final = (
    "one row per asset and partition that was computed: what it stands on",
    "asset partition data_version code_version spec_hash ingested_at as_of created_at",
)
CODE_WORDS: Final[dict[str, tuple[str, str]]] = {
    "asset": ("VARCHAR", "asset whose rows the code decides"),
    "code_version": ("VARCHAR", "hash of all its modules"),
    "module": ("VARCHAR", "file, dbt model or distribution"),
    "fingerprint": ("VARCHAR", "hash of its syntax tree, without comments and layout; a distribution: of its version"),
}
PARTITION_WORDS: Final[dict[str, tuple[str, str]]] = {
    "asset": ("VARCHAR", "asset"),
    "partition": ("VARCHAR", "its partition as the graph names it: SP500, or 1d|SP500; empty where it has none"),
    "data_version": ("VARCHAR", "hash of the prices, actions and alternative data that it stands on, as known"),
    "code_version": ("VARCHAR", "hash of its code and of all code upstream"),
    "spec_hash": ("VARCHAR", "hash of the settings and tuned parameters that it stands on"),
    "ingested_at": ("TIMESTAMP", "newest arrival among its inputs, UTC"),
}
