"""RiskMetrics: exponentially weighted variance, normal tails, nothing to estimate."""

import time
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import numpy as np

from hf_platform.errors import ConfigError
from hf_platform.models.base import FitFailure, FitTask, Fitted, OriginSet, Schedule
from hf_platform.models.checks import bad_returns
from hf_platform.models.series_family import DEPENDENCIES, OneByOneFamily
from hf_platform.types import PROBABILITIES, ForecastDistribution


@dataclass(frozen=True, slots=True, kw_only=True)
class EwmaSpec:
    """Decay by frequency: 0.94 for daily bars, 0.97 for monthly ones, as RiskMetrics sets them."""

    decay: float = 0.94
    monthly_decay: float = 0.97

    def __post_init__(self) -> None:
        """Check the ranges."""
        if not (0 < self.decay < 1 and 0 < self.monthly_decay < 1):
            raise ConfigError(
                f"decays must lie strictly between 0 and 1, found {self.decay} and {self.monthly_decay}. "
                "Change the specification."
            )

    def at(self, frequency: str) -> float:
        """Give the decay of a frequency."""
        return self.monthly_decay if frequency == "1mo" else self.decay


_SCHEDULE: Final = Schedule(
    minimum={"1d": 250, "1w": 104, "1mo": 60, "*": 250},
    window={"1d": 2000, "1w": 1040, "1mo": 360, "*": 2000},
    every={"1d": 250, "1w": 52, "1mo": 12, "*": 500},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EwmaFamily(OneByOneFamily):
    """Zero-mean exponentially weighted variance; over `n_bars` it grows with their number.

    Nothing is estimated, so 250 daily bars suffice to start; an anchor only fixes the window whose
    mean square starts the recursion.
    """

    spec_: EwmaSpec = EwmaSpec()
    name: str = "ewma"
    kind: Literal["volatility"] = "volatility"
    description: str = (
        "Exponentially weighted variance with zero mean and normal tails (J.P. Morgan and Reuters 1996, RiskMetrics "
        "Technical Document, 4th ed.): decay 0.94, monthly 0.97; volatility grows with the square root of time."
    )
    variants: tuple[str, ...] = ("riskmetrics",)
    schedule: Schedule = _SCHEDULE
    dependencies: tuple[str, ...] = (
        *DEPENDENCIES,
        *(f"hf_platform.volatility.{module}" for module in ("distributions", "ewma", "jit", "specification")),
    )

    @property
    def search_space(self) -> dict[str, object]:
        """Ranges worth searching."""
        return {"decay": {"low": 0.85, "high": 0.99}}

    def spec(self, variant: str) -> dict[str, object]:
        """Decays."""
        return {"variant": variant, "decay": self.spec_.decay, "monthly_decay": self.spec_.monthly_decay}

    def fit_one(self, task: FitTask) -> Fitted | FitFailure:
        """Take the mean square of the window as the start of the recursion."""
        began = time.perf_counter()
        failure = bad_returns(task)
        if failure is not None:
            return failure
        window = task.series.log_return[task.start : task.stop]
        params: dict[str, object] = {
            "decay": replace(self.spec_, **task.tuned).at(task.series.frequency),
            "start_variance": float(np.square(window).mean()),
        }
        return Fitted(task=task, params=params, n_obs=window.size, seconds=time.perf_counter() - began)

    def forecast_one(self, fitted: Fitted, origins: OriginSet) -> ForecastDistribution:
        """Filter from the start of the training window to each origin."""
        return _forecast(fitted, origins)


def _forecast(fitted: Fitted, origins: OriginSet) -> ForecastDistribution:
    from hf_platform.volatility import distributions
    from hf_platform.volatility.ewma import ewma_variance

    params: dict[str, Any] = fitted.params
    start, last = fitted.task.start, int(origins.indices[-1])
    returns = origins.series.log_return[start : last + 1]
    variance = ewma_variance(returns, params["decay"], params["start_variance"])[origins.indices - start + 1]
    volatility = np.sqrt(fitted.task.horizon.n_bars * variance)
    grid = np.array(PROBABILITIES)
    return ForecastDistribution(
        mean=np.zeros(volatility.shape),
        volatility=volatility,
        quantiles=volatility[:, None] * distributions.quantile(grid, "normal"),
        tail_means=volatility[:, None] * distributions.tail_mean(grid, "normal"),
    )


FAMILY: Final = EwmaFamily()
