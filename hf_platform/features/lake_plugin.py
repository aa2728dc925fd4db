"""Attach the lake to the DuckDB that dbt opens, so that no option or secret stands in a dbt file.

dbt-duckdb imports this module by the name in `dbt_features/profiles.yml` and calls it with nothing
but a token; the settings behind the token wait here while the platform builds.
"""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Final
from uuid import uuid4

import duckdb

from hf_platform.lake.connect import attach, prepare
from hf_platform.settings import Settings

# Settings and access of the builds in progress, by token. dbt builds its plugins itself, on threads
# of its own: there is no argument and no context variable through which they could be passed.
_LENT: Final[dict[str, tuple[Settings, bool]]] = {}


@contextmanager
def lent(settings: Settings, *, read_only: bool) -> Generator[str]:
    """Lend settings to the plugin for a block; yields the token that dbt must be given.

    A caller that lends for writing holds the lake's writer lock.
    """
    token = uuid4().hex
    _LENT[token] = (settings, read_only)
    try:
        yield token
    finally:
        del _LENT[token]


class Plugin:
    """The four calls that dbt-duckdb makes on a plugin.

    Without a token (dbt started by hand) the lake is attached read-only, as the `HFP_*` settings say.
    """

    def __init__(self, name: str, plugin_config: Mapping[str, object], credentials: object = None) -> None:
        self.name = name
        self._token = str(plugin_config.get("token") or "")

    def update_connection_config(self, creds: object, config: dict[str, object]) -> None:
        """Leave DuckDB's configuration alone."""

    def configure_connection(self, conn: duckdb.DuckDBPyConnection) -> None:
        """Load the lake's extensions and attach it as `lake`.

        Raises
        ------
        LakeMissingError, StoreError
            If there is no lake, or it cannot be opened.
        """
        settings, read_only = _LENT[self._token] if self._token else (Settings.from_env(), True)
        prepare(conn, settings)
        attach(conn, settings, read_only=read_only)

    def configure_cursor(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Leave dbt's cursors alone."""
