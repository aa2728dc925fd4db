"""`hfp bench forecast`: our batches beside the bare libraries, in one run, as ratios.

Simulated returns and features: what is raced is time, and it does not depend on whether there is a signal.
"""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import numpy as np

from hf_platform.errors import ModelError
from hf_platform.features.catalogue import ALTERNATIVE_FEATURES
from hf_platform.fitting.executors import InlineExecutor
from hf_platform.horizons import Horizon
from hf_platform.models.base import FitFailure, FitTask, Fitted, ModelFamily, OriginSet, Series
from hf_platform.models.boosting import LEVELS, BoostingFamily, purged_tail
from hf_platform.models.elastic_nets import fit_elastic_nets
from hf_platform.models.extras import missing_extra
from hf_platform.models.registry import FAMILIES, get_family
from hf_platform.models.supervised import PRICE_FEATURES, training_rows
from hf_platform.types import FloatArray, GridKey

_BARS: Final = 1_600
_WINDOW: Final = 1_500
_PENALTY: Final = (0.1, 0.5)


@dataclass(frozen=True, slots=True)
class Race:
    """One contest.

    Parameters
    ----------
    name : str
    n_fits : int
        Fits of ours.
    threads : int
        Of either side.
    ours, peer : float
        Fits a second.
    peer_name : str
    """

    name: str
    n_fits: int
    threads: int
    ours: float
    peer: float
    peer_name: str

    @property
    def ratio(self) -> float:
        """Throughput of ours over the peer's."""
        return self.ours / self.peer


@dataclass(frozen=True, slots=True)
class ForecastBenchmark:
    """All contests, and the peak memory of a process that fits and forecasts one model, by family [MB]."""

    races: tuple[Race, ...]
    peak_mb: dict[str, float] = field(default_factory=dict[str, float])

    def to_markdown(self) -> str:
        """Write both tables."""
        lines = ["| contest | fits | threads | ours, fits/s | peer, fits/s | ratio |", "|---|---|---|---|---|---|"]
        lines += [
            f"| {race.name} against {race.peer_name} | {race.n_fits:,} | {race.threads} | {race.ours:,.0f} | "
            f"{race.peer:,.0f} | {race.ratio:.2f} |"
            for race in self.races
        ]
        if self.peak_mb:
            lines += ["", "| family | peak memory of one fit and forecast, libraries included |", "|---|---|"]
            lines += [f"| {name} | {peak:,.0f} MB |" for name, peak in self.peak_mb.items()]
        return "\n".join(lines)

    def to_json(self) -> str:
        """Write everything down."""
        races = [asdict(race) | {"ratio": race.ratio} for race in self.races]
        return json.dumps({"races": races, "peak_mb": self.peak_mb}, indent=1)


def race_elastic_nets(n_fits: int = 50_000, n_peer: int = 1_000, *, threads: int = 2) -> Race:
    """Fit elastic nets of 252 rows and 10 features in one call, and some of them with scikit-learn in a loop.

    Raises
    ------
    ModelError
        If a fit did not converge, or differs from scikit-learn's by more than 1e-6.
    """
    from sklearn.linear_model import ElasticNet  # pyright: ignore[reportMissingTypeStubs]

    rng = np.random.default_rng(0)
    x = rng.standard_normal((n_fits, 252, 10))
    y = 0.1 * x[:, :, :3].sum(axis=2) + rng.standard_normal((n_fits, 252))
    fit_elastic_nets(x[:2], y[:2, :, None], *_PENALTY)  # compiled, or read from the cache
    seconds, found = _timed(lambda: fit_elastic_nets(x, y[:, :, None], *_PENALTY, threads=threads))
    rows = range(min(n_peer, n_fits))

    def loop(tolerance: float) -> list[FloatArray]:
        alpha, l1_ratio = _PENALTY
        coefficients: list[FloatArray] = []
        for i in rows:
            features = (x[i] - x[i].mean(axis=0)) / x[i].std(axis=0)
            target = (y[i] - y[i].mean()) / y[i].std()
            peer: Any = ElasticNet(alpha=alpha, l1_ratio=l1_ratio, fit_intercept=False, tol=tolerance)
            peer.fit(features, target)
            coefficients.append(peer.coef_ * y[i].std() / x[i].std(axis=0))
        return coefficients

    peer_seconds, _ = _timed(lambda: loop(1e-4))  # its default
    worst = float(np.abs(found.coefficients[: len(rows), 0] - np.array(loop(1e-12))).max())
    if not found.converged.all() or worst > 1e-6:
        raise ModelError(f"elastic nets must converge and equal scikit-learn's to 1e-6, found {worst:.1e} apart.")
    return Race("elastic net, 252 x 10", n_fits, threads, n_fits / seconds, len(rows) / peer_seconds, "scikit-learn")


def race_boosters(name: str, n_fits: int = 64, *, variant: str = "mean", threads: int = 2) -> Race:
    """Fan a booster family out over windows; the peer is the library alone on ready-made matrices.

    Both sides grow the same trees with one thread for each of `threads` workers. Ours also collects the
    rows, purges, describes the residuals and serialises.

    Raises
    ------
    ModelError
        If a window cannot be fitted.
    """
    family = get_family(name)
    if not isinstance(family, BoostingFamily):
        raise ModelError(f"a family of boosted trees is needed, found {name}. Name xgboost, lightgbm or catboost.")
    tasks = [_task(family, variant, seed) for seed in range(n_fits)]
    levels = LEVELS if variant == "quantile" else ()

    def bare(task: FitTask) -> int:
        rows = training_rows(task, PRICE_FEATURES, tuple(ALTERNATIVE_FEATURES))
        if isinstance(rows, FitFailure):
            raise ModelError(rows.reason)
        split = purged_tail(rows, task.horizon.n_bars)
        if split is None:
            raise ModelError("the window is too short for a tail.")
        learner = family.learner(family.spec_, levels, task.seed, "cpu")
        x = np.ascontiguousarray(rows.x)
        began = time.perf_counter()
        learner.grow(x, rows.y, learner.stop_early(split).n_rounds)
        spent.append(time.perf_counter() - began)
        return 0

    spent: list[float] = []
    executor = InlineExecutor(threads)
    executor.map(bare, tasks[:threads])  # imports
    spent.clear()
    executor.map(bare, tasks)
    seconds, outcomes = _timed(lambda: executor.map(family.fit_many, [[task] for task in tasks]))
    failed = [outcome for (outcome,) in outcomes if isinstance(outcome, FitFailure)]
    if failed:
        raise ModelError(failed[0].reason)
    # Seconds inside the library, divided over the threads: a bare loop without any overhead between fits.
    return Race(
        f"{name}, {variant}, {_WINDOW} rows", n_fits, threads, n_fits / seconds, n_fits * threads / sum(spent), name
    )


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    began = time.perf_counter()
    found = work()
    return time.perf_counter() - began, found


def _task(family: ModelFamily, variant: str, seed: int) -> FitTask:
    rng = np.random.default_rng(seed)
    names = family.feature_names
    returns = 0.01 * rng.standard_normal(_BARS)
    returns[0] = np.nan
    features = rng.standard_normal((_BARS, len(names)))
    features[:, [place for place, name in enumerate(names) if name == "range_variance"]] = 1e-4
    event_at = np.datetime64("2000-01-03T21:00", "us") + np.arange(_BARS) * np.timedelta64(1, "D")
    series = Series(f"S{seed}", "1d", event_at, event_at, returns, features, names)
    key = GridKey(series.instrument, "5d")
    return FitTask(f"{family.name}-{seed}", key, Horizon.parse("5d"), variant, series, 1, 1 + _WINDOW, seed)


def peak_of(name: str) -> float:
    """Fit and forecast one model of a family in this process; return the peak resident memory [MB]."""
    family = get_family(name)
    task = _task(family, family.variants[0], 0)
    (fitted,) = family.fit_many([task])
    if isinstance(fitted, Fitted):
        family.forecast_many([fitted], [OriginSet(task.series, np.array([_BARS - 1], dtype=np.int64))])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def peak_memory(names: Sequence[str] = ()) -> dict[str, float]:
    """Measure the peak memory of each family in a process of its own; those of scope `series` unless named."""
    chosen = [family for family in FAMILIES if family.name in names or (not names and family.scope == "series")]
    peaks: dict[str, float] = {}
    for family in chosen:
        if missing_extra(family) is not None:
            continue
        call = f"from hf_platform.models.benchmark import peak_of; print(peak_of({family.name!r}))"
        done = subprocess.run([sys.executable, "-W", "ignore", "-c", call], capture_output=True, text=True, check=False)
        if done.returncode == 0:  # a family that lacks its weights, say, has no number
            peaks[family.name] = float(done.stdout.split()[-1])
    return peaks
