"""How the engine scales: many series, several threads, memory, and the first fit of a process.

Each measurement runs in a process of its own, so that peak memory and start-up belong to it alone.
"""

# pyright: basic
# (children answer in JSON)

import json
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

KILOBYTES = 1 if sys.platform != "darwin" else 1024  # ru_maxrss counts kilobytes, on macOS bytes


@dataclass(frozen=True, slots=True)
class Scaling:
    """Certificates (parameters, likelihood, status, gradient norm) of many GARCH(1,1) fits.

    Parameters
    ----------
    wall_seconds, cpu_seconds : float
        Of ``fit_many``, three starts, compiled before.
    fits_per_second, converged, largest_gradient_norm : float
        Per wall second; share of series with status ``ok``; per observation.
    error_seconds : float
        CPU seconds of robust standard errors of all series, one thread.
    megabytes : float
        Peak resident memory during the fits beyond what was resident before them, the returns included.
    """

    n_series: int
    n_obs: int
    threads: int
    wall_seconds: float
    cpu_seconds: float
    fits_per_second: float
    converged: float
    largest_gradient_norm: float
    error_seconds: float
    megabytes: float


@dataclass(frozen=True, slots=True)
class Start:
    """Seconds from a fresh interpreter to the first GARCH(1,1) fit with standard errors.

    Parameters
    ----------
    cold : float
        Nothing compiled yet.
    warm : float
        Machine code on disk.
    """

    cold: float
    warm: float


def scaling(n_series: int, n_obs: int = 1000, *, threads: int = 1, seed: int = 0) -> Scaling:
    """Time certificates of many GARCH(1,1) fits to real windows, in a process of its own.

    Raises
    ------
    ConfigError
        If a window is longer than the data.
    """
    return Scaling(**_child("many", n_series, n_obs, threads, seed))


def start_up() -> Start:
    """Time the first fit of a process with an empty and with a filled folder of machine code."""
    with tempfile.TemporaryDirectory() as folder:
        cold, warm = (_child("first", folder)["seconds"] for _ in range(2))
    return Start(cold, warm)


def _child(*arguments: object) -> dict[str, Any]:
    command = [sys.executable, "-m", "hf_platform.volatility.scaling", *map(str, arguments)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def _many(n_series: int, n_obs: int, threads: int, seed: int) -> dict[str, float]:
    from hf_platform.volatility import garch
    from hf_platform.volatility.benchmark import real_windows

    spec = garch.GarchSpec()
    _ = garch.fit_many(real_windows(n_obs, 8, seed), spec).robust_std_errors  # compile before the clock runs
    windows = real_windows(n_obs, n_series, seed)
    before = _forget_peak()
    wall, cpu = time.perf_counter(), time.process_time()
    fits = garch.fit_many(windows, spec, threads=threads)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    peak = _peak_kilobytes()
    errors = time.process_time()
    _ = fits.robust_std_errors
    return {
        "n_series": n_series,
        "n_obs": n_obs,
        "threads": threads,
        "wall_seconds": wall,
        "cpu_seconds": cpu,
        "fits_per_second": n_series / wall,
        "converged": float(np.isfinite(fits.log_likelihood).mean()),
        "largest_gradient_norm": float(np.nanmax(fits.gradient_norm)),
        "error_seconds": time.process_time() - errors,
        "megabytes": max(peak - before, 0.0) / 1024.0,
    }


def _forget_peak() -> float:
    # Let the peak start from what is resident now (the compiler may have needed more), and return it.
    counter = Path("/proc/self/clear_refs")
    if counter.exists():
        counter.write_text("5")
    return _peak_kilobytes()


def _peak_kilobytes() -> float:
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return float(line.split()[1])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KILOBYTES


def _first(folder: str) -> dict[str, float]:
    started = time.perf_counter()
    from numba import config

    config.CACHE_DIR = folder  # pyright: ignore[reportAttributeAccessIssue]  (set at run time, so numba has no stub)
    from hf_platform.volatility import garch

    fits = garch.fit_many(np.random.default_rng(0).standard_normal((200, 2)), garch.GarchSpec())
    _ = fits.robust_std_errors
    return {"seconds": time.perf_counter() - started}


if __name__ == "__main__":
    verb, *rest = sys.argv[1:]
    answer = _first(rest[0]) if verb == "first" else _many(*map(int, rest))
    sys.stdout.write(json.dumps(answer))
