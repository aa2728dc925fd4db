"""Real servers that hold a platform's state, and a gate in front of one that a test can shut."""

import json
import selectors
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from world import World

from hf_platform.lake import Lake
from hf_platform.settings import Settings


class Gate:
    """A relay on loopback in front of a server; shut, it drops every connection and takes no new one.

    Shuts by itself as soon as a client has sent `marker` `after` times, before the server sees the last of them.
    """

    def __init__(self, target: int, marker: bytes = b"", after: int = 0) -> None:
        self._target, self._marker, self._left = target, marker, after
        self._is_open = True
        self._pairs: set[socket.socket] = set()
        self._guard = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def is_open(self) -> bool:
        """Whether clients reach the server."""
        return self._is_open

    def shut(self) -> None:
        """Break what is connected and refuse what comes."""
        with self._guard:
            self._is_open = False
            for side in self._pairs:
                side.close()
            self._pairs.clear()

    def reopen(self) -> None:
        """Let everybody through from now on."""
        self._left = 0
        self._is_open = True

    def __enter__(self) -> Self:
        """Give itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Shut for good."""
        self.shut()
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:  # the test is over
                return
            if not self._is_open:
                client.close()
                continue
            server = socket.create_connection(("127.0.0.1", self._target))
            with self._guard:
                self._pairs |= {client, server}
            threading.Thread(target=self._relay, args=(client, server), daemon=True).start()

    def _relay(self, client: socket.socket, server: socket.socket) -> None:
        tail = b""
        try:
            with selectors.DefaultSelector() as ready:
                ready.register(client, selectors.EVENT_READ, server)
                ready.register(server, selectors.EVENT_READ, client)
                while True:
                    for key, _ in ready.select():
                        data = key.fileobj.recv(65_536)
                        if not data:
                            return
                        if key.fileobj is client and self._left:
                            tail = self._look(tail + data)
                        key.data.sendall(data)
        except (OSError, ValueError):  # either side is gone, or the gate was shut
            return
        finally:
            client.close()
            server.close()

    def _look(self, sent: bytes) -> bytes:
        # What is left over may hold the beginning of the next marker.
        found = sent.count(self._marker)
        self._left = max(self._left - found, 0)
        if found and not self._left:
            self.shut()
            raise OSError("shut")
        return sent[-len(self._marker) + 1 :]


@dataclass(frozen=True)
class ObjectStore:
    """A running S3 server that checks signatures, and whom it lets in."""

    port: int
    key_id: str
    secret: str


@contextmanager
def object_store(bucket: str) -> Iterator[ObjectStore]:
    """Run an S3 server with one bucket for as long as the block lasts."""
    command = [sys.executable, str(Path(__file__).with_name("object_store.py")), bucket]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        yield ObjectStore(**json.loads(process.stdout.readline()))
        process.communicate()  # its input closes, and it ends


@dataclass(frozen=True)
class RemoteWorld(World):
    """A world whose lake, runs and events lie on servers: only its settings differ."""

    stores: Mapping[str, str]
    families: str
    horizons: str

    @property
    def environment(self) -> dict[str, str]:
        """The settings of a world, and where its servers are."""
        return super().environment | self._own

    @property
    def _own(self) -> dict[str, str]:
        return {**self.stores, "HFP_FAMILIES": self.families, "HFP_HORIZONS": self.horizons}

    def with_stores(self, **changes: str) -> "RemoteWorld":
        """The same world with other addresses or credentials."""
        return RemoteWorld(self.home, {**self.stores, **changes}, self.families, self.horizons)

    @property
    def settings(self) -> Settings:
        """What this world's commands read from their environment."""
        names = {"horizons", "families"}
        given: dict[str, Any] = {name.removeprefix("HFP_").lower(): value for name, value in self._own.items()}
        lists = {name: tuple(str(given.pop(name)).split()) for name in names}
        return Settings(home=self.home, **given, **lists)

    @property
    def lake(self) -> Lake:
        """The lake on the servers."""
        return Lake(self.settings)
