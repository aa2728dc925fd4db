"""`hfp doctor`: what this machine is, what is installed, and whether data, models and lake work."""

import importlib.metadata
import os
import platform
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table

from hf_platform.errors import PlatformError
from hf_platform.settings import Settings

PACKAGES = (
    "arch", "dagster", "dagster-dbt", "dagster-webserver", "dbt-duckdb", "duckdb", "exchange-calendars", "lightgbm",
    "numba", "numpy", "pandera", "polars", "scikit-learn", "scipy", "skfolio",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor: what was looked at, whether it is well, and what was seen."""

    what: str
    ok: bool
    seen: str


def doctor() -> None:
    """Check the machine, the packages, the folders and three small end-to-end runs; exit 1 if one fails."""
    settings = Settings.from_env()
    console = Console()
    findings = [*system(settings), *packages(), *folders(settings), *self_tests(settings)]
    table = Table(title="hfp doctor", title_justify="left")
    for column in ("", "what", "seen"):
        table.add_column(column, overflow="fold")
    for finding in findings:
        table.add_row("[green]ok[/]" if finding.ok else "[red]FAIL[/]", finding.what, finding.seen)
    console.print(table)
    for name, seconds in micro_benchmarks().items():
        console.print(f"{name}: {seconds * 1e3:.1f} ms")
    from hf_platform.lake import plain_connect_hint

    console.print("\nRead the lake from any Python, also while a run is writing:\n")
    console.print(plain_connect_hint(settings), markup=False, highlight=False, soft_wrap=True)
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


def system(settings: Settings) -> list[Finding]:
    """Describe the operating system, Python, cores, memory and free disk."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    home = settings.home if settings.home.exists() else settings.home.parent
    free = shutil.disk_usage(home).free / 2**30
    version = sys.version_info[:2]
    return [
        Finding("operating system", True, f"{platform.system()} {platform.release()} {platform.machine()}"),
        Finding("Python", (3, 11) <= version <= (3, 12), platform.python_version()),
        Finding("cores", True, f"{os.cpu_count()}, {settings.threads} used for fits (HFP_THREADS)"),
        Finding("memory", pages >= 4, f"{pages:.1f} GiB"),
        Finding("free disk", free >= 2, f"{free:.1f} GiB at {home}"),
    ]


def packages() -> list[Finding]:
    """Find the version of each package that the platform stands on."""
    found: list[Finding] = []
    for name in PACKAGES:
        try:
            found.append(Finding(f"package {name}", True, importlib.metadata.version(name)))
        except importlib.metadata.PackageNotFoundError:
            found.append(Finding(f"package {name}", False, "not installed; run make setup"))
    return found


def folders(settings: Settings) -> list[Finding]:
    """Count the files of each folder under HFP_HOME; folders appear when they are first needed."""
    named = {
        "home": settings.home,
        "lake": settings.lock_path.parent,
        "inbox": settings.inbox,
        "models": settings.model_states,
        "reports": settings.reports,
    }
    return [_folder(name, path) for name, path in named.items()]


def _folder(name: str, path: Path) -> Finding:
    if not path.exists():
        return Finding(f"folder {name}", True, f"{path}: not there yet")
    n_files = sum(1 for entry in path.rglob("*") if entry.is_file())
    return Finding(f"folder {name}", os.access(path, os.W_OK), f"{path}: {n_files} files")


def self_tests(settings: Settings) -> list[Finding]:
    """Run data, volatility model and lake once, small, for real."""
    return [
        _attempt("data: bundled prices", _read_prices),
        _attempt("model: GARCH(1,1) fit", _fit_garch),
        _attempt("lake: answers a query", lambda: _query_lake(settings)),
    ]


def _attempt(what: str, work: Callable[[], str]) -> Finding:
    started = time.perf_counter()
    try:
        seen = work()
    except (PlatformError, ImportError, OSError) as error:
        return Finding(what, False, f"{type(error).__name__}: {error}")
    return Finding(what, True, f"{seen} ({time.perf_counter() - started:.2f} s)")


def _read_prices() -> str:
    from arch.data import sp500

    frame = sp500.load()
    return f"S&P 500, {len(frame)} sessions to {frame.index[-1]:%Y-%m-%d}"


def _fit_garch() -> str:
    import numpy as np

    from hf_platform.volatility import garch

    draws = np.random.default_rng(0).standard_t(8, size=(1_000, 1))
    fits = garch.fit_many(draws, garch.GarchSpec())
    return f"log-likelihood {fits.log_likelihood[0]:.2f}, status {fits.status[0]}"


def _query_lake(settings: Settings) -> str:
    from hf_platform.lake import Lake

    if settings.lake_catalog is None and not (settings.home / "lake" / "catalog.sqlite").exists():
        return "no lake yet; hfp demo makes one"
    lake = Lake(settings)
    n_bars = lake.query("select count(*) as n from market.bars")["n"][0]
    return f"snapshot {lake.latest_snapshot()}, {n_bars} bars"


def micro_benchmarks() -> dict[str, float]:
    """Time two small numerical jobs, to compare machines [seconds]."""
    import numpy as np

    rng = np.random.default_rng(0)
    matrix, series = rng.standard_normal((1_000, 1_000)), rng.standard_normal(10_000)
    started = time.perf_counter()
    np.matmul(matrix, matrix)
    product = time.perf_counter() - started
    started = time.perf_counter()
    for _ in range(100):
        np.convolve(series, np.full(20, 0.05), mode="valid")
    return {
        "1000 x 1000 matrix product": product,
        "20-point moving average of 10,000 points, 100 times": time.perf_counter() - started,
    }
