"""The state of thousands of models as a few hundred Prometheus samples, read from the lake.

Labels come from closed lists: registered families, the settings' horizons, ledger statuses. Whatever
else the lake holds is counted under `other`; instruments and model ids are never labels.
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from hf_platform.errors import StoreError
from hf_platform.horizons import Horizon
from hf_platform.models.base import Status

if TYPE_CHECKING:
    from hf_platform.lake import Lake

_LOG = logging.getLogger(__name__)
OTHER: Final = "other"
_STATUSES: Final = tuple(status.value for status in Status)
_ZONES: Final = ("green", "yellow", "red")

# State of each model: its newest origin's newest attempt, as in models.failed_models.
_MODELS: Final = """
select family, horizon, status, count(*) as n from (
    select family, horizon, status from models.ledger
    qualify row_number() over (partition by instrument, horizon, family, variant
        order by coalesce(forecast_origin, as_of) desc, as_of desc, created_at desc, model_id) = 1)
group by all
"""
_FITS: Final = """
select family, coalesce(device, 'cpu') as device, status, count(*) as n, coalesce(sum(seconds), 0) as seconds
from models.ledger group by all
"""
# Data time, not the clock: bars of the horizon's own frequency that came after the newest forecast of a key.
_STALE: Final = """
with known as (select unnest($horizons) as horizon, unnest($frequencies) as frequency),
     newest as (select instrument, frequency, max(event_at) as bar from market.bars group by all),
     forecasts as (select family, horizon, instrument, max(forecast_origin) as origin
                   from models.forecasts group by all)
select family, horizon, max(origin) as newest_origin, count(*) as n_keys,
       count(*) filter (where bar > origin) as n_stale
from forecasts left join known using (horizon) left join newest using (instrument, frequency) group by all
"""
_BACKTESTS: Final = """
select horizon, confidence, position_sign,
       sum(n_forecasts)::bigint as n_forecasts, sum(n_breaches)::bigint as n_breaches,
       count(*) filter (where verdict = 'fail') as n_rejected
from (select * from backtests.newest_var_tests where test = 'kupiec_pof' and method = 'ensemble'
      qualify row_number() over (partition by instrument, horizon, confidence, position_sign
          order by n_forecasts desc) = 1)
group by all
"""
_ZONE_COUNTS: Final = """
select horizon, position_sign, zone, count(*) as n
from (select * from backtests.newest_var_tests where zone is not null and method = 'ensemble'
      qualify row_number() over (partition by instrument, horizon, position_sign
          order by window_end desc, n_forecasts) = 1)
group by all
"""
_LAKE: Final = """
select (select max(known_at) from market.bars) as known_until, (select count(*) from market.bars) as bars,
       (select count(*) from models.ledger) as ledger, (select count(*) from models.forecasts) as forecasts,
       (select count(*) from risk.value_at_risk) as var_numbers, (select count(*) from market.quarantine) as quarantined
"""
_STAGES: Final = """
select asset, sum(seconds) as seconds, sum(cpu_seconds) as cpu_seconds, arg_max(seconds, started_at) as newest_seconds,
       max(peak_memory_mb) as peak_memory_mb
from ops.stages group by asset
"""
_RUNS: Final = """
select max(finished_at) filter (where status in ('ok', 'partial')) as newest, count(*) as n,
       arg_max(epoch_us(finished_at - started_at) / 1e6, started_at) as seconds
from ops.runs where kind = 'model_grid'
"""


@dataclass(slots=True, eq=False)  # a registry keeps collectors by identity
class LakeCollector(Collector):
    """Reads the lake for one scrape; at most once in `seconds`, however often it is scraped.

    Parameters
    ----------
    lake : Lake
    families, horizons, stages : sequence of str
        The values that labels may have; anything else becomes `other`.
    seconds : float
        Age at which an answer is read anew [s].
    """

    lake: "Lake"
    families: Sequence[str]
    horizons: Sequence[str]
    stages: Sequence[str]
    seconds: float = 15.0
    clock: Callable[[], float] = time.monotonic
    _guard: Lock = field(default_factory=Lock)
    _stored: list[Metric] = field(default_factory=list[Metric])
    _read_at: float | None = None

    def collect(self) -> Iterable[Metric]:
        """Give all metrics; a lake that cannot be read is `hfp_lake_up 0`, not an error of the scrape."""
        with self._guard:
            if self._read_at is None or self.clock() - self._read_at >= self.seconds:
                self._stored = list(self._read())
                self._read_at = self.clock()
            return list(self._stored)

    def describe(self) -> Iterable[Metric]:
        """Say nothing at registration, so that a missing lake does not stop the server."""
        return []

    def _read(self) -> Iterator[Metric]:
        began = time.perf_counter()
        up = GaugeMetricFamily("hfp_lake_up", "1 while the lake can be read")
        try:
            metrics = [*self._models(), *self._staleness(), *self._risk(), *self._lake_state(), *self._runs()]
            up.add_metric([], 1)
        except StoreError as error:
            _LOG.warning("metrics: %s", error)
            metrics = []
            up.add_metric([], 0)
        yield up
        yield from metrics
        spent = GaugeMetricFamily("hfp_collect_seconds", "time to read the lake for these metrics")
        spent.add_metric([], time.perf_counter() - began)
        yield spent

    def _models(self) -> Iterator[Metric]:
        models = GaugeMetricFamily(
            "hfp_models", "models by how their newest attempt ended", labels=["family", "horizon", "status"]
        )
        for key, value in self._summed(_MODELS, self._family, self._horizon, _status).items():
            models.add_metric(list(key), value["n"])
        yield models
        fits = CounterMetricFamily("hfp_fits", "models tried", labels=["family", "device", "status"])
        seconds = CounterMetricFamily("hfp_fit_seconds", "time spent in fits", labels=["family", "device", "status"])
        for key, value in self._summed(_FITS, self._family, _device, _status).items():
            fits.add_metric(list(key), value["n"])
            seconds.add_metric(list(key), value["seconds"])
        yield from (fits, seconds)

    def _staleness(self) -> Iterator[Metric]:
        labels = ["family", "horizon"]
        newest = GaugeMetricFamily("hfp_newest_origin_timestamp_seconds", "newest forecast origin", labels=labels)
        keys = GaugeMetricFamily("hfp_forecast_keys", "instruments with a forecast", labels=labels)
        stale = GaugeMetricFamily("hfp_stale_keys", "instruments with bars newer than any forecast", labels=labels)
        totals: dict[tuple[str, ...], list[float]] = {}
        frequencies = [Horizon.parse(name).frequency for name in self.horizons]
        known = {"horizons": list(self.horizons), "frequencies": frequencies}
        for row in self.lake.query(_STALE, known).iter_rows(named=True):
            key = (self._family(row), self._horizon(row))
            held = totals.setdefault(key, [0.0, 0.0, 0.0])
            held[0] = max(held[0], _epoch(row["newest_origin"]))
            held[1] += row["n_keys"]
            held[2] += row["n_stale"]
        for key, (origin, n_keys, n_stale) in totals.items():
            newest.add_metric(list(key), origin)
            keys.add_metric(list(key), n_keys)
            stale.add_metric(list(key), n_stale)
        yield from (newest, keys, stale)

    def _risk(self) -> Iterator[Metric]:
        labels = ["horizon", "confidence", "position"]
        names = {
            "n_forecasts": GaugeMetricFamily("hfp_var_forecasts", "VaR forecasts backtested", labels=labels),
            "n_breaches": GaugeMetricFamily("hfp_var_breaches", "losses above VaR in the backtest", labels=labels),
            "n_rejected": GaugeMetricFamily(
                "hfp_var_rejected", "instruments that Kupiec's test rejects", labels=labels
            ),
        }
        rate = GaugeMetricFamily("hfp_var_breach_rate", "breaches over forecasts", labels=labels)
        for key, value in self._summed(_BACKTESTS, self._horizon, _confidence, _position).items():
            for name, metric in names.items():
                metric.add_metric(list(key), value[name])
            if value["n_forecasts"]:
                rate.add_metric(list(key), value["n_breaches"] / value["n_forecasts"])
        yield from (*names.values(), rate)
        zones = GaugeMetricFamily(
            "hfp_var_zone", "instruments by traffic light", labels=["horizon", "position", "zone"]
        )
        for key, value in self._summed(_ZONE_COUNTS, self._horizon, _position, _zone).items():
            zones.add_metric(list(key), value["n"])
        yield zones

    def _lake_state(self) -> Iterator[Metric]:
        row = self.lake.query(_LAKE).to_dicts()[0]
        rows = GaugeMetricFamily("hfp_lake_rows", "rows in the lake", labels=["table"])
        for name in ("bars", "ledger", "forecasts", "var_numbers", "quarantined"):
            rows.add_metric([name], row[name])
        yield rows
        snapshot = GaugeMetricFamily("hfp_lake_snapshot", "number of the newest snapshot")
        snapshot.add_metric([], self.lake.latest_snapshot())
        yield snapshot
        if row["known_until"] is not None:
            known = GaugeMetricFamily("hfp_bars_known_timestamp_seconds", "newest knowledge time of the bars")
            known.add_metric([], _epoch(row["known_until"]))
            yield known

    def _runs(self) -> Iterator[Metric]:
        from hf_platform.capacity.measured import has_meters

        if not has_meters(self.lake):
            return
        names = {
            "seconds": CounterMetricFamily("hfp_stage_seconds", "wall time of stages", labels=["stage"]),
            "cpu_seconds": CounterMetricFamily("hfp_stage_cpu_seconds", "CPU time of stages", labels=["stage"]),
            "newest_seconds": GaugeMetricFamily("hfp_stage_newest_seconds", "wall time, newest run", labels=["stage"]),
        }
        for key, value in self._summed(_STAGES, self._stage).items():
            for name, metric in names.items():
                metric.add_metric(list(key), value[name])
        yield from names.values()
        row = self.lake.query(_RUNS).to_dicts()[0]
        runs = CounterMetricFamily("hfp_grid_runs", "runs of the model grid that reached their end")
        runs.add_metric([], row["n"])
        yield runs
        if row["newest"] is not None:
            newest = GaugeMetricFamily("hfp_grid_run_timestamp_seconds", "end of the newest run of the model grid")
            newest.add_metric([], _epoch(row["newest"]))
            seconds = GaugeMetricFamily("hfp_grid_run_seconds", "length of the newest run of the model grid")
            seconds.add_metric([], row["seconds"])
            yield from (newest, seconds)

    def _summed(self, sql: str, *labels: Callable[[dict[str, Any]], str]) -> dict[tuple[str, ...], dict[str, float]]:
        """Add up numeric columns over rows whose bounded labels agree."""
        totals: dict[tuple[str, ...], dict[str, float]] = {}
        for row in self.lake.query(sql).iter_rows(named=True):
            held = totals.setdefault(tuple(label(row) for label in labels), {})
            for name, value in row.items():
                if isinstance(value, int | float):
                    held[name] = held.get(name, 0.0) + value
        return totals

    def _family(self, row: dict[str, Any]) -> str:
        return row["family"] if row["family"] in self.families else OTHER

    def _horizon(self, row: dict[str, Any]) -> str:
        return row["horizon"] if row["horizon"] in self.horizons else OTHER

    def _stage(self, row: dict[str, Any]) -> str:
        return row["asset"] if row["asset"] in self.stages else OTHER


def _status(row: dict[str, Any]) -> str:
    return row["status"] if row["status"] in _STATUSES else OTHER


def _device(row: dict[str, Any]) -> str:
    return row["device"] if row["device"] in ("cpu", "cuda") else OTHER


def _zone(row: dict[str, Any]) -> str:
    return row["zone"] if row["zone"] in _ZONES else OTHER


def _position(row: dict[str, Any]) -> str:
    return {1: "long", -1: "short"}.get(row["position_sign"], OTHER)


def _confidence(row: dict[str, Any]) -> str:
    from hf_platform.types import CONFIDENCES

    return f"{row['confidence']:g}" if row["confidence"] in CONFIDENCES else OTHER


def _epoch(moment: datetime) -> float:
    return moment.replace(tzinfo=UTC).timestamp()
