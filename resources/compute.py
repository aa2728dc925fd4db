"""Where fits run: settings to an executor, and the cluster behind it as a resource of the graph."""

from dataclasses import replace
from pathlib import Path
from typing import Protocol

import dagster as dg

from hf_platform.errors import ConfigError
from hf_platform.fitting.executors import Executor, InlineExecutor
from hf_platform.fitting.ray_executor import RayExecutor
from hf_platform.settings import Settings
from resources.platform import Platform

StepContext = dg.AssetExecutionContext | dg.OpExecutionContext


class Cluster(Protocol):
    """A Ray that a step may start; Dagster takes it down when the step is over, however it ends."""

    @property
    def is_fixed(self) -> bool:
        """Whether it cannot grow."""
        ...

    def open(self, context: StepContext) -> None:
        """Start or join it, unless that is done already."""
        ...


class NoCluster:
    """All work is done in this process; opening it is a mistake."""

    is_fixed: bool = True

    def open(self, context: StepContext) -> None:
        """Refuse: nothing was asked for that needs a cluster."""
        raise ConfigError("HFP_EXECUTOR=inline has no cluster to open. Set HFP_EXECUTOR=ray or kuberay.")


def wants_cluster(settings: Settings) -> bool:
    """Say whether any family is to run outside this process."""
    return settings.executor != "inline" or any(one.where == "ray" for one in settings.placement or ())


def cluster_for(settings: Settings) -> Cluster:
    """Bind what `HFP_EXECUTOR` names; dagster-ray is imported only where it is needed.

    Raises
    ------
    ConfigError
        If the extra `ray` is not installed, or a setting that the choice needs is missing.
    """
    if not wants_cluster(settings):
        return NoCluster()
    try:
        from resources import ray_clusters
    except ImportError as error:
        raise ConfigError(
            f"HFP_EXECUTOR={settings.executor} needs the extras ray and cluster, found no {error.name}. "
            "Install them: pip install 'hf-platform[cluster]'"
        ) from error
    return ray_clusters.interactive_job(settings) if settings.executor == "kuberay" else ray_clusters.own_head(settings)


def executor_for(settings: Settings, cluster: Cluster, context: StepContext) -> Executor:
    """Make the executor of one step; the cluster starts when the first batch needs it."""
    inline = InlineExecutor(settings.threads)
    if not wants_cluster(settings):
        return inline
    return RayExecutor(
        connect=lambda: cluster.open(context),
        folder=exchange_folder(settings),
        usual="inline" if settings.executor == "inline" else "ray",
        inline=inline,
        workers=settings.threads,
        card_gb=settings.gpu_memory_gb,
        patience=settings.ready_timeout,
        is_fixed=cluster.is_fixed,
    )


def exchange_folder(settings: Settings) -> Path:
    """Files on their way to workers; on a cluster they see HFP_HOME under the same path."""
    return settings.home / "exchange"


def at_work(platform: Platform, cluster: Cluster, context: StepContext) -> Platform:
    """Give a platform whose fits run where the settings say, for one step."""
    return replace(platform, executor=executor_for(platform.settings, cluster, context))
