"""The DuckLake that holds everything: readers are never blocked, writers take turns.

>>> from hf_platform import lake
>>> con = lake.connect(read_only=True)            # doctest: +SKIP
>>> con.sql("FROM models.failed_models")          # doctest: +SKIP
"""

from hf_platform.lake.connect import attach_options, connect, extension_directory, plain_connect_hint
from hf_platform.lake.store import Lake
from hf_platform.lake.tables import TABLES, VIEWS
from hf_platform.lake.writer import Transaction

__all__ = [
    "TABLES",
    "VIEWS",
    "Lake",
    "Transaction",
    "attach_options",
    "connect",
    "extension_directory",
    "plain_connect_hint",
]
