"""What all families of scope `series` share: each key alone, parameters that say everything, one fit after another."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from hf_platform.models.base import FitFailure, FitTask, Fitted, OriginSet, Resources, Schedule
from hf_platform.models.checks import check_batch, returns_known
from hf_platform.models.state import from_state, to_state
from hf_platform.types import BoolArray, ForecastDistribution

# Modules that decide the numbers of every family of this scope; a family adds its own.
DEPENDENCIES: Final = ("hf_platform.models.checks", "hf_platform.models.series_family")
_ONE_CORE: Final = Resources()


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesFamily(ABC):
    """A family that sees one series at a time: returns alone unless it names features.

    Subclasses are frozen dataclasses that give the fields without a default, fit a batch and forecast.
    """

    name: str
    kind: Literal["volatility", "return"]
    description: str
    variants: tuple[str, ...]
    schedule: Schedule
    scope: Literal["series"] = "series"
    feature_names: tuple[str, ...] = ()
    resources: Resources = _ONE_CORE
    extra: str | None = None
    dependencies: tuple[str, ...] = DEPENDENCIES

    @property
    def search_space(self) -> dict[str, object]:
        """Nothing to search, unless a family says what."""
        return {}

    @abstractmethod
    def spec(self, variant: str) -> dict[str, object]:
        """Everything besides data, code and seed that decides a fit."""

    @abstractmethod
    def fit_many(self, batch: Sequence[FitTask]) -> list[Fitted | FitFailure]:
        """Fit each task, in order."""

    @abstractmethod
    def forecast_many(
        self, fitted: Sequence[Fitted], origins: Sequence[OriginSet]
    ) -> list[ForecastDistribution | FitFailure]:
        """Forecast each fit at its origins, in order."""

    def usable_origins(self, fitted: Fitted, origins: OriginSet) -> BoolArray:
        """Mark the origins up to which no return is missing."""
        return returns_known(fitted.task.start, origins)

    def to_state(self, fitted: Fitted) -> dict[str, bytes]:
        """Serialise: parameters as JSON, and native files where there are any."""
        return to_state(fitted)

    def from_state(self, task: FitTask, state: dict[str, bytes]) -> Fitted:
        """Rebuild a fit."""
        return from_state(task, state)


@dataclass(frozen=True, slots=True, kw_only=True)
class OneByOneFamily(SeriesFamily):
    """A family whose fits share nothing: the outcome of a task does not depend on its batch."""

    @abstractmethod
    def fit_one(self, task: FitTask) -> Fitted | FitFailure:
        """Fit one task of a batch that is well-formed."""

    @abstractmethod
    def forecast_one(self, fitted: Fitted, origins: OriginSet) -> ForecastDistribution:
        """Forecast one fit at its origins."""

    def fit_many(self, batch: Sequence[FitTask]) -> list[Fitted | FitFailure]:
        """Fit each task by itself."""
        check_batch(batch, self.variants, self.feature_names)
        return [self.fit_one(task) for task in batch]

    def forecast_many(
        self, fitted: Sequence[Fitted], origins: Sequence[OriginSet]
    ) -> list[ForecastDistribution | FitFailure]:
        """Forecast each fit by itself."""
        return [self.forecast_one(fit, asked) for fit, asked in zip(fitted, origins, strict=True)]
