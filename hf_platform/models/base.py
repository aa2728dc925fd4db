"""The contract of a model family: data in, fits or failures out, forecasts by origin."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, Protocol, runtime_checkable

from hf_platform.horizons import Horizon
from hf_platform.types import BoolArray, FloatArray, ForecastDistribution, GridKey, IntArray, TimeArray


class Status(StrEnum):
    """How the ledger closes a model that was tried."""

    OK = "ok"
    NOT_CONVERGED = "not_converged"
    BAD_DATA = "bad_data"
    ERROR = "error"
    TIMEOUT = "timeout"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """One instrument at one bar frequency, exactly as it was known at `as_of`.

    Parameters
    ----------
    instrument, frequency : str
    event_at, known_at : datetime64[us] array, shape (n_bars,)
        Bar close and knowledge time, UTC; `event_at` strictly increasing.
    log_return : float64 array, shape (n_bars,)
        Close-to-close log return [decimal per bar]. The first is NaN; later NaN is bad data that
        a family must report, never fill.
    features : float64 array, shape (n_bars, n_features)
        Point-in-time features known at each bar's close; NaN where a lookback is not full.
    feature_names : tuple of str
    """

    instrument: str
    frequency: str
    event_at: TimeArray
    known_at: TimeArray
    log_return: FloatArray
    features: FloatArray
    feature_names: tuple[str, ...]

    def __len__(self) -> int:
        """Count the bars."""
        return self.event_at.shape[0]


@dataclass(frozen=True, slots=True, eq=False)
class Documents:
    """Texts about one instrument as embeddings.

    Parameters
    ----------
    known_at : datetime64[us] array, shape (n_documents,)
        When each was published, non-decreasing.
    embeddings : float64 array, shape (n_documents, n_dimensions)
    """

    known_at: TimeArray
    embeddings: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class PanelMember:
    """One series that trains a panel's net: its bars ``start`` to ``stop`` (excluded), and its texts."""

    series: Series
    start: int
    stop: int
    documents: Documents | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """The screened universe at one anchor: what one net of a family of scope `panel` is trained on.

    Parameters
    ----------
    net_id : str
        Hash of family, variant, horizon, anchor, members' windows, specification, code and seed:
        nets of the same name are the same net.
    anchor : str
        Day of the anchor, common to all members.
    members : tuple of PanelMember
        Sorted by instrument. Their series run on past `stop`: a fit reads none of that.
    left_out : dict of str to str
        Instruments that were screened out, and why.
    """

    net_id: str
    anchor: str
    members: tuple[PanelMember, ...]
    left_out: dict[str, str]


@dataclass(frozen=True, slots=True, eq=False)
class FitTask:
    """One model to fit: a variant on a training window of one series, for one horizon.

    The window is bars ``start`` (included) to ``stop`` (excluded) of the series; the last training
    bar is the fit's anchor. Nothing at or after `stop` may be read while fitting: a target that
    would end past the anchor is left out (purged). Tasks of a family of scope `panel` carry the panel
    that trains their common net; without one the series is a panel of its own.

    `tuned` holds the parameters that a search of this key found best on data no later than the anchor
    (`models.tuned_parameters`); they replace those of the family's specification. `device` is what the
    user asked for.
    """

    model_id: str
    key: GridKey
    horizon: Horizon
    variant: str
    series: Series
    start: int
    stop: int
    seed: int
    panel: Panel | None = None

    @property
    def place(self) -> int:
        """Place of the series among the members of its panel; 0 where it is alone."""
        members = () if self.panel is None else self.panel.members
        return next((place for place, member in enumerate(members) if member.series is self.series), 0)

    tuned: Mapping[str, object] = field(default_factory=dict[str, object])
    device: Literal["auto", "cpu", "cuda"] = "auto"


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """A fit with its certificate. Values that a family does not have stay None.

    Parameters
    ----------
    task : FitTask
    params : dict of str to JSON value
        Everything small that a person would ask for; goes to `models.ledger.params_json`.
    state : dict of str to bytes
        Native files by name (booster text, npz), empty when `params` says everything.
    status : Status
        `OK` or `NOT_CONVERGED`.
    device : str
        Kind of device that fitted it, `cpu` or `cuda`.
    """

    task: FitTask
    params: dict[str, object]
    status: Status = Status.OK
    reason: str | None = None
    n_obs: int = 0
    log_likelihood: float | None = None
    aic: float | None = None
    bic: float | None = None
    score: float | None = None
    gradient_norm: float | None = None
    at_boundary: bool | None = None
    n_optima: int | None = None
    seconds: float = 0.0
    state: dict[str, bytes] = field(default_factory=dict[str, bytes])
    device: str = "cpu"


@dataclass(frozen=True, slots=True)
class FitFailure:
    """Why one model could not be fitted or could not forecast. A value, never an exception."""

    task: FitTask
    status: Status
    stage: Literal["data", "fit", "forecast"]
    reason: str
    error: str | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class OriginSet:
    """The origins at which one fitted model is asked for forecasts.

    Parameters
    ----------
    series : Series
        At least up to the last origin; a forecast at index i may read bars 0..i only.
    indices : int64 array, shape (n_origins,)
        Increasing bar indices, each at or after the fit's anchor.
    """

    series: Series
    indices: IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """One median forecast taken apart; everything is a log price minus that at the origin [decimal].

    Parameters
    ----------
    past : dict of str to float64 array, shape (lookback,)
        `log_price` at the bars up to the origin, and the components that add up to it.
    ahead : dict of str to float64 array, shape (n_steps,)
        `forecast` at the bars after it, before quantiles are sorted, and the components that add up to it.
    """

    past: dict[str, FloatArray]
    ahead: dict[str, FloatArray]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """What one fit asks of the machine."""

    cpus: float = 1.0
    gpus: float = 0.0
    gpu_memory_gb: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When a family is refitted, in bars, by frequency ("*" for any other).

    `minimum` bars of training before the first anchor, at most `window` bars of training,
    a refit every `every` bars counted from the first anchor. Where `newest` is given, only origins among
    so many of the newest bars are forecast: for families whose forecasts are dear.
    """

    minimum: dict[str, int]
    window: dict[str, int]
    every: dict[str, int]
    newest: dict[str, int] | None = None


@runtime_checkable
class Decomposable(Protocol):
    """A family that can say what its forecasts are made of."""

    def decompose(self, fitted: Fitted, series: Series, index: int) -> Parts:
        """Take the forecast at one bar apart."""
        ...


class ModelFamily(Protocol):
    """A kind of model, implemented in one file of `models/families/` and listed in the registry."""

    @property
    def name(self) -> str:
        """Name of the family and of its asset."""
        ...

    @property
    def kind(self) -> Literal["volatility", "return"]:
        """What it forecasts best: the spread or the mean."""
        ...

    @property
    def scope(self) -> Literal["series", "panel"]:
        """`series`: each key alone. `panel`: one net over the screened universe."""
        ...

    @property
    def description(self) -> str:
        """One paragraph for the asset page, with the source of the model."""
        ...

    @property
    def variants(self) -> tuple[str, ...]:
        """Names of the specifications, true to content."""
        ...

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Columns of `feature_matrix` it reads; empty for a family that reads returns only."""
        ...

    @property
    def schedule(self) -> Schedule:
        """Training windows and refits."""
        ...

    @property
    def resources(self) -> Resources:
        """Placement of one fit."""
        ...

    @property
    def dependencies(self) -> tuple[str, ...]:
        """Modules of this library and distributions besides the family's own file that decide its numbers."""
        ...

    @property
    def extra(self) -> str | None:
        """Extra of this package that brings the family's library; None where the core install does."""
        ...

    @property
    def search_space(self) -> dict[str, object]:
        """Hyperparameters and their ranges, as data."""
        ...

    def spec(self, variant: str) -> dict[str, object]:
        """Everything besides data, code and seed that decides a fit, as JSON; hashed into `spec_hash`."""
        ...

    def fit_many(self, batch: Sequence[FitTask]) -> list["Fitted | FitFailure"]:
        """Fit each task, in order. Trouble with one series is a `FitFailure`.

        Raises
        ------
        DataError
            If the batch itself is malformed (empty window, unknown variant, missing feature column).
        """
        ...

    def usable_origins(self, fitted: Fitted, origins: OriginSet) -> BoolArray:
        """Mark the origins, shape (n_origins,), at which every input that the fit reads is known."""
        ...

    def forecast_many(
        self, fitted: Sequence[Fitted], origins: Sequence[OriginSet]
    ) -> list["ForecastDistribution | FitFailure"]:
        """Forecast each fitted model at its origins, in order, with parameters held fixed.

        The caller hands over usable origins only; see `usable_origins`.
        """
        ...

    def to_state(self, fitted: Fitted) -> dict[str, bytes]:
        """Serialise a fit: `params.json` plus native files, with a schema version. Never pickle."""
        ...

    def from_state(self, task: FitTask, state: dict[str, bytes]) -> Fitted:
        """Rebuild a fit from `to_state`."""
        ...
