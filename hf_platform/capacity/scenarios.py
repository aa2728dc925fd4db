"""The guide's scenario table, beside what was measured here.

The guide says that 1,000 models take 17 minutes one after the other, that is 1.02 s a model, a page after
measuring 5-18 ms a model. All its twelve cells are too slow by that factor. Here the engine is timed at
every size of the table, and the whole graph (reading, forecasts, ensembles, VaR, backtests, events) is
scaled from the lake's own runs, marked as measured or extrapolated.
"""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from hf_platform.capacity.measured import Measured

SIZES: Final = (1_000, 10_000, 50_000, 100_000)
# models: (one after the other, 12 cores, "GPU cluster") as the guide has them [s]
GUIDE_SECONDS: Final[dict[int, tuple[float, float, float]]] = {
    1_000: (17 * 60, 1.4 * 60, 10),
    10_000: (2.8 * 3_600, 14 * 60, 1.7 * 60),
    50_000: (14 * 3_600, 1.2 * 3_600, 8.4 * 60),
    100_000: (28 * 3_600, 2.3 * 3_600, 16.8 * 60),
}
# bars: time of one fit as the guide measured it [s]
GUIDE_FITS: Final[dict[int, float]] = {100: 0.005, 500: 0.009, 1_000: 0.012, 2_000: 0.018}
CORES: Final = (1, 12, 320)  # one after the other; a workstation; ten workers of 32 cores, the guide's pool
_BLOCK: Final = 5_000  # series in memory at once: 40 MB


@dataclass(frozen=True, slots=True)
class Scenario:
    """One row of the table; times in seconds.

    Parameters
    ----------
    n_models : int
    engine : float or None
        Certificates of so many GARCH(1,1) over 1,000 returns, measured now on one core; None if not timed.
    graph : tuple of float
        The whole graph on 1, 12 and 320 cores.
    guide : tuple of float or None
        The guide's claim for the same three; None where it has no row.
    is_measured : bool
        A run of this size or larger is in the lake; else `graph` is extrapolated from the largest.
    """

    n_models: int
    engine: float | None
    graph: tuple[float, float, float]
    guide: tuple[float, float, float] | None
    is_measured: bool


def scenario_table(measured: Measured, engine: dict[int, float], sizes: Sequence[int] = SIZES) -> list[Scenario]:
    """Fill the table: `engine` maps a size to seconds on one core (see `time_engine`)."""
    each = measured.core_seconds_per_model
    one, workstation, pool = (each / (cores * (measured.efficiency if cores > 1 else 1.0)) for cores in CORES)
    return [
        Scenario(
            n, engine.get(n), (n * one, n * workstation, n * pool), GUIDE_SECONDS.get(n), n <= measured.largest_run
        )
        for n in sizes
    ]


def time_engine(sizes: Sequence[int] = SIZES, n_obs: int = 1_000, seed: int = 0) -> dict[int, float]:
    """Fit so many GARCH(1,1) to windows of real returns on one core; seconds by size.

    Windows come in blocks, drawn anew for each, so memory does not grow with the size.
    """
    from hf_platform.volatility import garch
    from hf_platform.volatility.benchmark import real_windows
    from hf_platform.volatility.garch import GarchSpec

    spec = GarchSpec()
    garch.fit_many(real_windows(n_obs, 8, seed), spec)  # compiled kernels are loaded before the clock runs
    seconds: dict[int, float] = {}
    for size in sizes:
        spent, left, block = 0.0, size, 0
        while left > 0:
            windows = real_windows(n_obs, min(_BLOCK, left), seed + block)
            started = time.perf_counter()
            garch.fit_many(windows, spec)
            spent += time.perf_counter() - started
            left, block = left - windows.shape[1], block + 1
        seconds[size] = spent
    return seconds


def time_lengths(lengths: Sequence[int] = tuple(GUIDE_FITS), n_series: int = 512, seed: int = 0) -> dict[int, float]:
    """Time one fit by the length of its window, in a batch on one core [s]."""
    from hf_platform.volatility import garch
    from hf_platform.volatility.benchmark import real_windows
    from hf_platform.volatility.garch import GarchSpec

    spec = GarchSpec()
    found: dict[int, float] = {}
    for n_obs in lengths:
        windows = real_windows(n_obs, n_series, seed)
        garch.fit_many(windows[:, :8], spec)
        started = time.perf_counter()
        garch.fit_many(windows, spec)
        found[n_obs] = (time.perf_counter() - started) / n_series
    return found


def slope(seconds: dict[int, float]) -> float:
    """Fit the slope of log time over log size; 1 is linear. NaN with fewer than two sizes."""
    if len(seconds) < 2:
        return math.nan
    x = [math.log(size) for size in seconds]
    y = [math.log(value) for value in seconds.values()]
    mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
    over = sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True))
    return over / sum((a - mean_x) ** 2 for a in x)


def duration(seconds: float | None) -> str:
    """Write a time the way the table does: `12 ms`, `3.4 s`, `17 min`, `2.8 h`."""
    if seconds is None:
        return "-"
    for unit, size, limit in (("ms", 1e-3, 1.0), ("s", 1.0, 120.0), ("min", 60.0, 7_200.0)):
        if seconds < limit:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 3_600:,.1f} h"
