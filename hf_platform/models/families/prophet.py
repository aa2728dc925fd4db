"""Prophet: a trend with changepoints and a yearly season; an optional extra."""

import logging
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, Literal

import numpy as np

from hf_platform.errors import ConfigError
from hf_platform.models.base import FitFailure, FitTask, Fitted, OriginSet, Schedule, Series
from hf_platform.models.checks import bad_returns, data_failure
from hf_platform.models.series_family import DEPENDENCIES, OneByOneFamily
from hf_platform.models.supervised import residual_distribution, residual_params
from hf_platform.types import FloatArray, ForecastDistribution, TimeArray

_YEAR_DAYS: Final = 365.25
_MIN_BARS: Final = 100
_SCHEDULE: Final = Schedule(
    minimum={"1d": 1000, "1w": 260, "1mo": 120, "*": 1000},
    window={"1d": 1500, "1w": 1040, "1mo": 360, "*": 1500},
    every={"1d": 1000, "1w": 208, "1mo": 48, "*": 1000},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProphetSpec:
    """Priors of the paper; terms of the yearly Fourier series."""

    changepoint_prior_scale: float = 0.05
    seasonality_prior_scale: float = 10.0
    yearly_order: int = 6

    def __post_init__(self) -> None:
        """Check the ranges."""
        if self.changepoint_prior_scale <= 0 or self.seasonality_prior_scale <= 0 or self.yearly_order < 1:
            raise ConfigError(
                "Prophet needs positive prior scales and yearly_order >= 1, found "
                f"{self.changepoint_prior_scale}, {self.seasonality_prior_scale} and {self.yearly_order}. "
                "Change the specification."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class ProphetFamily(OneByOneFamily):
    """The change of a fitted curve of the log price between the origin and the end of the horizon.

    The curve's level is not forecast from: prices wander, and a trend fitted years ago would put the
    return of the next day at the whole distance between price and curve. The end of the horizon is
    taken at the window's average time between bars.
    """

    spec_: ProphetSpec = ProphetSpec()
    name: str = "prophet"
    extra: str | None = "prophet"
    kind: Literal["return"] = "return"
    description: str = (
        "Piecewise linear trend and yearly season of the log price (Taylor and Letham 2018, Forecasting at Scale, The "
        "American Statistician 72, 37-45); the forecast return is the change of that curve over the horizon. Refitted "
        "every 1000 daily bars. Needs the extra `prophet`."
    )
    variants: tuple[str, ...] = ("yearly",)
    schedule: Schedule = _SCHEDULE
    dependencies: tuple[str, ...] = (*DEPENDENCIES, "hf_platform.models.supervised", "prophet")

    @property
    def search_space(self) -> dict[str, object]:
        """Ranges worth searching."""
        return {
            "changepoint_prior_scale": {"low": 0.001, "high": 0.5, "log": True},
            "seasonality_prior_scale": {"low": 0.01, "high": 10.0, "log": True},
        }

    def spec(self, variant: str) -> dict[str, object]:
        """Priors and season."""
        return {"variant": variant, **asdict(self.spec_)}

    def fit_one(self, task: FitTask) -> Fitted | FitFailure:
        """Fit one task by penalised likelihood."""
        began = time.perf_counter()
        failure = bad_returns(task)
        if failure is not None:
            return failure
        returns = task.series.log_return[task.start : task.stop]
        n_bars = task.horizon.n_bars
        if returns.size < _MIN_BARS + n_bars:
            needed = _MIN_BARS + n_bars
            return data_failure(task, f"Prophet needs {needed} returns, found {returns.size}. Load more history.")
        scale = float(returns.std())
        level = np.cumsum(returns / scale)
        curve = _fit_curve(replace(self.spec_, **task.tuned), task, level)
        on_bars = evaluate(curve, task.series.event_at[task.start : task.stop])
        errors = (level[n_bars:] - level[:-n_bars]) - (on_bars[n_bars:] - on_bars[:-n_bars])
        return Fitted(
            task=task,
            params={"scale": scale, "bar_seconds": _bar_seconds(task.series, task.start, task.stop)}
            | curve
            | residual_params(errors * scale, 1),
            n_obs=returns.size,
            score=float(np.square(errors).mean() / n_bars),
            seconds=time.perf_counter() - began,
        )

    def forecast_one(self, fitted: Fitted, origins: OriginSet) -> ForecastDistribution:
        """Evaluate the curve at its origins and at the ends of their horizons."""
        return _forecast(fitted, origins)


def _fit_curve(spec: ProphetSpec, task: FitTask, level: FloatArray) -> dict[str, object]:
    """Fit the curve, and write down all that `evaluate` reads, as JSON."""
    import pandas as pd  # pyright: ignore[reportMissingTypeStubs]
    from prophet import Prophet  # pyright: ignore[reportMissingTypeStubs]  # an extra

    # What the driver of the optimiser says about every single fit; warnings still show.
    logging.getLogger("cmdstanpy").setLevel(logging.WARNING)
    model: Any = Prophet(
        changepoint_prior_scale=spec.changepoint_prior_scale,
        seasonality_prior_scale=spec.seasonality_prior_scale,
        yearly_seasonality=spec.yearly_order,
        weekly_seasonality=False,
        daily_seasonality=False,
        uncertainty_samples=0,
    )
    model.fit(pd.DataFrame({"ds": task.series.event_at[task.start : task.stop], "y": level}), seed=task.seed)
    found = {name: np.asarray(model.params[name], dtype=np.float64).ravel() for name in ("k", "m", "delta", "beta")}
    return {
        "rate": float(found["k"][0]),
        "offset": float(found["m"][0]),
        "rate_changes": found["delta"].tolist(),
        "changepoints": np.asarray(model.changepoints_t, dtype=np.float64).tolist(),
        "season": found["beta"].tolist(),
        "start_microseconds": int(pd.Timestamp(model.start).value // 1_000),
        "time_scale_microseconds": int(pd.Timedelta(model.t_scale).value // 1_000),
        "level_scale": float(model.y_scale),
    }


def evaluate(curve: Mapping[str, Any], times: TimeArray) -> FloatArray:
    """Evaluate a fitted curve at any times.

    Parameters
    ----------
    curve : mapping
        Parameters of a fit.
    times : datetime64[us] array, shape (n,)

    Returns
    -------
    float64 array, shape (n,)
        The same as the library's own forecast, term by term and therefore the same bits for one time
        as for many.
    """
    microseconds = times.astype("datetime64[us]").astype(np.int64)
    t = (microseconds - curve["start_microseconds"]) / curve["time_scale_microseconds"]
    value = curve["offset"] + curve["rate"] * t
    for change, since in zip(curve["rate_changes"], curve["changepoints"], strict=True):
        value += change * np.maximum(t - since, 0.0)
    angle = 2 * np.pi * (microseconds / 86_400e6) / _YEAR_DAYS
    for place, weight in enumerate(curve["season"]):
        wave = np.sin if place % 2 == 0 else np.cos
        value += weight * wave(angle * (place // 2 + 1))
    return value * curve["level_scale"]


def _bar_seconds(series: Series, start: int, stop: int) -> float:
    span = series.event_at[stop - 1] - series.event_at[start]
    return float(span / np.timedelta64(1, "s")) / (stop - 1 - start)


def _forecast(fitted: Fitted, origins: OriginSet) -> ForecastDistribution:
    params: dict[str, Any] = fitted.params
    now = origins.series.event_at[origins.indices]
    ahead = np.timedelta64(round(1e6 * params["bar_seconds"] * fitted.task.horizon.n_bars), "us")
    change = evaluate(params, now + ahead) - evaluate(params, now)
    return residual_distribution(params["scale"] * change, params)


FAMILY: Final = ProphetFamily()
