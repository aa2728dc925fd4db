"""Ray through dagster-ray: a head of this machine, a Ray to join, or a Ray job on Kubernetes.

All of them are opened by hand when the first batch needs them, and closed by Dagster when the step ends.
"""

import logging
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import yaml
from dagster_ray import LocalRay, RayResource
from dagster_ray.configs import Lifecycle
from dagster_ray.kuberay import KubeRayInteractiveJob
from dagster_ray.kuberay.resources.rayjob import InteractiveRayJobConfig, InteractiveRayJobSpec
from pydantic import PrivateAttr

from hf_platform.errors import ConfigError, ExecutorError
from hf_platform.settings import Settings, keep_ray_on_loopback, tell_nobody

StepContext = dg.AssetExecutionContext | dg.OpExecutionContext
# One thread for each worker: numerical libraries that take all cores slow each other down.
ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "MKL", "OPENBLAS", "NUMBA")}
BY_HAND = Lifecycle(create=False, wait=False, connect=False, cleanup="always")
# What a manifest may say of a job that is submitted, and an interactive one does not have.
_OF_SUBMITTED_JOBS = (
    "entrypoint", "entrypointNumCpus", "submitterPodTemplate", "submissionMode", "backoffLimit", "suspend",
)  # fmt: skip


def _opened(resource: RayResource, context: StepContext, where: str, errors: tuple[type[Exception], ...] = ()) -> None:
    """Create, wait and connect; whatever goes wrong there is said in words."""
    steps: tuple[Callable[[Any], object], ...] = (resource.create, resource.wait, resource.connect)
    try:
        for step in steps:
            step(context)
    except (OSError, RuntimeError, TimeoutError, ValueError, *errors) as error:
        raise ExecutorError(
            f"Ray must be reachable {where}, found {type(error).__name__}: {str(error).strip()[:500]} "
            "Look at its head, or set HFP_EXECUTOR=inline."
        ) from error


class OwnHead(LocalRay):
    """A Ray of this machine, on loopback, that no other run shares and that ends with its step.

    Parameters
    ----------
    workers : int
        Processes that fit at the same time.
    address : str or None
        A Ray to join instead; it stays when the step ends.
    """

    workers: int = 2
    address: str | None = None
    lifecycle: Lifecycle = BY_HAND
    _folder: str | None = PrivateAttr(default=None)

    @property
    def is_fixed(self) -> bool:
        """An own head never grows; one that was joined may."""
        return self.address is None

    @property
    def ray_address(self) -> str:  # type: ignore[override]
        """Never None: Ray would look for RAY_ADDRESS, and for heads of others on this machine."""
        return self.address or "local"

    def open(self, context: StepContext) -> None:
        """Start the head, or join the one that was named, unless that is done."""
        if not self.connected:
            _opened(self, context, "on this machine" if self.address is None else f"at {self.address}")

    def connect(self, context: Any) -> Any:  # type: ignore[override]  # noqa: ANN401  # its type is a decorator's
        """Connect; dagster-ray's own way would import ray.data first, for ten seconds."""
        if self.address is not None:
            tell_nobody()
            import ray

            self._context = ray.init(self.address, runtime_env={"env_vars": ONE_THREAD}, log_to_driver=False)
            return self._context
        keep_ray_on_loopback()
        import ray

        # Short: Unix sockets below it have at most 107 characters in their names.
        self._folder = tempfile.mkdtemp(prefix="hfp-ray-", dir="/tmp")
        self._context = ray.init(
            "local",
            num_cpus=self.workers,
            include_dashboard=False,
            log_to_driver=False,
            logging_level=logging.ERROR,
            _temp_dir=self._folder,
        )
        return self._context

    def cleanup(self, context: Any, exception: BaseException | None) -> None:  # noqa: ANN401  # as above
        """Leave; an own head goes down with all its processes and files."""
        super().cleanup(context, exception)
        self._context = None
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None


class GridJob(KubeRayInteractiveJob):
    """A Ray job on Kubernetes for one step: the operator makes its cluster, and takes it down."""

    lifecycle: Lifecycle = BY_HAND

    @property
    def is_fixed(self) -> bool:
        """The autoscaler may bring machines."""
        return False

    def open(self, context: StepContext) -> None:
        """Create the job, wait for its cluster and connect, unless that is done."""
        if not self.connected:
            tell_nobody()
            import urllib3
            from kubernetes.client import ApiException

            where = f"through the Kubernetes API, namespace {self.namespace}"
            _opened(self, context, where, (ApiException, urllib3.exceptions.HTTPError))


def own_head(settings: Settings) -> OwnHead:
    """Make the head of `HFP_EXECUTOR=ray`: `HFP_THREADS` workers, or the Ray of `HFP_RAY_ADDRESS`."""
    return OwnHead(workers=settings.threads, address=settings.ray_address)


def interactive_job(settings: Settings) -> GridJob:
    """Make the job of `HFP_EXECUTOR=kuberay` from the RayJob in the manifest `HFP_RAY_JOB`.

    Raises
    ------
    ConfigError
        If there is no such manifest, or no RayJob in it.
    """
    metadata, spec = read_ray_job(settings.ray_job)
    namespace = {"namespace": metadata["namespace"]} if "namespace" in metadata else {}
    return GridJob(
        ray_job=InteractiveRayJobConfig(metadata=namespace, spec=InteractiveRayJobSpec(**spec)),
        timeout=settings.ready_timeout,
        env_vars=dict(ONE_THREAD),
    )


def read_ray_job(path: Path | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read metadata and spec of the RayJob in a manifest, also one inside a List, without what submits it."""
    if path is None or not path.is_file():
        raise ConfigError(
            f"HFP_EXECUTOR=kuberay needs a manifest with a RayJob, found {path or 'none'}. "
            "Set HFP_RAY_JOB, for example to deploy/kubernetes/base/ray.yaml."
        )
    documents = [document for document in yaml.safe_load_all(path.read_text(encoding="utf-8")) if document]
    items = [item for document in documents for item in document.get("items", [document])]
    jobs = [item for item in items if item.get("kind") == "RayJob"]
    if len(jobs) != 1:
        raise ConfigError(f"{path} must hold one RayJob, found {len(jobs)}. Correct HFP_RAY_JOB.")
    spec = {name: value for name, value in jobs[0]["spec"].items() if name not in _OF_SUBMITTED_JOBS}
    cluster = _snake(spec.pop("rayClusterSpec", {}))
    return jobs[0].get("metadata", {}), _snake(spec) | {"ray_cluster_spec": cluster}


def _snake(spec: dict[str, Any]) -> dict[str, Any]:
    """Write the names of fields as dagster-ray does; what is inside stays as Kubernetes has it."""
    return {
        "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name): value
        for name, value in spec.items()
    }
