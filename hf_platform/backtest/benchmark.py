"""The backtest engine on real returns: daily refits, VaR and every test, streamed; beside the same loop in `arch`."""

# pyright: basic
# (the peer carries no types)

import json
import platform
import resource
import time
import warnings
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from hf_platform.backtest.battery import run_battery, run_tail_battery
from hf_platform.backtest.sample import VarSample
from hf_platform.backtest.strategy import TradingCosts
from hf_platform.backtest.strategy import backtest as trade
from hf_platform.errors import ConfigError
from hf_platform.types import CONFIDENCES, FloatArray, GridKey
from hf_platform.volatility import distributions, garch
from hf_platform.volatility.specification import GarchSpec

if TYPE_CHECKING:
    from collections.abc import Callable

SPEC: Final = GarchSpec(distribution="t")
_BATCH: Final = 500  # refits held in memory at a time


@dataclass(frozen=True, slots=True)
class BacktestBenchmark:
    """What was measured.

    Parameters
    ----------
    n_instruments, n_sessions, window : int
        Refits are their product; each on `window` returns.
    seconds : float
        Wall time of refits, forecasts, VaR at every confidence and all tests.
    refits_per_second : float
    n_tests, n_failed_fits : int
    kupiec_passed : int
        Of the instruments, at 99 % (p >= 0.01).
    peak_mb_first, peak_mb_all : float
        Largest resident memory of the process after the first instrument and after the last [MiB].
    arch_seconds_per_refit, seconds_per_refit, ratio : float or None
        The peer on a sample of the same refits, median; ours, tests included.
    agreement : float or None
        Share of the sampled forecasts whose VaR at 99 % is within 1 % of the peer's.
    n_orders : int
    strategy_seconds : float
        For so many orders of a signal matrix, statistics of every series included.
    """

    machine: str
    measured_at: str
    n_instruments: int
    n_sessions: int
    window: int
    seconds: float
    refits_per_second: float
    n_tests: int
    n_failed_fits: int
    kupiec_passed: int
    peak_mb_first: float
    peak_mb_all: float
    seconds_per_refit: float
    arch_seconds_per_refit: float | None
    ratio: float | None
    agreement: float | None
    n_orders: int
    strategy_seconds: float

    def to_json(self) -> str:
        """Write everything as JSON."""
        return json.dumps(asdict(self), indent=2)

    def to_markdown(self) -> str:
        """Write what matters as a table."""
        rows = [
            (
                "walk forward",
                f"{self.n_instruments} instruments x {self.n_sessions:,} sessions, window {self.window:,}",
            ),
            (f"GARCH-t refits, VaR at {len(CONFIDENCES)} confidences, all tests", f"{self.seconds:.1f} s"),
            ("refits a second", f"{self.refits_per_second:,.0f}"),
            ("tests", f"{self.n_tests:,} ({self.n_failed_fits} refits failed)"),
            ("Kupiec passed at 99 %", f"{self.kupiec_passed} of {self.n_instruments}"),
            ("peak memory after the first, after all", f"{self.peak_mb_first:.0f}, {self.peak_mb_all:.0f} MiB"),
        ]
        if self.ratio is not None and self.arch_seconds_per_refit is not None and self.agreement is not None:
            rows += [
                ("arch, the same loop, a refit", f"{1e3 * self.arch_seconds_per_refit:.1f} ms"),
                ("ours, tests included, a refit", f"{1e3 * self.seconds_per_refit:.3f} ms"),
                ("times faster", f"{self.ratio:.0f}"),
                ("VaR within 1 % of arch's", f"{100 * self.agreement:.1f} %"),
            ]
        rows.append((f"strategy, {self.n_orders:,} orders", f"{self.strategy_seconds:.2f} s"))
        return "\n".join(["| what | measured |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)])


def run_benchmark(
    n_instruments: int = 20,
    n_sessions: int = 2_000,
    window: int = 1_000,
    *,
    n_peer: int = 40,
    threads: int = 2,
    progress: "Callable[[int], None] | None" = None,
) -> BacktestBenchmark:
    """Walk through real stocks, one after the other, refitting at every session.

    Parameters
    ----------
    n_instruments : int
        Of the twenty bundled stocks; more walk through shifted histories of the same.
    n_sessions : int
        Forecasts of each, the newest ones.
    window : int
        Returns of each fit.
    n_peer : int
        Refits that `arch` repeats; 0 leaves it out.
    threads : int
        Of the fits.
    progress : callable, optional
        Told how many instruments are done.

    Raises
    ------
    ConfigError
        If a count is not positive or there is not enough history.
    """
    returns = _returns()
    if min(n_instruments, n_sessions, threads) < 1 or n_peer < 0 or window < 100:
        raise ConfigError(
            f"instruments, sessions and threads must be positive and the window at least 100, found {n_instruments}, "
            f"{n_sessions}, {threads}, {window}. Mend them."
        )
    shift = (n_instruments - 1) // returns.shape[1]
    if window + n_sessions + shift > returns.shape[0]:
        raise ConfigError(
            f"window and sessions need {window + n_sessions + shift} returns, found {returns.shape[0]}. Ask for fewer."
        )
    garch.fit_many(returns[-window:, :8], SPEC, threads=threads)  # compiled before the clock starts
    started, n_tests, n_failed, passed, first_peak = time.perf_counter(), 0, 0, 0, 0.0
    kept: list[FloatArray] = []
    for at in range(n_instruments):
        series = _series(returns, at, window + n_sessions)
        mean, volatility, nu = _walk(series, window, threads)
        n_failed += int((~np.isfinite(volatility)).sum())
        samples = _samples(series[window:], mean, volatility, nu)
        for sample in samples:
            rows = list(run_battery(sample))
            n_tests += len(rows)
            if sample.confidence == 0.99:
                rate = next(row.result.p_value for row in rows if row.test == "kupiec_pof")
                passed += rate is not None and rate >= 0.01
        n_tests += sum(1 for _ in run_tail_battery(samples))
        kept.append(samples[-1].value_at_risk[-1:])
        if at == 0:
            first_peak = _peak()
        if progress is not None:
            progress(at + 1)
    seconds = time.perf_counter() - started
    each = seconds / (n_instruments * n_sessions)
    peak = _peak()
    peer, agreement = _peer(returns, window, n_sessions, n_peer, threads) if n_peer else (None, None)
    n_orders, strategy_seconds = _strategy()
    return BacktestBenchmark(
        f"{platform.machine()}, {threads} threads", f"{datetime.now(UTC):%Y-%m-%d}", n_instruments, n_sessions, window,
        seconds, n_instruments * n_sessions / seconds, n_tests, n_failed, passed, first_peak, peak, each, peer,
        None if peer is None else peer / each, agreement, n_orders, strategy_seconds,
    )  # fmt: skip


def _returns() -> FloatArray:
    from skfolio.datasets import load_sp500_dataset

    closes = load_sp500_dataset().to_numpy(dtype=np.float64)
    return np.diff(np.log(closes), axis=0)


def _series(returns: FloatArray, at: int, n_obs: int) -> FloatArray:
    lag, column = divmod(at, returns.shape[1])
    stop = returns.shape[0] - lag
    return returns[stop - n_obs : stop, column]


def _walk(series: FloatArray, window: int, threads: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    # Mean, volatility and degrees of freedom for every bar behind the window, refitted at each; in batches of windows.
    windows = np.lib.stride_tricks.sliding_window_view(series[:-1], window)
    parts: list[tuple[FloatArray, FloatArray, FloatArray]] = []
    for start in range(0, windows.shape[0], _BATCH):
        panel = np.ascontiguousarray(windows[start : start + _BATCH].T)
        fits = garch.fit_many(panel, SPEC, threads=threads)
        names = list(fits.param_names)
        variance = fits.forecast_variance(1)[:, 0]
        parts.append((fits.params[:, names.index("mu")], np.sqrt(variance), fits.params[:, names.index("nu")]))
    mean, volatility, nu = (np.concatenate(column) for column in zip(*parts, strict=True))
    return mean, volatility, nu


def _samples(returns: FloatArray, mean: FloatArray, volatility: FloatArray, nu: FloatArray) -> list[VarSample]:
    known = np.isfinite(mean) & np.isfinite(volatility) & np.isfinite(nu)
    losses, mean, volatility, shape = -returns[known], mean[known], volatility[known], nu[known][:, None]
    origins = (np.datetime64("2000-01-01") + np.arange(losses.size)).astype("datetime64[us]")
    tails = 1.0 - np.array(CONFIDENCES)
    made: list[VarSample] = []
    for confidence, tail in zip(CONFIDENCES, tails.tolist(), strict=True):
        var = -(mean + volatility * distributions.quantile([tail], "t", shape)[:, 0])
        es = -(mean + volatility * distributions.tail_mean([tail], "t", shape)[:, 0])
        names = ("",) * losses.size
        made.append(VarSample(GridKey("A", "1d"), "garch-t", confidence, origins, origins, losses, var, es, names))
    return made


def _peer(
    returns: FloatArray, window: int, n_sessions: int, n_peer: int, threads: int
) -> tuple[float, float]:  # fmt: skip
    # The loop a user of arch would write: one window at a time, one fit, one forecast, one quantile.
    from arch import arch_model

    rng = np.random.default_rng(0)
    seconds: list[float] = []
    close: list[bool] = []
    for _ in range(n_peer):
        column, back = int(rng.integers(returns.shape[1])), int(rng.integers(1, n_sessions))
        past = returns[returns.shape[0] - back - window : returns.shape[0] - back, column]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            started = time.perf_counter()
            fitted: Any = arch_model(100 * past, vol="GARCH", p=1, q=1, dist="t").fit(disp="off", show_warning=False)
            step: Any = fitted.forecast(horizon=1)
            nu = float(fitted.params["nu"])
            quantile = float(fitted.model.distribution.ppf(0.01, [nu]))
            theirs = -(float(step.mean.iloc[-1, 0]) + float(step.variance.iloc[-1, 0]) ** 0.5 * quantile) / 100
            seconds.append(time.perf_counter() - started)
        mean, volatility, shape = _walk(np.append(past, 0.0), window, threads)
        ours = -(mean[0] + volatility[0] * float(distributions.quantile([0.01], "t", shape[:1, None])[0, 0]))
        close.append(abs(ours / theirs - 1.0) < 0.01)
    return float(np.median(seconds)), float(np.mean(close))


def _strategy(n_bars: int = 10_000, n_series: int = 100) -> tuple[int, float]:
    rng = np.random.default_rng(0)
    closes = 100.0 * np.exp(np.cumsum(0.01 * rng.standard_normal((n_bars + 1, n_series)), axis=0))
    signals = rng.uniform(-1.0, 1.0, (n_bars + 1, n_series))
    started = time.perf_counter()
    result = trade(closes, signals, TradingCosts())
    result.statistics()
    return result.n_orders, time.perf_counter() - started


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0
