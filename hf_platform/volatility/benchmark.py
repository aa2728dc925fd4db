"""The volatility engine beside its peers: same run, same data, CPU time of one core.

Windows are drawn from twenty real stocks. `arch` fits each window as its users would: one start, robust standard errors
asked for. Ours includes three starts and robust standard errors. Both are warm when their clock starts, and both are
totals over windows: a night pays for its slow fits too, which a median would hide. A peer's result counts for quality
only where it obeys its own constraints and, for egarch, where its filter forgets its start: beyond that the likelihood
has no maximum.
"""

# pyright: basic
# (peers carry no types)

import contextlib
import json
import os
import platform
import time
import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np

from hf_platform.errors import ConfigError
from hf_platform.types import BoolArray, FloatArray
from hf_platform.volatility import garch
from hf_platform.volatility.coordinates import INVERTIBLE, LOWEST_OMEGA
from hf_platform.volatility.scaling import Scaling, Start
from hf_platform.volatility.specification import GarchSpec
from hf_platform.volatility.warm_up import spec_name

CELLS: Final[tuple[GarchSpec, ...]] = (
    GarchSpec(),
    GarchSpec(process="gjr"),
    GarchSpec(process="tarch"),
    GarchSpec(process="egarch"),
    GarchSpec(distribution="t"),
    GarchSpec(distribution="skewt"),
    GarchSpec(process="egarch", distribution="t"),
    GarchSpec(process="egarch", q=2, distribution="skewt"),
)
# A persistence of 1 + 4e-7 is worth up to 1e-3 of log-likelihood, so the constraints have to hold almost exactly.
SLACK: Final = 1e-8


@dataclass(frozen=True, slots=True)
class BenchmarkRow:
    """One specification at one window length.

    Parameters
    ----------
    microseconds : float
        Ours, mean per fit of a pass over all windows, median over passes, robust standard errors included.
    arch_milliseconds : float
        Mean of `arch` per fit, robust standard errors included.
    ratio : float
    matched, better : float
        Share of comparable windows where our log-likelihood is at least arch's less 1e-4; above arch's by more than 1.
    n_windows, n_compared, n_set_aside : int
        Windows that we fitted; that arch fitted too; of those, arch results that break the conditions above.
    n_failed : int
        Windows of ours without a converged fit.
    """

    model: str
    n_obs: int
    microseconds: float
    arch_milliseconds: float
    ratio: float
    matched: float
    better: float
    n_windows: int
    n_compared: int
    n_set_aside: int
    n_failed: int


@dataclass(frozen=True, slots=True)
class BenchmarkResult:
    """All rows, with machine and date; what `scaling` and `start_up` measured, where asked for."""

    machine: str
    measured_at: str
    rows: tuple[BenchmarkRow, ...]
    statsforecast_milliseconds: float | None
    scaling: tuple[Scaling, ...] = ()
    start_up: Start | None = None

    def to_json(self) -> str:
        """Write everything as JSON."""
        return json.dumps(asdict(self), indent=2)

    def to_markdown(self) -> str:
        """Write the rows as a table."""
        lines = [
            "| model | T | us a fit | arch ms | times faster | >= arch - 1e-4 | better by > 1 | set aside | failed |",
            "|---|---|---|---|---|---|---|---|---|",
        ]
        lines += [
            f"| {r.model} | {r.n_obs} | {r.microseconds:.0f} | {r.arch_milliseconds:.1f} | {r.ratio:.0f} | "
            f"{100 * r.matched:.1f} % | {100 * r.better:.1f} % | {r.n_set_aside} | {r.n_failed} |"
            for r in self.rows
        ]
        return "\n".join(lines)

    def save_plot(self, path: Path) -> None:
        """Draw the ratios as bars, one group for each window length."""
        from matplotlib.figure import Figure

        lengths = sorted({row.n_obs for row in self.rows})
        names = list(dict.fromkeys(row.model for row in self.rows))
        figure = Figure(figsize=(10, 4.5), layout="constrained")
        axes = figure.subplots()
        width = 0.8 / len(lengths)
        for place, n_obs in enumerate(lengths):
            ratios = {row.model: row.ratio for row in self.rows if row.n_obs == n_obs}
            axes.bar(
                np.arange(len(names)) + place * width,
                [ratios.get(n, np.nan) for n in names],
                width,
                label=f"T = {n_obs}",
            )
        axes.set_xticks(np.arange(len(names)) + 0.4 - width / 2, names, rotation=30, ha="right")
        axes.set_ylabel("times faster than arch, one core")
        axes.set_title(f"Volatility fits with robust standard errors, {self.machine}")
        axes.legend()
        figure.savefig(path, dpi=120)


def real_windows(n_obs: int, n_windows: int, seed: int = 0) -> FloatArray:
    """Draw windows of percent returns from twenty US stocks 1990-2022, shape (n_obs, n_windows).

    Raises
    ------
    ConfigError
        If the windows are longer than the data.
    """
    from skfolio.datasets import load_sp500_dataset

    prices = load_sp500_dataset().to_numpy()
    returns = 100.0 * (prices[1:] / prices[:-1] - 1.0)
    if n_obs > returns.shape[0]:
        raise ConfigError(f"windows of {n_obs} returns need as many bars, found {returns.shape[0]}. Take shorter ones.")
    rng = np.random.default_rng(seed)
    columns = rng.integers(returns.shape[1], size=n_windows)
    starts = rng.integers(returns.shape[0] - n_obs + 1, size=n_windows)
    windows = np.empty((n_obs, n_windows))
    for i, (start, column) in enumerate(zip(starts, columns, strict=True)):
        windows[:, i] = returns[start : start + n_obs, column]
    return windows


def _arch_fit(window: FloatArray, spec: GarchSpec) -> tuple[float, float, FloatArray]:
    # CPU seconds, log-likelihood and parameters of one arch fit.
    from arch import arch_model

    model = arch_model(
        window, p=spec.p, o=spec.n_asymmetric, q=spec.q, power=1.0 if spec.process == "tarch" else 2.0,
        vol="EGARCH" if spec.process == "egarch" else "GARCH", dist=spec.distribution, rescale=False,
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # arch warns of every doubtful fit; the columns of the table count them
        started = time.process_time()
        result = model.fit(disp="off", show_warning=False)
        with contextlib.suppress(np.linalg.LinAlgError):  # a singular Hessian; the likelihood still counts
            _ = result.std_err
        spent = time.process_time() - started
    return spent, float(result.loglikelihood), np.asarray(result.params, dtype=np.float64)


def obeys_constraints(window: FloatArray, params: FloatArray, spec: GarchSpec) -> bool:
    """Tell whether parameters with a mean obey arch's constraints and, for egarch, leave the filter invertible."""
    process = params[2 : 2 + spec.p + spec.n_asymmetric + spec.q]
    alphas, gammas = process[: spec.p], process[spec.p : spec.p + spec.n_asymmetric]
    betas = process[spec.p + spec.n_asymmetric :]
    if not np.isfinite(params).all() or betas.sum() > 1.0 + SLACK or betas.min(initial=0.0) < -SLACK:
        return False
    if spec.process == "egarch":
        return bool(alphas.sum() >= -INVERTIBLE * (1.0 - betas.sum()) - SLACK)
    level = np.mean(np.abs(window - window.mean()) ** (1 if spec.process == "tarch" else 2))
    persistence = alphas.sum() + 0.5 * gammas.sum() + betas.sum()
    falls = alphas[: gammas.shape[0]] + gammas
    return bool(
        params[1] >= LOWEST_OMEGA * level * (1.0 - SLACK)
        and alphas.min() >= -SLACK
        and falls.min(initial=0.0) >= -SLACK
        and persistence <= 1.0 + SLACK
    )


def _row(spec: GarchSpec, windows: FloatArray, n_arch: int, repeats: int) -> BenchmarkRow:
    _ = garch.fit_many(windows[:, :8], spec).robust_std_errors  # compile outside the clock
    fits = garch.fit_many(windows, spec)
    passes: list[float] = []
    peers: list[tuple[float, float, FloatArray]] = []
    for group in np.array_split(np.arange(n_arch), repeats):  # in turns, so that both see the same machine
        started = time.process_time()
        _ = garch.fit_many(windows, spec).robust_std_errors
        passes.append(time.process_time() - started)
        _ = _arch_fit(windows[:, 0], spec)  # our pass has emptied the caches of its code: warm it outside the clock
        peers += [_arch_fit(windows[:, i], spec) for i in group]
    feasible: BoolArray = np.array([obeys_constraints(windows[:, i], p[2], spec) for i, p in enumerate(peers)])
    gain = np.nan_to_num(fits.log_likelihood[:n_arch], nan=-np.inf) - np.array([p[1] for p in peers])
    n_windows = windows.shape[1]
    ours, theirs = 1e6 * float(np.median(passes)) / n_windows, 1e3 * float(np.mean([p[0] for p in peers]))
    return BenchmarkRow(
        model=spec_name(spec),
        n_obs=windows.shape[0],
        microseconds=ours,
        arch_milliseconds=theirs,
        ratio=1e3 * theirs / ours,
        matched=float(np.mean(gain[feasible] >= -1e-4)) if feasible.any() else float("nan"),
        better=float(np.mean(gain[feasible] > 1.0)) if feasible.any() else float("nan"),
        n_windows=n_windows,
        n_compared=n_arch,
        n_set_aside=int((~feasible).sum()),
        n_failed=int(np.isnan(fits.log_likelihood).sum()),
    )


def _statsforecast_milliseconds(windows: FloatArray) -> float | None:
    # Median CPU milliseconds of statsforecast's GARCH(1,1), or None where it is not installed.
    try:
        from statsforecast.models import GARCH
    except ImportError:
        return None
    GARCH(1, 1).fit(windows[:, 0])
    spent: list[float] = []
    for i in range(min(10, windows.shape[1])):
        started = time.process_time()
        GARCH(1, 1).fit(windows[:, i])
        spent.append(time.process_time() - started)
    return 1e3 * float(np.median(spent))


def run_benchmark(
    cells: Sequence[GarchSpec] = CELLS,
    lengths: Sequence[int] = (250, 1000, 2500),
    *,
    n_windows: int = 512,
    n_arch: int = 100,
    repeats: int = 7,
    seed: int = 0,
) -> BenchmarkResult:
    """Measure every specification at every window length against `arch`, one thread each.

    Parameters
    ----------
    cells : sequence of GarchSpec
        With a constant mean.
    lengths : sequence of int
        Returns per window.
    n_windows, n_arch : int
        Windows fitted by us, and how many of them arch fits too.
    repeats : int
        Ours is the median of so many passes, taken between arch's fits; arch's is the mean over its windows, each
        fitted once; with forty windows the standard error of that mean is about 4 %.
    seed : int
        Of the windows.

    Returns
    -------
    BenchmarkResult

    Raises
    ------
    ConfigError
        If a window is longer than the data or arch is to fit more windows than there are.
    """
    if not 1 <= n_arch <= n_windows:
        raise ConfigError(f"n_arch must lie in 1..{n_windows}, found {n_arch}. Compare fewer windows.")
    rows = tuple(_row(spec, real_windows(t, n_windows, seed), n_arch, repeats) for t in lengths for spec in cells)
    return BenchmarkResult(
        machine=f"{platform.machine()}, {_processor()}, {os.cpu_count()} cores",
        measured_at=datetime.now(UTC).strftime("%Y-%m-%d"),
        rows=rows,
        statsforecast_milliseconds=_statsforecast_milliseconds(real_windows(min(lengths), 16, seed)),
    )


def _processor() -> str:
    # Model name where Linux tells it.
    path = Path("/proc/cpuinfo")
    names = (
        [line.split(":", 1)[1].strip() for line in path.read_text().splitlines() if line.startswith("model name")]
        if path.exists()
        else []
    )
    return names[0] if names else platform.processor() or "unknown processor"
