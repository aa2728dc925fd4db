"""The M4 competition: its files, its Naive2, its scores.

Real files: https://github.com/Mcompetitions/M4-methods (Dataset/Train, Dataset/Test, Dataset/M4-info.csv).
A series that breaks a rule is reported by name and left out; the others are scored.

References
----------
Makridakis, S., Spiliotis, E. and Assimakopoulos, V. (2020). The M4 Competition: 100,000 time series and 61
forecasting methods. International Journal of Forecasting 36(1), 54-74.
"""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from hf_platform.errors import DataError
from hf_platform.types import FloatArray

_CRITICAL: Final = 1.645  # of the 90 % test for a season


@dataclass(frozen=True, slots=True)
class Protocol:
    """Steps to forecast, and the seasonal period of the scores."""

    horizon: int
    period: int


PROTOCOLS: Final[dict[str, Protocol]] = {
    "Yearly": Protocol(6, 1),
    "Quarterly": Protocol(8, 4),
    "Monthly": Protocol(18, 12),
    "Weekly": Protocol(13, 1),
    "Daily": Protocol(14, 1),
    "Hourly": Protocol(48, 24),
}


@dataclass(frozen=True, slots=True)
class Rejected:
    """A series that cannot be scored, and why."""

    series: str
    reason: str

    def __str__(self) -> str:
        """Write it on one line."""
        return f"{self.series}: {self.reason}"


@dataclass(frozen=True, slots=True, eq=False)
class M4Panel:
    """One frequency of M4.

    Parameters
    ----------
    frequency : str
    protocol : Protocol
    names : tuple of str
    train, test : tuple of float64 array
        By series; tests are `protocol.horizon` long.
    rejected : tuple of Rejected
    """

    frequency: str
    protocol: Protocol
    names: tuple[str, ...]
    train: tuple[FloatArray, ...]
    test: tuple[FloatArray, ...]
    rejected: tuple[Rejected, ...]


def frequencies(folder: Path) -> list[str]:
    """List the frequencies that a folder holds files of."""
    return [name for name in PROTOCOLS if (folder / f"{name}-train.csv").is_file()]


def read_panel(folder: Path, frequency: str, most: int | None = None) -> M4Panel:
    """Read one frequency and check every series, not only the first.

    Parameters
    ----------
    folder : Path
        With ``<Frequency>-train.csv``, ``<Frequency>-test.csv`` and, if given, ``M4-info.csv``.
    frequency : str
        A key of `PROTOCOLS`.
    most : int, optional
        Take the first so many series only.

    Raises
    ------
    DataError
        If a file is absent or no series can be scored.
    """
    protocol = PROTOCOLS[frequency]
    train = _read(folder / f"{frequency}-train.csv")
    test = _read(folder / f"{frequency}-test.csv")
    info = _info(folder / "M4-info.csv")
    rejected = [Rejected(name, reason) for name, reason in train.trouble.items()]
    names: list[str] = []
    for name in list(train.values)[:most]:
        reason = _trouble(name, train.values[name], test, info, (frequency, protocol))
        if reason is None:
            names.append(name)
        else:
            rejected.append(Rejected(name, reason))
    if most is None:
        rejected += [Rejected(name, "has a test row and no training row") for name in test.values
                     if name not in train.values and name not in train.trouble]  # fmt: skip
    if not names:
        found = "; ".join(map(str, rejected[:3])) or "no rows"
        raise DataError(f"{folder}: at least one {frequency} series must be usable, found {found}. Check the files.")
    return M4Panel(
        frequency, protocol, tuple(names), tuple(train.values[name] for name in names),
        tuple(test.values[name] for name in names), tuple(rejected),
    )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class _Table:
    values: dict[str, FloatArray]
    trouble: dict[str, str]


def _read(path: Path) -> _Table:
    if not path.is_file():
        raise DataError(f"M4 folders hold {path.name}, found no such file in {path.parent}. Copy it there.")
    table = _Table({}, {})
    with path.open(newline="", encoding="utf-8") as file:
        rows = csv.reader(file)
        next(rows, None)  # V1, V2, ...
        for row in rows:
            if not row:
                continue
            name, cells = row[0], row[1:]
            while cells and cells[-1].strip() in ("", "NA"):
                cells.pop()
            if name in table.values or name in table.trouble:
                table.values.pop(name, None)
                table.trouble[name] = "stands twice in the file"
                continue
            try:
                values = np.array([float(cell) for cell in cells])
            except ValueError as error:
                table.trouble[name] = f"values must be numbers without gaps, found {str(error).split(': ')[-1]}"
                continue
            if not np.isfinite(values).all():
                table.trouble[name] = "values must be finite, found NaN or infinity"
            else:
                table.values[name] = values
    return table


def _info(path: Path) -> dict[str, Mapping[str, str]]:
    if not path.is_file():
        return {}
    with path.open(newline="", encoding="utf-8") as file:
        return {row["M4id"]: row for row in csv.DictReader(file)}


def _trouble(
    name: str,
    train: FloatArray,
    test: _Table,
    info: Mapping[str, Mapping[str, str]],
    rule: tuple[str, Protocol],
) -> str | None:
    frequency, protocol = rule
    said = info.get(name, {})
    tested = test.values.get(name)
    least = max(2 * protocol.period, protocol.horizon // 2) + 2
    is_short = train.size < least
    rules = (
        (name in test.trouble, f"test row: {test.trouble.get(name)}"),
        (tested is None, "has no test row"),
        (tested is not None and tested.size != protocol.horizon,
         f"a {frequency} test has {protocol.horizon} values, found {0 if tested is None else tested.size}"),
        (said.get("SP", frequency) != frequency,
         f"M4-info.csv must agree on the frequency {frequency}, found {said.get('SP')}"),
        (said.get("Horizon", str(protocol.horizon)) != str(protocol.horizon),
         f"M4-info.csv must agree on the horizon {protocol.horizon}, found {said.get('Horizon')}"),
        (is_short, f"at least {least} training values needed, found {train.size}"),
        (not is_short and bool((train <= 0).any()), "values must be positive, found one that is not"),
        (not is_short and mase_scale(train, protocol.period) == 0,
         "values must change from season to season, found them constant"),
    )  # fmt: skip
    return next((reason for is_broken, reason in rules if is_broken), None)


def mase_scale(train: FloatArray, period: int) -> float:
    """Mean absolute error of the seasonal naive forecast on the training values."""
    return float(np.abs(train[period:] - train[:-period]).mean())


def smape(actual: FloatArray, forecast: FloatArray) -> float:
    """Symmetric mean absolute percentage error [%], as M4 defines it: 0 to 200."""
    return float((200 * np.abs(actual - forecast) / (np.abs(actual) + np.abs(forecast))).mean())


def mase(actual: FloatArray, forecast: FloatArray, scale: float) -> float:
    """Mean absolute error over that of the seasonal naive forecast in the training values."""
    return float(np.abs(actual - forecast).mean()) / scale


def naive2(train: FloatArray, horizon: int, period: int) -> FloatArray:
    """Forecast the last value, seasonally adjusted where a test at 90 % finds a season."""
    factors = seasonal_factors(train, period) if has_season(train, period) else np.ones(period)
    adjusted = train[-1] / factors[(train.size - 1) % period]
    return adjusted * factors[(train.size + np.arange(horizon)) % period]


def has_season(values: FloatArray, period: int) -> bool:
    """Test the autocorrelation at the seasonal lag against Bartlett's limits at 90 %, as the organisers did."""
    if period == 1 or values.size < 3 * period:
        return False
    centred = values - values.mean()
    total = float(centred @ centred)
    lags = np.array([float(centred[lag:] @ centred[:-lag]) / total for lag in range(1, period + 1)])
    limit = _CRITICAL * np.sqrt((1 + 2 * np.square(lags[:-1]).sum()) / values.size)
    return bool(abs(lags[-1]) > limit)


def seasonal_factors(values: FloatArray, period: int) -> FloatArray:
    """Classical multiplicative decomposition: mean ratio to the centred moving average, by phase of the period."""
    weights = np.ones(period) if period % 2 else np.r_[0.5, np.ones(period - 1), 0.5]
    trend = np.convolve(values, weights / period, mode="valid")
    first = (weights.size - 1) // 2
    ratio = values[first : first + trend.size] / trend
    phase = (first + np.arange(trend.size)) % period
    factors = np.array([ratio[phase == number].mean() for number in range(period)])
    return factors / factors.mean()


@dataclass(frozen=True, slots=True)
class Score:
    """Scores of one method over a panel, and its time.

    Parameters
    ----------
    method : str
    smape : float
        [%].
    mase : float
    owa : float
        Mean of both over those of Naive2: 1 is Naive2.
    seconds : float
    """

    method: str
    smape: float
    mase: float
    owa: float
    seconds: float


def score(panel: M4Panel, method: str, forecasts: Sequence[FloatArray], seconds: float) -> Score:
    """Average sMAPE and MASE over series, and weigh them against Naive2, as the competition did."""
    period, horizon = panel.protocol.period, panel.protocol.horizon
    scales = [mase_scale(train, period) for train in panel.train]

    def means(found: Sequence[FloatArray]) -> tuple[float, float]:
        return (
            float(np.mean([smape(actual, one) for actual, one in zip(panel.test, found, strict=True)])),
            float(np.mean([mase(a, one, scale) for a, one, scale in zip(panel.test, found, scales, strict=True)])),
        )

    reference = means([naive2(train, horizon, period) for train in panel.train])
    found = means(forecasts)
    owa = 0.5 * (found[0] / reference[0] + found[1] / reference[1])
    return Score(method, found[0], found[1], owa, seconds)
