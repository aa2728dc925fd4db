"""Runs of the event log as Prometheus samples; bounded labels: a run's status, nothing else."""

from collections.abc import Iterable
from dataclasses import dataclass

import dagster as dg
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

_WAITING = (dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.NOT_STARTED)


@dataclass(slots=True, eq=False)  # a registry keeps collectors by identity
class RunCollector(Collector):
    """Counts runs by status and says how long the queue is."""

    instance: dg.DagsterInstance

    def collect(self) -> Iterable[Metric]:
        """Ask the run storage; one count a status."""
        runs = GaugeMetricFamily("hfp_runs", "runs in the event log by status", labels=["status"])
        for status in dg.DagsterRunStatus:
            runs.add_metric([status.value.lower()], self._count([status]))
        queued = GaugeMetricFamily("hfp_runs_waiting", "runs that wait for the queue or for a worker")
        queued.add_metric([], self._count(_WAITING))
        yield from (runs, queued)
        ended = GaugeMetricFamily("hfp_run_end_timestamp_seconds", "end of the newest run by status", labels=["status"])
        for status in (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE):
            newest = self.instance.get_run_records(dg.RunsFilter(statuses=[status]), limit=1)
            if newest and newest[0].end_time is not None:
                ended.add_metric([status.value.lower()], newest[0].end_time)
        yield ended

    def describe(self) -> Iterable[Metric]:
        """Say nothing at registration."""
        return []

    def _count(self, statuses: Iterable[dg.DagsterRunStatus]) -> int:
        return self.instance.get_runs_count(dg.RunsFilter(statuses=list(statuses)))
