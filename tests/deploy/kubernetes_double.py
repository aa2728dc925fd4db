"""As much of a Kubernetes API server as its clients here speak, on loopback, with an operator and a kubelet inside.

A Job runs: the command of its first container becomes a process of this machine, with the container's environment on
top of the image's. A RayJob gets what KubeRay would give it: a RayCluster whose head is the one that the test started.
Everything else is stored and given back. Scheduling, admission, quotas and roles are not there.
"""

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import yaml

KINDS = {"jobs": "Job", "pods": "Pod", "rayjobs": "RayJob", "rayclusters": "RayCluster", "services": "Service"}


def condition(kind: str) -> dict[str, str]:
    return {"type": kind, "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}


@dataclass
class Kubernetes:
    """The objects of one cluster by (plural, namespace, name), and who acts on them.

    Parameters
    ----------
    folder : Path
        Where the kubeconfig and logs of pods go.
    image : dict of str to str
        Environment of our image.
    head : dict of str to int, optional
        Ports of the Ray head that every RayCluster turns out to have; None leaves them waiting for a node.
    """

    folder: Path
    image: Mapping[str, str] = field(default_factory=dict)
    head: Mapping[str, int] | None = None
    objects: dict[tuple[str, str, str], dict[str, Any]] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    deleted: list[tuple[str, str, str]] = field(default_factory=list)

    def __enter__(self) -> Self:
        """Start to listen."""
        handler = type("Handler", (_Handler,), {"cluster": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop listening, and end the pods that still run."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.wait()

    @property
    def kubeconfig(self) -> Path:
        """A file that leads clients here."""
        path = self.folder / "kubeconfig.yaml"
        server = f"http://127.0.0.1:{self._server.server_address[1]}"
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "double", "cluster": {"server": server}}],
            "users": [{"name": "nobody", "user": {}}],
            "contexts": [{"name": "double", "context": {"cluster": "double", "user": "nobody"}}],
            "current-context": "double",
        }
        path.write_text(yaml.safe_dump(content))
        return path

    def of_kind(self, plural: str) -> list[dict[str, Any]]:
        """All objects of a kind, those that were deleted left out."""
        return [item for (kind, _, _), item in self.objects.items() if kind == plural]

    def created(self, plural: str, namespace: str, item: dict[str, Any]) -> None:
        """Store an object, and do what its controller would do."""
        metadata = item.setdefault("metadata", {})
        metadata.setdefault("namespace", namespace)
        metadata.setdefault("uid", f"uid-{len(self.objects)}")
        self.objects[(plural, namespace, metadata["name"])] = item
        if plural == "jobs":
            self._run(namespace, item)
        elif plural == "rayjobs":
            self._reconcile(namespace, item)

    def _run(self, namespace: str, job: dict[str, Any]) -> None:
        template = job["spec"]["template"]
        container = template["spec"]["containers"][0]
        command = [*(container.get("command") or []), *(container.get("args") or [])]
        program = shutil.which(command[0], path=str(Path(sys.executable).parent))
        assert program is not None, f"the image has no {command[0]}"
        given = {one["name"]: one["value"] for one in container.get("env") or [] if "value" in one}
        inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        name = job["metadata"]["name"]
        with (self.folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                [program, *command[1:]], env={**inherited, **given, **self.image}, stdout=log, stderr=log
            )
        self.processes.append(process)
        job["status"] = {"active": 1}
        labels = {**template["metadata"].get("labels", {}), "job-name": name}
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": f"{name}-pod", "labels": labels},
               "spec": template["spec"], "status": {"phase": "Running"}}  # fmt: skip
        self.created("pods", namespace, pod)
        threading.Thread(target=self._finish, args=(job, pod, process), daemon=True).start()

    @staticmethod
    def _finish(job: dict[str, Any], pod: dict[str, Any], process: "subprocess.Popen[bytes]") -> None:
        is_good = process.wait() == 0
        pod["status"]["phase"] = "Succeeded" if is_good else "Failed"
        job["status"] = {"succeeded" if is_good else "failed": 1,
                         "conditions": [condition("Complete" if is_good else "Failed")]}  # fmt: skip

    def _reconcile(self, namespace: str, job: dict[str, Any]) -> None:
        name = f"{job['metadata']['name']}-cluster"
        cluster = {"apiVersion": "ray.io/v1", "kind": "RayCluster", "metadata": {"name": name},
                   "spec": job["spec"]["rayClusterSpec"], "status": {"state": "suspended"}}  # fmt: skip
        job["status"] = {"jobDeploymentStatus": "Initializing", "rayClusterName": name}
        if self.head is not None:
            endpoints = {port: str(number) for port, number in self.head.items()}
            head = {"podName": f"{name}-head", "serviceName": f"{name}-head-svc", "serviceIP": "127.0.0.1"}
            cluster["status"] = {"state": "ready", "endpoints": endpoints, "head": head}
            job["status"]["jobDeploymentStatus"] = "Waiting"
        self.created("rayclusters", namespace, cluster)

    def removed(self, key: tuple[str, str, str]) -> dict[str, Any]:
        """Delete an object, and what it owns."""
        item = self.objects.pop(key)
        self.deleted.append(key)
        if key[0] == "rayjobs":
            self.objects.pop(("rayclusters", key[1], f"{key[2]}-cluster"), None)
        return item


class _Handler(BaseHTTPRequestHandler):
    """Namespaced create, read, list, delete and JSON patch."""

    protocol_version = "HTTP/1.1"
    cluster: Kubernetes

    def log_message(self, *arguments: object) -> None:
        """Keep quiet."""

    def _where(self) -> tuple[str, str, str | None, dict[str, list[str]]]:
        url = urlsplit(self.path)
        self.cluster.requests.append(f"{self.command} {url.path}")
        words = url.path.strip("/").split("/")
        at = words.index("namespaces")
        namespace, plural, *rest = words[at + 1 :]
        return plural, namespace, rest[0] if rest else None, parse_qs(url.query)

    def _send(self, status: int, body: object) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _missing(self, name: str | None) -> None:
        self._send(404, {"kind": "Status", "status": "Failure", "reason": "NotFound", "code": 404, "message": name})

    def _body(self) -> Any:
        return json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"null")

    def do_GET(self) -> None:
        """One object, or those that carry some labels."""
        plural, namespace, name, query = self._where()
        if name is not None:
            found = self.cluster.objects.get((plural, namespace, name))
            return self._missing(name) if found is None else self._send(200, found)
        wanted = [part.split("=", 1) for part in query.get("labelSelector", [""])[0].split(",") if part]
        items = [
            item
            for (kind, space, _), item in sorted(self.cluster.objects.items())
            if (kind, space) == (plural, namespace)
            and all(item["metadata"].get("labels", {}).get(label) == value for label, value in wanted)
        ]
        return self._send(200, {"kind": f"{KINDS.get(plural, 'Event')}List", "metadata": {}, "items": items})

    def do_POST(self) -> None:
        """Create."""
        plural, namespace, _, _ = self._where()
        item = self._body()
        if (plural, namespace, item["metadata"]["name"]) in self.cluster.objects:
            return self._send(409, {"kind": "Status", "status": "Failure", "reason": "AlreadyExists", "code": 409})
        self.cluster.created(plural, namespace, item)
        return self._send(201, item)

    def do_DELETE(self) -> None:
        """Delete."""
        plural, namespace, name, _ = self._where()
        self._body()
        key = (plural, namespace, str(name))
        if key not in self.cluster.objects:
            return self._missing(name)
        self.cluster.removed(key)
        return self._send(200, {"kind": "Status", "status": "Success"})

    def do_PATCH(self) -> None:
        """Replace single fields."""
        plural, namespace, name, _ = self._where()
        item = self.cluster.objects.get((plural, namespace, str(name)))
        steps = self._body()
        if item is None:
            return self._missing(name)
        for step in steps:
            *way, last = step["path"].strip("/").split("/")
            target = item
            for word in way:
                target = target.setdefault(word, {})
            target[last] = step["value"]
        return self._send(200, item)
