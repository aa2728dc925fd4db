"""Unit roots: is it the level of a price that wanders, and is its return still? Three tests, both ways round.

ADF and Phillips-Perron start from a unit root and look for stationarity; KPSS starts from stationarity.
A log price should have a unit root, a log return should not: anything else is worth a look at the data.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from hf_platform.errors import DataError
from hf_platform.market.adjustments import read_adjusted_bars
from hf_platform.types import FloatArray

if TYPE_CHECKING:
    import polars as pl

    from hf_platform.lake import Lake

TestName = Literal["adf", "pp", "kpss"]
TESTS: Final[tuple[TestName, ...]] = ("adf", "pp", "kpss")
LEVEL: Final = 0.05
LEAST: Final = 100  # bars; below that the tests have no power worth having
WINDOW: Final = 1000  # newest bars
PRODUCER: Final = "data_quality"
_TEXTS: Final = ("instrument", "frequency", "series", "test", "verdict", "reason")
_TIMES: Final = ("window_start", "window_end", "as_of")


@dataclass(frozen=True, slots=True)
class UnitRootTest:
    """One test of one series.

    Parameters
    ----------
    test : str
    statistic, p_value : float or None
        None where the test cannot be had, with `reason`.
    n_lags : int or None
        Lagged differences (adf) or lags of the long-run variance (pp, kpss).
    n_obs : int
        Values tested.
    verdict : str
        ``unit root``, ``stationary`` or ``cannot tell``, at 5 %.
    reason : str
    """

    test: TestName
    statistic: float | None
    p_value: float | None
    n_lags: int | None
    n_obs: int
    verdict: str
    reason: str = ""


def unit_root_test(values: FloatArray, test: TestName, n_lags: int | None = None) -> UnitRootTest:
    """Test a series for a unit root around a constant.

    Parameters
    ----------
    values : float64 array, shape (n_obs,)
        No missing values.
    test : {"adf", "pp", "kpss"}
    n_lags : int, optional
        Lagged changes (adf) or lags of the long-run variance (pp, kpss); by default Schwert's
        12 (n / 100)^(1/4).

    Returns
    -------
    UnitRootTest
        Without a p-value, and with the reason, for fewer than 100 values or a constant series.

    Raises
    ------
    DataError
        If a value is missing or the series is no vector.

    Notes
    -----
    adf and pp reject a unit root, kpss rejects stationarity. p-values are MacKinnon's (adf, pp), and
    interpolated between 0.01 and 0.10 from the published table (kpss).

    References
    ----------
    Said and Dickey (1984); Phillips and Perron (1988), Biometrika 75, 335-346; Kwiatkowski, Phillips, Schmidt
    and Shin (1992), Journal of Econometrics 54, 159-178; MacKinnon (1994), JBES 12, 167-176; Schwert (1989),
    JBES 7, 147-159.
    """
    if values.ndim != 1 or not np.isfinite(values).all():
        raise DataError(f"a unit-root test needs a vector without missing values, found {values.shape}. Drop them.")
    n = values.size
    if n < LEAST or np.ptp(values) <= 1e-12 * max(1.0, float(np.abs(values).max(initial=0.0))):
        reason = f"at least {LEAST} values needed, found {n}" if n < LEAST else "the series is constant"
        return UnitRootTest(test, None, None, None, n, "cannot tell", reason)
    lags = int(12 * (n / 100) ** 0.25) if n_lags is None else n_lags
    statistic = {"adf": _adf, "pp": _phillips_perron, "kpss": _kpss}[test](values, lags)
    p_value = _kpss_p_value(statistic) if test == "kpss" else _mackinnon(statistic)
    verdict = "stationary" if (p_value < LEVEL) != (test == "kpss") else "unit root"
    return UnitRootTest(test, statistic, p_value, lags, n, verdict)


# Written out instead of taken from arch or statsmodels, which are seconds of imports and of model objects for two
# small regressions; the tests compare them with both.
def _regress(y: FloatArray, x: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Least squares: coefficients, their standard errors, residuals."""
    inverse = np.linalg.inv(x.T @ x)
    coefficients = inverse @ (x.T @ y)
    residuals = y - x @ coefficients
    variance = residuals @ residuals / (y.size - x.shape[1])
    return coefficients, np.sqrt(variance * np.diag(inverse)), residuals


def _adf(values: FloatArray, lags: int) -> float:
    """t-value of the level in a regression of the change on a constant, the level and `lags` changes."""
    values = (values - values.mean()) / values.std()  # the statistic does not move, the inverse is safer
    change = np.diff(values)
    columns = [np.ones(change.size - lags), values[lags:-1]]
    columns += [change[lags - k : change.size - k] for k in range(1, lags + 1)]
    coefficients, errors, _ = _regress(change[lags:], np.column_stack(columns))
    return float(coefficients[1] / errors[1])


def _phillips_perron(values: FloatArray, lags: int) -> float:
    """Dickey and Fuller's t-value, corrected for what the residuals remember."""
    values = (values - values.mean()) / values.std()
    level, nxt = values[:-1], values[1:]
    coefficients, errors, residuals = _regress(nxt, np.column_stack([level, np.ones(level.size)]))
    n, error = level.size, float(errors[0])
    own = float(residuals @ residuals) / n
    s = np.sqrt(own * n / (n - 2))
    long_run = _long_run_variance(residuals, lags)
    t_value = (float(coefficients[0]) - 1.0) / error
    return float(np.sqrt(own / long_run) * t_value - 0.5 * (long_run - own) / np.sqrt(long_run) * (n * error / s))


def _kpss(values: FloatArray, lags: int) -> float:
    """Mean square of the partial sums of deviations from the mean, over n times their long-run variance."""
    deviations = values - values.mean()
    sums = np.cumsum(deviations)
    return float(sums @ sums / values.size**2 / _long_run_variance(deviations, lags))


def _long_run_variance(values: FloatArray, lags: int) -> float:
    """Newey and West's estimate with Bartlett weights."""
    n = values.size
    total = values @ values / n
    for k in range(1, lags + 1):
        total += 2.0 * (1.0 - k / (lags + 1)) * (values[k:] @ values[:-k]) / n
    return float(total)


def _mackinnon(statistic: float) -> float:
    """Approximate p-value of the Dickey-Fuller t with a constant: a probit polynomial (MacKinnon 1994, table 3)."""
    from scipy.special import ndtr

    if statistic > _TAU_MAX:
        return 1.0
    if statistic < _TAU_MIN:
        return 0.0
    small = statistic <= _TAU_STAR
    return float(ndtr(np.polyval((_SMALL if small else _LARGE)[::-1], statistic)))


def _kpss_p_value(statistic: float) -> float:
    """Interpolate the published critical values; 0.01 stands for less, 0.10 for more."""
    return float(np.interp(statistic, _KPSS_CRITICAL, _KPSS_LEVELS))


_TAU_MAX, _TAU_MIN, _TAU_STAR = 2.74, -18.83, -1.61
_SMALL: Final = (2.1659, 1.4412, 0.038269)
_LARGE: Final = (1.7339, 0.93202, -0.12745, -0.010368)
_KPSS_CRITICAL: Final = (0.347, 0.463, 0.574, 0.739)
_KPSS_LEVELS: Final = (0.10, 0.05, 0.025, 0.01)


def store_unit_root_tests(
    store: "Lake", instruments: Sequence[str], as_of: datetime, *, run_id: str, frequency: str = "1d"
) -> "pl.DataFrame":
    """Test log prices and log returns of the newest bars, and store the results.

    Parameters
    ----------
    store : Lake
        Receives `market.unit_root_tests`; the instruments' earlier results go.
    instruments : sequence of str
    as_of : datetime
        Knowledge cutoff, UTC, of bars and corporate actions.
    run_id : str
    frequency : str

    Returns
    -------
    DataFrame
        Rows of `market.unit_root_tests`.
    """
    import polars as pl

    bars = read_adjusted_bars(store, instruments, frequency, as_of).filter(pl.col("close") > 0)
    rows: list[dict[str, object]] = []
    for (name,), part in bars.group_by("instrument", maintain_order=True):
        newest = part.tail(WINDOW + 1)
        price = (newest["close"] * newest["adjustment"]).log().to_numpy().astype(np.float64)
        for series, values in (("log_price", price), ("log_return", np.diff(price))):
            for test in TESTS:
                found = unit_root_test(values, test)
                rows.append(
                    {"instrument": name, "frequency": frequency, "series": series, "test": test,
                     "statistic": found.statistic, "p_value": found.p_value, "n_lags": found.n_lags,
                     "n_obs": found.n_obs, "verdict": found.verdict, "reason": found.reason or None,
                     "window_start": newest["event_at"][0], "window_end": newest["event_at"][-1], "as_of": as_of}
                )  # fmt: skip
    types = {name: pl.String() for name in _TEXTS} | {name: pl.Datetime("us") for name in _TIMES}
    frame = pl.DataFrame(rows, schema_overrides=types) if rows else pl.DataFrame()
    if frame.height:
        with store.transaction(PRODUCER, run_id, f"unit-root tests of {len(instruments)} instruments") as tx:
            tx.replace("market.unit_root_tests", frame, instrument=list(dict.fromkeys(instruments)))
    return frame
