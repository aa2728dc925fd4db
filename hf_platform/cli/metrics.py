"""`hfp metrics`: what Prometheus scrapes, from the ledger, the event log and the lake; printed once or served."""

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from hf_platform.settings import Settings

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry
    from prometheus_client.registry import Collector

LOOPBACK: Final = "127.0.0.1"


def registry_for(settings: Settings, stages: Sequence[str], extra: Sequence["Collector"] = ()) -> "CollectorRegistry":
    """Make a registry over the lake of the settings.

    Parameters
    ----------
    settings : Settings
    stages : sequence of str
        Assets of the model grid, the values of the label `stage`.
    extra : sequence of Collector
        What the composition root adds: runs of the event log.
    """
    from prometheus_client import CollectorRegistry

    from hf_platform.capacity.exposition import LakeCollector
    from hf_platform.lake import Lake
    from hf_platform.models import FAMILIES

    registry = CollectorRegistry()
    families = [family.name for family in FAMILIES]
    registry.register(LakeCollector(Lake(settings), families, settings.horizons, stages))
    for collector in extra:
        registry.register(collector)
    return registry


def exposition(registry: "CollectorRegistry") -> str:
    """Write all metrics in Prometheus' text format."""
    from prometheus_client import generate_latest

    return generate_latest(registry).decode()


def serve(registry: "CollectorRegistry", port: int, address: str = LOOPBACK) -> "tuple[int, threading.Event]":
    """Answer scrapes in a thread until the event is set.

    Returns
    -------
    int
        The port; a free one where 0 was asked for.
    threading.Event
        Stops the server.

    Raises
    ------
    ConfigError
        If the port cannot be had.
    """
    from prometheus_client import start_http_server

    from hf_platform.errors import ConfigError

    try:
        server, thread = start_http_server(port, addr=address, registry=registry)
    except OSError as error:
        raise ConfigError(f"metrics need a free port, found {address}:{port}: {error}. Say --port N.") from error
    stop = threading.Event()

    def wait() -> None:
        stop.wait()
        server.shutdown()
        server.server_close()
        thread.join()

    threading.Thread(target=wait, name="metrics-stop", daemon=True).start()
    return int(server.server_port), stop
